// SPDX-License-Identifier: GPL-2.0-or-later
/* What the process of the virtual routers says is checked as if it came from anybody. A move that is no move (a state that is known
 * already) is not told on. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/routing_inside.h"
#include "vrrp/node.h"

LOG_MODULE("vrrp");

/* Who looks later than this was held up, and what was said meanwhile may still wait. */
#define ROUTING_LATE_NS 1000000000ull

static bool routing_is_line(const char *text)
{
	const char *end = memchr(text, '\0', MESSAGE_VRRP_WHY_SIZE);

	for (const char *at = text; end && at < end; at++)
		if (*at < ' ' || *at > '~')
			return false;
	return end != NULL;
}

static void routing_miss(struct routing *routing, uint64_t now)
{
	routing->lost++;
	convey_miss(&routing->convey, now);
}

static void routing_add_change(struct routing_router *router, const struct routing_move *move)
{
	if (router->change_count == ROUTING_CHANGES_MOST)
		free(router->changes[--router->change_count].why);
	memmove(&router->changes[1], &router->changes[0],
		router->change_count++ * sizeof(*router->changes));
	router->changes[0] = (struct routing_change){.wall = move->wall,
		.from = move->from,
		.to = move->to,
		.why = memory_copy_string(move->why)};
}

/* The caller frees it. */
static char *routing_explain(const struct routing *routing, uint32_t mapping, const char *why)
{
	char *text = routing->options.explain && mapping < routing->mappings
			     ? routing->options.explain(routing->options.data, mapping, why)
			     : NULL;

	return text ? text : memory_copy_string(why);
}

static void routing_take_move(struct routing *routing, struct routing_router *router,
	const struct message_vrrp_move *message)
{
	_cleanup_free_ char *why = routing_explain(routing, message->why_of, message->why);
	const struct routing_move move = {.router = router,
		.from = (enum vrrp_state)(router->heard ? router->told.state : message->from),
		.to = (enum vrrp_state)message->state,
		.wall = message->wall,
		.why = why};

	router->told.state = message->state;
	router->told.since = message->since;
	router->known = router->heard = true;
	router->wall = message->wall;
	snprintf(router->told.why, sizeof(router->told.why), "%s", why);
	if (move.from == move.to)
		return;
	routing_add_change(router, &move);
	routing->options.moved(routing->options.data, &move);
}

static int routing_read_move(struct routing *routing, const struct message_vrrp_move *message)
{
	struct routing_router *router =
		routing_of(routing, message->router, message->family, message->vrid);

	if (!router || message->state >= VRRP_STATE_COUNT || message->from >= VRRP_STATE_COUNT ||
		!routing_is_line(message->why))
		return -EBADMSG;
	routing_take_move(routing, router, message);
	return 0;
}

/* What is told of another plan than the table's is heard again with the states. */
static void routing_on_moved(
	struct routing *routing, const struct message_vrrp_moved *message, size_t size)
{
	if (message->generation != routing->convey.force || !routing_is_tabled(routing) ||
		message->count > MESSAGE_VRRP_MOVES_MOST ||
		size != sizeof(*message) + message->count * sizeof(*message->moves)) {
		routing->convey.stale++;
		return;
	}
	if (message->serial != routing->said + 1)
		routing->lost++;
	routing->said = message->serial;
	for (uint32_t i = 0; i < message->count; i++)
		if (routing_read_move(routing, &message->moves[i]) < 0)
			routing->convey.malformed++;
	routing->options.told(routing->options.data);
}

/* A state that no move has told of was lost on its way: it is told now. */
static void routing_heal(struct routing *routing, struct routing_router *router,
	const struct message_vrrp_state *message)
{
	struct message_vrrp_move move = {.state = message->state,
		.from = message->from,
		.since = message->since,
		.wall = message->wall,
		.why_of = message->why_of};

	memcpy(move.why, message->why, sizeof(move.why));
	routing_take_move(routing, router, &move);
}

