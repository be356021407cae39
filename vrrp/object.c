// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects of the kernel, to and from rtnetlink.
 *
 * What an address is made with decides who else suffers from it:
 *
 *  - IPv6: NODAD, for its owner is known by the protocol and must answer at once; preferred lifetime 0, by which nothing
 *    that the machine sends by itself takes it as source. It serves whoever binds to it as any other.
 *  - IPv4 has no such thing. There an address is taken as a source when a route names it or it is the first of its
 *    interface. A prefix of 32 is neither; a shorter one makes it the secondary of the address that was there before.
 *  - `bare` keeps the kernel from making the route to the prefix a second time, through a macvlan.
 *
 * libnl-route would do most of it, but knows no protocol of an address, and makes and parses an object of its own for each
 * message: so libnl's attributes it is. */
#include "vrrp/object.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#define OBJECT_MESSAGE_SIZE  512u
#define OBJECT_IPV6_METRIC   1024u
#define OBJECT_LIFETIME_EVER 0xffffffffu
#define OBJECT_SOURCE_SIZE   (ADDRESS_LENGTH + 4) /* "/128" */
#define OBJECT_KIND_MACVLAN  "macvlan"
#define OBJECT_ALIAS_SIZE    32u /* "poise vrrp6 255" */

static uint32_t object_table(const struct vrrp_object *object)
{
	return object->table ? object->table : RT_TABLE_MAIN;
}

static uint32_t object_metric(const struct vrrp_object *object)
{
	bool defaulted = object->kind == VRRP_OBJECT_ROUTE && object->address.family == AF_INET6;

	return defaulted && !object->metric ? OBJECT_IPV6_METRIC : object->metric;
}

static uint8_t object_type(const struct vrrp_object *object)
{
	return object->type ? object->type : RTN_UNICAST;
}

static int object_compare_routing(const struct vrrp_object *a, const struct vrrp_object *b)
{
	int order = COMPARE(object_table(a), object_table(b));

	if (!order)
		order = address_compare(&a->address, &b->address);
	if (!order)
		order = COMPARE(a->prefix, b->prefix);
	if (!order)
		order = COMPARE(object_metric(a), object_metric(b));
	if (order || a->kind == VRRP_OBJECT_ROUTE)
		return order;
	order = address_compare(&a->source, &b->source);
	if (!order)
		order = COMPARE(a->source_prefix, b->source_prefix);
	if (!order)
		order = COMPARE(a->fwmark, b->fwmark);
	return order ? order : strncmp(a->name, b->name, sizeof(a->name));
}

int vrrp_object_compare(const void *left, const void *right)
{
	const struct vrrp_object *a = left, *b = right;
	int order = COMPARE(a->kind, b->kind);

	if (!order && (a->kind == VRRP_OBJECT_ROUTE || a->kind == VRRP_OBJECT_RULE))
		return object_compare_routing(a, b);
	if (!order)
		order = COMPARE(a->ifindex, b->ifindex);
	if (!order)
		order = address_compare(&a->address, &b->address);
	if (!order && a->kind == VRRP_OBJECT_ADDRESS && a->address.family == AF_INET)
		order = COMPARE(a->prefix, b->prefix);
	return order ? order : COMPARE(a->vrid, b->vrid);
}

bool vrrp_object_is(const struct vrrp_object *wanted, const struct vrrp_object *seen)
{
	switch (wanted->kind) {
	case VRRP_OBJECT_ADDRESS:
		return wanted->prefix == seen->prefix && wanted->bare == seen->bare &&
		       (wanted->address.family == AF_INET6 || wanted->scope == seen->scope) &&
		       (!wanted->name[0] || strcmp(wanted->name, seen->name) == 0);
	case VRRP_OBJECT_ROUTE:
		return object_type(wanted) == object_type(seen) &&
		       (!wanted->ifindex || wanted->ifindex == seen->ifindex) &&
		       wanted->on_link == seen->on_link &&
		       (wanted->address.family == AF_INET6 || wanted->scope == seen->scope) &&
		       address_equal(&wanted->gateway, &seen->gateway) &&
		       address_equal(&wanted->source, &seen->source);
	default:
		return true;
	}
}

