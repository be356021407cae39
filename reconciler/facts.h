// SPDX-License-Identifier: GPL-2.0-or-later
/* What the world and the operator say, for step(): the input beside what is declared and what is remembered.
 *
 * Facts never count for the blast guard, and a pass without any (poise apply without poised) takes every check as
 * passing. Pure data, sorted; whoever learns of facts (operator.h keeps the operator's) fills them in. */
#pragma once

#include "model/probe.h"

/* The operator drains a destination: of one service, or wherever it stands. */
struct facts_drain {
	struct destination_key destination; /* port 0: on every port */
	bool everywhere;
	struct service_key service; /* unless everywhere */
	uint64_t until; /* CLOCK_BOOTTIME ns: comes back then; UINT64_MAX: when it is undrained */
};

struct facts_drain_vector {
	VECTOR_OF(struct facts_drain);
};

struct facts_health {
	struct probe_key key; /* first: probe_key_compare() works on it */
	struct verdict verdict;
};

struct facts_health_vector {
	VECTOR_OF(struct facts_health);
};

/* Of a virtual router of the files and one of its families. */
enum facts_role {
	FACTS_ROLE_UNKNOWN, /* who keeps it has said nothing yet, or is gone */
	FACTS_ROLE_ACTIVE,
	FACTS_ROLE_BACKUP, /* or not even that */
};
#define FACTS_ROLE_LAST FACTS_ROLE_BACKUP

const char *facts_role_name(enum facts_role role); /* "unknown", "active", "backup" */

struct facts_router {
	char *name; /* owned */
	uint16_t family;
	enum facts_role role;
};

struct facts_router_vector {
	VECTOR_OF(struct facts_router);
};

/* Starts zeroed. */
struct facts {
	struct facts_drain_vector drains; /* sorted by facts_drain_compare() */
	/* What the checks say, where it is not plain (verdict_is_plain()): while all is well it is empty, and costs nothing.
	 * Sorted by key. */
	struct facts_health_vector health;
	struct {
		VECTOR_OF(char *);
	} names;                            /* of the checks in `health`; sorted, owned */
	bool routed;                        /* somebody keeps virtual routers: */
	struct facts_router_vector routers; /* by name and family */
};

/* Active, where nobody keeps virtual routers at all (`facts` is NULL, or not routed); unknown, where nobody knows of this one. Any family's
 * will do for a router that has no such one: AF_UNSPEC asks for the first. O(log n). */
enum facts_role facts_role(const struct facts *facts, const char *router, uint16_t family);
/* As it was put. */
enum facts_role facts_router_role(const struct facts *facts, const char *name, uint16_t family);
/* The place of the first one behind that name and family. */
size_t facts_routers_after(const struct facts *facts, const char *name, uint16_t family);
/* The words are copied; in any order. */
void facts_put_router(struct facts *facts, const char *name, uint16_t family, enum facts_role role);
/* False: nothing is known of that one. */
bool facts_drop_router(struct facts *facts, const char *name, uint16_t family);

/* Order: destination address, port, everywhere first, service. Keys only: `until` does not count. */
int facts_drain_compare(const void *a, const void *b);

/* Until when this destination is drained by the operator (the latest of what says so); 0 when it is not at `now`.
 * `facts` may be NULL. O(log n). */
uint64_t facts_drained_until(const struct facts *facts, const struct service_key *service,
	const struct destination_key *destination, uint64_t now);

/* What is known of a probe; NULL: it passes, or nothing is known. `facts` may be NULL. O(log n). Borrowed until the health changes. */
const struct verdict *facts_find_verdict(const struct facts *facts, const struct probe_key *key);

/* Puts what is said of `count` probes, sorted and each once, in the place of what was known of them. Their names are
 * copied. O(health + count × log health), of which the first is one copy. */
void facts_put_health(struct facts *facts, const struct facts_health *health, size_t count);

/* Each part alone, so that it can be filled anew. */
void facts_clear_drains(struct facts *facts);
void facts_clear_health(struct facts *facts);
void facts_clear_routers(struct facts *facts);
void facts_clear(struct facts *facts);
