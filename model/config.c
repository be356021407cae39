// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/config.h"

/* A search key may be a bare config_name's text: all named things have it at the same place. */
static int config_check_compare(const void *name, const void *item)
{
	return strcmp(name, ((const struct config_check *)item)->name.text);
}

static int config_pool_compare(const void *name, const void *item)
{
	return strcmp(name, ((const struct config_pool *)item)->name.text);
}

static int config_service_compare(const void *name, const void *item)
{
	return strcmp(name, ((const struct config_service *)item)->name.text);
}

static int config_router_compare(const void *name, const void *item)
{
	return strcmp(name, ((const struct config_router *)item)->name.text);
}

const struct config_check *config_find_check(const struct config *config, const char *name)
{
	return name ? vector_find(&config->checks, name, config_check_compare) : NULL;
}

const struct config_pool *config_find_pool(const struct config *config, const char *name)
{
	return name ? vector_find(&config->pools, name, config_pool_compare) : NULL;
}

const struct config_service *config_find_service(const struct config *config, const char *name)
{
	return name ? vector_find(&config->services, name, config_service_compare) : NULL;
}

const struct config_router *config_find_router(const struct config *config, const char *name)
{
	return name ? vector_find(&config->routers, name, config_router_compare) : NULL;
}

const struct config_destination_list *config_destinations(const struct config *config,
	const struct config_service *service, const struct config_pool **pool)
{
	const struct config_pool *found = config_find_pool(config, service->pool);

	if (pool)
		*pool = found;
	return found ? &found->destinations : &service->destinations;
}

void config_clear(struct config *config)
{
	vector_clear(&config->checks);
	vector_clear(&config->pools);
	vector_clear(&config->services);
	vector_clear(&config->routers);
	vector_clear(&config->dpdk.ports);
	arena_clear(&config->arena);
	*config = (struct config){};
}
