// SPDX-License-Identifier: GPL-2.0-or-later
/* Events, as they happen, and the history, which outlives a restart.
 *
 * STATE-DIR/history.jsonl has a line of JSON for each entry. Lines are appended, not synced: what a crash of the machine takes from
 * it is no state. A line that cannot be read is passed over. When the file holds twice what is kept, it is written anew. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>

#include "base/file.h"
#include "base/timespec.h"
#include "daemon/engine_inside.h"
#include "daemon/json_text.h"

#define ENGINE_HISTORY_FILE  "history.jsonl"
#define ENGINE_NUMBER_MOST   (INT64_C(1) << 62)
#define ENGINE_LINE_MOST     512
#define ENGINE_HISTORY_LIMIT (16u << 20)

static const char *const engine_reason_names[ENGINE_REASON_COUNT] = {
	[ENGINE_REASON_START] = "start",
	[ENGINE_REASON_FILES] = "files",
	[ENGINE_REASON_OPERATOR] = "operator",
	[ENGINE_REASON_HEALTH] = "health",
	[ENGINE_REASON_DRAIN] = "drain",
	[ENGINE_REASON_RETRY] = "retry",
	[ENGINE_REASON_RESYNC] = "resync",
	[ENGINE_REASON_CONFIRM] = "confirm",
	[ENGINE_REASON_ROLLBACK] = "rollback",
	[ENGINE_REASON_ROLE] = "role",
};

static const char *const engine_held_names[ENGINE_HELD_COUNT] = {
	[ENGINE_HELD_BACKEND] = "backend",
	[ENGINE_HELD_CONFIRM] = "confirm",
	[ENGINE_HELD_PATHS] = "paths",
	[ENGINE_HELD_REFUSED] = "refused",
	[ENGINE_HELD_FOLDER] = "folder",
	[ENGINE_HELD_BLAST] = "blast",
};

static const char *const engine_event_names[ENGINE_EVENT_COUNT] = {
	[ENGINE_EVENT_FILES_ACCEPTED] = "files-accepted",
	[ENGINE_EVENT_FILES_REJECTED] = "files-rejected",
	[ENGINE_EVENT_FILES_WARNED] = "files-warned",
	[ENGINE_EVENT_FILES_HELD] = "files-held",
	[ENGINE_EVENT_APPLIED] = "applied",
	[ENGINE_EVENT_CHANGED] = "changed",
	[ENGINE_EVENT_FAILED] = "failed",
	[ENGINE_EVENT_RECOVERED] = "recovered",
	[ENGINE_EVENT_DRIFT] = "drift",
	[ENGINE_EVENT_DRAIN] = "drain",
	[ENGINE_EVENT_OPERATOR] = "operator",
	[ENGINE_EVENT_CONFIRM] = "confirm",
	[ENGINE_EVENT_BACKEND] = "backend",
	[ENGINE_EVENT_HEALTH] = "health",
	[ENGINE_EVENT_UNTRIED] = "health",
	[ENGINE_EVENT_TROUBLE] = "trouble",
	[ENGINE_EVENT_QUORUM] = "quorum",
	[ENGINE_EVENT_ROUTER] = "router",
	[ENGINE_EVENT_DOUBT] = "doubt",
	[ENGINE_EVENT_TRACK] = "track",
	[ENGINE_EVENT_PROCESS] = "process",
};

/* What is so while one of them is not there. */
static const struct {
	const char *name, *gone;
} engine_processes[ENGINE_PROCESS_COUNT] = {
	[ENGINE_PROCESS_HEALTH] = {"health", "gone: nothing is probed before it is there again"},
	[ENGINE_PROCESS_VRRP] = {"vrrp",
		"gone: no virtual router is kept before it is there again"},
};

const char *engine_held_name(enum engine_held held)
{
	return engine_held_names[held];
}

const char *engine_reason_name(enum engine_reason reason)
{
	return engine_reason_names[reason];
}

int engine_reason_from_name(const char *name)
{
	for (int i = 0; i < ENGINE_REASON_COUNT; i++)
		if (strcmp(engine_reason_names[i], name) == 0)
			return i;
	return -EINVAL;
}

