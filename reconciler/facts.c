// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/facts.h"

int facts_drain_compare(const void *a, const void *b)
{
	const struct facts_drain *x = a, *y = b;
	int order = destination_key_compare(&x->destination, &y->destination);

	if (order == 0)
		order = COMPARE(y->everywhere, x->everywhere);
	if (order == 0 && !x->everywhere)
		order = service_key_compare(&x->service, &y->service);
	return order;
}

/* Until when what `key` names is drained; 0 when it is not. */
static uint64_t facts_until(const struct facts *facts, const struct facts_drain *key, uint64_t now)
{
	const struct facts_drain *found = vector_find(&facts->drains, key, facts_drain_compare);

	return found && found->until > now ? found->until : 0;
}

uint64_t facts_drained_until(const struct facts *facts, const struct service_key *service,
	const struct destination_key *destination, uint64_t now)
{
	struct facts_drain key = {.destination = *destination, .service = *service};
	uint64_t until = 0;

	if (!facts || !facts->drains.count)
		return 0;
	/* With its port and on every port, here and everywhere: four keys. */
	for (int i = 0; i < 4; i++) {
		uint64_t found;

		key.everywhere = i & 1;
		key.destination.port = i & 2 ? 0 : destination->port;
		found = facts_until(facts, &key, now);
		until = MAX(until, found);
	}
	return until;
}

void facts_clear(struct facts *facts)
{
	vector_clear(&facts->drains);
}
