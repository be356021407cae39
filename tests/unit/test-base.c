// SPDX-License-Identifier: GPL-2.0-or-later
/* base/: vectors, strings, addresses, files, suggestions, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/address.h"
#include "base/error.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/vector.h"
#include "tests/support/folder.h"

/* Vectors */

struct numbers {
	VECTOR_OF(int);
};

static int compare_numbers(const void *a, const void *b)
{
	return COMPARE(*(const int *)a, *(const int *)b);
}

static void a_vector_grows_sorts_and_finds(void **state _unused_)
{
	struct numbers numbers = {};
	size_t seen = 0;

	vector_foreach(&numbers, number)
		seen += (size_t)*number + 1;
	assert_int_equal(seen, 0);
	vector_sort(&numbers, compare_numbers);
	assert_null(vector_find(&numbers, &(int){1}, compare_numbers));
	for (int i = 0; i < 1000; i++)
		vector_push(&numbers, (i * 7919) % 1000);
	assert_int_equal(numbers.count, 1000);
	assert_true(numbers.capacity < 2000);
	vector_sort(&numbers, compare_numbers);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers.items[i], i);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(vector_find(&numbers, &i, compare_numbers), &numbers.items[i]);
	assert_null(vector_find(&numbers, &(int){1000}, compare_numbers));
	assert_null(vector_find(&numbers, &(int){-1}, compare_numbers));
	vector_foreach(&numbers, number)
		seen++;
	assert_int_equal(seen, 1000);
	vector_clear(&numbers);
	assert_null(numbers.items);
	assert_int_equal(numbers.count + numbers.capacity, 0);
}

static void a_new_item_is_zero(void **state _unused_)
{
	struct numbers numbers = {};

	vector_reserve(&numbers, 3);
	memset(numbers.items, 0xff, 3 * sizeof(int));
	assert_int_equal(*vector_append(&numbers), 0);
	vector_clear(&numbers);
}

/* Strings */

static void a_string_grows(void **state _unused_)
{
	struct strbuf text = {};

	for (int i = 0; i < 500; i++) {
		strbuf_add(&text, "ab");
		strbuf_add_char(&text, 'c');
		strbuf_printf(&text, "%d", i % 10);
		strbuf_add_bytes(&text, "xyz", 0);
	}
	assert_int_equal(text.length, 2000);
	assert_int_equal(strlen(text.text), 2000);
	assert_int_equal(strncmp(text.text, "abc0abc1", 8), 0);
	_cleanup_free_ char *taken = strbuf_take(&text);
	assert_int_equal(strlen(taken), 2000);
	assert_null(text.text);
	assert_int_equal(text.length + text.capacity, 0);
	_cleanup_free_ char *empty = strbuf_take(&text);
	assert_string_equal(empty, "");
}

/* Of every length around what is reserved ahead. */
static void a_formatted_string_is_whole(void **state _unused_)
{
	char piece[400];

	for (size_t length = 0; length < sizeof(piece) - 1; length++) {
		_cleanup_strbuf_ struct strbuf text = {};

		memset(piece, 'p', length);
		piece[length] = '\0';
		strbuf_printf(&text, "<%s>", piece);
		strbuf_printf(&text, "%s", piece);
		assert_int_equal(text.length, 2 * length + 2);
		assert_int_equal(strlen(text.text), text.length);
		assert_int_equal(text.text[length + 1], '>');
	}
}

/* Addresses */

