// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket's bounds: clients that are slow, many, endless or gone cost little and stall nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/support/served.h"

#define MILLISECOND 1000000ull
/* What a client may cost, in and out, with room for the allocator's own. */
#define MEMORY_MOST (4u << 20)

static size_t memory_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* A request of so many bytes: blanks before its end. */
static char *padded(size_t size)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"version\"";
	char *text = memory_new(size + 2);

	memset(text, ' ', size);
	memcpy(text, head, strlen(head));
	text[size - 1] = '}';
	text[size] = '\n';
	return text;
}

static void a_line_of_the_limit_is_served_and_a_longer_one_ends_the_connection(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};
	_cleanup_free_ char *longest = padded(CONTROL_LINE_LIMIT);
	_cleanup_free_ char *longer = padded(CONTROL_LINE_LIMIT + 1);

	served_say(reader.fd, longest);
	served_expect_version(&reader, 5);
	served_say(reader.fd, longer);
	served_expect_error(&reader, CALL_CODE_REQUEST, "at most 65536 bytes");
	assert_null(served_next_line(&reader));
	served_await_connected(*state, 0);
	served_expect_responsive(*state);
}

static void an_endless_line_is_not_kept(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};
	_cleanup_free_ char *noise = memory_new(1 << 20);
	size_t before = memory_used();

	memset(noise, 'x', 1 << 20);
	/* It may be cut off in the middle of it. */
	if (send(reader.fd, noise, 1 << 20, MSG_NOSIGNAL) < 0)
		assert_int_equal(errno, EPIPE);
	served_expect_error(&reader, CALL_CODE_REQUEST, "at most");
	served_await_connected(*state, 0);
	assert_true(memory_used() < before + MEMORY_MOST);
}

/* As much as the server takes of it without ever being read, `most` times at most. */
static size_t stuff(int fd, const char *text, size_t most)
{
	size_t count = 0;
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	/* It takes a while until the server has taken what it will. */
	for (int quiet = 0; quiet < 50 && count < most;) {
		ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);

		if (n == (ssize_t)strlen(text)) {
			count++;
			quiet = 0;
			continue;
		}
		assert_true(n < 0 && errno == EAGAIN);
		quiet++;
		usleep(2000);
	}
	fcntl(fd, F_SETFL, flags);
	return count;
}

