// SPDX-License-Identifier: GPL-2.0-or-later
/* The changed part of a text, parsed for itself.
 *
 * What libyaml makes of bytes depends on what it has seen before them. Where the line of an
 * entry's key starts this is little: no quote and no bracket is open, and of the blocks those that
 * the indentation of the key leaves open. So the middle is parsed in a setting that has just
 * these:
 *
 *	poise-patch-above:
 *	  poise-patch-before:
 *	  …the middle…
 *	  poise-patch-after:	not where the middle is the end of the text
 *
 * What ends a text of several lines is the line that follows it, so there is one: of a key that is
 * indented as deep, which ends the same as one that is indented less. Before the middle there may
 * be no key in truth. It does not matter: the middle must start with the line of a key, and whether
 * that one opens the mapping or goes on with it is all the same from its colon on.
 *
 * When the outcome has not exactly this shape (a quote that is not closed, a line less indented, a
 * `---`), the middle does not stand for itself, and the caller parses the whole. Keys of a user
 * that are named like these are found twice, which is no success either. */
#include <ctype.h>

#include "model/patch.h"

#define PATCH_ABOVE  "poise-patch-above"
#define PATCH_BEFORE "poise-patch-before"
#define PATCH_AFTER  "poise-patch-after"

uint32_t patch_count_lines(const char *text, size_t size)
{
	const char *end = text + size, *at = text;
	uint32_t lines = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		lines++;
		at++;
	}
	return lines + (size && end[-1] != '\n');
}

bool patch_skip_lines(const struct document *document, size_t *offset, uint32_t count)
{
	const char *end = document->text + document->size, *at = document->text + *offset;

	for (; count; count--) {
		at = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		if (!at)
			return false;
		at++;
	}
	*offset = (size_t)(at - document->text);
	return true;
}

bool patch_is_key_line(const struct document *document, size_t offset, const struct yaml_node *key)
{
	const char *at = document->text + offset, *end = document->text + document->size;

	if (key->kind != YAML_KIND_SCALAR || !isalnum((unsigned char)*key->text))
		return false;
	if ((size_t)(end - at) < key->column + (size_t)key->size)
		return false;
	for (uint32_t column = 1; column < key->column; column++, at++)
		if (*at != ' ')
			return false;
	if (memcmp(at, key->text, key->size) != 0)
		return false;
	return at[key->size] == ':';
}

void patch_move(struct yaml_node *node, uint32_t lines, uint16_t document)
{
	for (; node; node = node->next) {
		node->line += lines;
		node->document = document;
		if (node->kind == YAML_KIND_SEQUENCE || node->kind == YAML_KIND_MAPPING)
			patch_move(node->first, lines, document);
	}
}

static void patch_add_key(struct strbuf *text, uint32_t column, const char *key)
{
	while (column-- > 1)
		strbuf_add_char(text, ' ');
	strbuf_add(text, key);
	strbuf_add(text, ":\n");
}

/* Whether the middle is the end of the text: nothing follows it then. */
static bool patch_is_last(const struct patch_middle *middle)
{
	return middle->end == middle->document->size;
}

static void patch_wrap(const struct patch_middle *middle, struct strbuf *text)
{
	patch_add_key(text, 1, PATCH_ABOVE);
	patch_add_key(text, middle->column, PATCH_BEFORE);
	strbuf_add_bytes(text, middle->document->text + middle->start, middle->end - middle->start);
	if (!patch_is_last(middle))
		patch_add_key(text, middle->column, PATCH_AFTER);
}

/* The tree of the wrapped middle; false when there is anything to say about it, or when lines were
 * counted that patch_count_lines() does not see. */
static bool patch_parse_wrapped(
	const struct strbuf *text, struct arena *arena, struct yaml_tree *ret)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {.limit = 1};
	const struct document document = {.name = "", .text = text->text, .size = text->length};
	struct report report = {.documents = &document, .count = 1, .diagnostics = &diagnostics};
	int r = yaml_parse(&report, 0, arena, ret);

	report_finish(&report);
	return r == 0 && !diagnostics.errors && !diagnostics.warnings && ret->root &&
	       !ret->anchors && ret->lines == patch_count_lines(text->text, text->length);
}

static bool patch_is(const struct yaml_node *key, const char *name)
{
	return key->kind == YAML_KIND_SCALAR && strcmp(key->text, name) == 0;
}

/* The mapping that the middle is part of, when all above it is as it must be. */
static struct yaml_node *patch_unwrap(const struct yaml_node *root)
{
	if (root->kind != YAML_KIND_MAPPING || root->size != 1 ||
		!patch_is(root->first, PATCH_ABOVE))
		return NULL;
	struct yaml_node *mapping = root->first->next;
	return mapping->kind == YAML_KIND_MAPPING && patch_is(mapping->first, PATCH_BEFORE)
		       ? mapping
		       : NULL;
}

/* Takes the entries of the middle out from between ours. False when there is none, or the last one
 * is not ours where it must be. */
static bool patch_take(struct patch_middle *middle, const struct yaml_node *mapping)
{
	uint32_t ours = patch_is_last(middle) ? 1 : 2;
	struct yaml_node *key = mapping->first->next->next;

	for (uint32_t left = mapping->size; left > ours; left--, key = key->next->next)
		vector_append(&middle->entries)->key = key;
	return middle->entries.count && (!key || patch_is(key, PATCH_AFTER));
}

/* The lines of what is ours before the middle. */
#define PATCH_LINES_BEFORE 2

/* Gives the entries the places that they have in the document. The first must be where the middle
 * starts: what precedes it would belong to what is before the middle. */
static bool patch_place(struct patch_middle *middle)
{
	uint32_t line = PATCH_LINES_BEFORE + 1;
	size_t offset = middle->start;

	if (middle->entries.items[0].key->line != line)
		return false;
	vector_foreach(&middle->entries, entry) {
		if (!patch_skip_lines(middle->document, &offset, entry->key->line - line) ||
			!patch_is_key_line(middle->document, offset, entry->key))
			return false;
		line = entry->key->line;
		entry->offset = offset;
	}
	patch_move(middle->entries.items[0].key, middle->line - PATCH_LINES_BEFORE - 1,
		middle->number);
	return true;
}

bool patch_middle_parse(struct patch_middle *middle, struct arena *arena)
{
	_cleanup_strbuf_ struct strbuf text = {};
	struct yaml_tree tree = {};

	/* The key that follows, ours as well as the user's, starts a line. */
	if (!patch_is_last(middle) && middle->document->text[middle->end - 1] != '\n')
		return false;
	patch_wrap(middle, &text);
	if (!patch_parse_wrapped(&text, arena, &tree))
		return false;
	const struct yaml_node *mapping = patch_unwrap(tree.root);
	if (!mapping || !patch_take(middle, mapping))
		return false;
	/* Ours are the top mapping, its key, the mapping; and two for each key without value. */
	middle->nodes = tree.nodes - 3 - (patch_is_last(middle) ? 2 : 4);
	return patch_place(middle);
}