static const struct {
	const char *text;
	uint16_t family; /* 0: refused */
	const char *canonical, *with_port;
} addresses[] = {
	{"10.0.0.1", AF_INET, "10.0.0.1", "10.0.0.1:80"},
	{"0.0.0.0", AF_INET, "0.0.0.0", "0.0.0.0:80"},
	{"255.255.255.255", AF_INET, "255.255.255.255", "255.255.255.255:80"},
	{"2001:DB8:0:0:0:0:0:1", AF_INET6, "2001:db8::1", "[2001:db8::1]:80"},
	{"::", AF_INET6, "::", "[::]:80"},
	{"::ffff:1.2.3.4", AF_INET6, "::ffff:1.2.3.4", "[::ffff:1.2.3.4]:80"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", AF_INET6,
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80"},
	{"", 0, NULL, NULL},
	{"10.0.0", 0, NULL, NULL},
	{"10.0.0.256", 0, NULL, NULL},
	{"10.0.0.01", 0, NULL, NULL},
	{" 10.0.0.1", 0, NULL, NULL},
	{"10.0.0.1 ", 0, NULL, NULL},
	{"10.0.0.1:80", 0, NULL, NULL},
	{"[::1]", 0, NULL, NULL},
	{"fe80::1%eth0", 0, NULL, NULL},
	{"1::2::3", 0, NULL, NULL},
	{"localhost", 0, NULL, NULL},
};

static void addresses_are_parsed_and_printed(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(addresses); i++) {
		struct address address = {.family = 77};
		char text[ADDRESS_LENGTH], endpoint[ADDRESS_ENDPOINT_LENGTH];

		if (!addresses[i].family) {
			assert_int_equal(address_parse(addresses[i].text, &address), -EINVAL);
			assert_int_equal(address.family, 77);
			continue;
		}
		assert_int_equal(address_parse(addresses[i].text, &address), 0);
		assert_int_equal(address.family, addresses[i].family);
		assert_string_equal(address_format(&address, text), addresses[i].canonical);
		assert_string_equal(
			address_format_endpoint(&address, 80, endpoint), addresses[i].with_port);
		assert_string_equal(
			address_format_endpoint(&address, 0, endpoint), addresses[i].canonical);
		struct address copy = address_from_bytes(address.family, address.bytes);
		assert_true(address_equal(&address, &copy));
	}
	char text[ADDRESS_LENGTH];
	assert_string_equal(address_format(&(struct address){}, text), "none");
}

/* What is read by hand is what the C library reads. */
static void ipv4_is_what_inet_pton_takes(void **state _unused_)
{
	static const char letters[] = "0012559.....:a -";
	unsigned int seed = 1, valid = 0;

	for (int i = 0; i < 2000000; i++) {
		char text[16] = "";
		int length = 7 + rand_r(&seed) % 6;
		struct address address;
		uint8_t bytes[4];

		for (int j = 0; j < length; j++)
			text[j] = letters[rand_r(&seed) % (sizeof(letters) - 1)];
		bool taken = inet_pton(AF_INET, text, bytes) == 1;
		valid += taken;
		if (strchr(text, ':'))
			continue;
		assert_int_equal(address_parse(text, &address) == 0, taken);
		assert_true(!taken || memcmp(address.bytes, bytes, sizeof(bytes)) == 0);
	}
	assert_true(valid > 100);
}

static void addresses_have_an_order(void **state _unused_)
{
	static const char *const sorted[] = {
		"0.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.1.0", "200.0.0.0", "::", "::1", "fe80::"};

	for (size_t i = 0; i < ARRAY_LENGTH(sorted); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(sorted); j++) {
			struct address a, b;

			assert_int_equal(address_parse(sorted[i], &a), 0);
			assert_int_equal(address_parse(sorted[j], &b), 0);
			int order = address_compare(&a, &b);
			assert_int_equal(COMPARE(order, 0), COMPARE(i, j));
			assert_int_equal(address_equal(&a, &b), i == j);
		}
}

