// SPDX-License-Identifier: GPL-2.0-or-later
/* A text that changed, read by parsing only what changed: when it is done, and that the tree is
 * then the one that a whole parse makes. test-patch-random.c has whatever nobody thought of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/canonical.h"
#include "tests/support/same_tree.h"

/* Parses a text whole; whether it is without any error. */
static bool parse(struct patch_tree *tree, const struct document *document, uint16_t number)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	struct document documents[4] = {{.name = "", .text = ""}, {.name = "", .text = ""},
		{.name = "", .text = ""}, {.name = "", .text = ""}};
	struct report report = {.documents = documents, .count = 4, .diagnostics = &diagnostics};

	documents[number] = *document;
	int r = patch_parse(tree, &report, number);
	report_finish(&report);
	return r == 0 && !diagnostics.errors && !diagnostics.warnings;
}

static struct document text_of(const char *text)
{
	return (struct document){.name = "t", .text = text, .size = strlen(text)};
}

/* Whether the tree of `before` could be made that of `after`. It must be the tree of a whole parse
 * then. */
static bool updates_bytes(const struct document *before, const struct document *after)
{
	struct patch_tree tree = {}, whole = {};

	if (!parse(&tree, before, 0))
		fail_msg("this should be right:\n%s", before->text);
	bool updated = patch_update(&tree, after, 0);
	if (updated) {
		if (!parse(&whole, after, 0))
			fail_msg("this is wrong, and was taken:\n%s", after->text);
		const char *other = same_tree(&tree, &whole);
		if (other)
			fail_msg("%s is another after:\n%s", other, after->text);
	}
	patch_clear(&tree);
	patch_clear(&whole);
	return updated;
}

static bool updates(const char *before, const char *after)
{
	const struct document from = text_of(before), to = text_of(after);

	return updates_bytes(&from, &to);
}

struct change {
	const char *what, *before, *after;
};

#define HEAD "poise: 1\nservices:\n"
#define A    "  a:\n    x: 1\n    l:\n      - p\n      - q\n"
#define B    "  b:\n    x: 2\n"
#define C    "  c:\n    x: 3\n"
#define REST "resync: 30s\nchecks:\n  k:\n    tcp: {}\n"
#define BLOCKS                                                                                     \
	"  a:\n    t: |\n      one\n      two\n  b:\n    t: >-\n      one\n\n      two\n  c: "     \
	"|+\n    keep\n\n"

