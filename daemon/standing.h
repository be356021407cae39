// SPDX-License-Identifier: GPL-2.0-or-later
/* Is an object as it should be, and if not, why: what `status` says of each service and destination.
 *
 * It compares what was seen last with what must exist now, and explains what is otherwise by what the engine knows: failures
 * and their retries, drains, the operator's word, a suspension. */
#pragma once

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
	STANDING_COUNT,
};

const char *standing_name(enum standing standing); /* "ok", "missing", … */

/* Whether it is ours, or is to be. */
bool standing_is_managed(const struct walk_service *service);

/* The words are appended to `why`; none when there is nothing to say. `now` is CLOCK_BOOTTIME ns. */
enum standing standing_of_service(
	const struct engine *engine, const struct walk_service *service, struct strbuf *why);
enum standing standing_of_destination(const struct engine *engine,
	const struct walk_service *service, const struct walk_destination *destination,
	uint64_t now, struct strbuf *why);
