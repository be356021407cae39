// SPDX-License-Identifier: GPL-2.0-or-later
/* The watch: when a burst is over (in virtual time), what lies on the way of a path, and both together on a real folder
 * with events, without them, and with too many. What real tools do is in tests/daemon/test-watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "daemon/watch.h"
#include "daemon/watch_settle.h"
#include "daemon/watch_way.h"
#include "tests/support/folder.h"

#define MS 1000000ull

/* A sanitizer keeps what was freed for a while. */
#ifdef __SANITIZE_ADDRESS__
#define RUNNING_ON_SANITIZER true
#else
#define RUNNING_ON_SANITIZER false
#endif

/* --- bursts ------------------------------------------------------------------------------------------------- */

/* A clock that does not start at 0, which means "none" to the code. */
#define START (1000 * MS)

static struct watch_settle settle_of_defaults(void)
{
	return (struct watch_settle){.atomic = WATCH_DEBOUNCE_ATOMIC_NS,
		.debounce = WATCH_DEBOUNCE_NS,
		.most = WATCH_SETTLE_MOST_NS};
}

/* The first moment, in ms after START, at which a check (as often as its deadline asks) says so; -1: quiet first. */
static int told_at(struct watch_settle *settle)
{
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t now = settle->deadline;
		enum watch_settle_verdict verdict = watch_settle_check(settle, now);

		if (verdict == WATCH_SETTLE_QUIET)
			return -1;
		if (verdict == WATCH_SETTLE_TELL)
			return (int)((now - START) / MS);
		assert_true(settle->deadline > now);
	}
	fail();
	return -1;
}

static void a_lone_rename_is_told_at_once(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	assert_int_equal(watch_settle_check(&settle, START), WATCH_SETTLE_QUIET);
	watch_settle_event(&settle, START, true, 7);
	assert_int_equal(watch_settle_check(&settle, START + 19 * MS), WATCH_SETTLE_WAIT);
	assert_int_equal(told_at(&settle), 20);
	watch_settle_done(&settle, START + 20 * MS);
	assert_int_equal(settle.deadline, 0);
	assert_int_equal(watch_settle_check(&settle, START + 21 * MS), WATCH_SETTLE_QUIET);
	/* One soon after it is not alone; a second later it is. */
	watch_settle_event(&settle, START + 60 * MS, true, 7);
	assert_int_equal(told_at(&settle), 160);
	watch_settle_done(&settle, START + 160 * MS);
	watch_settle_event(&settle, START + 1160 * MS, true, 7);
	assert_int_equal(told_at(&settle), 1180);
}

static void the_two_sides_of_a_rename_are_one(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_event(&settle, START, false, 7);
	watch_settle_event(&settle, START, true, 7);
	assert_int_equal(told_at(&settle), 20);
	watch_settle_event(&settle, START, false, 7);
	watch_settle_event(&settle, START, true, 8);
	assert_int_equal(told_at(&settle), 100);
}

static void more_than_a_rename_settles_longer(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_event(&settle, START, true, 7);
	watch_settle_event(&settle, START + 15 * MS, false, 0);
	assert_int_equal(told_at(&settle), 115);
	watch_settle_done(&settle, START - 500 * MS);
	watch_settle_event(&settle, START, false, 0);
	watch_settle_event(&settle, START + 50 * MS, true, 7);
	assert_int_equal(told_at(&settle), 150);
}

static void a_stream_is_told_in_time(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();
	unsigned int at;

	for (at = 0; at < 3000; at += 10) {
		watch_settle_event(&settle, START + at * MS, true, 0);
		if (watch_settle_check(&settle, START + at * MS) == WATCH_SETTLE_TELL)
			break;
	}
	assert_int_equal(at, 1500);
	watch_settle_done(&settle, START + 1500 * MS);
	watch_settle_event(&settle, START + 1510 * MS, false, 0);
	assert_int_equal(told_at(&settle), 1610);
}

