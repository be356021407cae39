// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/plan.h"

void plan_totals_add(struct plan_totals *totals, const struct plan_op *op)
{
	switch (op->verb) {
	case PLAN_VERB_ADD:
		totals->add++;
		break;
	case PLAN_VERB_DELETE:
		totals->remove++;
		break;
	default:
		totals->change++;
	}
	totals->disruptive += op->disruptive;
}

struct plan_totals plan_count(const struct plan *plan)
{
	struct plan_totals totals = {};

	vector_foreach(&plan->ops, op)
		plan_totals_add(&totals, op);
	vector_foreach(&plan->notes, note) {
		totals.unmanaged += note->kind == PLAN_NOTE_UNMANAGED;
		totals.leaving += note->kind == PLAN_NOTE_LEAVING;
	}
	return totals;
}

void plan_op_describe(const struct plan_op *op, struct strbuf *text)
{
	char service[SERVICE_KEY_TEXT_SIZE], destination[ADDRESS_ENDPOINT_LENGTH];
	char address[ADDRESS_LENGTH], route[DATA_ROUTE_TEXT_SIZE];

	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		strbuf_printf(text, "service %s", service_key_format(&op->service, service));
		return;
	case PLAN_OBJECT_DESTINATION:
		strbuf_printf(text, "destination %s of %s",
			destination_key_format(&op->destination.key, destination),
			service_key_format(&op->service, service));
		return;
	case PLAN_OBJECT_SYNC:
		strbuf_printf(text, "sync %s",
			sync_role_name(op->verb == PLAN_VERB_DELETE ? op->sync.before.role
								    : op->sync.after.role));
		return;
	case PLAN_OBJECT_SYSCTL:
		strbuf_printf(text, "sysctl %s", op->sysctl.name);
		return;
	case PLAN_OBJECT_PORT_ADDRESS:
		strbuf_printf(text, "address %s of port %s",
			address_format(&op->port_address.key.address, address),
			op->port_address.key.port);
		return;
	case PLAN_OBJECT_ROUTE:
		strbuf_printf(text, "route %s", data_route_key_format(&op->route.key, route));
		return;
	default:
		strbuf_add(text, plan_object_name(op->object));
	}
}

static bool plan_service_equal(const struct plan_op *a, const struct plan_op *b)
{
	bool before = a->verb == PLAN_VERB_ADD ||
		      service_attributes_equal(&a->attributes.before, &b->attributes.before);
	bool after = a->verb == PLAN_VERB_DELETE ||
		     service_attributes_equal(&a->attributes.after, &b->attributes.after);

	return before && after && service_key_compare(&a->service, &b->service) == 0;
}

static bool plan_destination_equal(const struct plan_op *a, const struct plan_op *b)
{
	bool before = a->verb == PLAN_VERB_ADD ||
		      destination_attributes_equal(&a->destination.before, &b->destination.before);
	bool after = a->verb == PLAN_VERB_DELETE ||
		     destination_attributes_equal(&a->destination.after, &b->destination.after);

	return before && after && service_key_compare(&a->service, &b->service) == 0 &&
	       destination_key_compare(&a->destination.key, &b->destination.key) == 0;
}

static bool plan_sync_equal(const struct plan_op *a, const struct plan_op *b)
{
	bool before =
		a->verb == PLAN_VERB_ADD || sync_daemon_equal(&a->sync.before, &b->sync.before);
	bool after =
		a->verb == PLAN_VERB_DELETE || sync_daemon_equal(&a->sync.after, &b->sync.after);

	return before && after;
}

static bool plan_port_address_equal(const struct plan_op *a, const struct plan_op *b)
{
	bool before =
		a->verb == PLAN_VERB_ADD ||
		port_address_attributes_equal(&a->port_address.before, &b->port_address.before);
	bool after = a->verb == PLAN_VERB_DELETE ||
		     port_address_attributes_equal(&a->port_address.after, &b->port_address.after);

	return before && after &&
	       port_address_key_compare(&a->port_address.key, &b->port_address.key) == 0;
}

static bool plan_route_equal(const struct plan_op *a, const struct plan_op *b)
{
	bool before = a->verb == PLAN_VERB_ADD ||
		      data_route_attributes_equal(&a->route.before, &b->route.before);
	bool after = a->verb == PLAN_VERB_DELETE ||
		     data_route_attributes_equal(&a->route.after, &b->route.after);

	return before && after && data_route_key_compare(&a->route.key, &b->route.key) == 0;
}

bool plan_op_equal(const struct plan_op *a, const struct plan_op *b)
{
	if (a->verb != b->verb || a->object != b->object)
		return false;
	switch (a->object) {
	case PLAN_OBJECT_SERVICE:
		return plan_service_equal(a, b);
	case PLAN_OBJECT_DESTINATION:
		return plan_destination_equal(a, b);
	case PLAN_OBJECT_TIMEOUTS:
		return timeouts_equal(&a->timeouts.before, &b->timeouts.before) &&
		       timeouts_equal(&a->timeouts.after, &b->timeouts.after);
	case PLAN_OBJECT_SYNC:
		return plan_sync_equal(a, b);
	case PLAN_OBJECT_PORT_ADDRESS:
		return plan_port_address_equal(a, b);
	case PLAN_OBJECT_ROUTE:
		return plan_route_equal(a, b);
	default:
		return strcmp(a->sysctl.name, b->sysctl.name) == 0 &&
		       strcmp(a->sysctl.before, b->sysctl.before) == 0 &&
		       strcmp(a->sysctl.after, b->sysctl.after) == 0;
	}
}

void plan_clear(struct plan *plan)
{
	vector_clear(&plan->ops);
	vector_clear(&plan->notes);
}
