// SPDX-License-Identifier: GPL-2.0-or-later
/* Mappings, lists and named things; model/decode_value.c has the values. */
#include "model/decode.h"

#include <errno.h>
#include <stdio.h>

#include "base/suggest.h"
#include "model/other_words.h"

_Static_assert(offsetof(struct config_service, name) == sizeof(struct config_object) &&
		       offsetof(struct config_pool, name) == sizeof(struct config_object) &&
		       offsetof(struct config_check, name) == sizeof(struct config_object) &&
		       offsetof(struct config_router, name) == sizeof(struct config_object) &&
		       offsetof(struct config_port, name) == sizeof(struct config_object),
	"decode_named() puts the name behind the object");

/* Any CONFIG_LIST_OF and any VECTOR_OF, for memcpy from and to the typed ones. */
struct decode_list {
	void *items;
	size_t count;
};
struct decode_vector {
	void *items;
	size_t count;
	size_t capacity;
};

uint32_t decode_mark(struct decode *decode, const struct yaml_node *node)
{
	if (!decode->marks.count)
		vector_append(&decode->marks);
	vector_append(&decode->marks)->node = node;
	return (uint32_t)(decode->marks.count - 1);
}

const struct yaml_node *decode_node(const struct decode *decode, uint32_t mark)
{
	return yaml_resolve(decode->marks.items[mark].node);
}

struct report_place decode_place(const struct decode *decode, uint32_t mark)
{
	return yaml_place(decode->marks.items[mark].node);
}

struct report_place decode_key_place(const struct decode *decode,
	const struct schema_mapping *mapping, const struct config_object *object, unsigned int key)
{
	const struct yaml_node *node = decode_node(decode, object->mark);
	const struct yaml_node *found = yaml_find(node, mapping->keys[key].name);

	if (!found)
		return yaml_place(node);
	const struct yaml_node *value = yaml_resolve(found->next);
	return yaml_place(value->kind == YAML_KIND_SCALAR ? found->next : found);
}

const char *decode_hint(const char *best, char text[static DECODE_HINT_SIZE])
{
	if (!best)
		return NULL;
	snprintf(text, DECODE_HINT_SIZE, "did you mean `%.63s`?", best);
	return text;
}

int decode_wrong_item(
	struct decode *decode, const struct schema_key *key, const struct yaml_node *node)
{
	_cleanup_strbuf_ struct strbuf wanted = {};

	schema_describe_item(key, decode->backend, &wanted);
	report_error(decode->report, yaml_place(node), NULL, "`%s` must have %s, not %s", key->name,
		wanted.text, yaml_describe(yaml_resolve(node)));
	return -EINVAL;
}

int decode_wrong_type(
	struct decode *decode, const struct schema_key *key, const struct yaml_node *node)
{
	_cleanup_strbuf_ struct strbuf wanted = {};
	const struct yaml_node *value = yaml_resolve(node);

	schema_describe(key, decode->backend, &wanted);
	if (yaml_is_null(value))
		report_error(decode->report, yaml_place(node),
			"give it one, or remove the key; an empty mapping is `{}`, an empty list "
			"`[]`",
			"`%s` has no value; it must be %s", key->name, wanted.text);
	else
		report_error(decode->report, yaml_place(node), NULL, "`%s` must be %s, not %s",
			key->name, wanted.text, yaml_describe(value));
	return -EINVAL;
}

/* A mapping, or its short form, as item of a list; it has its defaults. */
static void decode_object(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *node, void *item)
{
	const struct schema_mapping *mapping = key->mapping;
	const struct yaml_node *value = yaml_resolve(node);
	struct config_object *object = item;

	object->mark = decode_mark(decode, node);
	if (value->kind == YAML_KIND_MAPPING) {
		decode_mapping(decode, mapping, node, NULL, item);
		return;
	}
	object->set |= 1;
	if (!mapping->short_form || value->kind != YAML_KIND_SCALAR || yaml_is_null(value))
		decode_wrong_item(decode, key, node);
	else if (decode_scalar(decode, &mapping->keys[0], node,
			 (char *)item + mapping->keys[0].offset) == 0)
		return;
	object->set |= CONFIG_OBJECT_BROKEN;
}

