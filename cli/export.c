// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/suggest.h"
#include "cli/ipvsadm_format.h"
#include "cli/load.h"
#include "cli/losses.h"
#include "cli/machine.h"
#include "cli/watch.h"
#include "model/schema.h"
#include "reconciler/step.h"

/* Keys that end up in the objects themselves; all others say what poise does with them. */
static const unsigned int carried_top = 1u << CONFIG_POISE | 1u << CONFIG_BACKEND |
					1u << CONFIG_IPVS | 1u << CONFIG_POOLS |
					1u << CONFIG_SERVICES | 1u << CONFIG_ALLOW_EMPTY;
static const unsigned int carried_service =
	1u << CONFIG_SERVICE_LISTEN | 1u << CONFIG_SERVICE_SCHEDULER |
	1u << CONFIG_SERVICE_SCHEDULER_FLAGS | 1u << CONFIG_SERVICE_ONE_PACKET |
	1u << CONFIG_SERVICE_PERSISTENCE | 1u << CONFIG_SERVICE_FORWARD |
	1u << CONFIG_SERVICE_TUNNEL | 1u << CONFIG_SERVICE_POOL | 1u << CONFIG_SERVICE_DESTINATIONS;
static const unsigned int carried_pool = 1u << CONFIG_POOL_DESTINATIONS | 1u << CONFIG_POOL_WEIGHT |
					 1u << CONFIG_POOL_FORWARD | 1u << CONFIG_POOL_TUNNEL |
					 1u << CONFIG_POOL_UPPER_THRESHOLD |
					 1u << CONFIG_POOL_LOWER_THRESHOLD;
static const unsigned int carried_destination =
	1u << CONFIG_DESTINATION_ADDRESS | 1u << CONFIG_DESTINATION_WEIGHT |
	1u << CONFIG_DESTINATION_FORWARD | 1u << CONFIG_DESTINATION_TUNNEL |
	1u << CONFIG_DESTINATION_UPPER_THRESHOLD | 1u << CONFIG_DESTINATION_LOWER_THRESHOLD |
	1u << CONFIG_DESTINATION_CROSS_FAMILY;

/* One loss for each key that was written and is not among `carried`. */
static void lose_keys(struct ipvsadm_losses *losses, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int carried, const char *place)
{
	for (unsigned int key = 0; key < mapping->count; key++)
		if (config_has(object, key) && !(carried >> key & 1))
			ipvsadm_lose(losses, 0, "%s`%s` left out: ipvsadm has nothing like it",
				place, mapping->keys[key].name);
}

static void lose_destinations(struct ipvsadm_losses *losses,
	const struct config_destination_list *list, const char *kind, const char *name)
{
	vector_foreach(list, destination) {
		char endpoint[ADDRESS_ENDPOINT_LENGTH];
		const struct config_endpoint *address = &destination->address;
		unsigned int rest = destination->object.set & ~carried_destination;

		if (!rest)
			continue;
		_cleanup_free_ char *place = memory_printf("%s %s: destination %s: ", kind, name,
			address_format_endpoint(&address->address, address->port, endpoint));
		if (destination->state == CONFIG_DESTINATION_STATE_DRAIN)
			ipvsadm_lose(losses, 0, "%sleft out: it drains", place);
		lose_keys(losses, &schema_destination, &destination->object,
			carried_destination | 1u << CONFIG_DESTINATION_STATE, place);
	}
}

static void lose_config(struct ipvsadm_losses *losses, const struct config *config)
{
	lose_keys(losses, &schema_top, &config->object, carried_top, "");
	vector_foreach(&config->pools, pool) {
		_cleanup_free_ char *place = memory_printf("pool %s: ", pool->name.text);

		lose_keys(losses, &schema_pool, &pool->object, carried_pool, place);
		lose_destinations(losses, &pool->destinations, "pool", pool->name.text);
	}
	vector_foreach(&config->services, service) {
		_cleanup_free_ char *place = memory_printf("service %s: ", service->name.text);

		lose_keys(losses, &schema_service, &service->object, carried_service, place);
		lose_destinations(losses, &service->destinations, "service", service->name.text);
	}
}

static void lose_follower(struct ipvsadm_losses *losses, const struct declared *declared)
{
	if (declared->sync_follows)
		ipvsadm_lose(losses, 0,
			"the sync daemon that follows the virtual router `%s` is exported as the "
			"active one: ipvsadm changes no role",
			declared->sync_follows);
}

