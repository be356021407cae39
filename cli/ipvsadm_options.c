// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm_options.h"

#include <errno.h>
#include <string.h>

#define QUOTE_LENGTH 48

enum argument {
	ARGUMENT_NONE,
	ARGUMENT_REQUIRED,
	ARGUMENT_OPTIONAL,
};

static const struct {
	char letter;
	enum argument argument;
	const char *name;
} options[IPVSADM_OPTION_COUNT] = {
	[IPVSADM_OPTION_ADD_SERVICE] = {'A', ARGUMENT_NONE, "add-service"},
	[IPVSADM_OPTION_EDIT_SERVICE] = {'E', ARGUMENT_NONE, "edit-service"},
	[IPVSADM_OPTION_DELETE_SERVICE] = {'D', ARGUMENT_NONE, "delete-service"},
	[IPVSADM_OPTION_CLEAR] = {'C', ARGUMENT_NONE, "clear"},
	[IPVSADM_OPTION_ADD_SERVER] = {'a', ARGUMENT_NONE, "add-server"},
	[IPVSADM_OPTION_EDIT_SERVER] = {'e', ARGUMENT_NONE, "edit-server"},
	[IPVSADM_OPTION_DELETE_SERVER] = {'d', ARGUMENT_NONE, "delete-server"},
	[IPVSADM_OPTION_SET] = {0, ARGUMENT_REQUIRED, "set"},
	[IPVSADM_OPTION_START_DAEMON] = {0, ARGUMENT_REQUIRED, "start-daemon"},
	[IPVSADM_OPTION_STOP_DAEMON] = {0, ARGUMENT_REQUIRED, "stop-daemon"},
	[IPVSADM_OPTION_ZERO] = {'Z', ARGUMENT_NONE, "zero"},
	[IPVSADM_OPTION_RESTORE] = {'R', ARGUMENT_NONE, "restore"},
	[IPVSADM_OPTION_SAVE] = {'S', ARGUMENT_NONE, "save"},
	[IPVSADM_OPTION_LIST] = {'L', ARGUMENT_NONE, "list"},
	[IPVSADM_OPTION_LIST_TOO] = {'l', ARGUMENT_NONE, "list"},
	[IPVSADM_OPTION_HELP] = {'h', ARGUMENT_NONE, "help"},
	[IPVSADM_OPTION_VERSION] = {'v', ARGUMENT_NONE, "version"},
	[IPVSADM_OPTION_TCP] = {'t', ARGUMENT_REQUIRED, "tcp-service"},
	[IPVSADM_OPTION_UDP] = {'u', ARGUMENT_REQUIRED, "udp-service"},
	[IPVSADM_OPTION_SCTP] = {0, ARGUMENT_REQUIRED, "sctp-service"},
	[IPVSADM_OPTION_FWMARK] = {'f', ARGUMENT_REQUIRED, "fwmark-service"},
	[IPVSADM_OPTION_IPV6] = {'6', ARGUMENT_NONE, "ipv6"},
	[IPVSADM_OPTION_SCHEDULER] = {'s', ARGUMENT_REQUIRED, "scheduler"},
	[IPVSADM_OPTION_SCHED_FLAGS] = {'b', ARGUMENT_REQUIRED, "sched-flags"},
	[IPVSADM_OPTION_PERSISTENT] = {'p', ARGUMENT_OPTIONAL, "persistent"},
	[IPVSADM_OPTION_NETMASK] = {'M', ARGUMENT_REQUIRED, "netmask"},
	[IPVSADM_OPTION_ENGINE] = {0, ARGUMENT_REQUIRED, "pe"},
	[IPVSADM_OPTION_OPS] = {'o', ARGUMENT_NONE, "ops"},
	[IPVSADM_OPTION_SERVER] = {'r', ARGUMENT_REQUIRED, "real-server"},
	[IPVSADM_OPTION_DIRECT] = {'g', ARGUMENT_NONE, "gatewaying"},
	[IPVSADM_OPTION_TUNNEL] = {'i', ARGUMENT_NONE, "ipip"},
	[IPVSADM_OPTION_NAT] = {'m', ARGUMENT_NONE, "masquerading"},
	[IPVSADM_OPTION_WEIGHT] = {'w', ARGUMENT_REQUIRED, "weight"},
	[IPVSADM_OPTION_UPPER] = {'x', ARGUMENT_REQUIRED, "u-threshold"},
	[IPVSADM_OPTION_LOWER] = {'y', ARGUMENT_REQUIRED, "l-threshold"},
	[IPVSADM_OPTION_TUN_TYPE] = {0, ARGUMENT_REQUIRED, "tun-type"},
	[IPVSADM_OPTION_TUN_PORT] = {0, ARGUMENT_REQUIRED, "tun-port"},
	[IPVSADM_OPTION_TUN_NOCSUM] = {0, ARGUMENT_NONE, "tun-nocsum"},
	[IPVSADM_OPTION_TUN_CSUM] = {0, ARGUMENT_NONE, "tun-csum"},
	[IPVSADM_OPTION_TUN_REMCSUM] = {0, ARGUMENT_NONE, "tun-remcsum"},
	[IPVSADM_OPTION_INTERFACE] = {0, ARGUMENT_REQUIRED, "mcast-interface"},
	[IPVSADM_OPTION_SYNC_ID] = {0, ARGUMENT_REQUIRED, "syncid"},
	[IPVSADM_OPTION_SYNC_LENGTH] = {0, ARGUMENT_REQUIRED, "sync-maxlen"},
	[IPVSADM_OPTION_GROUP] = {0, ARGUMENT_REQUIRED, "mcast-group"},
	[IPVSADM_OPTION_SYNC_PORT] = {0, ARGUMENT_REQUIRED, "mcast-port"},
	[IPVSADM_OPTION_TTL] = {0, ARGUMENT_REQUIRED, "mcast-ttl"},
	[IPVSADM_OPTION_NUMERIC] = {'n', ARGUMENT_NONE, "numeric"},
	[IPVSADM_OPTION_EXACT] = {0, ARGUMENT_NONE, "exact"},
};

