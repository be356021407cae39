// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/pass.h"

#include "reconciler/diff.h"

/* Every service that must be read right: what is declared, and what is ours. Sorted; the caller
 * frees it. */
static struct service_key *pass_scope(
	const struct reconciler *reconciler, const struct declared *declared, size_t *count)
{
	const struct declared_service *left = declared->services.items;
	const struct declared_service *left_end = left + declared->services.count;
	const struct memory_service *right = reconciler->record.memory.owned.items;
	const struct memory_service *right_end = right + reconciler->record.memory.owned.count;
	struct {
		VECTOR_OF(struct service_key);
	} keys = {};

	while (left < left_end || right < right_end) {
		int order = left == left_end     ? 1
			    : right == right_end ? -1
						 : service_key_compare(&left->key, &right->key);

		vector_push(&keys, order <= 0 ? left->key : right->key);
		left += order <= 0;
		right += order >= 0;
	}
	*count = keys.count;
	return keys.items;
}

int pass_read(struct reconciler *reconciler, const struct declared *declared, struct state *ret,
	struct error *error)
{
	struct backend_scope scope = {};
	_cleanup_free_ struct service_key *keys = pass_scope(reconciler, declared, &scope.count);

	scope.keys = keys;
	return reconciler->backend->ops->read(reconciler->backend, &scope, ret, error);
}

void pass_think(const struct reconciler *reconciler, const struct pass_input *input,
	struct plan *plan, struct step_output *output)
{
	const struct step_input step_input = {
		.declared = input->declared,
		.live = input->live,
		.memory = input->memory,
		.facts = reconciler->facts,
		.now = input->now,
		.hold_deletions = reconciler->hold_deletions,
	};
	step(&step_input, output);
	if (input->part)
		vector_clear(&output->desired.sysctls);
	const struct diff_input diff_input = {
		.desired = &output->desired,
		.live = input->live,
		.memory = input->memory,
		.prune = input->declared->prune,
		.abilities = reconciler->abilities,
	};
	diff(&diff_input, plan);
}
