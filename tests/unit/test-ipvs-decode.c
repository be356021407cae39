// SPDX-License-Identifier: GPL-2.0-or-later
/* The netlink replies of IPVS: good ones, cut ones, hostile ones; and the kernel's errors in words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "backends/ipvs/decode.h"
#include "backends/ipvs/encode.h"
#include "backends/ipvs/explain.h"

/* Every decoder, so that each sees each message. */
static void decode_all(const struct nlmsghdr *message)
{
	struct service service;
	struct destination destination;
	struct sync_daemon daemon;
	struct timeouts timeouts;
	uint16_t family;

	ipvs_decode_service(message, &service);
	ipvs_decode_destination(message, AF_INET, &destination);
	ipvs_decode_destination(message, AF_INET6, &destination);
	ipvs_decode_daemon(message, &daemon);
	ipvs_decode_timeouts(message, &timeouts);
	ipvs_decode_family(message, &family);
	ipvs_decode_announcement(message, "IPVS");
}

struct walk {
	int messages;
	struct ipvs_reply last;
};

static void walk_message(void *context, const struct ipvs_reply *reply)
{
	struct walk *walk = context;

	walk->messages++;
	walk->last = *reply;
	if (reply->kind == IPVS_REPLY_DATA)
		decode_all(reply->message);
}

/* In memory of exactly that size, so that a sanitizer sees a read past its end. */
static int walk_bytes(const void *bytes, size_t size, struct walk *walk)
{
	_cleanup_free_ void *copy = memory_new(size ? size : 1);

	memcpy(copy, bytes, size);
	return ipvs_decode_datagram(copy, size, walk_message, walk);
}

/* A request of the encoders looks as a reply does. */
static void expect_service(
	const struct service_key *key, const struct service_attributes *attributes)
{
	struct nl_msg *message = ipvs_encode_service(IPVS_CMD_NEW_SERVICE, key, attributes);
	struct service service;

	assert_non_null(message);
	assert_int_equal(ipvs_decode_service(nlmsg_hdr(message), &service), 0);
	assert_int_equal(service_key_compare(&service.key, key), 0);
	assert_true(service_attributes_equal(&service.attributes, attributes));
	nlmsg_free(message);
}

static void services_round_trip(void **state)
{
	static const char *const listens[] = {"tcp://192.0.2.1:80", "udp://192.0.2.1:53",
		"sctp://192.0.2.1:1", "fwmark://7", "fwmark6://4294967295",
		"tcp://[2001:db8::1]:80", "udp://[::1]:0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(listens); i++) {
		struct service_key key;

		assert_int_equal(service_key_parse(listens[i], &key), 0);
		for (uint32_t bits = 0; bits < 32; bits++) {
			uint16_t family = key.address.family;
			bool persistent = bits & 1;
			struct service_attributes attributes = {
				.scheduler = "fifteen-letters",
				.scheduler_flags = bits >> 2,
				.persistent = persistent,
				.one_packet = bits & 2,
				.persistence_timeout = persistent ? 360 : 0,
				.netmask = service_netmask(
					family, persistent ? 24 : address_bits(family)),
				.engine = "",
			};

			if (persistent)
				strcpy(attributes.engine, "sip");
			expect_service(&key, &attributes);
		}
	}
}

/* What the kernel keeps of a service without persistence is not to be seen. */
static void service_normalised(void **state)
{
	struct service_key key;
	struct service_attributes attributes = {
		.scheduler = "rr", .persistence_timeout = 77, .netmask = 0xffff0000};
	struct service service;

	(void)state;
	service_key_parse("tcp://192.0.2.1:80", &key);
	struct nl_msg *message = ipvs_encode_service(IPVS_CMD_NEW_SERVICE, &key, &attributes);
	assert_int_equal(ipvs_decode_service(nlmsg_hdr(message), &service), 0);
	assert_int_equal(service.attributes.persistence_timeout, 0);
	assert_int_equal(service.attributes.netmask, 0xffffffff);
	nlmsg_free(message);
}

