// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON-RPC 2.0 without a socket: from a line of text to requests, and from parameters to what a method's table asks for.
 *
 * Pure. The text is hostile: every refusal is one of call.h's codes with words, and leaves nothing behind (fuzzed). */
#pragma once

#include "daemon/call.h"

/* Requests of one batch, at most. */
#define RPC_BATCH_MOST 32

/* A line: one request, or an array of them. */
struct rpc_message {
	json_t *json;
	bool batch;
	size_t count, next;
};

/* All of it borrowed from the message. */
struct rpc_request {
	const json_t *id; /* NULL: a notification, which is not answered */
	const char *method;
	const json_t *params; /* an array, an object, or NULL */
};

/* Into an empty `ret`. 0, or an enum call_code with words: then the whole line is refused, with `id` null. */
int rpc_parse(const char *line, size_t size, struct rpc_message *ret, struct error *error);

/* The next request of the message, while next < count. 0, or an enum call_code with words for this request alone; id is then
 * what it is answered with, never NULL. */
int rpc_next(struct rpc_message *message, struct rpc_request *ret, struct error *error);

void rpc_message_clear(struct rpc_message *message);
#define _cleanup_rpc_message_ _cleanup_(rpc_message_clear)

/* The value of each parameter of the method's table into values[] (NULL: not given), type-checked. Borrowed. */
int rpc_bind(const struct method *method, const json_t *params,
	const json_t *values[static METHOD_PARAMS_MOST], struct error *error);

/* What a bound value means. */
bool rpc_flag(const json_t *value);
uint64_t rpc_duration(const json_t *value);

const char *rpc_type_name(enum method_param_type type); /* "text", "flag", "duration" */

/* Answers, without a newline. `error` may have no text: then the code's own words stand there. */
void rpc_write_head(struct strbuf *text, const json_t *id);
/* `code` is an enum call_code, or a -errno, which becomes CALL_CODE_FAILED with its name. */
void rpc_write_error(struct strbuf *text, const json_t *id, int code, const struct error *error);
