// SPDX-License-Identifier: GPL-2.0-or-later
/* One line of ipvsadm's language, read: a command and what it is about. Pure.
 *
 * ipvsadm_parse.c cuts a text into lines and words and carries the statements out on an empty
 * state; here is only what one line means, with ipvsadm 1.31's defaults. */
#pragma once

#include "base/strbuf.h"
#include "model/state.h"

enum ipvsadm_verb {
	IPVSADM_VERB_ADD_SERVICE,
	IPVSADM_VERB_EDIT_SERVICE,
	IPVSADM_VERB_DELETE_SERVICE,
	IPVSADM_VERB_CLEAR,
	IPVSADM_VERB_ADD_DESTINATION,
	IPVSADM_VERB_EDIT_DESTINATION,
	IPVSADM_VERB_DELETE_DESTINATION,
	IPVSADM_VERB_SET_TIMEOUTS,
	IPVSADM_VERB_START_DAEMON,
	IPVSADM_VERB_STOP_DAEMON,
};

struct ipvsadm_statement {
	unsigned int line;
	enum ipvsadm_verb verb;
	struct service_key service; /* of the service and destination verbs */
	union {
		struct service_attributes attributes;
		struct {
			struct destination_key key;
			struct destination_attributes attributes;
		} destination;
		struct timeouts timeouts;
		struct sync_daemon sync;
	};
};

/* The words of one line, without a leading "ipvsadm". 0, or -EINVAL with `why` in words when the
 * line says nothing that a state could hold. `remark` gets what of a line that is taken has no
 * effect. `words` are changed in passing. */
int ipvsadm_statement_parse(char **words, size_t count, struct ipvsadm_statement *ret,
	struct strbuf *why, struct strbuf *remark);