const char *ipvsadm_option_name(enum ipvsadm_option option)
{
	return options[option].name;
}

void ipvsadm_quote(const char *word, struct strbuf *text)
{
	size_t length = strnlen(word, QUOTE_LENGTH + 1);

	strbuf_add_char(text, '`');
	for (size_t i = 0; i < length && i < QUOTE_LENGTH; i++)
		strbuf_add_char(text, word[i] >= ' ' && word[i] <= '~' ? word[i] : '?');
	strbuf_add(text, length > QUOTE_LENGTH ? "...`" : "`");
}

int ipvsadm_refuse(struct strbuf *why, const char *before, const char *word, const char *after)
{
	strbuf_add(why, before);
	if (word)
		ipvsadm_quote(word, why);
	strbuf_add(why, after);
	return -EINVAL;
}

static int option_find_letter(char letter)
{
	for (int option = 0; option < IPVSADM_OPTION_COUNT; option++)
		if (letter && options[option].letter == letter)
			return option;
	return -EINVAL;
}

static int option_find_name(const char *name, size_t length)
{
	for (int option = 0; option < IPVSADM_OPTION_COUNT; option++)
		if (strlen(options[option].name) == length &&
			memcmp(options[option].name, name, length) == 0)
			return option;
	return -EINVAL;
}

/* `value` is what is attached to the option ("-w5", "--weight=5"), or NULL. Returns how many words
 * after it were taken, or -EINVAL. */
static int option_take(
	struct ipvsadm_pieces *pieces, int option, const char *value, char **next, size_t left)
{
	int used = 0;

	if (option < IPVSADM_OPTION_COMMANDS)
		for (int other = 0; other < IPVSADM_OPTION_COMMANDS; other++)
			if (pieces->given[other])
				return ipvsadm_refuse(pieces->why, "it has two commands", NULL, "");
	if (pieces->given[option]) {
		strbuf_printf(pieces->why, "--%s stands twice", options[option].name);
		return -EINVAL;
	}
	if (options[option].argument == ARGUMENT_REQUIRED && !value) {
		if (!left) {
			strbuf_printf(pieces->why, "--%s wants a value", options[option].name);
			return -EINVAL;
		}
		value = next[0];
		used = 1;
	} else if (options[option].argument == ARGUMENT_OPTIONAL && !value && left &&
		   next[0][0] != '-') {
		value = next[0];
		used = 1;
	}
	pieces->given[option] = true;
	pieces->value[option] = value;
	return used;
}

static int take_long(struct ipvsadm_pieces *pieces, char **words, size_t left)
{
	const char *name = words[0] + 2, *value = strchr(name, '=');
	int option = option_find_name(name, value ? (size_t)(value - name) : strlen(name));

	if (option < 0)
		return ipvsadm_refuse(pieces->why, "ipvsadm has no option ", words[0], "");
	if (value && options[option].argument == ARGUMENT_NONE)
		return ipvsadm_refuse(pieces->why, "", words[0], " takes no value");
	return option_take(pieces, option, value ? value + 1 : NULL, words + 1, left);
}

/* Letters may stand together; one that takes a value takes what is left of the word, if any. */
static int take_letters(struct ipvsadm_pieces *pieces, char **words, size_t left)
{
	for (const char *letter = words[0] + 1; *letter; letter++) {
		int option = option_find_letter(*letter);
		if (option < 0)
			return ipvsadm_refuse(pieces->why, "ipvsadm has no option ", words[0], "");
		bool attached = options[option].argument != ARGUMENT_NONE && letter[1];
		const char *value = letter + 1 + (letter[1] == '=');
		int used = option_take(pieces, option, attached ? value : NULL, words + 1, left);
		if (used || attached)
			return used;
	}
	return 0;
}

int ipvsadm_pieces_take(struct ipvsadm_pieces *pieces, char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char **word = words + i;
		int used = 0;

		if (word[0][0] == '-' && word[0][1] == '-' && word[0][2])
			used = take_long(pieces, word, count - i - 1);
		else if (word[0][0] == '-' && word[0][1])
			used = take_letters(pieces, word, count - i - 1);
		else if (pieces->given[IPVSADM_OPTION_SET] &&
			 pieces->rest_count < ARRAY_LENGTH(pieces->rest))
			pieces->rest[pieces->rest_count++] = word[0];
		else
			used = ipvsadm_refuse(pieces->why, "", word[0], " belongs to no option");
		if (used < 0)
			return used;
		i += (size_t)used;
	}
	return 0;
}
