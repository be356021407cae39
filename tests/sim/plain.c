// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/sim/plain.h"

#include "base/macros.h"

struct plain_host {
	unsigned int priority;
	uint32_t address;
	bool preempts;
	uint64_t delay; /* before it preempts */
};

size_t plain_units(const struct sim_world *world)
{
	return world->grouped ? 1 : world->routers_count;
}

static size_t plain_first(size_t unit)
{
	return unit;
}

static size_t plain_end(const struct sim_world *world, size_t unit)
{
	return world->grouped ? world->routers_count : unit + 1;
}

static struct plain_host plain_host(const struct sim_world *world, size_t unit, size_t host)
{
	const struct sim_router *routers = world->hosts[host].routers;
	const uint8_t *bytes = routers[plain_first(unit)].parameters.source.bytes;
	struct plain_host plain = {.priority = 255, .preempts = true};

	plain.address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			(uint32_t)bytes[2] << 8 | bytes[3];
	for (size_t i = plain_first(unit); i < plain_end(world, unit); i++) {
		plain.priority = MIN(plain.priority, routers[i].parameters.priority);
		plain.preempts &= routers[i].parameters.preempt;
		plain.delay = MAX(plain.delay, routers[i].parameters.preempt_delay);
	}
	if (plain.priority == 255) {
		plain.preempts = true;
		plain.delay = 0;
	}
	return plain;
}

uint32_t plain_able(const struct sim_world *world, size_t unit, size_t part)
{
	uint32_t able = 0;

	for (size_t i = 0; i < world->hosts_count; i++) {
		const struct sim_host *host = &world->hosts[i];
		bool up = host->part == part && host->life == SIM_LIFE_RUNNING;

		for (size_t j = plain_first(unit); j < plain_end(world, unit); j++)
			up &= host->routers[j].up;
		able |= (uint32_t)up << i;
	}
	return able;
}

uint32_t plain_actives(const struct sim_world *world, size_t unit, size_t part)
{
	uint32_t actives = 0;

	for (size_t i = 0; i < world->hosts_count; i++)
		actives |= (uint32_t)(world->hosts[i].part == part &&
				      sim_holds(&world->hosts[i], plain_first(unit)))
			   << i;
	return actives;
}

/* The priority below which nobody stays. */
static unsigned int plain_floor(const struct sim_world *world, size_t unit, uint32_t able)
{
	unsigned int most = 0;

	for (size_t i = 0; i < world->hosts_count; i++) {
		struct plain_host host = plain_host(world, unit, i);

		if (able >> i & 1 && host.preempts)
			most = MAX(most, host.priority);
	}
	return most;
}

static bool plain_worse(const struct plain_host *a, const struct plain_host *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->address < b->address;
}

uint32_t plain_settled(const struct sim_world *world, size_t unit, size_t part, uint32_t before)
{
	uint32_t able = plain_able(world, unit, part), settled = 0;
	unsigned int floor = plain_floor(world, unit, able);
	struct plain_host best = {};

	for (size_t i = 0; i < world->hosts_count; i++) {
		struct plain_host host = plain_host(world, unit, i);

		if (able & before & 1u << i && plain_worse(&best, &host))
			best = host;
	}
	for (size_t i = 0; i < world->hosts_count; i++) {
		struct plain_host host = plain_host(world, unit, i);

		if (able >> i & 1 && host.priority >= floor && !plain_worse(&host, &best))
			settled |= 1u << i;
	}
	return settled;
}

/* RFC 9568 §6.1, RFC 3768 §6.1. */
static uint64_t plain_skew(
	const struct vrrp_parameters *parameters, unsigned int priority, uint64_t interval)
{
	uint64_t of = parameters->version == 2 ? 1000000000ull : interval;

	return of * (256 - priority) / 256;
}

/* When `host` takes the place of `gone`, which every member last heard of within a packet's time of this. A member that
 * would preempt has long stopped to wait, and is kept back by those of its group that would not. */
static uint64_t plain_due(
	const struct sim_world *world, size_t unit, size_t host, size_t gone, bool resigned)
{
	unsigned int priority = plain_host(world, unit, host).priority;
	unsigned int lower = plain_host(world, unit, gone).priority;
	uint64_t due = 0;

	for (size_t i = plain_first(unit); i < plain_end(world, unit); i++) {
		const struct sim_router *left = &world->hosts[gone].routers[i];
		uint64_t interval = left->lease.lease.interval;
		uint64_t skew = plain_skew(&left->parameters, priority, interval);

		if (world->hosts[host].routers[i].parameters.preempt && priority > lower)
			continue;
		due = MAX(due, resigned ? world->now + skew : left->sent + 3 * interval + skew);
	}
	return due;
}

