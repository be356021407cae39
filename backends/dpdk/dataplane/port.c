// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening a port: the device is found or made, given its queues, and asked for what it can spare us.
 *
 * A device text is DPDK's own. One that names a device which EAL has already (a NIC at its PCI
 * address, a port that a test has made) is taken as it is; another is made for us and removed at the
 * end. Virtual devices want names of their own, so a text without a number gets one: two ports may
 * both say `net_af_packet,iface=…`.
 *
 * A send queue belongs to one worker, since none of them locks; a device that has fewer is refused.
 * Fewer receive queues do no harm: packets of the workers that have none are handed to them. */

#include "backends/dpdk/dataplane/port.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/card.h"
#include "backends/dpdk/dataplane/next_hop.h"
#include "backends/dpdk/dataplane/packet_sockets.h"
#include "backends/dpdk/dataplane/silence.h"
#include "base/memory.h"

/* Flows that a NIC may spread over its queues. */
#define PORT_SPREAD (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)

/* What goes into the pieces of memory that net_af_packet usually takes; what a frame may have beside
 * the packet: Ethernet, tags, and the kernel's words before it. */
#define PORT_USUAL_MTU   1900
#define PORT_FRAME_EXTRA 128
/* For longer ones: frames of a piece, which must fill it, for the driver takes them to lie in a row
 * through all pieces; and a piece is whole pages, as each of as many lines of a cache is. */
#define PORT_PIECE_FRAMES 64u
/* Many cards (those of ixgbe and igb) take buffers in whole units of this, and leave the rest unused. */
#define PORT_ROOM_UNIT 1024u

_Static_assert(
	__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "link words lie in memory as on the wire");

unsigned int port_frame_size(unsigned int mtu)
{
	return RTE_ALIGN(mtu + PORT_FRAME_EXTRA, RTE_CACHE_LINE_SIZE);
}

unsigned int port_room(unsigned int mtu)
{
	unsigned int size = port_frame_size(mtu);

	return size <= RTE_MBUF_DEFAULT_DATAROOM ? RTE_MBUF_DEFAULT_DATAROOM
						 : RTE_ALIGN(size, PORT_ROOM_UNIT);
}

static uint64_t word_of_link(const uint8_t link[static 6])
{
	return next_hop_word(NEXT_HOP_STATE_FREE, 0, link);
}

static bool is_driver(const char *device, const char *driver)
{
	return strncmp(device, driver, strlen(driver)) == 0;
}

/* The text that DPDK is asked to probe, for free(): the user's, with a number behind the driver's name,
 * and what net_af_packet must be told. */
static char *device_text(const struct settings_port *settings, uint8_t index, unsigned int workers)
{
	const char *device = settings->device;
	size_t length = strcspn(device, ",");
	_cleanup_free_ char *named = NULL;
	bool packet = is_driver(device, "net_af_packet");
	char queues[32] = "", frames[64] = "";

	if (!is_driver(device, "net_") || isdigit((unsigned char)device[length - 1]))
		named = memory_copy_string(device);
	else
		named = memory_printf("%.*s%u%s", (int)length, device, index, device + length);
	if (packet && workers > 1 && !strstr(device, "qpairs="))
		snprintf(queues, sizeof(queues), ",qpairs=%u", workers);
	if (packet && settings->mtu > PORT_USUAL_MTU && !strstr(device, "framesz=")) {
		unsigned int size = port_frame_size(settings->mtu);

		snprintf(frames, sizeof(frames), ",blocksz=%u,framesz=%u", PORT_PIECE_FRAMES * size,
			size);
	}
	return memory_printf("%s%s%s", named, queues, frames);
}

/* By the name that DPDK has for it, or by another one that the user may have: "pci:0000:03:00.0", "03:00.0", digits in
 * capitals. Of a card with several ports the first one. */
