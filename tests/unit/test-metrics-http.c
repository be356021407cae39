// SPDX-License-Identifier: GPL-2.0-or-later
/* The HTTP side of the metrics, from a client's end: a process of its own that blocks as it likes, while the loop serves it. No
 * client waits for more than CLIENT_PATIENCE_S, so that what hangs fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/metrics.h"
#include "tests/support/exposition.h"
#include "tests/support/machine.h"
#include "tests/support/network.h"

/* What a client has read, for the test to look at. */
#define ANSWER_SIZE       ((size_t)64 << 20)
#define CLIENT_PATIENCE_S 30
#define CLIENT_NARROW     65536

/* Short enough to be waited for, where a test is about them. */
static const struct metrics_times impatient = {
	.idle_s = 1, .request_ns = 500000000ull, .retry_ns = 50000000ull};

struct fixture {
	struct machine machine;
	struct loop *loop;
	struct metrics *metrics;
	struct address address;
	uint16_t port; /* where the clients go */
	char *answer;  /* shared with the clients */
	const struct step *step;
	struct loop_source *child;
	int taken;       /* listens where metrics are to be served, or -1: */
	uint16_t second; /* there */
	int status;
};

/* A port that nobody has. */
static uint16_t free_port(void)
{
	struct sockaddr_in name = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	close(fd);
	return ntohs(name.sin_port);
}

static int setup_with(void **state, const struct metrics_times *times)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));
	_cleanup_error_ struct error error = {};

	machine_open(&fixture->machine);
	fixture->taken = -1;
	assert_int_equal(loop_new(&fixture->loop), 0);
	const struct metrics_sources sources = {.engine = &fixture->machine.engine,
		.limits = {.services = 100000, .destinations = 100000}};
	assert_int_equal(metrics_new(fixture->loop, &sources, &fixture->metrics), 0);
	metrics_set_times(fixture->metrics, times);
	address_parse("127.0.0.1", &fixture->address);
	fixture->port = free_port();
	int r = metrics_listen(fixture->metrics, &fixture->address, fixture->port, &error);
	if (r < 0)
		fail_msg("%s", error_text(&error, r));
	fixture->answer =
		mmap(NULL, ANSWER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(fixture->answer != MAP_FAILED);
	*state = fixture;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, &METRICS_TIMES);
}

static int setup_impatient(void **state)
{
	return setup_with(state, &impatient);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	loop_source_free(fixture->child);
	metrics_free(fixture->metrics);
	if (fixture->taken >= 0)
		close(fixture->taken);
	loop_free(fixture->loop);
	machine_close(&fixture->machine);
	munmap(fixture->answer, ANSWER_SIZE);
	free(fixture);
	return 0;
}

/* --- The client's side: it exits with 0 when all was as it should be. */

#define CLIENT_EXPECT(condition)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "     client: line %d: %s\n", __LINE__, #condition);       \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* `room`: bytes that wait for the client to read them; 0: as many as the system likes. */
static int client_connect_narrow(uint16_t port, int room)
{
	const struct sockaddr_in name = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (room)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	CLIENT_EXPECT(connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0);
	return fd;
}

static int client_connect(uint16_t port)
{
	return client_connect_narrow(port, 0);
}

