// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection, used by one caller that waits for its answers.
 *
 * A request that the forwarder refuses altogether is answered by an ERROR, after which it hangs up: so
 * a send that finds nobody looks whether there is such an answer, and has its words. Whatever else goes
 * wrong ends the connection, and the next request makes another. */
#include "backends/dpdk/link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/memory.h"

static int link_connect(int fd, const struct sockaddr_un *address)
{
	const struct timeval limit = {.tv_sec = DPDK_LINK_SECONDS};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
		connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return 0;
}

int dpdk_link_connect(const char *path, bool wait)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);

	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
	if (fd < 0)
		return -errno;
	int r = link_connect(fd, &address);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int dpdk_link_explain(const char *path, int code, struct error *error)
{
	switch (code) {
	case -ENOENT:
	case -ECONNREFUSED:
		return error_set(error, -ENOENT,
			"poise-dataplane does not run here (%s): systemctl start poise-dataplane, "
			"or name its folder with --run-dir",
			path);
	case -EACCES:
	case -EPERM:
		return error_set(
			error, -EPERM, "%s: not permitted: run as poise-dataplane's user", path);
	case -EAGAIN:
		return error_set(error, -ETIMEDOUT,
			"poise-dataplane does not take the connection at %s: is it stopped?", path);
	case -ENAMETOOLONG:
		return error_set(error, code,
			"%s is too long a path for a socket: --run-dir=DIR takes a shorter one",
			path);
	case -EPROTOTYPE:
		return error_set(error, code, "%s is not poise-dataplane's socket", path);
	default:
		return error_set(error, code, "cannot reach poise-dataplane at %s: %s", path,
			strerror(-code));
	}
}

bool dpdk_link_is_open(const struct dpdk_link *link)
{
	char byte;

	/* Nothing is under way: what can be read now is its end, or its last words. */
	return link->fd >= 0 && recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

void dpdk_link_close(struct dpdk_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	strbuf_clear(&link->output);
	free(link->input);
	link->input = NULL;
}

static int link_lost(struct dpdk_link *link, int code, struct error *error)
{
	dpdk_link_close(link);
	switch (code) {
	case -EAGAIN:
		return error_set(error, -ETIMEDOUT,
			"poise-dataplane has not answered for %d s: is it stopped, or a worker "
			"stuck?",
			DPDK_LINK_SECONDS);
	case -EPIPE:
	case -ECONNRESET:
	case -ENOTCONN:
		return error_set(error, -ENOTCONN, "poise-dataplane has ended, or hung up");
	case -EBADMSG:
		return error_set(error, code,
			"poise-dataplane's answer cannot be understood: is it of another version?");
	default:
		return error_set(
			error, code, "cannot speak with poise-dataplane: %s", strerror(-code));
	}
}

void dpdk_link_request(struct dpdk_link *link)
{
	link->id++;
}

void dpdk_link_begin(struct dpdk_link *link, enum message_kind kind)
{
	message_begin(&link->output, kind, link->id);
}

/* Takes a message. Its size, 0 for the end, -errno. */
static ssize_t link_take(struct dpdk_link *link, int flags)
{
	struct iovec part = {.iov_len = MESSAGE_LIMIT};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (!link->input)
		link->input = memory_new(MESSAGE_LIMIT);
	part.iov_base = link->input;
	do
		n = recvmsg(link->fd, &message, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return message.msg_flags & MSG_TRUNC ? -EBADMSG : n;
}

/* An ERROR: its code and words. The connection ends with it. */
static int link_refused(struct dpdk_link *link, struct message_reader reader, struct error *error)
{
	struct message_result result;
	struct message_reader value;
	int type;

	while ((type = message_next(&reader, &value)) > 0) {
		if (type != MESSAGE_ATTRIBUTE_RESULT || message_get_result(value, &result) < 0 ||
			result.code >= 0)
			continue;
		dpdk_link_close(link);
		return error_set(error, result.code, "%s", result.text);
	}
	return link_lost(link, -EBADMSG, error);
}

/* What poise-dataplane said before it hung up. */
static int link_last_words(struct dpdk_link *link, int code, struct error *error)
{
	struct message_header header;
	struct message_reader reader;
	ssize_t n = link_take(link, MSG_DONTWAIT);

	if (n <= 0 || message_open(link->input, (size_t)n, &header, &reader) < 0 ||
		header.kind != MESSAGE_KIND_ERROR)
		return link_lost(link, code, error);
	return link_refused(link, reader, error);
}

int dpdk_link_send(struct dpdk_link *link, struct error *error)
{
	ssize_t n;

	message_finish(&link->output);
	do
		n = send(link->fd, link->output.text, link->output.length, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? link_last_words(link, -errno, error) : 0;
}

int dpdk_link_receive(struct dpdk_link *link, struct message_header *header,
	struct message_reader *reader, struct error *error)
{
	ssize_t n = link_take(link, 0);

	if (n <= 0)
		return link_lost(link, n < 0 ? (int)n : -ENOTCONN, error);
	int r = message_open(link->input, (size_t)n, header, reader);
	if (r < 0)
		return link_lost(link, -EBADMSG, error);
	if (header->kind == MESSAGE_KIND_ERROR)
		return link_refused(link, *reader, error);
	return header->id == link->id ? 0 : link_lost(link, -EBADMSG, error);
}
