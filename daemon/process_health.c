// SPDX-License-Identifier: GPL-2.0-or-later
/* The row of the process that probes. It opens raw sockets (ping) and marks packets: NET_RAW is for both. It reads files
 * (certificates, those of `file` checks), and writes none. */
#include <cap-ng.h>

#include "daemon/probe_process.h"
#include "daemon/process.h"

static const int health_capabilities[] = {CAP_NET_RAW, -1};

static const char *const health_system_calls[] = {
	/* memory, time, itself */
	"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "getrandom",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo",
	"getrusage", "getrlimit", "prlimit64", "sched_getaffinity", "sched_yield", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "set_robust_list",
	"rseq", "exit", "exit_group",
	/* the loop */
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "signalfd4", "eventfd2", "poll", "ppoll", "select",
	"pselect6",
	/* descriptors */
	"read", "readv", "pread64", "write", "writev", "lseek", "close", "fcntl", "ioctl", "dup",
	"pipe2",
	/* files */
	"open", "openat", "stat", "fstat", "lstat", "newfstatat", "statx", "access", "faccessat",
	"faccessat2", "getdents64", "readlink", "readlinkat",
	/* servers, the channel */
	"socket", "socketpair", "bind", "connect", "shutdown", "getsockname", "getpeername",
	"getsockopt", "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg",
	"recvmmsg", NULL};

const struct process_kind process_health = {
	.name = PROCESS_HEALTH,
	.capabilities = health_capabilities,
	.system_calls = health_system_calls,
	.unprivileged = true,
	.many_files = true,
	.main = probe_process_main,
};
