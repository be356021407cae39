// SPDX-License-Identifier: GPL-2.0-or-later
/* The ipvsadm language in and out. What each line does was seen on ipvsadm 1.31 itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/ipvsadm_format.h"

struct outcome {
	struct state state;
	struct ipvsadm_losses losses;
	struct strbuf text; /* the state, written again */
};

static void outcome_clear(struct outcome *outcome)
{
	state_clear(&outcome->state);
	ipvsadm_losses_clear(&outcome->losses);
	strbuf_clear(&outcome->text);
}

static void read_text(const char *text, struct outcome *ret)
{
	struct ipvsadm_losses none = {};

	*ret = (struct outcome){};
	ipvsadm_parse(text, strlen(text), &ret->state, &ret->losses);
	ipvsadm_format(&ret->state, &ret->text, &none);
	assert_int_equal(none.total, 0);
	strbuf_add(&ret->text, "");
	ipvsadm_losses_clear(&none);
}

/* Lines that come out as they went in, or as `out` says. */
static const struct {
	const char *in, *out;
} round_trips[] = {
	{"-A -t 10.1.1.1:80 -s wlc\n", NULL},
	{"-A -t 10.1.1.1:80\n", "-A -t 10.1.1.1:80 -s wlc\n"},
	{"-At 10.1.1.1:80 -srr\n", "-A -t 10.1.1.1:80 -s rr\n"},
	{"ipvsadm -A -t 10.1.1.1:080 --scheduler=rr # text\n", "-A -t 10.1.1.1:80 -s rr\n"},
	{"/sbin/ipvsadm -A -t '10.1.1.1:80' -s \"rr\"", "-A -t 10.1.1.1:80 -s rr\n"},
	{"\n  # nothing\n\n", ""},
	{"-A -t 10.1.1.1:80 -p\n", "-A -t 10.1.1.1:80 -s wlc -p 360\n"},
	{"-A -t 10.1.1.1 -p 10\n", "-A -t 10.1.1.1:0 -s wlc -p 10\n"},
	{"-A -t 10.1.1.1:80 -s wlc -p 100 -M 255.255.255.0\n", NULL},
	{"-A -t 10.1.1.1:80 -s wlc -p 100 -M 255.0.255.0\n", NULL},
	{"-A -t [fd00::9]:80 -s wlc -p 10 -M 64\n", NULL},
	{"-A -t fd00::9 -p 10 -M 128\n", "-A -t [fd00::9]:0 -s wlc -p 10\n"},
	{"-A -u 10.1.1.1:5060 -s wlc -p 10 -o --pe sip\n", NULL},
	{"-A -t 10.1.1.1:80 -s sh -b sh-fallback,sh-port\n", NULL},
	{"-A -t 10.1.1.1:80 -s sh -b flag-1,flag-3\n",
		"-A -t 10.1.1.1:80 -s sh -b sh-fallback,flag-3\n"},
	{"-A -t 10.1.1.1:80 -s mh -b mh-port\n", NULL},
	{"-A -t 10.1.1.1:80 -s wlc -b flag-1,flag-3\n", NULL},
	{"-A --sctp-service 10.1.1.1:80 -s wlc\n", NULL},
	{"-A -f 7 -s wlc -o\n", NULL},
	{"-A -f 7 -6 -s rr\n", NULL},
	{"-A -f -1294967296 -s wlc\n", "-A -f 3000000000 -s wlc\n"},
	{"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 10.2.0.1:8080 -m -w 1\n", NULL},
	{"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 10.2.0.1 -m\n",
		"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 10.2.0.1:80 -m -w 1\n"},
	{"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 10.2.0.1:9\n",
		"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 10.2.0.1:80 -g -w 1\n"},
	{"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 10.2.0.1:0 -m -w 0\n", NULL},
	{"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 10.2.0.1:80 -m -w 2147483647 -x "
	 "70000 -y 3\n",
		NULL},
	{"-A -t 1.1.1.1:80 -s rr\n"
	 "-a -t 1.1.1.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type gue --tun-port 6080 "
	 "--tun-remcsum\n"
	 "-a -t 1.1.1.1:80 -r 10.2.0.2:80 -i -w 1 --tun-type gre --tun-csum\n"
	 "-a -t 1.1.1.1:80 -r [fd00::1]:80 -i -w 1\n",
		NULL},
	{"-A -f 7 -s rr\n-a -f 7 -r 10.2.0.1:0 -m -w 1\n-a -f 7 -r 10.2.0.2:90 -g -w 1\n", NULL},
	{"-A -f 7 -6 -s rr\n-a -f 7 -6 -r fd00::2 -m\n",
		"-A -f 7 -6 -s rr\n-a -f 7 -6 -r [fd00::2]:0 -m -w 1\n"},
	{"--set 100 0 30\n", NULL},
	{"--set 100 0 30\n--set 0 5 0\n", "--set 100 5 30\n"},
	{"--start-daemon master --mcast-interface lo --syncid 5 --mcast-group 224.0.0.90 "
	 "--mcast-port 9000 --mcast-ttl 3 --sync-maxlen 1400\n",
		NULL},
	{"--start-daemon backup --mcast-interface lo\n",
		"--start-daemon backup --mcast-interface lo --syncid 0 --mcast-group "
		"224.0.0.81 --mcast-port 8848 --mcast-ttl 1\n"},
	{"--start-daemon backup --mcast-interface lo\n--stop-daemon backup\n", ""},
	/* In key order, whatever the order of the lines. */
	{"-A -u 1.1.1.1:2 -s rr\n-A -t 1.1.1.1:2 -s rr\n"
	 "-a -t 1.1.1.1:2 -r 9.9.9.9:2 -m -w 1\n-a -t 1.1.1.1:2 -r 8.8.8.8:2 -m -w 1\n",
		"-A -t 1.1.1.1:2 -s rr\n-a -t 1.1.1.1:2 -r 8.8.8.8:2 -m -w 1\n"
		"-a -t 1.1.1.1:2 -r 9.9.9.9:2 -m -w 1\n-A -u 1.1.1.1:2 -s rr\n"},
	/* Edits, deletions and -C end as on the kernel. */
	{"-A -t 1.1.1.1:80 -s sh -p 9\n-E -t 1.1.1.1:80 -s rr\n", "-A -t 1.1.1.1:80 -s rr\n"},
	{"-A -t 1.1.1.1:80\n-a -t 1.1.1.1:80 -r 2.2.2.2 -m\n-D -t 1.1.1.1:80\n", ""},
	{"-A -t 1.1.1.1:80\n-a -t 1.1.1.1:80 -r 2.2.2.2 -m\n-D -t 1.1.1.1:80\n"
	 "-A -t 1.1.1.1:80\n",
		"-A -t 1.1.1.1:80 -s wlc\n"},
	{"-A -t 1.1.1.1:80\n-a -t 1.1.1.1:80 -r 2.2.2.2 -m\n"
	 "-e -t 1.1.1.1:80 -r 2.2.2.2 -m -w 7\n",
		"-A -t 1.1.1.1:80 -s wlc\n-a -t 1.1.1.1:80 -r 2.2.2.2:80 -m -w 7\n"},
	{"-A -t 1.1.1.1:80\n-a -t 1.1.1.1:80 -r 2.2.2.2 -m\n-d -t 1.1.1.1:80 -r 2.2.2.2\n",
		"-A -t 1.1.1.1:80 -s wlc\n"},
	{"-A -t 1.1.1.1:80\n-C\n-A -t 2.2.2.2:80\n", "-A -t 2.2.2.2:80 -s wlc\n"},
};

