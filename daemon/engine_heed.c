// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows from verdicts: which services a pass must look at, and what that makes of quorums (engine_heed_tell.c: who went
 * down or came up).
 *
 * A lone change is a pass at once, and what comes soon after that pass is gathered into the next one (gather.h). Steps of slow
 * start are gathered by a gate of their own: no failure waits for them.
 *
 * Each declared service has a line (struct engine_health_service) with what resolve() made of it last: sums of it are
 * at hand for whoever shows them, and its wake is how a service that climbs is looked at again at its time, alone. A line
 * is brought up to date at the end of the turn in which something it depends on changed.
 *
 * People are told in this order: who went down, what that made of quorums, what was applied for it; and all of it after the
 * operations, for no failed server waits for a log. */
#include "base/timespec.h"
#include "daemon/engine_inside.h"
#include "reconciler/resolve.h"

#define HEED_CLIMB_NS 100000000ull

/* Lists of services */

void engine_heed_dirty(struct engine *engine, uint32_t service)
{
	struct engine_health *health = &engine->health;

	if (health->services.items[service].dirty)
		return;
	health->services.items[service].dirty = true;
	vector_push(&health->dirty, service);
}

void engine_heed_stale(struct engine *engine, uint32_t service)
{
	struct engine_health *health = &engine->health;

	if (health->services.items[service].stale)
		return;
	health->services.items[service].stale = true;
	vector_push(&health->stale, service);
}

static bool heed_record_says_lost(const struct engine *engine, const struct service_key *key)
{
	const struct memory_service *owned =
		memory_find_owned(&engine->reconciler.record.memory, key);

	return owned && owned->quorum_lost;
}

/* What waits for a pass waits by its key from now on: its place is another. */
static void heed_mark_dirty(struct engine *engine)
{
	struct engine_health *health = &engine->health;

	vector_foreach(&health->dirty, place)
		engine_mark(engine, &health->services.items[*place].key, ENGINE_REASON_HEALTH);
	health->dirty.count = health->stale.count = 0;
}

void engine_heed_follow(struct engine *engine, const struct files *files)
{
	struct engine_health *health = &engine->health;
	struct engine_health_services before = health->services;
	const struct engine_health_service *old = before.items, *end = old + before.count;
	const size_t count = files ? files->declared.services.count : 0;

	heed_mark_dirty(engine);
	health->services = (struct engine_health_services){};
	vector_reserve(&health->services, count);
	for (size_t i = 0; i < count; i++) {
		const struct service_key *key = &files->declared.services.items[i].key;
		struct engine_health_service *line = vector_append(&health->services);

		while (old < end && service_compare(old, key) < 0)
			old++;
		line->key = *key;
		line->wake = UINT64_MAX;
		if (old < end && service_compare(old, key) == 0) {
			line->quorum_lost = old->quorum_lost;
			line->fallback = old->fallback;
			line->doubted = old->doubted;
			line->doubt_told = old->doubt_told;
			line->begins = old->begins;
		} else {
			line->begins = !engine->reconciled;
			line->quorum_lost = heed_record_says_lost(engine, key);
		}
		engine_heed_stale(engine, (uint32_t)i);
	}
	vector_clear(&before);
	struct engine_health_totals *totals = &health->totals;
	totals->failed = totals->kept = totals->climbing = totals->spares_down = 0;
	totals->failed_in = 0;
	totals->quorums_lost = totals->doubted = 0;
	vector_foreach(&health->services, line) {
		totals->quorums_lost += line->quorum_lost;
		totals->doubted += line->doubted;
	}
}

void engine_heed_record(struct engine *engine)
{
	struct engine_health *health = &engine->health;

	health->totals.quorums_lost = 0;
	vector_foreach(&health->services, line) {
		/* What was told while there was none is still told. */
		line->quorum_lost = heed_record_says_lost(engine, &line->key) ||
				    (engine->reconciled && line->quorum_lost);
		health->totals.quorums_lost += line->quorum_lost;
	}
}

/* Passes */

/* O(services) when one is due, which is a few microseconds. */
void engine_heed_wakes(struct engine *engine, uint64_t now)
{
	struct engine_health *health = &engine->health;

	if (now < MAX(health->wake_next, health->wake_until))
		return;
	health->wake_next = UINT64_MAX;
	health->wake_until = now + HEED_CLIMB_NS;
	vector_foreach(&health->services, line) {
		if (line->wake <= now) {
			line->wake = UINT64_MAX;
			engine_heed_dirty(engine, (uint32_t)(line - health->services.items));
		}
		health->wake_next = MIN(health->wake_next, line->wake);
	}
}

bool engine_heed_take(struct engine *engine, struct engine_keys *keys)
{
	struct engine_health *health = &engine->health;
	bool news = health->news;

	vector_foreach(&health->dirty, place) {
		health->services.items[*place].dirty = false;
		if (keys)
			vector_push(keys, health->services.items[*place].key);
	}
	health->dirty.count = 0;
	health->news = false;
	return news;
}

