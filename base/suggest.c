// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/suggest.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"

#define SUGGEST_LONGEST 64

/* Edit distance with adjacent transpositions (optimal string alignment), over three rolling rows.
 * More than `limit` as soon as it is sure that it will be: no later row is below the least of two
 * neighbours. */
static size_t suggest_distance(
	const char *a, size_t a_length, const char *b, size_t b_length, size_t limit)
{
	size_t rows[3][SUGGEST_LONGEST + 1], before = 0;

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

		row[0] = i;
		size_t least = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = MIN(change, MIN(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], two[j - 2] + 1);
			least = MIN(least, row[j]);
		}
		if (MIN(least, before) > limit)
			return limit + 1;
		before = least;
	}
	return rows[a_length % 3][b_length];
}

void suggest_offer(struct suggest *suggest, const char *word, const char *candidate)
{
	size_t length = strlen(word), candidate_length = strlen(candidate);

	if (!length || length > SUGGEST_LONGEST || candidate_length > SUGGEST_LONGEST)
		return;
	size_t limit = MAX(length / 3, (size_t)1);
	size_t apart = MAX(length, candidate_length) - MIN(length, candidate_length);
	/* Only what is nearer than the best so far is wanted. */
	if (suggest->best)
		limit = suggest->distance ? MIN(limit, suggest->distance - 1) : 0;
	if (apart > limit || (suggest->best && !suggest->distance))
		return;
	size_t distance =
		strcasecmp(word, candidate) == 0
			? 0
			: suggest_distance(word, length, candidate, candidate_length, limit);
	if (distance > limit)
		return;
	suggest->best = candidate;
	suggest->distance = distance;
}
