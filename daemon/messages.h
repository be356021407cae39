// SPDX-License-Identifier: GPL-2.0-or-later
/* What the processes of poised say to one another (base/channel.h carries it).
 *
 * All are between the supervisor and one of its processes; two processes never speak directly: what one says to another the
 * supervisor carries on as it is. Payloads are the structs below, in host byte order, or text without a NUL at its end. Who
 * receives one checks what the struct alone cannot say (counts, booleans, texts): a process may be anybody's.
 *
 * What is probed, and what comes of it:
 *
 *	reconciler	HEALTH_PLAN, then CHECKS and PROBES in pieces, then COMMIT; a piece is sent when the one before it was
 *			answered with GOT, and all of it begins anew when the supervisor says STARTED, when it was REFUSED, and
 *			when no answer comes: messages may be lost on the way, where a queue is full
 *	health		VERDICTS, of the plan that was committed last; no more than MESSAGE_VERDICTS_AHEAD that were not
 *			answered with HEARD; where HEARD does not come, all verdicts again. STATS tell which plan is in
 *			force, so that one which was lost is missed */
#pragma once

#include <stdint.h>

#include "base/channel.h"
#include "daemon/messages_vrrp.h"
#include "model/probe.h"

enum message_kind {
	/* supervisor -> process */
	MESSAGE_PING = 1, /* struct message_ping: answer with PONG at once */
	MESSAGE_STOP,     /* nothing: end in order; exit code 0 */
	MESSAGE_RELOAD,   /* nothing: read the files again; answer with RELOADED */
	MESSAGE_RAN, /* struct message_ran: to who asked, what came of a RUN; none after a RUN_CANCEL */
	/* nothing: to the reconciler; `health` is there, or there again, or the reconciler is: send it the plan */
	MESSAGE_HEALTH_STARTED,
	MESSAGE_HEALTH_GONE, /* nothing: to the reconciler; there is none now */
	MESSAGE_LOG_LEVEL, /* struct message_log_level: log so from now on; also of who serves the control socket, for all */
	MESSAGE_NOTIFIED, /* struct message_notified: to the reconciler, soon after they are others */
	MESSAGE_VRRP_STARTED, /* nothing: to the reconciler; `vrrp` is there, as HEALTH_STARTED */
	MESSAGE_VRRP_GONE,    /* nothing: to the reconciler */
	MESSAGE_VRRP_CLEARED, /* struct message_vrrp_cleared: to the reconciler, when it is another */
	MESSAGE_NOTIFY_FAILED, /* struct message_notify_failed: to the reconciler, each of them when they are others */

	/* process -> supervisor */
	MESSAGE_PONG = 64, /* the ping's payload */
	MESSAGE_WORKING,   /* nothing: pings have to wait, but all is well; at most once a second */
	MESSAGE_READY,     /* nothing: the first reconcile is over; of `health`: it hears plans */
	MESSAGE_RELOADED,  /* nothing: the files are in force, or refused and told */
	MESSAGE_STATUS,    /* text: one line for the service manager */
	/* struct message_control_group: of the process that serves the control socket, which has no right to give a
	 * file away itself */
	MESSAGE_CONTROL_GROUP,
	MESSAGE_RUN, /* struct message_program: of `health`, for a check; of the reconciler, for a script that is tracked */
	MESSAGE_RUN_CANCEL, /* struct message_run_cancel */
	MESSAGE_NOTIFY, /* struct message_program: of the reconciler; one after the other, in order */
	/* Of the reconciler: the programs of checks that `health` may ask for, before the plan that needs them. */
	MESSAGE_ALLOW_NONE, /* nothing: none of those that were allowed before */
	MESSAGE_ALLOW,      /* struct message_program: this one, without NAME=value */

