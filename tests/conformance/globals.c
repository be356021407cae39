// SPDX-License-Identifier: GPL-2.0-or-later
/* Timeouts, sync daemons, sysctls. */
#include <errno.h>
#include <stdio.h>

#include "tests/conformance/conformance.h"

static void expect_timeouts(struct fixture *fixture, uint32_t tcp, uint32_t tcp_fin, uint32_t udp)
{
	_cleanup_state_ struct state found = {};

	fixture_read(fixture, NULL, &found);
	expect(fixture,
		found.timeouts.tcp_set && found.timeouts.tcp_fin_set && found.timeouts.udp_set,
		"a timeout is missing");
	expect(fixture,
		found.timeouts.tcp == tcp && found.timeouts.tcp_fin == tcp_fin &&
			found.timeouts.udp == udp,
		"found %u %u %u", found.timeouts.tcp, found.timeouts.tcp_fin, found.timeouts.udp);
}

static void timeouts(struct fixture *fixture)
{
	struct plan_op op = {.verb = PLAN_VERB_UPDATE, .object = PLAN_OBJECT_TIMEOUTS};

	expect_timeouts(fixture, 900, 120, 300);
	op.timeouts.after = (struct timeouts){.tcp_fin_set = true, .tcp_fin = 77};
	queue_op(fixture, &op);
	run_queue(fixture);
	expect_done(fixture);
	expect_timeouts(fixture, 900, 77, 300);
	op.timeouts.after = (struct timeouts){.tcp_set = true,
		.tcp = 1000,
		.tcp_fin_set = true,
		.tcp_fin = 20,
		.udp_set = true,
		.udp = 86400};
	queue_op(fixture, &op);
	run_queue(fixture);
	expect_done(fixture);
	expect_timeouts(fixture, 1000, 20, 86400);
}

static struct sysctl *find_sysctl(const struct state *state, const char *name)
{
	vector_foreach(&state->sysctls, sysctl)
		if (strcmp(sysctl->name, name) == 0)
			return sysctl;
	return NULL;
}

static struct plan_op sysctl_op(const char *name, const char *value)
{
	struct plan_op op = {.verb = PLAN_VERB_UPDATE, .object = PLAN_OBJECT_SYSCTL};

	snprintf(op.sysctl.name, sizeof(op.sysctl.name), "%s", name);
	snprintf(op.sysctl.after, sizeof(op.sysctl.after), "%s", value);
	return op;
}

