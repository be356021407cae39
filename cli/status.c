// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "cli/client.h"
#include "cli/fields.h"
#include "cli/layout.h"
#include "cli/live_view.h"
#include "cli/status_machine.h"
#include "cli/status_text.h"
#include "model/units.h"

/* With more services than this, or than the terminal is high, only those that are not ok are shown. */
#define SERVICES_MOST 50

/* One look. */
struct status {
	json_t *document;
	bool running; /* it is poised's own */
	struct error error;
};

static void status_clear(struct status *status)
{
	json_decref(status->document);
	error_clear(&status->error);
}

#define _cleanup_status_ _cleanup_(status_clear)

/* The services that the answer to one name has, behind those that are there. */
static void status_merge(struct status *status, json_t *answer)
{
	if (!status->document) {
		status->document = answer;
		return;
	}
	json_array_extend(
		json_object_get(status->document, "services"), json_object_get(answer, "services"));
	json_decref(answer);
}

/* A call for each name, or one for all services. */
static int status_ask(const struct cli *cli, struct cli_client *client, struct status *status)
{
	size_t count = MAX(cli->argument_count, (size_t)1);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		json_t *params = cli->argument_count
					 ? json_pack("{s:s}", "service", cli->arguments[i])
					 : NULL;
		json_t *answer = NULL;

		r = cli_client_call(client, "status", params, &answer, &status->error);
		if (r == 0)
			status_merge(status, answer);
	}
	return r;
}

/* Whether a service goes by that name: its listener, or what its file calls it. */
static bool service_is(const json_t *service, const char *word)
{
	const char *listen = cli_field_text(service, "listen"),
		   *name = cli_field_text(service, "name");

	return (listen && strcmp(listen, word) == 0) || (name && strcmp(name, word) == 0);
}

/* Leaves only the services that the arguments name. */
static int status_keep_named(const struct cli *cli, struct status *status)
{
	const json_t *services = json_object_get(status->document, "services");
	json_t *kept = json_array();
	int r = 0;

	for (size_t word = 0; word < cli->argument_count; word++) {
		size_t i, before = json_array_size(kept);
		json_t *service;

		json_array_foreach(
			services, i, service) if (service_is(service, cli->arguments[word]))
			json_array_append(kept, service);
		if (json_array_size(kept) == before)
			r = error_set(&status->error, -ENOENT,
				"there is no service `%s`: name its listener, or what the file "
				"calls it",
				cli->arguments[word]);
	}
	json_object_set_new(status->document, "services", kept);
	return r;
}

/* poised's own answer; where none runs, what the machine itself says. */
static int status_fetch(const struct cli *cli, struct status *status)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	int r = cli_client_open(cli, &client, &status->error);

	if (r == 0) {
		status->running = true;
		client.quiet = cli->options.interval != 0;
		return status_ask(cli, &client, status);
	}
	if (r != -ENOENT)
		return r;
	error_clear(&status->error);
	r = cli_status_of_machine(cli, &status->document, &status->error);
	if (r < 0)
		return error_prefix(&status->error, r,
			"poised does not run here, and the machine itself cannot be asked");
	return cli->argument_count ? status_keep_named(cli, status) : 0;
}

static int status_code(const struct status *status)
{
	const char *health = cli_field_text(status->document, "health");

	return health && strcmp(health, "well") == 0 ? CLI_EXIT_GOOD : CLI_EXIT_DEGRADED;
}

static void status_to_text(const struct cli *cli, const struct status *status, struct strbuf *text)
{
	struct cli_status_view view = {
		.all = cli->options.all || cli_is_verbose(),
		.details = cli_is_verbose(),
		.machine = !cli->argument_count,
		.color = cli_color_stdout(),
		.services = SERVICES_MOST,
		.now = time(NULL),
	};
	size_t height;

	cli_layout_size(&view.width, &height);
	if (cli->argument_count)
		view.services = SIZE_MAX;
	else if (height)
		view.services = MIN(view.services, height);
	cli_status_format(status->document, &view, text);
}

/* When this was, and how often: a view that stands still is told from one that hangs. */
static void status_add_clock(const struct cli *cli, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf line = {};
	time_t now = time(NULL);

	cli_layout_time(&line, now, now);
	strbuf_add(&line, ", every ");
	units_format_duration(cli->options.interval, &line);
	cli_layout_paint(text, cli_color_stdout(), CLI_LAYOUT_DIM, line.text);
	strbuf_add_char(text, '\n');
}

/* A frame of the live view: what goes wrong is shown in it, for the next one may be well again. */
static int status_frame(void *data, struct strbuf *text)
{
	const struct cli *cli = data;
	_cleanup_status_ struct status status = {};
	int r = status_fetch(cli, &status);

	if (cli->options.format != CLI_FORMAT_JSON)
		status_add_clock(cli, text);
	if (r < 0) {
		size_t width, height;

		cli_layout_size(&width, &height);
		strbuf_add(text, "! ");
		cli_layout_wrap(text, 2, 2, error_text(&status.error, r), width);
		return CLI_EXIT_ERROR;
	}
	if (cli->options.format == CLI_FORMAT_JSON) {
		_cleanup_free_ char *json = json_dumps(status.document, JSON_COMPACT);
		strbuf_printf(text, "%s\n", json ? json : "null");
	} else {
		status_to_text(cli, &status, text);
	}
	return status_code(&status);
}

static int status_once(const struct cli *cli)
{
	_cleanup_status_ struct status status = {};
	_cleanup_strbuf_ struct strbuf text = {};
	int r = status_fetch(cli, &status);

	if (r < 0)
		return cli_fail(&status.error, r);
	if (!status.running)
		cli_note("poised does not run here (%s/" CLI_CLIENT_SOCKET ")", cli->run_dir);
	if (cli->options.format == CLI_FORMAT_JSON) {
		cli_print_json(json_incref(status.document));
	} else {
		status_to_text(cli, &status, &text);
		cli_print(text.text);
	}
	return status_code(&status);
}

static int status_run(struct cli *cli)
{
	if (!cli->options.interval)
		return status_once(cli);
	return cli_live_view(cli->options.interval, status_frame, cli);
}

static const struct cli_option options[] = {
	CLI_OPTION(
		0, "watch", INTERVAL, interval, "INTERVAL", "look again and again (2s), until ^C"),
	CLI_OPTION(0, "all", FLAG, all, NULL,
		"every service, however many; -v says more of each virtual router too"),
};

const struct cli_command cli_command_status = {
	.name = "status",
	.usage = "[SERVICE]...",
	.summary = "say what the machine holds, what it should hold, and why they differ",
	.description =
		"Says how poised does, and what services and destinations there are with their "
		"connections and\n"
		"rates: all of them, or each SERVICE (a listener, or its name in the file). Of "
		"more services\n"
		"than fit, those that are not ok. Without poised, what its record and the backend "
		"say.\n\n"
		"Exit status: 0 when all is well, 1 when something is not, 2 after an error.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_max = SIZE_MAX,
	.run = status_run,
};
