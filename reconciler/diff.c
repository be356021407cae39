// SPDX-License-Identifier: GPL-2.0-or-later
/* From two states to a plan.
 *
 * The order of a plan loses no traffic. Operations fall into stages, and each stage is in key
 *order:
 *
 *	GLOBALS		sysctls and time-outs: the rules that drains and deletions rely on
 *	ADDRESSES	addresses of the data plane's ports, and then
 *	ROUTES		routes, which need them: those that come or change, before what attracts traffic
 *	SERVICES	new services, each followed by its destinations, in canonical order (the table
 *of `sh` depends on the order in which destinations come)
 *	UPDATES		changes in place that disrupt nothing
 *	DESTINATIONS	destinations added to services that are there already
 *	SILENCES	destinations that go to weight 0, now that others have come in their place: what drains, and
 *			who steps back for a fallback, or a fallback for them
 *	REMOVALS	destinations that have drained
 *	SYNC		sync daemons: replaced, for there is no update of one
 *	DISRUPTIVE	changes of the scheduler: the kernel refuses connections while it waits to
 *bind the new one DEPARTURES	services that go altogether
 *	ROUTES_GONE	routes that nobody needs any more, and then
 *	ADDRESSES_GONE	addresses of ports
 *
 * An attribute of a key never moves to another key: what has another key is another object. */
#include "reconciler/diff.h"

#include <stdio.h>

enum diff_stage {
	DIFF_STAGE_GLOBALS,
	DIFF_STAGE_ADDRESSES,
	DIFF_STAGE_ROUTES,
	DIFF_STAGE_SERVICES,
	DIFF_STAGE_UPDATES,
	DIFF_STAGE_DESTINATIONS,
	DIFF_STAGE_SILENCES,
	DIFF_STAGE_REMOVALS,
	DIFF_STAGE_SYNC,
	DIFF_STAGE_DISRUPTIVE,
	DIFF_STAGE_DEPARTURES,
	DIFF_STAGE_ROUTES_GONE,
	DIFF_STAGE_ADDRESSES_GONE,
	DIFF_STAGE_COUNT,
};

struct diff_pass {
	const struct diff_input *input;
	struct plan *plan;
	struct plan_op_vector stages[DIFF_STAGE_COUNT];
};

static struct plan_op *diff_operation(
	struct diff_pass *pass, enum diff_stage stage, enum plan_verb verb, enum plan_object object)
{
	struct plan_op *op = vector_append(&pass->stages[stage]);

	op->verb = verb;
	op->object = object;
	return op;
}

static void diff_note(
	struct diff_pass *pass, enum plan_note_kind kind, const struct service *service)
{
	struct plan_note *note = vector_append(&pass->plan->notes);

	note->kind = kind;
	note->service = service->key;
	note->destinations = service->destinations.count;
}

static struct plan_op *diff_destination_operation(struct diff_pass *pass, enum diff_stage stage,
	enum plan_verb verb, const struct service_key *service, const struct destination_key *key)
{
	struct plan_op *op = diff_operation(pass, stage, verb, PLAN_OBJECT_DESTINATION);

	op->service = *service;
	op->destination.key = *key;
	return op;
}

static void diff_add_destination(struct diff_pass *pass, enum diff_stage stage,
	const struct service_key *service, const struct destination *destination)
{
	diff_destination_operation(pass, stage, PLAN_VERB_ADD, service, &destination->key)
		->destination.after = destination->attributes;
}

static void diff_remove_destination(struct diff_pass *pass, const struct service_key *service,
	const struct destination *destination)
{
	diff_destination_operation(
		pass, DIFF_STAGE_REMOVALS, PLAN_VERB_DELETE, service, &destination->key)
		->destination.before = destination->attributes;
}

static void diff_update_destination(struct diff_pass *pass, const struct service_key *service,
	const struct destination *desired, const struct destination *live)
{
	if (destination_attributes_equal(&desired->attributes, &live->attributes))
		return;
	bool silence = live->attributes.weight && !desired->attributes.weight;
	struct plan_op *op =
		diff_destination_operation(pass, silence ? DIFF_STAGE_SILENCES : DIFF_STAGE_UPDATES,
			PLAN_VERB_UPDATE, service, &desired->key);
	op->destination.before = live->attributes;
	op->destination.after = desired->attributes;
}

