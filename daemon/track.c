// SPDX-License-Identifier: GPL-2.0-or-later
/* Items are found by kind and key, and each router has its uses of them in a row of their own: what a router is made of is a sum over
 * these, and a list of other files is a merge with the one before. A key says all that an outcome depends on: a script with
 * another limit of time is another script. Until its first run is over it is what the other one was: a router that is unfit
 * does not become fit for as long because somebody gave the script more time.
 *
 * The outcome is told once, when it changes. What it weighs is the router's: two that share a script may give it other
 * weights. */
#include "daemon/track.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/address.h"
#include "base/strbuf.h"
#include "daemon/json_text.h"
#include "daemon/messages_vrrp.h"
#include "model/units.h"
#include "vrrp/node.h"

/* More than any number of weights that makes a difference, less than what a message takes. */
#define TRACK_WEIGHT_MOST 100000

static const char *const track_kind_names[TRACK_KIND_COUNT] = {
	[TRACK_INTERFACE] = "interface",
	[TRACK_ROUTE] = "route",
	[TRACK_SCRIPT] = "script",
	[TRACK_PROCESS] = "process",
	[TRACK_FILE] = "file",
	[TRACK_SERVICE] = "service",
};

static const char *const track_state_names[TRACK_STATE_COUNT] = {
	[TRACK_STATE_UNKNOWN] = "unknown",
	[TRACK_STATE_WELL] = "well",
	[TRACK_STATE_UNWELL] = "unwell",
};

const char *track_kind_name(enum track_kind kind)
{
	return track_kind_names[kind];
}

const char *track_state_name(enum track_state state)
{
	return track_state_names[state];
}

/* The list. */

static int track_compare(const void *a, const void *b)
{
	const struct track_item *left = ((const struct track_place *)a)->item;
	const struct track_item *right = ((const struct track_place *)b)->item;
	int order = COMPARE(left->kind, right->kind);

	return order ? order : strcmp(left->key, right->key);
}

static void track_item_free(struct track_item *item)
{
	if (item->kind == TRACK_SCRIPT)
		free(item->script.words);
	if (item->kind == TRACK_PROCESS)
		vector_clear(&item->process.found);
	free(item->key);
	free(item->name);
	free(item);
}

struct track_item *track_list_find(
	const struct track_list *list, enum track_kind kind, const char *key)
{
	struct track_item wanted = {.kind = kind, .key = (char *)key};
	const struct track_place place = {&wanted};
	const struct track_place *found = vector_find(&list->items, &place, track_compare);

	return found ? found->item : NULL;
}

static struct track_item *track_item_new(enum track_kind kind, char *key, char *name)
{
	struct track_item *item = memory_new(sizeof(*item));

	item->kind = kind;
	item->key = key;
	item->name = name;
	return item;
}

static void track_use(struct track_list *list, struct track_item *item, bool weighs, int32_t weight)
{
	*vector_append(&list->uses) =
		(struct track_use){.item = item, .weighs = weighs, .weight = weight};
	vector_append(&list->items)->item = item;
}

/* What the files say. */

static void track_add_interface(
	struct track_list *list, const struct config_tracked_interface *tracked)
{
	struct track_item *item = track_item_new(TRACK_INTERFACE, memory_copy_string(tracked->name),
		memory_copy_string(tracked->name));

	track_use(list, item, config_has(&tracked->object, CONFIG_TRACKED_INTERFACE_WEIGHT),
		tracked->weight);
}

static void track_add_route(struct track_list *list, const struct config_tracked_route *tracked)
{
	char text[ADDRESS_LENGTH];
	const struct config_prefix *to = &tracked->to;
	char *name = memory_printf("%s/%u", address_format(&to->address, text), to->length);
	char *key = memory_printf("%s table %u", name, tracked->table);

	if (tracked->table != CONFIG_TABLE_MAIN) {
		free(name);
		name = memory_copy_string(key);
	}
	struct track_item *item = track_item_new(TRACK_ROUTE, key, name);
	item->route = (struct track_route){.to = *to, .table = tracked->table};
	track_use(list, item, config_has(&tracked->object, CONFIG_TRACKED_ROUTE_WEIGHT),
		tracked->weight);
}

/* The words, each with its NUL, and the user; behind the array of their places. */
static const char **track_copy_words(const struct config_tracked_script *tracked, const char **user)
{
	size_t count = tracked->command.count, size = strlen(tracked->user) + 1;

	vector_foreach(&tracked->command, word)
		size += strlen(*word) + 1;
	const char **words = memory_new((count + 1) * sizeof(*words) + size);
	char *at = (char *)(words + count + 1);
	for (size_t i = 0; i < count; i++) {
		words[i] = at;
		at = stpcpy(at, tracked->command.items[i]) + 1;
	}
	memcpy(at, tracked->user, strlen(tracked->user) + 1);
	*user = at;
	return words;
}

