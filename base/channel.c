// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages over a SOCK_SEQPACKET pair.
 *
 * A datagram is a header of 8 bytes (kind, a zero, the size of what follows) and the payload. Its size is said twice,
 * by the kernel and by the header, and both must agree with the table of kinds. A message that the buffer cuts off is
 * malformed, and so is one that carries descriptors (the kernel closes them, as no room is offered for them).
 *
 * The other end may be anything: dead, stopped, or taken over by somebody. So a turn of the loop takes a bounded
 * number of messages, and other sources have their turn in a flood; sending never waits; and what waits to be sent is
 * bounded. Descriptors are read and written with MSG_DONTWAIT, whatever flags they were inherited with.
 *
 *	open	  messages come and go
 *	gone	  the end was read, and closed() called: only channel_free() is left to do
 *
 * A handler may free the channel that calls it. Then the memory, which holds the payload that the handler may still
 * look at, goes when the handler has returned. */
#include "base/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdalign.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/memory.h"

/* Messages that one turn of the loop takes, and sends of its queue. */
#define CHANNEL_TURN 64
/* No socket holds more. Who is gone sends no more; but others may have his descriptor. */
#define CHANNEL_DRAIN 65536

struct channel_header {
	uint16_t kind, zero;
	uint32_t size;
};

/* What is received: the header lies before a place that is aligned for any type. */
struct channel_buffer {
	alignas(max_align_t) char before[alignof(max_align_t) - sizeof(struct channel_header)];
	char datagram[sizeof(struct channel_header) + CHANNEL_PAYLOAD_LIMIT];
};

struct channel_item {
	struct channel_item *next;
	size_t size;
	char datagram[];
};

struct channel {
	struct channel_options options;
	struct loop_source *source; /* NULL: gone */
	int fd;
	bool busy, freed; /* a handler runs; it has freed the channel */
	uint64_t malformed;
	struct channel_item *first, **last; /* unsent */
	size_t queued;                      /* bytes of memory in them */
	struct channel_buffer buffer;
};

int channel_pair(int fds[2])
{
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;

	return socketpair(AF_UNIX, type, 0, fds) < 0 ? -errno : 0;
}

/* The pure part. */

static const struct channel_kind *channel_kind_find(
	const struct channel_kind *kinds, size_t count, uint16_t kind)
{
	for (size_t i = 0; i < count; i++) {
		if (kinds[i].kind == kind)
			return &kinds[i];
	}
	return NULL;
}

int channel_decode(const void *datagram, size_t size, const struct channel_kind *kinds,
	size_t kind_count, uint16_t *kind, const void **payload, size_t *payload_size)
{
	struct channel_header header;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, datagram, sizeof(header));
	size -= sizeof(header);
	if (header.zero || header.size != size || size > CHANNEL_PAYLOAD_LIMIT)
		return -EBADMSG;
	const struct channel_kind *known = channel_kind_find(kinds, kind_count, header.kind);
	if (!known || size < known->size_min || size > known->size_max)
		return -EBADMSG;
	*kind = header.kind;
	*payload = (const char *)datagram + sizeof(header);
	*payload_size = size;
	return 0;
}

/* Sending. */

/* 1: sent; 0: not now; -EPIPE: the other end is gone; another -errno: never. */
static int channel_put(struct channel *channel, const struct iovec *parts, size_t count)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};

	while (sendmsg(channel->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN)
			return 0;
		if (errno == ECONNRESET || errno == ECONNREFUSED || errno == ENOTCONN)
			return -EPIPE;
		if (errno != EINTR)
			return -errno;
	}
	return 1;
}

static void channel_item_drop(struct channel *channel)
{
	struct channel_item *item = channel->first;

	channel->first = item->next;
	if (!channel->first)
		channel->last = &channel->first;
	channel->queued -= sizeof(*item) + item->size;
	free(item);
}

/* Up to `most` messages of the queue. One that can never be sent is dropped, and does not hold up the others. */
static void channel_flush(struct channel *channel, size_t most)
{
	while (channel->first && most--) {
		struct iovec part = {channel->first->datagram, channel->first->size};
		if (channel_put(channel, &part, 1) == 0)
			return;
		channel_item_drop(channel);
	}
}

static int channel_queue(
	struct channel *channel, const struct channel_header *header, const void *payload)
{
	size_t size = sizeof(*header) + header->size;
	struct channel_item *item;

