// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans as JSON: `poise diff -o json`, `poise diff --out FILE`, `poise apply --plan FILE`.
 *
 * The document says its format version, the backend, the revision and paths of the files that it
 * was made from, the operations with the object before and after, notes and totals. A reader needs
 * nothing else to carry the plan out, and to see whether the live state is still the one it was
 * made from. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "model/plan.h"
#include "reconciler/memory.h"

/* What a saved plan carries beside its operations. Texts are owned. */
struct plan_file {
	char *backend;
	char *revision; /* content hash of the declared state */
	char *declared; /* its canonical YAML: what confirm, ownership and later drains need */
	struct {
		VECTOR_OF(char *);
	} paths;
	/* Revision that was in force when the plan was made; "": none was; NULL: not known, for the live side was of a file. */
	char *applied;
	struct plan plan;
	struct memory memory; /* of it, only what drains under the plan */
};

/* JSON text with a newline at the end; the caller frees it. */
char *plan_file_to_json(const struct plan_file *file);

/* One operation as it stands in the document. */
json_t *plan_op_to_json(const struct plan_op *op);

/* From hostile text, into an empty `ret`. -EINVAL with words. */
int plan_file_from_json(const char *text, size_t size, struct plan_file *ret, struct error *error);

void plan_file_clear(struct plan_file *file);

#define _cleanup_plan_file_ _cleanup_(plan_file_clear)
