// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of probes, and what is said of them.
 *
 * Probes and their users are places in arrays: a verdict finds its probe by a binary search, and from there to the services it is
 * one step each. When other files are put in force the table is made anew by a merge with the one before, so that what
 * is known of a probe is kept for as long as somebody asks for it. A check whose port is another probes another target,
 * and is yet the same check of the same destination: its verdicts are kept too.
 *
 * A verdict goes into the table at once, and into the facts at the next turn, all that came together in one go. What follows
 * from it is engine_heed.c's. */
#include "daemon/engine_inside.h"

/* Of the time, at most one part in so many goes into writing; and what lags behind does so for at most a second. */
#define HEALTH_SAVE_PART 20
#define HEALTH_SAVE_NS   1000000000ull

bool engine_probes_are_tried(const struct engine *engine)
{
	vector_foreach(&engine->health.table.probes, probe)
		if (!probe->wall && !probe->untried)
			return false;
	return true;
}

const struct engine_probe_vector *engine_probes(const struct engine *engine)
{
	return &engine->health.table.probes;
}

const struct engine_probe *engine_find_probe(
	const struct engine *engine, const struct probe_key *key)
{
	return vector_find(&engine->health.table.probes, key, probe_key_compare);
}

void engine_set_probing(struct engine *engine, const struct engine_probing *probing)
{
	engine->health.probing = *probing;
}

void engine_wait_for_health(struct engine *engine, uint64_t until)
{
	engine->health.wait_until = until;
}

uint64_t engine_health_gate(const struct engine *engine)
{
	return engine->health.table.probes.count ? engine->health.wait_until : 0;
}

/* The table */

static bool health_is_up_initially(const struct config_check *check)
{
	return check->initially == CONFIG_INITIALLY_UP;
}

static void health_add_probes(struct engine_health_table *table, const struct declared *declared)
{
	struct declared_probe_vector asked = {};

	declared_probes(declared, &asked);
	vector_reserve(&table->probes, asked.count);
	vector_foreach(&asked, probe)
		vector_push(&table->probes,
			((struct engine_probe){
				.key = probe->key,
				.check = probe->check,
				.verdict = {.up = health_is_up_initially(probe->check),
					.weight = VERDICT_NO_WEIGHT},
			}));
	vector_clear(&asked);
}

static uint32_t health_place(
	const struct engine_health_table *table, const struct declared_destination *destination)
{
	const struct probe_key key = declared_probe_key(destination);
	const struct engine_probe *probe = vector_find(&table->probes, &key, probe_key_compare);

	return (uint32_t)(probe - table->probes.items);
}

/* A user, before it is in its place. */
struct health_asker {
	uint32_t probe;
	struct engine_probe_user user;
};

struct health_askers {
	VECTOR_OF(struct health_asker);
};

/* In the order of the services. */
static void health_find_askers(const struct engine_health_table *table,
	const struct declared *declared, struct health_askers *ret)
{
	for (size_t s = 0; s < declared->services.count; s++) {
		const struct declared_service *service = &declared->services.items[s];

		for (size_t d = 0; d < service->destinations.count; d++)
			if (service->destinations.items[d].check)
				vector_push(ret, ((struct health_asker){
							 health_place(table,
								 &service->destinations.items[d]),
							 {(uint32_t)s, (uint32_t)d}}));
	}
}

/* Sorted into their probes by counting. */
static void health_add_users(struct engine_health_table *table, const struct declared *declared)
{
	struct health_askers askers = {};
	uint32_t sum = 0;

	health_find_askers(table, declared, &askers);
	for (size_t i = 0; i <= table->probes.count; i++)
		vector_push(&table->first, 0);
	vector_foreach(&askers, asker)
		table->first.items[asker->probe]++;
	vector_foreach(&table->first, first) {
		sum += *first;
		*first = sum;
	}
	vector_foreach(&askers, asker)
		vector_append(&table->users);
	/* From the end, so that each probe's first is where it should be when all are in. */
	for (const struct health_asker *asker = askers.items + askers.count;
		asker > askers.items;) {
		asker--;
		table->users.items[--table->first.items[asker->probe]] = asker->user;
	}
	vector_clear(&askers);
}

