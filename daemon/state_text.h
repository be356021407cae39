// SPDX-License-Identifier: GPL-2.0-or-later
/* The document of state_to_json() as text in pieces, for answers that are made while the engine runs in between. */
#pragma once

#include "base/strbuf.h"
#include "model/state.h"

/* Where the writing stands. Starts zeroed. */
struct state_text {
	bool begun;                 /* a service has been opened */
	bool inside;                /* the last one is not closed yet */
	bool has_destination;       /* and has a destination: */
	struct service_key service; /* that was opened last */
	struct destination_key destination;
};

/* Begins the document. */
void state_text_open(struct strbuf *text);

/* Writes the service, or the rest of the one that was left in its middle; returns false when it is left there (again), for
 * there were `limit` bytes in `text`. Services come in the order of their keys. */
bool state_text_service(
	struct state_text *at, const struct service *service, struct strbuf *text, size_t limit);

/* Closes a service that was left in its middle, and is gone. */
void state_text_abandon(struct state_text *at, struct strbuf *text);

/* Ends the document with everything of `globals` that is not its services. */
void state_text_close(const struct state *globals, struct strbuf *text);
