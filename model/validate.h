// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules between keys, and between things: what a table of keys cannot say. Internal to model/:
 * config_load() is the way in.
 *
 * What is wrong with one destination of a pool is said once, however many services use the pool.
 * Objects that are marked broken are left out: their errors are known. */
#pragma once

#include "model/decode.h"

/* So many destinations may all listeners have in the end: a pool and the services that use it
 * multiply. */
#define VALIDATE_DESTINATION_LIMIT (4u << 20)

/* After so many comparisons of a mistyped name with one that is there, no name is searched for any
 * more: what is wrong in a file, times what is in it, must not make the time of a run. */
#define VALIDATE_SUGGEST_LIMIT (1u << 17)

/* A destination in the place that it takes below a listener. */
struct validate_slot {
	struct destination_key key; /* first: destination_compare() works on it */
	const struct config_destination *destination;
};

/* An address that a virtual router has while it is active. */
struct validate_held {
	struct address address;
	const char *interface; /* a link-local address may be on several */
	const struct config_router *router;
	const struct config_virtual_address *item;
};

struct validate_held_vector {
	VECTOR_OF(struct validate_held);
};

struct validate {
	struct decode *decode;
	const struct config *config; /* named things sorted */
	bool incomplete;             /* a document is missing: what a name refers to may be in it */
	bool *said; /* by mark of a destination: an error about it was reported; or NULL */
	size_t said_count;
	size_t destinations;              /* of all listeners so far */
	size_t suggested;                 /* names that were compared with mistyped ones */
	struct validate_held_vector held; /* of all virtual routers, in order */
	struct {
		VECTOR_OF(struct validate_slot);
	} slots; /* of the listener at hand */
};

static inline bool validate_is_six(const struct address *address)
{
	return address->family == AF_INET6;
}

/* Reports everything. O(n log n). */
void validate_config(struct validate *validate);

/* Parts of it. */
void validate_service(struct validate *validate, const struct config_service *service);
void validate_destinations(
	struct validate *validate, const struct config_destination_list *destinations);
void validate_tunnel(struct validate *validate, const struct config_tunnel *tunnel);
void validate_ipvs(struct validate *validate, const struct config_ipvs *ipvs);
void validate_dpdk(struct validate *validate);
void validate_check(struct validate *validate, const struct config_check *check);
void validate_http(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_http *http);
/* Each virtual router, then all together; before services, who ask who has their address. */
void validate_routers(struct validate *validate);
void validate_router(struct validate *validate, const struct config_router *router);
void validate_track(struct validate *validate, const struct config_router *router);
/* The virtual router, of several the first, that has this address; or NULL. */
const struct config_router *validate_holder(
	const struct validate *validate, const struct address *address);
/* Row `key` of `object` is a network: no bit is set past its length. */
void validate_network(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const struct config_prefix *prefix);
extern const char validate_mapped[]; /* what is said of an address that is */
bool validate_is_broadcast(const struct address *address);
/* What is wrong with an address as one that this machine or another has, or NULL. */
const char *validate_host_address(const struct address *address);
/* What it is of its network that no address of a machine should be, or NULL. The last two of a network are addresses. */
const char *validate_edge_of_network(const struct config_prefix *prefix);
/* `user` is a name: a number is none, as user database and shells take it. */
void validate_user(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const char *user);
/* `key` of `object` is a program and its arguments. */
void validate_program(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key,
	const struct config_text_list *command);
/* Of a service whose destinations are all known and sound. */
void validate_health(struct validate *validate, const struct config_service *service);
/* Checks that no service, pool or destination names. Last: where there are errors, one of them may be why. */
void validate_unused_checks(struct validate *validate);
/* `names`: of the destination's checks. */
void validate_probes(struct validate *validate, const struct config_listener *listener,
	const struct config_destination *destination, const struct config_name_list *names);

/* Names of checks must be of those that are declared, each once. */
void validate_check_references(struct validate *validate, const struct config_name_list *names);

/* The name of a virtual router must be one that is declared; NULL is none. `mapping`, `object` and
 * `key` say where it stands. */
void validate_router_reference(struct validate *validate, const char *name,
	const struct schema_mapping *mapping, const struct config_object *object, unsigned int key);

/* "first at FILE:LINE:COLUMN"; the caller frees it. */
char *validate_first_at(const struct validate *validate, uint32_t mark);

/* Whether nothing was said about this destination yet; it is then taken as said. */
bool validate_say_once(struct validate *validate, const struct config_destination *destination);

/* Whether `count` names may be searched for the one that was meant; they then count as searched. */
bool validate_may_suggest(struct validate *validate, size_t count);

/* The backend in words: "IPVS", "the data plane". */
const char *validate_backend(const struct validate *validate);

/* Shorthands: an error or warning where row `key` of an object stands. */
void validate_error(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const char *hint, const char *format,
	...) _printf_(6, 7);
void validate_warning(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const char *hint, const char *format,
	...) _printf_(6, 7);

void validate_clear(struct validate *validate);
