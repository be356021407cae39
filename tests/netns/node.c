// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual routers of a file in this network namespace, and nothing else of poise: vrrp/node.h, driven by standard input.
 *
 *	node hold COMMAND…	runs COMMAND with a lease in $LEASE, which outlives the processes that use it
 *	node [SYSCTLS]		carries out, a line each:
 *
 *	set FILE [waits] [HINT…]	the file's virtual routers, of which all wait for services; HINT:
 *				INTERFACE,4|6,VRID,rfc9568|rfc5798
 *	start			the table is filled
 *	facts INDEX fault|well WEIGHT [waits]
 *	serve INDEX
 *	look			a line for each router, ended by "looked"
 *	counters
 *	stop			in order; says "stopped", and ends
 *	quit			without any order */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "model/load.h"
#include "vrrp/lease.h"
#include "vrrp/node.h"

#define INPUT_SIZE 65536u
#define WORDS_MOST 64u
#define FILE_MOST  (16u << 20)

struct test {
	struct loop *loop;
	struct node *node;
	struct loop_source *input;
	char text[INPUT_SIZE];
	size_t length;
};

static void print_view(const char *word, const struct node_view *view)
{
	char source[ADDRESS_LENGTH] = "-", heard[ADDRESS_LENGTH] = "-";

	if (view->router->parameters.source.family != AF_UNSPEC)
		address_format(&view->router->parameters.source, source);
	if (view->peer.source.family != AF_UNSPEC)
		address_format(&view->peer.source, heard);
	printf("%s %s %s %d %s priority %u source %s peer %s %u form %d%s sent %" PRIu64
	       " unsent %" PRIu64 " heard %" PRIu64 " own %" PRIu64
	       " there %zu of %zu transitions %" PRIu64 " trouble \"%s\" why \"%s\"\n",
		word, view->name, view->key->interface, view->key->family == AF_INET ? 4 : 6,
		vrrp_state_name(view->router->state), view->router->parameters.priority, source,
		heard, view->peer.priority, (int)view->checksum, view->mixed ? " mixed" : "",
		view->sent, view->unsent, view->counters->heard, view->counters->own, view->present,
		view->addresses, view->transitions, view->trouble ? view->trouble : "", view->why);
	for (size_t i = 0; i < VRRP_REJECT_COUNT; i++)
		if (view->counters->rejected[i])
			printf("rejected %s %s %" PRIu64 "\n", view->name,
				vrrp_reject_name((enum vrrp_reject)i), view->counters->rejected[i]);
}

static void on_moved(void *data, const struct node_view *view)
{
	(void)data;
	print_view("moved", view);
}

static void on_stopped(void *data)
{
	struct test *test = data;

	printf("stopped\n");
	loop_stop(test->loop, 0);
}

static int parse_hint(char *word, struct node_hint *hint)
{
	char *place = NULL, *interface = strtok_r(word, ",", &place);
	char *family = strtok_r(NULL, ",", &place), *vrid = strtok_r(NULL, ",", &place);
	char *form = strtok_r(NULL, ",", &place);

	if (!form)
		return -EINVAL;
	*hint = (struct node_hint){.key = {.family = *family == '6' ? AF_INET6 : AF_INET,
					   .vrid = (uint8_t)strtoul(vrid, NULL, 10)},
		.checksum = strcmp(form, "rfc5798") == 0 ? VRRP_CHECKSUM_RFC5798
							 : VRRP_CHECKSUM_RFC9568};
	snprintf(hint->key.interface, sizeof(hint->key.interface), "%s", interface);
	return 0;
}

static void set(struct test *test, char **words, size_t count)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_config_ struct config config = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	struct node_hint hints[WORDS_MOST];
	struct node_plan plan = {.hints = hints};
	_cleanup_free_ struct node_facts *facts = NULL;
	bool waits = count > 2 && strcmp(words[2], "waits") == 0;
	size_t size = 0;
	int r = file_read(AT_FDCWD, words[1], FILE_MOST, &text, &size);

	for (size_t i = waits ? 3 : 2; i < count && r == 0; i++)
		r = parse_hint(words[i], &hints[plan.hint_count++]);
	if (r == 0) {
		const struct document document = {.name = words[1], .text = text, .size = size};

		r = config_load(&document, 1, &config, &diagnostics);
	}
	if (r < 0) {
		printf("cannot set %s: %s\n", words[1], strerror(-r));
		return;
	}
	if (waits) {
		plan.facts = facts = memory_new((config.routers.count + 1) * sizeof(*facts));
		for (size_t i = 0; i < config.routers.count; i++)
			facts[i].waits = true;
	}
	node_set(test->node, &config, &plan);
	printf("set\n");
}

