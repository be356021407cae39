// SPDX-License-Identifier: GPL-2.0-or-later
/* What changed between two texts of a document, and its nodes in place of the old ones.
 *
 * The first text is parsed whole. Of each block mapping below a top key (services, pools, …) it
 * is then known where the line of each entry's key starts: between two such lines is an entry,
 * with all blank lines and comments that follow it. Of a new text
 *
 *	the bytes that both start with, and those that both end with, are found,
 *	what is between is widened to whole entries of one mapping,
 *	the new entries are parsed (model/patch_middle.c) and linked in place of the old ones,
 *	and what follows is moved by the lines that came or went.
 *
 * A comment before all, which tools write the time into, is exchanged before that.
 *
 * The rest stays as it was because libyaml, where the line of such a key starts, knows nothing
 * more of the text before than how deep it is indented: whatever a key of this column follows has
 * ended. That is not so with anchors, whose names reach over the whole text; and where there are
 * line breaks that only libyaml takes for such, the places would be wrong. Such texts, those with
 * keys in quotes or written as `? key`, and changes elsewhere, are parsed whole.
 *
 * What yaml_parse() checks across entries is checked here: keys that are there twice, and the
 * number of nodes. Depth and the length of lines need nothing: an entry is parsed at the depth
 * that it has, in whole lines. */
#include "model/patch.h"

/* So many new keys are compared with all others one by one; more are sorted. */
#define PATCH_FEW_KEYS 16

static void patch_entries_clear(struct patch_entry_vector *entries)
{
	vector_clear(entries);
}
#define _cleanup_entries_ _cleanup_(patch_entries_clear)

void patch_clear(struct patch_tree *tree)
{
	vector_foreach(&tree->mappings, mapping)
		vector_clear(&mapping->entries);
	vector_clear(&tree->mappings);
	arena_clear(&tree->arena);
	free(tree->name);
	free(tree->text);
	*tree = (struct patch_tree){};
}

/* Finds the lines of all keys of a mapping, from `offset` and `line` on, which go on to the last
 * of them. */
static bool patch_find_entries(const struct document *document, const struct yaml_node *mapping,
	size_t *offset, uint32_t *line, struct patch_entry_vector *entries)
{
	vector_reserve(entries, mapping->size);
	for (struct yaml_node *key = mapping->first; key; key = key->next->next) {
		if (!patch_skip_lines(document, offset, key->line - *line) ||
			!patch_is_key_line(document, *offset, key))
			return false;
		*line = key->line;
		vector_push(entries, ((struct patch_entry){key, *offset}));
	}
	return true;
}

static void patch_find_mapping(struct patch_tree *tree, const struct document *document,
	const struct patch_entry *top, size_t end)
{
	struct yaml_node *node = top->key->next;
	struct patch_mapping mapping = {.node = node, .end = end};
	size_t offset = top->offset;
	uint32_t line = top->key->line;

	if (node->kind != YAML_KIND_MAPPING || node->flow || !node->size)
		return;
	if (patch_find_entries(document, node, &offset, &line, &mapping.entries))
		vector_push(&tree->mappings, mapping);
	else
		vector_clear(&mapping.entries);
}

/* Finds what can be cut out. Nothing, when the text as a whole is not such that it may. */
static void patch_find_mappings(struct patch_tree *tree, const struct document *document)
{
	const struct yaml_node *root = tree->yaml.root;
	_cleanup_entries_ struct patch_entry_vector tops = {};
	size_t offset = 0;
	uint32_t line = 1;

	if (!root || root->kind != YAML_KIND_MAPPING || tree->yaml.anchors || !root->size ||
		root->first->column != 1 ||
		tree->yaml.lines != patch_count_lines(document->text, document->size))
		return;
	if (!patch_find_entries(document, root, &offset, &line, &tops))
		return;
	vector_foreach(&tops, top)
		patch_find_mapping(tree, document, top,
			top + 1 < tops.items + tops.count ? top[1].offset : document->size);
}

int patch_parse(struct patch_tree *tree, struct report *report, uint16_t number)
{
	const struct document *document = &report->documents[number];

	patch_clear(tree);
	int r = yaml_parse(report, number, &tree->arena, &tree->yaml);
	if (r < 0) {
		patch_clear(tree);
		return r;
	}
	patch_find_mappings(tree, document);
	tree->name = memory_copy_string(document->name);
	tree->text = memory_copy_bytes(document->text, document->size);
	tree->size = document->size;
	return 0;
}

