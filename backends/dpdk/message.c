// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages between poise-dataplane and its clients, as bytes.
 *
 *	header      magic "PDPM", version (16 bits), kind (16), bytes of the body (32), id (32)
 *	body        attributes: type (16), length (16), and as many bytes
 *	attribute   of an object: attributes again, a level deeper
 *
 * What an object consists of is a table of fields: the attribute's type, how it stands on the wire,
 * and its place in the struct. The same table writes and reads, so that the two cannot disagree, and a
 * field is added by a row. A row's number stays its own for ever: one that is given up is not used
 * again. Zero is not written.
 *
 * Bytes are put together one by one: both ends may have any byte order and any alignment. */
#include "backends/dpdk/message.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define MESSAGE_ATTRIBUTE_HEAD 4u
/* What one attribute of a body takes at most: a figure's two names, a result's text. */
#define MESSAGE_LARGEST 1024u

static const uint8_t message_magic[4] = {'P', 'D', 'P', 'M'};

_Static_assert(MESSAGE_FULL + MESSAGE_LARGEST < MESSAGE_LIMIT, "a full message fits");

/* How a field stands on the wire. */
enum field_form {
	FIELD_FORM_NUMBER,  /* `size` bytes, unsigned */
	FIELD_FORM_ENUM,    /* one byte, below `limit`; 4 bytes in the struct */
	FIELD_FORM_BOOL,    /* one byte, 0 or 1 */
	FIELD_FORM_TEXT,    /* without its NUL; `size` is the array's */
	FIELD_FORM_ADDRESS, /* 4 bytes or 16; of no family: none */
};

struct field {
	uint16_t type;
	uint8_t form; /* enum field_form */
	uint8_t limit;
	uint16_t size;
	uint16_t offset;
};

struct fields {
	const struct field *rows;
	size_t count;
};

#define FIELD_SIZE(object, member) sizeof(((object *)NULL)->member)
#define NUMBER(number, object, member)                                                             \
	{                                                                                          \
		(number), FIELD_FORM_NUMBER, 0, FIELD_SIZE(object, member),                        \
			offsetof(object, member)                                                   \
	}
#define WORD(number, object, member, count)                                                        \
	{                                                                                          \
		(number), FIELD_FORM_ENUM, (count), FIELD_SIZE(object, member),                    \
			offsetof(object, member)                                                   \
	}
#define BOOL(number, object, member)                                                               \
	{                                                                                          \
		(number), FIELD_FORM_BOOL, 0, FIELD_SIZE(object, member), offsetof(object, member) \
	}
#define TEXT(number, object, member)                                                               \
	{                                                                                          \
		(number), FIELD_FORM_TEXT, 0, FIELD_SIZE(object, member), offsetof(object, member) \
	}
#define ADDRESS(number, object, member)                                                            \
	{                                                                                          \
		(number), FIELD_FORM_ADDRESS, 0, FIELD_SIZE(object, member),                       \
			offsetof(object, member)                                                   \
	}

_Static_assert(sizeof(enum plan_verb) == 4, "an enum is read and written as 32 bits");

/* The fields of what several objects hold, at their places there. */
#define SERVICE_KEY_FIELDS(object, at)                                                             \
	WORD(16, object, at.kind, SERVICE_KIND_COUNT), ADDRESS(17, object, at.address),            \
		NUMBER(18, object, at.port), NUMBER(19, object, at.fwmark)
#define SERVICE_FIELDS(object, at)                                                                 \
	TEXT(24, object, at.scheduler), NUMBER(25, object, at.scheduler_flags),                    \
		BOOL(26, object, at.one_packet), BOOL(27, object, at.persistent),                  \
		NUMBER(28, object, at.persistence_timeout), NUMBER(29, object, at.netmask),        \
		TEXT(30, object, at.engine)
#define DESTINATION_KEY_FIELDS(object, at)                                                         \
	ADDRESS(32, object, at.address), NUMBER(33, object, at.port)
