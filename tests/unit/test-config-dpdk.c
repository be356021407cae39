// SPDX-License-Identifier: GPL-2.0-or-later
/* The data plane in files: what its keys become, what holds when they are not written, who may have
 * such files, and how many ports and routes there may be. tests/golden has the messages. */
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

	return config_load_dataplane(&document, 1, config, diagnostics);
}

static void load_good(const char *text, struct config *config)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf printed = {};

	if (load(text, config, &diagnostics) < 0 || diagnostics.count) {
		diagnostics_format(&diagnostics, false, &printed);
		fail_msg("%s", printed.text);
	}
}

/* The text is bad, and this is the first message. */
static void assert_refused(const char *text, const char *message)
{
	_cleanup_config_ struct config config = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(load(text, &config, &diagnostics), -EINVAL);
	assert_true(diagnostics.count > 0);
	assert_string_equal(diagnostics.items[0].message, message);
}

#define HEAD "poise: 1\nbackend: dpdk\nallow-empty: true\n"

static void assert_address(const struct address *address, const char *expected)
{
	char text[ADDRESS_LENGTH];

	assert_string_equal(address_format(address, text), expected);
}

static void what_is_not_written_has_its_default(_unused_ void **state)
{
	/* Seconds, in the order of the keys: net/netfilter/ipvs/ip_vs_proto_{tcp,udp,sctp}.c. */
	static const unsigned int timeouts[CONFIG_DATA_TIMEOUTS_COUNT] = {
		120, 60, 900, 120, 120, 10, 60, 30, 61, 61, 900, 61, 61, 300, 300, 30};
	_cleanup_config_ struct config config = {};

	load_good(HEAD "dpdk: {ports: {wan: {device: net_null}}}\n", &config);
	const struct config_dpdk *dpdk = &config.dpdk;
	assert_int_equal(dpdk->eal.count, 0);
	assert_int_equal(dpdk->memory, 0);
	assert_int_equal(dpdk->workers, 1);
	assert_int_equal(dpdk->routes.count, 0);
	assert_int_equal(dpdk->connections, 1000000);
	assert_int_equal(dpdk->when_full, CONFIG_WHEN_FULL_HALF_OPEN);
	assert_int_equal(dpdk->fragments, CONFIG_FRAGMENTS_REASSEMBLE);
	assert_false(dpdk->clamp_mss);
	for (size_t i = 0; i < CONFIG_DATA_TIMEOUTS_COUNT; i++)
		assert_int_equal(dpdk->timeouts.of[i], timeouts[i] * UNITS_SECOND);
	const struct config_port *port = config_find_port(dpdk, "wan");
	assert_non_null(port);
	assert_string_equal(port->device, "net_null");
	assert_int_equal(port->addresses.count, 0);
	assert_int_equal(port->vlan, 0);
	assert_int_equal(port->mtu, 1500);
	assert_null(port->exception);
	assert_null(config_find_port(dpdk, "lan"));
	assert_null(config_find_port(dpdk, NULL));
}

/* Every key, in an order that is not the canonical one. */
static const char everything[] =
	"poise: 1\n"
	"backend: dpdk\n"
	"allow-empty: true\n"
	"dpdk:\n"
	"  timeouts: {icmp: 10s, tcp-established: 1h, udp: 1s500ms}\n"
	"  clamp-mss: true\n"
	"  fragments: drop\n"
	"  when-full: refuse\n"
	"  connections: 100000000\n"
	"  routes:\n"
	"    - {to: \"::/0\", via: \"fe80::1\", port: wan}\n"
	"    - {to: 0.0.0.0/0, via: 203.0.113.1}\n"
	"    - {port: lan, to: 10.1.0.0/16}\n"
	"  ports:\n"
	"    wan:\n"
	"      mtu: 9000\n"
	"      vlan: 4094\n"
	"      exception: wan0\n"
	"      addresses: [\"2001:db8::2/64\", 203.0.113.3/24, 203.0.113.2/24]\n"
	"      device: \"0000:03:00.0\"\n"
	"    lan: {device: \"net_af_packet,iface=eth1\", addresses: [10.0.0.1/24]}\n"
	"  workers: 64\n"
	"  memory: 8192MiB\n"
	"  eal: [--no-huge, -l, \"0\"]\n";

