// SPDX-License-Identifier: GPL-2.0-or-later
/* Small files, read where a file system that does not answer holds up nobody: by a few processes that do nothing else.
 *
 * Each reads one file at a time. What lies in the folder that one of them reads in waits for that one, so that a file system that
 * hangs takes few of them, and the others go on. Who hangs cannot be killed before the file system answers, and is waited for by nobody. */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "base/loop.h"

#define READING_MOST 64 /* bytes */

/* What came of it. */
struct reading {
	ssize_t size; /* of `text`; READING_MOST + 1: there is more; -errno; -ECHILD: who read it has died */
	bool special; /* it is no regular file, and was not read */
	struct timespec written;
	char text[READING_MOST + 1];
};

struct readers;
struct reading_ask;

/* Reads it here and now. */
void reading_now(const char *path, struct reading *ret);

/* Starts the processes, or as many as can be; `confine` is called in each of them at first, and says with -errno that it cannot
 * be. */
struct readers *readers_new(struct loop *loop, int (*confine)(void *data), void *data);
/* All that was asked is over, or cancelled. NULL is allowed; returns NULL. They end by themselves: neither is anybody killed,
 * which a sandbox forbids, nor waited for. */
struct readers *readers_free(struct readers *readers);

/* Asks for a file; `done` once, from the loop, and then it is gone. -errno: nobody is there who could be asked. O(1). */
int readers_ask(struct readers *readers, const char *path,
	void (*done)(void *data, const struct reading *reading), void *data,
	struct reading_ask **ret);
/* Nobody wants to know any more. */
void readers_cancel(struct reading_ask *ask);
