// SPDX-License-Identifier: GPL-2.0-or-later
/* A TARGET is one of four: a URL that stands for a check by itself; a destination of the files; a service of theirs, by its name
 * or a listener; with --check, any address. `tcp://` and `udp://` may be a listener or a server: it is the listener where the
 * files have one. */
#include "cli/check_list.h"

#include <errno.h>
#include <unistd.h>

#include "base/suggest.h"

/* One target on its way to a list. */
struct selection {
	const char *target;
	const char *check_name; /* --check */
	const struct config_check *check;
	bool is_address, is_listener;
	struct destination_key address; /* port 0: any */
	struct service_key listener;
	struct cli_check_list *list;
	size_t services, destinations; /* that it names */
};

static void list_add(struct cli_check_list *list, const struct config_check *check,
	const struct destination_key *destination)
{
	vector_push(list, ((struct declared_probe){
				  .key = {.target = probe_target(check, destination),
					  .check = check->name.text},
				  .check = check,
			  }));
}

static void list_finish(struct cli_check_list *list)
{
	size_t kept = 0;

	vector_sort(list, probe_key_compare);
	for (size_t i = 0; i < list->count; i++)
		if (!kept || probe_key_compare(list->items + kept - 1, list->items + i) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static bool selection_has_service(
	const struct selection *selection, const struct declared_service *service)
{
	if (selection->is_address)
		return true;
	if (selection->is_listener)
		return service_key_compare(&service->key, &selection->listener) == 0;
	return strcmp(service->name, selection->target) == 0;
}

/* The port of an address may be the destination's, or the one that is probed. */
static bool selection_has_destination(
	const struct selection *selection, const struct declared_destination *destination)
{
	const struct destination_key *wanted = &selection->address;

	if (!selection->is_address)
		return true;
	if (!address_equal(&destination->key.address, &wanted->address))
		return false;
	if (!wanted->port || wanted->port == destination->key.port)
		return true;
	vector_foreach(&destination->checks, check)
		if (wanted->port == probe_target(*check, &destination->key).port)
			return true;
	return false;
}

static void selection_add(
	const struct selection *selection, const struct declared_destination *destination)
{
	if (selection->check) {
		list_add(selection->list, selection->check, &destination->key);
		return;
	}
	vector_foreach(&destination->checks, check)
		list_add(selection->list, *check, &destination->key);
}

static void selection_walk(struct selection *selection)
{
	const struct cli_loaded *loaded = &selection->list->loaded;

	vector_foreach(&loaded->declared.services, service) {
		if (!selection_has_service(selection, service))
			continue;
		selection->services++;
		vector_foreach(&service->destinations, destination) {
			if (!selection_has_destination(selection, destination))
				continue;
			selection->destinations++;
			selection_add(selection, destination);
		}
	}
	list_finish(selection->list);
}

static int unknown_check(const struct selection *selection)
{
	struct suggest suggest = {};

	vector_foreach(&selection->list->loaded.config.checks, check)
		suggest_offer(&suggest, selection->check_name, check->name.text);
	if (suggest.best)
		cli_error("the files have no check `%s`: did you mean `%s`?", selection->check_name,
			suggest.best);
	else
		cli_error("the files have no check `%s`", selection->check_name);
	return -ENOENT;
}

static int unknown_service(const struct selection *selection)
{
	struct suggest suggest = {};

	vector_foreach(&selection->list->loaded.config.services, service)
		suggest_offer(&suggest, selection->target, service->name.text);
	if (suggest.best)
		cli_error("the files have no service `%s`: did you mean `%s`?", selection->target,
			suggest.best);
	else
		cli_error(selection->is_listener ? "the files have no service at `%s`"
						 : "the files have no service `%s`",
			selection->target);
	return -ENOENT;
}

/* There is nothing to probe: why? */
static int explain_nothing(const struct selection *selection)
{
	if (!selection->is_address && !selection->services)
		return unknown_service(selection);
	if (!selection->destinations)
		cli_error("the files have no destination `%s`: --check=NAME runs one of their "
			  "checks there",
			selection->target);
	else
		cli_error("the files have no check for `%s`: name one of theirs with --check=NAME",
			selection->target);
	return -ENOENT;
}

/* What connects must know where to. */
static int require_ports(const struct cli_check_list *list)
{
	vector_foreach(list, probe) {
		enum config_check_key kind = cli_check_kind(probe->check);
		char text[ADDRESS_ENDPOINT_LENGTH];

		if (probe->key.target.port ||
			(kind != CONFIG_CHECK_TCP && kind != CONFIG_CHECK_UDP))
			continue;
		cli_error("check `%s` wants a port for `%s`: it has none of its own",
			probe->check->name.text, destination_key_format(&probe->key.target, text));
		return -EINVAL;
	}
	return 0;
}

static int fill_from_files(struct selection *selection)
{
	struct cli_check_list *list = selection->list;

	if (selection->check_name) {
		selection->check = config_find_check(&list->loaded.config, selection->check_name);
		if (!selection->check)
			return unknown_check(selection);
	}
	selection_walk(selection);
	if (!list->count && selection->is_address && selection->check)
		list_add(list, selection->check, &selection->address);
	if (!list->count)
		return explain_nothing(selection);
	return require_ports(list);
}

static int fill_from_url(const char *url, struct cli_check_list *list)
{
	_cleanup_error_ struct error error = {};
	struct destination_key target;
	int r = cli_check_parse_url(url, &list->by_hand, &target, &error);

	if (r < 0)
		cli_error("%s: %s", url, error_text(&error, r));
	else
		vector_push(list, ((struct declared_probe){.key = {.target = target, .check = ""},
					  .check = list->by_hand.checks.items}));
	return r;
}

/* Those of a poised that runs here, unless others are named. */
static void choose_files(const struct cli *cli, struct cli_check_list *list)
{
	_cleanup_strbuf_ struct strbuf text = {};
	struct cli_beside *beside = &list->beside;

	if (cli->argument_count > 1)
		return;
	cli_beside_ask(cli, beside);
	if (!beside->paths.count ||
		(beside->paths.count == 1 &&
			strcmp(beside->paths.items[0], SOURCES_DEFAULT_PATH) == 0))
		return;
	vector_foreach(&beside->paths, path)
		strbuf_printf(&text, " %s", *path);
	cli_note("the checks are those of the files of the poised that runs here:%s", text.text);
}

/* Files that are not needed may be missing, or wrong. Of those that are good, only what the command asks for is of interest:
 * `poise validate` warns of all else. */
static int load_files(const struct cli *cli, bool needed, struct cli_check_list *list)
{
	choose_files(cli, list);
	bool named = cli->argument_count > 1;
	const char *const *paths = named ? cli->arguments + 1 : list->beside.paths.items;
	size_t count = named ? cli->argument_count - 1 : list->beside.paths.count;

	if (!needed && !count && access(SOURCES_DEFAULT_PATH, F_OK) < 0)
		return -ENOENT;
	int r = cli_load(paths, count, &list->loaded);
	if (r < 0 && !needed && !named)
		cli_note("the files in %s are no good, and take no part: `poise validate` says why",
			list->loaded.paths[0]);
	else if (r < 0)
		cli_loaded_report(&list->loaded);
	return r;
}

int cli_check_list_fill(const struct cli *cli, struct cli_check_list *ret)
{
	struct selection selection = {
		.target = cli->arguments[0],
		.check_name = cli->options.check,
		.list = ret,
	};
	bool url = cli_check_is_url(selection.target);

	selection.is_listener = service_key_parse(selection.target, &selection.listener) == 0;
	selection.is_address = destination_key_parse(selection.target, &selection.address) == 0;
	if (url && !selection.is_listener) {
		if (!selection.check_name && cli->argument_count == 1)
			return fill_from_url(selection.target, ret);
		cli_error("`%s` says all by itself: no %s beside it", selection.target,
			selection.check_name ? "--check" : "PATH");
		return -EINVAL;
	}
	if (!url && !selection.is_listener && strstr(selection.target, "://")) {
		cli_error("`%s` is no check: a URL is of tcp, udp, http, https, dns, smtp or ping",
			selection.target);
		return -EINVAL;
	}
	bool needed = !url || selection.check_name || cli->argument_count > 1;
	int r = load_files(cli, needed, ret);
	if (r < 0 && needed)
		return r;
	if (r < 0 ||
		(!needed && !declared_find_service(&ret->loaded.declared, &selection.listener)))
		return fill_from_url(selection.target, ret);
	return fill_from_files(&selection);
}

void cli_check_list_clear(struct cli_check_list *list)
{
	vector_clear(list);
	config_clear(&list->by_hand);
	cli_loaded_clear(&list->loaded);
	cli_beside_clear(&list->beside);
}
