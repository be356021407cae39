// SPDX-License-Identifier: GPL-2.0-or-later
/* `history`: what was applied when, from which revision, and why; and the events that tell of it as it happens. */
#include "daemon/methods.h"

#include "daemon/json_text.h"
#include "model/units.h"

json_t *method_entry_to_json(const struct engine_entry *entry)
{
	const struct plan_totals *applied = &entry->applied;
	const uint64_t microseconds = entry->duration / 1000;

	return json_pack("{s:I, s:I, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o}",
		"serial", (json_int_t)entry->serial, "at_ms", (json_int_t)entry->wall, "reason",
		engine_reason_name(entry->reason), "revision",
		json_text_value(*entry->revision ? entry->revision : NULL), "commit",
		json_text_value(entry->commit), "add", (json_int_t)applied->add, "change",
		(json_int_t)applied->change, "remove", (json_int_t)applied->remove, "disruptive",
		(json_int_t)applied->disruptive, "failed", (json_int_t)entry->failed, "drift",
		(json_int_t)entry->drift, "duration_ms", (double)microseconds / 1000, "objects",
		json_text_list((const char *const *)entry->objects.items, entry->objects.count));
}

static void event_write_field(const struct engine_field *field, struct strbuf *line)
{
	switch (field->kind) {
	case ENGINE_FIELD_TEXT:
		if (field->text)
			json_text_member_string(line, field->name, field->text);
		break;
	case ENGINE_FIELD_NUMBER:
		json_text_member_number(line, field->name, field->number);
		break;
	case ENGINE_FIELD_FLAG:
		json_text_member_flag(line, field->name, field->number);
		break;
	case ENGINE_FIELD_NONE:
		json_text_member_null(line, field->name);
		break;
	}
}

static void event_write_users(const struct engine_event *event, struct strbuf *line)
{
	json_text_member_number(line, "user_count", event->user_total);
	json_text_member(line, "users");
	strbuf_add_char(line, '[');
	for (size_t i = 0; i < event->user_count; i++) {
		strbuf_add(line, i ? ",{" : "{");
		json_text_member_string(line, "service", event->users[i].service);
		json_text_member_string(line, "listener", event->users[i].listener);
		json_text_member_string(line, "destination", event->users[i].destination);
		json_text_member_string(line, "state", event->users[i].up ? "up" : "down");
		json_text_close(line);
	}
	strbuf_add_char(line, ']');
}

static void event_write_data(const struct engine_event *event, struct strbuf *line)
{
	if (!event->field_count) {
		json_text_member_null(line, "data");
		return;
	}
	json_text_member_open(line, "data");
	for (size_t i = 0; i < event->field_count; i++)
		event_write_field(&event->fields[i], line);
	if (event->user_total)
		event_write_users(event, line);
	json_text_close(line);
}

void method_event_to_text(const struct engine_event *event, struct strbuf *line)
{
	strbuf_add(line, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{");
	json_text_member_number(line, "at_ms", event->wall);
	json_text_member_string(line, "kind", engine_event_name(event->kind));
	json_text_member_string(line, "object", event->object);
	json_text_member_string(line, "text", event->text);
	if (event->entry) {
		json_t *entry = method_entry_to_json(event->entry);

		json_text_member(line, "entry");
		json_text_tree(line, entry);
		json_decref(entry);
	} else {
		json_text_member_null(line, "entry");
	}
	event_write_data(event, line);
	strbuf_add(line, "}}\n");
}

static int history_limit(const struct call *call, uint64_t *ret, struct error *error)
{
	const char *text = call_text(call, "limit");

	*ret = ENGINE_HISTORY_MOST;
	if (text && units_parse_number(text, ret) < 0)
		return error_set(error, CALL_CODE_PARAMS,
			"`limit` of `history` is not a number of entries, like \"20\"");
	return 0;
}

static void history_run(struct call *call)
{
	const struct engine *engine = call_engine(call);
	_cleanup_error_ struct error error = {};
	uint64_t limit;

	int r = history_limit(call, &limit, &error);
	if (r < 0) {
		call_fail(call, r, &error);
		return;
	}
	size_t count = engine->history.count;
	json_t *entries = json_array();
	for (size_t i = count - MIN(count, limit); i < count; i++)
		json_array_append_new(entries, method_entry_to_json(&engine->history.items[i]));
	call_reply(call, json_pack("{s:o}", "entries", entries));
}

const struct method method_history = {
	.name = "history",
	.summary = "what was applied when, from which revision, and why",
	.params = {{"limit", METHOD_PARAM_TYPE_TEXT, .help = "only the last so many"}},
	.run = history_run,
};
