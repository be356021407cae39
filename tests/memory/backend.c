// SPDX-License-Identifier: GPL-2.0-or-later
/* The in-memory backend's operations: what the kernel would do, and the faults. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "tests/memory/memory.h"

struct memory_open {
	struct backend backend;
	struct memory_table *table;
};

static struct memory_table *memory_used, *memory_used_other;

void memory_table_use(struct memory_table *table)
{
	memory_used = table;
}

void memory_table_use_other(struct memory_table *table)
{
	memory_used_other = table;
}

static struct memory_table *memory_table_of(struct backend *backend)
{
	return ((struct memory_open *)backend)->table;
}

static int memory_take_code(int *code)
{
	int taken = *code;

	*code = 0;
	return taken;
}

static int memory_open_table(const struct backend_ops *ops, struct memory_table *table,
	struct backend **ret, struct error *error)
{
	assert(table);
	table->opens++;
	int code = table->gone ? -ENOENT : memory_take_code(&table->open_code);
	if (code < 0)
		return error_set(error, code, "the memory backend was told to fail");
	struct memory_open *open = memory_new(sizeof(*open));
	*open = (struct memory_open){.backend.ops = ops, .table = table};
	*ret = &open->backend;
	return 0;
}

static int memory_open(_unused_ const char *run_dir, struct backend **ret, struct error *error)
{
	return memory_open_table(&memory_backend, memory_used, ret, error);
}

static int memory_open_other(
	_unused_ const char *run_dir, struct backend **ret, struct error *error)
{
	return memory_open_table(&memory_other_backend, memory_used_other, ret, error);
}

static void memory_close(struct backend *backend)
{
	free(backend);
}

static const struct backend_abilities *memory_abilities(struct backend *backend)
{
#define MEMORY_ABILITIES                                                                           \
	.forward_methods = 1U << FORWARD_METHOD_NAT | 1U << FORWARD_METHOD_DIRECT |                \
			   1U << FORWARD_METHOD_TUNNEL,                                            \
	.scheduler_change_disrupts = true, .sync_daemons = true, .sysctls = true,                  \
	.timeouts = true, .routes = true
	static const struct backend_abilities abilities = {MEMORY_ABILITIES};
	static const struct backend_abilities atomic = {MEMORY_ABILITIES, .atomic = true};

	return memory_table_of(backend)->atomic ? &atomic : &abilities;
}

static void memory_drop_globals(struct state *state)
{
	state->timeouts = (struct timeouts){};
	vector_clear(&state->sync);
	vector_clear(&state->sysctls);
	vector_clear(&state->ports);
	vector_clear(&state->port_addresses);
	vector_clear(&state->routes);
}

/* As much as is asked for: a read of one service costs one. */
static void memory_copy_scope(
	struct state *to, const struct state *from, const struct backend_scope *scope)
{
	const struct state globals = {.timeouts = from->timeouts,
		.sync = from->sync,
		.sync_managed = from->sync_managed,
		.sysctls = from->sysctls,
		.ports = from->ports,
		.port_addresses = from->port_addresses,
		.routes = from->routes};

	state_copy(to, &globals);
	for (size_t i = 0; i < scope->count; i++) {
		const struct service *found = state_find_service(from, &scope->keys[i]);

		if (found)
			service_copy(vector_append(&to->services), found);
	}
}

static int memory_read(struct backend *backend, const struct backend_scope *scope,
	struct state *ret, struct error *error)
{
	struct memory_table *table = memory_table_of(backend);
	int code =
		++table->reads == table->read_fail_at ? -EIO : memory_take_code(&table->read_code);

	if (code < 0)
		return error_set(error, code, "the memory backend was told to fail");
	if (scope && scope->only)
		memory_copy_scope(ret, &table->state, scope);
	else
		state_copy(ret, &table->state);
	if (scope && scope->services_only)
		memory_drop_globals(ret);
	return 0;
}

static bool memory_crosses(const struct memory_table *table)
{
	vector_foreach(&table->state.services, service)
		vector_foreach(&service->destinations, destination)
			if (destination->key.address.family != service->key.address.family)
				return true;
	return false;
}

