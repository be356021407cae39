// SPDX-License-Identifier: GPL-2.0-or-later
/* tcp: a connection is accepted.
 *
 * By the server's kernel, that is: its answer to our SYN says that somebody listens there and that there is room. That answer is all that
 * is asked for, so the connection ends before the server's program need hear of it: our part of the handshake's end is
 * held back (TCP_QUICKACK off delays it by some 40 ms) and the close sends RST in its place (SO_LINGER 0). A server that
 * is probed each second by ten balancers accepts, logs and closes nothing for it. Where the acknowledgement got out first (a
 * busy balancer), the server accepts a connection that is reset, as it does from any client that went away: its read says
 * ECONNRESET.
 *
 * An orderly close would leave 60 s of TIME_WAIT here for each probe: with 10,000 in a second more than the kernel keeps, and with
 * short intervals towards one server all local ports. After RST nothing is left on either side.
 *
 * A program that hangs while its kernel goes on answering passes, here as with any check of this kind: `http` and the like are
 * for that. */
#include "health/kind.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

struct tcp {
	struct checker_run run;
	bool open;
	int fd;
	struct loop_source *source;
};

static void tcp_close(struct checker_run *run)
{
	struct tcp *tcp = (struct tcp *)run;

	tcp->source = loop_source_free(tcp->source);
	if (tcp->open)
		close(tcp->fd);
	tcp->open = false;
}

/* At once, not when it is told: with many under way descriptors are what is scarce. */
static void tcp_over(struct tcp *tcp, int code)
{
	struct checker_run *run = &tcp->run;

	tcp_close(run);
	checker_step(run, "connect");
	if (code)
		checker_over_errno(run, "connect", code);
	else
		checker_over(run, CHECKER_RESULT_PASSED, "connected");
}

static int tcp_result(const struct tcp *tcp)
{
	int code = 0;
	socklen_t size = sizeof(code);

	if (getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		return -errno;
	if (!code && checker_met_itself(&tcp->run, tcp->fd))
		return -ECONNREFUSED;
	return -code;
}

static void tcp_on_event(void *data, uint32_t events)
{
	struct tcp *tcp = data;

	(void)events;
	tcp_over(tcp, tcp_result(tcp));
}

static void tcp_leave_no_trace(int fd)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int off = 0;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

static void tcp_start(struct checker_run *run)
{
	struct tcp *tcp = (struct tcp *)run;
	struct sockaddr_storage target;
	const char *what;

	tcp->fd = checker_socket(run, SOCK_STREAM, 0, &what);
	if (tcp->fd < 0) {
		checker_untried(run, what, tcp->fd);
		return;
	}
	tcp->open = true;
	tcp_leave_no_trace(tcp->fd);
	socklen_t size = checker_sockaddr(run, &target);
	if (connect(tcp->fd, (const struct sockaddr *)&target, size) == 0) {
		tcp_over(tcp, tcp_result(tcp));
		return;
	}
	if (errno != EINPROGRESS) {
		tcp_over(tcp, -errno);
		return;
	}
	int r = loop_add_io(
		run->checkers->loop, tcp->fd, EPOLLOUT, tcp_on_event, tcp, &tcp->source);
	if (r < 0)
		checker_untried(run, "loop", r);
}

static const char *tcp_doing(const struct checker_run *run)
{
	(void)run;
	return "connect";
}

const struct checker_kind checker_tcp = {
	.name = "tcp",
	.size = sizeof(struct tcp),
	.start = tcp_start,
	.close = tcp_close,
	.doing = tcp_doing,
};
