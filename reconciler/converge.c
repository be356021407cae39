// SPDX-License-Identifier: GPL-2.0-or-later
/* A pass over everything, or over a few services.
 *
 *	read	   the live state of the scope; what it was before stays at hand, for drift
 *	plan	   step() and diff() on the scope's part of everything; what must wait is held back
 *	record	   only when services become ours
 *	execute	   as any apply, with its verification
 *	remember   the scope's part of the memory, in the record; its file is the caller's concern when it lags behind
 *
 * A part of the whole is a set of shallow copies (subset.h), so that a pass over one service of ten thousand costs some
 * binary searches. */
#include "reconciler/converge.h"

#include <errno.h>

#include "reconciler/apply.h"
#include "reconciler/pass.h"
#include "reconciler/subset.h"

/* A pass under way. The parts are the whole things when it is about everything. */
struct converge_pass {
	struct reconciler *reconciler;
	const struct converge_input *input;
	struct converge_output *output;
	struct declared declared; /* a part, or a shallow copy */
	struct state live;
	struct memory memory;
	struct state
		before; /* what the live state of the scope was, as the last pass left it. Owned */
	struct plan plan;
	struct step_output step;
};

static bool converge_owns(const struct memory *memory, const struct service_key *key)
{
	return memory_find_owned(memory, key) != NULL;
}

static int converge_read_everything(struct converge_pass *pass, struct error *error)
{
	struct reconciler *reconciler = pass->reconciler;
	struct state fresh = {};
	int r = pass_read(reconciler, pass->input->declared, &fresh, error);

	if (r < 0)
		return r;
	pass->before = reconciler->live;
	reconciler->live = fresh;
	return 0;
}

static int converge_read_scope(struct converge_pass *pass, struct error *error)
{
	struct reconciler *reconciler = pass->reconciler;
	const struct converge_input *input = pass->input;
	const struct backend_scope scope = {
		.keys = input->keys, .count = input->count, .only = true, .services_only = true};
	_cleanup_state_ struct state fresh = {};

	int r = reconciler->backend->ops->read(reconciler->backend, &scope, &fresh, error);
	if (r < 0)
		return r;
	apply_refresh_services(&reconciler->live, &fresh, input->keys, input->count);
	pass->before = fresh; /* what stood there */
	fresh = (struct state){};
	return 0;
}

static void converge_take_parts(struct converge_pass *pass)
{
	const struct converge_input *input = pass->input;
	const struct reconciler *reconciler = pass->reconciler;

	if (input->everything) {
		pass->declared = *input->declared;
		pass->live = reconciler->live;
		pass->memory = reconciler->record.memory;
		return;
	}
	subset_declared(input->declared, input->keys, input->count, &pass->declared);
	subset_state(&reconciler->live, input->keys, input->count, &pass->live);
	subset_memory(&reconciler->record.memory, input->keys, input->count, &pass->memory);
}

static void converge_clear(struct converge_pass *pass)
{
	if (!pass->input->everything) {
		subset_declared_clear(&pass->declared);
		subset_state_clear(&pass->live);
		subset_memory_clear(&pass->memory);
	}
	state_clear(&pass->before);
	plan_clear(&pass->plan);
	step_output_clear(&pass->step);
}

/* step() and diff() on the parts. */
static void converge_think(struct converge_pass *pass)
{
	const struct pass_input input = {
		.declared = &pass->declared,
		.live = &pass->live,
		.memory = &pass->memory,
		.now = pass->input->now,
		.part = !pass->input->everything,
	};

	pass_think(pass->reconciler, &input, &pass->plan, &pass->step);
	pass->output->wake = pass->step.wake;
}

static bool converge_service_drifted(const struct plan_op *op, const struct service *before)
{
	if (op->verb == PLAN_VERB_ADD)
		return before != NULL;
	return !before || !service_attributes_equal(&before->attributes, &op->attributes.before);
}

static bool converge_destination_drifted(const struct plan_op *op, const struct service *service)
{
	const struct destination *before =
		service ? service_find_destination(service, &op->destination.key) : NULL;

	if (op->verb == PLAN_VERB_ADD)
		return before != NULL;
	return !before ||
	       !destination_attributes_equal(&before->attributes, &op->destination.before);
}

static const struct sync_daemon *converge_find_sync(
	const struct plan_op *op, const struct state *state)
{
	enum sync_role role =
		op->verb == PLAN_VERB_ADD ? op->sync.after.role : op->sync.before.role;

	vector_foreach(&state->sync, daemon)
		if (daemon->role == role)
			return daemon;
	return NULL;
}

