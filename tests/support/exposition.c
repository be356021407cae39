// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "tests/support/exposition.h"

#include "base/utf8.h"

/* One line under scrutiny. */
struct line {
	const char *begin, *at;
};

static void line_refuse(const struct line *line, const char *why)
{
	fail_msg("%s, at %d of: %s", why, (int)(line->at - line->begin), line->begin);
}

static void line_expect(struct line *line, const char *words)
{
	if (strncmp(line->at, words, strlen(words)) != 0)
		line_refuse(line, words);
	line->at += strlen(words);
}

/* [a-zA-Z_][a-zA-Z0-9_]*; the caller frees it. No colon: those are for rules. */
static char *line_name(struct line *line)
{
	const char *begin = line->at;

	if (!isalpha((unsigned char)*begin) && *begin != '_')
		line_refuse(line, "no name");
	while (isalnum((unsigned char)*line->at) || *line->at == '_')
		line->at++;
	return memory_copy_bytes(begin, (size_t)(line->at - begin));
}

static void line_label_value(struct line *line)
{
	const char *end = line->at + strlen(line->at);

	line_expect(line, "\"");
	while (*line->at && *line->at != '"') {
		size_t length = utf8_length(line->at, end);

		if (length == 0)
			line_refuse(line, "no UTF-8");
		if (*line->at == '\\' && !strchr("\\\"n", line->at[1]))
			line_refuse(line, "no escape");
		line->at += *line->at == '\\' ? 2 : length;
	}
	line_expect(line, "\"");
}

static void line_labels(struct line *line)
{
	char *seen[8] = {};
	size_t count = 0;

	line_expect(line, "{");
	for (;;) {
		char *name = line_name(line);

		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(seen[i], name);
		assert_true(count < ARRAY_LENGTH(seen));
		seen[count++] = name;
		line_expect(line, "=");
		line_label_value(line);
		if (*line->at != ',')
			break;
		line->at++;
	}
	line_expect(line, "}");
	for (size_t i = 0; i < count; i++)
		free(seen[i]);
}

static double line_number(struct line *line)
{
	char *end;
	double value = strtod(line->at, &end);

	if (end == line->at || *end || isspace((unsigned char)*line->at))
		line_refuse(line, "no number");
	if (!(value >= 0))
		line_refuse(line, "nothing here is below 0");
	return value;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static void parse_head(const char *help, const char *type, struct exposition *ret)
{
	struct line line = {help, help};
	struct exposition_family family = {};

	line_expect(&line, "# HELP ");
	family.name = line_name(&line);
	line_expect(&line, " ");
	if (strlen(line.at) < 10 || line.at[strlen(line.at) - 1] != '.')
		line_refuse(&line, "no help");
	assert_false(exposition_has_family(ret, family.name));
	assert_non_null(type);
	line = (struct line){type, type};
	line_expect(&line, "# TYPE ");
	line_expect(&line, family.name);
	line_expect(&line, " ");
	family.counter = strcmp(line.at, "counter") == 0;
	if (!family.counter && strcmp(line.at, "gauge") != 0)
		line_refuse(&line, "no type");
	if (family.counter != ends_in(family.name, "_total"))
		line_refuse(&line, "counters, and they alone, end in _total");
	vector_push(&ret->families, family);
}

static void parse_sample(const char *text, struct exposition *ret)
{
	struct line line = {text, text};
	_cleanup_free_ char *name = line_name(&line);
	struct exposition_sample sample = {};

	if (!ret->families.count ||
		strcmp(ret->families.items[ret->families.count - 1].name, name) != 0)
		line_refuse(&line, "not of this family");
	if (*line.at == '{')
		line_labels(&line);
	sample.series = memory_copy_bytes(text, (size_t)(line.at - text));
	line_expect(&line, " ");
	sample.value = line_number(&line);
	vector_push(&ret->samples, sample);
}

static int compare_samples(const void *a, const void *b)
{
	const struct exposition_sample *left = a, *right = b;

	return strcmp(left->series, right->series);
}

void exposition_parse(const char *text, struct exposition *ret)
{
	_cleanup_free_ char *copy = memory_copy_string(text);
	char *rest = copy;

	*ret = (struct exposition){};
	assert_true(*text && ends_in(text, "\n"));
	copy[strlen(copy) - 1] = '\0';
	while (rest) {
		char *line = strsep(&rest, "\n");

		if (*line == '#')
			parse_head(line, strsep(&rest, "\n"), ret);
		else
			parse_sample(line, ret);
	}
	vector_sort(&ret->samples, compare_samples);
	for (size_t i = 1; i < ret->samples.count; i++)
		if (compare_samples(&ret->samples.items[i - 1], &ret->samples.items[i]) == 0)
			fail_msg("twice: %s", ret->samples.items[i].series);
}

static const struct exposition_sample *find_sample(
	const struct exposition *exposition, const char *series)
{
	const struct exposition_sample key = {.series = (char *)series};

	return vector_find(&exposition->samples, &key, compare_samples);
}

double exposition_value(const struct exposition *exposition, const char *series)
{
	const struct exposition_sample *sample = find_sample(exposition, series);

	if (!sample)
		fail_msg("there is no %s", series);
	return sample->value;
}

bool exposition_has(const struct exposition *exposition, const char *series)
{
	return find_sample(exposition, series) != NULL;
}

bool exposition_has_family(const struct exposition *exposition, const char *name)
{
	vector_foreach(&exposition->families, family)
		if (strcmp(family->name, name) == 0)
			return true;
	return false;
}

void exposition_clear(struct exposition *exposition)
{
	vector_foreach(&exposition->families, family)
		free(family->name);
	vector_clear(&exposition->families);
	vector_foreach(&exposition->samples, sample)
		free(sample->series);
	vector_clear(&exposition->samples);
}