#define DESTINATION_FIELDS(object, at)                                                             \
	WORD(40, object, at.forward, FORWARD_METHOD_COUNT),                                        \
		WORD(41, object, at.tunnel_type, TUNNEL_TYPE_COUNT),                               \
		WORD(42, object, at.tunnel_checksum, TUNNEL_CHECKSUM_COUNT),                       \
		NUMBER(43, object, at.tunnel_port), NUMBER(44, object, at.weight),                 \
		NUMBER(45, object, at.upper_threshold), NUMBER(46, object, at.lower_threshold)
#define TRAFFIC_FIELDS(object, at)                                                                 \
	NUMBER(48, object, at.connections), NUMBER(49, object, at.packets_in),                     \
		NUMBER(50, object, at.packets_out), NUMBER(51, object, at.bytes_in),               \
		NUMBER(52, object, at.bytes_out), NUMBER(53, object, at.connection_rate),          \
		NUMBER(54, object, at.byte_rate_in), NUMBER(55, object, at.byte_rate_out)

#define ADDRESS_KEY_FIELDS(object, at) TEXT(64, object, at.port), ADDRESS(65, object, at.address)
#define ADDRESS_FIELDS(object, at)     NUMBER(66, object, at.length)
#define ROUTE_KEY_FIELDS(object, at)   ADDRESS(68, object, at.to), NUMBER(69, object, at.length)
#define ROUTE_FIELDS(object, at)       ADDRESS(70, object, at.via), TEXT(71, object, at.port)

static const struct field hello_rows[] = {
	TEXT(1, struct message_hello, program),
	NUMBER(2, struct message_hello, instance),
	NUMBER(3, struct message_hello, generation),
	NUMBER(4, struct message_hello, workers),
};

static const struct field result_rows[] = {
	/* Two's complement. */
	NUMBER(1, struct message_result, code),
	NUMBER(2, struct message_result, operation),
	NUMBER(3, struct message_result, generation),
	TEXT(4, struct message_result, text),
};

static const struct field scope_rows[] = {
	BOOL(1, struct message_scope, only),
	BOOL(2, struct message_scope, ways),
};

static const struct field figure_rows[] = {
	TEXT(1, struct message_figure, object),
	TEXT(2, struct message_figure, name),
	NUMBER(3, struct message_figure, value),
};

static const struct field end_rows[] = {
	NUMBER(1, struct message_end, generation),
	NUMBER(2, struct message_end, count),
};

/* A key alone, for the rows that others have it in. */
struct bare_key {
	struct service_key key;
};

static const struct field key_rows[] = {
	SERVICE_KEY_FIELDS(struct bare_key, key),
};

/* What every operation has; what it is about says which rows follow. */
static const struct field operation_rows[] = {
	WORD(1, struct plan_op, verb, PLAN_VERB_COUNT),
	WORD(2, struct plan_op, object, PLAN_OBJECT_COUNT),
	SERVICE_KEY_FIELDS(struct plan_op, service),
};

static const struct field operation_service_rows[] = {
	SERVICE_FIELDS(struct plan_op, attributes.after),
};

static const struct field operation_destination_rows[] = {
	DESTINATION_KEY_FIELDS(struct plan_op, destination.key),
	DESTINATION_FIELDS(struct plan_op, destination.after),
};

static const struct field operation_address_rows[] = {
	ADDRESS_KEY_FIELDS(struct plan_op, port_address.key),
	ADDRESS_FIELDS(struct plan_op, port_address.after),
};

static const struct field operation_route_rows[] = {
	ROUTE_KEY_FIELDS(struct plan_op, route.key),
	ROUTE_FIELDS(struct plan_op, route.after),
};

static const struct field port_rows[] = {
	TEXT(72, struct data_port, name),
	TEXT(73, struct data_port, device),
	TEXT(74, struct data_port, exception),
	NUMBER(75, struct data_port, vlan),
	NUMBER(76, struct data_port, mtu),
};

static const struct field address_rows[] = {
	ADDRESS_KEY_FIELDS(struct port_address, key),
	ADDRESS_FIELDS(struct port_address, attributes),
};

