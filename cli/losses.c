// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/losses.h"

#include "cli/cli.h"

void cli_print_losses(const char *name, const struct ipvsadm_losses *losses)
{
	vector_foreach(losses, loss) {
		if (loss->line)
			cli_error("%s:%u: %s", name, loss->line, loss->text);
		else
			cli_error("%s", loss->text);
	}
	if (losses->total > losses->count)
		cli_error("... and %zu more", losses->total - losses->count);
}

void cli_add_losses(struct ipvsadm_losses *losses, const struct strbuf *lines)
{
	const char *line = lines->text;

	while (line && *line) {
		size_t length = strcspn(line, "\n");

		ipvsadm_lose(losses, 0, "%.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}