static bool converge_sync_drifted(const struct plan_op *op, const struct state *before)
{
	const struct sync_daemon *daemon = converge_find_sync(op, before);

	if (op->verb == PLAN_VERB_ADD)
		return daemon != NULL;
	return !daemon || !sync_daemon_equal(daemon, &op->sync.before);
}

static bool converge_address_drifted(const struct plan_op *op, const struct port_address *before)
{
	if (op->verb == PLAN_VERB_ADD)
		return before != NULL;
	return !before ||
	       !port_address_attributes_equal(&before->attributes, &op->port_address.before);
}

static bool converge_route_drifted(const struct plan_op *op, const struct data_route *before)
{
	if (op->verb == PLAN_VERB_ADD)
		return before != NULL;
	return !before || !data_route_attributes_equal(&before->attributes, &op->route.before);
}

/* Whether somebody else changed the object since the last pass: it is not what that pass left. */
static bool converge_drifted(const struct plan_op *op, const struct state *before)
{
	const struct sysctl *sysctl;

	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return converge_service_drifted(op, state_find_service(before, &op->service));
	case PLAN_OBJECT_DESTINATION:
		return converge_destination_drifted(op, state_find_service(before, &op->service));
	case PLAN_OBJECT_TIMEOUTS:
		return !timeouts_equal(&before->timeouts, &op->timeouts.before);
	case PLAN_OBJECT_SYNC:
		return converge_sync_drifted(op, before);
	case PLAN_OBJECT_PORT_ADDRESS:
		return converge_address_drifted(
			op, state_find_port_address(before, &op->port_address.key));
	case PLAN_OBJECT_ROUTE:
		return converge_route_drifted(op, state_find_route(before, &op->route.key));
	default:
		sysctl = state_find_sysctl(before, op->sysctl.name);
		return sysctl && strcmp(sysctl->value, op->sysctl.before) != 0;
	}
}

/* Whether nothing of the object was there at the last pass. */
static bool converge_is_new(const struct plan_op *op, const struct state *before)
{
	const struct service *service;

	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return !state_find_service(before, &op->service);
	case PLAN_OBJECT_DESTINATION:
		service = state_find_service(before, &op->service);
		return !service || !service_find_destination(service, &op->destination.key);
	case PLAN_OBJECT_SYNC:
		return !converge_find_sync(op, before);
	case PLAN_OBJECT_PORT_ADDRESS:
		return !state_find_port_address(before, &op->port_address.key);
	case PLAN_OBJECT_ROUTE:
		return !state_find_route(before, &op->route.key);
	default:
		return false;
	}
}

/* A service that somebody deleted comes back with all its destinations: one object that drifted, not eleven. */
static bool converge_comes_with_service(const struct plan_op *op, const struct service_key *added)
{
	return added && op->object == PLAN_OBJECT_DESTINATION &&
	       service_key_compare(added, &op->service) == 0;
}

static void converge_tell_drift(struct converge_pass *pass)
{
	const struct converge_input *input = pass->input;
	const struct service_key *added = NULL;

	if (!input->known)
		return;
	vector_foreach(&pass->plan.ops, op) {
		if (op->object == PLAN_OBJECT_SERVICE && op->verb == PLAN_VERB_ADD)
			added = &op->service;
		if (converge_comes_with_service(op, added) || !converge_drifted(op, &pass->before))
			continue;
		pass->output->drift++;
		if (input->drifted)
			input->drifted(input->data, op, converge_is_new(op, &pass->before));
	}
}

static bool converge_grows(const struct converge_pass *pass)
{
	vector_foreach(&pass->step.memory.owned, service)
		if (!converge_owns(&pass->memory, &service->key))
			return true;
	return false;
}

/* Names on disk what becomes ours, before it does. */
static int converge_record_first(struct converge_pass *pass, struct error *error)
{
	struct record *record = &pass->reconciler->record;
	struct memory grown = {};

	if (!converge_grows(pass))
		return 0;
	memory_union(&grown, &pass->step.memory, &record->memory);
	struct memory kept = record->memory;
	record->memory = grown;
	int r = record_save(pass->reconciler->options.state_dir, record, error);
	memory_clear(&grown);
	record->memory = kept;
	return r;
}

