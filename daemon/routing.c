// SPDX-License-Identifier: GPL-2.0-or-later
/* What the process of the virtual routers is told is a file that has them alone, without what is tracked or run on this side:
 * services, scripts, processes, files, `notify`. Their outcome goes along as facts. A file that says the same as the one before is
 * not sent: whatever else changed in the files, the routers never hear of it.
 *
 * What it says is checked as if it came from anybody. A move that is no move (a state that is known already) is not told on. */
#include "daemon/routing.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "model/canonical.h"
#include "model/arena.h"

LOG_MODULE("vrrp");

struct routing {
	struct routing_options options;
	struct convey convey;
	struct strbuf text; /* of the files in force: what is to be sent */
	uint64_t written;   /* serial of the files that it is of */
	uint64_t serial;    /* of what is to be sent */
	bool asked;
	size_t mappings;
	struct {
		VECTOR_OF(struct routing_fact);
	} facts; /* of each of these */
	struct {
		VECTOR_OF(struct routing_router);
	} routers; /* by mapping and family */
	struct {
		VECTOR_OF(size_t);
	} first; /* of each mapping, in `routers`; and one more for the end */
	struct arena names;
	bool filled;
	uint32_t said; /* serial of the last MOVED */
	uint64_t lost;
	bool has_stats;
	struct message_vrrp_stats stats;
};

static int routing_send(
	const struct routing *routing, uint16_t kind, const void *payload, size_t size)
{
	return routing->options.send(routing->options.data, kind, payload, size);
}

/* The table. */

static void routing_add(
	struct routing *routing, const struct config_router *config, uint16_t family)
{
	struct routing_router *router = vector_append(&routing->routers);

	router->name = arena_copy_string(&routing->names, config->name.text);
	router->interface = arena_copy_string(&routing->names, config->interface);
	router->told.router = (uint32_t)routing->mappings;
	router->told.family = family;
	router->told.vrid = (uint8_t)config->vrid;
	router->told.priority = (uint8_t)config->priority;
}

static void routing_add_mapping(struct routing *routing, const struct config_router *config)
{
	bool four = false, six = false;

	vector_foreach(&config->addresses, item) {
		four |= item->address.address.family == AF_INET;
		six |= item->address.address.family == AF_INET6;
	}
	vector_push(&routing->first, routing->routers.count);
	if (four)
		routing_add(routing, config, AF_INET);
	if (six)
		routing_add(routing, config, AF_INET6);
	routing->mappings++;
}

static int routing_compare_names(const void *key, const void *item)
{
	const struct routing_router *left = key, *right = item;
	int order = strcmp(left->name, right->name);

	return order ? order : COMPARE(left->told.family, right->told.family);
}

const struct routing_router *routing_find(
	const struct routing *routing, const char *name, uint16_t family)
{
	const struct routing_router key = {.name = name, .told.family = family};

	return vector_find(&routing->routers, &key, routing_compare_names);
}

/* What is known of those that are in both is kept: with it a move that was told is not told again. */
static void routing_build(struct routing *routing, const struct config *config)
{
	struct routing before = {
		.routers.items = routing->routers.items, .routers.count = routing->routers.count};
	struct arena names = routing->names;

	routing->routers.items = NULL;
	routing->routers.count = routing->routers.capacity = 0;
	routing->names = (struct arena){};
	routing->first.count = 0;
	routing->mappings = 0;
	if (config)
		vector_foreach(&config->routers, router)
			routing_add_mapping(routing, router);
	vector_push(&routing->first, routing->routers.count);
	vector_foreach(&routing->routers, router) {
		const struct routing_router *old =
			routing_find(&before, router->name, router->told.family);

		if (!old || strcmp(old->interface, router->interface) != 0 ||
			old->told.vrid != router->told.vrid)
			continue;
		uint32_t mapping = router->told.router;
		router->told = old->told;
		router->told.router = mapping;
		router->known = old->known;
		router->wall = old->wall;
	}
	vector_clear(&before.routers);
	arena_clear(&names);
}

static struct routing_router *routing_of(
	struct routing *routing, uint32_t mapping, uint16_t family, uint8_t vrid)
{
	if (mapping >= routing->mappings)
		return NULL;
	for (size_t i = routing->first.items[mapping]; i < routing->first.items[mapping + 1]; i++) {
		struct routing_router *router = &routing->routers.items[i];

		if (router->told.family == family && router->told.vrid == vrid)
			return router;
	}
	return NULL;
}

/* Writing it down. */

/* What this side looks after is left out. */
static void routing_strip(struct config_router *router)
{
	const uint32_t elsewhere = 1u << CONFIG_TRACK_SCRIPTS | 1u << CONFIG_TRACK_PROCESSES |
				   1u << CONFIG_TRACK_FILES | 1u << CONFIG_TRACK_SERVICES;

	router->object.set &= ~(1u << CONFIG_ROUTER_NOTIFY);
	router->track.object.set &= ~elsewhere;
	if (!router->track.object.set)
		router->object.set &= ~(1u << CONFIG_ROUTER_TRACK);
}

