// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "tests/conformance/conformance.h"

void fixture_fail(struct fixture *fixture, const char *file, int line, const char *condition,
	const char *format, ...)
{
	va_list arguments;

	/* The first few say it all. */
	if (++fixture->failures > 12)
		return;
	fprintf(stderr, "%s:%d: not so: %s: ", file, line, condition);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

struct service_key key_of(const char *listen)
{
	struct service_key key = {};
	int code = service_key_parse(listen, &key);

	if (code < 0) {
		fprintf(stderr, "%s is no listener\n", listen);
		abort();
	}
	return key;
}

struct destination_key endpoint_of(const char *text)
{
	struct destination_key key = {};
	int code = destination_key_parse(text, &key);

	if (code < 0) {
		fprintf(stderr, "%s is no destination\n", text);
		abort();
	}
	return key;
}

struct service_attributes plain_service(const struct service_key *key)
{
	uint16_t family = key->address.family;

	return (struct service_attributes){
		.scheduler = "wlc", .netmask = service_netmask(family, address_bits(family))};
}

struct destination_attributes plain_destination(void)
{
	return (struct destination_attributes){.weight = 1};
}

void queue_op(struct fixture *fixture, const struct plan_op *op)
{
	vector_push(&fixture->queue, *op);
}

/* Services are noted in any order and sorted at the comparison; an add may follow its own key. */
static const char *first_transport;

/* Before main(): the cases change the variable. */
__attribute__((constructor)) static void note_first_transport(void)
{
	const char *text = getenv("POISE_IPVS_TRANSPORT");

	first_transport = memory_copy_string(text);
}

void fixture_first_transport(void)
{
	if (first_transport)
		setenv("POISE_IPVS_TRANSPORT", first_transport, 1);
	else
		unsetenv("POISE_IPVS_TRANSPORT");
}

static struct service *note_service(struct fixture *fixture, const struct service_key *key)
{
	struct service_vector *services = &fixture->expected.services;

	for (size_t i = services->count; i-- > 0;)
		if (service_key_compare(&services->items[i].key, key) == 0)
			return &services->items[i];
	return NULL;
}

static struct destination *note_destination(
	struct service *service, const struct destination_key *key)
{
	vector_foreach(&service->destinations, destination)
		if (destination_key_compare(&destination->key, key) == 0)
			return destination;
	return NULL;
}

void queue_service(struct fixture *fixture, enum plan_verb verb, const struct service_key *key,
	const struct service_attributes *attributes)
{
	struct plan_op op = {.verb = verb, .object = PLAN_OBJECT_SERVICE, .service = *key};
	struct service *noted = note_service(fixture, key);
	struct service_vector *services = &fixture->expected.services;

	if (attributes)
		op.attributes.after = *attributes;
	queue_op(fixture, &op);
	if (verb == PLAN_VERB_DELETE) {
		if (!noted)
			return;
		service_clear(noted);
		*noted = services->items[--services->count];
		return;
	}
	if (!noted) {
		noted = vector_append(services);
		noted->key = *key;
	}
	noted->attributes = *attributes;
}

void queue_destination(struct fixture *fixture, enum plan_verb verb,
	const struct service_key *service, const struct destination_key *key,
	const struct destination_attributes *attributes)
{
	struct plan_op op = {.verb = verb,
		.object = PLAN_OBJECT_DESTINATION,
		.service = *service,
		.destination.key = *key};
	struct service *noted = note_service(fixture, service);
	struct destination *destination = noted ? note_destination(noted, key) : NULL;

	if (attributes)
		op.destination.after = *attributes;
	queue_op(fixture, &op);
	if (!noted)
		return;
	if (verb == PLAN_VERB_DELETE) {
		if (destination)
			*destination = noted->destinations.items[--noted->destinations.count];
		return;
	}
	if (!destination) {
		destination = vector_append(&noted->destinations);
		destination->key = *key;
	}
	destination->attributes = *attributes;
}

struct service_key add_service(struct fixture *fixture, const char *listen, const char *scheduler)
{
	struct service_key key = key_of(listen);
	struct service_attributes attributes = plain_service(&key);

	if (scheduler)
		snprintf(attributes.scheduler, sizeof(attributes.scheduler), "%s", scheduler);
	queue_service(fixture, PLAN_VERB_ADD, &key, &attributes);
	return key;
}

void add_destination(struct fixture *fixture, const struct service_key *service, const char *text)
{
	struct destination_key key = endpoint_of(text);
	struct destination_attributes attributes = plain_destination();

	queue_destination(fixture, PLAN_VERB_ADD, service, &key, &attributes);
}

static void clear_results(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->result_count; i++)
		backend_result_clear(&fixture->results[i]);
	free(fixture->results);
	fixture->results = NULL;
	fixture->result_count = 0;
}

