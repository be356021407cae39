// SPDX-License-Identifier: GPL-2.0-or-later
/* Servers for tests that do what servers should not, in processes of their own: whatever they do, the test goes on. */
#pragma once

#include "tests/support/checking.h"

struct hostile {
	pid_t pid;
	uint16_t port;
	int listener;
	struct checking *world;
	bool *reached; /* shared: it has come to where nothing new follows; before, nobody's time is over */
};

/* Listens on 127.0.0.1, aims the checks there, and runs `serve` in a process for each connection, which is closed when it
 * returns. `data` is as it was at the start. */
void hostile_start(struct hostile *server, struct checking *world,
	void (*serve)(int fd, const void *data), const void *data);
/* The same with datagrams: one process, one socket. */
void hostile_start_datagrams(struct hostile *server, struct checking *world,
	void (*serve)(int fd, const void *data), const void *data);
/* And all its connections. */
void hostile_end(struct hostile *server);

/* For `serve`. */
void hostile_say(int fd, const char *text);
void hostile_say_bytes(int fd, const void *bytes, size_t size);
/* The same for ever, or a byte of it each `milliseconds`, until nobody listens: nothing new follows, as in silence. */
void hostile_say_endlessly(int fd, const char *text);
void hostile_dribble(int fd, char byte, unsigned int milliseconds);
/* Up to and with an empty line, or with what stands in `end`. */
void hostile_hear(int fd, const char *end);
void hostile_stay_silent(int fd);
void hostile_reset(int fd);

#define _cleanup_hostile_ _cleanup_(hostile_end)
