// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of health outlives a restart, a kill, and another check in the place of the one that found it. */
#include <sys/stat.h>

#include "tests/unit/health-fixture.h"

/* How many are down in health.json. */
static size_t kept_down(struct fixture *fixture)
{
	_cleanup_error_ struct error error = {};
	struct verdicts verdicts = {};
	size_t down = 0;

	assert_int_equal(verdicts_load(fixture->directory, now_of(fixture), &verdicts, &error), 0);
	vector_foreach(&verdicts, item)
		down += !item->verdict.up;
	verdicts_clear(&verdicts);
	return down;
}

static void a_restart_knows_who_was_down(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", check: web, quorum: 2, destinations: [10.0.0.1, "
		"10.0.0.2]}\n");
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	stop(fixture);
	start_told(fixture);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_string_equal(probe(fixture, "10.0.0.1:80", "web")->reason, "connect: refused");
	assert_true(probe(fixture, "10.0.0.1:80", "web")->verdict.settled);
	/* It is no news, nor is the quorum. */
	assert_null(strstr(told_since(), "quorum"));
	assert_null(strstr(told_since(), "health"));
	assert_int_equal(fixture->engine.health.totals.quorums_lost, 1);
}

/* The last report of who passed is no failure's. */
static void a_restart_knows_who_failed_when(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.1:80", false);
	say(fixture, "10.0.0.2:80", false);
	say(fixture, "10.0.0.2:80", true);
	turn(fixture);
	stop(fixture);
	start_told(fixture);
	turn(fixture);
	assert_int_equal(probe(fixture, "10.0.0.1:80", "web")->failed, 1700000000000);
	assert_int_equal(probe(fixture, "10.0.0.2:80", "web")->wall, 1700000000000);
	assert_int_equal(probe(fixture, "10.0.0.2:80", "web")->failed, 0);
	assert_string_equal(probe(fixture, "10.0.0.2:80", "web")->reason, "connect: refused");
}

static void a_damaged_memory_of_health_is_told_and_done_without(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/health.json", fixture->directory);

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	stop(fixture);
	assert_int_equal(file_replace(path, "{\"poise\":", 9, 0600), 0);
	start(fixture);
	assert_int_equal(fixture->events[ENGINE_EVENT_TROUBLE], 1);
	assert_non_null(strstr(fixture->last[ENGINE_EVENT_TROUBLE], path));
	assert_non_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST]);
	/* Also when it is written anew, which is at once: until somebody has seen it. */
	later(fixture, 5 * SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_int_equal(kept_down(fixture), 0);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE]);
	const char *trouble = fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST];
	assert_non_null(trouble);
	assert_non_null(strstr(trouble, "`poise reload` takes this note away"));
	assert_true(engine_is_degraded(&fixture->engine));
	assert_int_equal(engine_reload(&fixture->engine, false, 0, "test", NULL), 0);
	turn(fixture);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST]);
	assert_false(engine_is_degraded(&fixture->engine));
	/* Nor does a start say it that finds the new one. */
	assert_int_equal(file_replace(path, "{\"poise\":", 9, 0600), 0);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_non_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST]);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST]);
}

static void a_pipe_in_the_place_of_health_json_keeps_nobody(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/health.json", fixture->directory);

	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60); /* the end of who waits for a writer */
	declare(fixture, CHECK_WEB, TWO);
	start_told(fixture);
	const char *trouble = fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST];
	assert_non_null(trouble);
	assert_non_null(strstr(trouble, "no regular file"));
	turn(fixture);
	assert_true(fixture->engine.reconciled);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE]);
	assert_int_equal(kept_down(fixture), 0);
	alarm(0);
}

