// SPDX-License-Identifier: GPL-2.0-or-later
/* What virtual routers track, found in the reconciler's process: the list (track.h) with those who look.
 *
 *	track_shell_want()	the files in force are others
 *	track_shell_message()	what the supervisor brings; what is neither about scripts nor about interfaces is ignored */
#pragma once

#include "base/loop.h"
#include "daemon/track.h"

struct track_shell;

struct track_shell_options {
	struct loop *loop;
	/* To the supervisor, as channel_send(). */
	int (*send)(void *data, uint16_t kind, const void *payload, size_t size);
	void (*changed)(void *data, const struct track_change *change); /* an item; often several */
	void (*settled)(void *data); /* after these; and when all have been tried */
	void *data;
};

/* -errno. */
int track_shell_new(const struct track_shell_options *options, struct track_shell **ret);
/* NULL is allowed; returns NULL. */
struct track_shell *track_shell_free(struct track_shell *shell);

/* NULL: nothing is tracked. */
void track_shell_want(struct track_shell *shell, const struct config *config);
void track_shell_message(
	struct track_shell *shell, uint16_t kind, const void *payload, size_t size);

/* Good until the shell is freed. Of the services who knows their quorum sets what they are. */
struct track_list *track_shell_list(struct track_shell *shell);
