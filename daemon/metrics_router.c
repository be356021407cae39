// SPDX-License-Identifier: GPL-2.0-or-later
/* What the process of the virtual routers told last, which is two seconds old at most, or five where it falls silent. Of a router
 * of which nobody says what it is there is its state ("unknown") and its trouble, and nothing else: what was so before it fell silent
 * would be taken for news. */
#include "daemon/metrics_router.h"

#include "base/loop.h"
#include "daemon/router_text.h"
#include "daemon/track.h"
#include "vrrp/packet.h"

static void write_number(struct metrics_writer *writer, uint64_t number)
{
	metrics_text_number(writer, NULL, NULL, number);
}

/* Their process */

size_t metrics_count_routers(const struct engine *engine)
{
	return engine->routing ? routing_count(engine->routing) : 0;
}

/* NULL: there is none. */
static const struct message_vrrp_stats *stats_of(const struct metrics_sources *sources)
{
	const struct routing *routing = sources->engine->routing;

	return routing ? routing_stats(routing) : NULL;
}

METRICS_ROUTER_PROCESS(running)
{
	const struct routing *routing = sources->engine->routing;

	write_number(writer, stats_of(sources) && routing_is_settled(routing));
}

/* One figure of these. */
#define ROUTER_STATS(name, member)                                                                 \
	METRICS_ROUTER_PROCESS(name)                                                               \
	{                                                                                          \
		const struct message_vrrp_stats *stats = stats_of(sources);                        \
                                                                                                   \
		if (stats)                                                                         \
			write_number(writer, stats->member);                                       \
	}

ROUTER_STATS(realtime, realtime)
ROUTER_STATS(thawed, thawed)
ROUTER_STATS(full, full)
ROUTER_STATS(unknown, unknown)
ROUTER_STATS(taken, lost)
ROUTER_STATS(fought, fought)
ROUTER_STATS(refused, refused)

METRICS_ROUTER_PROCESS(late)
{
	const struct message_vrrp_stats *stats = stats_of(sources);

	if (stats)
		metrics_text_seconds(writer, stats->late_ns);
}

METRICS_ROUTER_PROCESS(datagrams)
{
	const struct message_vrrp_stats *stats = stats_of(sources);

	if (!stats)
		return;
	metrics_text_number(writer, "result", "read", stats->read);
	metrics_text_number(writer, "result", "dropped", stats->dropped);
}

METRICS_ROUTER_PROCESS(operations)
{
	const struct message_vrrp_stats *stats = stats_of(sources);

	if (!stats)
		return;
	metrics_text_number(writer, "result", "added", stats->added);
	metrics_text_number(writer, "result", "removed", stats->removed);
	metrics_text_number(writer, "result", "failed", stats->failed);
}

METRICS_ROUTER_PROCESS(announcements)
{
	const struct message_vrrp_stats *stats = stats_of(sources);

	if (!stats)
		return;
	metrics_text_number(writer, "result", "sent", stats->announced);
	metrics_text_number(writer, "result", "failed", stats->unannounced);
}

METRICS_ROUTER_PROCESS(plans)
{
	const struct routing *routing = sources->engine->routing;
	const struct routing_counters counters =
		routing ? routing_counters(routing) : (struct routing_counters){};

	metrics_text_number(writer, "result", "committed", counters.committed);
	metrics_text_number(writer, "result", "broken", counters.broken);
}

METRICS_ROUTER_PROCESS(lost)
{
	const struct routing *routing = sources->engine->routing;

	write_number(writer, routing ? routing_counters(routing).lost : 0);
}

METRICS_ROUTER_PROCESS(cleared)
{
	const struct routing *routing = sources->engine->routing;

	write_number(writer, routing ? routing_counters(routing).cleared : 0);
}

/* All of them together */

METRICS_ROUTER_PROCESS(states)
{
	const struct routing *routing = sources->engine->routing;
	size_t counts[VRRP_STATE_COUNT] = {}, unknown = 0;

	for (size_t i = 0; i < metrics_count_routers(sources->engine); i++) {
		const struct routing_router *router = routing_at(routing, i);

		if (routing_is_known(router))
			counts[router->told.state]++;
		else
			unknown++;
	}
	for (int i = 0; i < VRRP_STATE_COUNT; i++)
		metrics_text_number(
			writer, "state", vrrp_state_name((enum vrrp_state)i), counts[i]);
	metrics_text_number(writer, "state", "unknown", unknown);
}

