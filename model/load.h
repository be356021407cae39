// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts in, one validated configuration out, or every reason why not.
 *
 * Pure: the caller reads the files (reconciler/sources.h) and hands over their bytes. */
#pragma once

#include "model/config.h"
#include "model/diagnostics.h"

/* One file's content. Nothing is assumed of the bytes. */
struct document {
	const char *name; /* as the user should see it in messages */
	const char *text;
	size_t size;
};

/* Parses, merges and validates `count` documents in their order into an empty `ret`, which the
 * caller clears (config_clear) in either case. 0 when there is no error (warnings may be there),
 * -EINVAL when `diagnostics` has some. O(n log n) in the size of the text. */
int config_load(const struct document *documents, size_t count, struct config *ret,
	struct diagnostics *diagnostics);
