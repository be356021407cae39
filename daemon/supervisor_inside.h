// SPDX-License-Identifier: GPL-2.0-or-later
/* What the parts of the supervisor share; private to them.
 *
 *	supervisor.c	   the start, and what happens
 *	supervisor_tell.c  who is told what: the service manager, the processes, one by another
 *	supervisor_stop.c  the end */
#pragma once

#include "base/loop.h"
#include "base/vector.h"
#include "daemon/child.h"
#include "daemon/levels.h"
#include "daemon/messages.h"
#include "daemon/options.h"
#include "daemon/programs.h"
#include "daemon/remains.h"

#define SUPERVISOR_SECOND  1000000000ull
#define SUPERVISOR_SIGNALS 3

struct supervisor_place {
	struct child *child;
};

struct supervisor {
	const struct poised_options *options;
	struct loop *loop;
	int lock, control;
	int lease; /* of the virtual routers: it outlives each process that keeps them */
	int claim; /* likewise: that they are kept here, and nowhere else in this namespace */
	struct {
		VECTOR_OF(struct supervisor_place);
	} children; /* as the table has them */
	struct loop_source *signals[SUPERVISOR_SIGNALS];
	struct loop_source *beat, *reload_limit, *stop_limit;
	struct programs *programs;        /* of checks, and `notify` */
	struct programs *scripts;         /* of what virtual routers track */
	struct remains *remains;          /* of virtual routers */
	struct levels levels;             /* what is logged, where it was changed */
	struct message_notified notified; /* as the reconciler was told last */
	uint64_t failed_told;             /* serial of the list of failed commands, likewise */
	uint64_t unheard;                 /* when the reconciler ended last; 0: never */
	uint64_t undelivered;             /* messages to a process that is down, or does not read */
	uint64_t beat_ns;
	bool ready;     /* told once */
	bool reloading; /* told, and not over */
	bool stopping;
	bool hurried;                /* all at once */
	bool usurped;                /* another poised has the machine */
	int lock_trouble;            /* of the last look at the lock; told once */
	bool telling;                /* all have ended, and commands of `notify` have not */
	size_t stop_at;              /* the child whose turn it is to stop */
	bool stop_asked, stop_kills; /* what was done to it */
};

/* Of all that the table has. */
bool supervisor_all(const struct supervisor *supervisor, bool (*test)(const struct child *child));
/* NULL: there is none of that name yet. */
struct child *supervisor_find(const struct supervisor *supervisor, const char *name);

/* The service manager is told what has become true. */
void supervisor_tell_status(const struct supervisor *supervisor);
void supervisor_tell_ready(struct supervisor *supervisor);
void supervisor_tell_reloaded(struct supervisor *supervisor);
void supervisor_on_reload_limit(void *data);

/* The reconciler is told what became of commands of `notify`, where that is another thing than before. */
void supervisor_tell_notified(struct supervisor *supervisor);
void supervisor_tell_failed(struct supervisor *supervisor);
/* A process has begun, is there, has ended: what it is to know, and what others are. */
void supervisor_tell_started(struct supervisor *supervisor, const struct child *child);
void supervisor_introduce(struct supervisor *supervisor, const struct child *child);
void supervisor_tell_gone(struct supervisor *supervisor, const struct child *child);
void supervisor_tell_cleared(struct supervisor *supervisor);
/* What they say: child_options.message. */
void supervisor_on_message(
	void *data, struct child *child, uint16_t kind, const void *payload, size_t size);
void supervisor_on_ran(void *data, const struct message_ran *ran);
void supervisor_on_script_ran(void *data, const struct message_ran *ran);

/* In order; a second time all at once. */
void supervisor_stop(struct supervisor *supervisor);
void supervisor_hurry(struct supervisor *supervisor);
/* Somebody, or something, that the end waited for is over. */
void supervisor_stop_next(struct supervisor *supervisor);
void supervisor_on_stop_limit(void *data);
