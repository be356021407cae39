// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a line of the control socket: what is taken must give requests whose parameters are of their table's types,
 * what is refused must say why; and every answer must be JSON that carries the id. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "daemon/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* One of each type, and one that must be there. */
static const struct method probe = {
	.name = "probe",
	.params =
		{
			{"text", METHOD_PARAM_TYPE_TEXT, .required = true, .help = "something"},
			{"flag", METHOD_PARAM_TYPE_FLAG, .help = "or not"},
			{"for", METHOD_PARAM_TYPE_DURATION, .help = "how long"},
		},
};

static void require_answer(const struct rpc_request *request, int code, const struct error *error)
{
	_cleanup_strbuf_ struct strbuf text = {};

	require(error->text && *error->text);
	rpc_write_error(&text, request->id, code, error);
	require(!memchr(text.text, '\n', text.length));
	json_t *json = json_loadb(text.text, text.length, 0, NULL);
	require(json_equal(json_object_get(json, "id"), request->id));
	require(json_integer_value(json_object_get(json_object_get(json, "error"), "code")) ==
		code);
	json_decref(json);
}

static void try_params(const struct rpc_request *request)
{
	const json_t *values[METHOD_PARAMS_MOST];
	_cleanup_error_ struct error error = {};

	int r = rpc_bind(&probe, request->params, values, &error);
	if (r < 0) {
		require(r == CALL_CODE_PARAMS && error.text);
		return;
	}
	require(json_is_string(values[0]));
	require(!values[1] || json_is_boolean(values[1]) || json_is_string(values[1]));
	require(!values[2] || json_is_string(values[2]));
	rpc_flag(values[1]);
	rpc_duration(values[2]);
}

static void try_request(struct rpc_message *message)
{
	_cleanup_error_ struct error error = {};
	struct rpc_request request;

	int r = rpc_next(message, &request, &error);
	if (r < 0) {
		require(r == CALL_CODE_REQUEST && request.id);
		require_answer(&request, r, &error);
		return;
	}
	require(request.method);
	try_params(&request);
	if (!request.id)
		return;
	error_set(&error, -EBUSY, "`%s`", request.method);
	require_answer(&request, CALL_CODE_BUSY, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_rpc_message_ struct rpc_message message = {};
	_cleanup_error_ struct error error = {};

	int r = rpc_parse((const char *)data, size, &message, &error);
	if (r < 0) {
		const struct rpc_request nobody = {.id = json_null()};

		require(!message.json && (r == CALL_CODE_PARSE || r == CALL_CODE_REQUEST));
		require_answer(&nobody, r, &error);
		return 0;
	}
	require(message.count > 0 && message.count <= RPC_BATCH_MOST);
	while (message.next < message.count)
		try_request(&message);
	return 0;
}
