// SPDX-License-Identifier: GPL-2.0-or-later
/* traffic-client [OPTION…] ADDRESS PORT: opens connections to a traffic-server all the time, holds
 * others open and exchanges data on them without a pause, and counts everything that goes wrong.
 *
 *   --sources FIRST/COUNT  take turns with this many source addresses from FIRST on
 *   --held N               connections that stay, each with an exchange every 100 ms (0)
 *   --parallel N           new connections at a time, as fast as they come and go (8)
 *   --timeout MS           when a connection or an exchange counts as failed (10000)
 *   --web                  the server is a web server: each connection is a request, which is served when the
 *                          answer's status is 200, and its body the server's name and a newline. None is held
 *
 * Commands on stdin, each answered with one line:
 *
 *   wait N       answers once N more connections have ended, well or not, all held ones are there,
 *                and data was exchanged as often as there are of them since the last mark; where
 *                that does not come true, a few seconds later without it
 *   mark         the counters since the last mark
 *   retire NAME  ends the held connections to that server in good order and opens others
 *   stop         ends all in good order, answers like mark, and exits
 *
 * The counters, as NAME=NUMBER: `opened` new connections that were served whole; `refused`,
 * `reset`, `timeouts` and `other`, those that were not; `retransmitted`, those of `opened` that
 * lost a packet on the way; `held` connections now, `exchanged` data on them, `broken` ones;
 * `unserved`, the longest time in milliseconds in which none of `opened` came to its end, one that
 * began before the last mark or goes on among them; and
 * `at:NAME`, how many of `opened` each server served, `held:NAME`, how many of `held` it holds. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENT_SERVERS = 32,
	CLIENT_NAME = 24,
	CLIENT_MESSAGE = 64,
	CLIENT_ANSWER = 1024,
	CLIENT_EVENTS = 128,
	CLIENT_TICK_MS = 5,
	CLIENT_EXCHANGE_MS = 100,
	CLIENT_PATIENCE_MS = 5000, /* of `wait` with held connections */
};

enum phase {
	PHASE_IDLE,
	PHASE_CONNECTING,
	PHASE_GREETING,
	PHASE_ANSWER, /* of a web server */
	PHASE_ECHO,   /* waits for what it sent to come back */
	PHASE_PAUSE,  /* held, until the next exchange */
	PHASE_END,    /* has said that it ends, and waits for the server to end */
};

struct connection {
	int fd;
	enum phase phase;
	bool held;
	bool retiring;
	int64_t due; /* of a pause: its end; else when it has failed */
	int server;
	size_t received;
	char name[CLIENT_NAME];
	char answer[CLIENT_ANSWER];
};

struct counters {
	unsigned long opened, refused, reset, timeouts, other, retransmitted, exchanged, broken;
	unsigned long at[CLIENT_SERVERS];
};

struct address {
	struct sockaddr_storage storage;
	socklen_t size;
};

static struct client {
	int epoll;
	struct address target, first;
	uint32_t sources, next_source;
	size_t held, count;
	int64_t timeout;
	struct connection *connections;
	struct counters counters;
	int64_t served_at; /* when the last of `opened` was */
	int64_t unserved;  /* the longest time that there was none */
	char servers[CLIENT_SERVERS][CLIENT_NAME];
	unsigned long ended, awaited;
	int64_t ended_at; /* when as many had ended as are awaited; 0: not yet */
	bool waiting, stopping, web;
} client;

static int64_t client_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void client_die(const char *what)
{
	fprintf(stderr, "traffic-client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct address client_parse(const char *text, const char *port)
{
	struct address address = {};
	struct sockaddr_in *four = (struct sockaddr_in *)&address.storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address.storage;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)atoi(port));
		address.size = sizeof(*four);
	} else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)atoi(port));
		address.size = sizeof(*six);
	} else {
		errno = EINVAL;
		client_die(text);
	}
	return address;
}

/* The next source address: the first plus a number in its last 32 bits. */
static struct address client_source(void)
{
	struct address source = client.first;
	uint8_t *last = source.storage.ss_family == AF_INET
				? (uint8_t *)&((struct sockaddr_in *)&source.storage)->sin_addr
				: ((struct sockaddr_in6 *)&source.storage)->sin6_addr.s6_addr + 12;
	uint32_t value;

	memcpy(&value, last, sizeof(value));
	value = htonl(ntohl(value) + client.next_source);
	memcpy(last, &value, sizeof(value));
	client.next_source = (client.next_source + 1) % client.sources;
	return source;
}

