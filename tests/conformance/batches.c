// SPDX-License-Identifier: GPL-2.0-or-later
/* Batches: what is there already, what is gone, what fails, what depends on it; scopes. */
#include <errno.h>
#include <stdio.h>

#include "tests/conformance/conformance.h"

static struct plan_op service_op(
	enum plan_verb verb, const struct service_key *key, const char *scheduler)
{
	struct plan_op op = {.verb = verb, .object = PLAN_OBJECT_SERVICE, .service = *key};

	op.attributes.after = plain_service(key);
	snprintf(op.attributes.after.scheduler, sizeof(op.attributes.after.scheduler), "%s",
		scheduler);
	return op;
}

static struct plan_op destination_op(
	enum plan_verb verb, const struct service_key *service, const char *text)
{
	return (struct plan_op){
		.verb = verb,
		.object = PLAN_OBJECT_DESTINATION,
		.service = *service,
		.destination = {.key = endpoint_of(text), .after = plain_destination()},
	};
}

static void empty(struct fixture *fixture)
{
	run_and_compare(fixture);
}

static void add_of_existing(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", "rr");
	struct destination_key destination = endpoint_of("10.0.0.1:80");
	struct destination_attributes heavy = {.weight = 50};
	struct service_attributes attributes = plain_service(&key);

	add_destination(fixture, &key, "10.0.0.1:80");
	add_destination(fixture, &key, "10.0.0.2:80");
	run_and_compare(fixture);
	/* One that differs and one that does not, of each kind. */
	queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	queue_destination(fixture, PLAN_VERB_ADD, &key, &destination, &heavy);
	add_destination(fixture, &key, "10.0.0.2:80");
	add_destination(fixture, &key, "10.0.0.3:80");
	run_and_compare(fixture);
	queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	run_and_compare(fixture);
}

static void delete_of_missing(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct service_key missing = key_of("tcp://192.0.2.2:80");
	struct destination_key destination = endpoint_of("10.0.0.1:80");

	run_and_compare(fixture);
	queue_destination(fixture, PLAN_VERB_DELETE, &key, &destination, NULL);
	queue_destination(fixture, PLAN_VERB_DELETE, &missing, &destination, NULL);
	queue_service(fixture, PLAN_VERB_DELETE, &missing, NULL);
	run_and_compare(fixture);
	queue_service(fixture, PLAN_VERB_DELETE, &key, NULL);
	queue_service(fixture, PLAN_VERB_DELETE, &key, NULL);
	run_and_compare(fixture);
}

static void delete_with_destinations(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);

	add_destination(fixture, &key, "10.0.0.1:80");
	add_destination(fixture, &key, "10.0.0.2:80");
	run_and_compare(fixture);
	queue_service(fixture, PLAN_VERB_DELETE, &key, NULL);
	run_and_compare(fixture);
	add_service(fixture, "tcp://192.0.2.1:80", NULL);
	run_and_compare(fixture);
}

static void update_of_missing(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct service_key missing = key_of("tcp://192.0.2.2:80");
	struct plan_op ops[] = {
		service_op(PLAN_VERB_UPDATE, &missing, "rr"),
		destination_op(PLAN_VERB_UPDATE, &key, "10.0.0.1:80"),
		destination_op(PLAN_VERB_UPDATE, &missing, "10.0.0.1:80"),
		destination_op(PLAN_VERB_ADD, &missing, "10.0.0.1:80"),
	};

	run_and_compare(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		queue_op(fixture, &ops[i]);
	run_queue(fixture);
	expect(fixture, fixture->status == 0, "apply: %d", fixture->status);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ESRCH, "gone");
	expect_result(fixture, 1, BACKEND_RESULT_FAILED, -ENOENT, "gone");
	expect_result(fixture, 2, BACKEND_RESULT_FAILED, -ESRCH, "service does not exist");
	expect_result(fixture, 3, BACKEND_RESULT_FAILED, -ESRCH, "service does not exist");
	fixture_compare(fixture);
}

