// SPDX-License-Identifier: GPL-2.0-or-later
/* One function of the forwarder for each row of kinds: what stands in for it, and how it is wrong. The rows
 * of mk/dataplane.mk that say --wrap name the same functions. */
#include "tests/dataplane/bugs.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/flow.h"
#include "backends/dpdk/dataplane/icmp.h"
#include "backends/dpdk/dataplane/outlet.h"
#include "backends/dpdk/dataplane/packet.h"
#include "backends/dpdk/dataplane/persistence.h"
#include "backends/dpdk/dataplane/relay.h"
#include "backends/dpdk/dataplane/rewrite.h"
#include "backends/dpdk/dataplane/transport.h"
#include "base/macros.h"
#include "base/memory.h"

enum bug {
	BUG_NONE,
	BUG_TTL,
	BUG_PORT,
	BUG_REPLY_PORT,
	BUG_REPLY_ADDRESS,
	BUG_UDP_ZERO,
	BUG_RIGHTED,
	BUG_TUNNEL_TTL,
	BUG_TRAFFIC_CLASS,
	BUG_DONT_FRAGMENT,
	BUG_OUTER_CHECKSUM,
	BUG_OUTER_SOURCE,
	BUG_GUE_PORT,
	BUG_INNER_PORT,
	BUG_INNER_ADDRESS,
	BUG_OUTER_ADDRESS,
	BUG_HEADER_CHECKSUM,
	BUG_FRAGMENT,
	BUG_EXTENSIONS,
	BUG_PADDING,
	BUG_TAG,
	BUG_SHORT,
	BUG_OPENS,
	BUG_SCTP,
	BUG_REPLIES,
	BUG_FORGETS,
	BUG_PERSISTENCE,
	BUG_TIMEOUT,
	BUG_FOREVER,
	BUG_PREFIX,
	BUG_PREFIX6,
	BUG_NETWORK,
	BUG_TEMPLATE_WEIGHT,
	BUG_TEMPLATE_ENDS,
	BUG_ONE_PACKET,
	BUG_UPPER,
	BUG_LOWER,
	BUG_WEIGHT,
	BUG_DRAIN,
	BUG_CLAMP,
	BUG_CLAMP_TUNNEL,
	BUG_CLAMP_CHECKSUM,
	BUG_ROUTER,
	BUG_TUNNEL_ERROR,
	BUG_TUNNEL_MTU,
	BUG_QUOTED,
	BUG_COUNT,
};

