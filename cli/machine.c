// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/file.h"
#include "base/netns.h"
#include "reconciler/confirm.h"
#include "reconciler/live_json.h"

#define LIVE_SIZE_LIMIT (256u << 20)

int cli_machine_try(const struct cli *cli, const char *backend, bool rescue, struct reconciler *ret,
	struct error *error)
{
	const struct reconciler_options options = {
		.backend = backend_find(backend),
		.state_dir = cli->state_dir,
		.run_dir = cli->run_dir,
		.program = cli->program,
		.rescue = rescue,
	};
	int r = 0;

	if (!options.backend)
		r = error_set(error, -ENOTSUP, "this version has no backend `%s`", backend);
	if (r == 0 && cli->options.netns)
		r = netns_enter(cli->options.netns, error);
	if (r == 0)
		r = reconciler_open(ret, &options, error);
	return r;
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
