// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual addresses in this network namespace, as one tells it on standard input, and what becomes of them on standard output:
 * the modules of vrrp/ that speak with the kernel, without a virtual router. Commands, a
 * line each, or several with a semicolon between them, which are then carried out without a turn of the loop between them:
 *
 *	set ROUTER [OBJECT…]	it wants exactly these: [bare-]INTERFACE=ADDRESS/PREFIX[@LABEL], up=INTERFACE,
 *				route=DESTINATION/PREFIX,TABLE,INTERFACE[,GATEWAY], rule=SOURCE/PREFIX,TABLE,PREFERENCE
 *	many ROUTER INTERFACE COUNT	that many IPv6 addresses
 *	left OBJECT		an earlier process had it
 *	settle
 *	macvlan ROUTER PARENT 4|6 VRID
 *	drop ROUTER
 *	refuse [ADDRESS…]	exactly these are not accepted; tells what came of it, and how long that took, in µs
 *	link INTERFACE		tells what is known of it
 *	beat			begins to measure how late a timer of 10 ms is
 *				(and, when a router is done, how long that took since the last `set`, in µs)
 *	beaten			tells it: beats, the longest, the 99th percentile, in µs
 *	counters
 *	idle			says "idle" when nothing is to be done
 *	quit			sysctls are put back
 *
 * The one argument, if any, is the file for sysctls. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/macros.h"
#include "base/memory.h"
#include "base/vector.h"
#include "vrrp/address.h"
#include "vrrp/link.h"
#include "vrrp/macvlan.h"
#include "vrrp/netlink.h"

#define INPUT_SIZE  65536u
#define WORDS_MOST  1024u
#define BEAT_NS     10000000ull
#define LOOK_NS     5000000ull
#define NS_OF_US    1000u
#define MANY_PREFIX 0x20010db8u

struct late {
	VECTOR_OF(uint64_t);
};

struct test {
	struct loop *loop;
	struct vrrp_netlink *netlink;
	struct vrrp_links *links;
	struct vrrp_errands *errands;
	struct vrrp_addresses *addresses;
	struct vrrp_macvlans *macvlans;
	struct loop_source *input, *beat, *look;
	uint64_t due;
	uint64_t asked; /* when the last `set`, or `refuse`, was read */
	bool beating;
	struct late late;
	char text[INPUT_SIZE];
	size_t length;
};

static int ifindex_of(const struct test *test, const char *name)
{
	const struct vrrp_link *link = vrrp_links_by_name(test->links, name);

	return link ? link->ifindex : 0;
}

static int parse_prefix(char *text, struct address *address, uint8_t *prefix)
{
	char *slash = strchr(text, '/');

	if (!slash)
		return -EINVAL;
	*slash = '\0';
	*prefix = (uint8_t)strtoul(slash + 1, NULL, 10);
	return address_parse(text, address);
}

static int parse_route(const struct test *test, char *text, struct vrrp_object *object)
{
	char *place = NULL, *destination = strtok_r(text, ",", &place);
	char *table = strtok_r(NULL, ",", &place), *interface = strtok_r(NULL, ",", &place);
	char *gateway = strtok_r(NULL, ",", &place);

	object->kind = VRRP_OBJECT_ROUTE;
	if (!interface || parse_prefix(destination, &object->address, &object->prefix) < 0)
		return -EINVAL;
	object->table = (uint32_t)strtoul(table, NULL, 10);
	object->ifindex = ifindex_of(test, interface);
	if (gateway)
		return address_parse(gateway, &object->gateway);
	if (object->address.family == AF_INET)
		object->scope = RT_SCOPE_LINK;
	return 0;
}

static int parse_rule(char *text, struct vrrp_object *object)
{
	char *place = NULL, *source = strtok_r(text, ",", &place);
	char *table = strtok_r(NULL, ",", &place), *preference = strtok_r(NULL, ",", &place);

	object->kind = VRRP_OBJECT_RULE;
	if (!preference || parse_prefix(source, &object->source, &object->source_prefix) < 0)
		return -EINVAL;
	object->address.family = object->source.family;
	object->table = (uint32_t)strtoul(table, NULL, 10);
	object->metric = (uint32_t)strtoul(preference, NULL, 10);
	return 0;
}

static int parse_address(
	const struct test *test, const char *interface, char *text, struct vrrp_object *object)
{
	char *label = strchr(text, '@');

	object->kind = VRRP_OBJECT_ADDRESS;
	object->ifindex = ifindex_of(test, interface);
	if (label) {
		*label = '\0';
		snprintf(object->name, sizeof(object->name), "%s", label + 1);
	}
	return parse_prefix(text, &object->address, &object->prefix);
}

