// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes that are asked for: what messages of the kernel and readings of its tables make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>

#include "base/memory.h"
#include "vrrp/object.h"
#include "vrrp/route_list.h"

static struct route_list list;

static int teardown(void **state)
{
	(void)state;
	route_list_clear(&list);
	return 0;
}

static struct vrrp_route_key key_of(const char *to, uint8_t prefix, uint32_t table)
{
	struct vrrp_route_key key = {.prefix = prefix, .table = table};

	assert_int_equal(address_parse(to, &key.to), 0);
	return key;
}

static void set(const struct vrrp_route_key *keys, size_t count)
{
	route_list_set(&list, keys, count);
}
#define SET(...)                                                                                   \
	set((const struct vrrp_route_key[]){__VA_ARGS__},                                          \
		ARRAY_LENGTH(((const struct vrrp_route_key[]){__VA_ARGS__})))

struct said {
	uint16_t kind;
	struct vrrp_route_key key;
	uint8_t protocol, type;
	uint32_t flags;
	bool reading;
};

/* As the kernel writes it: the table's number as an attribute too, no destination of length 0. */
static bool hear(const struct said *said)
{
	struct rtmsg route = {.rtm_family = (uint8_t)said->key.to.family,
		.rtm_dst_len = said->key.prefix,
		.rtm_table = said->key.table < 256 ? (uint8_t)said->key.table : RT_TABLE_COMPAT,
		.rtm_protocol = said->protocol ? said->protocol : RTPROT_STATIC,
		.rtm_type = said->type ? said->type : RTN_UNICAST,
		.rtm_flags = said->flags};
	struct nl_msg *message = nlmsg_alloc_simple(said->kind, 0);

	assert_non_null(message);
	nlmsg_append(message, &route, sizeof(route), NLMSG_ALIGNTO);
	nla_put_u32(message, RTA_TABLE, said->key.table);
	if (said->key.prefix)
		nla_put(message, RTA_DST, (int)address_size(said->key.to.family),
			said->key.to.bytes);
	nla_put_u32(message, RTA_OIF, 7);
	bool changed = route_list_hear(&list, nlmsg_hdr(message), said->reading);
	nlmsg_free(message);
	return changed;
}

static bool add(struct vrrp_route_key key)
{
	return hear(&(struct said){.kind = RTM_NEWROUTE, .key = key});
}

static bool shown(struct vrrp_route_key key)
{
	return hear(&(struct said){.kind = RTM_NEWROUTE, .key = key, .reading = true});
}

static bool del(struct vrrp_route_key key)
{
	return hear(&(struct said){.kind = RTM_DELROUTE, .key = key});
}

static enum vrrp_route_state state_of(struct vrrp_route_key key)
{
	return route_list_state(&list, &key);
}

static struct route_list_table *begin(void)
{
	struct route_list_table *table = route_list_doubted(&list, 0);

	assert_non_null(table);
	route_list_begin(&list, table);
	return table;
}

#define DEFAULT4 key_of("0.0.0.0", 0, 254)
#define DEFAULT6 key_of("::", 0, 254)
#define EIGHT    key_of("10.0.0.0", 8, 254)
#define OTHER    key_of("10.0.0.0", 8, 1000)

/* All tables are read, and have nothing. */
static void read_nothing(void)
{
	while (route_list_doubted(&list, 0))
		route_list_end(&list, begin());
}

