// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of what must exist now.
 *
 * One linear merge of what is declared with what is live, service by service, and within each the
 *same for destinations:
 *
 *	declared		resolve() says whether it must be there now, and with which weight; a drain
 *				that was under way is then forgotten. Who drains by somebody's word, and a fallback
 *				that is not needed any more, leaves, and so does who begins down by a check that has
 *				said nothing yet; who fails its check is gone at once
 *	live, not declared	it leaves: by the rules of a drain, below
 *
 * A service that is not declared and not ours is no concern of step(); diff() leaves it alone.
 *
 * The drain of a destination (drain_stays()): while it drains, the destination is desired at weight
 *0, with the attributes that it has. It leaves the desired state, and is so deleted, when the live
 *side shows it at weight 0 without active or inactive connections, or when its deadline has come.
 *It leaves at once when the file says `drain: 0s`, and when the scheduler would refuse clients that
 *it maps to weight 0. A whole service stays until the last of its destinations has gone.
 *
 * While a confirmation is awaited nothing may leave by the files' word: what would be deleted stays at weight
 *0, or as it is where weight 0 refuses clients. What the world and the operator say acts as ever. */
#include "reconciler/step.h"

#include "reconciler/resolve.h"

#define STEP_EXPIRE_NODEST    "expire_nodest_conn"
#define STEP_EXPIRE_QUIESCENT "expire_quiescent_template"

/* The state of one merge. */
struct step_pass {
	const struct step_input *input;
	struct step_output *output;
	struct resolve_output *resolved; /* of the service at hand */
};

/* The service that a destination is leaving. */
struct step_leaving {
	const struct service *live;
	const struct service_attributes *desired;
	uint64_t drain;
	enum drain_reason reason;
};

static void step_wake_at(struct step_output *output, uint64_t when)
{
	output->wake = MIN(output->wake, when);
}

/* Whether weight 0 is honoured by what is there now and by what comes. Flags of the same scheduler change
 * without disruption, and before any destination does: there only what comes counts. */
static bool step_weight_zero_works(const struct step_leaving *leaving)
{
	if (!scheduler_honours_weight_zero(leaving->desired))
		return false;
	return strcmp(leaving->live->attributes.scheduler, leaving->desired->scheduler) == 0 ||
	       scheduler_honours_weight_zero(&leaving->live->attributes);
}

/* Whether what leaves must stay for now: undoing the files' change brings it back as it was. */
static bool step_holds(const struct step_pass *pass, const struct step_leaving *leaving)
{
	return pass->input->hold_deletions && drain_reason_is_of_files(leaving->reason);
}

static bool step_is_idle(const struct destination *destination)
{
	return destination->attributes.weight == 0 && destination->counts.active == 0 &&
	       destination->counts.inactive == 0;
}

/* Whether a leaving destination must still exist, with its drain remembered if so. */
static bool drain_stays(const struct step_pass *pass, const struct step_leaving *leaving,
	const struct destination *destination)
{
	const struct step_input *input = pass->input;
	const struct memory_drain *known =
		memory_find_drain(input->memory, &leaving->live->key, &destination->key);
	bool holds = step_holds(pass, leaving);

	if (!holds) {
		if (leaving->drain == 0 || !step_weight_zero_works(leaving))
			return false;
		if (step_is_idle(destination) || (known && input->now >= known->deadline))
			return false;
	}
	struct memory_drain drain = {
		.service = leaving->live->key,
		.destination = destination->key,
		.since = input->now,
		.deadline = input->now + leaving->drain,
		.reason = leaving->reason,
	};
	if (known) {
		drain.since = known->since;
		drain.deadline = known->deadline;
	}
	vector_push(&pass->output->memory.drains, drain);
	/* While deletions are held back, nothing comes of a deadline. */
	uint64_t poll = input->now + STEP_DRAIN_POLL_NS;
	step_wake_at(pass->output, holds ? poll : MIN(drain.deadline, poll));
	return true;
}

static void step_leave(const struct step_pass *pass, const struct step_leaving *leaving,
	const struct destination *destination, struct service *desired)
{
	if (!drain_stays(pass, leaving, destination))
		return;
	struct destination *stays = vector_append(&desired->destinations);
	stays->key = destination->key;
	stays->attributes = destination->attributes;
	if (step_weight_zero_works(leaving))
		stays->attributes.weight = 0;
}

