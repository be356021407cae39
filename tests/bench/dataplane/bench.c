// SPDX-License-Identifier: GPL-2.0-or-later
/* What a worker forwards, by itself: one measurement, or one round of several, for each call. The runner
 * (tests/bench/dataplane/run) takes medians, compares and prints.
 *
 *	bench rates ROUNDS METHOD FAMILY PROTOCOL FLOWS    bare Mpps, forwarded Mpps, of each round
 *	bench begin ROUNDS METHOD SERVICES                 new connections, millions a second
 *	bench memory                                       bytes of a connection of two flows
 *	bench swap ROUNDS                                  kind of a window, cycles of its turns, drops
 *	bench operations ROUNDS SCHEDULER                  seconds for 20,000 operations
 *	bench workers ROUNDS                               Mpps of one, of two, of two with hand-over
 *
 * All rates are of the worker's own CPU time. The yardstick does what a forwarder cannot do without, for
 * the same frames from the same port: receive, swap link addresses, take the TTL down, mend the
 * checksum, send. */

#include <netinet/in.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "base/macros.h"
#include "base/memory.h"
#include "tests/bench/dataplane/world.h"

#define BENCH_CONNECTIONS 1100000u
/* Packets of one measurement. */
#define BENCH_PACKETS    3000000u
#define BENCH_BEGINNINGS 800000u
#define BENCH_SERVICES   10000u
#define BENCH_MEMBERS    10u
#define BENCH_OPERATIONS 20000u
#define BENCH_FLOWS      60000u
/* Of one window, and windows of one round. */
#define BENCH_TURNS   150000u
#define BENCH_WINDOWS 9u
#define BENCH_WARM    20000u

static void turns(struct world *world, unsigned int number, uint64_t packets)
{
	struct worker *worker = world->plane.workers[number];
	uint64_t done = 0;

	while (done < packets)
		done += worker_turn(worker, rte_rdtsc());
}

/* Millions of packets a second of this thread's CPU. */
static double measure(struct world *world, unsigned int number, uint64_t packets)
{
	double before;

	turns(world, number, packets / 16);
	before = world_cpu();
	turns(world, number, packets);
	return (double)packets / (world_cpu() - before) / 1e6;
}

/* The same for half a second of time, so that two of them overlap: what was forwarded. */
static double measure_for(struct world *world, unsigned int number)
{
	struct worker *worker = world->plane.workers[number];
	uint64_t begin = rte_rdtsc(), forwarded = 0, cycles = 0;
	double cpu = 0;

	for (bool warm = false; cycles < rte_get_tsc_hz() / 2; cycles = rte_rdtsc() - begin) {
		if (!warm && cycles > rte_get_tsc_hz() / 32) {
			warm = true;
			forwarded = atomic_load(&worker->counters.forwarded);
			cpu = world_cpu();
		}
		turns(world, number, WORKER_BURST);
	}
	return (double)(atomic_load(&worker->counters.forwarded) - forwarded) /
	       (world_cpu() - cpu) / 1e6;
}

static inline void pass_bare(struct rte_mbuf *buffer)
{
	uint8_t *frame = rte_pktmbuf_mtod(buffer, uint8_t *), link[6];
	uint16_t old, now, field;

	memcpy(link, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, link, 6);
	if (frame[12] != 0x08) {
		frame[14 + 7]--;
		return;
	}
	memcpy(&old, frame + 14 + 8, 2);
	now = (uint16_t)(old - 1);
	memcpy(frame + 14 + 8, &now, 2);
	memcpy(&field, frame + 14 + 10, 2);
	field = checksum_mend(field, checksum_difference(old, now));
	memcpy(frame + 14 + 10, &field, 2);
}

