// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/hex.h"

#include <errno.h>

/* 0 to 15; 16: any; -1: none. */
static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return digit == 'x' ? 16 : -1;
}

ssize_t hex_parse(const char *text, uint8_t *bytes, uint8_t *masks, size_t most)
{
	size_t count = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || ((high > 15 || low > 15) && !masks))
			return -EINVAL;
		if (count == most)
			return -E2BIG;
		bytes[count] = (uint8_t)((high & 15) << 4 | (low & 15));
		if (masks)
			masks[count] = (uint8_t)((high < 16) * 0xf0 | (low < 16) * 0x0f);
		count++;
		text++;
	}
	return count ? (ssize_t)count : -EINVAL;
}

char *hex_format(const uint8_t *bytes, size_t count, char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *end = text;

	for (size_t i = 0; i < count; i++) {
		*end++ = digits[bytes[i] >> 4];
		*end++ = digits[bytes[i] & 15];
	}
	*end = '\0';
	return text;
}
