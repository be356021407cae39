// SPDX-License-Identifier: GPL-2.0-or-later
/* The exception port: the kernel's end of a port, for what is not the balancer's.
 *
 * It is a TAP interface with the port's link address and MTU. What is written to it the kernel receives,
 * what the kernel sends by it is read. It has no carrier until somebody says so, so that no router speaks
 * for addresses that nothing balances yet. One that was there before (ip tuntap add) stays, with its
 * addresses, when it is closed; one that was made here goes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct exception;

/* The interface of this name, up, without carrier. -errno with words. */
int exception_open(struct exception **ret, const char *name, const uint8_t link[static 6],
	uint16_t mtu, struct error *error);
/* NULL is allowed; returns NULL. */
struct exception *exception_close(struct exception *exception);

/* To be waited for; it does not block. */
int exception_fd(const struct exception *exception);
/* From any thread. */
int exception_set_carrier(struct exception *exception, bool up);

/* A frame that the kernel sends, without a tag; 0 when there is none. */
size_t exception_read(struct exception *exception, uint8_t *to, size_t room);
/* A frame that the kernel receives. False: it did not take it. */
bool exception_write(struct exception *exception, const uint8_t *frame, size_t length);