static uint64_t plain_longest(const struct sim_world *world)
{
	return 4 * world->interval * (world->mixed ? 2 : 1) +
	       1000000000ull * (world->hosts[0].routers[0].parameters.version == 2);
}

/* What clocks make of the longest wait. */
static uint64_t plain_drift(const struct sim_world *world)
{
	return plain_longest(world) / 1000000 * 3 * SIM_DRIFT_PPM + 1000;
}

struct plain_outcome plain_vacancy(
	const struct sim_world *world, size_t unit, size_t gone, bool resigned)
{
	uint32_t able = plain_able(world, unit, world->hosts[gone].part) & ~(1u << gone);
	unsigned int floor = plain_floor(world, unit, able);
	uint64_t first = UINT64_MAX, margin = 2 * world->delay + plain_drift(world);
	struct plain_outcome outcome = {};

	for (size_t i = 0; i < world->hosts_count; i++)
		if (able >> i & 1)
			first = MIN(first, plain_due(world, unit, i, gone, resigned));
	for (size_t i = 0; i < world->hosts_count; i++) {
		if (!(able >> i & 1) || plain_due(world, unit, i, gone, resigned) > first + margin)
			continue;
		outcome.rises |= 1u << i;
		if (plain_host(world, unit, i).priority >= floor)
			outcome.actives |= 1u << i;
	}
	if (able) {
		outcome.soonest = first - plain_drift(world);
		outcome.latest = first + world->delay + plain_drift(world);
	}
	return outcome;
}

/* The wait of a host for which nobody counts, with the shortest and the longest interval that it may go by. */
static void plain_wait(const struct sim_world *world, size_t unit, size_t host, bool awake,
	struct plain_outcome *outcome)
{
	unsigned int priority = plain_host(world, unit, host).priority;
	uint64_t soonest = 0, latest = 0;

	for (size_t i = plain_first(unit); i < plain_end(world, unit); i++) {
		const struct vrrp_parameters *own = &world->hosts[host].routers[i].parameters;
		uint64_t least = awake ? world->interval : own->interval;
		uint64_t most = awake && world->mixed ? 2 * world->interval : least;

		if (awake && !world->mixed)
			least = most = own->interval;
		soonest = MAX(soonest, 3 * least + plain_skew(own, priority, least));
		latest = MAX(latest, 3 * most + plain_skew(own, priority, most));
	}
	outcome->soonest = world->now + soonest - plain_drift(world);
	outcome->latest = world->now + latest + plain_drift(world);
}

struct plain_outcome plain_arrival(
	const struct sim_world *world, size_t unit, size_t host, uint32_t active, bool awake)
{
	struct plain_host own = plain_host(world, unit, host);
	struct plain_outcome outcome = {.actives = 1u << host, .rises = 1u << host};
	struct plain_host other = {};

	for (size_t i = 0; i < world->hosts_count; i++)
		if (active >> i & 1)
			other = plain_host(world, unit, i);
	if (own.priority == 255 && !awake) {
		outcome.actives = plain_worse(&own, &other) ? active : 1u << host;
		outcome.soonest = outcome.latest = world->now;
		return outcome;
	}
	if (active && (!own.preempts || own.priority <= other.priority))
		return (struct plain_outcome){.actives = active};
	plain_wait(world, unit, host, awake, &outcome);
	/* Meanwhile it goes by the active one's interval. */
	if (active && own.delay) {
		outcome.soonest = world->now + own.delay - plain_drift(world);
		outcome.latest = 0;
	}
	return outcome;
}

struct plain_outcome plain_lowered(const struct sim_world *world, size_t unit, size_t host)
{
	uint32_t able = plain_able(world, unit, world->hosts[host].part);
	unsigned int own = plain_host(world, unit, host).priority;
	unsigned int floor = plain_floor(world, unit, able & ~(1u << host));
	struct plain_outcome outcome = {};

	if (floor <= own)
		return (struct plain_outcome){.actives = 1u << host};
	for (size_t i = 0; i < world->hosts_count; i++) {
		struct plain_host other = plain_host(world, unit, i);

		if (!(able >> i & 1) || i == host || !other.preempts || other.priority <= own)
			continue;
		outcome.rises |= 1u << i;
		if (other.priority == floor)
			outcome.actives |= 1u << i;
	}
	return outcome;
}

uint64_t plain_bound(const struct sim_world *world)
{
	uint64_t delay = 0;

	for (size_t i = 0; i < world->hosts_count; i++)
		for (size_t j = 0; j < world->routers_count; j++)
			delay = MAX(delay, world->hosts[i].routers[j].parameters.preempt_delay);
	return plain_longest(world) + delay + world->interval * (world->mixed ? 2 : 1) +
	       4 * world->delay + 2 * plain_drift(world);
}
