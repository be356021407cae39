// SPDX-License-Identifier: GPL-2.0-or-later
/* vrrp-flood INTERFACE RATE SECONDS: invalid advertisements, so many a second, of three kinds in turn: a checksum that is wrong,
 * a virtual router that nobody has, a TTL that is not 255. Beneath them two streams that are valid, each advertisement 100 ms
 * after the one before: VRID 51 with a priority of 200, VRID 52 with one of 50. They begin LEAD seconds before the flood, and
 * end as long after it.
 *
 * Prints lines of a name and a number: `invalid` and `valid`, of each stream; and in CLOCK_REALTIME nanoseconds `begin` and
 * `end`, of the flood. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "vrrp/packet.h"

#define SECOND    1000000000ull
#define STREAM_NS (SECOND / 10)
#define LEAD      (3 * SECOND)
#define BATCH     64u
#define SOURCE    "192.0.2.2"
#define HEADERS   (sizeof(struct ether_header) + sizeof(struct iphdr))

struct shot {
	uint8_t vrid, priority, ttl;
	bool spoil;
	uint8_t bytes[HEADERS + VRRP_PACKET_MOST];
	struct iovec piece;
};

static struct shot streams[] = {
	{.vrid = 51, .priority = 200, .ttl = 255}, {.vrid = 52, .priority = 50, .ttl = 255}};
static struct shot invalid[] = {{.vrid = 51, .priority = 200, .ttl = 255, .spoil = true},
	{.vrid = 77, .priority = 200, .ttl = 255}, {.vrid = 51, .priority = 200, .ttl = 254}};
/* Frames of its own: what the sender's IP would cost is left to the flood. */
static struct ether_header ethernet = {.ether_dhost = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x12},
	.ether_shost = {0x02, 0x00, 0x00, 0x00, 0x00, 0x02}};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "vrrp-flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_of(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static uint16_t sum_of(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void make_headers(
	struct shot *shot, const struct address *source, const struct address *group, size_t size)
{
	struct iphdr header = {.version = 4,
		.ihl = 5,
		.ttl = shot->ttl,
		.protocol = VRRP_PROTOCOL,
		.tot_len = htons((uint16_t)(sizeof(header) + size))};

	memcpy(&header.saddr, source->bytes, sizeof(header.saddr));
	memcpy(&header.daddr, group->bytes, sizeof(header.daddr));
	header.check = sum_of(&header, sizeof(header));
	ethernet.ether_type = htons(ETHERTYPE_IP);
	memcpy(shot->bytes, &ethernet, sizeof(ethernet));
	memcpy(shot->bytes + sizeof(ethernet), &header, sizeof(header));
}

static void make_shot(struct shot *shot)
{
	struct vrrp_packet packet = {.version = 3,
		.vrid = shot->vrid,
		.priority = shot->priority,
		.checksum = VRRP_CHECKSUM_RFC5798,
		.interval = STREAM_NS / (SECOND / 100),
		.address_count = 1};
	struct address source, group = vrrp_group(AF_INET);
	char address[ADDRESS_LENGTH];

	snprintf(address, sizeof(address), "192.0.2.%u", shot->vrid + 50u);
	must(address_parse(SOURCE, &source) == 0, SOURCE);
	must(address_parse(address, &packet.addresses[0]) == 0, address);
	int size = vrrp_packet_encode(&packet, &source, &group, shot->bytes + HEADERS);
	must(size > 0, "vrrp_packet_encode");
	if (shot->spoil)
		shot->bytes[HEADERS + 6] ^= 1;
	make_headers(shot, &source, &group, (size_t)size);
	shot->piece = (struct iovec){shot->bytes, HEADERS + (size_t)size};
}

static struct msghdr message_of(struct shot *shot)
{
	return (struct msghdr){.msg_iov = &shot->piece, .msg_iovlen = 1};
}

static int open_sender(const char *interface)
{
	const int one = 1;
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	must(fd >= 0, "socket");
	must(address.sll_ifindex > 0, interface);
	must(setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) == 0,
		"PACKET_QDISC_BYPASS");
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	return fd;
}

/* The streams' turn, if it is. Returns how many each of them has sent. */
static uint64_t send_streams(int fd, uint64_t begin, uint64_t now, uint64_t sent)
{
	if (now - begin < sent * STREAM_NS)
		return sent;
	for (size_t i = 0; i < ARRAY_LENGTH(streams); i++) {
		const struct msghdr message = message_of(&streams[i]);

		while (sendmsg(fd, &message, 0) < 0)
			must(errno == ENOBUFS || errno == EINTR, "sendmsg");
	}
	return sent + 1;
}

static void flood(int fd, uint64_t rate, uint64_t length)
{
	struct mmsghdr messages[BATCH] = {};
	uint64_t sent = 0, valid = 0, begin = clock_of(CLOCK_BOOTTIME), now;

	for (size_t i = 0; i < BATCH; i++)
		messages[i].msg_hdr = message_of(&invalid[i % ARRAY_LENGTH(invalid)]);
	uint64_t wall = clock_of(CLOCK_REALTIME) + LEAD;
	while ((now = clock_of(CLOCK_BOOTTIME)) < begin + length + 2 * LEAD) {
		valid = send_streams(fd, begin, now, valid);
		bool floods = now - begin >= LEAD && now - begin < length + LEAD;

		if (!floods || sent >= (now - begin - LEAD) * rate / SECOND) {
			usleep(100);
			continue;
		}
		int r = sendmmsg(fd, messages, BATCH, 0);
		sent += r > 0 ? (uint64_t)r : 0;
	}
	printf("invalid %ju\nvalid %ju\nbegin %ju\nend %ju\n", (uintmax_t)sent, (uintmax_t)valid,
		(uintmax_t)wall, (uintmax_t)(wall + length));
}

int main(int argc, char **argv)
{
	must(argc == 4, "usage: vrrp-flood INTERFACE RATE SECONDS");
	for (size_t i = 0; i < ARRAY_LENGTH(streams); i++)
		make_shot(&streams[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++)
		make_shot(&invalid[i]);
	flood(open_sender(argv[1]), strtoull(argv[2], NULL, 10),
		strtoull(argv[3], NULL, 10) * SECOND);
	return 0;
}