static const struct change updated[] = {
	{"a value", HEAD A B C REST, HEAD A "  b:\n    x: 5\n" C REST},
	{"the first value", HEAD A B C REST,
		HEAD "  a:\n    x: 7\n    l:\n      - p\n      - q\n" B C REST},
	{"the last value", HEAD A B C, HEAD A B "  c:\n    x: 33\n"},
	{"nothing", HEAD A B C REST, HEAD A B C REST},
	{"an entry came first", HEAD B C REST, HEAD A B C REST},
	{"an entry came between", HEAD A C REST, HEAD A B C REST},
	{"an entry came last", HEAD A B REST, HEAD A B C REST},
	{"an entry came at the end", HEAD A B, HEAD A B C},
	{"an entry like the one before", HEAD A B REST, HEAD A "  a2:\n    x: 1\n" B REST},
	{"several came", HEAD C REST, HEAD A B C REST},
	{"the first went", HEAD A B C REST, HEAD B C REST},
	{"one between went", HEAD A B C REST, HEAD A C REST},
	{"the last went", HEAD A B C REST, HEAD A B REST},
	{"the end went", HEAD A B C, HEAD A},
	{"all but one went", HEAD A B C REST, HEAD B REST},
	{"entries in another order", HEAD A B C REST, HEAD B A C REST},
	{"all of them are others", HEAD A B REST, HEAD C REST},
	{"a longer entry", HEAD A B C REST, HEAD A B "    y: [1, 2,\n      3]\n" C REST},
	{"more at the end of one", HEAD A B C REST, HEAD A "      - r\n" B C REST},
	{"a comment between", HEAD A B C REST, HEAD A "# so\n\n  # it is\n" B C REST},
	{"a comment went", HEAD A "  # so\n" B C REST, HEAD A B C REST},
	{"a comment behind the last", HEAD A B C REST, HEAD A B C "# the end\n" REST},
	{"a comment at the end", HEAD A B C, HEAD A B C "# the end\n"},
	{"a line of a literal text", HEAD BLOCKS REST,
		HEAD "  a:\n    t: |\n      one\n      three\n      two\n  b:\n    t: >-\n      "
		     "one\n\n      two\n  c: |+\n    keep\n\n" REST},
	{"blank lines that are kept", HEAD BLOCKS REST, HEAD BLOCKS "\n\n" REST},
	{"a text with what looks like a key", HEAD A "  b: |\n    c: 1\n" REST,
		HEAD A "  b: |\n    c: 2\n" REST},
	{"a quoted text of two lines", HEAD A "  b: 'so\n    it'\n" C REST,
		HEAD A "  b: 'so\n  c: is\n    it'\n" C REST},
	{"a plain text of two lines", HEAD A "  b: so\n" C REST, HEAD A "  b: so\n    it\n" C REST},
	{"a list as deep as the key", HEAD A "  b:\n  - 1\n" C REST,
		HEAD A "  b:\n  - 1\n  - 2\n" C REST},
	{"no value", HEAD A B C REST, HEAD A "  b:\n" C REST},
	{"the second mapping", HEAD A B REST,
		HEAD A B "resync: 30s\nchecks:\n  k:\n    tcp: {port: 1}\n"},
	{"a deeper one before another",
		HEAD A B "pools:\n        p:\n            x: 1\n        q:\n",
		HEAD A "pools:\n        p:\n            x: 1\n        q:\n"},
	{"a comment before all", "# 1\n" HEAD A B REST, "# 2\n" HEAD A B REST},
	{"a comment before all came", HEAD A B REST, "# 1\n\n  # 2\n" HEAD A B REST},
	{"all comments went", "# 1\n\n  # 2\n" HEAD A B REST, HEAD A B REST},
	{"a comment before all, and an entry", "# 1\n" HEAD A B REST,
		"# 2 and more\n\n" HEAD A C REST},
	{"a comment before `---`", "# 1\n---\n" HEAD A B REST, "# 2\n---\n" HEAD A B REST},
	{"a comment with CR LF, and an entry", "# 1\n" HEAD A B REST, "# 2\r\n\r\n" HEAD A C REST},
	{"`---` first", "---\n" HEAD A B, "---\n" HEAD A C},
	{"`...` last", HEAD A B "...\n", HEAD A C "...\n"},
	{"CR LF", "poise: 1\r\nservices:\r\n  a: 1\r\n  b: 1\r\n",
		"poise: 1\r\nservices:\r\n  a: 1\r\n  b: 2\r\n  c:\r\n"},
	{"LF becomes CR LF in an entry", HEAD A B C REST, HEAD A "  b:\r\n    x: 2\r\n" C REST},
	{"no newline at the end", HEAD A "  b: 1", HEAD A "  b: 2"},
	{"a newline at the end came", HEAD A "  b: 1", HEAD A "  b: 1\n"},
	{"a newline at the end went", HEAD A "  b: 1\n", HEAD A "  b: 1"},
	{"more after no newline", HEAD A "  b: 1", HEAD A "  b: 1\n  c: 2\n  d: 3"},
	{"letters of many bytes", HEAD A "  b: ü\n" C REST, HEAD A "  b: €\n" C REST},
	{"a tab that is no indentation", HEAD A B C REST, HEAD A "  b:\tx\t# y\n" C REST},
	{"a space before the text ends", HEAD A B, HEAD A B " "},
};

