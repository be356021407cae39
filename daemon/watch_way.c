// SPDX-License-Identifier: GPL-2.0-or-later
/* A path is resolved here component by component, because the kernel resolves it in one step and does not tell where it
 * has been. /etc/poise/conf.d/web.yaml of a Kubernetes volume is
 *
 *	/		etc
 *	/etc		poise		a directory
 *	/etc/poise	conf.d
 *	…/conf.d	web.yaml	a link to ..data/web.yaml
 *	…/conf.d	..data		a link to ..2026_01_01
 *	…/conf.d	..2026_01_01
 *	…/..2026_01_01	web.yaml	a file, at last
 *
 * and another content can come in by any of these names: each line is a directory to watch and an interest in one name of
 * it. A directory of *.yaml is an interest in all such names. Other names of these directories (backups, swap files,
 * the neighbours in /etc) wake nobody up beyond a look at the table.
 *
 * The order is what makes it complete: first the watch on a directory, then the look at its entry. Whatever changes after the
 * look is an event in a queue that exists already; whatever changed before it was seen. inotify_add_watch() on a
 * watched directory gives the watch that is there, so a new look disturbs nothing.
 *
 * Writes are asked for only where a file of the way lies: /tmp or / on the way of a path must not wake us for every
 * write of a neighbour.
 *
 * The fingerprint holds of files what changes with their content (inode, size, both times), of links the target, of
 * directories only which ones they are: their times change with every neighbour. It costs a stat for each file. A
 * directory of 10,000 links into one other (Kubernetes again) is walked at two calls each, because where the
 * last link's directory led to is remembered. */
#include "daemon/watch_way.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "reconciler/sources.h"

/* As the kernel's own limit. */
#define WATCH_WAY_HOPS 40

#define WATCH_WAY_ENTRIES                                                                          \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR |            \
		IN_DONT_FOLLOW | IN_MASK_ADD)
#define WATCH_WAY_FILES (WATCH_WAY_ENTRIES | IN_MODIFY | IN_CLOSE_WRITE)

enum watch_way_end {
	WATCH_WAY_END_MISSING,
	WATCH_WAY_END_DIRECTORY,
	WATCH_WAY_END_OTHER, /* a file; or something that cannot be looked at */
};

struct watch_way_walk {
	int inotify;
	struct watch_way *way;
	/* The directory that was laid last: most entries share it with the one before. */
	struct strbuf laid;
	uint32_t laid_mask; /* 0: none */
	int laid_wd;
};

struct watch_way_names {
	VECTOR_OF(char *);
};

uint64_t watch_way_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ull;
	return hash ? hash : 1;
}

static void watch_way_mix(struct watch_way *way, uint64_t value)
{
	uint64_t hash = (way->fingerprint ^ value) * 0x9e3779b97f4a7c15ull;

	way->fingerprint = hash ^ (hash >> 32);
}

static void watch_way_mix_time(struct watch_way *way, const struct timespec *time)
{
	watch_way_mix(way, (uint64_t)time->tv_sec);
	watch_way_mix(way, (uint64_t)time->tv_nsec);
}

/* What is seen of one entry; `r`: why it could not be looked at. */
static void watch_way_print(
	struct watch_way *way, const char *name, int r, const struct stat *status)
{
	watch_way_mix(way, watch_way_hash(name));
	watch_way_mix(way, (uint64_t)r);
	if (r < 0)
		return;
	watch_way_mix(way, status->st_mode);
	/* The target is mixed in when it is read. */
	if (S_ISLNK(status->st_mode))
		return;
	watch_way_mix(way, status->st_dev);
	watch_way_mix(way, status->st_ino);
	if (S_ISDIR(status->st_mode))
		return;
	watch_way_mix(way, status->st_uid);
	watch_way_mix(way, (uint64_t)status->st_size);
	watch_way_mix_time(way, &status->st_mtim);
	watch_way_mix_time(way, &status->st_ctim);
}

static const char *watch_way_text(const struct strbuf *path)
{
	return path->text ? path->text : "";
}

static void watch_way_cut(struct strbuf *path, size_t length)
{
	if (!path->text)
		return;
	path->length = length;
	path->text[length] = '\0';
}

