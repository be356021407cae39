// SPDX-License-Identifier: GPL-2.0-or-later
/* From a tree of nodes to the structs of model/config.h, by the tables of model/schema.h. Internal
 * to model/: config_load() is the way in. */
#pragma once

#include "model/schema.h"
#include "model/yaml.h"

/* So many named things of a kind, and so many items of all lists, may a configuration have: aliases
 * and short texts make more of them than their bytes would tell. */
#define DECODE_NAMED_LIMIT (512u << 10)
#define DECODE_ITEM_LIMIT  (4u << 20)

/* What a mark stands for. */
struct decode_marked {
	const struct yaml_node *node;
};

/* Starts with report and config set, backend as the files say, the rest zeroed. */
struct decode {
	struct report *report;
	struct config *config;
	enum config_backend backend;
	/* What the marks of config objects stand for. Mark 0 is none. */
	struct {
		VECTOR_OF(struct decode_marked);
	} marks;
	size_t items;                 /* of all lists so far */
	uint32_t first[CONFIG_COUNT]; /* marks of the top keys, where they stood first */
};

/* A new mark for a node. */
uint32_t decode_mark(struct decode *decode, const struct yaml_node *node);

/* The node of a mark that decode_mark() gave, aliases resolved. */
const struct yaml_node *decode_node(const struct decode *decode, uint32_t mark);

/* The place of a mark; for that of a key (or its value) see decode_key_place(). */
struct report_place decode_place(const struct decode *decode, uint32_t mark);

/* Where row `key` of an object stands: its value when it is a single text, else the key itself; the
 * object's own place when the row was not written. */
struct report_place decode_key_place(const struct decode *decode,
	const struct schema_mapping *mapping, const struct config_object *object, unsigned int key);

/* Fills an object that has its defaults from a mapping node. All errors are reported; the object is
 * then marked broken. At the top it is called once for each document: named things add up. `name`
 * is the object's name node, for what concerns the object as a whole, or NULL. */
void decode_mapping(struct decode *decode, const struct schema_mapping *mapping,
	const struct yaml_node *node, const struct yaml_node *name, void *object);

/* One value of a row whose type is a single text (BOOLEAN … PREFIX) into its field. -EINVAL when
 * it is none, which is then reported. */
int decode_scalar(struct decode *decode, const struct schema_key *key, const struct yaml_node *node,
	void *field);

/* Whether the value of a FOLLOW row is {follow: ROUTER}; its router's name into the row's field for
 * that. -EINVAL when it is none, or nothing can be followed, which is then reported. */
bool decode_follows(const struct yaml_node *node);
int decode_follow(struct decode *decode, const struct schema_key *key, const struct yaml_node *node,
	void *field);

/* One item of a LISTENERS, RANGES, TEXTS, ADDRESSES or FLAGS row. */
int decode_item(struct decode *decode, const struct schema_key *key, const struct yaml_node *node,
	void *field);

/* "`weight` must be a number, 0 to 65535, not a list". Both return -EINVAL; the second is for an item
 * of a list: "`listen` must have listeners like …, not a mapping". */
int decode_wrong_type(
	struct decode *decode, const struct schema_key *key, const struct yaml_node *node);
int decode_wrong_item(
	struct decode *decode, const struct schema_key *key, const struct yaml_node *node);

/* Reports a name that is not kebab-case. -EINVAL then. */
int decode_check_name(struct decode *decode, const struct yaml_node *node);

/* The value of a sysctl, its words separated by one space; -EINVAL when it is none. */
int decode_sysctl(struct decode *decode, const struct yaml_node *name,
	const struct yaml_node *value, struct config_sysctl *ret);

/* "did you mean `x`?" for the nearest of what was offered, into `text`; NULL when none is near. */
#define DECODE_HINT_SIZE 128
const char *decode_hint(const char *best, char text[static DECODE_HINT_SIZE]);
