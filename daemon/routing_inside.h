// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of routing.h share: routing.c (its life, the table), routing_leave.c (who has left it), routing_write.c (the plan),
 * routing_hear.c (what is heard). Nobody else includes it. */
#pragma once

#include "daemon/routing.h"

#include "base/strbuf.h"
#include "model/arena.h"

struct routing_list {
	VECTOR_OF(struct routing_router);
};

struct routing {
	struct routing_options options;
	struct convey convey;
	struct strbuf text; /* of the files in force: what is to be sent */
	uint64_t written;   /* serial of the files that it is of */
	uint64_t serial;    /* of what is to be sent */
	bool asked;
	/* The first plan that was written of the table below; 0: none was. The one in force may be older, and mean other routers
	 * by the same places. */
	uint64_t tabled;
	size_t mappings;
	struct {
		VECTOR_OF(struct routing_fact);
	} facts;                     /* of each of these */
	struct routing_list routers; /* by mapping and family */
	struct {
		VECTOR_OF(size_t);
	} first; /* of each mapping, in `routers`; and one more for the end */
	struct arena names;
	struct arena commands;     /* `notify` of the routers */
	struct routing_list left;  /* the table has them no more, and that is to be told */
	struct arena left_memory;  /* of these: names, `notify` */
	struct router_forms forms; /* of the peers of these, as far as they are known */
	uint64_t forms_serial;
	bool filled;
	uint32_t said;      /* serial of the last MOVED */
	uint64_t heard;     /* when the process said something last */
	uint64_t silent_at; /* CONVEY_NEVER: nobody is there, or it is silent */
	bool silent;
	uint64_t lost;
	uint64_t cleared; /* as the supervisor told it; and: */
	uint64_t ended;   /* what moved before that time an earlier reconciler has told */
	bool has_stats;
	struct message_vrrp_stats stats;
};

/* As channel_send(). */
int routing_send(const struct routing *routing, uint16_t kind, const void *payload, size_t size);
/* The files' virtual routers are not in force, and why; NULL: nothing is wrong. As options.trouble of convey.h. */
void routing_trouble(void *data, const char *why);
/* NULL: the plan in force has no such one. */
struct routing_router *routing_of(
	struct routing *routing, uint32_t mapping, uint16_t family, uint8_t vrid);
/* The places of the plan in force are those of the table: not while that of other files is on its way, or was refused. */
bool routing_is_tabled(const struct routing *routing);
/* routing_hear.c */
/* Looks whether the process has fallen silent. */
void routing_listen(struct routing *routing, uint64_t now);
/* routing_leave.c */
/* By name and family. */
int routing_compare_names(const void *key, const void *item);
void routing_clear_list(struct routing_list *list);
/* `notify` of the routers of the table, as the files of the table, or later ones that say the same routers, have it. */
void routing_keep_commands(struct routing *routing, const struct config *config);
/* Takes from `before`, the table before, who is to be told of once the one of now is in force, and keeps those of earlier ones. Who
 * has a place in the new table is at rest in the old one. */
void routing_leave(struct routing *routing, struct routing_list *before);
/* They stand still. Once. */
void routing_tell_left(struct routing *routing);
/* routing_write.c */
/* The file that is sent. Appends. */
void routing_write_text(const struct config *config, struct strbuf *text);
void routing_write_fact(
	const struct routing_fact *fact, size_t router, struct message_vrrp_fact *ret);
/* options.write of convey.h */
bool routing_write(void *data, struct convey *convey, uint64_t generation);
