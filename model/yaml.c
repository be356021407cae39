// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/yaml.h"

#include <errno.h>
#include <search.h>
#include <yaml.h>

#include "base/suggest.h"
#include "base/vector.h"

/* Mappings of up to this many keys are checked for duplicates pair by pair. */
#define YAML_FEW_KEYS 16

struct yaml_anchor {
	const char *name;
	struct yaml_node *node;
	size_t weight; /* nodes that an alias to it stands for */
	bool open;     /* the node has not ended: an alias here would hold itself */
};

struct yaml_frame {
	struct yaml_node *node;
	struct yaml_node **tail;
	struct yaml_anchor *anchor; /* of this node, or NULL */
	size_t weight_before;
	uint32_t children;
};

struct yaml_builder {
	yaml_parser_t parser;
	struct report *report;
	struct arena *arena;
	struct yaml_node *root;
	struct yaml_frame stack[YAML_DEPTH_LIMIT];
	unsigned int depth;
	void *anchors; /* a tsearch() tree of struct yaml_anchor */
	size_t nodes;  /* of the text */
	size_t weight; /* the same with each alias counted as what it stands for */
	uint32_t lines;
	uint16_t document;
	bool started; /* the stream's first document */
};

static struct report_place yaml_mark_place(const struct yaml_builder *builder, yaml_mark_t mark)
{
	return (struct report_place){.line = (uint32_t)mark.line + 1,
		.column = (uint32_t)mark.column + 1,
		.document = builder->document};
}

static struct report_place yaml_event_place(
	const struct yaml_builder *builder, const yaml_event_t *event)
{
	return yaml_mark_place(builder, event->start_mark);
}

/* The first tab of the white space that a line starts with, or 0. */
static uint32_t yaml_indent_tab(const struct yaml_builder *builder, uint32_t line)
{
	const struct document *document = &builder->report->documents[builder->document];
	const char *text = document->text, *end = text + document->size, *next;

	for (uint32_t i = 1; i < line && text < end; i++) {
		report_line_end(text, end, &next);
		text = next;
	}
	for (uint32_t column = 1; text < end && (*text == ' ' || *text == '\t'); text++, column++)
		if (*text == '\t')
			return column;
	return 0;
}

static int yaml_report_syntax(struct yaml_builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	struct report_place place = yaml_mark_place(builder, parser->problem_mark);
	_cleanup_strbuf_ struct strbuf hint = {};
	const char *advice, *words = yaml_problem_words(parser->problem, &advice);
	uint32_t tab = yaml_indent_tab(builder, place.line);

	if (tab) {
		place.column = tab;
		report_error(builder->report, place, "YAML indents with spaces",
			"a tab in the indentation");
		return -EINVAL;
	}
	if (advice)
		strbuf_add(&hint, advice);
	/* An open quote swallows what follows: where it opens is what matters. */
	if (parser->context && strcmp(parser->context, "while scanning a quoted scalar") == 0)
		place = yaml_mark_place(builder, parser->context_mark);
	else if (parser->context && parser->context_mark.line + 1 < place.line)
		strbuf_printf(&hint, "%sit starts at line %zu", advice ? "; " : "",
			parser->context_mark.line + 1);
	report_error(builder->report, place, hint.text, "%s", words);
	return -EINVAL;
}

