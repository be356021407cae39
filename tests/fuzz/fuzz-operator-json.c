// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the reader of operator.json, by which drains and a suspension outlive a restart: what it took must
 * survive the way out and in, and what it refused must leave nothing behind. */
#include <stdint.h>

#include "reconciler/operator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The middle of 2026, an hour after boot. */
static const struct operator_clocks clocks = {
	.boot = "c0ffee", .now = 3600000000000ull, .wall = 1780000000250000000ull};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_sound(const struct operator_state *state)
{
	for (size_t i = 0; i < state->drains.count; i++) {
		const struct operator_drain *drain = &state->drains.items[i];

		require(!i || facts_drain_compare(drain - 1, drain) < 0);
		/* What is over is left out. */
		require(drain->fact.until > clocks.now);
	}
	require(state->suspended ||
		(!state->suspended_why && !state->suspended_by && !state->resume_timeout));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_operator_ struct operator_state first = {}, second = {}, copy = {};
	_cleanup_error_ struct error error = {};

	if (operator_parse((const char *)data, size, &clocks, &first, &error) < 0) {
		require(error.text && *error.text);
		require(!first.drains.items && !first.suspended && !first.suspended_why &&
			!first.suspended_by);
		return 0;
	}
	require_sound(&first);
	_cleanup_free_ char *text = operator_format(&first, &clocks);
	require(text != NULL);
	require(operator_parse(text, strlen(text), &clocks, &second, &error) == 0);
	_cleanup_free_ char *again = operator_format(&second, &clocks);
	require(strcmp(text, again) == 0);
	operator_copy(&copy, &first);
	_cleanup_free_ char *copied = operator_format(&copy, &clocks);
	require(strcmp(text, copied) == 0);
	struct facts facts = {};
	operator_facts(&first, &facts);
	require(facts.drains.count == first.drains.count);
	facts_clear(&facts);
	return 0;
}
