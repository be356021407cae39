// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/advert.h"

const struct advert_capture advert_captures[ADVERT_COUNT] = {
	[ADVERT_V3_9568] = {"192.0.2.1", "224.0.0.18", {"192.0.2.100"}, 12,
		{0x31, 51, 100, 1, 0x00, 0x64, 0xa8, 0x02, 192, 0, 2, 100}, 3, 51, 100, 100,
		VRRP_CHECKSUM_RFC9568, VRRP_AUTH_NONE, NULL},
	[ADVERT_V3_5798] = {"192.0.2.1", "224.0.0.18", {"192.0.2.100"}, 12,
		{0x31, 51, 100, 1, 0x00, 0x64, 0x05, 0x72, 192, 0, 2, 100}, 3, 51, 100, 100,
		VRRP_CHECKSUM_RFC5798, VRRP_AUTH_NONE, NULL},
	/* 0a00 + 1571 + e000 + 0012 + 0070 + 000c = ffff: the pseudo-header adds nothing. */
	[ADVERT_V3_EITHER] = {"10.0.21.113", "224.0.0.18", {"192.0.2.100"}, 12,
		{0x31, 51, 100, 1, 0x00, 0x64, 0xa8, 0x02, 192, 0, 2, 100}, 3, 51, 100, 100,
		VRRP_CHECKSUM_AUTO, VRRP_AUTH_NONE, NULL},
	[ADVERT_V3_IPV6] = {"fe80::1", "ff02::12", {"fe80::100", "2001:db8::100"}, 40,
		{0x31, 7, 200, 2, 0x00, 0x0a, 0xda, 0x82, 0xfe, 0x80, [22] = 1, [23] = 0, 0x20,
			0x01, 0x0d, 0xb8, [38] = 1, [39] = 0},
		3, 7, 200, 10, VRRP_CHECKSUM_AUTO, VRRP_AUTH_NONE, NULL},
	[ADVERT_V2_NONE] = {"192.0.2.1", "224.0.0.18", {"192.0.2.100", "192.0.2.101"}, 24,
		{0x21, 51, 100, 2, 0, 1, 0xf5, 0xfe, 192, 0, 2, 100, 192, 0, 2, 101}, 2, 51, 100,
		100, VRRP_CHECKSUM_AUTO, VRRP_AUTH_NONE, NULL},
	[ADVERT_V2_SIMPLE] = {"192.0.2.1", "224.0.0.18", {"192.0.2.100"}, 20,
		{0x21, 51, 100, 1, 1, 3, 0x7b, 0x17, 192, 0, 2, 100, 's', 'e', 'c', 'r', 'e', 't'},
		2, 51, 100, 300, VRRP_CHECKSUM_AUTO, VRRP_AUTH_SIMPLE, "secret"},
};

struct address advert_address(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

void advert_sort(struct advert *advert)
{
	qsort(advert->addresses, advert->expected.address_count, sizeof(*advert->addresses),
		address_compare);
	advert->expected.addresses = advert->addresses;
}

void advert_set(struct advert *advert, const struct advert_capture *capture)
{
	memset(advert, 0, sizeof(*advert));
	memcpy(advert->bytes, capture->bytes, capture->size);
	advert->datagram = (struct vrrp_datagram){.data = advert->bytes,
		.size = capture->size,
		.length = capture->size,
		.ttl = 255,
		.source = advert_address(capture->source),
		.destination = advert_address(capture->destination)};
	advert->expected = (struct vrrp_expected){.vrid = capture->vrid,
		.version = capture->version,
		.ttl_least = 255,
		.ttl_most = 255,
		.checksum = capture->checksum,
		.auth = capture->auth,
		.interval = capture->interval};
	if (capture->password)
		memcpy(advert->expected.password, capture->password, strlen(capture->password));
	for (size_t i = 0; i < ARRAY_LENGTH(capture->addresses) && capture->addresses[i]; i++)
		advert->addresses[advert->expected.address_count++] =
			advert_address(capture->addresses[i]);
	advert_sort(advert);
}

enum vrrp_reject advert_decode(const struct advert *advert, struct vrrp_packet *ret)
{
	struct vrrp_datagram datagram = advert->datagram;
	uint8_t *exact = malloc(datagram.size ? datagram.size : 1);

	memcpy(exact, advert->bytes, datagram.size);
	datagram.data = exact;
	enum vrrp_reject reject = vrrp_packet_decode(&datagram, &advert->expected, ret);
	free(exact);
	return reject;
}

/* Byte by byte, in arithmetic modulo 65535, of which the codec knows nothing. */
void advert_sum(struct advert *advert)
{
	const struct vrrp_datagram *datagram = &advert->datagram;
	uint8_t version = advert->bytes[0] >> 4;
	size_t family_size = datagram->source.family == AF_INET6 ? 16 : 4;
	uint64_t rest = 0;

	advert->bytes[6] = advert->bytes[7] = 0;
	for (size_t i = 0; i < datagram->size; i++)
		rest = (rest + ((uint64_t)advert->bytes[i] << (i % 2 ? 0 : 8))) % 65535;
	if (version == 3 &&
		(family_size == 16 || advert->expected.checksum == VRRP_CHECKSUM_RFC5798)) {
		for (size_t i = 0; i < family_size; i++)
			rest += (uint64_t)(datagram->source.bytes[i] +
					   datagram->destination.bytes[i])
				<< (i % 2 ? 0 : 8);
		rest = (rest + 112 + datagram->size) % 65535;
	}
	rest = (65535 - rest) % 65535;
	advert->bytes[6] = (uint8_t)(rest >> 8);
	advert->bytes[7] = (uint8_t)rest;
}

bool advert_packets_equal(const struct vrrp_packet *a, const struct vrrp_packet *b)
{
	if (a->version != b->version || a->vrid != b->vrid || a->priority != b->priority ||
		a->checksum != b->checksum || a->interval != b->interval || a->auth != b->auth ||
		a->address_count != b->address_count)
		return false;
	for (size_t i = 0; i < a->address_count; i++)
		if (!address_equal(&a->addresses[i], &b->addresses[i]))
			return false;
	return true;
}
