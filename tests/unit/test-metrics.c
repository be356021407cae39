// SPDX-License-Identifier: GPL-2.0-or-later
/* The body of a scrape: its form, its values, how fresh they are, and what a piece costs. */
#include "tests/unit/metrics-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/version.h"

static void empty_machine(void **state)
{
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};

	scrape(*state, &fresh, &said);
	expect_families(&said);
	assert_int_equal(
		exposition_value(&said, "poise_build_info{version=\"" POISE_VERSION "\"}"), 1);
	assert_int_equal(exposition_value(&said, "poise_backend_connected"), 0);
	assert_int_equal(exposition_value(&said, "poise_degraded"), 1);
	assert_int_equal(exposition_value(&said, "poise_services{state=\"declared\"}"), 0);
	assert_true(exposition_value(&said, "process_resident_memory_bytes") > 1e6);
	assert_true(exposition_value(&said, "process_open_fds") >= 3);
	assert_true(exposition_value(&said, "process_cpu_seconds_total") > 0);
	assert_true(exposition_value(&said, "process_start_time_seconds") > 1.6e9);
}

static const char two_services[] =
	"  web: {listen: tcp://192.0.2.1:80, destinations: [10.0.0.1, {address: 10.0.0.2, "
	"weight: 5}]}\n"
	"  six: {listen: 'udp://[2001:db8::1]:53', destinations: ['[2001:db8::2]:53']}\n";

#define OPERATIONS(object, verb, result)                                                           \
	"poise_operations_total{object=\"" object "\",verb=\"" verb "\",result=\"" result "\"}"
#define WEB       "service=\"tcp://192.0.2.1:80\",name=\"web\""
#define WEB_FIRST WEB ",destination=\"10.0.0.1:80\""

static void put_counters(struct machine *machine, uint64_t base)
{
	struct service_key web;
	struct destination_key first;

	service_key_parse("tcp://192.0.2.1:80", &web);
	destination_key_parse("10.0.0.1:80", &first);
	memory_set_traffic(machine->table, &web,
		(struct traffic){.connections = base,
			.packets_in = base + 1,
			.packets_out = base + 2,
			.bytes_in = base + 3,
			.bytes_out = base + 4});
	memory_set_counts(machine->table, &web, &first,
		(struct destination_counts){.active = 7,
			.inactive = 9,
			.traffic = {.connections = base + 5,
				.packets_in = base + 6,
				.packets_out = base + 7,
				.bytes_in = base + 8,
				.bytes_out = base + 9}});
}

static void expect_counters(const struct exposition *said, double base)
{
	static const char *const series[] = {
		"poise_service_connections_total{" WEB "}",
		"poise_service_packets_total{" WEB ",direction=\"in\"}",
		"poise_service_packets_total{" WEB ",direction=\"out\"}",
		"poise_service_bytes_total{" WEB ",direction=\"in\"}",
		"poise_service_bytes_total{" WEB ",direction=\"out\"}",
		"poise_destination_connections_total{" WEB_FIRST "}",
		"poise_destination_packets_total{" WEB_FIRST ",direction=\"in\"}",
		"poise_destination_packets_total{" WEB_FIRST ",direction=\"out\"}",
		"poise_destination_bytes_total{" WEB_FIRST ",direction=\"in\"}",
		"poise_destination_bytes_total{" WEB_FIRST ",direction=\"out\"}",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(series); i++)
		if (exposition_value(said, series[i]) != base + (double)i)
			fail_msg("%s is %f", series[i], exposition_value(said, series[i]));
}

