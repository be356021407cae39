// SPDX-License-Identifier: GPL-2.0-or-later
/* traffic-server NAME PORT…: greets each connection with its name and a newline, then sends back
 * whatever comes, until the other side has ended. It prints "ready" once it listens. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SERVER_EVENTS = 64,
	SERVER_BUFFER = 4096,
	SERVER_BACKLOG = 4096,
};

/* What epoll gives back: the descriptor, and whether it listens. */
#define SERVER_LISTENS (1ULL << 32)

static void server_die(const char *what)
{
	perror(what);
	exit(1);
}

static void server_watch(int epoll, int fd, uint64_t kind)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)fd | kind};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		server_die("traffic-server: epoll");
}

/* IPv4 and IPv6 on one socket. */
static void server_listen(int epoll, const char *port)
{
	int one = 1, zero = 0;
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		server_die("traffic-server: socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, SERVER_BACKLOG) < 0)
		server_die("traffic-server: listen");
	server_watch(epoll, fd, SERVER_LISTENS);
}

static void server_accept(int epoll, int listener, const char *greeting)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		/* A fresh socket has room for it. */
		if (send(fd, greeting, strlen(greeting), MSG_NOSIGNAL) < 0) {
			close(fd);
			continue;
		}
		server_watch(epoll, fd, 0);
	}
}

static void server_echo(int fd)
{
	char buffer[SERVER_BUFFER];
	ssize_t size = recv(fd, buffer, sizeof(buffer), 0);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0 || send(fd, buffer, (size_t)size, MSG_NOSIGNAL) != size)
		close(fd);
}

static void server_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[SERVER_EVENTS];
	char greeting[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc < 3 || strlen(argv[1]) + 2 > sizeof(greeting)) {
		fprintf(stderr, "usage: traffic-server NAME PORT…\n");
		return 2;
	}
	server_raise_limit();
	snprintf(greeting, sizeof(greeting), "%s\n", argv[1]);
	for (int i = 2; i < argc; i++)
		server_listen(epoll, argv[i]);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(epoll, events, SERVER_EVENTS, -1);

		for (int i = 0; i < count; i++) {
			int fd = (int)(uint32_t)events[i].data.u64;

			if (events[i].data.u64 & SERVER_LISTENS)
				server_accept(epoll, fd, greeting);
			else
				server_echo(fd);
		}
	}
}