static void health_table_clear(struct engine_health_table *table)
{
	vector_foreach(&table->probes, probe) {
		free(probe->reason);
		free(probe->untried);
	}
	vector_clear(&table->probes);
	vector_clear(&table->users);
	vector_clear(&table->first);
}

/* What was known before a restart. */
static void health_recall(const struct engine_health *health, struct engine_probe *probe)
{
	const struct verdicts_item *kept = vector_find(&health->kept, probe, probe_key_compare);

	if (!kept)
		return;
	probe->verdict = kept->verdict;
	probe->failures = kept->failures;
	probe->failing = kept->failures > 0;
	probe->wall = kept->wall;
	/* The last report is kept, and it was of a failure when one is counted; else nobody knows when that was. */
	probe->failed = probe->failing && kept->reason ? kept->wall : 0;
	probe->reason = memory_copy_string(kept->reason);
}

/* The probe of the old table that the first user's destination had by the same check; NULL: none. */
static struct engine_probe *health_find_before(const struct engine_health *health,
	const struct engine_health_table *table, const struct files *files,
	const struct engine_probe *probe)
{
	size_t place = (size_t)(probe - table->probes.items);
	const struct engine_probe_user *user = &table->users.items[table->first.items[place]];
	const struct declared_service *service = &files->declared.services.items[user->service];
	const struct config_check *check =
		health->of ? config_find_check(&health->of->config, probe->key.check) : NULL;

	if (!check)
		return NULL;
	const struct probe_key key = {
		.target = probe_target(check, &service->destinations.items[user->destination].key),
		.check = probe->key.check,
	};
	return vector_find(&health->table.probes, &key, probe_key_compare);
}

static bool health_is_down(const struct engine_probe *probe)
{
	return !probe->verdict.up && probe->verdict.settled;
}

/* The probe that brought down a user's destination when it was still of another check; whoever has that check now. NULL: none. */
static const struct engine_probe *health_find_down(const struct engine_health *health,
	const struct engine_health_table *table, const struct files *files,
	const struct engine_probe *probe)
{
	const uint32_t *first = &table->first.items[probe - table->probes.items];

	for (uint32_t i = first[0]; health->of && i < first[1]; i++) {
		const struct engine_probe_user *user = &table->users.items[i];
		const struct declared_service *service =
			&files->declared.services.items[user->service];
		const struct declared_service *old =
			declared_find_service(&health->of->declared, &service->key);
		const struct declared_destination *was =
			old ? vector_find(&old->destinations,
				      &service->destinations.items[user->destination],
				      destination_compare)
			    : NULL;

		if (!was || !was->check)
			continue;
		const struct probe_key key = declared_probe_key(was);
		const struct engine_probe *before =
			vector_find(&health->table.probes, &key, probe_key_compare);
		if (before && health_is_down(before))
			return before;
	}
	return NULL;
}

/* That it could not be tried is of that check and that target: another one has not been tried yet. */
static void health_inherit(struct engine_probe *probe, const struct engine_probe *before)
{
	probe->failing = before->failing;
	probe->failures = before->failures;
	probe->wall = before->wall;
	probe->failed = before->failed;
	probe->reason = memory_copy_string(before->reason);
	if (probe_key_compare(probe, before) == 0)
		probe->untried = memory_copy_string(before->untried);
	/* What only `initially` said, it says anew. */
	if (before->verdict.settled)
		probe->verdict = before->verdict;
}

/* The old probes of one target, of which one that is down and gone may be known to a new one. */
struct health_group {
	const struct engine_probe *next, *end; /* of the old table, behind the group */
	const struct engine_probe *down;       /* NULL: none */
};

