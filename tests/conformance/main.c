// SPDX-License-Identifier: GPL-2.0-or-later
/* conformance memory|ipvs [CASE…]: runs the suite, each case in a process of its own. */
#include <errno.h>
#include <fnmatch.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "backends/ipvs/ipvs.h"
#include "tests/conformance/conformance.h"

static const struct conformance_case *const case_tables[] = {
	attribute_cases,
	batch_cases,
	global_cases,
	kernel_cases,
};

static void fixture_end(struct fixture *fixture)
{
	fixture->queue.count = 0;
	run_queue(fixture); /* of nothing: lets go of the results */
	free(fixture->results);
	vector_clear(&fixture->queue);
	state_clear(&fixture->expected);
	fixture->ops->close(fixture->backend);
	memory_table_free(fixture->table);
}

/* A namespace of its own, with lo up: the kernel takes no IPv4 destination in one in which no address
 * was ever set, as it finds no table that says the destination is a unicast address. */
static int enter_namespace(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

static int run_case(const struct conformance_case *test, bool kernel)
{
	_cleanup_error_ struct error error = {};
	struct fixture fixture = {
		.kernel = kernel, .ops = kernel ? &ipvs_backend : &memory_backend};

	if (kernel && enter_namespace() < 0) {
		perror("a network namespace");
		return 1;
	}
	if (!kernel) {
		fixture.table = memory_table_new();
		memory_table_use(fixture.table);
	}
	int code = fixture.ops->open(&fixture.backend, &error);
	if (code < 0) {
		fprintf(stderr, "open: %s\n", error_text(&error, code));
		memory_table_free(fixture.table);
		return 1;
	}
	test->run(&fixture);
	int failures = fixture.failures;
	fixture_end(&fixture);
	return failures ? 1 : 0;
}

static bool case_passes(const struct conformance_case *test, bool kernel)
{
	int status = 0;

	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		exit(run_case(test, kernel));
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		perror("a process for the case");
		return false;
	}
	if (WIFSIGNALED(status))
		fprintf(stderr, "killed by signal %d\n", WTERMSIG(status));
	return status == 0;
}

static bool case_wanted(const struct conformance_case *test, bool kernel, char **patterns)
{
	const char *mode = getenv("VM_MODE");

	if (test->kernel_only && !kernel)
		return false;
	/* Elsewhere the modules are the machine's, and in use. */
	if (test->machine_only && (!mode || strcmp(mode, "qemu") != 0))
		return false;
	for (char **pattern = patterns; *pattern; pattern++)
		if (fnmatch(*pattern, test->name, 0) == 0)
			return true;
	return !*patterns;
}

int main(int argc, char **argv)
{
	bool kernel = argc > 1 && strcmp(argv[1], "ipvs") == 0;
	unsigned int passed = 0, failed = 0;

	if (!kernel && (argc < 2 || strcmp(argv[1], "memory") != 0)) {
		fprintf(stderr, "usage: conformance memory|ipvs [CASE…]\n");
		return 2;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(case_tables); i++) {
		for (const struct conformance_case *test = case_tables[i]; test->name; test++) {
			if (!case_wanted(test, kernel, argv + 2))
				continue;
			double start = clock_ms();
			bool good = case_passes(test, kernel);

			passed += good;
			failed += !good;
			printf("%s %s (%.0f ms)\n", good ? "ok  " : "FAIL", test->name,
				clock_ms() - start);
			fflush(stdout);
		}
	}
	printf("conformance %s: %u passed, %u failed\n", argv[1], passed, failed);
	return failed || !passed ? 1 : 0;
}
