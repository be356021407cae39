// SPDX-License-Identifier: GPL-2.0-or-later
/* What the backend counts beside services, wherever poised shows it: `status`, `dataplane`, metrics; and how often the backend
 * is asked for it. */
#include "cli/status_text.h"
#include "daemon/metrics_body.h"
#include "tests/support/exposition.h"
#include "tests/unit/call-fixture.h"

static void count(struct fixture *fixture, enum backend_figure_kind kind, const char *object,
	const char *name, uint64_t value)
{
	struct backend_figure *figure = vector_append(&fixture->table->figures);

	figure->kind = kind;
	snprintf(figure->object, sizeof(figure->object), "%s", object);
	snprintf(figure->name, sizeof(figure->name), "%s", name);
	figure->value = value;
}

static void count_port(struct fixture *fixture, const char *port, uint64_t packets, uint64_t up)
{
	count(fixture, BACKEND_FIGURE_PORT, port, "packets_in", packets);
	count(fixture, BACKEND_FIGURE_PORT, port, "packets_out", packets + 1);
	count(fixture, BACKEND_FIGURE_PORT, port, "bytes_in", packets * 60);
	count(fixture, BACKEND_FIGURE_PORT, port, "missed", 4);
	count(fixture, BACKEND_FIGURE_PORT, port, "errors_out", 5);
	count(fixture, BACKEND_FIGURE_PORT, port, "packets_in_per_second", 12345);
	count(fixture, BACKEND_FIGURE_PORT, port, "packets_out_per_second", 678);
	count(fixture, BACKEND_FIGURE_PORT, port, "up", up);
}

static void count_worker(struct fixture *fixture, const char *worker, uint64_t busy)
{
	count(fixture, BACKEND_FIGURE_WORKER, worker, "packets", 200);
	count(fixture, BACKEND_FIGURE_WORKER, worker, "connections", 30);
	count(fixture, BACKEND_FIGURE_WORKER, worker, "flows", 8);
	count(fixture, BACKEND_FIGURE_WORKER, worker, "cpu_ns", 1500000000);
	count(fixture, BACKEND_FIGURE_WORKER, worker, "packets_per_second", 40);
	count(fixture, BACKEND_FIGURE_WORKER, worker, "connections_per_second", 3);
	count(fixture, BACKEND_FIGURE_WORKER, worker, "busy_percent", busy);
}

static void begin_counting(struct fixture *fixture)
{
	begin(fixture, 1);
	count_worker(fixture, "0", 7);
	count(fixture, BACKEND_FIGURE_DROP, "worker 0", "no-route", 12);
	count(fixture, BACKEND_FIGURE_DROP, "worker 0", "ttl", 0);
	count_worker(fixture, "1", 100);
	count(fixture, BACKEND_FIGURE_DROP, "worker 1", "no-route", 5);
	count(fixture, BACKEND_FIGURE_DROP, "attendant", "rate", 1);
	count(fixture, BACKEND_FIGURE_PART, "attendant", "answers", 9);
	count_port(fixture, "wan", 1500000, 1);
	count_port(fixture, "lan", 10, 0);
	count(fixture, BACKEND_FIGURE_PART, "buffers", "free", 4000);
	count(fixture, BACKEND_FIGURE_PART, "buffers", "all", 4095);
}

/* A new reference. */
static json_t *ask(struct fixture *fixture, const char *method)
{
	json_t *answer = answer_of(fixture, method, NULL, NULL);
	json_t *result = json_incref(json_object_get(answer, "result"));

	json_decref(answer);
	return result;
}

static void expect_tree(const json_t *dataplane)
{
	const json_t *workers = json_object_get(dataplane, "workers"),
		     *ports = json_object_get(dataplane, "ports"),
		     *drops = json_object_get(dataplane, "drops"),
		     *parts = json_object_get(dataplane, "parts"), *drop;

	assert_true(json_is_null(json_object_get(dataplane, "error")));
	assert_int_equal(json_array_size(workers), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(workers, 1), "busy_percent")),
		100);
	assert_int_equal(json_array_size(ports), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(ports, 0), "name")), "wan");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(ports, 0), "packets_out")),
		1500001);
	assert_int_equal(json_array_size(drops), 4);
	drop = json_array_get(drops, 2);
	assert_string_equal(json_string_value(json_object_get(drop, "reason")), "no-route");
	assert_string_equal(json_string_value(json_object_get(drop, "by")), "worker 1");
	assert_int_equal(json_integer_value(json_object_get(drop, "packets")), 5);
	assert_int_equal(json_array_size(parts), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(parts, 1), "all")), 4095);
}

