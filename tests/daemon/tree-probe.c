// SPDX-License-Identifier: GPL-2.0-or-later
/* poised with other processes in its tree: "first" (with the control socket, NET_ADMIN) and "second" (with nothing). The
 * supervisor and all that makes a process are the real ones; what these processes do is what a test wants to see the
 * supervisor answer to. Each writes what happens to it into STATE-DIR/events, a line each: milliseconds, name, event.
 *
 * FIRST and SECOND in the environment say how the process behaves:
 *	(nothing)  as it should
 *	crash	   ends by a signal at its start, before READY
 *	lasting	   ends with code 2 at its start
 *	deaf	   never answers a ping
 *	busy	   never answers a ping, but says that it is at work
 *	stubborn   does not end when it is told to
 *	forbidden  tries what the sandbox must prevent, and writes what came of it
 *	garbage	   sends what is no message
 *	group	   asks for the control socket's group to be 12345 */
#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/messages.h"
#include "daemon/process.h"

#define MILLISECOND 1000000u
#define PROBE_GROUP 12345

struct probe {
	const struct poised_options *options;
	const char *name, *behaviour;
	struct loop *loop;
	struct channel *channel;
	int events;
};

static bool behaves(const struct probe *probe, const char *behaviour)
{
	return strcmp(probe->behaviour, behaviour) == 0;
}

static void event(const struct probe *probe, const char *text)
{
	_cleanup_free_ char *line =
		memory_printf("%" PRIu64 " %s %s\n", loop_clock() / MILLISECOND, probe->name, text);

	if (file_write_all(probe->events, line, strlen(line)) < 0)
		_exit(3);
}

/* The numbers of all open descriptors, before this process has opened any of its own. */
static char *list_descriptors(void)
{
	struct strbuf text = {};
	DIR *folder = opendir("/proc/self/fd");

	if (!folder)
		_exit(3);
	strbuf_add(&text, "descriptors");
	for (struct dirent *entry; (entry = readdir(folder));)
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(folder))
			strbuf_printf(&text, " %s", entry->d_name);
	closedir(folder);
	return strbuf_take(&text);
}

static void tell_attempt(const struct probe *probe, const char *what, long result)
{
	_cleanup_free_ char *text =
		memory_printf("%s: %s", what, result < 0 ? strerrorname_np(errno) : "done");

	event(probe, text);
}

