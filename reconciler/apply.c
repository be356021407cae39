// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/apply.h"

#include <errno.h>

#include "reconciler/batch.h"

/* Operations of one call to the backend: enough to keep its pipeline full, few enough to show
 * progress. */
#define APPLY_BATCH 2048

static int service_key_compare_items(const void *a, const void *b)
{
	return service_key_compare(a, b);
}

struct service_key *apply_touched(const struct plan *plan, size_t *count)
{
	struct {
		VECTOR_OF(struct service_key);
	} keys = {};
	size_t unique = 0;

	vector_foreach(&plan->ops, op) {
		if (op->object != PLAN_OBJECT_SERVICE && op->object != PLAN_OBJECT_DESTINATION)
			continue;
		/* The destinations of a service follow it: most repetitions are neighbours. */
		if (keys.count &&
			service_key_compare(&keys.items[keys.count - 1], &op->service) == 0)
			continue;
		vector_push(&keys, op->service);
	}
	vector_sort(&keys, service_key_compare_items);
	for (size_t i = 0; i < keys.count; i++)
		if (!unique || service_key_compare(&keys.items[unique - 1], &keys.items[i]) != 0)
			keys.items[unique++] = keys.items[i];
	*count = unique;
	return keys.items;
}

void apply_refresh_globals(struct state *live, struct state *fresh)
{
	vector_clear(&live->sync);
	vector_clear(&live->sysctls);
	vector_clear(&live->ports);
	vector_clear(&live->port_addresses);
	vector_clear(&live->routes);
	live->timeouts = fresh->timeouts;
	live->sync = fresh->sync;
	live->sysctls = fresh->sysctls;
	live->ports = fresh->ports;
	live->port_addresses = fresh->port_addresses;
	live->routes = fresh->routes;
	memset(&fresh->sync, 0, sizeof(fresh->sync));
	memset(&fresh->sysctls, 0, sizeof(fresh->sysctls));
	memset(&fresh->ports, 0, sizeof(fresh->ports));
	memset(&fresh->port_addresses, 0, sizeof(fresh->port_addresses));
	memset(&fresh->routes, 0, sizeof(fresh->routes));
}

/* When all of them are on both sides they just change places: the usual case, and the cheap one. */
static bool apply_swap_services(
	struct state *live, struct state *fresh, const struct service_key *keys, size_t count)
{
	if (fresh->services.count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (service_key_compare(&fresh->services.items[i].key, &keys[i]) != 0 ||
			!state_find_service(live, &keys[i]))
			return false;
	for (size_t i = 0; i < count; i++) {
		struct service *old = state_find_service(live, &keys[i]);
		struct service swap = *old;

		*old = fresh->services.items[i];
		fresh->services.items[i] = swap;
	}
	return true;
}

static void apply_merge_services(
	struct state *live, struct state *fresh, const struct service_key *keys, size_t count)
{
	struct service_vector merged = {}, replaced = {};
	struct service *old = live->services.items, *old_end = old + live->services.count;
	struct service *new = fresh->services.items, *new_end = new + fresh->services.count;
	const struct service_key *key = keys, *key_end = keys + count;