static void object_put_address(struct nl_msg *message, int type, const struct address *address)
{
	if (address->family != AF_UNSPEC)
		nla_put(message, type, (int)address_size(address->family), address->bytes);
}

static struct nl_msg *object_message(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *message = nlmsg_alloc_size(OBJECT_MESSAGE_SIZE);

	if (!message)
		return NULL;
	nlmsg_put(message, 0, 0, type, 0, NLM_F_REQUEST | NLM_F_ACK | flags);
	nlmsg_append(message, (void *)header, size, NLMSG_ALIGNTO);
	return message;
}

static int object_new_flags(bool add)
{
	return add ? NLM_F_CREATE | NLM_F_EXCL : 0;
}

static struct nl_msg *object_encode_address(const struct vrrp_object *object, bool add)
{
	bool ipv6 = object->address.family == AF_INET6;
	struct ifaddrmsg header = {.ifa_family = (uint8_t)object->address.family,
		.ifa_prefixlen = object->prefix,
		.ifa_scope = object->scope,
		.ifa_index = (uint32_t)object->ifindex};
	struct nl_msg *message = object_message(
		add ? RTM_NEWADDR : RTM_DELADDR, object_new_flags(add), &header, sizeof(header));

	if (!message)
		return NULL;
	object_put_address(message, IFA_LOCAL, &object->address);
	object_put_address(message, IFA_ADDRESS, &object->address);
	if (!add)
		return message;
	nla_put_u8(message, IFA_PROTO, VRRP_OBJECT_MARK);
	nla_put_u32(message, IFA_FLAGS,
		(ipv6 ? IFA_F_NODAD : 0u) | (object->bare ? IFA_F_NOPREFIXROUTE : 0u));
	if (object->name[0] && !ipv6)
		nla_put_string(message, IFA_LABEL, object->name);
	if (ipv6) {
		struct ifa_cacheinfo lifetimes = {.ifa_valid = OBJECT_LIFETIME_EVER};

		nla_put(message, IFA_CACHEINFO, sizeof(lifetimes), &lifetimes);
	}
	return message;
}

/* Told apart by key and mark when it goes, whatever way it took. */
static struct nl_msg *object_encode_route(const struct vrrp_object *object, bool add)
{
	struct rtmsg header = {.rtm_family = (uint8_t)object->address.family,
		.rtm_dst_len = object->prefix,
		.rtm_table = RT_TABLE_UNSPEC,
		.rtm_protocol = VRRP_OBJECT_MARK,
		.rtm_scope = add ? object->scope : RT_SCOPE_NOWHERE,
		.rtm_type = add ? object_type(object) : RTN_UNSPEC,
		.rtm_flags = add && object->on_link ? RTNH_F_ONLINK : 0};
	struct nl_msg *message = object_message(
		add ? RTM_NEWROUTE : RTM_DELROUTE, object_new_flags(add), &header, sizeof(header));

	if (!message)
		return NULL;
	nla_put_u32(message, RTA_TABLE, object_table(object));
	if (object->prefix)
		object_put_address(message, RTA_DST, &object->address);
	if (object_metric(object))
		nla_put_u32(message, RTA_PRIORITY, object_metric(object));
	if (!add)
		return message;
	object_put_address(message, RTA_GATEWAY, &object->gateway);
	object_put_address(message, RTA_PREFSRC, &object->source);
	if (object->ifindex)
		nla_put_u32(message, RTA_OIF, (uint32_t)object->ifindex);
	return message;
}

static struct nl_msg *object_encode_rule(const struct vrrp_object *object, bool add)
{
	struct fib_rule_hdr header = {.family = (uint8_t)object->address.family,
		.dst_len = object->prefix,
		.src_len = object->source_prefix,
		.table = RT_TABLE_UNSPEC,
		.action = FR_ACT_TO_TBL};
	struct nl_msg *message = object_message(
		add ? RTM_NEWRULE : RTM_DELRULE, object_new_flags(add), &header, sizeof(header));

