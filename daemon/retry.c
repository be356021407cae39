// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/retry.h"

static int retry_compare_ops(const struct plan_op *a, const struct plan_op *b)
{
	int order = COMPARE(a->object, b->object);

	if (order)
		return order;
	switch (a->object) {
	case PLAN_OBJECT_SERVICE:
		return service_key_compare(&a->service, &b->service);
	case PLAN_OBJECT_DESTINATION:
		order = service_key_compare(&a->service, &b->service);
		return order ? order
			     : destination_key_compare(&a->destination.key, &b->destination.key);
	case PLAN_OBJECT_SYNC:
		return COMPARE(
			a->verb == PLAN_VERB_DELETE ? a->sync.before.role : a->sync.after.role,
			b->verb == PLAN_VERB_DELETE ? b->sync.before.role : b->sync.after.role);
	case PLAN_OBJECT_SYSCTL:
		return strcmp(a->sysctl.name, b->sysctl.name);
	case PLAN_OBJECT_PORT_ADDRESS:
		return port_address_key_compare(&a->port_address.key, &b->port_address.key);
	case PLAN_OBJECT_ROUTE:
		return data_route_key_compare(&a->route.key, &b->route.key);
	default:
		return 0;
	}
}

int retry_compare(const void *a, const void *b)
{
	const struct retry *x = a, *y = b;

	return retry_compare_ops(&x->op, &y->op);
}

static struct retry *retry_lookup(const struct retry_table *table, const struct plan_op *op)
{
	struct retry key = {.op = *op};

	return vector_find(table, &key, retry_compare);
}

const struct retry *retry_find(const struct retry_table *table, const struct plan_op *op)
{
	return retry_lookup(table, op);
}

/* Whether the adding of the operation's service waits: what depends on it is no failure of its own. */
static bool retry_service_waits(
	const struct retry_table *table, const struct plan_op *op, uint64_t now)
{
	const struct plan_op adding = {.object = PLAN_OBJECT_SERVICE, .service = op->service};
	const struct retry *found = retry_find(table, &adding);

	return found && found->op.verb == PLAN_VERB_ADD && found->planned && found->next > now;
}

size_t retry_hold_back(struct retry_table *table, struct plan *plan, uint64_t now)
{
	size_t kept = 0, count = plan->ops.count;

	vector_foreach(table, entry)
		entry->planned = false;
	for (size_t i = 0; table->count && i < count; i++) {
		struct plan_op *op = &plan->ops.items[i];
		struct retry *entry = retry_lookup(table, op);

		if (entry)
			entry->planned = true;
		if (entry && entry->next > now)
			continue;
		/* A service stands before its destinations in a plan, so its mark is there. */
		if (op->object == PLAN_OBJECT_DESTINATION && retry_service_waits(table, op, now))
			continue;
		plan->ops.items[kept++] = *op;
	}
	if (table->count)
		plan->ops.count = kept;
	return count - plan->ops.count;
}

static int retry_compare_key(const void *a, const void *b)
{
	return service_key_compare(a, b);
}

static bool retry_in_scope(const struct retry_scope *scope, const struct plan_op *op)
{
	if (scope->everything)
		return true;
	if (op->object != PLAN_OBJECT_SERVICE && op->object != PLAN_OBJECT_DESTINATION)
		return false;
	return vector_find_(&op->service, scope->keys, scope->count, sizeof(*scope->keys),
		       retry_compare_key) != NULL;
}

/* Back-off: the first wait, doubled for each further failure. */
static uint64_t retry_wait(unsigned int attempts)
{
	uint64_t wait = RETRY_FIRST_NS;

	while (--attempts && wait < RETRY_MOST_NS)
		wait *= 2;
	return MIN(wait, RETRY_MOST_NS);
}

static void retry_fail_again(struct retry *entry, const struct retry *before, uint64_t now)
{
	entry->since = before ? before->since : now;
	entry->attempts = before ? before->attempts + 1 : 1;
	entry->next = now + retry_wait(entry->attempts);
	entry->planned = true;
}

void retry_update(struct retry_table *table, struct retry_table *failed,
	const struct retry_scope *scope, uint64_t now)
{
	struct retry_table next = *failed;

	*failed = (struct retry_table){};
	vector_foreach(&next, entry)
		retry_fail_again(entry, retry_find(table, &entry->op), now);
	vector_sort(&next, retry_compare);
	/* Held back and still needed, or not looked at: stays. Only what was there is looked up in what is new. */
	size_t fresh = next.count;
	vector_foreach(table, entry) {
		struct retry_table looked_at = {.items = next.items, .count = fresh};
		bool waits = entry->planned && entry->next > now;

		if (!retry_find(&looked_at, &entry->op) &&
			(waits || !retry_in_scope(scope, &entry->op)))
			vector_push(&next, *entry);
		else
			free(entry->error);
	}
	vector_clear(table);
	vector_sort(&next, retry_compare);
	*table = next;
}

void retry_all(struct retry_table *table, uint64_t now)
{
	vector_foreach(table, entry)
		entry->next = MIN(entry->next, now);
}

uint64_t retry_next(const struct retry_table *table)
{
	uint64_t next = UINT64_MAX;

	vector_foreach(table, entry)
		next = MIN(next, entry->next);
	return next;
}

struct service_key *retry_due(
	const struct retry_table *table, uint64_t now, size_t *count, bool *globals)
{
	struct {
		VECTOR_OF(struct service_key);
	} keys = {};
	size_t unique = 0;

	*globals = false;
	vector_foreach(table, entry) {
		if (entry->next > now)
			continue;
		if (entry->op.object == PLAN_OBJECT_SERVICE ||
			entry->op.object == PLAN_OBJECT_DESTINATION)
			vector_push(&keys, entry->op.service);
		else
			*globals = true;
	}
	vector_sort(&keys, retry_compare_key);
	for (size_t i = 0; i < keys.count; i++)
		if (!unique || service_key_compare(&keys.items[unique - 1], &keys.items[i]) != 0)
			keys.items[unique++] = keys.items[i];
	*count = unique;
	return keys.items;
}

void retry_clear(struct retry_table *table)
{
	vector_foreach(table, entry)
		free(entry->error);
	vector_clear(table);
}
