// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "reconciler/json_form.h"
#include "reconciler/state_json.h"

/* What a document may cost before jansson allocates for it. A state of 100,000 services with 10
 * destinations each is some 200 MB of text and 10 million values; no document of ours is deeper
 * than 8. */
#define JSON_PARSE_SIZE   (256u << 20)
#define JSON_PARSE_DEPTH  32
#define JSON_PARSE_VALUES (16u << 20)

/* Counts brackets and commas outside texts. That is no parser, and need not be: where the text is
 * no JSON the count does not matter. */
static int json_check_cost(const char *text, size_t size, struct error *error)
{
	size_t depth = 0, values = 0;
	bool inside = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (inside) {
			i += c == '\\';
			inside = c != '"';
			continue;
		}
		inside = c == '"';
		depth += c == '{' || c == '[';
		values += c == '{' || c == '[' || c == ',';
		if (depth && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_PARSE_DEPTH)
			return error_set(error, -EINVAL, "nested deeper than %d", JSON_PARSE_DEPTH);
	}
	if (values > JSON_PARSE_VALUES)
		return error_set(error, -EFBIG, "more than %u values", JSON_PARSE_VALUES);
	return 0;
}

int json_parse(const char *text, size_t size, json_t **ret, struct error *error)
{
	char quoted[JSON_FORM_QUOTE_SIZE];
	json_error_t failure;
	json_t *json;
	int r;

	if (!size)
		return error_set(error, -EINVAL, "empty");
	if (size > JSON_PARSE_SIZE)
		return error_set(error, -EFBIG, "larger than %u MB", JSON_PARSE_SIZE >> 20);
	r = json_check_cost(text, size, error);
	if (r < 0)
		return r;
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &failure);
	if (!json)
		return error_set(error, -EINVAL, "line %d, column %d: %s", failure.line,
			failure.column, json_form_quote(failure.text, quoted));
	*ret = json;
	return 0;
}
