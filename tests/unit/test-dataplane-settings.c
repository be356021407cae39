// SPDX-License-Identifier: GPL-2.0-or-later
/* What poise-dataplane makes of files: every key arrives, what is not written is what the forwarder
 * begins with by itself, and the names that both sides know are the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backends/dpdk/dataplane/expiry.h"
#include "backends/dpdk/dataplane/scheduler.h"
#include "backends/dpdk/dataplane/settings_files.h"
#include "tests/support/folder.h"

static const char minimal[] = "poise: 1\n"
			      "backend: dpdk\n"
			      "allow-empty: true\n"
			      "dpdk: {ports: {wan: {device: net_null}}}\n";

static const char everything[] =
	"poise: 1\n"
	"backend: dpdk\n"
	"allow-empty: true\n"
	"dpdk:\n"
	"  eal: [--no-huge, -m, \"64\"]\n"
	"  memory: 64MiB\n"
	"  workers: 3\n"
	"  ports:\n"
	"    wan: {device: \"0000:03:00.0\", vlan: 7, mtu: 9000, exception: wan0,\n"
	"      addresses: [203.0.113.2/24, \"2001:db8::2/64\"]}\n"
	"    lan: {device: \"net_af_packet,iface=eth1\", addresses: [10.0.0.1/24]}\n"
	"  routes:\n"
	"    - {to: 0.0.0.0/0, via: 203.0.113.1}\n"
	"    - {to: 10.1.0.0/16, port: lan}\n"
	"  connections: 4096\n"
	"  when-full: refuse\n"
	"  fragments: drop\n"
	"  clamp-mss: true\n"
	"  timeouts: {tcp-syn-sent: 1s, icmp: 1s1ms, udp: 31d}\n";

/* The settings of a text in a file. */
static void read_text(const char *folder, const char *text, struct dataplane_settings *ret)
{
	const char *const paths[] = {folder};
	_cleanup_strbuf_ struct strbuf said = {};

	folder_write(folder, "poise.yaml", text);
	settings_init(ret);
	if (settings_read(paths, 1, ret, &said) < 0)
		fail_msg("%s", said.text);
	assert_null(said.text);
}

static void assert_prefix(
	const struct settings_prefix *prefix, const char *address, unsigned int length)
{
	char text[ADDRESS_LENGTH];

	assert_string_equal(address_format(&prefix->address, text), address);
	assert_int_equal(prefix->length, length);
}

static void what_is_not_written_is_the_forwarders_default(void **state)
{
	struct dataplane_settings settings, plain;

	read_text(*state, minimal, &settings);
	settings_init(&plain);
	assert_int_equal(settings.workers, plain.workers);
	assert_int_equal(settings.memory, plain.memory);
	assert_int_equal(settings.connections, plain.connections);
	assert_int_equal(settings.services, plain.services);
	assert_int_equal(settings.destinations, plain.destinations);
	assert_int_equal(settings.when_full, plain.when_full);
	assert_int_equal(settings.reassemble, plain.reassemble);
	assert_int_equal(settings.clamp_mss, plain.clamp_mss);
	for (size_t i = 0; i < TRANSPORT_STATE_COUNT; i++)
		assert_int_equal(settings.timeouts.ticks[i], plain.timeouts.ticks[i]);
	assert_int_equal(settings.eal.count, 0);
	assert_int_equal(settings.routes.count, 0);
	assert_int_equal(settings.ports.count, 1);
	assert_string_equal(settings.ports.items[0].name, "wan");
	assert_string_equal(settings.ports.items[0].device, "net_null");
	assert_int_equal(settings.ports.items[0].mtu, 1500);
	assert_int_equal(settings.ports.items[0].vlan, 0);
	assert_null(settings.ports.items[0].exception);
	settings_clear(&settings);
	settings_clear(&plain);
}

static void every_key_arrives(void **state)
{
	struct dataplane_settings settings;

	read_text(*state, everything, &settings);
	assert_int_equal(settings.eal.count, 3);
	assert_string_equal(settings.eal.items[2], "64");
	assert_int_equal(settings.memory, 64 << 20);
	assert_int_equal(settings.workers, 3);
	assert_int_equal(settings.connections, 4096);
	assert_int_equal(settings.when_full, SETTINGS_FULL_REFUSE);
	assert_false(settings.reassemble);
	assert_true(settings.clamp_mss);
	assert_int_equal(settings.ports.count, 2);
	assert_string_equal(settings.ports.items[0].name, "lan");
	const struct settings_port *port = &settings.ports.items[1];
	assert_string_equal(port->device, "0000:03:00.0");
	assert_int_equal(port->vlan, 7);
	assert_int_equal(port->mtu, 9000);
	assert_string_equal(port->exception, "wan0");
	assert_int_equal(port->addresses.count, 2);
	assert_prefix(&port->addresses.items[0], "203.0.113.2", 24);
	assert_prefix(&port->addresses.items[1], "2001:db8::2", 64);
	assert_int_equal(settings.routes.count, 2);
	assert_prefix(&settings.routes.items[0].to, "0.0.0.0", 0);
	assert_string_equal(settings.routes.items[0].port, "wan");
	assert_prefix(&settings.routes.items[1].to, "10.1.0.0", 16);
	assert_int_equal(settings.routes.items[1].via.family, AF_UNSPEC);
	settings_clear(&settings);
}

/* A time-out is never shorter than the file says. */
static void ticks_are_rounded_up(void **state)
{
	struct dataplane_settings settings;

	read_text(*state, everything, &settings);
	assert_int_equal(
		settings.timeouts.ticks[TRANSPORT_STATE_TCP_SYN_SENT], EXPIRY_TICKS_PER_SECOND);
	assert_int_equal(
		settings.timeouts.ticks[TRANSPORT_STATE_ICMP], EXPIRY_TICKS_PER_SECOND + 1);
	assert_int_equal(settings.timeouts.ticks[TRANSPORT_STATE_UDP],
		31u * 24 * 60 * 60 * EXPIRY_TICKS_PER_SECOND);
	settings_clear(&settings);
}

static void bad_files_are_told(void **state)
{
	const char *const paths[] = {*state, "/nonexistent/poise.yaml"};
	_cleanup_strbuf_ struct strbuf said = {}, missing = {};
	struct dataplane_settings settings;

	settings_init(&settings);
	folder_write(*state, "poise.yaml", "poise: 1\nallow-empty: true\n");
	assert_int_equal(settings_read(paths, 1, &settings, &said), -EINVAL);
	assert_non_null(strstr(said.text, "poise-dataplane has nothing to do"));
	folder_write(*state, "poise.yaml", "poise: 1\nbackend: dpdk\ndpdk: {workers: 65}\n");
	assert_int_equal(settings_read(paths, 2, &settings, &missing), -ENOENT);
	assert_non_null(strstr(missing.text, "/nonexistent/poise.yaml: No such file"));
	assert_non_null(strstr(missing.text, "`workers` must be a number, 1 to 64, not `65`"));
	assert_int_equal(settings.ports.count, 0);
	settings_clear(&settings);
}

/* What files may ask for is what there is. */
static void schedulers_have_one_list(_unused_ void **state)
{
	for (const char *const *name = data_scheduler_names; *name; name++)
		assert_non_null(scheduler_find(*name));
	assert_null(scheduler_find("lblc"));
	assert_null(scheduler_find("none"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_written_is_the_forwarders_default),
		cmocka_unit_test(every_key_arrives),
		cmocka_unit_test(ticks_are_rounded_up),
		cmocka_unit_test(bad_files_are_told),
		cmocka_unit_test(schedulers_have_one_list),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