static const char everything_canonical[] = "poise: 1\n"
					   "backend: dpdk\n"
					   "allow-empty: true\n"
					   "dpdk:\n"
					   "  eal:\n"
					   "    - \"--no-huge\"\n"
					   "    - \"-l\"\n"
					   "    - \"0\"\n"
					   "  memory: 8GiB\n"
					   "  workers: 64\n"
					   "  ports:\n"
					   "    lan:\n"
					   "      device: \"net_af_packet,iface=eth1\"\n"
					   "      addresses:\n"
					   "        - 10.0.0.1/24\n"
					   "    wan:\n"
					   "      device: 0000:03:00.0\n"
					   "      addresses:\n"
					   "        - 203.0.113.2/24\n"
					   "        - 203.0.113.3/24\n"
					   "        - 2001:db8::2/64\n"
					   "      vlan: 4094\n"
					   "      mtu: 9000\n"
					   "      exception: wan0\n"
					   "  routes:\n"
					   "    - to: 0.0.0.0/0\n"
					   "      via: 203.0.113.1\n"
					   "    - to: 10.1.0.0/16\n"
					   "      port: lan\n"
					   "    - to: \"::/0\"\n"
					   "      via: fe80::1\n"
					   "      port: wan\n"
					   "  connections: 100000000\n"
					   "  when-full: refuse\n"
					   "  fragments: drop\n"
					   "  clamp-mss: true\n"
					   "  timeouts:\n"
					   "    tcp-established: 1h\n"
					   "    udp: 1s500ms\n"
					   "    icmp: 10s\n";

static void all_keys_arrive(_unused_ void **state)
{
	_cleanup_config_ struct config config = {};

	load_good(everything, &config);
	const struct config_dpdk *dpdk = &config.dpdk;
	assert_int_equal(dpdk->eal.count, 3);
	assert_string_equal(dpdk->eal.items[2], "0");
	assert_int_equal(dpdk->memory, UINT64_C(8) << 30);
	assert_int_equal(dpdk->workers, 64);
	assert_int_equal(dpdk->connections, 100000000);
	assert_int_equal(dpdk->when_full, CONFIG_WHEN_FULL_REFUSE);
	assert_int_equal(dpdk->fragments, CONFIG_FRAGMENTS_DROP);
	assert_true(dpdk->clamp_mss);
	assert_int_equal(dpdk->timeouts.of[CONFIG_DATA_TIMEOUTS_UDP], 1500 * UNITS_MILLISECOND);
	assert_int_equal(dpdk->timeouts.of[CONFIG_DATA_TIMEOUTS_ICMP], 10 * UNITS_SECOND);
	assert_int_equal(dpdk->ports.count, 2);
	const struct config_port *port = &dpdk->ports.items[1];
	assert_string_equal(port->name.text, "wan");
	assert_int_equal(port->vlan, 4094);
	assert_int_equal(port->mtu, 9000);
	assert_string_equal(port->exception, "wan0");
	assert_int_equal(port->addresses.count, 3);
	assert_address(&port->addresses.items[0].address.address, "2001:db8::2");
	assert_int_equal(port->addresses.items[0].address.length, 64);
	assert_int_equal(dpdk->routes.count, 3);
	assert_address(&dpdk->routes.items[1].via, "203.0.113.1");
	assert_null(dpdk->routes.items[1].port);
	assert_int_equal(dpdk->routes.items[2].via.family, AF_UNSPEC);
}

