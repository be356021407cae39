// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of `notify` that failed when they ran last: what the supervisor keeps of them, what the reconciler is told and shows. */
#include "daemon/notify.h"
#include "daemon/notify_failed.h"
#include "tests/unit/call-fixture.h"
#include "tests/unit/health-fixture.h"

#define EXIT(code) ((code) << 8)

static const char *const environment[] = {"PATH=/bin", "POISE_EVENT=destination-down",
	"POISE_SERVICE=web", "POISE_DESTINATION=10.0.0.1:80", NULL};

static void take(struct notify_failed *failed, const char *program, const char *argument,
	int status, uint64_t wall)
{
	const char *const words[] = {program, argument, NULL};
	const struct message_program_texts texts = {
		.user = "", .words = words, .environment = environment};
	_cleanup_free_ struct message_program *message = NULL;
	size_t size;

	assert_int_equal(message_program_write(1, 0, &texts, &message, &size), 0);
	notify_failed_take(failed, message, size, status, wall);
}

static void what_works_again_is_forgotten(void **state _unused_)
{
	struct notify_failed failed = {};

	take(&failed, "/bin/a", "x", 0, 1);
	assert_int_equal(failed.count, 0);
	assert_int_equal(failed.serial, 0);
	take(&failed, "/bin/a", "x", EXIT(1), 1);
	take(&failed, "/bin/a", NULL, EXIT(1), 2);
	take(&failed, "/bin/b", "x", -ENOENT, 3);
	/* Once more: the same one, as it ended last. */
	take(&failed, "/bin/a", "x", 9, 4);
	assert_int_equal(failed.count, 3);
	assert_int_equal(failed.items[2].wall, 4);
	assert_int_equal(failed.items[2].status, 9);
	uint64_t serial = failed.serial;
	take(&failed, "/bin/a", "y", 0, 5);
	assert_int_equal(failed.serial, serial);
	take(&failed, "/bin/a", "x", 0, 5);
	assert_int_not_equal(failed.serial, serial);
	assert_int_equal(failed.count, 2);
	assert_int_equal(failed.items[0].wall, 2);
	assert_int_equal(failed.items[1].wall, 3);
	notify_failed_clear(&failed);
}

static void they_are_no_more_than_so_many(void **state _unused_)
{
	struct notify_failed failed = {};

	for (unsigned int i = 0; i < MESSAGE_NOTIFY_FAILED_MOST + 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		take(&failed, "/bin/a", name, EXIT(1), i);
	}
	assert_int_equal(failed.count, MESSAGE_NOTIFY_FAILED_MOST);
	assert_int_equal(failed.items[0].wall, 5);
	notify_failed_clear(&failed);
}

static void each_end_has_words(void **state _unused_)
{
	static const struct {
		int status;
		const char *words;
	} ends[] = {{EXIT(3), "ended with code 3"}, {9, "was ended by signal 9"},
		{-ETIMEDOUT, "took longer than 30 s: it was killed"}, {-ETIME, "never began"},
		{-ENOENT, "cannot be run: No such file or directory"}};

	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		notify_failed_say(ends[i].status, &text);
		assert_string_equal(text.text, ends[i].words);
	}
}

/* All of the list, as the supervisor tells it. */
static void tell(struct fixture *fixture, const struct notify_failed *failed)
{
	for (size_t i = 0; i < MAX(failed->count, 1u); i++) {
		size_t size;
		_cleanup_free_ struct message_notify_failed *message =
			notify_failed_message(failed, i, &size);

		assert_int_equal(notify_take_failed(&fixture->engine, message, size), 0);
	}
}

/* Of `status`: "program event service reason at", a line each. The caller frees it. */
static char *shown(struct fixture *fixture)
{
	json_t *answer = answer_of(fixture, "status", NULL, NULL);
	const json_t *notify = json_object_get(json_object_get(answer, "result"), "notify");
	const json_t *failure;
	struct strbuf text = {};
	size_t i;

	json_array_foreach(json_object_get(notify, "failing"), i, failure)
	{
		const char *program, *event, *service, *reason;
		json_int_t at;

		assert_int_equal(json_unpack((json_t *)failure, "{s:s, s:s, s:s, s:n, s:s, s:I}",
					 "program", &program, "event", &event, "service", &service,
					 "router", "reason", &reason, "at_ms", &at),
			0);
		strbuf_printf(&text, "%s %s %s %s %d\n", program, event, service, reason, (int)at);
	}
	json_decref(answer);
	strbuf_add(&text, "");
	return strbuf_take(&text);
}