	if (!message)
		return NULL;
	nla_put_u32(message, FRA_TABLE, object_table(object));
	nla_put_u32(message, FRA_PRIORITY, object->metric);
	nla_put_u8(message, FRA_PROTOCOL, VRRP_OBJECT_MARK);
	if (object->prefix)
		object_put_address(message, FRA_DST, &object->address);
	if (object->source_prefix)
		object_put_address(message, FRA_SRC, &object->source);
	if (object->fwmark)
		nla_put_u32(message, FRA_FWMARK, object->fwmark);
	if (object->name[0])
		nla_put_string(message, FRA_IIFNAME, object->name);
	return message;
}

static struct nl_msg *object_encode_up(const struct vrrp_object *object, bool add)
{
	struct ifinfomsg header = {
		.ifi_index = object->ifindex, .ifi_change = IFF_UP, .ifi_flags = add ? IFF_UP : 0};

	return object_message(RTM_NEWLINK, 0, &header, sizeof(header));
}

/* In bridge mode a parent hears peers that have the same MAC, in private mode it does not. */
static struct nl_msg *object_encode_macvlan(const struct vrrp_object *object, bool add)
{
	struct ifinfomsg header = {.ifi_index = add ? 0 : object->index};
	uint8_t mac[6];
	struct nl_msg *message = object_message(
		add ? RTM_NEWLINK : RTM_DELLINK, object_new_flags(add), &header, sizeof(header));

	if (!message)
		return NULL;
	if (add || !object->index)
		nla_put_string(message, IFLA_IFNAME, object->name);
	if (!add)
		return message;
	vrrp_object_mac(object->address.family, object->vrid, mac);
	nla_put(message, IFLA_ADDRESS, sizeof(mac), mac);
	nla_put_u32(message, IFLA_LINK, (uint32_t)object->ifindex);
	nla_put_u32(message, IFLA_GROUP, VRRP_OBJECT_MARK);
	struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO);
	nla_put_string(message, IFLA_INFO_KIND, OBJECT_KIND_MACVLAN);
	struct nlattr *data = nla_nest_start(message, IFLA_INFO_DATA);
	nla_put_u32(message, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	if (data)
		nla_nest_end(message, data);
	if (info)
		nla_nest_end(message, info);
	return message;
}

struct nl_msg *vrrp_object_encode_mac(int ifindex, uint16_t family, uint8_t vrid)
{
	struct ifinfomsg header = {.ifi_index = ifindex};
	struct nl_msg *message = object_message(RTM_NEWLINK, 0, &header, sizeof(header));
	uint8_t mac[6];

	if (!message)
		return NULL;
	vrrp_object_mac(family, vrid, mac);
	nla_put(message, IFLA_ADDRESS, sizeof(mac), mac);
	return message;
}

static void object_alias(uint16_t family, uint8_t vrid, char alias[static OBJECT_ALIAS_SIZE])
{
	snprintf(alias, OBJECT_ALIAS_SIZE, "poise %s %u", family == AF_INET6 ? "vrrp6" : "vrrp",
		vrid);
}

struct nl_msg *vrrp_object_encode_alias(int ifindex, uint16_t family, uint8_t vrid)
{
	struct ifinfomsg header = {.ifi_index = ifindex};
	struct nl_msg *message = object_message(RTM_NEWLINK, 0, &header, sizeof(header));
	char alias[OBJECT_ALIAS_SIZE];

	if (!message)
		return NULL;
	object_alias(family, vrid, alias);
	nla_put_string(message, IFLA_IFALIAS, alias);
	return message;
}

struct nl_msg *vrrp_object_encode(const struct vrrp_object *object, bool add)
{
	static struct nl_msg *(*const encoders[VRRP_OBJECT_COUNT])(
		const struct vrrp_object *, bool) = {
		[VRRP_OBJECT_MACVLAN] = object_encode_macvlan,
		[VRRP_OBJECT_UP] = object_encode_up,
		[VRRP_OBJECT_ADDRESS] = object_encode_address,
		[VRRP_OBJECT_ROUTE] = object_encode_route,
		[VRRP_OBJECT_RULE] = object_encode_rule,
	};

	return encoders[object->kind](object, add);
}

