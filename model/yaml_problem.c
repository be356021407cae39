// SPDX-License-Identifier: GPL-2.0-or-later
/* libyaml's messages say what its grammar missed; these say what the writer of the file did. */
#include "model/yaml.h"

struct yaml_problem {
	const char *problem; /* libyaml's src/scanner.c and src/parser.c */
	const char *words;
	const char *hint;
};

static const struct yaml_problem yaml_problems[] = {
	{"mapping values are not allowed in this context", "a `:` where no key can stand",
		"put the key on a line of its own, or quote a text that has `: ` in it"},
	{"did not find expected key", "neither a key nor the end of the mapping",
		"keys of one mapping stand below each other, in the same column"},
	{"could not find expected ':'", "a key without its `:`",
		"write `key: value`, with a space after the colon"},
	{"did not find expected '-' indicator", "neither an item nor the end of the list",
		"items of one list start with `- ` in the same column"},
	{"did not find expected ',' or ']'", "the list in `[ ]` is not closed here",
		"separate items by `,`, and quote an item that has `[`, `]`, `{`, `}` or `, ` in "
		"it"},
	{"did not find expected ',' or '}'", "the mapping in `{ }` is not closed here",
		"separate keys by `,`, and quote a text that has `[`, `]`, `{`, `}` or `, ` in it"},
	{"did not find expected node content", "a value is missing here", NULL},
	{"found unexpected end of stream", "the quotes that open here do not close", NULL},
	{"found unexpected document indicator",
		"the quotes that open here do not close before `---` or `...`", NULL},
	{"did not find expected <document start>",
		"a second document, or what is left of the first",
		"a file holds one mapping; check the column that this line starts in"},
	{"found character that cannot start any token", "a text cannot start with this character",
		"put the text in quotes"},
	{"block sequence entries are not allowed in this context",
		"a list item (`- `) where none can stand",
		"put the list on the lines below its key"},
	{"block mapping entries are not allowed in this context", "a key where none can stand",
		NULL},
	{"mapping keys are not allowed in this context", "a key where none can stand", NULL},
	{"found unknown escape character", "an escape that YAML does not have",
		"write `\\\\` for a backslash, or use single quotes"},
	{"did not find expected hexdecimal number", "an escape without its hexadecimal digits",
		NULL},
	{"found invalid Unicode character escape code", "an escape of no character", NULL},
	{"found a tab character that violates indentation", "a tab in the indentation",
		"YAML indents with spaces"},
	{"found a tab character where an indentation space is expected", "a tab in the indentation",
		"YAML indents with spaces"},
	{"found unexpected ':'", "a `:` within a text in `[ ]` or `{ }`", "put the text in quotes"},
	{"did not find expected alphabetic or numeric character",
		"an anchor (`&`) or alias (`*`) without a name",
		"put a text that starts with `&` or `*` in quotes"},
	{"found undefined tag handle", "a tag", "tags (`!`) are not used here"},
	{"found duplicate %YAML directive", "a second %YAML", NULL},
	{"found incompatible YAML document", "a YAML version that is not known", NULL},
};

const char *yaml_problem_words(const char *problem, const char **hint)
{
	*hint = NULL;
	if (!problem)
		return "this is not YAML";
	for (size_t i = 0; i < ARRAY_LENGTH(yaml_problems); i++) {
		if (strcmp(yaml_problems[i].problem, problem) != 0)
			continue;
		*hint = yaml_problems[i].hint;
		return yaml_problems[i].words;
	}
	return problem;
}
