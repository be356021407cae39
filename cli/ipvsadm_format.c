// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm_format.h"

#include <stdio.h>

/* ipvsadm's numbers are signed. */
#define NUMBER_LIMIT INT32_MAX

/* "-t 203.0.113.10:80", "-f 7 -6" */
static void format_service_key(const struct service_key *key, struct strbuf *text)
{
	static const char *const options[SERVICE_KIND_COUNT] = {
		[SERVICE_KIND_TCP] = "-t",
		[SERVICE_KIND_UDP] = "-u",
		[SERVICE_KIND_SCTP] = "--sctp-service",
		[SERVICE_KIND_FWMARK] = "-f",
	};
	bool ipv6 = key->address.family == AF_INET6;
	char literal[ADDRESS_LENGTH];

	if (key->kind == SERVICE_KIND_FWMARK)
		strbuf_printf(text, "%s %u%s", options[key->kind], key->fwmark, ipv6 ? " -6" : "");
	else
		strbuf_printf(text, ipv6 ? "%s [%s]:%u" : "%s %s:%u", options[key->kind],
			address_format(&key->address, literal), key->port);
}

static const char *flag_name(const char *scheduler, uint32_t flag)
{
	bool sh = strcmp(scheduler, "sh") == 0, mh = strcmp(scheduler, "mh") == 0;

	switch (flag) {
	case SCHEDULER_FLAG_1:
		return sh ? "sh-fallback" : mh ? "mh-fallback" : "flag-1";
	case SCHEDULER_FLAG_2:
		return sh ? "sh-port" : mh ? "mh-port" : "flag-2";
	default:
		return "flag-3";
	}
}

static void format_scheduler(const struct service_attributes *attributes, struct strbuf *text)
{
	const char *separator = " -b ";

	strbuf_printf(text, " -s %s", attributes->scheduler);
	for (uint32_t flag = SCHEDULER_FLAG_1; flag <= SCHEDULER_FLAG_3; flag <<= 1) {
		if (!(attributes->scheduler_flags & flag))
			continue;
		strbuf_printf(text, "%s%s", separator, flag_name(attributes->scheduler, flag));
		separator = ",";
	}
}

static void format_persistence(
	uint16_t family, const struct service_attributes *attributes, struct strbuf *text)
{
	uint32_t mask = attributes->netmask;

	if (!attributes->persistent)
		return;
	strbuf_printf(text, " -p %u", attributes->persistence_timeout);
	if (mask == service_netmask(family, address_bits(family)))
		return;
	if (family == AF_INET6)
		strbuf_printf(text, " -M %u", mask);
	else
		strbuf_printf(text, " -M %u.%u.%u.%u", mask >> 24, mask >> 16 & 255,
			mask >> 8 & 255, mask & 255);
}

static void format_service(const struct service *service, struct strbuf *text)
{
	const struct service_attributes *attributes = &service->attributes;

	strbuf_add(text, "-A ");
	format_service_key(&service->key, text);
	format_scheduler(attributes, text);
	format_persistence(service->key.address.family, attributes, text);
	if (attributes->one_packet)
		strbuf_add(text, " -o");
	if (*attributes->engine)
		strbuf_printf(text, " --pe %s", attributes->engine);
	strbuf_add_char(text, '\n');
}

static void format_tunnel(const struct destination_attributes *attributes, struct strbuf *text)
{
	static const char *const checksums[TUNNEL_CHECKSUM_COUNT] = {
		[TUNNEL_CHECKSUM_NONE] = " --tun-nocsum",
		[TUNNEL_CHECKSUM_FULL] = " --tun-csum",
		[TUNNEL_CHECKSUM_REMOTE] = " --tun-remcsum",
	};

	if (attributes->forward != FORWARD_METHOD_TUNNEL ||
		attributes->tunnel_type == TUNNEL_TYPE_IPIP)
		return;
	strbuf_printf(text, " --tun-type %s", tunnel_type_name(attributes->tunnel_type));
	if (attributes->tunnel_port)
		strbuf_printf(text, " --tun-port %u", attributes->tunnel_port);
	strbuf_add(text, checksums[attributes->tunnel_checksum]);
}

