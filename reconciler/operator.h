// SPDX-License-Identifier: GPL-2.0-or-later
/* What the operator told poised, in STATE-DIR/operator.json: drains and the suspension.
 *
 * Unlike the record it outlives a reboot: who took a machine out for maintenance does not want it back because the
 * balancer was restarted. So times on disk are seconds since the epoch; in memory they are CLOCK_BOOTTIME. */
#pragma once

#include "base/error.h"
#include "reconciler/facts.h"

struct operator_drain {
	struct facts_drain fact; /* first: facts_drain_compare() works on it */
	uint64_t since;          /* seconds since the epoch */
	uint64_t until_wall;     /* the same; 0: until undrained */
	char *by;                /* who ("uid 0"); owned */
};

struct operator_state {
	struct {
		VECTOR_OF(struct operator_drain);
	} drains;       /* sorted */
	bool suspended; /* poised changes nothing */
	uint64_t suspended_since;
	char *suspended_why; /* NULL: nothing was said */
	char *suspended_by;
};

/* What `poise drain` names: "tcp://203.0.113.10:80 10.0.0.11:8080" is one destination of one service;
 * "10.0.0.11:8080" alone that destination in every service, "10.0.0.11" the address on every port in every service. */
int operator_target_parse(
	const char *service, const char *destination, struct facts_drain *ret, struct error *error);
/* The same as words, into *text. Appends. */
void operator_target_format(const struct facts_drain *drain, struct strbuf *text);

/* An absent file is an empty state. Drains that are over are left out. -EINVAL with words when it is damaged. */
int operator_load(const char *directory, struct operator_state *ret, struct error *error);
int operator_save(const char *directory, const struct operator_state *state, struct error *error);

/* From and to JSON text, without I/O (fuzzed). `now` is CLOCK_BOOTTIME ns, `wall` seconds since the epoch. */
int operator_parse(const char *text, size_t size, uint64_t now, uint64_t wall,
	struct operator_state *ret, struct error *error);
char *operator_format(const struct operator_state *state);

/* Puts a drain in (or gives the one that is there another end). */
void operator_drain(struct operator_state *state, const struct facts_drain *drain, uint64_t wall,
	uint64_t until_wall, const char *by);
/* Takes it out. -ENOENT: nothing like it is drained. */
int operator_undrain(struct operator_state *state, const struct facts_drain *drain);
/* Takes out what is over at `now`; true when there was any. */
bool operator_expire(struct operator_state *state, uint64_t now);

/* The facts that follow, into an empty `ret`. */
void operator_facts(const struct operator_state *state, struct facts *ret);

/* Deep copy into an empty `to`. */
void operator_copy(struct operator_state *to, const struct operator_state *from);

void operator_clear(struct operator_state *state);
#define _cleanup_operator_ _cleanup_(operator_clear)
