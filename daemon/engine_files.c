// SPDX-License-Identifier: GPL-2.0-or-later
/* Readings of the files: which is in force, which was rejected, which is held back and why.
 *
 * A reading that is no good never becomes state, and one that is good is judged before it does: by the confirmation that is
 * awaited, by the paths that made the state of this machine, by what was refused, by the blast guard. What is held stays held
 * until the files change or the operator forces it. */
#include <errno.h>

#include "daemon/engine_inside.h"
#include "reconciler/blast.h"
#include "reconciler/confirm.h"

static void engine_reject(struct engine *engine, struct files *files)
{
	files_free(engine->rejected);
	engine->rejected = files;
	engine->counters.rejected++;
	engine_tell(engine, ENGINE_EVENT_FILES_REJECTED, NULL, "%s", files->problems);
	if (!engine->files)
		engine_fall_back(engine);
}

static void engine_tell_warnings(struct engine *engine, const struct files *files)
{
	if (files->warnings)
		engine_tell(engine, ENGINE_EVENT_FILES_WARNED, NULL, "%s", files->warnings);
}

/* Whether virtual routers may run while their files wait for a backend: of a machine that knows nothing yet, where there is nothing
 * to judge files by. Who was stopped by something else waits. */
static bool engine_may_route(const struct engine *engine, struct files *files)
{
	_cleanup_free_ char *confirm = confirm_path(engine->options.state_dir);
	_cleanup_record_ struct record record = {};

	if (engine->files || engine->connected || engine_is_suspended(engine) ||
		access(confirm, F_OK) == 0)
		return false;
	return record_load(engine->options.state_dir, &record, NULL) == 0 && !record.revision &&
	       record_refuses(&record, files_revision(files)) == RECORD_REFUSAL_NONE;
}

/* What is held goes; virtual routers that poised kept by it when it was suspended stay. */
static void engine_drop_held(struct engine *engine)
{
	if (engine->held && engine->held_routes && engine_is_suspended(engine) && !engine->kept)
		engine->kept = STEAL(engine->held);
	engine->held = files_free(engine->held);
	engine->held_routes = false;
	free(STEAL(engine->held_why));
}

/* Takes `why` over. */
static void engine_hold(
	struct engine *engine, struct files *files, enum engine_held reason, char *why)
{
	bool told = engine->held && files_same(engine->held, files) &&
		    strcmp(engine->held_why, why) == 0;

	engine_drop_held(engine);
	engine->held = files;
	engine->held_reason = reason;
	engine->held_why = why;
	if (!told) {
		engine->counters.held++;
		engine_tell(engine, ENGINE_EVENT_FILES_HELD, NULL, "%s", why);
	}
	if (!engine->files)
		engine_fall_back(engine);
	engine->held_routes = engine_may_route(engine, files);
}

void engine_release(struct engine *engine)
{
	engine->rejected = files_free(engine->rejected);
	engine_drop_held(engine);
}

/* Puts a reading in force in the place of the one that was. NULL: there is none. */
static void engine_put_in_force(struct engine *engine, struct files *files)
{
	engine_health_follow(engine, files);
	if (!engine_is_suspended(engine) || engine->kept)
		files_free(engine->files);
	else if (engine->files)
		engine->kept = engine->files;
	else
		engine->kept = files_read_last_good(engine->options.state_dir);
	engine->files = files;
}

struct files *engine_router_files(const struct engine *engine)
{
	if (engine->kept || engine->files)
		return engine->kept ? engine->kept : engine->files;
	return engine->held_routes ? engine->held : NULL;
}

void engine_let_routers_follow(struct engine *engine)
{
	if (!engine_is_suspended(engine))
		engine->kept = files_free(engine->kept);
}

/* What waits for its confirmation is in force, not what was confirmed before it. */
static struct files *engine_read_what_waits(struct engine *engine)
{
	_cleanup_free_ char *path = confirm_path(engine->options.state_dir);
	_cleanup_confirm_pending_ struct confirm_pending pending = {};

	if (confirm_load(&engine->reconciler, &pending, NULL) <= 0)
		return NULL;
	size_t size = strlen(pending.canonical);
	return files_of_canonical(path, STEAL(pending.canonical), size);
}

void engine_fall_back(struct engine *engine)
{
	engine_put_in_force(engine, engine->confirming
					    ? engine_read_what_waits(engine)
					    : files_read_last_good(engine->options.state_dir));
	if (!engine->files)
		return;
	engine_tell(engine, ENGINE_EVENT_FILES_ACCEPTED, NULL, "%s: revision %.12s",
		engine->confirming ? "what waits for its confirmation" : "the last good state",
		files_revision(engine->files));
	engine_mark_everything(engine, ENGINE_REASON_START);
}