static void watch_way_set(struct strbuf *path, const char *text)
{
	watch_way_cut(path, 0);
	strbuf_add(path, text);
}

static void watch_way_refuse(struct watch_way *way, const char *directory, int r)
{
	/* Gone since it was seen: an event of the directory above tells of it. */
	if (r == -ENOENT || r == -ENOTDIR || way->refusal)
		return;
	way->refusal = r;
	way->refused = memory_copy_string(*directory ? directory : "/");
}

/* The watch of `directory`, or -1. *fresh: it was not known to be laid with all of `mask` before. */
static int watch_way_lay(
	struct watch_way_walk *walk, const char *directory, uint32_t mask, bool *fresh)
{
	bool known = walk->laid_mask && strcmp(watch_way_text(&walk->laid), directory) == 0;

	*fresh = !known || (mask & ~walk->laid_mask);
	if (!*fresh)
		return walk->laid_wd;
	int wd = walk->inotify < 0
			 ? -1
			 : inotify_add_watch(walk->inotify, *directory ? directory : "/", mask);
	if (walk->inotify >= 0 && wd < 0)
		watch_way_refuse(walk->way, directory, -errno);
	if (!known)
		watch_way_set(&walk->laid, directory);
	walk->laid_mask = mask;
	walk->laid_wd = wd;
	if (wd >= 0) {
		struct watch_way_directory *laid = vector_append(&walk->way->directories);

		laid->wd = wd;
		laid->path = memory_copy_string(directory);
	}
	return wd;
}

static void watch_way_interest(struct watch_way *way, int wd, uint64_t name)
{
	if (wd >= 0)
		vector_push(&way->interests, ((struct watch_way_interest){.wd = wd, .name = name}));
}

static int watch_way_stat(const char *path, struct stat *status)
{
	return lstat(path, status) < 0 ? -errno : 0;
}

/* Watches `directory` for `name`, then looks at it; `directory` is longer by "/name" afterwards. -errno. */
static int watch_way_look_at(struct watch_way_walk *walk, struct strbuf *directory,
	const char *name, size_t name_length, struct stat *status)
{
	size_t length = directory->length;
	bool fresh;
	int wd = watch_way_lay(walk, watch_way_text(directory), WATCH_WAY_ENTRIES, &fresh);

	strbuf_add_char(directory, '/');
	strbuf_add_bytes(directory, name, name_length);
	watch_way_interest(walk->way, wd, watch_way_hash(directory->text + length + 1));
	int r = watch_way_stat(directory->text, status);
	if (r == 0 && (S_ISDIR(status->st_mode) || S_ISLNK(status->st_mode)))
		return 0;
	/* A file, or nothing yet: its writing matters too. */
	directory->text[length] = '\0';
	watch_way_lay(walk, directory->text, WATCH_WAY_FILES, &fresh);
	directory->text[length] = '/';
	return fresh ? watch_way_stat(directory->text, status) : r;
}

/* The target of the link at `path` (from the directory `at`); the caller's. NULL when it cannot be read (it is another
 * now: an event). */
static char *watch_way_target(struct watch_way *way, int at, const char *path)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(at, path, target, sizeof(target));

	if (length <= 0 || (size_t)length == sizeof(target))
		return NULL;
	target[length] = '\0';
	watch_way_mix(way, watch_way_hash(target));
	return memory_copy_bytes(target, (size_t)length);
}

/* "." and "..", which need no look: `directory` has no links in it. */
static bool watch_way_is_dots(struct strbuf *directory, const char *name, size_t length)
{
	if (length == 1 && name[0] == '.')
		return true;
	if (length != 2 || name[0] != '.' || name[1] != '.')
		return false;
	const char *slash = directory->text ? strrchr(directory->text, '/') : NULL;
	if (slash)
		watch_way_cut(directory, (size_t)(slash - directory->text));
	return true;
}

/* Puts the target of the link at `directory` before what is left of the path, and `directory` where that is looked
 * up from (`length`: the link's own directory). */
static char *watch_way_hop(
	struct watch_way *way, struct strbuf *directory, size_t length, const char *rest)
{
	_cleanup_free_ char *target = watch_way_target(way, AT_FDCWD, directory->text);

