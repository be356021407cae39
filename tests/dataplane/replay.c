// SPDX-License-Identifier: GPL-2.0-or-later
/* replay: what the forwarder does with frames, for who knows what it should do (tests/dataplane/run).
 *
 * Cases come in on stdin, a line for each thing:
 *
 *	case WORKERS CLAMP-MSS
 *	port MAC VLAN MTU ADDRESS/LENGTH…
 *	neighbour PORT ADDRESS MAC
 *	route PREFIX VIA PORT
 *	service LISTENER SCHEDULER PERSISTENCE PREFIX ONE-PACKET	PERSISTENCE in seconds, 0: none
 *	destination ENDPOINT WEIGHT METHOD TUNNEL|- TUNNEL-PORT CHECKSUM UPPER LOWER	of the service before it
 *	open
 *	frame PORT HEX		comes in with the next turn
 *	turn MILLISECONDS	a turn, so much later than the one before
 *	pause SECONDS		that nothing comes in
 *	delete LISTENER ENDPOINT	this destination, between two turns
 *	weight LISTENER ENDPOINT WEIGHT	from now on
 *	close
 *
 * and each turn is answered: a line for each frame, then the drops of the turn.
 *
 *	out PORT HEX | arrived PORT HEX | error PORT NAME MTU HEX | unresolved PORT HEX | too-long PORT HEX | drop
 *	turn [REASON=COUNT]…
 *
 * BUG=NAME in the environment plants a bug (bugs.h); `replay bugs` lists them. */
#include <rte_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/dpdk/dataplane/icmp.h"
#include "base/hex.h"
#include "base/memory.h"
#include "tests/dataplane/bugs.h"
#include "tests/dataplane/replay_world.h"

#define REPLAY_WORDS 16
#define REPLAY_BYTES 4096

struct replay {
	struct replay_case what;
	struct replay_world *world; /* NULL: not open yet */
};

/* The words of a line, and how many. */
struct replay_words {
	char *items[REPLAY_WORDS];
	unsigned int count;
};

static _noreturn_ void fail(const char *why, const char *line)
{
	fprintf(stderr, "replay: %s: %s\n", why, line);
	exit(EXIT_FAILURE);
}

static void expect(bool well, const char *what)
{
	if (!well)
		fail("no good", what);
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	expect(*text && !*end && value <= UINT16_MAX, text);
	return (unsigned int)value;
}

static struct address address_of(const char *text)
{
	struct address address;

	expect(address_parse(text, &address) == 0, text);
	return address;
}

static struct settings_prefix prefix_of(char *text)
{
	char *slash = strchr(text, '/');

	expect(slash != NULL, text);
	*slash = '\0';
	return (struct settings_prefix){address_of(text), (uint8_t)number(slash + 1)};
}

static void link_of(const char *text, uint8_t link[static 6])
{
	expect(sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &link[0], &link[1], &link[2], &link[3],
		       &link[4], &link[5]) == 6,
		text);
}

static void on_case(struct replay *replay, const struct replay_words *words)
{
	replay->what.workers = number(words->items[1]);
	replay->what.clamp_mss = number(words->items[2]);
}

static void on_port(struct replay *replay, const struct replay_words *words)
{
	size_t index = replay->what.ports.count;
	struct settings_port *port = vector_append(&replay->what.ports);

	expect(index < REPLAY_PORTS, "too many ports");
	*port = (struct settings_port){
		.name = memory_printf("port%zu", index),
		.device = memory_printf("net_ring_replay%zu", index),
		.vlan = (uint16_t)number(words->items[2]),
		.mtu = RTE_ETHER_MTU,
	};
	replay->what.mtus[index] = (uint16_t)number(words->items[3]);
	link_of(words->items[1], replay->what.links[index]);
	for (unsigned int i = 4; i < words->count; i++)
		vector_push(&port->addresses, prefix_of(words->items[i]));
}

static void on_neighbour(struct replay *replay, const struct replay_words *words)
{
	struct replay_neighbour *neighbour = vector_append(&replay->what.neighbours);

	neighbour->port = (uint8_t)number(words->items[1]);
	neighbour->address = address_of(words->items[2]);
	link_of(words->items[3], neighbour->link);
}

