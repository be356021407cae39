// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers and quantities of the file format, in and out of text: `30s`, `1h30m`, `1400B`, `50%`.
 *
 * A quantity never goes without its unit. Every value has one canonical text, which parses to the
 * same value. */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"
#include "model/state.h"

#define UNITS_MILLISECOND UINT64_C(1000000)
#define UNITS_CENTISECOND (10 * UNITS_MILLISECOND)
#define UNITS_SECOND      (1000 * UNITS_MILLISECOND)
#define UNITS_MINUTE      (60 * UNITS_SECOND)
#define UNITS_HOUR        (60 * UNITS_MINUTE)
#define UNITS_DAY         (24 * UNITS_HOUR)

/* What a parser gives beside 0: -EINVAL when the text is none of its kind, -ENODATA when it is a
 * bare number without the unit that it needs, -ERANGE when it does not fit. *ret is untouched
 * then. */

/* Decimal digits without sign or leading zero. Never -ENODATA. */
int units_parse_number(const char *text, uint64_t *ret);

/* A duration in nanoseconds: numbers with ms, s, m, h or d, the larger units first, each at most
 * once. */
int units_parse_duration(const char *text, uint64_t *ret);

/* A size in bytes: a number with B, KiB, MiB or GiB. */
int units_parse_size(const char *text, uint64_t *ret);

/* A number with %, 0 to 100. */
int units_parse_percent(const char *text, uint64_t *ret);

/* The value of a sysctl: an int, two of them ("3 50"), or a list of CPUs ("0-3,5"), copied with one
 * space between words. Only what the kernel gives back as it was written: no leading zeros, no "-0",
 * lists in order. Never -ENODATA. */
int units_parse_sysctl(const char *text, char ret[static SYSCTL_VALUE_SIZE]);

/* The reverse; they append. A duration is cut to whole milliseconds. */
void units_format_duration(uint64_t nanoseconds, struct strbuf *text);
void units_format_size(uint64_t bytes, struct strbuf *text);
