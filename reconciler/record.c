// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hex.h"
#include "reconciler/json_form.h"
#include "reconciler/sources.h"

#define RECORD_FILE  "state.json"
#define RECORD_LIMIT (256u << 20)
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define NETNS_PATH   "/proc/self/ns/net"

/* What to do about a failure, after what failed. */
static const struct record_advice {
	int code;
	const char *text;
} record_advices[] = {
	{-EACCES, ": run poise as root"},
	{-EPERM, ": run poise as root"},
	{-EROFS, ": name a folder that can be written with --state-dir"},
	{-ENOTDIR, ": name a folder with --state-dir"},
};

static const char *record_advice(int code)
{
	for (size_t i = 0; i < ARRAY_LENGTH(record_advices); i++)
		if (record_advices[i].code == code)
			return record_advices[i].text;
	return "";
}

/* 0 where the kernel has none (before 5.14). */
static uint64_t netns_cookie(void)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
		return 0;
	return cookie;
}

/* Whether one of the entries DIRECTORY/NAME/REST is that namespace. */
static bool netns_is_among(const char *directory, const char *rest, uint64_t device, uint64_t inode)
{
	DIR *entries = opendir(directory);
	bool found = false;

	if (!entries)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(entries));) {
		_cleanup_free_ char *path =
			memory_printf("%s/%s%s", directory, entry->d_name, rest);
		struct stat status;

		found = entry->d_name[0] != '.' && stat(path, &status) == 0 &&
			status.st_dev == device && status.st_ino == inode;
	}
	closedir(entries);
	return found;
}

/* A process is in it, or it has a name. What only a descriptor holds is not found. */
static bool netns_is_alive(uint64_t device, uint64_t inode)
{
	return netns_is_among("/proc", "/ns/net", device, inode) ||
	       netns_is_among("/run/netns", "", device, inode);
}

int record_boot(char ret[static RECORD_BOOT_SIZE], struct error *error)
{
	_cleanup_free_ char *boot = NULL;
	size_t size;
	int r = file_read(AT_FDCWD, BOOT_ID_PATH, RECORD_BOOT_SIZE, &boot, &size);

	if (r < 0)
		return error_set(error, r, "cannot read " BOOT_ID_PATH ": %s: is /proc mounted?",
			strerror(-r));
	boot[strcspn(boot, "\n")] = '\0';
	snprintf(ret, RECORD_BOOT_SIZE, "%s", boot);
	return 0;
}

/* Where this process is: boot and network namespace. */
static int record_set_here(struct record *record, struct error *error)
{
	struct stat netns;
	int r = record_boot(record->boot, error);

	if (r < 0)
		return r;
	if (stat(NETNS_PATH, &netns) < 0) {
		r = -errno;
		return error_set(error, r, "cannot read " NETNS_PATH ": %s: is /proc mounted?",
			strerror(-r));
	}
	record->netns_device = netns.st_dev;
	record->netns_inode = netns.st_ino;
	record->netns_cookie = netns_cookie();
	return 0;
}

enum record_place record_place(const struct record *here, const struct record *found)
{
	if (strcmp(here->boot, found->boot) != 0)
		return RECORD_PLACE_GONE;
	if (here->netns_device == found->netns_device && here->netns_inode == found->netns_inode)
		/* A number may come again; a cookie does not. */
		return !here->netns_cookie || !found->netns_cookie ||
				       here->netns_cookie == found->netns_cookie
			       ? RECORD_PLACE_HERE
			       : RECORD_PLACE_GONE;
	return netns_is_alive(found->netns_device, found->netns_inode) ? RECORD_PLACE_ALIVE
								       : RECORD_PLACE_GONE;
}

int record_fresh(struct record *ret, struct error *error)
{
	*ret = (struct record){};
	return record_set_here(ret, error);
}

const char *record_bound(const struct record *record)
{
	if (!record->memory.owned.count)
		return NULL;
	/* Records of the time when there was one backend do not say it. */
	return record->backend ? record->backend : "ipvs";
}