static void writing_alone_is_nothing_to_tell(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_created(&settle, START, 1, 2, false);
	for (unsigned int at = 0; at < 5000; at += 10)
		watch_settle_written(&settle, START + at * MS, 1, 2);
	assert_int_equal(settle.deadline, 0);
	assert_true(watch_settle_is_unfinished(&settle, START + 5000 * MS));
	watch_settle_finished(&settle, 1, 2);
	assert_false(watch_settle_is_unfinished(&settle, START + 5000 * MS));
}

static void a_file_being_written_holds_others_back(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_event(&settle, START, true, 0);
	watch_settle_written(&settle, START, 1, 2);
	assert_int_equal(told_at(&settle), 1500);
	watch_settle_done(&settle, START + 1500 * MS);

	watch_settle_event(&settle, START, false, 0);
	assert_int_equal(watch_settle_check(&settle, START + 100 * MS), WATCH_SETTLE_WAIT);
	watch_settle_finished(&settle, 1, 2);
	watch_settle_event(&settle, START + 150 * MS, false, 0);
	assert_int_equal(told_at(&settle), 250);
}

static void a_writer_that_never_ends_is_forgotten(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_written(&settle, START, 1, 2);
	assert_true(watch_settle_is_unfinished(&settle, START + WATCH_SETTLE_STALE_NS - 1));
	assert_false(watch_settle_is_unfinished(&settle, START + WATCH_SETTLE_STALE_NS));
	watch_settle_written(&settle, START, 1, 2);
	watch_settle_forget(&settle);
	assert_false(watch_settle_is_unfinished(&settle, START));
}

static void a_link_to_a_finished_file_is_told(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_created(&settle, START, 1, 2, true);
	assert_int_equal(told_at(&settle), 100);
	watch_settle_done(&settle, START + 100 * MS);
	assert_false(watch_settle_is_unfinished(&settle, START + 100 * MS));
}

static void a_file_written_before_we_looked_is_not(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_created(&settle, START, 1, 2, true);
	watch_settle_written(&settle, START + MS, 1, 2);
	assert_int_equal(told_at(&settle), -1);
	assert_true(watch_settle_is_unfinished(&settle, START + 3000 * MS));
}

static void more_writers_than_can_be_noted_do_no_harm(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	for (uint64_t name = 1; name < 1000; name++)
		watch_settle_written(&settle, START, 1, name);
	for (uint64_t name = 1; name < 1000; name++) {
		watch_settle_finished(&settle, 1, name);
		watch_settle_event(&settle, START, false, 0);
	}
	assert_int_equal(settle.unfinished_count, 0);
	assert_int_equal(told_at(&settle), 100);
}

static void what_comes_into_sight_extends_but_not_for_ever(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();
	uint64_t now = START;

	watch_settle_event(&settle, now, false, 0);
	for (;;) {
		now = settle.deadline;
		assert_int_equal(watch_settle_check(&settle, now), WATCH_SETTLE_TELL);
		if (!watch_settle_extend(&settle, now))
			break;
	}
	assert_int_equal((now - START) / MS, 1500);
	watch_settle_done(&settle, now);
	watch_settle_event(&settle, now + WATCH_SETTLE_RECENT_NS, true, 0);
	assert_false(watch_settle_extend(&settle, settle.deadline));
}

/* --- ways --------------------------------------------------------------------------------------------------- */

static void make_directory(const char *folder, const char *name)
{
	_cleanup_free_ char *path = folder_path(folder, name);

	assert_int_equal(mkdir(path, 0755), 0);
}

static void make_link(const char *folder, const char *name, const char *target)
{
	_cleanup_free_ char *path = folder_path(folder, name);

	assert_int_equal(symlink(target, path), 0);
}

static void move(const char *folder, const char *from, const char *to)
{
	_cleanup_free_ char *old = folder_path(folder, from);
	_cleanup_free_ char *new = folder_path(folder, to);

	assert_int_equal(rename(old, new), 0);
}

static void drop(const char *folder, const char *name)
{
	_cleanup_free_ char *path = folder_path(folder, name);

	assert_int_equal(remove(path), 0);
}

/* A swap as git-sync and the kubelet do it. */
static void swap_link(const char *folder, const char *name, const char *target)
{
	make_link(folder, ".swap", target);
	move(folder, ".swap", name);
}