/* What is said is so, and the way out leads out. */
static void a_folder_in_the_place_of_health_json_is_told_with_the_way_out(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/health.json", fixture->directory);

	assert_int_equal(mkdir(path, 0700), 0);
	declare(fixture, CHECK_WEB, TWO);
	start_told(fixture);
	const char *lost = fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST];
	assert_non_null(lost);
	assert_non_null(strstr(lost, "written anew as soon as it can be"));
	turn(fixture);
	assert_true(fixture->engine.reconciled);
	const char *file = fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE];
	assert_non_null(file);
	assert_non_null(strstr(file, path));
	assert_non_null(strstr(file, "move the directory of that name away"));
	/* Checks count all the same. */
	say(fixture, "10.0.0.1:80", false);
	later(fixture, 2 * SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_int_equal(engine_reload(&fixture->engine, false, 0, "test", NULL), 0);
	later(fixture, 2 * SECOND);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST]);
	assert_non_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE]);
	assert_int_equal(rmdir(path), 0);
	later(fixture, 2 * SECOND);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE]);
	assert_int_equal(kept_down(fixture), 1);
}

/* There is nothing to say in it, and yet nobody has to take it away. */
static void a_damaged_memory_of_health_is_mended_without_checks(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/health.json", fixture->directory);

	assert_int_equal(file_replace(path, "{", 1, 0600), 0);
	declare(fixture, CHECK_WEB, "  web: {listen: \"" WEB "\", destinations: [10.0.0.1]}\n");
	start(fixture);
	assert_non_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_LOST]);
	turn(fixture);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE]);
	assert_int_equal(kept_down(fixture), 0);
}

/* Whoever is killed a moment after the second failure knows both afterwards. */
static void each_failure_is_kept_at_once(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	later(fixture, 2 * SECOND);
	uint64_t now = now_of(fixture), start = reconciler_now();
	say(fixture, "10.0.0.1:80", false);
	engine_run(&fixture->engine, now);
	uint64_t took = reconciler_now() - start;
	assert_int_equal(kept_down(fixture), 1);
	/* A machine that has much else to do writes slowly, and waits the longer for it. */
	assert_true(fixture->engine.health.save_next <= now + 20 * took);
	now = MAX(now + 100 * MILLISECOND, fixture->engine.health.save_next);
	say(fixture, "10.0.0.2:80", false);
	engine_run(&fixture->engine, now);
	assert_int_equal(kept_down(fixture), 2);
}

/* But not before 20 times what it took, and within a second. */
static void a_storm_does_not_write_all_the_time(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	later(fixture, 2 * SECOND);
	uint64_t now = now_of(fixture);
	say(fixture, "10.0.0.1:80", false);
	engine_run(&fixture->engine, now);
	uint64_t next = fixture->engine.health.save_next;
	assert_true(next > now && next <= now + SECOND);
	say(fixture, "10.0.0.2:80", false);
	assert_true(engine_run(&fixture->engine, next - 1) <= next);
	assert_int_equal(kept_down(fixture), 1);
	assert_true(fixture->engine.health.unsaved);
	engine_run(&fixture->engine, next);
	assert_int_equal(kept_down(fixture), 2);
	assert_false(fixture->engine.health.unsaved);
}

/* A folder in its place: it is tried again, and not all the time. */
static void what_cannot_be_kept_is_tried_again(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/health.json", fixture->directory);

	begin_health(fixture, CHECK_WEB, TWO);
	later(fixture, 2 * SECOND);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	uint64_t now = now_of(fixture);
	say(fixture, "10.0.0.1:80", false);
	engine_run(&fixture->engine, now);
	assert_int_equal(fixture->engine.health.save_next, now + SECOND);
	const char *trouble = fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE];
	assert_non_null(trouble);
	assert_non_null(strstr(trouble, path));
	assert_true(engine_is_degraded(&fixture->engine));
	engine_run(&fixture->engine, now + SECOND);
	assert_int_equal(fixture->events[ENGINE_EVENT_TROUBLE], 1);
	now += SECOND;
	assert_int_equal(rmdir(path), 0);
	engine_run(&fixture->engine, now + SECOND);
	assert_int_equal(kept_down(fixture), 1);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_HEALTH_FILE]);
}

