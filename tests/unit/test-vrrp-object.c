// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects of the kernel as messages: what is sent is what would be read back, keys, and messages that are cut or are not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "vrrp/object.h"

static const struct vrrp_object objects[] = {
	{.kind = VRRP_OBJECT_ADDRESS,
		.ifindex = 3,
		.address = {AF_INET, {10, 0, 0, 10}},
		.prefix = 24,
		.name = "eth0:vip"},
	{.kind = VRRP_OBJECT_ADDRESS,
		.ifindex = 3,
		.address = {AF_INET, {127, 0, 0, 10}},
		.prefix = 8,
		.scope = RT_SCOPE_HOST,
		.bare = true},
	{.kind = VRRP_OBJECT_ADDRESS,
		.ifindex = 70000,
		.address = {AF_INET6, {0x20, 1, 0xd, 0xb8, 1}},
		.prefix = 64,
		.bare = true},
	{.kind = VRRP_OBJECT_ROUTE,
		.ifindex = 3,
		.address = {AF_INET, {10, 9, 0, 0}},
		.prefix = 16,
		.gateway = {AF_INET, {10, 0, 0, 1}},
		.source = {AF_INET, {10, 0, 0, 10}},
		.table = 1000,
		.metric = 5,
		.type = RTN_UNICAST},
	{.kind = VRRP_OBJECT_ROUTE,
		.address = {.family = AF_INET6},
		.gateway = {AF_INET6, {0xfe, 0x80, 1}},
		.ifindex = 4,
		.table = RT_TABLE_MAIN,
		.metric = 1024,
		.type = RTN_UNICAST},
	{.kind = VRRP_OBJECT_RULE,
		.address = {.family = AF_INET},
		.source = {AF_INET, {10, 0, 0, 0}},
		.source_prefix = 8,
		.table = 100,
		.metric = 500},
	{.kind = VRRP_OBJECT_RULE,
		.address = {AF_INET6, {0x20, 1}},
		.prefix = 16,
		.table = 100,
		.metric = 501},
	{.kind = VRRP_OBJECT_MACVLAN,
		.ifindex = 3,
		.address = {.family = AF_INET},
		.vrid = 51,
		.name = "vrrp.51"},
	{.kind = VRRP_OBJECT_MACVLAN,
		.ifindex = 3,
		.address = {.family = AF_INET6},
		.vrid = 255,
		.name = "vrrp6.255"},
};

/* A request is a notification as well: the same attributes, in both directions. */
static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(objects); i++) {
		struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];
		struct nl_msg *message = vrrp_object_encode(&objects[i], true);

		assert_int_not_equal(vrrp_object_decode(nlmsg_hdr(message), seen), 0);
		assert_true(seen->present);
		assert_true(seen->marked);
		assert_int_equal(vrrp_object_compare(&objects[i], &seen->object), 0);
		assert_true(vrrp_object_is(&objects[i], &seen->object));
		nlmsg_free(message);
	}
}

static void test_removals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(objects); i++) {
		struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];
		struct nl_msg *message = vrrp_object_encode(&objects[i], false);

		if (objects[i].kind != VRRP_OBJECT_MACVLAN) {
			assert_int_equal(vrrp_object_decode(nlmsg_hdr(message), seen), 1);
			assert_false(seen->present);
			assert_int_equal(vrrp_object_compare(&objects[i], &seen->object), 0);
		}
		nlmsg_free(message);
	}
}

