// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wrong with a virtual router that runs: nothing of it keeps it from being active or backup, and all of it wants somebody
 * who looks. Another one that is active as well, peers that are not understood, what it should have in the kernel and has not, what
 * is there and should not be.
 *
 * None of it is told when it is there for a moment: two may be active for as long as a packet is under way, and what another
 * program takes away is back at once. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

#define NODE_MOMENT_NS        1000000000ull
#define NODE_PATIENCE_PACKETS 4 /* one of a series may be lost, and one late */

/* Who advertises every 10 ms may have no processor for longer than that. */
uint64_t node_patience(uint64_t interval)
{
	return NODE_PATIENCE_PACKETS * MAX(interval, NODE_MOMENT_NS);
}

/* Whether it goes on, and has for longer than a moment: since this router is what it is. */
static bool node_goes_on(
	const struct node_router *router, const struct hearing_series *series, uint64_t patience)
{
	const struct vrrp_router *machine = keeper_item_router(router->item);
	uint64_t now = loop_clock(), since = MAX(series->since, machine->since);
	uint64_t moment = MAX(vrrp_router_down_interval(machine), NODE_MOMENT_NS);

	return series->at && series->at >= since + moment && now - series->at <= patience;
}

/* A peer that resigns is active no more, whatever else is wrong with what it says. */
bool node_is_shut(const struct node_router *router)
{
	const struct hearing_series *rejected = &router->hearing.rejected;
	uint64_t down = vrrp_router_down_interval(keeper_item_router(router->item));

	return rejected->at && rejected->priority != VRRP_PRIORITY_STOP &&
	       rejected->reject != VRRP_REJECT_OWNER && loop_clock() - rejected->at <= down;
}

/* Who was heard last, unless he resigned: whether he is silent because he has gone, nobody can tell. */
static bool node_differs(const struct node_router *router)
{
	return router->differing.family != AF_UNSPEC &&
	       address_equal(&router->differing, &router->peer.source);
}

void node_note_defied(struct node_router *router)
{
	router->defied = (struct node_defied){};
	if (node_is_shut(router))
		router->defied = (struct node_defied){.source = router->hearing.rejected.source,
			.reject = router->hearing.rejected.reject};
	else if (node_differs(router))
		router->defied.source = router->differing;
}

/* What it says of its end is rejected like all else. */
static void node_forget_resigned(struct node_router *router)
{
	const struct hearing_series *rejected = &router->hearing.rejected;

	if (rejected->at && rejected->priority == VRRP_PRIORITY_STOP &&
		address_equal(&rejected->source, &router->defied.source))
		router->defied = (struct node_defied){};
}

static bool node_has_defied(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	const struct node_defied *defied = &router->defied;
	char from[ADDRESS_LENGTH];

	if (defied->source.family == AF_UNSPEC)
		return false;
	address_format(&defied->source, from);
	if (defied->reject == VRRP_REJECT_NONE)
		snprintf(words, NODE_WHY_SIZE,
			"%s is perhaps active too: what it advertised when this one took over were "
			"other addresses than are declared here; `poise reload` forgets it",
			from);
	else
		snprintf(words, NODE_WHY_SIZE,
			"%s is perhaps active too: what it advertised when this one took over was "
			"rejected: it %s; `poise reload` forgets it",
			from, vrrp_reject_text(defied->reject));
	return true;
}

static bool node_has_rival(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	char from[ADDRESS_LENGTH];

	if (!node_goes_on(router, &router->rival, node_patience(router->rival_interval)))
		return false;
	snprintf(words, NODE_WHY_SIZE,
		"%s is active too, with priority %u: it does not hear this machine",
		address_format(&router->rival.source, from), router->rival_priority);
	return true;
}

/* With the same address and the same priority nobody can tell them from what the network sends back. */
static bool node_has_double(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	const struct hearing_series *doubled = &router->hearing.doubled;
	char from[ADDRESS_LENGTH];

	if (!node_goes_on(router, doubled, router->hearing.patience) ||
		!address_equal(&doubled->source, &router->hearing.source))
		return false;
	snprintf(words, NODE_WHY_SIZE,
		"another machine is active too, with priority %u, and advertises from %s as this "
		"one does: give one of them another address",
		doubled->priority, address_format(&doubled->source, from));
	return true;
}

static bool node_rejects(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	const struct hearing_series *rejected = &router->hearing.rejected;
	char from[ADDRESS_LENGTH];

	if (!node_goes_on(router, rejected, router->hearing.patience))
		return false;
	snprintf(words, NODE_WHY_SIZE, "what %s advertises is rejected: it %s",
		address_format(&rejected->source, from), vrrp_reject_text(rejected->reject));
	return true;
}

/* NULL: nothing is wrong with it. */
static const char *node_place_text(const struct node_router *router, const char *interface)
{
	const struct vrrp_link *link =
		interface ? vrrp_links_by_name(router->node->links, interface) : NULL;

	if (!interface || (link && link->up))
		return NULL;
	return link ? "is down" : "is not there";
}

static bool node_misses_place(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	char literal[ADDRESS_LENGTH];

	vector_foreach(&router->config->addresses, item) {
		if (item->address.address.family != router->key.family)
			continue;
		const char *text = node_place_text(router, item->interface);
		if (!text)
			continue;
		snprintf(words, NODE_WHY_SIZE, "interface %s, where its address %s is to be, %s",
			item->interface, address_format(&item->address.address, literal), text);
		return true;
	}
	return false;
}

