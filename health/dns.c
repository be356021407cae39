// SPDX-License-Identifier: GPL-2.0-or-later
/* dns: a name server answers, with the code that is wanted.
 *
 * One question in one datagram, without a second try: that is what `fall` is for. c-ares writes the question; it has
 * resolvers, caches and servers of /etc/resolv.conf as well, none of which is asked here. The socket is connected, so the
 * kernel drops what comes from anybody else and tells of a port that nobody listens on; what comes from the server counts only when it
 * is an answer with our number and our question, so that a late answer to an earlier probe is not taken for one to this.
 *
 * Of the answer itself only the code counts, as the server's own word on whether it can serve. A truncated answer is one:
 * clients ask again over TCP, the server is there. */
#include "health/kind.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <arpa/nameser_compat.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory.h"

/* Without EDNS an answer has at most 512 bytes; what is longer is cut, its header is all the same. */
#define DNS_ANSWER_SIZE 512
/* Answers to other questions that one turn looks at. */
#define DNS_TURN_MOST 16

struct dns {
	struct checker_run run;
	int fd;
	bool open;
	uint16_t number;
	struct loop_source *source;
	unsigned char *question; /* as it was sent; c-ares' memory */
	int length;
};

static const int dns_types[] = {
	[CONFIG_DNS_TYPE_A] = ns_t_a,
	[CONFIG_DNS_TYPE_AAAA] = ns_t_aaaa,
	[CONFIG_DNS_TYPE_CNAME] = ns_t_cname,
	[CONFIG_DNS_TYPE_MX] = ns_t_mx,
	[CONFIG_DNS_TYPE_NS] = ns_t_ns,
	[CONFIG_DNS_TYPE_PTR] = ns_t_ptr,
	[CONFIG_DNS_TYPE_SOA] = ns_t_soa,
	[CONFIG_DNS_TYPE_SRV] = ns_t_srv,
	[CONFIG_DNS_TYPE_TXT] = ns_t_txt,
};

static const struct dns_code {
	const char *name;
	enum config_dns_code wanted; /* the word of the file for it; ANY: it has none */
} dns_codes[] = {
	[ns_r_noerror] = {"NOERROR", CONFIG_DNS_CODE_NOERROR},
	[ns_r_formerr] = {"FORMERR", CONFIG_DNS_CODE_ANY},
	[ns_r_servfail] = {"SERVFAIL", CONFIG_DNS_CODE_SERVFAIL},
	[ns_r_nxdomain] = {"NXDOMAIN", CONFIG_DNS_CODE_NXDOMAIN},
	[ns_r_notimpl] = {"NOTIMP", CONFIG_DNS_CODE_ANY},
	[ns_r_refused] = {"REFUSED", CONFIG_DNS_CODE_REFUSED},
};

static const char *dns_wanted_name(enum config_dns_code wanted)
{
	for (size_t i = 0; i < ARRAY_LENGTH(dns_codes); i++)
		if (dns_codes[i].wanted == wanted)
			return dns_codes[i].name;
	return "any";
}

static void dns_close(struct checker_run *run)
{
	struct dns *dns = (struct dns *)run;

	dns->source = loop_source_free(dns->source);
	if (dns->open)
		close(dns->fd);
	dns->open = false;
	if (dns->question)
		ares_free_string(dns->question);
	dns->question = NULL;
}

static void dns_over_code(struct dns *dns, unsigned int code)
{
	enum config_dns_code wanted = dns->run.request.check->dns.code;
	char number[16];
	const char *name = number;
	bool known = code < ARRAY_LENGTH(dns_codes);

	snprintf(number, sizeof(number), "code %u", code);
	if (known)
		name = dns_codes[code].name;
	if (wanted == CONFIG_DNS_CODE_ANY || (known && dns_codes[code].wanted == wanted))
		checker_over(&dns->run, CHECKER_RESULT_PASSED, "%s", name);
	else
		checker_over(&dns->run, CHECKER_RESULT_FAILED, "%s, want %s", name,
			dns_wanted_name(wanted));
}

/* Names come back as they were, letters perhaps in another case. */
static bool dns_same(const unsigned char *a, const unsigned char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (tolower(a[i]) != tolower(b[i]))
			return false;
	return true;
}