static struct vrrp_object parse_object(const struct test *test, char *word)
{
	struct vrrp_object object = {};
	char *value = strchr(word, '=');
	int r = -EINVAL;

	if (value) {
		*value++ = '\0';
		if (strcmp(word, "up") == 0) {
			object.kind = VRRP_OBJECT_UP;
			object.ifindex = ifindex_of(test, value);
			r = 0;
		} else if (strcmp(word, "route") == 0) {
			r = parse_route(test, value, &object);
		} else if (strcmp(word, "rule") == 0) {
			r = parse_rule(value, &object);
		} else {
			object.bare = strncmp(word, "bare-", strlen("bare-")) == 0;
			r = parse_address(
				test, word + (object.bare ? strlen("bare-") : 0), value, &object);
		}
	}
	if (r < 0) {
		fprintf(stderr, "no object: %s\n", word);
		exit(1);
	}
	return object;
}

static void on_news(void *data, const struct vrrp_addresses_news *news)
{
	static const char *const names[] = {
		[VRRP_WANTED_DONE] = "done",
		[VRRP_WANTED_CAME] = "came",
		[VRRP_WANTED_LOST] = "lost",
		[VRRP_WANTED_FOUGHT] = "fought",
		[VRRP_WANTED_FAILED] = "failed",
		[VRRP_WANTED_FOUND] = "found",
	};
	const struct test *test = data;
	char text[VRRP_OBJECT_TEXT_SIZE] = "";
	bool macvlan = vrrp_macvlans_is_number(news->router) && news->router != VRRP_WANTED_NOBODY;
	uint64_t number = macvlan ? news->router - vrrp_macvlans_number(0) : news->router;

	if (news->object)
		vrrp_object_text(news->object, text);
	if (test->beating && news->news == VRRP_WANTED_DONE && !macvlan)
		printf("beats before done %zu\nwaited %llu\n", test->late.count,
			(unsigned long long)((loop_clock() - test->asked) / NS_OF_US));
	printf("%s %s%lld%s%s%s%s\n", names[news->news], macvlan ? "m" : "", (long long)number,
		*text ? " " : "", text, news->words ? ": " : "", news->words ? news->words : "");
}

static void tell_link(const struct vrrp_link *link)
{
	char source4[ADDRESS_LENGTH] = "none", source6[ADDRESS_LENGTH] = "none";

	if (link->source4.family)
		address_format(&link->source4, source4);
	if (link->source6.family)
		address_format(&link->source6, source6);
	printf("link %s index %d %s %s mtu %u %s %s\n", link->name, link->ifindex,
		link->up ? "up" : "down", link->running ? "running" : "idle", link->mtu, source4,
		source6);
}

static void on_link(void *data, const struct vrrp_link *link, unsigned int changes)
{
	(void)data;
	if (changes & VRRP_LINK_CAME)
		printf("came %s\n", link->name);
	if (changes & VRRP_LINK_WENT)
		printf("went %s\n", link->name);
	if (changes & VRRP_LINK_STATE)
		printf("state %s %s\n", link->name, link->running ? "running" : "idle");
	if (changes & VRRP_LINK_MTU)
		printf("mtu %s %u\n", link->name, link->mtu);
	if (changes & VRRP_LINK_MAC)
		printf("mac %s\n", link->name);
	if (changes & VRRP_LINK_SOURCE)
		printf("source %s\n", link->name);
}

static void on_read(void *data)
{
	(void)data;
	printf("read\n");
}

static void on_unheld(void *data, uint64_t whose, const char *name, const char *words)
{
	struct test *test = data;

	vrrp_addresses_unheld(test->addresses, name);
	printf("unheld %s%llu %s\n", vrrp_macvlans_is_number(whose) ? "m" : "",
		(unsigned long long)vrrp_macvlans_router(whose), words);
}

static void on_refused(void *data, const struct vrrp_errand_refused *refused)
{
	const struct test *test = data;

	printf("refused %llu %d %s\n",
		(unsigned long long)((loop_clock() - test->asked) / NS_OF_US), refused->code,
		refused->words);
}

/* As in poised: behind the process whose hand it is. */
static int enter_hand(void *data)
{
	struct sched_param parameters;

	(void)data;
	if (sched_getparam(0, &parameters) == 0 && parameters.sched_priority-- > 1)
		(void)sched_setparam(0, &parameters);
	return 0;
}

static void on_ready(void *data, uint64_t router, int ifindex)
{
	(void)data;
	(void)ifindex;
	printf("ready %llu\n", (unsigned long long)router);
}

static void command_set(struct test *test, char *const *words, size_t count)
{
	struct vrrp_object objects[WORDS_MOST];
	size_t wanted = 0;

	test->asked = loop_clock();
	for (size_t i = 1; i < count; i++)
		objects[wanted++] = parse_object(test, words[i]);
	vrrp_addresses_set(test->addresses, strtoul(words[0], NULL, 10), objects, wanted);
}