static bool find_device(const char *name, uint16_t *id)
{
	struct rte_dev_iterator iterator;
	const char *colon = strchr(name, ':');

	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return true;
	if (!colon)
		return false;
	if (!isxdigit((unsigned char)name[0]) || !isxdigit((unsigned char)name[1]))
		return rte_eth_dev_get_port_by_name(colon + 1, id) == 0;
	RTE_ETH_FOREACH_MATCHING_DEV(*id, name, &iterator)
	{
		rte_eth_iterator_cleanup(&iterator);
		return true;
	}
	return false;
}

/* Why DPDK could not have it: what a user can do about it, rather than what the library calls it. */
static int explain_device(
	const struct port *port, const char *device, int code, struct error *error)
{
	_cleanup_free_ char *card = card_explain(CARD_DEVICES, device);

	if (card)
		return error_set(
			error, code, "port %s: DPDK cannot use %s: %s", port->name, device, card);
	return error_set(error, code, "port %s: DPDK cannot use %s: %s: it says more above",
		port->name, device, strerror(-code));
}

/* Finds the device, or has it made. */
static int attach(struct port *port, const struct settings_port *settings, unsigned int workers,
	struct error *error)
{
	_cleanup_free_ char *text = device_text(settings, port->index, workers);
	_cleanup_free_ char *name = memory_copy_bytes(text, strcspn(text, ","));
	int r;

	if (rte_eth_dev_get_port_by_name(settings->device, &port->id) == 0 ||
		find_device(name, &port->id))
		return 0;
	if (port->interface[0] && !if_nametoindex(port->interface))
		return error_set(error, -ENODEV,
			"port %s: there is no interface %s in this network namespace", port->name,
			port->interface);
	r = rte_dev_probe(text);
	if (r < 0)
		return explain_device(port, settings->device, r, error);
	port->attached = true;
	if (!find_device(name, &port->id))
		return error_set(error, -ENODEV, "port %s: the device %s is no network port",
			port->name, settings->device);
	return 0;
}

/* Queues for so many workers. */
static int choose_queues(struct port *port, const struct settings_port *settings,
	const struct rte_eth_dev_info *info, unsigned int workers, struct error *error)
{
	if (info->max_tx_queues < workers)
		return error_set(error, -EINVAL,
			"port %s: %s has %u send queues, and %u workers need one each: take fewer "
			"workers%s",
			port->name, settings->device, info->max_tx_queues, workers,
			is_driver(settings->device, "net_af_") ? ", or give the device more queues"
							       : "");
	if (is_driver(settings->device, "net_af_packet") && info->max_rx_queues > workers)
		return error_set(error, -EINVAL,
			"port %s: %s spreads packets over %u queues, but there are %u workers to "
			"look at them: qpairs=%u",
			port->name, settings->device, info->max_rx_queues, workers, workers);
	port->receive_count = (uint16_t)RTE_MIN(info->max_rx_queues, workers);
	return 0;
}

static int set_up_queues(
	struct port *port, unsigned int workers, struct rte_mempool *pool, struct error *error)
{
	uint16_t receive = PORT_DESCRIPTORS, send = PORT_DESCRIPTORS;
	int r = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &receive, &send);

	for (uint16_t i = 0; r == 0 && i < port->receive_count; i++)
		r = rte_eth_rx_queue_setup(
			port->id, i, receive, (unsigned int)SOCKET_ID_ANY, NULL, pool);
	for (uint16_t i = 0; r == 0 && i < workers; i++)
		r = rte_eth_tx_queue_setup(port->id, i, send, (unsigned int)SOCKET_ID_ANY, NULL);
	if (r < 0)
		return error_set(error, r, "port %s: cannot set up its queues: %s", port->name,
			strerror(-r));
	return 0;
}

/* Under net_af_packet is an interface of the kernel, whose MTU is as long as DPDK may go; the driver
 * itself says that it goes no farther than Ethernet's own. */
