// SPDX-License-Identifier: GPL-2.0-or-later
/* What poise needs of a load balancer: the interface that every backend implements.
 *
 * A backend holds services, destinations and some globals, and knows nothing of files, ownership,
 * drains or plans' order: it reads what is there and carries out operations that it is given. The
 * reconciler (reconciler/) is its only caller. tests/memory/ implements it in memory,
 * backends/ipvs/ for the kernel; one conformance suite (tests/conformance/) runs against each. To
 * add a backend: a folder, one `const struct backend_ops`, one line in backends/backend.c.
 *
 * All calls are made from one thread, and block for as long as the backend needs. */
#pragma once

#include "base/error.h"
#include "base/vector.h"
#include "model/plan.h"
#include "model/state.h"

/* An open backend. Each implementation embeds it as its first member. */
struct backend {
	const struct backend_ops *ops;
};

/* What a backend can do, so that the diff plans only that. */
struct backend_abilities {
	uint32_t forward_methods;       /* 1 << enum forward_method */
	bool scheduler_change_disrupts; /* changing a service's scheduler refuses connections
					   meanwhile */
	bool sync_daemons;
	bool sysctls;
	bool timeouts;
	bool routes; /* addresses of ports, and routes, of its own */
	bool atomic; /* a batch is seen by traffic whole or not at all */
};

/* Which services a read is about. What is in scope must be right in the answer whatever other
 * programs do meanwhile; services beside it are as good as the backend can tell (they are only
 * shown, and never deleted unless they were seen). */
struct backend_scope {
	/* Sorted by service_key_compare(), borrowed. NULL with count 0: none must be exact. */
	const struct service_key *keys;
	size_t count;
	bool only;          /* read just these, and no others; globals are read all the same */
	bool services_only; /* globals are of no interest: `ret` may be without them */
};

/* Whether `key` is in scope; false where there is none. */
bool backend_scope_has(const struct backend_scope *scope, const struct service_key *key);

enum backend_result_status {
	BACKEND_RESULT_DONE, /* the object is now as the operation wants it */
	BACKEND_RESULT_FAILED,
	BACKEND_RESULT_SKIPPED, /* not tried, or pointless: what it depends on failed */
};

/* What a figure is about. */
enum backend_figure_kind {
	BACKEND_FIGURE_PORT, /* what packets come in by and go out by, under its name in the file */
	BACKEND_FIGURE_WORKER, /* who forwards them, under its number */
	BACKEND_FIGURE_DROP, /* packets that were dropped: `name` is the reason, `object` by whom */
	BACKEND_FIGURE_PART, /* of anything else that counts */
	BACKEND_FIGURE_COUNT,
};

#define BACKEND_FIGURE_NAME 64

/* One thing that a backend counts beside services and destinations: of the port "wan", "packets_in".
 * Names are the backend's own, in lower case, with underscores (reasons: with dashes). What is counted
 * only grows while the backend runs, but for rates (_per_second), shares (_percent), and what there is
 * now (up, flows, free, all, and what ends in _free or _all). */
struct backend_figure {
	enum backend_figure_kind kind;
	char object[BACKEND_FIGURE_NAME];
	char name[BACKEND_FIGURE_NAME];
	uint64_t value;
};

/* Each kind, object and name once. Rows of one kind and one object stand behind each other, if only those of
 * their kind are looked at. */
struct backend_figures {
	VECTOR_OF(struct backend_figure);
};

/* How long it may take to read them. */
#define BACKEND_FIGURES_NS UINT64_C(250000000)

/* "port", "worker", "drop", "part". */
const char *backend_figure_kind_name(enum backend_figure_kind kind);

/* The outcome of one operation. error.text says in words what to do, without naming the object (the
 * caller does). */
struct backend_result {
	enum backend_result_status status;
	int code; /* 0 or -errno */
	struct error error;
};

struct backend_ops {
	/* The word after `backend:` in the file. */
	const char *name;

	/* What abilities() gives on a machine where nothing is missing: for plans that are made
	 * without opening the backend. */
	const struct backend_abilities *static_abilities;

	/* Connects, in the network namespace of the calling process. Makes nothing in the backend's
	 * tables. *ret is freed by close(). `run_dir` is where the programs of poise meet (NULL: the
	 * default of this namespace). Errors: -ENOENT when the backend is not there (its module is not
	 * loaded, its program does not run), -EPERM without the privilege; `error` says what to do. */
	int (*open)(const char *run_dir, struct backend **ret, struct error *error);

	/* Never fails; NULL is allowed. What was applied stays. */
	void (*close)(struct backend *backend);

	/* Constant for an open backend; borrowed. */
	const struct backend_abilities *(*abilities)(struct backend *backend);

	/* The live state, sorted, each object once, into an empty `ret` that the caller clears. On
	 * failure `ret` is empty. scope may be NULL: everything, nothing exact. -EAGAIN when no
	 * right answer could be had in bounded tries. */
	int (*read)(struct backend *backend, const struct backend_scope *scope, struct state *ret,
		struct error *error);

	/* Carries out `count` operations in the order given, and fills results[i] for each (zeroed
	 * by the caller, who clears their errors). One failed operation does not stop the others;
	 * operations on the destinations of a service whose add failed in the same batch are
	 * SKIPPED. An add of what is there already becomes an update; a delete of what is gone is
	 * DONE. An operation marked disruptive is sent alone and awaited. Of an atomic backend
	 * (abilities) the whole is done or nothing: one operation is FAILED then, the first that
	 * cannot be, and all others are SKIPPED (reconciler/batch.h tries those again). Returns 0 when every
	 * operation has a result (whatever it is); -errno when the connection itself was lost:
	 * results then tell which were carried out, and those in doubt are FAILED with that code.
	 */
	int (*apply)(struct backend *backend, const struct plan_op *ops, size_t count,
		struct backend_result *results, struct error *error);

	/* Optional (NULL: it counts nothing but services and destinations). All figures as they are now, into an
	 * empty `ret` that the caller clears. Takes BACKEND_FIGURES_NS at most, whatever the backend does, and
	 * disturbs nothing else that is asked of it: for who shows it, not for who decides. On failure `ret` is
	 * empty. */
	int (*figures)(struct backend *backend, struct backend_figures *ret, struct error *error);

	/* Optional, both or neither (NULL): for a backend that can tell when something happened.
	 *
	 * A descriptor that is readable when it has something to tell, or -1. It is the backend's, and good until
	 * close(). */
	int (*fd)(struct backend *backend);

	/* Reads what came, without blocking. 1: everything should be looked at again (all may be gone); 0: nothing that
	 * matters; -errno: nothing more will come, and fd() is not to be polled any more. Level-triggered: what was
	 * not read yet leaves the descriptor readable. */
	int (*dispatch)(struct backend *backend);
};

/* The backend of that name, or NULL. Borrowed. */
const struct backend_ops *backend_find(const char *name);

void backend_result_clear(struct backend_result *result);