/* How long an item of a list row is; 0 for what is no list. */
static size_t decode_item_size(const struct schema_key *key)
{
	switch (key->type) {
	case SCHEMA_TYPE_LISTENERS:
		return sizeof(struct config_listener);
	case SCHEMA_TYPE_REFERENCES:
		return sizeof(struct config_name);
	case SCHEMA_TYPE_TEXTS:
		return sizeof(const char *);
	case SCHEMA_TYPE_ADDRESSES:
		return sizeof(struct address);
	case SCHEMA_TYPE_RANGES:
		return sizeof(struct config_range);
	case SCHEMA_TYPE_MAPPINGS:
		return key->mapping->size;
	default:
		return 0;
	}
}

static bool decode_list_item(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *node, void *item)
{
	if (node->broken || yaml_resolve(node)->broken)
		return false;
	if (key->type != SCHEMA_TYPE_MAPPINGS)
		return decode_item(decode, key, node, item) == 0;
	decode_object(decode, key, node, item);
	return true;
}

/* More of something than a configuration may have. */
static int decode_too_many(
	struct decode *decode, const struct yaml_node *node, unsigned int limit, const char *what)
{
	report_error(decode->report, yaml_place(node), NULL, "more than %u %s", limit, what);
	return -EINVAL;
}

/* Room for the items of a list. Mappings are made with their defaults: looked up once, copied for
 * each. */
static void *decode_new_items(struct decode *decode, const struct schema_key *key, size_t count)
{
	size_t size = decode_item_size(key);
	char *items = arena_new(&decode->config->arena, size * count);

	if (key->type != SCHEMA_TYPE_MAPPINGS || !count)
		return items;
	schema_defaults(key->mapping, items);
	for (size_t i = 1; i < count; i++)
		memcpy(items + i * size, items, size);
	return items;
}

static int decode_list(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *node, void *field)
{
	const struct yaml_node *value = yaml_resolve(node);
	bool list = value->kind == YAML_KIND_SEQUENCE;
	size_t size = decode_item_size(key), errors = decode->report->diagnostics->errors;
	struct decode_list result = {};

	if (!list && (!(key->flags & SCHEMA_FLAG_SINGLE) || yaml_is_null(value)))
		return decode_wrong_type(decode, key, node);
	if (list && value->size < key->minimum && key->type != SCHEMA_TYPE_RANGES) {
		report_error(
			decode->report, yaml_place(node), NULL, "`%s` is an empty list", key->name);
		return -EINVAL;
	}
	if (list && key->type == SCHEMA_TYPE_REFERENCES && value->size > key->maximum)
		return decode_too_many(decode, node, (unsigned int)key->maximum, "names");
	decode->items += list ? value->size : 1;
	if (decode->items > DECODE_ITEM_LIMIT)
		return decode_too_many(decode, node, DECODE_ITEM_LIMIT, "items in all lists");
	result.items = decode_new_items(decode, key, list ? value->size : 1);
	for (const struct yaml_node *item = list ? value->first : node; item;
		item = list ? item->next : NULL)
		result.count += decode_list_item(
			decode, key, item, (char *)result.items + result.count * size);
	memcpy(field, &result, sizeof(result));
	return decode->report->diagnostics->errors == errors ? 0 : -EINVAL;
}

static int decode_flags(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *node, void *field)
{
	const struct yaml_node *value = yaml_resolve(node);
	uint32_t flags = 0, flag;
	int r = 0;

	if (value->kind != YAML_KIND_SEQUENCE)
		return decode_wrong_type(decode, key, node);
	for (const struct yaml_node *item = value->first; item; item = item->next) {
		if (decode_item(decode, key, item, &flag) < 0)
			r = -EINVAL;
		else
			flags |= flag;
	}
	*(uint32_t *)field = flags;
	return r;
}

static int decode_sysctls(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *node, void *field)
{
	const struct yaml_node *value = yaml_resolve(node);
	struct config_sysctl_list *list = field;
	int r = 0;

	if (value->kind != YAML_KIND_MAPPING)
		return decode_wrong_type(decode, key, node);
	list->items = arena_new(&decode->config->arena, value->size * sizeof(*list->items));
	for (const struct yaml_node *name = value->first; name; name = name->next->next) {
		if (name->broken || yaml_resolve(name->next)->broken)
			r = -EINVAL;
		else if (decode_sysctl(decode, name, name->next, &list->items[list->count]) < 0)
			r = -EINVAL;
		else
			list->count++;
	}
	return r;
}

