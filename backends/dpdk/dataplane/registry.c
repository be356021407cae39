// SPDX-License-Identifier: GPL-2.0-or-later
/* From a transaction to the end of what it replaced.
 *
 * A slot that drains for a destination is chained to the one that has its place (`newer`, `older`), so
 * that the destination's counters are the chain's, and its end is the chain's. When a slot ends, what
 * it counted is carried over: to the slot that it drained for, else to its service. What a slot that
 * is killed counts in its last grace period is lost.
 *
 *	taken    LIVE, in the ledger
 *	moved    another has its place; LIVE, in `graces`, then in `drains`, freed when it is empty
 *	killed   DEAD, in `graces`; freed after the grace period, whatever refers to it still
 *
 * A slot that is killed while it drains may stand in `drains` until that is next gone through: there
 * it is known by its state and its incarnation. */
#include "backends/dpdk/dataplane/registry.h"

#include <errno.h>

#include "backends/dpdk/dataplane/transaction.h"
#include "base/memory.h"

/* A rate over less says nothing. */
#define REGISTRY_SAMPLE_NS 1000000000ull

/* What was counted by slots that are gone. */
struct registry_sum {
	uint64_t connections, packets_in, packets_out, bytes_in, bytes_out;
};

/* When the counters of a destination were last looked at, and what had come since the time before. */
struct registry_sample {
	uint64_t when; /* 0: never */
	uint64_t connections, bytes_in, bytes_out;
	uint32_t connection_rate, byte_rate_in, byte_rate_out;
};

struct registry_slot {
	uint32_t older, newer; /* SLOT_NONE: none */
	struct registry_sum carried;
	struct registry_sample sample; /* of the chain that begins here */
};

struct registry_place {
	uint64_t since; /* the generation from which on a service has it; 0: none */
	struct registry_sum carried;
};

struct registry_drained {
	uint32_t slot;
	uint16_t incarnation;
};

/* What waits until every worker has passed a quiescent state. */
struct registry_grace {
	uint64_t token; /* the plane's */
	struct generation *generation;
	struct transaction_numbers dead, moved, places;
};

struct registry {
	struct registry_options options;
	struct data_port_vector no_ports;
	struct ledger *ledger;
	struct registry_slot *slots;   /* at a slot's index */
	struct registry_place *places; /* at a place */
	struct transaction_numbers free_places;
	struct registry_grace graces[REGISTRY_GRACES_MOST]; /* in the order of their beginning */
	uint32_t grace_count;
	uint64_t begun, over; /* graces, counted */
	struct {
		VECTOR_OF(struct registry_drained);
	} drains;
};

struct registry *registry_new(const struct registry_options *options)
{
	struct registry *registry = memory_new(sizeof(*registry));

	registry->options = *options;
	registry->ledger = ledger_new(0, options->ways ? options->ways : ways_new(), 0);
	if (!options->ports)
		registry->options.ports = &registry->no_ports;
	registry->slots = memory_resize(NULL, options->slots->count, sizeof(*registry->slots));
	registry->places = memory_new((options->services + 1) * sizeof(*registry->places));
	vector_reserve(&registry->free_places, options->services);
	for (uint32_t i = options->services; i-- > 0;)
		vector_push(&registry->free_places, i);
	return registry;
}

static void grace_clear(struct registry_grace *grace)
{
	generation_free(grace->generation);
	vector_clear(&grace->dead);
	vector_clear(&grace->moved);
	vector_clear(&grace->places);
}

struct registry *registry_free(struct registry *registry)
{
	if (!registry)
		return NULL;
	for (uint32_t i = 0; i < registry->grace_count; i++)
		grace_clear(&registry->graces[i]);
	ledger_unref(registry->ledger);
	vector_clear(&registry->free_places);
	vector_clear(&registry->drains);
	free(registry->slots);
	free(registry->places);
	free(registry);
	return NULL;
}

/* Counters. */