static const char *const names[BUG_COUNT] = {
	[BUG_NONE] = "none",
	[BUG_TTL] = "ttl",                         /* not taken */
	[BUG_PORT] = "port",                       /* `nat` leaves the destination's port */
	[BUG_REPLY_PORT] = "reply-port",           /* … and the source's of an answer */
	[BUG_REPLY_ADDRESS] = "reply-address",     /* one bit of it */
	[BUG_UDP_ZERO] = "udp-zero",               /* a checksum where there was none */
	[BUG_RIGHTED] = "righted",                 /* a wrong checksum becomes right */
	[BUG_TUNNEL_TTL] = "tunnel-ttl",           /* the packet's own, outside */
	[BUG_TRAFFIC_CLASS] = "traffic-class",     /* not copied outside */
	[BUG_DONT_FRAGMENT] = "dont-fragment",     /* not copied outside */
	[BUG_OUTER_CHECKSUM] = "outer-checksum",   /* of GRE and UDP */
	[BUG_OUTER_SOURCE] = "outer-source",       /* the destination's */
	[BUG_GUE_PORT] = "gue-port",               /* another one for each packet */
	[BUG_INNER_PORT] = "inner-port",           /* not translated inside an error */
	[BUG_INNER_ADDRESS] = "inner-address",     /* the same */
	[BUG_OUTER_ADDRESS] = "outer-address",     /* of the error itself */
	[BUG_HEADER_CHECKSUM] = "header-checksum", /* not looked at */
	[BUG_FRAGMENT] = "fragment",               /* taken for a whole packet */
	[BUG_EXTENSIONS] = "extensions",           /* not walked */
	[BUG_PADDING] = "padding",                 /* taken for a part of the packet */
	[BUG_TAG] = "tag",                         /* any will do */
	[BUG_SHORT] = "short",                     /* a packet longer than its frame */
	[BUG_OPENS] = "opens",                     /* any packet begins a connection */
	[BUG_SCTP] = "sctp",                       /* its CRC, one bit */
	[BUG_REPLIES] = "replies",                 /* the flow of answers is another's */
	[BUG_FORGETS] = "forgets",                 /* the flow of requests is another's */
	[BUG_PERSISTENCE] = "persistence",         /* not looked at */
	[BUG_TIMEOUT] = "timeout",                 /* of it: a second */
	[BUG_FOREVER] = "forever",                 /* the same: never over */
	[BUG_PREFIX] = "prefix",                   /* of it, over IPv4: each client counts alone */
	[BUG_PREFIX6] = "prefix6",                 /* the same over IPv6 */
	[BUG_NETWORK] = "network",                 /* all clients count as one */
	[BUG_TEMPLATE_WEIGHT] = "template-weight", /* its clients go on to a weight of 0 */
	[BUG_TEMPLATE_ENDS] = "template-ends",     /* though connections of its clients live */
	[BUG_ONE_PACKET] = "one-packet",           /* not looked at */
	[BUG_UPPER] = "upper",                     /* threshold: none */
	[BUG_LOWER] = "lower",                     /* threshold: the upper one is it, too */
	[BUG_WEIGHT] = "weight",                   /* 0 is 1 */
	[BUG_DRAIN] = "drain",                     /* a weight of 0 ends connections */
	[BUG_CLAMP] = "clamp",                     /* the MSS is left */
	[BUG_CLAMP_TUNNEL] = "clamp-tunnel",       /* … has no room for a tunnel */
	[BUG_CLAMP_CHECKSUM] = "clamp-checksum",   /* … and the checksum is not mended for it */
	[BUG_ROUTER] = "router", /* its errors are nobody's, only those of ends count */
	[BUG_TUNNEL_ERROR] =
		"tunnel-error",          /* the client's TTL is said to have ended in a tunnel */
	[BUG_TUNNEL_MTU] = "tunnel-mtu", /* the client is told of all of it */
	[BUG_QUOTED] = "quoted",         /* extensions of an error as a part of the packet */
};

static enum bug planted;

bool bugs_plant(const char *name)
{
	planted = BUG_NONE;
	if (!name)
		return true;
	while (planted < BUG_COUNT && strcmp(name, names[planted]) != 0)
		planted++;
	return planted < BUG_COUNT;
}

void bugs_list(void)
{
	for (enum bug bug = BUG_NONE + 1; bug < BUG_COUNT; bug++)
		puts(names[bug]);
}

/* The linker's names for what was there and for what stands in for it. */
#define WRAPPED(result, name, ...)                                                                 \
	result __real_##name(__VA_ARGS__);                                                         \
	result __wrap_##name(__VA_ARGS__);                                                         \
	result __wrap_##name(__VA_ARGS__)

static bool is_ipv4(const struct packet *packet)
{
	return packet->key.family == AF_INET;
}

static uint8_t *l4_of(uint8_t *frame, const struct packet *packet)
{
	return frame + packet->l4_offset;
}

static uint8_t *udp_checksum_of(uint8_t *frame, const struct packet *packet)
{
	return packet->key.protocol == IPPROTO_UDP ? l4_of(frame, packet) + 6 : NULL;
}

/* The transport's checksum as if it had never been wrong or left out. */
static void make_checksum(uint8_t *frame, const struct packet *packet, size_t place)
{
	uint8_t *ip = frame + packet->l3_offset, *l4 = l4_of(frame, packet);
	size_t length = (size_t)(packet->l3_offset + packet->l3_length - packet->l4_offset);
	uint16_t value;

	memset(l4 + place, 0, 2);
	value = is_ipv4(packet) ? checksum_of_transport(AF_INET, ip + 12, ip + 16,
					  packet->key.protocol, l4, length)
				: checksum_of_transport(AF_INET6, ip + 8, ip + 24,
					  packet->key.protocol, l4, length);
	memcpy(l4 + place, &value, sizeof(value));
}

