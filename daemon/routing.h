// SPDX-License-Identifier: GPL-2.0-or-later
/* The reconciler's side of virtual routers: tells their process what the files say (convey.h), and hears what they are.
 *
 *	routing_want()		the files in force; sent when they say other virtual routers than before
 *	routing_set_facts()	of each virtual router of the files, what is tracked elsewhere: sent as it changes
 *	routing_fill()		the first reconcile is over
 *	routing_serve()		the services of one are there
 *
 * What is heard is kept in a table, by the routers of the files in force and their families: a move at once, everything else
 * every two seconds. Who misses a move has the state soon all the same. */
#pragma once

#include "base/address.h"
#include "daemon/convey.h"
#include "daemon/messages.h"
#include "model/config.h"
#include "vrrp/fsm.h"

struct strbuf;
struct routing;

/* What is known elsewhere of what a virtual router tracks, and of its services. */
struct routing_fact {
	int32_t weight;
	bool fault;
	bool waits; /* its addresses wait until its services are there */
};

/* A virtual router of one family, as it was told of last. */
struct routing_router {
	const char *name;      /* of the mapping; borrowed from the table */
	const char *interface; /* likewise */
	struct message_vrrp_state told;
	bool known; /* it was told of */
	uint64_t
		wall; /* CLOCK_REALTIME ns of the last change of state that was told; 0: none was */
};

/* One change of state. Borrowed. */
struct routing_move {
	const struct routing_router *router;
	enum vrrp_state from, to;
	uint64_t wall;
	const char *why;
};

struct routing_options {
	/* As channel_send(). */
	int (*send)(void *data, uint16_t kind, const void *payload, size_t size);
	void (*moved)(void *data, const struct routing_move *move); /* in order */
	void (*told)(void *data);                                   /* the table may be another */
	/* In words: the files' virtual routers are not in force, and why; NULL: they are, or nobody is there. */
	void (*trouble)(void *data, const char *text);
	void *data;
};

void routing_new(const struct routing_options *options, struct routing **ret);
/* NULL is allowed; returns NULL. */
struct routing *routing_free(struct routing *routing);

/* `serial`: another one for other files. `config` is read here, and not kept; NULL: no virtual routers. */
void routing_want(
	struct routing *routing, uint64_t serial, const struct config *config, uint64_t now);
/* `count` of them, for the routers of the config in its order. */
void routing_set_facts(
	struct routing *routing, const struct routing_fact *facts, size_t count, uint64_t now);
void routing_fill(struct routing *routing, uint64_t now);
void routing_serve(struct routing *routing, size_t router);

/* A message of the supervisor; those that are not about virtual routers are ignored. */
void routing_message(
	struct routing *routing, uint16_t kind, const void *payload, size_t size, uint64_t now);
/* Does what is due; when there will be something to do next. */
uint64_t routing_run(struct routing *routing, uint64_t now);

/* In order of the names, IPv4 first. Borrowed until the next call. */
size_t routing_count(const struct routing *routing);
const struct routing_router *routing_at(const struct routing *routing, size_t index);
/* NULL: the files have none of that name and family. */
const struct routing_router *routing_find(
	const struct routing *routing, const char *name, uint16_t family);

/* The place of the first one behind that name and family. */
size_t routing_after(const struct routing *routing, const char *name, uint16_t family);

/* NULL: nobody keeps virtual routers. */
const struct message_vrrp_stats *routing_stats(const struct routing *routing);
struct routing_counters {
	uint64_t plans, committed, broken, stale, malformed;
	uint64_t lost; /* moves that were not heard */
};
struct routing_counters routing_counters(const struct routing *routing);
