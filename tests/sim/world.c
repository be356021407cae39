// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "tests/sim/queue.h"

/* A machine's process lives on its own clock, which is off by some ppm; its timers are brought to the world's time and
 * back. */

void sim_fail(struct sim_world *world, const char *format, ...)
{
	va_list arguments;

	if (sim_failed(world))
		return;
	va_start(arguments, format);
	vsnprintf(world->failure, sizeof(world->failure), format, arguments);
	va_end(arguments);
}

bool sim_failed(const struct sim_world *world)
{
	return world->failure[0];
}

void sim_world_reset(struct sim_world *world, uint64_t seed)
{
	struct sim_world fresh = {
		.random = seed,
		.bug = world->bug,
		.trace = world->trace,
		.queue = world->queue,
		.queue_capacity = world->queue_capacity,
		.events = world->events,
		.longest_overlap = world->longest_overlap,
	};

	*world = fresh;
}

void sim_world_clear(struct sim_world *world)
{
	free(world->queue);
	*world = (struct sim_world){};
}

void sim_at(struct sim_world *world, uint64_t at, enum sim_fault fault, size_t host, size_t router,
	uint8_t value)
{
	sim_push(world, &(struct sim_event){.at = at,
				.type = SIM_EVENT_FAULT,
				.fault = fault,
				.host = (uint8_t)host,
				.router = (uint8_t)router,
				.value = value});
}

void sim_garbage(struct sim_world *world)
{
	if (world->garbage)
		sim_push(world, &(struct sim_event){.at = world->now + world->garbage,
					.type = SIM_EVENT_GARBAGE});
}

/* --- clocks --- */

static uint64_t sim_local(const struct sim_host *host, uint64_t now)
{
	return host->offset + now + (uint64_t)((int64_t)now / 1000000 * host->drift);
}

static uint64_t sim_global(const struct sim_host *host, uint64_t local)
{
	uint64_t guess =
		(uint64_t)((__int128)(local - host->offset) * 1000000 / (1000000 + host->drift));

	while (sim_local(host, guess) < local)
		guess++;
	return guess;
}

/* --- the onlooker --- */

/* A stopped process can do nothing about its addresses. */
bool sim_holds(const struct sim_host *host, size_t router)
{
	return host->routers[router].held && host->life != SIM_LIFE_STOPPED;
}

/* Notes whether a host holds a router's addresses; when it no longer does, for how long it did beside each other one. */
static void sim_look(struct sim_world *world, struct sim_host *host, size_t router)
{
	uint64_t *since = &host->routers[router].since;
	bool holds = sim_holds(host, router);

	if (holds && !*since)
		*since = world->now;
	if (holds || !*since)
		return;
	for (size_t i = 0; i < world->hosts_count && world->watching; i++) {
		const struct sim_host *other = &world->hosts[i];
		uint64_t beside;

		if (other == host || other->part != host->part || !sim_holds(other, router))
			continue;
		beside = world->now - MAX(*since, other->routers[router].since);
		world->longest_overlap = MAX(world->longest_overlap, beside);
		if (beside > world->delay)
			sim_fail(world,
				"router %zu: two active for %" PRIu64
				" ns, may be at most %" PRIu64,
				router, beside, world->delay);
	}
	*since = 0;
}

void sim_watch(struct sim_world *world)
{
	world->watching = true;
	memset(world->rises, 0, sizeof(world->rises));
	memset(world->first_rise, 0, sizeof(world->first_rise));
}

static void sim_hold(struct sim_world *world, struct sim_host *host, size_t router, bool held)
{
	host->routers[router].held = held;
	sim_look(world, host, router);
}

static void sim_moved(
	struct sim_world *world, struct sim_host *host, size_t router, enum vrrp_state state)
{
	size_t index = (size_t)(host - world->hosts);

	if (world->trace)
		printf("%15" PRIu64 " host %zu router %zu: %s\n", world->now, index, router,
			vrrp_state_name(state));
	host->routers[router].lease.active = state == VRRP_STATE_ACTIVE;
	if (state != VRRP_STATE_ACTIVE)
		return;
	world->rises[router][index]++;
	if (!world->first_rise[router][host->part])
		world->first_rise[router][host->part] = world->now;
}

/* --- the link --- */

