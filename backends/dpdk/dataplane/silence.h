// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's interface under a virtual port (net_af_packet, net_af_xdp) is made to hold its tongue.
 *
 * Such a device gives the forwarder copies of frames; the kernel would go on receiving the originals, and
 * answer them. So what comes in is dropped right behind the copy, by nf_tables, and IPv6, which would
 * speak by itself, is turned off. Both end with silence_end(); the filter even when the process is killed.
 *
 * IPv4 addresses of the interface are left alone, but useless: the caller is told of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct silence;

/* The interface under a DPDK device text; false: there is none. */
bool silence_interface(const char *device, char *name, size_t size);

/* -errno with words, and nothing has changed. *addressed: it has an IPv4 address. */
int silence_begin(
	struct silence **ret, const char *interface, bool *addressed, struct error *error);
/* NULL is allowed; returns NULL. */
struct silence *silence_end(struct silence *silence);
