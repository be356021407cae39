// SPDX-License-Identifier: GPL-2.0-or-later
/* One writer at a time: an flock on RUN-DIR/lock, whose content says who holds it ("PID NAME").
 * Released by the kernel when the holder dies. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Takes the lock, waiting at most `wait_ns` for it; makes the directory if need be. `name` is what
 * others are told ("poise apply", "poised"). Returns a descriptor that the caller closes to release
 * the lock, or -EBUSY with words that say which process holds the machine and what to do instead;
 * -errno. */
int lock_take(const char *directory, const char *name, uint64_t wait_ns, struct error *error);

/* Whether anybody ever took it there. */
bool lock_was_taken(const char *directory);

/* Whether *fd, of lock_take(), still is what others find: who cleans up the directory may have removed the file, and then the
 * next one locks another. 0 when it is; 1 when it was taken anew, into *fd; -EEXIST with words when another `name` has taken it,
 * -EBUSY when somebody else has, who will be done some time; -errno. */
int lock_keep(const char *directory, const char *name, int *fd, struct error *error);
