// SPDX-License-Identifier: GPL-2.0-or-later
/* Both sides are grouped by the name of the service. What counts as lost is decided per group:
 *
 * Listeners. Those of the name that are declared nowhere any more, less those that the name has now
 * and that were declared nowhere before: the latter stand in their place.
 *
 * Destinations. A destination's port often is its listener's, so a changed listener changes the
 * keys of all of them. Hence they are counted by address: how many ports of it one listener of the
 * group has, at most. An address with fewer ports than before has lost the difference, whatever
 * ports those are. */
#include "reconciler/blast.h"

#define BLAST_REASONS_LIMIT 10
/* Fewer lost destinations of a service, or addresses of a virtual router, than this are daily work, whatever their share. */
#define BLAST_DESTINATIONS_LEAST 3

struct blast_reference {
	const struct record_service *service;
};

/* Declared services, by name and then by key. Borrowed. */
struct blast_side {
	VECTOR_OF(struct blast_reference);
};

/* A run of one name in a side. */
struct blast_group {
	const struct blast_reference *services;
	size_t count;
};

struct blast_address {
	struct address address;
	size_t ports;
};

struct blast_addresses {
	VECTOR_OF(struct blast_address);
};

struct blast_pass {
	const struct record *before, *now;
	unsigned int max_delete;
	struct blast_side before_by_name, now_by_name;
	struct strbuf *reasons;
	size_t refused;        /* reasons to refuse, written or only counted */
	size_t listeners_lost; /* of all groups */
};

static int blast_compare_names(const void *a, const void *b)
{
	const struct record_service *left = ((const struct blast_reference *)a)->service;
	const struct record_service *right = ((const struct blast_reference *)b)->service;
	int order = strcmp(left->name, right->name);

	return order ? order : service_key_compare(&left->key, &right->key);
}

static void blast_side_fill(struct blast_side *side, const struct record *record)
{
	vector_reserve(side, record->declared.count);
	vector_foreach(&record->declared, service)
		vector_append(side)->service = service;
	vector_sort(side, blast_compare_names);
}

/* The run of the name that stands at `from`. */
static struct blast_group blast_group_at(const struct blast_side *side, size_t from)
{
	struct blast_group group = {.services = side->items + from};

	while (from + group.count < side->count &&
		strcmp(side->items[from + group.count].service->name,
			side->items[from].service->name) == 0)
		group.count++;
	return group;
}

/* Empty when there is no service of that name. */
static struct blast_group blast_group_find(const struct blast_side *side, const char *name)
{
	size_t low = 0, high = side->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(side->items[middle].service->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == side->count || strcmp(side->items[low].service->name, name) != 0)
		return (struct blast_group){};
	return blast_group_at(side, low);
}

static const struct record_service *blast_find_listener(
	const struct record *record, const struct service_key *key)
{
	return vector_find(&record->declared, key, service_compare);
}

/* The group of now that a group of before became: by name, else by the first listener that is still
 * declared. */
static struct blast_group blast_group_now(
	const struct blast_pass *pass, const struct blast_group *before)
{
	struct blast_group group =
		blast_group_find(&pass->now_by_name, before->services[0].service->name);

	for (size_t i = 0; !group.count && i < before->count; i++) {
		const struct record_service *renamed =
			blast_find_listener(pass->now, &before->services[i].service->key);

		if (renamed)
			group = blast_group_find(&pass->now_by_name, renamed->name);
	}
	return group;
}

/* How many of the group's listeners the other side does not declare. */
static size_t blast_count_missing(const struct blast_group *group, const struct record *other)
{
	size_t missing = 0;

	for (size_t i = 0; i < group->count; i++)
		missing += !blast_find_listener(other, &group->services[i].service->key);
	return missing;
}

static int blast_compare_addresses(const void *a, const void *b)
{
	const struct blast_address *left = a, *right = b;
	int order = address_compare(&left->address, &right->address);

	return order ? order : COMPARE(right->ports, left->ports);
}