const char *engine_event_name(enum engine_event_kind kind)
{
	return engine_event_names[kind];
}

static void engine_send(struct engine *engine, struct engine_event *event)
{
	event->wall = timespec_wall_ms();
	if (engine->options.event)
		engine->options.event(engine->options.data, event);
}

void engine_tell(struct engine *engine, enum engine_event_kind kind, const char *object,
	const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	if (format) {
		va_start(arguments, format);
		text = memory_vprintf(format, arguments);
		va_end(arguments);
	}
	engine_send(engine, &(struct engine_event){.kind = kind, .object = object, .text = text});
}

void engine_tell_event(struct engine *engine, struct engine_event *event, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	_cleanup_free_ char *text = memory_vprintf(format, arguments);
	va_end(arguments);
	event->text = text;
	engine_send(engine, event);
}

void engine_set_process(struct engine *engine, enum engine_process process, bool there)
{
	const char *name = engine_processes[process].name;
	_cleanup_free_ char *object = memory_printf("process %s", name);
	const struct engine_field fields[] = {
		{.name = "process", .text = name},
		{.name = "state", .text = there ? "there" : "gone"},
	};
	struct engine_event event = {.kind = ENGINE_EVENT_PROCESS,
		.object = object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields)};

	if (engine->gone[process] == !there)
		return;
	engine->gone[process] = !there;
	engine_tell_event(
		engine, &event, "%s", there ? "there again" : engine_processes[process].gone);
}

void engine_set_trouble(struct engine *engine, enum engine_trouble trouble, const char *text)
{
	char *before = engine->troubles[trouble];

	engine->troubles[trouble] = memory_copy_string(text);
	if (text && (!before || strcmp(before, text) != 0))
		engine_tell(engine, ENGINE_EVENT_TROUBLE, NULL, "%s", text);
	free(before);
}

static char *engine_history_path(const struct engine *engine)
{
	return memory_printf("%s/" ENGINE_HISTORY_FILE, engine->options.state_dir);
}

static char *engine_entry_format(const struct engine_entry *entry)
{
	json_t *json = json_pack("{s:I, s:I, s:s, s:s, s:s*, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"serial", (json_int_t)entry->serial, "at", (json_int_t)entry->wall, "reason",
		engine_reason_name(entry->reason), "revision", entry->revision, "commit",
		entry->commit, "add", (json_int_t)entry->applied.add, "change",
		(json_int_t)entry->applied.change, "remove", (json_int_t)entry->applied.remove,
		"disruptive", (json_int_t)entry->applied.disruptive, "failed",
		(json_int_t)entry->failed, "drift", (json_int_t)entry->drift, "duration",
		(json_int_t)entry->duration);
	if (entry->objects.count)
		json_object_set_new(json, "objects",
			json_text_list(
				(const char *const *)entry->objects.items, entry->objects.count));
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text;
}

/* Written by somebody else, a number may be anything; and there is one more serial after the last. */
static bool engine_entry_number_is_sound(json_int_t number)
{
	return number >= 0 && number < ENGINE_NUMBER_MOST;
}

static void engine_entry_unpack_objects(const json_t *json, struct engine_entry *entry)
{
	const json_t *list = json_object_get(json, "objects"), *line;
	size_t i;

	json_array_foreach(list, i, line)
	{
		const char *text = json_string_value(line);

		if (text && entry->objects.count < ENGINE_CHANGES_MOST &&
			json_string_length(line) <= ENGINE_LINE_MOST)
			vector_push(&entry->objects, memory_copy_string(text));
	}
}

