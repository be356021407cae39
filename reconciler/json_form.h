// SPDX-License-Identifier: GPL-2.0-or-later
/* Forms: what a JSON object may hold, as a table of members that both writes and reads it.
 *
 * Private to reconciler/: state_json.h, plan_json.h and record.h are the doors. A form describes
 * how the members of an object stand in a struct. Writing follows the order of the table, so the
 * same struct always gives the same text. Reading is strict: a member that the table does not name,
 * a missing one that it requires, a wrong type or a number out of range is an error that begins
 * with the place ("services[3].destinations[0].weight: not a number"). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vector.h"
#include "model/state.h"

/* One walk over a document, in either direction. */
struct json_form_pass {
	struct error *error; /* of a reader; may be NULL */
	/* Of the service at hand: what a prefix length means depends on it. */
	uint16_t family;
};

/* Where a reader is. Lives on the stack; text is made of it only for an error. */
struct json_form_place {
	const struct json_form_place *parent; /* NULL: this is the document itself */
	const char *member;                   /* NULL: item `index` of an array */
	size_t index;
};

struct json_form_member;

/* How one field goes to JSON and back. */
struct json_form_type {
	/* A new reference, or NULL to leave the member out. */
	json_t *(*write)(struct json_form_pass *pass, const struct json_form_member *member,
		const void *field);
	/* 0, or -EINVAL with words. What the field owns by then is its struct's to clear. */
	int (*read)(struct json_form_pass *pass, const struct json_form_place *place,
		const struct json_form_member *member, const json_t *json, void *field);
};

struct json_form {
	const struct json_form_member *members;
	size_t count;
};

#define JSON_FORM(members)                                                                         \
	{                                                                                          \
		(members), ARRAY_LENGTH(members)                                                   \
	}

/* The words of an enum, for 0 to count - 1. */
struct json_form_words {
	const char *(*name)(int value);
	int count;
};

/* Makes TYPE_words of an enum TYPE with a function TYPE_name(). */
#define JSON_FORM_WORDS(type, count)                                                               \
	static const char *type##_word(int value)                                                  \
	{                                                                                          \
		return type##_name((enum type)value);                                              \
	}                                                                                          \
	static const struct json_form_words type##_words = {type##_word, (count)}

struct json_form_member {
	/* Without a name and a type: the members of `form` stand among these. */
	const char *name;
	const struct json_form_type *type;
	size_t offset;    /* of the field in the struct */
	size_t size;      /* of the field: numbers and texts */
	bool required;    /* must be there; an optional one is left out where it says nothing */
	uint64_t maximum; /* numbers */
	uint64_t absent;  /* value of an optional number, flag or word that is not there */
	ptrdiff_t set;    /* from a number to the bool that says it is given; 0: there is none */
	const struct json_form *form;        /* objects */
	const struct json_form_words *words; /* words */
	bool (*accepts)(const char *text);   /* texts: NULL takes every word without blanks */
};

/* A field of a struct: its place and its size. */
#define JSON_FORM_FIELD(type, field)                                                               \
	.offset = offsetof(type, field), .size = sizeof(((type *)NULL)->field)

extern const struct json_form_type json_form_number;  /* unsigned, of 1, 2, 4 or 8 bytes */
extern const struct json_form_type json_form_flag;    /* bool */
extern const struct json_form_type json_form_text;    /* char[], bounded; optional: "" is absent */
extern const struct json_form_type json_form_string;  /* char * of its own; optional: may be NULL */
extern const struct json_form_type json_form_word;    /* an enum */
extern const struct json_form_type json_form_object;  /* a struct within, by its form */
extern const struct json_form_type json_form_ignored; /* no field: may be there */
extern const struct json_form_type json_form_version; /* no field: must be `maximum` */
extern const struct json_form_type json_form_service; /* struct service_key; sets the family */
extern const struct json_form_type json_form_destination; /* struct destination_key */
extern const struct json_form_type json_form_address;     /* struct address; optional: none */

/* A struct as a new object. */
json_t *json_form_write(
	struct json_form_pass *pass, const struct json_form *form, const void *from);

/* An object into a zeroed struct. -EINVAL with words; the struct then holds what was read. */
int json_form_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form *form, const json_t *json, void *to);

/* A text that is one such object into a zeroed struct: errors of json_parse() (state_json.h) and of json_form_read(). */
int json_form_parse(
	const char *text, size_t size, const struct json_form *form, void *to, struct error *error);

