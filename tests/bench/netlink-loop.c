// SPDX-License-Identifier: GPL-2.0-or-later
/* The yardstick of `poise apply`: netlink-loop SERVICES DESTINATIONS makes the content of
 * tests/bench/generate in the kernel with messages built by hand, 128 at a time. It parses, reads
 * and verifies nothing, and none of poise is in it but the linking. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LOOP_WINDOW = 128,
	LOOP_MESSAGE = 256, /* no message is longer */
	LOOP_FIRST_SERVICE = 0x0A000001,
	LOOP_FIRST_DESTINATION = 0x0A800000,
};

static struct {
	int fd;
	uint16_t family;
	uint32_t sequence;
	size_t size, requests;
	uint8_t bytes[LOOP_WINDOW * LOOP_MESSAGE];
} loop;

static void loop_die(const char *what)
{
	fprintf(stderr, "netlink-loop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint8_t *loop_put(const void *data, size_t size)
{
	uint8_t *place = loop.bytes + loop.size;

	memset(place, 0, NLMSG_ALIGN(size));
	if (size)
		memcpy(place, data, size);
	loop.size += NLMSG_ALIGN(size);
	return place;
}

static void loop_attribute(uint16_t type, const void *value, size_t size)
{
	struct nlattr attribute = {.nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + size)};

	loop_put(&attribute, sizeof(attribute));
	loop_put(value, size);
}

static void loop_u16(uint16_t type, uint16_t value)
{
	loop_attribute(type, &value, sizeof(value));
}

static void loop_u32(uint16_t type, uint32_t value)
{
	loop_attribute(type, &value, sizeof(value));
}

static void loop_address(uint16_t type, uint32_t address)
{
	uint32_t words[4] = {htonl(address)};

	loop_attribute(type, words, sizeof(words));
}

static size_t loop_nest(uint16_t type)
{
	size_t start = loop.size;

	loop_attribute(type | NLA_F_NESTED, NULL, 0);
	return start;
}

static void loop_close(size_t start)
{
	uint16_t length = (uint16_t)(loop.size - start);

	memcpy(loop.bytes + start + offsetof(struct nlattr, nla_len), &length, sizeof(length));
}

static size_t loop_begin(uint16_t family, uint8_t command, uint8_t version)
{
	struct nlmsghdr header = {.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq = ++loop.sequence};
	struct genlmsghdr generic = {.cmd = command, .version = version};
	size_t start = loop.size;

	loop_put(&header, sizeof(header));
	loop_put(&generic, sizeof(generic));
	return start;
}

/* Sends what has gathered, and waits for every answer. */
static void loop_exchange(void)
{
	static uint8_t answer[64 * 1024];

	if (!loop.requests)
		return;
	if (send(loop.fd, loop.bytes, loop.size, 0) != (ssize_t)loop.size)
		loop_die("send");
	while (loop.requests) {
		ssize_t got = recv(loop.fd, answer, sizeof(answer), 0);
		struct nlmsgerr error;
		struct nlmsghdr header;

		if (got < (ssize_t)sizeof(header))
			loop_die("recv");
		memcpy(&header, answer, sizeof(header));
		if (header.nlmsg_type != NLMSG_ERROR)
			continue;
		memcpy(&error, answer + NLMSG_HDRLEN, sizeof(error));
		errno = -error.error;
		if (error.error)
			loop_die("request");
		loop.requests--;
	}
	loop.size = 0;
}

static void loop_end(size_t start)
{
	uint32_t length = (uint32_t)(loop.size - start);

	memcpy(loop.bytes + start, &length, sizeof(length));
	if (++loop.requests == LOOP_WINDOW)
		loop_exchange();
}

/* The number of the family of IPVS. */
static void loop_resolve(void)
{
	uint8_t answer[8192];
	size_t start = loop_begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	uint32_t length;

	loop_attribute(CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof(IPVS_GENL_NAME));
	length = (uint32_t)(loop.size - start);
	memcpy(loop.bytes, &length, sizeof(length));
	if (send(loop.fd, loop.bytes, loop.size, 0) < 0)
		loop_die("send");
	loop.size = 0;
	ssize_t got = recv(loop.fd, answer, sizeof(answer), 0);
	for (ssize_t at = NLMSG_HDRLEN + GENL_HDRLEN; at + NLA_HDRLEN <= got;) {
		struct nlattr attribute;

		memcpy(&attribute, answer + at, sizeof(attribute));
		if (attribute.nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&loop.family, answer + at + NLA_HDRLEN, sizeof(loop.family));
		at += NLA_ALIGN(attribute.nla_len);
	}
	errno = ENOENT;
	if (!loop.family || recv(loop.fd, answer, sizeof(answer), 0) < 0)
		loop_die("the family of IPVS");
}

static void loop_service_key(uint32_t address)
{
	loop_u16(IPVS_SVC_ATTR_AF, AF_INET);
	loop_u16(IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	loop_address(IPVS_SVC_ATTR_ADDR, address);
	loop_u16(IPVS_SVC_ATTR_PORT, htons(80));
}

static void loop_service(uint32_t address)
{
	struct ip_vs_flags flags = {.mask = ~0U};
	size_t start = loop_begin(loop.family, IPVS_CMD_NEW_SERVICE, IPVS_GENL_VERSION);
	size_t nest = loop_nest(IPVS_CMD_ATTR_SERVICE);

	loop_service_key(address);
	loop_attribute(IPVS_SVC_ATTR_SCHED_NAME, "wlc", sizeof("wlc"));
	loop_attribute(IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	loop_u32(IPVS_SVC_ATTR_TIMEOUT, 0);
	loop_u32(IPVS_SVC_ATTR_NETMASK, ~0U);
	loop_close(nest);
	loop_end(start);
}

static void loop_destination(uint32_t service, uint32_t address, uint32_t weight)
{
	size_t start = loop_begin(loop.family, IPVS_CMD_NEW_DEST, IPVS_GENL_VERSION);
	size_t nest = loop_nest(IPVS_CMD_ATTR_SERVICE);

	loop_service_key(service);
	loop_close(nest);
	nest = loop_nest(IPVS_CMD_ATTR_DEST);
	loop_u16(IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	loop_address(IPVS_DEST_ATTR_ADDR, address);
	loop_u16(IPVS_DEST_ATTR_PORT, htons(80));
	loop_u32(IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	loop_u32(IPVS_DEST_ATTR_WEIGHT, weight);
	loop_u32(IPVS_DEST_ATTR_U_THRESH, 0);
	loop_u32(IPVS_DEST_ATTR_L_THRESH, 0);
	loop_close(nest);
	loop_end(start);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: netlink-loop SERVICES DESTINATIONS\n");
		return 2;
	}
	uint32_t services = (uint32_t)atoi(argv[1]), destinations = (uint32_t)atoi(argv[2]);
	uint32_t number = 0;

	loop.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (loop.fd < 0)
		loop_die("socket");
	loop_resolve();
	for (uint32_t i = 0; i < services; i++) {
		loop_service(LOOP_FIRST_SERVICE + i);
		for (uint32_t j = 0; j < destinations; j++, number++)
			loop_destination(LOOP_FIRST_SERVICE + i, LOOP_FIRST_DESTINATION + number,
				number % 3 == 2 ? 5 : 1);
	}
	loop_exchange();
	return 0;
}
