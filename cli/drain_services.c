// SPDX-License-Identifier: GPL-2.0-or-later
/* Names are poised's to know: it answers with the services that go by one. They are drained one after the
 * other, and taken back when one of them is refused: all or none. To take a name's drains back it is
 * enough that one of them was there, for the files may have given it another listener since. */
#include "cli/drain_services.h"

#include <errno.h>

#include "cli/fields.h"
#include "model/state.h"

/* What was answered so far. */
struct answers {
	struct strbuf message, warning;
	json_int_t matches;
	bool counted; /* the method counts matches */
	size_t done;
};

static void answers_clear(struct answers *answers)
{
	strbuf_clear(&answers->message);
	strbuf_clear(&answers->warning);
}

#define _cleanup_answers_ _cleanup_(answers_clear)

static void add_line(struct strbuf *text, const char *line)
{
	if (line)
		strbuf_printf(text, "%s%s", text->length ? "\n" : "", line);
}

static void answers_add(struct answers *answers, const json_t *answer)
{
	const json_t *matches = json_object_get(answer, "matches");

	add_line(&answers->message, cli_field_text(answer, "message"));
	add_line(&answers->warning, cli_field_text(answer, "warning"));
	answers->counted |= json_is_integer(matches);
	answers->matches += json_integer_value(matches);
	answers->done++;
}

static json_t *answers_to_json(const struct answers *answers)
{
	json_t *json = json_pack("{s:s}", "message", answers->message.text);

	if (answers->counted)
		json_object_set_new(json, "matches", json_integer(answers->matches));
	if (answers->warning.length)
		json_object_set_new(json, "warning", json_string(answers->warning.text));
	return json;
}

/* -errno with poised's words. */
static int call_one(struct cli_client *client, const char *method, const char *listener,
	const json_t *params, struct answers *answers, struct error *error)
{
	json_t *own = json_copy((json_t *)params), *answer = NULL;

	json_object_set_new(own, "service", cli_json_text(listener ? listener : ""));
	int r = cli_client_call(client, method, own, &answer, error);
	if (r == 0)
		answers_add(answers, answer);
	json_decref(answer);
	return r;
}

/* Whether the operator drained it before, by the same word. */
static bool was_drained(const json_t *status, const char *listener, const json_t *params)
{
	struct destination_key wanted, found;
	const char *text = cli_field_text(params, "destination");
	const json_t *drain;
	size_t i;

	if (!text || destination_key_parse(text, &wanted) < 0)
		return false;
	json_array_foreach(json_object_get(status, "drains"), i, drain)
	{
		const char *service = cli_field_text(drain, "service");
		const char *destination = cli_field_text(drain, "destination");

		if (service && destination && strcmp(service, listener) == 0 &&
			destination_key_parse(destination, &found) == 0 &&
			destination_key_compare(&found, &wanted) == 0)
			return true;
	}
	return false;
}

/* Takes back what was drained under the first `count` services. */
static void take_back(
	struct cli_client *client, const json_t *status, const json_t *params, size_t count)
{
	_cleanup_answers_ struct answers ignored = {};
	json_t *target = json_pack("{s:O}", "destination", json_object_get(params, "destination"));

	for (size_t i = 0; i < count; i++) {
		_cleanup_error_ struct error error = {};
		const char *listener = cli_field_text(
			json_array_get(json_object_get(status, "services"), i), "listen");

		if (listener && !was_drained(status, listener, params) &&
			call_one(client, "undrain", listener, target, &ignored, &error) < 0)
			cli_error("%s: still drained: %s", listener, error.text);
	}
	json_decref(target);
}

static int drain_services(const struct cli *cli, struct cli_client *client, const json_t *status,
	const json_t *params)
{
	_cleanup_answers_ struct answers answers = {};
	const json_t *service;
	size_t i;

	json_array_foreach(json_object_get(status, "services"), i, service)
	{
		_cleanup_error_ struct error error = {};
		const char *listener = cli_field_text(service, "listen");
		int r = call_one(client, "drain", listener, params, &answers, &error);

		if (r == 0)
			continue;
		take_back(client, status, params, i);
		return cli_fail(&error, r);
	}
	return cli_client_print(cli, answers_to_json(&answers));
}

static int undrain_services(const struct cli *cli, struct cli_client *client, const json_t *status,
	const json_t *params)
{
	_cleanup_answers_ struct answers answers = {};
	_cleanup_error_ struct error first = {};
	const json_t *service;
	size_t i;
	int code = -ENOENT;

	json_array_foreach(json_object_get(status, "services"), i, service)
	{
		_cleanup_error_ struct error error = {};
		const char *listener = cli_field_text(service, "listen");
		int r = call_one(client, "undrain", listener, params, &answers, &error);

		if (r == 0 || first.text)
			continue;
		code = error_set(&first, r, "%s", error_text(&error, r));
	}
	if (!answers.done)
		return cli_fail(&first, code);
	return cli_client_print(cli, answers_to_json(&answers));
}

static int call_named(const struct cli *cli, struct cli_client *client, const char *method,
	const char *name, const json_t *params)
{
	_cleanup_error_ struct error error = {};
	json_t *status = NULL;
	int r = cli_client_call(client, "status",
		json_pack("{s:o}", "service", cli_json_text(name)), &status, &error);

	if (r < 0)
		return cli_fail(&error, r);
	int code = CLI_EXIT_ERROR;
	if (!json_array_size(json_object_get(status, "services")))
		cli_error("there is no service `%s`", name);
	else if (strcmp(method, "drain") == 0)
		code = drain_services(cli, client, status, params);
	else
		code = undrain_services(cli, client, status, params);
	json_decref(status);
	return code;
}

int cli_drain_services(
	const struct cli *cli, const char *method, const char *service, json_t *params)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};

	if (!service)
		return cli_client_command(cli, method, params);
	if (strstr(service, "://")) {
		json_object_set_new(params, "service", cli_json_text(service));
		return cli_client_command(cli, method, params);
	}
	int r = cli_client_open(cli, &client, &error);
	int code = r < 0 ? cli_fail(&error, r) : call_named(cli, &client, method, service, params);
	json_decref(params);
	return code;
}
