// SPDX-License-Identifier: GPL-2.0-or-later
/* What the operator told poised, in STATE-DIR/operator.json: drains and the suspension.
 *
 * Unlike the record it outlives a reboot: who took a machine out for maintenance does not want it back because the
 * balancer was restarted. In memory times are CLOCK_BOOTTIME. On disk they are that too, with the boot that they are of, so that a
 * restart follows no step of the wall's clock; beside them stands the time on the wall's clock, for after a reboot. */
#pragma once

#include "base/error.h"
#include "reconciler/facts.h"
#include "reconciler/record.h"

struct operator_drain {
	struct facts_drain fact; /* first: facts_drain_compare() works on it */
	uint64_t since;          /* seconds since the epoch */
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
	/* ns; it is about to end: what changes then must be confirmed in this time, and it ends when what is needed to go
	 * back is on disk. 0: it is not. Of one boot: after another one it is suspended as before. */
	uint64_t resume_timeout;
};

/* What time it is, by each clock. */
struct operator_clocks {
	char boot[RECORD_BOOT_SIZE];
	uint64_t now;  /* CLOCK_BOOTTIME ns */
	uint64_t wall; /* ns since the epoch */
};

int operator_clocks_read(struct operator_clocks *ret, struct error *error);
/* When the drain ends, in seconds since the epoch; 0: when it is undrained. */
uint64_t operator_drain_ends(const struct operator_drain *drain);

/* What `poise drain` names: "tcp://203.0.113.10:80 10.0.0.11:8080" is one destination of one service;
 * "10.0.0.11:8080" alone that destination in every service, "10.0.0.11" the address on every port in every service. */
int operator_target_parse(
	const char *service, const char *destination, struct facts_drain *ret, struct error *error);
/* The same as words, into *text. Appends. */
void operator_target_format(const struct facts_drain *drain, struct strbuf *text);

/* An absent file is an empty state. Drains that are over are left out. -EINVAL with words when it is damaged. */
int operator_load(const char *directory, struct operator_state *ret, struct error *error);
int operator_save(const char *directory, const struct operator_state *state, struct error *error);

/* From and to JSON text, without I/O (fuzzed). */
int operator_parse(const char *text, size_t size, const struct operator_clocks *clocks,
	struct operator_state *ret, struct error *error);
char *operator_format(const struct operator_state *state, const struct operator_clocks *clocks);

/* Puts a drain in (or gives the one that is there another end). */
void operator_drain(struct operator_state *state, const struct facts_drain *drain, uint64_t since,
	const char *by);
/* Takes it out. -ENOENT: nothing like it is drained. */
int operator_undrain(struct operator_state *state, const struct facts_drain *drain);
/* Takes out what is over at `now`; true when there was any. */
bool operator_expire(struct operator_state *state, uint64_t now);

/* It is suspended no more. */
void operator_end_suspension(struct operator_state *state);

/* The facts that follow, into an empty `ret`. */
void operator_facts(const struct operator_state *state, struct facts *ret);

/* Deep copy into an empty `to`. */
void operator_copy(struct operator_state *to, const struct operator_state *from);

void operator_clear(struct operator_state *state);
#define _cleanup_operator_ _cleanup_(operator_clear)
