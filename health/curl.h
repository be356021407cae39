// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs that libcurl carries out: what http.c and smtp.c share. Private to health/.
 *
 *	checker_curl_take(run, "http")    an easy handle, with what all of them have set
 *	checker_curl_set(run, …)          what the kind wants beside that
 *	checker_curl_begin(run, ended)    off it goes; `ended` says once that libcurl is done with it
 *	checker_curl_drop(run)            in the kind's close(), however far it came */
#pragma once

#include "health/curl_library.h"
#include "health/kind.h"

/* Bytes of headers, or of a greeting, that are listened to. */
#define CHECKER_CURL_HEADERS_MOST 65536u

struct checker_curl_run {
	struct checker_run run;
	const struct curl_library *library;
	CURL *easy;       /* NULL: none */
	bool added;       /* libcurl is at it */
	CURLcode refused; /* the first option that was */
	int socket;       /* the last one that was opened, which libcurl closes; -1 */
	/* The socket could not be made: at which step, and -errno. */
	const char *stuck;
	int stuck_code;
	uint64_t connected;  /* when the socket was so, in a run that is traced; 0: not yet */
	size_t header_bytes; /* of what the server said before a body */
	char words[CURL_ERROR_SIZE]; /* libcurl's own, of the error */
	void (*ended)(struct checker_curl_run *run, CURLcode code);
};

/* false: there is none, and the run is over. `protocol`: the only one that is spoken. */
bool checker_curl_take(struct checker_curl_run *run, const char *protocol);
/* Good and bad are told at the beginning, of all together. `value`: a long, or a pointer. */
#define checker_curl_set(run, option, value)                                                       \
	checker_curl_note((run), (run)->library->easy_setopt((run)->easy, (option), (value)))
void checker_curl_note(struct checker_curl_run *run, CURLcode code);
void checker_curl_begin(
	struct checker_curl_run *run, void (*ended)(struct checker_curl_run *run, CURLcode code));
void checker_curl_drop(struct checker_curl_run *run);

/* Counts what a server says before a body. false: it was more than is listened to. */
bool checker_curl_count(struct checker_curl_run *run, size_t size);

/* What libcurl could not do, as the run's end. `doing`: what it was at. */
void checker_curl_over(struct checker_curl_run *run, CURLcode code, const char *doing);

/* The same where libcurl does not take the client's certificate or key: whether there are words for why. */
bool checker_curl_over_files(struct checker_curl_run *run);

/* How far it came. */
enum checker_curl_stage {
	CHECKER_CURL_STAGE_CONNECT,
	CHECKER_CURL_STAGE_TLS,
	CHECKER_CURL_STAGE_ANSWER, /* nothing came yet */
	CHECKER_CURL_STAGE_READ,
	CHECKER_CURL_STAGE_COUNT,
};
enum checker_curl_stage checker_curl_stage(const struct checker_curl_run *run, bool tls);

/* The steps up to now, from libcurl's own times; nothing unless it is traced. */
void checker_curl_steps(struct checker_curl_run *run, bool tls);

/* Room for `size` more bytes of answers, of which all runs together have a bounded amount; false: there is none. */
bool checker_curl_reserve(struct checker_curl_run *run, size_t size);
void checker_curl_release(struct checker_curl_run *run, size_t size);