static void track_add_script(struct track_list *list, const struct config_tracked_script *tracked)
{
	_cleanup_strbuf_ struct strbuf key = {}, name = {};

	/* Lengths keep apart what spaces in words would not. */
	vector_foreach(&tracked->command, word) {
		strbuf_printf(&key, "%zu:%s ", strlen(*word), *word);
		strbuf_printf(&name, "%s%s", name.length ? " " : "", *word);
	}
	strbuf_printf(&key, "%s ", tracked->user);
	size_t subject = key.length;
	strbuf_printf(&key, "%" PRIu64 " %" PRIu64 " %u %u", tracked->interval, tracked->timeout,
		tracked->rise, tracked->fall);
	struct track_item *item =
		track_item_new(TRACK_SCRIPT, strbuf_take(&key), strbuf_take(&name));
	item->subject = subject;
	item->script = (struct track_script){.interval = tracked->interval,
		.timeout = tracked->timeout,
		.rise = tracked->rise,
		.fall = tracked->fall};
	item->script.words = track_copy_words(tracked, &item->script.user);
	track_use(list, item, config_has(&tracked->object, CONFIG_TRACKED_SCRIPT_WEIGHT),
		tracked->weight);
}

static void track_add_process(struct track_list *list, const struct config_tracked_process *tracked)
{
	struct track_item *item = track_item_new(TRACK_PROCESS,
		memory_printf("%s %u", tracked->name, tracked->minimum),
		memory_copy_string(tracked->name));

	item->subject = strlen(item->name) + 1;
	item->process = (struct track_process){.name = item->name, .minimum = tracked->minimum};
	track_use(list, item, config_has(&tracked->object, CONFIG_TRACKED_PROCESS_WEIGHT),
		tracked->weight);
}

static void track_add_file(struct track_list *list, const struct config_tracked_file *tracked)
{
	struct track_item *item = track_item_new(
		TRACK_FILE, memory_copy_string(tracked->path), memory_copy_string(tracked->path));

	item->file = (struct track_file){.path = item->name, .watch = -1};
	track_use(list, item, config_has(&tracked->object, CONFIG_TRACKED_FILE_WEIGHT),
		tracked->weight);
}

static void track_add_service(struct track_list *list, const struct config_tracked_service *tracked)
{
	struct track_item *item = track_item_new(TRACK_SERVICE, memory_copy_string(tracked->name),
		memory_copy_string(tracked->name));

	track_use(list, item, config_has(&tracked->object, CONFIG_TRACKED_SERVICE_WEIGHT),
		tracked->weight);
}

static void track_add_router(struct track_list *list, const struct config_track *track)
{
	vector_foreach(&track->interfaces, interface)
		track_add_interface(list, interface);
	vector_foreach(&track->routes, route)
		track_add_route(list, route);
	vector_foreach(&track->scripts, script)
		track_add_script(list, script);
	vector_foreach(&track->processes, process)
		track_add_process(list, process);
	vector_foreach(&track->files, file)
		track_add_file(list, file);
	vector_foreach(&track->services, service)
		track_add_service(list, service);
}

/* Each item of `list` by the one that stands for all that are the same: of the list before, or the first here. */
struct track_twin {
	struct track_item *item, *kept;
};

static int track_compare_twins(const void *a, const void *b)
{
	const struct track_twin *left = a, *right = b;

	return COMPARE((uintptr_t)left->item, (uintptr_t)right->item);
}

static int track_compare_subjects(const void *a, const void *b)
{
	const struct track_item *wanted = a, *item = ((const struct track_place *)b)->item;
	int order = COMPARE(wanted->kind, item->kind);

	return order ? order : strncmp(wanted->key, item->key, wanted->subject);
}

/* A new item begins with what is known of its subject. */
static void track_inherit(struct track_item *item, const struct track_list *before)
{
	const struct track_place *place =
		item->subject ? vector_find(&before->items, item, track_compare_subjects) : NULL;

	if (!place || place->item->state == TRACK_STATE_UNKNOWN)
		return;
	item->state = place->item->state;
	item->number = place->item->number;
	item->since = place->item->since;
	item->tried = true;
	memcpy(item->words, place->item->words, sizeof(item->words));
}

