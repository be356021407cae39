// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine, and the body of a scrape of it: as text, as samples, and what its pieces cost. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/metrics_body.h"
#include "daemon/metrics_table.h"
#include "tests/support/exposition.h"
#include "tests/support/machine.h"
#include "tests/support/times.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLOWER 10
#else
#define SLOWER 1
#endif

/* The loop may stand still for 5 ms. */
#define PIECE_NS_MOST (5000000ull * SLOWER)

static struct metrics_limits limits;

static inline int setup(void **state)
{
	struct machine *machine = memory_new(sizeof(*machine));

	machine_open(machine);
	limits = (struct metrics_limits){.services = 10000, .destinations = 100000};
	*state = machine;
	return 0;
}

static inline int teardown(void **state)
{
	machine_close(*state);
	free(*state);
	return 0;
}

/* Of the body that was made last. */
static struct {
	uint64_t slowest_ns, all_ns, count;
} pieces;

static inline size_t read_piece(struct metrics_body *body, char *to, size_t room)
{
	uint64_t begin = times_cpu();
	size_t got = metrics_body_read(body, to, room);
	uint64_t spent = times_cpu() - begin;

	pieces.slowest_ns = MAX(pieces.slowest_ns, spent);
	pieces.all_ns += spent;
	pieces.count++;
	return got;
}

/* All of a body; `between` is called after each piece. */
static inline char *scrape_with(struct machine *machine, struct metrics_fresh *fresh, size_t room,
	void (*between)(struct machine *machine))
{
	const struct metrics_sources sources = {.engine = &machine->engine, .limits = limits};
	struct metrics_body *body = metrics_body_new(&sources, fresh);
	struct strbuf text = {};
	_cleanup_free_ char *piece = memory_new(room);
	size_t got;

	memset(&pieces, 0, sizeof(pieces));
	while ((got = read_piece(body, piece, room))) {
		assert_true(got <= room);
		strbuf_add_bytes(&text, piece, got);
		if (between)
			between(machine);
	}
	assert_int_equal(metrics_body_read(body, piece, room), 0);
	metrics_body_free(body);
	return strbuf_take(&text);
}

static inline void scrape(
	struct machine *machine, struct metrics_fresh *fresh, struct exposition *exposition)
{
	_cleanup_free_ char *text = scrape_with(machine, fresh, METRICS_BODY_PIECE, NULL);

	exposition_parse(text, exposition);
}

/* Every family has a head, in the order of the table, whatever there is to tell. */
static inline void expect_families(const struct exposition *exposition)
{
	assert_int_equal(exposition->families.count, metrics_family_count);
	for (size_t i = 0; i < metrics_family_count; i++)
		assert_string_equal(exposition->families.items[i].name, metrics_families[i].name);
}
