// SPDX-License-Identifier: GPL-2.0-or-later
/* What the checkers have in common: the table of kinds, and the head of each run. Private to health/: checker.h is for others.
 *
 * To add a kind: its mapping in model/schema_check.c, a file of its own here with a `const struct checker_kind`, a row in
 * checker.c's table. */
#pragma once

#include <sys/socket.h>

#include "health/checker.h"

struct checker_kind {
	const char *name; /* as the file has it */
	/* Room for a run of this kind; struct checker_run comes first in it. */
	size_t size;
	/* Begins; `run` is zeroed but for its head. What fails at once is said by checker_over(): it is told later. */
	void (*start)(struct checker_run *run);
	/* Lets go of all that the run holds: descriptors, sources. Called once, at its end, whatever that is; never from
	 * within checker_over(), which handlers may be deep in somebody's library: until then they can be called again, and see
	 * `over`. */
	void (*close)(struct checker_run *run);
	/* In words, what it was doing: "connect", "waiting for the answer". */
	const char *(*doing)(const struct checker_run *run);
	/* What the server said meanwhile that is told with it, in words of the run's own; NULL: nothing. */
	const char *(*heard)(const struct checker_run *run);
	/* How the end of its time is told: "no answer within" (NULL), and how long that was. */
	const char *late;
	/* Somebody else keeps its time, and has so long to say that it is over. */
	uint64_t grace;
	/* Nobody has said so: says by checker_over() what that means. NULL: it is over by checker_over_late(). */
	void (*unheard)(struct checker_run *run);
};

/* The head of a run. */
struct checker_run {
	const struct checker_kind *kind;
	struct checkers *checkers;
	struct checker_request request;
	struct checker_outcome outcome;
	uint64_t began, step;                /* CLOCK_BOOTTIME ns: its start; of the last step */
	bool over;                           /* `outcome` is final, and will be told */
	struct checker_run *next, *previous; /* of those that are over */
};

extern const struct checker_kind checker_tcp, checker_http, checker_dns, checker_smtp, checker_ping,
	checker_udp, checker_exec, checker_file;

/* What all runs of a process share. */
struct checkers {
	struct loop *loop;
	const struct checker_runner *runner;
	struct loop_source *telling; /* work: tells who is over */
	struct checker_run *over, *over_end;
	struct checker_pings *pings; /* ping.c */
	struct checker_curl *curl;   /* curl.c */
	struct readers *readers;     /* reading.h; NULL: files are read here */
	uint64_t strangers;          /* answers that came to us, but to nothing that we asked */
};

/* Says that the run is over; the request's `done` is called from the loop. Once for each run. `format`: the reason. */
void checker_over(struct checker_run *run, enum checker_result result, const char *format, ...)
	_printf_(3, 4);
/* The same for a call that failed: "connect: refused". What is the machine's own want (EMFILE, ENOBUFS, …) is UNTRIED. */
void checker_over_errno(struct checker_run *run, const char *what, int code);
/* The same where only this machine can be the cause, whatever the code (a socket, a source, the loop): UNTRIED. */
void checker_untried(struct checker_run *run, const char *what, int code);
/* The same where the time was over before there was an answer. */
void checker_over_late(struct checker_run *run);
/* A step came to its end; nothing unless it is traced. */
void checker_step(struct checker_run *run, const char *name);

/* A socket towards the target: non-blocking, close-on-exec, with the check's mark, interface, and source, which must be of the
 * target's family (-EPFNOSUPPORT). -errno with the step that failed in *what: for checker_untried(). */
int checker_socket(const struct checker_run *run, int type, int protocol, const char **what);
/* The target as the kernel wants it. */
socklen_t checker_sockaddr(const struct checker_run *run, struct sockaddr_storage *ret);
/* On an address of this machine, and a port that the kernel gives out, a socket may be given the very port that it connects to,
 * and meets itself: then nobody else has that port. */
bool checker_met_itself(const struct checker_run *run, int fd);

/* Text of others as one line of printable ASCII, cut at `size` bytes with its NUL. */
const char *checker_printable(const void *text, size_t length, char *ret, size_t size);

/* What each shared part does for itself. */
int checker_pings_new(struct checkers *checkers, struct error *error);
void checker_pings_free(struct checkers *checkers);
int checker_curl_new(struct checkers *checkers, struct error *error);
void checker_curl_free(struct checkers *checkers);
