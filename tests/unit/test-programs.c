// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that the supervisor runs for others: which it refuses, how many, in which order. As root, for those of checks are
 * another user's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/file.h"
#include "daemon/programs.h"
#include "tests/support/patience.h"

#define MS         1000000ull
#define RAN_MOST   1000
#define USER       "nobody"
#define PATH_WORDS "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct fixture {
	struct loop *loop;
	struct patience patience;
	struct programs *programs;
	struct message_ran ran[RAN_MOST];
	size_t count;
	size_t quiet; /* how often all was said */
	char *path;   /* of a file that notices write into */
	char *folder;
};

static void on_ran(void *data, const struct message_ran *ran)
{
	struct fixture *fixture = data;

	assert_true(fixture->count < RAN_MOST);
	fixture->ran[fixture->count++] = *ran;
}

static void on_notified(void *data)
{
	struct fixture *fixture = data;

	fixture->quiet++;
}

static int setup(void **state)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));

	assert_int_equal(loop_new(&fixture->loop), 0);
	patience_begin(&fixture->patience, fixture->loop, fixture);
	const struct programs_options options = {.loop = fixture->loop,
		.most = PROGRAMS_MOST,
		.ran = on_ran,
		.notified = on_notified,
		.data = fixture};
	programs_new(&options, &fixture->programs);
	fixture->folder = memory_copy_string("/tmp/poise-programs-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	fixture->path = memory_printf("%s/said", fixture->folder);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	programs_free(fixture->programs);
	patience_end(&fixture->patience);
	loop_free(fixture->loop);
	unlink(fixture->path);
	rmdir(fixture->folder);
	free(fixture->path);
	free(fixture->folder);
	free(fixture);
	return 0;
}

static void send_to(struct fixture *fixture,
	void (*call)(struct programs *programs, const struct message_program *message, size_t size),
	uint64_t number, const struct message_program_texts *texts)
{
	_cleanup_free_ struct message_program *message = NULL;
	size_t size;

	assert_int_equal(message_program_write(number, 20000 * MS, texts, &message, &size), 0);
	call(fixture->programs, message, size);
}

static const char *const nothing[] = {NULL};
static const char *const seven[] = {"/bin/sh", "-c", "exit 7", NULL};
static const char *const eight[] = {"/bin/sh", "-c", "exit 8", NULL};
static const char *const sleeps[] = {"/bin/sleep", "1000", NULL};

static struct message_program_texts texts_of(const char *const *words)
{
	return (struct message_program_texts){.user = USER, .words = words, .environment = nothing};
}

static void allow(struct fixture *fixture, const char *const *words)
{
	const struct message_program_texts texts = texts_of(words);

	send_to(fixture, programs_allow, 1, &texts);
}

static bool has_one(struct fixture *fixture)
{
	return fixture->count == 1;
}

static void test_runs_what_is_allowed(void **state)
{
	struct fixture *fixture = *state;
	const struct message_program_texts texts = texts_of(seven);

	allow(fixture, eight);
	allow(fixture, seven);
	allow(fixture, sleeps);
	send_to(fixture, programs_run, 42, &texts);
	patience_spend(&fixture->patience, 10000, has_one);
	assert_int_equal(fixture->ran[0].number, 42);
	assert_true(WIFEXITED(fixture->ran[0].status));
	assert_int_equal(WEXITSTATUS(fixture->ran[0].status), 7);
	assert_int_equal(programs_counters(fixture->programs).running, 0);
}

static bool has_four(struct fixture *fixture)
{
	return fixture->count == 4;
}

/* What came of the one with that number. */
static int status_of(const struct fixture *fixture, uint64_t number)
{
	for (size_t i = 0; i < fixture->count; i++)
		if (fixture->ran[i].number == number)
			return fixture->ran[i].status;
	fail_msg("nothing was told of it");
	return 0;
}

/* Who reads the files is believed, but never so far as root, and no further than there is room. */
static void test_trusts_who_reads_the_files(void **state)
{
	struct fixture *fixture = *state;
	const struct programs_options options = {
		.loop = fixture->loop, .most = 4, .trusting = true, .ran = on_ran, .data = fixture};
	struct message_program_texts texts = texts_of(seven);

	programs_free(fixture->programs);
	programs_new(&options, &fixture->programs);
	send_to(fixture, programs_run, 1, &texts);
	texts.user = "root";
	send_to(fixture, programs_run, 2, &texts);
	texts.user = "";
	send_to(fixture, programs_run, 3, &texts);
	texts = texts_of(sleeps);
	send_to(fixture, programs_run, 4, &texts);
	send_to(fixture, programs_run, 5, &texts);
	patience_spend(&fixture->patience, 10000, has_four);
	assert_int_equal(WEXITSTATUS(status_of(fixture, 1)), 7);
	assert_int_equal(status_of(fixture, 2), -EPERM);
	assert_int_equal(status_of(fixture, 3), -ESRCH);
	assert_int_equal(status_of(fixture, 5), -EBUSY);
	assert_int_equal(programs_counters(fixture->programs).running, 1);
}