/* Every prefix of a message, in memory of just that size, under the sanitizers. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(objects); i++) {
		struct nl_msg *message = vrrp_object_encode(&objects[i], true);
		size_t whole = nlmsg_hdr(message)->nlmsg_len;

		for (size_t size = sizeof(struct nlmsghdr); size < whole; size++) {
			struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];
			struct nlmsghdr *cut = memory_new(size);

			memcpy(cut, nlmsg_hdr(message), size);
			cut->nlmsg_len = (uint32_t)size;
			(void)vrrp_object_decode(cut, seen);
			free(cut);
		}
		nlmsg_free(message);
	}
}

static size_t decode_changed(const struct vrrp_object *object, void (*change)(struct nlmsghdr *),
	struct vrrp_object_seen seen[static VRRP_OBJECT_SEEN_MOST])
{
	struct nl_msg *message = vrrp_object_encode(object, true);

	change(nlmsg_hdr(message));
	size_t count = vrrp_object_decode(nlmsg_hdr(message), seen);
	nlmsg_free(message);
	return count;
}

static void change_family(struct nlmsghdr *message)
{
	*(uint8_t *)nlmsg_data(message) = AF_BRIDGE;
}

static void change_protocol(struct nlmsghdr *message)
{
	((struct rtmsg *)nlmsg_data(message))->rtm_protocol = RTPROT_BIRD;
}

static void change_group(struct nlmsghdr *message)
{
	*(uint32_t *)nla_data(nlmsg_find_attr(message, sizeof(struct ifinfomsg), IFLA_GROUP)) = 0;
}

static void change_mac(struct nlmsghdr *message)
{
	((uint8_t *)nla_data(nlmsg_find_attr(message, sizeof(struct ifinfomsg), IFLA_ADDRESS)))[4] =
		3;
}

static void change_mark(struct nlmsghdr *message)
{
	*(uint8_t *)nla_data(nlmsg_find_attr(message, sizeof(struct ifaddrmsg), IFA_PROTO)) = 1;
}

static void change_type(struct nlmsghdr *message)
{
	message->nlmsg_type = RTM_NEWNEIGH;
}

static void change_state(struct nlmsghdr *message)
{
	struct ifinfomsg *header = nlmsg_data(message);

	header->ifi_index = 9;
	header->ifi_flags = IFF_UP;
}

static void test_not_ours(void **state)
{
	struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(objects); i++) {
		assert_int_equal(decode_changed(&objects[i], change_family, seen), 0);
		assert_int_equal(decode_changed(&objects[i], change_type, seen), 0);
	}
	assert_int_equal(decode_changed(&objects[3], change_protocol, seen), 0);
	assert_int_equal(decode_changed(&objects[7], change_group, seen), 0);
	/* Addresses of others are told, without a mark. */
	assert_int_equal(decode_changed(&objects[0], change_mark, seen), 1);
	assert_false(seen->marked);
	/* A macvlan tells whether it is up as well. */
	assert_int_equal(decode_changed(&objects[7], change_state, seen), 2);
	assert_int_equal(seen[0].object.index, 9);
	assert_int_equal(seen[1].object.kind, VRRP_OBJECT_UP);
	assert_int_equal(seen[1].object.ifindex, 9);
	assert_true(seen[1].present);
}

/* Its name tells which one it is that has lost its virtual MAC. */
static void test_altered_macs(void **state)
{
	static const struct {
		const char *name;
		uint16_t family;
		uint8_t vrid; /* 0: nobody knows */
	} rows[] = {
		{"vrrp.51", AF_INET, 51},
		{"vrrp6.255", AF_INET6, 255},
		{"vrrp.51.17", AF_INET, 51},
		{"vrrp6.1.4711", AF_INET6, 1},
		{"vrrp.0", 0, 0},
		{"vrrp.256", 0, 0},
		{"vrrp.51x", 0, 0},
		{"vrrp.", 0, 0},
		{"vrrp", 0, 0},
		{"eth0", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];
		struct vrrp_object object = objects[7];

		snprintf(object.name, sizeof(object.name), "%s", rows[i].name);
		assert_int_equal(decode_changed(&object, change_mac, seen), rows[i].vrid ? 2 : 0);
		if (!rows[i].vrid)
			continue;
		assert_int_equal(seen->object.vrid, rows[i].vrid);
		assert_int_equal(seen->object.address.family, rows[i].family);
		assert_int_equal(seen->object.ifindex, object.ifindex);
	}
}

