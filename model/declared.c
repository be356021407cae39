// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/declared.h"

#include <stdio.h>

#include "model/listen.h"
#include "model/units.h"

static uint32_t declared_scheduler_flags(const struct config_service *service)
{
	static const struct {
		uint32_t word;
		uint32_t flag;
	} meanings[] = {
		{CONFIG_SCHEDULER_FLAG_SH_FALLBACK, SCHEDULER_FLAG_SH_FALLBACK},
		{CONFIG_SCHEDULER_FLAG_SH_PORT, SCHEDULER_FLAG_SH_PORT},
		{CONFIG_SCHEDULER_FLAG_MH_FALLBACK, SCHEDULER_FLAG_MH_FALLBACK},
		{CONFIG_SCHEDULER_FLAG_MH_PORT, SCHEDULER_FLAG_MH_PORT},
		{CONFIG_SCHEDULER_FLAG_1, SCHEDULER_FLAG_1},
		{CONFIG_SCHEDULER_FLAG_2, SCHEDULER_FLAG_2},
		{CONFIG_SCHEDULER_FLAG_3, SCHEDULER_FLAG_3},
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(meanings); i++)
		if (service->scheduler_flags & meanings[i].word)
			flags |= meanings[i].flag;
	if (config_has(&service->object, CONFIG_SERVICE_SCHEDULER_FLAGS))
		return flags;
	/* Without it these two refuse the clients of a draining destination. */
	if (strcmp(service->scheduler, "sh") == 0)
		return SCHEDULER_FLAG_SH_FALLBACK;
	return strcmp(service->scheduler, "mh") == 0 ? SCHEDULER_FLAG_MH_FALLBACK : 0;
}

static struct service_attributes declared_attributes(
	const struct config_service *service, uint16_t family)
{
	const struct config_persistence *persistence = &service->persistence;
	struct service_attributes attributes = {
		.scheduler_flags = declared_scheduler_flags(service),
		.one_packet = service->one_packet,
		.persistent = config_has(&service->object, CONFIG_SERVICE_PERSISTENCE),
		.netmask = service_netmask(family, address_bits(family)),
	};

	snprintf(attributes.scheduler, sizeof(attributes.scheduler), "%s", service->scheduler);
	if (!attributes.persistent)
		return attributes;
	attributes.persistence_timeout = (uint32_t)(persistence->timeout / UNITS_SECOND);
	attributes.netmask = service_netmask(
		family, family == AF_INET6 ? persistence->prefix6 : persistence->prefix);
	if (persistence->engine)
		snprintf(attributes.engine, sizeof(attributes.engine), "%s", persistence->engine);
	return attributes;
}

static void declared_add_destinations(const struct config *config,
	const struct config_service *service, const struct config_listener *listener,
	struct declared_destination_vector *destinations)
{
	const struct config_pool *pool;
	const struct config_destination_list *list = config_destinations(config, service, &pool);

	vector_reserve(destinations, list->count);
	vector_foreach(list, destination) {
		if (!listen_takes(listener, destination))
			continue;
		struct config_rules rules = listen_rules(service, pool, destination);

		vector_push(destinations,
			((struct declared_destination){
				.key = listen_key(listener, destination),
				.attributes = listen_attributes(&rules),
				.drain = destination->state == CONFIG_DESTINATION_STATE_DRAIN,
				.check = rules.check,
			}));
	}
	vector_sort(destinations, destination_compare);
}

static void declared_add_services(const struct config *config, struct declared *declared)
{
	size_t count = 0;

	vector_foreach(&config->services, service)
		count += service->listen.count;
	vector_reserve(&declared->services, count);
	vector_foreach(&config->services, service) {
		vector_foreach(&service->listen, listener) {
			struct declared_service *item = vector_append(&declared->services);

			item->key = listener->key;
			item->attributes =
				declared_attributes(service, listener->key.address.family);
			item->name = service->name.text;
			item->drain = service->drain;
			declared_add_destinations(config, service, listener, &item->destinations);
		}
	}
	vector_sort(&declared->services, service_compare);
}

static void declared_add_sync(const struct config_ipvs *ipvs, struct declared *declared)
{
	vector_foreach(&ipvs->sync, sync) {
		struct sync_daemon *daemon = vector_append(&declared->sync);

		*daemon = (struct sync_daemon){
			.role = sync->role,
			.id = sync->id,
			.group = sync->group,
			.port = (uint16_t)sync->port,
			.ttl = (uint8_t)sync->ttl,
			.max_length = (uint16_t)sync->max_length,
		};
		snprintf(daemon->interface, sizeof(daemon->interface), "%s", sync->interface);
	}
	declared->sync_managed = config_has(&ipvs->object, CONFIG_IPVS_SYNC);
	vector_sort(&declared->sync, sync_daemon_compare);
}

static void declared_add_sysctls(const struct config_ipvs *ipvs, struct declared *declared)
{
	vector_foreach(&ipvs->sysctls, sysctl) {
		struct sysctl *item = vector_append(&declared->sysctls);

		snprintf(item->name, sizeof(item->name), "%s", sysctl->name);
		snprintf(item->value, sizeof(item->value), "%s", sysctl->value);
	}
	vector_sort(&declared->sysctls, sysctl_compare);
}

static struct timeouts declared_timeouts(const struct config_timeouts *timeouts)
{
	return (struct timeouts){
		.tcp_set = config_has(&timeouts->object, CONFIG_TIMEOUTS_TCP),
		.tcp_fin_set = config_has(&timeouts->object, CONFIG_TIMEOUTS_TCP_FIN),
		.udp_set = config_has(&timeouts->object, CONFIG_TIMEOUTS_UDP),
		.tcp = (uint32_t)(timeouts->tcp / UNITS_SECOND),
		.tcp_fin = (uint32_t)(timeouts->tcp_fin / UNITS_SECOND),
		.udp = (uint32_t)(timeouts->udp / UNITS_SECOND),
	};
}

void declared_from_config(const struct config *config, struct declared *ret)
{
	ret->backend = config->backend == CONFIG_BACKEND_DPDK ? "dpdk" : "ipvs";
	ret->prune = config->prune;
	ret->max_delete = config->max_delete;
	ret->checks = config->checks.count;
	ret->timeouts = declared_timeouts(&config->ipvs.timeouts);
	declared_add_services(config, ret);
	declared_add_sync(&config->ipvs, ret);
	declared_add_sysctls(&config->ipvs, ret);
}

const struct declared_service *declared_find_service(
	const struct declared *declared, const struct service_key *key)
{
	return vector_find(&declared->services, key, service_compare);
}

void declared_clear(struct declared *declared)
{
	vector_foreach(&declared->services, service)
		vector_clear(&service->destinations);
	vector_clear(&declared->services);
	vector_clear(&declared->sync);
	vector_clear(&declared->sysctls);
	*declared = (struct declared){};
}
