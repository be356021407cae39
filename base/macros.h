// SPDX-License-Identifier: GPL-2.0-or-later
/* Small macros that every folder uses: attributes, sizes, cleanup.
 *
 * Cleanup attributes are how every function here releases what it holds: a variable that owns
 * something is declared with one of the _cleanup_*_ markers, and an early return needs no label.
 * What the module that defines a type offers for this is named TYPE_clear() or TYPE_freep(). */
#pragma once

#include <stddef.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Each use has names of its own, so that one may stand inside another. */
#define MACROS_JOIN2_(a, b) a##b
#define MACROS_JOIN_(a, b)  MACROS_JOIN2_(a, b)
#define MACROS_PICK_(operator, left, right, a, b)                                                  \
	({                                                                                         \
		__typeof__(a) left = (a);                                                          \
		__typeof__(b) right = (b);                                                         \
		left operator right ? left : right;                                                \
	})
#define MIN(a, b)                                                                                  \
	MACROS_PICK_(<, MACROS_JOIN_(left_, __COUNTER__), MACROS_JOIN_(right_, __COUNTER__), a, b)
#define MAX(a, b)                                                                                  \
	MACROS_PICK_(>, MACROS_JOIN_(left_, __COUNTER__), MACROS_JOIN_(right_, __COUNTER__), a, b)

/* Three-way comparison of scalars, for the total orders of keys. */
#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

#define _cleanup_(function)     __attribute__((cleanup(function)))
#define _printf_(string, first) __attribute__((format(printf, string, first)))
#define _unused_                __attribute__((unused))
#define _noreturn_              __attribute__((noreturn))
#define _warn_unused_           __attribute__((warn_unused_result))
