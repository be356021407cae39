// SPDX-License-Identifier: GPL-2.0-or-later
/* What virtual routers track: the list over other files, what its items make of a router, and what each kind makes of what it
 * sees; scripts have test-track-script.c. Who looks at the machine is tested by tests/netns/test-track. */
#include "tests/unit/track-fixture.h"

#include <errno.h>

#include "daemon/track_file.h"
#include "daemon/track_interface.h"
#include "daemon/track_process.h"
#include "vrrp/node.h"

static const char *told_since(void)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s", told.text ? told.text : "");
	strbuf_clear(&told);
	return text;
}

#define ONE_OF_EACH                                                                                \
	"{interfaces: [eth1], routes: [10.0.0.0/8], scripts: [{command: [/bin/x]}], "              \
	"processes: [named], files: [/x], services: [web]}"

static void one_item_for_all_that_say_the_same(void **state)
{
	static const size_t counts[TRACK_KIND_COUNT] = {[TRACK_INTERFACE] = 2,
		[TRACK_ROUTE] = 3,
		[TRACK_SCRIPT] = 4,
		[TRACK_PROCESS] = 2,
		[TRACK_FILE] = 1,
		[TRACK_SERVICE] = 1};
	size_t first;

	(void)state;
	WANT(ONE_OF_EACH,
		"{interfaces: [{name: eth1, weight: 2}, eth2], routes: [{to: 10.0.0.0/8, weight: "
		"3}, {to: 10.0.0.0/8, table: 7}, "
		"'2001:db8::/32'], scripts: [{command: [/bin/x], weight: 2}, {command: [/bin/x, "
		"'a b']}, {command: [/bin/x, a, b]}, {command: [/bin/x], timeout: 2s}], "
		"processes: [named, {name: named, minimum: 2}], files: [{path: /x, weight: 1}], "
		"services: [{name: web, weight: 1}]}");
	for (size_t i = 0; i < TRACK_KIND_COUNT; i++)
		assert_int_equal(track_list_of(&list, i, &first), counts[i]);
	assert_int_equal(list.uses.count, 6 + 13);
	assert_ptr_equal(list.uses.items[0].item, list.uses.items[6].item);
	assert_string_equal(item_at(TRACK_ROUTE, 1)->name, "10.0.0.0/8 table 7");
	assert_string_equal(item_at(TRACK_SCRIPT, 0)->script.words[0], "/bin/x");
	assert_string_equal(item_at(TRACK_SCRIPT, 0)->script.user, "nobody");
	assert_string_equal(told_since(), "");
}

static void other_files_keep_what_is_known(void **state)
{
	(void)state;
	WANT(ONE_OF_EACH);
	for (enum track_kind kind = 0; kind < TRACK_KIND_COUNT; kind++)
		track_item_set(&list, item_at(kind, 0), TRACK_STATE_UNWELL, kind == TRACK_FILE, NOW,
			"%s", "bad");
	told_since();
	struct track_item *script = item_at(TRACK_SCRIPT, 0);
	WANT("{}", "{files: [/y, {path: /x, weight: 7}], scripts: [{command: [/bin/y]}, {command: "
		   "[/bin/x]}]}");
	assert_string_equal(told_since(),
		"forget interface eth1\nforget route 10.0.0.0/8\nforget process named\n"
		"forget service web\n");
	assert_ptr_equal(script, item_at(TRACK_SCRIPT, 0));
	assert_int_equal(script->state, TRACK_STATE_UNWELL);
	assert_int_equal(item_at(TRACK_SCRIPT, 1)->state, TRACK_STATE_UNKNOWN);
	assert_int_equal(sum(0).weight, 0);
	assert_false(sum(0).fault);
	assert_int_equal(sum(1).weight, 7);
	assert_true(sum(1).fault);
	/* Behind the last one there is nothing. */
	assert_false(sum(2).fault);
	assert_false(track_list_is_tried(&list));
	track_list_clear(&list);
	assert_true(track_list_is_tried(&list));
	assert_int_equal(list.items.count, 0);
}

