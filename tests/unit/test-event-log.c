// SPDX-License-Identifier: GPL-2.0-or-later
/* Events in the log: levels, lines, and who cuts off whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/engine.h"
#include "daemon/event_log.h"

/* Standard error is a file of the test while it runs. */
static int saved = -1, written = -1;

static int begin(_unused_ void **state)
{
	saved = dup(STDERR_FILENO);
	written = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(saved >= 0 && written >= 0);
	assert_int_equal(dup2(written, STDERR_FILENO), STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
	unsetenv("INVOCATION_ID");
	return log_open("poise-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
}

static int end(_unused_ void **state)
{
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	close(written);
	return 0;
}

/* How many lines have both; "": any. */
static size_t count(const char *level, const char *words)
{
	static char text[1 << 20];
	ssize_t size = pread(written, text, sizeof(text) - 1, 0);
	size_t found = 0;
	char *rest;

	assert_in_range(size, 0, sizeof(text) - 1);
	text[size] = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		found += strstr(line, level) && strstr(line, words);
	return found;
}

static void tell(enum engine_event_kind kind, const char *object, const char *text)
{
	event_log(&(struct engine_event){.kind = kind, .object = object, .text = text});
}

static void a_warning_is_one_though_the_files_were_rejected(_unused_ void **state)
{
	tell(ENGINE_EVENT_FILES_REJECTED, NULL,
		"a.yaml:3:1: error: wrong\n"
		"    a: b: warning: c\n"
		"a.yaml:5:1: warning: odd\n"
		"    some: source\n"
		"1 more warning not shown\n");
	assert_int_equal(count(" error ", ""), 2);
	assert_int_equal(count(" error ", "a.yaml:3:1"), 1);
	assert_int_equal(count(" warning ", "files-rejected: "), 3);
}

static void many_lines_are_cut(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};

	for (int i = 0; i < 100; i++)
		strbuf_printf(&text, "a.yaml:%d:1: error: wrong\n", i);
	tell(ENGINE_EVENT_FILES_HELD, NULL, text.text);
	assert_int_equal(count("", "error: wrong"), 30);
	assert_int_equal(count("", "… and more"), 1);
}

/* Neither the diagnosis of a file nor an object that says the same again and again cuts off another. */
static void nobody_cuts_off_another(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};

	for (int i = 0; i < 30; i++)
		strbuf_printf(&text, "a.yaml:%d:1: error: wrong\n", i);
	for (int i = 0; i < 50; i++) {
		tell(ENGINE_EVENT_FILES_REJECTED, NULL, text.text);
		tell(ENGINE_EVENT_HEALTH, "10.0.0.7:80 check web", "down: it comes and goes");
	}
	assert_int_equal(count("", "comes and goes"), LOG_BURST);
	assert_in_range(count("", "files-rejected: "), 60, 200);
	tell(ENGINE_EVENT_HEALTH, "10.0.0.8:80 check web", "down: connect: refused");
	tell(ENGINE_EVENT_QUORUM, "service tcp://203.0.113.10:80", "lost: all are down");
	assert_int_equal(count(" notice ", "10.0.0.8:80 check web"), 1);
	assert_int_equal(count(" warning ", "lost: all are down"), 1);
}

static void hundreds_fail_at_once(_unused_ void **state)
{
	for (int i = 0; i < 300; i++) {
		char object[64];

		snprintf(object, sizeof(object), "10.1.%d.%d:80 check web", i / 100, i % 100);
		tell(ENGINE_EVENT_HEALTH, object, "down: connect: refused");
	}
	/* Few share a limit with the one above, which has used it up. */
	assert_in_range(count(" notice ", "down: connect: refused [10.1."), 295, 300);
}

/* A pass names sixteen objects, and the next one sixteen others: neither is cut off, nor is what is kept back of one nameless. */
static void what_passes_change_is_named(_unused_ void **state)
{
	for (int i = 0; i < 37; i++) {
		char object[64];

		snprintf(object, sizeof(object),
			"destination 10.3.0.%d:80 of tcp://203.0.113.10:80", i);
		tell(ENGINE_EVENT_CHANGED, object, "removed (health)");
	}
	assert_int_equal(count(" info ", "removed (health)"), 37);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_warning_is_one_though_the_files_were_rejected),
		TEST(many_lines_are_cut),
		TEST(nobody_cuts_off_another),
		TEST(hundreds_fail_at_once),
		TEST(what_passes_change_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
