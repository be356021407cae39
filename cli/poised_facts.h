// SPDX-License-Identifier: GPL-2.0-or-later
/* What a running poised knows and the record does not, for a comparison beside it. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "reconciler/facts.h"

/* The answer to `facts` into an empty `ret`, which is empty again on failure. `now` is CLOCK_BOOTTIME ns. -EINVAL with words. */
int cli_facts_from_json(const json_t *json, uint64_t now, struct facts *ret, struct error *error);
