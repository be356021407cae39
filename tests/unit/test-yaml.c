// SPDX-License-Identifier: GPL-2.0-or-later
/* Text to tree: places, aliases, bounds; UTF-8. What the messages say is tests/golden's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "base/utf8.h"
#include "model/yaml.h"

#define SCANNED (32u << 20)

/* A tree, and what was said about it. */
struct fixture {
	struct document document;
	struct diagnostics diagnostics;
	struct report report;
	struct arena arena;
	const struct yaml_node *root;
	int result;
};

static void parse_bytes(struct fixture *fixture, const char *text, size_t size)
{
	*fixture = (struct fixture){.document = {.name = "t", .text = text, .size = size}};
	fixture->report = (struct report){
		.documents = &fixture->document, .count = 1, .diagnostics = &fixture->diagnostics};
	struct yaml_tree tree = {};
	fixture->result = yaml_parse(&fixture->report, 0, &fixture->arena, &tree);
	fixture->root = tree.root;
	report_finish(&fixture->report);
}

static void parse(struct fixture *fixture, const char *text)
{
	parse_bytes(fixture, text, strlen(text));
}

static void fixture_clear(struct fixture *fixture)
{
	diagnostics_clear(&fixture->diagnostics);
	arena_clear(&fixture->arena);
}

static void assert_said(
	const struct fixture *fixture, unsigned int line, unsigned int column, const char *words)
{
	assert_int_equal(fixture->diagnostics.errors, 1);
	assert_int_equal(fixture->diagnostics.items[0].line, line);
	assert_int_equal(fixture->diagnostics.items[0].column, column);
	assert_non_null(strstr(fixture->diagnostics.items[0].message, words));
}

static void tree_has_kinds_sizes_and_places(_unused_ void **state)
{
	struct fixture fixture;

	parse(&fixture, "a: [1, 'two', {}]\nü: {b: ~}\n");
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.root->kind, YAML_KIND_MAPPING);
	assert_int_equal(fixture.root->size, 2);
	const struct yaml_node *list = yaml_find(fixture.root, "a")->next;
	assert_int_equal(list->kind, YAML_KIND_SEQUENCE);
	assert_int_equal(list->size, 3);
	assert_string_equal(list->first->text, "1");
	assert_true(list->first->plain);
	assert_false(list->first->next->plain);
	assert_int_equal(list->first->next->column, 8);
	const struct yaml_node *mapping = yaml_find(fixture.root, "ü")->next;
	assert_int_equal(mapping->line, 2);
	assert_int_equal(mapping->column, 4); /* characters, not bytes */
	assert_true(yaml_is_null(yaml_find(mapping, "b")->next));
	assert_null(yaml_find(mapping, "c"));
	assert_null(yaml_find(list, "a"));
	fixture_clear(&fixture);
}

static void alias_refers_to_its_anchor(_unused_ void **state)
{
	struct fixture fixture;

	parse(&fixture, "a: &x [1]\nb: *x\nc: &x [2]\nd: *x\n");
	assert_int_equal(fixture.result, 0);
	const struct yaml_node *b = yaml_find(fixture.root, "b")->next;
	const struct yaml_node *d = yaml_find(fixture.root, "d")->next;
	assert_ptr_equal(yaml_resolve(b), yaml_find(fixture.root, "a")->next);
	assert_ptr_equal(yaml_resolve(d), yaml_find(fixture.root, "c")->next);
	assert_int_equal(b->line, 2);
	fixture_clear(&fixture);
}

static void broken_nodes_are_marked(_unused_ void **state)
{
	struct fixture fixture;

	parse(&fixture, "a: 1\nb: !t 2\na: 3\n[c]: 4\n<<: 5\nd: *no\n");
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.diagnostics.errors, 5);
	assert_string_equal(yaml_find(fixture.root, "a")->next->text, "1");
	assert_true(yaml_find(fixture.root, "b")->next->broken);
	assert_null(yaml_find(fixture.root, "<<"));
	assert_true(yaml_find(fixture.root, "d")->next->broken);
	fixture_clear(&fixture);
}

