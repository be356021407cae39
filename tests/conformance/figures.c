// SPDX-License-Identifier: GPL-2.0-or-later
/* What a backend counts beside services and destinations: rows that can be told apart, counters that only grow, and words
 * instead of rows when it does not answer. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/conformance/conformance.h"

/* Far more than figures may take: what waits for ever is told from what is slow. */
#define FIGURES_MS_MOST 20000.0

static void count(struct fixture *fixture, enum backend_figure_kind kind, const char *object,
	const char *name, uint64_t value)
{
	struct backend_figure *figure = vector_append(&fixture->table->figures);

	*figure = (struct backend_figure){.kind = kind, .value = value};
	snprintf(figure->object, sizeof(figure->object), "%s", object);
	snprintf(figure->name, sizeof(figure->name), "%s", name);
}

/* The server of the data plane counts by itself; the memory is told what it has counted. */
static void begin_counting(struct fixture *fixture)
{
	if (!fixture->table)
		return;
	count(fixture, BACKEND_FIGURE_WORKER, "0", "packets", 12);
	count(fixture, BACKEND_FIGURE_DROP, "worker 0", "no-route", 4);
	count(fixture, BACKEND_FIGURE_WORKER, "0", "flows", 9);
	count(fixture, BACKEND_FIGURE_PORT, "wan", "packets_in", UINT64_MAX - 1);
}

static void go_on_counting(struct fixture *fixture)
{
	if (!fixture->table)
		return;
	fixture->table->figures.items[0].value++;
	fixture->table->figures.items[2].value--;
}

/* One that runs, and says nothing more. */
static void stall(struct fixture *fixture)
{
	int status;

	if (fixture->table) {
		fixture->table->figures_code = -ETIMEDOUT;
		return;
	}
	kill(fixture->server, SIGSTOP);
	waitpid(fixture->server, &status, WUNTRACED);
}

static void go_on(struct fixture *fixture)
{
	if (fixture->table)
		fixture->table->figures_code = 0;
	else
		kill(fixture->server, SIGCONT);
}

static void end(struct fixture *fixture)
{
	if (fixture->table) {
		fixture->table->figures_code = -ECONNREFUSED;
		return;
	}
	kill(fixture->server, SIGKILL);
	waitpid(fixture->server, NULL, 0);
	fixture->server = 0;
}

static void read_figures(struct fixture *fixture, struct backend_figures *ret)
{
	_cleanup_error_ struct error error = {};
	int code = fixture->ops->figures(fixture->backend, ret, &error);

	expect(fixture, code == 0, "%s", error_text(&error, code));
	expect(fixture, ret->count > 0, "it counts nothing");
}

/* An error with words, no rows, and not after all eternity. */
static void expect_none(struct fixture *fixture)
{
	_cleanup_error_ struct error error = {};
	struct backend_figures figures = {};
	double start = clock_ms();
	int code = fixture->ops->figures(fixture->backend, &figures, &error);
	double took = clock_ms() - start;

	expect(fixture, code < 0, "figures came from nobody");
	expect(fixture, error.text && *error.text, "%d is not explained", code);
	expect(fixture, figures.count == 0, "%zu rows stand beside the error", figures.count);
	expect(fixture, took < FIGURES_MS_MOST, "it took %.0f ms", took);
	vector_clear(&figures);
}

static int compare_objects(const void *first, const void *second)
{
	const struct backend_figure *a = first, *b = second;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->object, b->object);
}

static int compare_figures(const void *first, const void *second)
{
	const struct backend_figure *a = first, *b = second;
	int order = compare_objects(a, b);

	return order ? order : strcmp(a->name, b->name);
}

static bool is_text(const char text[static BACKEND_FIGURE_NAME])
{
	size_t length = strnlen(text, BACKEND_FIGURE_NAME);

	return length > 0 && length < BACKEND_FIGURE_NAME;
}

/* Each row has all it needs, and there is no other like it. Sorts. */
static void expect_keys(struct fixture *fixture, struct backend_figures *figures)
{
	vector_foreach(figures, row) {
		expect(fixture, row->kind < BACKEND_FIGURE_COUNT, "kind %d", (int)row->kind);
		expect(fixture, is_text(row->object) && is_text(row->name), "`%.64s` of `%.64s`",
			row->name, row->object);
	}
	vector_sort(figures, compare_figures);
	for (size_t i = 1; i < figures->count; i++)
		expect(fixture, compare_figures(&figures->items[i - 1], &figures->items[i]) != 0,
			"`%s` of `%s` stands there twice", figures->items[i].name,
			figures->items[i].object);
}

