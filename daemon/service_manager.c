// SPDX-License-Identifier: GPL-2.0-or-later
/* sd_notify(3), with nothing from outside in the messages but printable text: a line break in a status would be a message
 * of its own ("MAINPID=…"). That a message did not arrive is the service manager's loss: it is not an error here. */
#include "daemon/service_manager.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/macros.h"
#include "base/timespec.h"

#define STATUS_LIMIT 512

uint64_t service_manager_watchdog(void)
{
	uint64_t microseconds = 0;

	if (sd_watchdog_enabled(0, &microseconds) <= 0)
		return 0;
	return microseconds * 1000;
}

void service_manager_feed(void)
{
	sd_notify(0, "WATCHDOG=1");
}

void service_manager_ready(void)
{
	sd_notify(0, "READY=1");
}

/* The time tells the manager which of its reloads is meant. */
void service_manager_reloading(void)
{
	uint64_t microseconds = timespec_now(CLOCK_MONOTONIC) / 1000;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, microseconds);
}

void service_manager_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void service_manager_status(const char *text, size_t size)
{
	char line[STATUS_LIMIT];
	size_t length = MIN(size, sizeof(line) - 1);

	for (size_t i = 0; i < length; i++)
		line[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	line[length] = '\0';
	sd_notifyf(0, "STATUS=%s", line);
}

void service_manager_forget(void)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
}