static void bare(struct world *world, uint64_t packets)
{
	uint16_t port = world->plane.ports[0].id;
	struct rte_mbuf *buffers[WORKER_BURST];

	for (uint64_t done = 0; done < packets;) {
		uint16_t count = rte_eth_rx_burst(port, 0, buffers, WORKER_BURST);

		for (uint16_t i = 0; i < count; i++)
			pass_bare(buffers[i]);
		if (rte_eth_tx_burst(port, 0, buffers, count) != count)
			world_die("the null port is full");
		done += count;
	}
}

static double measure_bare(struct world *world, uint64_t packets)
{
	double before;

	bare(world, packets / 16);
	before = world_cpu();
	bare(world, packets);
	return (double)packets / (world_cpu() - before) / 1e6;
}

/* Everything that was received so far has been forwarded. */
static void check_no_loss(const struct world *world)
{
	uint64_t drops = world_drops(world);

	if (!drops)
		return;
	world_tell_drops(world);
	world_die("%llu packets were dropped", (unsigned long long)drops);
}

static struct traffic_source *aim(struct world *world, unsigned int worker, uint32_t first,
	const struct world_services *services, uint32_t flows)
{
	struct traffic_source *traffic = &world->traffic[worker];

	*traffic = (struct traffic_source){
		.family = services->family,
		.protocol = services->protocol,
		.first = first,
		.flows = flows,
		.services = services->count,
		.server_of = traffic->server_of,
	};
	return traffic;
}

/* Each packet that came was made once: a frame that another one is written over is a flow that will be missed,
 * and time that is taken for the forwarder's. */
static void play(struct world *world, unsigned int worker, enum traffic_kind kind, uint32_t packets)
{
	struct traffic_source *traffic = &world->traffic[worker];
	const struct worker_counters *counters = &world->plane.workers[worker]->counters;
	uint64_t came = atomic_load(&counters->packets), made = traffic->made;

	traffic->kind = kind;
	traffic_prepare(traffic, &world->plane.ports[0]);
	turns(world, worker, packets);
	came = atomic_load(&counters->packets) - came;
	made = traffic->made - made;
	if (made != came)
		world_die("%llu frames were made for the %llu packets that came",
			(unsigned long long)made, (unsigned long long)came);
}

/* Which server each flow got. */
static uint8_t *servers_of(const struct world *world, const struct traffic_source *traffic)
{
	const struct flow_table *table = &world->plane.workers[0]->flows;
	uint8_t *servers = memory_new(traffic->flows);

	for (uint32_t i = 0; i < traffic->flows; i++) {
		struct flow_key key = {
			.family = traffic->family,
			.protocol = traffic->protocol,
			.source_port = traffic_client_port(traffic->first + i),
			.destination_port = htons((
				uint16_t)(TRAFFIC_PORT + (traffic->first + i) % traffic->services)),
		};
		const struct slot *slot;
		uint32_t index;

		traffic_client(traffic->family, traffic->first + i, key.source);
		traffic_service(traffic->family, key.destination);
		index = flow_find(table, &key, flow_hash(table, &key));
		if (index == FLOW_NONE) {
			world_tell_drops(world);
			world_die("flow %u of %u was not made", i, traffic->flows);
		}
		slot = &world->plane.slots.slots[table->lines[index].slot];
		servers[i] = (uint8_t)(slot->address[traffic->family == AF_INET ? 3 : 15] - 1);
	}
	return servers;
}

/* Makes all flows, with what establishes them. */
static void establish(struct world *world, const struct world_services *services, uint32_t flows)
{
	struct traffic_source *traffic = aim(world, 0, 0, services, flows);
	uint32_t packets = flows + WORKER_BURST;

	play(world, 0, TRAFFIC_KIND_OPEN, packets);
	traffic->server_of = servers_of(world, traffic);
	if (services->method == FORWARD_METHOD_NAT)
		play(world, 0, TRAFFIC_KIND_OPEN_ACK, packets);
	play(world, 0, TRAFFIC_KIND_REQUEST, packets);
	check_no_loss(world);
}

static enum forward_method method_of(const char *word)
{
	int method = forward_method_from_name(word);

	if (method < 0)
		world_die("%s is no method", word);
	return (enum forward_method)method;
}

