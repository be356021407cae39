// SPDX-License-Identifier: GPL-2.0-or-later
/* What a connection's packets say of its life: states of TCP, SCTP, UDP and ICMP, as one table.
 *
 * Pure. `direct` and `tunnel` show the balancer only what clients send, so TCP and SCTP have a second
 * table for that. The names of the states and their time-outs are those of IPVS
 * (net/netfilter/ipvs/ip_vs_proto_tcp.c), which operators know; `dpdk: {timeouts}` sets them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum transport_state {
	TRANSPORT_STATE_NONE,
	TRANSPORT_STATE_TCP_SYN_SENT,
	TRANSPORT_STATE_TCP_SYN_RECEIVED,
	TRANSPORT_STATE_TCP_ESTABLISHED,
	TRANSPORT_STATE_TCP_FIN_WAIT,
	TRANSPORT_STATE_TCP_TIME_WAIT,
	TRANSPORT_STATE_TCP_CLOSE,
	TRANSPORT_STATE_TCP_CLOSE_WAIT,
	TRANSPORT_STATE_TCP_LAST_ACK,
	TRANSPORT_STATE_SCTP_INIT,
	TRANSPORT_STATE_SCTP_COOKIE,
	TRANSPORT_STATE_SCTP_ESTABLISHED,
	TRANSPORT_STATE_SCTP_SHUTDOWN,
	TRANSPORT_STATE_SCTP_CLOSED,
	TRANSPORT_STATE_UDP, /* nothing came back yet, or never can */
	TRANSPORT_STATE_UDP_REPLIED,
	TRANSPORT_STATE_ICMP,
	TRANSPORT_STATE_COUNT,
};

/* What a packet means for its connection. */
enum transport_event {
	TRANSPORT_EVENT_OTHER,    /* TCP with ACK and no more; a datagram; a chunk of data */
	TRANSPORT_EVENT_OPEN,     /* SYN; INIT */
	TRANSPORT_EVENT_OPEN_ACK, /* SYN and ACK; INIT ACK */
	TRANSPORT_EVENT_COOKIE,   /* SCTP: COOKIE ECHO or COOKIE ACK */
	TRANSPORT_EVENT_FINISH,   /* FIN; SHUTDOWN, SHUTDOWN ACK */
	TRANSPORT_EVENT_FINISHED, /* SCTP: SHUTDOWN COMPLETE */
	TRANSPORT_EVENT_RESET,    /* RST; ABORT */
	TRANSPORT_EVENT_VOID, /* TCP as no host sends it, without ACK or with SYN and FIN: says nothing */
	TRANSPORT_EVENT_COUNT,
};

enum transport_way {
	TRANSPORT_WAY_REQUEST,      /* from the client, both ways are seen */
	TRANSPORT_WAY_REPLY,        /* to the client */
	TRANSPORT_WAY_REQUEST_ONLY, /* from the client, replies pass us by */
	TRANSPORT_WAY_COUNT,
};

/* Ticks (expiry.h) for each state; what `dpdk: {timeouts}` sets. */
struct transport_timeouts {
	uint32_t ticks[TRANSPORT_STATE_COUNT];
};

/* The defaults. */
extern const struct transport_timeouts transport_timeouts_default;

/* Of a TCP header's flags byte. */
enum transport_event transport_event_of_tcp(uint8_t flags);
/* Of the type of the first chunk of an SCTP packet. */
enum transport_event transport_event_of_sctp(uint8_t chunk_type);

/* Whether a packet that belongs to no connection may make one: SYN without ACK, INIT, any datagram. */
bool transport_opens(uint8_t protocol, enum transport_event event);

/* The state of a new connection of this protocol, whose replies are seen (REQUEST) or not
 * (REQUEST_ONLY). */
enum transport_state transport_first(enum transport_way way, uint8_t protocol);

/* The state after `event`. */
extern const uint8_t transport_table[TRANSPORT_WAY_COUNT][TRANSPORT_EVENT_COUNT]
				    [TRANSPORT_STATE_COUNT];

static inline enum transport_state transport_next(
	enum transport_way way, enum transport_event event, enum transport_state state)
{
	return (enum transport_state)transport_table[way][event][state];
}

/* Whether connections of this state count as active (IPVS: ActiveConn), rather than inactive. */
bool transport_is_active(enum transport_state state);
/* Whether the handshake is not over: what goes first when the table is full. */
bool transport_is_half_open(enum transport_state state);

/* Words: "SYN_RECV", "ESTABLISHED", "UDP", as ipvsadm -Lnc has them. */
const char *transport_state_name(enum transport_state state);
