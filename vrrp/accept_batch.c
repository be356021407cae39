// SPDX-License-Identifier: GPL-2.0-or-later
/* The table that refuses, written as nf_tables wants it.
 *
 *	table inet poise-vrrp {
 *		counter dropped
 *		set four { type ipv4_addr }
 *		set six { type ipv6_addr }
 *		set local { type ipv6_addr . iface_index }
 *		chain input {
 *			type filter hook input priority 200; policy accept;
 *			icmpv6 type 135-136 accept
 *			ip daddr @four counter name dropped drop
 *			ip6 daddr @six counter name dropped drop
 *			ip6 daddr . iif @local counter name dropped drop
 *		}
 *	}
 *
 * libnftables would do this from that text, and for each change read all chains, sets and interfaces of the machine beforehand
 * (40 ms where there are 5,000 chains and 1,000 interfaces), load what a sandboxed process may not, and end the process when a
 * socket is missing. None of it is needed for a table that is always the same: a transaction is some hundred bytes, the
 * addresses aside.
 *
 * A packet that IPVS forwards is gone before the chain sees it. One for a destination that is this machine itself goes on
 * through it, with the destination's address (NAT) or the virtual one (direct, tunnel): there it is refused like any other.
 *
 * All integers of the attributes are big-endian, but for an interface's index in a key, which is compared in memory. */
#include "vrrp/accept_batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#include "base/macros.h"

#define BATCH_CHAIN   "input"
#define BATCH_COUNTER "dropped"
/* Elements of one message: an attribute that holds them all has a length of 16 bits. */
#define BATCH_ELEMENTS 512u
#define BATCH_ADD      (NLM_F_REQUEST | NLM_F_CREATE)

/* The set's type is nft(8)'s, which shows its elements by it. */
#define BATCH_TYPE_IPV4     7u
#define BATCH_TYPE_IPV6     8u
#define BATCH_TYPE_IFINDEX  20u
#define BATCH_TYPE_BITS     6u
#define BATCH_IPV4_SIZE     4u
#define BATCH_IPV6_SIZE     16u
#define BATCH_LOCAL_SIZE    (BATCH_IPV6_SIZE + sizeof(uint32_t))
#define BATCH_REGISTER      NFT_REG32_00
#define BATCH_REGISTER_NEXT NFT_REG32_04 /* 16 bytes behind it */

static const struct batch_set {
	const char *name;
	uint32_t type, size;
} batch_sets[VRRP_ACCEPT_SETS] = {
	[VRRP_ACCEPT_FOUR] = {"four", BATCH_TYPE_IPV4, BATCH_IPV4_SIZE},
	[VRRP_ACCEPT_SIX] = {"six", BATCH_TYPE_IPV6, BATCH_IPV6_SIZE},
	[VRRP_ACCEPT_LOCAL] = {"local", BATCH_TYPE_IPV6 << BATCH_TYPE_BITS | BATCH_TYPE_IFINDEX,
		BATCH_LOCAL_SIZE},
};

enum batch_step_kind {
	BATCH_END, /* of a rule */
	BATCH_META,
	BATCH_LOAD,
	BATCH_COMPARE,
	BATCH_LOOKUP,
	BATCH_COUNT,
	BATCH_VERDICT,
};

/* One expression of a rule; which members a kind has, the macros say. */
struct batch_step {
	enum batch_step_kind kind;
	uint32_t what; /* key, base, operator, set or verdict */
	uint32_t offset, size, target;
	uint8_t value;
};

#define BATCH_STEPS 9u
/* clang-format off */
#define STEP_META(key, register_) {.kind = BATCH_META, .what = key, .target = register_}
#define STEP_LOAD(base, place, size_) {.kind = BATCH_LOAD, .what = base, .offset = place, .size = size_}
#define STEP_COMPARE(operator, with) {.kind = BATCH_COMPARE, .what = operator, .value = with}
#define STEP_LOOKUP(set) {.kind = BATCH_LOOKUP, .what = set}
#define STEP_COUNT {.kind = BATCH_COUNT}
#define STEP_VERDICT(verdict) {.kind = BATCH_VERDICT, .what = verdict}

