// SPDX-License-Identifier: GPL-2.0-or-later
/* Gratuitous ARP and unsolicited neighbour advertisements, byte for byte. The checksums come from another program
 * that computes RFC 1071. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "base/macros.h"
#include "vrrp/announce_frame.h"

struct expected {
	const char *address;
	uint8_t mac[ANNOUNCE_MAC_SIZE];
	enum announce_form form;
	bool router;
	uint16_t protocol;
	size_t size;
	const char *bytes;
};

/* clang-format off */
#define VIRTUAL  {0x00, 0x00, 0x5e, 0x00, 0x01, 0x33}
#define VIRTUAL6 {0x00, 0x00, 0x5e, 0x00, 0x02, 0x33}
#define LOCAL    {0x02, 0x00, 0x00, 0x00, 0x01, 0x02}
#define ONES     {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

static const struct expected rows[] = {
	/* Sender and target are the address, the target's MAC is zero: RFC 5227 §2.3. */
	{"203.0.113.10", VIRTUAL, ANNOUNCE_FORM_REQUEST, false, 0x0806, 42,
		"ffffffffffff" "00005e000133" "0806" /* Ethernet */
		"0001" "0800" "06" "04" "0001"       /* RFC 826: Ethernet, IPv4, sizes, request */
		"00005e000133" "cb00710a" "000000000000" "cb00710a"},
	/* The target's MAC is the announced one: RFC 5944 §4.6. */
	{"203.0.113.10", LOCAL, ANNOUNCE_FORM_REPLY, true, 0x0806, 42,
		"ffffffffffff" "020000000102" "0806"
		"0001" "0800" "06" "04" "0002"
		"020000000102" "cb00710a" "020000000102" "cb00710a"},
	/* From the address to all nodes, router, override: RFC 4861 §4.4; with the option of §4.6.1. */
	{"2001:db8::10", VIRTUAL6, ANNOUNCE_FORM_REQUEST, true, 0x86dd, 86,
		"333300000001" "00005e000233" "86dd"
		"60000000" "0020" "3a" "ff" /* RFC 8200: 32 bytes of ICMPv6, hop limit 255 */
		"20010db8000000000000000000000010"
		"ff020000000000000000000000000001"
		"88" "00" "1ada" "a0000000"
		"20010db8000000000000000000000010"
		"02" "01" "00005e000233"},
	/* No router; the form is of ARP alone. */
	{"fe80::5e:233", LOCAL, ANNOUNCE_FORM_REPLY, false, 0x86dd, 86,
		"333300000001" "020000000102" "86dd"
		"60000000" "0020" "3a" "ff"
		"fe8000000000000000000000005e0233"
		"ff020000000000000000000000000001"
		"88" "00" "517a" "20000000"
		"fe8000000000000000000000005e0233"
		"02" "01" "020000000102"},
	/* Carries upon carries in the checksum. */
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", ONES, ANNOUNCE_FORM_REQUEST, true, 0x86dd, 86,
		"333300000001" "ffffffffffff" "86dd"
		"60000000" "0020" "3a" "ff"
		"fffffffffffffffffffffffffffffffe"
		"ff020000000000000000000000000001"
		"88" "00" "d6a1" "a0000000"
		"fffffffffffffffffffffffffffffffe"
		"02" "01" "ffffffffffff"},
};
/* clang-format on */

static void frames_are_as_the_rfcs_have_them(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct announce_content content = {.form = rows[i].form, .router = rows[i].router};
		uint8_t frame[ANNOUNCE_FRAME_MOST];
		char text[2 * ANNOUNCE_FRAME_MOST + 1];

		memcpy(content.mac, rows[i].mac, sizeof(content.mac));
		assert_int_equal(address_parse(rows[i].address, &content.address), 0);
		assert_int_equal(announce_frame_protocol(&content), rows[i].protocol);
		/* Nothing of what was there before is left in it, and nothing is written behind it. */
		memset(frame, 0x5a, sizeof(frame));
		size_t size = announce_frame(&content, frame);
		assert_int_equal(size, rows[i].size);
		assert_string_equal(hex_format(frame, size, text), rows[i].bytes);
		for (size_t at = size; at < sizeof(frame); at++)
			assert_int_equal(frame[at], 0x5a);
	}
}

static void what_has_no_address_has_no_frame(void **state _unused_)
{
	struct announce_content content = {.mac = LOCAL};
	uint8_t frame[ANNOUNCE_FRAME_MOST] = {0x5a};

	assert_int_equal(announce_frame_protocol(&content), 0);
	assert_int_equal(announce_frame(&content, frame), 0);
	assert_int_equal(frame[0], 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_as_the_rfcs_have_them),
		cmocka_unit_test(what_has_no_address_has_no_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
