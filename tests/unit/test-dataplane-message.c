// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of the data plane's socket: what is written is read, and what is wrong is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "backends/dpdk/message.h"
#include "base/memory.h"

static struct service_key key_of(const char *listen)
{
	struct service_key key = {};

	assert_int_equal(service_key_parse(listen, &key), 0);
	return key;
}

static struct destination_key endpoint_of(const char *text)
{
	struct destination_key key = {};

	assert_int_equal(destination_key_parse(text, &key), 0);
	return key;
}

/* The one attribute of a message that must be good. */
static struct message_reader only_value(struct strbuf *buffer, enum message_kind kind, int type)
{
	struct message_header header = {};
	struct message_reader reader, value, after;

	message_finish(buffer);
	assert_int_equal(message_open(buffer->text, buffer->length, &header, &reader), 0);
	assert_int_equal(header.version, MESSAGE_VERSION);
	assert_int_equal(header.kind, kind);
	assert_int_equal(header.id, 7);
	assert_int_equal(message_next(&reader, &value), type);
	assert_int_equal(message_next(&reader, &after), 0);
	return value;
}

static const struct traffic some_traffic = {
	.connections = UINT64_MAX,
	.packets_in = 1,
	.packets_out = 2,
	.bytes_in = 0x0102030405060708,
	.bytes_out = 4,
	.connection_rate = 5,
	.byte_rate_in = UINT32_MAX,
	.byte_rate_out = 7,
};

static const struct service_attributes some_service = {
	.scheduler = "123456789012345",
	.scheduler_flags = 7,
	.one_packet = true,
	.persistent = true,
	.persistence_timeout = 300,
	.netmask = 0xffffff00,
	.engine = "sip",
};

static const struct destination_attributes some_destination = {
	.forward = FORWARD_METHOD_TUNNEL,
	.tunnel_type = TUNNEL_TYPE_GRE,
	.tunnel_checksum = TUNNEL_CHECKSUM_REMOTE,
	.tunnel_port = 5555,
	.weight = 65535,
	.upper_threshold = 1000000,
	.lower_threshold = 5,
};

static bool same_traffic(const struct traffic *a, const struct traffic *b)
{
	return a->connections == b->connections && a->packets_in == b->packets_in &&
	       a->packets_out == b->packets_out && a->bytes_in == b->bytes_in &&
	       a->bytes_out == b->bytes_out && a->connection_rate == b->connection_rate &&
	       a->byte_rate_in == b->byte_rate_in && a->byte_rate_out == b->byte_rate_out;
}

static void services(void **state)
{
	static const char *const listens[] = {"tcp://192.0.2.1:80", "udp://[2001:db8::1]:53",
		"sctp://192.0.2.1:0", "fwmark://4294967295", "fwmark6://1"};
	_cleanup_strbuf_ struct strbuf buffer = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(listens); i++) {
		struct service wrote = {.key = key_of(listens[i]),
			.attributes = some_service,
			.traffic = some_traffic};
		struct service read;

		message_begin(&buffer, MESSAGE_KIND_OBJECTS, 7);
		message_add_service(&buffer, &wrote);
		struct message_reader value =
			only_value(&buffer, MESSAGE_KIND_OBJECTS, MESSAGE_ATTRIBUTE_SERVICE);
		assert_int_equal(message_get_service(value, &read), 0);
		assert_int_equal(service_key_compare(&wrote.key, &read.key), 0);
		assert_true(service_attributes_equal(&wrote.attributes, &read.attributes));
		assert_true(same_traffic(&wrote.traffic, &read.traffic));
	}
}

static void destinations(void **state)
{
	static const char *const texts[] = {"10.0.0.1:65535", "[2001:db8::1]:80", "10.0.0.1"};
	_cleanup_strbuf_ struct strbuf buffer = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct destination wrote = {.key = endpoint_of(texts[i]),
			.attributes = some_destination,
			.counts = {.active = 1,
				.inactive = 2,
				.persistent = 3,
				.traffic = some_traffic}};
		struct destination read;

		message_begin(&buffer, MESSAGE_KIND_OBJECTS, 7);
		message_add_destination(&buffer, &wrote);
		struct message_reader value =
			only_value(&buffer, MESSAGE_KIND_OBJECTS, MESSAGE_ATTRIBUTE_DESTINATION);
		assert_int_equal(message_get_destination(value, &read), 0);
		assert_int_equal(destination_key_compare(&wrote.key, &read.key), 0);
		assert_true(destination_attributes_equal(&wrote.attributes, &read.attributes));
		assert_int_equal(read.counts.active, 1);
		assert_int_equal(read.counts.inactive, 2);
		assert_int_equal(read.counts.persistent, 3);
		assert_true(same_traffic(&wrote.counts.traffic, &read.counts.traffic));
	}
}

