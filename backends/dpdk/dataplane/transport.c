// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a connection as one table, [way][event][state]: each row is an event, each column the
 * state that it is met in, each cell the state after it. Connections of TCP are in the columns SS to LA,
 * those of SCTP in IN to SC; no cell leads from one of them to the other. What a state has no use for
 * leaves it as it is. The names are IPVS's, and so is what they tell of: the destination's own
 * state. CLOSE_WAIT is a client that has closed, FIN_WAIT a destination that has.
 *
 * Seen both ways (REQUEST, REPLY: `nat`), TCP is the handshake of RFC 9293 §3.5: the client's SYN
 * (SYN_SENT), the destination's SYN and ACK (SYN_RECV), the client's ACK. Before the destination has
 * spoken no packet of the client's moves a connection on, and after it only an ACK establishes it: a
 * flood of SYNs followed by whatever else stays half-open, to be forgotten after a minute or to make
 * room for others. Who opens from both sides comes by the same states.
 *
 * Seen from the client alone (REQUEST_ONLY: `direct`, `tunnel`), a SYN is SYN_RECV at once, as IPVS
 * shows it, and the client's ACK is believed. The client's FIN is FIN_WAIT there, for what the
 * destination still sends is acknowledged by packets that go on keeping the flow; then the destination's
 * FIN is never seen, so a new SYN opens the connection again from there too.
 *
 * Closed by one side and then by the other, a connection waits as the destination's end does:
 * TIME_WAIT where the destination closed first, LAST_ACK where the client did, or both at once. A SYN
 * from a client that takes the same port again opens anew from TIME_WAIT and CLOSE. From CLOSE_WAIT,
 * FIN_WAIT and LAST_ACK, where it may be anybody's forgery, it does so when the destination answers
 * with SYN and ACK.
 *
 * RST closes at once, for sequence numbers are not followed: a forged one has the connection forgotten
 * ten seconds after its last packet, no sooner.
 *
 * SCTP (RFC 9260 §4) is established by the destination's COOKIE ACK, which answers only a cookie that
 * it has made itself; where that is not seen, by what the client sends after COOKIE ECHO. An AUTH chunk
 * (RFC 4895) hides what stands behind it; such an association may stay half-open in name, and its
 * packets keep it. */
#include "backends/dpdk/dataplane/transport.h"

#include <netinet/in.h>
#include <stddef.h>

#include "backends/dpdk/dataplane/expiry.h"
#include "base/macros.h"

#define NO TRANSPORT_STATE_NONE
#define SS TRANSPORT_STATE_TCP_SYN_SENT
#define SR TRANSPORT_STATE_TCP_SYN_RECEIVED
#define ES TRANSPORT_STATE_TCP_ESTABLISHED
#define FW TRANSPORT_STATE_TCP_FIN_WAIT
#define TW TRANSPORT_STATE_TCP_TIME_WAIT
#define CL TRANSPORT_STATE_TCP_CLOSE
#define CW TRANSPORT_STATE_TCP_CLOSE_WAIT
#define LA TRANSPORT_STATE_TCP_LAST_ACK
#define IN TRANSPORT_STATE_SCTP_INIT
#define CO TRANSPORT_STATE_SCTP_COOKIE
#define SE TRANSPORT_STATE_SCTP_ESTABLISHED
#define SH TRANSPORT_STATE_SCTP_SHUTDOWN
#define SC TRANSPORT_STATE_SCTP_CLOSED
#define UD TRANSPORT_STATE_UDP
#define UR TRANSPORT_STATE_UDP_REPLIED
#define IC TRANSPORT_STATE_ICMP

