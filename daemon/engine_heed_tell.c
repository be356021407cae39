// SPDX-License-Identifier: GPL-2.0-or-later
/* Who went down or came up: an event for each probe, and the `notify` commands of the services that have it.
 *
 * What is told is what a service sees of its destination, by all checks of that. It changes with a probe, and with other files,
 * which give a destination a check that is down already, take one off it, or have a service that did not know it yet. A destination that is
 * new is told to be down where that is known; one that only begins so, or was so before a restart, is no news. */
#include "base/timespec.h"
#include "daemon/engine_inside.h"
#include "model/units.h"

static const char *const heed_notice_names[ENGINE_NOTICE_COUNT] = {
	[ENGINE_NOTICE_DESTINATION_DOWN] = "destination-down",
	[ENGINE_NOTICE_DESTINATION_UP] = "destination-up",
	[ENGINE_NOTICE_QUORUM_LOST] = "quorum-lost",
	[ENGINE_NOTICE_QUORUM_REGAINED] = "quorum-regained",
	[ENGINE_NOTICE_CHECKS_DOUBTED] = "checks-doubted",
	[ENGINE_NOTICE_CHECKS_BELIEVED] = "checks-believed",
	[ENGINE_NOTICE_ROUTER_ACTIVE] = "router-active",
	[ENGINE_NOTICE_ROUTER_BACKUP] = "router-backup",
	[ENGINE_NOTICE_ROUTER_STOPPED] = "router-stopped",
};

const char *engine_notice_name(enum engine_notice_event event)
{
	return heed_notice_names[event];
}

