// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/sim/schedule.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/macros.h"
#include "tests/sim/plain.h"

#define SCHEDULE_FAULTS_MAX  12
#define SCHEDULE_CHANGES_MAX 4

/* What is expected of every unit in every part. */
struct schedule {
	struct sim_world *world;
	struct plain_outcome outcomes[SIM_ROUTERS_MAX][SIM_HOSTS_MAX];
};

/* --- a world --- */

static uint64_t schedule_interval(struct sim_world *world, unsigned int version)
{
	static const uint64_t common[] = {10000000, 100000000, 1000000000, 40950000000};

	if (version == 2)
		return 1000000000ull * sim_between(world, 1, sim_chance(world, 50) ? 1 : 255);
	if (sim_chance(world, 70))
		return common[sim_random(world, ARRAY_LENGTH(common))];
	return 10000000 * sim_between(world, 1, 4095);
}

/* Priorities of few values tie, of many do not. */
static uint8_t schedule_priority(struct sim_world *world)
{
	return (uint8_t)(sim_chance(world, 30) ? sim_between(world, 100, 102)
					       : sim_between(world, 1, 254));
}

static void schedule_host(struct sim_world *world, size_t index, unsigned int version)
{
	struct sim_host *host = &world->hosts[index];
	bool preempt = sim_chance(world, 80);
	/* There cannot be two. */
	bool owner = !index && sim_chance(world, 10);

	host->offset = sim_between(world, 1000000000, 1ull << 50);
	host->drift = (int64_t)sim_between(world, 0, 2 * SIM_DRIFT_PPM) - SIM_DRIFT_PPM;
	for (size_t i = 0; i < world->routers_count; i++) {
		/* Two members of a group may order the machines differently. */
		uint8_t rank = (uint8_t)(index * 37 % SIM_HOSTS_MAX);
		uint64_t times = world->mixed ? sim_between(world, 1, 2) : 1;

		host->routers[i].up = true;
		host->routers[i].parameters = (struct vrrp_parameters){
			.version = (uint8_t)version,
			.priority = owner ? VRRP_PRIORITY_OWNER : schedule_priority(world),
			.preempt = preempt,
			.interval = world->interval * times,
			.source = {AF_INET,
				{10, i & 1 ? SIM_HOSTS_MAX - rank : rank, (uint8_t)i, 1}},
		};
		if (sim_chance(world, 15))
			host->routers[i].parameters.preempt_delay =
				sim_between(world, 1, 5 * world->interval);
	}
}

static void schedule_tell(const struct sim_world *world)
{
	printf("%zu hosts, %zu routers%s, interval %" PRIu64 ", delay %" PRIu64 "\n",
		world->hosts_count, world->routers_count, world->grouped ? " in a group" : "",
		world->interval, world->delay);
	for (size_t i = 0; i < world->hosts_count; i++)
		for (size_t j = 0; j < world->routers_count; j++) {
			const struct vrrp_parameters *own = &world->hosts[i].routers[j].parameters;

			printf("host %zu router %zu: version %d priority %d preempt %d after "
			       "%" PRIu64 " interval %" PRIu64 "\n",
				i, j, own->version, own->priority, own->preempt, own->preempt_delay,
				own->interval);
		}
}

static void schedule_world(struct sim_world *world)
{
	unsigned int version = sim_chance(world, 75) ? 3 : 2;

	world->hosts_count = 2 + sim_random(world, sim_chance(world, 85) ? 4 : 15);
	world->routers_count = sim_chance(world, 60) ? 1 : sim_between(world, 2, SIM_ROUTERS_MAX);
	world->grouped = world->routers_count > 1 && sim_chance(world, 60);
	world->interval = schedule_interval(world, version);
	world->mixed = version == 3 && world->interval <= VRRP_INTERVAL_MAX_NS / 2 &&
		       sim_chance(world, 15);
	world->delay = sim_between(world, 1000,
		MIN(world->interval, 10000000000ull) / (sim_chance(world, 50) ? 20 : 500));
	world->duplicates = sim_chance(world, 50) ? 10 : 0;
	world->garbage = sim_chance(world, 50) ? world->interval * 2 / 3 : 0;
	for (size_t i = 0; i < world->hosts_count; i++) {
		schedule_host(world, i, version);
		sim_at(world, sim_random(world, sim_chance(world, 50) ? 1 : 2 * world->interval),
			SIM_FAULT_START, i, 0, 0);
	}
	sim_garbage(world);
	if (world->trace)
		schedule_tell(world);
}

