// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that is there or ends the process.
 *
 * poise bounds what it reads from outside before it allocates for it, so running out of memory is
 * not an input that a caller could answer sensibly: these functions print one line and abort. Every
 * other failure in the project is a -errno. */
#pragma once

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"

/* For a program that runs once and ends: memory is taken from the kernel in large pieces, which it can
 * serve with huge pages, and never given back. Before the first allocation. */
void memory_in_large_pieces(void);

/* Zeroed memory for one object of `size` bytes; the caller owns it and gives it to free(). */
void *memory_new(size_t size);
/* The same at a multiple of `alignment`, which is a power of two and one of a pointer's size. */
void *memory_new_aligned(size_t alignment, size_t size);

/* realloc() for `count` elements of `size` bytes; overflow of the product ends the process too. */
void *memory_resize(void *old, size_t count, size_t size);

/* A copy of `text` (NULL stays NULL), or of its first `length` bytes with a NUL behind them. */
char *memory_copy_string(const char *text);
char *memory_copy_bytes(const char *bytes, size_t length);

/* A formatted string of its own. */
char *memory_printf(const char *format, ...) _printf_(1, 2);
char *memory_vprintf(const char *format, va_list arguments) _printf_(1, 0);

/* For tdestroy(3), of a tree whose items are somebody else's. */
void memory_keep(void *pointer);

static inline void memory_freep(void *pointer)
{
	free(*(void **)pointer);
}

/* Leaves -1: a number that is closed twice is by then somebody else's. */
static inline void memory_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define _cleanup_free_  _cleanup_(memory_freep)
#define _cleanup_close_ _cleanup_(memory_closep)

/* Takes the value out of an owning variable, so that its cleanup finds nothing: return STEAL(p); */
#define STEAL(pointer)                                                                             \
	({                                                                                         \
		__typeof__(pointer) steal_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		steal_;                                                                            \
	})
