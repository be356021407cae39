// SPDX-License-Identifier: GPL-2.0-or-later
/* A forwarder, one worker or some, between ports that are rings in memory: frames are put in, a turn is
 * taken, and what the workers did with each of them is told.
 *
 * There is no attendant: what would be handed to it is an end. Neighbours are known, or not, from the
 * beginning. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/dataplane.h"
#include "base/address.h"
#include "base/error.h"
#include "model/state.h"

#define REPLAY_PORTS  4
#define REPLAY_FRAMES 256 /* of one turn */

struct replay_neighbour {
	uint8_t port;
	struct address address;
	uint8_t link[6];
};

struct replay_neighbour_vector {
	VECTOR_OF(struct replay_neighbour);
};

struct replay_route {
	struct settings_prefix to;
	struct address via;
	uint8_t port;
};

struct replay_route_vector {
	VECTOR_OF(struct replay_route);
};

/* What a case says before its first frame. Starts zeroed. */
struct replay_case {
	unsigned int workers;
	bool clamp_mss;
	struct settings_port_vector ports;
	/* What net_ring does not have of its own. */
	uint8_t links[REPLAY_PORTS][6];
	uint16_t mtus[REPLAY_PORTS];
	struct replay_route_vector routes;
	struct replay_neighbour_vector neighbours;
	struct service_vector services; /* sorted, and their destinations */
};

void replay_case_clear(struct replay_case *replay);

/* DPDK, once. -errno with words. */
int replay_world_start(struct error *error);

struct replay_world;

int replay_world_open(
	struct replay_world **ret, const struct replay_case *replay, struct error *error);
void replay_world_close(struct replay_world *world);

/* A frame that comes in with the next turn. -ENOSPC when there are too many of them. */
int replay_world_put(
	struct replay_world *world, unsigned int port, const uint8_t *frame, size_t length);

/* A weight that stands for none: the destination is deleted, and its connections end. */
#define REPLAY_DELETED (-1)

/* The destination has this weight from now on. -ENOENT. Nobody looks meanwhile, so no grace is waited for,
 * and after a deletion the next destination to be added gets the slot if it can. */
int replay_world_change(struct replay_world *world, const struct service_key *service,
	const struct destination_key *destination, int weight, struct error *error);

/* So many seconds go by and nothing comes in: what is over by then has been visited. Between two turns that
 * have no frames of their own. */
void replay_world_pause(struct replay_world *world, unsigned int seconds);

enum replay_end {
	REPLAY_END_DROP,
	REPLAY_END_OUT,     /* whole, by `port` */
	REPLAY_END_ARRIVED, /* the others: to the attendant, as note.h has them */
	REPLAY_END_ERROR,
	REPLAY_END_UNRESOLVED, /* without a link header, for `port` */
	REPLAY_END_TOO_LONG,
};

struct replay_result {
	enum replay_end end;
	uint8_t port;
	uint8_t error; /* enum icmp_error */
	uint16_t mtu;
	const uint8_t *bytes; /* good until the next turn */
	size_t length;
};

/* A turn of all workers, `milliseconds` after the one before. Fills a result for each frame, in the
 * order in which they were put in, and counts drops by their reason. The number of results; -EPROTO
 * with words when something came out that was never put in. */
int replay_world_turn(struct replay_world *world, unsigned int milliseconds,
	struct replay_result results[static REPLAY_FRAMES],
	uint64_t drops[static DROP_REASON_COUNT], struct error *error);