/* Of the family, or untouched when the attribute is missing or of another size. */
static void object_take_address(
	const struct nlattr *attribute, uint16_t family, struct address *ret)
{
	if (attribute && (size_t)nla_len(attribute) == address_size(family))
		*ret = address_from_bytes(family, nla_data(attribute));
}

static uint32_t object_take_u32(const struct nlattr *attribute, uint32_t otherwise)
{
	return attribute && (size_t)nla_len(attribute) >= sizeof(uint32_t) ? nla_get_u32(attribute)
									   : otherwise;
}

static uint8_t object_take_u8(const struct nlattr *attribute)
{
	return attribute && nla_len(attribute) >= 1 ? nla_get_u8(attribute) : 0;
}

static void object_take_name(const struct nlattr *attribute, char name[static IFNAMSIZ])
{
	if (attribute)
		nla_strlcpy(name, attribute, IFNAMSIZ);
}

static bool object_is_family(int family)
{
	return family == AF_INET || family == AF_INET6;
}

static size_t object_decode_address(const struct nlmsghdr *message, struct vrrp_object_seen *seen)
{
	const struct ifaddrmsg *header = nlmsg_data(message);
	struct nlattr *attributes[IFA_MAX + 1];
	struct vrrp_object *object = &seen->object;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attributes, IFA_MAX, NULL) <
			0 ||
		!object_is_family(header->ifa_family))
		return 0;
	*seen = (struct vrrp_object_seen){.present = message->nlmsg_type == RTM_NEWADDR,
		.marked = object_take_u8(attributes[IFA_PROTO]) == VRRP_OBJECT_MARK};
	object->kind = VRRP_OBJECT_ADDRESS;
	object->ifindex = (int)header->ifa_index;
	object->prefix = header->ifa_prefixlen;
	object->scope = header->ifa_scope;
	seen->flags = object_take_u32(attributes[IFA_FLAGS], header->ifa_flags);
	object->bare = seen->flags & IFA_F_NOPREFIXROUTE;
	object_take_address(attributes[IFA_ADDRESS], header->ifa_family, &object->address);
	object_take_address(attributes[IFA_LOCAL], header->ifa_family, &object->address);
	object_take_name(attributes[IFA_LABEL], object->name);
	return object->address.family != AF_UNSPEC;
}

/* Address 0 of the family stands for everywhere, as who wants a route writes it. */
static struct address object_anywhere(uint16_t family)
{
	return (struct address){.family = family};
}

static size_t object_decode_route(const struct nlmsghdr *message, struct vrrp_object_seen *seen)
{
	const struct rtmsg *header = nlmsg_data(message);
	struct nlattr *attributes[RTA_MAX + 1];
	struct vrrp_object *object = &seen->object;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attributes, RTA_MAX, NULL) <
			0 ||
		!object_is_family(header->rtm_family) || header->rtm_protocol != VRRP_OBJECT_MARK ||
		header->rtm_flags & RTM_F_CLONED)
		return 0;
	*seen = (struct vrrp_object_seen){
		.present = message->nlmsg_type == RTM_NEWROUTE, .marked = true};
	object->kind = VRRP_OBJECT_ROUTE;
	object->address = object_anywhere(header->rtm_family);
	object->prefix = header->rtm_dst_len;
	object->scope = header->rtm_scope;
	object->type = header->rtm_type;
	object->table = object_take_u32(attributes[RTA_TABLE], header->rtm_table);
	object->metric = object_take_u32(attributes[RTA_PRIORITY], 0);
	object->ifindex = (int)object_take_u32(attributes[RTA_OIF], 0);
	object->on_link = header->rtm_flags & RTNH_F_ONLINK;
	object_take_address(attributes[RTA_DST], header->rtm_family, &object->address);
	object_take_address(attributes[RTA_GATEWAY], header->rtm_family, &object->gateway);
	object_take_address(attributes[RTA_PREFSRC], header->rtm_family, &object->source);
	return 1;
}

