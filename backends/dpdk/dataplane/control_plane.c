// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is connected, and what is done when its time has come.
 *
 *	grace   each millisecond while a generation waits for its end: who committed is answered
 *	drain   each second while slots drain
 *	look    each second while somebody is connected: who has stopped in the middle is dropped
 *
 * The transactions themselves, and dumps, are the clients' (control_client.c). */
#include "backends/dpdk/dataplane/control_plane.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "backends/dpdk/dataplane/control_client.h"
#include "backends/dpdk/message.h"
#include "base/log.h"
#include "base/memory.h"

LOG_MODULE("control");

#define CONTROL_BACKLOG  64
#define CONTROL_GRACE_NS 1000000ull
#define CONTROL_LOOK_NS  1000000000ull

struct control_plane {
	struct control_server server;
	char *path;
	int fd;
	struct loop_source *listener, *retry, *grace, *drain, *look;
	struct {
		VECTOR_OF(struct control_client *);
	} clients;
	uint64_t stall;
	bool waits, drains; /* their timers are set: nobody may put them off */
};

/* Clients. */

static void control_remove(struct control_plane *control, struct control_client *client)
{
	size_t kept = 0;

	for (size_t i = 0; i < control->clients.count; i++)
		if (control->clients.items[i] != client)
			control->clients.items[kept++] = control->clients.items[i];
	control->clients.count = kept;
	control->server.counters.connected = kept;
	control_client_free(client);
}

static void control_on_ended(void *data, struct control_client *client)
{
	control_remove(data, client);
}

/* Who has been silent for longest, for so long that it may go; NULL: nobody. */
static struct control_client *control_find_spare(const struct control_plane *control)
{
	struct control_client *found = NULL;
	uint64_t now = loop_clock();

	vector_foreach(&control->clients, client) {
		uint64_t active = control_client_active_at(*client);

		if (control_client_is_busy(*client) || now - active < CONTROL_SPARE_NS)
			continue;
		if (!found || active < control_client_active_at(found))
			found = *client;
	}
	return found;
}

static bool control_make_room(struct control_plane *control)
{
	if (control->clients.count < CONTROL_CLIENTS_MOST)
		return true;
	struct control_client *spare = control_find_spare(control);
	if (!spare)
		return false;
	control_remove(control, spare);
	return true;
}