/* The file's text; NULL when there is none. */
static int record_read_text(const char *path, char **text, size_t *size, struct error *error)
{
	int r = file_read_regular(AT_FDCWD, path, RECORD_LIMIT, text, size);

	if (r < 0 && r != -ENOENT)
		return error_set(error, r, "cannot read %s: %s%s", path, file_error_text(r),
			record_advice(r));
	return 0;
}

/* The file as it is, of whatever boot; 0 and untouched `ret` when there is none. */
static int record_read(const char *path, struct record *ret, struct error *error)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = record_read_text(path, &text, &size, error);

	if (r < 0 || !text)
		return r;
	r = record_parse(text, size, ret, error);
	if (r < 0)
		return error_set(error, -EINVAL,
			"%s is damaged: %s: move it away to start anew; services that poise made "
			"then count as unmanaged until a file declares them",
			path, error_text(error, r));
	ret->saved = STEAL(text);
	return 1;
}

int record_load(const char *directory, struct record *ret, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" RECORD_FILE, directory);
	_cleanup_record_ struct record here = {}, found = {};
	_cleanup_error_ struct error reason = {};
	int r = record_set_here(&here, error);

	if (r < 0)
		return r;
	r = record_read(path, &found, &reason);
	if (r < 0)
		return error_set(error, r, "%s", reason.text);
	enum record_place place = r > 0 ? record_place(&here, &found) : RECORD_PLACE_GONE;
	if (place == RECORD_PLACE_ALIVE)
		return error_set(error, -EXDEV,
			"%s is of another network namespace, which is in use: name another folder "
			"with "
			"--state-dir for this one",
			path);
	if (place == RECORD_PLACE_HERE) {
		*ret = found;
		found = (struct record){};
		return 0;
	}
	here.backend = STEAL(found.backend);
	here.refused = STEAL(found.refused);
	here.refused_beside = STEAL(found.refused_beside);
	*ret = here;
	here = (struct record){};
	return 0;
}

int record_reload(const char *directory, struct record *record, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" RECORD_FILE, directory);
	_cleanup_free_ char *text = NULL;
	_cleanup_record_ struct record fresh = {};
	size_t size;
	int r = record_read_text(path, &text, &size, error);

	if (r < 0 || (text && record->saved && strcmp(text, record->saved) == 0))
		return r;
	r = record_load(directory, &fresh, error);
	if (r < 0)
		return r;
	record_clear(record);
	*record = fresh;
	fresh = (struct record){};
	return 0;
}

int record_save(const char *directory, struct record *record, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" RECORD_FILE, directory);
	_cleanup_free_ char *text = record_format(record);

	if (record->saved && strcmp(text, record->saved) == 0)
		return 0;
	int r = file_make_directories(directory, 0755);
	if (r < 0)
		return error_set(error, r, "cannot make the folder %s: %s%s", directory,
			strerror(-r), record_advice(r));
	file_remove_leftovers(path);
	r = file_replace(path, text, strlen(text), 0600);
	if (r < 0)
		return error_set(
			error, r, "cannot write %s: %s%s", path, strerror(-r), record_advice(r));
	free(record->saved);
	record->saved = STEAL(text);
	record->left.fresh = false;
	return 0;
}

int record_save_confirmed(const char *directory, const char *canonical, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" RECORD_CONFIRMED_FILE, directory);

	file_remove_leftovers(path);
	int r = file_replace(path, canonical, strlen(canonical), 0600);

	if (r < 0)
		return error_set(
			error, r, "cannot write %s: %s%s", path, strerror(-r), record_advice(r));
	return 0;
}

void record_remove_leftovers(const char *directory)
{
	_cleanup_free_ char *path = memory_printf("%s/" RECORD_FILE, directory);
	_cleanup_free_ char *confirmed = memory_printf("%s/" RECORD_CONFIRMED_FILE, directory);

	file_remove_leftovers(path);
	file_remove_leftovers(confirmed);
}

static struct record_service *record_add_service(
	struct record *record, const struct service_key *key, const char *name, size_t destinations)
{
	struct record_service *service = vector_append(&record->declared);