static int decode_inside(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *node, void *field)
{
	struct config_object *object = field;

	if (yaml_resolve(node)->kind != YAML_KIND_MAPPING)
		return decode_wrong_type(decode, key, node);
	decode_mapping(decode, key->mapping, node, NULL, field);
	return object->set & CONFIG_OBJECT_BROKEN ? -EINVAL : 0;
}

/* One named thing into the new last item of its vector. */
static void decode_named_item(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *name, void *item)
{
	struct config_object *object = item;
	struct config_name *field = (void *)(object + 1);
	const struct yaml_node *text = yaml_resolve(name);

	schema_defaults(key->mapping, item);
	field->text = arena_copy(&decode->config->arena, text->text, text->size);
	field->mark = decode_mark(decode, name);
	object->mark = decode_mark(decode, name->next);
	if (decode_check_name(decode, name) < 0)
		object->set |= CONFIG_OBJECT_BROKEN;
	if (yaml_resolve(name->next)->kind == YAML_KIND_MAPPING) {
		decode_mapping(decode, key->mapping, name->next, name, item);
		return;
	}
	char quoted[REPORT_QUOTE_SIZE];
	report_error(decode->report, yaml_place(name->next), NULL,
		"the %s %s must be a mapping of keys, not %s", key->mapping->name,
		report_quote(text->text, quoted), yaml_describe(yaml_resolve(name->next)));
	object->set |= CONFIG_OBJECT_BROKEN;
}

static int decode_named(struct decode *decode, const struct schema_key *key,
	const struct yaml_node *node, void *field)
{
	const struct yaml_node *value = yaml_resolve(node);
	size_t size = key->mapping->size;
	struct decode_vector vector;
	int r = 0;

	if (value->kind != YAML_KIND_MAPPING)
		return decode_wrong_type(decode, key, node);
	if (value->size < key->minimum) {
		report_error(decode->report, yaml_place(node), NULL, "`%s` is an empty mapping",
			key->name);
		return -EINVAL;
	}
	memcpy(&vector, field, sizeof(vector));
	if (vector.count + value->size > DECODE_NAMED_LIMIT)
		return decode_too_many(decode, node, DECODE_NAMED_LIMIT, key->name);
	if (vector.count + value->size > vector.capacity)
		vector.items = vector_grow_(
			vector.items, &vector.capacity, vector.count + value->size, size);
	for (const struct yaml_node *name = value->first; name; name = name->next->next) {
		if (name->broken || yaml_resolve(name->next)->broken) {
			r = -EINVAL;
			continue;
		}
		void *item = (char *)vector.items + vector.count++ * size;
		decode_named_item(decode, key, name, memset(item, 0, size));
	}
	memcpy(field, &vector, sizeof(vector));
	return r;
}

static int (*const decode_types[SCHEMA_TYPE_COUNT])(struct decode *decode,
	const struct schema_key *key, const struct yaml_node *node, void *field) = {
	[SCHEMA_TYPE_BOOLEAN] = decode_scalar,
	[SCHEMA_TYPE_NUMBER] = decode_scalar,
	[SCHEMA_TYPE_SIGNED] = decode_scalar,
	[SCHEMA_TYPE_DURATION] = decode_scalar,
	[SCHEMA_TYPE_SIZE] = decode_scalar,
	[SCHEMA_TYPE_PERCENT] = decode_scalar,
	[SCHEMA_TYPE_TEXT] = decode_scalar,
	[SCHEMA_TYPE_REFERENCE] = decode_scalar,
	[SCHEMA_TYPE_WORD] = decode_scalar,
	[SCHEMA_TYPE_FLAGS] = decode_flags,
	[SCHEMA_TYPE_ADDRESS] = decode_scalar,
	[SCHEMA_TYPE_ENDPOINT] = decode_scalar,
	[SCHEMA_TYPE_PREFIX] = decode_scalar,
	[SCHEMA_TYPE_LISTENERS] = decode_list,
	[SCHEMA_TYPE_REFERENCES] = decode_list,
	[SCHEMA_TYPE_TEXTS] = decode_list,
	[SCHEMA_TYPE_ADDRESSES] = decode_list,
	[SCHEMA_TYPE_RANGES] = decode_list,
	[SCHEMA_TYPE_SYSCTLS] = decode_sysctls,
	[SCHEMA_TYPE_MAPPING] = decode_inside,
	[SCHEMA_TYPE_MAPPINGS] = decode_list,
	[SCHEMA_TYPE_NAMED] = decode_named,
};