static uint64_t counter(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint16_t slot_incarnation(const struct registry *registry, uint32_t slot)
{
	return atomic_load_explicit(
		&registry->options.slots->slots[slot].incarnation, memory_order_relaxed);
}

static void sum_add(struct registry_sum *to, const struct registry_sum *from)
{
	to->connections += from->connections;
	to->packets_in += from->packets_in;
	to->packets_out += from->packets_out;
	to->bytes_in += from->bytes_in;
	to->bytes_out += from->bytes_out;
}

/* What all workers count of one slot in one incarnation. */
static void sum_workers(const struct scheduler_view *view, uint32_t slot, uint16_t incarnation,
	struct registry_sum *to)
{
	for (unsigned int i = 0; i < view->workers; i++) {
		const struct slot_counts *counts = &view->counts[i][slot];

		if (atomic_load_explicit(&counts->incarnation, memory_order_acquire) != incarnation)
			continue;
		to->connections += counter(&counts->connections);
		to->packets_in += counter(&counts->packets_in);
		to->packets_out += counter(&counts->packets_out);
		to->bytes_in += counter(&counts->bytes_in);
		to->bytes_out += counter(&counts->bytes_out);
	}
}

/* All that was ever counted of a slot that is not free, and for it. */
static struct registry_sum sum_slot(const struct registry *registry, uint32_t slot)
{
	struct registry_sum sum = registry->slots[slot].carried;

	sum_workers(registry->options.view, slot, slot_incarnation(registry, slot), &sum);
	return sum;
}

/* The first slot of a destination's chain, or SLOT_NONE when it is another's by now. */
static uint32_t chain_of(
	const struct registry *registry, const struct ledger_destination *destination)
{
	const struct slot *slot = &registry->options.slots->slots[destination->slot];

	return slot_is_alive(slot, destination->incarnation) ? destination->slot : SLOT_NONE;
}

/* Of a chain, from its first slot on. */
static struct registry_sum sum_chain(const struct registry *registry, uint32_t slot)
{
	struct registry_sum sum = {};

	for (; slot != SLOT_NONE; slot = registry->slots[slot].older) {
		const struct registry_sum one = sum_slot(registry, slot);

		sum_add(&sum, &one);
	}
	return sum;
}

static uint32_t registry_rate(uint64_t now, uint64_t before, uint64_t ns)
{
	double rate = (double)(now - MIN(before, now)) * 1e9 / (double)ns;

	return rate < UINT32_MAX ? (uint32_t)(rate + 0.5) : UINT32_MAX;
}

/* Brings the sample up to date, when it is old enough to say anything. */
static const struct registry_sample *sample_take(
	struct registry_sample *sample, const struct registry_sum *sum, uint64_t now)
{
	uint64_t ns = now - sample->when;

	if (sample->when && ns < REGISTRY_SAMPLE_NS)
		return sample;
	if (sample->when) {
		sample->connection_rate = registry_rate(sum->connections, sample->connections, ns);
		sample->byte_rate_in = registry_rate(sum->bytes_in, sample->bytes_in, ns);
		sample->byte_rate_out = registry_rate(sum->bytes_out, sample->bytes_out, ns);
	}
	sample->when = now;
	sample->connections = sum->connections;
	sample->bytes_in = sum->bytes_in;
	sample->bytes_out = sum->bytes_out;
	return sample;
}

static void traffic_add(struct traffic *traffic, const struct registry_sum *sum)
{
	traffic->connections += sum->connections;
	traffic->packets_in += sum->packets_in;
	traffic->packets_out += sum->packets_out;
	traffic->bytes_in += sum->bytes_in;
	traffic->bytes_out += sum->bytes_out;
}

static void traffic_add_chain(
	struct registry *registry, uint32_t slot, uint64_t now, struct traffic *traffic)
{
	const struct registry_sum sum = sum_chain(registry, slot);
	const struct registry_sample *sample =
		sample_take(&registry->slots[slot].sample, &sum, now);

	traffic_add(traffic, &sum);
	traffic->connection_rate += sample->connection_rate;
	traffic->byte_rate_in += sample->byte_rate_in;
	traffic->byte_rate_out += sample->byte_rate_out;
}

void registry_count_destination(struct registry *registry,
	const struct ledger_destination *destination, uint64_t now, struct destination_counts *ret)
{
	const struct scheduler_view *view = registry->options.view;
	uint32_t slot = chain_of(registry, destination);

	*ret = (struct destination_counts){};
	if (slot != SLOT_NONE)
		traffic_add_chain(registry, slot, now, &ret->traffic);
	/* Those that name a slot which drains are void. */
	if (slot != SLOT_NONE && registry->options.plane.templates)
		ret->persistent = registry->options.plane.templates(
			registry->options.plane.data, slot, slot_incarnation(registry, slot));
	for (; slot != SLOT_NONE; slot = registry->slots[slot].older) {
		uint16_t incarnation = slot_incarnation(registry, slot);

		ret->active += scheduler_active(view, slot, incarnation);
		ret->inactive += scheduler_inactive(view, slot, incarnation);
	}
}

void registry_count_service(struct registry *registry, const struct ledger_service *service,
	uint64_t now, struct traffic *ret)
{
	const struct registry_place *place = &registry->places[service->place];

	*ret = (struct traffic){};
	if (place->since == service->since)
		traffic_add(ret, &place->carried);
	for (uint32_t i = 0; i < service->count; i++) {
		uint32_t slot = chain_of(registry, &service->destinations[i]);

		if (slot != SLOT_NONE)
			traffic_add_chain(registry, slot, now, ret);
	}
}

/* Slots. */

/* What it counted goes to the slot that it drains for, else to its service; it leaves its chain. */
static void slot_settle(struct registry *registry, uint32_t slot)
{
	struct registry_slot *record = &registry->slots[slot];
	const struct registry_sum sum = sum_slot(registry, slot);
	uint32_t place = registry->options.slots->slots[slot].service;

	if (record->newer != SLOT_NONE) {
		sum_add(&registry->slots[record->newer].carried, &sum);
		registry->slots[record->newer].older = record->older;
	} else {
		sum_add(&registry->places[place].carried, &sum);
	}
	if (record->older != SLOT_NONE)
		registry->slots[record->older].newer = record->newer;
}

static void slot_let_go(struct registry *registry, uint32_t slot)
{
	const struct registry_plane *plane = &registry->options.plane;

	if (plane->slot_freed)
		plane->slot_freed(plane->data, slot);
	slot_free(registry->options.slots, slot);
}

/* The slot of a destination that is gone, and those that drain for it. */
static void chain_kill(struct registry *registry, struct registry_grace *grace, uint32_t slot)
{
	while (slot != SLOT_NONE) {
		uint32_t older = registry->slots[slot].older;

		slot_kill(registry->options.slots, slot);
		slot_settle(registry, slot);
		vector_push(&grace->dead, slot);
		slot = older;
	}
}

/* Transactions. */

static void registry_prepare(struct registry *registry, const struct transaction *transaction)
{
	const struct registry_plane *plane = &registry->options.plane;

	vector_foreach(&transaction->taken_places, place) {
		registry->places[*place] =
			(struct registry_place){.since = transaction->ledger->number};
		if (plane->place_taken)
			plane->place_taken(plane->data, *place);
	}
	vector_foreach(&transaction->taken_slots, slot) {
		registry->slots[*slot] =
			(struct registry_slot){.older = SLOT_NONE, .newer = SLOT_NONE};
		if (plane->slot_taken)
			plane->slot_taken(plane->data, *slot);
	}
	vector_foreach(&transaction->moves, move) {
		registry->slots[move->to].older = move->from;
		registry->slots[move->from].newer = move->to;
		registry->slots[move->to].sample = registry->slots[move->from].sample;
	}
}

static void registry_commit(struct registry *registry, struct transaction *transaction)
{
	const struct registry_plane *plane = &registry->options.plane;
	struct registry_grace *grace = &registry->graces[registry->grace_count++];

	registry_prepare(registry, transaction);
	*grace = (struct registry_grace){
		.generation = plane->publish(plane->data, transaction->generation),
		.places = transaction->abandoned,
	};
	memset(&transaction->abandoned, 0, sizeof(transaction->abandoned));
	vector_foreach(&transaction->killed, slot)
		chain_kill(registry, grace, *slot);
	vector_foreach(&transaction->moves, move)
		vector_push(&grace->moved, move->from);
	ledger_unref(registry->ledger);
	registry->ledger = transaction->ledger;
	registry->begun++;
	grace->token = plane->grace_begin(plane->data);
}

/* Others than those in force. */
static int registry_set_ways(
	struct registry *registry, const struct ways *ways, struct error *error)
{
	const struct registry_plane *plane = &registry->options.plane;

	if (ways == registry->ledger->ways || !plane->set_ways)
		return 0;
	return plane->set_ways(plane->data, ways, error);
}

/* The operation that is blamed when addresses and routes do not fit each other. */
static size_t find_last_way(const struct plan_op *ops, size_t count)
{
	while (count && !ways_concern(&ops[count - 1]))
		count--;
	return count ? count - 1 : TRANSACTION_WHOLE;
}

int registry_apply(struct registry *registry, const struct plan_op *ops, size_t count,
	struct registry_result *result, struct error *error)
{
	const struct transaction_base base = {
		.ledger = registry->ledger,
		.slots = registry->options.slots,
		.places = &registry->free_places,
		.ports = registry->options.ports,
	};
	struct transaction transaction = {};

	registry_turn(registry);
	*result = (struct registry_result){registry->ledger->number, 0, TRANSACTION_WHOLE};
	if (registry->grace_count == REGISTRY_GRACES_MOST)
		return error_set(error, -EBUSY,
			"a worker has not taken up the last %u generations: is its core "
			"overloaded? "
			"(try again)",
			registry->grace_count);
	int r = transaction_make(&transaction, &base, ops, count, &result->failed, error);
	if (r == 0 && transaction.ledger)
		r = registry_set_ways(registry, transaction.ledger->ways, error);
	if (r < 0 && transaction.ledger) {
		transaction_undo(&transaction, &base);
		result->failed = find_last_way(ops, count);
	}
	if (r == 0 && transaction.ledger) {
		registry_commit(registry, &transaction);
		result->generation = registry->ledger->number;
		result->token = registry->begun;
		registry_turn(registry);
	}
	transaction_clear(&transaction);
	return r;
}

bool registry_is_seen(const struct registry *registry, uint64_t token)
{
	return token <= registry->over;
}

/* The end. */

static void grace_end(struct registry *registry, struct registry_grace *grace)
{
	vector_foreach(&grace->dead, slot)
		slot_let_go(registry, *slot);
	vector_foreach(&grace->moved, slot) {
		struct registry_drained drained = {*slot, slot_incarnation(registry, *slot)};

		vector_push(&registry->drains, drained);
	}
	vector_foreach(&grace->places, place) {
		registry->places[*place].since = 0;
		vector_push(&registry->free_places, *place);
	}
	grace_clear(grace);
}

bool registry_turn(struct registry *registry)
{
	const struct registry_plane *plane = &registry->options.plane;
	uint32_t ended = 0;

	while (ended < registry->grace_count &&
		plane->grace_is_over(plane->data, registry->graces[ended].token))
		grace_end(registry, &registry->graces[ended++]);
	registry->grace_count -= ended;
	registry->over += ended;
	memmove(registry->graces, registry->graces + ended,
		registry->grace_count * sizeof(*registry->graces));
	return registry->grace_count > 0;
}

/* Whether it need not be looked at again; if it has come free, it is let go of. */
static bool drain_is_over(struct registry *registry, const struct registry_drained *drained)
{
	const struct scheduler_view *view = registry->options.view;
	const struct slot *slot = &registry->options.slots->slots[drained->slot];

	if (!slot_is_alive(slot, drained->incarnation))
		return true;
	if (scheduler_active(view, drained->slot, drained->incarnation) ||
		scheduler_inactive(view, drained->slot, drained->incarnation))
		return false;
	slot_settle(registry, drained->slot);
	slot_let_go(registry, drained->slot);
	return true;
}

bool registry_drain(struct registry *registry)
{
	size_t kept = 0;

	for (size_t i = 0; i < registry->drains.count; i++) {
		const struct registry_drained drained = registry->drains.items[i];

		if (!drain_is_over(registry, &drained))
			registry->drains.items[kept++] = drained;
	}
	registry->drains.count = kept;
	return kept > 0;
}

struct ledger *registry_ledger(const struct registry *registry)
{
	return registry->ledger;
}

const struct data_port_vector *registry_ports(const struct registry *registry)
{
	return registry->options.ports;
}

void registry_total(const struct registry *registry, struct registry_totals *ret)
{
	const struct ledger *ledger = registry->ledger;

	*ret = (struct registry_totals){
		.services = ledger->count,
		.slots_free = registry->options.slots->free_count,
		.places_free = (uint32_t)registry->free_places.count,
		.draining = (uint32_t)registry->drains.count,
		.graces = registry->grace_count,
	};
	for (uint32_t i = 0; i < ledger->count; i++)
		ret->destinations += ledger->services[i]->count;
}
