// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOSTILE_HEARD_MOST 16384

/* In the processes of a server. */
static bool *hostile_reached;

static bool hostile_is_early(const struct checking *world)
{
	return !*world->reached;
}

static void hostile_accept(int listener, void (*serve)(int fd, const void *data), const void *data)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, data);
			close(fd);
			_exit(0);
		}
		if (fd >= 0)
			close(fd);
	}
}

static void hostile_fork(struct hostile *server, bool datagrams,
	void (*serve)(int fd, const void *data), const void *data)
{
	server->reached = mmap(NULL, sizeof(*server->reached), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(server->reached, MAP_FAILED);
	server->world->reached = server->reached;
	server->world->early = hostile_is_early;
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid) {
		setpgid(server->pid, server->pid);
		return;
	}
	hostile_reached = server->reached;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	if (datagrams)
		serve(server->listener, data);
	else
		hostile_accept(server->listener, serve, data);
	_exit(0);
}

void hostile_start(struct hostile *server, struct checking *world,
	void (*serve)(int fd, const void *data), const void *data)
{
	server->listener = checking_bind(AF_INET, SOCK_STREAM, &server->port);
	assert_int_equal(listen(server->listener, 1024), 0);
	checking_aim(world, "127.0.0.1", server->port);
	server->world = world;
	hostile_fork(server, false, serve, data);
}

void hostile_start_datagrams(struct hostile *server, struct checking *world,
	void (*serve)(int fd, const void *data), const void *data)
{
	server->listener = checking_bind(AF_INET, SOCK_DGRAM, &server->port);
	checking_aim(world, "127.0.0.1", server->port);
	server->world = world;
	hostile_fork(server, true, serve, data);
}

void hostile_end(struct hostile *server)
{
	if (server->pid > 0) {
		kill(-server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
		close(server->listener);
		server->world->early = NULL;
		munmap(server->reached, sizeof(*server->reached));
	}
	server->pid = 0;
}

void hostile_say_bytes(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t written = write(fd, at, size);
		if (written < 0)
			_exit(0);
		at += written;
		size -= (size_t)written;
	}
}

void hostile_say(int fd, const char *text)
{
	hostile_say_bytes(fd, text, strlen(text));
}

void hostile_say_endlessly(int fd, const char *text)
{
	*hostile_reached = true;
	for (;;)
		hostile_say(fd, text);
}

void hostile_dribble(int fd, char byte, unsigned int milliseconds)
{
	for (;;) {
		hostile_say_bytes(fd, &byte, 1);
		*hostile_reached = true;
		usleep(milliseconds * 1000);
	}
}

void hostile_hear(int fd, const char *end)
{
	char heard[HOSTILE_HEARD_MOST + 1] = "";
	size_t length = 0;

	while (length < HOSTILE_HEARD_MOST && !strstr(heard, end)) {
		ssize_t count = read(fd, heard + length, HOSTILE_HEARD_MOST - length);
		if (count <= 0)
			_exit(0);
		length += (size_t)count;
		heard[length] = '\0';
	}
}

void hostile_stay_silent(int fd)
{
	(void)fd;
	*hostile_reached = true;
	for (;;)
		pause();
}

void hostile_reset(int fd)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}