	if (!target)
		return NULL;
	watch_way_cut(directory, target[0] == '/' ? 0 : length);
	return memory_printf("%s/%s", target, rest);
}

/* Follows `path` from `directory` (without links; emptied where `path` is absolute), which becomes where it ends. */
static enum watch_way_end watch_way_follow(
	struct watch_way_walk *walk, struct strbuf *directory, const char *path)
{
	_cleanup_free_ char *left = memory_copy_string(path);
	const char *at = left;

	if (path[0] == '/')
		watch_way_cut(directory, 0);
	for (unsigned int hops = 0;;) {
		struct stat status;

		at += strspn(at, "/");
		size_t size = strcspn(at, "/"), length = directory->length;
		const char *name = at;
		at += size;
		if (!size)
			return WATCH_WAY_END_DIRECTORY;
		if (watch_way_is_dots(directory, name, size))
			continue;
		int r = watch_way_look_at(walk, directory, name, size, &status);
		watch_way_print(walk->way, directory->text, r, &status);
		if (r < 0)
			return r == -ENOENT || r == -ENOTDIR ? WATCH_WAY_END_MISSING
							     : WATCH_WAY_END_OTHER;
		if (S_ISDIR(status.st_mode))
			continue;
		if (!S_ISLNK(status.st_mode))
			return WATCH_WAY_END_OTHER;
		char *next = ++hops > WATCH_WAY_HOPS
				     ? NULL
				     : watch_way_hop(walk->way, directory, length, at);
		if (!next)
			return WATCH_WAY_END_OTHER;
		free(left);
		at = left = next;
	}
}

/* Where the directory part of the link before led to. */
struct watch_way_prefix {
	char *text; /* NULL: none yet */
	enum watch_way_end end;
	struct strbuf directory;
};

/* Follows a link's target from `directory`, its own. */
static void watch_way_follow_listed(struct watch_way_walk *walk, struct watch_way_prefix *prefix,
	const char *directory, const char *target)
{
	const char *slash = strrchr(target, '/');
	size_t length = slash ? (size_t)(slash - target) + 1 : 0;

	if (!prefix->text || strlen(prefix->text) != length ||
		memcmp(prefix->text, target, length) != 0) {
		free(prefix->text);
		prefix->text = memory_copy_bytes(target, length);
		watch_way_set(&prefix->directory, directory);
		prefix->end = watch_way_follow(walk, &prefix->directory, prefix->text);
	}
	if (prefix->end != WATCH_WAY_END_DIRECTORY)
		return;
	_cleanup_strbuf_ struct strbuf end = {};
	strbuf_add(&end, watch_way_text(&prefix->directory));
	watch_way_follow(walk, &end, target + length);
}

static int watch_way_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names that are read in a directory, sorted: the fingerprint must not depend on the file system's order. */
static void watch_way_names_of(DIR *stream, struct watch_way_names *names)
{
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (sources_minds(entry->d_name))
			vector_push(names, memory_copy_string(entry->d_name));
	}
	vector_sort(names, watch_way_compare_names);
}

static void watch_way_list_entry(struct watch_way_walk *walk, struct watch_way_prefix *prefix,
	const char *directory, int fd, const char *name)
{
	struct stat status;
	int r = fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

	watch_way_print(walk->way, name, r, &status);
	if (r < 0 || !S_ISLNK(status.st_mode))
		return;
	_cleanup_free_ char *target = watch_way_target(walk->way, fd, name);
	if (target)
		watch_way_follow_listed(walk, prefix, directory, target);
}

static void watch_way_list(struct watch_way_walk *walk, const char *directory)
{
	struct watch_way_prefix prefix = {};
	struct watch_way_names names = {};
	bool fresh;
	int wd = watch_way_lay(walk, directory, WATCH_WAY_FILES, &fresh);

	watch_way_interest(walk->way, wd, WATCH_WAY_ALL_SOURCES);
	watch_way_mix(walk->way, watch_way_hash(directory));
	DIR *stream = opendir(*directory ? directory : "/");
	if (!stream) {
		watch_way_mix(walk->way, (uint64_t)errno);
		return;
	}
	watch_way_names_of(stream, &names);
	vector_foreach(&names, name) {
		watch_way_list_entry(walk, &prefix, directory, dirfd(stream), *name);
		free(*name);
	}
	closedir(stream);
	vector_clear(&names);
	free(prefix.text);
	strbuf_clear(&prefix.directory);
}