static int engine_entry_unpack(json_t *json, struct engine_entry *entry)
{
	json_int_t serial, at, add, change, removed, disruptive, failed, drift, duration;
	const char *reason, *revision, *commit = NULL;

	if (json_unpack(json, "{s:I, s:I, s:s, s:s, s?s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		    "serial", &serial, "at", &at, "reason", &reason, "revision", &revision,
		    "commit", &commit, "add", &add, "change", &change, "remove", &removed,
		    "disruptive", &disruptive, "failed", &failed, "drift", &drift, "duration",
		    &duration) < 0)
		return -EINVAL;
	const json_int_t numbers[] = {
		serial, at, add, change, removed, disruptive, failed, drift, duration};
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
		if (!engine_entry_number_is_sound(numbers[i]))
			return -EINVAL;
	int known = engine_reason_from_name(reason);
	if (known < 0 || strlen(revision) >= sizeof(entry->revision) || !serial)
		return -EINVAL;
	*entry = (struct engine_entry){
		.serial = (uint64_t)serial,
		.wall = (uint64_t)at,
		.reason = (enum engine_reason)known,
		.commit = memory_copy_string(commit),
		.applied = {.add = (size_t)add,
			.change = (size_t)change,
			.remove = (size_t)removed,
			.disruptive = (size_t)disruptive},
		.failed = (size_t)failed,
		.drift = (size_t)drift,
		.duration = (uint64_t)duration,
	};
	memcpy(entry->revision, revision, strlen(revision));
	engine_entry_unpack_objects(json, entry);
	return 0;
}

static void engine_entry_clear(struct engine_entry *entry)
{
	free(entry->commit);
	vector_foreach(&entry->objects, line)
		free(*line);
	vector_clear(&entry->objects);
}

static void engine_history_add(struct engine *engine, const struct engine_entry *entry)
{
	/* In steps, so that a full history costs no move for each entry. */
	if (engine->history.count >= 2 * ENGINE_HISTORY_MOST) {
		size_t gone = engine->history.count - ENGINE_HISTORY_MOST;

		for (size_t i = 0; i < gone; i++)
			engine_entry_clear(&engine->history.items[i]);
		engine->history.count -= gone;
		memmove(engine->history.items, engine->history.items + gone,
			engine->history.count * sizeof(*engine->history.items));
	}
	vector_push(&engine->history, *entry);
	engine->serial = MAX(engine->serial, entry->serial);
}

static void engine_history_rewrite(struct engine *engine)
{
	_cleanup_free_ char *path = engine_history_path(engine);
	_cleanup_strbuf_ struct strbuf text = {};
	size_t count = engine->history.count;
	size_t first = count > ENGINE_HISTORY_MOST ? count - ENGINE_HISTORY_MOST : 0;

	for (size_t i = first; i < count; i++) {
		_cleanup_free_ char *line = engine_entry_format(&engine->history.items[i]);

		strbuf_printf(&text, "%s\n", line);
	}
	file_remove_leftovers(path);
	/* It is for people: one that cannot be written is a shorter one. */
	(void)file_replace(path, text.text ? text.text : "", text.length, 0600);
}

static void engine_history_read_line(struct engine *engine, const char *line, size_t length)
{
	struct engine_entry entry;
	json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);

	if (json && engine_entry_unpack(json, &entry) == 0)
		engine_history_add(engine, &entry);
	json_decref(json);
}

int engine_history_load(struct engine *engine, struct error *error)
{
	_cleanup_free_ char *path = engine_history_path(engine);
	_cleanup_free_ char *text = NULL;
	size_t size, lines = 0;

	int r = file_read_regular(AT_FDCWD, path, ENGINE_HISTORY_LIMIT, &text, &size);
	if (r == -ENOENT || r == -ENOTDIR || r == -EFBIG)
		return 0;
	if (r < 0)
		return error_set(error, r, "cannot read %s: %s", path, file_error_text(r));
	for (const char *line = text; *line; lines++) {
		size_t length = strcspn(line, "\n");

		engine_history_read_line(engine, line, length);
		line += length + (line[length] == '\n');
	}
	/* A crash of the machine leaves half a line, or zeros: what is appended behind them would be lost with them. */
	bool ragged = size && (text[size - 1] != '\n' || strlen(text) != size);
	if (lines > 2 * ENGINE_HISTORY_MOST || ragged)
		engine_history_rewrite(engine);
	return 0;
}

