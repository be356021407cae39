// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows from verdicts: which services a pass must look at, and what people are told.
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
#include <inttypes.h>

#include "daemon/engine_inside.h"
#include "model/units.h"
#include "reconciler/resolve.h"

#define HEED_CLIMB_NS 100000000ull

static const char *const heed_notice_names[ENGINE_NOTICE_COUNT] = {
	[ENGINE_NOTICE_DESTINATION_DOWN] = "destination-down",
	[ENGINE_NOTICE_DESTINATION_UP] = "destination-up",
	[ENGINE_NOTICE_QUORUM_LOST] = "quorum-lost",
	[ENGINE_NOTICE_QUORUM_REGAINED] = "quorum-regained",
	[ENGINE_NOTICE_ROUTER_ACTIVE] = "router-active",
	[ENGINE_NOTICE_ROUTER_BACKUP] = "router-backup",
	[ENGINE_NOTICE_ROUTER_STOPPED] = "router-stopped",
};

const char *engine_notice_name(enum engine_notice_event event)
{
	return heed_notice_names[event];
}

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
		} else {
			line->quorum_lost = heed_record_says_lost(engine, key);
		}
		engine_heed_stale(engine, (uint32_t)i);
	}
	vector_clear(&before);
	struct engine_health_totals *totals = &health->totals;
	totals->failed = totals->kept = totals->climbing = totals->spares_down = 0;
	totals->failed_in = 0;
	totals->quorums_lost = totals->doubted = 0;
	vector_foreach(&health->services, line)
		totals->quorums_lost += line->quorum_lost;
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

/* Who went down or came up */

static void heed_notify(
	struct engine *engine, const struct declared_service *service, struct engine_notice *notice)
{
	char listener[SERVICE_KEY_TEXT_SIZE];

	if (!engine->options.notify || !service->notify || !service->notify->count)
		return;
	notice->command = service->notify;
	notice->service = service->name;
	notice->listener = service_key_format(&service->key, listener);
	engine->options.notify(engine->options.data, notice);
}

void engine_set_notified(struct engine *engine, const struct engine_notified *notified)
{
	engine->health.notified = *notified;
}

/* Whether no other check of a destination is down, as far as it was told. */
static bool heed_others_pass(
	const struct engine *engine, const struct declared_destination *destination, uint32_t probe)
{
	const struct engine_health_table *table = &engine->health.table;

	if (destination->checks.count < 2)
		return true;
	vector_foreach(&destination->checks, check) {
		const struct probe_key key = declared_probe_key(destination, *check);
		const struct engine_probe *found =
			vector_find(&table->probes, &key, probe_key_compare);

		if (found != &table->probes.items[probe] && found->told_down)
			return false;
	}
	return true;
}

/* Those whose destination went down or came up with it: one that has other checks is down from the first that fails until the last
 * passes again. */
static void heed_notify_users(struct engine *engine, const struct engine_health_change *change)
{
	const struct engine_health_table *table = &engine->health.table;
	uint32_t end = table->first.items[change->probe + 1];

	for (uint32_t i = table->first.items[change->probe]; i < end; i++) {
		const struct engine_probe_user *user = &table->users.items[i];
		const struct declared_service *service =
			&engine->health.of->declared.services.items[user->service];
		const struct declared_destination *declared =
			&service->destinations.items[user->destination];
		char destination[ADDRESS_ENDPOINT_LENGTH];
		struct engine_notice notice = {
			.event = change->up ? ENGINE_NOTICE_DESTINATION_UP
					    : ENGINE_NOTICE_DESTINATION_DOWN,
			.destination = destination_key_format(&declared->key, destination),
			.check = table->probes.items[change->probe].key.check,
			.reason = change->reason,
			.wall = change->wall,
		};

		if (heed_others_pass(engine, declared, change->probe))
			heed_notify(engine, service, &notice);
	}
}

static void heed_format_change(const struct engine_health_change *change, struct strbuf *text)
{
	if (change->trying && change->reason) {
		strbuf_printf(
			text, "cannot be tried: %s; its verdict stays as it is", change->reason);
		return;
	}
	if (change->trying) {
		strbuf_add(text, "can be tried again");
		return;
	}
	if (!change->up) {
		strbuf_printf(text, "down: %s", change->reason ? change->reason : "it fails");
		return;
	}
	if (change->weight_only && change->weight == VERDICT_NO_WEIGHT) {
		strbuf_add(text, "its check says no weight any more");
		return;
	}
	if (change->weight_only) {
		strbuf_printf(text, "its check says weight %d", change->weight);
		return;
	}
	strbuf_add(text, change->down_ns ? "up again after " : "up");
	/* To the second, or to the millisecond where that would be none. */
	uint64_t unit = change->down_ns < UNITS_SECOND ? UNITS_MILLISECOND : UNITS_SECOND;
	if (change->down_ns)
		units_format_duration(change->down_ns / unit * unit, text);
	if (change->weight != VERDICT_NO_WEIGHT)
		strbuf_printf(text, "; its check says weight %d", change->weight);
}

/* Who has the probe, as far as there is room in an event. */
struct heed_users {
	struct engine_event_user items[ENGINE_EVENT_USERS_MOST];
	char listeners[ENGINE_EVENT_USERS_MOST][SERVICE_KEY_TEXT_SIZE];
	char destinations[ENGINE_EVENT_USERS_MOST][ADDRESS_ENDPOINT_LENGTH];
};

static void heed_add_users(const struct engine *engine, uint32_t probe, struct heed_users *users,
	struct engine_event *event)
{
	const struct engine_health_table *table = &engine->health.table;
	const uint32_t *first = &table->first.items[probe];

