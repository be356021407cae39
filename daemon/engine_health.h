// SPDX-License-Identifier: GPL-2.0-or-later
/* Health in the engine: the table of probes that the files in force ask for, and what is known of each.
 *
 * The table follows the files: rebuilt by a merge when others are put in force, with the verdicts that are known. What probes say comes
 * through engine_verdicts(), from wherever they run (probing.h; a test); the services that it concerns are dirty, and
 * the next engine_run() is one pass for all that piled up. What must not be forgotten (verdicts.h) is kept in STATE-DIR/health.json, written
 * after the pass, as often as that takes a twentieth of the time, and a second later at most: no failed check waits for a disk,
 * and neither a restart nor a kill brings back what is down, or takes out what is up. */
#pragma once

#include "daemon/gather.h"
#include "reconciler/facts.h"
#include "reconciler/verdicts.h"

struct declared_service;
struct engine;
struct files;

struct engine_probe {
	struct probe_key key;             /* first: probe_key_compare() works on it */
	const struct config_check *check; /* of the files in force; borrowed */
	struct verdict verdict;
	bool told_down;    /* what people were told last */
	bool failing;      /* the last one failed, though it may not be down for it yet */
	uint32_t failures; /* in a row */
	uint64_t wall;     /* milliseconds since the epoch, of the last report; 0: none */
	uint64_t failed;   /* the same, of the last report of a failure */
	char *reason; /* of the last failure, kept after it passes again; NULL: it never failed. Owned */
	char *untried; /* why it cannot be tried now, and the rest is of before; NULL: it can. Owned */
};

struct engine_probe_vector {
	VECTOR_OF(struct engine_probe);
};

/* What somebody who probes says. Borrowed. */
struct engine_verdict {
	struct probe_key
		key; /* one that is not in the table is dropped: of files that were in force before */
	struct verdict verdict;
	bool failing;
	uint32_t failures;
	bool untried;
	uint64_t wall;      /* 0: it says nothing yet of whether it can be tried */
	const char *reason; /* "": passes; untried: why it cannot be tried */
};

/* What whoever probes says of himself, since his start. */
struct engine_probing {
	bool there; /* somebody probes */
	uint64_t passed, failed, untried, expired;
	uint64_t late;      /* began more than a tenth of the interval after their time */
	uint64_t latest_ns; /* the most that one was late */
	uint64_t running;   /* at this moment */
	uint64_t places;    /* so many may run at once, for descriptors are bounded */
	/* How late the latest was of the last seconds that was late by more than its interval; 0: none was. */
	uint64_t behind_ns;
	bool full; /* and that because as many ran as may at once */
	/* When it said something last (CLOCK_BOOTTIME ns), and that is long ago; 0: it speaks. */
	uint64_t silent;
};

/* The checks run, as far as one knows. */
static inline bool engine_probing_is_known(const struct engine_probing *probing)
{
	return probing->there && !probing->silent;
}

/* What became of the commands of `notify`, since the start of whoever runs them. */
struct engine_notified {
	uint64_t run, failed; /* failed: of those that were run */
	uint64_t dropped;     /* too many waited */
	uint64_t waiting;     /* at this moment */
	uint64_t began;   /* what they wait for (CLOCK_BOOTTIME ns); 0: not known, or none waits */
	char program[64]; /* that; its name without folders */
};

/* A command of `notify` that failed when it ran last. What it was told of is NULL where nobody said so. */
struct engine_notify_failure {
	const char *
		*words; /* ended by NULL; the first one is the program, and others may be secrets */
	const char *event, *service, *router; /* "destination-down"; names in the files */
	const char *reason;                   /* "ended with code 3" */
	uint64_t wall;                        /* milliseconds since the epoch */
};

struct engine_notify_failures {
	VECTOR_OF(struct engine_notify_failure); /* the last one that failed is the last; owned */
};

enum engine_notice_event {
	ENGINE_NOTICE_DESTINATION_DOWN,
	ENGINE_NOTICE_DESTINATION_UP,
	ENGINE_NOTICE_QUORUM_LOST,
	ENGINE_NOTICE_QUORUM_REGAINED,
	ENGINE_NOTICE_CHECKS_DOUBTED,
	ENGINE_NOTICE_CHECKS_BELIEVED,
	ENGINE_NOTICE_ROUTER_ACTIVE,
	ENGINE_NOTICE_ROUTER_BACKUP,
	ENGINE_NOTICE_ROUTER_STOPPED, /* it does not run: its interface is down, something that it tracks, … */
	ENGINE_NOTICE_COUNT,
};

const char *engine_notice_name(enum engine_notice_event event); /* "destination-down", … */

/* The `notify` command of a service, or of a virtual router, is to be run: what it is, and what it is told. Borrowed until the callback returns. */
struct engine_notice {
	const struct config_text_list *command; /* never empty */
	enum engine_notice_event event;
	const char *service, *listener;  /* the name in the file; "tcp://203.0.113.10:80" */
	const char *router, *family;     /* the name in the file; "ipv4" or "ipv6" */
	const char *destination, *check; /* "10.0.0.11:8080"; NULL where the event has none */
	const char *reason;              /* of a failure; NULL */
	uint64_t wall;                   /* milliseconds since the epoch */
};

