// SPDX-License-Identifier: GPL-2.0-or-later
/* One call: its method found, its caller's right and its parameters checked, its answer written.
 *
 * An answer goes into the client's queue as text as soon as the method gives it; of one in pieces only the head, and
 * client.c asks for the next piece when the client has taken what was there. A notification runs like any request, and what it
 * answers is dropped. */
#include "daemon/call_run.h"

#include <assert.h>
#include <string.h>

#include "base/suggest.h"
#include "daemon/json_text.h"
#include "reconciler/json_form.h"

struct engine *call_engine(struct call *call)
{
	return call->context->engine;
}

const char *call_by(const struct call *call)
{
	return call->context->by;
}

bool call_is_root(const struct call *call)
{
	return call->context->root;
}

static const json_t *call_value(const struct call *call, const char *name)
{
	for (size_t i = 0; i < METHOD_PARAMS_MOST && call->method->params[i].name; i++)
		if (strcmp(call->method->params[i].name, name) == 0)
			return call->values[i];
	return NULL;
}

const char *call_text(const struct call *call, const char *name)
{
	return json_string_value(call_value(call, name));
}

bool call_flag(const struct call *call, const char *name)
{
	return rpc_flag(call_value(call, name));
}

uint64_t call_duration(const struct call *call, const char *name)
{
	return rpc_duration(call_value(call, name));
}

/* Answers. Each marks the call as answered: a method does so once. */

static bool call_answers(struct call *call, enum call_state state)
{
	assert(call->state == CALL_STATE_OPEN);
	call->state = state;
	return call->request.id != NULL;
}

void call_reply(struct call *call, json_t *result)
{
	if (call_answers(call, CALL_STATE_DONE)) {
		rpc_write_head(call->text, call->request.id);
		strbuf_add(call->text, ",\"result\":");
		json_text_tree(call->text, result);
		strbuf_add_char(call->text, '}');
	}
	json_decref(result);
}

void call_fail(struct call *call, int code, const struct error *error)
{
	call->failed = true;
	if (call_answers(call, CALL_STATE_DONE))
		rpc_write_error(call->text, call->request.id, code, error);
}

void call_stream(struct call *call, bool (*next)(void *data, struct strbuf *text),
	void (*finish)(void *data), void *data)
{
	if (!call_answers(call, CALL_STATE_STREAMING)) {
		call->state = CALL_STATE_DONE;
		finish(data);
		return;
	}
	call->next = next;
	call->finish = finish;
	call->data = data;
	rpc_write_head(call->text, call->request.id);
	strbuf_add(call->text, ",\"result\":");
}

void call_subscribe(struct call *call)
{
	call->subscribes = true;
}

const struct method *call_find_method(const char *name, struct error *error)
{
	char quoted[JSON_FORM_QUOTE_SIZE];
	struct suggest suggest = {};

	for (size_t i = 0; i < method_count; i++) {
		if (strcmp(methods[i]->name, name) == 0)
			return methods[i];
		suggest_offer(&suggest, name, methods[i]->name);
	}
	error_set(error, CALL_CODE_METHOD, "there is no method `%s`: %s%s%s",
		json_form_quote(name, quoted),
		suggest.best ? "did you mean `" : "`help` lists them",
		suggest.best ? suggest.best : "", suggest.best ? "`?" : "");
	return NULL;
}

static int call_check(struct call *call, struct error *error)
{
	call->method = call_find_method(call->request.method, error);
	if (!call->method)
		return CALL_CODE_METHOD;
	if (call->method->writes && !call->context->root)
		return error_set(error, CALL_CODE_PERMISSION, "permission: `%s` is root's",
			call->method->name);
	return rpc_bind(call->method, call->request.params, call->values, error);
}

void call_begin(struct call *call, const struct call_context *context,
	const struct rpc_request *request, struct strbuf *text)
{
	_cleanup_error_ struct error error = {};

	*call = (struct call){.context = context, .request = *request, .text = text};
	int r = call_check(call, &error);
	call->ran = r == 0;
	if (call->ran)
		call->method->run(call);
	else
		call_fail(call, r, &error);
	assert(call->state != CALL_STATE_OPEN);
	call->text = NULL;
}

bool call_continue(struct call *call, struct strbuf *text)
{
	if (call->next(call->data, text))
		return true;
	strbuf_add_char(text, '}');
	call_end(call);
	return false;
}

void call_end(struct call *call)
{
	if (call->state != CALL_STATE_STREAMING)
		return;
	call->state = CALL_STATE_DONE;
	call->finish(call->data);
}
