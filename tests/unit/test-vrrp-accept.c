// SPDX-License-Identifier: GPL-2.0-or-later
/* What is not accepted: lists, the difference of two, and the messages that carry it to the kernel. Whether the kernel makes of
 * them what is meant, tests/netns/test-accept sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "vrrp/accept_batch.h"

#define NFT(type)     (NFNL_SUBSYS_NFTABLES << 8 | (type))
#define MANY          1300u
#define KEY_SIZE_MOST 20
#define WORDS_SIZE    512

/* "10.0.0.1 fe80::1%3 …" */
static void fill(struct vrrp_accept_list *list, const char *words)
{
	struct vrrp_unaccepted items[16] = {};
	_cleanup_free_ char *text = memory_copy_string(words);
	char *place = NULL;
	size_t count = 0;

	for (char *word = strtok_r(text, " ", &place); word; word = strtok_r(NULL, " ", &place)) {
		char *index = strchr(word, '%');

		if (index) {
			*index = '\0';
			items[count].ifindex = (int)strtol(index + 1, NULL, 10);
		}
		if (strcmp(word, "none") != 0)
			assert_int_equal(address_parse(word, &items[count].address), 0);
		count++;
	}
	vrrp_accept_list_fill(list, items, count);
}

static void assert_list(const struct vrrp_accept_list *list, const char *wanted)
{
	char words[WORDS_SIZE] = "", text[ADDRESS_LENGTH];
	size_t length = 0;

	vector_foreach(list, item) {
		length += (size_t)snprintf(words + length, sizeof(words) - length, "%s%s",
			length ? " " : "", address_format(&item->address, text));
		if (item->ifindex)
			length += (size_t)snprintf(
				words + length, sizeof(words) - length, "%%%d", item->ifindex);
	}
	assert_string_equal(words, wanted);
}

static void test_fill(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"10.0.0.2 10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2"},
		/* An interface matters for link-local addresses of IPv6 alone. */
		{"10.0.0.1%3 10.0.0.1%4 169.254.0.1%3 169.254.0.1%4", "10.0.0.1 169.254.0.1"},
		{"2001:db8::1%3 2001:db8::1%4 10.0.0.9%3", "10.0.0.9 2001:db8::1"},
		{"fe80::1%4 fe80::1%3 fe80::1%4 fe80::%3", "fe80::%3 fe80::1%3 fe80::1%4"},
		/* By set, and then by address. */
		{"fe80::1%3 fec0::1%3 2001:db8::1 255.0.0.1",
			"255.0.0.1 2001:db8::1 fec0::1 fe80::1%3"},
		{"none 10.0.0.1 none%4", "10.0.0.1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_accept_list_ struct vrrp_accept_list list = {};

		fill(&list, cases[i][0]);
		assert_list(&list, cases[i][1]);
	}
}

static void test_compare(void **state)
{
	static const struct {
		const char *before, *after, *gone, *come;
	} cases[] = {
		{"", "", "", ""},
		{"", "10.0.0.1 fe80::1%3", "", "10.0.0.1 fe80::1%3"},
		{"10.0.0.1 fe80::1%3", "", "10.0.0.1 fe80::1%3", ""},
		{"10.0.0.1 2001:db8::1", "2001:db8::1 10.0.0.1", "", ""},
		{"10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.2 10.0.0.4", "10.0.0.1 10.0.0.3",
			"10.0.0.4"},
		/* The interface has come anew. */
		{"10.0.0.1 fe80::1%3", "10.0.0.1 fe80::1%9", "fe80::1%3", "fe80::1%9"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_accept_list_ struct vrrp_accept_list before = {}, after = {}, gone = {},
							      come = {};

		fill(&before, cases[i].before);
		fill(&after, cases[i].after);
		vrrp_accept_list_compare(&before, &after, &gone, &come);
		assert_list(&gone, cases[i].gone);
		assert_list(&come, cases[i].come);
		assert_int_equal(
			vrrp_accept_list_differ(&before, &after), gone.count || come.count);
	}
}

/* Messages. */

static struct nlmsghdr *message_at(const struct vrrp_accept_batch *batch, size_t index)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)batch->items;
	int left = (int)batch->count;

	for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left))
		if (index-- == 0)
			return message;
	return NULL;
}

