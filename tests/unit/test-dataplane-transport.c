// SPDX-License-Identifier: GPL-2.0-or-later
/* States of connections. The table is compared cell by cell with the same rules said another way: a
 * list of what changes, all else staying as it is. Then what real hosts send, packet by packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "backends/dpdk/dataplane/expiry.h"
#include "backends/dpdk/dataplane/transport.h"
#include "base/macros.h"

#define BIT(number) (1u << (number))
#define WAY(name)   BIT(TRANSPORT_WAY_##name)
#define TCP(name)   BIT(TRANSPORT_STATE_TCP_##name)
#define SCTP(name)  BIT(TRANSPORT_STATE_SCTP_##name)

#define BOTH_WAYS    (WAY(REQUEST) | WAY(REPLY))
#define ALL_WAYS     (BOTH_WAYS | WAY(REQUEST_ONLY))
#define CLIENT_WAYS  (WAY(REQUEST) | WAY(REQUEST_ONLY))
#define TCP_CLOSING  (TCP(FIN_WAIT) | TCP(TIME_WAIT) | TCP(CLOSE) | TCP(CLOSE_WAIT) | TCP(LAST_ACK))
#define TCP_OPENING  (TCP(SYN_SENT) | TCP(SYN_RECEIVED))
#define TCP_ALL      (TCP_OPENING | TCP(ESTABLISHED) | TCP_CLOSING)
#define SCTP_OPENING (SCTP(INIT) | SCTP(COOKIE))
#define SCTP_ALL     (SCTP_OPENING | SCTP(ESTABLISHED) | SCTP(SHUTDOWN) | SCTP(CLOSED))

static const struct {
	unsigned int ways;
	enum transport_event event;
	unsigned int from;
	enum transport_state to;
} changes[] = {
	/* TCP opens. */
	{WAY(REPLY), TRANSPORT_EVENT_OPEN_ACK, TCP_OPENING | TCP_CLOSING,
		TRANSPORT_STATE_TCP_SYN_RECEIVED},
	{WAY(REQUEST), TRANSPORT_EVENT_OTHER, TCP(SYN_RECEIVED), TRANSPORT_STATE_TCP_ESTABLISHED},
	{WAY(REQUEST_ONLY), TRANSPORT_EVENT_OTHER, TCP_OPENING, TRANSPORT_STATE_TCP_ESTABLISHED},
	/* Again. */
	{WAY(REQUEST), TRANSPORT_EVENT_OPEN, TCP(TIME_WAIT) | TCP(CLOSE),
		TRANSPORT_STATE_TCP_SYN_SENT},
	{WAY(REQUEST_ONLY), TRANSPORT_EVENT_OPEN, TCP_OPENING | TCP_CLOSING,
		TRANSPORT_STATE_TCP_SYN_RECEIVED},
	/* The client closes. */
	{WAY(REQUEST), TRANSPORT_EVENT_FINISH, TCP(SYN_RECEIVED) | TCP(ESTABLISHED),
		TRANSPORT_STATE_TCP_CLOSE_WAIT},
	{WAY(REQUEST), TRANSPORT_EVENT_FINISH, TCP(FIN_WAIT), TRANSPORT_STATE_TCP_TIME_WAIT},
	{WAY(REQUEST_ONLY), TRANSPORT_EVENT_FINISH, TCP_OPENING | TCP(ESTABLISHED),
		TRANSPORT_STATE_TCP_FIN_WAIT},
	{CLIENT_WAYS, TRANSPORT_EVENT_OTHER, TCP(LAST_ACK), TRANSPORT_STATE_TCP_CLOSE},
	/* The destination closes. */
	{WAY(REPLY), TRANSPORT_EVENT_FINISH, TCP(SYN_RECEIVED) | TCP(ESTABLISHED),
		TRANSPORT_STATE_TCP_FIN_WAIT},
	{WAY(REPLY), TRANSPORT_EVENT_FINISH, TCP(CLOSE_WAIT), TRANSPORT_STATE_TCP_LAST_ACK},
	{ALL_WAYS, TRANSPORT_EVENT_RESET, TCP_ALL, TRANSPORT_STATE_TCP_CLOSE},
	/* SCTP opens. */
	{CLIENT_WAYS, TRANSPORT_EVENT_COOKIE, SCTP(INIT), TRANSPORT_STATE_SCTP_COOKIE},
	{WAY(REPLY), TRANSPORT_EVENT_COOKIE, SCTP_OPENING, TRANSPORT_STATE_SCTP_ESTABLISHED},
	{WAY(REQUEST_ONLY), TRANSPORT_EVENT_OTHER, SCTP(COOKIE), TRANSPORT_STATE_SCTP_ESTABLISHED},
	/* Again. */
	{CLIENT_WAYS, TRANSPORT_EVENT_OPEN, SCTP(CLOSED), TRANSPORT_STATE_SCTP_INIT},
	{WAY(REQUEST_ONLY), TRANSPORT_EVENT_OPEN, SCTP(SHUTDOWN), TRANSPORT_STATE_SCTP_INIT},
	{WAY(REPLY), TRANSPORT_EVENT_OPEN_ACK, SCTP(SHUTDOWN) | SCTP(CLOSED),
		TRANSPORT_STATE_SCTP_INIT},
	/* And closes. */
	{ALL_WAYS, TRANSPORT_EVENT_FINISH, SCTP(ESTABLISHED), TRANSPORT_STATE_SCTP_SHUTDOWN},
	{ALL_WAYS, TRANSPORT_EVENT_FINISHED, SCTP(SHUTDOWN), TRANSPORT_STATE_SCTP_CLOSED},
	{ALL_WAYS, TRANSPORT_EVENT_RESET, SCTP_ALL, TRANSPORT_STATE_SCTP_CLOSED},
	{WAY(REPLY), TRANSPORT_EVENT_OTHER, BIT(TRANSPORT_STATE_UDP), TRANSPORT_STATE_UDP_REPLIED},
};

