// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers in the engine: which of them are active is a fact for step(). A role that is another makes the services dirty
 * that come and go with it (`standby: remove`), once for all that changed together; the sync daemon that follows a router is
 * a global, and its pass is over everything.
 *
 * No take-over waits for this: services stand by, and who has the address has taken it already. */
#include "daemon/engine_inside.h"

#include <inttypes.h>

#include "daemon/track.h"
#include "model/units.h"

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

static const struct config_text_list *engine_router_command(
	const struct engine *engine, const struct engine_move *move)
{
	const struct files *files = engine_router_files(engine);
	const struct config_router *router =
		files ? config_find_router(&files->config, move->router) : NULL;

	if (move->notify)
		return move->notify;
	return router ? &router->notify : NULL;
}

void engine_router_moved(struct engine *engine, const struct engine_move *move)
{
	const struct config_text_list *command = engine_router_command(engine, move);
	const struct engine_notice notice = {.command = command,
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
	if (command && command->count && engine->options.notify)
		engine->options.notify(engine->options.data, &notice);
}

/* How long it was otherwise. */
static char *engine_track_before(const struct track_change *change)
{
	_cleanup_strbuf_ struct strbuf text = {};
	uint64_t lasted = change->item->since - change->since;

	units_format_duration(
		lasted - lasted % (lasted < UNITS_SECOND ? UNITS_MILLISECOND : UNITS_SECOND),
		&text);
	return strbuf_take(&text);
}

void engine_track_changed(struct engine *engine, const struct track_change *change)
{
	const struct track_item *item = change->item;
	bool well = item->state == TRACK_STATE_WELL, first = change->before == TRACK_STATE_UNKNOWN;
	_cleanup_free_ char *object =
		memory_printf("%s %s", track_kind_name(item->kind), item->name);
	const struct engine_field fields[] = {
		{.name = "kind", .text = track_kind_name(item->kind)},
		{.name = "name", .text = item->name},
		{.name = "state",
			.text = item->untried ? "untried" : track_state_name(item->state)},
		{.name = "reason", .text = item->words},
	};
	struct engine_event event = {.kind = ENGINE_EVENT_TRACK,
		.object = object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields)};

	/* Quorums have events of their own, and so has the process that looks at interfaces; and that all is well from the beginning
	 * is no news. */
	if (item->kind == TRACK_SERVICE || (item->kind == TRACK_INTERFACE && item->untried) ||
		(first && well && !item->untried && !item->amiss))
		return;
	_cleanup_free_ char *before = engine_track_before(change);
	if (item->untried)
		engine_tell_event(engine, &event, "%s; it counts as before", item->words);
	else if (item->kind == TRACK_FILE && first)
		engine_tell_event(engine, &event, "%s", item->words);
	else if (item->kind == TRACK_FILE)
		engine_tell_event(
			engine, &event, "%s; it was %" PRId64, item->words, change->number);
	else if (well)
		engine_tell_event(engine, &event, "well again after %s: %s", before, item->words);
	else
		engine_tell_event(engine, &event, "not well: %s", item->words);
}
