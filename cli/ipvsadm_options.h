// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of ipvsadm's language: a table, and what takes the words of one line apart by it.
 * Pure; what the pieces mean is ipvsadm_statement.c's. */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"

enum ipvsadm_option {
	IPVSADM_OPTION_ADD_SERVICE,
	IPVSADM_OPTION_EDIT_SERVICE,
	IPVSADM_OPTION_DELETE_SERVICE,
	IPVSADM_OPTION_CLEAR,
	IPVSADM_OPTION_ADD_SERVER,
	IPVSADM_OPTION_EDIT_SERVER,
	IPVSADM_OPTION_DELETE_SERVER,
	IPVSADM_OPTION_SET,
	IPVSADM_OPTION_START_DAEMON,
	IPVSADM_OPTION_STOP_DAEMON,
	IPVSADM_OPTION_VERBS, /* those before carry something; those up to IPVSADM_OPTION_COMMANDS
				 nothing */
	IPVSADM_OPTION_ZERO = IPVSADM_OPTION_VERBS,
	IPVSADM_OPTION_RESTORE,
	IPVSADM_OPTION_SAVE,
	IPVSADM_OPTION_LIST,
	IPVSADM_OPTION_LIST_TOO,
	IPVSADM_OPTION_HELP,
	IPVSADM_OPTION_VERSION,
	IPVSADM_OPTION_COMMANDS,
	IPVSADM_OPTION_TCP = IPVSADM_OPTION_COMMANDS,
	IPVSADM_OPTION_UDP,
	IPVSADM_OPTION_SCTP,
	IPVSADM_OPTION_FWMARK,
	IPVSADM_OPTION_IPV6,
	IPVSADM_OPTION_SCHEDULER,
	IPVSADM_OPTION_SCHED_FLAGS,
	IPVSADM_OPTION_PERSISTENT,
	IPVSADM_OPTION_NETMASK,
	IPVSADM_OPTION_ENGINE,
	IPVSADM_OPTION_OPS,
	IPVSADM_OPTION_SERVER,
	IPVSADM_OPTION_DIRECT,
	IPVSADM_OPTION_TUNNEL,
	IPVSADM_OPTION_NAT,
	IPVSADM_OPTION_WEIGHT,
	IPVSADM_OPTION_UPPER,
	IPVSADM_OPTION_LOWER,
	IPVSADM_OPTION_TUN_TYPE,
	IPVSADM_OPTION_TUN_PORT,
	IPVSADM_OPTION_TUN_NOCSUM,
	IPVSADM_OPTION_TUN_CSUM,
	IPVSADM_OPTION_TUN_REMCSUM,
	IPVSADM_OPTION_INTERFACE,
	IPVSADM_OPTION_SYNC_ID,
	IPVSADM_OPTION_SYNC_LENGTH,
	IPVSADM_OPTION_GROUP,
	IPVSADM_OPTION_SYNC_PORT,
	IPVSADM_OPTION_TTL,
	IPVSADM_OPTION_NUMERIC,
	IPVSADM_OPTION_EXACT,
	IPVSADM_OPTION_COUNT,
};

/* A line in pieces: what was given, and with which value. */
struct ipvsadm_pieces {
	bool given[IPVSADM_OPTION_COUNT];
	const char *value[IPVSADM_OPTION_COUNT];
	char *rest[2]; /* words that belong to no option: the second and third number of --set */
	size_t rest_count;
	struct strbuf *why, *remark;
};

/* Takes the words of one line apart. -EINVAL with pieces->why when they do not belong together. */
int ipvsadm_pieces_take(struct ipvsadm_pieces *pieces, char **words, size_t count);

/* The long name, without its dashes. */
const char *ipvsadm_option_name(enum ipvsadm_option option);

/* Adds "BEFORE`word`AFTER" as the reason (`word` may be NULL); -EINVAL. */
int ipvsadm_refuse(struct strbuf *why, const char *before, const char *word, const char *after);

/* A word of hostile input for a message: printable ASCII, and not long. Appends, in backquotes. */
void ipvsadm_quote(const char *word, struct strbuf *text);
