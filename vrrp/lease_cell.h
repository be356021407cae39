// SPDX-License-Identifier: GPL-2.0-or-later
/* A small record in memory that another process reads while its writer writes it, is stopped, or dies: at any instruction.
 * Pure.
 *
 * The reader gets the record as it was before the write or as it is after it, never of both. What somebody else has written
 * into the memory he is told. One process writes a cell at a time. */
#pragma once

#include <stdint.h>

/* 48 bytes of whatever the owner keeps in it. */
#define LEASE_CELL_WORDS 6

/* In shared memory, zeroed before the first use. */
struct lease_cell {
	uint64_t sequence; /* of writes; its lowest bit says which copy is the last */
	struct {
		uint64_t check;
		uint64_t words[LEASE_CELL_WORDS];
	} copies[2];
};

/* `place` is the cell's among its like: what was written for one is not taken for another's. */
void lease_cell_write(
	struct lease_cell *cell, uint64_t place, const uint64_t words[static LEASE_CELL_WORDS]);

/* 0: the last record; zeros when there was none ever. -EAGAIN: it is being written over and over, and -EBADMSG: it is torn;
 * then nothing is known of it, and `words` is anything. */
int lease_cell_read(
	const struct lease_cell *cell, uint64_t place, uint64_t words[static LEASE_CELL_WORDS]);
