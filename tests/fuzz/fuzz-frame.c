// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a frame, and all that the data plane does to frames with whatever parses. Each step works
 * on a copy in a buffer of exactly its size. Both ways of parsing must agree; headers lie within the
 * frame; a checksum that was right is right afterwards, and one that was wrong as wrong; what was put
 * into a tunnel or an error is found in there. */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/icmp.h"
#include "backends/dpdk/dataplane/packet.h"
#include "backends/dpdk/dataplane/rewrite.h"
#include "backends/dpdk/dataplane/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the input: a byte of flags, one of the tunnel, two that are a port, an MSS and an MTU. */
#define PREFIX 4
#define MOST   (PREFIX + 2048)
#define VLAN   7

enum flags {
	FLAGS_VLAN = 1 << 0,
	FLAGS_CHECKED = 1 << 1,
	FLAGS_SUM = 1 << 2, /* checksums are made right, which a fuzzer does not guess */
	FLAGS_OUTER_IPV6 = 1 << 3,
	FLAGS_INNER_SUM = 1 << 4, /* the transport's too */
};

static const uint8_t address4[16] = {10, 0, 0, 11};
static const uint8_t address6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x11};

/* A frame of its own buffer, and what it was parsed to. */
struct frame {
	uint8_t *bytes;
	size_t length;
	uint16_t vlan, number;
	bool checked;
	uint8_t flags, tunnel;
	struct packet packet;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint8_t *copy_of(const struct frame *frame)
{
	uint8_t *bytes = malloc(frame->length ? frame->length : 1);

