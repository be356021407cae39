// SPDX-License-Identifier: GPL-2.0-or-later
/* What the engine has to do with its backend beside the passes: counters for who shows them, and news from it.
 *
 * Counters are read for a few services at a time, and nothing but counters goes into the live state: were attributes taken over
 * here, the next pass would find what somebody changed meanwhile as it was left, and tell of no drift. */
#include <errno.h>

#include "daemon/engine_inside.h"

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

int engine_backend_fd(const struct engine *engine)
{
	const struct backend_ops *ops = engine->options.backend;

	if (!engine->connected || !ops->fd)
		return -1;
	return ops->fd(engine->reconciler.backend);
}

int engine_backend_changed(struct engine *engine)
{
	int r = engine->options.backend->dispatch(engine->reconciler.backend);

	if (r <= 0)
		return r;
	engine_mark_everything(engine, ENGINE_REASON_RESYNC);
	/* Who waits after a failure waits for this. */
	engine->pass_next = 0;
	return r;
}