static const struct batch_step batch_rules[VRRP_ACCEPT_RULES][BATCH_STEPS] = {
	{
		STEP_META(NFT_META_NFPROTO, BATCH_REGISTER),
		STEP_COMPARE(NFT_CMP_EQ, NFPROTO_IPV6),
		STEP_META(NFT_META_L4PROTO, BATCH_REGISTER),
		STEP_COMPARE(NFT_CMP_EQ, IPPROTO_ICMPV6),
		STEP_LOAD(NFT_PAYLOAD_TRANSPORT_HEADER, offsetof(struct icmp6_hdr, icmp6_type), 1),
		STEP_COMPARE(NFT_CMP_GTE, ND_NEIGHBOR_SOLICIT),
		STEP_COMPARE(NFT_CMP_LTE, ND_NEIGHBOR_ADVERT),
		STEP_VERDICT(NF_ACCEPT),
	}, {
		STEP_META(NFT_META_NFPROTO, BATCH_REGISTER),
		STEP_COMPARE(NFT_CMP_EQ, NFPROTO_IPV4),
		STEP_LOAD(NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), BATCH_IPV4_SIZE),
		STEP_LOOKUP(VRRP_ACCEPT_FOUR),
		STEP_COUNT,
		STEP_VERDICT(NF_DROP),
	}, {
		STEP_META(NFT_META_NFPROTO, BATCH_REGISTER),
		STEP_COMPARE(NFT_CMP_EQ, NFPROTO_IPV6),
		STEP_LOAD(NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_dst), BATCH_IPV6_SIZE),
		STEP_LOOKUP(VRRP_ACCEPT_SIX),
		STEP_COUNT,
		STEP_VERDICT(NF_DROP),
	}, {
		STEP_META(NFT_META_NFPROTO, BATCH_REGISTER),
		STEP_COMPARE(NFT_CMP_EQ, NFPROTO_IPV6),
		STEP_LOAD(NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_dst), BATCH_IPV6_SIZE),
		STEP_META(NFT_META_IIF, BATCH_REGISTER_NEXT),
		STEP_LOOKUP(VRRP_ACCEPT_LOCAL),
		STEP_COUNT,
		STEP_VERDICT(NF_DROP),
	},
};
/* clang-format on */

/* Bytes, attributes, messages. Places are offsets: the vector moves. */

static void *batch_room(struct vrrp_accept_batch *batch, size_t size)
{
	size_t place = batch->count, all = NLMSG_ALIGN(size);

	vector_reserve(batch, place + all);
	batch->count += all;
	return memset(batch->items + place, 0, all);
}

static void batch_put(
	struct vrrp_accept_batch *batch, uint16_t type, const void *value, size_t size)
{
	struct nlattr *attribute = batch_room(batch, NLA_HDRLEN + size);

	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	memcpy((uint8_t *)attribute + NLA_HDRLEN, value, size);
}

static void batch_text(struct vrrp_accept_batch *batch, uint16_t type, const char *text)
{
	batch_put(batch, type, text, strlen(text) + 1);
}

static void batch_number(struct vrrp_accept_batch *batch, uint16_t type, uint32_t number)
{
	uint32_t value = htonl(number);

	batch_put(batch, type, &value, sizeof(value));
}

static size_t batch_open(struct vrrp_accept_batch *batch, uint16_t type)
{
	batch_put(batch, type | NLA_F_NESTED, "", 0);
	return batch->count - NLA_HDRLEN;
}

static void batch_close(struct vrrp_accept_batch *batch, size_t place)
{
	struct nlattr *attribute = (struct nlattr *)(void *)(batch->items + place);

	attribute->nla_len = (uint16_t)(batch->count - place);
}

static size_t batch_message(
	struct vrrp_accept_batch *batch, uint16_t type, uint16_t flags, uint16_t resource)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
	} *message = batch_room(batch, sizeof(*message));

	message->header.nlmsg_type = type;
	message->header.nlmsg_flags = flags;
	message->generic.nfgen_family = resource ? AF_UNSPEC : NFPROTO_INET;
	message->generic.res_id = htons(resource);
	message->header.nlmsg_len = sizeof(*message);
	return batch->count - sizeof(*message);
}

