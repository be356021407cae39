// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of all kinds that the data plane tells apart, as bytes that another program made. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FRAME_MOST 2048

struct frame {
	const char *name;
	const char *hex;
};

extern const struct frame frames[];
extern const size_t frame_count;

/* Ends the program when there is none of this name. */
const struct frame *frame_find(const char *name);

/* Bytes of hexadecimal digits; how many. */
size_t frame_bytes(const char *hex, uint8_t bytes[FRAME_MOST]);
