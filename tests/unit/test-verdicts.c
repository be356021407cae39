// SPDX-License-Identifier: GPL-2.0-or-later
/* health.json: what is kept of what the checks found, and what is taken of a file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "reconciler/verdicts.h"
#include "tests/support/build.h"

#define SECOND 1000000000ull
#define HOUR   (3600 * SECOND)
#define NOW    (10 * HOUR)
#define BOOT   "00000000-0000-0000-0000-000000000001"

static struct verdicts_item *add(
	struct verdicts *verdicts, const char *target, const char *check, struct verdict verdict)
{
	struct verdicts_item *item = vector_append(verdicts);

	item->key = (struct probe_key){build_destination_key(target), check};
	item->verdict = verdict;
	return item;
}

static const struct verdict down = {.settled = true, .weight = VERDICT_NO_WEIGHT, .since = 5};
static const struct verdict up = {.up = true, .settled = true, .weight = VERDICT_NO_WEIGHT};

static void only_what_is_worth_it_is_kept(_unused_ void **state)
{
	static const struct {
		struct verdict verdict;
		bool worth;
		bool begins_down;
	} cases[] = {
		{{.up = true, .weight = VERDICT_NO_WEIGHT}, false, false},
		{{.up = true, .settled = true, .weight = VERDICT_NO_WEIGHT, .since = NOW}, false,
			false},
		{{.up = true, .settled = true, .weight = VERDICT_NO_WEIGHT, .since = NOW}, true,
			true},
		{{.up = true, .weight = VERDICT_NO_WEIGHT}, false, true},
		{{.up = true, .weight = 0}, true, false},
		{{.up = true, .weight = 7}, true, false},
		{{.up = false, .weight = VERDICT_NO_WEIGHT}, true, false},
		{{.up = true, .recovered = true, .weight = VERDICT_NO_WEIGHT, .since = 9 * HOUR},
			false, false},
		{{.up = true,
			 .recovered = true,
			 .weight = VERDICT_NO_WEIGHT,
			 .since = 9 * HOUR + 1},
			true, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_verdicts_ struct verdicts verdicts = {};

		struct verdicts_item *item = add(&verdicts, "10.0.0.1:80", "web", cases[i].verdict);
		item->begins_down = cases[i].begins_down;
		assert_int_equal(verdicts_worth(item, NOW), cases[i].worth);
		_cleanup_free_ char *text = verdicts_format(&verdicts, BOOT, NOW);
		assert_int_equal(strstr(text, "10.0.0.1:80") != NULL, cases[i].worth);
	}
}

static size_t lines_of(const char *text, const char *address)
{
	size_t count = 0;

	for (; (text = strstr(text, address)); text++)
		count++;
	return count;
}

/* Without its line a check that is well would be one that nobody has heard of. */
static void all_of_an_address_are_kept_or_none(_unused_ void **state)
{
	_cleanup_verdicts_ struct verdicts verdicts = {};

	add(&verdicts, "10.0.0.1:80", "a", up);
	add(&verdicts, "10.0.0.2:80", "a", up);
	add(&verdicts, "10.0.0.2:80", "b", down);
	add(&verdicts, "10.0.0.2:81", "c", up);
	add(&verdicts, "10.0.0.3:80", "a", up);
	add(&verdicts, "10.0.0.3:81", "a", up);
	add(&verdicts, "10.0.0.4:80", "a", down);
	_cleanup_free_ char *text = verdicts_format(&verdicts, BOOT, NOW);
	assert_int_equal(lines_of(text, "10.0.0."), 4);
	assert_int_equal(lines_of(text, "10.0.0.2:"), 3);
	assert_int_equal(lines_of(text, "10.0.0.4:"), 1);
}

static void assert_same(const struct verdicts_item *a, const struct verdicts_item *b)
{
	assert_int_equal(probe_key_compare(a, b), 0);
	assert_true(verdict_equal(&a->verdict, &b->verdict));
	assert_int_equal(a->failures, b->failures);
	assert_int_equal(a->wall, b->wall);
	assert_int_equal(!a->reason, !b->reason);
	if (a->reason)
		assert_string_equal(a->reason, b->reason);
}

static void all_comes_back(_unused_ void **state)
{
	_cleanup_verdicts_ struct verdicts before = {}, after = {};
	_cleanup_error_ struct error error = {};
	struct verdicts_item *item = add(&before, "10.0.0.1", "ping", down);

	item->failures = 3;
	item->destination = build_destination_key("10.0.0.1:80");
	item->wall = 1780000000123;
	item->reason = "status 503, want \"200-299\" \\ ~";
	add(&before, "10.0.0.1:80", "a", down)->verdict.settled = false;
	add(&before, "10.0.0.1:80", "web-1", down)->verdict.weight = 0;
	item = add(&before, "[2001:db8::1]:443", "web", down);
	item->verdict = (struct verdict){.up = true,
		.settled = true,
		.recovered = true,
		.weight = DESTINATION_LARGEST_WEIGHT,
		.since = NOW};
	_cleanup_free_ char *text = verdicts_format(&before, BOOT, NOW);
	assert_int_equal(verdicts_parse(text, strlen(text), BOOT, NOW, &after, &error), 0);
	assert_int_equal(after.count, before.count);
	for (size_t i = 0; i < after.count; i++)
		assert_same(&after.items[i], &before.items[i]);
	assert_int_equal(after.items[0].destination.port, 80);
	assert_int_equal(
		destination_key_compare(&after.items[1].destination, &before.items[1].key.target),
		0);
	assert_int_equal(lines_of(text, "\"destination\""), 1);
}