/* Takes out of the plan what concerns services that are not ours yet. */
static void converge_leave_out_new(struct converge_pass *pass)
{
	struct plan *plan = &pass->plan;
	struct memory *next = &pass->step.memory;
	size_t kept = 0, owned = 0, drains = 0;

	vector_foreach(&plan->ops, op) {
		bool of_service =
			op->object == PLAN_OBJECT_SERVICE || op->object == PLAN_OBJECT_DESTINATION;

		if (!of_service || converge_owns(&pass->memory, &op->service))
			plan->ops.items[kept++] = *op;
	}
	plan->ops.count = kept;
	vector_foreach(&next->owned, service) {
		if (converge_owns(&pass->memory, &service->key))
			next->owned.items[owned++] = *service;
		else
			free(service->name);
	}
	next->owned.count = owned;
	vector_foreach(&next->drains, drain)
		if (converge_owns(&pass->memory, &drain->service))
			next->drains.items[drains++] = *drain;
	next->drains.count = drains;
}

/* What was ours and is still there stays ours, also when its deletion was held back. */
static void converge_keep_ours(struct converge_pass *pass)
{
	struct memory *next = &pass->step.memory;
	struct memory kept = {}, merged = {};

	vector_foreach(&pass->memory.owned, service)
		if (!converge_owns(next, &service->key) &&
			state_find_service(&pass->reconciler->live, &service->key))
			vector_push(&kept.owned, *service);
	if (!kept.owned.count)
		return;
	memory_union(&merged, &kept, next);
	memory_clear(next);
	*next = merged;
	vector_clear(&kept.owned); /* the names are pass->memory's */
}

/* The memory of the scope, as it is now that the plan was carried out. */
static void converge_remember(struct converge_pass *pass, const struct apply_report *report)
{
	struct memory *memory = &pass->reconciler->record.memory;

	apply_amend_memory(report, &pass->memory, &pass->step.memory);
	converge_keep_ours(pass);
	if (memory_equal(&pass->memory, &pass->step.memory))
		return;
	pass->output->unsaved = true;
	if (!pass->input->everything) {
		subset_memory_put(
			memory, pass->input->keys, pass->input->count, &pass->step.memory);
		return;
	}
	memory_clear(memory);
	*memory = pass->step.memory;
	pass->step.memory = (struct memory){};
	pass->memory = *memory;
}

/* Nobody knows how much of the plan was carried out: whatever it concerned may be ours. */
static void converge_remember_both(struct converge_pass *pass)
{
	struct memory *memory = &pass->reconciler->record.memory;
	struct memory both = {};

	memory_union(&both, &pass->step.memory, memory);
	memory_clear(memory);
	*memory = both;
	pass->output->unsaved = true;
}

static int converge_carry_out(struct converge_pass *pass, struct error *error)
{
	_cleanup_apply_report_ struct apply_report report = {};
	const struct converge_input *input = pass->input;
	struct converge_output *output = pass->output;

	int r = input->begin ? input->begin(input->data, &pass->plan, error) : 0;
	if (r < 0)
		return r;
	int unrecorded = converge_record_first(pass, error);
	if (unrecorded < 0) {
		error_prefix(error, unrecorded, "what is to become ours cannot be recorded");
		converge_leave_out_new(pass);
	}
	r = apply_execute(pass->reconciler, &pass->plan, input->observer, &report, error);
	output->applied = report.applied;
	output->failed = report.failed + report.skipped;
	output->mismatches = report.mismatches;
	if (r < 0)
		converge_remember_both(pass);
	else
		converge_remember(pass, &report);
	return r < 0 ? r : unrecorded;
}

int converge_run(struct reconciler *reconciler, const struct converge_input *input,
	struct converge_output *output, struct error *error)
{
	struct converge_pass pass = {.reconciler = reconciler, .input = input, .output = output};

	*output = (struct converge_output){.wake = UINT64_MAX};
	int r = input->everything ? converge_read_everything(&pass, error)
				  : converge_read_scope(&pass, error);
	if (r < 0)
		return r;
	converge_take_parts(&pass);
	converge_think(&pass);
	output->planned = plan_count(&pass.plan);
	converge_tell_drift(&pass);
	if (input->hold_back)
		input->hold_back(input->data, &pass.plan);
	if (input->writes)
		r = converge_carry_out(&pass, error);
	converge_clear(&pass);
	return r;
}

int converge_plan(struct reconciler *reconciler, const struct declared *declared, struct plan *plan,
	struct error *error)
{
	_cleanup_step_output_ struct step_output output = {};
	_cleanup_state_ struct state live = {};

	int r = pass_read(reconciler, declared, &live, error);
	if (r < 0)
		return r;
	const struct pass_input input = {
		.declared = declared,
		.live = &live,
		.memory = &reconciler->record.memory,
		.now = reconciler_now(),
	};
	pass_think(reconciler, &input, plan, &output);
	return 0;
}
