// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is let in, and who has to go.
 *
 * There are CONTROL_CLIENTS_MOST places. When all are taken, whoever waits in the backlog is let in all the same to see who it
 * is, and another is shut out for it, if there is one who may be:
 *
 *	newcomer	who makes room
 *	root		who is not root; else root's clients that were idle for CONTROL_SPARE_NS. So it always gets in, at
 *			once or a moment later: members of the group cannot keep root from a method that writes, however many
 *			connections they hold, and neither can what root's own scripts left behind
 *	another		who is not root, and idle for CONTROL_SPARE_NS; else root's clients that asked something, and then
 *			nothing for CONTROL_LEFT_NS. Else it is told that there is no place
 *
 * Of several it is one who waits for nothing before one who follows the events, and then the one that has been idle for
 * longest. While nobody at all could make room, nobody is let in. A timer shuts out who neither says nor takes anything.
 *
 * All of this, and the clients' turns (client.c), is work of LOOP_PRIORITY_LAST: signals, timers and files come first, and
 * the engine's passes have their turn among the clients. */
#include "daemon/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/log.h"
#include "daemon/client.h"
#include "daemon/methods.h"
#include "daemon/rpc.h"

LOG_MODULE("control");

#define CONTROL_LEFT_NS 10000000000ull
/* How soon accepting is tried again: after a failure (no descriptors left), or when nobody could make room. */
#define CONTROL_RETRY_NS 1000000000ull
/* The idle are looked for that many times in their time. */
#define CONTROL_IDLE_LOOKS 8

struct control {
	int fd;
	struct client_server server;
	struct loop_source *listener, *retry, *look;
	struct {
		VECTOR_OF(struct client *);
	} clients; /* in the order of their coming */
	struct control_counters counters;
	uint64_t idle, spare;
	void (*changed)(void *data);
	void *data;
};

static bool control_is_full(const struct control *control)
{
	return control->clients.count >= CONTROL_CLIENTS_MOST;
}

/* Whether it may be shut out for a newcomer now. */
static bool control_may_go(
	const struct control *control, const struct client *client, bool for_root, uint64_t now)
{
	uint64_t idle = now - client_active_at(client);

	if (!client_is_root(client))
		return for_root || idle >= control->spare;
	if (for_root)
		return idle >= control->spare;
	return !client_is_subscribed(client) && idle >= CONTROL_LEFT_NS;
}

/* Which of two goes first. */
static bool control_goes_before(const struct client *a, const struct client *b)
{
	if (client_is_root(a) != client_is_root(b))
		return client_is_root(b);
	if (client_is_subscribed(a) != client_is_subscribed(b))
		return client_is_subscribed(b);
	return client_active_at(a) < client_active_at(b);
}

/* Who makes room for a newcomer; NULL: nobody now. */
static struct client *control_find_room(const struct control *control, bool for_root)
{
	uint64_t now = loop_clock();
	struct client *found = NULL;

	vector_foreach(&control->clients, client)
		if (control_may_go(control, *client, for_root, now) &&
			(!found || control_goes_before(*client, found)))
			found = *client;
	return found;
}

static void control_arm(struct control *control)
{
	/* Who makes room for anybody makes room for root. */
	bool accepts = !control_is_full(control) || control_find_room(control, true);

	loop_io_set_events(control->listener, accepts ? EPOLLIN : 0);
	if (!accepts)
		loop_timer_set(control->retry, loop_clock() + CONTROL_RETRY_NS);
}

static void control_remove(struct control *control, struct client *client)
{
	size_t kept = 0;

	for (size_t i = 0; i < control->clients.count; i++)
		if (control->clients.items[i] != client)
			control->clients.items[kept++] = control->clients.items[i];
	control->clients.count = kept;
	control->counters.connected = kept;
	client_free(client);
	if (!kept)
		loop_timer_set(control->look, LOOP_NEVER);
	control_arm(control);
}

static void control_on_ended(void *data, struct client *client)
{
	control_remove(data, client);
}

static void control_on_wrote(void *data)
{
	struct control *control = data;

	if (control->changed)
		control->changed(control->data);
}

