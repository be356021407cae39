// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine: what poised's reconciler process knows, and its passes.
 *
 * It is the loop's inside without the loop: no descriptor, no timer, no client. The shell (reconcile.c) tells it what
 * happened (files may have changed, the operator wants this) and calls engine_run() when something is due; engine_run() does
 * what piled up in one go and says when to come back. Tests drive it with the in-memory backend and a clock of their own.
 *
 *	files	   engine_files_changed() -> read, compared with what is in force: rejected (bad), held (blast guard, refused
 *		   content, other paths), or in force; then the services that differ are dirty
 *	operator   drains, suspension: facts; what they touch is dirty
 *	drains, retries	  their services are dirty when their time has come
 *	health	   engine_verdicts() -> facts; the services that they concern are dirty (engine_health.h)
 *	resync	   every `resync` all is dirty, and read
 *
 * A pass (reconciler/converge.h) reads what is dirty, steps, diffs, applies, verifies. Everything goes through it. */
#pragma once

#include "daemon/engine_health.h"
#include "daemon/figures.h"
#include "daemon/files.h"
#include "reconciler/operator.h"
#include "daemon/retry.h"
#include "reconciler/confirm.h"
#include "reconciler/reconciler.h"

enum engine_reason {
	ENGINE_REASON_START,
	ENGINE_REASON_FILES,
	ENGINE_REASON_OPERATOR,
	ENGINE_REASON_HEALTH, /* a check says otherwise than before, or slow start goes on */
	ENGINE_REASON_DRAIN,  /* a drain is over */
	ENGINE_REASON_RETRY,
	ENGINE_REASON_RESYNC, /* what it finds is drift */
	ENGINE_REASON_CONFIRM,
	ENGINE_REASON_ROLLBACK,
	ENGINE_REASON_ROLE, /* a virtual router became active, or is so no more */
	ENGINE_REASON_COUNT,
};

/* Why a good reading of the files is held back. */
enum engine_held {
	ENGINE_HELD_BACKEND, /* there is no record to judge it by, for the backend was never there; or it is of another one */
	ENGINE_HELD_CONFIRM, /* an apply waits for its confirmation */
	ENGINE_HELD_PATHS,   /* the state was made from other paths */
	ENGINE_HELD_REFUSED, /* this content was undone */
	ENGINE_HELD_FOLDER,  /* conf.d is gone, with what was in it */
	ENGINE_HELD_BLAST,   /* too much would go at once */
	ENGINE_HELD_COUNT,
};

const char *engine_held_name(enum engine_held held);       /* "backend", "confirm", … */
const char *engine_reason_name(enum engine_reason reason); /* "start", "files", … */
int engine_reason_from_name(const char *name);

/* What happens, as it happens: for the log, the stream of `poise ctl events`, and tests. */
enum engine_event_kind {
	ENGINE_EVENT_FILES_ACCEPTED, /* text: the revision */
	ENGINE_EVENT_FILES_REJECTED, /* text: why */
	ENGINE_EVENT_FILES_WARNED,   /* text: what is odd about good files, one thing a line */
	ENGINE_EVENT_FILES_HELD,     /* text: why, and what to do */
	ENGINE_EVENT_APPLIED,        /* a pass that changed something; entry is set */
	ENGINE_EVENT_CHANGED, /* object, text: "changed (files): weight 1 -> 5"; of a pass at most ENGINE_CHANGES_MOST */
	ENGINE_EVENT_FAILED, /* object, text: one operation that failed; told at its first failure and at each that is another */
	ENGINE_EVENT_RECOVERED, /* object: it failed before, and is as it should be now */
	ENGINE_EVENT_DRIFT, /* object, text: what was otherwise than it was left, and is put right */
	ENGINE_EVENT_DRAIN,    /* object, text: began, came back, is over */
	ENGINE_EVENT_OPERATOR, /* text: "suspended by uid 0: maintenance" */
	ENGINE_EVENT_CONFIRM,  /* text: awaited, confirmed, undone */
	ENGINE_EVENT_BACKEND,  /* text: the backend cannot be reached, or is there again */
	ENGINE_EVENT_HEALTH, /* object: "10.0.0.11:8080 check web", text: "down: connect: refused", "up again after 12s" */
	/* As before, and called so too: "cannot be tried: cannot read /x; its verdict stays as it is" */
	ENGINE_EVENT_UNTRIED,
	ENGINE_EVENT_TROUBLE, /* text: something about poised itself that a person must mend */
	ENGINE_EVENT_ROUTER, /* object: "virtual router edge IPv4", text: "active: no advertisement of 10.0.0.1 for 3.61 s" */
	ENGINE_EVENT_QUORUM, /* object: "service tcp://203.0.113.10:80", text: "lost: …", "regained: …" */
	ENGINE_EVENT_DOUBT, /* object: as of QUORUM, text: "begun: …", "over: …" */
	ENGINE_EVENT_TRACK, /* object: "script /usr/bin/x", text: "not well: exit status 1", "well again after 3 s" */
	ENGINE_EVENT_PROCESS, /* object: "process health", text: "gone: …", "there again" */
	ENGINE_EVENT_COUNT,
};