static const struct field route_rows[] = {
	ROUTE_KEY_FIELDS(struct data_route, key),
	ROUTE_FIELDS(struct data_route, attributes),
};

static const struct field service_rows[] = {
	SERVICE_KEY_FIELDS(struct service, key),
	SERVICE_FIELDS(struct service, attributes),
	TRAFFIC_FIELDS(struct service, traffic),
};

static const struct field destination_rows[] = {
	DESTINATION_KEY_FIELDS(struct destination, key),
	DESTINATION_FIELDS(struct destination, attributes),
	NUMBER(60, struct destination, counts.active),
	NUMBER(61, struct destination, counts.inactive),
	NUMBER(62, struct destination, counts.persistent),
	TRAFFIC_FIELDS(struct destination, counts.traffic),
};

#define FIELDS(table) ((struct fields){(table), ARRAY_LENGTH(table)})

/* Numbers. */

static void put_number(uint8_t *bytes, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
}

static uint64_t get_number(const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number |= (uint64_t)bytes[i] << (8 * i);
	return number;
}

/* A member of a struct, in this machine's order. */
static uint64_t load_number(const void *member, size_t size)
{
	uint8_t one;
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (size) {
	case 1:
		return memcpy(&one, member, 1), one;
	case 2:
		return memcpy(&two, member, 2), two;
	case 4:
		return memcpy(&four, member, 4), four;
	default:
		return memcpy(&eight, member, 8), eight;
	}
}

static void store_number(void *member, uint64_t number, size_t size)
{
	const uint8_t one = (uint8_t)number;
	const uint16_t two = (uint16_t)number;
	const uint32_t four = (uint32_t)number;

	switch (size) {
	case 1:
		memcpy(member, &one, 1);
		break;
	case 2:
		memcpy(member, &two, 2);
		break;
	case 4:
		memcpy(member, &four, 4);
		break;
	default:
		memcpy(member, &number, 8);
	}
}

/* Writing. */

static void add_attribute(struct strbuf *buffer, uint16_t type, const void *bytes, size_t length)
{
	uint8_t head[MESSAGE_ATTRIBUTE_HEAD];

	put_number(head, type, 2);
	put_number(head + 2, length, 2);
	strbuf_add_bytes(buffer, (const char *)head, sizeof(head));
	strbuf_add_bytes(buffer, bytes, length);
}

static void add_number(struct strbuf *buffer, uint16_t type, uint64_t number, size_t size)
{
	uint8_t bytes[sizeof(number)];

	put_number(bytes, number, size);
	if (number)
		add_attribute(buffer, type, bytes, size);
}

static void add_field(struct strbuf *buffer, const struct field *field, const uint8_t *object)
{
	const void *member = object + field->offset;
	const struct address *address;
	size_t length;

	switch ((enum field_form)field->form) {
	case FIELD_FORM_NUMBER:
		add_number(buffer, field->type, load_number(member, field->size), field->size);
		break;
	case FIELD_FORM_ENUM:
		add_number(buffer, field->type, load_number(member, field->size), 1);
		break;
	case FIELD_FORM_BOOL:
		add_number(buffer, field->type, *(const bool *)member, 1);
		break;
	case FIELD_FORM_TEXT:
		length = strnlen(member, field->size - 1u);
		if (length)
			add_attribute(buffer, field->type, member, length);
		break;
	case FIELD_FORM_ADDRESS:
		address = member;
		length = address_size(address->family);
		if (length)
			add_attribute(buffer, field->type, address->bytes, length);
		break;
	}
}

static void add_fields(struct strbuf *buffer, struct fields fields, const void *object)
{
	for (size_t i = 0; i < fields.count; i++)
		add_field(buffer, &fields.rows[i], object);
}

/* An attribute whose length is known when what it holds has been written. */
static size_t begin_attribute(struct strbuf *buffer, enum message_attribute type)
{
	add_attribute(buffer, (uint16_t)type, "", 0);
	return buffer->length;
}