/* How many of the files in force lay in a conf.d that is not there any more; *ret is its directory. Whoever lays a tree out
 * anew may take it away for a moment: its services are not gone before somebody says so. */
static size_t engine_lost_folder(const struct engine *engine, const char **ret)
{
	size_t lost = 0;

	for (size_t i = 0; engine->files && i < engine->options.path_count && !lost; i++) {
		_cleanup_free_ char *folder = memory_printf("%s/conf.d", engine->options.paths[i]);
		size_t length = strlen(folder);

		*ret = engine->options.paths[i];
		if (access(folder, F_OK) == 0 || errno != ENOENT)
			continue;
		vector_foreach(&engine->files->sources, document)
			lost += strncmp(document->name, folder, length) == 0 &&
				document->name[length] == '/';
	}
	return lost;
}

/* The same by what is in them, which can be forced. */
static char *engine_judge_content(
	struct engine *engine, struct files *files, enum engine_held *reason)
{
	const struct record *record = &engine->reconciler.record;
	_cleanup_strbuf_ struct strbuf text = {};

	*reason = ENGINE_HELD_PATHS;
	if (record->paths.count &&
		!record_paths_equal(record, engine->options.paths, engine->options.path_count)) {
		strbuf_add(&text, "the state of this machine was made from other files (");
		vector_foreach(&record->paths, path)
			strbuf_printf(&text, "%s%s", path == record->paths.items ? "" : " ", *path);
		strbuf_add(&text, "): start poised with those, or put these in their place with "
				  "`poise reload --force`");
		return strbuf_take(&text);
	}
	*reason = ENGINE_HELD_REFUSED;
	enum record_refusal refusal = record_refuses(record, files_revision(files));
	if (refusal != RECORD_REFUSAL_NONE)
		return memory_printf("this content (revision %.12s) %s: change the files, or use "
				     "`poise reload --force`",
			files->revision,
			refusal == RECORD_REFUSAL_UNDONE
				? "was not confirmed and was undone"
				: "lay there when another was not confirmed and was undone");
	*reason = ENGINE_HELD_FOLDER;
	const char *folder = NULL;
	size_t lost = engine_lost_folder(engine, &folder);
	if (lost)
		return memory_printf("%s/conf.d is gone, and %zu file%s with it: put it back, or "
				     "use `poise reload --force` if it is meant",
			folder, lost, lost == 1 ? "" : "s");
	*reason = ENGINE_HELD_BLAST;
	if (!blast_guard(record, &files->declared, BLAST_SERVICES_AND_ROUTERS, &text))
		return NULL;
	return memory_printf("too much would go at once:\n%suse `poise reload --force` if it is "
			     "meant, or raise `max-delete`",
		text.text);
}

/* Why a good reading must not become state; NULL: it may. The caller frees it. */
static char *engine_judge(
	struct engine *engine, struct files *files, uint64_t now, enum engine_held *reason)
{
	*reason = ENGINE_HELD_BACKEND;
	if (!engine->connected)
		return engine_judge_unconnected(engine, files);
	*reason = ENGINE_HELD_CONFIRM;
	if (engine->confirming)
		return memory_copy_string("an apply waits for its confirmation: `poise confirm` or "
					  "`poise rollback` first");
	char *why = engine->force ? NULL : engine_judge_content(engine, files, reason);
	if (why)
		return why;
	*reason = ENGINE_HELD_BACKEND;
	return engine_judge_backend(engine, files, now);
}

static bool engine_sync_same(const struct declared *a, const struct declared *b)
{
	if (a->sync_managed != b->sync_managed || a->sync.count != b->sync.count ||
		strcmp(a->sync_follows ? a->sync_follows : "",
			b->sync_follows ? b->sync_follows : "") != 0)
		return false;
	for (size_t i = 0; i < a->sync.count; i++)
		if (!sync_daemon_equal(&a->sync.items[i], &b->sync.items[i]))
			return false;
	return true;
}

static bool engine_sysctls_same(const struct declared *a, const struct declared *b)
{
	if (a->sysctls.count != b->sysctls.count)
		return false;
	for (size_t i = 0; i < a->sysctls.count; i++)
		if (strcmp(a->sysctls.items[i].name, b->sysctls.items[i].name) != 0 ||
			strcmp(a->sysctls.items[i].value, b->sysctls.items[i].value) != 0)
			return false;
	return true;
}