static int memory_service_valid(const struct plan_op *op, struct error *error)
{
	const struct service_attributes *after = &op->attributes.after;

	if (!scheduler_is_known(after->scheduler))
		return error_set(error, -ENOENT,
			"scheduler `%s` is not available: modprobe ip_vs_%s", after->scheduler,
			after->scheduler);
	if (*after->engine && strcmp(after->engine, "sip") != 0)
		return error_set(error, -ENOENT,
			"persistence engine `%s` is not available: modprobe ip_vs_pe_%s",
			after->engine, after->engine);
	if (op->service.address.family == AF_INET6 && (after->netmask < 1 || after->netmask > 128))
		return error_set(error, -EINVAL, "the prefix is out of range");
	return 0;
}

/* As the kernel stores what a service without persistence was told. */
static struct service_attributes memory_normal_service(const struct plan_op *op)
{
	struct service_attributes attributes = op->attributes.after;
	uint16_t family = op->service.address.family;

	if (!attributes.persistent) {
		attributes.persistence_timeout = 0;
		attributes.netmask = service_netmask(family, address_bits(family));
	}
	return attributes;
}

static int memory_service_op(
	struct memory_table *table, const struct plan_op *op, struct error *error)
{
	struct service *there = state_find_service(&table->state, &op->service);

	if (op->verb == PLAN_VERB_DELETE) {
		memory_remove_service(table, &op->service);
		return 0;
	}
	if (op->verb != PLAN_VERB_ADD && !there)
		return error_set(error, -ESRCH, "it is gone");
	int code = memory_service_valid(op, error);
	if (code < 0)
		return code;
	struct service_attributes attributes = memory_normal_service(op);
	memory_put_service(table, &op->service, &attributes);
	return 0;
}

static int memory_destination_valid(
	const struct memory_table *table, const struct plan_op *op, struct error *error)
{
	const struct destination_attributes *after = &op->destination.after;

	if (op->destination.key.address.family != op->service.address.family) {
		if (table->state.sync.count)
			return error_set(error, -EINVAL, "a sync daemon runs");
		if (after->forward != FORWARD_METHOD_TUNNEL)
			return error_set(error, -EINVAL, "only a tunnel crosses families");
	}
	if (after->lower_threshold > after->upper_threshold || after->weight > INT32_MAX)
		return error_set(error, -ERANGE,
			"the lower threshold is above the upper one, or the weight out of range");
	if (after->forward == FORWARD_METHOD_TUNNEL && after->tunnel_type == TUNNEL_TYPE_GUE &&
		!after->tunnel_port)
		return error_set(error, -EINVAL, "a gue tunnel needs a port");
	return 0;
}

static int memory_destination_op(
	struct memory_table *table, const struct plan_op *op, struct error *error)
{
	struct service *service = state_find_service(&table->state, &op->service);
	bool there = service && service_find_destination(service, &op->destination.key);

	if (op->verb == PLAN_VERB_DELETE) {
		memory_remove_destination(table, &op->service, &op->destination.key);
		return 0;
	}
	if (!service)
		return error_set(error, -ESRCH, "its service does not exist");
	if (op->verb != PLAN_VERB_ADD && !there)
		return error_set(error, -ENOENT, "it is gone");
	int code = memory_destination_valid(table, op, error);
	if (code < 0)
		return code;
	memory_put_destination(table, &op->service, &op->destination.key, &op->destination.after);
	return 0;
}

/* What the kernel chooses where nothing was said. */
static struct sync_daemon memory_normal_daemon(const struct sync_daemon *wanted)
{
	struct sync_daemon daemon = *wanted;

	if (daemon.group.family == AF_UNSPEC)
		address_parse("224.0.0.81", &daemon.group);
	if (!daemon.port)
		daemon.port = 8848;
	if (!daemon.ttl)
		daemon.ttl = 1;
	if (!daemon.max_length)
		daemon.max_length = 1472;
	return daemon;
}