struct look {
	int inotify;
	struct watch_way way;
};

static bool look(struct look *look, const char *path)
{
	_cleanup_watch_way_ struct watch_way next = {};

	watch_way_look(look->inotify, &path, 1, &next);
	return watch_way_replace(&look->way, look->inotify, &next);
}

static struct look look_begin(const char *path)
{
	struct look begun = {.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};

	assert_true(begun.inotify >= 0);
	assert_true(look(&begun, path));
	return begun;
}

static void look_end(struct look *look)
{
	watch_way_clear(&look->way);
	close(look->inotify);
}

/* Whether an event of `name` in `folder`/`directory` would matter. */
static bool wants(
	const struct look *look, const char *folder, const char *directory, const char *name)
{
	_cleanup_free_ char *path =
		*directory ? folder_path(folder, directory) : memory_copy_string(folder);

	vector_foreach(&look->way.directories, watched) {
		if (strcmp(watched->path, path) == 0)
			return watch_way_wants(&look->way, watched->wd, name);
	}
	return false;
}

static void a_directory_wants_what_is_read(void **state)
{
	const char *folder = *state;

	folder_write(folder, "web.yaml", "");
	struct look seen = look_begin(folder);
	assert_true(wants(&seen, folder, "", "web.yaml"));
	assert_true(wants(&seen, folder, "", "new.yaml"));
	assert_true(wants(&seen, folder, "", "poise.yaml"));
	assert_true(wants(&seen, folder, "", "conf.d"));
	static const char *const others[] = {"web.yml", ".web.yaml.swp", "web.yaml~", ".web.yaml",
		"#web.yaml", "4913", "README"};
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(wants(&seen, folder, "", others[i]));
	assert_true(wants(&seen, "/tmp", "", strrchr(folder, '/') + 1) ||
		    strncmp(folder, "/tmp/", 5) != 0);

	/* With a conf.d, what lies beside poise.yaml is not read. */
	make_directory(folder, "conf.d");
	assert_true(look(&seen, folder));
	assert_false(wants(&seen, folder, "", "web.yaml"));
	assert_true(wants(&seen, folder, "", "poise.yaml"));
	assert_true(wants(&seen, folder, "conf.d", "web.yaml"));
	look_end(&seen);
}

static void a_file_wants_its_own_name(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "web.yaml");
	struct look seen = look_begin(path);

	assert_true(wants(&seen, folder, "", "web.yaml"));
	assert_false(wants(&seen, folder, "", "mail.yaml"));
	look_end(&seen);
}

static void every_hop_is_wanted(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "current/lb/web.yaml");
	_cleanup_free_ char *absolute = folder_path(folder, "trees/./one/../two");

	make_directory(folder, "trees");
	make_directory(folder, "trees/one");
	make_directory(folder, "trees/two");
	make_directory(folder, "trees/two/lb");
	make_link(folder, "next", absolute);
	make_link(folder, "current", "next");
	make_link(folder, "trees/two/lb/web.yaml", "../../real.yaml");
	folder_write(folder, "trees/real.yaml", "");
	struct look seen = look_begin(path);
	static const char *const names[][2] = {{"", "current"}, {"", "next"}, {"", "trees"},
		{"trees", "one"}, {"trees", "two"}, {"trees/two", "lb"},
		{"trees/two/lb", "web.yaml"}, {"trees", "real.yaml"}};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		if (!wants(&seen, folder, names[i][0], names[i][1]))
			fail_msg("%s in %s is not wanted", names[i][1], names[i][0]);
	}
	look_end(&seen);
}

