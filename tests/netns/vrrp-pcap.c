// SPDX-License-Identifier: GPL-2.0-or-later
/* Advertisements as poise sends them, into a capture file on standard output: for dissectors that
 * nobody here wrote. The raw link type, so that each record begins with a header of IP; of those,
 * no checksum is made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vrrp/packet.h"

#define PCAP_MAGIC   0xa1b2c3d4u /* in the order of this machine */
#define PCAP_RAW     101
#define PCAP_SNAPLEN 65535u
#define IPV4_HEADER  20
#define IPV6_HEADER  40
#define MANY         VRRP_ADDRESSES_MOST

/* The addresses count up from the first. */
struct row {
	const char *source, *first;
	uint8_t version, vrid, priority, count;
	uint16_t interval;
	enum vrrp_checksum checksum;
	const char *password;
};

static const struct row rows[] = {
	{"192.0.2.1", "192.0.2.100", 3, 51, 100, 1, 100, VRRP_CHECKSUM_RFC9568, NULL},
	{"192.0.2.1", "192.0.2.100", 3, 51, 100, 1, 100, VRRP_CHECKSUM_RFC5798, NULL},
	{"192.0.2.1", "192.0.2.100", 3, 255, 255, 3, 4095, VRRP_CHECKSUM_RFC9568, NULL},
	{"192.0.2.1", "192.0.2.100", 3, 255, 0, 3, 1, VRRP_CHECKSUM_RFC5798, NULL},
	{"192.0.2.1", "10.0.0.0", 3, 1, 254, MANY, 10, VRRP_CHECKSUM_RFC9568, NULL},
	{"192.0.2.1", "10.0.0.0", 3, 1, 254, MANY, 10, VRRP_CHECKSUM_RFC5798, NULL},
	{"fe80::1", "fe80::100", 3, 7, 200, 1, 10, VRRP_CHECKSUM_AUTO, NULL},
	{"fe80::1", "fe80::100", 3, 7, 0, MANY, 100, VRRP_CHECKSUM_RFC5798, NULL},
	{"192.0.2.1", "192.0.2.100", 2, 51, 100, 2, 100, VRRP_CHECKSUM_AUTO, NULL},
	{"192.0.2.1", "192.0.2.100", 2, 51, 255, 1, 25500, VRRP_CHECKSUM_AUTO, "secret"},
	{"192.0.2.1", "10.0.0.0", 2, 51, 0, MANY, 300, VRRP_CHECKSUM_AUTO, "12345678"},
};

static void put(const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, stdout) != size)
		exit(1);
}

static size_t make_header(const struct address *source, const struct address *destination,
	size_t size, uint8_t header[static IPV6_HEADER])
{
	size_t address = address_size(source->family);
	bool ipv6 = source->family == AF_INET6;
	size_t length = ipv6 ? size : size + IPV4_HEADER;
	size_t at = ipv6 ? 4 : 2;

	memset(header, 0, IPV6_HEADER);
	header[0] = ipv6 ? 0x60 : 0x45;
	header[at] = (uint8_t)(length >> 8);
	header[at + 1] = (uint8_t)length;
	header[ipv6 ? 6 : 9] = VRRP_PROTOCOL;
	header[ipv6 ? 7 : 8] = 255;
	memcpy(header + (ipv6 ? 8 : 12), source->bytes, address);
	memcpy(header + (ipv6 ? 8 : 12) + address, destination->bytes, address);
	return ipv6 ? IPV6_HEADER : IPV4_HEADER;
}

static int put_row(const struct row *row)
{
	struct vrrp_packet packet = {.version = row->version,
		.vrid = row->vrid,
		.priority = row->priority,
		.interval = row->interval,
		.checksum = row->checksum,
		.auth = row->password ? VRRP_AUTH_SIMPLE : VRRP_AUTH_NONE,
		.address_count = row->count};
	uint8_t header[IPV6_HEADER], bytes[VRRP_PACKET_MOST];
	struct address source, first;

	if (address_parse(row->source, &source) < 0 || address_parse(row->first, &first) < 0)
		return -1;
	const struct address destination = vrrp_group(source.family);
	if (row->password)
		memcpy(packet.password, row->password, strlen(row->password));
	for (size_t i = 0; i < row->count; i++) {
		packet.addresses[i] = first;
		packet.addresses[i].bytes[address_size(first.family) - 1] += (uint8_t)i;
	}
	int size = vrrp_packet_encode(&packet, &source, &destination, bytes);
	if (size < 0)
		return -1;
	size_t before = make_header(&source, &destination, (size_t)size, header);
	const uint32_t all = (uint32_t)before + (uint32_t)size;
	const uint32_t record[4] = {0, 0, all, all};
	put(record, sizeof(record));
	put(header, before);
	put(bytes, (size_t)size);
	return 0;
}

int main(void)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snaplen, link;
	} header = {PCAP_MAGIC, 2, 4, 0, 0, PCAP_SNAPLEN, PCAP_RAW};

	put(&header, sizeof(header));
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (put_row(&rows[i]) < 0) {
			fprintf(stderr, "vrrp-pcap: row %zu cannot be sent\n", i);
			return 1;
		}
	}
	return fflush(stdout) ? 1 : 0;
}