	vector_reserve(&merged, live->services.count + fresh->services.count);
	while (old < old_end || new < new_end) {
		bool take_new = old == old_end || (new < new_end &&service_compare(new, old) <= 0);

		if (take_new) {
			if (old < old_end && service_compare(new, old) == 0)
				vector_push(&replaced, *old++);
			vector_push(&merged, *new ++);
			continue;
		}
		while (key < key_end && service_key_compare(key, &old->key) < 0)
			key++;
		if (key < key_end && service_key_compare(key, &old->key) == 0)
			vector_push(&replaced, *old++); /* was read, and is not there any more */
		else
			vector_push(&merged, *old++);
	}
	vector_clear(&live->services);
	vector_clear(&fresh->services);
	live->services = merged;
	fresh->services = replaced;
}

void apply_refresh_services(
	struct state *live, struct state *fresh, const struct service_key *keys, size_t count)
{
	if (!apply_swap_services(live, fresh, keys, count))
		apply_merge_services(live, fresh, keys, count);
}

/* The end of the batch that begins at `start`: no service is parted from the destinations added
 * with it, so that the backend can skip those of one that could not be made. Where a batch is seen
 * whole or not at all, there is one. */
static size_t apply_batch_end(
	const struct reconciler *reconciler, const struct plan *plan, size_t start)
{
	size_t most = reconciler->abilities->atomic ? SIZE_MAX - start : APPLY_BATCH;
	size_t end = MIN(start + most, plan->ops.count);

	while (end < plan->ops.count && plan->ops.items[end].object == PLAN_OBJECT_DESTINATION &&
		plan->ops.items[end].verb == PLAN_VERB_ADD)
		end++;
	return end;
}

static void apply_count(struct apply_report *report, const struct plan_op *op,
	const struct backend_result *result, const struct reconciler_observer *observer)
{
	if (observer && observer->result)
		observer->result(observer->data, op, result);
	switch (result->status) {
	case BACKEND_RESULT_DONE:
		report->done++;
		plan_totals_add(&report->applied, op);
		return;
	case BACKEND_RESULT_FAILED:
		report->failed++;
		break;
	case BACKEND_RESULT_SKIPPED:
		report->skipped++;
		break;
	}
	if (op->object == PLAN_OBJECT_SERVICE && op->verb == PLAN_VERB_DELETE)
		vector_push(&report->undeleted, op->service);
	if (op->object == PLAN_OBJECT_SERVICE && op->verb == PLAN_VERB_ADD)
		vector_push(&report->unmade, op->service);
	if (observer && observer->failed)
		observer->failed(observer->data, op, result);
}

static int apply_batch(struct reconciler *reconciler, const struct plan_op *ops,
	struct backend_result *results, size_t count, const struct reconciler_observer *observer,
	struct apply_report *report, struct error *error)
{
	int r = batch_apply(reconciler, ops, count, results, observer, error);

	for (size_t i = 0; i < count; i++)
		apply_count(report, &ops[i], &results[i], observer);
	return r;
}

static int apply_operations(struct reconciler *reconciler, const struct plan *plan,
	struct backend_result *results, const struct reconciler_observer *observer,
	struct apply_report *report, struct error *error)
{
	for (size_t start = 0, end; start < plan->ops.count; start = end) {
		end = apply_batch_end(reconciler, plan, start);
		int r = apply_batch(reconciler, plan->ops.items + start, results + start,
			end - start, observer, report, error);
		if (r < 0)
			return r;
		if (observer && observer->progress)
			observer->progress(observer->data, end, plan->ops.count);
	}
	return 0;
}

static bool apply_timeouts_hold(const struct timeouts *want, const struct timeouts *live)
{
	return (!want->tcp_set || want->tcp == live->tcp) &&
	       (!want->tcp_fin_set || want->tcp_fin == live->tcp_fin) &&
	       (!want->udp_set || want->udp == live->udp);
}

static bool apply_sync_holds(const struct plan_op *op, const struct state *live)
{
	bool deleted = op->verb == PLAN_VERB_DELETE;
	struct sync_daemon want = deleted ? op->sync.before : op->sync.after;

	vector_foreach(&live->sync, daemon) {
		if (daemon->role != want.role)
			continue;
		if (!want.max_length)
			want.max_length = daemon->max_length;
		return !deleted && sync_daemon_equal(&want, daemon);
	}
	return deleted;
}

static bool apply_service_holds(const struct plan_op *op, const struct service *live)
{
	if (op->verb == PLAN_VERB_DELETE)
		return !live;
	return live && service_attributes_equal(&live->attributes, &op->attributes.after);
}

static bool apply_destination_holds(const struct plan_op *op, const struct service *service)
{
	const struct destination *live =
		service ? service_find_destination(service, &op->destination.key) : NULL;

	if (op->verb == PLAN_VERB_DELETE)
		return !live;
	return live && destination_attributes_equal(&live->attributes, &op->destination.after);
}

static bool apply_port_address_holds(const struct plan_op *op, const struct state *live)
{
	const struct port_address *found = state_find_port_address(live, &op->port_address.key);

	if (op->verb == PLAN_VERB_DELETE)
		return !found;
	return found && port_address_attributes_equal(&found->attributes, &op->port_address.after);
}

static bool apply_route_holds(const struct plan_op *op, const struct state *live)
{
	const struct data_route *found = state_find_route(live, &op->route.key);

	if (op->verb == PLAN_VERB_DELETE)
		return !found;
	return found && data_route_attributes_equal(&found->attributes, &op->route.after);
}

/* Whether the live state, read after the operation, is what the operation was to make of it. */
static bool apply_holds(const struct plan_op *op, const struct state *live)
{
	const struct sysctl *sysctl;

	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return apply_service_holds(op, state_find_service(live, &op->service));
	case PLAN_OBJECT_DESTINATION:
		return apply_destination_holds(op, state_find_service(live, &op->service));
	case PLAN_OBJECT_TIMEOUTS:
		return apply_timeouts_hold(&op->timeouts.after, &live->timeouts);
	case PLAN_OBJECT_SYNC:
		return apply_sync_holds(op, live);
	case PLAN_OBJECT_PORT_ADDRESS:
		return apply_port_address_holds(op, live);
	case PLAN_OBJECT_ROUTE:
		return apply_route_holds(op, live);
	default:
		sysctl = state_find_sysctl(live, op->sysctl.name);
		return sysctl && strcmp(sysctl->value, op->sysctl.after) == 0;
	}
}

