// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages between the processes of poised: one end of a SOCK_SEQPACKET pair.
 *
 * A message is a kind and a payload of bytes; one send is one message or none. Each end is given a table of the
 * kinds that it accepts with the sizes that are right for them, and whatever does not fit (an unknown kind, another size,
 * a cut message) is counted and dropped before anybody looks into it: a process does not trust its siblings' memory.
 * Sending never blocks: what the socket does not take now waits in a bounded queue. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

/* Bytes of the payload of one message, at most. */
#define CHANNEL_PAYLOAD_LIMIT 65536u
/* Bytes that wait to be sent, at most: beyond, channel_send() gives -ENOBUFS. */
#define CHANNEL_QUEUE_LIMIT (8u << 20)

/* What an end accepts of one kind. */
struct channel_kind {
	uint16_t kind; /* never 0 */
	const char *name;
	size_t size_min, size_max; /* of the payload, in bytes */
};

/* Documented where the kinds are (daemon/messages.h). `payload` is aligned for any type, `size` is within the kind's
 * bounds. Borrowed until the handler returns; the handler may free the channel. */
typedef void channel_handler(void *data, uint16_t kind, const void *payload, size_t size);
/* The other end is gone (code 0), or reading failed (-errno): nothing more will come. Called once. */
typedef void channel_closed_handler(void *data, int code);

struct channel;

struct channel_options {
	const struct channel_kind *kinds; /* constant */
	size_t kind_count;
	channel_handler *message;
	channel_closed_handler *closed;
	void *data;
};

/* A pair of connected descriptors, close-on-exec, non-blocking. -errno. */
int channel_pair(int fds[2]);

/* Takes `fd` over in any case (closed on failure). -errno. */
int channel_new(
	struct loop *loop, int fd, const struct channel_options *options, struct channel **ret);

/* 0: sent, or queued. -EMSGSIZE; -ENOBUFS: the other end does not read; -EPIPE: it is gone. */
int channel_send(struct channel *channel, uint16_t kind, const void *payload, size_t size);

/* Hears at once what has come already, up to the end where that is there: the other end is known to be gone, and the loop has not
 * come to its last words. */
void channel_drain(struct channel *channel);

/* Messages that were dropped because they were not well-formed. */
uint64_t channel_malformed(const struct channel *channel);

/* Tries to send what is queued, closes. NULL is allowed; returns NULL. */
struct channel *channel_free(struct channel *channel);

/* The pure part (fuzzed): the datagram of `size` bytes as a message that `kinds` accept: its payload's place in
 * *payload and its size in *payload_size. -EBADMSG. */
int channel_decode(const void *datagram, size_t size, const struct channel_kind *kinds,
	size_t kind_count, uint16_t *kind, const void **payload, size_t *payload_size);
