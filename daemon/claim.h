// SPDX-License-Identifier: GPL-2.0-or-later
/* Who keeps virtual routers in a network namespace: one poised, whatever its run directory is. What is removed as left over is all
 * that carries the mark of virtual routers, so that two would strip each other.
 *
 * The claim is the name of an abstract unix socket, of which each namespace has its own, and the kernel ends it with
 * the last descriptor. The supervisor makes the socket, its process of virtual routers gives it the name when it is to keep the
 * first of them, and so the claim outlives that process. Anybody may take such a name: one counts only when who listens there is
 * root, or the same user (SO_PEERCRED). */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/error.h"

/* A socket without the name; the caller closes it. -errno. */
int claim_new(void);

/* Whether the name is that of this socket. */
bool claim_is_held(int claim);

/* Gives it the name, for this process to be seen as who has it. 0; -EBUSY: another poised has it, `holder` is who (pid 0: in a
 * namespace of processes that is not seen from here); -EPERM: somebody else has, or nobody knows who, and it goes without; -errno. */
int claim_take(int claim, struct ucred *holder);

/* Who has it; as claim_take(), with 0: nobody. */
int claim_find(struct ucred *holder);

/* Hangs up on all who have looked: they are as many as the kernel lets wait. For who keeps the socket, now and then. */
void claim_hang_up(int claim);

/* Waits until nobody has it who was a child of a poised with this run directory, whose lock the caller has: such a one
 * winds up, or hangs and is killed. -EBUSY with words: another poised has it. Blocks for some seconds at most. */
int claim_await(const char *run_dir, struct error *error);
