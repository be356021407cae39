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
#include "model/state.h"

/* `drain` where no file says otherwise. */
#define DECLARED_DEFAULT_DRAIN_NS 30000000000ull

/* A destination as the file wants it while everything is well. */
struct declared_destination {
	struct destination_key key; /* first: destination_compare() works on it */
	struct destination_attributes attributes;
	bool drain;        /* `state: drain` */
	const char *check; /* name of its check, or NULL; borrowed from the config */
};

struct declared_destination_vector {
	VECTOR_OF(struct declared_destination);
};

struct declared_service {
	struct service_key key; /* first: service_compare() works on it */
	struct service_attributes attributes;
	const char *name; /* of the mapping in the file; borrowed from the config */
	uint64_t drain;   /* nanoseconds; 0: destinations that leave go at once */
	struct declared_destination_vector destinations; /* sorted */
};

struct declared_service_vector {
	VECTOR_OF(struct declared_service);
};

/* Sorted like a state. Borrows names from the config it was made from, which must outlive it. */
struct declared {
	const char *backend;
	enum config_prune prune;
	unsigned int max_delete; /* percent */
	struct declared_service_vector services;
	struct timeouts timeouts; /* those that the file names */
	struct sync_vector sync;
	bool sync_managed;            /* the file has `ipvs: {sync: …}` */
	struct sysctl_vector sysctls; /* those that the file names */
	size_t checks;                /* number of checks declared */
};

/* From a config that config_load() accepted, into an empty `ret`; never fails. O(n log n). */
void declared_from_config(const struct config *config, struct declared *ret);

const struct declared_service *declared_find_service(
	const struct declared *declared, const struct service_key *key);

void declared_clear(struct declared *declared);

#define _cleanup_declared_ _cleanup_(declared_clear)
