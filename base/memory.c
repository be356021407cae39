// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdio.h>

/* How much is asked of the kernel at once, and from which size on a block is one of its own that can
 * grow without being copied. */
enum {
	MEMORY_PIECE = 16 << 20,
	MEMORY_OWN_BLOCK = 4 << 20,
};

static _noreturn_ void memory_exhausted(size_t size)
{
	fprintf(stderr, "out of memory (%zu bytes wanted)\n", size);
	abort();
}

void memory_in_large_pieces(void)
{
	mallopt(M_TOP_PAD, MEMORY_PIECE);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_MMAP_THRESHOLD, MEMORY_OWN_BLOCK);
}

void *memory_new(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		memory_exhausted(size);
	return memory;
}

void *memory_new_aligned(size_t alignment, size_t size)
{
	void *memory;

	if (posix_memalign(&memory, alignment, size) != 0)
		memory_exhausted(size);
	return memset(memory, 0, size);
}

void *memory_resize(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!memory)
		memory_exhausted(count * size);
	return memory;
}

char *memory_copy_string(const char *text)
{
	return text ? memory_copy_bytes(text, strlen(text)) : NULL;
}

char *memory_copy_bytes(const char *bytes, size_t length)
{
	char *copy = memory_new(length + 1);

	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

char *memory_vprintf(const char *format, va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		memory_exhausted(0);
	return text;
}

char *memory_printf(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *text = memory_vprintf(format, arguments);
	va_end(arguments);
	return text;
}

void memory_keep(void *pointer)
{
	(void)pointer;
}
