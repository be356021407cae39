// SPDX-License-Identifier: GPL-2.0-or-later
/* A check as a URL: `http://10.0.0.11:8080/healthz`, `dns://10.0.0.41/example.com`, `ping://10.0.0.1`.
 *
 * The URL is written down as the YAML of a check and loaded like a file: defaults, bounds and messages are those of the
 * tables of model/schema_check.c, and no second way to make a check can differ from the first. */
#include <errno.h>

#include "cli/check_list.h"
#include "model/canonical.h"

struct url_form {
	enum config_check_key kind;
	const char *name; /* before `://` */
	const char *rest; /* the key that what stands after the address fills, or NULL */
	size_t skip;      /* so many characters of that are not the key's */
	const char *example;
};

static const struct url_form forms[] = {
	{CONFIG_CHECK_TCP, "tcp", NULL, 0, "tcp://10.0.0.11:80"},
	{CONFIG_CHECK_UDP, "udp", NULL, 0, "udp://10.0.0.11:514"},
	{CONFIG_CHECK_HTTP, "http", "path", 0, "http://10.0.0.11:8080/healthz"},
	{CONFIG_CHECK_HTTPS, "https", "path", 0, "https://10.0.0.11/healthz"},
	{CONFIG_CHECK_DNS, "dns", "name", 1, "dns://10.0.0.11/example.com"},
	{CONFIG_CHECK_SMTP, "smtp", NULL, 0, "smtp://10.0.0.11"},
	{CONFIG_CHECK_PING, "ping", NULL, 0, "ping://10.0.0.11"},
};

static const struct url_form *form_find(const char *url)
{
	const char *end = strstr(url, "://");
	size_t length = end ? (size_t)(end - url) : 0;

	for (size_t i = 0; end && i < ARRAY_LENGTH(forms); i++)
		if (strlen(forms[i].name) == length && strncmp(forms[i].name, url, length) == 0)
			return forms + i;
	return NULL;
}

bool cli_check_is_url(const char *target)
{
	return form_find(target) != NULL;
}

enum config_check_key cli_check_kind(const struct config_check *check)
{
	unsigned int kind = 0;

	while (kind + 1 < CONFIG_CHECK_KINDS && !config_has(&check->object, kind))
		kind++;
	return (enum config_check_key)kind;
}

/* The file that declares it. `rest` is what comes after the address. */
static void form_write(const struct url_form *form, const char *rest, struct strbuf *text)
{
	bool bare = !form->rest || strlen(rest) <= form->skip;

	strbuf_printf(text, "poise: 1\nallow-empty: true\nchecks:\n  by-hand:\n    %s:%s\n",
		form->name, bare ? " {}" : "");
	if (bare)
		return;
	strbuf_printf(text, "      %s: ", form->rest);
	config_format_scalar(rest + form->skip, text);
	strbuf_add_char(text, '\n');
}

static int form_load(
	const struct url_form *form, const char *rest, struct config *config, struct error *error)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf text = {};

	form_write(form, rest, &text);
	const struct document document = {.name = "url", .text = text.text, .size = text.length};
	if (config_load(&document, 1, config, &diagnostics) == 0)
		return 0;
	return error_set(error, -EINVAL, "%s",
		diagnostics.count ? diagnostics.items[0].message : "it is no check");
}

static int form_check_port(const struct url_form *form, uint16_t port, struct error *error)
{
	bool wants = form->kind == CONFIG_CHECK_TCP || form->kind == CONFIG_CHECK_UDP;

	if (wants && !port)
		return error_set(error, -EINVAL, "the port is missing, as in %s", form->example);
	if (form->kind == CONFIG_CHECK_PING && port)
		return error_set(error, -EINVAL, "an echo request has no port");
	return 0;
}

int cli_check_parse_url(
	const char *url, struct config *config, struct destination_key *ret, struct error *error)
{
	const struct url_form *form = form_find(url);
	const char *begin = url + strlen(form->name) + strlen("://");
	const char *rest = begin + strcspn(begin, "/?#");
	_cleanup_free_ char *place = memory_copy_bytes(begin, (size_t)(rest - begin));
	struct destination_key key;

	if (destination_key_parse(place, &key) < 0)
		return error_set(error, -EINVAL,
			"`%s` is no ADDRESS[:PORT], and no name is looked up: as in %s", place,
			form->example);
	if (form_check_port(form, key.port, error) < 0)
		return -EINVAL;
	if (*rest && *rest != '/')
		return error_set(error, -EINVAL, "a path starts with `/`, as in %s", form->example);
	if (!form->rest && *rest && rest[1])
		return error_set(
			error, -EINVAL, "nothing goes behind the address, as in %s", form->example);
	if (form_load(form, rest, config, error) < 0)
		return -EINVAL;
	*ret = probe_target(config->checks.items, &key);
	return 0;
}
