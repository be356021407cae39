// SPDX-License-Identifier: GPL-2.0-or-later
/* Other files come into force, or poised starts: who inherits from whom.
 *
 *	the same	a probe keeps what is known of it for as long as somebody asks for it
 *	moved		a check whose port is another probes another target, and is yet the same check of
 *			the same destination: it keeps its verdicts (at a start the lines of health.json say
 *			which destination they are of)
 *	in the place	a check by another name, or another check, begins with what is known of its server:
 *			that it has not failed yet says nothing of it, nor that it has not passed yet. It is
 *			in the place of the check that one of its destinations had before, whoever has that
 *			now, and of one that nobody asks of its target any more
 *	beside		a check that is added to those that a destination has and keeps is not down because
 *			one of these is, which speaks for itself
 *
 * Of several whose place it takes, one that is down counts, so that no dead server comes back by other
 * words. One that is up counts for a check that begins with down, which would take out who serves, and
 * where it came back: that is what slow start climbs from, and who climbs climbs on; and where a check
 * said a weight, which may be none at all. What only `initially` said is said anew.
 *
 * At a start the old probes are those of health.json. The files of before are not known then: only a
 * check that nobody asks for any more can be told from one that is beside the new one. */
#include "daemon/engine_inherit.h"

#include "daemon/engine_inside.h"

/* What a check of before says of a destination. */
struct inherit_line {
	struct probe_key key; /* first; of the destination, not of what is probed of it */
	const struct engine_probe *probe;
};

struct inherit_lines {
	VECTOR_OF(struct inherit_line);
};

/* Of those in whose place one is: the first that is down, and up; the one that is up with the least weight of its own; and the last
 * that came back. */
struct inherit_donors {
	const struct engine_probe *down, *up, *least, *recovered;
};

/* The old probes of one target of which nobody asks by that check any more. */
struct inherit_group {
	struct destination_key target;
	const struct engine_probe *next; /* of the old ones, behind the group */
	struct inherit_donors donors;
};

struct inherit {
	const struct engine_health *health;
	const struct files *files;
	const struct engine_health_table *table; /* of `files` */
	const struct engine_probe_vector *old;   /* sorted */
	const struct inherit_lines *lines;       /* of the old ones at a start; sorted */
	struct inherit_group group;
};

/* What was kept, as probes, whose texts are lent, and by destination. */
static void inherit_recall(const struct verdicts *kept, struct engine_probe_vector *probes,
	struct inherit_lines *lines)
{
	vector_reserve(probes, kept->count);
	vector_reserve(lines, kept->count);
	vector_foreach(kept, item) {
		bool failing = item->failures > 0;
		struct engine_probe *probe = vector_append(probes);

		*probe = (struct engine_probe){
			.key = item->key,
			.verdict = item->verdict,
			.failures = item->failures,
			.failing = failing,
			.wall = item->wall,
			/* The last report is kept, and it was of a failure when one is counted; else nobody knows when that was. */
			.failed = failing && item->reason ? item->wall : 0,
			.reason = (char *)item->reason,
		};
		vector_push(lines,
			((struct inherit_line){{item->destination, item->key.check}, probe}));
	}
	vector_sort(lines, probe_key_compare);
}

/* A weight counts before the verdict is settled. */
static void inherit_offer_weight(struct inherit_donors *donors, const struct engine_probe *old)
{
	if (old->verdict.up && old->verdict.weight != VERDICT_NO_WEIGHT &&
		(!donors->least || old->verdict.weight < donors->least->verdict.weight))
		donors->least = old;
}

static void inherit_offer(struct inherit_donors *donors, const struct engine_probe *old)
{
	if (!old->verdict.settled)
		return;
	if (!old->verdict.up && !donors->down)
		donors->down = old;
	if (old->verdict.up && !donors->up)
		donors->up = old;
	if (old->verdict.up && old->verdict.recovered &&
		(!donors->recovered || old->verdict.since > donors->recovered->verdict.since))
		donors->recovered = old;
}

static const struct engine_probe *inherit_choose(
	const struct inherit_donors *donors, const struct engine_probe *probe)
{
	if (donors->down)
		return donors->down;
	if (donors->least && donors->least->verdict.settled)
		return donors->least;
	if (donors->recovered)
		return donors->recovered;
	if (donors->up && probe->check->initially == CONFIG_INITIALLY_DOWN)
		return donors->up;
	return donors->least;
}

/* The old probe that the first user's destination had by the same check; NULL: none. */
static const struct engine_probe *inherit_find_moved(
	const struct inherit *inherit, const struct engine_probe *probe)
{
	const struct files *of = inherit->health->of;
	struct probe_key key = {
		.target = *engine_health_destination(inherit->table, inherit->files,
			(size_t)(probe - inherit->table->probes.items)),
		.check = probe->key.check,
	};

	if (!of) {
		const struct inherit_line *line =
			vector_find(inherit->lines, &key, probe_key_compare);

		return line ? line->probe : NULL;
	}
	const struct config_check *check = config_find_check(&of->config, key.check);
	if (!check)
		return NULL;
	key.target = probe_target(check, &key.target);
	return vector_find(inherit->old, &key, probe_key_compare);
}

