// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets of net_af_packet: what the kernel counts of them, and the driver never asks.
 *
 * A frame that comes while a socket's ring is full is lost there: nobody took those before it in time, or
 * there was no buffer to take them into. Any thread. */
#pragma once

#include <stdint.h>

/* A socket of the driver's, bound to its interface. */
void packet_sockets_add(int fd);
/* Before those of this interface (its index) are closed. */
void packet_sockets_forget(unsigned int interface);

/* Frames that were lost at the sockets of this interface since they were added; 0 where there are none. */
uint64_t packet_sockets_lost(unsigned int interface);
