// SPDX-License-Identifier: GPL-2.0-or-later
/* The record: kept over a crash, void in another boot or namespace, and refusals that say why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "reconciler/record.h"
#include "tests/support/build.h"
#include "tests/support/folder.h"

static const char *const paths[] = {"/srv/web.yaml", "-"};

/* A record of here and now with something of everything. */
static void fill(const char *folder, struct record *record)
{
	struct config_virtual_address router_addresses[3] = {};
	struct declared declared = {};
	struct memory_service *owned;
	struct memory_drain *drain;

	/* Of a record that may be there already, only the place counts. */
	_cleanup_record_ struct record here = {};
	assert_int_equal(record_load(folder, &here, NULL), 0);
	memcpy(record->boot, here.boot, sizeof(record->boot));
	record->netns_device = here.netns_device;
	record->netns_inode = here.netns_inode;
	record->netns_cookie = here.netns_cookie;
	build_declared_destination(
		build_declared(&declared, "web", "tcp://192.0.2.1:80", "wlc", 30), "10.0.0.1:80",
		1);
	build_declared_destination(
		build_declared(&declared, "dns", "udp://[2001:db8::1]:53", "rr", 0),
		"[2001:db8::2]:53", 1);
	vector_push(&declared.routers, ((struct declared_router){.name = "edge",
					       .interface = "a\"b",
					       .vrid = 255,
					       .addresses = {router_addresses, 3}}));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(address_parse(i ? "10.0.0.1" : "2001:db8::1",
					 &router_addresses[i].address.address),
			0);
	record_set_declared(record, &declared);
	record_set_paths(record, paths, ARRAY_LENGTH(paths));
	owned = vector_append(&record->memory.owned);
	owned->key = build_key("tcp://192.0.2.1:80");
	owned->name = memory_copy_string("web");
	owned->drain = 30000000000ull;
	drain = vector_append(&record->memory.drains);
	drain->service = owned->key;
	drain->destination = build_destination_key("10.0.0.9:80");
	drain->since = 5;
	drain->deadline = UINT64_MAX; /* never: JSON's numbers end sooner */
	record->revision = memory_copy_string("abc");
	record->refused = memory_copy_string("def");
	record->refused_beside = memory_copy_string("ghi");
	vector_foreach(&declared.services, service)
		vector_clear(&service->destinations);
	vector_clear(&declared.services);
	vector_clear(&declared.routers);
}

static void assert_same(const struct record *a, const struct record *b)
{
	_cleanup_free_ char *left = record_format(a), *right = record_format(b);

	assert_string_equal(left, right);
}

static void no_file_gives_a_fresh_record(void **state)
{
	_cleanup_record_ struct record record = {};

	assert_int_equal(record_load(*state, &record, NULL), 0);
	assert_int_equal(strlen(record.boot), 36);
	assert_true(record.netns_inode > 0);
	assert_int_equal(record.declared.count + record.paths.count, 0);
	assert_int_equal(record.memory.owned.count, 0);
	assert_null(record.revision);
	assert_null(record.refused);
	assert_int_equal(folder_count(*state), 0);
}