static void destinations_round_trip(void **state)
{
	static const char *const texts[] = {"10.0.0.1:80", "[2001:db8::1]:8080", "10.0.0.1"};
	static const struct destination_attributes rows[] = {
		{.weight = 0},
		{.weight = 65535, .upper_threshold = 10, .lower_threshold = 5},
		{.weight = 1, .forward = FORWARD_METHOD_DIRECT},
		{.weight = 1, .forward = FORWARD_METHOD_LOCAL},
		{.weight = 1, .forward = FORWARD_METHOD_BYPASS},
		{.weight = 1, .forward = FORWARD_METHOD_TUNNEL},
		{.weight = 1,
			.forward = FORWARD_METHOD_TUNNEL,
			.tunnel_type = TUNNEL_TYPE_GUE,
			.tunnel_port = 6080,
			.tunnel_checksum = TUNNEL_CHECKSUM_REMOTE},
		{.weight = 1,
			.forward = FORWARD_METHOD_TUNNEL,
			.tunnel_type = TUNNEL_TYPE_GRE,
			.tunnel_checksum = TUNNEL_CHECKSUM_FULL},
	};
	struct service_key service;

	(void)state;
	service_key_parse("tcp://192.0.2.1:80", &service);
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(rows); j++) {
			struct destination_key key;
			struct destination found;

			assert_int_equal(destination_key_parse(texts[i], &key), 0);
			struct nl_msg *message = ipvs_encode_destination(
				IPVS_CMD_NEW_DEST, &service, &key, &rows[j]);
			assert_int_equal(
				ipvs_decode_destination(nlmsg_hdr(message), AF_INET, &found), 0);
			assert_int_equal(destination_key_compare(&found.key, &key), 0);
			assert_true(destination_attributes_equal(&found.attributes, &rows[j]));
			nlmsg_free(message);
		}
	}
}

static void daemons_and_timeouts_round_trip(void **state)
{
	struct sync_daemon daemon = {.role = SYNC_ROLE_BACKUP,
		.interface = "fifteen-letters",
		.id = 255,
		.port = 8848,
		.ttl = 255,
		.max_length = 65535};
	struct timeouts timeouts = {.tcp_set = true, .tcp = 900, .udp_set = true, .udp = 1};
	struct sync_daemon daemon_found;
	struct timeouts timeouts_found;

	(void)state;
	for (int i = 0; i < 3; i++) {
		if (i)
			address_parse(i == 1 ? "224.0.0.81" : "ff05::1", &daemon.group);
		struct nl_msg *message = ipvs_encode_daemon(IPVS_CMD_NEW_DAEMON, &daemon);
		assert_int_equal(ipvs_decode_daemon(nlmsg_hdr(message), &daemon_found), 0);
		assert_true(sync_daemon_equal(&daemon, &daemon_found));
		nlmsg_free(message);
	}
	struct nl_msg *message = ipvs_encode_timeouts(&timeouts);
	assert_int_equal(ipvs_decode_timeouts(nlmsg_hdr(message), &timeouts_found), 0);
	assert_true(timeouts_found.tcp_set && timeouts_found.tcp == 900);
	assert_false(timeouts_found.tcp_fin_set);
	assert_true(timeouts_found.udp_set && timeouts_found.udp == 1);
	nlmsg_free(message);
}

/* A message of the kind that has the most attributes. */
static struct nl_msg *big_message(bool destination)
{
	struct service_key key;
	struct destination_key endpoint;
	struct service_attributes attributes = {.scheduler = "fifteen-letters",
		.persistent = true,
		.persistence_timeout = 5,
		.netmask = 64,
		.engine = "sip"};
	struct destination_attributes tunnel = {.weight = 1,
		.forward = FORWARD_METHOD_TUNNEL,
		.tunnel_type = TUNNEL_TYPE_GUE,
		.tunnel_port = 1};

	service_key_parse("tcp://[2001:db8::1]:80", &key);
	destination_key_parse("[2001:db8::2]:80", &endpoint);
	return destination ? ipvs_encode_destination(IPVS_CMD_NEW_DEST, &key, &endpoint, &tunnel)
			   : ipvs_encode_service(IPVS_CMD_NEW_SERVICE, &key, &attributes);
}

