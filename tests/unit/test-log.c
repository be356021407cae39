// SPDX-License-Identifier: GPL-2.0-or-later
/* The log: what a line looks like wherever it goes, and what it never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "tests/support/folder.h"

LOG_MODULE("middle");

/* Another file of the same module, and modules before and behind it. */
static struct log_module same = {.name = "middle"}, first = {.name = "first"},
			 zulu = {.name = "zulu"};

#define JOURNAL_FOLDER "/run/systemd/journal"
#define SYSLOG_FOLDER  "/dev"

/* Standard error is a pipe, a file or a socket of the test while it runs. */
struct world {
	int saved;  /* the real one */
	int reader; /* its other end */
	char text[16384];
};

static void replace_stderr(struct world *world, int fds[2])
{
	if (world->reader >= 0)
		close(world->reader);
	world->reader = fds[0];
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
}

static void use_pipe(struct world *world)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	replace_stderr(world, fds);
}

static void use_socket(struct world *world)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	replace_stderr(world, fds);
}

static int make(void **state)
{
	struct world *world = memory_new(sizeof(*world));

	world->saved = dup(STDERR_FILENO);
	world->reader = -1;
	unsetenv("JOURNAL_STREAM");
	unsetenv("INVOCATION_ID");
	use_pipe(world);
	assert_int_equal(log_open("poise-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO), 0);
	assert_int_equal(log_set_level(NULL, LOG_LEVEL_INFO), 0);
	*state = world;
	return 0;
}

static int drop(void **state)
{
	struct world *world = *state;

	dup2(world->saved, STDERR_FILENO);
	close(world->saved);
	close(world->reader);
	free(world);
	return 0;
}

/* What standard error got since the last look. */
static const char *said(struct world *world)
{
	ssize_t n = read(world->reader, world->text, sizeof(world->text) - 1);

	world->text[n > 0 ? n : 0] = '\0';
	return world->text;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	int r = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	if (r)
		fail_msg("\"%s\" is not as \"%s\"", text, pattern);
}

static size_t lines(const char *text)
{
	size_t count = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		count++;
	}
	return count;
}

#define TIME "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3} "

/* The line. */

static void a_line_says_when_how_bad_and_who(void **state)
{
	log_info("%d services", 3);
	assert_matches(said(*state), "^" TIME "info middle: 3 services\n$");
	log_error("lost");
	assert_matches(said(*state), "^" TIME "error middle: lost\n$");
}

static void an_object_is_named_once(void **state)
{
	log_object_warning("service tcp://10.0.0.1:80", "has no destination");
	assert_matches(said(*state),
		"warning middle: has no destination \\[service tcp://10.0.0.1:80\\]\n$");
	log_object_notice("edge", "edge is active");
	assert_matches(said(*state), "notice middle: edge is active\n$");
	/* Other words that have it in them do not name it. */
	log_object_notice("e", "edge is active, web-e too");
	assert_matches(said(*state), "web-e too \\[e\\]\n$");
	log_object_notice("edge", "edges are one edge");
	assert_matches(said(*state), "one edge\n$");
}

static void a_message_is_one_line_of_text(void **state)
{
	log_info("a\nb\r\tc\x1b[31m\x7f");
	assert_matches(said(*state), "middle: a\\\\x0ab\\\\x0d\\\\x09c\\\\x1b\\[31m\\\\x7f\n$");
	log_object_info("x\n<0>evil: panic", "text");
	assert_matches(said(*state), "text \\[x\\\\x0a<0>evil: panic\\]\n$");
	/* C1 control, right-to-left override, no UTF-8 at all; and what is none of these. */
	log_info("\xc2\x9b \xe2\x80\xae \xff\xc3 gr\xc3\xbc\xc3\x9f dich");
	assert_matches(said(*state), "middle: \\\\xc2\\\\x9b \\\\xe2\\\\x80\\\\xae \\\\xff\\\\xc3 "
				     "gr\xc3\xbc\xc3\x9f dich\n$");
}

static void a_long_message_is_cut(void **state)
{
	_cleanup_free_ char *text = memory_new(100001), *object = memory_new(100001);

	memset(text, 'a', 100000);
	memset(object, 'b', 100000);
	log_object_info(object, "%s", text);
	const char *line = said(*state);
	assert_true(strlen(line) > 2000 && strlen(line) < 4096);
	assert_matches(line, "aaa… \\[bb*…\\]\n$");
	/* Each becomes four. */
	memset(text, '\n', 100000);
	log_info("%s", text);
	line = said(*state);
	assert_true(strlen(line) > 2000 && strlen(line) < 4096);
	assert_matches(line, "0a\\\\x0a…\n$");
	assert_int_equal(lines(line), 1);
}

static void errno_is_as_it_was(void **state)
{
	errno = ENOTDIR;
	log_info("%m");
	assert_int_equal(errno, ENOTDIR);
	assert_matches(said(*state), "middle: Not a directory\n$");
	/* Though the log met another one. */
	struct world *world = *state;
	int full[2] = {dup(world->saved), open("/dev/full", O_WRONLY | O_CLOEXEC)};
	replace_stderr(world, full);
	errno = ENOTDIR;
	log_info("%m");
	assert_int_equal(errno, ENOTDIR);
	use_pipe(world);
	log_info("back");
	assert_matches(said(world), "middle: 1 message was lost");
}

/* Levels. */

static int evaluated;

static int evaluate(void)
{
	return ++evaluated;
}

static void what_nobody_wants_is_not_evaluated(void **state)
{
	evaluated = 0;
	log_debug("%d", evaluate());
	assert_int_equal(evaluated, 0);
	assert_string_equal(said(*state), "");
	assert_int_equal(log_set_level(NULL, LOG_LEVEL_DEBUG), 0);
	log_debug("%d", evaluate());
	assert_int_equal(evaluated, 1);
	assert_matches(said(*state), "debug middle: 1\n$");
}

static void a_module_has_its_level_in_all_its_files(void **state)
{
	(void)state;
	assert_int_equal(log_set_level("middle", LOG_LEVEL_DEBUG), 0);
	assert_true(log_wants_(&log_module_, LOG_LEVEL_DEBUG));
	assert_true(log_wants_(&same, LOG_LEVEL_DEBUG));
	assert_false(log_wants_(&first, LOG_LEVEL_DEBUG));
	assert_int_equal(log_level_of("middle"), LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_of("first"), LOG_LEVEL_INFO);
	assert_int_equal(log_level_of(NULL), LOG_LEVEL_INFO);
	assert_int_equal(log_set_level("nobody", LOG_LEVEL_DEBUG), -ENOENT);
	/* All follow the common one again. */
	assert_int_equal(log_set_level(NULL, LOG_LEVEL_ERROR), 0);
	assert_false(log_wants_(&log_module_, LOG_LEVEL_WARNING));
	assert_false(log_wants_(&same, LOG_LEVEL_WARNING));
	assert_int_equal(log_level_of("middle"), LOG_LEVEL_ERROR);
}

static void on_module(void *data, const char *name, enum log_level level)
{
	char *text = data;

	snprintf(text + strlen(text), 200 - strlen(text), "%s=%d ", name, (int)level);
}

static void modules_are_listed_once_by_name(void **state)
{
	char text[200] = "";

	(void)state;
	assert_int_equal(log_set_level("zulu", LOG_LEVEL_WARNING), 0);
	log_modules(on_module, text);
	assert_string_equal(text, "first=6 middle=6 zulu=4 ");
}

static void levels_and_targets_have_names(void **state)
{
	(void)state;
	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
		assert_int_equal(log_level_from_name(log_level_name((enum log_level)level)), level);
	for (int target = 0; target < LOG_TARGET_COUNT; target++)
		assert_int_equal(
			log_target_from_name(log_target_name((enum log_target)target)), target);
	assert_string_equal(log_level_name(LOG_LEVEL_WARNING), "warning");
	assert_string_equal(log_target_name(LOG_TARGET_AUTO), "auto");
	assert_int_equal(log_level_from_name("loud"), -EINVAL);
	assert_int_equal(log_target_from_name(""), -EINVAL);
}

/* How much. */

static void write_at(struct log_site *site, int number)
{
	log_write_(
		&log_module_, site, LOG_LEVEL_INFO, __FILE__, __LINE__, NULL, "number %d", number);
}

static void one_place_cannot_fill_the_log(void **state)
{
	struct log_site site = {}, other = {};
	uint64_t before = log_count(LOG_LEVEL_INFO);

	for (int i = 1; i <= LOG_BURST + 10; i++)
		write_at(&site, i);
	const char *text = said(*state);
	assert_int_equal(lines(text), LOG_BURST);
	assert_non_null(strstr(text, "number 20\n"));
	assert_null(strstr(text, "number 21\n"));
	assert_int_equal(log_count(LOG_LEVEL_INFO), before + LOG_BURST + 10);
	write_at(&other, 1);
	assert_matches(said(*state), "number 1\n$");
	/* As if half of the window had passed, and then all of it. */
	site.window -= LOG_WINDOW_NS / 2;
	write_at(&site, 98);
	assert_string_equal(said(*state), "");
	site.window -= LOG_WINDOW_NS / 2;
	write_at(&site, 99);
	assert_matches(said(*state), "info middle: number 99\n" TIME
				     "info middle: 11 messages like this were kept back\n$");
	write_at(&site, 100);
	assert_matches(said(*state), "^" TIME "info middle: number 100\n$");
}

/* When the window is over, though the place says nothing more. */
static void what_was_kept_back_is_told_in_the_end(void **state)
{
	static struct log_site named = {.name = "moves", .lasting = true},
			       plain = {.lasting = true}, few = {.lasting = true};

	for (int i = 0; i < LOG_BURST + 3; i++) {
		write_at(&plain, i);
		log_at_site(&named, LOG_LEVEL_WARNING, "an object", "%d", i);
	}
	write_at(&few, 1);
	said(*state);
	log_tell_kept_back();
	assert_string_equal(said(*state), "");
	named.window -= LOG_WINDOW_NS;
	few.window -= LOG_WINDOW_NS;
	log_tell_kept_back();
	assert_matches(said(*state),
		"^" TIME "warning middle: 3 messages like \"moves\" were kept back\n$");
	plain.window -= LOG_WINDOW_NS;
	log_tell_kept_back();
	assert_matches(said(*state),
		"^" TIME "info middle: 3 messages like \"number %d\" were kept back\n$");
	log_tell_kept_back();
	assert_string_equal(said(*state), "");
	/* Once alone, also where the place says it itself. */
	for (int i = 0; i <= LOG_BURST; i++)
		write_at(&few, i);
	few.window -= LOG_WINDOW_NS;
	write_at(&few, 99);
	assert_matches(said(*state), "1 message like this was kept back\n$");
	log_tell_kept_back();
	assert_string_equal(said(*state), "");
}

/* A thousand objects have limits of their own, and no thousand lines that name none of them. */
static void what_sites_of_one_name_kept_back_is_one_message(void **state)
{
	static struct log_site sites[] = {{.name = "moves", .lasting = true},
		{.name = "stays", .lasting = true}, {.name = "moves", .lasting = true},
		{.name = "moves", .lasting = true}};

	for (size_t s = 0; s < ARRAY_LENGTH(sites); s++)
		for (int i = 0; i < LOG_BURST + 2; i++)
			log_at_site(&sites[s], LOG_LEVEL_INFO, "an object", "%d", i);
	said(*state);
	for (size_t s = 0; s + 1 < ARRAY_LENGTH(sites); s++)
		sites[s].window -= LOG_WINDOW_NS;
	log_tell_kept_back();
	assert_matches(said(*state),
		"^" TIME "info middle: 4 messages like \"moves\" were kept back\n" TIME
		"info middle: 2 messages like \"stays\" were kept back\n$");
	sites[ARRAY_LENGTH(sites) - 1].window -= LOG_WINDOW_NS;
	log_tell_kept_back();
	assert_matches(said(*state), "2 messages like \"moves\" were kept back\n$");
	log_tell_kept_back();
	assert_string_equal(said(*state), "");
}

/* It may be gone by then. */
static void one_that_does_not_last_tells_it_itself(void **state)
{
	struct log_site site = {};

	for (int i = 0; i <= LOG_BURST; i++)
		write_at(&site, i);
	said(*state);
	site.window -= LOG_WINDOW_NS;
	log_tell_kept_back();
	assert_string_equal(said(*state), "");
}

/* In the next window too. */
static void a_site_may_have_another_limit(void **state)
{
	struct log_site site = {.burst = 3 * LOG_BURST};

	for (int window = 0; window < 2; window++) {
		for (int i = 0; i <= 3 * LOG_BURST; i++)
			log_at_site(&site, LOG_LEVEL_INFO, NULL, "number %d", i);
		const char *text = said(*state);
		assert_int_equal(lines(text), 3 * LOG_BURST + window);
		site.window -= LOG_WINDOW_NS;
	}
}

static void one_message_that_was_kept_back_is_one(void **state)
{
	struct log_site site = {};

	for (int i = 0; i <= LOG_BURST; i++)
		write_at(&site, i);
	said(*state);
	site.window -= LOG_WINDOW_NS;
	write_at(&site, 99);
	assert_matches(said(*state), "middle: 1 message like this was kept back\n$");
}

/* A terminal that was stopped with ^S, a pager that nobody scrolls. */
static void a_reader_that_does_not_read_stops_nobody(void **state)
{
	struct world *world = *state;
	size_t written = 0, lost;

	alarm(60);
	for (int i = 0; i < 5000; i++) {
		struct log_site site = {};
		write_at(&site, i);
	}
	alarm(0);
	for (const char *text; *(text = said(world));)
		written += lines(text);
	assert_true(written > 10 && written < 5000);
	log_info("back");
	const char *text = said(world);
	assert_int_equal(sscanf(strstr(text, "middle: ") ? strstr(text, "middle: ") : "",
				 "middle: %zu", &lost),
		1);
	assert_int_equal(written + lost, 5000);
	assert_matches(
		text, "messages were lost: the log was not read\n" TIME "info middle: back\n$");
	log_info("again");
	assert_matches(said(world), "^" TIME "info middle: again\n$");
}

static void a_reader_that_went_away_ends_nobody(void **state)
{
	struct world *world = *state;

	close(world->reader); /* SIGPIPE would end the program */
	world->reader = -1;
	log_info("to nobody");
	close(STDERR_FILENO);
	log_info("to nothing");
	assert_int_equal(dup2(world->saved, STDERR_FILENO), STDERR_FILENO);
	use_pipe(world);
	log_info("back");
	assert_matches(said(world),
		"middle: 2 messages were lost: the log was not read\n" TIME "info middle: back\n$");
}

/* Where to. */

static void say_that_stderr_is_the_journal(unsigned int wrong)
{
	struct stat status;
	char text[64];

	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)status.st_dev,
		(unsigned long long)status.st_ino + wrong);
	setenv("JOURNAL_STREAM", text, 1);
}

