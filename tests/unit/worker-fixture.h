// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker that has no device, for tests of what frames do to its tables: frames are put before it, and what
 * it would send lies in its port's array. Its services are those of schedule-fixture.h, at 203.0.113.10:80. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/connection.h"
#include "backends/dpdk/dataplane/pipeline.h"
#include "tests/unit/schedule-fixture.h"

#define FLOWS 64
#define HOP   (2 * NEXT_HOP_PORTS)
#define ROOM  256 /* before a frame, and for it */
#define SYN   0x02
#define ACK   0x10
#define FIN   0x01
#define RST   0x04

static struct world {
	struct dataplane plane;
	struct worker worker;
	struct slot_counts counts[FIXTURE_SLOTS];
	struct scheduler_turn turns[1];
	struct rte_mbuf buffers[WORKER_BURST];
	uint8_t frames[WORKER_BURST][2 * ROOM];
	unsigned int count;
} * w;

static inline void open_worker(enum forward_method method)
{
	struct error error = {};
	struct address server = {.family = AF_INET, .bytes = {10, 1, 0, 1}};
	const uint8_t link[6] = {2, 0, 0, 0, 0, 9};

	w = aligned_alloc(64, sizeof(*w));
	memset(w, 0, sizeof(*w));
	fixture_reset();
	for (uint32_t i = 0; i < FIXTURE_SLOTS; i++) {
		fixture_slot_array[i].method = (uint8_t)method;
		atomic_store(&fixture_slot_array[i].next_hop, HOP);
	}
	w->plane.slots = fixture_slots;
	w->plane.view = fixture_view;
	w->plane.worker_count = 1;
	w->plane.timeouts = transport_timeouts_default;
	w->plane.port_count = 1;
	w->plane.ports[0] = (struct port){.mtu = 1500, .link_length = 14, .link = {2}};
	memcpy(&w->plane.ports[0].link_word, w->plane.ports[0].link, 6);
	assert_int_equal(next_hop_table_init(&w->plane.hops, HOP + 1), 0);
	next_hop_insert(&w->plane.hops, HOP, 0, &server);
	next_hop_publish(&w->plane.hops, HOP, link);
	w->worker.plane = &w->plane;
	w->worker.counts = w->counts;
	w->worker.turns = w->turns;
	assert_int_equal(flow_table_init(&w->worker.flows, FLOWS, &error), 0);
	assert_int_equal(expiry_init(&w->worker.wheel, FLOWS, 0, &error), 0);
}

static inline void serve(struct service_image *image)
{
	struct service_image **images = memory_resize(NULL, 1, sizeof(struct service_image *));

	images[0] = image;
	atomic_store(&w->plane.generation, generation_new(1, images, 1));
}

static inline void close_worker(void)
{
	generation_free(atomic_load(&w->plane.generation));
	next_hop_table_clear(&w->plane.hops);
	flow_table_clear(&w->worker.flows);
	expiry_clear(&w->worker.wheel);
	free(w);
}

/* A client's packet to the service. */
static inline void put(uint8_t client, uint8_t flags)
{
	struct rte_mbuf *buffer = &w->buffers[w->count];
	uint8_t *frame = w->frames[w->count] + ROOM;
	uint16_t sum;

	w->count++;
	memcpy(frame, w->plane.ports[0].link, 6);
	memcpy(frame + 12, "\x08\x00", 2);
	memcpy(frame + 14, "\x45\0\0\x28\0\0\0\0\x40\x06\0\0\x0a\0\0", 15);
	memcpy(frame + 30, "\xcb\0\x71\x0a", 4);
	frame[29] = client;
	sum = checksum_of_ipv4(frame + 14, 20);
	memcpy(frame + 24, &sum, 2);
	memcpy(frame + 34, "\x30\x39\0\x50", 4);
	frame[46] = 5 << 4;
	frame[47] = flags;
	*buffer = (struct rte_mbuf){.buf_addr = w->frames[w->count - 1],
		.data_off = ROOM,
		.data_len = 60,
		.pkt_len = 60,
		.nb_segs = 1};
}

static inline void run(void)
{
	struct rte_mbuf *buffers[WORKER_BURST];

	for (unsigned int i = 0; i < w->count; i++)
		buffers[i] = &w->buffers[i];
	pipeline_run(&w->worker, buffers, w->count, &w->plane.ports[0], PIPELINE_ORIGIN_PORT);
}

/* Last byte of the address that the frame went to. */
static inline unsigned int server_of(unsigned int place)
{
	const struct rte_mbuf *buffer = w->worker.ports[0].waiting[place];

	return *rte_pktmbuf_mtod_offset(buffer, const uint8_t *, 33);
}