/* What health makes of a service, kept so that nobody has to go through all of them to know it. */
struct engine_health_service {
	struct service_key key; /* first: service_compare() works on it */
	uint64_t wake; /* it is otherwise from then on by itself (slow start); UINT64_MAX */
	uint32_t failed, kept, climbing; /* destinations */
	uint32_t
		failed_in; /* of those that failed: they serve all the same, for nobody took them out */
	uint32_t spares_down; /* fallbacks that are not needed, and could not serve */
	bool doubted;         /* min-healthy keeps all that serve, though their checks fail */
	bool doubt_told;      /* so people were told last */
	bool begins;          /* nobody has looked since a start: what is doubted then is no news */
	bool quorum_lost;     /* as it was told */
	bool fallback;        /* it serves */
	bool dirty, stale;    /* in the list of that name */
};

struct engine_health_services {
	VECTOR_OF(struct engine_health_service);
};

/* Sums over all services and probes. */
struct engine_health_totals {
	size_t probes_down, probes_failing;         /* failing: not down for it yet */
	size_t probes_untried;                      /* up or down, by what was known before */
	size_t failed, kept, climbing, spares_down; /* destinations */
	size_t failed_in;                           /* of `failed` */
	size_t quorums_lost, doubted;               /* services */
};

/* A destination that asks for a probe. */
struct engine_probe_user {
	uint32_t service, destination; /* places in files->declared.services, in its destinations */
};

/* A probe went down or came up, or cannot be tried (any more), and nobody has been told yet. */
struct engine_health_change {
	uint32_t probe;
	bool trying; /* about that alone: `reason` why it cannot be tried, NULL: it can again */
	bool up;
	bool stays; /* up as before, with another weight of its check's; or found to be down as it began */
	int32_t weight;
	uint64_t down_ns; /* up: how long it was down; 0: not known */
	uint64_t wall;
	char *reason; /* owned */
};

struct engine_health_table {
	struct engine_probe_vector probes; /* sorted */
	struct {
		VECTOR_OF(struct engine_probe_user);
	} users; /* by probe, then by service and destination */
	struct {
		VECTOR_OF(uint32_t);
	} first; /* of each probe's users, and one more for the end */
};

/* engine_health.c's own and engine_heed.c's, but for the table, the totals and the counters. */
struct engine_health {
	struct engine_health_table table;
	const struct files *of;                 /* the files that it is of */
	struct engine_health_services services; /* one for each declared service, in their order */
	struct {
		VECTOR_OF(uint32_t);
	} dirty,         /* services that a pass must look at */
		stale,   /* services whose line above is of before */
		changed; /* probes whose facts are of before, with repetitions */
	struct {
		VECTOR_OF(struct engine_health_change);
	} untold;
	struct verdicts kept; /* of health.json, until there is a table */
	struct gather gather; /* when the next pass for health may be */
	size_t turned;        /* probes that went down or came up and are not yet noted there */
	bool news;            /* what is dirty is so by verdicts, not by slow start alone */
	uint64_t wake_next;   /* the first of the services' */
	uint64_t wake_until;  /* and not before then: they are gathered too */
	uint64_t wait_until;  /* no pass before then */
	bool unsaved;         /* health.json is of before */
	uint64_t save_next;
	struct engine_health_totals totals;
	uint64_t transitions[2]; /* since the start: to down, to up */
	struct engine_probing probing;
	struct engine_notified notified;
	struct engine_notify_failures notify_failures;
};

/* Sorted. Others from the next change of `engine->probes_serial` on. */
const struct engine_probe_vector *engine_probes(const struct engine *engine);
const struct engine_probe *engine_find_probe(
	const struct engine *engine, const struct probe_key *key);

/* The destination that the table's first user asks for it with. */
const struct destination_key *engine_health_destination(
	const struct engine_health_table *table, const struct files *files, size_t probe);

/* Every probe was tried, or cannot be. O(probes), as long as it is not so. */
bool engine_probes_are_tried(const struct engine *engine);

/* Takes effect in the next engine_run(). O(count × (log probes + services of the probe)). */
void engine_verdicts(struct engine *engine, const struct engine_verdict *verdicts, size_t count);

/* Nothing is applied before `until` (CLOCK_BOOTTIME ns; 0: any more), when there is anything to probe: whoever probes knows more
 * than what was kept, and is about to say it. */
void engine_wait_for_health(struct engine *engine, uint64_t until);

/* Whether the quorum of a service is lost, as it was told last. */
bool engine_lost_quorum(const struct engine *engine, const struct service_key *service);
/* Whether a fallback of the service takes new connections, in the table as it was seen last. */
bool engine_fallback_serves(const struct engine *engine, const struct declared_service *service);

/* Whoever probes says how he does. */
void engine_set_probing(struct engine *engine, const struct engine_probing *probing);

/* Whoever runs the commands of `notify` says what became of them. */
void engine_set_notified(struct engine *engine, const struct engine_notified *notified);
/* Which of them failed when they ran last: all are forgotten, then said one by one. What the files do not have is dropped, and
 * goes when they have it no more. Copies. O(services). */
void engine_forget_notify_failures(struct engine *engine);
void engine_add_notify_failure(struct engine *engine, const struct engine_notify_failure *said);
