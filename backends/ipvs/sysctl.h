// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's settings below net/ipv4/vs, of the calling process's network namespace. */
#pragma once

#include "base/error.h"
#include "model/state.h"

/* Appends every value that can be read and that fits, words separated by one space; in no order.
 * A missing folder (no ip_vs) gives none. 0, or -errno when the folder cannot be listed. */
int ipvs_sysctl_read(struct sysctl_vector *ret);

/* Writes one. -EINVAL for a name that is none (a slash, "..") and for a value that the kernel does
 * not take, -ENOENT for a name that this kernel does not have; `error` says so. */
int ipvs_sysctl_write(const char *name, const char *value, struct error *error);
