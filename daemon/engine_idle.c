// SPDX-License-Identifier: GPL-2.0-or-later
/* The backend of a machine that needs none: it keeps virtual routers and declares no services, and what its files would be put
 * in force with is not there (a kernel without ip_vs). Nothing is in it, and nothing can be made in it; but files are judged,
 * recorded and put in force like any others.
 *
 * The one that is there is preferred, for what is ours in it could be found there alone. Where anything is ours, or waits there
 * for a confirmation, this one is never taken. As soon as files ask for something, the real one must answer. */
#include <errno.h>

#include "daemon/engine_inside.h"
#include "reconciler/confirm.h"
#include "reconciler/state_file.h"

#define IDLE_CONFIRM_LIMIT (1u << 20) /* of what this one began, which has no services */

static int idle_open(
	const char *run_dir _unused_, struct backend **ret, struct error *error _unused_)
{
	struct backend *backend = memory_new(sizeof(*backend));

	backend->ops = &engine_idle_backend;
	*ret = backend;
	return 0;
}

static void idle_close(struct backend *backend)
{
	free(backend);
}

static const struct backend_abilities idle_abilities = {};

static const struct backend_abilities *idle_get_abilities(struct backend *backend _unused_)
{
	return &idle_abilities;
}

static int idle_read(struct backend *backend _unused_, const struct backend_scope *scope _unused_,
	struct state *ret _unused_, struct error *error _unused_)
{
	return 0;
}

/* Nobody asks for anything. */
static int idle_apply(struct backend *backend _unused_, const struct plan_op *ops _unused_,
	size_t count, struct backend_result *results, struct error *error _unused_)
{
	for (size_t i = 0; i < count; i++) {
		results[i].status = BACKEND_RESULT_FAILED;
		results[i].code = -ENOTCONN;
		error_set(&results[i].error, -ENOTCONN, "there is no backend");
	}
	return 0;
}

/* Its record is one that the real one goes on with. */
const struct backend_ops engine_idle_backend = {
	.name = DECLARED_BACKEND_DEFAULT,
	.static_abilities = &idle_abilities,
	.open = idle_open,
	.close = idle_close,
	.abilities = idle_get_abilities,
	.read = idle_read,
	.apply = idle_apply,
};

bool engine_is_idle(const struct engine *engine)
{
	return engine->connected && engine->backend == &engine_idle_backend;
}

bool engine_wants_backend(const struct files *files)
{
	return declared_wants_backend(&files->declared);
}

/* What this one began, another of it may undo: it neither touched anything nor asked for it. */
static bool engine_began_idle(const struct confirm_pending *pending, const char *path)
{
	char *canonical = memory_copy_string(pending->canonical);
	struct files *files = files_of_canonical(path, canonical, strlen(canonical));
	bool idle = files && !engine_wants_backend(files) && !pending->touched.count &&
		    !record_bound(&pending->before) && state_is_empty(&pending->live);

	files_free(files);
	return idle;
}

static bool engine_awaits_no_backend(const struct engine *engine)
{
	_cleanup_free_ char *path = confirm_path(engine->options.state_dir);
	_cleanup_confirm_pending_ struct confirm_pending pending = {};
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = state_file_read(path, IDLE_CONFIRM_LIMIT, &text, &size, NULL);

	if (r <= 0)
		return r == 0;
	return confirm_parse(text, size, &pending, NULL) == 0 && engine_began_idle(&pending, path);
}

static bool engine_owns_nothing(const struct engine *engine)
{
	_cleanup_record_ struct record record = {};

	return record_load(engine->options.state_dir, &record, NULL) == 0 &&
	       !record_bound(&record) && engine_awaits_no_backend(engine);
}

static bool engine_may_idle_by(const struct engine *engine, const struct files *files)
{
	return !files->problems && files->declared.routers.count && !engine_wants_backend(files) &&
	       engine_owns_nothing(engine);
}

bool engine_may_idle(struct engine *engine)
{
	if (engine->files)
		return engine_may_idle_by(engine, engine->files);
	struct files *files = files_read_last_good(engine->options.state_dir);
	if (!files)
		files = files_read(
			engine->options.paths, engine->options.path_count, &engine->trees);
	bool may = engine_may_idle_by(engine, files);
	files_free(files);
	return may;
}
