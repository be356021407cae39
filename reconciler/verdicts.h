// SPDX-License-Identifier: GPL-2.0-or-later
/* What the checks found, in STATE-DIR/health.json, so that a restart neither puts a dead server back nor flaps the table.
 *
 * What is kept is what a start would not know otherwise: what is down, what has a weight of its own, what
 * came back within the last hour (slow start climbs from there), and what is up by a check that begins
 * with down. Where one probe of an address is kept, all of that address are: a start with other files
 * must tell a check that is new from one that was well. While all is well by checks that begin with up,
 * there is nothing in it.
 *
 * Times are CLOCK_BOOTTIME: a file of another boot says nothing. */
#pragma once

#include "base/error.h"
#include "model/arena.h"
#include "model/probe.h"

struct verdicts_item {
	struct probe_key key; /* first: probe_key_compare() works on it */
	/* One that asks for it. All zero: the target itself, which it is after loading where nothing else was said. */
	struct destination_key destination;
	struct verdict verdict;
	bool begins_down;   /* `initially`; not kept */
	uint32_t failures;  /* in a row */
	uint64_t wall;      /* milliseconds since the epoch, of the last report; 0: none */
	const char *reason; /* of the last failure; NULL: it never failed */
};

/* Starts zeroed. Who fills it to save it lends the texts; what is loaded owns them. */
struct verdicts {
	VECTOR_OF(struct verdicts_item); /* sorted */
	struct arena texts;
};

/* Whether it is worth a line at `now`, and those of its address with it. */
bool verdicts_worth(const struct verdicts_item *item, uint64_t now);

/* Into an empty `ret`. An absent file, and one of another boot, is an empty one. -errno with words; -EINVAL: it is damaged. */
int verdicts_load(const char *directory, uint64_t now, struct verdicts *ret, struct error *error);

/* Those that are worth it (verdicts_worth()), replaced atomically, but not synced: the file is of this boot alone. -errno with words. */
int verdicts_save(
	const char *directory, const struct verdicts *verdicts, uint64_t now, struct error *error);

/* From and to the text of the file, without I/O (fuzzed). The caller frees the text. */
int verdicts_parse(const char *text, size_t size, const char *boot, uint64_t now,
	struct verdicts *ret, struct error *error);
char *verdicts_format(const struct verdicts *verdicts, const char *boot, uint64_t now);

void verdicts_clear(struct verdicts *verdicts);
#define _cleanup_verdicts_ _cleanup_(verdicts_clear)