/* Every prefix of a datagram, and every prefix of which the header claims to be whole. */
static void cut_messages(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct nl_msg *message = big_message(kind);
		struct nlmsghdr *header = nlmsg_hdr(message);
		uint32_t whole = header->nlmsg_len;

		for (uint32_t size = 0; size < whole; size++) {
			struct walk walk = {};
			int code = walk_bytes(header, size, &walk);

			assert_int_equal(code, size ? -EBADMSG : 0);
			assert_int_equal(walk.messages, 0);
		}
		for (uint32_t size = sizeof(*header); size <= whole; size++) {
			struct walk walk = {};

			header->nlmsg_len = size;
			walk_bytes(header, NLMSG_ALIGN(size), &walk);
			assert_int_equal(walk.messages, 1);
		}
		nlmsg_free(message);
	}
}

/* Every byte of a message set to what hurts most. */
static void spoilt_messages(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x04, 0x7f, 0x80, 0xff};

	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct nl_msg *message = big_message(kind);
		uint8_t *bytes = (uint8_t *)nlmsg_hdr(message);
		uint32_t size = nlmsg_hdr(message)->nlmsg_len;

		for (uint32_t at = 0; at < size; at++) {
			uint8_t before = bytes[at];

			for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
				struct walk walk = {};

				bytes[at] = values[i];
				walk_bytes(bytes, size, &walk);
			}
			bytes[at] = before;
		}
		nlmsg_free(message);
	}
}

static struct nl_msg *nested_message(uint8_t command, int type, struct nlattr **nest)
{
	struct nl_msg *message = ipvs_encode_plain(command, 0);

	*nest = nla_nest_start(message, type);
	return message;
}

static void put_service(struct nl_msg *message, uint16_t family, uint16_t protocol, size_t flags)
{
	struct ip_vs_flags word = {};
	uint8_t address[16] = {10};

	nla_put_u16(message, IPVS_SVC_ATTR_AF, family);
	nla_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, protocol);
	nla_put(message, IPVS_SVC_ATTR_ADDR, sizeof(address), address);
	nla_put_u16(message, IPVS_SVC_ATTR_PORT, 0);
	nla_put(message, IPVS_SVC_ATTR_FLAGS, (int)flags, &word);
}

static int decode_service_with(
	uint16_t family, uint16_t protocol, size_t flags, const char *name, size_t length)
{
	struct nlattr *nest;
	struct nl_msg *message = nested_message(IPVS_CMD_NEW_SERVICE, IPVS_CMD_ATTR_SERVICE, &nest);
	struct service service;

	put_service(message, family, protocol, flags);
	if (name)
		nla_put(message, IPVS_SVC_ATTR_SCHED_NAME, (int)length, name);
	nla_nest_end(message, nest);
	int code = ipvs_decode_service(nlmsg_hdr(message), &service);
	nlmsg_free(message);
	return code;
}

static void hostile_services(void **state)
{
	size_t flags = sizeof(struct ip_vs_flags);

	(void)state;
	assert_int_equal(decode_service_with(AF_INET, IPPROTO_TCP, flags, "rr", 3), 0);
	assert_int_equal(decode_service_with(AF_INET, IPPROTO_TCP, flags, "rr", 2), -EBADMSG);
	assert_int_equal(decode_service_with(AF_INET, IPPROTO_TCP, flags, NULL, 0), -EBADMSG);
	assert_int_equal(decode_service_with(AF_INET, IPPROTO_TCP, flags - 1, "rr", 3), -EBADMSG);
	assert_int_equal(decode_service_with(AF_UNIX, IPPROTO_TCP, flags, "rr", 3), -EBADMSG);
	assert_int_equal(
		decode_service_with(AF_INET, IPPROTO_TCP, flags, "sixteen-letters!", 17), -EBADMSG);
	assert_int_equal(
		decode_service_with(AF_INET, IPPROTO_ICMP, flags, "rr", 3), -EPROTONOSUPPORT);
}

