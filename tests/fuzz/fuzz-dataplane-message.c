// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client of poise-dataplane may send, and the other way round: any bytes as a message. What can be read is
 * written again and read once more, and must be the same. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "backends/dpdk/message.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Big enough for any of them. */
union object {
	struct message_hello hello;
	struct message_result result;
	struct plan_op op;
	struct service_key key;
	struct message_scope scope;
	struct service service;
	struct destination destination;
	struct data_port port;
	struct port_address address;
	struct data_route route;
	struct message_figure figure;
	struct message_end end;
};

#define KIND(name, member)                                                                         \
	static int get_##name(struct message_reader value, union object *object)                   \
	{                                                                                          \
		return message_get_##name(value, &object->member);                                 \
	}                                                                                          \
	static void add_##name(struct strbuf *buffer, const union object *object)                  \
	{                                                                                          \
		message_add_##name(buffer, &object->member);                                       \
	}

KIND(hello, hello)
KIND(result, result)
KIND(operation, op)
KIND(key, key)
KIND(scope, scope)
KIND(service, service)
KIND(destination, destination)
KIND(port, port)
KIND(address, address)
KIND(route, route)
KIND(figure, figure)
KIND(end, end)

static const struct {
	int (*get)(struct message_reader value, union object *object);
	void (*add)(struct strbuf *buffer, const union object *object);
} forms[MESSAGE_ATTRIBUTE_COUNT] = {
	[MESSAGE_ATTRIBUTE_HELLO] = {get_hello, add_hello},
	[MESSAGE_ATTRIBUTE_RESULT] = {get_result, add_result},
	[MESSAGE_ATTRIBUTE_OPERATION] = {get_operation, add_operation},
	[MESSAGE_ATTRIBUTE_KEY] = {get_key, add_key},
	[MESSAGE_ATTRIBUTE_SCOPE] = {get_scope, add_scope},
	[MESSAGE_ATTRIBUTE_SERVICE] = {get_service, add_service},
	[MESSAGE_ATTRIBUTE_DESTINATION] = {get_destination, add_destination},
	[MESSAGE_ATTRIBUTE_FIGURE] = {get_figure, add_figure},
	[MESSAGE_ATTRIBUTE_END] = {get_end, add_end},
	[MESSAGE_ATTRIBUTE_PORT] = {get_port, add_port},
	[MESSAGE_ATTRIBUTE_ADDRESS] = {get_address, add_address},
	[MESSAGE_ATTRIBUTE_ROUTE] = {get_route, add_route},
};

/* Written twice, the bytes are equal: what was read the second time is what was read the first. */
static void take_object(int type, struct message_reader value)
{
	_cleanup_strbuf_ struct strbuf first = {}, second = {};
	struct message_header header;
	struct message_reader reader, again;
	union object object;

	assert(type > 0 && type < MESSAGE_ATTRIBUTE_COUNT);
	int r = forms[type].get(value, &object);
	assert(r == 0 || r == -EBADMSG);
	if (r < 0)
		return;
	message_begin(&first, MESSAGE_KIND_HELLO, 1);
	forms[type].add(&first, &object);
	message_finish(&first);
	r = message_open(first.text, first.length, &header, &reader);
	assert(r == 0);
	r = message_next(&reader, &again);
	assert(r == type);
	r = forms[type].get(again, &object);
	assert(r == 0);
	message_begin(&second, MESSAGE_KIND_HELLO, 1);
	forms[type].add(&second, &object);
	message_finish(&second);
	assert(first.length == second.length && memcmp(first.text, second.text, first.length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_header header;
	struct message_reader reader, value;
	size_t taken = 0;
	int type;

	int r = message_open(data, size, &header, &reader);
	assert(r == 0 || r == -EBADMSG || r == -EPROTO);
	if (r < 0)
		return 0;
	assert(*message_kind_name(header.kind));
	while ((type = message_next(&reader, &value)) > 0) {
		taken += value.size;
		assert(taken <= size);
		take_object(type, value);
	}
	assert(type == 0 || type == -EBADMSG);
	return 0;
}