/* Where the old text differs from the new one. */
struct patch_difference {
	size_t start; /* of a line */
	size_t end;   /* from here on both are the same again */
};

#define PATCH_COMPARE_STEP 4096

static size_t patch_common_start(const char *a, const char *b, size_t size)
{
	size_t same = 0;

	while (size - same >= PATCH_COMPARE_STEP &&
		memcmp(a + same, b + same, PATCH_COMPARE_STEP) == 0)
		same += PATCH_COMPARE_STEP;
	while (same < size && a[same] == b[same])
		same++;
	return same;
}

/* Of what ends at `a` and `b`. */
static size_t patch_common_end(const char *a, const char *b, size_t size)
{
	size_t same = 0;

	while (size - same >= PATCH_COMPARE_STEP &&
		memcmp(a - same - PATCH_COMPARE_STEP, b - same - PATCH_COMPARE_STEP,
			PATCH_COMPARE_STEP) == 0)
		same += PATCH_COMPARE_STEP;
	while (same < size && a[-(ptrdiff_t)same - 1] == b[-(ptrdiff_t)same - 1])
		same++;
	return same;
}

static struct patch_difference patch_compare(
	const struct patch_tree *tree, const struct document *document)
{
	size_t shorter = MIN(tree->size, document->size);
	size_t start = patch_common_start(tree->text, document->text, shorter);

	while (start && tree->text[start - 1] != '\n')
		start--;
	size_t end = patch_common_end(
		tree->text + tree->size, document->text + document->size, shorter - start);
	return (struct patch_difference){start, tree->size - end};
}

/* Entries of a mapping that give way to a middle. */
struct patch_cut {
	struct patch_mapping *mapping;
	size_t first, count; /* of its entries */
	size_t end;          /* in the old text */
};

/* The index of the first entry at or behind an offset. */
static size_t patch_entry_from(const struct patch_mapping *mapping, size_t offset)
{
	size_t low = 0, high = mapping->entries.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mapping->entries.items[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Widens a difference to entries of one mapping. What starts with the line of a key may as well be
 * more of the entry before it, so that one is in it too. False when no mapping holds it all. */
static bool patch_locate(const struct patch_tree *tree, const struct patch_difference *difference,
	struct patch_cut *cut)
{
	vector_foreach(&tree->mappings, mapping) {
		const struct patch_entry *entries = mapping->entries.items;

		if (difference->start < entries[0].offset || difference->end > mapping->end)
			continue;
		size_t first = patch_entry_from(mapping, difference->start);
		size_t behind = patch_entry_from(mapping, difference->end);
		first -= first > 0;
		*cut = (struct patch_cut){
			.mapping = mapping,
			.first = first,
			.count = behind - first,
			.end = behind < mapping->entries.count ? entries[behind].offset
							       : mapping->end,
		};
		return true;
	}
	return false;
}

static bool patch_same_key(const struct patch_entry *a, const struct patch_entry *b)
{
	return a->key->size == b->key->size &&
	       memcmp(a->key->text, b->key->text, a->key->size) == 0;
}

static int patch_compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct patch_entry *)a)->key->text,
		((const struct patch_entry *)b)->key->text);
}

/* Whether a key of many stands in the mapping already. */
static bool patch_repeats_many(
	const struct patch_cut *cut, const struct patch_entry_vector *entries)
{
	const struct patch_entry_vector *all = &cut->mapping->entries;
	_cleanup_entries_ struct patch_entry_vector sorted = {};

	vector_reserve(&sorted, all->count + entries->count);
	vector_foreach(all, entry)
		if ((size_t)(entry - all->items) - cut->first >= cut->count)
			vector_push(&sorted, *entry);
	vector_foreach(entries, entry)
		vector_push(&sorted, *entry);
	vector_sort(&sorted, patch_compare_keys);
	for (size_t i = 1; i < sorted.count; i++)
		if (patch_same_key(&sorted.items[i - 1], &sorted.items[i]))
			return true;
	return false;
}

static bool patch_repeats_few(const struct patch_cut *cut, const struct patch_entry_vector *entries)
{
	const struct patch_entry_vector *all = &cut->mapping->entries;

	vector_foreach(entries, entry) {
		vector_foreach(all, other)
			if ((size_t)(other - all->items) - cut->first >= cut->count &&
				patch_same_key(entry, other))
				return true;
	}
	return false;
}

/* Whether a new key stands elsewhere in the mapping. That none stands twice among the new ones is
 * known. */