/* A server that understood nothing of the question leaves it out. */
static bool dns_is_ours(const struct dns *dns, const unsigned char *answer, size_t length)
{
	size_t question = (size_t)dns->length - sizeof(HEADER);
	HEADER header;

	if (length < sizeof(header))
		return false;
	memcpy(&header, answer, sizeof(header));
	if (!header.qr || header.opcode != ns_o_query || ntohs((uint16_t)header.id) != dns->number)
		return false;
	if (header.qdcount == 0)
		return header.rcode != ns_r_noerror;
	return ntohs((uint16_t)header.qdcount) == 1 && length >= (size_t)dns->length &&
	       dns_same(answer + sizeof(header), dns->question + sizeof(header), question);
}

static unsigned int dns_code_of(const unsigned char *answer)
{
	HEADER header;

	memcpy(&header, answer, sizeof(header));
	return header.rcode;
}

static void dns_over_errno(struct dns *dns, const char *what, int code)
{
	dns_close(&dns->run);
	checker_over_errno(&dns->run, what, code);
}

static void dns_on_answer(void *data, _unused_ uint32_t events)
{
	struct dns *dns = data;
	unsigned char answer[DNS_ANSWER_SIZE];

	for (size_t i = 0; i < DNS_TURN_MOST; i++) {
		ssize_t length = recv(dns->fd, answer, sizeof(answer), 0);
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length < 0) {
			dns_over_errno(dns, "answer", -errno);
			return;
		}
		if (dns_is_ours(dns, answer, (size_t)length)) {
			dns_close(&dns->run);
			checker_step(&dns->run, "answer");
			dns_over_code(dns, dns_code_of(answer));
			return;
		}
		dns->run.checkers->strangers++;
	}
}

static int dns_ask(struct dns *dns)
{
	const struct config_dns *want = &dns->run.request.check->dns;

	if (getrandom(&dns->number, sizeof(dns->number), GRND_NONBLOCK) < 0)
		return -errno;
	int r = ares_create_query(want->name, ns_c_in, dns_types[want->type], dns->number, 1,
		&dns->question, &dns->length, 0);
	if (r == ARES_SUCCESS)
		return 0;
	return r == ARES_ENOMEM ? -ENOMEM : -EINVAL;
}

/* ICMP errors are told, those too that the kernel would otherwise keep for itself. */
static int dns_send(struct dns *dns, const char **what)
{
	bool ipv4 = dns->run.request.target.address.family == AF_INET;
	struct sockaddr_storage target;
	int on = 1;

	setsockopt(dns->fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_RECVERR : IPV6_RECVERR, &on,
		sizeof(on));
	socklen_t size = checker_sockaddr(&dns->run, &target);
	*what = "connect";
	if (connect(dns->fd, (const struct sockaddr *)&target, size) < 0)
		return -errno;
	*what = "answer";
	if (checker_met_itself(&dns->run, dns->fd))
		return -ECONNREFUSED;
	*what = "send";
	return send(dns->fd, dns->question, (size_t)dns->length, 0) < 0 ? -errno : 0;
}

static void dns_start(struct checker_run *run)
{
	struct dns *dns = (struct dns *)run;
	const char *what;

	int r = dns_ask(dns);
	if (r == -EINVAL)
		checker_over(run, CHECKER_RESULT_UNTRIED, "`name` is no name of DNS");
	else if (r < 0)
		checker_untried(run, "question", r);
	if (r < 0)
		return;
	dns->fd = checker_socket(run, SOCK_DGRAM, 0, &what);
	if (dns->fd < 0) {
		checker_untried(run, what, dns->fd);
		return;
	}
	dns->open = true;
	r = dns_send(dns, &what);
	if (r < 0) {
		dns_over_errno(dns, what, r);
		return;
	}
	checker_step(run, "send");
	r = loop_add_io(run->checkers->loop, dns->fd, EPOLLIN, dns_on_answer, dns, &dns->source);
	if (r < 0)
		checker_untried(run, "loop", r);
}

static const char *dns_doing(const struct checker_run *run)
{
	(void)run;
	return "waiting for the answer";
}

const struct checker_kind checker_dns = {
	.name = "dns",
	.size = sizeof(struct dns),
	.start = dns_start,
	.close = dns_close,
	.doing = dns_doing,
};
