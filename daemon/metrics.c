// SPDX-License-Identifier: GPL-2.0-or-later
/* The HTTP side: who may ask, what for, and for how long.
 *
 * libmicrohttpd has no thread of its own here: its epoll descriptor is one descriptor of the loop, and its next timeout a timer of
 * it. A turn serves each client that is ready with at most one piece of the body, after all that is more urgent.
 *
 * The socket is made here, for libmicrohttpd says of a failure only that there was one. What a client can cost is bounded:
 * METRICS_CLIENTS_MOST of them (more wait in the backlog), METRICS_MEMORY bytes for each, and their time (struct metrics_times). */
#include "daemon/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "daemon/metrics_body.h"

LOG_MODULE("metrics");

#define METRICS_CLIENTS_MOST 32
#define METRICS_MEMORY       ((size_t)64 * 1024)
#define METRICS_BACKLOG      128

/* One connection, from its beginning to its end. */
struct metrics_client {
	struct metrics *metrics;
	int fd;
	uint64_t since; /* its beginning, or the end of its last request */
};

struct metrics {
	struct loop *loop;
	struct metrics_sources sources;
	struct metrics_times times;
	struct metrics_fresh fresh;
	struct address address; /* where to serve; AF_UNSPEC: nowhere */
	uint16_t port;
	struct MHD_Daemon *daemon; /* NULL: not there, or not yet */
	struct loop_source *io, *timer;
	struct {
		VECTOR_OF(struct metrics_client *);
	} clients;
};

union metrics_socket_address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static socklen_t metrics_socket_address(
	const struct address *address, uint16_t port, union metrics_socket_address *ret)
{
	*ret = (union metrics_socket_address){};
	if (address->family == AF_INET) {
		ret->ipv4.sin_family = AF_INET;
		ret->ipv4.sin_port = htons(port);
		memcpy(&ret->ipv4.sin_addr, address->bytes, sizeof(ret->ipv4.sin_addr));
		return sizeof(ret->ipv4);
	}
	ret->ipv6.sin6_family = AF_INET6;
	ret->ipv6.sin6_port = htons(port);
	memcpy(&ret->ipv6.sin6_addr, address->bytes, sizeof(ret->ipv6.sin6_addr));
	return sizeof(ret->ipv6);
}

static int metrics_bind(int fd, const struct address *address, uint16_t port)
{
	union metrics_socket_address name;
	socklen_t size = metrics_socket_address(address, port, &name);
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	/* "::" is the IPv6 addresses: who wants the IPv4 ones says so. */
	if (address->family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, &name.any, size) < 0 || listen(fd, METRICS_BACKLOG) < 0)
		return -errno;
	return 0;
}

/* A listening socket, or -errno. */
static int metrics_socket(const struct address *address, uint16_t port)
{
	int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int r = metrics_bind(fd, address, port);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* When libmicrohttpd wants to look at its timeouts, and we at ours. */
static void metrics_arm(struct metrics *metrics)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;
	uint64_t now = loop_clock(), next = LOOP_NEVER;

	if (MHD_get_timeout(metrics->daemon, &wait_ms) == MHD_YES)
		next = now + (uint64_t)wait_ms * 1000000;
	vector_foreach(&metrics->clients, client)
		next = MIN(next, (*client)->since + metrics->times.request_ns);
	loop_timer_set(metrics->timer, next);
}

/* Shuts out who has taken too long; libmicrohttpd sees the end of the connection and cleans up. */
static void metrics_shut_out(struct metrics *metrics)
{
	uint64_t now = loop_clock();

	vector_foreach(&metrics->clients, client) {
		if (now - (*client)->since < metrics->times.request_ns)
			continue;
		shutdown((*client)->fd, SHUT_RDWR);
		(*client)->since = now;
	}
}

/* With all places taken libmicrohttpd does not listen, and begins again in the first run after one has become free: which
 * nothing else would ask for. */
static void metrics_run(struct metrics *metrics)
{
	bool full = metrics->clients.count >= METRICS_CLIENTS_MOST;

	MHD_run(metrics->daemon);
	if (full && metrics->clients.count < METRICS_CLIENTS_MOST)
		MHD_run(metrics->daemon);
	metrics_arm(metrics);
}

static void metrics_on_ready(void *data, uint32_t events)
{
	(void)events;
	metrics_run(data);
}