/* Who is unfit does not become fit for as long as the first run takes. */
static void what_is_looked_at_in_another_way_begins_as_it_was(void **state)
{
	(void)state;
	WANT("{scripts: [{command: [/bin/x, a]}], processes: [named]}");
	track_item_set(&list, item_at(TRACK_SCRIPT, 0), TRACK_STATE_UNWELL, 0, NOW, "killed");
	track_item_set(&list, item_at(TRACK_PROCESS, 0), TRACK_STATE_UNWELL, 0, NOW, "gone");
	WANT("{scripts: [{command: [/bin/x, a], timeout: 3s, fall: 2}], processes: [{name: named, "
	     "minimum: 2}]}",
		"{scripts: [{command: [/bin/x]}, {command: [/bin/x, ab]}, {command: [/bin/x, a], "
		"user: www-data}], processes: [name]}");
	assert_true(sum(0).fault);
	assert_false(sum(1).fault);
	assert_int_equal(item_at(TRACK_SCRIPT, 0)->script.fall, 2);
	assert_int_equal(item_at(TRACK_SCRIPT, 0)->since, NOW);
	assert_int_equal(item_at(TRACK_SCRIPT, 0)->script.due.place, 0);
	assert_string_equal(item_at(TRACK_SCRIPT, 0)->words, "killed");
	assert_string_equal(item_at(TRACK_PROCESS, 1)->words, "gone");
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(item_at(TRACK_SCRIPT, i)->state, TRACK_STATE_UNKNOWN);
	assert_int_equal(item_at(TRACK_PROCESS, 0)->state, TRACK_STATE_UNKNOWN);
	assert_false(track_list_is_tried(&list));
}

/* Positive weights count while all is well, negative ones while it is not, and neither while nothing is known. */
static void weights_and_faults(void **state)
{
	static const struct {
		enum track_state state;
		int32_t weights[3];
		bool fault;
	} rows[] = {
		{TRACK_STATE_UNKNOWN, {0, 0, 0}, false},
		{TRACK_STATE_WELL, {20, 0, 0}, false},
		{TRACK_STATE_UNWELL, {0, -20, 0}, true},
		{TRACK_STATE_WELL, {20, 0, 0}, false},
	};

	(void)state;
	WANT("{processes: [{name: x, weight: 20}]}", "{processes: [{name: x, weight: -20}]}",
		"{processes: [x]}");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (rows[i].state)
			track_item_set(
				&list, item_at(TRACK_PROCESS, 0), rows[i].state, 0, NOW, "-");
		for (size_t router = 0; router < 3; router++) {
			assert_int_equal(sum(router).weight, rows[i].weights[router]);
			assert_int_equal(sum(router).fault, router == 2 && rows[i].fault);
		}
	}
}

static void a_file_counts_by_its_number(void **state)
{
	static const struct {
		int64_t number;
		int32_t weight;
	} rows[] = {{0, 0}, {5, -15}, {-7, 21}, {INT32_MAX, -100000}, {INT32_MIN, 100000}};

	(void)state;
	WANT("{files: [{path: /x, weight: -3}]}", "{files: [/x]}",
		"{files: [{path: /x, weight: 1}], processes: [{name: x, weight: -9}]}");
	track_item_set(&list, item_at(TRACK_PROCESS, 0), TRACK_STATE_UNWELL, 0, NOW, "-");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		track_item_set(&list, item_at(TRACK_FILE, 0),
			rows[i].number ? TRACK_STATE_UNWELL : TRACK_STATE_WELL, rows[i].number, NOW,
			"-");
		assert_int_equal(sum(0).weight, rows[i].weight);
		assert_int_equal(sum(1).weight, 0);
		assert_int_equal(sum(1).fault, rows[i].number != 0);
		assert_int_equal(sum(0).fault, false);
	}
	assert_int_equal(sum(2).weight, -100000);
}

