// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/operator.h"

#include <errno.h>

#include "base/timespec.h"
#include "reconciler/json_form.h"
#include "reconciler/reconciler.h"
#include "reconciler/state_file.h"
#include "reconciler/state_json.h"

#define OPERATOR_FILE       "operator.json"
#define OPERATOR_FORMAT     1
#define OPERATOR_FILE_LIMIT (64u << 20)
#define OPERATOR_SECOND     1000000000ull
/* Of a wait for a confirmation: a hundred years. */
#define OPERATOR_RESUME_MOST (36500 * 86400ull * OPERATOR_SECOND)

/* A drain as it stands in the file. */
struct operator_line {
	struct destination_key destination;
	char *service; /* NULL: everywhere */
	uint64_t since, until;
	uint64_t until_boottime; /* ns, of the document's boot; 0: `until` alone is known */
	char *by;
};

/* The file. */
struct operator_document {
	struct {
		VECTOR_OF(struct operator_line);
	} drains;
	char boot[RECORD_BOOT_SIZE];
	bool suspended;
	uint64_t suspended_since;
	char *suspended_why, *suspended_by;
	uint64_t resume_timeout; /* ns, in the document's boot */
};

static const struct json_form_member line_members[] = {
	{"destination", &json_form_destination, JSON_FORM_FIELD(struct operator_line, destination),
		.required = true},
	{"service", &json_form_string, JSON_FORM_FIELD(struct operator_line, service)},
	{"since", &json_form_number, JSON_FORM_FIELD(struct operator_line, since),
		.required = true},
	{"until", &json_form_number, JSON_FORM_FIELD(struct operator_line, until)},
	{"until-boottime", &json_form_number,
		JSON_FORM_FIELD(struct operator_line, until_boottime)},
	{"by", &json_form_string, JSON_FORM_FIELD(struct operator_line, by)},
};
static const struct json_form line_form = JSON_FORM(line_members);
static const struct json_form_member line_item = JSON_FORM_ITEM(&line_form);
JSON_FORM_LIST(line_list, ((struct operator_document *)NULL)->drains, &line_item, NULL);

static const struct json_form_member document_members[] = {
	{"poise", &json_form_version, .maximum = OPERATOR_FORMAT, .required = true},
	{"boot", &json_form_text, JSON_FORM_FIELD(struct operator_document, boot)},
	{"suspended", &json_form_flag, JSON_FORM_FIELD(struct operator_document, suspended)},
	{"suspended-since", &json_form_number,
		JSON_FORM_FIELD(struct operator_document, suspended_since)},
	{"suspended-why", &json_form_string,
		JSON_FORM_FIELD(struct operator_document, suspended_why)},
	{"suspended-by", &json_form_string,
		JSON_FORM_FIELD(struct operator_document, suspended_by)},
	{"resume-confirm-timeout", &json_form_number,
		JSON_FORM_FIELD(struct operator_document, resume_timeout),
		.maximum = OPERATOR_RESUME_MOST},
	{"drains", &line_list, JSON_FORM_FIELD(struct operator_document, drains), .required = true},
};
static const struct json_form document_form = JSON_FORM(document_members);

static void operator_document_clear(struct operator_document *document)
{
	vector_foreach(&document->drains, line) {
		free(line->service);
		free(line->by);
	}
	vector_clear(&document->drains);
	free(document->suspended_why);
	free(document->suspended_by);
	*document = (struct operator_document){};
}

int operator_target_parse(
	const char *service, const char *destination, struct facts_drain *ret, struct error *error)
{
	*ret = (struct facts_drain){.everywhere = !service};
	if (destination_key_parse(destination, &ret->destination) < 0)
		return error_set(error, -EINVAL,
			"`%s` is no destination: ADDRESS or ADDRESS:PORT, as in 10.0.0.11:8080 or "
			"[2001:db8::1]:80",
			destination);
	if (service && service_key_parse(service, &ret->service) < 0)
		return error_set(error, -EINVAL,
			"`%s` is no service: a listener, as in tcp://203.0.113.10:80", service);
	return 0;
}

void operator_target_format(const struct facts_drain *drain, struct strbuf *text)
{
	char destination[ADDRESS_ENDPOINT_LENGTH], service[SERVICE_KEY_TEXT_SIZE];

	strbuf_printf(text, "%s %s", destination_key_format(&drain->destination, destination),
		drain->everywhere ? "everywhere" : "of ");
	if (!drain->everywhere)
		strbuf_add(text, service_key_format(&drain->service, service));
}

