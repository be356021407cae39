// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ARENA_FIRST   4096
#define ARENA_LARGEST (256 * 1024)
#define ARENA_ALIGN   _Alignof(void *)

struct arena_block {
	struct arena_block *older;
	size_t size;
	char data[];
};

/* Blocks double up to a size at which a half-used last one is no loss. */
static void arena_grow(struct arena *arena, size_t want)
{
	size_t size = arena->blocks ? arena->blocks->size * 2 : ARENA_FIRST;

	size = MAX(MIN(size, (size_t)ARENA_LARGEST), want);
	struct arena_block *block = memory_resize(NULL, sizeof(*block) + size, 1);
	block->older = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->next = block->data;
	arena->end = block->data + size;
}

static char *arena_take(struct arena *arena, size_t size)
{
	if (!arena->blocks || (size_t)(arena->end - arena->next) < size)
		arena_grow(arena, size);
	char *bytes = arena->next;
	arena->next += size;
	return bytes;
}

void *arena_new(struct arena *arena, size_t size)
{
	size_t skew = (uintptr_t)arena->next % ARENA_ALIGN;

	if (skew && (size_t)(arena->end - arena->next) >= ARENA_ALIGN - skew)
		arena->next += ARENA_ALIGN - skew;
	else if (skew)
		arena->next = arena->end;
	return memset(arena_take(arena, size), 0, size);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
	char *copy = arena_take(arena, length + 1);

	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

char *arena_copy_string(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

void arena_clear(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *older = block->older;

		free(block);
		block = older;
	}
	*arena = (struct arena){};
}
