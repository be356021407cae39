// SPDX-License-Identifier: GPL-2.0-or-later
/* stop-at [--reads] [--files] [--run COMMAND] [--every] STEP PROGRAM…: stops a program right before
 * one of its steps and kills it there, or runs a command while it stands still.
 *
 * A step is a system call that changes what balances: a netlink message to IPVS that holds a mutating
 * command, a write below /proc/sys, or a message of a transaction to poise-dataplane. With --files
 * also one that replaces or removes a file; with --reads also any other netlink message. STEP counts
 * from 1. With --every the command runs before each step from that one on. POISE_IPVS_WINDOW=1 makes
 * every operation of poise on IPVS one step.
 *
 * Exit status: 137 when the program was killed at the step; 98 with --run when it ended before;
 * else the program's. Processes that the program starts are not followed. */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/dpdk/message.h"

/* linux/ptrace.h has it too, but does not go together with sys/ptrace.h everywhere. */
struct call_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction, stack, number, arguments[6];
};

enum {
	OP_ENTRY = 1,
	STATUS_FAILED = 125,
	STATUS_KILLED = 137,
	STATUS_NOT_REACHED = 98,
};

struct options {
	bool reads, files, every;
	const char *run;
	unsigned long step;
};

static void die(const char *what)
{
	fprintf(stderr, "stop-at: %s: %s\n", what, strerror(errno));
	exit(STATUS_FAILED);
}