static void kinds_of_addresses(void **state _unused_)
{
	static const struct {
		const char *text;
		bool unspecified, multicast, loopback, link_local;
	} cases[] = {
		{.text = "0.0.0.0", .unspecified = true},
		{.text = "::", .unspecified = true},
		{.text = "10.0.0.1"},
		{.text = "2001:db8::1"},
		{.text = "223.255.255.255"},
		{.text = "224.0.0.0", .multicast = true},
		{.text = "239.255.255.255", .multicast = true},
		{.text = "240.0.0.0"},
		{.text = "ff02::12", .multicast = true},
		{.text = "127.0.0.1", .loopback = true},
		{.text = "127.255.255.255", .loopback = true},
		{.text = "::1", .loopback = true},
		{.text = "::2"},
		{.text = "169.254.0.1", .link_local = true},
		{.text = "169.255.0.1"},
		{.text = "fe80::1", .link_local = true},
		{.text = "febf::1", .link_local = true},
		{.text = "fec0::1"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct address address;

		assert_int_equal(address_parse(cases[i].text, &address), 0);
		assert_int_equal(address_is_unspecified(&address), cases[i].unspecified);
		assert_int_equal(address_is_multicast(&address), cases[i].multicast);
		assert_int_equal(address_is_loopback(&address), cases[i].loopback);
		assert_int_equal(address_is_link_local(&address), cases[i].link_local);
	}
	assert_int_equal(address_bits(AF_INET), 32);
	assert_int_equal(address_bits(AF_INET6), 128);
	assert_int_equal(address_bits(AF_UNSPEC), 0);
}

/* Files */

static void a_file_is_replaced_whole(void **state)
{
	_cleanup_free_ char *path = folder_path(*state, "file");
	struct stat status;

	assert_int_equal(file_replace(path, "one", 3, 0640), 0);
	assert_int_equal(file_replace(path, "second", 6, 0600), 0);
	_cleanup_free_ char *text = folder_read(*state, "file");
	assert_string_equal(text, "second");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(folder_count(*state), 1);
}

/* A reader at any moment sees one of the two contents; so does who comes after a kill -9. */
static void a_killed_writer_leaves_a_whole_file(void **state)
{
	_cleanup_free_ char *path = folder_path(*state, "file");
	size_t size = 300000;
	_cleanup_free_ char *data = memory_new(size);

	memset(data, 'a', size);
	assert_int_equal(file_replace(path, data, size, 0600), 0);
	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();
		if (pid == 0)
			for (;; data[0] ^= 1) {
				memset(data, data[0] & 1 ? 'a' : 'b', size);
				file_replace(path, data, size, 0600);
			}
		usleep(1000 + (useconds_t)round * 700);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		_cleanup_free_ char *text = folder_read(*state, "file");
		assert_non_null(text);
		assert_int_equal(strlen(text), size);
		assert_int_equal(strspn(text, (char[]){text[0], '\0'}), size);
	}
}

/* What a killed one leaves goes, and nothing else. */
static void leftovers_of_a_replacement_go(void **state)
{
	static const char *const others[] = {"file", "file.12345", "file.abcdefg", "file.ab-def",
		"file.abcdef.more", "other.abcdef", "a file.abcdef"};
	_cleanup_free_ char *path = folder_path(*state, "file");
	_cleanup_free_ char *inner = folder_path(*state, "file.FOLDER");
	_cleanup_free_ char *link = folder_path(*state, "file.abLINK");
	_cleanup_free_ char *missing = folder_path(*state, "missing/file");

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		folder_write(*state, others[i], "x");
	assert_int_equal(mkdir(inner, 0755), 0);
	assert_int_equal(symlink("other.abcdef", link), 0);
	folder_write(*state, "file.abcdef", "x");
	folder_write(*state, "file.AZ09az", "x");
	file_remove_leftovers(path);
	assert_int_equal(folder_count(*state), ARRAY_LENGTH(others) + 2);
	file_remove_leftovers(missing);
}

static void a_replacement_that_fails_changes_nothing(void **state)
{
	_cleanup_free_ char *inner = folder_path(*state, "missing/file");
	_cleanup_free_ char *path = folder_path(*state, "folder");
	_cleanup_free_ char *large = memory_new(1 << 20);

	assert_int_equal(file_replace(inner, "x", 1, 0600), -ENOENT);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(file_replace(path, "x", 1, 0600), -EISDIR);
	assert_int_equal(folder_count(*state), 1);
	folder_mount(path, 65536);
	_cleanup_free_ char *file = folder_path(path, "file");
	assert_int_equal(file_replace(file, "old", 3, 0600), 0);
	assert_int_equal(file_replace(file, large, 1 << 20, 0600), -ENOSPC);
	assert_int_equal(folder_count(path), 1);
	folder_mount_read_only(path);
	assert_int_equal(file_replace(file, "x", 1, 0600), -EROFS);
	assert_int_equal(file_remove(file), -EROFS);
	_cleanup_free_ char *text = folder_read(path, "file");
	assert_string_equal(text, "old");
	folder_unmount(path);
}

