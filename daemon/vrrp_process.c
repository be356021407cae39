// SPDX-License-Identifier: GPL-2.0-or-later
/* The shell around the virtual routers (vrrp/node.h): messages in, messages out.
 *
 *	plan	  gathered piece by piece (vrrp_plan.h), each answered; put in force as a whole by COMMIT, or refused, and the one
 *		  before stays
 *	moves	  told in order, those of a turn together
 *	states	  all of them, again and again, a portion in each turn: what was lost on the way is healed by that
 *
 * Nothing here waits for anybody: a take-over asks neither the reconciler nor the supervisor, and when they are gone the routers
 * go on. What needs privileges is opened before the sandbox; real-time scheduling and locked memory are taken by rights that
 * are given up at once (realtime.h).
 *
 * When the supervisor is gone its channel ends: the routers resign, and what is theirs is removed, as at any stop. What is not gone
 * when the time for that is over is left to whoever cleans up. */
#include "daemon/vrrp_process.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/timespec.h"
#include "daemon/claim.h"
#include "daemon/levels.h"
#include "daemon/messages.h"
#include "daemon/process.h"
#include "daemon/realtime.h"
#include "daemon/vrrp_plan.h"

LOG_MODULE("vrrp");

#define VRRP_PROCESS_STATS_NS 2000000000ull
/* For an end in order that nobody waits for, and nobody limits. */
#define VRRP_PROCESS_ALONE_NS 5000000000ull

struct vrrp_process {
	const struct poised_options *options;
	struct loop *loop;
	struct channel *channel;
	struct node *node; /* NULL: this machine does not allow it, and every plan is refused */
	struct loop_source *stats, *tell;
	struct loop_source *alone; /* the time without a supervisor is over */
	struct vrrp_plan plan;
	uint64_t generation; /* of the plan in force */
	bool own;            /* the namespace's routers are ours to keep (claim.h) */
	bool refused;        /* they are another's, and that was told */
	int sweep_claim;     /* for the moment in which what nobody keeps is removed; -1: none */
	bool realtime;
	bool unheard; /* the last message could not be sent */
	struct {
		VECTOR_OF(struct message_vrrp_move);
	} moves;       /* that are to be told */
	uint32_t said; /* serial of the last MOVED */
	bool telling;  /* states: from here on */
	size_t told;
};

static int vrrp_process_send(
	struct vrrp_process *process, uint16_t kind, const void *data, size_t size)
{
	int r = channel_send(process->channel, kind, data, size);

	/* What is lost is told again with the states: all that is to be said is when it began. */
	if (r < 0 && !process->unheard)
		log_warning("cannot speak to the supervisor: %s", strerror(-r));
	process->unheard = r < 0;
	return r;
}

static uint64_t vrrp_process_wall(void)
{
	return timespec_now(CLOCK_REALTIME);
}

/* Moves. */

static void vrrp_process_on_moved(void *data, const struct node_view *view)
{
	struct vrrp_process *process = data;
	struct message_vrrp_move *move = vector_append(&process->moves);

	move->router = (uint32_t)view->mapping;
	move->family = view->key->family;
	move->vrid = view->key->vrid;
	move->state = (uint8_t)view->router->state;
	move->from = (uint8_t)view->from;
	move->why_of = (uint32_t)view->why_of;
	move->since = view->router->since;
	move->wall = vrrp_process_wall();
	snprintf(move->why, sizeof(move->why), "%s", view->why);
	loop_work_ask(process->tell);
}

static void vrrp_process_tell_moves(struct vrrp_process *process, size_t count)
{
	size_t size = sizeof(struct message_vrrp_moved) + count * sizeof(struct message_vrrp_move);
	_cleanup_free_ struct message_vrrp_moved *message = memory_new(size);

	message->generation = process->generation;
	message->serial = ++process->said;
	message->count = (uint32_t)count;
	memcpy(message->moves, process->moves.items, count * sizeof(*message->moves));
	process->moves.count -= count;
	memmove(process->moves.items, process->moves.items + count,
		process->moves.count * sizeof(*process->moves.items));
	vrrp_process_send(process, MESSAGE_VRRP_MOVED, message, size);
}

static void vrrp_process_tell_all_moves(struct vrrp_process *process)
{
	while (process->moves.count)
		vrrp_process_tell_moves(
			process, MIN(process->moves.count, (size_t)MESSAGE_VRRP_MOVES_MOST));
}

/* States. */

static void vrrp_process_write_address(
	const struct address *address, uint16_t family, uint8_t bytes[static 16])
{
	if (address->family == family)
		memcpy(bytes, address->bytes, sizeof(address->bytes));
}