/* As if the TTL had not been taken. */
static void give_ttl_back(uint8_t *frame, const struct packet *packet)
{
	uint8_t *ip = frame + packet->l3_offset;
	size_t header = (size_t)(packet->l4_offset - packet->l3_offset);
	uint16_t value;

	ip[is_ipv4(packet) ? 8 : 7]++;
	if (!is_ipv4(packet))
		return;
	value = checksum_of_ipv4(ip, header);
	memcpy(ip + 10, &value, sizeof(value));
}

WRAPPED(void, rewrite_destination, uint8_t *frame, const struct packet *packet,
	const uint8_t *address, uint16_t port)
{
	const uint8_t *udp = udp_checksum_of(frame, packet);
	bool zero = udp && udp[0] == 0 && udp[1] == 0;

	__real_rewrite_destination(frame, packet, address, planted == BUG_PORT ? 0 : port);
	if (planted == BUG_TTL)
		give_ttl_back(frame, packet);
	else if (planted == BUG_UDP_ZERO && zero)
		make_checksum(frame, packet, 6);
	else if (planted == BUG_RIGHTED && packet->key.protocol == IPPROTO_TCP)
		make_checksum(frame, packet, 16);
}

WRAPPED(void, rewrite_source, uint8_t *frame, const struct packet *packet, const uint8_t *address,
	uint16_t port)
{
	uint8_t other[16];

	memcpy(other, address, is_ipv4(packet) ? 4 : sizeof(other));
	if (planted == BUG_REPLY_ADDRESS)
		other[3] ^= 1;
	__real_rewrite_source(frame, packet, other, planted == BUG_REPLY_PORT ? 0 : port);
}

/* What is outside IPv4 or IPv6 alike, spoiled; header checksums mended, so that only this is wrong. */
static void spoil_outer(uint8_t *outer, const struct packet *packet)
{
	bool v4 = outer[0] >> 4 == 4;

	if (planted == BUG_TUNNEL_TTL)
		outer[v4 ? 8 : 7] = (uint8_t)(packet->ttl - 1);
	if (planted == BUG_TRAFFIC_CLASS && v4)
		outer[1] = 0;
	if (planted == BUG_TRAFFIC_CLASS && !v4) {
		outer[0] = 0x60;
		outer[1] &= 0x0f;
	}
	if (planted == BUG_DONT_FRAGMENT && v4)
		outer[6] = 0;
	if (planted == BUG_OUTER_SOURCE)
		memcpy(outer + (v4 ? 12 : 8), outer + (v4 ? 16 : 24), v4 ? 4 : 16);
	if (v4) {
		uint16_t value = checksum_of_ipv4(outer, 20);

		memcpy(outer + 10, &value, sizeof(value));
	}
}

WRAPPED(uint8_t *, rewrite_encapsulate, uint8_t *packet_start, size_t length,
	const struct packet *packet, const struct slot *slot, uint32_t hash, uint16_t id)
{
	static uint32_t count;
	uint8_t *outer = __real_rewrite_encapsulate(packet_start, length, packet, slot,
		planted == BUG_GUE_PORT ? hash + 65537 * ++count : hash, id);
	uint8_t *inside = outer + (slot->family == AF_INET ? 20 : 40);

	spoil_outer(outer, packet);
	if (planted == BUG_OUTER_CHECKSUM && slot->tunnel_checksum == TUNNEL_CHECKSUM_FULL)
		inside[slot->tunnel_type == TUNNEL_TYPE_GRE ? 4 : 6] ^= 0x10;
	return outer;
}

WRAPPED(void, icmp_translate, uint8_t *frame, const struct packet *outer,
	const struct packet *inner, const struct icmp_translation *translation)
{
	struct icmp_translation other = *translation;

	if (planted == BUG_INNER_PORT)
		other.inner_source_port = other.inner_destination_port = 0;
	else if (planted == BUG_INNER_ADDRESS)
		other.inner_source = other.inner_destination = NULL;
	else if (planted == BUG_OUTER_ADDRESS)
		other.outer_source = other.outer_destination = NULL;
	__real_icmp_translate(frame, outer, inner, &other);
}

