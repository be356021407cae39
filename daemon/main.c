// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/poised.h"

int main(int argc, char **argv)
{
	return poised_main(argc, argv);
}