/* Each address of the group once, with the most ports that a listener has of it; sorted. */
static void blast_group_addresses(const struct blast_group *group, struct blast_addresses *ret)
{
	size_t kept = 0;

	for (size_t i = 0; i < group->count; i++) {
		struct blast_address *run = NULL;

		/* Keys are sorted by address first. */
		vector_foreach(&group->services[i].service->destinations, key) {
			if (!run || !address_equal(&run->address, &key->address)) {
				run = vector_append(ret);
				run->address = key->address;
			}
			run->ports++;
		}
	}
	vector_sort(ret, blast_compare_addresses);
	vector_foreach(ret, item)
		if (!kept || !address_equal(&ret->items[kept - 1].address, &item->address))
			ret->items[kept++] = *item;
	ret->count = kept;
}

static void blast_count_destinations(const struct blast_addresses *before,
	const struct blast_addresses *now, size_t *total, size_t *lost)
{
	size_t at = 0;

	vector_foreach(before, was) {
		size_t ports = 0;

		while (at < now->count &&
			address_compare(&now->items[at].address, &was->address) < 0)
			at++;
		if (at < now->count && address_equal(&now->items[at].address, &was->address))
			ports = now->items[at].ports;
		*total += was->ports;
		*lost += was->ports > ports ? was->ports - ports : 0;
	}
}

/* Writes the reason when `lost` of `total` is more than is allowed. */
static void blast_judge(
	struct blast_pass *pass, size_t lost, size_t total, const char *what, const char *name)
{
	if (lost * 100 <= total * pass->max_delete)
		return;
	if (++pass->refused > BLAST_REASONS_LIMIT)
		return;
	/* Rounded up: it is more than max-delete, so it must not look the same. */
	strbuf_printf(pass->reasons, "%zu of %zu %s%s would go (%zu %%, max-delete is %u %%)\n",
		lost, total, what, name, (lost * 100 + total - 1) / total, pass->max_delete);
}

/* Of a service that is gone its listeners are counted, and not its destinations too. */
static void blast_judge_destinations(struct blast_pass *pass, const struct blast_group *before)
{
	struct blast_group now = blast_group_now(pass, before);
	struct blast_addresses was = {}, is = {};
	size_t total = 0, lost = 0;

	if (!now.count)
		return;
	blast_group_addresses(before, &was);
	blast_group_addresses(&now, &is);
	blast_count_destinations(&was, &is, &total, &lost);
	if (lost >= BLAST_DESTINATIONS_LEAST)
		blast_judge(
			pass, lost, total, "destinations of ", before->services[0].service->name);
	vector_clear(&was);
	vector_clear(&is);
}

static void blast_count_listeners(struct blast_pass *pass, const struct blast_group *before)
{
	struct blast_group now =
		blast_group_find(&pass->now_by_name, before->services[0].service->name);
	size_t gone = blast_count_missing(before, pass->now);
	size_t come = blast_count_missing(&now, pass->before);

	pass->listeners_lost += gone > come ? gone - come : 0;
}

static void blast_each_group(struct blast_pass *pass,
	void (*visit)(struct blast_pass *pass, const struct blast_group *before))
{
	for (size_t i = 0; i < pass->before_by_name.count;) {
		struct blast_group group = blast_group_at(&pass->before_by_name, i);

		visit(pass, &group);
		i += group.count;
	}
}

/* How many destinations that were declared are not now. */
static size_t blast_count_gone(
	const struct record_service *before, const struct declared_service *now)
{
	const struct declared_destination *is = now->destinations.items;
	const struct declared_destination *end = is + now->destinations.count;
	size_t gone = 0;

	vector_foreach(&before->destinations, key) {
		int order = 1;

		while (is < end &&
			(is->fallback || (order = destination_key_compare(&is->key, key)) < 0))
			is++;
		gone += order != 0 || is == end;
	}
	return gone;
}

/* Whether so little goes that no group can have lost much: what nearly every change of the files
 * is, told by one walk. A group never has lost more destinations than its listeners together. */
static bool blast_is_little(const struct record *before, const struct declared *now)
{
	const struct declared_service *is = now->services.items;
	const struct declared_service *end = is + now->services.count;
	size_t gone = 0;

	vector_foreach(&before->declared, was) {
		while (is < end && service_key_compare(&is->key, &was->key) < 0)
			is++;
		if (is == end || service_key_compare(&is->key, &was->key) != 0 ||
			strcmp(is->name, was->name) != 0)
			return false;
		gone += blast_count_gone(was, is);
	}
	return gone < BLAST_DESTINATIONS_LEAST;
}

