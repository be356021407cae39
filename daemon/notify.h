// SPDX-License-Identifier: GPL-2.0-or-later
/* A service's `notify` command, as the supervisor is asked to run it. */
#pragma once

#include "daemon/engine_health.h"
#include "daemon/messages.h"

/* The command of the file and POISE_… names that say what happened (poised(8) lists them), and PATH; nothing else. One
 * message of *size bytes, which the caller frees. -E2BIG. */
int notify_message(const struct engine_notice *notice, struct message_program **ret, size_t *size);

/* Whoever runs them says which failed: tells the engine. -EBADMSG, and nothing is told: it is no such message. */
int notify_take_failed(
	struct engine *engine, const struct message_notify_failed *message, size_t size);
