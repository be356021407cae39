// SPDX-License-Identifier: GPL-2.0-or-later
/* "Did you mean": the nearest of some words to a mistyped one. */
#pragma once

#include <stddef.h>

/* A running choice: start zeroed, offer each candidate, read `best` (borrowed; NULL when none is
 * near). */
struct suggest {
	const char *best;
	size_t distance;
};

/* Keeps `candidate` when it is nearer to `word` than what was offered before, and near enough at
 * all: at most a third of the word's length in edits, transpositions counted as one. O(length²)
 * for words of about the same length, O(1) for others; words longer than 64 bytes are never near. */
void suggest_offer(struct suggest *suggest, const char *word, const char *candidate);
