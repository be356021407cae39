// SPDX-License-Identifier: GPL-2.0-or-later
/* The probes of a process.
 *
 *	waiting	   in `starts`, by the time when it is due
 *	running	   in `ends`, by the time when its time-out comes; the checker may be faster
 *
 * One timer serves both heaps. A turn of it does a bounded number of things in a bounded time, and the answers that wait
 * come before the next one. So where a machine cannot carry all of its probes they begin late: to begin them on time would
 * let answers lie unread until servers that are well pass their time-outs. Turns are a millisecond apart at least, so that
 * many probes that begin one after the other cost few of them.
 *
 * What is due and finds no descriptor stays where it is, in order, until another probe is over. So do programs, of which few
 * can be run side by side: they have a heap of their own, and one that is refused for want of room keeps its time, and with it
 * its turn. Else who has just been probed would be due again before who was refused comes back. That some hang for long must not
 * mean that others are never probed and nobody hears of it: who waits for its turn, of whatever kind, is watched (overdue.h), and
 * told as one that cannot be tried.
 *
 * When this process was away (stopped, or the machine asleep), everything is overdue at once and no time-out means
 * anything: what was running begins anew, unjudged, and what is due is spread like at a start. A failure that was told of a
 * run from before is not believed either. */
#include "health/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/heap.h"
#include "base/timespec.h"
#include "health/health_plan.h"
#include "health/judge.h"
#include "health/overdue.h"
#include "health/schedule.h"

#define HEALTH_TURN_MOST 64
#define HEALTH_TURN_NS   1000000ull
#define HEALTH_LAG_NS    10000000ull
/* Descriptors that are not for probes: the loop's, the log's, shared sockets, files that libraries open. */
#define HEALTH_DESCRIPTORS_KEPT 64
/* One that is about to end has its room still: so long nothing is begun when there is none. */
#define HEALTH_CROWDED_NS 20000000ull
/* Why one waits for too long. */
#define HEALTH_PROGRAMS "too many programs run at once"
#define HEALTH_BUSY     "this machine cannot carry so many probes"

struct health_item {
	struct heap_entry entry; /* first: of `ends` while it runs, else of `starts` */
	struct overdue overdue;  /* while it waits */
	struct health *health;
	const struct config_check *check;
	struct destination_key target;
	uint32_t index;
	struct judge judge;
	uint64_t phase, due, began;
	unsigned int untried; /* in a row */
	bool spared;          /* its time-out came late once */
	bool first;           /* its next run is its first, and not in its phase */
	bool unsaid;          /* it is in health->unsaid */
	struct checker_run *run;
	struct health_plan *run_plan; /* that the run began with */
};

struct health_place {
	struct health_item *item;
};

struct health_items {
	VECTOR_OF(struct health_place);
};

struct health {
	struct health_options options;
	struct health_plan *plan;  /* NULL: none yet */
	struct health_items items; /* by check and target */
	struct heap starts, ends;
	struct heap programs; /* like `starts`, of the checks that are programs */
	struct heap overdue;  /* of all that wait */
	struct loop_source *timer, *telling;
	struct health_items unsaid; /* who has something to tell, in order */
	size_t said;                /* of the first ones that are not any more */
	bool held;
	uint64_t serial; /* of the last phase */
	uint64_t wanted, turned,
		seen;  /* when the timer is to come; the last turn; the last look at the clock */
	uint64_t away; /* the end of the last absence */
	uint64_t full; /* until when as many ran as may at once, unless they do now */
	char wanting[VERDICT_REASON_SIZE]; /* why others wait then */
	uint64_t behind;                   /* health_take_behind() */
	bool behind_full;
	uint64_t programs_running;
	uint64_t crowded; /* a program was refused: none is begun before this time */
	struct health_counters counters;
	struct health_report reports[HEALTH_REPORTS_MOST];
};

/* What is due. */

static bool health_is_program(const struct health_item *item)
{
	return config_has(&item->check->object, CONFIG_CHECK_EXEC);
}

/* Where it waits for its start. */
static struct heap *health_starts(struct health_item *item)
{
	return health_is_program(item) ? &item->health->programs : &item->health->starts;
}

/* It waits for its time. */
static void health_wait(struct health_item *item)
{
	heap_set(health_starts(item), &item->entry, item->due);
	overdue_wait(&item->health->overdue, &item->overdue, item->due, item->check->interval);
}

static void health_wait_no_more(struct health_item *item)
{
	heap_set(health_starts(item), &item->entry, HEAP_NEVER);
	overdue_stop(&item->health->overdue, &item->overdue);
}

