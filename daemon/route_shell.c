// SPDX-License-Identifier: GPL-2.0-or-later
/* Between the engine and routing.h: files and the first reconcile go out; roles and moves come in. */
#include "daemon/route_shell.h"

#include "base/channel.h"
#include "base/log.h"
#include "daemon/route_facts.h"
#include "daemon/track_shell.h"
#include "daemon/router_text.h"
#include "model/units.h"

LOG_MODULE("reconciler");

/* So long the process of the virtual routers is left with what an earlier reconciler told it, until it is known again what comes
 * of what they track: what counts neither way would bring back a router that is unfit, for a moment. */
#define ROUTE_SHELL_TRACK_NS 10000000000ull

struct route_shell {
	struct route_shell_options options;
	struct routing *routing;
	struct track_shell *track;
	uint64_t began; /* with the first files; 0: it has not */
	bool knows;     /* what is tracked, or it did not come in time */
	bool there;     /* until then: the process of the virtual routers is */
	struct loop_source *timer;
	char routed[REVISION_SIZE]; /* of the files whose virtual routers are wanted */
	uint64_t routed_serial;
	uint64_t looked; /* engine.looked, when that was told last */
	struct {
		VECTOR_OF(bool);
	} served;             /* of each virtual router of these: it was told, since it is active */
	uint64_t forms_saved; /* serial of the forms that are on disk (router_forms.h) */
	uint64_t forms_due;   /* when others are written; LOOP_NEVER: there are none */
	uint64_t forms_next;  /* not before */
};

/* The forms of many are heard within a few seconds; and peers that disagree are not worth a write each time. */
#define ROUTE_SHELL_FORMS_GATHER_NS 5000000000ull
#define ROUTE_SHELL_FORMS_NS        60000000000ull
#define ROUTE_SHELL_FORMS_NONE      UINT64_MAX /* what is on disk is none */

static int route_shell_on_routing_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	const struct route_shell *shell = data;

	return channel_send(shell->options.channel, kind, payload, size);
}

