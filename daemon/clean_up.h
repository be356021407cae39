// SPDX-License-Identifier: GPL-2.0-or-later
/* `poised --clean-up`: what the virtual routers of a poised that died have left in the kernel goes: addresses, routes, rules and
 * interfaces that carry our mark. For ExecStopPost= of the unit: another machine may have taken over, and answers for them. */
#pragma once

#include "daemon/poised.h"

/* The exit code: 0, also when there was nothing; 2 with words on standard error where it may not, or poised runs. */
int clean_up_main(const struct poised_options *options);

/* The same as a child of the supervisor, which has the lock, with the lease. For process.h. */
int clean_up_process_main(const struct poised_options *options);