/* Another user, another word, a word less, a word that is the two before it, a word for the loader. */
static void test_refuses_what_is_not(void **state)
{
	static const char *const shorter[] = {"/bin/sh", "-c", NULL};
	static const char *const joined[] = {"/bin/sh", "-c exit 7", NULL};
	static const char *const loader[] = {"POISE_X=1", "LD_PRELOAD=/tmp/x.so", NULL};
	static const char *const path[] = {"PATH=/tmp", NULL};
	const struct message_program_texts bad[] = {
		{.user = "root", .words = seven, .environment = nothing},
		{.user = "", .words = seven, .environment = nothing},
		texts_of(eight),
		texts_of(shorter),
		texts_of(joined),
		{.user = USER, .words = seven, .environment = loader},
		{.user = USER, .words = seven, .environment = path},
	};
	struct fixture *fixture = *state;

	allow(fixture, seven);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		send_to(fixture, programs_run, i + 1, &bad[i]);
		assert_int_equal(fixture->count, i + 1);
		assert_int_equal(fixture->ran[i].number, i + 1);
		assert_int_equal(fixture->ran[i].status, -EAGAIN);
	}
	assert_int_equal(programs_counters(fixture->programs).refused, ARRAY_LENGTH(bad));
	/* What was allowed is taken back. */
	programs_allow_none(fixture->programs);
	const struct message_program_texts texts = texts_of(seven);
	send_to(fixture, programs_run, 100, &texts);
	assert_int_equal(fixture->ran[ARRAY_LENGTH(bad)].status, -EAGAIN);
	assert_int_equal(programs_counters(fixture->programs).run, 0);
}

/* A plan that is told over and over has its programs in it each time. */
static void test_what_is_allowed_often_takes_no_more_room(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *word = memory_new(50001);
	const char *const words[] = {"/bin/true", word, NULL};
	const struct message_program_texts texts = texts_of(seven);

	memset(word, 'x', 50000);
	for (size_t i = 0; i < 2 * PROGRAMS_ALLOW_LIMIT / 50000; i++)
		allow(fixture, words);
	allow(fixture, seven);
	send_to(fixture, programs_run, 1, &texts);
	patience_spend(&fixture->patience, 10000, has_one);
	assert_int_equal(WEXITSTATUS(fixture->ran[0].status), 7);
}

static void test_allows_poise_s_environment(void **state)
{
	static const char *const good[] = {PATH_WORDS, "POISE_CHECK=a", NULL};
	struct message_program_texts texts = texts_of(seven);
	struct fixture *fixture = *state;

	allow(fixture, seven);
	texts.environment = good;
	send_to(fixture, programs_run, 1, &texts);
	patience_spend(&fixture->patience, 10000, has_one);
	assert_int_equal(WEXITSTATUS(fixture->ran[0].status), 7);
}

static bool is_full_and_emptied(struct fixture *fixture)
{
	return programs_counters(fixture->programs).running == 0;
}

