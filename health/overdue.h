// SPDX-License-Identifier: GPL-2.0-or-later
/* What is due and has no turn: for how long that may be before it is told. Pure.
 *
 * Who waits is late after one interval, and counts as that while it waits. After three, and no less than ten seconds, it is starved: so
 * long a server was not looked after. One wait is told of once each. */
#pragma once

#include <stdbool.h>

#include "base/heap.h"

/* Below that nobody is alarmed, however short the interval. */
#define OVERDUE_STARVED_NS 10000000000ull

enum overdue_stage {
	OVERDUE_NOT,
	OVERDUE_LATE,
	OVERDUE_STARVED,
};

/* Lies in what waits. Starts zeroed; must not wait when it is freed. */
struct overdue {
	struct heap_entry entry; /* first */
	uint64_t due, interval;
	enum overdue_stage stage; /* that is known of */
};

/* It waits from `due` on: anew when that is another time than before, else it goes on. */
void overdue_wait(struct heap *heap, struct overdue *overdue, uint64_t due, uint64_t interval);
void overdue_stop(struct heap *heap, struct overdue *overdue);
/* Whether it is late now, and was not known to be. From then on it is. */
bool overdue_note_late(struct overdue *overdue);
/* The first whose next stage has come by `now`, and has it from here on; NULL: there is none. */
struct overdue *overdue_take(struct heap *heap, uint64_t now);
