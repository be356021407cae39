// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics of virtual routers; and that what is written down elsewhere (manual, dashboard, alerts) names families that exist. */
#include "tests/unit/metrics-fixture.h"

#include <ctype.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "daemon/track.h"
#include "model/units.h"
#include "tests/support/routes.h"

#define ROUTERS                                                                                    \
	"  web: {listen: tcp://192.0.2.1:80, destinations: [10.0.0.1]}\n"                          \
	"vrrp:\n  edge: {interface: eth0, vrid: 51, addresses: [192.0.2.1/24, "                    \
	"'2001:db8::1/64'], track: {interfaces: [eth7, {name: eth8, weight: 5}, eth9]}}\n"
#define EDGE             "router=\"edge\",family=\"ipv4\",interface=\"eth0\",vrid=\"51\""
#define EDGE_SIX         "router=\"edge\",family=\"ipv6\",interface=\"eth0\",vrid=\"51\""
#define ROUTER(name)     "poise_router_" name "{" EDGE "}"
#define ROUTER_(name, x) "poise_router_" name "{" EDGE "," x "}"

static void tell_edge(struct routes *routes)
{
	const struct message_vrrp_state told = {.family = AF_INET,
		.state = VRRP_STATE_ACTIVE,
		.priority = 150,
		.peer_priority = 100,
		.checksum = VRRP_CHECKSUM_RFC5798,
		.peer_checksum = VRRP_CHECKSUM_RFC9568,
		.mixed = 1,
		.since = 1,
		.wall = 1700000000500000000,
		.peer_at = loop_clock() - 20 * UNITS_SECOND,
		.interval = 100 * UNITS_MILLISECOND,
		.transitions = 3,
		.sent = 11,
		.unsent = 12,
		.heard = 13,
		.own = 14,
		.rejected = {[VRRP_REJECT_PASSWORD] = 15, [VRRP_REJECT_TTL] = 16},
		.addresses = 2,
		.present = 1,
		.waits = 1};
	const struct message_vrrp_stats stats = {.realtime = 1,
		.read = 21,
		.dropped = 22,
		.full = 23,
		.unknown = 24,
		.added = 25,
		.removed = 26,
		.failed = 27,
		.lost = 28,
		.fought = 29,
		.announced = 30,
		.unannounced = 31,
		.thawed = 32,
		.late_ns = 1500000,
		.refused = 33};

	routes_tell(routes, "edge", &told);
	routes_tell_stats(routes, &stats);
	routes_tell_cleared(routes, 34);
}

static const struct {
	const char *series;
	double value;
} router_values[] = {
	{"poise_vrrp_running", 1},
	{"poise_vrrp_realtime", 1},
	{"poise_vrrp_timer_late_seconds", 0.0015},
	{"poise_vrrp_thawed_total", 32},
	{"poise_vrrp_datagrams_total{result=\"read\"}", 21},
	{"poise_vrrp_datagrams_total{result=\"dropped\"}", 22},
	{"poise_vrrp_full_turns_total", 23},
	{"poise_vrrp_unknown_datagrams_total", 24},
	{"poise_vrrp_address_operations_total{result=\"added\"}", 25},
	{"poise_vrrp_address_operations_total{result=\"removed\"}", 26},
	{"poise_vrrp_address_operations_total{result=\"failed\"}", 27},
	{"poise_vrrp_addresses_lost_total", 28},
	{"poise_vrrp_addresses_fought_total", 29},
	{"poise_vrrp_refused_packets_total", 33},
	{"poise_vrrp_cleared_total", 34},
	{"poise_vrrp_announcements_total{result=\"sent\"}", 30},
	{"poise_vrrp_announcements_total{result=\"failed\"}", 31},
	{"poise_vrrp_plans_total{result=\"committed\"}", 1},
	{"poise_vrrp_plans_total{result=\"broken\"}", 0},
	{"poise_routers{state=\"active\"}", 1},
	{"poise_routers{state=\"backup\"}", 0},
	{"poise_routers{state=\"unknown\"}", 1},
	{"poise_routers_troubled", 1},
	{ROUTER_("state", "state=\"active\""), 1},
	{ROUTER_("state", "state=\"backup\""), 0},
	{ROUTER_("state", "state=\"unknown\""), 0},
	{ROUTER("since_timestamp_seconds"), 1700000000.5},
	{ROUTER("transitions_total"), 3},
	{ROUTER("troubled"), 0},
	{ROUTER("priority"), 150},
	{ROUTER("peer_priority"), 100},
	{ROUTER("interval_seconds"), 0.1},
	{ROUTER_("checksum_info", "form=\"rfc5798\",peer=\"rfc9568\""), 1},
	{ROUTER("checksum_mixed"), 1},
	{ROUTER_("addresses", "state=\"declared\""), 2},
	{ROUTER_("addresses", "state=\"present\""), 1},
	{ROUTER("waiting"), 1},
	{ROUTER_("advertisements_total", "result=\"sent\""), 11},
	{ROUTER_("advertisements_total", "result=\"unsent\""), 12},
	{ROUTER_("advertisements_total", "result=\"heard\""), 13},
	{ROUTER_("advertisements_total", "result=\"own\""), 14},
	{ROUTER_("rejections_total", "reason=\"password\""), 15},
	{ROUTER_("rejections_total", "reason=\"ttl\""), 16},
	{ROUTER_("rejections_total", "reason=\"checksum\""), 0},
	{"poise_router_state{" EDGE_SIX ",state=\"unknown\"}", 1},
	{"poise_router_troubled{" EDGE_SIX "}", 1},
};