static void the_canonical_form_is_its_own(_unused_ void **state)
{
	const char *const texts[] = {everything, everything_canonical};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		_cleanup_config_ struct config config = {};
		_cleanup_strbuf_ struct strbuf canonical = {};

		load_good(texts[i], &config);
		config_format_yaml(&config, &canonical);
		assert_string_equal(canonical.text, everything_canonical);
	}
}

static const char *port_of(const struct config *config, size_t route)
{
	const struct config_port *port =
		config_data_route_port(&config->dpdk, &config->dpdk.routes.items[route]);

	return port ? port->name.text : NULL;
}

/* A next hop lies where the longest network has it. */
static void a_route_finds_its_port(_unused_ void **state)
{
	_cleanup_config_ struct config config = {};

	load_good(HEAD
		"dpdk:\n"
		"  ports:\n"
		"    a: {device: net_null0, addresses: [10.0.0.1/8, \"2001:db8::1/32\"]}\n"
		"    b: {device: net_null1, addresses: [10.1.2.1/23, \"2001:db8:1::1/47\"]}\n"
		"    c: {device: net_null2, addresses: [10.1.0.1/16]}\n"
		"  routes:\n"
		"    - {to: 192.0.2.0/26, via: 10.1.3.255}\n"
		"    - {to: 192.0.2.64/26, via: 10.1.4.0}\n"
		"    - {to: 192.0.2.128/26, via: 10.2.0.0}\n"
		"    - {to: 192.0.2.192/26, via: 10.2.0.1, port: a}\n"
		"    - {to: \"2001:db8:f::/48\", via: \"2001:db8:1::2\"}\n"
		"    - {to: \"2001:db8:e::/48\", via: \"2001:db8:2::2\"}\n",
		&config);
	static const char *const expected[] = {"b", "c", "a", "a", "b", "a"};
	for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
		assert_string_equal(port_of(&config, i), expected[i]);
}

