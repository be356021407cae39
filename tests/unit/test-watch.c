// SPDX-License-Identifier: GPL-2.0-or-later
/* The watch on a real folder: with events, without them, and with too many. What real tools do is in
 * tests/daemon/test-watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "daemon/watch.h"
#include "tests/support/folder.h"

#define MS 1000000ull
/* For what must come. A look that took long puts the next one off by 200 times as much, so on a busy machine this is not
 * the interval of the polls. */
#define PATIENCE (60000 * MS)
#define MANY     10000

/* A sanitizer keeps what was freed for a while. */
#ifdef __SANITIZE_ADDRESS__
#define RUNNING_ON_SANITIZER true
#else
#define RUNNING_ON_SANITIZER false
#endif

struct world {
	char *folder;
	struct loop *loop;
	struct watch *watch;
	struct loop_source *timer;
	unsigned int told;
	uint64_t most; /* how long it settles at most; 0: ten times the debounce, or the default */
	bool seen;     /* answer changed() with watch_seen() */
	bool free_it;  /* answer it with watch_free() */
	bool until_told; /* come back when told */
	bool came_told;  /* that is why it came back */
};

/* A loop runs once, and a test wants to do something in between. So the loop has a stack of its own, and a handler leaves it
 * for the test, which goes back where it left. */
static ucontext_t outside, inside;
static char inside_stack[256 << 10];

static void leave(struct world *world, bool told)
{
	world->came_told = told;
	swapcontext(&inside, &outside);
}

static struct loop *inside_loop;

static void run_inside(void)
{
	loop_run(inside_loop);
}

static void on_changed(void *data)
{
	struct world *world = data;

	world->told++;
	if (world->free_it)
		world->watch = watch_free(world->watch);
	else if (world->seen)
		watch_seen(world->watch);
	if (world->until_told)
		leave(world, true);
}

static void on_timeout(void *data)
{
	leave(data, false);
}

static struct world world_begin(const char *folder)
{
	struct world world = {.folder = memory_copy_string(folder), .seen = true};

	assert_int_equal(loop_new(&world.loop), 0);
	assert_int_equal(getcontext(&inside), 0);
	inside.uc_stack.ss_sp = inside_stack;
	inside.uc_stack.ss_size = sizeof(inside_stack);
	inside.uc_link = &outside;
	inside_loop = world.loop;
	makecontext(&inside, run_inside, 0);
	return world;
}

static void world_watch(struct world *world, uint64_t debounce, uint64_t poll)
{
	const char *paths[] = {world->folder, "-"};
	struct watch_options options = {.paths = paths,
		.path_count = 2,
		.debounce = debounce,
		.settle_most = world->most ? world->most : 10 * debounce,
		.poll = poll,
		.changed = on_changed,
		.data = world};
	_cleanup_error_ struct error error = {};

	/* Of what was due while this process had to wait, the test's own next step comes first. */
	if (!world->timer) {
		assert_int_equal(loop_add_timer(world->loop, on_timeout, world, &world->timer), 0);
		loop_source_set_priority(world->timer, LOOP_PRIORITY_FIRST);
	}
	assert_int_equal(watch_new(world->loop, &options, &world->watch, &error), 0);
}

/* Lets the loop run for that long, or until it is told if that is wanted. */
static void run_loop(struct world *world, uint64_t time, bool until_told)
{
	world->until_told = until_told;
	loop_timer_set(world->timer, loop_clock() + time);
	swapcontext(&outside, &inside);
}

/* How often it is told in that time. */
static unsigned int run(struct world *world, uint64_t time)
{
	unsigned int before = world->told;

	run_loop(world, time, false);
	return world->told - before;
}

/* Whether it is told at all in that time; returns when it is. */
static bool run_until_told(struct world *world, uint64_t time)
{
	run_loop(world, time, true);
	return world->came_told;
}

/* Told once, and then no more. */
static void assert_told_once(struct world *world)
{
	assert_true(run_until_told(world, PATIENCE));
	assert_int_equal(run(world, 250 * MS), 0);
}

static void world_end(struct world *world)
{
	watch_free(world->watch);
	loop_stop(world->loop, 0);
	swapcontext(&outside, &inside);
	loop_source_free(world->timer);
	loop_free(world->loop);
	free(world->folder);
}

static void a_change_is_told_once(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);

	folder_write(folder, "web.yaml", "a");
	world_watch(&world, 0, 0);
	assert_int_equal(run(&world, 150 * MS), 0);
	folder_write(folder, "web.yaml", "b");
	assert_told_once(&world);
	folder_write(folder, ".web", "c");
	folder_move(folder, ".web", "web.yaml");
	uint64_t begin = loop_clock();
	assert_true(run_until_told(&world, PATIENCE));
	assert_true(loop_clock() - begin >= WATCH_DEBOUNCE_ATOMIC_NS);
	assert_int_equal(run(&world, 150 * MS), 0);
	struct watch_counters counters = watch_counters(world.watch);
	assert_int_equal(counters.changes, 2);
	assert_int_equal(counters.polled_changes, 0);
	world_end(&world);
}

