// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/beside.h"

#include <errno.h>
#include <sys/random.h>

#include "base/hex.h"
#include "cli/client.h"
#include "cli/fields.h"
#include "reconciler/reconciler.h"

/* Other files come into force at times while one asks. */
#define BESIDE_ROUTERS_TRIES  3
#define BESIDE_ROUTERS_FORMAT 1

static void beside_set_paths(struct cli_beside *beside)
{
	const json_t *paths = json_object_get(json_object_get(beside->status, "files"), "paths");
	const json_t *path;
	size_t i;

	json_array_foreach(paths, i, path) if (json_is_string(path))
		vector_push(&beside->paths, json_string_value(path));
}

static void beside_choose_nonce(struct cli_beside_routers *routers)
{
	uint8_t bytes[sizeof(routers->nonce) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes))
		hex_format(bytes, sizeof(bytes), routers->nonce);
}

/* 1: the files that the answer began with are others by now. */
static int beside_read_routers(
	const json_t *answer, struct cli_beside_routers *routers, struct error *error)
{
	json_t *list = json_object_get(answer, "routers");

	if (cli_field_number(answer, "poise") != BESIDE_ROUTERS_FORMAT || !json_is_array(list))
		return error_set(error, -EINVAL, "poised tells them in another version's form");
	if (cli_field_is_set(answer, "changed"))
		return 1;
	routers->list = json_incref(list);
	routers->trouble = memory_copy_string(cli_field_text(answer, "trouble"));
	return 0;
}

/* That they are not told is no reason to do without the rest. */
static void beside_fetch_routers(struct cli_client *client, struct cli_beside_routers *routers)
{
	_cleanup_error_ struct error error = {};
	int r = 1;

	beside_choose_nonce(routers);
	for (int i = 0; r == 1 && i < BESIDE_ROUTERS_TRIES; i++) {
		json_t *answer = NULL;

		r = cli_client_call(client, "routers",
			*routers->nonce ? json_pack("{s:s}", "nonce", routers->nonce) : NULL,
			&answer, &error);
		if (r == 0)
			r = beside_read_routers(answer, routers, &error);
		json_decref(answer);
	}
	if (r == -ENOSYS)
		routers->why = memory_copy_string("the poised that runs here is another version");
	else if (r == 1)
		routers->why = memory_copy_string("poised has other files from moment to moment");
	else if (r < 0)
		routers->why = memory_copy_string(error_text(&error, r));
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
	if (r == 0)
		beside_fetch_routers(client, &beside->routers);
	return r;
}

static void beside_leave(struct cli_beside *beside, const char *why)
{
	cli_note("left out is what poised knows beside the files: %s", why);
	beside->routers.why = memory_copy_string("the poised that runs here does not tell them");
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
		beside_leave(ret, error_text(&error, r));
}

void cli_beside_clear(struct cli_beside *beside)
{
	facts_clear(&beside->facts);
	json_decref(beside->status);
	vector_clear(&beside->paths);
	json_decref(beside->routers.list);
	free(beside->routers.why);
	free(beside->routers.trouble);
	*beside = (struct cli_beside){};
}