static bool health_is_full(const struct health *health)
{
	return health->counters.running >= health->counters.places;
}

/* Since it was due there was no place for it, at least for a while. */
static bool health_had_no_place(const struct health_item *item)
{
	return health_is_full(item->health) || item->health->full >= item->due;
}

/* The heap whose first is the next to begin, and when that may; NULL: nothing can begin now. */
static struct heap *health_next(struct health *health, uint64_t *when)
{
	uint64_t start = heap_next(&health->starts), program = heap_next(&health->programs);

	if (health->programs_running >= CHECKER_PROGRAMS_MOST)
		program = HEAP_NEVER;
	else if (program != HEAP_NEVER)
		program = MAX(program, health->crowded);
	*when = MIN(start, program);
	if (*when == HEAP_NEVER || health_is_full(health))
		return NULL;
	return program < start ? &health->programs : &health->starts;
}

/* The timer. */

static void health_arm(struct health *health, uint64_t now)
{
	uint64_t next = MIN(heap_next(&health->ends), heap_next(&health->overdue)), start;

	if (health_next(health, &start))
		next = MIN(next, start);
	if (next > now && next != HEAP_NEVER)
		next = MAX(next, health->turned + HEALTH_TURN_NS);
	if (next == health->wanted)
		return;
	health->wanted = next;
	loop_timer_set(health->timer, next == HEAP_NEVER ? LOOP_NEVER : next);
}

/* A run has ended: there may be room for one that waits, or something is due earlier than anything before. */
static void health_arm_earlier(struct health *health, uint64_t now)
{
	uint64_t start;

	if (health_next(health, &start) && start < health->wanted)
		health_arm(health, now);
}

/* What is told. */

static void health_say(struct health_item *item)
{
	struct health *health = item->health;

	if (item->unsaid)
		return;
	item->unsaid = true;
	vector_append(&health->unsaid)->item = item;
	if (!health->held)
		loop_work_ask(health->telling);
}

static void health_report(const struct health_item *item, struct health_report *report)
{
	const struct judge *judge = &item->judge;

	*report = (struct health_report){.probe = item->index,
		.verdict = judge->verdict,
		.failing = judge->failing,
		.failures = judge->failures,
		.untried = judge->wanting,
		.wall = judge->wall};
	const char *reason = judge->wanting   ? judge->wanting
			     : judge->failing ? judge->reason
					      : NULL;
	if (reason)
		strncpy(report->reason, reason, sizeof(report->reason) - 1);
}

static void health_tell(void *data)
{
	struct health *health = data;
	size_t count = 0;

	while (!health->held && health->said < health->unsaid.count &&
		count < HEALTH_REPORTS_MOST) {
		struct health_item *item = health->unsaid.items[health->said++].item;

		item->unsaid = false;
		health_report(item, &health->reports[count++]);
	}
	if (health->said == health->unsaid.count)
		health->said = health->unsaid.count = 0;
	if (!count)
		return;
	if (health->unsaid.count)
		loop_work_ask(health->telling);
	health->options.changed(health->options.data, health->reports, count);
}

void health_hold(struct health *health, bool hold)
{
	health->held = hold;
	if (!hold && health->unsaid.count)
		loop_work_ask(health->telling);
}

void health_tell_all(struct health *health)
{
	vector_foreach(&health->items, place)
		health_say(place->item);
}

/* Runs. */

static void health_let_go(struct health_item *item)
{
	struct health *health = item->health;

	if (health_is_full(health))
		health->full = loop_now(health->options.loop);
	item->run = NULL;
	item->run_plan = health_plan_release(item->run_plan);
	health->counters.running--;
	item->health->programs_running -= health_is_program(item);
	heap_set(&item->health->ends, &item->entry, HEAP_NEVER);
}

static void health_count(struct health *health, enum checker_result result)
{
	switch (result) {
	case CHECKER_RESULT_PASSED:
		health->counters.passed++;
		break;
	case CHECKER_RESULT_FAILED:
		health->counters.failed++;
		break;
	case CHECKER_RESULT_UNTRIED:
		health->counters.untried++;
		break;
	}
}

/* It fails, and the next probe, which may settle it, is to come sooner. */
static bool health_is_in_doubt(const struct health_item *item)
{
	return item->check->retry_interval && item->judge.failing && item->judge.verdict.up;
}