static void a_volume_of_kubernetes_is_wanted(void **state)
{
	const char *folder = *state;

	make_directory(folder, "..2026_01");
	folder_write(folder, "..2026_01/web.yaml", "a");
	folder_write(folder, "..2026_01/mail.yaml", "b");
	make_link(folder, "..data", "..2026_01");
	make_link(folder, "web.yaml", "..data/web.yaml");
	make_link(folder, "mail.yaml", "..data/mail.yaml");
	struct look seen = look_begin(folder);
	assert_true(wants(&seen, folder, "", "..data"));
	assert_true(wants(&seen, folder, "", "..2026_01"));
	assert_true(wants(&seen, folder, "..2026_01", "web.yaml"));
	assert_true(wants(&seen, folder, "..2026_01", "mail.yaml"));
	assert_false(wants(&seen, folder, "", "..data_tmp"));
	assert_false(wants(&seen, folder, "", "..2026_02"));
	uint64_t before = seen.way.fingerprint;
	size_t watches = seen.way.directories.count;

	make_directory(folder, "..2026_02");
	folder_write(folder, "..2026_02/web.yaml", "a");
	folder_write(folder, "..2026_02/mail.yaml", "b");
	swap_link(folder, "..data", "..2026_02");
	assert_true(look(&seen, folder));
	assert_true(seen.way.fingerprint != before);
	assert_true(wants(&seen, folder, "..2026_02", "web.yaml"));
	assert_false(wants(&seen, folder, "..2026_01", "web.yaml"));
	assert_int_equal(seen.way.directories.count, watches);
	look_end(&seen);
}

static void links_in_a_circle_end(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "a");

	make_link(folder, "a", "b");
	make_link(folder, "b", "c/../a");
	make_link(folder, "c", ".");
	struct look seen = look_begin(path);
	assert_true(wants(&seen, folder, "", "a"));
	assert_true(wants(&seen, folder, "", "b"));
	look_end(&seen);
}

static void forty_hops_are_followed_and_no_more(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "0");
	char name[16], target[16];

	for (unsigned int i = 0; i < 42; i++) {
		snprintf(name, sizeof(name), "%u", i);
		snprintf(target, sizeof(target), "%u", i + 1);
		make_link(folder, name, target);
	}
	struct look seen = look_begin(path);
	assert_true(wants(&seen, folder, "", "40"));
	assert_false(wants(&seen, folder, "", "41"));
	look_end(&seen);
}

static void what_is_missing_is_awaited_above(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "a/b/c.yaml");
	struct look seen = look_begin(path);

	assert_true(wants(&seen, folder, "", "a"));
	assert_false(wants(&seen, folder, "", "b"));
	make_directory(folder, "a");
	assert_true(look(&seen, path));
	assert_true(wants(&seen, folder, "a", "b"));
	/* A file where a directory should be. */
	folder_write(folder, "a/b", "");
	assert_false(look(&seen, path));
	assert_true(wants(&seen, folder, "a", "b"));
	look_end(&seen);
}

static void a_second_look_disturbs_nothing(void **state)
{
	const char *folder = *state;
	struct inotify_event event[16];

	make_directory(folder, "conf.d");
	folder_write(folder, "conf.d/web.yaml", "a");
	struct look seen = look_begin(folder);
	uint64_t print = seen.way.fingerprint;
	size_t watches = seen.way.directories.count, interests = seen.way.interests.count;
	assert_false(look(&seen, folder));
	assert_true(seen.way.fingerprint == print);
	assert_int_equal(seen.way.directories.count, watches);
	assert_int_equal(seen.way.interests.count, interests);
	assert_int_equal(read(seen.inotify, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	look_end(&seen);
}

static void the_fingerprint_sees_what_counts(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "web.yaml");
	struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	uint64_t prints[6];

	folder_write(folder, "web.yaml", "aaaa");
	struct look seen = look_begin(folder);
	prints[0] = seen.way.fingerprint;
	folder_write(folder, "web.yaml", "aaaab");
	look(&seen, folder);
	prints[1] = seen.way.fingerprint;
	assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
	look(&seen, folder);
	prints[2] = seen.way.fingerprint;
	folder_write(folder, "mail.yaml", "");
	look(&seen, folder);
	prints[3] = seen.way.fingerprint;
	move(folder, "mail.yaml", "nail.yaml");
	look(&seen, folder);
	prints[4] = seen.way.fingerprint;
	folder_write(folder, ".web.yaml.swp", "");
	folder_write(folder, "web.yaml~", "");
	look(&seen, folder);
	prints[5] = seen.way.fingerprint;
	for (unsigned int i = 0; i < 4; i++)
		assert_true(prints[i] != prints[i + 1]);
	assert_true(prints[4] == prints[5]);
	look_end(&seen);
}

#define MANY 10000

static uint64_t own_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000 * MS + (uint64_t)time.tv_nsec;
}

