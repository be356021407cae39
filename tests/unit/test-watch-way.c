// SPDX-License-Identifier: GPL-2.0-or-later
/* What lies on the way of a path: which names of which directories are wanted, and what the fingerprint sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/watch_way.h"
#include "tests/support/folder.h"
#include "tests/support/times.h"

#define MS 1000000ull

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
	/* It is not read, and warned of. */
	assert_true(wants(&seen, folder, "", "web.yml"));
	static const char *const others[] = {
		".web.yaml.swp", "web.yaml~", ".web.yaml", "#web.yaml", "4913", "README"};
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(wants(&seen, folder, "", others[i]));

	/* With a conf.d, what lies beside poise.yaml is not read, and warned of. */
	folder_make_directory(folder, "conf.d");
	assert_true(look(&seen, folder));
	assert_true(wants(&seen, folder, "", "web.yaml"));
	assert_true(wants(&seen, folder, "conf.d", "web.yml"));
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

	folder_make_directory(folder, "trees");
	folder_make_directory(folder, "trees/one");
	folder_make_directory(folder, "trees/two");
	folder_make_directory(folder, "trees/two/lb");
	folder_link(folder, "next", absolute);
	folder_link(folder, "current", "next");
	folder_link(folder, "trees/two/lb/web.yaml", "../../real.yaml");
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

	folder_make_directory(folder, "..2026_01");
	folder_write(folder, "..2026_01/web.yaml", "a");
	folder_write(folder, "..2026_01/mail.yaml", "b");
	folder_link(folder, "..data", "..2026_01");
	folder_link(folder, "web.yaml", "..data/web.yaml");
	folder_link(folder, "mail.yaml", "..data/mail.yaml");
	struct look seen = look_begin(folder);
	assert_true(wants(&seen, folder, "", "..data"));
	assert_true(wants(&seen, folder, "", "..2026_01"));
	assert_true(wants(&seen, folder, "..2026_01", "web.yaml"));
	assert_true(wants(&seen, folder, "..2026_01", "mail.yaml"));
	assert_false(wants(&seen, folder, "", "..data_tmp"));
	assert_false(wants(&seen, folder, "", "..2026_02"));
	uint64_t before = seen.way.fingerprint;
	size_t watches = seen.way.directories.count;

	folder_make_directory(folder, "..2026_02");
	folder_write(folder, "..2026_02/web.yaml", "a");
	folder_write(folder, "..2026_02/mail.yaml", "b");
	folder_swap_link(folder, "..data", "..2026_02");
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

	folder_link(folder, "a", "b");
	folder_link(folder, "b", "c/../a");
	folder_link(folder, "c", ".");
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
		folder_link(folder, name, target);
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
	folder_make_directory(folder, "a");
	assert_true(look(&seen, path));
	assert_true(wants(&seen, folder, "a", "b"));
	/* A file where a directory should be. */
	folder_write(folder, "a/b", "");
	assert_false(look(&seen, path));
	assert_true(wants(&seen, folder, "a", "b"));
	look_end(&seen);
}

/* Whether there was an event that matters. Neighbours in /tmp cause others. */
static bool has_event(struct look *look)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;
	bool found = false;
	ssize_t size;

	while ((size = read(look->inotify, &buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer.bytes; at < buffer.bytes + size;) {
			const struct inotify_event *event = (const void *)at;

			found |= event->len && watch_way_wants(&look->way, event->wd, event->name);
			found |= !event->len && !(event->mask & IN_ATTRIB);
			at += sizeof(*event) + event->len;
		}
	}
	return found;
}

static void a_second_look_disturbs_nothing(void **state)
{
	const char *folder = *state;
	folder_make_directory(folder, "conf.d");
	folder_write(folder, "conf.d/web.yaml", "a");
	struct look seen = look_begin(folder);
	uint64_t print = seen.way.fingerprint;
	size_t watches = seen.way.directories.count, interests = seen.way.interests.count;
	assert_false(look(&seen, folder));
	assert_true(seen.way.fingerprint == print);
	assert_int_equal(seen.way.directories.count, watches);
	assert_int_equal(seen.way.interests.count, interests);
	assert_false(has_event(&seen));
	/* And it would have been heard. */
	folder_write(folder, "conf.d/web.yaml", "b");
	assert_true(has_event(&seen));
	look_end(&seen);
}

static void the_fingerprint_sees_what_counts(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "web.yaml");
	struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	uint64_t prints[7];

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
	folder_move(folder, "mail.yaml", "nail.yaml");
	look(&seen, folder);
	prints[4] = seen.way.fingerprint;
	folder_write(folder, ".web.yaml.swp", "");
	folder_write(folder, "web.yaml~", "");
	look(&seen, folder);
	prints[5] = seen.way.fingerprint;
	/* Of the same size, with the old time put back (cp -p): the other time tells, if it is not of the same tick. */
	usleep(50000);
	folder_write(folder, "web.yaml", "bbbbb");
	assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
	look(&seen, folder);
	prints[6] = seen.way.fingerprint;
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(prints[i] == prints[i + 1], i == 4);
	look_end(&seen);
}

#define MANY 10000

/* ms of processor time of the cheapest of three looks. */
static double look_cost(struct look *seen, const char *folder)
{
	double best = 1e9;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t begin = times_cpu();

		look(seen, folder);
		best = MIN(best, (double)(times_cpu() - begin) / 1e6);
	}
	return best;
}

static void many_files_are_looked_at_quickly(void **state)
{
	const char *folder = *state;
	char name[64], target[64];

	folder_make_directory(folder, "conf.d");
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "conf.d/service-%u.yaml", i);
		folder_write(folder, name, "a");
	}
	struct look seen = look_begin(folder);
	double files = look_cost(&seen, folder);
	size_t watches = seen.way.directories.count;
	look_end(&seen);

	folder_move(folder, "conf.d", "..2026_01");
	folder_make_directory(folder, "conf.d");
	folder_link(folder, "conf.d/..data", "../..2026_01");
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "conf.d/service-%u.yaml", i);
		snprintf(target, sizeof(target), "..data/service-%u.yaml", i);
		folder_link(folder, name, target);
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

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)
#define IN_MEMORY(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, folder_setup_in_memory, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
