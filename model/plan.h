// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan: the ordered operations that take a live state to a desired one.
 *
 * reconciler/diff.c makes plans, reconciler/plan_text.c and plan_json.c print and read them, a
 * backend carries their operations out (backends/backend.h). An operation holds the object before
 * and after by value, so a plan outlives the states that it was made from, can be saved, and can be
 * checked against the live state when it is applied later. */
#pragma once

#include "model/state.h"

enum plan_verb {
	PLAN_VERB_ADD,
	PLAN_VERB_UPDATE,
	PLAN_VERB_REPLACE, /* delete and add in one operation, where the backend has no update */
	PLAN_VERB_DELETE,
	PLAN_VERB_COUNT,
};

enum plan_object {
	PLAN_OBJECT_SERVICE,
	PLAN_OBJECT_DESTINATION,
	PLAN_OBJECT_TIMEOUTS,
	PLAN_OBJECT_SYNC,
	PLAN_OBJECT_SYSCTL,
	PLAN_OBJECT_PORT_ADDRESS,
	PLAN_OBJECT_ROUTE,
	PLAN_OBJECT_COUNT,
};

/* before is meaningful for update, replace and delete; after for add, update and replace. Deleting
 * a service deletes its destinations with it: they have no operations of their own. */
struct plan_op {
	enum plan_verb verb;
	enum plan_object object;
	bool disruptive; /* established or new connections may suffer while it is carried out */
	struct service_key service; /* of a service or destination operation */
	union {
		struct {
			struct service_attributes before, after;
		} attributes; /* PLAN_OBJECT_SERVICE */
		struct {
			struct destination_key key;
			struct destination_attributes before, after;
		} destination;
		struct {
			struct timeouts before, after; /* after: the set ones are to be written */
		} timeouts;
		struct {
			struct sync_daemon before, after;
		} sync;
		struct {
			char name[SYSCTL_NAME_SIZE];
			char before[SYSCTL_VALUE_SIZE], after[SYSCTL_VALUE_SIZE];
		} sysctl;
		struct {
			struct port_address_key key;
			struct port_address_attributes before, after;
		} port_address;
		struct {
			struct data_route_key key;
			struct data_route_attributes before, after;
		} route;
	};
};

struct plan_op_vector {
	VECTOR_OF(struct plan_op);
};

enum plan_note_kind {
	PLAN_NOTE_UNMANAGED, /* a live service of others, left alone */
	PLAN_NOTE_ADOPTED,   /* a live service of others that the file declares: ours from now on */
	PLAN_NOTE_KEPT,      /* owned and not declared, kept by `prune: none` */
	PLAN_NOTE_LEAVING, /* not declared any more: a later plan deletes it, when its destinations have drained */
	PLAN_NOTE_PORT_MISSING, /* a declared port that the data plane was not started with */
};

/* What the reader of a plan should know beside its operations. */
struct plan_note {
	enum plan_note_kind kind;
	struct service_key service; /* of no family where it is about a port */
	size_t destinations;        /* live ones */
	char port[DATA_PORT_NAME_SIZE];
};

struct plan_note_vector {
	VECTOR_OF(struct plan_note);
};

/* Notes about ports come first, then those about services in key order; operations in the order of execution. */
struct plan {
	struct plan_op_vector ops;
	struct plan_note_vector notes;
};

struct plan_totals {
	size_t add, change, remove, disruptive, unmanaged;
	size_t leaving; /* services that go later */
};

/* Counts one operation. */
void plan_totals_add(struct plan_totals *totals, const struct plan_op *op);

struct plan_totals plan_count(const struct plan *plan);

/* The object of an operation in words: "service tcp://203.0.113.10:80", "destination 10.0.0.1:80 of
 * tcp://203.0.113.10:80", "timeouts", "sync active", "sysctl expire_nodest_conn", "address 203.0.113.2
 * of port wan", "route 10.0.0.0/8". Appends. */
void plan_op_describe(const struct plan_op *op, struct strbuf *text);

/* Whether two operations do the same to the same object, from the same state. */
bool plan_op_equal(const struct plan_op *a, const struct plan_op *b);

const char *plan_verb_name(enum plan_verb verb);
const char *plan_object_name(enum plan_object object);
int plan_verb_from_name(const char *name);
int plan_object_from_name(const char *name);

void plan_clear(struct plan *plan);

#define _cleanup_plan_ _cleanup_(plan_clear)
