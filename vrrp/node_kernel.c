// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel tells the node: of interfaces, of virtual MACs, of what was asked for. Nothing here may ask the addresses for
 * anything: what is to be done is left for the node's work, and done once for all that came in a turn. */
#include <errno.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

#define NODE_RESTORE_NS 900000000ull /* two who fight for a MAC: between our turns */

/* What the kernel tells. */

/* Whose it is: a router's addresses, or its macvlan. What leaves with its router may fail later. */
static const char *node_owner_text(const struct node *node, uint64_t number)
{
	const struct node_router *router = node_by_number(
		node, vrrp_macvlans_is_number(number) ? vrrp_macvlans_router(number) : number);

	if (number == VRRP_WANTED_NOBODY)
		return "an earlier process";
	return router ? router->object : "a virtual router that is no more";
}

/* What is on an interface is told of before it, when it goes; but it is no more by then. */
static bool node_is_without(const struct vrrp_object *object)
{
	char interface[IF_NAMESIZE];

	return object->ifindex && !if_indextoname((unsigned int)object->ifindex, interface);
}

static void node_tell_object(const struct node *node, const struct vrrp_addresses_news *news)
{
	char text[VRRP_OBJECT_TEXT_SIZE];
	const char *name = node_owner_text(node, news->router);

	vrrp_object_text(news->object, text);
	switch (news->news) {
	case VRRP_WANTED_LOST:
		if (node_is_without(news->object))
			log_object_notice(name, "%s went with its interface", text);
		else
			log_object_warning(name, "%s was taken away, and is put back", text);
		break;
	case VRRP_WANTED_FOUGHT:
		log_object_warning(name,
			"%s is taken away again and again: it is put back after a pause", text);
		break;
	case VRRP_WANTED_FAILED:
		log_object_error(name, "%s: %s", text, news->words);
		break;
	case VRRP_WANTED_FOUND:
		log_object_notice(name, "%s is there already, and will be left there", text);
		break;
	default:
		break;
	}
}

static void node_on_came(struct node_router *router, const struct vrrp_addresses_news *news)
{
	struct node_address *address = node_router_address(router, news->object);

	if (!address)
		return;
	address->foreign = news->news == VRRP_WANTED_FOUND;
	if (router->announcing && router->config)
		node_announce_one(router, address);
}

static void node_on_done(struct node_router *router)
{
	struct node *node = router->node;

	router->busy = false;
	node_forget(router);
	if (router->place == NODE_PLACE_LEAVING)
		router->place = NODE_PLACE_BARE;
	node->leaving = true;
	loop_work_ask(node->work);
}

void node_on_news(void *data, const struct vrrp_addresses_news *news)
{
	struct node *node = data;
	struct node_router *router =
		vrrp_macvlans_is_number(news->router) ? NULL : node_by_number(node, news->router);

	if (node->left.addresses.count || node->stopping)
		loop_work_ask(node->work);
	if (news->news == VRRP_WANTED_DONE) {
		if (router)
			node_on_done(router);
		return;
	}
	if (news->news == VRRP_WANTED_CAME || news->news == VRRP_WANTED_FOUND) {
		if (router)
			node_on_came(router, news);
	}
	node_tell_object(node, news);
}

/* Of the parent of a macvlan, or of the interface of addresses. */
static const char *node_unheld_text(const struct node *node, uint64_t whose, const char *name)
{
	const struct node_router *router;

	if (vrrp_macvlans_is_number(whose))
		return "";
	router = node_by_number(node, whose);
	return router && strcmp(router->lent, name) == 0
		       ? ": an owner of its addresses is not heard"
		       : ": an address that goes may take others along";
}

void node_on_unheld(void *data, uint64_t whose, const char *name, const char *words)
{
	struct node *node = data;

	vrrp_addresses_unheld(node->addresses, name);
	log_object_warning(
		node_owner_text(node, whose), "%s%s", words, node_unheld_text(node, whose, name));
}

void node_again(struct node_router *router)
{
	struct node *node = router->node;

	if (node_router_shape(router)) {
		node->changed = true;
		loop_work_ask(node->work);
	}
	node_look_at(router);
}

void node_on_macvlan(void *data, uint64_t number, int ifindex _unused_)
{
	struct node_router *router = node_by_number(data, number);

	/* While it is being shaped it is looked at anyhow. */
	if (router && router->config && router->item)
		node_again(router);
}

/* Its sockets are of no use where the interface is another now, also with its old index. */
static void node_drop_sockets(struct node *node, const struct vrrp_link *link)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		const struct vrrp_place place = {
			.family = families[i], .ifindex = (unsigned int)link->ifindex};

		dispatcher_drop(node->dispatcher, &place);
	}
}

/* What it was lent goes along. */
void node_on_renamed(void *data, const char *before, const char *now)
{
	const struct node *node = data;

	vrrp_errands_renamed(node->errands, before, now);
}

