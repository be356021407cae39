// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection, and what it may have of the loop and of memory.
 *
 *	idle       reads requests, CLIENT_TURN_READS in a turn. What is to be answered at once is
 *	waiting    a committed transaction has not been taken up by every worker; nothing is read
 *	telling    a dump, or figures: a message is made when the socket has taken the one before it,
 *	           CLIENT_TURN_WRITES in a turn; nothing is read
 *	closing    an ERROR is on its way, the last that it hears
 *
 * So there is at most one message here that the socket has not taken. Operations and keys gather in
 * arrays until the request is complete, and are counted for all clients together. What a dump shows is
 * control_dump.c's. */
#include "backends/dpdk/dataplane/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/control_dump.h"
#include "backends/dpdk/dataplane/transaction.h"
#include "backends/dpdk/message.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/version.h"

LOG_MODULE("control");

#define CLIENT_TURN_READS  16
#define CLIENT_TURN_WRITES 4

enum client_state {
	CLIENT_STATE_IDLE,
	CLIENT_STATE_WAITING,
	CLIENT_STATE_TELLING,
	CLIENT_STATE_CLOSING,
	CLIENT_STATE_ENDED,
};

struct control_client {
	struct control_server *server;
	struct loop_source *io;
	int fd;
	pid_t process;
	uint64_t active;
	enum client_state state;
	uint32_t id; /* of the request under way */

	bool begun;
	struct plan_op_vector ops;
	struct message_result result; /* for when `token` is seen */
	uint64_t token;

	struct control_dump dump;
	size_t keys; /* of it, that count as waiting */

	struct strbuf output; /* a message */
	bool unsent;          /* that the socket has not taken */
};

void control_plane_figure(
	struct control_plane_figures *figures, const char *object, const char *name, uint64_t value)
{
	struct message_figure *figure = vector_append(figures);

	snprintf(figure->object, sizeof(figure->object), "%s", object);
	snprintf(figure->name, sizeof(figure->name), "%s", name);
	figure->value = value;
}

bool control_client_is_busy(const struct control_client *client)
{
	return client->unsent || client->state == CLIENT_STATE_TELLING || client->begun ||
	       client->keys;
}

uint64_t control_client_active_at(const struct control_client *client)
{
	return client->active;
}

pid_t control_client_process(const struct control_client *client)
{
	return client->process;
}

/* Output. */

/* Puts the message that is in `output` on its way. */
static void client_send(struct control_client *client)
{
	const struct strbuf *output = &client->output;
	ssize_t n = send(client->fd, output->text, output->length, MSG_DONTWAIT | MSG_NOSIGNAL);

	client->unsent = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (n >= 0)
		client->active = loop_clock();
	else if (!client->unsent)
		client->state = CLIENT_STATE_ENDED;
}

static void client_finish(struct control_client *client)
{
	message_finish(&client->output);
	client_send(client);
}

static void client_tell_result(
	struct control_client *client, enum message_kind kind, const struct message_result *result)
{
	message_begin(&client->output, kind, client->id);
	message_add_result(&client->output, result);
	client_finish(client);
}

/* The last that it hears. */
static void client_refuse(struct control_client *client, int code, const char *words)
{
	const struct message_result result = message_failure(code, words);

	log_warning("process %d said what cannot be: %s", client->process, result.text);
	client->server->counters.malformed++;
	client->state = CLIENT_STATE_CLOSING;
	client_tell_result(client, MESSAGE_KIND_ERROR, &result);
}

/* Requests. */

static void client_forget_operations(struct control_client *client)
{
	client->server->waiting -= client->ops.count;
	vector_clear(&client->ops);
	client->begun = false;
}

static void client_forget_dump(struct control_client *client)
{
	client->server->waiting -= client->keys;
	client->keys = 0;
	control_dump_clear(&client->dump);
}

/* Whether one more operation or key may wait here. */
static bool client_may_add(struct control_client *client)
{
	if (client->server->waiting < CONTROL_WAITING_MOST) {
		client->server->waiting++;
		return true;
	}
	client_refuse(client, -E2BIG, "more is asked for at once than poise-dataplane keeps");
	return false;
}

static void client_on_hello(struct control_client *client, struct message_reader reader)
{
	const struct message_hello hello = {
		.program = "poise-dataplane " POISE_VERSION,
		.instance = client->server->instance,
		.generation = registry_ledger(client->server->options.registry)->number,
		.workers = client->server->options.workers,
	};

	(void)reader;
	message_begin(&client->output, MESSAGE_KIND_HELLO, client->id);
	message_add_hello(&client->output, &hello);
	client_finish(client);
}

