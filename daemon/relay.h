// SPDX-License-Identifier: GPL-2.0-or-later
/* What the supervisor carries from one process to another, without looking into it. */
#pragma once

#include <stdint.h>

/* The process that a message of this kind is for when `from` says it; NULL: it is for nobody but the supervisor, or not
 * that one's to say. */
const char *relay_target(const char *from, uint16_t kind);