	/* reconciler -> health */
	MESSAGE_HEALTH_PLAN = 128, /* struct message_health_plan */
	MESSAGE_HEALTH_CHECKS, /* text: a piece of a file (poise.yaml(5)) that has only checks */
	MESSAGE_HEALTH_PROBES, /* struct message_health_probe[], by check and target */
	MESSAGE_HEALTH_COMMIT, /* struct message_health_got: that is all of it, in so many pieces */
	MESSAGE_HEALTH_HEARD,  /* struct message_health_heard */

	/* health -> reconciler */
	MESSAGE_HEALTH_GOT,      /* struct message_health_got: so many pieces of that plan */
	MESSAGE_HEALTH_VERDICTS, /* struct message_health_verdicts */
	/* struct message_health_stats: when they are others, every two seconds at most; else every ten */
	MESSAGE_HEALTH_STATS,
	/* struct message_health_refused: what was in force before that plan stays so */
	MESSAGE_HEALTH_REFUSED,

	/* reconciler -> vrrp (messages_vrrp.h) */
	MESSAGE_VRRP_PLAN = 192, /* struct message_vrrp_plan */
	MESSAGE_VRRP_TEXT,       /* text: a piece of it */
	MESSAGE_VRRP_HINTS,  /* struct message_vrrp_hint[], in order of interface, family, VRID */
	MESSAGE_VRRP_FACTS,  /* struct message_vrrp_facts */
	MESSAGE_VRRP_COMMIT, /* struct message_vrrp_got: that is all of it, in so many pieces */
	MESSAGE_VRRP_FILLED, /* nothing: the first reconcile and the first verdicts are in */
	MESSAGE_VRRP_SERVED, /* struct message_vrrp_served */
	MESSAGE_VRRP_LOOKED, /* nothing: somebody has looked, so what is only supposed of others is forgotten */

	/* vrrp -> reconciler */
	MESSAGE_VRRP_GOT,     /* struct message_vrrp_got: so many pieces of that plan */
	MESSAGE_VRRP_REFUSED, /* struct message_vrrp_refused */
	MESSAGE_VRRP_MOVED,   /* struct message_vrrp_moved */
	MESSAGE_VRRP_STATES,  /* struct message_vrrp_states */
	MESSAGE_VRRP_STATS,   /* struct message_vrrp_stats: every two seconds */
	MESSAGE_VRRP_LINKS,   /* struct message_vrrp_links */
};

struct message_log_level {
	uint32_t level;  /* enum log_level */
	char module[60]; /* with its NUL; "": all */
};

struct message_ping {
	uint64_t serial;
};

/* Whose the control socket is, beside root. */
struct message_control_group {
	uint32_t group; /* as in chown(2); 0: nobody's */
};

#define MESSAGE_STATUS_LIMIT 500

/* A program to be run. `size` bytes follow: texts, each with its NUL: the user's name ("" for the supervisor's own), then
 * the words, then NAME=value. */
struct message_program {
	uint64_t number;  /* by which RAN and RUN_CANCEL mean it; never 0 */
	uint64_t timeout; /* ns */
	uint32_t words, environment;
	uint32_t size, zero;
	char texts[];
};
#define MESSAGE_PROGRAM_TEXTS_LIMIT 60000u
#define MESSAGE_PROGRAM_MOST        1000u /* words; likewise NAME=value */

struct message_run_cancel {
	uint64_t number;
};

struct message_ran {
	uint64_t number;
	int32_t status; /* as of waitpid(2), or -errno */
	uint32_t zero;
};

/* What became of the commands of `notify`, since the supervisor's start. */
#define MESSAGE_NOTIFIED_PROGRAM_SIZE 64
struct message_notified {
	uint64_t run, failed; /* failed: of those that were run */
	uint64_t dropped;     /* too many waited */
	uint64_t waiting;     /* at this moment */
	uint64_t
		began; /* the one that they wait for, and when it was started (CLOCK_BOOTTIME ns; 0: there is none) */
	char program
		[MESSAGE_NOTIFIED_PROGRAM_SIZE]; /* its name without folders, perhaps cut; padded with NUL */
};

/* A command of `notify` that failed when it ran last: a struct message_program with it stands behind the head. The first one takes back what was
 * said before. `count` 0: there is none, and nothing stands behind. */
