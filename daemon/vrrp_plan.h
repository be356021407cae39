// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan of virtual routers, as it comes in piece by piece (messages_vrrp.h), and what becomes of it. Pure but for memory: what
 * is said is checked as if it came from anybody.
 *
 *	vrrp_plan_begin()	a head; what was gathered before is dropped
 *	vrrp_plan_text(), _hints(), _facts()	pieces: the head said how many there will be
 *	vrrp_plan_finish()	all of it is there: the files' virtual routers, and what is known of them */
#pragma once

#include "daemon/messages.h"
#include "base/strbuf.h"
#include "model/config.h"
#include "vrrp/node.h"

struct vrrp_plan {
	bool begun;
	struct message_vrrp_plan head;
	struct strbuf text;
	struct {
		VECTOR_OF(struct node_hint);
	} hints;
	struct {
		VECTOR_OF(struct node_facts);
	} facts;     /* of each router of the head */
	size_t told; /* of these */
	uint32_t pieces;
};

/* What was put together; the caller clears `config` (config_clear) unless it gave it away. The rest is borrowed from the plan. */
struct vrrp_plan_result {
	struct config config;
	struct node_plan plan;
};

/* All give 0, or -(1 + enum message_vrrp_refusal): then the plan is dropped. Pieces of a plan that was not begun, or is another, are
 * -ESTALE: they were meant for an earlier life of this process. */
int vrrp_plan_begin(
	struct vrrp_plan *plan, const struct message_vrrp_plan *head, uint64_t in_force);
int vrrp_plan_text(struct vrrp_plan *plan, const char *text, size_t size);
int vrrp_plan_hints(struct vrrp_plan *plan, const struct message_vrrp_hint *hints, size_t size);
int vrrp_plan_facts(struct vrrp_plan *plan, const struct message_vrrp_facts *facts, size_t size);
int vrrp_plan_finish(struct vrrp_plan *plan, const struct message_vrrp_got *commit,
	struct vrrp_plan_result *ret);
void vrrp_plan_clear(struct vrrp_plan *plan);

/* Facts that came by themselves: -EBADMSG. */
int vrrp_plan_read_fact(
	const struct message_vrrp_fact *message, size_t routers, struct node_facts *ret);
bool vrrp_plan_facts_fit(const struct message_vrrp_facts *facts, size_t size);