static void end_attribute(struct strbuf *buffer, size_t start)
{
	put_number((uint8_t *)buffer->text + start - 2, buffer->length - start, 2);
}

static void add_object(struct strbuf *buffer, enum message_attribute type, struct fields fields,
	const void *object)
{
	size_t start = begin_attribute(buffer, type);

	add_fields(buffer, fields, object);
	end_attribute(buffer, start);
}

void message_begin(struct strbuf *buffer, enum message_kind kind, uint32_t id)
{
	uint8_t header[MESSAGE_HEADER_SIZE];

	memcpy(header, message_magic, sizeof(message_magic));
	put_number(header + 4, MESSAGE_VERSION, 2);
	put_number(header + 6, (uint64_t)kind, 2);
	put_number(header + 8, 0, 4);
	put_number(header + 12, id, 4);
	buffer->length = 0;
	strbuf_add_bytes(buffer, (const char *)header, sizeof(header));
}

void message_finish(struct strbuf *buffer)
{
	put_number((uint8_t *)buffer->text + 8, buffer->length - MESSAGE_HEADER_SIZE, 4);
}

bool message_is_full(const struct strbuf *buffer)
{
	return buffer->length >= MESSAGE_FULL;
}

void message_add_hello(struct strbuf *buffer, const struct message_hello *hello)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_HELLO, FIELDS(hello_rows), hello);
}

void message_add_result(struct strbuf *buffer, const struct message_result *result)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_RESULT, FIELDS(result_rows), result);
}

/* The rows of what this operation does to its object: none when that is only to go. */
static struct fields operation_fields(const struct plan_op *op)
{
	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return FIELDS(operation_service_rows);
	case PLAN_OBJECT_DESTINATION:
		return FIELDS(operation_destination_rows);
	case PLAN_OBJECT_PORT_ADDRESS:
		return FIELDS(operation_address_rows);
	case PLAN_OBJECT_ROUTE:
		return FIELDS(operation_route_rows);
	default:
		return (struct fields){};
	}
}

void message_add_operation(struct strbuf *buffer, const struct plan_op *op)
{
	size_t start = begin_attribute(buffer, MESSAGE_ATTRIBUTE_OPERATION);

	add_fields(buffer, FIELDS(operation_rows), op);
	add_fields(buffer, operation_fields(op), op);
	end_attribute(buffer, start);
}

void message_add_key(struct strbuf *buffer, const struct service_key *key)
{
	const struct bare_key bare = {*key};

	add_object(buffer, MESSAGE_ATTRIBUTE_KEY, FIELDS(key_rows), &bare);
}

void message_add_scope(struct strbuf *buffer, const struct message_scope *scope)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_SCOPE, FIELDS(scope_rows), scope);
}

void message_add_service(struct strbuf *buffer, const struct service *service)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_SERVICE, FIELDS(service_rows), service);
}

void message_add_destination(struct strbuf *buffer, const struct destination *destination)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_DESTINATION, FIELDS(destination_rows), destination);
}

void message_add_port(struct strbuf *buffer, const struct data_port *port)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_PORT, FIELDS(port_rows), port);
}

void message_add_address(struct strbuf *buffer, const struct port_address *address)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_ADDRESS, FIELDS(address_rows), address);
}

void message_add_route(struct strbuf *buffer, const struct data_route *route)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_ROUTE, FIELDS(route_rows), route);
}

void message_add_figure(struct strbuf *buffer, const struct message_figure *figure)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_FIGURE, FIELDS(figure_rows), figure);
}

void message_add_end(struct strbuf *buffer, const struct message_end *end)
{
	add_object(buffer, MESSAGE_ATTRIBUTE_END, FIELDS(end_rows), end);
}

struct message_result message_failure(int code, const char *text)
{
	struct message_result result = {.code = code};

	snprintf(result.text, sizeof(result.text), "%s", text ? text : strerror(-code));
	return result;
}

/* Reading. */