/* Of interfaces that are tracked: who looks at them says what they are, or is gone. */
static void tracked_interfaces(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {}, gone = {};
	struct track_list list = {};

	machine_declare(machine, ROUTERS);
	track_list_want(&list, &machine->engine.files->config);
	machine->engine.track = &list;
	struct track_item *down = track_list_find(&list, TRACK_INTERFACE, "eth7");
	track_item_set(&list, down, TRACK_STATE_UNWELL, 0, 1, "down");
	track_item_set(&list, track_list_find(&list, TRACK_INTERFACE, "eth8"), TRACK_STATE_WELL, 0,
		1, "up");
	scrape(machine, &fresh, &said);
	assert_int_equal(
		exposition_value(&said, "poise_tracked_interface_up{interface=\"eth7\"}"), 0);
	assert_int_equal(
		exposition_value(&said, "poise_tracked_interface_up{interface=\"eth8\"}"), 1);
	assert_false(exposition_has(&said, "poise_tracked_interface_up{interface=\"eth9\"}"));
	track_item_miss(&list, down, "nobody looks");
	scrape(machine, &fresh, &gone);
	assert_false(exposition_has(&gone, "poise_tracked_interface_up{interface=\"eth7\"}"));
	machine->engine.track = NULL;
	track_list_clear(&list);
}

static size_t count_series(const struct exposition *said, const char *begin)
{
	size_t count = 0;

	vector_foreach(&said->samples, sample)
		count += strncmp(sample->series, "poise_router_", 13) == 0 &&
			 strstr(sample->series, begin) != NULL;
	return count;
}

static void virtual_routers(void **state)
{
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {}, gone = {};
	struct routes routes;

	machine_declare(machine, ROUTERS);
	routes_open(&routes, &machine->engine);
	tell_edge(&routes);
	scrape(machine, &fresh, &said);
	expect_families(&said);
	for (size_t i = 0; i < ARRAY_LENGTH(router_values); i++)
		if (fabs(exposition_value(&said, router_values[i].series) -
			    router_values[i].value) > 1e-6)
			fail_msg("%s is %f", router_values[i].series,
				exposition_value(&said, router_values[i].series));
	double heard = exposition_value(&said, ROUTER("peer_heard_seconds"));
	assert_true(heard >= 20 && heard < 80);
	/* As many as the manual says; of one that nobody speaks of there is no news. */
	assert_int_equal(count_series(&said, EDGE), 38);
	assert_int_equal(count_series(&said, EDGE_SIX), 5);
	routes_gone(&routes);
	scrape(machine, &fresh, &gone);
	assert_int_equal(exposition_value(&gone, "poise_vrrp_running"), 0);
	assert_false(exposition_has(&gone, "poise_vrrp_realtime"));
	assert_int_equal(exposition_value(&gone, ROUTER_("state", "state=\"unknown\"")), 1);
	assert_int_equal(count_series(&gone, EDGE), 5);
	routes_close(&routes);
}