static void apply_queue(struct fixture *fixture, const struct plan_op *ops, size_t count,
	struct backend_result *results)
{
	_cleanup_error_ struct error error = {};

	fixture->status = fixture->ops->apply(fixture->backend, ops, count, results, &error);
	if (fixture->status < 0 && !error.text)
		expect(fixture, error.text, "a failed apply says nothing");
}

void run_queue_once(struct fixture *fixture)
{
	size_t count = fixture->queue.count;

	clear_results(fixture);
	fixture->results = memory_resize(NULL, count + 1, sizeof(*fixture->results));
	memset(fixture->results, 0, (count + 1) * sizeof(*fixture->results));
	fixture->result_count = count;
	apply_queue(fixture, fixture->queue.items, count, fixture->results);
	fixture->queue.count = 0;
}

/* The one that was refused; `count` when all were done. All others must have been skipped. */
static size_t find_refused(
	struct fixture *fixture, const struct backend_result *results, size_t count)
{
	size_t refused = count, skipped = 0;

	for (size_t i = 0; i < count; i++) {
		if (results[i].status == BACKEND_RESULT_FAILED)
			refused = i;
		skipped += results[i].status == BACKEND_RESULT_SKIPPED;
	}
	expect(fixture, skipped == (refused < count ? count - 1 : 0), "%zu of %zu are skipped",
		skipped, count);
	return refused;
}

/* Takes refused operations out of the queue, one at a time, with their results. */
static void run_atomic(struct fixture *fixture)
{
	struct plan_op_vector queue = fixture->queue;
	size_t count = queue.count, left = count;
	_cleanup_free_ struct backend_result *results =
		memory_resize(NULL, count + 1, sizeof(*results));
	_cleanup_free_ size_t *places = memory_resize(NULL, count + 1, sizeof(*places));

	for (size_t i = 0; i < count; i++)
		places[i] = i;
	for (;;) {
		memset(results, 0, (count + 1) * sizeof(*results));
		apply_queue(fixture, queue.items, left, results);
		size_t refused = find_refused(fixture, results, left);

		if (refused < left) {
			fixture->results[places[refused]] = results[refused];
			results[refused] = (struct backend_result){};
		}
		for (size_t i = 0; i < left; i++)
			backend_result_clear(&results[i]);
		if (refused == left)
			return;
		left--;
		memmove(&queue.items[refused], &queue.items[refused + 1],
			(left - refused) * sizeof(*queue.items));
		memmove(&places[refused], &places[refused + 1], (left - refused) * sizeof(*places));
	}
}

void run_queue(struct fixture *fixture)
{
	size_t count = fixture->queue.count;

	if (!fixture->ops->static_abilities || !fixture->ops->static_abilities->atomic) {
		run_queue_once(fixture);
		return;
	}
	clear_results(fixture);
	fixture->results = memory_resize(NULL, count + 1, sizeof(*fixture->results));
	memset(fixture->results, 0, (count + 1) * sizeof(*fixture->results));
	fixture->result_count = count;
	run_atomic(fixture);
	fixture->queue.count = 0;
}

bool fixture_has(const struct fixture *fixture, const char *listen)
{
	return !fixture->dataplane || strncmp(listen, "fwmark", strlen("fwmark")) != 0;
}

void expect_done(struct fixture *fixture)
{
	expect(fixture, fixture->status == 0, "apply: %s", strerror(-fixture->status));
	for (size_t i = 0; i < fixture->result_count; i++) {
		const struct backend_result *result = &fixture->results[i];

		expect(fixture, result->status == BACKEND_RESULT_DONE && result->code == 0,
			"operation %zu: status %d, code %d: %s", i, result->status, result->code,
			error_text(&result->error, result->code));
	}
}

void expect_result(struct fixture *fixture, size_t i, enum backend_result_status status, int code,
	const char *words)
{
	const struct backend_result *result = &fixture->results[i];
	const char *text = result->error.text ? result->error.text : "";

	assert(i < fixture->result_count);
	if (fixture->dataplane && status == BACKEND_RESULT_SKIPPED) {
		status = BACKEND_RESULT_FAILED;
		code = -ESRCH;
	}
	expect(fixture, result->status == status, "operation %zu: status %d: %s", i, result->status,
		text);
	expect(fixture, result->code == code, "operation %zu: code %d, wanted %d: %s", i,
		result->code, code, text);
	if (words)
		expect(fixture, strstr(text, words), "operation %zu says: %s", i, text);
	if (status != BACKEND_RESULT_DONE)
		expect(fixture, *text, "operation %zu says nothing", i);
}

void fixture_read(struct fixture *fixture, const struct backend_scope *scope, struct state *ret)
{
	_cleanup_error_ struct error error = {};
	int code = fixture->ops->read(fixture->backend, scope, ret, &error);

	expect(fixture, code == 0, "read: %d: %s", code, error_text(&error, code));
}