/* Numbers beyond those that linux/ip_vs.h has: equal to nothing, and index of nothing. */
static void unknown_numbers(void **state)
{
	struct nlattr *nest;
	struct nl_msg *message = nested_message(IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST, &nest);
	uint8_t address[16] = {10};
	struct destination found;

	(void)state;
	nla_put(message, IPVS_DEST_ATTR_ADDR, sizeof(address), address);
	nla_put_u16(message, IPVS_DEST_ATTR_PORT, 0);
	nla_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, 0xffffffff);
	nla_put_u32(message, IPVS_DEST_ATTR_WEIGHT, 1);
	nla_nest_end(message, nest);
	assert_int_equal(ipvs_decode_destination(nlmsg_hdr(message), AF_INET, &found), 0);
	assert_int_equal(found.attributes.forward, FORWARD_METHOD_COUNT);
	assert_string_equal(forward_method_name(found.attributes.forward), "?");
	/* No family from anywhere. */
	assert_int_equal(ipvs_decode_destination(nlmsg_hdr(message), 0, &found), -EBADMSG);
	nlmsg_free(message);

	message = nested_message(IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST, &nest);
	nla_put(message, IPVS_DEST_ATTR_ADDR, sizeof(address), address);
	nla_put_u16(message, IPVS_DEST_ATTR_PORT, 0);
	nla_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_TUNNEL);
	nla_put_u32(message, IPVS_DEST_ATTR_WEIGHT, 1);
	nla_put_u8(message, IPVS_DEST_ATTR_TUN_TYPE, 200);
	nla_put_u16(message, IPVS_DEST_ATTR_TUN_FLAGS, 3);
	nla_nest_end(message, nest);
	assert_int_equal(ipvs_decode_destination(nlmsg_hdr(message), AF_INET, &found), 0);
	assert_int_equal(found.attributes.tunnel_type, TUNNEL_TYPE_COUNT);
	assert_int_equal(found.attributes.tunnel_checksum, TUNNEL_CHECKSUM_COUNT);
	nlmsg_free(message);
}

enum traffic_width {
	TRAFFIC_NARROW, /* as IPVS_…_ATTR_STATS: all but the bytes in 32 bits */
	TRAFFIC_WIDE,
	TRAFFIC_CUT, /* too short to be a number */
};

static void put_number(struct nl_msg *message, int type, enum traffic_width width, uint64_t number)
{
	bool bytes = type == IPVS_STATS_ATTR_INBYTES || type == IPVS_STATS_ATTR_OUTBYTES;

	if (width == TRAFFIC_CUT)
		nla_put_u16(message, type, (uint16_t)number);
	else if (bytes || width == TRAFFIC_WIDE)
		nla_put_u64(message, type, number);
	else
		nla_put_u32(message, type, (uint32_t)number);
}

/* Attribute N of the nest holds `base` + N. */
static void put_traffic(struct nl_msg *message, int type, enum traffic_width width, uint64_t base)
{
	struct nlattr *nest = nla_nest_start(message, type);

	for (int i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBPS; i++)
		put_number(message, i, width, base + (uint64_t)i);
	nla_nest_end(message, nest);
}

static void expect_traffic(const struct traffic *traffic, uint64_t base)
{
	assert_int_equal(traffic->connections, base + IPVS_STATS_ATTR_CONNS);
	assert_int_equal(traffic->packets_in, base + IPVS_STATS_ATTR_INPKTS);
	assert_int_equal(traffic->packets_out, base + IPVS_STATS_ATTR_OUTPKTS);
	assert_int_equal(traffic->bytes_in, base + IPVS_STATS_ATTR_INBYTES);
	assert_int_equal(traffic->bytes_out, base + IPVS_STATS_ATTR_OUTBYTES);
	uint64_t rate = MIN(base, (uint64_t)UINT32_MAX - IPVS_STATS_ATTR_OUTBPS);
	if (base == rate)
		assert_int_equal(traffic->byte_rate_out, base + IPVS_STATS_ATTR_OUTBPS);
	else
		assert_int_equal(traffic->byte_rate_out, UINT32_MAX);
}

