// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a scrape stands, and how it goes on.
 *
 * The form wants all samples of a family in one place, so the body goes through the managed services once for each family of
 * services or destinations. It remembers keys, never places: between two pieces the engine may have run. What is gone then is
 * left out, and what has come is found by the families that follow, which is as good as Prometheus can have it. */
#include "daemon/metrics_body.h"

#include <stdio.h>

#include "daemon/metrics_router.h"
#include "daemon/metrics_table.h"
#include "daemon/probe_place.h"

/* Room for the samples of one object, so that a piece ends with one. */
#define BODY_SAMPLE_MOST 1024

struct metrics_body {
	const struct metrics_sources *sources;
	struct metrics_fresh *fresh;
	struct strbuf text; /* made, and not all read yet */
	size_t taken;       /* bytes of it that are read */

	size_t family; /* in the table; its count: it is over */
	bool opened;   /* the family's head is written */
	bool begun;    /* a service of it is written, or was begun: */
	struct service_key service;
	bool inside; /* it is not at its end, and is left behind: */
	struct destination_key destination;

	struct probe_place probe; /* that was written last */
	char *router;             /* likewise, its name; owned */
	uint16_t router_family;   /* AF_… */

	bool services, destinations, probes, routers; /* have series of their own */

	struct metrics_writer writer; /* of the family */
	bool asked;                   /* counters were read in this turn */
};

struct metrics_body *metrics_body_new(
	const struct metrics_sources *sources, struct metrics_fresh *fresh)
{
	struct metrics_body *body = memory_new(sizeof(*body));

	const struct metrics_totals totals = metrics_count(sources->engine);

	body->sources = sources;
	body->services = totals.managed <= sources->limits.services;
	body->destinations = totals.destinations <= sources->limits.destinations;
	body->probes = engine_probes(sources->engine)->count <= sources->limits.destinations;
	body->routers = metrics_count_routers(sources->engine) <= sources->limits.services;
	body->fresh = fresh;
	body->writer.text = &body->text;
	return body;
}

static bool body_is_full(const struct metrics_body *body)
{
	return body->text.length >= METRICS_BODY_PIECE - BODY_SAMPLE_MOST;
}

static void body_next_family(struct metrics_body *body)
{
	body->family++;
	body->opened = body->begun = body->inside = false;
	probe_place_clear(&body->probe);
	free(body->router);
	body->router = NULL;
}

/* Where to go on among the managed services: behind the one that was last, or at it when it was left in its middle. */
static size_t body_place(struct metrics_body *body)
{
	const struct memory *memory = &body->sources->engine->reconciler.record.memory;

	if (!body->begun)
		return 0;
	size_t place = vector_after(&memory->owned, &body->service, service_compare);
	if (!body->inside)
		return place;
	if (place && service_key_compare(&memory->owned.items[place - 1].key, &body->service) == 0)
		return place - 1;
	body->inside = false;
	return place;
}

static void body_label_service(struct metrics_body *body, const struct memory_service *owned)
{
	char text[SERVICE_KEY_TEXT_SIZE];

	body->writer.labels.length = 0;
	metrics_text_label(&body->writer, "service", service_key_format(&owned->key, text));
	metrics_text_label(&body->writer, "name", owned->name);
}

/* The destinations of a service, from where it was left; false when it is left in its middle. */
static bool body_write_destinations(struct metrics_body *body, const struct service *service)
{
	const struct metrics_family *family = &metrics_families[body->family];
	size_t at = body->inside ? vector_after(&service->destinations, &body->destination,
					   destination_compare)
				 : 0;
	size_t common = body->writer.labels.length;

	for (; at < service->destinations.count; at++) {
		const struct destination *destination = &service->destinations.items[at];
		char text[ADDRESS_ENDPOINT_LENGTH];

		if (body_is_full(body))
			return false;
		body->writer.labels.length = common;
		metrics_text_label(&body->writer, "destination",
			destination_key_format(&destination->key, text));
		family->destination(&body->writer, destination);
		body->destination = destination->key;
		body->inside = true;
	}
	body->inside = false;
	return true;
}

/* False when the turn is over before the service is. */
static bool body_write_service(struct metrics_body *body, const struct memory_service *owned)
{
	const struct metrics_family *family = &metrics_families[body->family];
	struct engine *engine = body->sources->engine;
	const struct service *live = state_find_service(&engine->reconciler.live, &owned->key);
	uint64_t now = loop_clock();

	if (!live) {
		body->inside = false;
		return true;
	}
	if (family->owned) {
		body_label_service(body, owned);
		family->owned(&body->writer, body->sources, owned);
		return true;
	}
	if (!metrics_fresh_has(body->fresh, &owned->key, now)) {
		if (body->asked)
			return false;
		body->asked = true;
		metrics_fresh_read(body->fresh, engine, &owned->key, now);
	}
	body_label_service(body, owned);
	if (family->destination)
		return body_write_destinations(body, live);
	family->service(&body->writer, live);
	return true;
}

