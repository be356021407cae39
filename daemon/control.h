// SPDX-License-Identifier: GPL-2.0-or-later
/* The server of the control socket: clients, lines, bounds.
 *
 * Nothing that a client does stalls the loop: lines are bounded, so are requests in one turn, bytes that wait for a slow reader
 * and the number of clients; large answers are made in pieces as the reader takes them (call.h). Who may call what
 * comes from SO_PEERCRED: methods that write are root's. */
#pragma once

#include "base/loop.h"
#include "daemon/call.h"

struct control;

#define CONTROL_LINE_LIMIT   65536u /* bytes of one request */
#define CONTROL_CLIENTS_MOST 64     /* at once; more wait in the backlog */
#define CONTROL_QUEUE_LIMIT                                                                        \
	(1u << 20) /* bytes that wait for a reader; events beyond are dropped and counted for it */
#define CONTROL_IDLE_NS                                                                            \
	300000000000ull /* a client that says nothing and takes nothing is shut out */

/* One that was idle for so long makes room for another when all places are taken (control.c says whose). */
#define CONTROL_SPARE_NS 1000000000ull

struct control_counters {
	uint64_t clients, requests, errors, malformed, refused;
	size_t connected, subscribers;
};

/* Serves the listening socket `fd`, which stays the caller's. */
int control_new(struct loop *loop, int fd, struct engine *engine, struct control **ret);
struct control *control_free(struct control *control);

/* `changed` is called after each method that writes, for the shell to run the engine. */
void control_on_change(struct control *control, void (*changed)(void *data), void *data);

/* Another time than CONTROL_IDLE_NS, or than CONTROL_SPARE_NS. */
void control_set_idle(struct control *control, uint64_t idle);
void control_set_spare(struct control *control, uint64_t spare);

/* To every subscriber. */
void control_tell(struct control *control, const struct engine_event *event);

struct control_counters control_counters(const struct control *control);