static void on_route(struct replay *replay, const struct replay_words *words)
{
	struct replay_route *route = vector_append(&replay->what.routes);

	route->to = prefix_of(words->items[1]);
	route->via = address_of(words->items[2]);
	route->port = (uint8_t)number(words->items[3]);
}

static void on_service(struct replay *replay, const struct replay_words *words)
{
	struct service *service = vector_append(&replay->what.services);
	struct service_attributes *attributes = &service->attributes;

	expect(service_key_parse(words->items[1], &service->key) == 0, words->items[1]);
	snprintf(attributes->scheduler, sizeof(attributes->scheduler), "%s", words->items[2]);
	attributes->persistence_timeout = number(words->items[3]);
	attributes->persistent = attributes->persistence_timeout != 0;
	attributes->netmask = service_netmask(service->key.address.family, number(words->items[4]));
	attributes->one_packet = number(words->items[5]);
}

/* The place of a word in a table of names. */
static unsigned int place(const char *word, int (*from_name)(const char *))
{
	int value = from_name(word);

	expect(value >= 0, word);
	return (unsigned int)value;
}

static void on_destination(struct replay *replay, const struct replay_words *words)
{
	struct service_vector *services = &replay->what.services;
	struct destination *destination;
	struct destination_attributes *attributes;

	expect(services->count > 0, "a destination of no service");
	destination = vector_append(&services->items[services->count - 1].destinations);
	attributes = &destination->attributes;
	expect(destination_key_parse(words->items[1], &destination->key) == 0, words->items[1]);
	attributes->weight = number(words->items[2]);
	attributes->forward = place(words->items[3], forward_method_from_name);
	if (strcmp(words->items[4], "-") != 0)
		attributes->tunnel_type = place(words->items[4], tunnel_type_from_name);
	attributes->tunnel_port = (uint16_t)number(words->items[5]);
	attributes->tunnel_checksum = place(words->items[6], tunnel_checksum_from_name);
	attributes->upper_threshold = number(words->items[7]);
	attributes->lower_threshold = number(words->items[8]);
}

static void on_open(struct replay *replay, const struct replay_words *words)
{
	struct service_vector *services = &replay->what.services;
	_cleanup_error_ struct error error = {};
	int r;

	vector_foreach(services, service)
		vector_sort(&service->destinations, destination_compare);
	vector_sort(services, service_compare);
	r = replay_world_open(&replay->world, &replay->what, &error);
	if (r < 0)
		fail(words->items[0], error_text(&error, r));
}

/* What becomes of one destination, named by the next two words. */
static void change(struct replay *replay, const struct replay_words *words, int weight)
{
	_cleanup_error_ struct error error = {};
	struct destination_key destination;
	struct service_key service;
	int r;

	expect(service_key_parse(words->items[1], &service) == 0, words->items[1]);
	expect(destination_key_parse(words->items[2], &destination) == 0, words->items[2]);
	r = replay_world_change(replay->world, &service, &destination, weight, &error);
	if (r < 0)
		fail(words->items[0], error_text(&error, r));
}

static void on_delete(struct replay *replay, const struct replay_words *words)
{
	change(replay, words, REPLAY_DELETED);
}

static void on_weight(struct replay *replay, const struct replay_words *words)
{
	change(replay, words, (int)number(words->items[3]));
}

static void on_pause(struct replay *replay, const struct replay_words *words)
{
	replay_world_pause(replay->world, number(words->items[1]));
}

static void on_frame(struct replay *replay, const struct replay_words *words)
{
	uint8_t bytes[REPLAY_BYTES];
	ssize_t length =
		words->count > 2 ? hex_parse(words->items[2], bytes, NULL, sizeof(bytes)) : 0;

	expect(length >= 0, words->items[0]);
	expect(replay_world_put(replay->world, number(words->items[1]), bytes, (size_t)length) == 0,
		"more frames than a turn has room for");
}

static void print_bytes(const struct replay_result *result)
{
	for (size_t i = 0; i < result->length; i++)
		printf("%02x", result->bytes[i]);
	putchar('\n');
}

