// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told, an object at a time.
 *
 * A dump holds its ledger, so what it shows is one generation however long that takes, and its place in
 * it is a few numbers. Counters are those of the moment in which a message is made. The stages are a
 * table: each gives its next object, or says that it has none left. */
#include "backends/dpdk/dataplane/control_dump.h"

/* Ways. */

static bool dump_port(struct control_dump *dump, struct strbuf *output)
{
	const struct data_port_vector *ports = registry_ports(dump->registry);

	if (dump->next >= ports->count)
		return false;
	message_add_port(output, &ports->items[dump->next++]);
	return true;
}

static bool dump_address(struct control_dump *dump, struct strbuf *output)
{
	const struct port_address_vector *addresses = &dump->ledger->ways->addresses;

	if (dump->next >= addresses->count)
		return false;
	message_add_address(output, &addresses->items[dump->next++]);
	return true;
}

static bool dump_route(struct control_dump *dump, struct strbuf *output)
{
	const struct data_route_vector *routes = &dump->ledger->ways->routes;

	if (dump->next >= routes->count)
		return false;
	message_add_route(output, &routes->items[dump->next++]);
	return true;
}

/* Services. */

static const struct ledger_service *dump_next_key(struct control_dump *dump)
{
	while (dump->next < dump->keys.count) {
		const struct service_key *key = &dump->keys.items[dump->next++];
		const struct ledger_service *found = ledger_find(dump->ledger, key);

		if (found)
			return found;
	}
	return NULL;
}

static const struct ledger_service *dump_next_service(struct control_dump *dump)
{
	if (dump->only)
		return dump_next_key(dump);
	if (dump->next < dump->ledger->count)
		return dump->ledger->services[dump->next++];
	return NULL;
}

static void dump_destination(struct control_dump *dump, struct strbuf *output)
{
	const struct ledger_destination *from = &dump->service->destinations[dump->destination++];
	struct destination destination = {.key = from->key, .attributes = from->attributes};

	registry_count_destination(dump->registry, from, dump->now, &destination.counts);
	message_add_destination(output, &destination);
}

static bool dump_service(struct control_dump *dump, struct strbuf *output)
{
	if (dump->service && dump->destination < dump->service->count) {
		dump_destination(dump, output);
		return true;
	}
	dump->service = dump_next_service(dump);
	dump->destination = 0;
	if (!dump->service)
		return false;
	struct service service = {
		.key = dump->service->key, .attributes = dump->service->attributes};
	registry_count_service(dump->registry, dump->service, dump->now, &service.traffic);
	message_add_service(output, &service);
	return true;
}

/* Figures. */

static bool dump_figure(struct control_dump *dump, struct strbuf *output)
{
	if (dump->next >= dump->figures.count)
		return false;
	message_add_figure(output, &dump->figures.items[dump->next++]);
	return true;
}

enum dump_stage {
	DUMP_STAGE_PORTS,
	DUMP_STAGE_ADDRESSES,
	DUMP_STAGE_ROUTES,
	DUMP_STAGE_SERVICES,
	DUMP_STAGE_OBJECTS_END,
	DUMP_STAGE_FIGURES,
	DUMP_STAGE_FIGURES_END,
};

static bool (*const dump_stages[])(struct control_dump *dump, struct strbuf *output) = {
	[DUMP_STAGE_PORTS] = dump_port,
	[DUMP_STAGE_ADDRESSES] = dump_address,
	[DUMP_STAGE_ROUTES] = dump_route,
	[DUMP_STAGE_SERVICES] = dump_service,
	[DUMP_STAGE_OBJECTS_END] = NULL,
	[DUMP_STAGE_FIGURES] = dump_figure,
	[DUMP_STAGE_FIGURES_END] = NULL,
};

/* The next object. False: all has been told. */
static bool dump_object(struct control_dump *dump, struct strbuf *output)
{
	while (dump_stages[dump->stage]) {
		if (dump_stages[dump->stage](dump, output)) {
			dump->told++;
			return true;
		}
		dump->stage++;
		dump->next = 0;
	}
	return false;
}

static int dump_compare_keys(const void *a, const void *b)
{
	return service_key_compare(a, b);
}

/* Each once, in the order of the ledger. */
static void dump_sort_keys(struct control_keys *keys)
{
	size_t kept = 0;

	vector_sort(keys, dump_compare_keys);
	for (size_t i = 0; i < keys->count; i++)
		if (!kept || dump_compare_keys(&keys->items[kept - 1], &keys->items[i]) != 0)
			keys->items[kept++] = keys->items[i];
	keys->count = kept;
}

static void dump_begin(struct control_dump *dump, enum dump_stage stage)
{
	dump->stage = stage;
	dump->next = 0;
	dump->service = NULL;
	dump->destination = 0;
	dump->told = 0;
}

void control_dump_begin(
	struct control_dump *dump, struct registry *registry, const struct message_scope *scope)
{
	dump_begin(dump, scope->ways ? DUMP_STAGE_PORTS : DUMP_STAGE_SERVICES);
	dump->registry = registry;
	dump->ledger = ledger_ref(registry_ledger(registry));
	dump->only = scope->only;
	dump_sort_keys(&dump->keys);
}

void control_dump_begin_figures(struct control_dump *dump)
{
	dump_begin(dump, DUMP_STAGE_FIGURES);
}

bool control_dump_fill(struct control_dump *dump, struct strbuf *output, uint32_t id, uint64_t now)
{
	const uint64_t before = dump->told;

	dump->now = now;
	message_begin(output, dump->ledger ? MESSAGE_KIND_OBJECTS : MESSAGE_KIND_FIGURES, id);
	while (!message_is_full(output) && dump_object(dump, output))
		;
	if (dump->told > before)
		return true;
	const struct message_end end = {
		.generation = dump->ledger ? dump->ledger->number : 0, .count = dump->told};
	message_begin(output, MESSAGE_KIND_END, id);
	message_add_end(output, &end);
	return false;
}

void control_dump_clear(struct control_dump *dump)
{
	dump->ledger = ledger_unref(dump->ledger);
	vector_clear(&dump->keys);
	vector_clear(&dump->figures);
}
