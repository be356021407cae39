// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <stdarg.h>

#include "base/memory.h"

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return code;
	va_start(arguments, format);
	char *text = memory_vprintf(format, arguments);
	va_end(arguments);
	free(error->text);
	error->text = text;
	return code;
}

int error_prefix(struct error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return code;
	va_start(arguments, format);
	_cleanup_free_ char *prefix = memory_vprintf(format, arguments);
	va_end(arguments);
	char *text = memory_printf("%s: %s", prefix, error_text(error, code));
	free(error->text);
	error->text = text;
	return code;
}

int error_suffix(struct error *error, int code, const char *suffix)
{
	if (!error)
		return code;
	char *text = memory_printf("%s%s", error_text(error, code), suffix);
	free(error->text);
	error->text = text;
	return code;
}

const char *error_text(const struct error *error, int code)
{
	return error && error->text ? error->text : strerror(code < 0 ? -code : code);
}

void error_clear(struct error *error)
{
	free(error->text);
	error->text = NULL;
}
