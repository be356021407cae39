// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection to the control socket: lines in, answers and events out, a bounded share of the loop. */
#pragma once

#include "base/loop.h"
#include "daemon/control.h"

struct client;

/* What a client has of its server. It must outlive the client. */
struct client_server {
	struct loop *loop;
	struct engine *engine;
	struct control_counters *counters;
	/* A method that writes has run. */
	void (*wrote)(void *data);
	/* It has ended, and is to be freed; called last in a turn of its own. */
	void (*ended)(void *data, struct client *client);
	void *data;
};

/* Takes `fd` over in any case (closed on failure): a connected socket that does not block. */
int client_new(const struct client_server *server, int fd, uid_t user, struct client **ret);

bool client_is_root(const struct client *client);
bool client_is_subscribed(const struct client *client);
/* When it last said or took something; LOOP_NEVER for a subscriber that has taken all there was. */
uint64_t client_idle_since(const struct client *client);
/* The same without that exception: for choosing whom to shut out. */
uint64_t client_active_at(const struct client *client);

/* A line for a subscriber, with its newline; dropped and counted when too much waits for it already. Frees nothing, and
 * may be called from within the client's own calls. */
void client_tell(struct client *client, const struct strbuf *line);

/* NULL is allowed; returns NULL. */
struct client *client_free(struct client *client);