static void a_file_is_read_within_its_limit(void **state)
{
	_cleanup_free_ char *path = folder_path(*state, "file");
	_cleanup_free_ char *text = NULL, *proc = NULL;
	char *none = NULL;
	size_t size = 77;

	folder_write(*state, "file", "12345");
	assert_int_equal(file_read(AT_FDCWD, path, 5, &text, &size), 0);
	assert_string_equal(text, "12345");
	assert_int_equal(size, 5);
	size = 77;
	assert_int_equal(file_read(AT_FDCWD, path, 4, &none, &size), -EFBIG);
	assert_int_equal(file_read(AT_FDCWD, *state, 4, &none, &size), -EISDIR);
	assert_int_equal(file_read(AT_FDCWD, "/nowhere", 4, &none, &size), -ENOENT);
	assert_null(none);
	assert_int_equal(size, 77);
	/* st_size is 0 there. */
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 1 << 20, &proc, &size), 0);
	assert_true(size > 0);
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 10, &none, &size), -EFBIG);
}

/* Nobody writes to the pipe, and the device has no end. */
static void what_is_no_regular_file_keeps_nobody(void **state)
{
	_cleanup_free_ char *pipe = memory_printf("%s/pipe", (const char *)*state);
	_cleanup_free_ char *link = memory_printf("%s/link", (const char *)*state);
	char *text = NULL;
	size_t size = 0;

	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(symlink(pipe, link), 0);
	alarm(60); /* the end of who waits for a writer */
	assert_int_equal(file_read_regular(AT_FDCWD, pipe, 5, &text, &size), -EMEDIUMTYPE);
	assert_int_equal(file_read_regular(AT_FDCWD, link, 5, &text, &size), -EMEDIUMTYPE);
	assert_int_equal(file_read_regular(AT_FDCWD, "/dev/zero", 5, &text, &size), -EMEDIUMTYPE);
	assert_int_equal(file_read_regular(AT_FDCWD, *state, 5, &text, &size), -EISDIR);
	assert_int_equal(file_read_regular(AT_FDCWD, "/nowhere", 5, &text, &size), -ENOENT);
	assert_null(text);
	assert_non_null(strstr(file_error_text(-EMEDIUMTYPE), "no regular file"));
	assert_string_equal(file_error_text(-ENOENT), strerror(ENOENT));
	assert_int_equal(file_replace(pipe, "text", 4, 0600), 0);
	assert_int_equal(file_read_regular(AT_FDCWD, link, 5, &text, &size), 0);
	alarm(0);
	assert_string_equal(text, "text");
	free(text);
	unlink(link);
	unlink(pipe);
}

static void a_file_is_read_relative_to_a_folder(void **state)
{
	_cleanup_close_ int folder = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t size;

	folder_write(*state, "-", "dash");
	assert_int_equal(file_read(folder, "-", 100, &text, &size), 0);
	assert_string_equal(text, "dash");
}

static void a_pipe_is_read_to_its_end(void **state _unused_)
{
	_cleanup_free_ char *text = NULL;
	char piece[1000];
	size_t size;
	int ends[2];

	memset(piece, 'p', sizeof(piece));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 300; i++)
			file_write_all(ends[1], piece, sizeof(piece));
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(file_read_fd(ends[0], 300000, &text, &size), 0);
	assert_int_equal(size, 300000);
	assert_int_equal(strlen(text), 300000);
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(file_read_fd(ends[0], 10, &text, &size), -EBADF);
}