/* 1,000 of both families; their series are bounded, and no piece of them stalls the loop. */
static void many_virtual_routers(void **state)
{
	struct machine *machine = *state;
	_cleanup_exposition_ struct exposition said = {}, bounded = {};
	struct metrics_fresh fresh = {};
	_cleanup_strbuf_ struct strbuf text = {};
	uint64_t best = UINT64_MAX;
	struct routes routes;

	strbuf_add(&text, "  web: {listen: tcp://192.0.2.1:80, destinations: [10.0.0.1]}\nvrrp:\n");
	for (unsigned int i = 0; i < 1000; i++)
		strbuf_printf(&text,
			"  r%u: {interface: eth%u, vrid: %u, addresses: [10.%u.0.%u/24, "
			"'2001:db8::%x/64']}\n",
			i, i / 250, i % 250 + 1, i / 250, i % 250 + 1, i + 1);
	machine_declare(machine, text.text);
	routes_open(&routes, &machine->engine);
	for (size_t i = 0; i < routing_count(routes.routing); i++) {
		const struct routing_router *router = routing_at(routes.routing, i);
		const struct message_vrrp_state told = {.family = router->told.family,
			.state = VRRP_STATE_BACKUP,
			.checksum = VRRP_CHECKSUM_RFC9568,
			.since = 1,
			.wall = 1,
			.peer_at = 1,
			.heard = UINT32_MAX};

		routes_tell(&routes, router->name, &told);
	}
	for (int i = 0; i < 3; i++) {
		_cleanup_free_ char *whole = scrape_with(machine, &fresh, METRICS_BODY_PIECE, NULL);

		printf("     %zu bytes in %lu pieces, %.0f ms, the slowest took %.2f ms\n",
			strlen(whole), pieces.count, (double)pieces.all_ns / 1e6,
			(double)pieces.slowest_ns / 1e6);
		best = MIN(best, pieces.slowest_ns);
	}
	assert_true(best < PIECE_NS_MOST);
	scrape(machine, &fresh, &said);
	assert_int_equal(count_series(&said, "family=\"ipv4\""), 38 * 1000);
	assert_int_equal(exposition_value(&said, "poise_metrics_left_out{object=\"router\"}"), 0);
	limits.services = 1999;
	scrape(machine, &fresh, &bounded);
	expect_families(&bounded);
	assert_int_equal(count_series(&bounded, ""), 0);
	assert_int_equal(
		exposition_value(&bounded, "poise_metrics_left_out{object=\"router\"}"), 2000);
	assert_int_equal(exposition_value(&bounded, "poise_routers{state=\"backup\"}"), 2000);
	routes_close(&routes);
}

static const char checked_service[] =
	"  web: {listen: tcp://192.0.2.1:80, check: tcp-80, quorum: 2, destinations: [10.0.0.1, "
	"10.0.0.2]}\nchecks:\n  tcp-80: {tcp: {}}\n";

static bool is_family(const char *name, size_t length)
{
	for (size_t i = 0; i < metrics_family_count; i++)
		if (strlen(metrics_families[i].name) == length &&
			memcmp(metrics_families[i].name, name, length) == 0)
			return true;
	return false;
}

/* Every word of the file that looks like a metric is one. Returns how many there are. */
static size_t check_words(const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t size, found = 0;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, &size) < 0)
		fail_msg("%s cannot be read", path);
	for (const char *at = text; (at = strpbrk(at, "p"));) {
		size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
		bool begins = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');

		if (begins && (strncmp(at, "poise_", 6) == 0 || strncmp(at, "process_", 8) == 0)) {
			if (!is_family(at, length))
				fail_msg("%s: there is no %.*s", path, (int)length, at);
			found++;
		}
		at += length ? length : 1;
	}
	return found;
}

/* Prometheus' own, and those of the samples. */
static bool is_label(const struct exposition *said, const char *name, size_t length)
{
	_cleanup_free_ char *word = memory_copy_bytes(name, length);
	_cleanup_free_ char *first = memory_printf("{%s=\"", word);
	_cleanup_free_ char *later = memory_printf(",%s=\"", word);

	if (strcmp(word, "job") == 0 || strcmp(word, "instance") == 0)
		return true;
	vector_foreach(&said->samples, sample)
		if (strstr(sample->series, first) || strstr(sample->series, later))
			return true;
	return false;
}

static size_t label_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz_");
}

