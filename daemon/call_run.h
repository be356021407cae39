// SPDX-License-Identifier: GPL-2.0-or-later
/* A call as who carries it sees it (client.c): begun, continued while its answer comes in pieces, ended. */
#pragma once

#include "daemon/rpc.h"

/* Who calls. */
struct call_context {
	struct engine *engine;
	const char *by;
	bool root;
};

enum call_state {
	CALL_STATE_OPEN, /* not answered yet: only while its method runs */
	CALL_STATE_STREAMING,
	CALL_STATE_DONE,
};

/* Starts zeroed. */
struct call {
	const struct call_context *context;
	const struct method *method; /* NULL: there is none of that name */
	struct rpc_request request;
	const json_t *values[METHOD_PARAMS_MOST];
	struct strbuf *text; /* where the answer goes */
	enum call_state state;
	bool ran;        /* its method was called */
	bool failed;     /* it was answered with an error */
	bool subscribes; /* its client wants events from now on */
	bool (*next)(void *data, struct strbuf *text);
	void (*finish)(void *data);
	void *data;
};

/* The method of that name; NULL, and `error` may suggest another. */
const struct method *call_find_method(const char *name, struct error *error);

/* Runs the method, or refuses; the answer, or its beginning, is appended to `text`, nothing for a notification. The
 * request must stay until the call is over. */
void call_begin(struct call *call, const struct call_context *context,
	const struct rpc_request *request, struct strbuf *text);

/* The next piece of a streamed answer; false when that was the last. */
bool call_continue(struct call *call, struct strbuf *text);

/* Ends a streamed answer early; any call may be given. */
void call_end(struct call *call);