static void command_many(struct test *test, char *const *words)
{
	size_t count = strtoul(words[2], NULL, 10);
	struct vrrp_object *objects = memory_resize(NULL, count + 1, sizeof(*objects));
	int ifindex = ifindex_of(test, words[1]);

	for (size_t i = 0; i < count; i++) {
		uint32_t parts[4] = {
			htonl(MANY_PREFIX), 0, htonl((uint32_t)ifindex), htonl((uint32_t)i + 1)};

		objects[i] = (struct vrrp_object){.kind = VRRP_OBJECT_ADDRESS,
			.ifindex = ifindex,
			.address = address_from_bytes(AF_INET6, parts),
			.prefix = 128};
	}
	vrrp_addresses_set(test->addresses, strtoul(words[0], NULL, 10), objects, count);
	free(objects);
}

static void command_macvlan(struct test *test, char *const *words)
{
	_cleanup_error_ struct error error = {};
	int r = vrrp_macvlans_want(test->macvlans, strtoul(words[0], NULL, 10),
		ifindex_of(test, words[1]), words[2][0] == '6' ? AF_INET6 : AF_INET,
		(uint8_t)strtoul(words[3], NULL, 10), &error);

	if (r < 0)
		printf("refused %s: %s\n", words[0], error_text(&error, r));
}

static void command_refuse(struct test *test, char *const *words, size_t count)
{
	_cleanup_accept_list_ struct vrrp_accept_list all = {}, list = {};

	for (size_t i = 0; i < count; i++)
		if (address_parse(words[i], &vector_append(&all)->address) < 0)
			printf("no address: %s\n", words[i]);
	vrrp_accept_list_fill(&list, all.items, all.count);
	test->asked = loop_clock();
	vrrp_errands_refuse(test->errands, &list);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return COMPARE(*left, *right);
}

static void on_beat(void *data)
{
	struct test *test = data;

	vector_push(&test->late, loop_clock() - test->due);
	test->due += BEAT_NS;
	loop_timer_set(test->beat, test->due);
}

static void command_beat(struct test *test)
{
	test->late.count = 0;
	test->beating = true;
	test->due = loop_clock() + BEAT_NS;
	loop_timer_set(test->beat, test->due);
}

static void command_beaten(struct test *test)
{
	struct late *late = &test->late;

	loop_timer_set(test->beat, LOOP_NEVER);
	test->beating = false;
	vector_sort(late, compare_numbers);
	printf("beats %zu", late->count);
	if (late->count)
		printf(" longest %llu p99 %llu",
			(unsigned long long)(late->items[late->count - 1] / NS_OF_US),
			(unsigned long long)(late->items[late->count * 99 / 100] / NS_OF_US));
	printf("\n");
}

static void command_counters(const struct test *test)
{
	struct vrrp_netlink_counters netlink = vrrp_netlink_counters(test->netlink);
	struct vrrp_addresses_counters addresses = vrrp_addresses_counters(test->addresses);

	printf("counters added %llu removed %llu failed %llu lost %llu fought %llu requests %llu "
	       "sends %llu events %llu readings %llu overruns %llu malformed %llu paused %zu\n",
		(unsigned long long)addresses.added, (unsigned long long)addresses.removed,
		(unsigned long long)addresses.failed, (unsigned long long)addresses.lost,
		(unsigned long long)addresses.fought, (unsigned long long)netlink.requests,
		(unsigned long long)netlink.sends, (unsigned long long)netlink.events,
		(unsigned long long)netlink.readings, (unsigned long long)netlink.overruns,
		(unsigned long long)netlink.malformed, vrrp_addresses_paused(test->addresses));
}

static void on_look(void *data)
{
	struct test *test = data;

	if (vrrp_addresses_are_idle(test->addresses) && vrrp_netlink_is_read(test->netlink))
		printf("idle\n");
	else
		loop_timer_set(test->look, loop_clock() + LOOK_NS);
}