static void health_wait_again(struct health_item *item, bool untried, uint64_t now)
{
	uint64_t interval = item->check->interval, next;

	item->untried = untried ? item->untried + 1 : 0;
	if (untried)
		next = schedule_retry(now, interval, item->untried);
	else if (item->first)
		next = MAX(schedule_second(item->due, interval, item->phase), now);
	else
		next = schedule_again(item->due, now, interval, item->phase);
	if (!untried && health_is_in_doubt(item))
		next = schedule_sooner(item->due, now, item->check->retry_interval, next);
	if (!untried)
		item->first = false;
	item->due = next;
	health_wait(item);
	health_arm_earlier(item->health, now);
}

/* The run is over, and let go of. */
static void health_judge(
	struct health_item *item, const struct checker_outcome *outcome, uint64_t now)
{
	struct health *health = item->health;
	bool up = item->judge.verdict.up;
	/* A server that was not looked after for so long may well have hung up. */
	bool absent = outcome->result == CHECKER_RESULT_FAILED && item->began < health->away;
	bool untried = absent || outcome->result == CHECKER_RESULT_UNTRIED;

	health->counters.expired += outcome->late;
	health_count(health, untried ? CHECKER_RESULT_UNTRIED : outcome->result);
	if (!absent && judge_result(&item->judge, item->check, outcome, now, timespec_wall_ms()))
		health_say(item);
	if (up && !item->judge.verdict.up)
		health->counters.down++;
	else if (!up && item->judge.verdict.up)
		health->counters.down--;
	health_wait_again(item, untried, now);
}

/* It was not begun, and is due as it was. */
static void health_keep_place(struct health_item *item, uint64_t now)
{
	struct health *health = item->health;

	health->crowded = now + HEALTH_CROWDED_NS;
	health_wait(item);
	health_arm_earlier(health, now);
}

static void health_look(struct health *health, uint64_t now);

static void health_on_done(void *data, const struct checker_outcome *outcome)
{
	struct health_item *item = data;
	struct health *health = item->health;
	uint64_t now = loop_clock();

	/* First of all let go: nobody may end it again. */
	health_let_go(item);
	health_look(health, now);
	if (outcome->crowded)
		health_keep_place(item, now);
	else
		health_judge(item, outcome, now);
}

static void health_expire(struct health_item *item, uint64_t now)
{
	struct checker_run *run = item->run;

	/* When it is us who are late, an answer may lie there unread: that first. */
	if (now > item->entry.when + HEALTH_LAG_NS && !item->spared) {
		item->spared = true;
		heap_set(&item->health->ends, &item->entry, now + 2 * HEALTH_LAG_NS);
		return;
	}
	struct checker_outcome outcome = {.weight = VERDICT_NO_WEIGHT};

	health_let_go(item);
	checker_expire(run, &outcome);
	health_judge(item, &outcome, now);
}

/* How late it is, by now. */
static void health_note_behind(struct health_item *item, uint64_t now)
{
	struct health *health = item->health;
	uint64_t behind = now > item->due ? now - item->due : 0;

	health->counters.latest_ns = MAX(health->counters.latest_ns, behind);
	if (behind <= item->check->interval)
		return;
	health->behind = MAX(health->behind, behind);
	health->behind_full |= health_had_no_place(item);
}

/* One that waits is late once, whether or not it begins in the end, or is refused. */
static void health_count_late(struct health_item *item, uint64_t now)
{
	health_note_behind(item, now);
	if (schedule_is_late(item->due, now, item->check->interval) &&
		overdue_note_late(&item->overdue))
		item->health->counters.late++;
}

/* Where there was place for it nobody had the time. */
static const char *health_starved(const struct health_item *item)
{
	if (health_had_no_place(item))
		return item->health->wanting;
	return health_is_program(item) ? HEALTH_PROGRAMS : HEALTH_BUSY;
}

/* It is due for long, and had no turn. */
static void health_on_overdue(const struct overdue *overdue, uint64_t now)
{
	struct health_item *item =
		(void *)((char *)overdue - offsetof(struct health_item, overdue));
	struct health_counters *counters = &item->health->counters;

	health_note_behind(item, now);
	if (overdue->stage == OVERDUE_LATE) {
		counters->late++;
		return;
	}
	counters->untried++;
	if (judge_starved(&item->judge, health_starved(item)))
		health_say(item);
}

