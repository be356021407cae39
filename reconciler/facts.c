// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/facts.h"

int facts_drain_compare(const void *a, const void *b)
{
	const struct facts_drain *x = a, *y = b;
	int order = destination_key_compare(&x->destination, &y->destination);

	if (order == 0)
		order = COMPARE(y->everywhere, x->everywhere);
	if (order == 0 && !x->everywhere)
		order = service_key_compare(&x->service, &y->service);
	return order;
}

/* Until when what `key` names is drained; 0 when it is not. */
static uint64_t facts_until(const struct facts *facts, const struct facts_drain *key, uint64_t now)
{
	const struct facts_drain *found = vector_find(&facts->drains, key, facts_drain_compare);

	return found && found->until > now ? found->until : 0;
}

uint64_t facts_drained_until(const struct facts *facts, const struct service_key *service,
	const struct destination_key *destination, uint64_t now)
{
	struct facts_drain key = {.destination = *destination, .service = *service};
	uint64_t until = 0;

	if (!facts || !facts->drains.count)
		return 0;
	/* With its port and on every port, here and everywhere: four keys. */
	for (int i = 0; i < 4; i++) {
		uint64_t found;

		key.everywhere = i & 1;
		key.destination.port = i & 2 ? 0 : destination->port;
		found = facts_until(facts, &key, now);
		until = MAX(until, found);
	}
	return until;
}

const struct verdict *facts_find_verdict(const struct facts *facts, const struct probe_key *key)
{
	if (!facts || !facts->health.count)
		return NULL;
	const struct facts_health *found = vector_find(&facts->health, key, probe_key_compare);

	return found ? &found->verdict : NULL;
}

static int facts_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The one copy of a check's name. */
static const char *facts_name(struct facts *facts, const char *name)
{
	size_t after = vector_after(&facts->names, &name, facts_compare_names);

	if (after && strcmp(facts->names.items[after - 1], name) == 0)
		return facts->names.items[after - 1];
	vector_append(&facts->names);
	memmove(&facts->names.items[after + 1], &facts->names.items[after],
		(facts->names.count - 1 - after) * sizeof(*facts->names.items));
	return facts->names.items[after] = memory_copy_string(name);
}

static void facts_take(struct facts_health_vector *to, const struct facts_health_vector *from,
	size_t start, size_t end)
{
	if (start == end)
		return;
	vector_reserve(to, to->count + end - start);
	memcpy(to->items + to->count, from->items + start, (end - start) * sizeof(*to->items));
	to->count += end - start;
}

void facts_put_health(struct facts *facts, const struct facts_health *health, size_t count)
{
	const struct facts_health_vector *old = &facts->health;
	struct facts_health_vector merged = {};
	size_t done = 0;

	vector_reserve(&merged, old->count + count);
	for (size_t i = 0; i < count; i++) {
		size_t after = vector_after(old, &health[i].key, probe_key_compare);
		bool known = after > done &&
			     probe_key_compare(&old->items[after - 1], &health[i].key) == 0;

		facts_take(&merged, old, done, after - known);
		done = after;
		if (verdict_is_plain(&health[i].verdict))
			continue;
		struct facts_health *item = vector_append(&merged);
		*item = health[i];
		item->key.check = facts_name(facts, health[i].key.check);
	}
	facts_take(&merged, old, done, old->count);
	vector_clear(&facts->health);
	facts->health = merged;
}

void facts_clear_drains(struct facts *facts)
{
	vector_clear(&facts->drains);
}

void facts_clear_health(struct facts *facts)
{
	vector_foreach(&facts->names, name)
		free(*name);
	vector_clear(&facts->names);
	vector_clear(&facts->health);
}

/* Virtual routers. */

static int facts_compare_routers(const void *a, const void *b)
{
	const struct facts_router *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : COMPARE(left->family, right->family);
}

const char *facts_role_name(enum facts_role role)
{
	static const char *const names[FACTS_ROLE_LAST + 1] = {
		[FACTS_ROLE_UNKNOWN] = "unknown",
		[FACTS_ROLE_ACTIVE] = "active",
		[FACTS_ROLE_BACKUP] = "backup",
	};

	return names[role];
}

size_t facts_routers_after(const struct facts *facts, const char *name, uint16_t family)
{
	const struct facts_router key = {.name = (char *)name, .family = family};

	return vector_after(&facts->routers, &key, facts_compare_routers);
}

enum facts_role facts_role(const struct facts *facts, const char *router, uint16_t family)
{
	const struct facts_router key = {.name = (char *)router, .family = family};

	if (!facts || !facts->routed)
		return FACTS_ROLE_ACTIVE;
	const struct facts_router *found =
		vector_find(&facts->routers, &key, facts_compare_routers);
	if (found)
		return found->role;
	const struct facts_router first = {.name = (char *)router};
	size_t after = vector_after(&facts->routers, &first, facts_compare_routers);
	if (after == facts->routers.count || strcmp(facts->routers.items[after].name, router) != 0)
		return FACTS_ROLE_UNKNOWN;
	return facts->routers.items[after].role;
}

enum facts_role facts_router_role(const struct facts *facts, const char *name, uint16_t family)
{
	const struct facts_router key = {.name = (char *)name, .family = family};
	const struct facts_router *found =
		vector_find(&facts->routers, &key, facts_compare_routers);

	return found ? found->role : FACTS_ROLE_UNKNOWN;
}

void facts_put_router(struct facts *facts, const char *name, uint16_t family, enum facts_role role)
{
	const struct facts_router key = {.name = (char *)name, .family = family};
	size_t after = vector_after(&facts->routers, &key, facts_compare_routers);

	if (after && facts_compare_routers(&facts->routers.items[after - 1], &key) == 0) {
		facts->routers.items[after - 1].role = role;
		return;
	}
	vector_append(&facts->routers);
	struct facts_router *place = &facts->routers.items[after];
	memmove(place + 1, place, (facts->routers.count - 1 - after) * sizeof(*place));
	*place = (struct facts_router){
		.name = memory_copy_string(name), .family = family, .role = role};
}

bool facts_drop_router(struct facts *facts, const char *name, uint16_t family)
{
	const struct facts_router key = {.name = (char *)name, .family = family};
	struct facts_router *found = vector_find(&facts->routers, &key, facts_compare_routers);

	if (!found)
		return false;
	free(found->name);
	facts->routers.count--;
	memmove(found, found + 1,
		(size_t)(facts->routers.items + facts->routers.count - found) * sizeof(*found));
	return true;
}

void facts_clear_routers(struct facts *facts)
{
	vector_foreach(&facts->routers, router)
		free(router->name);
	vector_clear(&facts->routers);
}

void facts_clear(struct facts *facts)
{
	facts_clear_drains(facts);
	facts_clear_health(facts);
	facts_clear_routers(facts);
}
