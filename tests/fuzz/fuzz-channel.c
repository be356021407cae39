// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process of the tree may be told by another one: a datagram, against a table of kinds. The first byte chooses
 * the table. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "base/channel.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_SIZE 8

static const struct channel_kind small[] = {
	{1, "ping", 8, 8},
	{2, "stop", 0, 0},
	{67, "status", 1, 500},
};
static const struct channel_kind large[] = {
	{1, "all", 0, CHANNEL_PAYLOAD_LIMIT},
	{0xffff, "last", CHANNEL_PAYLOAD_LIMIT, CHANNEL_PAYLOAD_LIMIT},
};
static const struct {
	const struct channel_kind *kinds;
	size_t count;
} tables[] = {{small, ARRAY_LENGTH(small)}, {large, ARRAY_LENGTH(large)}, {NULL, 0}};

static const struct channel_kind *find(
	const struct channel_kind *kinds, size_t count, uint16_t kind)
{
	while (count-- && kinds->kind != kind)
		kinds++;
	return kinds;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t kind = 0;
	const void *payload = NULL;
	size_t payload_size = 0;
	uint64_t sum = 0;

	if (!size)
		return 0;
	size_t table = data[0] % ARRAY_LENGTH(tables);
	size--;
	/* Aligned, and of exactly this size. */
	_cleanup_free_ char *datagram = memory_new(size ? size : 1);
	if (size)
		memcpy(datagram, data + 1, size);
	int r = channel_decode(datagram, size, tables[table].kinds, tables[table].count, &kind,
		&payload, &payload_size);
	assert(r == 0 || r == -EBADMSG);
	if (r < 0)
		return 0;
	const struct channel_kind *known = find(tables[table].kinds, tables[table].count, kind);
	assert(kind && known->kind == kind);
	assert(payload_size >= known->size_min && payload_size <= known->size_max);
	assert(payload_size == size - HEADER_SIZE &&
		(const char *)payload == datagram + HEADER_SIZE);
	for (size_t i = 0; i < payload_size; i++)
		sum += ((const uint8_t *)payload)[i];
	return sum > UINT32_MAX;
}
