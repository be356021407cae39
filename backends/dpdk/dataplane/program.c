// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of poise-dataplane, in the order in which they need each other: settings, EAL, what the
 * threads share, the attendant with next hops and routes, the registry of services, the control
 * socket. They go in the opposite order. The main thread then has its loop: clients of the socket, what
 * waits for grace periods, the signals that end it.
 *
 * It begins empty, whatever was there before: poised sees that and fills it by one transaction. */

#include "backends/dpdk/dataplane/program.h"

#include <rte_eal.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "backends/dpdk/dataplane/attendant.h"
#include "backends/dpdk/dataplane/control_plane.h"
#include "backends/dpdk/dataplane/dataplane.h"
#include "backends/dpdk/dataplane/eal.h"
#include "backends/dpdk/dataplane/figures.h"
#include "backends/dpdk/dataplane/persistence.h"
#include "backends/dpdk/dataplane/program_ways.h"
#include "backends/dpdk/dataplane/registry.h"
#include "backends/dpdk/dataplane/settings_files.h"
#include "base/directories.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/netns.h"
#include "base/version.h"

LOG_MODULE("dataplane");

#define PROGRAM_GOOD   0
#define PROGRAM_FAILED 2
#define PROGRAM_SOCKET "dataplane.sock"
#define PROGRAM_MODE   0755

/* How often main looks after what nobody asks for: routes that were replaced, templates that expired. */
#define PROGRAM_LOOK_NS UINT64_C(1000000000)
/* How often at the links of ports: for so long somebody may speak on one that is cut. */
#define PROGRAM_LINK_NS UINT64_C(100000000)
/* Templates, as a part of the connections; heads that a look sweeps, so that all are swept in a minute. */
#define PROGRAM_TEMPLATE_PART   4
#define PROGRAM_LEAST_TEMPLATES 4096u
#define PROGRAM_SWEEP_PART      60

struct program {
	struct dataplane plane;
	const struct arguments *arguments;
	struct dataplane_settings settings;
	struct directories directories;
	uint32_t templates;
	struct attendant *attendant;
	struct data_port_vector ports; /* sorted by name */
	struct registry *registry;
	struct loop *loop;
	struct control_plane *control;
	struct loop_source *signals[2], *look, *links;
	struct figures_rates rates;
	char *socket;
	bool eal, open, running;
	bool filled; /* something is balanced */
	struct {
		bool cut, carrier;
	} seen[SETTINGS_PORTS_MOST]; /* of the port's link, and of its exception port */
};

static int read_settings(struct program *program, struct error *error)
{
	_cleanup_strbuf_ struct strbuf said = {};
	int r;

	settings_init(&program->settings);
	r = settings_read(program->arguments->paths, program->arguments->path_count,
		&program->settings, &said);
	if (said.length)
		fputs(said.text, stderr);
	if (r < 0)
		return error_set(error, r, "the files are no good: what is wrong stands above");
	if (program->settings.ports.count == 0)
		return error_set(error, -EINVAL,
			"no port: the files' `dpdk:` mapping must have at least one under `ports`");
	return 0;
}

/* Prints, one to a line, what EAL is called with. */
static void print_arguments(const struct settings_text_vector *words)
{
	vector_foreach(words, word)
		puts(*word);
}

static int start_eal(struct program *program, struct error *error)
{
	struct settings_text_vector words = {};
	int r = eal_arguments(
		&program->settings, dataplane_memory(&program->settings), &words, error);

	if (r == 0 && program->arguments->check)
		print_arguments(&words);
	else if (r == 0)
		r = eal_start(&words, error);
	program->eal = r == 0 && !program->arguments->check;
	eal_arguments_clear(&words);
	return r;
}

static struct generation *publish(void *data, struct generation *generation)
{
	struct program *program = data;

	return dataplane_publish(&program->plane, generation);
}

static uint64_t begin_grace(void *data)
{
	struct program *program = data;

	return dataplane_grace_begin(&program->plane);
}

static bool grace_is_over(void *data, uint64_t token)
{
	struct program *program = data;

	return dataplane_grace_is_over(&program->plane, token);
}

static int set_ways(void *data, const struct ways *ways, struct error *error)
{
	struct program *program = data;

	return program_ways_set(program->attendant, &program->settings, ways, error);
}

static void slot_taken(void *data, uint32_t slot)
{
	struct program *program = data;

	attendant_slot_taken(program->attendant, slot);
}

static void slot_freed(void *data, uint32_t slot)
{
	struct program *program = data;

	attendant_slot_freed(program->attendant, slot);
}