static bool apply_touches_globals(const struct plan *plan)
{
	vector_foreach(&plan->ops, op)
		if (op->object != PLAN_OBJECT_SERVICE && op->object != PLAN_OBJECT_DESTINATION)
			return true;
	return false;
}

static void apply_tell_mismatch(const struct reconciler_observer *observer,
	struct apply_report *report, const struct plan_op *op)
{
	report->mismatches++;
	if (observer && observer->mismatch)
		observer->mismatch(observer->data, op);
}

/* A destination that another program put into a service which this plan made: the deletion that is still needed. */
static void apply_tell_stray(const struct reconciler_observer *observer,
	struct apply_report *report, const struct service_key *service,
	const struct destination *stray)
{
	const struct plan_op op = {
		.verb = PLAN_VERB_DELETE,
		.object = PLAN_OBJECT_DESTINATION,
		.service = *service,
		.destination = {.key = stray->key, .before = stray->attributes},
	};

	apply_tell_mismatch(observer, report, &op);
}

static bool apply_adds_to(
	const struct plan_op *op, const struct plan_op *end, const struct plan_op *service)
{
	return op < end && op->object == PLAN_OBJECT_DESTINATION && op->verb == PLAN_VERB_ADD &&
	       service_key_compare(&op->service, &service->service) == 0;
}

/* Looks for such in the service that `add` made. Its own destinations follow it, in the order of their keys. */
static void apply_find_strays(const struct plan_op *add, const struct plan_op *end,
	const struct state *live, const struct reconciler_observer *observer,
	struct apply_report *report)
{
	const struct service *service = state_find_service(live, &add->service);
	const struct plan_op *op = add + 1;

	if (!service)
		return;
	vector_foreach(&service->destinations, destination) {
		while (apply_adds_to(op, end, add) &&
			destination_key_compare(&op->destination.key, &destination->key) < 0)
			op++;
		if (!apply_adds_to(op, end, add) ||
			destination_key_compare(&op->destination.key, &destination->key) != 0)
			apply_tell_stray(observer, report, &service->key, destination);
	}
}

