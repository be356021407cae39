// SPDX-License-Identifier: GPL-2.0-or-later
/* One virtual router as the files and its interface make it: what it says in its advertisements, what it expects of others',
 * whether it can run, and what it wants in the kernel (node_objects.c). Whatever of this changes, all of it is made anew, and
 * compared with what it was: so that a file that is read again, or an interface of which something is told, touches nothing
 * that is the same. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

const struct vrrp_link *node_router_link(const struct node_router *router)
{
	return vrrp_links_by_name(router->node->links, router->key.interface);
}

/* The protocol. */

/* Those of the packet, whatever interface they are on. */
static void node_router_shape_advertised(struct node_router *router)
{
	const struct config_virtual_address *first = NULL;

	router->advertised.count = 0;
	if (router->key.family == AF_INET6) {
		first = node_router_first(router);
		vector_push(&router->advertised,
			first ? first->address.address : node_router_link_local(router));
	}
	vector_foreach(&router->config->addresses, item) {
		if (item->address.address.family == router->key.family && item != first &&
			router->advertised.count < VRRP_ADDRESSES_MOST)
			vector_push(&router->advertised, item->address.address);
	}
}

static void node_router_sort(const struct address *addresses, size_t count, struct node_peers *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < count; i++)
		vector_push(ret, addresses[i]);
	vector_sort(ret, address_compare);
}

static enum vrrp_checksum node_router_checksum(const struct config_router *config)
{
	switch (config->checksum) {
	case CONFIG_CHECKSUM_RFC9568:
		return VRRP_CHECKSUM_RFC9568;
	case CONFIG_CHECKSUM_RFC5798:
		return VRRP_CHECKSUM_RFC5798;
	default:
		return VRRP_CHECKSUM_AUTO;
	}
}

static void node_router_expect(struct node_router *router)
{
	const struct config_router *config = router->config;
	bool unicast = config_has(&config->object, CONFIG_ROUTER_UNICAST);
	struct vrrp_expected *expected = &router->hearing.expected;

	*expected = (struct vrrp_expected){};
	/* Of a peer with another interval too, perhaps. */
	router->hearing.patience = 3 * node_patience(config->advertise);
	expected->vrid = router->key.vrid;
	expected->version = (uint8_t)config->version;
	expected->ttl_least = unicast ? (uint8_t)config->unicast.ttl : VRRP_SOCKET_TTL;
	expected->ttl_most = VRRP_SOCKET_TTL;
	expected->owner = config->priority == CONFIG_PRIORITY_OWNER;
	expected->unicast = unicast;
	expected->checksum = node_router_checksum(config);
	expected->auth = config->authentication ? VRRP_AUTH_SIMPLE : VRRP_AUTH_NONE;
	expected->interval = (uint16_t)(config->advertise / NODE_CENTISECOND_NS);
	expected->peers = router->peers.items;
	expected->peer_count = router->peers.count;
	expected->addresses = router->expected.items;
	expected->address_count = router->expected.count;
	if (config->authentication)
		memcpy(expected->password, config->authentication,
			MIN(strlen(config->authentication), sizeof(expected->password)));
}

static bool node_router_expects_same(
	const struct vrrp_expected *before, const struct vrrp_expected *now)
{
	return before->vrid == now->vrid && before->version == now->version &&
	       before->ttl_least == now->ttl_least && before->ttl_most == now->ttl_most &&
	       before->owner == now->owner && before->unicast == now->unicast &&
	       before->checksum == now->checksum && before->auth == now->auth &&
	       memcmp(before->password, now->password, sizeof(now->password)) == 0 &&
	       before->interval == now->interval;
}

static bool node_router_same_addresses(
	const struct node_peers *before, const struct node_peers *now)
{
	if (before->count != now->count)
		return false;
	for (size_t i = 0; i < now->count; i++)
		if (!address_equal(&before->items[i], &now->items[i]))
			return false;
	return true;
}

/* What was told of peers is told anew when something else is expected of them. */
static void node_router_shape_hearing(struct node_router *router)
{
	const struct config_router *config = router->config;
	struct vrrp_expected before = router->hearing.expected;
	struct node_peers peers = {}, addresses = {};

	node_router_shape_advertised(router);
	node_router_sort(config->unicast.peers.items, config->unicast.peers.count, &peers);
	node_router_sort(router->advertised.items, router->advertised.count, &addresses);
	bool same = node_router_same_addresses(&router->peers, &peers) &&
		    node_router_same_addresses(&router->expected, &addresses);
	vector_clear(&router->peers);
	vector_clear(&router->expected);
	router->peers = peers;
	router->expected = addresses;
	node_router_expect(router);
	if (same && node_router_expects_same(&before, &router->hearing.expected))
		return;
	memset(router->forms, 0, sizeof(router->forms));
	router->differing = (struct address){};
	router->defied = (struct node_defied){};
	if (router->hearing.hearing)
		hearing_changed(&router->hearing);
}