struct message_notify_failed {
	uint64_t wall;         /* milliseconds since the epoch */
	int32_t status;        /* as of waitpid(2), or -errno */
	uint32_t place, count; /* from 0; of so many */
	uint32_t zero;
	char program[];
};
#define MESSAGE_NOTIFY_FAILED_MOST 16u

struct message_health_plan {
	uint64_t generation; /* greater than that of any plan before it */
	uint32_t text_size;  /* bytes of all CHECKS together */
	uint32_t probes;
};
#define MESSAGE_HEALTH_TEXT_LIMIT   (64u << 20)
#define MESSAGE_HEALTH_PROBES_LIMIT 2000000u

struct message_verdict {
	uint8_t up, settled, recovered, zero; /* 0 or 1 */
	int32_t weight;
	uint64_t since;
};

struct message_health_probe {
	uint32_t check; /* the place of its check among those of the text, sorted by name */
	uint16_t family, port;
	uint8_t address[16];
	uint32_t known; /* 0: `verdict` says nothing */
	uint32_t zero;
	struct message_verdict verdict;
};
#define MESSAGE_HEALTH_PROBES_MOST 1000u /* in one message */

struct message_health_got {
	uint64_t generation;
	uint32_t pieces; /* since the PLAN, COMMIT included */
	uint32_t zero;
};

enum message_refusal {
	MESSAGE_REFUSAL_HEAD,   /* too large, or older than the one in force */
	MESSAGE_REFUSAL_CHECKS, /* they are none, or not as many bytes as the head says */
	MESSAGE_REFUSAL_PROBES, /* likewise */
	MESSAGE_REFUSAL_COUNT,
};

struct message_health_refused {
	uint64_t generation;
	uint32_t refusal; /* enum message_refusal */
	uint32_t zero;
};

struct message_health_verdict {
	uint32_t probe;
	uint32_t failures;
	struct message_verdict verdict;
	uint64_t wall;
	uint16_t failing, untried;            /* 0 or 1 */
	char reason[VERDICT_REASON_SIZE + 4]; /* with its NUL */
};
#define MESSAGE_HEALTH_VERDICTS_MOST 256u

struct message_health_verdicts {
	uint64_t generation;
	uint32_t serial; /* from 1, of this plan */
	uint32_t count;
	struct message_health_verdict verdicts[];
};
#define MESSAGE_VERDICTS_AHEAD 16u

struct message_health_heard {
	uint64_t generation;
	uint32_t serial; /* and all before it */
	uint32_t zero;
};

struct message_health_stats {
	uint64_t generation; /* of the plan in force; 0: there is none */
	uint64_t passed, failed, untried, expired, late, latest_ns, probes, down, running, places;
	uint64_t behind_ns; /* since the last of these; as health_take_behind() */
	uint64_t full;      /* likewise, 0 or 1 */
};

/* What a process of the tree accepts, and what the supervisor does. */
extern const struct channel_kind messages_to_process[];
extern const size_t messages_to_process_count;
extern const struct channel_kind messages_to_supervisor[];
extern const size_t messages_to_supervisor_count;

/* Verdicts as they are sent. -EBADMSG: what was received is none, or of later than now. */
void message_verdict_write(const struct verdict *verdict, struct message_verdict *ret);
int message_verdict_read(const struct message_verdict *message, struct verdict *ret);

/* The texts of a program, borrowed from the message: the user in *user, the words and NAME=value as arrays that end with
 * NULL, in one allocation that the caller frees (words; environment lies in it). -EBADMSG. */
int message_program_read(const struct message_program *message, size_t size, const char **user,
	const char ***words, const char ***environment);
/* As one message of *size bytes, which the caller frees. -E2BIG. */
struct message_program_texts {
	const char *user;
	const char *const *words, *const *environment; /* each ended by NULL */
};
int message_program_write(uint64_t number, uint64_t timeout,
	const struct message_program_texts *texts, struct message_program **ret, size_t *size);
