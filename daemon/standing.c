// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/standing.h"

#include <inttypes.h>
#include <time.h>

#include "model/units.h"

static const char *const standing_names[STANDING_COUNT] = {
	[STANDING_OK] = "ok",
	[STANDING_MISSING] = "missing",
	[STANDING_DIFFERS] = "differs",
	[STANDING_FAILED] = "failed",
	[STANDING_LEAVING] = "leaving",
	[STANDING_UNMANAGED] = "unmanaged",
	[STANDING_DRAINING] = "draining",
	[STANDING_DRAINED] = "drained",
	[STANDING_FOREIGN] = "foreign",
	[STANDING_DOWN] = "down",
	[STANDING_FAILING] = "failing",
	[STANDING_UNTRIED] = "untried",
	[STANDING_KEPT] = "kept",
	[STANDING_CLIMBING] = "climbing",
	[STANDING_STANDBY] = "standby",
	[STANDING_FALLBACK] = "fallback",
	[STANDING_SPARE] = "spare",
	[STANDING_NO_QUORUM] = "no-quorum",
	[STANDING_UNUSABLE] = "unusable",
};

const char *standing_name(enum standing standing)
{
	return standing_names[standing];
}

bool standing_is_managed(const struct walk_service *service)
{
	return service->declared || service->owned || service->desired;
}

static void say(struct strbuf *why, const char *text)
{
	if (why->length)
		strbuf_add(why, "; ");
	strbuf_add(why, text);
}

/* What is not as it should be will not change by itself now. */
static enum standing standing_waits(
	const struct engine *engine, enum standing standing, struct strbuf *why)
{
	if (engine->operator.suspended)
		say(why, "poised is suspended and changes nothing");
	else if (engine_is_suspended(engine))
		say(why, "poised changes nothing until operator.json can be read");
	return standing;
}

static bool standing_failed(
	const struct engine *engine, const struct plan_op *op, struct strbuf *why)
{
	const struct retry *retry = engine->retries.count ? retry_find(&engine->retries, op) : NULL;

	if (!retry)
		return false;
	say(why, retry->error ? retry->error : "it was refused");
	if (retry->attempts > 1)
		strbuf_printf(why, " (tried %u times)", retry->attempts);
	return true;
}

static enum standing standing_missing(const struct engine *engine, struct strbuf *why)
{
	if (!engine->connected)
		say(why, "what is there is not known: the backend cannot be reached");
	return standing_waits(engine, STANDING_MISSING, why);
}

/* Services */

static void say_service_difference(const struct service_attributes *is,
	const struct service_attributes *should, struct strbuf *why)
{
	if (strcmp(is->scheduler, should->scheduler) != 0)
		strbuf_printf(why, "scheduler %s, should be %s", is->scheduler, should->scheduler);
	else if (is->scheduler_flags != should->scheduler_flags)
		say(why, "scheduler flags are others than they should be");
	if (is->persistent != should->persistent)
		say(why, is->persistent ? "persistent, and should not be"
					: "not persistent, and should be");
	else if (is->persistence_timeout != should->persistence_timeout) {
		say(why, "persistence ");
		strbuf_printf(why, "%" PRIu32 " s, should be %" PRIu32 " s",
			is->persistence_timeout, should->persistence_timeout);
	}
	if (is->one_packet != should->one_packet)
		say(why, is->one_packet ? "one-packet, and should not be"
					: "not one-packet, and should be");
	if (!why->length)
		say(why, "persistence is another than it should be");
}

static enum standing standing_of_leaving(
	const struct engine *engine, const struct walk_service *service, struct strbuf *why)
{
	if (!service->desired && engine->files->declared.prune == CONFIG_PRUNE_NONE) {
		say(why, "left the files, and is kept: `prune: none`");
		return STANDING_OK;
	}
	say(why, "left the files");
	if (engine->confirming)
		say(why, "goes when the change is confirmed");
	else if (service->desired)
		strbuf_printf(why, "; goes when its destinations have drained (%zu)",
			service->desired->destinations.count);
	return standing_waits(engine, STANDING_LEAVING, why);
}

