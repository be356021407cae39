// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/confirm_timeout.h"

#include <errno.h>

#include "model/units.h"

#define SHORTEST UNITS_SECOND
#define LONGEST  (36500 * 86400ull * UNITS_SECOND)

int cli_confirm_timeout_check(const struct cli *cli)
{
	uint64_t timeout = cli->options.confirm_timeout;

	if (!timeout || (timeout >= SHORTEST && timeout <= LONGEST))
		return 0;
	cli_error(timeout < SHORTEST ? "--confirm-timeout is at least 1s"
				     : "--confirm-timeout is at most 36500d");
	return -EINVAL;
}

int cli_confirm_timeout_add(const struct cli *cli, json_t *params)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (cli_confirm_timeout_check(cli) < 0) {
		json_decref(params);
		return -EINVAL;
	}
	if (!cli->options.confirm_timeout)
		return 0;
	units_format_duration(cli->options.confirm_timeout, &text);
	json_object_set_new(params, "confirm-timeout", json_string(text.text));
	return 0;
}