static void test_bounds_and_cancels(void **state)
{
	struct fixture *fixture = *state;
	const struct message_program_texts texts = texts_of(sleeps);

	allow(fixture, sleeps);
	for (uint64_t i = 1; i <= PROGRAMS_MOST + 10; i++)
		send_to(fixture, programs_run, i, &texts);
	assert_int_equal(programs_counters(fixture->programs).running, PROGRAMS_MOST);
	assert_int_equal(programs_counters(fixture->programs).full, 10);
	assert_int_equal(fixture->count, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(fixture->ran[i].status, -EBUSY);
	programs_cancel(fixture->programs, 5);
	programs_cancel(fixture->programs, 5);
	programs_cancel(fixture->programs, 100000);
	assert_int_equal(programs_counters(fixture->programs).running, PROGRAMS_MOST - 1);
	programs_cancel_all(fixture->programs);
	patience_spend(&fixture->patience, 10000, is_full_and_emptied);
	/* Nobody wants to know. */
	assert_int_equal(fixture->count, 10);
}

/* ---- Notices ---- */

static size_t lines(const struct fixture *fixture, char **text)
{
	size_t size, count = 0;

	if (file_read(AT_FDCWD, fixture->path, 1 << 20, text, &size) < 0)
		return 0;
	for (const char *at = *text; *at; at++)
		count += *at == '\n';
	return count;
}

static void say(struct fixture *fixture, unsigned int number, const char *more)
{
	_cleanup_free_ char *script = memory_printf("%secho %u >>%s", more, number, fixture->path);
	const char *const words[] = {"/bin/sh", "-c", script, NULL};
	const struct message_program_texts texts = {
		.user = "", .words = words, .environment = nothing};

	send_to(fixture, programs_notify, 1, &texts);
}

static bool are_ten(struct fixture *fixture)
{
	_cleanup_free_ char *text = NULL;

	return lines(fixture, &text) == 10;
}

/* The first ones take longer than the last. */
static void test_notifies_in_order(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *text = NULL;

	for (unsigned int i = 0; i < 10; i++)
		say(fixture, i, i < 3 ? "sleep 0.1; " : "");
	patience_spend(&fixture->patience, 20000, are_ten);
	lines(fixture, &text);
	assert_string_equal(text, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
}

static bool is_nobody_waiting(struct fixture *fixture)
{
	return programs_counters(fixture->programs).waiting < PROGRAMS_NOTIFY_MOST - 5;
}

/* The oldest of those that wait are dropped: the one that runs goes on, and the newest are told. */
static void test_drops_the_oldest_notices(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *text = NULL;

	for (unsigned int i = 0; i <= PROGRAMS_NOTIFY_MOST + 20; i++)
		say(fixture, i, i == 0 ? "sleep 0.3; " : "");
	assert_int_equal(programs_counters(fixture->programs).notify_dropped, 20);
	assert_int_equal(programs_counters(fixture->programs).waiting, PROGRAMS_NOTIFY_MOST);
	/* What they wait for. */
	assert_string_equal(programs_counters(fixture->programs).program, "/bin/sh");
	assert_in_range(programs_counters(fixture->programs).began, 1, loop_clock());
	patience_spend(&fixture->patience, 20000, is_nobody_waiting);
	assert_true(lines(fixture, &text) >= 4);
	assert_true(strncmp(text, "0\n21\n22\n23\n", 11) == 0);
}

static bool has_begun_some(struct fixture *fixture)
{
	return programs_counters(fixture->programs).waiting < 150;
}

/* However few there are. */
static void test_bounds_the_size_of_notices(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *long_one = memory_new(PROGRAMS_NOTIFY_BYTES / 200);

	memset(long_one, ' ', PROGRAMS_NOTIFY_BYTES / 200 - 1);
	say(fixture, 0, "sleep 0.3; ");
	for (unsigned int i = 1; i <= 220; i++)
		say(fixture, i, long_one);
	size_t waiting = programs_counters(fixture->programs).waiting;
	assert_in_range(waiting, 190, 200);
	assert_int_equal(programs_counters(fixture->programs).notify_dropped, 220 - waiting);
	/* The bytes of those that were dropped, or are run, are free again. */
	patience_spend(&fixture->patience, 20000, has_begun_some);
	uint64_t dropped = programs_counters(fixture->programs).notify_dropped;
	say(fixture, 221, long_one);
	assert_int_equal(programs_counters(fixture->programs).notify_dropped, dropped);
}

static bool is_one_said(struct fixture *fixture)
{
	_cleanup_free_ char *text = NULL;

	return lines(fixture, &text) == 1;
}

/* A command that cannot be run holds up nobody. */
static void test_goes_on_behind_a_failure(void **state)
{
	static const char *const words[] = {"/nonexistent/program", NULL};
	const struct message_program_texts texts = {
		.user = "", .words = words, .environment = nothing};
	struct fixture *fixture = *state;

	send_to(fixture, programs_notify, 1, &texts);
	say(fixture, 1, "");
	patience_spend(&fixture->patience, 10000, is_one_said);
	assert_int_equal(programs_counters(fixture->programs).notify_failed, 1);
}

static bool is_quiet(struct fixture *fixture)
{
	return fixture->quiet > 0;
}

/* Once, when the last one has ended. */
static void test_says_when_all_is_told(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *text = NULL;

	assert_false(programs_are_notifying(fixture->programs));
	say(fixture, 0, "sleep 0.1; ");
	say(fixture, 1, "");
	assert_true(programs_are_notifying(fixture->programs));
	patience_spend(&fixture->patience, 20000, is_quiet);
	assert_false(programs_are_notifying(fixture->programs));
	assert_null(programs_counters(fixture->programs).program);
	assert_int_equal(programs_counters(fixture->programs).began, 0);
	assert_int_equal(fixture->quiet, 1);
	assert_int_equal(lines(fixture, &text), 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_runs_what_is_allowed),
		CASE(test_trusts_who_reads_the_files),
		CASE(test_refuses_what_is_not),
		CASE(test_what_is_allowed_often_takes_no_more_room),
		CASE(test_allows_poise_s_environment),
		CASE(test_bounds_and_cancels),
		CASE(test_notifies_in_order),
		CASE(test_drops_the_oldest_notices),
		CASE(test_bounds_the_size_of_notices),
		CASE(test_goes_on_behind_a_failure),
		CASE(test_says_when_all_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
