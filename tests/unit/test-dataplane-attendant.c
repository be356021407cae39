// SPDX-License-Identifier: GPL-2.0-or-later
/* The attendant, driven by hand: what is put into a worker's ring for it, and what comes back. There is no
 * device: ports are what they say of themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/arp.h"
#include "backends/dpdk/dataplane/attendant.h"
#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/discovery.h"
#include "backends/dpdk/dataplane/icmp.h"
#include "backends/dpdk/dataplane/link.h"
#include "backends/dpdk/dataplane/worker.h"
#include "base/macros.h"
#include "base/memory.h"

#define SECOND UINT64_C(1000000000)
#define VLAN   100

static const uint8_t peer_link[6] = {2, 0, 0, 0, 0, 0x99};

static struct world {
	struct dataplane plane;
	struct worker worker;
	struct attendant *attendant;
	struct rte_mempool *pool;
	uint64_t now;
} * w;

static struct address literal(const char *text)
{
	struct address address = {};

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static void add_port(
	struct dataplane_settings *settings, const char *name, const char *ipv4, const char *ipv6)
{
	struct settings_port *port = vector_append(&settings->ports);

	port->name = memory_copy_string(name);
	port->device = memory_copy_string("none");
	port->mtu = 1500;
	vector_push(&port->addresses, ((struct settings_prefix){literal(ipv4), 24}));
	vector_push(&port->addresses, ((struct settings_prefix){literal(ipv6), 64}));
}

static void open_plane(void)
{
	struct dataplane *plane = &w->plane;

	plane->pool = w->pool;
	plane->port_count = 2;
	plane->worker_count = 1;
	plane->workers[0] = &w->worker;
	plane->bell.fd = -1;
	plane->rcu = rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(2), RTE_CACHE_LINE_SIZE);
	rte_rcu_qsbr_init(plane->rcu, 2);
	for (uint8_t i = 0; i < 2; i++)
		plane->ports[i] = (struct port){.index = i,
			.mtu = 1500,
			.vlan = i ? VLAN : 0,
			.link_length = i ? 18 : 14,
			.link = {2, 0, 0, 0, 0, i}};
	w->worker.plane = plane;
	w->worker.to_attendant =
		rte_ring_create("to", 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	w->worker.from_attendant =
		rte_ring_create("from", 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

/* Port 0: 192.0.2.1/24 and 2001:db8::1/64; port 1, tagged: 10.0.0.1/24 and 2001:db8:1::1/64. */
static int begin(void **state _unused_)
{
	struct dataplane_settings settings;
	_cleanup_error_ struct error error = {};

	settings_init(&settings);
	settings.destinations = 16;
	w = rte_zmalloc(NULL, sizeof(*w), RTE_CACHE_LINE_SIZE);
	w->pool = rte_mempool_lookup("packets");
	if (!w->pool)
		w->pool = rte_pktmbuf_pool_create(
			"packets", 4095, 0, NOTE_SIZE, 2048 + 128, SOCKET_ID_ANY);
	w->now = 1000 * SECOND;
	open_plane();
	add_port(&settings, "wan", "192.0.2.1", "2001:db8::1");
	add_port(&settings, "lan", "10.0.0.1", "2001:db8:1::1");
	vector_push(&settings.routes, ((struct settings_route){.to = {literal("0.0.0.0"), 0},
					      .via = literal("192.0.2.254")}));
	int r = attendant_open(&w->attendant, &w->plane, &settings, &error);
	if (r < 0)
		fail_msg("%s", error_text(&error, r));
	settings_clear(&settings);
	return 0;
}

static struct rte_mbuf *take(void)
{
	void *buffer = NULL;

	return rte_ring_sc_dequeue(w->worker.from_attendant, &buffer) == 0 ? buffer : NULL;
}

/* Nothing comes that was not looked at, and no buffer is lost. */
static int end(void **state _unused_)
{
	assert_null(take());
	w->attendant = attendant_close(w->attendant);
	rte_ring_free(w->worker.to_attendant);
	rte_ring_free(w->worker.from_attendant);
	assert_int_equal(rte_mempool_in_use_count(w->pool), 0);
	rte_free(w->plane.rcu);
	rte_free(w);
	return 0;
}

/* --- in and out --- */

static struct rte_mbuf *buffer_of(const void *bytes, size_t length)
{
	struct rte_mbuf *buffer = rte_pktmbuf_alloc(w->pool);

