// SPDX-License-Identifier: GPL-2.0-or-later
/* What cannot be read, in words that fit who reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cap-ng.h>
#include <cmocka.h>

#include "base/memory.h"
#include "reconciler/sources.h"
#include "tests/support/folder.h"

#define NOBODY 65534

/* Reads `path`: whether it was refused, and the words had `wanted` in them. */
static bool says(const char *path, const char *wanted)
{
	_cleanup_sources_ struct sources sources = {};
	_cleanup_strbuf_ struct strbuf problems = {};
	int r = sources_read(&path, 1, &sources, &problems);

	return r == -EACCES && problems.text && strstr(problems.text, wanted);
}

/* poised is root without the right to pass over modes. */
static int as_poised(const char *path)
{
	capng_get_caps_process();
	capng_updatev(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_OVERRIDE,
		CAP_DAC_READ_SEARCH, -1);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return 2;
	return says(path, "`chown root`") && says(path, "`chmod o+r`") ? 0 : 1;
}

static int as_nobody(const char *path)
{
	if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return 2;
	return says(path, "run as a user who may read it") ? 0 : 1;
}

static int in_child(int (*run)(const char *path), const char *path)
{
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(run(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void the_advice_fits_who_reads(void **state)
{
	_cleanup_free_ char *path = folder_path(*state, "secret.yaml");

	folder_write(*state, "secret.yaml", "poise: 1\n");
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
	/* Only root can become another user. */
	if (geteuid() != 0) {
		assert_true(says(path, "run as a user who may read it"));
		return;
	}
	assert_int_equal(in_child(as_nobody, path), 0);
	assert_int_equal(in_child(as_poised, path), 0);
}

/* Each may be good, and all of them too much for the memory. */
static void the_bound_is_of_all_together(void **state)
{
	const char *folder = *state;
	_cleanup_sources_ struct sources sources = {};
	_cleanup_strbuf_ struct strbuf problems = {};
	_cleanup_free_ char *large = folder_path(folder, "b.yaml");
	const char *const paths[] = {folder};

	folder_write(folder, "a.yaml", "poise: 1\n");
	folder_write(folder, "b.yaml", "");
	assert_int_equal(truncate(large, SOURCES_LIMIT - 8), 0);
	assert_int_equal(sources_read(paths, 1, &sources, &problems), -EFBIG);
	assert_non_null(strstr(problems.text, "b.yaml: File too large: all files together"));
	assert_int_equal(sources.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_advice_fits_who_reads, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			the_bound_is_of_all_together, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