static int client_server(const char *name)
{
	for (int i = 0; i < CLIENT_SERVERS; i++) {
		if (!*client.servers[i])
			snprintf(client.servers[i], CLIENT_NAME, "%s", name);
		if (strcmp(client.servers[i], name) == 0)
			return i;
	}
	errno = ENOSPC;
	client_die("servers");
	return -1;
}

static void connection_close(struct connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
	connection->phase = PHASE_IDLE;
	connection->retiring = false;
	if (!connection->held)
		client.ended++;
}

/* Held connections count as broken once they have met a server, and as failed before. */
static void connection_fail(struct connection *connection, int code)
{
	struct counters *counters = &client.counters;
	static const char *const phases[] = {
		"idle", "connecting", "greeting", "answer", "exchange", "pause", "end"};

	fprintf(stderr, "traffic-client: %s connection, %s, server %s: %s\n",
		connection->held ? "held" : "new", phases[connection->phase],
		*connection->name ? connection->name : "none yet", strerror(code));
	if (connection->held && connection->phase >= PHASE_ECHO)
		counters->broken++;
	else if (code == ECONNREFUSED)
		counters->refused++;
	else if (code == ECONNRESET || code == EPIPE)
		counters->reset++;
	else if (code == ETIMEDOUT)
		counters->timeouts++;
	else
		counters->other++;
	connection_close(connection);
}

