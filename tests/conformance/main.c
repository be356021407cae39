// SPDX-License-Identifier: GPL-2.0-or-later
/* conformance memory|ipvs|dpdk [CASE…]: runs the suite, each case in a process of its own. */
#include <errno.h>
#include <fnmatch.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "backends/dpdk/dpdk.h"
#include "backends/dpdk/message.h"
#include "backends/ipvs/ipvs.h"
#include "tests/conformance/conformance.h"
#include "tests/support/folder.h"
#include "tests/support/plane.h"

static const struct conformance_case *const case_tables[] = {
	attribute_cases,
	batch_cases,
	figure_cases,
	global_cases,
	kernel_cases,
};

/* Places of the server: as many as the largest case needs, and what drains. */
#define SERVER_DESTINATIONS 40000
#define SERVER_SERVICES     2000

/* A backend, and what has to be there for it. */
struct conformance_backend {
	const char *name;
	const struct backend_ops *ops;
	unsigned int has; /* enum conformance_need */
	int (*prepare)(struct fixture *fixture);
};

static void fixture_end(struct fixture *fixture)
{
	fixture->queue.count = 0;
	run_queue_once(fixture); /* of nothing: lets go of the results */
	free(fixture->results);
	vector_clear(&fixture->queue);
	state_clear(&fixture->expected);
	fixture->ops->close(fixture->backend);
	memory_table_free(fixture->table);
	if (!fixture->dataplane)
		return;
	plane_end_server(fixture->server);
	free(fixture->path);
	folder_remove(fixture->folder);
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

static int prepare_memory(struct fixture *fixture)
{
	fixture->table = memory_table_new();
	memory_table_use(fixture->table);
	memory_put_port(fixture->table, "lan");
	memory_put_port(fixture->table, "wan");
	return 0;
}

static int prepare_kernel(struct fixture *fixture)
{
	fixture->kernel = true;
	return enter_namespace();
}

static int prepare_dataplane(struct fixture *fixture)
{
	fixture->dataplane = true;
	fixture->folder = folder_make();
	fixture->path = folder_path(fixture->folder, MESSAGE_SOCKET_NAME);
	setenv(MESSAGE_SOCKET_ENVIRONMENT, fixture->path, 1);
	const struct plane_server_options options = {.path = fixture->path,
		.slots = SERVER_DESTINATIONS,
		.services = SERVER_SERVICES,
		.few_figures = true};
	fixture->server = plane_start_server(&options);
	return fixture->server < 0 ? -ECHILD : 0;
}

#define KERNEL_NEEDS                                                                               \
	(CONFORMANCE_NEED_TIMEOUTS | CONFORMANCE_NEED_SYNC | CONFORMANCE_NEED_SYSCTLS |            \
		CONFORMANCE_NEED_ENGINES)

static const struct conformance_backend backends[] = {
	{"memory", &memory_backend,
		KERNEL_NEEDS | CONFORMANCE_NEED_ROUTES | CONFORMANCE_NEED_FIGURES, prepare_memory},
	{"ipvs", &ipvs_backend, KERNEL_NEEDS, prepare_kernel},
	{"dpdk", &dpdk_backend,
		CONFORMANCE_NEED_ATOMIC | CONFORMANCE_NEED_ROUTES | CONFORMANCE_NEED_FIGURES,
		prepare_dataplane},
};

static int run_case(const struct conformance_case *test, const struct conformance_backend *backend)
{
	_cleanup_error_ struct error error = {};
	struct fixture fixture = {.ops = backend->ops};

	if (backend->prepare(&fixture) < 0) {
		perror("what the backend needs");
		return 1;
	}
	int code = fixture.ops->open(NULL, &fixture.backend, &error);
	if (code < 0) {
		fprintf(stderr, "open: %s\n", error_text(&error, code));
		fixture_end(&fixture);
		return 1;
	}
	test->run(&fixture);
	int failures = fixture.failures;
	fixture_end(&fixture);
	return failures ? 1 : 0;
}

static const struct conformance_backend *find_backend(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(backends); i++)
		if (strcmp(backends[i].name, name) == 0)
			return &backends[i];
	return NULL;
}

static bool case_passes(
	const struct conformance_case *test, const struct conformance_backend *backend)
{
	int status = 0;

	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		exit(run_case(test, backend));
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		perror("a process for the case");
		return false;
	}
	if (WIFSIGNALED(status))
		fprintf(stderr, "killed by signal %d\n", WTERMSIG(status));
	return status == 0;
}

static bool case_wanted(const struct conformance_case *test,
	const struct conformance_backend *backend, char **patterns)
{
	const char *mode = getenv("VM_MODE");

	if (test->kernel_only && backend->ops != &ipvs_backend)
		return false;
	if (test->needs & ~backend->has)
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
	const struct conformance_backend *backend = argc > 1 ? find_backend(argv[1]) : NULL;
	unsigned int passed = 0, failed = 0;

	if (!backend) {
		fprintf(stderr, "usage: conformance memory|ipvs|dpdk [CASE…]\n");
		return 2;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(case_tables); i++) {
		for (const struct conformance_case *test = case_tables[i]; test->name; test++) {
			if (!case_wanted(test, backend, argv + 2))
				continue;
			double start = clock_ms();
			bool good = case_passes(test, backend);

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