static void run_rates(int rounds, char **words)
{
	struct world_services services = {
		.family = strcmp(words[1], "ipv4") == 0 ? AF_INET : AF_INET6,
		.protocol = strcmp(words[2], "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP,
		.method = method_of(words[0]),
		.count = 1,
		.destinations = TRAFFIC_SERVERS,
	};
	uint32_t flows = (uint32_t)strtoul(words[3], NULL, 10);
	bool nat = services.method == FORWARD_METHOD_NAT;
	static struct world world;

	world_open(&world, 1, BENCH_CONNECTIONS);
	world_add_services(&world, &services);
	establish(&world, &services, flows);
	play(&world, 0, nat ? TRAFFIC_KIND_BOTH : TRAFFIC_KIND_REQUEST, 2 * flows);
	while (rounds--) {
		double yardstick = measure_bare(&world, BENCH_PACKETS);

		printf("%.3f %.3f\n", yardstick, measure(&world, 0, BENCH_PACKETS));
	}
	check_no_loss(&world);
	free((void *)world.traffic[0].server_of);
	world_close(&world);
}

static void run_begin(int rounds, char **words)
{
	struct world_services services = {
		.family = AF_INET,
		.protocol = IPPROTO_TCP,
		.method = method_of(words[0]),
		.count = (uint32_t)strtoul(words[1], NULL, 10),
		.destinations = TRAFFIC_SERVERS,
	};
	static struct world world;

	while (rounds--) {
		double before;

		world_open(&world, 1, BENCH_CONNECTIONS);
		world_add_services(&world, &services);
		aim(&world, 0, 0, &services, BENCH_CONNECTIONS);
		play(&world, 0, TRAFFIC_KIND_OPEN, BENCH_WARM);
		before = world_cpu();
		turns(&world, 0, BENCH_BEGINNINGS);
		printf("%.3f\n", BENCH_BEGINNINGS / (world_cpu() - before) / 1e6);
		check_no_loss(&world);
		world_close(&world);
	}
}

static void run_memory(int rounds, char **words)
{
	uint32_t flows = 2000000;

	(void)rounds, (void)words;
	printf("%.1f\n", (double)(flow_table_size(flows) + expiry_size(flows)) / (flows / 2.0));
}

/* Another thread: a worker with its traffic, until `stop`. */
struct runner {
	struct world *world;
	unsigned int number;
	double rate;
	uint32_t *cycles; /* of each turn that nothing interrupted; NULL: rate only */
	uint32_t count;
};

/* How often this thread has lost its processor. */
static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static int run_worker(void *data)
{
	struct runner *runner = data;
	struct worker *worker = runner->world->plane.workers[runner->number];
	uint64_t last;

	if (!runner->cycles) {
		runner->rate = measure_for(runner->world, runner->number);
		return 0;
	}
	turns(runner->world, runner->number, BENCH_WARM);
	for (runner->count = 0; runner->count < BENCH_TURNS;) {
		long before = switches();

		last = rte_rdtsc();
		worker_turn(worker, last);
		runner->cycles[runner->count] = (uint32_t)(rte_rdtsc() - last);
		runner->count += switches() == before;
	}
	/* Who waits for a grace period waits no longer for this one. */
	rte_rcu_qsbr_thread_offline(runner->world->plane.rcu, runner->number);
	return 0;
}

static int compare_cycles(const void *a, const void *b)
{
	return COMPARE(*(const uint32_t *)a, *(const uint32_t *)b);
}

/* What happens beside a worker whose turns are watched, in windows that take turns. */
enum window {
	WINDOW_ALONE,  /* nothing */
	WINDOW_BESIDE, /* the same transactions, but for a fault at their end: no worker sees them */
	WINDOW_SWAP,   /* generations of 10,000 services, one after the other */
	WINDOW_COUNT,
};

/* Operations of a transaction, and one more that fails: on what comes after all services. */
struct weighing {
	struct plan_op *ops;
	size_t count;
};

static struct weighing weigh(const struct world_services *services, uint32_t before, uint32_t after)
{
	struct weighing weighing;
	struct plan_op *last;

	weighing.ops = world_weigh(services, BENCH_MEMBERS, before, after, &weighing.count);
	weighing.ops = memory_resize(weighing.ops, weighing.count + 1, sizeof(*weighing.ops));
	last = &weighing.ops[weighing.count];
	*last = last[-1];
	last->service.port = (uint16_t)(TRAFFIC_PORT + services->count);
	return weighing;
}

static void disturb(struct world *world, enum window window, const struct weighing *weighing)
{
	if (window == WINDOW_SWAP)
		world_apply(world, weighing->ops, weighing->count, true);
	else
		world_refuse(world, weighing->ops, weighing->count + 1);
}

/* Turns of a worker on another core; this one does what it is told meanwhile. */
static void watch_turns(struct world *world, enum window window, const struct weighing *weighings,
	struct runner *runner)
{
	unsigned int core = rte_get_next_lcore(-1u, 1, 0), applied = 0;
	uint64_t drops = world_drops(world);
	double seconds;

	rte_rcu_qsbr_thread_register(world->plane.rcu, 0);
	rte_rcu_qsbr_thread_online(world->plane.rcu, 0);
	rte_eal_remote_launch(run_worker, runner, core);
	seconds = world_cpu();
	while (window != WINDOW_ALONE && rte_eal_get_lcore_state(core) == RUNNING)
		disturb(world, window, &weighings[applied++ % 2]);
	seconds = world_cpu() - seconds;
	rte_eal_wait_lcore(core);
	rte_rcu_qsbr_thread_unregister(world->plane.rcu, 0);
	registry_turn(world->registry);
	qsort(runner->cycles, runner->count, sizeof(*runner->cycles), compare_cycles);
	printf("%d %u %u %u %u %llu %.6f\n", window, runner->cycles[runner->count / 2],
		runner->cycles[runner->count - runner->count / 10000],
		runner->cycles[runner->count - 1], applied,
		(unsigned long long)(world_drops(world) - drops), applied ? seconds / applied : 0);
}

static void run_swap(int rounds, char **words)
{
	struct world_services services = {
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.method = FORWARD_METHOD_DIRECT,
		.count = BENCH_SERVICES,
		.destinations = BENCH_MEMBERS,
	};
	static struct world world;
	struct runner runner = {.world = &world, .cycles = memory_new(BENCH_TURNS * 4)};
	struct weighing weighings[] = {weigh(&services, 1, 2), weigh(&services, 2, 1)};

	(void)words;
	while (rounds--) {
		world_open(&world, 1, BENCH_CONNECTIONS * 2);
		world_add_services(&world, &services);
		establish(&world, &services, BENCH_FLOWS);
		world.traffic[0].fresh = 1;
		for (unsigned int i = 0; i < BENCH_WINDOWS; i++)
			watch_turns(&world, i % WINDOW_COUNT, weighings, &runner);
		free((void *)world.traffic[0].server_of);
		world_close(&world);
	}
	free(runner.cycles);
	free(weighings[0].ops);
	free(weighings[1].ops);
}

static void run_operations(int rounds, char **words)
{
	struct world_services services = {
		.family = AF_INET,
		.protocol = IPPROTO_TCP,
		.method = FORWARD_METHOD_NAT,
		.scheduler = words[0],
		.count = BENCH_SERVICES,
		.destinations = BENCH_MEMBERS,
	};
	static struct world world;
	struct plan_op *ops[2];
	size_t count;

	ops[0] = world_weigh(
		&services, BENCH_SERVICES * BENCH_MEMBERS / BENCH_OPERATIONS, 1, 2, &count);
	ops[1] = world_weigh(
		&services, BENCH_SERVICES * BENCH_MEMBERS / BENCH_OPERATIONS, 2, 1, &count);
	world_open(&world, 1, BENCH_CONNECTIONS);
	world_add_services(&world, &services);
	for (int i = 0; i < rounds; i++) {
		double before = world_cpu();

		world_apply(&world, ops[i % 2], count, true);
		printf("%zu %.6f\n", count, world_cpu() - before);
	}
	world_close(&world);
	free(ops[0]);
	free(ops[1]);
}

/* Both workers at once, or the first alone: Mpps, each of its own CPU. */
static double run_together(struct world *world, unsigned int workers)
{
	struct runner runners[2];
	unsigned int core = rte_get_next_lcore(-1u, 1, 0);

	for (unsigned int i = 0; i < workers; i++) {
		runners[i] = (struct runner){.world = world, .number = i};
		world->traffic[i].kind = TRAFFIC_KIND_REQUEST;
		traffic_prepare(&world->traffic[i], &world->plane.ports[0]);
	}
	if (workers == 2)
		rte_eal_remote_launch(run_worker, &runners[1], core);
	run_worker(&runners[0]);
	if (workers == 2)
		rte_eal_wait_lcore(core);
	return runners[0].rate + (workers == 2 ? runners[1].rate : 0);
}

/* The flows of a worker's own clients, as a NIC that knows the owner would deliver them. */
static uint32_t *own_flows(const struct world *world, unsigned int worker, uint8_t family)
{
	uint32_t *numbers = memory_new(BENCH_FLOWS * sizeof(*numbers)), count = 0;

	for (uint32_t i = 0; count < BENCH_FLOWS; i++) {
		uint8_t client[16];

		traffic_client(family, i, client);
		if (dataplane_owner(&world->plane, client) == worker)
			numbers[count++] = i;
	}
	return numbers;
}

static void run_workers(int rounds, char **words)
{
	struct world_services services = {
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.method = FORWARD_METHOD_DIRECT,
		.count = 1,
		.destinations = TRAFFIC_SERVERS,
	};
	static struct world world;
	uint32_t *numbers[2];

	(void)words;
	world_open(&world, 2, BENCH_CONNECTIONS);
	world_add_services(&world, &services);
	for (unsigned int i = 0; i < 2; i++) {
		numbers[i] = own_flows(&world, i, services.family);
		aim(&world, i, 0, &services, BENCH_FLOWS)->numbers = numbers[i];
		play(&world, i, TRAFFIC_KIND_REQUEST, 2 * BENCH_FLOWS);
	}
	while (rounds--) {
		double one, two;

		for (unsigned int i = 0; i < 2; i++)
			world.traffic[i].numbers = numbers[i];
		one = run_together(&world, 1);
		two = run_together(&world, 2);
		check_no_loss(&world);
		for (unsigned int i = 0; i < 2; i++)
			world.traffic[i].numbers = NULL;
		printf("%.3f %.3f %.3f\n", one, two, run_together(&world, 2));
		turns(&world, 0, BENCH_WARM);
		turns(&world, 1, BENCH_WARM);
		turns(&world, 0, BENCH_WARM);
		world_forget_drops(&world);
	}
	free(numbers[0]);
	free(numbers[1]);
	world_close(&world);
}

int main(int count, char **words)
{
	static const struct {
		const char *name;
		int words;
		void (*run)(int rounds, char **words);
	} measurements[] = {
		{"rates", 4, run_rates},
		{"begin", 2, run_begin},
		{"memory", 0, run_memory},
		{"swap", 0, run_swap},
		{"operations", 1, run_operations},
		{"workers", 0, run_workers},
	};
	int rounds = count > 2 ? atoi(words[2]) : 1;

	for (size_t i = 0; count > 1 && i < ARRAY_LENGTH(measurements); i++) {
		if (strcmp(measurements[i].name, words[1]) != 0)
			continue;
		if (count - 3 < measurements[i].words)
			break;
		world_start_eal();
		measurements[i].run(rounds, words + 3);
		return 0;
	}
	world_die("rates, begin, memory, swap, operations or workers");
}