	memcpy(rte_pktmbuf_append(buffer, (uint16_t)length), bytes, length);
	return buffer;
}

static void put_buffer(struct rte_mbuf *buffer, struct note note)
{
	*note_of(buffer) = note;
	assert_int_equal(rte_ring_sp_enqueue(w->worker.to_attendant, buffer), 0);
	assert_int_equal(attendant_turn(w->attendant, w->now), 1);
}

static void put(const void *bytes, size_t length, struct note note)
{
	put_buffer(buffer_of(bytes, length), note);
}

static void arrive(uint8_t port, const void *frame, size_t length)
{
	put(frame, length, (struct note){.kind = NOTE_KIND_ARRIVED, .port = port});
}

/* The next thing that it does, which must be this kind; its bytes are good until the next one. */
static const uint8_t *taken(enum note_kind kind, uint8_t port, size_t *length)
{
	static uint8_t bytes[65535];
	struct rte_mbuf *buffer = take();

	assert_non_null(buffer);
	assert_int_equal(note_of(buffer)->kind, kind);
	assert_int_equal(note_of(buffer)->port, port);
	*length = buffer->data_len;
	memcpy(bytes, rte_pktmbuf_mtod(buffer, void *), *length);
	rte_pktmbuf_free(buffer);
	return bytes;
}

static uint64_t drops(enum drop_reason reason)
{
	return w->plane.drops.counts[reason];
}

static void expect_nothing(enum drop_reason reason)
{
	assert_null(take());
	assert_int_equal(drops(reason), 1);
}

static size_t header_of(uint8_t port)
{
	return link_header_size(w->plane.ports[port].vlan);
}

/* An IPv4 packet of `length` bytes. Its TTL is 64. */
static size_t make_ipv4(uint8_t *packet, const char *source, const char *destination,
	uint8_t protocol, size_t length)
{
	struct address from = literal(source), to = literal(destination);
	uint16_t sum;

	memset(packet, 0, length);
	packet[0] = 0x45;
	link_put_16(packet + 2, (uint16_t)length);
	packet[8] = 64;
	packet[9] = protocol;
	memcpy(packet + 12, from.bytes, 4);
	memcpy(packet + 16, to.bytes, 4);
	sum = checksum_of_ipv4(packet, 20);
	memcpy(packet + 10, &sum, 2);
	if (protocol == 17)
		link_put_16(
			link_put_16(link_put_16(packet + 20, 1000), 2000), (uint16_t)(length - 20));
	return length;
}

/* The same as a frame that came from a peer by a port. */
static size_t make_frame(uint8_t *frame, uint8_t port, const uint8_t *packet, size_t length)
{
	const struct port *to = &w->plane.ports[port];

	memcpy(link_put_header(frame, to->link, peer_link, to->vlan,
		       packet[0] >> 4 == 4 ? LINK_TYPE_IPV4 : LINK_TYPE_IPV6),
		packet, length);
	return header_of(port) + length;
}

/* --- ARP --- */

static void ask_arp(uint8_t port, const char *sender, const char *target)
{
	struct arp_message question = {};
	uint8_t frame[ARP_FRAME_MOST];

	memcpy(question.sender_link, peer_link, 6);
	memcpy(question.sender, literal(sender).bytes, 4);
	memcpy(question.target, literal(target).bytes, 4);
	arrive(port, frame, arp_write(frame, &question, NULL, w->plane.ports[port].vlan));
}

static struct arp_message taken_arp(uint8_t port, const uint8_t *to)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct arp_message message;
	size_t length;
	const uint8_t *frame = taken(NOTE_KIND_TRANSMIT, port, &length);

	assert_memory_equal(frame, to ? to : all, 6);
	assert_memory_equal(frame + 6, w->plane.ports[port].link, 6);
	assert_true(arp_parse(frame + header_of(port), length - header_of(port), &message));
	return message;
}

