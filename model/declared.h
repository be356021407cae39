// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files declare, as objects: the input of reconciler/step.c.
 *
 * model/config.h holds the file's own shape (names, pools, lists of listeners, defaults).
 * declared_from_config() resolves that into one declared service per listener, each with its own
 * destinations, weights, ports and rules: no pool, no default and no name to look up is left. What
 * the world says (health, operator, roles) is not in here: those are facts, and step() combines
 * them. */
#pragma once

#include "model/config.h"
#include "model/probe.h"
#include "model/state.h"

/* `drain` where no file says otherwise. */
#define DECLARED_DEFAULT_DRAIN_NS 30000000000ull

/* Borrowed from the config. */
struct declared_checks {
	CONFIG_LIST_OF(const struct config_check *);
};

/* A destination as the file wants it while everything is well. */
struct declared_destination {
	struct destination_key key; /* first: destination_compare() works on it */
	struct destination_attributes attributes;
	bool drain;                    /* `state: drain` */
	bool fallback;                 /* serves only while the quorum is lost */
	struct declared_checks checks; /* all must pass; by name. In the arena of the declared */
};

struct declared_destination_vector {
	VECTOR_OF(struct declared_destination);
};

struct declared_service {
	struct service_key key; /* first: service_compare() works on it */
	struct service_attributes attributes;
	const char *name; /* of the mapping in the file; borrowed from the config */
	uint64_t drain;   /* nanoseconds; 0: destinations that leave go at once */
	enum config_on_failure on_failure;
	uint32_t quorum, quorum_hysteresis;    /* sums of weights */
	uint32_t min_healthy;                  /* percent */
	uint64_t slow_start;                   /* nanoseconds; 0: none */
	const struct config_text_list *notify; /* empty: none; borrowed from the config */
	const char *router;   /* the virtual router that has its address; NULL: none. Borrowed */
	bool standby_removes; /* it is there only while that router is active */
	bool has_fallback;    /* one of the destinations is a fallback */
	struct declared_destination_vector destinations; /* sorted; fallbacks among the others */
};

struct declared_service_vector {
	VECTOR_OF(struct declared_service);
};

/* A virtual router: what the guard against mass deletion has to know of it. Borrowed from the config, but for itself. */
struct declared_router {
	const char *name; /* first: declared_router_compare() works on it */
	const char *interface;
	uint32_t vrid;
	struct config_virtual_address_list addresses; /* in the order of the file */
};

struct declared_router_vector {
	VECTOR_OF(struct declared_router);
};

#define DECLARED_BACKEND_DEFAULT "ipvs"

/* Sorted like a state. Borrows names from the config it was made from, which must outlive it. */
struct declared {
	const char *backend; /* DECLARED_BACKEND_DEFAULT where the files name none */
	enum config_prune prune;
	unsigned int max_delete; /* percent */
	struct declared_service_vector services;
	struct timeouts timeouts; /* those that the file names */
	struct sync_vector sync;
	bool sync_managed; /* the file has `ipvs: {sync: …}` */
	const char *
		sync_follows; /* the virtual router whose role the one daemon has; NULL: none. Borrowed */
	struct sysctl_vector sysctls;  /* those that the file names */
	struct data_port_vector ports; /* sorted by name; those are all that is said of them */
	struct port_address_vector port_addresses;
	struct data_route_vector routes;       /* each with its port */
	bool ways_managed;                     /* the file has `dpdk`: the last two are exact */
	struct declared_router_vector routers; /* sorted by name */
	size_t checks;                         /* number of checks declared */
	struct arena arena;                    /* lists of checks */
};

/* From a config that config_load() accepted, into an empty `ret`; never fails. O(n log n). */
void declared_from_config(const struct config *config, struct declared *ret);

/* Whether a backend is asked for anything: virtual routers, and nothing else, ask none that is not named. */
bool declared_wants_backend(const struct declared *declared);

const struct declared_service *declared_find_service(
	const struct declared *declared, const struct service_key *key);

/* Order of names. */
int declared_router_compare(const void *a, const void *b);

/* Whether both are the same for step(): a check counts by what it probes, its parameters do not. */
bool declared_service_equal(const struct declared_service *a, const struct declared_service *b);

/* What is probed for a destination by one of its checks; whoever has the same shares the probe. The name is borrowed. */
struct probe_key declared_probe_key(
	const struct declared_destination *destination, const struct config_check *check);

struct declared_probe {
	struct probe_key key; /* first: probe_key_compare() works on it */
	const struct config_check *check;
};

struct declared_probe_vector {
	VECTOR_OF(struct declared_probe);
};

/* Every probe that the destinations ask for, each once, sorted, into an empty `ret`. All borrowed. O(n log n). */
void declared_probes(const struct declared *declared, struct declared_probe_vector *ret);

void declared_clear(struct declared *declared);

#define _cleanup_declared_ _cleanup_(declared_clear)