/* --- faults --- */

/* A fault, and for most what ends it. */
static void schedule_fault(struct sim_world *world, uint64_t at, uint64_t until)
{
	size_t host = sim_random(world, world->hosts_count);
	size_t router = sim_random(world, world->routers_count);
	uint64_t later = MIN(until, at + sim_between(world, 1, 6 * world->interval));

	switch (sim_random(world, 9)) {
	case 0:
		sim_at(world, at, SIM_FAULT_CRASH, host, 0, 0);
		return sim_at(world, later, SIM_FAULT_RESPAWN, host, 0, 0);
	case 1:
		sim_at(world, at, SIM_FAULT_POWER_OFF, host, 0, 0);
		if (sim_chance(world, 70))
			sim_at(world, later, SIM_FAULT_START, host, 0, 0);
		return;
	case 2:
		sim_at(world, at, SIM_FAULT_STOP, host, 0, 0);
		return sim_at(world, later, SIM_FAULT_THAW, host, 0, 0);
	case 3:
		return sim_at(world, at, SIM_FAULT_PARTITION, 0, 0,
			(uint8_t)sim_between(world, 2, MIN(4u, world->hosts_count)));
	case 4:
		return sim_at(world, at, SIM_FAULT_HEAL, 0, 0, 0);
	case 5:
		sim_at(world, at, SIM_FAULT_LOSS, 0, 0, (uint8_t)sim_between(world, 1, 90));
		return sim_at(world, later, SIM_FAULT_LOSS, 0, 0, 0);
	case 6:
		return sim_at(world, at,
			sim_chance(world, 50) ? SIM_FAULT_TRACK : SIM_FAULT_CONFIGURE, host, router,
			schedule_priority(world));
	case 7:
		sim_at(world, at, SIM_FAULT_DOWN, host, router, 0);
		return sim_at(world, later, SIM_FAULT_UP, host, router, 0);
	default:
		sim_at(world, at, SIM_FAULT_END, host, 0, 0);
		if (sim_chance(world, 70))
			sim_at(world, later, SIM_FAULT_START, host, 0, 0);
		return;
	}
}

/* The last fault is over, and what it sent has arrived. */
static void schedule_faults(struct sim_world *world)
{
	size_t count = sim_random(world, SCHEDULE_FAULTS_MAX + 1);
	uint64_t end = world->interval * sim_between(world, 2, 12);

	for (size_t i = 0; i < count; i++)
		schedule_fault(world, sim_random(world, end), end);
	sim_run(world, end);
	sim_at(world, end, SIM_FAULT_LOSS, 0, 0, 0);
	if (sim_chance(world, 60))
		sim_at(world, end, SIM_FAULT_HEAL, 0, 0, 0);
	for (size_t i = 0; i < world->hosts_count; i++) {
		sim_at(world, end, SIM_FAULT_RESPAWN, i, 0, 0);
		sim_at(world, end, SIM_FAULT_THAW, i, 0, 0);
	}
	sim_run(world, end + 2 * world->delay + 1);
}

/* --- what is expected --- */

static void schedule_judge_one(struct schedule *schedule, size_t unit, size_t part)
{
	struct sim_world *world = schedule->world;
	const struct plain_outcome *outcome = &schedule->outcomes[unit][part];
	uint32_t actives = plain_actives(world, unit, part);
	uint64_t first = world->first_rise[unit][part];

	if (actives & ~outcome->actives || (actives & (actives - 1)) ||
		(!actives && outcome->actives))
		sim_fail(world, "unit %zu part %zu: active are %#x, expected one of %#x", unit,
			part, actives, outcome->actives);
	for (size_t i = 0; i < world->hosts_count; i++)
		if (world->hosts[i].part == part && world->watching &&
			world->rises[unit][i] > (outcome->rises >> i & 1))
			sim_fail(world, "unit %zu host %zu: became active %u times, and should not",
				unit, i, world->rises[unit][i]);
	if (first && outcome->soonest && first < outcome->soonest)
		sim_fail(world, "unit %zu part %zu: %" PRIu64 " ns early", unit, part,
			outcome->soonest - first);
	if (first && outcome->latest && first > outcome->latest)
		sim_fail(world, "unit %zu part %zu: %" PRIu64 " ns late", unit, part,
			first - outcome->latest);
}

