// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the kernel from putting IPv4 fragments together before net_af_packet sees them, and learns which
 * sockets are that driver's.
 *
 * That driver makes its sockets a fan-out group with PACKET_FANOUT_FLAG_DEFRAG, and no argument of it says
 * otherwise. The kernel then delivers whole packets, cut off at the length of the driver's frames: what was
 * longer is lost. The forwarder puts fragments together itself, whatever they come by, so the flag is taken
 * off on its way to the kernel: this function stands before the C library's for the program and all that
 * it loads. Everything else passes as it is. Its sockets are bound by then. */
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/dpdk/dataplane/packet_sockets.h"

/* The upper half of the option's value: a kind, and flags. */
#define FANOUT_DEFRAG ((uint32_t)PACKET_FANOUT_FLAG_DEFRAG << 16)

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	bool joins = level == SOL_PACKET && name == PACKET_FANOUT && size == sizeof(uint32_t);
	uint32_t group;
	int r;

	if (joins) {
		memcpy(&group, value, sizeof(group));
		group &= ~FANOUT_DEFRAG;
		value = &group;
	}
	r = (int)syscall(SYS_setsockopt, fd, level, name, value, size);
	if (joins && r == 0)
		packet_sockets_add(fd);
	return r;
}
