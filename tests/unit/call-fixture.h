// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls of the control socket without the socket, answered by an engine that a test drives. */
#pragma once

#include "tests/unit/engine-fixture.h"

#include "daemon/call_run.h"

/* The whole answer; `between` (NULL: nothing) is called after each piece. A new reference. */
static inline json_t *answer_of(struct fixture *fixture, const char *method, const json_t *params,
	void (*between)(struct fixture *fixture))
{
	const struct call_context context = {
		.engine = &fixture->engine, .by = "uid 0 (root)", .root = true};
	json_t *id = json_integer(1);
	const struct rpc_request request = {.id = id, .method = method, .params = params};
	_cleanup_strbuf_ struct strbuf text = {};
	struct call call;

	call_begin(&call, &context, &request, &text);
	while (call.state == CALL_STATE_STREAMING && call_continue(&call, &text))
		if (between)
			between(fixture);
	json_t *answer = json_loads(text.text, 0, NULL);
	if (!answer)
		fail_msg("%s: %.200s", method, text.text);
	json_decref(id);
	return answer;
}