/* Whether it is not to be there for want of a role (`standby: remove`). */
static bool standing_stands_by(const struct engine *engine, const struct walk_service *service)
{
	return engine->files && service->declared && service->declared->standby_removes &&
	       !service->desired;
}

static enum standing standing_of_standby(const struct engine *engine,
	const struct walk_service *service, const struct health_view *health, struct strbuf *why)
{
	const struct declared_service *declared = service->declared;
	enum facts_role role =
		facts_role(&engine->facts, declared->router, declared->key.address.family);

	strbuf_printf(why,
		role == FACTS_ROLE_UNKNOWN ? "nobody says what its virtual router %s is"
					   : "its virtual router %s is not active",
		declared->router);
	if (service->live)
		return standing_waits(engine, STANDING_LEAVING, why);
	if (health_view_lost_quorum(health)) {
		strbuf_add(why, "; ");
		resolve_describe_quorum(declared, &health->output, why);
	}
	return STANDING_STANDBY;
}

/* ": 2 drained, 1 down, 1 of weight 0 by their checks" */
static void say_unusable(const struct health_view *health, struct strbuf *why)
{
	struct {
		size_t count;
		const char *words;
	} parts[] = {{0, "drained"}, {0, "down"}, {0, "of weight 0 by their checks"}};
	const char *separator = ": ";

	for (size_t i = 0; i < health->output.destinations.count; i++) {
		enum resolution_role role = health->output.destinations.items[i].role;

		parts[0].count += role == RESOLUTION_ROLE_DRAINS_OPERATOR ||
				  role == RESOLUTION_ROLE_DRAINS_DECLARED;
		parts[1].count += role == RESOLUTION_ROLE_FAILED;
		parts[2].count +=
			health_view_is_weightless(health, &health->service->destinations.items[i]);
	}
	say(why, "no usable destination");
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		if (!parts[i].count)
			continue;
		strbuf_printf(why, "%s%zu %s", separator, parts[i].count, parts[i].words);
		separator = ", ";
	}
}

static enum standing standing_of_doubt(const struct health_view *health, struct strbuf *why)
{
	size_t kept = 0;

	if (!health_view_doubts(health))
		return STANDING_OK;
	vector_foreach(&health->output.destinations, resolution)
		kept += resolution->role == RESOLUTION_ROLE_KEPT;
	strbuf_printf(why,
		"the checks of all servers fail, which is doubted: min-healthy keeps %zu", kept);
	return STANDING_KEPT;
}

static bool standing_serves(const struct service *live)
{
	vector_foreach(&live->destinations, destination)
		if (destination->attributes.weight)
			return true;
	return false;
}

/* As it must be; health may say more. */
static enum standing standing_of_quorum(const struct engine *engine,
	const struct walk_service *service, const struct health_view *health, struct strbuf *why)
{
	if (!health_view_lost_quorum(health))
		return standing_of_doubt(health, why);
	if (!resolve_serves_any(&health->output)) {
		say_unusable(health, why);
		return standing_serves(service->live)
			       ? standing_waits(engine, STANDING_UNUSABLE, why)
			       : STANDING_UNUSABLE;
	}
	resolve_describe_quorum(service->declared, &health->output, why);
	if (health_view_fallback_serves(health)) {
		say(why, "the fallback serves");
	} else if (resolve_fallback_serves(service->declared, &health->output)) {
		say(why, "the fallback does not serve");
		return standing_waits(engine, STANDING_NO_QUORUM, why);
	}
	return STANDING_NO_QUORUM;
}

enum standing standing_of_service(const struct engine *engine, const struct walk_service *service,
	const struct health_view *health, struct strbuf *why)
{
	const struct plan_op op = {.object = PLAN_OBJECT_SERVICE, .service = service->key};

	if (!standing_is_managed(service))
		return STANDING_UNMANAGED;
	if (standing_failed(engine, &op, why))
		return STANDING_FAILED;
	if (standing_stands_by(engine, service))
		return standing_of_standby(engine, service, health, why);
	if (!service->live)
		return standing_missing(engine, why);
	if (!engine->files) {
		say(why, "no files have been in force yet");
		return STANDING_OK;
	}
	if (!service->desired || service->desired->leaving)
		return standing_of_leaving(engine, service, why);
	if (service_attributes_equal(&service->live->attributes, &service->desired->attributes))
		return standing_of_quorum(engine, service, health, why);
	say_service_difference(&service->live->attributes, &service->desired->attributes, why);
	return standing_waits(engine, STANDING_DIFFERS, why);
}

