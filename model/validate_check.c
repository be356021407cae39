// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of checks, and of the programs that files name: what could never pass, or never run, is
 * said while somebody looks at the file. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "base/hex.h"
#include "model/validate.h"

#define VALIDATE_LABEL_MOST 63
/* A longer command is not written out as a hint. */
#define VALIDATE_HINT_MOST 70

/* One word that should have been several, as the list that was meant; NULL where that is not
 * plain. The caller frees it. */
static char *validate_split_words(const char *text)
{
	_cleanup_strbuf_ struct strbuf hint = {};

	if (strlen(text) > VALIDATE_HINT_MOST || strpbrk(text, "[]{},:#&*!|>%@`'\"\\"))
		return NULL;
	strbuf_add(&hint, "write [");
	for (const char *word = text; *word;) {
		int length = (int)strcspn(word, " \t");

		strbuf_printf(&hint, "%s%.*s", word == text ? "" : ", ", length, word);
		word += length;
		word += strspn(word, " \t");
	}
	strbuf_add(&hint, "]");
	return strbuf_take(&hint);
}

void validate_program(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key,
	const struct config_text_list *command)
{
	const char *program = command->count ? command->items[0] : NULL;

	if (!program)
		return;
	if (*program != '/') {
		validate_error(validate, mapping, object, key, NULL,
			"the program of `%s` must be an absolute path", mapping->keys[key].name);
		return;
	}
	if (!strpbrk(program, " \t"))
		return;
	/* There is no shell that would take it apart. */
	_cleanup_free_ char *hint = command->count == 1 ? validate_split_words(program) : NULL;
	validate_error(validate, mapping, object, key,
		hint ? hint : "the program and its arguments are the words of a list",
		"the program of `%s` has a blank in its name", mapping->keys[key].name);
}

void validate_user(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const char *user)
{
	if (user && *user && !user[strspn(user, "0123456789")])
		validate_error(validate, mapping, object, key, "write the name of the user",
			"`%s` is a number, and no user has such a name", user);
}

static void validate_exec(struct validate *validate, const struct config_exec *exec)
{
	validate_program(
		validate, &schema_exec, &exec->object, CONFIG_EXEC_COMMAND, &exec->command);
	if (exec->user && strcmp(exec->user, "root") == 0)
		validate_error(validate, &schema_exec, &exec->object, CONFIG_EXEC_USER, NULL,
			"no check is run as root");
	validate_user(validate, &schema_exec, &exec->object, CONFIG_EXEC_USER, exec->user);
}

/* No name server is ever asked for such a name (RFC 7686). */
static bool validate_is_onion(const char *name)
{
	static const char suffix[] = ".onion";
	size_t length = strlen(name);

	length -= length && name[length - 1] == '.';
	return length >= strlen(suffix) &&
	       strncasecmp(name + length - strlen(suffix), suffix, strlen(suffix)) == 0;
}

/* What is wrong with a name that has only the characters of names; NULL. The root is a name. */
static const char *validate_domain(const char *name)
{
	if (strcmp(name, ".") == 0)
		return NULL;
	for (const char *label = name; *label;) {
		size_t length = strcspn(label, ".");

		if (!length)
			return "has an empty label";
		if (length > VALIDATE_LABEL_MOST)
			return "has a label of more than 63 characters";
		label += length;
		label += *label == '.';
	}
	return validate_is_onion(name) ? "is none that name servers are asked for" : NULL;
}

static void validate_dns(struct validate *validate, const struct config_dns *dns)
{
	const char *wrong = dns->name ? validate_domain(dns->name) : NULL;

	if (wrong)
		validate_error(validate, &schema_dns, &dns->object, CONFIG_DNS_NAME, NULL,
			"the name %s", wrong);
}

