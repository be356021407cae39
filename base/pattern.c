// SPDX-License-Identifier: GPL-2.0-or-later
/* Two things can take long. Backtracking at one place of the text: the library counts its steps, and is given a limit. And
 * many places, each of which runs over the rest of the text in few steps: so the places where a match may begin are tried in portions, which
 * grow while they are quick, and the clock is looked at between them. */
#include "base/pattern.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/memory.h"
#include "base/timespec.h"

/* Of one portion: some milliseconds. */
#define PATTERN_STEPS_MOST 200000u
#define PATTERN_HEAP_KB    1024u
#define PATTERN_DEPTH_MOST 10000u
/* Places of the first portion; the next is twice as large when one took no longer than this. */
#define PATTERN_PORTION    16u
#define PATTERN_PORTION_NS 1000000ull

struct pattern {
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
};

/* Of the processor that we had: while others have it, no expression takes long. */
static uint64_t pattern_clock(void)
{
	return timespec_now(CLOCK_THREAD_CPUTIME_ID);
}

static int pattern_compile(
	struct pattern *pattern, const char *expression, char *why, size_t why_size)
{
	const uint32_t options = PCRE2_DOTALL | PCRE2_NO_AUTO_CAPTURE | PCRE2_NEVER_UTF |
				 PCRE2_NEVER_UCP | PCRE2_USE_OFFSET_LIMIT;
	PCRE2_SIZE where;
	int code;

	pattern->code = pcre2_compile(
		(PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, options, &code, &where, NULL);
	if (pattern->code)
		return 0;
	if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	if (why && pcre2_get_error_message(code, (PCRE2_UCHAR *)why, why_size) < 0)
		why[why_size - 1] = '\0';
	return -EINVAL;
}

int pattern_new(const char *expression, struct pattern **ret, char *why, size_t why_size)
{
	struct pattern *pattern = memory_new(sizeof(*pattern));
	int r = pattern_compile(pattern, expression, why, why_size);

	if (r == 0) {
		pattern->context = pcre2_match_context_create(NULL);
		pattern->data = pcre2_match_data_create(1, NULL);
		if (!pattern->context || !pattern->data)
			r = -ENOMEM;
	}
	if (r < 0) {
		pattern_free(pattern);
		return r;
	}
	pcre2_set_match_limit(pattern->context, PATTERN_STEPS_MOST);
	pcre2_set_depth_limit(pattern->context, PATTERN_DEPTH_MOST);
	pcre2_set_heap_limit(pattern->context, PATTERN_HEAP_KB);
	*ret = pattern;
	return 0;
}

struct pattern *pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return NULL;
	pcre2_match_data_free(pattern->data);
	pcre2_match_context_free(pattern->context);
	pcre2_code_free(pattern->code);
	free(pattern);
	return NULL;
}

/* Whether it matches from a place of [from, until] on. */
static int pattern_try(
	const struct pattern *pattern, const void *text, size_t size, size_t from, size_t until)
{
	pcre2_set_offset_limit(pattern->context, until);
	int r = pcre2_match(pattern->code, text, size, from, 0, pattern->data, pattern->context);

	if (r >= 0)
		return 1;
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	return r == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -ETIMEDOUT;
}

int pattern_match(const struct pattern *pattern, const void *text, size_t size)
{
	uint64_t begun = pattern_clock(), before = begun;
	size_t from = 0, portion = PATTERN_PORTION;

	while (from <= size) {
		size_t until = size - from < portion ? size : from + portion;
		int r = pattern_try(pattern, text, size, from, until);
		uint64_t now = pattern_clock();

		if (r != 0)
			return r;
		if (until < size && now - begun > PATTERN_MOST_NS)
			return -ETIMEDOUT;
		portion = now - before < PATTERN_PORTION_NS ? 2 * portion : PATTERN_PORTION;
		before = now;
		from = until + 1;
	}
	return 0;
}