static void health_start(struct health_item *item, uint64_t now)
{
	struct health *health = item->health;
	const struct checker_request request = {
		.check = item->check, .target = item->target, .done = health_on_done, .data = item};

	health_wait_no_more(item);
	health_count_late(item, now);
	item->began = now;
	item->spared = false;
	item->run_plan = health->plan;
	item->run_plan->holders++;
	health->counters.running++;
	health->programs_running += health_is_program(item);
	heap_set(&health->ends, &item->entry, now + checker_time(item->check));
	item->run = checker_start(health->options.checkers, &request);
}

static void health_cancel(struct health_item *item)
{
	if (!item->run)
		return;
	checker_cancel(item->run);
	health_let_go(item);
}

/* Spread like at a start, those that ran among them. O(n). */
static void health_spread_again(struct health *health, uint64_t now)
{
	size_t overdue = 0, index = 0;

	vector_foreach(&health->items, place)
		overdue += place->item->run || place->item->due <= now;
	vector_foreach(&health->items, place) {
		struct health_item *item = place->item;
		uint64_t span = schedule_span(0, item->check->interval, overdue);

		if (!item->run && item->due > now)
			continue;
		health_cancel(item);
		item->due = schedule_spread(now, span, index++, overdue);
		item->first = true;
		health_wait(item);
	}
}

/* To be called with each reading of the clock, before what it means is done. */
static void health_look(struct health *health, uint64_t now)
{
	bool away = schedule_was_away(health->seen, health->wanted, now);

	health->seen = now;
	if (!away)
		return;
	health->away = now;
	health_spread_again(health, now);
	health_arm(health, now);
}

/* One thing that is due; false when there is none. */
static bool health_do_one(struct health *health, uint64_t now)
{
	uint64_t when;

	if (heap_next(&health->ends) <= now) {
		health_expire((struct health_item *)heap_first(&health->ends), now);
		return true;
	}
	const struct overdue *overdue = overdue_take(&health->overdue, now);
	if (overdue) {
		health_on_overdue(overdue, now);
		return true;
	}
	const struct heap *starts = health_next(health, &when);
	if (!starts || when > now)
		return false;
	health_start((struct health_item *)heap_first(starts), now);
	return true;
}

static void health_on_timer(void *data)
{
	struct health *health = data;
	uint64_t now = loop_clock();
	uint64_t end = now + HEALTH_TURN_NS;
	int done = 0;

	health_look(health, now);
	health->wanted = HEAP_NEVER;
	while (done < HEALTH_TURN_MOST && loop_clock() < end && health_do_one(health, now))
		done++;
	now = loop_clock();
	health->turned = health->seen = now;
	health_arm(health, now);
}

/* The list. */

static struct health_item *health_item_new(
	struct health *health, const struct health_probe *probe, const struct config_check *check)
{
	struct health_item *item = memory_new(sizeof(*item));

	item->health = health;
	item->target = probe->target;
	judge_begin(&item->judge, check, probe->known ? &probe->verdict : NULL);
	return item;
}

static void health_item_free(struct health_item *item)
{
	health_cancel(item);
	health_wait_no_more(item);
	judge_clear(&item->judge);
	free(item);
}

static int health_compare(const struct health_item *item, const struct config_check *check,
	const struct health_probe *probe)
{
	int order = strcmp(item->check->name.text, check->name.text);

	return order ? order : destination_key_compare(&item->target, &probe->target);
}

/* The next item of the list: one that was there, or a new one. `old`: where the old list stands. */
static struct health_item *health_merge_one(struct health *health, struct health_place **old,
	const struct config_check *check, const struct health_probe *probe, bool same)
{
	struct health_place *end = health->items.items + health->items.count;
	int order = -1;

	while (*old < end && (order = health_compare((*old)->item, check, probe)) < 0)
		health_item_free((*old)++->item);
	if (*old == end || order > 0) {
		struct health_item *item = health_item_new(health, probe, check);

		item->first = true;
		return item;
	}
	struct health_item *item = (*old)++->item;
	if (!same) {
		health_cancel(item);
		health_wait_no_more(item);
		judge_restart(&item->judge, check);
		item->first = true;
		item->untried = 0;
	}
	return item;
}

static bool health_is_new(const struct health_item *item)
{
	return !item->run && !item->entry.place;
}

