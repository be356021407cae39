// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of model/ that stand by themselves: quantities, the tables of keys, diagnostics, scalars,
 * and the reading of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "model/canonical.h"
#include "model/diagnostics.h"
#include "model/schema.h"
#include "model/units.h"
#include "reconciler/sources.h"

static void durations_go_in_and_out(_unused_ void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
		const char *canonical; /* NULL: the text itself */
	} cases[] = {
		{"0s", 0, 0, NULL},
		{"1ms", 0, UNITS_MILLISECOND, NULL},
		{"30s", 0, 30 * UNITS_SECOND, NULL},
		{"90s", 0, 90 * UNITS_SECOND, "1m30s"},
		{"1h30m", 0, 90 * UNITS_MINUTE, NULL},
		{"36h", 0, 36 * UNITS_HOUR, "1d12h"},
		{"1d2h3m4s5ms", 0, 93784005 * UNITS_MILLISECOND, NULL},
		{"2000ms", 0, 2 * UNITS_SECOND, "2s"},
		{"30", -ENODATA, 0, NULL},
		{"0", -ENODATA, 0, NULL},
		{"", -EINVAL, 0, NULL},
		{"s", -EINVAL, 0, NULL},
		{"1h30", -EINVAL, 0, NULL},
		{"30 s", -EINVAL, 0, NULL},
		{"1m1h", -EINVAL, 0, NULL},
		{"1m1m", -EINVAL, 0, NULL},
		{"-1s", -EINVAL, 0, NULL},
		{"1.5s", -EINVAL, 0, NULL},
		{"010s", -EINVAL, 0, NULL},
		{"1w", -EINVAL, 0, NULL},
		{"18446744073709551616s", -ERANGE, 0, NULL},
		{"18446744073709551615d", -ERANGE, 0, NULL},
		{"213503d", 0, 213503 * UNITS_DAY, NULL},
		{"213503d24h", -ERANGE, 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = {};
		uint64_t value = 0;

		assert_int_equal(units_parse_duration(cases[i].text, &value), cases[i].result);
		assert_true(value == cases[i].value);
		if (cases[i].result < 0)
			continue;
		units_format_duration(value, &text);
		assert_string_equal(
			text.text, cases[i].canonical ? cases[i].canonical : cases[i].text);
	}
}

static void sizes_and_percents_go_in_and_out(_unused_ void **state)
{
	static const char *const sizes[] = {"0B", "1B", "1400B", "1KiB", "1025B", "3MiB", "2GiB"};
	uint64_t value;

	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		assert_int_equal(units_parse_size(sizes[i], &value), 0);
		units_format_size(value, &text);
		assert_string_equal(text.text, sizes[i]);
	}
	assert_int_equal(units_parse_size("1400", &value), -ENODATA);
	assert_int_equal(units_parse_size("1K", &value), -EINVAL);
	assert_int_equal(units_parse_percent("50%", &value), 0);
	assert_int_equal(value, 50);
	assert_int_equal(units_parse_percent("101%", &value), -ERANGE);
	assert_int_equal(units_parse_percent("50", &value), -ENODATA);
	assert_int_equal(units_parse_percent("50 %", &value), -EINVAL);
}

