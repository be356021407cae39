// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/probe.h"

int probe_key_compare(const void *a, const void *b)
{
	const struct probe_key *left = a, *right = b;
	int order = destination_key_compare(&left->target, &right->target);

	if (order || left->check == right->check)
		return order;
	return strcmp(left->check, right->check);
}

bool verdict_equal(const struct verdict *a, const struct verdict *b)
{
	return a->up == b->up && a->settled == b->settled && a->recovered == b->recovered &&
	       a->weight == b->weight && a->since == b->since;
}
