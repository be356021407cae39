// SPDX-License-Identifier: GPL-2.0-or-later
/* `accept: false` of the node's routers, carried out by accept.h in the hand (errand.h): always the whole list of their addresses.
 *
 * The list follows what routers may come to want, not what they hold: it is given when they are shaped, before any of the
 * addresses is asked for, and a take-over then has nothing to do. What is given to the hand is carried out in order, so nobody
 * waits for an answer here: an address comes after the rule that refuses it. A router that leaves is in the list until its addresses
 * are gone. The owner of the addresses accepts whatever the file says (RFC 9568 §6.1).
 *
 * When it cannot be carried out the routers run all the same, and say what is in their way: who is active and accepts too much
 * serves better than nobody. It is tried again, ever more seldom, for a kernel that has no nf_tables looks for the module each
 * time.
 *
 * Firewalls flush all tables there are. The kernel tells of it, and the table is put back at once; who takes it away
 * again and again, each time soon after, finds it put back ever later. What no word of comes is found by a look now and then. */
#include "base/log.h"
#include "base/loop.h"
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

static bool node_router_refuses(const struct node_router *router, const void *data _unused_)
{
	return router->refuses;
}

static char *node_accept_whose(const struct node *node)
{
	return node_whose(node, node_router_refuses, NULL);
}

/* Once for each other failure, and when it is well again. */
static void node_accept_came(struct node *node, int code, const char *words)
{
	struct node_accept *accept = &node->accept;
	_cleanup_free_ char *whose = code != accept->code ? node_accept_whose(node) : NULL;

	if (code < 0 && code != accept->code)
		log_object_warning(whose, "%s", words);
	if (code == 0 && accept->code < 0)
		log_object_notice(whose, "`accept: false` is carried out now");
	free(accept->words);
	accept->words = code < 0 ? memory_copy_string(words) : NULL;
	accept->pause = code == 0 ? 0 : MIN(accept->pause * 2, NODE_ACCEPT_MOST_NS);
	if (code < 0 && !accept->pause)
		accept->pause = NODE_ACCEPT_FIRST_NS;
	accept->code = code;
	uint64_t wait = code < 0 ? accept->pause : NODE_ACCEPT_CHECK_NS;
	loop_timer_set(accept->timer,
		code < 0 || accept->list.count ? loop_now(node->options.loop) + wait : LOOP_NEVER);
}

static void node_accept_list(const struct node *node, struct vrrp_accept_list *ret)
{
	struct vrrp_accept_list all = {};

	vector_foreach(&node->numbered, place) {
		const struct node_router *router = place->router;

		for (size_t i = 0; router->refuses && i < router->address_count; i++) {
			const struct vrrp_object *object = &router->addresses[i].object;

			vector_push(
				&all, ((struct vrrp_unaccepted){object->address, object->ifindex}));
		}
	}
	vrrp_accept_list_fill(ret, all.items, all.count);
	vrrp_accept_list_clear(&all);
}

static void node_on_accept_changed(void *data, bool table)
{
	struct node *node = data;
	struct node_accept *accept = &node->accept;
	uint64_t now = loop_now(node->options.loop);

	accept->doubt |= table;
	if (now - accept->back_at >= NODE_ACCEPT_CALM_NS)
		accept->gap = 0;
	loop_timer_set(accept->timer, MAX(now, accept->back_at + accept->gap));
}

/* Once there is something to be heard of. What became of it before is found by a look at once. */
static void node_accept_watch(struct node *node)
{
	struct node_accept *accept = &node->accept;
	_cleanup_error_ struct error error = {};

	if (!accept->list.count)
		accept->watch = vrrp_accept_watch_free(accept->watch);
	if (!accept->list.count || accept->watch || !accept->port)
		return;
	int r = vrrp_accept_watch_new(node->options.loop, accept->port, node_on_accept_changed,
		node, &accept->watch, &error);
	if (r < 0 && r != accept->deaf) {
		_cleanup_free_ char *whose = node_accept_whose(node);

		log_object_warning(whose, "%s", error_text(&error, r));
	}
	accept->deaf = r;
	if (r == 0)
		node_on_accept(node);
}

void node_refuse(struct node *node)
{
	struct node_accept *accept = &node->accept;
	struct vrrp_accept_list list = {};
	bool differs;

	node_accept_list(node, &list);
	differs = !accept->given || vrrp_accept_list_differ(&accept->list, &list);
	vrrp_accept_list_clear(&accept->list);
	accept->list = list;
	accept->stale = false;
	if (!differs && accept->code == 0)
		return;
	accept->given = true;
	accept->setting++;
	vrrp_errands_refuse(node->errands, &accept->list);
}

static void node_accept_is_back(struct node *node)
{
	struct node_accept *accept = &node->accept;
	_cleanup_free_ char *whose = accept->code == 0 ? node_accept_whose(node) : NULL;

	if (accept->code == 0)
		log_object_warning(whose,
			"another program took away what carries out `accept: false`: "
			"it is put back");
	accept->back_at = loop_now(node->options.loop);
	accept->gap = accept->gap ? MIN(accept->gap * 2, NODE_ACCEPT_CHECK_NS) : NODE_ACCEPT_GAP_NS;
}

/* Of several lists the last one counts, and of a look what nothing was given after. */
void node_on_refusal(void *data, const struct vrrp_errand_refused *refused)
{
	struct node *node = data;
	struct node_accept *accept = &node->accept;

	accept->refused = refused->dropped;
	accept->port = refused->port;
	accept->setting -= refused->of == VRRP_ERRAND_REFUSE;
	accept->counting &= refused->of != VRRP_ERRAND_COUNT;
	if (refused->of == VRRP_ERRAND_COUNT || accept->setting)
		return;
	if (refused->back)
		node_accept_is_back(node);
	node_accept_came(node, refused->code, refused->words);
	node_accept_watch(node);
	if (node->ending)
		loop_work_ask(node->work);
}

void node_on_accept(void *data)
{
	struct node *node = data;
	struct node_accept *accept = &node->accept;

	/* Its answer sets the timer. */
	vrrp_errands_look(node->errands, accept->doubt);
	accept->doubt = false;
}

uint64_t node_refused(struct node *node)
{
	struct node_accept *accept = &node->accept;

	if (accept->list.count && accept->code == 0 && !accept->counting) {
		accept->counting = true;
		vrrp_errands_count(node->errands);
	}
	return accept->refused;
}
