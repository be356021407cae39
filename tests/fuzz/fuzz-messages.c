// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process of poised that went mad may send the other end: datagrams over a real channel, against the tables that the
 * processes use. The first byte chooses the end; then come datagrams, each behind two bytes of its length. What reaches the
 * handler is what its struct says, the rest is counted, and nothing is lost or made up. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATAGRAMS_MOST 16

static void require(bool condition)
{
	if (!condition)
		abort();
}

struct end {
	struct loop *loop;
	bool supervisor;
	uint64_t taken, sum;
	bool closed;
};

static void take_bytes(struct end *end, const void *payload, size_t size)
{
	for (size_t i = 0; i < size; i++)
		end->sum += ((const uint8_t *)payload)[i];
}

/* A program that is one has all its texts within the message, and comes out of them as it was. */
static void take_program(struct end *end, const struct message_program *message, size_t size)
{
	_cleanup_free_ struct message_program *again = NULL;
	_cleanup_free_ const char **words = NULL;
	const char *user, **environment;
	size_t again_size;

	take_bytes(end, message, size);
	if (message_program_read(message, size, &user, &words, &environment) < 0)
		return;
	const struct message_program_texts texts = {
		.user = user, .words = words, .environment = environment};
	require(message_program_write(
			message->number, message->timeout, &texts, &again, &again_size) == 0);
	require(again_size == size && memcmp(again, message, size) == 0);
}

/* What is read as a verdict can be written as one. */
static void take_probes(struct end *end, const struct message_health_probe *probes, size_t size)
{
	for (size_t i = 0; i < size / sizeof(*probes); i++) {
		struct message_verdict again;
		struct verdict verdict;

		end->sum += probes[i].check;
		if (message_verdict_read(&probes[i].verdict, &verdict) < 0)
			continue;
		message_verdict_write(&verdict, &again);
		require(memcmp(&again, &probes[i].verdict, sizeof(again)) == 0);
	}
}

static void on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct end *end = data;

	require(!end->closed);
	require(end->supervisor ? kind >= MESSAGE_PONG
				: kind < MESSAGE_PONG || kind >= MESSAGE_HEALTH_PLAN);
	end->taken++;
	switch (kind) {
	case MESSAGE_PING:
	case MESSAGE_PONG:
		require(size == sizeof(struct message_ping));
		end->sum += ((const struct message_ping *)payload)->serial;
		break;
	case MESSAGE_CONTROL_GROUP:
		require(size == sizeof(struct message_control_group));
		end->sum += ((const struct message_control_group *)payload)->group;
		break;
	case MESSAGE_STATUS:
		require(size > 0 && size <= MESSAGE_STATUS_LIMIT);
		take_bytes(end, payload, size);
		break;
	case MESSAGE_RUN:
	case MESSAGE_NOTIFY:
	case MESSAGE_ALLOW:
		take_program(end, payload, size);
		break;
	case MESSAGE_HEALTH_PROBES:
		take_probes(end, payload, size);
		break;
	default:
		take_bytes(end, payload, size);
	}
}

static void on_closed(void *data, int code)
{
	struct end *end = data;

	require(!end->closed && code == 0);
	end->closed = true;
	loop_stop(end->loop, 0);
}

/* Returns how many were sent; nothing of no length, which a socket cannot tell from its end. */
static uint64_t send_all(int fd, const uint8_t *data, size_t size)
{
	uint64_t sent = 0;

	while (size > 2 && sent < DATAGRAMS_MOST) {
		size_t length = (size_t)(data[0] | data[1] << 8);

		data += 2;
		size -= 2;
		length = MIN(length, size);
		if (length) {
			require(send(fd, data, length, MSG_NOSIGNAL) == (ssize_t)length);
			sent++;
		}
		data += length;
		size -= length;
	}
	return sent;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct end end = {.supervisor = size && data[0] % 2};
	const struct channel_options options = {
		.kinds = end.supervisor ? messages_to_supervisor : messages_to_process,
		.kind_count =
			end.supervisor ? messages_to_supervisor_count : messages_to_process_count,
		.message = on_message,
		.closed = on_closed,
		.data = &end,
	};
	struct channel *channel;
	int fds[2];

	if (!size)
		return 0;
	require(loop_new(&end.loop) == 0 && channel_pair(fds) == 0);
	require(channel_new(end.loop, fds[0], &options, &channel) == 0);
	uint64_t sent = send_all(fds[1], data + 1, size - 1);
	close(fds[1]);
	require(loop_run(end.loop) == 0);
	require(end.closed && end.taken + channel_malformed(channel) == sent);
	channel_free(channel);
	loop_free(end.loop);
	return 0;
}