static void sim_deliver(struct sim_world *world, const struct sim_packet *packet, size_t to)
{
	if (sim_chance(world, world->loss))
		return;
	for (int copies = 1 + sim_chance(world, world->duplicates); copies; copies--)
		sim_push(world,
			&(struct sim_event){.at = world->now + sim_between(world, 1, world->delay),
				.type = SIM_EVENT_PACKET,
				.host = (uint8_t)to,
				.packet = *packet});
}

static void sim_advertise(struct sim_world *world, struct sim_host *host, size_t router,
	uint8_t priority, uint64_t local)
{
	const struct vrrp_parameters *own = &host->machines[router].parameters;
	struct sim_router *seen = &host->routers[router];
	struct sim_packet packet = {
		.from = (uint8_t)(host - world->hosts),
		.router = (uint8_t)router,
		.advertisement = {.priority = priority,
			.interval = own->interval,
			.source = own->source},
	};

	if (priority) {
		if (world->now < seen->quiet)
			sim_fail(world, "host %d router %zu: advertises after its lease ran out",
				packet.from, router);
		seen->sent = world->now;
		seen->lease.lease = (struct vrrp_lease){local, own->interval};
	}
	for (size_t i = 0; i < world->hosts_count; i++)
		if (i != packet.from && world->hosts[i].part == host->part)
			sim_deliver(world, &packet, i);
}

/* --- the process --- */

static void sim_arm(struct sim_world *world, const struct sim_host *host, size_t router)
{
	uint64_t deadline = host->machines[router].timer;

	if (deadline)
		sim_push(world,
			&(struct sim_event){.at = MAX(world->now, sim_global(host, deadline)),
				.type = SIM_EVENT_TIMER,
				.host = (uint8_t)(host - world->hosts),
				.router = (uint8_t)router,
				.life = host->lives,
				.deadline = deadline});
}

static void sim_act(struct sim_world *world, struct sim_host *host, size_t router,
	const struct vrrp_actions *actions)
{
	struct vrrp_router *machine = &host->machines[router];

	for (size_t i = 0; i < actions->count; i++) {
		const struct vrrp_action *action = &actions->items[i];

		switch (action->type) {
		case VRRP_ACTION_ADVERTISE:
			sim_advertise(
				world, host, router, action->priority, sim_local(host, world->now));
			break;
		case VRRP_ACTION_ADD_ADDRESSES:
		case VRRP_ACTION_REMOVE_ADDRESSES:
			sim_hold(world, host, router, action->type == VRRP_ACTION_ADD_ADDRESSES);
			break;
		case VRRP_ACTION_MOVED:
			sim_moved(world, host, router, action->state);
			break;
		case VRRP_ACTION_TIMER:
			if (world->bug == SIM_BUG_SKEW && machine->state == VRRP_STATE_BACKUP &&
				machine->timer)
				machine->timer -= vrrp_router_skew(machine);
			sim_arm(world, host, router);
			break;
		default:
			break;
		}
	}
}

/* What a process and what an onlooker see of it must agree, and the members of a group with each other. */
static void sim_agree(struct sim_world *world, const struct sim_host *host)
{
	for (size_t i = 0; i < world->routers_count; i++) {
		enum vrrp_state state = host->machines[i].state;

		if (state != VRRP_STATE_INITIALIZE &&
			(state == VRRP_STATE_ACTIVE) != host->routers[i].held)
			sim_fail(world, "host %td router %zu: %s, and its addresses are not",
				host - world->hosts, i, vrrp_state_name(state));
		if (world->grouped && state != host->machines[0].state)
			sim_fail(world, "host %td: the members of its group differ",
				host - world->hosts);
	}
}

static void sim_mirror(struct address *address)
{
	for (size_t i = 0; i < 4; i++)
		address->bytes[i] ^= 0xff;
}

/* The one way into a machine. */
static void sim_feed(struct sim_world *world, struct sim_host *host, size_t router,
	const struct vrrp_event *given)
{
	bool grouped = world->grouped && world->bug != SIM_BUG_GROUP;
	struct vrrp_group *group = &host->groups[grouped ? 0 : router];
	struct address *source = &host->machines[router].parameters.source;
	bool mirrored = world->bug == SIM_BUG_TIE && given->type == VRRP_EVENT_ADVERTISEMENT;
	struct vrrp_event event = *given;

	if (mirrored) {
		sim_mirror(&event.advertisement.source);
		sim_mirror(source);
	}
	vrrp_group_handle(group, grouped ? router : 0, &event, sim_local(host, world->now));
	if (mirrored)
		sim_mirror(source);
	for (size_t i = 0; i < group->count; i++)
		sim_act(world, host, (size_t)(group->members[i].router - host->machines),
			&group->members[i].actions);
}