static int set_interface_mtu(const struct port *port, struct error *error)
{
	_cleanup_close_ int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};

	if (!port->interface[0])
		return 0;
	memcpy(request.ifr_name, port->interface, sizeof(request.ifr_name));
	if (ioctl(control, SIOCGIFMTU, &request) == 0 && request.ifr_mtu == port->mtu)
		return 0;
	request.ifr_mtu = port->mtu;
	if (ioctl(control, SIOCSIFMTU, &request) == 0)
		return 0;
	return error_set(error, -errno, "port %s: cannot set the MTU of %s to %u: %s", port->name,
		request.ifr_name, port->mtu, strerror(errno));
}

static int set_mtu(
	const struct port *port, const struct settings_port *settings, struct error *error)
{
	unsigned int tag = port->vlan ? RTE_VLAN_HLEN : 0;
	uint16_t now = 0;
	int r;

	if (is_driver(settings->device, "net_af_packet"))
		return set_interface_mtu(port, error);
	/* The tag is no part of what a device calls its MTU, but many count it so. */
	if (rte_eth_dev_get_mtu(port->id, &now) == 0 && now == port->mtu + tag)
		return 0;
	r = rte_eth_dev_set_mtu(port->id, (uint16_t)(port->mtu + tag));
	if (r == -EINVAL && tag)
		r = rte_eth_dev_set_mtu(port->id, port->mtu);
	if (r < 0 && (r != -ENOTSUP || port->mtu > RTE_ETHER_MTU))
		return error_set(error, r, "port %s: cannot set its MTU to %u: %s", port->name,
			port->mtu, strerror(-r));
	return 0;
}

static int configure(struct port *port, const struct settings_port *settings, unsigned int workers,
	struct rte_mempool *pool, struct error *error)
{
	struct rte_eth_conf configuration = {};
	struct rte_ether_addr link;
	struct rte_eth_dev_info info;
	int r = rte_eth_dev_info_get(port->id, &info);

	if (r < 0)
		return error_set(error, r, "port %s: %s says nothing of itself: %s", port->name,
			settings->device, strerror(-r));
	r = choose_queues(port, settings, &info, workers, error);
	if (r < 0)
		return r;
	configuration.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	port->verifies_ipv4 = configuration.rxmode.offloads != 0;
	if (is_driver(settings->device, "net_af_packet"))
		port->packet_index = info.if_index;
	if (port->receive_count > 1 && (info.flow_type_rss_offloads & PORT_SPREAD)) {
		configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		configuration.rx_adv_conf.rss_conf.rss_hf =
			info.flow_type_rss_offloads & PORT_SPREAD;
	}
	r = rte_eth_dev_configure(port->id, port->receive_count, (uint16_t)workers, &configuration);
	if (r < 0)
		return error_set(error, r, "port %s: cannot configure %s: %s", port->name,
			settings->device, strerror(-r));
	r = set_up_queues(port, workers, pool, error);
	if (r == 0)
		r = set_mtu(port, settings, error);
	if (r < 0)
		return r;
	r = rte_eth_macaddr_get(port->id, &link);
	if (r < 0)
		return error_set(error, r, "port %s: %s has no link address: %s", port->name,
			settings->device, strerror(-r));
	memcpy(port->link, link.addr_bytes, sizeof(port->link));
	port->link_word = word_of_link(port->link);
	return 0;
}

int port_open(struct port *port, uint8_t index, const struct settings_port *settings,
	unsigned int workers, struct rte_mempool *pool, struct error *error)
{
	int r;

	*port = (struct port){
		.index = index,
		.vlan = settings->vlan,
		.mtu = settings->mtu,
		.link_length = RTE_ETHER_HDR_LEN + (settings->vlan ? RTE_VLAN_HLEN : 0),
		.id = RTE_MAX_ETHPORTS,
	};
	snprintf(port->name, sizeof(port->name), "%s", settings->name);
	silence_interface(settings->device, port->interface, sizeof(port->interface));
	r = attach(port, settings, workers, error);
	if (r == 0)
		r = configure(port, settings, workers, pool, error);
	if (r < 0)
		port_close(port);
	return r;
}