/* Destinations */

static void say_destination_difference(const struct destination_attributes *is,
	const struct destination_attributes *should, struct strbuf *why)
{
	if (is->weight != should->weight)
		strbuf_printf(
			why, "weight %" PRIu32 ", should be %" PRIu32, is->weight, should->weight);
	if (is->forward != should->forward) {
		say(why, forward_method_name(is->forward));
		strbuf_printf(why, ", should be %s", forward_method_name(should->forward));
	}
	if (is->upper_threshold != should->upper_threshold ||
		is->lower_threshold != should->lower_threshold)
		say(why, "thresholds are others than they should be");
	if (!why->length)
		say(why, "the tunnel is another than it should be");
}

/* The time of day when `until` is, with its date when that is not today. */
static void say_until(uint64_t until, uint64_t now, struct strbuf *why)
{
	struct timespec wall;
	struct tm broken, today;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &wall);
	/* To the nearest second: both clocks were read at other moments than when it was said. */
	uint64_t left = until - now + (uint64_t)wall.tv_nsec + UNITS_SECOND / 2;
	time_t end = wall.tv_sec + (time_t)(left / UNITS_SECOND);
	if (!localtime_r(&end, &broken) || !localtime_r(&wall.tv_sec, &today))
		return;
	if (broken.tm_year == today.tm_year && broken.tm_yday == today.tm_yday)
		strftime(text, sizeof(text), "%H:%M", &broken);
	else
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &broken);
	strbuf_printf(why, " until %s", text);
}

/* Whether somebody's word takes a declared destination out; says whose. */
static bool say_drained(const struct engine *engine, const struct walk_service *service,
	const struct walk_destination *destination, uint64_t now, struct strbuf *why)
{
	if (!destination->declared)
		return false;
	if (destination->declared->drain) {
		say(why, "state: drain");
		return true;
	}
	uint64_t until = facts_drained_until(&engine->facts, &service->key, &destination->key, now);
	if (!until)
		return false;
	say(why, "drained by the operator");
	if (until != UINT64_MAX)
		say_until(until, now, why);
	return true;
}

/* It may fail meanwhile, and would then not be there when the drain ends. */
static void say_its_checks(const struct walk_destination *destination,
	const struct health_view *health, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf says = {};

	health_view_say(health, destination->declared, &says);
	if (says.length)
		say(why, says.text);
}

/* One that is live and not declared. */
static enum standing standing_of_undeclared(const struct engine *engine,
	const struct walk_service *service, const struct walk_destination *destination,
	struct strbuf *why)
{
	const struct memory *memory = &engine->reconciler.record.memory;
	bool drains = memory_find_drain(memory, &service->key, &destination->key);

	if (drains || destination->desired || !service->declared) {
		if (!service->declared && engine->files->declared.prune == CONFIG_PRUNE_NONE)
			return STANDING_OK;
		say(why, service->declared ? "left the files" : "its service left the files");
		if (engine->confirming)
			say(why, "goes when the change is confirmed");
		return standing_waits(engine, STANDING_DRAINING, why);
	}
	say(why, "the files do not have it: it is deleted");
	return standing_waits(engine, STANDING_FOREIGN, why);
}

/* What its check alone says of it; `well` when that is nothing. */
static enum standing standing_of_check(const struct declared_destination *declared,
	const struct health_view *health, enum standing well, struct strbuf *why)
{
	health_view_say(health, declared, why);
	if (health_view_is_down(health, declared))
		return STANDING_DOWN;
	if (health_view_is_failing(health, declared))
		return STANDING_FAILING;
	return health_view_is_untried(health, declared) ? STANDING_UNTRIED : well;
}

/* Whether the next pass would leave it as it is. */
static bool standing_is_settled(const struct walk_destination *destination)
{
	if (!destination->live || !destination->desired)
		return !destination->live && !destination->desired;
	return destination_attributes_equal(
		&destination->live->attributes, &destination->desired->attributes);
}

