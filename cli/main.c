// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
	file_reserve_standard();
	/* A reader that leaves must not end an apply between two of its batches, before it is
	 * verified and recorded: what cannot be printed is told at the end. */
	signal(SIGPIPE, SIG_IGN);
	memory_in_large_pieces();
	return cli_main(argc, argv);
}