METRICS_ROUTER_PROCESS(troubles)
{
	write_number(writer, sources->engine->routers_troubled);
}

/* Of one at which nobody looks there is no sample. */
METRICS_ROUTER_PROCESS(tracked)
{
	const struct track_list *list = sources->engine->track;
	size_t first = 0, count = list ? track_list_of(list, TRACK_INTERFACE, &first) : 0;

	if (count > sources->limits.services)
		return;
	for (size_t i = first; i < first + count; i++) {
		const struct track_item *item = list->items.items[i].item;

		if (item->state != TRACK_STATE_UNKNOWN && !item->untried)
			metrics_text_number(
				writer, "interface", item->name, item->state == TRACK_STATE_WELL);
	}
}

/* One */

METRICS_ROUTER_ONE(state)
{
	for (int i = 0; i < VRRP_STATE_COUNT; i++)
		metrics_text_number(writer, "state", vrrp_state_name((enum vrrp_state)i),
			routing_is_known(router) && router->told.state == i);
	metrics_text_number(writer, "state", "unknown", !routing_is_known(router));
}

METRICS_ROUTER_ONE(since)
{
	if (routing_is_known(router) && router->wall)
		metrics_text_seconds(writer, router->wall);
}

METRICS_ROUTER_ONE(transitions)
{
	if (routing_is_known(router))
		write_number(writer, router->told.transitions);
}

METRICS_ROUTER_ONE(troubled)
{
	write_number(writer, router_is_troubled(router));
}

METRICS_ROUTER_ONE(priority)
{
	if (routing_is_known(router))
		write_number(writer, router->told.priority);
}

METRICS_ROUTER_ONE(peer_priority)
{
	if (routing_is_known(router) && router->told.peer_at)
		write_number(writer, router->told.peer_priority);
}

/* A span, for the clock that it is measured by does not jump. */
METRICS_ROUTER_ONE(peer_heard)
{
	uint64_t now = loop_clock();

	if (routing_is_known(router) && router->told.peer_at)
		metrics_text_seconds(
			writer, now > router->told.peer_at ? now - router->told.peer_at : 0);
}

METRICS_ROUTER_ONE(interval)
{
	if (routing_is_known(router))
		metrics_text_seconds(writer, router->told.interval);
}

METRICS_ROUTER_ONE(checksum)
{
	const char *own = router_checksum_text(router, router->told.checksum);
	const char *peer = router_checksum_text(router, router->told.peer_checksum);

	if (!routing_is_known(router) || !own)
		return;
	metrics_text_label(writer, "form", own);
	metrics_text_number(writer, "peer", peer ? peer : "unknown", 1);
}

METRICS_ROUTER_ONE(mixed)
{
	if (routing_is_known(router))
		write_number(writer, router->told.mixed);
}

METRICS_ROUTER_ONE(addresses)
{
	if (!routing_is_known(router))
		return;
	metrics_text_number(writer, "state", "declared", router->told.addresses);
	metrics_text_number(writer, "state", "present", router->told.present);
}

METRICS_ROUTER_ONE(waiting)
{
	if (routing_is_known(router))
		write_number(writer, router->told.waits);
}

METRICS_ROUTER_ONE(advertisements)
{
	if (!routing_is_known(router))
		return;
	metrics_text_number(writer, "result", "sent", router->told.sent);
	metrics_text_number(writer, "result", "unsent", router->told.unsent);
	metrics_text_number(writer, "result", "heard", router->told.heard);
	metrics_text_number(writer, "result", "own", router->told.own);
}

METRICS_ROUTER_ONE(rejections)
{
	if (!routing_is_known(router))
		return;
	for (size_t i = VRRP_REJECT_NONE + 1; i < VRRP_REJECT_COUNT; i++)
		metrics_text_number(writer, "reason", vrrp_reject_name((enum vrrp_reject)i),
			router->told.rejected[i]);
}