/* Each LABEL in `by (LABEL, LABEL)`. */
static size_t check_groupings(const char *path, const char *text, const struct exposition *said)
{
	size_t found = 0;

	for (const char *at = text; (at = strstr(at, " by ("));) {
		for (at += 5; *at && *at != ')'; at += strspn(at, ", ")) {
			size_t length = label_length(at);

			if (!length || !is_label(said, at, length))
				fail_msg("%s: there is no label %.*s", path, (int)length, at);
			at += length;
			found++;
		}
	}
	return found;
}

/* Each LABEL in LABEL="…" and LABEL=~"…", where the quotes may have a backslash. */
static size_t check_matchers(const char *path, const char *text, const struct exposition *said)
{
	size_t found = 0;

	for (const char *at = text; (at = strchr(at, '=')); at++) {
		const char *quote = at + 1 + (at[1] == '~'), *begin = at;

		quote += *quote == '\\';
		while (begin > text && label_length(begin - 1))
			begin--;
		if (*quote != '"' || begin == at)
			continue;
		if (!is_label(said, begin, (size_t)(at - begin)))
			fail_msg("%s: there is no label %.*s", path, (int)(at - begin), begin);
		found++;
	}
	return found;
}

static size_t check_labels(const char *path, const struct exposition *said)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, &size) < 0)
		fail_msg("%s cannot be read", path);
	return check_groupings(path, text, said) + check_matchers(path, text, said);
}

/* As a data plane counts, so that its families have series. */
static void count_packets(struct machine *machine)
{
	static const struct backend_figure figures[] = {
		{BACKEND_FIGURE_PORT, "wan", "up", 1},
		{BACKEND_FIGURE_PORT, "wan", "packets_in", 2},
		{BACKEND_FIGURE_PORT, "wan", "missed", 3},
		{BACKEND_FIGURE_WORKER, "0", "packets", 4},
		{BACKEND_FIGURE_DROP, "worker 0", "no-route", 5},
		{BACKEND_FIGURE_PART, "buffers", "free", 6},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(figures); i++)
		vector_push(&machine->table->figures, figures[i]);
}

/* Each family whose name begins so is a word of the file. */
static void expect_all_words(const char *path, const char *begin)
{
	_cleanup_free_ char *text = NULL;
	size_t size, found = 0;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, &size) < 0)
		fail_msg("%s cannot be read", path);
	for (size_t i = 0; i < metrics_family_count; i++) {
		if (strncmp(metrics_families[i].name, begin, strlen(begin)) != 0)
			continue;
		if (!strstr(text, metrics_families[i].name))
			fail_msg("%s lacks %s", path, metrics_families[i].name);
		found++;
	}
	assert_true(found > 0);
}

static void monitoring_examples(void **state)
{
	static const char dashboard[] = "examples/monitoring/grafana-dashboard.json";
	static const char alerts[] = "examples/monitoring/prometheus-alerts.yml";
	struct machine *machine = *state;
	struct metrics_fresh fresh = {};
	_cleanup_exposition_ struct exposition said = {};
	struct routes routes;

	machine_declare(machine, ROUTERS);
	routes_open(&routes, &machine->engine);
	tell_edge(&routes);
	machine_declare(machine, checked_service);
	count_packets(machine);
	scrape(machine, &fresh, &said);
	routes_close(&routes);
	expect_all_words(dashboard, "poise_dataplane_");
	expect_all_words(alerts, "poise_router_addresses");
	assert_true(check_words(dashboard) > 15);
	assert_true(check_words(alerts) > 8);
	assert_true(check_labels(dashboard, &said) > 50);
	assert_true(check_labels(alerts, &said) > 3);
}

static void manual(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "man/poised.8", 1 << 20, &text, &size), 0);
	for (size_t i = 0; i < metrics_family_count; i++)
		if (!strstr(text, metrics_families[i].name))
			fail_msg("man/poised.8 lacks %s", metrics_families[i].name);
	check_words("man/poised.8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(virtual_routers, setup, teardown),
		cmocka_unit_test_setup_teardown(tracked_interfaces, setup, teardown),
		cmocka_unit_test_setup_teardown(many_virtual_routers, setup, teardown),
		cmocka_unit_test_setup_teardown(monitoring_examples, setup, teardown),
		cmocka_unit_test(manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