const char *engine_event_name(enum engine_event_kind kind); /* "files-accepted", … */

/* What is wrong with poised itself, and stays so until a person mends it. */
enum engine_trouble {
	ENGINE_TROUBLE_GROUP,   /* the control socket's group is not there */
	ENGINE_TROUBLE_METRICS, /* the metrics' address cannot be had */
	ENGINE_TROUBLE_OPERATOR, /* operator.json cannot be read: nothing is changed, as if suspended */
	ENGINE_TROUBLE_PROBING,     /* the health process does not know what it is to probe */
	ENGINE_TROUBLE_HEALTH_FILE, /* health.json cannot be written: a restart forgets what is down */
	ENGINE_TROUBLE_HEALTH_LOST, /* it could not be read, and it was forgotten; until `poise reload` */
	ENGINE_TROUBLE_ROUTING, /* the process of the virtual routers does not know what it is to keep */
	ENGINE_TROUBLE_TRACK, /* what virtual routers track cannot be looked at: a script is not there */
	ENGINE_TROUBLE_PORTS, /* the data plane runs without some ports of the files */
	ENGINE_TROUBLE_COUNT,
};

/* A pass that changed something, or put other files in force: one line of `poise history`. */
struct engine_entry {
	uint64_t serial; /* from 1, across restarts */
	uint64_t wall;   /* milliseconds since the epoch */
	enum engine_reason reason;
	char revision[REVISION_SIZE];
	char *commit; /* or NULL; owned by the history */
	struct plan_totals applied;
	struct {
		VECTOR_OF(char *);
	} objects; /* the first that were changed, as lines of a plan; owned by the history */
	size_t failed, drift;
	uint64_t duration; /* ns, of reading, planning, applying, verifying */
};

struct routing;
struct track_change;
struct track_list;

/* A virtual router whose role is another than the last pass knew. */
struct engine_role {
	char *name; /* owned */
};

/* What an event says, once more for programs: a member of its `data`. Borrowed. */
enum engine_field_kind {
	ENGINE_FIELD_TEXT, /* NULL: there is none, and no member */
	ENGINE_FIELD_NUMBER,
	ENGINE_FIELD_FLAG,
	ENGINE_FIELD_NONE, /* a member that is null */
};

struct engine_field {
	const char *name;
	enum engine_field_kind kind;
	const char *text;
	uint64_t number; /* of a flag: 0 or 1 */
};

/* A destination that an event of a probe is about, with its service. Borrowed. */
struct engine_event_user {
	const char *service, *listener, *destination; /* service: NULL where it has no name */
	bool up;                                      /* the destination, by all its checks */
};

/* So many of them stand in an event. */
#define ENGINE_EVENT_USERS_MOST 16

struct engine_event {
	enum engine_event_kind kind;
	uint64_t wall;                    /* milliseconds since the epoch */
	const char *object, *text;        /* NULL where the kind has none; borrowed */
	const struct engine_entry *entry; /* likewise */
	const struct engine_field *fields;
	size_t field_count;
	const struct engine_event_user *users;
	size_t user_count; /* in `users` */
	size_t user_total; /* that there are; 0: the kind has none */
};

/* Those that poised consists of beside this one. */
enum engine_process {
	ENGINE_PROCESS_HEALTH,
	ENGINE_PROCESS_VRRP,
	ENGINE_PROCESS_COUNT,
};

#define ENGINE_RESULT_COUNT (BACKEND_RESULT_SKIPPED + 1)

