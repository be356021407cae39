// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/json_text.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool is_plain(unsigned char byte)
{
	return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

static void add_control(struct strbuf *text, unsigned char byte)
{
	switch (byte) {
	case '"':
	case '\\':
		strbuf_add_char(text, '\\');
		strbuf_add_char(text, (char)byte);
		break;
	case '\n':
		strbuf_add_bytes(text, "\\n", 2);
		break;
	case '\t':
		strbuf_add_bytes(text, "\\t", 2);
		break;
	default:
		strbuf_printf(text, "\\u%04x", byte);
	}
}

void json_text_string(struct strbuf *text, const char *value)
{
	if (!value) {
		strbuf_add_bytes(text, "null", 4);
		return;
	}
	const char *end = value + strlen(value);
	strbuf_add_char(text, '"');
	while (value < end) {
		size_t run = 0;

		while (is_plain((unsigned char)value[run]))
			run++;
		strbuf_add_bytes(text, value, run);
		value += run;
		if (value == end)
			break;
		size_t length = utf8_length(value, end);
		if (length == 1)
			add_control(text, (unsigned char)*value);
		else
			strbuf_add_bytes(text, length ? value : REPLACEMENT,
				length ? length : strlen(REPLACEMENT));
		value += length ? length : 1;
	}
	strbuf_add_char(text, '"');
}

void json_text_number(struct strbuf *text, uint64_t value)
{
	char digits[20];
	char *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	strbuf_add_bytes(text, at, (size_t)(digits + sizeof(digits) - at));
}

void json_text_member(struct strbuf *text, const char *name)
{
	char last = text->length ? text->text[text->length - 1] : '\0';

	if (last != '{')
		strbuf_add_char(text, ',');
	strbuf_add_char(text, '"');
	strbuf_add(text, name);
	strbuf_add_bytes(text, "\":", 2);
}

void json_text_member_string(struct strbuf *text, const char *name, const char *value)
{
	json_text_member(text, name);
	json_text_string(text, value);
}

void json_text_member_number(struct strbuf *text, const char *name, uint64_t value)
{
	json_text_member(text, name);
	json_text_number(text, value);
}

void json_text_member_flag(struct strbuf *text, const char *name, bool value)
{
	json_text_member(text, name);
	strbuf_add(text, value ? "true" : "false");
}

void json_text_member_null(struct strbuf *text, const char *name)
{
	json_text_member(text, name);
	strbuf_add_bytes(text, "null", 4);
}

void json_text_member_open(struct strbuf *text, const char *name)
{
	json_text_member(text, name);
	strbuf_add_char(text, '{');
}

void json_text_close(struct strbuf *text)
{
	strbuf_add_char(text, '}');
}

static int add_bytes(const char *bytes, size_t size, void *data)
{
	strbuf_add_bytes(data, bytes, size);
	return 0;
}

void json_text_tree(struct strbuf *text, const json_t *json)
{
	json_dump_callback(json, add_bytes, text, JSON_COMPACT | JSON_ENCODE_ANY);
}

json_t *json_text_value(const char *value)
{
	_cleanup_strbuf_ struct strbuf text = {};
	json_t *json = value ? json_string(value) : json_null();

	if (json)
		return json;
	/* No UTF-8: what the writer makes of it is. */
	json_text_string(&text, value);
	return json_loadb(text.text, text.length, JSON_DECODE_ANY, NULL);
}

json_t *json_text_list(const char *const *values, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_text_value(values[i]));
	return list;
}