static int yaml_anchor_compare(const void *a, const void *b)
{
	const struct yaml_anchor *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Defines an anchor; one of the same name gives way, as YAML has it. */
static struct yaml_anchor *yaml_define(
	struct yaml_builder *builder, const char *name, struct yaml_node *node)
{
	struct yaml_anchor *anchor = arena_new(builder->arena, sizeof(*anchor));

	anchor->name = arena_copy_string(builder->arena, name);
	struct yaml_anchor **slot = tsearch(anchor, &builder->anchors, yaml_anchor_compare);
	if (!slot)
		abort(); /* out of memory: see base/memory.h */
	if (*slot != anchor) {
		anchor->name = (*slot)->name;
		*slot = anchor;
	}
	anchor->node = node;
	anchor->open = true;
	return anchor;
}

/* Hangs a node below the innermost open one. */
static void yaml_attach(struct yaml_builder *builder, struct yaml_node *node)
{
	if (!builder->depth) {
		builder->root = node;
		return;
	}
	struct yaml_frame *frame = &builder->stack[builder->depth - 1];
	*frame->tail = node;
	frame->tail = &node->next;
	frame->children++;
}

static bool yaml_at_key(const struct yaml_builder *builder)
{
	if (!builder->depth)
		return false;
	const struct yaml_frame *frame = &builder->stack[builder->depth - 1];
	return frame->node->kind == YAML_KIND_MAPPING && frame->children % 2 == 0;
}

/* A new node at the event's place, or NULL when there are too many. */
static struct yaml_node *yaml_new(
	struct yaml_builder *builder, const yaml_event_t *event, enum yaml_kind kind)
{
	struct report_place place = yaml_event_place(builder, event);

	if (++builder->nodes > YAML_NODE_LIMIT) {
		report_error(builder->report, place, "split the configuration into several files",
			"more than %u values in one file", YAML_NODE_LIMIT);
		return NULL;
	}
	builder->weight++;
	struct yaml_node *node = arena_new(builder->arena, sizeof(*node));
	node->line = place.line;
	node->column = place.column;
	node->document = place.document;
	node->kind = (uint8_t)kind;
	if (yaml_at_key(builder) && kind != YAML_KIND_SCALAR && kind != YAML_KIND_ALIAS) {
		report_error(builder->report, place, "quote a text that starts with `[` or `{`",
			"a key must be a text");
		node->broken = true;
	}
	yaml_attach(builder, node);
	return node;
}

static void yaml_check_tag(
	struct yaml_builder *builder, struct yaml_node *node, const yaml_char_t *tag)
{
	char quoted[REPORT_QUOTE_SIZE];

	if (!tag)
		return;
	node->broken = true;
	report_error(builder->report, yaml_place(node),
		"remove it; quote a text that looks like a number",
		"the tag %s: tags are not used here", report_quote((const char *)tag, quoted));
}

static int yaml_on_scalar(struct yaml_builder *builder, const yaml_event_t *event)
{
	struct yaml_node *node = yaml_new(builder, event, YAML_KIND_SCALAR);
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;

	if (!node)
		return -EINVAL;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_copy(builder->arena, text, length);
	node->size = (uint32_t)length;
	yaml_check_tag(builder, node, event->data.scalar.tag);
	if (memchr(text, 0, length)) {
		node->broken = true;
		report_error(builder->report, yaml_place(node), NULL, "a NUL character in a text");
	}
	if (event->data.scalar.anchor) {
		struct yaml_anchor *anchor =
			yaml_define(builder, (const char *)event->data.scalar.anchor, node);
		anchor->open = false;
		anchor->weight = 1;
	}
	return 0;
}

static int yaml_on_open(struct yaml_builder *builder, const yaml_event_t *event)
{
	bool mapping = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
		mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	bool flow = mapping ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
			    : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	size_t before = builder->weight;

	if (builder->depth == YAML_DEPTH_LIMIT) {
		report_error(builder->report, yaml_event_place(builder, event), NULL,
			"nested more than %d levels deep", YAML_DEPTH_LIMIT);
		return -EINVAL;
	}
	struct yaml_node *node =
		yaml_new(builder, event, mapping ? YAML_KIND_MAPPING : YAML_KIND_SEQUENCE);
	if (!node)
		return -EINVAL;
	node->flow = flow;
	yaml_check_tag(builder, node,
		mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag);
	builder->stack[builder->depth++] = (struct yaml_frame){
		.node = node,
		.tail = &node->first,
		.weight_before = before,
		.anchor = anchor ? yaml_define(builder, (const char *)anchor, node) : NULL,
	};
	return 0;
}

struct yaml_key {
	struct yaml_node *node;
};

static int yaml_key_compare(const void *a, const void *b)
{
	const struct yaml_node *left = ((const struct yaml_key *)a)->node;
	const struct yaml_node *right = ((const struct yaml_key *)b)->node;
	int order = strcmp(yaml_resolve(left)->text, yaml_resolve(right)->text);

	if (!order)
		order = COMPARE(left->line, right->line);
	return order ? order : COMPARE(left->column, right->column);
}

static bool yaml_is_text_key(const struct yaml_node *key)
{
	return !key->broken && yaml_resolve(key)->kind == YAML_KIND_SCALAR;
}

static void yaml_report_duplicate(
	struct yaml_builder *builder, const struct yaml_node *first, struct yaml_node *second)
{
	_cleanup_strbuf_ struct strbuf hint = {};
	char quoted[REPORT_QUOTE_SIZE];

	strbuf_add(&hint, "first at ");
	report_add_place(builder->report, yaml_place(first), &hint);
	second->broken = true;
	report_error(builder->report, yaml_place(second), hint.text, "the key %s stands here twice",
		report_quote(yaml_resolve(second)->text, quoted));
}

static void yaml_check_few_keys(struct yaml_builder *builder, struct yaml_node *mapping)
{
	for (struct yaml_node *key = mapping->first; key; key = key->next->next) {
		if (!yaml_is_text_key(key))
			continue;
		for (struct yaml_node *old = mapping->first; old != key; old = old->next->next) {
			if (!yaml_is_text_key(old) ||
				strcmp(yaml_resolve(old)->text, yaml_resolve(key)->text) != 0)
				continue;
			yaml_report_duplicate(builder, old, key);
			break;
		}
	}
}

static void yaml_check_many_keys(struct yaml_builder *builder, struct yaml_node *mapping)
{
	_cleanup_free_ struct yaml_key *keys = memory_resize(NULL, mapping->size, sizeof(*keys));
	const struct yaml_node *first = NULL;
	size_t count = 0;

	for (struct yaml_node *key = mapping->first; key; key = key->next->next)
		if (yaml_is_text_key(key))
			keys[count++].node = key;
	vector_sort_(keys, count, sizeof(*keys), yaml_key_compare);
	for (size_t i = 0; i < count; i++) {
		struct yaml_node *key = keys[i].node;

		if (first && strcmp(yaml_resolve(first)->text, yaml_resolve(key)->text) == 0)
			yaml_report_duplicate(builder, first, key);
		else
			first = key;
	}
}

static void yaml_check_keys(struct yaml_builder *builder, struct yaml_node *mapping)
{
	for (struct yaml_node *key = mapping->first; key; key = key->next->next) {
		if (!yaml_is_text_key(key) || strcmp(yaml_resolve(key)->text, "<<") != 0)
			continue;
		key->broken = true;
		report_error(builder->report, yaml_place(key),
			"destinations and their defaults that several services share are a pool",
			"merge keys (`<<`) are not used here");
	}
	if (mapping->size <= YAML_FEW_KEYS)
		yaml_check_few_keys(builder, mapping);
	else
		yaml_check_many_keys(builder, mapping);
}

static int yaml_on_close(struct yaml_builder *builder)
{
	struct yaml_frame *frame = &builder->stack[--builder->depth];
	struct yaml_node *node = frame->node;

	if (frame->anchor) {
		frame->anchor->open = false;
		frame->anchor->weight = builder->weight - frame->weight_before;
	}
	node->size = frame->children;
	if (node->kind == YAML_KIND_MAPPING) {
		node->size /= 2;
		yaml_check_keys(builder, node);
	}
	return 0;
}

/* What an alias stands for, counted; an error when all of them together stand for too much. */
static int yaml_on_alias(struct yaml_builder *builder, const yaml_event_t *event)
{
	struct yaml_anchor wanted = {.name = (const char *)event->data.alias.anchor};
	struct yaml_anchor **found = tfind(&wanted, &builder->anchors, yaml_anchor_compare);
	bool key = yaml_at_key(builder);
	struct yaml_node *node = yaml_new(builder, event, YAML_KIND_ALIAS);
	char quoted[REPORT_QUOTE_SIZE];

	if (!node)
		return -EINVAL;
	if (!found || (*found)->open) {
		report_error(builder->report, yaml_place(node), NULL,
			found ? "the alias %s stands within its own anchor"
			      : "no anchor %s stands before this alias",
			report_quote(wanted.name, quoted));
		node->kind = YAML_KIND_SCALAR;
		node->text = "";
		node->broken = true;
		return 0;
	}
	node->target = (*found)->node;
	builder->weight += (*found)->weight;
	if (builder->weight > YAML_ALIAS_FREE + YAML_ALIAS_FACTOR * builder->nodes) {
		report_error(builder->report, yaml_place(node),
			"use pools for what several services share",
			"the aliases of this file stand for too many values");
		return -EINVAL;
	}
	if (key && node->target->kind != YAML_KIND_SCALAR) {
		node->broken = true;
		report_error(builder->report, yaml_place(node), NULL, "a key must be a text");
	}
	return 0;
}

static int yaml_on_document(struct yaml_builder *builder, const yaml_event_t *event)
{
	if (!builder->started) {
		builder->started = true;
		return 0;
	}
	report_error(builder->report, yaml_event_place(builder, event),
		"put it into a file of its own, for example in conf.d/",
		"a second document: a file holds one");
	return -EINVAL;
}

/* 1 at the end of the stream, 0 to go on, -EINVAL to give up. */
static int yaml_on_event(struct yaml_builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_STREAM_END_EVENT:
		builder->lines = (uint32_t)event->start_mark.line;
		return 1;
	case YAML_DOCUMENT_START_EVENT:
		return yaml_on_document(builder, event);
	case YAML_SCALAR_EVENT:
		return yaml_on_scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return yaml_on_open(builder, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return yaml_on_close(builder);
	case YAML_ALIAS_EVENT:
		return yaml_on_alias(builder, event);
	default:
		return 0;
	}
}

static int yaml_build(struct yaml_builder *builder)
{
	for (;;) {
		yaml_event_t event;

		if (!yaml_parser_parse(&builder->parser, &event))
			return yaml_report_syntax(builder);
		int r = yaml_on_event(builder, &event);
		yaml_event_delete(&event);
		if (r)
			return r < 0 ? r : 0;
	}
}

static void yaml_keep(_unused_ void *anchor)
{
}

int yaml_parse(struct report *report, uint16_t document, struct arena *arena, struct yaml_tree *ret)
{
	const struct document *text = &report->documents[document];
	struct yaml_builder builder = {.report = report, .document = document, .arena = arena};
	int r = yaml_scan(report, document);

	if (r < 0)
		return r;
	if (!yaml_parser_initialize(&builder.parser))
		abort(); /* out of memory: see base/memory.h */
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&builder.parser, (const unsigned char *)text->text, text->size);
	r = yaml_build(&builder);
	if (r == 0)
		*ret = (struct yaml_tree){.root = builder.root,
			.nodes = builder.nodes,
			.lines = builder.lines,
			.anchors = builder.anchors};
	yaml_parser_delete(&builder.parser);
	tdestroy(builder.anchors, yaml_keep);
	return r;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_SCALAR && node->plain &&
	       (!*node->text || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key)
{
	if (mapping->kind != YAML_KIND_MAPPING)
		return NULL;
	for (const struct yaml_node *node = mapping->first; node; node = node->next->next)
		if (yaml_is_text_key(node) && strcmp(yaml_resolve(node)->text, key) == 0)
			return node;
	return NULL;
}

const char *yaml_describe(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_KIND_SEQUENCE:
		return "a list";
	case YAML_KIND_MAPPING:
		return "a mapping";
	default:
		break;
	}
	if (yaml_is_null(node))
		return "nothing";
	if (node->plain && node->text[strspn(node->text, "0123456789")] == '\0')
		return "a number";
	return "a text";
}