static void values(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};

	machine_declare(machine, two_services);
	put_counters(machine, 1ULL << 40);
	scrape(machine, &fresh, &said);
	expect_families(&said);
	expect_counters(&said, (double)(1ULL << 40));
	assert_int_equal(exposition_value(&said, "poise_degraded"), 0);
	assert_int_equal(exposition_value(&said, "poise_backend_connected"), 1);
	assert_int_equal(exposition_value(&said, "poise_services{state=\"declared\"}"), 2);
	assert_int_equal(exposition_value(&said, "poise_services{state=\"managed\"}"), 2);
	assert_int_equal(exposition_value(&said, "poise_services{state=\"unmanaged\"}"), 0);
	assert_int_equal(exposition_value(&said, "poise_destinations"), 3);
	/* Services, destinations; the two sysctls for drains are updates. */
	assert_int_equal(exposition_value(&said, OPERATIONS("service", "add", "done")), 2);
	assert_int_equal(exposition_value(&said, OPERATIONS("destination", "add", "done")), 3);
	assert_int_equal(exposition_value(&said, OPERATIONS("sysctl", "update", "done")), 2);
	assert_int_equal(exposition_value(&said, OPERATIONS("service", "add", "failed")), 0);
	assert_int_equal(exposition_value(&said, "poise_last_reconcile_success"), 1);
	assert_int_equal(exposition_value(&said, "poise_passes_total{reason=\"start\"}"), 1);
	assert_int_equal(
		exposition_value(&said, "poise_files_readings_total{result=\"accepted\"}"), 1);
	assert_int_equal(exposition_value(&said, "poise_service_active_connections{" WEB "}"), 7);
	assert_int_equal(exposition_value(&said, "poise_service_inactive_connections{" WEB "}"), 9);
	assert_int_equal(exposition_value(&said, "poise_service_usable_destinations{" WEB "}"), 2);
	assert_int_equal(exposition_value(&said,
				 "poise_destination_weight{" WEB ",destination=\"10.0.0.2:80\"}"),
		5);
	assert_true(exposition_has(&said,
		"poise_destination_weight{service=\"udp://[2001:db8::1]:53\",name=\"six\","
		"destination=\"[2001:db8::2]:53\"}"));
	double now = (double)time(NULL);
	double last = exposition_value(&said, "poise_last_reconcile_timestamp_seconds");
	assert_true(last > now - 60 && last < now + 2);
}

static const char checked_service[] =
	"  web: {listen: tcp://192.0.2.1:80, check: tcp-80, quorum: 2, destinations: [10.0.0.1, "
	"10.0.0.2]}\nchecks:\n  tcp-80: {tcp: {}}\n";

#define PROBE(family, target) "poise_probe_" family "{target=\"" target "\",check=\"tcp-80\"}"

/* The first destination of checked_service fails. */
static void fail_first(struct machine *machine, bool up)
{
	struct engine_verdict verdict = {
		.key.check = "tcp-80",
		.verdict = {.up = up, .settled = true, .weight = VERDICT_NO_WEIGHT, .since = 1},
		.failing = true,
		.failures = up ? 1 : 3,
		.wall = 1,
		.reason = "connect: refused",
	};

	assert_int_equal(destination_key_parse("10.0.0.1:80", &verdict.key.target), 0);
	engine_verdicts(&machine->engine, &verdict, 1);
	engine_run(&machine->engine, reconciler_now());
}

/* What cannot be tried is up as before, and counted apart. */
static void untried(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition before = {}, now = {};
	struct engine_verdict verdict = {
		.key.check = "tcp-80",
		.verdict = {.up = true, .weight = VERDICT_NO_WEIGHT},
		.untried = true,
		.reason = "cannot read /x",
	};

	assert_int_equal(destination_key_parse("10.0.0.1:80", &verdict.key.target), 0);
	machine_declare(machine, checked_service);
	scrape(machine, &fresh, &before);
	assert_int_equal(exposition_value(&before, "poise_probes_untried"), 0);
	engine_verdicts(&machine->engine, &verdict, 1);
	scrape(machine, &fresh, &now);
	assert_int_equal(exposition_value(&now, "poise_probes_untried"), 1);
	assert_int_equal(exposition_value(&now, "poise_probes{state=\"up\"}"), 2);
	assert_int_equal(exposition_value(&now, PROBE("untried", "10.0.0.1:80")), 1);
	assert_int_equal(exposition_value(&now, PROBE("untried", "10.0.0.2:80")), 0);
	assert_int_equal(exposition_value(&now, "poise_degraded"), 1);
}