	memcpy(bytes, frame->bytes, frame->length);
	return bytes;
}

static size_t end_of(const struct packet *packet)
{
	return packet->l3_offset + (size_t)packet->l3_length;
}

static const uint8_t *address_of(const struct packet *packet)
{
	return packet->key.family == AF_INET6 ? address6 : address4;
}

static bool is_ip(const struct packet *packet)
{
	return packet->kind <= PACKET_KIND_IP_OTHER;
}

/* Where the checksum of what is behind the IP headers is, or 0. SCTP's is no sum. */
static size_t checksum_place(const struct packet *packet)
{
	switch (packet->key.protocol) {
	case IPPROTO_TCP:
		return packet->l4_offset + (size_t)WIRE_TCP_CHECKSUM;
	case IPPROTO_UDP:
		return packet->l4_offset + (size_t)WIRE_UDP_CHECKSUM;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return packet->l4_offset + (size_t)WIRE_ICMP_CHECKSUM;
	default:
		return 0;
	}
}

/* The sum over what is behind the IP headers, with the pseudo-header of the addresses that are there
 * now; 0xffff if its checksum is right. */
static uint16_t sum_of(const uint8_t *bytes, const struct packet *packet)
{
	const uint8_t *ip = bytes + packet->l3_offset;
	size_t length = end_of(packet) - packet->l4_offset;
	uint64_t sum = 0;

	if (packet->key.family == AF_INET6)
		sum = checksum_of_pseudo(AF_INET6, ip + WIRE_IPV6_SOURCE,
			ip + WIRE_IPV6_DESTINATION, packet->key.protocol, length);
	else if (packet->key.protocol != IPPROTO_ICMP)
		sum = checksum_of_pseudo(AF_INET, ip + WIRE_IPV4_SOURCE, ip + WIRE_IPV4_DESTINATION,
			packet->key.protocol, length);
	return checksum_fold(checksum_add(sum, bytes + packet->l4_offset, length));
}

static void check_offsets(const struct packet *packet, size_t length)
{
	require(packet->kind < PACKET_KIND_COUNT && packet->reason < PACKET_REASON_COUNT);
	require(packet->l3_offset <= packet->l4_offset || packet->kind == PACKET_KIND_BAD);
	if (!is_ip(packet))
		return;
	require(packet->l4_offset <= end_of(packet) && end_of(packet) <= length);
	require(packet->key.family == AF_INET || packet->key.family == AF_INET6);
	require(packet->key.zero == 0);
}

static void parse(struct frame *frame)
{
	struct packet slow;

	packet_parse(frame->bytes, frame->length, frame->vlan, frame->checked, &frame->packet);
	packet_parse_slowly(frame->bytes, frame->length, frame->vlan, frame->checked, &slow);
	frame->packet.hash = slow.hash = 0;
	require(memcmp(&frame->packet, &slow, offsetof(struct packet, icmp_code) + 1) == 0);
	check_offsets(&frame->packet, frame->length);
	require((frame->packet.kind == PACKET_KIND_BAD) == (frame->packet.reason != 0));
	require(*packet_kind_name((enum packet_kind)frame->packet.kind));
	require(*packet_reason_name((enum packet_reason)frame->packet.reason));
}

/* Right checksums, as a sender would have made them. */
static void make_sums(struct frame *frame)
{
	const struct packet *packet = &frame->packet;

	packet_parse(frame->bytes, frame->length, frame->vlan, true, &frame->packet);
	if (!is_ip(packet))
		return;
	uint8_t *ip = frame->bytes + packet->l3_offset;
	size_t place = checksum_place(packet);
	if (packet->key.family == AF_INET && frame->flags & FLAGS_SUM)
		wire_store16(ip + WIRE_IPV4_CHECKSUM,
			checksum_of_ipv4(ip, packet->l4_offset - (size_t)packet->l3_offset));
	if (!(frame->flags & FLAGS_INNER_SUM) || packet->kind > PACKET_KIND_ICMP_OTHER || !place)
		return;
	wire_store16(frame->bytes + place, 0);
	uint16_t sum = (uint16_t)~sum_of(frame->bytes, packet);
	wire_store16(frame->bytes + place, sum ? sum : 0xffff);
}

/* After a rewrite: it is what it was, with a TTL less by one, and its sums are as they were. */
static void check_rewritten(
	const struct frame *frame, const uint8_t *bytes, const struct flow_key *key)
{
	const struct packet *before = &frame->packet;
	struct packet after;

	packet_parse(bytes, frame->length, frame->vlan, frame->checked, &after);
	/* Nobody looks for an address by asking a single machine. */
	if (after.reason == PACKET_REASON_SOURCE)
		return;
	require(after.kind == before->kind && after.ttl == before->ttl - 1);
	require(after.l4_offset == before->l4_offset && after.l3_length == before->l3_length);
	require(memcmp(&after.key, key, sizeof(*key)) == 0);
	size_t place = checksum_place(before);
	if (before->kind > PACKET_KIND_ICMP_QUERY || !place)
		return;
	if (before->key.protocol == IPPROTO_UDP && wire_load16(frame->bytes + place) == 0)
		require(wire_load16(bytes + place) == 0);
	else
		require(sum_of(bytes, &after) % 0xffff == sum_of(frame->bytes, before) % 0xffff);
	if (before->key.protocol == IPPROTO_UDP && wire_load16(frame->bytes + place))
		require(wire_load16(bytes + place) != 0);
}

static void rewrite(const struct frame *frame)
{
	const struct packet *packet = &frame->packet;
	const uint8_t *address = address_of(packet);
	struct flow_key key = packet->key;
	uint8_t *bytes = copy_of(frame);

	rewrite_ttl(bytes, packet);
	check_rewritten(frame, bytes, &key);
	free(bytes);
	if (packet->kind > PACKET_KIND_ICMP_QUERY)
		return;
	bytes = copy_of(frame);
	rewrite_destination(bytes, packet, address, frame->number);
	memcpy(key.destination, address, sizeof(key.destination));
	if (frame->number && packet->kind == PACKET_KIND_TRANSPORT)
		key.destination_port = frame->number;
	check_rewritten(frame, bytes, &key);
	free(bytes);
	bytes = copy_of(frame);
	key = packet->key;
	rewrite_source(bytes, packet, address, frame->number);
	memcpy(key.source, address, sizeof(key.source));
	if (frame->number && packet->kind == PACKET_KIND_TRANSPORT)
		key.source_port = frame->number;
	check_rewritten(frame, bytes, &key);
	free(bytes);
}

static void clamp(const struct frame *frame)
{
	uint8_t *bytes = copy_of(frame);
	size_t differ = 0;

	bool found = rewrite_clamp_mss(bytes, &frame->packet, frame->number);
	for (size_t i = 0; i < frame->length; i++)
		differ += bytes[i] != frame->bytes[i];
	require(differ == 0 || (found && differ <= 4));
	if (found)
		require(sum_of(bytes, &frame->packet) % 0xffff ==
			sum_of(frame->bytes, &frame->packet) % 0xffff);
	free(bytes);
}

static struct slot slot_of(const struct frame *frame)
{
	bool ipv6 = frame->flags & FLAGS_OUTER_IPV6;
	struct slot slot = {.family = ipv6 ? AF_INET6 : AF_INET,
		.tunnel_type = frame->tunnel % TUNNEL_TYPE_COUNT,
		.tunnel_checksum = frame->tunnel / TUNNEL_TYPE_COUNT % TUNNEL_CHECKSUM_COUNT,
		.tunnel_port = htons(6080)};