static void assert_shown(struct fixture *fixture, const char *wanted)
{
	_cleanup_free_ char *text = shown(fixture);

	assert_string_equal(text ? text : "", wanted);
}

#define SERVICE(notify)                                                                            \
	"  web: {listen: \"" WEB "\", check: web, notify: " notify ", destinations: [10.0.0.1]}\n"
#define SAID "/bin/a destination-down web ended with code 3 7\n"

static void status_shows_them_until_they_work_or_are_gone(void **state)
{
	struct fixture *fixture = *state;
	struct notify_failed failed = {};

	begin_health(fixture, CHECK_WEB, SERVICE("[/bin/a, secret]"));
	assert_shown(fixture, "");
	take(&failed, "/bin/a", "secret", EXIT(3), 7);
	/* Of no service: of one that was in the files when it was told. */
	take(&failed, "/bin/a", "other", EXIT(4), 8);
	take(&failed, "/bin/a", NULL, EXIT(4), 8);
	tell(fixture, &failed);
	assert_shown(fixture, SAID);
	assert_false(engine_is_degraded(&fixture->engine));
	/* Other files that have it. */
	declare(fixture, CHECK_WEB,
		SERVICE("[/bin/a, secret]") "  more: {listen: \"tcp://203.0.113.11:80\", "
					    "destinations: [10.0.0.7]}\n");
	assert_shown(fixture, SAID);
	/* Told again, it is not there twice. */
	tell(fixture, &failed);
	assert_shown(fixture, SAID);
	declare(fixture, CHECK_WEB, SERVICE("/bin/b"));
	assert_shown(fixture, "");
	declare(fixture, CHECK_WEB, SERVICE("[/bin/a, secret]"));
	tell(fixture, &failed);
	assert_shown(fixture, SAID);
	take(&failed, "/bin/a", "secret", 0, 9);
	take(&failed, "/bin/a", "other", 0, 9);
	take(&failed, "/bin/a", NULL, 0, 9);
	tell(fixture, &failed);
	assert_shown(fixture, "");
	notify_failed_clear(&failed);
}

/* Routers have commands too. */
static void a_routers_command_is_shown(void **state)
{
	struct fixture *fixture = *state;
	struct notify_failed failed = {};

	write_file(fixture, "poise: 1\nallow-empty: true\nvrrp:\n  edge: {interface: lo, vrid: 1, "
			    "addresses: [10.0.0.1/24], notify: /bin/a}\n");
	start(fixture);
	turn(fixture);
	take(&failed, "/bin/a", NULL, EXIT(3), 7);
	take(&failed, "/bin/b", NULL, EXIT(3), 7);
	tell(fixture, &failed);
	assert_shown(fixture, SAID);
	notify_failed_clear(&failed);
}

static void what_is_no_such_message_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct notify_failed failed = {};
	size_t size;

	begin_health(fixture, CHECK_WEB, SERVICE("/bin/a"));
	take(&failed, "/bin/a", NULL, EXIT(3), 7);
	_cleanup_free_ struct message_notify_failed *message =
		notify_failed_message(&failed, 0, &size);
	assert_int_equal(notify_take_failed(&fixture->engine, message, size - 1), -EBADMSG);
	assert_int_equal(notify_take_failed(&fixture->engine, message, sizeof(*message)), -EBADMSG);
	message->place = message->count;
	assert_int_equal(notify_take_failed(&fixture->engine, message, size), -EBADMSG);
	assert_shown(fixture, "");
	notify_failed_clear(&failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_works_again_is_forgotten),
		cmocka_unit_test(they_are_no_more_than_so_many),
		cmocka_unit_test(each_end_has_words),
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_told)
		TEST(status_shows_them_until_they_work_or_are_gone),
		TEST(a_routers_command_is_shown),
		TEST(what_is_no_such_message_is_dropped),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
