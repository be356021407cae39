// SPDX-License-Identifier: GPL-2.0-or-later
/* http and https: a web server answers as it should.
 *
 * The connection goes to the target's literal address; the names that the server is to hear are said apart from it: the Host
 * header (`host`), and in a handshake the name that the certificate is then checked against (`sni`, else `host`). Without
 * either the certificate must be of the address.
 *
 * An answer is judged as it comes: its status as soon as the headers are over, so that a wrong one is told without waiting for a body;
 * the rest at its end. A redirection is a status as any other, and is not followed. The body is read even where nothing is wanted
 * of it, because a server that hangs in its middle does not serve; but of an endless one a bounded part is enough.
 *
 * Only the first part of a body is looked at, HTTP_BODY_MOST. A regular expression is of that part, and what comes behind it is not
 * read; a digest is of all of it, so that a longer body has none, and the probe fails with that reason. */
#include "health/curl.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/pattern.h"
#include "base/version.h"
#include "health/range.h"

#define HTTP_BODY_MOST (1u << 20)
/* Authorities of the system are read again after so many seconds. It holds up the loop for some 50 ms. */
#define HTTP_AUTHORITIES_KEPT 86400L
#define HTTP_STATUS_LOW       200
#define HTTP_STATUS_HIGH      299
#define HTTP_URL_SIZE         320

/* Why we stopped listening. */
enum http_stop {
	HTTP_STOP_NONE,
	HTTP_STOP_HEADERS, /* too many */
	HTTP_STOP_STATUS,  /* is wrong: the body does not matter */
	HTTP_STOP_BODY,    /* too long to have a digest */
	HTTP_STOP_ENOUGH,  /* long, and nothing is wanted of the rest */
	HTTP_STOP_MEMORY,
};

struct http {
	struct checker_curl_run curl;
	const struct config_http *http;
	bool tls;
	bool body_begun; /* or would, if there were one */
	enum http_stop stop;
	struct curl_slist *headers, *connect_to;
	size_t body_length; /* all that was read */
	char *body;         /* kept for a regular expression */
	size_t body_capacity;
	struct sha256_ctx digest;
};

