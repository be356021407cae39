// SPDX-License-Identifier: GPL-2.0-or-later
/* What the engine has to do with its backend beside the passes: which one it is, counters for who shows them, and news from it.
 *
 * Files may name another backend than the one that is connected. Where nothing is ours any more it is let go of, and the other
 * is connected; where something is, the files are held: it would stay there, and nobody would keep it.
 *
 * Counters are read for a few services at a time, and nothing but counters goes into the live state: were attributes taken over
 * here, the next pass would find what somebody changed meanwhile as it was left, and tell of no drift. */
#include <errno.h>

#include "daemon/engine_inside.h"

static const struct backend_ops *engine_backend_of(const struct files *files)
{
	return files && !files->problems ? backend_find(files->declared.backend) : NULL;
}

/* Nothing was read yet: of the files as they lie there. */
static const struct backend_ops *engine_read_backend(struct engine *engine)
{
	struct files *files =
		files_read(engine->options.paths, engine->options.path_count, &engine->trees);
	const struct backend_ops *found = engine_backend_of(files);

	files_free(files);
	if (found)
		return found;
	files = files_read_last_good(engine->options.state_dir);
	found = engine_backend_of(files);
	files_free(files);
	return found;
}

const struct backend_ops *engine_choose_backend(struct engine *engine)
{
	_cleanup_record_ struct record record = {};
	const struct backend_ops *found = engine->options.backend;

	/* What cannot be read is told by who needs it. */
	if (!found && record_load(engine->options.state_dir, &record, NULL) == 0 &&
		record_bound(&record))
		found = backend_find(record_bound(&record));
	if (!found)
		found = engine_backend_of(engine->held);
	if (!found)
		found = engine_backend_of(engine->files);
	if (!found)
		found = engine_read_backend(engine);
	return found ? found : backend_find(ENGINE_BACKEND_DEFAULT);
}

char *engine_judge_backend(struct engine *engine, const struct files *files)
{
	const struct backend_ops *wanted = engine_backend_of(files);
	size_t count = engine->reconciler.record.memory.owned.count;

	if (engine->options.backend || wanted == engine->backend)
		return NULL;
	engine->moves = !count;
	if (!count)
		return memory_printf("poised goes over to `%s`", wanted->name);
	return memory_printf(
		"the files are for `%s`, and the %zu services that poise keeps here are in `%s`: "
		"put the files back with `allow-empty: true` and no services, `poise reload "
		"--force`, and then these",
		wanted->name, count, engine->backend->name);
}

static void engine_take_counts(struct service *to, const struct service *from)
{
	const struct destination *next = from->destinations.items;
	const struct destination *end = next + from->destinations.count;

	to->traffic = from->traffic;
	vector_foreach(&to->destinations, destination) {
		while (next < end && destination_compare(next, destination) < 0)
			next++;
		if (next < end && destination_compare(next, destination) == 0)
			destination->counts = next->counts;
	}
}

int engine_refresh_counters(
	struct engine *engine, const struct service_key *keys, size_t count, struct error *error)
{
	const struct backend_scope scope = {
		.keys = keys, .count = count, .only = true, .services_only = true};
	struct reconciler *reconciler = &engine->reconciler;
	_cleanup_state_ struct state fresh = {};

	if (!engine->connected)
		return error_set(error, -ENOTCONN, "the backend is not connected");
	int r = reconciler->backend->ops->read(reconciler->backend, &scope, &fresh, error);
	if (r < 0)
		return r;
	vector_foreach(&fresh.services, service) {
		struct service *live = state_find_service(&reconciler->live, &service->key);

		if (live)
			engine_take_counts(live, service);
	}
	return 0;
}

const struct figures *engine_figures(struct engine *engine)
{
	struct backend *backend = engine->connected ? engine->reconciler.backend : NULL;

	return figures_refresh(&engine->figures, backend, reconciler_now()) ? &engine->figures
									    : NULL;
}

int engine_backend_fd(const struct engine *engine)
{
	const struct backend_ops *ops = engine->backend;

	if (!engine->connected || !ops->fd)
		return -1;
	return ops->fd(engine->reconciler.backend);
}

int engine_backend_changed(struct engine *engine)
{
	int r = engine->backend->dispatch(engine->reconciler.backend);

	if (r <= 0)
		return r;
	engine_mark_everything(engine, ENGINE_REASON_RESYNC);
	/* Who waits after a failure waits for this. */
	engine->pass_next = 0;
	return r;
}
