// SPDX-License-Identifier: GPL-2.0-or-later
/* The files that virtual routers track: each holds a number, which somebody else writes. Read when the kernel tells that one was
 * written or put in its place (inotify, where it can), and every second.
 *
 * A regular file of TRACK_FILE_MOST bytes at most; whatever else is there, or nothing, counts as 0, and the words say so. One that
 * is empty is being written: it counts as what it was for a second. */
#pragma once

#include "base/loop.h"
#include "daemon/track.h"

#define TRACK_FILE_MOST 64

struct track_files;

struct track_files_options {
	struct loop *loop;
	struct track_list *list;    /* must outlive it */
	void (*looked)(void *data); /* items were looked at */
	void *data;
};

/* -errno. Without inotify it goes without. */
int track_files_new(const struct track_files_options *options, struct track_files **ret);
/* NULL is allowed; returns NULL. */
struct track_files *track_files_free(struct track_files *files);

/* The list is another: what is new in it is read before this returns. */
void track_files_want(struct track_files *files);

/* The number of a file's text, which may have white space around it. -EINVAL: it is none; -ERANGE: it does not fit into 32
 * bits; -ENODATA: there is only white space. Pure. */
int track_file_parse(const char *text, size_t size, int64_t *ret);
