// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw sockets of VRRP: what virtual routers hear their peers through, and speak through.
 *
 *	multicast  one for each (interface, family): igmp_max_memberships counts for each socket, and an
 *		   interface that is lost takes nobody else's socket along
 *	unicast	   one for each source address, whichever interface its peers' datagrams come by
 *
 * A struct vrrp_socket is its owner's, by value. It belongs to the interface with that index, not
 * that name: one that was gone and is back needs another socket, even where it has its old index,
 * for the kernel has forgotten the group. That it is gone, sending says (-ENODEV), and
 * vrrp_socket_check(); who only listens hears nothing, and no error. Non-blocking, but for opening
 * and closing one of multicast: the kernel has one lock for the groups of all interfaces of the
 * machine. Nothing here is allocated but a struct vrrp_batch, which many sockets may share. */
#pragma once

#include "base/error.h"
#include "vrrp/packet.h"

#define VRRP_SOCKET_TTL 255 /* sent: RFC 9568 §5.1.1.3, §5.1.2.3 */
/* How many datagrams are read at once. */
#define VRRP_BATCH_MOST 16

/* Where a socket listens. */
struct vrrp_place {
	uint16_t family;
	/* Of multicast; of unicast 0, or that of a source that is link-local. */
	unsigned int ifindex;
	struct address source; /* unicast: what peers send to; AF_UNSPEC: multicast */
};

struct vrrp_socket {
	int fd; /* -1: none */
	struct vrrp_place place;
};

/* Total order, for sorted vectors. */
int vrrp_place_compare(const struct vrrp_place *a, const struct vrrp_place *b);

/* -ENODEV: no such interface. -EADDRNOTAVAIL: the source is not, or not yet, an address of this
 * machine. -EPERM: without CAP_NET_RAW. *ret is untouched then. */
int vrrp_socket_open(
	const struct vrrp_place *place, struct vrrp_socket *ret, struct error *error) _warn_unused_;

/* One that only sends, and may do so from an address of another interface: for the virtual MAC,
 * whose interface speaks for its parent. */
int vrrp_socket_open_mute(
	const struct vrrp_place *place, struct vrrp_socket *ret, struct error *error) _warn_unused_;

void vrrp_socket_close(struct vrrp_socket *socket);

/* One datagram: `size` bytes after the headers of IP. -ENODEV: the interface is gone. Another -errno
 * (the interface is down, the source is not an address of this machine, a buffer is full, a packet
 * filter is against it): it went nowhere, and the next may. */
int vrrp_socket_send(const struct vrrp_socket *socket, const struct address *source,
	const struct address *destination, const void *data, size_t size) _warn_unused_;

/* -ENODEV when the interface is gone. */
int vrrp_socket_check(const struct vrrp_socket *socket);

/* What the kernel has dropped since it was opened, because nobody read in time: modulo 2^32. */
uint32_t vrrp_socket_drops(const struct vrrp_socket *socket);

/* Room for VRRP_BATCH_MOST datagrams of either family, to be given to free(). */
struct vrrp_batch;
struct vrrp_batch *vrrp_batch_new(void);

/* At most `most` (up to VRRP_BATCH_MOST) of what waits: how many, 0 when nothing does. -errno: the
 * socket is of no use any more. */
int vrrp_socket_receive(
	const struct vrrp_socket *socket, struct vrrp_batch *batch, size_t most) _warn_unused_;

/* One of them. Its data are good until the batch is used again. What has no header of IP, where one
 * belongs, has a source of AF_UNSPEC, and no data. */
struct vrrp_datagram vrrp_batch_datagram(const struct vrrp_batch *batch, size_t index);

/* A packet of IPv4 from its header on: `size` bytes are there of `length` that came. Pure. */
struct vrrp_datagram vrrp_datagram_from_ipv4(const uint8_t *bytes, size_t size, size_t length);