static void test_arp_answer(void **state _unused_)
{
	for (uint8_t port = 0; port < 2; port++) {
		struct arp_message answer;

		ask_arp(port, port ? "10.0.0.9" : "192.0.2.9", port ? "10.0.0.1" : "192.0.2.1");
		answer = taken_arp(port, peer_link);
		assert_true(answer.reply);
		assert_memory_equal(answer.sender_link, w->plane.ports[port].link, 6);
		assert_memory_equal(
			answer.sender, literal(port ? "10.0.0.1" : "192.0.2.1").bytes, 4);
		/* Who asked is known now. */
		struct address asker = literal(port ? "10.0.0.9" : "192.0.2.9");
		uint32_t hop = next_hop_find(&w->plane.hops, port, AF_INET, asker.bytes);
		assert_true(hop != NEXT_HOP_NONE);
		assert_int_equal(next_hop_load(&w->plane.hops, hop),
			next_hop_word(NEXT_HOP_STATE_KNOWN, port, peer_link));
	}
}

/* Other ports' addresses, other machines', and askers from elsewhere. */
static void test_arp_not_ours(void **state _unused_)
{
	static const struct {
		const char *sender, *target;
	} cases[] = {
		{"192.0.2.9", "10.0.0.1"},
		{"192.0.2.9", "192.0.2.2"},
		{"192.0.2.9", "192.0.2.9"},
	};
	struct address asker = literal("192.0.2.9"), far = literal("10.9.9.9");
	struct arp_message answer;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		ask_arp(0, cases[i].sender, cases[i].target);
		assert_null(take());
		assert_int_equal(drops(DROP_REASON_NO_SERVICE), i + 1);
		assert_int_equal(
			next_hop_find(&w->plane.hops, 0, AF_INET, asker.bytes), NEXT_HOP_NONE);
	}
	ask_arp(0, "10.9.9.9", "192.0.2.1");
	answer = taken_arp(0, peer_link);
	assert_true(answer.reply);
	assert_int_equal(next_hop_find(&w->plane.hops, 0, AF_INET, far.bytes), NEXT_HOP_NONE);
	/* Whether the address is free. */
	ask_arp(0, "0.0.0.0", "192.0.2.1");
	answer = taken_arp(0, peer_link);
	assert_true(answer.reply);
}

/* --- neighbour discovery --- */

static void discover(
	uint8_t port, bool advertisement, const char *source, const char *to, const char *target)
{
	struct discovery_message message = {
		.advertisement = advertisement, .has_link = true, .override = true};
	uint8_t frame[DISCOVERY_FRAME_MOST];

	message.solicited = advertisement;
	message.has_link = strcmp(source, "::") != 0;
	memcpy(message.source, literal(source).bytes, 16);
	memcpy(message.target, literal(target).bytes, 16);
	if (to)
		memcpy(message.destination, literal(to).bytes, 16);
	else
		discovery_solicited_node(message.target, message.destination);
	arrive(port, frame,
		discovery_write(frame, &message, peer_link,
			advertisement ? w->plane.ports[port].link : NULL,
			w->plane.ports[port].vlan));
}

static struct discovery_message taken_discovery(uint8_t port)
{
	struct discovery_message message;
	size_t length;
	const uint8_t *frame = taken(NOTE_KIND_TRANSMIT, port, &length);

	assert_true(discovery_parse(frame + header_of(port), length - header_of(port), &message));
	return message;
}

static void test_discovery_answer(void **state _unused_)
{
	struct discovery_message answer;

	discover(1, false, "2001:db8:1::9", NULL, "2001:db8:1::1");
	answer = taken_discovery(1);
	assert_true(answer.advertisement && answer.solicited && answer.override && answer.router);
	assert_memory_equal(answer.target, literal("2001:db8:1::1").bytes, 16);
	assert_memory_equal(answer.destination, literal("2001:db8:1::9").bytes, 16);
	assert_memory_equal(answer.link, w->plane.ports[1].link, 6);
	discover(1, false, "::", NULL, "2001:db8:1::1");
	answer = taken_discovery(1);
	assert_false(answer.solicited);
	assert_memory_equal(answer.destination, literal("ff02::1").bytes, 16);
	discover(1, false, "2001:db8:1::9", NULL, "2001:db8:1::2");
	expect_nothing(DROP_REASON_NO_SERVICE);
}

/* --- packets on their way --- */

static void unresolved(const uint8_t *packet, size_t length, uint32_t next_hop)
{
	put(packet, length, (struct note){.kind = NOTE_KIND_UNRESOLVED, .next_hop = next_hop});
}

