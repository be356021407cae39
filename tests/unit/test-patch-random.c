// SPDX-License-Identifier: GPL-2.0-or-later
/* Random edits of many texts: whatever they are, a text that is read after another one gives what
 * it gives alone. EDITS (25,000) from SEED; a failure prints the seed of its walk and the texts.
 *
 *	tree	patch_update() did it: a whole parse has nothing to say, and makes the same tree
 *	outcome	config_reload() and config_load() make the same canonical form and say the same
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include "base/file.h"
#include "model/canonical.h"
#include "tests/support/random.h"
#include "tests/support/same_tree.h"

#define TEXT_MOST 20000 /* bytes; larger texts are cut */
#define WALK      12    /* edits that start from one text */

/* The texts to start from. */
static struct {
	VECTOR_OF(struct strbuf);
} seeds;

static void seed_add(const char *text, size_t size)
{
	strbuf_add_bytes(vector_append(&seeds), text, MIN(size, (size_t)TEXT_MOST));
}

/* In the order of their names: a walk is the same wherever its SEED is tried again. */
static void seed_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	size_t found = 0;

	if (count < 0)
		fail_msg("%s: run this where the sources are", folder);
	for (int i = 0; i < count; i++) {
		_cleanup_free_ struct dirent *entry = entries[i];
		_cleanup_free_ char *path = memory_printf("%s/%s", folder, entry->d_name);
		_cleanup_free_ char *text = NULL;
		size_t size;

		if (entry->d_name[0] == '.' || file_read(AT_FDCWD, path, 1 << 20, &text, &size) < 0)
			continue;
		seed_add(text, size);
		found++;
	}
	free(entries);
	assert_true(found > 10);
}

/* Texts as they are in use, in every style that an entry can have: they come from here more often
 * than from the folders. */
static const char *const styles[] = {
	"# made by a tool, at 10:03\n\npoise: 1\n\n# what we serve\nservices:\n"
	"  web:\n    listen: tcp://192.0.2.1:80\n    scheduler: rr\n    destinations:\n"
	"      - 10.0.0.1:80\n      - {address: 10.0.0.2:80, weight: 5}\n"
	"  # for the shop\n"
	"  shop:\n    listen: [tcp://192.0.2.2:80, tcp://192.0.2.2:443]\n    pool: shop\n"
	"  mail:\n    listen: tcp://192.0.2.3:25\n    destinations: [10.0.2.1, 10.0.2.2]\n"
	"  quiet:\n    listen: fwmark://7\n    destinations: []\n\n"
	"pools:\n"
	"  shop:\n    destinations:\n    - address: 10.0.1.1\n      weight: 3\n    - 10.0.1.2\n"
	"  spare:\n    destinations: [10.0.9.1]\n"
	"checks:\n"
	"  page:\n    interval: 5s\n    http:\n      path: /health\n      body: >-\n        ok\n   "
	"     ready\n"
	"  port: {tcp: {}}\n"
	"resync: 30s\n",

	"---\npoise: 1\nservices:\n"
	"    a:\n        listen: tcp://192.0.2.1:80\n        destinations:\n        - 10.0.0.1\n"
	"    b:\n        listen: tcp://192.0.2.2:80\n        destinations:\n        - "
	"\"10.0.0.1\"\n"
	"        - '10.0.0.2'\n"
	"    c:\n        listen: tcp://192.0.2.3:80\n        destinations:\n        -   address: "
	"10.0.0.3\n"
	"            weight: 5\n"
	"    d:\n        notify: [/bin/true, \"of\n          two lines\", 'and\n          "
	"another']\n"
	"        listen: tcp://192.0.2.4:80\n        destinations: []",

	"poise: 1\r\nservices:\r\n  a:\r\n    listen: tcp://192.0.2.1:80\r\n    destinations: "
	"[10.0.0.1]\r\n"
	"  b:\r\n    listen: tcp://192.0.2.2:80\r\n    destinations: [10.0.0.1]\r\n"
	"  c:\r\n    listen: tcp://192.0.2.3:80\r\n    destinations: []\r\nprune: owned\r\n",

	"poise: 1\nchecks:\n"
	"  a:\n    udp:\n      send: >+\n        one\n        two\n\n        three\n\n\n"
	"  b:\n    udp:\n      send: |2\n          four\n      expect: ^ok\n"
	"  c:\n    exec:\n      command:\n        - /bin/sh\n        - -c\n        - >-\n          "
	"echo a: b\n"
	"          # no comment\n          exit 0\n"
	"  d:\n    tcp: {}\n    interval: 5s\n"
	"services:\n"
	"  one:\n    listen: tcp://192.0.2.1:80\n    check: a\n    destinations: [10.0.0.1]\n"
	"  two:\n    listen: tcp://192.0.2.2:80\n    check: d\n    destinations: [10.0.0.1]\n"
	"...\n",

	"poise: 1\nservices:\n  a: &one\n    listen: tcp://192.0.2.1:80\n    destinations: &two "
	"[10.0.0.1]\n"
	"  b:\n    listen: tcp://192.0.2.2:80\n    destinations: *two\n",

	"poise: 1\nallow-empty: true\nipvs:\n  sysctls:\n    conntrack: 1\n    conn_max: 3\n"
	"  timeouts:\n    tcp: 900s\npools:\n  unused:\n    destinations: [10.0.0.1]\n"
	"  other:\n    destinations: [10.0.0.1]\n",
};

