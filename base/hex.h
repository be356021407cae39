// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes as people write them: "00ff 7a". */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Pairs of hexadecimal digits, with blanks between pairs, into at most `most` bytes. With `masks` a digit may be `x`, which is any:
 * its bits are 0 in the byte and in its mask, all others of a mask are 1. The number of bytes; -EINVAL: it is nothing of
 * the kind, or empty; -E2BIG. */
ssize_t hex_parse(const char *text, uint8_t *bytes, uint8_t *masks, size_t most);

/* Two digits a byte, in lower case, into `text` of 2 * count + 1; returns it. */
char *hex_format(const uint8_t *bytes, size_t count, char *text);
