// SPDX-License-Identifier: GPL-2.0-or-later
/* What DPDK is called with: what the user leaves open follows from the settings, what he says is
 * taken in its place, and his words come last, as he wrote them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>

#include "backends/dpdk/dataplane/eal.h"
#include "backends/dpdk/dataplane/port.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define EAL_WORDS_MOST 4
#define MEGABYTE       (UINT64_C(1) << 20)
/* More than any machine has in huge pages. */
#define MUCH (UINT64_C(1) << 50)

/* Settings with these words for EAL and ports of these devices. */
static struct dataplane_settings make(const char *const *words, const char *const *devices)
{
	struct dataplane_settings settings;

	settings_init(&settings);
	for (size_t i = 0; i < EAL_WORDS_MOST && words[i]; i++)
		vector_push(&settings.eal, memory_copy_string(words[i]));
	for (size_t i = 0; devices[i]; i++)
		vector_push(&settings.ports, ((struct settings_port){
						     .name = memory_printf("port%zu", i),
						     .device = memory_copy_string(devices[i]),
					     }));
	return settings;
}

static const char *const no_words[] = {NULL};
static const char *const virtual_devices[] = {"net_af_packet,iface=eth0", "net_null0", NULL};

/* All of them with a space before and after each, for free(). */
static char *called_with(const struct dataplane_settings *settings, uint64_t memory)
{
	_cleanup_strbuf_ struct strbuf text = {};
	struct settings_text_vector words = {};

	assert_int_equal(eal_arguments(settings, memory, &words, NULL), 0);
	vector_foreach(&words, word)
		strbuf_printf(&text, " %s", *word);
	strbuf_add(&text, " ");
	eal_arguments_clear(&words);
	assert_int_equal(words.count, 0);
	return memory_copy_string(text.text);
}

static void assert_says(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("not `%s` in `%s`", what, text);
}

static void assert_silent(const char *text, const char *of)
{
	if (strstr(text, of))
		fail_msg("`%s` in `%s`", of, text);
}

static void all_follows_from_the_settings(void **state)
{
	struct dataplane_settings settings = make(no_words, virtual_devices);
	_cleanup_free_ char *text = called_with(&settings, MUCH);

	(void)state;
	assert_ptr_equal(strstr(text, " poise-dataplane --lcores=0@("), text);
	assert_says(text, " --no-huge --no-shconf -m 1073741825 ");
	assert_says(text, " --no-pci ");
	assert_says(text, " --file-prefix=poise ");
	assert_says(text, " --log-level=warning ");
	assert_says(text, " --telemetry ");
	assert_silent(text, " -a ");
	assert_silent(text, " --in-memory ");
	settings_clear(&settings);
}

/* Nobody needs none of it. */
static void huge_pages_are_taken_where_they_are(void **state)
{
	struct dataplane_settings settings = make(no_words, virtual_devices);
	_cleanup_free_ char *text = called_with(&settings, 0);

	(void)state;
	assert_says(text, " --in-memory ");
	assert_silent(text, " --no-huge ");
	assert_silent(text, " -m ");
	settings_clear(&settings);
}

static void only_the_ports_cards_are_touched(void **state)
{
	static const char *const devices[] = {"0000:03:00.0", "net_af_packet,iface=eth0",
		"03:00.1,key=value", "net_tap,iface=dtap0", "pci:0000:3B:00.0", NULL};
	struct dataplane_settings settings = make(no_words, devices);
	_cleanup_free_ char *text = called_with(&settings, MUCH);

	(void)state;
	assert_says(text, " -a 0000:03:00.0 -a 03:00.1,key=value -a pci:0000:3B:00.0 ");
	assert_silent(text, "net_");
	assert_silent(text, " --no-pci ");
	settings_clear(&settings);
}