static void place_taken(void *data, uint32_t place)
{
	struct program *program = data;

	dataplane_place_taken(&program->plane, place);
}

static uint32_t templates_of(void *data, uint32_t slot, uint16_t incarnation)
{
	struct program *program = data;

	return persistence_count_slot(program->plane.persistence, slot, incarnation);
}

static void make_registry(struct program *program)
{
	struct registry_options options = {
		.plane =
			{
				.publish = publish,
				.grace_begin = begin_grace,
				.grace_is_over = grace_is_over,
				.set_ways = set_ways,
				.slot_taken = slot_taken,
				.slot_freed = slot_freed,
				.templates = templates_of,
				.place_taken = place_taken,
				.data = program,
			},
		.slots = &program->plane.slots,
		.view = &program->plane.view,
		.services = program->settings.services,
		.ports = &program->ports,
		.ways = program_ways_begin(&program->settings, &program->ports),
	};

	program->registry = registry_new(&options);
}

#define ATTENDANT_ROW(name, member)                                                                \
	{                                                                                          \
		name, offsetof(struct attendant_counts, member)                                    \
	}

static const struct {
	const char *name;
	size_t offset;
} attendant_rows[] = {
	ATTENDANT_ROW("to_kernel", to_kernel),
	ATTENDANT_ROW("from_kernel", from_kernel),
	ATTENDANT_ROW("answers", answers),
	ATTENDANT_ROW("errors", errors),
	ATTENDANT_ROW("neighbours_made", neighbours.made),
	ATTENDANT_ROW("neighbours_evicted", neighbours.evicted),
	ATTENDANT_ROW("neighbours_asked", neighbours.asked),
	ATTENDANT_ROW("neighbours_answered", neighbours.answered),
	ATTENDANT_ROW("neighbours_failed", neighbours.failed),
	ATTENDANT_ROW("neighbours_held", neighbours.held),
};

static void pass_figure(void *data, const char *object, const char *name, uint64_t value)
{
	control_plane_figure(data, object, name, value);
}

static void collect(void *data, struct control_plane_figures *figures)
{
	struct program *program = data;
	struct attendant_counts counts;

	figures_collect(&program->plane, &program->rates, pass_figure, figures);
	attendant_count(program->attendant, &counts);
	for (size_t i = 0; i < ARRAY_LENGTH(attendant_rows); i++)
		control_plane_figure(figures, "attendant", attendant_rows[i].name,
			*(const uint64_t *)(const void *)((const char *)&counts +
							  attendant_rows[i].offset));
}

/* Who speaks by an exception port has a carrier when something is balanced, and somebody can hear him. */
static void look_at_link(struct program *program, unsigned int index)
{
	const struct port *port = &program->plane.ports[index];
	bool cut = !port_has_link(port), carrier = program->filled && !cut;

	if (cut != program->seen[index].cut)
		log_notice("port %s: the link is %s", port->name, cut ? "down" : "up");
	if (carrier != program->seen[index].carrier)
		attendant_set_carrier(program->attendant, index, carrier);
	program->seen[index].cut = cut;
	program->seen[index].carrier = carrier;
}

static void on_links(void *data)
{
	struct program *program = data;

	for (unsigned int i = 0; i < program->plane.port_count; i++)
		look_at_link(program, i);
	loop_timer_set(program->links, loop_now(program->loop) + PROGRAM_LINK_NS);
}

static void committed(void *data, uint64_t generation)
{
	struct program *program = data;

	if (generation == 0 || program->filled)
		return;
	program->filled = true;
	on_links(program);
}

static void on_signal(void *data, int signal)
{
	struct program *program = data;

	log_notice("%s: ending", strsignal(signal));
	loop_stop(program->loop, PROGRAM_GOOD);
}

static void on_look(void *data)
{
	struct program *program = data;
	struct dataplane *plane = &program->plane;

	attendant_tidy(program->attendant);
	figures_look(plane, &program->rates, loop_now(program->loop));
	persistence_sweep(plane->persistence, dataplane_tick(plane),
		program->templates / PROGRAM_SWEEP_PART + 1);
	loop_timer_set(program->look, loop_now(program->loop) + PROGRAM_LOOK_NS);
}

static int make_plane(struct program *program, struct error *error)
{
	int r = dataplane_open(&program->plane, &program->settings, error);

	if (r < 0)
		return r;
	program->open = true;
	program->templates =
		MAX(program->settings.connections / PROGRAM_TEMPLATE_PART, PROGRAM_LEAST_TEMPLATES);
	r = persistence_new(
		program->templates, program->plane.slots.count, &program->plane.persistence, error);
	if (r == 0)
		r = attendant_open(&program->attendant, &program->plane, &program->settings, error);
	if (r == 0)
		make_registry(program);
	return r;
}