static bool node_misses_way(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	char literal[ADDRESS_LENGTH];

	vector_foreach(&router->config->routes, route) {
		if (route->to.address.family != router->key.family ||
			route->type != CONFIG_ROUTE_TYPE_UNICAST)
			continue;
		const char *text = node_place_text(router, route->interface);
		if (!text)
			continue;
		snprintf(words, NODE_WHY_SIZE,
			"interface %s, where its route to %s/%u is to be, %s", route->interface,
			address_format(&route->to.address, literal), route->to.length, text);
		return true;
	}
	return false;
}

/* Of what waits to be tried again. What is on its way to the kernel is no trouble. */
static bool node_is_refused(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	char text[VRRP_OBJECT_TEXT_SIZE];

	vector_foreach(&router->objects, object) {
		const struct vrrp_wanted_item *item =
			vrrp_addresses_item(router->node->addresses, object);

		if (!item || item->place != VRRP_WANTED_PARKED)
			continue;
		snprintf(words, NODE_WHY_SIZE, "%.120s %s%s", vrrp_object_text(object, text),
			item->failures ? "cannot be set: "
				       : "is taken away again and again by another program",
			item->failures ? strerror(-item->code) : "");
		return true;
	}
	return false;
}

/* Where there is but one form, by now, it does not matter what was heard before. */
bool node_is_mixed(const struct node_router *router)
{
	uint64_t now = loop_clock();
	size_t heard = 0;

	if (router->key.family != AF_INET || !router->config || router->config->version != 3)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(router->forms); i++) {
		const struct node_form *form = &router->forms[i];

		heard += form->source.family != AF_UNSPEC &&
			 now - form->at <= node_patience(form->interval);
	}
	return heard > 1;
}

static bool node_hears_mixed(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	if (!node_is_mixed(router))
		return false;
	snprintf(words, NODE_WHY_SIZE,
		"its peers send checksums of both forms (RFC 9568, RFC 5798): set the same "
		"`checksum` on all");
	return true;
}

/* On the interface where it would have it, and on that of the router: on another one (a real server has it on lo) it is meant. */
static int node_stray_place(
	const struct node_router *router, const struct config_virtual_address *item)
{
	const struct node *node = router->node;
	const struct vrrp_link *link =
		item->interface ? vrrp_links_by_name(node->links, item->interface)
				: node_router_link(router);
	const struct address *address = &item->address.address;
	int home = item->interface ? 0 : node_router_home(router);

	if (link && vrrp_locals_have(node->locals, address, link->ifindex))
		return link->ifindex;
	return home && vrrp_locals_have(node->locals, address, home) ? home : 0;
}

/* What is ours is on its way out; what was there before is left there. */
static bool node_has_stray(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	char literal[ADDRESS_LENGTH];

	vector_foreach(&router->config->addresses, item) {
		const struct address *address = &item->address.address;
		int ifindex =
			address->family == router->key.family ? node_stray_place(router, item) : 0;
		const struct vrrp_link *link =
			ifindex ? vrrp_links_by_index(router->node->links, ifindex) : NULL;

		if (!link || vrrp_addresses_have(router->node->addresses, ifindex, address))
			continue;
		snprintf(words, NODE_WHY_SIZE,
			"%s is on this machine though it is backup: another program has put it on "
			"%s",
			address_format(address, literal), link->name);
		return true;
	}
	return false;
}

static enum node_complaint node_complain_active(
	const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	if (node_has_rival(router, words))
		return NODE_COMPLAINT_RIVAL;
	if (node_has_double(router, words))
		return NODE_COMPLAINT_DOUBLE;
	if (node_rejects(router, words))
		return NODE_COMPLAINT_REJECTED;
	if (node_has_defied(router, words))
		return NODE_COMPLAINT_DEFIED;
	if (router->held && (node_misses_place(router, words) || node_misses_way(router, words)))
		return NODE_COMPLAINT_PLACE;
	if (router->held && node_is_refused(router, words))
		return NODE_COMPLAINT_REFUSED;
	return NODE_COMPLAINT_NONE;
}

/* The first of these. */
enum node_complaint node_complain(
	const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	enum vrrp_state state =
		router->item ? keeper_item_router(router->item)->state : VRRP_STATE_INITIALIZE;
	enum node_complaint complaint = NODE_COMPLAINT_NONE;

	if (!router->config || state == VRRP_STATE_INITIALIZE)
		return NODE_COMPLAINT_NONE;
	if (state == VRRP_STATE_BACKUP && !router->busy && node_has_stray(router, words))
		return NODE_COMPLAINT_STRAY;
	if (state == VRRP_STATE_ACTIVE)
		complaint = node_complain_active(router, words);
	if (complaint == NODE_COMPLAINT_NONE && node_hears_mixed(router, words))
		complaint = NODE_COMPLAINT_MIXED;
	return complaint;
}

/* Of what is rejected, of what the kernel refused, and of forms, it was told when it happened. */
void node_log_complaint(struct node_router *router)
{
	char words[NODE_WHY_SIZE];

	node_forget_resigned(router);
	enum node_complaint complaint = node_complain(router, words);
	bool told = complaint == NODE_COMPLAINT_NONE || complaint == NODE_COMPLAINT_REJECTED ||
		    complaint == NODE_COMPLAINT_REFUSED || complaint == NODE_COMPLAINT_MIXED;

	if (!told && complaint != router->complained)
		log_object_warning(router->object, "%s", words);
	router->complained = complaint;
}
