// SPDX-License-Identifier: GPL-2.0-or-later
/* `accept: false` of the node's routers, carried out by accept.h: always the whole list of their addresses.
 *
 * The list follows what routers may come to want, not what they hold: it is set when they are shaped, before any of the
 * addresses can be there, and a take-over then has nothing to do. A router that leaves is in it until its addresses are gone.
 * The owner of the addresses accepts whatever the file says (RFC 9568 §6.1).
 *
 * When it cannot be carried out the routers run all the same, and say what is in their way: who is active and accepts too much
 * serves better than nobody. It is tried again, ever more seldom, for a kernel that has no nf_tables looks for the module each
 * time.
 *
 * Firewalls flush all tables there are. The kernel tells of it, and the table is put back in the same turn; who takes it away
 * again and again, each time soon after, finds it put back ever later. What no word of comes is found by a look now and then. */
#include "base/log.h"
#include "base/loop.h"
#include "vrrp/accept.h"
#include "vrrp/accept_watch.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

#define NODE_ACCEPT_CHECK_NS 10000000000ull
#define NODE_ACCEPT_CALM_NS  3000000000ull /* of being there: nobody fights over it */
#define NODE_ACCEPT_GAP_NS   100000000ull  /* between two that put it back, the first; likewise */
#define NODE_ACCEPT_FIRST_NS 1000000000ull /* after a failure; each pause is twice the one before */
#define NODE_ACCEPT_MOST_NS  60000000000ull

void node_accept_shaped(struct node_router *router, bool changed)
{
	const struct config_router *config = router->config;
	bool refuses = !config->accept && config->priority != CONFIG_PRIORITY_OWNER;

	if (refuses != router->refuses || (refuses && changed))
		router->node->accept.stale = true;
	router->refuses = refuses;
}

/* Once for each other failure, and when it is well again. */
static void node_accept_came(struct node *node, int code, struct error *error)
{
	struct node_accept *accept = &node->accept;

	if (code < 0 && code != accept->code)
		log_warning("%s", error_text(error, code));
	if (code == 0 && accept->code < 0)
		log_notice("`accept: false` is carried out now");
	free(accept->words);
	accept->words = code < 0 ? memory_copy_string(error_text(error, code)) : NULL;
	accept->pause = code == 0 ? 0 : MIN(accept->pause * 2, NODE_ACCEPT_MOST_NS);
	if (code < 0 && !accept->pause)
		accept->pause = NODE_ACCEPT_FIRST_NS;
	accept->code = code;
	uint64_t wait = code < 0 ? accept->pause : NODE_ACCEPT_CHECK_NS;
	loop_timer_set(accept->timer,
		code < 0 || accept->count ? loop_now(node->options.loop) + wait : LOOP_NEVER);
}

static void node_accept_list(const struct node *node, struct vrrp_accept_list *list)
{
	vector_foreach(&node->numbered, place) {
		const struct node_router *router = place->router;

		for (size_t i = 0; router->refuses && i < router->address_count; i++) {
			const struct vrrp_object *object = &router->addresses[i].object;

			vector_push(
				list, ((struct vrrp_unaccepted){object->address, object->ifindex}));
		}
	}
}

static void node_on_accept_changed(void *data, bool table)
{
	struct node *node = data;
	struct node_accept *accept = &node->accept;
	uint64_t now = loop_now(node->options.loop);

	if (table)
		vrrp_accept_doubt(accept->table);
	if (now - accept->back_at >= NODE_ACCEPT_CALM_NS)
		accept->gap = 0;
	loop_timer_set(accept->timer, MAX(now, accept->back_at + accept->gap));
}

/* Once there is something to be heard of. */
static void node_accept_watch(struct node *node)
{
	struct node_accept *accept = &node->accept;
	_cleanup_error_ struct error error = {};
	uint32_t port = vrrp_accept_port(accept->table);

	if (!accept->count)
		accept->watch = vrrp_accept_watch_free(accept->watch);
	if (!accept->count || accept->watch || !port)
		return;
	int r = vrrp_accept_watch_new(
		node->options.loop, port, node_on_accept_changed, node, &accept->watch, &error);
	if (r < 0 && r != accept->deaf)
		log_warning("%s", error_text(&error, r));
	accept->deaf = r;
}

void node_refuse(struct node *node)
{
	_cleanup_accept_list_ struct vrrp_accept_list list = {};
	_cleanup_error_ struct error error = {};

	/* The table may be made anew, or go. */
	(void)node_refused(node);
	node_accept_list(node, &list);
	node->accept.stale = false;
	node->accept.count = list.count;
	if (!list.count)
		node->accept.seen = 0;
	int r = vrrp_accept_set(node->accept.table, list.items, list.count, &error);
	node_accept_came(node, r, &error);
	node_accept_watch(node);
}

static void node_accept_is_back(struct node *node)
{
	struct node_accept *accept = &node->accept;

	accept->seen = 0;
	accept->back_at = loop_now(node->options.loop);
	accept->gap = accept->gap ? MIN(accept->gap * 2, NODE_ACCEPT_CHECK_NS) : NODE_ACCEPT_GAP_NS;
}

void node_on_accept(void *data)
{
	struct node *node = data;
	_cleanup_error_ struct error error = {};
	int r = vrrp_accept_check(node->accept.table, &error);

	if (r > 0)
		node_accept_is_back(node);
	if (r > 0 && node->accept.code == 0)
		log_warning("another program took away what carries out `accept: false`: "
			    "it is put back");
	node_accept_came(node, MIN(r, 0), &error);
}

/* The kernel counts from when the table was made. */
uint64_t node_refused(struct node *node)
{
	struct node_accept *accept = &node->accept;
	uint64_t dropped;

	if (!accept->count || accept->code < 0 || vrrp_accept_dropped(accept->table, &dropped) < 0)
		return accept->refused;
	accept->refused += dropped < accept->seen ? dropped : dropped - accept->seen;
	accept->seen = dropped;
	return accept->refused;
}
