// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: punctual, in order, and safe to change from within. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "base/loop.h"
#include "base/memory.h"
#include "tests/support/times.h"

#define MILLISECOND  1000000ull
#define SAMPLES      51
#define SAMPLES_RAW  5
#define LATE_LIMIT   MILLISECOND
#define LATE_TRIES   50
#define TIMER        (10 * MILLISECOND)
#define SOURCE_COUNT 4

/* One test's loop, what its handlers made known, and sources that they may change. */
struct world {
	struct loop *loop;
	struct loop_source *sources[SOURCE_COUNT];
	int pipes[SOURCE_COUNT][2];
	char order[32]; /* a letter for each handler that ran */
	uint64_t wanted, late[SAMPLES];
	size_t count;
	int status;
};

static void note(struct world *world, char letter)
{
	size_t length = strlen(world->order);

	assert_true(length + 1 < sizeof(world->order));
	world->order[length] = letter;
}

static int make(void **state)
{
	struct world *world = memory_new(sizeof(*world));

	assert_int_equal(loop_new(&world->loop), 0);
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		assert_int_equal(pipe2(world->pipes[i], O_CLOEXEC | O_NONBLOCK), 0);
		assert_int_equal(write(world->pipes[i][1], "x", 1), 1);
	}
	*state = world;
	return 0;
}

static int drop(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		loop_source_free(world->sources[i]);
		close(world->pipes[i][0]);
		close(world->pipes[i][1]);
	}
	loop_free(world->loop);
	free(world);
	return 0;
}

static void stop(void *data)
{
	struct world *world = data;

	note(world, '.');
	loop_stop(world->loop, 0);
}

static void read_one(struct world *world, size_t which)
{
	char byte;

	assert_int_equal(read(world->pipes[which][0], &byte, 1), 1);
}

/* Runs until nothing is ready any more. */
static void run(struct world *world)
{
	struct loop_source *end;

	assert_int_equal(loop_add_timer(world->loop, stop, world, &end), 0);
	loop_source_set_priority(end, LOOP_PRIORITY_LAST);
	loop_timer_set(end, loop_clock() + 20 * MILLISECOND);
	assert_int_equal(loop_run(world->loop), 0);
	loop_source_free(end);
}

/* Timers. */

static void on_sample(void *data)
{
	struct world *world = data;
	uint64_t now = loop_clock();

	assert_true(now >= world->wanted);
	assert_true(loop_now(world->loop) >= world->wanted);
	world->late[world->count++] = now - world->wanted;
	if (world->count == SAMPLES) {
		loop_stop(world->loop, 0);
		return;
	}
	world->wanted = loop_clock() + TIMER;
	loop_timer_set(world->sources[0], world->wanted);
}

/* How late the one in the middle of SAMPLES was. */
static uint64_t measure_lateness(struct world *world)
{
	world->count = 0;
	world->wanted = loop_clock() + TIMER;
	loop_timer_set(world->sources[0], world->wanted);
	assert_int_equal(loop_run(world->loop), 0);
	assert_int_equal(world->count, SAMPLES);
	return times_median(world->late, world->count);
}

/* Others have the processor at times: what the loop itself did wrong would make it late each time. */
static void a_timer_is_less_than_a_millisecond_late(void **state)
{
	struct world *world = *state;
	uint64_t late = UINT64_MAX;

	assert_int_equal(loop_add_timer(world->loop, on_sample, world, &world->sources[0]), 0);
	for (int i = 0; i < LATE_TRIES && late >= LATE_LIMIT; i++)
		late = measure_lateness(world);
	print_message("a timer of 10 ms: %llu us late (median of %d)\n",
		(unsigned long long)late / 1000, SAMPLES);
	assert_true(late < LATE_LIMIT);
}