/* Another reconciler, and the health process lives: what it knows comes before the first pass, and then at once. */
static void the_first_pass_waits_for_who_knows(void **state)
{
	struct fixture *fixture = *state;

	declare(fixture, CHECK_WEB, TWO);
	start_told(fixture);
	uint64_t until = now_of(fixture) + 60 * SECOND;
	engine_wait_for_health(&fixture->engine, until);
	turn(fixture);
	/* The files are read, and what is to be probed is known. */
	assert_int_equal(engine_probes(&fixture->engine)->count, 3);
	assert_false(fixture->engine.reconciled);
	assert_int_equal(fixture->table->operations, 0);
	assert_true(fixture->next <= until);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	assert_int_equal(fixture->table->operations, 0);
	engine_wait_for_health(&fixture->engine, 0);
	turn(fixture);
	assert_true(fixture->engine.reconciled);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
}

static void the_first_pass_waits_no_longer_than_it_should(void **state)
{
	struct fixture *fixture = *state;

	declare(fixture, CHECK_WEB, TWO);
	start_told(fixture);
	uint64_t until = now_of(fixture) + 60 * SECOND;
	engine_wait_for_health(&fixture->engine, until);
	assert_int_equal(engine_run(&fixture->engine, until - 1000), until);
	engine_run(&fixture->engine, until - 1);
	assert_false(fixture->engine.reconciled);
	engine_run(&fixture->engine, until);
	assert_true(fixture->engine.reconciled);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
}

static void without_probes_nothing_waits(void **state)
{
	struct fixture *fixture = *state;

	declare(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", destinations: [10.0.0.1, 10.0.0.2]}\n");
	start_told(fixture);
	engine_wait_for_health(&fixture->engine, now_of(fixture) + SECOND);
	turn(fixture);
	assert_true(fixture->engine.reconciled);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
}

/* Who was down stays so until the check in the place of the one that said so has passed. */
static void another_check_does_not_bring_back_what_is_down(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, "  web: {tcp: {}}\n  x: {tcp: {}}\n", TWO);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	later(fixture, SECOND);
	/* Before the old one in the order of the table, and then behind it. */
	for (const char *name = "am"; name; name = *name == 'a' ? "zoo" : NULL) {
		_cleanup_free_ char *checks =
			memory_printf("  %s: {http: {}}\n  web: {tcp: {}}\n", name);
		_cleanup_free_ char *services = memory_printf(
			"  web: {listen: \"" WEB "\", check: %s, destinations: [10.0.0.1, "
			"10.0.0.2]}\n",
			name);

		declare(fixture, checks, services);
		later(fixture, SECOND);
		const struct engine_probe *renamed = probe(fixture, "10.0.0.1:80", name);
		assert_false(renamed->verdict.up);
		assert_true(renamed->verdict.settled);
		assert_string_equal(renamed->reason, "connect: refused");
		assert_true(probe(fixture, "10.0.0.2:80", name)->verdict.up);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
	}
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "zoo", true);
	engine_verdicts(&fixture->engine, &verdict, 1);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
}

/* One check more is a check of its own, and another port is another server. */
static void a_check_beside_one_that_is_down_begins_as_it_says(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	declare(fixture, CHECK_WEB "  new: {http: {}}\n",
		TWO "  more: {listen: \"tcp://203.0.113.12:80\", check: new, destinations: "
		    "[10.0.0.1]}\n");
	assert_true(probe(fixture, "10.0.0.1:80", "new")->verdict.up);
	declare(fixture, "  new: {http: {}, port: 81}\n",
		"  more: {listen: \"tcp://203.0.113.12:80\", check: new, destinations: "
		"[10.0.0.1]}\n");
	assert_true(probe(fixture, "10.0.0.1:81", "new")->verdict.up);
}

