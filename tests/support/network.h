// SPDX-License-Identifier: GPL-2.0-or-later
/* A network of one's own: ports that nobody else takes, and settings that are nobody else's. */
#pragma once

/* Before the tests of a group: a network namespace for the process, with nothing but its loopback. */
int network_own(void **state);
/* A sysctl of that namespace: its name below /proc/sys/net/. */
void network_sysctl(const char *name, const char *value);