	event->user_total = first[1] - first[0];
	event->user_count = MIN(event->user_total, (size_t)ENGINE_EVENT_USERS_MOST);
	event->users = users->items;
	for (size_t i = 0; i < event->user_count; i++) {
		const struct engine_probe_user *user = &table->users.items[first[0] + i];
		const struct declared_service *service =
			&engine->health.of->declared.services.items[user->service];

		const struct declared_destination *destination =
			&service->destinations.items[user->destination];

		users->items[i] = (struct engine_event_user){
			.service = service->name,
			.listener = service_key_format(&service->key, users->listeners[i]),
			.destination =
				destination_key_format(&destination->key, users->destinations[i]),
			.up = !table->probes.items[probe].told_down &&
			      heed_others_pass(engine, destination, probe),
		};
	}
}

/* What a change says for programs; how many members. `up` and `tried` are always there. */
static size_t heed_list_change(const struct engine_health_change *change,
	const struct engine_probe *probe, const char *target, struct engine_field fields[static 7])
{
	bool up = change->trying ? probe->verdict.up : change->up;
	size_t count = 0;

	fields[count++] = (struct engine_field){.name = "state", .text = up ? "up" : "down"};
	fields[count++] = (struct engine_field){.name = "target", .text = target};
	fields[count++] = (struct engine_field){.name = "check", .text = probe->key.check};
	fields[count++] = (struct engine_field){.name = "tried",
		.kind = ENGINE_FIELD_FLAG,
		.number = change->trying ? !change->reason : !probe->untried};
	fields[count++] = (struct engine_field){.name = "reason", .text = change->reason};
	if (change->trying || !up)
		return count;
	if (change->down_ns)
		fields[count++] = (struct engine_field){.name = "down_ms",
			.kind = ENGINE_FIELD_NUMBER,
			.number = change->down_ns / UNITS_MILLISECOND};
	bool says = change->weight != VERDICT_NO_WEIGHT;
	fields[count++] = (struct engine_field){.name = "weight",
		.kind = says ? ENGINE_FIELD_NUMBER : ENGINE_FIELD_NONE,
		.number = says ? (uint64_t)change->weight : 0};
	return count;
}

static void heed_tell_change(struct engine *engine, const struct engine_health_change *change)
{
	struct engine_probe *probe = &engine->health.table.probes.items[change->probe];
	char target[ADDRESS_ENDPOINT_LENGTH];
	_cleanup_strbuf_ struct strbuf text = {};
	_cleanup_free_ char *object = memory_printf("%s check %s",
		destination_key_format(&probe->key.target, target), probe->key.check);
	bool untried = change->trying && change->reason;
	struct engine_field fields[7];
	struct heed_users users;
	struct engine_event event = {
		.kind = untried ? ENGINE_EVENT_UNTRIED : ENGINE_EVENT_HEALTH,
		.object = object,
		.fields = fields,
		.field_count = heed_list_change(change, probe, target, fields),
	};

	if (!change->trying)
		probe->told_down = !change->up;
	heed_format_change(change, &text);
	heed_add_users(engine, change->probe, &users, &event);
	engine_tell_event(engine, &event, "%s", text.text);
	if (!change->weight_only && !change->trying)
		heed_notify_users(engine, change);
}

void engine_heed_tell(struct engine *engine)
{
	struct engine_health *health = &engine->health;

	vector_foreach(&health->untold, change) {
		heed_tell_change(engine, change);
		free(change->reason);
	}
	health->untold.count = 0;
}

/* The first check of a destination that it was told to be down by; NULL. */
static const struct engine_probe *heed_find_told(
	const struct engine_health_table *table, const struct declared_destination *destination)
{
	vector_foreach(&destination->checks, check) {
		const struct probe_key key = declared_probe_key(destination, *check);
		const struct engine_probe *probe =
			vector_find(&table->probes, &key, probe_key_compare);

		if (probe && probe->told_down)
			return probe;
	}
	return NULL;
}

/* A destination of the files before, as it is in those that are in force now. */
static void heed_tell_freed(struct engine *engine, const struct service_key *listener,
	const struct declared_destination *was, const struct engine_probe *by)
{
	const struct declared_service *service =
		declared_find_service(&engine->health.of->declared, listener);
	const struct declared_destination *is =
		service ? vector_find(&service->destinations, was, destination_compare) : NULL;
	char destination[ADDRESS_ENDPOINT_LENGTH];

	if (!is || heed_find_told(&engine->health.table, is))
		return;
	struct engine_notice notice = {
		.event = ENGINE_NOTICE_DESTINATION_UP,
		.destination = destination_key_format(&is->key, destination),
		.check = by->key.check,
		.wall = engine_wall_ms(),
	};
	heed_notify(engine, service, &notice);
}

void engine_heed_tell_freed(
	struct engine *engine, const struct engine_health_table *before, const struct files *of)
{
	for (size_t i = 0; of && engine->health.of && i < before->probes.count; i++) {
		const struct engine_probe *probe = &before->probes.items[i];

		for (uint32_t u = before->first.items[i];
			probe->told_down && u < before->first.items[i + 1]; u++) {
			const struct engine_probe_user *user = &before->users.items[u];
			const struct declared_service *service =
				&of->declared.services.items[user->service];
			const struct declared_destination *was =
				&service->destinations.items[user->destination];

			if (heed_find_told(before, was) == probe)
				heed_tell_freed(engine, &service->key, was, probe);
		}
	}
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
		.wall = engine_wall_ms(),
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
	heed_notify(engine, service, &notice);
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