static void diff_add_service(struct diff_pass *pass, const struct service *desired)
{
	struct plan_op *op =
		diff_operation(pass, DIFF_STAGE_SERVICES, PLAN_VERB_ADD, PLAN_OBJECT_SERVICE);

	op->service = desired->key;
	op->attributes.after = desired->attributes;
	vector_foreach(&desired->destinations, destination)
		diff_add_destination(pass, DIFF_STAGE_SERVICES, &desired->key, destination);
}

static void diff_update_service(
	struct diff_pass *pass, const struct service *desired, const struct service *live)
{
	if (service_attributes_equal(&desired->attributes, &live->attributes))
		return;
	bool disruptive = pass->input->abilities->scheduler_change_disrupts &&
			  strcmp(desired->attributes.scheduler, live->attributes.scheduler) != 0;
	struct plan_op *op =
		diff_operation(pass, disruptive ? DIFF_STAGE_DISRUPTIVE : DIFF_STAGE_UPDATES,
			PLAN_VERB_UPDATE, PLAN_OBJECT_SERVICE);
	op->disruptive = disruptive;
	op->service = desired->key;
	op->attributes.before = live->attributes;
	op->attributes.after = desired->attributes;
}

static void diff_destinations(
	struct diff_pass *pass, const struct service *desired, const struct service *live)
{
	const struct destination *want = desired->destinations.items;
	const struct destination *want_end = want + desired->destinations.count;
	const struct destination *have = live->destinations.items;
	const struct destination *have_end = have + live->destinations.count;

	while (want < want_end || have < have_end) {
		int order = want == want_end   ? 1
			    : have == have_end ? -1
					       : destination_key_compare(&want->key, &have->key);

		if (order < 0)
			diff_add_destination(pass, DIFF_STAGE_DESTINATIONS, &desired->key, want);
		else if (order > 0)
			diff_remove_destination(pass, &desired->key, have);
		else
			diff_update_destination(pass, &desired->key, want, have);
		want += order <= 0;
		have += order >= 0;
	}
}

static void diff_common_service(
	struct diff_pass *pass, const struct service *desired, const struct service *live)
{
	if (desired->leaving)
		diff_note(pass, PLAN_NOTE_LEAVING, live);
	else if (!memory_find_owned(pass->input->memory, &desired->key))
		diff_note(pass, PLAN_NOTE_ADOPTED, live);
	diff_update_service(pass, desired, live);
	diff_destinations(pass, desired, live);
}

static void diff_surplus_service(struct diff_pass *pass, const struct service *live)
{
	bool owned = memory_find_owned(pass->input->memory, &live->key);
	enum config_prune prune = pass->input->prune;

	if (prune == CONFIG_PRUNE_NONE || (prune == CONFIG_PRUNE_OWNED && !owned)) {
		diff_note(pass, owned ? PLAN_NOTE_KEPT : PLAN_NOTE_UNMANAGED, live);
		return;
	}
	struct plan_op *op =
		diff_operation(pass, DIFF_STAGE_DEPARTURES, PLAN_VERB_DELETE, PLAN_OBJECT_SERVICE);
	op->service = live->key;
	op->attributes.before = live->attributes;
}

static void diff_services(struct diff_pass *pass)
{
	const struct diff_input *input = pass->input;
	const struct service *want = input->desired->services.items;
	const struct service *want_end = want + input->desired->services.count;
	const struct service *have = input->live->services.items;
	const struct service *have_end = have + input->live->services.count;

	while (want < want_end || have < have_end) {
		int order = want == want_end   ? 1
			    : have == have_end ? -1
					       : service_key_compare(&want->key, &have->key);

		if (order < 0)
			diff_add_service(pass, want);
		else if (order > 0)
			diff_surplus_service(pass, have);
		else
			diff_common_service(pass, want, have);
		want += order <= 0;
		have += order >= 0;
	}
}

/* Marks in `after` the value that must change, and says whether it must. */
static bool diff_timeout(bool wanted, uint32_t desired, uint32_t live, bool *set, uint32_t *after)
{
	*set = wanted && desired != live;
	*after = *set ? desired : live;
	return *set;
}

static void diff_timeouts(struct diff_pass *pass)
{
	const struct timeouts *desired = &pass->input->desired->timeouts;
	const struct timeouts *live = &pass->input->live->timeouts;
	struct timeouts after = {};
	bool differs = false;

	differs |=
		diff_timeout(desired->tcp_set, desired->tcp, live->tcp, &after.tcp_set, &after.tcp);
	differs |= diff_timeout(desired->tcp_fin_set, desired->tcp_fin, live->tcp_fin,
		&after.tcp_fin_set, &after.tcp_fin);
	differs |=
		diff_timeout(desired->udp_set, desired->udp, live->udp, &after.udp_set, &after.udp);
	if (!differs)
		return;
	struct plan_op *op =
		diff_operation(pass, DIFF_STAGE_GLOBALS, PLAN_VERB_UPDATE, PLAN_OBJECT_TIMEOUTS);
	op->timeouts.before = *live;
	op->timeouts.after = after;
}

