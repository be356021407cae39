// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/sockopt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <stdio.h>
#include <sys/socket.h>

#include "backends/ipvs/apply.h"
#include "backends/ipvs/decode.h"
#include "backends/ipvs/encode.h"
#include "backends/ipvs/sysctl.h"

/* The kernel does not say how many entries it gave, and gives no more than asked for: so there is
 * always room for a few more than expected, and an unused end shows that all came. */
enum {
	SOCKOPT_SPARE = 16,
	SOCKOPT_TRIES = 16
};

static int sockopt_get(int fd, int option, void *data, size_t size)
{
	socklen_t length = (socklen_t)size;

	return getsockopt(fd, IPPROTO_IP, option, data, &length) < 0 ? -errno : 0;
}

static int sockopt_set(int fd, int option, const void *data, size_t size)
{
	return setsockopt(fd, IPPROTO_IP, option, data, (socklen_t)size) < 0 ? -errno : 0;
}

int ipvs_sockopt_open(void)
{
	struct ip_vs_getinfo info = {};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return -errno;
	int code = sockopt_get(fd, IP_VS_SO_GET_INFO, &info, sizeof(info));
	if (code < 0) {
		close(fd);
		return code;
	}
	return fd;
}

static uint32_t sockopt_address(const struct address *address)
{
	uint32_t word;

	memcpy(&word, address->bytes, sizeof(word));
	return word;
}

/* What has more than 32 bits in the kernel is cut off here, but for the bytes. */
static struct traffic sockopt_decode_traffic(const struct ip_vs_stats_user *stats)
{
	return (struct traffic){
		.connections = stats->conns,
		.packets_in = stats->inpkts,
		.packets_out = stats->outpkts,
		.bytes_in = stats->inbytes,
		.bytes_out = stats->outbytes,
		.connection_rate = stats->cps,
		.byte_rate_in = stats->inbps,
		.byte_rate_out = stats->outbps,
	};
}

/* A destination has counted no more than its service; the half of it is for what passes meanwhile. */
bool ipvs_sockopt_counts_fit(const struct traffic *service)
{
	uint64_t most = MAX(service->packets_in, service->packets_out);

	return MAX(most, service->connections) <= UINT32_MAX / 2;
}

/* -EPROTONOSUPPORT for what poise cannot express. */
static int sockopt_decode_service(const struct ip_vs_service_entry *entry, struct service *ret)
{
	*ret = (struct service){.key.address.family = AF_INET};
	int code = 0;

	if (entry->fwmark) {
		ret->key.kind = SERVICE_KIND_FWMARK;
		ret->key.fwmark = entry->fwmark;
	} else {
		ret->key.address = address_from_bytes(AF_INET, &entry->addr);
		ret->key.port = ntohs(entry->port);
		code = ipvs_decode_protocol(entry->protocol, &ret->key.kind);
	}
	snprintf(ret->attributes.scheduler, sizeof(ret->attributes.scheduler), "%.*s",
		(int)sizeof(entry->sched_name) - 1, entry->sched_name);
	ipvs_decode_service_flags(
		&ret->attributes, AF_INET, entry->flags, entry->timeout, entry->netmask);
	ret->traffic = sockopt_decode_traffic(&entry->stats);
	return code;
}

/* Appends the destinations of one service. -ESRCH when it is gone. */
static int sockopt_read_destinations(
	int fd, const struct ip_vs_service_entry *entry, struct destination_vector *ret)
{
	size_t room = entry->num_dests + SOCKOPT_SPARE;

	for (int i = 0; i < SOCKOPT_TRIES; i++, room *= 2) {
		size_t size =
			sizeof(struct ip_vs_get_dests) + room * sizeof(struct ip_vs_dest_entry);
		_cleanup_free_ struct ip_vs_get_dests *get = memory_new(size);

		get->protocol = entry->protocol;
		get->addr = entry->addr;
		get->port = entry->port;
		get->fwmark = entry->fwmark;
		get->num_dests = (unsigned int)room;
		int code = sockopt_get(fd, IP_VS_SO_GET_DESTS, get, size);
		if (code < 0)
			return code;
		/* No destination has the address 0.0.0.0: the kernel wants a unicast one. */
		if (get->entrytable[room - 1].addr)
			continue;
		for (size_t j = 0; j < room && get->entrytable[j].addr; j++) {
			const struct ip_vs_dest_entry *from = &get->entrytable[j];
			struct destination *to = vector_append(ret);

			to->key.address = address_from_bytes(AF_INET, &from->addr);
			to->key.port = ntohs(from->port);
			to->attributes.forward = ipvs_decode_forward(from->conn_flags);
			to->attributes.weight = (uint32_t)from->weight;
			to->attributes.upper_threshold = from->u_threshold;
			to->attributes.lower_threshold = from->l_threshold;
			to->counts.active = from->activeconns;
			to->counts.inactive = from->inactconns;
			to->counts.persistent = from->persistconns;
			to->counts.traffic = sockopt_decode_traffic(&from->stats);
		}
		return 0;
	}
	return -EAGAIN;
}

