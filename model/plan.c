// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/plan.h"

static size_t *plan_totals_slot(struct plan_totals *totals, enum plan_verb verb)
{
	switch (verb) {
	case PLAN_VERB_ADD:
		return &totals->add;
	case PLAN_VERB_DELETE:
		return &totals->remove;
	default:
		return &totals->change;
	}
}

struct plan_totals plan_count(const struct plan *plan)
{
	struct plan_totals totals = {};

	vector_foreach(&plan->ops, op) {
		++*plan_totals_slot(&totals, op->verb);
		totals.disruptive += op->disruptive;
	}
	vector_foreach(&plan->notes, note)
		totals.unmanaged += note->kind == PLAN_NOTE_UNMANAGED;
	return totals;
}

void plan_op_describe(const struct plan_op *op, struct strbuf *text)
{
	char service[SERVICE_KEY_TEXT_SIZE], destination[ADDRESS_ENDPOINT_LENGTH];

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
	default:
		strbuf_add(text, plan_object_name(op->object));
	}
}

void plan_clear(struct plan *plan)
{
	vector_clear(&plan->ops);
	vector_clear(&plan->notes);
}