static void expect_operation(const struct plan_op *wrote, const struct plan_op *read)
{
	assert_int_equal(wrote->verb, read->verb);
	assert_int_equal(wrote->object, read->object);
	assert_int_equal(service_key_compare(&wrote->service, &read->service), 0);
	if (wrote->object == PLAN_OBJECT_SERVICE) {
		assert_true(service_attributes_equal(
			&wrote->attributes.after, &read->attributes.after));
		return;
	}
	assert_int_equal(
		destination_key_compare(&wrote->destination.key, &read->destination.key), 0);
	assert_true(
		destination_attributes_equal(&wrote->destination.after, &read->destination.after));
}

static void operations(void **state)
{
	const struct plan_op ops[] = {
		{.verb = PLAN_VERB_UPDATE,
			.object = PLAN_OBJECT_SERVICE,
			.service = key_of("tcp://192.0.2.1:80"),
			.attributes.after = some_service},
		{.verb = PLAN_VERB_ADD,
			.object = PLAN_OBJECT_DESTINATION,
			.service = key_of("udp://[2001:db8::1]:53"),
			.destination = {.key = endpoint_of("[2001:db8::2]:53"),
				.after = some_destination}},
		{.verb = PLAN_VERB_DELETE,
			.object = PLAN_OBJECT_SERVICE,
			.service = key_of("sctp://192.0.2.1:9")},
	};
	_cleanup_strbuf_ struct strbuf buffer = {};
	struct message_header header;
	struct message_reader reader, value;

	(void)state;
	message_begin(&buffer, MESSAGE_KIND_OPERATIONS, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++)
		message_add_operation(&buffer, &ops[i]);
	message_finish(&buffer);
	assert_int_equal(message_open(buffer.text, buffer.length, &header, &reader), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(ops); i++) {
		struct plan_op read;

		assert_int_equal(message_next(&reader, &value), MESSAGE_ATTRIBUTE_OPERATION);
		assert_int_equal(message_get_operation(value, &read), 0);
		expect_operation(&ops[i], &read);
	}
	assert_int_equal(message_next(&reader, &value), 0);
}

static void ways(void **state)
{
	_cleanup_strbuf_ struct strbuf buffer = {};
	struct data_port port = {.vlan = 4094, .mtu = 9000}, port_read;
	struct port_address address = {.key.port = "wan", .attributes.length = 24}, address_read;
	struct data_route route = {.attributes.port = "lan"}, route_read;
	struct plan_op op = {.object = PLAN_OBJECT_ROUTE}, op_read;

	(void)state;
	memset(port.name, 'n', sizeof(port.name) - 1);
	memset(port.device, 'd', sizeof(port.device) - 1);
	memset(port.exception, 'e', sizeof(port.exception) - 1);
	assert_int_equal(address_parse("203.0.113.2", &address.key.address), 0);
	assert_int_equal(data_route_key_parse("::/0", &route.key), 0);
	assert_int_equal(address_parse("2001:db8::1", &route.attributes.via), 0);
	message_begin(&buffer, MESSAGE_KIND_OBJECTS, 7);
	message_add_port(&buffer, &port);
	assert_int_equal(
		message_get_port(only_value(&buffer, MESSAGE_KIND_OBJECTS, MESSAGE_ATTRIBUTE_PORT),
			&port_read),
		0);
	assert_memory_equal(&port, &port_read, sizeof(port));
	message_begin(&buffer, MESSAGE_KIND_OBJECTS, 7);
	message_add_address(&buffer, &address);
	assert_int_equal(message_get_address(only_value(&buffer, MESSAGE_KIND_OBJECTS,
						     MESSAGE_ATTRIBUTE_ADDRESS),
				 &address_read),
		0);
	assert_int_equal(port_address_compare(&address, &address_read), 0);
	assert_int_equal(address_read.attributes.length, 24);
	message_begin(&buffer, MESSAGE_KIND_OBJECTS, 7);
	message_add_route(&buffer, &route);
	assert_int_equal(message_get_route(
				 only_value(&buffer, MESSAGE_KIND_OBJECTS, MESSAGE_ATTRIBUTE_ROUTE),
				 &route_read),
		0);
	assert_int_equal(data_route_compare(&route, &route_read), 0);
	assert_true(data_route_attributes_equal(&route.attributes, &route_read.attributes));
	op.route.key = route.key;
	op.route.after = route.attributes;
	message_begin(&buffer, MESSAGE_KIND_OPERATIONS, 7);
	message_add_operation(&buffer, &op);
	assert_int_equal(message_get_operation(only_value(&buffer, MESSAGE_KIND_OPERATIONS,
						       MESSAGE_ATTRIBUTE_OPERATION),
				 &op_read),
		0);
	assert_int_equal(data_route_key_compare(&op.route.key, &op_read.route.key), 0);
	assert_true(data_route_attributes_equal(&op.route.after, &op_read.route.after));
}