static void status_and_method_have_it(void **state)
{
	struct fixture *fixture = *state;

	begin_counting(fixture);
	json_t *status = ask(fixture, "status"), *alone = ask(fixture, "dataplane");
	expect_tree(json_object_get(status, "dataplane"));
	expect_tree(alone);
	json_decref(alone);
	json_decref(status);
}

static void text_has_tables(void **state)
{
	static const char tables[] = "\n"
				     "PORT  LINK  IN/S  OUT/S  PACKETS IN  PACKETS OUT  LOST\n"
				     "wan   up     12k    678        1.5M         1.5M     9\n"
				     "lan   down   12k    678          10           11     9\n"
				     "\n"
				     "WORKER  BUSY  PACKETS/S  NEW/S  CONNECTIONS  FLOWS\n"
				     "0         7%         40      3           30      8\n"
				     "1       100%         40      3           30      8\n"
				     "\n"
				     "DROPPED   PACKETS  BY\n"
				     "no-route       17  worker 0, worker 1\n"
				     "rate            1  attendant\n";
	struct cli_status_view view = {.width = 100, .services = 50, .machine = true, .now = 1};
	_cleanup_strbuf_ struct strbuf text = {}, alone = {}, without = {};
	struct fixture *fixture = *state;

	begin_counting(fixture);
	json_t *status = ask(fixture, "status");
	cli_status_format_dataplane(status, &view, &alone);
	assert_string_equal(alone.text, tables);
	cli_status_format(status, &view, &text);
	assert_non_null(strstr(text.text, tables));
	view.machine = false;
	cli_status_format(status, &view, &without);
	assert_null(strstr(without.text, "WORKER"));
	json_decref(status);
}

/* More than a screen bears are counted, and the longest texts cut. */
static void text_has_bounds(void **state)
{
	struct cli_status_view view = {.width = 60, .machine = true, .now = 1};
	_cleanup_strbuf_ struct strbuf text = {}, all = {};
	struct fixture *fixture = *state;

	begin(fixture, 1);
	for (int i = 0; i < 64; i++) {
		char name[24];

		snprintf(name, sizeof(name), "worker %d", i);
		count_worker(fixture, name + strlen("worker "), 7);
		count(fixture, BACKEND_FIGURE_DROP, name, "ttl", 1);
	}
	json_t *status = ask(fixture, "status");
	cli_status_format_dataplane(status, &view, &text);
	assert_non_null(strstr(text.text, "\n11   "));
	assert_null(strstr(text.text, "\n12   "));
	assert_non_null(strstr(text.text, "… and 52 more workers: `-v` shows all\n"));
	assert_non_null(strstr(text.text, "ttl           64  worker 0, worker 1, "));
	for (char *line = strtok(text.text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 60 + 2);
	view.all = true;
	cli_status_format_dataplane(status, &view, &all);
	assert_non_null(strstr(all.text, "\n63   "));
	json_decref(status);
}

/* Whoever looks often does not ask often; a backend that does not answer is left alone for longer. */
static void asked_in_bounds(void **state)
{
	struct fixture *fixture = *state;
	struct figures figures = {};
	struct memory_table *table;

	begin_counting(fixture);
	table = fixture->table;
	struct backend *backend = fixture->engine.reconciler.backend;
	for (uint64_t now = SECOND; now < 3 * SECOND; now += SECOND / 10)
		assert_true(figures_refresh(&figures, backend, now));
	assert_int_equal(table->figures_asked, 2);
	table->figures_code = -ETIMEDOUT;
	for (uint64_t now = 3 * SECOND; now < 13 * SECOND; now += SECOND / 10) {
		assert_true(figures_refresh(&figures, backend, now));
		assert_int_equal(figures.rows.count, 0);
		assert_non_null(figures.error.text);
	}
	assert_int_equal(table->figures_asked, 4);
	table->figures_code = 0;
	assert_true(figures_refresh(&figures, backend, 13 * SECOND));
	assert_null(figures.error.text);
	assert_true(figures.rows.count > 0);
	assert_false(figures_refresh(&figures, NULL, 13 * SECOND));
	assert_int_equal(figures.rows.count, 0);
	figures_clear(&figures);
}

static void silence_is_said(void **state)
{
	struct cli_status_view view = {.width = 100, .machine = true, .now = 1};
	_cleanup_strbuf_ struct strbuf text = {};
	struct fixture *fixture = *state;

	begin_counting(fixture);
	fixture->table->figures_code = -ETIMEDOUT;
	json_t *status = ask(fixture, "status");
	cli_status_format_dataplane(status, &view, &text);
	assert_string_equal(text.text, "\n! what the data plane counts cannot be had: the memory "
				       "backend was told to fail\n");
	assert_string_equal(json_string_value(json_object_get(status, "health")), "well");
	json_decref(status);
}

/* Where there is no backend there is nothing, and the method says so. */
static void no_backend(void **state)
{
	struct fixture *fixture = *state;

	fixture->table->open_code = -ENOENT;
	write_many(fixture, 1, 1);
	start(fixture);
	turn(fixture);
	json_t *status = ask(fixture, "status"),
	       *answer = answer_of(fixture, "dataplane", NULL, NULL);
	assert_true(json_is_null(json_object_get(status, "dataplane")));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "error"), "message")),
		"the backend is not connected");
	json_decref(answer);
	json_decref(status);
}

