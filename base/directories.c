// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/directories.h"

#include "base/memory.h"
#include "base/netns.h"

static char *directory_choose(const char *said, const char *common, const char *label)
{
	if (said)
		return memory_copy_string(said);
	return label ? memory_printf("%s/netns/%s", common, label) : memory_copy_string(common);
}

int directories_find(const char *netns, const char *state, const char *run, struct directories *ret,
	struct error *error)
{
	_cleanup_free_ char *label = NULL;
	int r = netns_label(netns, DIRECTORIES_STATE "/netns", &label, error);

	if (r < 0)
		return r;
	ret->state = directory_choose(state, DIRECTORIES_STATE, label);
	ret->run = directory_choose(run, DIRECTORIES_RUN, label);
	return 0;
}

void directories_clear(struct directories *directories)
{
	free(directories->state);
	free(directories->run);
	*directories = (struct directories){};
}