static void routing_write_text(const struct config *config, struct strbuf *text)
{
	struct config alone = {.poise = CONFIG_FORMAT, .allow_empty = true};
	size_t count = config ? config->routers.count : 0;
	_cleanup_free_ struct config_router *routers = memory_new((count + 1) * sizeof(*routers));

	alone.object.set = 1u << CONFIG_POISE | 1u << CONFIG_ALLOW_EMPTY;
	for (size_t i = 0; i < count; i++) {
		routers[i] = config->routers.items[i];
		routing_strip(&routers[i]);
	}
	if (count) {
		alone.routers.items = routers;
		alone.routers.count = count;
		alone.object.set |= 1u << CONFIG_VRRP;
	}
	config_format_yaml(&alone, text);
}

static void routing_add_text(const struct routing *routing, struct convey *convey)
{
	for (size_t sent = 0; sent < routing->text.length; sent += CHANNEL_PAYLOAD_LIMIT)
		convey_add(convey, MESSAGE_VRRP_TEXT, routing->text.text + sent,
			MIN(routing->text.length - sent, (size_t)CHANNEL_PAYLOAD_LIMIT));
}

static void routing_write_fact(
	const struct routing_fact *fact, size_t router, struct message_vrrp_fact *ret)
{
	*ret = (struct message_vrrp_fact){.router = (uint32_t)router,
		.weight = fact->weight,
		.fault = fact->fault,
		.waits = fact->waits};
}

/* From `first` on, as many as a message takes. */
static struct message_vrrp_facts *routing_write_facts(const struct routing *routing,
	uint64_t generation, size_t first, size_t *count, size_t *size)
{
	*count = MIN(routing->mappings - first, (size_t)MESSAGE_VRRP_FACTS_MOST);
	*size = sizeof(struct message_vrrp_facts) + *count * sizeof(struct message_vrrp_fact);
	struct message_vrrp_facts *message = memory_new(*size);

	message->generation = generation;
	message->count = (uint32_t)*count;
	for (size_t i = 0; i < *count; i++)
		routing_write_fact(&routing->facts.items[first + i], first + i, &message->facts[i]);
	return message;
}

static void routing_add_facts(
	const struct routing *routing, struct convey *convey, uint64_t generation)
{
	size_t size, count;

	for (size_t first = 0; first < routing->mappings; first += count) {
		_cleanup_free_ struct message_vrrp_facts *message =
			routing_write_facts(routing, generation, first, &count, &size);

		convey_add(convey, MESSAGE_VRRP_FACTS, message, size);
	}
}

static int routing_compare_hints(const void *a, const void *b)
{
	const struct message_vrrp_hint *left = a, *right = b;
	int order = strncmp(left->interface, right->interface, sizeof(left->interface));

	if (!order)
		order = COMPARE(left->family, right->family);
	return order ? order : COMPARE(left->vrid, right->vrid);
}

/* The forms that were mirrored last: IPv4 alone has two. Who begins anew and is active needs them most, and that is when nothing
 * is known of what the routers are. */
static size_t routing_add_hints(const struct routing *routing, struct convey *convey)
{
	struct {
		VECTOR_OF(struct message_vrrp_hint);
	} hints = {};

	vector_foreach(&routing->routers, router) {
		if (router->told.peer_checksum == VRRP_CHECKSUM_AUTO)
			continue;
		struct message_vrrp_hint *hint = vector_append(&hints);
		snprintf(hint->interface, sizeof(hint->interface), "%s", router->interface);
		hint->family = router->told.family;
		hint->vrid = router->told.vrid;
		hint->checksum = router->told.peer_checksum;
	}
	vector_sort(&hints, routing_compare_hints);
	size_t count = hints.count;
	for (size_t sent = 0; sent < count; sent += MESSAGE_VRRP_HINTS_MOST)
		convey_add(convey, MESSAGE_VRRP_HINTS, hints.items + sent,
			MIN(count - sent, (size_t)MESSAGE_VRRP_HINTS_MOST) * sizeof(*hints.items));
	vector_clear(&hints);
	return count;
}

static void routing_trouble(void *data, const char *why)
{
	const struct routing *routing = data;
	_cleanup_free_ char *text = NULL;

	if (why)
		text = memory_printf(
			"the process of the virtual routers %s; %s, and it is told again", why,
			routing->convey.force ? "it keeps those that it was told before"
					      : "there are no virtual routers");
	routing->options.trouble(routing->options.data, text);
}

static int routing_on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	return routing_send(data, kind, payload, size);
}

