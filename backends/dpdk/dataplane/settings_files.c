// SPDX-License-Identifier: GPL-2.0-or-later
/* From files to settings. Nothing is decided here: what a file may say, and what holds when it does not,
 * stands in the tables of model/. */
#include "backends/dpdk/dataplane/settings_files.h"

#include "backends/dpdk/dataplane/expiry.h"
#include "model/load.h"
#include "model/units.h"
#include "reconciler/sources.h"

/* The keys of `timeouts` are the states in their order, without the first. */
_Static_assert(
	CONFIG_DATA_TIMEOUTS_COUNT == TRANSPORT_STATE_COUNT - 1 &&
		(int)CONFIG_DATA_TIMEOUTS_TCP_SYN_SENT == (int)TRANSPORT_STATE_TCP_SYN_SENT - 1 &&
		(int)CONFIG_DATA_TIMEOUTS_TCP_ESTABLISHED ==
			(int)TRANSPORT_STATE_TCP_ESTABLISHED - 1 &&
		(int)CONFIG_DATA_TIMEOUTS_TCP_LAST_ACK == (int)TRANSPORT_STATE_TCP_LAST_ACK - 1 &&
		(int)CONFIG_DATA_TIMEOUTS_SCTP_CLOSED == (int)TRANSPORT_STATE_SCTP_CLOSED - 1 &&
		(int)CONFIG_DATA_TIMEOUTS_UDP_REPLIED == (int)TRANSPORT_STATE_UDP_REPLIED - 1 &&
		(int)CONFIG_DATA_TIMEOUTS_ICMP == (int)TRANSPORT_STATE_ICMP - 1,
	"a timeout for each state");
_Static_assert(CONFIG_PORTS_MOST <= SETTINGS_PORTS_MOST, "ports of a file");

#define SETTINGS_TICK (UNITS_SECOND / EXPIRY_TICKS_PER_SECOND)

static struct settings_prefix settings_prefix_of(const struct config_prefix *prefix)
{
	return (struct settings_prefix){
		.address = prefix->address, .length = (uint8_t)prefix->length};
}

static void settings_add_port(
	const struct config_port *config, struct settings_port_vector *settings)
{
	struct settings_port *port = vector_append(settings);

	*port = (struct settings_port){
		.name = memory_copy_string(config->name.text),
		.device = memory_copy_string(config->device),
		.exception = memory_copy_string(config->exception),
		.vlan = (uint16_t)config->vlan,
		.mtu = (uint16_t)config->mtu,
	};
	vector_foreach(&config->addresses, item)
		vector_push(&port->addresses, settings_prefix_of(&item->address));
}

static void settings_add_route(const struct config_dpdk *dpdk,
	const struct config_data_route *config, struct settings_route_vector *settings)
{
	const struct config_port *port = config_data_route_port(dpdk, config);

	vector_push(settings, ((struct settings_route){
				      .to = settings_prefix_of(&config->to),
				      .via = config->via,
				      .port = memory_copy_string(port ? port->name.text : NULL),
			      }));
}

void settings_from_config(const struct config *config, struct dataplane_settings *ret)
{
	const struct config_dpdk *dpdk = &config->dpdk;

	vector_foreach(&dpdk->eal, text)
		vector_push(&ret->eal, memory_copy_string(*text));
	ret->workers = dpdk->workers;
	ret->memory = dpdk->memory;
	vector_foreach(&dpdk->ports, port)
		settings_add_port(port, &ret->ports);
	vector_foreach(&dpdk->routes, route)
		settings_add_route(dpdk, route, &ret->routes);
	ret->connections = dpdk->connections;
	ret->when_full = dpdk->when_full == CONFIG_WHEN_FULL_REFUSE ? SETTINGS_FULL_REFUSE
								    : SETTINGS_FULL_HALF_OPEN;
	ret->reassemble = dpdk->fragments == CONFIG_FRAGMENTS_REASSEMBLE;
	ret->clamp_mss = dpdk->clamp_mss;
	for (size_t i = 0; i < CONFIG_DATA_TIMEOUTS_COUNT; i++)
		ret->timeouts.ticks[i + 1] =
			(uint32_t)((dpdk->timeouts.of[i] + SETTINGS_TICK - 1) / SETTINGS_TICK);
}

int settings_read(
	const char *const *paths, size_t count, struct dataplane_settings *ret, struct strbuf *said)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_sources_ struct sources sources = {};
	_cleanup_config_ struct config config = {};
	int r = sources_read(paths, count, &sources, said), loaded = 0;

	/* What could be read is looked at all the same, so that one run tells everything. */
	if (sources.count)
		loaded = config_load_dataplane(sources.items, sources.count, &config, &diagnostics);
	if (sources.warnings.length)
		strbuf_add(said, sources.warnings.text);
	diagnostics_format(&diagnostics, false, said);
	if (r == 0)
		r = loaded;
	if (r < 0)
		return r;
	settings_from_config(&config, ret);
	return 0;
}
