// SPDX-License-Identifier: GPL-2.0-or-later
/* announcer: announces addresses over a real interface, for tests/netns/test-announce.
 *
 *	announcer send INTERFACE MAC FORM ROLE REPEAT DELAY REFRESH FRAMES ADDRESS…
 *		FORM request or reply, ROLE router or host, times in ms; ends after FRAMES frames, or
 *		when no more are to come
 *	announcer many INTERFACE ROUTERS ADDRESSES
 *		all of them at once, beside a descriptor that is always ready; half of the routers lose them on the way, and a
 *		quarter is no longer allowed to announce them. Checks that nobody waits for more than a portion
 *	announcer once INTERFACE ADDRESSES
 *		tries to announce each once, however the interface is
 *
 * The counters go to standard output. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/memory.h"
#include "vrrp/announce.h"

#define MILLISECOND 1000000ull
#define LIMIT_NS    (60000 * MILLISECOND)
#define TICK_NS     (10 * MILLISECOND)
#define MOST        100000u

struct announcer {
	struct loop *loop;
	struct announce *announce;
	struct loop_source *timer, *beside;
	struct announcement *items;
	size_t count, each; /* of addresses; of a router's */
	uint64_t until;     /* frames */
	uint64_t limit;
	/* Of `many`. */
	uint64_t before;    /* frames, when the one beside had his last turn */
	uint64_t longest;   /* frames between two turns of his */
	uint64_t turn, gap; /* when that was; the longest time between two */
	uint64_t late, due;
	bool stopped, wrong;
};

static uint64_t handled(const struct announcer *announcer)
{
	const struct announce_counters *counters = announce_counters(announcer->announce);

	return counters->sent + counters->failed;
}

static bool is_over(const struct announcer *announcer)
{
	if (handled(announcer) >= announcer->until)
		return true;
	for (size_t i = 0; i < announcer->count; i++)
		if (announcer->items[i].entry.round != ANNOUNCE_ROUND_NONE)
			return false;
	return true;
}

static void look(void *data)
{
	struct announcer *announcer = data;
	uint64_t now = loop_clock();

	announcer->late = MAX(announcer->late, now - announcer->due);
	if (is_over(announcer))
		loop_stop(announcer->loop, 0);
	else if (now > announcer->limit)
		loop_stop(announcer->loop, -ETIME);
	announcer->due = now + TICK_NS;
	loop_timer_set(announcer->timer, announcer->due);
}

static size_t router_of(const struct announcer *announcer, const struct announcement *item)
{
	return (size_t)(item - announcer->items) / announcer->each;
}

/* Once half of all first frames are out, every second router is no longer active. */
static void stop_half(struct announcer *announcer)
{
	announcer->stopped = true;
	for (size_t i = 0; i < announcer->count; i++)
		if (router_of(announcer, &announcer->items[i]) % 2)
			announce_stop(announcer->announce, &announcer->items[i]);
}

static void beside(void *data, uint32_t events _unused_)
{
	struct announcer *announcer = data;
	uint64_t sent = handled(announcer), now = loop_clock();

	announcer->longest = MAX(announcer->longest, sent - announcer->before);
	announcer->before = sent;
	announcer->gap = MAX(announcer->gap, now - announcer->turn);
	announcer->turn = now;
	if (!announcer->stopped && sent >= announcer->count / 2)
		stop_half(announcer);
}

/* After that every fourth may not announce, and nobody has told the announcer. */
static bool allowed(void *data, const struct announcement *item, uint64_t now)
{
	struct announcer *announcer = data;
	size_t router = router_of(announcer, item);

	if (now > loop_clock() || !item->owner)
		announcer->wrong = true;
	if (!announcer->stopped)
		return true;
	if (router % 2)
		announcer->wrong = true;
	return router % 4 != 2;
}

static int begin(struct announcer *announcer, const char *interface, size_t count)
{
	int ifindex = (int)if_nametoindex(interface);
	int r = loop_new(&announcer->loop);

	if (r < 0 || !ifindex || !count || count > MOST)
		return -EINVAL;
	r = announce_new(announcer->loop, allowed, announcer, &announcer->announce);
	if (r < 0)
		return r;
	announcer->items = memory_resize(NULL, count, sizeof(*announcer->items));
	memset(announcer->items, 0, count * sizeof(*announcer->items));
	announcer->count = announcer->each = count;
	announce_reserve(announcer->announce, count);
	for (size_t i = 0; i < count; i++) {
		announcer->items[i].ifindex = ifindex;
		announcer->items[i].owner = announcer;
		memcpy(announcer->items[i].content.mac, "\x02\0\0\0\xaa\x01", ANNOUNCE_MAC_SIZE);
	}
	announcer->limit = loop_clock() + LIMIT_NS;
	announcer->due = loop_clock();
	r = loop_add_timer(announcer->loop, look, announcer, &announcer->timer);
	if (r == 0)
		loop_timer_set(announcer->timer, announcer->due);
	return r;
}

