// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/unforetold.h"

/* A probe of these files at the fact's target, of which poised says nothing; NULL: none. */
static const struct declared_probe *unforetold_heir(const struct declared_probe_vector *probes,
	const struct facts *facts, const struct facts_health *fact)
{
	const struct probe_key first = {.target = fact->key.target, .check = ""};

	for (size_t i = vector_after(probes, &first, probe_key_compare); i < probes->count; i++) {
		const struct declared_probe *probe = &probes->items[i];

		if (destination_key_compare(&probe->key.target, &first.target) != 0)
			return NULL;
		if (!facts_find_verdict(facts, &probe->key))
			return probe;
	}
	return NULL;
}

/* Down by a check that these files have no more for it. */
static void unforetold_replaced(
	const struct declared_probe_vector *probes, const struct facts *facts, struct strbuf *text)
{
	const struct facts_health *first = NULL, *last = NULL;
	const struct declared_probe *first_heir = NULL, *heir = NULL;
	char target[ADDRESS_ENDPOINT_LENGTH];
	size_t count = 0;

	vector_foreach(&facts->health, fact) {
		if (fact->verdict.up || vector_find(probes, &fact->key, probe_key_compare))
			continue;
		/* One answer for all of a target. */
		if (!last || destination_key_compare(&last->key.target, &fact->key.target) != 0)
			heir = unforetold_heir(probes, facts, fact);
		last = fact;
		if (!heir)
			continue;
		if (!count++) {
			first = fact;
			first_heir = heir;
		}
	}
	if (!count)
		return;
	strbuf_printf(text, "%s is down by the check `%s`",
		destination_key_format(&first->key.target, target), first->key.check);
	if (count > 1)
		strbuf_printf(text, " (and %zu more like it)", count - 1);
	strbuf_printf(text,
		", and `%s` takes its place: it is shown as up, and yet poised keeps it out until "
		"that "
		"has passed\n",
		first_heir->key.check);
}

static void unforetold_begins_down(
	const struct declared_probe_vector *probes, const struct facts *facts, struct strbuf *text)
{
	vector_foreach(probes, probe) {
		if (probe->check->initially != CONFIG_INITIALLY_DOWN ||
			facts_find_verdict(facts, &probe->key))
			continue;
		strbuf_printf(text,
			"servers of the check `%s` are shown as up, and yet poised keeps out those "
			"that are new to it until they have passed (`initially: down`)\n",
			probe->key.check);
		return;
	}
}

void cli_unforetold(const struct declared *declared, const struct facts *facts, struct strbuf *text)
{
	struct declared_probe_vector probes = {};

	declared_probes(declared, &probes);
	unforetold_replaced(&probes, facts, text);
	unforetold_begins_down(&probes, facts, text);
	vector_clear(&probes);
}
