// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of counters are a table for each kind of object. What a worker has never dropped for is left
 * out: of the many reasons most never come up, and one that is not there reads as 0.
 *
 * rte_telemetry answers from a thread of its own, to which it gives no data, so what it reads is what
 * any thread may read. As with its own commands, one lists the objects and one shows an object. */

#include "backends/dpdk/dataplane/figures.h"

#include <ctype.h>
#include <errno.h>
#include <rte_mempool.h>
#include <rte_telemetry.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"

#define FIGURES_OBJECT_SIZE 64

#define FIGURES_NS_PER_PERCENT UINT64_C(10000000) /* of a second */

struct figure_row {
	const char *name;
	size_t offset;
};

#define WORKER_ROW(member)                                                                         \
	{                                                                                          \
#member, offsetof(struct dataplane_totals, member)                                 \
	}

static const struct figure_row worker_rows[] = {
	WORKER_ROW(packets),
	WORKER_ROW(forwarded),
	WORKER_ROW(handed_over),
	WORKER_ROW(connections),
	WORKER_ROW(flows),
	WORKER_ROW(turns),
	WORKER_ROW(busy_turns),
	WORKER_ROW(cpu_ns),
};

#define PORT_ROW(member)                                                                           \
	{                                                                                          \
#member, offsetof(struct port_counters, member)                                    \
	}

static const struct figure_row port_rows[] = {
	PORT_ROW(packets_in),
	PORT_ROW(bytes_in),
	PORT_ROW(packets_out),
	PORT_ROW(bytes_out),
	PORT_ROW(missed),
	PORT_ROW(errors_in),
	PORT_ROW(errors_out),
	PORT_ROW(no_buffer),
};

static void say_rows(const struct figure_row *rows, size_t count, const void *from,
	const char *object, figures_sink *sink, void *data)
{
	for (size_t i = 0; i < count; i++)
		sink(data, object, rows[i].name,
			*(const uint64_t *)(const void *)((const char *)from + rows[i].offset));
}

static void say_drops(
	const struct dataplane_totals *totals, const char *object, figures_sink *sink, void *data)
{
	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++) {
		char name[FIGURES_OBJECT_SIZE];

		if (!totals->drops[i])
			continue;
		snprintf(name, sizeof(name), "dropped %s", drop_reason_name(i));
		sink(data, object, name, totals->drops[i]);
	}
}

static void say_worker(const struct dataplane *plane, const struct figures_rates *rates,
	unsigned int number, figures_sink *sink, void *data)
{
	struct dataplane_totals totals;
	char object[FIGURES_OBJECT_SIZE];

	snprintf(object, sizeof(object), "worker %u", number);
	dataplane_count_worker(plane, number, &totals);
	say_rows(worker_rows, ARRAY_LENGTH(worker_rows), &totals, object, sink, data);
	sink(data, object, "connections_per_second", rate_of(&rates->workers[number].connections));
	sink(data, object, "packets_per_second", rate_of(&rates->workers[number].packets));
	sink(data, object, "busy_percent",
		(rate_of(&rates->workers[number].cpu) + FIGURES_NS_PER_PERCENT / 2) /
			FIGURES_NS_PER_PERCENT);
	say_drops(&totals, object, sink, data);
}

static void say_attendant(const struct dataplane *plane, figures_sink *sink, void *data)
{
	struct dataplane_totals totals;

	dataplane_count_attendant(plane, &totals);
	say_drops(&totals, "attendant", sink, data);
}

static void say_buffers(const struct dataplane *plane, figures_sink *sink, void *data)
{
	sink(data, "buffers", "free", rte_mempool_avail_count(plane->pool));
	sink(data, "buffers", "all", plane->pool->size);
	if (!plane->whole)
		return;
	sink(data, "buffers", "whole_free", rte_mempool_avail_count(plane->whole));
	sink(data, "buffers", "whole_all", plane->whole->size);
}

static void say_port(const struct dataplane *plane, const struct figures_rates *rates,
	unsigned int number, figures_sink *sink, void *data)
{
	const struct port *port = &plane->ports[number];
	struct port_counters counters;
	char object[FIGURES_OBJECT_SIZE];

	snprintf(object, sizeof(object), "port %s", port->name);
	port_count(port, &counters);
	say_rows(port_rows, ARRAY_LENGTH(port_rows), &counters, object, sink, data);
	sink(data, object, "packets_in_per_second", rate_of(&rates->ports[number].packets_in));
	sink(data, object, "packets_out_per_second", rate_of(&rates->ports[number].packets_out));
	sink(data, object, "up", counters.up);
}