static void duplicate_among_many_keys_is_found(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};
	struct fixture fixture;

	for (int i = 0; i < 1000; i++)
		strbuf_printf(&text, "key%d: %d\n", i, i);
	strbuf_add(&text, "key500: again\n");
	parse(&fixture, text.text);
	assert_int_equal(fixture.result, 0);
	assert_said(&fixture, 1001, 1, "key500");
	assert_string_equal(fixture.diagnostics.items[0].hint, "first at t:501:1");
	fixture_clear(&fixture);
}

static void depth_is_bounded(_unused_ void **state)
{
	char text[2 * YAML_DEPTH_LIMIT + 3];
	struct fixture fixture;

	memset(text, '[', YAML_DEPTH_LIMIT);
	memset(text + YAML_DEPTH_LIMIT, ']', YAML_DEPTH_LIMIT);
	text[2 * YAML_DEPTH_LIMIT] = '\0';
	parse(&fixture, text);
	assert_int_equal(fixture.result, 0);
	fixture_clear(&fixture);
	memset(text, '[', YAML_DEPTH_LIMIT + 1);
	parse(&fixture, text);
	assert_int_equal(fixture.result, -EINVAL);
	assert_said(&fixture, 1, YAML_DEPTH_LIMIT + 1, "nested");
	fixture_clear(&fixture);
}

/* `count` aliases of a list of 1,000. */
static void parse_aliases(struct fixture *fixture, size_t count, struct strbuf *text)
{
	strbuf_add(text, "a: &a [0");
	for (int i = 1; i < 1000; i++)
		strbuf_add(text, ", 0");
	strbuf_add(text, "]\nb:\n");
	for (size_t i = 0; i < count; i++)
		strbuf_add(text, "- *a\n");
	parse(fixture, text->text);
}

static void aliases_are_bounded_by_the_size_of_the_text(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf few = {}, many = {};
	struct fixture fixture;

	parse_aliases(&fixture, 30, &few);
	assert_int_equal(fixture.result, 0);
	fixture_clear(&fixture);
	parse_aliases(&fixture, 150, &many);
	assert_int_equal(fixture.result, -EINVAL);
	assert_int_equal(fixture.diagnostics.errors, 1);
	assert_non_null(strstr(fixture.diagnostics.items[0].message, "aliases"));
	fixture_clear(&fixture);
}

static void scan_finds_what_libyaml_would_not(_unused_ void **state)
{
	static const struct {
		const char *text;
		size_t size;
		unsigned int line, column;
		const char *words;
	} cases[] = {
		{"a: 1\n\0b: 2\n", 11, 2, 1, "NUL"},
		{"a: ü\x01\n", 7, 1, 5, "U+0001"},
		{"\xef\xbb\xbf"
		 "a: 1\n",
			8, 1, 1, "byte order mark"},
		{"\xff\xfe"
		 "a\0",
			4, 1, 1, "UTF-16"},
		{"a: \xc3(\n", 6, 1, 4, "UTF-8"},
		{"a: \xed\xa0\x80\n", 7, 1, 4, "UTF-8"},
		{"a: \xf4\x90\x80\x80\n", 8, 1, 4, "UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct fixture fixture;

		parse_bytes(&fixture, cases[i].text, cases[i].size);
		assert_int_equal(fixture.result, -EINVAL);
		assert_said(&fixture, cases[i].line, cases[i].column, cases[i].words);
		fixture_clear(&fixture);
	}
}

static uint64_t scan_time(char byte)
{
	_cleanup_free_ char *text = memory_resize(NULL, SCANNED + 1, 1);
	struct fixture fixture;
	struct timespec start, end;

	memset(text, byte, SCANNED);
	text[SCANNED] = '\0';
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	parse_bytes(&fixture, text, SCANNED);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	assert_int_equal(fixture.result, -EINVAL);
	assert_int_equal(fixture.diagnostics.errors, 1);
	fixture_clear(&fixture);
	return (uint64_t)(end.tv_sec - start.tv_sec) * 1000000000u + (uint64_t)end.tv_nsec -
	       (uint64_t)start.tv_nsec;
}

/* What a machine that crashed leaves of a large file; a loop waits for it. */
static void a_file_of_zeros_is_scanned_like_any(_unused_ void **state)
{
	uint64_t zeros = scan_time(0), bad = scan_time('\xff'), plain = scan_time('a');

	print_message("zeros %.1f, no UTF-8 %.1f, one long line %.1f ns a byte\n",
		(double)zeros / SCANNED, (double)bad / SCANNED, (double)plain / SCANNED);
	assert_true(zeros < 6 * plain);
	assert_true(bad < 6 * plain);
}

static void empty_texts_have_no_tree(_unused_ void **state)
{
	static const char *const texts[] = {"", "\n\n", "# comment\n", "---\n", "   "};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct fixture fixture;

		parse(&fixture, texts[i]);
		assert_int_equal(fixture.result, 0);
		assert_true(!fixture.root || yaml_is_null(fixture.root));
		fixture_clear(&fixture);
	}
}

