// SPDX-License-Identifier: GPL-2.0-or-later
/* The data plane's socket and the backend that speaks with it, over a real server in a process of its own, without packets. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "backends/dpdk/dpdk.h"
#include "backends/dpdk/link.h"
#include "backends/dpdk/message.h"
#include "base/memory.h"
#include "tests/support/folder.h"
#include "tests/support/plane.h"

#define SLOTS    300000
#define SERVICES 10100
#define STALL_NS 400000000ull

static char *folder, *path;
static pid_t server;

static void start_server(uint64_t grace_ns, unsigned int grace_asks)
{
	const struct plane_server_options options = {.path = path,
		.slots = SLOTS,
		.services = SERVICES,
		.stall_ns = STALL_NS,
		.grace_ns = grace_ns,
		.grace_asks = grace_asks};

	server = plane_start_server(&options);
	assert_true(server > 0);
}

static void end_server(void)
{
	plane_end_server(server);
	server = 0;
}

static int open_world(void **state)
{
	(void)state;
	folder = folder_make();
	path = folder_path(folder, MESSAGE_SOCKET_NAME);
	start_server(0, 0);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	end_server();
	free(path);
	folder_remove(folder);
	unsetenv(MESSAGE_SOCKET_ENVIRONMENT);
	return 0;
}

static struct backend *open_backend(void)
{
	_cleanup_error_ struct error error = {};
	struct backend *backend = NULL;
	int r = dpdk_backend.open(folder, &backend, &error);

	if (r < 0)
		fail_msg("%s", error_text(&error, r));
	return backend;
}

static void apply(struct backend *backend, const struct plan_op *ops, size_t count)
{
	_cleanup_error_ struct error error = {};
	_cleanup_free_ struct backend_result *results = memory_new((count + 1) * sizeof(*results));
	int r = dpdk_backend.apply(backend, ops, count, results, &error);

	if (r < 0)
		fail_msg("%s", error_text(&error, r));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(results[i].status, BACKEND_RESULT_DONE);
		backend_result_clear(&results[i]);
	}
}

static size_t count_services(struct backend *backend)
{
	_cleanup_error_ struct error error = {};
	_cleanup_state_ struct state found = {};
	int r = dpdk_backend.read(backend, NULL, &found, &error);

	if (r < 0)
		fail_msg("%s", error_text(&error, r));
	return found.services.count;
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* So many services of ten destinations each. */
static void fill(struct backend *backend, uint32_t services)
{
	size_t count = 0;
	_cleanup_free_ struct plan_op *ops = memory_new(services * (size_t)11 * sizeof(*ops));

	for (uint32_t i = 0; i < services; i++) {
		struct plan_op service =
			plane_service_op(PLAN_VERB_ADD, "tcp://198.18.0.0:80", "wlc");
		struct plan_op destination = plane_destination_op(
			PLAN_VERB_ADD, "tcp://198.18.0.0:80", "10.0.0.0:80", FORWARD_METHOD_NAT);

		service.service.address.bytes[2] = (uint8_t)(i >> 8);
		service.service.address.bytes[3] = (uint8_t)i;
		destination.service = service.service;
		ops[count++] = service;
		for (uint8_t j = 0; j < 10; j++) {
			destination.destination.key.address.bytes[1] = j;
			destination.destination.key.address.bytes[2] = (uint8_t)(i >> 8);
			destination.destination.key.address.bytes[3] = (uint8_t)i;
			ops[count++] = destination;
		}
	}
	apply(backend, ops, count);
}

/* A connection of whoever knows only the socket. */
static struct dpdk_link open_link(void)
{
	struct dpdk_link link = {.fd = dpdk_link_connect(path, true)};

	assert_true(link.fd >= 0);
	dpdk_link_request(&link);
	return link;
}

static void say(struct dpdk_link *link, enum message_kind kind)
{
	dpdk_link_begin(link, kind);
	assert_int_equal(dpdk_link_send(link, NULL), 0);
}

static void say_operation(struct dpdk_link *link, const struct plan_op *op)
{
	dpdk_link_begin(link, MESSAGE_KIND_OPERATIONS);
	message_add_operation(&link->output, op);
	assert_int_equal(dpdk_link_send(link, NULL), 0);
}

