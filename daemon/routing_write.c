// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan as it is sent: the file, hints, facts. */
#include "daemon/routing_inside.h"
#include "model/canonical.h"

/* What this side looks after is left out. */
static void routing_strip(struct config_router *router)
{
	const uint32_t elsewhere = 1u << CONFIG_TRACK_ROUTES | 1u << CONFIG_TRACK_SCRIPTS |
				   1u << CONFIG_TRACK_PROCESSES | 1u << CONFIG_TRACK_FILES |
				   1u << CONFIG_TRACK_SERVICES;

	router->object.set &= ~(1u << CONFIG_ROUTER_NOTIFY);
	router->track.object.set &= ~elsewhere;
	if (!router->track.object.set)
		router->object.set &= ~(1u << CONFIG_ROUTER_TRACK);
}

void routing_write_text(const struct config *config, struct strbuf *text)
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

void routing_write_fact(
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

/* The forms that were mirrored last. Who begins anew and is active needs them most, and that is when nothing is known of what the
 * routers are. They are in the order of the hints: all are of IPv4. */
static size_t routing_add_hints(const struct routing *routing, struct convey *convey)
{
	size_t count = routing->forms.count;
	_cleanup_free_ struct message_vrrp_hint *hints = memory_new((count + 1) * sizeof(*hints));

	for (size_t i = 0; i < count; i++) {
		const struct router_form *form = &routing->forms.items[i];

		hints[i] = (struct message_vrrp_hint){
			.family = AF_INET, .vrid = form->vrid, .checksum = (uint8_t)form->checksum};
		memcpy(hints[i].interface, form->interface, sizeof(form->interface));
	}
	for (size_t sent = 0; sent < count; sent += MESSAGE_VRRP_HINTS_MOST)
		convey_add(convey, MESSAGE_VRRP_HINTS, hints + sent,
			MIN(count - sent, (size_t)MESSAGE_VRRP_HINTS_MOST) * sizeof(*hints));
	return count;
}

/* The head says how many hints there are, and stands before them. */
bool routing_write(void *data, struct convey *convey, uint64_t generation)
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
	if (!routing->tabled)
		routing->tabled = generation;
	convey_add(convey, MESSAGE_VRRP_PLAN, &head, sizeof(head));
	routing_add_text(routing, convey);
	head.hints = (uint32_t)routing_add_hints(routing, convey);
	memcpy(convey->pieces.items[0].payload, &head, sizeof(head));
	routing_add_facts(routing, convey, generation);
	commit.pieces = convey_next_piece(convey);
	convey_add(convey, MESSAGE_VRRP_COMMIT, &commit, sizeof(commit));
	return true;
}
