// SPDX-License-Identifier: GPL-2.0-or-later
/* The server of poise-dataplane's socket, on the main thread's loop (backends/dpdk/message.h has the
 * language).
 *
 * Nothing that a client does holds up a worker, and nothing holds up another client for longer than its
 * share of a turn: what it sends is bounded and counted, what it asks for is written as it reads, one
 * message at a time, and one that stops in the middle of something is dropped after a while. A
 * transaction is its client's alone until it is committed: when the client goes before that, nothing
 * has happened. The socket is its owner's (mode 0600): who can connect may do everything. */
#pragma once

#include <stdint.h>

#include "backends/dpdk/dataplane/registry.h"
#include "base/error.h"
#include "base/loop.h"

#define CONTROL_CLIENTS_MOST 64 /* at once */
/* Operations and keys that wait in all clients' unfinished requests, at most. */
#define CONTROL_WAITING_MOST (1u << 20)
/* Who is in the middle of something, and neither says nor takes anything, is dropped. */
#define CONTROL_STALL_NS 10000000000ull
/* Who is not, for so long, makes room for another when there is none. */
#define CONTROL_SPARE_NS 10000000000ull

struct control_plane;

/* Collects what is asked for by FIGURES. */
struct control_plane_figures;
void control_plane_figure(struct control_plane_figures *figures, const char *object,
	const char *name, uint64_t value);

struct control_plane_options {
	const char *path;          /* of the socket */
	struct registry *registry; /* what is configured */
	unsigned int workers;      /* for whoever asks */
	/* Optional. Says all that is counted, as it is now, by calls of control_plane_figure(). */
	void (*figures)(void *data, struct control_plane_figures *figures);
	/* Optional. A transaction was committed; for a port that waits for the first one. */
	void (*committed)(void *data, uint64_t generation);
	void *data;
};

struct control_plane_counters {
	uint64_t clients, refused,
		dropped;    /* that came; for whom there was no room; that stopped */
	uint64_t malformed; /* messages that were none */
	uint64_t transactions, failed;
	size_t connected;
};

/* Whether control_plane_new() may have this path, for who would do much before it. -EADDRINUSE, as there. */
int control_plane_check(const char *path, struct error *error);

/* Listens. -EADDRINUSE when somebody serves that socket already; -errno with words. */
int control_plane_new(struct loop *loop, const struct control_plane_options *options,
	struct control_plane **ret, struct error *error);
/* Removes the socket. Before the registry goes. NULL is allowed; returns NULL. */
struct control_plane *control_plane_free(struct control_plane *control);

/* Another time than CONTROL_STALL_NS. */
void control_plane_set_stall(struct control_plane *control, uint64_t stall);

struct control_plane_counters control_plane_counters(const struct control_plane *control);
