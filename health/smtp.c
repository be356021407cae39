// SPDX-License-Identifier: GPL-2.0-or-later
/* smtp: a mail server greets, answers EHLO, and takes leave.
 *
 * libcurl connects, reads the greeting and says EHLO (HELO to a server that does not know that), and is then done
 * (CURLOPT_CONNECT_ONLY). Left to itself it would say QUIT while it closes, and wait there for the answer, two minutes with a
 * server that gives none, and the loop with it. A connection that was only to be made it closes without a word. So the QUIT is
 * said here, on the descriptor that we opened for libcurl, which it no longer looks at; and the server's 221 is waited for
 * like anything else: a server that was left in the middle of a session logs that. */
#include "health/curl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SMTP_QUIT     "QUIT\r\n"
#define SMTP_URL_SIZE 320
/* "220" */
#define SMTP_CODE_LENGTH 3
/* Of an answer: its code and some words. */
#define SMTP_LINE_SIZE 80
#define SMTP_REFUSED   "EHLO was answered: "

struct smtp {
	struct checker_curl_run curl;
	bool greeted, leaving, much, unwelcome;
	bool stepped; /* the step up to the connection is told */
	struct loop_source *source;
	char line[SMTP_LINE_SIZE]; /* the last one that the server said, or its start */
	size_t length;
	char refused[SMTP_LINE_SIZE + sizeof(SMTP_REFUSED)]; /* EHLO was; "": not */
};

/* Once: libcurl's times are the same with each line. */
static void smtp_step(struct smtp *smtp)
{
	if (!smtp->stepped)
		checker_curl_steps(&smtp->curl, false);
	smtp->stepped = true;
}

/* Who asks does so at the run's end, and tells the steps then. */
static const char *smtp_doing(const struct checker_run *run)
{
	struct smtp *smtp = (struct smtp *)run;

	smtp_step(smtp);

	if (smtp->leaving)
		return "waiting for the answer to QUIT";
	if (checker_curl_stage(&smtp->curl, false) == CHECKER_CURL_STAGE_CONNECT)
		return "connect";
	if (smtp->refused[0])
		return "waiting for the answer to HELO";
	return smtp->greeted ? "waiting for the answer to EHLO" : "waiting for the greeting";
}

static const char *smtp_heard(const struct checker_run *run)
{
	const struct smtp *smtp = (const struct smtp *)run;

	return smtp->refused[0] && !smtp->leaving ? smtp->refused : NULL;
}

static const char *smtp_said(const struct smtp *smtp, char text[static SMTP_LINE_SIZE])
{
	checker_printable(smtp->line, smtp->length, text, SMTP_LINE_SIZE);
	return *text ? text : "an empty line";
}

/* All that comes is one answer, of which the first line is enough: we say nothing more. */
static void smtp_on_leave(void *data, _unused_ uint32_t events)
{
	struct smtp *smtp = data;
	struct checker_run *run = &smtp->curl.run;
	char text[SMTP_LINE_SIZE];
	ssize_t count = recv(smtp->curl.socket, smtp->line + smtp->length,
		sizeof(smtp->line) - smtp->length, MSG_DONTWAIT);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count > 0)
		smtp->length += (size_t)count;
	if (count > 0 && smtp->length < sizeof(smtp->line) &&
		!memchr(smtp->line, '\n', smtp->length))
		return;
	smtp->source = loop_source_free(smtp->source);
	checker_step(run, "quit");
	if (count < 0)
		checker_over_errno(run, smtp_doing(run), -errno);
	else if (count == 0)
		checker_over(run, CHECKER_RESULT_FAILED, "closed without an answer to QUIT");
	else if (strncmp(smtp->line, "221", 3) != 0)
		checker_over(run, CHECKER_RESULT_FAILED, "answer to QUIT: %s, want 221",
			smtp_said(smtp, text));
	else
		checker_over(run, CHECKER_RESULT_PASSED, "greeted");
}

static void smtp_leave(struct smtp *smtp)
{
	struct checker_run *run = &smtp->curl.run;

	smtp->leaving = true;
	smtp->length = 0;
	/* The socket's buffer is empty, and takes six bytes. */
	if (send(smtp->curl.socket, SMTP_QUIT, strlen(SMTP_QUIT), MSG_NOSIGNAL | MSG_DONTWAIT) <
		0) {
		checker_over_errno(run, "QUIT", -errno);
		return;
	}
	int r = loop_add_io(run->checkers->loop, smtp->curl.socket, EPOLLIN, smtp_on_leave, smtp,
		&smtp->source);
	if (r < 0)
		checker_untried(run, "loop", r);
}

/* libcurl says so of an end of file, with whatever errno was left behind by something else. */
static bool smtp_is_closed(const struct smtp *smtp, CURLcode code)
{
	static const char words[] = "response reading failed";

	return code == CURLE_GOT_NOTHING ||
	       (code == CURLE_RECV_ERROR && strncmp(smtp->curl.words, words, strlen(words)) == 0);
}