int message_open(const void *message, size_t size, struct message_header *header,
	struct message_reader *reader)
{
	const uint8_t *bytes = message;

	*reader = (struct message_reader){};
	if (size < MESSAGE_HEADER_SIZE || size > MESSAGE_LIMIT ||
		memcmp(bytes, message_magic, sizeof(message_magic)) != 0)
		return -EBADMSG;
	*header = (struct message_header){
		.version = (uint16_t)get_number(bytes + 4, 2),
		.kind = (enum message_kind)get_number(bytes + 6, 2),
		.id = (uint32_t)get_number(bytes + 12, 4),
	};
	if (header->version != MESSAGE_VERSION)
		return -EPROTO;
	if (get_number(bytes + 8, 4) != size - MESSAGE_HEADER_SIZE)
		return -EBADMSG;
	reader->bytes = bytes + MESSAGE_HEADER_SIZE;
	reader->size = size - MESSAGE_HEADER_SIZE;
	return 0;
}

/* The next attribute, whatever it is: 1 with its type and value, 0 at the end, -EBADMSG. */
static int next_attribute(
	struct message_reader *reader, uint16_t *type, struct message_reader *value)
{
	if (!reader->size)
		return 0;
	if (reader->size < MESSAGE_ATTRIBUTE_HEAD)
		return -EBADMSG;
	*type = (uint16_t)get_number(reader->bytes, 2);
	size_t length = get_number(reader->bytes + 2, 2);
	reader->bytes += MESSAGE_ATTRIBUTE_HEAD;
	reader->size -= MESSAGE_ATTRIBUTE_HEAD;
	if (length > reader->size)
		return -EBADMSG;
	*value = (struct message_reader){reader->bytes, length};
	reader->bytes += length;
	reader->size -= length;
	return 1;
}

int message_next(struct message_reader *reader, struct message_reader *value)
{
	uint16_t type;
	int r;

	while ((r = next_attribute(reader, &type, value)) > 0)
		if (type && type < MESSAGE_ATTRIBUTE_COUNT)
			return type;
	return r;
}

static int get_text(struct message_reader value, char *text, size_t size)
{
	if (value.size >= size || memchr(value.bytes, '\0', value.size))
		return -EBADMSG;
	memset(text, 0, size);
	memcpy(text, value.bytes, value.size);
	return 0;
}

static int get_address(struct message_reader value, struct address *address)
{
	uint16_t family = value.size == address_size(AF_INET) ? AF_INET : AF_INET6;

	if (value.size != address_size(family))
		return -EBADMSG;
	*address = address_from_bytes(family, value.bytes);
	return 0;
}

/* A number of `size` bytes and below `limit` (0: any) into `size_there` bytes. */
static int get_bounded(
	struct message_reader value, size_t size, uint64_t limit, void *member, size_t size_there)
{
	if (value.size != size)
		return -EBADMSG;
	uint64_t number = get_number(value.bytes, size);
	if (limit && number >= limit)
		return -EBADMSG;
	store_number(member, number, size_there);
	return 0;
}

static int get_field(struct message_reader value, const struct field *field, uint8_t *object)
{
	void *member = object + field->offset;

	switch ((enum field_form)field->form) {
	case FIELD_FORM_NUMBER:
		return get_bounded(value, field->size, 0, member, field->size);
	case FIELD_FORM_ENUM:
		return get_bounded(value, 1, field->limit, member, field->size);
	case FIELD_FORM_BOOL:
		return get_bounded(value, 1, 2, member, sizeof(bool));
	case FIELD_FORM_TEXT:
		return get_text(value, member, field->size);
	case FIELD_FORM_ADDRESS:
		return get_address(value, member);
	}
	return -EBADMSG;
}

/* Rows stand in the order of writing, so the next one is nearly always the one after the last. */
static const struct field *find_field(struct fields fields, uint16_t type, size_t *at)
{
	for (size_t i = 0; i < fields.count; i++) {
		size_t place = (*at + i) % fields.count;

		if (fields.rows[place].type == type) {
			*at = place + 1;
			return &fields.rows[place];
		}
	}
	return NULL;
}