static void client_on_begin(struct control_client *client, struct message_reader reader)
{
	(void)reader;
	client_forget_operations(client);
	client->begun = true;
}

static void client_on_operations(struct control_client *client, struct message_reader reader)
{
	struct message_reader value;
	struct plan_op op;
	int type;

	if (!client->begun) {
		client_refuse(client, -EBADMSG, "operations without a transaction");
		return;
	}
	while ((type = message_next(&reader, &value)) > 0) {
		if (type != MESSAGE_ATTRIBUTE_OPERATION)
			continue;
		if (message_get_operation(value, &op) < 0) {
			type = -EBADMSG;
			break;
		}
		if (!client_may_add(client))
			return;
		vector_push(&client->ops, op);
	}
	if (type < 0)
		client_refuse(client, type, "an operation that cannot be read");
}

static void client_log(const struct control_client *client, const struct registry_result *result)
{
	_cleanup_strbuf_ struct strbuf object = {};

	if (!client->result.code) {
		log_debug("generation %ju: %zu operations of process %d",
			(uintmax_t)result->generation, client->ops.count, client->process);
		return;
	}
	if (result->failed != TRANSACTION_WHOLE)
		plan_op_describe(&client->ops.items[result->failed], &object);
	log_object_info(object.text, "a transaction of process %d changed nothing: %s",
		client->process, client->result.text);
}

static void client_commit(struct control_client *client)
{
	struct control_server *server = client->server;
	_cleanup_error_ struct error error = {};
	struct registry_result result;
	int r = registry_apply(
		server->options.registry, client->ops.items, client->ops.count, &result, &error);

	client->result =
		r < 0 ? message_failure(r, error_text(&error, r)) : (struct message_result){};
	client->result.generation = result.generation;
	if (r < 0 && result.failed != TRANSACTION_WHOLE)
		client->result.operation = (uint32_t)result.failed + 1;
	client->token = result.token;
	server->counters.transactions++;
	server->counters.failed += r < 0;
	client_log(client, &result);
	if (r == 0 && result.token && server->options.committed)
		server->options.committed(server->options.data, result.generation);
}

static void client_on_commit(struct control_client *client, struct message_reader reader)
{
	(void)reader;
	if (!client->begun) {
		client_refuse(client, -EBADMSG, "the end of a transaction that was not begun");
		return;
	}
	client_commit(client);
	client_forget_operations(client);
	client->state = CLIENT_STATE_WAITING;
	control_client_look(client);
	client->server->applied(client->server->data);
}

static void client_on_keys(struct control_client *client, struct message_reader reader)
{
	struct message_reader value;
	struct service_key key;
	int type;

	while ((type = message_next(&reader, &value)) > 0) {
		if (type != MESSAGE_ATTRIBUTE_KEY)
			continue;
		if (message_get_key(value, &key) < 0) {
			type = -EBADMSG;
			break;
		}
		if (!client_may_add(client))
			return;
		vector_push(&client->dump.keys, key);
		client->keys++;
	}
	if (type < 0)
		client_refuse(client, type, "a key that cannot be read");
}

/* Telling. */

/* Makes and sends the next message of what is told. */
static void client_tell(struct control_client *client)
{
	if (!control_dump_fill(&client->dump, &client->output, client->id, loop_clock())) {
		client_forget_dump(client);
		client->state = CLIENT_STATE_IDLE;
	}
	client_finish(client);
}

static void client_on_dump(struct control_client *client, struct message_reader reader)
{
	struct message_scope scope = {};
	struct message_reader value;
	int type;

	while ((type = message_next(&reader, &value)) > 0)
		if (type == MESSAGE_ATTRIBUTE_SCOPE && message_get_scope(value, &scope) < 0)
			break;
	if (type != 0) {
		client_refuse(client, -EBADMSG, "a scope that cannot be read");
		return;
	}
	control_dump_begin(&client->dump, client->server->options.registry, &scope);
	client->state = CLIENT_STATE_TELLING;
}

static void client_on_figures(struct control_client *client, struct message_reader reader)
{
	const struct control_plane_options *options = &client->server->options;

	(void)reader;
	client_forget_dump(client);
	if (options->figures)
		options->figures(options->data, &client->dump.figures);
	control_dump_begin_figures(&client->dump);
	client->state = CLIENT_STATE_TELLING;
}