static struct ip_vs_service_entry sockopt_entry(const struct service_key *key)
{
	return (struct ip_vs_service_entry){
		.protocol = ipvs_encode_protocol(key->kind),
		.addr = sockopt_address(&key->address),
		.port = htons(key->port),
		.fwmark = key->fwmark,
	};
}

/* Whether the list says all: the kernel leaves destinations of the other family out of it, but counts them, and
 * the struct has no room for what a tunnel has beside its address. */
static bool sockopt_is_whole(const struct destination_vector *list, size_t before, size_t after)
{
	if (list->count != before || list->count != after)
		return false;
	vector_foreach(list, destination)
		if (destination->attributes.forward == FORWARD_METHOD_TUNNEL)
			return false;
	return true;
}

int ipvs_sockopt_destinations(int fd, const struct service_key *key, struct destination_vector *ret)
{
	struct ip_vs_service_entry before = sockopt_entry(key), after = before;

	int code = sockopt_get(fd, IP_VS_SO_GET_SERVICE, &before, sizeof(before));
	if (code == 0)
		code = sockopt_read_destinations(fd, &before, ret);
	if (code == 0)
		code = sockopt_get(fd, IP_VS_SO_GET_SERVICE, &after, sizeof(after));
	if (code == 0 && !sockopt_is_whole(ret, before.num_dests, after.num_dests))
		code = -EOPNOTSUPP;
	if (code < 0)
		ret->count = 0;
	vector_sort(ret, destination_compare);
	return code;
}

static int sockopt_read_service(
	int fd, const struct ip_vs_service_entry *entry, struct service_vector *services)
{
	struct service service;
	int code = sockopt_decode_service(entry, &service);

	if (code == 0)
		code = sockopt_read_destinations(fd, entry, &service.destinations);
	if (code == 0)
		vector_push(services, service);
	else
		service_clear(&service);
	/* Not for poise to express, or deleted meanwhile. */
	return code == -EPROTONOSUPPORT || code == -ESRCH ? 0 : code;
}

static bool sockopt_entry_used(const struct ip_vs_service_entry *entry)
{
	return entry->protocol || entry->fwmark;
}

/* All IPv4 services of the namespace, of one moment: *ret is the caller's to free. */
static int sockopt_list(int fd, struct ip_vs_get_services **ret, size_t *count)
{
	struct ip_vs_getinfo info = {};
	int code = sockopt_get(fd, IP_VS_SO_GET_INFO, &info, sizeof(info));
	size_t room = (size_t)info.num_services + SOCKOPT_SPARE;

	for (int i = 0; i < SOCKOPT_TRIES && code == 0; i++, room *= 2) {
		size_t size = sizeof(struct ip_vs_get_services) +
			      room * sizeof(struct ip_vs_service_entry);
		_cleanup_free_ struct ip_vs_get_services *get = memory_new(size);

		get->num_services = (unsigned int)room;
		code = sockopt_get(fd, IP_VS_SO_GET_SERVICES, get, size);
		if (code < 0)
			return code;
		if (sockopt_entry_used(&get->entrytable[room - 1]))
			continue;
		for (*count = 0; sockopt_entry_used(&get->entrytable[*count]);)
			(*count)++;
		*ret = get;
		get = NULL;
		return 0;
	}
	return code < 0 ? code : -EAGAIN;
}

static int sockopt_read_all(int fd, struct service_vector *services)
{
	_cleanup_free_ struct ip_vs_get_services *list = NULL;
	size_t count = 0;
	int code = sockopt_list(fd, &list, &count);

	for (size_t i = 0; i < count && code == 0; i++)
		code = sockopt_read_service(fd, &list->entrytable[i], services);
	return code;
}

