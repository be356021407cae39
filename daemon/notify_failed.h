// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of `notify` that failed when they ran last: which, when, and how they ended. Whoever runs them keeps this, so that it
 * outlives whoever shows it. Does nothing but remember. */
#pragma once

#include "base/strbuf.h"
#include "base/vector.h"
#include "daemon/messages.h"

struct notify_failed_item {
	struct message_program *message; /* owned */
	size_t size;
	uint64_t wall; /* milliseconds since the epoch */
	int status;    /* as run.h has it */
};

/* Starts zeroed. */
struct notify_failed {
	VECTOR_OF(struct notify_failed_item); /* the last one that failed is the last */
	uint64_t serial;                      /* another from each change on */
};

/* What became of a command, which is known by its words: it is remembered, or forgotten again. Of MESSAGE_NOTIFY_FAILED_MOST and more the
 * one that failed first is forgotten. The message is one that has been read (message_program_read()). */
void notify_failed_take(struct notify_failed *failed, const struct message_program *message,
	size_t size, int status, uint64_t wall);
void notify_failed_clear(struct notify_failed *failed);

/* One of them, as the reconciler is told; *size bytes, which the caller frees. `place` 0 where there are none, too. */
struct message_notify_failed *notify_failed_message(
	const struct notify_failed *failed, size_t place, size_t *size);

/* "ended with code 3", "cannot be run: No such file or directory": how it ended. Appends. */
void notify_failed_say(int status, struct strbuf *text);