/* Whether the frame has another tag than it should. */
static bool has_other_tag(const uint8_t *frame, size_t length, uint16_t vlan)
{
	return length >= 18 && frame[12] == 0x81 && frame[13] == 0 &&
	       (uint16_t)((frame[14] & 15) << 8 | frame[15]) != vlan;
}

static void spoil_packet(const uint8_t *frame, size_t length, struct packet *packet)
{
	if (planted == BUG_FRAGMENT && packet->kind == PACKET_KIND_FRAGMENT &&
		packet->l4_offset + 20u <= length) {
		packet->kind = PACKET_KIND_TRANSPORT;
		memcpy(&packet->key.source_port, frame + packet->l4_offset, 4);
	}
	if (planted == BUG_EXTENSIONS && packet->kind == PACKET_KIND_TRANSPORT &&
		!is_ipv4(packet) && (packet->flags & PACKET_FLAG_OPTIONS))
		packet->kind = PACKET_KIND_IP_OTHER;
	if (planted == BUG_PADDING && packet->l3_length)
		packet->l3_length = (uint16_t)(length - packet->l3_offset);
}

WRAPPED(void, packet_parse, const uint8_t *frame, size_t length, uint16_t vlan, bool checked,
	struct packet *packet)
{
	if (planted == BUG_TAG && has_other_tag(frame, length, vlan))
		vlan = (uint16_t)((frame[14] & 15) << 8 | frame[15]);
	__real_packet_parse(frame, length, vlan, checked || planted == BUG_HEADER_CHECKSUM, packet);
	if (planted == BUG_SHORT && packet->reason == PACKET_REASON_TOTAL_LENGTH) {
		uint8_t copy[2048] = {};

		memcpy(copy, frame, MIN(length, sizeof(copy)));
		__real_packet_parse(copy, sizeof(copy), vlan, checked, packet);
	}
	spoil_packet(frame, length, packet);
}

WRAPPED(bool, transport_opens, uint8_t protocol, enum transport_event event)
{
	return planted == BUG_OPENS || __real_transport_opens(protocol, event);
}

WRAPPED(uint32_t, checksum_difference_sctp, uint32_t change, size_t length)
{
	return __real_checksum_difference_sctp(change, length) ^ (planted == BUG_SCTP);
}

WRAPPED(uint32_t, flow_insert, struct flow_table *table, const struct flow_key *key, uint32_t hash,
	enum flow_kind kind)
{
	struct flow_key other = *key;
	bool spoiled = (planted == BUG_REPLIES && kind == FLOW_KIND_REPLY) ||
		       (planted == BUG_FORGETS && kind == FLOW_KIND_REQUEST);

	if (spoiled)
		other.source_port ^= 1;
	return __real_flow_insert(table, &other, spoiled ? flow_hash(table, &other) : hash, kind);
}

/* Whether the packet inside was not for who sent the error. */
static bool is_of_router(const uint8_t *frame, const struct packet *outer)
{
	const uint8_t *inside = frame + outer->l4_offset + 8;
	bool v4 = is_ipv4(outer);

	return memcmp(outer->key.source, inside + (v4 ? 16 : 24), v4 ? 4 : 16) != 0;
}

WRAPPED(void, relay_error, struct worker *worker, struct rte_mbuf *buffer,
	const struct packet *outer, const struct port *port, bool handed_over)
{
	if (planted == BUG_ROUTER && is_of_router(rte_pktmbuf_mtod(buffer, uint8_t *), outer))
		outlet_arrived(worker, buffer, port->index, false);
	else
		__real_relay_error(worker, buffer, outer, port, handed_over);
}

WRAPPED(void, packet_parse_inner, const uint8_t *frame, size_t length, const struct packet *outer,
	struct packet *inner)
{
	uint8_t *icmp = (uint8_t *)frame + outer->l4_offset, before[2];

	memcpy(before, icmp + 4, sizeof(before));
	if (planted == BUG_QUOTED)
		memset(icmp + 4, 0, sizeof(before));
	__real_packet_parse_inner(frame, length, outer, inner);
	memcpy(icmp + 4, before, sizeof(before));
}

