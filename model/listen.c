// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/listen.h"

/* Picks the field of the innermost of destination and pool that has its key, else `otherwise`. */
#define LISTEN_PICK(key, field, otherwise)                                                         \
	(config_has(&destination->object, CONFIG_DESTINATION_##key)    ? destination->rules.field  \
		: pool && config_has(&pool->object, CONFIG_POOL_##key) ? pool->rules.field         \
								       : (otherwise))

struct config_rules listen_rules(const struct config_service *service,
	const struct config_pool *pool, const struct config_destination *destination)
{
	return (struct config_rules){
		.forward = LISTEN_PICK(FORWARD, forward, service->forward),
		.tunnel = LISTEN_PICK(TUNNEL, tunnel, service->tunnel),
		.weight = LISTEN_PICK(WEIGHT, weight, 1),
		.upper_threshold = LISTEN_PICK(UPPER_THRESHOLD, upper_threshold, 0),
		.lower_threshold = LISTEN_PICK(LOWER_THRESHOLD, lower_threshold, 0),
		.check = LISTEN_PICK(CHECK, check, service->check),
	};
}

const struct config_name_list *listen_checks(const struct config_service *service,
	const struct config_destination_list *list, const struct config_destination *destination,
	const struct config_rules *rules)
{
	return list == &service->fallback ? &destination->rules.check : &rules->check;
}

bool listen_takes(
	const struct config_listener *listener, const struct config_destination *destination)
{
	return destination->cross_family ||
	       destination->address.address.family == listener->key.address.family;
}

struct destination_key listen_key(
	const struct config_listener *listener, const struct config_destination *destination)
{
	uint16_t port = destination->address.port;

	return (struct destination_key){
		.address = destination->address.address, .port = port ? port : listener->key.port};
}

struct destination_attributes listen_attributes(const struct config_rules *rules)
{
	struct destination_attributes attributes = {
		.forward = (enum forward_method)rules->forward,
		.weight = rules->weight,
		.upper_threshold = rules->upper_threshold,
		.lower_threshold = rules->lower_threshold,
	};

	if (rules->forward != CONFIG_FORWARD_TUNNEL)
		return attributes;
	attributes.tunnel_type = rules->tunnel.type;
	attributes.tunnel_checksum = rules->tunnel.checksum;
	if (rules->tunnel.type == TUNNEL_TYPE_GUE)
		attributes.tunnel_port = (uint16_t)rules->tunnel.port;
	return attributes;
}

uint32_t listen_scheduler_flags(const struct config_service *service)
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
