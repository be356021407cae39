// SPDX-License-Identifier: GPL-2.0-or-later
/* state.json: JSON values, one to a line. First an object with what is small or rare; then a text for
 * each service that is ours, one for each that is declared, and an end:
 *
 *	{"poise-record":2,"boot":"…","drains":[]}
 *	"owned tcp://192.0.2.1:80 30000000000 web"
 *	"owned tcp://192.0.2.2:80 30000000000 mail !quorum-lost"
 *	"left tcp://192.0.2.1:80 30000000000 web"
 *	"declared tcp://192.0.2.1:80 web 10.0.0.1:80 10.0.0.2:80"
 *	"end"
 *
 * Of a large configuration the texts are nearly all of it. They are read and written by hand: as objects
 * they took longer than all else that an apply of one weight has to do. Both lists are in the order
 * of their keys, and so are the destinations of a service. What is left in another backend (move.h) is named by
 * `left-backend`, with `left-drains`. */
#include <errno.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "reconciler/record.h"
#include "reconciler/state_forms.h"
#include "reconciler/state_json.h"

#define RECORD_JSON_FORMAT 2
#define RECORD_OWNED       "owned"
#define RECORD_LEFT        "left"
#define RECORD_DECLARED    "declared"
#define RECORD_END         "end"
/* Behind the name, or instead of it; no name begins so. */
#define RECORD_QUORUM_LOST "!quorum-lost"

/* The object of the first line */

static int path_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const struct json_form_member path_item = {.type = &json_form_string, .required = true};
JSON_FORM_LIST(path_list, ((struct record *)NULL)->paths, &path_item, path_compare);

/* Of what is left, mostly nothing. */
JSON_FORM_LIST_IF_ANY(state_form_drains);

static const struct json_form_member router_address_item = {
	.type = &json_form_address, .required = true};
JSON_FORM_LIST(router_address_list, ((struct record_router *)NULL)->addresses, &router_address_item,
	address_compare);

static const struct json_form_member router_members[] = {
	{"name", &json_form_string, JSON_FORM_FIELD(struct record_router, name), .required = true},
	{"interface", &json_form_string, JSON_FORM_FIELD(struct record_router, interface),
		.required = true},
	{"vrid", &json_form_number, JSON_FORM_FIELD(struct record_router, vrid), .required = true,
		.maximum = UINT8_MAX},
	{"addresses", &router_address_list, JSON_FORM_FIELD(struct record_router, addresses),
		.required = true},
};
static const struct json_form router_form = JSON_FORM(router_members);
static const struct json_form_member router_item = JSON_FORM_ITEM(&router_form);
JSON_FORM_LIST(router_list, ((struct record *)NULL)->routers, &router_item, record_router_compare);

/* Many a machine has none, and a record may be of the time before they were in it. */
JSON_FORM_LIST_IF_ANY(router_list);

static const struct json_form_member record_members[] = {
	{"poise-record", &json_form_version, .required = true, .maximum = RECORD_JSON_FORMAT},
	{"boot", &json_form_text, JSON_FORM_FIELD(struct record, boot), .required = true},
	{"netns-device", &json_form_number, JSON_FORM_FIELD(struct record, netns_device),
		.required = true},
	{"netns-inode", &json_form_number, JSON_FORM_FIELD(struct record, netns_inode),
		.required = true},
	{"netns-cookie", &json_form_number, JSON_FORM_FIELD(struct record, netns_cookie)},
	{"backend", &json_form_string, JSON_FORM_FIELD(struct record, backend)},
	{"revision", &json_form_string, JSON_FORM_FIELD(struct record, revision)},
	{"refused", &json_form_string, JSON_FORM_FIELD(struct record, refused)},
	{"refused-beside", &json_form_string, JSON_FORM_FIELD(struct record, refused_beside)},
	{"paths", &path_list, JSON_FORM_FIELD(struct record, paths), .required = true},
	{"drains", &state_form_drains, JSON_FORM_FIELD(struct record, memory.drains),
		.required = true},
	{"routers", &router_list_if_any, JSON_FORM_FIELD(struct record, routers)},
	{"left-backend", &json_form_string, JSON_FORM_FIELD(struct record, left.backend)},
	{"left-drains", &state_form_drains_if_any,
		JSON_FORM_FIELD(struct record, left.memory.drains)},
};
static const struct json_form record_form = JSON_FORM(record_members);