/* The head says how many hints there are, and stands before them. */
static bool routing_write(void *data, struct convey *convey, uint64_t generation)
{
	struct routing *routing = data;
	struct message_vrrp_plan head = {.generation = generation,
		.text_size = (uint32_t)routing->text.length,
		.facts = (uint32_t)routing->mappings,
		.filled = routing->filled};
	struct message_vrrp_got commit = {.generation = generation};

	if (routing->text.length > MESSAGE_VRRP_TEXT_LIMIT ||
		routing->mappings > MESSAGE_VRRP_COUNT_LIMIT) {
		routing_trouble(routing, "cannot keep so many virtual routers");
		return false;
	}
	convey_add(convey, MESSAGE_VRRP_PLAN, &head, sizeof(head));
	routing_add_text(routing, convey);
	head.hints = (uint32_t)routing_add_hints(routing, convey);
	memcpy(convey->pieces.items[0].payload, &head, sizeof(head));
	routing_add_facts(routing, convey, generation);
	commit.pieces = convey_next_piece(convey);
	convey_add(convey, MESSAGE_VRRP_COMMIT, &commit, sizeof(commit));
	return true;
}

static void routing_in_force(void *data)
{
	struct routing *routing = data;

	routing->said = 0;
	/* It may have become so since the head was written. */
	if (routing->filled && routing_send(routing, MESSAGE_VRRP_FILLED, NULL, 0) < 0)
		convey_miss(&routing->convey, routing->convey.began);
}

void routing_want(
	struct routing *routing, uint64_t serial, const struct config *config, uint64_t now)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (routing->asked && serial == routing->written)
		return;
	routing->written = serial;
	routing_write_text(config, &text);
	bool same = routing->asked && text.length == routing->text.length &&
		    memcmp(text.text, routing->text.text, text.length) == 0;
	routing->asked = true;
	if (same)
		return;
	strbuf_clear(&routing->text);
	routing->text = text;
	text = (struct strbuf){};
	routing_build(routing, config);
	routing->facts.count = 0;
	for (size_t i = 0; i < routing->mappings; i++)
		vector_append(&routing->facts);
	convey_want(&routing->convey, ++routing->serial, now);
	routing->options.told(routing->options.data);
}

/* With room for as many as a message takes. */
static struct message_vrrp_facts *routing_new_facts(uint64_t generation)
{
	struct message_vrrp_facts *message =
		memory_new(sizeof(*message) + MESSAGE_VRRP_FACTS_MOST * sizeof(*message->facts));

	message->generation = generation;
	return message;
}

static void routing_tell_facts(
	struct routing *routing, struct message_vrrp_facts *message, uint64_t now)
{
	size_t size = sizeof(*message) + message->count * sizeof(*message->facts);

	if (message->count && routing_send(routing, MESSAGE_VRRP_FACTS, message, size) < 0)
		convey_miss(&routing->convey, now);
	message->count = 0;
}

/* Facts of the plan in force are sent as they change; one that is on its way is made anew with them, once for all of them. */
void routing_set_facts(
	struct routing *routing, const struct routing_fact *facts, size_t count, uint64_t now)
{
	_cleanup_free_ struct message_vrrp_facts *message = NULL;
	bool coming = routing->convey.coming, changed = false;

	for (size_t i = 0; i < MIN(count, routing->mappings); i++) {
		struct routing_fact *fact = &routing->facts.items[i];

		if (fact->weight == facts[i].weight && fact->fault == facts[i].fault &&
			fact->waits == facts[i].waits)
			continue;
		*fact = facts[i];
		changed = true;
		if (coming || !routing->convey.force)
			continue;
		if (!message)
			message = routing_new_facts(routing->convey.force);
		routing_write_fact(fact, i, &message->facts[message->count++]);
		if (message->count == MESSAGE_VRRP_FACTS_MOST)
			routing_tell_facts(routing, message, now);
	}
	if (message)
		routing_tell_facts(routing, message, now);
	if (changed && coming)
		convey_want(&routing->convey, ++routing->serial, now);
}

void routing_fill(struct routing *routing, uint64_t now)
{
	if (routing->filled)
		return;
	routing->filled = true;
	if (routing->convey.force && routing_send(routing, MESSAGE_VRRP_FILLED, NULL, 0) < 0)
		convey_miss(&routing->convey, now);
}

void routing_serve(struct routing *routing, size_t router)
{
	const struct message_vrrp_served served = {
		.generation = routing->convey.force, .router = (uint32_t)router};

	/* When it is lost, `standby-wait` ends the wait. The places of a plan on its way are not those of the one in force. */
	if (routing->convey.force && !routing->convey.coming &&
		routing_send(routing, MESSAGE_VRRP_SERVED, &served, sizeof(served)) < 0)
		log_debug("the process of the virtual routers cannot be told of services");
}

