// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the engine share: engine.c (its life), engine_files.c (readings and their judgement), engine_pass.c (passes),
 * engine_operate.c (what the operator asks for), engine_drain.c (his drains), engine_tell.c (events and the history), engine_health.c (probes and verdicts; engine_inherit.c: over other files, and a restart),
 * engine_heed.c (what follows from them), engine_heed_tell.c (who is told; engine_notified.c: what came of it). Nobody else includes it. */
#pragma once

#include "daemon/engine.h"

#define ENGINE_BACKOFF_FIRST_NS 500000000ull
#define ENGINE_BACKOFF_MOST_NS  10000000000ull

#define ENGINE_SECOND 1000000000ull
/* Of a drain, and of a wait for a confirmation: a hundred years. */
#define ENGINE_LONGEST_NS (36500 * 86400ull * ENGINE_SECOND)

/* How long to wait after so many failures. */
uint64_t engine_backoff(unsigned int attempts);

/* engine_tell.c */
void engine_tell(struct engine *engine, enum engine_event_kind kind, const char *object,
	const char *format, ...) _printf_(4, 5);
/* Tells of an event whose kind, object and data are set. */
void engine_tell_event(struct engine *engine, struct engine_event *event, const char *format, ...)
	_printf_(3, 4);
/* A line of the history; its reason, counts and duration are set, the rest is filled in. */
void engine_note(struct engine *engine, struct engine_entry *entry);
/* Whether files are in force that the last entry does not say to be so. What is only read again, by `poise reload`, is no
 * news. */
bool engine_is_news(const struct engine *engine);
int engine_history_load(struct engine *engine, struct error *error);
void engine_history_clear(struct engine *engine);
/* Tells which drains began and ended since it was called last. */
void engine_tell_drains(struct engine *engine);

/* engine_changed.c */
/* An object that a pass changed; texts are owned. */
struct engine_change {
	enum plan_verb verb;
	char *object, *fields,
		*line; /* "service tcp://…"; what an update changed; both, as in a plan */
	bool of_service, of_destination;
	struct service_key service;
	struct destination_key destination;
};

/* All that a pass changed. Starts zeroed. */
struct engine_changes {
	VECTOR_OF(struct engine_change); /* the first ENGINE_CHANGES_MOST */
	size_t total;
};
void engine_changed_add(struct engine_changes *changes, const struct plan_op *op);
void engine_changed_tell(
	struct engine *engine, const struct engine_changes *changes, enum engine_reason reason);
/* Gives the entry their lines, which they lose. */
void engine_changed_list(struct engine_changes *changes, struct engine_entry *entry);
void engine_changed_clear(struct engine_changes *changes);

/* engine_files.c */
void engine_read_files(struct engine *engine, uint64_t now);
/* Forgets what is rejected or held: the next reading is judged anew. */
void engine_release(struct engine *engine);
/* Puts in force what waits for its confirmation, or else the last confirmed state, where there is one. */
void engine_fall_back(struct engine *engine);
/* Before something is undone: what lies there is refused with it, until the files change after that. The record says so, and
 * the undo saves it. */
void engine_refuse_what_lies_there(struct engine *engine);
/* Writes what lags behind: the record, the confirmed state, the history's entry of new files. */
void engine_save(struct engine *engine);

/* engine_operate.c */
/* Reads operator.json. What is wrong with it becomes a trouble. */
void engine_load_operator(struct engine *engine, uint64_t now);
/* The same again, when it is time: it may be mended. */
void engine_load_operator_again(struct engine *engine, uint64_t now);
/* -EUCLEAN while that cannot be read: to put another state in force would lose what it says. */
int engine_check_operator_file(const struct engine *engine, struct error *error);
/* Puts `next` in force, on disk first. Takes it over. */
int engine_put_operator(struct engine *engine, struct operator_state *next, struct error *error);
/* Whether it waits for a pass that ends the suspension with a change that must be confirmed. */
bool engine_is_resuming(const struct engine *engine);
/* Whether its passes only look: it is suspended, and not about to go on. */
bool engine_only_looks(const struct engine *engine);
/* Where a suspension has ended, virtual routers are those of the files in force. */
void engine_let_routers_follow(struct engine *engine);
/* Goes on, on disk first, where such a pass is about to begin, or has begun before a crash. */
int engine_end_suspension(struct engine *engine, struct error *error);
/* There is nothing to go on with: no other files were put in force. */
void engine_stay_suspended(struct engine *engine);

/* engine_backend.c */
/* Which backend it is to be now: where something is ours; else that of the files, of the last good state, ipvs. */
const struct backend_ops *engine_choose_backend(struct engine *engine);
/* Why files cannot be put in force while no backend is connected; whose backend is another than was tried, it is at once. The
 * caller frees it. */