static size_t object_decode_rule(const struct nlmsghdr *message, struct vrrp_object_seen *seen)
{
	const struct fib_rule_hdr *header = nlmsg_data(message);
	struct nlattr *attributes[FRA_MAX + 1];
	struct vrrp_object *object = &seen->object;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attributes, FRA_MAX, NULL) <
			0 ||
		!object_is_family(header->family) ||
		object_take_u8(attributes[FRA_PROTOCOL]) != VRRP_OBJECT_MARK)
		return 0;
	*seen = (struct vrrp_object_seen){
		.present = message->nlmsg_type == RTM_NEWRULE, .marked = true};
	object->kind = VRRP_OBJECT_RULE;
	object->address = object_anywhere(header->family);
	object->prefix = header->dst_len;
	object->source_prefix = header->src_len;
	object->table = object_take_u32(attributes[FRA_TABLE], header->table);
	object->metric = object_take_u32(attributes[FRA_PRIORITY], 0);
	object->fwmark = object_take_u32(attributes[FRA_FWMARK], 0);
	if (attributes[FRA_IIFNAME])
		nla_strlcpy(object->name, attributes[FRA_IIFNAME], sizeof(object->name));
	object_take_address(attributes[FRA_DST], header->family, &object->address);
	object_take_address(attributes[FRA_SRC], header->family, &object->source);
	return 1;
}

/* The family and VRID of a virtual MAC; false when it is none. */
static bool object_is_virtual_mac(const struct nlattr *attribute, struct vrrp_object *object)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	uint8_t mac[6];

	if (!attribute || nla_len(attribute) != sizeof(mac))
		return false;
	object->vrid = ((const uint8_t *)nla_data(attribute))[sizeof(mac) - 1];
	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		vrrp_object_mac(families[i], object->vrid, mac);
		object->address = object_anywhere(families[i]);
		if (memcmp(mac, nla_data(attribute), sizeof(mac)) == 0)
			return true;
	}
	return false;
}

/* "vrrp", "vrrp6", and the VRID behind a separator. What else follows: *end. */
static bool object_is_virtual_word(
	const char *word, char separator, struct vrrp_object *object, char **end)
{
	bool six = strncmp(word, "vrrp6", strlen("vrrp6")) == 0;
	size_t length = strlen(six ? "vrrp6" : "vrrp");

	if (strncmp(word, "vrrp", strlen("vrrp")) != 0 || word[length] != separator)
		return false;
	unsigned long vrid = strtoul(word + length + 1, end, 10);
	if (!vrid || vrid > UINT8_MAX)
		return false;
	object->vrid = (uint8_t)vrid;
	object->address = object_anywhere(six ? AF_INET6 : AF_INET);
	return true;
}

/* The same of a name that macvlan.c gives, for one whose MAC somebody has changed: "vrrp.51", "vrrp6.51", and with its parent's index
 * behind it. */
static bool object_is_virtual_name(const struct nlattr *attribute, struct vrrp_object *object)
{
	char name[IFNAMSIZ] = "", *end;

	object_take_name(attribute, name);
	return object_is_virtual_word(name, '.', object, &end) && (!*end || *end == '.');
}

/* And of the alias. */
static bool object_is_virtual_alias(const struct nlattr *attribute, struct vrrp_object *object)
{
	static const char prefix[] = "poise ";
	char alias[OBJECT_ALIAS_SIZE] = "", *end;

	if (attribute)
		nla_strlcpy(alias, attribute, sizeof(alias));
	object->aliased = strncmp(alias, prefix, strlen(prefix)) == 0 &&
			  object_is_virtual_word(alias + strlen(prefix), ' ', object, &end) &&
			  !*end;
	return object->aliased;
}

static bool object_is_macvlan(struct nlattr *info)
{
	struct nlattr *attributes[IFLA_INFO_MAX + 1];

	return info && nla_parse_nested(attributes, IFLA_INFO_MAX, info, NULL) >= 0 &&
	       attributes[IFLA_INFO_KIND] &&
	       nla_strcmp(attributes[IFLA_INFO_KIND], OBJECT_KIND_MACVLAN) == 0;
}