static void step_want(const struct declared_destination *declared,
	const struct resolution *resolution, struct service *desired)
{
	struct destination *destination = vector_append(&desired->destinations);

	destination->key = declared->key;
	destination->attributes = declared->attributes;
	destination->attributes.weight = resolution->weight;
}

/* Why one that must not be there leaves gently; DRAIN_REASON_COUNT: it goes at once. `resolution` is NULL for what is
 * not declared. */
static enum drain_reason step_leaves_why(const struct resolution *resolution)
{
	if (!resolution)
		return DRAIN_REASON_REMOVED;
	switch (resolution->role) {
	case RESOLUTION_ROLE_DRAINS_DECLARED:
		return DRAIN_REASON_DECLARED;
	case RESOLUTION_ROLE_DRAINS_OPERATOR:
		return DRAIN_REASON_OPERATOR;
	case RESOLUTION_ROLE_SPARE:
		return DRAIN_REASON_FALLBACK;
	case RESOLUTION_ROLE_FAILED:
		/* The files say that it begins so, no check did: who serves keeps what it has until one does. */
		return resolution->verdict.settled ? DRAIN_REASON_COUNT : DRAIN_REASON_UNTESTED;
	default:
		return DRAIN_REASON_COUNT;
	}
}

/* One destination of a service that is declared: `declared` or `live` may be NULL, not both. */
static void step_destination(const struct step_pass *pass, struct step_leaving *leaving,
	const struct declared_destination *declared, const struct resolution *resolution,
	const struct destination *live, struct service *desired)
{
	if (resolution && resolution->in) {
		step_want(declared, resolution, desired);
		return;
	}
	leaving->reason = step_leaves_why(resolution);
	if (live && leaving->reason != DRAIN_REASON_COUNT)
		step_leave(pass, leaving, live, desired);
}

/* Order of the next items of two sorted runs: below 0, the left one comes first (or alone); 0,
 * both. */
static int step_next(bool left, bool right, const void *a, const void *b,
	int (*compare)(const void *, const void *))
{
	if (!left || !right)
		return left ? -1 : 1;
	return compare(a, b);
}

static void step_destinations(const struct step_pass *pass, const struct declared_service *declared,
	const struct service *live, struct service *desired)
{
	struct step_leaving leaving = {
		.live = live, .desired = &declared->attributes, .drain = declared->drain};
	const struct declared_destination *want = declared->destinations.items;
	const struct declared_destination *want_end = want + declared->destinations.count;
	const struct resolution *resolution = pass->resolved->destinations.items;
	const struct destination *have = live ? live->destinations.items : NULL;
	const struct destination *have_end = have + (live ? live->destinations.count : 0);

	vector_reserve(&desired->destinations, declared->destinations.count);
	while (want < want_end || have < have_end) {
		int order = step_next(
			want < want_end, have < have_end, want, have, destination_compare);

		step_destination(pass, &leaving, order <= 0 ? want : NULL,
			order <= 0 ? resolution : NULL, order >= 0 ? have : NULL, desired);
		want += order <= 0;
		resolution += order <= 0;
		have += order >= 0;
	}
}

static struct memory_service *step_remember(
	struct step_output *output, const struct service_key *key, const char *name, uint64_t drain)
{
	struct memory_service *owned = vector_append(&output->memory.owned);

	owned->key = *key;
	owned->name = memory_copy_string(name);
	owned->drain = drain;
	return owned;
}

static void step_resolve(const struct step_pass *pass, const struct declared_service *declared)
{
	const struct step_input *input = pass->input;
	const struct memory_service *known = memory_find_owned(input->memory, &declared->key);

	resolve(declared, input->facts, known && known->quorum_lost, input->now, pass->resolved);
	/* Without a past there is no hysteresis to go by: the quorum is what it says. */
	if (!known && !pass->resolved->quorum_lost &&
		pass->resolved->healthy_weight < declared->quorum)
		resolve(declared, input->facts, true, input->now, pass->resolved);
	step_wake_at(pass->output, pass->resolved->wake);
}

/* One of `standby: remove` is there while its virtual router is active. As long as nobody says what that is it stays as it is:
 * nothing comes or goes because a process is started again. */
