// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/utf8.h"

#include "base/macros.h"

static size_t utf8_expected(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

uint32_t utf8_decode(const char *text, size_t length)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)text[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

size_t utf8_length(const char *text, const char *end)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = text < end ? utf8_expected((unsigned char)*text) : 0;

	if (length <= 1)
		return length;
	if ((size_t)(end - text) < length)
		return 0;
	for (size_t i = 1; i < length; i++)
		if (!utf8_is_continuation(text[i]))
			return 0;
	uint32_t code = utf8_decode(text, length);
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

size_t utf8_break(const char *text, const char *end)
{
	size_t left = (size_t)(end - text);

	if (!left)
		return 0;
	switch ((unsigned char)text[0]) {
	case '\n':
		return 1;
	case '\r':
		return left > 1 && text[1] == '\n' ? 2 : 1;
	case 0xc2:
		return left > 1 && (unsigned char)text[1] == 0x85 ? 2 : 0;
	case 0xe2:
		return left > 2 && (unsigned char)text[1] == 0x80 &&
				       ((unsigned char)text[2] & 0xfe) == 0xa8
			       ? 3
			       : 0;
	default:
		return 0;
	}
}

bool utf8_is_printable(uint32_t code)
{
	static const struct {
		uint32_t low, high;
	} hidden[] = {
		{0x00, 0x1f},
		{0x7f, 0x9f},
		{0x200b, 0x200f},
		{0x2028, 0x202e},
		{0x2060, 0x206f},
		{0xfeff, 0xfeff},
		{0xfff9, 0xfffb},
		{0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++)
		if (code >= hidden[i].low && code <= hidden[i].high)
			return false;
	return true;
}
