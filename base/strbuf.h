// SPDX-License-Identifier: GPL-2.0-or-later
/* A string that grows: what every printer (plan text, YAML, errors) writes into. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Starts zeroed. `text` is NUL-terminated once anything was added, NULL before. */
struct strbuf {
	char *text;
	size_t length;
	size_t capacity;
};

void strbuf_add(struct strbuf *buffer, const char *text);
void strbuf_add_bytes(struct strbuf *buffer, const char *bytes, size_t length);
void strbuf_add_char(struct strbuf *buffer, char character);
void strbuf_add_number(struct strbuf *buffer, uint64_t number); /* in decimal */
void strbuf_printf(struct strbuf *buffer, const char *format, ...) _printf_(2, 3);
void strbuf_vprintf(struct strbuf *buffer, const char *format, va_list arguments) _printf_(2, 0);

/* Foreign text for a terminal: a character out for each one in, a tab as a blank, what must not be shown as `instead`. */
void strbuf_add_printable(struct strbuf *buffer, const char *text, const char *instead);

/* Hands the string to the caller ("" when nothing was added) and leaves the buffer empty. */
char *strbuf_take(struct strbuf *buffer);

void strbuf_clear(struct strbuf *buffer);

#define _cleanup_strbuf_ _cleanup_(strbuf_clear)