static bool step_stands_by(const struct step_pass *pass, const struct declared_service *declared,
	const struct service *live)
{
	if (!declared->standby_removes)
		return false;
	enum facts_role role =
		facts_role(pass->input->facts, declared->router, declared->key.address.family);
	return role == FACTS_ROLE_BACKUP || (role == FACTS_ROLE_UNKNOWN && !live);
}

static void step_declared(const struct step_pass *pass, const struct declared_service *declared,
	const struct service *live)
{
	/* The loss of a role never drains (DESIGN.md, "Drain"). */
	if (step_stands_by(pass, declared, live))
		return;
	struct service *desired = vector_append(&pass->output->desired.services);

	desired->key = declared->key;
	desired->attributes = declared->attributes;
	step_resolve(pass, declared);
	step_destinations(pass, declared, live, desired);
	step_remember(pass->output, &declared->key, declared->name, declared->drain)->quorum_lost =
		pass->resolved->quorum_lost;
}

/* A live service that is not declared: if it is to go, it stays as long as something in it drains.
 */
static void step_undeclared(const struct step_pass *pass, const struct service *live)
{
	const struct step_input *input = pass->input;
	const struct memory_service *owned = memory_find_owned(input->memory, &live->key);
	enum config_prune prune = input->declared->prune;

	if (owned && prune == CONFIG_PRUNE_NONE) {
		step_remember(pass->output, &owned->key, owned->name, owned->drain);
		return;
	}
	if (!owned && prune != CONFIG_PRUNE_ALL)
		return;
	struct step_leaving leaving = {
		.live = live,
		.desired = &live->attributes,
		.drain = owned ? owned->drain : DECLARED_DEFAULT_DRAIN_NS,
		.reason = DRAIN_REASON_REMOVED,
	};
	struct service desired = {
		.key = live->key, .attributes = live->attributes, .leaving = true};
	vector_foreach(&live->destinations, destination)
		step_leave(pass, &leaving, destination, &desired);
	if (!desired.destinations.count && !input->hold_deletions)
		return;
	vector_push(&pass->output->desired.services, desired);
	step_remember(pass->output, &live->key, owned ? owned->name : NULL, leaving.drain);
}

static void step_services(const struct step_pass *pass)
{
	const struct step_input *input = pass->input;
	const struct declared_service *want = input->declared->services.items;
	const struct declared_service *want_end = want + input->declared->services.count;
	const struct service *have = input->live->services.items;
	const struct service *have_end = have + input->live->services.count;

	vector_reserve(&pass->output->desired.services, input->declared->services.count);
	while (want < want_end || have < have_end) {
		int order =
			step_next(want < want_end, have < have_end, want, have, service_compare);

		if (order <= 0)
			step_declared(pass, want, order == 0 ? have : NULL);
		else
			step_undeclared(pass, have);
		want += order <= 0;
		have += order >= 0;
	}
}

static bool step_declares_sysctl(const struct declared *declared, const char *name)
{
	vector_foreach(&declared->sysctls, sysctl)
		if (strcmp(sysctl->name, name) == 0)
			return true;
	return false;
}

/* Connections of a destination that drains or went must not hang: both are needed wherever there is
 * a service, unless the file says otherwise. One that stands by counts too: when it comes, nobody looks
 * at globals. */
static void step_sysctls(const struct step_pass *pass)
{
	static const char *const needed[] = {STEP_EXPIRE_NODEST, STEP_EXPIRE_QUIESCENT};
	const struct declared *declared = pass->input->declared;
	struct state *desired = &pass->output->desired;
	bool serves = desired->services.count || declared->services.count;

	vector_foreach(&declared->sysctls, sysctl)
		vector_push(&desired->sysctls, *sysctl);
	for (size_t i = 0; serves && i < ARRAY_LENGTH(needed); i++)
		if (!step_declares_sysctl(declared, needed[i])) {
			struct sysctl *sysctl = vector_append(&desired->sysctls);
			memcpy(sysctl->name, needed[i], strlen(needed[i]));
			sysctl->value[0] = '1';
		}
	vector_sort(&desired->sysctls, sysctl_compare);
}