/* `web` has another check now, and `api` the one that found 10.0.0.1 down. */
static void what_is_down_stays_so_where_its_check_is_still_used(void **state)
{
	static const char *const moved =
		"  web: {listen: \"" WEB "\", check: new, destinations: [10.0.0.1, 10.0.0.2]}\n"
		"  api: {listen: \"tcp://203.0.113.11:80\", check: web, destinations: [10.0.0.1, "
		"10.0.0.3]}\n";
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	declare(fixture, CHECK_WEB "  new: {http: {}}\n", moved);
	later(fixture, SECOND);
	assert_false(probe(fixture, "10.0.0.1:80", "new")->verdict.up);
	assert_string_equal(probe(fixture, "10.0.0.1:80", "new")->reason, "connect: refused");
	assert_true(probe(fixture, "10.0.0.2:80", "new")->verdict.up);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
	/* Back, and to one that looks at another port of the same server. */
	declare(fixture, CHECK_WEB "  new: {http: {}}\n", TWO);
	declare(fixture, CHECK_WEB "  new: {http: {}, port: 8080}\n", moved);
	later(fixture, SECOND);
	assert_false(probe(fixture, "10.0.0.1:8080", "new")->verdict.up);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:8080", "new", true);
	engine_verdicts(&fixture->engine, &verdict, 1);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_int_equal(weight_of(fixture, "tcp://203.0.113.11:80", "10.0.0.1:80"), -1);
}

/* ---- Up, by a check that begins with down ---- */

#define CAREFUL "  web: {tcp: {}, initially: down}\n"
#define SORRY                                                                                      \
	"  web: {listen: \"" WEB "\", check: %s, destinations: [10.0.0.1, 10.0.0.2], fallback: "   \
	"10.0.0.99}\n"

static void declare_sorry(struct fixture *fixture, const char *checks, const char *name)
{
	_cleanup_free_ char *services = memory_printf(SORRY, name);

	declare(fixture, checks, services);
}

/* 10.0.0.1 is up, 10.0.0.2 was up and is down; nothing is due. */
static void begin_careful(struct fixture *fixture)
{
	_cleanup_free_ char *services = memory_printf(SORRY, "web");

	begin_health(fixture, CAREFUL, services);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), 1);
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", true);
	verdict.verdict.recovered = false;
	engine_verdicts(&fixture->engine, &verdict, 1);
	say(fixture, "10.0.0.2:80", false);
	later(fixture, SECOND);
	later(fixture, 60 * SECOND);
	memory_reset(fixture->table);
}

static void assert_as_before(struct fixture *fixture)
{
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), -1);
}

/* With what stands in the files now. */
static void restart(struct fixture *fixture)
{
	stop(fixture);
	start_told(fixture);
	memory_reset(fixture->table);
	turn(fixture);
}

static void a_restart_knows_who_was_up(void **state)
{
	struct fixture *fixture = *state;

	begin_careful(fixture);
	restart(fixture);
	assert_as_before(fixture);
	assert_true(probe(fixture, "10.0.0.1:80", "web")->verdict.settled);
	assert_string_equal(told_since(), "applied start +0 ~0 -0\n");
}

/* Before the old one in the order of the table, and behind it. */
static void another_name_does_not_take_out_what_is_up(void **state)
{
	struct fixture *fixture = *state;

	begin_careful(fixture);
	for (const char *name = "am"; name; name = *name == 'a' ? "zoo" : NULL) {
		_cleanup_free_ char *checks =
			memory_printf("  %s: {http: {}, initially: down}\n", name);

		declare_sorry(fixture, checks, name);
		later(fixture, SECOND);
		assert_as_before(fixture);
		assert_true(probe(fixture, "10.0.0.1:80", name)->verdict.settled);
	}
}

/* Also where somebody has the old check still. */
static void a_check_of_others_knows_who_is_up(void **state)
{
	struct fixture *fixture = *state;

	begin_careful(fixture);
	declare(fixture, CAREFUL "  new: {http: {}, initially: down}\n",
		"  web: {listen: \"" WEB "\", check: new, destinations: [10.0.0.1, 10.0.0.2], "
		"fallback: 10.0.0.99}\n"
		"  api: {listen: \"tcp://203.0.113.11:80\", check: web, destinations: "
		"[10.0.0.1]}\n");
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), -1);
}