static void test_round_trip(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(round_trips); i++) {
		struct outcome outcome;

		read_text(round_trips[i].in, &outcome);
		assert_string_equal(outcome.text.text,
			round_trips[i].out ? round_trips[i].out : round_trips[i].in);
		assert_int_equal(outcome.losses.total, 0);
		outcome_clear(&outcome);
	}
}

/* Lines that ipvsadm refuses, or that no state holds: one loss, with the reason, and nothing else.
 */
static void test_losses(void **unused)
{
	static const struct {
		const char *line, *reason;
	} cases[] = {
		{"-A -t 10.1.1.3:80 -o", "-o is for UDP services only"},
		{"-A -t 10.1.1.6:0", "port 0 (every port) is for persistent services only"},
		{"-A -t 10.1.1.6", "port 0 (every port) is for persistent services only"},
		{"-A -t web:80", "`web:80` is no address: names are not looked up"},
		{"-A -t 10.1.1.6:http", "the port of `10.1.1.6:http` is no number"},
		{"-A -t 10.1.1.6:65536", "the port of `10.1.1.6:65536` is above 65535"},
		{"-A -t 10.1.1.6:", "the port of `10.1.1.6:` is no number"},
		{"-A -t [fd00::1", "`[fd00::1` is no address"},
		{"-A -t [fd00::1]80", "`[fd00::1]80` is no address"},
		{"-A -f 0", "a firewall mark is not 0"},
		{"-A -f x", "--fwmark-service takes a number from 0 to 4294967295, not `x`"},
		{"-A", "it names no service"},
		{"-A -t 1.1.1.1:1 -u 1.1.1.1:1", "it names two services"},
		{"-A -D -t 1.1.1.1:1", "it has two commands"},
		{"-A -t 1.1.1.1:1 -t 1.1.1.1:2", "--tcp-service stands twice"},
		{"-A -t 1.1.1.1:1 -s rr extra", "`extra` belongs to no option"},
		{"-A -t 1.1.1.1:1 -q", "ipvsadm has no option `-q`"},
		{"-A -t 1.1.1.1:1 --one-packet", "ipvsadm has no option `--one-packet`"},
		{"-A -t 1.1.1.1:1 --ops=1", "`--ops=1` takes no value"},
		{"-A -t", "--tcp-service wants a value"},
		{"-t 1.1.1.1:1", "it has no command"},
		{"-A -t 1.1.1.1:1 -p0", "a persistence of 0 s is refused"},
		{"-A -t 1.1.1.1:1 -p 999999999", "--persistent takes a number"},
		{"-A -t 1.1.1.1:1 -p 1 -M 24", "`24` is no IPv4 netmask"},
		{"-A -t [::2]:1 -p 1 -M 0", "an IPv6 prefix is from 1 to 128"},
		{"-A -t 1.1.1.1:1 -b sh-port", "the flag `sh-port` belongs to another scheduler"},
		{"-A -t 1.1.1.1:1 -b new", "there is no scheduler flag `new`"},
		{"-A -t 1.1.1.1:1 -s a_name_that_is_too_long", "--scheduler `a_name_that"},
		{"-A -t 1.1.1.1:1 -s 'r r'", "--scheduler `r r` is no name"},
		{"-E -t 1.1.1.1:1", "there is no such service at this line"},
		{"-D -t 1.1.1.1:1", "there is no such service at this line"},
		{"-a -t 1.1.1.1:1 -r 2.2.2.2", "there is no such service at this line"},
		{"-Z", "--zero changes no state"},
		{"-L -n", "--list changes no state"},
		{"--set 1 2", "--set takes three numbers"},
		{"--set 1 2 x", "--set takes a number"},
		{"--start-daemon master", "it names no --mcast-interface"},
		{"--start-daemon both --mcast-interface lo", "is master or backup, not `both`"},
		{"--start-daemon backup --mcast-interface lo --mcast-group 1.1.1.1",
			"`1.1.1.1` is no multicast address"},
		{"--stop-daemon backup", "no sync daemon of this role runs"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct outcome outcome;

		read_text(cases[i].line, &outcome);
		assert_string_equal(outcome.text.text, "");
		assert_int_equal(outcome.losses.total, 1);
		assert_int_equal(outcome.losses.items[0].line, 1);
		if (!strstr(outcome.losses.items[0].text, cases[i].reason))
			fail_msg("%s: %s", cases[i].line, outcome.losses.items[0].text);
		outcome_clear(&outcome);
	}
}

static void test_destination_losses(void **unused)
{
	static const struct {
		const char *options, *reason;
	} cases[] = {
		{"", "it names no real server"},
		{"-r web", "names are not looked up"},
		{"-r 2.2.2.2 -m -g", "it names two forwarding methods"},
		{"-r 2.2.2.2 -m -x 5 -y 9", "the lower threshold is above the upper one"},
		{"-r 2.2.2.2 -m --tun-type gre", "tunnel options without -i"},
		{"-r 2.2.2.2 -i --tun-type vxlan", "there is no tunnel type `vxlan`"},
		{"-r 2.2.2.2 -i --tun-type gue", "--tun-port and --tun-type gue need one another"},
		{"-r 2.2.2.2 -i --tun-port 5", "--tun-port and --tun-type gue need one another"},
		{"-r 2.2.2.2 -i --tun-csum", "an ipip tunnel has no checksum"},
		{"-r 2.2.2.2 -i --tun-type gre --tun-remcsum", "--tun-remcsum is for gue only"},
		{"-r 2.2.2.2 -i --tun-type gre --tun-csum --tun-nocsum", "two tunnel checksums"},
		{"-r fd00::1 -m", "only a tunnel (-i) crosses address families"},
		{"-r 2.2.2.2 -m -w 2147483648", "--weight takes a number from 0 to 2147483647"},
		{"-r 2.2.2.2 -m -w -1", "--weight takes a number from 0 to 2147483647"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_free_ char *text = memory_printf(
			"-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 %s\n", cases[i].options);
		struct outcome outcome;

		read_text(text, &outcome);
		assert_string_equal(outcome.text.text, "-A -t 1.1.1.1:80 -s rr\n");
		assert_int_equal(outcome.losses.total, 1);
		assert_int_equal(outcome.losses.items[0].line, 2);
		if (!strstr(outcome.losses.items[0].text, cases[i].reason))
			fail_msg("%s: %s", cases[i].options, outcome.losses.items[0].text);
		outcome_clear(&outcome);
	}
}

/* A line that is taken, but not whole; twice the same; and the order of losses. */
static void test_partial_losses(void **unused)
{
	static const unsigned int lines[] = {1, 2, 3, 5, 6};
	struct outcome outcome;

	(void)unused;
	read_text("-A -t 2.2.2.2:80 -s rr -M 255.255.255.0\n"
		  "-A -t 2.2.2.2:80 -s sh\n"
		  "-A -t 1.1.1.1:80 -s rr --pe sip\n"
		  "-a -t 2.2.2.2:80 -r 10.0.0.1 -m -w 3\n"
		  "-a -t 2.2.2.2:80 -r 10.0.0.1 -m -w 4\n"
		  "-e -t 2.2.2.2:80 -r 10.0.0.2 -m\n",
		&outcome);
	assert_string_equal(outcome.text.text, "-A -t 1.1.1.1:80 -s rr\n"
					       "-A -t 2.2.2.2:80 -s rr\n"
					       "-a -t 2.2.2.2:80 -r 10.0.0.1:80 -m -w 3\n");
	assert_int_equal(outcome.losses.total, ARRAY_LENGTH(lines));
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
		assert_int_equal(outcome.losses.items[i].line, lines[i]);
	outcome_clear(&outcome);
}

/* Hostile shapes: bounded, and said. */
static void test_bounds(void **unused)
{
	_cleanup_strbuf_ struct strbuf text = {};
	struct outcome outcome = {};

	(void)unused;
	for (int i = 0; i < 2000; i++)
		strbuf_add(&text, "x ");
	strbuf_add_char(&text, '\n');
	for (int i = 0; i < 5000; i++)
		strbuf_add_char(&text, 'y');
	strbuf_add(&text, "\n-A -t 1.1.1.1:80");
	strbuf_add_bytes(&text, "\0", 1);
	strbuf_add(&text, "\n-A -t \xff\x1b[31m:80\n");
	for (int i = 0; i < 3000; i++)
		strbuf_add(&text, "bad\n");
	ipvsadm_parse(text.text, text.length, &outcome.state, &outcome.losses);
	assert_int_equal(outcome.state.services.count, 0);
	assert_int_equal(outcome.losses.total, 3004);
	assert_int_equal(outcome.losses.count, IPVSADM_LOSSES_KEPT);
	assert_non_null(strstr(outcome.losses.items[0].text, "more than 64 words"));
	assert_non_null(strstr(outcome.losses.items[1].text, "more than 4096 bytes"));
	assert_non_null(strstr(outcome.losses.items[2].text, "a NUL byte"));
	assert_non_null(strstr(outcome.losses.items[3].text, "`??[31m:80` is no address"));
	outcome_clear(&outcome);
}

/* What ipvsadm has no words for. */
static void test_format_losses(void **unused)
{
	_cleanup_ipvsadm_losses_ struct ipvsadm_losses losses = {};
	_cleanup_state_ struct state state = {};
	_cleanup_strbuf_ struct strbuf text = {};
	struct service *service = vector_append(&state.services);

	(void)unused;
	assert_int_equal(service_key_parse("tcp://1.1.1.1:80", &service->key), 0);
	strcpy(service->attributes.scheduler, "rr");
	for (int i = 0; i < 3; i++) {
		struct destination *destination = vector_append(&service->destinations);

		assert_int_equal(destination_key_parse("2.2.2.2:80", &destination->key), 0);
		destination->key.address.bytes[3] = (uint8_t)i;
	}
	service->destinations.items[0].attributes.forward = FORWARD_METHOD_BYPASS;
	service->destinations.items[1].attributes.forward = FORWARD_METHOD_DIRECT;
	service->destinations.items[1].key.port = 81;
	service->destinations.items[2].attributes.weight = UINT32_MAX;
	*vector_append(&state.sysctls) =
		(struct sysctl){.name = "expire_nodest_conn", .value = "1"};
	ipvsadm_format(&state, &text, &losses);
	assert_string_equal(text.text, "-A -t 1.1.1.1:80 -s rr\n");
	assert_int_equal(losses.total, 4);
	assert_string_equal(losses.items[3].text,
		"sysctl expire_nodest_conn = 1 left out: it goes into sysctl.d, as "
		"net.ipv4.vs.expire_nodest_conn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_destination_losses),
		cmocka_unit_test(test_partial_losses),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_format_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