static int run(struct announcer *announcer, const struct announce_plan *plan)
{
	for (size_t i = 0; i < announcer->count; i++)
		announce_start(announcer->announce, &announcer->items[i], plan);
	return loop_run(announcer->loop);
}

static void end(struct announcer *announcer)
{
	const struct announce_counters *counters = announce_counters(announcer->announce);

	printf("sent %llu put-off %llu failed %llu dropped %llu\n",
		(unsigned long long)counters->sent, (unsigned long long)counters->put_off,
		(unsigned long long)counters->failed, (unsigned long long)counters->dropped);
	loop_source_free(announcer->timer);
	loop_source_free(announcer->beside);
	announce_free(announcer->announce);
	loop_free(announcer->loop);
	free(announcer->items);
}

static bool parse_mac(const char *text, uint8_t mac[static ANNOUNCE_MAC_SIZE])
{
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2],
		       &mac[3], &mac[4], &mac[5]) == ANNOUNCE_MAC_SIZE;
}

static uint64_t parse_ms(const char *text)
{
	return strtoull(text, NULL, 10) * MILLISECOND;
}

static int send_some(char **words, size_t count)
{
	struct announcer announcer = {.until = strtoull(words[7], NULL, 10)};
	const struct announce_plan plan = {.repeat = (unsigned int)strtoul(words[4], NULL, 10),
		.refresh_repeat = 1,
		.delay = parse_ms(words[5]),
		.refresh = parse_ms(words[6])};
	int r = begin(&announcer, words[0], count - 8);

	for (size_t i = 0; r == 0 && i < announcer.count; i++) {
		struct announce_content *content = &announcer.items[i].content;

		if (!parse_mac(words[1], content->mac))
			r = -EINVAL;
		content->form =
			strcmp(words[2], "reply") ? ANNOUNCE_FORM_REQUEST : ANNOUNCE_FORM_REPLY;
		content->router = !strcmp(words[3], "router");
		if (address_parse(words[8 + i], &content->address) < 0)
			r = -EINVAL;
	}
	if (r < 0)
		return 1;
	r = run(&announcer, &plan);
	end(&announcer);
	return r == 0 ? 0 : 1;
}

/* 10.0.0.0 and 2001:db8:: in turn, counted up. */
static void number_addresses(struct announcer *announcer)
{
	for (size_t i = 0; i < announcer->count; i++) {
		struct address *address = &announcer->items[i].content.address;

		address->family = i % 2 ? AF_INET6 : AF_INET;
		memcpy(address->bytes, i % 2 ? "\x20\x01\x0d\xb8" : "\x0a", i % 2 ? 4 : 1);
		for (size_t at = 1; at < 4; at++)
			address->bytes[address_size(address->family) - at] =
				(uint8_t)(i >> (8 * (at - 1)));
	}
}

static int send_many(char **words, size_t count)
{
	struct announcer announcer = {.until = UINT64_MAX};
	const struct announce_plan plan = {.repeat = 2};
	size_t routers = count == 3 ? strtoul(words[1], NULL, 10) : 0;
	size_t each = count == 3 ? strtoul(words[2], NULL, 10) : 0;
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0 || begin(&announcer, words[0], routers * each) < 0 ||
		loop_add_io(announcer.loop, fd, EPOLLIN, beside, &announcer, &announcer.beside) < 0)
		return 1;
	announcer.each = each;
	number_addresses(&announcer);
	uint64_t began = announcer.turn = loop_clock();
	int r = run(&announcer, &plan);
	printf("ms %llu longest %llu gap-us %llu late-us %llu wrong %d\n",
		(unsigned long long)((loop_clock() - began) / MILLISECOND),
		(unsigned long long)announcer.longest, (unsigned long long)announcer.gap / 1000,
		(unsigned long long)announcer.late / 1000, announcer.wrong);
	bool good = r == 0 && !announcer.wrong && announcer.stopped &&
		    announcer.longest <= ANNOUNCE_PORTION;
	end(&announcer);
	close(fd);
	return good ? 0 : 1;
}

static int send_once(char **words, size_t count)
{
	struct announcer announcer = {.until = UINT64_MAX};
	const struct announce_plan plan = {.repeat = 1};

	if (count != 2 || begin(&announcer, words[0], strtoul(words[1], NULL, 10)) < 0)
		return 1;
	number_addresses(&announcer);
	int r = run(&announcer, &plan);
	end(&announcer);
	return r == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	char **words = argv + 2;
	size_t count = argc > 2 ? (size_t)argc - 2 : 0;

	if (count > 8 && !strcmp(argv[1], "send"))
		return send_some(words, count);
	if (count && !strcmp(argv[1], "many"))
		return send_many(words, count);
	if (count && !strcmp(argv[1], "once"))
		return send_once(words, count);
	fprintf(stderr, "usage: announcer send|many|once INTERFACE …\n");
	return 2;
}
