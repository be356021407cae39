// SPDX-License-Identifier: GPL-2.0-or-later
/* One process of the tree, as the supervisor sees it: started, asked whether it is there, and started again when it ends.
 *
 *	down	  waits for its next start (respawn.h); or for nothing, once child_retire() was said
 *	running	  answers pings; or does not, and is killed
 *
 * What it says is counted and bounded before anybody looks at it (base/channel.h, messages.h). */
#pragma once

#include "daemon/messages.h"
#include "daemon/spawn.h"

struct child;

enum child_event {
	CHILD_EVENT_STARTED,  /* it runs, and hears what it is sent */
	CHILD_EVENT_READY,    /* for the first time in this life */
	CHILD_EVENT_RELOADED, /* what child_reload() asked for is over */
	CHILD_EVENT_STATUS,   /* child_status() is another */
	CHILD_EVENT_ENDED,
};

struct child_options {
	const struct process_kind *kind;
	const struct poised_options *poised;
	int control, lock, lease, claim; /* borrowed; given on if the kind wants them */
	unsigned int pings;              /* without an answer, at most; more before it is ready */
	void (*event)(void *data, struct child *child, enum child_event event);
	void (*control_group)(void *data, uint32_t group); /* the process wishes it */
	/* What is not about the process itself; as base/channel.h gives it. */
	void (*message)(
		void *data, struct child *child, uint16_t kind, const void *payload, size_t size);
	void *data;
};

/* Starts it. When that fails it is tried again like after an end. -errno. */
int child_new(struct loop *loop, const struct child_options *options, struct child **ret);
/* Kills it if it runs, and does not wait. NULL is allowed; returns NULL. */
struct child *child_free(struct child *child);

/* At equal intervals: asks a sign of life, and kills who has given none for too long. */
void child_beat(struct child *child);
/* False while it runs and has given none for too long. */
bool child_answers(const struct child *child);

/* It runs, and has not answered so many of the last pings. */
bool child_is_silent(const struct child *child, unsigned int pings);

/* Asks it to read its files again. One that is down will at its start. */
void child_reload(struct child *child);
bool child_is_reloading(const struct child *child);

/* As channel_send(); -ENOTCONN: it is down. */
int child_send(struct child *child, uint16_t kind, const void *payload, size_t size);

/* While it is held it is not started; after that at once, when its time came meanwhile. */
void child_hold(struct child *child, bool held);
/* From now on it is not started again. */
void child_retire(struct child *child);
/* Asks a running one to end, or ends it when it cannot be asked. */
void child_stop(struct child *child);
void child_kill(struct child *child);

bool child_runs(const struct child *child);
bool child_is_ready(const struct child *child);
const char *child_name(const struct child *child);
/* A line of its own making: bytes from a process that may be anybody's. Empty: it said none. */
const char *child_status(const struct child *child);
