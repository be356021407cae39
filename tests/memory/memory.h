// SPDX-License-Identifier: GPL-2.0-or-later
/* A backend in memory, for tests: the semantics of IPVS, and faults on demand.
 *
 * A table is what the kernel would be: it outlives the backends that are opened on it. A test makes
 * one, opens memory_backend as often as it likes, and looks at the table's `state` and counters:
 *
 *	struct memory_table *table = memory_table_new();
 *	memory_table_use(table);
 *	memory_backend.open(&backend, &error);
 *	…
 *	memory_fail(table, 3, -ENOMEM);     the third operation from now fails
 *	memory_backend.apply(backend, …);
 *	assert(memory_writes(table) == 5);
 *
 * Like the kernel it refuses what cannot be (an unknown scheduler, a destination of a service that
 * is not there, a lower threshold above the upper one, …) with the same codes, makes an update of
 *an add of what is there, and takes a delete of what is gone for done. */
#pragma once

#include "backends/backend.h"

struct memory_table {
	struct state state; /* sorted; tests may read it, and write it between calls */

	size_t opens, reads;
	size_t operations; /* operations that arrived, refused ones and no-ops included */
	/* Operations that changed something, or would have if they had not been dropped. */
	size_t writes[PLAN_OBJECT_COUNT][PLAN_VERB_COUNT];

	bool atomic; /* a batch is done whole or not at all, as the data plane does it; set before open() */
	size_t applies; /* calls of apply() */

	/* Called once before the next apply(), and forgotten: another program that interferes
	 * between read and apply. */
	void (*interfere)(struct memory_table *table, void *context);
	void *context;

	/* Numbers of operations at which a fault strikes, counted by `operations`; 0 for never. */
	size_t fail_at, drop_at, lose_at;
	size_t read_fail_at; /* the same for reads */
	int fail_code, lose_code;
	struct backend_figures figures; /* that it gives */
	int figures_code;               /* what asking for them fails with; 0 for none */
	size_t figures_asked;
	bool gone; /* every open() fails: a module that is not loaded, a program that does not run */
	int open_code, read_code; /* what the next open() or read() fails with, once; 0 for none */
};

extern const struct backend_ops memory_backend;

/* A second one, "other", with a table of its own: for moves from one to the other. */
extern const struct backend_ops memory_other_backend;

/* Either of them by its name, or NULL. */
const struct backend_ops *memory_find(const char *name);

/* An empty table with the kernel's default timeouts and sysctls. */
struct memory_table *memory_table_new(void);
void memory_table_free(struct memory_table *table);

/* The table that the next open() is for. Borrowed until the backend is closed. */
void memory_table_use(struct memory_table *table);
void memory_table_use_other(struct memory_table *table);

/* The nth operation from now (1 is the next) fails with `code` (-errno) and does nothing. */
void memory_fail(struct memory_table *table, size_t nth, int code);

/* The nth operation from now is reported as done, and does nothing. */
void memory_drop(struct memory_table *table, size_t nth);

/* The connection is lost at the nth operation from now: it fails with `code`, as does apply(), and
 * those behind it in the same call are skipped. Later calls work again. */
void memory_lose(struct memory_table *table, size_t nth, int code);

/* All that was counted in `writes`. */
size_t memory_writes(const struct memory_table *table);

/* Forgets what was counted, and all faults. */
void memory_reset(struct memory_table *table);

/* The connections of a destination that is there, and what has passed through it. */
void memory_set_counts(struct memory_table *table, const struct service_key *service,
	const struct destination_key *destination, struct destination_counts counts);

/* What has passed through a service that is there. */
void memory_set_traffic(
	struct memory_table *table, const struct service_key *service, struct traffic traffic);

/* For interfering: puts a service or destination there, or takes it away, without counting. A
 * destination needs its service. Adding what is there replaces its attributes. */
struct service *memory_put_service(struct memory_table *table, const struct service_key *key,
	const struct service_attributes *attributes);
struct destination *memory_put_destination(struct memory_table *table,
	const struct service_key *service, const struct destination_key *key,
	const struct destination_attributes *attributes);
/* A port as the program would have been started with; an address of one, and a route. */
void memory_put_port(struct memory_table *table, const char *name);
void memory_put_port_address(struct memory_table *table, const struct port_address *address);
void memory_put_route(struct memory_table *table, const struct data_route *route);
bool memory_remove_port_address(struct memory_table *table, const struct port_address_key *key);
bool memory_remove_route(struct memory_table *table, const struct data_route_key *key);
bool memory_remove_service(struct memory_table *table, const struct service_key *key);
bool memory_remove_destination(struct memory_table *table, const struct service_key *service,
	const struct destination_key *key);
