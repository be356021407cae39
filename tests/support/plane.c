// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/plane.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/memory.h"

static struct generation *plane_publish(void *data, struct generation *generation)
{
	struct plane *plane = data;
	struct generation *old = plane->generation;

	plane->generation = generation;
	return old;
}

static uint64_t plane_grace_begin(void *data)
{
	struct plane *plane = data;

	plane->grace_began = loop_clock();
	plane->asked = 0;
	return ++plane->graces;
}

static bool plane_grace_is_over(void *data, uint64_t token)
{
	struct plane *plane = data;

	if (plane->held)
		return token <= plane->over;
	if (plane->asked++ < plane->grace_asks)
		return false;
	return loop_clock() >= plane->grace_began + plane->grace_ns;
}

static int plane_set_ways(void *data, const struct ways *ways, struct error *error)
{
	struct plane *plane = data;

	if (plane->refuses_ways)
		return error_set(error, -EINVAL, "the next hop is on no link");
	plane->ways = ways;
	plane->ways_set++;
	return 0;
}

static void plane_slot_taken(void *data, uint32_t slot)
{
	struct plane *plane = data;

	assert(slot < plane->slots.count);
	plane->slots_taken++;
}

static void plane_slot_freed(void *data, uint32_t slot)
{
	struct plane *plane = data;

	assert(slot < plane->slots.count);
	plane->slots_freed++;
}

static void plane_place_taken(void *data, uint32_t place)
{
	struct plane *plane = data;

	(void)place;
	plane->places_taken++;
}

static void plane_add_port(struct plane *plane, const char *name)
{
	struct data_port *port = vector_append(&plane->ports);

	snprintf(port->name, sizeof(port->name), "%s", name);
	snprintf(port->device, sizeof(port->device), "net_null_%s", name);
	port->mtu = 1500;
}

void plane_open(struct plane *plane, uint32_t slots, uint32_t services)
{
	const struct registry_options options = {
		.plane = {.publish = plane_publish,
			.grace_begin = plane_grace_begin,
			.grace_is_over = plane_grace_is_over,
			.set_ways = plane_set_ways,
			.slot_taken = plane_slot_taken,
			.place_taken = plane_place_taken,
			.slot_freed = plane_slot_freed,
			.data = plane},
		.slots = &plane->slots,
		.view = &plane->view,
		.services = services,
		.ports = &plane->ports,
	};
	const size_t size = slots * sizeof(struct slot_counts);

	*plane = (struct plane){};
	plane_add_port(plane, "lan");
	plane_add_port(plane, "wan");
	if (slot_table_init(&plane->slots, slots, NULL) < 0)
		abort();
	for (unsigned int i = 0; i < PLANE_WORKERS; i++) {
		plane->counts[i] = aligned_alloc(64, size);
		if (!plane->counts[i])
			abort();
		memset(plane->counts[i], 0, size);
	}
	plane->view = (struct scheduler_view){plane->counts, PLANE_WORKERS};
	plane->generation = generation_new(0, memory_new(1), 0);
	plane->registry = registry_new(&options);
}

void plane_close(struct plane *plane)
{
	registry_free(plane->registry);
	generation_free(plane->generation);
	for (unsigned int i = 0; i < PLANE_WORKERS; i++)
		free(plane->counts[i]);
	slot_table_clear(&plane->slots);
	vector_clear(&plane->ports);
}

void plane_count(struct plane *plane, unsigned int worker, uint32_t slot, uint64_t connections,
	uint32_t active, uint32_t inactive)
{
	struct slot_counts *counts = &plane->counts[worker][slot];

	counts->incarnation = plane->slots.slots[slot].incarnation;
	counts->connections = connections;
	counts->packets_in = 10 * connections;
	counts->bytes_in = 1000 * connections;
	counts->packets_out = 20 * connections;
	counts->bytes_out = 2000 * connections;
	counts->active = active;
	counts->inactive = inactive;
}

struct service_key plane_service_key(const char *listen)
{
	struct service_key key = {};

	if (service_key_parse(listen, &key) < 0)
		abort();
	return key;
}

struct destination_key plane_destination_key(const char *text)
{
	struct destination_key key = {};

	if (destination_key_parse(text, &key) < 0)
		abort();
	return key;
}

