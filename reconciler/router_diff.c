// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/router_diff.h"

#include <stdio.h>
#include <string.h>

#include "reconciler/router_fields.h"

/* What differs in one router */

/* An item of a list, as what it is compared by. */
struct router_item {
	char *text; /* owned */
	json_t *json;
};

struct router_items {
	VECTOR_OF(struct router_item);
};

static int router_compare_items(const void *a, const void *b)
{
	return strcmp(((const struct router_item *)a)->text, ((const struct router_item *)b)->text);
}

static void router_sort_items(const json_t *list, struct router_items *ret)
{
	json_t *json;
	size_t i;

	json_array_foreach(list, i, json)
	{
		char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

		if (text)
			*vector_append(ret) = (struct router_item){text, json};
	}
	vector_sort(ret, router_compare_items);
}

static void router_clear_items(struct router_items *items)
{
	vector_foreach(items, item)
		free(item->text);
	vector_clear(items);
}

static json_t *router_begin_change(const char *prefix, const char *name)
{
	_cleanup_free_ char *key = memory_printf("%s%s", prefix, name);

	return json_pack("{s:s}", "key", key);
}

/* NULL is null. */
static void router_set(json_t *change, const char *name, const json_t *value)
{
	if (value)
		json_object_set(change, name, (json_t *)value);
	else
		json_object_set_new(change, name, json_null());
}

static void router_set_both(json_t *change, const json_t *before, const json_t *after)
{
	router_set(change, "before", before);
	router_set(change, "after", after);
}

static void router_merge_items(const struct router_items *before, const struct router_items *after,
	json_t *added, json_t *removed)
{
	size_t i = 0, j = 0;

	while (i < before->count || j < after->count) {
		int order = i == before->count ? 1
			    : j == after->count
				    ? -1
				    : router_compare_items(&before->items[i], &after->items[j]);

		if (order < 0)
			json_array_append(removed, before->items[i].json);
		else if (order > 0)
			json_array_append(added, after->items[j].json);
		i += order <= 0;
		j += order >= 0;
	}
}

/* Peers are a set; of other lists the order has a meaning. */
static void router_diff_list(const struct schema_key *key, const char *prefix, const json_t *before,
	const json_t *after, json_t *changes)
{
	struct router_items left = {}, right = {};
	json_t *added = json_array(), *removed = json_array();
	json_t *change = router_begin_change(prefix, key->name);
	bool news = true;

	router_sort_items(before, &left);
	router_sort_items(after, &right);
	router_merge_items(&left, &right, added, removed);
	if (json_array_size(added) || json_array_size(removed)) {
		json_object_set(change, "added", added);
		json_object_set(change, "removed", removed);
	} else {
		router_set_both(change, before, after);
		json_object_set_new(change, "reordered", json_true());
		news = key->type != SCHEMA_TYPE_ADDRESSES;
	}
	if (news)
		json_array_append(changes, change);
	json_decref(change);
	json_decref(added);
	json_decref(removed);
	router_clear_items(&left);
	router_clear_items(&right);
}

static bool router_same(const json_t *before, const json_t *after)
{
	return before && after ? json_equal(before, after) : before == after;
}

static void router_diff_key(const struct schema_key *key, const char *prefix, const json_t *before,
	const json_t *after, json_t *changes)
{
	if (router_same(before, after))
		return;
	if (key->type == SCHEMA_TYPE_MAPPINGS || key->type == SCHEMA_TYPE_ADDRESSES) {
		router_diff_list(key, prefix, before, after, changes);
		return;
	}
	json_t *fallback = router_field_default(key);
	json_t *change = router_begin_change(prefix, key->name);
	router_set_both(change, before ? before : fallback, after ? after : fallback);
	json_array_append_new(changes, change);
	json_decref(fallback);
}

/* What another version of poised knows, and this one does not. */
static void router_diff_unknown(const struct schema_mapping *mapping, const char *prefix,
	const json_t *before, json_t *changes)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)before, name, value)
	{
		if (schema_find(mapping, name))
			continue;
		json_t *change = router_begin_change(prefix, name);
		router_set_both(change, value, NULL);
		json_array_append_new(changes, change);
	}
}

static void router_diff_mapping(const struct schema_mapping *mapping, const char *prefix,
	const json_t *before, const json_t *after, json_t *changes)
{
	char inner[ROUTER_KEY_SIZE];

	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = &mapping->keys[i];
		const json_t *left = json_object_get(before, key->name);
		const json_t *right = json_object_get(after, key->name);

		if (key->type != SCHEMA_TYPE_MAPPING) {
			router_diff_key(key, prefix, left, right, changes);
			continue;
		}
		snprintf(inner, sizeof(inner), "%s%s.", prefix, key->name);
		router_diff_mapping(key->mapping, inner, left, right, changes);
	}
	router_diff_unknown(mapping, prefix, before, changes);
}

/* Two lists */

struct router_entry {
	const char *name;
	const json_t *json;
};

struct router_entries {
	VECTOR_OF(struct router_entry);
};

static int router_compare_entries(const void *a, const void *b)
{
	return strcmp(
		((const struct router_entry *)a)->name, ((const struct router_entry *)b)->name);
}

/* Sorted; of one name there is one. */
static void router_read_entries(const json_t *list, struct router_entries *ret)
{
	const json_t *json;
	size_t i, kept = 0;

	json_array_foreach(list, i, json)
	{
		const char *name = json_string_value(json_object_get(json, "name"));

		if (name)
			*vector_append(ret) = (struct router_entry){name, json};
	}
	vector_sort(ret, router_compare_entries);
	for (i = 0; i < ret->count; i++)
		if (!kept || strcmp(ret->items[kept - 1].name, ret->items[i].name) != 0)
			ret->items[kept++] = ret->items[i];
	ret->count = kept;
}