static void metrics_have_it(void **state)
{
	static const char *const samples[] = {
		"poise_dataplane_answers 1\n",
		"poise_dataplane_port_up{port=\"wan\"} 1\n",
		"poise_dataplane_port_up{port=\"lan\"} 0\n",
		"poise_dataplane_port_packets_total{port=\"wan\",direction=\"out\"} 1500001\n",
		"poise_dataplane_port_bytes_total{port=\"lan\",direction=\"in\"} 600\n",
		"poise_dataplane_port_lost_total{port=\"lan\",reason=\"errors_out\"} 5\n",
		"poise_dataplane_worker_packets_total{worker=\"1\"} 200\n",
		"poise_dataplane_worker_connections_total{worker=\"0\"} 30\n",
		"poise_dataplane_worker_flows{worker=\"0\"} 8\n",
		"poise_dataplane_worker_cpu_seconds_total{worker=\"0\"} 1.5",
		"poise_dataplane_drops_total{by=\"worker 1\",reason=\"no-route\"} 5\n",
		"poise_dataplane_drops_total{by=\"attendant\",reason=\"rate\"} 1\n",
		"poise_dataplane_buffers{state=\"free\"} 4000\n",
	};
	struct fixture *fixture = *state;
	const struct metrics_sources sources = {.engine = &fixture->engine};
	_cleanup_strbuf_ struct strbuf text = {};
	struct metrics_fresh fresh = {};
	char piece[METRICS_BODY_PIECE];
	struct exposition exposition;
	size_t got;

	begin_counting(fixture);
	struct metrics_body *body = metrics_body_new(&sources, &fresh);
	while ((got = metrics_body_read(body, piece, sizeof(piece))))
		strbuf_add_bytes(&text, piece, got);
	metrics_body_free(body);
	for (size_t i = 0; i < ARRAY_LENGTH(samples); i++)
		if (!strstr(text.text, samples[i]))
			fail_msg("there is no %s", samples[i]);
	exposition_parse(text.text, &exposition);
	exposition_clear(&exposition);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(status_and_method_have_it),
		TEST(text_has_tables),
		TEST(text_has_bounds),
		TEST(asked_in_bounds),
		TEST(silence_is_said),
		TEST(no_backend),
		TEST(metrics_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
