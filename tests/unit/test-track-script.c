// SPDX-License-Identifier: GPL-2.0-or-later
/* Scripts that virtual routers track: what a run says, and when there is one. */
#include "tests/unit/track-fixture.h"

#include <errno.h>

#include "base/run.h"
#include "daemon/messages.h"
#include "daemon/track_script.h"

static void rise_and_fall(void **state)
{
	/* What runs say, and what it is after each. */
	static const struct {
		uint32_t rise, fall;
		const char *runs, *states;
	} rows[] = {
		{1, 1, "+-+--++", "+-+--++"},
		{1, 1, "-+", "-+"},
		{1, 3, "---", "---"},
		{2, 3, "+--+---+-++", "++++++----+"},
		{3, 1, "-++-+++-", "------+-"},
		{2, 2, "+-+-+-+--", "++++++++-"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct track_script script = {.rise = rows[i].rise, .fall = rows[i].fall};
		enum track_state now = TRACK_STATE_UNKNOWN;

		for (size_t run = 0; rows[i].runs[run]; run++) {
			now = track_script_judge(&script, now, rows[i].runs[run] == '+');
			assert_int_equal(now,
				rows[i].states[run] == '+' ? TRACK_STATE_WELL : TRACK_STATE_UNWELL);
		}
	}
}

static void what_a_run_says(void **state)
{
	static const struct {
		int status;
		enum track_script_result result;
		const char *words;
	} rows[] = {
		{0, TRACK_SCRIPT_PASSED, "exit status 0"},
		{3 << 8, TRACK_SCRIPT_FAILED, "exit status 3"},
		{9, TRACK_SCRIPT_FAILED, "killed by SIGKILL"},
		{-ETIMEDOUT, TRACK_SCRIPT_FAILED, "killed after 1s500ms"},
		{-ESRCH, TRACK_SCRIPT_UNTRIED, "cannot be run: no user joe"},
		{-EPERM, TRACK_SCRIPT_UNTRIED, "cannot be run: not permitted as user joe"},
		{-ENOENT, TRACK_SCRIPT_UNTRIED, "cannot be run: No such file or directory"},
		{-ETIME, TRACK_SCRIPT_UNTRIED, "cannot be run: it never began"},
		{-ECHILD, TRACK_SCRIPT_UNTRIED, "cannot be run: its keeper was killed"},
		{-EREMOTEIO, TRACK_SCRIPT_UNTRIED, "cannot be run: user joe cannot be looked up"},
		{-EBUSY, TRACK_SCRIPT_CROWDED, ""},
	};
	const struct track_script script = {.user = "joe", .timeout = 3 * SECOND / 2};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char words[TRACK_WORDS_SIZE] = "";

		assert_int_equal(track_script_read(&script, rows[i].status, words), rows[i].result);
		assert_string_equal(words, rows[i].words);
	}
}

/* Who runs scripts: what was asked for last, and how often. */
struct runner {
	struct loop *loop;
	struct track_scripts *scripts;
	unsigned int runs, cancels, looks;
	uint64_t number;
	int refusal;
	bool seen[64]; /* by its one argument */
};

static int on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct runner *runner = data;
	const struct message_program *program = payload;
	_cleanup_free_ const char **words = NULL;
	const char *user, **environment;

	if (kind == MESSAGE_RUN_CANCEL) {
		runner->cancels++;
		return 0;
	}
	assert_int_equal(kind, MESSAGE_RUN);
	if (runner->refusal)
		return runner->refusal;
	assert_int_equal(message_program_read(program, size, &user, &words, &environment), 0);
	assert_string_equal(user, "nobody");
	assert_non_null(environment[0]);
	assert_null(environment[1]);
	runner->runs++;
	runner->number = program->number;
	if (words[1])
		runner->seen[atoi(words[1])] = true;
	return 0;
}

static void on_looked(void *data)
{
	struct runner *runner = data;

	runner->looks++;
}

static void on_end(void *data)
{
	struct runner *runner = data;

	loop_stop(runner->loop, 0);
}

/* What is due now is done. A loop runs once, so there is another one for each. */
static void spend_for(struct runner *runner, uint64_t time)
{
	struct loop_source *end;
	const struct track_scripts_options options = {.loop = runner->loop,
		.list = &list,
		.send = on_send,
		.looked = on_looked,
		.data = runner};

	if (!runner->scripts)
		assert_int_equal(track_scripts_new(&options, &runner->scripts), 0);
	track_scripts_want(runner->scripts);
	assert_int_equal(loop_add_timer(runner->loop, on_end, runner, &end), 0);
	loop_timer_set(end, loop_clock() + time);
	loop_run(runner->loop);
	loop_source_free(end);
}

static void spend(struct runner *runner)
{
	spend_for(runner, SECOND / 20);
}

