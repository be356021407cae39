// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/served.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/file.h"
#include "tests/support/folder.h"

#define NOBODY 65534
/* Rounds of the loop, in each of which every client that wants something has a turn. */
#define ROUNDS_MOST 8
/* What a round may take: CLIENT_TURN_NS for each busy client, with room for sanitizers. */
#define ROUND_CPU_MOST (25 * MILLISECOND)
#define MILLISECOND    1000000ull

/* The loop's side */

void served_tell(void *data, const struct engine_event *event)
{
	struct served *world = data;

	if (world->control)
		control_tell(world->control, event);
}

void served_tell_one(struct served *world, void *data)
{
	served_tell(world, data);
}

static void on_work(void *data)
{
	struct served *world = data;

	engine_run(&world->engine, loop_clock());
}

static void on_change(void *data)
{
	struct served *world = data;

	loop_work_ask(world->work);
}

static void finish_job(struct served *world)
{
	pthread_mutex_lock(&world->mutex);
	world->job = NULL;
	pthread_cond_signal(&world->done);
	pthread_mutex_unlock(&world->mutex);
}

static void on_job(void *data, uint32_t events)
{
	struct served *world = data;
	uint64_t count;

	(void)events;
	if (read(world->job_fd, &count, sizeof(count)) != sizeof(count))
		return;
	world->job(world, world->job_data);
	if (world->probe < 0)
		finish_job(world);
}

/* What the loop used of the processor: other than time, it does not depend on who else runs. */
static uint64_t thread_cpu(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000 * MILLISECOND + (uint64_t)time.tv_nsec;
}

static void on_meter(void *data)
{
	struct served *world = data;
	struct pollfd poll_fd = {.fd = world->probe, .events = POLLIN};

	uint64_t cpu = thread_cpu();

	world->rounds++;
	world->longest = MAX(world->longest, cpu - world->last_cpu);
	world->last_cpu = cpu;
	if (poll(&poll_fd, 1, 0) == 0 && world->rounds < 100000) {
		loop_work_ask(world->meter);
		return;
	}
	world->probe = -1;
	finish_job(world);
}

static void *serve(void *data)
{
	struct served *world = data;

	loop_run(world->loop);
	return NULL;
}

/* The tests' side */

void served_in_loop(struct served *world, void (*job)(struct served *world, void *data), void *data)
{
	uint64_t one = 1;

	pthread_mutex_lock(&world->mutex);
	world->job = job;
	world->job_data = data;
	assert_int_equal(write(world->job_fd, &one, sizeof(one)), sizeof(one));
	while (world->job)
		pthread_cond_wait(&world->done, &world->mutex);
	pthread_mutex_unlock(&world->mutex);
}

static char *make_file(size_t services)
{
	struct strbuf text = {};

	strbuf_add(&text, "poise: 1\nservices:\n");
	for (size_t i = 0; i < services; i++)
		strbuf_printf(&text,
			"  s%zu: {listen: \"tcp://203.0.%zu.%zu:80\", destinations: [10.0.0.1, "
			"10.0.0.2, "
			"10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6, 10.0.0.7, 10.0.0.8, 10.0.0.9]}\n",
			i, i / 200, i % 200 + 1);
	return strbuf_take(&text);
}

static void open_engine(struct served *world)
{
	_cleanup_free_ char *text = make_file(SERVED_SERVICES);
	_cleanup_error_ struct error error = {};
	const struct engine_options options = {
		.backend = &memory_backend,
		.state_dir = world->folder,
		.run_dir = world->folder,
		.paths = world->paths,
		.path_count = 1,
		.lock = -1,
		.event = served_tell,
		.data = world,
	};

	folder_write(world->folder, "poise.yaml", text);
	memory_table_use(world->table);
	assert_int_equal(engine_open(&world->engine, &options, &error), 0);
	engine_run(&world->engine, loop_clock());
	assert_int_equal(world->table->state.services.count, SERVED_SERVICES);
}

static void open_socket(struct served *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->path);
	world->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(world->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(world->listener, 256), 0);
	/* Any user may try. */
	assert_int_equal(chmod(world->path, 0666), 0);
	assert_int_equal(chmod(world->folder, 0755), 0);
}

int served_start(void **state)
{
	struct served *world = memory_new(sizeof(*world));

	world->folder = folder_make();
	world->file = folder_path(world->folder, "poise.yaml");
	world->path = folder_path(world->folder, "poised.sock");
	world->paths[0] = world->file;
	world->table = memory_table_new();
	world->probe = -1;
	pthread_mutex_init(&world->mutex, NULL);
	pthread_cond_init(&world->done, NULL);
	open_engine(world);
	open_socket(world);
	world->job_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(loop_new(&world->loop), 0);
	assert_int_equal(
		loop_add_io(world->loop, world->job_fd, EPOLLIN, on_job, world, &world->jobs), 0);
	assert_int_equal(loop_add_work(world->loop, on_work, world, &world->work), 0);
	assert_int_equal(loop_add_work(world->loop, on_meter, world, &world->meter), 0);
	assert_int_equal(
		control_new(world->loop, world->listener, &world->engine, &world->control), 0);
	control_on_change(world->control, on_change, world);
	assert_int_equal(pthread_create(&world->thread, NULL, serve, world), 0);
	*state = world;
	return 0;
}

