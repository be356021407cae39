// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of a text, kept so that the next text of the same document costs what changed in it.
 *
 * Internal to model/: config_reload() is the way in. A tree that patch_update() made is in every
 * node, places too, the one that yaml_parse() makes of the new text; where that is not certain
 * patch_update() says so. */
#pragma once

#include "model/yaml.h"

/* An entry of a mapping that can be cut out: its key stands alone at the start of a line. */
struct patch_entry {
	struct yaml_node *key;
	size_t offset; /* of that line */
};

struct patch_entry_vector {
	VECTOR_OF(struct patch_entry);
};

/* A block mapping below a top key, of which each entry can be cut out. */
struct patch_mapping {
	struct yaml_node *node;
	size_t end; /* where the line of the next top key starts, or the text ends */
	struct patch_entry_vector entries;
};

/* Starts zeroed: nothing is kept. */
struct patch_tree {
	struct arena arena;    /* of the nodes */
	struct yaml_tree yaml; /* anchors and lines are those of the first text */
	char *name, *text;     /* of the document; a copy */
	size_t size;
	size_t stale; /* bytes of text whose nodes are in the arena and no longer in the tree */
	struct {
		VECTOR_OF(struct patch_mapping);
	} mappings; /* in the order of the text */
};

/* Nodes of so many bytes of replaced text may lie in the arena, or of a part of the whole; then it
 * is time for a fresh tree. */
#define PATCH_STALE_LEAST ((size_t)64 << 10)
#define PATCH_STALE_PART  4

/* yaml_parse() of a document of the report into ->yaml, in place of what is kept. What it returns;
 * after an error nothing is kept. */
int patch_parse(struct patch_tree *tree, struct report *report, uint16_t document);

/* Makes the tree that of the document's new text, which is number `number` in its report. False
 * when that needs a whole parse: then it is of neither text, and must be parsed or cleared. */
bool patch_update(struct patch_tree *tree, const struct document *document, uint16_t number);

void patch_clear(struct patch_tree *tree);

/* patch_middle.c: the part of a new text that takes the place of entries of a mapping. */
struct patch_middle {
	const struct document *document;   /* the new text */
	size_t start, end;                 /* what is new of it */
	uint32_t column;                   /* of the mapping's keys, from 1 */
	uint32_t line;                     /* of the document, at `start` */
	uint16_t number;                   /* of the document */
	struct patch_entry_vector entries; /* what was found; their nodes are the tree's */
	size_t nodes;
};

/* Parses the middle into ->entries and ->nodes. False where it cannot stand for itself. */
bool patch_middle_parse(struct patch_middle *middle, struct arena *arena);

/* Whether the line at `offset` of the text is `key`'s: nothing but spaces before the key, and
 * behind it a colon. */
bool patch_is_key_line(const struct document *document, size_t offset, const struct yaml_node *key);

/* Goes from the start of a line to that of the `count`th after it. False when there is none. */
bool patch_skip_lines(const struct document *document, size_t *offset, uint32_t count);

/* The lines of a text that has no other line breaks than LF and CR LF. */
uint32_t patch_count_lines(const char *text, size_t size);

/* Moves nodes, their siblings and all below them. */
void patch_move(struct yaml_node *node, uint32_t lines, uint16_t document);