/* On to the group of the probe's target. Each old probe is looked at once. */
static void health_group_seek(struct health_group *group, const struct engine_health_table *table,
	const struct engine_probe *probe)
{
	int order = group->down
			    ? destination_key_compare(&group->down->key.target, &probe->key.target)
			    : -1;

	if (order < 0)
		group->down = NULL;
	for (; group->next < group->end; group->next++) {
		const struct engine_probe *old = group->next;

		order = destination_key_compare(&old->key.target, &probe->key.target);
		if (order > 0)
			break;
		if (order == 0 && !group->down && health_is_down(old) &&
			!vector_find(&table->probes, &old->key, probe_key_compare))
			group->down = old;
	}
}

/* What the old table knows goes into the new one: a merge. A check by another name, or another check, begins with what brought its
 * server down: that it has not failed yet says nothing of the server. So it is for the destination of a service that has another
 * check now, and for a server that nobody has by the old one any more. */
static void health_inherit_all(const struct engine_health *health,
	struct engine_health_table *table, const struct files *files)
{
	const struct engine_probe *old = health->table.probes.items;
	const struct engine_probe *end = old + health->table.probes.count;
	struct health_group group = {.next = old, .end = end};

	vector_foreach(&table->probes, probe) {
		const struct engine_probe *before = NULL;

		while (old < end && probe_key_compare(old, probe) < 0)
			old++;
		if (old < end && probe_key_compare(old, probe) == 0)
			before = old;
		else
			before = health_find_before(health, table, files, probe);
		health_group_seek(&group, table, probe);
		if (!before)
			before = health_find_down(health, table, files, probe);
		if (!before)
			before = group.down;
		if (before)
			health_inherit(probe, before);
		else
			health_recall(health, probe);
	}
}

/* All facts anew. */
static void health_put_all(struct engine *engine)
{
	const struct engine_health_table *table = &engine->health.table;
	struct facts_health_vector facts = {};

	vector_foreach(&table->probes, probe)
		if (!verdict_is_plain(&probe->verdict))
			vector_push(&facts, ((struct facts_health){
						    .key = probe->key, .verdict = probe->verdict}));
	facts_clear_health(&engine->facts);
	facts_put_health(&engine->facts, facts.items, facts.count);
	vector_clear(&facts);
	engine->health.changed.count = 0;
}

static void health_sum(
	struct engine_health_totals *totals, const struct engine_probe *probe, size_t sign)
{
	totals->probes_down += sign * !probe->verdict.up;
	totals->probes_failing += sign * (probe->verdict.up && probe->failing);
	totals->probes_untried += sign * (probe->untried != NULL);
}

static void health_count(struct engine_health *health)
{
	struct engine_health_totals *totals = &health->totals;

	totals->probes_down = totals->probes_failing = totals->probes_untried = 0;
	vector_foreach(&health->table.probes, probe)
		health_sum(totals, probe, 1);
}

/* Whether what the facts say of a probe is another thing than they said. */
static bool health_matters(const struct verdict *before, const struct verdict *now)
{
	if (before->up != now->up || before->weight != now->weight ||
		before->recovered != now->recovered)
		return true;
	/* What was never tried is not kept in for want of others. */
	if (!now->up && before->settled != now->settled)
		return true;
	/* Since when it is up counts for slow start alone. */
	return before->since != now->since && (!now->up || now->recovered);
}

static void health_mark_users(struct engine *engine, size_t probe)
{
	const struct engine_health_table *table = &engine->health.table;

	for (uint32_t i = table->first.items[probe]; i < table->first.items[probe + 1]; i++) {
		engine_heed_dirty(engine, table->users.items[i].service);
		engine_heed_stale(engine, table->users.items[i].service);
	}
	engine->health.news = true;
}

