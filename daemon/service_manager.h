// SPDX-License-Identifier: GPL-2.0-or-later
/* What the service manager (systemd, or anything that sets NOTIFY_SOCKET) is told. Without one, nothing happens. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How often it wants to be fed, in nanoseconds; 0: it does not watch. */
uint64_t service_manager_watchdog(void);
void service_manager_feed(void);

void service_manager_ready(void);
void service_manager_reloading(void);
void service_manager_stopping(void);

/* One line for `systemctl status`: of `size` bytes, from a process that may be anybody's by now. */
void service_manager_status(const char *text, size_t size);

/* For a process that is about to become another program: nothing of this is its business. */
void service_manager_forget(void);