/* When that was, by the clock of the wall. */
static uint64_t vrrp_process_wall_of(const struct vrrp_process *process, uint64_t since)
{
	uint64_t wall = vrrp_process_wall(), now = loop_now(process->loop);

	return since ? wall - MIN(wall, now > since ? now - since : 0) : 0;
}

static void vrrp_process_write_state(const struct vrrp_process *process,
	const struct node_view *view, struct message_vrrp_state *ret)
{
	uint16_t family = view->key->family;

	*ret = (struct message_vrrp_state){.router = (uint32_t)view->mapping,
		.family = family,
		.vrid = view->key->vrid,
		.state = (uint8_t)view->router->state,
		.priority = view->router->parameters.priority,
		.peer_priority = view->peer.priority,
		.checksum = (uint8_t)view->checksum,
		.peer_checksum = (uint8_t)view->peer.checksum,
		.mixed = view->mixed,
		.waits = view->waits,
		.from = (uint8_t)view->from,
		.version = view->router->parameters.version,
		.since = view->router->since,
		.wall = vrrp_process_wall_of(process, view->router->since),
		.peer_at = view->peer.at,
		.interval = view->router->active_interval,
		.transitions = view->transitions,
		.sent = view->sent,
		.unsent = view->unsent,
		.heard = view->counters->heard,
		.own = view->counters->own,
		.addresses = (uint32_t)view->addresses,
		.present = (uint32_t)view->present,
		.why_of = (uint32_t)view->why_of,
		.trouble_of = (uint32_t)view->trouble_of};
	vrrp_process_write_address(&view->router->parameters.source, family, ret->source);
	vrrp_process_write_address(&view->peer.source, family, ret->peer);
	memcpy(ret->rejected, view->counters->rejected, sizeof(ret->rejected));
	snprintf(ret->why, sizeof(ret->why), "%s", view->why);
	snprintf(ret->trouble, sizeof(ret->trouble), "%s", view->trouble ? view->trouble : "");
}

/* Those that are tracked. */
static void vrrp_process_tell_links(struct vrrp_process *process)
{
	size_t all = node_tracked_count(process->node), count;

	for (size_t told = 0; told < all; told += count) {
		count = MIN(all - told, (size_t)MESSAGE_VRRP_LINKS_MOST);
		size_t size = sizeof(struct message_vrrp_links) +
			      count * sizeof(struct message_vrrp_link);
		_cleanup_free_ struct message_vrrp_links *message = memory_new(size);

		message->count = (uint32_t)count;
		for (size_t i = 0; i < count; i++) {
			const struct node_tracked tracked =
				node_look_at_tracked(process->node, told + i);

			snprintf(message->links[i].interface, sizeof(message->links[i].interface),
				"%s", tracked.interface);
			message->links[i].carrier = (uint32_t)tracked.carrier;
		}
		vrrp_process_send(process, MESSAGE_VRRP_LINKS, message, size);
	}
}

/* One portion; the next in another turn. */
static void vrrp_process_tell_states(struct vrrp_process *process)
{
	size_t all = node_count(process->node);
	size_t count = process->told < all
			       ? MIN(all - process->told, (size_t)MESSAGE_VRRP_STATES_MOST)
			       : 0;
	size_t size =
		sizeof(struct message_vrrp_states) + count * sizeof(struct message_vrrp_state);

	process->telling = false;
	if (!count)
		return;
	if (!process->told)
		vrrp_process_tell_links(process);
	_cleanup_free_ struct message_vrrp_states *message = memory_new(size);
	message->generation = process->generation;
	message->count = (uint32_t)count;
	message->last = process->told + count == all;
	for (size_t i = 0; i < count; i++) {
		struct node_view view;

		node_look(process->node, process->told + i, &view);
		vrrp_process_write_state(process, &view, &message->states[i]);
	}
	process->told += count;
	process->telling = !message->last;
	vrrp_process_send(process, MESSAGE_VRRP_STATES, message, size);
}

static void vrrp_process_on_tell(void *data)
{
	struct vrrp_process *process = data;

	if (process->moves.count) {
		vrrp_process_tell_moves(
			process, MIN(process->moves.count, (size_t)MESSAGE_VRRP_MOVES_MOST));
		/* What else is so since. */
		process->told = 0;
		process->telling = true;
	} else if (process->telling)
		vrrp_process_tell_states(process);
	if (process->moves.count || process->telling)
		loop_work_ask(process->tell);
}

static void vrrp_process_begin_states(struct vrrp_process *process)
{
	process->told = 0;
	process->telling = true;
	loop_work_ask(process->tell);
}