static const struct change whole[] = {
	{"a top key", HEAD A B REST, HEAD A B "resync: 31s\nchecks:\n  k:\n    tcp: {}\n"},
	{"a new top key", HEAD A B REST, HEAD A B "max-delete: 10%\n" REST},
	{"a top key went", HEAD A B REST, HEAD A B "checks:\n  k:\n    tcp: {}\n"},
	{"a directive came before all", HEAD A B REST, "%YAML 1.1\n---\n" HEAD A B REST},
	{"`---` came before all", "# 1\n" HEAD A B REST, "---\n" HEAD A B REST},
	{"`---` went", "---\n" HEAD A B REST, "# 1\n" HEAD A B REST},
	{"a byte order mark before all", "# 1\n" HEAD A B REST, "\xef\xbb\xbf# 2\n" HEAD A B REST},
	{"a byte order mark in the head", "# 1\n" HEAD A B REST, "# \xef\xbb\xbf\n" HEAD A B REST},
	{"no UTF-8 in the head", "# 1\n" HEAD A B REST, "# \xff\n" HEAD A B REST},
	{"NEL in the head", "# 1\n" HEAD A B REST,
		"# \xc2\x85"
		"b: 1\n" HEAD A B REST},
	{"a lone CR was in the head", "# 1\rb: 1\n" HEAD A B REST, "# 2\n" HEAD A B REST},
	{"a lone CR in the head", "# 1\n" HEAD A B REST, "# 1\rb: 1\n" HEAD A B REST},
	{"a blank line that is a CR", "# 1\n" HEAD A B REST, "# 1\n\r" HEAD A B REST},
	{"a tab in the head", "# 1\n" HEAD A B REST, "\t# 1\n" HEAD A B REST},
	{"a space before the first key", "# 1\n" HEAD A B REST, "# 1\n " HEAD A B REST},
	{"another first key", "# 1\n" HEAD A B REST, "# 2\nopoise: 1\nservices:\n" A B REST},
	{"a value in the head", "# 1\n" HEAD A B REST, "x\n# 2\n" HEAD A B REST},
	{"before the entries", HEAD A B REST, "poise: 1\n# now\nservices:\n" A B REST},
	{"a comment before the first", HEAD A B REST, HEAD "  # now\n" A B REST},
	{"in two mappings", HEAD A B REST, HEAD A C "resync: 30s\nchecks:\n  l:\n    tcp: {}\n"},
	{"all entries went", HEAD A B REST, HEAD REST},
	{"nothing is left", HEAD A B, ""},
	{"the mapping in braces", "poise: 1\nservices: {a: 1, b: 1}\n",
		"poise: 1\nservices: {a: 1, b: 2}\n"},
	{"the mapping in braces over lines", "poise: 1\nservices:\n  {\n  a: 1,\n  b: 1}\n",
		"poise: 1\nservices:\n  {\n  a: 1,\n  b: 2}\n"},
	{"a list", "poise: 1\nservices:\n  - a: 1\n  - b: 1\n",
		"poise: 1\nservices:\n  - a: 1\n  - b: 2\n"},
	{"all in braces", "{poise: 1,\nservices: {\n  a: 1,\n  b: 1}}\n",
		"{poise: 1,\nservices: {\n  a: 1,\n  b: 2}}\n"},
	{"all is indented", "  poise: 1\n  services:\n    a: 1\n    b: 1\n",
		"  poise: 1\n  services:\n    a: 1\n    b: 2\n"},
	{"an anchor was there", HEAD "  a: &x 1\n" B C, HEAD "  a: &x 1\n" B "  c:\n    x: 4\n"},
	{"an anchor came", HEAD A B C, HEAD A "  b: &x 1\n" C},
	{"an alias came", HEAD A B C, HEAD A "  b: *x\n" C},
	{"a tag came", HEAD A B C, HEAD A "  b: !t 1\n" C},
	{"a tag for the whole", HEAD A B C, HEAD A "  !t b: 1\n" C},
	{"a quoted key came", HEAD A B C, HEAD A "  'b': 1\n" C},
	{"a quoted key was there", HEAD "  'a': 1\n" B C, HEAD "  'a': 1\n" B "  c:\n    x: 4\n"},
	{"a quoted top key was there", "'poise': 1\nservices:\n" A B,
		"'poise': 1\nservices:\n" A C},
	{"`? key` was there", HEAD "  ? a\n  : 1\n" B C,
		HEAD "  ? a\n  : 1\n" B "  c:\n    x: 4\n"},
	{"`? key` came", HEAD A B C, HEAD A "  ? b\n  : 1\n" C},
	{"`?` before a key", HEAD A B C, HEAD A "  ?\n  b: 1\n" C},
	{"`?` behind a key", HEAD A B C, HEAD A B "  ?\n" C},
	{"a key with a sign", HEAD A B C, HEAD A "  -b: 1\n" C},
	{"a key that is there", HEAD A B C REST, HEAD A "  c:\n    x: 2\n" C REST},
	{"a new key that is there", HEAD A B C REST, HEAD A B "  a:\n" C REST},
	{"the same new key twice", HEAD A B C REST, HEAD A B "  d:\n  d:\n" C REST},
	{"the same key twice in an entry", HEAD A B C REST, HEAD A B "    x: 2\n" C REST},
	{"a merge key", HEAD A B C REST, HEAD A B "  <<: {}\n" C REST},
	{"a mapping as a key", HEAD A B C REST, HEAD A B "  {d: 1}: 1\n" C REST},
	{"a quote that is not closed", HEAD A B C REST, HEAD A "  b: 'so\n" C REST},
	{"a quote that another closes", HEAD A B "  c: it'\n" REST,
		HEAD A "  b: 'so\n  c: it'\n" REST},
	{"a bracket that is not closed", HEAD A B C REST, HEAD A "  b: [so\n" C REST},
	{"a bracket that is closed later", HEAD A B "  c: it]\n" REST,
		HEAD A "  b: [so\n  c: it]\n" REST},
	{"no colon", HEAD A B C REST, HEAD A "  b\n" C REST},
	{"no colon at the end", HEAD A B C, HEAD A B "  c\n"},
	{"no space behind the colon", HEAD A B C REST, HEAD A "  b:1\n" C REST},
	{"a key less indented", HEAD A B C REST, HEAD A " b:\n    x: 2\n" C REST},
	{"a key more indented", HEAD A B C REST, HEAD A "   b:\n    x: 2\n" C REST},
	{"the first key less indented", HEAD A B C REST, HEAD " a:\n    x: 2\n" B C REST},
	{"the first key more indented", HEAD A B C REST, HEAD "   a:\n     x: 2\n" B C REST},
	{"a key not indented", HEAD A B C REST, HEAD A "b:\n    x: 2\n" C REST},
	{"a top key between", HEAD A B C REST, HEAD A "b:\n" C REST},
	{"a list item not indented", HEAD A B C REST, HEAD A "- b\n" C REST},
	{"`---`", HEAD A B C REST, HEAD A "---\n" C REST},
	{"`---` alone", HEAD A B C REST, HEAD A B "---\n" C REST},
	{"`...`", HEAD A B C REST, HEAD A B "...\n" C REST},
	{"`---` in a quoted text", HEAD A B C REST, HEAD A "  b: 'x\n---\n  y'\n" C REST},
	{"`...` and more at the end", HEAD A B C, HEAD A B C "...\npoise: 2\n"},
	{"a second document at the end", HEAD A B C, HEAD A B C "---\npoise: 2\n"},
	{"a directive", HEAD A B C REST, HEAD A B "%YAML 1.1\n" C REST},
	{"a directive at the end", HEAD A B C, HEAD A B C "%YAML 1.1\n"},
	{"a tab for indentation", HEAD A B C REST, HEAD A "  b:\n\tx: 2\n" C REST},
	{"a tab before the key", HEAD A B C REST, HEAD A "\tb:\n    x: 2\n" C REST},
	{"a lone CR", HEAD A B C REST, HEAD A "  b:\r    x: 2\n" C REST},
	{"a lone CR was there", HEAD "  # so\r  a: 1\n" B C,
		HEAD "  # so\r  a: 1\n" B "  c:\n    x: 4\n"},
	{"a lone CR that hides where a quote is open", HEAD "  # so\r  a: \"x\n  a: y\"\n",
		HEAD "  # so\r  a: \"x\n  a: z\"\n"},
	{"a quoted key with a colon was there", HEAD "  'a:': 1\n" B C,
		HEAD "  'a:': 1\n" B "  c:\n    x: 4\n"},
	{"a key like the one put before", HEAD A B C REST,
		HEAD A "  poise-patch-before: 1\n" C REST},
	{"a key like the one put behind", HEAD A B C REST, HEAD A "  poise-patch-after:\n" C REST},
	{"a key like the one put above", HEAD A B C REST, HEAD A "poise-patch-above:\n" C REST},
	{"a line break went", HEAD A "  b: 1 #\n" C REST, HEAD A "  b: 1 #" C REST},
	{"NEL", HEAD A B C REST,
		HEAD A "  b: 1 # so\xc2\x85"
		       "\n" C REST},
	{"LS", HEAD A B C REST,
		HEAD A "  b: 1 # so\xe2\x80\xa8"
		       "\n" C REST},
	{"a byte order mark", HEAD A B C REST, HEAD A "  b: \xef\xbb\xbf\n" C REST},
	{"a control character", HEAD A B C REST, HEAD A "  b: \x01\n" C REST},
	{"no UTF-8", HEAD A B C REST, HEAD A "  b: \xff\n" C REST},
	{"a NUL in a text", HEAD A B C REST, HEAD A "  b: \"\\0\"\n" C REST},
	{"a text without end", HEAD A B C REST, HEAD A "  b: |\n so\n" C REST},
	{"only a comment is left", HEAD A B C REST,
		HEAD A B "# c is gone\n"
			 "#" REST},
	{"the comment of what went", HEAD A B C, HEAD "  # a, b and c are gone\n"},
};