static void every_problem_of_libyaml_has_words(_unused_ void **state)
{
	const char *hint;

	assert_string_not_equal(
		yaml_problem_words("mapping values are not allowed in this context", &hint),
		"mapping values are not allowed in this context");
	assert_non_null(hint);
	/* What a later libyaml says is still said. */
	assert_string_equal(yaml_problem_words("some news", &hint), "some news");
	assert_null(hint);
	assert_non_null(yaml_problem_words(NULL, &hint));
}

static void utf8_lengths(_unused_ void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{"a", 1},
		{"\xc3\xbc", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"", 0},
		{"\x80", 0},
		{"\xc3", 0},
		{"\xc0\x80", 0},
		{"\xc1\xbf", 0},
		{"\xe0\x80\x80", 0},
		{"\xe2\x82", 0},
		{"\xf0\x80\x80\x80", 0},
		{"\xf5\x80\x80\x80", 0},
		{"\xff", 0},
		{"\xe2(\xac", 0},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(utf8_length(cases[i].text, cases[i].text + strlen(cases[i].text)),
			cases[i].length);
	assert_int_equal(utf8_decode("\xf0\x9f\x98\x80", 4), 0x1f600);
	assert_true(utf8_is_printable(0xe9));
	assert_false(utf8_is_printable(0x1b));
	assert_false(utf8_is_printable(0x9b));
	assert_false(utf8_is_printable(0x202e));
}

static void lines_break_where_libyaml_counts_them(_unused_ void **state)
{
	struct fixture fixture;
	const char text[] = "a: 1\r\nb: 2\rc: 3\xc2\x85"
			    "d: 4\xe2\x80\xa8"
			    "e: @\n";

	parse(&fixture, text);
	assert_int_equal(fixture.result, -EINVAL);
	assert_said(&fixture, 5, 4, "cannot start");
	assert_string_equal(fixture.diagnostics.items[0].source, "e: @");
	fixture_clear(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_has_kinds_sizes_and_places),
		cmocka_unit_test(alias_refers_to_its_anchor),
		cmocka_unit_test(broken_nodes_are_marked),
		cmocka_unit_test(duplicate_among_many_keys_is_found),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(aliases_are_bounded_by_the_size_of_the_text),
		cmocka_unit_test(scan_finds_what_libyaml_would_not),
		cmocka_unit_test(a_file_of_zeros_is_scanned_like_any),
		cmocka_unit_test(empty_texts_have_no_tree),
		cmocka_unit_test(every_problem_of_libyaml_has_words),
		cmocka_unit_test(utf8_lengths),
		cmocka_unit_test(lines_break_where_libyaml_counts_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