/* Samples of the family's objects until the piece is full. */
static void body_write_objects(struct metrics_body *body)
{
	const struct memory *memory = &body->sources->engine->reconciler.record.memory;
	size_t place = body_place(body);

	for (; place < memory->owned.count; place++) {
		const struct memory_service *owned = &memory->owned.items[place];

		if (body_is_full(body) || !body_write_service(body, owned))
			break;
		body->service = owned->key;
		body->begun = true;
	}
	if (place == memory->owned.count) {
		body_next_family(body);
		return;
	}
	/* Left in its middle: it is gone on with, not with what follows it. */
	if (body->inside) {
		body->service = memory->owned.items[place].key;
		body->begun = true;
	}
}

/* The same of probes. */
static void body_write_probes(struct metrics_body *body)
{
	const struct metrics_family *family = &metrics_families[body->family];
	const struct engine_probe_vector *probes = engine_probes(body->sources->engine);

	for (size_t i = probe_place_in(&body->probe, probes); i < probes->count; i++) {
		const struct engine_probe *probe = &probes->items[i];
		char text[ADDRESS_ENDPOINT_LENGTH];

		if (body_is_full(body))
			return;
		body->writer.labels.length = 0;
		metrics_text_label(
			&body->writer, "target", destination_key_format(&probe->key.target, text));
		metrics_text_label(&body->writer, "check", probe->key.check);
		family->probe(&body->writer, probe);
		probe_place_set(&body->probe, &probe->key);
	}
	body_next_family(body);
}

static void body_label_router(struct metrics_body *body, const struct routing_router *router)
{
	char vrid[4];

	snprintf(vrid, sizeof(vrid), "%u", router->told.vrid);
	body->writer.labels.length = 0;
	metrics_text_label(&body->writer, "router", router->name);
	metrics_text_label(
		&body->writer, "family", router->told.family == AF_INET ? "ipv4" : "ipv6");
	metrics_text_label(&body->writer, "interface", router->interface);
	metrics_text_label(&body->writer, "vrid", vrid);
}

/* The same of virtual routers. */
static void body_write_routers(struct metrics_body *body)
{
	const struct metrics_family *family = &metrics_families[body->family];
	const struct routing *routing = body->sources->engine->routing;
	size_t count = routing ? routing_count(routing) : 0;
	size_t place = routing && body->router
			       ? routing_after(routing, body->router, body->router_family)
			       : 0;

	for (; place < count; place++) {
		const struct routing_router *router = routing_at(routing, place);

		if (body_is_full(body))
			return;
		body_label_router(body, router);
		family->router(&body->writer, router);
		free(body->router);
		body->router = memory_copy_string(router->name);
		body->router_family = router->told.family;
	}
	body_next_family(body);
}

static bool body_has_series(const struct metrics_body *body, const struct metrics_family *family)
{
	if (family->probe)
		return body->probes;
	if (family->router)
		return body->routers;
	return family->destination ? body->destinations : body->services;
}

static void body_write(struct metrics_body *body)
{
	const struct metrics_family *family = &metrics_families[body->family];

	if (!body->opened) {
		metrics_text_head(&body->text, family->name, family->type, family->help);
		body->writer.name = family->name;
		body->writer.labels.length = 0;
		body->opened = true;
	}
	if (!family->process && body_has_series(body, family)) {
		if (family->probe)
			body_write_probes(body);
		else if (family->router)
			body_write_routers(body);
		else
			body_write_objects(body);
		return;
	}
	if (family->process)
		family->process(&body->writer, body->sources);
	body_next_family(body);
}

/* One piece, or what can be had of it with one reading of counters. */
static void body_make(struct metrics_body *body)
{
	size_t family;
	size_t length;

	body->text.length = body->taken = 0;
	body->asked = false;
	do {
		family = body->family;
		length = body->text.length;
		body_write(body);
	} while (body->family < metrics_family_count && !body_is_full(body) &&
		 (family != body->family || length != body->text.length) && !body->asked);
}

size_t metrics_body_read(struct metrics_body *body, char *to, size_t room)
{
	if (body->taken == body->text.length) {
		if (body->family == metrics_family_count)
			return 0;
		body_make(body);
	}
	size_t size = MIN(room, body->text.length - body->taken);
	memcpy(to, body->text.text + body->taken, size);
	body->taken += size;
	return size;
}

struct metrics_body *metrics_body_free(struct metrics_body *body)
{
	if (!body)
		return NULL;
	strbuf_clear(&body->text);
	metrics_writer_clear(&body->writer);
	probe_place_clear(&body->probe);
	free(body->router);
	free(body);
	return NULL;
}
