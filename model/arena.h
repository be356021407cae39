// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that is given back all at once: what a configuration's strings and lists live in.
 *
 * A file of 10,000 services is some 100,000 small objects of one lifetime; one malloc for each
 * would cost more time and memory than the objects themselves. */
#pragma once

#include <stddef.h>

struct arena_block;

/* Starts zeroed. */
struct arena {
	struct arena_block *blocks;
	char *next; /* free bytes of the newest block, up to `end` */
	char *end;
};

/* `size` zeroed bytes, aligned for any type that holds pointers; owned by the arena. */
void *arena_new(struct arena *arena, size_t size);

/* A copy of `length` bytes with a NUL behind them; owned by the arena. */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

/* arena_copy() of a whole string; NULL stays NULL. */
char *arena_copy_string(struct arena *arena, const char *text);

void arena_clear(struct arena *arena);

#define _cleanup_arena_ _cleanup_(arena_clear)