static void vrrp_process_on_stats(void *data)
{
	struct vrrp_process *process = data;
	const struct node_counters counters = node_counters(process->node);
	const struct message_vrrp_stats stats = {.generation = process->generation,
		.moved = process->said,
		.realtime = process->realtime,
		.read = counters.read,
		.dropped = counters.dropped,
		.full = counters.full,
		.unknown = counters.unknown,
		.added = counters.addresses.added,
		.removed = counters.addresses.removed,
		.failed = counters.addresses.failed,
		.lost = counters.addresses.lost,
		.fought = counters.addresses.fought,
		.announced = counters.announced.sent,
		.unannounced = counters.announced.failed,
		.thawed = counters.thawed,
		.late_ns = counters.late_ns,
		.refused = counters.refused};

	loop_timer_set(process->stats, loop_now(process->loop) + VRRP_PROCESS_STATS_NS);
	vrrp_process_send(process, MESSAGE_VRRP_STATS, &stats, sizeof(stats));
	vrrp_process_begin_states(process);
}

/* Plans. */

static void vrrp_process_answer(struct vrrp_process *process, uint64_t generation, int r)
{
	const struct message_vrrp_got got = {
		.generation = generation, .pieces = process->plan.pieces};
	const struct message_vrrp_refused refused = {
		.generation = generation, .refusal = (uint32_t)(-r - 1)};

	if (r == -ESTALE)
		return;
	if (r == 0)
		vrrp_process_send(process, MESSAGE_VRRP_GOT, &got, sizeof(got));
	else
		vrrp_process_send(process, MESSAGE_VRRP_REFUSED, &refused, sizeof(refused));
}

static void vrrp_process_on_swept(void *data)
{
	struct vrrp_process *process = data;

	memory_closep(&process->sweep_claim);
	process->sweep_claim = -1;
}

/* What an earlier poised left here goes, also where the files have no virtual routers; unless it is what another one keeps. */
static void vrrp_process_sweep(struct vrrp_process *process)
{
	struct ucred holder;

	process->sweep_claim = claim_new();
	if (process->sweep_claim >= 0 && claim_take(process->sweep_claim, &holder) != -EBUSY)
		node_sweep(process->node);
	else
		vrrp_process_on_swept(process);
}

static void vrrp_process_tell_holder(struct vrrp_process *process, const struct ucred *holder)
{
	if (process->refused)
		return;
	process->refused = true;
	if (holder->pid)
		log_error("another poised (pid %d) keeps virtual routers in this network "
			  "namespace: none are kept by this one",
			(int)holder->pid);
	else
		log_error("another poised keeps virtual routers in this network namespace, and its "
			  "processes are not seen from here: none are kept by this one");
}

/* Before the first router: that no other poised keeps any here. */
static int vrrp_process_claim(struct vrrp_process *process, const struct message_vrrp_plan *head)
{
	struct ucred holder;

	if (process->own && !head->facts)
		return 0;
	/* What there is to remove is another's, and was looked for before. */
	if (!head->facts)
		return -(1 + (int)MESSAGE_VRRP_REFUSAL_UNABLE);
	vrrp_process_on_swept(process);
	int r = process->options->claim_fd < 0 ? 0
					       : claim_take(process->options->claim_fd, &holder);
	if (r == -EBUSY) {
		vrrp_process_tell_holder(process, &holder);
		return -(1 + (int)MESSAGE_VRRP_REFUSAL_CLAIM);
	}
	if (r < 0 && !process->own)
		log_warning("whether another poised keeps virtual routers in this network "
			    "namespace cannot be known: %s",
			r == -EPERM ? "another user has taken the name for it" : strerror(-r));
	process->refused = false;
	process->own = true;
	node_own(process->node);
	return 0;
}

/* A head is answered only where it is refused. */
static void vrrp_process_on_plan(struct vrrp_process *process, const struct message_vrrp_plan *head)
{
	int r = vrrp_process_claim(process, head);

	if (r == 0)
		r = vrrp_plan_begin(&process->plan, head, process->generation);
	if (r < 0)
		vrrp_process_answer(process, head->generation, r);
}

static void vrrp_process_on_facts(
	struct vrrp_process *process, const struct message_vrrp_facts *facts, size_t size)
{
	struct node_facts fact;

