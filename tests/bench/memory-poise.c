// SPDX-License-Identifier: GPL-2.0-or-later
/* memory-poise: poise as it is, but with the in-memory backend in place of the kernel's, in which there is nothing: what it says of all
 * else beside a memory-poised, on a machine without IPVS. */
#include "cli/cli.h"
#include "tests/memory/instead.h"

const struct backend_ops *__wrap_backend_find(const char *name);

const struct backend_ops *__wrap_backend_find(const char *name)
{
	return memory_instead(name);
}

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
