// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/read.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include "backends/ipvs/encode.h"
#include "backends/ipvs/sockopt.h"
#include "backends/ipvs/sysctl.h"

/* How often the service dump is repeated until it agrees with the one before; the destination dump
 * of one service; a dump of which a part was lost. */
enum {
	READ_ROUNDS = 3,
	READ_AGREEMENT_TRIES = 8,
	READ_LOSS_TRIES = 5
};

/* From so many services on, their destinations are read together. */
#define READ_TOGETHER 8

/* Where the messages of a dump go. `clear` empties the target before another try. */
struct read_target {
	union {
		struct service_vector *services;
		struct destination_vector *destinations;
		struct sync_vector *daemons;
	};
	uint16_t family; /* the service's, for destinations */
	int code;        /* of the first message that could not be decoded */
};

static void read_take_service(void *context, size_t index, const struct nlmsghdr *message)
{
	struct read_target *target = context;
	struct service service;
	int code = ipvs_decode_service(message, &service);

	(void)index;
	if (code == 0)
		vector_push(target->services, service);
	else if (code != -EPROTONOSUPPORT && target->code == 0)
		target->code = code;
}

static void read_take_destination(void *context, size_t index, const struct nlmsghdr *message)
{
	struct read_target *target = context;
	struct destination destination;
	int code = ipvs_decode_destination(message, target->family, &destination);

	(void)index;
	if (code == 0)
		vector_push(target->destinations, destination);
	else if (target->code == 0)
		target->code = code;
}

static void read_take_daemon(void *context, size_t index, const struct nlmsghdr *message)
{
	struct read_target *target = context;
	struct sync_daemon daemon;
	int code = ipvs_decode_daemon(message, &daemon);

	(void)index;
	if (code == 0)
		vector_push(target->daemons, daemon);
	else if (target->code == 0)
		target->code = code;
}

struct read_timeouts {
	struct timeouts timeouts;
	int code;
};

static void read_take_timeouts(void *context, size_t index, const struct nlmsghdr *message)
{
	struct read_timeouts *target = context;

	(void)index;
	target->code = ipvs_decode_timeouts(message, &target->timeouts);
}

/* Removes neighbours with equal keys, keeping the first: churn makes the kernel repeat entries. */
static void read_unique_services(struct service_vector *services)
{
	size_t kept = 0;

	vector_sort(services, service_compare);
	for (size_t i = 0; i < services->count; i++) {
		if (kept && service_compare(&services->items[kept - 1], &services->items[i]) == 0)
			service_clear(&services->items[i]);
		else
			services->items[kept++] = services->items[i];
	}
	services->count = kept;
}

static void read_unique_destinations(struct destination_vector *destinations)
{
	size_t kept = 0;

	vector_sort(destinations, destination_compare);
	for (size_t i = 0; i < destinations->count; i++)
		if (!kept || destination_compare(
				     &destinations->items[kept - 1], &destinations->items[i]) != 0)
			destinations->items[kept++] = destinations->items[i];
	destinations->count = kept;
}

static int read_dump_services(
	struct ipvs_genl *genl, struct service_vector *ret, enum ipvs_dump_state *state)
{
	int code = -EAGAIN;

	for (int i = 0; i < READ_LOSS_TRIES && code == -EAGAIN; i++) {
		struct read_target target = {.services = ret};

		ret->count = 0;
		code = ipvs_genl_dump(genl, ipvs_encode_plain(IPVS_CMD_GET_SERVICE, NLM_F_DUMP),
			read_take_service, &target, state);
		if (code == 0)
			code = target.code;
	}
	read_unique_services(ret);
	return code;
}

static int read_dump_destinations(struct ipvs_genl *genl, const struct service_key *key,
	struct destination_vector *ret, enum ipvs_dump_state *state)
{
	int code = -EAGAIN;