static int make_loop(struct program *program, struct error *error)
{
	static const int ends[] = {SIGTERM, SIGINT};
	int r = loop_new(&program->loop);

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(ends); i++)
		r = loop_add_signal(
			program->loop, ends[i], on_signal, program, &program->signals[i]);
	if (r == 0)
		r = loop_add_timer(program->loop, on_look, program, &program->look);
	if (r == 0)
		r = loop_add_timer(program->loop, on_links, program, &program->links);
	if (r < 0)
		return error_set(error, r, "the main loop cannot be made: %s", strerror(-r));
	loop_timer_set(program->look, loop_now(program->loop) + PROGRAM_LOOK_NS);
	loop_timer_set(program->links, loop_now(program->loop) + PROGRAM_LINK_NS);
	return 0;
}

static int listen_for_clients(struct program *program, struct error *error)
{
	struct control_plane_options options = {
		.path = program->socket,
		.registry = program->registry,
		.workers = program->settings.workers,
		.figures = collect,
		.committed = committed,
		.data = program,
	};
	int r = file_make_directories(program->directories.run, PROGRAM_MODE);

	if (r < 0)
		return error_set(error, r, "%s: %s", program->directories.run, strerror(-r));
	return control_plane_new(program->loop, &options, &program->control, error);
}

static int find_places(struct program *program, struct error *error)
{
	const struct arguments *arguments = program->arguments;
	int r = directories_find(arguments->netns, arguments->state_dir, arguments->run_dir,
		&program->directories, error);

	if (r < 0)
		return r;
	program->socket = memory_printf("%s/%s", program->directories.run, PROGRAM_SOCKET);
	return arguments->netns ? netns_enter(arguments->netns, error) : 0;
}

/* Everything, up to the moment when packets may come. */
static int begin(struct program *program, struct error *error)
{
	int r = find_places(program, error);

	if (r == 0)
		r = read_settings(program, error);
	/* Signals are the main thread's: blocked before any other thread is begun. */
	if (r == 0)
		r = make_loop(program, error);
	/* Two would share a card of mlx5, each with the whole of it. */
	if (r == 0 && !program->arguments->check)
		r = control_plane_check(program->socket, error);
	if (r == 0)
		r = start_eal(program, error);
	if (r < 0 || program->arguments->check)
		return r;
	r = make_plane(program, error);
	if (r == 0)
		r = listen_for_clients(program, error);
	if (r == 0)
		r = dataplane_start(&program->plane, error);
	program->running = program->open;
	if (r == 0)
		r = attendant_start(program->attendant, error);
	if (r == 0)
		figures_telemetry(&program->plane, &program->rates);
	return r;
}

static void end(struct program *program)
{
	program->control = control_plane_free(program->control);
	if (program->attendant)
		attendant_stop(program->attendant);
	if (program->running)
		dataplane_stop(&program->plane);
	program->registry = registry_free(program->registry);
	vector_clear(&program->ports);
	program->attendant = attendant_close(program->attendant);
	persistence_free(program->plane.persistence);
	if (program->open)
		dataplane_close(&program->plane);
	program->look = loop_source_free(program->look);
	program->links = loop_source_free(program->links);
	for (size_t i = 0; i < ARRAY_LENGTH(program->signals); i++)
		program->signals[i] = loop_source_free(program->signals[i]);
	loop_free(program->loop);
	if (program->eal)
		rte_eal_cleanup();
	settings_clear(&program->settings);
	directories_clear(&program->directories);
	free(program->socket);
}

int program_run(const struct arguments *arguments)
{
	_cleanup_error_ struct error error = {};
	static struct program program;
	int r, status = PROGRAM_FAILED;

	log_open("poise-dataplane", arguments->log_target, arguments->log_level);
	program = (struct program){.arguments = arguments};
	r = begin(&program, &error);
	if (r < 0) {
		log_error("%s", error_text(&error, r));
	} else if (arguments->check) {
		status = PROGRAM_GOOD;
	} else {
		log_notice("poise-dataplane " POISE_VERSION ": %u worker%s, %u port%s, %s",
			program.plane.worker_count, program.plane.worker_count == 1 ? "" : "s",
			program.plane.port_count, program.plane.port_count == 1 ? "" : "s",
			program.socket);
		status = loop_run(program.loop);
	}
	end(&program);
	return status < 0 ? PROGRAM_FAILED : status;
}
