// SPDX-License-Identifier: GPL-2.0-or-later
/* vrrp-capture INTERFACE…: what comes in by these interfaces, from virtual routers; a line for each, of the time when the
 * kernel got it (CLOCK_REALTIME, in nanoseconds), the interface, and:
 *
 *	advert SOURCE VRID PRIORITY	of IPv4
 *	arp ADDRESS			gratuitous
 *
 * What goes out by them is not looked at: it may be a flood. Says "ready" when it listens; ends when it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "vrrp/packet.h"

#define PLACES 64u
#define BATCH  64u
#define FRAME  128u
#define BUFFER (64 << 20)

static struct pollfd places[PLACES];
static const char *names[PLACES];

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "vrrp-capture: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ARP, and VRRP over IPv4. */
static void attach_filter(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VRRP_PROTOCOL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {ARRAY_LENGTH(code), code};

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0,
		"SO_ATTACH_FILTER");
}

static int open_place(const char *name)
{
	const int one = 1, buffer = BUFFER;
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	must(fd >= 0, "socket");
	must(address.sll_ifindex > 0, name);
	attach_filter(fd);
	must(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) == 0,
		"PACKET_IGNORE_OUTGOING");
	must(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) == 0, "SO_TIMESTAMPNS");
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) == 0,
		"SO_RCVBUFFORCE");
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	return fd;
}

/* What is sent to this machine by unicast must not be answered with "protocol unreachable". */
static void open_sink(void)
{
	must(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, VRRP_PROTOCOL) >= 0, "socket");
}

static uint64_t time_of(struct msghdr *message)
{
	struct timespec time = {};

	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control;
		control = CMSG_NXTHDR(message, control))
		if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&time, CMSG_DATA(control), sizeof(time));
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void print_advert(uint64_t time, const char *name, const uint8_t *packet, size_t size)
{
	char text[INET_ADDRSTRLEN];
	size_t header = size ? (size_t)(packet[0] & 15) * 4 : 0;

	if (size < header + 8)
		return;
	inet_ntop(AF_INET, packet + 12, text, sizeof(text));
	printf("%ju %s advert %s %u %u\n", (uintmax_t)time, name, text, packet[header + 1],
		packet[header + 2]);
}

static void print_arp(uint64_t time, const char *name, const uint8_t *packet, size_t size)
{
	struct ether_arp arp;
	char text[INET_ADDRSTRLEN];

	if (size < sizeof(arp))
		return;
	memcpy(&arp, packet, sizeof(arp));
	if (memcmp(arp.arp_spa, arp.arp_tpa, sizeof(arp.arp_spa)) != 0)
		return;
	inet_ntop(AF_INET, arp.arp_spa, text, sizeof(text));
	printf("%ju %s arp %s\n", (uintmax_t)time, name, text);
}

static void print_frame(uint64_t time, const char *name, const uint8_t *frame, size_t size)
{
	uint16_t type = size >= ETH_HLEN ? (uint16_t)(frame[12] << 8 | frame[13]) : 0;

	if (type == ETHERTYPE_ARP)
		print_arp(time, name, frame + ETH_HLEN, size - ETH_HLEN);
	else if (type == ETHERTYPE_IP)
		print_advert(time, name, frame + ETH_HLEN, size - ETH_HLEN);
}

static void read_place(size_t place)
{
	static uint8_t frames[BATCH][FRAME];
	static char controls[BATCH][256];
	static struct iovec pieces[BATCH];
	static struct mmsghdr messages[BATCH];

	for (size_t i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){frames[i], FRAME};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i],
			.msg_iovlen = 1,
			.msg_control = controls[i],
			.msg_controllen = sizeof(controls[i])};
	}
	int count = recvmmsg(places[place].fd, messages, BATCH, 0, NULL);
	for (int i = 0; i < count; i++)
		print_frame(time_of(&messages[i].msg_hdr), names[place], frames[i],
			MIN(messages[i].msg_len, FRAME));
}

int main(int argc, char **argv)
{
	size_t count = (size_t)argc - 1;

	must(count > 0 && count <= PLACES, "usage: vrrp-capture INTERFACE…");
	open_sink();
	for (size_t i = 0; i < count; i++) {
		names[i] = argv[i + 1];
		places[i] = (struct pollfd){.fd = open_place(names[i]), .events = POLLIN};
	}
	printf("ready\n");
	for (;;) {
		fflush(stdout);
		if (poll(places, count, -1) < 0)
			continue;
		for (size_t i = 0; i < count; i++)
			if (places[i].revents)
				read_place(i);
	}
}