static void attempt_forbidden(const struct probe *probe)
{
	char *const words[] = {(char *)"true", NULL};
	const size_t page = 4096;
	void *code = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tell_attempt(probe, "executable memory", code == MAP_FAILED ? -1 : 0);
	tell_attempt(probe, "execve", execv("/bin/true", words));
	tell_attempt(probe, "fork", fork());
	tell_attempt(probe, "ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	tell_attempt(probe, "mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	tell_attempt(probe, "module", syscall(SYS_finit_module, 0, "", 0));
	tell_attempt(probe, "unshare", unshare(CLONE_NEWNS));
	tell_attempt(probe, "kill", kill(getppid(), 0));
	tell_attempt(probe, "packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	tell_attempt(probe, "typing", ioctl(0, TIOCSTI, ""));
	tell_attempt(probe, "chown", chown("/dev/null", 0, 0));
	tell_attempt(probe, "bpf", syscall(SYS_bpf, 0, NULL, 0));
	tell_attempt(probe, "unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
	tell_attempt(probe, "netlink socket", socket(AF_NETLINK, SOCK_RAW, 0));
	tell_attempt(probe, "file", open("/etc/passwd", O_RDONLY));
	void *data = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tell_attempt(probe, "memory", data == MAP_FAILED ? -1 : 0);
}

static void on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct probe *probe = data;

	if (kind == MESSAGE_PING && !behaves(probe, "deaf") && !behaves(probe, "busy"))
		channel_send(probe->channel, MESSAGE_PONG, payload, size);
	if (kind == MESSAGE_PING && behaves(probe, "busy"))
		channel_send(probe->channel, MESSAGE_WORKING, NULL, 0);
	if (kind == MESSAGE_RELOAD) {
		event(probe, "reload");
		channel_send(probe->channel, MESSAGE_RELOADED, NULL, 0);
	}
	if (kind == MESSAGE_STOP) {
		event(probe, "stop");
		if (!behaves(probe, "stubborn"))
			loop_stop(probe->loop, 0);
	}
}

static void on_closed(void *data, int code)
{
	struct probe *probe = data;

	(void)code;
	loop_stop(probe->loop, 1);
}

static void on_client(void *data, uint32_t events)
{
	struct probe *probe = data;
	_cleanup_close_ int client = accept(probe->options->control_fd, NULL, NULL);

	(void)events;
	if (client >= 0)
		file_write_all(client, "hello\n", 6);
}

static void speak(struct probe *probe)
{
	static const char status[] = "well\nMAINPID=1";
	const struct message_control_group wish = {.group = PROBE_GROUP};

	if (behaves(probe, "garbage"))
		send(probe->options->channel_fd, "garbage", 7, 0);
	if (behaves(probe, "group"))
		channel_send(probe->channel, MESSAGE_CONTROL_GROUP, &wish, sizeof(wish));
	channel_send(probe->channel, MESSAGE_STATUS, status, sizeof(status) - 1);
	channel_send(probe->channel, MESSAGE_READY, NULL, 0);
}

static int run_loop(struct probe *probe, const struct process_kind *kind)
{
	const struct poised_options *options = probe->options;
	const struct channel_options channel = {.kinds = messages_to_process,
		.kind_count = messages_to_process_count,
		.message = on_message,
		.closed = on_closed,
		.data = probe};
	struct loop_source *clients = NULL;
	_cleanup_loop_ struct loop *loop = NULL;

	if (loop_new(&loop) < 0 ||
		channel_new(loop, options->channel_fd, &channel, &probe->channel) < 0)
		return 1;
	probe->loop = loop;
	if (kind->wants_control &&
		loop_add_io(loop, options->control_fd, EPOLLIN, on_client, probe, &clients) < 0)
		return 1;
	if (process_enter_sandbox(kind, options) < 0)
		return 1;
	if (behaves(probe, "forbidden"))
		attempt_forbidden(probe);
	speak(probe);
	int code = loop_run(loop);
	loop_source_free(clients);
	channel_free(probe->channel);
	return code;
}

static int probe_run(const struct poised_options *options, const char *variable)
{
	_cleanup_free_ char *descriptors = list_descriptors();
	_cleanup_free_ char *path = memory_printf("%s/events", options->state_dir);
	_cleanup_free_ char *start = memory_printf("start %d", (int)getpid());
	_cleanup_close_ int events = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	const char *behaviour = getenv(variable);
	struct probe probe = {.options = options,
		.name = options->process,
		.behaviour = behaviour ? behaviour : "",
		.events = events};

	event(&probe, start);
	event(&probe, descriptors);
	if (getenv("NOTIFY_SOCKET"))
		event(&probe, "knows the service manager");
	if (behaves(&probe, "lasting"))
		return 2;
	if (behaves(&probe, "crash"))
		raise(SIGKILL);
	return run_loop(&probe, process_find(options->process));
}

static int first_main(const struct poised_options *options)
{
	return probe_run(options, "FIRST");
}

static int second_main(const struct poised_options *options)
{
	return probe_run(options, "SECOND");
}

/* In place of the rows of daemon/process.c. */

static const int first_capabilities[] = {CAP_NET_ADMIN, -1};
static const int second_capabilities[] = {-1};
static const char *const system_calls[] = {"read", "write", "close", "open", "openat", "mmap",
	"munmap", "mprotect", "mremap", "brk", "madvise", "futex", "exit_group", "clock_gettime",
	"gettimeofday", "getpid", "gettid", "getppid", "fcntl", "fstat", "newfstatat", "poll",
	"socket", "ioctl", "accept", "accept4", "sendto", "sendmsg", "recvmsg", "epoll_ctl",
	"epoll_wait", "epoll_pwait", "epoll_pwait2", "timerfd_settime", "timerfd_create",
	"rt_sigprocmask", "rt_sigaction", "sigaltstack", "getrandom", NULL};

static const struct process_kind first = {.name = "first",
	.capabilities = first_capabilities,
	.system_calls = system_calls,
	.wants_control = true,
	.main = first_main};
static const struct process_kind second = {.name = "second",
	.capabilities = second_capabilities,
	.system_calls = system_calls,
	.main = second_main};

const struct process_kind *const processes[] = {&first, &second};
const size_t process_count = ARRAY_LENGTH(processes);

int main(int argc, char **argv)
{
	return poised_main(argc, argv);
}
