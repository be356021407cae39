// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers in files: what their keys become, what holds when they are not written, and how
 * many there may be. tests/golden has the messages and the canonical form. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "model/canonical.h"
#include "model/load.h"
#include "model/schema.h"
#include "model/units.h"

static int load(const char *text, struct config *config, struct diagnostics *diagnostics)
{
	const struct document document = {"test.yaml", text, strlen(text)};

	return config_load(&document, 1, config, diagnostics);
}

/* The configuration of a text that is good and gives no warning. */
static void load_good(const char *text, struct config *config)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf printed = {};

	if (load(text, config, &diagnostics) < 0 || diagnostics.count) {
		diagnostics_format(&diagnostics, false, &printed);
		fail_msg("%s", printed.text);
	}
}

/* The text is bad, and this is the one message. */
static void assert_refused(const char *text, const char *message)
{
	_cleanup_config_ struct config config = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(load(text, &config, &diagnostics), -EINVAL);
	assert_int_equal(diagnostics.count, 1);
	assert_string_equal(diagnostics.items[0].message, message);
}

#define HEAD "poise: 1\nallow-empty: true\nvrrp:\n"

static void what_is_not_written_has_its_default(_unused_ void **state)
{
	_cleanup_config_ struct config config = {};

	load_good(HEAD "  edge: {interface: eth0, vrid: 51, addresses: [10.0.0.1]}\n", &config);
	const struct config_router *router = config_find_router(&config, "edge");
	assert_non_null(router);
	assert_string_equal(router->interface, "eth0");
	assert_int_equal(router->vrid, 51);
	assert_int_equal(router->version, 3);
	assert_int_equal(router->priority, 100);
	assert_int_equal(router->advertise, UNITS_SECOND);
	assert_true(router->preempt);
	assert_int_equal(router->preempt_delay, 0);
	assert_true(router->accept);
	assert_int_equal(router->mac, CONFIG_MAC_INTERFACE);
	assert_int_equal(router->checksum, CONFIG_CHECKSUM_AUTO);
	assert_int_equal(router->garp.repeat, 5);
	assert_int_equal(router->garp.delay, 5 * UNITS_SECOND);
	assert_int_equal(router->garp.refresh, 0);
	assert_int_equal(router->unicast.ttl, 1);
	assert_int_equal(router->start_timeout, 30 * UNITS_SECOND);
	assert_int_equal(router->standby_wait, 100 * UNITS_MILLISECOND);
	assert_null(router->authentication);
	assert_null(router->group);
	assert_int_equal(router->notify.count, 0);
	assert_int_equal(router->addresses.count, 1);
	assert_int_equal(router->addresses.items[0].scope, CONFIG_SCOPE_GLOBAL);
	assert_null(config_find_router(&config, "edg"));
	assert_null(config_find_router(&config, NULL));
}

static void prefixes_have_their_length(_unused_ void **state)
{
	static const struct {
		uint16_t family;
		uint32_t length;
	} wanted[] = {{AF_INET, 24}, {AF_INET, 32}, {AF_INET6, 64}, {AF_INET6, 128}, {AF_INET, 1}};
	_cleanup_config_ struct config config = {};

	load_good(HEAD "  edge:\n    interface: eth0\n    vrid: 1\n"
		       "    addresses: [10.0.0.1/24, 10.0.0.2, 2001:db8::1/64, 2001:db8::2,"
		       " 10.0.0.3/1]\n",
		&config);
	const struct config_router *router = &config.routers.items[0];
	assert_int_equal(router->addresses.count, ARRAY_LENGTH(wanted));
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		assert_int_equal(
			router->addresses.items[i].address.address.family, wanted[i].family);
		assert_int_equal(router->addresses.items[i].address.length, wanted[i].length);
	}
}

static void weights_have_a_sign(_unused_ void **state)
{
	_cleanup_config_ struct config config = {};

	load_good(HEAD "  edge:\n    interface: eth0\n    vrid: 1\n    addresses: [10.0.0.1]\n"
		       "    track:\n"
		       "      interfaces: [eth1, {name: eth2, weight: -253}]\n"
		       "      files: [{path: /run/a, weight: 253}]\n",
		&config);
	const struct config_track *track = &config.routers.items[0].track;
	assert_int_equal(track->interfaces.count, 2);
	assert_string_equal(track->interfaces.items[0].name, "eth1");
	assert_false(
		config_has(&track->interfaces.items[0].object, CONFIG_TRACKED_INTERFACE_WEIGHT));
	assert_true(
		config_has(&track->interfaces.items[1].object, CONFIG_TRACKED_INTERFACE_WEIGHT));
	assert_int_equal(track->interfaces.items[1].weight, -253);
	assert_int_equal(track->files.items[0].weight, 253);
	assert_int_equal(track->scripts.count, 0);
}