static void facts(struct test *test, char **words, size_t count)
{
	if (count < 4)
		return;
	const struct node_facts facts = {.fault = strcmp(words[2], "fault") == 0,
		.weight = (int32_t)strtol(words[3], NULL, 10),
		.waits = count > 4};
	node_tell(test->node, strtoul(words[1], NULL, 10), &facts);
}

static void look(const struct test *test)
{
	for (size_t i = 0; i < node_count(test->node); i++) {
		struct node_view view;

		node_look(test->node, i, &view);
		print_view("router", &view);
	}
	printf("looked\n");
}

static void counters(struct test *test)
{
	struct node_counters told = node_counters(test->node);

	printf("counters added %" PRIu64 " removed %" PRIu64 " failed %" PRIu64 " lost %" PRIu64
	       " announced %" PRIu64 " read %" PRIu64 " dropped %" PRIu64 " unknown %" PRIu64
	       " thawed %" PRIu64 " refused %" PRIu64 "\n",
		told.addresses.added, told.addresses.removed, told.addresses.failed,
		told.addresses.lost, told.announced.sent, told.read, told.dropped, told.unknown,
		told.thawed, told.refused);
}

static void command(struct test *test, char *line)
{
	char *words[WORDS_MOST + 1], *place = NULL;
	size_t count = 0;

	for (char *word = strtok_r(line, " ", &place); word && count < WORDS_MOST;
		word = strtok_r(NULL, " ", &place))
		words[count++] = word;
	if (!count)
		return;
	if (strcmp(words[0], "set") == 0 && count > 1)
		set(test, words, count);
	else if (strcmp(words[0], "start") == 0)
		node_start(test->node);
	else if (strcmp(words[0], "looked") == 0)
		node_forget_supposed(test->node);
	else if (strcmp(words[0], "facts") == 0)
		facts(test, words, count);
	else if (strcmp(words[0], "serve") == 0 && count > 1)
		node_serve(test->node, strtoul(words[1], NULL, 10));
	else if (strcmp(words[0], "look") == 0)
		look(test);
	else if (strcmp(words[0], "counters") == 0)
		counters(test);
	else if (strcmp(words[0], "stop") == 0)
		node_stop(test->node);
	else if (strcmp(words[0], "quit") == 0)
		loop_stop(test->loop, 0);
	else
		printf("no such command: %s\n", words[0]);
}

static void on_input(void *data, uint32_t events)
{
	struct test *test = data;
	ssize_t got = read(STDIN_FILENO, test->text + test->length, INPUT_SIZE - 1 - test->length);
	char *line = test->text, *end;

	(void)events;
	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			loop_stop(test->loop, 0);
		return;
	}
	test->length += (size_t)got;
	test->text[test->length] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		command(test, line);
		line = end + 1;
	}
	test->length -= (size_t)(line - test->text);
	memmove(test->text, line, test->length);
}

static int hold(char **command)
{
	int fd = lease_create();
	char text[16];

	if (fd < 0 || fcntl(fd, F_SETFD, 0) < 0) {
		perror("lease");
		return 1;
	}
	snprintf(text, sizeof(text), "%d", fd);
	setenv("LEASE", text, 1);
	execvp(command[0], command);
	perror(command[0]);
	return 127;
}

static int open_node(struct test *test, const char *sysctls)
{
	_cleanup_error_ struct error error = {};
	const char *lease = getenv("LEASE");
	const struct node_options options = {.loop = test->loop,
		.lease = lease ? (int)strtol(lease, NULL, 10) : -1,
		.sysctls = sysctls,
		.moved = on_moved,
		.stopped = on_stopped,
		.data = test};
	int r = node_new(&options, &test->node, &error);

	if (r < 0)
		fprintf(stderr, "%s\n", error_text(&error, r));
	return r;
}

int main(int argc, char **argv)
{
	static struct test test;

	if (argc > 2 && strcmp(argv[1], "hold") == 0)
		return hold(argv + 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_open("node", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	int r = loop_new(&test.loop);
	if (r == 0)
		r = open_node(&test, argc > 1 ? argv[1] : NULL);
	if (r == 0 && fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0)
		r = loop_add_io(test.loop, STDIN_FILENO, EPOLLIN, on_input, &test, &test.input);
	if (r < 0) {
		fprintf(stderr, "%s\n", strerror(-r));
		return 1;
	}
	r = loop_run(test.loop);
	loop_source_free(test.input);
	node_free(test.node);
	loop_free(test.loop);
	return r < 0;
}
