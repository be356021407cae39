// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/probe.h"

int probe_key_compare(const void *a, const void *b)
{
	const struct probe_key *left = a, *right = b;
	int order = destination_key_compare(&left->target, &right->target);

	if (order || left->check == right->check)
		return order;
	return strcmp(left->check, right->check);
}

struct destination_key probe_target(
	const struct config_check *check, const struct destination_key *destination)
{
	static const uint16_t ports[CONFIG_CHECK_KINDS] = {
		[CONFIG_CHECK_HTTP] = 80,
		[CONFIG_CHECK_HTTPS] = 443,
		[CONFIG_CHECK_DNS] = 53,
		[CONFIG_CHECK_SMTP] = 25,
	};
	struct destination_key target = *destination;

	if (check->address.family)
		target.address = check->address;
	if (config_has(&check->object, CONFIG_CHECK_PING))
		target.port = 0;
	else if (check->port)
		target.port = (uint16_t)check->port;
	for (unsigned int kind = 0; !target.port && kind < CONFIG_CHECK_KINDS; kind++)
		if (config_has(&check->object, kind))
			target.port = ports[kind];
	return target;
}

bool verdict_is_plain(const struct verdict *verdict)
{
	return verdict->up && !verdict->recovered && verdict->weight == VERDICT_NO_WEIGHT;
}

static void verdict_join_weight(struct verdict *all, int32_t weight)
{
	if (weight == VERDICT_NO_WEIGHT)
		return;
	all->weight = all->weight == VERDICT_NO_WEIGHT ? weight : MIN(all->weight, weight);
}

void verdict_join(struct verdict *all, const struct verdict *one)
{
	verdict_join_weight(all, one->weight);
	if (all->up && one->up) {
		all->settled &= one->settled;
		if (one->recovered && (!all->recovered || one->since > all->since))
			all->since = one->since;
		all->recovered |= one->recovered;
	} else if (!all->up && !one->up) {
		all->settled &= one->settled;
		all->since = MIN(all->since, one->since);
	} else if (all->up) {
		int32_t weight = all->weight;

		*all = *one;
		all->weight = weight;
	}
}

bool verdict_equal(const struct verdict *a, const struct verdict *b)
{
	return a->up == b->up && a->settled == b->settled && a->recovered == b->recovered &&
	       a->weight == b->weight && a->since == b->since;
}
