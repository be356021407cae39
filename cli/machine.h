// SPDX-License-Identifier: GPL-2.0-or-later
/* What commands share that look at, or change, the machine they run on; and files that stand in for
 * it. */
#pragma once

#include "cli/cli.h"
#include "reconciler/live_json.h"
#include "reconciler/reconciler.h"

/* Enters the namespace of --netns and opens the reconciler there (`rescue`: reconciler_options.rescue). `backend` NULL: that of this
 * machine, which is what --backend says, what was applied last, what /etc/poise says, or ipvs. 0, or -errno after it told standard
 * error why. `cli` must outlive it. */
int cli_machine_open(
	const struct cli *cli, const char *backend, bool rescue, struct reconciler *ret);

/* The same, with words instead. */
int cli_machine_try(const struct cli *cli, const char *backend, bool rescue, struct reconciler *ret,
	struct error *error);

/* Of what cli_machine_open() opened: the word after `backend:`. */
const char *cli_machine_backend(const struct reconciler *reconciler);

/* Says on standard error until when an apply waits for its confirmation, when one does. */
void cli_machine_tell_confirm(const struct cli *cli, struct reconciler *reconciler);

/* Opens it, undoes an apply that nobody confirmed in time, and tells of one that still waits. */
int cli_machine_open_settled(const struct cli *cli, const char *backend,
	const struct reconciler_observer *observer, struct reconciler *ret);

/* The live state of all services, into an empty `ret`. 0, or -errno after it said why. */
int cli_machine_read(struct reconciler *reconciler, struct state *ret);

/* The same, with words instead. */
int cli_machine_look(struct reconciler *reconciler, struct state *ret, struct error *error);

/* Leaves in `state` only the services that are ours. */
void cli_keep_owned(struct state *state, const struct memory *memory);

/* From a file ("-": standard input) of the form of reconciler/live_json.h, or of a bare state, into an empty `ret`, which is
 * empty again on failure. -errno with words. */
int cli_live_read(const char *path, struct live *ret, struct error *error);
