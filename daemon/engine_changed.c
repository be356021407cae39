// SPDX-License-Identifier: GPL-2.0-or-later
/* What a pass changed, object by object: for the log, the stream of events and the history.
 *
 * A pass may change 100,000 objects, and says of the first few what they are; of the others, how many there are. They are put
 * into words as they are done, for the plan is gone when the pass is over, and told then: what went before a failure is among
 * them. */
#include "daemon/engine_inside.h"
#include "reconciler/plan_text.h"

static const char *const changed_words[PLAN_VERB_COUNT] = {
	[PLAN_VERB_ADD] = "added",
	[PLAN_VERB_UPDATE] = "changed",
	[PLAN_VERB_REPLACE] = "made anew",
	[PLAN_VERB_DELETE] = "removed",
};

void engine_changed_add(struct engine_changes *changes, const struct plan_op *op)
{
	_cleanup_strbuf_ struct strbuf object = {}, fields = {}, line = {};

	if (changes->total++ >= ENGINE_CHANGES_MOST)
		return;
	plan_op_describe(op, &object);
	plan_op_format_changes(op, &fields);
	plan_op_format(op, &line);
	struct engine_change *change = vector_append(changes);
	change->verb = op->verb;
	change->object = strbuf_take(&object);
	change->fields = strbuf_take(&fields);
	change->line = strbuf_take(&line);
	change->of_service =
		op->object == PLAN_OBJECT_SERVICE || op->object == PLAN_OBJECT_DESTINATION;
	change->of_destination = op->object == PLAN_OBJECT_DESTINATION;
	change->service = op->service;
	if (change->of_destination)
		change->destination = op->destination.key;
}

static void changed_tell(
	struct engine *engine, const struct engine_change *change, enum engine_reason reason)
{
	char listener[SERVICE_KEY_TEXT_SIZE], destination[ADDRESS_ENDPOINT_LENGTH];
	const struct declared_service *declared =
		engine->files && change->of_service
			? declared_find_service(&engine->files->declared, &change->service)
			: NULL;
	const char *word = changed_words[change->verb], *why = engine_reason_name(reason);
	const struct engine_field fields[] = {
		{.name = "change", .text = word},
		{.name = "reason", .text = why},
		{.name = "service", .text = declared ? declared->name : NULL},
		{.name = "listener",
			.text = change->of_service ? service_key_format(&change->service, listener)
						   : NULL},
		{.name = "destination",
			.text = change->of_destination
					? destination_key_format(&change->destination, destination)
					: NULL},
	};
	struct engine_event event = {
		.kind = ENGINE_EVENT_CHANGED,
		.object = change->object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields),
	};

	engine_tell_event(engine, &event, "%s (%s)%s%s", word, why, *change->fields ? ": " : "",
		change->fields);
}

void engine_changed_tell(
	struct engine *engine, const struct engine_changes *changes, enum engine_reason reason)
{
	vector_foreach(changes, change)
		changed_tell(engine, change, reason);
	if (changes->total > changes->count)
		engine_tell(engine, ENGINE_EVENT_CHANGED, NULL, "and %zu more objects (%s)",
			changes->total - changes->count, engine_reason_name(reason));
}

void engine_changed_list(struct engine_changes *changes, struct engine_entry *entry)
{
	vector_foreach(changes, change)
		vector_push(&entry->objects, STEAL(change->line));
}

void engine_changed_clear(struct engine_changes *changes)
{
	vector_foreach(changes, change) {
		free(change->object);
		free(change->fields);
		free(change->line);
	}
	vector_clear(changes);
	changes->total = 0;
}