static void connection_open(struct connection *connection)
{
	int one = 1;
	int fd = socket(
		client.target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};

	if (fd < 0)
		client_die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (client.sources) {
		struct address source = client_source();

		if (bind(fd, (struct sockaddr *)&source.storage, source.size) < 0)
			client_die("bind");
	}
	connection->fd = fd;
	connection->phase = PHASE_CONNECTING;
	connection->due = client_now() + client.timeout;
	connection->received = 0;
	memset(connection->name, 0, sizeof(connection->name));
	memset(connection->answer, 0, sizeof(connection->answer));
	if (connect(fd, (struct sockaddr *)&client.target.storage, client.target.size) < 0 &&
		errno != EINPROGRESS) {
		connection_fail(connection, errno);
		return;
	}
	if (epoll_ctl(client.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		client_die("epoll");
}

static void connection_send(struct connection *connection)
{
	static const char message[CLIENT_MESSAGE] = "poise";

	connection->phase = PHASE_ECHO;
	connection->received = 0;
	connection->due = client_now() + client.timeout;
	if (send(connection->fd, message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
		connection_fail(connection, errno);
}

static void connection_end(struct connection *connection)
{
	connection->phase = PHASE_END;
	connection->due = client_now() + client.timeout;
	if (shutdown(connection->fd, SHUT_WR) < 0)
		connection_fail(connection, errno);
}

/* Counts the time since the last one that was served. */
static void client_unserved(int64_t now)
{
	if (now - client.served_at > client.unserved)
		client.unserved = now - client.served_at;
}

/* Served whole: the server has ended too. */
static void connection_finish(struct connection *connection)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	if (!connection->held) {
		client.counters.opened++;
		client_unserved(client_now());
		client.served_at = client_now();
		client.counters.at[connection->server]++;
		if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
			info.tcpi_total_retrans)
			client.counters.retransmitted++;
	}
	connection_close(connection);
}

static void connection_exchanged(struct connection *connection)
{
	if (!connection->held || connection->retiring || client.stopping) {
		connection_end(connection);
		return;
	}
	client.counters.exchanged++;
	connection->phase = PHASE_PAUSE;
	connection->due = client_now() + CLIENT_EXCHANGE_MS;
}

static void connection_ask(struct connection *connection)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";

	connection->phase = PHASE_ANSWER;
	if (send(connection->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		connection_fail(connection, errno);
}

/* The web server has ended: was that an answer? */
static void connection_answered(struct connection *connection)
{
	static const char good[] = "HTTP/1.1 200 ";
	char *body = strstr(connection->answer, "\r\n\r\n");
	char *end = body ? strchr(body + 4, '\n') : NULL;

	if (!end || strncmp(connection->answer, good, sizeof(good) - 1) != 0) {
		connection_fail(connection, EPROTO);
		return;
	}
	snprintf(connection->name, sizeof(connection->name), "%.*s", (int)(end - body - 4),
		body + 4);
	connection->server = client_server(connection->name);
	connection_finish(connection);
}

/* False when the connection has gone, or waits for more. */
static bool connection_hear(struct connection *connection)
{
	size_t room = sizeof(connection->answer) - 1 - connection->received;
	ssize_t size = recv(connection->fd, connection->answer + connection->received, room, 0);

	if (size > 0) {
		connection->received += (size_t)size;
		connection->answer[connection->received] = '\0';
		return true;
	}
	if (size == 0)
		connection_answered(connection);
	else if (errno != EAGAIN && errno != EINTR)
		connection_fail(connection, errno);
	return false;
}

/* One read's worth. False when the connection has gone, or waits for more. */
static bool connection_read(struct connection *connection)
{
	char buffer[CLIENT_MESSAGE * 2];
	bool greeting = connection->phase == PHASE_GREETING;
	size_t room = greeting ? 1 : sizeof(buffer);
	ssize_t size = recv(connection->fd, buffer, room, 0);

	if (size < 0) {
		if (errno != EAGAIN && errno != EINTR)
			connection_fail(connection, errno);
		return false;
	}
	if (size == 0) {
		if (connection->phase == PHASE_END)
			connection_finish(connection);
		else
			connection_fail(connection, EPIPE);
		return false;
	}
	if (!greeting) {
		connection->received += (size_t)size;
		if (connection->phase == PHASE_ECHO && connection->received >= CLIENT_MESSAGE)
			connection_exchanged(connection);
	} else if (buffer[0] == '\n') {
		connection->server = client_server(connection->name);
		connection_send(connection);
	} else if (strlen(connection->name) + 1 < CLIENT_NAME) {
		connection->name[strlen(connection->name)] = buffer[0];
	}
	return connection->fd >= 0;
}

static void connection_event(struct connection *connection)
{
	if (connection->phase == PHASE_CONNECTING) {
		int code = 0;
		socklen_t size = sizeof(code);

		getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &code, &size);
		if (code) {
			connection_fail(connection, code);
			return;
		}
		connection->phase = PHASE_GREETING;
		if (client.web)
			connection_ask(connection);
	}
	while (connection->phase != PHASE_IDLE &&
		(connection->phase == PHASE_ANSWER ? connection_hear(connection)
						   : connection_read(connection)))
		;
}

static void connection_due(struct connection *connection)
{
	if (connection->phase != PHASE_PAUSE)
		connection_fail(connection, ETIMEDOUT);
	else if (connection->retiring || client.stopping)
		connection_end(connection);
	else
		connection_send(connection);
}

static void client_counters(void)
{
	struct counters *counters = &client.counters;
	unsigned long held = 0, at[CLIENT_SERVERS] = {};

	for (size_t i = 0; i < client.held; i++) {
		if (client.connections[i].phase < PHASE_ECHO)
			continue;
		held++;
		at[client.connections[i].server]++;
	}
	client_unserved(client_now());
	printf("opened=%lu refused=%lu reset=%lu timeouts=%lu other=%lu retransmitted=%lu held=%lu "
	       "exchanged=%lu broken=%lu unserved=%lld",
		counters->opened, counters->refused, counters->reset, counters->timeouts,
		counters->other, counters->retransmitted, held, counters->exchanged,
		counters->broken, (long long)client.unserved);
	for (int i = 0; i < CLIENT_SERVERS && *client.servers[i]; i++)
		printf(" at:%s=%lu held:%s=%lu", client.servers[i], counters->at[i],
			client.servers[i], at[i]);
	printf("\n");
	client.counters = (struct counters){};
	client.unserved = 0;
}

static void client_retire(const char *name)
{
	int server = client_server(name), count = 0;

	for (size_t i = 0; i < client.held; i++) {
		struct connection *connection = &client.connections[i];

		if (connection->phase < PHASE_ECHO || connection->server != server)
			continue;
		connection->retiring = true;
		count++;
	}
	printf("retired=%d\n", count);
}

static void client_command(char *line)
{
	char *space = strchr(line, ' ');
	const char *argument = space ? space + 1 : "";

	if (space)
		*space = '\0';
	if (strcmp(line, "mark") == 0) {
		client_counters();
	} else if (strcmp(line, "retire") == 0) {
		client_retire(argument);
	} else if (strcmp(line, "wait") == 0) {
		client.waiting = true;
		client.awaited = client.ended + strtoul(argument, NULL, 10);
		client.ended_at = 0;
	} else if (strcmp(line, "stop") == 0) {
		client.stopping = true;
	} else {
		printf("what? %s\n", line);
	}
}

/* False when stdin has ended. */
static bool client_commands(void)
{
	static char buffer[512];
	static size_t used;
	ssize_t size = read(STDIN_FILENO, buffer + used, sizeof(buffer) - used - 1);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (size <= 0)
		return false;
	used += (size_t)size;
	for (char *end; (end = memchr(buffer, '\n', used));) {
		size_t taken = (size_t)(end + 1 - buffer);

		*end = '\0';
		client_command(buffer);
		memmove(buffer, buffer + taken, used - taken);
		used -= taken;
	}
	return true;
}

/* New connections may come and go by the dozen in the pause between two exchanges: a count that did
 * not wait for the held ones would say nothing of them. */
static bool client_holds_all(void)
{
	for (size_t i = 0; i < client.held; i++)
		if (client.connections[i].phase < PHASE_ECHO || client.connections[i].retiring)
			return false;
	return client.counters.exchanged >= client.held;
}

static bool client_has_waited(int64_t now)
{
	if (!client.waiting || client.ended < client.awaited)
		return false;
	if (!client.ended_at)
		client.ended_at = now;
	return client_holds_all() || now - client.ended_at >= CLIENT_PATIENCE_MS;
}

/* Opens what is not open. Returns how many connections are. */
static size_t client_turn(void)
{
	int64_t now = client_now();
	size_t busy = 0;

	for (size_t i = 0; i < client.count; i++) {
		struct connection *connection = &client.connections[i];

		if (connection->phase != PHASE_IDLE && connection->due <= now)
			connection_due(connection);
		if (connection->phase == PHASE_IDLE && !client.stopping)
			connection_open(connection);
		busy += connection->phase != PHASE_IDLE;
	}
	if (client_has_waited(now)) {
		client.waiting = false;
		printf("waited=%lu\n", client.ended);
	}
	return busy;
}

static void client_run(void)
{
	struct epoll_event events[CLIENT_EVENTS];
	struct epoll_event commands = {.events = EPOLLIN};

	if (epoll_ctl(client.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &commands) < 0)
		client_die("stdin");
	while (client_turn() > 0 || !client.stopping) {
		int count = epoll_wait(client.epoll, events, CLIENT_EVENTS, CLIENT_TICK_MS);

		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			if (!connection && !client_commands()) {
				if (!client.stopping)
					return;
				epoll_ctl(client.epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
			}
			if (connection && connection->phase != PHASE_IDLE)
				connection_event(connection);
		}
		fflush(stdout);
	}
	client_counters();
}

static void client_usage(void)
{
	fprintf(stderr, "usage: traffic-client [--sources FIRST/COUNT] [--held N] [--parallel N] "
			"[--timeout MS] [--web] ADDRESS PORT\n");
	exit(2);
}

static void client_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"sources", required_argument, NULL, 's'},
		{"held", required_argument, NULL, 'h'},
		{"parallel", required_argument, NULL, 'p'},
		{"timeout", required_argument, NULL, 't'},
		{"web", no_argument, NULL, 'w'},
		{},
	};
	char *slash;

	client.count = 8;
	client.timeout = 10000;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
		switch (option) {
		case 's':
			slash = strchr(optarg, '/');
			if (!slash || atoi(slash + 1) <= 0)
				client_usage();
			*slash = '\0';
			client.first = client_parse(optarg, "0");
			client.sources = (uint32_t)atoi(slash + 1);
			break;
		case 'h':
			client.held = (size_t)atoi(optarg);
			break;
		case 'p':
			client.count = (size_t)atoi(optarg);
			break;
		case 't':
			client.timeout = atoi(optarg);
			break;
		case 'w':
			client.web = true;
			break;
		default:
			client_usage();
		}
	}
	if (argc - optind != 2 || (client.web && client.held))
		client_usage();
	client.target = client_parse(argv[optind], argv[optind + 1]);
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	client_options(argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	client.epoll = epoll_create1(EPOLL_CLOEXEC);
	client.count += client.held;
	client.connections = calloc(client.count, sizeof(*client.connections));
	if (client.epoll < 0 || (client.count && !client.connections))
		client_die("start");
	for (size_t i = 0; i < client.count; i++) {
		client.connections[i].fd = -1;
		client.connections[i].held = i < client.held;
	}
	client.served_at = client_now();
	client_run();
	return 0;
}