void engine_heed_gather(struct engine *engine, uint64_t now)
{
	gather_begin(&engine->health.gather, now);
}

void engine_heed_pass(
	struct engine *engine, const struct service_key *keys, size_t count, bool everything)
{
	struct engine_health *health = &engine->health;

	if (everything)
		for (size_t i = 0; i < health->services.count; i++)
			engine_heed_stale(engine, (uint32_t)i);
	for (size_t i = 0; i < count; i++) {
		const struct engine_health_service *line =
			vector_find(&health->services, &keys[i], service_compare);

		if (line)
			engine_heed_stale(engine, (uint32_t)(line - health->services.items));
	}
}

uint64_t engine_heed_next(const struct engine *engine)
{
	const struct engine_health *health = &engine->health;
	uint64_t wake = MAX(health->wake_next, health->wake_until);

	return health->dirty.count ? MIN(gather_until(&health->gather), wake) : wake;
}

/* The lines */

static const struct service *heed_live(
	const struct engine *engine, const struct declared_service *service)
{
	return state_find_service(&engine->reconciler.live, &service->key);
}

/* Whether it takes new connections, in the table as it was seen last. */
static bool heed_serves(const struct service *live, const struct declared_destination *destination)
{
	const struct destination *found =
		live ? vector_find(&live->destinations, &destination->key, destination_compare)
		     : NULL;

	return found && found->attributes.weight;
}

bool engine_fallback_serves(const struct engine *engine, const struct declared_service *service)
{
	const struct service *live = service->has_fallback ? heed_live(engine, service) : NULL;

	if (!live)
		return false;
	vector_foreach(&service->destinations, destination)
		if (destination->fallback && heed_serves(live, destination))
			return true;
	return false;
}

bool engine_lost_quorum(const struct engine *engine, const struct service_key *service)
{
	const struct engine_health_service *line =
		vector_find(&engine->health.services, service, service_compare);

	return line ? line->quorum_lost : heed_record_says_lost(engine, service);
}

/* What that means for the fallback. A service without one has none to speak of. `wanted`: it is to serve, `serves`: it does; the line
 * has still what it did before. */
static const char *heed_fallback_words(const struct engine *engine,
	const struct engine_health_service *line, bool wanted, bool serves)
{
	bool suspended = engine_only_looks(engine);

	if (line->quorum_lost && serves)
		return "; the fallback serves";
	if (line->quorum_lost && !wanted)
		return "; the fallback cannot serve either";
	if (line->quorum_lost)
		return suspended ? "; the fallback does not serve, for poised is suspended"
				 : "; the fallback does not serve yet";
	if (serves && suspended)
		return "; the fallback still serves, for poised is suspended";
	return line->fallback ? "; the fallback serves no more" : "";
}

/* `fallback`: what it does from now on. */
static void heed_tell_quorum(struct engine *engine, const struct engine_health_service *line,
	const struct declared_service *service, const struct resolve_output *output, bool fallback)
{
	bool wanted = resolve_fallback_serves(service, output);
	_cleanup_strbuf_ struct strbuf where = {};
	bool lost = line->quorum_lost;
	char listener[SERVICE_KEY_TEXT_SIZE];
	_cleanup_free_ char *object =
		memory_printf("service %s", service_key_format(&service->key, listener));
	struct engine_notice notice = {
		.event = lost ? ENGINE_NOTICE_QUORUM_LOST : ENGINE_NOTICE_QUORUM_REGAINED,
		.wall = timespec_wall_ms(),
	};

	const struct engine_field fields[] = {
		{.name = "state", .text = lost ? "lost" : "regained"},
		{.name = "service", .text = service->name},
		{.name = "listener", .text = listener},
		{.name = "healthy", .kind = ENGINE_FIELD_NUMBER, .number = output->healthy_weight},
		{.name = "quorum", .kind = ENGINE_FIELD_NUMBER, .number = service->quorum},
		{.name = "hysteresis",
			.kind = ENGINE_FIELD_NUMBER,
			.number = service->quorum_hysteresis},
		{.name = "fallback", .kind = ENGINE_FIELD_FLAG, .number = fallback},
	};
	struct engine_event event = {.kind = ENGINE_EVENT_QUORUM,
		.object = object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields)};

	resolve_describe_quorum(service, output, &where);
	engine_tell_event(engine, &event, "%s: %s%s", lost ? "lost" : "regained", where.text,
		service->has_fallback ? heed_fallback_words(engine, line, wanted, fallback) : "");
	engine_heed_notify(engine, service, &notice);
}