static void other_names_wake_nobody(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);

	folder_write(folder, "web.yaml", "a");
	world_watch(&world, 10 * MS, 30 * MS);
	folder_write(folder, ".web.yaml.swp", "b");
	folder_write(folder, "4913", "b");
	folder_drop(folder, "4913");
	folder_write(folder, "web.yaml~", "b");
	folder_move(folder, "web.yaml~", "web.yaml.orig");
	folder_make_directory(folder, "other");
	assert_int_equal(run(&world, 300 * MS), 0);
	assert_int_equal(watch_counters(world.watch).events, 0);
	world_end(&world);
}

static void a_half_written_file_is_not_told(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "web.yaml");
	struct world world = world_begin(folder);

	world_watch(&world, 10 * MS, 20 * MS);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(file_write_all(fd, "half", 4), 0);
	/* Many polls, and equal ones. */
	assert_int_equal(run(&world, 300 * MS), 0);
	assert_int_equal(file_write_all(fd, "whole", 5), 0);
	assert_int_equal(run(&world, 100 * MS), 0);
	close(fd);
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).polled_changes, 0);
	world_end(&world);
}

static void a_file_linked_into_place_is_told(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *from = folder_path(folder, ".new");
	_cleanup_free_ char *to = folder_path(folder, "web.yaml");
	struct world world = world_begin(folder);

	world_watch(&world, 0, 0);
	folder_write(folder, ".new", "a");
	assert_int_equal(link(from, to), 0);
	assert_int_equal(unlink(from), 0);
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).polled_changes, 0);
	world_end(&world);
}

static void a_new_link_is_told(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);

	world_watch(&world, 0, 0);
	folder_link(folder, "web.yaml", "store");
	assert_told_once(&world);
	folder_write(folder, "store", "a");
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).polled_changes, 0);
	world_end(&world);
}

static void an_overflowing_queue_is_told(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);
	unsigned int limit = 0;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &limit), 1);
	fclose(file);
	folder_write(folder, "a.yaml", "a");
	world_watch(&world, 0, 0);
	/* Two events each: nobody reads them. */
	for (unsigned int i = 0; i < limit / 2 + 2; i++)
		folder_move(folder, i % 2 ? "b.yaml" : "a.yaml", i % 2 ? "a.yaml" : "b.yaml");
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).overflows, 1);
	/* And it goes on. */
	folder_write(folder, "c.yaml", "a");
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).polled_changes, 0);
	world_end(&world);
}

static void without_inotify_the_poll_serves(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);
	struct rlimit limit, none;

	/* The loop has its descriptors before there are none left. */
	world_watch(&world, 10 * MS, 300 * MS);
	world.watch = watch_free(world.watch);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	folder_write(folder, "web.yaml", "a");
	/* Up to the first number that is free. */
	int first_free = dup(STDERR_FILENO);
	none = (struct rlimit){.rlim_cur = (rlim_t)first_free, .rlim_max = limit.rlim_max};
	close(first_free);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	world_watch(&world, 10 * MS, 300 * MS);
	assert_int_equal(watch_counters(world.watch).watches, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* The next look has inotify again, and can read the directory, which is the change. */
	assert_told_once(&world);
	assert_true(watch_counters(world.watch).watches > 0);
	folder_write(folder, "web.yaml", "b");
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).polled_changes, 1);
	world_end(&world);
}

/* What is mounted over a directory sends no event. */
static void a_silent_change_is_polled(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);

	folder_make_directory(folder, "conf.d");
	_cleanup_free_ char *path = folder_path(folder, "conf.d");
	uint64_t begin = loop_clock();
	world_watch(&world, 10 * MS, 300 * MS);
	folder_mount(path, 1 << 20);
	assert_true(run_until_told(&world, PATIENCE));
	/* Two looks in a row. */
	assert_true(loop_clock() - begin >= 600 * MS);
	assert_int_equal(run(&world, 900 * MS), 0);
	assert_int_equal(watch_counters(world.watch).polled_changes, 1);
	/* From here on there are events of what was mounted. */
	folder_write(folder, "conf.d/web.yaml", "a");
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).polled_changes, 1);
	folder_unmount(path);
	assert_true(run_until_told(&world, PATIENCE));
	world_end(&world);
}

