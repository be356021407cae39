// SPDX-License-Identifier: GPL-2.0-or-later
/* Differences of virtual routers for people. */
#include "reconciler/router_diff.h"

#include <stdio.h>
#include <string.h>

#include "model/canonical.h"
#include "reconciler/router_fields.h"

/* As it is where nobody can mistake it, else in quotes. */
static void router_format_string(const char *value, struct strbuf *text)
{
	bool plain = *value;

	for (const char *byte = value; *byte; byte++)
		plain = plain && *byte > ' ' && *byte <= '~' && !strchr("\"\\,[]", *byte);
	if (plain)
		strbuf_add(text, value);
	else
		config_format_scalar(value, text);
}

static void router_format_value(const json_t *value, struct strbuf *text);

/* One with keys of its own is held together. */
static void router_format_item(const json_t *item, struct strbuf *text)
{
	bool wide = json_is_object(item);

	strbuf_add(text, wide ? "(" : "");
	router_format_value(item, text);
	strbuf_add(text, wide ? ")" : "");
}

static void router_format_list(const json_t *list, struct strbuf *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		strbuf_add(text, i ? ", " : "");
		router_format_item(item, text);
	}
}

/* "to 0.0.0.0/0 via 10.0.0.1" */
static void router_format_object(const json_t *object, struct strbuf *text)
{
	const char *name;
	json_t *value;
	bool first = true;

	json_object_foreach((json_t *)object, name, value)
	{
		strbuf_add(text, first ? "" : " ");
		router_format_string(name, text);
		strbuf_add_char(text, ' ');
		router_format_value(value, text);
		first = false;
	}
}

static void router_format_value(const json_t *value, struct strbuf *text)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		router_format_string(json_string_value(value), text);
		break;
	case JSON_INTEGER:
		strbuf_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		strbuf_add(text, json_is_true(value) ? "true" : "false");
		break;
	case JSON_ARRAY:
		strbuf_add_char(text, '[');
		router_format_list(value, text);
		strbuf_add_char(text, ']');
		break;
	case JSON_OBJECT:
		router_format_object(value, text);
		break;
	default:
		strbuf_add(text, "none");
	}
}

/* The items one after the other, each with the sign. */
static void router_format_signed(char sign, const json_t *list, struct strbuf *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		strbuf_printf(text, " %c", sign);
		router_format_item(item, text);
	}
}

static void router_format_change(const json_t *change, struct strbuf *text)
{
	const json_t *before = json_object_get(change, "before");
	const json_t *after = json_object_get(change, "after");

	strbuf_add_char(text, ' ');
	router_format_string(json_string_value(json_object_get(change, "key")), text);
	if (json_object_get(change, "added")) {
		router_format_signed('+', json_object_get(change, "added"), text);
		router_format_signed('-', json_object_get(change, "removed"), text);
	} else if (json_object_get(change, "reordered")) {
		strbuf_add(text, " in another order");
	} else if (json_equal(before, after)) {
		strbuf_add(text, " changed"); /* a password */
	} else {
		strbuf_add_char(text, ' ');
		router_format_value(before, text);
		strbuf_add(text, " -> ");
		router_format_value(after, text);
	}
}

static void router_format_key(const char *prefix, const char *name, struct strbuf *text)
{
	_cleanup_free_ char *key = memory_printf("%s%s", prefix, name);

	router_format_string(key, text);
}

/* All that one has. `prefix`: of a mapping within. */
static void router_format_fields(const json_t *fields, const char *prefix, struct strbuf *text)
{
	char inner[ROUTER_KEY_SIZE];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)fields, name, value)
	{
		if (json_is_object(value)) {
			snprintf(inner, sizeof(inner), "%s%s.", prefix, name);
			router_format_fields(value, inner, text);
			continue;
		}
		strbuf_add_char(text, ' ');
		router_format_key(prefix, name, text);
		strbuf_add_char(text, ' ');
		router_format_value(value, text);
	}
}

void router_change_format(const struct router_change *change, struct strbuf *text)
{
	const json_t *one;
	size_t i;

	strbuf_add(text, "vrrp ");
	router_format_string(change->name, text);
	if (change->verb == PLAN_VERB_ADD)
		router_format_fields(change->after, "", text);
	json_array_foreach(change->changes, i, one) router_format_change(one, text);
}

void router_lack_format(const struct router_lack *lack, struct strbuf *text)
{
	strbuf_add(text, "vrrp ");
	router_format_string(lack->name, text);
	strbuf_add_char(text, ' ');
	router_format_string(lack->family, text);
	strbuf_printf(text,
		" lacks %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " address%s (",
		lack->addresses - lack->present, lack->addresses, lack->addresses == 1 ? "" : "es");
	/* It may name what others have named. */
	strbuf_add_printable(text, lack->trouble, "?");
	strbuf_add_char(text, ')');
}