static void changes_are_told_once(void **state)
{
	(void)state;
	WANT("{files: [/x], processes: [named]}");
	struct track_item *file = item_at(TRACK_FILE, 0), *process = item_at(TRACK_PROCESS, 0);

	track_item_set(&list, process, TRACK_STATE_WELL, 0, NOW, "it runs");
	track_item_set(&list, process, TRACK_STATE_WELL, 0, NOW + SECOND, "it runs on");
	assert_string_equal(process->words, "it runs on");
	assert_int_equal(process->since, NOW);
	track_item_set(&list, file, TRACK_STATE_UNWELL, 3, NOW, "3");
	track_item_set(&list, file, TRACK_STATE_UNWELL, 4, NOW + SECOND, "4");
	assert_int_equal(file->since, NOW + SECOND);
	assert_string_equal(told_since(), "process named unknown->well 0->0\n"
					  "file /x unknown->unwell 0->3\n"
					  "file /x unwell->unwell 3->4\n");
	/* What cannot be looked at is what it was; that is told when it begins. */
	track_item_miss(&list, process, "no %s", "/proc");
	track_item_miss(&list, process, "no /proc");
	assert_int_equal(process->state, TRACK_STATE_WELL);
	assert_string_equal(told_since(), "process named well->well 0->0\n");
	track_item_set(&list, process, TRACK_STATE_WELL, 0, NOW, "it runs");
	assert_string_equal(told_since(), "");
	track_item_miss(&list, process, "no /proc");
	assert_string_equal(told_since(), "process named well->well 0->0\n");
}

/* What a person must mend: of interfaces somebody else tells. */
static void what_cannot_be_looked_at_is_a_trouble(void **state)
{
	(void)state;
	WANT("{interfaces: [eth1], scripts: [{command: [/bin/x]}, {command: [/bin/y]}], processes: "
	     "[named]}");
	track_item_miss(&list, item_at(TRACK_INTERFACE, 0), "nobody looks");
	assert_null(track_list_trouble(&list));
	track_item_miss(&list, item_at(TRACK_SCRIPT, 0), "cannot be run: no user joe");
	_cleanup_free_ char *unknown = track_list_trouble(&list);
	assert_string_equal(unknown, "script /bin/x, which virtual routers track: cannot be run: "
				     "no user joe: it counts neither way");
	track_item_miss(&list, item_at(TRACK_PROCESS, 0), "no /proc");
	track_item_set(&list, item_at(TRACK_SCRIPT, 0), TRACK_STATE_WELL, 0, NOW, "-");
	track_item_set(&list, item_at(TRACK_SCRIPT, 1), TRACK_STATE_UNWELL, 0, NOW, "-");
	track_item_miss(&list, item_at(TRACK_SCRIPT, 1), "cannot be run");
	_cleanup_free_ char *known = track_list_trouble(&list);
	assert_string_equal(known, "script /bin/y, which virtual routers track: cannot be run: it "
				   "counts as it did before; and 1 more cannot be looked at");
	track_item_set(&list, item_at(TRACK_SCRIPT, 1), TRACK_STATE_WELL, 0, NOW, "-");
	track_item_set(&list, item_at(TRACK_PROCESS, 0), TRACK_STATE_WELL, 0, NOW, "-");
	assert_null(track_list_trouble(&list));
}

/* What has no number counts as 0, and is another than a 0 that somebody wrote. */
static void a_file_without_a_number(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};

	(void)state;
	WANT("{files: [{path: /x, weight: 2}, /y]}");
	struct track_item *file = item_at(TRACK_FILE, 0);

	track_item_set(&list, file, TRACK_STATE_WELL, 0, NOW, "its number is 0");
	track_item_set_amiss(&list, file, -ENOENT, NOW + SECOND, "gone");
	track_item_set_amiss(&list, file, -ENOENT, NOW + 2 * SECOND, "still gone");
	assert_string_equal(told_since(), "file /x unknown->well 0->0\nfile /x well->well 0->0\n");
	assert_string_equal(file->words, "still gone");
	assert_int_equal(file->since, NOW + SECOND);
	assert_int_equal(sum(0).weight, 0);
	assert_false(sum(0).fault);
	track_list_write(&list, 0, NOW + 4 * SECOND, &text);
	assert_non_null(strstr(text.text,
		"\"words\":\"still gone\",\"untried\":false,\"amiss\":true,\"for_ms\":3000"));
	track_item_set_amiss(&list, file, -EINVAL, NOW + 5 * SECOND, "garbage");
	assert_int_equal(file->since, NOW + 5 * SECOND);
	track_item_set(&list, file, TRACK_STATE_WELL, 0, NOW + 6 * SECOND, "its number is 0");
	assert_int_equal(file->since, NOW + 6 * SECOND);
	assert_string_equal(told_since(), "file /x well->well 0->0\nfile /x well->well 0->0\n");
}