/* What is in both lists is kept, and what is in neither place twice. The items that `uses` name are then those of `items`. */
static void track_merge(struct track_list *list, struct track_list *before)
{
	struct {
		VECTOR_OF(struct track_twin);
	} twins = {};
	size_t kept = 0;

	vector_sort(&list->items, track_compare);
	for (size_t i = 0; i < list->items.count; i++) {
		struct track_item *item = list->items.items[i].item, *old;
		struct track_place *last = kept ? &list->items.items[kept - 1] : NULL;
		struct track_twin *twin = vector_append(&twins);

		twin->item = item;
		old = track_list_find(before, item->kind, item->key);
		if (last && track_compare(last, &list->items.items[i]) == 0)
			twin->kept = last->item;
		else
			list->items.items[kept++].item = twin->kept = old ? old : item;
		if (twin->kept == item)
			track_inherit(item, before);
	}
	list->items.count = kept;
	vector_sort(&twins, track_compare_twins);
	vector_foreach(&list->uses, use) {
		const struct track_twin key = {.item = use->item};

		use->item =
			((struct track_twin *)vector_find(&twins, &key, track_compare_twins))->kept;
	}
	vector_foreach(&twins, twin)
		if (twin->kept != twin->item)
			track_item_free(twin->item);
	vector_clear(&twins);
}

static void track_count(struct track_list *list)
{
	vector_foreach(&list->items, place)
		list->kinds[place->item->kind + 1]++;
	for (size_t i = 0; i < TRACK_KIND_COUNT; i++)
		list->kinds[i + 1] += list->kinds[i];
}

/* Of the list before, what is in this one no more. */
static void track_forget(struct track_list *list, struct track_list *before)
{
	vector_foreach(&before->items, place) {
		const struct track_item *item = place->item;

		if (track_list_find(list, item->kind, item->key))
			continue;
		if (list->forget)
			list->forget(list->data, place->item);
		track_item_free(place->item);
	}
	vector_clear(&before->items);
	vector_clear(&before->uses);
	vector_clear(&before->first);
}

void track_list_want(struct track_list *list, const struct config *config)
{
	struct track_list before = *list;

	*list = (struct track_list){
		.forget = before.forget, .changed = before.changed, .data = before.data};
	for (size_t i = 0; config && i < config->routers.count; i++) {
		vector_push(&list->first, list->uses.count);
		track_add_router(list, &config->routers.items[i].track);
	}
	vector_push(&list->first, list->uses.count);
	track_merge(list, &before);
	track_count(list);
	track_forget(list, &before);
}

void track_list_clear(struct track_list *list)
{
	track_list_want(list, NULL);
	vector_clear(&list->first);
}

size_t track_list_of(const struct track_list *list, enum track_kind kind, size_t *first)
{
	*first = list->kinds[kind];
	return list->kinds[kind + 1] - *first;
}

bool track_list_is_tried(const struct track_list *list)
{
	vector_foreach(&list->items, place)
		if (!place->item->tried && place->item->kind != TRACK_INTERFACE)
			return false;
	return true;
}

/* What an item is. */

struct track_outcome {
	enum track_state state;
	int64_t number;
	int amiss;
};