/* The first times of those that begin. `counts`: how many of each check they are, by its place. */
static void health_begin(struct health *health, uint64_t now)
{
	const struct config_check *checks = health->plan->config.checks.items;
	size_t count = health->plan->config.checks.count, all = 0, index = 0;
	_cleanup_free_ size_t *counts = memory_new((count + 1) * sizeof(*counts));
	_cleanup_free_ size_t *at = memory_new((count + 1) * sizeof(*at));

	vector_foreach(&health->items, place) {
		if (!health_is_new(place->item))
			continue;
		counts[place->item->check - checks]++;
		all++;
	}
	vector_foreach(&health->items, place) {
		struct health_item *item = place->item;
		const struct config_check *check = item->check;

		if (!health_is_new(item))
			continue;
		item->phase = schedule_phase(++health->serial, check->interval);
		uint64_t span = schedule_span(check->start_delay, check->interval, all);
		size_t own = at[check - checks]++;
		item->due = check->start_delay
				    ? schedule_spread(now, span, own, counts[check - checks])
				    : schedule_spread(now, span, index, all);
		index++;
		health_wait(item);
	}
}

/* The numbers of those who have something to tell, and of those who are down, are of another list now. */
static void health_recount(struct health *health)
{
	health->unsaid.count = health->said = 0;
	health->counters.down = 0;
	health->counters.probes = health->items.count;
	vector_foreach(&health->items, place) {
		if (place->item->unsaid)
			vector_append(&health->unsaid)->item = place->item;
		health->counters.down += !place->item->judge.verdict.up;
	}
}

void health_set(struct health *health, struct config *config, const struct health_probe *probes,
	size_t count)
{
	struct health_plan *plan = health_plan_new(config);
	_cleanup_free_ bool *same = health_plan_same(health->plan, plan);
	struct health_place *old = health->items.items;
	struct health_items items = {};

	vector_reserve(&items, count);
	for (size_t i = 0; i < count; i++) {
		const struct config_check *check = &plan->config.checks.items[probes[i].check];
		struct health_item *item =
			health_merge_one(health, &old, check, &probes[i], same[probes[i].check]);

		vector_append(&items)->item = item;
		item->index = (uint32_t)i;
		/* What is compared later are old ones only: their names are of the old list still. */
		item->check = check;
	}
	for (; old < health->items.items + health->items.count; old++)
		health_item_free(old->item);
	vector_clear(&health->items);
	health->items = items;
	health_plan_release(health->plan);
	health->plan = plan;
	health_recount(health);
	uint64_t now = loop_clock();
	health->seen = now;
	health_begin(health, now);
	health_arm(health, now);
}

const struct health_counters *health_counters(struct health *health)
{
	return &health->counters;
}

/* Of a heap the first waits for longer than all others. */
static void health_look_behind(const struct heap *starts, uint64_t now)
{
	if (heap_next(starts) < now)
		health_note_behind((struct health_item *)heap_first(starts), now);
}

uint64_t health_take_behind(struct health *health, bool *full)
{
	uint64_t now = loop_clock();

	health_look_behind(&health->starts, now);
	health_look_behind(&health->programs, now);
	uint64_t behind = health->behind;
	*full = health->behind_full;
	health->behind = 0;
	health->behind_full = false;
	return behind;
}

/* Life. */

static void health_count_places(struct health *health)
{
	uint64_t *places = &health->counters.places;
	struct rlimit limit;

	*places = 1;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > HEALTH_DESCRIPTORS_KEPT)
		*places = limit.rlim_cur - HEALTH_DESCRIPTORS_KEPT;
	snprintf(health->wanting, sizeof(health->wanting),
		"no descriptors free: %" PRIu64 " of %" PRIu64
		" for probes in use, raise LimitNOFILE",
		*places, *places);
}

int health_new(const struct health_options *options, struct health **ret)
{
	struct health *health = memory_new(sizeof(*health));

	health->options = *options;
	health_count_places(health);
	health->wanted = HEAP_NEVER;
	health->seen = loop_clock();
	int r = loop_add_timer(options->loop, health_on_timer, health, &health->timer);
	if (r == 0)
		r = loop_add_work(options->loop, health_tell, health, &health->telling);
	if (r < 0) {
		health_free(health);
		return r;
	}
	/* A verdict waits for no probe. */
	loop_source_set_priority(health->telling, LOOP_PRIORITY_NORMAL);
	*ret = health;
	return 0;
}

struct health *health_free(struct health *health)
{
	if (!health)
		return NULL;
	vector_foreach(&health->items, place)
		health_item_free(place->item);
	vector_clear(&health->items);
	vector_clear(&health->unsaid);
	heap_clear(&health->starts);
	heap_clear(&health->programs);
	heap_clear(&health->overdue);
	heap_clear(&health->ends);
	health_plan_release(health->plan);
	loop_source_free(health->timer);
	loop_source_free(health->telling);
	free(health);
	return NULL;
}