	for (int i = 0; i < READ_LOSS_TRIES && code == -EAGAIN; i++) {
		struct read_target target = {.destinations = ret, .family = key->address.family};

		ret->count = 0;
		code = ipvs_genl_dump(genl,
			ipvs_encode_service_key(IPVS_CMD_GET_DEST, NLM_F_DUMP, key),
			read_take_destination, &target, state);
		if (code == 0)
			code = target.code;
	}
	read_unique_destinations(ret);
	return code;
}

static bool read_same_destinations(
	const struct destination_vector *a, const struct destination_vector *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (destination_compare(&a->items[i], &b->items[i]) != 0 ||
			!destination_attributes_equal(
				&a->items[i].attributes, &b->items[i].attributes))
			return false;
	return true;
}

static int read_dumped_destinations(
	struct ipvs_genl *genl, const struct service_key *key, struct destination_vector *ret)
{
	struct destination_vector before = {};
	bool settled = false;
	int code = 0;

	for (int i = 0; i < READ_AGREEMENT_TRIES && code == 0 && !settled; i++) {
		enum ipvs_dump_state state = IPVS_DUMP_PIECES;
		struct destination_vector swap = before;

		before = *ret;
		*ret = swap;
		code = read_dump_destinations(genl, key, ret, &state);
		settled = state == IPVS_DUMP_EXACT || (i && read_same_destinations(ret, &before));
		/* It may well have room in one part of a larger size, and others after it. */
		if (code == 0 && !settled && genl->receive_size == IPVS_RECEIVE_SMALL)
			code = ipvs_genl_reconnect(genl, IPVS_RECEIVE_LARGE);
	}
	vector_clear(&before);
	if (code < 0)
		return code;
	return settled ? 0 : -EAGAIN;
}

int ipvs_read_destinations(
	struct ipvs_genl *genl, const struct service_key *key, struct destination_vector *ret)
{
	ret->count = 0;
	if (genl->lists >= 0 && key->address.family == AF_INET &&
		ipvs_sockopt_destinations(genl->lists, key, ret) == 0)
		return 0;
	return read_dumped_destinations(genl, key, ret);
}

int ipvs_read_service(struct ipvs_genl *genl, const struct service_key *key, struct service *ret)
{
	struct service_vector found = {};
	struct read_target target = {.services = &found};
	int code = -ENOBUFS;

	/* An answer that was lost is asked for again. */
	for (int i = 0; i < READ_LOSS_TRIES && code == -ENOBUFS; i++)
		code = ipvs_genl_request(genl,
			ipvs_encode_service_key(IPVS_CMD_GET_SERVICE, 0, key), false,
			read_take_service, &target);
	if (code == 0 && found.count != 1)
		code = target.code ? target.code : -EBADMSG;
	if (code == 0)
		*ret = found.items[0];
	vector_clear(&found);
	return code;
}

/* The services of at most IPVS_WINDOW_MAX keys that exist, appended in no order. */
static int read_get_batch(struct ipvs_genl *genl, const struct service_key *keys, size_t count,
	struct service_vector *ret)
{
	_cleanup_batch_ struct ipvs_batch batch = {};
	struct read_target target = {.services = ret};
	int codes[IPVS_WINDOW_MAX];
	int code = 0;

	for (size_t i = 0; i < count && code == 0; i++)
		code = ipvs_batch_add(
			&batch, ipvs_encode_service_key(IPVS_CMD_GET_SERVICE, 0, &keys[i]));
	if (code == 0)
		code = ipvs_genl_exchange(genl, &batch, false, codes, read_take_service, &target);
	for (size_t i = 0; i < count && code == 0; i++) {
		if (codes[i] == IPVS_ANSWER_LOST) {
			struct service service;

			codes[i] = ipvs_read_service(genl, &keys[i], &service);
			if (codes[i] == 0)
				vector_push(ret, service);
		}
		if (codes[i] != -ESRCH)
			code = codes[i];
	}
	return code < 0 ? code : target.code;
}

/* The services of `keys` that exist, added to a sorted vector. */
static int read_get(struct ipvs_genl *genl, const struct service_key *keys, size_t count,
	struct service_vector *ret)
{
	int code = 0;