/* "[10.0.0.1]", "[IPv6:2001:db8::1]": of one who has no name (RFC 5321, 4.1.3). */
static bool validate_is_literal(const char *text)
{
	static const char six[] = "IPv6:";
	size_t length = strlen(text);
	char inside[ADDRESS_LENGTH];
	struct address address;

	if (text[0] != '[' || text[length - 1] != ']')
		return false;
	bool is_six = strncasecmp(text + 1, six, strlen(six)) == 0;
	size_t head = 1 + (is_six ? strlen(six) : 0);
	if (length - 1 <= head || length - 1 - head >= sizeof(inside))
		return false;
	snprintf(inside, sizeof(inside), "%.*s", (int)(length - 1 - head), text + head);
	return address_parse(inside, &address) == 0 &&
	       address.family == (is_six ? AF_INET6 : AF_INET);
}

/* What is wrong with what a mail server is to be greeted with; NULL. */
static const char *validate_helo(const char *name)
{
	if (validate_is_literal(name))
		return NULL;
	if (*name == '[')
		return "is no address: write [10.0.0.1], or [IPv6:2001:db8::1]";
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return "has characters that no domain name has";
	return validate_domain(name);
}

/* As RFC 5321 wants a name to be, which mail servers look at. */
static void validate_smtp(struct validate *validate, const struct config_smtp *smtp)
{
	const char *name = smtp->helo && *smtp->helo ? smtp->helo : "localhost";
	const char *wrong = validate_helo(name);

	if (*name == '[')
		name = "";
	for (const char *label = name; !wrong && *label;) {
		size_t length = strcspn(label, ".");

		if (length && (label[0] == '-' || label[length - 1] == '-'))
			wrong = "has a label that begins or ends with `-`";
		label += length;
		label += *label == '.';
	}
	if (wrong)
		validate_error(validate, &schema_smtp, &smtp->object, CONFIG_SMTP_HELO, NULL,
			"the name %s", wrong);
}

static void validate_bytes(
	struct validate *validate, const struct config_udp *udp, const char *text, unsigned int key)
{
	uint8_t bytes[CONFIG_UDP_SEND_MOST], masks[CONFIG_UDP_SEND_MOST];

	if (text && hex_parse(text, bytes, key == CONFIG_UDP_EXPECT_HEX ? masks : NULL,
			    sizeof(bytes)) < 0)
		validate_error(validate, &schema_udp, &udp->object, key,
			"two digits are a byte: write 00ff 03, and at most 1400 of them",
			"`%s` has a digit that stands alone, or too many",
			schema_udp.keys[key].name);
}

static void validate_udp(struct validate *validate, const struct config_udp *udp)
{
	validate_bytes(validate, udp, udp->send_hex, CONFIG_UDP_SEND_HEX);
	validate_bytes(validate, udp, udp->expect_hex, CONFIG_UDP_EXPECT_HEX);
	if (udp->send && udp->send_hex)
		validate_error(validate, &schema_udp, &udp->object, CONFIG_UDP_SEND_HEX,
			"leave one of them out", "a datagram has one payload");
	if (config_has(&udp->object, CONFIG_UDP_REQUIRE_REPLY) && !udp->require_reply &&
		(udp->expect || udp->expect_hex || udp->reply_length.count))
		validate_error(validate, &schema_udp, &udp->object, CONFIG_UDP_REQUIRE_REPLY,
			"leave it out", "a reply of which something is wanted is required");
}

static void validate_intervals(struct validate *validate, const struct config_check *check)
{
	if (config_has(&check->object, CONFIG_CHECK_TIMEOUT) &&
		config_has(&check->object, CONFIG_CHECK_INTERVAL) &&
		check->timeout > check->interval)
		validate_warning(validate, &schema_check, &check->object, CONFIG_CHECK_TIMEOUT,
			NULL,
			"`timeout` is longer than `interval`: a probe that takes so long holds "
			"back "
			"the next one");
	if (check->retry_interval > check->interval)
		validate_error(validate, &schema_check, &check->object, CONFIG_CHECK_RETRY_INTERVAL,
			NULL,
			"`retry-interval` is for probes that come sooner than `interval` says");
	else if (check->retry_interval && check->fall == 1)
		validate_warning(validate, &schema_check, &check->object,
			CONFIG_CHECK_RETRY_INTERVAL, NULL,
			"`retry-interval` does nothing with `fall: 1`");
}

