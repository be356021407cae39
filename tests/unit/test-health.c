// SPDX-License-Identifier: GPL-2.0-or-later
/* The keeper of probes, with real servers on the loopback: what it tells, and what it keeps when the list is another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "health/health.h"
#include "health/schedule.h"
#include "model/load.h"
#include "tests/support/checking.h"
#include "tests/support/network.h"
#include "tests/support/patience.h"

#define MS           1000000ull
#define PATIENCE     30000 /* ms, for what must come */
#define PROBES_MOST  1000
#define REPORTS_MOST 20000

#define PROGRAMS_WORLD 400

/* One that runs, or was refused. */
struct program {
	int64_t number; /* 0: none */
	void (*done)(void *data, int status);
	void *data;
	uint64_t end;
	int status;
};

struct fixture {
	struct loop *loop;
	struct checker_runner runner;
	struct loop_source *tick;
	struct program programs[2 * PROGRAMS_WORLD];
	size_t room, programs_running, refused;
	uint64_t program_ns; /* how long each takes */
	int program_status;  /* that it ends with */
	uint64_t ticked;     /* when on_tick() ran last */
	size_t absences; /* how often this process was stopped for so long that health.c begins anew */
	int64_t last_program;
	uint32_t probed[PROGRAMS_WORLD]; /* by address: how often its program was begun */
	struct checkers *checkers;
	struct health *health;
	struct patience patience;
	struct health_report reports[REPORTS_MOST]; /* in the order in which they came */
	size_t count, largest;                      /* largest: of one call */
	int server;                                 /* that a case looks into */
};

static void on_changed(void *data, const struct health_report *reports, size_t count)
{
	struct fixture *fixture = data;

	assert_true(count && fixture->count + count <= REPORTS_MOST);
	memcpy(fixture->reports + fixture->count, reports, count * sizeof(*reports));
	fixture->count += count;
	fixture->largest = MAX(fixture->largest, count);
}

/* ---- Programs: what runs them has some room, and takes its time ---- */

#define PROGRAM_NS (200 * MS)

static int64_t run_program(void *data, const struct checker_program *program,
	void (*done)(void *data, int status), void *done_data)
{
	struct fixture *fixture = data;
	struct program *free_one = fixture->programs;
	unsigned int host[2];

	assert_int_equal(
		sscanf(program->environment[1], "POISE_ADDRESS=127.0.%u.%u", &host[0], &host[1]),
		2);
	while (free_one->number)
		free_one++;
	bool refused = fixture->programs_running == fixture->room;
	*free_one = (struct program){.number = ++fixture->last_program,
		.done = done,
		.data = done_data,
		.end = refused ? 0 : loop_clock() + fixture->program_ns,
		.status = refused ? -EBUSY : fixture->program_status};
	fixture->programs_running += !refused;
	fixture->refused += refused;
	if (!refused)
		fixture->probed[host[0] * 256 + host[1]]++;
	return free_one->number;
}

static void cancel_program(void *data, int64_t number)
{
	struct fixture *fixture = data;

	for (size_t i = 0; i < ARRAY_LENGTH(fixture->programs); i++) {
		if (fixture->programs[i].number != number)
			continue;
		fixture->programs_running -= fixture->programs[i].status != -EBUSY;
		fixture->programs[i].number = 0;
	}
}

static void on_tick(void *data)
{
	struct fixture *fixture = data;
	uint64_t now = loop_clock();

	fixture->absences += fixture->ticked && now - fixture->ticked > SCHEDULE_AWAY_NS * 9 / 10;
	fixture->ticked = now;
	for (size_t i = 0; i < ARRAY_LENGTH(fixture->programs); i++) {
		struct program program = fixture->programs[i];

		if (!program.number || program.end > now)
			continue;
		cancel_program(fixture, program.number);
		program.done(program.data, program.status);
	}
	loop_timer_set(fixture->tick, now + MS);
}