/* Files that are the same for a service may yet say otherwise what it begins with. */
static void health_mark_others(struct engine *engine, const struct engine_health_table *before)
{
	const struct engine_probe *old = before->probes.items;
	const struct engine_probe *end = old + before->probes.count;
	const struct engine_probe_vector *probes = &engine->health.table.probes;

	vector_foreach(probes, probe) {
		while (old < end && probe_key_compare(old, probe) < 0)
			old++;
		if (old < end && probe_key_compare(old, probe) == 0 &&
			health_matters(&old->verdict, &probe->verdict))
			health_mark_users(engine, (size_t)(probe - probes->items));
	}
}

void engine_health_follow(struct engine *engine, const struct files *files)
{
	struct engine_health *health = &engine->health;
	struct engine_health_table table = {};

	engine_heed_tell(engine);
	if (files) {
		health_add_probes(&table, &files->declared);
		health_add_users(&table, &files->declared);
		health_inherit_all(health, &table, files);
	}
	engine_heed_follow(engine, files);
	struct engine_health_table before = health->table;
	health->table = table;
	health->of = files;
	engine->probes_serial++;
	health_put_all(engine);
	health_count(health);
	health_mark_others(engine, &before);
	/* A file that is no good is written anew also where there is nothing to say in it. */
	health->unsaved |= before.probes.count > 0 || table.probes.count > 0 ||
			   engine->troubles[ENGINE_TROUBLE_HEALTH_FILE];
	health_table_clear(&before);
	if (files)
		verdicts_clear(&health->kept);
}

/* Verdicts */

static void health_add_change(
	struct engine *engine, const struct engine_probe *probe, const struct verdict *now)
{
	const struct verdict *before = &probe->verdict;
	bool known = before->settled && before->since && now->since > before->since;

	vector_push(&engine->health.untold,
		((struct engine_health_change){
			.probe = (uint32_t)(probe - engine->health.table.probes.items),
			.up = now->up,
			.weight_only = now->up == before->up,
			.weight = now->weight,
			.down_ns = now->up && known ? now->since - before->since : 0,
			.wall = probe->wall,
			.reason = now->up ? NULL : memory_copy_string(probe->reason),
		}));
	if (now->up != before->up)
		engine->health.transitions[now->up]++;
}

static void health_add_trying(struct engine *engine, const struct engine_probe *probe)
{
	vector_push(&engine->health.untold,
		((struct engine_health_change){
			.probe = (uint32_t)(probe - engine->health.table.probes.items),
			.trying = true,
			.reason = memory_copy_string(probe->untried),
		}));
}

/* Whoever has begun to probe a moment ago has not tried it yet, and says so by no time. He tells of his first try,
 * whatever comes of it. */
static void health_take_trying(
	struct engine *engine, struct engine_probe *probe, const struct engine_verdict *said)
{
	bool before = probe->untried;

	if (!said->untried && !said->wall)
		return;
	free(probe->untried);
	probe->untried = said->untried ? memory_copy_string(said->reason) : NULL;
	if (said->untried != before)
		health_add_trying(engine, probe);
}

static void health_take_report(struct engine_probe *probe, const struct engine_verdict *said)
{
	/* Another one who probes, and has not tried it yet: the last report is still the one of before. */
	if (!said->wall)
		return;
	probe->failing = said->failing;
	probe->failures = said->failures;
	probe->wall = said->wall;
	if (!*said->reason || said->untried)
		return;
	probe->failed = said->wall;
	if (probe->reason && strcmp(probe->reason, said->reason) == 0)
		return;
	free(probe->reason);
	probe->reason = memory_copy_string(said->reason);
}

static void health_take(struct engine *engine, const struct engine_verdict *said)
{
	struct engine_health *health = &engine->health;
	struct engine_health_totals *totals = &health->totals;
	struct engine_probe *probe =
		vector_find(&health->table.probes, &said->key, probe_key_compare);

	if (!probe)
		return;
	health_sum(totals, probe, (size_t)-1);
	health_take_report(probe, said);
	health_take_trying(engine, probe, said);
	if (said->verdict.up != probe->verdict.up ||
		(said->verdict.up && said->verdict.weight != probe->verdict.weight))
		health_add_change(engine, probe, &said->verdict);
	bool matters = health_matters(&probe->verdict, &said->verdict);
	bool same = verdict_equal(&probe->verdict, &said->verdict);
	probe->verdict = said->verdict;
	health_sum(totals, probe, 1);
	health->unsaved |= !same;
	if (!matters)
		return;
	uint32_t place = (uint32_t)(probe - health->table.probes.items);
	vector_push(&health->changed, place);
	health_mark_users(engine, place);
}

