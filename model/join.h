// SPDX-License-Identifier: GPL-2.0-or-later
/* Services of one name in a configuration that config_from_state() made: for each listener it makes
 * one, and the file that declared them may have had one with several. */
#pragma once

#include "model/config.h"

/* Makes one of those of a name that one can say: they are alike, and listeners of a family have the
 * same destinations. The others get a number. O(n log n). */
void config_join_services(struct config *config);

/* Sorts by name; of equal names the later get a number that no other has. */
void config_number_services(struct config *config);