static bool inherit_still_has(const struct declared_destination *destination, const char *name)
{
	vector_foreach(&destination->checks, check)
		if (strcmp((*check)->name.text, name) == 0)
			return true;
	return false;
}

/* What a destination had before. A check that it still has beside the new one speaks for itself where it is down, and of a weight. */
static void inherit_offer_checks(const struct inherit *inherit,
	const struct declared_destination *was, const struct declared_destination *is,
	struct inherit_donors *donors)
{
	vector_foreach(&was->checks, check) {
		const struct probe_key key = declared_probe_key(was, *check);
		const struct engine_probe *before =
			vector_find(inherit->old, &key, probe_key_compare);

		bool stays = inherit_still_has(is, key.check);

		if (before && (before->verdict.up || !stays))
			inherit_offer(donors, before);
		if (before && !stays)
			inherit_offer_weight(donors, before);
	}
}

/* What the users' destinations had when they were still of another check; whoever has that check now. */
static void inherit_offer_former(const struct inherit *inherit, const struct engine_probe *probe,
	struct inherit_donors *donors)
{
	const struct engine_health_table *table = inherit->table;
	const struct files *of = inherit->health->of;
	const uint32_t *first = &table->first.items[probe - table->probes.items];

	for (uint32_t i = first[0]; of && !donors->down && i < first[1]; i++) {
		const struct engine_probe_user *user = &table->users.items[i];
		const struct declared_service *service =
			&inherit->files->declared.services.items[user->service];
		const struct declared_service *old =
			declared_find_service(&of->declared, &service->key);
		const struct declared_destination *was =
			old ? vector_find(&old->destinations,
				      &service->destinations.items[user->destination],
				      destination_compare)
			    : NULL;

		if (was)
			inherit_offer_checks(inherit, was,
				&service->destinations.items[user->destination], donors);
	}
}

/* On to the group of the probe's target. Each old probe is looked at once. */
static void inherit_seek(struct inherit *inherit, const struct engine_probe *probe)
{
	const struct engine_probe *end = inherit->old->items + inherit->old->count;
	struct inherit_group *group = &inherit->group;

	if (destination_key_compare(&group->target, &probe->key.target) != 0)
		group->donors = (struct inherit_donors){};
	group->target = probe->key.target;
	for (; group->next < end; group->next++) {
		const struct engine_probe *old = group->next;
		int order = destination_key_compare(&old->key.target, &group->target);

		if (order > 0)
			break;
		if (order != 0 ||
			vector_find(&inherit->table->probes, &old->key, probe_key_compare))
			continue;
		inherit_offer(&group->donors, old);
		inherit_offer_weight(&group->donors, old);
	}
}

static const struct engine_probe *inherit_find_donor(
	const struct inherit *inherit, const struct engine_probe *probe)
{
	const struct inherit_donors *gone = &inherit->group.donors;
	struct inherit_donors donors = {};

	inherit_offer_former(inherit, probe, &donors);
	if (gone->down)
		inherit_offer(&donors, gone->down);
	if (gone->up)
		inherit_offer(&donors, gone->up);
	if (gone->least)
		inherit_offer_weight(&donors, gone->least);
	if (gone->recovered)
		inherit_offer(&donors, gone->recovered);
	return inherit_choose(&donors, probe);
}

/* That it could not be tried is of that check and that target: another one has not been tried yet. */
static void inherit_take(struct engine_probe *probe, const struct engine_probe *before)
{
	bool same = probe_key_compare(probe, before) == 0;

	probe->failing = before->failing;
	probe->failures = before->failures;
	probe->wall = before->wall;
	probe->failed = before->failed;
	probe->reason = memory_copy_string(before->reason);
	if (same)
		probe->untried = memory_copy_string(before->untried);
	if (before->verdict.settled)
		probe->verdict = before->verdict;
	else
		probe->verdict.weight = before->verdict.weight;
}

/* A merge. */
static void inherit_all(struct inherit *inherit, struct engine_probe_vector *probes)
{
	const struct engine_probe *old = inherit->old->items;
	const struct engine_probe *end = old + inherit->old->count;

	inherit->group.next = old;
	vector_foreach(probes, probe) {
		const struct engine_probe *before = NULL;

		while (old < end && probe_key_compare(old, probe) < 0)
			old++;
		if (old < end && probe_key_compare(old, probe) == 0)
			before = old;
		else
			before = inherit_find_moved(inherit, probe);
		inherit_seek(inherit, probe);
		if (!before)
			before = inherit_find_donor(inherit, probe);
		if (before)
			inherit_take(probe, before);
	}
}

void engine_inherit(const struct engine_health *health, const struct files *files,
	struct engine_health_table *table)
{
	struct engine_probe_vector recalled = {};
	struct inherit_lines lines = {};
	struct inherit inherit = {
		.health = health,
		.files = files,
		.table = table,
		.old = health->of ? &health->table.probes : &recalled,
		.lines = &lines,
	};

	if (!health->of)
		inherit_recall(&health->kept, &recalled, &lines);
	if (inherit.old->items)
		inherit_all(&inherit, &table->probes);
	vector_clear(&recalled); /* the texts are those of what was kept */
	vector_clear(&lines);
}