static void words_are_ascii_and_bounded(void **state)
{
	char text[300];

	(void)state;
	WANT("{files: [/a/path/that/is/longer/than/what/is/left/for/it/in/the/words/of/a/fault]}");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "a\n\x80\x1b", 4);
	track_item_set(&list, item_at(TRACK_FILE, 0), TRACK_STATE_UNWELL, 1, NOW, "%s", text);
	assert_int_equal(strlen(item_at(TRACK_FILE, 0)->words), TRACK_WORDS_SIZE - 1);
	assert_memory_equal(item_at(TRACK_FILE, 0)->words, "a???xxx", 7);
	_cleanup_free_ char *fault = track_list_fault(&list, 0);
	assert_non_null(fault);
	assert_true(strlen(fault) < TRACK_FAULT_SIZE);
	assert_null(track_list_fault(&list, 1));
}

/* What the process of the virtual routers says of a fault that it was told of. */
static void a_fault_in_the_words_of_others(void **state)
{
	(void)state;
	WANT("{processes: [named]}", "{}");
	track_item_set(&list, item_at(TRACK_PROCESS, 0), TRACK_STATE_UNWELL, 0, NOW, "gone");
	_cleanup_free_ char *own = track_list_explain(&list, 0, NODE_TROUBLE_TOLD);
	assert_string_equal(own, "process named, which it tracks: gone");
	_cleanup_free_ char *member = track_list_explain(
		&list, 0, "group g: member web IPv4 went to fault: " NODE_TROUBLE_TOLD);
	assert_string_equal(member, "group g: member web IPv4 went to fault: process named, which "
				    "it tracks: gone");
	assert_null(track_list_explain(&list, 0, "silence"));
	assert_null(track_list_explain(&list, 0, NODE_TROUBLE_TOLD " any more"));
	assert_null(track_list_explain(&list, 1, NODE_TROUBLE_TOLD));
	assert_null(track_list_explain(&list, 2, NODE_TROUBLE_TOLD));
}

static void json(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};

	(void)state;
	WANT("{}", "{scripts: [{command: [/bin/x, '\"'], weight: -7}], files: [{path: /x, weight: "
		   "2}], services: [web]}");
	track_item_set(
		&list, item_at(TRACK_SCRIPT, 0), TRACK_STATE_UNWELL, 0, NOW, "exit status 1");
	track_item_set(
		&list, item_at(TRACK_FILE, 0), TRACK_STATE_UNWELL, 4, NOW, "its number is 4");
	track_list_write(&list, 0, NOW, &text);
	assert_string_equal(text.text, "[]");
	strbuf_clear(&text);
	track_list_write(&list, 9, NOW, &text);
	assert_string_equal(text.text, "[]");
	strbuf_clear(&text);
	track_list_write(&list, 1, NOW + 3 * SECOND, &text);
	assert_string_equal(text.text,
		"[{\"kind\":\"script\",\"name\":\"/bin/x \\\"\",\"state\":\"unwell\",\"words\":"
		"\"exit status "
		"1\",\"untried\":false,\"amiss\":false,\"for_ms\":3000,\"priority\":-7,"
		"\"fault\":false},{\"kind\":\"file\",\"name\":\"/"
		"x\",\"state\":\"well\",\"words\":\"its "
		"number is "
		"4\",\"untried\":false,\"amiss\":false,\"for_ms\":3000,\"priority\":8,\"fault\":"
		"false},"
		"{\"kind\":\"service\",\"name\":\"web\",\"state\":\"unknown\",\"words\":null,"
		"\"untried\":false,\"amiss\":false,\"for_ms\":null,\"priority\":0,\"fault\":false}"
		"]");
}

/* Interfaces. */