static void answer_arp(uint8_t port, const char *sender, const char *target)
{
	struct arp_message answer = {.reply = true};
	uint8_t frame[ARP_FRAME_MOST];

	memcpy(answer.sender_link, peer_link, 6);
	memcpy(answer.sender, literal(sender).bytes, 4);
	memcpy(answer.target_link, w->plane.ports[port].link, 6);
	memcpy(answer.target, literal(target).bytes, 4);
	arrive(port, frame,
		arp_write(frame, &answer, w->plane.ports[port].link, w->plane.ports[port].vlan));
}

static void test_resolve(void **state _unused_)
{
	uint8_t packet[100];
	size_t length = make_ipv4(packet, "203.0.113.5", "10.0.0.7", 17, 60);
	struct arp_message question;
	const uint8_t *frame;
	size_t size;

	unresolved(packet, length, next_hop_unknown(1));
	question = taken_arp(1, NULL);
	assert_false(question.reply);
	assert_memory_equal(question.sender, literal("10.0.0.1").bytes, 4);
	assert_memory_equal(question.target, literal("10.0.0.7").bytes, 4);
	assert_null(take());
	answer_arp(1, "10.0.0.7", "10.0.0.1");
	frame = taken(NOTE_KIND_TRANSMIT, 1, &size);
	assert_int_equal(size, 18 + length);
	assert_memory_equal(frame, peer_link, 6);
	assert_memory_equal(frame + 6, w->plane.ports[1].link, 6);
	assert_int_equal(link_get_16(frame + 12), LINK_TYPE_VLAN);
	assert_int_equal(link_get_16(frame + 14), VLAN);
	assert_int_equal(link_get_16(frame + 16), LINK_TYPE_IPV4);
	assert_memory_equal(frame + 18, packet, length);
}

/* By a gateway, which the route has pinned. */
static void test_resolve_gateway(void **state _unused_)
{
	struct address far = literal("198.51.100.1");
	uint32_t hop = route_find(w->plane.routes, AF_INET, far.bytes);
	uint8_t packet[100];
	size_t length = make_ipv4(packet, "10.0.0.7", "198.51.100.1", 17, 60), size;

	unresolved(packet, length, hop);
	assert_memory_equal(taken_arp(0, NULL).target, literal("192.0.2.254").bytes, 4);
	answer_arp(0, "192.0.2.254", "192.0.2.1");
	taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_int_equal(
		next_hop_word_state(next_hop_load(&w->plane.hops, hop)), NEXT_HOP_STATE_KNOWN);
}

static void test_resolve_ipv6(void **state _unused_)
{
	uint8_t packet[60] = {0x60, [5] = 20, [6] = 17, [7] = 64};
	struct discovery_message question;
	const uint8_t *frame;
	size_t size;

	memcpy(packet + 8, literal("2001:db8:5::1").bytes, 16);
	memcpy(packet + 24, literal("2001:db8:1::7").bytes, 16);
	unresolved(packet, sizeof(packet), next_hop_unknown(1));
	question = taken_discovery(1);
	assert_false(question.advertisement);
	assert_memory_equal(question.source, literal("2001:db8:1::1").bytes, 16);
	assert_memory_equal(question.target, literal("2001:db8:1::7").bytes, 16);
	assert_memory_equal(question.destination, literal("ff02::1:ff00:7").bytes, 16);
	discover(1, true, "2001:db8:1::7", "2001:db8:1::1", "2001:db8:1::7");
	frame = taken(NOTE_KIND_TRANSMIT, 1, &size);
	assert_int_equal(size, 18 + sizeof(packet));
	assert_memory_equal(frame + 18, packet, sizeof(packet));
}

/* Nobody there: the error comes in as if a router behind the port had sent it, to be translated; and when
 * nobody claims it, it goes to the client by the routes. */
