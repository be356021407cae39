// SPDX-License-Identifier: GPL-2.0-or-later
/* health.json is one object, with a line for each probe:
 *
 *	{"poise":1,"boot":"…","verdicts":[
 *	{"target":"10.0.0.11:8080","check":"web","settled":true,"since":12000000000,"failures":3,"wall":1780000000000,
 *	 "reason":"connect: refused"}
 *	]}
 *
 * `destination` is there where the check's port is not the destination's own: by it a check is found again that has another one.
 * It is written by hand: the loop that carries out what the checks say does nothing else meanwhile, and ten thousand
 * servers may fail at once. It is read at a start only, by a form, as strictly as any file. */
#include "reconciler/verdicts.h"

#include <errno.h>
#include <stdio.h>

#include "model/schema.h"
#include "reconciler/json_form.h"
#include "reconciler/record.h"
#include "reconciler/state_file.h"

#define VERDICTS_FILE       "health.json"
#define VERDICTS_FORMAT     1
#define VERDICTS_FILE_LIMIT (128u << 20)
#define VERDICTS_RECENT_NS  3600000000000ull
/* So many probes are kept: as many lines as fit into the limit, however long they are. */
#define VERDICTS_MOST (256u << 10)

/* A probe as it stands in the file. */
struct verdicts_line {
	struct destination_key target, destination;
	char check[SCHEMA_NAME_LONGEST + 1];
	bool up, settled, recovered, has_weight;
	uint32_t weight, failures;
	uint64_t since, wall;
	char reason[VERDICT_REASON_SIZE];
};

/* The file. */
struct verdicts_document {
	char boot[RECORD_BOOT_SIZE];
	struct {
		VECTOR_OF(struct verdicts_line);
	} lines;
};

