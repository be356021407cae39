// SPDX-License-Identifier: GPL-2.0-or-later
/* The schema tables (model/schema.h) in other forms: JSON Schema for editors, mdoc for the manual.
 */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"

/* JSON Schema, draft 2020-12, of one file. A new reference. */
json_t *cli_schema_to_json(void);

/* The sections of poise.yaml(5) that say every key. Appends. */
void cli_schema_to_mdoc(struct strbuf *text);