static int apply_verify(struct reconciler *reconciler, const struct plan *plan,
	const struct backend_result *results, const struct reconciler_observer *observer,
	struct apply_report *report, struct error *error)
{
	_cleanup_state_ struct state fresh = {};
	struct backend_scope scope = {.only = true, .services_only = !apply_touches_globals(plan)};
	_cleanup_free_ struct service_key *keys = apply_touched(plan, &scope.count);

	scope.keys = keys;
	int r = reconciler->backend->ops->read(reconciler->backend, &scope, &fresh, error);
	if (r < 0)
		return error_prefix(error, r, "cannot read back what was applied");
	apply_refresh_services(&reconciler->live, &fresh, keys, scope.count);
	if (!scope.services_only)
		apply_refresh_globals(&reconciler->live, &fresh);
	for (size_t i = 0; i < plan->ops.count; i++) {
		const struct plan_op *op = &plan->ops.items[i];

		if (results[i].status != BACKEND_RESULT_DONE)
			continue;
		if (!apply_holds(op, &reconciler->live))
			apply_tell_mismatch(observer, report, op);
		if (op->object == PLAN_OBJECT_SERVICE && op->verb == PLAN_VERB_ADD)
			apply_find_strays(op, plan->ops.items + plan->ops.count, &reconciler->live,
				observer, report);
	}
	return 0;
}

int apply_execute(struct reconciler *reconciler, const struct plan *plan,
	const struct reconciler_observer *observer, struct apply_report *report,
	struct error *error)
{
	size_t count = plan->ops.count;

	if (!count)
		return 0;
	_cleanup_free_ struct backend_result *results = memory_new(count * sizeof(*results));
	int r = apply_operations(reconciler, plan, results, observer, report, error);
	if (r == 0)
		r = apply_verify(reconciler, plan, results, observer, report, error);
	for (size_t i = 0; i < count; i++)
		backend_result_clear(&results[i]);
	vector_sort(&report->undeleted, service_key_compare_items);
	vector_sort(&report->unmade, service_key_compare_items);
	return r;
}

/* Takes from `memory` the services that could not be made: who makes them now is another. */
static void apply_forget_unmade(
	const struct apply_report *report, const struct memory *before, struct memory *memory)
{
	size_t kept = 0;

	for (size_t i = 0; i < memory->owned.count; i++) {
		struct memory_service *service = &memory->owned.items[i];

		if (vector_find(&report->unmade, &service->key, service_compare) &&
			!memory_find_owned(before, &service->key))
			free(service->name);
		else
			memory->owned.items[kept++] = *service;
	}
	memory->owned.count = kept;
}

/* Adds to `memory` the services that should have gone and did not. */
static void apply_keep_undeleted(
	const struct apply_report *report, const struct memory *before, struct memory *memory)
{
	_cleanup_memory_ struct memory kept = {};
	struct memory merged = {};

	if (!report->undeleted.count)
		return;
	vector_foreach(&report->undeleted, key) {
		const struct memory_service *known = memory_find_owned(before, key);
		struct memory_service *service = vector_append(&kept.owned);

		service->key = *key;
		service->name = memory_copy_string(known ? known->name : NULL);
		service->drain = known ? known->drain : 0;
	}
	memory_union(&merged, &kept, memory);
	memory_clear(memory);
	*memory = merged;
}

void apply_amend_memory(
	const struct apply_report *report, const struct memory *before, struct memory *memory)
{
	apply_forget_unmade(report, before, memory);
	apply_keep_undeleted(report, before, memory);
}

void apply_report_add(struct apply_report *to, const struct apply_report *from)
{
	to->done += from->done;
	to->failed += from->failed;
	to->skipped += from->skipped;
	to->mismatches += from->mismatches;
	to->applied.add += from->applied.add;
	to->applied.change += from->applied.change;
	to->applied.remove += from->applied.remove;
	to->applied.disruptive += from->applied.disruptive;
}

void apply_report_clear(struct apply_report *report)
{
	vector_clear(&report->undeleted);
	vector_clear(&report->unmade);
	*report = (struct apply_report){};
}