static void unknown_scheduler(struct fixture *fixture)
{
	struct service_key bad = key_of("tcp://192.0.2.1:80");
	struct plan_op ops[] = {
		service_op(PLAN_VERB_ADD, &bad, "nonesuch"),
		destination_op(PLAN_VERB_ADD, &bad, "10.0.0.1:80"),
		destination_op(PLAN_VERB_ADD, &bad, "10.0.0.2:80"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		queue_op(fixture, &ops[i]);
	/* One failed object does not stop the others. */
	struct service_key good = add_service(fixture, "tcp://192.0.2.2:80", NULL);
	add_destination(fixture, &good, "10.0.0.1:80");
	run_queue(fixture);
	expect(fixture, fixture->status == 0, "apply: %d", fixture->status);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ENOENT,
		fixture->dataplane ? "scheduler `nonesuch` is not available: poise-dataplane has"
				   : "scheduler `nonesuch` is not available: modprobe "
				     "ip_vs_nonesuch");
	expect_result(fixture, 1, BACKEND_RESULT_SKIPPED, -ECANCELED, "service");
	expect_result(fixture, 2, BACKEND_RESULT_SKIPPED, -ECANCELED, "service");
	expect_result(fixture, 3, BACKEND_RESULT_DONE, 0, NULL);
	expect_result(fixture, 4, BACKEND_RESULT_DONE, 0, NULL);
	fixture_compare(fixture);
}

/* The failed service and its destinations are further apart than any window. */
static void skip_across_windows(struct fixture *fixture)
{
	struct service_key bad = key_of("tcp://192.0.2.1:80");
	struct plan_op op = service_op(PLAN_VERB_ADD, &bad, "nonesuch");

	queue_op(fixture, &op);
	for (int i = 0; i < 300; i++) {
		char listen[64];

		snprintf(listen, sizeof(listen), "tcp://192.0.2.2:%d", 1000 + i);
		add_service(fixture, listen, NULL);
	}
	for (int i = 0; i < 300; i++) {
		char text[64];

		snprintf(text, sizeof(text), "10.0.%d.%d:80", i / 200, 1 + i % 200);
		op = destination_op(PLAN_VERB_ADD, &bad, text);
		queue_op(fixture, &op);
	}
	run_queue(fixture);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ENOENT, "nonesuch");
	for (size_t i = 1; i <= 300; i++)
		expect_result(fixture, i, BACKEND_RESULT_DONE, 0, NULL);
	for (size_t i = 301; i <= 600; i++)
		expect_result(fixture, i, BACKEND_RESULT_SKIPPED, -ECANCELED, "service");
	fixture_compare(fixture);
}

static void unknown_engine(struct fixture *fixture)
{
	struct service_key key = key_of("udp://192.0.2.1:5060");
	struct plan_op op = service_op(PLAN_VERB_ADD, &key, "rr");

	op.attributes.after.persistent = true;
	op.attributes.after.persistence_timeout = 60;
	snprintf(op.attributes.after.engine, sizeof(op.attributes.after.engine), "nonesuch");
	queue_op(fixture, &op);
	/* Both are missing: the kernel stumbles over the scheduler first. */
	snprintf(op.attributes.after.scheduler, sizeof(op.attributes.after.scheduler), "absent");
	queue_op(fixture, &op);
	/* The engine is there, the scheduler is not. */
	snprintf(op.attributes.after.engine, sizeof(op.attributes.after.engine), "sip");
	queue_op(fixture, &op);
	run_queue(fixture);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ENOENT,
		"persistence engine `nonesuch` is not available: modprobe ip_vs_pe_nonesuch");
	expect_result(fixture, 1, BACKEND_RESULT_FAILED, -ENOENT, "scheduler `absent`");
	expect_result(fixture, 2, BACKEND_RESULT_FAILED, -ENOENT, "scheduler `absent`");
	fixture_compare(fixture);
}

static void bad_destinations(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct plan_op thresholds = destination_op(PLAN_VERB_ADD, &key, "10.0.0.1:80");
	struct plan_op port = destination_op(PLAN_VERB_ADD, &key, "10.0.0.2:80");

	run_and_compare(fixture);
	thresholds.destination.after.lower_threshold = 10;
	thresholds.destination.after.upper_threshold = 5;
	port.destination.after.forward = FORWARD_METHOD_TUNNEL;
	port.destination.after.tunnel_type = TUNNEL_TYPE_GUE;
	queue_op(fixture, &thresholds);
	queue_op(fixture, &port);
	run_queue(fixture);
	expect_result(fixture, 0, BACKEND_RESULT_FAILED, -ERANGE, "lower threshold");
	expect_result(fixture, 1, BACKEND_RESULT_FAILED, -EINVAL, "gue");
	fixture_compare(fixture);
}