static void engine_history_write(struct engine *engine, const struct engine_entry *entry)
{
	_cleanup_free_ char *path = engine_history_path(engine);
	_cleanup_free_ char *line = engine_entry_format(entry);
	_cleanup_free_ char *text = memory_printf("%s\n", line);
	_cleanup_close_ int fd = open(
		path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd >= 0)
		(void)file_write_all(fd, text, strlen(text));
}

void engine_note(struct engine *engine, struct engine_entry *entry)
{
	entry->serial = engine->serial + 1;
	entry->wall = timespec_wall_ms();
	if (engine->files) {
		entry->commit = memory_copy_string(engine->files->commit);
		memcpy(entry->revision, files_revision(engine->files), sizeof(entry->revision));
	}
	engine_history_add(engine, entry);
	engine_history_write(engine, entry);
	if (entry->serial % ENGINE_HISTORY_MOST == 0)
		engine_history_rewrite(engine);
	engine_send(engine, &(struct engine_event){.kind = ENGINE_EVENT_APPLIED, .entry = entry});
}

bool engine_is_news(const struct engine *engine)
{
	size_t count = engine->history.count;

	if (!engine->accepted || !engine->files)
		return false;
	if (!count)
		return true;
	const struct engine_entry *last = &engine->history.items[count - 1];
	const char *now = engine->files->commit, *then = last->commit;
	return strcmp(last->revision, files_revision(engine->files)) != 0 ||
	       strcmp(now ? now : "", then ? then : "") != 0;
}

uint64_t engine_revision_since(struct engine *engine)
{
	if (!engine->files)
		return 0;
	const char *revision = files_revision(engine->files);
	uint64_t since = engine->files->read_at;

	for (size_t i = engine->history.count; i-- > 0;) {
		const struct engine_entry *entry = &engine->history.items[i];

		if (strcmp(entry->revision, revision) != 0)
			break;
		since = MIN(since, entry->wall / 1000);
	}
	return since;
}

void engine_history_clear(struct engine *engine)
{
	vector_foreach(&engine->history, entry)
		engine_entry_clear(entry);
	vector_clear(&engine->history);
}

static void engine_tell_drain(struct engine *engine, const struct memory_drain *drain, bool over)
{
	char service[SERVICE_KEY_TEXT_SIZE], destination[ADDRESS_ENDPOINT_LENGTH];
	_cleanup_free_ char *object = memory_printf("destination %s of %s",
		destination_key_format(&drain->destination, destination),
		service_key_format(&drain->service, service));
	const struct declared_service *declared =
		engine->files ? declared_find_service(&engine->files->declared, &drain->service)
			      : NULL;
	const struct engine_field fields[] = {
		{.name = "state", .text = over ? "over" : "drains"},
		{.name = "service", .text = declared ? declared->name : NULL},
		{.name = "listener", .text = service},
		{.name = "destination", .text = destination},
		{.name = "reason", .text = drain_reason_name(drain->reason)},
	};
	struct engine_event event = {.kind = ENGINE_EVENT_DRAIN,
		.object = object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields)};

	engine_tell_event(engine, &event, "%s (%s)", over ? "drain is over" : "drains",
		drain_reason_name(drain->reason));
}

void engine_tell_drains(struct engine *engine)
{
	const struct memory *now = &engine->reconciler.record.memory;
	const struct memory_drain *old = engine->drains_told.drains.items;
	const struct memory_drain *old_end = old + engine->drains_told.drains.count;
	const struct memory_drain *new = now->drains.items, *new_end = new + now->drains.count;

	if (old == old_end && new == new_end)
		return;
	while (old < old_end || new < new_end) {
		int order = old == old_end   ? 1
			    : new == new_end ? -1
					     : memory_drain_compare(old, new);

		if (order < 0)
			engine_tell_drain(engine, old, true);
		if (order > 0)
			engine_tell_drain(engine, new, false);
		old += order <= 0;
		new += order >= 0;
	}
	vector_clear(&engine->drains_told.drains);
	vector_foreach(&now->drains, drain)
		vector_push(&engine->drains_told.drains, *drain);
}