static void head_format(const struct record *record, struct strbuf *text)
{
	json_t *json = json_form_write(&(struct json_form_pass){}, &record_form, record);
	_cleanup_free_ char *head = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	strbuf_add(text, head);
	strbuf_add_char(text, '\n');
}

/* Reading the texts behind it */

/* Room for a service's key, and so for a name. */
#define RECORD_WORD_SIZE SERVICE_KEY_TEXT_SIZE

/* What a destination takes of a line, about. */
#define RECORD_DESTINATION_LENGTH 12

struct record_reader {
	const char *at, *end;         /* what is left of the file */
	const char *word, *words_end; /* what is left of the line at hand; NULL: nothing */
	size_t line;
	struct error *error;
};

static int reader_fail(const struct record_reader *reader, const char *what)
{
	return error_set(reader->error, -EINVAL, "line %zu: %s", reader->line, what);
}

static int reader_next_line(struct record_reader *reader)
{
	const char *line = reader->at;
	const char *end = memchr(line, '\n', (size_t)(reader->end - line));

	reader->line++;
	if (!end)
		return reader_fail(reader, "cut off");
	if (end - line < 2 || line[0] != '"' || end[-1] != '"')
		return reader_fail(reader, "not a text in quotes");
	reader->word = line + 1;
	reader->words_end = end - 1;
	reader->at = end + 1;
	return 0;
}

/* Takes the next word off the line, up to the next blank; false when there is none. One that is too
 * long is taken as an empty one, which nothing accepts. */
static bool reader_take(struct record_reader *reader, char word[static RECORD_WORD_SIZE])
{
	if (!reader->word)
		return false;
	const char *blank = memchr(reader->word, ' ', (size_t)(reader->words_end - reader->word));
	size_t length = (size_t)((blank ? blank : reader->words_end) - reader->word);

	if (length >= RECORD_WORD_SIZE)
		length = 0;
	memcpy(word, reader->word, length);
	word[length] = '\0';
	reader->word = blank ? blank + 1 : NULL;
	return true;
}

static int reader_take_service(struct record_reader *reader, struct service_key *key)
{
	char word[RECORD_WORD_SIZE];

	if (!reader_take(reader, word) || service_key_parse(word, key) < 0)
		return reader_fail(reader, "no service where one is expected");
	return 0;
}

static int reader_take_number(struct record_reader *reader, uint64_t *ret)
{
	char word[RECORD_WORD_SIZE];
	char *end;

	if (!reader_take(reader, word) || *word < '0' || *word > '9')
		return reader_fail(reader, "no number where one is expected");
	errno = 0;
	*ret = strtoull(word, &end, 10);
	return *end || errno ? reader_fail(reader, "a number that is none") : 0;
}