static void the_rest(void **state)
{
	_cleanup_strbuf_ struct strbuf buffer = {};
	const struct message_hello hello = {"poised", 1ull << 63, 3, 4};
	const struct message_result result = {-ENOSPC, 12, 99, "no room"};
	const struct message_figure figure = {"port wan", "packets-in", 1ull << 40};
	const struct message_end end = {5, 100000};
	const struct message_scope scope = {true, true};
	struct message_hello hello_read;
	struct message_result result_read;
	struct message_figure figure_read;
	struct message_end end_read;
	struct message_scope scope_read;

	(void)state;
	message_begin(&buffer, MESSAGE_KIND_HELLO, 7);
	message_add_hello(&buffer, &hello);
	assert_int_equal(
		message_get_hello(only_value(&buffer, MESSAGE_KIND_HELLO, MESSAGE_ATTRIBUTE_HELLO),
			&hello_read),
		0);
	assert_string_equal(hello.program, hello_read.program);
	assert_int_equal(hello.instance, hello_read.instance);
	assert_int_equal(hello.generation, hello_read.generation);
	assert_int_equal(hello.workers, hello_read.workers);
	message_begin(&buffer, MESSAGE_KIND_RESULT, 7);
	message_add_result(&buffer, &result);
	assert_int_equal(message_get_result(
				 only_value(&buffer, MESSAGE_KIND_RESULT, MESSAGE_ATTRIBUTE_RESULT),
				 &result_read),
		0);
	assert_memory_equal(&result, &result_read, sizeof(result));
	message_begin(&buffer, MESSAGE_KIND_FIGURES, 7);
	message_add_figure(&buffer, &figure);
	assert_int_equal(message_get_figure(only_value(&buffer, MESSAGE_KIND_FIGURES,
						    MESSAGE_ATTRIBUTE_FIGURE),
				 &figure_read),
		0);
	assert_memory_equal(&figure, &figure_read, sizeof(figure));
	message_begin(&buffer, MESSAGE_KIND_END, 7);
	message_add_end(&buffer, &end);
	assert_int_equal(
		message_get_end(
			only_value(&buffer, MESSAGE_KIND_END, MESSAGE_ATTRIBUTE_END), &end_read),
		0);
	assert_memory_equal(&end, &end_read, sizeof(end));
	message_begin(&buffer, MESSAGE_KIND_DUMP, 7);
	message_add_scope(&buffer, &scope);
	assert_int_equal(
		message_get_scope(only_value(&buffer, MESSAGE_KIND_DUMP, MESSAGE_ATTRIBUTE_SCOPE),
			&scope_read),
		0);
	assert_true(scope_read.only && scope_read.ways);
}

/* Both ends may be of other versions: what a reader does not know is between what it does. */
static void unknown_attributes(void **state)
{
	/* An attribute 999 of three bytes, one 2 (instance: 5), one 200 of none. */
	static const char body[] = "\xe7\x03\x03\x00"
				   "abc"
				   "\x01\x00\x18\x00" /* HELLO */
				   "\xe7\x03\x00\x00"
				   "\x02\x00\x08\x00\x05\x00\x00\x00\x00\x00\x00\x00"
				   "\x01\x00\x04\x00name"
				   "\xc8\x00\x00\x00";
	_cleanup_strbuf_ struct strbuf buffer = {};
	struct message_hello hello;

	(void)state;
	message_begin(&buffer, MESSAGE_KIND_HELLO, 7);
	strbuf_add_bytes(&buffer, body, sizeof(body) - 1);
	assert_int_equal(
		message_get_hello(
			only_value(&buffer, MESSAGE_KIND_HELLO, MESSAGE_ATTRIBUTE_HELLO), &hello),
		0);
	assert_int_equal(hello.instance, 5);
	assert_string_equal(hello.program, "name");
	assert_int_equal(hello.workers, 0);
}