/* Since the start; what metrics and status show. */
struct engine_counters {
	uint64_t passes[ENGINE_REASON_COUNT]; /* those that had something to look at */
	uint64_t operations[PLAN_OBJECT_COUNT][PLAN_VERB_COUNT][ENGINE_RESULT_COUNT];
	uint64_t failures;                 /* operations that failed, or came out otherwise */
	uint64_t retries;                  /* operations on what had failed before */
	uint64_t pass_failures;            /* passes that did not go through */
	uint64_t drift;                    /* objects that were otherwise than they were left */
	uint64_t reads;                    /* whole reads of the live state */
	uint64_t accepted, rejected, held; /* readings of the files */
	uint64_t pass_ns;                  /* all passes together */
	uint64_t last_pass_ns,
		last_files_ns;   /* of the last one; of the last reading of the files */
	uint64_t last_pass_wall; /* milliseconds since the epoch; 0: none yet */
	enum engine_reason last_pass_reason;
	bool last_pass_failed; /* it did not go through, or something in it failed */
};

struct engine_options {
	const struct backend_ops *backend; /* NULL: the one that the files name */
	/* The backends by their names; NULL: backend_find() */
	const struct backend_ops *(*find)(const char *name);
	const char *state_dir, *run_dir;
	const char *const *paths;
	size_t path_count;
	int lock; /* descriptor of the lock, taken over; -1: the engine takes it itself */
	void (*event)(void *data, const struct engine_event *event);
	/* A service's `notify` command is to be run; in order. May be NULL; calls nothing of the engine. */
	void (*notify)(void *data, const struct engine_notice *notice);
	/* Between the batches of a long pass, often: a sign of life. May be NULL; calls nothing of the engine. */
	void (*working)(void *data);
	/* The backend is let go of for another: its descriptor is not to be polled any more. May be NULL; calls nothing of the
	 * engine. */
	void (*disconnecting)(void *data);
	void *data;
};

/* How many entries `history` keeps. */
#define ENGINE_HISTORY_MOST 1000
/* So many of the objects that a pass changed are named. Fewer than the log lets through of one place. */
#define ENGINE_CHANGES_MOST 16
#define ENGINE_RESYNC_NS    30000000000ull /* where the file does not say */

/* Open to those who show it (methods, metrics): they read, engine.c alone writes. */
struct engine {
	struct engine_options options;

	/* The machine. `connected`: reconciler is open; else connect_error says why, and connect_next when it is tried
	 * again. reconciler.live is what was seen last, reconciler.record.memory what is ours and what drains. */
	const struct backend_ops
		*backend; /* the one that it is, or that was tried last; never NULL */
	struct reconciler reconciler;
	bool connected;
	struct error connect_error;
	uint64_t connect_next;
	unsigned int connect_attempts;
	struct figures figures; /* engine_figures() */

	/* What is wanted. */
	struct files *files;    /* in force; NULL before the first good reading */
	struct files *kept;     /* engine_router_files() */
	struct files *rejected; /* read later, and no good: ->problems; or NULL */
	struct files *held;     /* read later, good, and held back; or NULL */
	enum engine_held held_reason;
	bool held_routes; /* nothing was ever in force, and no backend is there: engine_router_files() are those that are held */
	char *held_why;   /* in words, with what to do */
	struct load_trees trees; /* of the reading that was last */
	struct operator_state operator;
	struct facts facts;
	struct engine_health health;
	uint64_t probes_serial; /* another from each change of the table of probes on */
	struct {
		VECTOR_OF(struct engine_role);
	} roles;                        /* since the last pass; with repetitions */
	const struct routing *routing;  /* who tells them, for who shows virtual routers; or NULL */
	const struct track_list *track; /* what these track, likewise */
	size_t routers_troubled; /* of the files' virtual routers: something is in their way */

	/* An apply that waits for its confirmation. */
	bool confirming;
	uint64_t confirm_deadline, confirm_wall; /* CLOCK_BOOTTIME ns; seconds since the epoch */
	uint64_t confirm_retry;                  /* it could not be undone: not again before that */

	/* What is due. */
	bool files_dirty;
	bool everything_dirty;
	enum engine_reason everything_reason;
	struct {
		VECTOR_OF(struct service_key);
	} dirty; /* in any order, with repetitions */
	enum engine_reason dirty_reason;
	uint64_t resync_next;
	struct retry_table retries;

	/* What is told. */
	bool reconciled;                      /* the first pass is over */
	char *troubles[ENGINE_TROUBLE_COUNT]; /* in words, with what to do; NULL: there is none */
	struct error
		pass_error; /* of the last pass as a whole (a read that failed); no text: it was well */
	struct engine_counters counters;
	struct {
		VECTOR_OF(struct engine_entry);
	} history;        /* oldest first, at most ENGINE_HISTORY_MOST */
	uint64_t started; /* seconds since the epoch */

