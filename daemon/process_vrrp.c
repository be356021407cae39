// SPDX-License-Identifier: GPL-2.0-or-later
/* The row of the process that keeps virtual routers: raw and packet sockets (NET_RAW), large receive buffers and the highest class of
 * what they send (NET_ADMIN). It opens no file. SYS_NICE and IPC_LOCK are used once, and dropped (realtime.h).
 *
 * Its hand (vrrp/hand.h) is made of it, and keeps of this what it is made for: addresses, routes, the rules of nf_tables, and sysctls of
 * interfaces (NET_ADMIN). It opens /proc/sys/net and one file of the run directory, and no socket but of netlink.
 *
 * And of the one that removes what that one left: it does the same, and needs no hurry. */
#include <cap-ng.h>

#include "daemon/clean_up.h"
#include "daemon/process.h"
#include "daemon/vrrp_process.h"

static const int vrrp_capabilities[] = {CAP_NET_RAW, CAP_NET_ADMIN, CAP_SYS_NICE, CAP_IPC_LOCK, -1};

static const int clean_up_capabilities[] = {CAP_NET_RAW, CAP_NET_ADMIN, -1};

static const int hand_capabilities[] = {CAP_NET_ADMIN, -1};

static const char *const vrrp_system_calls[] = {
	/* memory, time, itself */
	"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "getrandom",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo",
	"getrusage", "getrlimit", "prlimit64", "sched_getaffinity", "sched_yield", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "set_robust_list",
	"rseq", "exit", "exit_group", "wait4", "waitid",
	/* the loop */
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "signalfd4", "eventfd2", "poll", "ppoll",
	/* descriptors */
	"read", "readv", "pread64", "write", "writev", "lseek", "close", "fcntl", "ioctl", "dup",
	"fstat", "newfstatat",
	/* raw sockets, netlink, the channel */
	"socket", "bind", "listen", "connect", "shutdown", "getsockname", "getpeername",
	"getsockopt", "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg",
	"recvmmsg", NULL};

/* Most of what a hand has it was given: the sockets of rtnetlink, and one end of a pair. */
static const char *const hand_system_calls[] = {
	/* memory, itself */
	"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "getrandom", "getpid",
	"gettid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
	"restart_syscall", "exit", "exit_group",
	/* descriptors */
	"poll", "ppoll", "close", "sendto", "sendmsg", "recvfrom", "recvmsg",
	/* sysctls, and what they were */
	"open", "openat", "fstat", "newfstatat", "read", "write", "rename", "renameat", "renameat2",
	"unlink", "unlinkat", "fchmod", "fsync", "clock_gettime",
	/* nf_tables */
	"socket:netlink", "setsockopt", "getsockname", NULL};

const struct process_kind process_vrrp = {
	.name = PROCESS_VRRP,
	.capabilities = vrrp_capabilities,
	.system_calls = vrrp_system_calls,
	.many_files = true,
	.wants_lease = true,
	.winds_up = true,
	.main = vrrp_process_main,
};

const struct process_kind process_clean_up = {
	.name = PROCESS_CLEAN_UP,
	.capabilities = clean_up_capabilities,
	.system_calls = vrrp_system_calls,
	.wants_lease = true,
	.main = clean_up_process_main,
};

const struct process_kind process_hand = {
	.name = PROCESS_HAND,
	.capabilities = hand_capabilities,
	.system_calls = hand_system_calls,
};
