// SPDX-License-Identifier: GPL-2.0-or-later
/* The sandbox: a list of system calls that a process may make, and no others.
 *
 * What is not on the list gives EPERM and is written to the audit log; it does not end the process. A balancer that dies
 * of a call which some library makes once a year serves nobody, and whoever has taken the process over gains as little from an
 * error as from a signal: no program can be started, no process traced, nothing mounted, no module loaded.
 *
 * Calls that do too many things are narrowed by an argument, whichever table names them: see below. What another
 * architecture's entry (32 bits on a kernel of 64) is used for is nothing that poise does, and ends the process. */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/process.h"

/* A call that is allowed when (argument & mask) == value; a call may have several such rows. */
struct seccomp_narrow {
	const char *name;
	unsigned int argument;
	uint64_t mask, value;
};

#define SECCOMP_WHOLE     UINT32_MAX
#define SECCOMP_NAME_SIZE 64u

static const struct seccomp_narrow seccomp_narrowed[] = {
	/* No memory becomes code. */
	{"mmap", 2, PROT_EXEC, 0},
	{"mprotect", 2, PROT_EXEC, 0},
	{"socket", 0, SECCOMP_WHOLE, AF_UNIX},
	{"socket", 0, SECCOMP_WHOLE, AF_INET},
	{"socket", 0, SECCOMP_WHOLE, AF_INET6},
	{"socket", 0, SECCOMP_WHOLE, AF_NETLINK},
	{"socket:netlink", 0, SECCOMP_WHOLE, AF_NETLINK},
	/* Is it a terminal, how much is there to read, which interface is that: nothing that types into a terminal. */
	{"ioctl", 1, SECCOMP_WHOLE, TCGETS},
	{"ioctl", 1, SECCOMP_WHOLE, FIONREAD},
	{"ioctl", 1, SECCOMP_WHOLE, FIONBIO},
	{"ioctl", 1, SECCOMP_WHOLE, SIOCGIFINDEX},
	{"ioctl", 1, SECCOMP_WHOLE, SIOCGIFNAME},
};

static int seccomp_allow_narrowed(scmp_filter_ctx filter, const char *name, int number)
{
	int rows = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(seccomp_narrowed); i++) {
		const struct seccomp_narrow *row = seccomp_narrowed + i;

		if (strcmp(row->name, name) != 0)
			continue;
		const struct scmp_arg_cmp compare =
			SCMP_CMP64(row->argument, SCMP_CMP_MASKED_EQ, row->mask, row->value);
		int r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
		if (r < 0)
			return r;
		rows++;
	}
	return rows;
}

/* "CALL", or "CALL:" and a name of the table's own, for rows of it that not everybody has who makes the call. */
static int seccomp_number(const char *name)
{
	char call[SECCOMP_NAME_SIZE];

	snprintf(call, sizeof(call), "%.*s", (int)strcspn(name, ":"), name);
	return seccomp_syscall_resolve_name(call);
}

static int seccomp_allow(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_number(name);

	if (number == __NR_SCMP_ERROR)
		return -EINVAL;
	int rows = seccomp_allow_narrowed(filter, name, number);
	if (rows != 0)
		return rows < 0 ? rows : 0;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

/* Its own abort(): a signal to itself, to nobody else. */
static int seccomp_allow_abort(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp self = {.op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid()};

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
}

static int seccomp_fill(scmp_filter_ctx filter, const struct process_kind *kind)
{
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	/* Searched as a tree: the cost of a call does not grow with the list. */
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_allow_abort(filter);
	for (const char *const *name = kind->system_calls; r == 0 && *name; name++)
		r = seccomp_allow(filter, *name);
	return r;
}

int process_enter_sandbox(const struct process_kind *kind, const struct poised_options *options)
{
	if (options->no_sandbox)
		return 0;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	int r = seccomp_fill(filter, kind);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}