static void what_is_saved_is_loaded(void **state)
{
	_cleanup_record_ struct record record = {}, loaded = {}, copy = {};
	_cleanup_free_ char *inner = folder_path(*state, "var/lib/poise");
	_cleanup_free_ char *file = folder_path(inner, "state.json");
	struct stat status;

	fill(*state, &record);
	assert_int_equal(record_save(inner, &record, NULL), 0);
	assert_int_equal(record_load(inner, &loaded, NULL), 0);
	assert_same(&record, &loaded);
	assert_string_equal(loaded.declared.items[0].name, "web");
	assert_int_equal(loaded.declared.items[1].destinations.count, 1);
	assert_int_equal(loaded.memory.drains.items[0].deadline, INT64_MAX);
	assert_int_equal(loaded.routers.count, 1);
	assert_string_equal(loaded.routers.items[0].name, "edge");
	assert_string_equal(loaded.routers.items[0].interface, "a\"b");
	assert_int_equal(loaded.routers.items[0].vrid, 255);
	assert_int_equal(loaded.routers.items[0].addresses.count, 2);
	record_copy(&copy, &loaded);
	record_clear(&loaded);
	assert_same(&record, &copy);
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(stat(inner, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	assert_int_equal(folder_count(inner), 1);
}

static void a_record_of_another_boot_is_void(void **state)
{
	_cleanup_record_ struct record record = {}, loaded = {};

	fill(*state, &record);
	record.boot[0] = record.boot[0] == '0' ? '1' : '0';
	assert_int_equal(record_save(*state, &record, NULL), 0);
	assert_int_equal(record_load(*state, &loaded, NULL), 0);
	assert_int_equal(loaded.memory.owned.count + loaded.declared.count, 0);
	assert_int_equal(loaded.paths.count, 0);
	assert_null(loaded.revision);
	assert_string_equal(loaded.refused, "def");
	assert_string_equal(loaded.refused_beside, "ghi");
	assert_string_not_equal(loaded.boot, record.boot);
}

static int load_in_another_namespace(const char *folder)
{
	_cleanup_record_ struct record loaded = {};
	_cleanup_error_ struct error error = {};

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 1;
	/* The one that it is of is this test's own, and so in use: not void, and not to be written over. */
	if (record_load(folder, &loaded, &error) != -EXDEV)
		return 2;
	return strstr(error.text, "--state-dir") ? 0 : 3;
}

static void a_record_of_a_namespace_in_use_is_an_error(void **state)
{
	_cleanup_record_ struct record record = {};
	int status;

	fill(*state, &record);
	assert_int_equal(record_save(*state, &record, NULL), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(load_in_another_namespace(*state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_record_of_a_namespace_that_is_gone_is_void(void **state)
{
	_cleanup_record_ struct record record = {}, loaded = {}, again = {};

	fill(*state, &record);
	record.netns_inode = 1; /* of no namespace */
	assert_int_equal(record_save(*state, &record, NULL), 0);
	assert_int_equal(record_load(*state, &loaded, NULL), 0);
	assert_int_equal(loaded.memory.owned.count, 0);
	assert_string_equal(loaded.refused, "def");
	assert_string_equal(loaded.refused_beside, "ghi");
	/* The same number again, of a namespace that came later. */
	record.netns_inode = loaded.netns_inode;
	record.netns_cookie = loaded.netns_cookie + 1;
	assert_int_equal(record_save(*state, &record, NULL), 0);
	assert_int_equal(record_load(*state, &again, NULL), 0);
	assert_int_equal(again.memory.owned.count, 0);
}

#define HEAD                                                                                       \
	"{\"poise-record\":2,\"boot\":\"b\",\"netns-device\":4,\"netns-inode\":5,\"paths\":[],"    \
	"\"drains\":[]}\n"
#define OWNED    "\"owned tcp://192.0.2.1:80 5 web\"\n"
#define DECLARED "\"declared tcp://192.0.2.1:80 web 10.0.0.1:80\"\n"

/* What stands on the disk is for other versions too: it changes with the number of the format. */
static void the_text_of_a_record(void **state _unused_)
{
	static const char text[] =
		HEAD "\"owned tcp://192.0.2.1:80 30000000000 web\"\n"
		     "\"owned tcp://192.0.2.2:80 5 mail !quorum-lost\"\n"
		     "\"owned fwmark6://7 18446744073709551615\"\n"
		     "\"owned fwmark6://8 0 !quorum-lost\"\n"
		     "\"declared tcp://192.0.2.1:80 web 10.0.0.1:80 [2001:db8::1]:80\"\n"
		     "\"declared udp://[2001:db8::1]:53 dns-6\"\n"
		     "\"end\"\n";
	_cleanup_record_ struct record record = {};

	assert_int_equal(record_parse(text, strlen(text), &record, NULL), 0);
	assert_int_equal(record.memory.owned.count, 4);
	assert_string_equal(record.memory.owned.items[0].name, "web");
	assert_false(record.memory.owned.items[0].quorum_lost);
	assert_string_equal(record.memory.owned.items[1].name, "mail");
	assert_true(record.memory.owned.items[1].quorum_lost);
	assert_null(record.memory.owned.items[2].name);
	assert_true(record.memory.owned.items[2].drain == UINT64_MAX);
	assert_false(record.memory.owned.items[2].quorum_lost);
	assert_null(record.memory.owned.items[3].name);
	assert_true(record.memory.owned.items[3].quorum_lost);
	assert_int_equal(record.declared.count, 2);
	assert_int_equal(record.declared.items[0].destinations.count, 2);
	assert_int_equal(record.declared.items[1].destinations.count, 0);
	_cleanup_free_ char *again = record_format(&record);
	assert_string_equal(again, text);
}

static void a_damaged_record_is_an_error(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "empty"},
		{"{\"poise-record\":1,\"boot\":\"x", "line 1, column"},
		{"poise: 1\n", "line 1, column"},
		{"[]", "not an object"},
		{"{}", "`poise-record` is missing"},
		{"{\"poise-record\":1}", "format 1 is not known: this poise reads format 2"},
		{"{\"poise-record\":2,\"boot\":\"\"}", "boot: empty"},
		{HEAD, "line 2: cut off"},
		{HEAD "\"end\"", "line 2: cut off"},
		{HEAD "end\n", "line 2: not a text in quotes"},
		{HEAD "\"\n", "line 2: not a text in quotes"},
		{HEAD "\"\"\n", "line 2: neither owned, nor declared, nor the end"},
		{HEAD "\"end \"\n", "line 2: neither owned, nor declared, nor the end"},
		{HEAD "\"end\"\n\"end\"\n", "line 2: not the end"},
		{HEAD OWNED OWNED "\"end\"\n", "line 3: out of order"},
		{HEAD "\"owned\"\n", "line 2: no service where one is expected"},
		{HEAD "\"owned tcp://192.0.2.1 5\"\n", "line 2: no service where one is expected"},
		{HEAD "\"owned  tcp://192.0.2.1:80 5\"\n", "line 2: no service where one is"},
		{HEAD "\"owned tcp://192.0.2.1:80\"\n", "line 2: no number where one is expected"},
		{HEAD "\"owned tcp://192.0.2.1:80 -1\"\n", "line 2: no number where one is"},
		{HEAD "\"owned tcp://192.0.2.1:80 5s\"\n", "line 2: a number that is none"},
		{HEAD "\"owned tcp://192.0.2.1:80 18446744073709551616\"\n",
			"line 2: a number that is none"},
		{HEAD "\"owned tcp://192.0.2.1:80 5 web \"\n", "line 2: more than a service has"},
		{HEAD "\"owned tcp://192.0.2.1:80 5 \"\n", "line 2: no name where one is expected"},
		{HEAD "\"owned tcp://192.0.2.1:80 5 !lost\"\n", "line 2: no name where one is"},
		{HEAD "\"owned tcp://192.0.2.1:80 5 !quorum-lost web\"\n",
			"line 2: more than a service has"},
		{HEAD "\"owned tcp://192.0.2.1:80 5 web !quorum-lost !quorum-lost\"\n",
			"line 2: more than a service has"},
		{HEAD "\"declared tcp://192.0.2.1:80\"\n", "line 2: no name where one is expected"},
		{HEAD "\"declared tcp://192.0.2.1:80 \\\"\"\n", "line 2: no name where one is"},
		{HEAD DECLARED DECLARED "\"end\"\n", "line 3: out of order"},
		{HEAD "\"declared tcp://192.0.2.1:80 web \"\n",
			"line 2: no destination where one is expected"},
		{HEAD "\"declared tcp://192.0.2.1:80 web 10.0.0.1:80:80\"\n",
			"line 2: no destination where one is expected"},
		{HEAD "\"declared tcp://192.0.2.1:80 web 10.0.0.2:80 10.0.0.1:80\"\n",
			"line 2: destinations out of order"},
		{HEAD "\"declared tcp://192.0.2.1:80 web 10.0.0.1:80 10.0.0.1:80\"\n",
			"line 2: destinations out of order"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_record_ struct record record = {};
		_cleanup_error_ struct error error = {};
		_cleanup_free_ char *start =
			memory_printf("%s/state.json is damaged: ", (char *)*state);

		folder_write(*state, "state.json", cases[i].text);
		assert_int_equal(record_load(*state, &record, &error), -EINVAL);
		assert_int_equal(strncmp(error.text, start, strlen(start)), 0);
		assert_non_null(strstr(error.text, cases[i].error));
		assert_non_null(strstr(error.text, "move it away to start anew"));
		assert_string_equal(record.boot, "");
	}
}

/* A crash at any moment leaves the old file or the new one, never a part: yet a part must be seen
 * for what it is. */
static void every_part_of_a_record_is_damaged(void **state)
{
	_cleanup_record_ struct record record = {};

	fill(*state, &record);
	_cleanup_free_ char *text = record_format(&record);
	for (size_t length = 0; length + 2 < strlen(text); length++) {
		_cleanup_record_ struct record part = {};
		_cleanup_error_ struct error error = {};

		assert_int_equal(record_parse(text, length, &part, &error), -EINVAL);
		assert_non_null(error.text);
	}
}

static void a_record_that_cannot_be_read_is_an_error(void **state)
{
	_cleanup_record_ struct record record = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *file = folder_path(*state, "state.json");

	assert_int_equal(mkdir(file, 0755), 0);
	assert_int_equal(record_load(*state, &record, &error), -EISDIR);
	assert_non_null(strstr(error.text, "cannot read "));
	assert_non_null(strstr(error.text, "Is a directory"));
	assert_int_equal(rmdir(file), 0);
	/* Larger than any record, and without a block on the disk. */
	folder_write(*state, "state.json", "");
	assert_int_equal(truncate(file, (256 << 20) + 1), 0);
	assert_int_equal(record_load(*state, &record, &error), -EFBIG);
	assert_non_null(strstr(error.text, "File too large"));
}

/* Saves over a record that is there, expects that refusal, and the old record unharmed. */
static void refuse_save(const char *folder, int code, const char *words)
{
	_cleanup_record_ struct record record = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *expected =
		memory_printf("cannot write %s/state.json: %s", folder, words);
	_cleanup_free_ char *before = folder_read(folder, "state.json");
	size_t entries = folder_count(folder);

	fill(folder, &record);
	/* Longer than what any of the faults lets through. */
	free(record.revision);
	record.revision = memory_new(300000);
	memset(record.revision, 'r', 299999);
	assert_int_equal(record_save(folder, &record, &error), code);
	assert_string_equal(error.text, expected);
	_cleanup_free_ char *after = folder_read(folder, "state.json");
	assert_non_null(after);
	assert_string_equal(after, before);
	assert_int_equal(folder_count(folder), entries);
}

static void save_small(const char *folder)
{
	_cleanup_record_ struct record record = {};

	fill(folder, &record);
	assert_int_equal(record_save(folder, &record, NULL), 0);
}

static void no_space(void **state)
{
	folder_mount(*state, 65536);
	save_small(*state);
	refuse_save(*state, -ENOSPC, "No space left on device");
	folder_unmount(*state);
}

static void a_read_only_file_system(void **state)
{
	folder_mount(*state, 1 << 20);
	save_small(*state);
	folder_mount_read_only(*state);
	refuse_save(*state, -EROFS,
		"Read-only file system: name a folder that can be written "
		"with --state-dir");
	folder_unmount(*state);
}

/* The disk takes some of it and no more: a short write. */
static void a_file_size_limit(void **state)
{
	struct rlimit old, small = {};

	save_small(*state);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 10000, .rlim_max = old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	refuse_save(*state, -EFBIG, "File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
}

static void no_permission(void **state)
{
	save_small(*state);
	assert_int_equal(chmod(*state, 0555), 0);
	/* root may do anything, so be someone else; who owns the record must still read it. */
	_cleanup_free_ char *file = folder_path(*state, "state.json");
	assert_int_equal(chmod(file, 0644), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	refuse_save(*state, -EACCES, "Permission denied: run poise as root");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(*state, 0755), 0);
}

static void no_folder(void **state)
{
	_cleanup_record_ struct record record = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *inner = folder_path(*state, "file/inner");
	_cleanup_free_ char *expected = memory_printf("cannot make the folder %s: Not a directory: "
						      "name a folder with --state-dir",
		inner);

	folder_write(*state, "file", "");
	assert_int_equal(record_save(inner, &record, &error), -ENOTDIR);
	assert_string_equal(error.text, expected);
	assert_int_equal(record_load(inner, &record, &error), -ENOTDIR);
	assert_non_null(strstr(error.text, "cannot read "));
}

static void paths_are_a_set_of_places(void **state _unused_)
{
	static const struct {
		const char *a[3], *b[3];
		bool equal;
	} cases[] = {
		{{}, {"/etc/poise"}, true},
		{{"/etc/poise/"}, {"//etc/./poise"}, true},
		{{"/a", "/b"}, {"/b", "/a"}, true},
		{{"/a", "/a"}, {"/a"}, true},
		{{"web.yaml"}, {"./web.yaml"}, true},
		{{"web.yaml"}, {"/web.yaml"}, false},
		{{"-"}, {"-"}, true},
		{{"-"}, {"./-"}, false},
		{{"/a"}, {"/a", "/b"}, false},
		{{"/a/../b"}, {"/b"}, false},
		{{"/caf\xe9"}, {"/caf\xe9"}, true},
		{{"/caf\xe9"}, {"/caf\xe8"}, false},
		{{"/"}, {"//"}, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_record_ struct record record = {}, again = {};
		size_t a = 0, b = 0;

		while (a < 3 && cases[i].a[a])
			a++;
		while (b < 3 && cases[i].b[b])
			b++;
		memcpy(record.boot, "x", 2);
		record_set_paths(&record, cases[i].a, a);
		assert_int_equal(record_paths_equal(&record, cases[i].b, b), cases[i].equal);
		_cleanup_free_ char *text = record_format(&record);
		assert_int_equal(record_parse(text, strlen(text), &again, NULL), 0);
		assert_int_equal(record_paths_equal(&again, cases[i].b, b), cases[i].equal);
		record_set_paths(&record, cases[i].b, b);
		assert_int_equal(record_paths_equal(&record, cases[i].b, b), true);
	}
}

static void a_fresh_record_has_no_paths(void **state)
{
	_cleanup_record_ struct record record = {};

	assert_int_equal(record_load(*state, &record, NULL), 0);
	assert_false(record_paths_equal(&record, NULL, 0));
}

static void a_revision_is_a_sha256(void **state _unused_)
{
	char revision[REVISION_SIZE];

	record_revision("", revision);
	assert_string_equal(
		revision, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	record_revision("abc", revision);
	assert_string_equal(
		revision, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_setup, folder_teardown)

int main(void)
{
	/* Those that mount come last: they may make this process root of a namespace. */
	const struct CMUnitTest tests[] = {
		TEST(no_file_gives_a_fresh_record),
		TEST(what_is_saved_is_loaded),
		TEST(a_record_of_another_boot_is_void),
		TEST(a_record_of_a_namespace_in_use_is_an_error),
		TEST(a_record_of_a_namespace_that_is_gone_is_void),
		cmocka_unit_test(the_text_of_a_record),
		TEST(a_damaged_record_is_an_error),
		TEST(every_part_of_a_record_is_damaged),
		TEST(a_record_that_cannot_be_read_is_an_error),
		TEST(a_file_size_limit),
		TEST(no_permission),
		TEST(no_folder),
		TEST(paths_are_a_set_of_places),
		TEST(a_fresh_record_has_no_paths),
		cmocka_unit_test(a_revision_is_a_sha256),
		TEST(no_space),
		TEST(a_read_only_file_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
