// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/messages.h"

#define NOTHING       .size_min = 0, .size_max = 0
#define EXACTLY(type) .size_min = sizeof(type), .size_max = sizeof(type)

const struct channel_kind messages_to_process[] = {
	{MESSAGE_PING, "ping", EXACTLY(struct message_ping)},
	{MESSAGE_STOP, "stop", NOTHING},
	{MESSAGE_RELOAD, "reload", NOTHING},
};
const size_t messages_to_process_count = ARRAY_LENGTH(messages_to_process);

const struct channel_kind messages_to_supervisor[] = {
	{MESSAGE_PONG, "pong", EXACTLY(struct message_ping)},
	{MESSAGE_WORKING, "working", NOTHING},
	{MESSAGE_READY, "ready", NOTHING},
	{MESSAGE_RELOADED, "reloaded", NOTHING},
	{MESSAGE_STATUS, "status", .size_min = 1, .size_max = MESSAGE_STATUS_LIMIT},
	{MESSAGE_CONTROL_GROUP, "control-group", EXACTLY(struct message_control_group)},
};
const size_t messages_to_supervisor_count = ARRAY_LENGTH(messages_to_supervisor);