	service->key = *key;
	service->name = memory_copy_string(name);
	vector_reserve(&service->destinations, destinations);
	return service;
}

static void record_service_clear(struct record_service *service)
{
	free(service->name);
	vector_clear(&service->destinations);
}

static void record_clear_declared(struct record *record)
{
	vector_foreach(&record->declared, service)
		record_service_clear(service);
	vector_clear(&record->declared);
}

/* Leaves what is declared no more and stays ours all the same, for `prune: none` keeps it: it goes when that is no longer
 * said, and is a loss then. Of its destinations nothing is declared. */
static void record_keep_unpruned(struct record *record, const struct declared *declared)
{
	typeof(record->declared) kept = {};

	vector_foreach(&record->declared, service) {
		if (declared->prune != CONFIG_PRUNE_NONE ||
			!memory_find_owned(&record->memory, &service->key) ||
			vector_find(&declared->services, &service->key, service_compare)) {
			record_service_clear(service);
			continue;
		}
		vector_clear(&service->destinations);
		vector_push(&kept, *service);
	}
	vector_clear(&record->declared);
	record->declared = kept;
}

int record_router_compare(const void *a, const void *b)
{
	return strcmp(
		((const struct record_router *)a)->name, ((const struct record_router *)b)->name);
}

static void record_clear_routers(struct record *record)
{
	vector_foreach(&record->routers, router) {
		free(router->name);
		free(router->interface);
		vector_clear(&router->addresses);
	}
	vector_clear(&record->routers);
}

static struct record_router *record_add_router(
	struct record *record, const char *name, const char *interface, uint32_t vrid)
{
	struct record_router *router = vector_append(&record->routers);

	router->name = memory_copy_string(name);
	router->interface = memory_copy_string(interface);
	router->vrid = vrid;
	return router;
}

static void record_add_addresses(
	struct record_addresses *to, const struct config_virtual_address_list *from)
{
	size_t kept = 0;

	vector_foreach(from, address)
		vector_push(to, address->address.address);
	vector_sort(to, address_compare);
	vector_foreach(to, address)
		if (!kept || !address_equal(&to->items[kept - 1], address))
			to->items[kept++] = *address;
	to->count = kept;
}

static void record_set_routers(struct record *record, const struct declared *declared)
{
	record_clear_routers(record);
	vector_foreach(&declared->routers, from) {
		struct record_router *to =
			record_add_router(record, from->name, from->interface, from->vrid);

		record_add_addresses(&to->addresses, &from->addresses);
	}
}

void record_set_declared(struct record *record, const struct declared *declared)
{
	record_set_routers(record, declared);
	record_keep_unpruned(record, declared);
	size_t kept = record->declared.count;
	vector_reserve(&record->declared, kept + declared->services.count);
	vector_foreach(&declared->services, from) {
		struct record_service *to = record_add_service(
			record, &from->key, from->name, from->destinations.count);

		/* What comes and goes with the quorum is nothing to lose. */
		vector_foreach(&from->destinations, destination)
			if (!destination->fallback)
				vector_push(&to->destinations, destination->key);
	}
	if (kept)
		vector_sort(&record->declared, service_compare);
}

/* Appends the components of `path` to an absolute path, without the empty ones and ".". ".." stays:
 * what it means hangs on symbolic links, and those may change. */
static void path_add_components(struct strbuf *to, const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length && !(length == 1 && *path == '.')) {
			strbuf_add_char(to, '/');
			strbuf_add_bytes(to, path, length);
		}
		path += length;
		path += strspn(path, "/");
	}
}

static char *path_normalise(const char *path)
{
	_cleanup_strbuf_ struct strbuf absolute = {};

	if (strcmp(path, "-") == 0)
		return memory_copy_string(path);
	if (*path != '/') {
		_cleanup_free_ char *current = getcwd(NULL, 0);

		path_add_components(&absolute, current ? current : "");
	}
	path_add_components(&absolute, path);
	/* The record is JSON, which cannot hold every name. */
	return json_form_valid_text(absolute.length ? absolute.text : "/");
}

static int path_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void record_clear_paths(struct record *record)
{
	vector_foreach(&record->paths, path)
		free(*path);
	vector_clear(&record->paths);
}