void figures_look(const struct dataplane *plane, struct figures_rates *rates, uint64_t now)
{
	for (unsigned int i = 0; i < plane->worker_count; i++) {
		struct dataplane_totals totals;

		dataplane_count_worker(plane, i, &totals);
		rate_look(&rates->workers[i].connections, totals.connections, now);
		rate_look(&rates->workers[i].packets, totals.packets, now);
		rate_look(&rates->workers[i].cpu, totals.cpu_ns, now);
	}
	for (unsigned int i = 0; i < plane->port_count; i++) {
		struct port_counters counters;

		port_count(&plane->ports[i], &counters);
		rate_look(&rates->ports[i].packets_in, counters.packets_in, now);
		rate_look(&rates->ports[i].packets_out, counters.packets_out, now);
	}
}

void figures_collect(const struct dataplane *plane, const struct figures_rates *rates,
	figures_sink *sink, void *data)
{
	for (unsigned int i = 0; i < plane->worker_count; i++)
		say_worker(plane, rates, i, sink, data);
	say_attendant(plane, sink, data);
	for (unsigned int i = 0; i < plane->port_count; i++)
		say_port(plane, rates, i, sink, data);
	say_buffers(plane, sink, data);
}

static const struct dataplane *telemetry_plane;
static const struct figures_rates *telemetry_rates;

/* Its names have neither spaces nor dashes. */
static void telemetry_sink(void *data, const char *object, const char *name, uint64_t value)
{
	char plain[FIGURES_OBJECT_SIZE];

	(void)object;
	snprintf(plain, sizeof(plain), "%s", name);
	for (char *at = plain; *at; at++)
		if (*at == ' ' || *at == '-')
			*at = '_';
	rte_tel_data_add_dict_u64(data, plain, value);
}

static int telemetry_workers(const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command, (void)parameters;
	rte_tel_data_start_array(data, RTE_TEL_INT_VAL);
	for (unsigned int i = 0; i < telemetry_plane->worker_count; i++)
		rte_tel_data_add_array_int(data, (int)i);
	return 0;
}

static int telemetry_worker(const char *command, const char *parameters, struct rte_tel_data *data)
{
	unsigned long number;
	char *end;

	(void)command;
	if (!parameters || !isdigit((unsigned char)*parameters))
		return -EINVAL;
	number = strtoul(parameters, &end, 10);
	if (*end || number >= telemetry_plane->worker_count)
		return -EINVAL;
	rte_tel_data_start_dict(data);
	say_worker(telemetry_plane, telemetry_rates, (unsigned int)number, telemetry_sink, data);
	return 0;
}

static int telemetry_attendant(
	const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command, (void)parameters;
	rte_tel_data_start_dict(data);
	say_attendant(telemetry_plane, telemetry_sink, data);
	return 0;
}

static int telemetry_ports(const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command, (void)parameters;
	rte_tel_data_start_array(data, RTE_TEL_STRING_VAL);
	for (unsigned int i = 0; i < telemetry_plane->port_count; i++)
		rte_tel_data_add_array_string(data, telemetry_plane->ports[i].name);
	return 0;
}

static int telemetry_port(const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command;
	for (unsigned int i = 0; parameters && i < telemetry_plane->port_count; i++) {
		if (strcmp(telemetry_plane->ports[i].name, parameters) != 0)
			continue;
		rte_tel_data_start_dict(data);
		say_port(telemetry_plane, telemetry_rates, i, telemetry_sink, data);
		return 0;
	}
	return -EINVAL;
}

static int telemetry_buffers(const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command, (void)parameters;
	rte_tel_data_start_dict(data);
	say_buffers(telemetry_plane, telemetry_sink, data);
	return 0;
}

void figures_telemetry(const struct dataplane *plane, const struct figures_rates *rates)
{
	static const struct {
		const char *name, *help;
		telemetry_cb answer;
	} commands[] = {
		{"/poise/workers", "Returns the workers' numbers. No parameters",
			telemetry_workers},
		{"/poise/worker",
			"Returns what a worker counts, and why it dropped packets. Parameters: "
			"number",
			telemetry_worker},
		{"/poise/attendant", "Returns why the attendant dropped packets. No parameters",
			telemetry_attendant},
		{"/poise/ports", "Returns the ports' names. No parameters", telemetry_ports},
		{"/poise/port", "Returns what a port counts. Parameters: name", telemetry_port},
		{"/poise/buffers", "Returns how many buffers there are. No parameters",
			telemetry_buffers},
	};

	telemetry_plane = plane;
	telemetry_rates = rates;
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		rte_telemetry_register_cmd(commands[i].name, commands[i].answer, commands[i].help);
}
