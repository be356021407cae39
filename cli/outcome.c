// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/outcome.h"

#include <errno.h>
#include <time.h>

#include "cli/fields.h"
#include "cli/layout.h"

/* A reading of 100,000 services takes some seconds. */
#define OUTCOME_PAUSE_MS   50
#define OUTCOME_PAUSE_MOST 600

static const char *outcome_failure(const json_t *status)
{
	return cli_field_text(json_object_get(status, "reconcile"), "error");
}

/* Whether it is only a matter of time. A pass that failed is tried again, but nobody knows when it works. */
static bool outcome_is_open(const json_t *status)
{
	if (cli_field_is_set(json_object_get(status, "files"), "pending"))
		return true;
	return cli_field_is_set(json_object_get(status, "suspended"), "resuming") &&
	       !outcome_failure(status);
}

int cli_outcome_wait(struct cli_client *client, json_t **ret, struct error *error)
{
	const struct timespec pause = {.tv_nsec = OUTCOME_PAUSE_MS * 1000000L};

	for (unsigned int i = 0; i < OUTCOME_PAUSE_MOST; i++) {
		json_t *status;
		int r = cli_client_call(
			client, "status", json_pack("{s:b}", "summary", 1), &status, error);

		if (r < 0)
			return r;
		if (!outcome_is_open(status)) {
			*ret = status;
			return 0;
		}
		json_decref(status);
		nanosleep(&pause, NULL);
	}
	return error_set(error, -ETIMEDOUT,
		"the files are still being read: `poise status` says what becomes of them");
}

int cli_outcome_check_confirm(
	const struct cli *cli, const json_t *status, const char *words, struct error *error)
{
	const json_t *files = json_object_get(status, "files");
	const char *revision = cli_field_text(files, "revision");
	const char *failure = outcome_failure(status);
	_cleanup_strbuf_ struct strbuf since = {};

	if (!cli->options.confirm_timeout || cli_field_is_set(status, "confirm"))
		return 0;
	if (failure)
		return error_set(error, -EAGAIN,
			"nothing waits for a confirmation yet: the last pass failed: %s", failure);
	cli_layout_time(&since, (time_t)cli_field_number(files, "since"), time(NULL));
	return error_set(error, -EALREADY,
		"nothing waits for a confirmation: revision %.12s is in force already, since %s, "
		"%s",
		revision ? revision : "none", since.text, words);
}
