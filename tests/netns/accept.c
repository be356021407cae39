// SPDX-License-Identifier: GPL-2.0-or-later
/* What is not accepted in this network namespace, as one tells it on standard input: vrrp/accept.h, and nothing around it.
 * Commands, a line each, with an answer each:
 *
 *	set [ADDRESS[%INDEX]…]	"set", or "failed: WORDS"
 *	many COUNT		so many addresses of IPv6, and how long that took
 *	check			"check 0", "check 1", or "failed: WORDS"
 *	dropped			"dropped PACKETS", or "dropped none"
 *	quit			without an order: the table stays
 *
 * With an argument it removes the table, as who cleans up does, and ends. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/macros.h"
#include "vrrp/accept.h"

#define LINE_SIZE 4096u
#define NS_OF_S   1000000000ull
#define NS_OF_US  1000u

static void answer(const char *word, int code, struct error *error)
{
	if (code < 0)
		printf("failed: %s\n", error_text(error, code));
	else if (strcmp(word, "set") == 0)
		printf("set\n");
	else
		printf("%s %d\n", word, code);
}

static void command_set(struct vrrp_accept *accept, char *place)
{
	_cleanup_error_ struct error error = {};
	_cleanup_accept_list_ struct vrrp_accept_list list = {};

	for (char *word; (word = strtok_r(NULL, " \n", &place));) {
		struct vrrp_unaccepted *item = vector_append(&list);
		char *index = strchr(word, '%');

		if (index) {
			*index = '\0';
			item->ifindex = (int)strtol(index + 1, NULL, 10);
		}
		if (address_parse(word, &item->address) < 0)
			printf("no address: %s\n", word);
	}
	answer("set", vrrp_accept_set(accept, list.items, list.count, &error), &error);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_OF_S + (uint64_t)time.tv_nsec;
}

static void command_many(struct vrrp_accept *accept, const char *count)
{
	_cleanup_error_ struct error error = {};
	_cleanup_accept_list_ struct vrrp_accept_list list = {};
	uint32_t most = (uint32_t)strtoul(count, NULL, 10);

	for (uint32_t i = 0; i < most; i++) {
		struct vrrp_unaccepted *item = vector_append(&list);

		item->address = (struct address){
			AF_INET6, {0x20, 0x01, 0x0d, 0xb8, [12] = (uint8_t)(i >> 24),
					  (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
	}
	uint64_t began = now();
	int r = vrrp_accept_set(accept, list.items, list.count, &error);
	printf("many %" PRIu64 "\n", (now() - began) / NS_OF_US);
	answer("set", r, &error);
}

static void command_dropped(struct vrrp_accept *accept)
{
	uint64_t packets;

	if (vrrp_accept_dropped(accept, &packets) < 0)
		printf("dropped none\n");
	else
		printf("dropped %" PRIu64 "\n", packets);
}

static void command(struct vrrp_accept *accept, char *line)
{
	_cleanup_error_ struct error error = {};
	char *place = NULL, *word = strtok_r(line, " \n", &place);

	if (!word)
		return;
	if (strcmp(word, "set") == 0)
		command_set(accept, place);
	else if (strcmp(word, "many") == 0)
		command_many(accept, place);
	else if (strcmp(word, "check") == 0)
		answer(word, vrrp_accept_check(accept, &error), &error);
	else if (strcmp(word, "dropped") == 0)
		command_dropped(accept);
	else
		printf("no command: %s\n", word);
}

static int clean_up(void)
{
	_cleanup_error_ struct error error = {};
	int r = vrrp_accept_remove(&error);

	if (r < 0)
		fprintf(stderr, "%s\n", error_text(&error, r));
	return r < 0;
}

int main(int argc, char **argv)
{
	char line[LINE_SIZE];

	(void)argv;
	if (argc > 1)
		return clean_up();
	setvbuf(stdout, NULL, _IOLBF, 0);
	struct vrrp_accept *accept = vrrp_accept_new();
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0)
		command(accept, line);
	vrrp_accept_free(accept);
	return 0;
}
