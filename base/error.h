// SPDX-License-Identifier: GPL-2.0-or-later
/* An error in words, for a person: what went wrong, with which object, and what to do next.
 *
 * Functions return -errno; those whose failure a user will read also take a `struct error *` and
 * fill it. Nobody logs on the way up: the one that handles the error prints it, once. */
#pragma once

#include "base/macros.h"

/* Starts zeroed. text is NULL while there is no error. */
struct error {
	char *text;
};

/* Replaces the text and returns `code`, so that a caller writes: return error_set(e, -EINVAL, "…");
 * `error` may be NULL: then only the code goes up. */
int error_set(struct error *error, int code, const char *format, ...) _printf_(3, 4);

/* Puts "prefix: " before the text that is there; returns `code`. */
int error_prefix(struct error *error, int code, const char *format, ...) _printf_(3, 4);

/* Puts `suffix` behind the text that is there; returns `code`. */
int error_suffix(struct error *error, int code, const char *suffix);

/* The text, or strerror(-code) when a callee left none. Good until the error changes. */
const char *error_text(const struct error *error, int code);

void error_clear(struct error *error);

#define _cleanup_error_ _cleanup_(error_clear)
