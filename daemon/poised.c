// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/poised.h"

int poised_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 2;
}