void node_on_link(void *data, const struct vrrp_link *link, unsigned int changes)
{
	struct node *node = data;
	size_t i = node_first_on(node, link->name);

	if (changes & (VRRP_LINK_CAME | VRRP_LINK_WENT))
		node_drop_sockets(node, link);
	for (; i < node->routers.count; i++) {
		struct node_router *router = node->routers.items[i].router;

		if (strcmp(router->key.interface, link->name) != 0)
			break;
		if (changes & VRRP_LINK_CAME)
			node_router_restore(router);
		if (changes & VRRP_LINK_CAME && router->wants_macvlan) {
			vrrp_macvlans_drop(node->macvlans, router->number);
			router->wants_macvlan = false;
		}
		node_again(router);
	}
	if (changes & VRRP_LINK_MAC) {
		node->altered = true;
		loop_work_ask(node->work);
	}
	if (changes & (VRRP_LINK_CAME | VRRP_LINK_WENT | VRRP_LINK_STATE)) {
		node->strayed = true;
		loop_work_ask(node->work);
	}
}

/* A thousand routers may depend on an interface, and a thousand interfaces lose their carrier with one: once for all of these. */
void node_find_strayed(struct node *node)
{
	node->strayed = false;
	vector_foreach(&node->routers, place) {
		if (place->router->elsewhere)
			node_again(place->router);
	}
}

/* The macvlan of one that has lost its virtual MAC; NULL: it has it, or has no macvlan. */
static const struct vrrp_link *node_altered(const struct node_router *router)
{
	uint8_t mac[6];

	if (!node_router_is_virtual(router))
		return NULL;
	const struct vrrp_link *link =
		vrrp_links_by_index(router->node->links, node_router_home(router));
	if (!link)
		return NULL;
	vrrp_object_mac(router->key.family, router->key.vrid, mac);
	return link->mac_size == sizeof(mac) && memcmp(link->mac, mac, sizeof(mac)) == 0 ? NULL
											 : link;
}

static void node_forget_restore(struct node_restore *restore)
{
	TAILQ_REMOVE(&restore->node->restores, restore, all);
	free(restore);
}

void node_forget_restores(struct node *node)
{
	for (struct node_restore *restore = TAILQ_FIRST(&node->restores), *next; restore;
		restore = next) {
		next = TAILQ_NEXT(restore, all);
		free(restore);
	}
	TAILQ_INIT(&node->restores);
}

static void node_on_restored(void *data, int code, const char *words)
{
	struct node_restore *restore = data;

	if (code < 0)
		log_object_error(node_owner_text(restore->node, restore->number),
			"its virtual MAC cannot be put back: %s", *words ? words : strerror(-code));
	node_forget_restore(restore);
}

static void node_ask_mac(struct node_router *router, const struct vrrp_link *link)
{
	struct node *node = router->node;
	struct node_restore *restore = memory_new(sizeof(*restore));
	struct nl_msg *message =
		vrrp_object_encode_mac(link->ifindex, router->key.family, router->key.vrid);

	*restore = (struct node_restore){.node = node, .number = router->number};
	TAILQ_INSERT_TAIL(&node->restores, restore, all);
	if (message && vrrp_netlink_request(node->netlink, message, node_on_restored, restore) == 0)
		vrrp_netlink_flush(node->netlink);
	else
		node_forget_restore(restore);
	nlmsg_free(message);
}

/* Neighbours that asked meanwhile have learnt another. */
static void node_restore_mac(struct node_router *router, const struct vrrp_link *link)
{
	log_object_warning(
		router->object, "the virtual MAC of %s was changed, and is put back", link->name);
	router->restored = loop_now(router->node->options.loop);
	node_ask_mac(router, link);
	if (router->announcing && router->config)
		node_announce(router);
}

/* What is too soon, or finds no room, comes with the next look of every second. */
void node_restore_macs(struct node *node)
{
	uint64_t now = loop_now(node->options.loop);

	node->altered = false;
	vector_foreach(&node->routers, place) {
		const struct vrrp_link *link = node_altered(place->router);

		if (link && now - place->router->restored >= NODE_RESTORE_NS)
			node_restore_mac(place->router, link);
	}
}

/* Each address that comes or goes is told: also a thousand virtual ones of a take-over. */
void node_on_locals(void *data)
{
	struct node *node = data;

	node->moving = true;
	loop_work_ask(node->work);
}

void node_find_sources(struct node *node)
{
	node->moving = false;
	vector_foreach(&node->routers, place) {
		struct node_router *router = place->router;

		if (router->hearing.expected.unicast && node_router_is_able(router) != router->able)
			node_again(router);
	}
}

bool node_is_virtual(void *data, int ifindex, const struct address *address)
{
	const struct node *node = data;

	return node->addresses && vrrp_addresses_have(node->addresses, ifindex, address);
}