static void expect_error(struct dpdk_link *link, int code, const char *words)
{
	_cleanup_error_ struct error error = {};
	struct message_header header;
	struct message_reader reader;

	assert_int_equal(dpdk_link_receive(link, &header, &reader, &error), code);
	if (!strstr(error.text, words))
		fail_msg("it says: %s", error.text);
}

static void hello(void **state)
{
	struct dpdk_link link = open_link();
	struct message_header header;
	struct message_reader reader, value;
	struct message_hello answer;
	struct stat socket_file;

	(void)state;
	assert_int_equal(stat(path, &socket_file), 0);
	assert_int_equal(socket_file.st_mode & 07777, 0600);
	say(&link, MESSAGE_KIND_HELLO);
	assert_int_equal(dpdk_link_receive(&link, &header, &reader, NULL), 0);
	assert_int_equal(header.kind, MESSAGE_KIND_HELLO);
	assert_int_equal(message_next(&reader, &value), MESSAGE_ATTRIBUTE_HELLO);
	assert_int_equal(message_get_hello(value, &answer), 0);
	assert_non_null(strstr(answer.program, "poise-dataplane"));
	assert_int_equal(answer.workers, PLANE_WORKERS);
	assert_int_equal(answer.generation, 0);
	assert_true(answer.instance != 0);
	dpdk_link_close(&link);
}

static void figures(void **state)
{
	struct dpdk_link link = open_link();
	struct message_header header = {};
	struct message_reader reader, value;
	struct message_figure figure = {};
	uint64_t count = 0;

	(void)state;
	say(&link, MESSAGE_KIND_FIGURES);
	for (;;) {
		assert_int_equal(dpdk_link_receive(&link, &header, &reader, NULL), 0);
		if (header.kind == MESSAGE_KIND_END)
			break;
		while (message_next(&reader, &value) == MESSAGE_ATTRIBUTE_FIGURE) {
			assert_int_equal(message_get_figure(value, &figure), 0);
			assert_int_equal(figure.value, count << 32);
			count++;
		}
	}
	assert_string_equal(figure.object, "worker 999");
	assert_string_equal(figure.name, "packets");
	assert_int_equal(count, 1000);
	dpdk_link_close(&link);
}

/* 100,000 destinations are all there, in the order of their keys. */
static void large_dump(void **state)
{
	struct backend *backend = open_backend();
	_cleanup_state_ struct state found = {};
	size_t destinations = 0;

	(void)state;
	double start = milliseconds();
	fill(backend, 10000);
	double filled = milliseconds();
	assert_int_equal(dpdk_backend.read(backend, NULL, &found, NULL), 0);
	print_message("  110,000 operations in %.0f ms, read in %.0f ms\n", filled - start,
		milliseconds() - filled);
	assert_int_equal(found.services.count, 10000);
	for (size_t i = 0; i < found.services.count; i++) {
		const struct service *service = &found.services.items[i];

		destinations += service->destinations.count;
		for (size_t j = 1; j < service->destinations.count; j++)
			assert_true(destination_compare(&service->destinations.items[j - 1],
					    &service->destinations.items[j]) < 0);
		assert_true(i == 0 || service_compare(service - 1, service) < 0);
	}
	assert_int_equal(destinations, 100000);
	dpdk_backend.close(backend);
}

/* What a dump shows of services and destinations; reads to its end. */
static uint64_t hear_dump(struct dpdk_link *link, uint64_t *generation, size_t *of_weight_9)
{
	struct message_header header = {};
	struct message_reader reader, value;
	struct message_end end = {};
	uint64_t count = 0;
	int type;

	while (header.kind != MESSAGE_KIND_END) {
		assert_int_equal(dpdk_link_receive(link, &header, &reader, NULL), 0);
		while ((type = message_next(&reader, &value)) > 0) {
			struct destination destination;

			if (type == MESSAGE_ATTRIBUTE_END) {
				assert_int_equal(message_get_end(value, &end), 0);
				continue;
			}
			count++;
			if (type != MESSAGE_ATTRIBUTE_DESTINATION)
				continue;
			assert_int_equal(message_get_destination(value, &destination), 0);
			*of_weight_9 += destination.attributes.weight == 9;
		}
	}
	assert_int_equal(end.count, count);
	*generation = end.generation;
	return count;
}

