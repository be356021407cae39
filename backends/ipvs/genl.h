// SPDX-License-Identifier: GPL-2.0-or-later
/* The transport: one generic netlink socket, many requests at a time.
 *
 * The kernel carries requests out inside sendmsg(), one after the other, and queues one answer for
 * each; so when sendmsg() has returned, every answer is there to be fetched, or was dropped because
 * the receive buffer was full (ENOBUFS). That is why a window bounds what is unanswered, why
 * nothing here ever waits for long, and why an answer that is missing says nothing about its
 * request.
 *
 * A dump is different: the kernel makes the next part of it whenever a part is received, takes its
 * lock anew for each part, and allows one dump at a time per socket. */
#pragma once

#include "backends/ipvs/decode.h"
#include "base/error.h"
#include "base/vector.h"

struct nl_msg;
struct nl_sock;
struct ipvs_genl_slots;

/* The most requests that may be unanswered: their answers fit the default receive buffer (net.core.
 * rmem_default), which overflows at about 300. */
enum {
	IPVS_WINDOW_MAX = 128
};

/* What is offered to the kernel for a datagram. It makes two buffers of that size for each dump, and
 * clears them: with large ones that is a third of the time of a read. Small ones hold a service's
 * destinations where they are at most 16, and no buffer of the kernel is larger than the large ones.
 * Less than 8 KiB, for the kernel puts an end of its own behind it. */
enum {
	IPVS_RECEIVE_SMALL = 7680,
	IPVS_RECEIVE_LARGE = 32 * 1024
};

struct ipvs_genl {
	struct nl_sock *socket;
	uint16_t family;     /* changes when the module is loaded anew */
	uint32_t sequence;   /* of the next request */
	unsigned int window; /* 1 to IPVS_WINDOW_MAX */
	size_t receive_size; /* bytes that one datagram may have; grows when one was longer */
	struct ipvs_genl_slots *slots;
	int lists; /* an IPv4 socket for ipvs_sockopt_destinations(), or -1; its owner is ipvs.c */
};

/* Requests that go out in one sendmsg(). Starts zeroed. */
struct ipvs_batch {
	VECTOR_OF(uint8_t); /* the messages, one behind the other */
	size_t requests;
};

/* Takes a message over (NULL is -EMSGSIZE, and nothing is added) and appends it. */
int ipvs_batch_add(struct ipvs_batch *batch, struct nl_msg *message);
void ipvs_batch_clear(struct ipvs_batch *batch);

#define _cleanup_batch_ _cleanup_(ipvs_batch_clear)

/* What exchange() puts in the place of a code when the answer was lost. No errno is positive here.
 */
enum {
	IPVS_ANSWER_LOST = 1
};

/* Called for every message with a payload; index is the request's place in the batch. */
typedef void ipvs_answer_function(void *context, size_t index, const struct nlmsghdr *message);

/* Connects (small) and finds the family, which loads the module where the system is set up for that.
 * -ENOENT without the module. The window is POISE_IPVS_WINDOW (1 to IPVS_WINDOW_MAX) where that is
 * set. `genl` is to be closed whatever the result. */
int ipvs_genl_open(struct ipvs_genl *genl);
void ipvs_genl_close(struct ipvs_genl *genl);

/* A new socket with room for `receive_size` bytes in a datagram, which bounds the parts of dumps too
 * (a page at least). What was still to come on the old one is given up. */
int ipvs_genl_reconnect(struct ipvs_genl *genl, size_t receive_size);

/* Looks the family's number up again. 1 when it changed, 0 when not, -ENOENT when there is none any
 * more, or another -errno. */
int ipvs_genl_refresh(struct ipvs_genl *genl);

/* Sends a batch of at most IPVS_WINDOW_MAX requests, each to be acknowledged when `acknowledge`,
 * and fills codes[] for each: 0, -errno, IPVS_ANSWER_LOST, or -ENOTCONN where it was not carried
 * out as the module is gone. When the module was loaded anew, what it has not seen is sent again.
 * `answer` may be NULL. The batch is used up. Returns 0, or -errno when the batch could not be sent
 * at all: then nothing of it was carried out. */
int ipvs_genl_exchange(struct ipvs_genl *genl, struct ipvs_batch *batch, bool acknowledge,
	int *codes, ipvs_answer_function *answer, void *context);

/* One request, alone. The code of its answer (IPVS_ANSWER_LOST is -ENOBUFS), or that of the
 * transport. */
int ipvs_genl_request(struct ipvs_genl *genl, struct nl_msg *message, bool acknowledge,
	ipvs_answer_function *answer, void *context);

/* Whether the messages of a dump are those of one moment. */
enum ipvs_dump_state {
	IPVS_DUMP_EXACT,  /* all came in one part, in which there was room for more */
	IPVS_DUMP_PIECES, /* the table may have changed between the parts */
};

/* Asks for a dump (`message` has NLM_F_DUMP and is taken over) and calls `answer`, with index 0,
 * for each of its messages. Returns 0, the kernel's -errno, or -ENOTCONN when the module is gone.
 * -EAGAIN: some of it was lost, and what `answer` got must be thrown away; the socket is good for
 * another try. */
int ipvs_genl_dump(struct ipvs_genl *genl, struct nl_msg *message, ipvs_answer_function *answer,
	void *context, enum ipvs_dump_state *state);