static int setup(void **state)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));
	struct error error = {};

	assert_int_equal(loop_new(&fixture->loop), 0);
	fixture->runner = (struct checker_runner){run_program, cancel_program, fixture};
	fixture->program_ns = PROGRAM_NS;
	const struct checkers_options checkers = {
		.loop = fixture->loop, .runner = &fixture->runner};
	assert_int_equal(checkers_new(&checkers, &fixture->checkers, &error), 0);
	const struct health_options health = {.loop = fixture->loop,
		.checkers = fixture->checkers,
		.changed = on_changed,
		.data = fixture};
	assert_int_equal(health_new(&health, &fixture->health), 0);
	patience_begin(&fixture->patience, fixture->loop, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	health_free(fixture->health);
	checkers_free(fixture->checkers);
	loop_source_free(fixture->tick);
	patience_end(&fixture->patience);
	loop_free(fixture->loop);
	free(fixture);
	return 0;
}

/* ---- Servers ---- */

static uint16_t open_port(int type, int *fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);

	*fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(*fd >= 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&address, &size), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(*fd, 1000), 0);
	return ntohs(address.sin_port);
}

static uint16_t closed_port(void)
{
	int fd;
	uint16_t port = open_port(SOCK_STREAM, &fd);

	close(fd);
	return port;
}

/* ---- Lists ---- */

static void set(struct fixture *fixture, const char *checks, const struct health_probe *probes,
	size_t count)
{
	_cleanup_free_ char *text =
		memory_printf("poise: 1\nallow-empty: true\nchecks:\n%s", checks);
	const struct document document = {.name = "test", .text = text, .size = strlen(text)};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_config_ struct config config = {};

	assert_int_equal(config_load(&document, 1, &config, &diagnostics), 0);
	health_set(fixture->health, &config, probes, count);
	assert_int_equal(config.checks.count, 0);
}

static struct health_probe probe_of(uint32_t check, uint32_t host, uint16_t port)
{
	uint32_t bytes = htonl(0x7f000000 + host);

	return (struct health_probe){.check = check,
		.target = {.address = address_from_bytes(AF_INET, &bytes), .port = port}};
}

static const struct health_report *last_of(const struct fixture *fixture, uint32_t probe)
{
	for (size_t i = fixture->count; i-- > 0;)
		if (fixture->reports[i].probe == probe)
			return &fixture->reports[i];
	return NULL;
}

static bool is_settled(const struct fixture *fixture, uint32_t probe, bool up)
{
	const struct health_report *last = last_of(fixture, probe);

	return last && last->verdict.settled && last->verdict.up == up;
}

#define FAST "interval: 100ms, timeout: 90ms"

/* ---- Cases ---- */

static bool is_first_up_and_second_down(struct fixture *fixture)
{
	return is_settled(fixture, 0, true) && is_settled(fixture, 1, false);
}

static void test_tells_what_it_finds(void **state)
{
	struct fixture *fixture = *state;
	int fd;
	uint16_t good = open_port(SOCK_STREAM, &fd), bad = closed_port();
	const struct health_probe probes[] = {probe_of(0, 1, good), probe_of(0, 2, bad)};

	set(fixture, "  a: {tcp: {}, rise: 2, fall: 3, " FAST "}\n", probes, 2);
	patience_spend(&fixture->patience, PATIENCE, is_first_up_and_second_down);
	const struct health_report *down = last_of(fixture, 1);
	assert_string_equal(down->reason, "connect: refused");
	assert_true(down->failing);
	assert_int_equal(down->failures, 3);
	assert_true(down->wall > 1600000000000ull && down->verdict.since > 0);
	/* One after the other: 1, 2, 3 failures. */
	uint32_t failures = 0;
	for (size_t i = 0; i < fixture->count; i++)
		if (fixture->reports[i].probe == 1)
			assert_int_equal(fixture->reports[i].failures, ++failures);
	assert_int_equal(health_counters(fixture->health)->down, 1);
	assert_int_equal(health_counters(fixture->health)->probes, 2);
	close(fd);
}