static void mixed_order(struct fixture *fixture)
{
	struct service_key old = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct destination_key leaving = endpoint_of("10.0.0.1:80");

	add_destination(fixture, &old, "10.0.0.1:80");
	add_destination(fixture, &old, "10.0.0.2:80");
	run_and_compare(fixture);
	struct service_key new = add_service(fixture, "tcp://192.0.2.2:80", "rr");
	add_destination(fixture, &new, "10.0.0.1:80");
	struct service_attributes attributes = plain_service(&old);
	attributes.one_packet = true;
	queue_service(fixture, PLAN_VERB_UPDATE, &old, &attributes);
	queue_destination(fixture, PLAN_VERB_DELETE, &old, &leaving, NULL);
	snprintf(attributes.scheduler, sizeof(attributes.scheduler), "sed");
	queue_service(fixture, PLAN_VERB_UPDATE, &old, &attributes);
	fixture->queue.items[fixture->queue.count - 1].disruptive = true;
	queue_service(fixture, PLAN_VERB_DELETE, &new, NULL);
	run_and_compare(fixture);
}

static void scopes(struct fixture *fixture)
{
	_cleanup_state_ struct state only = {}, whole = {}, none = {}, bare = {};
	struct service_key keys[3];

	for (int i = 0; i < 20; i++) {
		char listen[64];

		snprintf(listen, sizeof(listen), "tcp://192.0.2.1:%d", 1000 + i);
		struct service_key key = add_service(fixture, listen, NULL);
		add_destination(fixture, &key, "10.0.0.1:80");
	}
	run_and_compare(fixture);
	keys[0] = key_of("tcp://192.0.2.1:999"); /* not there */
	keys[1] = key_of("tcp://192.0.2.1:1003");
	keys[2] = key_of("tcp://192.0.2.1:1017");
	struct backend_scope scope = {.keys = keys, .count = 3, .only = true};
	fixture_read(fixture, &scope, &only);
	expect(fixture, only.services.count == 2, "%zu services", only.services.count);
	for (size_t i = 0; i < MIN(only.services.count, (size_t)2); i++)
		expect(fixture,
			service_key_compare(&only.services.items[i].key, &keys[i + 1]) == 0 &&
				only.services.items[i].destinations.count == 1,
			"service %zu is wrong", i);
	expect(fixture, fixture->dataplane || (only.timeouts.tcp_set && only.timeouts.tcp),
		"globals are read all the same");
	scope.services_only = true;
	fixture_read(fixture, &scope, &bare);
	compare_services(fixture, "services only", &only, &bare, false);
	scope = (struct backend_scope){.keys = keys, .count = 3};
	fixture_read(fixture, &scope, &whole);
	compare_services(fixture, "scope", &fixture->expected, &whole, false);
	scope = (struct backend_scope){.only = true};
	fixture_read(fixture, &scope, &none);
	expect(fixture, none.services.count == 0, "%zu services", none.services.count);
}

enum {
	MANY_SERVICES = 1000,
	MANY_DESTINATIONS = 10
};

static void queue_many(struct fixture *fixture)
{
	for (int i = 0; i < MANY_SERVICES; i++) {
		char listen[64];

		snprintf(listen, sizeof(listen), "tcp://192.0.%d.%d:80", i / 250, 1 + i % 250);
		struct service_key key = add_service(fixture, listen, NULL);
		for (int j = 0; j < MANY_DESTINATIONS; j++) {
			char text[64];

			snprintf(text, sizeof(text), "10.%d.%d.%d:80", i / 250, 1 + i % 250, 1 + j);
			add_destination(fixture, &key, text);
		}
	}
}

