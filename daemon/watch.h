// SPDX-License-Identifier: GPL-2.0-or-later
/* Watching the files of the desired state, as GitOps tools and people really write them.
 *
 * The watch tells that the content under its paths may be another now, no more: who is told reads the files and compares
 * hashes. It watches, by inotify, every directory on the way of each path, every symlink hop on that way (so that a swapped
 * link is seen wherever it stands), and the directories that sources.h reads (the path itself and its conf.d). It wakes
 * on what has been finished: a file closed after writing, a rename, a removal, a link; never on MODIFY, which shows halves.
 *
 *	quiet	   nothing happened
 *	settling   something did: wait for `debounce` without more of it, at most `settle_most` altogether; a file that
 *		   is being written holds it back as long
 *	told	   the watches are laid anew (the way may be another now), changed() is called, back to quiet
 *
 * File systems that send no events are looked at every `poll`: when the fingerprint (names, sizes, times, inodes, link targets)
 * differs from the one that was told last, and is the same at two looks in a row, changed() is called. The same
 * look repairs whatever inotify lost (queue overflow, a watch limit). What inotify knows to be open for writing is left
 * to its close, for a minute at most. A look that takes longer than a two-hundredth of `poll` is taken less often. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct watch;

struct watch_options {
	const char *const *paths; /* files or directories, as sources_read() takes them; borrowed */
	size_t path_count;
	uint64_t debounce;    /* ns; 0: the default */
	uint64_t settle_most; /* ns; 0: the default */
	uint64_t poll;        /* ns; 0: the default */
	void (*changed)(void *data);
	void *data;
};

/* A lone rename over a file or a swapped link is complete in itself: it is told after DEBOUNCE_ATOMIC. When more happens
 * in that time, or something was told in the second before, DEBOUNCE counts from the last of it. */
#define WATCH_DEBOUNCE_ATOMIC_NS 20000000ull
#define WATCH_DEBOUNCE_NS        100000000ull
#define WATCH_SETTLE_MOST_NS     1500000000ull
#define WATCH_POLL_NS            5000000000ull

struct watch_counters {
	uint64_t events, overflows, changes; /* changes: calls of changed() */
	uint64_t polled_changes;             /* those of them that only a look found */
	size_t watches;                      /* laid now */
};

/* Paths that do not exist (yet) are watched from the nearest directory that does; no path is sources.h's default. Read
 * the files after this, or what changes in between is not told. changed() may free the watch. -errno with words; a
 * missing inotify (-EMFILE) is no failure: it is logged, and the poll alone serves and tries again for it. */
int watch_new(struct loop *loop, const struct watch_options *options, struct watch **ret,
	struct error *error);

/* What was told last is what the caller has read: call it after reading, also of what is no good. The fingerprint dates
 * from before changed(), so that a change during the reading is told again; without this call every poll tells again. */
void watch_seen(struct watch *watch);

struct watch_counters watch_counters(const struct watch *watch);

/* NULL is allowed. */
struct watch *watch_free(struct watch *watch);