static void sysctls_have_one_form(_unused_ void **state)
{
	static const struct {
		const char *text, *value; /* NULL: none */
	} cases[] = {
		{"1", "1"},
		{"-1", "-1"},
		{"  3    50 ", "3 50"},
		{"0-3,5", "0-3,5"},
		{"", NULL},
		{" ", NULL},
		{"yes", NULL},
		{"3 50 7", NULL},
		{"1 0-3", NULL},
		{"1,", NULL},
		{"0-3 5", NULL},
		{"0x10", NULL},
		{"1\t2", NULL},
		{"1234567890 1234567890 ", "1234567890 1234567890"},
		{"0", "0"},
		{"-2147483648 2147483647", "-2147483648 2147483647"},
		{"2147483648", NULL},
		{"-2147483649", NULL},
		{"007", NULL},
		{"00", NULL},
		{"-0", NULL},
		{"-01", NULL},
		{"7 060", NULL},
		{"0,2-3,5-9", "0,2-3,5-9"},
		{"0-03", NULL},
		{"0,1", NULL},
		{"3,1", NULL},
		{"3-1", NULL},
		{"3-3", NULL},
		{"0-65536", NULL},
		{"12345678901234567890123456789012", NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char value[SYSCTL_VALUE_SIZE] = "untouched";
		int r = units_parse_sysctl(cases[i].text, value);

		assert_int_equal(r, cases[i].value ? 0 : -EINVAL);
		assert_string_equal(value, cases[i].value ? cases[i].value : "untouched");
	}
}

/* Words and texts that a row needs by its type. */
static void assert_row(const struct schema_mapping *mapping, const struct schema_key *key)
{
	bool words = key->type == SCHEMA_TYPE_WORD || key->type == SCHEMA_TYPE_FLAGS;
	bool inner = key->type == SCHEMA_TYPE_MAPPING || key->type == SCHEMA_TYPE_MAPPINGS ||
		     key->type == SCHEMA_TYPE_NAMED;
	_cleanup_strbuf_ struct strbuf text = {};

	assert_non_null(key->name);
	assert_non_null(key->help);
	assert_true(key->help[strlen(key->help) - 1] != '.');
	assert_ptr_equal(schema_find(mapping, key->name), key);
	assert_true(key->offset < mapping->size);
	assert_int_equal(words, key->words != NULL);
	assert_int_equal(inner, key->mapping != NULL);
	assert_int_equal(key->type == SCHEMA_TYPE_TEXT, key->text != NULL);
	assert_int_equal(key->type == SCHEMA_TYPE_REFERENCE || key->type == SCHEMA_TYPE_REFERENCES,
		key->refers != NULL);
	assert_int_equal(
		key->type == SCHEMA_TYPE_DURATION || key->type == SCHEMA_TYPE_SIZE, key->unit != 0);
	schema_describe(key, CONFIG_BACKEND_IPVS, &text);
	assert_true(text.length > 0);
}

static void every_row_is_whole(_unused_ void **state)
{
	for (const struct schema_mapping *const *mapping = schema_mappings; *mapping; mapping++) {
		/* The highest bit says that an object is broken. */
		assert_true((*mapping)->count < 31);
		for (size_t i = 0; i < (*mapping)->count; i++)
			assert_row(*mapping, &(*mapping)->keys[i]);
	}
}

static bool mapping_is_listed(const struct schema_mapping *wanted)
{
	for (const struct schema_mapping *const *mapping = schema_mappings; *mapping; mapping++)
		if (*mapping == wanted)
			return true;
	return false;
}

static void every_mapping_is_listed(_unused_ void **state)
{
	for (const struct schema_mapping *const *mapping = schema_mappings; *mapping; mapping++)
		for (size_t i = 0; i < (*mapping)->count; i++)
			assert_true(!(*mapping)->keys[i].mapping ||
				    mapping_is_listed((*mapping)->keys[i].mapping));
}

static const struct schema_key *row(const struct schema_mapping *mapping, const char *name)
{
	const struct schema_key *key = schema_find(mapping, name);

	assert_non_null(key);
	return key;
}

static void patterns_match_what_loads(_unused_ void **state)
{
	const struct {
		const struct schema_key *key;
		const char *text;
		bool matches;
	} cases[] = {
		{row(&schema_service, "listen"), "tcp://203.0.113.10:80", true},
		{row(&schema_service, "listen"), "udp://[2001:db8::1]:53", true},
		{row(&schema_service, "listen"), "fwmark6://7", true},
		{row(&schema_service, "listen"), "203.0.113.10:80", false},
		{row(&schema_service, "drain"), "1h30m", true},
		{row(&schema_service, "drain"), "30", false},
		{row(&schema_destination, "address"), "10.0.0.1", true},
		{row(&schema_destination, "address"), "[2001:db8::1]:80", true},
		{row(&schema_destination, "address"), "2001:db8::1", true},
		{row(&schema_destination, "address"), "web1", false},
		{row(&schema_top, "max-delete"), "50%", true},
		{row(&schema_top, "max-delete"), "150%", false},
		{row(&schema_service, "pool"), "web-1", true},
		{row(&schema_service, "pool"), "Web_1", false},
		{row(&schema_sync, "interface"), "eth0.7", true},
		{row(&schema_sync, "interface"), "eth 0", false},
		{row(&schema_sync, "max-length"), "1400B", true},
		{row(&schema_dpdk, "memory"), "512MiB", true},
		{row(&schema_dpdk, "memory"), "512", false},
		{row(&schema_port, "device"), "net_af_packet,iface=eth0", true},
		{row(&schema_port, "device"), "0000:03:00.0", true},
		{row(&schema_port, "device"), "a card", false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_strbuf_ struct strbuf pattern = {};
		regex_t regex;

		assert_true(schema_pattern(cases[i].key, &pattern));
		assert_int_equal(regcomp(&regex, pattern.text, REG_EXTENDED | REG_NOSUB), 0);
		assert_int_equal(regexec(&regex, cases[i].text, 0, NULL, 0) == 0, cases[i].matches);
		regfree(&regex);
	}
}

static void defaults_have_texts(_unused_ void **state)
{
	static const struct {
		const struct schema_mapping *mapping;
		const char *key, *text;
	} cases[] = {
		{&schema_service, "forward", "nat"},
		{&schema_service, "scheduler", "wlc"},
		{&schema_service, "drain", "30s"},
		{&schema_service, "one-packet", "false"},
		{&schema_destination, "weight", "1"},
		{&schema_top, "max-delete", "50%"},
		{&schema_ping, "size", "56B"},
		{&schema_sync, "group", "224.0.0.81"},
		{&schema_service, "check", ""},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		schema_format_default(row(cases[i].mapping, cases[i].key), &text);
		assert_string_equal(text.text ? text.text : "", cases[i].text);
	}
}

static void scalars_are_quoted_where_they_must(_unused_ void **state)
{
	static const struct {
		const char *text, *yaml;
	} cases[] = {
		{"web", "web"},
		{"10.0.0.1:80", "10.0.0.1:80"},
		{"tcp://[2001:db8::1]:80", "tcp://[2001:db8::1]:80"},
		{"[2001:db8::1]:80", "\"[2001:db8::1]:80\""},
		{"2001:db8::", "\"2001:db8::\""},
		{"1:2:3:4:5:6:7:8", "\"1:2:3:4:5:6:7:8\""},
		{"yes", "\"yes\""},
		{"Null", "\"Null\""},
		{"10", "\"10\""},
		{"1e3", "\"1e3\""},
		{"0x1f", "\"0x1f\""},
		{"1.5", "\"1.5\""},
		{"2024-01-02", "\"2024-01-02\""},
		{"", "\"\""},
		{"a: b", "\"a: b\""},
		{"a #b", "\"a #b\""},
		{"-x", "\"-x\""},
		{"*x", "\"*x\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"tab\t", "\"tab\\x09\""},
		{"ü", "\"ü\""},
		{"\xe2\x80\xae", "\"\\u202E\""},
		{"\xf3\xa0\x80\x81", "\"\\U000E0001\""},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		config_format_scalar(cases[i].text, &text);
		assert_string_equal(text.text, cases[i].yaml);
	}
}

static void add_diagnostic(
	struct diagnostics *diagnostics, enum diagnostic_severity severity, const char *source)
{
	struct diagnostic *diagnostic = vector_append(diagnostics);

	*diagnostic = (struct diagnostic){.severity = severity,
		.file = memory_copy_string("a.yaml"),
		.line = source ? 3 : 0,
		.column = 4,
		.message = memory_copy_string("wrong"),
		.source = memory_copy_string(source),
		.caret = 4,
		.hint = memory_copy_string(source ? "right" : NULL)};
	*(severity == DIAGNOSTIC_SEVERITY_ERROR ? &diagnostics->errors : &diagnostics->warnings) +=
		1;
}

static void diagnostics_print_as_promised(_unused_ void **state)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf text = {}, color = {};

	add_diagnostic(&diagnostics, DIAGNOSTIC_SEVERITY_ERROR, "a: \033[1mb\t\xff");
	add_diagnostic(&diagnostics, DIAGNOSTIC_SEVERITY_WARNING, NULL);
	diagnostics.errors += 2;
	diagnostics_format(&diagnostics, false, &text);
	assert_string_equal(text.text, "a.yaml:3:4: error: wrong\n"
				       "    a: \xef\xbf\xbd[1mb \xef\xbf\xbd\n"
				       "       ^\n"
				       "    right\n"
				       "a.yaml: warning: wrong\n"
				       "2 more errors not shown\n");
	diagnostics_format(&diagnostics, true, &color);
	assert_non_null(strstr(color.text, "\033[1;31merror: \033[0m"));
	assert_null(strstr(color.text, "\033[1mb"));
}

/* Who sees the first lines alone sees what is wrong. */
static void errors_come_first(_unused_ void **state)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf text = {};

	add_diagnostic(&diagnostics, DIAGNOSTIC_SEVERITY_WARNING, NULL);
	add_diagnostic(&diagnostics, DIAGNOSTIC_SEVERITY_ERROR, "a: b");
	add_diagnostic(&diagnostics, DIAGNOSTIC_SEVERITY_WARNING, NULL);
	diagnostics.errors += 2;
	diagnostics.warnings++;
	diagnostics_format_errors_first(&diagnostics, &text);
	assert_string_equal(text.text, "a.yaml:3:4: error: wrong\n"
				       "    a: b\n"
				       "       ^\n"
				       "    right\n"
				       "2 more errors not shown\n"
				       "a.yaml: warning: wrong\n"
				       "a.yaml: warning: wrong\n"
				       "1 more warning not shown\n");
}

