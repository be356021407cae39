// SPDX-License-Identifier: GPL-2.0-or-later
/* What poised reads: all of one version, while a link is swapped under its hands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "daemon/files.h"
#include "tests/support/folder.h"

#define READINGS 400
#define FILES    4
/* Versions that exist at once: who reads one has it to the end. */
#define KEPT        8
#define PAUSE_US    200
#define PIPE_MOST_S 60

static void write_version(const char *folder, unsigned int version)
{
	_cleanup_free_ char *name = memory_printf("lb/..%u", version);
	_cleanup_free_ char *more = memory_printf("lb/..%u/conf.d", version);

	folder_make_directory(folder, name);
	folder_make_directory(folder, more);
	for (unsigned int i = 0; i < FILES; i++) {
		_cleanup_free_ char *file = memory_printf("lb/..%u/conf.d/%u.yaml", version, i);
		_cleanup_free_ char *text =
			memory_printf("poise: 1\nservices: {s%u: {listen: \"tcp://10.0.0.%u:80\", "
				      "destinations: [{address: 10.9.0.1, weight: %u}]}}\n",
				i, i + 1, version % 60000);

		folder_write(folder, file, text);
	}
}

/* As Kubernetes does: a new link over the old one. */
static void swap_to(const char *folder, unsigned int version)
{
	_cleanup_free_ char *target = memory_printf("..%u", version);

	folder_swap_link(folder, "lb/..data", target);
}

static void remove_version(const char *folder, unsigned int version)
{
	_cleanup_free_ char *directory = memory_printf("lb/..%u", version);
	_cleanup_free_ char *more = memory_printf("%s/conf.d", directory);

	for (unsigned int i = 0; i < FILES; i++) {
		_cleanup_free_ char *file = memory_printf("%s/%u.yaml", more, i);

		folder_drop(folder, file);
	}
	folder_drop(folder, more);
	folder_drop(folder, directory);
}

static void swap_for_ever(const char *folder)
{
	for (unsigned int version = 2;; version++) {
		write_version(folder, version);
		swap_to(folder, version);
		usleep(PAUSE_US * (version % 8));
		if (version > KEPT)
			remove_version(folder, version - KEPT);
	}
}

/* How many versions are in it. */
static unsigned int versions_in(const struct files *files)
{
	unsigned int versions = 0;
	const char *before = NULL;

	for (size_t i = 0; i < files->sources.count; i++) {
		const char *weight = strstr(files->sources.items[i].text, "weight");

		assert_non_null(weight);
		versions += !before || strcmp(before, weight) != 0;
		before = weight;
	}
	return versions;
}

static void a_reading_is_of_one_version(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "lb");
	const char *const paths[] = {path};
	unsigned int whole = 0;

	folder_make_directory(folder, "lb");
	write_version(folder, 1);
	swap_to(folder, 1);
	folder_link(folder, "lb/conf.d", "..data/conf.d");
	pid_t swapper = fork();
	assert_true(swapper >= 0);
	if (swapper == 0) {
		swap_for_ever(folder);
		_exit(0);
	}
	for (unsigned int i = 0; i < READINGS; i++) {
		struct files *files = files_read(paths, 1, NULL);

		if (!files->problems) {
			assert_int_equal(files->sources.count, FILES);
			assert_int_equal(versions_in(files), 1);
			assert_non_null(files->commit);
			whole++;
		}
		files_free(files);
	}
	assert_int_equal(kill(swapper, SIGKILL), 0);
	assert_int_equal(waitpid(swapper, NULL, 0), swapper);
	/* Most of them are read, however fast it goes. */
	assert_true(whole > READINGS / 2);
}

/* Nobody may ever write to it: it must not be waited for. */
static void a_pipe_is_refused(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *path = folder_path(folder, "pipe");
	const char *const paths[] = {path};

	assert_int_equal(mkfifo(path, 0644), 0);
	alarm(PIPE_MOST_S);
	struct files *files = files_read(paths, 1, NULL);
	alarm(0);
	assert_non_null(files->problems);
	assert_non_null(strstr(files->problems, "it is no regular file: name a file"));
	files_free(files);
}

/* Though the warning is of a line before it: who sees only the first lines sees why they are rejected. */
static void errors_are_told_before_warnings(void **state)
{
	static const char text[] = "poise: 1\n"
				   "services:\n"
				   "  a:\n"
				   "    listen: tcp://203.0.113.10:80\n"
				   "    destinations: [{address: 10.0.0.1, weight: 0}]\n"
				   "    quorum: 9\n"
				   "  b:\n"
				   "    listen: tcp://203.0.113.11:80\n"
				   "    check: of-nobody\n"
				   "    destinations: [10.0.0.1]\n";
	_cleanup_free_ char *path = folder_path(*state, "both.yaml");
	const char *const paths[] = {path};

	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
	struct files *files = files_read(paths, 1, NULL);
	assert_non_null(files->problems);
	const char *error = strstr(files->problems, ": error: there is no check");
	const char *warning = strstr(files->problems, ": warning: ");
	assert_non_null(error);
	assert_non_null(warning);
	assert_true(error < warning);
	files_free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_reading_is_of_one_version, folder_setup_in_memory, folder_teardown),
		cmocka_unit_test_setup_teardown(a_pipe_is_refused, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			errors_are_told_before_warnings, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