static void print_result(const struct replay_result *result)
{
	static const char *const ends[] = {
		[REPLAY_END_DROP] = "drop\n",
		[REPLAY_END_OUT] = "out",
		[REPLAY_END_ARRIVED] = "arrived",
		[REPLAY_END_ERROR] = "error",
		[REPLAY_END_UNRESOLVED] = "unresolved",
		[REPLAY_END_TOO_LONG] = "too-long",
	};
	static const char *const errors[ICMP_ERROR_COUNT] = {
		[ICMP_ERROR_TIME_EXCEEDED] = "time-exceeded",
		[ICMP_ERROR_TOO_BIG] = "too-big",
		[ICMP_ERROR_NO_ROUTE] = "no-route",
		[ICMP_ERROR_HOST_UNREACHABLE] = "host-unreachable",
		[ICMP_ERROR_PORT_UNREACHABLE] = "port-unreachable",
		[ICMP_ERROR_REASSEMBLY] = "reassembly",
	};

	fputs(ends[result->end], stdout);
	if (result->end == REPLAY_END_DROP)
		return;
	printf(" %u ", result->port);
	if (result->end == REPLAY_END_ERROR)
		printf("%s %u ", errors[result->error],
			result->error == ICMP_ERROR_TOO_BIG ? result->mtu : 0);
	print_bytes(result);
}

static void on_turn(struct replay *replay, const struct replay_words *words)
{
	static struct replay_result results[REPLAY_FRAMES];
	uint64_t drops[DROP_REASON_COUNT];
	_cleanup_error_ struct error error = {};
	int count =
		replay_world_turn(replay->world, number(words->items[1]), results, drops, &error);

	if (count < 0)
		fail(words->items[0], error_text(&error, count));
	for (int i = 0; i < count; i++)
		print_result(&results[i]);
	fputs("turn", stdout);
	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++)
		if (drops[i])
			printf(" %s=%llu", drop_reason_name(i), (unsigned long long)drops[i]);
	putchar('\n');
	/* Who asks waits for it. */
	fflush(stdout);
}

static void on_close(struct replay *replay, const struct replay_words *words)
{
	(void)words;
	replay_world_close(replay->world);
	replay->world = NULL;
	replay_case_clear(&replay->what);
}

static const struct {
	const char *name;
	unsigned int words; /* at least, with the name */
	bool open;          /* whether the world is, then */
	void (*take)(struct replay *replay, const struct replay_words *words);
} lines[] = {
	{"frame", 2, true, on_frame},
	{"turn", 2, true, on_turn},
	{"case", 3, false, on_case},
	{"port", 4, false, on_port},
	{"neighbour", 4, false, on_neighbour},
	{"route", 4, false, on_route},
	{"service", 6, false, on_service},
	{"destination", 9, false, on_destination},
	{"open", 1, false, on_open},
	{"pause", 2, true, on_pause},
	{"delete", 3, true, on_delete},
	{"weight", 4, true, on_weight},
	{"close", 1, true, on_close},
};

static void take_line(struct replay *replay, char *line)
{
	struct replay_words words = {};
	char *rest = line, *word;

	while ((word = strsep(&rest, " \n")))
		if (*word && words.count < REPLAY_WORDS)
			words.items[words.count++] = word;
	if (!words.count)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		if (strcmp(words.items[0], lines[i].name) != 0)
			continue;
		expect(words.count >= lines[i].words && lines[i].open == (replay->world != NULL),
			words.items[0]);
		lines[i].take(replay, &words);
		return;
	}
	fail("what is", words.items[0]);
}

int main(int argc, char **argv)
{
	struct replay replay = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r;

	if (argc > 1 && strcmp(argv[1], "bugs") == 0) {
		bugs_list();
		return EXIT_SUCCESS;
	}
	if (!bugs_plant(getenv("BUG")))
		fail("no such bug", getenv("BUG"));
	r = replay_world_start(&error);
	if (r < 0)
		fail("start", error_text(&error, r));
	while (getline(&line, &size, stdin) > 0)
		take_line(&replay, line);
	if (replay.world)
		on_close(&replay, NULL);
	return EXIT_SUCCESS;
}
