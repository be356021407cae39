// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>

#include "tests/support/routes.h"

#include "base/loop.h"
#include "daemon/router_text.h"

static int routes_on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct routes *routes = data;
	const struct message_vrrp_plan *head = payload;
	struct message_vrrp_got got;

	(void)size;
	if (kind == MESSAGE_VRRP_PLAN) {
		routes->generation = head->generation;
		routes->pieces = 0;
	}
	if (kind != MESSAGE_VRRP_TEXT && kind != MESSAGE_VRRP_HINTS && kind != MESSAGE_VRRP_FACTS &&
		kind != MESSAGE_VRRP_COMMIT)
		return 0;
	got = (struct message_vrrp_got){
		.generation = routes->generation, .pieces = ++routes->pieces};
	routing_message(routes->routing, MESSAGE_VRRP_GOT, &got, sizeof(got), loop_clock());
	return 0;
}

static void routes_on_moved(void *data, const struct routing_move *move)
{
	(void)data;
	(void)move;
}

static void routes_on_told(void *data)
{
	const struct routes *routes = data;
	size_t troubled = 0;

	for (size_t i = 0; i < routing_count(routes->routing); i++) {
		const struct routing_router *router = routing_at(routes->routing, i);

		troubled += router_is_troubled(router);
		engine_set_role(routes->engine, router->name, router->told.family, router->known,
			router->told.state == VRRP_STATE_ACTIVE);
	}
	routes->engine->routers_troubled = troubled;
}

static void routes_on_trouble(void *data, const char *text)
{
	(void)data;
	(void)text;
}

void routes_open(struct routes *routes, struct engine *engine)
{
	const struct routing_options options = {.send = routes_on_send,
		.moved = routes_on_moved,
		.told = routes_on_told,
		.trouble = routes_on_trouble,
		.data = routes};

	*routes = (struct routes){.engine = engine};
	routing_new(&options, &routes->routing);
	engine->routing = routes->routing;
	routes_want(routes);
	routing_message(routes->routing, MESSAGE_VRRP_STARTED, NULL, 0, loop_clock());
}

void routes_want(struct routes *routes)
{
	static uint64_t serial;

	routing_want(routes->routing, ++serial, &routes->engine->files->config, loop_clock());
}

void routes_tell(struct routes *routes, const char *name, const struct message_vrrp_state *state)
{
	const struct routing_router *router = routing_find(routes->routing, name, state->family);
	size_t size = sizeof(struct message_vrrp_states) + sizeof(*state);
	_cleanup_free_ struct message_vrrp_states *message = memory_new(size);

	assert(router);
	message->generation = routes->generation;
	message->count = message->last = 1;
	message->states[0] = *state;
	message->states[0].router = router->told.router;
	message->states[0].vrid = router->told.vrid;
	routing_message(routes->routing, MESSAGE_VRRP_STATES, message, size, loop_clock());
}

void routes_tell_stats(struct routes *routes, const struct message_vrrp_stats *stats)
{
	struct message_vrrp_stats message = *stats;

	message.generation = routes->generation;
	routing_message(
		routes->routing, MESSAGE_VRRP_STATS, &message, sizeof(message), loop_clock());
}

void routes_tell_cleared(struct routes *routes, uint64_t count)
{
	const struct message_vrrp_cleared message = {.count = count};

	routing_message(
		routes->routing, MESSAGE_VRRP_CLEARED, &message, sizeof(message), loop_clock());
}

void routes_gone(struct routes *routes)
{
	routing_message(routes->routing, MESSAGE_VRRP_GONE, NULL, 0, loop_clock());
}

void routes_close(struct routes *routes)
{
	routes->engine->routing = NULL;
	routing_free(routes->routing);
}
