// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers of `poise ctl` that have a form for people: the list of methods, probes, and events. Pure; they append. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* The answer to `help`: a paragraph for each method. */
void cli_ctl_format_help(const json_t *help, size_t width, bool color, struct strbuf *text);

/* The answer to `checks`: a line for each probe (checks_text.c). */
void cli_ctl_format_checks(const json_t *checks, size_t width, bool color, struct strbuf *text);

/* The parameters of a notification `event`, on one line. */
void cli_ctl_format_event(const json_t *event, bool color, struct strbuf *text);