int operator_clocks_read(struct operator_clocks *ret, struct error *error)
{
	ret->wall = timespec_now(CLOCK_REALTIME);
	ret->now = reconciler_now();
	return record_boot(ret->boot, error);
}

/* To the nearest second: the clocks are not read at the same moment. */
static uint64_t operator_ends(
	const struct operator_drain *drain, const struct operator_clocks *clocks)
{
	uint64_t until = drain->fact.until;

	if (until == UINT64_MAX)
		return 0;
	uint64_t left = until > clocks->now ? until - clocks->now : 0;
	uint64_t seconds = clocks->wall / OPERATOR_SECOND + left / OPERATOR_SECOND;
	uint64_t rest = clocks->wall % OPERATOR_SECOND + left % OPERATOR_SECOND;
	return seconds + (rest + OPERATOR_SECOND / 2) / OPERATOR_SECOND;
}

uint64_t operator_drain_ends(const struct operator_drain *drain)
{
	struct operator_clocks clocks = {};

	/* Only the boot's name can be missing. */
	(void)operator_clocks_read(&clocks, NULL);
	return operator_ends(drain, &clocks);
}

/* When, on the loop's clock, a moment on the wall's clock is. */
static uint64_t operator_boottime(uint64_t moment, const struct operator_clocks *clocks)
{
	/* As much as a number of JSON says. */
	const uint64_t most = ((uint64_t)INT64_MAX - clocks->now) / OPERATOR_SECOND;

	if (moment <= clocks->wall / OPERATOR_SECOND)
		return clocks->now;
	uint64_t seconds = moment - clocks->wall / OPERATOR_SECOND;
	if (seconds >= most)
		return clocks->now + most * OPERATOR_SECOND;
	uint64_t left = seconds * OPERATOR_SECOND - clocks->wall % OPERATOR_SECOND;
	return clocks->now + left;
}

static uint64_t operator_until(const struct operator_document *document,
	const struct operator_line *line, const struct operator_clocks *clocks)
{
	if (!line->until)
		return UINT64_MAX;
	if (line->until_boottime && strcmp(document->boot, clocks->boot) == 0)
		return line->until_boottime;
	return operator_boottime(line->until, clocks);
}

static int operator_add_line(struct operator_state *state, const struct operator_document *document,
	const struct operator_line *line, const struct operator_clocks *clocks, struct error *error)
{
	struct operator_drain drain = {
		.fact = {.destination = line->destination,
			.everywhere = !line->service,
			.until = operator_until(document, line, clocks)},
		.since = line->since,
	};

	if (line->service && service_key_parse(line->service, &drain.fact.service) < 0)
		return error_set(error, -EINVAL, "drains: a service that is no listener");
	if (drain.fact.until <= clocks->now)
		return 0;
	drain.by = memory_copy_string(line->by);
	vector_push(&state->drains, drain);
	return 0;
}

static int operator_from_document(const struct operator_document *document,
	const struct operator_clocks *clocks, struct operator_state *ret, struct error *error)
{
	vector_foreach(&document->drains, line) {
		int r = operator_add_line(ret, document, line, clocks, error);
		if (r < 0)
			return r;
	}
	vector_sort(&ret->drains, facts_drain_compare);
	for (size_t i = 1; i < ret->drains.count; i++)
		if (facts_drain_compare(&ret->drains.items[i - 1], &ret->drains.items[i]) == 0)
			return error_set(error, -EINVAL, "drains: the same one twice");
	/* Who and why belong to a suspension. */
	if (!document->suspended)
		return 0;
	ret->suspended = true;
	ret->suspended_since = document->suspended_since;
	ret->suspended_why = memory_copy_string(document->suspended_why);
	ret->suspended_by = memory_copy_string(document->suspended_by);
	if (strcmp(document->boot, clocks->boot) == 0)
		ret->resume_timeout = document->resume_timeout;
	return 0;
}

int operator_parse(const char *text, size_t size, const struct operator_clocks *clocks,
	struct operator_state *ret, struct error *error)
{
	struct operator_document document = {};
	int r = json_form_parse(text, size, &document_form, &document, error);

	if (r == 0)
		r = operator_from_document(&document, clocks, ret, error);
	operator_document_clear(&document);
	if (r < 0)
		operator_clear(ret);
	return r;
}

