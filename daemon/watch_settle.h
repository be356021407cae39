// SPDX-License-Identifier: GPL-2.0-or-later
/* When a burst of file events is over: the part of the watch that is only times and counts. Pure, in whatever clock the
 * caller hands in (ns). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Files that are known to be open for writing, at most: more of them are told as if nobody knew. */
#define WATCH_SETTLE_UNFINISHED 64
/* After that long without another write, a file that was never closed counts as finished; and so long a file that is written on
 * and on holds others back. */
#define WATCH_SETTLE_STALE_NS 60000000000ull

/* A rename so soon after something was told is not alone: a tool is at work that renames file after file. */
#define WATCH_SETTLE_RECENT_NS 1000000000ull

/* A file that was created or written, and not closed so far. */
struct watch_settle_file {
	int wd;
	uint64_t name;
	uint64_t since;
	bool linked; /* perhaps nobody has it open: it was there with content at once */
};

struct watch_settle {
	/* Set by the caller, ns. */
	uint64_t atomic, debounce, most;

	uint64_t told;            /* last time; 0: never */
	uint64_t first, deadline; /* of what settles; deadline 0: nothing does */
	unsigned int events;      /* finished changes, a rename counted at each of its sides */
	bool atomic_only;         /* all of them were one rename, and it is alone */
	uint32_t cookie;          /* of the last rename */
	struct watch_settle_file unfinished[WATCH_SETTLE_UNFINISHED];
	size_t unfinished_count;
};

enum watch_settle_verdict {
	WATCH_SETTLE_QUIET, /* nothing to tell, nothing to wait for */
	WATCH_SETTLE_WAIT,  /* until `deadline` */
	WATCH_SETTLE_TELL,
};

/* A finished change. `rename`: it is complete in itself; `cookie` (0: none) ties the two sides of one rename. */
void watch_settle_event(struct watch_settle *settle, uint64_t now, bool rename, uint32_t cookie);

/* The file was created (with content: perhaps as a link to a finished one), written, and closed or removed. */
void watch_settle_created(
	struct watch_settle *settle, uint64_t now, int wd, uint64_t name, bool with_content);
void watch_settle_written(struct watch_settle *settle, uint64_t now, int wd, uint64_t name);
void watch_settle_finished(struct watch_settle *settle, int wd, uint64_t name);

/* Somebody writes a file right now (as far as we know). */
bool watch_settle_is_unfinished(struct watch_settle *settle, uint64_t now);

enum watch_settle_verdict watch_settle_check(struct watch_settle *settle, uint64_t now);

/* Something new came into sight: waits once more, unless a lone rename put it there or the time is up (false). */
bool watch_settle_extend(struct watch_settle *settle, uint64_t now);

/* It was told. */
void watch_settle_done(struct watch_settle *settle, uint64_t now);

/* What was being written is not known any more (events were lost). */
void watch_settle_forget(struct watch_settle *settle);