	if (channel->queued + sizeof(*item) + size > CHANNEL_QUEUE_LIMIT)
		return -ENOBUFS;
	item = memory_new(sizeof(*item) + size);
	item->size = size;
	memcpy(item->datagram, header, sizeof(*header));
	if (header->size)
		memcpy(item->datagram + sizeof(*header), payload, header->size);
	if (!channel->first)
		loop_io_set_events(channel->source, EPOLLIN | EPOLLOUT);
	*channel->last = item;
	channel->last = &item->next;
	channel->queued += sizeof(*item) + size;
	return 0;
}

int channel_send(struct channel *channel, uint16_t kind, const void *payload, size_t size)
{
	struct channel_header header = {.kind = kind, .size = (uint32_t)size};
	const struct iovec parts[] = {{&header, sizeof(header)}, {(void *)payload, size}};

	if (size > CHANNEL_PAYLOAD_LIMIT)
		return -EMSGSIZE;
	if (!channel->source)
		return -EPIPE;
	if (channel->first)
		return channel_queue(channel, &header, payload);
	int r = channel_put(channel, parts, ARRAY_LENGTH(parts));
	if (r == 0)
		return channel_queue(channel, &header, payload);
	return MIN(r, 0);
}

/* Receiving. */

static void channel_close(struct channel *channel)
{
	channel->source = loop_source_free(channel->source);
	close(channel->fd);
	channel->fd = -1;
	while (channel->first)
		channel_item_drop(channel);
}

static void channel_end(struct channel *channel, int code)
{
	channel_close(channel);
	channel->options.closed(channel->options.data, code);
}

/* An empty datagram is read as nothing, like the end. */
static bool channel_is_at_end(const struct channel *channel)
{
	struct pollfd state = {.fd = channel->fd, .events = POLLRDHUP};

	return poll(&state, 1, 0) != 0;
}

static void channel_take(struct channel *channel, size_t size, int flags)
{
	uint16_t kind;
	const void *payload;
	const struct channel_options *options = &channel->options;

	if (flags & (MSG_TRUNC | MSG_CTRUNC) ||
		channel_decode(channel->buffer.datagram, size, options->kinds, options->kind_count,
			&kind, &payload, &size) < 0) {
		channel->malformed++;
		return;
	}
	options->message(options->data, kind, payload, size);
}

/* One message. False: there is nothing more to read now. */
static bool channel_receive(struct channel *channel)
{
	struct iovec part = {channel->buffer.datagram, sizeof(channel->buffer.datagram)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n = recvmsg(channel->fd, &message, MSG_DONTWAIT);

	/* ECONNRESET comes once when the other end is gone, and before what it had sent. */
	if (n < 0 && (errno == EINTR || errno == ECONNRESET))
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0)
		channel_end(channel, -errno);
	else if (n == 0 && channel_is_at_end(channel))
		channel_end(channel, 0);
	else
		channel_take(channel, (size_t)n, message.msg_flags);
	return true;
}

static void channel_read(struct channel *channel, size_t most)
{
	channel->busy = true;
	for (size_t i = 0; i < most && channel->source && channel_receive(channel); i++)
		;
	channel->busy = false;
	if (channel->freed)
		free(channel);
}

static void channel_on_io(void *data, uint32_t events)
{
	struct channel *channel = data;

	if (events & EPOLLOUT) {
		channel_flush(channel, CHANNEL_TURN);
		if (!channel->first)
			loop_io_set_events(channel->source, EPOLLIN);
	}
	channel_read(channel, CHANNEL_TURN);
}

void channel_drain(struct channel *channel)
{
	if (channel->source && !channel->busy)
		channel_read(channel, CHANNEL_DRAIN);
}

/* Life. */

/* The number of the descriptor may come from a command line. */
static int channel_check(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return -errno;
	if (type != SOCK_SEQPACKET)
		return -EPROTOTYPE;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int channel_new(
	struct loop *loop, int fd, const struct channel_options *options, struct channel **ret)
{
	struct channel *channel;

	*ret = NULL;
	int r = channel_check(fd);
	if (r < 0) {
		memory_closep(&fd);
		return r;
	}
	channel = memory_new(sizeof(*channel));
	channel->options = *options;
	channel->fd = fd;
	channel->last = &channel->first;
	r = loop_add_io(loop, fd, EPOLLIN, channel_on_io, channel, &channel->source);
	if (r < 0) {
		close(fd);
		free(channel);
		return r;
	}
	*ret = channel;
	return 0;
}

uint64_t channel_malformed(const struct channel *channel)
{
	return channel->malformed;
}

struct channel *channel_free(struct channel *channel)
{
	if (!channel)
		return NULL;
	if (channel->source) {
		channel_flush(channel, SIZE_MAX);
		channel_close(channel);
	}
	channel->freed = true;
	if (!channel->busy)
		free(channel);
	return NULL;
}