/* For half a second. */
static bool is_second_down_for_long(struct fixture *fixture)
{
	static uint64_t since;

	if (!is_settled(fixture, 1, false))
		return false;
	since = since ? since : loop_clock();
	return loop_clock() - since > 500000000;
}

/* While it is in doubt it is asked more often than once an hour, and no longer once that is settled. */
static void test_asks_sooner_in_doubt(void **state)
{
	struct fixture *fixture = *state;
	int fd;
	uint16_t good = open_port(SOCK_STREAM, &fd), bad = closed_port();
	const struct health_probe probes[] = {probe_of(0, 1, good), probe_of(0, 2, bad)};

	set(fixture, "  a: {tcp: {}, fall: 4, interval: 1h, retry-interval: 100ms}\n", probes, 2);
	patience_spend(&fixture->patience, PATIENCE, is_second_down_for_long);
	assert_int_equal(last_of(fixture, 1)->failures, 4);
	assert_int_equal(health_counters(fixture->health)->failed, 4);
	assert_int_equal(health_counters(fixture->health)->passed, 1);
	close(fd);
}

static struct health_probe list[2];

static bool is_untried(struct fixture *fixture)
{
	return fixture->count > 0;
}

/* Its verdict is what `initially` says, and nobody hears of it again before that is otherwise. */
static void test_tells_what_cannot_be_tried(void **state)
{
	struct fixture *fixture = *state;
	int fd;
	const struct health_probe probe = probe_of(0, 1, open_port(SOCK_STREAM, &fd));

	set(fixture, "  a: {tcp: {}, source: 192.0.2.77, " FAST "}\n", &probe, 1);
	patience_spend(&fixture->patience, PATIENCE, is_untried);
	assert_true(fixture->reports[0].untried && fixture->reports[0].verdict.up);
	assert_false(fixture->reports[0].verdict.settled || fixture->reports[0].failing);
	assert_string_equal(fixture->reports[0].reason, "source: no local address or port");
	assert_int_equal(fixture->reports[0].wall, 0);
	assert_true(health_counters(fixture->health)->untried >= 3);
	assert_int_equal(fixture->count, 1);
	close(fd);
}

static bool is_tried(struct fixture *fixture)
{
	return fixture->count > 0 && !fixture->reports[fixture->count - 1].untried;
}

static bool give_it_its_address(struct fixture *fixture)
{
	if (!fixture->count)
		return false;
	set(fixture, "  a: {tcp: {}, rise: 1, source: 127.0.0.1, " FAST "}\n", list, 1);
	fixture->patience.until = is_tried;
	return false;
}

static void test_tells_what_can_be_tried_again(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	list[0] = probe_of(0, 1, open_port(SOCK_STREAM, &fd));
	set(fixture, "  a: {tcp: {}, source: 192.0.2.77, " FAST "}\n", list, 1);
	patience_spend(&fixture->patience, PATIENCE, give_it_its_address);
	assert_int_equal(fixture->count, 2);
	assert_true(is_settled(fixture, 0, true));
	assert_string_equal(fixture->reports[1].reason, "");
	close(fd);
}

static bool is_settled_and_down(struct fixture *fixture)
{
	return is_settled(fixture, 0, false);
}

static bool is_second_down(struct fixture *fixture)
{
	return is_settled(fixture, 1, false);
}

static void set_one(struct fixture *fixture, const char *checks, uint16_t port)
{
	const struct health_probe probe = probe_of(0, 2, port);

	set(fixture, checks, &probe, 1);
}

static uint64_t since;

static bool are_both_told(struct fixture *fixture)
{
	return is_settled(fixture, 0, false) && is_settled(fixture, 1, false);
}

static bool put_another_before_it(struct fixture *fixture)
{
	if (!is_settled(fixture, 0, false))
		return false;
	since = last_of(fixture, 0)->verdict.since;
	fixture->count = 0;
	set(fixture, "  a: {tcp: {}, fall: 1, interval: 1h}\n", list, 2);
	health_tell_all(fixture->health);
	fixture->patience.until = are_both_told;
	return false;
}

