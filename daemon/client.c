// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection, and how much of the loop and of memory it may have.
 *
 *	input	  a line at a time. Nothing is read while an answer waits to be taken, so a client that only talks
 *		  fills its own socket buffer and no more than one line here
 *	requests  CLIENT_TURN_REQUESTS in a turn or CLIENT_TURN_NS, then the others have theirs; none while more than
 *		  CLIENT_WATER waits to be taken, or while a streamed answer is under way
 *	streams	  a piece in a turn, when less than CLIENT_WATER waits
 *	events	  in a queue of their own until the line under way is complete; what comes when CONTROL_QUEUE_LIMIT
 *		  waits is dropped, and one "lost" tells how many when half of that has been taken
 *
 * A client may end its sending side and still read (`ended`); one that has gone altogether, or takes nothing any more, is
 * `deaf`: what root sent is carried out all the same, for a drain that was asked for and then left is meant, and what
 * it would be answered is dropped. Others only ask, and who is gone needs no answer: that is the end of them. */
#include "daemon/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/timespec.h"
#include "daemon/call_run.h"
#include "daemon/json_text.h"

#define CLIENT_TURN_REQUESTS 8
#define CLIENT_TURN_NS       2000000ull
#define CLIENT_WATER         65536u
#define CLIENT_READ_SIZE     16384u
/* Buffers above it are given back when they are empty. */
#define CLIENT_KEEP_SIZE (4 * CLIENT_WATER)

struct client {
	const struct client_server *server;
	struct loop_source *io, *work;
	int fd;
	struct call_context context;
	char by[32];
	uint64_t active; /* when it last said or took something */
	bool ended, deaf, closing, subscribed;

	struct strbuf input;
	size_t taken; /* bytes of the input that have been used */

	struct rpc_message message; /* under way when it has JSON */
	struct call call;           /* of it; streaming when its state says so */
	size_t answers;             /* written for it */

	struct strbuf output, events;
	size_t sent; /* bytes of the output that are gone */
	uint64_t lost;
};

bool client_is_root(const struct client *client)
{
	return client->context.root;
}

bool client_is_subscribed(const struct client *client)
{
	return client->subscribed;
}

uint64_t client_active_at(const struct client *client)
{
	return client->active;
}

static size_t client_unsent(const struct client *client)
{
	return client->output.length - client->sent;
}

static size_t client_queued(const struct client *client)
{
	return client_unsent(client) + client->events.length;
}

static bool client_is_streaming(const struct client *client)
{
	return client->message.json && client->call.state == CALL_STATE_STREAMING;
}

uint64_t client_idle_since(const struct client *client)
{
	return client->subscribed && !client_queued(client) ? LOOP_NEVER : client->active;
}

/* Input */

static size_t client_pending(const struct client *client)
{
	return client->input.length - client->taken;
}

static void client_forget_taken(struct client *client)
{
	struct strbuf *input = &client->input;

	if (client->taken == input->length) {
		strbuf_clear(input);
	} else {
		memmove(input->text, input->text + client->taken, client_pending(client));
		input->length -= client->taken;
	}
	client->taken = 0;
}

static bool client_may_read(const struct client *client)
{
	return !client->ended && !client->closing && !client_is_streaming(client) &&
	       client_pending(client) <= CONTROL_LINE_LIMIT && client_unsent(client) < CLIENT_WATER;
}

static void client_read(struct client *client)
{
	char bytes[CLIENT_READ_SIZE];

	if (!client_may_read(client))
		return;
	client_forget_taken(client);
	size_t room = MIN(sizeof(bytes), CONTROL_LINE_LIMIT + 1 - client->input.length);
	ssize_t n = recv(client->fd, bytes, room, MSG_DONTWAIT);
	if (n > 0) {
		strbuf_add_bytes(&client->input, bytes, (size_t)n);
		client->active = loop_clock();
	} else if (n == 0) {
		client->ended = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		client->ended = client->deaf = true;
	}
}

/* The next line, borrowed until something is read. What stands without a newline at the end of all counts as one. */
static bool client_find_line(const struct client *client, const char **line, size_t *size)
{
	size_t pending = client_pending(client);

	if (!pending)
		return false;
	*line = client->input.text + client->taken;
	const char *end = memchr(*line, '\n', pending);
	*size = end ? (size_t)(end - *line) : pending;
	return end || client->ended;
}

static bool client_has_line(const struct client *client)
{
	const char *line;
	size_t size;

	return client_find_line(client, &line, &size);
}

