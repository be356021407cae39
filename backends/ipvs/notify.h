// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel does announce: that the IPVS family of generic netlink has come or gone, with its module.
 *
 * IPVS tells nobody that its table changed. But generic netlink tells of its families, to the multicast group "notify" of its
 * controller, and a module that was loaded anew has an empty table: whoever hears of it need not wait for his next read. */
#pragma once

/* A socket that gets these announcements, non-blocking; poll it for reading. The caller closes it. -errno. */
int ipvs_notify_open(void);

/* Reads what came (some of it, when there is much: then the socket is readable still). 1: IPVS was loaded or unloaded, or it may
 * have been, for announcements were lost; 0: it was not; -errno when the socket is no good any more. */
int ipvs_notify_read(int fd);