/* Of one whose servers are all kept by min-healthy, from now on or no more. */
static void heed_tell_doubt(struct engine *engine, const struct engine_health_service *line,
	const struct declared_service *service)
{
	char listener[SERVICE_KEY_TEXT_SIZE];
	_cleanup_free_ char *object =
		memory_printf("service %s", service_key_format(&service->key, listener));
	struct engine_notice notice = {
		.event = line->doubted ? ENGINE_NOTICE_CHECKS_DOUBTED
				       : ENGINE_NOTICE_CHECKS_BELIEVED,
		.wall = timespec_wall_ms(),
	};
	const struct engine_field fields[] = {
		{.name = "state", .text = line->doubted ? "begun" : "over"},
		{.name = "service", .text = service->name},
		{.name = "listener", .text = listener},
		{.name = "kept", .kind = ENGINE_FIELD_NUMBER, .number = line->kept},
	};
	struct engine_event event = {.kind = ENGINE_EVENT_DOUBT,
		.object = object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields)};

	if (line->doubted)
		engine_tell_event(engine, &event,
			"begun: the checks of all servers fail, which is doubted: min-healthy "
			"keeps %u",
			line->kept);
	else
		engine_tell_event(engine, &event, "over: its checks are believed again");
	engine_heed_notify(engine, service, &notice);
}

static void heed_sum(
	struct engine_health_totals *totals, const struct engine_health_service *line, size_t sign)
{
	totals->failed += sign * line->failed;
	totals->failed_in += sign * line->failed_in;
	totals->kept += sign * line->kept;
	totals->climbing += sign * line->climbing;
	totals->spares_down += sign * line->spares_down;
	totals->doubted += sign * line->doubted;
	totals->quorums_lost += sign * line->quorum_lost;
}

static void heed_count(const struct engine *engine, struct engine_health_service *line,
	const struct declared_service *service, const struct resolve_output *output)
{
	const struct service *live = NULL;

	line->failed = line->failed_in = line->kept = line->climbing = line->spares_down = 0;
	vector_foreach(&output->destinations, resolution) {
		size_t place = (size_t)(resolution - output->destinations.items);

		line->kept += resolution->role == RESOLUTION_ROLE_KEPT;
		line->climbing += resolution->role == RESOLUTION_ROLE_CLIMBS;
		line->spares_down +=
			resolution->role == RESOLUTION_ROLE_SPARE && !resolution->verdict.up;
		if (resolution->role != RESOLUTION_ROLE_FAILED)
			continue;
		live = live ? live : heed_live(engine, service);
		line->failed++;
		line->failed_in += heed_serves(live, &service->destinations.items[place]);
	}
	line->doubted = resolve_doubts_checks(output);
}

/* No pass is there to say what is so: poised is suspended, or has to wait for the backend. */
static bool heed_is_idle(const struct engine *engine, uint64_t now)
{
	return engine_only_looks(engine) ||
	       (engine->reconciled && (!engine->connected || now < engine->pass_next));
}

/* What a pass is to make of a service is told when that is over. */
static void heed_note_doubt(struct engine *engine, struct engine_health_service *line,
	const struct declared_service *service, bool idle)
{
	if (line->doubted == line->doubt_told || (line->dirty && !idle && !line->begins))
		return;
	line->doubt_told = line->doubted;
	if (!line->begins)
		heed_tell_doubt(engine, line, service);
}

/* What resolve() says of the service now goes into its line. */
static void heed_look_at(
	struct engine *engine, uint32_t place, uint64_t now, struct resolve_output *output)
{
	struct engine_health *health = &engine->health;
	struct engine_health_service *line = &health->services.items[place];
	const struct declared_service *service = &health->of->declared.services.items[place];
	bool idle = heed_is_idle(engine, now), told = line->quorum_lost;
	bool lost = idle ? told : heed_record_says_lost(engine, &line->key);

	heed_sum(&health->totals, line, (size_t)-1);
	resolve(service, &engine->facts, lost, now, output);
	/* The record has what the last pass made of it. */
	lost = idle ? output->quorum_lost : lost;
	heed_count(engine, line, service, output);
	line->wake = output->wake;
	health->wake_next = MIN(health->wake_next, line->wake);
	line->quorum_lost = lost;
	line->stale = false;
	heed_sum(&health->totals, line, 1);
	bool fallback = engine_fallback_serves(engine, service);
	heed_note_doubt(engine, line, service, idle);
	line->begins = false;
	if (lost != told)
		heed_tell_quorum(engine, line, service, output, fallback);
	line->fallback = fallback;
}

void engine_heed_look(struct engine *engine, uint64_t now)
{
	struct engine_health *health = &engine->health;
	struct resolve_output output = {};

	for (size_t i = 0; i < health->stale.count; i++)
		heed_look_at(engine, health->stale.items[i], now, &output);
	vector_clear(&output.destinations);
	health->stale.count = 0;
}
