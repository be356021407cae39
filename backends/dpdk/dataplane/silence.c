// SPDX-License-Identifier: GPL-2.0-or-later
/* The filter, as nft(8) would show it:
 *
 *	table netdev poise-eth0 {
 *		flags owner
 *		chain ingress { type filter hook ingress device "eth0" priority 0; policy drop; }
 *	}
 *
 * Packet sockets have their copy before this hook. The table belongs to the netlink socket that made it and
 * goes with that one: nobody else can change it, and a crash leaves nothing that drops. */
#include "backends/dpdk/dataplane/silence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define SILENCE_CHAIN  "ingress"
#define SILENCE_BYTES  1024
#define SILENCE_ANSWER 8192
/* Answers that are waited for: one for the table, one for the chain. */
#define SILENCE_ANSWERS 2

struct silence {
	char interface[IFNAMSIZ];
	char table[IFNAMSIZ + 8];
	int netlink;      /* owns the table */
	char ipv6_before; /* '0' or '1'; 0: there is no IPv6 to turn off */
};

/* --- devices --- */

bool silence_interface(const char *device, char *name, size_t size)
{
	static const char *const drivers[] = {"net_af_packet", "net_af_xdp"};
	const char *at = strstr(device, ",iface=");
	bool copies = false;

	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		copies |= strncmp(device, drivers[i], strlen(drivers[i])) == 0;
	if (!copies || !at)
		return false;
	at += strlen(",iface=");
	size_t length = strcspn(at, ",");
	if (!length || length >= size)
		return false;
	memcpy(name, at, length);
	name[length] = '\0';
	return true;
}

static bool silence_has_ipv4(const char *interface)
{
	struct ifaddrs *list;
	bool found = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *it = list; it; it = it->ifa_next)
		found |= it->ifa_addr && it->ifa_addr->sa_family == AF_INET &&
			 strcmp(it->ifa_name, interface) == 0;
	freeifaddrs(list);
	return found;
}

/* --- IPv6 --- */

/* 0: it cannot be read. */
static char silence_ipv6(const char *interface, char set)
{
	char path[96], was = 0;
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || read(fd, &was, 1) != 1)
		return 0;
	if (was != set && pwrite(fd, &set, 1, 0) != 1)
		return 0;
	return was;
}

/* --- the filter --- */

/* Messages, one after another. */
struct silence_batch {
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[SILENCE_BYTES];
	size_t count;
	uint32_t number;
};

static void *silence_room(struct silence_batch *batch, size_t size)
{
	void *room = batch->bytes + batch->count;

	memset(room, 0, NLMSG_ALIGN(size));
	batch->count += NLMSG_ALIGN(size);
	return room;
}