/* A service with each of the forms that a base is given for; 0: without it. */
static int decode_service_traffic(
	uint64_t narrow, uint64_t wide, enum traffic_width width, struct traffic *ret)
{
	struct nlattr *nest;
	struct nl_msg *message = nested_message(IPVS_CMD_NEW_SERVICE, IPVS_CMD_ATTR_SERVICE, &nest);
	struct service service;

	put_service(message, AF_INET, IPPROTO_TCP, sizeof(struct ip_vs_flags));
	nla_put(message, IPVS_SVC_ATTR_SCHED_NAME, 3, "rr");
	if (narrow)
		put_traffic(message, IPVS_SVC_ATTR_STATS, TRAFFIC_NARROW, narrow);
	if (wide)
		put_traffic(message, IPVS_SVC_ATTR_STATS64, width, wide);
	nla_nest_end(message, nest);
	int code = ipvs_decode_service(nlmsg_hdr(message), &service);
	*ret = service.traffic;
	nlmsg_free(message);
	return code;
}

static void service_traffic(void **state)
{
	const uint64_t large = 1ULL << 40;
	struct traffic traffic;

	(void)state;
	assert_int_equal(decode_service_traffic(100, 0, TRAFFIC_WIDE, &traffic), 0);
	expect_traffic(&traffic, 100);
	assert_int_equal(decode_service_traffic(100, large, TRAFFIC_WIDE, &traffic), 0);
	expect_traffic(&traffic, large);
	assert_int_equal(traffic.connection_rate, UINT32_MAX);
	assert_int_equal(decode_service_traffic(0, 0, TRAFFIC_WIDE, &traffic), 0);
	assert_int_equal(traffic.connections + traffic.bytes_in, 0);
	assert_int_equal(decode_service_traffic(0, 5, TRAFFIC_CUT, &traffic), -EBADMSG);
}

static void destination_traffic(void **state)
{
	uint8_t address[16] = {10};

	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		struct nlattr *nest;
		struct nl_msg *message =
			nested_message(IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST, &nest);
		struct destination found;

		nla_put(message, IPVS_DEST_ATTR_ADDR, sizeof(address), address);
		nla_put_u16(message, IPVS_DEST_ATTR_PORT, 0);
		nla_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, 0);
		nla_put_u32(message, IPVS_DEST_ATTR_WEIGHT, 1);
		put_traffic(message, IPVS_DEST_ATTR_STATS, TRAFFIC_NARROW, 100);
		if (wide)
			put_traffic(message, IPVS_DEST_ATTR_STATS64, TRAFFIC_WIDE, 1ULL << 33);
		nla_nest_end(message, nest);
		assert_int_equal(ipvs_decode_destination(nlmsg_hdr(message), AF_INET, &found), 0);
		expect_traffic(&found.counts.traffic, wide ? 1ULL << 33 : 100);
		nlmsg_free(message);
	}
}

static bool announces(uint16_t type, uint8_t command, const char *name)
{
	struct nl_msg *message = ipvs_encode_plain(command, 0);

	nlmsg_hdr(message)->nlmsg_type = type;
	if (name)
		nla_put_string(message, CTRL_ATTR_FAMILY_NAME, name);
	bool told = ipvs_decode_announcement(nlmsg_hdr(message), "IPVS");
	nlmsg_free(message);
	return told;
}

static void announcements(void **state)
{
	(void)state;
	assert_true(announces(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, "IPVS"));
	assert_true(announces(GENL_ID_CTRL, CTRL_CMD_DELFAMILY, "IPVS"));
	assert_false(announces(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, "IPVS"));
	assert_false(announces(GENL_ID_CTRL, CTRL_CMD_NEWMCAST_GRP, "IPVS"));
	assert_false(announces(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, "IPVS2"));
	assert_false(announces(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, "a-name-of-many-letters"));
	assert_false(announces(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, NULL));
	assert_false(announces(GENL_ID_CTRL + 1, CTRL_CMD_NEWFAMILY, "IPVS"));
}