static bool step_declares_sync(const struct declared *declared, enum sync_role role)
{
	vector_foreach(&declared->sync, daemon)
		if (daemon->role == role)
			return true;
	return false;
}

/* The one daemon has the role of its virtual router; as long as nobody says what that is, the one that it has. */
static void step_follow(const struct step_pass *pass, struct sync_daemon *daemon)
{
	const struct sync_vector *live = &pass->input->live->sync;

	switch (facts_role(pass->input->facts, pass->input->declared->sync_follows, AF_UNSPEC)) {
	case FACTS_ROLE_ACTIVE:
		daemon->role = SYNC_ROLE_ACTIVE;
		return;
	case FACTS_ROLE_BACKUP:
		daemon->role = SYNC_ROLE_BACKUP;
		return;
	case FACTS_ROLE_UNKNOWN:
		daemon->role = live->count == 1 ? live->items[0].role : SYNC_ROLE_BACKUP;
		return;
	}
}

static void step_sync(const struct step_pass *pass)
{
	const struct declared *declared = pass->input->declared;
	struct state *desired = &pass->output->desired;

	desired->sync_managed = declared->sync_managed;
	vector_foreach(&declared->sync, daemon)
		vector_push(&desired->sync, *daemon);
	if (declared->sync_follows)
		step_follow(pass, &desired->sync.items[0]);
	/* What follows a router has its role by what the world says: nothing of that is held back. */
	if (!pass->input->hold_deletions || !declared->sync_managed || declared->sync_follows)
		return;
	vector_foreach(&pass->input->live->sync, daemon)
		if (!step_declares_sync(declared, daemon->role))
			vector_push(&desired->sync, *daemon);
	vector_sort(&desired->sync, sync_daemon_compare);
}

/* Whether somebody leaves whom a way that is not declared any more may serve, or a confirmation
 * may bring it back. */
static bool step_keeps_ways(const struct step_pass *pass)
{
	if (pass->input->hold_deletions || pass->output->memory.drains.count)
		return true;
	vector_foreach(&pass->output->desired.services, service)
		if (service->leaving)
			return true;
	return false;
}

static bool step_declares_address(const struct declared *declared, const struct address *address)
{
	vector_foreach(&declared->port_addresses, item)
		if (address_equal(&item->key.address, address))
			return true;
	return false;
}

/* Addresses of ports and routes: what is declared; and what is there, until the last drain is over, unless
 * what is declared takes its place. */
static void step_ways(const struct step_pass *pass)
{
	const struct declared *declared = pass->input->declared;
	const struct state *live = pass->input->live;
	struct state *desired = &pass->output->desired;

	desired->ways_managed = declared->ways_managed;
	vector_foreach(&declared->ports, port)
		vector_push(&desired->ports, *port);
	vector_foreach(&declared->port_addresses, address)
		vector_push(&desired->port_addresses, *address);
	vector_foreach(&declared->routes, route)
		vector_push(&desired->routes, *route);
	if (!declared->ways_managed || !step_keeps_ways(pass))
		return;
	vector_foreach(&live->port_addresses, address)
		if (!step_declares_address(declared, &address->key.address))
			vector_push(&desired->port_addresses, *address);
	vector_foreach(&live->routes, route)
		if (!vector_find(&declared->routes, route, data_route_compare))
			vector_push(&desired->routes, *route);
	vector_sort(&desired->port_addresses, port_address_compare);
	vector_sort(&desired->routes, data_route_compare);
}

static void step_globals(const struct step_pass *pass)
{
	const struct declared *declared = pass->input->declared;
	struct state *desired = &pass->output->desired;

	desired->timeouts = declared->timeouts;
	step_sync(pass);
	step_sysctls(pass);
	step_ways(pass);
}

void step(const struct step_input *input, struct step_output *output)
{
	struct resolve_output resolved = {};
	const struct step_pass pass = {.input = input, .output = output, .resolved = &resolved};

	output->wake = UINT64_MAX;
	step_services(&pass);
	step_globals(&pass);
	vector_clear(&resolved.destinations);
	/* Services and destinations were walked in key order, so owned and drains are sorted
	 * already. */
}

void step_output_clear(struct step_output *output)
{
	state_clear(&output->desired);
	memory_clear(&output->memory);
	*output = (struct step_output){};
}
