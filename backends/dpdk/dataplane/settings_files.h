// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings that files say: the same files, read in the same way, as poise and poised have. */
#pragma once

#include "backends/dpdk/dataplane/settings.h"
#include "base/strbuf.h"
#include "model/config.h"

/* Of a configuration that config_load_dataplane() accepted. `ret` starts as settings_init() leaves it. */
void settings_from_config(const struct config *config, struct dataplane_settings *ret);

/* Reads what lies under `paths` (none: /etc/poise), and what it says into `ret`, which starts as
 * settings_init() leaves it. -errno when the files are no good; `said` then has the lines that say why, as
 * `poise validate` does, and warnings of good ones. */
int settings_read(const char *const *paths, size_t count, struct dataplane_settings *ret,
	struct strbuf *said);
