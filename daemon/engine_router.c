// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers in the engine: which of them are active is a fact for step(). A role that is another makes the services dirty
 * that come and go with it (`standby: remove`), once for all that changed together; the sync daemon that follows a router is
 * a global, and its pass is over everything.
 *
 * No take-over waits for this: services stand by, and who has the address has taken it already. */
#include "daemon/engine_inside.h"

static int engine_compare_roles(const void *a, const void *b)
{
	return strcmp(((const struct engine_role *)a)->name, ((const struct engine_role *)b)->name);
}

static int engine_find_role(const void *name, const void *role)
{
	return strcmp(name, ((const struct engine_role *)role)->name);
}

void engine_set_role(
	struct engine *engine, const char *router, uint16_t family, bool known, bool active)
{
	enum facts_role role = !known   ? FACTS_ROLE_UNKNOWN
			       : active ? FACTS_ROLE_ACTIVE
					: FACTS_ROLE_BACKUP;

	if (facts_router_role(&engine->facts, router, family) == role)
		return;
	facts_put_router(&engine->facts, router, family, role);
	vector_append(&engine->roles)->name = memory_copy_string(router);
}

void engine_drop_role(struct engine *engine, const char *router, uint16_t family)
{
	char *name = memory_copy_string(router);

	if (facts_drop_router(&engine->facts, router, family))
		vector_append(&engine->roles)->name = name;
	else
		free(name);
}

void engine_roles_clear(struct engine *engine)
{
	vector_foreach(&engine->roles, role)
		free(role->name);
	vector_clear(&engine->roles);
}

/* O(services × log roles). */
void engine_roles_apply(struct engine *engine)
{
	const struct declared *declared = engine->files ? &engine->files->declared : NULL;

	if (!engine->roles.count)
		return;
	vector_sort(&engine->roles, engine_compare_roles);
	if (declared) {
		vector_foreach(&declared->services, service) {
			if (service->standby_removes &&
				vector_find(&engine->roles, service->router, engine_find_role))
				engine_mark(engine, &service->key, ENGINE_REASON_ROLE);
		}
	}
	if (declared && declared->sync_follows &&
		vector_find(&engine->roles, declared->sync_follows, engine_find_role))
		engine_mark_everything(engine, ENGINE_REASON_ROLE);
	engine_roles_clear(engine);
}

static const char *const engine_role_words[ENGINE_NOTICE_COUNT] = {
	[ENGINE_NOTICE_ROUTER_ACTIVE] = "active",
	[ENGINE_NOTICE_ROUTER_BACKUP] = "backup",
	[ENGINE_NOTICE_ROUTER_STOPPED] = "stopped",
};

void engine_router_moved(struct engine *engine, const struct engine_move *move)
{
	const struct config_router *router =
		engine->files ? config_find_router(&engine->files->config, move->router) : NULL;
	const struct engine_notice notice = {.command = router ? &router->notify : NULL,
		.event = move->event,
		.router = move->router,
		.family = move->family == AF_INET ? "ipv4" : "ipv6",
		.reason = move->why,
		.wall = move->wall};
	_cleanup_free_ char *object = memory_printf(
		"virtual router %s IPv%d", move->router, move->family == AF_INET ? 4 : 6);

	const struct engine_field fields[] = {
		{.name = "state", .text = engine_role_words[move->event]},
		{.name = "router", .text = move->router},
		{.name = "family", .text = notice.family},
		{.name = "reason", .text = *move->why ? move->why : NULL},
	};
	struct engine_event event = {.kind = ENGINE_EVENT_ROUTER,
		.object = object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields)};

	engine_tell_event(engine, &event, "%s%s%s", engine_role_words[move->event],
		*move->why ? ": " : "", move->why);
	if (router && router->notify.count && engine->options.notify)
		engine->options.notify(engine->options.data, &notice);
}