static void test_unreachable(void **state _unused_)
{
	uint8_t packet[100], frame[300];
	size_t length = make_ipv4(packet, "203.0.113.5", "10.0.0.7", 17, 60), size;
	struct packet parsed;

	unresolved(packet, length, next_hop_unknown(1));
	for (unsigned int i = 0; i < 3; i++) {
		taken_arp(1, NULL);
		w->now += SECOND;
		attendant_turn(w->attendant, w->now);
	}
	memcpy(frame, taken(NOTE_KIND_RECEIVE, 1, &size), sizeof(frame));
	packet_parse(frame, size, VLAN, false, &parsed);
	assert_int_equal(parsed.kind, PACKET_KIND_ICMP_ERROR);
	assert_int_equal(parsed.icmp_type, 3);
	assert_int_equal(parsed.icmp_code, 1);
	assert_memory_equal(parsed.key.source, literal("10.0.0.1").bytes, 4);
	assert_memory_equal(parsed.key.destination, literal("203.0.113.5").bytes, 4);
	assert_int_equal(drops(DROP_REASON_NO_NEIGHBOUR), 1);
	arrive(1, frame, size);
	assert_memory_equal(taken_arp(0, NULL).target, literal("192.0.2.254").bytes, 4);
	answer_arp(0, "192.0.2.254", "192.0.2.1");
	const uint8_t *sent = taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_memory_equal(sent + 14, frame + 18, size - 14);
}

static void test_no_route(void **state _unused_)
{
	uint8_t packet[100];

	unresolved(packet, make_ipv4(packet, "10.0.0.7", "198.51.100.1", 17, 60), NEXT_HOP_NONE);
	expect_nothing(DROP_REASON_NO_ROUTE);
}

/* --- ICMP --- */

static void test_error(void **state _unused_)
{
	uint8_t packet[100], frame[200];
	struct packet parsed;
	const uint8_t *sent;
	size_t size;

	ask_arp(0, "192.0.2.9", "192.0.2.1");
	taken_arp(0, peer_link);
	size = make_frame(frame, 0, packet, make_ipv4(packet, "192.0.2.9", "203.0.113.1", 17, 60));
	put(frame, size,
		(struct note){.kind = NOTE_KIND_ERROR, .error = ICMP_ERROR_TOO_BIG, .mtu = 1400});
	sent = taken(NOTE_KIND_TRANSMIT, 0, &size);
	packet_parse(sent, size, 0, false, &parsed);
	assert_int_equal(parsed.kind, PACKET_KIND_ICMP_ERROR);
	assert_int_equal(parsed.icmp_code, 4);
	assert_int_equal(link_get_16(sent + parsed.l4_offset + 6), 1400);
	assert_memory_equal(parsed.key.source, literal("192.0.2.1").bytes, 4);
	assert_memory_equal(parsed.key.destination, literal("192.0.2.9").bytes, 4);
	assert_int_equal(drops(DROP_REASON_TOO_BIG), 1);
}

/* No more than so many at once, and in a second. */
static void test_error_rate(void **state _unused_)
{
	uint8_t packet[100], frame[200];
	unsigned int sent = 0;
	struct rte_mbuf *buffer;
	size_t size;

	ask_arp(0, "192.0.2.9", "192.0.2.1");
	taken_arp(0, peer_link);
	size = make_frame(frame, 0, packet, make_ipv4(packet, "192.0.2.9", "203.0.113.1", 17, 60));
	for (unsigned int i = 0; i < 3000; i++) {
		w->now += SECOND / 3000;
		put(frame, size,
			(struct note){.kind = NOTE_KIND_ERROR, .error = ICMP_ERROR_TIME_EXCEEDED});
		while ((buffer = take())) {
			sent++;
			rte_pktmbuf_free(buffer);
		}
	}
	assert_in_range(sent, 1100, 1300);
	assert_int_equal(drops(DROP_REASON_RATE), 3000 - sent);
	assert_int_equal(drops(DROP_REASON_TTL), 3000);
}

static void test_echo(void **state _unused_)
{
	uint8_t packet[100], frame[200];
	size_t length = make_ipv4(packet, "192.0.2.9", "10.0.0.1", 1, 60), size;
	struct packet parsed;
	const uint8_t *sent;
	uint16_t sum;

	packet[20] = 8;
	sum = (uint16_t)~checksum_fold(checksum_add(0, packet + 20, 40));
	memcpy(packet + 22, &sum, 2);
	size = make_frame(frame, 0, packet, length);
	arrive(0, frame, size);
	sent = taken(NOTE_KIND_TRANSMIT, 0, &size);
	packet_parse(sent, size, 0, false, &parsed);
	assert_int_equal(parsed.icmp_type, 0);
	assert_memory_equal(parsed.key.source, literal("10.0.0.1").bytes, 4);
	assert_memory_equal(sent, peer_link, 6);
	/* An answer to nobody's question; and one to somebody else. */
	packet[20] = 0;
	arrive(0, frame, make_frame(frame, 0, packet, length));
	expect_nothing(DROP_REASON_NO_SERVICE);
}

