// SPDX-License-Identifier: GPL-2.0-or-later
/* udp: a datagram is answered, or at least not refused.
 *
 * Where anything is wanted of the answer, the first datagram that comes back decides: its length, the bytes that it begins with, an
 * expression in its first UDP_LOOKED_AT bytes (NUL bytes count as any other). No answer fails when the time is over.
 *
 * Else any answer passes, and an ICMP error about our datagram fails: the port is closed, the host or the network
 * cannot be reached. A server that ignores what it does not understand, as most do, is silent: so half of `timeout` without a word passes.
 * That half is as long as an error may be on its way; the whole is not waited for, or a pass would look like a time that
 * was over. A host that is gone without a router to say so passes as well: `require-reply` or `ping` sees that.
 *
 * The socket is connected, so the kernel drops what others send, and IP_RECVERR brings the errors that it would otherwise keep
 * for itself (only a closed port is told without). */
#include "health/kind.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/pattern.h"
#include "health/range.h"

/* Of an answer; the expression is looked for in so much. */
#define UDP_LOOKED_AT 4096
#define UDP_SHOWN     48
#define UDP_HEX_SHOWN 24

struct udp {
	struct checker_run run;
	bool open;
	int fd;
	struct loop_source *source, *silence;
};

static void udp_close(struct checker_run *run)
{
	struct udp *udp = (struct udp *)run;

	udp->source = loop_source_free(udp->source);
	udp->silence = loop_source_free(udp->silence);
	if (udp->open)
		close(udp->fd);
	udp->open = false;
}

/* As pattern_match(). */
static int udp_compare(const char *expect, const char *text, size_t size)
{
	_cleanup_pattern_ struct pattern *pattern = NULL;
	int r = pattern_new(expect, &pattern, NULL, 0);

	return r < 0 ? r : pattern_match(pattern, text, size);
}

/* Whether the answer is of a length that is not wanted. */
static bool udp_over_length(struct udp *udp, size_t size)
{
	const struct config_range_list *wanted = &udp->run.request.check->udp.reply_length;
	_cleanup_strbuf_ struct strbuf text = {};

	if (!wanted->count || checker_range_has(wanted, size))
		return false;
	checker_range_add(wanted, &text);
	checker_over(
		&udp->run, CHECKER_RESULT_FAILED, "answer of %zu bytes, want %s", size, text.text);
	return true;
}

static bool udp_begins(const char *hex, const char *answer, size_t size)
{
	uint8_t bytes[CONFIG_UDP_EXPECT_MOST], masks[CONFIG_UDP_EXPECT_MOST];
	ssize_t count = hex_parse(hex, bytes, masks, sizeof(bytes));

	if (count < 0 || (size_t)count > size)
		return false;
	for (size_t i = 0; i < (size_t)count; i++)
		if (((uint8_t)answer[i] & masks[i]) != bytes[i])
			return false;
	return true;
}

/* Whether it begins otherwise than it must. */
static bool udp_over_bytes(struct udp *udp, const char *answer, size_t size)
{
	const char *wanted = udp->run.request.check->udp.expect_hex;
	_cleanup_strbuf_ struct strbuf text = {};

	if (!wanted || udp_begins(wanted, answer, size))
		return false;
	for (size_t i = 0; i < MIN(size, (size_t)UDP_HEX_SHOWN); i++)
		strbuf_printf(&text, "%02x", (uint8_t)answer[i]);
	checker_over(&udp->run, CHECKER_RESULT_FAILED, "answer %s%s does not match",
		text.length ? text.text : "of no bytes", size > UDP_HEX_SHOWN ? "..." : "");
	return true;
}

/* `size`: what was sent, of which `text` has the first UDP_LOOKED_AT. */
static void udp_over_answer(struct udp *udp, const char *text, size_t size)
{
	struct checker_run *run = &udp->run;
	const char *expect = run->request.check->udp.expect;
	char shown[UDP_SHOWN];

	if (udp_over_length(udp, size))
		return;
	size = MIN(size, (size_t)UDP_LOOKED_AT);
	if (udp_over_bytes(udp, text, size))
		return;
	checker_printable(text, size, shown, sizeof(shown));
	int r = expect ? udp_compare(expect, text, size) : 1;
	if (r > 0)
		checker_over(run, CHECKER_RESULT_PASSED, "answer \"%s\"", shown);
	else if (r == 0)
		checker_over(run, CHECKER_RESULT_FAILED, "answer \"%s\" does not match", shown);
	else if (r == -ETIMEDOUT)
		checker_over(run, CHECKER_RESULT_FAILED, "matching \"%s\" takes too long", shown);
	else
		checker_untried(run, "answer", r);
}