static void node_router_shape_form(struct node_router *router)
{
	enum vrrp_checksum form = node_router_checksum(router->config);

	if (form != VRRP_CHECKSUM_AUTO)
		router->form = form;
	else if (router->form == VRRP_CHECKSUM_AUTO)
		router->form = VRRP_CHECKSUM_RFC9568;
}

static struct address node_router_source(const struct node_router *router)
{
	const struct vrrp_link *link = node_router_link(router);

	if (config_has(&router->config->object, CONFIG_ROUTER_UNICAST))
		return router->config->unicast.source;
	if (!link)
		return (struct address){};
	return router->key.family == AF_INET ? link->source4 : link->source6;
}

/* A link-local source says nothing without its interface. */
static struct vrrp_place node_router_listens(const struct node_router *router)
{
	const struct vrrp_link *link = node_router_link(router);
	const struct config_router *config = router->config;
	struct vrrp_place place = {.family = router->key.family};
	bool unicast = config_has(&config->object, CONFIG_ROUTER_UNICAST);

	if (unicast)
		place.source = config->unicast.source;
	if (link && (!unicast || address_is_link_local(&place.source)))
		place.ifindex = (unsigned int)link->ifindex;
	return place;
}

void node_router_join(struct node_router *router)
{
	struct vrrp_place place = node_router_listens(router);
	_cleanup_error_ struct error error = {};

	if (router->hearing.hearing && vrrp_place_compare(&place, &router->listens) == 0)
		return;
	dispatcher_leave(&router->hearing);
	if (!node_router_link(router))
		return;
	router->listens = place;
	int r = dispatcher_join(router->node->dispatcher, &place, &router->hearing, &error);
	/* It tries again every second. */
	if (r < 0 && r != router->join_error)
		log_object_warning(router->object, "%s", error_text(&error, r));
	router->join_error = r;
}

static uint8_t node_router_priority(const struct node_router *router)
{
	int64_t priority = (int64_t)router->config->priority;

	if (priority == CONFIG_PRIORITY_OWNER)
		return CONFIG_PRIORITY_OWNER;
	priority += node_router_tracked(router).weight;
	return (uint8_t)MIN(MAX(priority, 1), CONFIG_PRIORITY_OWNER - 1);
}

struct vrrp_parameters node_router_parameters(const struct node_router *router)
{
	const struct config_router *config = router->config;

	return (struct vrrp_parameters){.version = (uint8_t)config->version,
		.priority = node_router_priority(router),
		.preempt = config->preempt,
		.interval = config->advertise,
		.preempt_delay = config->preempt_delay,
		.source = router->hearing.source};
}

bool node_router_is_faulty(const struct node_router *router)
{
	return router->config && node_router_tracked(router).fault;
}

bool node_router_is_sourced(const struct node_router *router)
{
	struct vrrp_place place;

	if (!router->config || !config_has(&router->config->object, CONFIG_ROUTER_UNICAST))
		return true;
	place = node_router_listens(router);
	return vrrp_locals_have(router->node->locals, &place.source, (int)place.ifindex);
}

bool node_router_is_able(const struct node_router *router)
{
	const struct vrrp_link *link = node_router_link(router);

	return link && link->running && router->hearing.hearing &&
	       router->hearing.source.family != AF_UNSPEC && !node_router_is_faulty(router) &&
	       node_router_is_sourced(router) &&
	       (!node_router_is_virtual(router) || node_router_home(router));
}

void node_router_mac(const struct node_router *router, int ifindex, uint8_t mac[static 6])
{
	const struct vrrp_link *link = vrrp_links_by_index(router->node->links, ifindex);

	memset(mac, 0, 6);
	if (node_router_is_virtual(router) && ifindex == node_router_home(router))
		vrrp_object_mac(router->key.family, router->key.vrid, mac);
	else if (link && link->mac_size == 6)
		memcpy(mac, link->mac, 6);
}

/* The whole. */

