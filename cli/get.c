// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/load.h"
#include "cli/losses.h"
#include "cli/machine.h"
#include "cli/watch.h"
#include "model/canonical.h"
#include "model/from_state.h"
#include "reconciler/live_json.h"
#include "model/join.h"

/* poise sets these whenever it manages a service, so that a file must say them to keep another
 * value. Other sysctls are not poise's: a file that named them would fix them for ever. */
static bool is_set_by_poise(const char *name)
{
	return strcmp(name, "expire_nodest_conn") == 0 ||
	       strcmp(name, "expire_quiescent_template") == 0;
}

/* Those that poise sets, where it has set them: what stands there before it manages anything is not what a file should pin. */
static void keep_own_sysctls(struct state *state, const struct memory *memory)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->sysctls.count; i++)
		if (memory->owned.count && is_set_by_poise(state->sysctls.items[i].name))
			state->sysctls.items[kept++] = state->sysctls.items[i];
	state->sysctls.count = kept;
}

static void say_drains(
	struct config_service *service, const struct service_key *key, const struct memory *memory)
{
	vector_foreach(&service->destinations, destination) {
		const struct destination_key endpoint = {
			.address = destination->address.address,
			.port = destination->address.port,
		};

		if (!memory_find_drain(memory, key, &endpoint))
			continue;
		destination->state = CONFIG_DESTINATION_STATE_DRAIN;
		destination->object.set |= 1U << CONFIG_DESTINATION_STATE;
		destination->object.set &= ~(1U << CONFIG_DESTINATION_WEIGHT);
	}
}

/* What the kernel does not know: the names of services, that a destination has weight 0 only while it drains, and how
 * long the drains of a service take. Without it the file would end the drains when it is applied. */
static void say_memory(struct config *config, const struct memory *memory)
{
	vector_foreach(&config->services, service) {
		const struct service_key *key = &service->listen.items[0].key;
		const struct memory_service *owned = memory_find_owned(memory, key);

		if (owned && *owned->name)
			service->name.text = arena_copy_string(&config->arena, owned->name);
		if (owned && owned->drain != service->drain) {
			service->drain = owned->drain;
			service->object.set |= 1U << CONFIG_SERVICE_DRAIN;
		}
		say_drains(service, key, memory);
	}
}

/* Losses are remarks here: the file is what was asked for, and what it lacks is not in a file's
 * power. */
static void print_yaml(struct state *state, const struct memory *memory)
{
	_cleanup_ipvsadm_losses_ struct ipvsadm_losses losses = {};
	_cleanup_config_ struct config config = {};
	_cleanup_strbuf_ struct strbuf text = {}, lines = {};

	keep_own_sysctls(state, memory);
	config_from_state(state, &config, &lines);
	say_memory(&config, memory);
	config_join_services(&config);
	config_format_yaml(&config, &text);
	cli_print(text.text);
	cli_add_losses(&losses, &lines);
	cli_print_losses(NULL, &losses);
}

/* What was applied last may have more than the machine's table has: who puts this file in the place of that one loses it. */
static void note_rest(const struct cli *cli, const struct reconciler *reconciler)
{
	_cleanup_free_ char *path = memory_printf("%s/" RECORD_CONFIRMED_FILE, cli->state_dir);
	const char *applied = reconciler->record.revision;
	_cleanup_cli_loaded_ struct cli_loaded loaded = {};
	char revision[REVISION_SIZE];

	if (!applied || cli_load((const char *const[]){path}, 1, &loaded) < 0)
		return;
	_cleanup_free_ char *canonical = cli_loaded_canonical(&loaded);
	record_revision(canonical, revision);
	if (strcmp(revision, applied) != 0 ||
		(!loaded.declared.checks && !loaded.config.routers.count))
		return;
	cli_note("the %s of what was applied last are not in the live state, and so not in "
		 "this: a file with this alone would end them",
		!loaded.config.routers.count ? "checks"
		: loaded.declared.checks     ? "virtual routers and checks"
					     : "virtual routers");
}

static int get_run(struct cli *cli)
{
	_cleanup_reconciler_ struct reconciler reconciler = {.lock = -1};
	_cleanup_cli_watch_ struct cli_watch watch = {};
	_cleanup_state_ struct state state = {};

	cli_watch_begin(&watch, false);
	if (cli_machine_open_settled(cli, NULL, &watch.observer, &reconciler) < 0 ||
		cli_machine_read(&reconciler, &state) < 0)
		return CLI_EXIT_ERROR;
	const struct memory *memory = &reconciler.record.memory;
	size_t all = state.services.count;
	if (!cli->options.all)
		cli_keep_owned(&state, memory);
	if (cli->options.format == CLI_FORMAT_JSON)
		cli_print_json(live_to_json(cli_machine_backend(&reconciler), &state, memory,
			reconciler.record.revision, reconciler_now()));
	else
		print_yaml(&state, memory);
	if (cli->options.format != CLI_FORMAT_JSON)
		note_rest(cli, &reconciler);
	if (cli->options.format != CLI_FORMAT_JSON && state.ports.count)
		cli_note(
			"of `dpdk` the ports and the routes are in this: what else poise-dataplane "
			"was started with, it does not say");
	size_t others = all - state.services.count;
	if (others)
		cli_note("left out: %zu virtual service%s that poise does not manage (--all shows "
			 "all)",
			others, others == 1 ? "" : "s");
	return CLI_EXIT_GOOD;
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "all", FLAG, all, NULL, "the services of others too"),
	CLI_OPTION(0, "backend", TEXT, backend, "NAME",
		"of this one: ipvs, dpdk (that of what was applied last)"),
};

const struct cli_command cli_command_get = {
	.name = "get",
	.usage = "",
	.summary = "print the live state as a file that `poise apply` takes",
	.description = "Prints the live state as YAML that `poise apply` takes, and that changes "
		       "nothing when it is\n"
		       "applied. With -o json it prints all that the backend says, for `poise diff "
		       "--live`.\n\n"
		       "Exit status: 0, or 2 after an error.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.formats = 1 << CLI_FORMAT_YAML | 1 << CLI_FORMAT_JSON,
	.run = get_run,
};
