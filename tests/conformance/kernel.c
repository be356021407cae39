// SPDX-License-Identifier: GPL-2.0-or-later
/* What only a kernel can do to its user: churn by others, a module that goes and comes, answers
 * that are lost, a privilege that is missing. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "backends/ipvs/encode.h"
#include "backends/ipvs/internal.h"
#include "tests/conformance/conformance.h"

#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netlink/socket.h>

enum {
	CHURN_STABLE = 60,
	CHURN_WIDE = 120,
	CHURN_OTHERS = 200,
	CHURN_READS = 200
};

/* A dump in parts of a page is wrong much more often than one in parts of 32 KiB. */
enum {
	CHURN_RECEIVE_SIZE = 4096
};

struct churn_counters {
	volatile unsigned long operations;
};

static struct plan_op churn_op(int i, bool destination, enum plan_verb verb)
{
	struct plan_op op = {.verb = verb, .object = PLAN_OBJECT_SERVICE};
	char listen[64];

	snprintf(listen, sizeof(listen), "tcp://198.51.100.1:%d", 1000 + i);
	op.service = key_of(listen);
	if (!destination) {
		op.attributes.after = plain_service(&op.service);
		return op;
	}
	op.object = PLAN_OBJECT_DESTINATION;
	op.destination.key = endpoint_of("10.9.9.9:80");
	op.destination.after = plain_destination();
	return op;
}

/* Another program: adds and deletes services as fast as the kernel lets it, for ever. */
static void churn(const struct backend_ops *ops, struct churn_counters *counters)
{
	struct backend *backend = NULL;
	struct plan_op batch[3 * 32];
	unsigned int seed = 1;

	if (ops->open(NULL, &backend, NULL) < 0)
		_exit(1);
	for (;;) {
		struct backend_result results[ARRAY_LENGTH(batch)] = {};

		for (size_t i = 0; i < ARRAY_LENGTH(batch); i += 3) {
			int which = rand_r(&seed) % CHURN_OTHERS;

			batch[i] = churn_op(which, false, PLAN_VERB_ADD);
			batch[i + 1] = churn_op(which, true, PLAN_VERB_ADD);
			batch[i + 2] =
				churn_op(rand_r(&seed) % CHURN_OTHERS, false, PLAN_VERB_DELETE);
		}
		ops->apply(backend, batch, ARRAY_LENGTH(batch), results, NULL);
		for (size_t i = 0; i < ARRAY_LENGTH(batch); i++)
			backend_result_clear(&results[i]);
		counters->operations += ARRAY_LENGTH(batch);
	}
}

static void queue_stable(struct fixture *fixture)
{
	for (int i = 0; i < CHURN_STABLE; i++) {
		char listen[64];
		/* One with more destinations than one part of a dump holds. */
		int destinations = i == 0 ? CHURN_WIDE : 3;

		snprintf(listen, sizeof(listen), "tcp://192.0.2.1:%d", 1000 + i);
		struct service_key key = add_service(fixture, listen, NULL);
		for (int j = 0; j < destinations; j++) {
			char text[64];

			snprintf(text, sizeof(text), "10.0.%d.%d:80", i, 1 + j);
			add_destination(fixture, &key, text);
		}
	}
	run_and_compare(fixture);
}

/* Leaves those of the churn out of what was read; duplicates are a failure. */
static void keep_stable(struct fixture *fixture, struct state *state)
{
	struct address stable;
	size_t kept = 0;

	address_parse("192.0.2.1", &stable);
	for (size_t i = 0; i < state->services.count; i++) {
		struct service *service = &state->services.items[i];

		expect(fixture, i == 0 || service_compare(service - 1, service) < 0,
			"service %zu is out of order, or twice there", i);
	}
	for (size_t i = 0; i < state->services.count; i++) {
		struct service *service = &state->services.items[i];

		if (address_equal(&service->key.address, &stable))
			state->services.items[kept++] = *service;
		else
			service_clear(service);
	}
	state->services.count = kept;
}

static void take_naively(void *context, size_t index, const struct nlmsghdr *message)
{
	struct service service;

	(void)index;
	if (ipvs_decode_service(message, &service) == 0)
		vector_push((struct service_vector *)context, service);
}

/* How many plain dumps lack a service that is there all the time: unless some do, the reads beside
 * them prove nothing. *dumps is how many were made: as many as the reads, more until one is wrong. */
