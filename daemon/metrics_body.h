// SPDX-License-Identifier: GPL-2.0-or-later
/* The body of one scrape, made in pieces while the engine runs in between. */
#pragma once

#include "daemon/metrics.h"
#include "daemon/metrics_fresh.h"

/* "Content-Type" of the body. */
#define METRICS_BODY_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Bytes that one read makes, at most about. */
#define METRICS_BODY_PIECE ((size_t)32 * 1024)

struct metrics_body;

/* Borrows both. Never fails. */
struct metrics_body *metrics_body_new(
	const struct metrics_sources *sources, struct metrics_fresh *fresh);

/* The next at most `room` bytes of the body into `to`; 0: it is over. Reads the counters of a few services at most. */
size_t metrics_body_read(struct metrics_body *body, char *to, size_t room);

/* NULL is allowed; returns NULL. */
struct metrics_body *metrics_body_free(struct metrics_body *body);
