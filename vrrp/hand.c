// SPDX-License-Identifier: GPL-2.0-or-later
/* A pair of sockets with a process at either end: vrrp_hand_… on this side, hand_process_… on the other. A message is a head
 * and bytes, in one datagram.
 *
 * This side never waits: what does not go into the pair's queue is kept in one of its own, and everything goes behind that. The
 * other side may wait, for the kernel and for this one to read; then events pile up in the kernel's queue, which tells when it
 * was too small, as it ever did.
 *
 * Of this process the hand has a copy, of which it uses nothing: no loop, no log. It never returns, and no handler
 * of exit runs in it. */
#include "vrrp/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macros.h"
#include "base/memory.h"

LOG_MODULE("vrrp");

#define HAND_NAME "poised-hand"
/* Of either end: what waits for the other. The kernel counts more than the bytes. */
#define HAND_QUEUE_BYTES (1 << 20)
/* In a turn of this side's loop; and in one go of the other, from one socket, before the next is looked at. */
#define HAND_DATAGRAMS 64u
#define HAND_ROUND     256u
#define HAND_FIRST_FD  3u
/* In the place of a socket: for the worker, and from it. */
#define HAND_WORKER VRRP_HAND_SOCKETS
/* Of the pair alone: what was given was carried out. */
#define HAND_WORD_DONE (VRRP_HAND_UNSENT + 1)
/* How often it is looked after; after how many looks who is stopped is given up, and it is said that nothing is carried out. */
#define HAND_LOOK_NS      1000000000ull
#define HAND_STOPPED_MOST 5u
#define HAND_LATE_MOST    2u

struct hand_head {
	uint16_t socket, word;
	int32_t code;
	uint32_t port, cut;
};

/* What was given, and not taken yet. */
struct hand_parcel {
	STAILQ_ENTRY(hand_parcel) line;
	size_t size;
	char bytes[];
};

STAILQ_HEAD(hand_parcels, hand_parcel);

struct vrrp_hand {
	struct loop *loop;
	pid_t pid;
	int fd;
	struct loop_source *source, *look;
	vrrp_hand_handler *handler;
	void *data;
	struct vrrp_hand_worker worker;
	struct hand_parcels parcels;
	uint64_t given, done; /* how often */
	unsigned int late;    /* looks since something was carried out, or nothing was left to be */
	unsigned int stopped; /* looks in a row that found it stopped */
	bool abandoned;       /* nobody waits for its end */
	_Alignas(max_align_t) char bytes[VRRP_HAND_BROUGHT_MOST];
};

/* The other side. */

struct hand_process {
	int pair, sockets[VRRP_HAND_SOCKETS];
	struct vrrp_hand_worker worker;
	_Alignas(max_align_t) char bytes[VRRP_HAND_BROUGHT_MOST];
	_Alignas(max_align_t) char answer[VRRP_HAND_ANSWER_MOST];
};

/* Waits until there is room. Who is gone is told nothing, but what he has given is still carried out. */
static void hand_process_tell(const struct hand_process *process, const struct hand_head *head,
	const char *bytes, size_t size)
{
	struct iovec pieces[] = {{(void *)head, sizeof(*head)}, {(void *)bytes, size}};
	const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = ARRAY_LENGTH(pieces)};
	ssize_t sent;

	do
		sent = sendmsg(process->pair, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
}

/* Whether there may be more. */
static bool hand_process_bring_one(struct hand_process *process, enum vrrp_hand_socket socket)
{
	struct hand_head head = {.socket = (uint16_t)socket, .word = VRRP_HAND_CAME};
	struct sockaddr_nl from = {};
	struct iovec vector = {process->bytes, sizeof(process->bytes)};
	struct msghdr header = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &vector,
		.msg_iovlen = 1};
	ssize_t got = recvmsg(process->sockets[socket], &header, MSG_DONTWAIT);

	if (got < 0 && errno == EINTR)
		return true;
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got < 0) {
		head.word = VRRP_HAND_LOST;
		head.code = -errno;
	} else {
		head.port = header.msg_namelen == sizeof(from) ? from.nl_pid : UINT32_MAX;
		head.cut = !!(header.msg_flags & MSG_TRUNC);
	}
	hand_process_tell(process, &head, process->bytes, got < 0 ? 0 : (size_t)got);
	return got > 0;
}

static void hand_process_bring(struct hand_process *process)
{
	for (size_t i = 0; i < VRRP_HAND_SOCKETS; i++)
		for (unsigned int round = 0; round < HAND_ROUND; round++)
			if (!hand_process_bring_one(process, (enum vrrp_hand_socket)i))
				break;
}

