// SPDX-License-Identifier: GPL-2.0-or-later
/* What the structs of all mappings begin with, and how they have lists and names. model/config.h has
 * the mappings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A sequence in the arena: never grown once it is there. vector_foreach() walks it. */
#define CONFIG_LIST_OF(type)                                                                       \
	type *items;                                                                               \
	size_t count

/* Set in config_object.set while it loads: an error within was already reported. */
#define CONFIG_OBJECT_BROKEN (1u << 31)

struct config_object {
	uint32_t set;  /* bit N: row N of the mapping's table was written */
	uint32_t mark; /* where, for messages while it loads (model/decode.h); else meaningless */
};

/* Named things: `name` and the mark of the name come right after the object. */
struct config_name {
	const char *text;
	uint32_t mark;
};

struct config_name_list {
	CONFIG_LIST_OF(struct config_name);
};

struct config_text_list {
	CONFIG_LIST_OF(const char *);
};

/* Whether row `key` (an enum config_…_key of the object's mapping) was written. */
static inline bool config_has(const struct config_object *object, unsigned int key)
{
	return object->set >> key & 1;
}
