// SPDX-License-Identifier: GPL-2.0-or-later
/* One suite of cases for every backend.
 *
 * A case gets a fixture with an open, empty backend, queues operations with the fixture_* functions
 * (which also note what must be there afterwards), runs them, and has the backend read back and
 * compared field by field. For the kernel each case has a network namespace of its own, and every
 * comparison is made a second time through the sockopt transport, as far as that can see. For
 * poise-dataplane each has a server in a process of its own, without packets. */
#pragma once

#include "backends/backend.h"
#include "tests/memory/memory.h"

struct fixture {
	bool kernel; /* the IPVS backend, not the one in memory */
	const struct backend_ops *ops;
	struct backend *backend;
	struct memory_table *table; /* NULL for the others */
	bool dataplane;             /* the DPDK backend */
	char *folder, *path;        /* of the server's socket; NULL for the others */
	pid_t server;

	struct state expected;       /* sorted by fixture_compare() */
	struct plan_op_vector queue; /* operations not yet carried out */
	struct backend_result *results;
	size_t result_count;
	int status; /* what the last apply() returned */
	int failures;
};

/* What a case is about, and not every backend has. */
enum conformance_need {
	CONFORMANCE_NEED_TIMEOUTS = 1 << 0,
	CONFORMANCE_NEED_SYNC = 1 << 1,
	CONFORMANCE_NEED_SYSCTLS = 1 << 2,
	CONFORMANCE_NEED_ENGINES = 1 << 3,
	CONFORMANCE_NEED_ATOMIC = 1 << 4,
	CONFORMANCE_NEED_ROUTES = 1 << 5, /* and the ports `lan` and `wan` */
	CONFORMANCE_NEED_FIGURES = 1 << 6,
};

struct conformance_case {
	const char *name;
	void (*run)(struct fixture *fixture);
	unsigned int needs; /* enum conformance_need */
	bool kernel_only;
	bool machine_only; /* unloads modules: only where the machine is ours (VM_MODE=qemu) */
};

/* The tables of the files of this folder; each ends with an entry without a name. */
extern const struct conformance_case attribute_cases[];
extern const struct conformance_case batch_cases[];
extern const struct conformance_case figure_cases[];
extern const struct conformance_case global_cases[];
extern const struct conformance_case kernel_cases[];

/* Notes a failure with file and line; the case goes on. */
#define expect(fixture, condition, ...)                                                            \
	((condition) ? (void)0                                                                     \
		     : fixture_fail((fixture), __FILE__, __LINE__, #condition, __VA_ARGS__))
void fixture_fail(struct fixture *fixture, const char *file, int line, const char *condition,
	const char *format, ...) _printf_(5, 6);

/* Keys from texts that must be right. */
struct service_key key_of(const char *listen);
struct destination_key endpoint_of(const char *text);

/* Attributes to start from: wlc, not persistent, a full mask; weight 1, nat. */
struct service_attributes plain_service(const struct service_key *key);
struct destination_attributes plain_destination(void);

/* Each queues one operation, and notes in `expected` what it makes. */
void queue_service(struct fixture *fixture, enum plan_verb verb, const struct service_key *key,
	const struct service_attributes *attributes);
void queue_destination(struct fixture *fixture, enum plan_verb verb,
	const struct service_key *service, const struct destination_key *key,
	const struct destination_attributes *attributes);

/* Queues an operation as it is, and notes nothing. */
void queue_op(struct fixture *fixture, const struct plan_op *op);

/* A plain service, or one with a scheduler; a plain destination. */
struct service_key add_service(struct fixture *fixture, const char *listen, const char *scheduler);
void add_destination(struct fixture *fixture, const struct service_key *service, const char *text);

/* Carries the queue out; `results` are then good until the next time. An atomic backend refuses all
 * for one that cannot be: it is asked again without that one, until it takes the rest, so that the
 * results are those of one by one. */
void run_queue(struct fixture *fixture);

/* The same, once. */
void run_queue_once(struct fixture *fixture);

/* Every result of the last run is DONE. */
void expect_done(struct fixture *fixture);

/* Result i has this status and code, and its text contains `words` (NULL for any). What an atomic
 * backend was asked for without the service that it depends on has FAILED. */
void expect_result(struct fixture *fixture, size_t i, enum backend_result_status status, int code,
	const char *words);

/* Reads everything and compares services and destinations with `expected`. */
void fixture_compare(struct fixture *fixture);

/* run_queue(), expect_done(), fixture_compare(). */
void run_and_compare(struct fixture *fixture);

/* Reads by scope into an empty state; notes a failure. The caller clears it. */
void fixture_read(struct fixture *fixture, const struct backend_scope *scope, struct state *ret);

/* Compares two states' services, sorted; `limited` leaves out what sockopt cannot show. */
void compare_services(struct fixture *fixture, const char *title, const struct state *expected,
	const struct state *found, bool limited);

/* Whether this backend has services of the kind of that listener: all but poise-dataplane have
 * firewall marks. */
bool fixture_has(const struct fixture *fixture, const char *listen);

/* Monotonic milliseconds. */
double clock_ms(void);

/* Back to the transport that the run began with: that of the environment, or the default. */
void fixture_first_transport(void);
