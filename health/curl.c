// SPDX-License-Identifier: GPL-2.0-or-later
/* libcurl on the event loop: one multi handle for all runs.
 *
 * libcurl says which descriptors it waits for and when it wants to be woken, and is told what became of that. The descriptors
 * are in an epoll instance of their own, which is one source of the loop: a probe has a socket for some milliseconds, and making and
 * dropping a source for each would cost more than all that is done with it. A turn hands over a few events, so that thousands
 * of answers do not hold back a timer.
 *
 * Every probe is a connection of its own, from the first packet to the last: what is reused proves nothing. So nothing is kept
 * between two: no connection, no TLS session, no cookie, no address (they are literal, nothing is ever looked up; what libcurl would
 * keep of them it would also look through each time), no proxy that the environment names. Easy handles alone are
 * used again, reset.
 *
 * A connection ends with RST (SO_LINGER 0), when the answer is in: an orderly close would leave 60 s of TIME_WAIT for each probe.
 * It matters to libcurl that a handle leaves it never from within one of its own callbacks: checker_over() defers that.
 *
 * Bounds: bytes of headers, and of all bodies that are kept for later (checker_curl_reserve()), since what is outside
 * decides how many probes are answered at length at the same time. */
#include "health/curl.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/version.h"

#define CURL_EVENTS_MOST 16
/* Easy handles kept for later: each has some 6 kB. */
#define CURL_SPARE_MOST 1024
/* Bytes of a read. libcurl has a buffer of that size for each run. */
#define CURL_BUFFER_SIZE 4096L
/* libcurl keeps no time of its own for a probe (it has 5 minutes for a connect by default): a day, in seconds. */
#define CURL_TIME_MOST 86400L
/* Bytes of bodies that are kept, of all runs together. */
#define CURL_BODIES_MOST (64u << 20)
#define CURL_MILLISECOND 1000000ull

struct checker_curl {
	struct curl_library library;
	bool there;
	struct error missing; /* why it is not */
	struct loop *loop;
	CURLM *multi;
	int epoll;
	struct loop_source *events, *timer;
	size_t bodies;
	size_t spare_count;
	CURL *spare[CURL_SPARE_MOST];
};

static struct checker_curl_run *curl_run_of(const struct curl_library *library, CURL *easy)
{
	char *run = NULL;

	library->easy_getinfo(easy, CURLINFO_PRIVATE, &run);
	return (struct checker_curl_run *)(void *)run;
}

/* Those that libcurl is done with. */
static void curl_collect(struct checker_curl *curl)
{
	const CURLMsg *message;
	int more;

	while ((message = curl->library.multi_info_read(curl->multi, &more))) {
		struct checker_curl_run *run = curl_run_of(&curl->library, message->easy_handle);
		if (message->msg == CURLMSG_DONE && run && !run->run.over)
			run->ended(run, message->data.result);
	}
}

static void curl_act(struct checker_curl *curl, curl_socket_t socket, int events)
{
	int running;

	/* libcurl makes words of it also where nothing has set it. */
	errno = 0;
	curl->library.multi_socket_action(curl->multi, socket, events, &running);
}

