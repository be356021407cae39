// SPDX-License-Identifier: GPL-2.0-or-later
/* A configuration as YAML, in the one form that means it: what `poise validate -o yaml`, `poise get`
 * and `poise import` print. */
#pragma once

#include "model/config.h"

/* The whole configuration as one document: names, listeners and destinations sorted, addresses,
 * durations and sizes in their canonical text, the keys that were written and `forward`. Loading it
 * gives the same configuration, and the same text again. Appends. */
void config_format_yaml(const struct config *config, struct strbuf *text);

/* A text as a YAML scalar that every parser reads back as that text: plain where that is safe, else
 * in double quotes. Appends. */
void config_format_scalar(const char *user_text, struct strbuf *text);
