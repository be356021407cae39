// SPDX-License-Identifier: GPL-2.0-or-later
/* What the processes of poised say to one another (base/channel.h carries it).
 *
 * All are between the supervisor and one of its processes; two processes never speak directly. Payloads are the structs
 * below, in host byte order, or text without a NUL at its end. */
#pragma once

#include <stdint.h>

#include "base/channel.h"

enum message_kind {
	/* supervisor -> process */
	MESSAGE_PING = 1, /* struct message_ping: answer with PONG at once */
	MESSAGE_STOP,     /* nothing: end in order; exit code 0 */
	MESSAGE_RELOAD,   /* nothing: read the files again; answer with RELOADED */

	/* process -> supervisor */
	MESSAGE_PONG = 64, /* the ping's payload */
	MESSAGE_WORKING,   /* nothing: pings have to wait, but all is well; at most once a second */
	MESSAGE_READY,     /* nothing: the first reconcile is over, or the first verdicts are in */
	MESSAGE_RELOADED,  /* nothing: the files are in force, or refused and told */
	MESSAGE_STATUS,    /* text: one line for the service manager */
	/* struct message_control_group: of the process that serves the control socket, which has no right to give a
	 * file away itself */
	MESSAGE_CONTROL_GROUP,
};

struct message_ping {
	uint64_t serial;
};

/* Whose the control socket is, beside root. */
struct message_control_group {
	uint32_t group; /* as in chown(2); 0: nobody's */
};

#define MESSAGE_STATUS_LIMIT 500

/* What a process of the tree accepts, and what the supervisor does. */
extern const struct channel_kind messages_to_process[];
extern const size_t messages_to_process_count;
extern const struct channel_kind messages_to_supervisor[];
extern const size_t messages_to_supervisor_count;