/* A new one before it gives it another number, and nothing else: it has its verdict, and its turn does not begin anew. */
static void test_keeps_what_is_unchanged(void **state)
{
	struct fixture *fixture = *state;
	uint16_t bad = closed_port();

	list[0] = probe_of(0, 1, bad);
	list[1] = probe_of(0, 2, bad);
	set(fixture, "  a: {tcp: {}, fall: 1, interval: 1h}\n", &list[1], 1);
	patience_spend(&fixture->patience, PATIENCE, put_another_before_it);
	assert_int_equal(last_of(fixture, 1)->verdict.since, since);
	assert_true(last_of(fixture, 0)->verdict.since > since);
	assert_int_equal(health_counters(fixture->health)->failed, 2);
	assert_int_equal(health_counters(fixture->health)->down, 2);
}

static bool has_passed(struct fixture *fixture)
{
	return fixture->count && health_counters(fixture->health)->passed > 1;
}

static void test_changed_check_keeps_its_verdict(void **state)
{
	struct fixture *fixture = *state;
	int fd;
	uint16_t good = open_port(SOCK_STREAM, &fd);
	struct health_probe probe = probe_of(0, 2, good);

	probe.known = true;
	probe.verdict = (struct verdict){.settled = true, .weight = VERDICT_NO_WEIGHT, .since = 7};
	set(fixture, "  a: {tcp: {}, rise: 1000, interval: 1h}\n", &probe, 1);
	assert_int_equal(health_counters(fixture->health)->down, 1);
	/* What is said to be known of it now is not heard. */
	probe.verdict.up = true;
	set(fixture, "  a: {tcp: {}, rise: 999, " FAST "}\n", &probe, 1);
	assert_int_equal(health_counters(fixture->health)->down, 1);
	health_tell_all(fixture->health);
	patience_spend(&fixture->patience, PATIENCE, has_passed);
	assert_false(last_of(fixture, 0)->verdict.up);
	assert_int_equal(last_of(fixture, 0)->verdict.since, 7);
	close(fd);
}

static void test_known_verdict_stands(void **state)
{
	struct fixture *fixture = *state;
	uint16_t bad = closed_port();
	struct health_probe probes[] = {probe_of(0, 1, bad), probe_of(0, 2, bad)};

	probes[0].known = true;
	probes[0].verdict = (struct verdict){.settled = true, .weight = VERDICT_NO_WEIGHT};
	set(fixture, "  a: {tcp: {}, fall: 2, " FAST "}\n", probes, 2);
	patience_spend(&fixture->patience, PATIENCE, is_second_down);
	for (size_t i = 0; i < fixture->count; i++)
		if (fixture->reports[i].probe == 0)
			assert_false(fixture->reports[i].verdict.up);
}

#define SILENT "  a: {udp: {send: x, expect: y}, fall: 1, "

static void test_removed_ones_are_over(void **state)
{
	struct fixture *fixture = *state;
	int fd;
	const struct health_probe probe = probe_of(0, 1, open_port(SOCK_DGRAM, &fd));

	set(fixture, SILENT "interval: 100ms, timeout: 100ms}\n", &probe, 1);
	set(fixture, SILENT "interval: 100ms, timeout: 100ms}\n", NULL, 0);
	patience_spend(&fixture->patience, 300, NULL);
	assert_int_equal(fixture->count, 0);
	assert_int_equal(health_counters(fixture->health)->running, 0);
	assert_int_equal(health_counters(fixture->health)->probes, 0);
	close(fd);
}

static bool release_at_the_end(struct fixture *fixture)
{
	if (health_counters(fixture->health)->failed < 5)
		return false;
	assert_int_equal(fixture->count, 0);
	health_hold(fixture->health, false);
	fixture->patience.until = is_settled_and_down;
	return false;
}