struct answer {
	struct nlmsghdr header;
	int code;
};

static struct ipvs_reply walk_answer(uint16_t type, uint32_t length, int code)
{
	struct answer answer = {
		.header = {.nlmsg_len = length, .nlmsg_type = type, .nlmsg_seq = 9}, .code = code};
	struct walk walk = {};

	assert_int_equal(walk_bytes(&answer, length, &walk), 1);
	assert_int_equal(walk.messages, 1);
	assert_int_equal(walk.last.sequence, 9);
	return walk.last;
}

static void answers(void **state)
{
	uint32_t header = sizeof(struct nlmsghdr), whole = sizeof(struct answer);

	(void)state;
	assert_int_equal(walk_answer(NLMSG_ERROR, whole, 0).code, 0);
	assert_int_equal(walk_answer(NLMSG_ERROR, whole, -ENOENT).code, -ENOENT);
	assert_int_equal(walk_answer(NLMSG_ERROR, whole, -ENOENT).kind, IPVS_REPLY_ERROR);
	/* No answer may look like a success, or like a lost one, that is none. */
	assert_int_equal(walk_answer(NLMSG_ERROR, header, 0).code, -EBADMSG);
	assert_int_equal(walk_answer(NLMSG_ERROR, whole, 1).code, -EBADMSG);
	assert_int_equal(walk_answer(NLMSG_ERROR, whole, INT32_MIN).code, -EBADMSG);
	assert_int_equal(walk_answer(NLMSG_DONE, header, 0).kind, IPVS_REPLY_DONE);
	assert_int_equal(walk_answer(NLMSG_DONE, header, 0).code, 0);
	assert_int_equal(walk_answer(NLMSG_DONE, whole, -EPERM).code, -EPERM);
}

static void datagrams(void **state)
{
	struct answer two[2] = {};
	struct walk walk = {};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		two[i].header =
			(struct nlmsghdr){.nlmsg_len = sizeof(two[i]), .nlmsg_type = NLMSG_ERROR};
	assert_int_equal(walk_bytes(two, sizeof(two), &walk), 2);
	assert_int_equal(walk_bytes(two, sizeof(two) - 1, &walk), -EBADMSG);
	assert_int_equal(walk_bytes(two, sizeof(two[0]) + 3, &walk), -EBADMSG);
	assert_int_equal(walk_bytes(two, 0, &walk), 0);
	/* A message without a length would be walked for ever. */
	two[0].header.nlmsg_len = 0;
	assert_int_equal(walk_bytes(two, sizeof(two), &walk), -EBADMSG);
	two[0].header.nlmsg_len = UINT32_MAX;
	assert_int_equal(walk_bytes(two, sizeof(two), &walk), -EBADMSG);
	two[0].header.nlmsg_len = UINT32_MAX - 2;
	assert_int_equal(walk_bytes(two, sizeof(two), &walk), -EBADMSG);
}

static void expect_words(
	const struct plan_op *op, int code, enum ipvs_missing missing, const char *words)
{
	_cleanup_error_ struct error error = {};

	assert_int_equal(ipvs_explain_op(op, code, missing, &error), code);
	if (!strstr(error.text, words))
		fail_msg("`%s` lacks `%s`", error.text, words);
}