int port_start(struct port *port, struct error *error)
{
	int r = rte_eth_dev_start(port->id);

	if (r < 0)
		return error_set(
			error, r, "port %s: cannot start it: %s", port->name, strerror(-r));
	/* Groups of routers and neighbours; a device that cannot choose takes them all anyway. */
	rte_eth_allmulticast_enable(port->id);
	return 0;
}

void port_close(struct port *port)
{
	struct rte_eth_dev_info info = {};

	if (port->id == RTE_MAX_ETHPORTS)
		return;
	rte_eth_dev_info_get(port->id, &info);
	packet_sockets_forget(port->packet_index);
	rte_eth_dev_stop(port->id);
	if (port->attached) {
		rte_eth_dev_close(port->id);
		if (info.device)
			rte_dev_remove(info.device);
	}
	port->id = RTE_MAX_ETHPORTS;
}

/* Whether the device takes frames for this address, by itself. */
static bool add_link(const struct port *port, const uint8_t link[static 6])
{
	struct rte_ether_addr address;
	int r;

	memcpy(address.addr_bytes, link, sizeof(address.addr_bytes));
	r = rte_eth_dev_mac_addr_add(port->id, &address, 0);
	return r == 0 || r == -EEXIST;
}

static bool is_listed(uint64_t word, const uint8_t (*links)[6], unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (word_of_link(links[i]) == word)
			return true;
	return false;
}

int port_set_links(struct port *port, const uint8_t (*links)[6], unsigned int count)
{
	uint32_t before = atomic_load_explicit(&port->other_count, memory_order_relaxed);
	bool all = false;

	if (count > PORT_LINKS_MOST)
		return -ENOSPC;
	for (uint32_t i = 0; i < before; i++) {
		uint64_t word = atomic_load_explicit(&port->others[i], memory_order_relaxed);
		struct rte_ether_addr address;

		memcpy(address.addr_bytes, &word, sizeof(address.addr_bytes));
		if (!is_listed(word, links, count))
			rte_eth_dev_mac_addr_remove(port->id, &address);
	}
	for (unsigned int i = 0; i < count; i++) {
		atomic_store_explicit(
			&port->others[i], word_of_link(links[i]), memory_order_relaxed);
		all |= !add_link(port, links[i]);
	}
	atomic_store_explicit(&port->other_count, count, memory_order_release);
	if (all)
		rte_eth_promiscuous_enable(port->id);
	else
		rte_eth_promiscuous_disable(port->id);
	return 0;
}

static bool interface_runs(const char *interface)
{
	_cleanup_close_ int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int both = IFF_UP | IFF_RUNNING;
	struct ifreq request = {};

	memcpy(request.ifr_name, interface, sizeof(request.ifr_name));
	return ioctl(control, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & both) == both;
}

bool port_has_link(const struct port *port)
{
	struct rte_eth_link link = {};

	rte_eth_link_get_nowait(port->id, &link);
	return link.link_status == RTE_ETH_LINK_UP &&
	       (!port->interface[0] || interface_runs(port->interface));
}

void port_count(const struct port *port, struct port_counters *ret)
{
	struct rte_eth_stats stats = {};

	rte_eth_stats_get(port->id, &stats);
	*ret = (struct port_counters){
		.packets_in = stats.ipackets,
		.bytes_in = stats.ibytes,
		.packets_out = stats.opackets,
		.bytes_out = stats.obytes,
		.missed = stats.imissed + packet_sockets_lost(port->packet_index),
		.errors_in = stats.ierrors,
		.errors_out = stats.oerrors,
		.no_buffer = stats.rx_nombuf,
		.up = port_has_link(port),
	};
}