/* The last word of each, when it may speak again. */
static void test_held(void **state)
{
	struct fixture *fixture = *state;

	set_one(fixture, "  a: {tcp: {}, fall: 3, " FAST "}\n", closed_port());
	health_hold(fixture->health, true);
	patience_spend(&fixture->patience, PATIENCE, release_at_the_end);
	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->reports[0].failures, 3);
}

static bool are_all_told(struct fixture *fixture)
{
	return fixture->count >= PROBES_MOST;
}

static void test_tells_all_in_portions(void **state)
{
	struct fixture *fixture = *state;
	static struct health_probe probes[PROBES_MOST];
	int fd;
	uint16_t port = open_port(SOCK_DGRAM, &fd);

	for (uint32_t i = 0; i < PROBES_MOST; i++)
		probes[i] = probe_of(0, i + 1, port);
	set(fixture, SILENT "interval: 1h, start-delay: 1h}\n", probes, PROBES_MOST);
	health_tell_all(fixture->health);
	health_tell_all(fixture->health);
	patience_spend(&fixture->patience, PATIENCE, are_all_told);
	assert_int_equal(fixture->count, PROBES_MOST);
	assert_int_equal(fixture->largest, HEALTH_REPORTS_MOST);
	for (uint32_t i = 0; i < PROBES_MOST; i++)
		assert_int_equal(fixture->reports[i].probe, i);
	close(fd);
}

static size_t most_running;

static bool have_all_failed(struct fixture *fixture)
{
	const struct health_counters *counters = health_counters(fixture->health);

	most_running = MAX(most_running, counters->running);
	return counters->failed >= 200;
}

#define PLACES 20

/* Begins anew with places for so many probes; returns what was allowed before. */
static struct rlimit begin_with_few_places(void **state)
{
	struct rlimit before, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 64 + PLACES;
	assert_true(checking_count_descriptors() < 64);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	teardown(state);
	setup(state);
	return before;
}

/* More probes than descriptors: they wait for one another, and none is failed for it. */
static void test_waits_for_descriptors(void **state)
{
	static struct health_probe probes[200];
	int fd;
	uint16_t port = open_port(SOCK_DGRAM, &fd);
	const struct rlimit before = begin_with_few_places(state);
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < ARRAY_LENGTH(probes); i++)
		probes[i] = probe_of(0, i + 1, port);
	most_running = 0;
	set(fixture, SILENT "interval: 1h, timeout: 50ms}\n", probes, ARRAY_LENGTH(probes));
	patience_spend(&fixture->patience, PATIENCE, have_all_failed);
	assert_int_equal(most_running, PLACES);
	assert_int_equal(health_counters(fixture->health)->untried, 0);
	assert_int_equal(health_counters(fixture->health)->expired, 200);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(fd);
}

static void begin_programs(struct fixture *fixture, size_t room)
{
	fixture->room = room;
	assert_int_equal(loop_add_timer(fixture->loop, on_tick, fixture, &fixture->tick), 0);
	loop_timer_set(fixture->tick, loop_clock());
}

/* As many as there are places for, which hang, and one more. */
static struct health_probe crowd[PLACES + 1];
#define CROWD SILENT "interval: 1h, timeout: 13s}\n"

static bool is_last_tried(struct fixture *fixture)
{
	return is_settled(fixture, PLACES, true) && !last_of(fixture, PLACES)->untried;
}

static bool is_last_told(struct fixture *fixture)
{
	const struct health_report *last = last_of(fixture, PLACES);
	bool full;

	if (!last || !last->untried)
		return false;
	assert_string_equal(
		last->reason, "no descriptors free: 20 of 20 for probes in use, raise LimitNOFILE");
	assert_true(health_take_behind(fixture->health, &full) >= 10000 * MS);
	assert_true(full);
	/* An absence lets all begin anew. */
	assert_in_range(
		health_counters(fixture->health)->late, 1, 1 + fixture->absences * (PLACES + 1));
	fixture->patience.until = is_last_tried;
	return false;
}

static bool add_the_last(struct fixture *fixture)
{
	if (health_counters(fixture->health)->running < PLACES)
		return false;
	set(fixture, CROWD "  b: {tcp: {}, rise: 1, interval: 1s}\n", crowd, PLACES + 1);
	fixture->patience.until = is_last_told;
	return false;
}

