// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection to poise-dataplane's socket: requests in, answers out, a bounded share of the loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backends/dpdk/dataplane/control_plane.h"

struct control_client;

/* What a client has of its server. It must outlive the client. */
struct control_server {
	struct loop *loop;
	struct control_plane_options options;
	struct control_plane_counters counters;
	uint64_t instance; /* of this run */
	size_t waiting;    /* operations and keys of all clients */
	/* A transaction was carried out: what it replaced is to be let go of, and who waits for that looked
	 * at (control_client_look()), soon. */
	void (*applied)(void *data);
	/* It has ended, and is to be freed; called last in a turn of its own. */
	void (*ended)(void *data, struct control_client *client);
	void *data;
};

/* Takes `fd` over in any case (closed on failure): a connected socket. -errno. */
int control_client_new(struct control_server *server, int fd, struct control_client **ret);

/* Its committed transaction may have been taken up by every worker: the answer, if it has. False: the
 * connection has ended. */
bool control_client_look(struct control_client *client);

/* In the middle of something that it began and has to go on with. */
bool control_client_is_busy(const struct control_client *client);
/* When it last said or took something. */
uint64_t control_client_active_at(const struct control_client *client);
pid_t control_client_process(const struct control_client *client);

/* NULL is allowed; returns NULL. */
struct control_client *control_client_free(struct control_client *client);