static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

/* Requests */

/* Refuses a line that is no request at all. */
static void client_refuse_line(struct client *client, int code, const struct error *error)
{
	rpc_write_error(&client->output, json_null(), code, error);
	strbuf_add_char(&client->output, '\n');
	client->server->counters->malformed++;
	client->server->counters->errors++;
}

static void client_refuse_long_line(struct client *client)
{
	_cleanup_error_ struct error error = {};

	error_set(&error, CALL_CODE_REQUEST, "a request has at most %u bytes", CONTROL_LINE_LIMIT);
	client_refuse_line(client, CALL_CODE_REQUEST, &error);
	client->taken = client->input.length;
	client->closing = true;
}

static void client_take_line(struct client *client)
{
	_cleanup_error_ struct error error = {};
	const char *line;
	size_t size;

	if (!client_find_line(client, &line, &size))
		return;
	client->taken = MIN(client->taken + size + 1, client->input.length);
	if (is_blank(line, size))
		return;
	int r = rpc_parse(line, size, &client->message, &error);
	if (r < 0)
		client_refuse_line(client, r, &error);
}

static void client_subscribe(struct client *client)
{
	if (client->subscribed)
		return;
	client->subscribed = true;
	client->server->counters->subscribers++;
}

/* The request under way has been answered: what follows from it, and the end of its line. */
static void client_finish_request(struct client *client)
{
	struct control_counters *counters = client->server->counters;
	const struct call *call = &client->call;

	counters->errors += call->failed;
	if (call->subscribes)
		client_subscribe(client);
	bool wrote = call->ran && call->method->writes;
	if (client->message.next == client->message.count) {
		if (client->answers)
			strbuf_add(&client->output, client->message.batch ? "]\n" : "\n");
		rpc_message_clear(&client->message);
		client->answers = 0;
	}
	client->call = (struct call){};
	if (wrote)
		client->server->wrote(client->server->data);
}

/* Begins the next request of the message. */
static void client_request(struct client *client)
{
	_cleanup_error_ struct error error = {};
	struct strbuf *output = &client->output;
	size_t before = output->length;
	struct rpc_request request;

	if (client->message.batch)
		strbuf_add_char(output, client->answers ? ',' : '[');
	size_t led = output->length;
	int r = rpc_next(&client->message, &request, &error);
	if (r < 0) {
		rpc_write_error(output, request.id, r, &error);
		client->server->counters->malformed++;
		client->call.failed = true;
	} else {
		client->server->counters->requests++;
		call_begin(&client->call, &client->context, &request, output);
	}
	if (output->length == led)
		output->length = before;
	else
		client->answers++;
	if (!client_is_streaming(client))
		client_finish_request(client);
}

static bool client_has_request(const struct client *client)
{
	return !client->closing && !client_is_streaming(client) &&
	       client_unsent(client) < CLIENT_WATER &&
	       (client->message.json || client_has_line(client));
}

/* Nobody listens: what it was answered goes nowhere. */
static void client_drop_output(struct client *client)
{
	if (client_is_streaming(client)) {
		call_end(&client->call);
		client_finish_request(client);
	}
	strbuf_clear(&client->output);
	strbuf_clear(&client->events);
	client->sent = 0;
}

static void client_run_requests(struct client *client)
{
	uint64_t start = loop_clock();

	for (size_t i = 0; i < CLIENT_TURN_REQUESTS && client_has_request(client); i++) {
		if (client->message.json)
			client_request(client);
		else
			client_take_line(client);
		if (client->deaf)
			client_drop_output(client);
		if (loop_clock() - start > CLIENT_TURN_NS)
			break;
	}
	if (!client->message.json && client_pending(client) > CONTROL_LINE_LIMIT &&
		!client_has_line(client))
		client_refuse_long_line(client);
}

/* Output */