/* Follows `name` in `directory`, and gives where it ends in *ret (emptied by the caller). */
static enum watch_way_end watch_way_follow_in(
	struct watch_way_walk *walk, const char *directory, const char *name, struct strbuf *ret)
{
	strbuf_add(ret, directory);
	return watch_way_follow(walk, ret, name);
}

/* A directory as sources.h reads it. */
static void watch_way_directory(struct watch_way_walk *walk, const char *directory)
{
	_cleanup_strbuf_ struct strbuf main = {}, more = {};

	watch_way_follow_in(walk, directory, "poise.yaml", &main);
	if (watch_way_follow_in(walk, directory, "conf.d", &more) == WATCH_WAY_END_DIRECTORY)
		watch_way_list(walk, watch_way_text(&more));
	/* What lies beside poise.yaml and conf.d is not read, but warned of. */
	watch_way_list(walk, directory);
}

static int watch_way_compare_directories(const void *a, const void *b)
{
	const struct watch_way_directory *left = a, *right = b;

	return COMPARE(left->wd, right->wd);
}

static int watch_way_compare_interests(const void *a, const void *b)
{
	const struct watch_way_interest *left = a, *right = b;

	return left->wd != right->wd ? COMPARE(left->wd, right->wd)
				     : COMPARE(left->name, right->name);
}

/* Sorted, each once. */
static void watch_way_order(struct watch_way *way)
{
	size_t kept = 0;

	vector_sort(&way->directories, watch_way_compare_directories);
	vector_foreach(&way->directories, directory) {
		if (kept && way->directories.items[kept - 1].wd == directory->wd)
			free(directory->path);
		else
			way->directories.items[kept++] = *directory;
	}
	way->directories.count = kept;

	kept = 0;
	vector_sort(&way->interests, watch_way_compare_interests);
	vector_foreach(&way->interests, interest) {
		if (!kept ||
			watch_way_compare_interests(&way->interests.items[kept - 1], interest) != 0)
			way->interests.items[kept++] = *interest;
	}
	way->interests.count = kept;
}

void watch_way_look(int inotify, const char *const *paths, size_t count, struct watch_way *ret)
{
	struct watch_way_walk walk = {.inotify = inotify, .way = ret};

	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf end = {};

		if (watch_way_follow(&walk, &end, paths[i]) == WATCH_WAY_END_DIRECTORY)
			watch_way_directory(&walk, watch_way_text(&end));
	}
	strbuf_clear(&walk.laid);
	watch_way_order(ret);
}

bool watch_way_replace(struct watch_way *way, int inotify, struct watch_way *next)
{
	size_t kept = 0, at = 0;

	vector_foreach(&way->directories, old) {
		while (at < next->directories.count && next->directories.items[at].wd < old->wd)
			at++;
		if (at < next->directories.count && next->directories.items[at].wd == old->wd)
			kept++;
		else
			inotify_rm_watch(inotify, old->wd);
	}
	bool grown = next->directories.count > kept;
	watch_way_clear(way);
	*way = *next;
	*next = (struct watch_way){};
	return grown;
}

const char *watch_way_path(const struct watch_way *way, int wd)
{
	struct watch_way_directory key = {.wd = wd};
	const struct watch_way_directory *found =
		vector_find(&way->directories, &key, watch_way_compare_directories);

	return found ? found->path : NULL;
}

static bool watch_way_has(const struct watch_way *way, int wd, uint64_t name)
{
	struct watch_way_interest key = {.wd = wd, .name = name};

	return vector_find(&way->interests, &key, watch_way_compare_interests) != NULL;
}

bool watch_way_wants(const struct watch_way *way, int wd, const char *name)
{
	return watch_way_has(way, wd, watch_way_hash(name)) ||
	       (sources_minds(name) && watch_way_has(way, wd, WATCH_WAY_ALL_SOURCES));
}

void watch_way_clear(struct watch_way *way)
{
	vector_foreach(&way->directories, directory)
		free(directory->path);
	vector_clear(&way->directories);
	vector_clear(&way->interests);
	free(way->refused);
	*way = (struct watch_way){};
}