/* One that came in fragments is answered in fragments. */
static void test_long_echo(void **state _unused_)
{
	static uint8_t packet[2000], frame[2100];
	size_t length = make_ipv4(packet, "192.0.2.9", "192.0.2.1", 1, 2000), size;
	uint16_t sum;

	ask_arp(0, "192.0.2.9", "192.0.2.1");
	taken_arp(0, peer_link);
	packet[20] = 8;
	sum = (uint16_t)~checksum_fold(checksum_add(0, packet + 20, 1980));
	memcpy(packet + 22, &sum, 2);
	size = make_frame(frame, 0, packet, length);
	arrive(0, frame, size);
	taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_int_equal(size, 14 + 1500);
	taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_int_equal(size, 14 + 20 + 500);
}

static void test_closed_port(void **state _unused_)
{
	uint8_t packet[100], frame[200];
	struct packet parsed;
	size_t size;

	ask_arp(0, "192.0.2.9", "192.0.2.1");
	taken_arp(0, peer_link);
	size = make_frame(frame, 0, packet, make_ipv4(packet, "192.0.2.9", "192.0.2.1", 17, 60));
	arrive(0, frame, size);
	const uint8_t *sent = taken(NOTE_KIND_TRANSMIT, 0, &size);
	packet_parse(sent, size, 0, false, &parsed);
	assert_int_equal(parsed.icmp_type, 3);
	assert_int_equal(parsed.icmp_code, 3);
}

/* --- what is not ours --- */

static void test_not_ours(void **state _unused_)
{
	uint8_t packet[100], frame[200];
	size_t size =
		make_frame(frame, 0, packet, make_ipv4(packet, "192.0.2.9", "203.0.113.1", 17, 60));

	arrive(0, frame, size);
	expect_nothing(DROP_REASON_NO_SERVICE);
	frame[5] = 0x77; /* another station's */
	arrive(0, frame, size);
	expect_nothing(DROP_REASON_OTHER_HOST);
}

static void test_other_vlan(void **state _unused_)
{
	uint8_t packet[100], frame[200];
	size_t size =
		make_frame(frame, 1, packet, make_ipv4(packet, "10.0.0.9", "203.0.113.1", 17, 60));

	arrive(0, frame, size);
	expect_nothing(DROP_REASON_OTHER_HOST);
}

/* --- fragments --- */

static void test_divide(void **state _unused_)
{
	static uint8_t packet[1600];
	size_t length = make_ipv4(packet, "203.0.113.5", "192.0.2.9", 17, 1600), size;
	struct address client = literal("192.0.2.9");

	ask_arp(0, "192.0.2.9", "192.0.2.1");
	taken_arp(0, peer_link);
	put(packet, length,
		(struct note){.kind = NOTE_KIND_TOO_LONG,
			.next_hop = next_hop_find(&w->plane.hops, 0, AF_INET, client.bytes)});
	taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_int_equal(size, 14 + 1500);
	taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_int_equal(size, 14 + 20 + 100);
}

/* What came in pieces over IPv6 goes on in pieces that are no longer, though the link takes more. */
static void test_divide_as_before(void **state _unused_)
{
	static uint8_t packet[1400];
	size_t length = make_ipv4(packet, "203.0.113.5", "192.0.2.9", 17, 1400), size;
	struct address client = literal("192.0.2.9");
	struct rte_mbuf *buffer = buffer_of(packet, length);

	ask_arp(0, "192.0.2.9", "192.0.2.1");
	taken_arp(0, peer_link);
	buffer->ol_flags |= NOTE_FLAG_DIVISIBLE;
	buffer->tso_segsz = 1300;
	put_buffer(buffer,
		(struct note){.kind = NOTE_KIND_TOO_LONG,
			.next_hop = next_hop_find(&w->plane.hops, 0, AF_INET, client.bytes)});
	taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_int_equal(size, 14 + 1300);
	taken(NOTE_KIND_TRANSMIT, 0, &size);
	assert_int_equal(size, 14 + 20 + 100);
}