static void what_can_stand_alone_is_parsed_alone(_unused_ void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(updated); i++)
		if (!updates(updated[i].before, updated[i].after))
			fail_msg("%s: parsed whole", updated[i].what);
}

static void what_cannot_is_parsed_whole(_unused_ void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(whole); i++)
		if (updates(whole[i].before, whole[i].after))
			fail_msg("%s: not parsed whole", whole[i].what);
}

static void a_nul_is_parsed_whole(_unused_ void **state)
{
	static const char text[] = HEAD A "  b: \0\n" C;
	const struct document before = text_of(HEAD A B C);
	const struct document after = {.name = "t", .text = text, .size = sizeof(text) - 1};

	assert_false(updates_bytes(&before, &after));
}

/* Adds to a text `count` levels of lists, then `end`. */
static char *nested(const char *before, unsigned int count, const char *end)
{
	struct strbuf text = {};

	strbuf_add(&text, before);
	for (unsigned int i = 0; i < count; i++)
		strbuf_add(&text, "[");
	for (unsigned int i = 0; i < count; i++)
		strbuf_add(&text, "]");
	strbuf_add(&text, end);
	return strbuf_take(&text);
}

/* Two of the levels are the mappings around an entry. */
static void depth_counts_from_the_top(_unused_ void **state)
{
	_cleanup_free_ char *deepest = nested(HEAD A "  b: ", YAML_DEPTH_LIMIT - 2, "\n" C);
	_cleanup_free_ char *deeper = nested(HEAD A "  b: ", YAML_DEPTH_LIMIT - 1, "\n" C);

	assert_true(updates(HEAD A B C, deepest));
	assert_false(updates(HEAD A B C, deeper));
}

