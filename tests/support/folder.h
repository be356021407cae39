// SPDX-License-Identifier: GPL-2.0-or-later
/* Folders that a test may fill, and file systems with the faults that a test wants to see. What
 * cannot be had ends the test program: a test that saw no fault has shown nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A new empty folder; the caller frees the path, or gives it to folder_remove(). */
char *folder_make(void);

/* Removes the folder with all that is in it, and frees the path. */
void folder_remove(char *path);

/* The path of `name` in `folder`; the caller's. */
char *folder_path(const char *folder, const char *name);

/* Puts a text at `name` in `folder`. */
void folder_write(const char *folder, const char *name, const char *text);

/* The file's text, or NULL when there is none; the caller's. */
char *folder_read(const char *folder, const char *name);

/* A directory, a symbolic link to `target`, a rename, and a removal (of a file, a link, an empty directory). */
void folder_make_directory(const char *folder, const char *name);
void folder_link(const char *folder, const char *name, const char *target);
void folder_move(const char *folder, const char *from, const char *to);
void folder_drop(const char *folder, const char *name);
/* Puts a link in the place of another at once, as git-sync and the kubelet do. */
void folder_swap_link(const char *folder, const char *name, const char *target);

/* As folder_make(), in memory where that can be had: for thousands of files. */
char *folder_make_in_memory(void);

/* Of a cmocka test, whose state is the path of a folder of its own. */
int folder_setup(void **state);
int folder_setup_in_memory(void **state);
int folder_teardown(void **state);

/* Number of entries. */
size_t folder_count(const char *folder);

/* Mounts an empty tmpfs of `size` bytes there, seen by this process alone, which is root of a
 * namespace from then on. The mount ends with the process, or with folder_unmount(). */
void folder_mount(const char *folder, size_t size);
void folder_mount_read_only(const char *folder);
void folder_unmount(const char *folder);
