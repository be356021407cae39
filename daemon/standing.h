// SPDX-License-Identifier: GPL-2.0-or-later
/* Is an object as it should be, and if not, why: what `status` says of each service and destination.
 *
 * It compares what was seen last with what must exist now, and explains what is otherwise by what the engine knows: failures
 * and their retries, drains, the operator's word, a suspension. What is as it must be, but not as the file alone would have
 * it, is explained by health (health_text.h). */
#pragma once

#include "daemon/health_text.h"
#include "daemon/walk.h"

enum standing {
	STANDING_OK,
	STANDING_MISSING,
	STANDING_DIFFERS,
	STANDING_FAILED,    /* it could not be brought to what it should be, and is tried again */
	STANDING_LEAVING,   /* a service that goes when its drains are over */
	STANDING_UNMANAGED, /* a service of others */
	STANDING_DRAINING,  /* on its way out, and still there */
	STANDING_DRAINED,   /* out by somebody's word, and gone */
	STANDING_FOREIGN,   /* of others, in a service of ours: it goes */
	STANDING_DOWN,      /* its check fails: out, or with weight 0 */
	STANDING_FAILING,   /* its check has begun to fail */
	STANDING_UNTRIED,   /* it is as its check found it, which cannot be tried now */
	/* Its check fails, and min-healthy keeps it in; of a service: all that serve are such. */
	STANDING_KEPT,
	STANDING_CLIMBING, /* in slow start */
	/* Healthy, with weight 0, while the fallback serves; of a service: out, while its virtual router is not active. */
	STANDING_STANDBY,
	STANDING_FALLBACK,  /* a fallback that serves */
	STANDING_SPARE,     /* a fallback that is not needed */
	STANDING_NO_QUORUM, /* a service without its quorum */
	STANDING_UNUSABLE,  /* one that nobody serves, though its files let some serve */
	STANDING_COUNT,
};

const char *standing_name(enum standing standing); /* "ok", "missing", … */

/* Whether it is ours, or is to be. */
bool standing_is_managed(const struct walk_service *service);

/* The words are appended to `why`; none when there is nothing to say. `health` is of the service. */
enum standing standing_of_service(const struct engine *engine, const struct walk_service *service,
	const struct health_view *health, struct strbuf *why);
enum standing standing_of_destination(const struct engine *engine,
	const struct walk_service *service, const struct walk_destination *destination,
	const struct health_view *health, struct strbuf *why);
