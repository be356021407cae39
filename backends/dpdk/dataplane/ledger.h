// SPDX-License-Identifier: GPL-2.0-or-later
/* A generation as the main thread knows it: services and destinations with all that was said of them.
 *
 * Workers have a generation (generation.h), made for looking up; a ledger is its twin, made for being
 * read, compared and shown. It is immutable. A service that a transaction does not touch is shared by
 * the ledgers before and after it. A dump holds a reference for as long as its reader takes, whatever
 * is committed meanwhile; slots may have come free by then and be given to others, so a ledger says
 * which incarnation it means. Of the main thread alone, like its references. */
#pragma once

#include <stdint.h>

#include "backends/dpdk/dataplane/generation.h"
#include "backends/dpdk/dataplane/ways.h"
#include "model/state.h"

struct ledger_destination {
	struct destination_key key; /* first: found by it */
	struct destination_attributes attributes;
	uint32_t slot;
	uint16_t incarnation;
};

struct ledger_service {
	struct service_key key; /* first: found by it */
	struct service_attributes attributes;
	unsigned int references;
	uint32_t place;              /* service_image.place … */
	uint64_t since;              /* … which it has from this generation on */
	struct service_image *image; /* one reference */
	uint32_t count;
	struct ledger_destination destinations[]; /* sorted by key, as image->members */
};

struct ledger {
	unsigned int references;
	uint64_t number;   /* of its generation */
	struct ways *ways; /* one reference */
	uint32_t count;
	struct ledger_service *services[]; /* sorted by key; a reference each */
};

/* One with room for so many destinations, zeroed; one reference, the caller's. */
struct ledger_service *ledger_service_new(uint32_t count);
struct ledger_service *ledger_service_ref(struct ledger_service *service);
void ledger_service_unref(struct ledger_service *service);

/* One with room for so many services; one reference, the caller's. That of `ways` is taken over. */
struct ledger *ledger_new(uint64_t number, struct ways *ways, uint32_t count);
struct ledger *ledger_ref(struct ledger *ledger);
/* NULL is allowed. Returns NULL. */
struct ledger *ledger_unref(struct ledger *ledger);

/* NULL when there is none. Borrowed. */
struct ledger_service *ledger_find(const struct ledger *ledger, const struct service_key *key);

/* The same as a value for workers. */
struct generation *ledger_generation(const struct ledger *ledger);
