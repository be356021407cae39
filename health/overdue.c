// SPDX-License-Identifier: GPL-2.0-or-later
#include "health/overdue.h"

#include "base/macros.h"

/* When the stage behind the one that it has comes. */
static uint64_t overdue_next(const struct overdue *overdue)
{
	switch (overdue->stage) {
	case OVERDUE_NOT:
		return overdue->due + overdue->interval;
	case OVERDUE_LATE:
		return overdue->due + MAX(3 * overdue->interval, OVERDUE_STARVED_NS);
	case OVERDUE_STARVED:
		break;
	}
	return HEAP_NEVER;
}

void overdue_wait(struct heap *heap, struct overdue *overdue, uint64_t due, uint64_t interval)
{
	if (overdue->due != due)
		overdue->stage = OVERDUE_NOT;
	overdue->due = due;
	overdue->interval = interval;
	heap_set(heap, &overdue->entry, overdue_next(overdue));
}

void overdue_stop(struct heap *heap, struct overdue *overdue)
{
	heap_set(heap, &overdue->entry, HEAP_NEVER);
}

bool overdue_note_late(struct overdue *overdue)
{
	if (overdue->stage != OVERDUE_NOT)
		return false;
	overdue->stage = OVERDUE_LATE;
	return true;
}

struct overdue *overdue_take(struct heap *heap, uint64_t now)
{
	if (heap_next(heap) > now)
		return NULL;
	struct overdue *overdue = (struct overdue *)heap_first(heap);
	overdue->stage++;
	heap_set(heap, &overdue->entry, overdue_next(overdue));
	return overdue;
}