static size_t peek(pid_t pid, uint64_t address, void *to, size_t size)
{
	struct iovec here = {to, size};
	struct iovec there = {(void *)(uintptr_t)address, size};
	ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

static bool names_file(pid_t pid, uint64_t fd, const char *prefix)
{
	char path[64], name[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, (int)fd);
	ssize_t length = readlink(path, name, sizeof(name) - 1);
	if (length < 0)
		return false;
	name[length] = '\0';
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_change(const struct nlmsghdr *header, const struct genlmsghdr *generic)
{
	/* Of the lowest number are the requests for the number of a family. */
	if (header->nlmsg_type <= GENL_ID_CTRL || (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return false;
	switch (generic->cmd) {
	case IPVS_CMD_GET_SERVICE:
	case IPVS_CMD_GET_DEST:
	case IPVS_CMD_GET_DAEMON:
	case IPVS_CMD_GET_CONFIG:
	case IPVS_CMD_GET_INFO:
		return false;
	default:
		return true;
	}
}

/* Whether bytes that go to a netlink socket are a step. All that a batch holds counts as one. */
static bool is_netlink_step(pid_t pid, uint64_t address, size_t size, const struct options *options)
{
	char bytes[NLMSG_HDRLEN + GENL_HDRLEN];

	if (options->reads)
		return true;
	for (size_t at = 0; at + sizeof(bytes) <= size;) {
		struct nlmsghdr header;
		struct genlmsghdr generic;

		if (peek(pid, address + at, bytes, sizeof(bytes)) != sizeof(bytes))
			return false;
		memcpy(&header, bytes, sizeof(header));
		memcpy(&generic, bytes + NLMSG_HDRLEN, sizeof(generic));
		if (is_change(&header, &generic))
			return true;
		if (header.nlmsg_len < NLMSG_HDRLEN)
			return false;
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
	return false;
}

static bool is_message_step(pid_t pid, uint64_t address, const struct options *options)
{
	struct msghdr message;
	struct iovec vector;
	struct sockaddr to = {};

	if (peek(pid, address, &message, sizeof(message)) != sizeof(message))
		return false;
	if (!message.msg_name ||
		!peek(pid, (uintptr_t)message.msg_name, &to, sizeof(to.sa_family)) ||
		to.sa_family != AF_NETLINK)
		return false;
	if (peek(pid, (uintptr_t)message.msg_iov, &vector, sizeof(vector)) != sizeof(vector))
		return false;
	return is_netlink_step(pid, (uintptr_t)vector.iov_base, vector.iov_len, options);
}

/* A message of a transaction, to whom the socket is connected to. */
static bool is_transaction_step(pid_t pid, const struct call_info *call)
{
	static const char magic[] = "PDPM";
	struct {
		char magic[4];
		uint16_t version, kind;
	} header;

	if (call->arguments[4] ||
		peek(pid, call->arguments[1], &header, sizeof(header)) != sizeof(header) ||
		memcmp(header.magic, magic, sizeof(header.magic)) != 0)
		return false;
	switch (le16toh(header.kind)) {
	case MESSAGE_KIND_BEGIN:
	case MESSAGE_KIND_OPERATIONS:
	case MESSAGE_KIND_COMMIT:
		return true;
	default:
		return false;
	}
}

static bool is_step(pid_t pid, const struct call_info *call, const struct options *options)
{
	switch (call->number) {
	case SYS_sendmsg:
		return is_message_step(pid, call->arguments[1], options);
	case SYS_sendto:
		return is_transaction_step(pid, call);
	case SYS_write:
		return names_file(pid, call->arguments[0], "/proc/sys/");
#ifdef SYS_rename
	case SYS_rename:
	case SYS_unlink:
#endif
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_unlinkat:
		return options->files;
	default:
		return false;
	}
}

static void run_hook(const struct options *options)
{
	if (system(options->run) != 0)
		fprintf(stderr, "stop-at: failed: %s\n", options->run);
}

/* What becomes of a program that stands before its step number `step`; false when it was killed. */
static bool at_step(pid_t pid, unsigned long step, const struct options *options)
{
	if (step != options->step && !(options->every && step > options->step))
		return true;
	if (options->run) {
		run_hook(options);
		return true;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return false;
}

static int trace(pid_t pid, const struct options *options)
{
	unsigned long steps = 0;
	int status, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, signal) < 0)
			die("PTRACE_SYSCALL");
		if (waitpid(pid, &status, 0) < 0)
			die("waitpid");
		if (!WIFSTOPPED(status))
			break;
		/* Stops of system calls and of events are the tracer's business alone. */
		bool own = WSTOPSIG(status) == (SIGTRAP | 0x80) || status >> 16;
		signal = own ? 0 : WSTOPSIG(status);
		struct call_info call = {};
		if (signal || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) < 0)
			continue;
		if (call.op == OP_ENTRY && is_step(pid, &call, options) &&
			!at_step(pid, ++steps, options))
			return STATUS_KILLED;
	}
	if (options->run && steps < options->step)
		return STATUS_NOT_REACHED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* LeakSanitizer traces its own process, which a traced one cannot. */
static void silence_leaks(void)
{
	const char *given = getenv("ASAN_OPTIONS");
	char options[1024];

	snprintf(options, sizeof(options), "%s%sdetect_leaks=0", given ? given : "",
		given ? ":" : "");
	setenv("ASAN_OPTIONS", options, 1);
}

static pid_t start(char **program)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		silence_leaks();
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			die("PTRACE_TRACEME");
		raise(SIGSTOP);
		execvp(*program, program);
		die(*program);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("cannot start");
	/* Not PTRACE_O_EXITKILL: a tracer that is killed must not change the test. */
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC) < 0)
		die("PTRACE_SETOPTIONS");
	return pid;
}

/* The first argument that is no option. */
static int read_options(int argc, char **argv, struct options *options)
{
	int next = 1;

	for (; next < argc && strncmp(argv[next], "--", 2) == 0; next++) {
		if (strcmp(argv[next], "--reads") == 0)
			options->reads = true;
		else if (strcmp(argv[next], "--files") == 0)
			options->files = true;
		else if (strcmp(argv[next], "--every") == 0)
			options->every = true;
		else if (strcmp(argv[next], "--run") == 0 && next + 1 < argc)
			options->run = argv[++next];
		else
			break;
	}
	if (next < argc)
		options->step = strtoul(argv[next++], NULL, 10);
	return next;
}

int main(int argc, char **argv)
{
	struct options options = {};
	int next = read_options(argc, argv, &options);

	if (!options.step || next >= argc) {
		fprintf(stderr, "usage: stop-at [--reads] [--files] [--run COMMAND] [--every] STEP "
				"PROGRAM…\n");
		return STATUS_FAILED;
	}
	return trace(start(argv + next), &options);
}