char *engine_judge_unconnected(struct engine *engine, const struct files *files);
/* Why files of another backend cannot be put in force here; NULL: they are not of another. With `engine->moves` it goes over to
 * that. The caller frees it. */
char *engine_judge_backend(struct engine *engine, const struct files *files, uint64_t now);
/* Whether the files in force are of another backend than the one that is connected. */
bool engine_is_misplaced(const struct engine *engine);
/* Empties the backend that the files left of what is ours, as far as that is due. */
void engine_withdraw(struct engine *engine, uint64_t now);
uint64_t engine_next_withdrawal(const struct engine *engine);

/* engine_idle.c. What stands in for a backend where none is there and none is needed. */
extern const struct backend_ops engine_idle_backend;
/* Whether it may: the files in force (else those that were, else those that lie there) have virtual routers and ask a backend
 * for nothing, and nothing is ours in any. */
bool engine_may_idle(struct engine *engine);
/* Whether these files ask a backend for something. */
bool engine_wants_backend(const struct files *files);

/* engine_pass.c */
void engine_mark(struct engine *engine, const struct service_key *key, enum engine_reason reason);
void engine_mark_everything(struct engine *engine, enum engine_reason reason);
/* How often all is looked at. */
uint64_t engine_resync(const struct engine *engine);
/* All passes that are due. */
void engine_passes(struct engine *engine, uint64_t now);
uint64_t engine_next_pass(const struct engine *engine);

/* engine_health.c */
/* Reads what was known before a restart. */
void engine_health_load(struct engine *engine);
void engine_health_clear(struct engine *engine);
/* The table is of these files from now on (NULL: of none); those that it was of may go then. */
void engine_health_follow(struct engine *engine, const struct files *files);
/* Puts what was said since into the facts. */
void engine_health_apply(struct engine *engine, uint64_t now);
/* Before when no pass may be; 0. */
uint64_t engine_health_gate(const struct engine *engine);
/* Writes health.json when it lags behind; `must`: also when that was done a moment ago. */
void engine_health_save(struct engine *engine, uint64_t now, bool must);

/* engine_router.c */
/* Makes those dirty that come and go with the roles that changed. */
void engine_roles_apply(struct engine *engine);
void engine_roles_clear(struct engine *engine);

/* engine_heed.c */
/* A pass must look at the service; its line in the table is of before. Each O(1), once. */
void engine_heed_dirty(struct engine *engine, uint32_t service);
void engine_heed_stale(struct engine *engine, uint32_t service);
/* What was known of the services' lines, for the services of other files. */
void engine_heed_follow(struct engine *engine, const struct files *files);
/* The record was read: lost quorums in it are no news. */
void engine_heed_record(struct engine *engine);
/* Makes those dirty whose slow start goes on. */
void engine_heed_wakes(struct engine *engine, uint64_t now);
/* Gives the services that are dirty to a pass: their keys behind what is in `keys` (NULL: it is over everything). True when verdicts made them so. */
struct engine_keys {
	VECTOR_OF(struct service_key);
};
bool engine_heed_take(struct engine *engine, struct engine_keys *keys);
/* Such a pass is over: what comes now is gathered for the next one. */
void engine_heed_gather(struct engine *engine, uint64_t now);
/* A pass went over these, or over all. */
void engine_heed_pass(
	struct engine *engine, const struct service_key *keys, size_t count, bool all);
/* Brings the services' lines up to date, and tells of quorums. */
void engine_heed_look(struct engine *engine, uint64_t now);
/* When a pass for health is due. */
uint64_t engine_heed_next(const struct engine *engine);

/* engine_heed_tell.c */
/* Has the service's command run, where it has one; fills in whose it is. */
void engine_heed_notify(struct engine *engine, const struct declared_service *service,
	struct engine_notice *notice);
/* Tells who went down or came up since. */
void engine_heed_tell(struct engine *engine);
/* Tells for whom that is so by other files: who came up, then who went down. The table is of these already; `before`, and `of`,
 * are those that were (NULL: none, and nobody is told anything). */
void engine_heed_tell_files(
	struct engine *engine, const struct engine_health_table *before, const struct files *of);

/* engine_notified.c */
/* Forgets what failed of commands that these files have not. */
void engine_notified_follow(struct engine *engine, const struct files *files);

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

/* engine_ways.c. A pass over some services is over: what was kept for the last that drained goes now. */
void engine_ways_drained(struct engine *engine);
/* A pass over everything has read what there is: says which ports are not. */
void engine_ways_look(struct engine *engine);
