// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers for who looks at them: what they are, what is in their way, why they moved. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "vrrp/node_private.h"

#define NODE_NS_OF_SECOND 1e9
#define NODE_MAKING_NS    3000000000ull

/* What is made takes its time, if only milliseconds: that is none of its faults. */
static const char *node_macvlan_text(const struct node_router *router)
{
	bool is_made = router->wants_macvlan && router->macvlan_error >= 0 &&
		       !node_router_home(router) && loop_clock() - router->asked < NODE_MAKING_NS;

	return is_made ? NODE_TROUBLE_MADE : "its virtual MAC is not there";
}

static bool node_is_active(const struct node_router *router)
{
	return router->item && keeper_item_router(router->item)->state == VRRP_STATE_ACTIVE;
}

static const char *node_unsent_text(
	const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	snprintf(words, NODE_WHY_SIZE, "it cannot advertise: %s", strerror(-router->send_error));
	return words;
}

/* What is in the way of one that should run: the first of these. That the last word of one that went could not be said is over. */
static const char *node_own_trouble(
	const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	const struct vrrp_link *link = node_router_link(router);

	if (!link)
		return "its interface is not there";
	if (!link->up)
		return "its interface is down";
	if (!link->running)
		return "its interface has no carrier";
	if (router->hearing.source.family == AF_UNSPEC)
		return router->key.family == AF_INET
			       ? "its interface has no IPv4 address to speak from"
			       : "its interface has no link-local IPv6 address to speak from";
	if (!node_router_is_sourced(router))
		return "its unicast source is no address of this machine";
	if (!router->hearing.hearing)
		return "it cannot listen on its interface";
	if (node_router_is_virtual(router) && router->mute.fd < 0)
		return node_macvlan_text(router);
	if (node_router_is_faulty(router))
		return node_tracked_trouble(router, words);
	if (node_is_active(router) && router->send_error)
		return node_unsent_text(router, words);
	if (vrrp_netlink_is_late(router->node->netlink))
		return "the kernel does not carry out what it is asked for";
	if (router->refuses && router->node->accept.words)
		return router->node->accept.words;
	return router->begun ? NULL : NODE_TROUBLE_WAITS;
}

/* What happened to a member of its group: `went` is how it is told. */
static void node_member_text(const struct node_router *router, const struct node_router *member,
	const char *went, const char *why, char words[static NODE_WHY_SIZE])
{
	int family = member->key.family == AF_INET ? 4 : 6;

	if (!router->group || *router->group == NODE_GROUP_OF_MAPPING)
		snprintf(words, NODE_WHY_SIZE, "its IPv%d router%s: %s", family, went, why);
	else
		snprintf(words, NODE_WHY_SIZE, "group %.24s: member %.32s IPv%d%s: %s",
			router->group, member->name, family, went, why);
}

/* Or of a group, in which nobody runs before all can. `*of` has it. */
static const char *node_trouble(const struct node_router *router, char words[static NODE_WHY_SIZE],
	const struct node_router **of)
{
	const char *trouble = node_own_trouble(router, words);
	char inner[NODE_WHY_SIZE];

	*of = router;
	if (trouble || !router->item)
		return trouble;
	if (keeper_item_router(router->item)->state != VRRP_STATE_INITIALIZE)
		return node_complain(router, words) ? words : NULL;
	const struct keeper_item *item = keeper_item_hindered(router->item);
	if (!item)
		return NULL;
	*of = keeper_item_data(item);
	trouble = node_own_trouble(*of, inner);
	if (!trouble || strcmp(trouble, NODE_TROUBLE_WAITS) == 0)
		return trouble ? NODE_TROUBLE_WAITS : NULL;
	node_member_text(router, *of, " cannot run", trouble, words);
	return words;
}

/* Whether it is a worse one that is heard, all the time: such a one is borne with until a better one had time to speak. */
static bool node_hears_worse(const struct node_router *router, uint64_t now)
{
	const struct vrrp_router *machine = keeper_item_router(router->item);

	return router->peer.priority < machine->parameters.priority &&
	       now - router->peer.at < vrrp_router_down_interval(machine);
}

/* It was not silent, for who looks at the link. */
static void node_explain_shut(const struct node_router *router, char *why, size_t size)
{
	const struct hearing_series *rejected = &router->hearing.rejected;
	char from[ADDRESS_LENGTH];

	snprintf(why, size, "no valid advertisement was heard; %" PRIu64 " of %s %s rejected: %s",
		rejected->count, address_format(&rejected->source, from),
		rejected->count == 1 ? "was" : "were", vrrp_reject_name(rejected->reject));
}

/* A silence, the end of one that resigned, or nobody better. */
static void node_explain_timer(
	const struct node_router *router, enum vrrp_state state, char *why, size_t size)
{
	uint64_t now = loop_now(router->node->options.loop);
	bool known = router->peer.source.family != AF_UNSPEC;
	char from[ADDRESS_LENGTH];

	if (state != VRRP_STATE_ACTIVE)
		snprintf(why, size, "this process did not run, and its lease is over");
	else if (known && router->peer.priority == VRRP_PRIORITY_STOP)
		snprintf(why, size, "%s resigned", address_format(&router->peer.source, from));
	else if (known && node_hears_worse(router, now))
		snprintf(why, size, "%s has priority %u, which is less",
			address_format(&router->peer.source, from), router->peer.priority);
	else if (node_is_shut(router))
		node_explain_shut(router, why, size);
	else if (!known)
		snprintf(why, size, "no advertisement was heard");
	else
		snprintf(why, size, "no advertisement of %s for %.2f s",
			address_format(&router->peer.source, from),
			(double)(now - router->peer.at) / NODE_NS_OF_SECOND);
}