static void a_sync_daemon_follows_a_router(_unused_ void **state)
{
	_cleanup_config_ struct config config = {};

	load_good("ipvs: {sync: [{role: {follow: edge}, interface: eth1}]}\n" HEAD
		  "  edge: {interface: eth0, vrid: 1, addresses: [10.0.0.1]}\n",
		&config);
	assert_int_equal(config.ipvs.sync.count, 1);
	assert_string_equal(config.ipvs.sync.items[0].follow, "edge");
	config_clear(&config);
	load_good("ipvs: {sync: [{role: backup, interface: eth1}]}\n"
		  "poise: 1\nallow-empty: true\n",
		&config);
	assert_null(config.ipvs.sync.items[0].follow);
	assert_int_equal(config.ipvs.sync.items[0].role, SYNC_ROLE_BACKUP);
}

/* A router of so many addresses: 10.0.0.0 and up, 2001:db8:: and up. */
static char *many_addresses(unsigned int four, unsigned int six, const char *more)
{
	struct strbuf text = {};

	strbuf_add(&text, HEAD "  edge:\n    interface: eth0\n    vrid: 1\n    addresses:\n");
	for (unsigned int i = 1; i <= four; i++)
		strbuf_printf(&text, "      - 10.0.%u.%u/16\n", i / 256, i % 256);
	for (unsigned int i = 1; i <= six; i++)
		strbuf_printf(&text, "      - 2001:db8::%x/64\n", i);
	strbuf_add(&text, more);
	return strbuf_take(&text);
}

static void as_many_addresses_as_an_advertisement_has(_unused_ void **state)
{
	static const char of_six[] = "a virtual router has at most 255 IPv6 addresses, the "
				     "link-local one among them";
	static const struct {
		unsigned int four, six;
		const char *more, *refused;
	} cases[] = {
		{255, 254, "", NULL},
		{255, 254, "      - fe80::1\n", NULL},
		{256, 254, "", "a virtual router has at most 255 IPv4 addresses"},
		{0, 255, "", of_six},
		{0, 255, "      - fe80::1\n", of_six},
		/* An IPv4 address of a link is none of IPv6. */
		{0, 255, "      - 169.254.0.1\n", of_six},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_config_ struct config config = {};
		_cleanup_free_ char *text =
			many_addresses(cases[i].four, cases[i].six, cases[i].more);

		if (cases[i].refused)
			assert_refused(text, cases[i].refused);
		else
			load_good(text, &config);
	}
}

/* Every rule that compares two routers, over more of them than fit on any link. */
static void ten_thousand_routers_load(_unused_ void **state)
{
	_cleanup_config_ struct config config = {}, again = {};
	_cleanup_strbuf_ struct strbuf text = {}, canonical = {};

	strbuf_add(&text, HEAD);
	for (unsigned int i = 0; i < 10000; i++)
		strbuf_printf(&text,
			"  r%u: {interface: eth%u, vrid: %u, group: g%u, addresses: [10.%u.%u.1, "
			"\"2001:db8::%x\"], routes: [{to: 11.%u.%u.0/24}]}\n",
			i, i / 200, i % 200 + 1, i / 2, i / 256, i % 256, i + 1, i / 256, i % 256);
	load_good(text.text, &config);
	assert_int_equal(config.routers.count, 10000);
	config_format_yaml(&config, &canonical);
	load_good(canonical.text, &again);
	assert_int_equal(again.routers.count, 10000);
}

/* The rows and the enums have one order, and the seam's word is the row's. */
static void every_key_has_its_row(_unused_ void **state)
{
	static const struct {
		unsigned int key;
		const char *name;
	} keys[] = {
		{CONFIG_ROUTER_INTERFACE, "interface"},
		{CONFIG_ROUTER_PREEMPT_DELAY, "preempt-delay"},
		{CONFIG_ROUTER_ADDRESSES, "addresses"},
		{CONFIG_ROUTER_RULES, "rules"},
		{CONFIG_ROUTER_STANDBY_WAIT, "standby-wait"},
		{CONFIG_ROUTER_NOTIFY, "notify"},
	};

	assert_int_equal(schema_router.count, CONFIG_ROUTER_COUNT);
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		assert_string_equal(schema_router.keys[keys[i].key].name, keys[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_written_has_its_default),
		cmocka_unit_test(prefixes_have_their_length),
		cmocka_unit_test(weights_have_a_sign),
		cmocka_unit_test(a_sync_daemon_follows_a_router),
		cmocka_unit_test(as_many_addresses_as_an_advertisement_has),
		cmocka_unit_test(ten_thousand_routers_load),
		cmocka_unit_test(every_key_has_its_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