static void sysctls(struct fixture *fixture)
{
	_cleanup_state_ struct state found = {};
	struct plan_op ops[] = {
		sysctl_op("expire_nodest_conn", "1"),
		sysctl_op("expire_quiescent_template", "1"),
		sysctl_op("sync_threshold", "4 60"),
		sysctl_op("nonesuch", "1"),
		sysctl_op("drop_entry", "3"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		queue_op(fixture, &ops[i]);
	run_queue(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		if (i == 3)
			expect_result(fixture, i, BACKEND_RESULT_FAILED, -ENOENT,
				"this kernel has no net/ipv4/vs/nonesuch");
		else
			expect_result(fixture, i, BACKEND_RESULT_DONE, 0, NULL);
	fixture_read(fixture, NULL, &found);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++) {
		const struct sysctl *sysctl = find_sysctl(&found, ops[i].sysctl.name);

		expect(fixture,
			i == 3 ? !sysctl
			       : sysctl && strcmp(sysctl->value, ops[i].sysctl.after) == 0,
			"%s is %s", ops[i].sysctl.name, sysctl ? sysctl->value : "not there");
	}
	for (size_t i = 1; i < found.sysctls.count; i++)
		expect(fixture,
			sysctl_compare(&found.sysctls.items[i - 1], &found.sysctls.items[i]) < 0,
			"sysctls are out of order at %zu", i);
}

static void sysctl_names(struct fixture *fixture)
{
	struct plan_op ops[] = {
		sysctl_op("../ip_forward", "0"),
		sysctl_op("..", "0"),
		sysctl_op("", "0"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		queue_op(fixture, &ops[i]);
	run_queue(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		expect_result(fixture, i, BACKEND_RESULT_FAILED, -EINVAL, "no name of a sysctl");
}

static void make_interface(struct fixture *fixture)
{
	if (fixture->kernel)
		expect(fixture,
			system("ip link add sync0 type dummy && ip link set sync0 multicast on up "
			       "&& "
			       "ip addr add 198.51.100.1/24 dev sync0 && "
			       "ip addr add 2001:db8:9::1/64 dev sync0 nodad") == 0,
			"no interface for the sync daemon");
}

static struct plan_op sync_op(enum plan_verb verb, enum sync_role role)
{
	struct plan_op op = {.verb = verb, .object = PLAN_OBJECT_SYNC};
	struct sync_daemon daemon = {.role = role, .interface = "sync0", .id = 5};

	if (verb != PLAN_VERB_DELETE)
		op.sync.after = daemon;
	if (verb != PLAN_VERB_ADD)
		op.sync.before = daemon;
	return op;
}

static void expect_daemons(struct fixture *fixture, const struct sync_daemon *daemons, size_t count)
{
	_cleanup_state_ struct state found = {};

	fixture_read(fixture, NULL, &found);
	expect(fixture, found.sync.count == count, "%zu daemons", found.sync.count);
	for (size_t i = 0; i < MIN(count, found.sync.count); i++) {
		const struct sync_daemon *is = &found.sync.items[i];
		char group[ADDRESS_LENGTH];

		expect(fixture, sync_daemon_equal(is, &daemons[i]),
			"found %s %s id %u group %s port %u ttl %u length %u",
			sync_role_name(is->role), is->interface, is->id,
			address_format(&is->group, group), is->port, is->ttl, is->max_length);
	}
}

/* Both roles, every attribute, replaced and stopped. */
static void sync_daemons(struct fixture *fixture)
{
	struct plan_op active = sync_op(PLAN_VERB_ADD, SYNC_ROLE_ACTIVE);
	struct plan_op backup = sync_op(PLAN_VERB_ADD, SYNC_ROLE_BACKUP);
	struct sync_daemon expected[2];

	make_interface(fixture);
	address_parse("224.1.2.3", &active.sync.after.group);
	active.sync.after.port = 9000;
	active.sync.after.ttl = 7;
	active.sync.after.max_length = 1000;
	address_parse("ff05::81", &backup.sync.after.group);
	backup.sync.after.port = 9001;
	backup.sync.after.ttl = 3;
	backup.sync.after.max_length = 1200;
	backup.sync.after.id = 0;
	queue_op(fixture, &active);
	queue_op(fixture, &backup);
	run_queue(fixture);
	expect_done(fixture);
	expected[0] = active.sync.after;
	expected[1] = backup.sync.after;
	expect_daemons(fixture, expected, 2);
	active.verb = PLAN_VERB_REPLACE;
	active.sync.after.id = 255;
	queue_op(fixture, &active);
	run_queue(fixture);
	expect_done(fixture);
	expected[0].id = 255;
	expect_daemons(fixture, expected, 2);
	/* An add of what runs otherwise replaces it; of what runs so, leaves it. */
	active.verb = PLAN_VERB_ADD;
	active.sync.after.ttl = 9;
	queue_op(fixture, &active);
	queue_op(fixture, &active);
	run_queue(fixture);
	expect_done(fixture);
	expected[0].ttl = 9;
	expect_daemons(fixture, expected, 2);
	active = sync_op(PLAN_VERB_DELETE, SYNC_ROLE_ACTIVE);
	queue_op(fixture, &active);
	queue_op(fixture, &active);
	run_queue(fixture);
	expect_done(fixture);
	expect_daemons(fixture, &expected[1], 1);
}

/* What is not said is the kernel's to choose, and comes back. */
static void sync_defaults(struct fixture *fixture)
{
	struct plan_op active = sync_op(PLAN_VERB_ADD, SYNC_ROLE_ACTIVE);
	struct sync_daemon expected = active.sync.after;

	make_interface(fixture);
	queue_op(fixture, &active);
	queue_op(fixture, &active);
	run_queue(fixture);
	expect_done(fixture);
	address_parse("224.0.0.81", &expected.group);
	expected.port = 8848;
	expected.ttl = 1;
	expected.max_length = 1472;
	expect_daemons(fixture, &expected, 1);
}

static void sync_and_crossing(struct fixture *fixture)
{
	struct plan_op active = sync_op(PLAN_VERB_ADD, SYNC_ROLE_ACTIVE);
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct plan_op crossing = {
		.verb = PLAN_VERB_ADD,
		.object = PLAN_OBJECT_DESTINATION,
		.service = key,
		.destination = {.key = endpoint_of("[2001:db8:1::1]:80"),
			.after = {.weight = 1, .forward = FORWARD_METHOD_TUNNEL}},
	};

	make_interface(fixture);
	queue_op(fixture, &active);
	run_queue(fixture);
	expect_done(fixture);
	queue_op(fixture, &crossing);
	run_queue(fixture);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -EINVAL, "sync daemon");
	fixture_compare(fixture);
	active = sync_op(PLAN_VERB_DELETE, SYNC_ROLE_ACTIVE);
	queue_op(fixture, &active);
	queue_op(fixture, &crossing);
	active = sync_op(PLAN_VERB_ADD, SYNC_ROLE_ACTIVE);
	queue_op(fixture, &active);
	run_queue(fixture);
	expect_result(fixture, 1, BACKEND_RESULT_DONE, 0, NULL);
	expect_result(fixture, 2, BACKEND_RESULT_FAILED, -EINVAL, "address");
}

static struct plan_op port_address_op(
	enum plan_verb verb, const char *port, const char *address, uint8_t length)
{
	struct plan_op op = {.verb = verb,
		.object = PLAN_OBJECT_PORT_ADDRESS,
		.port_address.after.length = length};

	snprintf(op.port_address.key.port, sizeof(op.port_address.key.port), "%s", port);
	address_parse(address, &op.port_address.key.address);
	return op;
}

static struct plan_op route_op(
	enum plan_verb verb, const char *to, const char *via, const char *port)
{
	struct plan_op op = {.verb = verb, .object = PLAN_OBJECT_ROUTE};

	data_route_key_parse(to, &op.route.key);
	address_parse(via, &op.route.after.via);
	snprintf(op.route.after.port, sizeof(op.route.after.port), "%s", port);
	return op;
}

/* The addresses and routes that these operations add, in the order of their keys, and no others. */
static void expect_ways(
	struct fixture *fixture, const struct plan_op *ops, size_t addresses, size_t routes)
{
	_cleanup_state_ struct state found = {};

	fixture_read(fixture, NULL, &found);
	expect(fixture, found.ports.count == 2 && strcmp(found.ports.items[1].name, "wan") == 0,
		"%zu ports", found.ports.count);
	expect(fixture, found.port_addresses.count == addresses && found.routes.count == routes,
		"%zu addresses, %zu routes", found.port_addresses.count, found.routes.count);
	for (size_t i = 0; i < MIN(addresses, found.port_addresses.count); i++, ops++) {
		const struct port_address *is = &found.port_addresses.items[i];

		expect(fixture,
			port_address_key_compare(&is->key, &ops->port_address.key) == 0 &&
				port_address_attributes_equal(
					&is->attributes, &ops->port_address.after),
			"address %zu is another", i);
	}
	for (size_t i = 0; i < MIN(routes, found.routes.count); i++, ops++) {
		const struct data_route *is = &found.routes.items[i];

		expect(fixture,
			data_route_key_compare(&is->key, &ops->route.key) == 0 &&
				data_route_attributes_equal(&is->attributes, &ops->route.after),
			"route %zu is another", i);
	}
}

static void run_ways(struct fixture *fixture, const struct plan_op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		queue_op(fixture, &ops[i]);
	run_queue(fixture);
}

static void ways(struct fixture *fixture)
{
	struct plan_op ops[] = {
		port_address_op(PLAN_VERB_ADD, "lan", "10.0.0.2", 8),
		port_address_op(PLAN_VERB_ADD, "wan", "203.0.113.2", 24),
		port_address_op(PLAN_VERB_ADD, "wan", "2001:db8::2", 64),
		route_op(PLAN_VERB_ADD, "0.0.0.0/0", "203.0.113.1", "wan"),
		route_op(PLAN_VERB_ADD, "172.16.0.0/12", "", "lan"),
		route_op(PLAN_VERB_ADD, "::/0", "2001:db8::1", "wan"),
	};
	const struct plan_op changes[] = {
		port_address_op(PLAN_VERB_UPDATE, "wan", "203.0.113.2", 25),
		route_op(PLAN_VERB_ADD, "0.0.0.0/0", "203.0.113.9", "wan"),
		route_op(PLAN_VERB_DELETE, "::/0", "", ""),
		route_op(PLAN_VERB_DELETE, "::/0", "", ""),
	};

	run_ways(fixture, ops, ARRAY_LENGTH(ops));
	expect_done(fixture);
	expect_ways(fixture, ops, 3, 3);
	run_ways(fixture, ops, ARRAY_LENGTH(ops));
	expect_done(fixture);
	run_ways(fixture, changes, ARRAY_LENGTH(changes));
	expect_done(fixture);
	ops[1] = changes[0];
	ops[3] = changes[1];
	expect_ways(fixture, ops, 3, 2);
}

static void ways_refused(struct fixture *fixture)
{
	const struct plan_op ops[] = {
		port_address_op(PLAN_VERB_ADD, "dmz", "203.0.113.2", 24),
		port_address_op(PLAN_VERB_UPDATE, "wan", "203.0.113.2", 24),
		route_op(PLAN_VERB_ADD, "0.0.0.0/0", "", "dmz"),
		route_op(PLAN_VERB_UPDATE, "0.0.0.0/0", "", "wan"),
		route_op(PLAN_VERB_DELETE, "0.0.0.0/0", "", "wan"),
	};

	run_ways(fixture, ops, ARRAY_LENGTH(ops));
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ENODEV, "no such port");
	expect_result(fixture, 1, BACKEND_RESULT_FAILED, -ENOENT, "gone");
	expect_result(fixture, 2, BACKEND_RESULT_FAILED, -ENODEV, "no such port");
	expect_result(fixture, 3, BACKEND_RESULT_FAILED, -ENOENT, "gone");
	expect_result(fixture, 4, BACKEND_RESULT_DONE, 0, NULL);
	expect_ways(fixture, NULL, 0, 0);
}

const struct conformance_case global_cases[] = {
	{.name = "globals: timeouts", .run = timeouts, .needs = CONFORMANCE_NEED_TIMEOUTS},
	{.name = "globals: sysctls", .run = sysctls, .needs = CONFORMANCE_NEED_SYSCTLS},
	{.name = "globals: names of sysctls", .run = sysctl_names, .kernel_only = true},
	{.name = "globals: sync daemons", .run = sync_daemons, .needs = CONFORMANCE_NEED_SYNC},
	{.name = "globals: sync daemon with the kernel's values",
		.run = sync_defaults,
		.needs = CONFORMANCE_NEED_SYNC},
	{.name = "globals: sync daemons and crossing families",
		.run = sync_and_crossing,
		.needs = CONFORMANCE_NEED_SYNC},
	{.name = "globals: addresses and routes", .run = ways, .needs = CONFORMANCE_NEED_ROUTES},
	{.name = "globals: addresses and routes that cannot be",
		.run = ways_refused,
		.needs = CONFORMANCE_NEED_ROUTES},
	{},
};