static long http_status(const struct http *http)
{
	long status = 0;

	http->curl.library->easy_getinfo(http->curl.easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool http_status_passes(const struct http *http, long status)
{
	const struct config_range_list *wanted = &http->http->status;

	if (!wanted->count)
		return status >= HTTP_STATUS_LOW && status <= HTTP_STATUS_HIGH;
	return status >= 0 && checker_range_has(wanted, (uint64_t)status);
}

static void http_over_status(struct http *http, long status)
{
	const struct config_range_list *wanted = &http->http->status;
	_cleanup_strbuf_ struct strbuf text = {};

	if (!wanted->count)
		strbuf_printf(&text, "%d-%d", HTTP_STATUS_LOW, HTTP_STATUS_HIGH);
	checker_range_add(wanted, &text);
	checker_over(
		&http->curl.run, CHECKER_RESULT_FAILED, "status %ld, want %s", status, text.text);
}

static bool http_over_version(struct http *http)
{
	long version = 0;

	if (http->http->version != CONFIG_HTTP_VERSION_2)
		return false;
	http->curl.library->easy_getinfo(http->curl.easy, CURLINFO_HTTP_VERSION, &version);
	if (version == CURL_HTTP_VERSION_2_0)
		return false;
	checker_over(&http->curl.run, CHECKER_RESULT_FAILED, "HTTP/1, want HTTP/2");
	return true;
}

static bool http_over_digest(struct http *http)
{
	static const char prefix[] = "sha256:";
	uint8_t digest[SHA256_DIGEST_SIZE];
	char text[2 * SHA256_DIGEST_SIZE + 1];

	if (!http->http->digest)
		return false;
	sha256_digest(&http->digest, sizeof(digest), digest);
	hex_format(digest, sizeof(digest), text);
	if (strcmp(http->http->digest + strlen(prefix), text) == 0)
		return false;
	checker_over(&http->curl.run, CHECKER_RESULT_FAILED, "body has digest %s%s", prefix, text);
	return true;
}

/* Whether the body is as it must not be, by one of the expressions: `wanted` is whether it must match. */
static bool http_over_regex(struct http *http, const char *expression, bool wanted)
{
	const char *body = http->body ? http->body : "";
	_cleanup_pattern_ struct pattern *pattern = NULL;
	char start[48];

	if (!expression)
		return false;
	int r = pattern_new(expression, &pattern, NULL, 0);
	if (r < 0) {
		checker_untried(&http->curl.run, "body", r);
		return true;
	}
	r = pattern_match(pattern, body, http->body_length);
	if (r >= 0 && wanted == (r > 0))
		return false;
	if (r > 0)
		checker_over(&http->curl.run, CHECKER_RESULT_FAILED,
			"body matches, and must not: \"%s\"",
			checker_printable(body, http->body_length, start, sizeof(start)));
	else if (r == -ETIMEDOUT)
		checker_over(
			&http->curl.run, CHECKER_RESULT_FAILED, "matching the body takes too long");
	else if (r < 0)
		checker_untried(&http->curl.run, "body", r);
	else if (http->stop == HTTP_STOP_ENOUGH)
		checker_over(&http->curl.run, CHECKER_RESULT_FAILED,
			"the body's first %u bytes do not match: \"%s\"", HTTP_BODY_MOST,
			checker_printable(body, http->body_length, start, sizeof(start)));
	else
		checker_over(&http->curl.run, CHECKER_RESULT_FAILED, "body does not match: \"%s\"",
			checker_printable(body, http->body_length, start, sizeof(start)));
	return true;
}

/* The answer is in, or as much of it as is wanted. */
static void http_judge(struct http *http)
{
	long status = http_status(http);

	if (!http_status_passes(http, status)) {
		http_over_status(http, status);
		return;
	}
	if (http_over_version(http) || http_over_digest(http) ||
		http_over_regex(http, http->http->body, true) ||
		http_over_regex(http, http->http->body_not, false))
		return;
	checker_over(&http->curl.run, CHECKER_RESULT_PASSED, "status %ld", status);
}

/* Who asks does so at the run's end, and tells the steps then. */
static const char *http_doing(const struct checker_run *run)
{
	static const char *const words[CHECKER_CURL_STAGE_COUNT] = {
		[CHECKER_CURL_STAGE_CONNECT] = "connect",
		[CHECKER_CURL_STAGE_TLS] = "tls handshake",
		[CHECKER_CURL_STAGE_ANSWER] = "waiting for the answer",
		[CHECKER_CURL_STAGE_READ] = "reading the headers",
	};
	struct http *http = (struct http *)run;

	checker_curl_steps(&http->curl, http->tls);
	if (http->body_begun)
		return "reading the body";
	return words[checker_curl_stage(&http->curl, http->tls)];
}

static void http_ended(struct checker_curl_run *curl, CURLcode code)
{
	struct http *http = (struct http *)curl;
	struct checker_run *run = &curl->run;

	const char *doing = http_doing(run);
	checker_step(run, http->body_begun ? "body" : doing);
	if (code == CURLE_OK || http->stop == HTTP_STOP_STATUS || http->stop == HTTP_STOP_ENOUGH)
		http_judge(http);
	else if (http->stop == HTTP_STOP_HEADERS)
		checker_over(run, CHECKER_RESULT_FAILED, "headers of more than %u bytes",
			CHECKER_CURL_HEADERS_MOST);
	else if (http->stop == HTTP_STOP_BODY)
		checker_over(
			run, CHECKER_RESULT_FAILED, "body of more than %u bytes", HTTP_BODY_MOST);
	else if (http->stop == HTTP_STOP_MEMORY)
		checker_untried(run, "body", -ENOMEM);
	else if (code == CURLE_GOT_NOTHING && http->http->version == CONFIG_HTTP_VERSION_2)
		checker_over(run, CHECKER_RESULT_FAILED,
			"closed without an answer in HTTP/2, which is all that was asked for");
	else
		checker_curl_over(curl, code, doing);
}

/* The end of the headers is known by its empty line; of an interim answer (1xx) it is not the end. */
static enum http_stop http_take_header(struct http *http, const char *text, size_t size)
{
	if (!checker_curl_count(&http->curl, size))
		return HTTP_STOP_HEADERS;
	if ((text[0] != '\r' && text[0] != '\n') || http_status(http) < HTTP_STATUS_LOW)
		return HTTP_STOP_NONE;
	http->body_begun = true;
	return http_status_passes(http, http_status(http)) ? HTTP_STOP_NONE : HTTP_STOP_STATUS;
}

static size_t http_on_header(char *text, size_t size, size_t count, void *data)
{
	struct http *http = data;

	http->stop = http_take_header(http, text, size * count);
	return http->stop == HTTP_STOP_NONE ? size * count : 0;
}

/* Doubles, up to all that is looked at. */
static bool http_keep(struct http *http, const char *text, size_t size)
{
	size_t want = http->body_length + size;
	size_t capacity = http->body_capacity ? http->body_capacity : 4096;

	while (capacity < want)
		capacity *= 2;
	if (capacity > http->body_capacity) {
		if (!checker_curl_reserve(&http->curl, capacity - http->body_capacity))
			return false;
		http->body_capacity = capacity;
		http->body = memory_resize(http->body, capacity, 1);
	}
	memcpy(http->body + http->body_length, text, size);
	return true;
}

static enum http_stop http_take(struct http *http, const char *text, size_t size)
{
	const struct config_http *want = http->http;
	size_t room = HTTP_BODY_MOST - http->body_length;
	size_t taken = MIN(size, room);

	if (size > room && want->digest)
		return HTTP_STOP_BODY;
	if ((want->body || want->body_not) && !http_keep(http, text, taken))
		return HTTP_STOP_MEMORY;
	if (want->digest)
		sha256_update(&http->digest, taken, (const uint8_t *)text);
	http->body_length += taken;
	return size > room ? HTTP_STOP_ENOUGH : HTTP_STOP_NONE;
}

static size_t http_on_body(char *text, size_t size, size_t count, void *data)
{
	struct http *http = data;

	http->stop = http_take(http, text, size * count);
	return http->stop == HTTP_STOP_NONE ? size * count : 0;
}

static void http_add_header(struct http *http, const char *text)
{
	struct curl_slist *list = http->curl.library->slist_append(http->headers, text);

	if (list)
		http->headers = list;
	else
		checker_curl_note(&http->curl, CURLE_OUT_OF_MEMORY);
}

/* libcurl takes "Name:" for the wish to leave a header out, and "Name;" for one that is empty. */
static void http_add_own_header(struct http *http, const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon[1 + strspn(colon + 1, " \t")] != '\0') {
		http_add_header(http, text);
		return;
	}
	_cleanup_free_ char *empty = memory_printf("%.*s;", (int)(colon - text), text);
	http_add_header(http, empty);
}

static bool http_names(const char *header, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(header, name, length) == 0 && header[length] == ':';
}

/* Whether the file has that header: what it says is not said twice. */
static bool http_says_own(const struct http *http, const char *name)
{
	vector_foreach(&http->http->headers, header)
		if (http_names(*header, name))
			return true;
	return false;
}

/* The server closes when it has answered. */
static void http_set_headers(struct http *http)
{
	const char *host = http->http->host;
	char text[300];

	vector_foreach(&http->http->headers, header)
		http_add_own_header(http, *header);
	if (!http_says_own(http, "Connection"))
		http_add_header(http, "Connection: close");
	if (host) {
		snprintf(text, sizeof(text), "Host: %s", host);
		http_add_header(http, text);
	}
	checker_curl_set(&http->curl, CURLOPT_HTTPHEADER, http->headers);
}

static void http_set_method(struct http *http)
{
	switch (http->http->method) {
	case CONFIG_HTTP_METHOD_GET:
		break;
	case CONFIG_HTTP_METHOD_HEAD:
		checker_curl_set(&http->curl, CURLOPT_NOBODY, 1L);
		break;
	case CONFIG_HTTP_METHOD_POST:
		checker_curl_set(&http->curl, CURLOPT_POSTFIELDS, "");
		break;
	case CONFIG_HTTP_METHOD_OPTIONS:
		checker_curl_set(&http->curl, CURLOPT_CUSTOMREQUEST, "OPTIONS");
		break;
	}
}

static void http_set_version(struct http *http)
{
	static const long versions[] = {
		[CONFIG_HTTP_VERSION_1_0] = CURL_HTTP_VERSION_1_0,
		[CONFIG_HTTP_VERSION_1_1] = CURL_HTTP_VERSION_1_1,
		[CONFIG_HTTP_VERSION_2] = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
	};
	long version = versions[http->http->version];

	/* Over TLS the two agree on it in the handshake. */
	if (http->tls && http->http->version == CONFIG_HTTP_VERSION_2)
		version = CURL_HTTP_VERSION_2TLS;
	checker_curl_set(&http->curl, CURLOPT_HTTP_VERSION, version);
}

static void http_set_tls(struct http *http)
{
	const struct config_http *want = http->http;
	struct checker_curl_run *curl = &http->curl;

	/* libcurl keeps the authorities of one file, read and parsed (which takes longer than all else), unless there is
	 * a folder of them too. */
	checker_curl_set(curl, CURLOPT_CAPATH, NULL);
	checker_curl_set(curl, CURLOPT_CA_CACHE_TIMEOUT, want->ca ? 0L : HTTP_AUTHORITIES_KEPT);
	if (want->ca)
		checker_curl_set(curl, CURLOPT_CAINFO, want->ca);
	if (!want->verify) {
		checker_curl_set(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		checker_curl_set(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (want->certificate) {
		checker_curl_set(curl, CURLOPT_SSLCERT, want->certificate);
		checker_curl_set(curl, CURLOPT_SSLKEY, want->key);
		/* Else OpenSSL asks for one that is missing on the terminal, and waits. */
		checker_curl_set(curl, CURLOPT_KEYPASSWD, "");
	}
}

/* A name to be said in the handshake makes the URL; where the connection goes is then said apart. `host` may have a port. */
static void http_set_url(struct http *http)
{
	const struct destination_key *target = &http->curl.run.request.target;
	const char *name = http->http->sni ? http->http->sni : http->http->host;
	char endpoint[ADDRESS_ENDPOINT_LENGTH], url[HTTP_URL_SIZE];

	address_format_endpoint(&target->address, target->port, endpoint);
	if (!http->tls || !name) {
		snprintf(url, sizeof(url), "%s://%s/", http->tls ? "https" : "http", endpoint);
		checker_curl_set(&http->curl, CURLOPT_URL, url);
		return;
	}
	snprintf(url, sizeof(url), "https://%.*s:%u/", (int)strcspn(name, ":"), name, target->port);
	checker_curl_set(&http->curl, CURLOPT_URL, url);
	snprintf(url, sizeof(url), "::%s", endpoint);
	http->connect_to = http->curl.library->slist_append(NULL, url);
	if (!http->connect_to)
		checker_curl_note(&http->curl, CURLE_OUT_OF_MEMORY);
	checker_curl_set(&http->curl, CURLOPT_CONNECT_TO, http->connect_to);
	/* Not the name of the URL. */
	if (!http->http->host && !http_says_own(http, "Host")) {
		snprintf(url, sizeof(url), "Host: %s", endpoint);
		http_add_header(http, url);
	}
}

static bool http_finds_file(struct http *http, const char *path, const char *what)
{
	_cleanup_close_ int fd = file_open_regular(AT_FDCWD, path);

	if (fd == -EMEDIUMTYPE || fd == -EISDIR)
		checker_over(
			&http->curl.run, CHECKER_RESULT_UNTRIED, "%s: not a file of PEM", what);
	else if (fd < 0)
		checker_untried(&http->curl.run, what, fd);
	return fd >= 0;
}

/* libcurl would connect first, and then say of a file that is not there what it says of one that it does not like. And it would
 * wait for who writes to a pipe, and with it all checks. */
static bool http_finds_files(struct http *http)
{
	const struct config_http *want = http->http;

	if (!http->tls)
		return true;
	if (want->verify && want->ca && !http_finds_file(http, want->ca, "authorities"))
		return false;
	return !want->certificate ||
	       (http_finds_file(http, want->certificate, "client certificate") &&
		       http_finds_file(http, want->key, "key of the client certificate"));
}

static void http_start(struct checker_run *run)
{
	struct http *http = (struct http *)run;
	const struct config_check *check = run->request.check;

	http->tls = config_has(&check->object, CONFIG_CHECK_HTTPS);
	http->http = http->tls ? &check->https : &check->http;
	if (!http_finds_files(http) ||
		!checker_curl_take(&http->curl, http->tls ? "https" : "http"))
		return;
	sha256_init(&http->digest);
	http_set_url(http);
	http_set_headers(http);
	http_set_method(http);
	http_set_version(http);
	if (http->tls)
		http_set_tls(http);
	checker_curl_set(&http->curl, CURLOPT_REQUEST_TARGET, http->http->path);
	checker_curl_set(&http->curl, CURLOPT_USERAGENT, "poise/" POISE_VERSION);
	checker_curl_set(&http->curl, CURLOPT_FORBID_REUSE, 1L);
	checker_curl_set(&http->curl, CURLOPT_HEADERFUNCTION, http_on_header);
	checker_curl_set(&http->curl, CURLOPT_HEADERDATA, http);
	checker_curl_set(&http->curl, CURLOPT_WRITEFUNCTION, http_on_body);
	checker_curl_set(&http->curl, CURLOPT_WRITEDATA, http);
	checker_curl_begin(&http->curl, http_ended);
}

static void http_close(struct checker_run *run)
{
	struct http *http = (struct http *)run;

	checker_curl_drop(&http->curl);
	if (http->curl.library) {
		http->curl.library->slist_free_all(http->headers);
		http->curl.library->slist_free_all(http->connect_to);
	}
	checker_curl_release(&http->curl, http->body_capacity);
	free(http->body);
}

const struct checker_kind checker_http = {
	.name = "http",
	.size = sizeof(struct http),
	.start = http_start,
	.close = http_close,
	.doing = http_doing,
};
