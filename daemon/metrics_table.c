// SPDX-License-Identifier: GPL-2.0-or-later
/* What is measured, and where it is taken from. */
#include "daemon/metrics_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timespec.h"
#include "base/version.h"
#include "daemon/metrics_dataplane.h"
#include "daemon/metrics_health.h"
#include "daemon/metrics_router.h"

#define TABLE_NS_PER_MS 1000000ull

static void write_number(struct metrics_writer *writer, uint64_t number)
{
	metrics_text_number(writer, NULL, NULL, number);
}

/* The process of the reconciler and its state. */

static void sample_build_info(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	(void)sources;
	metrics_text_number(writer, "version", POISE_VERSION, 1);
}

static void sample_connected(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->connected);
}

static void sample_degraded(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, engine_is_degraded(sources->engine));
}

static void sample_suspended(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, engine_is_suspended(sources->engine));
}

static void sample_confirm(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->confirming);
}

static void sample_rejected(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->rejected != NULL);
}

static void sample_held(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->held != NULL);
}

static void sample_held_reason(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine *engine = sources->engine;

	for (size_t i = 0; i < ENGINE_HELD_COUNT; i++)
		metrics_text_number(writer, "reason", engine_held_name((enum engine_held)i),
			engine->held && engine->held_reason == i);
}

static void sample_readings(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine_counters *counters = &sources->engine->counters;

	metrics_text_number(writer, "result", "accepted", counters->accepted);
	metrics_text_number(writer, "result", "rejected", counters->rejected);
	metrics_text_number(writer, "result", "held", counters->held);
}

static void sample_revision(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	struct files *files = sources->engine->files;

	if (!files)
		return;
	metrics_text_label(writer, "revision", files_revision(files));
	metrics_text_label(writer, "commit", files->commit);
	write_number(writer, 1);
}

static void sample_last_time(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	metrics_text_seconds(writer, sources->engine->counters.last_pass_wall * TABLE_NS_PER_MS);
}

static void sample_last_duration(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	metrics_text_seconds(writer, sources->engine->counters.last_pass_ns);
}

static void sample_passes(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	for (size_t i = 0; i < ENGINE_REASON_COUNT; i++)
		metrics_text_number(writer, "reason", engine_reason_name((enum engine_reason)i),
			sources->engine->counters.passes[i]);
}

static void sample_pass_time(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	metrics_text_seconds(writer, sources->engine->counters.pass_ns);
}

static void write_results(struct metrics_writer *writer, const uint64_t *results)
{
	static const char *const names[ENGINE_RESULT_COUNT] = {
		[BACKEND_RESULT_DONE] = "done",
		[BACKEND_RESULT_FAILED] = "failed",
		[BACKEND_RESULT_SKIPPED] = "skipped",
	};

	for (size_t i = 0; i < ENGINE_RESULT_COUNT; i++)
		metrics_text_number(writer, "result", names[i], results[i]);
}

static void sample_operations(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine_counters *counters = &sources->engine->counters;

	for (size_t object = 0; object < PLAN_OBJECT_COUNT; object++)
		for (size_t verb = 0; verb < PLAN_VERB_COUNT; verb++) {
			writer->labels.length = 0;
			metrics_text_label(
				writer, "object", plan_object_name((enum plan_object)object));
			metrics_text_label(writer, "verb", plan_verb_name((enum plan_verb)verb));
			write_results(writer, counters->operations[object][verb]);
		}
}

static void sample_retries(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->counters.retries);
}

static void sample_pass_failures(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->counters.pass_failures);
}

static void sample_last_success(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine *engine = sources->engine;

	write_number(writer, engine->reconciled && !engine->counters.last_pass_failed);
}

static void sample_reading_duration(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	metrics_text_seconds(writer, sources->engine->counters.last_files_ns);
}

static void sample_failures(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->counters.failures);
}

static void sample_failing(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->retries.count);
}

