// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules of JSON-RPC 2.0 come to here.
 *
 * An `id` goes back as it came: a text, a number (whole ones within 64 bits), or null. A request without one is a
 * notification. A batch is answered by one array in the order of its requests; an empty one is an error. Unknown members
 * of a request mean nothing, unknown parameters are errors.
 *
 * A parameter that is null was not given. A flag may be written "true" or "false" and a duration always is a text ("10m"),
 * so that words of a command line can be passed on as they are. */
#include "daemon/rpc.h"

#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "daemon/json_text.h"
#include "model/units.h"
#include "reconciler/json_form.h"
#include "reconciler/state_json.h"

#define RPC_VERSION "2.0"

/* An errno is less, whatever the kernel (MAX_ERRNO). */
#define RPC_ERRNO_LIMIT 4096

void rpc_message_clear(struct rpc_message *message)
{
	json_decref(message->json);
	*message = (struct rpc_message){};
}

int rpc_parse(const char *line, size_t size, struct rpc_message *ret, struct error *error)
{
	json_t *json = NULL;

	if (json_parse(line, size, &json, error) < 0)
		return CALL_CODE_PARSE;
	bool batch = json_is_array(json);
	size_t count = batch ? json_array_size(json) : 1;
	if (count == 0 || count > RPC_BATCH_MOST) {
		json_decref(json);
		return error_set(error, CALL_CODE_REQUEST,
			"a batch of %zu requests: it may have 1 to %d", count, RPC_BATCH_MOST);
	}
	*ret = (struct rpc_message){.json = json, .batch = batch, .count = count};
	return 0;
}