static void schedule_judge(struct schedule *schedule)
{
	for (size_t unit = 0; unit < plain_units(schedule->world); unit++)
		for (size_t part = 0; part < schedule->world->hosts_count; part++)
			schedule_judge_one(schedule, unit, part);
}

/* Nothing is to change. */
static void schedule_expect_rest(struct schedule *schedule)
{
	struct sim_world *world = schedule->world;

	for (size_t unit = 0; unit < plain_units(world); unit++)
		for (size_t part = 0; part < world->hosts_count; part++)
			schedule->outcomes[unit][part] =
				(struct plain_outcome){.actives = plain_actives(world, unit, part)};
	sim_watch(world);
}

static void schedule_expect(
	struct schedule *schedule, size_t unit, size_t host, struct plain_outcome outcome)
{
	schedule->outcomes[unit][schedule->world->hosts[host].part] = outcome;
}

static bool schedule_is_active(const struct sim_world *world, size_t unit, size_t host)
{
	return plain_actives(world, unit, world->hosts[host].part) >> host & 1;
}

static void schedule_settle(struct schedule *schedule)
{
	sim_run(schedule->world, schedule->world->now + plain_bound(schedule->world));
	schedule_judge(schedule);
}

/* --- single changes --- */

/* Until what `host` advertised has arrived: a resignation that overtakes it is forgotten again. */
static void schedule_await_arrival(struct sim_world *world, size_t host)
{
	for (size_t i = 0; i < world->routers_count; i++) {
		uint64_t arrived = world->hosts[host].routers[i].sent + world->delay;

		if (world->now <= arrived) {
			sim_run(world, arrived + 1);
			i = (size_t)-1;
		}
	}
}

/* `host` goes, as `fault` has it. */
static void schedule_go(struct schedule *schedule, size_t host, enum sim_fault fault, bool resigns)
{
	struct sim_world *world = schedule->world;

	if (resigns)
		schedule_await_arrival(world, host);
	schedule_expect_rest(schedule);
	for (size_t unit = 0; unit < plain_units(world); unit++)
		if (schedule_is_active(world, unit, host))
			schedule_expect(
				schedule, unit, host, plain_vacancy(world, unit, host, resigns));
	sim_at(world, world->now, fault, host, 0, 0);
	schedule_settle(schedule);
}

/* It comes back. */
static void schedule_come(struct schedule *schedule, size_t host, enum sim_fault fault, bool awake)
{
	struct sim_world *world = schedule->world;
	size_t part = world->hosts[host].part;
	uint32_t actives[SIM_ROUTERS_MAX] = {};

	schedule_expect_rest(schedule);
	for (size_t unit = 0; unit < plain_units(world); unit++)
		actives[unit] = plain_actives(world, unit, part) & ~(1u << host);
	sim_at(world, world->now, fault, host, 0, 0);
	sim_run(world, world->now);
	for (size_t unit = 0; unit < plain_units(world); unit++)
		if (plain_able(world, unit, part) >> host & 1)
			schedule_expect(schedule, unit, host,
				plain_arrival(world, unit, host, actives[unit], awake));
	schedule_settle(schedule);
}

static void schedule_change_power(struct schedule *schedule, size_t host)
{
	if (schedule->world->hosts[host].life == SIM_LIFE_RUNNING)
		schedule_go(schedule, host, SIM_FAULT_POWER_OFF, false);
	else
		schedule_come(schedule, host, SIM_FAULT_START, false);
}

static void schedule_change_end(struct schedule *schedule, size_t host)
{
	if (schedule->world->hosts[host].life == SIM_LIFE_RUNNING)
		schedule_go(schedule, host, SIM_FAULT_END, true);
	else
		schedule_come(schedule, host, SIM_FAULT_START, false);
}