/* ms of processor time of the cheapest of three looks. */
static double look_cost(struct look *seen, const char *folder)
{
	double best = 1e9;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t begin = own_time();

		look(seen, folder);
		best = MIN(best, (double)(own_time() - begin) / 1e6);
	}
	return best;
}

static void many_files_are_looked_at_quickly(void **state)
{
	const char *folder = *state;
	char name[64], target[64];

	make_directory(folder, "conf.d");
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "conf.d/service-%u.yaml", i);
		folder_write(folder, name, "a");
	}
	struct look seen = look_begin(folder);
	double files = look_cost(&seen, folder);
	size_t watches = seen.way.directories.count;
	look_end(&seen);

	move(folder, "conf.d", "..2026_01");
	make_directory(folder, "conf.d");
	make_link(folder, "conf.d/..data", "../..2026_01");
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "conf.d/service-%u.yaml", i);
		snprintf(target, sizeof(target), "..data/service-%u.yaml", i);
		make_link(folder, name, target);
	}
	seen = look_begin(folder);
	double links = look_cost(&seen, folder);
	assert_int_equal(seen.way.directories.count, watches + 1);
	assert_true(wants(&seen, folder, "..2026_01", "service-9999.yaml"));
	look_end(&seen);
	print_message(
		"a look at %d files takes %.1f ms, at as many links %.1f ms\n", MANY, files, links);
	/* Quadratic, it would take seconds. */
	assert_true(files < 500 && links < 1000);
}

/* --- the watch ---------------------------------------------------------------------------------------------- */

struct world {
	char *folder;
	struct loop *loop;
	struct watch *watch;
	struct loop_source *timer;
	unsigned int told;
	bool seen;       /* answer changed() with watch_seen() */
	bool free_it;    /* answer it with watch_free() */
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
		.poll = poll,
		.changed = on_changed,
		.data = world};
	_cleanup_error_ struct error error = {};

	if (!world->timer)
		assert_int_equal(loop_add_timer(world->loop, on_timeout, world, &world->timer), 0);
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
	assert_true(run_until_told(world, 5000 * MS));
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
	move(folder, ".web", "web.yaml");
	uint64_t begin = loop_clock();
	assert_true(run_until_told(&world, 1500 * MS));
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
	drop(folder, "4913");
	folder_write(folder, "web.yaml~", "b");
	move(folder, "web.yaml~", "web.yaml.orig");
	make_directory(folder, "other");
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
		move(folder, i % 2 ? "b.yaml" : "a.yaml", i % 2 ? "a.yaml" : "b.yaml");
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
	world_watch(&world, 10 * MS, 30 * MS);
	world.watch = watch_free(world.watch);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	folder_write(folder, "web.yaml", "a");
	/* Up to the first number that is free. */
	int first_free = dup(STDERR_FILENO);
	none = (struct rlimit){.rlim_cur = (rlim_t)first_free, .rlim_max = limit.rlim_max};
	close(first_free);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	world_watch(&world, 10 * MS, 30 * MS);
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

	make_directory(folder, "conf.d");
	_cleanup_free_ char *path = folder_path(folder, "conf.d");
	world_watch(&world, 10 * MS, 100 * MS);
	folder_mount(path, 1 << 20);
	uint64_t begin = loop_clock();
	assert_true(run_until_told(&world, 5000 * MS));
	/* Two looks in a row. */
	assert_true(loop_clock() - begin >= 100 * MS);
	assert_int_equal(run(&world, 350 * MS), 0);
	assert_int_equal(watch_counters(world.watch).polled_changes, 1);
	/* From here on there are events of what was mounted. */
	folder_write(folder, "conf.d/web.yaml", "a");
	assert_told_once(&world);
	assert_int_equal(watch_counters(world.watch).polled_changes, 1);
	folder_unmount(path);
	assert_true(run_until_told(&world, 5000 * MS));
	world_end(&world);
}

