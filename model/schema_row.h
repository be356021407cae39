// SPDX-License-Identifier: GPL-2.0-or-later
/* The words that the rows of model/schema.c, model/schema_check.c, model/schema_vrrp.c and
 * model/schema_dpdk.c are written in. Each gives several members of a struct schema_key, so it stands within the row's braces. Only
 * those files include this. */
#pragma once

#include "model/schema.h"

#define FIELD_(name_, kind_, struct_, field_)                                                      \
	.name = (name_), .type = (kind_), .offset = offsetof(struct_, field_)

#define BOOLEAN(name, type, field) FIELD_(name, SCHEMA_TYPE_BOOLEAN, type, field)
#define NUMBER(name, type, field, low, high)                                                       \
	FIELD_(name, SCHEMA_TYPE_NUMBER, type, field), .minimum = (low), .maximum = (high)
#define SIGNED(name, type, field, low, high)                                                       \
	FIELD_(name, SCHEMA_TYPE_SIGNED, type, field), .minimum = (uint64_t)(int64_t)(low),        \
						       .maximum = (high)
#define DURATION(name, type, field, unit_, low, high)                                              \
	FIELD_(name, SCHEMA_TYPE_DURATION, type, field), .unit = (unit_), .minimum = (low),        \
							 .maximum = (high)
#define SIZE(name, type, field, unit_, low, high)                                                  \
	FIELD_(name, SCHEMA_TYPE_SIZE, type, field), .unit = (unit_), .minimum = (low),            \
						     .maximum = (high)
#define PERCENT(name, type, field, low)                                                            \
	FIELD_(name, SCHEMA_TYPE_PERCENT, type, field), .minimum = (low), .maximum = 100
#define TEXT(name, type, field, class) FIELD_(name, SCHEMA_TYPE_TEXT, type, field), .text = &(class)
#define REFERENCE(name, type, field, thing)                                                        \
	FIELD_(name, SCHEMA_TYPE_REFERENCE, type, field), .refers = (thing)
#define REFERENCES(name, type, field, thing, most)                                                 \
	FIELD_(name, SCHEMA_TYPE_REFERENCES, type, field), .refers = (thing), .maximum = (most),   \
							   .flags = SCHEMA_FLAG_SINGLE
#define WORD(name, type, field, list) FIELD_(name, SCHEMA_TYPE_WORD, type, field), .words = (list)
#define ADDRESS(name, type, field)    FIELD_(name, SCHEMA_TYPE_ADDRESS, type, field)
#define ENDPOINT(name, type, field)   FIELD_(name, SCHEMA_TYPE_ENDPOINT, type, field)
#define PREFIX(name, type, field)     FIELD_(name, SCHEMA_TYPE_PREFIX, type, field)
#define INSIDE(name, type, field, inner)                                                           \
	FIELD_(name, SCHEMA_TYPE_MAPPING, type, field), .mapping = &(inner)
#define LIST(name, type, field, inner)                                                             \
	FIELD_(name, SCHEMA_TYPE_MAPPINGS, type, field), .mapping = &(inner)
#define NAMED(name, type, field, inner)                                                            \
	FIELD_(name, SCHEMA_TYPE_NAMED, type, field), .mapping = &(inner)

/* A program and its arguments. */
#define COMMAND(name, type, field) FIELD_(name, SCHEMA_TYPE_TEXTS, type, field), .minimum = 1

#define DEFAULT_FLAGS(value, more) .flags = SCHEMA_FLAG_DEFAULT | (more), .fallback = (value)
#define DEFAULT(value)             DEFAULT_FLAGS(value, 0)
#define DEFAULT_TEXT(value)        .flags = SCHEMA_FLAG_DEFAULT, .fallback_text = (value)

/* The members of a struct schema_mapping after name and help. */
#define MAPPING_OF(struct_, rows)                                                                  \
	.size = sizeof(struct_), .keys = (rows), .count = ARRAY_LENGTH(rows)

/* What rows of several files are. */
extern const struct schema_text schema_text_interface, schema_text_path, schema_text_user;
