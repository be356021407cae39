// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel may answer about IPVS: a datagram of netlink messages, each given to each decoder. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/ipvs/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_service(const struct nlmsghdr *message)
{
	struct service service;

	if (ipvs_decode_service(message, &service) < 0)
		return;
	assert(memchr(service.attributes.scheduler, '\0', SCHEDULER_NAME_SIZE));
	assert(memchr(service.attributes.engine, '\0', ENGINE_NAME_SIZE));
	assert(service.key.kind < SERVICE_KIND_COUNT);
	assert(address_size(service.key.address.family));
	assert(service.attributes.persistent || !service.attributes.persistence_timeout);
	assert(service.destinations.count == 0);
}

static void check_destination(const struct nlmsghdr *message, uint16_t family)
{
	struct destination destination;

	if (ipvs_decode_destination(message, family, &destination) < 0)
		return;
	assert(address_size(destination.key.address.family));
	assert(destination.attributes.forward <= FORWARD_METHOD_COUNT);
	assert(destination.attributes.tunnel_type <= TUNNEL_TYPE_COUNT);
	assert(destination.attributes.tunnel_checksum <= TUNNEL_CHECKSUM_COUNT);
}

static void check_message(void *context, const struct ipvs_reply *reply)
{
	struct sync_daemon daemon;
	struct timeouts timeouts;
	uint16_t family;

	(void)context;
	assert(reply->code <= 0);
	if (reply->kind != IPVS_REPLY_DATA)
		return;
	check_service(reply->message);
	check_destination(reply->message, AF_INET);
	check_destination(reply->message, AF_INET6);
	if (ipvs_decode_daemon(reply->message, &daemon) == 0)
		assert(memchr(daemon.interface, '\0', INTERFACE_NAME_SIZE));
	ipvs_decode_timeouts(reply->message, &timeouts);
	ipvs_decode_family(reply->message, &family);
	ipvs_decode_announcement(reply->message, "IPVS");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Aligned, and of exactly this size. */
	_cleanup_free_ void *copy = memory_new(size ? size : 1);

	if (size)
		memcpy(copy, data, size);
	int count = ipvs_decode_datagram(copy, size, check_message, NULL);
	assert(count >= 0 || count == -EBADMSG);
	return 0;
}