	memcpy(slot.address, ipv6 ? address6 : address4, 16);
	memcpy(slot.local, slot.address, 16);
	slot.overhead = (uint8_t)rewrite_overhead(slot.family, (enum tunnel_type)slot.tunnel_type,
		(enum tunnel_checksum)slot.tunnel_checksum);
	return slot;
}

/* What the receiver of a tunnel's packet makes of it. */
static void check_tunnel(const struct frame *frame, const uint8_t *start, size_t length, bool ipv6)
{
	uint8_t *bytes = calloc(1, WIRE_ETHERNET_SIZE + length);
	struct packet outer, inner;

	wire_set16(bytes + WIRE_ETHERNET_TYPE, ipv6 ? WIRE_TYPE_IPV6 : WIRE_TYPE_IPV4);
	memcpy(bytes + WIRE_ETHERNET_SIZE, start, length);
	packet_parse(bytes, WIRE_ETHERNET_SIZE + length, 0, false, &outer);
	require(outer.kind == PACKET_KIND_IP_OTHER || outer.kind == PACKET_KIND_TRANSPORT);
	require(end_of(&outer) == WIRE_ETHERNET_SIZE + length && outer.ttl == 64);
	if (outer.kind == PACKET_KIND_TRANSPORT && wire_load16(bytes + checksum_place(&outer)))
		require(sum_of(bytes, &outer) == 0xffff);
	packet_parse_tunnelled(bytes, WIRE_ETHERNET_SIZE + length, &outer, &inner);
	check_offsets(&inner, WIRE_ETHERNET_SIZE + length);
	if (frame->packet.kind <= PACKET_KIND_ICMP_QUERY) {
		require(memcmp(&inner.key, &frame->packet.key, sizeof(inner.key)) == 0);
		require(end_of(&inner) == end_of(&outer));
	}
	free(bytes);
}

static void encapsulate(const struct frame *frame)
{
	const struct packet *packet = &frame->packet;
	struct slot slot = slot_of(frame);
	uint8_t *bytes = malloc((size_t)slot.overhead + packet->l3_length);
	uint8_t *inner = bytes + slot.overhead;

	memcpy(inner, frame->bytes + packet->l3_offset, packet->l3_length);
	uint8_t *start = rewrite_encapsulate(inner, packet->l3_length, packet, &slot,
		frame->number * 0x9e3779b9u, frame->number);
	require(start >= bytes && start < inner);
	check_tunnel(
		frame, start, (size_t)(inner - start) + packet->l3_length, slot.family == AF_INET6);
	free(bytes);
}

/* An error about the frame, and what it says that it is about. */
static void make_error(const struct frame *frame)
{
	const struct packet *packet = &frame->packet;
	enum icmp_error error = (enum icmp_error)(frame->tunnel % ICMP_ERROR_COUNT);
	bool ipv6 = packet->key.family == AF_INET6;
	size_t most = ipv6 ? 1280 : 576, headers = ipv6 ? 48 : 28;
	size_t want = headers + packet->l3_length < most ? headers + packet->l3_length : most;
	uint8_t *bytes = calloc(1, WIRE_ETHERNET_SIZE + want);
	uint8_t *made = bytes + WIRE_ETHERNET_SIZE;
	struct packet outer, inner;

	require(icmp_make_error(made, want - 1, frame->bytes, packet, error, 1400,
			address_of(packet)) == 0);
	require(icmp_make_error(
			made, want, frame->bytes, packet, error, 1400, address_of(packet)) == want);
	wire_set16(bytes + WIRE_ETHERNET_TYPE, ipv6 ? WIRE_TYPE_IPV6 : WIRE_TYPE_IPV4);
	packet_parse(bytes, WIRE_ETHERNET_SIZE + want, 0, false, &outer);
	require(outer.kind == PACKET_KIND_ICMP_ERROR && sum_of(bytes, &outer) == 0xffff);
	require(!icmp_may_answer(bytes, &outer));
	packet_parse_inner(bytes, WIRE_ETHERNET_SIZE + want, &outer, &inner);
	check_offsets(&inner, WIRE_ETHERNET_SIZE + want);
	if (packet->kind <= PACKET_KIND_ICMP_QUERY)
		require(memcmp(&inner.key, &packet->key, sizeof(inner.key)) == 0);
	free(bytes);
}

static void translate(const struct frame *frame)
{
	const struct packet *outer = &frame->packet;
	const uint8_t *address = address_of(outer);
	struct packet inner, innermost, after;
	uint8_t *bytes = copy_of(frame);
	bool client = frame->tunnel & 1;
	struct icmp_translation translation = {
		.outer_source = client ? address : NULL,
		.outer_destination = client ? NULL : address,
		.inner_source = client ? NULL : address,
		.inner_source_port = client ? 0 : frame->number,
		.inner_destination = client ? address : NULL,
		.inner_destination_port = client ? frame->number : 0,
	};

	packet_parse_inner(bytes, frame->length, outer, &inner);
	check_offsets(&inner, end_of(outer));
	packet_parse_tunnelled(bytes, frame->length, &inner, &innermost);
	check_offsets(&innermost, end_of(outer));
	uint16_t sum = sum_of(bytes, outer) % 0xffff;
	if (inner.kind <= PACKET_KIND_ICMP_QUERY) {
		icmp_translate(bytes, outer, &inner, &translation);
		require(sum_of(bytes, outer) % 0xffff == sum);
		packet_parse(bytes, frame->length, frame->vlan, frame->checked, &after);
		if (after.reason != PACKET_REASON_SOURCE)
			require(after.kind == PACKET_KIND_ICMP_ERROR &&
				after.ttl == outer->ttl - 1);
		packet_parse_inner(bytes, frame->length, outer, &innermost);
		require(innermost.kind == inner.kind);
		require(memcmp(client ? innermost.key.destination : innermost.key.source, address,
				16) == 0);
	}
	free(bytes);
}

static void echo(const struct frame *frame)
{
	uint8_t *bytes = copy_of(frame);
	struct packet reply;

	icmp_echo_reply(bytes, &frame->packet);
	packet_parse(bytes, frame->length, frame->vlan, frame->checked, &reply);
	/* A group's or nobody's address is no source. */
	if (reply.kind != PACKET_KIND_BAD) {
		require(reply.kind == PACKET_KIND_ICMP_QUERY && reply.ttl == 64);
		require(sum_of(bytes, &reply) % 0xffff ==
			sum_of(frame->bytes, &frame->packet) % 0xffff);
		require(memcmp(reply.key.source, frame->packet.key.destination, 16) == 0);
	}
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < PREFIX || size > MOST)
		return 0;
	struct frame frame = {.length = size - PREFIX,
		.flags = data[0],
		.tunnel = data[1],
		.number = wire_load16(data + 2),
		.vlan = data[0] & FLAGS_VLAN ? VLAN : 0,
		.checked = data[0] & FLAGS_CHECKED};
	const struct packet *packet = &frame.packet;

	frame.bytes = malloc(frame.length ? frame.length : 1);
	memcpy(frame.bytes, data + PREFIX, frame.length);
	make_sums(&frame);
	parse(&frame);
	if (is_ip(packet)) {
		if (packet->ttl > 1)
			rewrite(&frame);
		if (packet->kind == PACKET_KIND_TRANSPORT)
			clamp(&frame);
		encapsulate(&frame);
		if (icmp_may_answer(frame.bytes, packet))
			make_error(&frame);
		if (packet->kind == PACKET_KIND_ICMP_ERROR && packet->ttl > 1)
			translate(&frame);
		if (packet->kind == PACKET_KIND_ICMP_QUERY)
			echo(&frame);
	} else {
		require(!icmp_may_answer(frame.bytes, packet));
	}
	free(frame.bytes);
	return 0;
}