static void test_put_together(void **state _unused_)
{
	uint8_t packet[200], frame[300];
	const uint8_t *whole;
	struct packet parsed;
	uint16_t sum;
	size_t size;

	for (unsigned int i = 0; i < 2; i++) {
		make_ipv4(packet, "203.0.113.5", "192.0.2.100", 17, 100);
		if (!i)
			link_put_16(packet + 24, 160);
		link_put_16(packet + 6, i ? 10 : 0x2000);
		memset(packet + 10, 0, 2);
		sum = checksum_of_ipv4(packet, 20);
		memcpy(packet + 10, &sum, 2);
		size = make_frame(frame, 1, packet, 100);
		arrive(1, frame, size);
	}
	whole = taken(NOTE_KIND_RECEIVE, 1, &size);
	assert_int_equal(size, 18 + 20 + 160);
	packet_parse(whole, size, VLAN, false, &parsed);
	assert_int_equal(parsed.kind, PACKET_KIND_TRANSPORT);
	assert_int_equal(parsed.l3_length, 180);
}

/* --- routes --- */

static void test_slots(void **state _unused_)
{
	struct route_plan list = {};
	_cleanup_error_ struct error error = {};
	struct slot *slot;

	w->plane.slots = (struct slot_table){.slots = memory_new(sizeof(struct slot)), .count = 1};
	slot = w->plane.slots.slots;
	slot->state = SLOT_STATE_LIVE;
	slot->family = AF_INET;
	slot->next_hop = NEXT_HOP_NONE;
	memcpy(slot->address, literal("10.0.0.7").bytes, 16);
	attendant_slot_taken(w->attendant, 0);
	assert_int_equal(w->plane.hops.keys[slot->next_hop].port, 1);
	vector_push(&list.addresses, ((struct route_address){literal("10.0.0.2"), 8, 0}));
	assert_int_equal(attendant_set_routes(w->attendant, &list, &error), 0);
	assert_int_equal(w->plane.hops.keys[slot->next_hop].port, 0);
	attendant_tidy(w->attendant);
	attendant_slot_freed(w->attendant, 0);
	assert_int_equal(slot->next_hop, NEXT_HOP_NONE);
	route_clear_list(&list);
	free(w->plane.slots.slots);
}

/* Its thread: woken by the bell, and gone when it is told. */
static void test_thread(void **state _unused_)
{
	_cleanup_error_ struct error error = {};
	uint8_t packet[100], frame[200];
	const uint64_t one = 1;
	struct rte_mbuf *buffer;
	size_t size =
		make_frame(frame, 0, packet, make_ipv4(packet, "192.0.2.9", "203.0.113.1", 17, 60));

	assert_int_equal(attendant_start(w->attendant, &error), 0);
	for (uint64_t i = 0; i < 100; i++) {
		buffer = buffer_of(frame, size);
		*note_of(buffer) = (struct note){.kind = NOTE_KIND_ARRIVED};
		assert_int_equal(rte_ring_sp_enqueue(w->worker.to_attendant, buffer), 0);
		atomic_thread_fence(memory_order_seq_cst);
		if (atomic_load(&w->plane.bell.asleep))
			assert_int_equal(write(w->plane.bell.fd, &one, sizeof(one)), sizeof(one));
		for (unsigned int j = 0; drops(DROP_REASON_NO_SERVICE) != i + 1; j++) {
			assert_true(j < 10000);
			usleep(1000);
		}
	}
	attendant_stop(w->attendant);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

static int start_eal(void)
{
	static char words[][32] = {"test-dataplane-attendant", "--no-huge", "--no-shconf",
		"--no-pci", "--no-telemetry", "-m", "640", "--log-level=lib.*,error"};
	char *arguments[ARRAY_LENGTH(words) + 1] = {};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		arguments[i] = words[i];
	return rte_eal_init(ARRAY_LENGTH(words), arguments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_arp_answer),
		TEST(test_arp_not_ours),
		TEST(test_discovery_answer),
		TEST(test_resolve),
		TEST(test_resolve_gateway),
		TEST(test_resolve_ipv6),
		TEST(test_unreachable),
		TEST(test_no_route),
		TEST(test_error),
		TEST(test_error_rate),
		TEST(test_echo),
		TEST(test_long_echo),
		TEST(test_closed_port),
		TEST(test_not_ours),
		TEST(test_other_vlan),
		TEST(test_divide),
		TEST(test_divide_as_before),
		TEST(test_put_together),
		TEST(test_slots),
		TEST(test_thread),
	};

	if (start_eal() < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return failed;
}