static int count_wrong_dumps(struct fixture *fixture, int *dumps)
{
	struct ipvs_genl *genl = &ipvs_backend_of(fixture->backend)->genl;
	int wrong = 0;

	for (*dumps = 0; *dumps < CHURN_READS || (!wrong && *dumps < 20 * CHURN_READS); ++*dumps) {
		struct service_vector list = {};
		enum ipvs_dump_state state;
		bool all = true;

		ipvs_genl_dump(genl, ipvs_encode_plain(IPVS_CMD_GET_SERVICE, NLM_F_DUMP),
			take_naively, &list, &state);
		vector_sort(&list, service_compare);
		vector_foreach(&fixture->expected.services, service)
			all &= vector_find(&list, &service->key, service_compare) != NULL;
		wrong += !all;
		expect(fixture, all || state == IPVS_DUMP_PIECES, "a wrong dump is called exact");
		vector_clear(&list);
	}
	return wrong;
}

static void read_under_churn(struct fixture *fixture)
{
	struct churn_counters *counters = mmap(
		NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct service_key keys[CHURN_STABLE + 1];

	queue_stable(fixture);
	for (size_t i = 0; i < CHURN_STABLE; i++)
		keys[i] = fixture->expected.services.items[i].key;
	keys[CHURN_STABLE] = key_of("udp://192.0.2.1:1"); /* not there */
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		churn(fixture->ops, counters);
	expect(fixture,
		ipvs_genl_reconnect(&ipvs_backend_of(fixture->backend)->genl, CHURN_RECEIVE_SIZE) ==
			0,
		"no new connection");
	int dumps, wrong = count_wrong_dumps(fixture, &dumps);
	expect(fixture, wrong > 0, "no plain dump was wrong");
	double start = clock_ms();
	for (int i = 0; i < CHURN_READS && !fixture->failures; i++) {
		_cleanup_state_ struct state found = {};
		struct backend_scope scope = {
			.keys = keys, .count = CHURN_STABLE + 1, .only = i % 4 == 3};

		fixture_read(fixture, &scope, &found);
		keep_stable(fixture, &found);
		compare_services(fixture, "churn", &fixture->expected, &found, false);
	}
	double seconds = (clock_ms() - start) / 1e3;
	printf("     %d of %d plain dumps were wrong; %d reads in %.1f s beside %.0f operations a "
	       "second\n",
		wrong, dumps, CHURN_READS, seconds, (double)counters->operations / seconds);
	expect(fixture, counters->operations > 1000, "there was no churn: %lu operations",
		counters->operations);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(counters, sizeof(*counters));
}

/* Applies beside the churn: nothing of ours is lost, and every result is told. */
static void apply_under_churn(struct fixture *fixture)
{
	struct churn_counters *counters = mmap(
		NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	queue_stable(fixture);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		churn(fixture->ops, counters);
	for (uint32_t round = 0; round < 20 && !fixture->failures; round++) {
		vector_foreach(&fixture->expected.services, service) {
			struct destination *destination = &service->destinations.items[0];
			struct destination_attributes attributes = {.weight = 2 + round};

			queue_destination(fixture, PLAN_VERB_UPDATE, &service->key,
				&destination->key, &attributes);
		}
		run_queue(fixture);
		expect_done(fixture);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(counters, sizeof(*counters));
	_cleanup_state_ struct state found = {};
	fixture_read(fixture, NULL, &found);
	keep_stable(fixture, &found);
	compare_services(fixture, "after", &fixture->expected, &found, false);
}

/* Unloading has to wait for network namespaces that are still being taken down, and other tests may
 * have left services in the machine's own. */
static bool reload_module(void)
{
	double start = clock_ms();

	if (system("nsenter --target 1 --net ipvsadm --clear") != 0)
		return false;
	while (clock_ms() - start < 15000) {
		if (system("cd /sys/module/ip_vs/holders && for holder in *; do "
			   "[ -d $holder ] && rmmod $holder; done 2>/dev/null; "
			   "rmmod ip_vs 2>/dev/null") == 0)
			return system("modprobe ip_vs") == 0;
		usleep(100000);
	}
	return false;
}

static void module_reloaded(struct fixture *fixture)
{
	struct service_key lost = add_service(fixture, "tcp://192.0.2.1:80", "rr");

	add_destination(fixture, &lost, "10.0.0.1:80");
	run_and_compare(fixture);
	queue_service(fixture, PLAN_VERB_DELETE, &lost, NULL);
	run_and_compare(fixture);
	uint16_t before = ipvs_backend_of(fixture->backend)->genl.family;
	expect(fixture, reload_module(), "ip_vs cannot be reloaded");
	/* More than one window, deletes of what is gone among them. */
	for (int i = 0; i < 200; i++) {
		char listen[64];

		snprintf(listen, sizeof(listen), "tcp://192.0.2.1:%d", 1000 + i);
		struct service_key key = add_service(fixture, listen, NULL);
		add_destination(fixture, &key, "10.0.0.1:80");
	}
	queue_service(fixture, PLAN_VERB_DELETE, &lost, NULL);
	run_and_compare(fixture);
	uint16_t after = ipvs_backend_of(fixture->backend)->genl.family;
	expect(fixture, before != after, "the family's number is %u as before", after);
}

/* The first thing after a reload is a read, of each kind. */
static void module_reloaded_before_read(struct fixture *fixture)
{
	_cleanup_state_ struct state found = {}, only = {};
	struct service_key key = key_of("tcp://192.0.2.1:80");
	struct backend_scope scope = {.keys = &key, .count = 1, .only = true};

	expect(fixture, reload_module(), "ip_vs cannot be reloaded");
	fixture_read(fixture, NULL, &found);
	expect(fixture, found.services.count == 0, "%zu services", found.services.count);
	expect(fixture, reload_module(), "ip_vs cannot be reloaded");
	fixture_read(fixture, &scope, &only);
	expect(fixture, only.services.count == 0, "%zu services", only.services.count);
	expect(fixture, reload_module(), "ip_vs cannot be reloaded");
	add_service(fixture, "tcp://192.0.2.1:80", NULL);
	run_and_compare(fixture);
}

/* Whether the backend has something to tell within 10 s; what it says is in *said. */
static bool dispatches(struct fixture *fixture, int *said)
{
	struct pollfd wait = {.fd = fixture->ops->fd(fixture->backend), .events = POLLIN};

	if (poll(&wait, 1, 10000) != 1)
		return false;
	*said = fixture->ops->dispatch(fixture->backend);
	return true;
}

static void module_announced(struct fixture *fixture)
{
	int said = -1;

	/* What is IPVS's own to do is not announced. */
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	run_and_compare(fixture);
	/* A service holds the module. */
	queue_service(fixture, PLAN_VERB_DELETE, &key, NULL);
	run_and_compare(fixture);
	expect(fixture, fixture->ops->dispatch(fixture->backend) == 0, "something is announced");
	expect(fixture, reload_module(), "ip_vs cannot be reloaded");
	expect(fixture, dispatches(fixture, &said) && said == 1, "it says %d", said);
	expect(fixture, fixture->ops->dispatch(fixture->backend) == 0, "it says so twice");
}

/* Parts of a dump that do not fit the buffer: it grows, and the dump is made again. */
static void buffer_too_small(struct fixture *fixture)
{
	struct ipvs_genl *genl = &ipvs_backend_of(fixture->backend)->genl;

	queue_stable(fixture);
	expect(fixture, ipvs_genl_reconnect(genl, 1024) == 0, "no new connection");
	fixture_compare(fixture);
	expect(fixture, genl->receive_size > 1024, "the buffer is as it was");
}

/* The receive buffer is so small that most answers are dropped. */
static void answers_lost(struct fixture *fixture)
{
	int size = 1, fd = nl_socket_get_fd(ipvs_backend_of(fixture->backend)->genl.socket);
	struct service_key missing = key_of("tcp://192.0.2.9:80");

	expect(fixture, setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0,
		"the receive buffer cannot be made small");
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	for (int i = 0; i < 300; i++) {
		char text[64];

		snprintf(text, sizeof(text), "10.0.%d.%d:80", i / 200, 1 + i % 200);
		add_destination(fixture, &key, text);
	}
	run_and_compare(fixture);
	for (int i = 0; i < 300; i += 2) {
		char text[64];

		snprintf(text, sizeof(text), "10.0.%d.%d:80", i / 200, 1 + i % 200);
		struct destination_key destination = endpoint_of(text);
		queue_destination(fixture, PLAN_VERB_DELETE, &key, &destination, NULL);
	}
	queue_service(fixture, PLAN_VERB_DELETE, &missing, NULL);
	run_and_compare(fixture);
	/* A failure is still told. */
	for (int i = 0; i < 50; i++) {
		struct plan_op op = churn_op(i, true, PLAN_VERB_ADD);

		queue_op(fixture, &op);
	}
	run_queue(fixture);
	for (size_t i = 0; i < 50; i++)
		expect_result(fixture, i, BACKEND_RESULT_FAILED, -ESRCH, "service does not exist");
}

static void expect_open_fails(struct fixture *fixture, int code, const char *words)
{
	_cleanup_error_ struct error error = {};
	struct backend *backend = NULL;
	int got = fixture->ops->open(NULL, &backend, &error);

	expect(fixture, got == code, "code %d", got);
	expect(fixture, error.text && strstr(error.text, words), "it says: %s",
		error_text(&error, got));
	fixture->ops->close(backend);
}

static void no_privilege(struct fixture *fixture)
{
	fflush(NULL);
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		expect_open_fails(fixture, -EPERM, "CAP_NET_ADMIN");
		setenv("POISE_IPVS_TRANSPORT", "sockopt", 1);
		expect_open_fails(fixture, -EPERM, "CAP_NET_ADMIN");
		_exit(fixture->failures ? 1 : 0);
	}
	waitpid(child, &status, 0);
	expect(fixture, status == 0, "status %x", (unsigned int)status);
}

static void no_module(struct fixture *fixture)
{
	struct plan_op op = churn_op(0, false, PLAN_VERB_ADD);

	/* Neither loaded nor to be found: the kernel asks modprobe by this path. */
	expect(fixture, system("echo /bin/false > /proc/sys/kernel/modprobe") == 0,
		"no modprobe path");
	expect(fixture, reload_module(), "ip_vs cannot be reloaded");
	expect(fixture,
		system("cd /sys/module/ip_vs/holders && for holder in *; do "
		       "[ -d $holder ] && rmmod $holder; done; rmmod ip_vs") == 0,
		"ip_vs cannot be unloaded");
	expect_open_fails(fixture, -ENOENT, "ip_vs is not loaded: modprobe ip_vs");
	setenv("POISE_IPVS_TRANSPORT", "sockopt", 1);
	expect_open_fails(fixture, -ENOENT, "ip_vs is not loaded: modprobe ip_vs");
	fixture_first_transport();
	/* A backend that was open before. */
	queue_op(fixture, &op);
	queue_op(fixture, &op);
	run_queue(fixture);
	expect(fixture, fixture->status == -ENOTCONN, "status %d", fixture->status);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ENOTCONN, "modprobe ip_vs");
	_cleanup_state_ struct state found = {};
	_cleanup_error_ struct error error = {};
	int code = fixture->ops->read(fixture->backend, NULL, &found, &error);
	expect(fixture, code == -ENOTCONN && strstr(error.text, "modprobe ip_vs"), "read: %d",
		code);
	expect(fixture,
		system("echo /sbin/modprobe > /proc/sys/kernel/modprobe; modprobe ip_vs") == 0,
		"ip_vs cannot be loaded again");
}

static void open_sockopt(struct fixture *fixture)
{
	_cleanup_error_ struct error error = {};

	fixture->ops->close(fixture->backend);
	fixture->backend = NULL;
	setenv("POISE_IPVS_TRANSPORT", "sockopt", 1);
	int code = fixture->ops->open(NULL, &fixture->backend, &error);
	fixture_first_transport();
	if (code < 0) {
		fprintf(stderr, "sockopt: %s\n", error_text(&error, code));
		exit(1);
	}
}

/* Written by sockopt, read by sockopt and by netlink. */
static void sockopt_writes(struct fixture *fixture)
{
	struct service_key keys[3];
	struct destination_attributes heavy = {
		.weight = 7, .upper_threshold = 20, .lower_threshold = 10};
	struct destination_key destination = endpoint_of("10.0.0.1:8080");

	open_sockopt(fixture);
	keys[0] = add_service(fixture, "tcp://192.0.2.1:80", "sh");
	keys[1] = add_service(fixture, "udp://192.0.2.1:53", "rr");
	keys[2] = add_service(fixture, "fwmark://7", NULL);
	for (size_t i = 0; i < 3; i++) {
		add_destination(fixture, &keys[i], "10.0.0.1:8080");
		add_destination(fixture, &keys[i], "10.0.0.2:8080");
	}
	run_and_compare(fixture);
	for (size_t i = 0; i < 3; i++) {
		struct service_attributes attributes = plain_service(&keys[i]);

		attributes.persistent = true;
		attributes.persistence_timeout = 60;
		attributes.netmask = service_netmask(AF_INET, 24);
		queue_service(fixture, PLAN_VERB_UPDATE, &keys[i], &attributes);
		queue_destination(fixture, PLAN_VERB_ADD, &keys[i], &destination, &heavy);
	}
	run_and_compare(fixture);
	queue_service(fixture, PLAN_VERB_DELETE, &keys[1], NULL);
	queue_service(fixture, PLAN_VERB_DELETE, &keys[1], NULL);
	queue_destination(fixture, PLAN_VERB_DELETE, &keys[0], &destination, NULL);
	run_and_compare(fixture);
	_cleanup_state_ struct state only = {};
	struct backend_scope scope = {.keys = keys, .count = 2, .only = true};
	fixture_read(fixture, &scope, &only);
	expect(fixture, only.services.count == 1, "%zu services", only.services.count);
}

static void sockopt_refuses(struct fixture *fixture)
{
	struct service_key ipv6 = key_of("tcp://[2001:db8::1]:80");
	struct service_key key = key_of("udp://192.0.2.1:5060");
	struct plan_op op = {.verb = PLAN_VERB_ADD, .object = PLAN_OBJECT_SERVICE, .service = ipv6};

	open_sockopt(fixture);
	op.attributes.after = plain_service(&ipv6);
	queue_op(fixture, &op);
	op.service = key;
	op.attributes.after = plain_service(&key);
	op.attributes.after.persistent = true;
	snprintf(op.attributes.after.engine, sizeof(op.attributes.after.engine), "sip");
	queue_op(fixture, &op);
	struct plan_op tunnel = {.verb = PLAN_VERB_ADD,
		.object = PLAN_OBJECT_DESTINATION,
		.service = key_of("tcp://192.0.2.1:80"),
		.destination = {.key = endpoint_of("10.0.0.1:80"),
			.after = {
				.forward = FORWARD_METHOD_TUNNEL, .tunnel_type = TUNNEL_TYPE_GRE}}};
	queue_op(fixture, &tunnel);
	struct plan_op sync = {.verb = PLAN_VERB_ADD, .object = PLAN_OBJECT_SYNC};
	sync.sync.after = (struct sync_daemon){.interface = "lo", .ttl = 3};
	queue_op(fixture, &sync);
	run_queue(fixture);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -EOPNOTSUPP, "IPv4 only");
	expect_result(fixture, 1, BACKEND_RESULT_FAILED, -EOPNOTSUPP, "engine");
	expect_result(fixture, 2, BACKEND_RESULT_FAILED, -EOPNOTSUPP, "ipip");
	expect_result(fixture, 3, BACKEND_RESULT_FAILED, -EOPNOTSUPP, "sync daemon");
	fixture_compare(fixture);
}