/* Whether it hears that is its own affair. */
static void control_refuse(struct control_plane *control, int fd)
{
	const struct message_result result = message_failure(
		-EBUSY, "too many clients are connected to poise-dataplane: try again later");
	_cleanup_strbuf_ struct strbuf output = {};

	message_begin(&output, MESSAGE_KIND_ERROR, 0);
	message_add_result(&output, &result);
	message_finish(&output);
	if (send(fd, output.text, output.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("a client was refused, and gone before it was told");
	control->server.counters.refused++;
	close(fd);
}

static void control_look_later(struct control_plane *control)
{
	loop_timer_set(control->look, loop_clock() + MIN(CONTROL_LOOK_NS, control->stall));
}

static void control_let_in(struct control_plane *control, int fd)
{
	struct control_client *client;

	if (!control_make_room(control)) {
		control_refuse(control, fd);
		return;
	}
	int r = control_client_new(&control->server, fd, &client);
	if (r < 0) {
		log_warning("a client cannot be served: %s", strerror(-r));
		return;
	}
	if (!control->clients.count)
		control_look_later(control);
	/* A vector of pointers. */
	vector_push(&control->clients, client); // NOLINT(bugprone-sizeof-expression)
	control->server.counters.clients++;
	control->server.counters.connected = control->clients.count;
}

static void control_on_listener(void *data, uint32_t events)
{
	struct control_plane *control = data;

	(void)events;
	int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		control_let_in(control, fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	log_warning("clients have to wait: %s", strerror(errno));
	loop_io_set_events(control->listener, 0);
	loop_timer_set(control->retry, loop_clock() + CONTROL_LOOK_NS);
}

static void control_on_retry(void *data)
{
	const struct control_plane *control = data;

	loop_io_set_events(control->listener, EPOLLIN);
}

/* Drops who has stopped in the middle of something. */
static void control_on_look(void *data)
{
	struct control_plane *control = data;
	uint64_t now = loop_clock();

	for (size_t i = control->clients.count; i-- > 0;) {
		struct control_client *client = control->clients.items[i];

		if (!control_client_is_busy(client) ||
			now - control_client_active_at(client) < control->stall)
			continue;
		log_warning("process %d stopped in the middle of a request, and is dropped",
			control_client_process(client));
		control->server.counters.dropped++;
		control_remove(control, client);
	}
	if (control->clients.count)
		control_look_later(control);
}

/* What was replaced. */

static void control_arm(struct control_plane *control, bool waits)
{
	if (waits && !control->waits) {
		control->waits = true;
		loop_timer_set(control->grace, loop_clock() + CONTROL_GRACE_NS);
	}
	if (control->drains)
		return;
	control->drains = true;
	loop_timer_set(control->drain, loop_clock() + CONTROL_LOOK_NS);
}

/* Whoever waits is looked at once more in any case: his grace period may end at any moment, also at one
 * at which somebody else asks for it. */
static void control_on_applied(void *data)
{
	control_arm(data, true);
}

static void control_on_grace(void *data)
{
	struct control_plane *control = data;

	control->waits = false;
	bool waits = registry_turn(control->server.options.registry);

	for (size_t i = control->clients.count; i-- > 0;)
		if (!control_client_look(control->clients.items[i]))
			control_remove(control, control->clients.items[i]);
	control_arm(control, waits);
}

static void control_on_drain(void *data)
{
	struct control_plane *control = data;

	control->drains = registry_drain(control->server.options.registry);
	if (control->drains)
		loop_timer_set(control->drain, loop_clock() + CONTROL_LOOK_NS);
}

/* The socket. */

static int control_address(const char *path, struct sockaddr_un *address, struct error *error)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);

	if (length >= 0 && (size_t)length < sizeof(address->sun_path))
		return 0;
	return error_set(error, -ENAMETOOLONG,
		"%s is too long a path for a socket: --run-dir=DIR takes a shorter one", path);
}

/* Whether somebody listens there. */
static bool control_is_served(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	       errno == EAGAIN;
}

/* Under a mask of its own: there is no moment in which somebody else could connect. */
static int control_bind(int fd, const struct sockaddr_un *address)
{
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return -errno;
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	umask(mask);
	if (r == 0 && listen(fd, CONTROL_BACKLOG) < 0)
		r = -errno;
	return r;
}

static int control_claim(const char *path, struct sockaddr_un *address, struct error *error)
{
	int r = control_address(path, address, error);

	if (r < 0)
		return r;
	if (control_is_served(address))
		return error_set(error, -EADDRINUSE,
			"another poise-dataplane serves %s already: --run-dir=DIR takes another "
			"place",
			path);
	return 0;
}

int control_plane_check(const char *path, struct error *error)
{
	struct sockaddr_un address;

	return control_claim(path, &address, error);
}

static int control_listen(struct control_plane *control, struct error *error)
{
	struct sockaddr_un address;
	int r = control_claim(control->path, &address, error);

	if (r < 0)
		return r;
	control->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return error_set(error, -errno, "cannot make a socket: %s", strerror(errno));
	r = control_bind(control->fd, &address);
	if (r < 0) {
		close(control->fd);
		control->fd = -1;
		return error_set(error, r, "cannot listen on %s: %s", control->path, strerror(-r));
	}
	return 0;
}

/* Life. */

static int control_open_sources(struct control_plane *control)
{
	struct loop *loop = control->server.loop;
	int r = loop_add_io(
		loop, control->fd, EPOLLIN, control_on_listener, control, &control->listener);

	if (r == 0)
		r = loop_add_timer(loop, control_on_retry, control, &control->retry);
	if (r == 0)
		r = loop_add_timer(loop, control_on_grace, control, &control->grace);
	if (r == 0)
		r = loop_add_timer(loop, control_on_drain, control, &control->drain);
	if (r == 0)
		r = loop_add_timer(loop, control_on_look, control, &control->look);
	return r;
}

int control_plane_new(struct loop *loop, const struct control_plane_options *options,
	struct control_plane **ret, struct error *error)
{
	struct control_plane *control = memory_new(sizeof(*control));

	*control = (struct control_plane){
		.server = {.loop = loop,
			.options = *options,
			.applied = control_on_applied,
			.ended = control_on_ended,
			.data = control},
		.path = memory_copy_string(options->path),
		.fd = -1,
		.stall = CONTROL_STALL_NS,
	};
	*ret = NULL;
	int r = control_listen(control, error);
	if (r == 0) {
		r = control_open_sources(control);
		if (r < 0)
			error_set(error, r, "cannot serve %s: %s", control->path, strerror(-r));
	}
	if (r == 0 && getrandom(&control->server.instance, sizeof(control->server.instance), 0) < 0)
		control->server.instance = loop_clock();
	if (r < 0) {
		control_plane_free(control);
		return r;
	}
	*ret = control;
	return 0;
}

struct control_plane *control_plane_free(struct control_plane *control)
{
	if (!control)
		return NULL;
	vector_foreach(&control->clients, client)
		control_client_free(*client);
	vector_clear(&control->clients);
	loop_source_free(control->listener);
	loop_source_free(control->retry);
	loop_source_free(control->grace);
	loop_source_free(control->drain);
	loop_source_free(control->look);
	if (control->fd >= 0) {
		unlink(control->path);
		close(control->fd);
	}
	free(control->path);
	free(control);
	return NULL;
}

void control_plane_set_stall(struct control_plane *control, uint64_t stall)
{
	control->stall = stall;
}

struct control_plane_counters control_plane_counters(const struct control_plane *control)
{
	return control->server.counters;
}
