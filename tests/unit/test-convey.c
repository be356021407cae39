// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan on its way: pieces that are answered, refused, lost, and a listener that comes and goes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "daemon/convey.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)

/* What was sent and told: "send1 send2 force trouble(…)". */
static struct strbuf said;
static unsigned int pieces; /* of the next plan, the head left out */
static int send_code;
static bool unsendable;

static void say(const char *format, ...) _printf_(1, 2);

static void say(const char *format, ...)
{
	va_list arguments;
	char text[128];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	strbuf_printf(&said, "%s%s", said.length ? " " : "", text);
}

static int on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	assert_ptr_equal(data, &said);
	assert_int_equal(size, sizeof(uint64_t));
	assert_non_null(payload);
	if (send_code == 0)
		say("send%u", kind);
	return send_code;
}

static bool on_write(void *data, struct convey *convey, uint64_t generation)
{
	assert_ptr_equal(data, &said);
	if (unsendable)
		return false;
	for (unsigned int i = 0; i <= pieces; i++) {
		assert_int_equal(convey_next_piece(convey), i);
		convey_add(convey, (uint16_t)i, &generation, sizeof(generation));
	}
	return true;
}

static void on_force(void *data)
{
	assert_ptr_equal(data, &said);
	say("force");
}

static void on_trouble(void *data, const char *why)
{
	assert_ptr_equal(data, &said);
	say("%s", why ? why : "well");
}

static void expect(const char *expected)
{
	assert_string_equal(said.text ? said.text : "", expected);
	strbuf_clear(&said);
}

static struct convey begin(unsigned int count)
{
	const struct convey_options options = {.send = on_send,
		.write = on_write,
		.in_force = on_force,
		.trouble = on_trouble,
		.data = &said};
	struct convey convey;

	strbuf_clear(&said);
	pieces = count;
	send_code = 0;
	unsendable = false;
	convey_init(&convey, &options);
	return convey;
}

static void pieces_are_sent_as_they_are_answered(void **state)
{
	struct convey convey = begin(3);

	(void)state;
	convey_want(&convey, 1, NOW);
	expect("");
	assert_int_equal(convey_run(&convey, NOW), CONVEY_NEVER);
	convey_started(&convey, NOW);
	/* The head is not answered. */
	expect("send0 send1");
	convey_got(&convey, convey.coming, 1, NOW);
	expect("send2");
	assert_false(convey_is_settled(&convey));
	convey_got(&convey, convey.coming, 2, NOW);
	convey_got(&convey, convey.coming, 3, NOW);
	expect("send3 well force");
	assert_true(convey_is_settled(&convey));
	/* The same again is nothing to do; another one is. */
	convey_want(&convey, 1, NOW);
	expect("");
	convey_want(&convey, 2, NOW);
	expect("send0 send1");
	assert_false(convey_is_settled(&convey));
	convey_clear(&convey);
}

static void answers_of_others_are_none(void **state)
{
	struct convey convey = begin(2);

	(void)state;
	convey_started(&convey, NOW);
	convey_want(&convey, 1, NOW);
	expect("send0 send1");
	convey_got(&convey, convey.coming - 1, 1, NOW);
	convey_got(&convey, convey.coming, 2, NOW);
	convey_got(&convey, convey.coming, 0, NOW);
	convey_refused(&convey, convey.coming + 1, "does not like it", NOW);
	expect("");
	assert_int_equal(convey.stale, 2);
	assert_int_equal(convey.malformed, 2);
	convey_clear(&convey);
}