/* What gets into a text. Each may be right somewhere. */
static const char *const pieces[] = {"\n", "\n", "\r\n", "\r", " ", "  ", "    ", "\t", "#", " # x",
	":", ": ", "- ", "-", "? ", "?", "'", "\"", "\\", "[", "]", "{", "}", ",", "|", "|+", ">-",
	"|2", "&x ", "*x", "!t ", "%", "---", "---\n", "...", "...\n", "<<: {}", "\xc2\x85",
	"\xe2\x80\xa8", "\xef\xbb\xbf", "\xff", "ü", "a", "b", "1", "0", "~", "null", "weight: 3\n",
	"    weight: 3\n", "  a:\n", "  z9:\n", "\n\n", "services:\n", "checks:\n",
	"\n  new:\n    listen: tcp://192.0.2.77:80\n    destinations: [10.0.0.7]\n",
	"\n  more:\n    listen: udp://192.0.2.78:80\n    destinations:\n      - 10.0.0.7\n",
	"      - 10.0.0.99\n", "    # a comment\n", "# a comment\n", "  # a comment\n",
	"    scheduler: wlc\n", "    body: |\n      a: b\n      c\n", "    drain: 5s\n"};

/* Replaces `cut` bytes at `at`. */
static void replace(struct strbuf *text, size_t at, size_t cut, const char *bytes, size_t size)
{
	struct strbuf result = {};

	strbuf_add_bytes(&result, text->text ? text->text : "", at);
	strbuf_add_bytes(&result, bytes, size);
	strbuf_add_bytes(&result, text->text ? text->text + at + cut : "",
		MIN(text->length - at - cut, (size_t)TEXT_MOST));
	strbuf_clear(text);
	*text = result;
}

static size_t random_place(const struct strbuf *text)
{
	return random_below((uint32_t)text->length + 1);
}