static void nodes_count_in_the_whole(_unused_ void **state)
{
	const struct document before = text_of(HEAD A B C);
	const struct document same = text_of(HEAD A "  b:\n    x: 5\n" C);
	const struct document more = text_of(HEAD A "  b:\n    x: [5]\n" C);
	struct patch_tree tree = {};

	assert_true(parse(&tree, &before, 0));
	tree.yaml.nodes = YAML_NODE_LIMIT;
	assert_true(patch_update(&tree, &same, 0));
	assert_int_equal(tree.yaml.nodes, YAML_NODE_LIMIT);
	assert_false(patch_update(&tree, &more, 0));
	patch_clear(&tree);
}

/* What is not in the tree any more stays in its arena: that has an end. */
static void replaced_text_is_bounded(_unused_ void **state)
{
	struct patch_tree tree = {};
	_cleanup_strbuf_ struct strbuf text = {};
	size_t changes = 0;

	strbuf_add(&text, HEAD A "  b: '");
	for (size_t i = 0; i < 1000; i++)
		strbuf_add_char(&text, 'x');
	char *last = text.text + text.length - 1;
	strbuf_add(&text, "'\n" C);
	last = text.text + text.length - strlen("x'\n" C);
	const struct document document = {.name = "t", .text = text.text, .size = text.length};
	assert_true(parse(&tree, &document, 0));
	do {
		*last = *last == 'x' ? 'y' : 'x';
		changes++;
		assert_true(changes < 100);
	} while (patch_update(&tree, &document, 0));
	assert_true(tree.stale <= PATCH_STALE_LEAST);
	assert_true(changes > 50);
	patch_clear(&tree);
}

