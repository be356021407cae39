// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages between processes: whole, in order, bounded, and from ends that cannot be trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/channel.h"
#include "base/memory.h"
#include "tests/support/times.h"

#define MILLISECOND 1000000ull

enum {
	KIND_NOTHING = 1,
	KIND_NUMBER,
	KIND_TEXT
};

static const struct channel_kind kinds[] = {
	{KIND_NOTHING, "nothing", 0, 0},
	{KIND_NUMBER, "number", sizeof(uint64_t), sizeof(uint64_t)},
	{KIND_TEXT, "text", 1, CHANNEL_PAYLOAD_LIMIT},
};

/* Two ends in one process and one loop; what the left one was told. */
struct world {
	struct loop *loop;
	struct channel *left, *right;
	int raw; /* the right end without a channel; -1 */
	size_t messages, closed;
	int code;
	uint16_t kind;
	uint64_t number, disorder;
	size_t size;
	char last;
	size_t free_at;  /* the message whose handler frees the channel */
	size_t at_timer; /* messages that had come when a timer fired */
	struct loop_source *timer;
};

static void on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct world *world = data;

	assert_int_equal((uintptr_t)payload % _Alignof(max_align_t), 0);
	world->messages++;
	world->kind = kind;
	world->size = size;
	if (world->messages == world->free_at)
		world->left = channel_free(world->left);
	if (kind == KIND_NUMBER) {
		uint64_t number = *(const uint64_t *)payload;
		world->disorder += number != world->number + 1;
		world->number = number;
	}
	if (kind == KIND_TEXT)
		world->last = ((const char *)payload)[size - 1];
}

static void on_closed(void *data, int code)
{
	struct world *world = data;

	world->closed++;
	world->code = code;
}

static void on_closed_free(void *data, int code)
{
	struct world *world = data;

	on_closed(data, code);
	world->left = channel_free(world->left);
}

static void on_other_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	(void)data;
	(void)kind;
	(void)payload;
	(void)size;
}

static void on_other_closed(void *data, int code)
{
	(void)data;
	(void)code;
}

static int make(void **state)
{
	struct world *world = memory_new(sizeof(*world));
	const struct channel_options options = {
		kinds, ARRAY_LENGTH(kinds), on_message, on_closed, world};
	int fds[2];

	assert_int_equal(loop_new(&world->loop), 0);
	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(channel_new(world->loop, fds[0], &options, &world->left), 0);
	world->raw = fds[1];
	*state = world;
	return 0;
}

/* The right end as a channel too. */
static int make_both(void **state)
{
	make(state);
	struct world *world = *state;
	const struct channel_options options = {
		kinds, ARRAY_LENGTH(kinds), on_other_message, on_other_closed, world};

	assert_int_equal(channel_new(world->loop, world->raw, &options, &world->right), 0);
	world->raw = -1;
	return 0;
}

static int drop(void **state)
{
	struct world *world = *state;

	loop_source_free(world->timer);
	channel_free(world->left);
	channel_free(world->right);
	memory_closep(&world->raw);
	loop_free(world->loop);
	free(world);
	return 0;
}

static void on_quiet(void *data)
{
	struct world *world = data;

	loop_stop(world->loop, 0);
}

/* Until nothing is ready any more. */
static void run(struct world *world)
{
	struct loop_source *end;

	assert_int_equal(loop_add_timer(world->loop, on_quiet, world, &end), 0);
	loop_source_set_priority(end, LOOP_PRIORITY_LAST);
	loop_timer_set(end, loop_clock() + 20 * MILLISECOND);
	assert_int_equal(loop_run(world->loop), 0);
	loop_source_free(end);
}

/* A datagram as another process could write it. */
static void put(struct world *world, uint16_t kind, uint16_t zero, uint32_t size,
	const void *payload, size_t real)
{
	char datagram[256];

	memcpy(datagram, &kind, 2);
	memcpy(datagram + 2, &zero, 2);
	memcpy(datagram + 4, &size, 4);
	if (real)
		memcpy(datagram + 8, payload, real);
	assert_int_equal(send(world->raw, datagram, 8 + real, MSG_NOSIGNAL), 8 + real);
}

