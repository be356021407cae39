// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/backend.h"

#include <string.h>

#include "backends/dpdk/dpdk.h"
#include "backends/ipvs/ipvs.h"

static const struct backend_ops *const backends[] = {
	&ipvs_backend,
	&dpdk_backend,
};

const struct backend_ops *backend_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(backends); i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

const char *backend_figure_kind_name(enum backend_figure_kind kind)
{
	static const char *const names[BACKEND_FIGURE_COUNT] = {
		[BACKEND_FIGURE_PORT] = "port",
		[BACKEND_FIGURE_WORKER] = "worker",
		[BACKEND_FIGURE_DROP] = "drop",
		[BACKEND_FIGURE_PART] = "part",
	};

	return names[kind];
}

bool backend_scope_has(const struct backend_scope *scope, const struct service_key *key)
{
	return scope &&
	       vector_find_(key, scope->keys, scope->count, sizeof(*scope->keys), service_compare);
}

void backend_result_clear(struct backend_result *result)
{
	error_clear(&result->error);
	*result = (struct backend_result){};
}
