// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as poised's end of the control socket, through the command line's client, and what comes of it through all that
 * poise makes of answers: facts, the live state, the status, virtual routers. */
#include <stdint.h>
#include <sys/socket.h>

#include "cli/client.h"
#include "cli/ctl_text.h"
#include "cli/poised_facts.h"
#include "cli/status_text.h"
#include "reconciler/plan_text.h"
#include "reconciler/state_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More would not fit into a socket that nobody reads from yet. */
#define INPUT_MOST 65536u
#define NOW        3600000000000ull
#define WIDTH      100

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void try_facts(const json_t *json)
{
	_cleanup_error_ struct error error = {};
	struct facts facts = {};
	int r = cli_facts_from_json(json, NOW, &facts, &error);

	require(r == 0 || (error.text && !facts.drains.items));
	for (size_t i = 1; i < facts.drains.count; i++)
		require(facts_drain_compare(&facts.drains.items[i - 1], &facts.drains.items[i]) <=
			0);
	facts_clear(&facts);
}

static void try_state(json_t *json)
{
	_cleanup_state_ struct state state = {};
	_cleanup_error_ struct error error = {};

	if (state_from_json(json, &state, &error) < 0)
		require(error.text && *error.text && !state.services.items);
}

/* A terminal obeys nothing that came from outside: no control character, neither of ASCII nor of Latin-1 (U+0080 to
 * U+009F). */
static void require_harmless(const struct strbuf *text)
{
	for (size_t i = 0; i < text->length; i++) {
		unsigned char byte = (unsigned char)text->text[i];
		unsigned char next = (unsigned char)text->text[i + 1];

		require((byte >= ' ' && byte != 0x7f) || byte == '\n');
		require(byte != 0xc2 || next < 0x80 || next > 0x9f);
	}
}

/* As what poised keeps, and as what is declared. */
static void try_routers(json_t *json)
{
	json_t *none = json_array(), *list = json_object_get(json, "routers");
	const struct plan plan = {};

	for (int i = 0; list && i < 2; i++) {
		_cleanup_router_diff_ struct router_diff diff = {};
		const struct plan_text_options options = {.routers = &diff};
		_cleanup_strbuf_ struct strbuf text = {};

		router_diff(i ? none : list, i ? list : none, &diff);
		plan_format_text(&plan, &options, &text);
		require_harmless(&text);
		json_decref(router_diff_to_json(&diff));
	}
	json_decref(none);
}

static void try_texts(const json_t *json)
{
	const struct cli_status_view some = {
		.width = WIDTH, .services = 1, .machine = true, .now = 1};
	const struct cli_status_view all = {.width = WIDTH, .all = true, .machine = true, .now = 1};
	_cleanup_strbuf_ struct strbuf text = {};

	cli_status_format(json, &some, &text);
	cli_status_format(json, &all, &text);
	cli_ctl_format_help(json, WIDTH, false, &text);
	cli_ctl_format_event(json, false, &text);
	require_harmless(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};
	json_t *result = NULL, *next = NULL;
	int fds[2];

	if (size > INPUT_MOST || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return 0;
	client.fd = fds[0];
	require(!size || send(fds[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	shutdown(fds[1], SHUT_WR);
	int r = cli_client_call(&client, "status", NULL, &result, &error);
	require(r == 0 ? result != NULL : (result == NULL && error.text && *error.text));
	if (r == 0) {
		try_facts(result);
		try_state(result);
		try_routers(result);
		try_texts(result);
	}
	while (cli_client_next(&client, &next, NULL) == 0) {
		try_texts(json_object_get(next, "params"));
		json_decref(STEAL(next));
	}
	json_decref(result);
	close(fds[1]);
	return 0;
}