/* Whoever waits for a place for too long is told as one that cannot be tried, whatever its kind. */
static void test_starved_of_descriptors(void **state)
{
	int silent, server;
	uint16_t port = open_port(SOCK_DGRAM, &silent);
	uint16_t open = open_port(SOCK_STREAM, &server);
	const struct rlimit before = begin_with_few_places(state);
	struct fixture *fixture = *state;
	bool full;

	for (uint32_t i = 0; i < PLACES; i++)
		crowd[i] = probe_of(0, i + 1, port);
	crowd[PLACES] = probe_of(1, 1, open);
	begin_programs(fixture, 0);
	set(fixture, CROWD, crowd, PLACES);
	assert_int_equal(health_take_behind(fixture->health, &full), 0);
	assert_false(full);
	patience_spend(&fixture->patience, PATIENCE, add_the_last);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(silent);
	close(server);
}

#define ROUNDS 6

static bool were_all_probed(struct fixture *fixture)
{
	for (size_t i = 0; i < PROGRAMS_WORLD; i++)
		if (fixture->probed[i] < ROUNDS)
			return false;
	return true;
}

static void run_programs(struct fixture *fixture, size_t room)
{
	static struct health_probe probes[PROGRAMS_WORLD];
	uint32_t most = 0;

	begin_programs(fixture, room);
	for (uint32_t i = 0; i < PROGRAMS_WORLD; i++)
		probes[i] = probe_of(0, i, 0);
	set(fixture, "  a: {exec: {command: [/bin/true]}, interval: 100ms, timeout: 5s}\n", probes,
		PROGRAMS_WORLD);
	patience_spend(&fixture->patience, PATIENCE, were_all_probed);
	for (size_t i = 0; i < PROGRAMS_WORLD; i++)
		most = MAX(most, fixture->probed[i]);
	print_message("each probed %d to %u times, %zu refused, %zu absences\n", ROUNDS, most,
		fixture->refused, fixture->absences);
	/* Who ran before an absence begins once more behind it. */
	assert_true(most <= ROUNDS + 1 + fixture->absences);
	assert_int_equal(health_counters(fixture->health)->untried, 0);
	assert_int_equal(health_counters(fixture->health)->failed, 0);
}

/* More programs than may run at once, and none of them is over when it is due again: each in its turn. */
static void test_programs_take_turns(void **state)
{
	struct fixture *fixture = *state;

	run_programs(fixture, CHECKER_PROGRAMS_MOST);
	assert_int_equal(fixture->refused, 0);
}

/* Those that are about to end have their room still: who is refused for it keeps its turn, and nobody is told. */
static void test_refused_programs_keep_their_turn(void **state)
{
	struct fixture *fixture = *state;

	run_programs(fixture, CHECKER_PROGRAMS_MOST - 56);
	assert_true(fixture->refused > 0);
	for (size_t i = 0; i < fixture->count; i++)
		assert_false(fixture->reports[i].untried);
}

/* What came of a program is known later than its time is over: that is waited for. */
static void test_program_that_never_began(void **state)
{
	struct fixture *fixture = *state;
	const struct health_probe probe = probe_of(0, 1, 0);

	fixture->program_ns = 500 * MS;
	fixture->program_status = -EREMOTEIO;
	begin_programs(fixture, 1);
	set(fixture, "  a: {exec: {command: [/bin/true]}, fall: 1, " FAST "}\n", &probe, 1);
	patience_spend(&fixture->patience, PATIENCE, is_untried);
	assert_true(fixture->reports[0].untried && fixture->reports[0].verdict.up);
	assert_string_equal(fixture->reports[0].reason, "run: user nobody cannot be looked up");
	assert_int_equal(health_counters(fixture->health)->failed, 0);
	assert_int_equal(health_counters(fixture->health)->expired, 0);
}