static void what_was_not_read_is_told_again(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);

	folder_write(folder, "web.yaml", "a");
	world_watch(&world, 10 * MS, 50 * MS);
	world.seen = false;
	folder_write(folder, "web.yaml", "b");
	for (unsigned int i = 0; i < 3; i++)
		assert_true(run_until_told(&world, 5000 * MS));
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

	make_directory(folder, "lb");
	assert_int_equal(chdir(folder), 0);
	world_watch(&world, 10 * MS, 0);
	assert_int_equal(chdir(before), 0);
	folder_write(folder, "lb/web.yaml", "a");
	assert_told_once(&world);
	world_end(&world);
}

static void a_directory_that_fills_slowly_is_one_change(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);
	char name[32];

	folder_write(folder, "poise.yaml", "a");
	world_watch(&world, 0, 0);
	make_directory(folder, "conf.d");
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
	make_directory(folder, new);
	folder_write(folder, file, "a");
	swap_link(folder, "..data", new);
	if (i) {
		drop(folder, old_file);
		drop(folder, old);
	}
}

static void many_changes_leave_nothing_behind(void **state)
{
	const char *folder = *state;
	struct world world = world_begin(folder);
	unsigned int changes = RUNNING_ON_SANITIZER ? 2000 : MANY, warm = changes / 10;
	long before = 0;
	size_t watches = 0, descriptors = 0;

	make_link(folder, "web.yaml", "..data/web.yaml");
	change_all(folder, 0);
	world_watch(&world, MS / 5, 0);
	for (unsigned int i = 1; i <= changes; i++) {
		change_all(folder, i);
		assert_true(run_until_told(&world, 5000 * MS));
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
	assert_true(run_until_told(&world, 1500 * MS));
	world_end(&world);
}

static int set_up(void **state)
{
	*state = folder_make();
	return 0;
}

/* Where thousands of files are made in a moment. */
static int set_up_in_memory(void **state)
{
	const char *before = getenv("TMPDIR");
	_cleanup_free_ char *kept = memory_copy_string(before);

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	*state = folder_make();
	if (kept)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	return 0;
}

static int tear_down(void **state)
{
	folder_remove(*state);
	return 0;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, set_up_in_memory, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lone_rename_is_told_at_once),
		cmocka_unit_test(the_two_sides_of_a_rename_are_one),
		cmocka_unit_test(more_than_a_rename_settles_longer),
		cmocka_unit_test(a_stream_is_told_in_time),
		cmocka_unit_test(writing_alone_is_nothing_to_tell),
		cmocka_unit_test(a_file_being_written_holds_others_back),
		cmocka_unit_test(a_writer_that_never_ends_is_forgotten),
		cmocka_unit_test(a_link_to_a_finished_file_is_told),
		cmocka_unit_test(a_file_written_before_we_looked_is_not),
		cmocka_unit_test(more_writers_than_can_be_noted_do_no_harm),
		cmocka_unit_test(what_comes_into_sight_extends_but_not_for_ever),
		IN_FOLDER(a_directory_wants_what_is_read),
		IN_FOLDER(a_file_wants_its_own_name),
		IN_FOLDER(every_hop_is_wanted),
		IN_FOLDER(a_volume_of_kubernetes_is_wanted),
		IN_FOLDER(links_in_a_circle_end),
		IN_FOLDER(forty_hops_are_followed_and_no_more),
		IN_FOLDER(what_is_missing_is_awaited_above),
		IN_FOLDER(a_second_look_disturbs_nothing),
		IN_FOLDER(the_fingerprint_sees_what_counts),
		IN_MEMORY(many_files_are_looked_at_quickly),
		IN_FOLDER(a_change_is_told_once),
		IN_FOLDER(other_names_wake_nobody),
		IN_FOLDER(a_half_written_file_is_not_told),
		IN_FOLDER(a_file_linked_into_place_is_told),
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
