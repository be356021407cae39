// SPDX-License-Identifier: GPL-2.0-or-later
/* Sysctls that are lent.
 *
 * Each has the value that was there, the one that was set, and how many hold it. The file is written before the sysctl is, so that
 * a crash leaves at worst a line for what was never changed: it is put back to what it is. A sysctl is put back only while it still
 * has the value that we gave it; then it is forgotten.
 *
 * An interface that is renamed takes its values along: what is lent is known by the name that it is held by, and has another place,
 * where it is put back. Who comes to hold it by the name of that place takes it over. What nobody was told of, while no process ran,
 * is not there: it is remembered, for its interface may come back with the value that we gave it, which would be taken for the
 * administrator's. An interface that is another one of that name has a value of its own.
 *
 * There are a handful for an interface that carries virtual routers, so they are in a sorted vector and the file is written whole. */
#include "vrrp/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/vector.h"

#define SYSCTL_ROOT       "/proc/sys/"
#define SYSCTL_VALUE_SIZE 16u
#define SYSCTL_FILE_LIMIT (1u << 20)
#define SYSCTL_FILE_MODE  0600
/* How many lines are kept for what is not there. */
#define SYSCTL_GONE_MOST 4096u

struct sysctl_lent {
	char name[VRRP_SYSCTL_NAME_SIZE];  /* first: it is the key */
	char place[VRRP_SYSCTL_NAME_SIZE]; /* where it is; "": another has taken it over */
	int before, ours;
	int code; /* of the last attempt to set it */
	size_t held;
};

struct sysctl_lents {
	VECTOR_OF(struct sysctl_lent); /* by name */
};

struct vrrp_sysctls {
	char *path;
	struct sysctl_lents lent;
};

static int sysctl_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int vrrp_sysctl_name(char name[static VRRP_SYSCTL_NAME_SIZE], const char *family,
	const char *interface, const char *key)
{
	if (!*interface || strchr(interface, '/') || strcmp(interface, ".") == 0 ||
		strcmp(interface, "..") == 0)
		return -EINVAL;
	int length =
		snprintf(name, VRRP_SYSCTL_NAME_SIZE, "net/%s/conf/%s/%s", family, interface, key);
	return length < (int)VRRP_SYSCTL_NAME_SIZE ? 0 : -ENAMETOOLONG;
}

static int sysctl_open(const char *name, int flags)
{
	char path[sizeof(SYSCTL_ROOT) + VRRP_SYSCTL_NAME_SIZE];

	snprintf(path, sizeof(path), SYSCTL_ROOT "%s", name);
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int vrrp_sysctl_write(const char *name, int value)
{
	char text[SYSCTL_VALUE_SIZE];
	_cleanup_close_ int fd = sysctl_open(name, O_WRONLY);

	if (fd < 0)
		return fd;
	int length = snprintf(text, sizeof(text), "%d\n", value);
	return file_write_all(fd, text, (size_t)length);
}

int vrrp_sysctl_read(const char *name, int *ret)
{
	char text[SYSCTL_VALUE_SIZE] = "", *end;
	_cleanup_close_ int fd = sysctl_open(name, O_RDONLY);

	if (fd < 0)
		return fd;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return -errno;
	long value = strtol(text, &end, 10);
	if (end == text)
		return -EBADMSG;
	*ret = (int)value;
	return 0;
}

/* Lines of NAME BEFORE OURS. A line that is none is passed over: it was not written here. */
static void sysctls_parse(struct vrrp_sysctls *sysctls, char *text)
{
	char *place = NULL;

	for (char *line = strtok_r(text, "\n", &place); line; line = strtok_r(NULL, "\n", &place)) {
		struct sysctl_lent lent = {};
		int end = 0;

		if (sscanf(line, "%95s %d %d%n", lent.name, &lent.before, &lent.ours, &end) !=
				3 || /* NOLINT */
			line[end] ||
			strncmp(lent.name, "net/ipv", strlen("net/ipv")) != 0 ||
			strstr(lent.name, ".."))
			continue;
		memcpy(lent.place, lent.name, sizeof(lent.place));
		vector_push(&sysctls->lent, lent);
	}
	vector_sort(&sysctls->lent, sysctl_compare);
}

static int sysctls_keep(const struct vrrp_sysctls *sysctls)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (!sysctls->path)
		return 0;
	if (!sysctls->lent.count)
		return file_remove(sysctls->path);
	vector_foreach(&sysctls->lent, lent)
		if (lent->place[0])
			strbuf_printf(&text, "%s %d %d\n", lent->place, lent->before, lent->ours);
	return file_replace_unsynced(sysctls->path, text.text, text.length, SYSCTL_FILE_MODE);
}

struct vrrp_sysctls *vrrp_sysctls_new(const char *path)
{
	struct vrrp_sysctls *sysctls = memory_new(sizeof(*sysctls));
	_cleanup_free_ char *text = NULL;
	size_t size;

	sysctls->path = memory_copy_string(path);
	if (path && file_read(AT_FDCWD, path, SYSCTL_FILE_LIMIT, &text, &size) == 0)
		sysctls_parse(sysctls, text);
	return sysctls;
}

static struct sysctl_lent *sysctls_find(struct vrrp_sysctls *sysctls, const char *name)
{
	return vector_find(&sysctls->lent, name, sysctl_compare);
}

static struct sysctl_lent *sysctls_add(
	struct vrrp_sysctls *sysctls, const char *name, int before, int ours)
{
	struct sysctl_lents *lents = &sysctls->lent;
	size_t place = vector_after(lents, name, sysctl_compare);