/* A dump that is read slowly shows one generation, though all of it is another meanwhile. */
static void one_generation(void **state)
{
	struct backend *backend = open_backend();
	struct dpdk_link link = open_link();
	struct plan_op gone = plane_service_op(PLAN_VERB_DELETE, "tcp://198.18.0.5:80", "");
	struct plan_op heavy = plane_destination_op(
		PLAN_VERB_UPDATE, "tcp://198.18.7.208:80", "10.9.7.208:80", FORWARD_METHOD_NAT);
	uint64_t generation;
	size_t heavy_count = 0;

	(void)state;
	fill(backend, 2001);
	say(&link, MESSAGE_KIND_DUMP);
	/* It has begun when its first message is there. */
	struct pollfd there = {.fd = link.fd, .events = POLLIN};
	assert_int_equal(poll(&there, 1, 5000), 1);
	heavy.destination.after.weight = 9;
	apply(backend, &gone, 1);
	apply(backend, &heavy, 1);
	assert_int_equal(count_services(backend), 2000);
	assert_int_equal(hear_dump(&link, &generation, &heavy_count), 2001 * 11);
	assert_int_equal(generation, 1);
	assert_int_equal(heavy_count, 0);
	say(&link, MESSAGE_KIND_DUMP);
	assert_int_equal(hear_dump(&link, &generation, &heavy_count), 2000 * 11);
	assert_int_equal(generation, 3);
	assert_int_equal(heavy_count, 1);
	dpdk_link_close(&link);
	dpdk_backend.close(backend);
}

/* Who asks and does not read stalls nobody, and is dropped. */
static void stops_reading(void **state)
{
	struct backend *backend = open_backend();
	struct dpdk_link links[8];
	struct plan_op op = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:80", "wlc");

	(void)state;
	fill(backend, 10000);
	for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
		links[i] = open_link();
		say(&links[i], MESSAGE_KIND_DUMP);
	}
	double start = milliseconds();
	apply(backend, &op, 1);
	op.verb = PLAN_VERB_DELETE;
	apply(backend, &op, 1);
	assert_int_equal(count_services(backend), 10000);
	print_message("  beside eight that do not read: %.0f ms\n", milliseconds() - start);
	/* A dump is of many messages; what fits into the socket is all that comes. */
	for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
		struct message_header header = {};
		struct message_reader reader;
		struct pollfd gone = {.fd = links[i].fd, .events = 0};
		int r = 0;

		assert_int_equal(poll(&gone, 1, 10000), 1);
		assert_true(gone.revents & POLLHUP);
		while (r == 0 && header.kind != MESSAGE_KIND_END)
			r = dpdk_link_receive(&links[i], &header, &reader, NULL);
		assert_int_equal(r, -ENOTCONN);
		dpdk_link_close(&links[i]);
	}
	/* Who was idle meanwhile, was not. */
	assert_int_equal(count_services(backend), 10000);
	dpdk_backend.close(backend);
}

/* What is not committed has not been. */
static void gone_in_the_middle(void **state)
{
	struct backend *backend = open_backend();
	struct plan_op op = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:80", "wlc");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct dpdk_link link = open_link();

		say(&link, MESSAGE_KIND_BEGIN);
		for (int j = 0; j < 100; j++)
			say_operation(&link, &op);
		/* The second time it is silent, until it is shut out. */
		if (i)
			expect_error(&link, -ENOTCONN, "hung up");
		dpdk_link_close(&link);
		assert_int_equal(count_services(backend), 0);
	}
	dpdk_backend.close(backend);
}

/* A begin anew forgets what was said before it, and a dump in between does not. */
static void begins_anew(void **state)
{
	struct backend *backend = open_backend();
	struct plan_op first = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:80", "wlc");
	struct plan_op second = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.2:80", "wlc");
	_cleanup_state_ struct state found = {};
	struct dpdk_link link = open_link();
	struct message_header header;
	struct message_reader reader;
	uint64_t generation;
	size_t none = 0;

	(void)state;
	say(&link, MESSAGE_KIND_BEGIN);
	say_operation(&link, &first);
	say(&link, MESSAGE_KIND_BEGIN);
	say_operation(&link, &second);
	say(&link, MESSAGE_KIND_DUMP);
	assert_int_equal(hear_dump(&link, &generation, &none), 0);
	say(&link, MESSAGE_KIND_COMMIT);
	assert_int_equal(dpdk_link_receive(&link, &header, &reader, NULL), 0);
	assert_int_equal(header.kind, MESSAGE_KIND_RESULT);
	assert_int_equal(dpdk_backend.read(backend, NULL, &found, NULL), 0);
	assert_int_equal(found.services.count, 1);
	assert_int_equal(service_key_compare(&found.services.items[0].key, &second.service), 0);
	dpdk_link_close(&link);
	dpdk_backend.close(backend);
}