/* Why ipvsadm cannot say this destination, or NULL. */
static const char *destination_obstacle(
	const struct service_key *service, const struct destination *destination)
{
	const struct destination_attributes *attributes = &destination->attributes;

	if (attributes->forward > FORWARD_METHOD_TUNNEL)
		return "ipvsadm has no option for its forwarding method";
	if (attributes->forward != FORWARD_METHOD_NAT && service->kind != SERVICE_KIND_FWMARK &&
		destination->key.port != service->port)
		return "ipvsadm gives it the port of the service unless it is masqueraded";
	if (attributes->weight > NUMBER_LIMIT || attributes->upper_threshold > NUMBER_LIMIT ||
		attributes->lower_threshold > NUMBER_LIMIT)
		return "a weight or threshold is above ipvsadm's 2147483647";
	return NULL;
}

static void format_destination(const struct service_key *service,
	const struct destination *destination, struct strbuf *text, struct ipvsadm_losses *losses)
{
	static const char methods[] = {
		[FORWARD_METHOD_NAT] = 'm',
		[FORWARD_METHOD_DIRECT] = 'g',
		[FORWARD_METHOD_TUNNEL] = 'i',
	};
	const struct destination_attributes *attributes = &destination->attributes;
	const char *obstacle = destination_obstacle(service, destination);
	char literal[ADDRESS_LENGTH], endpoint[ADDRESS_ENDPOINT_LENGTH];
	char listener[SERVICE_KEY_TEXT_SIZE];

	if (obstacle) {
		ipvsadm_lose(losses, 0, "destination %s of %s left out: %s",
			destination_key_format(&destination->key, endpoint),
			service_key_format(service, listener), obstacle);
		return;
	}
	strbuf_add(text, "-a ");
	format_service_key(service, text);
	/* The port always: without one, ipvsadm takes the service's. */
	address_format(&destination->key.address, literal);
	strbuf_printf(text,
		destination->key.address.family == AF_INET6 ? " -r [%s]:%u -%c -w %u"
							    : " -r %s:%u -%c -w %u",
		literal, destination->key.port, methods[attributes->forward], attributes->weight);
	if (attributes->upper_threshold)
		strbuf_printf(text, " -x %u", attributes->upper_threshold);
	if (attributes->lower_threshold)
		strbuf_printf(text, " -y %u", attributes->lower_threshold);
	format_tunnel(attributes, text);
	strbuf_add_char(text, '\n');
}

static void format_timeouts(const struct timeouts *timeouts, struct strbuf *text)
{
	uint32_t tcp = timeouts->tcp_set ? timeouts->tcp : 0;
	uint32_t tcp_fin = timeouts->tcp_fin_set ? timeouts->tcp_fin : 0;
	uint32_t udp = timeouts->udp_set ? timeouts->udp : 0;

	/* 0 keeps what is there. */
	if (tcp || tcp_fin || udp)
		strbuf_printf(text, "--set %u %u %u\n", tcp, tcp_fin, udp);
}

static void format_sync(const struct sync_daemon *daemon, struct strbuf *text)
{
	char group[ADDRESS_LENGTH];

	strbuf_printf(text,
		"--start-daemon %s --mcast-interface %s --syncid %u --mcast-group %s "
		"--mcast-port %u --mcast-ttl %u",
		daemon->role == SYNC_ROLE_ACTIVE ? "master" : "backup", daemon->interface,
		daemon->id, address_format(&daemon->group, group), daemon->port, daemon->ttl);
	if (daemon->max_length)
		strbuf_printf(text, " --sync-maxlen %u", daemon->max_length);
	strbuf_add_char(text, '\n');
}

void ipvsadm_format(const struct state *state, struct strbuf *text, struct ipvsadm_losses *losses)
{
	vector_foreach(&state->services, service) {
		format_service(service, text);
		vector_foreach(&service->destinations, destination)
			format_destination(&service->key, destination, text, losses);
	}
	format_timeouts(&state->timeouts, text);
	vector_foreach(&state->sync, daemon)
		format_sync(daemon, text);
	vector_foreach(&state->sysctls, sysctl)
		ipvsadm_lose(losses, 0,
			"sysctl %s = %s left out: it goes into sysctl.d, as net.ipv4.vs.%s",
			sysctl->name, sysctl->value, sysctl->name);
}