static void words_of_services(void **state)
{
	struct plan_op op = {.object = PLAN_OBJECT_SERVICE};

	(void)state;
	service_key_parse("tcp://[2001:db8::1]:80", &op.service);
	strcpy(op.attributes.after.scheduler, "mh");
	expect_words(&op, -ENOENT, IPVS_MISSING_UNKNOWN,
		"scheduler `mh` is not available: modprobe ip_vs_mh");
	strcpy(op.attributes.after.engine, "sip");
	expect_words(&op, -ENOENT, IPVS_MISSING_SCHEDULER, "scheduler `mh` is not available");
	expect_words(&op, -ENOENT, IPVS_MISSING_ENGINE,
		"persistence engine `sip` is not available: modprobe ip_vs_pe_sip");
	expect_words(&op, -ENOENT, IPVS_MISSING_UNKNOWN, "modprobe -a ip_vs_mh ip_vs_pe_sip");
	expect_words(&op, -EPERM, IPVS_MISSING_UNKNOWN, "CAP_NET_ADMIN");
	expect_words(&op, -ESRCH, IPVS_MISSING_UNKNOWN, "apply again");
	expect_words(&op, -EINVAL, IPVS_MISSING_UNKNOWN, "prefix");
	expect_words(&op, -EAFNOSUPPORT, IPVS_MISSING_UNKNOWN, "without IPv6");
	expect_words(&op, -ENOMEM, IPVS_MISSING_UNKNOWN, "out of memory");
	expect_words(&op, -ENOTCONN, IPVS_MISSING_UNKNOWN, "modprobe ip_vs");
	expect_words(&op, -EIO, IPVS_MISSING_UNKNOWN, strerror(EIO));
}

static void words_of_destinations(void **state)
{
	struct plan_op op = {.object = PLAN_OBJECT_DESTINATION};

	(void)state;
	service_key_parse("tcp://192.0.2.1:80", &op.service);
	destination_key_parse("10.0.0.1:80", &op.destination.key);
	expect_words(&op, -ESRCH, IPVS_MISSING_UNKNOWN, "service does not exist");
	expect_words(&op, -ENOENT, IPVS_MISSING_UNKNOWN, "gone");
	expect_words(&op, -EINVAL, IPVS_MISSING_UNKNOWN, "unicast");
	op.destination.after.lower_threshold = 9;
	expect_words(&op, -ERANGE, IPVS_MISSING_UNKNOWN, "lower threshold (9) is above");
	op.destination.after.upper_threshold = UINT32_MAX;
	expect_words(&op, -EINVAL, IPVS_MISSING_UNKNOWN, "2147483647");
	destination_key_parse("[2001:db8::1]:80", &op.destination.key);
	expect_words(&op, -EINVAL, IPVS_MISSING_UNKNOWN, "forward: tunnel");
	op.destination.after.forward = FORWARD_METHOD_TUNNEL;
	expect_words(&op, -EINVAL, IPVS_MISSING_UNKNOWN, "sync daemon");
}

static void words_of_globals(void **state)
{
	_cleanup_error_ struct error error = {};
	struct plan_op op = {.object = PLAN_OBJECT_SYNC};

	(void)state;
	strcpy(op.sync.after.interface, "eth9");
	expect_words(&op, -ENODEV, IPVS_MISSING_UNKNOWN, "no interface `eth9`");
	expect_words(&op, -EADDRNOTAVAIL, IPVS_MISSING_UNKNOWN, "no address");
	op.object = PLAN_OBJECT_TIMEOUTS;
	expect_words(&op, -EINVAL, IPVS_MISSING_UNKNOWN, "timeout");
	ipvs_explain_open(-ENOENT, &error);
	assert_string_equal(error.text, "ip_vs is not loaded: modprobe ip_vs");
	ipvs_explain_open(-EPERM, &error);
	assert_non_null(strstr(error.text, "CAP_NET_ADMIN"));
	ipvs_explain_read(-EAGAIN, &error);
	assert_non_null(strstr(error.text, "try again"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_round_trip),
		cmocka_unit_test(service_normalised),
		cmocka_unit_test(destinations_round_trip),
		cmocka_unit_test(daemons_and_timeouts_round_trip),
		cmocka_unit_test(cut_messages),
		cmocka_unit_test(spoilt_messages),
		cmocka_unit_test(hostile_services),
		cmocka_unit_test(unknown_numbers),
		cmocka_unit_test(service_traffic),
		cmocka_unit_test(destination_traffic),
		cmocka_unit_test(announcements),
		cmocka_unit_test(answers),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(words_of_services),
		cmocka_unit_test(words_of_destinations),
		cmocka_unit_test(words_of_globals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