/* What a kind of check has nothing to do with. */
static const struct {
	enum config_check_key key;
	uint32_t kinds;
	const char *words;
} validate_meaningless[] = {
	{CONFIG_CHECK_PORT,
		1u << CONFIG_CHECK_PING | 1u << CONFIG_CHECK_EXEC | 1u << CONFIG_CHECK_FILE,
		"a check of this kind has no port"},
	{CONFIG_CHECK_ADDRESS, 1u << CONFIG_CHECK_EXEC | 1u << CONFIG_CHECK_FILE,
		"a check of this kind connects to nobody itself, and has no address"},
	{CONFIG_CHECK_SOURCE, 1u << CONFIG_CHECK_EXEC | 1u << CONFIG_CHECK_FILE,
		"a check of this kind sends nothing itself, and has no source"},
	{CONFIG_CHECK_INTERFACE, 1u << CONFIG_CHECK_EXEC | 1u << CONFIG_CHECK_FILE,
		"a check of this kind sends nothing itself, and has no interface"},
	{CONFIG_CHECK_FWMARK, 1u << CONFIG_CHECK_EXEC | 1u << CONFIG_CHECK_FILE,
		"a check of this kind sends nothing itself, and has no mark"},
};

static void validate_reach(struct validate *validate, const struct config_check *check)
{
	for (size_t i = 0; i < ARRAY_LENGTH(validate_meaningless); i++) {
		if (config_has(&check->object, validate_meaningless[i].key) &&
			check->object.set & validate_meaningless[i].kinds)
			validate_error(validate, &schema_check, &check->object,
				validate_meaningless[i].key, NULL, "%s",
				validate_meaningless[i].words);
	}
}

/* A link-local address is one of each interface: the kernel connects to none, and lets nobody speak from one, without a word on which. */
static void validate_link_local(struct validate *validate, const struct config_check *check,
	const struct address *address, unsigned int key)
{
	char text[ADDRESS_LENGTH];

	if (address->family == AF_INET6 && address_is_link_local(address) && !check->interface)
		validate_error(validate, &schema_check, &check->object, key,
			"say which `interface`", "%s is link-local: it is one of each interface",
			address_format(address, text));
}

static bool validate_is_nobody(const struct address *address)
{
	return address->family &&
	       (address_is_unspecified(address) || address_is_multicast(address) ||
		       validate_is_broadcast(address));
}

/* Nobody in particular answers there, or this machine itself does; and nobody asks from there. */
static void validate_asked(struct validate *validate, const struct config_check *check)
{
	char text[ADDRESS_LENGTH];

	if (validate_is_nobody(&check->address))
		validate_error(validate, &schema_check, &check->object, CONFIG_CHECK_ADDRESS, NULL,
			"%s is no address of a server", address_format(&check->address, text));
	if (validate_is_nobody(&check->source))
		validate_error(validate, &schema_check, &check->object, CONFIG_CHECK_SOURCE, NULL,
			"%s is no address to ask from", address_format(&check->source, text));
}

void validate_check(struct validate *validate, const struct config_check *check)
{
	if (config_has(&check->object, CONFIG_CHECK_HTTP))
		validate_http(validate, &schema_http, &check->http);
	if (config_has(&check->object, CONFIG_CHECK_HTTPS))
		validate_http(validate, &schema_https, &check->https);
	if (config_has(&check->object, CONFIG_CHECK_DNS))
		validate_dns(validate, &check->dns);
	if (config_has(&check->object, CONFIG_CHECK_SMTP))
		validate_smtp(validate, &check->smtp);
	if (config_has(&check->object, CONFIG_CHECK_UDP))
		validate_udp(validate, &check->udp);
	if (config_has(&check->object, CONFIG_CHECK_EXEC))
		validate_exec(validate, &check->exec);
	validate_reach(validate, check);
	validate_asked(validate, check);
	validate_link_local(validate, check, &check->address, CONFIG_CHECK_ADDRESS);
	validate_link_local(validate, check, &check->source, CONFIG_CHECK_SOURCE);
	validate_intervals(validate, check);
}