static void a_line_begins_a_warning_or_not(_unused_ void **state)
{
	static const struct {
		const char *line;
		bool warning;
	} lines[] = {
		{"a.yaml:3:4: warning: odd", true},
		{"a.yaml:3:4: warning: not an: error: at all", true},
		{"a.yaml:3:4: error: what: warning: is that", false},
		{"    a: warning: b", false},
		{"a.yaml: it is no regular file", false},
		{"", false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
		assert_int_equal(diagnostics_is_of_warning(lines[i].line, strlen(lines[i].line)),
			lines[i].warning);
	/* What stands behind the line is of another one. */
	assert_false(diagnostics_is_of_warning("a.yaml: odd\nb: warning: c", 11));
}

static void touch(const char *folder, const char *name, const char *text)
{
	_cleanup_free_ char *path = memory_printf("%s/%s", folder, name);

	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
}

/* The names that were read, each with what it holds; and those that a warning names. */
static void assert_sources(
	const char *folder, const char *const *expected, const char *const *unread)
{
	_cleanup_sources_ struct sources sources = {};
	_cleanup_strbuf_ struct strbuf problems = {};
	size_t count = 0;

	assert_int_equal(sources_read(&folder, 1, &sources, &problems), 0);
	for (; expected[count]; count++) {
		_cleanup_free_ char *path = memory_printf("%s/%s", folder, expected[count]);

		assert_true(count < sources.count);
		assert_string_equal(sources.items[count].name, path);
		assert_string_equal(sources.items[count].text, expected[count]);
	}
	assert_int_equal(sources.count, count);
	assert_null(problems.text);
	const char *line = sources.warnings.text;
	for (; line && *unread; unread++) {
		_cleanup_free_ char *start = memory_printf("%s/%s is not read: ", folder, *unread);

		assert_int_equal(strncmp(line, start, strlen(start)), 0);
		line = strchr(line, '\n') + 1;
	}
	assert_null(*unread);
	assert_true(!line || !*line);
}

static void directories_are_read_in_order(_unused_ void **state)
{
	static const char *const names[] = {"poise.yaml", "conf.d/20.yaml", "conf.d/10.yaml",
		"other.yaml", "conf.d/.hidden.yaml", "conf.d/x.yaml~", "conf.d/#x.yaml",
		"conf.d/x.yml", "a.yaml"};
	char folder[] = "/tmp/poise-test-XXXXXX";

	assert_non_null(mkdtemp(folder));
	_cleanup_free_ char *more = memory_printf("%s/conf.d", folder);
	_cleanup_free_ char *main_file = memory_printf("%s/poise.yaml", folder);
	_cleanup_free_ char *remove = memory_printf("rm -r %s", folder);
	_cleanup_free_ char *inside = memory_printf("%s/conf.d/dir.yaml", folder);
	assert_int_equal(mkdir(more, 0700), 0);
	assert_int_equal(mkdir(inside, 0700), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		touch(folder, names[i], names[i]);
	assert_sources(folder,
		(const char *const[]){"poise.yaml", "conf.d/10.yaml", "conf.d/20.yaml", NULL},
		(const char *const[]){"conf.d/x.yml", "a.yaml", "other.yaml", NULL});
	assert_int_equal(unlink(main_file), 0);
	assert_sources(folder, (const char *const[]){"conf.d/10.yaml", "conf.d/20.yaml", NULL},
		(const char *const[]){"conf.d/x.yml", "a.yaml", "other.yaml", NULL});
	_cleanup_free_ char *clear = memory_printf("rm -r %s", more);
	assert_int_equal(system(clear), 0);
	touch(folder, "b.yml", "");
	assert_sources(folder, (const char *const[]){"a.yaml", "other.yaml", NULL},
		(const char *const[]){"b.yml", NULL});
	assert_int_equal(system(remove), 0);
}

static void what_is_named_twice_is_not_read(_unused_ void **state)
{
	const char *const paths[] = {"-", "/nowhere/a.yaml", "-", "/nowhere/a.yaml", "-"};
	_cleanup_sources_ struct sources sources = {};
	_cleanup_strbuf_ struct strbuf problems = {};

	assert_int_equal(sources_read(paths, ARRAY_LENGTH(paths), &sources, &problems), -EINVAL);
	assert_string_equal(problems.text,
		"standard input is named twice (`-`), and can be read only once\n"
		"/nowhere/a.yaml is named twice\n");
	assert_int_equal(sources.count, 0);
}

static void missing_paths_are_all_named(_unused_ void **state)
{
	const char *const paths[] = {"/nowhere/a.yaml", "/dev/null/b.yaml"};
	_cleanup_sources_ struct sources sources = {};
	_cleanup_strbuf_ struct strbuf problems = {};

	assert_int_equal(sources_read(paths, 2, &sources, &problems), -ENOENT);
	assert_non_null(strstr(problems.text, "/nowhere/a.yaml: "));
	assert_non_null(strstr(problems.text, "/dev/null/b.yaml: "));
	assert_int_equal(sources.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_go_in_and_out),
		cmocka_unit_test(sizes_and_percents_go_in_and_out),
		cmocka_unit_test(sysctls_have_one_form),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(every_mapping_is_listed),
		cmocka_unit_test(patterns_match_what_loads),
		cmocka_unit_test(defaults_have_texts),
		cmocka_unit_test(scalars_are_quoted_where_they_must),
		cmocka_unit_test(diagnostics_print_as_promised),
		cmocka_unit_test(errors_come_first),
		cmocka_unit_test(a_line_begins_a_warning_or_not),
		cmocka_unit_test(directories_are_read_in_order),
		cmocka_unit_test(what_is_named_twice_is_not_read),
		cmocka_unit_test(missing_paths_are_all_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
