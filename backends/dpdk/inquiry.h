// SPDX-License-Identifier: GPL-2.0-or-later
/* What poise-dataplane counts, asked for on a connection of its own that waits for no more than BACKEND_FIGURES_NS
 * in all: who wants to see figures must not be held up by a forwarder that hangs, nor hold up who configures it. */
#pragma once

#include "backends/backend.h"

/* The figures of whoever listens at `path`, into an empty `ret`. -errno with words, and it is empty. */
int dpdk_inquiry_figures(const char *path, struct backend_figures *ret, struct error *error);