static void scripts_are_asked_for(void **state)
{
	struct runner runner = {};

	(void)state;
	assert_int_equal(loop_new(&runner.loop), 0);
	WANT("{scripts: [{command: [/bin/x], interval: 1h}]}");
	spend(&runner);
	assert_int_equal(runner.runs, 1);
	assert_false(track_list_is_tried(&list));
	const struct message_ran other = {.number = runner.number + 1, .status = 256},
				 ran = {.number = runner.number, .status = 256};
	track_scripts_ran(runner.scripts, &other);
	assert_int_equal(runner.looks, 0);
	track_scripts_ran(runner.scripts, &ran);
	track_scripts_ran(runner.scripts, &ran);
	assert_int_equal(runner.looks, 1);
	assert_true(sum(0).fault);
	assert_true(track_list_is_tried(&list));
	list.forget = NULL;
	track_scripts_free(runner.scripts);
	loop_free(runner.loop);
}

static void one_that_is_forgotten_is_cancelled(void **state)
{
	struct runner runner = {};

	(void)state;
	assert_int_equal(loop_new(&runner.loop), 0);
	WANT("{scripts: [{command: [/bin/x]}]}");
	spend(&runner);
	track_scripts_forget(runner.scripts, item_at(TRACK_SCRIPT, 0));
	assert_int_equal(runner.cancels, 1);
	const struct message_ran ran = {.number = runner.number, .status = 256};
	track_scripts_ran(runner.scripts, &ran);
	assert_int_equal(runner.looks, 0);
	list.forget = NULL;
	track_scripts_free(runner.scripts);
	loop_free(runner.loop);
}

static void no_more_than_there_is_room_for(void **state)
{
	_cleanup_strbuf_ struct strbuf track = {};
	struct runner runner = {};

	(void)state;
	assert_int_equal(loop_new(&runner.loop), 0);
	for (unsigned int i = 0; i < TRACK_SCRIPTS_MOST + 8; i++)
		strbuf_printf(&track, "%s{command: [/bin/x, '%u'], interval: 1h}",
			i ? ", " : "{scripts: [", i);
	strbuf_add(&track, "]}");
	WANT(track.text);
	spend(&runner);
	assert_int_equal(runner.runs, TRACK_SCRIPTS_MOST);
	list.forget = NULL;
	track_scripts_free(runner.scripts);
	loop_free(runner.loop);
}

/* All that run are killed, a while after the others were due. */
static void on_hung(void *data)
{
	const struct runner *runner = data;

	for (uint64_t number = 1; number <= TRACK_SCRIPTS_MOST; number++)
		track_scripts_ran(runner->scripts,
			&(struct message_ran){.number = number, .status = -ETIMEDOUT});
}

static void those_that_hang_do_not_keep_the_others_from_their_turn(void **state)
{
	_cleanup_strbuf_ struct strbuf track = {};
	struct runner runner = {};
	struct loop_source *hung;

	(void)state;
	assert_int_equal(loop_new(&runner.loop), 0);
	for (unsigned int i = 0; i < TRACK_SCRIPTS_MOST + 8; i++)
		strbuf_printf(&track, "%s{command: [/bin/x, '%u'], interval: 100ms}",
			i ? ", " : "{scripts: [", i);
	strbuf_add(&track, "]}");
	WANT(track.text);
	assert_int_equal(loop_add_timer(runner.loop, on_hung, &runner, &hung), 0);
	loop_timer_set(hung, loop_clock() + SECOND / 4);
	spend_for(&runner, SECOND);
	assert_int_equal(runner.runs, 2 * TRACK_SCRIPTS_MOST);
	for (unsigned int i = 0; i < TRACK_SCRIPTS_MOST + 8; i++)
		assert_true(runner.seen[i]);
	loop_source_free(hung);
	list.forget = NULL;
	track_scripts_free(runner.scripts);
	loop_free(runner.loop);
}

static void one_that_cannot_be_asked_for(void **state)
{
	struct runner runner = {.refusal = -ENOBUFS};

	(void)state;
	assert_int_equal(loop_new(&runner.loop), 0);
	WANT("{scripts: [{command: [/bin/x]}]}");
	spend(&runner);
	assert_int_equal(item_at(TRACK_SCRIPT, 0)->state, TRACK_STATE_UNKNOWN);
	assert_string_equal(
		item_at(TRACK_SCRIPT, 0)->words, "cannot be run: No buffer space available");
	assert_int_equal(runner.looks, 1);
	list.forget = NULL;
	track_scripts_free(runner.scripts);
	loop_free(runner.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rise_and_fall),
		CASE(what_a_run_says),
		CASE(scripts_are_asked_for),
		CASE(one_that_is_forgotten_is_cancelled),
		CASE(no_more_than_there_is_room_for),
		CASE(those_that_hang_do_not_keep_the_others_from_their_turn),
		CASE(one_that_cannot_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