void engine_heed_notify(
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
			engine_heed_notify(engine, service, &notice);
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
		strbuf_printf(text, "down%s: %s", change->stays ? " as it began" : "",
			change->reason ? change->reason : "it fails");
		return;
	}
	if (change->stays && change->weight == VERDICT_NO_WEIGHT) {
		strbuf_add(text, "its check says no weight any more");
		return;
	}
	if (change->stays) {
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

static void heed_set_user(struct heed_users *users, size_t i,
	const struct declared_service *service, const struct declared_destination *destination,
	bool up)
{
	users->items[i] = (struct engine_event_user){
		.service = service->name,
		.listener = service_key_format(&service->key, users->listeners[i]),
		.destination = destination_key_format(&destination->key, users->destinations[i]),
		.up = up,
	};
}

static void heed_add_users(const struct engine *engine, uint32_t probe, struct heed_users *users,
	struct engine_event *event)
{
	const struct engine_health_table *table = &engine->health.table;
	const uint32_t *first = &table->first.items[probe];
	bool down = table->probes.items[probe].told_down;

	event->user_total = first[1] - first[0];
	event->user_count = MIN(event->user_total, (size_t)ENGINE_EVENT_USERS_MOST);
	event->users = users->items;
	for (size_t i = 0; i < event->user_count; i++) {
		const struct engine_probe_user *user = &table->users.items[first[0] + i];
		const struct declared_service *service =
			&engine->health.of->declared.services.items[user->service];
		const struct declared_destination *destination =
			&service->destinations.items[user->destination];

		heed_set_user(users, i, service, destination,
			!down && heed_others_pass(engine, destination, probe));
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
	if (!change->stays && !change->trying)
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

/* Other files */

/* Those whose destination is up or down by other files alone, of the probe that it is down by. */
struct heed_turned {
	const struct declared_service *service; /* of the files in force */
	const struct declared_destination *destination;
};

/* A table, and the files that it is of. */
struct heed_side {
	const struct engine_health_table *table;
	const struct files *of;
};

/* From the one to the other. */
struct heed_turn {
	bool up;
	struct heed_side down,
		other; /* where they are down: before, when they come up; and not so */
	struct {
		VECTOR_OF(struct heed_turned);
	} users; /* of one probe */
};

/* The first check of a destination that it was told to be down by; NULL. `settled`: of those that are known to be. */
static const struct engine_probe *heed_find_told(const struct engine_health_table *table,
	const struct declared_destination *destination, bool settled)
{
	vector_foreach(&destination->checks, check) {
		const struct probe_key key = declared_probe_key(destination, *check);
		const struct engine_probe *probe =
			vector_find(&table->probes, &key, probe_key_compare);

		if (probe && probe->told_down && (probe->verdict.settled || !settled))
			return probe;
	}
	return NULL;
}

/* One who has several checks that are down is told by the first. */
static void heed_add_turned(struct heed_turn *turn, const struct engine_probe *probe,
	const struct engine_probe_user *user)
{
	const struct declared_service *service =
		&turn->down.of->declared.services.items[user->service];
	const struct declared_destination *destination =
		&service->destinations.items[user->destination];
	const struct declared_service *others =
		declared_find_service(&turn->other.of->declared, &service->key);
	const struct declared_destination *other =
		others ? vector_find(&others->destinations, destination, destination_compare)
		       : NULL;

	if (heed_find_told(turn->down.table, destination, !turn->up && !other) != probe)
		return;
	if (other ? heed_find_told(turn->other.table, other, false) != NULL : turn->up)
		return;
	vector_push(&turn->users, (turn->up ? (struct heed_turned){others, other}
					    : (struct heed_turned){service, destination}));
}

static void heed_format_turned(const struct heed_turn *turn, const struct engine_probe *probe,
	const char *why, struct strbuf *text)
{
	char listener[SERVICE_KEY_TEXT_SIZE];

	if (probe->verdict.up)
		strbuf_add(text, "up, as its check begins");
	else
		strbuf_printf(text, "down: %s", why ? why : "it fails");
	strbuf_printf(text, "; since the files changed it %s %s",
		turn->up ? "no longer counts against" : "counts against",
		service_key_format(&turn->users.items[0].service->key, listener));
	if (turn->users.count > 1)
		strbuf_printf(text, " and %zu more", turn->users.count - 1);
}

static void heed_list_turned(
	const struct heed_turn *turn, struct heed_users *users, struct engine_event *event)
{
	event->user_total = turn->users.count;
	event->user_count = MIN(event->user_total, (size_t)ENGINE_EVENT_USERS_MOST);
	event->users = users->items;
	for (size_t i = 0; i < event->user_count; i++) {
		const struct heed_turned *turned = &turn->users.items[i];

		heed_set_user(users, i, turned->service, turned->destination, turn->up);
	}
}

static void heed_notify_turned(struct engine *engine, const struct heed_turn *turn,
	const struct engine_probe *by, const char *why)
{
	vector_foreach(&turn->users, turned) {
		char destination[ADDRESS_ENDPOINT_LENGTH];
		struct engine_notice notice = {
			.event = turn->up ? ENGINE_NOTICE_DESTINATION_UP
					  : ENGINE_NOTICE_DESTINATION_DOWN,
			.destination =
				destination_key_format(&turned->destination->key, destination),
			.check = by->key.check,
			.reason = turn->up ? NULL : why,
			.wall = timespec_wall_ms(),
		};

		engine_heed_notify(engine, turned->service, &notice);
	}
}

/* `by`: the probe that they were, or are, down by. */
static void heed_tell_turned(
	struct engine *engine, const struct heed_turn *turn, const struct engine_probe *by)
{
	/* One that nobody asks for any more is as it was last. */
	const struct engine_probe *now = engine_find_probe(engine, &by->key);
	const struct engine_probe *probe = now ? now : by;
	const char *why = probe->verdict.settled ? probe->reason : "it has not passed yet";
	char target[ADDRESS_ENDPOINT_LENGTH];
	_cleanup_strbuf_ struct strbuf text = {};
	_cleanup_free_ char *object = memory_printf(
		"%s check %s", destination_key_format(&by->key.target, target), by->key.check);
	const struct engine_field fields[] = {
		{.name = "state", .text = probe->verdict.up ? "up" : "down"},
		{.name = "target", .text = target},
		{.name = "check", .text = by->key.check},
		{.name = "tried", .kind = ENGINE_FIELD_FLAG, .number = !probe->untried},
		{.name = "reason", .text = probe->verdict.up ? NULL : why},
		{.name = "cause", .text = "files"},
	};
	struct heed_users users;
	struct engine_event event = {.kind = ENGINE_EVENT_HEALTH,
		.object = object,
		.fields = fields,
		.field_count = ARRAY_LENGTH(fields)};

	heed_list_turned(turn, &users, &event);
	heed_format_turned(turn, probe, why, &text);
	engine_tell_event(engine, &event, "%s", text.text);
	heed_notify_turned(engine, turn, by, why);
}

/* O(users of what is down × log services). */
static void heed_tell_turn(struct engine *engine, struct heed_turn *turn)
{
	const struct engine_health_table *table = turn->down.table;

	for (size_t i = 0; i < table->probes.count; i++) {
		const struct engine_probe *probe = &table->probes.items[i];

		turn->users.count = 0;
		for (uint32_t u = table->first.items[i];
			probe->told_down && u < table->first.items[i + 1]; u++)
			heed_add_turned(turn, probe, &table->users.items[u]);
		if (turn->users.count)
			heed_tell_turned(engine, turn, probe);
	}
	vector_clear(&turn->users);
}

void engine_heed_tell_files(
	struct engine *engine, const struct engine_health_table *before, const struct files *of)
{
	const struct heed_side was = {before, of};
	const struct heed_side is = {&engine->health.table, engine->health.of};

	if (!was.of || !is.of)
		return;
	heed_tell_turn(engine, &(struct heed_turn){.up = true, .down = was, .other = is});
	heed_tell_turn(engine, &(struct heed_turn){.up = false, .down = is, .other = was});
}