	for (size_t i = 0; i < count && code == 0; i += IPVS_WINDOW_MAX)
		code = read_get_batch(genl, keys + i, MIN(count - i, (size_t)IPVS_WINDOW_MAX), ret);
	read_unique_services(ret);
	return code;
}

/* Whether a difference between two dumps at this key asks for another round. */
static bool read_matters(const struct backend_scope *scope, const struct service_key *key)
{
	return !scope || !scope->count || backend_scope_has(scope, key);
}

static int read_service_destinations(struct ipvs_genl *genl, struct service *service)
{
	if (ipvs_sockopt_counts_fit(&service->traffic))
		return ipvs_read_destinations(genl, &service->key, &service->destinations);
	service->destinations.count = 0;
	return read_dumped_destinations(genl, &service->key, &service->destinations);
}

/* Reads the destinations of those that have none yet. An empty answer is asked for once in every
 * round: the service may have been missing at that moment. */
static int read_fill(
	struct ipvs_genl *genl, const struct backend_scope *scope, struct service_vector *services)
{
	size_t missing = 0;

	vector_foreach(services, service)
		missing += service->destinations.count == 0;
	if (missing >= READ_TOGETHER && genl->lists >= 0)
		ipvs_sockopt_fill(genl->lists, services);
	vector_foreach(services, service) {
		if (service->destinations.count)
			continue;
		int code = read_service_destinations(genl, service);
		/* What others' services hold is only shown: the last answer will do. */
		if (code == -EAGAIN && !backend_scope_has(scope, &service->key))
			continue;
		if (code < 0)
			return code;
	}
	return 0;
}

/* Makes a new dump (`list`, emptied) the known services; those that are as before keep their
 * destinations. Whether anything that matters was different. */
static bool read_adopt(const struct backend_scope *scope, struct service_vector *known,
	struct service_vector *list)
{
	bool changed = false;
	size_t i = 0, j = 0;

	while (i < known->count || j < list->count) {
		struct service *old = i < known->count ? &known->items[i] : NULL;
		struct service *new = j < list->count ? &list->items[j] : NULL;
		int order = !old ? 1 : !new ? -1 : service_compare(old, new);

		if (order == 0 && service_attributes_equal(&old->attributes, &new->attributes)) {
			new->destinations = old->destinations;
			old->destinations = (struct destination_vector){};
		} else {
			changed |= read_matters(scope, order > 0 ? &new->key : &old->key);
		}
		i += order <= 0;
		j += order >= 0;
	}
	vector_foreach(known, service)
		service_clear(service);
	vector_clear(known);
	*known = *list;
	*list = (struct service_vector){};
	return changed;
}

struct read_keys {
	VECTOR_OF(struct service_key);
};

/* IPv4 services in no dump, because services of any namespace came or went: they are in the list that the older
 * interface gives in one piece. Without an answer from there, dumps are all that we have. */
static void read_missed(
	struct ipvs_genl *genl, const struct service_vector *services, struct read_keys *ret)
{
	struct service_vector list = {};

	if (genl->lists >= 0)
		ipvs_sockopt_services(genl->lists, &list);
	vector_foreach(&list, listed) {
		if (!vector_find(services, &listed->key, service_compare))
			vector_push(ret, listed->key);
		service_clear(listed);
	}
	vector_clear(&list);
}

/* Whether the list that the older interface gives in one piece tells the same services: then the dump before
 * it missed none and none has changed since, and another dump, which costs ten times as much, can say no
 * more. It knows IPv4 alone and no engine: where there is other, the answer is no. */
static bool read_is_confirmed(struct ipvs_genl *genl, const struct service_vector *services)
{
	struct service_vector list = {};
	bool same = genl->lists >= 0 && ipvs_sockopt_services(genl->lists, &list) == 0 &&
		    list.count == services->count;

	for (size_t i = 0; same && i < list.count; i++)
		same = service_compare(&list.items[i], &services->items[i]) == 0 &&
		       service_attributes_equal(
			       &list.items[i].attributes, &services->items[i].attributes);
	vector_foreach(&list, service)
		service_clear(service);
	vector_clear(&list);
	return same;
}

