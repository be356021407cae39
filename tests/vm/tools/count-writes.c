// SPDX-License-Identifier: GPL-2.0-or-later
/* count-writes FILE COMMAND…: runs a command and lists in FILE what it wrote to IPVS, a line for
 * each write: the name of a mutating generic netlink command, or "sysctl NAME".
 *
 * It looks at what reaches the kernel, not at system calls: netlink messages through an nlmon
 * device of this network namespace (a datagram may hold many), values below /proc/sys/net/ipv4/vs
 * through inotify. Nothing of poise is in it but the linking. Its exit status is the command's; 125
 * when it cannot tell. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE        "nlmon0"
#define FOLDER        "/proc/sys/net/ipv4/vs/"
#define BUFFER        (64 << 20)
#define WATCHES       128
#define STATUS_FAILED 125

/* NULL for commands that change nothing. */
static const char *const commands[] = {
	[IPVS_CMD_NEW_SERVICE] = "new-service",
	[IPVS_CMD_SET_SERVICE] = "set-service",
	[IPVS_CMD_DEL_SERVICE] = "del-service",
	[IPVS_CMD_NEW_DEST] = "new-dest",
	[IPVS_CMD_SET_DEST] = "set-dest",
	[IPVS_CMD_DEL_DEST] = "del-dest",
	[IPVS_CMD_NEW_DAEMON] = "new-daemon",
	[IPVS_CMD_DEL_DAEMON] = "del-daemon",
	[IPVS_CMD_SET_CONFIG] = "set-config",
	[IPVS_CMD_ZERO] = "zero",
	[IPVS_CMD_FLUSH] = "flush",
};

struct watch {
	int number;
	char name[64];
};

static struct watch watches[WATCHES];
static size_t watch_count;

static void die(const char *what)
{
	fprintf(stderr, "count-writes: %s: %s\n", what, strerror(errno));
	exit(STATUS_FAILED);
}

static int open_monitor(void)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int size = BUFFER;

	if (!if_nametoindex(DEVICE) &&
		system("ip link add " DEVICE " type nlmon && ip link set " DEVICE " up"))
		die("cannot make " DEVICE);
	address.sll_ifindex = (int)if_nametoindex(DEVICE);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("cannot listen on " DEVICE);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		die("cannot enlarge the buffer");
	return fd;
}

/* Opening and closing are watched too: the kernel merges equal events in a row, and two writes of
 * one value must stay two. */
static int open_watches(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	glob_t files;

	if (fd < 0 || glob(FOLDER "*", 0, NULL, &files) != 0)
		die("cannot watch " FOLDER);
	for (size_t i = 0; i < files.gl_pathc && watch_count < WATCHES; i++) {
		struct watch *watch = &watches[watch_count++];

		/* An open file keeps its inode, and so the watch, in memory. */
		if (open(files.gl_pathv[i], O_PATH | O_CLOEXEC) < 0)
			die(files.gl_pathv[i]);
		watch->number = inotify_add_watch(
			fd, files.gl_pathv[i], IN_OPEN | IN_MODIFY | IN_CLOSE_WRITE);
		if (watch->number < 0)
			die(files.gl_pathv[i]);
		snprintf(
			watch->name, sizeof(watch->name), "%s", files.gl_pathv[i] + strlen(FOLDER));
	}
	globfree(&files);
	return fd;
}

/* The number that the kernel gave to the family of IPVS. */
static uint16_t find_family(void)
{
	static const char name[] = IPVS_GENL_NAME;
	struct {
		struct nlmsghdr header;
		struct genlmsghdr generic;
		struct nlattr attribute;
		char name[8];
	} request = {
		.header = {sizeof(request), GENL_ID_CTRL, NLM_F_REQUEST, 1, 0},
		.generic = {CTRL_CMD_GETFAMILY, 1, 0},
		.attribute = {NLA_HDRLEN + sizeof(name), CTRL_ATTR_FAMILY_NAME},
	};
	char answer[8192];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	memcpy(request.name, name, sizeof(name));
	ssize_t got = -1;
	if (fd >= 0 && send(fd, &request, sizeof(request), 0) > 0)
		got = recv(fd, answer, sizeof(answer), 0);
	close(fd);
	for (ssize_t at = NLMSG_HDRLEN + GENL_HDRLEN; at + NLA_HDRLEN <= got;) {
		struct nlattr attribute;
		uint16_t number;

		memcpy(&attribute, answer + at, sizeof(attribute));
		memcpy(&number, answer + at + NLA_HDRLEN, sizeof(number));
		if (attribute.nla_type == CTRL_ATTR_FAMILY_ID)
			return number;
		at += NLA_ALIGN(attribute.nla_len);
	}
	errno = ENOENT;
	die("the family of IPVS");
	return 0;
}

static void list_messages(const char *bytes, size_t size, uint16_t family, FILE *out)
{
	for (size_t at = 0; at + NLMSG_HDRLEN + GENL_HDRLEN <= size;) {
		struct nlmsghdr header;
		struct genlmsghdr generic;

		memcpy(&header, bytes + at, sizeof(header));
		memcpy(&generic, bytes + at + NLMSG_HDRLEN, sizeof(generic));
		if (header.nlmsg_len < NLMSG_HDRLEN)
			return;
		if (header.nlmsg_type == family && (header.nlmsg_flags & NLM_F_REQUEST) &&
			generic.cmd < sizeof(commands) / sizeof(*commands) && commands[generic.cmd])
			fprintf(out, "%s\n", commands[generic.cmd]);
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
}

static void list_netlink(int fd, uint16_t family, FILE *out)
{
	static char datagram[1 << 20];
	struct tpacket_stats statistics;
	socklen_t length = sizeof(statistics);
	ssize_t got;

	for (;;) {
		got = recv(fd, datagram, sizeof(datagram), MSG_TRUNC);
		if (got < 0)
			break;
		if ((size_t)got > sizeof(datagram)) {
			errno = EMSGSIZE;
			die("a netlink message");
		}
		list_messages(datagram, (size_t)got, family, out);
	}
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) < 0)
		die("the statistics of " DEVICE);
	if (statistics.tp_drops) {
		errno = ENOBUFS;
		die("netlink messages were lost");
	}
}

static void list_sysctl(const struct inotify_event *event, FILE *out)
{
	if (event->mask & IN_Q_OVERFLOW) {
		errno = EOVERFLOW;
		die("inotify");
	}
	if (!(event->mask & IN_MODIFY))
		return;
	for (size_t i = 0; i < watch_count; i++)
		if (watches[i].number == event->wd)
			fprintf(out, "sysctl %s\n", watches[i].name);
}

static void list_sysctls(int fd, FILE *out)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got;

	while ((got = read(fd, events, sizeof(events))) > 0)
		for (const char *at = events; at < events + got;) {
			const struct inotify_event *event = (const void *)at;

			list_sysctl(event, out);
			at += sizeof(*event) + event->len;
		}
}

static int run(char **command)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(*command, command);
		die(*command);
	}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: count-writes FILE COMMAND…\n");
		return STATUS_FAILED;
	}
	FILE *out = fopen(argv[1], "we");
	if (!out)
		die(argv[1]);
	uint16_t family = find_family();
	int monitor = open_monitor(), sysctls = open_watches();
	int status = run(argv + 2);
	list_netlink(monitor, family, out);
	list_sysctls(sysctls, out);
	if (fclose(out) != 0)
		die(argv[1]);
	return status;
}