static void refused(void **state)
{
	static const struct {
		enum message_kind kind;
		int code;
		const char *words;
	} rows[] = {
		{MESSAGE_KIND_COMMIT, -EBADMSG, "not begun"},
		{MESSAGE_KIND_OPERATIONS, -EBADMSG, "without a transaction"},
		{MESSAGE_KIND_RESULT, -EOPNOTSUPP, "knows not"},
		{(enum message_kind)99, -EOPNOTSUPP, "knows not"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct dpdk_link link = open_link();

		say(&link, rows[i].kind);
		expect_error(&link, rows[i].code, rows[i].words);
		dpdk_link_close(&link);
	}
}

static void wrong_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int code;
		const char *words;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", 18, -EBADMSG, "no message"},
		{"x", 1, -EBADMSG, "no message"},
		{"PDPM\2\0\1\0\0\0\0\0\1\0\0\0", 16, -EPROTO, "version 2"},
		{"PDPM\1\0\3\0\5\0\0\0\1\0\0\0", 16, -EBADMSG, "no message"},
		{"PDPM\1\0\7\0\4\0\0\0\1\0\0\0\4\0\1\0", 20, -EBADMSG, "a key"},
		{"PDPM\1\0\10\0\4\0\0\0\1\0\0\0\4\0\1\0", 20, -EBADMSG, "a scope"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct dpdk_link link = open_link();

		assert_int_equal(
			send(link.fd, rows[i].bytes, rows[i].size, 0), (ssize_t)rows[i].size);
		expect_error(&link, rows[i].code, rows[i].words);
		dpdk_link_close(&link);
	}
	struct dpdk_link link = open_link();
	_cleanup_free_ char *long_message = memory_new(MESSAGE_LIMIT + 1);
	assert_int_equal(send(link.fd, long_message, MESSAGE_LIMIT + 1, 0), MESSAGE_LIMIT + 1);
	expect_error(&link, -EMSGSIZE, "too long");
	dpdk_link_close(&link);
}

/* Nobody may keep more than there is room for, alone or with others. */
static void too_much(void **state)
{
	struct backend *backend = open_backend();
	struct plan_op op = plane_service_op(PLAN_VERB_DELETE, "tcp://192.0.2.1:80", "");
	_cleanup_error_ struct error error = {};
	struct dpdk_link link = open_link();
	size_t said = 0;
	int r = 0;

	(void)state;
	say(&link, MESSAGE_KIND_BEGIN);
	while (r == 0 && said <= 2 * CONTROL_WAITING_MOST) {
		dpdk_link_begin(&link, MESSAGE_KIND_OPERATIONS);
		while (!message_is_full(&link.output)) {
			message_add_operation(&link.output, &op);
			said++;
		}
		r = dpdk_link_send(&link, &error);
	}
	assert_true(said > CONTROL_WAITING_MOST);
	assert_int_equal(r, -E2BIG);
	assert_non_null(strstr(error.text, "more is asked for"));
	assert_int_equal(count_services(backend), 0);
	/* It has let go of it all. */
	fill(backend, 10);
	dpdk_link_close(&link);
	dpdk_backend.close(backend);
}

static void too_many(void **state)
{
	struct dpdk_link links[CONTROL_CLIENTS_MOST], one_more;
	struct message_header header;
	struct message_reader reader;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
		links[i] = open_link();
		say(&links[i], MESSAGE_KIND_HELLO);
		assert_int_equal(dpdk_link_receive(&links[i], &header, &reader, NULL), 0);
	}
	one_more = open_link();
	expect_error(&one_more, -EBUSY, "too many clients");
	dpdk_link_close(&one_more);
	dpdk_link_close(&links[7]);
	struct backend *backend = open_backend();
	assert_int_equal(count_services(backend), 0);
	dpdk_backend.close(backend);
	for (size_t i = 0; i < ARRAY_LENGTH(links); i++)
		dpdk_link_close(&links[i]);
}