static void many(struct fixture *fixture)
{
	_cleanup_state_ struct state whole = {}, only = {};
	_cleanup_free_ struct service_key *keys = memory_resize(NULL, MANY_SERVICES, sizeof(*keys));

	queue_many(fixture);
	double start = clock_ms();
	run_queue(fixture);
	double applied = clock_ms();
	expect_done(fixture);
	double before = clock_ms();
	fixture_read(fixture, NULL, &whole);
	double read = clock_ms();
	state_sort(&fixture->expected);
	for (size_t i = 0; i < MANY_SERVICES; i++)
		keys[i] = fixture->expected.services.items[i].key;
	struct backend_scope scope = {.keys = keys, .count = MANY_SERVICES, .only = true};
	double scoped = clock_ms();
	fixture_read(fixture, &scope, &only);
	printf("     %d x %d: applied in %.0f ms, read in %.0f ms, read by scope in %.0f ms\n",
		MANY_SERVICES, MANY_DESTINATIONS, applied - start, read - before,
		clock_ms() - scoped);
	compare_services(fixture, "whole", &fixture->expected, &whole, false);
	compare_services(fixture, "only", &fixture->expected, &only, false);
	fixture_compare(fixture);
}

/* More destinations than any one part of a dump holds. */
static void wide(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);

	for (int i = 0; i < 1500; i++) {
		char text[64];

		snprintf(text, sizeof(text), "10.0.%d.%d:80", i / 250, 1 + i % 250);
		add_destination(fixture, &key, text);
	}
	run_and_compare(fixture);
	queue_service(fixture, PLAN_VERB_DELETE, &key, NULL);
	run_and_compare(fixture);
}

/* With a window of one each operation is a request of its own, and all ends the same. */
static void window_of_one(struct fixture *fixture)
{
	_cleanup_error_ struct error error = {};

	fixture->ops->close(fixture->backend);
	fixture->backend = NULL;
	setenv("POISE_IPVS_WINDOW", "1", 1);
	int code = fixture->ops->open(NULL, &fixture->backend, &error);
	unsetenv("POISE_IPVS_WINDOW");
	expect(fixture, code == 0, "open: %s", error_text(&error, code));
	if (code == 0)
		mixed_order(fixture);
}

/* All or nothing, and the first at fault is named. */
static void all_or_nothing(struct fixture *fixture)
{
	struct service_key key = add_service(fixture, "tcp://192.0.2.1:80", NULL);
	struct service_key other = key_of("tcp://192.0.2.2:80");
	struct plan_op ops[] = {
		service_op(PLAN_VERB_ADD, &other, "rr"),
		destination_op(PLAN_VERB_DELETE, &key, "10.0.0.1:80"),
		destination_op(PLAN_VERB_UPDATE, &key, "10.0.0.9:80"),
		service_op(PLAN_VERB_ADD, &other, "nonesuch"),
	};

	add_destination(fixture, &key, "10.0.0.1:80");
	run_and_compare(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		queue_op(fixture, &ops[i]);
	run_queue_once(fixture);
	expect(fixture, fixture->status == 0, "apply: %d", fixture->status);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++) {
		const struct backend_result *is = &fixture->results[i];
		bool failed = i == 2;

		expect(fixture,
			is->status == (failed ? BACKEND_RESULT_FAILED : BACKEND_RESULT_SKIPPED) &&
				is->code == (failed ? -ENOENT : -ECANCELED),
			"operation %zu: status %d, code %d", i, is->status, is->code);
		expect(fixture,
			strstr(is->error.text,
				failed ? "gone" : "destination 10.0.0.9:80 of tcp://192.0.2.1:80"),
			"operation %zu says: %s", i, is->error.text);
	}
	fixture_compare(fixture);
}

const struct conformance_case batch_cases[] = {
	{.name = "batch: empty", .run = empty},
	{.name = "batch: add of what is there", .run = add_of_existing},
	{.name = "batch: delete of what is gone", .run = delete_of_missing},
	{.name = "batch: delete takes the destinations", .run = delete_with_destinations},
	{.name = "batch: update of what is gone", .run = update_of_missing},
	{.name = "batch: unknown scheduler", .run = unknown_scheduler},
	{.name = "batch: dependants are skipped across windows", .run = skip_across_windows},
	{.name = "batch: unknown engine", .run = unknown_engine, .needs = CONFORMANCE_NEED_ENGINES},
	{.name = "batch: bad destinations", .run = bad_destinations},
	{.name = "batch: adds, updates, deletes, disruptions", .run = mixed_order},
	{.name = "batch: a window of one", .run = window_of_one},
	{.name = "batch: all or nothing", .run = all_or_nothing, .needs = CONFORMANCE_NEED_ATOMIC},
	{.name = "batch: scopes", .run = scopes},
	{.name = "batch: 1,000 x 10", .run = many},
	{.name = "batch: 1 x 1,500", .run = wide},
	{},
};