static void what_was_not_read_is_told_again(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);

	folder_write(folder, "web.yaml", "a");
	world_watch(&world, 10 * MS, 50 * MS);
	world.seen = false;
	/* Of another size: the time of a file may be a tick's. */
	folder_write(folder, "web.yaml", "bb");
	for (unsigned int i = 0; i < 3; i++)
		assert_true(run_until_told(&world, PATIENCE));
	watch_seen(world.watch);
	assert_int_equal(run(&world, 300 * MS), 0);
	world_end(&world);
}

static void who_is_told_may_free_the_watch(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);

	folder_write(folder, "web.yaml", "a");
	world_watch(&world, 10 * MS, 30 * MS);
	world.free_it = true;
	folder_write(folder, "web.yaml", "b");
	assert_told_once(&world);
	assert_null(world.watch);
	world_end(&world);
}

static void paths_may_be_relative(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *before = getcwd(NULL, 0);
	struct world world = world_begin("lb/web.yaml");

	folder_make_directory(folder, "lb");
	assert_int_equal(chdir(folder), 0);
	world_watch(&world, 10 * MS, 0);
	assert_int_equal(chdir(before), 0);
	folder_write(folder, "lb/web.yaml", "a");
	assert_told_once(&world);
	folder_write(folder, "lb/web.yaml", "b");
	assert_told_once(&world);
	world_end(&world);
}

static void a_directory_that_fills_slowly_is_one_change(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);
	char name[32];

	folder_write(folder, "poise.yaml", "a");
	/* However slow the machine makes it. */
	world.most = PATIENCE;
	world_watch(&world, 0, 0);
	folder_make_directory(folder, "conf.d");
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "conf.d/%u.yaml", i);
		folder_write(folder, name, "a");
		assert_int_equal(run(&world, 60 * MS), 0);
	}
	assert_told_once(&world);
	world_end(&world);
}

/* kB */
static long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long all, pages;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld", &all, &pages), 2);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Every change is a new directory under a new link, so that watches come and go. */
static void change_all(const char *folder, unsigned int i)
{
	char new[32], old[32], file[48], old_file[48];

	snprintf(new, sizeof(new), "..%u", i);
	snprintf(old, sizeof(old), "..%u", i - 1);
	snprintf(file, sizeof(file), "..%u/web.yaml", i);
	snprintf(old_file, sizeof(old_file), "..%u/web.yaml", i - 1);
	folder_make_directory(folder, new);
	folder_write(folder, file, "a");
	folder_swap_link(folder, "..data", new);
	if (i) {
		folder_drop(folder, old_file);
		folder_drop(folder, old);
	}
}

static void many_changes_leave_nothing_behind(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);
	unsigned int changes = RUNNING_ON_SANITIZER ? 2000 : MANY, warm = changes / 10;
	long before = 0;
	size_t watches = 0, descriptors = 0;

	folder_link(folder, "web.yaml", "..data/web.yaml");
	change_all(folder, 0);
	world_watch(&world, MS / 5, 0);
	for (unsigned int i = 1; i <= changes; i++) {
		change_all(folder, i);
		assert_true(run_until_told(&world, PATIENCE));
		if (i != warm)
			continue;
		before = resident();
		watches = watch_counters(world.watch).watches;
		descriptors = folder_count("/proc/self/fd");
	}
	run(&world, 50 * MS);
	long after = resident();
	print_message("%u changes, told %u times: %ld kB before, %ld kB after\n", changes,
		world.told, before, after);
	assert_true(RUNNING_ON_SANITIZER || after <= before + before / 20);
	assert_int_equal(watch_counters(world.watch).watches, watches);
	assert_int_equal(folder_count("/proc/self/fd"), descriptors);
	assert_int_equal(watch_counters(world.watch).polled_changes, 0);
	/* The last one is still heard. */
	change_all(folder, changes + 1);
	assert_true(run_until_told(&world, PATIENCE));
	assert_int_equal(watch_counters(world.watch).polled_changes, 0);
	world_end(&world);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)
#define IN_MEMORY(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, folder_setup_in_memory, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_change_is_told_once),
		IN_FOLDER(other_names_wake_nobody),
		IN_FOLDER(a_half_written_file_is_not_told),
		IN_FOLDER(a_file_linked_into_place_is_told),
		IN_FOLDER(a_new_link_is_told),
		IN_MEMORY(an_overflowing_queue_is_told),
		IN_FOLDER(without_inotify_the_poll_serves),
		IN_FOLDER(what_was_not_read_is_told_again),
		IN_FOLDER(who_is_told_may_free_the_watch),
		IN_FOLDER(paths_may_be_relative),
		IN_FOLDER(a_directory_that_fills_slowly_is_one_change),
		IN_MEMORY(many_changes_leave_nothing_behind),
		/* From here on in a mount namespace of its own. */
		IN_FOLDER(a_silent_change_is_polled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