static int memory_sync_op(struct memory_table *table, const struct plan_op *op, struct error *error)
{
	struct sync_vector *sync = &table->state.sync;
	bool deletes = op->verb == PLAN_VERB_DELETE;
	const struct sync_daemon *daemon = deletes ? &op->sync.before : &op->sync.after;
	struct sync_daemon *there = vector_find(sync, daemon, sync_daemon_compare);

	if (!deletes && memory_crosses(table))
		return error_set(error, -EINVAL, "a destination crosses address families");
	if (there) {
		*there = sync->items[sync->count - 1];
		sync->count--;
	}
	if (!deletes)
		vector_push(sync, memory_normal_daemon(daemon));
	vector_sort(sync, sync_daemon_compare);
	return 0;
}

static int memory_sysctl_op(
	struct memory_table *table, const struct plan_op *op, struct error *error)
{
	struct sysctl *sysctl = state_find_sysctl(&table->state, op->sysctl.name);

	if (!sysctl)
		return error_set(
			error, -ENOENT, "this kernel has no net/ipv4/vs/%s", op->sysctl.name);
	snprintf(sysctl->value, sizeof(sysctl->value), "%s", op->sysctl.after);
	return 0;
}

static void memory_timeouts_op(struct timeouts *live, const struct timeouts *after)
{
	if (after->tcp_set && after->tcp)
		live->tcp = after->tcp;
	if (after->tcp_fin_set && after->tcp_fin)
		live->tcp_fin = after->tcp_fin;
	if (after->udp_set && after->udp)
		live->udp = after->udp;
}

static int memory_port_address_op(
	struct memory_table *table, const struct plan_op *op, struct error *error)
{
	const struct port_address address = {op->port_address.key, op->port_address.after};

	if (op->verb == PLAN_VERB_DELETE) {
		memory_remove_port_address(table, &address.key);
		return 0;
	}
	if (!state_find_port(&table->state, address.key.port))
		return error_set(error, -ENODEV, "there is no such port");
	if (op->verb != PLAN_VERB_ADD && !state_find_port_address(&table->state, &address.key))
		return error_set(error, -ENOENT, "it is gone");
	memory_put_port_address(table, &address);
	return 0;
}

static int memory_route_op(
	struct memory_table *table, const struct plan_op *op, struct error *error)
{
	const struct data_route route = {op->route.key, op->route.after};

	if (op->verb == PLAN_VERB_DELETE) {
		memory_remove_route(table, &route.key);
		return 0;
	}
	if (!state_find_port(&table->state, route.attributes.port))
		return error_set(error, -ENODEV, "there is no such port");
	if (op->verb != PLAN_VERB_ADD && !state_find_route(&table->state, &route.key))
		return error_set(error, -ENOENT, "it is gone");
	memory_put_route(table, &route);
	return 0;
}

static int memory_do(struct memory_table *table, const struct plan_op *op, struct error *error)
{
	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return memory_service_op(table, op, error);
	case PLAN_OBJECT_DESTINATION:
		return memory_destination_op(table, op, error);
	case PLAN_OBJECT_SYNC:
		return memory_sync_op(table, op, error);
	case PLAN_OBJECT_SYSCTL:
		return memory_sysctl_op(table, op, error);
	case PLAN_OBJECT_PORT_ADDRESS:
		return memory_port_address_op(table, op, error);
	case PLAN_OBJECT_ROUTE:
		return memory_route_op(table, op, error);
	default:
		memory_timeouts_op(&table->state.timeouts, &op->timeouts.after);
		return 0;
	}
}

/* Adds of a batch by key, to find what a destination depends on. */
struct memory_addition {
	struct service_key key; /* first: sorted and found by it */
	size_t op;
};

struct memory_additions {
	VECTOR_OF(struct memory_addition);
};

static bool memory_depends_on_failure(const struct memory_additions *additions,
	const struct plan_op *op, const struct backend_result *results)
{
	const struct memory_addition *addition;

	if (op->object != PLAN_OBJECT_DESTINATION)
		return false;
	addition = vector_find(additions, &op->service, service_compare);
	return addition && results[addition->op].status == BACKEND_RESULT_FAILED;
}

