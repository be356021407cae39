// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/memory.h"
#include "cli/schema_forms.h"
#include "model/schema.h"

/* mandoc -T lint wants input lines of at most 80 bytes. */
#define LINE_LENGTH 76

/* Text as roff reads it: backquotes become quotes, an ellipsis three dots, and nothing that the
 * user reads is taken for a request. */
static void escape(const char *word, size_t length, struct strbuf *text)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	const size_t wide = sizeof(ellipsis) - 1;
	bool open = false;

	if (*word == '.' || *word == '\'')
		strbuf_add(text, "\\&");
	for (size_t i = 0; i < length; i++) {
		if (word[i] == '`') {
			strbuf_add(text, open ? "\\(cq" : "\\(oq");
			open = !open;
		} else if (word[i] == '\\') {
			strbuf_add(text, "\\e");
		} else if (length - i >= wide && memcmp(word + i, ellipsis, wide) == 0) {
			strbuf_add(text, "...");
			i += wide - 1;
		} else {
			strbuf_add_char(text, word[i]);
		}
	}
}

/* Words that belong together, as in `drain: 0s`, stay on one line: what backquotes hold is one
 * word. */
static size_t word_length(const char *word)
{
	bool open = false;
	size_t length = 0;

	for (; word[length] && (open || word[length] != ' '); length++)
		if (word[length] == '`')
			open = !open;
	return length;
}

/* A text in lines that are short enough, with `end` behind it. */
static void add_text(const char *sentence, const char *end, struct strbuf *text)
{
	size_t column = 0;

	while (*sentence) {
		_cleanup_strbuf_ struct strbuf word = {};
		size_t length = word_length(sentence);

		escape(sentence, length, &word);
		if (column && column + 1 + word.length > LINE_LENGTH) {
			strbuf_add_char(text, '\n');
			column = 0;
		} else if (column) {
			strbuf_add_char(text, ' ');
			column++;
		}
		strbuf_add(text, word.text);
		column += word.length;
		sentence += length;
		sentence += strspn(sentence, " ");
	}
	strbuf_add(text, end);
	strbuf_add_char(text, '\n');
}

static void add_sentence(const char *sentence, struct strbuf *text)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	size_t length = strlen(sentence), wide = sizeof(ellipsis) - 1;
	bool open = length >= wide && memcmp(sentence + length - wide, ellipsis, wide) == 0;

	add_text(sentence, open ? "" : ".", text);
}

/* "One of ipvs (default: ipvs)." */
static void add_type(const struct schema_key *key, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf type = {}, fallback = {};

	schema_describe(key, CONFIG_BACKEND_IPVS, &type);
	schema_format_default(key, &fallback);
	if (!type.length)
		return;
	if (key->flags & SCHEMA_FLAG_REQUIRED)
		strbuf_add(&type, " (required)");
	if (fallback.length)
		strbuf_printf(&type, " (default: %s)", fallback.text);
	if (type.text[0] >= 'a' && type.text[0] <= 'z')
		type.text[0] = (char)(type.text[0] - 'a' + 'A');
	strbuf_add(text, ".br\n");
	if (!key->mapping) {
		add_sentence(type.text, text);
		return;
	}
	add_text(type.text, ":", text);
	strbuf_printf(text, ".Sx Mapping: %s .\n", key->mapping->name);
}

static void add_words(const struct schema_key *key, struct strbuf *text)
{
	bool any = false;

	for (const struct schema_word *word = key->words; word && word->name; word++) {
		if (!word->help || (word->backends && !(word->backends & SCHEMA_BACKEND_IPVS)))
			continue;
		if (!any)
			strbuf_add(text, ".Bl -tag -width Ds -compact\n");
		any = true;
		strbuf_printf(text, ".It Cm %s\n", word->name);
		add_text(word->help, "", text);
	}
	if (any)
		strbuf_add(text, ".El\n");
}

static void add_mapping(const struct schema_mapping *mapping, struct strbuf *text)
{
	if (mapping == &schema_top)
		strbuf_add(text, ".Ss The file\n");
	else
		strbuf_printf(text, ".Ss Mapping: %s\n", mapping->name);
	add_sentence(mapping->help, text);
	if (mapping->short_form) {
		_cleanup_free_ char *sentence =
			memory_printf("`%s` alone may stand in its place", mapping->short_form);
		add_sentence(sentence, text);
	}
	if (!mapping->count) {
		add_sentence("It has no keys: write `{}`", text);
		return;
	}
	strbuf_add(text, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = mapping->keys + i;

		strbuf_printf(text, ".It Ic %s\n", key->name);
		add_sentence(key->help, text);
		add_type(key, text);
		add_words(key, text);
	}
	strbuf_add(text, ".El\n");
}

void cli_schema_to_mdoc(struct strbuf *text)
{
	for (const struct schema_mapping *const *mapping = schema_mappings; *mapping; mapping++)
		add_mapping(*mapping, text);
}
