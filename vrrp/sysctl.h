// SPDX-License-Identifier: GPL-2.0-or-later
/* Sysctls of interfaces, set while somebody needs them and put back afterwards. Some of them wait for the kernel: done by the
 * hand, for whoever asks errand.h.
 *
 * What stood there before is kept in a file, so that a process that starts after a crash puts back what the administrator had,
 * not what its predecessor set. What somebody else changed in between is left as it is. */
#pragma once

#include <net/if.h>
#include <stddef.h>

#include "base/error.h"

/* A path below /proc/sys: "net/ipv4/conf/eth0/arp_ignore". */
#define VRRP_SYSCTL_NAME_SIZE 96u

enum vrrp_sysctl_kind {
	VRRP_SYSCTL_EXACTLY,
	VRRP_SYSCTL_AT_LEAST, /* what is more serves too */
};

struct vrrp_sysctls;

/* `path`: where to keep what was before; it outlives a process, not a boot (a file of the run directory). What an earlier
 * process kept there is taken over, and put back by vrrp_sysctls_settle() unless it is held by then. NULL: not kept. */
struct vrrp_sysctls *vrrp_sysctls_new(const char *path);

/* Sets it, and remembers what was. Held as often as this is called. -errno, with words unless they would be those of its last failure;
 * it is held also then. */
int vrrp_sysctls_hold(struct vrrp_sysctls *sysctls, const char *name, enum vrrp_sysctl_kind kind,
	int value, struct error *error);
/* Puts it back when nobody holds it any more. */
void vrrp_sysctls_release(struct vrrp_sysctls *sysctls, const char *name);
/* An interface has another name: what was set there is put back there, under the name that it was held by. */
void vrrp_sysctls_renamed(struct vrrp_sysctls *sysctls, const char *before, const char *now);
/* What nobody holds is put back. */
void vrrp_sysctls_settle(struct vrrp_sysctls *sysctls);
/* Nobody holds anything any more. */
void vrrp_sysctls_put_back(struct vrrp_sysctls *sysctls);

/* Sets it for good: of an interface of our own. -errno; -ENOENT: this kernel, or this interface, has none such. */
int vrrp_sysctl_write(const char *name, int value);
int vrrp_sysctl_read(const char *name, int *ret);

/* "net/ipv4/conf/INTERFACE/KEY". -ENAMETOOLONG; -EINVAL: a name that is no file's. */
int vrrp_sysctl_name(char name[static VRRP_SYSCTL_NAME_SIZE], const char *family,
	const char *interface, const char *key);