/* As many programs as may run, which hang, and one more. */
#define STARVED CHECKER_PROGRAMS_MOST
#define HANGING "  a: {exec: {command: [/bin/sleep, inf]}, interval: 1h, timeout: 30m}\n"

static bool is_starved_told(struct fixture *fixture)
{
	const struct health_report *last = last_of(fixture, STARVED);

	return last && last->untried;
}

static bool is_starved_tried(struct fixture *fixture)
{
	const struct health_report *last = last_of(fixture, STARVED);

	return last && !last->untried && last->verdict.settled;
}

static bool end_the_first(struct fixture *fixture)
{
	const struct health_counters *counters = health_counters(fixture->health);

	if (!is_starved_told(fixture))
		return false;
	assert_string_equal(last_of(fixture, STARVED)->reason, "too many programs run at once");
	assert_int_equal(counters->untried, 1);
	/* It waits anew behind an absence. */
	assert_in_range(counters->late, 1, 1 + fixture->absences);
	assert_true(counters->latest_ns >= 10000 * MS);
	assert_int_equal(fixture->probed[STARVED], 0);
	fixture->program_ns = 0;
	fixture->programs[0].end = loop_clock();
	fixture->patience.until = is_starved_tried;
	return false;
}

static struct health_probe starving[STARVED + 1];

static bool add_one_more(struct fixture *fixture)
{
	if (fixture->programs_running < STARVED)
		return false;
	set(fixture, HANGING "  b: {exec: {command: [/bin/true]}, rise: 1, interval: 1s}\n",
		starving, STARVED + 1);
	fixture->patience.until = end_the_first;
	return false;
}

/* It is told that its turn does not come, and once it has come, that it has. */
static void test_starved_program(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < STARVED; i++)
		starving[i] = probe_of(0, i, 0);
	starving[STARVED] = probe_of(1, STARVED, 0);
	fixture->program_ns = 1000000 * MS;
	begin_programs(fixture, STARVED);
	set(fixture, HANGING, starving, STARVED);
	patience_spend(&fixture->patience, PATIENCE, add_one_more);
	assert_true(fixture->probed[STARVED] > 0);
	assert_true(is_settled(fixture, STARVED, true));
}

static bool is_asked(struct fixture *fixture)
{
	char request[16];

	return recv(fixture->server, request, sizeof(request), 0) > 0;
}

static bool sleep_once_it_runs(struct fixture *fixture)
{
	if (!is_asked(fixture))
		return false;
	usleep(1500000);
	fixture->patience.until = is_asked;
	return false;
}

/* Like a machine that was asleep: nobody has failed for it, and the probe begins anew. */
static void test_away(void **state)
{
	struct fixture *fixture = *state;
	const struct health_probe probe = probe_of(0, 1, open_port(SOCK_DGRAM, &fixture->server));

	set(fixture, SILENT "interval: 1h, timeout: 300ms}\n", &probe, 1);
	patience_spend(&fixture->patience, PATIENCE, sleep_once_it_runs);
	assert_int_equal(health_counters(fixture->health)->failed, 0);
	assert_int_equal(health_counters(fixture->health)->expired, 0);
	assert_int_equal(health_counters(fixture->health)->running, 1);
	assert_int_equal(fixture->count, 0);
	close(fixture->server);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_tells_what_it_finds),
		CASE(test_asks_sooner_in_doubt),
		CASE(test_tells_what_cannot_be_tried),
		CASE(test_tells_what_can_be_tried_again),
		CASE(test_keeps_what_is_unchanged),
		CASE(test_changed_check_keeps_its_verdict),
		CASE(test_known_verdict_stands),
		CASE(test_removed_ones_are_over),
		CASE(test_held),
		CASE(test_tells_all_in_portions),
		CASE(test_waits_for_descriptors),
		CASE(test_starved_of_descriptors),
		CASE(test_programs_take_turns),
		CASE(test_refused_programs_keep_their_turn),
		CASE(test_program_that_never_began),
		CASE(test_starved_program),
		CASE(test_away),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
