// SPDX-License-Identifier: GPL-2.0-or-later
/* The way of a path: every directory and symlink hop that decides which bytes are found under it.
 *
 * One look walks the ways of all paths as the kernel would, lays a watch on each directory before it looks at what lies
 * in it, and comes back with two things: whose events matter from now on, and a fingerprint of all that was seen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vector.h"

/* A watched directory, without symlinks in its path. */
struct watch_way_directory {
	int wd;
	char *path; /* "" is the root */
};

/* A name that matters in a watched directory, as its hash. */
struct watch_way_interest {
	int wd;
	uint64_t name; /* WATCH_WAY_ALL_SOURCES: every name that sources.h reads in a directory */
};

#define WATCH_WAY_ALL_SOURCES 0

struct watch_way_directories {
	VECTOR_OF(struct watch_way_directory); /* by wd */
};

struct watch_way_interests {
	VECTOR_OF(struct watch_way_interest); /* by wd, then name */
};

/* Starts zeroed. */
struct watch_way {
	struct watch_way_directories directories;
	struct watch_way_interests interests;
	uint64_t fingerprint;
	int refusal; /* -errno of the first directory that could not be watched (ENOSPC: the limit), or 0 */
	char *refused; /* its path */
};

/* Walks `paths` (absolute; of files or directories, there or not) into an empty `ret`. inotify < 0: no watches. A
 * directory that is watched already keeps its watch and loses no event. */
void watch_way_look(int inotify, const char *const *paths, size_t count, struct watch_way *ret);

/* Puts `next` (emptied) in the place of `way`; watches that only `way` had are taken off. True when `next` brought
 * directories that were not watched before. */
bool watch_way_replace(struct watch_way *way, int inotify, struct watch_way *next);

/* Whether an event of that directory and name can mean other content. */
bool watch_way_wants(const struct watch_way *way, int wd, const char *name);
/* The directory's path, borrowed; NULL when it is not on the way (any more). */
const char *watch_way_path(const struct watch_way *way, int wd);

/* Never WATCH_WAY_ALL_SOURCES. */
uint64_t watch_way_hash(const char *name);

void watch_way_clear(struct watch_way *way);

#define _cleanup_watch_way_ _cleanup_(watch_way_clear)