/* A new server begins as its check says, and so does one that was never tried. */
static void what_nobody_knows_begins_as_its_check_says(void **state)
{
	struct fixture *fixture = *state;

	begin_careful(fixture);
	declare(fixture, CAREFUL,
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.3]}\n");
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.3:80"), -1);
	restart(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.3:80"), -1);
	assert_false(probe(fixture, "10.0.0.3:80", "web")->verdict.settled);
	stop(fixture);
	declare(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.3]}\n");
	start_told(fixture);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.3:80"), 1);
}

/* A weight counts before the verdict is settled, and other files and a restart do not take it back. */
static void a_weight_that_was_said_once_is_kept(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", true);
	verdict.verdict = (struct verdict){.up = true, .weight = 7};
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 7);
	declare(fixture, CHECK_WEB "  more: {tcp: {}}\n", TWO);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 7);
	restart(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 7);
	assert_int_equal(memory_writes(fixture->table), 0);
}

/* One of none is out by the word of a program, and another name does not bring it in. */
static void another_name_keeps_the_weight(void **state)
{
	static const char service[] = "  web: {listen: \"" WEB "\", check: [%s], destinations: "
				      "[10.0.0.1, 10.0.0.2]}\n";
	struct fixture *fixture = *state;

	begin_health(fixture, "  web: {tcp: {}}\n",
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2]}\n");
	for (int settled = 0; settled < 2; settled++) {
		struct engine_verdict verdict =
			verdict_of(fixture, "10.0.0.1:80", settled ? "am" : "web", true);
		const char *name = settled ? "zoo" : "am";
		_cleanup_free_ char *checks = memory_printf("  %s: {http: {}}\n", name);
		_cleanup_free_ char *services = memory_printf(service, name);

		verdict.verdict = (struct verdict){.up = true, .settled = settled, .weight = 0};
		engine_verdicts(&fixture->engine, &verdict, 1);
		later(fixture, SECOND);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 0);
		memory_reset(fixture->table);
		declare(fixture, checks, services);
		later(fixture, SECOND);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 0);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
		assert_int_equal(memory_writes(fixture->table), 0);
	}
	/* One beside it speaks for itself. */
	declare(fixture, "  zoo: {http: {}}\n  more: {tcp: {}}\n",
		"  web: {listen: \"" WEB "\", check: [zoo, more], destinations: "
		"[10.0.0.1, 10.0.0.2]}\n");
	later(fixture, SECOND);
	assert_int_equal(probe(fixture, "10.0.0.1:80", "more")->verdict.weight, VERDICT_NO_WEIGHT);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 0);
}

/* ---- Other files than before the restart ---- */

static void restart_with(struct fixture *fixture, const char *checks, const char *name)
{
	stop(fixture);
	declare_sorry(fixture, checks, name);
	start_told(fixture);
	memory_reset(fixture->table);
	turn(fixture);
}

static void a_restart_knows_renamed_checks(void **state)
{
	struct fixture *fixture = *state;

	begin_careful(fixture);
	for (const char *name = "am"; name; name = *name == 'a' ? "zoo" : NULL) {
		_cleanup_free_ char *checks =
			memory_printf("  %s: {http: {}, initially: down}\n", name);

		restart_with(fixture, checks, name);
		assert_as_before(fixture);
		assert_true(probe(fixture, "10.0.0.1:80", name)->verdict.settled);
		assert_string_equal(
			probe(fixture, "10.0.0.2:80", name)->reason, "connect: refused");
	}
	/* One that begins with up has nothing to begin with but what is down. */
	restart_with(fixture, "  new: {tcp: {}}\n", "new");
	assert_as_before(fixture);
	assert_false(probe(fixture, "10.0.0.1:80", "new")->verdict.settled);
	assert_true(probe(fixture, "10.0.0.2:80", "new")->verdict.settled);
}

