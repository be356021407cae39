// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

#include "base/file.h"
#include "base/memory.h"

static void folder_require(bool condition, const char *what, const char *path)
{
	if (condition)
		return;
	fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
	abort();
}

static char *folder_make_in(const char *parent)
{
	char *path = memory_printf("%s/poise-test-XXXXXX", parent);

	folder_require(mkdtemp(path), "make", path);
	return path;
}

char *folder_make(void)
{
	const char *parent = getenv("TMPDIR");

	return folder_make_in(parent ? parent : "/tmp");
}

char *folder_make_in_memory(void)
{
	return access("/dev/shm", W_OK) == 0 ? folder_make_in("/dev/shm") : folder_make();
}

static int folder_remove_entry(const char *path, const struct stat *status _unused_,
	int type _unused_, struct FTW *at _unused_)
{
	return remove(path);
}

void folder_remove(char *path)
{
	folder_require(
		nftw(path, folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0, "remove", path);
	free(path);
}

int folder_setup(void **state)
{
	*state = folder_make();
	return 0;
}

int folder_setup_in_memory(void **state)
{
	*state = folder_make_in_memory();
	return 0;
}

int folder_teardown(void **state)
{
	folder_remove(*state);
	return 0;
}

char *folder_path(const char *folder, const char *name)
{
	return memory_printf("%s/%s", folder, name);
}

void folder_write(const char *folder, const char *name, const char *text)
{
	_cleanup_free_ char *path = folder_path(folder, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	folder_require(fd >= 0 && file_write_all(fd, text, strlen(text)) == 0, "write", path);
}

char *folder_read(const char *folder, const char *name)
{
	_cleanup_free_ char *path = folder_path(folder, name);
	char *text;
	size_t size;

	return file_read(AT_FDCWD, path, 64 << 20, &text, &size) < 0 ? NULL : text;
}

void folder_make_directory(const char *folder, const char *name)
{
	_cleanup_free_ char *path = folder_path(folder, name);

	folder_require(mkdir(path, 0755) == 0, "make", path);
}

void folder_link(const char *folder, const char *name, const char *target)
{
	_cleanup_free_ char *path = folder_path(folder, name);

	folder_require(symlink(target, path) == 0, "link", path);
}

void folder_move(const char *folder, const char *from, const char *to)
{
	_cleanup_free_ char *old = folder_path(folder, from);
	_cleanup_free_ char *new = folder_path(folder, to);

	folder_require(rename(old, new) == 0, "rename", old);
}

void folder_drop(const char *folder, const char *name)
{
	_cleanup_free_ char *path = folder_path(folder, name);

	folder_require(remove(path) == 0, "remove", path);
}

void folder_swap_link(const char *folder, const char *name, const char *target)
{
	folder_link(folder, ".swap", target);
	folder_move(folder, ".swap", name);
}

size_t folder_count(const char *folder)
{
	DIR *directory = opendir(folder);
	size_t count = 0;

	folder_require(directory, "open", folder);
	for (struct dirent *entry; (entry = readdir(directory));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return count;
}

/* A mount namespace of our own; who is not root becomes so in a user namespace. */
static void folder_enter_namespace(void)
{
	static bool entered;
	uid_t user = getuid();

	if (entered)
		return;
	entered = true;
	if (unshare(CLONE_NEWNS) < 0) {
		_cleanup_free_ char *map = memory_printf("0 %u 1\n", user);

		folder_require(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare", "mounts");
		folder_write("/proc/self", "uid_map", map);
	}
	folder_require(
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "make private", "/");
}

void folder_mount(const char *folder, size_t size)
{
	_cleanup_free_ char *options = memory_printf("size=%zu", size);

	folder_enter_namespace();
	folder_require(mount("tmpfs", folder, "tmpfs", 0, options) == 0, "mount", folder);
}

void folder_mount_read_only(const char *folder)
{
	folder_require(mount("tmpfs", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0,
		"make read-only", folder);
}

void folder_unmount(const char *folder)
{
	folder_require(umount2(folder, MNT_DETACH) == 0, "unmount", folder);
}