/* Each message but the first is of a batch that begins and ends, and one asks for an answer: the second. */
static void assert_types(const struct vrrp_accept_batch *batch, const uint16_t *types, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		const struct nlmsghdr *message = message_at(batch, i);

		assert_non_null(message);
		assert_int_equal(message->nlmsg_type, types[i]);
		assert_int_equal(!!(message->nlmsg_flags & NLM_F_ACK), i == 1);
		assert_true(message->nlmsg_flags & NLM_F_REQUEST);
		bytes += NLMSG_ALIGN(message->nlmsg_len);
	}
	assert_int_equal(bytes, batch->count);
	assert_null(message_at(batch, count));
}
#define assert_messages(batch, ...)                                                                \
	do {                                                                                       \
		static const uint16_t types_[] = {__VA_ARGS__};                                    \
		assert_types((batch), types_, ARRAY_LENGTH(types_));                               \
	} while (0)

/* How many elements a message has for a set; the key of the first into `key`. */
static size_t elements(struct nlmsghdr *message, const char *set, size_t size, uint8_t *key)
{
	struct nlattr *attributes[NFTA_SET_ELEM_LIST_MAX + 1], *element;
	size_t count = 0;
	int left;

	assert_int_equal(nlmsg_parse(message, sizeof(struct nfgenmsg), attributes,
				 NFTA_SET_ELEM_LIST_MAX, NULL),
		0);
	assert_string_equal(nla_get_string(attributes[NFTA_SET_ELEM_LIST_TABLE]), "poise-vrrp");
	assert_string_equal(nla_get_string(attributes[NFTA_SET_ELEM_LIST_SET]), set);
	nla_for_each_nested(element, attributes[NFTA_SET_ELEM_LIST_ELEMENTS], left)
	{
		struct nlattr *members[NFTA_SET_ELEM_MAX + 1], *data[NFTA_DATA_MAX + 1];

		assert_int_equal(nla_parse_nested(members, NFTA_SET_ELEM_MAX, element, NULL), 0);
		assert_int_equal(
			nla_parse_nested(data, NFTA_DATA_MAX, members[NFTA_SET_ELEM_KEY], NULL), 0);
		assert_int_equal(nla_len(data[NFTA_DATA_VALUE]), size);
		if (count++ == 0)
			memcpy(key, nla_data(data[NFTA_DATA_VALUE]), size);
	}
	return count;
}

static void test_change(void **state)
{
	_cleanup_accept_list_ struct vrrp_accept_list gone = {}, come = {};
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};
	uint8_t key[KEY_SIZE_MOST], local[KEY_SIZE_MOST] = {0xfe, 0x80, [15] = 1};
	uint32_t ifindex = 0x01020304;

	(void)state;
	memcpy(local + 16, &ifindex, sizeof(ifindex));
	fill(&gone, "10.0.0.1 10.0.0.2");
	fill(&come, "10.0.0.3 2001:db8::1 2001:db8::2 2001:db8::3 fe80::1%16909060");
	vrrp_accept_batch_change(&batch, &gone, &come);
	assert_messages(&batch, NFNL_MSG_BATCH_BEGIN, NFT(NFT_MSG_DELSETELEM),
		NFT(NFT_MSG_NEWSETELEM), NFT(NFT_MSG_NEWSETELEM), NFT(NFT_MSG_NEWSETELEM),
		NFNL_MSG_BATCH_END);
	assert_int_equal(elements(message_at(&batch, 1), "four", 4, key), 2);
	assert_memory_equal(key, ((uint8_t[]){10, 0, 0, 1}), 4);
	assert_int_equal(elements(message_at(&batch, 2), "four", 4, key), 1);
	assert_memory_equal(key, ((uint8_t[]){10, 0, 0, 3}), 4);
	assert_int_equal(elements(message_at(&batch, 3), "six", 16, key), 3);
	assert_memory_equal(key, ((uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, [15] = 1}), 16);
	assert_int_equal(elements(message_at(&batch, 4), "local", 20, key), 1);
	assert_memory_equal(key, local, sizeof(local));
}

