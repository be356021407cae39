// SPDX-License-Identifier: GPL-2.0-or-later
/* The body of one scrape, made in pieces. */
#pragma once

#include "daemon/metrics.h"

/* "Content-Type" of the body. */
#define METRICS_BODY_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_body;

/* Borrows `sources`. Never fails. */
struct metrics_body *metrics_body_new(const struct metrics_sources *sources);

/* The next at most `room` bytes of the body into `to`; 0: it is over. */
size_t metrics_body_read(struct metrics_body *body, char *to, size_t room);

/* NULL is allowed; returns NULL. */
struct metrics_body *metrics_body_free(struct metrics_body *body);
