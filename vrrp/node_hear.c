// SPDX-License-Identifier: GPL-2.0-or-later
/* What the node hears of others, and by what: advertisements go to the state machines, and what is not one to the log, once. */
#include <errno.h>

#include "base/log.h"
#include "base/loop.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

#define NODE_STOP_NS  10000000ull
#define NODE_RETRY_NS 1000000000ull

/* What peers say. */

/* Who sends another form than before does not send that one any more. */
static void node_note_form(struct node_router *router, const struct vrrp_packet *packet,
	const struct address *source, uint64_t now)
{
	bool mixed = node_is_mixed(router);

	for (size_t i = 0; i < ARRAY_LENGTH(router->forms); i++)
		if (address_equal(&router->forms[i].source, source))
			router->forms[i] = (struct node_form){};
	router->forms[packet->checksum] = (struct node_form){.source = *source,
		.at = now,
		.interval = (uint64_t)packet->interval * NODE_CENTISECOND_NS};
	if (!mixed && node_is_mixed(router))
		log_object_warning(router->object,
			"peers send checksums of both forms (RFC 9568, RFC 5798): "
			"those that take only one hear only some");
}

/* Of one who says now what is declared here it is told anew, should he say something else again. */
static void node_note_addresses(
	struct node_router *router, const struct vrrp_packet *packet, const struct address *source)
{
	char from[ADDRESS_LENGTH];

	if (!packet->addresses_differ || packet->priority == VRRP_PRIORITY_STOP) {
		if (address_equal(&router->differing, source))
			router->differing = (struct address){};
		return;
	}
	if (router->differing.family == AF_UNSPEC)
		log_object_warning(router->object,
			"%s advertises other addresses than are declared here",
			address_format(source, from));
	router->differing = *source;
}

/* When it came, as the wait counts that it begins: fsm_wait(). */
static uint64_t node_came_at(
	const struct node_router *router, const struct vrrp_datagram *datagram, uint64_t now)
{
	uint64_t wait = vrrp_router_down_interval(keeper_item_router(router->item));

	return now - MIN(datagram->age, wait / 4);
}

static void node_note_peer(struct node_router *router, const struct vrrp_packet *packet,
	const struct vrrp_datagram *datagram, uint64_t now)
{
	const struct address *source = &datagram->source;
	bool tells = packet->checksum != VRRP_CHECKSUM_AUTO;

	if (tells)
		node_note_form(router, packet, source, now);
	node_note_addresses(router, packet, source);
	if (address_equal(&router->defied.source, source) &&
		(!packet->addresses_differ || packet->priority == VRRP_PRIORITY_STOP))
		router->defied = (struct node_defied){};
	router->peer.source = *source;
	router->peer.priority = packet->priority;
	router->peer.at = node_came_at(router, datagram, now);
	if (tells)
		router->peer.checksum = packet->checksum;
	if (tells && router->config->checksum == CONFIG_CHECKSUM_AUTO)
		router->form = packet->checksum;
}

/* It was active, and is: who speaks as well does not hear it, or is heard too late. */
static void node_note_rival(struct node_router *router, const struct vrrp_packet *packet,
	const struct address *source, uint64_t now)
{
	const struct hearing_series last = {.at = now, .source = *source};
	uint64_t interval = (uint64_t)packet->interval * NODE_CENTISECOND_NS;

	if (keeper_item_router(router->item)->state != VRRP_STATE_ACTIVE ||
		packet->priority == VRRP_PRIORITY_STOP)
		return;
	router->rival_priority = packet->priority;
	router->rival_interval = MAX(interval, router->config->advertise);
	hearing_series_note(&router->rival, &last, node_patience(router->rival_interval));
}

void node_on_heard(void *owner, struct hearing_router *hearing, const struct vrrp_packet *packet,
	const struct vrrp_datagram *datagram)
{
	struct node *node = owner;
	struct node_router *router = hearing->data;
	uint64_t now = loop_clock();
	const struct vrrp_event event = {.type = VRRP_EVENT_ADVERTISEMENT,
		.advertisement = {.priority = packet->priority,
			.interval = (uint64_t)packet->interval * NODE_CENTISECOND_NS,
			.source = datagram->source,
			.age = datagram->age}};

	if (!router->item)
		return;
	node_note_peer(router, packet, datagram, now);
	node_tell_router(router, &event, now);
	node_note_rival(router, packet, &datagram->source, now);
	node_set_timer(node);
}

/* Only asked for at level debug: many VRIDs may be used on a link, by others. */
static void node_tell_unknown(
	struct node *node, const struct dispatcher_refusal *refusal, const char *interface)
{
	const struct hearing_verdict *verdict = &refusal->verdict;
	char from[ADDRESS_LENGTH];

	log_at_site(&node->unknown[verdict->vrid], LOG_LEVEL_DEBUG, NULL,
		"%s on %s, VRID %u: nobody here has that VRID; more of this is counted, and not "
		"told%s",
		address_format(&refusal->datagram->source, from), interface, verdict->vrid,
		verdict->last ? "; nor is any other there, for an hour" : "");
}

void node_heed_log(struct node *node)
{
	dispatcher_tell_unknown(node->dispatcher, log_wants_(&log_module_, LOG_LEVEL_DEBUG));
}

void node_on_refused(void *owner, const struct dispatcher_refusal *refusal)
{
	struct node *node = owner;
	const struct hearing_verdict *verdict = &refusal->verdict;
	const struct node_router *router = verdict->router ? verdict->router->data : NULL;
	const struct vrrp_link *link =
		vrrp_links_by_index(node->links, (int)refusal->place->ifindex);
	char from[ADDRESS_LENGTH];

	if (!router) {
		node_tell_unknown(node, refusal, link ? link->name : "any interface");
		return;
	}
	log_object_warning(router->object,
		"%s on %s, VRID %u: %s; more of this is counted, and not told%s",
		address_format(&refusal->datagram->source, from), router->key.interface,
		verdict->vrid,
		verdict->result == HEARING_OWN ? "it has our own address"
					       : vrrp_reject_text(verdict->reject),
		verdict->last ? "; nor is anything else here, for an hour" : "");
}

static bool node_listened_there(const struct node_router *router, const void *place)
{
	return router->config && vrrp_place_compare(&router->listens, place) == 0;
}

/* All that listened there have left, and still have the place. */
void node_on_failed(void *owner, const struct vrrp_place *place, int error)
{
	struct node *node = owner;
	_cleanup_free_ char *whose = node_whose(node, node_listened_there, place);

	log_object_warning(
		whose, "the socket that it listens on is of no use any more: %s", strerror(-error));
	loop_timer_set(node->retry, loop_now(node->options.loop));
}

static bool node_lacks_something(const struct node_router *router)
{
	return !router->hearing.hearing ||
	       (node_router_is_virtual(router) && !router->wants_macvlan);
}

/* What could not listen tries again, and what has no virtual MAC. */
void node_on_retry(void *data)
{
	struct node *node = data;

	vector_foreach(&node->routers, place) {
		struct node_router *router = place->router;

		if (node_lacks_something(router) && node_router_link(router))
			node_again(router);
		node_log_complaint(router);
	}
	node_restore_macs(node);
	node_set_timer(node);
	/* Nobody tells when what was left by an earlier process has gone. */
	if (node->stopping)
		loop_work_ask(node->work);
	loop_timer_set(node->retry,
		loop_now(node->options.loop) + (node->stopping ? NODE_STOP_NS : NODE_RETRY_NS));
}