static void batch_sent(struct vrrp_accept_batch *batch, size_t place)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)(batch->items + place);

	header->nlmsg_len = (uint32_t)(batch->count - place);
}

static size_t batch_nft(
	struct vrrp_accept_batch *batch, enum nf_tables_msg_types type, uint16_t flags)
{
	return batch_message(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, 0);
}

static void batch_bound(struct vrrp_accept_batch *batch, uint16_t type)
{
	batch_message(batch, type, NLM_F_REQUEST, NFNL_SUBSYS_NFTABLES);
}

/* The one message of a table: flags for the first of a batch. */
static void batch_table(
	struct vrrp_accept_batch *batch, enum nf_tables_msg_types type, uint16_t flags)
{
	size_t message = batch_nft(batch, type, flags);

	batch_text(batch, NFTA_TABLE_NAME, VRRP_ACCEPT_TABLE);
	batch_sent(batch, message);
}

/* Elements. */

static size_t batch_key(const struct vrrp_unaccepted *item, uint8_t key[static BATCH_LOCAL_SIZE])
{
	uint32_t ifindex = (uint32_t)item->ifindex;

	memcpy(key, item->address.bytes, BATCH_IPV6_SIZE);
	memcpy(key + BATCH_IPV6_SIZE, &ifindex, sizeof(ifindex));
	return batch_sets[vrrp_accept_list_set(item)].size;
}

static void batch_element(struct vrrp_accept_batch *batch, const struct vrrp_unaccepted *item)
{
	uint8_t key[BATCH_LOCAL_SIZE];
	size_t size = batch_key(item, key);
	size_t element = batch_open(batch, NFTA_LIST_ELEM);
	size_t data = batch_open(batch, NFTA_SET_ELEM_KEY);

	batch_put(batch, NFTA_DATA_VALUE, key, size);
	batch_close(batch, data);
	batch_close(batch, element);
}

