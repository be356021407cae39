// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/genl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "backends/ipvs/encode.h"

/* The kernel makes the parts of a dump as large as the largest buffer that was offered to it, up to
 * 32 KiB; only the pages that are written to cost memory. */
enum {
	GENL_SLOTS = 64,
	GENL_RECEIVE_SIZE_MAX = 1024 * 1024,
	GENL_SOCKET_BUFFER = 1024 * 1024,
	/* An answer is there when sendmsg() returns; this is for what nobody foresaw. */
	GENL_PATIENCE_MS = 1000,
};

/* How much fits in one part of a dump (af_netlink.c, netlink_dump()): what was offered, at most 32 KiB
 * (16 KiB with old kernels), or a page (8 KiB at most) when memory is short or less was offered; less
 * the kernel's own end of the buffer, at most GENL_OVERHEAD. An entry is at most GENL_ENTRY_MAX bytes. */
enum {
	GENL_OVERHEAD = 1024,
	GENL_ENTRY_MAX = 512
};

struct ipvs_genl_slots {
	struct mmsghdr headers[GENL_SLOTS];
	struct iovec vectors[GENL_SLOTS];
	uint8_t *bytes;
};

static void genl_slots_prepare(struct ipvs_genl *genl)
{
	struct ipvs_genl_slots *slots = genl->slots;

	for (size_t i = 0; i < GENL_SLOTS; i++) {
		slots->vectors[i] = (struct iovec){
			.iov_base = slots->bytes + i * genl->receive_size,
			.iov_len = genl->receive_size,
		};
		slots->headers[i] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = &slots->vectors[i], .msg_iovlen = 1}};
	}
}

static void genl_slots_make(struct ipvs_genl *genl)
{
	if (!genl->slots)
		genl->slots = memory_new(sizeof(*genl->slots));
	genl->slots->bytes = memory_resize(genl->slots->bytes, GENL_SLOTS, genl->receive_size);
	genl_slots_prepare(genl);
}

int ipvs_batch_add(struct ipvs_batch *batch, struct nl_msg *message)
{
	if (!message)
		return -EMSGSIZE;
	const struct nlmsghdr *header = nlmsg_hdr(message);
	size_t size = NLMSG_ALIGN((size_t)header->nlmsg_len);

	/* One more than needed, so that there is memory whatever the size. */
	vector_reserve(batch, batch->count + size + 1);
	memset(batch->items + batch->count, 0, size);
	memcpy(batch->items + batch->count, header, header->nlmsg_len);
	batch->count += size;
	batch->requests++;
	nlmsg_free(message);
	return 0;
}

void ipvs_batch_clear(struct ipvs_batch *batch)
{
	vector_clear(batch);
	*batch = (struct ipvs_batch){};
}

/* A socket without a use for libnl's own receiving: sequence numbers and acknowledgements are
 * counted here. */
