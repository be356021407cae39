// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/layout.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"
#include "base/vector.h"

/* Narrower terminals get lines that they break themselves. */
#define WIDTH_LEAST 60

void cli_layout_size(size_t *width, size_t *height)
{
	struct winsize size = {};

	*width = CLI_LAYOUT_WIDTH;
	*height = 0;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return;
	*width = MAX(size.ws_col, WIDTH_LEAST);
	*height = size.ws_row;
}

/* The next character of `text`, as it may be shown, into `shown`; its bytes in `text`. */
static size_t next_character(const char *text, const char *end, char shown[static 5])
{
	size_t length = utf8_length(text, end);

	if (!length || !utf8_is_printable(utf8_decode(text, length))) {
		memcpy(shown, "?", sizeof("?"));
		return length ? length : 1;
	}
	memcpy(shown, text, length);
	shown[length] = '\0';
	return length;
}

size_t cli_layout_columns(const char *text)
{
	const char *end = text + strlen(text);
	size_t columns = 0;
	char shown[5];

	for (; text < end; columns++)
		text += next_character(text, end, shown);
	return columns;
}

/* The first `length` bytes of `text`, cut to `columns`; the columns that it took. */
static size_t add_cut(struct strbuf *to, const char *text, size_t length, size_t columns)
{
	const char *end = text + length;
	size_t used = 0, last = to->length;
	char shown[5];

	while (text < end && used < columns) {
		last = to->length;
		text += next_character(text, end, shown);
		strbuf_add(to, shown);
		used++;
	}
	if (text < end && used) {
		to->length = last;
		strbuf_add(to, "…");
	}
	return used;
}

void cli_layout_cut(struct strbuf *to, const char *text, size_t columns)
{
	add_cut(to, text, strlen(text), columns);
}

void cli_layout_pad(struct strbuf *to, size_t spaces)
{
	while (spaces--)
		strbuf_add_char(to, ' ');
}

static size_t word_columns(const char *word, size_t length)
{
	const char *end = word + length;
	size_t columns = 0;
	char shown[5];

	for (; word < end; columns++)
		word += next_character(word, end, shown);
	return columns;
}

/* One line of the text. `used`: columns that the line has already. */
static void wrap_line(struct strbuf *to, const char *text, size_t length, size_t indent,
	size_t used, size_t width)
{
	const char *end = text + length;
	bool begun = false;

	while (text < end) {
		size_t word = 0;

		while (text < end && *text == ' ')
			text++;
		while (text + word < end && text[word] != ' ')
			word++;
		if (begun && used + 1 + word_columns(text, word) > width) {
			strbuf_add_char(to, '\n');
			cli_layout_pad(to, indent);
			used = indent;
			begun = false;
		}
		if (begun && word) {
			strbuf_add_char(to, ' ');
			used++;
		}
		used += add_cut(to, text, word, width > used ? width - used : 1);
		begun = true;
		text += word;
	}
	strbuf_add_char(to, '\n');
}

void cli_layout_wrap(struct strbuf *to, size_t used, size_t indent, const char *text, size_t width)
{
	do {
		size_t length = strcspn(text, "\n");

		wrap_line(to, text, length, indent, used, width);
		text += length + (text[length] == '\n');
		if (!*text)
			break;
		cli_layout_pad(to, indent);
		used = indent;
	} while (true);
}

const char *cli_layout_number(uint64_t number, char text[static CLI_LAYOUT_NUMBER_SIZE])
{
	static const char letters[] = "kMGTPE";
	uint64_t unit = 1000;
	size_t letter = 0;

	if (number < 1000) {
		snprintf(text, CLI_LAYOUT_NUMBER_SIZE, "%u", (unsigned int)number);
		return text;
	}
	while (number / unit >= 1000 && letters[letter + 1]) {
		unit *= 1000;
		letter++;
	}
	/* Cut, never rounded: 999,999 is not 1000k. */
	if (number / unit < 10)
		snprintf(text, CLI_LAYOUT_NUMBER_SIZE, "%u.%u%c", (unsigned int)(number / unit),
			(unsigned int)(number % unit / (unit / 10)), letters[letter]);
	else
		snprintf(text, CLI_LAYOUT_NUMBER_SIZE, "%u%c", (unsigned int)(number / unit),
			letters[letter]);
	return text;
}

void cli_layout_time(struct strbuf *to, time_t when, time_t now)
{
	struct tm broken, today;
	char text[32] = "?";

	if (localtime_r(&when, &broken) && localtime_r(&now, &today)) {
		bool same = broken.tm_year == today.tm_year && broken.tm_yday == today.tm_yday;

		strftime(text, sizeof(text), same ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &broken);
	}
	strbuf_add(to, text);
}

void cli_layout_span(struct strbuf *to, uint64_t milliseconds)
{
	static const struct {
		uint64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	uint64_t left = milliseconds / 1000;
	size_t unit = 0;

	if (!left) {
		strbuf_printf(to, "%u ms", (unsigned int)milliseconds);
		return;
	}
	while (left < units[unit].seconds)
		unit++;
	strbuf_printf(to, "%ju%c", (uintmax_t)(left / units[unit].seconds), units[unit].letter);
	left %= units[unit].seconds;
	if (++unit < ARRAY_LENGTH(units) && left >= units[unit].seconds)
		strbuf_printf(
			to, " %ju%c", (uintmax_t)(left / units[unit].seconds), units[unit].letter);
}

void cli_layout_paint(struct strbuf *to, bool color, const char *code, const char *text)
{
	if (color)
		strbuf_printf(to, "\033[%sm", code);
	cli_layout_cut(to, text, SIZE_MAX);
	if (color)
		strbuf_add(to, "\033[0m");
}