/* A reason is what a server sent, in the end. */
static void a_reason_breaks_nothing(_unused_ void **state)
{
	_cleanup_verdicts_ struct verdicts before = {}, after = {};
	_cleanup_error_ struct error error = {};
	char reason[2 * VERDICT_REASON_SIZE];

	memset(reason, '"', sizeof(reason));
	reason[0] = '\n';
	reason[1] = '\xff';
	reason[sizeof(reason) - 1] = '\0';
	add(&before, "10.0.0.1:80", "web", down)->reason = reason;
	_cleanup_free_ char *text = verdicts_format(&before, BOOT, NOW);
	assert_int_equal(verdicts_parse(text, strlen(text), BOOT, NOW, &after, &error), 0);
	assert_int_equal(strlen(after.items[0].reason), VERDICT_REASON_SIZE - 1);
	assert_memory_equal(after.items[0].reason, "??\"\"", 4);
}

static void another_boot_says_nothing(_unused_ void **state)
{
	_cleanup_verdicts_ struct verdicts before = {}, after = {};
	_cleanup_error_ struct error error = {};

	add(&before, "10.0.0.1:80", "web", down);
	_cleanup_free_ char *text = verdicts_format(&before, BOOT, NOW);
	assert_int_equal(verdicts_parse(text, strlen(text), "other", NOW, &after, &error), 0);
	assert_int_equal(after.count, 0);
}

#define HEAD "{\"poise\":1,\"boot\":\"" BOOT "\",\"verdicts\":["
#define LINE "{\"target\":\"10.0.0.1:80\",\"check\":\"web\",\"since\":1"

static void damage_is_an_error(_unused_ void **state)
{
	static const char *const wrong[] = {"", "{}", HEAD, HEAD LINE "}",
		HEAD LINE "}," LINE "}]}", HEAD LINE ",\"more\":1}]}",
		HEAD LINE ",\"weight\":65536}]}", HEAD LINE ",\"weight\":-1}]}",
		HEAD LINE ",\"destination\":\"server\"}]}", HEAD LINE ",\"reason\":\"a\\nb\"}]}",
		HEAD LINE ",\"up\":1}]}",
		HEAD "{\"target\":\"server:80\",\"check\":\"web\",\"since\":1}]}",
		HEAD "{\"target\":\"10.0.0.1:80\",\"check\":\"We b\",\"since\":1}]}",
		HEAD "{\"target\":\"10.0.0.1:80\",\"check\":\"\",\"since\":1}]}",
		"{\"poise\":2,\"boot\":\"" BOOT "\",\"verdicts\":[]}"};
	static const char right[] = HEAD LINE "}]}";

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		_cleanup_verdicts_ struct verdicts verdicts = {};
		_cleanup_error_ struct error error = {};

		assert_int_equal(
			verdicts_parse(wrong[i], strlen(wrong[i]), BOOT, NOW, &verdicts, &error),
			-EINVAL);
		assert_non_null(error.text);
		assert_int_equal(verdicts.count, 0);
	}
	_cleanup_verdicts_ struct verdicts verdicts = {};
	assert_int_equal(verdicts_parse(right, strlen(right), BOOT, NOW, &verdicts, NULL), 0);
	assert_int_equal(verdicts.count, 1);
}

/* A line that claims too much costs no other its verdict. */
static void what_is_of_later_than_now_is_of_now(_unused_ void **state)
{
	static const char text[] =
		HEAD "{\"target\":\"10.0.0.0:80\",\"check\":\"web\",\"since\":36000000000001}," LINE
		     "}]}";
	_cleanup_verdicts_ struct verdicts verdicts = {};

	assert_int_equal(verdicts_parse(text, strlen(text), BOOT, NOW, &verdicts, NULL), 0);
	assert_int_equal(verdicts.count, 2);
	assert_int_equal(verdicts.items[0].verdict.since, NOW);
	assert_int_equal(verdicts.items[1].verdict.since, 1);
}

static void it_outlives_the_process(_unused_ void **state)
{
	char directory[] = "/tmp/test-verdicts-XXXXXX";
	_cleanup_verdicts_ struct verdicts none = {}, before = {}, after = {}, damaged = {};
	_cleanup_error_ struct error error = {};
	struct stat seen;

	assert_non_null(mkdtemp(directory));
	_cleanup_free_ char *below = memory_printf("%s/state", directory);
	_cleanup_free_ char *path = memory_printf("%s/health.json", below);
	assert_int_equal(verdicts_load(below, NOW, &none, &error), 0);
	assert_int_equal(none.count, 0);
	add(&before, "10.0.0.1:80", "web", down)->reason = "connect: refused";
	assert_int_equal(verdicts_save(below, &before, NOW, &error), 0);
	assert_int_equal(stat(path, &seen), 0);
	assert_int_equal(seen.st_mode & 0777, 0600);
	assert_int_equal(verdicts_load(below, NOW, &after, &error), 0);
	assert_int_equal(after.count, 1);
	assert_same(&after.items[0], &before.items[0]);
	assert_int_equal(file_replace(path, "{", 1, 0600), 0);
	assert_int_equal(verdicts_load(below, NOW, &damaged, &error), -EINVAL);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(damaged.count, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(verdicts_save(below, &before, NOW, &error), -EISDIR);
	assert_non_null(strstr(error.text, path));
	rmdir(path);
	rmdir(below);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_worth_it_is_kept),
		cmocka_unit_test(all_of_an_address_are_kept_or_none),
		cmocka_unit_test(all_comes_back),
		cmocka_unit_test(a_reason_breaks_nothing),
		cmocka_unit_test(another_boot_says_nothing),
		cmocka_unit_test(damage_is_an_error),
		cmocka_unit_test(what_is_of_later_than_now_is_of_now),
		cmocka_unit_test(it_outlives_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