/* Whether it served when it was given a check that begins with down, and keeps its connections until that says otherwise. */
static bool standing_is_untested(const struct engine *engine, const struct walk_service *service,
	const struct walk_destination *destination)
{
	const struct memory *memory = &engine->reconciler.record.memory;
	const struct memory_drain *drain =
		memory_find_drain(memory, &service->key, &destination->key);

	return destination->live && drain && drain->reason == DRAIN_REASON_UNTESTED;
}

/* One that must not serve now, by what health says. STANDING_COUNT: health says no such thing. */
static enum standing standing_of_absent(const struct engine *engine,
	const struct walk_service *service, const struct walk_destination *destination,
	const struct health_view *health, struct strbuf *why)
{
	switch (health_view_role(health, destination->declared)) {
	case RESOLUTION_ROLE_FAILED:
		health_view_say(health, destination->declared, why);
		if (standing_is_untested(engine, service, destination))
			return standing_waits(engine, STANDING_DRAINING, why);
		return standing_is_settled(destination)
			       ? STANDING_DOWN
			       : standing_waits(engine, STANDING_DOWN, why);
	case RESOLUTION_ROLE_SPARE:
		if (!destination->live)
			return standing_of_check(
				destination->declared, health, STANDING_SPARE, why);
		say(why, "the fallback is not needed any more");
		return standing_waits(engine, STANDING_DRAINING, why);
	case RESOLUTION_ROLE_STEPS_BACK:
		/* With weight 0, it is as it must be when its attributes are; where the scheduler does not honour that,
		 * when it is out. */
		if (health_view_is_in(health, destination->declared))
			return STANDING_COUNT;
		health_view_say(health, destination->declared, why);
		return standing_is_settled(destination)
			       ? STANDING_STANDBY
			       : standing_waits(engine, STANDING_STANDBY, why);
	default:
		return STANDING_COUNT;
	}
}

/* One that is as it must be, by what health says. */
static enum standing standing_of_present(const struct walk_destination *destination,
	const struct health_view *health, struct strbuf *why)
{
	static const enum standing standings[RESOLUTION_ROLE_COUNT] = {
		[RESOLUTION_ROLE_CLIMBS] = STANDING_CLIMBING,
		[RESOLUTION_ROLE_KEPT] = STANDING_KEPT,
		[RESOLUTION_ROLE_STEPS_BACK] = STANDING_STANDBY,
	};

	if (!destination->declared)
		return STANDING_OK;
	enum standing by_role = standings[health_view_role(health, destination->declared)];
	enum standing by_check = standing_of_check(destination->declared, health,
		destination->declared->fallback ? STANDING_FALLBACK : STANDING_OK, why);
	return by_role != STANDING_OK ? by_role : by_check;
}

enum standing standing_of_destination(const struct engine *engine,
	const struct walk_service *service, const struct walk_destination *destination,
	const struct health_view *health, struct strbuf *why)
{
	const struct plan_op op = {.object = PLAN_OBJECT_DESTINATION,
		.service = service->key,
		.destination.key = destination->key};

	if (!standing_is_managed(service) || !engine->files)
		return STANDING_OK;
	if (standing_failed(engine, &op, why))
		return STANDING_FAILED;
	if (say_drained(engine, service, destination, health->now, why)) {
		say_its_checks(destination, health, why);
		if (!destination->live)
			return STANDING_DRAINED;
		return standing_waits(engine, STANDING_DRAINING, why);
	}
	enum standing absent = standing_of_absent(engine, service, destination, health, why);
	if (absent != STANDING_COUNT)
		return absent;
	if (!destination->live && standing_stands_by(engine, service))
		return standing_of_check(destination->declared, health, STANDING_STANDBY, why);
	if (!destination->live)
		return standing_missing(engine, why);
	if (!destination->declared)
		return standing_of_undeclared(engine, service, destination, why);
	if (!destination->desired || destination_attributes_equal(&destination->live->attributes,
					     &destination->desired->attributes))
		return standing_of_present(destination, health, why);
	say_destination_difference(
		&destination->live->attributes, &destination->desired->attributes, why);
	return standing_waits(engine, STANDING_DIFFERS, why);
}