	/* engine.c's own, between its files. */
	/* To another backend, which the files name (engine_backend.c). */
	bool moves;
	const struct backend_ops *target; /* until it is connected; or NULL */
	uint64_t move_next;               /* files are held because it did not answer: again then */
	uint64_t withdraw_next;           /* what is left in the one before: again then */
	unsigned int withdraw_attempts;
	struct error withdraw_error; /* why nothing can be withdrawn there; no text: it can */
	bool known;                  /* reconciler.live is what the last pass left */
	bool unsaved;                /* the record says more than its file */
	bool accepted;        /* files were put in force, and the record does not say so yet */
	bool confirmed_stale; /* confirmed.yaml is not of the files in force */
	bool force;           /* of the reading that is due: engine_reload() */
	uint64_t
		looked; /* how often somebody asked that all be looked at anew: engine_look_anew() */
	uint64_t operator_retry;  /* operator.json could not be read: again then */
	uint64_t confirm_timeout; /* likewise; then of the pass that is due */
	uint64_t drain_next;      /* when what drains is looked at again */
	uint64_t pass_next;       /* after a pass that failed as a whole: not before */
	unsigned int pass_attempts;
	struct memory drains_told;       /* the drains that events have told of */
	bool gone[ENGINE_PROCESS_COUNT]; /* the same of processes */
	uint64_t serial;                 /* of the last entry */
};

/* Into a zeroed `engine`: the operator's file, the history. Connects nothing yet: engine_run() does. -errno with words: a state
 * directory that cannot be used. */
int engine_open(struct engine *engine, const struct engine_options *options, struct error *error);
void engine_close(struct engine *engine);

/* The files may be others now. */
void engine_files_changed(struct engine *engine);

/* Does what is due at `now` (CLOCK_BOOTTIME ns) and returns when to be called next. Never fails: what went wrong is in the
 * engine, told as events, and retried. */
uint64_t engine_run(struct engine *engine, uint64_t now);

/* What the operator can ask for; each takes effect in the next engine_run(). `by`: who asks. -errno with words. */

/* until_ns: for how long, 0: until undrained. -EROFS, -ENOSPC …: not persisted, so not done. */
int engine_drain(struct engine *engine, const struct facts_drain *target, uint64_t for_ns,
	const char *by, size_t *matches, struct error *error);
int engine_undrain(struct engine *engine, const struct facts_drain *target, const char *by,
	struct error *error);

/* How many services have a usable destination now, and would have none with `target` drained; their names, of a few of them,
 * are appended to `names`. */
size_t engine_drain_empties(
	const struct engine *engine, const struct facts_drain *target, struct strbuf *names);
/* The same of those that would only have what min-healthy keeps in though its checks fail. */
size_t engine_drain_leaves_kept(
	const struct engine *engine, const struct facts_drain *target, struct strbuf *names);
/* And of those that would lose their quorum, though something serves in them yet; what is said of each is appended to `text`. */
size_t engine_drain_loses_quorum(
	const struct engine *engine, const struct facts_drain *target, struct strbuf *text);

/* What `target` names in the files, and what is out of that. */
struct engine_drained {
	size_t count, out; /* destinations, once for each service that has them */
	size_t down;       /* of the others: their checks keep them out */
	bool by_files;     /* some are out by `state: drain` */
	struct strbuf by;  /* whose words overlap with it: "10.0.0.11 everywhere, …" */
};

/* The caller frees ->by with strbuf_clear(). */
void engine_drained(
	const struct engine *engine, const struct facts_drain *target, struct engine_drained *ret);

int engine_suspend(struct engine *engine, const char *why, const char *by, struct error *error);
/* confirm_timeout as in engine_reload(): then the files are read at once, and it stays suspended (-EINVAL, -EPERM, -ENOTCONN)
 * unless they can be put in force. */
int engine_resume(
	struct engine *engine, uint64_t confirm_timeout, const char *by, struct error *error);
/* Goes on without what a damaged operator.json says: from now on nothing is drained by the operator, and nothing suspended. */
int engine_forget_operator(
	struct engine *engine, uint64_t confirm_timeout, const char *by, struct error *error);
/* Somebody has looked: what was shown until then, and what processes suppose of others, is forgotten. */
void engine_look_anew(struct engine *engine);
/* Reads the files again, after engine_look_anew(). force: past the blast guard, refused content, other paths and a damaged operator.json. confirm_timeout (ns): what they change
 * waits for a confirmation. */
int engine_reload(struct engine *engine, bool force, uint64_t confirm_timeout, const char *by,
	struct error *error);