static int hear_links(const char *interface, enum node_carrier carrier, size_t more)
{
	const size_t size = sizeof(struct message_vrrp_links) + sizeof(struct message_vrrp_link);
	_cleanup_free_ struct message_vrrp_links *message = memory_new(size + more);

	message->count = 1;
	/* All of it may be a name, without an end. */
	for (size_t i = 0; i < sizeof(message->links->interface) && interface[i]; i++)
		message->links->interface[i] = interface[i];
	message->links->carrier = (uint32_t)carrier;
	return track_interfaces_hear(&list, message, size + more, NOW);
}

/* Their process acts on them: here they are shown, and nothing else. */
static void interfaces_are_shown_and_do_not_count(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};

	(void)state;
	WANT("{interfaces: [{name: eth1, weight: -50}, eth2]}");
	assert_true(track_list_is_tried(&list));
	assert_int_equal(hear_links("eth1", NODE_CARRIER_DOWN, 0), 0);
	assert_int_equal(hear_links("eth2", NODE_CARRIER_NONE, 0), 0);
	assert_int_equal(hear_links("eth3", NODE_CARRIER_DOWN, 0), 0);
	assert_string_equal(told_since(), "interface eth1 unknown->unwell 0->0\n"
					  "interface eth2 unknown->unwell 0->0\n");
	assert_int_equal(sum(0).weight, 0);
	assert_false(sum(0).fault);
	assert_null(track_list_fault(&list, 0));
	track_list_write(&list, 0, NOW + 3 * SECOND, &text);
	assert_string_equal(text.text,
		"[{\"kind\":\"interface\",\"name\":\"eth1\",\"state\":\"unwell\",\"words\":"
		"\"down\","
		"\"untried\":false,\"amiss\":false,\"for_ms\":3000,\"priority\":-50,\"fault\":"
		"false},"
		"{\"kind\":\"interface\",\"name\":\"eth2\",\"state\":\"unwell\",\"words\":\"no "
		"carrier\",\"untried\":false,\"amiss\":false,\"for_ms\":3000,\"priority\":0,"
		"\"fault\":"
		"true}]");
	assert_int_equal(hear_links("eth2", NODE_CARRIER_RUNS, 0), 0);
	assert_string_equal(item_at(TRACK_INTERFACE, 1)->words, "up");
	/* Nobody sees them any more, and then somebody does. */
	track_interfaces_miss(&list);
	assert_true(item_at(TRACK_INTERFACE, 0)->untried);
	assert_int_equal(item_at(TRACK_INTERFACE, 0)->state, TRACK_STATE_UNWELL);
	assert_int_equal(hear_links("eth1", NODE_CARRIER_ABSENT, 0), 0);
	assert_false(item_at(TRACK_INTERFACE, 0)->untried);
	assert_string_equal(item_at(TRACK_INTERFACE, 0)->words, "not there");
}

static void what_is_no_interface_is_dropped(void **state)
{
	(void)state;
	WANT("{interfaces: [eth1]}");
	assert_int_equal(hear_links("eth1", NODE_CARRIER_COUNT, 0), -EBADMSG);
	assert_int_equal(hear_links("eth1", NODE_CARRIER_DOWN, 1), -EBADMSG);
	assert_int_equal(hear_links("abcdefghijklmnop", NODE_CARRIER_DOWN, 0), -EBADMSG);
	assert_string_equal(told_since(), "");
}

/* 10,000 routers of which each tracks ten things, half of them everybody's: over other files in a moment. */
static void many(void **state)
{
	struct config config = {};
	_cleanup_free_ struct config_router *routers = memory_new(10000 * sizeof(*routers));
	struct config_tracked_file *files = memory_new(100000 * sizeof(*files));

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		files[i].path =
			memory_printf("/run/%zu", i % 10 < 5 ? i % 10 : i / 10 * 5 + i % 10);
	for (size_t i = 0; i < 10000; i++) {
		routers[i].track.files.items = files + 10 * i;
		routers[i].track.files.count = 10;
	}
	config.routers.items = routers;
	config.routers.count = 10000;
	for (unsigned int i = 0; i < 3; i++)
		track_list_want(&list, &config);
	assert_int_equal(list.items.count, 50005);
	assert_int_equal(list.uses.count, 100000);
	track_list_clear(&list);
	for (size_t i = 0; i < 100000; i++)
		free((char *)files[i].path);
	free(files);
}

