// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of the reasons. */

#include "backends/dpdk/dataplane/drop.h"

#include <stddef.h>

static const char *const names[DROP_REASON_COUNT] = {
	[DROP_REASON_SEGMENTS] = "segments",
	[DROP_REASON_OTHER_HOST] = "other-host",
	[DROP_REASON_NO_SERVICE] = "no-service",
	[DROP_REASON_NOT_OPENING] = "not-opening",
	[DROP_REASON_NO_DESTINATION] = "no-destination",
	[DROP_REASON_GONE] = "gone",
	[DROP_REASON_TABLE_FULL] = "table-full",
	[DROP_REASON_TTL] = "ttl",
	[DROP_REASON_TOO_BIG] = "too-big",
	[DROP_REASON_NO_ROUTE] = "no-route",
	[DROP_REASON_NO_NEIGHBOUR] = "no-neighbour",
	[DROP_REASON_FRAGMENTS] = "fragments",
	[DROP_REASON_ICMP_UNKNOWN] = "icmp-unknown",
	[DROP_REASON_RATE] = "rate",
	[DROP_REASON_HANDOVER_FULL] = "handover-full",
	[DROP_REASON_ATTENDANT_FULL] = "attendant-full",
	[DROP_REASON_TRANSMIT_FULL] = "transmit-full",
	[DROP_REASON_NO_BUFFER] = "no-buffer",
};

const char *drop_reason_name(unsigned int reason)
{
	if (reason < PACKET_REASON_COUNT)
		return packet_reason_name((enum packet_reason)reason);
	return reason < DROP_REASON_COUNT ? names[reason] : NULL;
}
