// SPDX-License-Identifier: GPL-2.0-or-later
/* What became of what poised was told: it answers at once, and does it after that. */
#pragma once

#include "cli/client.h"

/* What `status` says once the files are read, and a suspension that was to end has ended or cannot; a new reference in
 * *ret. -ETIMEDOUT when that takes half a minute. */
int cli_outcome_wait(struct cli_client *client, json_t **ret, struct error *error);

/* Whether what was to be confirmed (--confirm-timeout) waits for it. -EAGAIN while the pass fails that is to begin it; -EALREADY
 * when there was nothing to do: `words` say in which way. */
int cli_outcome_check_confirm(
	const struct cli *cli, const json_t *status, const char *words, struct error *error);