/* Away for longer than its lease. */
static void schedule_change_long(struct schedule *schedule, size_t host)
{
	bool dies = sim_chance(schedule->world, 50);

	if (schedule->world->hosts[host].life != SIM_LIFE_RUNNING)
		return;
	schedule_go(schedule, host, dies ? SIM_FAULT_CRASH : SIM_FAULT_STOP, false);
	if (!sim_failed(schedule->world))
		schedule_come(schedule, host, dies ? SIM_FAULT_RESPAWN : SIM_FAULT_THAW, !dies);
}

/* Away, and back before anybody noticed. */
static void schedule_change_short(struct schedule *schedule, size_t host)
{
	struct sim_world *world = schedule->world;
	bool dies = sim_chance(world, 50);
	uint64_t back = world->now + sim_between(world, 1, world->interval * 9 / 10);

	if (world->hosts[host].life != SIM_LIFE_RUNNING)
		return;
	schedule_expect_rest(schedule);
	for (size_t unit = 0; unit < plain_units(world); unit++)
		if (dies && schedule_is_active(world, unit, host))
			schedule->outcomes[unit][world->hosts[host].part].rises = 1u << host;
	sim_at(world, world->now, dies ? SIM_FAULT_CRASH : SIM_FAULT_STOP, host, 0, 0);
	sim_at(world, back, dies ? SIM_FAULT_RESPAWN : SIM_FAULT_THAW, host, 0, 0);
	schedule_settle(schedule);
}

static void schedule_change_priority(struct schedule *schedule, size_t host)
{
	struct sim_world *world = schedule->world;
	size_t unit = sim_random(world, plain_units(world));
	size_t router = world->grouped ? sim_random(world, world->routers_count) : unit;
	size_t part = world->hosts[host].part;
	struct plain_outcome outcome;

	schedule_expect_rest(schedule);
	sim_at(world, world->now, SIM_FAULT_TRACK, host, router,
		(uint8_t)sim_between(world, 1, 254));
	sim_run(world, world->now);
	if (!(plain_able(world, unit, part) >> host & 1) ||
		world->hosts[host].routers[router].parameters.priority == VRRP_PRIORITY_OWNER)
		return schedule_settle(schedule);
	if (schedule_is_active(world, unit, host))
		outcome = plain_lowered(world, unit, host);
	else
		outcome = plain_arrival(world, unit, host, plain_actives(world, unit, part), true);
	/* How long it had waited when it was changed is not known here. */
	outcome.soonest = outcome.latest = 0;
	schedule_expect(schedule, unit, host, outcome);
	schedule_settle(schedule);
}

static void schedule_change(struct schedule *schedule)
{
	static void (*const changes[])(struct schedule *, size_t) = {
		schedule_change_power,
		schedule_change_end,
		schedule_change_long,
		schedule_change_short,
		schedule_change_priority,
	};
	struct sim_world *world = schedule->world;
	uint32_t actives = plain_actives(world, 0, world->hosts[0].part);
	size_t host = sim_random(world, world->hosts_count);

	/* What happens to who is active says most. */
	if (actives && sim_chance(world, 50))
		host = (size_t)__builtin_ctz(actives);
	sim_run(world, world->now + sim_random(world, world->interval));
	changes[sim_random(world, ARRAY_LENGTH(changes))](schedule, host);
}

void schedule_run(struct sim_world *world, uint64_t seed)
{
	struct schedule schedule = {.world = world};
	size_t changes;

	sim_world_reset(world, seed);
	schedule_world(world);
	schedule_faults(world);
	for (size_t unit = 0; unit < plain_units(world); unit++)
		for (size_t part = 0; part < world->hosts_count; part++)
			schedule.outcomes[unit][part].actives =
				plain_settled(world, unit, part, plain_actives(world, unit, part));
	schedule_settle(&schedule);
	changes = sim_random(world, SCHEDULE_CHANGES_MAX + 1);
	for (size_t i = 0; i < changes && !sim_failed(world); i++)
		schedule_change(&schedule);
}