static void a_change_may_be_too_large(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_add(&text, HEAD A "  b: ");
	while (text.length < PATCH_STALE_LEAST + 100)
		strbuf_add_char(&text, 'x');
	strbuf_add(&text, "\n" C);
	assert_false(updates(HEAD A B C, text.text));
	assert_false(updates(text.text, HEAD A B C));
}

/* A text of many pages, with something changed near its start, in between, and near its end. */
static void large_texts_are_compared(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf before = {};
	size_t changed = 0;

	strbuf_add(&before, HEAD);
	for (int i = 0; i < 2000; i++)
		strbuf_printf(&before, "  s%d:\n    x: 1\n", i);
	strbuf_add(&before, REST);
	for (size_t at = strlen(HEAD); at < before.length - strlen(REST); at += 997) {
		char *line = strstr(before.text + at, "x: 1");
		_cleanup_free_ char *after = memory_copy_bytes(before.text, before.length);

		if (!line)
			break;
		after[line - before.text + 3] = '2';
		assert_true(updates(before.text, after));
		changed++;
	}
	assert_true(changed > 20);
}

/* Texts are compared in steps: each place of a change that could lie on the edge of one. */
static void no_byte_is_left_out(_unused_ void **state)
{
	for (int pad = 0; pad < 24; pad++) {
		_cleanup_strbuf_ struct strbuf before = {};

		strbuf_printf(&before, HEAD "  first: %0*d\n", pad + 1, 1);
		for (int i = 0; i < 1500; i++)
			strbuf_printf(&before, "  s%d:\n    x: 1\n", i);
		for (size_t at = 4080; at < before.length - 16; at += 4096) {
			_cleanup_free_ char *after = memory_copy_bytes(before.text, before.length);

			*(strstr(after + at, "x: 1") + 3) = '2';
			assert_true(updates(before.text, after));
		}
	}
}

/* More than are compared one by one. */
static void many_new_keys_are_looked_up(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf good = {}, bad = {};

	strbuf_add(&good, HEAD A);
	for (int i = 0; i < 40; i++)
		strbuf_printf(&good, "  b%d: 1\n", i);
	strbuf_add(&bad, good.text);
	strbuf_add(&good, C);
	strbuf_add(&bad, "  c: 2\n" C);
	assert_true(updates(HEAD A C, good.text));
	assert_false(updates(HEAD A C, bad.text));
}

static void a_document_may_get_another_number(_unused_ void **state)
{
	const struct document before = text_of(HEAD A B C), after = text_of(HEAD A "  d:\n" C);
	struct patch_tree tree = {}, fresh = {};

	assert_true(parse(&tree, &before, 0));
	assert_true(patch_update(&tree, &before, 3));
	assert_true(parse(&fresh, &before, 3));
	assert_null(same_tree(&tree, &fresh));
	assert_true(patch_update(&tree, &after, 1));
	assert_true(parse(&fresh, &after, 1));
	assert_null(same_tree(&tree, &fresh));
	patch_clear(&tree);
	patch_clear(&fresh);
}