static void diff_sysctls(struct diff_pass *pass)
{
	vector_foreach(&pass->input->desired->sysctls, desired) {
		const struct sysctl *live = state_find_sysctl(pass->input->live, desired->name);

		if (live && strcmp(live->value, desired->value) == 0)
			continue;
		struct plan_op *op = diff_operation(
			pass, DIFF_STAGE_GLOBALS, PLAN_VERB_UPDATE, PLAN_OBJECT_SYSCTL);
		memcpy(op->sysctl.name, desired->name, sizeof(op->sysctl.name));
		memcpy(op->sysctl.after, desired->value, sizeof(op->sysctl.after));
		if (live)
			memcpy(op->sysctl.before, live->value, sizeof(op->sysctl.before));
	}
}

static const struct sync_daemon *diff_find_sync(const struct state *state, enum sync_role role)
{
	vector_foreach(&state->sync, daemon)
		if (daemon->role == role)
			return daemon;
	return NULL;
}

static bool diff_sync_is_as_desired(
	const struct sync_daemon *desired, const struct sync_daemon *live)
{
	struct sync_daemon want = *desired;

	if (!want.max_length) /* the file leaves it to the kernel */
		want.max_length = live->max_length;
	return sync_daemon_equal(&want, live);
}

static void diff_sync_role(struct diff_pass *pass, enum sync_role role)
{
	const struct sync_daemon *desired = diff_find_sync(pass->input->desired, role);
	const struct sync_daemon *live = diff_find_sync(pass->input->live, role);

	if (!desired && !live)
		return;
	if (desired && live && diff_sync_is_as_desired(desired, live))
		return;
	enum plan_verb verb = !live      ? PLAN_VERB_ADD
			      : !desired ? PLAN_VERB_DELETE
					 : PLAN_VERB_REPLACE;
	struct plan_op *op = diff_operation(pass, DIFF_STAGE_SYNC, verb, PLAN_OBJECT_SYNC);
	if (live)
		op->sync.before = *live;
	if (desired)
		op->sync.after = *desired;
}

/* Ports come with the program and not by an operation: what is for one that it was not started with
 * cannot be yet, which is noted once of each. */
static bool diff_has_port(struct diff_pass *pass, const char *name)
{
	if (state_find_port(pass->input->live, name))
		return true;
	vector_foreach(&pass->plan->notes, note)
		if (strcmp(note->port, name) == 0)
			return false;
	struct plan_note *note = vector_append(&pass->plan->notes);
	note->kind = PLAN_NOTE_PORT_MISSING;
	snprintf(note->port, sizeof(note->port), "%s", name);
	return false;
}

static struct plan_op *diff_address_operation(struct diff_pass *pass, enum diff_stage stage,
	enum plan_verb verb, const struct port_address_key *key)
{
	struct plan_op *op = diff_operation(pass, stage, verb, PLAN_OBJECT_PORT_ADDRESS);

	op->port_address.key = *key;
	return op;
}

static void diff_add_address(struct diff_pass *pass, const struct port_address *desired)
{
	if (diff_has_port(pass, desired->key.port))
		diff_address_operation(pass, DIFF_STAGE_ADDRESSES, PLAN_VERB_ADD, &desired->key)
			->port_address.after = desired->attributes;
}

static void diff_remove_address(struct diff_pass *pass, const struct port_address *live)
{
	diff_address_operation(pass, DIFF_STAGE_ADDRESSES_GONE, PLAN_VERB_DELETE, &live->key)
		->port_address.before = live->attributes;
}

static void diff_update_address(
	struct diff_pass *pass, const struct port_address *desired, const struct port_address *live)
{
	if (port_address_attributes_equal(&desired->attributes, &live->attributes))
		return;
	struct plan_op *op =
		diff_address_operation(pass, DIFF_STAGE_ADDRESSES, PLAN_VERB_UPDATE, &desired->key);
	op->port_address.before = live->attributes;
	op->port_address.after = desired->attributes;
}

