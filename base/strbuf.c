// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "base/vector.h"

static void strbuf_reserve(struct strbuf *buffer, size_t more)
{
	size_t want = buffer->length + more + 1;

	if (want > buffer->capacity)
		buffer->text = vector_grow_(buffer->text, &buffer->capacity, want, 1);
}

void strbuf_add_bytes(struct strbuf *buffer, const char *bytes, size_t length)
{
	strbuf_reserve(buffer, length);
	if (length)
		memcpy(buffer->text + buffer->length, bytes, length);
	buffer->length += length;
	buffer->text[buffer->length] = '\0';
}

void strbuf_add(struct strbuf *buffer, const char *text)
{
	strbuf_add_bytes(buffer, text, strlen(text));
}

void strbuf_add_number(struct strbuf *buffer, uint64_t number)
{
	char digits[20];
	size_t start = sizeof(digits);

	do
		digits[--start] = (char)('0' + number % 10);
	while (number /= 10);
	strbuf_add_bytes(buffer, digits + start, sizeof(digits) - start);
}

void strbuf_add_char(struct strbuf *buffer, char character)
{
	strbuf_add_bytes(buffer, &character, 1);
}

void strbuf_vprintf(struct strbuf *buffer, const char *format, va_list arguments)
{
	va_list again;

	va_copy(again, arguments);
	strbuf_reserve(buffer, 64);
	size_t room = buffer->capacity - buffer->length;
	int length = vsnprintf( // NOLINT(clang-analyzer-valist.Uninitialized)
		buffer->text + buffer->length, room, format, arguments);
	if (length >= 0 && (size_t)length >= room) {
		strbuf_reserve(buffer, (size_t)length);
		vsnprintf(buffer->text + buffer->length, (size_t)length + 1, format, again);
	}
	va_end(again);
	if (length > 0)
		buffer->length += (size_t)length;
}

void strbuf_printf(struct strbuf *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	strbuf_vprintf(buffer, format, arguments);
	va_end(arguments);
}

void strbuf_add_printable(struct strbuf *buffer, const char *text, const char *instead)
{
	const char *end = text + strlen(text);

	while (text < end) {
		size_t length = utf8_length(text, end);

		if (*text == '\t')
			strbuf_add_char(buffer, ' ');
		else if (length && utf8_is_printable(utf8_decode(text, length)))
			strbuf_add_bytes(buffer, text, length);
		else
			strbuf_add(buffer, instead);
		text += MAX(length, (size_t)1);
	}
}

char *strbuf_take(struct strbuf *buffer)
{
	char *text = buffer->text ? buffer->text : memory_copy_string("");

	*buffer = (struct strbuf){};
	return text;
}

void strbuf_clear(struct strbuf *buffer)
{
	free(buffer->text);
	*buffer = (struct strbuf){};
}