/* The kernel carries it out while it is being sent. */
static void hand_process_send(struct hand_process *process, uint16_t socket, size_t size)
{
	struct hand_head head = {.socket = socket, .word = VRRP_HAND_UNSENT};
	ssize_t sent;

	do
		sent = send(process->sockets[socket], process->bytes, size, 0);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return;
	head.code = -errno;
	hand_process_tell(process, &head, NULL, 0);
}

static void hand_process_work(struct hand_process *process, size_t size)
{
	const struct vrrp_hand_worker *worker = &process->worker;
	const struct hand_head head = {.socket = HAND_WORKER};
	size_t answer = worker->work(worker->data, process->bytes, size, process->answer);

	if (answer)
		hand_process_tell(process, &head, process->answer, answer);
}

/* What is given next. */
static void hand_process_take(struct hand_process *process)
{
	struct hand_head head;
	struct iovec pieces[] = {{&head, sizeof(head)}, {process->bytes, sizeof(process->bytes)}};
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = ARRAY_LENGTH(pieces)};
	ssize_t got = recvmsg(process->pair, &message, MSG_DONTWAIT);

	/* Of one who is gone the kernel says first that he did not read all. */
	if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNRESET))
		return;
	if (got < (ssize_t)sizeof(head) || head.socket > HAND_WORKER)
		_exit(0);
	size_t size = (size_t)got - sizeof(head);
	if (head.socket < HAND_WORKER)
		hand_process_send(process, head.socket, size);
	else if (process->worker.work)
		hand_process_work(process, size);
	head.word = HAND_WORD_DONE;
	hand_process_tell(process, &head, NULL, 0);
}

static _Noreturn void hand_process_run(struct hand_process *process)
{
	struct pollfd polls[1 + VRRP_HAND_SOCKETS] = {{.fd = process->pair, .events = POLLIN}};

	for (size_t i = 0; i < VRRP_HAND_SOCKETS; i++)
		polls[1 + i] = (struct pollfd){.fd = process->sockets[i], .events = POLLIN};
	for (;;) {
		hand_process_bring(process);
		if (poll(polls, ARRAY_LENGTH(polls), -1) > 0 && polls[0].revents)
			hand_process_take(process);
	}
}

/* Low numbers for what it keeps, and nothing else stays open: of the supervisor's channel above all, whose end is to be seen. */
static bool hand_process_keep(struct hand_process *process, int lock)
{
	int kept[2 + VRRP_HAND_SOCKETS] = {process->pair, lock};
	const int first = HAND_FIRST_FD, count = (int)ARRAY_LENGTH(kept);

	memcpy(kept + 2, process->sockets, sizeof(process->sockets));
	for (int i = 0; i < count; i++)
		if (kept[i] >= 0 && (kept[i] = fcntl(kept[i], F_DUPFD, first + count)) < 0)
			return false;
	for (int i = 0; i < count; i++)
		if (kept[i] >= 0 && (kept[i] = dup2(kept[i], first + i)) < 0)
			return false;
	process->pair = kept[0];
	memcpy(process->sockets, kept + 2, sizeof(process->sockets));
	/* A kernel before 5.9 cannot: there they stay open. */
	close_range((unsigned int)(first + count), ~0u, 0);
	return true;
}

static _Noreturn void hand_process_main(struct hand_process *process,
	const struct vrrp_hand_owner *owner, int theirs, int lock, pid_t parent)
{
	sigset_t none;

	close(theirs);
	prctl(PR_SET_NAME, HAND_NAME);
	sigemptyset(&none);
	/* What the whole process group is told is for the one who gives orders here. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* An end before that is seen afterwards. Rights that are given up do not clear it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(2);
	if (!hand_process_keep(process, lock))
		_exit(2);
	if (owner->enter && owner->enter(owner->data) < 0)
		_exit(2);
	if (process->worker.begin)
		process->worker.begin(process->worker.data);
	hand_process_run(process);
}

/* This side. */

static void hand_is_done(struct vrrp_hand *hand)
{
	if (hand->late >= HAND_LATE_MOST)
		log_notice("the kernel carries out again what it is asked for");
	hand->done++;
	hand->late = 0;
}

static void hand_handle(struct vrrp_hand *hand, const struct hand_head *head, size_t size)
{
	const struct vrrp_hand_brought brought = {.socket = (enum vrrp_hand_socket)head->socket,
		.word = (enum vrrp_hand_word)head->word,
		.code = head->code,
		.port = head->port,
		.cut = head->cut,
		.size = size,
		.data = hand->bytes};

	if (head->word == HAND_WORD_DONE)
		hand_is_done(hand);
	else if (head->socket < HAND_WORKER && head->word <= VRRP_HAND_UNSENT)
		hand->handler(hand->data, &brought);
	else if (head->socket == HAND_WORKER && hand->worker.answered)
		hand->worker.answered(hand->worker.data, hand->bytes, size);
}

/* Whether there may be more. */
static bool hand_hear(struct vrrp_hand *hand)
{
	struct hand_head head;
	struct iovec pieces[] = {{&head, sizeof(head)}, {hand->bytes, sizeof(hand->bytes)}};
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = ARRAY_LENGTH(pieces)};
	ssize_t got = recvmsg(hand->fd, &message, MSG_DONTWAIT);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return errno == EINTR;
	if (got >= (ssize_t)sizeof(head)) {
		hand_handle(hand, &head, (size_t)got - sizeof(head));
		return true;
	}
	log_error("the process that speaks with the kernel has ended: %s",
		got < 0 ? strerror(errno) : "it is to be started anew, with this one");
	hand->source = loop_source_free(hand->source);
	loop_stop(hand->loop, 1);
	return false;
}