/* One operation, with the faults that are due. -errno when the connection is lost. */
static int memory_apply_one(
	struct memory_table *table, const struct plan_op *op, struct backend_result *result)
{
	size_t number = ++table->operations;

	if (number == table->lose_at || number == table->fail_at) {
		bool lost = number == table->lose_at;

		result->status = BACKEND_RESULT_FAILED;
		result->code = error_set(&result->error, lost ? table->lose_code : table->fail_code,
			"the memory backend was told to fail");
		return lost ? table->lose_code : 0;
	}
	if (number != table->drop_at)
		result->code = memory_do(table, op, &result->error);
	if (result->code < 0)
		result->status = BACKEND_RESULT_FAILED;
	else
		table->writes[op->object][op->verb]++;
	return 0;
}

static void memory_skip(struct backend_result *result, const char *why)
{
	result->status = BACKEND_RESULT_SKIPPED;
	result->code = error_set(&result->error, -ECANCELED, "%s", why);
}

/* All of them, or none: then all but the one at fault are skipped. */
static int memory_apply_whole(struct memory_table *table, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	const struct memory_table before = *table;
	struct state kept = {};
	size_t at = 0;
	int code = 0;

	state_copy(&kept, &table->state);
	while (at < count && code == 0 && results[at].status == BACKEND_RESULT_DONE) {
		code = memory_apply_one(table, &ops[at], &results[at]);
		at += code == 0 && results[at].status == BACKEND_RESULT_DONE;
	}
	if (at == count) {
		state_clear(&kept);
		return 0;
	}
	state_clear(&table->state);
	table->state = kept;
	memcpy(table->writes, before.writes, sizeof(table->writes));
	for (size_t i = 0; i < count; i++)
		if (i != at)
			memory_skip(&results[i], "not done, for all is done or nothing");
	return code < 0 ? error_set(error, code, "the memory backend was lost") : 0;
}

static int memory_apply(struct backend *backend, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	struct memory_table *table = memory_table_of(backend);
	struct memory_additions additions = {};
	int code = 0;

	table->applies++;
	if (table->atomic)
		return memory_apply_whole(table, ops, count, results, error);
	if (table->interfere) {
		void (*interfere)(struct memory_table *, void *) = table->interfere;

		table->interfere = NULL;
		interfere(table, table->context);
	}
	for (size_t i = 0; i < count; i++) {
		struct memory_addition addition = {.key = ops[i].service, .op = i};

		if (ops[i].object == PLAN_OBJECT_SERVICE && ops[i].verb == PLAN_VERB_ADD)
			vector_push(&additions, addition);
	}
	vector_sort(&additions, service_compare);
	for (size_t i = 0; i < count; i++) {
		if (code < 0)
			memory_skip(&results[i], "not tried: the connection was lost");
		else if (memory_depends_on_failure(&additions, &ops[i], results))
			memory_skip(&results[i], "its service could not be added");
		else
			code = memory_apply_one(table, &ops[i], &results[i]);
	}
	vector_clear(&additions);
	return code < 0 ? error_set(error, code, "the memory backend was lost") : 0;
}

static int memory_figures(struct backend *backend, struct backend_figures *ret, struct error *error)
{
	struct memory_table *table = memory_table_of(backend);

	table->figures_asked++;
	if (table->figures_code < 0)
		return error_set(error, table->figures_code, "the memory backend was told to fail");
	vector_foreach(&table->figures, figure)
		vector_push(ret, *figure);
	return 0;
}

const struct backend_ops memory_backend = {
	.name = "memory",
	.open = memory_open,
	.close = memory_close,
	.abilities = memory_abilities,
	.read = memory_read,
	.apply = memory_apply,
	.figures = memory_figures,
};

const struct backend_ops memory_other_backend = {
	.name = "other",
	.open = memory_open_other,
	.close = memory_close,
	.abilities = memory_abilities,
	.read = memory_read,
	.apply = memory_apply,
};

const struct backend_ops *memory_find(const char *name)
{
	if (strcmp(name, memory_backend.name) == 0)
		return &memory_backend;
	return strcmp(name, memory_other_backend.name) == 0 ? &memory_other_backend : NULL;
}
