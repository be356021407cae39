// SPDX-License-Identifier: GPL-2.0-or-later
/* resolve(): what each destination of a service must be now, from what is declared and what the world says.
 *
 * The one place where the file, the operator's drains, health, quorum, min-healthy, fallback and slow start meet. step()
 * carries its answer out; `status` shows it with the reasons. Pure. The live table is no input: what stands there must not
 * decide what should.
 *
 *	operator, `state: drain`	it leaves, gently; it counts for nothing below
 *	health		a check that fails takes it out (on-failure), of several each one; one that says a weight sets it, of
 *			several the least
 *	min-healthy	when more would be out than it allows, those that failed last stay in, and count as healthy
 *			(what has not been tested yet is neither one that fails nor one to keep; what has no weight, and what
 *			began down and has never passed, is no part of the share)
 *	quorum		the sum of the weights of what is healthy, with hysteresis: once lost it is regained at quorum +
 *			hysteresis, and lost below quorum - hysteresis, or when nothing is left. Slow start does not count here.
 *			Where the files themselves leave nothing, and there is no fallback, nothing is lost
 *	fallback	serves while the quorum is lost, if there is one that can; then the others go to weight 0, or out where the
 *			scheduler does not honour that. Without one, the loss of the quorum changes nothing
 *	slow start	a destination that recovered climbs to its weight in at most ten steps; a fallback does not */
#pragma once

#include "base/strbuf.h"
#include "model/declared.h"
#include "reconciler/facts.h"

enum resolution_role {
	RESOLUTION_ROLE_SERVES,
	RESOLUTION_ROLE_CLIMBS,     /* serves, in slow start: `weight` is a part of its own */
	RESOLUTION_ROLE_KEPT,       /* its check fails, and min-healthy keeps it in */
	RESOLUTION_ROLE_FAILED,     /* its check fails: out, or there with weight 0 */
	RESOLUTION_ROLE_STEPS_BACK, /* healthy, while the fallback serves: there with weight 0 */
	RESOLUTION_ROLE_SPARE,      /* a fallback that is not needed: out */
	RESOLUTION_ROLE_DRAINS_DECLARED,
	RESOLUTION_ROLE_DRAINS_OPERATOR,
	RESOLUTION_ROLE_COUNT,
};

struct resolution {
	enum resolution_role role;
	bool in;         /* it must be there now, with `weight` */
	uint32_t weight; /* 0 for what must not */
	struct verdict
		verdict; /* of all its checks (verdict_join()); plain: it has none, or nothing is known */
};

struct resolution_vector {
	VECTOR_OF(struct resolution);
};

struct resolve_output {
	struct resolution_vector destinations; /* one for each of the service's, in their order */
	uint64_t healthy_weight;
	bool quorum_lost; /* for the memory: the next time's `quorum_lost` */
	uint64_t wake;    /* it may be otherwise from then on by itself; UINT64_MAX */
};

const char *resolution_role_name(enum resolution_role role); /* "serves", "climbs", … */

/* Into `ret`, whose vector is used again (empty it with vector_clear() at the end). `quorum_lost`: what came out the last time.
 * `facts` may be NULL: all is well. O(n log n) in the destinations of the service. */
void resolve(const struct declared_service *service, const struct facts *facts, bool quorum_lost,
	uint64_t now, struct resolve_output *ret);

/* Whether any destination takes new connections. */
bool resolve_serves_any(const struct resolve_output *output);

/* "the healthy weight is 3, the quorum 3 and its hysteresis 1: 4 to return": where it stands, and for what. Appends. */
void resolve_describe_quorum(const struct declared_service *service,
	const struct resolve_output *output, struct strbuf *text);

/* Whether a fallback takes new connections now. `output` is of `service`. */
bool resolve_fallback_serves(
	const struct declared_service *service, const struct resolve_output *output);

/* Whether all that serve do so in spite of their checks: either every server is down, or the checks are wrong. */
bool resolve_doubts_checks(const struct resolve_output *output);