static void metrics_on_connection(void *data, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct metrics *metrics = data;
	struct metrics_client *client = *context;
	size_t kept = 0;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		client = memory_new(sizeof(*client));
		client->metrics = metrics;
		client->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				     ->connect_fd;
		client->since = loop_clock();
		/* A vector of pointers. */
		vector_push(&metrics->clients, client); // NOLINT(bugprone-sizeof-expression)
		*context = client;
		return;
	}
	for (size_t i = 0; i < metrics->clients.count; i++)
		if (metrics->clients.items[i] != client)
			metrics->clients.items[kept++] = metrics->clients.items[i];
	metrics->clients.count = kept;
	free(client);
	*context = NULL;
}

static void metrics_on_completed(void *data, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct metrics_client *client = info ? info->socket_context : NULL;

	(void)data;
	(void)context;
	(void)code;
	if (client)
		client->since = loop_clock();
}

static ssize_t metrics_on_read(void *data, uint64_t position, char *to, size_t room)
{
	size_t size = metrics_body_read(data, to, MIN(room, METRICS_BODY_PIECE));

	(void)position;
	return size ? (ssize_t)size : MHD_CONTENT_READER_END_OF_STREAM;
}

static ssize_t metrics_on_read_head(void *data, uint64_t position, char *to, size_t room)
{
	(void)data;
	(void)position;
	(void)to;
	(void)room;
	return MHD_CONTENT_READER_END_OF_STREAM;
}

static void metrics_on_read_over(void *data)
{
	metrics_body_free(data);
}

static enum MHD_Result metrics_reply(struct MHD_Connection *connection, unsigned int status,
	const char *type, struct MHD_Response *response)
{
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* A line, which is constant. */
static enum MHD_Result metrics_reply_line(
	struct MHD_Connection *connection, unsigned int status, const char *line)
{
	return metrics_reply(connection, status, "text/plain; charset=utf-8",
		MHD_create_response_from_buffer(
			strlen(line), (void *)line, MHD_RESPMEM_PERSISTENT));
}

/* A head alone is not made: libmicrohttpd (0.9.75) would end the chunks that there are none of, and a client that keeps the
 * connection would take that for the next answer. */
static enum MHD_Result metrics_reply_head(struct MHD_Connection *connection)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, METRICS_BODY_PIECE, metrics_on_read_head, NULL, NULL);

	if (response)
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return metrics_reply(connection, MHD_HTTP_OK, METRICS_BODY_TYPE, response);
}

static enum MHD_Result metrics_reply_body(
	struct metrics *metrics, struct MHD_Connection *connection)
{
	struct metrics_body *body = metrics_body_new(&metrics->sources, &metrics->fresh);
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, METRICS_BODY_PIECE, metrics_on_read, body, metrics_on_read_over);

	if (!response)
		metrics_body_free(body);
	return metrics_reply(connection, MHD_HTTP_OK, METRICS_BODY_TYPE, response);
}

/* Called when the head of a request is there (then *context is NULL), with each part of its body, and at its end. An answer
 * at the head ends the connection, so what is right waits for the end. */
static enum MHD_Result metrics_on_request(void *data, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **context)
{
	static char seen;

	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return metrics_reply_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			"only GET and HEAD are understood here\n");
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	/* What reads has nothing to say: the connection ends. */
	if (*upload_size)
		return MHD_NO;
	if (strcmp(url, "/metrics") == 0)
		return strcmp(method, MHD_HTTP_METHOD_HEAD) == 0
			       ? metrics_reply_head(connection)
			       : metrics_reply_body(data, connection);
	if (strcmp(url, "/") == 0)
		return metrics_reply_line(
			connection, MHD_HTTP_OK, "poised: the metrics are at /metrics\n");
	return metrics_reply_line(
		connection, MHD_HTTP_NOT_FOUND, "there is nothing here but /metrics\n");
}

__attribute__((format(printf, 2, 0))) static void metrics_on_log(
	void *data, const char *format, va_list arguments)
{
	_cleanup_free_ char *text = memory_vprintf(format, arguments);

	(void)data;
	text[strcspn(text, "\r\n")] = '\0';
	log_debug("libmicrohttpd: %s", text);
}