static void wrong_headers(void **state)
{
	_cleanup_strbuf_ struct strbuf buffer = {};
	struct message_header header = {};
	struct message_reader reader;

	(void)state;
	message_begin(&buffer, MESSAGE_KIND_BEGIN, 3);
	message_finish(&buffer);
	assert_int_equal(buffer.length, MESSAGE_HEADER_SIZE);
	for (size_t size = 0; size < buffer.length; size++)
		assert_int_equal(message_open(buffer.text, size, &header, &reader), -EBADMSG);
	/* Bytes that the header does not speak of. */
	strbuf_add_bytes(&buffer, "\1\0\0\0", 4);
	assert_int_equal(message_open(buffer.text, buffer.length, &header, &reader), -EBADMSG);
	buffer.length -= 4;
	buffer.text[4] = 2;
	assert_int_equal(message_open(buffer.text, buffer.length, &header, &reader), -EPROTO);
	assert_int_equal(header.version, 2);
	assert_int_equal(header.id, 3);
	assert_int_equal(reader.size, 0);
	buffer.text[4] = 1;
	buffer.text[0] = 'p';
	assert_int_equal(message_open(buffer.text, buffer.length, &header, &reader), -EBADMSG);
}

/* Each is one attribute of a destination. */
static void wrong_attributes(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int r;
	} rows[] = {
		{"\x28\0\1\0\2", 5, 0},          /* forward: tunnel */
		{"\x28\0\1\0\5", 5, -EBADMSG},   /* forward: none of them */
		{"\x28\0\2\0\2\0", 6, -EBADMSG}, /* too long for an enum */
		{"\x21\0\2\0\1\2", 6, 0},        /* port */
		{"\x21\0\1\0\1", 5, -EBADMSG},   /* too short */
		{"\x20\0\4\0\1\2\3\4", 8, 0},    /* address */
		{"\x20\0\5\0\1\2\3\4\5", 9, -EBADMSG},
		{"\x20\0\0\0", 4, -EBADMSG},
		{"\x21\0\3\0\1\2", 6, -EBADMSG}, /* longer than what is there */
		{"\x21\0\2", 3, -EBADMSG},       /* cut */
		{"", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct message_reader value = {(const uint8_t *)rows[i].bytes, rows[i].size};
		struct destination read;

		assert_int_equal(message_get_destination(value, &read), rows[i].r);
	}
}

/* A text has no NUL in it, and a place for the one behind it. */
static void wrong_texts(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int r;
	} rows[] = {
		{"\x18\0\3\0wlc", 7, 0},
		{"\x18\0\3\0w\0c", 7, -EBADMSG},
		{"\x18\0\x0f\0"
		 "123456789012345",
			19, 0},
		{"\x18\0\x10\0"
		 "1234567890123456",
			20, -EBADMSG},
		{"\x1a\0\1\0\1", 5, 0},
		{"\x1a\0\1\0\2", 5, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct message_reader value = {(const uint8_t *)rows[i].bytes, rows[i].size};
		struct service read;

		assert_int_equal(message_get_service(value, &read), rows[i].r);
	}
}

/* What is largest of everything fits behind a message that is not yet full. */
static void full(void **state)
{
	_cleanup_strbuf_ struct strbuf buffer = {};
	struct message_result result = {.code = -1, .operation = 1, .generation = 1};
	struct message_figure figure = {.value = 1};

	(void)state;
	memset(result.text, 'x', sizeof(result.text) - 1);
	memset(figure.object, 'x', sizeof(figure.object) - 1);
	memset(figure.name, 'x', sizeof(figure.name) - 1);
	message_begin(&buffer, MESSAGE_KIND_RESULT, 1);
	while (!message_is_full(&buffer))
		message_add_figure(&buffer, &figure);
	message_add_result(&buffer, &result);
	message_finish(&buffer);
	assert_true(buffer.length < MESSAGE_LIMIT);
}

static void failures(void **state)
{
	char words[MESSAGE_TEXT_SIZE + 100];
	struct message_result result = message_failure(-EINVAL, NULL);

	(void)state;
	assert_string_equal(result.text, strerror(EINVAL));
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	result = message_failure(-EINVAL, words);
	assert_int_equal(strlen(result.text), MESSAGE_TEXT_SIZE - 1);
}

static void names(void **state)
{
	(void)state;
	for (int kind = 1; kind < MESSAGE_KIND_COUNT; kind++)
		assert_string_not_equal(message_kind_name((enum message_kind)kind), "unknown");
	assert_string_equal(message_kind_name(MESSAGE_KIND_COUNT), "unknown");
	assert_string_equal(message_kind_name((enum message_kind)0), "unknown");
	assert_string_equal(message_kind_name((enum message_kind)65535), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services),
		cmocka_unit_test(destinations),
		cmocka_unit_test(operations),
		cmocka_unit_test(ways),
		cmocka_unit_test(the_rest),
		cmocka_unit_test(unknown_attributes),
		cmocka_unit_test(wrong_headers),
		cmocka_unit_test(wrong_attributes),
		cmocka_unit_test(wrong_texts),
		cmocka_unit_test(full),
		cmocka_unit_test(failures),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