static bool patch_repeats(const struct patch_cut *cut, const struct patch_entry_vector *entries)
{
	const struct patch_entry *old = cut->mapping->entries.items + cut->first;
	bool same = entries->count == cut->count;

	for (size_t i = 0; same && i < cut->count; i++)
		same = patch_same_key(&old[i], &entries->items[i]);
	if (same)
		return false;
	return entries->count <= PATCH_FEW_KEYS ? patch_repeats_few(cut, entries)
						: patch_repeats_many(cut, entries);
}

static size_t patch_count_nodes(const struct yaml_node *node)
{
	size_t count = 1;

	if (node->kind == YAML_KIND_SEQUENCE || node->kind == YAML_KIND_MAPPING)
		for (node = node->first; node; node = node->next)
			count += patch_count_nodes(node);
	return count;
}

/* The nodes of the tree once the middle is in it. False when they are too many. */
static bool patch_fits(const struct patch_tree *tree, const struct patch_cut *cut,
	const struct patch_middle *middle, size_t *nodes)
{
	const struct patch_entry *old = cut->mapping->entries.items + cut->first;

	*nodes = tree->yaml.nodes + middle->nodes;
	for (size_t i = 0; i < cut->count; i++)
		*nodes -= patch_count_nodes(old[i].key) + patch_count_nodes(old[i].key->next);
	return *nodes <= YAML_NODE_LIMIT;
}

/* Links the new entries in place of the old ones. */
static void patch_link(struct patch_cut *cut, const struct patch_entry_vector *entries)
{
	struct patch_entry *all = cut->mapping->entries.items;
	size_t behind = cut->first + cut->count;
	struct yaml_node *rest = behind < cut->mapping->entries.count ? all[behind].key : NULL;
	struct yaml_node *new = entries->count ? entries->items[0].key : rest;

	if (cut->first)
		all[cut->first - 1].key->next->next = new;
	else
		cut->mapping->node->first = new;
	if (entries->count)
		entries->items[entries->count - 1].key->next->next = rest;
	cut->mapping->node->size += (uint32_t)(entries->count - cut->count);
}

/* The same in the vector of entries. */
static void patch_replace_entries(struct patch_cut *cut, const struct patch_entry_vector *entries)
{
	struct patch_entry_vector *all = &cut->mapping->entries;
	size_t behind = cut->first + cut->count, rest = all->count - behind;

	vector_reserve(all, cut->first + entries->count + rest);
	memmove(all->items + cut->first + entries->count, all->items + behind,
		rest * sizeof(*all->items));
	if (entries->count)
		memcpy(all->items + cut->first, entries->items,
			entries->count * sizeof(*all->items));
	all->count = cut->first + entries->count + rest;
}

/* Moves where the lines of keys are, from an entry of a mapping on. */
static void patch_move_lines(
	struct patch_tree *tree, struct patch_mapping *from, size_t entry, size_t bytes)
{
	const struct patch_mapping *end = tree->mappings.items + tree->mappings.count;

	for (struct patch_mapping *mapping = from; mapping < end; mapping++, entry = 0) {
		for (size_t i = entry; i < mapping->entries.count; i++)
			mapping->entries.items[i].offset += bytes;
		mapping->end += bytes;
	}
}

/* Moves what follows the new entries: the nodes by lines, the lines of keys by bytes. */
static void patch_move_rest(struct patch_tree *tree, const struct patch_cut *cut, size_t behind,
	uint32_t lines, size_t bytes)
{
	const struct patch_entry_vector *entries = &cut->mapping->entries;

	if (lines && behind < entries->count)
		patch_move(entries->items[behind].key, lines, entries->items[behind].key->document);
	if (lines && cut->mapping->node->next)
		patch_move(cut->mapping->node->next, lines, cut->mapping->node->document);
	patch_move_lines(tree, cut->mapping, behind, bytes);
}

/* Replaces bytes of the text from `start` to `end` by those of the new one up to `new_end`. */
static void patch_replace_text(struct patch_tree *tree, const struct document *document,
	size_t start, size_t end, size_t new_end)
{
	size_t rest = tree->size - end, size = new_end + rest;

	if (size > tree->size)
		tree->text = memory_resize(tree->text, size, 1);
	if (size != tree->size)
		memmove(tree->text + new_end, tree->text + end, rest);
	memcpy(tree->text + start, document->text + start, new_end - start);
	tree->size = size;
}

