// SPDX-License-Identifier: GPL-2.0-or-later
/* --netns: another network namespace, by its name of `ip netns` or by a path. */
#pragma once

#include "base/error.h"

/* Moves the process there for good. net/ipv4/vs below /proc/sys follows it by itself: that folder
 * is always the namespace of the one who opens it. */
int cli_netns_enter(const char *name, struct error *error);

/* A word for the namespace that serves as a folder's name: the name itself, or for a path outside
 * the folder of `ip netns` one made of the namespace's number. The caller frees it. */
int cli_netns_label(const char *name, char **ret, struct error *error);
