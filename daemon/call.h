// SPDX-License-Identifier: GPL-2.0-or-later
/* One call of a method of the control socket, as the method sees it.
 *
 * control.c carries JSON-RPC 2.0 over RUN-DIR/poised.sock, one object a line in each direction; methods.c has the table of
 * methods; this is what stands between them. A method answers once: at once (call_reply, call_fail), in pieces when the answer is
 * large (call_stream), or it turns the connection into a stream of events (call_subscribe). */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "daemon/engine.h"

struct call;

/* JSON-RPC 2.0 §5.1, and ours from -32000 down. */
enum call_code {
	CALL_CODE_PARSE = -32700,
	CALL_CODE_REQUEST = -32600,
	CALL_CODE_METHOD = -32601,
	CALL_CODE_PARAMS = -32602,
	CALL_CODE_FAILED = -32000, /* data.errno has the name ("EBUSY") */
	CALL_CODE_PERMISSION = -32001,
	CALL_CODE_BUSY = -32002,
};

struct engine *call_engine(struct call *call);
/* Who calls: "uid 0 (root)". Borrowed. */
const char *call_by(const struct call *call);
/* Whether it may call what writes: for a method that only does so with some of its parameters. */
bool call_is_root(const struct call *call);

/* The named parameter. Its type was checked against the method's table. NULL or `otherwise` when it was not given. */
const char *call_text(const struct call *call, const char *name);
bool call_flag(const struct call *call, const char *name);
/* A duration as in the file ("10m"), in ns. */
uint64_t call_duration(const struct call *call, const char *name);

/* Takes `result` over. */
void call_reply(struct call *call, json_t *result);
/* `code`: an enum call_code, or a -errno, which is CALL_CODE_FAILED with its name. */
void call_fail(struct call *call, int code, const struct error *error);

/* An answer in pieces: `next` appends some JSON text of the result to `text` (some 64 KiB at most) and returns true
 * while there is more. It is called when the client can take it; `finish` ends `data` in any case, also when the client leaves
 * early. The pieces together must be one JSON value. */
void call_stream(struct call *call, bool (*next)(void *data, struct strbuf *text),
	void (*finish)(void *data), void *data);

/* From now on the client gets every event as a notification ("method": "event"). */
void call_subscribe(struct call *call);

enum method_param_type {
	METHOD_PARAM_TYPE_TEXT,
	METHOD_PARAM_TYPE_FLAG,
	METHOD_PARAM_TYPE_DURATION,
};

struct method_param {
	const char *name;
	enum method_param_type type;
	bool required;
	const char *help;
};

#define METHOD_PARAMS_MOST 6

/* Parameters may be given by name (an object) or by place (an array, in the order of the table). */
struct method {
	const char *name;
	const char *summary;
	bool writes; /* root only; others are for root and the group of the socket */
	struct method_param params[METHOD_PARAMS_MOST]; /* ended by one without a name */
	void (*run)(struct call *call);
};

extern const struct method *const methods[];
extern const size_t method_count;