/* Giving. */

static int hand_send(const struct vrrp_hand *hand, struct iovec *pieces, size_t count, int flags)
{
	const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
	ssize_t sent;

	do
		sent = sendmsg(hand->fd, &message, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Until there is no more room, or a failure, which the end of the hand is. */
static void hand_send_kept(struct vrrp_hand *hand, int flags)
{
	for (struct hand_parcel *parcel; (parcel = STAILQ_FIRST(&hand->parcels));) {
		struct iovec piece = {parcel->bytes, parcel->size};

		if (hand_send(hand, &piece, 1, flags) < 0)
			return;
		STAILQ_REMOVE_HEAD(&hand->parcels, line);
		free(parcel);
	}
}

static void hand_keep(struct vrrp_hand *hand, const struct iovec *pieces, size_t count)
{
	struct hand_parcel *parcel;
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += pieces[i].iov_len;
	parcel = memory_new(sizeof(*parcel) + size);
	for (size_t i = 0; i < count; i++) {
		memcpy(parcel->bytes + parcel->size, pieces[i].iov_base, pieces[i].iov_len);
		parcel->size += pieces[i].iov_len;
	}
	STAILQ_INSERT_TAIL(&hand->parcels, parcel, line);
	loop_io_set_events(hand->source, EPOLLIN | EPOLLOUT);
}

static int hand_put(struct vrrp_hand *hand, uint16_t socket, const void *data, size_t size)
{
	struct hand_head head = {.socket = socket};
	struct iovec pieces[] = {{&head, sizeof(head)}, {(void *)data, size}};
	int r = -EAGAIN;

	if (size > VRRP_HAND_GIVEN_MOST)
		return -EMSGSIZE;
	if (!hand->source)
		return -EPIPE;
	if (STAILQ_EMPTY(&hand->parcels))
		r = hand_send(hand, pieces, ARRAY_LENGTH(pieces), MSG_DONTWAIT);
	if (r < 0 && r != -EAGAIN)
		return r;
	if (r < 0)
		hand_keep(hand, pieces, ARRAY_LENGTH(pieces));
	hand->given++;
	return 0;
}

int vrrp_hand_give(
	struct vrrp_hand *hand, enum vrrp_hand_socket socket, const void *data, size_t size)
{
	return hand_put(hand, (uint16_t)socket, data, size);
}

int vrrp_hand_ask(struct vrrp_hand *hand, const void *data, size_t size)
{
	return hand_put(hand, HAND_WORKER, data, size);
}

static void hand_on_ready(void *data, uint32_t events)
{
	struct vrrp_hand *hand = data;

	if (events & EPOLLOUT)
		hand_send_kept(hand, MSG_DONTWAIT);
	if (STAILQ_EMPTY(&hand->parcels))
		loop_io_set_events(hand->source, EPOLLIN);
	for (unsigned int i = 0; i < HAND_DATAGRAMS && hand_hear(hand); i++)
		;
}

/* Looking after it. */

/* Nobody can be told to go on who is stopped, or to end: the rights of this process do not allow it. But the kernel ends the hand
 * with this process, and what comes after this one goes on with a hand of its own. */
static void hand_abandon(struct vrrp_hand *hand)
{
	log_error("the process that speaks with the kernel was stopped, and does nothing: it is "
		  "to be started anew, with this one");
	hand->abandoned = true;
	hand->source = loop_source_free(hand->source);
	loop_stop(hand->loop, 1);
}

static bool hand_is_stopped(const struct vrrp_hand *hand)
{
	siginfo_t found = {};

	return waitid(P_PID, (id_t)hand->pid, &found, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
	       found.si_pid == hand->pid;
}

/* By looks, not by the clock: when this process did not run either, nothing is late. Who only waits for the kernel is let wait: the
 * kernel would not end him before, and who came after him would wait as well. */
static void hand_on_look(void *data)
{
	struct vrrp_hand *hand = data;

	hand->stopped = hand_is_stopped(hand) ? hand->stopped + 1 : 0;
	hand->late = hand->given == hand->done ? 0 : hand->late + 1;
	if (hand->late == HAND_LATE_MOST)
		log_warning("the kernel has not carried out what it was asked for, for %u s",
			HAND_LATE_MOST);
	if (hand->stopped >= HAND_STOPPED_MOST && hand->source)
		hand_abandon(hand);
	else
		loop_timer_set(hand->look, loop_now(hand->loop) + HAND_LOOK_NS);
}

bool vrrp_hand_is_late(const struct vrrp_hand *hand)
{
	return hand->late >= HAND_LATE_MOST;
}

/* Life. */

/* Of memory that is opened anew: a lock belongs to who opened it, and the supervisor has the same memory open. */
static int hand_lock(int lease)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(lease)];

	if (lease < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", lease);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_OFD_SETLKW, &lock) < 0)
		log_warning("the lease's memory cannot be locked: %s", strerror(errno));
	return fd;
}

static int hand_pair(int fds[2])
{
	const int size = HAND_QUEUE_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	/* What the machine's limit allows is enough, but for what never happens. */
	for (size_t i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
			(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static int hand_fork(
	struct vrrp_hand *hand, const struct vrrp_hand_owner *owner, const int sockets[])
{
	struct hand_process *process;
	_cleanup_close_ int lock = hand_lock(owner->lease);
	int fds[2], r = hand_pair(fds);
	pid_t parent = getpid();

	if (r < 0)
		return r;
	process = memory_new(sizeof(*process));
	process->pair = fds[1];
	process->worker = hand->worker;
	memcpy(process->sockets, sockets, sizeof(process->sockets));
	hand->pid = fork();
	if (hand->pid == 0)
		hand_process_main(process, owner, fds[0], lock, parent);
	r = hand->pid < 0 ? -errno : 0;
	hand->fd = fds[0];
	close(fds[1]);
	free(process);
	return r;
}

int vrrp_hand_new(struct loop *loop, const struct vrrp_hand_owner *owner,
	const int sockets[static VRRP_HAND_SOCKETS], vrrp_hand_handler *handler, void *data,
	struct vrrp_hand **ret, struct error *error)
{
	struct vrrp_hand *hand = memory_new(sizeof(*hand));

	hand->loop = loop;
	hand->fd = hand->pid = -1;
	hand->handler = handler;
	hand->data = data;
	STAILQ_INIT(&hand->parcels);
	if (owner->worker)
		hand->worker = *owner->worker;
	int r = hand_fork(hand, owner, sockets);
	for (size_t i = 0; i < VRRP_HAND_SOCKETS; i++)
		close(sockets[i]);
	if (r == 0)
		r = loop_add_io(loop, hand->fd, EPOLLIN, hand_on_ready, hand, &hand->source);
	if (r == 0)
		r = loop_add_timer(loop, hand_on_look, hand, &hand->look);
	if (r < 0) {
		*ret = vrrp_hand_free(hand);
		return error_set(error, r,
			"the process that speaks with the kernel cannot be started: %s",
			strerror(-r));
	}
	loop_timer_set(hand->look, loop_now(loop) + HAND_LOOK_NS);
	*ret = hand;
	return 0;
}

/* Nothing is heard any more: so the hand does not wait for this side to read, while this one waits for room. */
static void hand_finish(struct vrrp_hand *hand)
{
	if (hand->fd >= 0) {
		shutdown(hand->fd, SHUT_RD);
		if (!hand->abandoned)
			hand_send_kept(hand, 0);
	}
	for (struct hand_parcel *parcel; (parcel = STAILQ_FIRST(&hand->parcels));) {
		STAILQ_REMOVE_HEAD(&hand->parcels, line);
		free(parcel);
	}
	memory_closep(&hand->fd);
}

struct vrrp_hand *vrrp_hand_free(struct vrrp_hand *hand)
{
	if (!hand)
		return NULL;
	loop_source_free(hand->source);
	loop_source_free(hand->look);
	hand_finish(hand);
	while (!hand->abandoned && hand->pid > 0 && waitpid(hand->pid, NULL, 0) < 0 &&
		errno == EINTR)
		;
	free(hand);
	return NULL;
}