static void (*const client_requests[MESSAGE_KIND_COUNT])(
	struct control_client *client, struct message_reader reader) = {
	[MESSAGE_KIND_HELLO] = client_on_hello,
	[MESSAGE_KIND_BEGIN] = client_on_begin,
	[MESSAGE_KIND_OPERATIONS] = client_on_operations,
	[MESSAGE_KIND_COMMIT] = client_on_commit,
	[MESSAGE_KIND_KEYS] = client_on_keys,
	[MESSAGE_KIND_DUMP] = client_on_dump,
	[MESSAGE_KIND_FIGURES] = client_on_figures,
};

static void client_take(struct control_client *client, const void *message, size_t size)
{
	_cleanup_error_ struct error error = {};
	struct message_header header = {};
	struct message_reader reader;
	int r = message_open(message, size, &header, &reader);

	client->id = header.id;
	if (r == -EPROTO) {
		error_set(&error, r,
			"this is poise-dataplane " POISE_VERSION
			", which speaks version %u, and was spoken to in version %u: poise and "
			"poise-dataplane must fit each other",
			MESSAGE_VERSION, header.version);
		client_refuse(client, r, error.text);
	} else if (r < 0) {
		client_refuse(client, r, "no message");
	} else if ((unsigned int)header.kind >= MESSAGE_KIND_COUNT ||
		   !client_requests[header.kind]) {
		client_refuse(client, -EOPNOTSUPP, "a request that this poise-dataplane knows not");
	} else {
		client_requests[header.kind](client, reader);
	}
}

/* Turns. */

/* One message. False: there is nothing more to read now. */
static bool client_read(struct control_client *client)
{
	static uint8_t bytes[MESSAGE_LIMIT];
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n = recvmsg(client->fd, &message, MSG_DONTWAIT);

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		client->state = CLIENT_STATE_ENDED;
		return false;
	}
	client->active = loop_clock();
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		client_refuse(client, -EMSGSIZE, "a message that is too long");
	else
		client_take(client, bytes, (size_t)n);
	return true;
}

static bool client_may_read(const struct control_client *client)
{
	return client->state == CLIENT_STATE_IDLE && !client->unsent;
}

static bool client_may_tell(const struct control_client *client)
{
	return client->state == CLIENT_STATE_TELLING && !client->unsent;
}

static void client_arm(struct control_client *client)
{
	uint32_t events = 0;

	if (client_may_read(client))
		events = EPOLLIN;
	else if (client->unsent || client->state == CLIENT_STATE_TELLING)
		events = EPOLLOUT;
	loop_io_set_events(client->io, events);
}

/* Arms what it waits for. False: it has ended. */
static bool client_settle(struct control_client *client)
{
	if (client->state == CLIENT_STATE_CLOSING && !client->unsent)
		client->state = CLIENT_STATE_ENDED;
	if (client->state == CLIENT_STATE_ENDED)
		return false;
	client_arm(client);
	return true;
}

static void client_on_io(void *data, uint32_t events)
{
	struct control_client *client = data;

	if (events & (EPOLLHUP | EPOLLERR))
		client->state = CLIENT_STATE_ENDED;
	if (events & EPOLLOUT && client->unsent)
		client_send(client);
	for (int i = 0; i < CLIENT_TURN_READS && client_may_read(client); i++)
		if (!client_read(client))
			break;
	for (int i = 0; i < CLIENT_TURN_WRITES && client_may_tell(client); i++)
		client_tell(client);
	if (!client_settle(client))
		client->server->ended(client->server->data, client);
}

bool control_client_look(struct control_client *client)
{
	if (client->state != CLIENT_STATE_WAITING ||
		!registry_is_seen(client->server->options.registry, client->token))
		return true;
	client->state = CLIENT_STATE_IDLE;
	client_tell_result(client, MESSAGE_KIND_RESULT, &client->result);
	return client_settle(client);
}

/* Life. */

int control_client_new(struct control_server *server, int fd, struct control_client **ret)
{
	struct control_client *client = memory_new(sizeof(*client));
	struct ucred peer = {};
	socklen_t size = sizeof(peer);

	*ret = NULL;
	client->server = server;
	client->fd = fd;
	client->active = loop_clock();
	int r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ? -errno : 0;
	if (r == 0)
		r = loop_add_io(server->loop, fd, EPOLLIN, client_on_io, client, &client->io);
	client->process = peer.pid;
	if (r < 0) {
		control_client_free(client);
		return r;
	}
	*ret = client;
	return 0;
}

struct control_client *control_client_free(struct control_client *client)
{
	if (!client)
		return NULL;
	client_forget_operations(client);
	client_forget_dump(client);
	loop_source_free(client->io);
	close(client->fd);
	strbuf_clear(&client->output);
	free(client);
	return NULL;
}