/* Hearing. */

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

static int routing_read_move(struct routing *routing, const struct message_vrrp_move *message)
{
	struct routing_router *router =
		routing_of(routing, message->router, message->family, message->vrid);

	if (!router || message->state >= VRRP_STATE_COUNT || !routing_is_line(message->why))
		return -EBADMSG;
	const struct routing_move move = {.router = router,
		.from = (enum vrrp_state)router->told.state,
		.to = (enum vrrp_state)message->state,
		.wall = message->wall,
		.why = message->why};
	router->told.state = message->state;
	router->told.since = message->since;
	router->known = true;
	router->wall = message->wall;
	memcpy(router->told.why, message->why, sizeof(router->told.why));
	if (move.from != move.to)
		routing->options.moved(routing->options.data, &move);
	return 0;
}

/* What is told of another plan is heard again with the states. */
static void routing_on_moved(
	struct routing *routing, const struct message_vrrp_moved *message, size_t size)
{
	if (message->generation != routing->convey.force ||
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

/* A state that no move has told of was lost on its way: it is told now, without a word why. */
static int routing_read_state(struct routing *routing, const struct message_vrrp_state *message)
{
	struct routing_router *router =
		routing_of(routing, message->router, message->family, message->vrid);

	if (!router || message->state >= VRRP_STATE_COUNT ||
		message->checksum > VRRP_CHECKSUM_RFC5798 ||
		message->peer_checksum > VRRP_CHECKSUM_RFC5798 ||
		(message->mixed | message->waits) > 1 || !routing_is_line(message->why) ||
		!routing_is_line(message->trouble))
		return -EBADMSG;
	const struct routing_move move = {.router = router,
		.from = (enum vrrp_state)router->told.state,
		.to = (enum vrrp_state)message->state,
		.wall = router->wall,
		.why = message->why};
	bool moved = message->state != router->told.state;
	router->told = *message;
	router->known = true;
	if (moved)
		routing->options.moved(routing->options.data, &move);
	return 0;
}

static void routing_on_states(
	struct routing *routing, const struct message_vrrp_states *message, size_t size)
{
	if (message->generation != routing->convey.force ||
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
	};

	if (refused->refusal >= MESSAGE_VRRP_REFUSAL_COUNT) {
		routing->convey.malformed++;
		return;
	}
	/* Who may keep none is asked for none. */
	if (refused->refusal == MESSAGE_VRRP_REFUSAL_UNABLE && !routing->mappings)
		convey_give_up(&routing->convey, refused->generation);
	else
		convey_refused(&routing->convey, refused->generation, words[refused->refusal], now);
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

void routing_message(
	struct routing *routing, uint16_t kind, const void *payload, size_t size, uint64_t now)
{
	const struct message_vrrp_got *got = payload;

	switch ((enum message_kind)kind) {
	case MESSAGE_VRRP_STARTED:
		convey_started(&routing->convey, now);
		break;
	case MESSAGE_VRRP_GONE:
		routing_on_gone(routing);
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

uint64_t routing_run(struct routing *routing, uint64_t now)
{
	return convey_run(&routing->convey, now);
}

/* Looking. */

size_t routing_count(const struct routing *routing)
{
	return routing->routers.count;
}

const struct routing_router *routing_at(const struct routing *routing, size_t index)
{
	return &routing->routers.items[index];
}

size_t routing_after(const struct routing *routing, const char *name, uint16_t family)
{
	const struct routing_router key = {.name = name, .told.family = family};

	return vector_after(&routing->routers, &key, routing_compare_names);
}

const struct message_vrrp_stats *routing_stats(const struct routing *routing)
{
	return routing->has_stats ? &routing->stats : NULL;
}

struct routing_counters routing_counters(const struct routing *routing)
{
	return (struct routing_counters){.plans = routing->convey.plans,
		.committed = routing->convey.committed,
		.broken = routing->convey.broken,
		.stale = routing->convey.stale,
		.malformed = routing->convey.malformed,
		.lost = routing->lost};
}

void routing_new(const struct routing_options *options, struct routing **ret)
{
	struct routing *routing = memory_new(sizeof(*routing));
	const struct convey_options convey = {.send = routing_on_send,
		.write = routing_write,
		.in_force = routing_in_force,
		.trouble = routing_trouble,
		.data = routing};

	routing->options = *options;
	convey_init(&routing->convey, &convey);
	*ret = routing;
}

struct routing *routing_free(struct routing *routing)
{
	if (!routing)
		return NULL;
	convey_clear(&routing->convey);
	strbuf_clear(&routing->text);
	vector_clear(&routing->facts);
	vector_clear(&routing->routers);
	vector_clear(&routing->first);
	arena_clear(&routing->names);
	free(routing);
	return NULL;
}
