// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/json_form.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "base/suggest.h"
#include "reconciler/state_json.h"

json_t *json_form_kept(json_t *value)
{
	if (!value) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return value;
}

const char *json_form_quote(const char *text, char quoted[static JSON_FORM_QUOTE_SIZE])
{
	size_t room = JSON_FORM_QUOTE_SIZE - 4, length = 0;

	for (; *text && length < room; text++) {
		unsigned char c = (unsigned char)*text;
		/* U+0080 to U+009F, the second set of controls, are C2 80 to C2 9F. */
		bool second = c >= 0x80 && c < 0xa0 && length && quoted[length - 1] == '\xc2';

		if (second)
			quoted[length - 1] = '?';
		quoted[length++] = second || c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	/* A character that was cut in two is left out whole. */
	while (*text && length && ((unsigned char)*text & 0xc0) == 0x80)
		text--, length--;
	snprintf(quoted + length, JSON_FORM_QUOTE_SIZE - length, "%s", *text ? "..." : "");
	return quoted;
}

static void json_form_place_format(const struct json_form_place *place, struct strbuf *text)
{
	char quoted[JSON_FORM_QUOTE_SIZE];

	if (!place || !place->parent)
		return;
	json_form_place_format(place->parent, text);
	if (!place->member)
		strbuf_printf(text, "[%zu]", place->index);
	else
		strbuf_printf(text, "%s%s", text->length ? "." : "",
			json_form_quote(place->member, quoted));
}

int json_form_fail(
	struct json_form_pass *pass, const struct json_form_place *place, const char *format, ...)
{
	_cleanup_strbuf_ struct strbuf text = {};
	va_list arguments;

	json_form_place_format(place, &text);
	if (text.length)
		strbuf_add(&text, ": ");
	va_start(arguments, format);
	strbuf_vprintf(&text, format, arguments);
	va_end(arguments);
	return error_set(pass->error, -EINVAL, "%s", text.text);
}

/* Writing */

static void json_form_write_members(
	struct json_form_pass *pass, const struct json_form *form, const char *from, json_t *object)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct json_form_member *member = &form->members[i];
		const char *field = from + member->offset;
		json_t *value;

		if (!member->type) {
			json_form_write_members(pass, member->form, field, object);
			continue;
		}
		value = member->type->write(pass, member, field);
		if (value)
			json_object_set_new_nocheck(object, member->name, value);
	}
}

json_t *json_form_write(struct json_form_pass *pass, const struct json_form *form, const void *from)
{
	json_t *object = json_form_kept(json_object());

	json_form_write_members(pass, form, from, object);
	return object;
}

/* Reading */

int json_form_read_member(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *object, void *to)
{
	const json_t *value = json_object_get(object, member->name);
	struct json_form_place inner = {.parent = place, .member = member->name};
	int r;

	if (!value && member->required)
		return json_form_fail(pass, place, "`%s` is missing", member->name);
	/* A type reads NULL as what the member means when it is not there. */
	r = member->type->read(pass, &inner, member, value, (char *)to + member->offset);
	return r < 0 ? r : value != NULL;
}

static int json_form_read_members(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form *form, const json_t *json, char *to, size_t *found)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct json_form_member *member = &form->members[i];
		int r;

		if (member->type)
			r = json_form_read_member(pass, place, member, json, to);
		else
			r = json_form_read_members(
				pass, place, member->form, json, to + member->offset, found);
		if (r < 0)
			return r;
		*found += (size_t)r;
	}
	return 0;
}

/* Whether the form has the member `name`; offers every name to `suggest` on the way. */
static bool json_form_knows(const struct json_form *form, const char *name, struct suggest *suggest)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct json_form_member *member = &form->members[i];

		if (!member->type) {
			if (json_form_knows(member->form, name, suggest))
				return true;
			continue;
		}
		if (strcmp(member->name, name) == 0)
			return true;
		suggest_offer(suggest, name, member->name);
	}
	return false;
}

static int json_form_fail_unknown(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form *form, const json_t *json)
{
	/* Iterators of jansson take no const object, though they change none. */
	json_t *object = (json_t *)json;
	char quoted[JSON_FORM_QUOTE_SIZE];

	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);
		struct suggest suggest = {};

		if (json_form_knows(form, name, &suggest))
			continue;
		json_form_quote(name, quoted);
		if (suggest.best)
			return json_form_fail(pass, place,
				"unknown member `%s`: did you mean `%s`?", quoted, suggest.best);
		return json_form_fail(pass, place, "unknown member `%s`", quoted);
	}
	return json_form_fail(pass, place, "unknown member");
}

int json_form_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form *form, const json_t *json, void *to)
{
	static const struct json_form_place document;
	size_t found = 0;
	int r;

	if (!place)
		place = &document;
	if (!json_is_object(json))
		return json_form_fail(pass, place, "not an object");
	r = json_form_read_members(pass, place, form, json, to, &found);
	if (r < 0)
		return r;
	/* Every name stands once in an object and in a form: what was not found is not known. */
	return found == json_object_size(json) ? 0
					       : json_form_fail_unknown(pass, place, form, json);
}

int json_form_parse(
	const char *text, size_t size, const struct json_form *form, void *to, struct error *error)
{
	json_t *json = NULL;
	int r = json_parse(text, size, &json, error);

	if (r == 0)
		r = json_form_read(&(struct json_form_pass){.error = error}, NULL, form, json, to);
	json_decref(json);
	return r;
}

int json_form_read_count(struct json_form_pass *pass, const struct json_form_place *place,
	const json_t *json, size_t *count)
{
	*count = json ? json_array_size(json) : 0;
	return !json || json_is_array(json) ? 0 : json_form_fail(pass, place, "not a list");
}

/* The key of an item: its first member, where it is an object. */
static json_t *json_form_name(
	struct json_form_pass *pass, const struct json_form_member *item, const char *from)
{
	while (item->form) {
		item = &item->form->members[0];
		from += item->offset;
	}
	return json_form_kept(item->type->write(pass, item, from));
}

int json_form_check_unique(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *item, const void *items, size_t count, size_t size,
	int (*compare)(const void *, const void *))
{
	for (size_t i = 1; i < count; i++) {
		const char *at = (const char *)items + i * size;
		char quoted[JSON_FORM_QUOTE_SIZE];

		if (compare(at - size, at) != 0)
			continue;
		json_t *name = json_form_name(pass, item, at);
		json_form_quote(json_string_value(name), quoted);
		json_decref(name);
		return json_form_fail(pass, place, "%s stands there twice", quoted);
	}
	return 0;
}