/* Its alias tells it of one that has lost its name, too. */
static void test_aliases(void **state)
{
	static const struct {
		const char *alias;
		uint16_t family;
		uint8_t vrid; /* 0: nobody knows */
	} rows[] = {
		{"poise vrrp 51", AF_INET, 51},
		{"poise vrrp6 255", AF_INET6, 255},
		{"poise vrrp 0", 0, 0},
		{"poise vrrp 256", 0, 0},
		{"poise vrrp 51x", 0, 0},
		{"poise vrrp 51 of nobody, in words of many letters", 0, 0},
		{"poise vrrp.51", 0, 0},
		{"poise vrrp ", 0, 0},
		{"vrrp 51", 0, 0},
		{"", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];
		struct vrrp_object object = objects[7];

		snprintf(object.name, sizeof(object.name), "x0");
		struct nl_msg *message = vrrp_object_encode(&object, true);
		nla_put_string(message, IFLA_IFALIAS, rows[i].alias);
		change_mac(nlmsg_hdr(message));
		size_t count = vrrp_object_decode(nlmsg_hdr(message), seen);
		nlmsg_free(message);
		assert_int_equal(count, rows[i].vrid ? 2 : 0);
		if (!rows[i].vrid)
			continue;
		assert_true(seen->object.aliased);
		assert_int_equal(seen->object.vrid, rows[i].vrid);
		assert_int_equal(seen->object.address.family, rows[i].family);
		assert_int_equal(seen->object.ifindex, object.ifindex);
		message = vrrp_object_encode_alias(9, rows[i].family, rows[i].vrid);
		assert_string_equal(nla_get_string(nlmsg_find_attr(nlmsg_hdr(message),
					    sizeof(struct ifinfomsg), IFLA_IFALIAS)),
			rows[i].alias);
		nlmsg_free(message);
	}
}

static void test_keys(void **state)
{
	struct vrrp_object a = objects[0], b = objects[0];

	(void)state;
	/* IPv4 may have an address with two prefixes, IPv6 may not. */
	b.prefix = 32;
	assert_int_not_equal(vrrp_object_compare(&a, &b), 0);
	a = b = objects[2];
	b.prefix = 128;
	assert_int_equal(vrrp_object_compare(&a, &b), 0);
	assert_false(vrrp_object_is(&a, &b));
	/* What nobody says is as the kernel has it. */
	a = b = objects[0];
	a.name[0] = '\0';
	assert_true(vrrp_object_is(&a, &b));
	assert_false(vrrp_object_is(&b, &a));
	a = b = objects[4];
	a.table = a.metric = a.type = 0;
	assert_int_equal(vrrp_object_compare(&a, &b), 0);
	a.gateway.bytes[15] = 1;
	assert_int_equal(vrrp_object_compare(&a, &b), 0);
	assert_false(vrrp_object_is(&a, &b));
	/* All objects differ, and each order is the other's reverse. */
	for (size_t i = 0; i < ARRAY_LENGTH(objects); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(objects); j++) {
			int order = vrrp_object_compare(&objects[i], &objects[j]);

			assert_int_equal(order == 0, i == j);
			assert_int_equal(
				order > 0, vrrp_object_compare(&objects[j], &objects[i]) < 0);
		}
}

static void test_codes(void **state)
{
	(void)state;
	assert_true(vrrp_object_code_is_success(&objects[0], true, 0));
	assert_true(vrrp_object_code_is_success(&objects[0], true, -EEXIST));
	assert_false(vrrp_object_code_is_success(&objects[7], true, -EEXIST));
	assert_false(vrrp_object_code_is_success(&objects[0], true, -ENODEV));
	assert_true(vrrp_object_code_is_success(&objects[0], false, -EADDRNOTAVAIL));
	assert_true(vrrp_object_code_is_success(&objects[0], false, -ENODEV));
	assert_false(vrrp_object_code_is_success(&objects[0], false, -EPERM));
}

static void test_text(void **state)
{
	static const char *const texts[] = {
		"address 10.0.0.10/24",
		"address 127.0.0.10/8",
		"address 2001:db8:100::/64",
		"route 10.9.0.0/16 table 1000",
		"route ::/0 table 254",
		"rule 500 from 10.0.0.0/8 to 0.0.0.0/0 table 100",
		"rule 501 from all to 2001::/16 table 100",
		"macvlan vrrp.51",
		"macvlan vrrp6.255",
	};
	char text[VRRP_OBJECT_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(objects); i++)
		assert_string_equal(vrrp_object_text(&objects[i], text), texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_removals),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_altered_macs),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