static void anchors_do_not_hinder_what_is_unchanged(_unused_ void **state)
{
	const struct document document = text_of(HEAD "  a: &x {y: 1}\n  b: *x\n");
	struct patch_tree tree = {}, fresh = {};

	assert_true(parse(&tree, &document, 0));
	assert_true(patch_update(&tree, &document, 2));
	assert_true(parse(&fresh, &document, 2));
	assert_null(same_tree(&tree, &fresh));
	patch_clear(&tree);
	patch_clear(&fresh);
}

#define GOOD "poise: 1\nservices:\n"
#define WEB  "  web:\n    listen: tcp://192.0.2.1:80\n    destinations: [10.0.0.1]\n"
#define SHOP "  shop:\n    listen: tcp://192.0.2.2:80\n    destinations: [10.0.0.2]\n"
#define MAIL "  mail:\n    listen: tcp://192.0.2.3:25\n    destinations: [10.0.0.3]\n"

/* What config_reload() makes of documents, which must be what config_load() makes of them. How
 * many trees were there before, to be brought up to them, is for the caller to know. */
static int reload(struct load_trees *trees, const struct document *documents, size_t count)
{
	_cleanup_diagnostics_ struct diagnostics alone = {}, after = {};
	_cleanup_config_ struct config a = {}, b = {};
	_cleanup_strbuf_ struct strbuf a_text = {}, b_text = {}, a_said = {}, b_said = {};
	int a_result = config_load(documents, count, &a, &alone);
	int b_result = config_reload(trees, documents, count, &b, &after);

	assert_int_equal(a_result, b_result);
	diagnostics_format(&alone, false, &a_said);
	diagnostics_format(&after, false, &b_said);
	assert_string_equal(a_said.text ? a_said.text : "", b_said.text ? b_said.text : "");
	if (a_result < 0) {
		assert_int_equal(trees->count, 0);
		return a_result;
	}
	config_format_yaml(&a, &a_text);
	config_format_yaml(&b, &b_text);
	assert_string_equal(a_text.text, b_text.text);
	assert_int_equal(trees->count, count);
	return 0;
}

static struct document named(const char *name, const char *text)
{
	return (struct document){.name = name, .text = text, .size = strlen(text)};
}

/* Whose nodes these are: a tree that was made anew has others. */
static const struct yaml_node *root_of(const struct load_trees *trees, size_t i)
{
	return trees->items[i].yaml.root;
}

static void a_change_keeps_the_tree(_unused_ void **state)
{
	const struct document first = named("a", GOOD WEB MAIL),
			      second = named("a", GOOD WEB SHOP MAIL);
	struct load_trees trees = {};

	assert_int_equal(reload(&trees, &first, 1), 0);
	const struct yaml_node *root = root_of(&trees, 0);
	assert_int_equal(reload(&trees, &second, 1), 0);
	assert_ptr_equal(root_of(&trees, 0), root);
	assert_int_equal(reload(&trees, &first, 1), 0);
	assert_ptr_equal(root_of(&trees, 0), root);
	load_trees_clear(&trees);
}

static void unchanged_files_keep_their_trees(_unused_ void **state)
{
	const struct document first[] = {named("a", GOOD WEB), named("c", GOOD MAIL)};
	const struct document second[] = {
		named("a", GOOD WEB), named("b", GOOD SHOP), named("c", GOOD MAIL)};
	const struct document third[] = {named("c", GOOD MAIL), named("b", GOOD WEB)};
	struct load_trees trees = {};

	assert_int_equal(reload(&trees, first, 2), 0);
	const struct yaml_node *a = root_of(&trees, 0), *c = root_of(&trees, 1);
	assert_int_equal(reload(&trees, second, 3), 0);
	assert_ptr_equal(root_of(&trees, 0), a);
	assert_ptr_equal(root_of(&trees, 2), c);
	const struct yaml_node *b = root_of(&trees, 1);
	assert_int_equal(reload(&trees, third, 2), 0);
	assert_ptr_equal(root_of(&trees, 0), c);
	assert_ptr_equal(root_of(&trees, 1), b);
	load_trees_clear(&trees);
}

