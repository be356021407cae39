// SPDX-License-Identifier: GPL-2.0-or-later
/* The users of this machine, for who cannot wait: a name service may ask a network that is down, or that is not there yet. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

struct account {
	uid_t user;
	gid_t group;
};

/* Whose a process is that needs nothing of root's; the first that there is. Ended by NULL. */
extern const char *const account_unprivileged[];

/* By /etc/passwd, and where that has none of this name, by the name service, for which a process of its own asks and which has `timeout`
 * nanoseconds. 0; -ESRCH: there is none; -ETIMEDOUT: nobody answered; -errno. */
int account_find(const char *name, uint64_t timeout, struct account *ret) _warn_unused_;
