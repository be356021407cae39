// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/check_text.h"

#include <stdio.h>

#include "cli/layout.h"
#include "model/canonical.h"
#include "model/schema.h"
#include "model/units.h"

/* "  passed     12.3 ms": what comes after the two columns. */
#define RESULT_COLUMNS 9
#define TIME_COLUMNS   8
#define GAP            2
#define STEP_INDENT    4
#define STEP_COLUMNS   10
#define SAW_GAP        3
#define CHECK_MOST     (CLI_LAYOUT_WIDTH - 3 * GAP - RESULT_COLUMNS - TIME_COLUMNS)

static const struct {
	const char *name, *color;
} results[] = {
	[CHECKER_RESULT_PASSED] = {"passed", CLI_LAYOUT_GREEN},
	[CHECKER_RESULT_FAILED] = {"failed", CLI_LAYOUT_RED},
	[CHECKER_RESULT_UNTRIED] = {"not tried", CLI_LAYOUT_YELLOW},
};

static const char *word_name(const struct schema_word *words, int value)
{
	while (words->name && words->value != value)
		words++;
	return words->name;
}

static const char *kind_name(const struct config_check *check)
{
	return schema_check.keys[cli_check_kind(check)].name;
}

/* "http GET /healthz" */
static void describe_kind(const struct config_check *check, struct strbuf *text)
{
	enum config_check_key kind = cli_check_kind(check);
	const struct config_http *http = kind == CONFIG_CHECK_HTTPS ? &check->https : &check->http;

	strbuf_add(text, kind_name(check));
	if (kind == CONFIG_CHECK_HTTP || kind == CONFIG_CHECK_HTTPS)
		strbuf_printf(text, " %s %s",
			word_name(schema_http.keys[CONFIG_HTTP_METHOD].words, (int)http->method),
			http->path);
	else if (kind == CONFIG_CHECK_DNS)
		strbuf_printf(text, " %s %s",
			word_name(schema_dns.keys[CONFIG_DNS_TYPE].words, (int)check->dns.type),
			check->dns.name);
	else if (kind == CONFIG_CHECK_EXEC && check->exec.command.count)
		strbuf_printf(text, " %s", check->exec.command.items[0]);
	else if (kind == CONFIG_CHECK_FILE)
		strbuf_printf(text, " %s", check->file.path);
}

/* "check web (http GET /healthz)"; a URL's check has no name. */
static void describe_check(const struct declared_probe *probe, struct strbuf *text)
{
	if (*probe->key.check)
		strbuf_printf(text, "check %s (", probe->key.check);
	describe_kind(probe->check, text);
	if (*probe->key.check)
		strbuf_add_char(text, ')');
}

struct cli_check_layout cli_check_layout(const struct cli_check_list *list, bool color)
{
	struct cli_check_layout layout = {.color = color};

	vector_foreach(list, probe) {
		_cleanup_strbuf_ struct strbuf check = {};
		char target[ADDRESS_ENDPOINT_LENGTH];
		size_t width = strlen(destination_key_format(&probe->key.target, target));

		describe_check(probe, &check);
		if (width > layout.target)
			layout.target = width;
		width = cli_layout_columns(check.text);
		if (width > layout.check)
			layout.check = width;
	}
	if (layout.check > CHECK_MOST - layout.target)
		layout.check = CHECK_MOST - layout.target;
	return layout;
}

/* "3.1 ms" to the right of its column, "12.3 s" where that would be too long. */
static void add_time(uint64_t ns, struct strbuf *text)
{
	char time[32];
	bool is_long = ns >= 10 * UNITS_SECOND;

	snprintf(time, sizeof(time), "%.1f %s",
		(double)ns / (double)(is_long ? UNITS_SECOND : UNITS_MILLISECOND),
		is_long ? "s" : "ms");
	strbuf_printf(text, "%*s", TIME_COLUMNS, time);
}

/* Columns of the names of steps: what was going on when the time was over may be a few words. */
static size_t step_columns(const struct checker_outcome *outcome)
{
	size_t columns = STEP_COLUMNS;

	for (size_t i = 0; i < outcome->step_count; i++)
		if (strlen(outcome->steps[i].name) + 1 > columns)
			columns = strlen(outcome->steps[i].name) + 1;
	return columns;
}

/* "    reason    connect: refused", wrapped. */
static void add_row(const char *name, const char *value, struct strbuf *text)
{
	size_t columns = STEP_INDENT + STEP_COLUMNS;

	strbuf_printf(text, "%*s%-*s", STEP_INDENT, "", STEP_COLUMNS, name);
	cli_layout_wrap(text, columns, columns, value, CLI_LAYOUT_WIDTH);
}