static void a_prefix_holds_its_network(_unused_ void **state)
{
	static const struct {
		const char *prefix;
		uint32_t length;
		const char *address;
		bool holds;
	} cases[] = {
		{"10.0.0.1", 0, "192.0.2.1", true},
		{"10.0.0.1", 8, "10.255.255.255", true},
		{"10.0.0.1", 8, "11.0.0.0", false},
		{"10.0.0.1", 31, "10.0.0.0", true},
		{"10.0.0.1", 31, "10.0.0.2", false},
		{"10.0.0.1", 32, "10.0.0.1", true},
		{"10.0.0.1", 32, "10.0.0.0", false},
		{"10.0.0.1", 0, "::1", false},
		{"2001:db8::", 33, "2001:db8:7fff::", true},
		{"2001:db8::", 33, "2001:db8:8000::", false},
		{"2001:db8::1", 128, "2001:db8::1", true},
		{"2001:db8::1", 128, "2001:db8::2", false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct config_prefix prefix = {.length = cases[i].length};
		struct address address;

		assert_int_equal(address_parse(cases[i].prefix, &prefix.address), 0);
		assert_int_equal(address_parse(cases[i].address, &address), 0);
		assert_int_equal(config_prefix_holds(&prefix, &address), cases[i].holds);
	}
}

/* What DPDK takes as a device is taken; the wrong ones are in tests/golden. */
static void devices_are_of_many_kinds(_unused_ void **state)
{
	static const char *const devices[] = {"0000:03:00.0", "03:00.7",
		"0001:af:1f.0,representor=0", "net_af_packet,iface=eth0", "net_af_xdp0,iface=eth0",
		"net_tap1,iface=tap7", "eth_pcap0,rx_pcap=a.pcap", "pci:0000:03:00.0",
		"auxiliary:mlx5_core.sf.1", "vmbus:7d4a5d6e-aaaa-bbbb-cccc-0123456789ab"};

	for (size_t i = 0; i < ARRAY_LENGTH(devices); i++) {
		_cleanup_config_ struct config config = {};
		_cleanup_strbuf_ struct strbuf text = {};

		strbuf_printf(&text, HEAD "dpdk: {ports: {wan: {device: \"%s\"}}}\n", devices[i]);
		load_good(text.text, &config);
		assert_string_equal(config.dpdk.ports.items[0].device, devices[i]);
	}
}

/* The files are the same for `poise` and for poise-dataplane; those of another backend are not for the latter. */
static void each_program_has_its_files(_unused_ void **state)
{
	static const struct document document = {"test.yaml", everything, sizeof(everything) - 1};
	_cleanup_config_ struct config config = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(config_load(&document, 1, &config, &diagnostics), 0);
	assert_int_equal(diagnostics.count, 0);
	assert_int_equal(config.backend, CONFIG_BACKEND_DPDK);
	assert_refused("poise: 1\nallow-empty: true\n",
		"poise-dataplane has nothing to do: the backend is ipvs");
}

/* The rest of a configuration is the same for either backend, and merges as ever. */
static void the_data_plane_may_have_a_file_of_its_own(_unused_ void **state)
{
	static const char services[] =
		"poise: 1\n"
		"services:\n"
		"  web: {listen: \"sctp://203.0.113.10:80\", forward: tunnel, scheduler: mh,\n"
		"    tunnel: {type: gre, checksum: full}, destinations: [10.0.0.2]}\n";
	const struct document documents[] = {
		{"services.yaml", services, sizeof(services) - 1},
		{"dpdk.yaml", everything, sizeof(everything) - 1},
	};
	_cleanup_config_ struct config config = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(config_load_dataplane(documents, 2, &config, &diagnostics), 0);
	assert_int_equal(config.services.count, 1);
	assert_int_equal(config.dpdk.ports.count, 2);
}

static void add_ports(struct strbuf *text, unsigned int count)
{
	strbuf_add(text, HEAD "dpdk:\n  ports:\n");
	for (unsigned int i = 0; i < count; i++)
		strbuf_printf(text, "    p%u: {device: net_null%u, addresses: [10.%u.0.1/16]}\n", i,
			i, i);
}

static void ports_and_routes_are_bounded(_unused_ void **state)
{
	_cleanup_strbuf_ struct strbuf most = {}, more = {}, addresses = {}, routes = {};
	_cleanup_config_ struct config config = {};

	add_ports(&most, CONFIG_PORTS_MOST);
	load_good(most.text, &config);
	assert_int_equal(config.dpdk.ports.count, CONFIG_PORTS_MOST);
	add_ports(&more, CONFIG_PORTS_MOST + 1);
	assert_refused(more.text, "more than 32 ports");

	strbuf_add(&addresses, HEAD "dpdk:\n  ports:\n    p: {device: net_null, addresses: [");
	for (unsigned int i = 0; i < CONFIG_PORT_ADDRESSES_MOST + 1; i++)
		strbuf_printf(&addresses, "%s10.0.0.%u", i ? ", " : "", i + 1);
	strbuf_add(&addresses, "]}\n");
	assert_refused(addresses.text, "a port has at most 32 addresses");

	add_ports(&routes, 1);
	strbuf_add(&routes, "  routes:\n");
	for (unsigned int i = 0; i < CONFIG_DATA_ROUTES_MOST + 1; i++)
		strbuf_printf(&routes, "    - {to: 11.%u.%u.%u/32, port: p0}\n", i >> 16,
			i >> 8 & 255, i & 255);
	assert_refused(routes.text, "more than 65536 routes");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_written_has_its_default),
		cmocka_unit_test(all_keys_arrive),
		cmocka_unit_test(the_canonical_form_is_its_own),
		cmocka_unit_test(a_route_finds_its_port),
		cmocka_unit_test(a_prefix_holds_its_network),
		cmocka_unit_test(devices_are_of_many_kinds),
		cmocka_unit_test(each_program_has_its_files),
		cmocka_unit_test(the_data_plane_may_have_a_file_of_its_own),
		cmocka_unit_test(ports_and_routes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