static void who_reads_nothing_costs_little_and_stalls_nobody(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader slow = {.fd = served_connect(world)};
	_cleanup_served_reader_ struct served_reader helped = {.fd = served_connect(world)};
	size_t before = memory_used();

	size_t asked =
		stuff(slow.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n", SIZE_MAX);
	assert_true(asked > 100);
	/* Answers that are made at once are as bounded as those in pieces. */
	assert_true(stuff(helped.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"help\"}\n",
			    SIZE_MAX) > 100);
	if (memory_used() > before + MEMORY_MOST)
		fail_msg("%zu bytes", memory_used() - before);
	for (int i = 0; i < 20; i++)
		served_expect_responsive(world);
	/* What it asked for is there when it wants it. */
	for (int i = 0; i < 5; i++) {
		json_t *answer = served_next_json(&slow);
		const json_t *services =
			json_object_get(json_object_get(answer, "result"), "services");

		assert_int_equal(json_array_size(services), SERVED_SERVICES);
		json_decref(answer);
	}
}

/* Until no more is answered, for want of somebody who reads it; how much was. */
static size_t await_rest(struct served *world)
{
	size_t served = 0;

	for (int equal = 0; equal < 10;) {
		size_t now = served_counters(world).requests;

		equal = now == served ? equal + 1 : 0;
		served = now;
		usleep(1000);
	}
	return served;
}

/* Thousands of questions wait in the socket's buffer when who asked them goes; each may be as costly as `plan`. */
static void nobody_is_answered_who_has_gone(void **state)
{
	struct served *world = *state;
	int fd = served_connect_as_nobody(world);
	size_t asked = stuff(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"help\"}\n", SIZE_MAX);
	size_t served = await_rest(world);

	assert_true(asked > served + 100);
	close(fd);
	served_await_connected(world, 0);
	/* A turn may have been under way. */
	assert_true(served_counters(world).requests <= served + 20);
}

/* A process that says the same for ever on a connection of its own. */
static pid_t fork_talker(struct served *world, const char *text)
{
	int fd = served_connect(world);
	pid_t pid = fork();

	if (pid == 0)
		while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
			;
	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	close(fd);
	return pid;
}

/* So many are answered within 20 s. */
static void await_requests(struct served *world, size_t count)
{
	for (int i = 0; i < 20000; i++) {
		if (served_counters(world).requests > count)
			return;
		usleep(1000);
	}
	fail_msg("no more than %zu requests", (size_t)served_counters(world).requests);
}

static void who_asks_without_end_stalls_nobody(void **state)
{
	struct served *world = *state;
	_cleanup_strbuf_ struct strbuf talk = {};
	pid_t talkers[3];
	int readers[4];

	/* It is not answered, so nothing holds it up but the bounds of a turn. */
	while (talk.length < CONTROL_LINE_LIMIT)
		strbuf_add(&talk, "{\"jsonrpc\":\"2.0\",\"method\":\"help\"}\n");
	for (size_t i = 0; i < ARRAY_LENGTH(talkers); i++)
		talkers[i] = fork_talker(world, talk.text);
	await_requests(world, 100);
	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++) {
		readers[i] = served_connect(world);
		served_say(readers[i], "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"live\"}\n");
		served_expect_responsive(world);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(talkers); i++) {
		assert_int_equal(kill(talkers[i], SIGKILL), 0);
		assert_int_equal(waitpid(talkers[i], NULL, 0), talkers[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++)
		close(readers[i]);
	served_await_connected(world, 0);
}

static void who_leaves_in_the_middle_of_an_answer_is_forgotten(void **state)
{
	struct served *world = *state;
	char bytes[1000];

	for (int i = 0; i < 100; i++) {
		int fd = served_connect(world);

		served_say(fd, i % 2 ? "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n"
				     : "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"desired\"},"
				       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"plan\"},"
				       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"live\"}]\n");
		if (i % 3)
			assert_true(TEMP_FAILURE_RETRY(recv(fd, bytes, sizeof(bytes), 0)) > 0);
		close(fd);
	}
	served_await_connected(world, 0);
	served_expect_responsive(world);
}

static void what_was_asked_before_leaving_is_done(void **state)
{
	struct served *world = *state;
	int fd = served_connect(world);

	served_say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n"
		       "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"suspend\"}\n");
	close(fd);
	served_await_connected(world, 0);
	assert_true(world->engine.operator.suspended);
}

/* On a busy machine who has just said something may seem to have been idle for a second. */
static void spare_the_idle(struct served *world, void *data)
{
	(void)data;
	control_set_spare(world->control, 3600000 * MILLISECOND);
}

static void spare_the_idle_no_more(struct served *world, void *data)
{
	(void)data;
	control_set_spare(world->control, CONTROL_SPARE_NS);
}

static void two_hundred_clients_are_served_in_their_turn(void **state)
{
	struct served *world = *state;
	struct served_reader readers[200];

	served_in_loop(world, spare_the_idle, NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++) {
		readers[i] = (struct served_reader){.fd = served_connect(world)};
		served_say(readers[i].fd, SERVED_VERSION(1));
	}
	for (size_t i = 0; i < CONTROL_CLIENTS_MOST; i++)
		served_expect_version(&readers[i], 1);
	served_await_connected(world, CONTROL_CLIENTS_MOST);
	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++) {
		if (i >= CONTROL_CLIENTS_MOST)
			served_expect_version(&readers[i], 1);
		served_reader_clear(&readers[i]);
	}
	assert_int_equal(served_counters(world).clients, ARRAY_LENGTH(readers));
	assert_int_equal(served_counters(world).refused, 0);
}