static void sample_drift(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->counters.drift);
}

static void sample_reads(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->counters.reads);
}

/* What there is. */

struct metrics_totals metrics_count(const struct engine *engine)
{
	const struct memory *memory = &engine->reconciler.record.memory;
	const struct memory_service *owned = memory->owned.items;
	const struct memory_service *end = owned + memory->owned.count;
	struct metrics_totals totals = {.managed = memory->owned.count};

	vector_foreach(&engine->reconciler.live.services, service) {
		while (owned < end && service_key_compare(&owned->key, &service->key) < 0)
			owned++;
		if (owned < end && service_key_compare(&owned->key, &service->key) == 0)
			totals.destinations += service->destinations.count;
		else
			totals.unmanaged++;
	}
	return totals;
}

static void sample_services(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine *engine = sources->engine;

	metrics_text_number(writer, "state", "declared",
		engine->files ? engine->files->declared.services.count : 0);
	metrics_text_number(
		writer, "state", "managed", engine->reconciler.record.memory.owned.count);
	metrics_text_number(writer, "state", "unmanaged", metrics_count(engine).unmanaged);
}

static void sample_destinations(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, metrics_count(sources->engine).destinations);
}

static void sample_left_out(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct metrics_totals totals = metrics_count(sources->engine);
	const struct metrics_limits *limits = &sources->limits;

	metrics_text_number(writer, "object", "service",
		totals.managed > limits->services ? totals.managed : 0);
	metrics_text_number(writer, "object", "destination",
		totals.destinations > limits->destinations ? totals.destinations : 0);
	size_t probes = engine_probes(sources->engine)->count;
	metrics_text_number(writer, "object", "probe", probes > limits->destinations ? probes : 0);
	size_t routers = metrics_count_routers(sources->engine);
	metrics_text_number(writer, "object", "router", routers > limits->services ? routers : 0);
}

static void sample_draining(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->reconciler.record.memory.drains.count);
}

static void sample_operator(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->operator.drains.count);
}

/* Watch, control socket, log. */

#define TABLE_SAMPLE(source, member)                                                               \
	static void sample_##source##_##member(                                                    \
		struct metrics_writer *writer, const struct metrics_sources *sources)              \
	{                                                                                          \
		if (sources->source)                                                               \
			write_number(writer, source##_counters(sources->source).member);           \
	}

TABLE_SAMPLE(watch, events)
TABLE_SAMPLE(watch, overflows)
TABLE_SAMPLE(watch, changes)
TABLE_SAMPLE(watch, polled_changes)
TABLE_SAMPLE(watch, watches)
TABLE_SAMPLE(control, clients)
TABLE_SAMPLE(control, requests)
TABLE_SAMPLE(control, errors)
TABLE_SAMPLE(control, malformed)
TABLE_SAMPLE(control, refused)
TABLE_SAMPLE(control, connected)
TABLE_SAMPLE(control, subscribers)

static void sample_log(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
		LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};

	(void)sources;
	for (size_t i = 0; i < ARRAY_LENGTH(levels); i++)
		metrics_text_number(
			writer, "level", log_level_name(levels[i]), log_count(levels[i]));
}

/* The process as the kernel sees it. */

static void sample_cpu(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	(void)sources;
	metrics_text_seconds(writer, timespec_now(CLOCK_PROCESS_CPUTIME_ID));
}