static void a_quorum_lost_while_suspended(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};

	machine_declare(machine, checked_service);
	engine_run(&machine->engine, reconciler_now());
	assert_int_equal(engine_suspend(&machine->engine, NULL, "test", NULL), 0);
	fail_first(machine, false);
	scrape(machine, &fresh, &said);
	assert_int_equal(exposition_value(&said, "poise_service_quorum_lost{" WEB "}"), 1);
	assert_int_equal(exposition_value(&said, "poise_services_without_quorum"), 1);
}

static void health(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition begins = {}, down = {}, over = {};

	machine_declare(machine, checked_service);
	engine_set_probing(&machine->engine, &(struct engine_probing){.there = true,
						     .passed = 7,
						     .failed = 6,
						     .untried = 5,
						     .expired = 4,
						     .late = 3,
						     .latest_ns = 2500000000,
						     .running = 1});
	engine_set_notified(&machine->engine,
		&(struct engine_notified){.run = 40, .failed = 1, .dropped = 20, .waiting = 3});
	fail_first(machine, true);
	scrape(machine, &fresh, &begins);
	assert_int_equal(exposition_value(&begins, "poise_probes{state=\"up\"}"), 1);
	assert_int_equal(exposition_value(&begins, "poise_probes{state=\"failing\"}"), 1);
	assert_int_equal(exposition_value(&begins, PROBE("up", "10.0.0.1:80")), 1);
	assert_int_equal(exposition_value(&begins, PROBE("failures", "10.0.0.1:80")), 1);
	assert_int_equal(exposition_value(&begins, "poise_degraded"), 0);
	fail_first(machine, false);
	machine->engine.health.totals.doubted = 8;
	machine->engine.health.totals.spares_down = 9;
	scrape(machine, &fresh, &down);
	expect_families(&down);
	assert_int_equal(exposition_value(&down, "poise_probes{state=\"down\"}"), 1);
	assert_int_equal(exposition_value(&down, "poise_probes{state=\"failing\"}"), 0);
	assert_int_equal(exposition_value(&down, PROBE("up", "10.0.0.1:80")), 0);
	assert_int_equal(exposition_value(&down, PROBE("up", "10.0.0.2:80")), 1);
	assert_int_equal(exposition_value(&down, PROBE("failures", "10.0.0.1:80")), 3);
	assert_int_equal(exposition_value(&down, "poise_degraded"), 1);
	assert_int_equal(exposition_value(&down, "poise_health_transitions_total{to=\"down\"}"), 1);
	assert_int_equal(exposition_value(&down, "poise_health_transitions_total{to=\"up\"}"), 0);
	assert_int_equal(
		exposition_value(&down, "poise_unhealthy_destinations{state=\"failed\"}"), 1);
	assert_int_equal(exposition_value(&down, "poise_services_without_quorum"), 1);
	assert_int_equal(exposition_value(&down, "poise_services_doubted"), 8);
	assert_int_equal(
		exposition_value(&down, "poise_unhealthy_destinations{state=\"spare\"}"), 9);
	assert_int_equal(exposition_value(&down, "poise_service_quorum_lost{" WEB "}"), 1);
	assert_int_equal(exposition_value(&down, "poise_passes_total{reason=\"health\"}"), 1);
	assert_int_equal(exposition_value(&down, "poise_probing"), 1);
	assert_int_equal(exposition_value(&down, "poise_probes_running"), 1);
	assert_int_equal(exposition_value(&down, "poise_probe_runs_total{result=\"passed\"}"), 7);
	assert_int_equal(exposition_value(&down, "poise_probe_runs_total{result=\"failed\"}"), 6);
	assert_int_equal(exposition_value(&down, "poise_probe_runs_total{result=\"untried\"}"), 5);
	assert_int_equal(
		exposition_value(&down, "poise_notify_commands_total{result=\"passed\"}"), 39);
	assert_int_equal(
		exposition_value(&down, "poise_notify_commands_total{result=\"failed\"}"), 1);
	assert_int_equal(
		exposition_value(&down, "poise_notify_commands_total{result=\"dropped\"}"), 20);
	assert_int_equal(exposition_value(&down, "poise_notify_waiting"), 3);
	assert_int_equal(exposition_value(&down, "poise_probe_timeouts_total"), 4);
	assert_int_equal(exposition_value(&down, "poise_probe_late_total"), 3);
	assert_true(exposition_value(&down, "poise_probe_latest_seconds") == 2.5);
	assert_int_equal(exposition_value(&down, "poise_metrics_left_out{object=\"probe\"}"), 0);
	limits.destinations = 1;
	scrape(machine, &fresh, &over);
	assert_false(exposition_has(&over, PROBE("up", "10.0.0.1:80")));
	assert_int_equal(exposition_value(&over, "poise_metrics_left_out{object=\"probe\"}"), 2);
	assert_int_equal(exposition_value(&over, "poise_probes{state=\"down\"}"), 1);
}