/* Tells a connection that there is no place for it; whether it hears that is its own affair. */
static void control_refuse(struct control *control, int fd)
{
	_cleanup_strbuf_ struct strbuf text = {};
	_cleanup_error_ struct error error = {};

	error_set(&error, CALL_CODE_BUSY, "%d clients are connected already: try again later",
		CONTROL_CLIENTS_MOST);
	rpc_write_error(&text, json_null(), CALL_CODE_BUSY, &error);
	strbuf_add_char(&text, '\n');
	control->counters.refused++;
	if (send(fd, text.text, text.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("a client was refused, and gone before it was told");
}

/* Shuts a client out for the newcomer; false when that must go itself. */
static bool control_make_room(struct control *control, bool root)
{
	if (!control_is_full(control))
		return true;
	struct client *leaves = control_find_room(control, root);
	if (!leaves)
		return false;
	control->counters.refused++;
	control_remove(control, leaves);
	return true;
}

static void control_let_in(struct control *control, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct client *client;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		close(fd);
		return;
	}
	if (!control_make_room(control, peer.uid == 0)) {
		control_refuse(control, fd);
		close(fd);
		return;
	}
	int r = client_new(&control->server, fd, peer.uid, &client);
	if (r < 0) {
		log_warning("a client cannot be served: %s", strerror(-r));
		return;
	}
	if (!control->clients.count)
		loop_timer_set(control->look, loop_clock() + control->idle / CONTROL_IDLE_LOOKS);
	/* A vector of pointers. */
	vector_push(&control->clients, client); // NOLINT(bugprone-sizeof-expression)
	control->counters.clients++;
	control->counters.connected = control->clients.count;
}

static void control_on_listener(void *data, uint32_t events)
{
	struct control *control = data;

	(void)events;
	int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		control_let_in(control, fd);
		control_arm(control);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	log_warning("clients of the control socket have to wait: %s", strerror(errno));
	loop_io_set_events(control->listener, 0);
	loop_timer_set(control->retry, loop_clock() + CONTROL_RETRY_NS);
}

static void control_on_retry(void *data)
{
	control_arm(data);
}

static void control_on_look(void *data)
{
	struct control *control = data;
	uint64_t now = loop_clock();

	for (size_t i = control->clients.count; i-- > 0;) {
		struct client *client = control->clients.items[i];
		uint64_t since = client_idle_since(client);

		if (since == LOOP_NEVER || now - since < control->idle)
			continue;
		control->counters.refused++;
		control_remove(control, client);
	}
	if (control->clients.count)
		loop_timer_set(control->look, now + control->idle / CONTROL_IDLE_LOOKS);
}

int control_new(struct loop *loop, int fd, struct engine *engine, struct control **ret)
{
	struct control *control = memory_new(sizeof(*control));

	control->fd = fd;
	control->idle = CONTROL_IDLE_NS;
	control->spare = CONTROL_SPARE_NS;
	control->server = (struct client_server){
		.loop = loop,
		.engine = engine,
		.counters = &control->counters,
		.wrote = control_on_wrote,
		.ended = control_on_ended,
		.data = control,
	};
	int r = loop_add_io(loop, fd, EPOLLIN, control_on_listener, control, &control->listener);
	if (r == 0)
		r = loop_add_timer(loop, control_on_retry, control, &control->retry);
	if (r == 0)
		r = loop_add_timer(loop, control_on_look, control, &control->look);
	if (r < 0) {
		control_free(control);
		return r;
	}
	loop_source_set_priority(control->listener, LOOP_PRIORITY_LAST);
	*ret = control;
	return 0;
}

struct control *control_free(struct control *control)
{
	if (!control)
		return NULL;
	vector_foreach(&control->clients, client)
		client_free(*client);
	vector_clear(&control->clients);
	loop_source_free(control->listener);
	loop_source_free(control->retry);
	loop_source_free(control->look);
	free(control);
	return NULL;
}

void control_on_change(struct control *control, void (*changed)(void *data), void *data)
{
	control->changed = changed;
	control->data = data;
}

void control_set_idle(struct control *control, uint64_t idle)
{
	control->idle = idle;
	if (control->clients.count)
		loop_timer_set(control->look, loop_clock() + idle / CONTROL_IDLE_LOOKS);
}

void control_set_spare(struct control *control, uint64_t spare)
{
	control->spare = spare;
	control_arm(control);
}

void control_tell(struct control *control, const struct engine_event *event)
{
	_cleanup_strbuf_ struct strbuf line = {};

	if (!control->counters.subscribers)
		return;
	method_event_to_text(event, &line);
	vector_foreach(&control->clients, client)
		if (client_is_subscribed(*client))
			client_tell(*client, &line);
}

struct control_counters control_counters(const struct control *control)
{
	return control->counters;
}