/* What the file format allows in a name, and this file without escapes. */
static int reader_take_name(struct record_reader *reader, char **ret)
{
	char word[RECORD_WORD_SIZE];

	if (!reader_take(reader, word) || !*word ||
		word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return reader_fail(reader, "no name where one is expected");
	*ret = memory_copy_string(word);
	return 0;
}

/* Whether the next word is `word`, which is then taken. */
static bool reader_skip(struct record_reader *reader, const char *word)
{
	struct record_reader before = *reader;
	char next[RECORD_WORD_SIZE];

	if (reader_take(reader, next) && strcmp(next, word) == 0)
		return true;
	*reader = before;
	return false;
}

/* The name is that of the file, and may be unknown. */
static int reader_take_owned(struct record_reader *reader, struct memory *memory)
{
	struct memory_service *service = vector_append(&memory->owned);
	int r = reader_take_service(reader, &service->key);

	if (r == 0)
		r = reader_take_number(reader, &service->drain);
	service->quorum_lost = r == 0 && reader_skip(reader, RECORD_QUORUM_LOST);
	if (r == 0 && reader->word && !service->quorum_lost) {
		r = reader_take_name(reader, &service->name);
		service->quorum_lost = r == 0 && reader_skip(reader, RECORD_QUORUM_LOST);
	}
	if (r == 0 && reader->word)
		r = reader_fail(reader, "more than a service has");
	if (r == 0 && service > memory->owned.items && service_compare(service - 1, service) >= 0)
		r = reader_fail(reader, "out of order");
	return r;
}

static int reader_take_destinations(struct record_reader *reader, struct record_service *service)
{
	char word[RECORD_WORD_SIZE];
	int r = 0;

	if (reader->word)
		vector_reserve(&service->destinations,
			(size_t)(reader->words_end - reader->word) / RECORD_DESTINATION_LENGTH + 1);
	while (r == 0 && reader_take(reader, word)) {
		struct destination_key *key = vector_append(&service->destinations);

		if (destination_key_parse(word, key) < 0)
			r = reader_fail(reader, "no destination where one is expected");
		else if (key > service->destinations.items &&
			 destination_key_compare(key - 1, key) >= 0)
			r = reader_fail(reader, "destinations out of order");
	}
	return r;
}

static int reader_take_declared(struct record_reader *reader, struct record *record)
{
	struct record_service *service = vector_append(&record->declared);
	int r = reader_take_service(reader, &service->key);

	if (r == 0)
		r = reader_take_name(reader, &service->name);
	if (r == 0)
		r = reader_take_destinations(reader, service);
	if (r == 0 && service > record->declared.items &&
		service_compare(service - 1, service) >= 0)
		r = reader_fail(reader, "out of order");
	return r;
}

/* 1 when it was the last line. */
static int reader_take_line(struct record_reader *reader, struct record *record)
{
	char word[RECORD_WORD_SIZE];
	int r = reader_next_line(reader);

	if (r < 0)
		return r;
	reader_take(reader, word);
	if (strcmp(word, RECORD_OWNED) == 0)
		return reader_take_owned(reader, &record->memory);
	if (strcmp(word, RECORD_LEFT) == 0 && record->left.backend)
		return reader_take_owned(reader, &record->left.memory);
	if (strcmp(word, RECORD_DECLARED) == 0)
		return reader_take_declared(reader, record);
	if (strcmp(word, RECORD_END) != 0 || reader->word)
		return reader_fail(reader, "neither owned, nor declared, nor the end");
	return reader->at == reader->end ? 1 : reader_fail(reader, "not the end");
}

int record_parse(const char *text, size_t size, struct record *ret, struct error *error)
{
	const char *head_end = memchr(text, '\n', size);
	struct record_reader reader = {
		.at = head_end ? head_end + 1 : text + size,
		.end = text + size,
		.line = 1,
		.error = error,
	};
	int r = json_form_parse(
		text, head_end ? (size_t)(head_end - text) : size, &record_form, ret, error);

	while (r == 0)
		r = reader_take_line(&reader, ret);
	if (r > 0)
		return 0;
	record_clear(ret);
	return r;
}

/* Writing them */

static void owned_format(
	const char *word, const struct memory_service *service, struct strbuf *text)
{
	char key[SERVICE_KEY_TEXT_SIZE];

	strbuf_add_char(text, '"');
	strbuf_add(text, word);
	strbuf_add_char(text, ' ');
	strbuf_add(text, service_key_format(&service->key, key));
	strbuf_add_char(text, ' ');
	strbuf_add_number(text, service->drain);
	if (service->name) {
		strbuf_add_char(text, ' ');
		strbuf_add(text, service->name);
	}
	if (service->quorum_lost)
		strbuf_add(text, " " RECORD_QUORUM_LOST);
	strbuf_add(text, "\"\n");
}

static void declared_format(const struct record_service *service, struct strbuf *text)
{
	char key[SERVICE_KEY_TEXT_SIZE], one[ADDRESS_ENDPOINT_LENGTH];

	strbuf_add(text, "\"" RECORD_DECLARED " ");
	strbuf_add(text, service_key_format(&service->key, key));
	strbuf_add_char(text, ' ');
	strbuf_add(text, service->name);
	vector_foreach(&service->destinations, destination) {
		strbuf_add_char(text, ' ');
		strbuf_add(text, destination_key_format(destination, one));
	}
	strbuf_add(text, "\"\n");
}

char *record_format(const struct record *record)
{
	struct strbuf text = {};

	head_format(record, &text);
	vector_foreach(&record->memory.owned, service)
		owned_format(RECORD_OWNED, service, &text);
	vector_foreach(&record->left.memory.owned, service)
		owned_format(RECORD_LEFT, service, &text);
	vector_foreach(&record->declared, service)
		declared_format(service, &text);
	strbuf_add(&text, "\"" RECORD_END "\"\n");
	return strbuf_take(&text);
}
