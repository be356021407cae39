// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/walk.h"

/* Services for which what must exist is asked at once. */
#define WALK_WINDOW 32

static void walk_lay_run(struct walk_run *run, const void *items, size_t count, size_t size,
	const struct walk *walk, bool past)
{
	size_t first =
		walk->begun ? vector_after_(&walk->last, items, count, size, service_compare) : 0;

	run->begin = items;
	if (!past && first && service_compare(run->begin + (first - 1) * size, &walk->last) == 0)
		first--;
	run->at = run->begin ? run->begin + first * size : NULL;
	run->end = run->begin ? run->begin + count * size : NULL;
	run->size = size;
}

#define WALK_LAY_RUN(walk, run, vector, past)                                                      \
	walk_lay_run(&(walk)->runs[run], (vector)->items, (vector)->count,                         \
		sizeof(*(vector)->items), (walk), (past))

/* Lays the runs; the window is asked for when it is needed. */
static void walk_lay(struct walk *walk, struct engine *engine, bool past)
{
	static const struct declared_service_vector none = {};

	walk->engine = engine;
	walk->window = 0;
	WALK_LAY_RUN(walk, WALK_RUN_DECLARED,
		engine->files ? &engine->files->declared.services : &none, past);
	WALK_LAY_RUN(walk, WALK_RUN_LIVE, &engine->reconciler.live.services, past);
	WALK_LAY_RUN(walk, WALK_RUN_OWNED, &engine->reconciler.record.memory.owned, past);
}

void walk_resume(struct walk *walk, struct engine *engine)
{
	walk_lay(walk, engine, true);
}

/* What was given last is now whatever stands before this one: behind it the window begins. */
void walk_resume_at(struct walk *walk, struct engine *engine, const struct service_key *key)
{
	walk->begun = true;
	walk->last = *key;
	walk_lay(walk, engine, false);
	const struct service_key *before = NULL;
	for (size_t i = 0; i < WALK_RUN_COUNT; i++) {
		const struct walk_run *run = &walk->runs[i];

		if (run->at == run->begin)
			continue;
		/* Keys stand first in the items. */
		const struct service_key *one = (const void *)(run->at - run->size);
		if (!before || service_key_compare(one, before) > 0)
			before = one;
	}
	walk->begun = before;
	if (before)
		walk->last = *before;
}

/* What is desired is declared or owned, and engine_desired() counts these. The walk goes over both too, so WALK_WINDOW of
 * its services are within WALK_WINDOW of those. */
static void walk_fill_window(struct walk *walk)
{
	state_clear(&walk->desired);
	engine_desired(walk->engine, walk->begun ? &walk->last : NULL, WALK_WINDOW, &walk->desired);
	walk->window = WALK_WINDOW;
}

static const struct service_key *walk_least(const struct walk *walk)
{
	const struct service_key *least = NULL;

	for (size_t i = 0; i < WALK_RUN_COUNT; i++) {
		const struct service_key *key = (const void *)walk->runs[i].at;

		if (walk->runs[i].at < walk->runs[i].end &&
			(!least || service_key_compare(key, least) < 0))
			least = key;
	}
	return least;
}

/* The run's item of that key, stepping over it; NULL when it has none. */
static const void *walk_take(
	struct walk *walk, enum walk_run_name name, const struct service_key *key)
{
	struct walk_run *run = &walk->runs[name];
	const char *item = run->at;

	if (item == run->end || service_key_compare((const void *)item, key) != 0)
		return NULL;
	run->at += run->size;
	return item;
}

bool walk_next(struct walk *walk, struct walk_service *ret)
{
	for (;;) {
		const struct service_key *key = walk_least(walk);

		if (!key)
			return false;
		if (walk->window == 0)
			walk_fill_window(walk);
		walk->window--;
		walk->last = *key;
		walk->begun = true;
		*ret = (struct walk_service){.key = *key};
		ret->declared = walk_take(walk, WALK_RUN_DECLARED, &ret->key);
		ret->live = walk_take(walk, WALK_RUN_LIVE, &ret->key);
		ret->owned = walk_take(walk, WALK_RUN_OWNED, &ret->key);
		ret->desired = state_find_service(&walk->desired, &ret->key);
		/* What is owned alone went, and the record will say so soon. */
		if (ret->declared || ret->live)
			return true;
	}
}

void walk_clear(struct walk *walk)
{
	state_clear(&walk->desired);
}

void walk_destinations_begin(struct walk_destinations *walk, const struct walk_service *service,
	const struct destination_key *after)
{
	*walk = (struct walk_destinations){};
	if (service->declared && service->declared->destinations.count) {
		const struct declared_destination_vector *all = &service->declared->destinations;
		size_t first = after ? vector_after(all, after, destination_compare) : 0;

		walk->declared = all->items + first;
		walk->declared_end = all->items + all->count;
	}
	if (service->live && service->live->destinations.count) {
		const struct destination_vector *all = &service->live->destinations;
		size_t first = after ? vector_after(all, after, destination_compare) : 0;

		walk->live = all->items + first;
		walk->live_end = all->items + all->count;
	}
	if (service->desired && service->desired->destinations.count) {
		const struct destination_vector *all = &service->desired->destinations;
		size_t first = after ? vector_after(all, after, destination_compare) : 0;

		walk->desired = all->items + first;
		walk->desired_end = all->items + all->count;
	}
}

bool walk_destinations_next(struct walk_destinations *walk, struct walk_destination *ret)
{
	bool declared = walk->declared < walk->declared_end, live = walk->live < walk->live_end;

	if (!declared && !live)
		return false;
	int order = declared && live ? destination_compare(walk->declared, walk->live)
				     : (declared ? -1 : 1);
	*ret = (struct walk_destination){
		.declared = order <= 0 ? walk->declared++ : NULL,
		.live = order >= 0 ? walk->live++ : NULL,
	};
	ret->key = ret->declared ? ret->declared->key : ret->live->key;
	/* Whatever is desired is declared or live, so nothing is stepped over for good. */
	while (walk->desired < walk->desired_end &&
		destination_key_compare(&walk->desired->key, &ret->key) < 0)
		walk->desired++;
	if (walk->desired < walk->desired_end &&
		destination_key_compare(&walk->desired->key, &ret->key) == 0)
		ret->desired = walk->desired++;
	return true;
}
