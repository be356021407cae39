// SPDX-License-Identifier: GPL-2.0-or-later
/* poise-dataplane as a backend.
 *
 * What the kernel cannot offer is simple here: a read is of one generation, and a batch is one
 * transaction, of which traffic sees all or nothing. So when one operation is refused, it is FAILED and
 * all others are SKIPPED. The answer to a commit comes when every worker forwards by the new
 * generation.
 *
 * The forwarder has a life of its own. When it is started again it is empty, and the connection is
 * gone: the next request makes another. Who polls fd() hears of it at once: behind that descriptor is a
 * second connection, on which nothing is ever said, or while there is none, a timer by which it is
 * tried again. */
#include "backends/dpdk/dpdk.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "backends/dpdk/inquiry.h"
#include "backends/dpdk/link.h"
#include "backends/dpdk/message.h"
#include "base/directories.h"
#include "base/memory.h"

/* How often a forwarder that has ended is looked for. */
#define DPDK_WATCH_NS 200000000

struct dpdk {
	struct backend backend;
	char *path;
	struct dpdk_link link;
	int poll;  /* epoll: of the two below; -1: none */
	int watch; /* a connection, or -1 */
	int timer; /* set while there is no `watch` */
};

static const struct backend_abilities dpdk_abilities_all = {
	.forward_methods = 1U << FORWARD_METHOD_NAT | 1U << FORWARD_METHOD_DIRECT |
			   1U << FORWARD_METHOD_TUNNEL,
	.routes = true,
	.atomic = true,
};

static struct dpdk *dpdk_of(struct backend *backend)
{
	return (struct dpdk *)backend;
}

/* The watch. */

static void dpdk_watch_later(struct dpdk *dpdk)
{
	const struct itimerspec when = {.it_value.tv_nsec = DPDK_WATCH_NS};

	timerfd_settime(dpdk->timer, 0, &when, NULL);
}

