// SPDX-License-Identifier: GPL-2.0-or-later
/* Bugs that are planted into the forwarder, so that the test which must find them is known to.
 *
 * The forwarder's own sources know nothing of them: replay is linked with --wrap for the functions of
 * bugs.c, which call the real ones and then spoil what these did. */
#pragma once

#include <stdbool.h>

/* NULL: none. False when there is no bug of that name. */
bool bugs_plant(const char *name);

/* A name on each line of stdout. */
void bugs_list(void);