/* It moved under an earlier reconciler, which told of it: of all that its process knows the last change. */
static void routing_recognise(
	struct routing_router *router, const struct message_vrrp_state *message)
{
	const struct routing_move move = {.from = (enum vrrp_state)message->from,
		.to = (enum vrrp_state)message->state,
		.wall = message->wall,
		.why = message->why};

	if (move.from != move.to)
		routing_add_change(router, &move);
}

/* What never began moves nowhere, so that no move tells why: a wrong name of an interface would stand in `poise status` alone. */
static void routing_log_trouble(
	const struct routing_router *router, const struct message_vrrp_state *message)
{
	if (message->state != VRRP_STATE_INITIALIZE || *message->why || !*message->trouble ||
		strcmp(message->trouble, NODE_TROUBLE_WAITS) == 0 ||
		strcmp(message->trouble, NODE_TROUBLE_MADE) == 0 ||
		strcmp(message->trouble, router->told.trouble) == 0)
		return;
	_cleanup_free_ char *object = memory_printf("%s VRID %u", router->name, router->told.vrid);
	log_object_warning(object, "IPv%d on %s cannot run: %s", message->family == AF_INET ? 4 : 6,
		router->interface, message->trouble);
}

/* Of a move that is known what was made of its words at the time is kept. */
static void routing_copy_state(const struct routing *routing, struct routing_router *router,
	const struct message_vrrp_state *message)
{
	_cleanup_free_ char *why =
		router->heard && message->since == router->told.since
			? memory_copy_string(router->told.why)
			: routing_explain(routing, message->why_of, message->why);

	router->told = *message;
	snprintf(router->told.why, sizeof(router->told.why), "%s", why);
}

/* The clock of the wall may be set at any time: what was told at the time is kept. */
static void routing_take_state(struct routing *routing, struct routing_router *router,
	const struct message_vrrp_state *message)
{
	bool other = message->since != router->told.since || !router->wall;

	if (!router->heard && message->since < routing->ended)
		routing_recognise(router, message);
	else if (message->state != router->told.state)
		routing_heal(routing, router, message);
	routing_log_trouble(router, message);
	routing_copy_state(routing, router, message);
	router->known = router->heard = true;
	if (other)
		router->wall = message->wall;
	if (message->family == AF_INET && message->peer_checksum != VRRP_CHECKSUM_AUTO)
		routing->forms_serial += router_forms_put(&routing->forms, router->interface,
			message->vrid, (enum vrrp_checksum)message->peer_checksum);
}

static int routing_read_state(struct routing *routing, const struct message_vrrp_state *message)
{
	struct routing_router *router =
		routing_of(routing, message->router, message->family, message->vrid);

	if (!router || message->state >= VRRP_STATE_COUNT || message->from >= VRRP_STATE_COUNT ||
		message->checksum > VRRP_CHECKSUM_RFC5798 ||
		message->peer_checksum > VRRP_CHECKSUM_RFC5798 ||
		(message->mixed | message->waits) > 1 || !routing_is_line(message->why) ||
		!routing_is_line(message->trouble))
		return -EBADMSG;
	routing_take_state(routing, router, message);
	return 0;
}

static void routing_on_states(
	struct routing *routing, const struct message_vrrp_states *message, size_t size)
{
	if (message->generation != routing->convey.force || !routing_is_tabled(routing) ||
		message->count > MESSAGE_VRRP_STATES_MOST ||
		size != sizeof(*message) + message->count * sizeof(*message->states)) {
		routing->convey.stale++;
		return;
	}
	for (uint32_t i = 0; i < message->count; i++)
		if (routing_read_state(routing, &message->states[i]) < 0)
			routing->convey.malformed++;
	routing->options.told(routing->options.data);
}

static void routing_on_stats(
	struct routing *routing, const struct message_vrrp_stats *stats, uint64_t now)
{
	/* That it is there was lost. */
	if (!routing->convey.there)
		convey_started(&routing->convey, now);
	if (stats->generation != routing->convey.force)
		routing_miss(routing, now);
	routing->stats = *stats;
	routing->has_stats = true;
}

