// SPDX-License-Identifier: GPL-2.0-or-later
/* The process of the virtual routers: `vrrp` of process.h. */
#pragma once

#include "daemon/poised.h"

int vrrp_process_main(const struct poised_options *options);
