// SPDX-License-Identifier: GPL-2.0-or-later
/* Every attribute of a service and of a destination goes in and comes back. */
#include <errno.h>
#include <stdio.h>

#include "tests/conformance/conformance.h"

static void kinds_and_families(struct fixture *fixture)
{
	static const char *const listens[] = {
		"tcp://192.0.2.1:80",
		"udp://192.0.2.1:53",
		"sctp://192.0.2.1:36412",
		"fwmark://7",
		"tcp://[2001:db8::1]:80",
		"udp://[2001:db8::1]:53",
		"sctp://[2001:db8::1]:36412",
		"fwmark6://7",
		"fwmark://4294967295",
		"tcp://192.0.2.1:1",
		"tcp://192.0.2.1:65535",
		"tcp://255.255.255.254:80",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(listens); i++) {
		if (!fixture_has(fixture, listens[i]))
			continue;
		struct service_key key = add_service(fixture, listens[i], NULL);
		bool ipv6 = key.address.family == AF_INET6;

		add_destination(fixture, &key, ipv6 ? "[2001:db8:1::1]:8080" : "10.0.0.1:8080");
		add_destination(fixture, &key, ipv6 ? "[2001:db8:1::2]:80" : "10.0.0.2:80");
	}
	run_and_compare(fixture);
}

/* Debian builds its kernels without `twos`; poise-dataplane has neither that nor those that look for locality or schedule
 * nothing. What is not there must be told in words. */
static bool may_lack(const struct fixture *fixture, const char *scheduler)
{
	static const char *const others[] = {"lblc", "lblcr", "none"};

	for (size_t i = 0; fixture->dataplane && i < ARRAY_LENGTH(others); i++)
		if (strcmp(scheduler, others[i]) == 0)
			return true;
	return strcmp(scheduler, "twos") == 0;
}

static void schedulers(struct fixture *fixture)
{
	int port = 1000;

	for (const char *const *name = scheduler_names; *name; name++) {
		char listen[64];

		snprintf(listen, sizeof(listen), "tcp://192.0.2.1:%d", port++);
		struct service_key key = add_service(fixture, listen, *name);
		add_destination(fixture, &key, "10.0.0.1:80");
		add_destination(fixture, &key, "10.0.0.2:80");
		run_queue(fixture);
		if (may_lack(fixture, *name) && fixture->results[0].code == -ENOENT) {
			expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ENOENT,
				fixture->dataplane
					? "is not available: poise-dataplane has rr, wrr, "
					: "scheduler `twos` is not available: modprobe ip_vs_twos");
			queue_service(fixture, PLAN_VERB_DELETE, &key, NULL);
			run_queue(fixture);
		}
		expect_done(fixture);
	}
	fixture_compare(fixture);
}

static void scheduler_change(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", "wrr");
	struct service_attributes attributes = plain_service(&key);

	add_destination(fixture, &key, "10.0.0.1:80");
	run_and_compare(fixture);
	snprintf(attributes.scheduler, sizeof(attributes.scheduler), "mh");
	attributes.scheduler_flags = SCHEDULER_FLAG_MH_FALLBACK | SCHEDULER_FLAG_MH_PORT;
	queue_service(fixture, PLAN_VERB_UPDATE, &key, &attributes);
	fixture->queue.items[0].disruptive = true;
	run_and_compare(fixture);
}

static void scheduler_flags(struct fixture *fixture)
{
	for (uint32_t flags = 0; flags < 8; flags++) {
		char listen[64];

		snprintf(listen, sizeof(listen), "tcp://192.0.2.1:%u", 1000 + flags);
		struct service_key key = key_of(listen);
		struct service_attributes attributes = plain_service(&key);

		snprintf(attributes.scheduler, sizeof(attributes.scheduler), "sh");
		attributes.scheduler_flags = flags;
		queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	}
	run_and_compare(fixture);
	/* And away again: an update replaces the flags. */
	struct service_key key = key_of("tcp://192.0.2.1:1007");
	struct service_attributes attributes = plain_service(&key);
	snprintf(attributes.scheduler, sizeof(attributes.scheduler), "sh");
	queue_service(fixture, PLAN_VERB_UPDATE, &key, &attributes);
	run_and_compare(fixture);
}

static void one_packet(struct fixture *fixture)
{
	struct service_key key = key_of("udp://192.0.2.1:53");
	struct service_attributes attributes = plain_service(&key);

	attributes.one_packet = true;
	queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	run_and_compare(fixture);
	attributes.one_packet = false;
	queue_service(fixture, PLAN_VERB_UPDATE, &key, &attributes);
	run_and_compare(fixture);
}