static void a_group_that_holds_every_place_does_not_lock_root_out(void **state)
{
	struct served *world = *state;
	struct served_reader members[CONTROL_CLIENTS_MOST];

	served_in_loop(world, spare_the_idle, NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		members[i] = (struct served_reader){.fd = served_connect_as_nobody(world)};
		served_say(members[i].fd, SERVED_VERSION(1));
		served_expect_version(&members[i], 1);
	}
	/* The first has been idle for longest; the second has just said something. */
	served_say(members[1].fd, SERVED_VERSION(2));
	served_expect_version(&members[1], 2);
	_cleanup_served_reader_ struct served_reader root = {.fd = served_connect(world)};
	served_say(root.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"suspend\"}\n");
	json_t *answer = served_next_json(&root);
	assert_int_equal(served_code_of(answer), 0);
	json_decref(answer);
	assert_null(served_next_line(&members[0]));
	served_say(members[1].fd, SERVED_VERSION(3));
	served_expect_version(&members[1], 3);

	/* Another member has to wait for one that is idle. */
	_cleanup_served_reader_ struct served_reader late = {.fd = served_connect_as_nobody(world)};
	served_expect_error(&late, CALL_CODE_BUSY, "64 clients");
	assert_null(served_next_line(&late));
	served_in_loop(world, spare_the_idle_no_more, NULL);
	usleep(1100000);
	_cleanup_served_reader_ struct served_reader later = {
		.fd = served_connect_as_nobody(world)};
	served_say(later.fd, SERVED_VERSION(4));
	served_expect_version(&later, 4);
	assert_null(served_next_line(&members[2]));
	assert_int_equal(served_counters(world).connected, CONTROL_CLIENTS_MOST);
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		served_reader_clear(&members[i]);
}

/* All places are root's: `events` of them follow the events, the others asked something and then nothing. */
static void fill(struct served *world, struct served_reader *readers, size_t events)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MOST; i++) {
		readers[i] = (struct served_reader){.fd = served_connect(world)};
		served_say(readers[i].fd,
			i < events ? "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events\"}\n"
				   : SERVED_VERSION(1));
		json_decref(served_next_json(&readers[i]));
	}
}

static void expect_served_beside(struct served *world, struct served_reader *readers, size_t leaves)
{
	_cleanup_served_reader_ struct served_reader late = {.fd = served_connect(world)};

	served_say(late.fd, SERVED_VERSION(2));
	served_expect_version(&late, 2);
	assert_null(served_next_line(&readers[leaves]));
	assert_int_equal(served_counters(world).connected, CONTROL_CLIENTS_MOST);
}

static void what_roots_scripts_left_behind_does_not_lock_root_out(void **state)
{
	struct served *world = *state;
	struct served_reader readers[CONTROL_CLIENTS_MOST];

	fill(world, readers, 1);
	/* The first follows events, so the second has to go; nobody else's clients come in for them so soon. */
	_cleanup_served_reader_ struct served_reader other = {
		.fd = served_connect_as_nobody(world)};
	usleep(1100000);
	served_expect_error(&other, CALL_CODE_BUSY, "64 clients");
	expect_served_beside(world, readers, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++)
		served_reader_clear(&readers[i]);
}

static void who_follows_events_does_not_lock_root_out(void **state)
{
	struct served *world = *state;
	struct served_reader readers[CONTROL_CLIENTS_MOST];

	fill(world, readers, CONTROL_CLIENTS_MOST);
	expect_served_beside(world, readers, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++)
		served_reader_clear(&readers[i]);
}

static void shorten_idle(struct served *world, void *data)
{
	(void)data;
	control_set_idle(world->control, 200 * MILLISECOND);
}

