// SPDX-License-Identifier: GPL-2.0-or-later
/* What the state machines want done, done.
 *
 *	ADVERTISE	at once, and then put into the lease: that one is never longer than what others heard
 *	ADD_ADDRESSES	put into the lease, then given to the kernel; or first waited for, where services are not there yet
 *	ANNOUNCE	each address when the kernel has it: those that are there now, and the others as they come
 *	REMOVE		taken from the kernel, and then let go in the lease
 *
 * With a virtual MAC the first advertisement of a take-over is sent while the macvlan is still down, and nobody should wait for it:
 * then it goes out by the parent, as a frame that has the virtual MAC already. Not so to unicast peers, whose MACs the kernel knows:
 * for them it has the parent's, and the frames that tell where the virtual one is follow with the announcements. */
#include <errno.h>

#include "base/log.h"
#include "vrrp/advert_frame.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

/* Advertisements. */

static void node_packet(const struct node_router *router, uint8_t priority, struct vrrp_packet *ret)
{
	const struct config_router *config = router->config;
	const struct vrrp_parameters *parameters = &keeper_item_router(router->item)->parameters;

	ret->version = parameters->version;
	ret->vrid = router->key.vrid;
	ret->priority = priority;
	ret->checksum = router->form;
	ret->interval = (uint16_t)(parameters->interval / NODE_CENTISECOND_NS);
	ret->auth = config && config->authentication ? VRRP_AUTH_SIMPLE : VRRP_AUTH_NONE;
	memcpy(ret->password, router->hearing.expected.password, sizeof(ret->password));
	ret->address_count = (uint8_t)router->advertised.count;
	memcpy(ret->addresses, router->advertised.items,
		router->advertised.count * sizeof(*ret->addresses));
}

/* To the group. */
static int node_send_frame(const struct node_router *router, const void *data, size_t size)
{
	const struct vrrp_link *link = node_router_link(router);
	const struct address *source = &router->hearing.source;
	uint8_t frame[ADVERT_FRAME_MOST];

	if (!link || router->hearing.expected.unicast)
		return -ENOTCONN;
	size = advert_frame(source, router->key.vrid, data, size, frame);
	return announce_send_frame(router->node->announce, link->ifindex,
		advert_frame_protocol(source->family), frame, size);
}

/* By the macvlan where there is one that is up. */
static int node_send_to(const struct node_router *router, const struct address *destination,
	const void *data, size_t size)
{
	const struct vrrp_socket *listening = dispatcher_socket(&router->hearing);
	int r = -ENOTCONN;

	if (router->mute.fd >= 0)
		r = vrrp_socket_send(
			&router->mute, &router->hearing.source, destination, data, size);
	if (r < 0 && router->mute.fd >= 0)
		r = node_send_frame(router, data, size);
	if (r < 0 && listening)
		r = vrrp_socket_send(listening, &router->hearing.source, destination, data, size);
	return r;
}

/* To all who are to hear it; whether anybody was told. */
static int node_send(const struct node_router *router, const struct vrrp_packet *packet, bool *told)
{
	uint8_t data[VRRP_PACKET_MOST];
	struct address group = vrrp_group(router->key.family);
	bool unicast = router->hearing.expected.unicast;
	const struct address *to = unicast ? router->peers.items : &group;
	size_t count = unicast ? router->peers.count : 1;
	int code = 0;

	for (size_t i = 0; i < count; i++) {
		int size = vrrp_packet_encode(packet, &router->hearing.source, &to[i], data);
		int r = size < 0 ? size : node_send_to(router, &to[i], data, (size_t)size);

		if (r < 0)
			code = r;
		else
			*told = true;
	}
	return code;
}

/* Once for each other error, and when it is well again. */
static void node_tell_sent(struct node_router *router, int code)
{
	if (code == router->send_error)
		return;
	router->send_error = code;
	if (code < 0)
		log_object_warning(router->object, "cannot advertise on %s: %s",
			router->key.interface, strerror(-code));
	else
		log_object_info(router->object, "advertises on %s again", router->key.interface);
}

static void node_put_router(struct node_router *router, enum vrrp_state state)
{
	const struct vrrp_router *machine = keeper_item_router(router->item);
	const struct lease_router put = {.key = router->key,
		.state = state,
		.lease = machine->lease,
		.group = lease_group(router->group)};

	if (router->node->lease)
		lease_put_router(router->node->lease, &router->cell, &put);
}

static void node_advertise(struct node_router *router, uint8_t priority)
{
	struct vrrp_packet packet = {};
	bool told = false;

	node_packet(router, priority, &packet);
	router->hearing.sends = priority;
	int r = node_send(router, &packet, &told);
	router->sent += r == 0;
	router->unsent += r < 0;
	node_tell_sent(router, r);
	if (told && priority != VRRP_PRIORITY_STOP)
		node_put_router(router, VRRP_STATE_ACTIVE);
}

/* Addresses. */

static void node_put_addresses(struct node_router *router)
{
	if (!router->node->lease)
		return;
	for (size_t i = 0; i < router->address_count; i++) {
		struct node_address *address = &router->addresses[i];
		const struct lease_address put = {.key = router->key,
			.address = address->object.address,
			.prefix = address->object.prefix,
			.ifindex = address->object.ifindex};

		lease_put_address(router->node->lease, &address->cell, &put);
	}
}

