// SPDX-License-Identifier: GPL-2.0-or-later
/* Two texts of a document, one after the other, with a form feed between, which no YAML has: the
 * second must be read as if the first had never been. */
#include <stdio.h>
#include <stdlib.h>

#include "model/canonical.h"
#include "tests/support/same_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _noreturn_ void fail(const char *what, const char *a, const char *b)
{
	fprintf(stderr, "%s\n--- one:\n%s\n--- other:\n%s\n", what, a ? a : "", b ? b : "");
	abort();
}

static void check_trees(const struct document *before, const struct document *after)
{
	struct patch_tree tree = {}, whole = {};

	if (same_tree_parse(&tree, before) && patch_update(&tree, after, 0)) {
		const char *other = NULL;

		if (!same_tree_parse(&whole, after))
			fail("patched, but wrong", after->text, NULL);
		other = same_tree(&tree, &whole);
		if (other)
			fail("another tree", other, NULL);
	}
	patch_clear(&tree);
	patch_clear(&whole);
}

/* What a load says and makes, as one text. */
static void add_outcome(int r, const struct config *config, const struct diagnostics *diagnostics,
	struct strbuf *text)
{
	strbuf_printf(text, "%d\n", r);
	diagnostics_format(diagnostics, false, text);
	if (r == 0)
		config_format_yaml(config, text);
}

static void check_outcomes(const struct document *before, const struct document *after)
{
	struct load_trees trees = {};
	_cleanup_config_ struct config first = {}, second = {}, alone = {};
	_cleanup_diagnostics_ struct diagnostics said = {}, said_second = {}, said_alone = {};
	_cleanup_strbuf_ struct strbuf outcome = {}, outcome_alone = {};

	config_reload(&trees, before, 1, &first, &said);
	int r = config_reload(&trees, after, 1, &second, &said_second);
	add_outcome(r, &second, &said_second, &outcome);
	r = config_load(after, 1, &alone, &said_alone);
	add_outcome(r, &alone, &said_alone, &outcome_alone);
	if (strcmp(outcome.text, outcome_alone.text) != 0)
		fail("another outcome", outcome.text, outcome_alone.text);
	load_trees_clear(&trees);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *middle = size ? memchr(text, '\f', size) : NULL;

	if (!middle)
		return 0;
	const struct document before = {
		.name = "fuzz.yaml", .text = text, .size = (size_t)(middle - text)};
	const struct document after = {
		.name = "fuzz.yaml", .text = middle + 1, .size = size - before.size - 1};
	check_trees(&before, &after);
	check_outcomes(&before, &after);
	return 0;
}