/* The length of an attribute has 16 bits. */
static void test_many(void **state)
{
	_cleanup_accept_list_ struct vrrp_accept_list none = {}, come = {};
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};
	static struct vrrp_unaccepted items[MANY];
	uint8_t key[KEY_SIZE_MOST];
	size_t count = 0;

	(void)state;
	for (uint16_t i = 0; i < MANY; i++)
		items[i] = (struct vrrp_unaccepted){
			{AF_INET6, {0xfe, 0x80, [14] = (uint8_t)(i >> 8), (uint8_t)i}}, 7};
	vrrp_accept_list_fill(&come, items, MANY);
	vrrp_accept_batch_change(&batch, &none, &come);
	assert_messages(&batch, NFNL_MSG_BATCH_BEGIN, NFT(NFT_MSG_NEWSETELEM),
		NFT(NFT_MSG_NEWSETELEM), NFT(NFT_MSG_NEWSETELEM), NFNL_MSG_BATCH_END);
	for (size_t i = 1; i <= 3; i++) {
		assert_in_range(message_at(&batch, i)->nlmsg_len, 1, UINT16_MAX);
		count += elements(message_at(&batch, i), "local", 20, key);
	}
	assert_int_equal(count, MANY);
}

static uint32_t number(struct nlattr *attribute)
{
	assert_non_null(attribute);
	assert_int_equal(nla_len(attribute), sizeof(uint32_t));
	return ntohl(nla_get_u32(attribute));
}

/* Behind IPVS, which is at 98 and 99 of the same hook. */
static void assert_chain(struct nlmsghdr *message)
{
	struct nlattr *chain[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];

	assert_int_equal(
		nlmsg_parse(message, sizeof(struct nfgenmsg), chain, NFTA_CHAIN_MAX, NULL), 0);
	assert_int_equal(nla_parse_nested(hook, NFTA_HOOK_MAX, chain[NFTA_CHAIN_HOOK], NULL), 0);
	assert_int_equal(number(hook[NFTA_HOOK_HOOKNUM]), NF_INET_LOCAL_IN);
	assert_int_equal((int32_t)number(hook[NFTA_HOOK_PRIORITY]), 200);
	assert_int_equal(number(chain[NFTA_CHAIN_POLICY]), NF_ACCEPT);
}

static void test_replace(void **state)
{
	_cleanup_accept_list_ struct vrrp_accept_list list = {};
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};
	const struct nfgenmsg *generic;
	uint8_t key[KEY_SIZE_MOST];

	(void)state;
	fill(&list, "10.0.0.1 fe80::1%3");
	vrrp_accept_batch_replace(&batch, &list);
	assert_messages(&batch, NFNL_MSG_BATCH_BEGIN, NFT(NFT_MSG_NEWTABLE), NFT(NFT_MSG_DELTABLE),
		NFT(NFT_MSG_NEWTABLE), NFT(NFT_MSG_NEWOBJ), NFT(NFT_MSG_NEWSET),
		NFT(NFT_MSG_NEWSET), NFT(NFT_MSG_NEWSET), NFT(NFT_MSG_NEWSETELEM),
		NFT(NFT_MSG_NEWSETELEM), NFT(NFT_MSG_NEWCHAIN), NFT(NFT_MSG_NEWRULE),
		NFT(NFT_MSG_NEWRULE), NFT(NFT_MSG_NEWRULE), NFT(NFT_MSG_NEWRULE),
		NFNL_MSG_BATCH_END);
	generic = nlmsg_data(message_at(&batch, 0));
	assert_int_equal(ntohs(generic->res_id), NFNL_SUBSYS_NFTABLES);
	generic = nlmsg_data(message_at(&batch, 1));
	assert_int_equal(generic->nfgen_family, NFPROTO_INET);
	assert_int_equal(elements(message_at(&batch, 8), "four", 4, key), 1);
	assert_int_equal(elements(message_at(&batch, 9), "local", 20, key), 1);
	assert_chain(message_at(&batch, 10));
}

static void test_remove(void **state)
{
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};
	struct nlattr *table[NFTA_TABLE_MAX + 1];

	(void)state;
	vrrp_accept_batch_remove(&batch);
	assert_messages(&batch, NFNL_MSG_BATCH_BEGIN, NFT(NFT_MSG_DELTABLE), NFNL_MSG_BATCH_END);
	assert_int_equal(nlmsg_parse(message_at(&batch, 1), sizeof(struct nfgenmsg), table,
				 NFTA_TABLE_MAX, NULL),
		0);
	/* Without a name it would be all tables. */
	assert_string_equal(nla_get_string(table[NFTA_TABLE_NAME]), "poise-vrrp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
