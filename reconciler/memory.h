// SPDX-License-Identifier: GPL-2.0-or-later
/* What must be remembered between two passes of step(): which services are ours, and what is
 * draining.
 *
 * step() takes a memory and returns the next one; reconciler/record.h keeps it on disk. Nothing
 * here does I/O. Times are CLOCK_BOOTTIME in nanoseconds: a memory never outlives its boot. */
#pragma once

#include "model/state.h"

/* A service that poise manages. Name and drain time are of the file that declared it last, for the
 * day when the file declares it no more. */
struct memory_service {
	struct service_key key; /* first: service_compare() works on it */
	char *name;
	uint64_t drain;   /* nanoseconds */
	bool quorum_lost; /* of its healthy destinations; what the hysteresis goes by */
};

enum drain_reason {
	DRAIN_REASON_REMOVED,  /* left the file */
	DRAIN_REASON_DECLARED, /* `state: drain` in the file */
	DRAIN_REASON_OPERATOR, /* poise drain */
	DRAIN_REASON_FALLBACK, /* a fallback that is not needed any more */
	DRAIN_REASON_UNTESTED, /* it serves, and has a check now that begins with down */
	DRAIN_REASON_COUNT,
};

/* A destination at weight 0 that will be deleted when it has no connections, or at the deadline. */
struct memory_drain {
	struct service_key service;
	struct destination_key destination;
	uint64_t since;
	uint64_t deadline;
	enum drain_reason reason;
};

/* owned is sorted by key, drains by service and destination. */
struct memory {
	struct {
		VECTOR_OF(struct memory_service);
	} owned;
	struct {
		VECTOR_OF(struct memory_drain);
	} drains;
};

struct memory_service *memory_find_owned(
	const struct memory *memory, const struct service_key *key);
struct memory_drain *memory_find_drain(const struct memory *memory,
	const struct service_key *service, const struct destination_key *destination);

/* Until its deadline, rounded up, and never more than the whole drain: `now` may be of a moment
 * before it began. */
uint64_t drain_seconds_left(const struct memory_drain *drain, uint64_t now);

int memory_drain_compare(const void *a, const void *b);

const char *drain_reason_name(enum drain_reason reason);
int drain_reason_from_name(const char *name);

/* Whether it is the files' word that it leaves: nothing of that goes before a confirmation that is
 * awaited, whatever the deadline. */
bool drain_reason_is_of_files(enum drain_reason reason);

/* Deep copy into an empty `to`. */
void memory_copy(struct memory *to, const struct memory *from);

/* Every service that either owns: what an apply records before its first operation, so that a crash
 * orphans nothing. Names and drain times of `b` win. Drains are those of `b`. Into an empty `to`.
 */
void memory_union(struct memory *to, const struct memory *a, const struct memory *b);

/* Whether both say the same on disk. */
bool memory_equal(const struct memory *a, const struct memory *b);

void memory_clear(struct memory *memory);

#define _cleanup_memory_ _cleanup_(memory_clear)