static size_t line_start(const struct strbuf *text, size_t at)
{
	while (at && text->text[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_end(const struct strbuf *text, size_t at)
{
	while (at < text->length && text->text[at++] != '\n')
		;
	return at;
}

/* From a line with a short indentation to the next one. */
static void random_block(const struct strbuf *text, size_t *start, size_t *end)
{
	size_t at = line_start(text, random_place(text)), depth = 2 + 2 * (random_below(4) == 0);

	while (at && strspn(text->text + at, " ") > depth)
		at = line_start(text, at - 1);
	*start = at;
	do
		at = line_end(text, at);
	while (at < text->length && strspn(text->text + at, " ") > depth);
	*end = at;
}

static void edit_insert(struct strbuf *text)
{
	const char *piece = pieces[random_below(ARRAY_LENGTH(pieces))];
	size_t at = random_place(text);

	if (random_below(3) == 0)
		at = line_start(text, at);
	replace(text, at, 0, piece, strlen(piece));
}

static void edit_delete(struct strbuf *text)
{
	size_t at = random_place(text), most = text->length - at;

	replace(text, at, MIN((size_t)random_below(random_below(4) ? 4 : 60), most), "", 0);
}

static void edit_byte(struct strbuf *text)
{
	size_t at = random_place(text);
	char byte = (char)random_below(random_below(8) ? 0x80 : 0x100);

	if (at < text->length)
		replace(text, at, 1, &byte, 1);
}

/* A digit becomes another one: what changes most in life. */
static void edit_digit(struct strbuf *text)
{
	size_t at = random_place(text);

	for (size_t i = 0; i < text->length; i++, at = (at + 1) % text->length) {
		if (at < text->length && text->text[at] >= '0' && text->text[at] <= '9') {
			text->text[at] = (char)('0' + random_below(10));
			return;
		}
	}
}

static void edit_drop_line(struct strbuf *text)
{
	size_t at = line_start(text, random_place(text));

	replace(text, at, line_end(text, at) - at, "", 0);
}

static void edit_copy_line(struct strbuf *text)
{
	size_t from = line_start(text, random_place(text)), end = line_end(text, from);
	_cleanup_free_ char *line =
		memory_copy_bytes(text->text ? text->text + from : "", end - from);

	replace(text, line_start(text, random_place(text)), 0, line, end - from);
}

/* Deeper or less deep, of one line or of a block. */
static void edit_indent(struct strbuf *text)
{
	size_t start = line_start(text, random_place(text)), end = line_end(text, start);
	size_t by = 1 + random_below(4);
	bool deeper = random_below(2);

	if (random_below(2))
		random_block(text, &start, &end);
	for (size_t at = start; at < end; at = line_end(text, at)) {
		size_t cut = MIN(by, strspn(text->text + at, " "));

		replace(text, at, deeper ? 0 : cut, "        ", deeper ? by : 0);
		end += deeper ? by : 0;
		end -= deeper ? 0 : cut;
	}
}

static void edit_drop_block(struct strbuf *text)
{
	size_t start, end;

	random_block(text, &start, &end);
	replace(text, start, end - start, "", 0);
}

/* A copy of an entry, mostly under a name of its own. */
static void edit_copy_block(struct strbuf *text)
{
	static unsigned int serial;
	size_t start, end, to, unused;
	struct strbuf copy = {};

	random_block(text, &start, &end);
	random_block(text, &to, &unused);
	strbuf_add_bytes(&copy, text->text ? text->text + start : "", end - start);
	if (random_below(4) && copy.length > 2) {
		char name[16];
		size_t at = strspn(copy.text, " ");

		replace(&copy, at, 0, name, (size_t)snprintf(name, sizeof(name), "n%u-", serial++));
	}
	replace(text, to, 0, copy.text ? copy.text : "", copy.length);
	strbuf_clear(&copy);
}

/* A line of its own, where a block starts. */
static void edit_comment(struct strbuf *text)
{
	static const char *const comments[] = {
		"# so\n", "\n", "  # so\n", "    # it: is\n", "      # - so\n"};
	const char *comment = comments[random_below(ARRAY_LENGTH(comments))];
	size_t start, end;

	random_block(text, &start, &end);
	if (random_below(4) == 0)
		start = end = 0;
	replace(text, random_below(2) ? start : end, 0, comment, strlen(comment));
}

/* A service that no other is like, where an entry starts; mostly in place of it. */
static void edit_service(struct strbuf *text)
{
	char entry[200];
	size_t start, end;
	int depth;

	random_block(text, &start, &end);
	depth = end > start ? (int)MIN(strspn(text->text + start, " "), (size_t)8) : 0;
	int size = snprintf(entry, sizeof(entry),
		"%*ss%u:\n%*s  listen: tcp://198.51.%u.%u:80\n%*s  destinations: [10.1.0.1, "
		"10.1.0.%u]\n",
		depth, "", random_below(100000), depth, "", random_below(256), random_below(256),
		depth, "", 2 + random_below(100));
	replace(text, start, random_below(3) ? end - start : 0, entry, (size_t)size);
}

/* A list has one more, or one less. */
static void edit_item(struct strbuf *text)
{
	char *open = text->text ? strchr(text->text + random_below((uint32_t)text->length + 1), '[')
				: NULL;
	char *close = open ? strchr(open, ']') : NULL;

	if (close && close == open + 1)
		replace(text, (size_t)(close - text->text), 0, "10.2.0.1", strlen("10.2.0.1"));
	else if (close)
		replace(text, (size_t)(open + 1 - text->text), (size_t)(close - open) - 1,
			"10.2.0.2, 10.2.0.3", random_below(4) ? strlen("10.2.0.2, 10.2.0.3") : 0);
}

static void edit_cut_off(struct strbuf *text)
{
	text->length = random_place(text);
	if (text->text)
		text->text[text->length] = '\0';
}

/* Bytes of another text. */
static void edit_graft(struct strbuf *text)
{
	const struct strbuf *other = &seeds.items[random_below((uint32_t)seeds.count)];
	size_t from = random_place(other),
	       size = MIN((size_t)random_below(200), other->length - from);

	replace(text, random_place(text), 0, other->text ? other->text + from : "", size);
}

static void (*const wild[])(struct strbuf *text) = {edit_insert, edit_insert, edit_insert,
	edit_delete, edit_byte, edit_digit, edit_drop_line, edit_copy_line, edit_indent,
	edit_drop_block, edit_copy_block, edit_cut_off, edit_graft};
/* What is right more often than not. */
static void (*const tame[])(struct strbuf *text) = {
	edit_digit, edit_comment, edit_service, edit_item};

static void edit(struct strbuf *text)
{
	do {
		if (random_below(2))
			tame[random_below(ARRAY_LENGTH(tame))](text);
		else
			wild[random_below(ARRAY_LENGTH(wild))](text);
	} while (random_below(6) == 0);
	if (!text->text)
		strbuf_add(text, "");
}

/* How often what happened. */
static struct {
	size_t edits, patched, wrong, good, reused;
} count;

static struct document document_of(const struct strbuf *text, const char *name)
{
	return (struct document){
		.name = name, .text = text->text ? text->text : "", .size = text->length};
}

/* Brings the tree from one text to the next; it is empty where a text is wrong. */
static void check_tree(struct patch_tree *tree, const struct document *document)
{
	struct patch_tree whole = {};
	bool good = same_tree_parse(&whole, document);

	count.edits++;
	count.wrong += !good;
	if (tree->text && patch_update(tree, document, 0)) {
		const char *other = good ? same_tree(tree, &whole) : "it is wrong, and this";

		count.patched++;
		if (other)
			fail_msg("%s is another in:\n%s", other, document->text);
		patch_clear(&whole);
		return;
	}
	patch_clear(tree);
	if (good)
		*tree = whole;
	else
		patch_clear(&whole);
}

struct outcome {
	struct config config;
	struct strbuf canonical, said;
	int result;
};

static void outcome_take(struct outcome *outcome, const struct diagnostics *diagnostics)
{
	diagnostics_format(diagnostics, false, &outcome->said);
	if (outcome->result == 0)
		config_format_yaml(&outcome->config, &outcome->canonical);
}

static void outcome_clear(struct outcome *outcome)
{
	config_clear(&outcome->config);
	strbuf_clear(&outcome->canonical);
	strbuf_clear(&outcome->said);
}

static bool same_text(const struct strbuf *a, const struct strbuf *b)
{
	return strcmp(a->text ? a->text : "", b->text ? b->text : "") == 0;
}

/* Whether the texts are a configuration. */
static bool check_outcome(struct load_trees *trees, const struct document *documents, size_t size)
{
	_cleanup_diagnostics_ struct diagnostics here = {}, there = {};
	struct outcome alone = {}, after = {};
	bool kept = trees->count;

	alone.result = config_load(documents, size, &alone.config, &here);
	after.result = config_reload(trees, documents, size, &after.config, &there);
	outcome_take(&alone, &here);
	outcome_take(&after, &there);
	count.good += alone.result == 0;
	count.reused += kept && alone.result == 0;
	if (alone.result != after.result || !same_text(&alone.said, &after.said) ||
		!same_text(&alone.canonical, &after.canonical))
		fail_msg("alone it says:\n%s%s\nafter another:\n%s%s\nof:\n%s", alone.said.text,
			alone.canonical.text, after.said.text, after.canonical.text,
			documents[0].text);
	bool good = alone.result == 0;
	outcome_clear(&alone);
	outcome_clear(&after);
	return good;
}

static uint64_t walk_seed;

/* Edits from one text on. From a text that is wrong the way mostly leads back. */
static void walk(uint64_t seed, size_t steps)
{
	_cleanup_strbuf_ struct strbuf text = {}, good = {};
	const struct strbuf *start;
	struct patch_tree tree = {};
	struct load_trees trees = {};
	size_t files;
	bool loose; /* what is YAML is good enough to go on from */

	random_seed(seed);
	start = &seeds.items[random_below(5) ? random_below(ARRAY_LENGTH(styles))
					     : random_below((uint32_t)seeds.count)];
	files = 1 + (random_below(4) == 0);
	loose = random_below(2);
	const struct document other =
		document_of(&seeds.items[random_below(ARRAY_LENGTH(styles))], "b");
	strbuf_add_bytes(&text, start->text ? start->text : "", start->length);
	for (size_t i = 0; i <= steps; i++) {
		const struct document documents[2] = {document_of(&text, "a"), other};

		check_tree(&tree, &documents[0]);
		bool keep = check_outcome(&trees, documents, files) || (loose && tree.text);
		if (keep || random_below(8) == 0) {
			strbuf_clear(&good);
			strbuf_add_bytes(&good, text.text ? text.text : "", text.length);
		} else {
			replace(&text, 0, text.length, good.text ? good.text : "", good.length);
			const struct document back = document_of(&text, "a");
			check_tree(&tree, &back);
			check_outcome(&trees, &back, 1);
		}
		edit(&text);
	}
	patch_clear(&tree);
	load_trees_clear(&trees);
}

static void random_edits(_unused_ void **state)
{
	const char *text = getenv("SEED"), *most_text = getenv("EDITS");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	uint64_t most = most_text ? strtoull(most_text, NULL, 0) : 25000;

	print_message("%ju edits from SEED=%ju\n", (uintmax_t)most, (uintmax_t)seed);
	for (walk_seed = seed; count.edits < most; walk_seed++)
		walk(walk_seed, WALK);
	print_message("%zu texts: %zu patched, %zu no YAML, %zu good, %zu of them after another\n",
		count.edits, count.patched, count.wrong, count.good, count.reused);
	/* A walk over what is never patched would find nothing. */
	assert_true(most < 1000 || count.patched > most / 8);
	assert_true(most < 1000 || count.reused > most / 20);
}

static int seeds_load(_unused_ void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(styles); i++)
		seed_add(styles[i], strlen(styles[i]));
	seed_folder("tests/golden/good");
	seed_folder("tests/golden/bad");
	seed_folder("tests/fuzz/corpus/yaml");
	return 0;
}

static int seeds_clear(_unused_ void **state)
{
	vector_foreach(&seeds, seed)
		strbuf_clear(seed);
	vector_clear(&seeds);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_edits)};
	int failed = cmocka_run_group_tests(tests, seeds_load, seeds_clear);

	if (failed)
		print_error("the walk that failed: SEED=%ju EDITS=1\n", (uintmax_t)walk_seed);
	return failed;
}