void engine_verdicts(struct engine *engine, const struct engine_verdict *verdicts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		health_take(engine, &verdicts[i]);
}

static int health_compare_places(const void *a, const void *b)
{
	return COMPARE(*(const uint32_t *)a, *(const uint32_t *)b);
}

void engine_health_apply(struct engine *engine)
{
	struct engine_health *health = &engine->health;
	struct facts_health_vector facts = {};

	if (!health->changed.count)
		return;
	vector_sort(&health->changed, health_compare_places);
	vector_foreach(&health->changed, place) {
		const struct engine_probe *probe = &health->table.probes.items[*place];

		if (place > health->changed.items && place[-1] == *place)
			continue;
		vector_push(&facts,
			((struct facts_health){.key = probe->key, .verdict = probe->verdict}));
	}
	facts_put_health(&engine->facts, facts.items, facts.count);
	vector_clear(&facts);
	health->changed.count = 0;
}

/* What outlives a restart */

void engine_health_load(struct engine *engine)
{
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *text = NULL;
	int r = verdicts_load(
		engine->options.state_dir, reconciler_now(), &engine->health.kept, &error);

	if (r == 0)
		return;
	text = memory_printf("%s: so what was down before is not known, and counts as up or down "
			     "as its check says, until that has found out; the file is written "
			     "anew",
		error_text(&error, r));
	engine_set_trouble(engine, ENGINE_TROUBLE_HEALTH_FILE, text);
}

static void health_tell_save(struct engine *engine, int r, const struct error *error)
{
	_cleanup_free_ char *text = NULL;

	if (r < 0)
		text = memory_printf(
			"%s: a restart would not know what is down; make room for the file, "
			"or take away what is in its place",
			error_text(error, r));
	engine_set_trouble(engine, ENGINE_TROUBLE_HEALTH_FILE, text);
}

static int health_write(const struct engine *engine, uint64_t now, struct error *error)
{
	struct verdicts verdicts = {};

	vector_foreach(&engine->health.table.probes, probe)
		if (verdicts_worth(&probe->verdict, now))
			vector_push(&verdicts, ((struct verdicts_item){
						       .key = probe->key,
						       .verdict = probe->verdict,
						       .failures = probe->failures,
						       .wall = probe->wall,
						       .reason = probe->reason,
					       }));
	int r = verdicts_save(engine->options.state_dir, &verdicts, now, error);
	vector_clear(&verdicts); /* the texts are the table's */
	return r;
}

void engine_health_save(struct engine *engine, uint64_t now, bool must)
{
	struct engine_health *health = &engine->health;
	_cleanup_error_ struct error error = {};

	if (!health->unsaved || (now < health->save_next && !must))
		return;
	uint64_t start = reconciler_now();
	int r = health_write(engine, now, &error);
	uint64_t wait = (reconciler_now() - start) * HEALTH_SAVE_PART;
	health_tell_save(engine, r, &error);
	health->unsaved = r < 0;
	/* What cannot be written now cannot be so in a moment. */
	health->save_next = now + (r < 0 ? HEALTH_SAVE_NS : MIN(wait, HEALTH_SAVE_NS));
}

void engine_health_clear(struct engine *engine)
{
	struct engine_health *health = &engine->health;

	health_table_clear(&health->table);
	vector_foreach(&health->untold, change)
		free(change->reason);
	vector_clear(&health->untold);
	vector_clear(&health->services);
	vector_clear(&health->dirty);
	vector_clear(&health->stale);
	vector_clear(&health->changed);
	verdicts_clear(&health->kept);
}