/* `saw`: beside the last one. */
static void add_steps(const struct checker_outcome *outcome, const char *saw, struct strbuf *text)
{
	const size_t names = step_columns(outcome);
	const size_t columns = STEP_INDENT + names + TIME_COLUMNS + SAW_GAP;

	for (size_t i = 0; i < outcome->step_count; i++) {
		const struct checker_step *step = outcome->steps + i;
		bool last = i + 1 == outcome->step_count;

		strbuf_printf(text, "%*s%-*s", STEP_INDENT, "", (int)names, step->name);
		add_time(step->ns, text);
		if (last && *saw) {
			cli_layout_pad(text, SAW_GAP);
			cli_layout_wrap(text, columns, columns, saw, CLI_LAYOUT_WIDTH);
		} else {
			strbuf_add_char(text, '\n');
		}
	}
}

/* A weight is in what it saw, in words. */
static void add_details(const struct checker_outcome *outcome, struct strbuf *text)
{
	bool passed = outcome->result == CHECKER_RESULT_PASSED;

	add_steps(outcome, passed ? outcome->reason : "", text);
	if (*outcome->reason && !(passed && outcome->step_count))
		add_row(passed ? "saw" : "reason", outcome->reason, text);
}

void cli_check_format(const struct cli_check_layout *layout, const struct declared_probe *probe,
	const struct checker_outcome *outcome, uint64_t took, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf described = {}, check = {};
	char target[ADDRESS_ENDPOINT_LENGTH], result[RESULT_COLUMNS + 1];

	describe_check(probe, &described);
	cli_layout_cut(&check, described.text, layout->check);
	strbuf_printf(text, "%-*s%*s%s", (int)layout->target,
		destination_key_format(&probe->key.target, target), GAP, "", check.text);
	cli_layout_pad(text, layout->check - cli_layout_columns(check.text) + GAP);
	snprintf(result, sizeof(result), "%-*s", RESULT_COLUMNS, results[outcome->result].name);
	cli_layout_paint(text, layout->color, results[outcome->result].color, result);
	cli_layout_pad(text, GAP);
	add_time(took, text);
	strbuf_add_char(text, '\n');
	add_details(outcome, text);
}

/* With as many digits as a person reads, and no more: 3.142. */
static json_t *milliseconds(uint64_t ns)
{
	const uint64_t microseconds = ns / 1000;

	return json_real((double)microseconds / 1000);
}

json_t *cli_check_to_json(
	const struct declared_probe *probe, const struct checker_outcome *outcome, uint64_t took)
{
	char target[ADDRESS_ENDPOINT_LENGTH];
	json_t *steps = json_array();
	json_t *object =
		json_pack("{s:s}", "target", destination_key_format(&probe->key.target, target));

	if (*probe->key.check)
		json_object_set_new(object, "check", json_string(probe->key.check));
	json_object_set_new(object, "kind", json_string(kind_name(probe->check)));
	json_object_set_new(object, "result", json_string(results[outcome->result].name));
	if (*outcome->reason)
		json_object_set_new(object, "reason", cli_json_text(outcome->reason));
	if (outcome->weight != VERDICT_NO_WEIGHT)
		json_object_set_new(object, "weight", json_integer(outcome->weight));
	json_object_set_new(object, "milliseconds", milliseconds(took));
	for (size_t i = 0; i < outcome->step_count; i++)
		json_array_append_new(
			steps, json_pack("{s:s, s:o}", "name", outcome->steps[i].name,
				       "milliseconds", milliseconds(outcome->steps[i].ns)));
	json_object_set_new(object, "steps", steps);
	return object;
}

static void add_yaml_list(const json_t *list, unsigned int depth, struct strbuf *text);

static void add_yaml_value(const json_t *value, unsigned int depth, struct strbuf *text)
{
	if (json_is_array(value) && json_array_size(value)) {
		strbuf_add(text, ":\n");
		add_yaml_list(value, depth + 1, text);
		return;
	}
	strbuf_add(text, ": ");
	if (json_is_string(value))
		config_format_scalar(json_string_value(value), text);
	else if (json_is_integer(value))
		strbuf_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		strbuf_printf(text, "%.3f", json_real_value(value));
	else
		strbuf_add(text, "[]");
	strbuf_add_char(text, '\n');
}

/* The objects of a list, one after the other; those of a key's below it. */
static void add_yaml_list(const json_t *list, unsigned int depth, struct strbuf *text)
{
	json_t *object, *value;
	const char *key;
	size_t i;

	json_array_foreach(list, i, object)
	{
		const char *lead = "- ";

		json_object_foreach(object, key, value)
		{
			cli_layout_pad(text, (size_t)depth * 4);
			strbuf_printf(text, "%s%s", lead, key);
			add_yaml_value(value, depth, text);
			lead = "  ";
		}
	}
}

void cli_check_format_yaml(const json_t *list, struct strbuf *text)
{
	add_yaml_list(list, 0, text);
}