static enum transport_state expected(
	enum transport_way way, enum transport_event event, enum transport_state state)
{
	enum transport_state to = state;
	unsigned int found = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		if (!(changes[i].ways & BIT(way)) || changes[i].event != event ||
			!(changes[i].from & BIT(state)))
			continue;
		to = changes[i].to;
		found++;
	}
	assert_in_range(found, 0, 1);
	return to;
}

static void every_cell_is_as_the_list_has_it(void **state)
{
	(void)state;
	for (int way = 0; way < TRANSPORT_WAY_COUNT; way++)
		for (int event = 0; event < TRANSPORT_EVENT_COUNT; event++)
			for (int from = 0; from < TRANSPORT_STATE_COUNT; from++) {
				enum transport_state to = transport_next(way, event, from);

				if (to != expected(way, event, from))
					fail_msg("way %d, event %d, %s: %s", way, event,
						transport_state_name(from),
						transport_state_name(to));
			}
}

/* Packets are written as who sends them (c or s), then the flags that TCP has, and behind a colon the state that
 * follows. The first opens. */
static uint8_t flags_of(const char *letters)
{
	static const struct {
		char letter;
		uint8_t flag;
	} rows[] = {{'F', 0x01}, {'S', 0x02}, {'R', 0x04}, {'P', 0x08}, {'A', 0x10}, {'U', 0x20}};
	uint8_t flags = 0;

	for (; *letters != '\0'; letters++)
		for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
			flags |= rows[i].letter == *letters ? rows[i].flag : 0;
	return flags;
}

/* "INIT", …: the type of the chunk. */
static uint8_t chunk_of(const char *name)
{
	static const char *const names[] = {"DATA", "INIT", "INIT-ACK", "SACK", "HEARTBEAT",
		"HEARTBEAT-ACK", "ABORT", "SHUTDOWN", "SHUTDOWN-ACK", "ERROR", "COOKIE-ECHO",
		"COOKIE-ACK", "ECNE", "CWR", "SHUTDOWN-COMPLETE", "AUTH"};

	for (uint8_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strcmp(names[i], name))
			return i;
	fail_msg("%s is no chunk", name);
	return 0;
}

static enum transport_event event_of(uint8_t protocol, const char *name)
{
	return protocol == IPPROTO_TCP ? transport_event_of_tcp(flags_of(name))
				       : transport_event_of_sctp(chunk_of(name));
}

