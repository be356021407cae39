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

/* The same for poise-dataplane, which balances by itself: files without `backend: dpdk` are an error. */
int config_load_dataplane(const struct document *documents, size_t count, struct config *ret,
	struct diagnostics *diagnostics);

/* What is kept of the texts that were loaded last. Starts zeroed. */
struct load_trees {
	VECTOR_OF(struct patch_tree);
};

/* config_load() for those who load again and again: the same outcome, at the cost of what is other
 * than last time. Documents are the same by their names. After an error nothing is kept. */
int config_reload(struct load_trees *trees, const struct document *documents, size_t count,
	struct config *ret, struct diagnostics *diagnostics);

void load_trees_clear(struct load_trees *trees);
