// SPDX-License-Identifier: GPL-2.0-or-later
/* A process that waits for the kernel, so that the one that advertises need not.
 *
 * The kernel has one lock for the interfaces, addresses and routes of all network namespaces of a machine. Who deletes an
 * interface or a namespace holds it for some ten milliseconds, and meanwhile every request waits, of whomever: in send(), or,
 * while a dump is read, in recv(). A transaction of nf_tables waits for those of others. An interval may be 10 ms long.
 *
 *	this process -- what is to be said --> the hand -- send() --> kernel
 *		     <-- what came of it -----	       <-- recv() --
 *		     -- what is to be done -->	       -- its worker -->
 *		     <-- its answer ----------
 *
 * The hand is forked by vrrp_hand_new() and has the netlink sockets for its own. It carries bytes to them, and brings back
 * every datagram that comes, in order of the sockets: what was caused by a request is brought before its answer. It knows nothing
 * of what they mean. What is no message of these sockets its worker does (errand.h). All is carried out in the order in which it is
 * given, one after the other, to whomever.
 *
 * It ends with this process, however that ends; but what it is in the middle of is carried out first. So that a process which
 * comes after this one begins when that is over, the hand has a lock on the lease's memory while it lives. When the hand
 * dies first, the loop is stopped with code 1: without it nothing can be kept. The same when somebody has stopped it (SIGSTOP)
 * and does not let it go on within a few seconds: with this process it ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

/* In this order what has come is brought. */
enum vrrp_hand_socket {
	VRRP_HAND_EVENTS,
	VRRP_HAND_REQUESTS,
	VRRP_HAND_SOCKETS,
};

/* Bytes of what is given at once, and of a datagram. */
#define VRRP_HAND_GIVEN_MOST   16384u
#define VRRP_HAND_BROUGHT_MOST 65536u
#define VRRP_HAND_ANSWER_MOST  1024u

/* What the hand can do besides. All but `answered` run in the hand, on a copy of what this process had when it was made. */
struct vrrp_hand_worker {
	void (*begin)(void *data); /* before anything else, with the rights that `enter` left */
	/* Does what vrrp_hand_ask() was given: how many bytes of `answer` (aligned for any type) are to be brought; 0: none. */
	size_t (*work)(void *data, const void *asked, size_t size,
		char answer[static VRRP_HAND_ANSWER_MOST]);
	/* In this process. Borrowed, and aligned for any type. */
	void (*answered)(void *data, const void *answer, size_t size);
	void *data;
};

/* Who has a hand. Zeroed but for the lease: nothing. */
struct vrrp_hand_owner {
	/* In the hand, before it does anything: gives up what it does not need. Below 0: it ends. */
	int (*enter)(void *data);
	void *data;
	int lease; /* a descriptor of lease_create(), which stays the caller's; -1: none */
	const struct vrrp_hand_worker *worker; /* copied; NULL: it carries, and does nothing else */
};

enum vrrp_hand_word {
	VRRP_HAND_CAME,   /* a datagram, cut where it was longer than VRRP_HAND_BROUGHT_MOST */
	VRRP_HAND_LOST,   /* recv() failed: `code` */
	VRRP_HAND_UNSENT, /* send() failed with what was given to this socket: `code` */
};

struct vrrp_hand_brought {
	enum vrrp_hand_socket socket;
	enum vrrp_hand_word word;
	int code;      /* -errno */
	uint32_t port; /* of the sender: 0 is the kernel */
	bool cut;
	size_t size;
	const void *data; /* aligned for any type; borrowed until the handler returns */
};

typedef void vrrp_hand_handler(void *data, const struct vrrp_hand_brought *brought);

struct vrrp_hand;

/* `sockets` are netlink's, non-blocking, and the hand's alone from now on: they are closed here in any case. Before this process
 * is real-time, or sandboxed; waits for the hand of a process that had the lease before. -errno with words. */
int vrrp_hand_new(struct loop *loop, const struct vrrp_hand_owner *owner,
	const int sockets[static VRRP_HAND_SOCKETS], vrrp_hand_handler *handler, void *data,
	struct vrrp_hand **ret, struct error *error);
/* What was given is carried out, and waited for, but by a hand that is stopped; nothing is brought any more. NULL is allowed; returns NULL. */
struct vrrp_hand *vrrp_hand_free(struct vrrp_hand *hand);

/* Never waits: what the hand has no room for is kept here until it has. -EMSGSIZE; -EPIPE: it is gone. */
int vrrp_hand_give(
	struct vrrp_hand *hand, enum vrrp_hand_socket socket, const void *data, size_t size);
/* The same for its worker. */
int vrrp_hand_ask(struct vrrp_hand *hand, const void *data, size_t size);
/* What was given has not been carried out for some seconds: the kernel lets the hand wait, or somebody has stopped it. */
bool vrrp_hand_is_late(const struct vrrp_hand *hand);