/* Tells how many events were dropped, once half of what waited has been taken. */
static void client_tell_lost(struct client *client)
{
	struct strbuf *events = &client->events;
	_cleanup_strbuf_ struct strbuf words = {};

	if (!client->lost || client_queued(client) > CONTROL_QUEUE_LIMIT / 2)
		return;
	strbuf_printf(&words, "%" PRIu64 " events were lost: they came faster than they were taken",
		client->lost);
	strbuf_add(events, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{");
	json_text_member_number(events, "at_ms", timespec_wall_ms());
	json_text_member_string(events, "kind", "lost");
	json_text_member_null(events, "object");
	json_text_member_string(events, "text", words.text);
	json_text_member_null(events, "entry");
	json_text_member_number(events, "lost", client->lost);
	strbuf_add(events, "}}\n");
	client->lost = 0;
}

static void client_forget_sent(struct client *client)
{
	struct strbuf *output = &client->output;

	if (client->sent == 0)
		return;
	size_t unsent = client_unsent(client);
	if (unsent == 0 && output->capacity > CLIENT_KEEP_SIZE)
		strbuf_clear(output);
	else
		memmove(output->text, output->text + client->sent, unsent);
	output->length = unsent;
	client->sent = 0;
}

/* More of what waits to be written, as far as there is room for it. */
static void client_fill(struct client *client)
{
	if (client_unsent(client) >= CLIENT_WATER)
		return;
	client_forget_sent(client);
	if (client_is_streaming(client) && !call_continue(&client->call, &client->output))
		client_finish_request(client);
	if (client->message.json)
		return;
	client_tell_lost(client);
	if (client->events.length)
		strbuf_add_bytes(&client->output, client->events.text, client->events.length);
	strbuf_clear(&client->events);
}

static void client_write(struct client *client)
{
	if (!client_unsent(client))
		return;
	ssize_t n = send(client->fd, client->output.text + client->sent, client_unsent(client),
		MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		client->sent += (size_t)n;
		client->active = loop_clock();
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		client->deaf = true;
		client_drop_output(client);
	}
	if (!client_unsent(client))
		client_forget_sent(client);
}

/* Turns */

static bool client_is_over(const struct client *client)
{
	if (client->deaf && !client->context.root)
		return true;
	if (client_is_streaming(client) || client_unsent(client))
		return false;
	if (client->closing)
		return true;
	return client->ended && !client->message.json && !client_has_line(client) &&
	       (client->deaf || !client->subscribed);
}

static void client_arm(struct client *client)
{
	/* What was lost is told when the queue has shrunk, which one write may do: then nothing else would wake us. */
	bool writes = client_unsent(client) || client_is_streaming(client) ||
		      ((client->events.length || client->lost) && !client->message.json);

	loop_io_set_events(
		client->io, (client_may_read(client) ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0));
	if (client_has_request(client))
		loop_work_ask(client->work);
}

static void client_turn(struct client *client)
{
	if (client->deaf)
		client_drop_output(client);
	client_read(client);
	client_run_requests(client);
	client_fill(client);
	client_write(client);
	if (client_is_over(client))
		client->server->ended(client->server->data, client);
	else
		client_arm(client);
}

static void client_on_io(void *data, uint32_t events)
{
	struct client *client = data;

	if (events & (EPOLLHUP | EPOLLERR))
		client->deaf = true;
	client_turn(client);
}

static void client_on_work(void *data)
{
	client_turn(data);
}

void client_tell(struct client *client, const struct strbuf *line)
{
	if (client->deaf || client->closing)
		return;
	client_tell_lost(client);
	if (client->lost || client_queued(client) + line->length > CONTROL_QUEUE_LIMIT) {
		client->lost++;
		return;
	}
	strbuf_add_bytes(&client->events, line->text, line->length);
	client_arm(client);
}

int client_new(const struct client_server *server, int fd, uid_t user, struct client **ret)
{
	struct client *client = memory_new(sizeof(*client));

	client->server = server;
	client->fd = fd;
	client->active = loop_clock();
	snprintf(client->by, sizeof(client->by), "uid %u%s", user, user == 0 ? " (root)" : "");
	client->context = (struct call_context){
		.engine = server->engine,
		.by = client->by,
		.root = user == 0,
	};
	int r = loop_add_io(server->loop, fd, EPOLLIN, client_on_io, client, &client->io);
	if (r == 0)
		r = loop_add_work(server->loop, client_on_work, client, &client->work);
	if (r < 0) {
		client_free(client);
		return r;
	}
	loop_source_set_priority(client->io, LOOP_PRIORITY_LAST);
	*ret = client;
	return 0;
}

struct client *client_free(struct client *client)
{
	if (!client)
		return NULL;
	if (client->message.json)
		call_end(&client->call);
	rpc_message_clear(&client->message);
	loop_source_free(client->io);
	loop_source_free(client->work);
	close(client->fd);
	if (client->subscribed)
		client->server->counters->subscribers--;
	strbuf_clear(&client->input);
	strbuf_clear(&client->output);
	strbuf_clear(&client->events);
	free(client);
	return NULL;
}
