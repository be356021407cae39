// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "cli/drain_services.h"
#include "model/units.h"

/* The service, as an option or as the first of two words; NULL without one. */
static const char *target_service(const struct cli *cli)
{
	if (cli->options.service)
		return cli->options.service;
	return cli->argument_count == 2 ? cli->arguments[0] : NULL;
}

/* The destination as a parameter. NULL after it said why. */
static json_t *target_to_json(const struct cli *cli)
{
	bool two = cli->argument_count == 2;

	if (two && cli->options.service) {
		cli_error("--service names the service: only one argument, the destination, beside "
			  "it");
		return NULL;
	}
	return json_pack("{s:o}", "destination", cli_json_text(cli->arguments[two]));
}

static int drain_run(struct cli *cli)
{
	json_t *params = target_to_json(cli);

	if (!params)
		return CLI_EXIT_ERROR;
	if (cli->options.force)
		json_object_set_new(params, "force", json_true());
	if (cli->options.duration) {
		_cleanup_strbuf_ struct strbuf duration = {};

		units_format_duration(cli->options.duration, &duration);
		json_object_set_new(params, "for", json_string(duration.text));
	}
	return cli_drain_services(cli, "drain", target_service(cli), params);
}

static int undrain_run(struct cli *cli)
{
	json_t *params = target_to_json(cli);

	if (!params)
		return CLI_EXIT_ERROR;
	return cli_drain_services(cli, "undrain", target_service(cli), params);
}

#define SERVICE_OPTION                                                                             \
	CLI_OPTION(0, "service", TEXT, service, "SERVICE",                                         \
		"of this service alone: its listener, or its name in the file")

static const struct cli_option drain_options[] = {
	SERVICE_OPTION,
	CLI_OPTION(0, "for", SPAN, duration, "TIME", "let it come back after TIME"),
	CLI_OPTION(0, "force", FLAG, force, NULL,
		"even where a service is left without any usable destination"),
};

static const struct cli_option undrain_options[] = {SERVICE_OPTION};

const struct cli_command cli_command_drain = {
	.name = "drain",
	.usage = "[SERVICE] DESTINATION",
	.summary = "take a destination out of service, for maintenance",
	.description =
		"Gives a destination no new connections, and takes it out when those that it has "
		"are over or the\n"
		"service's drain time has passed. DESTINATION is ADDRESS:PORT, or ADDRESS for all "
		"its ports; it is\n"
		"drained wherever it stands, or in one SERVICE. It stays out until `poise undrain` "
		"or for TIME,\n"
		"also when poised or the machine starts anew. What would leave a service without "
		"any usable\n"
		"destination is refused without --force.\n\n"
		"Exit status: 0, or 2 when it was refused or poised does not run.\n",
	.options = drain_options,
	.option_count = ARRAY_LENGTH(drain_options),
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_min = 1,
	.arguments_max = 2,
	.run = drain_run,
};

const struct cli_command cli_command_undrain = {
	.name = "undrain",
	.usage = "[SERVICE] DESTINATION",
	.summary = "bring a destination back that was drained",
	.description =
		"Ends a drain of `poise drain`, named as it was there. What a check keeps out "
		"comes back when that\n"
		"passes.\n\n"
		"Exit status: 0, or 2 when nothing like it is drained or poised does not run.\n",
	.options = undrain_options,
	.option_count = ARRAY_LENGTH(undrain_options),
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_min = 1,
	.arguments_max = 2,
	.run = undrain_run,
};
