// SPDX-License-Identifier: GPL-2.0-or-later
/* Between the engine and routing.h: files and the first reconcile go out; roles and moves come in. */
#include "daemon/route_shell.h"

#include "base/channel.h"
#include "base/log.h"
#include "daemon/route_facts.h"
#include "model/units.h"

LOG_MODULE("reconciler");

struct route_shell {
	struct route_shell_options options;
	struct routing *routing;
	struct loop_source *timer;
	char routed[REVISION_SIZE]; /* of the files whose virtual routers are wanted */
	uint64_t routed_serial;
	struct {
		VECTOR_OF(bool);
	} served; /* of each virtual router of these: it was told, since it is active */
};

static int route_shell_on_routing_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	const struct route_shell *shell = data;

	return channel_send(shell->options.channel, kind, payload, size);
}

static void route_shell_on_moved(void *data, const struct routing_move *move)
{
	static const enum engine_notice_event events[VRRP_STATE_COUNT] = {
		[VRRP_STATE_INITIALIZE] = ENGINE_NOTICE_ROUTER_STOPPED,
		[VRRP_STATE_BACKUP] = ENGINE_NOTICE_ROUTER_BACKUP,
		[VRRP_STATE_ACTIVE] = ENGINE_NOTICE_ROUTER_ACTIVE,
	};
	struct route_shell *shell = data;

	engine_router_moved(
		shell->options.engine, &(struct engine_move){.router = move->router->name,
					       .family = move->router->told.family,
					       .event = events[move->to],
					       .why = move->why,
					       .wall = move->wall / UNITS_MILLISECOND});
}

/* What was known of those that the files have no more would be taken for the others of their name. From the end: each that goes
 * shortens the list. */
static void route_shell_drop_roles(struct route_shell *shell)
{
	const struct facts_router_vector *known = &shell->options.engine->facts.routers;

	for (size_t i = known->count; i-- > 0;) {
		const struct facts_router *router = &known->items[i];

		if (!routing_find(shell->routing, router->name, router->family))
			engine_drop_role(shell->options.engine, router->name, router->family);
	}
}

static void route_shell_on_routing_told(void *data)
{
	struct route_shell *shell = data;
	size_t troubled = 0;

	route_shell_drop_roles(shell);
	for (size_t i = 0; i < routing_count(shell->routing); i++) {
		const struct routing_router *router = routing_at(shell->routing, i);

		troubled += !router->known || *router->told.trouble;
		engine_set_role(shell->options.engine, router->name, router->told.family,
			router->known, router->told.state == VRRP_STATE_ACTIVE);
	}
	shell->options.engine->routers_troubled = troubled;
	if (shell->options.engine->roles.count)
		shell->options.changed(shell->options.data);
}

static void route_shell_on_routing_trouble(void *data, const char *text)
{
	struct route_shell *shell = data;

	engine_set_trouble(shell->options.engine, ENGINE_TROUBLE_ROUTING, text);
	shell->options.changed(shell->options.data);
}

static void route_shell_on_timer(void *data)
{
	struct route_shell *shell = data;

	loop_timer_set(shell->timer, routing_run(shell->routing, loop_clock()));
}

/* The table is filled: the first pass is over, and whoever probes knows of every server whether it is well. */
static bool route_shell_is_filled(const struct route_shell *shell)
{
	const struct engine *engine = shell->options.engine;

	return engine->reconciled && engine_probes_are_tried(engine);
}

static bool route_shell_is_active(const struct route_shell *shell, const char *name)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		const struct routing_router *router =
			routing_find(shell->routing, name, families[i]);

		if (router && router->known && router->told.state == VRRP_STATE_ACTIVE)
			return true;
	}
	return false;
}

/* Once for each time that it becomes active. */
static void route_shell_serve(
	struct route_shell *shell, size_t index, const struct route_fact *fact)
{
	const struct config *config = &shell->options.engine->files->config;
	bool active = route_shell_is_active(shell, config->routers.items[index].name.text);
	bool *served = &shell->served.items[index];

	if (active && fact->served && fact->fact.waits && !*served)
		routing_serve(shell->routing, index);
	*served = active && (*served || fact->served);
}

static void route_shell_tell_facts(struct route_shell *shell, uint64_t now)
{
	struct route_facts found = {};
	_cleanup_free_ struct routing_fact *facts = NULL;

	route_facts_find(shell->options.engine, &found);
	facts = memory_new((found.count + 1) * sizeof(*facts));
	for (size_t i = 0; i < found.count; i++)
		facts[i] = found.items[i].fact;
	routing_set_facts(shell->routing, facts, found.count, now);
	while (shell->served.count < found.count)
		vector_append(&shell->served);
	for (size_t i = 0; i < found.count; i++)
		route_shell_serve(shell, i, &found.items[i]);
	vector_clear(&found);
}

void route_shell_turn(struct route_shell *shell)
{
	const struct engine *engine = shell->options.engine;
	uint64_t now = loop_clock();

	if (!engine->files)
		return;
	if (strcmp(files_revision(engine->files), shell->routed) != 0) {
		memcpy(shell->routed, files_revision(engine->files), REVISION_SIZE);
		shell->routed_serial++;
		shell->served.count = 0;
	}
	routing_want(shell->routing, shell->routed_serial, &engine->files->config, now);
	route_shell_tell_facts(shell, now);
	if (route_shell_is_filled(shell))
		routing_fill(shell->routing, now);
	route_shell_on_timer(shell);
}

void route_shell_message(struct route_shell *shell, uint16_t kind, const void *payload, size_t size)
{
	/* A rollback puts other files in force between two turns. */
	route_shell_turn(shell);
	if (kind == MESSAGE_VRRP_STARTED || kind == MESSAGE_VRRP_GONE)
		engine_set_process(
			shell->options.engine, ENGINE_PROCESS_VRRP, kind == MESSAGE_VRRP_STARTED);
	routing_message(shell->routing, kind, payload, size, loop_clock());
	route_shell_on_timer(shell);
}

int route_shell_new(const struct route_shell_options *options, struct route_shell **ret)
{
	struct route_shell *shell = memory_new(sizeof(*shell));
	const struct routing_options routing = {
		.send = route_shell_on_routing_send,
		.moved = route_shell_on_moved,
		.told = route_shell_on_routing_told,
		.trouble = route_shell_on_routing_trouble,
		.data = shell,
	};

	shell->options = *options;
	routing_new(&routing, &shell->routing);
	int r = loop_add_timer(options->loop, route_shell_on_timer, shell, &shell->timer);
	if (r < 0)
		shell = route_shell_free(shell);
	else
		options->engine->routing = shell->routing;
	*ret = shell;
	return r;
}

struct route_shell *route_shell_free(struct route_shell *shell)
{
	if (!shell)
		return NULL;
	shell->options.engine->routing = NULL;
	routing_free(shell->routing);
	loop_source_free(shell->timer);
	vector_clear(&shell->served);
	free(shell);
	return NULL;
}