static int on_raw_sample(sd_event_source *source, uint64_t when, void *data)
{
	struct world *world = data;

	world->late[world->count++] = loop_clock() - when * 1000;
	if (world->count == SAMPLES_RAW)
		return sd_event_exit(sd_event_source_get_event(source), 0);
	assert_true(sd_event_source_set_time(source, (loop_clock() + TIMER) / 1000) >= 0);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* What the wrapper is for, and that the test above can fail: the library left to itself. */
static void a_timer_without_the_wrapper_is_later(void **state)
{
	struct world *world = *state;
	sd_event *event;
	sd_event_source *source = NULL;

	assert_true(sd_event_new(&event) >= 0);
	assert_true(sd_event_add_time(event, &source, CLOCK_BOOTTIME, (loop_clock() + TIMER) / 1000,
			    0, on_raw_sample, world) >= 0);
	assert_int_equal(sd_event_loop(event), 0);
	assert_int_equal(world->count, SAMPLES_RAW);
	assert_true(times_median(world->late, world->count) > LATE_LIMIT);
	sd_event_source_unref(source);
	sd_event_unref(event);
}

static void on_a(void *data)
{
	note(data, 'a');
}

static void on_b(void *data)
{
	note(data, 'b');
}

static void a_timer_fires_once_each_time_it_is_set(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_timer(world->loop, on_a, world, &world->sources[0]), 0);
	loop_timer_set(world->sources[0], loop_clock() + MILLISECOND);
	loop_timer_set(world->sources[0], loop_clock() + 2 * MILLISECOND);
	run(world);
	assert_string_equal(world->order, "a.");
}

static void a_timer_that_is_not_set_or_unset_never_fires(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_timer(world->loop, on_a, world, &world->sources[0]), 0);
	assert_int_equal(loop_add_timer(world->loop, on_b, world, &world->sources[1]), 0);
	loop_timer_set(world->sources[1], loop_clock() + MILLISECOND);
	loop_timer_set(world->sources[1], LOOP_NEVER);
	run(world);
	assert_string_equal(world->order, ".");
}

static void on_past(void *data)
{
	struct world *world = data;

	note(world, 'p');
	if (++world->count < 3)
		loop_timer_set(
			world->sources[0], world->count == 1 ? 0 : loop_now(world->loop) - 1);
}

static void a_time_in_the_past_is_now(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_timer(world->loop, on_past, world, &world->sources[0]), 0);
	loop_timer_set(world->sources[0], 1);
	run(world);
	assert_string_equal(world->order, "ppp.");
}

static void on_ready_again(void *data, uint32_t events)
{
	struct world *world = data;

	(void)events;
	note(world, 'r');
	loop_timer_set(world->sources[1], 1);
	if (++world->count == 3)
		read_one(world, 0);
}

/* Else who is ready all the time would keep it from its turn. */
static void a_timer_that_is_due_is_not_put_off_by_setting_it_again(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_io(world->loop, world->pipes[0][0], EPOLLIN, on_ready_again,
				 world, &world->sources[0]),
		0);
	assert_int_equal(loop_add_timer(world->loop, on_b, world, &world->sources[1]), 0);
	loop_timer_set(world->sources[1], 1);
	run(world);
	/* The second time it is set to be due with the third reader, who was ready before it. */
	assert_string_equal(world->order, "rbrrb.");
}

static void on_slow(void *data)
{
	struct world *world = data;
	uint64_t now = loop_now(world->loop);

	usleep(5000);
	assert_true(loop_now(world->loop) == now);
	assert_true(loop_clock() >= now + 5 * MILLISECOND);
	note(world, 's');
}

static void a_turn_has_one_time(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_timer(world->loop, on_slow, world, &world->sources[0]), 0);
	loop_timer_set(world->sources[0], 1);
	run(world);
	assert_string_equal(world->order, "s.");
	/* Outside, it goes on. */
	uint64_t before = loop_now(world->loop);
	usleep(2000);
	assert_true(loop_now(world->loop) >= before + 2 * MILLISECOND);
}

/* Descriptors, work, order. */

static void on_readable(void *data, uint32_t events)
{
	struct world *world = data;

	assert_int_equal(events, EPOLLIN);
	read_one(world, 0);
	note(world, 'r');
}

static void on_writable(void *data, uint32_t events)
{
	struct world *world = data;

	assert_int_equal(events, EPOLLOUT);
	note(world, 'w');
	loop_io_set_events(world->sources[1], 0);
}

static void descriptors_tell_what_was_asked(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_io(world->loop, world->pipes[0][0], EPOLLIN, on_readable, world,
				 &world->sources[0]),
		0);
	assert_int_equal(loop_add_io(world->loop, world->pipes[1][1], 0, on_writable, world,
				 &world->sources[1]),
		0);
	loop_source_set_priority(world->sources[0], LOOP_PRIORITY_FIRST);
	loop_io_set_events(world->sources[1], EPOLLOUT);
	run(world);
	assert_string_equal(world->order, "rw.");
}

static void on_freed(void *data, uint32_t events)
{
	(void)events;
	note(data, '!');
}