static bool is_id(const json_t *id)
{
	return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

static int check_request(const json_t *json, struct error *error)
{
	const char *version = json_string_value(json_object_get(json, "jsonrpc"));
	const json_t *id = json_object_get(json, "id");
	const json_t *params = json_object_get(json, "params");

	if (!json_is_object(json))
		return error_set(error, CALL_CODE_REQUEST, "a request is an object");
	if (!version || strcmp(version, RPC_VERSION) != 0)
		return error_set(error, CALL_CODE_REQUEST, "`jsonrpc` is not \"" RPC_VERSION "\"");
	if (id && !is_id(id))
		return error_set(error, CALL_CODE_REQUEST, "`id` is no text, number or null");
	if (!json_is_string(json_object_get(json, "method")))
		return error_set(error, CALL_CODE_REQUEST, "`method` is no text");
	if (params && !json_is_array(params) && !json_is_object(params))
		return error_set(error, CALL_CODE_REQUEST, "`params` is no array or object");
	return 0;
}

int rpc_next(struct rpc_message *message, struct rpc_request *ret, struct error *error)
{
	const json_t *json =
		message->batch ? json_array_get(message->json, message->next) : message->json;
	const json_t *id = json_object_get(json, "id");

	message->next++;
	int r = check_request(json, error);
	if (r < 0) {
		*ret = (struct rpc_request){.id = id && is_id(id) ? id : json_null()};
		return r;
	}
	*ret = (struct rpc_request){
		.id = id,
		.method = json_string_value(json_object_get(json, "method")),
		.params = json_object_get(json, "params"),
	};
	return 0;
}

/* Parameters */

struct rpc_type {
	const char *name;
	const char *wants;
	bool (*accepts)(const json_t *value);
};

static bool accepts_text(const json_t *value)
{
	return json_is_string(value);
}

static bool is_word(const json_t *value, const char *word)
{
	return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

static bool accepts_flag(const json_t *value)
{
	return json_is_boolean(value) || is_word(value, "true") || is_word(value, "false");
}

/* No time at all is none: to a method it would be as if nothing was said. */
static bool accepts_duration(const json_t *value)
{
	uint64_t duration = 0;

	return json_is_string(value) &&
	       units_parse_duration(json_string_value(value), &duration) == 0 && duration;
}

static const struct rpc_type rpc_types[] = {
	[METHOD_PARAM_TYPE_TEXT] = {"text", "a text", accepts_text},
	[METHOD_PARAM_TYPE_FLAG] = {"flag", "true or false", accepts_flag},
	[METHOD_PARAM_TYPE_DURATION] = {"duration",
		"a duration with its unit and above 0, like \"10m\"", accepts_duration},
};

const char *rpc_type_name(enum method_param_type type)
{
	return rpc_types[type].name;
}

bool rpc_flag(const json_t *value)
{
	return json_is_true(value) || is_word(value, "true");
}

uint64_t rpc_duration(const json_t *value)
{
	uint64_t duration = 0;

	if (json_is_string(value))
		units_parse_duration(json_string_value(value), &duration);
	return duration;
}

static size_t param_count(const struct method *method)
{
	size_t count = 0;

	while (count < METHOD_PARAMS_MOST && method->params[count].name)
		count++;
	return count;
}

/* The parameter's place in the table; -1 with words. */
static int param_find(const struct method *method, const char *name, struct error *error)
{
	char quoted[JSON_FORM_QUOTE_SIZE];
	struct suggest suggest = {};

	for (size_t i = 0; i < param_count(method); i++) {
		if (strcmp(method->params[i].name, name) == 0)
			return (int)i;
		suggest_offer(&suggest, name, method->params[i].name);
	}
	error_set(error, CALL_CODE_PARAMS, "`%s` has no parameter `%s`%s%s%s", method->name,
		json_form_quote(name, quoted), suggest.best ? ": did you mean `" : "",
		suggest.best ? suggest.best : "", suggest.best ? "`?" : "");
	return -1;
}

static int bind_one(const struct method *method, size_t place, const json_t *value,
	const json_t **values, struct error *error)
{
	const struct method_param *param = &method->params[place];

	if (json_is_null(value))
		return 0;
	if (!rpc_types[param->type].accepts(value))
		return error_set(error, CALL_CODE_PARAMS, "`%s` of `%s` is not %s", param->name,
			method->name, rpc_types[param->type].wants);
	values[place] = value;
	return 0;
}

static int bind_by_place(const struct method *method, const json_t *params, const json_t **values,
	struct error *error)
{
	size_t count = json_array_size(params), most = param_count(method);

	if (count > most)
		return error_set(error, CALL_CODE_PARAMS,
			"`%s` takes %zu parameter%s at most: %zu were given", method->name, most,
			most == 1 ? "" : "s", count);
	for (size_t i = 0; i < count; i++) {
		int r = bind_one(method, i, json_array_get(params, i), values, error);

		if (r < 0)
			return r;
	}
	return 0;
}

static int bind_by_name(const struct method *method, const json_t *params, const json_t **values,
	struct error *error)
{
	const char *name;
	json_t *value;

	/* The iterator only reads; jansson's macro wants an object that may be written. */
	json_object_foreach((json_t *)params, name, value)
	{
		int place = param_find(method, name, error);
		int r = place < 0 ? CALL_CODE_PARAMS
				  : bind_one(method, (size_t)place, value, values, error);

		if (r < 0)
			return r;
	}
	return 0;
}

int rpc_bind(const struct method *method, const json_t *params,
	const json_t *values[static METHOD_PARAMS_MOST], struct error *error)
{
	int r = 0;

	for (size_t i = 0; i < METHOD_PARAMS_MOST; i++)
		values[i] = NULL;
	if (json_is_array(params))
		r = bind_by_place(method, params, values, error);
	else if (params)
		r = bind_by_name(method, params, values, error);
	for (size_t i = 0; r == 0 && i < param_count(method); i++)
		if (method->params[i].required && !values[i])
			r = error_set(error, CALL_CODE_PARAMS, "`%s` needs `%s`: %s", method->name,
				method->params[i].name, method->params[i].help);
	return r;
}

/* Answers */

void rpc_write_head(struct strbuf *text, const json_t *id)
{
	strbuf_add(text, "{\"jsonrpc\":\"" RPC_VERSION "\",\"id\":");
	json_text_tree(text, id);
}

void rpc_write_error(struct strbuf *text, const json_t *id, int code, const struct error *error)
{
	bool is_errno = code > -RPC_ERRNO_LIMIT;
	const char *name = is_errno ? strerrorname_np(-code) : NULL;
	const char *words = is_errno ? error_text(error, code) : error->text;

	rpc_write_head(text, id);
	strbuf_printf(text, ",\"error\":{\"code\":%d", is_errno ? CALL_CODE_FAILED : code);
	json_text_member_string(text, "message", words ? words : "refused");
	if (name) {
		strbuf_add(text, ",\"data\":{");
		json_text_member_string(text, "errno", name);
		strbuf_add_char(text, '}');
	}
	strbuf_add(text, "}}");
}
