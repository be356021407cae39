// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a packet was not forwarded: each that is dropped is counted under one of these, by whoever drops
 * it. Pure; the names are those that `poise status` and telemetry show. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/packet.h"

/* The first of them are those of enum packet_reason (0: none, never counted). */
enum drop_reason {
	DROP_REASON_SEGMENTS = PACKET_REASON_COUNT, /* in pieces of memory: longer than the MTU */
	DROP_REASON_OTHER_HOST,                     /* sent to another link address */
	DROP_REASON_NO_SERVICE,     /* nobody's, and no exception port to give it to */
	DROP_REASON_NOT_OPENING,    /* of no connection, and it cannot begin one */
	DROP_REASON_NO_DESTINATION, /* the scheduler has none that takes it */
	DROP_REASON_GONE,           /* its connection's destination was deleted */
	DROP_REASON_TABLE_FULL,
	DROP_REASON_TTL,
	DROP_REASON_TOO_BIG, /* for the next link, and not to be fragmented */
	DROP_REASON_NO_ROUTE,
	DROP_REASON_NO_NEIGHBOUR,   /* the next hop does not answer */
	DROP_REASON_FRAGMENTS,      /* refused, too many, or not all came in time */
	DROP_REASON_ICMP_UNKNOWN,   /* an error about no known connection */
	DROP_REASON_RATE,           /* more errors than are answered */
	DROP_REASON_HANDOVER_FULL,  /* the owning worker is behind */
	DROP_REASON_ATTENDANT_FULL, /* the attendant is behind */
	DROP_REASON_TRANSMIT_FULL,  /* the port did not take it */
	DROP_REASON_NO_BUFFER,      /* the pool of packets is empty */
	DROP_REASON_COUNT,
};

/* "no-service", "header-checksum"; NULL past the end. */
const char *drop_reason_name(unsigned int reason);

/* A counter that one thread writes and others read: no locked instruction. */
static inline void count_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}
