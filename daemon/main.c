// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"
#include "daemon/poised.h"

int main(int argc, char **argv)
{
	file_reserve_standard();
	return poised_main(argc, argv);
}
