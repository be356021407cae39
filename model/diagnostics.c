// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/diagnostics.h"

#define DIAGNOSTICS_BOLD   "\033[1m"
#define DIAGNOSTICS_RED    "\033[1;31m"
#define DIAGNOSTICS_YELLOW "\033[1;33m"
#define DIAGNOSTICS_GREEN  "\033[1;32m"
#define DIAGNOSTICS_RESET  "\033[0m"

/* One character out for each character in, so that the caret stays below its place; what must not
 * reach a terminal becomes U+FFFD. */
static void diagnostics_add_text(const char *user_text, struct strbuf *text)
{
	strbuf_add_printable(text, user_text, "\xef\xbf\xbd");
}

static void diagnostics_add_color(bool color, const char *code, struct strbuf *text)
{
	if (color)
		strbuf_add(text, code);
}

static void diagnostics_add_head(
	const struct diagnostic *diagnostic, bool color, struct strbuf *text)
{
	bool error = diagnostic->severity == DIAGNOSTIC_SEVERITY_ERROR;

	diagnostics_add_color(color, DIAGNOSTICS_BOLD, text);
	diagnostics_add_text(diagnostic->file, text);
	if (diagnostic->line)
		strbuf_printf(text, ":%u:%u", diagnostic->line, diagnostic->column);
	strbuf_add(text, ": ");
	diagnostics_add_color(color, error ? DIAGNOSTICS_RED : DIAGNOSTICS_YELLOW, text);
	strbuf_add(text, error ? "error: " : "warning: ");
	diagnostics_add_color(color, DIAGNOSTICS_RESET, text);
	diagnostics_add_text(diagnostic->message, text);
	strbuf_add_char(text, '\n');
}

static void diagnostics_add(const struct diagnostic *diagnostic, bool color, struct strbuf *text)
{
	diagnostics_add_head(diagnostic, color, text);
	if (diagnostic->source) {
		strbuf_add(text, "    ");
		diagnostics_add_text(diagnostic->source, text);
		strbuf_printf(text, "\n    %*s", (int)MAX(diagnostic->caret, 1u) - 1, "");
		diagnostics_add_color(color, DIAGNOSTICS_GREEN, text);
		strbuf_add_char(text, '^');
		diagnostics_add_color(color, DIAGNOSTICS_RESET, text);
		strbuf_add_char(text, '\n');
	}
	if (diagnostic->hint) {
		strbuf_add(text, "    ");
		diagnostics_add_text(diagnostic->hint, text);
		strbuf_add_char(text, '\n');
	}
}

void diagnostics_format(const struct diagnostics *diagnostics, bool color, struct strbuf *text)
{
	size_t errors = diagnostics->errors, warnings = diagnostics->warnings;

	vector_foreach(diagnostics, diagnostic) {
		diagnostics_add(diagnostic, color, text);
		if (diagnostic->severity == DIAGNOSTIC_SEVERITY_ERROR)
			errors--;
		else
			warnings--;
	}
	if (errors)
		strbuf_printf(text, "%zu more error%s not shown\n", errors, errors == 1 ? "" : "s");
	if (warnings)
		strbuf_printf(
			text, "%zu more warning%s not shown\n", warnings, warnings == 1 ? "" : "s");
}

static void diagnostics_add_all(const struct diagnostics *diagnostics,
	enum diagnostic_severity severity, size_t total, struct strbuf *text)
{
	const char *name = severity == DIAGNOSTIC_SEVERITY_ERROR ? "error" : "warning";

	vector_foreach(diagnostics, diagnostic) {
		if (diagnostic->severity != severity)
			continue;
		diagnostics_add(diagnostic, false, text);
		total--;
	}
	if (total)
		strbuf_printf(
			text, "%zu more %s%s not shown\n", total, name, total == 1 ? "" : "s");
}

void diagnostics_format_errors_first(const struct diagnostics *diagnostics, struct strbuf *text)
{
	diagnostics_add_all(diagnostics, DIAGNOSTIC_SEVERITY_ERROR, diagnostics->errors, text);
	diagnostics_add_all(diagnostics, DIAGNOSTIC_SEVERITY_WARNING, diagnostics->warnings, text);
}

bool diagnostics_is_of_warning(const char *line, size_t length)
{
	const char *error = memmem(line, length, ": error: ", strlen(": error: "));
	const char *warning = memmem(line, length, ": warning: ", strlen(": warning: "));

	/* The words of the message may say either. */
	return *line != ' ' && warning && (!error || warning < error);
}

void diagnostics_clear(struct diagnostics *diagnostics)
{
	vector_foreach(diagnostics, diagnostic) {
		free(diagnostic->file);
		free(diagnostic->message);
		free(diagnostic->source);
		free(diagnostic->hint);
	}
	vector_clear(diagnostics);
	*diagnostics = (struct diagnostics){.limit = diagnostics->limit};
}