static void sim_feed_all(struct sim_world *world, struct sim_host *host, enum vrrp_event_type type)
{
	for (size_t i = 0; i < world->routers_count; i++)
		sim_feed(world, host, i, &(struct vrrp_event){.type = type});
}

static void sim_receive(
	struct sim_world *world, struct sim_host *host, const struct sim_packet *packet)
{
	struct vrrp_router *machine = &host->machines[packet->router];

	if (packet->rejected) {
		if (world->bug == SIM_BUG_REJECTED && machine->state == VRRP_STATE_BACKUP)
			machine->timer =
				sim_local(host, world->now) + vrrp_router_down_interval(machine);
		sim_arm(world, host, packet->router);
		return;
	}
	if (world->bug == SIM_BUG_RESIGN && !packet->advertisement.priority)
		return;
	sim_feed(world, host, packet->router,
		&(struct vrrp_event){
			.type = VRRP_EVENT_ADVERTISEMENT, .advertisement = packet->advertisement});
}

static void sim_packet(struct sim_world *world, const struct sim_event *event)
{
	struct sim_host *host = &world->hosts[event->host];
	bool apart = world->hosts[event->packet.from].part != host->part;

	if (apart || !host->routers[event->packet.router].up)
		return;
	if (host->life == SIM_LIFE_RUNNING)
		sim_receive(world, host, &event->packet);
	else if (host->life == SIM_LIFE_STOPPED && host->inbox_count < SIM_INBOX_MAX)
		host->inbox[host->inbox_count++] = event->packet;
}

static void sim_timer(struct sim_world *world, const struct sim_event *event)
{
	struct sim_host *host = &world->hosts[event->host];

	if (host->life != SIM_LIFE_RUNNING || host->lives != event->life ||
		host->machines[event->router].timer != event->deadline)
		return;
	sim_feed(world, host, event->router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER});
}

/* --- lives --- */

static void sim_be_born(struct sim_world *world, struct sim_host *host)
{
	size_t count = world->grouped && world->bug != SIM_BUG_GROUP ? world->routers_count : 1;

	host->life = SIM_LIFE_RUNNING;
	host->lives++;
	host->inbox_count = 0;
	for (size_t i = 0; i < world->routers_count; i++) {
		struct vrrp_parameters parameters = host->routers[i].parameters;

		parameters.preempt |= world->bug == SIM_BUG_PREEMPT;
		vrrp_router_init(&host->machines[i], &parameters);
		host->members[i] = (struct vrrp_member){.router = &host->machines[i]};
		host->machines[i].up = host->routers[i].up;
	}
	for (size_t i = 0; i + count <= world->routers_count; i++) {
		host->groups[i] = (struct vrrp_group){&host->members[i], count};
		vrrp_group_init(&host->groups[i]);
	}
}

/* Whoever was active and away for its lease has nothing to say for a while: an owner that starts has. */
static void sim_hush(struct sim_world *world, struct sim_host *host, bool starts)
{
	uint64_t local = sim_local(host, world->now);

	for (size_t i = 0; i < world->routers_count; i++) {
		struct sim_router *router = &host->routers[i];
		const struct vrrp_lease *lease = &router->lease.lease;
		bool owner = router->parameters.priority == VRRP_PRIORITY_OWNER;

		if (router->lease.active && local - lease->sent >= 2 * lease->interval &&
			!(starts && owner))
			router->quiet = world->now + MIN(world->interval, 1000000000ull) / 300;
	}
}

static void sim_start(struct sim_world *world, struct sim_host *host)
{
	if (host->life != SIM_LIFE_OFF)
		return;
	sim_be_born(world, host);
	sim_feed_all(world, host, VRRP_EVENT_START);
}