/* More than the limit: all of them are without, and it is said. */
static void over_the_limit(void **state)
{
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition few = {}, many = {}, none = {};
	const char service[] = "poise_service_active_connections{" WEB "}";
	const char destination[] = "poise_destination_weight{" WEB_FIRST "}";
	const char left_out[] = "poise_metrics_left_out{object=\"destination\"}";

	machine_declare(*state, two_services);
	limits = (struct metrics_limits){.services = 2, .destinations = 3};
	scrape(*state, &fresh, &few);
	assert_true(exposition_has(&few, service) && exposition_has(&few, destination));
	assert_int_equal(exposition_value(&few, left_out), 0);
	limits.destinations = 2;
	scrape(*state, &fresh, &many);
	expect_families(&many);
	assert_true(exposition_has(&many, service) && !exposition_has(&many, destination));
	assert_int_equal(exposition_value(&many, left_out), 3);
	assert_int_equal(exposition_value(&many, "poise_destinations"), 3);
	limits.services = 0;
	scrape(*state, &fresh, &none);
	assert_false(exposition_has(&none, service));
	assert_int_equal(exposition_value(&none, "poise_metrics_left_out{object=\"service\"}"), 2);
}

/* An operation that fails, and is tried again: it shows in all places. */
static void failing(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition first = {}, second = {};

	memory_fail(machine->table, 1, -ENOMEM);
	machine_declare(machine, two_services);
	scrape(machine, &fresh, &first);
	assert_int_equal(exposition_value(&first, "poise_last_reconcile_success"), 0);
	assert_int_equal(exposition_value(&first, "poise_operation_failures_total"), 1);
	assert_int_equal(exposition_value(&first, "poise_failing_objects"), 1);
	assert_int_equal(exposition_value(&first, "poise_retries_total"), 0);
	engine_run(&machine->engine, reconciler_now() + RETRY_FIRST_NS);
	scrape(machine, &fresh, &second);
	assert_int_equal(exposition_value(&second, "poise_last_reconcile_success"), 1);
	assert_int_equal(exposition_value(&second, "poise_retries_total"), 1);
	assert_int_equal(exposition_value(&second, "poise_failing_objects"), 0);
}

/* Others' services are counted, and not shown. */
static void unmanaged(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};
	struct service_key other;

	service_key_parse("tcp://192.0.2.9:80", &other);
	memory_put_service(machine->table, &other,
		&(struct service_attributes){.scheduler = "rr", .netmask = UINT32_MAX});
	machine_declare(machine, two_services);
	scrape(machine, &fresh, &said);
	assert_int_equal(exposition_value(&said, "poise_services{state=\"unmanaged\"}"), 1);
	assert_int_equal(exposition_value(&said, "poise_services{state=\"managed\"}"), 2);
	vector_foreach(&said.samples, sample)
		assert_null(strstr(sample->series, "192.0.2.9"));
}