WRAPPED(size_t, icmp_make_error, uint8_t *to, size_t size, const uint8_t *frame,
	const struct packet *packet, enum icmp_error error, uint16_t mtu, const uint8_t *source)
{
	if (planted == BUG_TUNNEL_ERROR && error == ICMP_ERROR_HOST_UNREACHABLE)
		error = ICMP_ERROR_TIME_EXCEEDED;
	if (planted == BUG_TUNNEL_MTU)
		mtu = (uint16_t)(mtu + 20);
	return __real_icmp_make_error(to, size, frame, packet, error, mtu, source);
}

#define LONG_TIMEOUT 1000000 /* seconds: longer than a case */

static void spoil_service(const struct service_key *key, struct service_attributes *attributes)
{
	bool v4 = key->address.family == AF_INET;

	if (planted == BUG_PERSISTENCE)
		attributes->persistent = false;
	if (planted == BUG_TIMEOUT)
		attributes->persistence_timeout = 1;
	if (planted == BUG_FOREVER)
		attributes->persistence_timeout = LONG_TIMEOUT;
	if (planted == BUG_PREFIX && v4)
		attributes->netmask = UINT32_MAX;
	if (planted == BUG_PREFIX6 && !v4)
		attributes->netmask = 128;
	if (planted == BUG_NETWORK)
		attributes->netmask = 0;
	if (planted == BUG_ONE_PACKET)
		attributes->one_packet = false;
}

static void spoil_member(struct service_member *member, const struct slot_table *slots)
{
	if (planted == BUG_UPPER)
		member->upper_threshold = 0;
	if (planted == BUG_LOWER)
		member->lower_threshold = member->upper_threshold;
	if (planted == BUG_DRAIN && !member->weight)
		slot_kill((struct slot_table *)slots, member->slot);
	if (planted == BUG_WEIGHT && !member->weight)
		member->weight = 1;
}

WRAPPED(int, service_image_new, const struct service_key *key,
	const struct service_attributes *attributes, uint32_t place, struct service_member *members,
	uint32_t count, const struct slot_table *slots, const struct service_image *previous,
	struct scheduler_store *store, struct service_image **ret, struct error *error)
{
	struct service_attributes other = *attributes;

	spoil_service(key, &other);
	for (uint32_t i = 0; i < count; i++)
		spoil_member(&members[i], slots);
	return __real_service_image_new(
		key, &other, place, members, count, slots, previous, store, ret, error);
}

WRAPPED(uint32_t, persistence_choose, struct persistence *persistence,
	const struct service_image *image, struct scheduler_turn *turn,
	const struct scheduler_view *view, const struct flow_key *key, uint32_t now)
{
	_cleanup_free_ struct service_member *members = NULL;
	struct service_image other = *image;

	if (planted != BUG_TEMPLATE_WEIGHT)
		return __real_persistence_choose(persistence, image, turn, view, key, now);
	members = memory_resize(NULL, image->count, sizeof(*members));
	other.members = members;
	for (uint32_t i = 0; i < image->count; i++) {
		members[i] = image->members[i];
		members[i].weight = MAX(members[i].weight, (uint16_t)1);
	}
	return __real_persistence_choose(persistence, &other, turn, view, key, now);
}

WRAPPED(void, persistence_extend, struct persistence *persistence,
	const struct service_image *image, const struct flow_key *key, uint32_t slot,
	uint16_t incarnation, uint32_t now)
{
	if (planted != BUG_TEMPLATE_ENDS)
		__real_persistence_extend(persistence, image, key, slot, incarnation, now);
}

WRAPPED(bool, rewrite_clamp_mss, uint8_t *frame, const struct packet *packet, uint16_t mss)
{
	uint8_t *checksum = l4_of(frame, packet) + 16, before[2];
	bool found;

	if (planted == BUG_CLAMP)
		return false;
	memcpy(before, checksum, sizeof(before));
	found = __real_rewrite_clamp_mss(
		frame, packet, planted == BUG_CLAMP_TUNNEL ? (uint16_t)(mss + 20) : mss);
	if (planted == BUG_CLAMP_CHECKSUM)
		memcpy(checksum, before, sizeof(before));
	return found;
}