static void nothing_is_known_before_a_reading(void **state)
{
	(void)state;
	SET(EIGHT, DEFAULT6, EIGHT, OTHER, DEFAULT4);
	assert_int_equal(list.items.count, 4);
	assert_int_equal(list.tables.count, 3);
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_UNKNOWN);
	struct route_list_table *table = begin();
	assert_int_equal(table->family, AF_INET);
	assert_int_equal(table->table, 254);
	assert_true(shown(EIGHT));
	assert_false(shown(EIGHT));
	assert_int_equal(state_of(DEFAULT4), VRRP_ROUTE_UNKNOWN);
	assert_true(route_list_end(&list, table));
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_THERE);
	assert_int_equal(state_of(DEFAULT4), VRRP_ROUTE_GONE);
	assert_int_equal(state_of(OTHER), VRRP_ROUTE_UNKNOWN);
	read_nothing();
	assert_int_equal(state_of(OTHER), VRRP_ROUTE_GONE);
	assert_int_equal(state_of(DEFAULT6), VRRP_ROUTE_GONE);
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_THERE);
	assert_int_equal(state_of(key_of("10.1.0.0", 16, 254)), VRRP_ROUTE_UNKNOWN);
}

/* One that comes is there at once; one that goes may have been one of several. */
static void goings_are_doubts(void **state)
{
	(void)state;
	SET(EIGHT, DEFAULT4, DEFAULT6);
	read_nothing();
	assert_true(add(EIGHT));
	assert_false(add(EIGHT));
	assert_null(route_list_doubted(&list, 0));
	assert_false(del(EIGHT));
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_THERE);
	struct route_list_table *table = begin();
	shown(EIGHT);
	assert_false(route_list_end(&list, table));
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_THERE);
	del(EIGHT);
	assert_true(route_list_end(&list, begin()));
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_GONE);
	assert_int_equal(state_of(DEFAULT4), VRRP_ROUTE_GONE);
}

/* What happens meanwhile is not undone by what the reading has passed already. */
static void readings_while_things_happen(void **state)
{
	(void)state;
	SET(EIGHT, DEFAULT4);
	struct route_list_table *table = begin();
	/* It came behind the place where the reading is. */
	add(EIGHT);
	assert_true(route_list_end(&list, table));
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_THERE);
	/* It went behind that place: it was shown, and is not there. */
	route_list_doubt_all(&list);
	table = begin();
	shown(EIGHT);
	del(EIGHT);
	assert_false(route_list_end(&list, table));
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_THERE);
	assert_true(table->doubted);
	assert_true(route_list_end(&list, begin()));
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_GONE);
}

static void only_these(void **state)
{
	static const struct {
		const char *to;
		uint32_t prefix, table;
		uint32_t protocol, type;
		uint32_t flags;
		bool counts;
	} rows[] = {
		{"10.0.0.0", 8, 254, RTPROT_BGP, RTN_UNICAST, 0, true},
		{"10.0.0.0", 9, 254, 0, 0, 0, false},
		{"10.0.0.0", 7, 254, 0, 0, 0, false},
		{"11.0.0.0", 8, 254, 0, 0, 0, false},
		{"10.0.0.0", 8, 253, 0, 0, 0, false},
		{"10.0.0.0", 8, 254, VRRP_OBJECT_MARK, 0, 0, false},
		{"10.0.0.0", 8, 254, 0, RTN_BLACKHOLE, 0, false},
		{"10.0.0.0", 8, 254, 0, RTN_UNREACHABLE, 0, false},
		{"10.0.0.0", 8, 254, 0, RTN_PROHIBIT, 0, false},
		{"10.0.0.0", 8, 254, 0, RTN_THROW, 0, false},
		{"10.0.0.0", 8, 254, 0, 0, RTM_F_CLONED, false},
		{"10.0.0.0", 8, 254, 0, RTN_LOCAL, 0, true},
		{"a00::", 8, 254, 0, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct said said = {.kind = RTM_NEWROUTE,
			.key = key_of(rows[i].to, (uint8_t)rows[i].prefix, rows[i].table),
			.protocol = (uint8_t)rows[i].protocol,
			.type = (uint8_t)rows[i].type,
			.flags = rows[i].flags};

		SET(EIGHT);
		read_nothing();
		assert_int_equal(hear(&said), rows[i].counts);
		assert_int_equal(
			state_of(EIGHT), rows[i].counts ? VRRP_ROUTE_THERE : VRRP_ROUTE_GONE);
		route_list_clear(&list);
	}
}

/* A route that leads nowhere, put in the place of one that leads on. */
static void replaced_by_a_blackhole(void **state)
{
	const struct said said = {.kind = RTM_NEWROUTE, .key = EIGHT, .type = RTN_BLACKHOLE};

	(void)state;
	SET(EIGHT);
	read_nothing();
	add(EIGHT);
	hear(&said);
	assert_non_null(route_list_doubted(&list, 0));
}

static void hear_header(uint16_t kind, uint32_t flags)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} message = {.header = {.nlmsg_len = sizeof(message), .nlmsg_type = kind},
		.link = {.ifi_flags = flags}};

	assert_false(route_list_hear(&list, &message.header, false));
}