static struct nlmsghdr *silence_open(struct silence_batch *batch, uint16_t type, uint16_t flags,
	uint8_t family, uint16_t resource)
{
	struct nlmsghdr *message = silence_room(batch, sizeof(*message));
	struct nfgenmsg *general = silence_room(batch, sizeof(*general));

	*message = (struct nlmsghdr){.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = batch->number++};
	*general = (struct nfgenmsg){
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
	return message;
}

static void silence_close(struct silence_batch *batch, struct nlmsghdr *message)
{
	message->nlmsg_len = (uint32_t)(batch->bytes + batch->count - (uint8_t *)message);
}

static void silence_put(struct silence_batch *batch, uint16_t type, const void *value, size_t size)
{
	struct nlattr *attribute = silence_room(batch, NLA_HDRLEN + size);

	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	memcpy((uint8_t *)attribute + NLA_HDRLEN, value, size);
}

static void silence_put_text(struct silence_batch *batch, uint16_t type, const char *text)
{
	silence_put(batch, type, text, strlen(text) + 1);
}

static void silence_put_32(struct silence_batch *batch, uint16_t type, uint32_t value)
{
	value = htonl(value);
	silence_put(batch, type, &value, sizeof(value));
}

static void silence_add_chain(struct silence_batch *batch, const struct silence *silence)
{
	struct nlmsghdr *message = silence_open(batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN,
		NLM_F_CREATE | NLM_F_ACK, NFPROTO_NETDEV, 0);
	struct nlattr *hook;

	silence_put_text(batch, NFTA_CHAIN_TABLE, silence->table);
	silence_put_text(batch, NFTA_CHAIN_NAME, SILENCE_CHAIN);
	hook = silence_room(batch, NLA_HDRLEN);
	silence_put_32(batch, NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
	silence_put_32(batch, NFTA_HOOK_PRIORITY, 0);
	silence_put_text(batch, NFTA_HOOK_DEV, silence->interface);
	hook->nla_type = NFTA_CHAIN_HOOK | NLA_F_NESTED;
	hook->nla_len = (uint16_t)(batch->bytes + batch->count - (uint8_t *)hook);
	silence_put_32(batch, NFTA_CHAIN_POLICY, NF_DROP);
	silence_put_text(batch, NFTA_CHAIN_TYPE, "filter");
	silence_close(batch, message);
}

static void silence_write(struct silence_batch *batch, const struct silence *silence)
{
	struct nlmsghdr *message;

	message = silence_open(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	silence_close(batch, message);
	message = silence_open(batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
		NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, NFPROTO_NETDEV, 0);
	silence_put_text(batch, NFTA_TABLE_NAME, silence->table);
	silence_put_32(batch, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	silence_close(batch, message);
	silence_add_chain(batch, silence);
	message = silence_open(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	silence_close(batch, message);
}

/* The acknowledgements in one datagram: how many, or the first that is an error. */
static int silence_count(const uint8_t *bytes, size_t size)
{
	struct nlmsghdr header;
	struct nlmsgerr answer;
	int answers = 0;

	for (size_t at = 0; at + sizeof(header) <= size; at += NLMSG_ALIGN(header.nlmsg_len)) {
		memcpy(&header, bytes + at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > size - at)
			return -EBADMSG;
		if (header.nlmsg_type != NLMSG_ERROR ||
			header.nlmsg_len < NLMSG_HDRLEN + sizeof(answer))
			continue;
		memcpy(&answer, bytes + at + NLMSG_HDRLEN, sizeof(answer));
		if (answer.error < 0)
			return answer.error;
		answers++;
	}
	return answers;
}

static int silence_read(int netlink)
{
	uint8_t bytes[SILENCE_ANSWER];
	int answers = 0;

	while (answers < SILENCE_ANSWERS) {
		ssize_t size = recv(netlink, bytes, sizeof(bytes), 0);
		int r = size < 0 ? -errno : silence_count(bytes, (size_t)size);

		if (r < 0)
			return r;
		answers += r;
	}
	return 0;
}

static int silence_filter(struct silence *silence)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const struct timeval limit = {.tv_sec = 2};
	struct silence_batch batch = {};

	silence->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (silence->netlink < 0)
		return -errno;
	setsockopt(silence->netlink, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	silence_write(&batch, silence);
	if (sendto(silence->netlink, batch.bytes, batch.count, 0, (const struct sockaddr *)&kernel,
		    sizeof(kernel)) < 0)
		return -errno;
	return silence_read(silence->netlink);
}

int silence_begin(struct silence **ret, const char *interface, bool *addressed, struct error *error)
{
	struct silence *silence = memory_new(sizeof(*silence));
	int r;

	*ret = NULL;
	silence->netlink = -1;
	snprintf(silence->interface, sizeof(silence->interface), "%s", interface);
	snprintf(silence->table, sizeof(silence->table), "poise-%s", interface);
	*addressed = silence_has_ipv4(interface);
	r = silence_filter(silence);
	if (r < 0) {
		silence_end(silence);
		return error_set(error, r,
			"%s: the kernel goes on answering there: nf_tables: %s%s", interface,
			strerror(-r),
			r == -EPERM    ? ": needs CAP_NET_ADMIN"
			: r == -EEXIST ? ": another forwarder has it"
				       : ": modprobe nf_tables");
	}
	silence->ipv6_before = silence_ipv6(interface, '1');
	*ret = silence;
	return 0;
}

struct silence *silence_end(struct silence *silence)
{
	if (!silence)
		return NULL;
	if (silence->ipv6_before == '0')
		silence_ipv6(silence->interface, '0');
	if (silence->netlink >= 0)
		close(silence->netlink);
	free(silence);
	return NULL;
}
