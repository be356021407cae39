// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket as a file: made by the supervisor, which keeps it, so that clients that connect while the process
 * that serves it starts again wait in the backlog. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

#define CONTROL_SOCKET_NAME "poised.sock"

/* Listens on RUN-DIR/poised.sock, for root alone until control_socket_give(). What an earlier poised left there is
 * removed: call it under the lock. A close-on-exec, non-blocking descriptor, or -errno with words. */
int control_socket_open(const char *run_dir, struct error *error);

/* To this group beside root; 0: to root alone. -errno with words. */
int control_socket_give(const char *run_dir, gid_t group, struct error *error);

void control_socket_remove(const char *run_dir);