/* Those at the start of `items` that go into one message: how many. */
static size_t batch_elements(struct vrrp_accept_batch *batch, enum nf_tables_msg_types type,
	uint16_t flags, const struct vrrp_unaccepted *items, size_t count)
{
	enum vrrp_accept_set set = vrrp_accept_list_set(items);
	size_t message = batch_nft(batch, type, flags), done = 0;

	batch_text(batch, NFTA_SET_ELEM_LIST_TABLE, VRRP_ACCEPT_TABLE);
	batch_text(batch, NFTA_SET_ELEM_LIST_SET, batch_sets[set].name);
	size_t list = batch_open(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	while (done < MIN(count, BATCH_ELEMENTS) && vrrp_accept_list_set(items + done) == set)
		batch_element(batch, items + done++);
	batch_close(batch, list);
	batch_sent(batch, message);
	return done;
}

static void batch_list(struct vrrp_accept_batch *batch, enum nf_tables_msg_types type,
	uint16_t flags, const struct vrrp_accept_list *list)
{
	for (size_t i = 0; i < list->count;)
		i += batch_elements(batch, type, flags, list->items + i, list->count - i);
}

/* What holds them. */

static void batch_counter(struct vrrp_accept_batch *batch)
{
	size_t message = batch_nft(batch, NFT_MSG_NEWOBJ, BATCH_ADD);

	batch_text(batch, NFTA_OBJ_TABLE, VRRP_ACCEPT_TABLE);
	batch_text(batch, NFTA_OBJ_NAME, BATCH_COUNTER);
	batch_number(batch, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	batch_close(batch, batch_open(batch, NFTA_OBJ_DATA));
	batch_sent(batch, message);
}

static void batch_set(struct vrrp_accept_batch *batch, enum vrrp_accept_set set)
{
	size_t message = batch_nft(batch, NFT_MSG_NEWSET, BATCH_ADD);

	batch_text(batch, NFTA_SET_TABLE, VRRP_ACCEPT_TABLE);
	batch_text(batch, NFTA_SET_NAME, batch_sets[set].name);
	batch_number(batch, NFTA_SET_KEY_TYPE, batch_sets[set].type);
	batch_number(batch, NFTA_SET_KEY_LEN, batch_sets[set].size);
	batch_number(batch, NFTA_SET_ID, (uint32_t)set + 1);
	batch_sent(batch, message);
}

static void batch_chain(struct vrrp_accept_batch *batch)
{
	size_t message = batch_nft(batch, NFT_MSG_NEWCHAIN, BATCH_ADD);

	batch_text(batch, NFTA_CHAIN_TABLE, VRRP_ACCEPT_TABLE);
	batch_text(batch, NFTA_CHAIN_NAME, BATCH_CHAIN);
	size_t hook = batch_open(batch, NFTA_CHAIN_HOOK);
	batch_number(batch, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_IN);
	batch_number(batch, NFTA_HOOK_PRIORITY, VRRP_ACCEPT_PRIORITY);
	batch_close(batch, hook);
	batch_number(batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
	batch_text(batch, NFTA_CHAIN_TYPE, "filter");
	batch_sent(batch, message);
}

/* Rules. */

static void batch_meta(struct vrrp_accept_batch *batch, const struct batch_step *step)
{
	batch_number(batch, NFTA_META_KEY, step->what);
	batch_number(batch, NFTA_META_DREG, step->target);
}

static void batch_load(struct vrrp_accept_batch *batch, const struct batch_step *step)
{
	batch_number(batch, NFTA_PAYLOAD_DREG, BATCH_REGISTER);
	batch_number(batch, NFTA_PAYLOAD_BASE, step->what);
	batch_number(batch, NFTA_PAYLOAD_OFFSET, step->offset);
	batch_number(batch, NFTA_PAYLOAD_LEN, step->size);
}

static void batch_compare(struct vrrp_accept_batch *batch, const struct batch_step *step)
{
	batch_number(batch, NFTA_CMP_SREG, BATCH_REGISTER);
	batch_number(batch, NFTA_CMP_OP, step->what);
	size_t data = batch_open(batch, NFTA_CMP_DATA);
	batch_put(batch, NFTA_DATA_VALUE, &step->value, sizeof(step->value));
	batch_close(batch, data);
}

static void batch_lookup(struct vrrp_accept_batch *batch, const struct batch_step *step)
{
	batch_text(batch, NFTA_LOOKUP_SET, batch_sets[step->what].name);
	batch_number(batch, NFTA_LOOKUP_SREG, BATCH_REGISTER);
}

static void batch_count(struct vrrp_accept_batch *batch, const struct batch_step *step)
{
	(void)step;
	batch_number(batch, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	batch_text(batch, NFTA_OBJREF_IMM_NAME, BATCH_COUNTER);
}

static void batch_verdict(struct vrrp_accept_batch *batch, const struct batch_step *step)
{
	batch_number(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t data = batch_open(batch, NFTA_IMMEDIATE_DATA);
	size_t verdict = batch_open(batch, NFTA_DATA_VERDICT);
	batch_number(batch, NFTA_VERDICT_CODE, step->what);
	batch_close(batch, verdict);
	batch_close(batch, data);
}

static const struct {
	const char *name;
	void (*write)(struct vrrp_accept_batch *batch, const struct batch_step *step);
} batch_steps[] = {
	[BATCH_META] = {"meta", batch_meta},
	[BATCH_LOAD] = {"payload", batch_load},
	[BATCH_COMPARE] = {"cmp", batch_compare},
	[BATCH_LOOKUP] = {"lookup", batch_lookup},
	[BATCH_COUNT] = {"objref", batch_count},
	[BATCH_VERDICT] = {"immediate", batch_verdict},
};

static void batch_step(struct vrrp_accept_batch *batch, const struct batch_step *step)
{
	size_t element = batch_open(batch, NFTA_LIST_ELEM);

	batch_text(batch, NFTA_EXPR_NAME, batch_steps[step->kind].name);
	size_t data = batch_open(batch, NFTA_EXPR_DATA);
	batch_steps[step->kind].write(batch, step);
	batch_close(batch, data);
	batch_close(batch, element);
}

static void batch_rule(struct vrrp_accept_batch *batch, const struct batch_step *steps)
{
	size_t message = batch_nft(batch, NFT_MSG_NEWRULE, BATCH_ADD | NLM_F_APPEND);

	batch_text(batch, NFTA_RULE_TABLE, VRRP_ACCEPT_TABLE);
	batch_text(batch, NFTA_RULE_CHAIN, BATCH_CHAIN);
	size_t expressions = batch_open(batch, NFTA_RULE_EXPRESSIONS);
	while (steps->kind != BATCH_END)
		batch_step(batch, steps++);
	batch_close(batch, expressions);
	batch_sent(batch, message);
}

/* Transactions. */

void vrrp_accept_batch_replace(struct vrrp_accept_batch *batch, const struct vrrp_accept_list *list)
{
	batch_bound(batch, NFNL_MSG_BATCH_BEGIN);
	/* One that is not there cannot be deleted, and one that is there may be anything. */
	batch_table(batch, NFT_MSG_NEWTABLE, BATCH_ADD | NLM_F_ACK);
	batch_table(batch, NFT_MSG_DELTABLE, NLM_F_REQUEST);
	batch_table(batch, NFT_MSG_NEWTABLE, BATCH_ADD);
	batch_counter(batch);
	for (enum vrrp_accept_set set = 0; set < VRRP_ACCEPT_SETS; set++)
		batch_set(batch, set);
	batch_list(batch, NFT_MSG_NEWSETELEM, BATCH_ADD, list);
	batch_chain(batch);
	for (size_t i = 0; i < VRRP_ACCEPT_RULES; i++)
		batch_rule(batch, batch_rules[i]);
	batch_bound(batch, NFNL_MSG_BATCH_END);
}

void vrrp_accept_batch_change(struct vrrp_accept_batch *batch, const struct vrrp_accept_list *gone,
	const struct vrrp_accept_list *come)
{
	batch_bound(batch, NFNL_MSG_BATCH_BEGIN);
	size_t first = batch->count;
	batch_list(batch, NFT_MSG_DELSETELEM, NLM_F_REQUEST, gone);
	batch_list(batch, NFT_MSG_NEWSETELEM, BATCH_ADD, come);
	if (batch->count > first)
		((struct nlmsghdr *)(void *)(batch->items + first))->nlmsg_flags |= NLM_F_ACK;
	batch_bound(batch, NFNL_MSG_BATCH_END);
}

void vrrp_accept_batch_remove(struct vrrp_accept_batch *batch)
{
	batch_bound(batch, NFNL_MSG_BATCH_BEGIN);
	batch_table(batch, NFT_MSG_DELTABLE, NLM_F_REQUEST | NLM_F_ACK);
	batch_bound(batch, NFNL_MSG_BATCH_END);
}

void vrrp_accept_batch_ask_chain(struct vrrp_accept_batch *batch)
{
	size_t message = batch_nft(batch, NFT_MSG_GETCHAIN, NLM_F_REQUEST);

	batch_text(batch, NFTA_CHAIN_TABLE, VRRP_ACCEPT_TABLE);
	batch_text(batch, NFTA_CHAIN_NAME, BATCH_CHAIN);
	batch_sent(batch, message);
}

void vrrp_accept_batch_ask_dropped(struct vrrp_accept_batch *batch)
{
	size_t message = batch_nft(batch, NFT_MSG_GETOBJ, NLM_F_REQUEST);

	batch_text(batch, NFTA_OBJ_TABLE, VRRP_ACCEPT_TABLE);
	batch_text(batch, NFTA_OBJ_NAME, BATCH_COUNTER);
	batch_number(batch, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	batch_sent(batch, message);
}

void vrrp_accept_batch_clear(struct vrrp_accept_batch *batch)
{
	vector_clear(batch);
}