static void trouble(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};
	_cleanup_error_ struct error error = {};

	machine_declare(machine, two_services);
	machine_declare(machine, "  web: {listen: nonsense}\n");
	assert_int_equal(engine_suspend(&machine->engine, "maintenance", "test", &error), 0);
	scrape(machine, &fresh, &said);
	assert_int_equal(exposition_value(&said, "poise_degraded"), 1);
	assert_int_equal(exposition_value(&said, "poise_files_rejected"), 1);
	assert_int_equal(exposition_value(&said, "poise_files_held"), 0);
	assert_int_equal(
		exposition_value(&said, "poise_files_readings_total{result=\"rejected\"}"), 1);
	assert_int_equal(exposition_value(&said, "poise_suspended"), 1);
	assert_true(exposition_has(&said, "poise_service_connections_total{" WEB "}"));
}

/* Counters are read once in a while, and nothing but counters: what somebody changed is drift still. */
static void freshness(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	struct service_key web;
	struct destination_key first;

	machine_declare(machine, two_services);
	put_counters(machine, 100);
	service_key_parse("tcp://192.0.2.1:80", &web);
	destination_key_parse("10.0.0.1:80", &first);
	struct destination *changed =
		service_find_destination(state_find_service(&machine->table->state, &web), &first);
	changed->attributes.weight = 77;
	size_t reads = machine->table->reads;
	for (int i = 0; i < 3; i++) {
		_cleanup_exposition_ struct exposition said = {};

		scrape(machine, &fresh, &said);
		expect_counters(&said, 100);
		assert_int_equal(
			exposition_value(&said, "poise_destination_weight{" WEB_FIRST "}"), 1);
		assert_int_equal(machine->table->reads, reads + 1);
		put_counters(machine, 200);
	}
	/* What was read is too old now. */
	fresh.since -= METRICS_FRESH_NS + 1;
	_cleanup_exposition_ struct exposition said = {};
	scrape(machine, &fresh, &said);
	expect_counters(&said, 200);
	assert_int_equal(machine->table->reads, reads + 2);
	assert_int_equal(machine->engine.counters.drift, 0);
	engine_run(&machine->engine, machine->engine.resync_next);
	assert_int_equal(machine->engine.counters.drift, 1);
	assert_int_equal(changed->attributes.weight, 1);
}

/* A backend that does not answer: what was seen last, and no question for every service. */
static void unanswered(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};

	machine_declare_many(machine, 50, 2);
	size_t reads = machine->table->reads;
	machine->table->read_code = -5;
	scrape(machine, &fresh, &said);
	assert_int_equal(machine->table->reads, reads + 1);
	assert_true(exposition_has(&said,
		"poise_service_connections_total{service=\"tcp://10.0.49.1:80\",name=\"s49\"}"));
}

/* Bytes in any portions are the same bytes. */
static void portions(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};

	machine_declare_many(machine, 300, 7);
	_cleanup_free_ char *whole = scrape_with(machine, &fresh, METRICS_BODY_PIECE, NULL);
	_cleanup_free_ char *parts = scrape_with(machine, &fresh, 1000, NULL);
	/* But for what has moved on: CPU time. */
	const char *from = strstr(whole, "# HELP poise_service_");
	assert_string_equal(from, strstr(parts, "# HELP poise_service_"));
	_cleanup_exposition_ struct exposition said = {};
	exposition_parse(whole, &said);
	size_t destinations = 0;
	vector_foreach(&said.samples, sample)
		destinations += strncmp(sample->series, "poise_destination_weight", 24) == 0;
	assert_int_equal(destinations, 300 * 7);
}

