// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan on its way to another process of the tree: written down as a list of messages, of which each is sent when the one before
 * it was answered. Pure but for memory and the clock that it is told.
 *
 *	convey_want()	 another plan is wanted: it is made (options.write), and its sending begins
 *	convey_got()	 a piece was answered; after the last one the plan is in force there
 *	convey_fail()	 it was refused
 *	convey_miss()	 something that is said about it does not fit: a message was lost
 *
 * A plan that does not come into force is made and sent again, after a while that doubles, for as long as it takes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vector.h"

#define CONVEY_NEVER UINT64_MAX

struct convey_piece {
	uint16_t kind;
	void *payload;
	size_t size;
};

struct convey;

struct convey_options {
	/* As channel_send(). */
	int (*send)(void *data, uint16_t kind, const void *payload, size_t size);
	/* Makes the plan of `generation`: convey_add() for its head, which is answered only where it is refused, and for each piece,
	 * the last of which puts it in force. False: it cannot be sent at all, and `trouble` was told. */
	bool (*write)(void *data, struct convey *convey, uint64_t generation);
	void (*in_force)(void *data);
	/* It is not in force, in words that go behind "the … process": NULL: nothing is wrong. Often the same. */
	void (*trouble)(void *data, const char *why);
	void *data;
};

/* Read by its owner, written by convey.c. */
struct convey {
	struct convey_options options;
	bool there;          /* somebody hears */
	bool wanted;         /* `serial` says something */
	bool begun;          /* a plan was made of `serial`, whatever has become of it */
	uint64_t serial;     /* of what is wanted */
	uint64_t generation; /* of the last plan */
	uint64_t force;      /* of the plan in force there; 0: none */
	uint64_t coming;     /* of the plan on its way; 0: none */
	struct {
		VECTOR_OF(struct convey_piece);
	} pieces;    /* of the one on its way, the head included */
	size_t sent; /* of these */
	uint64_t answer_by, again_at, began;
	unsigned int failures;                               /* in a row */
	uint64_t plans, committed, broken, stale, malformed; /* counters */
};

void convey_init(struct convey *convey, const struct convey_options *options);
void convey_clear(struct convey *convey);

/* A copy. */
void convey_add(struct convey *convey, uint16_t kind, const void *payload, size_t size);
/* Which piece would come next, as the other side counts them: from 1, the head left out. */
uint32_t convey_next_piece(const struct convey *convey);

void convey_want(struct convey *convey, uint64_t serial, uint64_t now);
/* Somebody is there (again), and knows nothing; or nobody. */
void convey_started(struct convey *convey, uint64_t now);
void convey_gone(struct convey *convey);
/* `pieces`: as many as were answered. */
void convey_got(struct convey *convey, uint64_t generation, uint32_t pieces, uint64_t now);
/* The plan of that generation was refused. */
void convey_refused(struct convey *convey, uint64_t generation, const char *why, uint64_t now);
/* The same, and nothing is lost by it: it is not sent again, and is no trouble. */
void convey_give_up(struct convey *convey, uint64_t generation);
void convey_miss(struct convey *convey, uint64_t now);

/* Does what is due; when there will be something to do next. */
uint64_t convey_run(struct convey *convey, uint64_t now);

/* What was wanted last is in force there. */
bool convey_is_settled(const struct convey *convey);
