// SPDX-License-Identifier: GPL-2.0-or-later
/* Two counters, of which one is always 0: an end of a row begins the other.
 *
 * What is up by `initially` alone is not settled by the first pass, for the same reason for which one pass brings nothing
 * back. `recovered` is of those that probes have found down: a server that began down because the file says so has
 * nothing to recover from, and at a start all of them would climb at once. */
#include "health/judge.h"

void judge_begin(struct judge *judge, const struct config_check *check, const struct verdict *known)
{
	if (known)
		judge->verdict = *known;
	else
		judge->verdict = (struct verdict){
			.up = check->initially == CONFIG_INITIALLY_UP, .weight = VERDICT_NO_WEIGHT};
}

void judge_restart(struct judge *judge, const struct config_check *check)
{
	judge->passes = judge->failures = 0;
	judge->failing = judge->tried = false;
	free(STEAL(judge->reason));
	if (!judge->verdict.settled)
		judge_begin(judge, check, NULL);
}

static void judge_turn(struct judge *judge, bool up, uint64_t now)
{
	struct verdict *verdict = &judge->verdict;

	if (verdict->up != up) {
		verdict->recovered = up && verdict->settled;
		verdict->since = now;
	}
	verdict->up = up;
	verdict->settled = true;
}

static bool judge_passed(struct judge *judge, const struct config_check *check,
	const struct checker_outcome *outcome, uint64_t now)
{
	const struct verdict before = judge->verdict;
	bool failed = judge->failing;

	judge->failing = false;
	judge->failures = 0;
	free(judge->reason);
	judge->reason = NULL;
	judge->verdict.weight = outcome->weight;
	if (judge->passes < check->rise)
		judge->passes++;
	if (judge->passes >= check->rise)
		judge_turn(judge, true, now);
	return failed || !verdict_equal(&before, &judge->verdict);
}

static bool judge_note(char **text, const char *reason)
{
	if (*text && strcmp(*text, reason) == 0)
		return false;
	free(*text);
	*text = memory_copy_string(reason);
	return true;
}

static bool judge_failed(struct judge *judge, const struct config_check *check,
	const struct checker_outcome *outcome, uint64_t now)
{
	const struct verdict before = judge->verdict;
	uint32_t failures = judge->failures;
	bool another = judge_note(&judge->reason, outcome->reason);

	judge->failing = true;
	judge->passes = 0;
	judge->failures = failures < check->fall ? failures + 1 : check->fall;
	if (judge->failures >= check->fall)
		judge_turn(judge, false, now);
	return another || judge->failures != failures || !verdict_equal(&before, &judge->verdict);
}

/* A moment's want (descriptors, memory) is nobody's business. */
static bool judge_untried(struct judge *judge, const struct checker_outcome *outcome)
{
	if (judge->untried < JUDGE_UNTRIED)
		judge->untried++;
	return judge->untried == JUDGE_UNTRIED && judge_note(&judge->wanting, outcome->reason);
}

bool judge_starved(struct judge *judge, const char *reason)
{
	judge->untried = JUDGE_UNTRIED;
	return judge_note(&judge->wanting, reason);
}

/* Whether it was told that it could not be. */
static bool judge_tried(struct judge *judge)
{
	bool told = judge->wanting;

	judge->untried = 0;
	free(STEAL(judge->wanting));
	return told;
}

bool judge_result(struct judge *judge, const struct config_check *check,
	const struct checker_outcome *outcome, uint64_t now, uint64_t wall)
{
	if (outcome->result == CHECKER_RESULT_UNTRIED)
		return judge_untried(judge, outcome);
	bool again = judge_tried(judge);
	/* Whoever kept what was known of it before may have kept that it cannot be tried, or that it fails. */
	again |= !judge->tried;
	judge->tried = true;
	judge->wall = wall;
	if (outcome->result == CHECKER_RESULT_PASSED)
		return judge_passed(judge, check, outcome, now) || again;
	return judge_failed(judge, check, outcome, now) || again;
}

void judge_clear(struct judge *judge)
{
	free(judge->reason);
	free(judge->wanting);
	*judge = (struct judge){};
}
