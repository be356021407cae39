// SPDX-License-Identifier: GPL-2.0-or-later
/* One neighbour: every state × every event, and what becomes of him in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/neighbour.h"
#include "base/macros.h"

#define SECOND (1000 * NEIGHBOUR_MILLISECOND)
#define NOW    (1000 * SECOND)
/* The middle: REACHABLE lasts exactly its usual time. */
#define MIDDLE 0x80000000u

static const uint8_t here[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t there[6] = {2, 0, 0, 0, 0, 2};

/* What may happen, by one letter each. */
static const struct happening {
	char letter;
	struct neighbour_event event;
} happenings[] = {
	{'W', {.type = NEIGHBOUR_EVENT_WANTED}},
	{'U', {.type = NEIGHBOUR_EVENT_USED}},
	{'T', {.type = NEIGHBOUR_EVENT_TIMER}},
	{'s', {NEIGHBOUR_EVENT_ANSWER, here, false}},
	{'S', {NEIGHBOUR_EVENT_ANSWER, here, true}},
	{'n', {NEIGHBOUR_EVENT_ANSWER, NULL, true}},
	{'o', {NEIGHBOUR_EVENT_ANSWER, there, false}},
	{'O', {NEIGHBOUR_EVENT_ANSWER, there, true}},
	{'a', {NEIGHBOUR_EVENT_ANNOUNCE, here, false}},
	{'A', {NEIGHBOUR_EVENT_ANNOUNCE, here, true}},
	{'N', {NEIGHBOUR_EVENT_ANNOUNCE, NULL, true}},
	{'b', {NEIGHBOUR_EVENT_ANNOUNCE, there, false}},
	{'B', {NEIGHBOUR_EVENT_ANNOUNCE, there, true}},
};

static const struct neighbour_event *happening(char letter)
{
	for (size_t i = 0; i < ARRAY_LENGTH(happenings); i++) {
		if (happenings[i].letter == letter)
			return &happenings[i].event;
	}
	fail_msg("no happening %c", letter);
	return NULL;
}

/* "STATE LINK ACTIONS @SECONDS": G asks the group, L the link; h holds, s sends, x refuses; R releases, X
 * abandons, P publishes. */
static void tell(const struct neighbour *neighbour, unsigned int actions, uint64_t now, char *text,
	size_t size)
{
	static const char letters[] = "GLhsxRXP";
	const uint8_t *link = neighbour_link(neighbour);
	char done[sizeof(letters)] = "", timer[24] = "-";
	size_t count = 0;

	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		if (actions & 1u << i)
			done[count++] = letters[i];
	}
	if (neighbour->timer)
		snprintf(timer, sizeof(timer), "%g", (double)(neighbour->timer - now) / SECOND);
	snprintf(text, size, "%s %s %s @%s", neighbour_state_name(neighbour->state),
		!link                        ? "-"
		: memcmp(link, here, 6) == 0 ? "here"
					     : "there",
		count ? done : "-", timer);
}

/* In a state since NOW, as it comes about; "here" where he is known. */
static struct neighbour neighbour_in(enum neighbour_state state)
{
	static const char *const ways[NEIGHBOUR_STATE_COUNT] = {
		[NEIGHBOUR_STATE_NONE] = "",
		[NEIGHBOUR_STATE_INCOMPLETE] = "W",
		[NEIGHBOUR_STATE_REACHABLE] = "WS",
		[NEIGHBOUR_STATE_STALE] = "A",
		[NEIGHBOUR_STATE_PROBE] = "AU",
		[NEIGHBOUR_STATE_FAILED] = "WTTT",
	};
	struct neighbour neighbour = {};
	uint64_t now = NOW;

	for (const char *at = ways[state]; *at; at++) {
		if (*at == 'T')
			now = neighbour.timer;
		neighbour_handle(&neighbour, happening(*at), now, MIDDLE);
	}
	assert_int_equal(neighbour.state, state);
	if (neighbour.timer)
		neighbour.timer -= now - NOW;
	return neighbour;
}

