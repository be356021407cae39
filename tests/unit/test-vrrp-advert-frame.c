// SPDX-License-Identifier: GPL-2.0-or-later
/* Advertisements as frames: the headers byte for byte, of which the checksum was computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "base/macros.h"
#include "vrrp/advert_frame.h"

struct expected {
	const char *source;
	uint16_t protocol;
	const char *bytes;
};

static const uint8_t packet[] = {0x31, 0x33, 0xc8, 0x01};

/* clang-format off */
static const struct expected rows[] = {
	{"10.0.0.1", 0x0800,
		"01005e000012" "00005e000133" "0800"                       /* Ethernet */
		"45" "c0" "0018" "0000" "4000" "ff" "70" "90a2"            /* RFC 791 */
		"0a000001" "e0000012" "3133c801"},
	{"fe80::1", 0x86dd,
		"333300000012" "00005e000233" "86dd"
		"6c000000" "0004" "70" "ff"                                /* RFC 8200 */
		"fe800000000000000000000000000001" "ff020000000000000000000000000012" "3133c801"},
};
/* clang-format on */

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		uint8_t frame[ADVERT_FRAME_MOST];
		char text[2 * sizeof(frame) + 1];
		struct address source;

		assert_int_equal(address_parse(rows[i].source, &source), 0);
		size_t size = advert_frame(&source, 0x33, packet, sizeof(packet), frame);
		assert_string_equal(hex_format(frame, size, text), rows[i].bytes);
		assert_int_equal(advert_frame_protocol(source.family), rows[i].protocol);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
