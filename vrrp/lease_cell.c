// SPDX-License-Identifier: GPL-2.0-or-later
/* Two copies and a sequence. The writer fills the copy that nobody reads and then counts the sequence up, which is the one
 * store that makes it the record: killed before it the old record stands, behind it the new one. So a dead writer, or one
 * that is stopped, leaves no cell torn; a plain sequence lock would leave it odd for ever.
 *
 * A reader that is slower than two writes may see its copy change under it; then the sequence is another afterwards, and
 * it reads again. All accesses to the shared words are atomic and relaxed, with fences between: H.-J. Boehm, "Can seqlocks get
 * along with programming language memory models?", MSPC 2012.
 *
 * The check covers the record, the sequence and the place. It is no protection against who can write here and wants to
 * deceive, only against stray writes: what a reader takes from a record it must bound all the same. */
#include "vrrp/lease_cell.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define CELL_TRIES 1000
#define CELL_PRIME 0x9fb21c651e98df25ull

static uint64_t cell_load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void cell_store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Each step can be undone, so that one word that is another always makes another sum. */
static uint64_t cell_mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * CELL_PRIME;
	return sum ^ sum >> 32;
}

static uint64_t cell_check(
	uint64_t sequence, uint64_t place, const uint64_t words[static LEASE_CELL_WORDS])
{
	uint64_t sum = cell_mix(cell_mix(CELL_PRIME, place), sequence);

	for (size_t i = 0; i < LEASE_CELL_WORDS; i++)
		sum = cell_mix(sum, words[i]);
	return sum;
}

void lease_cell_write(
	struct lease_cell *cell, uint64_t place, const uint64_t words[static LEASE_CELL_WORDS])
{
	uint64_t sequence = cell_load(&cell->sequence) + 1;
	size_t copy = sequence & 1;

	cell_store(&cell->copies[copy].check, cell_check(sequence, place, words));
	for (size_t i = 0; i < LEASE_CELL_WORDS; i++)
		cell_store(&cell->copies[copy].words[i], words[i]);
	__atomic_store_n(&cell->sequence, sequence, __ATOMIC_RELEASE);
	/* The next write, which fills the copy that was the record until now, comes after it. */
	atomic_thread_fence(memory_order_release);
}

static bool cell_is_new(
	uint64_t sequence, uint64_t check, const uint64_t words[static LEASE_CELL_WORDS])
{
	uint64_t all = sequence | check;

	for (size_t i = 0; i < LEASE_CELL_WORDS; i++)
		all |= words[i];
	return !all;
}

int lease_cell_read(
	const struct lease_cell *cell, uint64_t place, uint64_t words[static LEASE_CELL_WORDS])
{
	for (unsigned int tries = 0; tries < CELL_TRIES; tries++) {
		uint64_t sequence = __atomic_load_n(&cell->sequence, __ATOMIC_ACQUIRE);
		size_t copy = sequence & 1;
		uint64_t check = cell_load(&cell->copies[copy].check);

		for (size_t i = 0; i < LEASE_CELL_WORDS; i++)
			words[i] = cell_load(&cell->copies[copy].words[i]);
		atomic_thread_fence(memory_order_acquire);
		if (cell_load(&cell->sequence) != sequence)
			continue;
		if (cell_is_new(sequence, check, words) ||
			check == cell_check(sequence, place, words))
			return 0;
		return -EBADMSG;
	}
	return -EAGAIN;
}