/* By who knows more of what is tracked than the process of the virtual routers. */
static char *route_shell_on_explain(void *data, size_t router, const char *why)
{
	const struct route_shell *shell = data;

	return track_list_explain(track_shell_list(shell->track), router, why);
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
					       .notify = move->left ? &move->router->notify : NULL,
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

		troubled += router_is_troubled(router);
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

/* What the peers speak. */

static void route_shell_load_forms(struct route_shell *shell)
{
	_cleanup_error_ struct error error = {};
	struct router_forms forms = {};
	int r = router_forms_load(shell->options.engine->options.state_dir, &forms, &error);

	if (r < 0)
		log_warning("%s: virtual routers begin with the checksums of RFC 9568, and mirror "
			    "their peers' when they hear them; the file is written anew",
			error_text(&error, r));
	if (r < 0)
		shell->forms_saved = ROUTE_SHELL_FORMS_NONE;
	routing_remember(shell->routing, &forms);
}

static void route_shell_save_forms(struct route_shell *shell, uint64_t now)
{
	_cleanup_error_ struct error error = {};
	uint64_t serial;
	const struct router_forms *forms = routing_forms(shell->routing, &serial);
	int r = router_forms_save(shell->options.engine->options.state_dir, forms, &error);

	shell->forms_next = now + ROUTE_SHELL_FORMS_NS;
	if (r < 0)
		log_warning("%s: after a restart virtual routers would not know which checksums "
			    "their peers want before they hear them",
			error_text(&error, r));
	else
		shell->forms_saved = serial;
	shell->forms_due = r < 0 ? shell->forms_next : LOOP_NEVER;
}

/* When there will be something to write. */
static uint64_t route_shell_keep_forms(struct route_shell *shell, uint64_t now)
{
	uint64_t serial;

	routing_forms(shell->routing, &serial);
	if (serial == shell->forms_saved)
		shell->forms_due = LOOP_NEVER;
	else if (shell->forms_due == LOOP_NEVER)
		shell->forms_due = MAX(now + ROUTE_SHELL_FORMS_GATHER_NS, shell->forms_next);
	else if (now >= shell->forms_due)
		route_shell_save_forms(shell, now);
	return shell->forms_due;
}

static void route_shell_learn(struct route_shell *shell, uint64_t now)
{
	if (shell->knows || !shell->began)
		return;
	shell->knows = now >= shell->began + ROUTE_SHELL_TRACK_NS ||
		       track_list_is_tried(track_shell_list(shell->track));
	if (shell->knows && shell->there)
		routing_message(shell->routing, MESSAGE_VRRP_STARTED, NULL, 0, now);
}

static uint64_t route_shell_learns(const struct route_shell *shell)
{
	return shell->knows || !shell->began ? LOOP_NEVER : shell->began + ROUTE_SHELL_TRACK_NS;
}

static void route_shell_on_timer(void *data)
{
	struct route_shell *shell = data;
	uint64_t now = loop_clock(), next;

	route_shell_learn(shell, now);
	next = MIN(routing_run(shell->routing, now), route_shell_learns(shell));
	loop_timer_set(shell->timer, MIN(next, route_shell_keep_forms(shell, now)));
}

/* The table is filled: the first pass is over, whoever probes knows of every server whether it is well, and all that is tracked was
 * looked at. */
static bool route_shell_is_filled(const struct route_shell *shell)
{
	const struct engine *engine = shell->options.engine;

	return engine->reconciled && engine_probes_are_tried(engine) &&
	       track_list_is_tried(track_shell_list(shell->track));
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
	const struct config *config = &engine_router_files(shell->options.engine)->config;
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

	route_facts_look(shell->options.engine, track_shell_list(shell->track), now);
	route_facts_find(shell->options.engine, track_shell_list(shell->track), &found);
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

static void route_shell_look(struct route_shell *shell)
{
	_cleanup_free_ char *trouble = track_list_trouble(track_shell_list(shell->track));

	engine_set_trouble(shell->options.engine, ENGINE_TROUBLE_TRACK, trouble);
}

void route_shell_turn(struct route_shell *shell)
{
	struct files *files = engine_router_files(shell->options.engine);
	uint64_t now = loop_clock();

	if (!files)
		return;
	if (strcmp(files_revision(files), shell->routed) != 0) {
		memcpy(shell->routed, files_revision(files), REVISION_SIZE);
		shell->routed_serial++;
		shell->served.count = 0;
		track_shell_want(shell->track, &files->config);
	}
	routing_want(shell->routing, shell->routed_serial, &files->config, now);
	route_shell_tell_facts(shell, now);
	route_shell_look(shell);
	if (shell->looked != shell->options.engine->looked)
		routing_forget_supposed(shell->routing);
	shell->looked = shell->options.engine->looked;
	if (!shell->began)
		shell->began = now;
	route_shell_learn(shell, now);
	if (route_shell_is_filled(shell))
		routing_fill(shell->routing, now);
	route_shell_on_timer(shell);
}

/* While it is not told anything, that it is there is all that is heard of it; the supervisor is heard. */
static void route_shell_hear(
	struct route_shell *shell, uint16_t kind, const void *payload, size_t size)
{
	if (shell->knows || kind == MESSAGE_VRRP_CLEARED)
		routing_message(shell->routing, kind, payload, size, loop_clock());
	else if (kind == MESSAGE_VRRP_STARTED || kind == MESSAGE_VRRP_STATS)
		shell->there = true;
	else if (kind == MESSAGE_VRRP_GONE)
		shell->there = false;
}

static bool route_shell_concerns(uint16_t kind)
{
	static const uint16_t kinds[] = {MESSAGE_VRRP_STARTED, MESSAGE_VRRP_GONE,
		MESSAGE_VRRP_CLEARED, MESSAGE_VRRP_GOT, MESSAGE_VRRP_REFUSED, MESSAGE_VRRP_MOVED,
		MESSAGE_VRRP_STATES, MESSAGE_VRRP_STATS};

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (kinds[i] == kind)
			return true;
	return false;
}

/* Facts are gathered from all services: once for each turn of the engine, not for each of the thousands of messages in which servers
 * fail, or routers say what they are. */
void route_shell_message(struct route_shell *shell, uint16_t kind, const void *payload, size_t size)
{
	const struct engine *engine = shell->options.engine;

	track_shell_message(shell->track, kind, payload, size);
	if (!route_shell_concerns(kind))
		return;
	/* A rollback puts other files in force between two turns. */
	struct files *files = engine_router_files(engine);
	if (files && strcmp(files_revision(files), shell->routed) != 0)
		route_shell_turn(shell);
	if (kind == MESSAGE_VRRP_STARTED || kind == MESSAGE_VRRP_GONE)
		engine_set_process(
			shell->options.engine, ENGINE_PROCESS_VRRP, kind == MESSAGE_VRRP_STARTED);
	route_shell_hear(shell, kind, payload, size);
	/* Whose services are there already need not wait for a turn. */
	if (kind == MESSAGE_VRRP_MOVED && files)
		route_shell_tell_facts(shell, loop_clock());
	route_shell_on_timer(shell);
}

static void route_shell_on_tracked(void *data, const struct track_change *change)
{
	const struct route_shell *shell = data;

	engine_track_changed(shell->options.engine, change);
}

static void route_shell_on_settled(void *data)
{
	const struct route_shell *shell = data;

	shell->options.changed(shell->options.data);
}

static int route_shell_open(struct route_shell *shell)
{
	const struct track_shell_options track = {.loop = shell->options.loop,
		.send = route_shell_on_routing_send,
		.changed = route_shell_on_tracked,
		.settled = route_shell_on_settled,
		.data = shell};
	int r = loop_add_timer(shell->options.loop, route_shell_on_timer, shell, &shell->timer);

	if (r == 0)
		r = track_shell_new(&track, &shell->track);
	if (r < 0)
		return r;
	shell->options.engine->routing = shell->routing;
	shell->options.engine->track = track_shell_list(shell->track);
	return 0;
}

int route_shell_new(const struct route_shell_options *options, struct route_shell **ret)
{
	struct route_shell *shell = memory_new(sizeof(*shell));
	const struct routing_options routing = {
		.send = route_shell_on_routing_send,
		.moved = route_shell_on_moved,
		.told = route_shell_on_routing_told,
		.explain = route_shell_on_explain,
		.trouble = route_shell_on_routing_trouble,
		.data = shell,
	};

	shell->options = *options;
	shell->forms_due = LOOP_NEVER;
	routing_new(&routing, &shell->routing);
	route_shell_load_forms(shell);
	int r = route_shell_open(shell);
	*ret = r < 0 ? route_shell_free(shell) : shell;
	return r;
}

struct route_shell *route_shell_free(struct route_shell *shell)
{
	if (!shell)
		return NULL;
	uint64_t serial;

	shell->options.engine->routing = NULL;
	shell->options.engine->track = NULL;
	track_shell_free(shell->track);
	routing_forms(shell->routing, &serial);
	if (serial != shell->forms_saved)
		route_shell_save_forms(shell, loop_clock());
	routing_free(shell->routing);
	loop_source_free(shell->timer);
	vector_clear(&shell->served);
	free(shell);
	return NULL;
}