static uint32_t decode_bit(const struct schema_mapping *mapping, const char *key)
{
	return key ? 1u << (schema_find(mapping, key) - mapping->keys) : 0;
}

/* A key that no row has. The bit of the row that serves for it, or of the nearest, which is suggested; 0 when there is none. */
static uint32_t decode_unknown(
	struct decode *decode, const struct schema_mapping *mapping, const struct yaml_node *name)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE], quoted[REPORT_QUOTE_SIZE];
	const char *text = yaml_resolve(name)->text;
	const struct other_word *other = other_words_find(mapping, text);
	bool top = mapping == &schema_top;

	for (size_t i = 0; !other && i < mapping->count; i++)
		suggest_offer(&suggest, text, mapping->keys[i].name);
	const char *best = other ? other->key : suggest.best;
	report_error(decode->report, yaml_place(name),
		other && other->hint ? other->hint : decode_hint(best, hint),
		top ? "unknown key %s%s" : "unknown key %s in `%s`", report_quote(text, quoted),
		top ? "" : mapping->name);
	return decode_bit(mapping, best);
}

/* The same top key in a second file, unless that is what it is for. False when it is an error. */
static bool decode_may_repeat(struct decode *decode, const struct schema_key *key, size_t row,
	const struct yaml_node *name)
{
	_cleanup_strbuf_ struct strbuf hint = {};

	if (key->type == SCHEMA_TYPE_NAMED || key->flags & SCHEMA_FLAG_PER_FILE)
		return true;
	strbuf_add(&hint, "first at ");
	report_add_place(decode->report, decode_place(decode, decode->first[row]), &hint);
	report_error(decode->report, yaml_place(name), hint.text,
		"`%s` stands in another file already: it belongs into one", key->name);
	return false;
}

/* Whether the backend that the files name has such a key; says so when it has not. */
static bool decode_is_available(
	struct decode *decode, const struct schema_key *key, const struct yaml_node *name)
{
	bool dpdk = decode->backend == CONFIG_BACKEND_DPDK;

	if (!key->backends || key->backends & 1u << decode->backend)
		return true;
	report_error(decode->report, yaml_place(name),
		dpdk ? "the files say `backend: dpdk`"
		     : "the files do not say `backend: dpdk`, so it is ipvs",
		"`%s` is for `backend: %s` alone", key->name, dpdk ? "ipvs" : "dpdk");
	return false;
}

/* The value of a known key. */
static bool decode_known(struct decode *decode, const struct schema_mapping *mapping,
	const struct schema_key *key, const struct yaml_node *name, struct config_object *object)
{
	size_t row = (size_t)(key - mapping->keys);
	uint32_t bit = 1u << row;
	bool repeated = object->set & bit;

	object->set |= bit;
	if (mapping == &schema_top && !decode->first[row])
		decode->first[row] = decode_mark(decode, name);
	if (name->broken || yaml_resolve(name->next)->broken)
		return false;
	if (!decode_is_available(decode, key, name))
		return false;
	if (repeated && !decode_may_repeat(decode, key, row, name))
		return false;
	if (key->flags & SCHEMA_FLAG_FOLLOW && decode_follows(name->next))
		return decode_follow(decode, key, name->next, (char *)object + key->follow) == 0;
	return decode_types[key->type](decode, key, name->next, (char *)object + key->offset) == 0;
}

/* One key and its value; false when something was wrong. *meant gets the bit of a key that was
 * mistyped, so that it is not missing as well. */