static void users_words_take_the_place_of_ours(void **state)
{
	static const struct {
		const char *words[EAL_WORDS_MOST], *stays, *goes;
	} rows[] = {
		{{"-l", "1"}, " -l 1 ", "--lcores"},
		{{"-l1"}, " -l1 ", "--lcores"},
		{{"-c", "3"}, " -c 3 ", "--lcores"},
		{{"--lcores=0@1,1@1"}, " --lcores=0@1,1@1 ", "--lcores=0@("},
		{{"--lcores", "0@1"}, " --lcores 0@1 ", "--lcores="},
		{{"-m", "64"}, " -m 64 ", "--no-huge"},
		{{"-m64"}, " -m64 ", "--no-huge"},
		{{"--in-memory"}, " --in-memory ", "--no-huge"},
		{{"--socket-mem=64,0"}, " --socket-mem=64,0 ", "--no-huge"},
		{{"--huge-dir", "/h"}, " --huge-dir /h ", "--no-huge"},
		{{"-a", "0000:04:00.0"}, " -a 0000:04:00.0 ", "--no-pci"},
		{{"--block=0000:04:00.0"}, " --block=0000:04:00.0 ", "--no-pci"},
		{{"--no-telemetry"}, " --no-telemetry ", " --telemetry "},
		{{"--file-prefix=mine"}, " --file-prefix=mine ", "=poise"},
		{{"--log-level=debug"}, " --log-level=debug ", "=warning"},
		/* What only begins like one of them is another. */
		{{"--main-lcore=0"}, " --lcores=0@(", "nothing"},
		{{"--mbuf-pool-ops-name=x"}, " --no-huge ", "nothing"},
		{{"--log-levels"}, " --log-level=warning ", "nothing"},
		{{"--vdev=net_null0"}, " --no-pci ", "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct dataplane_settings settings = make(rows[i].words, virtual_devices);
		_cleanup_free_ char *text = called_with(&settings, MUCH);
		_cleanup_strbuf_ struct strbuf own = {};
		const char *last;

		print_message("%s\n", rows[i].words[0]);
		assert_says(text, rows[i].stays);
		assert_silent(text, rows[i].goes);
		vector_foreach(&settings.eal, word)
			strbuf_printf(&own, " %s", *word);
		last = text + strlen(text) - own.length - 1;
		assert_memory_equal(last, own.text, own.length);
		settings_clear(&settings);
	}
}

/* called_with(), and what was logged meanwhile. */
static char *called_and_logged(const struct dataplane_settings *settings, char **logged)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	static char text[4096];

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	char *called = called_with(settings, MUCH);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	*logged = text;
	return called;
}

/* Each has the last processor that the ones before have left, as long as there are some. Where there are not, it is told. */
static void workers_have_processors_of_their_own(void **state)
{
	struct dataplane_settings settings = make(no_words, virtual_devices);
	cpu_set_t before, few;
	unsigned int first = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(first, &before))
		first++;
	CPU_ZERO(&few);
	CPU_SET(first, &few);
	assert_int_equal(sched_setaffinity(0, sizeof(few), &few), 0);
	settings.workers = 2;
	char *logged;
	_cleanup_free_ char *one = called_and_logged(&settings, &logged);
	assert_says(logged, "2 workers share 1 processor, ");
	settings.workers = 1;
	free(called_and_logged(&settings, &logged));
	assert_string_equal(logged, "");
	_cleanup_free_ char *one_is =
		memory_printf(" --lcores=0@(%u),1@%u,2@%u ", first, first, first);
	assert_says(one, one_is);

	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	unsigned int second = first + 1;
	while (second < CPU_SETSIZE && !CPU_ISSET(second, &before))
		second++;
	if (second < CPU_SETSIZE) {
		CPU_SET(second, &few);
		assert_int_equal(sched_setaffinity(0, sizeof(few), &few), 0);
		settings.workers = 3;
		_cleanup_free_ char *two = called_with(&settings, MUCH);
		_cleanup_free_ char *two_is = memory_printf(" --lcores=0@(%u,%u),1@%u,2@%u,3@%u ",
			first, second, second, first, second);
		assert_says(two, two_is);
		assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	}
	settings_clear(&settings);
}

/* A secondary process, or a program that only shows something, is not what was wanted. */
static void some_words_have_no_place(void **state)
{
	static const char *const rows[][EAL_WORDS_MOST] = {
		{"--proc-type=secondary"}, {"--proc-type", "auto"}, {"-v"}, {"-h"}, {"--help"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct dataplane_settings settings = make(rows[i], virtual_devices);
		struct settings_text_vector words = {};
		_cleanup_error_ struct error error = {};

		assert_int_equal(eal_arguments(&settings, MEGABYTE, &words, &error), -EINVAL);
		assert_says(error.text, "dpdk.eal: this is no place for --proc-type");
		eal_arguments_clear(&words);
		settings_clear(&settings);
	}
}

/* Room for a frame of any MTU with two tags, of which a card that takes whole KiB only loses nothing. */
static void buffers_have_room_for_any_card(void **state)
{
	(void)state;
	for (unsigned int mtu = 1280; mtu <= 9000; mtu++) {
		assert_int_equal(port_room(mtu) % 1024, 0);
		assert_true(port_room(mtu) >= mtu + 14 + 2 * 4);
		assert_true(port_room(mtu) >= port_frame_size(mtu));
	}
	assert_int_equal(port_room(1500), 2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_follows_from_the_settings),
		cmocka_unit_test(huge_pages_are_taken_where_they_are),
		cmocka_unit_test(only_the_ports_cards_are_touched),
		cmocka_unit_test(users_words_take_the_place_of_ours),
		cmocka_unit_test(workers_have_processors_of_their_own),
		cmocka_unit_test(some_words_have_no_place),
		cmocka_unit_test(buffers_have_room_for_any_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