struct plan_op plane_service_op(enum plan_verb verb, const char *listen, const char *scheduler)
{
	struct plan_op op = {
		.verb = verb, .object = PLAN_OBJECT_SERVICE, .service = plane_service_key(listen)};
	uint16_t family = op.service.address.family;

	snprintf(op.attributes.after.scheduler, sizeof(op.attributes.after.scheduler), "%s",
		scheduler);
	op.attributes.after.netmask = service_netmask(family, address_bits(family));
	return op;
}

struct plan_op plane_destination_op(
	enum plan_verb verb, const char *listen, const char *text, enum forward_method method)
{
	return (struct plan_op){
		.verb = verb,
		.object = PLAN_OBJECT_DESTINATION,
		.service = plane_service_key(listen),
		.destination = {.key = plane_destination_key(text),
			.after = {.weight = 1, .forward = method}},
	};
}

/* The server */

static void plane_on_signal(void *data, int signal)
{
	(void)signal;
	loop_stop(data, 0);
}

static void plane_tell_few_figures(void *data, struct control_plane_figures *figures)
{
	static uint64_t asked;

	(void)data;
	control_plane_figure(figures, "worker 0", "packets", 12 + asked++);
	control_plane_figure(figures, "worker 0", "busy_percent", 3);
	control_plane_figure(figures, "worker 0", "dropped no-route", 4);
	control_plane_figure(figures, "worker 1", "packets", 0);
	control_plane_figure(figures, "attendant", "dropped rate", UINT64_MAX);
	control_plane_figure(figures, "port wan", "packets_in", 56);
	control_plane_figure(figures, "port wan", "up", 1);
	control_plane_figure(figures, "buffers", "free", 78);
}

static void plane_tell_figures(void *data, struct control_plane_figures *figures)
{
	char object[32];

	(void)data;
	for (uint64_t i = 0; i < 1000; i++) {
		snprintf(object, sizeof(object), "worker %u", (unsigned int)i);
		control_plane_figure(figures, object, "packets", i << 32);
	}
}

/* Says on `ready` when it serves. */
static int plane_serve(const struct plane_server_options *server, int ready)
{
	_cleanup_error_ struct error error = {};
	_cleanup_loop_ struct loop *loop = NULL;
	struct loop_source *end = NULL;
	struct control_plane *control = NULL;
	struct plane plane;

	log_set_level(NULL, LOG_LEVEL_ERROR);
	plane_open(&plane, server->slots, server->services);
	plane.grace_ns = server->grace_ns;
	plane.grace_asks = server->grace_asks;
	const struct control_plane_options options = {.path = server->path,
		.registry = plane.registry,
		.workers = PLANE_WORKERS,
		.figures = server->few_figures ? plane_tell_few_figures : plane_tell_figures};
	int r = loop_new(&loop);
	if (r == 0)
		r = loop_add_signal(loop, SIGTERM, plane_on_signal, loop, &end);
	if (r == 0)
		r = control_plane_new(loop, &options, &control, &error);
	if (r < 0)
		fprintf(stderr, "the server of the test: %s\n", error_text(&error, r));
	if (r == 0 && server->stall_ns)
		control_plane_set_stall(control, server->stall_ns);
	if (r == 0 && write(ready, "", 1) == 1)
		r = loop_run(loop);
	control_plane_free(control);
	loop_source_free(end);
	plane_close(&plane);
	return r < 0;
}

pid_t plane_start_server(const struct plane_server_options *options)
{
	int ready[2];
	char byte;

	fflush(NULL);
	if (pipe(ready) < 0)
		return -1;
	pid_t server = fork();
	if (server == 0) {
		/* Whatever becomes of the test. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		exit(plane_serve(options, ready[1]));
	}
	close(ready[1]);
	if (server > 0 && read(ready[0], &byte, 1) != 1) {
		plane_end_server(server);
		server = -1;
	}
	close(ready[0]);
	return server;
}

void plane_end_server(pid_t server)
{
	int status = 0;

	if (server <= 0)
		return;
	kill(server, SIGTERM);
	waitpid(server, &status, 0);
	/* Of the sanitizers. */
	if (status)
		fprintf(stderr, "the server of the test ended with %x\n", (unsigned int)status);
	assert(status == 0);
}