static bool verdicts_is_name(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static bool verdicts_is_printable(char character)
{
	return character >= ' ' && character <= '~';
}

static bool verdicts_is_reason(const char *text)
{
	while (verdicts_is_printable(*text))
		text++;
	return !*text;
}

static int verdicts_compare_lines(const void *a, const void *b)
{
	const struct verdicts_line *left = a, *right = b;
	int order = destination_key_compare(&left->target, &right->target);

	return order ? order : strcmp(left->check, right->check);
}

#define LINE struct verdicts_line

static const struct json_form_member line_members[] = {
	{"target", &json_form_destination, JSON_FORM_FIELD(LINE, target), .required = true},
	{"check", &json_form_text, JSON_FORM_FIELD(LINE, check), .required = true,
		.accepts = verdicts_is_name},
	{"destination", &json_form_destination, JSON_FORM_FIELD(LINE, destination)},
	{"up", &json_form_flag, JSON_FORM_FIELD(LINE, up)},
	{"settled", &json_form_flag, JSON_FORM_FIELD(LINE, settled)},
	{"recovered", &json_form_flag, JSON_FORM_FIELD(LINE, recovered)},
	{"weight", &json_form_number, JSON_FORM_FIELD(LINE, weight),
		.maximum = DESTINATION_LARGEST_WEIGHT,
		.set = (ptrdiff_t)offsetof(LINE, has_weight) - (ptrdiff_t)offsetof(LINE, weight)},
	{"since", &json_form_number, JSON_FORM_FIELD(LINE, since), .required = true},
	{"failures", &json_form_number, JSON_FORM_FIELD(LINE, failures)},
	{"wall", &json_form_number, JSON_FORM_FIELD(LINE, wall)},
	{"reason", &json_form_text, JSON_FORM_FIELD(LINE, reason), .accepts = verdicts_is_reason},
};
static const struct json_form line_form = JSON_FORM(line_members);
static const struct json_form_member line_item = JSON_FORM_ITEM(&line_form);
JSON_FORM_LIST(
	line_list, ((struct verdicts_document *)NULL)->lines, &line_item, verdicts_compare_lines);

static const struct json_form_member document_members[] = {
	{"poise", &json_form_version, .maximum = VERDICTS_FORMAT, .required = true},
	{"boot", &json_form_text, JSON_FORM_FIELD(struct verdicts_document, boot),
		.required = true},
	{"verdicts", &line_list, JSON_FORM_FIELD(struct verdicts_document, lines),
		.required = true},
};
static const struct json_form document_form = JSON_FORM(document_members);

bool verdicts_worth(const struct verdicts_item *item, uint64_t now)
{
	const struct verdict *verdict = &item->verdict;

	if (!verdict->up || verdict->weight != VERDICT_NO_WEIGHT)
		return true;
	if (item->begins_down && verdict->settled)
		return true;
	return verdict->recovered &&
	       (now < verdict->since || now - verdict->since < VERDICTS_RECENT_NS);
}

/* Since when is a claim like any other: what is of later than now is so since now, and as true as the rest. */
static void verdicts_take_line(struct verdicts *ret, const struct verdicts_line *line, uint64_t now)
{
	struct verdicts_item *item = vector_append(ret);

	*item = (struct verdicts_item){
		.key = {line->target, arena_copy_string(&ret->texts, line->check)},
		.destination = line->destination.address.family ? line->destination : line->target,
		.verdict = {.up = line->up,
			.settled = line->settled,
			.recovered = line->recovered,
			.weight = line->has_weight ? (int32_t)line->weight : VERDICT_NO_WEIGHT,
			.since = MIN(line->since, now)},
		.failures = line->failures,
		.wall = line->wall,
	};
	if (*line->reason)
		item->reason = arena_copy_string(&ret->texts, line->reason);
}

static int verdicts_take(struct verdicts *ret, const struct verdicts_document *document,
	const char *boot, uint64_t now, struct error *error)
{
	if (strcmp(document->boot, boot) != 0)
		return 0;
	if (document->lines.count > VERDICTS_MOST)
		return error_set(error, -EFBIG, "verdicts: more than %u", VERDICTS_MOST);
	vector_reserve(ret, document->lines.count);
	vector_foreach(&document->lines, line)
		verdicts_take_line(ret, line, now);
	return 0;
}

int verdicts_parse(const char *text, size_t size, const char *boot, uint64_t now,
	struct verdicts *ret, struct error *error)
{
	struct verdicts_document document = {};
	int r = json_form_parse(text, size, &document_form, &document, error);

	if (r == 0)
		r = verdicts_take(ret, &document, boot, now, error);
	vector_clear(&document.lines);
	if (r < 0)
		verdicts_clear(ret);
	return r;
}

static void verdicts_add_flag(struct strbuf *text, const char *name, bool value)
{
	if (value)
		strbuf_printf(text, ",\"%s\":true", name);
}

static void verdicts_add_number(struct strbuf *text, const char *name, uint64_t value)
{
	strbuf_add(text, ",\"");
	strbuf_add(text, name);
	strbuf_add(text, "\":");
	strbuf_add_number(text, value);
}

static void verdicts_add_reason(struct strbuf *text, const char *reason)
{
	strbuf_add(text, ",\"reason\":\"");
	for (size_t i = 0; reason[i] && i < VERDICT_REASON_SIZE - 1; i++) {
		if (reason[i] == '"' || reason[i] == '\\')
			strbuf_add_char(text, '\\');
		strbuf_add_char(text, verdicts_is_printable(reason[i]) ? reason[i] : '?');
	}
	strbuf_add_char(text, '"');
}

static void verdicts_add_destination(struct strbuf *text, const struct verdicts_item *item)
{
	char destination[ADDRESS_ENDPOINT_LENGTH];

	if (!item->destination.address.family ||
		destination_key_compare(&item->destination, &item->key.target) == 0)
		return;
	strbuf_add(text, ",\"destination\":\"");
	strbuf_add(text, destination_key_format(&item->destination, destination));
	strbuf_add_char(text, '"');
}

static void verdicts_add(struct strbuf *text, const struct verdicts_item *item)
{
	const struct verdict *verdict = &item->verdict;
	char target[ADDRESS_ENDPOINT_LENGTH];

	strbuf_add(text, "{\"target\":\"");
	strbuf_add(text, destination_key_format(&item->key.target, target));
	strbuf_add(text, "\",\"check\":\"");
	strbuf_add(text, item->key.check);
	strbuf_add_char(text, '"');
	verdicts_add_destination(text, item);
	verdicts_add_flag(text, "up", verdict->up);
	verdicts_add_flag(text, "settled", verdict->settled);
	verdicts_add_flag(text, "recovered", verdict->recovered);
	if (verdict->weight >= 0)
		verdicts_add_number(text, "weight", (uint32_t)verdict->weight);
	verdicts_add_number(text, "since", verdict->since);
	if (item->failures)
		verdicts_add_number(text, "failures", item->failures);
	if (item->wall)
		verdicts_add_number(text, "wall", item->wall);
	if (item->reason && *item->reason)
		verdicts_add_reason(text, item->reason);
	strbuf_add_char(text, '}');
}

/* Those of one address, from `item` on: behind the last. `worth`: whether any of them is. */
static const struct verdicts_item *verdicts_group(const struct verdicts *verdicts,
	const struct verdicts_item *item, uint64_t now, bool *worth)
{
	const struct address *address = &item->key.target.address;
	const struct verdicts_item *end = verdicts->items + verdicts->count;

	*worth = false;
	for (; item < end && address_compare(&item->key.target.address, address) == 0; item++)
		*worth |= verdicts_worth(item, now);
	return item;
}

char *verdicts_format(const struct verdicts *verdicts, const char *boot, uint64_t now)
{
	const struct verdicts_item *item = verdicts->items, *end = item + verdicts->count;
	struct strbuf text = {};
	size_t count = 0;
	bool worth;

	strbuf_printf(&text, "{\"poise\":%d,\"boot\":\"%s\",\"verdicts\":[", VERDICTS_FORMAT, boot);
	while (item < end && count < VERDICTS_MOST) {
		const struct verdicts_item *next = verdicts_group(verdicts, item, now, &worth);

		for (; worth && item < next && count < VERDICTS_MOST; item++) {
			strbuf_add(&text, count++ ? ",\n" : "\n");
			verdicts_add(&text, item);
		}
		item = next;
	}
	strbuf_add(&text, "\n]}\n");
	return strbuf_take(&text);
}

int verdicts_load(const char *directory, uint64_t now, struct verdicts *ret, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" VERDICTS_FILE, directory);
	_cleanup_free_ char *text = NULL;
	char boot[RECORD_BOOT_SIZE];
	size_t size;

	int r = record_boot(boot, error);
	if (r < 0)
		return r;
	r = state_file_read(path, VERDICTS_FILE_LIMIT, &text, &size, error);
	if (r <= 0)
		return r;
	r = verdicts_parse(text, size, boot, now, ret, error);
	if (r < 0)
		return error_prefix(error, r, "%s is damaged", path);
	return 0;
}

int verdicts_save(
	const char *directory, const struct verdicts *verdicts, uint64_t now, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" VERDICTS_FILE, directory);
	char boot[RECORD_BOOT_SIZE];

	int r = record_boot(boot, error);
	if (r < 0)
		return r;
	_cleanup_free_ char *text = verdicts_format(verdicts, boot, now);
	return state_file_write_unsynced(directory, path, text, error);
}

void verdicts_clear(struct verdicts *verdicts)
{
	vector_clear(verdicts);
	arena_clear(&verdicts->texts);
}
