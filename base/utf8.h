// SPDX-License-Identifier: GPL-2.0-or-later
/* UTF-8 as who reads or shows foreign text needs it: is it well-formed, how long is a character, may it be shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the well-formed character at `text`, 1 to 4; 0 when there is none before `end`
 * (overlong forms, surrogates and what lies past U+10FFFF are not well-formed). */
size_t utf8_length(const char *text, const char *end);

/* The code point of a well-formed character of `length` bytes. */
uint32_t utf8_decode(const char *text, size_t length);

/* The bytes of the line break at `text`, 0 when none stands there: CR LF, CR, LF, NEL, LS, PS. */
size_t utf8_break(const char *text, const char *end);

/* Whether a code point moves no cursor, reorders no text and is not invisible: control characters,
 * bidirectional overrides and byte order marks are not printable. A tab is not. */
bool utf8_is_printable(uint32_t code);

/* Whether a byte continues a character. */
static inline bool utf8_is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}
