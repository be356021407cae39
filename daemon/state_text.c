// SPDX-License-Identifier: GPL-2.0-or-later
/* The forms of reconciler/state_json.h stay the only ones: each piece is a small state that borrows what it shows, made a tree
 * and taken apart. */
#include "daemon/state_text.h"

#include "daemon/json_text.h"
#include "base/vector.h"
#include "reconciler/state_json.h"

/* Destinations that are made a tree at once. */
#define STATE_TEXT_SLICE 64

void state_text_open(struct strbuf *text)
{
	strbuf_add(text, "{\"services\":[");
}

/* The tree of a service with `count` of its destinations. A new reference. */
static json_t *slice_to_json(const struct service *service, size_t first, size_t count)
{
	struct service slice = *service;
	const struct state state = {.services = {.items = &slice, .count = 1}};

	slice.destinations.items = count ? service->destinations.items + first : NULL;
	slice.destinations.count = count;
	json_t *whole = state_to_json(&state);
	json_t *json = json_incref(json_array_get(json_object_get(whole, "services"), 0));
	json_decref(whole);
	return json;
}

/* All but the destinations, and the list of these opened. */
static void open_service(struct state_text *at, const struct service *service, struct strbuf *text)
{
	json_t *json = slice_to_json(service, 0, 0);

	if (at->begun)
		strbuf_add_char(text, ',');
	json_object_del(json, "destinations");
	json_text_tree(text, json);
	json_decref(json);
	/* In the place of the object's end. */
	text->length--;
	strbuf_add(text, ",\"destinations\":[");
	*at = (struct state_text){.begun = true, .inside = true, .service = service->key};
}

static void write_slice(struct state_text *at, const struct service *service, size_t first,
	size_t count, struct strbuf *text)
{
	json_t *json = slice_to_json(service, first, count);
	json_t *destination;
	size_t i;

	json_array_foreach(json_object_get(json, "destinations"), i, destination)
	{
		if (at->has_destination)
			strbuf_add_char(text, ',');
		json_text_tree(text, destination);
		at->has_destination = true;
	}
	json_decref(json);
	at->destination = service->destinations.items[first + count - 1].key;
}

bool state_text_service(
	struct state_text *at, const struct service *service, struct strbuf *text, size_t limit)
{
	const struct destination_vector *all = &service->destinations;
	size_t next = 0;

	if (at->inside && at->has_destination)
		next = vector_after(all, &at->destination, destination_compare);
	if (!at->inside)
		open_service(at, service, text);
	while (next < all->count) {
		if (text->length >= limit)
			return false;
		size_t count = MIN(all->count - next, (size_t)STATE_TEXT_SLICE);
		write_slice(at, service, next, count, text);
		next += count;
	}
	state_text_abandon(at, text);
	return true;
}

void state_text_abandon(struct state_text *at, struct strbuf *text)
{
	strbuf_add(text, "]}");
	at->inside = false;
}

void state_text_close(const struct state *globals, struct strbuf *text)
{
	struct state view = *globals;

	view.services = (struct service_vector){};
	json_t *json = state_to_json(&view);
	const char *name;
	json_t *value;

	strbuf_add_char(text, ']');
	json_object_foreach(json, name, value)
	{
		if (strcmp(name, "services") == 0)
			continue;
		json_text_member(text, name);
		json_text_tree(text, value);
	}
	strbuf_add_char(text, '}');
	json_decref(json);
}