/* It is a set: the same path twice is that path. */
static void record_drop_equal_paths(struct record *record)
{
	size_t kept = 0;

	for (size_t i = 0; i < record->paths.count; i++) {
		char *path = record->paths.items[i];

		if (kept && strcmp(record->paths.items[kept - 1], path) == 0)
			free(path);
		else
			record->paths.items[kept++] = path;
	}
	record->paths.count = kept;
}

void record_set_paths(struct record *record, const char *const *paths, size_t count)
{
	static const char *const standard[] = {SOURCES_DEFAULT_PATH};

	record_clear_paths(record);
	if (!count) {
		paths = standard;
		count = ARRAY_LENGTH(standard);
	}
	for (size_t i = 0; i < count; i++)
		vector_push(&record->paths, path_normalise(paths[i]));
	vector_sort(&record->paths, path_compare);
	record_drop_equal_paths(record);
}

bool record_paths_equal(const struct record *record, const char *const *paths, size_t count)
{
	_cleanup_record_ struct record other = {};

	record_set_paths(&other, paths, count);
	if (other.paths.count != record->paths.count)
		return false;
	for (size_t i = 0; i < other.paths.count; i++)
		if (strcmp(other.paths.items[i], record->paths.items[i]) != 0)
			return false;
	return true;
}

enum record_refusal record_refuses(const struct record *record, const char *revision)
{
	if (record->refused && strcmp(record->refused, revision) == 0)
		return RECORD_REFUSAL_UNDONE;
	if (!record->refused_beside || strcmp(record->refused_beside, revision) != 0)
		return RECORD_REFUSAL_NONE;
	return record->revision && strcmp(record->revision, revision) == 0 ? RECORD_REFUSAL_NONE
									   : RECORD_REFUSAL_BESIDE;
}

void record_clear_left(struct record *record)
{
	free(record->left.backend);
	memory_clear(&record->left.memory);
	record->left = (struct record_left){};
}

void record_copy(struct record *to, const struct record *from)
{
	*to = (struct record){
		.netns_device = from->netns_device,
		.netns_inode = from->netns_inode,
		.netns_cookie = from->netns_cookie,
		.backend = memory_copy_string(from->backend),
		.revision = memory_copy_string(from->revision),
		.refused = memory_copy_string(from->refused),
		.refused_beside = memory_copy_string(from->refused_beside),
	};
	memcpy(to->boot, from->boot, sizeof(to->boot));
	memory_copy(&to->memory, &from->memory);
	to->left.backend = memory_copy_string(from->left.backend);
	memory_copy(&to->left.memory, &from->left.memory);
	to->left.fresh = from->left.fresh;
	vector_reserve(&to->declared, from->declared.count);
	vector_foreach(&from->declared, service) {
		struct record_service *copy = record_add_service(
			to, &service->key, service->name, service->destinations.count);

		vector_foreach(&service->destinations, key)
			vector_push(&copy->destinations, *key);
	}
	vector_foreach(&from->routers, router) {
		struct record_router *copy =
			record_add_router(to, router->name, router->interface, router->vrid);

		vector_foreach(&router->addresses, address)
			vector_push(&copy->addresses, *address);
	}
	vector_foreach(&from->paths, path)
		vector_push(&to->paths, memory_copy_string(*path));
}

void record_clear(struct record *record)
{
	memory_clear(&record->memory);
	record_clear_left(record);
	record_clear_declared(record);
	record_clear_routers(record);
	record_clear_paths(record);
	free(record->backend);
	free(record->revision);
	free(record->refused);
	free(record->refused_beside);
	free(record->saved);
	*record = (struct record){};
}

void record_revision(const char *canonical, char ret[static REVISION_SIZE])
{
	_Static_assert(REVISION_SIZE == 2 * SHA256_DIGEST_SIZE + 1, "a digest and its NUL");
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, strlen(canonical), (const uint8_t *)canonical);
	sha256_digest(&context, sizeof(digest), digest);
	hex_format(digest, sizeof(digest), ret);
}
