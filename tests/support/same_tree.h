// SPDX-License-Identifier: GPL-2.0-or-later
/* Trees of a text, and whether two of them are one and the same, places included. In a header because fuzz
 * targets link no test code. */
#pragma once

#include <stdio.h>

#include "model/patch.h"

static inline bool same_node(const struct yaml_node *a, const struct yaml_node *b)
{
	return a->line == b->line && a->column == b->column && a->document == b->document &&
	       a->kind == b->kind && a->plain == b->plain && a->flow == b->flow &&
	       a->broken == b->broken && a->size == b->size &&
	       (a->kind != YAML_KIND_SCALAR || strcmp(a->text, b->text) == 0);
}

/* Both and their siblings, and all below them. Aliases are compared by what they stand for. */
static inline bool same_nodes(const struct yaml_node *a, const struct yaml_node *b)
{
	for (; a && b; a = a->next, b = b->next) {
		if (!same_node(a, b))
			return false;
		if (a->kind == YAML_KIND_ALIAS && !same_node(a->target, b->target))
			return false;
		if ((a->kind == YAML_KIND_SEQUENCE || a->kind == YAML_KIND_MAPPING) &&
			!same_nodes(a->first, b->first))
			return false;
	}
	return a == b; /* both NULL */
}

static inline bool same_mapping(const struct patch_mapping *a, const struct patch_mapping *b)
{
	if (!same_node(a->node, b->node) || a->end != b->end ||
		a->entries.count != b->entries.count)
		return false;
	for (size_t i = 0; i < a->entries.count; i++)
		if (a->entries.items[i].offset != b->entries.items[i].offset ||
			!same_node(a->entries.items[i].key, b->entries.items[i].key))
			return false;
	return true;
}

/* What is not the same of two kept trees, or NULL. */
static inline const char *same_tree(const struct patch_tree *a, const struct patch_tree *b)
{
	if (a->size != b->size || memcmp(a->text, b->text, a->size) != 0)
		return "the text";
	if (!same_nodes(a->yaml.root, b->yaml.root))
		return "a node";
	if (a->yaml.nodes != b->yaml.nodes)
		return "the number of nodes";
	if (a->mappings.count != b->mappings.count)
		return "the mappings that can be cut";
	for (size_t i = 0; i < a->mappings.count; i++)
		if (!same_mapping(&a->mappings.items[i], &b->mappings.items[i]))
			return "an entry that can be cut";
	return NULL;
}

/* Makes the tree of a text; whether it is parsed without a word. */
static inline bool same_tree_parse(struct patch_tree *tree, const struct document *document)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	struct report report = {.documents = document, .count = 1, .diagnostics = &diagnostics};
	int r = patch_parse(tree, &report, 0);

	report_finish(&report);
	return r == 0 && !diagnostics.errors && !diagnostics.warnings;
}
