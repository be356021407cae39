// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripts that virtual routers track: a program that exits with 0 is well. The supervisor runs them, as the user of the files,
 * TRACK_SCRIPTS_MOST at once (programs.h); here is when, and what comes of it.
 *
 * The first run says what it is; then `rise` or `fall` of them in a row that say otherwise. One that cannot be run (no such program, no
 * such user) says nothing, and the words say why. */
#pragma once

#include "base/loop.h"
#include "daemon/messages.h"
#include "daemon/track.h"

struct track_scripts;

/* Runs that are asked for at once. */
#define TRACK_SCRIPTS_MOST 32

struct track_scripts_options {
	struct loop *loop;
	struct track_list *list; /* must outlive it */
	/* To the supervisor, as channel_send(). */
	int (*send)(void *data, uint16_t kind, const void *payload, size_t size);
	void (*looked)(void *data); /* an item was tried */
	void *data;
};

/* -errno. */
int track_scripts_new(const struct track_scripts_options *options, struct track_scripts **ret);
/* NULL is allowed; returns NULL. */
struct track_scripts *track_scripts_free(struct track_scripts *scripts);

/* The list is another: what is new in it is run at once. */
void track_scripts_want(struct track_scripts *scripts);
/* As track_list's forget(), of a script. */
void track_scripts_forget(struct track_scripts *scripts, struct track_item *item);
void track_scripts_ran(struct track_scripts *scripts, const struct message_ran *ran);

/* What becomes of a script with one more result. Pure. */
enum track_state track_script_judge(
	struct track_script *script, enum track_state state, bool passed);
/* What a run says. Pure. */
enum track_script_result {
	TRACK_SCRIPT_PASSED,
	TRACK_SCRIPT_FAILED,
	TRACK_SCRIPT_UNTRIED,
	TRACK_SCRIPT_CROWDED, /* it waits for others to end */
};
enum track_script_result track_script_read(
	const struct track_script *script, int status, char words[static TRACK_WORDS_SIZE]);