/* Faults of sync daemons in the kernel's words. */
static void sync_errors(struct fixture *fixture)
{
	struct plan_op op = {.verb = PLAN_VERB_ADD, .object = PLAN_OBJECT_SYNC};

	op.sync.after = (struct sync_daemon){.interface = "nonesuch0", .id = 1};
	queue_op(fixture, &op);
	run_queue(fixture);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ENODEV, "no interface `nonesuch0`");
}

const struct conformance_case kernel_cases[] = {
	{.name = "kernel: reads under churn", .run = read_under_churn, .kernel_only = true},
	{.name = "kernel: applies under churn", .run = apply_under_churn, .kernel_only = true},
	{.name = "kernel: the buffer is too small", .run = buffer_too_small, .kernel_only = true},
	{.name = "kernel: answers are lost", .run = answers_lost, .kernel_only = true},
	{.name = "kernel: no privilege", .run = no_privilege, .kernel_only = true},
	{.name = "kernel: errors of sync daemons", .run = sync_errors, .kernel_only = true},
	{.name = "kernel: sockopt writes", .run = sockopt_writes, .kernel_only = true},
	{.name = "kernel: sockopt refuses", .run = sockopt_refuses, .kernel_only = true},
	{.name = "kernel: module reloaded before an apply",
		.run = module_reloaded,
		.kernel_only = true,
		.machine_only = true},
	{.name = "kernel: module reloaded before a read",
		.run = module_reloaded_before_read,
		.kernel_only = true,
		.machine_only = true},
	{.name = "kernel: module reloaded, and announced",
		.run = module_announced,
		.kernel_only = true,
		.machine_only = true},
	{.name = "kernel: no module", .run = no_module, .kernel_only = true, .machine_only = true},
	{},
};
