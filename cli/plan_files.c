// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/plan_files.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"

#define PLAN_SIZE_LIMIT (256u << 20)

/* Takes `text` over. */
static char *add_move(char *text, const struct move *move)
{
	json_t *json = json_loads(text, 0, NULL);

	free(text);
	json_object_set_new(json, "move", move_to_json(move));
	text = json_dumps(json, JSON_INDENT(2));
	json_decref(json);
	_cleanup_free_ char *line = text;
	return memory_printf("%s\n", line);
}

char *cli_plan_to_json(const struct cli_loaded *loaded, const struct plan *plan,
	const struct memory *memory, const char *applied, const struct move *move)
{
	_cleanup_record_ struct record made_from = {};
	_cleanup_free_ char *canonical = cli_loaded_canonical(loaded);
	char revision[REVISION_SIZE];
	struct plan_file file = {
		.backend = (char *)loaded->declared.backend,
		.revision = revision,
		.declared = canonical,
		.applied = (char *)applied,
		.plan = *plan, /* borrowed */
		.memory.drains = memory->drains,
	};

	record_revision(canonical, revision);
	/* Absolute: the plan may be applied from another directory. */
	record_set_paths(&made_from, loaded->paths, loaded->path_count);
	vector_foreach(&made_from.paths, path)
		vector_push(&file.paths, *path);
	char *text = plan_file_to_json(&file);
	vector_clear(&file.paths);
	return move_is_news(move) ? add_move(text, move) : text;
}

/* What is recorded and kept is what the plan declares: that must be what its operations were made
 * from. */
static int check_declared(
	const char *path, const struct plan_file *file, const struct cli_loaded *loaded)
{
	_cleanup_free_ char *canonical = cli_loaded_canonical(loaded);
	char revision[REVISION_SIZE];

	record_revision(canonical, revision);
	if (strcmp(file->backend, loaded->declared.backend) != 0)
		cli_error("%s: `backend` is `%s`, and `declared` says `%s`: was the plan changed?",
			path, file->backend, loaded->declared.backend);
	else if (strcmp(file->revision, revision) != 0)
		cli_error("%s: `revision` is not that of `declared`: was the plan changed?", path);
	else
		return 0;
	return -EINVAL;
}

int cli_plan_read(const char *path, struct plan_file *ret, struct cli_loaded *loaded)
{
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = strcmp(path, "-") == 0 ? file_read_fd(STDIN_FILENO, PLAN_SIZE_LIMIT, &text, &size)
				       : file_read(AT_FDCWD, path, PLAN_SIZE_LIMIT, &text, &size);

	if (r < 0) {
		cli_error("%s: %s", path, strerror(-r));
		return r;
	}
	r = plan_file_from_json(text, size, ret, &error);
	if (r < 0) {
		cli_error("%s: %s", path, error_text(&error, r));
		return r;
	}
	r = cli_load_text(path, ret->declared, strlen(ret->declared), loaded);
	cli_loaded_report(loaded);
	if (r == 0)
		r = check_declared(path, ret, loaded);
	if (r < 0)
		return r;
	loaded->paths = (const char *const *)ret->paths.items;
	loaded->path_count = ret->paths.count;
	cli_loaded_note_daemon(loaded);
	return 0;
}
