// SPDX-License-Identifier: GPL-2.0-or-later
/* What libcurl made of a run, in words for people.
 *
 * Most of its codes say less than the system's error behind them, or than what the probe was at when it happened: "connect: refused",
 * "waiting for the answer: reset". Where the words of libcurl are the best there are (certificates), they are taken, without the
 * names of its and OpenSSL's functions; since servers can bring text into them, checker_over() makes them printable.
 *
 * Where a server says more than libcurl has room for (a header of more than 100 kB, a trailer of a chunked body of a few), libcurl
 * calls that a want of memory, by its code or in its words. A real one would have been met before there was a connection.
 * Of a line without an end it says "headers", whatever the protocol.
 *
 * What is wrong with this machine's files or memory says nothing of the server, and is UNTRIED. */
#include "health/curl.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

#define CURL_NS_OF_US 1000u

enum curl_words {
	CURL_WORDS_OURS,   /* `text` */
	CURL_WORDS_THEIRS, /* `text`, and what libcurl says */
	CURL_WORDS_SYSTEM, /* what it was at, and the system's error, or `text` where there is none */
	CURL_WORDS_TLS,    /* `text`, and what became of the connection, or what libcurl says */
};

static const struct curl_ending {
	CURLcode code;
	enum checker_result result;
	enum curl_words words;
	const char *text;
} curl_endings[] = {
	{CURLE_COULDNT_CONNECT, CHECKER_RESULT_FAILED, CURL_WORDS_SYSTEM, "failed"},
	{CURLE_OPERATION_TIMEDOUT, CHECKER_RESULT_FAILED, CURL_WORDS_SYSTEM, "timed out"},
	{CURLE_SEND_ERROR, CHECKER_RESULT_FAILED, CURL_WORDS_SYSTEM, "cannot send"},
	{CURLE_RECV_ERROR, CHECKER_RESULT_FAILED, CURL_WORDS_SYSTEM, "cannot receive"},
	{CURLE_GOT_NOTHING, CHECKER_RESULT_FAILED, CURL_WORDS_OURS, "closed without an answer"},
	{CURLE_PARTIAL_FILE, CHECKER_RESULT_FAILED, CURL_WORDS_OURS, "body cut short"},
	{CURLE_UNSUPPORTED_PROTOCOL, CHECKER_RESULT_FAILED, CURL_WORDS_OURS,
		"the answer is not HTTP"},
	{CURLE_WEIRD_SERVER_REPLY, CHECKER_RESULT_FAILED, CURL_WORDS_OURS,
		"an answer against the rules of its protocol"},
	{CURLE_BAD_CONTENT_ENCODING, CHECKER_RESULT_FAILED, CURL_WORDS_THEIRS, "bad answer"},
	{CURLE_HTTP2, CHECKER_RESULT_FAILED, CURL_WORDS_THEIRS, "HTTP/2"},
	{CURLE_HTTP2_STREAM, CHECKER_RESULT_FAILED, CURL_WORDS_THEIRS, "HTTP/2"},
	{CURLE_PEER_FAILED_VERIFICATION, CHECKER_RESULT_FAILED, CURL_WORDS_THEIRS, "certificate"},
	{CURLE_SSL_CONNECT_ERROR, CHECKER_RESULT_FAILED, CURL_WORDS_TLS, "tls handshake"},
	{CURLE_SSL_CERTPROBLEM, CHECKER_RESULT_UNTRIED, CURL_WORDS_THEIRS, "client certificate"},
	{CURLE_SSL_CACERT_BADFILE, CHECKER_RESULT_UNTRIED, CURL_WORDS_THEIRS, "authorities"},
	{CURLE_OUT_OF_MEMORY, CHECKER_RESULT_UNTRIED, CURL_WORDS_OURS, "out of memory"},
	{CURLE_FAILED_INIT, CHECKER_RESULT_UNTRIED, CURL_WORDS_THEIRS, "libcurl"},
	{CURLE_URL_MALFORMAT, CHECKER_RESULT_UNTRIED, CURL_WORDS_OURS,
		"neither `host` nor `sni` may look like that"},
};
static const struct curl_ending curl_ending_else = {
	CURLE_OK, CHECKER_RESULT_FAILED, CURL_WORDS_THEIRS, NULL};

static const struct curl_ending *curl_find_ending(CURLcode code)
{
	for (size_t i = 0; i < ARRAY_LENGTH(curl_endings); i++)
		if (curl_endings[i].code == code)
			return &curl_endings[i];
	return &curl_ending_else;
}

/* What stands before the words that say something. */
static const char *curl_strip(const char *words)
{
	static const char *const prefixes[] = {"SSL certificate problem: ", "SSL: ",
		"OpenSSL SSL_connect: ", "OpenSSL SSL_read: "};

	for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++)
		if (strncmp(words, prefixes[i], strlen(prefixes[i])) == 0)
			words += strlen(prefixes[i]);
	/* "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number" */
	const char *openssl = strstr(words, " routines::");
	return openssl ? openssl + strlen(" routines::") : words;
}

static void curl_over_system(
	struct checker_curl_run *run, const char *doing, const struct curl_ending *ending)
{
	long system = 0;