static void diff_addresses(struct diff_pass *pass)
{
	const struct port_address_vector *desired = &pass->input->desired->port_addresses;
	const struct port_address_vector *live = &pass->input->live->port_addresses;
	const struct port_address *want = desired->items, *want_end = want + desired->count;
	const struct port_address *have = live->items, *have_end = have + live->count;

	while (want < want_end || have < have_end) {
		int order = want == want_end   ? 1
			    : have == have_end ? -1
					       : port_address_compare(want, have);

		if (order < 0)
			diff_add_address(pass, want);
		else if (order > 0)
			diff_remove_address(pass, have);
		else
			diff_update_address(pass, want, have);
		want += order <= 0;
		have += order >= 0;
	}
}

static struct plan_op *diff_route_operation(struct diff_pass *pass, enum diff_stage stage,
	enum plan_verb verb, const struct data_route_key *key)
{
	struct plan_op *op = diff_operation(pass, stage, verb, PLAN_OBJECT_ROUTE);

	op->route.key = *key;
	return op;
}

static void diff_add_route(struct diff_pass *pass, const struct data_route *desired)
{
	if (diff_has_port(pass, desired->attributes.port))
		diff_route_operation(pass, DIFF_STAGE_ROUTES, PLAN_VERB_ADD, &desired->key)
			->route.after = desired->attributes;
}

static void diff_remove_route(struct diff_pass *pass, const struct data_route *live)
{
	diff_route_operation(pass, DIFF_STAGE_ROUTES_GONE, PLAN_VERB_DELETE, &live->key)
		->route.before = live->attributes;
}

static void diff_update_route(
	struct diff_pass *pass, const struct data_route *desired, const struct data_route *live)
{
	if (data_route_attributes_equal(&desired->attributes, &live->attributes) ||
		!diff_has_port(pass, desired->attributes.port))
		return;
	struct plan_op *op =
		diff_route_operation(pass, DIFF_STAGE_ROUTES, PLAN_VERB_UPDATE, &desired->key);
	op->route.before = live->attributes;
	op->route.after = desired->attributes;
}

static void diff_routes(struct diff_pass *pass)
{
	const struct data_route_vector *desired = &pass->input->desired->routes;
	const struct data_route_vector *live = &pass->input->live->routes;
	const struct data_route *want = desired->items, *want_end = want + desired->count;
	const struct data_route *have = live->items, *have_end = have + live->count;

	while (want < want_end || have < have_end) {
		int order = want == want_end   ? 1
			    : have == have_end ? -1
					       : data_route_compare(want, have);

		if (order < 0)
			diff_add_route(pass, want);
		else if (order > 0)
			diff_remove_route(pass, have);
		else
			diff_update_route(pass, want, have);
		want += order <= 0;
		have += order >= 0;
	}
}

static int diff_note_compare(const void *a, const void *b)
{
	return strcmp(((const struct plan_note *)a)->port, ((const struct plan_note *)b)->port);
}

static void diff_globals(struct diff_pass *pass)
{
	const struct backend_abilities *abilities = pass->input->abilities;

	if (abilities->routes && pass->input->desired->ways_managed) {
		vector_foreach(&pass->input->desired->ports, port)
			diff_has_port(pass, port->name);
		diff_addresses(pass);
		diff_routes(pass);
		vector_sort(&pass->plan->notes, diff_note_compare);
	}
	if (abilities->sysctls)
		diff_sysctls(pass);
	if (abilities->timeouts)
		diff_timeouts(pass);
	if (!abilities->sync_daemons || !pass->input->desired->sync_managed)
		return;
	for (int role = 0; role < SYNC_ROLE_COUNT; role++)
		diff_sync_role(pass, (enum sync_role)role);
}

static void diff_collect(struct diff_pass *pass)
{
	struct plan_op_vector *ops = &pass->plan->ops;
	size_t total = 0;

	for (size_t stage = 0; stage < DIFF_STAGE_COUNT; stage++)
		total += pass->stages[stage].count;
	vector_reserve(ops, total);
	for (size_t stage = 0; stage < DIFF_STAGE_COUNT; stage++) {
		struct plan_op_vector *from = &pass->stages[stage];

		if (from->count)
			memcpy(ops->items + ops->count, from->items,
				from->count * sizeof(*from->items));
		ops->count += from->count;
		vector_clear(from);
	}
}

void diff(const struct diff_input *input, struct plan *plan)
{
	struct diff_pass pass = {.input = input, .plan = plan};

	diff_globals(&pass);
	diff_services(&pass);
	diff_collect(&pass);
}