/* A macvlan of ours, and whether it is up. A bridge tells of its ports by the same messages in a family of its own. */
static size_t object_decode_link(const struct nlmsghdr *message, struct vrrp_object_seen *seen)
{
	const struct ifinfomsg *header = nlmsg_data(message);
	struct nlattr *attributes[IFLA_MAX + 1];
	struct vrrp_object *object = &seen[0].object;
	bool present = message->nlmsg_type == RTM_NEWLINK;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attributes, IFLA_MAX, NULL) <
			0 ||
		header->ifi_family != AF_UNSPEC)
		return 0;
	seen[0] = (struct vrrp_object_seen){.present = present, .marked = true};
	if (object_take_u32(attributes[IFLA_GROUP], 0) != VRRP_OBJECT_MARK ||
		!object_is_macvlan(attributes[IFLA_LINKINFO]) || attributes[IFLA_LINK_NETNSID] ||
		(!object_is_virtual_alias(attributes[IFLA_IFALIAS], object) &&
			!object_is_virtual_mac(attributes[IFLA_ADDRESS], object) &&
			!object_is_virtual_name(attributes[IFLA_IFNAME], object)))
		return 0;
	object->kind = VRRP_OBJECT_MACVLAN;
	object->index = header->ifi_index;
	object->ifindex = (int)object_take_u32(attributes[IFLA_LINK], 0);
	object_take_name(attributes[IFLA_IFNAME], object->name);
	seen[1] = (struct vrrp_object_seen){
		.object = {.kind = VRRP_OBJECT_UP, .ifindex = header->ifi_index},
		.present = present && header->ifi_flags & IFF_UP,
		.marked = true};
	return 2;
}

size_t vrrp_object_decode(
	const struct nlmsghdr *message, struct vrrp_object_seen seen[static VRRP_OBJECT_SEEN_MOST])
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return object_decode_link(message, seen);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return object_decode_address(message, seen);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return object_decode_route(message, seen);
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return object_decode_rule(message, seen);
	default:
		return 0;
	}
}

/* A macvlan exists by another mark than its name: who has its name may be anybody. */
bool vrrp_object_code_is_success(const struct vrrp_object *object, bool add, int code)
{
	if (code == 0)
		return true;
	if (add)
		return code == -EEXIST && object->kind != VRRP_OBJECT_MACVLAN;
	return code == -EADDRNOTAVAIL || code == -ESRCH || code == -ENOENT || code == -ENODEV;
}

static const char *object_source_text(
	const struct vrrp_object *object, char text[static OBJECT_SOURCE_SIZE])
{
	char address[ADDRESS_LENGTH];

	if (!object->source_prefix)
		return "all";
	snprintf(text, OBJECT_SOURCE_SIZE, "%s/%u", address_format(&object->source, address),
		object->source_prefix);
	return text;
}

const char *vrrp_object_text(
	const struct vrrp_object *object, char text[static VRRP_OBJECT_TEXT_SIZE])
{
	char address[ADDRESS_LENGTH], source[OBJECT_SOURCE_SIZE];

	address_format(&object->address, address);
	switch (object->kind) {
	case VRRP_OBJECT_MACVLAN:
		snprintf(text, VRRP_OBJECT_TEXT_SIZE, "macvlan %s", object->name);
		break;
	case VRRP_OBJECT_UP:
		snprintf(text, VRRP_OBJECT_TEXT_SIZE, "interface number %d", object->ifindex);
		break;
	case VRRP_OBJECT_ADDRESS:
		snprintf(text, VRRP_OBJECT_TEXT_SIZE, "address %s/%u", address, object->prefix);
		break;
	case VRRP_OBJECT_ROUTE:
		snprintf(text, VRRP_OBJECT_TEXT_SIZE, "route %s/%u table %u", address,
			object->prefix, object_table(object));
		break;
	case VRRP_OBJECT_RULE:
		snprintf(text, VRRP_OBJECT_TEXT_SIZE, "rule %u from %s to %s/%u table %u",
			object->metric, object_source_text(object, source), address, object->prefix,
			object_table(object));
		break;
	case VRRP_OBJECT_COUNT:
		text[0] = '\0';
		break;
	}
	return text;
}

void vrrp_object_mac(uint16_t family, uint8_t vrid, uint8_t mac[static 6])
{
	const uint8_t bytes[6] = {0x00, 0x00, 0x5e, 0x00, family == AF_INET6 ? 2 : 1, vrid};

	memcpy(mac, bytes, sizeof(bytes));
}
