// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/batch.h"

#include <errno.h>

#define BATCH_NONE SIZE_MAX

/* What is tried again. Operations are shallow copies; `places` says where each stood in the whole. */
struct batch {
	struct plan_op *ops;
	size_t *places;
	struct backend_result *results;
	size_t count;
};

/* The operation for which all others were not done; BATCH_NONE: there is none such. */
static size_t batch_find_refused(const struct backend_result *results, size_t count)
{
	size_t refused = BATCH_NONE;

	for (size_t i = 0; i < count; i++) {
		if (results[i].status == BACKEND_RESULT_SKIPPED)
			continue;
		if (results[i].status == BACKEND_RESULT_DONE || refused != BATCH_NONE)
			return BATCH_NONE;
		refused = i;
	}
	return refused;
}

static void batch_begin(struct batch *batch, const struct plan_op *ops, size_t count)
{
	batch->ops = memory_resize(NULL, count, sizeof(*batch->ops));
	batch->places = memory_resize(NULL, count, sizeof(*batch->places));
	batch->results = memory_new(count * sizeof(*batch->results));
	memcpy(batch->ops, ops, count * sizeof(*ops));
	for (size_t i = 0; i < count; i++)
		batch->places[i] = i;
	batch->count = count;
}

static void batch_clear(struct batch *batch)
{
	free(batch->ops);
	free(batch->places);
	free(batch->results);
}

static void batch_skip(struct backend_result *result, int code, const char *words)
{
	backend_result_clear(result);
	result->status = BACKEND_RESULT_SKIPPED;
	result->code = error_set(&result->error, code, "%s", words);
}

static bool batch_depends(const struct plan_op *op, const struct plan_op *refused)
{
	return refused->object == PLAN_OBJECT_SERVICE && refused->verb == PLAN_VERB_ADD &&
	       op->object == PLAN_OBJECT_DESTINATION &&
	       service_key_compare(&op->service, &refused->service) == 0;
}

/* Takes out what was refused, and what depends on it. */
static void batch_drop(struct batch *batch, size_t at, struct backend_result *results)
{
	const struct plan_op refused = batch->ops[at];
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++) {
		if (i == at)
			continue;
		if (batch_depends(&batch->ops[i], &refused)) {
			batch_skip(&results[batch->places[i]], -ECANCELED,
				"its service could not be added");
			continue;
		}
		batch->ops[kept] = batch->ops[i];
		batch->places[kept++] = batch->places[i];
	}
	batch->count = kept;
}

/* Once more; its results take the place of those before. */
static int batch_try(struct batch *batch, struct backend *backend, struct backend_result *results,
	struct error *error)
{
	memset(batch->results, 0, batch->count * sizeof(*batch->results));
	int r = backend->ops->apply(backend, batch->ops, batch->count, batch->results, error);

	for (size_t i = 0; i < batch->count; i++) {
		struct backend_result *to = &results[batch->places[i]];

		backend_result_clear(to);
		*to = batch->results[i];
	}
	return r;
}

static int batch_go_on(struct batch *batch, struct backend *backend, size_t refused,
	struct backend_result *results, const struct reconciler_observer *observer,
	struct error *error)
{
	size_t total = batch->count;

	for (unsigned int tries = 0; refused != BATCH_NONE; tries++) {
		batch_drop(batch, refused, results);
		if (!batch->count)
			return 0;
		if (tries == BATCH_RETRIES_MOST)
			break;
		if (observer && observer->progress)
			observer->progress(observer->data, 0, total);
		int r = batch_try(batch, backend, results, error);
		if (r < 0)
			return r;
		refused = batch_find_refused(batch->results, batch->count);
	}
	for (size_t i = 0; refused != BATCH_NONE && i < batch->count; i++)
		batch_skip(&results[batch->places[i]], -EAGAIN,
			"not done: too many others of the same change were refused");
	return 0;
}

int batch_apply(const struct reconciler *reconciler, const struct plan_op *ops, size_t count,
	struct backend_result *results, const struct reconciler_observer *observer,
	struct error *error)
{
	struct backend *backend = reconciler->backend;
	int r = backend->ops->apply(backend, ops, count, results, error);
	size_t refused = BATCH_NONE;

	if (r == 0 && reconciler->abilities->atomic && count > 1)
		refused = batch_find_refused(results, count);
	if (refused == BATCH_NONE)
		return r;
	struct batch batch;
	batch_begin(&batch, ops, count);
	r = batch_go_on(&batch, backend, refused, results, observer, error);
	batch_clear(&batch);
	return r;
}