static void persistence(struct fixture *fixture)
{
	static const struct {
		const char *listen;
		uint32_t timeout;
		unsigned int prefix;
	} rows[] = {
		{"tcp://192.0.2.1:80", 300, 32},
		{"tcp://192.0.2.1:81", 1, 24},
		{"tcp://192.0.2.1:82", 86400, 1},
		{"tcp://192.0.2.1:0", 60, 32},
		{"tcp://[2001:db8::1]:80", 300, 128},
		{"tcp://[2001:db8::1]:81", 300, 64},
		{"tcp://[2001:db8::1]:82", 300, 1},
		{"fwmark://9", 300, 16},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (!fixture_has(fixture, rows[i].listen))
			continue;
		struct service_key key = key_of(rows[i].listen);
		struct service_attributes attributes = plain_service(&key);

		attributes.persistent = true;
		attributes.persistence_timeout = rows[i].timeout;
		attributes.netmask = service_netmask(key.address.family, rows[i].prefix);
		queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	}
	run_and_compare(fixture);
}

static void persistence_goes(struct fixture *fixture)
{
	struct service_key key = key_of("tcp://192.0.2.1:80");
	struct service_attributes attributes = plain_service(&key);

	attributes.persistent = true;
	attributes.persistence_timeout = 300;
	attributes.netmask = service_netmask(AF_INET, 24);
	queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	run_and_compare(fixture);
	attributes = plain_service(&key);
	queue_service(fixture, PLAN_VERB_UPDATE, &key, &attributes);
	run_and_compare(fixture);
}

static void engine(struct fixture *fixture)
{
	struct service_key key = key_of("udp://192.0.2.1:5060");
	struct service_attributes attributes = plain_service(&key);

	attributes.persistent = true;
	attributes.persistence_timeout = 300;
	snprintf(attributes.engine, sizeof(attributes.engine), "sip");
	queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	run_and_compare(fixture);
	*attributes.engine = '\0';
	queue_service(fixture, PLAN_VERB_UPDATE, &key, &attributes);
	run_and_compare(fixture);
	snprintf(attributes.engine, sizeof(attributes.engine), "sip");
	queue_service(fixture, PLAN_VERB_UPDATE, &key, &attributes);
	run_and_compare(fixture);
}

static void weights_and_thresholds(struct fixture *fixture)
{
	static const uint32_t weights[] = {0, 1, 100, 65535};
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", "wrr");

	for (uint32_t i = 0; i < ARRAY_LENGTH(weights); i++) {
		char text[64];

		snprintf(text, sizeof(text), "10.0.0.%u:80", i + 1);
		struct destination_key destination = endpoint_of(text);
		struct destination_attributes attributes = {
			.weight = weights[i],
			.upper_threshold = i * 1000,
			.lower_threshold = i * 900,
		};
		queue_destination(fixture, PLAN_VERB_ADD, &key, &destination, &attributes);
	}
	run_and_compare(fixture);
	struct destination_key first = endpoint_of("10.0.0.1:80");
	struct destination_attributes attributes = {
		.weight = 3, .upper_threshold = 1000000, .lower_threshold = 5};
	queue_destination(fixture, PLAN_VERB_UPDATE, &key, &first, &attributes);
	run_and_compare(fixture);
}

static void forwarding(struct fixture *fixture)
{
	static const enum forward_method methods[] = {
		FORWARD_METHOD_NAT, FORWARD_METHOD_DIRECT, FORWARD_METHOD_TUNNEL};
	struct service_key ipv4 = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct service_key ipv6 = add_service(fixture, "tcp://[2001:db8::1]:80", NULL);

	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
		struct destination_attributes attributes = {.weight = 1, .forward = methods[i]};
		char text[64];

		snprintf(text, sizeof(text), "10.0.0.%zu:80", i + 1);
		struct destination_key destination = endpoint_of(text);
		queue_destination(fixture, PLAN_VERB_ADD, &ipv4, &destination, &attributes);
		snprintf(text, sizeof(text), "[2001:db8:1::%zu]:80", i + 1);
		destination = endpoint_of(text);
		queue_destination(fixture, PLAN_VERB_ADD, &ipv6, &destination, &attributes);
	}
	run_and_compare(fixture);
}

