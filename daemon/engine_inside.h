// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the engine share: engine.c (its life), engine_files.c (readings and their judgement), engine_pass.c (passes),
 * engine_operate.c (what the operator asks for), engine_tell.c (events and the history). Nobody else includes it. */
#pragma once

#include "daemon/engine.h"

#define ENGINE_BACKOFF_FIRST_NS 500000000ull
#define ENGINE_BACKOFF_MOST_NS  10000000000ull

/* How long to wait after so many failures. */
uint64_t engine_backoff(unsigned int attempts);

/* engine_tell.c */
uint64_t engine_wall_ms(void);
void engine_tell(struct engine *engine, enum engine_event_kind kind, const char *object,
	const char *format, ...) _printf_(4, 5);
/* A line of the history; its reason, counts and duration are set, the rest is filled in. */
void engine_note(struct engine *engine, struct engine_entry *entry);
int engine_history_load(struct engine *engine, struct error *error);
void engine_history_clear(struct engine *engine);
/* Tells which drains began and ended since it was called last. */
void engine_tell_drains(struct engine *engine);

/* engine_files.c */
void engine_read_files(struct engine *engine, uint64_t now);
/* Forgets what is rejected or held: the next reading is judged anew. */
void engine_release(struct engine *engine);
/* Puts the last confirmed state in force, where there is one. */
void engine_fall_back(struct engine *engine);
/* Writes what lags behind: the record, the confirmed state, the history's entry of new files. */
void engine_save(struct engine *engine);

/* engine_pass.c */
void engine_mark(struct engine *engine, const struct service_key *key, enum engine_reason reason);
void engine_mark_everything(struct engine *engine, enum engine_reason reason);
/* All passes that are due. */
void engine_passes(struct engine *engine, uint64_t now);
uint64_t engine_next_pass(const struct engine *engine);

/* engine.c */
/* Undoes what waits for its confirmation, and falls back. `why` for the event and the held files. */
int engine_undo(struct engine *engine, const char *why, struct error *error);
/* What follows when it has been undone. */
void engine_undone(
	struct engine *engine, const char *why, const struct reconciler_outcome *outcome);
/* Looks at confirm.json: whether one is awaited, and until when. */
int engine_look_for_confirm(struct engine *engine, struct error *error);
/* The facts, from the operator's state. */
void engine_refresh_facts(struct engine *engine);