	if (process->plan.begun && facts->generation == process->plan.head.generation) {
		vrrp_process_answer(
			process, facts->generation, vrrp_plan_facts(&process->plan, facts, size));
		return;
	}
	if (facts->generation != process->generation)
		return;
	if (!vrrp_plan_facts_fit(facts, size)) {
		log_warning("the reconciler says what are no facts: dropped");
		return;
	}
	for (size_t i = 0; i < facts->count; i++)
		if (vrrp_plan_read_fact(&facts->facts[i], MESSAGE_VRRP_COUNT_LIMIT, &fact) == 0)
			node_tell(process->node, facts->facts[i].router, &fact);
}

static void vrrp_process_use(struct vrrp_process *process, struct vrrp_plan_result *result)
{
	const struct message_vrrp_plan head = process->plan.head;
	const struct message_vrrp_got got = {
		.generation = head.generation, .pieces = process->plan.pieces + 1};

	log_debug("%zu virtual routers of the files", result->config.routers.count);
	/* These mean the routers by their places in the plan before. */
	vrrp_process_tell_all_moves(process);
	process->generation = head.generation;
	process->said = 0;
	vrrp_process_send(process, MESSAGE_VRRP_GOT, &got, sizeof(got));
	node_set(process->node, &result->config, &result->plan);
	vrrp_plan_clear(&process->plan);
	if (head.filled)
		node_start(process->node);
	vrrp_process_begin_states(process);
}

static void vrrp_process_on_commit(
	struct vrrp_process *process, const struct message_vrrp_got *commit)
{
	struct vrrp_plan_result result;
	int r = vrrp_plan_finish(&process->plan, commit, &result);

	if (r == 0)
		vrrp_process_use(process, &result);
	else
		vrrp_process_answer(process, commit->generation, r);
	config_clear(&result.config);
}

static void vrrp_process_on_served(
	struct vrrp_process *process, const struct message_vrrp_served *served)
{
	if (served->generation == process->generation)
		node_serve(process->node, served->router);
}

/* Messages. */

static void vrrp_process_on_piece(
	struct vrrp_process *process, uint16_t kind, const void *payload, size_t size)
{
	/* One that is refused is dropped. */
	uint64_t generation = process->plan.head.generation;
	int r = kind == MESSAGE_VRRP_TEXT ? vrrp_plan_text(&process->plan, payload, size)
					  : vrrp_plan_hints(&process->plan, payload, size);

	vrrp_process_answer(process, generation, r);
}

/* What the reconciler says. */
static void vrrp_process_on_said(
	struct vrrp_process *process, uint16_t kind, const void *payload, size_t size)
{
	switch ((enum message_kind)kind) {
	case MESSAGE_VRRP_PLAN:
		vrrp_process_on_plan(process, payload);
		break;
	case MESSAGE_VRRP_TEXT:
	case MESSAGE_VRRP_HINTS:
		vrrp_process_on_piece(process, kind, payload, size);
		break;
	case MESSAGE_VRRP_FACTS:
		vrrp_process_on_facts(process, payload, size);
		break;
	case MESSAGE_VRRP_COMMIT:
		vrrp_process_on_commit(process, payload);
		break;
	case MESSAGE_VRRP_FILLED:
		node_start(process->node);
		break;
	case MESSAGE_VRRP_SERVED:
		vrrp_process_on_served(process, payload);
		break;
	case MESSAGE_VRRP_LOOKED:
		node_forget_supposed(process->node);
		break;
	default: /* Meant for other processes. */
		break;
	}
}

static void vrrp_process_refuse_all(
	struct vrrp_process *process, uint16_t kind, const void *payload)
{
	const struct message_vrrp_plan *head = payload;

	if (kind == MESSAGE_VRRP_PLAN)
		vrrp_process_answer(
			process, head->generation, -(1 + (int)MESSAGE_VRRP_REFUSAL_UNABLE));
}

static void vrrp_process_stop(struct vrrp_process *process)
{
	if (process->node && process->own)
		node_stop(process->node);
	else
		loop_stop(process->loop, 0);
}

static void vrrp_process_on_level(
	struct vrrp_process *process, const struct message_log_level *message)
{
	(void)levels_use(message);
	if (process->node)
		node_heed_log(process->node);
}

static void vrrp_process_on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct vrrp_process *process = data;

	/* Pings come all the time. */
	log_tell_kept_back();
	if (kind == MESSAGE_PING)
		vrrp_process_send(process, MESSAGE_PONG, payload, size);
	else if (kind == MESSAGE_RELOAD)
		/* The reconciler reads the files. */
		vrrp_process_send(process, MESSAGE_RELOADED, NULL, 0);
	else if (kind == MESSAGE_LOG_LEVEL)
		vrrp_process_on_level(process, payload);
	else if (kind == MESSAGE_STOP)
		vrrp_process_stop(process);
	else if (process->node)
		vrrp_process_on_said(process, kind, payload, size);
	else
		vrrp_process_refuse_all(process, kind, payload);
}