int ipvs_sockopt_services(int fd, struct service_vector *ret)
{
	_cleanup_free_ struct ip_vs_get_services *list = NULL;
	size_t count = 0;
	int code = sockopt_list(fd, &list, &count);

	for (size_t i = 0; i < count; i++) {
		struct service service;

		if (sockopt_decode_service(&list->entrytable[i], &service) == 0)
			vector_push(ret, service);
		else
			service_clear(&service);
	}
	vector_sort(ret, service_compare);
	return code;
}

/* The services of one moment, to search in. */
struct sockopt_index {
	struct ip_vs_get_services *list;
	size_t count;
};

static int sockopt_compare_entries(const void *a, const void *b)
{
	const struct ip_vs_service_entry *left = a, *right = b;
	int order = COMPARE(left->fwmark, right->fwmark);

	if (order || left->fwmark) /* whatever the protocol is then */
		return order;
	order = COMPARE(left->addr, right->addr);
	if (!order)
		order = COMPARE(left->port, right->port);
	return order ? order : COMPARE(left->protocol, right->protocol);
}

static int sockopt_index(int fd, struct sockopt_index *ret)
{
	int code = sockopt_list(fd, &ret->list, &ret->count);

	if (code == 0)
		vector_sort_(ret->list->entrytable, ret->count, sizeof(*ret->list->entrytable),
			sockopt_compare_entries);
	return code;
}

static const struct ip_vs_service_entry *sockopt_find(
	const struct sockopt_index *index, const struct service_key *key)
{
	const struct ip_vs_service_entry entry = sockopt_entry(key);

	return index->count ? vector_find_(&entry, index->list->entrytable, index->count,
				      sizeof(entry), sockopt_compare_entries)
			    : NULL;
}

struct sockopt_seen {
	const struct ip_vs_service_entry *entry; /* NULL: there was none */
};

void ipvs_sockopt_fill(int fd, struct service_vector *services)
{
	struct sockopt_index before = {}, after = {};
	_cleanup_free_ struct sockopt_seen *was = memory_new(services->count * sizeof(*was));

	int code = sockopt_index(fd, &before);
	for (size_t i = 0; i < services->count && code == 0; i++) {
		struct service *service = &services->items[i];

		if (service->destinations.count || service->key.address.family != AF_INET ||
			!ipvs_sockopt_counts_fit(&service->traffic))
			continue;
		was[i].entry = sockopt_find(&before, &service->key);
		if (was[i].entry)
			sockopt_read_destinations(fd, was[i].entry, &service->destinations);
	}
	if (code == 0)
		sockopt_index(fd, &after);
	for (size_t i = 0; i < services->count; i++) {
		struct destination_vector *list = &services->items[i].destinations;
		const struct ip_vs_service_entry *is =
			was[i].entry ? sockopt_find(&after, &services->items[i].key) : NULL;

		if (was[i].entry &&
			(!is || !sockopt_is_whole(list, was[i].entry->num_dests, is->num_dests)))
			list->count = 0;
		vector_sort(list, destination_compare);
	}
	free(before.list);
	free(after.list);
}

static int sockopt_read_scope(
	int fd, const struct backend_scope *scope, struct service_vector *services)
{
	for (size_t i = 0; i < scope->count; i++) {
		const struct service_key *key = &scope->keys[i];
		struct ip_vs_service_entry entry = sockopt_entry(key);

		if (key->address.family != AF_INET)
			continue;
		int code = sockopt_get(fd, IP_VS_SO_GET_SERVICE, &entry, sizeof(entry));
		if (code == 0)
			code = sockopt_read_service(fd, &entry, services);
		if (code < 0 && code != -ESRCH)
			return code;
	}
	return 0;
}