/* Another of its kind does not take its socket away. */
static void only_one(void **state)
{
	struct loop *loop;
	struct control_plane *control;
	struct control_plane_options options = {.path = path};
	_cleanup_error_ struct error error = {};

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(control_plane_new(loop, &options, &control, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, "another poise-dataplane serves"));
	loop_free(loop);
	struct backend *backend = open_backend();
	dpdk_backend.close(backend);
}

static void not_running(void **state)
{
	_cleanup_error_ struct error error = {};
	struct backend *backend;

	(void)state;
	end_server();
	assert_int_equal(dpdk_backend.open(folder, &backend, &error), -ENOENT);
	assert_non_null(strstr(error.text, "poise-dataplane does not run"));
	assert_non_null(strstr(error.text, path));
	/* A file that a server left which was killed. */
	folder_write(folder, MESSAGE_SOCKET_NAME, "");
	assert_int_equal(dpdk_backend.open(folder, &backend, &error), -ENOENT);
	setenv(MESSAGE_SOCKET_ENVIRONMENT, "/nonesuch/socket", 1);
	assert_int_equal(dpdk_backend.open(folder, &backend, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nonesuch/socket"));
	unsetenv(MESSAGE_SOCKET_ENVIRONMENT);
	start_server(0, 0);
	backend = open_backend();
	dpdk_backend.close(backend);
}

static bool hears(struct backend *backend, int milliseconds_most)
{
	struct pollfd news = {.fd = dpdk_backend.fd(backend), .events = POLLIN};

	return poll(&news, 1, milliseconds_most) == 1;
}

/* The forwarder is started again, empty: who listens hears of it, and who does not finds out. */
static void restarted(void **state)
{
	struct backend *listens = open_backend(), *other = open_backend();
	_cleanup_error_ struct error error = {};
	_cleanup_state_ struct state found = {};
	struct plan_op op = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:80", "wlc");
	struct backend_result result = {};

	(void)state;
	fill(listens, 10);
	assert_false(hears(listens, 0));
	end_server();
	assert_int_equal(dpdk_backend.read(other, NULL, &found, &error), -ENOENT);
	assert_int_equal(dpdk_backend.apply(other, &op, 1, &result, &error), -ENOENT);
	assert_int_equal(result.status, BACKEND_RESULT_SKIPPED);
	backend_result_clear(&result);
	assert_true(hears(listens, 5000));
	assert_int_equal(dpdk_backend.dispatch(listens), 0);
	/* Nothing is there yet, however often it is looked for. */
	assert_true(hears(listens, 5000));
	assert_int_equal(dpdk_backend.dispatch(listens), 0);
	start_server(0, 0);
	assert_true(hears(listens, 5000));
	assert_int_equal(dpdk_backend.dispatch(listens), 1);
	assert_int_equal(dpdk_backend.dispatch(listens), 0);
	assert_int_equal(count_services(listens), 0);
	fill(listens, 10);
	assert_int_equal(count_services(other), 10);
	assert_false(hears(listens, 300));
	dpdk_backend.close(listens);
	dpdk_backend.close(other);
}

/* Who commits is answered when every worker is there; nobody else waits for that. */
static void waits_for_workers(void **state)
{
	struct plan_op op = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:80", "wlc");
	struct dpdk_link link, gone;
	struct message_header header;
	struct message_reader reader;

	(void)state;
	end_server();
	start_server(300000000, 0);
	struct backend *backend = open_backend();
	link = open_link();
	double start = milliseconds();
	say(&link, MESSAGE_KIND_BEGIN);
	say_operation(&link, &op);
	say(&link, MESSAGE_KIND_COMMIT);
	/* In force it is at once. */
	while (!count_services(backend))
		;
	double shown = milliseconds();
	struct pollfd answer = {.fd = link.fd, .events = POLLIN};
	assert_int_equal(poll(&answer, 1, 0), 0);
	/* Another, who does not wait for his answer. */
	gone = open_link();
	op.service.port = 81;
	say(&gone, MESSAGE_KIND_BEGIN);
	say_operation(&gone, &op);
	say(&gone, MESSAGE_KIND_COMMIT);
	while (count_services(backend) < 2)
		;
	dpdk_link_close(&gone);
	assert_int_equal(dpdk_link_receive(&link, &header, &reader, NULL), 0);
	assert_int_equal(header.kind, MESSAGE_KIND_RESULT);
	print_message("  shown after %.1f ms, answered after %.1f ms\n", shown - start,
		milliseconds() - start);
	assert_true(milliseconds() - start >= 300);
	assert_int_equal(count_services(backend), 2);
	dpdk_link_close(&link);
	dpdk_backend.close(backend);
}

/* Transactions of others, which need nobody's answer, come without end; the socket takes so many at once. */
#define OTHERS 16
#define ROUNDS 2000
static void commit_nothing(struct dpdk_link *link)
{
	struct message_header header;
	struct message_reader reader;

	for (unsigned int i = 0; i < OTHERS; i++) {
		say(link, MESSAGE_KIND_BEGIN);
		say(link, MESSAGE_KIND_COMMIT);
	}
	for (unsigned int i = 0; i < OTHERS; i++)
		assert_int_equal(dpdk_link_receive(link, &header, &reader, NULL), 0);
}

/* They do not put off the answer of who waits: of so many, which take far longer
 * than he has to wait. */
static void others_put_off_nobody(void **state)
{
	struct plan_op op = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:80", "wlc");
	struct pollfd answer = {.events = POLLIN};
	struct dpdk_link link, other;
	double start;

	(void)state;
	end_server();
	start_server(0, 3);
	link = open_link();
	other = open_link();
	answer.fd = link.fd;
	say(&link, MESSAGE_KIND_BEGIN);
	say_operation(&link, &op);
	say(&link, MESSAGE_KIND_COMMIT);
	start = milliseconds();
	for (unsigned int i = 0; i < ROUNDS && poll(&answer, 1, 0) == 0; i++)
		commit_nothing(&other);
	print_message("  answered after %.1f ms\n", milliseconds() - start);
	assert_int_equal(poll(&answer, 1, 0), 1);
	dpdk_link_close(&link);
	dpdk_link_close(&other);
}

/* The grace period may end between any two askings for it. */
static void ends_at_any_time(void **state)
{
	(void)state;
	for (unsigned int asks = 0; asks < 6; asks++) {
		struct plan_op op = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:80", "wlc");

		end_server();
		start_server(0, asks);
		struct backend *backend = open_backend();
		double start = milliseconds();
		apply(backend, &op, 1);
		op.verb = PLAN_VERB_DELETE;
		apply(backend, &op, 1);
		assert_true(milliseconds() - start < 5000);
		dpdk_backend.close(backend);
	}
}

/* The counts of what a client asked for by name; names that are not there are no error. */
static void by_keys(void **state)
{
	struct backend *backend = open_backend();
	_cleanup_state_ struct state found = {};
	_cleanup_free_ struct service_key *keys = memory_resize(NULL, 5000, sizeof(*keys));
	struct backend_scope scope = {.keys = keys, .count = 5000, .only = true};

	(void)state;
	fill(backend, 4000);
	for (uint32_t i = 0; i < 5000; i++) {
		keys[i] = plane_service_key("tcp://198.18.0.0:80");
		keys[i].address.bytes[2] = (uint8_t)(i >> 8);
		keys[i].address.bytes[3] = (uint8_t)i;
	}
	assert_int_equal(dpdk_backend.read(backend, &scope, &found, NULL), 0);
	assert_int_equal(found.services.count, 4000);
	assert_int_equal(found.services.items[3999].destinations.count, 10);
	dpdk_backend.close(backend);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hello),
		TEST(figures),
		TEST(large_dump),
		TEST(one_generation),
		TEST(stops_reading),
		TEST(gone_in_the_middle),
		TEST(begins_anew),
		TEST(refused),
		TEST(wrong_bytes),
		TEST(too_much),
		TEST(too_many),
		TEST(only_one),
		TEST(not_running),
		TEST(restarted),
		TEST(by_keys),
		TEST(waits_for_workers),
		TEST(others_put_off_nobody),
		TEST(ends_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