static void on_free_all(void *data, uint32_t events)
{
	struct world *world = data;

	(void)events;
	note(world, 'f');
	for (size_t i = 0; i < SOURCE_COUNT; i++)
		world->sources[i] = loop_source_free(world->sources[i]);
}

/* All are ready when the first one runs, which ends itself and those that wait for their turn. */
static void a_handler_may_free_any_source(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < SOURCE_COUNT; i++)
		assert_int_equal(
			loop_add_io(world->loop, world->pipes[i][0], EPOLLIN,
				i == 2 ? on_free_all : on_freed, world, &world->sources[i]),
			0);
	loop_source_set_priority(world->sources[2], LOOP_PRIORITY_FIRST);
	run(world);
	assert_string_equal(world->order, "f.");
}

static void on_free_self(void *data)
{
	struct world *world = data;

	note(world, 'f');
	world->sources[0] = loop_source_free(world->sources[0]);
}

static void timers_and_work_may_free_themselves(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_timer(world->loop, on_free_self, world, &world->sources[0]), 0);
	loop_timer_set(world->sources[0], 1);
	assert_int_equal(loop_add_work(world->loop, on_b, world, &world->sources[1]), 0);
	loop_work_ask(world->sources[1]);
	run(world);
	assert_string_equal(world->order, "fb.");
}

static void work_may_free_itself(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_work(world->loop, on_free_self, world, &world->sources[0]), 0);
	loop_work_ask(world->sources[0]);
	run(world);
	assert_string_equal(world->order, "f.");
}

static void work_runs_once_for_all_that_ask(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_work(world->loop, on_a, world, &world->sources[0]), 0);
	assert_int_equal(loop_add_work(world->loop, on_b, world, &world->sources[1]), 0);
	loop_work_ask(world->sources[0]);
	loop_work_ask(world->sources[0]);
	run(world);
	assert_string_equal(world->order, "a.");
}

static void on_ask_again(void *data)
{
	struct world *world = data;

	note(world, 'w');
	if (++world->count < 3)
		loop_work_ask(world->sources[0]);
}

static void work_may_ask_for_itself(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_work(world->loop, on_ask_again, world, &world->sources[0]), 0);
	loop_work_ask(world->sources[0]);
	run(world);
	assert_string_equal(world->order, "www.");
}

static void on_ask_long(void *data)
{
	struct world *world = data;

	if (++world->count < 1000)
		loop_work_ask(world->sources[0]);
}

static void on_equal(void *data, uint32_t events)
{
	struct world *world = data;

	(void)events;
	read_one(world, 0);
	world->wanted = world->count;
}

static void work_that_asks_for_itself_leaves_turns_to_its_equals(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_work(world->loop, on_ask_long, world, &world->sources[0]), 0);
	assert_int_equal(loop_add_io(world->loop, world->pipes[0][0], EPOLLIN, on_equal, world,
				 &world->sources[1]),
		0);
	loop_source_set_priority(world->sources[1], LOOP_PRIORITY_LAST);
	loop_work_ask(world->sources[0]);
	run(world);
	assert_int_equal(world->count, 1000);
	assert_true(world->wanted < 4);
}

static void on_signal(void *data, int signal)
{
	assert_int_equal(signal, SIGUSR1);
	note(data, 'S');
}

static void what_is_ready_runs_by_priority(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_work(world->loop, on_a, world, &world->sources[0]), 0);
	assert_int_equal(loop_add_timer(world->loop, on_b, world, &world->sources[1]), 0);
	assert_int_equal(
		loop_add_signal(world->loop, SIGUSR1, on_signal, world, &world->sources[2]), 0);
	loop_work_ask(world->sources[0]);
	loop_timer_set(world->sources[1], 1);
	assert_int_equal(raise(SIGUSR1), 0);
	run(world);
	assert_string_equal(world->order, "Sba.");
}

static void a_signal_stays_blocked_without_its_source(void **state)
{
	struct world *world = *state;

	assert_int_equal(
		loop_add_signal(world->loop, SIGUSR2, on_signal, world, &world->sources[0]), 0);
	world->sources[0] = loop_source_free(world->sources[0]);
	assert_int_equal(raise(SIGUSR2), 0); /* would end the program */
	run(world);
	assert_string_equal(world->order, ".");
}

static void what_cannot_be_watched_is_refused(void **state)
{
	struct world *world = *state;
	struct loop_source *source = (struct loop_source *)world;
	_cleanup_close_ int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(
		loop_add_io(world->loop, file, EPOLLIN, on_readable, world, &source), -EPERM);
	assert_null(source);
	source = (struct loop_source *)world;
	assert_int_equal(loop_add_signal(world->loop, 1000, on_signal, world, &source), -EINVAL);
	assert_null(source);
	assert_null(loop_source_free(NULL));
	loop_free(NULL);
}

