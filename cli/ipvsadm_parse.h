// SPDX-License-Identifier: GPL-2.0-or-later
/* What `ipvsadm-save -n` writes and `ipvsadm -R` reads, as a state. Pure.
 *
 * The lines are carried out, one after the other, on an empty table, with the outcome that
 * `ipvsadm -R` has on the kernel: a service that is edited, deleted or cleared later ends as it
 * would there. A line that would be refused there, or that says what a state does not hold, is a
 * loss. Nothing is assumed of the bytes. */
#pragma once

#include "base/strbuf.h"
#include "model/state.h"

/* Lines longer than this, and lines of more words, are losses. */
#define IPVSADM_LINE_LENGTH 4096
#define IPVSADM_LINE_WORDS  64

/* Something that could not be carried over. */
struct ipvsadm_loss {
	unsigned int line; /* from 1; 0 when it is about no line */
	char *text;
};

/* Starts zeroed. Only the first IPVSADM_LOSSES_KEPT are kept: a hostile file must not fill the
 * terminal. */
#define IPVSADM_LOSSES_KEPT 1000
struct ipvsadm_losses {
	VECTOR_OF(struct ipvsadm_loss);
	size_t total;
};

/* Into an empty `ret`, sorted, which the caller clears; losses come in line order. O(n log n). */
void ipvsadm_parse(const char *text, size_t size, struct state *ret, struct ipvsadm_losses *losses);

/* One more loss. */
void ipvsadm_lose(struct ipvsadm_losses *losses, unsigned int line, const char *format, ...)
	_printf_(3, 4);

void ipvsadm_losses_clear(struct ipvsadm_losses *losses);

#define _cleanup_ipvsadm_losses_ _cleanup_(ipvsadm_losses_clear)