static void describe_service(const struct service *service, char *text, size_t size)
{
	const struct service_attributes *is = &service->attributes;
	char key[SERVICE_KEY_TEXT_SIZE];

	snprintf(text, size,
		"%s %s flags %x one-packet %d persistent %d timeout %u netmask %x engine `%s` "
		"destinations %zu",
		service_key_format(&service->key, key), is->scheduler, is->scheduler_flags,
		is->one_packet, is->persistent, is->persistence_timeout, is->netmask, is->engine,
		service->destinations.count);
}

static void describe_destination(const struct destination *destination, char *text, size_t size)
{
	const struct destination_attributes *is = &destination->attributes;
	char key[ADDRESS_ENDPOINT_LENGTH];

	snprintf(text, size, "%s %s weight %u thresholds %u/%u tunnel %s %u %s",
		destination_key_format(&destination->key, key), forward_method_name(is->forward),
		is->weight, is->upper_threshold, is->lower_threshold,
		tunnel_type_name(is->tunnel_type), is->tunnel_port,
		tunnel_checksum_name(is->tunnel_checksum));
}

static void compare_destinations(struct fixture *fixture, const char *title,
	const struct service *expected, const struct service *found)
{
	char wanted[256], is[256], service[SERVICE_KEY_TEXT_SIZE];
	size_t count = MIN(expected->destinations.count, found->destinations.count);

	service_key_format(&expected->key, service);
	for (size_t i = 0; i < count; i++) {
		const struct destination *a = &expected->destinations.items[i];
		const struct destination *b = &found->destinations.items[i];

		describe_destination(a, wanted, sizeof(wanted));
		describe_destination(b, is, sizeof(is));
		expect(fixture,
			destination_key_compare(&a->key, &b->key) == 0 &&
				destination_attributes_equal(&a->attributes, &b->attributes),
			"%s: %s: wanted %s, found %s", title, service, wanted, is);
	}
}

void compare_services(struct fixture *fixture, const char *title, const struct state *expected,
	const struct state *found, bool limited)
{
	size_t count = MIN(expected->services.count, found->services.count);

	expect(fixture, expected->services.count == found->services.count,
		"%s: wanted %zu services, found %zu", title, expected->services.count,
		found->services.count);
	for (size_t i = 0; i < count; i++) {
		struct service a = expected->services.items[i], b = found->services.items[i];
		char wanted[256], is[256];

		if (limited)
			memset(a.attributes.engine, 0, sizeof(a.attributes.engine));
		describe_service(&a, wanted, sizeof(wanted));
		describe_service(&b, is, sizeof(is));
		expect(fixture,
			service_key_compare(&a.key, &b.key) == 0 &&
				service_attributes_equal(&a.attributes, &b.attributes) &&
				a.destinations.count == b.destinations.count,
			"%s: wanted %s, found %s", title, wanted, is);
		compare_destinations(fixture, title, &a, &b);
	}
}

/* What the sockopt transport can show of a state: IPv4, same family, no details of tunnels. */
static void limit_state(const struct state *from, struct state *to)
{
	vector_foreach(&from->services, service) {
		if (service->key.address.family != AF_INET)
			continue;
		struct service *copy = vector_append(&to->services);
		size_t kept = 0;

		service_copy(copy, service);
		vector_foreach(&copy->destinations, destination) {
			if (destination->key.address.family != AF_INET)
				continue;
			destination->attributes.tunnel_type = TUNNEL_TYPE_IPIP;
			destination->attributes.tunnel_checksum = TUNNEL_CHECKSUM_NONE;
			destination->attributes.tunnel_port = 0;
			copy->destinations.items[kept++] = *destination;
		}
		copy->destinations.count = kept;
	}
}

static void compare_by_sockopt(struct fixture *fixture)
{
	_cleanup_state_ struct state limited = {}, found = {};
	_cleanup_error_ struct error error = {};
	struct backend *backend = NULL;

	setenv("POISE_IPVS_TRANSPORT", "sockopt", 1);
	int code = fixture->ops->open(NULL, &backend, &error);
	fixture_first_transport();
	if (code == 0)
		code = fixture->ops->read(backend, NULL, &found, &error);
	fixture->ops->close(backend);
	expect(fixture, code == 0, "sockopt: %s", error_text(&error, code));
	if (code < 0)
		return;
	limit_state(&fixture->expected, &limited);
	compare_services(fixture, "sockopt", &limited, &found, true);
}

void fixture_compare(struct fixture *fixture)
{
	_cleanup_state_ struct state found = {};

	state_sort(&fixture->expected);
	fixture_read(fixture, NULL, &found);
	compare_services(fixture, "read", &fixture->expected, &found, false);
	if (fixture->kernel)
		compare_by_sockopt(fixture);
}

void run_and_compare(struct fixture *fixture)
{
	run_queue(fixture);
	expect_done(fixture);
	fixture_compare(fixture);
}

double clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}