/* What poise sets of its own accord is no loss of the file's, but worth a word. */
static void keep_named_sysctls(struct state *state, const struct declared *declared)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->sysctls.count; i++) {
		const struct sysctl *sysctl = state->sysctls.items + i;

		if (vector_find(&declared->sysctls, sysctl, sysctl_compare))
			state->sysctls.items[kept++] = *sysctl;
		else
			cli_note("net.ipv4.vs.%s = %s, which poise sets too, is not exported",
				sysctl->name, sysctl->value);
	}
	state->sysctls.count = kept;
}

/* What would be in an empty table after an apply is what step() wants there now. */
static int export_files(const struct cli *cli, struct state *state, struct ipvsadm_losses *losses)
{
	_cleanup_cli_loaded_ struct cli_loaded loaded = {};
	_cleanup_memory_ struct memory memory = {};
	_cleanup_state_ struct state live = {};
	struct step_output output = {};
	int r = cli_load(cli->arguments + 1, cli->argument_count - 1, &loaded);

	cli_loaded_report(&loaded);
	if (r < 0)
		return r;
	const struct step_input input = {
		.declared = &loaded.declared, .live = &live, .memory = &memory};
	step(&input, &output);
	lose_config(losses, &loaded.config);
	lose_follower(losses, &loaded.declared);
	*state = output.desired;
	output.desired = (struct state){};
	keep_named_sysctls(state, &loaded.declared);
	step_output_clear(&output);
	return 0;
}

static int export_live(const struct cli *cli, struct state *state)
{
	_cleanup_reconciler_ struct reconciler reconciler = {.lock = -1};
	_cleanup_cli_watch_ struct cli_watch watch = {};

	cli_watch_begin(&watch, false);
	int r = cli_machine_open_settled(cli, NULL, &watch.observer, &reconciler);
	if (r == 0)
		r = cli_machine_read(&reconciler, state);
	if (r < 0)
		return r;
	if (!cli->options.all)
		cli_keep_owned(state, &reconciler.record.memory);
	/* All that net/ipv4/vs holds would be a long list of defaults that nobody chose. */
	state->sysctls.count = 0;
	return 0;
}

static int check_arguments(const struct cli *cli)
{
	const char *word = cli->arguments[0];
	struct suggest suggest = {};

	suggest_offer(&suggest, word, "ipvsadm");
	if (strcmp(word, "ipvsadm") != 0)
		cli_error(suggest.best ? "nothing can be exported to `%s`: did you mean `ipvsadm`?"
				       : "nothing can be exported to `%s`: `poise export ipvsadm` "
					 "can",
			word);
	else if (cli->options.from_live && cli->argument_count > 1)
		cli_error("--live takes the state of this machine: no PATH beside it");
	else if (cli->options.all && !cli->options.from_live)
		cli_error("--all goes with --live: files declare no services of others");
	else
		return 0;
	return -EINVAL;
}

static int export_run(struct cli *cli)
{
	_cleanup_ipvsadm_losses_ struct ipvsadm_losses losses = {};
	_cleanup_state_ struct state state = {};
	_cleanup_strbuf_ struct strbuf text = {};

	if (check_arguments(cli) < 0)
		return CLI_EXIT_ERROR;
	int r = cli->options.from_live ? export_live(cli, &state)
				       : export_files(cli, &state, &losses);
	if (r < 0)
		return CLI_EXIT_ERROR;
	ipvsadm_format(&state, &text, &losses);
	if (text.text)
		cli_print(text.text);
	cli_print_losses(NULL, &losses);
	return losses.total ? CLI_EXIT_LOSSES : CLI_EXIT_GOOD;
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "live", FLAG, from_live, NULL,
		"the live state of this machine instead of files"),
	CLI_OPTION(0, "all", FLAG, all, NULL, "with --live: the services of others too"),
};

const struct cli_command cli_command_export = {
	.name = "export",
	.usage = "ipvsadm [PATH]...",
	.summary = "turn files, or the live state, into another program's configuration",
	.description =
		"Prints what the files declare as lines for `ipvsadm -R`. What ipvsadm has no "
		"words for is\n"
		"said on standard error.\n\n"
		"Exit status: 0 when all is carried over, 1 with losses, 2 after an error.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.formats = 1 << CLI_FORMAT_TEXT,
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.run = export_run,
};