/* clang-format off */
const uint8_t transport_table[TRANSPORT_WAY_COUNT][TRANSPORT_EVENT_COUNT][TRANSPORT_STATE_COUNT] = {
[TRANSPORT_WAY_REQUEST] = {
	/* in                         NO   SS SR ES FW TW CL CW LA   IN CO SE SH SC   UD UR IC */
	[TRANSPORT_EVENT_OTHER] =    {NO,  SS,ES,ES,FW,TW,CL,CW,CL,  IN,CO,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_OPEN] =     {NO,  SS,SR,ES,FW,SS,SS,CW,LA,  IN,CO,SE,SH,IN,  UD,UR,IC},
	[TRANSPORT_EVENT_OPEN_ACK] = {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_COOKIE] =   {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  CO,CO,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_FINISH] =   {NO,  SS,CW,CW,TW,TW,CL,CW,LA,  IN,CO,SH,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_FINISHED] = {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SC,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_RESET] =    {NO,  CL,CL,CL,CL,CL,CL,CL,CL,  SC,SC,SC,SC,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_VOID] =     {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SH,SC,  UD,UR,IC},
},
[TRANSPORT_WAY_REPLY] = {
	/* in                         NO   SS SR ES FW TW CL CW LA   IN CO SE SH SC   UD UR IC */
	[TRANSPORT_EVENT_OTHER] =    {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SH,SC,  UR,UR,IC},
	[TRANSPORT_EVENT_OPEN] =     {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_OPEN_ACK] = {NO,  SR,SR,ES,SR,SR,SR,SR,SR,  IN,CO,SE,IN,IN,  UD,UR,IC},
	[TRANSPORT_EVENT_COOKIE] =   {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  SE,SE,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_FINISH] =   {NO,  SS,FW,FW,FW,TW,CL,LA,LA,  IN,CO,SH,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_FINISHED] = {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SC,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_RESET] =    {NO,  CL,CL,CL,CL,CL,CL,CL,CL,  SC,SC,SC,SC,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_VOID] =     {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SH,SC,  UD,UR,IC},
},
[TRANSPORT_WAY_REQUEST_ONLY] = {
	/* in                         NO   SS SR ES FW TW CL CW LA   IN CO SE SH SC   UD UR IC */
	[TRANSPORT_EVENT_OTHER] =    {NO,  ES,ES,ES,FW,TW,CL,CW,CL,  IN,SE,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_OPEN] =     {NO,  SR,SR,ES,SR,SR,SR,SR,SR,  IN,CO,SE,IN,IN,  UD,UR,IC},
	[TRANSPORT_EVENT_OPEN_ACK] = {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_COOKIE] =   {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  CO,CO,SE,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_FINISH] =   {NO,  FW,FW,FW,FW,TW,CL,CW,LA,  IN,CO,SH,SH,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_FINISHED] = {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SC,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_RESET] =    {NO,  CL,CL,CL,CL,CL,CL,CL,CL,  SC,SC,SC,SC,SC,  UD,UR,IC},
	[TRANSPORT_EVENT_VOID] =     {NO,  SS,SR,ES,FW,TW,CL,CW,LA,  IN,CO,SE,SH,SC,  UD,UR,IC},
},
};
/* clang-format on */

#define SECONDS(count) ((count)*EXPIRY_TICKS_PER_SECOND)
#define MINUTES(count) SECONDS(60 * (count))

/* As net/netfilter/ipvs has them: of SCTP all but ESTABLISHED is the longest time between two attempts
 * (RTO.Max of RFC 9260, and a second). Queries of ICMP, which IPVS does not balance, have what a ping
 * in a second's beat needs. */
const struct transport_timeouts transport_timeouts_default = {
	.ticks =
		{
			[NO] = SECONDS(2),
			[SS] = MINUTES(2),
			[SR] = MINUTES(1),
			[ES] = MINUTES(15),
			[FW] = MINUTES(2),
			[TW] = MINUTES(2),
			[CL] = SECONDS(10),
			[CW] = MINUTES(1),
			[LA] = SECONDS(30),
			[IN] = SECONDS(61),
			[CO] = SECONDS(61),
			[SE] = MINUTES(15),
			[SH] = SECONDS(61),
			[SC] = SECONDS(61),
			[UD] = MINUTES(5),
			[UR] = MINUTES(5),
			[IC] = SECONDS(30),
		},
};