static void tunnels(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	uint8_t host = 1;

	for (int type = 0; type < TUNNEL_TYPE_COUNT; type++) {
		int checksums = type == TUNNEL_TYPE_IPIP ? 1 : TUNNEL_CHECKSUM_COUNT;

		for (int checksum = 0; checksum < checksums; checksum++) {
			struct destination_attributes attributes = {
				.weight = 1,
				.forward = FORWARD_METHOD_TUNNEL,
				.tunnel_type = (enum tunnel_type)type,
				.tunnel_checksum = (enum tunnel_checksum)checksum,
				.tunnel_port = type == TUNNEL_TYPE_GUE ? 6080 : 0,
			};
			char text[64];

			snprintf(text, sizeof(text), "10.0.0.%u:80", host++);
			struct destination_key destination = endpoint_of(text);
			queue_destination(fixture, PLAN_VERB_ADD, &key, &destination, &attributes);
		}
	}
	run_and_compare(fixture);
}

/* gue, then nat, then direct, then gre: nothing of a tunnel may stay behind. */
static void tunnel_change(struct fixture *fixture)
{
	static const struct destination_attributes steps[] = {
		{.weight = 1,
			.forward = FORWARD_METHOD_TUNNEL,
			.tunnel_type = TUNNEL_TYPE_GUE,
			.tunnel_port = 5555,
			.tunnel_checksum = TUNNEL_CHECKSUM_REMOTE},
		{.weight = 1, .forward = FORWARD_METHOD_NAT},
		{.weight = 1, .forward = FORWARD_METHOD_DIRECT},
		{.weight = 1,
			.forward = FORWARD_METHOD_TUNNEL,
			.tunnel_type = TUNNEL_TYPE_GRE,
			.tunnel_checksum = TUNNEL_CHECKSUM_FULL},
		{.weight = 1, .forward = FORWARD_METHOD_TUNNEL},
	};
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct destination_key destination = endpoint_of("10.0.0.1:80");

	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		queue_destination(fixture, i ? PLAN_VERB_UPDATE : PLAN_VERB_ADD, &key, &destination,
			&steps[i]);
		run_and_compare(fixture);
	}
}

static void crossing_families(struct fixture *fixture)
{
	struct service_key ipv4 = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct service_key ipv6 = add_service(fixture, "tcp://[2001:db8::1]:80", NULL);
	struct destination_key far4 = endpoint_of("10.0.0.1:80");
	struct destination_key far6 = endpoint_of("[2001:db8:1::1]:80");
	struct destination_attributes tunnel = {.weight = 1, .forward = FORWARD_METHOD_TUNNEL};

	queue_destination(fixture, PLAN_VERB_ADD, &ipv4, &far6, &tunnel);
	queue_destination(fixture, PLAN_VERB_ADD, &ipv6, &far4, &tunnel);
	add_destination(fixture, &ipv4, "10.0.0.1:80");
	run_and_compare(fixture);
	/* Updated and deleted by its own family. */
	tunnel.weight = 5;
	queue_destination(fixture, PLAN_VERB_UPDATE, &ipv4, &far6, &tunnel);
	queue_destination(fixture, PLAN_VERB_DELETE, &ipv6, &far4, NULL);
	run_and_compare(fixture);
	/* By anything but a tunnel it cannot be. */
	struct plan_op op = {.verb = PLAN_VERB_ADD,
		.object = PLAN_OBJECT_DESTINATION,
		.service = ipv6,
		.destination = {.key = far4, .after = plain_destination()}};
	queue_op(fixture, &op);
	run_queue(fixture);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -EINVAL, "tunnel");
	fixture_compare(fixture);
}

const struct conformance_case attribute_cases[] = {
	{.name = "attributes: kinds and families", .run = kinds_and_families},
	{.name = "attributes: every scheduler", .run = schedulers},
	{.name = "attributes: a scheduler changes", .run = scheduler_change},
	{.name = "attributes: scheduler flags", .run = scheduler_flags},
	{.name = "attributes: one-packet", .run = one_packet},
	{.name = "attributes: persistence", .run = persistence},
	{.name = "attributes: persistence goes", .run = persistence_goes},
	{.name = "attributes: engine", .run = engine, .needs = CONFORMANCE_NEED_ENGINES},
	{.name = "attributes: weights and thresholds", .run = weights_and_thresholds},
	{.name = "attributes: forwarding methods", .run = forwarding},
	{.name = "attributes: tunnels", .run = tunnels},
	{.name = "attributes: a tunnel changes", .run = tunnel_change},
	{.name = "attributes: crossing families", .run = crossing_families},
	{},
};