static int sockopt_read_globals(int fd, struct state *ret)
{
	struct ip_vs_timeout_user timeouts = {};
	struct ip_vs_daemon_user daemons[2] = {};
	int code = sockopt_get(fd, IP_VS_SO_GET_TIMEOUT, &timeouts, sizeof(timeouts));

	if (code == 0)
		code = sockopt_get(fd, IP_VS_SO_GET_DAEMON, daemons, sizeof(daemons));
	if (code < 0)
		return code;
	ret->timeouts = (struct timeouts){
		.tcp_set = true,
		.tcp_fin_set = true,
		.udp_set = true,
		.tcp = (uint32_t)timeouts.tcp_timeout,
		.tcp_fin = (uint32_t)timeouts.tcp_fin_timeout,
		.udp = (uint32_t)timeouts.udp_timeout,
	};
	for (size_t i = 0; i < ARRAY_LENGTH(daemons); i++) {
		if (daemons[i].state == IP_VS_STATE_NONE)
			continue;
		struct sync_daemon *daemon = vector_append(&ret->sync);
		daemon->role = daemons[i].state == IP_VS_STATE_MASTER ? SYNC_ROLE_ACTIVE
								      : SYNC_ROLE_BACKUP;
		daemon->id = (uint32_t)daemons[i].syncid;
		snprintf(daemon->interface, sizeof(daemon->interface), "%.*s",
			(int)sizeof(daemons[i].mcast_ifn) - 1, daemons[i].mcast_ifn);
	}
	return ipvs_sysctl_read(&ret->sysctls);
}

int ipvs_sockopt_read(int fd, const struct backend_scope *scope, struct state *ret)
{
	int code = scope && scope->only ? sockopt_read_scope(fd, scope, &ret->services)
					: sockopt_read_all(fd, &ret->services);

	if (code == 0 && !(scope && scope->services_only))
		code = sockopt_read_globals(fd, ret);
	if (code == 0)
		state_sort(ret);
	return code;
}

/* What setsockopt takes for every operation on a service or destination. */
struct sockopt_request {
	struct ip_vs_service_user service;
	struct ip_vs_dest_user destination;
};

static const char *sockopt_refuses_service(const struct plan_op *op)
{
	if (op->service.address.family != AF_INET)
		return "the sockopt transport knows IPv4 only";
	if (op->object == PLAN_OBJECT_SERVICE && op->verb != PLAN_VERB_DELETE &&
		*op->attributes.after.engine)
		return "the sockopt transport knows no persistence engine";
	return NULL;
}

static const char *sockopt_refuses_sync(const struct sync_daemon *daemon)
{
	if (daemon->group.family || daemon->port || daemon->ttl || daemon->max_length)
		return "the sockopt transport knows a sync daemon's role, interface and id only";
	return NULL;
}

/* Why this transport cannot do it, or NULL. */
static const char *sockopt_refuses(const struct plan_op *op)
{
	const struct destination_attributes *after = &op->destination.after;
	bool deletes = op->verb == PLAN_VERB_DELETE;

	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return sockopt_refuses_service(op);
	case PLAN_OBJECT_SYNC:
		return deletes ? NULL : sockopt_refuses_sync(&op->sync.after);
	case PLAN_OBJECT_DESTINATION:
		if (op->destination.key.address.family != AF_INET)
			return "the sockopt transport knows IPv4 only";
		if (!deletes && after->forward == FORWARD_METHOD_TUNNEL &&
			after->tunnel_type != TUNNEL_TYPE_IPIP)
			return "the sockopt transport knows tunnels of type ipip only";
		return sockopt_refuses_service(op);
	default:
		return NULL;
	}
}

static struct sockopt_request sockopt_encode(const struct plan_op *op)
{
	struct sockopt_request request = {
		.service =
			{
				.protocol = ipvs_encode_protocol(op->service.kind),
				.addr = sockopt_address(&op->service.address),
				.port = htons(op->service.port),
				.fwmark = op->service.fwmark,
			},
	};

	if (op->object == PLAN_OBJECT_SERVICE && op->verb != PLAN_VERB_DELETE) {
		const struct service_attributes *after = &op->attributes.after;

		snprintf(request.service.sched_name, sizeof(request.service.sched_name), "%s",
			after->scheduler);
		request.service.flags = ipvs_encode_service_flags(after);
		request.service.timeout = after->persistence_timeout;
		request.service.netmask = htonl(after->netmask);
	}
	if (op->object == PLAN_OBJECT_DESTINATION) {
		const struct destination_attributes *after = &op->destination.after;

		request.destination.addr = sockopt_address(&op->destination.key.address);
		request.destination.port = htons(op->destination.key.port);
		if (op->verb == PLAN_VERB_DELETE)
			return request;
		request.destination.conn_flags = ipvs_encode_forward(after->forward);
		request.destination.weight = (int)after->weight;
		request.destination.u_threshold = after->upper_threshold;
		request.destination.l_threshold = after->lower_threshold;
	}
	return request;
}