static void patch_apply(
	struct patch_tree *tree, struct patch_cut *cut, const struct patch_middle *middle)
{
	uint32_t old_lines =
		patch_count_lines(tree->text + middle->start, cut->end - middle->start);
	uint32_t lines = patch_count_lines(
		middle->document->text + middle->start, middle->end - middle->start);

	patch_link(cut, &middle->entries);
	patch_replace_entries(cut, &middle->entries);
	patch_move_rest(tree, cut, cut->first + middle->entries.count, lines - old_lines,
		middle->end - cut->end);
	patch_replace_text(tree, middle->document, middle->start, cut->end, middle->end);
}

/* Puts the new text between two cuts in place of the old one. */
static bool patch_replace(
	struct patch_tree *tree, struct patch_cut *cut, struct patch_middle *middle)
{
	size_t most = MAX(tree->size / PATCH_STALE_PART, PATCH_STALE_LEAST);
	size_t stale = tree->stale + cut->end - middle->start;
	size_t nodes;

	if (stale > most || middle->end - middle->start > most)
		return false;
	if (middle->start == middle->end ? cut->count == cut->mapping->entries.count
					 : !patch_middle_parse(middle, &tree->arena))
		return false;
	if (!patch_fits(tree, cut, middle, &nodes) || patch_repeats(cut, &middle->entries))
		return false;
	tree->yaml.nodes = nodes;
	tree->stale = stale;
	patch_apply(tree, cut, middle);
	return true;
}

/* The lines that a text starts with and that are blank, or a comment. */
static size_t patch_head(const char *text, size_t size)
{
	size_t head = 0;

	for (size_t at = 0; at < size; at++) {
		if (text[at] == '#') {
			const char *end = memchr(text + at, '\n', size - at);

			at = end ? (size_t)(end - text) : size;
		} else if (text[at] != ' ' && text[at] != '\r' && text[at] != '\n') {
			break;
		}
		if (at < size && text[at] == '\n')
			head = at + 1;
	}
	return head;
}

/* Whether libyaml finds nothing in the head of a text either: no byte that must not be there, and
 * no line that is none here. */
static bool patch_is_empty(struct patch_tree *tree, const struct document *document, size_t head)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {.limit = 1};
	const struct document only = {.name = "", .text = document->text, .size = head};
	struct report report = {.documents = &only, .count = 1, .diagnostics = &diagnostics};
	struct yaml_tree found = {};
	int r = yaml_parse(&report, 0, &tree->arena, &found);

	report_finish(&report);
	return r == 0 && found.lines == patch_count_lines(document->text, head);
}

/* The comments that the text starts with are the new text's then: those who write files for others
 * tell there when and how. */
static void patch_update_head(struct patch_tree *tree, const struct document *document)
{
	size_t old_head = patch_head(tree->text, tree->size);
	size_t head = patch_head(document->text, document->size);

	if (!tree->mappings.count ||
		(head == old_head && memcmp(tree->text, document->text, head) == 0) ||
		!patch_is_empty(tree, document, head))
		return;
	uint32_t lines =
		patch_count_lines(document->text, head) - patch_count_lines(tree->text, old_head);
	if (lines)
		patch_move(tree->yaml.root, lines, tree->yaml.root->document);
	patch_move_lines(tree, tree->mappings.items, 0, head - old_head);
	patch_replace_text(tree, document, 0, old_head, head);
}

static bool patch_is_same(const struct patch_tree *tree, const struct document *document)
{
	return tree->size == document->size && memcmp(tree->text, document->text, tree->size) == 0;
}

bool patch_update(struct patch_tree *tree, const struct document *document, uint16_t number)
{
	struct patch_cut cut;

	if (!tree->yaml.root)
		return false;
	if (tree->yaml.root->document != number)
		patch_move(tree->yaml.root, 0, number);
	if (patch_is_same(tree, document))
		return true;
	patch_update_head(tree, document);
	if (patch_is_same(tree, document))
		return true;
	struct patch_difference difference = patch_compare(tree, document);
	if (!patch_locate(tree, &difference, &cut))
		return false;
	const struct patch_entry *first = &cut.mapping->entries.items[cut.first];
	struct patch_middle middle = {
		.document = document,
		.start = first->offset,
		.end = document->size - (tree->size - cut.end),
		.column = first->key->column,
		.line = first->key->line,
		.number = number,
	};
	bool done = patch_replace(tree, &cut, &middle);
	vector_clear(&middle.entries);
	return done;
}