static void messages_come_whole_and_in_order(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = memory_new(CHANNEL_PAYLOAD_LIMIT);

	for (uint64_t i = 1; i <= 200; i++)
		assert_int_equal(channel_send(world->right, KIND_NUMBER, &i, sizeof(i)), 0);
	assert_int_equal(channel_send(world->right, KIND_NOTHING, NULL, 0), 0);
	text[CHANNEL_PAYLOAD_LIMIT - 1] = 'z';
	assert_int_equal(channel_send(world->right, KIND_TEXT, text, CHANNEL_PAYLOAD_LIMIT), 0);
	run(world);
	assert_int_equal(world->messages, 202);
	assert_int_equal(world->disorder, 0);
	assert_int_equal(world->size, CHANNEL_PAYLOAD_LIMIT);
	assert_int_equal(world->last, 'z');
	assert_int_equal(channel_malformed(world->left), 0);
	assert_int_equal(world->closed, 0);
}

static void what_is_too_long_is_not_sent(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = memory_new(CHANNEL_PAYLOAD_LIMIT + 1);

	assert_int_equal(
		channel_send(world->right, KIND_TEXT, text, CHANNEL_PAYLOAD_LIMIT + 1), -EMSGSIZE);
	run(world);
	assert_int_equal(world->messages, 0);
}

/* More than the socket takes waits, and comes in order once the other end reads. */
static void what_waits_comes_in_order(void **state)
{
	struct world *world = *state;
	const uint64_t count = 20000;

	for (uint64_t i = 1; i <= count; i++)
		assert_int_equal(channel_send(world->right, KIND_NUMBER, &i, sizeof(i)), 0);
	run(world); /* and then nothing is ready: an end that has sent all does not ask whether it may */
	assert_int_equal(world->messages, count);
	assert_int_equal(world->disorder, 0);
}

/* An end that does not read costs no more memory than the limit, and no time. */
static void an_end_that_does_not_read_is_told_of(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = memory_new(CHANNEL_PAYLOAD_LIMIT);
	uint64_t begin = times_cpu();
	size_t sent = 0;
	int r;

	while ((r = channel_send(world->left, KIND_TEXT, text, CHANNEL_PAYLOAD_LIMIT)) == 0)
		assert_true(++sent < 1000);
	assert_int_equal(r, -ENOBUFS);
	assert_true(sent * CHANNEL_PAYLOAD_LIMIT > CHANNEL_QUEUE_LIMIT / 2);
	assert_true(sent * CHANNEL_PAYLOAD_LIMIT < CHANNEL_QUEUE_LIMIT + (1u << 20));
	/* Small ones do not slip in: their order would be lost. */
	while ((r = channel_send(world->left, KIND_NOTHING, NULL, 0)) == 0)
		assert_true(++sent < CHANNEL_QUEUE_LIMIT / 8);
	assert_int_equal(r, -ENOBUFS);
	assert_true(times_cpu() - begin < 5000 * MILLISECOND);
}

static void on_timer(void *data)
{
	struct world *world = data;

	world->at_timer = world->messages;
}

/* Hundreds of messages lie ready, and a timer still has its turn after a bounded number of them. */
static void a_flood_leaves_turns_to_others(void **state)
{
	struct world *world = *state;

	for (uint64_t i = 1; i <= 250; i++)
		put(world, KIND_NUMBER, 0, 8, &i, 8);
	assert_int_equal(loop_add_timer(world->loop, on_timer, world, &world->timer), 0);
	loop_timer_set(world->timer, 1);
	run(world);
	assert_int_equal(world->messages, 250);
	assert_true(world->at_timer <= 128);
}

static void what_fits_no_kind_is_dropped(void **state)
{
	struct world *world = *state;
	uint64_t number = 1;

	put(world, 0, 0, 0, NULL, 0);               /* no kind has 0 */
	put(world, 99, 0, 8, &number, 8);           /* unknown */
	put(world, KIND_NUMBER, 1, 8, &number, 8);  /* the zero is not */
	put(world, KIND_NUMBER, 0, 7, &number, 8);  /* two sizes */
	put(world, KIND_NUMBER, 0, 9, &number, 8);  /* says more than it has */
	put(world, KIND_NUMBER, 0, 7, &number, 7);  /* too short for its kind */
	put(world, KIND_NOTHING, 0, 8, &number, 8); /* too long for its kind */
	put(world, KIND_TEXT, 0, 0, NULL, 0);
	assert_int_equal(send(world->raw, "abc", 3, 0), 3); /* no header */
	assert_int_equal(send(world->raw, "", 0, 0), 0);    /* nothing, which is not the end */
	put(world, KIND_NUMBER, 0, 8, &number, 8);
	run(world);
	assert_int_equal(channel_malformed(world->left), 10);
	assert_int_equal(world->messages, 1);
	assert_int_equal(world->disorder, 0);
	assert_int_equal(world->closed, 0);
}

