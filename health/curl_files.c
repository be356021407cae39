// SPDX-License-Identifier: GPL-2.0-or-later
/* Why libcurl does not take the certificate and the key that this side is to show.
 *
 * Its words are "unable to set private key file" for all there is: a file that cannot be read, one that holds something else, a key
 * with a password, the key of another certificate. So the two are looked at once more, by who has to tell somebody what to do. */
#include "health/curl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

#define CURL_FILE_MOST (1u << 20)

static const char *curl_key_problem(const char *text)
{
	/* "BEGIN ENCRYPTED PRIVATE KEY", and in the older form a header, "Proc-Type: 4,ENCRYPTED". */
	if (strstr(text, "ENCRYPTED"))
		return "the key has a password: poise has none to give";
	if (!strstr(text, "PRIVATE KEY-----"))
		return "the file of the key has no private key in PEM";
	return "the key does not match the certificate, or is damaged";
}

static const char *curl_certificate_problem(const char *text)
{
	return strstr(text, "CERTIFICATE-----") ? NULL : "the file has no certificate in PEM";
}

/* Whether it said what is wrong with that file. */
static bool curl_over_file(struct checker_curl_run *run, const char *path, const char *what,
	const char *(*problem_of)(const char *text))
{
	char *text = NULL;
	size_t size = 0;
	int r = file_read_regular(AT_FDCWD, path, CURL_FILE_MOST, &text, &size);

	if (r == -EMEDIUMTYPE || r == -EISDIR || r == -EFBIG) {
		checker_over(&run->run, CHECKER_RESULT_UNTRIED, "%s: not a file of PEM", what);
		return true;
	}
	if (r < 0) {
		checker_untried(&run->run, what, r);
		return true;
	}
	const char *problem = problem_of(text);
	if (problem)
		checker_over(&run->run, CHECKER_RESULT_UNTRIED, "client certificate: %s", problem);
	/* It may have been a key. */
	explicit_bzero(text, size);
	free(text);
	return problem;
}

bool checker_curl_over_files(struct checker_curl_run *run)
{
	static const char about_key[] = "unable to set private key file";
	const struct config_http *https = &run->run.request.check->https;

	if (!https->certificate)
		return false;
	if (curl_over_file(run, https->certificate, "client certificate", curl_certificate_problem))
		return true;
	return strncmp(run->words, about_key, strlen(about_key)) == 0 &&
	       curl_over_file(run, https->key, "key of the client certificate", curl_key_problem);
}
