// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/router_text.h"

#include <inttypes.h>

#include "daemon/json_text.h"
#include "model/units.h"
#include "vrrp/packet.h"

#define ROUTER_NS_OF_SECOND 1000000000u

static const char *const router_checksums[] = {
	[VRRP_CHECKSUM_AUTO] = NULL,
	[VRRP_CHECKSUM_RFC9568] = "rfc9568",
	[VRRP_CHECKSUM_RFC5798] = "rfc5798",
};

const char *router_state_text(const struct routing_router *router)
{
	return routing_is_known(router) ? vrrp_state_name((enum vrrp_state)router->told.state)
					: "unknown";
}

static void router_write_address(
	struct strbuf *text, const char *name, uint16_t family, const uint8_t bytes[static 16])
{
	const struct address address = address_from_bytes(family, bytes);
	char literal[ADDRESS_LENGTH];

	json_text_member_string(text, name,
		address_is_unspecified(&address) ? NULL : address_format(&address, literal));
}

/* Of IPv4 in version 3; elsewhere there is but one form. */
const char *router_checksum_text(const struct routing_router *router, uint8_t checksum)
{
	return router->told.family == AF_INET ? router_checksums[checksum] : NULL;
}

bool router_is_troubled(const struct routing_router *router)
{
	return !routing_is_known(router) || *router->told.trouble;
}

static void router_write_peer(
	const struct routing_router *router, uint64_t now, struct strbuf *text)
{
	const struct message_vrrp_state *told = &router->told;

	if (!told->peer_at) {
		json_text_member_null(text, "peer");
		return;
	}
	json_text_member_open(text, "peer");
	router_write_address(text, "address", told->family, told->peer);
	json_text_member_number(text, "priority", told->peer_priority);
	json_text_member_number(text, "heard_ms_ago",
		now > told->peer_at ? (now - told->peer_at) / UNITS_MILLISECOND : 0);
	json_text_member_string(
		text, "checksum", router_checksum_text(router, told->peer_checksum));
	json_text_close(text);
}

static void router_write_counters(struct strbuf *text, const struct message_vrrp_state *told)
{
	json_text_member_number(text, "transitions", told->transitions);
	json_text_member_number(text, "sent", told->sent);
	json_text_member_number(text, "unsent", told->unsent);
	json_text_member_number(text, "heard", told->heard);
	json_text_member_number(text, "own", told->own);
	json_text_member_open(text, "rejected");
	for (size_t i = VRRP_REJECT_NONE + 1; i < VRRP_REJECT_COUNT; i++)
		if (told->rejected[i])
			json_text_member_number(
				text, vrrp_reject_name((enum vrrp_reject)i), told->rejected[i]);
	json_text_close(text);
}

static void router_write_changes(const struct routing_router *router, struct strbuf *text)
{
	json_text_member(text, "changes");
	strbuf_add_char(text, '[');
	for (size_t i = 0; i < router->change_count; i++) {
		const struct routing_change *change = &router->changes[i];

		strbuf_add(text, i ? ",{" : "{");
		json_text_member_number(text, "at", change->wall / ROUTER_NS_OF_SECOND);
		json_text_member_string(text, "from", vrrp_state_name(change->from));
		json_text_member_string(text, "to", vrrp_state_name(change->to));
		json_text_member_string(text, "why", *change->why ? change->why : NULL);
		strbuf_add_char(text, '}');
	}
	strbuf_add_char(text, ']');
}

/* Of a fault that its process was told of this side knows more. */
static void router_write_trouble(const struct routing_router *router,
	const struct track_list *track, uint64_t now, struct strbuf *text)
{
	const char *trouble = *router->told.trouble ? router->told.trouble : NULL;
	_cleanup_free_ char *fault = NULL;

	if (router->silent) {
		uint64_t silence = now > router->silent ? now - router->silent : 0;

		fault = memory_printf(
			"its process has said nothing for %" PRIu64 " s", silence / UNITS_SECOND);
		json_text_member_string(text, "trouble", fault);
		return;
	}
	if (trouble && track)
		fault = track_list_explain(track, router->told.trouble_of, trouble);
	json_text_member_string(text, "trouble", fault ? fault : trouble);
}

void router_text_write(const struct routing_router *router, const struct track_list *track,
	uint64_t now, struct strbuf *text)
{
	const struct message_vrrp_state *told = &router->told;

	strbuf_add_char(text, '{');
	json_text_member_string(text, "name", router->name);
	json_text_member_string(text, "family", told->family == AF_INET ? "ipv4" : "ipv6");
	json_text_member_string(text, "interface", router->interface);
	json_text_member_number(text, "vrid", told->vrid);
	if (told->version)
		json_text_member_number(text, "version", told->version);
	else
		json_text_member_null(text, "version");
	json_text_member_string(text, "state", router_state_text(router));
	if (router->wall)
		json_text_member_number(text, "since", router->wall / ROUTER_NS_OF_SECOND);
	else
		json_text_member_null(text, "since");
	/* That of its last state is none for this one. */
	json_text_member_string(text, "why", *told->why && !router->silent ? told->why : NULL);
	router_write_trouble(router, track, now, text);
	json_text_member_number(text, "priority", told->priority);
	json_text_member_number(text, "interval_ms", told->interval / UNITS_MILLISECOND);
	router_write_address(text, "source", told->family, told->source);
	json_text_member_string(text, "checksum", router_checksum_text(router, told->checksum));
	json_text_member_flag(text, "mixed", told->mixed);
	router_write_peer(router, now, text);
	json_text_member_number(text, "addresses", told->addresses);
	json_text_member_number(text, "present", told->present);
	json_text_member_flag(text, "waits", told->waits);
	if (track) {
		json_text_member(text, "track");
		track_list_write(track, told->router, now, text);
	}
	router_write_counters(text, told);
	router_write_changes(router, text);
	strbuf_add_char(text, '}');
}