static bool engine_ways_same(const struct declared *a, const struct declared *b)
{
	if (a->ways_managed != b->ways_managed || a->ports.count != b->ports.count ||
		a->port_addresses.count != b->port_addresses.count ||
		a->routes.count != b->routes.count)
		return false;
	for (size_t i = 0; i < a->ports.count; i++)
		if (strcmp(a->ports.items[i].name, b->ports.items[i].name) != 0)
			return false;
	for (size_t i = 0; i < a->port_addresses.count; i++) {
		const struct port_address *x = &a->port_addresses.items[i];
		const struct port_address *y = &b->port_addresses.items[i];

		if (port_address_key_compare(&x->key, &y->key) != 0 ||
			!port_address_attributes_equal(&x->attributes, &y->attributes))
			return false;
	}
	for (size_t i = 0; i < a->routes.count; i++) {
		const struct data_route *x = &a->routes.items[i], *y = &b->routes.items[i];

		if (data_route_key_compare(&x->key, &y->key) != 0 ||
			!data_route_attributes_equal(&x->attributes, &y->attributes))
			return false;
	}
	return true;
}

static bool engine_globals_same(const struct declared *a, const struct declared *b)
{
	/* From nothing or to nothing the sysctls that services need come and go. */
	return a->prune == b->prune && timeouts_equal(&a->timeouts, &b->timeouts) &&
	       engine_sync_same(a, b) && engine_sysctls_same(a, b) && engine_ways_same(a, b) &&
	       !a->services.count == !b->services.count;
}

/* Makes dirty what is declared otherwise than before: a linear merge. */
static void engine_mark_changes(
	struct engine *engine, const struct declared *before, const struct declared *now)
{
	const struct declared_service *old = before->services.items;
	const struct declared_service *old_end = old + before->services.count;
	const struct declared_service *new = now->services.items;
	const struct declared_service *new_end = new + now->services.count;

	if (!engine_globals_same(before, now))
		engine_mark_everything(engine, ENGINE_REASON_FILES);
	while (old < old_end || new < new_end) {
		int order = old == old_end   ? 1
			    : new == new_end ? -1
					     : service_key_compare(&old->key, &new->key);

		if (order || !declared_service_equal(old, new))
			engine_mark(engine, order > 0 ? &new->key : &old->key, ENGINE_REASON_FILES);
		old += order <= 0;
		new += order >= 0;
	}
}

/* What the record says of the files in force. */
static void engine_record_files(struct engine *engine)
{
	struct record *record = &engine->reconciler.record;

	record_set_declared(record, &engine->files->declared);
	record_set_paths(record, engine->options.paths, engine->options.path_count);
	free(record->revision);
	record->revision = memory_copy_string(files_revision(engine->files));
	free(STEAL(record->refused));
	free(STEAL(record->refused_beside));
	engine->unsaved = true;
}

static void engine_save_record(struct engine *engine)
{
	_cleanup_error_ struct error error = {};
	int r = record_save(engine->options.state_dir, &engine->reconciler.record, &error);

	engine->unsaved = r < 0;
	if (r < 0)
		error_set(&engine->pass_error, r, "%s", error_text(&error, r));
}

static bool engine_text_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Warnings change without the files: what they are of may lie beside them. */
static void engine_take_warnings(struct engine *engine, struct files *files)
{
	struct files *known = engine->files;

	if (!known || known->last_good || !files_same(known, files))
		return;
	if (engine_text_same(known->warnings, files->warnings))
		return;
	char *before = known->warnings;
	known->warnings = files->warnings;
	files->warnings = before;
	engine_tell_warnings(engine, known);
}

static void engine_accept(struct engine *engine, struct files *files, uint64_t now)
{
	if (engine->files && !engine->force && !engine->confirm_timeout)
		engine_mark_changes(engine, &engine->files->declared, &files->declared);
	else
		engine_mark_everything(engine, ENGINE_REASON_FILES);
	if (!engine->files || !engine_text_same(engine->files->warnings, files->warnings))
		engine_tell_warnings(engine, files);
	engine_put_in_force(engine, files);
	engine_release(engine);
	engine->accepted = engine->confirmed_stale = true;
	engine->counters.accepted++;
	/* A `resync` that is another counts from now on, and does not wait for the one before. */
	engine->resync_next = MIN(engine->resync_next, now + engine_resync(engine));
	retry_all(&engine->retries, now);
	/* What was forced is not judged again when a crash comes in between. What must be confirmed has a way back first. */
	if (engine->force && !engine->confirm_timeout) {
		engine_record_files(engine);
		engine_save_record(engine);
	}
}