/* Processes. */

#define LINE(text) (text), sizeof(text)

static void names_of_processes(void **state)
{
	(void)state;
	assert_true(track_process_is("named", "named", NULL, 0));
	assert_false(track_process_is("named", "named2", NULL, 0));
	assert_false(track_process_is("named", "name", NULL, 0));
	assert_true(track_process_is("fifteen-letters", "fifteen-letters", LINE("/bin/other")));
	/* Longer than what the kernel keeps. */
	assert_true(track_process_is(
		"systemd-resolved", "systemd-resolve", LINE("/lib/systemd/systemd-resolved\0--x")));
	assert_false(track_process_is("systemd-resolved", "systemd-resolve",
		LINE("/lib/systemd/systemd-resolvex\0systemd")));
	assert_true(track_process_is("a-script-of-python.py", "a-script-of-pyt",
		LINE("/usr/bin/python3\0/opt/a-script-of-python.py\0x")));
	assert_false(track_process_is("a-script-of-python.py", "a-script-of-pyt",
		LINE("/usr/bin/python3\0-u\0/opt/a-script-of-python.py")));
	assert_false(track_process_is(
		"systemd-resolved", "systemd-resolv", LINE("/lib/systemd/systemd-resolved")));
	/* One that hides its command line has the beginning of the name. */
	assert_true(track_process_is("systemd-resolved", "systemd-resolve", NULL, 0));
	assert_false(track_process_is("systemd-resolved", "systemd-resolve", LINE("")));
}

static void states_of_processes(void **state)
{
	(void)state;
	assert_int_equal(track_process_state("1 (init) S 0 1"), 'S');
	assert_int_equal(track_process_state("1 (a) Z (b) Z 0 1"), 'Z');
	assert_int_equal(track_process_state("1 (a) R) D 0 1"), 'D');
	assert_int_equal(track_process_state("1 (a"), 0);
	assert_int_equal(track_process_state("1 (a)"), 0);
	assert_int_equal(track_process_state(""), 0);
}

/* Files. */

static void numbers_of_files(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t number;
	} rows[] = {
		{"0", 0, 0},
		{"17\n", 0, 17},
		{" -17\r\n", 0, -17},
		{"+5\t", 0, 5},
		{"007", 0, 7},
		{"2147483647", 0, INT32_MAX},
		{"-2147483648", 0, INT32_MIN},
		{"2147483648", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"", -ENODATA, 0},
		{" \n\n", -ENODATA, 0},
		{"-", -EINVAL, 0},
		{"+-5", -EINVAL, 0},
		{"5 6", -EINVAL, 0},
		{"5x", -EINVAL, 0},
		{"0x5", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"high", -EINVAL, 0},
		{"1234567890123456789012345678901234567890123456789012345678901234567890", -EINVAL,
			0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		int64_t number = 0;

		assert_int_equal(
			track_file_parse(rows[i].text, strlen(rows[i].text), &number), rows[i].r);
		assert_int_equal(number, rows[i].number);
	}
	int64_t number = 0;
	assert_int_equal(track_file_parse("5\0006", 3, &number), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_item_for_all_that_say_the_same),
		CASE(other_files_keep_what_is_known),
		CASE(what_is_looked_at_in_another_way_begins_as_it_was),
		CASE(weights_and_faults),
		CASE(a_file_counts_by_its_number),
		CASE(changes_are_told_once),
		CASE(a_file_without_a_number),
		CASE(what_cannot_be_looked_at_is_a_trouble),
		CASE(words_are_ascii_and_bounded),
		CASE(a_fault_in_the_words_of_others),
		CASE(json),
		CASE(interfaces_are_shown_and_do_not_count),
		CASE(what_is_no_interface_is_dropped),
		CASE(many),
		CASE(names_of_processes),
		CASE(states_of_processes),
		CASE(numbers_of_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