static void the_idle_are_shut_out_and_subscribers_are_not_idle(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader idle = {.fd = served_connect(world)};
	_cleanup_served_reader_ struct served_reader subscriber = {.fd = served_connect(world)};
	_cleanup_served_reader_ struct served_reader stuck = {.fd = served_connect(world)};

	served_say(subscriber.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events\"}\n");
	json_decref(served_next_json(&subscriber));
	stuff(stuck.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n", SIZE_MAX);
	served_in_loop(world, shorten_idle, NULL);
	assert_null(served_next_line(&idle));
	served_await_connected(world, 1);
	usleep(300000);
	assert_int_equal(served_counters(world).connected, 1);
	assert_int_equal(served_counters(world).subscribers, 1);
}

#define FLOOD 30000

static void flood(struct served *world, void *data)
{
	for (size_t i = 0; i < FLOOD; i++) {
		_cleanup_free_ char *text = memory_printf("%zu%s", i, data ? (char *)data : "");

		served_tell(world, &(struct engine_event){.kind = ENGINE_EVENT_DRIFT,
					   .object = "service tcp://203.0.113.10:80",
					   .text = text});
	}
}

static void a_subscriber_that_reads_nothing_loses_events_and_learns_how_many(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader slow = {.fd = served_connect(world)};
	size_t before = memory_used(), lost = 0, told = 0;
	json_int_t expected = 0;

	served_say(slow.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events\"}\n");
	json_decref(served_next_json(&slow));
	served_in_loop(world, flood, NULL);
	if (memory_used() > before + MEMORY_MOST)
		fail_msg("%zu bytes", memory_used() - before);
	served_expect_responsive(world);
	while (told + lost < FLOOD) {
		json_t *event = served_next_event(&slow);

		if (strcmp(json_string_value(json_object_get(event, "kind")), "lost") == 0) {
			assert_int_equal(lost, 0);
			lost = (size_t)json_integer_value(json_object_get(event, "lost"));
		} else {
			const char *text = json_string_value(json_object_get(event, "text"));

			/* None is missing but those at the end. */
			assert_int_equal(atoll(text), expected++);
			told++;
		}
		json_decref(event);
	}
	assert_true(lost > 0 && told > 1000);
	assert_int_equal(told + lost, FLOOD);
	/* And then it goes on. */
	served_in_loop(world, served_tell_one,
		&(struct engine_event){.kind = ENGINE_EVENT_DRIFT, .text = "again"});
	json_t *event = served_next_event(&slow);
	assert_string_equal(json_string_value(json_object_get(event, "text")), "again");
	json_decref(event);
}

/* All that is there to be read, while the loop cannot write more. */
static void take_at_once(struct served *world _unused_, void *data)
{
	struct served_reader *reader = data;
	char bytes[65536];
	ssize_t n;

	while ((n = recv(reader->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		strbuf_add_bytes(&reader->input, bytes, (size_t)n);
}

/* Some lengths leave a rest that one write takes whole. */
static void what_was_lost_is_told_though_nothing_follows(void **state)
{
	struct served *world = *state;

	for (size_t length = 1; length <= 241; length += 40) {
		_cleanup_served_reader_ struct served_reader slow = {.fd = served_connect(world)};
		_cleanup_free_ char *text = memory_printf("%0*d", (int)length, 0);
		uint64_t end = loop_clock() + 20000000000ull;

		served_say(slow.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events\"}\n");
		json_decref(served_next_json(&slow));
		served_in_loop(world, flood, text);
		while (!slow.input.length || !strstr(slow.input.text, "\"kind\":\"lost\"")) {
			served_in_loop(world, take_at_once, &slow);
			if (loop_clock() > end)
				fail_msg("events of %zu digits: not told", length);
			usleep(1000);
		}
	}
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, served_start, served_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(a_line_of_the_limit_is_served_and_a_longer_one_ends_the_connection),
		CONTROL_TEST(an_endless_line_is_not_kept),
		CONTROL_TEST(who_reads_nothing_costs_little_and_stalls_nobody),
		CONTROL_TEST(nobody_is_answered_who_has_gone),
		CONTROL_TEST(who_asks_without_end_stalls_nobody),
		CONTROL_TEST(who_leaves_in_the_middle_of_an_answer_is_forgotten),
		CONTROL_TEST(what_was_asked_before_leaving_is_done),
		CONTROL_TEST(two_hundred_clients_are_served_in_their_turn),
		CONTROL_TEST(a_group_that_holds_every_place_does_not_lock_root_out),
		CONTROL_TEST(what_roots_scripts_left_behind_does_not_lock_root_out),
		CONTROL_TEST(who_follows_events_does_not_lock_root_out),
		CONTROL_TEST(the_idle_are_shut_out_and_subscribers_are_not_idle),
		CONTROL_TEST(a_subscriber_that_reads_nothing_loses_events_and_learns_how_many),
		CONTROL_TEST(what_was_lost_is_told_though_nothing_follows),
	};

	/* mallinfo2() counts the main arena alone: the loop's thread has no other then. */
	mallopt(M_ARENA_MAX, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
