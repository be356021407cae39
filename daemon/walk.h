// SPDX-License-Identifier: GPL-2.0-or-later
/* A walk over all services that are declared or live, in the order of their keys, which may be left and taken up again after
 * the engine has run: it remembers keys, never places.
 *
 *	walk_resume(&walk, engine);
 *	while (room && walk_next(&walk, &service))
 *		…
 *
 * What must exist is asked for a window of services at a time (engine_desired()), so that a turn costs what it shows. */
#pragma once

#include "daemon/engine.h"

/* What each side knows of one service; NULL: nothing. At least one of declared and live is there. Borrowed until the next
 * call, and while the engine does not run. */
struct walk_service {
	struct service_key key;
	const struct declared_service *declared;
	const struct service *live, *desired;
	const struct memory_service *owned;
};

/* A sorted run of services of one kind; keys stand first in the items. */
struct walk_run {
	const char *begin, *at, *end;
	size_t size;
};

enum walk_run_name {
	WALK_RUN_DECLARED,
	WALK_RUN_LIVE,
	WALK_RUN_OWNED,
	WALK_RUN_COUNT,
};

struct walk {
	struct engine *engine;
	bool begun;
	struct service_key last; /* that was come by last */
	/* Of this turn only. */
	struct walk_run runs[WALK_RUN_COUNT];
	struct state desired; /* of the window */
	size_t window;        /* services of it that are still to come */
};

/* Starts (a zeroed walk), or goes on behind the service that was given last. */
void walk_resume(struct walk *walk, struct engine *engine);
/* Goes on with this service itself, if it is there, else with what follows it. */
void walk_resume_at(struct walk *walk, struct engine *engine, const struct service_key *key);

/* The next service; false at the end. */
bool walk_next(struct walk *walk, struct walk_service *ret);

void walk_clear(struct walk *walk);

/* The same of a service's destinations. */
struct walk_destination {
	struct destination_key key;
	const struct declared_destination *declared;
	const struct destination *live, *desired;
};

struct walk_destinations {
	const struct declared_destination *declared, *declared_end;
	const struct destination *live, *live_end, *desired, *desired_end;
};

/* Begins with the first destination, or behind `after` unless that is NULL. */
void walk_destinations_begin(struct walk_destinations *walk, const struct walk_service *service,
	const struct destination_key *after);
bool walk_destinations_next(struct walk_destinations *walk, struct walk_destination *ret);
