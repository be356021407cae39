// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole configuration: names, references, listeners; model/validate_service.c has services and
 * their destinations, model/validate_globals.c has ipvs, model/validate_dpdk.c dpdk, model/validate_check.c checks
 * and programs. */
#include "model/validate.h"

#include <stdio.h>

#include "base/suggest.h"

void validate_error(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const char *hint, const char *format,
	...)
{
	va_list arguments;

	va_start(arguments, format);
	_cleanup_free_ char *message = memory_vprintf(format, arguments);
	va_end(arguments);
	report_error(validate->decode->report,
		decode_key_place(validate->decode, mapping, object, key), hint, "%s", message);
}

void validate_warning(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const char *hint, const char *format,
	...)
{
	va_list arguments;

	va_start(arguments, format);
	_cleanup_free_ char *message = memory_vprintf(format, arguments);
	va_end(arguments);
	report_warning(validate->decode->report,
		decode_key_place(validate->decode, mapping, object, key), hint, "%s", message);
}

const char *validate_backend(const struct validate *validate)
{
	return validate->config->backend == CONFIG_BACKEND_DPDK ? "the data plane" : "IPVS";
}

bool validate_say_once(struct validate *validate, const struct config_destination *destination)
{
	uint32_t mark = destination->object.mark;

	if (!validate->said) {
		validate->said_count = validate->decode->marks.count;
		validate->said = memory_new(validate->said_count);
	}
	bool said = validate->said[mark];
	validate->said[mark] = true;
	return !said;
}

bool validate_may_suggest(struct validate *validate, size_t count)
{
	if (report_is_full(validate->decode->report) ||
		validate->suggested >= VALIDATE_SUGGEST_LIMIT)
		return false;
	validate->suggested += count;
	return true;
}

static void validate_check_reference(struct validate *validate, const struct config_name *name)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	if (validate->incomplete || config_find_check(validate->config, name->text))
		return;
	if (validate_may_suggest(validate, validate->config->checks.count))
		vector_foreach(&validate->config->checks, check)
			suggest_offer(&suggest, name->text, check->name.text);
	report_error(validate->decode->report, decode_place(validate->decode, name->mark),
		decode_hint(suggest.best, hint), "there is no check `%s`", name->text);
}

/* Quadratic in at most CONFIG_CHECKS_MOST of them. */
void validate_check_references(struct validate *validate, const struct config_name_list *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct config_name *name = &names->items[i];
		size_t first = 0;

		while (strcmp(names->items[first].text, name->text) != 0)
			first++;
		if (first == i)
			validate_check_reference(validate, name);
		else
			report_error(validate->decode->report,
				decode_place(validate->decode, name->mark), NULL,
				"the check `%s` is named twice", name->text);
	}
}

char *validate_first_at(const struct validate *validate, uint32_t mark)
{
	struct strbuf hint = {};

	strbuf_add(&hint, "first at ");
	report_add_place(validate->decode->report, decode_place(validate->decode, mark), &hint);
	return strbuf_take(&hint);
}

/* Two things of one name and kind lie next to each other, the first one first. */
static void validate_name(struct validate *validate, const char *kind,
	const struct config_name *before, const struct config_name *name)
{
	if (!before || strcmp(before->text, name->text) != 0)
		return;
	_cleanup_free_ char *hint = validate_first_at(validate, before->mark);
	report_error(validate->decode->report, decode_place(validate->decode, name->mark), hint,
		"the %s `%s` stands here a second time", kind, name->text);
}

static void validate_names(struct validate *validate)
{
	const struct config_name *before = NULL;

	vector_foreach(&validate->config->checks, check) {
		validate_name(validate, "check", before, &check->name);
		before = &check->name;
	}
	before = NULL;
	vector_foreach(&validate->config->pools, pool) {
		validate_name(validate, "pool", before, &pool->name);
		before = &pool->name;
	}
	before = NULL;
	vector_foreach(&validate->config->services, service) {
		validate_name(validate, "service", before, &service->name);
		before = &service->name;
	}
	before = NULL;
	vector_foreach(&validate->config->routers, router) {
		validate_name(validate, "virtual router", before, &router->name);
		before = &router->name;
	}
}