static void sim_respawn(struct sim_world *world, struct sim_host *host)
{
	struct vrrp_event event = {.type = VRRP_EVENT_RESUME};
	struct sim_lease leases[SIM_ROUTERS_MAX];

	if (host->life != SIM_LIFE_DEAD)
		return;
	sim_hush(world, host, true);
	sim_be_born(world, host);
	for (size_t i = 0; i < world->routers_count; i++) {
		leases[i] = host->routers[i].lease;
		host->routers[i].lease.active = false;
	}
	for (size_t i = 0; i < world->routers_count; i++) {
		event.lease = leases[i].active ? leases[i].lease : (struct vrrp_lease){};
		if (world->bug == SIM_BUG_LEASE && leases[i].active)
			event.lease.sent = sim_local(host, world->now);
		sim_feed(world, host, i, &event);
	}
}

/* The supervisor's time for a router: the end of its lease, or of the first of its group's. */
static uint64_t sim_lease_end(
	const struct sim_world *world, const struct sim_host *host, size_t router)
{
	uint64_t end = UINT64_MAX;

	for (size_t i = 0; i < world->routers_count; i++) {
		const struct vrrp_lease *lease = &host->routers[i].lease.lease;

		if (world->grouped || i == router)
			end = MIN(end, lease->sent + 2 * lease->interval);
	}
	return MAX(world->now, sim_global(host, end));
}

static void sim_crash(struct sim_world *world, struct sim_host *host)
{
	if (host->life != SIM_LIFE_RUNNING)
		return;
	host->life = SIM_LIFE_DEAD;
	for (size_t i = 0; i < world->routers_count; i++)
		if (host->routers[i].held)
			sim_push(world, &(struct sim_event){.at = sim_lease_end(world, host, i),
						.type = SIM_EVENT_SUPERVISOR,
						.host = (uint8_t)(host - world->hosts),
						.router = (uint8_t)i,
						.life = host->lives});
}

static void sim_supervise(struct sim_world *world, const struct sim_event *event)
{
	struct sim_host *host = &world->hosts[event->host];

	if (host->life == SIM_LIFE_DEAD && host->lives == event->life)
		sim_hold(world, host, event->router, false);
}

static void sim_power_off(struct sim_world *world, struct sim_host *host)
{
	host->life = SIM_LIFE_OFF;
	for (size_t i = 0; i < world->routers_count; i++) {
		host->routers[i].lease.active = false;
		sim_hold(world, host, i, false);
	}
}

static void sim_end(struct sim_world *world, struct sim_host *host)
{
	if (host->life != SIM_LIFE_RUNNING)
		return;
	sim_feed_all(world, host, VRRP_EVENT_STOP);
	sim_power_off(world, host);
}

static void sim_stop(struct sim_world *world, struct sim_host *host)
{
	if (host->life != SIM_LIFE_RUNNING)
		return;
	host->life = SIM_LIFE_STOPPED;
	host->stopped = world->now;
	for (size_t i = 0; i < world->routers_count; i++)
		sim_look(world, host, i);
}

/* As a dispatcher does: tells a stop that it can notice, then what is due, then what came meanwhile. */
static void sim_thaw(struct sim_world *world, struct sim_host *host)
{
	size_t count = host->inbox_count;

	if (host->life != SIM_LIFE_STOPPED)
		return;
	sim_hush(world, host, false);
	host->life = SIM_LIFE_RUNNING;
	host->inbox_count = 0;
	for (size_t i = 0; i < world->routers_count && world->bug == SIM_BUG_LEASE; i++)
		host->machines[i].lease.sent = sim_local(host, world->now);
	if (world->now - host->stopped >= world->interval && world->bug != SIM_BUG_THAW)
		sim_feed_all(world, host, VRRP_EVENT_THAW);
	sim_feed_all(world, host, VRRP_EVENT_TIMER);
	for (size_t i = 0; i < count; i++)
		sim_receive(world, host, &host->inbox[i]);
	for (size_t i = 0; i < world->routers_count; i++) {
		sim_arm(world, host, i);
		sim_look(world, host, i);
	}
}

/* --- faults --- */

static void sim_parameters(
	struct sim_world *world, struct sim_host *host, const struct sim_event *event)
{
	struct sim_router *router = &host->routers[event->router];
	struct vrrp_event told = {.type = VRRP_EVENT_PRIORITY, .priority = event->value};
	struct vrrp_parameters parameters;