/* After a while that doubles, up to a minute; a plan that arrives ends that. */
static void who_refuses_is_told_again(void **state)
{
	static const uint64_t waits[] = {1, 2, 4, 8, 16, 32, 60, 60};
	struct convey convey = begin(1);
	uint64_t now = NOW;

	(void)state;
	convey_started(&convey, now);
	convey_want(&convey, 1, now);
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		uint64_t generation = convey.coming;

		strbuf_clear(&said);
		convey_refused(&convey, generation, "does not like it", now);
		expect("does not like it");
		assert_int_equal(convey_run(&convey, now), now + waits[i] * SECOND);
		convey_run(&convey, now + waits[i] * SECOND - 1);
		expect("");
		now += waits[i] * SECOND;
		convey_run(&convey, now);
		expect("send0 send1");
		assert_true(convey.coming > generation);
	}
	convey_got(&convey, convey.coming, 1, now);
	expect("well force");
	convey_want(&convey, 2, now);
	convey_refused(&convey, convey.coming, "no", now);
	assert_int_equal(convey_run(&convey, now), now + SECOND);
	convey_clear(&convey);
}

static void what_is_not_answered_or_sent_is_sent_again(void **state)
{
	struct convey convey = begin(1);
	uint64_t next;

	(void)state;
	convey_started(&convey, NOW);
	convey_want(&convey, 1, NOW);
	expect("send0 send1");
	next = convey_run(&convey, NOW);
	assert_true(next > NOW && next != CONVEY_NEVER);
	next = convey_run(&convey, next);
	expect("gives no answer");
	send_code = -ENOBUFS;
	next = convey_run(&convey, next);
	assert_true(said.length > 0);
	strbuf_clear(&said);
	send_code = 0;
	convey_run(&convey, next);
	expect("send0 send1");
	convey_clear(&convey);
}

static void another_listener_is_told_all(void **state)
{
	struct convey convey = begin(1);
	uint64_t first;

	(void)state;
	convey_started(&convey, NOW);
	convey_want(&convey, 1, NOW);
	first = convey.coming;
	convey_got(&convey, first, 1, NOW);
	strbuf_clear(&said);
	convey_gone(&convey);
	expect("well");
	assert_false(convey_is_settled(&convey));
	/* Nobody is there: nothing is due. */
	convey_want(&convey, 2, NOW);
	assert_int_equal(convey_run(&convey, NOW + 3600 * SECOND), CONVEY_NEVER);
	expect("");
	convey_started(&convey, NOW);
	expect("send0 send1");
	assert_true(convey.coming > first);
	convey_clear(&convey);
}

/* What is lost is told again, but no oftener than every ten seconds. */
static void what_is_missed_is_told_again(void **state)
{
	struct convey convey = begin(1);

	(void)state;
	convey_started(&convey, NOW);
	convey_want(&convey, 1, NOW);
	convey_got(&convey, convey.coming, 1, NOW);
	strbuf_clear(&said);
	convey_miss(&convey, NOW + SECOND);
	convey_miss(&convey, NOW + 2 * SECOND);
	assert_int_equal(convey_run(&convey, NOW + 3 * SECOND), NOW + 10 * SECOND);
	expect("");
	convey_run(&convey, NOW + 10 * SECOND);
	expect("send0 send1");
	convey_clear(&convey);
}

static void what_cannot_be_written_is_not_sent(void **state)
{
	struct convey convey = begin(1);

	(void)state;
	unsendable = true;
	convey_started(&convey, NOW);
	convey_want(&convey, 1, NOW);
	expect("");
	assert_int_equal(convey_run(&convey, NOW), CONVEY_NEVER);
	unsendable = false;
	convey_want(&convey, 2, NOW);
	expect("send0 send1");
	convey_clear(&convey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_sent_as_they_are_answered),
		cmocka_unit_test(answers_of_others_are_none),
		cmocka_unit_test(who_refuses_is_told_again),
		cmocka_unit_test(what_is_not_answered_or_sent_is_sent_again),
		cmocka_unit_test(another_listener_is_told_all),
		cmocka_unit_test(what_is_missed_is_told_again),
		cmocka_unit_test(what_cannot_be_written_is_not_sent),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	strbuf_clear(&said);
	return failed;
}