/* Services and destinations come and go while the body is made. */
static void shuffle(struct machine *machine)
{
	static unsigned int seed = 1;
	size_t services = 250 + (size_t)rand_r(&seed) % 100;

	machine_declare_many(machine, services, (size_t)rand_r(&seed) % 60);
}

static void changes_meanwhile(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};

	machine_declare_many(machine, 300, 40);
	_cleanup_free_ char *text = scrape_with(machine, &fresh, METRICS_BODY_PIECE, shuffle);
	exposition_parse(text, &said);
	expect_families(&said);
}

/* One service with more destinations than a piece or a read holds. */
static void wide_service(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};

	machine_declare_many(machine, 3, 5000);
	_cleanup_free_ char *text = scrape_with(machine, &fresh, METRICS_BODY_PIECE, NULL);
	exposition_parse(text, &said);
	assert_int_equal(exposition_value(&said, "poise_destinations"), 15000);
	assert_true(exposition_has(&said,
		"poise_destination_bytes_total{service=\"tcp://10.0.2.1:80\",name=\"s2\","
		"destination=\"172.16.19.250:80\",direction=\"out\"}"));
}

/* No piece of 10,000 services of 10 destinations stalls the loop. The best of some runs: the machine is not ours alone. */
static void large_machine(void **state)
{
	struct machine *machine = *state;
	uint64_t best = UINT64_MAX;

	machine_declare_many(machine, 10000, 10);
	for (int i = 0; i < 3; i++) {
		struct metrics_fresh fresh = {};
		_cleanup_free_ char *text = scrape_with(machine, &fresh, METRICS_BODY_PIECE, NULL);

		printf("     %zu bytes in %lu pieces, %.0f ms, the slowest took %.2f ms\n",
			strlen(text), pieces.count, (double)pieces.all_ns / 1e6,
			(double)pieces.slowest_ns / 1e6);
		best = MIN(best, pieces.slowest_ns);
	}
	assert_true(best < PIECE_NS_MOST);
}

static void escapes(void **state)
{
	struct strbuf text = {};
	struct metrics_writer writer = {.text = &text, .name = "poise_x"};
	_cleanup_exposition_ struct exposition said = {};

	(void)state;
	metrics_text_head(&text, "poise_x", METRICS_TYPE_GAUGE, "What is to be escaped.");
	metrics_text_label(&writer, "a", "q\"b\\s\nn");
	metrics_text_label(&writer, "b", NULL);
	metrics_text_number(&writer, "c", "\xff\xc3\xa4\xc3", UINT64_MAX);
	metrics_text_seconds(&writer, 1000000001);
	exposition_parse(text.text, &said);
	assert_true(
		exposition_has(&said, "poise_x{a=\"q\\\"b\\\\s\\nn\",b=\"\",c=\"?\xc3\xa4?\"}"));
	assert_non_null(strstr(text.text, "} 18446744073709551615\n"));
	assert_non_null(strstr(text.text, "} 1.000000001\n"));
	metrics_writer_clear(&writer);
	strbuf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty_machine, setup, teardown),
		cmocka_unit_test_setup_teardown(values, setup, teardown),
		cmocka_unit_test_setup_teardown(health, setup, teardown),
		cmocka_unit_test_setup_teardown(a_quorum_lost_while_suspended, setup, teardown),
		cmocka_unit_test_setup_teardown(over_the_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(untried, setup, teardown),
		cmocka_unit_test_setup_teardown(failing, setup, teardown),
		cmocka_unit_test_setup_teardown(unmanaged, setup, teardown),
		cmocka_unit_test_setup_teardown(trouble, setup, teardown),
		cmocka_unit_test_setup_teardown(freshness, setup, teardown),
		cmocka_unit_test_setup_teardown(unanswered, setup, teardown),
		cmocka_unit_test_setup_teardown(portions, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(wide_service, setup, teardown),
		cmocka_unit_test_setup_teardown(large_machine, setup, teardown),
		cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
