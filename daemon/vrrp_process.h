// SPDX-License-Identifier: GPL-2.0-or-later
/* The process of the virtual routers: `vrrp` of process.h. */
#pragma once

#include "daemon/poised.h"

/* In the run directory: what stood in the sysctls that its routers have set. */
#define VRRP_PROCESS_SYSCTLS "vrrp-sysctls"

int vrrp_process_main(const struct poised_options *options);