static void client_say(int fd, const char *text)
{
	CLIENT_EXPECT(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* With a time-out recv() is interrupted in a process that is stopped for a while. */
static ssize_t client_recv(int fd, char *to, size_t size, int flags)
{
	return TEMP_FAILURE_RETRY(recv(fd, to, size, flags));
}

/* Up to the end of the connection, or until `size` bytes are there. */
static size_t client_hear(int fd, char *to, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = client_recv(fd, to + length, size - length, 0);

		CLIENT_EXPECT(got >= 0 || errno == ECONNRESET);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	return length;
}

/* Up to what it ends with. */
static void client_hear_all_of(int fd, char *to, const char *end)
{
	size_t length = 0;

	do {
		ssize_t got = client_recv(fd, to + length, ANSWER_SIZE - 1 - length, 0);

		CLIENT_EXPECT(got > 0);
		length += (size_t)got;
		to[length] = '\0';
	} while (!strstr(to, end));
}

/* One request on a connection of its own; the answer is in fixture->answer. */
static void client_ask(struct fixture *fixture, const char *text)
{
	int fd = client_connect(fixture->port);

	client_say(fd, text);
	size_t length = client_hear(fd, fixture->answer, ANSWER_SIZE - 1);
	fixture->answer[length] = '\0';
	close(fd);
}

#define CLOSING "Host: a\r\nConnection: close\r\n\r\n"

static bool client_got(struct fixture *fixture, const char *status)
{
	size_t length = strlen(status);
	bool good = strncmp(fixture->answer, "HTTP/1.", 7) == 0 &&
		    strncmp(fixture->answer + 9, status, length) == 0;

	if (!good)
		fprintf(stderr, "     got: %.100s\n", fixture->answer);
	return good;
}

/* --- The test's side. */

/* What a client does, and what is done before it begins. The last step has no client. */
struct step {
	void (*prepare)(struct fixture *fixture); /* or NULL */
	void (*client)(struct fixture *fixture);
};

static void take_step(struct fixture *fixture);

static void on_end(void *data, pid_t pid _unused_, int status)
{
	struct fixture *fixture = data;

	fixture->child = loop_source_free(fixture->child);
	fixture->status = status;
	if (status == 0 && (++fixture->step)->client)
		take_step(fixture);
	else
		loop_stop(fixture->loop, 0);
}

static void take_step(struct fixture *fixture)
{
	if (fixture->step->prepare)
		fixture->step->prepare(fixture);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		fixture->step->client(fixture);
		_exit(0);
	}
	assert_int_equal(loop_add_child(fixture->loop, pid, on_end, fixture, &fixture->child), 0);
}

/* Serves one client after the other, each a process of its own. Once in a test: a loop that has stopped is over. */
static void serve_steps(struct fixture *fixture, const struct step *steps)
{
	fixture->step = steps;
	take_step(fixture);
	assert_int_equal(loop_run(fixture->loop), 0);
	assert_int_equal(fixture->status, 0);
}

static void serve(struct fixture *fixture, void (*client)(struct fixture *fixture))
{
	const struct step steps[] = {{.client = client}, {}};

	serve_steps(fixture, steps);
}

/* The body of a chunked answer, put together in place. */
static char *body_of(char *answer)
{
	char *from = strstr(answer, "\r\n\r\n"), *to;

	assert_non_null(from);
	assert_non_null(strstr(answer, "Transfer-Encoding: chunked"));
	from += 4;
	char *body = to = from;
	for (;;) {
		char *end;
		size_t size = strtoul(from, &end, 16);

		assert_true(end != from && strncmp(end, "\r\n", 2) == 0);
		if (size == 0)
			break;
		memmove(to, end + 2, size);
		to += size;
		from = end + 2 + size + 2;
	}
	*to = '\0';
	return body;
}

static void client_scrapes(struct fixture *fixture)
{
	client_ask(fixture, "GET /metrics HTTP/1.1\r\n" CLOSING);
	CLIENT_EXPECT(client_got(fixture, "200"));
}

static void scrape(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_exposition_ struct exposition said = {};

	machine_declare_many(&fixture->machine, 200, 5);
	serve(fixture, client_scrapes);
	assert_non_null(
		strstr(fixture->answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
	exposition_parse(body_of(fixture->answer), &said);
	assert_int_equal(exposition_value(&said, "poise_destinations"), 1000);
	assert_true(exposition_has(&said,
		"poise_destination_weight{service=\"tcp://10.0.199.1:80\",name=\"s199\","
		"destination=\"172.16.0.5:80\"}"));
}

/* Methods and places that are there, and others. */
static void client_goes_elsewhere(struct fixture *fixture)
{
	static const struct {
		const char *request, *status, *words;
	} rows[] = {
		{"GET / HTTP/1.1\r\n" CLOSING, "200",
			"\r\n\r\npoised: the metrics are at /metrics\n"},
		{"GET /metrics?a=b HTTP/1.1\r\n" CLOSING, "200", "poise_build_info{"},
		{"GET /metric HTTP/1.1\r\n" CLOSING, "404", "/metrics"},
		{"GET /metrics/ HTTP/1.1\r\n" CLOSING, "404", "/metrics"},
		{"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n" CLOSING "abcde", "405",
			"Allow: GET, HEAD"},
		{"PUT / HTTP/1.1\r\nContent-Length: 99999999\r\n" CLOSING, "405", "Allow:"},
		{"DELETE /metrics HTTP/1.1\r\n" CLOSING, "405", "Allow:"},
		{"OPTIONS * HTTP/1.1\r\n" CLOSING, "405", "Allow:"},
		{"GET /metrics HTTP/1.0\r\n\r\n", "200", "poise_build_info{"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		client_ask(fixture, rows[i].request);
		CLIENT_EXPECT(client_got(fixture, rows[i].status));
		CLIENT_EXPECT(strstr(fixture->answer, rows[i].words));
	}
	/* A head alone. */
	client_ask(fixture, "HEAD /metrics HTTP/1.1\r\n" CLOSING);
	CLIENT_EXPECT(client_got(fixture, "200"));
	const char *end = strstr(fixture->answer, "\r\n\r\n");
	CLIENT_EXPECT(end && end[4] == '\0');
	/* As many requests as one likes on one connection. */
	int fd = client_connect(fixture->port);
	for (int i = 0; i < 20; i++) {
		client_say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		client_hear_all_of(fd, fixture->answer, rows[0].words);
		CLIENT_EXPECT(client_got(fixture, "200"));
	}
	close(fd);
}

static void elsewhere(void **state)
{
	serve(*state, client_goes_elsewhere);
}

/* What is no request gets an error or the end of the connection, and nobody else notices. */
static void client_speaks_nonsense(struct fixture *fixture)
{
	static const char *const nonsense[] = {
		"\r\n\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET /metrics\r\n\r\n",
		"GET /metrics HTTP/9.9\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n" CLOSING,
		"GET /metrics HTTP/1.1\r\nContent-Length: 3\r\n" CLOSING "abc",
		"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSING "zz\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"{\"jsonrpc\":\"2.0\",\"method\":\"status\",\"id\":1}\n",
	};
	int fds[ARRAY_LENGTH(nonsense)];
	unsigned int seed = 1;

	for (size_t i = 0; i < ARRAY_LENGTH(nonsense); i++) {
		fds[i] = client_connect(fixture->port);
		client_say(fds[i], nonsense[i]);
		shutdown(fds[i], SHUT_WR);
	}
	/* Some are halves of requests, which are waited for. */
	for (size_t i = 0; i < ARRAY_LENGTH(nonsense); i++) {
		size_t length = client_hear(fds[i], fixture->answer, ANSWER_SIZE);

		CLIENT_EXPECT(length == 0 || strncmp(fixture->answer, "HTTP/1.", 7) == 0);
		close(fds[i]);
	}
	for (int i = 0; i < 200; i++) {
		char bytes[512];
		int fd = client_connect(fixture->port);

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (char)rand_r(&seed);
		if (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0 && i % 2)
			shutdown(fd, SHUT_WR);
		close(fd);
	}
	/* A line that has no end. */
	int fd = client_connect(fixture->port);
	char line[4096];
	ssize_t sent = 1;
	size_t all = 0;
	memset(line, 'a', sizeof(line));
	client_say(fd, "GET /");
	while (sent > 0 && all < 10000000) {
		sent = send(fd, line, sizeof(line), MSG_NOSIGNAL);
		all += sent > 0 ? (size_t)sent : 0;
	}
	CLIENT_EXPECT(all < 10000000);
	close(fd);
	client_scrapes(fixture);
}

static void nonsense(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_exposition_ struct exposition said = {};

	serve(fixture, client_speaks_nonsense);
	exposition_parse(body_of(fixture->answer), &said);
}

static double client_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* More than there are places for: they wait, and are all served. */
static void client_comes_in_crowds(struct fixture *fixture)
{
	int fds[100];

	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		fds[i] = client_connect(fixture->port);
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		client_say(fds[i], "GET /metrics HTTP/1.1\r\n" CLOSING);
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		fixture->answer[client_hear(fds[i], fixture->answer, ANSWER_SIZE - 1)] = '\0';
		CLIENT_EXPECT(client_got(fixture, "200"));
		CLIENT_EXPECT(strstr(fixture->answer, "\r\n0\r\n"));
		close(fds[i]);
	}
}

static void crowds(void **state)
{
	struct fixture *fixture = *state;

	machine_declare_many(&fixture->machine, 100, 10);
	serve(fixture, client_comes_in_crowds);
	_cleanup_exposition_ struct exposition said = {};
	exposition_parse(body_of(fixture->answer), &said);
}

/* All places are taken by clients that say nothing: who comes then is served when their time is over. */
static void client_is_silent(struct fixture *fixture)
{
	int fds[36];
	char byte;

	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		fds[i] = client_connect(fixture->port);
		if (i % 2)
			client_say(fds[i], "GET /metrics HT");
	}
	client_scrapes(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		CLIENT_EXPECT(client_hear(fds[i], &byte, 1) == 0);
		close(fds[i]);
	}
}

static void silence(void **state)
{
	serve(*state, client_is_silent);
}

/* A request that never ends, though its client is never silent for long. */
static void client_trickles(struct fixture *fixture)
{
	double begin = client_clock();
	int fd = client_connect(fixture->port);

	client_say(fd, "GET /metrics HTTP/1.1\r\nHost: a\r\nA: ");
	while (send(fd, "a", 1, MSG_NOSIGNAL) == 1 && client_clock() - begin < CLIENT_PATIENCE_S)
		usleep(100000);
	double spent = client_clock() - begin;
	CLIENT_EXPECT(spent > (double)impatient.request_ns / 1e9);
	CLIENT_EXPECT(spent < 10);
	close(fd);
	client_scrapes(fixture);
}

static void trickles(void **state)
{
	serve(*state, client_trickles);
}

/* One takes its time, and others do not wait for it. */
static void client_is_slow(struct fixture *fixture)
{
	int slow = client_connect_narrow(fixture->port, CLIENT_NARROW);

	client_say(slow, "GET /metrics HTTP/1.1\r\n" CLOSING);
	CLIENT_EXPECT(client_hear(slow, fixture->answer, 1000) == 1000);
	double begin = client_clock();
	for (int i = 0; i < 20; i++) {
		client_ask(fixture, "GET / HTTP/1.1\r\n" CLOSING);
		CLIENT_EXPECT(client_got(fixture, "200"));
	}
	/* Else they would wait until it is shut out for its silence. */
	CLIENT_EXPECT(client_clock() - begin < METRICS_TIMES.idle_s - 5);
	/* What is left of it is whole. */
	size_t length = client_hear(slow, fixture->answer, ANSWER_SIZE - 1);
	CLIENT_EXPECT(length > 1000000);
	CLIENT_EXPECT(memcmp(fixture->answer + length - 7, "\r\n0\r\n\r\n", 7) == 0);
	close(slow);
}

static void slow_clients(void **state)
{
	struct fixture *fixture = *state;

	machine_declare_many(&fixture->machine, 1000, 10);
	serve(fixture, client_is_slow);
}

/* One that asks and never reads: its time is over in a while. */
static void client_never_reads(struct fixture *fixture)
{
	int fd = client_connect_narrow(fixture->port, CLIENT_NARROW);

	client_say(fd, "GET /metrics HTTP/1.1\r\n" CLOSING);
	/* The answer has begun. */
	CLIENT_EXPECT(client_recv(fd, fixture->answer, 1, MSG_PEEK) == 1);
	usleep(2 * (useconds_t)(impatient.request_ns / 1000));
	size_t length = client_hear(fd, fixture->answer, ANSWER_SIZE - 1);
	CLIENT_EXPECT(length < 7 || memcmp(fixture->answer + length - 7, "\r\n0\r\n\r\n", 7) != 0);
	close(fd);
}

static void never_reads(void **state)
{
	struct fixture *fixture = *state;

	machine_declare_many(&fixture->machine, 4000, 10);
	serve(fixture, client_never_reads);
}

/* Timers of the loop while it serves: how late the latest was. */
struct pulse {
	struct fixture *fixture;
	struct loop_source *timer;
	uint64_t due, latest, beats;
};

#define PULSE_NS 1000000ull

static void on_pulse(void *data)
{
	struct pulse *pulse = data;
	uint64_t now = loop_clock();

	pulse->latest = MAX(pulse->latest, now - pulse->due);
	pulse->beats++;
	pulse->due = now + PULSE_NS;
	loop_timer_set(pulse->timer, pulse->due);
}

/* How late the loop is beside a scrape; the machine is not ours alone, so this is only shown, and what a piece costs is held to
 * its bound in test-metrics. That the loop turns at all between two pieces is checked. */
static void loop_turns(void **state)
{
	struct fixture *fixture = *state;
	struct pulse pulse = {.fixture = fixture};

	machine_declare_many(&fixture->machine, 10000, 10);
	assert_int_equal(loop_add_timer(fixture->loop, on_pulse, &pulse, &pulse.timer), 0);
	pulse.due = loop_clock();
	loop_timer_set(pulse.timer, pulse.due);
	serve(fixture, client_scrapes);
	printf("     %lu beats of 1 ms, the latest %.2f ms late\n", pulse.beats,
		(double)pulse.latest / 1e6);
	loop_source_free(pulse.timer);
	assert_true(pulse.beats > 20);
}

static void client_is_refused(struct fixture *fixture)
{
	const struct sockaddr_in name = {.sin_family = AF_INET,
		.sin_port = htons(fixture->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CLIENT_EXPECT(connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0);
	CLIENT_EXPECT(errno == ECONNREFUSED);
}

/* Until somebody listens: it must not take longer than the client's patience. */
static void client_waits(struct fixture *fixture)
{
	const struct sockaddr_in name = {.sin_family = AF_INET,
		.sin_port = htons(fixture->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (int i = 0; i < 100 * CLIENT_PATIENCE_S; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
			_exit(0);
		close(fd);
		usleep(10000);
	}
	CLIENT_EXPECT(!"nobody listens");
}

static void listen_at(struct fixture *fixture, const char *text, uint16_t port)
{
	_cleanup_error_ struct error error = {};
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	int r = metrics_listen(fixture->metrics, &address, port, &error);
	if (r < 0)
		fail_msg("%s", error_text(&error, r));
	fixture->port = port;
}

static void listen_wrongly(
	struct fixture *fixture, const char *text, uint16_t port, int code, const char *words)
{
	_cleanup_error_ struct error error = {};
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	assert_int_equal(metrics_listen(fixture->metrics, &address, port, &error), code);
	assert_string_equal(error.text, words);
	const char *trouble = fixture->machine.engine.troubles[ENGINE_TROUBLE_METRICS];
	assert_non_null(trouble && strstr(trouble, words) ? trouble : NULL);
}

/* Another program is where we are sent to: we are not where we were either, and say so. */
static void prepare_taken(struct fixture *fixture)
{
	const uint16_t port = free_port();
	const struct sockaddr_in name = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	_cleanup_free_ char *words =
		memory_printf("cannot listen on 127.0.0.1:%u: Address already in use", port);

	fixture->taken = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fixture->taken, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fixture->taken, 1), 0);
	listen_wrongly(fixture, "127.0.0.1", port, -EADDRINUSE, words);
	fixture->second = port;
}

/* It is tried again, in a while, without being asked. */
static void prepare_free(struct fixture *fixture)
{
	close(fixture->taken);
	fixture->taken = -1;
	fixture->port = fixture->second;
}

static void prepare_mended(struct fixture *fixture)
{
	assert_null(fixture->machine.engine.troubles[ENGINE_TROUBLE_METRICS]);
}

static void prepare_same(struct fixture *fixture)
{
	listen_at(fixture, "127.0.0.1", fixture->port);
}

static void prepare_nowhere(struct fixture *fixture)
{
	assert_int_equal(metrics_listen(fixture->metrics, NULL, 0, NULL), 0);
}

static void addresses(void **state)
{
	static const struct step steps[] = {
		{NULL, client_scrapes},
		{prepare_taken, client_is_refused},
		{prepare_free, client_waits},
		{prepare_mended, client_scrapes},
		{prepare_same, client_scrapes},
		{prepare_nowhere, client_is_refused},
		{prepare_same, client_scrapes},
		{},
	};

	serve_steps(*state, steps);
}

/* Addresses that nobody can listen on. */
static void prepare_foreign(struct fixture *fixture)
{
	listen_wrongly(fixture, "192.0.2.1", 9620, -EADDRNOTAVAIL,
		"cannot listen on 192.0.2.1:9620: Cannot assign requested address");
}

static void prepare_foreign_six(struct fixture *fixture)
{
	listen_wrongly(fixture, "2001:db8::1", 9620, -EADDRNOTAVAIL,
		"cannot listen on [2001:db8::1]:9620: Cannot assign requested address");
}

static void bad_addresses(void **state)
{
	static const struct step steps[] = {
		{prepare_foreign, client_is_refused},
		{prepare_foreign_six, client_is_refused},
		{prepare_same, client_scrapes},
		{},
	};

	serve_steps(*state, steps);
}

/* One address is not all of them. */
static void client_tries_another(struct fixture *fixture)
{
	const struct sockaddr_in name = {.sin_family = AF_INET,
		.sin_port = htons(fixture->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CLIENT_EXPECT(connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0);
	CLIENT_EXPECT(errno == ECONNREFUSED);
}

static void client_tries_six(struct fixture *fixture)
{
	const struct sockaddr_in6 name = {.sin6_family = AF_INET6,
		.sin6_port = htons(fixture->port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	char text[16] = "";

	CLIENT_EXPECT(connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0);
	client_say(fd, "GET / HTTP/1.1\r\n" CLOSING);
	CLIENT_EXPECT(recv(fd, text, sizeof(text) - 1, MSG_WAITALL) == sizeof(text) - 1);
	CLIENT_EXPECT(strncmp(text, "HTTP/1.1 200 OK", sizeof(text) - 1) == 0);
}

/* All of IPv6 is nothing of IPv4. */
static void prepare_all_of_six(struct fixture *fixture)
{
	listen_at(fixture, "::", fixture->port);
}

static void one_address(void **state)
{
	static const struct step steps[] = {
		{NULL, client_tries_another},
		{prepare_all_of_six, client_tries_six},
		{NULL, client_is_refused},
		{},
	};

	serve_steps(*state, steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(scrape, setup, teardown),
		cmocka_unit_test_setup_teardown(elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(crowds, setup, teardown),
		cmocka_unit_test_setup_teardown(silence, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(trickles, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(slow_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(never_reads, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(loop_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(addresses, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(bad_addresses, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(one_address, setup_impatient, teardown),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
