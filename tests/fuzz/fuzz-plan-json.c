// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the reader of saved plans; what it took must survive the way out and in. */
#include <stdint.h>

#include "reconciler/plan_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_plan_file_ struct plan_file first = {}, second = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *text = NULL, *again = NULL;

	if (plan_file_from_json((const char *)data, size, &first, &error) < 0) {
		require(error.text && *error.text);
		require(!first.backend && !first.paths.items && !first.plan.ops.items);
		return 0;
	}
	require(first.backend && first.revision && first.declared);
	text = plan_file_to_json(&first);
	require(plan_file_from_json(text, strlen(text), &second, &error) == 0);
	again = plan_file_to_json(&second);
	require(strcmp(text, again) == 0);
	return 0;
}
