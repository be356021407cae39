// SPDX-License-Identifier: GPL-2.0-or-later
/* The reconciler's side of probing: tells the health process what to probe, and hears what comes of it.
 *
 *	away	  there is no health process (yet)
 *	sending	  the plan goes there, a piece at a time: the next one when the one before it was answered
 *	probed	  the plan is in force there, and verdicts come
 *
 * Whatever happens (another health process, other files in the middle of it, a plan that is refused, a message that is lost),
 * the answer is the same: the whole plan again, with what is known of each probe; sooner or later, but always. Until it is in force
 * the plan before it is, and its verdicts count. */
#pragma once

#include "daemon/engine_health.h"
#include "daemon/messages.h"

struct probing;

/* What is to be probed now. Borrowed until the next probing_want(). */
struct probing_wanted {
	uint64_t serial; /* another one for each other list */
	const struct config
		*config; /* that the probes' checks are of; NULL: there is nothing to probe */
	const struct engine_probe_vector *probes;
};

struct probing_options {
	/* As channel_send(). */
	int (*send)(void *data, uint16_t kind, const void *payload, size_t size);
	void (*verdicts)(void *data, const struct engine_verdict *verdicts, size_t count);
	void (*told)(void *data, const struct engine_probing *probing);
	/* In words: the list that is wanted is not in force there, and why; NULL: it is, or nobody is there. Often the same. */
	void (*trouble)(void *data, const char *text);
	void *data;
};

struct probing_counters {
	uint64_t plans;                      /* that were begun */
	uint64_t committed;                  /* that are, or were, in force */
	uint64_t broken;                     /* that were not: refused, not answered, or not sent */
	uint64_t verdicts, stale, malformed; /* messages; stale: of a plan before */
};

void probing_new(const struct probing_options *options, struct probing **ret);
/* NULL is allowed; returns NULL. */
struct probing *probing_free(struct probing *probing);

/* After each turn. Sends when the serial is another than the last one's. */
void probing_want(struct probing *probing, const struct probing_wanted *wanted);

/* A message of the supervisor; those that are not about health are ignored. */
void probing_message(struct probing *probing, uint16_t kind, const void *payload, size_t size);

/* Does what is due at `now` (CLOCK_BOOTTIME ns); when there will be something to do next, as things are: the least that is asked for is a
 * call then, and after each of those above. */
uint64_t probing_run(struct probing *probing, uint64_t now);

/* Looks whether the health process has fallen silent, though it is there: then nobody knows what becomes of the probes, which is
 * told; when to look again. */
#define PROBING_SILENCE_NS 5000000000ull
uint64_t probing_listen(struct probing *probing, uint64_t now);

/* Whether the list that was wanted last is in force. */
bool probing_is_settled(const struct probing *probing);

/* Whether it is, and what is known there of each probe has come. */
bool probing_is_heard(const struct probing *probing);

struct probing_counters probing_counters(const struct probing *probing);