void node_hold(struct node_router *router)
{
	heap_set(&router->node->waits, &router->wait, HEAP_NEVER);
	/* Nothing is accepted for a moment. */
	if (router->node->accept.stale)
		node_refuse(router->node);
	router->held = router->busy = true;
	node_put_addresses(router);
	vrrp_addresses_set(router->node->addresses, router->number, router->objects.items,
		router->objects.count);
}

static void node_wait(struct node_router *router)
{
	struct node *node = router->node;
	uint64_t now = loop_now(node->options.loop);

	/* What an earlier process had, and this one goes on with, is there already. */
	if (router->held || !router->facts.waits || vrrp_lease_holds(&router->left, now)) {
		node_hold(router);
		return;
	}
	if (!router->wait.place)
		heap_set(&node->waits, &router->wait, now + router->config->standby_wait);
	loop_timer_set(node->wait, heap_next(&node->waits));
}

void node_let_go(struct node_router *router)
{
	heap_set(&router->node->waits, &router->wait, HEAP_NEVER);
	router->held = false;
	router->left = (struct vrrp_lease){}; /* nothing is there to go on with */
	node_hush(router);
	router->busy = true; /* until DONE, which may come from here */
	vrrp_addresses_set(router->node->addresses, router->number, NULL, 0);
}

/* The kernel has none of them any more, but for those that are wanted. */
void node_forget(struct node_router *router)
{
	struct lease *lease = router->node->lease;

	if (!lease)
		return;
	vector_foreach(&router->retired, retired)
		lease_let_go(lease, &retired->cell);
	router->retired.count = 0;
	for (size_t i = 0; i < router->address_count && !router->held; i++)
		lease_let_go(lease, &router->addresses[i].cell);
}

/* Announcements. */

bool node_is_allowed(void *data _unused_, const struct announcement *announcement, uint64_t now)
{
	const struct node_router *router = announcement->owner;
	const struct vrrp_router *machine = router->item ? keeper_item_router(router->item) : NULL;

	return machine && machine->state == VRRP_STATE_ACTIVE &&
	       vrrp_lease_holds(&machine->lease, now);
}

void node_announce_one(struct node_router *router, struct node_address *address)
{
	const struct config_garp *garp = &router->config->garp;
	const struct announce_plan plan = {.repeat = garp->repeat,
		.refresh_repeat = 1,
		.delay = garp->delay,
		.refresh = garp->refresh};
	struct announcement *announcement = &address->announcement;

	announce_stop(router->node->announce, announcement);
	announcement->ifindex = address->object.ifindex;
	announcement->object = router->object;
	announcement->content = (struct announce_content){
		.address = address->object.address, .form = ANNOUNCE_FORM_REQUEST, .router = true};
	node_router_mac(router, announcement->ifindex, announcement->content.mac);
	announce_start(router->node->announce, announcement, &plan);
}

void node_announce(struct node_router *router)
{
	router->announcing = true;
	for (size_t i = 0; i < router->address_count; i++) {
		struct node_address *address = &router->addresses[i];

		if (address->foreign ||
			vrrp_addresses_seen(router->node->addresses, &address->object))
			node_announce_one(router, address);
	}
}

void node_hush(struct node_router *router)
{
	for (size_t i = 0; i < router->address_count; i++)
		announce_stop(router->node->announce, &router->addresses[i].announcement);
}

/* The whole. */

static const char *const node_move_words[VRRP_STATE_COUNT] = {
	[VRRP_STATE_INITIALIZE] = "stands still",
	[VRRP_STATE_BACKUP] = "is backup",
	[VRRP_STATE_ACTIVE] = "is active",
};

static void node_moved(struct node_router *router, const struct vrrp_action *action)
{
	struct node_view view;

	router->transitions++;
	router->from = router->moved;
	router->moved = action->state;
	router->defied = (struct node_defied){};
	if (action->state == VRRP_STATE_ACTIVE) {
		node_note_defied(router);
	} else {
		router->announcing = false;
		node_put_router(router, action->state);
	}
	node_explain(router, action);
	log_at_site(&router->moves, LOG_LEVEL_NOTICE, router->object, "IPv%u on %s %s: %s",
		router->key.family == AF_INET ? 4 : 6, router->key.interface,
		node_move_words[action->state], router->why);
	if (router->mapping == NODE_NOWHERE || !router->node->options.moved)
		return;
	node_view_of(router, &view);
	router->node->options.moved(router->node->options.data, &view);
}

void node_act(void *owner _unused_, struct keeper_item *item, const struct vrrp_action *action)
{
	struct node_router *router = keeper_item_data(item);

	router->item = item;
	switch (action->type) {
	case VRRP_ACTION_ADVERTISE:
		node_advertise(router, action->priority);
		break;
	case VRRP_ACTION_ADD_ADDRESSES:
		node_wait(router);
		break;
	case VRRP_ACTION_REMOVE_ADDRESSES:
		node_let_go(router);
		break;
	case VRRP_ACTION_ANNOUNCE:
		node_announce(router);
		break;
	case VRRP_ACTION_MOVED:
		node_moved(router, action);
		break;
	case VRRP_ACTION_TIMER:
		break;
	}
}
