// SPDX-License-Identifier: GPL-2.0-or-later
/* --netns: another network namespace, by its name of `ip netns` or by a path. */
#pragma once

#include "base/error.h"

/* Moves the process there for good. net/ipv4/vs below /proc/sys follows it by itself: that folder
 * is always the namespace of the one who opens it. */
int netns_enter(const char *name, struct error *error);

/* What keeps the folders of a namespace apart from those of others, whichever way it was entered: *ret is
 * NULL for the machine's own (that of process 1), else its name in `ip netns`, else "inode-N" (NULL too for that of this
 * process where process 1 cannot be looked at). Of several names it is the first that has one in `folder` (or NULL), so
 * that a name which comes later makes nobody forget what is there; else the first. `name` is the option's word, or NULL for
 * the namespace of this process. The caller frees *ret. -ENOENT when there is no such namespace. */
int netns_label(const char *name, const char *folder, char **ret, struct error *error);
