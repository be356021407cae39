// SPDX-License-Identifier: GPL-2.0-or-later
/* health-rate KIND COUNT SECONDS [crowded]: COUNT checks of KIND (tcp, http) with an interval of a second, each of an
 * address of its own in 127/8, against a server in a process of its own. Crowded: the server has a processor for itself,
 * and the probes share another with two programs that never rest. After a warm-up, prints lines of a name and a number:
 *
 *	rate	     probes a second that passed
 *	failed	     probes that did not
 *	late	     probes that began more than a tenth of the interval late
 *	latest-ms    the most that one was late
 *	cpu	     per cent of a core that probing took, the server's not counted */
#include <arpa/inet.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "health/health.h"
#include "model/load.h"

#define SECOND     1000000000ull
#define WARM_UP_NS (3 * SECOND)
#define BACKLOG    65535

static const char answer[] =
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* ---- The server ---- */

static void serve_answer(int fd)
{
	char request[4096];

	if (read(fd, request, sizeof(request)) > 0 && write(fd, answer, sizeof(answer) - 1) < 0)
		perror("server: write");
	close(fd);
}

static void serve_accept(int epoll, int listener, bool http)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0)
		return;
	if (!http)
		close(fd);
	else if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("server: epoll_ctl");
}

static _noreturn_ void serve(int listener, bool http)
{
	struct epoll_event events[64], event = {.events = EPOLLIN, .data.fd = listener};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
		die("server: epoll");
	for (;;) {
		int count = epoll_wait(epoll, events, ARRAY_LENGTH(events), -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listener)
				serve_accept(epoll, listener, http);
			else
				serve_answer(events[i].data.fd);
		}
	}
}

/* Returns the port. */
static uint16_t start_server(bool http, pid_t *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		die("server");
	*server = fork();
	if (*server < 0)
		die("fork");
	if (*server == 0)
		serve(fd, http);
	close(fd);
	return ntohs(address.sin_port);
}

/* ---- The crowd ---- */

#define CROWD 2

static void stay_on(pid_t pid, size_t processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (sched_setaffinity(pid, sizeof(set), &set) < 0)
		die("sched_setaffinity");
}

static _noreturn_ void spin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (volatile unsigned int turns = 0;;)
		turns++;
}

/* They end with this process. */
static void crowd(pid_t server)
{
	stay_on(server, 1);
	stay_on(0, 0);
	for (int i = 0; i < CROWD; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0)
			spin();
	}
}

/* ---- The probes ---- */

struct bench {
	struct loop *loop;
	struct health *health;
	struct loop_source *timer;
	uint64_t seconds, began; /* began: 0 before the end of the warm-up */
	struct health_counters before;
	struct rusage usage;
};

static void on_changed(void *data, const struct health_report *reports, size_t count)
{
	(void)data;
	for (size_t i = 0; i < count; i++)
		if (reports[i].failing)
			fprintf(stderr, "failed: %s\n", reports[i].reason);
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void print_figures(const struct bench *bench)
{
	const struct health_counters *now = health_counters(bench->health);
	double seconds = (double)(loop_clock() - bench->began) / (double)SECOND;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	double used = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime) -
		      seconds_of(&bench->usage.ru_utime) - seconds_of(&bench->usage.ru_stime);
	printf("rate %.1f\n", (double)(now->passed - bench->before.passed) / seconds);
	printf("failed %" PRIu64 "\n",
		now->failed + now->untried - bench->before.failed - bench->before.untried);
	printf("late %" PRIu64 "\n", now->late - bench->before.late);
	printf("latest-ms %.2f\n", (double)now->latest_ns / 1e6);
	printf("cpu %.2f\n", 100 * used / seconds);
}

static void on_timer(void *data)
{
	struct bench *bench = data;

	if (bench->began) {
		print_figures(bench);
		loop_stop(bench->loop, 0);
		return;
	}
	bench->began = loop_clock();
	bench->before = *health_counters(bench->health);
	getrusage(RUSAGE_SELF, &bench->usage);
	loop_timer_set(bench->timer, bench->began + bench->seconds * SECOND);
}

static void set_probes(struct bench *bench, const char *kind, uint16_t port, size_t count)
{
	_cleanup_free_ char *text =
		memory_printf("poise: 1\n"
			      "allow-empty: true\n"
			      "checks:\n"
			      "  bench: {%s: {}, port: %u, interval: 1s, timeout: 1s}\n",
			kind, port);
	const struct document document = {.name = "bench", .text = text, .size = strlen(text)};
	_cleanup_free_ struct health_probe *probes = memory_new(count * sizeof(*probes));
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_config_ struct config config = {};

	if (config_load(&document, 1, &config, &diagnostics) < 0)
		die(text);
	for (size_t i = 0; i < count; i++) {
		uint32_t address = htonl(0x7f010000 + (uint32_t)i + 1);

		probes[i].target.address = address_from_bytes(AF_INET, &address);
		probes[i].target.port = port;
	}
	health_set(bench->health, &config, probes, count);
}

static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct bench bench = {};
	struct checkers *checkers = NULL;
	_cleanup_error_ struct error error = {};
	pid_t server;

	if (argc < 4 || argc > 5)
		return 2;
	raise_files();
	bench.seconds = strtoull(argv[3], NULL, 10);
	uint16_t port = start_server(strcmp(argv[1], "http") == 0, &server);
	if (argc == 5)
		crowd(server);
	if (loop_new(&bench.loop) < 0)
		die("loop");
	const struct checkers_options options = {.loop = bench.loop};
	if (checkers_new(&options, &checkers, &error) < 0)
		die(error_text(&error, 0));
	const struct health_options health = {
		.loop = bench.loop, .checkers = checkers, .changed = on_changed};
	if (health_new(&health, &bench.health) < 0 ||
		loop_add_timer(bench.loop, on_timer, &bench, &bench.timer) < 0)
		die("health");
	set_probes(&bench, argv[1], port, strtoull(argv[2], NULL, 10));
	loop_timer_set(bench.timer, loop_clock() + WARM_UP_NS);
	int code = loop_run(bench.loop);
	health_free(bench.health);
	checkers_free(checkers);
	loop_source_free(bench.timer);
	loop_free(bench.loop);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return code < 0 ? 2 : 0;
}