/* What two documents say is said of the places that they have now. */
static void errors_have_their_places(_unused_ void **state)
{
	const struct document good[] = {named("a", GOOD WEB MAIL), named("b", GOOD SHOP)};
	const struct document twice[] = {named("0", "poise: 1\n"),
		named("a", GOOD "# so\n" WEB SHOP MAIL), named("b", GOOD SHOP)};
	struct load_trees trees = {};

	assert_int_equal(reload(&trees, good, 2), 0);
	assert_true(reload(&trees, twice, 3) < 0);
	assert_int_equal(reload(&trees, good, 2), 0);
	load_trees_clear(&trees);
}

/* Warnings are said of kept trees: nothing is parsed for them. */
static void warnings_have_their_places(_unused_ void **state)
{
#define UNUSED "pools:\n  spare: {destinations: [10.0.0.1]}\n"
	const struct document first[] = {named("a", GOOD WEB MAIL), named("b", GOOD SHOP UNUSED)};
	const struct document second[] = {named("0", "poise: 1\n"), named("a", GOOD WEB),
		named("b", GOOD "  a:\n    listen: tcp://192.0.2.9:80\n    destinations: []\n" SHOP
				   UNUSED)};
	struct load_trees trees = {};

	assert_int_equal(reload(&trees, first, 2), 0);
	const struct yaml_node *a = root_of(&trees, 0), *b = root_of(&trees, 1);
	assert_int_equal(reload(&trees, second, 3), 0);
	assert_ptr_equal(root_of(&trees, 1), a);
	assert_ptr_equal(root_of(&trees, 2), b);
	load_trees_clear(&trees);
}

static void one_name_may_stand_twice(_unused_ void **state)
{
	const struct document documents[] = {named("a", GOOD WEB), named("a", GOOD SHOP)};
	const struct document other[] = {named("a", GOOD SHOP), named("a", GOOD WEB)};
	const struct document one = named("a", GOOD MAIL WEB);
	struct load_trees trees = {};

	assert_int_equal(reload(&trees, documents, 2), 0);
	assert_int_equal(reload(&trees, other, 2), 0);
	assert_int_equal(reload(&trees, documents, 2), 0);
	assert_int_equal(reload(&trees, &one, 1), 0);
	load_trees_clear(&trees);
}

static void nothing_is_an_error(_unused_ void **state)
{
	const struct document good = named("a", GOOD WEB), empty = named("a", "");
	struct load_trees trees = {};

	assert_int_equal(reload(&trees, &good, 1), 0);
	assert_true(reload(&trees, NULL, 0) < 0);
	assert_int_equal(reload(&trees, &good, 1), 0);
	assert_true(reload(&trees, &empty, 1) < 0);
	assert_true(reload(&trees, &empty, 1) < 0);
	load_trees_clear(&trees);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_stand_alone_is_parsed_alone),
		cmocka_unit_test(what_cannot_is_parsed_whole),
		cmocka_unit_test(a_nul_is_parsed_whole),
		cmocka_unit_test(depth_counts_from_the_top),
		cmocka_unit_test(nodes_count_in_the_whole),
		cmocka_unit_test(replaced_text_is_bounded),
		cmocka_unit_test(a_change_may_be_too_large),
		cmocka_unit_test(large_texts_are_compared),
		cmocka_unit_test(no_byte_is_left_out),
		cmocka_unit_test(many_new_keys_are_looked_up),
		cmocka_unit_test(a_document_may_get_another_number),
		cmocka_unit_test(anchors_do_not_hinder_what_is_unchanged),
		cmocka_unit_test(a_change_keeps_the_tree),
		cmocka_unit_test(unchanged_files_keep_their_trees),
		cmocka_unit_test(errors_have_their_places),
		cmocka_unit_test(warnings_have_their_places),
		cmocka_unit_test(one_name_may_stand_twice),
		cmocka_unit_test(nothing_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