static void node_explain_advertisement(
	const struct vrrp_advertisement *heard, char *why, size_t size)
{
	char from[ADDRESS_LENGTH];

	address_format(&heard->source, from);
	if (heard->priority == VRRP_PRIORITY_STOP)
		snprintf(why, size, "%s resigned", from);
	else
		snprintf(why, size, "%s has priority %u", from, heard->priority);
}

/* Of a list that was set: who is new has not moved before. */
static const char *node_configured_text(const struct node_router *router)
{
	const struct config_router *config =
		config_find_router(&router->node->config, router->name);

	if (router->mapping != NODE_NOWHERE)
		return router->transitions == 1 ? "started, as the files say now"
						: "its configuration changed";
	if (!config)
		return NODE_LEFT_THE_FILES;
	vector_foreach(&config->addresses, item)
		if (item->address.address.family == router->key.family)
			return NODE_LEFT_ITS_KEY;
	return NODE_LEFT_ITS_FAMILY;
}

static const char *node_event_text(const struct node_router *router, enum vrrp_event_type type,
	enum vrrp_state state, char words[static NODE_WHY_SIZE])
{
	const char *trouble = node_own_trouble(router, words);

	switch (type) {
	case VRRP_EVENT_START:
		return "started";
	case VRRP_EVENT_RESUME:
		return state == VRRP_STATE_ACTIVE
			       ? "goes on where an earlier process ended"
			       : "started; the lease of an earlier process is over";
	case VRRP_EVENT_STOP:
		return "stopped";
	case VRRP_EVENT_UP:
		return "nothing is in its way any more";
	case VRRP_EVENT_DOWN:
		return trouble ? trouble : "it cannot run";
	case VRRP_EVENT_THAW:
		return "this process did not run, and its lease is over";
	case VRRP_EVENT_PRIORITY:
		return "its priority changed";
	default:
		return node_configured_text(router);
	}
}

/* Why, of the router that something happened to. */
static void node_explain_cause(const struct node_cause *cause, const struct node_router *router,
	enum vrrp_state state, char *why, size_t size)
{
	char words[NODE_WHY_SIZE];

	if (cause->type == VRRP_EVENT_TIMER)
		node_explain_timer(router, state, why, size);
	else if (cause->type == VRRP_EVENT_ADVERTISEMENT)
		node_explain_advertisement(&cause->advertisement, why, size);
	else
		snprintf(why, size, "%s", node_event_text(router, cause->type, state, words));
}

void node_explain(struct node_router *router, const struct vrrp_action *action)
{
	const struct node_cause *cause = &router->node->cause;
	const struct node_router *of = cause->router ? cause->router : router;
	char why[NODE_WHY_SIZE];

	node_explain_cause(cause, of, action->state, why, sizeof(why));
	router->why_of = of->mapping;
	if (of == router)
		snprintf(router->why, sizeof(router->why), "%s", why);
	else
		node_member_text(router, of, cause->type == VRRP_EVENT_DOWN ? " went to fault" : "",
			why, router->why);
}

static size_t node_present(const struct node_router *router)
{
	size_t present = 0;

	for (size_t i = 0; i < router->address_count; i++) {
		const struct node_address *address = &router->addresses[i];

		present += address->foreign ||
			   vrrp_addresses_seen(router->node->addresses, &address->object) != NULL;
	}
	return present;
}

/* Of version 3 over IPv4; all else has but one, whatever was heard before the files said so. */
static bool node_has_forms(const struct node_router *router)
{
	return router->key.family == AF_INET &&
	       keeper_item_router(router->item)->parameters.version == 3;
}

void node_view_of(const struct node_router *router, struct node_view *ret)
{
	bool forms = node_has_forms(router);
	const struct node_router *of;

	*ret = (struct node_view){.name = router->name,
		.mapping = router->mapping,
		.key = &router->key,
		.router = keeper_item_router(router->item),
		.from = router->from,
		.why = router->why,
		.why_of = router->why_of,
		.transitions = router->transitions,
		.peer = router->peer,
		.checksum = forms ? router->form : VRRP_CHECKSUM_AUTO,
		.mixed = node_is_mixed(router),
		.sent = router->sent,
		.unsent = router->unsent,
		.counters = &router->hearing.counters,
		.addresses = router->advertised.count,
		.present = node_present(router),
		.waits = router->wait.place != 0};
	if (!forms)
		ret->peer.checksum = VRRP_CHECKSUM_AUTO;
	ret->trouble = node_trouble(router, ret->words, &of);
	ret->trouble_of = of->mapping;
}

size_t node_count(const struct node *node)
{
	return node->routers.count;
}

void node_look(const struct node *node, size_t index, struct node_view *ret)
{
	node_view_of(node->routers.items[index].router, ret);
}

struct node_counters node_counters(struct node *node)
{
	struct node_counters counters = {.addresses = vrrp_addresses_counters(node->addresses),
		.announced = *announce_counters(node->announce),
		.refused = node_refused(node),
		.thawed = node->thawed,
		.late_ns = node->late_ns};

	node->late_ns = 0;
	for (size_t i = 0; i < dispatcher_count(node->dispatcher); i++) {
		struct dispatcher_counters socket = dispatcher_counters(node->dispatcher, i);

		counters.read += socket.read;
		counters.dropped += socket.dropped;
		counters.full += socket.full;
		for (size_t j = 0; j < VRRP_REJECT_COUNT; j++)
			counters.unknown += socket.unknown[j];
	}
	return counters;
}
