// SPDX-License-Identifier: GPL-2.0-or-later
/* The forwarder's rows name an object by its kind and its own name ("port wan", "worker 0"), and write reasons as
 * names of what is counted ("dropped no-route"). Here they become the kinds of backend.h. */
#include "backends/dpdk/inquiry.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "backends/dpdk/link.h"
#include "backends/dpdk/message.h"
#include "base/timespec.h"

#define INQUIRY_NS_PER_MS UINT64_C(1000000)
/* More than any forwarder has. */
#define INQUIRY_FIGURES_MOST 65536u

static const struct {
	const char *start;
	enum backend_figure_kind kind;
} inquiry_objects[] = {
	{"port ", BACKEND_FIGURE_PORT},
	{"worker ", BACKEND_FIGURE_WORKER},
};

#define INQUIRY_DROPPED "dropped "

static uint64_t inquiry_clock(void)
{
	return timespec_now(CLOCK_MONOTONIC);
}

/* Until there is something to take. */
static int inquiry_wait(const struct dpdk_link *link, uint64_t end, struct error *error)
{
	struct pollfd poll_fd = {.fd = link->fd, .events = POLLIN};
	int r;

	do {
		uint64_t now = inquiry_clock();

		r = now < end ? poll(&poll_fd, 1, (int)((end - now) / INQUIRY_NS_PER_MS) + 1) : 0;
	} while (r < 0 && errno == EINTR);
	if (r == 0)
		return error_set(error, -ETIMEDOUT, "poise-dataplane has not answered in time");
	return r < 0 ? error_set(error, -errno, "cannot wait for poise-dataplane: %m") : 0;
}

/* The rest of a text that begins so, or NULL. */
static const char *inquiry_after(const char *text, const char *start)
{
	size_t length = strlen(start);

	return strncmp(text, start, length) == 0 ? text + length : NULL;
}

_Static_assert(BACKEND_FIGURE_NAME == MESSAGE_NAME_SIZE, "names are cut");

static void inquiry_copy(char to[static BACKEND_FIGURE_NAME], const char *from)
{
	size_t length = strnlen(from, BACKEND_FIGURE_NAME - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static void inquiry_take(const struct message_figure *from, struct backend_figure *to)
{
	const char *object = from->object, *name = from->name;
	const char *reason = inquiry_after(name, INQUIRY_DROPPED);

	to->kind = reason ? BACKEND_FIGURE_DROP : BACKEND_FIGURE_PART;
	if (reason)
		name = reason;
	for (size_t i = 0; !reason && i < ARRAY_LENGTH(inquiry_objects); i++) {
		const char *own = inquiry_after(from->object, inquiry_objects[i].start);

		if (!own)
			continue;
		object = own;
		to->kind = inquiry_objects[i].kind;
	}
	inquiry_copy(to->object, object);
	inquiry_copy(to->name, name);
	to->value = from->value;
}

static int inquiry_take_all(struct message_reader reader, struct backend_figures *ret)
{
	struct message_figure figure;
	struct message_reader value;
	int type;

	while ((type = message_next(&reader, &value)) > 0) {
		if (type != MESSAGE_ATTRIBUTE_FIGURE || message_get_figure(value, &figure) < 0 ||
			ret->count >= INQUIRY_FIGURES_MOST)
			return -EBADMSG;
		inquiry_take(&figure, vector_append(ret));
	}
	return type;
}

static int inquiry_hear(
	struct dpdk_link *link, uint64_t end, struct backend_figures *ret, struct error *error)
{
	struct message_header header = {};
	struct message_reader reader = {};

	while (header.kind != MESSAGE_KIND_END) {
		int r = inquiry_wait(link, end, error);

		if (r == 0)
			r = dpdk_link_receive(link, &header, &reader, error);
		if (r < 0)
			return r;
		if (header.kind == MESSAGE_KIND_FIGURES)
			r = inquiry_take_all(reader, ret);
		else
			r = header.kind == MESSAGE_KIND_END ? message_check_end(reader, ret->count)
							    : -EBADMSG;
		if (r < 0)
			return error_set(
				error, r, "poise-dataplane's figures cannot be understood");
	}
	return 0;
}

int dpdk_inquiry_figures(const char *path, struct backend_figures *ret, struct error *error)
{
	const uint64_t end = inquiry_clock() + BACKEND_FIGURES_NS;
	struct dpdk_link link = {.fd = dpdk_link_connect(path, false)};

	if (link.fd < 0)
		return dpdk_link_explain(path, link.fd, error);
	dpdk_link_request(&link);
	dpdk_link_begin(&link, MESSAGE_KIND_FIGURES);
	int r = dpdk_link_send(&link, error);
	if (r == 0)
		r = inquiry_hear(&link, end, ret, error);
	dpdk_link_close(&link);
	if (r < 0)
		vector_clear(ret);
	return r;
}
