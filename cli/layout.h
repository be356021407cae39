// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for a terminal: cut and wrapped to its width, numbers and times short. Pure but for cli_layout_width().
 *
 * What is laid out may come from anywhere: characters that move the cursor are shown as `?`. Columns are counted in
 * characters. Everything appends. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/strbuf.h"

/* What every output fits into where the terminal is not known. */
#define CLI_LAYOUT_WIDTH 100

/* Columns and lines of the terminal at standard output; CLI_LAYOUT_WIDTH and 0 where there is none. */
void cli_layout_size(size_t *width, size_t *height);

/* How many columns `text` takes. */
size_t cli_layout_columns(const char *text);

/* `text` in at most `columns`; when it is longer, its head and `…`. */
void cli_layout_cut(struct strbuf *to, const char *text, size_t columns);

/* Words of `text` in lines of at most `width` columns: the first goes on where `used` columns of the line are taken
 * already, the others come after `indent` spaces; every line ends. A word that is longer than a line is cut. Newlines are
 * kept. */
void cli_layout_wrap(struct strbuf *to, size_t used, size_t indent, const char *text, size_t width);

void cli_layout_pad(struct strbuf *to, size_t spaces);

/* Three digits and a letter at most: "999", "1.2k", "34M". */
#define CLI_LAYOUT_NUMBER_SIZE 24
const char *cli_layout_number(uint64_t number, char text[static CLI_LAYOUT_NUMBER_SIZE]);

/* A moment, local time: "06:03:33" on the day of `now`, else "2026-11-21 06:03:33". */
void cli_layout_time(struct strbuf *to, time_t when, time_t now);

/* A length, of at most two units: "350 ms", "12s", "3m 20s", "2d 4h". */
void cli_layout_span(struct strbuf *to, uint64_t milliseconds);

/* `text`, without what would move a cursor, in the colour of an SGR code ("1;31"), if `color`. */
void cli_layout_paint(struct strbuf *to, bool color, const char *code, const char *text);

#define CLI_LAYOUT_RED    "31"
#define CLI_LAYOUT_GREEN  "32"
#define CLI_LAYOUT_YELLOW "33"
#define CLI_LAYOUT_BOLD   "1"
#define CLI_LAYOUT_DIM    "2"
