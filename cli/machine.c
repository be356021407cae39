// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/file.h"
#include "base/netns.h"
#include "cli/load.h"
#include "reconciler/confirm.h"
#include "reconciler/live_json.h"

#define LIVE_SIZE_LIMIT         (256u << 20)
#define MACHINE_BACKEND_DEFAULT "ipvs"

/* What was applied here last; NULL: nothing, or it cannot be read, which is told when the record is needed. The caller frees it. */
static char *machine_applied_backend(const struct cli *cli)
{
	_cleanup_record_ struct record record = {};

	if (record_load(cli->state_dir, &record, NULL) < 0)
		return NULL;
	return record_bound(&record) ? memory_copy_string(record_bound(&record))
				     : STEAL(record.backend);
}

/* What the files say that are applied here when none are named. */
static char *machine_declared_backend(void)
{
	_cleanup_cli_loaded_ struct cli_loaded loaded = {};

	return cli_load(NULL, 0, &loaded) < 0 ? NULL : memory_copy_string(loaded.declared.backend);
}

/* NULL: nothing says so. The caller frees it. */
static char *machine_choose_backend(const struct cli *cli)
{
	char *name = memory_copy_string(cli->options.backend);

	if (!name)
		name = machine_applied_backend(cli);
	if (!name)
		name = machine_declared_backend();
	return name;
}

const char *cli_machine_backend(const struct reconciler *reconciler)
{
	return reconciler->options.backend->name;
}

/* 1: nothing names one, and the default is taken. */
static int machine_find_backend(const struct cli *cli, const char *said,
	struct reconciler_options *options, struct error *error)
{
	_cleanup_free_ char *chosen = said ? NULL : machine_choose_backend(cli);
	const char *name = said ? said : chosen;

	if (!name) {
		options->backend = backend_find(MACHINE_BACKEND_DEFAULT);
		return 1;
	}
	options->backend = backend_find(name);
	return options->backend
		       ? 0
		       : error_set(error, -ENOTSUP,
				 "this version has no backend `%s`: it has ipvs and dpdk", name);
}

/* Who has never applied anything here may well mean another one than is taken then. */
static int machine_tell_default(struct error *error, int code)
{
	return error_set(error, code,
		"%s (IPVS was asked, as no file or record here names a backend)",
		error_text(error, code));
}

int cli_machine_try(const struct cli *cli, const char *backend, bool rescue, struct reconciler *ret,
	struct error *error)
{
	struct reconciler_options options = {
		.state_dir = cli->state_dir,
		.run_dir = cli->run_dir,
		.program = cli->program,
		.rescue = rescue,
	};
	int r = cli->options.netns ? netns_enter(cli->options.netns, error) : 0, found = 0;

	if (r == 0)
		r = found = machine_find_backend(cli, backend, &options, error);
	if (r >= 0)
		r = reconciler_open(ret, &options, error);
	return r == -ENOENT && found > 0 ? machine_tell_default(error, r) : r;
}

int cli_machine_open(
	const struct cli *cli, const char *backend, bool rescue, struct reconciler *ret)
{
	_cleanup_error_ struct error error = {};
	int r = cli_machine_try(cli, backend, rescue, ret, &error);

	if (r < 0)
		cli_fail(&error, r);
	return r;
}

void cli_machine_tell_confirm(const struct cli *cli, struct reconciler *reconciler)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};
	_cleanup_error_ struct error error = {};
	const char *netns = cli->options.netns;
	char clock[32] = "";
	struct tm broken;

	if (confirm_load(reconciler, &pending, &error) <= 0)
		return;
	time_t deadline = (time_t)pending.wall_deadline;
	if (localtime_r(&deadline, &broken))
		strftime(clock, sizeof(clock), "%H:%M:%S", &broken);
	cli_note("the last apply is undone at %s unless `poise%s%s confirm` comes first; nothing "
		 "goes before",
		clock, netns ? " --netns=" : "", netns ? netns : "");
}

int cli_machine_open_settled(const struct cli *cli, const char *backend,
	const struct reconciler_observer *observer, struct reconciler *ret)
{
	_cleanup_error_ struct error error = {};
	int r = cli_machine_open(cli, backend, false, ret);

	if (r < 0)
		return r;
	r = confirm_settle(ret, observer, &error);
	if (r < 0)
		cli_fail(&error, r);
	/* Whoever lost the terminal that began it learns of it here. */
	if (r == 0 && ret->hold_deletions)
		cli_machine_tell_confirm(cli, ret);
	return r;
}

int cli_machine_look(struct reconciler *reconciler, struct state *ret, struct error *error)
{
	const struct memory *memory = &reconciler->record.memory;
	_cleanup_free_ struct service_key *keys =
		memory_resize(NULL, memory->owned.count + 1, sizeof(*keys));
	struct backend_scope scope = {.keys = keys, .count = memory->owned.count};

	for (size_t i = 0; i < memory->owned.count; i++)
		keys[i] = memory->owned.items[i].key;
	return reconciler->backend->ops->read(reconciler->backend, &scope, ret, error);
}

int cli_machine_read(struct reconciler *reconciler, struct state *ret)
{
	_cleanup_error_ struct error error = {};
	int r = cli_machine_look(reconciler, ret, &error);

	if (r < 0)
		cli_fail(&error, r);
	return r;
}

void cli_keep_owned(struct state *state, const struct memory *memory)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->services.count; i++) {
		struct service *service = state->services.items + i;

		if (memory_find_owned(memory, &service->key))
			state->services.items[kept++] = *service;
		else
			service_clear(service);
	}
	state->services.count = kept;
}

int cli_live_read(const char *path, struct live *ret, struct error *error)
{
	bool standard = strcmp(path, "-") == 0;
	_cleanup_free_ char *text = NULL;
	json_t *json = NULL;
	size_t size;
	int r = standard ? file_read_fd(STDIN_FILENO, LIVE_SIZE_LIMIT, &text, &size)
			 : file_read(AT_FDCWD, path, LIVE_SIZE_LIMIT, &text, &size);

	if (r < 0)
		return error_set(error, r, "%s: %s", path, strerror(-r));
	r = json_parse(text, size, &json, error);
	if (r == 0)
		r = live_from_json(json, ret, error);
	json_decref(json);
	if (r == 0)
		return 0;
	error_suffix(error, r, " (it should be what `poise get -o json` prints)");
	return error_prefix(error, r, "%s", standard ? "<stdin>" : path);
}
