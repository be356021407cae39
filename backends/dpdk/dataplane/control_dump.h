// SPDX-License-Identifier: GPL-2.0-or-later
/* A series of objects for a reader who takes his time: the state of one generation, or figures. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/registry.h"
#include "backends/dpdk/message.h"
#include "base/strbuf.h"
#include "base/vector.h"

struct control_keys {
	VECTOR_OF(struct service_key);
};

struct control_plane_figures {
	VECTOR_OF(struct message_figure);
};

/* Starts zeroed. */
struct control_dump {
	struct registry *registry;
	struct ledger *ledger; /* that is told; NULL: figures are */
	bool only;             /* the services of `keys`, which are sorted */
	struct control_keys keys;
	struct control_plane_figures figures;
	unsigned int stage;                   /* what is told of now */
	size_t next;                          /* of its items */
	const struct ledger_service *service; /* whose destinations are told … */
	uint32_t destination;                 /* … from this one on */
	uint64_t now;
	uint64_t told; /* objects, in all */
};

/* Begins to tell the ledger in force, or of its services those of dump->keys; or dump->figures. */
void control_dump_begin(
	struct control_dump *dump, struct registry *registry, const struct message_scope *scope);
void control_dump_begin_figures(struct control_dump *dump);

/* The next objects as a message, until it is full; `now` is CLOCK_BOOTTIME in ns. False: there were none,
 * and it is END. */
bool control_dump_fill(struct control_dump *dump, struct strbuf *output, uint32_t id, uint64_t now);

/* Lets go of what it holds. */
void control_dump_clear(struct control_dump *dump);