	if (host->life == SIM_LIFE_STOPPED || router->parameters.priority == VRRP_PRIORITY_OWNER)
		return;
	router->parameters.priority = event->value;
	if (event->fault == SIM_FAULT_CONFIGURE) {
		router->parameters.preempt = sim_chance(world, 80);
		if (world->mixed)
			router->parameters.interval = world->interval * sim_between(world, 1, 2);
		told.type = VRRP_EVENT_CONFIGURED;
		told.addresses_changed = sim_chance(world, 50);
	}
	parameters = router->parameters;
	parameters.preempt |= world->bug == SIM_BUG_PREEMPT;
	told.parameters = &parameters;
	if (host->life == SIM_LIFE_RUNNING)
		sim_feed(world, host, event->router, &told);
}

static void sim_interface(struct sim_world *world, struct sim_host *host, size_t router, bool up)
{
	if (host->life == SIM_LIFE_STOPPED)
		return;
	host->routers[router].up = up;
	if (host->life == SIM_LIFE_RUNNING)
		sim_feed(world, host, router,
			&(struct vrrp_event){.type = up ? VRRP_EVENT_UP : VRRP_EVENT_DOWN});
}

static void sim_partition(struct sim_world *world, uint8_t parts)
{
	for (size_t i = 0; i < world->hosts_count; i++)
		world->hosts[i].part = (uint8_t)sim_random(world, parts);
}

static void sim_fault(struct sim_world *world, const struct sim_event *event)
{
	struct sim_host *host = &world->hosts[event->host];

	if (world->trace)
		printf("%15" PRIu64 " host %d fault %d router %d value %d\n", world->now,
			event->host, event->fault, event->router, event->value);
	switch (event->fault) {
	case SIM_FAULT_START:
		return sim_start(world, host);
	case SIM_FAULT_CRASH:
		return sim_crash(world, host);
	case SIM_FAULT_RESPAWN:
		return sim_respawn(world, host);
	case SIM_FAULT_POWER_OFF:
		return sim_power_off(world, host);
	case SIM_FAULT_STOP:
		return sim_stop(world, host);
	case SIM_FAULT_THAW:
		return sim_thaw(world, host);
	case SIM_FAULT_END:
		return sim_end(world, host);
	case SIM_FAULT_PARTITION:
	case SIM_FAULT_HEAL:
		return sim_partition(world, event->fault == SIM_FAULT_HEAL ? 1 : event->value);
	case SIM_FAULT_LOSS:
		world->loss = event->value;
		return;
	case SIM_FAULT_TRACK:
	case SIM_FAULT_CONFIGURE:
		return sim_parameters(world, host, event);
	case SIM_FAULT_DOWN:
	case SIM_FAULT_UP:
		return sim_interface(world, host, event->router, event->fault == SIM_FAULT_UP);
	default:
		return;
	}
}

/* Somebody's packets with a wrong checksum: they look better than anybody's. */
static void sim_spread_garbage(struct sim_world *world)
{
	struct sim_packet packet = {.rejected = true, .advertisement = {.priority = 255}};

	for (size_t i = 0; i < world->hosts_count; i++) {
		packet.from = (uint8_t)i;
		packet.router = (uint8_t)sim_random(world, world->routers_count);
		sim_push(world,
			&(struct sim_event){.at = world->now + sim_between(world, 1, world->delay),
				.type = SIM_EVENT_PACKET,
				.host = (uint8_t)i,
				.packet = packet});
	}
	sim_garbage(world);
}

static void sim_step(struct sim_world *world)
{
	struct sim_event event = sim_pop(world);

	world->now = event.at;
	world->events++;
	switch (event.type) {
	case SIM_EVENT_PACKET:
		sim_packet(world, &event);
		break;
	case SIM_EVENT_TIMER:
		sim_timer(world, &event);
		break;
	case SIM_EVENT_SUPERVISOR:
		sim_supervise(world, &event);
		break;
	case SIM_EVENT_GARBAGE:
		sim_spread_garbage(world);
		break;
	case SIM_EVENT_FAULT:
		sim_fault(world, &event);
		break;
	}
	if (world->hosts[event.host].life == SIM_LIFE_RUNNING)
		sim_agree(world, &world->hosts[event.host]);
}

void sim_run(struct sim_world *world, uint64_t until)
{
	while (world->queue_count && world->queue[0].at <= until && !sim_failed(world))
		sim_step(world);
	world->now = MAX(world->now, until);
}