/* Life. */

static void vrrp_process_on_stopped(void *data)
{
	struct vrrp_process *process = data;

	vrrp_process_tell_all_moves(process);
	loop_stop(process->loop, 0);
}

static void vrrp_process_on_alone(void *data)
{
	struct vrrp_process *process = data;

	log_error("not all that virtual routers have here could be removed in time");
	loop_stop(process->loop, 1);
}

static void vrrp_process_on_orphaned(void *data, int code)
{
	struct vrrp_process *process = data;

	log_error("the supervisor is gone: %s; virtual routers stop",
		code ? strerror(-code) : "it closed the channel");
	/* Nobody hears it. */
	process->unheard = true;
	loop_timer_set(process->alone, loop_clock() + VRRP_PROCESS_ALONE_NS);
	vrrp_process_stop(process);
}

static int vrrp_process_open_loop(struct vrrp_process *process)
{
	const struct channel_options options = {
		.kinds = messages_to_process,
		.kind_count = messages_to_process_count,
		.message = vrrp_process_on_message,
		.closed = vrrp_process_on_orphaned,
		.data = process,
	};
	int r = loop_new(&process->loop);

	if (r == 0)
		r = channel_new(
			process->loop, process->options->channel_fd, &options, &process->channel);
	if (r == 0)
		r = loop_add_timer(process->loop, vrrp_process_on_stats, process, &process->stats);
	if (r == 0)
		r = loop_add_timer(process->loop, vrrp_process_on_alone, process, &process->alone);
	if (r == 0)
		r = loop_add_work(process->loop, vrrp_process_on_tell, process, &process->tell);
	return r;
}

/* It is in a hurry like this one, and has fewer rights. */
static int vrrp_process_enter_hand(void *data)
{
	const struct vrrp_process *process = data;

	realtime_follow(process->options);
	int r = process_shed_privileges(&process_hand, process->options);
	return r < 0 ? r : process_enter_sandbox(&process_hand, process->options);
}

static int vrrp_process_open_node(struct vrrp_process *process, struct error *error)
{
	/* Else who floods the sockets keeps it from being told. */
	loop_source_set_priority(process->tell, LOOP_PRIORITY_NORMAL);
	_cleanup_free_ char *sysctls =
		memory_printf("%s/" VRRP_PROCESS_SYSCTLS, process->options->run_dir);
	int claim = process->options->claim_fd;
	process->own = claim < 0 || claim_is_held(claim);
	const struct node_options node = {.loop = process->loop,
		.guest = !process->own,
		.lease = process->options->lease_fd,
		.sysctls = sysctls,
		.enter_hand = vrrp_process_enter_hand,
		.moved = vrrp_process_on_moved,
		.stopped = vrrp_process_on_stopped,
		.swept = vrrp_process_on_swept,
		.data = process};
	int r = node_new(&node, &process->node, error);
	if (r == 0 && !process->own)
		vrrp_process_sweep(process);
	return r;
}

static void vrrp_process_close(struct vrrp_process *process)
{
	node_free(process->node);
	memory_closep(&process->sweep_claim);
	vrrp_plan_clear(&process->plan);
	vector_clear(&process->moves);
	loop_source_free(process->stats);
	loop_source_free(process->alone);
	loop_source_free(process->tell);
	channel_free(process->channel);
	loop_free(process->loop);
}

static int vrrp_process_go(struct vrrp_process *process)
{
	_cleanup_error_ struct error error = {};
	int r = vrrp_process_open_loop(process);

	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		return 2;
	}
	r = vrrp_process_open_node(process, &error);
	if (r < 0)
		log_warning("no virtual routers can be kept here: %s", error_text(&error, r));
	process->realtime = realtime_take(process->options) == 0;
	r = process_enter_sandbox(process_find(PROCESS_VRRP), process->options);
	if (r < 0) {
		log_error("cannot enter the sandbox: %s", strerror(-r));
		return 2;
	}
	if (process->node)
		loop_timer_set(process->stats, loop_now(process->loop) + VRRP_PROCESS_STATS_NS);
	vrrp_process_send(process, MESSAGE_READY, NULL, 0);
	r = loop_run(process->loop);
	return r < 0 ? 1 : r;
}

int vrrp_process_main(const struct poised_options *options)
{
	struct vrrp_process process = {.options = options, .sweep_claim = -1};

	int code = vrrp_process_go(&process);
	vrrp_process_close(&process);
	return code;
}