/* A pipe does not say beforehand how much there will be. */
static void a_pipe_is_read_within_its_limit(void **state _unused_)
{
	for (size_t limit = 9; limit <= 11; limit++) {
		_cleanup_free_ char *text = NULL;
		size_t size = 0;
		int ends[2];

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(file_write_all(ends[1], "0123456789", 10), 0);
		close(ends[1]);
		assert_int_equal(
			file_read_fd(ends[0], limit, &text, &size), limit < 10 ? -EFBIG : 0);
		assert_int_equal(size, limit < 10 ? 0 : 10);
		close(ends[0]);
	}
}

static void a_write_that_fails_says_so(void **state _unused_)
{
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(file_write_all(ends[1], "x", 1), -EPIPE);
	assert_int_equal(file_write_all(ends[1], "x", 0), 0);
	close(ends[1]);
}

static void folders_are_made_on_the_way(void **state)
{
	_cleanup_free_ char *deep = folder_path(*state, "a//b/c/");
	_cleanup_free_ char *file = folder_path(*state, "file");
	_cleanup_free_ char *below = folder_path(*state, "file/x");
	struct stat status;

	assert_int_equal(file_make_directories(deep, 0755), 0);
	assert_int_equal(file_make_directories(deep, 0755), 0);
	assert_int_equal(stat(deep, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	folder_write(*state, "file", "");
	assert_int_equal(file_make_directories(file, 0755), -ENOTDIR);
	assert_int_equal(file_make_directories(below, 0755), -ENOTDIR);
	assert_int_equal(file_make_directories("/", 0755), 0);
	assert_int_equal(file_make_directories("", 0755), -ENOENT);
}

static void a_removed_file_is_gone(void **state)
{
	_cleanup_free_ char *path = folder_path(*state, "file");

	folder_write(*state, "file", "");
	assert_int_equal(file_remove(path), 0);
	assert_int_equal(folder_count(*state), 0);
	assert_int_equal(file_remove(path), 0);
	assert_true(file_remove(*state) < 0);
}

/* Suggestions */

static void near_words_are_suggested(void **state _unused_)
{
	static const char *const words[] = {
		"scheduler", "scheduler-flags", "weight", "forward", "drain", "a"};
	static const struct {
		const char *word, *best;
	} cases[] = {
		{"sheduler", "scheduler"},
		{"schedulers", "scheduler"},
		{"schedulerflags", "scheduler-flags"},
		{"wieght", "weight"},
		{"WEIGHT", "weight"},
		{"weigth", "weight"},
		{"froward", "forward"},
		{"dran", "drain"},
		/* Short, so that one edit is all that is allowed: letters that changed places. */
		{"drian", "drain"},
		{"zzzzzz", NULL},
		{"w", "a"},
		{"", NULL},
		{"weeeeeeeight", NULL},
		{"weightweightweightweightweightweightweightweightweightweightweight", NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct suggest suggest = {};

		for (size_t j = 0; j < ARRAY_LENGTH(words); j++)
			suggest_offer(&suggest, cases[i].word, words[j]);
		if (!cases[i].best)
			assert_null(suggest.best);
		else
			assert_string_equal(suggest.best, cases[i].best);
	}
}

static void the_first_of_equally_near_words_is_kept(void **state _unused_)
{
	struct suggest suggest = {};

	suggest_offer(&suggest, "flag-4", "flag-1");
	suggest_offer(&suggest, "flag-4", "flag-2");
	assert_string_equal(suggest.best, "flag-1");
	suggest_offer(&suggest, "flag-4", "flag-4");
	assert_string_equal(suggest.best, "flag-4");
}

/* Errors */

static void an_error_has_words(void **state _unused_)
{
	struct error error = {};

	assert_string_equal(error_text(&error, -ENOENT), "No such file or directory");
	assert_string_equal(error_text(NULL, ENOENT), "No such file or directory");
	assert_int_equal(error_prefix(&error, -ENOENT, "reading %s", "x"), -ENOENT);
	assert_string_equal(error.text, "reading x: No such file or directory");
	assert_int_equal(error_set(&error, -EINVAL, "bad %d", 7), -EINVAL);
	assert_string_equal(error_text(&error, -EINVAL), "bad 7");
	error_prefix(&error, -EINVAL, "line %d", 3);
	assert_string_equal(error.text, "line 3: bad 7");
	/* The old text may stand in the new one. */
	error_set(&error, -EINVAL, "again: %s", error.text);
	assert_string_equal(error.text, "again: line 3: bad 7");
	assert_int_equal(error_set(NULL, -EIO, "nobody reads this"), -EIO);
	assert_int_equal(error_prefix(NULL, -EIO, "nor this"), -EIO);
	error_clear(&error);
	assert_null(error.text);
}

static void memory_is_copied(void **state _unused_)
{
	_cleanup_free_ char *copy = memory_copy_string("text");
	_cleanup_free_ char *part = memory_copy_bytes("text", 2);
	_cleanup_free_ char *none = memory_copy_bytes(NULL, 0);
	char *owned = memory_copy_string("moved");
	_cleanup_free_ char *stolen = STEAL(owned);

	assert_string_equal(copy, "text");
	assert_string_equal(part, "te");
	assert_string_equal(none, "");
	assert_null(memory_copy_string(NULL));
	assert_null(owned);
	assert_string_equal(stolen, "moved");
}

static void a_descriptor_is_closed_once(void **state _unused_)
{
	int first = dup(STDERR_FILENO), closed = first;

	memory_closep(&closed);
	assert_int_equal(closed, -1);
	_cleanup_close_ int other = dup(STDERR_FILENO);
	assert_int_equal(other, first);
	memory_closep(&closed);
	assert_int_not_equal(fcntl(other, F_GETFD), -1);
}

static void memory_is_aligned(void **state _unused_)
{
	static const uint8_t zeros[100];

	for (size_t alignment = sizeof(void *); alignment <= 4096; alignment *= 2) {
		_cleanup_free_ uint8_t *memory = memory_new_aligned(alignment, sizeof(zeros));

		assert_int_equal((uintptr_t)memory % alignment, 0);
		assert_memory_equal(memory, zeros, sizeof(zeros));
		memset(memory, 0xff, sizeof(zeros));
	}
}

static void too_much_memory_ends_the_process(void **state _unused_)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		/* The product is more than an address can name. */
		memory_resize(NULL, SIZE_MAX / 2, 4);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#define WITH_FOLDER(function)                                                                      \
	cmocka_unit_test_setup_teardown(function, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vector_grows_sorts_and_finds),
		cmocka_unit_test(a_new_item_is_zero),
		cmocka_unit_test(a_string_grows),
		cmocka_unit_test(a_formatted_string_is_whole),
		cmocka_unit_test(addresses_are_parsed_and_printed),
		cmocka_unit_test(ipv4_is_what_inet_pton_takes),
		cmocka_unit_test(addresses_have_an_order),
		cmocka_unit_test(kinds_of_addresses),
		WITH_FOLDER(a_file_is_replaced_whole),
		WITH_FOLDER(a_killed_writer_leaves_a_whole_file),
		WITH_FOLDER(leftovers_of_a_replacement_go),
		WITH_FOLDER(a_file_is_read_within_its_limit),
		WITH_FOLDER(what_is_no_regular_file_keeps_nobody),
		WITH_FOLDER(a_file_is_read_relative_to_a_folder),
		cmocka_unit_test(a_pipe_is_read_to_its_end),
		cmocka_unit_test(a_pipe_is_read_within_its_limit),
		cmocka_unit_test(a_write_that_fails_says_so),
		WITH_FOLDER(folders_are_made_on_the_way),
		WITH_FOLDER(a_removed_file_is_gone),
		cmocka_unit_test(near_words_are_suggested),
		cmocka_unit_test(the_first_of_equally_near_words_is_kept),
		cmocka_unit_test(an_error_has_words),
		cmocka_unit_test(memory_is_copied),
		cmocka_unit_test(memory_is_aligned),
		cmocka_unit_test(a_descriptor_is_closed_once),
		cmocka_unit_test(too_much_memory_ends_the_process),
		/* Last: it may make this process root of a namespace. */
		WITH_FOLDER(a_replacement_that_fails_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