struct validate_listener {
	const struct config_listener *listener;
	const struct config_service *service;
};

static int validate_listener_compare(const void *a, const void *b)
{
	const struct validate_listener *left = a, *right = b;
	int order = service_key_compare(&left->listener->key, &right->listener->key);

	return order ? order : COMPARE(left->listener->mark, right->listener->mark);
}

static void validate_same_listener(struct validate *validate,
	const struct validate_listener *before, const struct validate_listener *listener)
{
	_cleanup_free_ char *first = validate_first_at(validate, before->listener->mark);
	_cleanup_free_ char *hint =
		memory_printf("%s, in the service `%.70s`", first, before->service->name.text);
	char text[SERVICE_KEY_TEXT_SIZE];

	report_error(validate->decode->report,
		decode_place(validate->decode, listener->listener->mark), hint,
		"the listener %s stands here a second time",
		service_key_format(&listener->listener->key, text));
}

/* The same listener twice, anywhere. */
static void validate_listeners(struct validate *validate)
{
	struct {
		VECTOR_OF(struct validate_listener);
	} listeners = {};

	vector_foreach(&validate->config->services, service) {
		vector_foreach(&service->listen, listener)
			vector_push(&listeners, ((struct validate_listener){listener, service}));
	}
	vector_sort(&listeners, validate_listener_compare);
	for (size_t i = 1; i < listeners.count; i++)
		if (service_key_compare(&listeners.items[i - 1].listener->key,
			    &listeners.items[i].listener->key) == 0)
			validate_same_listener(
				validate, &listeners.items[i - 1], &listeners.items[i]);
	vector_clear(&listeners);
}

static void validate_pool(struct validate *validate, const struct config_pool *pool, bool used)
{
	if (!used && !validate->decode->report->diagnostics->errors)
		report_warning(validate->decode->report,
			decode_place(validate->decode, pool->name.mark), NULL,
			"no service uses the pool `%s`", pool->name.text);
	validate_check_references(validate, &pool->rules.check);
	validate_tunnel(validate, &pool->rules.tunnel);
	validate_destinations(validate, &pool->destinations);
}

static void validate_pools(struct validate *validate)
{
	const struct config *config = validate->config;
	_cleanup_free_ bool *used = memory_new(config->pools.count);

	vector_foreach(&config->services, service) {
		const struct config_pool *pool = config_find_pool(config, service->pool);

		if (pool)
			used[pool - config->pools.items] = true;
	}
	vector_foreach(&config->pools, pool)
		validate_pool(validate, pool, used[pool - config->pools.items]);
}

void validate_config(struct validate *validate)
{
	const struct config *config = validate->config;

	validate_names(validate);
	vector_foreach(&config->checks, check) {
		if (!(check->object.set & CONFIG_OBJECT_BROKEN))
			validate_check(validate, check);
	}
	validate_routers(validate);
	validate_ipvs(validate, &config->ipvs);
	validate_dpdk(validate);
	validate_pools(validate);
	validate_listeners(validate);
	vector_foreach(&config->services, service)
		validate_service(validate, service);
	validate_unused_checks(validate);
	/* Where a top key is wrong, that may be why. */
	if (!config->services.count && !config->allow_empty && !validate->incomplete &&
		!(config->object.set & CONFIG_OBJECT_BROKEN))
		report_error(validate->decode->report, (struct report_place){},
			"write `allow-empty: true` when that is what you want",
			"there is no service");
}

void validate_clear(struct validate *validate)
{
	free(validate->said);
	vector_clear(&validate->slots);
	vector_clear(&validate->held);
}