static void routing_on_refused(
	struct routing *routing, const struct message_vrrp_refused *refused, uint64_t now)
{
	static const char *const words[MESSAGE_VRRP_REFUSAL_COUNT] = {
		[MESSAGE_VRRP_REFUSAL_HEAD] = "finds the list too large, or old",
		[MESSAGE_VRRP_REFUSAL_TEXT] = "cannot read the list",
		[MESSAGE_VRRP_REFUSAL_RECORDS] = "cannot read what goes with the list",
		[MESSAGE_VRRP_REFUSAL_UNABLE] =
			"may not keep any on this machine, and its log says why",
		[MESSAGE_VRRP_REFUSAL_CLAIM] =
			"keeps none beside another poised of this network namespace",
	};

	if (refused->refusal >= MESSAGE_VRRP_REFUSAL_COUNT) {
		routing->convey.malformed++;
		return;
	}
	/* Who may keep none is asked for none. */
	if (refused->refusal == MESSAGE_VRRP_REFUSAL_UNABLE && !routing->mappings) {
		convey_give_up(&routing->convey, refused->generation);
		routing_tell_left(routing);
	} else {
		convey_refused(&routing->convey, refused->generation, words[refused->refusal], now);
	}
}

static void routing_set_silent(struct routing *routing, bool silent)
{
	routing->silent = silent;
	vector_foreach(&routing->routers, router)
		router->silent = silent ? routing->heard : 0;
	routing->options.told(routing->options.data);
}

void routing_listen(struct routing *routing, uint64_t now)
{
	if (now < routing->silent_at)
		return;
	if (now - routing->silent_at > ROUTING_LATE_NS) {
		routing->silent_at = now + ROUTING_LATE_NS;
		return;
	}
	routing->silent_at = CONVEY_NEVER;
	log_warning("the process of the virtual routers says nothing");
	routing_set_silent(routing, true);
}

/* The supervisor speaks of the process, and everything else is of the process itself. */
static void routing_hear(struct routing *routing, uint16_t kind, uint64_t now)
{
	if (kind == MESSAGE_VRRP_CLEARED)
		return;
	routing->heard = now;
	routing->silent_at = kind == MESSAGE_VRRP_GONE ? CONVEY_NEVER : now + ROUTING_SILENCE_NS;
	if (!routing->silent)
		return;
	if (kind != MESSAGE_VRRP_GONE)
		log_info("the process of the virtual routers speaks again");
	routing_set_silent(routing, false);
}

/* Nobody advertises, and nobody has the addresses: the next one tells what is so. */
static void routing_on_gone(struct routing *routing)
{
	convey_gone(&routing->convey);
	routing->has_stats = false;
	vector_foreach(&routing->routers, router)
		router->known = false;
	routing->options.told(routing->options.data);
}

static void routing_on_cleared(struct routing *routing, const struct message_vrrp_cleared *cleared)
{
	routing->cleared = cleared->count;
	routing->ended = cleared->ended;
}

void routing_message(
	struct routing *routing, uint16_t kind, const void *payload, size_t size, uint64_t now)
{
	const struct message_vrrp_got *got = payload;

	routing_hear(routing, kind, now);
	switch ((enum message_kind)kind) {
	case MESSAGE_VRRP_STARTED:
		convey_started(&routing->convey, now);
		break;
	case MESSAGE_VRRP_GONE:
		routing_on_gone(routing);
		break;
	case MESSAGE_VRRP_CLEARED:
		routing_on_cleared(routing, payload);
		break;
	case MESSAGE_VRRP_GOT:
		convey_got(&routing->convey, got->generation, got->pieces, now);
		break;
	case MESSAGE_VRRP_REFUSED:
		routing_on_refused(routing, payload, now);
		break;
	case MESSAGE_VRRP_MOVED:
		routing_on_moved(routing, payload, size);
		break;
	case MESSAGE_VRRP_STATES:
		routing_on_states(routing, payload, size);
		break;
	case MESSAGE_VRRP_STATS:
		routing_on_stats(routing, payload, now);
		break;
	default:
		break;
	}
}
