// SPDX-License-Identifier: GPL-2.0-or-later
/* What is logged, in all processes of the tree: whoever serves `log-level` tells the supervisor, who tells the others, and again
 * those that are started later. */
#pragma once

#include "base/log.h"
#include "base/vector.h"
#include "daemon/messages.h"

/* What was set last, of the common level and of each module; a new common level ends those of the modules. Starts zeroed. */
struct levels {
	VECTOR_OF(struct message_log_level);
};

/* Puts it in force in this process. -EBADMSG: it is none; -ENOENT: no such module. */
int levels_use(const struct message_log_level *message);
/* The same, and keeps it. */
int levels_put(struct levels *levels, const struct message_log_level *message);
/* module NULL: the common one. */
struct message_log_level levels_message(const char *module, enum log_level level);