static void command(struct test *test, char *line)
{
	char *words[WORDS_MOST], *place = NULL;
	size_t count = 0;

	for (char *word = strtok_r(line, " ", &place); word && count < WORDS_MOST;
		word = strtok_r(NULL, " ", &place))
		words[count++] = word;
	if (count >= 2 && strcmp(words[0], "set") == 0) {
		command_set(test, words + 1, count - 1);
	} else if (count == 4 && strcmp(words[0], "many") == 0) {
		command_many(test, words + 1);
	} else if (count == 2 && strcmp(words[0], "left") == 0) {
		struct vrrp_object object = parse_object(test, words[1]);

		vrrp_addresses_left(test->addresses, &object);
	} else if (count == 1 && strcmp(words[0], "settle") == 0) {
		vrrp_addresses_settle(test->addresses);
		vrrp_errands_settle(test->errands);
	} else if (count == 5 && strcmp(words[0], "macvlan") == 0) {
		command_macvlan(test, words + 1);
	} else if (count == 2 && strcmp(words[0], "drop") == 0) {
		vrrp_macvlans_drop(test->macvlans, strtoul(words[1], NULL, 10));
	} else if (count >= 1 && strcmp(words[0], "refuse") == 0) {
		command_refuse(test, words + 1, count - 1);
	} else if (count == 2 && strcmp(words[0], "link") == 0) {
		const struct vrrp_link *link = vrrp_links_by_name(test->links, words[1]);

		if (link)
			tell_link(link);
		else
			printf("link %s none\n", words[1]);
	} else if (count == 1 && strcmp(words[0], "beat") == 0) {
		command_beat(test);
	} else if (count == 1 && strcmp(words[0], "beaten") == 0) {
		command_beaten(test);
	} else if (count == 1 && strcmp(words[0], "counters") == 0) {
		command_counters(test);
	} else if (count == 1 && strcmp(words[0], "idle") == 0) {
		on_look(test);
	} else if (count == 1 && strcmp(words[0], "quit") == 0) {
		loop_stop(test->loop, 0);
	} else {
		fprintf(stderr, "no command: %s\n", count ? words[0] : "");
		exit(1);
	}
}

static void on_input(void *data, uint32_t events)
{
	struct test *test = data;
	ssize_t got = read(
		STDIN_FILENO, test->text + test->length, sizeof(test->text) - test->length - 1);
	char *line = test->text, *end;

	(void)events;
	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			loop_stop(test->loop, 0);
		return;
	}
	test->length += (size_t)got;
	test->text[test->length] = '\0';
	while ((end = strpbrk(line, "\n;"))) {
		*end = '\0';
		command(test, line);
		line = end + 1;
	}
	test->length -= (size_t)(line - test->text);
	memmove(test->text, line, test->length);
}

static int open_all(struct test *test, const char *path)
{
	_cleanup_error_ struct error error = {};
	struct vrrp_links_options links = {.changed = on_link, .read = on_read};
	struct vrrp_addresses_options addresses = {.news = on_news, .data = test};
	struct vrrp_macvlans_options macvlans = {.ready = on_ready};
	const struct vrrp_errands_options errands = {
		.sysctls = path, .unheld = on_unheld, .refused = on_refused, .data = test};

	test->errands = vrrp_errands_new(&errands);
	const struct vrrp_hand_owner owner = {
		.enter = enter_hand, .lease = -1, .worker = vrrp_errands_worker(test->errands)};
	int r = vrrp_netlink_new(test->loop, &owner, &test->netlink, &error);

	if (r < 0) {
		fprintf(stderr, "%s\n", error_text(&error, r));
		return r;
	}
	vrrp_errands_use(test->errands, vrrp_netlink_hand(test->netlink));
	test->links = vrrp_links_new(test->netlink, &links);
	r = vrrp_addresses_new(test->loop, test->netlink, test->links, test->errands, &addresses,
		&test->addresses);
	if (r < 0)
		return r;
	test->macvlans = vrrp_macvlans_new(
		test->netlink, test->links, test->addresses, test->errands, &macvlans);
	vrrp_netlink_read(test->netlink);
	return 0;
}

static void close_all(struct test *test)
{
	vrrp_macvlans_free(test->macvlans);
	vrrp_addresses_free(test->addresses);
	vrrp_errands_put_back(test->errands);
	vrrp_netlink_free(test->netlink);
	vrrp_errands_free(test->errands);
	vrrp_links_free(test->links);
	loop_source_free(test->input);
	loop_source_free(test->beat);
	loop_source_free(test->look);
	vector_clear(&test->late);
	loop_free(test->loop);
}

int main(int argc, char **argv)
{
	static struct test test;
	int r = loop_new(&test.loop);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (r == 0)
		r = open_all(&test, argc > 1 ? argv[1] : NULL);
	if (r == 0 && fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0)
		r = loop_add_io(test.loop, STDIN_FILENO, EPOLLIN, on_input, &test, &test.input);
	if (r == 0)
		r = loop_add_timer(test.loop, on_beat, &test, &test.beat);
	if (r == 0)
		r = loop_add_timer(test.loop, on_look, &test, &test.look);
	if (r < 0) {
		fprintf(stderr, "%s\n", strerror(-r));
		return 1;
	}
	r = loop_run(test.loop);
	close_all(&test);
	return r < 0;
}
