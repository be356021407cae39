// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/process.h"

#include <cap-ng.h>

#include "base/macros.h"
#include "daemon/reconcile.h"

static const int reconciler_capabilities[] = {CAP_NET_ADMIN, -1};

/* By what they are for. Some have several names for one thing: which of them a libc calls depends on its age and on
 * the architecture. */
static const char *const reconciler_system_calls[] = {
	/* memory, time, itself */
	"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "getrandom",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getgroups",
	"uname", "sysinfo", "getrusage", "getrlimit", "prlimit64", "sched_getaffinity",
	"sched_yield", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
	"restart_syscall", "set_robust_list", "rseq", "exit", "exit_group",
	/* the loop */
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "signalfd4", "eventfd2", "poll", "ppoll", "select",
	"pselect6", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	/* descriptors */
	"read", "readv", "pread64", "write", "writev", "pwrite64", "lseek", "close", "fcntl",
	"ioctl", "dup", "dup2", "dup3", "pipe2", "flock", "sendfile",
	/* files: the desired state, the record, /proc/sys/net */
	"open", "openat", "openat2", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs",
	"fstatfs", "access", "faccessat", "faccessat2", "getcwd", "getdents64", "readlink",
	"readlinkat", "fsync", "fdatasync", "ftruncate", "fallocate", "fadvise64", "rename",
	"renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "chmod",
	"fchmod", "fchmodat", "fchown", "umask",
	/* netlink, the control socket, metrics, the channel */
	"socket", "socketpair", "bind", "connect", "listen", "accept", "accept4", "shutdown",
	"getsockname", "getpeername", "getsockopt", "setsockopt", "sendto", "sendmsg", "sendmmsg",
	"recvfrom", "recvmsg", "recvmmsg", NULL};

static const struct process_kind process_reconciler = {
	.name = PROCESS_RECONCILER,
	.capabilities = reconciler_capabilities,
	.system_calls = reconciler_system_calls,
	.wants_control = true,
	.main = reconcile_process_main,
};

const struct process_kind *const processes[] = {
	&process_vrrp,
	&process_reconciler,
	&process_health,
};
const size_t process_count = ARRAY_LENGTH(processes);
