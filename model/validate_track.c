// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of what virtual routers track. */
#include <stdio.h>

#include "base/suggest.h"
#include "model/validate.h"

static bool validate_is_sound(const struct config_object *object)
{
	return !(object->set & CONFIG_OBJECT_BROKEN);
}

/* `key` of `object` is a weight, when it was written. */
static void validate_weight(struct validate *validate, const struct config_router *router,
	const struct schema_mapping *mapping, const struct config_object *object, unsigned int key,
	int32_t weight)
{
	if (!config_has(object, key) || !validate_is_sound(object))
		return;
	if (!weight)
		validate_error(validate, mapping, object, key,
			"leave `weight` out for what must not fail",
			"a weight of 0 changes nothing");
	else if (router->priority == CONFIG_PRIORITY_OWNER)
		validate_error(validate, mapping, object, key,
			"without `weight` it makes the router unfit when it fails",
			"the owner of the addresses has priority 255, whatever happens");
}

static void validate_tracked_route(struct validate *validate, const struct config_router *router,
	const struct config_tracked_route *route)
{
	validate_weight(validate, router, &schema_tracked_route, &route->object,
		CONFIG_TRACKED_ROUTE_WEIGHT, route->weight);
	if (validate_is_sound(&route->object))
		validate_network(validate, &schema_tracked_route, &route->object,
			CONFIG_TRACKED_ROUTE_TO, &route->to);
}

static void validate_tracked_script(struct validate *validate, const struct config_router *router,
	const struct config_tracked_script *script)
{
	validate_weight(validate, router, &schema_tracked_script, &script->object,
		CONFIG_TRACKED_SCRIPT_WEIGHT, script->weight);
	validate_program(validate, &schema_tracked_script, &script->object,
		CONFIG_TRACKED_SCRIPT_COMMAND, &script->command);
	if (script->user && strcmp(script->user, "root") == 0)
		validate_error(validate, &schema_tracked_script, &script->object,
			CONFIG_TRACKED_SCRIPT_USER, NULL, "no script is run as root");
	validate_user(validate, &schema_tracked_script, &script->object, CONFIG_TRACKED_SCRIPT_USER,
		script->user);
}

static void validate_tracked_service(struct validate *validate, const struct config_router *router,
	const struct config_tracked_service *service)
{
	const struct config *config = validate->config;
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	validate_weight(validate, router, &schema_tracked_service, &service->object,
		CONFIG_TRACKED_SERVICE_WEIGHT, service->weight);
	if (!service->name || validate->incomplete || config_find_service(config, service->name))
		return;
	if (validate_may_suggest(validate, config->services.count))
		vector_foreach(&config->services, other)
			suggest_offer(&suggest, service->name, other->name.text);
	validate_error(validate, &schema_tracked_service, &service->object,
		CONFIG_TRACKED_SERVICE_NAME, decode_hint(suggest.best, hint),
		"there is no service `%s`", service->name);
}

void validate_track(struct validate *validate, const struct config_router *router)
{
	const struct config_track *track = &router->track;

	vector_foreach(&track->interfaces, interface)
		validate_weight(validate, router, &schema_tracked_interface, &interface->object,
			CONFIG_TRACKED_INTERFACE_WEIGHT, interface->weight);
	vector_foreach(&track->routes, route)
		validate_tracked_route(validate, router, route);
	vector_foreach(&track->scripts, script)
		validate_tracked_script(validate, router, script);
	vector_foreach(&track->processes, process)
		validate_weight(validate, router, &schema_tracked_process, &process->object,
			CONFIG_TRACKED_PROCESS_WEIGHT, process->weight);
	vector_foreach(&track->files, file)
		validate_weight(validate, router, &schema_tracked_file, &file->object,
			CONFIG_TRACKED_FILE_WEIGHT, file->weight);
	vector_foreach(&track->services, service)
		validate_tracked_service(validate, router, service);
}