static int genl_connect_socket(struct ipvs_genl *genl)
{
	int on = 1, size = GENL_SOCKET_BUFFER;

	if (genl->socket)
		nl_socket_free(genl->socket);
	genl->socket = nl_socket_alloc();
	if (!genl->socket)
		return -ENOMEM;
	if (genl_connect(genl->socket) < 0)
		return errno ? -errno : -EPROTONOSUPPORT;
	int fd = nl_socket_get_fd(genl->socket);
	/* Without the request's own bytes in it, an error's answer is as small as an
	 * acknowledgement. Kernels that cannot do it send more, which is no fault. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	/* More room than the default, where the privilege allows; the window does without. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

int ipvs_genl_reconnect(struct ipvs_genl *genl, size_t receive_size)
{
	genl->receive_size = receive_size;
	genl_slots_make(genl);
	return genl_connect_socket(genl);
}

static unsigned int genl_window(void)
{
	const char *text = getenv("POISE_IPVS_WINDOW");
	char *end = NULL;
	unsigned long value = text && *text ? strtoul(text, &end, 10) : IPVS_WINDOW_MAX;

	if ((end && *end) || value < 1 || value > IPVS_WINDOW_MAX)
		return IPVS_WINDOW_MAX;
	return (unsigned int)value;
}

int ipvs_genl_open(struct ipvs_genl *genl)
{
	*genl = (struct ipvs_genl){
		.sequence = 1,
		.window = genl_window(),
		.lists = -1,
	};
	int code = ipvs_genl_reconnect(genl, IPVS_RECEIVE_SMALL);
	if (code < 0)
		return code;
	code = ipvs_genl_refresh(genl);
	return code < 0 ? code : 0;
}

void ipvs_genl_close(struct ipvs_genl *genl)
{
	if (genl->socket)
		nl_socket_free(genl->socket);
	if (genl->slots)
		free(genl->slots->bytes);
	free(genl->slots);
	*genl = (struct ipvs_genl){.lists = genl->lists};
}

struct genl_family_answer {
	uint16_t family;
	int code;
};

static void genl_take_family(void *context, size_t index, const struct nlmsghdr *message)
{
	struct genl_family_answer *answer = context;

	(void)index;
	answer->code = ipvs_decode_family(message, &answer->family);
}

int ipvs_genl_refresh(struct ipvs_genl *genl)
{
	struct genl_family_answer answer = {.code = -EBADMSG};
	int code = ipvs_genl_request(
		genl, ipvs_encode_family_request(IPVS_GENL_NAME), true, genl_take_family, &answer);

	if (code < 0)
		return code;
	if (answer.code < 0)
		return answer.code;
	bool changed = genl->family != answer.family;
	genl->family = answer.family;
	return changed;
}

static int genl_send(struct ipvs_genl *genl, const struct ipvs_batch *batch)
{
	struct iovec vector = {.iov_base = batch->items, .iov_len = batch->count};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct msghdr message = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	ssize_t sent;

	do
		sent = sendmsg(nl_socket_get_fd(genl->socket), &message, 0);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Fetches what is there. The number of datagrams; 0 when none came within the patience; -errno. */
static int genl_receive(struct ipvs_genl *genl, int patience_ms)
{
	int fd = nl_socket_get_fd(genl->socket);

	for (bool waited = false;; waited = true) {
		int got = recvmmsg(fd, genl->slots->headers, GENL_SLOTS, MSG_DONTWAIT, NULL);

		if (got >= 0)
			return got;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (waited || !patience_ms)
			return 0;
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		poll(&wait, 1, patience_ms);
	}
}

struct genl_exchange {
	uint32_t first; /* sequence number of the first request of the batch */
	size_t requests, answered;
	bool acknowledge;
	const size_t *places; /* of each request of the batch among the codes */
	int *codes;
	ipvs_answer_function *answer;
	void *context;
};

static void genl_settle(void *context, const struct ipvs_reply *reply)
{
	struct genl_exchange *exchange = context;
	uint32_t index = reply->sequence - exchange->first;

	/* Of an older exchange whose answers were given up, or of nobody's. */
	if (index >= exchange->requests)
		return;
	size_t place = exchange->places[index];
	if (exchange->codes[place] != IPVS_ANSWER_LOST)
		return;
	if (reply->kind == IPVS_REPLY_DATA) {
		if (exchange->answer)
			exchange->answer(exchange->context, place, reply->message);
		if (exchange->acknowledge)
			return;
	}
	exchange->codes[place] = reply->code;
	exchange->answered++;
}

static struct nlmsghdr *genl_message(const struct ipvs_batch *batch, size_t at)
{
	return (void *)(batch->items + at);
}

static bool genl_is_control(const struct ipvs_batch *batch)
{
	return batch->requests && genl_message(batch, 0)->nlmsg_type == GENL_ID_CTRL;
}

/* Puts into each message of the batch what is known only now: number, family, flag. */
static void genl_address(struct ipvs_genl *genl, struct ipvs_batch *batch, bool acknowledge)
{
	bool control = genl_is_control(batch);

	for (size_t at = 0; at < batch->count;) {
		struct nlmsghdr *header = genl_message(batch, at);

		header->nlmsg_seq = genl->sequence++;
		if (!control)
			header->nlmsg_type = genl->family;
		if (acknowledge)
			header->nlmsg_flags |= NLM_F_ACK;
		at += NLMSG_ALIGN((size_t)header->nlmsg_len);
	}
}

static void genl_collect(struct ipvs_genl *genl, struct genl_exchange *exchange)
{
	int patience_ms = GENL_PATIENCE_MS;

	while (exchange->answered < exchange->requests) {
		int got = genl_receive(genl, patience_ms);

		/* The overflow is told once. What was queued before it still comes, and there is
		 * nothing to wait for behind it. */
		if (got == -ENOBUFS) {
			patience_ms = 0;
			continue;
		}
		if (got <= 0)
			return;
		for (int i = 0; i < got; i++)
			ipvs_decode_datagram(genl->slots->vectors[i].iov_base,
				MIN((size_t)genl->slots->headers[i].msg_len, genl->receive_size),
				genl_settle, exchange);
	}
}

static int genl_round(
	struct ipvs_genl *genl, struct ipvs_batch *batch, struct genl_exchange *exchange)
{
	exchange->first = genl->sequence;
	exchange->requests = batch->requests;
	exchange->answered = 0;
	genl_address(genl, batch, exchange->acknowledge);
	int code = genl_send(genl, batch);
	if (code < 0)
		return code;
	genl_collect(genl, exchange);
	return 0;
}

/* Reduces the batch to the requests that were answered with -ENOENT; how many there are. */
static size_t genl_keep_unknown(struct ipvs_batch *batch, size_t *places, int *codes)
{
	size_t kept = 0, to = 0, from = 0;

	for (size_t i = 0; i < batch->requests; i++) {
		size_t size = NLMSG_ALIGN((size_t)genl_message(batch, from)->nlmsg_len);

		if (codes[places[i]] == -ENOENT) {
			memmove(batch->items + to, batch->items + from, size);
			to += size;
			places[kept++] = places[i];
		}
		from += size;
	}
	batch->requests = kept;
	batch->count = to;
	return kept;
}

/* -ENOENT is the kernel's word for a missing scheduler, a missing destination, and a family number
 * that is no longer good. Only the family can be asked for, so it is; where its number changed,
 * what got that answer is sent once more. */
static void genl_retry_unknown(struct ipvs_genl *genl, struct ipvs_batch *batch,
	struct genl_exchange *exchange, size_t *places)
{
	if (genl_is_control(batch) || !genl_keep_unknown(batch, places, exchange->codes))
		return;
	int refreshed = ipvs_genl_refresh(genl);
	if (refreshed == 0)
		return;
	for (size_t i = 0; i < batch->requests; i++)
		exchange->codes[places[i]] = refreshed > 0 ? IPVS_ANSWER_LOST : -ENOTCONN;
	if (refreshed > 0)
		genl_round(genl, batch, exchange);
}

int ipvs_genl_exchange(struct ipvs_genl *genl, struct ipvs_batch *batch, bool acknowledge,
	int *codes, ipvs_answer_function *answer, void *context)
{
	size_t places[IPVS_WINDOW_MAX];
	struct genl_exchange exchange = {
		.acknowledge = acknowledge,
		.places = places,
		.codes = codes,
		.answer = answer,
		.context = context,
	};

	if (batch->requests > IPVS_WINDOW_MAX)
		return -E2BIG;
	for (size_t i = 0; i < batch->requests; i++) {
		places[i] = i;
		codes[i] = IPVS_ANSWER_LOST;
	}
	int code = genl_round(genl, batch, &exchange);
	if (code < 0)
		return code;
	genl_retry_unknown(genl, batch, &exchange, places);
	return 0;
}

int ipvs_genl_request(struct ipvs_genl *genl, struct nl_msg *message, bool acknowledge,
	ipvs_answer_function *answer, void *context)
{
	_cleanup_batch_ struct ipvs_batch batch = {};
	int result = 0, code = ipvs_batch_add(&batch, message);

	if (code == 0)
		code = ipvs_genl_exchange(genl, &batch, acknowledge, &result, answer, context);
	if (code < 0)
		return code;
	return result == IPVS_ANSWER_LOST ? -ENOBUFS : result;
}

struct genl_dump {
	uint32_t sequence;
	bool done, interrupted;
	bool part_has_entries; /* the datagram at hand */
	int code;
	ipvs_answer_function *answer;
	void *context;
};

static void genl_take_part(void *context, const struct ipvs_reply *reply)
{
	struct genl_dump *dump = context;

	if (reply->sequence != dump->sequence)
		return;
	dump->interrupted |= reply->interrupted;
	if (reply->kind == IPVS_REPLY_DATA) {
		dump->part_has_entries = true;
		dump->answer(dump->context, 0, reply->message);
		return;
	}
	dump->done = true;
	dump->code = reply->code;
}

/* The bytes that the first part of a dump had room for, at least. It is queued when sendmsg() returns,
 * and alone, so the memory that the queue holds is the memory that the kernel got for it. */
static size_t genl_part_room(const struct ipvs_genl *genl)
{
	uint32_t memory[SK_MEMINFO_VARS] = {};
	socklen_t length = sizeof(memory);
	long page = sysconf(_SC_PAGESIZE);
	size_t room = page > 0 && page < 8192 ? (size_t)page : 8192;
	size_t offered = MAX(genl->receive_size, room);

	if (getsockopt(nl_socket_get_fd(genl->socket), SOL_SOCKET, SO_MEMINFO, memory, &length) < 0)
		memory[SK_MEMINFO_RMEM_ALLOC] = 0;
	/* The kernel's memory comes in powers of two, and its own figure is a little above. */
	while (room < IPVS_RECEIVE_LARGE && room * 2 <= memory[SK_MEMINFO_RMEM_ALLOC])
		room *= 2;
	return MIN(room, offered) - GENL_OVERHEAD;
}

/* A connection whose dump went wrong may have the rest of it still to come, so it is given up. */
static int genl_restart(struct ipvs_genl *genl, size_t longest)
{
	size_t size = genl->receive_size;

	if (longest > size && size < GENL_RECEIVE_SIZE_MAX)
		size *= 2;
	int code = ipvs_genl_reconnect(genl, size);
	return code < 0 ? code : -EAGAIN;
}

/* Receives until the dump is done. 0, or -errno when the connection must be made anew; *longest is
 * then the longest datagram. */
static int genl_dump_receive(struct ipvs_genl *genl, struct genl_dump *dump,
	enum ipvs_dump_state *state, size_t *longest)
{
	size_t parts = 0, first = 0, room = genl_part_room(genl);

	while (!dump->done) {
		int got = genl_receive(genl, GENL_PATIENCE_MS);

		if (got <= 0)
			return got < 0 ? got : -ETIMEDOUT;
		for (int i = 0; i < got; i++) {
			size_t size = genl->slots->headers[i].msg_len;

			*longest = MAX(*longest, size);
			if (genl->slots->headers[i].msg_hdr.msg_flags & MSG_TRUNC) {
				*longest = MAX(*longest, genl->receive_size + 1);
				return -EMSGSIZE;
			}
			dump->part_has_entries = false;
			if (ipvs_decode_datagram(genl->slots->vectors[i].iov_base, size,
				    genl_take_part, dump) < 0)
				return -EBADMSG;
			if (dump->part_has_entries && parts++ == 0)
				first = size;
		}
	}
	bool exact = parts <= 1 && first + GENL_ENTRY_MAX <= room && !dump->interrupted;
	*state = exact ? IPVS_DUMP_EXACT : IPVS_DUMP_PIECES;
	return 0;
}

static int genl_dump_once(struct ipvs_genl *genl, struct ipvs_batch *batch,
	ipvs_answer_function *answer, void *context, enum ipvs_dump_state *state)
{
	struct genl_dump dump = {.sequence = genl->sequence, .answer = answer, .context = context};
	size_t longest = 0;

	genl_address(genl, batch, false);
	int code = genl_send(genl, batch);
	if (code < 0)
		return code;
	code = genl_dump_receive(genl, &dump, state, &longest);
	return code < 0 ? genl_restart(genl, longest) : dump.code;
}

int ipvs_genl_dump(struct ipvs_genl *genl, struct nl_msg *message, ipvs_answer_function *answer,
	void *context, enum ipvs_dump_state *state)
{
	_cleanup_batch_ struct ipvs_batch batch = {};
	int code = ipvs_batch_add(&batch, message);

	if (code < 0)
		return code;
	code = genl_dump_once(genl, &batch, answer, context, state);
	if (code != -ENOENT)
		return code;
	/* A dump has no other reason for this than a family number of before a reload. */
	int refreshed = ipvs_genl_refresh(genl);
	if (refreshed < 0)
		return -ENOTCONN;
	return refreshed ? genl_dump_once(genl, &batch, answer, context, state) : code;
}
