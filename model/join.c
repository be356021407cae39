// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/join.h"

#include <stdio.h>

#include "model/schema.h"

/* Room for a number behind it. */
#define JOIN_NAME_LONGEST (SCHEMA_NAME_LONGEST - 12)

#define JOIN_PREFIXES (1u << CONFIG_PERSISTENCE_PREFIX | 1u << CONFIG_PERSISTENCE_PREFIX6)

static int join_compare(const void *a, const void *b)
{
	const struct config_service *left = a, *right = b;
	int order = strcmp(left->name.text, right->name.text);

	return order ? order
		     : service_key_compare(&left->listen.items[0].key, &right->listen.items[0].key);
}

struct join_names {
	VECTOR_OF(const char *);
};

static int join_compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *join_numbered(struct config *config, const struct join_names *names,
	const char *name, unsigned int *number)
{
	char text[SCHEMA_NAME_LONGEST + 1];
	const char *candidate = text;

	do
		snprintf(text, sizeof(text), "%.*s-n%u", JOIN_NAME_LONGEST, name, ++*number);
	while (vector_find(names, &candidate, join_compare_names));
	return arena_copy_string(&config->arena, text);
}

void config_number_services(struct config *config)
{
	const char *name = "";
	unsigned int number = 1;
	struct join_names names = {};

	vector_sort(&config->services, join_compare);
	vector_foreach(&config->services, service)
		vector_push(&names, service->name.text);
	vector_foreach(&config->services, service) {
		bool again = strcmp(name, service->name.text) == 0;

		/* Long names may be one when they are cut. */
		if (strncmp(name, service->name.text, JOIN_NAME_LONGEST) != 0)
			number = 1;
		name = service->name.text;
		if (again)
			service->name.text = join_numbered(config, &names, name, &number);
	}
	vector_clear(&names);
	vector_sort(&config->services, join_compare);
}

static bool join_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool join_same_destination(
	const struct config_destination *a, const struct config_destination *b)
{
	const struct config_rules *left = &a->rules, *right = &b->rules;

	return a->object.set == b->object.set && a->state == b->state &&
	       address_compare(&a->address.address, &b->address.address) == 0 &&
	       a->address.port == b->address.port && left->forward == right->forward &&
	       left->weight == right->weight && left->upper_threshold == right->upper_threshold &&
	       left->lower_threshold == right->lower_threshold &&
	       left->tunnel.object.set == right->tunnel.object.set &&
	       left->tunnel.type == right->tunnel.type && left->tunnel.port == right->tunnel.port &&
	       left->tunnel.checksum == right->tunnel.checksum;
}

static bool join_same_destinations(
	const struct config_destination_list *a, const struct config_destination_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!join_same_destination(&a->items[i], &b->items[i]))
			return false;
	return true;
}

static bool join_same_attributes(const struct config_service *a, const struct config_service *b)
{
	const struct config_persistence *left = &a->persistence, *right = &b->persistence;

	return a->object.set == b->object.set && strcmp(a->scheduler, b->scheduler) == 0 &&
	       a->scheduler_flags == b->scheduler_flags && a->one_packet == b->one_packet &&
	       a->forward == b->forward && a->drain == b->drain &&
	       left->timeout == right->timeout && join_same_text(left->engine, right->engine) &&
	       (left->object.set & ~JOIN_PREFIXES) == (right->object.set & ~JOIN_PREFIXES);
}

/* What one service has said so far: `lists` by family. */
struct join {
	struct config_service *service;
	const struct config_destination_list *lists[2];
};

static bool join_is_six(const struct config_service *service)
{
	return service->listen.items[0].key.address.family == AF_INET6;
}

static bool join_crosses(const struct config_destination_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].cross_family)
			return true;
	return false;
}

/* Whether a service can be said together with those that `join` has. */
static bool join_fits(const struct join *join, const struct config_service *service)
{
	bool six = join_is_six(service);
	const struct config_destination_list *same = join->lists[six], *other = join->lists[!six];
	const struct config_persistence *left = &join->service->persistence;
	const struct config_persistence *right = &service->persistence;

	if (!join_same_attributes(join->service, service))
		return false;
	if (same &&
		!(join_same_destinations(same, &service->destinations) &&
			(six ? left->prefix6 == right->prefix6 : left->prefix == right->prefix)))
		return false;
	if (!other)
		return true;
	/* Each listener takes those of its own family, and must find some. */
	return other->count && service->destinations.count && !join_crosses(other) &&
	       !join_crosses(&service->destinations);
}

static void join_take(struct join *join, const struct config_service *service)
{
	struct config_persistence *to = &join->service->persistence;
	bool six = join_is_six(service);

	join->lists[six] = &service->destinations;
	join->service->listen.items[join->service->listen.count++] = service->listen.items[0];
	to->object.set |= service->persistence.object.set & JOIN_PREFIXES;
	if (six)
		to->prefix6 = service->persistence.prefix6;
	else
		to->prefix = service->persistence.prefix;
}

/* Both families' destinations, as the service's. */
static void join_finish(struct config *config, const struct join *join)
{
	const struct config_destination_list *four = join->lists[0], *six = join->lists[1];

	if (!four || !six)
		return;
	struct config_destination_list both = {.count = four->count + six->count};
	both.items = arena_new(&config->arena, both.count * sizeof(*both.items));
	memcpy(both.items, four->items, four->count * sizeof(*both.items));
	memcpy(both.items + four->count, six->items, six->count * sizeof(*both.items));
	join->service->destinations = both;
}

/* Services of one name, [0] to [count - 1], become one when all of them fit. */
static bool join_group(struct config *config, const struct config_service *services, size_t count,
	struct config_service *to)
{
	struct join join = {.service = to};

	*to = services[0];
	to->listen.items = arena_new(&config->arena, count * sizeof(*to->listen.items));
	to->listen.count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!join_fits(&join, &services[i]))
			return false;
		join_take(&join, &services[i]);
	}
	join_finish(config, &join);
	return true;
}

void config_join_services(struct config *config)
{
	size_t kept = 0, end;

	vector_sort(&config->services, join_compare);
	for (size_t start = 0; start < config->services.count; start = end) {
		struct config_service *services = config->services.items, joined;

		for (end = start + 1; end < config->services.count; end++)
			if (strcmp(services[start].name.text, services[end].name.text) != 0)
				break;
		if (end - start > 1 && join_group(config, services + start, end - start, &joined)) {
			services[kept++] = joined;
			continue;
		}
		for (size_t i = start; i < end; i++)
			services[kept++] = services[i];
	}
	config->services.count = kept;
	config_number_services(config);
}