/* The second number of /proc/self/statm is the resident pages. */
static void sample_memory(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	_cleanup_close_ int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	(void)sources;
	if (got <= 0)
		return;
	text[got] = '\0';
	const char *resident = strchr(text, ' ');
	if (resident)
		write_number(
			writer, strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void sample_fds(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	(void)sources;
	if (!folder)
		return;
	for (const struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	/* All but the one that the folder was read by. */
	write_number(writer, count - 1);
}

static void sample_start(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->started);
}

/* Services and destinations. */

static void service_connections(struct metrics_writer *writer, const struct service *service)
{
	write_number(writer, service->traffic.connections);
}

static void write_directions(struct metrics_writer *writer, uint64_t in, uint64_t out)
{
	metrics_text_number(writer, "direction", "in", in);
	metrics_text_number(writer, "direction", "out", out);
}

static void service_packets(struct metrics_writer *writer, const struct service *service)
{
	write_directions(writer, service->traffic.packets_in, service->traffic.packets_out);
}

static void service_bytes(struct metrics_writer *writer, const struct service *service)
{
	write_directions(writer, service->traffic.bytes_in, service->traffic.bytes_out);
}

static void service_active(struct metrics_writer *writer, const struct service *service)
{
	uint64_t sum = 0;

	vector_foreach(&service->destinations, destination)
		sum += destination->counts.active;
	write_number(writer, sum);
}

static void service_inactive(struct metrics_writer *writer, const struct service *service)
{
	uint64_t sum = 0;

	vector_foreach(&service->destinations, destination)
		sum += destination->counts.inactive;
	write_number(writer, sum);
}

static void service_usable(struct metrics_writer *writer, const struct service *service)
{
	uint64_t sum = 0;

	vector_foreach(&service->destinations, destination)
		sum += destination->attributes.weight > 0;
	write_number(writer, sum);
}

static void destination_weight(struct metrics_writer *writer, const struct destination *destination)
{
	write_number(writer, destination->attributes.weight);
}

static void destination_active(struct metrics_writer *writer, const struct destination *destination)
{
	write_number(writer, destination->counts.active);
}

static void destination_inactive(
	struct metrics_writer *writer, const struct destination *destination)
{
	write_number(writer, destination->counts.inactive);
}

static void destination_connections(
	struct metrics_writer *writer, const struct destination *destination)
{
	write_number(writer, destination->counts.traffic.connections);
}

static void destination_packets(
	struct metrics_writer *writer, const struct destination *destination)
{
	const struct traffic *traffic = &destination->counts.traffic;

	write_directions(writer, traffic->packets_in, traffic->packets_out);
}

static void destination_bytes(struct metrics_writer *writer, const struct destination *destination)
{
	const struct traffic *traffic = &destination->counts.traffic;

	write_directions(writer, traffic->bytes_in, traffic->bytes_out);
}

#define COUNTER METRICS_TYPE_COUNTER
#define GAUGE   METRICS_TYPE_GAUGE

/* clang-format off */
const struct metrics_family metrics_families[] = {
	{"poise_build_info", GAUGE, "The version of poised; always 1.", .process = sample_build_info},
	{"poise_backend_connected", GAUGE, "Whether the backend (the kernel's IPVS) can be reached.", .process = sample_connected},
	{"poise_degraded", GAUGE, "Whether something is not as it should be: no backend, a failed pass, failing objects, rejected or held files, the last good state instead of the files, trouble of poised itself, destinations that are out or spare and fail their checks, lost quorums, services of which all that serve fail and are kept, checks that cannot be tried, nobody who tries them.", .process = sample_degraded},
	{"poise_suspended", GAUGE, "Whether the operator has suspended poised: it changes nothing.", .process = sample_suspended},
	{"poise_confirm_pending", GAUGE, "Whether an apply waits for its confirmation.", .process = sample_confirm},
	{"poise_files_rejected", GAUGE, "Whether the files on disk are no good, and the last good state stays in force.", .process = sample_rejected},
	{"poise_files_held", GAUGE, "Whether the files on disk are good, and held back by a guard.", .process = sample_held},
	{"poise_files_held_reason", GAUGE, "Why they are held back: 1 for the reason, 0 for others.", .process = sample_held_reason},
	{"poise_files_readings_total", COUNTER, "Readings of the files, by what became of them.", .process = sample_readings},
	{"poise_files_reading_duration_seconds", GAUGE, "How long the last reading of the files took.", .process = sample_reading_duration},
	{"poise_revision_info", GAUGE, "The files in force: their content's hash, and the commit that a symlink names; always 1.", .process = sample_revision},
	{"poise_last_reconcile_timestamp_seconds", GAUGE, "When the last pass ended, in seconds since the epoch; 0 before the first.", .process = sample_last_time},
	{"poise_last_reconcile_duration_seconds", GAUGE, "How long the last pass took.", .process = sample_last_duration},
	{"poise_last_reconcile_success", GAUGE, "Whether the last pass went through, and nothing in it failed.", .process = sample_last_success},
	{"poise_passes_total", COUNTER, "Passes, by what asked for them.", .process = sample_passes},
	{"poise_pass_seconds_total", COUNTER, "How long all passes took together.", .process = sample_pass_time},
	{"poise_pass_failures_total", COUNTER, "Passes that did not go through: the live state could not be read, or not all be recorded.", .process = sample_pass_failures},
	{"poise_operations_total", COUNTER, "Operations on the backend, by what became of them; skipped: what they depend on failed.", .process = sample_operations},
	{"poise_operation_failures_total", COUNTER, "Operations that failed, or left another thing than they should, retries among them.", .process = sample_failures},
	{"poise_retries_total", COUNTER, "Operations on objects that had failed before.", .process = sample_retries},
	{"poise_failing_objects", GAUGE, "Objects that could not be brought to what they should be, and are tried again.", .process = sample_failing},
	{"poise_drift_total", COUNTER, "Objects that somebody else had changed.", .process = sample_drift},
	{"poise_live_reads_total", COUNTER, "Passes over the whole live state.", .process = sample_reads},
	{"poise_services", GAUGE, "Virtual services: declared by the files, managed by poised, and live ones of others.", .process = sample_services},
	{"poise_destinations", GAUGE, "Live destinations of managed services.", .process = sample_destinations},
	{"poise_metrics_left_out", GAUGE, "Objects without series of their own, because there are more than the files' limit; 0: all have theirs.", .process = sample_left_out},
	{"poise_draining_destinations", GAUGE, "Destinations that drain.", .process = sample_draining},
	{"poise_operator_drains", GAUGE, "What the operator has drained.", .process = sample_operator},
	{"poise_probing", GAUGE, "Whether the health process runs, and probes what the files ask for.", .process = metrics_health_probing},
	{"poise_probes", GAUGE, "Probes, by what is known of them; failing: not down for it yet.", .process = metrics_health_probes},
	{"poise_probes_untried", GAUGE, "Probes that cannot be carried out for want of something of this machine; their verdicts stay as they are.", .process = metrics_health_untried},
	{"poise_probes_running", GAUGE, "Probes under way.", .process = metrics_health_running},
	{"poise_probe_runs_total", COUNTER, "Probes that were carried out, by what came of them; untried: for want of something of this machine.", .process = metrics_health_runs},
	{"poise_probe_timeouts_total", COUNTER, "Probes that were ended because their time was over.", .process = metrics_health_timeouts},
	{"poise_probe_late_total", COUNTER, "Probes that began more than a tenth of their interval late, or wait for longer than it.", .process = metrics_health_late},
	{"poise_probe_latest_seconds", GAUGE, "The most that a probe was late.", .process = metrics_health_latest},
	{"poise_health_transitions_total", COUNTER, "Times that a probe found a server down, or up again.", .process = metrics_health_transitions},
	{"poise_unhealthy_destinations", GAUGE, "Destinations that are not as the files have them because of their checks: out (failed), kept in by min-healthy (kept), in slow start (climbing), or a fallback that is not needed, and could not serve (spare).", .process = metrics_health_destinations},
	{"poise_services_doubted", GAUGE, "Services of which all that serve are down and kept by min-healthy: either they are, or their checks are wrong.", .process = metrics_health_doubted},
	{"poise_services_without_quorum", GAUGE, "Services whose healthy destinations are below their quorum.", .process = metrics_health_quorums},
	{"poise_notify_commands_total", COUNTER, "Commands of `notify`, by what became of them; dropped: too many waited for those before them.", .process = metrics_health_notified},
	{"poise_notify_waiting", GAUGE, "Commands of `notify` that wait for those before them.", .process = metrics_health_notify_waiting},
	{"poise_vrrp_running", GAUGE, "Whether the process of the virtual routers runs, and keeps what the files ask for.", .process = metrics_router_running},
	{"poise_vrrp_realtime", GAUGE, "Whether the kernel granted it real-time scheduling.", .process = metrics_router_realtime},
	{"poise_vrrp_timer_late_seconds", GAUGE, "The most that the timer of the state machines came late within two seconds.", .process = metrics_router_late},
	{"poise_vrrp_thawed_total", COUNTER, "Times that the process had not run for so long that others may have taken over.", .process = metrics_router_thawed},
	{"poise_vrrp_datagrams_total", COUNTER, "Datagrams that came for virtual routers, or for nobody: read, or dropped by the kernel because they were not read in time.", .process = metrics_router_datagrams},
	{"poise_vrrp_unknown_datagrams_total", COUNTER, "Those of them that were for no virtual router of this machine.", .process = metrics_router_unknown},
	{"poise_vrrp_full_turns_total", COUNTER, "Turns of the loop that ended before all datagrams were read.", .process = metrics_router_full},
	{"poise_vrrp_address_operations_total", COUNTER, "Addresses, routes, rules and virtual MACs, by what became of them in the kernel: added, removed, failed.", .process = metrics_router_operations},
	{"poise_vrrp_addresses_lost_total", COUNTER, "Those that others took away, and that were put back.", .process = metrics_router_taken},
	{"poise_vrrp_addresses_fought_total", COUNTER, "Those of them that were put back after a pause, for it happened again and again.", .process = metrics_router_fought},
	{"poise_vrrp_refused_packets_total", COUNTER, "Packets to virtual addresses of `accept: false`, which were dropped.", .process = metrics_router_refused},
	{"poise_vrrp_announcements_total", COUNTER, "Gratuitous ARP and unsolicited neighbour advertisements that were sent, and that could not be (failed).", .process = metrics_router_announcements},
	{"poise_vrrp_plans_total", COUNTER, "Lists of virtual routers that their process was told: put in force there (committed), and not (broken).", .process = metrics_router_plans},
	{"poise_vrrp_moves_lost_total", COUNTER, "Changes of state that were not heard of at once; what came of them is known two seconds later.", .process = metrics_router_lost},
	{"poise_vrrp_cleared_total", COUNTER, "Times that the supervisor removed the addresses of a process that did not come back in time.", .process = metrics_router_cleared},
	{"poise_routers", GAUGE, "Virtual routers, each family for itself, by their state; unknown: nobody says.", .process = metrics_router_states},
	{"poise_routers_troubled", GAUGE, "Virtual routers that cannot run, that somebody must look after, or of which nobody says what they are.", .process = metrics_router_troubles},
	{"poise_tracked_interface_up", GAUGE, "Whether an interface that virtual routers track is up and has a carrier.", .process = metrics_router_tracked},
	{"poise_dataplane_answers", GAUGE, "Whether poise-dataplane says what it counts; with `backend: dpdk` alone, like all that follows of it.", .process = metrics_dataplane_answers},
	{"poise_dataplane_port_up", GAUGE, "Whether a port of the data plane has a link.", .process = metrics_dataplane_port_up},
	{"poise_dataplane_port_packets_total", COUNTER, "Packets that came in by a port, and that went out.", .process = metrics_dataplane_port_packets},
	{"poise_dataplane_port_bytes_total", COUNTER, "Bytes of them.", .process = metrics_dataplane_port_bytes},
	{"poise_dataplane_port_lost_total", COUNTER, "Packets that a port lost: nobody took them in time (missed), for want of a buffer (no_buffer), or in the device (errors_in, errors_out).", .process = metrics_dataplane_port_lost},
	{"poise_dataplane_worker_packets_total", COUNTER, "Packets that came to a worker.", .process = metrics_dataplane_worker_packets},
	{"poise_dataplane_worker_forwarded_total", COUNTER, "Packets that a worker sent to a destination or a client.", .process = metrics_dataplane_worker_forwarded},
	{"poise_dataplane_worker_handed_over_total", COUNTER, "Packets that a worker gave to the one that has the connection.", .process = metrics_dataplane_worker_handed_over},
	{"poise_dataplane_worker_connections_total", COUNTER, "Connections that a worker made.", .process = metrics_dataplane_worker_connections},
	{"poise_dataplane_worker_flows", GAUGE, "Flows in the table of a worker: one for each connection, with `forward: nat` two.", .process = metrics_dataplane_worker_flows},
	{"poise_dataplane_worker_cpu_seconds_total", COUNTER, "CPU time of a worker; one that finds nothing rests.", .process = metrics_dataplane_worker_cpu},
	{"poise_dataplane_drops_total", COUNTER, "Packets that were dropped, by the reason (poise-dataplane(8)) and by whom; a reason that never came up is left out.", .process = metrics_dataplane_drops},
	{"poise_dataplane_buffers", GAUGE, "Buffers of packets: those there are (all), and those that nobody uses (free).", .process = metrics_dataplane_buffers},
	{"poise_watch_events_total", COUNTER, "Events of the file system on the way of the paths.", .process = sample_watch_events},
	{"poise_watch_overflows_total", COUNTER, "Times that events of the file system were lost.", .process = sample_watch_overflows},
	{"poise_watch_changes_total", COUNTER, "Times that the files were to be read again.", .process = sample_watch_changes},
	{"poise_watch_polled_changes_total", COUNTER, "Those of them that no event told of.", .process = sample_watch_polled_changes},
	{"poise_watch_watches", GAUGE, "Directories and links that are watched.", .process = sample_watch_watches},
	{"poise_control_clients_total", COUNTER, "Clients that connected to the control socket.", .process = sample_control_clients},
	{"poise_control_requests_total", COUNTER, "Requests over the control socket.", .process = sample_control_requests},
	{"poise_control_errors_total", COUNTER, "Requests that were answered with an error.", .process = sample_control_errors},
	{"poise_control_malformed_total", COUNTER, "Lines over the control socket that were no request.", .process = sample_control_malformed},
	{"poise_control_refused_total", COUNTER, "Clients that were refused or shut out.", .process = sample_control_refused},
	{"poise_control_connected", GAUGE, "Clients that are connected to the control socket.", .process = sample_control_connected},
	{"poise_control_subscribers", GAUGE, "Clients that get the stream of events.", .process = sample_control_subscribers},
	{"poise_log_messages_total", COUNTER, "Messages of the log, those that were cut off among them.", .process = sample_log},
	{"process_cpu_seconds_total", COUNTER, "CPU time of the reconciler process.", .process = sample_cpu},
	{"process_resident_memory_bytes", GAUGE, "Resident memory of the reconciler process.", .process = sample_memory},
	{"process_open_fds", GAUGE, "Open descriptors of the reconciler process.", .process = sample_fds},
	{"process_start_time_seconds", GAUGE, "When the reconciler process started, in seconds since the epoch.", .process = sample_start},

	{"poise_service_connections_total", COUNTER, "Connections that a service has scheduled.", .service = service_connections},
	{"poise_service_packets_total", COUNTER, "Packets of a service, from its clients (in) and to them (out).", .service = service_packets},
	{"poise_service_bytes_total", COUNTER, "Bytes of a service, from its clients (in) and to them (out).", .service = service_bytes},
	{"poise_service_active_connections", GAUGE, "Active connections of a service.", .service = service_active},
	{"poise_service_inactive_connections", GAUGE, "Inactive connections of a service.", .service = service_inactive},
	{"poise_service_usable_destinations", GAUGE, "Destinations of a service that take new connections: their weight is above 0.", .service = service_usable},
	{"poise_service_quorum_lost", GAUGE, "Whether the healthy destinations of a service are below its quorum.", .owned = metrics_health_service_quorum},

	{"poise_destination_weight", GAUGE, "Weight of a destination; 0 takes no new connections.", .destination = destination_weight},
	{"poise_destination_active_connections", GAUGE, "Active connections of a destination.", .destination = destination_active},
	{"poise_destination_inactive_connections", GAUGE, "Inactive connections of a destination.", .destination = destination_inactive},
	{"poise_destination_connections_total", COUNTER, "Connections that were scheduled to a destination.", .destination = destination_connections},
	{"poise_destination_packets_total", COUNTER, "Packets of a destination, from clients (in) and to them (out).", .destination = destination_packets},
	{"poise_destination_bytes_total", COUNTER, "Bytes of a destination, from clients (in) and to them (out).", .destination = destination_bytes},

	{"poise_probe_up", GAUGE, "Whether a probe takes its server for up.", .probe = metrics_health_probe_up},
	{"poise_probe_failures", GAUGE, "How many times a probe has failed in a row, up to its fall.", .probe = metrics_health_probe_failures},
	{"poise_probe_untried", GAUGE, "Whether a probe cannot be carried out for want of something of this machine.", .probe = metrics_health_probe_untried},

	{"poise_router_state", GAUGE, "What a virtual router is: 1 for its state, 0 for the others.", .router = metrics_router_state},
	{"poise_router_since_timestamp_seconds", GAUGE, "Since when it is so, in seconds since the epoch.", .router = metrics_router_since},
	{"poise_router_transitions_total", COUNTER, "Changes of state of a virtual router.", .router = metrics_router_transitions},
	{"poise_router_troubled", GAUGE, "Whether something is in the way of a virtual router, or somebody must look after it.", .router = metrics_router_troubled},
	{"poise_router_priority", GAUGE, "Priority of a virtual router, with what it tracks.", .router = metrics_router_priority},
	{"poise_router_peer_priority", GAUGE, "Priority in the last advertisement that a virtual router heard.", .router = metrics_router_peer_priority},
	{"poise_router_peer_heard_seconds", GAUGE, "How long ago a virtual router heard an advertisement.", .router = metrics_router_peer_heard},
	{"poise_router_interval_seconds", GAUGE, "How often the active virtual router advertises.", .router = metrics_router_interval},
	{"poise_router_checksum_info", GAUGE, "Which form of the checksum a virtual router sends, and its last peer; 1. Version 3 over IPv4 alone has two.", .router = metrics_router_checksum},
	{"poise_router_checksum_mixed", GAUGE, "Whether the peers of a virtual router send checksums of both forms.", .router = metrics_router_mixed},
	{"poise_router_addresses", GAUGE, "Virtual addresses of a virtual router: those of the files (declared), and those that are there (present).", .router = metrics_router_addresses},
	{"poise_router_waiting", GAUGE, "Whether a virtual router is active, and its addresses wait for its services.", .router = metrics_router_waiting},
	{"poise_router_advertisements_total", COUNTER, "Advertisements of a virtual router: sent, not sent for an error (unsent), heard of others (heard), and its own that came back (own).", .router = metrics_router_advertisements},
	{"poise_router_rejections_total", COUNTER, "Packets for a virtual router that were not heard, by the reason.", .router = metrics_router_rejections},
};
/* clang-format on */
const size_t metrics_family_count = ARRAY_LENGTH(metrics_families);
