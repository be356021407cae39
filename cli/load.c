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

/* What has the place of a role has that of an active router: services stand by as with `standby: keep`. */
static void note_followers(const struct declared *declared)
{
	_cleanup_strbuf_ struct strbuf text = {};
	size_t services = 0;

	vector_foreach(&declared->services, service)
		services += service->standby_removes;
	if (services)
		strbuf_printf(&text, "%zu virtual service%s of `standby: remove` %s there",
			services, services == 1 ? "" : "s", services == 1 ? "is" : "are");
	if (declared->sync_follows)
		strbuf_printf(&text, "%sthe sync daemon that follows `%s` is active",
			services ? ", and " : "", declared->sync_follows);
	if (text.length)
		cli_note("with an active router: %s", text.text);
}

void cli_loaded_note_daemon(const struct cli_loaded *loaded)
{
	size_t checks = loaded->declared.checks, routers = loaded->config.routers.count;

	if (checks)
		cli_note("the files have %zu check%s, which only poised runs: they are taken as "
			 "passing",
			checks, checks == 1 ? "" : "s");
	if (!routers)
		return;
	cli_note("the files have %zu virtual router%s, which only poised runs: %s taken as active, "
		 "and without it nobody sets %s addresses",
		routers, routers == 1 ? "" : "s", routers == 1 ? "it is" : "they are",
		routers == 1 ? "its" : "their");
	note_followers(&loaded->declared);
}

int cli_load_arguments(const struct cli *cli, struct cli_loaded *ret)
{
	int r = cli_load(cli->arguments, cli->argument_count, ret);

	cli_loaded_report(ret);
	if (r == 0)
		cli_loaded_note_daemon(ret);
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