	run->library->easy_getinfo(run->easy, CURLINFO_OS_ERRNO, &system);
	/* EINPROGRESS and EAGAIN were no errors. */
	if (system && system != EINPROGRESS && system != EAGAIN)
		checker_over_errno(&run->run, doing, (int)-system);
	else if (run->words[0])
		checker_over(&run->run, ending->result, "%s: %s", doing, curl_strip(run->words));
	else
		checker_over(&run->run, ending->result, "%s: %s", doing, ending->text);
}

static bool curl_says(const struct checker_curl_run *run, const char *start)
{
	return strncmp(run->words, start, strlen(start)) == 0;
}

static bool curl_is_too_long(const struct checker_curl_run *run, CURLcode code)
{
	return run->socket >= 0 &&
	       (code == CURLE_OUT_OF_MEMORY || curl_says(run, "Out of memory") ||
		       curl_says(run, "Too large response headers"));
}

/* "OpenSSL SSL_connect: ERROR in connection to ADDRESS:PORT ", or "Recv failure: ERROR": the system's error, or OpenSSL's word for that
 * there was none, which is an end of file; what errno held before that was no error. */
static const char *curl_tls_words(const struct checker_curl_run *run)
{
	static const struct {
		int code; /* 0: `theirs` */
		const char *theirs, *ours;
	} ends[] = {
		{0, "SSL_ERROR_SYSCALL", "closed by the server"},
		{EAGAIN, NULL, "closed by the server"},
		{EINPROGRESS, NULL, "closed by the server"},
		{EPIPE, NULL, "closed by the server"},
		{ECONNRESET, NULL, "reset"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		const char *words = ends[i].code ? strerrordesc_np(ends[i].code) : ends[i].theirs;

		if (strstr(run->words, words))
			return ends[i].ours;
	}
	return curl_strip(run->words);
}

void checker_curl_over(struct checker_curl_run *run, CURLcode code, const char *doing)
{
	const struct curl_ending *ending = curl_find_ending(code);
	const char *theirs =
		run->words[0] ? curl_strip(run->words) : run->library->easy_strerror(code);

	if (run->stuck_code)
		checker_untried(&run->run, run->stuck, run->stuck_code);
	else if (code == CURLE_SSL_CERTPROBLEM && checker_curl_over_files(run))
		return;
	else if (curl_is_too_long(run, code))
		checker_over(&run->run, CHECKER_RESULT_FAILED, "%s: longer than can be", doing);
	else if (ending->words == CURL_WORDS_TLS && run->words[0])
		checker_over(
			&run->run, ending->result, "%s: %s", ending->text, curl_tls_words(run));
	else if (ending->words == CURL_WORDS_OURS)
		checker_over(&run->run, ending->result, "%s", ending->text);
	else if (ending->words == CURL_WORDS_THEIRS || ending->words == CURL_WORDS_TLS)
		checker_over(&run->run, ending->result, "%s: %s",
			ending->text ? ending->text : doing, theirs);
	else
		curl_over_system(run, doing, ending);
}

static uint64_t curl_time(const struct checker_curl_run *run, CURLINFO which)
{
	curl_off_t time = 0;

	run->library->easy_getinfo(run->easy, which, &time);
	return time > 0 ? (uint64_t)time * CURL_NS_OF_US : 0;
}

/* libcurl has a time for the connection only when the handshake on it is done too. */
static bool curl_is_connected(const struct checker_curl_run *run)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return run->easy && run->socket >= 0 &&
	       (run->connected || curl_time(run, CURLINFO_CONNECT_TIME_T) ||
		       getpeername(run->socket, (struct sockaddr *)&peer, &size) == 0);
}

enum checker_curl_stage checker_curl_stage(const struct checker_curl_run *run, bool tls)
{
	if (!curl_is_connected(run))
		return CHECKER_CURL_STAGE_CONNECT;
	if (tls && !curl_time(run, CURLINFO_APPCONNECT_TIME_T))
		return CHECKER_CURL_STAGE_TLS;
	/* Headers are counted by whole lines, and the first may come in pieces. */
	if (!run->header_bytes && !curl_time(run, CURLINFO_STARTTRANSFER_TIME_T))
		return CHECKER_CURL_STAGE_ANSWER;
	return CHECKER_CURL_STAGE_READ;
}

/* Each of libcurl's times is from the beginning, and 0 while it did not come to that. */
void checker_curl_steps(struct checker_curl_run *run, bool tls)
{
	const struct {
		const char *name;
		CURLINFO which;
	} steps[] = {
		{"connect", CURLINFO_CONNECT_TIME_T},
		{tls ? "tls" : NULL, CURLINFO_APPCONNECT_TIME_T},
		{"request", CURLINFO_PRETRANSFER_TIME_T},
		{"first byte", CURLINFO_STARTTRANSFER_TIME_T},
	};
	struct checker_outcome *outcome = &run->run.outcome;

	if (!run->run.request.traced || !run->easy)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		uint64_t when = run->run.began + curl_time(run, steps[i].which);
		if (steps[i].which == CURLINFO_CONNECT_TIME_T && when == run->run.began &&
			run->connected)
			when = run->connected;
		if (!steps[i].name || when == run->run.began ||
			outcome->step_count == CHECKER_STEP_MOST)
			continue;
		uint64_t before = MIN(run->run.step, when);
		outcome->steps[outcome->step_count++] =
			(struct checker_step){steps[i].name, when - before};
		run->run.step = when;
	}
}