/* What is said of an object is said in one go: where another one of its kind begins, it is over. */
static void expect_together(struct fixture *fixture, const struct backend_figures *figures)
{
	struct backend_figure last[BACKEND_FIGURE_COUNT] = {};
	struct backend_figures begun = {};

	vector_foreach(figures, row) {
		if (row->kind >= BACKEND_FIGURE_COUNT)
			continue; /* expect_keys() says so */
		if (compare_objects(row, &last[row->kind]) != 0)
			vector_push(&begun, *row);
		last[row->kind] = *row;
	}
	vector_sort(&begun, compare_objects);
	for (size_t i = 1; i < begun.count; i++)
		expect(fixture, compare_objects(&begun.items[i - 1], &begun.items[i]) != 0,
			"`%s` begins twice", begun.items[i].object);
	vector_clear(&begun);
}

static bool ends_with(const char *text, const char *tail)
{
	size_t length = strlen(text), end_length = strlen(tail);

	return length >= end_length && strcmp(text + length - end_length, tail) == 0;
}

/* Of this moment, and not counted from the beginning on. */
static bool is_now(const struct backend_figure *figure)
{
	static const char *const words[] = {"up", "flows", "free", "all"};
	static const char *const ends[] = {"_free", "_all", "_per_second", "_percent"};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strcmp(figure->name, words[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
		if (ends_with(figure->name, ends[i]))
			return true;
	return false;
}

/* Returns how many have grown. */
static size_t expect_growth(struct fixture *fixture, const struct backend_figures *before,
	const struct backend_figures *after)
{
	size_t grown = 0;

	vector_foreach(before, row) {
		const struct backend_figure *later = vector_find(after, row, compare_figures);

		expect(fixture, later != NULL, "`%s` of `%s` is gone", row->name, row->object);
		if (!later || is_now(row))
			continue;
		expect(fixture, later->value >= row->value, "`%s` of `%s` fell", row->name,
			row->object);
		grown += later->value > row->value;
	}
	return grown;
}

static void rows(struct fixture *fixture)
{
	struct backend_figures first = {}, second = {};
	struct service_key web = add_service(fixture, "tcp://192.0.2.1:80", "wrr");

	add_destination(fixture, &web, "10.0.0.1:80");
	run_and_compare(fixture);
	begin_counting(fixture);
	read_figures(fixture, &first);
	expect_together(fixture, &first);
	expect_keys(fixture, &first);
	go_on_counting(fixture);
	read_figures(fixture, &second);
	expect_keys(fixture, &second);
	expect(fixture, expect_growth(fixture, &first, &second) > 0, "nothing has grown");
	/* It is said beside all else that is asked. */
	fixture_compare(fixture);
	vector_clear(&first);
	vector_clear(&second);
}

static void silent(struct fixture *fixture)
{
	struct backend_figures figures = {};
	struct service_key web = add_service(fixture, "tcp://192.0.2.1:80", "wrr");

	run_and_compare(fixture);
	begin_counting(fixture);
	stall(fixture);
	expect_none(fixture);
	go_on(fixture);
	read_figures(fixture, &figures);
	/* What was asked for in vain has left nothing on the way. */
	add_destination(fixture, &web, "10.0.0.1:80");
	run_and_compare(fixture);
	vector_clear(&figures);
}

static void dead(struct fixture *fixture)
{
	struct backend_figures figures = {};

	begin_counting(fixture);
	read_figures(fixture, &figures);
	end(fixture);
	expect_none(fixture);
	expect_none(fixture);
	vector_clear(&figures);
}

const struct conformance_case figure_cases[] = {
	{.name = "figures: rows and counters", .run = rows, .needs = CONFORMANCE_NEED_FIGURES},
	{.name = "figures: of one that is silent",
		.run = silent,
		.needs = CONFORMANCE_NEED_FIGURES},
	{.name = "figures: of one that is dead", .run = dead, .needs = CONFORMANCE_NEED_FIGURES},
	{},
};
