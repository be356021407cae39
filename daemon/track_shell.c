// SPDX-License-Identifier: GPL-2.0-or-later
/* Who looks says so after each look; what is made of it waits until then, so that what changes together is told together. */
#include "daemon/track_shell.h"

#include "base/log.h"
#include "daemon/track_file.h"
#include "daemon/track_interface.h"
#include "daemon/track_process.h"
#include "daemon/track_route.h"
#include "daemon/track_script.h"

LOG_MODULE("reconciler");

struct track_shell {
	struct track_shell_options options;
	struct track_list list;
	struct track_routes *routes;
	struct track_scripts *scripts;
	struct track_processes *processes;
	struct track_files *files;
	bool dirty; /* something has changed since the last look */
	bool tried; /* all have been looked at, and that was told */
};

static void track_shell_on_changed(void *data, const struct track_change *change)
{
	struct track_shell *shell = data;

	shell->dirty = true;
	shell->options.changed(shell->options.data, change);
}

static void track_shell_on_forget(void *data, struct track_item *item)
{
	struct track_shell *shell = data;

	if (item->kind == TRACK_SCRIPT)
		track_scripts_forget(shell->scripts, item);
}

static void track_shell_on_looked(void *data)
{
	struct track_shell *shell = data;

	if (!shell->tried && track_list_is_tried(&shell->list))
		shell->tried = shell->dirty = true;
	if (!shell->dirty)
		return;
	shell->dirty = false;
	shell->options.settled(shell->options.data);
}

static int track_shell_on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	const struct track_shell *shell = data;

	return shell->options.send(shell->options.data, kind, payload, size);
}

void track_shell_want(struct track_shell *shell, const struct config *config)
{
	track_list_want(&shell->list, config);
	shell->tried = false;
	track_routes_want(shell->routes);
	track_processes_want(shell->processes);
	track_files_want(shell->files);
	track_scripts_want(shell->scripts);
}

static void track_shell_hear(
	struct track_shell *shell, const struct message_vrrp_links *links, size_t size)
{
	if (track_interfaces_hear(&shell->list, links, size, loop_clock()) < 0)
		log_warning("the process of the virtual routers says what are no interfaces: "
			    "dropped");
	track_shell_on_looked(shell);
}

void track_shell_message(struct track_shell *shell, uint16_t kind, const void *payload, size_t size)
{
	if (kind == MESSAGE_RAN)
		track_scripts_ran(shell->scripts, payload);
	else if (kind == MESSAGE_VRRP_LINKS)
		track_shell_hear(shell, payload, size);
	else if (kind == MESSAGE_VRRP_GONE)
		track_interfaces_miss(&shell->list);
}

struct track_list *track_shell_list(struct track_shell *shell)
{
	return &shell->list;
}

static int track_shell_open(struct track_shell *shell)
{
	const struct track_routes_options routes = {.loop = shell->options.loop,
		.list = &shell->list,
		.looked = track_shell_on_looked,
		.data = shell};
	const struct track_scripts_options scripts = {.loop = shell->options.loop,
		.list = &shell->list,
		.send = track_shell_on_send,
		.looked = track_shell_on_looked,
		.data = shell};
	const struct track_processes_options processes = {.loop = shell->options.loop,
		.list = &shell->list,
		.proc = "/proc",
		.looked = track_shell_on_looked,
		.data = shell};
	const struct track_files_options files = {.loop = shell->options.loop,
		.list = &shell->list,
		.looked = track_shell_on_looked,
		.data = shell};

	track_routes_new(&routes, &shell->routes);
	int r = track_scripts_new(&scripts, &shell->scripts);
	if (r == 0)
		r = track_processes_new(&processes, &shell->processes);
	if (r == 0)
		r = track_files_new(&files, &shell->files);
	return r;
}

int track_shell_new(const struct track_shell_options *options, struct track_shell **ret)
{
	struct track_shell *shell = memory_new(sizeof(*shell));

	shell->options = *options;
	shell->list.forget = track_shell_on_forget;
	shell->list.changed = track_shell_on_changed;
	shell->list.data = shell;
	int r = track_shell_open(shell);
	*ret = r < 0 ? track_shell_free(shell) : shell;
	return r;
}

struct track_shell *track_shell_free(struct track_shell *shell)
{
	if (!shell)
		return NULL;
	shell->list.forget = NULL;
	track_routes_free(shell->routes);
	track_scripts_free(shell->scripts);
	track_processes_free(shell->processes);
	track_files_free(shell->files);
	track_list_clear(&shell->list);
	free(shell);
	return NULL;
}
