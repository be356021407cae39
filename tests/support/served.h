// SPDX-License-Identifier: GPL-2.0-or-later
/* A control socket for tests: a loop in a thread of its own serves a real engine on the in-memory backend, and tests
 * connect to it as anybody would. */
#pragma once

#include <jansson.h>
#include <pthread.h>

#include "daemon/control.h"
#include "tests/memory/memory.h"

/* Services of the file in force, "s0" and so on, of nine destinations each. */
#define SERVED_SERVICES 400

struct served {
	char *folder, *file, *path;
	const char *paths[1];
	struct memory_table *table;
	struct engine engine;
	struct loop *loop;
	struct control *control;
	struct loop_source *work, *jobs, *meter;
	int listener, job_fd;
	pthread_t thread;
	size_t opened; /* connections */

	/* A function that runs in the loop, and is waited for. */
	pthread_mutex_t mutex;
	pthread_cond_t done;
	void (*job)(struct served *world, void *data);
	void *job_data;

	/* Counts rounds until `probe` has something to read. */
	int probe;
	size_t rounds;
	uint64_t longest, last_cpu; /* CPU time of a round */
};

/* Of a cmocka test, whose state is the struct served. */
int served_start(void **state);
int served_end(void **state);

/* Runs a function in the loop, and waits for it. */
void served_in_loop(
	struct served *world, void (*job)(struct served *world, void *data), void *data);
/* An event, as if the engine told it; only in the loop. */
void served_tell(void *data, const struct engine_event *event);
/* The same as a function for served_in_loop(), whose data is the event. */
void served_tell_one(struct served *world, void *data);
struct control_counters served_counters(struct served *world);

/* A connection as root, or as somebody else, whose reads and writes wait 10 s at most: a test that hangs has failed. */
int served_connect(struct served *world);
int served_connect_as_nobody(struct served *world);
void served_say(int fd, const char *text);

/* What a client reads, with what has come behind the line that it wants. */
struct served_reader {
	int fd;
	struct strbuf input;
	size_t taken;
};
void served_reader_clear(struct served_reader *reader);
#define _cleanup_served_reader_ _cleanup_(served_reader_clear)

/* The next line; NULL when the server has ended the connection. */
char *served_next_line(struct served_reader *reader);
json_t *served_next_json(struct served_reader *reader);
/* The next line must be an event; what it says. */
json_t *served_next_event(struct served_reader *reader);

int served_code_of(const json_t *answer);
const char *served_words_of(const json_t *answer);
void served_expect_error(struct served_reader *reader, int code, const char *words);

#define SERVED_VERSION(id) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"version\"}\n"
void served_expect_version(struct served_reader *reader, json_int_t id);

/* Until so many are connected of those that tried. */
void served_await_connected(struct served *world, size_t count);

/* Another client's question is answered within a few rounds of the loop, though others do what they do. */
void served_expect_responsive(struct served *world);