static int sockopt_table_op(int fd, const struct plan_op *op)
{
	bool service = op->object == PLAN_OBJECT_SERVICE;
	struct sockopt_request request = sockopt_encode(op);
	int add = service ? IP_VS_SO_SET_ADD : IP_VS_SO_SET_ADDDEST;
	int edit = service ? IP_VS_SO_SET_EDIT : IP_VS_SO_SET_EDITDEST;
	int delete = service ? IP_VS_SO_SET_DEL : IP_VS_SO_SET_DELDEST;
	/* The kernel wants the exact length, and no destination with a service's own operation. */
	size_t size = service ? sizeof(request.service) : sizeof(request);

	switch (op->verb) {
	case PLAN_VERB_DELETE:
		return sockopt_set(fd, delete, &request, size);
	case PLAN_VERB_ADD: {
		int code = sockopt_set(fd, add, &request, size);

		if (code != -EEXIST)
			return code;
		return sockopt_set(fd, edit, &request, size);
	}
	default:
		return sockopt_set(fd, edit, &request, size);
	}
}

static int sockopt_sync_op(int fd, const struct plan_op *op)
{
	const struct sync_daemon *daemon =
		op->verb == PLAN_VERB_DELETE ? &op->sync.before : &op->sync.after;
	struct ip_vs_daemon_user request = {
		.state = daemon->role == SYNC_ROLE_ACTIVE ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP,
		.syncid = (int)daemon->id,
	};
	int code = 0;

	snprintf(request.mcast_ifn, sizeof(request.mcast_ifn), "%s", daemon->interface);
	if (op->verb == PLAN_VERB_ADD) {
		code = sockopt_set(fd, IP_VS_SO_SET_STARTDAEMON, &request, sizeof(request));
		if (code != -EEXIST)
			return code;
	}
	code = sockopt_set(fd, IP_VS_SO_SET_STOPDAEMON, &request, sizeof(request));
	if (op->verb == PLAN_VERB_DELETE || (code < 0 && code != -ESRCH))
		return code;
	return sockopt_set(fd, IP_VS_SO_SET_STARTDAEMON, &request, sizeof(request));
}

static int sockopt_timeouts_op(int fd, const struct timeouts *timeouts)
{
	struct ip_vs_timeout_user request = {
		.tcp_timeout = timeouts->tcp_set ? (int)timeouts->tcp : 0,
		.tcp_fin_timeout = timeouts->tcp_fin_set ? (int)timeouts->tcp_fin : 0,
		.udp_timeout = timeouts->udp_set ? (int)timeouts->udp : 0,
	};

	return sockopt_set(fd, IP_VS_SO_SET_TIMEOUT, &request, sizeof(request));
}

static int sockopt_op(int fd, const struct plan_op *op)
{
	switch (op->object) {
	case PLAN_OBJECT_SYNC:
		return sockopt_sync_op(fd, op);
	case PLAN_OBJECT_TIMEOUTS:
		return sockopt_timeouts_op(fd, &op->timeouts.after);
	default:
		return sockopt_table_op(fd, op);
	}
}

static void sockopt_apply_one(int fd, const struct plan_op *op, struct backend_result *result)
{
	const char *refusal = sockopt_refuses(op);

	if (refusal) {
		result->status = BACKEND_RESULT_FAILED;
		result->code = error_set(&result->error, -EOPNOTSUPP, "%s", refusal);
		return;
	}
	if (op->object == PLAN_OBJECT_SYSCTL) {
		result->code = ipvs_sysctl_write(op->sysctl.name, op->sysctl.after, &result->error);
		result->status = result->code < 0 ? BACKEND_RESULT_FAILED : BACKEND_RESULT_DONE;
		return;
	}
	int code = sockopt_op(fd, op);
	if (code == 0 || ipvs_apply_is_gone(op, code))
		ipvs_apply_done(result);
	else
		ipvs_apply_failed(result, op, code,
			op->object == PLAN_OBJECT_SERVICE
				? ipvs_explain_module(&op->attributes.after)
				: IPVS_MISSING_UNKNOWN);
}

int ipvs_sockopt_apply(int fd, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	struct ipvs_additions additions = {};

	(void)error;
	ipvs_additions_collect(&additions, ops, count);
	for (size_t i = 0; i < count; i++) {
		if (ipvs_additions_failed(&additions, &ops[i], results))
			ipvs_apply_skipped(&results[i], "its service could not be added");
		else
			sockopt_apply_one(fd, &ops[i], &results[i]);
	}
	vector_clear(&additions);
	return 0;
}
