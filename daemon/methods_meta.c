// SPDX-License-Identifier: GPL-2.0-or-later
/* Of poised itself: `help`, `version`, `log-level`, `events`. */
#include "daemon/methods.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"
#include "daemon/call_run.h"
#include "daemon/json_text.h"
#include "reconciler/json_form.h"

/* Of all modules. */
#define META_COMMON "common"

static json_t *param_to_json(const struct method_param *param)
{
	return json_pack("{s:s, s:s, s:b, s:s?}", "name", param->name, "type",
		rpc_type_name(param->type), "required", (int)param->required, "help", param->help);
}

static json_t *method_to_json(const struct method *method)
{
	json_t *params = json_array();

	for (size_t i = 0; i < METHOD_PARAMS_MOST && method->params[i].name; i++)
		json_array_append_new(params, param_to_json(&method->params[i]));
	return json_pack("{s:s, s:s, s:b, s:o}", "name", method->name, "summary", method->summary,
		"writes", (int)method->writes, "params", params);
}

static void help_run(struct call *call)
{
	const char *name = call_text(call, "method");
	_cleanup_error_ struct error error = {};
	const struct method *one = name ? call_find_method(name, &error) : NULL;

	if (name && !one) {
		call_fail(call, CALL_CODE_PARAMS, &error);
		return;
	}
	json_t *list = json_array();
	for (size_t i = 0; i < method_count; i++)
		if (!one || one == methods[i])
			json_array_append_new(list, method_to_json(methods[i]));
	call_reply(call, json_pack("{s:o}", "methods", list));
}

static void version_run(struct call *call)
{
	/* The supervisor's, which signals are for. */
	call_reply(call, json_pack("{s:s, s:i}", "version", POISE_VERSION, "pid", (int)getppid()));
}

/* log-level */

static void add_level(void *data, const char *name, enum log_level level)
{
	json_object_set_new(data, name, json_string(log_level_name(level)));
}

static json_t *levels_to_json(void)
{
	json_t *levels = json_object();

	add_level(levels, META_COMMON, log_level_of(NULL));
	log_modules(add_level, levels);
	return json_pack("{s:o}", "levels", levels);
}

static int no_module(const char *module, struct error *error)
{
	char quoted[JSON_FORM_QUOTE_SIZE];

	return error_set(error, CALL_CODE_PARAMS,
		"there is no module `%s`: `log-level` without parameters lists them",
		json_form_quote(module, quoted));
}

/* With a level it writes; the table cannot say that. */
static int set_level(
	const struct call *call, const char *module, const char *name, struct error *error)
{
	char quoted[JSON_FORM_QUOTE_SIZE];
	int level = log_level_from_name(name);

	if (!call_is_root(call))
		return error_set(error, CALL_CODE_PERMISSION,
			"permission: `log-level` with a level is root's");
	if (level < 0)
		return error_set(error, CALL_CODE_PARAMS,
			"`%s` is no level: error, warning, notice, info or debug",
			json_form_quote(name, quoted));
	if (module && strcmp(module, META_COMMON) == 0)
		module = NULL;
	if (log_set_level(module, (enum log_level)level) < 0)
		return no_module(module, error);
	return 0;
}

struct level_found {
	const char *module;
	bool found;
};

static void find_level(void *data, const char *name, enum log_level level _unused_)
{
	struct level_found *found = data;

	found->found |= strcmp(name, found->module) == 0;
}

/* A single word is a level for all, or the module that is asked for. */
static int heed_word(const struct call *call, const char *word, struct error *error)
{
	struct level_found found = {.module = word, .found = strcmp(word, META_COMMON) == 0};

	if (log_level_from_name(word) >= 0)
		return set_level(call, NULL, word, error);
	log_modules(find_level, &found);
	return found.found ? 0 : no_module(word, error);
}

static void log_level_run(struct call *call)
{
	const char *module = call_text(call, "module"), *level = call_text(call, "level");
	_cleanup_error_ struct error error = {};
	int r = 0;

	if (level)
		r = set_level(call, module, level, &error);
	else if (module)
		r = heed_word(call, module, &error);
	if (r < 0)
		call_fail(call, r, &error);
	else
		call_reply(call, levels_to_json());
}

/* events */

static void events_run(struct call *call)
{
	call_subscribe(call);
	call_reply(call, json_pack("{s:s}", "message",
				 "events follow, a line each, until this connection is closed"));
}

const struct method method_help = {
	.name = "help",
	.summary = "what can be called, with which parameters",
	.params = {{"method", METHOD_PARAM_TYPE_TEXT, .help = "only this one"}},
	.run = help_run,
};

const struct method method_version = {
	.name = "version",
	.summary = "the version of poised, and its process",
	.run = version_run,
};

const struct method method_log_level = {
	.name = "log-level",
	.summary = "what is logged; with a level, which root may give, what is logged from now on",
	.params = {{"module", METHOD_PARAM_TYPE_TEXT,
			   .help = "only of this module; `" META_COMMON
				   "`: of all, and so is a level without a module"},
		{"level", METHOD_PARAM_TYPE_TEXT, .help = "error, warning, notice, info or debug"}},
	.run = log_level_run,
};

const struct method method_events = {
	.name = "events",
	.summary = "tell what happens from now on, as it happens",
	.run = events_run,
};