int engine_confirm(struct engine *engine, const char *by, struct error *error);
int engine_rollback(struct engine *engine, const char *by, struct error *error);

/* Deletes everything that is ours, at once: for an orderly stop under --remove-on-stop. -EPERM while suspended. */
int engine_remove_all(struct engine *engine, struct error *error);

/* Since when the content that is in force is so, in seconds since the epoch, as far as the history goes. */
uint64_t engine_revision_since(struct engine *engine);

/* What an engine_run() would do now, from a fresh read, into an empty `plan`; nothing is changed. */
int engine_plan(struct engine *engine, struct plan *plan, struct error *error);

/* What must exist now of the services between `first` (NULL: from the beginning) and the next `count` of them, into an empty
 * `ret`: step() on what is known, without a read. */
void engine_desired(
	struct engine *engine, const struct service_key *after, size_t count, struct state *ret);

/* Reads the counters of `count` live services anew (their traffic, their destinations' connections and traffic), and nothing else of
 * them: what a pass would find is still there to be found. Keys are sorted. A few hundred take some milliseconds. -errno with
 * words, and the counters are as they were. */
int engine_refresh_counters(
	struct engine *engine, const struct service_key *keys, size_t count, struct error *error);

/* What the backend counts beside services, a second old at most; for as long as figures.h says who asks waits for it. NULL: it counts
 * nothing else, or is not connected. Borrowed until the next call. */
const struct figures *engine_figures(struct engine *engine);

/* The backend's descriptor to poll while the engine is connected, or -1: it tells nothing by itself. The same until
 * engine_close(), or options.disconnecting() is called. */
int engine_backend_fd(const struct engine *engine);
/* It is readable: reads what the backend has to say. 1: engine_run() will look at everything; 0; -errno: do not poll it any
 * more. */
int engine_backend_changed(struct engine *engine);

/* Whether it goes on without a backend, for the files ask none for anything, and none is there. */
bool engine_is_idle(const struct engine *engine);

/* Whether it changes nothing: the operator said so, or what he said cannot be read. */
bool engine_is_suspended(const struct engine *engine);
/* The files whose virtual routers are kept: those in force, or, while it is suspended, those that were before any that came
 * meanwhile. They have them until what is needed to go back is on disk. Where nothing was ever in force, and nothing can be for
 * want of a backend, those that wait for it: virtual routers need none, and wait for their `start-timeout`. NULL before the first
 * good reading. Borrowed, until the next engine_run(). */
struct files *engine_router_files(const struct engine *engine);

/* What a virtual router of the files is, in that family; takes effect in the next engine_run(). Not known: nobody says. */
void engine_set_role(
	struct engine *engine, const char *router, uint16_t family, bool known, bool active);

/* The files have no such virtual router, or not in that family. */
void engine_drop_role(struct engine *engine, const char *router, uint16_t family);

/* A virtual router changed its state. Borrowed. */
struct engine_move {
	const char *router;
	uint16_t family;
	enum engine_notice_event event; /* ENGINE_NOTICE_ROUTER_… */
	const char *why;
	/* Of one that the files have no more, what they had with it; NULL: they have it. */
	const struct config_text_list *notify;
	uint64_t wall; /* milliseconds since the epoch */
};

/* Tells it: an event, and the router's `notify`. */
void engine_router_moved(struct engine *engine, const struct engine_move *move);

/* What virtual routers track is another than before: tells it, where nobody else does. */
void engine_track_changed(struct engine *engine, const struct track_change *change);

/* `text` NULL: it is mended. Told as an event when it is another than before. */
void engine_set_trouble(struct engine *engine, enum engine_trouble trouble, const char *text);

/* A process is there, or not; each change but the first arrival is told as an event. */
void engine_set_process(struct engine *engine, enum engine_process process, bool there);

/* Is all well? What is not counts:
 *
 *	poised	   troubles, failed objects, a pass that failed, a rejected or held reading, files that are not in force, no backend
 *	servers	   destinations that are out because their checks fail, or would be if they were needed (a fallback), lost
 *		   quorums, services of which all that serve are down and kept by min-healthy
 *	checks	   probes that cannot be tried, or are late for want of descriptors; nobody who probes what the files ask for, if
 *		   only for the moment of a respawn: a server that went down in it still counts as up
 *	routers	   virtual ones that cannot run, or of which nobody says what they are
 *
 * Drains, suspension, an awaited confirmation, and what min-healthy keeps beside others that are up, are not trouble. */
bool engine_is_degraded(const struct engine *engine);