char *operator_format(const struct operator_state *state, const struct operator_clocks *clocks)
{
	struct operator_document document = {
		.suspended = state->suspended,
		.suspended_since = state->suspended_since,
		.suspended_why = memory_copy_string(state->suspended_why),
		.suspended_by = memory_copy_string(state->suspended_by),
		.resume_timeout = state->resume_timeout,
	};
	char service[SERVICE_KEY_TEXT_SIZE];

	memcpy(document.boot, clocks->boot, sizeof(document.boot));
	vector_foreach(&state->drains, drain) {
		struct operator_line line = {.destination = drain->fact.destination,
			.since = drain->since,
			.until = operator_ends(drain, clocks),
			.until_boottime = drain->fact.until == UINT64_MAX ? 0 : drain->fact.until,
			.by = memory_copy_string(drain->by)};
		if (!drain->fact.everywhere)
			line.service = memory_copy_string(
				service_key_format(&drain->fact.service, service));
		vector_push(&document.drains, line);
	}
	json_t *json = json_form_write(&(struct json_form_pass){}, &document_form, &document);
	char *text = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	operator_document_clear(&document);
	return text;
}

int operator_load(const char *directory, struct operator_state *ret, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" OPERATOR_FILE, directory);
	_cleanup_free_ char *text = NULL;
	struct operator_clocks clocks;
	size_t size;

	int r = operator_clocks_read(&clocks, error);
	if (r < 0)
		return r;
	r = state_file_read(path, OPERATOR_FILE_LIMIT, &text, &size, error);
	if (r <= 0)
		return r;
	r = operator_parse(text, size, &clocks, ret, error);
	if (r < 0)
		return error_prefix(error, r, "%s is damaged", path);
	return 0;
}

int operator_save(const char *directory, const struct operator_state *state, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" OPERATOR_FILE, directory);
	struct operator_clocks clocks;
	int r = operator_clocks_read(&clocks, error);

	if (r < 0)
		return r;
	_cleanup_free_ char *text = operator_format(state, &clocks);
	return state_file_write(directory, path, text, error);
}

void operator_drain(struct operator_state *state, const struct facts_drain *drain, uint64_t since,
	const char *by)
{
	struct operator_drain *found = vector_find(&state->drains, drain, facts_drain_compare);

	if (!found) {
		found = vector_append(&state->drains);
		found->since = since;
	}
	found->fact = *drain;
	free(found->by);
	found->by = memory_copy_string(by);
	vector_sort(&state->drains, facts_drain_compare);
}

static void operator_remove(struct operator_state *state, size_t index)
{
	free(state->drains.items[index].by);
	memmove(&state->drains.items[index], &state->drains.items[index + 1],
		(--state->drains.count - index) * sizeof(*state->drains.items));
}

int operator_undrain(struct operator_state *state, const struct facts_drain *drain)
{
	struct operator_drain *found = vector_find(&state->drains, drain, facts_drain_compare);

	if (!found)
		return -ENOENT;
	operator_remove(state, (size_t)(found - state->drains.items));
	return 0;
}

bool operator_expire(struct operator_state *state, uint64_t now)
{
	size_t kept = 0, before = state->drains.count;

	for (size_t i = 0; i < before; i++) {
		if (state->drains.items[i].fact.until <= now)
			free(state->drains.items[i].by);
		else
			state->drains.items[kept++] = state->drains.items[i];
	}
	state->drains.count = kept;
	return kept < before;
}

void operator_end_suspension(struct operator_state *state)
{
	state->suspended = false;
	state->suspended_since = state->resume_timeout = 0;
	free(STEAL(state->suspended_why));
	free(STEAL(state->suspended_by));
}

void operator_facts(const struct operator_state *state, struct facts *ret)
{
	vector_foreach(&state->drains, drain)
		vector_push(&ret->drains, drain->fact);
}

void operator_copy(struct operator_state *to, const struct operator_state *from)
{
	*to = (struct operator_state){
		.suspended = from->suspended,
		.suspended_since = from->suspended_since,
		.suspended_why = memory_copy_string(from->suspended_why),
		.suspended_by = memory_copy_string(from->suspended_by),
		.resume_timeout = from->resume_timeout,
	};
	vector_foreach(&from->drains, drain) {
		struct operator_drain *copy = vector_append(&to->drains);

		*copy = *drain;
		copy->by = memory_copy_string(drain->by);
	}
}

void operator_clear(struct operator_state *state)
{
	vector_foreach(&state->drains, drain)
		free(drain->by);
	vector_clear(&state->drains);
	free(state->suspended_why);
	free(state->suspended_by);
	*state = (struct operator_state){};
}
