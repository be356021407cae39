// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of probes, and what is said of them.
 *
 * Probes and their users are places in arrays: a verdict finds its probe by a binary search, and from there to the services it is
 * one step each. When other files are put in force the table is made anew, and inherits what was known
 * (engine_inherit.c).
 *
 * A verdict goes into the table at once, and into the facts at the next turn, all that came together in one go. What follows
 * from it is engine_heed.c's. */
#include <errno.h>

#include "daemon/engine_inherit.h"
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
	engine_set_process(engine, ENGINE_PROCESS_HEALTH, probing->there);
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

static uint32_t health_place(const struct engine_health_table *table,
	const struct declared_destination *destination, const struct config_check *check)
{
	const struct probe_key key = declared_probe_key(destination, check);
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

static void health_add_asker(const struct engine_health_table *table,
	const struct declared_destination *destination, struct engine_probe_user user,
	struct health_askers *ret)
{
	vector_foreach(&destination->checks, check)
		vector_push(ret,
			((struct health_asker){health_place(table, destination, *check), user}));
}

/* In the order of the services. */
static void health_find_askers(const struct engine_health_table *table,
	const struct declared *declared, struct health_askers *ret)
{
	for (size_t s = 0; s < declared->services.count; s++) {
		const struct declared_service *service = &declared->services.items[s];

		for (size_t d = 0; d < service->destinations.count; d++)
			health_add_asker(table, &service->destinations.items[d],
				(struct engine_probe_user){(uint32_t)s, (uint32_t)d}, ret);
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

const struct destination_key *engine_health_destination(
	const struct engine_health_table *table, const struct files *files, size_t probe)
{
	const struct engine_probe_user *user = &table->users.items[table->first.items[probe]];
	const struct declared_service *service = &files->declared.services.items[user->service];

	return &service->destinations.items[user->destination].key;
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
	engine->health.changed.count = engine->health.turned = 0;
}

static void health_sum(
	struct engine_health_totals *totals, const struct engine_probe *probe, size_t sign)
{
	totals->probes_down += sign * !probe->verdict.up;
	totals->probes_failing += sign * (probe->verdict.up && probe->failing);
	totals->probes_untried += sign * (probe->untried != NULL);
}

/* Of a table that is new: what it begins with needs no telling. */
static void health_count(struct engine_health *health)
{
	struct engine_health_totals *totals = &health->totals;

	totals->probes_down = totals->probes_failing = totals->probes_untried = 0;
	vector_foreach(&health->table.probes, probe) {
		probe->told_down = !probe->verdict.up;
		health_sum(totals, probe, 1);
	}
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
		engine_inherit(health, files, &table);
	}
	engine_heed_follow(engine, files);
	struct engine_health_table before = health->table;
	const struct files *of = health->of;
	health->table = table;
	health->of = files;
	engine->probes_serial++;
	health_put_all(engine);
	health_count(health);
	health_mark_others(engine, &before);
	engine_heed_tell_files(engine, &before, of);
	engine_notified_follow(engine, files);
	/* A file that is no good is written anew also where there is nothing to say in it. */
	health->unsaved |= before.probes.count > 0 || table.probes.count > 0 ||
			   engine->troubles[ENGINE_TROUBLE_HEALTH_LOST];
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
			.stays = now->up == before->up,
			.weight = now->weight,
			.down_ns = now->up && known ? now->since - before->since : 0,
			.wall = probe->wall,
			.reason = now->up ? NULL : memory_copy_string(probe->reason),
		}));
	if (now->up != before->up) {
		engine->health.transitions[now->up]++;
		engine->health.turned++;
	}
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

/* It began down, and now its probes say so: no transition, and yet the first that is known of it. */
static bool health_is_found_down(const struct verdict *before, const struct verdict *now)
{
	return !before->up && !before->settled && !now->up && now->settled;
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
		(said->verdict.up && said->verdict.weight != probe->verdict.weight) ||
		health_is_found_down(&probe->verdict, &said->verdict))
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

void engine_health_apply(struct engine *engine, uint64_t now)
{
	struct engine_health *health = &engine->health;
	struct facts_health_vector facts = {};

	if (!health->changed.count)
		return;
	/* Weights that checks say change all the time: they are no storm, and no failure waits for them. */
	gather_note(&health->gather, now, health->turned);
	health->turned = 0;
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
	text = memory_printf("%s: what was down before the start was not known then, and counted "
			     "as its check says, until that had found out; the file is written "
			     "anew as soon as it can be; `poise reload` takes this note away",
		error_text(&error, r));
	engine_set_trouble(engine, ENGINE_TROUBLE_HEALTH_LOST, text);
}

static const char *health_way_out(int r)
{
	switch (-r) {
	case EISDIR:
	case ENOTEMPTY:
	case EEXIST:
		return "move the directory of that name away";
	case ENOSPC:
	case EDQUOT:
		return "make room for the file";
	default:
		return "let poised write it, or move away what is in its place";
	}
}

static void health_tell_save(struct engine *engine, int r, const struct error *error)
{
	_cleanup_free_ char *text = NULL;

	if (r < 0)
		text = memory_printf("%s: a restart would not know what is down; %s, and it is "
				     "written by itself",
			error_text(error, r), health_way_out(r));
	engine_set_trouble(engine, ENGINE_TROUBLE_HEALTH_FILE, text);
}

static int health_write(const struct engine *engine, uint64_t now, struct error *error)
{
	const struct engine_health_table *table = &engine->health.table;
	struct verdicts verdicts = {};

	vector_reserve(&verdicts, table->probes.count);
	for (size_t i = 0; i < table->probes.count; i++) {
		const struct engine_probe *probe = &table->probes.items[i];

		vector_push(&verdicts, ((struct verdicts_item){
					       .key = probe->key,
					       .destination = *engine_health_destination(
						       table, engine->health.of, i),
					       .verdict = probe->verdict,
					       .begins_down = !health_is_up_initially(probe->check),
					       .failures = probe->failures,
					       .wall = probe->wall,
					       .reason = probe->reason,
				       }));
	}
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
	engine_forget_notify_failures(engine);
}