static bool decode_key(struct decode *decode, const struct schema_mapping *mapping,
	const struct yaml_node *name, struct config_object *object, uint32_t *meant)
{
	const struct yaml_node *text = yaml_resolve(name);
	const struct schema_key *key =
		text->kind == YAML_KIND_SCALAR ? schema_find(mapping, text->text) : NULL;

	if (key)
		return decode_known(decode, mapping, key, name, object);
	if (!name->broken)
		*meant |= decode_unknown(decode, mapping, name);
	return false;
}

#define DECODE_TITLE_SIZE (REPORT_QUOTE_SIZE + 32)

/* "the service `web`" where the thing has a name, else what kind of thing it is. Returns `text`. Only
 * for errors: of each object it would be a fifth of all decoding. */
static const char *decode_title(const struct schema_mapping *mapping, const struct yaml_node *name,
	char text[static DECODE_TITLE_SIZE])
{
	char quoted[REPORT_QUOTE_SIZE];

	if (name)
		snprintf(text, DECODE_TITLE_SIZE, "the %s %s", mapping->name,
			report_quote(yaml_resolve(name)->text, quoted));
	else if (mapping == &schema_top)
		snprintf(text, DECODE_TITLE_SIZE, "this file");
	else
		snprintf(text, DECODE_TITLE_SIZE, "this `%s`", mapping->name);
	return text;
}

/* Of the keys that are a kind, each with its name in `kinds`, exactly one must be there. */
static void decode_check_kinds(struct decode *decode, const struct schema_mapping *mapping,
	struct config_object *object, const struct yaml_node *name, struct strbuf *kinds)
{
	const struct schema_key *first = NULL;
	char title[DECODE_TITLE_SIZE];

	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = &mapping->keys[i];

		if (!(key->flags & SCHEMA_FLAG_KIND))
			continue;
		strbuf_printf(kinds, "%s%s", kinds->length ? ", " : "", key->name);
		if (!config_has(object, (unsigned int)i))
			continue;
		if (first) {
			object->set |= CONFIG_OBJECT_BROKEN;
			report_error(decode->report,
				decode_key_place(decode, mapping, object, (unsigned int)i), NULL,
				"%s has both `%s` and `%s`: it is of one kind",
				decode_title(mapping, name, title), first->name, key->name);
		}
		first = key;
	}
	if (first)
		strbuf_clear(kinds);
}

/* What must be there and was not even meant. */
static void decode_check_missing(struct decode *decode, const struct schema_mapping *mapping,
	const struct yaml_node *place, const struct yaml_node *name, struct config_object *object,
	uint32_t meant)
{
	char title[DECODE_TITLE_SIZE];
	_cleanup_strbuf_ struct strbuf kinds = {};
	uint32_t kind_bits = 0;

	decode_check_kinds(decode, mapping, object, name, &kinds);
	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = &mapping->keys[i];

		kind_bits |= key->flags & SCHEMA_FLAG_KIND ? 1u << i : 0;
		/* `poise` is required of each file: model/load.c looks. */
		if (!(key->flags & SCHEMA_FLAG_REQUIRED) || key->flags & SCHEMA_FLAG_PER_FILE ||
			(object->set | meant) & 1u << i)
			continue;
		object->set |= CONFIG_OBJECT_BROKEN;
		report_error(decode->report, yaml_place(place), NULL, "%s has no `%s`",
			decode_title(mapping, name, title), key->name);
	}
	if (!kinds.length || meant & kind_bits)
		return;
	object->set |= CONFIG_OBJECT_BROKEN;
	report_error(decode->report, yaml_place(place), NULL, "%s has none of %s",
		decode_title(mapping, name, title), kinds.text);
}

void decode_mapping(struct decode *decode, const struct schema_mapping *mapping,
	const struct yaml_node *node, const struct yaml_node *name, void *item)
{
	struct config_object *object = item;
	const struct yaml_node *value = yaml_resolve(node);
	uint32_t meant = 0;

	if (!object->mark)
		object->mark = decode_mark(decode, node);
	for (const struct yaml_node *key = value->first; key; key = key->next->next) {
		if (!decode_key(decode, mapping, key, object, &meant))
			object->set |= CONFIG_OBJECT_BROKEN;
	}
	decode_check_missing(decode, mapping, name ? name : node, name, object, meant);
}