static void udp_on_event(void *data, uint32_t events)
{
	struct udp *udp = data;
	char text[UDP_LOOKED_AT];

	(void)events;
	ssize_t size = recv(udp->fd, text, sizeof(text), MSG_TRUNC);
	int code = size < 0 ? -errno : 0;
	/* Its checksum was wrong: the kernel has dropped it. */
	if (code == -EAGAIN || code == -EINTR)
		return;
	udp_close(&udp->run);
	checker_step(&udp->run, "answer");
	if (code) {
		checker_over_errno(&udp->run, "answer", code);
		return;
	}
	udp_over_answer(udp, text, (size_t)size);
}

static void udp_on_silence(void *data)
{
	struct udp *udp = data;

	udp_close(&udp->run);
	checker_step(&udp->run, "silence");
	checker_over(&udp->run, CHECKER_RESULT_PASSED, "sent, and no error");
}

static ssize_t udp_send(int fd, const struct config_udp *udp)
{
	uint8_t bytes[CONFIG_UDP_SEND_MOST];
	ssize_t size = udp->send_hex ? hex_parse(udp->send_hex, bytes, NULL, sizeof(bytes)) : 0;

	if (size < 0)
		return size;
	if (udp->send)
		size = send(fd, udp->send, strlen(udp->send), 0);
	else
		size = send(fd, bytes, (size_t)size, 0);
	return size < 0 ? -errno : 0;
}

static int udp_connect(struct udp *udp, const char **what)
{
	struct checker_run *run = &udp->run;
	struct sockaddr_storage target;
	int on = 1;

	if (run->request.target.address.family == AF_INET)
		setsockopt(udp->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		setsockopt(udp->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	socklen_t size = checker_sockaddr(run, &target);
	*what = "connect";
	if (connect(udp->fd, (const struct sockaddr *)&target, size) < 0)
		return -errno;
	*what = "answer";
	if (checker_met_itself(run, udp->fd))
		return -ECONNREFUSED;
	*what = "send";
	return (int)udp_send(udp->fd, &run->request.check->udp);
}

static bool udp_wants_answer(const struct config_udp *udp)
{
	return udp->require_reply || udp->expect || udp->expect_hex || udp->reply_length.count;
}

static int udp_wait(struct udp *udp)
{
	struct checker_run *run = &udp->run;
	struct loop *loop = run->checkers->loop;

	int r = loop_add_io(loop, udp->fd, EPOLLIN, udp_on_event, udp, &udp->source);
	if (r < 0 || udp_wants_answer(&run->request.check->udp))
		return r;
	r = loop_add_timer(loop, udp_on_silence, udp, &udp->silence);
	if (r == 0)
		loop_timer_set(udp->silence, run->began + run->request.check->timeout / 2);
	return r;
}

static void udp_start(struct checker_run *run)
{
	struct udp *udp = (struct udp *)run;
	const char *what;

	udp->fd = checker_socket(run, SOCK_DGRAM, 0, &what);
	if (udp->fd < 0) {
		checker_untried(run, what, udp->fd);
		return;
	}
	udp->open = true;
	int r = udp_connect(udp, &what);
	if (r < 0) {
		udp_close(run);
		checker_over_errno(run, what, r);
		return;
	}
	checker_step(run, "send");
	r = udp_wait(udp);
	if (r < 0)
		checker_untried(run, "loop", r);
}

static const char *udp_doing(const struct checker_run *run)
{
	(void)run;
	return "waiting for the answer";
}

const struct checker_kind checker_udp = {
	.name = "udp",
	.size = sizeof(struct udp),
	.start = udp_start,
	.close = udp_close,
	.doing = udp_doing,
};