static void stop(struct served *world, void *data)
{
	(void)data;
	loop_stop(world->loop, 0);
}

int served_end(void **state)
{
	struct served *world = *state;

	served_in_loop(world, stop, NULL);
	pthread_join(world->thread, NULL);
	world->control = control_free(world->control);
	loop_source_free(world->work);
	loop_source_free(world->jobs);
	loop_source_free(world->meter);
	loop_free(world->loop);
	engine_close(&world->engine);
	memory_table_free(world->table);
	close(world->listener);
	close(world->job_fd);
	pthread_mutex_destroy(&world->mutex);
	pthread_cond_destroy(&world->done);
	free(world->file);
	free(world->path);
	folder_remove(world->folder);
	free(world);
	return 0;
}

/* Clients. A read waits 10 s at most: a test that hangs has failed. */

int served_connect(struct served *world)
{
	world->opened++;
	const struct timeval patience = {.tv_sec = 10};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->path);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* SO_PEERCRED says who connected. */
int served_connect_as_nobody(struct served *world)
{
	assert_int_equal(seteuid(NOBODY), 0);
	int fd = served_connect(world);
	assert_int_equal(seteuid(0), 0);
	return fd;
}

void served_say(int fd, const char *text)
{
	size_t size = strlen(text);

	assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
}

char *served_next_line(struct served_reader *reader)
{
	char bytes[65536];

	for (;;) {
		char *begin = reader->input.text + reader->taken;
		size_t left = reader->input.length - reader->taken;
		char *end = left ? memchr(begin, '\n', left) : NULL;

		if (end) {
			reader->taken += (size_t)(end - begin) + 1;
			return memory_copy_bytes(begin, (size_t)(end - begin));
		}
		/* With a time-out it is interrupted in a process that is stopped for a while. */
		ssize_t n = TEMP_FAILURE_RETRY(recv(reader->fd, bytes, sizeof(bytes), 0));
		if (n < 0 && errno == EAGAIN)
			fail_msg("no answer");
		if (n <= 0)
			return NULL;
		strbuf_add_bytes(&reader->input, bytes, (size_t)n);
	}
}

json_t *served_next_json(struct served_reader *reader)
{
	_cleanup_free_ char *line = served_next_line(reader);
	json_error_t failure;

	assert_non_null(line);
	json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, &failure);
	if (!json)
		fail_msg("%s at %d: %.200s", failure.text, failure.column, line);
	return json;
}

json_t *served_next_event(struct served_reader *reader)
{
	json_t *event = served_next_json(reader);

	assert_string_equal(json_string_value(json_object_get(event, "method")), "event");
	assert_null(json_object_get(event, "id"));
	json_t *params = json_incref(json_object_get(event, "params"));
	json_decref(event);
	return params;
}

void served_reader_clear(struct served_reader *reader)
{
	strbuf_clear(&reader->input);
	close(reader->fd);
}

int served_code_of(const json_t *answer)
{
	return (int)json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
}

const char *served_words_of(const json_t *answer)
{
	return json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
}

void served_expect_error(struct served_reader *reader, int code, const char *words)
{
	json_t *answer = served_next_json(reader);

	if (served_code_of(answer) != code || !strstr(served_words_of(answer), words))
		fail_msg("%d %s", served_code_of(answer), served_words_of(answer));
	json_decref(answer);
}

void served_expect_version(struct served_reader *reader, json_int_t id)
{
	json_t *answer = served_next_json(reader);

	assert_int_equal(json_integer_value(json_object_get(answer, "id")), id);
	assert_non_null(json_object_get(json_object_get(answer, "result"), "version"));
	json_decref(answer);
}

static void read_counters(struct served *world, void *data)
{
	*(struct control_counters *)data = control_counters(world->control);
}

struct control_counters served_counters(struct served *world)
{
	struct control_counters ret;

	served_in_loop(world, read_counters, &ret);
	return ret;
}

void served_await_connected(struct served *world, size_t count)
{
	struct control_counters counters;

	/* Who connected may not have been let in yet, and who left may not be forgotten yet. */
	for (int i = 0; i < 20000; i++) {
		counters = served_counters(world);
		if (counters.connected == count &&
			(counters.clients == world->opened || count == CONTROL_CLIENTS_MOST))
			return;
		usleep(1000);
	}
	fail_msg("%zu are connected, not %zu", counters.connected, count);
}

static void ask_probe(struct served *world, void *data)
{
	static const char request[] = SERVED_VERSION(77);
	int fd = *(int *)data;

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return;
	world->probe = fd;
	world->rounds = 0;
	world->longest = 0;
	world->last_cpu = thread_cpu();
	loop_work_ask(world->meter);
}

/* Another client's question is answered though others do what they do. */
void served_expect_responsive(struct served *world)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(world)};

	served_say(reader.fd, SERVED_VERSION(1));
	served_expect_version(&reader, 1);
	served_in_loop(world, ask_probe, &reader.fd);
	served_expect_version(&reader, 77);
	if (world->rounds > ROUNDS_MOST)
		fail_msg("answered after %zu rounds", world->rounds);
	if (world->longest > ROUND_CPU_MOST)
		fail_msg("a round took %zu ms", (size_t)(world->longest / MILLISECOND));
}