/* Of IPv4 routes the kernel says nothing when they go with an interface or an address, of IPv6 routes with an interface where it is
 * told to be as silent of them (skip_notify_on_dev_down); of none when they go with a next hop. */
static void what_goes_in_silence(void **state)
{
	static const struct {
		uint32_t flags;
		uint16_t kind;
		bool four, six;
	} rows[] = {
		{IFF_UP, RTM_NEWLINK, false, false},
		{0, RTM_NEWLINK, true, true},
		{IFF_UP, RTM_DELLINK, true, true},
		{0, RTM_NEWADDR, false, false},
		{0, RTM_DELADDR, true, false},
		{0, RTM_DELNEXTHOP, true, true},
		{0, RTM_NEWNEXTHOP, false, false},
	};

	(void)state;
	SET(DEFAULT4, DEFAULT6);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		read_nothing();
		hear_header(rows[i].kind, rows[i].flags);
		assert_int_equal(list.tables.items[0].doubted, rows[i].four);
		assert_int_equal(list.tables.items[1].doubted, rows[i].six);
	}
}

static void another_list_keeps_what_is_known(void **state)
{
	(void)state;
	SET(EIGHT, DEFAULT6);
	read_nothing();
	add(EIGHT);
	SET(EIGHT, OTHER);
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_THERE);
	assert_int_equal(state_of(DEFAULT6), VRRP_ROUTE_UNKNOWN);
	assert_false(list.tables.items[0].doubted);
	assert_true(list.tables.items[1].doubted);
	/* A doubt goes along. */
	del(EIGHT);
	SET(EIGHT);
	assert_true(list.tables.items[0].doubted);
	/* Something new in a table that is known. */
	read_nothing();
	SET(EIGHT, DEFAULT4);
	assert_true(list.tables.items[0].doubted);
	set(NULL, 0);
	assert_null(route_list_doubted(&list, 3));
}

/* No table waits for ever behind one that is always in doubt. */
static void tables_take_turns(void **state)
{
	(void)state;
	SET(DEFAULT4, DEFAULT6, OTHER);
	for (size_t from = 0; from < 7; from++)
		assert_ptr_equal(route_list_doubted(&list, from), &list.tables.items[from % 3]);
}

/* Whatever the bytes are. */
static void cut_messages(void **state)
{
	_Alignas(struct nlmsghdr) char bytes[256];
	struct nlmsghdr *header = (void *)bytes;

	(void)state;
	SET(EIGHT);
	read_nothing();
	for (uint32_t size = sizeof(*header); size < sizeof(bytes); size++) {
		for (unsigned int fill = 0; fill < 256; fill++) {
			memset(bytes, (int)fill, sizeof(bytes));
			*header = (struct nlmsghdr){.nlmsg_len = size, .nlmsg_type = RTM_NEWROUTE};
			route_list_hear(&list, header, false);
		}
	}
	assert_int_equal(state_of(EIGHT), VRRP_ROUTE_GONE);
}

#define CASE(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_known_before_a_reading),
		CASE(goings_are_doubts),
		CASE(readings_while_things_happen),
		CASE(only_these),
		CASE(replaced_by_a_blackhole),
		CASE(what_goes_in_silence),
		CASE(another_list_keeps_what_is_known),
		CASE(tables_take_turns),
		CASE(cut_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