/* Plays the packets of one row; `one_way`: the destination's are not seen. */
static void play(uint8_t protocol, bool one_way, const char *packets)
{
	enum transport_way client = one_way ? TRANSPORT_WAY_REQUEST_ONLY : TRANSPORT_WAY_REQUEST;
	enum transport_state state = TRANSPORT_STATE_NONE;
	char copy[256], *rest, *packet;

	snprintf(copy, sizeof(copy), "%s", packets);
	packet = strtok_r(copy, " ", &rest);
	while (packet) {
		char *wanted = strchr(packet, ':');
		enum transport_event event;

		assert_non_null(wanted);
		*wanted++ = '\0';
		event = event_of(protocol, packet + 1);
		if (state == TRANSPORT_STATE_NONE) {
			assert_true(transport_opens(protocol, event));
			state = transport_first(client, protocol);
		} else {
			state = transport_next(
				*packet == 's' ? TRANSPORT_WAY_REPLY : client, event, state);
		}
		if (strcmp(wanted, transport_state_name(state)) != 0)
			fail_msg("%s\n%s gives %s, not %s", packets, packet,
				transport_state_name(state), wanted);
		packet = strtok_r(NULL, " ", &rest);
	}
}

static void tcp_as_hosts_speak_it(void **state)
{
	(void)state;
	static const char *const rows[] = {
		/* The client closes first. */
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED cPA:ESTABLISHED sPA:ESTABLISHED "
		"cFA:CLOSE_WAIT sA:CLOSE_WAIT sPA:CLOSE_WAIT cA:CLOSE_WAIT sFA:LAST_ACK cA:CLOSE",
		/* The destination closes first. */
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED sFPA:FIN_WAIT cA:FIN_WAIT cPA:FIN_WAIT "
		"sA:FIN_WAIT cFA:TIME_WAIT sA:TIME_WAIT",
		/* Both at once: two FINs that cross, each acknowledged. */
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED cFA:CLOSE_WAIT sFA:LAST_ACK cA:CLOSE "
		"sA:CLOSE",
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED sFA:FIN_WAIT cFA:TIME_WAIT cA:TIME_WAIT "
		"sA:TIME_WAIT",
		/* Everything is lost once and sent again. */
		"cS:SYN_SENT cS:SYN_SENT sSA:SYN_RECV sSA:SYN_RECV cS:SYN_RECV sSA:SYN_RECV "
		"cA:ESTABLISHED sSA:ESTABLISHED cA:ESTABLISHED cFA:CLOSE_WAIT cFA:CLOSE_WAIT "
		"sFA:LAST_ACK sFA:LAST_ACK cFA:LAST_ACK cA:CLOSE sFA:CLOSE cA:CLOSE",
		/* The client's ACK is lost, and what comes next carries it. */
		"cS:SYN_SENT sSA:SYN_RECV cPA:ESTABLISHED",
		"cS:SYN_SENT sSA:SYN_RECV cFA:CLOSE_WAIT sFA:LAST_ACK cA:CLOSE",
		/* Data in the SYN (RFC 7413), and an answer to it before the ACK. */
		"cSP:SYN_SENT sSA:SYN_RECV sPA:SYN_RECV cA:ESTABLISHED",
		/* Refused; reset by either side. */
		"cS:SYN_SENT sRA:CLOSE",
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED sR:CLOSE",
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED cRA:CLOSE cA:CLOSE sA:CLOSE",
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED cFA:CLOSE_WAIT cRA:CLOSE",
		/* A scan that does not finish its handshake; one without a SYN's answer. */
		"cS:SYN_SENT sSA:SYN_RECV cR:CLOSE",
		"cS:SYN_SENT cR:CLOSE cS:SYN_SENT",
		/* Both open at once (RFC 9293 §3.5). */
		"cS:SYN_SENT sS:SYN_SENT cSA:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED",
		/* The port is taken again after either end. */
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED sFA:FIN_WAIT cFA:TIME_WAIT cS:SYN_SENT "
		"sSA:SYN_RECV cA:ESTABLISHED",
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED cFA:CLOSE_WAIT sFA:LAST_ACK cS:LAST_ACK "
		"sSA:SYN_RECV cA:ESTABLISHED",
		/* A client that was restarted is told so by a bare ACK, resets, and comes again. */
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED cS:ESTABLISHED sA:ESTABLISHED cR:CLOSE "
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED",
		/* Probes of a live connection: keep-alives, and what no host sends. */
		"cS:SYN_SENT sSA:SYN_RECV cA:ESTABLISHED cF:ESTABLISHED cFPU:ESTABLISHED "
		"c:ESTABLISHED "
		"cSF:ESTABLISHED cSFA:ESTABLISHED sA:ESTABLISHED",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		play(IPPROTO_TCP, false, rows[i]);
}

static void tcp_seen_from_the_client_alone(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"cS:SYN_RECV cS:SYN_RECV cA:ESTABLISHED cPA:ESTABLISHED cFA:FIN_WAIT cA:FIN_WAIT",
		/* The destination closed first: what the client answers. */
		"cS:SYN_RECV cA:ESTABLISHED cA:ESTABLISHED cFA:FIN_WAIT",
		"cS:SYN_RECV cR:CLOSE cA:CLOSE",
		"cS:SYN_RECV cA:ESTABLISHED cR:CLOSE cS:SYN_RECV cA:ESTABLISHED",
		/* The port again. */
		"cS:SYN_RECV cA:ESTABLISHED cFA:FIN_WAIT cS:SYN_RECV cA:ESTABLISHED",
		/* A forged SYN does nothing to what is established. */
		"cS:SYN_RECV cA:ESTABLISHED cS:ESTABLISHED cA:ESTABLISHED",
		/* The ACK was lost. */
		"cS:SYN_RECV cFA:FIN_WAIT cA:FIN_WAIT",
		/* What no host sends is no ACK. */
		("cS:SYN_RECV c:SYN_RECV cP:SYN_RECV cF:SYN_RECV cSF:SYN_RECV cSFA:SYN_RECV "
		 "cSA:SYN_RECV cU:SYN_RECV"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		play(IPPROTO_TCP, true, rows[i]);
}

static void sctp_as_hosts_speak_it(void **state)
{
	(void)state;
	static const char *const both[] = {
		/* Either side ends it. */
		"cINIT:INIT sINIT-ACK:INIT cCOOKIE-ECHO:COOKIE sCOOKIE-ACK:ESTABLISHED "
		"cDATA:ESTABLISHED "
		"sSACK:ESTABLISHED cHEARTBEAT:ESTABLISHED cSHUTDOWN:SHUTDOWN "
		"sSHUTDOWN-ACK:SHUTDOWN "
		"cSHUTDOWN-COMPLETE:CLOSED",
		"cINIT:INIT sINIT-ACK:INIT cCOOKIE-ECHO:COOKIE sCOOKIE-ACK:ESTABLISHED "
		"sSHUTDOWN:SHUTDOWN "
		"cSACK:SHUTDOWN cSHUTDOWN-ACK:SHUTDOWN sSHUTDOWN-COMPLETE:CLOSED cINIT:INIT",
		/* Lost and sent again. */
		"cINIT:INIT cINIT:INIT sINIT-ACK:INIT sINIT-ACK:INIT cCOOKIE-ECHO:COOKIE "
		"cCOOKIE-ECHO:COOKIE cINIT:COOKIE sCOOKIE-ACK:ESTABLISHED cCOOKIE-ECHO:ESTABLISHED "
		"sCOOKIE-ACK:ESTABLISHED cINIT:ESTABLISHED sINIT-ACK:ESTABLISHED",
		/* Refused, and aborted. */
		"cINIT:INIT sABORT:CLOSED",
		"cINIT:INIT sINIT-ACK:INIT cCOOKIE-ECHO:COOKIE sERROR:COOKIE cABORT:CLOSED "
		"cDATA:CLOSED",
		/* The client takes its port again, and the destination has forgotten. */
		"cINIT:INIT sINIT-ACK:INIT cCOOKIE-ECHO:COOKIE sCOOKIE-ACK:ESTABLISHED "
		"cSHUTDOWN:SHUTDOWN "
		"cINIT:SHUTDOWN sINIT-ACK:INIT cCOOKIE-ECHO:COOKIE sCOOKIE-ACK:ESTABLISHED",
		/* Authenticated (RFC 4895): the destination's first chunk in clear says it. */
		"cINIT:INIT sINIT-ACK:INIT cAUTH:INIT sCOOKIE-ACK:ESTABLISHED",
		/* Nothing that the client sends makes up for the destination's word. */
		"cINIT:INIT cDATA:INIT cSHUTDOWN:INIT cCOOKIE-ACK:COOKIE cDATA:COOKIE cSACK:COOKIE "
		"cSHUTDOWN-COMPLETE:COOKIE cCOOKIE-ECHO:COOKIE",
	};
	static const char *const one_way[] = {
		"cINIT:INIT cCOOKIE-ECHO:COOKIE cDATA:ESTABLISHED cSHUTDOWN:SHUTDOWN "
		"cSHUTDOWN-COMPLETE:CLOSED cINIT:INIT",
		"cINIT:INIT cCOOKIE-ECHO:COOKIE cSACK:ESTABLISHED cSHUTDOWN-ACK:SHUTDOWN "
		"cINIT:INIT",
		"cINIT:INIT cDATA:INIT cSACK:INIT cABORT:CLOSED",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(both); i++)
		play(IPPROTO_SCTP, false, both[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(one_way); i++)
		play(IPPROTO_SCTP, true, one_way[i]);
}

/* All states that packets of these events, in any order and number, lead to from `from`. */
static unsigned int reach(enum transport_way way, unsigned int events, enum transport_state from)
{
	unsigned int reached = BIT(from), before;

	do {
		before = reached;
		for (int event = 0; event < TRANSPORT_EVENT_COUNT; event++)
			for (int at = 0; at < TRANSPORT_STATE_COUNT; at++)
				if ((events & BIT(event)) && (reached & BIT(at)))
					reached |= BIT(transport_next(way, event, at));
	} while (reached != before);
	return reached;
}

static void a_flood_establishes_nothing(void **state)
{
	(void)state;
	const unsigned int all = BIT(TRANSPORT_EVENT_COUNT) - 1,
			   but_ack = all & ~BIT(TRANSPORT_EVENT_OTHER);

	/* Whatever clients send to a destination that is silent stays half-open, or is closed. */
	assert_int_equal(reach(TRANSPORT_WAY_REQUEST, all, TRANSPORT_STATE_TCP_SYN_SENT),
		TCP(SYN_SENT) | TCP(CLOSE));
	assert_int_equal(reach(TRANSPORT_WAY_REQUEST, all, TRANSPORT_STATE_SCTP_INIT),
		SCTP_OPENING | SCTP(CLOSED));
	/* To one that answers: whatever they send but the ACK. */
	assert_false(reach(TRANSPORT_WAY_REQUEST, but_ack, TRANSPORT_STATE_TCP_SYN_RECEIVED) &
		     TCP(ESTABLISHED));
	assert_false(reach(TRANSPORT_WAY_REQUEST_ONLY, but_ack, TRANSPORT_STATE_TCP_SYN_RECEIVED) &
		     TCP(ESTABLISHED));
	assert_true(reach(TRANSPORT_WAY_REQUEST, all, TRANSPORT_STATE_TCP_SYN_RECEIVED) &
		    TCP(ESTABLISHED));
	/* And the destination alone, which may be flooded to say anything, establishes no TCP. */
	assert_false(
		reach(TRANSPORT_WAY_REPLY, all, TRANSPORT_STATE_TCP_SYN_SENT) & TCP(ESTABLISHED));
}

static void datagrams(void **state)
{
	(void)state;
	static const uint8_t protocols[] = {IPPROTO_ICMP, IPPROTO_ICMPV6};

	assert_int_equal(transport_first(TRANSPORT_WAY_REQUEST, IPPROTO_UDP), TRANSPORT_STATE_UDP);
	assert_int_equal(
		transport_first(TRANSPORT_WAY_REQUEST_ONLY, IPPROTO_UDP), TRANSPORT_STATE_UDP);
	assert_true(transport_opens(IPPROTO_UDP, TRANSPORT_EVENT_OTHER));
	for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++) {
		assert_int_equal(
			transport_first(TRANSPORT_WAY_REQUEST, protocols[i]), TRANSPORT_STATE_ICMP);
		assert_true(transport_opens(protocols[i], TRANSPORT_EVENT_OTHER));
	}
	assert_int_equal(transport_first(TRANSPORT_WAY_REQUEST, IPPROTO_GRE), TRANSPORT_STATE_NONE);
	assert_false(transport_opens(IPPROTO_GRE, TRANSPORT_EVENT_OTHER));
}

/* Of all flags: only the four count, and each combination means one thing. */
static void every_flag_byte_of_tcp(void **state)
{
	(void)state;
	for (unsigned int flags = 0; flags < 256; flags++) {
		bool fin = flags & 0x01, syn = flags & 0x02, reset = flags & 0x04,
		     ack = flags & 0x10;
		enum transport_event event = transport_event_of_tcp((uint8_t)flags);

		assert_int_equal(event == TRANSPORT_EVENT_RESET, reset);
		assert_int_equal(event == TRANSPORT_EVENT_OPEN, !reset && syn && !ack && !fin);
		assert_int_equal(event == TRANSPORT_EVENT_OPEN_ACK, !reset && syn && ack && !fin);
		assert_int_equal(event == TRANSPORT_EVENT_FINISH, !reset && !syn && ack && fin);
		assert_int_equal(event == TRANSPORT_EVENT_OTHER, !reset && !syn && ack && !fin);
		assert_int_equal(
			event == TRANSPORT_EVENT_VOID, !reset && ((syn && fin) || (!syn && !ack)));
		assert_int_equal(
			transport_opens(IPPROTO_TCP, event), event == TRANSPORT_EVENT_OPEN);
	}
}

static void every_chunk_of_sctp(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum transport_event event;
	} rows[] = {
		{"INIT", TRANSPORT_EVENT_OPEN},
		{"INIT-ACK", TRANSPORT_EVENT_OPEN_ACK},
		{"ABORT", TRANSPORT_EVENT_RESET},
		{"SHUTDOWN", TRANSPORT_EVENT_FINISH},
		{"SHUTDOWN-ACK", TRANSPORT_EVENT_FINISH},
		{"COOKIE-ECHO", TRANSPORT_EVENT_COOKIE},
		{"COOKIE-ACK", TRANSPORT_EVENT_COOKIE},
		{"SHUTDOWN-COMPLETE", TRANSPORT_EVENT_FINISHED},
	};

	for (unsigned int type = 0; type < 256; type++) {
		enum transport_event wanted = TRANSPORT_EVENT_OTHER;

		for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
			if (chunk_of(rows[i].name) == type)
				wanted = rows[i].event;
		assert_int_equal(transport_event_of_sctp((uint8_t)type), wanted);
		assert_int_equal(transport_opens(IPPROTO_SCTP, wanted), type == 1);
	}
}

static void states_have_names_times_and_a_count(void **state)
{
	(void)state;
	static const struct {
		enum transport_state state;
		const char *name;
		uint32_t seconds;
		bool active, half_open;
	} rows[] = {
		{TRANSPORT_STATE_NONE, "NONE", 2, false, false},
		{TRANSPORT_STATE_TCP_SYN_SENT, "SYN_SENT", 120, true, true},
		{TRANSPORT_STATE_TCP_SYN_RECEIVED, "SYN_RECV", 60, true, true},
		{TRANSPORT_STATE_TCP_ESTABLISHED, "ESTABLISHED", 900, true, false},
		{TRANSPORT_STATE_TCP_FIN_WAIT, "FIN_WAIT", 120, false, false},
		{TRANSPORT_STATE_TCP_TIME_WAIT, "TIME_WAIT", 120, false, false},
		{TRANSPORT_STATE_TCP_CLOSE, "CLOSE", 10, false, false},
		{TRANSPORT_STATE_TCP_CLOSE_WAIT, "CLOSE_WAIT", 60, false, false},
		{TRANSPORT_STATE_TCP_LAST_ACK, "LAST_ACK", 30, false, false},
		{TRANSPORT_STATE_SCTP_INIT, "INIT", 61, false, true},
		{TRANSPORT_STATE_SCTP_COOKIE, "COOKIE", 61, false, true},
		{TRANSPORT_STATE_SCTP_ESTABLISHED, "ESTABLISHED", 900, true, false},
		{TRANSPORT_STATE_SCTP_SHUTDOWN, "SHUTDOWN", 61, false, false},
		{TRANSPORT_STATE_SCTP_CLOSED, "CLOSED", 61, false, false},
		{TRANSPORT_STATE_UDP, "UDP", 300, false, false},
		{TRANSPORT_STATE_UDP_REPLIED, "UDP", 300, false, false},
		{TRANSPORT_STATE_ICMP, "ICMP", 30, false, false},
	};

	_Static_assert(ARRAY_LENGTH(rows) == TRANSPORT_STATE_COUNT, "all states");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		assert_int_equal(rows[i].state, i);
		assert_string_equal(transport_state_name(rows[i].state), rows[i].name);
		assert_int_equal(transport_timeouts_default.ticks[i],
			rows[i].seconds * EXPIRY_TICKS_PER_SECOND);
		assert_int_equal(transport_is_active(rows[i].state), rows[i].active);
		assert_int_equal(transport_is_half_open(rows[i].state), rows[i].half_open);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_as_the_list_has_it),
		cmocka_unit_test(tcp_as_hosts_speak_it),
		cmocka_unit_test(tcp_seen_from_the_client_alone),
		cmocka_unit_test(sctp_as_hosts_speak_it),
		cmocka_unit_test(a_flood_establishes_nothing),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(every_flag_byte_of_tcp),
		cmocka_unit_test(every_chunk_of_sctp),
		cmocka_unit_test(states_have_names_times_and_a_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
