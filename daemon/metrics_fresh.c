// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/metrics_fresh.h"

#include "base/log.h"

LOG_MODULE("metrics");

bool metrics_fresh_has(
	const struct metrics_fresh *fresh, const struct service_key *key, uint64_t now)
{
	return fresh->since && now - fresh->since <= METRICS_FRESH_NS &&
	       service_key_compare(&fresh->first, key) <= 0 &&
	       service_key_compare(key, &fresh->last) <= 0;
}

/* The managed services that one read is about. */
struct metrics_fresh_chunk {
	struct service_key keys[METRICS_FRESH_SERVICES];
	size_t count;
};

static size_t metrics_fresh_weight(const struct engine *engine, const struct service_key *key)
{
	const struct service *live = state_find_service(&engine->reconciler.live, key);

	return live ? live->destinations.count : 0;
}

/* From `key` on; at least that one. */
static void metrics_fresh_collect(const struct engine *engine, const struct service_key *key,
	struct metrics_fresh_chunk *chunk)
{
	const struct memory *memory = &engine->reconciler.record.memory;
	size_t at = vector_after(&memory->owned, key, service_compare);
	size_t weight = metrics_fresh_weight(engine, key);

	chunk->keys[0] = *key;
	chunk->count = 1;
	for (; at < memory->owned.count && chunk->count < METRICS_FRESH_SERVICES; at++) {
		const struct service_key *next = &memory->owned.items[at].key;

		weight += metrics_fresh_weight(engine, next);
		if (weight > METRICS_FRESH_DESTINATIONS)
			break;
		chunk->keys[chunk->count++] = *next;
	}
}

/* Whether `key` is what follows the interval. */
static bool metrics_fresh_follows(const struct metrics_fresh *fresh, const struct engine *engine,
	const struct service_key *key, uint64_t now)
{
	const struct memory *memory = &engine->reconciler.record.memory;

	if (!fresh->since || now - fresh->since > METRICS_FRESH_NS)
		return false;
	size_t at = vector_after(&memory->owned, &fresh->last, service_compare);
	return at < memory->owned.count &&
	       service_key_compare(&memory->owned.items[at].key, key) == 0;
}

void metrics_fresh_read(struct metrics_fresh *fresh, struct engine *engine,
	const struct service_key *key, uint64_t now)
{
	_cleanup_error_ struct error error = {};
	struct metrics_fresh_chunk chunk;

	metrics_fresh_collect(engine, key, &chunk);
	int r = engine_refresh_counters(engine, chunk.keys, chunk.count, &error);
	if (r < 0)
		log_debug("counters are not fresh: %s", error_text(&error, r));
	if (!metrics_fresh_follows(fresh, engine, key, now))
		*fresh = (struct metrics_fresh){.since = now, .first = *key};
	fresh->last = chunk.keys[chunk.count - 1];
}
