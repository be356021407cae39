// SPDX-License-Identifier: GPL-2.0-or-later
/* What poise-dataplane is called with. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "base/strbuf.h"

/* Borrows argv. */
struct arguments {
	const char *netns, *state_dir, *run_dir; /* NULL: not said */
	enum log_target log_target;
	enum log_level log_level;
	bool help, version, check;
	const char *const *paths; /* of the files; none: the default */
	size_t path_count;
};

/* -EINVAL with words. */
int arguments_parse(int argc, char **argv, struct arguments *ret, struct error *error);

void arguments_format_help(struct strbuf *text);