/* One member of an object: -EINVAL when it is wrong, or required and missing; 1 when it was there,
 * else 0. */
int json_form_read_member(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *object, void *to);

/* Sets the error to "PLACE: words" and returns -EINVAL. */
int json_form_fail(struct json_form_pass *pass, const struct json_form_place *place,
	const char *format, ...) _printf_(3, 4);

/* `text` as it may stand in an error: shortened, and with nothing that a terminal would obey. */
#define JSON_FORM_QUOTE_SIZE 64
const char *json_form_quote(const char *text, char quoted[static JSON_FORM_QUOTE_SIZE]);

/* `text`, or if it is no UTF-8, a copy in which other bytes than ASCII are written "\xHH"; the
 * caller's. */
char *json_form_valid_text(const char *text);

/* `value` where there is memory; else the end of the process, as with base/memory.h. */
json_t *json_form_kept(json_t *value);

/* -EINVAL unless `json` is an array of objects or texts; *count of them. */
int json_form_read_count(struct json_form_pass *pass, const struct json_form_place *place,
	const json_t *json, size_t *count);

/* -EINVAL when two neighbours of a sorted array are equal. */
int json_form_check_unique(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *item, const void *items, size_t count, size_t size,
	int (*compare)(const void *, const void *));

/* The item of a list whose items are objects of that form. */
#define JSON_FORM_ITEM(item_form)                                                                  \
	{                                                                                          \
		.type = &json_form_object, .form = (item_form)                                     \
	}

/* Makes a type NAME for a VECTOR_OF something: an array, each item read and written as the member
 * `item` says; sorted after reading, and without duplicates, unless `compare` is NULL. */
#define JSON_FORM_LIST(list_name, vector_type, item, compare)                                      \
	static json_t *list_name##_write(struct json_form_pass *pass,                              \
		const struct json_form_member *member _unused_, const void *field)                 \
	{                                                                                          \
		const __typeof__(vector_type) *list = field;                                       \
		json_t *array = json_form_kept(json_array());                                      \
                                                                                                   \
		vector_foreach(list, at)                                                           \
			json_array_append_new(array, (item)->type->write(pass, (item), at));       \
		return array;                                                                      \
	}                                                                                          \
	static int list_name##_read(struct json_form_pass *pass,                                   \
		const struct json_form_place *place,                                               \
		const struct json_form_member *member _unused_, const json_t *json, void *field)   \
	{                                                                                          \
		__typeof__(vector_type) *list = field;                                             \
		int (*order)(const void *, const void *) = (compare);                              \
		size_t count;                                                                      \
		int r = json_form_read_count(pass, place, json, &count);                           \
                                                                                                   \
		if (r == 0)                                                                        \
			vector_reserve(list, count);                                               \
		for (size_t i = 0; r == 0 && i < count; i++)                                       \
			r = (item)->type->read(pass,                                               \
				&(struct json_form_place){.parent = place, .index = i}, (item),    \
				json_array_get(json, i), vector_append(list));                     \
		if (r < 0 || !order)                                                               \
			return r;                                                                  \
		vector_sort(list, order);                                                          \
		return json_form_check_unique(pass, place, (item), list->items, list->count,       \
			sizeof(*list->items), order);                                              \
	}                                                                                          \
	static const struct json_form_type list_name = {list_name##_write, list_name##_read}

/* Makes a type NAME_if_any of a list's: left out where it is empty, and empty where it is left out. */
#define JSON_FORM_LIST_IF_ANY(list)                                                                \
	static json_t *list##_write_if_any(struct json_form_pass *pass,                            \
		const struct json_form_member *member, const void *field)                          \
	{                                                                                          \
		json_t *array = list.write(pass, member, field);                                   \
                                                                                                   \
		if (json_array_size(array))                                                        \
			return array;                                                              \
		json_decref(array);                                                                \
		return NULL;                                                                       \
	}                                                                                          \
	static int list##_read_if_any(struct json_form_pass *pass,                                 \
		const struct json_form_place *place, const struct json_form_member *member,        \
		const json_t *json, void *field)                                                   \
	{                                                                                          \
		return json ? list.read(pass, place, member, json, field) : 0;                     \
	}                                                                                          \
	static const struct json_form_type list##_if_any = {list##_write_if_any, list##_read_if_any}
