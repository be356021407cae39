// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of requests over HTTP: what no server would understand, or what one part of a request says otherwise
 * than another. */
#include <stdlib.h>
#include <strings.h>

#include "model/validate.h"

/* "Name: value", as in RFC 9110: a token, a colon, whatever. */
static bool validate_is_header(const char *text)
{
	size_t name = strspn(text, "!#$%&'*+-.^_`|~0123456789"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return name && text[name] == ':';
}

static bool validate_is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits <= 5 && !text[digits] && strtoul(text, NULL, 10) - 1 < UINT16_MAX;
}

/* A name, or an IPv4 address, with a port behind a colon if need be. */
static void validate_host(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_http *http)
{
	const char *colon = http->host ? strchr(http->host, ':') : NULL;

	if (!colon)
		return;
	if (colon == http->host)
		validate_error(validate, mapping, &http->object, CONFIG_HTTP_HOST, NULL,
			"the host `%.60s` has no name", http->host);
	else if (!validate_is_port(colon + 1))
		validate_error(validate, mapping, &http->object, CONFIG_HTTP_HOST, NULL,
			"behind the colon of the host `%.60s` must be a port, 1 to 65535",
			http->host);
}

/* Both would be sent, and servers go by the one or the other. */
static void validate_host_twice(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_http *http)
{
	static const char name[] = "host:";

	const char *first = NULL;

	vector_foreach(&http->headers, header) {
		if (strncasecmp(*header, name, strlen(name)) != 0)
			continue;
		if (http->host)
			validate_error(validate, mapping, &http->object, CONFIG_HTTP_HEADERS,
				"leave one of them out",
				"`host` says `%.60s`, and `headers` says `%.60s`", http->host,
				*header);
		else if (first)
			validate_error(validate, mapping, &http->object, CONFIG_HTTP_HEADERS,
				"leave one of them out", "`headers` says `%.60s`, and `%.60s` too",
				first, *header);
		first = *header;
	}
}

/* Whether all that would pass are interim answers. */
static bool validate_is_interim(const struct config_range_list *status)
{
	vector_foreach(status, range)
		if (range->high >= 200)
			return false;
	return status->count;
}

/* What is said and does nothing, or not what it seems to. */
static void validate_http_meaning(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_http *http)
{
	if (http->path && strchr(http->path, '#'))
		validate_error(validate, mapping, &http->object, CONFIG_HTTP_PATH,
			"leave it out, or write %23 where it is part of a name",
			"a `#` and what follows it are nothing that a server is asked for");
	if (config_has(&http->object, CONFIG_HTTP_STATUS) && !http->status.count)
		validate_error(validate, mapping, &http->object, CONFIG_HTTP_STATUS,
			"leave it out for 200-299", "no status would pass");
	else if (validate_is_interim(&http->status))
		validate_error(validate, mapping, &http->object, CONFIG_HTTP_STATUS,
			"leave it out for 200-299",
			"no status would pass: what is below 200 comes before an answer, and is "
			"not looked at");
	if (mapping == &schema_https && http->ca && !http->verify)
		validate_warning(validate, mapping, &http->object, CONFIG_HTTPS_CA, NULL,
			"`ca` does nothing with `verify: false`");
}

void validate_http(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_http *http)
{
	vector_foreach(&http->headers, header) {
		if (!validate_is_header(*header))
			validate_error(validate, mapping, &http->object, CONFIG_HTTP_HEADERS, NULL,
				"a header is `Name: value`, unlike `%.40s`", *header);
	}
	validate_http_meaning(validate, mapping, http);
	validate_host(validate, mapping, http);
	validate_host_twice(validate, mapping, http);
	if (http->digest && strlen(http->digest) != strlen("sha256:") + 64)
		validate_error(validate, mapping, &http->object, CONFIG_HTTP_DIGEST, NULL,
			"a digest is `sha256:` and 64 hexadecimal digits");
	if (http->method == CONFIG_HTTP_METHOD_HEAD &&
		(http->body || http->body_not || http->digest))
		validate_error(validate, mapping, &http->object, CONFIG_HTTP_METHOD, NULL,
			"the answer to HEAD has no body to look at");
	if (!http->certificate != !http->key)
		validate_error(validate, mapping, &http->object,
			http->key ? CONFIG_HTTPS_KEY : CONFIG_HTTPS_CERTIFICATE, NULL,
			"`certificate` and `key` go together");
}