/* What a script or a file said may be anything: a terminal must bear to show it. */
static void track_mask_words(struct track_item *item)
{
	for (char *at = item->words; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* Its words are written. */
static void track_item_become(struct track_list *list, struct track_item *item,
	const struct track_outcome *outcome, uint64_t now)
{
	const struct track_change change = {
		.item = item, .before = item->state, .number = item->number, .since = item->since};

	track_mask_words(item);
	item->tried = true;
	item->untried = false;
	if (item->state == outcome->state && item->number == outcome->number &&
		item->amiss == outcome->amiss)
		return;
	item->state = outcome->state;
	item->number = outcome->number;
	item->amiss = outcome->amiss;
	item->since = now;
	if (list->changed)
		list->changed(list->data, &change);
}

void track_item_set(struct track_list *list, struct track_item *item, enum track_state state,
	int64_t number, uint64_t now, const char *format, ...)
{
	const struct track_outcome outcome = {.state = state, .number = number};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(item->words, sizeof(item->words), format, arguments);
	va_end(arguments);
	track_item_become(list, item, &outcome, now);
}

void track_item_set_amiss(struct track_list *list, struct track_item *item, int amiss, uint64_t now,
	const char *words)
{
	const struct track_outcome outcome = {.state = TRACK_STATE_WELL, .amiss = amiss};

	snprintf(item->words, sizeof(item->words), "%s", words);
	track_item_become(list, item, &outcome, now);
}

void track_item_miss(struct track_list *list, struct track_item *item, const char *format, ...)
{
	const struct track_change change = {
		.item = item, .before = item->state, .number = item->number, .since = item->since};
	bool first = !item->untried;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(item->words, sizeof(item->words), format, arguments);
	va_end(arguments);
	track_mask_words(item);
	item->tried = item->untried = true;
	if (first && list->changed)
		list->changed(list->data, &change);
}

/* What that makes of a router. */

/* Of a file that has a weight, whatever its number is is well. */
static enum track_state track_use_state(const struct track_use *use)
{
	bool weighed = use->weighs && use->item->kind == TRACK_FILE;

	return weighed && use->item->state == TRACK_STATE_UNWELL ? TRACK_STATE_WELL
								 : use->item->state;
}

int64_t track_use_weight(const struct track_use *use)
{
	const struct track_item *item = use->item;

	if (!use->weighs || item->state == TRACK_STATE_UNKNOWN)
		return 0;
	if (item->kind == TRACK_FILE)
		return MIN(MAX(item->number * use->weight, -(int64_t)TRACK_WEIGHT_MOST),
			(int64_t)TRACK_WEIGHT_MOST);
	return (item->state == TRACK_STATE_WELL) == (use->weight > 0) ? use->weight : 0;
}

bool track_use_is_fault(const struct track_use *use)
{
	return !use->weighs && use->item->state == TRACK_STATE_UNWELL;
}

static bool track_has(const struct track_list *list, size_t router)
{
	return router + 1 < list->first.count;
}

void track_list_sum(const struct track_list *list, size_t router, struct routing_fact *fact)
{
	int64_t weight = fact->weight;

	if (!track_has(list, router))
		return;
	for (size_t i = list->first.items[router]; i < list->first.items[router + 1]; i++) {
		const struct track_use *use = &list->uses.items[i];

		if (use->item->kind == TRACK_INTERFACE)
			continue;
		weight += track_use_weight(use);
		fact->fault |= track_use_is_fault(use);
	}
	fact->weight =
		(int32_t)MIN(MAX(weight, -(int64_t)TRACK_WEIGHT_MOST), (int64_t)TRACK_WEIGHT_MOST);
}

char *track_list_fault(const struct track_list *list, size_t router)
{
	if (!track_has(list, router))
		return NULL;
	for (size_t i = list->first.items[router]; i < list->first.items[router + 1]; i++) {
		const struct track_use *use = &list->uses.items[i];
		const struct track_item *item = use->item;

		if (!track_use_is_fault(use) || item->kind == TRACK_INTERFACE)
			continue;
		return memory_printf("%s %.48s, which it tracks: %.50s",
			track_kind_name(item->kind), item->name, item->words);
	}
	return NULL;
}

char *track_list_explain(const struct track_list *list, size_t router, const char *text)
{
	size_t length = strlen(text), tail = strlen(NODE_TROUBLE_TOLD);

	if (length < tail || strcmp(text + length - tail, NODE_TROUBLE_TOLD) != 0)
		return NULL;
	_cleanup_free_ char *fault = track_list_fault(list, router);
	return fault ? memory_printf("%.*s%s", (int)(length - tail), text, fault) : NULL;
}

/* Interfaces are looked at by a process whose end is told elsewhere. */
char *track_list_trouble(const struct track_list *list)
{
	const struct track_item *first = NULL;
	size_t more = 0;

	for (size_t i = list->kinds[TRACK_INTERFACE + 1]; i < list->items.count; i++) {
		const struct track_item *item = list->items.items[i].item;

		if (!item->untried)
			continue;
		more += first != NULL;
		first = first ? first : item;
	}
	if (!first)
		return NULL;
	_cleanup_free_ char *others =
		more ? memory_printf("; and %zu more cannot be looked at", more) : NULL;
	return memory_printf("%s %s, which virtual routers track: %s: it counts %s%s",
		track_kind_name(first->kind), first->name, first->words,
		first->state == TRACK_STATE_UNKNOWN ? "neither way" : "as it did before",
		others ? others : "");
}

static void track_write_use(const struct track_use *use, uint64_t now, struct strbuf *text)
{
	const struct track_item *item = use->item;
	int64_t weight = track_use_weight(use);

	strbuf_add_char(text, '{');
	json_text_member_string(text, "kind", track_kind_name(item->kind));
	json_text_member_string(text, "name", item->name);
	json_text_member_string(text, "state", track_state_name(track_use_state(use)));
	json_text_member_string(text, "words", *item->words ? item->words : NULL);
	json_text_member_flag(text, "untried", item->untried);
	json_text_member_flag(text, "amiss", item->amiss != 0);
	if (item->since)
		json_text_member_number(text, "for_ms",
			now > item->since ? (now - item->since) / UNITS_MILLISECOND : 0);
	else
		json_text_member_null(text, "for_ms");
	json_text_member(text, "priority");
	strbuf_printf(text, "%" PRId64, weight);
	json_text_member_flag(text, "fault", track_use_is_fault(use));
	json_text_close(text);
}

void track_list_write(
	const struct track_list *list, size_t router, uint64_t now, struct strbuf *text)
{
	strbuf_add_char(text, '[');
	for (size_t i = track_has(list, router) ? list->first.items[router] : 0;
		track_has(list, router) && i < list->first.items[router + 1]; i++) {
		if (i > list->first.items[router])
			strbuf_add_char(text, ',');
		track_write_use(&list->uses.items[i], now, text);
	}
	strbuf_add_char(text, ']');
}