/* What was in no dump, by key: all that is in scope, and of the others those that can be known. Once the IPv4
 * services are confirmed, what is not among them is not there. */
static int read_absent(struct ipvs_genl *genl, const struct backend_scope *scope, bool confirmed,
	struct service_vector *services)
{
	struct read_keys absent = {};
	int code = 0;

	if (!confirmed)
		read_missed(genl, services, &absent);
	for (size_t i = 0; scope && i < scope->count; i++)
		if (!(confirmed && scope->keys[i].address.family == AF_INET) &&
			!vector_find(services, &scope->keys[i], service_compare))
			vector_push(&absent, scope->keys[i]);
	if (absent.count)
		code = read_get(genl, absent.items, absent.count, services);
	if (absent.count && code == 0)
		code = read_fill(genl, scope, services);
	vector_clear(&absent);
	return code;
}

static int read_table(
	struct ipvs_genl *genl, const struct backend_scope *scope, struct service_vector *services)
{
	enum ipvs_dump_state state = IPVS_DUMP_PIECES;
	bool changed = true, confirmed = false;

	for (int round = 0; round < READ_ROUNDS && changed && !confirmed; round++) {
		struct service_vector list = {};
		int code = read_dump_services(genl, &list, &state);

		if (code < 0) {
			vector_clear(&list);
			return code;
		}
		changed = read_adopt(scope, services, &list) || round == 0;
		code = read_fill(genl, scope, services);
		if (code < 0)
			return code;
		confirmed = changed && read_is_confirmed(genl, services);
	}
	/* A table that came in one part is all there is. */
	if (state == IPVS_DUMP_EXACT)
		return 0;
	return read_absent(genl, scope, confirmed, services);
}

/* Just the services in scope. Those without destinations are asked for a second time, as their
 * service may have gone in between. */
static int read_only(
	struct ipvs_genl *genl, const struct backend_scope *scope, struct service_vector *services)
{
	size_t kept = 0;
	int code = read_get(genl, scope->keys, scope->count, services);

	if (code == 0)
		code = read_fill(genl, scope, services);
	for (size_t i = 0; i < services->count; i++) {
		struct service *service = &services->items[i], again;
		int there = 0;

		if (code == 0 && service->destinations.count == 0)
			there = ipvs_read_service(genl, &service->key, &again);
		if (there == -ESRCH) {
			service_clear(service);
			continue;
		}
		if (there < 0)
			code = there;
		services->items[kept++] = *service;
	}
	services->count = kept;
	return code;
}

int ipvs_read_daemons(struct ipvs_genl *genl, struct sync_vector *ret)
{
	size_t before = ret->count;
	int code = -EAGAIN;

	for (int i = 0; i < READ_LOSS_TRIES && code == -EAGAIN; i++) {
		struct read_target target = {.daemons = ret};
		enum ipvs_dump_state state;

		ret->count = before;
		code = ipvs_genl_dump(genl, ipvs_encode_plain(IPVS_CMD_GET_DAEMON, NLM_F_DUMP),
			read_take_daemon, &target, &state);
		if (code == 0)
			code = target.code;
	}
	return code;
}

static int read_globals(struct ipvs_genl *genl, struct state *ret)
{
	struct read_timeouts target = {.code = -EBADMSG};
	int code = ipvs_genl_request(genl, ipvs_encode_plain(IPVS_CMD_GET_CONFIG, 0), false,
		read_take_timeouts, &target);

	if (code == 0)
		code = target.code;
	ret->timeouts = target.timeouts;
	if (code == 0)
		code = ipvs_read_daemons(genl, &ret->sync);
	return code < 0 ? code : ipvs_sysctl_read(&ret->sysctls);
}

int ipvs_read_state(struct ipvs_genl *genl, const struct backend_scope *scope, struct state *ret)
{
	int code = scope && scope->only ? read_only(genl, scope, &ret->services)
					: read_table(genl, scope, &ret->services);

	if (code == 0 && !(scope && scope->services_only))
		code = read_globals(genl, ret);
	if (code == 0)
		state_sort(ret);
	return code;
}