static struct MHD_Daemon *metrics_start(struct metrics *metrics, int listener)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		metrics_on_request, metrics, MHD_OPTION_EXTERNAL_LOGGER, metrics_on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
		METRICS_CLIENTS_MOST, MHD_OPTION_CONNECTION_MEMORY_LIMIT, METRICS_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, metrics->times.idle_s, MHD_OPTION_NOTIFY_CONNECTION,
		metrics_on_connection, metrics, MHD_OPTION_NOTIFY_COMPLETED, metrics_on_completed,
		metrics, MHD_OPTION_END);
}

static void metrics_stop(struct metrics *metrics)
{
	if (!metrics->daemon)
		return;
	metrics->io = loop_source_free(metrics->io);
	loop_timer_set(metrics->timer, LOOP_NEVER);
	MHD_stop_daemon(metrics->daemon);
	metrics->daemon = NULL;
}

/* Takes the listening socket over in any case. */
static int metrics_serve(struct metrics *metrics, int listener)
{
	metrics->daemon = metrics_start(metrics, listener);
	if (!metrics->daemon) {
		close(listener);
		return -ENOMEM;
	}
	int fd = MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	int r = loop_add_io(metrics->loop, fd, EPOLLIN, metrics_on_ready, metrics, &metrics->io);
	if (r < 0) {
		metrics_stop(metrics);
		return r;
	}
	loop_source_set_priority(metrics->io, LOOP_PRIORITY_LAST);
	return 0;
}

static int metrics_try(struct metrics *metrics)
{
	int r = metrics_socket(&metrics->address, metrics->port);

	return r < 0 ? r : metrics_serve(metrics, r);
}

static void metrics_on_timer(void *data)
{
	struct metrics *metrics = data;
	char text[ADDRESS_ENDPOINT_LENGTH];

	if (metrics->daemon) {
		metrics_shut_out(metrics);
		metrics_run(metrics);
		return;
	}
	if (metrics_try(metrics) < 0) {
		loop_timer_set(metrics->timer, loop_clock() + metrics->times.retry_ns);
		return;
	}
	engine_set_trouble(metrics->sources.engine, ENGINE_TROUBLE_METRICS, NULL);
	log_info("listening on %s now",
		address_format_endpoint(&metrics->address, metrics->port, text));
}

int metrics_new(struct loop *loop, const struct metrics_sources *sources, struct metrics **ret)
{
	struct metrics *metrics = memory_new(sizeof(*metrics));

	metrics->loop = loop;
	metrics->sources = *sources;
	metrics->times = METRICS_TIMES;
	int r = loop_add_timer(loop, metrics_on_timer, metrics, &metrics->timer);
	if (r < 0) {
		free(metrics);
		return r;
	}
	loop_source_set_priority(metrics->timer, LOOP_PRIORITY_LAST);
	*ret = metrics;
	return 0;
}

int metrics_listen(
	struct metrics *metrics, const struct address *address, uint16_t port, struct error *error)
{
	char text[ADDRESS_ENDPOINT_LENGTH];

	if (metrics->daemon && address && port == metrics->port &&
		address_equal(address, &metrics->address))
		return 0;
	metrics_stop(metrics);
	engine_set_trouble(metrics->sources.engine, ENGINE_TROUBLE_METRICS, NULL);
	metrics->address = address ? *address : (struct address){};
	metrics->port = port;
	if (!address)
		return 0;
	int r = metrics_try(metrics);
	if (r >= 0)
		return 0;
	loop_timer_set(metrics->timer, loop_clock() + metrics->times.retry_ns);
	_cleanup_free_ char *trouble = memory_printf(
		"metrics: cannot listen on %s: %s; it is tried again every few seconds",
		address_format_endpoint(address, port, text), strerror(-r));
	engine_set_trouble(metrics->sources.engine, ENGINE_TROUBLE_METRICS, trouble);
	return error_set(error, r, "cannot listen on %s: %s", text, strerror(-r));
}

void metrics_set_limits(struct metrics *metrics, const struct metrics_limits *limits)
{
	metrics->sources.limits = *limits;
}

void metrics_set_times(struct metrics *metrics, const struct metrics_times *times)
{
	metrics->times = *times;
}

struct metrics *metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return NULL;
	metrics_stop(metrics);
	loop_source_free(metrics->timer);
	vector_clear(&metrics->clients);
	free(metrics);
	return NULL;
}
