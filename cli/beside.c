// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/beside.h"

#include <errno.h>

#include "cli/client.h"
#include "reconciler/reconciler.h"

static void beside_set_paths(struct cli_beside *beside)
{
	const json_t *paths = json_object_get(json_object_get(beside->status, "files"), "paths");
	const json_t *path;
	size_t i;

	json_array_foreach(paths, i, path) if (json_is_string(path))
		vector_push(&beside->paths, json_string_value(path));
}

static int beside_fetch(struct cli_client *client, struct cli_beside *beside, struct error *error)
{
	json_t *facts = NULL;
	int r = cli_client_call(client, "facts", NULL, &facts, error);

	if (r == 0)
		r = cli_facts_from_json(facts, reconciler_now(), &beside->facts, error);
	json_decref(facts);
	if (r == 0)
		r = cli_client_call(
			client, "status", json_pack("{s:b}", "summary", 1), &beside->status, error);
	return r;
}

void cli_beside_ask(const struct cli *cli, struct cli_beside *ret)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};
	int r = cli_client_open(cli, &client, &error);

	if (r == -ENOENT)
		return;
	if (r == 0)
		r = beside_fetch(&client, ret, &error);
	ret->running = r == 0;
	if (r == 0)
		beside_set_paths(ret);
	else
		cli_note("left out is what poised knows beside the files: %s",
			error_text(&error, r));
}

void cli_beside_clear(struct cli_beside *beside)
{
	facts_clear(&beside->facts);
	json_decref(beside->status);
	vector_clear(&beside->paths);
	*beside = (struct cli_beside){};
}
