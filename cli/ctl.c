// SPDX-License-Identifier: GPL-2.0-or-later
/* `poise ctl`: any method of poised by its name. What a method takes, poised itself says (`help`), so that this
 * poise need not know a method to call it. */
#include <errno.h>

#include "base/suggest.h"
#include "cli/client.h"
#include "cli/ctl_text.h"
#include "cli/fields.h"
#include "cli/layout.h"

/* The description of the parameter of that name (of `length` bytes); NULL when the method has none. */
static const json_t *param_find(const json_t *params, const char *name, size_t length)
{
	const json_t *param;
	size_t i;

	json_array_foreach(params, i, param)
	{
		const char *found = cli_field_text(param, "name");

		if (found && strlen(found) == length && strncmp(found, name, length) == 0)
			return param;
	}
	return NULL;
}

/* The first parameter that has no value yet. */
static const json_t *param_next(const json_t *params, const json_t *values)
{
	const json_t *param;
	size_t i;

	json_array_foreach(params, i, param)
	{
		const char *name = cli_field_text(param, "name");

		if (name && !json_object_get(values, name))
			return param;
	}
	return NULL;
}

/* Whether what stands before a `=` is of the form that names of parameters have. */
static bool looks_named(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz-_") == strlen(name);
}

/* "dest=10.0.0.1" where the parameter is called "destination": a slip, and not a value. */
static int check_slip(const json_t *params, const json_t *next, const char *word)
{
	_cleanup_free_ char *name = memory_copy_bytes(word, strcspn(word, "="));
	struct suggest suggest = {};
	const json_t *param;
	size_t i;

	if (!strchr(word, '='))
		return 0;
	json_array_foreach(params, i, param)
	{
		const char *found = cli_field_text(param, "name");

		if (found && *name && strncmp(found, name, strlen(name)) == 0)
			suggest.best = found;
		else if (found)
			suggest_offer(&suggest, name, found);
	}
	if (suggest.best)
		cli_error("there is no parameter `%s`: did you mean `%s`?", name, suggest.best);
	else if (next && looks_named(name))
		cli_error("there is no parameter `%s`: for a value with a `=` in it, write `%s=%s`",
			name, cli_field_text(next, "name"), word);
	else
		return 0;
	return -EINVAL;
}

static bool is_flag(const json_t *param)
{
	const char *type = cli_field_text(param, "type");

	return type && strcmp(type, "flag") == 0;
}