static void a_cut_message_is_dropped(void **state)
{
	struct world *world = *state;
	size_t size = CHANNEL_PAYLOAD_LIMIT + 64;
	_cleanup_free_ char *datagram = memory_new(size);
	uint16_t kind = KIND_TEXT;
	uint32_t said = CHANNEL_PAYLOAD_LIMIT;

	/* What is left after the cut would be right. */
	memcpy(datagram, &kind, sizeof(kind));
	memcpy(datagram + 4, &said, sizeof(said));
	assert_int_equal(send(world->raw, datagram, size, 0), size);
	run(world);
	assert_int_equal(channel_malformed(world->left), 1);
	assert_int_equal(world->messages, 0);
}

/* A well-formed message with a descriptor behind it: neither is taken. */
static void descriptors_are_not_taken(void **state)
{
	struct world *world = *state;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	uint16_t datagram[4] = {KIND_NOTHING};
	struct iovec part = {datagram, sizeof(datagram)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	int pipe[2];
	char byte;
	assert_int_equal(pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
	control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &pipe[1], sizeof(int));
	assert_int_equal(sendmsg(world->raw, &message, 0), sizeof(datagram));
	close(pipe[1]);
	assert_int_equal(read(pipe[0], &byte, 1), -1); /* on its way, it is open */
	run(world);
	assert_int_equal(read(pipe[0], &byte, 1), 0);
	close(pipe[0]);
	assert_int_equal(channel_malformed(world->left), 1);
	assert_int_equal(world->messages, 0);
}

static void the_end_is_told_once_after_all_messages(void **state)
{
	struct world *world = *state;
	uint64_t unread = 7;

	for (uint64_t i = 1; i <= 100; i++)
		put(world, KIND_NUMBER, 0, 8, &i, 8);
	/* What the other end had not read makes its death an error, which must not hide what it had said. */
	assert_int_equal(channel_send(world->left, KIND_NUMBER, &unread, sizeof(unread)), 0);
	close(world->raw);
	world->raw = -1;
	run(world);
	assert_int_equal(world->messages, 100);
	assert_int_equal(world->closed, 1);
	assert_int_equal(world->code, 0);
	assert_int_equal(channel_send(world->left, KIND_NOTHING, NULL, 0), -EPIPE);
}

static void sending_to_nobody_is_refused_at_once(void **state)
{
	struct world *world = *state;

	close(world->raw);
	world->raw = -1;
	assert_int_equal(channel_send(world->left, KIND_NOTHING, NULL, 0), -EPIPE);
	assert_int_equal(world->closed, 0); /* never from within a call */
	run(world);
	assert_int_equal(world->closed, 1);
}

static void an_end_that_died_unread_is_gone_too(void **state)
{
	struct world *world = *state;

	assert_int_equal(channel_send(world->left, KIND_NOTHING, NULL, 0), 0);
	close(world->raw);
	world->raw = -1;
	assert_int_equal(channel_send(world->left, KIND_NOTHING, NULL, 0), -EPIPE);
}

/* Messages that wait when the other end dies neither spin nor leak. */
static void what_waits_for_nobody_is_dropped(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = memory_new(CHANNEL_PAYLOAD_LIMIT);

	for (size_t i = 0; i < 20; i++)
		assert_int_equal(
			channel_send(world->left, KIND_TEXT, text, CHANNEL_PAYLOAD_LIMIT), 0);
	close(world->raw);
	world->raw = -1;
	run(world);
	assert_int_equal(world->closed, 1);
}

static void a_handler_may_free_its_channel(void **state)
{
	struct world *world = *state;

	for (uint64_t i = 1; i <= 5; i++)
		put(world, KIND_NUMBER, 0, 8, &i, 8);
	world->free_at = 3;
	run(world);
	assert_null(world->left);
	assert_int_equal(world->messages, 3);
	assert_int_equal(world->number, 3); /* read after the channel was freed */
	assert_int_equal(world->closed, 0);
}

static void the_closed_handler_may_free_its_channel(void **state)
{
	struct world *world = *state;
	const struct channel_options options = {
		kinds, ARRAY_LENGTH(kinds), on_message, on_closed_free, world};
	int fds[2];

	channel_free(world->left);
	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(channel_new(world->loop, fds[0], &options, &world->left), 0);
	close(fds[1]);
	run(world);
	assert_int_equal(world->closed, 1);
	assert_null(world->left);
}

/* There is room in the socket again, but others were first. */
static void nobody_overtakes_what_waits(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = memory_new(CHANNEL_PAYLOAD_LIMIT);

	for (size_t i = 0; i < 10; i++)
		assert_int_equal(
			channel_send(world->left, KIND_TEXT, text, CHANNEL_PAYLOAD_LIMIT), 0);
	while (recv(world->raw, text, CHANNEL_PAYLOAD_LIMIT, 0) > 0)
		;
	assert_int_equal(channel_send(world->left, KIND_NOTHING, NULL, 0), 0);
	assert_int_equal(recv(world->raw, text, CHANNEL_PAYLOAD_LIMIT, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* What fits into the socket by then is sent when a channel is freed. */
static void freeing_sends_what_waits(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = memory_new(CHANNEL_PAYLOAD_LIMIT);
	size_t sent = 0, received = 0;

	while (sent < 10)
		sent += channel_send(world->left, KIND_TEXT, text, CHANNEL_PAYLOAD_LIMIT) == 0;
	while (recv(world->raw, text, CHANNEL_PAYLOAD_LIMIT, 0) > 0)
		received++;
	assert_true(received < sent);
	world->left = channel_free(world->left);
	while (recv(world->raw, text, CHANNEL_PAYLOAD_LIMIT, 0) > 0)
		received++;
	assert_true(received > sent / 2);
}

/* Its number may come from a command line. */
static void only_such_a_socket_is_taken(void **state)
{
	struct world *world = *state;
	const struct channel_options options = {
		kinds, ARRAY_LENGTH(kinds), on_message, on_closed, world};
	struct channel *channel = world->left;
	int stream[2], pair[2];

	assert_int_equal(channel_new(world->loop, -1, &options, &channel), -EBADF);
	assert_null(channel);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
	assert_int_equal(channel_new(world->loop, stream[0], &options, &channel), -EPROTOTYPE);
	assert_int_equal(fcntl(stream[0], F_GETFD), -1); /* closed in any case */
	close(stream[1]);
	/* One that was inherited is not handed on. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(channel_new(world->loop, pair[0], &options, &channel), 0);
	assert_int_equal(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
	channel_free(channel);
	close(pair[1]);
	assert_null(channel_free(NULL));
}

static void a_pair_is_not_inherited(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		close(fds[i]);
	}
}

/* Nobody lets the loop run. */
static void what_has_come_can_be_heard_at_once(void **state)
{
	struct world *world = *state;

	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(channel_send(world->right, KIND_NUMBER, &i, sizeof(i)), 0);
	channel_drain(world->left);
	assert_int_equal(world->messages, 100);
	assert_int_equal(world->closed, 0);
	world->right = channel_free(world->right);
	channel_drain(world->left);
	assert_int_equal(world->closed, 1);
	channel_drain(world->left);
	assert_int_equal(world->closed, 1);
	assert_int_equal(world->disorder, 0);
}

#define RAW(function)  cmocka_unit_test_setup_teardown(function, make, drop)
#define BOTH(function) cmocka_unit_test_setup_teardown(function, make_both, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(messages_come_whole_and_in_order),
		BOTH(what_is_too_long_is_not_sent),
		BOTH(what_waits_comes_in_order),
		BOTH(what_has_come_can_be_heard_at_once),
		RAW(an_end_that_does_not_read_is_told_of),
		RAW(a_flood_leaves_turns_to_others),
		RAW(what_fits_no_kind_is_dropped),
		RAW(a_cut_message_is_dropped),
		RAW(descriptors_are_not_taken),
		RAW(the_end_is_told_once_after_all_messages),
		RAW(sending_to_nobody_is_refused_at_once),
		RAW(an_end_that_died_unread_is_gone_too),
		RAW(what_waits_for_nobody_is_dropped),
		RAW(a_handler_may_free_its_channel),
		RAW(the_closed_handler_may_free_its_channel),
		RAW(nobody_overtakes_what_waits),
		RAW(freeing_sends_what_waits),
		RAW(only_such_a_socket_is_taken),
		RAW(a_pair_is_not_inherited),
	};

	alarm(60); /* a loop that never ends fails too */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