static void curl_on_events(void *data, _unused_ uint32_t ready)
{
	struct checker_curl *curl = data;
	struct epoll_event events[CURL_EVENTS_MOST];
	int count = epoll_wait(curl->epoll, events, CURL_EVENTS_MOST, 0);

	/* One of them may be of a socket that was closed and made anew meanwhile: libcurl looks for itself. */
	for (int i = 0; i < count; i++) {
		uint32_t what = events[i].events;
		int action = (what & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
			     (what & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			     (what & EPOLLERR ? CURL_CSELECT_ERR : 0);
		curl_act(curl, events[i].data.fd, action);
	}
	curl_collect(curl);
}

static void curl_on_timer(void *data)
{
	struct checker_curl *curl = data;

	curl_act(curl, CURL_SOCKET_TIMEOUT, 0);
	curl_collect(curl);
}

/* libcurl tells of a connection when the handshake on it is done too; where that fails, never. It waits for something else as soon as
 * there is one. */
static void curl_note_connection(struct checker_curl_run *run, curl_socket_t socket)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	if (run && run->run.request.traced && !run->connected && socket == run->socket &&
		getpeername(socket, (struct sockaddr *)&peer, &size) == 0)
		run->connected = loop_clock();
}

/* libcurl wants another wait. `known`: it has one already. Only the kernel's memory for watches can be wanting here, and then
 * the probe's time is over before it is told. */
static int curl_on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *known)
{
	static char mark;
	struct checker_curl *curl = data;
	struct epoll_event event = {.data.fd = socket};

	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(curl->epoll, EPOLL_CTL_DEL, socket, &event);
		return 0;
	}
	curl_note_connection(curl_run_of(&curl->library, easy), socket);
	event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
		       (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
	epoll_ctl(curl->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
	if (!known)
		curl->library.multi_assign(curl->multi, socket, &mark);
	return 0;
}

static int curl_on_wake(_unused_ CURLM *multi, long milliseconds, void *data)
{
	struct checker_curl *curl = data;

	loop_timer_set(curl->timer,
		milliseconds < 0 ? LOOP_NEVER
				 : loop_clock() + (uint64_t)milliseconds * CURL_MILLISECOND);
	return 0;
}

static int curl_watch(struct checker_curl *curl)
{
	curl->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (curl->epoll < 0)
		return -errno;
	int r = loop_add_io(curl->loop, curl->epoll, EPOLLIN, curl_on_events, curl, &curl->events);
	if (r == 0)
		r = loop_add_timer(curl->loop, curl_on_timer, curl, &curl->timer);
	return r;
}

static void curl_multi_options(struct checker_curl *curl)
{
	const struct curl_library *library = &curl->library;

	library->multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, curl_on_socket);
	library->multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
	library->multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, curl_on_wake);
	library->multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
	library->multi_setopt(curl->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

/* Without libcurl a process has all other checks; those that need it say what is missing. */
int checker_curl_new(struct checkers *checkers, struct error *error)
{
	struct checker_curl *curl = memory_new(sizeof(*curl));

	checkers->curl = curl;
	curl->loop = checkers->loop;
	curl->epoll = -1;
	if (curl_library_open(&curl->library, &curl->missing) < 0)
		return 0;
	curl->there = true;
	int r = curl_watch(curl);
	if (r < 0)
		return error_set(error, r, "cannot set libcurl up: %s", strerror(-r));
	curl->multi = curl->library.multi_init();
	if (!curl->multi)
		return error_set(error, -ENOMEM, "libcurl does not start");
	curl_multi_options(curl);
	return 0;
}

void checker_curl_free(struct checkers *checkers)
{
	struct checker_curl *curl = checkers->curl;

	if (!curl)
		return;
	while (curl->spare_count)
		curl->library.easy_cleanup(curl->spare[--curl->spare_count]);
	if (curl->multi)
		curl->library.multi_cleanup(curl->multi);
	loop_source_free(curl->events);
	loop_source_free(curl->timer);
	if (curl->epoll >= 0)
		close(curl->epoll);
	if (curl->there)
		curl_library_close(&curl->library);
	error_clear(&curl->missing);
	free(curl);
	checkers->curl = NULL;
}

/* libcurl wants a socket: one with the check's source and mark. */
static curl_socket_t curl_on_open(
	void *data, _unused_ curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct checker_curl_run *run = data;
	int fd = checker_socket(
		&run->run, address->socktype & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), 0, &run->stuck);

	run->socket = fd;
	run->connected = 0;
	if (fd < 0) {
		run->stuck_code = fd;
		return CURL_SOCKET_BAD;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return fd;
}

static void curl_common_options(struct checker_curl_run *run, const char *protocol)
{
	checker_curl_set(run, CURLOPT_PRIVATE, run);
	checker_curl_set(run, CURLOPT_ERRORBUFFER, run->words);
	checker_curl_set(run, CURLOPT_PROTOCOLS_STR, protocol);
	checker_curl_set(run, CURLOPT_NOSIGNAL, 1L);
	checker_curl_set(run, CURLOPT_PROXY, "");
	checker_curl_set(run, CURLOPT_FRESH_CONNECT, 1L);
	checker_curl_set(run, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	checker_curl_set(run, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	checker_curl_set(run, CURLOPT_CONNECTTIMEOUT, CURL_TIME_MOST);
	/* The request is one piece, which nothing holds back: one call less for each probe. */
	checker_curl_set(run, CURLOPT_TCP_NODELAY, 0L);
	checker_curl_set(run, CURLOPT_BUFFERSIZE, CURL_BUFFER_SIZE);
	checker_curl_set(run, CURLOPT_OPENSOCKETFUNCTION, curl_on_open);
	checker_curl_set(run, CURLOPT_OPENSOCKETDATA, run);
}

bool checker_curl_take(struct checker_curl_run *run, const char *protocol)
{
	struct checker_curl *curl = run->run.checkers->curl;

	run->socket = -1;
	if (!curl->there) {
		checker_over(&run->run, CHECKER_RESULT_UNTRIED, "%s",
			error_text(&curl->missing, -ENOENT));
		return false;
	}
	run->library = &curl->library;
	run->easy =
		curl->spare_count ? curl->spare[--curl->spare_count] : curl->library.easy_init();
	if (!run->easy) {
		checker_untried(&run->run, "libcurl", -ENOMEM);
		return false;
	}
	curl_common_options(run, protocol);
	return true;
}

void checker_curl_note(struct checker_curl_run *run, CURLcode code)
{
	if (run->refused == CURLE_OK)
		run->refused = code;
}

/* The first steps are done at once: libcurl would ask for a timer that is due. */
void checker_curl_begin(
	struct checker_curl_run *run, void (*ended)(struct checker_curl_run *run, CURLcode code))
{
	struct checker_curl *curl = run->run.checkers->curl;

	if (run->refused != CURLE_OK) {
		checker_over(&run->run, CHECKER_RESULT_UNTRIED, "libcurl: %s",
			curl->library.easy_strerror(run->refused));
		return;
	}
	run->ended = ended;
	if (curl->library.multi_add_handle(curl->multi, run->easy) != CURLM_OK) {
		checker_untried(&run->run, "libcurl", -ENOMEM);
		return;
	}
	run->added = true;
	curl_act(curl, CURL_SOCKET_TIMEOUT, 0);
	curl_collect(curl);
}

void checker_curl_drop(struct checker_curl_run *run)
{
	struct checker_curl *curl = run->run.checkers->curl;

	if (!run->easy)
		return;
	if (run->added)
		curl->library.multi_remove_handle(curl->multi, run->easy);
	if (curl->spare_count < CURL_SPARE_MOST) {
		curl->library.easy_reset(run->easy);
		curl->spare[curl->spare_count++] = run->easy;
	} else {
		curl->library.easy_cleanup(run->easy);
	}
	run->easy = NULL;
}

bool checker_curl_count(struct checker_curl_run *run, size_t size)
{
	run->header_bytes += size;
	return run->header_bytes <= CHECKER_CURL_HEADERS_MOST;
}

bool checker_curl_reserve(struct checker_curl_run *run, size_t size)
{
	struct checker_curl *curl = run->run.checkers->curl;

	if (size > CURL_BODIES_MOST - curl->bodies)
		return false;
	curl->bodies += size;
	return true;
}

void checker_curl_release(struct checker_curl_run *run, size_t size)
{
	run->run.checkers->curl->bodies -= size;
}