static const struct {
	enum neighbour_state state;
	const char *events; /* all of these do the same */
	const char *text;
} cells[] = {
	{NEIGHBOUR_STATE_NONE, "W", "incomplete - Gh @1"},
	{NEIGHBOUR_STATE_NONE, "UTnN", "none - - @-"},
	{NEIGHBOUR_STATE_NONE, "sSaA", "stale here P @-"},
	{NEIGHBOUR_STATE_NONE, "oObB", "stale there P @-"},
	{NEIGHBOUR_STATE_INCOMPLETE, "W", "incomplete - h @1"},
	{NEIGHBOUR_STATE_INCOMPLETE, "UTnN", "incomplete - - @1"},
	{NEIGHBOUR_STATE_INCOMPLETE, "sS", "reachable here RP @30"},
	{NEIGHBOUR_STATE_INCOMPLETE, "oO", "reachable there RP @30"},
	{NEIGHBOUR_STATE_INCOMPLETE, "aA", "stale here RP @-"},
	{NEIGHBOUR_STATE_INCOMPLETE, "bB", "stale there RP @-"},
	{NEIGHBOUR_STATE_REACHABLE, "W", "reachable here s @30"},
	{NEIGHBOUR_STATE_REACHABLE, "UTsSnaAN", "reachable here - @30"},
	{NEIGHBOUR_STATE_REACHABLE, "ob", "stale here - @-"},
	{NEIGHBOUR_STATE_REACHABLE, "O", "reachable there P @30"},
	{NEIGHBOUR_STATE_REACHABLE, "B", "stale there P @-"},
	{NEIGHBOUR_STATE_STALE, "W", "probe here Ls @1"},
	{NEIGHBOUR_STATE_STALE, "U", "probe here L @1"},
	{NEIGHBOUR_STATE_STALE, "TaANob", "stale here - @-"},
	{NEIGHBOUR_STATE_STALE, "sSn", "reachable here - @30"},
	{NEIGHBOUR_STATE_STALE, "O", "reachable there P @30"},
	{NEIGHBOUR_STATE_STALE, "B", "stale there P @-"},
	{NEIGHBOUR_STATE_PROBE, "W", "probe here s @1"},
	{NEIGHBOUR_STATE_PROBE, "UTaANob", "probe here - @1"},
	{NEIGHBOUR_STATE_PROBE, "sSn", "reachable here - @30"},
	{NEIGHBOUR_STATE_PROBE, "O", "reachable there P @30"},
	{NEIGHBOUR_STATE_PROBE, "B", "stale there P @-"},
	{NEIGHBOUR_STATE_FAILED, "W", "failed - x @1"},
	{NEIGHBOUR_STATE_FAILED, "UTnN", "failed - - @1"},
	{NEIGHBOUR_STATE_FAILED, "sSaA", "stale here P @-"},
	{NEIGHBOUR_STATE_FAILED, "oObB", "stale there P @-"},
};

/* The timer of these cells has not come: T does nothing. */
static void test_every_state_and_event(void **state _unused_)
{
	size_t done = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(cells); i++) {
		for (const char *at = cells[i].events; *at; at++, done++) {
			struct neighbour neighbour = neighbour_in(cells[i].state);
			char text[80];
			unsigned int actions =
				neighbour_handle(&neighbour, happening(*at), NOW, MIDDLE);

			tell(&neighbour, actions, NOW, text, sizeof(text));
			if (strcmp(text, cells[i].text) != 0)
				fail_msg("%s, %c: %s, not %s", neighbour_state_name(cells[i].state),
					*at, text, cells[i].text);
		}
	}
	assert_int_equal(done, NEIGHBOUR_STATE_COUNT * ARRAY_LENGTH(happenings));
}

/* Each timer as it comes, and nothing else. */
static void check_timers(struct neighbour neighbour, const char *const *texts)
{
	uint64_t now;
	char text[80];

	for (; *texts; texts++) {
		now = neighbour.timer;
		assert_true(now);
		assert_int_equal(neighbour_handle(&neighbour,
					 &(struct neighbour_event){.type = NEIGHBOUR_EVENT_TIMER},
					 now - 1, MIDDLE),
			0);
		tell(&neighbour, neighbour_handle(&neighbour, happening('T'), now, MIDDLE), now,
			text, sizeof(text));
		assert_string_equal(text, *texts);
	}
	assert_int_equal(neighbour.timer, 0);
}

static void test_time(void **state _unused_)
{
	check_timers(neighbour_in(NEIGHBOUR_STATE_INCOMPLETE),
		(const char *const[]){"incomplete - G @1", "incomplete - G @1", "failed - X @1",
			"none - - @-", NULL});
	check_timers(neighbour_in(NEIGHBOUR_STATE_REACHABLE),
		(const char *const[]){"stale here - @-", NULL});
	check_timers(neighbour_in(NEIGHBOUR_STATE_PROBE),
		(const char *const[]){"probe here L @1", "probe here L @1", "probe here G @1",
			"probe here G @1", "probe here G @1", "failed - P @1", "none - - @-",
			NULL});
}

/* Packets for nobody, for an hour: no more than a question each second. */
static void test_flood_for_nobody(void **state _unused_)
{
	struct neighbour neighbour = {};
	unsigned int asked = 0;

	for (uint64_t now = NOW; now < NOW + 3600 * SECOND; now += SECOND / 10) {
		unsigned int actions = neighbour_handle(&neighbour, happening('T'), now, MIDDLE);

		actions |= neighbour_handle(&neighbour, happening('W'), now, MIDDLE);
		asked += (actions & NEIGHBOUR_ACTION_ASK_GROUP) != 0;
		assert_false(actions & NEIGHBOUR_ACTION_SEND);
	}
	assert_in_range(asked, 2000, 3600);
}

static void test_spread(void **state _unused_)
{
	static const struct {
		uint32_t random;
		uint64_t seconds;
	} cases[] = {{0, 15}, {MIDDLE, 30}, {UINT32_MAX, 44}};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct neighbour neighbour = neighbour_in(NEIGHBOUR_STATE_INCOMPLETE);

		neighbour_handle(&neighbour, happening('S'), NOW, cases[i].random);
		assert_int_equal((neighbour.timer - NOW) / SECOND, cases[i].seconds);
	}
}

static void test_names(void **state _unused_)
{
	assert_string_equal(neighbour_state_name(NEIGHBOUR_STATE_STALE), "stale");
	assert_string_equal(neighbour_state_name(NEIGHBOUR_STATE_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_state_and_event),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_flood_for_nobody),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
