// SPDX-License-Identifier: GPL-2.0-or-later
/* What `poise check` is to probe: from its TARGET, and the files where those take part. */
#pragma once

#include "cli/beside.h"
#include "cli/load.h"
#include "model/probe.h"

/* Starts zeroed. */
struct cli_check_list {
	struct cli_beside beside;         /* whose files they are, where none are named */
	struct cli_loaded loaded;         /* the files */
	struct config by_hand;            /* the check that a URL stands for */
	VECTOR_OF(struct declared_probe); /* the name of a URL's check is empty */
};

/* Of the command's arguments: the probes in their order, each once, at least one. -errno after it told standard error why there
 * are none. */
int cli_check_list_fill(const struct cli *cli, struct cli_check_list *ret);
void cli_check_list_clear(struct cli_check_list *list);

#define _cleanup_cli_check_list_ _cleanup_(cli_check_list_clear)

/* Whether the target has the form of a URL that stands for a check by itself. */
bool cli_check_is_url(const char *target);

/* "http://10.0.0.11:8080/healthz" as a check in an empty configuration, which the caller clears in either case, and whom it
 * asks. -EINVAL with words. */
int cli_check_parse_url(
	const char *url, struct config *config, struct destination_key *ret, struct error *error);

/* The row of a check's kind in schema_check. */
enum config_check_key cli_check_kind(const struct config_check *check);