static void node_router_shape_macvlan(struct node_router *router)
{
	const struct vrrp_link *link = node_router_link(router);
	struct node *node = router->node;
	bool wants = node_router_is_virtual(router) && link;
	_cleanup_error_ struct error error = {};

	if (wants == router->wants_macvlan)
		return;
	router->wants_macvlan = wants;
	vrrp_socket_close(&router->mute);
	if (!wants) {
		vrrp_macvlans_drop(node->macvlans, router->number);
		return;
	}
	int r = vrrp_macvlans_want(node->macvlans, router->number, link->ifindex,
		router->key.family, router->key.vrid, &error);
	if (r < 0 && r != router->macvlan_error)
		log_object_warning(router->object, "%s", error_text(&error, r));
	router->macvlan_error = r;
	router->asked = loop_clock();
	/* Its name or its VRID is still another's: who leaves, perhaps. It is asked for again. */
	if (r == -EEXIST || r == -ENAMETOOLONG || r == -ENODEV)
		router->wants_macvlan = false;
}

/* Whether somebody may speak from one of the virtual addresses: their owner, whose priority it is to have them as his own. */
static bool node_router_has_owner(const struct node_router *router)
{
	const struct config_router *config = router->config;

	if (router->key.family != AF_INET || config->priority == CONFIG_PRIORITY_OWNER)
		return false;
	if (!config_has(&config->object, CONFIG_ROUTER_UNICAST))
		return true;
	vector_foreach(&router->peers, peer) {
		vector_foreach(&router->expected, address)
			if (address_equal(peer, address))
				return true;
	}
	return false;
}

void node_router_restore(struct node_router *router)
{
	if (router->lent[0])
		vrrp_errands_release(router->node->errands, router->lent);
	router->lent[0] = '\0';
}

/* While the virtual addresses are this machine's, the kernel takes a packet from one of them for a forged one, and drops it before
 * any socket hears of it: an owner who comes back would not be heard, and two would be active. */
static void node_router_shape_lent(struct node_router *router)
{
	const struct vrrp_link *link = node_router_link(router);

	if (!link || !node_router_has_owner(router)) {
		node_router_restore(router);
		return;
	}
	if (router->lent[0])
		return;
	if (vrrp_sysctl_name(router->lent, "ipv4", link->name, "accept_local") < 0)
		router->lent[0] = '\0';
	else
		vrrp_errands_hold(router->node->errands, router->number, router->lent,
			VRRP_SYSCTL_AT_LEAST, 1);
}

static void node_router_shape_mute(struct node_router *router)
{
	int home = node_router_home(router);
	_cleanup_error_ struct error error = {};

	if (!node_router_is_virtual(router) || !home) {
		vrrp_socket_close(&router->mute);
		return;
	}
	if (router->mute.fd >= 0 && router->mute.place.ifindex == (unsigned int)home)
		return;
	vrrp_socket_close(&router->mute);
	const struct vrrp_place place = {
		.family = router->key.family, .ifindex = (unsigned int)home};
	if (vrrp_socket_open_mute(&place, &router->mute, &error) < 0)
		router->mute.fd = -1;
}

bool node_router_shape(struct node_router *router)
{
	struct address before = router->hearing.source;
	uint8_t priority = router->shaped_priority;

	node_router_shape_macvlan(router);
	node_router_shape_mute(router);
	router->hearing.source = node_router_source(router);
	node_router_shape_hearing(router);
	node_router_shape_lent(router);
	node_router_shape_form(router);
	node_router_join(router);
	bool changed = node_router_shape_objects(router);
	node_accept_shaped(router, changed);
	router->elsewhere |= router->config->track.interfaces.count > 0;
	router->shaped_priority = node_router_priority(router);
	return changed || priority != router->shaped_priority ||
	       !address_equal(&before, &router->hearing.source);
}

struct node_router *node_router_new(struct node *node, const struct keeper_key *key)
{
	struct node_router *router = memory_new(sizeof(*router));

	router->node = node;
	router->number = ++node->number;
	router->key = *key;
	router->cell = LEASE_NONE;
	router->mute.fd = -1;
	router->hearing.data = router;
	return router;
}

/* What is being announced tells whose it is. */
void node_router_rename(struct node_router *router, const char *name)
{
	free(router->name);
	free(router->object);
	router->name = memory_copy_string(name);
	router->object = memory_printf("%s VRID %u", name, router->key.vrid);
	for (size_t i = 0; i < router->address_count; i++)
		router->addresses[i].announcement.object = router->object;
}

void node_router_free(struct node_router *router)
{
	node_hush(router);
	node_router_restore(router);
	dispatcher_leave(&router->hearing);
	vrrp_socket_close(&router->mute);
	heap_set(&router->node->waits, &router->wait, HEAP_NEVER);
	vector_clear(&router->objects);
	vector_clear(&router->retired);
	vector_clear(&router->peers);
	vector_clear(&router->expected);
	vector_clear(&router->advertised);
	free(router->addresses);
	free(router->name);
	free(router->object);
	free(router->group);
	free(router);
}
