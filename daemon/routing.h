// SPDX-License-Identifier: GPL-2.0-or-later
/* The reconciler's side of virtual routers: tells their process what the files say (convey.h), and hears what they are.
 *
 *	routing_want()		the files in force; sent when they say other virtual routers than before
 *	routing_set_facts()	of each virtual router of the files, what is tracked elsewhere: sent as it changes
 *	routing_fill()		the first reconcile is over
 *	routing_serve()		the services of one are there
 *	routing_remember()	what was known of peers before a restart; once, before the first files
 *
 * What is heard is kept in a table, by the routers of the files in force and their families: a move at once, everything else
 * every two seconds. Who misses a move has the state soon all the same. Of a process that says nothing any more and yet is there,
 * nobody knows what its routers are: they stay what they were for services, and are shown as unknown.
 *
 * A router is its interface, family and VRID: by another name it is the same one, and nothing moves. So it is where the reconciler
 * begins anew and they do not: what they are is taken over from what their process says, and is no move; but what moved since the
 * reconciler before ended was told by nobody. */
#pragma once

#include "base/address.h"
#include "daemon/convey.h"
#include "daemon/messages.h"
#include "daemon/router_forms.h"
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

/* A change of state that was. */
struct routing_change {
	uint64_t wall; /* CLOCK_REALTIME ns */
	enum vrrp_state from, to;
	char *why; /* owned */
};
#define ROUTING_CHANGES_MOST 8u
/* For how long their process may say nothing. */
#define ROUTING_SILENCE_NS 5000000000ull

/* A virtual router of one family, as it was told of last. */
struct routing_router {
	const char *name;               /* of the mapping; borrowed from the table */
	const char *interface;          /* likewise */
	struct config_text_list notify; /* likewise */
	struct message_vrrp_state told;
	bool known; /* it was told of */
	bool heard; /* likewise, by whatever process: a move is one from what it was */
	uint64_t
		silent; /* when its process said something last, and that is long ago; 0: it speaks */
	uint64_t
		wall; /* CLOCK_REALTIME ns of the last change of state that was told; 0: none was */
	struct routing_change
		changes[ROUTING_CHANGES_MOST]; /* the last of them, the latest first */
	size_t change_count;
};

/* One change of state. Borrowed. */
struct routing_move {
	const struct routing_router *router;
	enum vrrp_state from, to;
	uint64_t wall;
	const char *why;
	bool left; /* the files have it no more, so `notify` is that of the router */
};

struct routing_options {
	/* As channel_send(). */
	int (*send)(void *data, uint16_t kind, const void *payload, size_t size);
	/* In order; of those that the files have no more when their plan is in force. */
	void (*moved)(void *data, const struct routing_move *move);
	void (*told)(void *data); /* the table may be another */
	/* What is known elsewhere of words that the process says of a router of the files, by its place; NULL: nothing more. The caller
	 * frees it. May be NULL. */
	char *(*explain)(void *data, size_t router, const char *why);
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
/* Somebody has looked at the machine: what the process only supposes of others it forgets. One that is not there has nothing to
 * forget. */
void routing_forget_supposed(struct routing *routing);

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

/* Somebody says what it is. */
static inline bool routing_is_known(const struct routing_router *router)
{
	return router->known && !router->silent;
}

/* The place of the first one behind that name and family. */
size_t routing_after(const struct routing *routing, const char *name, uint16_t family);

/* The form that each one's peer used last. Starts as it was remembered; takes the contents of `forms`. */
void routing_remember(struct routing *routing, struct router_forms *forms);
/* Of the files' virtual routers alone. `serial`: another number when they are others. Borrowed until the next call. */
const struct router_forms *routing_forms(const struct routing *routing, uint64_t *serial);

/* Whether the files' virtual routers are those that are kept. */
bool routing_is_settled(const struct routing *routing);

/* NULL: nobody keeps virtual routers. */
const struct message_vrrp_stats *routing_stats(const struct routing *routing);
struct routing_counters {
	uint64_t plans, committed, broken, stale, malformed;
	uint64_t lost;    /* moves that were not heard */
	uint64_t cleared; /* times that the supervisor removed what a process left */
};
struct routing_counters routing_counters(const struct routing *routing);