	vector_append(lents);
	memmove(&lents->items[place + 1], &lents->items[place],
		(lents->count - 1 - place) * sizeof(*lents->items));
	lents->items[place] = (struct sysctl_lent){.before = before, .ours = ours};
	snprintf(lents->items[place].name, sizeof(lents->items[place].name), "%s", name);
	snprintf(lents->items[place].place, sizeof(lents->items[place].place), "%s", name);
	return &lents->items[place];
}

/* 0 also when there is nothing to change. */
static int sysctls_lend(struct vrrp_sysctls *sysctls, struct sysctl_lent *lent,
	enum vrrp_sysctl_kind kind, int value, int now)
{
	if (kind == VRRP_SYSCTL_AT_LEAST)
		value = MAX(value, now);
	lent->ours = value;
	if (value == now)
		return 0;
	int r = sysctls_keep(sysctls);
	int written = vrrp_sysctl_write(lent->place, value);
	return written < 0 ? written : r;
}

/* 0 also when there is nothing to put back. */
static int sysctl_return(const struct sysctl_lent *lent)
{
	int now = 0;

	if (lent->before == lent->ours || !lent->place[0])
		return 0;
	int r = vrrp_sysctl_read(lent->place, &now);
	if (r == 0 && now == lent->ours)
		(void)vrrp_sysctl_write(lent->place, lent->before);
	return r;
}

/* It is that of an interface which has this name now. */
static void sysctl_move_in(struct vrrp_sysctls *sysctls, struct sysctl_lent *lent, int now)
{
	if (strcmp(lent->place, lent->name) != 0) {
		(void)sysctl_return(lent);
		memcpy(lent->place, lent->name, sizeof(lent->place));
		lent->before = lent->ours = now;
	}
	vector_foreach(&sysctls->lent, other) {
		if (other == lent || strcmp(other->place, lent->name) != 0)
			continue;
		if (now == other->ours)
			lent->before = other->before;
		other->place[0] = '\0';
	}
}

int vrrp_sysctls_hold(struct vrrp_sysctls *sysctls, const char *name, enum vrrp_sysctl_kind kind,
	int value, struct error *error)
{
	struct sysctl_lent *lent = sysctls_find(sysctls, name);
	int now = 0;

	if (strlen(name) >= VRRP_SYSCTL_NAME_SIZE)
		return error_set(error, -ENAMETOOLONG, "%s: too long a name", name);
	int r = vrrp_sysctl_read(name, &now);
	if (!lent)
		lent = sysctls_add(sysctls, name, now, now);
	else if (r == 0 && !lent->held && now != lent->ours)
		lent->before = now;
	sysctl_move_in(sysctls, lent, now);
	lent->held++;
	if (r == 0)
		r = sysctls_lend(sysctls, lent, kind, value, now);
	bool told = r == lent->code;
	lent->code = r;
	if (r < 0 && !told)
		return error_set(error, r, "%s cannot be set to %d: %s", name, value, strerror(-r));
	return r;
}

/* False: it is to be put back when its interface is there again. */
static bool sysctls_put_back(struct vrrp_sysctls *sysctls, struct sysctl_lent *lent)
{
	struct sysctl_lents *lents = &sysctls->lent;
	size_t place = (size_t)(lent - lents->items);

	if (sysctl_return(lent) == -ENOENT && lents->count <= SYSCTL_GONE_MOST)
		return false;
	lents->count--;
	memmove(lent, lent + 1, (lents->count - place) * sizeof(*lent));
	return true;
}

void vrrp_sysctls_release(struct vrrp_sysctls *sysctls, const char *name)
{
	struct sysctl_lent *lent = sysctls_find(sysctls, name);

	if (!lent || !lent->held || --lent->held > 0)
		return;
	if (sysctls_put_back(sysctls, lent))
		(void)sysctls_keep(sysctls);
}

/* "net/ipv4/conf/INTERFACE/KEY" */
static bool sysctl_rename(struct sysctl_lent *lent, const char *before, const char *now)
{
	char place[VRRP_SYSCTL_NAME_SIZE];
	const char *rest = lent->place + strlen("net/ipv4/conf/");
	size_t length = strlen(before);

	if (strlen(lent->place) <= strlen("net/ipv4/conf/") || strncmp(rest, before, length) != 0 ||
		rest[length] != '/')
		return false;
	int size = snprintf(place, sizeof(place), "%.*s%s%s", (int)(rest - lent->place),
		lent->place, now, rest + length);
	if (size >= (int)sizeof(place))
		return false;
	memcpy(lent->place, place, sizeof(place));
	return true;
}

void vrrp_sysctls_renamed(struct vrrp_sysctls *sysctls, const char *before, const char *now)
{
	bool changed = false;

	vector_foreach(&sysctls->lent, lent)
		changed |= sysctl_rename(lent, before, now);
	if (changed)
		(void)sysctls_keep(sysctls);
}

void vrrp_sysctls_settle(struct vrrp_sysctls *sysctls)
{
	size_t before = sysctls->lent.count;

	for (size_t i = before; i > 0; i--)
		if (!sysctls->lent.items[i - 1].held)
			(void)sysctls_put_back(sysctls, &sysctls->lent.items[i - 1]);
	if (sysctls->lent.count != before)
		(void)sysctls_keep(sysctls);
}

void vrrp_sysctls_put_back(struct vrrp_sysctls *sysctls)
{
	vector_foreach(&sysctls->lent, lent)
		lent->held = 0;
	vrrp_sysctls_settle(sysctls);
}