/* Whoever climbs goes on with it when the check has another name, and again another one. */
static void who_climbs_climbs_on_by_another_name(void **state)
{
	static const char *const names[] = {"web", "wob", "am"};
	static const uint64_t seconds[] = {0, 3, 6};
	struct fixture *fixture = *state;
	uint64_t since = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		_cleanup_free_ char *checks = memory_printf("  %s: {tcp: {}}\n", names[i]);
		_cleanup_free_ char *services = memory_printf(
			"  web: {listen: \"" WEB "\", check: %s, slow-start: 10s, destinations: "
			"[{address: 10.0.0.1, weight: 100}, 10.0.0.2]}\n",
			names[i]);

		if (i > 0) {
			fixture->ahead += seconds[i] * SECOND - (now_of(fixture) - since);
			declare(fixture, checks, services);
		} else {
			begin_health(fixture, checks, services);
			say(fixture, "10.0.0.1:80", false);
			turn(fixture);
			later(fixture, 10 * SECOND);
			say(fixture, "10.0.0.1:80", true);
			since = probe(fixture, "10.0.0.1:80", "web")->verdict.since;
			turn(fixture);
		}
		const struct engine_probe *found = probe(fixture, "10.0.0.1:80", names[i]);
		int step = weight_of(fixture, WEB, "10.0.0.1:80") / 10;

		assert_true(found->verdict.up && found->verdict.recovered);
		assert_true(found->verdict.since == since);
		/* The machine may be slow. */
		assert_in_range(step, MAX(seconds[i], (uint64_t)1), 9);
		assert_int_equal(fixture->engine.health.totals.climbing, 1);
		/* Who never failed has nothing to climb from. */
		assert_false(probe(fixture, "10.0.0.2:80", names[i])->verdict.settled);
	}
}

static void a_restart_knows_checks_of_another_port(void **state)
{
	static const char *const ports[] = {
		"  web: {tcp: {}, initially: down, port: 8080}\n",
		"  web: {tcp: {}, initially: down, port: 81}\n",
		"  web: {ping: {}, initially: down}\n",
		CAREFUL,
	};
	struct fixture *fixture = *state;

	begin_careful(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(ports); i++) {
		restart_with(fixture, ports[i], "web");
		assert_as_before(fixture);
	}
	/* Another port of the destination's own is another server. */
	stop(fixture);
	declare(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB
		"\", check: web, destinations: [\"10.0.0.1:90\", \"10.0.0.2:90\"]}\n");
	start_told(fixture);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:90"), 1);
}

/* That `web` is down says nothing of who is up by `api`, which was there before. */
static void a_check_that_is_gone_takes_nobody_out_who_is_up_by_another(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB "  api: {tcp: {}}\n",
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1]}\n"
		"  api: {listen: \"tcp://203.0.113.11:80\", check: api, destinations: "
		"[10.0.0.1]}\n");
	say(fixture, "10.0.0.1:80", false);
	later(fixture, SECOND);
	stop(fixture);
	declare(fixture, "  api: {tcp: {}}\n",
		"  api: {listen: \"tcp://203.0.113.11:80\", check: api, destinations: "
		"[10.0.0.1]}\n");
	start_told(fixture);
	turn(fixture);
	assert_int_equal(weight_of(fixture, "tcp://203.0.113.11:80", "10.0.0.1:80"), 1);
}

/* ---- What could not be tried ---- */

static struct engine_verdict untried_of(struct fixture *fixture, const char *target)
{
	struct engine_verdict verdict = verdict_of(fixture, target, "web", true);

	verdict.verdict.recovered = false;
	verdict.untried = true;
	verdict.reason = "cannot read /x";
	return verdict;
}

/* 10.0.0.1 is up, and cannot be tried; nothing is due. */
static struct engine_verdict begin_untried(struct fixture *fixture)
{
	begin_health(fixture, CHECK_WEB, TWO);
	struct engine_verdict verdict = untried_of(fixture, "10.0.0.1:80");
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	assert_string_equal(probe(fixture, "10.0.0.1:80", "web")->untried, "cannot read /x");
	assert_int_equal(fixture->engine.health.totals.probes_untried, 1);
	return verdict;
}

