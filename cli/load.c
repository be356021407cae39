// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/load.h"

#include "reconciler/reconciler.h"

static int load_documents(const struct document *documents, size_t count, struct cli_loaded *loaded)
{
	uint64_t start = reconciler_now();
	int r = config_load(documents, count, &loaded->config, &loaded->diagnostics);

	if (r == 0)
		declared_from_config(&loaded->config, &loaded->declared);
	loaded->parse_time = reconciler_now() - start;
	return r;
}

int cli_load(const char *const *paths, size_t count, struct cli_loaded *ret)
{
	static const char *const default_paths[] = {SOURCES_DEFAULT_PATH};
	uint64_t start = reconciler_now();
	int r = sources_read(paths, count, &ret->sources, &ret->problems);

	ret->paths = count ? paths : default_paths;
	ret->path_count = count ? count : ARRAY_LENGTH(default_paths);
	ret->read_time = reconciler_now() - start;
	/* What could be read is checked all the same, so that one run tells everything. */
	if (r < 0) {
		if (ret->sources.count)
			config_load(ret->sources.items, ret->sources.count, &ret->config,
				&ret->diagnostics);
		return r;
	}
	return load_documents(ret->sources.items, ret->sources.count, ret);
}

int cli_load_text(const char *name, const char *text, size_t size, struct cli_loaded *ret)
{
	const struct document document = {.name = name, .text = text, .size = size};

	return load_documents(&document, 1, ret);
}

char *cli_loaded_canonical(const struct cli_loaded *loaded)
{
	struct strbuf canonical = {};

	config_format_yaml(&loaded->config, &canonical);
	return strbuf_take(&canonical);
}

static void report_lines(const char *line, void (*say)(const char *format, ...))
{
	while (line && *line) {
		size_t length = strcspn(line, "\n");

		say("%.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

void cli_loaded_report(const struct cli_loaded *loaded)
{
	report_lines(loaded->problems.text, cli_error);
	report_lines(loaded->sources.warnings.text, cli_note);
	cli_diagnostics(&loaded->diagnostics);
}

void cli_loaded_note_checks(const struct cli_loaded *loaded)
{
	size_t checks = loaded->declared.checks;

	if (checks)
		cli_note("the files have %zu check%s, which only poised runs: they are taken as "
			 "passing",
			checks, checks == 1 ? "" : "s");
}

int cli_load_arguments(const struct cli *cli, struct cli_loaded *ret)
{
	int r = cli_load(cli->arguments, cli->argument_count, ret);

	cli_loaded_report(ret);
	if (r == 0)
		cli_loaded_note_checks(ret);
	return r;
}

void cli_loaded_clear(struct cli_loaded *loaded)
{
	declared_clear(&loaded->declared);
	config_clear(&loaded->config);
	diagnostics_clear(&loaded->diagnostics);
	sources_clear(&loaded->sources);
	strbuf_clear(&loaded->problems);
	*loaded = (struct cli_loaded){};
}