static void blast_judge_services(struct blast_pass *pass, const struct declared *now)
{
	_cleanup_record_ struct record current = {};

	if (blast_is_little(pass->before, now))
		return;
	record_set_declared(&current, now);
	pass->now = &current;
	blast_side_fill(&pass->before_by_name, pass->before);
	blast_side_fill(&pass->now_by_name, &current);
	/* With `prune: none` no service goes. */
	if (now->prune != CONFIG_PRUNE_NONE)
		blast_each_group(pass, blast_count_listeners);
	blast_judge(pass, pass->listeners_lost, pass->before->declared.count, "services", "");
	blast_each_group(pass, blast_judge_destinations);
	vector_clear(&pass->before_by_name);
	vector_clear(&pass->now_by_name);
	pass->now = NULL;
}

/* Virtual routers */

/* What a virtual router is, whatever its name; texts are borrowed. */
struct blast_place {
	const char *interface;
	uint32_t vrid;
	uint16_t family;
};

/* What virtual routers have now; sorted. */
struct blast_routers {
	struct {
		VECTOR_OF(struct blast_place);
	} places; /* of those whose names are new */
	struct {
		VECTOR_OF(struct address);
	} addresses; /* of all */
};

static int blast_compare_places(const void *a, const void *b)
{
	const struct blast_place *left = a, *right = b;
	int order = strcmp(left->interface, right->interface);

	order = order ? order : COMPARE(left->vrid, right->vrid);
	return order ? order : COMPARE(left->family, right->family);
}

static void blast_routers_fill(
	struct blast_routers *routers, const struct record *before, const struct declared *now)
{
	vector_foreach(&now->routers, router) {
		const struct record_router key = {.name = (char *)router->name};
		bool is_new = !vector_find(&before->routers, &key, record_router_compare);

		vector_foreach(&router->addresses, address) {
			vector_push(&routers->addresses, address->address.address);
			if (is_new)
				vector_push(&routers->places,
					((struct blast_place){router->interface, router->vrid,
						address->address.address.family}));
		}
	}
	vector_sort(&routers->places, blast_compare_places);
	vector_sort(&routers->addresses, address_compare);
}

static bool blast_router_stays(const struct blast_routers *routers,
	const struct record_router *before, const struct declared *now)
{
	const struct declared_router key = {.name = before->name};

	if (vector_find(&now->routers, &key, declared_router_compare))
		return true;
	vector_foreach(&before->addresses, address) {
		const struct blast_place place = {before->interface, before->vrid, address->family};

		if (vector_find(&routers->places, &place, blast_compare_places))
			return true;
	}
	return false;
}

static void blast_judge_addresses(struct blast_pass *pass, const struct blast_routers *routers,
	const struct record_router *before)
{
	size_t lost = 0;

	vector_foreach(&before->addresses, address)
		lost += !vector_find(&routers->addresses, address, address_compare);
	if (lost >= BLAST_DESTINATIONS_LEAST)
		blast_judge(pass, lost, before->addresses.count, "addresses of virtual router ",
			before->name);
}

static void blast_judge_routers(struct blast_pass *pass, const struct declared *now)
{
	const struct record_routers *before = &pass->before->routers;
	struct blast_routers routers = {};
	size_t lost = 0;

	if (!before->count)
		return;
	blast_routers_fill(&routers, pass->before, now);
	vector_foreach(before, router)
		lost += !blast_router_stays(&routers, router, now);
	blast_judge(pass, lost, before->count, "virtual routers", "");
	vector_foreach(before, router)
		if (blast_router_stays(&routers, router, now))
			blast_judge_addresses(pass, &routers, router);
	vector_clear(&routers.places);
	vector_clear(&routers.addresses);
}

bool blast_guard(const struct record *before, const struct declared *now, enum blast_scope scope,
	struct strbuf *reasons)
{
	struct blast_pass pass = {
		.before = before,
		.max_delete = now->max_delete,
		.reasons = reasons,
	};

	blast_judge_services(&pass, now);
	if (scope == BLAST_SERVICES_AND_ROUTERS)
		blast_judge_routers(&pass, now);
	if (pass.refused > BLAST_REASONS_LIMIT)
		strbuf_printf(
			reasons, "and %zu more like these\n", pass.refused - BLAST_REASONS_LIMIT);
	return pass.refused > 0;
}