/* Whether the reading tells nothing new, so that nothing is told again. */
static bool engine_is_known(const struct engine *engine, const struct files *files)
{
	if (engine->force || engine->confirm_timeout)
		return false;
	if (engine->rejected)
		return files_same(engine->rejected, files);
	if (engine->held)
		return files_same(engine->held, files) && engine->connected &&
		       !engine->confirming && engine->held_reason != ENGINE_HELD_BACKEND;
	return engine->files && !engine->files->last_good && files_same(engine->files, files);
}

static bool engine_is_last_good(const struct engine *engine, struct files *files)
{
	struct files *good = files_read_last_good(engine->options.state_dir);
	bool same = good && strcmp(files_revision(good), files_revision(files)) == 0;

	files_free(good);
	return same;
}

void engine_refuse_what_lies_there(struct engine *engine)
{
	struct record *record = &engine->reconciler.record;
	struct files *files =
		files_read(engine->options.paths, engine->options.path_count, &engine->trees);

	/* It was written for another state than the one that comes back; nobody waits for its confirmation, and it may do the
	 * same harm. */
	free(STEAL(record->refused_beside));
	if (!files->problems && !engine_is_last_good(engine, files))
		record->refused_beside = memory_copy_string(files_revision(files));
	files_free(files);
}

/* While a confirmation is awaited, a reading of the same content as what waits just takes its place. */
static bool engine_is_what_waits(struct engine *engine, struct files *files)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};

	if (!engine->confirming || files->problems)
		return false;
	if (confirm_load(&engine->reconciler, &pending, NULL) <= 0)
		return false;
	return strcmp(pending.revision, files_revision(files)) == 0;
}

static void engine_weigh(struct engine *engine, struct files *files, uint64_t now)
{
	if (files->problems) {
		engine_reject(engine, files);
		return;
	}
	engine->rejected = files_free(engine->rejected);
	if (engine_is_what_waits(engine, files)) {
		engine_put_in_force(engine, files);
		engine_release(engine); /* of a reading in between */
		return;
	}
	/* Back to what is in force: nothing to judge, and what was held or rejected is history. */
	if (engine->files && !engine->files->last_good && !engine->force &&
		!engine->confirm_timeout && files_same(engine->files, files)) {
		engine_release(engine);
		files_free(files);
		return;
	}
	enum engine_held reason;
	char *why = engine_judge(engine, files, now, &reason);
	if (why)
		engine_hold(engine, files, reason, why);
	else
		engine_accept(engine, files, now);
}

void engine_read_files(struct engine *engine, uint64_t now)
{
	uint64_t start = reconciler_now();

	/* Large files take their time. */
	if (engine->options.working)
		engine->options.working(engine->options.data);
	struct files *files =
		files_read(engine->options.paths, engine->options.path_count, &engine->trees);

	engine->files_dirty = false;
	engine->counters.last_files_ns = reconciler_now() - start;
	engine_take_warnings(engine, files);
	if (engine_is_known(engine, files))
		files_free(files);
	else
		engine_weigh(engine, files, now);
	/* It is read once more, for the same purpose, when the other backend is there. */
	if (engine->moves)
		return;
	engine->force = false;
	if (engine->accepted)
		return;
	/* Nothing was put in force: what was asked for a confirmation is asked again with the next reading. */
	if (engine_is_resuming(engine))
		engine_stay_suspended(engine);
	engine->confirm_timeout = 0;
}

static void engine_save_confirmed(struct engine *engine)
{
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *canonical = NULL;

	if (!engine->confirmed_stale || engine->confirming || engine->files->last_good)
		return;
	canonical = files_canonical(engine->files);
	if (record_save_confirmed(engine->options.state_dir, canonical, &error) == 0)
		engine->confirmed_stale = false;
	else
		error_set(&engine->pass_error, -EIO, "%s", error.text);
}

void engine_save(struct engine *engine)
{
	/* Not before the pass that made it true: a crash in between finds the old record, and judges the files again. While it is
	 * suspended nothing is made true, also where files ask for other virtual routers alone. */
	if (engine->accepted && !engine_is_suspended(engine) && !engine->everything_dirty &&
		!engine->dirty.count) {
		engine_record_files(engine);
		/* They asked for nothing, so that no pass has said that they came. */
		if (engine_is_news(engine))
			engine_note(engine, &(struct engine_entry){.reason = ENGINE_REASON_FILES});
		engine->accepted = false;
		engine_tell(engine, ENGINE_EVENT_FILES_ACCEPTED, NULL, "revision %.12s",
			files_revision(engine->files));
	}
	if (engine->unsaved)
		engine_save_record(engine);
	if (!engine->unsaved && !engine->accepted && engine->files)
		engine_save_confirmed(engine);
	if (engine->files)
		free(STEAL(engine->files->canonical));
}
