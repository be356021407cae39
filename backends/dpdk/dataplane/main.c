// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdio.h>

#include "backends/dpdk/dataplane/program.h"
#include "base/file.h"
#include "base/version.h"

#define MAIN_FAILED 2

int main(int argc, char **argv)
{
	_cleanup_error_ struct error error = {};
	_cleanup_strbuf_ struct strbuf help = {};
	struct arguments arguments;
	int r;

	file_reserve_standard();
	/* A log's reader that goes away is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	r = arguments_parse(argc, argv, &arguments, &error);
	if (r < 0) {
		fprintf(stderr, "poise-dataplane: %s\n", error_text(&error, r));
		return MAIN_FAILED;
	}
	if (!arguments.help && !arguments.version)
		return program_run(&arguments);
	if (arguments.help)
		arguments_format_help(&help);
	else
		strbuf_add(&help, "poise-dataplane " POISE_VERSION "\n");
	fputs(help.text, stdout);
	return fflush(stdout) == 0 ? 0 : MAIN_FAILED;
}
