// SPDX-License-Identifier: GPL-2.0-or-later
/* Is an object as it should be, and if not, why: what `status` says of each service and destination.
 *
 * It compares what was seen last with what must exist now, and explains what is otherwise by what the engine knows: failures
 * and their retries, drains, the operator's word, a suspension. */
#pragma once

#include "daemon/walk.h"

enum verdict {
	VERDICT_OK,
	VERDICT_MISSING,
	VERDICT_DIFFERS,
	VERDICT_FAILED,    /* it could not be brought to what it should be, and is tried again */
	VERDICT_LEAVING,   /* a service that goes when its drains are over */
	VERDICT_UNMANAGED, /* a service of others */
	VERDICT_DRAINING,  /* on its way out, and still there */
	VERDICT_DRAINED,   /* out by somebody's word, and gone */
	VERDICT_FOREIGN,   /* of others, in a service of ours: it goes */
	VERDICT_COUNT,
};

const char *verdict_name(enum verdict verdict); /* "ok", "missing", … */

/* Whether it is ours, or is to be. */
bool verdict_is_managed(const struct walk_service *service);

/* The words are appended to `why`; none when there is nothing to say. `now` is CLOCK_BOOTTIME ns. */
enum verdict verdict_of_service(
	const struct engine *engine, const struct walk_service *service, struct strbuf *why);
enum verdict verdict_of_destination(const struct engine *engine, const struct walk_service *service,
	const struct walk_destination *destination, uint64_t now, struct strbuf *why);
