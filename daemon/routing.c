// SPDX-License-Identifier: GPL-2.0-or-later
/* What the process of the virtual routers is told is a file that has them alone, without what is tracked or run on this side:
 * services, scripts, processes, files, `notify`. Their outcome goes along as facts. A file that says the same as the one before is
 * not sent: whatever else changed in the files, the routers never hear of it. */
#include "daemon/routing_inside.h"

#include "base/log.h"

LOG_MODULE("vrrp");

int routing_send(const struct routing *routing, uint16_t kind, const void *payload, size_t size)
{
	return routing->options.send(routing->options.data, kind, payload, size);
}

/* The table. */

static void routing_add(
	struct routing *routing, const struct config_router *config, uint16_t family)
{
	struct routing_router *router = vector_append(&routing->routers);

	router->name = arena_copy_string(&routing->names, config->name.text);
	router->interface = arena_copy_string(&routing->names, config->interface);
	router->silent = routing->silent ? routing->heard : 0;
	router->told.router = (uint32_t)routing->mappings;
	router->told.family = family;
	router->told.vrid = (uint8_t)config->vrid;
	router->told.priority = (uint8_t)config->priority;
}

static void routing_add_mapping(struct routing *routing, const struct config_router *config)
{
	bool four = false, six = false;

	vector_foreach(&config->addresses, item) {
		four |= item->address.address.family == AF_INET;
		six |= item->address.address.family == AF_INET6;
	}
	vector_push(&routing->first, routing->routers.count);
	if (four)
		routing_add(routing, config, AF_INET);
	if (six)
		routing_add(routing, config, AF_INET6);
	routing->mappings++;
}

const struct routing_router *routing_find(
	const struct routing *routing, const char *name, uint16_t family)
{
	const struct routing_router key = {.name = name, .told.family = family};

	return vector_find(&routing->routers, &key, routing_compare_names);
}

/* Of those that the files have no more no form is remembered. */
static void routing_keep_forms(struct routing *routing)
{
	struct router_forms kept = {};

	vector_foreach(&routing->routers, router) {
		const struct router_form *form =
			router->told.family == AF_INET
				? router_forms_find(
					  &routing->forms, router->interface, router->told.vrid)
				: NULL;

		if (form)
			router_forms_put(&kept, form->interface, form->vrid, form->checksum);
	}
	routing->forms_serial += kept.count != routing->forms.count;
	router_forms_clear(&routing->forms);
	routing->forms = kept;
}

static void routing_take_over(struct routing_router *router, struct routing_router *old)
{
	const uint32_t mapping = router->told.router;

	router->told = old->told;
	router->told.router = mapping;
	router->known = old->known;
	router->heard = old->heard;
	router->wall = old->wall;
	memcpy(router->changes, old->changes, sizeof(router->changes));
	router->change_count = old->change_count;
	old->change_count = 0;
	old->told.state = VRRP_STATE_INITIALIZE;
}

/* With another interface or VRID it is another; by another name it is not. */

struct routing_place {
	struct routing_router *router;
};

struct routing_places {
	VECTOR_OF(struct routing_place);
};

static int routing_compare_places(const void *a, const void *b)
{
	const struct routing_router *left = ((const struct routing_place *)a)->router;
	const struct routing_router *right = ((const struct routing_place *)b)->router;
	int order = strcmp(left->interface, right->interface);

	if (!order)
		order = COMPARE(left->told.vrid, right->told.vrid);
	return order ? order : COMPARE(left->told.family, right->told.family);
}

static void routing_sort(const struct routing_list *list, struct routing_places *ret)
{
	vector_foreach(list, router)
		vector_append(ret)->router = router;
	vector_sort(ret, routing_compare_places);
}

static struct routing_router *routing_find_same(
	const struct routing_places *places, struct routing_router *router)
{
	const struct routing_place key = {router};
	const struct routing_place *found = vector_find(places, &key, routing_compare_places);

	return found ? found->router : NULL;
}

/* Each of the table that was in `before`, or has left and that was not told, goes on. */
static void routing_go_on(struct routing *routing, const struct routing_list *before)
{
	struct routing_places were = {}, left = {};

	routing_sort(before, &were);
	routing_sort(&routing->left, &left);
	vector_foreach(&routing->routers, router) {
		struct routing_router *old = routing_find_same(&were, router);

		if (!old)
			old = routing_find_same(&left, router);
		if (old)
			routing_take_over(router, old);
	}
	vector_clear(&were);
	vector_clear(&left);
}