/* What is there of these fields into an object that is zeroed; what is not of them is skipped. */
static int get_fields(struct message_reader value, struct fields fields, void *object)
{
	struct message_reader part;
	uint16_t type;
	size_t at = 0;
	int r;

	while ((r = next_attribute(&value, &type, &part)) > 0) {
		const struct field *field = find_field(fields, type, &at);

		if (field && get_field(part, field, object) < 0)
			return -EBADMSG;
	}
	return r;
}

int message_get_hello(struct message_reader value, struct message_hello *ret)
{
	*ret = (struct message_hello){};
	return get_fields(value, FIELDS(hello_rows), ret);
}

int message_get_result(struct message_reader value, struct message_result *ret)
{
	*ret = (struct message_result){};
	return get_fields(value, FIELDS(result_rows), ret);
}

int message_get_operation(struct message_reader value, struct plan_op *ret)
{
	*ret = (struct plan_op){};
	int r = get_fields(value, FIELDS(operation_rows), ret);
	if (r < 0)
		return r;
	return get_fields(value, operation_fields(ret), ret);
}

int message_get_key(struct message_reader value, struct service_key *ret)
{
	struct bare_key bare = {};
	int r = get_fields(value, FIELDS(key_rows), &bare);

	*ret = bare.key;
	return r;
}

int message_get_scope(struct message_reader value, struct message_scope *ret)
{
	*ret = (struct message_scope){};
	return get_fields(value, FIELDS(scope_rows), ret);
}

int message_get_service(struct message_reader value, struct service *ret)
{
	*ret = (struct service){};
	return get_fields(value, FIELDS(service_rows), ret);
}

int message_get_destination(struct message_reader value, struct destination *ret)
{
	*ret = (struct destination){};
	return get_fields(value, FIELDS(destination_rows), ret);
}

int message_get_port(struct message_reader value, struct data_port *ret)
{
	*ret = (struct data_port){};
	return get_fields(value, FIELDS(port_rows), ret);
}

int message_get_address(struct message_reader value, struct port_address *ret)
{
	*ret = (struct port_address){};
	return get_fields(value, FIELDS(address_rows), ret);
}

int message_get_route(struct message_reader value, struct data_route *ret)
{
	*ret = (struct data_route){};
	return get_fields(value, FIELDS(route_rows), ret);
}

int message_get_figure(struct message_reader value, struct message_figure *ret)
{
	*ret = (struct message_figure){};
	return get_fields(value, FIELDS(figure_rows), ret);
}

int message_get_end(struct message_reader value, struct message_end *ret)
{
	*ret = (struct message_end){};
	return get_fields(value, FIELDS(end_rows), ret);
}

int message_check_end(struct message_reader reader, uint64_t count)
{
	struct message_reader value;
	struct message_end end;

	if (message_next(&reader, &value) != MESSAGE_ATTRIBUTE_END ||
		message_get_end(value, &end) < 0 || end.count != count)
		return -EBADMSG;
	return 0;
}

const char *message_kind_name(enum message_kind kind)
{
	static const char *const names[MESSAGE_KIND_COUNT] = {
		[MESSAGE_KIND_HELLO] = "hello",
		[MESSAGE_KIND_ERROR] = "error",
		[MESSAGE_KIND_BEGIN] = "begin",
		[MESSAGE_KIND_OPERATIONS] = "operations",
		[MESSAGE_KIND_COMMIT] = "commit",
		[MESSAGE_KIND_RESULT] = "result",
		[MESSAGE_KIND_KEYS] = "keys",
		[MESSAGE_KIND_DUMP] = "dump",
		[MESSAGE_KIND_OBJECTS] = "objects",
		[MESSAGE_KIND_FIGURES] = "figures",
		[MESSAGE_KIND_END] = "end",
	};

	if ((unsigned int)kind >= MESSAGE_KIND_COUNT || !names[kind])
		return "unknown";
	return names[kind];
}