static int dpdk_poll_add(struct dpdk *dpdk, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(dpdk->poll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Whether it is connected. */
static bool dpdk_watch_connect(struct dpdk *dpdk)
{
	int fd = dpdk_link_connect(dpdk->path, false);

	if (fd >= 0 && dpdk_poll_add(dpdk, fd, EPOLLIN | EPOLLRDHUP) == 0) {
		dpdk->watch = fd;
		return true;
	}
	if (fd >= 0)
		close(fd);
	dpdk_watch_later(dpdk);
	return false;
}

static void dpdk_watch_open(struct dpdk *dpdk)
{
	dpdk->poll = epoll_create1(EPOLL_CLOEXEC);
	dpdk->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (dpdk->poll >= 0 && dpdk->timer >= 0 && dpdk_poll_add(dpdk, dpdk->timer, EPOLLIN) == 0) {
		dpdk_watch_connect(dpdk);
		return;
	}
	/* Without it, the next resync finds out. */
	memory_closep(&dpdk->poll);
	dpdk->poll = -1;
}

static int dpdk_fd(struct backend *backend)
{
	return dpdk_of(backend)->poll;
}

/* 1: there is another forwarder, or this one again after it hung up: it may be empty. */
static int dpdk_dispatch(struct backend *backend)
{
	struct dpdk *dpdk = dpdk_of(backend);
	struct epoll_event event;
	uint64_t times;

	if (epoll_wait(dpdk->poll, &event, 1, 0) <= 0)
		return 0;
	if (event.data.fd == dpdk->timer) {
		if (read(dpdk->timer, &times, sizeof(times)) < 0)
			return 0;
	} else {
		close(dpdk->watch);
		dpdk->watch = -1;
	}
	return dpdk_watch_connect(dpdk);
}

/* Life. */

static char *dpdk_path(const char *run_dir, struct error *error)
{
	const char *said = getenv(MESSAGE_SOCKET_ENVIRONMENT);
	_cleanup_directories_ struct directories found = {};

	if (said && *said)
		return memory_copy_string(said);
	if (directories_find(NULL, NULL, run_dir, &found, error) < 0)
		return NULL;
	return memory_printf("%s/%s", found.run, MESSAGE_SOCKET_NAME);
}

static void dpdk_close(struct backend *backend)
{
	struct dpdk *dpdk = dpdk_of(backend);

	if (!dpdk)
		return;
	dpdk_link_close(&dpdk->link);
	memory_closep(&dpdk->poll);
	memory_closep(&dpdk->watch);
	memory_closep(&dpdk->timer);
	free(dpdk->path);
	free(dpdk);
}

/* A connection, in words where there is none. */
static int dpdk_connect(struct dpdk *dpdk, struct error *error)
{
	if (dpdk_link_is_open(&dpdk->link))
		return 0;
	dpdk_link_close(&dpdk->link);
	int fd = dpdk_link_connect(dpdk->path, true);
	if (fd < 0)
		return dpdk_link_explain(dpdk->path, fd, error);
	dpdk->link.fd = fd;
	return 0;
}

/* What another version says is found out here, and not at the first operation. */
static int dpdk_greet(struct dpdk *dpdk, struct error *error)
{
	const struct message_hello hello = {.program = "poise"};
	struct message_header header;
	struct message_reader reader;
	int r = dpdk_connect(dpdk, error);

	if (r < 0)
		return r;
	dpdk_link_request(&dpdk->link);
	dpdk_link_begin(&dpdk->link, MESSAGE_KIND_HELLO);
	message_add_hello(&dpdk->link.output, &hello);
	r = dpdk_link_send(&dpdk->link, error);
	return r < 0 ? r : dpdk_link_receive(&dpdk->link, &header, &reader, error);
}

static int dpdk_open(const char *run_dir, struct backend **ret, struct error *error)
{
	struct dpdk *dpdk = memory_new(sizeof(*dpdk));

	*dpdk = (struct dpdk){
		.backend.ops = &dpdk_backend,
		.path = dpdk_path(run_dir, error),
		.link.fd = -1,
		.poll = -1,
		.watch = -1,
		.timer = -1,
	};
	int r = dpdk->path ? dpdk_greet(dpdk, error) : -ENOENT;
	if (r < 0) {
		dpdk_close(&dpdk->backend);
		return r;
	}
	dpdk_watch_open(dpdk);
	*ret = &dpdk->backend;
	return 0;
}

static const struct backend_abilities *dpdk_abilities(_unused_ struct backend *backend)
{
	return &dpdk_abilities_all;
}

/* Reading. */

static int dpdk_send_keys(struct dpdk *dpdk, const struct backend_scope *scope, struct error *error)
{
	struct dpdk_link *link = &dpdk->link;
	int r = 0;

	for (size_t i = 0; i < scope->count && r == 0;) {
		dpdk_link_begin(link, MESSAGE_KIND_KEYS);
		while (i < scope->count && !message_is_full(&link->output))
			message_add_key(&link->output, &scope->keys[i++]);
		r = dpdk_link_send(link, error);
	}
	return r;
}

static int dpdk_ask(struct dpdk *dpdk, const struct backend_scope *scope, struct error *error)
{
	const struct message_scope asked = {
		.only = scope && scope->only, .ways = !scope || !scope->services_only};
	int r = dpdk_connect(dpdk, error);

	if (r < 0)
		return r;
	dpdk_link_request(&dpdk->link);
	if (asked.only)
		r = dpdk_send_keys(dpdk, scope, error);
	if (r < 0)
		return r;
	dpdk_link_begin(&dpdk->link, MESSAGE_KIND_DUMP);
	message_add_scope(&dpdk->link.output, &asked);
	return dpdk_link_send(&dpdk->link, error);
}

/* One object of a dump. */
static int dpdk_take(int type, struct message_reader value, struct state *state)
{
	struct service_vector *services = &state->services;

	switch (type) {
	case MESSAGE_ATTRIBUTE_PORT:
		return message_get_port(value, vector_append(&state->ports));
	case MESSAGE_ATTRIBUTE_ADDRESS:
		return message_get_address(value, vector_append(&state->port_addresses));
	case MESSAGE_ATTRIBUTE_ROUTE:
		return message_get_route(value, vector_append(&state->routes));
	case MESSAGE_ATTRIBUTE_SERVICE:
		return message_get_service(value, vector_append(services));
	case MESSAGE_ATTRIBUTE_DESTINATION:
		if (!services->count)
			return -EBADMSG;
		struct service *last = &services->items[services->count - 1];
		return message_get_destination(value, vector_append(&last->destinations));
	default:
		return -EBADMSG;
	}
}

static int dpdk_take_all(struct message_reader reader, struct state *state, uint64_t *count)
{
	struct message_reader value;
	int type;

	while ((type = message_next(&reader, &value)) > 0) {
		if (dpdk_take(type, value, state) < 0)
			return -EBADMSG;
		++*count;
	}
	return type;
}

static int dpdk_hear(struct dpdk *dpdk, struct state *ret, struct error *error)
{
	struct message_header header = {};
	struct message_reader reader = {};
	uint64_t count = 0;
	int r = 0;

	while (r == 0 && header.kind != MESSAGE_KIND_END) {
		r = dpdk_link_receive(&dpdk->link, &header, &reader, error);
		if (r < 0)
			return r;
		if (header.kind == MESSAGE_KIND_OBJECTS)
			r = dpdk_take_all(reader, ret, &count);
		else if (header.kind == MESSAGE_KIND_END)
			r = message_check_end(reader, count);
	}
	if (r == 0)
		return 0;
	dpdk_link_close(&dpdk->link);
	return error_set(
		error, r, "poise-dataplane's answer cannot be understood, or is incomplete");
}

static int dpdk_read(struct backend *backend, const struct backend_scope *scope, struct state *ret,
	struct error *error)
{
	struct dpdk *dpdk = dpdk_of(backend);
	int r;

	if (scope && scope->only && !scope->count && scope->services_only)
		return 0;
	r = dpdk_ask(dpdk, scope, error);
	if (r == 0)
		r = dpdk_hear(dpdk, ret, error);
	if (r < 0) {
		state_clear(ret);
		return r;
	}
	/* It is sorted already; nobody who relies on that has to rely on another program. */
	state_sort(ret);
	return 0;
}

/* Applying. */

static void dpdk_set_results(struct backend_result *results, size_t count,
	enum backend_result_status status, int code, const char *words)
{
	for (size_t i = 0; i < count; i++) {
		backend_result_clear(&results[i]);
		results[i].status = status;
		results[i].code = code;
		error_set(&results[i].error, code, "%s", words);
	}
}

static int dpdk_send_operations(
	struct dpdk *dpdk, const struct plan_op *ops, size_t count, struct error *error)
{
	struct dpdk_link *link = &dpdk->link;
	int r = dpdk_connect(dpdk, error);

	if (r < 0)
		return r;
	dpdk_link_request(link);
	dpdk_link_begin(link, MESSAGE_KIND_BEGIN);
	r = dpdk_link_send(link, error);
	for (size_t i = 0; i < count && r == 0;) {
		dpdk_link_begin(link, MESSAGE_KIND_OPERATIONS);
		while (i < count && !message_is_full(&link->output))
			message_add_operation(&link->output, &ops[i++]);
		r = dpdk_link_send(link, error);
	}
	return r;
}

static int dpdk_commit(struct dpdk *dpdk, struct message_result *result, struct error *error)
{
	struct message_header header = {};
	struct message_reader reader = {}, value;

	dpdk_link_begin(&dpdk->link, MESSAGE_KIND_COMMIT);
	int r = dpdk_link_send(&dpdk->link, error);
	if (r == 0)
		r = dpdk_link_receive(&dpdk->link, &header, &reader, error);
	if (r < 0)
		return r;
	if (header.kind == MESSAGE_KIND_RESULT &&
		message_next(&reader, &value) == MESSAGE_ATTRIBUTE_RESULT &&
		message_get_result(value, result) == 0)
		return 0;
	dpdk_link_close(&dpdk->link);
	return error_set(error, -EBADMSG, "poise-dataplane's answer cannot be understood");
}

/* Nothing was done: why is told of the operation at fault, and of the others, that they were not. */
static void dpdk_tell_refusal(const struct message_result *result, const struct plan_op *ops,
	size_t count, struct backend_result *results)
{
	_cleanup_strbuf_ struct strbuf words = {};
	size_t failed = result->operation - (size_t)1;

	if (!result->operation || failed >= count) {
		dpdk_set_results(results, count, BACKEND_RESULT_FAILED, result->code, result->text);
		return;
	}
	strbuf_add(&words, "not done, for all is done or nothing, and poise-dataplane refuses ");
	plan_op_describe(&ops[failed], &words);
	dpdk_set_results(results, count, BACKEND_RESULT_SKIPPED, -ECANCELED, words.text);
	dpdk_set_results(&results[failed], 1, BACKEND_RESULT_FAILED, result->code, result->text);
}

static int dpdk_apply(struct backend *backend, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	struct dpdk *dpdk = dpdk_of(backend);
	struct message_result result = {};

	if (!count)
		return 0;
	int r = dpdk_send_operations(dpdk, ops, count, error);
	if (r < 0) {
		dpdk_set_results(results, count, BACKEND_RESULT_SKIPPED, -ECANCELED,
			"not done: the connection to poise-dataplane was lost before");
		return r;
	}
	r = dpdk_commit(dpdk, &result, error);
	if (r < 0) {
		dpdk_set_results(results, count, BACKEND_RESULT_FAILED, r, error_text(error, r));
		return r;
	}
	if (result.code < 0)
		dpdk_tell_refusal(&result, ops, count, results);
	return 0;
}

/* Figures. */

static int dpdk_figures(struct backend *backend, struct backend_figures *ret, struct error *error)
{
	return dpdk_inquiry_figures(dpdk_of(backend)->path, ret, error);
}

const struct backend_ops dpdk_backend = {
	.name = "dpdk",
	.static_abilities = &dpdk_abilities_all,
	.open = dpdk_open,
	.close = dpdk_close,
	.abilities = dpdk_abilities,
	.read = dpdk_read,
	.apply = dpdk_apply,
	.figures = dpdk_figures,
	.fd = dpdk_fd,
	.dispatch = dpdk_dispatch,
};
