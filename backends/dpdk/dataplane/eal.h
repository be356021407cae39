// SPDX-License-Identifier: GPL-2.0-or-later
/* DPDK's environment: what it is told about cores, memory and devices. */
#pragma once

#include "backends/dpdk/dataplane/settings.h"
#include "base/error.h"

/* The arguments for these settings on this machine, the program's name first: the user's own, and what
 * he leaves open. Texts are the vector's: eal_arguments_clear(). -EINVAL with words. */
int eal_arguments(const struct dataplane_settings *settings, uint64_t memory,
	struct settings_text_vector *ret, struct error *error);
void eal_arguments_clear(struct settings_text_vector *arguments);

/* Starts it, once for a process. -errno with words. */
int eal_start(const struct settings_text_vector *arguments, struct error *error);
