// SPDX-License-Identifier: GPL-2.0-or-later
/* What poise-dataplane counts, as the backend gives it to those who show it: over a real server in a process of its own,
 * without packets; and with servers that hang. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "backends/dpdk/dataplane/rate.h"
#include "backends/dpdk/dpdk.h"
#include "backends/dpdk/inquiry.h"
#include "backends/dpdk/message.h"
#include "base/memory.h"
#include "tests/support/folder.h"
#include "tests/support/plane.h"

#define SECOND 1000000000ull
/* A machine with other work may be late. */
#define LATE (10 * SECOND)

static char *folder, *path;
static pid_t server;

static int open_world(void **state)
{
	(void)state;
	folder = folder_make();
	path = folder_path(folder, MESSAGE_SOCKET_NAME);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	plane_end_server(server);
	server = 0;
	free(path);
	folder_remove(folder);
	return 0;
}

static void start_server(bool few_figures)
{
	const struct plane_server_options options = {
		.path = path, .slots = 16, .services = 4, .few_figures = few_figures};

	server = plane_start_server(&options);
	assert_true(server > 0);
}

static void expect_row(const struct backend_figures *figures, size_t place,
	enum backend_figure_kind kind, const char *object, const char *name, uint64_t value)
{
	const struct backend_figure *row = &figures->items[place];

	assert_string_equal(backend_figure_kind_name(row->kind), backend_figure_kind_name(kind));
	assert_string_equal(row->object, object);
	assert_string_equal(row->name, name);
	assert_true(row->value == value);
}

static void rows_have_kinds(void **state)
{
	_cleanup_error_ struct error error = {};
	struct backend *backend = NULL;
	struct backend_figures figures = {};

	(void)state;
	start_server(true);
	assert_int_equal(dpdk_backend.open(folder, &backend, &error), 0);
	assert_int_equal(dpdk_backend.figures(backend, &figures, &error), 0);
	assert_int_equal(figures.count, 8);
	expect_row(&figures, 0, BACKEND_FIGURE_WORKER, "0", "packets", 12);
	expect_row(&figures, 1, BACKEND_FIGURE_WORKER, "0", "busy_percent", 3);
	expect_row(&figures, 2, BACKEND_FIGURE_DROP, "worker 0", "no-route", 4);
	expect_row(&figures, 3, BACKEND_FIGURE_WORKER, "1", "packets", 0);
	expect_row(&figures, 4, BACKEND_FIGURE_DROP, "attendant", "rate", UINT64_MAX);
	expect_row(&figures, 5, BACKEND_FIGURE_PORT, "wan", "packets_in", 56);
	expect_row(&figures, 6, BACKEND_FIGURE_PORT, "wan", "up", 1);
	expect_row(&figures, 7, BACKEND_FIGURE_PART, "buffers", "free", 78);
	vector_clear(&figures);
	dpdk_backend.close(backend);
}

static void many_rows(void **state)
{
	_cleanup_error_ struct error error = {};
	struct backend_figures figures = {};

	(void)state;
	start_server(false);
	assert_int_equal(dpdk_inquiry_figures(path, &figures, &error), 0);
	assert_int_equal(figures.count, 1000);
	expect_row(&figures, 999, BACKEND_FIGURE_WORKER, "999", "packets", 999ull << 32);
	vector_clear(&figures);
}

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* Whoever asks goes on soon, and is told. */
static void expect_silence(void)
{
	_cleanup_error_ struct error error = {};
	struct backend_figures figures = {};
	uint64_t begun = clock_now();

	assert_int_equal(dpdk_inquiry_figures(path, &figures, &error), -ETIMEDOUT);
	assert_non_null(strstr(error_text(&error, 0), "has not answered in time"));
	assert_int_equal(figures.count, 0);
	assert_true(clock_now() - begun < LATE);
}

static void a_stopped_server(void **state)
{
	(void)state;
	start_server(true);
	kill(server, SIGSTOP);
	expect_silence();
	kill(server, SIGCONT);
}

/* One message, and then no other. */
static void half_an_answer(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 4), 0);
	pid_t half = fork();
	if (half == 0) {
		const struct message_figure figure = {.object = "port wan", .name = "up"};
		_cleanup_strbuf_ struct strbuf message = {};
		int client = accept(listener, NULL, NULL);

		message_begin(&message, MESSAGE_KIND_FIGURES, 1);
		message_add_figure(&message, &figure);
		message_finish(&message);
		send(client, message.text, message.length, 0);
		pause();
		_exit(0);
	}
	expect_silence();
	kill(half, SIGKILL);
	waitpid(half, NULL, 0);
	close(listener);
}

static void nobody(void **state)
{
	_cleanup_error_ struct error error = {};
	struct backend_figures figures = {};

	(void)state;
	assert_int_equal(dpdk_inquiry_figures(path, &figures, &error), -ENOENT);
	assert_non_null(strstr(error_text(&error, 0), "poise-dataplane does not run"));
}

static void rates(void **state)
{
	struct rate rate = {};

	(void)state;
	rate_look(&rate, 1000, 5 * SECOND);
	assert_int_equal(rate_of(&rate), 0);
	rate_look(&rate, 4000, 7 * SECOND);
	assert_int_equal(rate_of(&rate), 1500);
	rate_look(&rate, 4000, 8 * SECOND);
	assert_int_equal(rate_of(&rate), 0);
	rate_look(&rate, 4001, 8 * SECOND);
	assert_int_equal(rate_of(&rate), 0);
	rate_look(&rate, 4011, 8 * SECOND + SECOND / 2);
	assert_int_equal(rate_of(&rate), 20);
	/* It began anew. */
	rate_look(&rate, 7, 10 * SECOND);
	assert_int_equal(rate_of(&rate), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, open_world, close_world)
	const struct CMUnitTest tests[] = {
		TEST(rows_have_kinds),
		TEST(many_rows),
		TEST(a_stopped_server),
		TEST(half_an_answer),
		TEST(nobody),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
