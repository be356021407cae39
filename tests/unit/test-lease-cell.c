// SPDX-License-Identifier: GPL-2.0-or-later
/* A cell of shared memory: whatever its writer is doing when it dies, it reads as it was before or as it is after; and what
 * nobody wrote is not taken for what somebody did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/memory.h"
#include "tests/support/random.h"
#include "vrrp/lease_cell.h"

#define PLACE      7
#define STEPS_MOST 200000
#define KILLS      300
#define READS      20000

/* A child does not outlive a test that fails. */
static pid_t fork_bound(void)
{
	pid_t parent = getpid(), child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

/* A record whose words all follow from one number, so that one of two writes is seen. */
static void fill(uint64_t number, uint64_t words[static LEASE_CELL_WORDS])
{
	for (size_t i = 0; i < LEASE_CELL_WORDS; i++)
		words[i] = (number + 1) * (i + 0x9e3779b97f4a7c15ull);
}

static void write_number(struct lease_cell *cell, uint64_t number)
{
	uint64_t words[LEASE_CELL_WORDS];

	fill(number, words);
	lease_cell_write(cell, PLACE, words);
}

/* -1: zeros. Anything else than a whole record fails. */
static int64_t number_of(const uint64_t words[static LEASE_CELL_WORDS])
{
	static const uint64_t zeros[LEASE_CELL_WORDS];
	uint64_t expected[LEASE_CELL_WORDS];
	uint64_t step = words[1] - words[0];

	if (!memcmp(words, zeros, sizeof(zeros)))
		return -1;
	assert_true(step > 0);
	fill(step - 1, expected);
	assert_memory_equal(words, expected, sizeof(expected));
	return (int64_t)(step - 1);
}

static int64_t read_number(const struct lease_cell *cell)
{
	uint64_t words[LEASE_CELL_WORDS];

	assert_int_equal(lease_cell_read(cell, PLACE, words), 0);
	return number_of(words);
}

static struct lease_cell *shared_cell(void)
{
	void *memory = mmap(NULL, sizeof(struct lease_cell), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static void drop_cell(struct lease_cell *cell)
{
	assert_int_equal(munmap(cell, sizeof(*cell)), 0);
}

static void what_is_written_is_read(void **state _unused_)
{
	struct lease_cell cell = {};

	assert_int_equal(read_number(&cell), -1);
	for (uint64_t i = 0; i < 5; i++) {
		write_number(&cell, i);
		assert_int_equal(read_number(&cell), i);
		assert_int_equal(read_number(&cell), i);
	}
	const uint64_t zeros[LEASE_CELL_WORDS] = {};
	lease_cell_write(&cell, PLACE, zeros);
	assert_int_equal(read_number(&cell), -1);
}

/* The writer is stopped after every single instruction, and whoever reads then finds the old record or the new one. Killed
 * there, it would leave just that. */
static void no_instruction_of_a_write_tears_it(void **state _unused_)
{
	struct lease_cell *cell = shared_cell();
	int status = 0, steps = 0;
	int64_t seen = 4, last;

	for (uint64_t i = 0; i < 5; i++)
		write_number(cell, i);
	pid_t child = fork_bound();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		write_number(cell, 5);
		write_number(cell, 6);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	do {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSTOPPED(status));
		last = seen;
		seen = read_number(cell);
		assert_true(seen == last || seen == last + 1);
		assert_true(++steps < STEPS_MOST);
	} while (WSTOPSIG(status) != SIGSTOP);
	assert_int_equal(seen, 6);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	drop_cell(cell);
}

static _noreturn_ void write_for_ever(struct lease_cell *cell)
{
	for (uint64_t i = 0;; i++)
		write_number(cell, i);
}

/* In the middle of writing as fast as it can, and read by the next one, who goes on writing. */
static void killed_at_any_time_leaves_a_record(void **state _unused_)
{
	struct lease_cell *cell = shared_cell();
	int status;

	random_seed(3);
	write_number(cell, 0);
	for (int i = 0; i < KILLS; i++) {
		pid_t child = fork_bound();

		if (child == 0)
			write_for_ever(cell);
		for (uint32_t spin = random_below(100); spin > 0; spin--)
			usleep(random_below(20));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(read_number(cell) >= 0);
	}
	drop_cell(cell);
}

/* Never a record that nobody wrote, and never one that is older than one that was there before. */
static void a_reader_beside_a_writer_reads_whole_records(void **state _unused_)
{
	struct lease_cell *cell = shared_cell();
	uint64_t words[LEASE_CELL_WORDS];
	int64_t last = 0, good = 0;
	int status;

	write_number(cell, 0);
	pid_t child = fork_bound();
	if (child == 0)
		write_for_ever(cell);
	for (int i = 0; i < READS; i++) {
		int r = lease_cell_read(cell, PLACE, words);

		assert_true(r == 0 || r == -EAGAIN);
		if (r == 0) {
			int64_t number = number_of(words);

			assert_true(number >= last);
			last = number;
			good++;
		}
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(good > 0);
	assert_true(read_number(cell) >= last);
	drop_cell(cell);
}

/* Each bit of it: either it is of no matter, because it is in the copy that is old, or the reader is told. */
static void no_bit_turns_unnoticed(void **state _unused_)
{
	struct lease_cell cell = {};
	uint64_t words[LEASE_CELL_WORDS];
	size_t torn = 0, size = sizeof(cell);

	write_number(&cell, 1);
	write_number(&cell, 2);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		uint8_t *byte = (uint8_t *)&cell + bit / 8;

		*byte ^= (uint8_t)(1u << bit % 8);
		int r = lease_cell_read(&cell, PLACE, words);
		assert_true(r == 0 || r == -EBADMSG);
		if (r == 0)
			assert_int_equal(number_of(words), 2);
		torn += r < 0;
		*byte ^= (uint8_t)(1u << bit % 8);
	}
	/* The sequence, and one copy of two. */
	assert_int_equal(torn, 8 * (sizeof(cell.sequence) + sizeof(cell.copies[0])));
	assert_int_equal(read_number(&cell), 2);
}

static void what_is_random_is_torn(void **state _unused_)
{
	struct lease_cell cell;
	uint64_t words[LEASE_CELL_WORDS];
	uint8_t *bytes = (uint8_t *)&cell;

	random_seed(5);
	for (int i = 0; i < 10000; i++) {
		for (size_t at = 0; at < sizeof(cell); at++)
			bytes[at] = (uint8_t)random_below(256);
		assert_int_equal(lease_cell_read(&cell, PLACE, words), -EBADMSG);
		/* And does not keep the next writer from writing. */
		write_number(&cell, 3);
		assert_int_equal(read_number(&cell), 3);
	}
}

static void a_cell_is_not_another(void **state _unused_)
{
	struct lease_cell cells[2] = {};
	uint64_t words[LEASE_CELL_WORDS];

	write_number(&cells[0], 1);
	cells[1] = cells[0];
	assert_int_equal(lease_cell_read(&cells[1], PLACE + 1, words), -EBADMSG);
	/* An old copy of itself, with the sequence turned back. */
	write_number(&cells[0], 2);
	cells[0].sequence += 2;
	assert_int_equal(lease_cell_read(&cells[0], PLACE, words), -EBADMSG);
}

/* Also where the count has come to its end. */
static void the_sequence_may_wrap(void **state _unused_)
{
	struct lease_cell cell = {.sequence = UINT64_MAX - 2};

	for (uint64_t i = 0; i < 6; i++) {
		write_number(&cell, i);
		assert_int_equal(read_number(&cell), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(no_instruction_of_a_write_tears_it),
		cmocka_unit_test(killed_at_any_time_leaves_a_record),
		cmocka_unit_test(a_reader_beside_a_writer_reads_whole_records),
		cmocka_unit_test(no_bit_turns_unnoticed),
		cmocka_unit_test(what_is_random_is_torn),
		cmocka_unit_test(a_cell_is_not_another),
		cmocka_unit_test(the_sequence_may_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
