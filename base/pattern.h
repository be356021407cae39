// SPDX-License-Identifier: GPL-2.0-or-later
/* Regular expressions over what others send, in bounded time.
 *
 * libc's regexec() takes a time that is quadratic in the text for as plain an expression as `a.*b`: a megabyte of `a` keeps it busy for
 * many minutes, and the loop with it. Here the expression is PCRE2's (pcre2pattern(3)), its steps and its time are bounded, and so is
 * what compiling it may take. Bytes are bytes: no locale, no UTF-8; a NUL is one like any other. */
#pragma once

#include <stddef.h>

#include "base/macros.h"

struct pattern;

/* `.` is every byte; `^` is the text's beginning, and `$` its end or the place before a newline that ends it.
 * -EINVAL: it is no expression, and `why` (may be NULL) says why; -ENOMEM. */
int pattern_new(const char *expression, struct pattern **ret, char *why, size_t why_size);
/* NULL is allowed; returns NULL. */
struct pattern *pattern_free(struct pattern *pattern);

/* Longest that pattern_match() takes, about. */
#define PATTERN_MOST_NS 20000000ull

/* 1: it matches somewhere; 0: nowhere; -ETIMEDOUT: that takes too long to find out; -ENOMEM. */
int pattern_match(const struct pattern *pattern, const void *text, size_t size);

static inline void pattern_freep(struct pattern **pattern)
{
	pattern_free(*pattern);
}
#define _cleanup_pattern_ _cleanup_(pattern_freep)