/* Children. */

static void on_child(void *data, pid_t pid, int status)
{
	struct world *world = data;

	/* It has been reaped. */
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	world->status = status;
	world->sources[0] = loop_source_free(world->sources[0]);
	note(world, 'c');
	loop_stop(world->loop, 0);
}

static int status_of(struct world *world, int code, int signal)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (signal)
			raise(signal);
		_exit(code);
	}
	assert_true(pid > 0);
	assert_int_equal(loop_add_child(world->loop, pid, on_child, world, &world->sources[0]), 0);
	assert_int_equal(loop_run(world->loop), 0);
	assert_string_equal(world->order, "c");
	return world->status;
}

static void a_child_tells_its_code(void **state)
{
	int status = status_of(*state, 7, 0);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_child_tells_its_signal(void **state)
{
	int status = status_of(*state, 0, SIGKILL);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static pid_t child_that_ends(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	return pid;
}

static void on_child_again(void *data, pid_t pid, int status)
{
	struct world *world = data;

	(void)pid;
	assert_int_equal(status, 0);
	note(world, 'c');
	loop_source_free(world->sources[0]);
	world->sources[0] = NULL;
	if (++world->count == 3)
		loop_stop(world->loop, 0);
	else
		assert_int_equal(loop_add_child(world->loop, child_that_ends(), on_child_again,
					 world, &world->sources[0]),
			0);
}

static void a_child_can_be_started_again_by_its_handler(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_child(world->loop, child_that_ends(), on_child_again, world,
				 &world->sources[0]),
		0);
	assert_int_equal(loop_run(world->loop), 0);
	assert_string_equal(world->order, "ccc");
	/* None is left, and none was reaped twice. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A shell's `trap '' CHLD` is inherited. */
static void children_are_ours_though_sigchld_was_ignored(void **state)
{
	struct world *world = *state;

	loop_free(world->loop);
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(loop_new(&world->loop), 0);
	assert_int_equal(WEXITSTATUS(status_of(world, 9, 0)), 9);
}

/* The end. */

static void on_stop_7(void *data)
{
	struct world *world = data;

	note(world, '7');
	loop_stop(world->loop, 7);
}

static void a_loop_ends_with_its_code_and_runs_nothing_more(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_add_work(world->loop, on_a, world, &world->sources[0]), 0);
	assert_int_equal(loop_add_timer(world->loop, on_stop_7, world, &world->sources[1]), 0);
	loop_work_ask(world->sources[0]);
	loop_timer_set(world->sources[1], 1);
	assert_int_equal(loop_run(world->loop), 7);
	assert_string_equal(world->order, "7");
}

static void a_loop_can_be_stopped_before_it_runs(void **state)
{
	struct world *world = *state;

	loop_stop(world->loop, 3);
	assert_int_equal(loop_run(world->loop), 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_timer_is_less_than_a_millisecond_late),
		TEST(a_timer_without_the_wrapper_is_later),
		TEST(a_timer_fires_once_each_time_it_is_set),
		TEST(a_timer_that_is_not_set_or_unset_never_fires),
		TEST(a_time_in_the_past_is_now),
		TEST(a_timer_that_is_due_is_not_put_off_by_setting_it_again),
		TEST(a_turn_has_one_time),
		TEST(descriptors_tell_what_was_asked),
		TEST(a_handler_may_free_any_source),
		TEST(timers_and_work_may_free_themselves),
		TEST(work_may_free_itself),
		TEST(work_runs_once_for_all_that_ask),
		TEST(work_may_ask_for_itself),
		TEST(work_that_asks_for_itself_leaves_turns_to_its_equals),
		TEST(what_is_ready_runs_by_priority),
		TEST(a_signal_stays_blocked_without_its_source),
		TEST(what_cannot_be_watched_is_refused),
		TEST(a_child_tells_its_code),
		TEST(a_child_tells_its_signal),
		TEST(a_child_can_be_started_again_by_its_handler),
		TEST(children_are_ours_though_sigchld_was_ignored),
		TEST(a_loop_ends_with_its_code_and_runs_nothing_more),
		TEST(a_loop_can_be_stopped_before_it_runs),
	};

	alarm(60); /* a loop that never ends fails too */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