/* Active is what IPVS counts so: a handshake under way, and what is established. */
static const struct transport_row {
	const char *name;
	bool active, half_open;
} transport_rows[TRANSPORT_STATE_COUNT] = {
	[NO] = {"NONE", false, false},
	[SS] = {"SYN_SENT", true, true},
	[SR] = {"SYN_RECV", true, true},
	[ES] = {"ESTABLISHED", true, false},
	[FW] = {"FIN_WAIT", false, false},
	[TW] = {"TIME_WAIT", false, false},
	[CL] = {"CLOSE", false, false},
	[CW] = {"CLOSE_WAIT", false, false},
	[LA] = {"LAST_ACK", false, false},
	[IN] = {"INIT", false, true},
	[CO] = {"COOKIE", false, true},
	[SE] = {"ESTABLISHED", true, false},
	[SH] = {"SHUTDOWN", false, false},
	[SC] = {"CLOSED", false, false},
	[UD] = {"UDP", false, false},
	[UR] = {"UDP", false, false},
	[IC] = {"ICMP", false, false},
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* RST alone may come without ACK, in answer to one. */
enum transport_event transport_event_of_tcp(uint8_t flags)
{
	if (flags & TCP_RST)
		return TRANSPORT_EVENT_RESET;
	switch (flags & (TCP_SYN | TCP_ACK | TCP_FIN)) {
	case TCP_SYN:
		return TRANSPORT_EVENT_OPEN;
	case TCP_SYN | TCP_ACK:
		return TRANSPORT_EVENT_OPEN_ACK;
	case TCP_FIN | TCP_ACK:
		return TRANSPORT_EVENT_FINISH;
	case TCP_ACK:
		return TRANSPORT_EVENT_OTHER;
	default:
		return TRANSPORT_EVENT_VOID;
	}
}

/* RFC 9260 §3.2. */
enum transport_event transport_event_of_sctp(uint8_t chunk_type)
{
	static const uint8_t events[] = {
		[1] = TRANSPORT_EVENT_OPEN,      /* INIT */
		[2] = TRANSPORT_EVENT_OPEN_ACK,  /* INIT ACK */
		[6] = TRANSPORT_EVENT_RESET,     /* ABORT */
		[7] = TRANSPORT_EVENT_FINISH,    /* SHUTDOWN */
		[8] = TRANSPORT_EVENT_FINISH,    /* SHUTDOWN ACK */
		[10] = TRANSPORT_EVENT_COOKIE,   /* COOKIE ECHO */
		[11] = TRANSPORT_EVENT_COOKIE,   /* COOKIE ACK */
		[14] = TRANSPORT_EVENT_FINISHED, /* SHUTDOWN COMPLETE */
	};

	_Static_assert(TRANSPORT_EVENT_OTHER == 0, "what the table leaves out is OTHER");
	return chunk_type < ARRAY_LENGTH(events) ? (enum transport_event)events[chunk_type]
						 : TRANSPORT_EVENT_OTHER;
}

bool transport_opens(uint8_t protocol, enum transport_event event)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_SCTP:
		return event == TRANSPORT_EVENT_OPEN;
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return true;
	default:
		return false;
	}
}

enum transport_state transport_first(enum transport_way way, uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return way == TRANSPORT_WAY_REQUEST_ONLY ? SR : SS;
	case IPPROTO_SCTP:
		return IN;
	case IPPROTO_UDP:
		return UD;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return IC;
	default:
		return NO;
	}
}

bool transport_is_active(enum transport_state state)
{
	return transport_rows[state].active;
}

bool transport_is_half_open(enum transport_state state)
{
	return transport_rows[state].half_open;
}

const char *transport_state_name(enum transport_state state)
{
	return transport_rows[state].name;
}