/* What is known of those that are in both is kept: with it a move that was told is not told again. */
static void routing_build(struct routing *routing, const struct config *config)
{
	struct routing_list before = routing->routers;
	struct arena names = routing->names;

	routing->routers = (struct routing_list){};
	routing->names = (struct arena){};
	routing->first.count = 0;
	routing->mappings = 0;
	routing->tabled = 0;
	if (config)
		vector_foreach(&config->routers, router)
			routing_add_mapping(routing, router);
	vector_push(&routing->first, routing->routers.count);
	routing_go_on(routing, &before);
	routing_leave(routing, &before);
	routing_clear_list(&before);
	arena_clear(&names);
	routing_keep_forms(routing);
}

bool routing_is_tabled(const struct routing *routing)
{
	return routing->tabled && routing->convey.force >= routing->tabled;
}

struct routing_router *routing_of(
	struct routing *routing, uint32_t mapping, uint16_t family, uint8_t vrid)
{
	if (mapping >= routing->mappings)
		return NULL;
	for (size_t i = routing->first.items[mapping]; i < routing->first.items[mapping + 1]; i++) {
		struct routing_router *router = &routing->routers.items[i];

		if (router->told.family == family && router->told.vrid == vrid)
			return router;
	}
	return NULL;
}

void routing_trouble(void *data, const char *why)
{
	const struct routing *routing = data;
	_cleanup_free_ char *text = NULL;

	if (why)
		text = memory_printf(
			"the process of the virtual routers %s; %s, and it is told again", why,
			routing->convey.force ? "it keeps those that it was told before"
					      : "there are no virtual routers");
	routing->options.trouble(routing->options.data, text);
}

static int routing_on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	return routing_send(data, kind, payload, size);
}

static void routing_in_force(void *data)
{
	struct routing *routing = data;

	routing->said = 0;
	routing_tell_left(routing);
	/* It may have become so since the head was written. */
	if (routing->filled && routing_send(routing, MESSAGE_VRRP_FILLED, NULL, 0) < 0)
		convey_miss(&routing->convey, routing->convey.began);
}

void routing_want(
	struct routing *routing, uint64_t serial, const struct config *config, uint64_t now)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (routing->asked && serial == routing->written)
		return;
	routing->written = serial;
	routing_write_text(config, &text);
	bool same = routing->asked && text.length == routing->text.length &&
		    memcmp(text.text, routing->text.text, text.length) == 0;
	routing->asked = true;
	if (same) {
		routing_keep_commands(routing, config);
		return;
	}
	strbuf_clear(&routing->text);
	routing->text = text;
	text = (struct strbuf){};
	routing_build(routing, config);
	routing_keep_commands(routing, config);
	routing->facts.count = 0;
	for (size_t i = 0; i < routing->mappings; i++)
		vector_append(&routing->facts);
	convey_want(&routing->convey, ++routing->serial, now);
	routing->options.told(routing->options.data);
}

/* With room for as many as a message takes. */
static struct message_vrrp_facts *routing_new_facts(uint64_t generation)
{
	struct message_vrrp_facts *message =
		memory_new(sizeof(*message) + MESSAGE_VRRP_FACTS_MOST * sizeof(*message->facts));

	message->generation = generation;
	return message;
}

static void routing_tell_facts(
	struct routing *routing, struct message_vrrp_facts *message, uint64_t now)
{
	size_t size = sizeof(*message) + message->count * sizeof(*message->facts);

	if (message->count && routing_send(routing, MESSAGE_VRRP_FACTS, message, size) < 0)
		convey_miss(&routing->convey, now);
	message->count = 0;
}

/* Facts of the plan in force are sent as they change; one that is on its way is made anew with them, once for all of them. */
void routing_set_facts(
	struct routing *routing, const struct routing_fact *facts, size_t count, uint64_t now)
{
	_cleanup_free_ struct message_vrrp_facts *message = NULL;
	bool coming = routing->convey.coming, changed = false;