/* A password is known by its proof alone. */
static void router_diff_password(const struct router_entry *before,
	const struct router_entry *after, json_t *changes, struct router_diff *ret)
{
	const struct schema_key *key = &schema_router.keys[CONFIG_ROUTER_AUTHENTICATION];
	const json_t *left = json_object_get(json_object_get(before->json, "fields"), key->name);
	const json_t *right = json_object_get(json_object_get(after->json, "fields"), key->name);
	const json_t *proof = json_object_get(before->json, "proof");
	const json_t *wanted = json_object_get(after->json, "proof");

	if (!left || !right)
		return;
	if (!proof || !wanted) {
		ret->unproven++;
		return;
	}
	if (json_equal(proof, wanted))
		return;
	json_t *change = router_begin_change("", key->name);
	router_set_both(change, left, right);
	json_array_append_new(changes, change);
}

static void router_diff_update(const struct router_entry *before, const struct router_entry *after,
	struct router_diff *ret)
{
	const json_t *left = json_object_get(before->json, "fields");
	const json_t *right = json_object_get(after->json, "fields");
	json_t *changes = json_array();

	router_diff_mapping(&schema_router, "", left, right, changes);
	router_diff_password(before, after, changes, ret);
	if (json_array_size(changes))
		*vector_append(&ret->changes) = (struct router_change){.verb = PLAN_VERB_UPDATE,
			.name = after->name,
			.before = left,
			.after = right,
			.changes = changes};
	else
		json_decref(changes);
}

static void router_diff_one(const struct router_entry *before, const struct router_entry *after,
	struct router_diff *ret)
{
	if (before && after)
		router_diff_update(before, after, ret);
	else if (before)
		*vector_append(&ret->changes) = (struct router_change){.verb = PLAN_VERB_DELETE,
			.name = before->name,
			.before = json_object_get(before->json, "fields")};
	else
		*vector_append(&ret->changes) = (struct router_change){.verb = PLAN_VERB_ADD,
			.name = after->name,
			.after = json_object_get(after->json, "fields")};
}

/* Without a trouble it is on its way: an address takes a moment. */
static void router_find_lacks(const struct router_entry *entry, struct router_diff *ret)
{
	const json_t *family;
	size_t i;

	json_array_foreach(json_object_get(entry->json, "families"), i, family)
	{
		const struct router_lack lack = {.name = entry->name,
			.family = json_string_value(json_object_get(family, "family")),
			.trouble = json_string_value(json_object_get(family, "trouble")),
			.addresses = json_integer_value(json_object_get(family, "addresses")),
			.present = json_integer_value(json_object_get(family, "present"))};
		const char *state = json_string_value(json_object_get(family, "state"));

		if (lack.family && lack.trouble && lack.present >= 0 &&
			lack.present < lack.addresses && state && strcmp(state, "active") == 0)
			vector_push(&ret->lacks, lack);
	}
}

void router_diff(json_t *kept, json_t *declared, struct router_diff *ret)
{
	struct router_entries before = {}, after = {};
	size_t i = 0, j = 0;

	ret->kept = json_incref(kept);
	ret->declared = json_incref(declared);
	router_read_entries(kept, &before);
	router_read_entries(declared, &after);
	vector_foreach(&before, entry)
		router_find_lacks(entry, ret);
	while (i < before.count || j < after.count) {
		const struct router_entry *left = i < before.count ? &before.items[i] : NULL;
		const struct router_entry *right = j < after.count ? &after.items[j] : NULL;
		int order = left && right ? router_compare_entries(left, right) : left ? -1 : 1;

		router_diff_one(order <= 0 ? left : NULL, order >= 0 ? right : NULL, ret);
		i += order <= 0;
		j += order >= 0;
	}
	vector_clear(&before);
	vector_clear(&after);
}

json_t *router_list(const struct config *config, const char *nonce)
{
	json_t *list = json_array();

	vector_foreach(&config->routers, router)
		json_array_append_new(list, router_to_json(router, nonce));
	return list;
}

bool router_diff_is_news(const struct router_diff *diff)
{
	return diff->changes.count || diff->lacks.count;
}

static json_t *router_change_to_json(const struct router_change *change)
{
	json_t *json = json_pack(
		"{s:s, s:s}", "verb", plan_verb_name(change->verb), "router", change->name);

	if (change->verb == PLAN_VERB_UPDATE)
		router_set(json, "changes", change->changes);
	else
		router_set_both(json, change->before, change->after);
	return json;
}

json_t *router_diff_to_json(const struct router_diff *diff)
{
	json_t *operations = json_array(), *lacking = json_array();

	vector_foreach(&diff->changes, change)
		json_array_append_new(operations, router_change_to_json(change));
	vector_foreach(&diff->lacks, lack)
		json_array_append_new(
			lacking, json_pack("{s:s, s:s, s:I, s:I, s:s}", "router", lack->name,
					 "family", lack->family, "addresses", lack->addresses,
					 "present", lack->present, "trouble", lack->trouble));
	return json_pack("{s:o, s:o}", "operations", operations, "lacking", lacking);
}

void router_diff_clear(struct router_diff *diff)
{
	vector_foreach(&diff->changes, change)
		json_decref(change->changes);
	vector_clear(&diff->changes);
	vector_clear(&diff->lacks);
	json_decref(diff->kept);
	json_decref(diff->declared);
	*diff = (struct router_diff){};
}
