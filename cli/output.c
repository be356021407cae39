// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"

/* One per process, like the terminal that it describes. */
static struct {
	bool color_stdout, color_stderr;
	bool quiet, verbose;
	bool terminal;
	bool status;    /* a progress line stands on the terminal */
	int broken;     /* why standard output takes nothing any more; an errno, or 0 */
	bool printed;   /* something went to standard output */
	json_t *errors; /* what was said of failures, for cli_output_explain(); NULL: nothing */
} output;

/* A file may be wrong in more places than a program wants to hear of. */
#define ERRORS_MOST 1000

/* Takes the reference. */
static void remember(json_t *error)
{
	if (!output.errors)
		output.errors = json_array();
	if (json_array_size(output.errors) < ERRORS_MOST)
		json_array_append_new(output.errors, error);
	else
		json_decref(error);
}

static bool color_wanted(enum cli_color color, int fd)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (color != CLI_COLOR_AUTO)
		return color == CLI_COLOR_ALWAYS;
	if ((none && *none) || !isatty(fd))
		return false;
	return terminal && strcmp(terminal, "dumb") != 0;
}

void cli_output_begin(enum cli_color color, bool quiet, bool verbose)
{
	output.color_stdout = color_wanted(color, STDOUT_FILENO);
	output.color_stderr = color_wanted(color, STDERR_FILENO);
	output.quiet = quiet;
	output.verbose = verbose;
	output.terminal = isatty(STDERR_FILENO);
}

/* What follows a failure is not tried: it would be a text with a hole. */
static void put(const char *text)
{
	output.printed = true;
	if (output.broken)
		return;
	errno = 0;
	if (fputs(text, stdout) == EOF)
		output.broken = errno ? errno : EIO;
}

static void flush(void)
{
	if (output.broken)
		return;
	errno = 0;
	if (fflush(stdout) != 0)
		output.broken = errno ? errno : EIO;
}

int cli_output_end(int code, bool acted)
{
	cli_status_clear();
	json_decref(STEAL(output.errors));
	flush();
	if (!output.broken)
		return code;
	/* Whoever reads no further, as `head` does, wants to hear nothing either. */
	if (acted || output.broken != EPIPE)
		cli_error("standard output could not be written: %s", strerror(output.broken));
	return acted ? code : CLI_EXIT_ERROR;
}

void cli_output_explain(bool refused)
{
	const json_t *first = json_object_get(json_array_get(output.errors, 0), "error");
	json_t *json;

	if (output.printed || !first)
		return;
	json = json_pack("{s:O, s:O}", "error", first, "errors", output.errors);
	if (refused)
		json_object_set_new(json, "refused", json_true());
	cli_print_json(json);
}

bool cli_color_stdout(void)
{
	return output.color_stdout;
}

bool cli_is_verbose(void)
{
	return output.verbose;
}

bool cli_is_quiet(void)
{
	return output.quiet;
}

bool cli_has_terminal(void)
{
	return output.terminal;
}

void cli_print(const char *text)
{
	put(text);
}

bool cli_flush(void)
{
	flush();
	return !output.broken;
}

void cli_print_json(json_t *json)
{
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

	json_decref(json);
	if (!text)
		return;
	put(text);
	put("\n");
}

json_t *cli_json_text(const char *text)
{
	json_t *json = json_string(text);

	if (json)
		return json;
	_cleanup_free_ char *copy = memory_copy_string(text);
	for (char *byte = copy; *byte; byte++)
		if (*byte & 0x80)
			*byte = '?';
	return json_string(copy);
}

/* What went to standard output before must stand before it on a terminal that shows both. */
static void say(const char *color, const char *text)
{
	flush();
	cli_status_clear();
	if (output.color_stderr && color)
		fprintf(stderr, "\033[%smpoise:\033[0m %s\n", color, text);
	else
		fprintf(stderr, "poise: %s\n", text);
}

void cli_error(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = memory_vprintf(format, arguments);
	va_end(arguments);
	remember(json_pack("{s:o}", "error", cli_json_text(text)));
	say("1;31", text);
}

void cli_note(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	if (output.quiet)
		return;
	va_start(arguments, format);
	text = memory_vprintf(format, arguments);
	va_end(arguments);
	say(NULL, text);
}

void cli_detail(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	if (!output.verbose)
		return;
	va_start(arguments, format);
	text = memory_vprintf(format, arguments);
	va_end(arguments);
	say(NULL, text);
}

void cli_complain(const char *text)
{
	flush();
	cli_status_clear();
	fputs(text, stderr);
}

int cli_fail(const struct error *error, int code)
{
	cli_error("%s", error_text(error, code));
	return CLI_EXIT_ERROR;
}

static json_t *diagnostic_to_json(const struct diagnostic *diagnostic)
{
	bool error = diagnostic->severity == DIAGNOSTIC_SEVERITY_ERROR;
	json_t *json = json_pack("{s:s, s:o, s:o}", "severity", error ? "error" : "warning", "file",
		cli_json_text(diagnostic->file), "message", cli_json_text(diagnostic->message));

	if (diagnostic->line) {
		json_object_set_new(json, "line", json_integer(diagnostic->line));
		json_object_set_new(json, "column", json_integer(diagnostic->column));
	}
	if (diagnostic->hint)
		json_object_set_new(json, "hint", cli_json_text(diagnostic->hint));
	return json;
}

/* As an error of an apply has them: `error` says what, the rest where. */
static void remember_diagnostic(const struct diagnostic *diagnostic)
{
	json_t *json = diagnostic_to_json(diagnostic);

	json_object_set(json, "error", json_object_get(json, "message"));
	json_object_del(json, "message");
	json_object_del(json, "severity");
	remember(json);
}

void cli_diagnostics(const struct diagnostics *diagnostics)
{
	_cleanup_strbuf_ struct strbuf text = {};

	vector_foreach(diagnostics, diagnostic)
		if (diagnostic->severity == DIAGNOSTIC_SEVERITY_ERROR)
			remember_diagnostic(diagnostic);
	if (!diagnostics->errors && (output.quiet || !diagnostics->warnings))
		return;
	diagnostics_format(diagnostics, output.color_stderr, &text);
	if (text.text)
		cli_complain(text.text);
}

json_t *cli_diagnostics_to_json(const struct diagnostics *diagnostics)
{
	json_t *list = json_array();

	vector_foreach(diagnostics, diagnostic)
		json_array_append_new(list, diagnostic_to_json(diagnostic));
	return list;
}

void cli_status(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	if (!output.terminal || output.quiet)
		return;
	va_start(arguments, format);
	text = memory_vprintf(format, arguments);
	va_end(arguments);
	flush();
	fprintf(stderr, "\r\033[K%.100s", text);
	fflush(stderr);
	output.status = true;
}

void cli_status_clear(void)
{
	if (!output.status)
		return;
	output.status = false;
	fputs("\r\033[K", stderr);
}
