// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection to poise-dataplane: requests out, answers in, one at a time, with errors in words. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/message.h"
#include "base/error.h"
#include "base/strbuf.h"

/* How long the forwarder may be silent in the middle of a request. */
#define DPDK_LINK_SECONDS 30

/* Starts zeroed, but for fd: -1. */
struct dpdk_link {
	int fd;
	uint32_t id;          /* of the request under way */
	struct strbuf output; /* a message that is being made */
	uint8_t *input;       /* the last one that came: MESSAGE_LIMIT bytes */
};

/* A descriptor connected to the socket at `path`, which waits DPDK_LINK_SECONDS at most, or, where that
 * is wanted, not at all. -errno. */
int dpdk_link_connect(const char *path, bool wait);

/* Why it cannot be connected; returns a code that fits (-ENOENT: there is no poise-dataplane). */
int dpdk_link_explain(const char *path, int code, struct error *error);

/* Whether it is connected, as far as is known now. */
bool dpdk_link_is_open(const struct dpdk_link *link);

/* A new request has a number of its own, that its messages have and its answers. */
void dpdk_link_request(struct dpdk_link *link);
/* Begins a message of the request under way in link->output; sends it. -errno with words. */
void dpdk_link_begin(struct dpdk_link *link, enum message_kind kind);
int dpdk_link_send(struct dpdk_link *link, struct error *error);
/* The next message of the answer; its body is good until the next one. An ERROR gives its code, with
 * its words. After a failure the link is closed. */
int dpdk_link_receive(struct dpdk_link *link, struct message_header *header,
	struct message_reader *reader, struct error *error);

void dpdk_link_close(struct dpdk_link *link);