	for (size_t i = 0; i < MIN(count, routing->mappings); i++) {
		struct routing_fact *fact = &routing->facts.items[i];

		if (fact->weight == facts[i].weight && fact->fault == facts[i].fault &&
			fact->waits == facts[i].waits)
			continue;
		*fact = facts[i];
		changed = true;
		if (coming || !routing_is_tabled(routing))
			continue;
		if (!message)
			message = routing_new_facts(routing->convey.force);
		routing_write_fact(fact, i, &message->facts[message->count++]);
		if (message->count == MESSAGE_VRRP_FACTS_MOST)
			routing_tell_facts(routing, message, now);
	}
	if (message)
		routing_tell_facts(routing, message, now);
	/* One that was refused comes again with what is so then. */
	if (changed && coming)
		convey_want(&routing->convey, ++routing->serial, now);
}

void routing_fill(struct routing *routing, uint64_t now)
{
	if (routing->filled)
		return;
	routing->filled = true;
	if (routing->convey.force && routing_send(routing, MESSAGE_VRRP_FILLED, NULL, 0) < 0)
		convey_miss(&routing->convey, now);
}

void routing_forget_supposed(struct routing *routing)
{
	if (routing->convey.force)
		(void)routing_send(routing, MESSAGE_VRRP_LOOKED, NULL, 0);
}

void routing_serve(struct routing *routing, size_t router)
{
	const struct message_vrrp_served served = {
		.generation = routing->convey.force, .router = (uint32_t)router};

	/* When it is lost, `standby-wait` ends the wait. */
	if (routing_is_tabled(routing) &&
		routing_send(routing, MESSAGE_VRRP_SERVED, &served, sizeof(served)) < 0)
		log_debug("the process of the virtual routers cannot be told of services");
}

uint64_t routing_run(struct routing *routing, uint64_t now)
{
	uint64_t next = convey_run(&routing->convey, now);

	routing_listen(routing, now);
	return MIN(next, routing->silent_at);
}

/* Looking. */

size_t routing_count(const struct routing *routing)
{
	return routing->routers.count;
}

const struct routing_router *routing_at(const struct routing *routing, size_t index)
{
	return &routing->routers.items[index];
}

size_t routing_after(const struct routing *routing, const char *name, uint16_t family)
{
	const struct routing_router key = {.name = name, .told.family = family};

	return vector_after(&routing->routers, &key, routing_compare_names);
}

void routing_remember(struct routing *routing, struct router_forms *forms)
{
	router_forms_clear(&routing->forms);
	routing->forms = *forms;
	*forms = (struct router_forms){};
}

const struct router_forms *routing_forms(const struct routing *routing, uint64_t *serial)
{
	*serial = routing->forms_serial;
	return &routing->forms;
}

bool routing_is_settled(const struct routing *routing)
{
	return convey_is_settled(&routing->convey);
}

const struct message_vrrp_stats *routing_stats(const struct routing *routing)
{
	return routing->has_stats ? &routing->stats : NULL;
}

struct routing_counters routing_counters(const struct routing *routing)
{
	return (struct routing_counters){.plans = routing->convey.plans,
		.committed = routing->convey.committed,
		.broken = routing->convey.broken,
		.stale = routing->convey.stale,
		.malformed = routing->convey.malformed,
		.lost = routing->lost,
		.cleared = routing->cleared};
}

void routing_new(const struct routing_options *options, struct routing **ret)
{
	struct routing *routing = memory_new(sizeof(*routing));
	const struct convey_options convey = {.send = routing_on_send,
		.write = routing_write,
		.in_force = routing_in_force,
		.trouble = routing_trouble,
		.data = routing};

	routing->options = *options;
	routing->silent_at = CONVEY_NEVER;
	convey_init(&routing->convey, &convey);
	*ret = routing;
}

struct routing *routing_free(struct routing *routing)
{
	if (!routing)
		return NULL;
	convey_clear(&routing->convey);
	strbuf_clear(&routing->text);
	vector_clear(&routing->facts);
	routing_clear_list(&routing->routers);
	routing_clear_list(&routing->left);
	router_forms_clear(&routing->forms);
	vector_clear(&routing->first);
	arena_clear(&routing->names);
	arena_clear(&routing->commands);
	arena_clear(&routing->left_memory);
	free(routing);
	return NULL;
}
