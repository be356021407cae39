// SPDX-License-Identifier: GPL-2.0-or-later
/* An engine that is told verdicts, and asked over the control socket what it makes of them. */
#pragma once

#include "tests/unit/call-fixture.h"
#include "tests/unit/health-fixture.h"

/* The result of a call; `between` is called after each piece. A new reference. */
static inline json_t *ask(struct fixture *fixture, const char *method, const json_t *params,
	void (*between)(struct fixture *fixture))
{
	json_t *answer = answer_of(fixture, method, params, between);
	json_t *result = json_incref(json_object_get(answer, "result"));

	if (!result)
		fail_msg("%s: %.200s", method, json_dumps(answer, JSON_COMPACT));
	json_decref(answer);
	return result;
}

/* It is so for 12.5 s. */
static inline struct engine_verdict old_verdict(
	struct fixture *fixture, const char *target, bool up)
{
	struct engine_verdict verdict = verdict_of(fixture, target, "web", up);

	verdict.verdict.since = reconciler_now() - 12500000000;
	return verdict;
}

static inline void tell(struct fixture *fixture, const struct engine_verdict *verdict)
{
	engine_verdicts(&fixture->engine, verdict, 1);
	later(fixture, SECOND / 5);
}

static inline void tell_up(struct fixture *fixture, const char *target, bool up)
{
	const struct engine_verdict verdict = old_verdict(fixture, target, up);

	tell(fixture, &verdict);
}

static inline void begin_web(struct fixture *fixture)
{
	write_file(fixture,
		"poise: 1\nchecks:\n  web: {tcp: {}, fall: 3}\n  kept: {tcp: {}}\nservices:\n"
		"  web: {listen: \"" WEB "\", check: web, quorum: 2, slow-start: 100s, fallback: "
		"10.0.0.99,\n"
		"    destinations: [10.0.0.1, 10.0.0.2, {address: 10.0.0.3, weight: 10}]}\n"
		"  kept: {listen: \"tcp://203.0.113.11:80\", check: web, min-healthy: 100%,\n"
		"    destinations: [10.0.0.1]}\n");
	start(fixture);
	turn(fixture);
}