/* What else is no flag is said by poised. */
static json_t *value_to_json(const json_t *param, const char *value)
{
	static const char *const words[][2] = {
		{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

	for (size_t i = 0; is_flag(param) && i < ARRAY_LENGTH(words); i++)
		for (int on = 0; on < 2; on++)
			if (strcmp(value, words[i][on]) == 0)
				return json_boolean(on);
	return cli_json_text(value);
}

/* A word of the command line into `values`: NAME=VALUE, the name of a flag, or the value of the next parameter. */
static int word_take(const char *method, const json_t *params, const char *word, json_t *values)
{
	size_t length = strcspn(word, "=");
	const json_t *param = param_find(params, word, length);
	bool bare = !word[length] && param && is_flag(param);

	if (!word[length] && !bare)
		param = NULL;
	const char *value = bare ? "true" : param ? word + length + 1 : word;

	if (!param) {
		param = param_next(params, values);
		if (check_slip(params, param, word) < 0)
			return -EINVAL;
	}
	if (!param) {
		cli_error("the method `%s` takes no argument `%s`: `poise ctl help %s` says what "
			  "it takes",
			method, word, method);
		return -EINVAL;
	}
	const char *name = cli_field_text(param, "name");
	if (json_object_get(values, name)) {
		cli_error("`%s` is given twice", name);
		return -EINVAL;
	}
	json_object_set_new(values, name, value_to_json(param, value));
	return 0;
}

/* The arguments as the method's parameters, into *ret: NULL without any. */
static int arguments_take(
	const struct cli *cli, struct cli_client *client, json_t **ret, struct error *error)
{
	const char *name = cli->arguments[0];
	json_t *help = NULL;

	*ret = NULL;
	if (cli->argument_count == 1)
		return 0;
	int r = cli_client_call(
		client, "help", json_pack("{s:o}", "method", cli_json_text(name)), &help, error);
	if (r < 0)
		return r;
	json_t *values = json_object();
	const json_t *params =
		json_object_get(json_array_get(json_object_get(help, "methods"), 0), "params");
	for (size_t i = 1; r == 0 && i < cli->argument_count; i++)
		r = word_take(name, params, cli->arguments[i], values);
	json_decref(help);
	if (r == 0)
		*ret = values;
	else
		json_decref(values);
	return r;
}

/* Whether the answer to `name` is printed in words: only what has them, and nobody asked for JSON. */
static bool wants_text(const struct cli *cli, const char *name)
{
	return cli->options.format != CLI_FORMAT_JSON && strcmp(cli->arguments[0], name) == 0;
}

static void print_text(const json_t *result,
	void (*format)(const json_t *result, size_t width, bool color, struct strbuf *text))
{
	_cleanup_strbuf_ struct strbuf text = {};
	size_t width, height;

	cli_layout_size(&width, &height);
	format(result, width, cli_color_stdout(), &text);
	cli_print(text.text ? text.text : "");
}

static void print_result(const struct cli *cli, json_t *result)
{
	static const struct {
		const char *method;
		void (*format)(const json_t *result, size_t width, bool color, struct strbuf *text);
	} texts[] = {{"help", cli_ctl_format_help}, {"checks", cli_ctl_format_checks}};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (wants_text(cli, texts[i].method)) {
			print_text(result, texts[i].format);
			json_decref(result);
			return;
		}
	if (isatty(STDOUT_FILENO)) {
		cli_print_json(result);
		return;
	}
	_cleanup_free_ char *line = json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(result);
	cli_print(line ? line : "null");
	cli_print("\n");
}

static void print_event(const struct cli *cli, const json_t *notification)
{
	_cleanup_strbuf_ struct strbuf text = {};
	const json_t *event = json_object_get(notification, "params");

	if (cli->options.format == CLI_FORMAT_JSON) {
		_cleanup_free_ char *json = json_dumps(event ? event : notification, JSON_COMPACT);
		strbuf_printf(&text, "%s\n", json ? json : "null");
	} else {
		cli_ctl_format_event(event, cli_color_stdout(), &text);
	}
	cli_print(text.text);
}

/* Until ^C ends this process, poised ends the stream, or nobody reads it any more. */
static int follow_events(const struct cli *cli, struct cli_client *client, struct error *error)
{
	int r = 0;

	while (r == 0 && cli_flush()) {
		json_t *notification = NULL;

		r = cli_client_next(client, &notification, error);
		if (r == 0)
			print_event(cli, notification);
		json_decref(notification);
	}
	return r;
}

static int ctl_run(struct cli *cli)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};
	json_t *params = NULL, *result = NULL;
	const char *method = cli->arguments[0];
	int r = cli_client_open(cli, &client, &error);

	if (r == 0)
		r = arguments_take(cli, &client, &params, &error);
	if (r < 0 && !error.text)
		return CLI_EXIT_ERROR; /* which was said already */
	if (r == 0)
		r = cli_client_call(&client, method, params, &result, &error);
	if (r == 0 && strcmp(method, "events") == 0) {
		json_decref(result);
		r = follow_events(cli, &client, &error);
	} else if (r == 0) {
		print_result(cli, result);
	}
	return r < 0 ? cli_fail(&error, r) : CLI_EXIT_GOOD;
}

const struct cli_command cli_command_ctl = {
	.name = "ctl",
	.usage = "METHOD [[NAME=]VALUE | FLAG]...",
	.summary = "call a method of poised's control socket",
	.description =
		"Calls METHOD of poised and prints its result as JSON. `poise ctl help` lists the "
		"methods, "
		"`poise ctl\n"
		"help METHOD` says what one takes. `poise ctl events` prints what happens, a line "
		"each, until ^C.\n\n"
		"Exit status: 0, or 2 when poised refused it or does not run.\n",
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.run = ctl_run,
};