static void a_service_manager_gets_levels(void **state)
{
	say_that_stderr_is_the_journal(0);
	assert_int_equal(log_open("poise-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO), 0);
	log_warning("careful");
	assert_string_equal(said(*state), "<4>middle: careful\n");
	/* A shell of that service has redirected it. */
	say_that_stderr_is_the_journal(1);
	assert_int_equal(log_open("poise-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO), 0);
	log_warning("careful");
	assert_matches(said(*state), "^" TIME "warning middle: careful\n$");
	setenv("JOURNAL_STREAM", "what", 1);
	assert_int_equal(log_open("poise-test", LOG_TARGET_AUTO, LOG_LEVEL_INFO), 0);
	log_warning("careful");
	assert_matches(said(*state), "^" TIME "warning middle: careful\n$");
}

static void a_socket_below_a_service_manager_gets_levels(void **state)
{
	struct world *world = *state;

	setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
	assert_int_equal(log_open("poise-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO), 0);
	log_info("to a pipe");
	assert_matches(said(world), "^" TIME "info middle: to a pipe\n$");
	use_socket(world);
	assert_int_equal(log_open("poise-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO), 0);
	log_info("to a socket");
	assert_string_equal(said(world), "<6>middle: to a socket\n");
}

/* A log daemon's socket in a folder that hides the machine's own. */
static int listen_as(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static const char *received(struct world *world, int fd)
{
	ssize_t n = recv(fd, world->text, sizeof(world->text) - 1, 0);

	world->text[n > 0 ? n : 0] = '\0';
	return world->text;
}

static int make_journal(void **state)
{
	make(state);
	folder_mount("/run", 1 << 20);
	assert_int_equal(file_make_directories(JOURNAL_FOLDER, 0755), 0);
	return 0;
}

static int drop_journal(void **state)
{
	drop(state);
	log_open("poise-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	folder_unmount("/run");
	return 0;
}

static void the_journal_gets_fields(void **state)
{
	struct world *world = *state;
	_cleanup_close_ int journal = listen_as(JOURNAL_FOLDER "/socket");

	assert_int_equal(log_open("poise-test", LOG_TARGET_JOURNAL, LOG_LEVEL_INFO), 0);
	log_object_error("service x\nPRIORITY=7", "line\nMESSAGE=forged");
	assert_matches(received(world, journal),
		"^PRIORITY=3\nSYSLOG_IDENTIFIER=poise-test\nPOISE_MODULE=middle\n"
		"CODE_FILE=[^\n]*test-log\\.c\nCODE_LINE=[0-9]+\n"
		"POISE_OBJECT=service x\\\\x0aPRIORITY=7\nMESSAGE=line\\\\x0aMESSAGE=forged\n$");
	log_info("plain");
	assert_matches(received(world, journal), "CODE_LINE=[0-9]+\nMESSAGE=plain\n$");
	assert_string_equal(said(world), "");
}

static void a_journal_that_is_not_there_is_said(void **state)
{
	struct world *world = *state;

	assert_int_equal(log_open("poise-test", LOG_TARGET_JOURNAL, LOG_LEVEL_INFO), -ENOENT);
	log_info("here");
	assert_matches(said(world), "middle: here\n$");
	/* A dead one has left its name. */
	close(listen_as(JOURNAL_FOLDER "/socket"));
	assert_int_equal(log_open("poise-test", LOG_TARGET_JOURNAL, LOG_LEVEL_INFO), -ECONNREFUSED);
	log_info("here");
	assert_matches(said(world), "middle: here\n$");
}

static void the_journal_may_be_started_again(void **state)
{
	struct world *world = *state;
	int journal = listen_as(JOURNAL_FOLDER "/socket");

	assert_int_equal(log_open("poise-test", LOG_TARGET_JOURNAL, LOG_LEVEL_INFO), 0);
	close(journal);
	log_info("lost");
	journal = listen_as(JOURNAL_FOLDER "/socket");
	log_info("back");
	assert_matches(
		received(world, journal), "MESSAGE=1 message was lost: the log was not read\n$");
	assert_matches(received(world, journal), "MESSAGE=back\n$");
	close(journal);
}

/* Its queue is full: the process goes on. */
static void a_journal_that_does_not_read_stops_nobody(void **state)
{
	struct world *world = *state;
	_cleanup_close_ int journal = listen_as(JOURNAL_FOLDER "/socket");
	size_t written = 0;

	assert_int_equal(log_open("poise-test", LOG_TARGET_JOURNAL, LOG_LEVEL_INFO), 0);
	alarm(60);
	for (int i = 0; i < 5000; i++) {
		struct log_site site = {};
		write_at(&site, i);
	}
	alarm(0);
	while (*received(world, journal))
		written++;
	assert_true(written > 0 && written < 5000);
	log_info("back");
	assert_matches(received(world, journal),
		"MESSAGE=[0-9]+ messages were lost: the log was not read\n$");
}

static void auto_takes_the_journal_only_where_stderr_is_it(void **state)
{
	struct world *world = *state;
	_cleanup_close_ int journal = listen_as(JOURNAL_FOLDER "/socket");

	assert_int_equal(log_open("poise-test", LOG_TARGET_AUTO, LOG_LEVEL_INFO), 0);
	log_info("to stderr");
	assert_matches(said(world), "middle: to stderr\n$");
	say_that_stderr_is_the_journal(0);
	assert_int_equal(log_open("poise-test", LOG_TARGET_AUTO, LOG_LEVEL_INFO), 0);
	log_info("to the journal");
	assert_matches(received(world, journal), "MESSAGE=to the journal\n$");
	assert_string_equal(said(world), "");
	/* Connected to it, but its socket cannot be reached from here. */
	unlink(JOURNAL_FOLDER "/socket");
	assert_int_equal(log_open("poise-test", LOG_TARGET_AUTO, LOG_LEVEL_INFO), 0);
	log_info("with a level");
	assert_string_equal(said(world), "<6>middle: with a level\n");
}

static void syslog_gets_its_lines(void **state)
{
	struct world *world = *state;
	char pattern[200];

	folder_mount(SYSLOG_FOLDER, 1 << 20);
	int daemon = listen_as(SYSLOG_FOLDER "/log");
	int r = log_open("poise-test", LOG_TARGET_SYSLOG, LOG_LEVEL_INFO);
	log_object_warning("edge", "careful");
	received(world, daemon);
	close(daemon);
	folder_unmount(SYSLOG_FOLDER);
	assert_int_equal(r, 0);
	snprintf(pattern, sizeof(pattern),
		"^<28>[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} poise-test\\[%d\\]: "
		"middle: careful \\[edge\\]$",
		(int)getpid());
	assert_matches(world->text, pattern);
}

#define TEST(function)    cmocka_unit_test_setup_teardown(function, make, drop)
#define JOURNAL(function) cmocka_unit_test_setup_teardown(function, make_journal, drop_journal)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_says_when_how_bad_and_who),
		TEST(an_object_is_named_once),
		TEST(a_message_is_one_line_of_text),
		TEST(a_long_message_is_cut),
		TEST(errno_is_as_it_was),
		TEST(what_nobody_wants_is_not_evaluated),
		TEST(a_module_has_its_level_in_all_its_files),
		TEST(modules_are_listed_once_by_name),
		TEST(levels_and_targets_have_names),
		TEST(one_place_cannot_fill_the_log),
		TEST(what_was_kept_back_is_told_in_the_end),
		TEST(what_sites_of_one_name_kept_back_is_one_message),
		TEST(one_that_does_not_last_tells_it_itself),
		TEST(a_site_may_have_another_limit),
		TEST(one_message_that_was_kept_back_is_one),
		TEST(a_reader_that_does_not_read_stops_nobody),
		TEST(a_reader_that_went_away_ends_nobody),
		TEST(a_service_manager_gets_levels),
		TEST(a_socket_below_a_service_manager_gets_levels),
		JOURNAL(the_journal_gets_fields),
		JOURNAL(a_journal_that_is_not_there_is_said),
		JOURNAL(the_journal_may_be_started_again),
		JOURNAL(a_journal_that_does_not_read_stops_nobody),
		JOURNAL(auto_takes_the_journal_only_where_stderr_is_it),
		TEST(syslog_gets_its_lines),
	};

	log_module_register_(&zulu);
	log_module_register_(&same);
	log_module_register_(&first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
