// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/relay.h"

#include <string.h>

#include "daemon/messages.h"
#include "daemon/process.h"

static const struct {
	enum message_kind kind;
	const char *from, *to;
} relay_rows[] = {
	{MESSAGE_HEALTH_PLAN, PROCESS_RECONCILER, PROCESS_HEALTH},
	{MESSAGE_HEALTH_CHECKS, PROCESS_RECONCILER, PROCESS_HEALTH},
	{MESSAGE_HEALTH_PROBES, PROCESS_RECONCILER, PROCESS_HEALTH},
	{MESSAGE_HEALTH_COMMIT, PROCESS_RECONCILER, PROCESS_HEALTH},
	{MESSAGE_HEALTH_HEARD, PROCESS_RECONCILER, PROCESS_HEALTH},
	{MESSAGE_HEALTH_GOT, PROCESS_HEALTH, PROCESS_RECONCILER},
	{MESSAGE_HEALTH_VERDICTS, PROCESS_HEALTH, PROCESS_RECONCILER},
	{MESSAGE_HEALTH_STATS, PROCESS_HEALTH, PROCESS_RECONCILER},
	{MESSAGE_HEALTH_REFUSED, PROCESS_HEALTH, PROCESS_RECONCILER},
};

const char *relay_target(const char *from, uint16_t kind)
{
	for (size_t i = 0; i < ARRAY_LENGTH(relay_rows); i++)
		if (relay_rows[i].kind == kind && strcmp(relay_rows[i].from, from) == 0)
			return relay_rows[i].to;
	return NULL;
}
