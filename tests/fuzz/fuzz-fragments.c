// SPDX-License-Identifier: GPL-2.0-or-later
/* Any frames as fragments: two bytes of length, one of the port, the frame, and so on. What becomes whole
 * is what its headers say, can be divided again, and is then whole again. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/fragment.h"
#include "backends/dpdk/dataplane/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 4u
#define MTU  256u

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint8_t *on_take(void *data, void **buffer)
{
	(void)data;
	return *buffer = malloc(REASSEMBLY_ROOM);
}

static void on_give_back(void *data, void *buffer)
{
	(void)data;
	free(buffer);
}

static const struct reassembly_ops ops = {.take = on_take, .give_back = on_give_back};

/* What the fuzzer does not guess. */
static void mend(uint8_t *frame, size_t length)
{
	size_t header = length > 34 && frame[12] == 8 && !frame[13] ? (frame[14] & 15u) * 4u : 0;
	uint16_t sum;

	if (header < 20 || header > length - 14)
		return;
	sum = checksum_of_ipv4(frame + 14, header);
	memcpy(frame + 24, &sum, sizeof(sum));
}

static void divide(const uint8_t *packet, size_t length)
{
	uint8_t *piece = malloc(MTU);
	unsigned int index = 0;
	size_t size;

	while ((size = fragment_write(packet, length, MTU, 7, index, piece)) != 0) {
		require(size <= MTU);
		index++;
	}
	free(piece);
}

static void check_whole(const struct reassembly_whole *whole)
{
	struct packet packet;
	uint8_t *frame = memcpy(malloc(whole->length), whole->frame, whole->length);

	packet_parse(frame, whole->length, 0, false, &packet);
	require(packet.reason != PACKET_REASON_HEADER_CHECKSUM);
	require(packet.kind == PACKET_KIND_BAD ||
		packet.l3_offset + packet.l3_length == whole->length);
	if (packet.key.family)
		divide(frame + packet.l3_offset, whole->length - packet.l3_offset);
	free(frame);
	free(whole->buffer);
}

static void add(struct reassembly *reassembly, const uint8_t *bytes, size_t length, uint8_t port)
{
	uint8_t *frame = memcpy(malloc(length + 1), bytes, length);
	struct reassembly_whole whole;
	struct packet packet;

	frame = realloc(frame, length ? length : 1);
	mend(frame, length);
	packet_parse(frame, length, 0, false, &packet);
	if (packet.kind == PACKET_KIND_FRAGMENT &&
		reassembly_add(reassembly, frame, &packet, port & 1, port, &whole) ==
			REASSEMBLY_RESULT_WHOLE)
		check_whole(&whole);
	else if (packet.key.family)
		divide(frame + packet.l3_offset, length - packet.l3_offset);
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reassembly *reassembly = reassembly_new(MOST, &ops, NULL);

	while (size > 3) {
		size_t length = (size_t)data[0] << 8 | data[1];
		uint8_t port = data[2];

		data += 3;
		size -= 3;
		if (length > size)
			length = size;
		add(reassembly, data, length, port);
		data += length;
		size -= length;
	}
	reassembly_turn(reassembly, REASSEMBLY_TIME + 100);
	reassembly_free(reassembly);
	return 0;
}
