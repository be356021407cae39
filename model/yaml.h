// SPDX-License-Identifier: GPL-2.0-or-later
/* YAML text as a tree of nodes, each with its place.
 *
 * libyaml gives events; this module makes the tree, and refuses what a configuration must not have:
 * several documents in a stream, tags, merge keys, keys that are no text, the same key twice, and
 * whatever would cost time or memory out of proportion to the text (deep nesting, aliases that
 * multiply, endless lines). An alias is a reference to the node of its anchor, never a copy. */
#pragma once

#include "model/arena.h"
#include "model/report.h"

enum yaml_kind {
	YAML_KIND_SCALAR,
	YAML_KIND_SEQUENCE,
	YAML_KIND_MAPPING,
	YAML_KIND_ALIAS, /* only yaml_resolve() and this module see one */
};

/* What a text costs at most. A line of more bytes, deeper nesting, or more nodes is an error; so is
 * an alias once all of them together stand for more than YAML_ALIAS_FREE nodes and
 * YAML_ALIAS_FACTOR times those of the text. */
#define YAML_LINE_LIMIT   (16u << 20)
#define YAML_DEPTH_LIMIT  32
#define YAML_NODE_LIMIT   (10u << 20)
#define YAML_ALIAS_FREE   100000
#define YAML_ALIAS_FACTOR 8

struct yaml_node {
	uint32_t line, column; /* from 1 */
	uint16_t document;
	uint8_t kind;    /* enum yaml_kind */
	bool plain : 1;  /* a scalar without quotes and not a block: may be a number, true, null */
	bool flow : 1;   /* a mapping or sequence in braces or brackets */
	bool broken : 1; /* already reported (in a mapping: this key and its value); ignore it */
	uint32_t size;   /* bytes of a scalar, items of a sequence, keys of a mapping */
	union {
		const char *text;         /* scalar: NUL-terminated, without NUL inside */
		struct yaml_node *first;  /* child; a mapping has key, value, key, value, … */
		struct yaml_node *target; /* of an alias */
	};
	struct yaml_node *next; /* sibling */
};

struct yaml_tree {
	struct yaml_node *root; /* NULL: the text has no value */
	size_t nodes;           /* of the text; an alias is one */
	uint32_t lines;         /* that libyaml counted; a last one without a break is one too */
	bool anchors;           /* some node has one */
};

/* The tree of one document of the report, in `arena`. -EINVAL when the text is no tree at all (the
 * reasons are then reported, and *ret is untouched). Errors that leave a usable tree are reported
 * too, with 0: the nodes that they concern are marked broken. */
int yaml_parse(
	struct report *report, uint16_t document, struct arena *arena, struct yaml_tree *ret);

/* The first part of yaml_parse(): bytes that no YAML text may have (NUL, control characters, byte
 * order marks, what is not UTF-8), lines without end, nothing at all. -EINVAL when any was
 * reported. */
int yaml_scan(struct report *report, uint16_t document);

/* What libyaml calls `problem`, in words for people; `hint` may become NULL. Good for ever. */
const char *yaml_problem_words(const char *problem, const char **hint);

/* The node itself, or what an alias stands for. */
static inline const struct yaml_node *yaml_resolve(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_ALIAS ? node->target : node;
}

static inline struct report_place yaml_place(const struct yaml_node *node)
{
	return (struct report_place){
		.line = node->line, .column = node->column, .document = node->document};
}

/* Whether a (resolved) node is an empty value, `~` or `null`. */
bool yaml_is_null(const struct yaml_node *node);

/* The key node of `key` in a (resolved) mapping, its value being the next sibling; NULL when it has
 * no such key. O(keys). */
const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key);

/* "a text", "a number", "a list", "a mapping", "nothing": what a (resolved) node is, for messages.
 */
const char *yaml_describe(const struct yaml_node *node);
