// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/levels.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int levels_use(const struct message_log_level *message)
{
	if (message->level < LOG_LEVEL_ERROR || message->level > LOG_LEVEL_DEBUG ||
		!memchr(message->module, '\0', sizeof(message->module)))
		return -EBADMSG;
	return log_set_level(
		*message->module ? message->module : NULL, (enum log_level)message->level);
}

int levels_put(struct levels *levels, const struct message_log_level *message)
{
	int r = levels_use(message);

	if (r < 0)
		return r;
	if (!*message->module)
		levels->count = 0;
	vector_foreach(levels, kept) {
		if (strcmp(kept->module, message->module) != 0)
			continue;
		*kept = *message;
		return 0;
	}
	vector_push(levels, *message);
	return 0;
}

struct message_log_level levels_message(const char *module, enum log_level level)
{
	struct message_log_level message = {.level = level};

	if (module)
		snprintf(message.module, sizeof(message.module), "%s", module);
	return message;
}