/* Another health process, which knows the verdict and nothing else, and then tries. */
static void the_first_try_ends_what_could_not_be_tried(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict verdict = begin_untried(fixture);
	const uint64_t *passes = fixture->engine.counters.passes;
	uint64_t before = passes[ENGINE_REASON_HEALTH];

	verdict.untried = false;
	verdict.reason = "";
	verdict.wall = 0;
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	assert_non_null(probe(fixture, "10.0.0.1:80", "web")->untried);
	assert_int_equal(probe(fixture, "10.0.0.1:80", "web")->wall, 1700000000000);
	verdict.wall = 1700000001000;
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	assert_null(probe(fixture, "10.0.0.1:80", "web")->untried);
	assert_int_equal(fixture->engine.health.totals.probes_untried, 0);
	assert_non_null(strstr(fixture->last[ENGINE_EVENT_HEALTH], "can be tried again"));
	assert_int_equal(passes[ENGINE_REASON_HEALTH], before);
	assert_int_equal(fixture->table->operations, 0);
}

/* Nobody looks at a service for it, and no file is written. */
static void a_first_try_that_changes_nothing_costs_no_pass(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.1:80", false);
	later(fixture, SECOND);
	const uint64_t *passes = fixture->engine.counters.passes;
	uint64_t before = passes[ENGINE_REASON_HEALTH];
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", false);
	verdict.verdict = probe(fixture, "10.0.0.1:80", "web")->verdict;
	verdict.wall++;
	engine_verdicts(&fixture->engine, &verdict, 1);
	assert_int_equal(fixture->engine.health.dirty.count, 0);
	assert_false(fixture->engine.health.unsaved);
	later(fixture, SECOND);
	assert_int_equal(passes[ENGINE_REASON_HEALTH], before);
	assert_int_equal(probe(fixture, "10.0.0.1:80", "web")->wall, verdict.wall);
}

static void another_target_has_not_been_tried_yet(void **state)
{
	struct fixture *fixture = *state;

	begin_untried(fixture);
	declare(fixture, CHECK_WEB "  more: {tcp: {}}\n", TWO);
	assert_non_null(probe(fixture, "10.0.0.1:80", "web")->untried);
	declare(fixture, "  web: {tcp: {}, port: 8080}\n", TWO);
	assert_null(probe(fixture, "10.0.0.1:8080", "web")->untried);
	assert_true(probe(fixture, "10.0.0.1:8080", "web")->verdict.settled);
	assert_int_equal(fixture->engine.health.totals.probes_untried, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_told)
		TEST(a_restart_knows_who_was_down),
		TEST(a_restart_knows_who_failed_when),
		TEST(a_damaged_memory_of_health_is_told_and_done_without),
		TEST(a_damaged_memory_of_health_is_mended_without_checks),
		TEST(a_pipe_in_the_place_of_health_json_keeps_nobody),
		TEST(a_folder_in_the_place_of_health_json_is_told_with_the_way_out),
		TEST(each_failure_is_kept_at_once),
		TEST(a_storm_does_not_write_all_the_time),
		TEST(what_cannot_be_kept_is_tried_again),
		TEST(the_first_pass_waits_for_who_knows),
		TEST(the_first_pass_waits_no_longer_than_it_should),
		TEST(without_probes_nothing_waits),
		TEST(another_check_does_not_bring_back_what_is_down),
		TEST(a_check_beside_one_that_is_down_begins_as_it_says),
		TEST(what_is_down_stays_so_where_its_check_is_still_used),
		TEST(a_restart_knows_who_was_up),
		TEST(another_name_does_not_take_out_what_is_up),
		TEST(a_check_of_others_knows_who_is_up),
		TEST(what_nobody_knows_begins_as_its_check_says),
		TEST(a_weight_that_was_said_once_is_kept),
		TEST(another_name_keeps_the_weight),
		TEST(a_restart_knows_renamed_checks),
		TEST(who_climbs_climbs_on_by_another_name),
		TEST(a_restart_knows_checks_of_another_port),
		TEST(a_check_that_is_gone_takes_nobody_out_who_is_up_by_another),
		TEST(the_first_try_ends_what_could_not_be_tried),
		TEST(a_first_try_that_changes_nothing_costs_no_pass),
		TEST(another_target_has_not_been_tried_yet),
	};

	return cmocka_run_group_tests_name("engine-health-kept", tests, NULL, NULL);
}