static void smtp_refused(struct smtp *smtp, CURLcode code)
{
	struct checker_run *run = &smtp->curl.run;
	char text[SMTP_LINE_SIZE];

	if (smtp->much)
		checker_over(run, CHECKER_RESULT_FAILED, "greeting of more than %u bytes",
			CHECKER_CURL_HEADERS_MOST);
	else if (smtp->unwelcome)
		checker_over(run, CHECKER_RESULT_FAILED, "greeting: %s, want 220",
			smtp_said(smtp, text));
	else if ((code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_REMOTE_ACCESS_DENIED) &&
		 smtp->length)
		checker_over(run, CHECKER_RESULT_FAILED, "answer to %s: %s%s%s",
			smtp->refused[0] ? "HELO" : "EHLO", smtp_said(smtp, text),
			smtp->refused[0] ? "; " : "", smtp->refused);
	else if (smtp_is_closed(smtp, code))
		checker_over(run, CHECKER_RESULT_FAILED, "closed without an answer (%s%s%s)",
			smtp_doing(run), smtp->refused[0] ? "; " : "", smtp->refused);
	else
		checker_curl_over(&smtp->curl, code, smtp_doing(run));
}

static void smtp_ended(struct checker_curl_run *curl, CURLcode code)
{
	struct smtp *smtp = (struct smtp *)curl;

	checker_step(&curl->run, code == CURLE_OK  ? "ehlo"
				 : smtp->unwelcome ? "greeting"
						   : smtp_doing(&curl->run));
	if (code == CURLE_OK)
		smtp_leave(smtp);
	else
		smtp_refused(smtp, code);
}

/* The last line of an answer: the greeting, then that to EHLO; to one that is no good libcurl says HELO. */
static void smtp_answered(struct smtp *smtp)
{
	char text[SMTP_LINE_SIZE];

	if (!smtp->greeted) {
		smtp->unwelcome = strncmp(smtp->line, "220", 3) != 0;
		smtp->greeted = !smtp->unwelcome;
		if (smtp->greeted)
			checker_step(&smtp->curl.run, "greeting");
	} else if (!smtp->refused[0] && smtp->line[0] != '2') {
		snprintf(smtp->refused, sizeof(smtp->refused), SMTP_REFUSED "%s",
			smtp_said(smtp, text));
	}
}

/* The last line of an answer has a space behind its code, or nothing at all (RFC 5321, 4.2); as libcurl sees it. */
static bool smtp_is_last(const char *line, size_t length)
{
	return length > SMTP_CODE_LENGTH &&
	       (line[SMTP_CODE_LENGTH] == ' ' || length == SMTP_CODE_LENGTH + strlen("\r\n"));
}

/* A line that the server said. */
static size_t smtp_on_line(char *text, size_t size, size_t count, void *data)
{
	struct smtp *smtp = data;
	size_t length = size * count;

	smtp->length = MIN(length, sizeof(smtp->line));
	memcpy(smtp->line, text, smtp->length);
	smtp_step(smtp);
	if (smtp_is_last(text, length))
		smtp_answered(smtp);
	smtp->much = !checker_curl_count(&smtp->curl, length);
	/* libcurl would take any 2xx. */
	return smtp->much || smtp->unwelcome ? 0 : length;
}

static void smtp_start(struct checker_run *run)
{
	struct smtp *smtp = (struct smtp *)run;
	const struct destination_key *target = &run->request.target;
	char endpoint[ADDRESS_ENDPOINT_LENGTH], url[SMTP_URL_SIZE];

	if (!checker_curl_take(&smtp->curl, "smtp"))
		return;
	address_format_endpoint(&target->address, target->port, endpoint);
	snprintf(url, sizeof(url), "smtp://%s/%s", endpoint, run->request.check->smtp.helo);
	checker_curl_set(&smtp->curl, CURLOPT_URL, url);
	checker_curl_set(&smtp->curl, CURLOPT_CONNECT_ONLY, 1L);
	checker_curl_set(&smtp->curl, CURLOPT_HEADERFUNCTION, smtp_on_line);
	checker_curl_set(&smtp->curl, CURLOPT_HEADERDATA, smtp);
	checker_curl_begin(&smtp->curl, smtp_ended);
}

static void smtp_close(struct checker_run *run)
{
	struct smtp *smtp = (struct smtp *)run;

	smtp->source = loop_source_free(smtp->source);
	checker_curl_drop(&smtp->curl);
}

const struct checker_kind checker_smtp = {
	.name = "smtp",
	.size = sizeof(struct smtp),
	.start = smtp_start,
	.close = smtp_close,
	.doing = smtp_doing,
	.heard = smtp_heard,
};
