// SPDX-License-Identifier: GPL-2.0-or-later
/* The shell around the probes' keeper (health/health.h): messages in, messages out.
 *
 *	plan	   gathered piece by piece, each answered; put in force as a whole by COMMIT, or refused, and the one before stays
 *	verdicts   as the keeper tells them, while the reconciler keeps up; else the keeper holds them, and tells the last of each;
 *		   all of them again where he says nothing any more: one that was lost must not be so for ever
 *	programs   of `exec` checks: asked of the supervisor, for nothing can be run from in here
 *
 * It speaks with the network, and so it is the least of all: an unprivileged user that may open raw sockets and set marks. It
 * opens what needs more (libraries, sockets) before it enters the sandbox. What the reconciler says is checked as if it came
 * from anybody. When the reconciler is gone the probes go on; its next life gets all verdicts with the plan that it sends. */
#include "daemon/probe_process.h"

#include <errno.h>
#include <sys/socket.h>

#include "daemon/levels.h"
#include "daemon/messages.h"
#include "daemon/process.h"
#include "health/health.h"
#include "model/load.h"

LOG_MODULE("health");

#define PROBE_PROCESS_STATS_NS 2000000000ull
/* So long nothing was heard of VERDICTS: they are told again, and then after twice that, and so on. */
#define PROBE_PROCESS_UNHEARD_NS      10000000000ull
#define PROBE_PROCESS_UNHEARD_MOST_NS 160000000000ull
#define PROBE_PROCESS_FILE            "checks"

/* A program that the supervisor was asked for. */
struct probe_process_program {
	uint64_t number;
	void (*done)(void *data, int status);
	void *data;
};

/* What is gathered of a plan. */
struct probe_process_plan {
	bool begun;
	struct message_health_plan head;
	struct strbuf text;
	struct {
		VECTOR_OF(struct message_health_probe);
	} probes;
	uint32_t pieces;
};

struct probe_process {
	const struct poised_options *options;
	struct loop *loop;
	struct channel *channel;
	struct checkers *checkers;
	struct checker_runner runner;
	struct health *health;
	struct loop_source *stats;
	struct probe_process_plan plan;
	uint64_t generation;  /* of the plan in force */
	uint32_t said, heard; /* serials of its VERDICTS */
	uint64_t
		unheard; /* since when there are some that were not heard, or the last was; 0: none */
	uint64_t patience;     /* how long that may be */
	uint64_t last_program; /* number */
	struct {
		VECTOR_OF(struct probe_process_program);
	} programs; /* by number */
};

static int probe_process_send(
	struct probe_process *process, uint16_t kind, const void *data, size_t size)
{
	int r = channel_send(process->channel, kind, data, size);

	if (r < 0)
		log_warning("cannot speak to the supervisor: %s", strerror(-r));
	return r;
}

/* Programs. */

static int probe_process_compare_programs(const void *number, const void *item)
{
	const struct probe_process_program *program = item;

	return COMPARE(*(const uint64_t *)number, program->number);
}

/* Takes it off the list; false when it is not there. */
static bool probe_process_take_program(
	struct probe_process *process, uint64_t number, struct probe_process_program *ret)
{
	struct probe_process_program *program =
		vector_find(&process->programs, &number, probe_process_compare_programs);

	if (!program)
		return false;
	*ret = *program;
	size_t behind = (size_t)(process->programs.items + process->programs.count - program) - 1;
	memmove(program, program + 1, behind * sizeof(*program));
	process->programs.count--;
	return true;
}

static int64_t probe_process_run(void *data, const struct checker_program *program,
	void (*done)(void *data, int status), void *done_data)
{
	struct probe_process *process = data;
	const struct message_program_texts texts = {.user = program->user,
		.words = program->words,
		.environment = program->environment};
	_cleanup_free_ struct message_program *message = NULL;
	uint64_t number = process->last_program + 1;
	size_t size;
	int r = message_program_write(number, program->timeout, &texts, &message, &size);

	if (r == 0)
		r = probe_process_send(process, MESSAGE_RUN, message, size);
	if (r < 0)
		return r;
	process->last_program = number;
	vector_push(
		&process->programs, ((struct probe_process_program){
					    .number = number, .done = done, .data = done_data}));
	return (int64_t)number;
}

static void probe_process_cancel(void *data, int64_t number)
{
	struct probe_process *process = data;
	const struct message_run_cancel message = {.number = (uint64_t)number};
	struct probe_process_program program;

	if (probe_process_take_program(process, message.number, &program))
		probe_process_send(process, MESSAGE_RUN_CANCEL, &message, sizeof(message));
}

static void probe_process_on_ran(struct probe_process *process, const struct message_ran *ran)
{
	struct probe_process_program program;

	/* It may have been cancelled while the answer was on its way. */
	if (probe_process_take_program(process, ran->number, &program))
		program.done(program.data, ran->status);
}

/* Verdicts. */

static void probe_process_write_report(
	const struct health_report *report, struct message_health_verdict *ret)
{
	*ret = (struct message_health_verdict){.probe = report->probe,
		.failures = report->failures,
		.wall = report->wall,
		.failing = report->failing,
		.untried = report->untried};
	message_verdict_write(&report->verdict, &ret->verdict);
	memcpy(ret->reason, report->reason, sizeof(report->reason));
}

static void probe_process_on_changed(void *data, const struct health_report *reports, size_t count)
{
	struct probe_process *process = data;
	size_t size = sizeof(struct message_health_verdicts) +
		      count * sizeof(struct message_health_verdict);
	_cleanup_free_ struct message_health_verdicts *message = memory_new(size);

	message->generation = process->generation;
	message->serial = ++process->said;
	message->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		probe_process_write_report(&reports[i], &message->verdicts[i]);
	probe_process_send(process, MESSAGE_HEALTH_VERDICTS, message, size);
	if (!process->unheard)
		process->unheard = loop_now(process->loop);
	if (process->said - process->heard >= MESSAGE_VERDICTS_AHEAD)
		health_hold(process->health, true);
}

static void probe_process_on_heard(
	struct probe_process *process, const struct message_health_heard *heard)
{
	if (heard->generation != process->generation || heard->serial <= process->heard ||
		heard->serial > process->said)
		return;
	process->heard = heard->serial;
	process->unheard = process->heard < process->said ? loop_now(process->loop) : 0;
	process->patience = PROBE_PROCESS_UNHEARD_NS;
	if (process->said - process->heard < MESSAGE_VERDICTS_AHEAD)
		health_hold(process->health, false);
}

/* They, or the answers, were lost, or the reconciler is busy; then he hears some of them twice. */
static void probe_process_look_for_unheard(struct probe_process *process)
{
	uint64_t now = loop_now(process->loop);

	if (!process->unheard || now < process->unheard + process->patience)
		return;
	log_warning("verdicts were not heard: all are told again");
	process->heard = process->said;
	process->unheard = 0;
	process->patience = MIN(2 * process->patience, PROBE_PROCESS_UNHEARD_MOST_NS);
	health_hold(process->health, false);
	health_tell_all(process->health);
}

/* Plans. */

static void probe_process_drop_plan(struct probe_process *process)
{
	strbuf_clear(&process->plan.text);
	vector_clear(&process->plan.probes);
	process->plan = (struct probe_process_plan){};
}

/* It comes again: to tell a person is for the reconciler, who knows whether that helped. */
static void probe_process_refuse(
	struct probe_process *process, uint64_t generation, enum message_refusal refusal)
{
	const struct message_health_refused refused = {
		.generation = generation, .refusal = refusal};

	log_debug("a plan of probes is refused: %u", (unsigned int)refusal);
	probe_process_drop_plan(process);
	probe_process_send(process, MESSAGE_HEALTH_REFUSED, &refused, sizeof(refused));
}

static void probe_process_on_plan(
	struct probe_process *process, const struct message_health_plan *head)
{
	probe_process_drop_plan(process);
	if (head->text_size > MESSAGE_HEALTH_TEXT_LIMIT ||
		head->probes > MESSAGE_HEALTH_PROBES_LIMIT ||
		head->generation <= process->generation) {
		probe_process_refuse(process, head->generation, MESSAGE_REFUSAL_HEAD);
		return;
	}
	process->plan.begun = true;
	process->plan.head = *head;
}

static void probe_process_got(struct probe_process *process, uint64_t generation, uint32_t pieces)
{
	const struct message_health_got got = {.generation = generation, .pieces = pieces};

	probe_process_send(process, MESSAGE_HEALTH_GOT, &got, sizeof(got));
}

/* Pieces without a plan are of one that was meant for an earlier life of this process. */
static void probe_process_on_checks(struct probe_process *process, const char *text, size_t size)
{
	struct probe_process_plan *plan = &process->plan;

	if (!plan->begun)
		return;
	if (plan->text.length + size > plan->head.text_size) {
		probe_process_refuse(process, plan->head.generation, MESSAGE_REFUSAL_CHECKS);
		return;
	}
	strbuf_add_bytes(&plan->text, text, size);
	probe_process_got(process, plan->head.generation, ++plan->pieces);
}

static void probe_process_on_probes(
	struct probe_process *process, const struct message_health_probe *probes, size_t size)
{
	struct probe_process_plan *plan = &process->plan;
	size_t count = size / sizeof(*probes);

	if (!plan->begun)
		return;
	if (size % sizeof(*probes) || plan->probes.count + count > plan->head.probes) {
		probe_process_refuse(process, plan->head.generation, MESSAGE_REFUSAL_PROBES);
		return;
	}
	vector_reserve(&plan->probes, plan->probes.count + count);
	memcpy(plan->probes.items + plan->probes.count, probes, size);
	plan->probes.count += count;
	probe_process_got(process, plan->head.generation, ++plan->pieces);
}

static int probe_process_load(struct probe_process *process, struct config *config)
{
	const struct strbuf *text = &process->plan.text;
	const struct document document = {
		.name = PROBE_PROCESS_FILE, .text = text->text, .size = text->length};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	if (text->length != process->plan.head.text_size || !text->length)
		return -EBADMSG;
	return config_load(&document, 1, config, &diagnostics);
}

static int probe_process_read_probe(const struct message_health_probe *message,
	const struct config *config, struct health_probe *ret)
{
	if (message->check >= config->checks.count ||
		(message->family != AF_INET && message->family != AF_INET6))
		return -EBADMSG;
	*ret = (struct health_probe){.check = message->check,
		.target = {.address = address_from_bytes(message->family, message->address),
			.port = message->port},
		.known = message->known != 0};
	return ret->known ? message_verdict_read(&message->verdict, &ret->verdict) : 0;
}

/* The list, in strict order; NULL when it is none. */
static struct health_probe *probe_process_read_probes(
	const struct probe_process_plan *plan, const struct config *config)
{
	size_t count = plan->probes.count;
	_cleanup_free_ struct health_probe *probes = memory_new((count + 1) * sizeof(*probes));

	if (count != plan->head.probes)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct health_probe *probe = &probes[i], *before = probe - 1;

		if (probe_process_read_probe(&plan->probes.items[i], config, probe) < 0)
			return NULL;
		if (i && (probe->check < before->check ||
				 (probe->check == before->check &&
					 destination_key_compare(&before->target, &probe->target) >=
						 0)))
			return NULL;
	}
	return STEAL(probes);
}

static void probe_process_on_commit(
	struct probe_process *process, const struct message_health_got *commit)
{
	struct probe_process_plan *plan = &process->plan;
	_cleanup_config_ struct config config = {};

	if (!plan->begun || plan->head.generation != commit->generation)
		return;
	/* Many checks take their time, and pings wait. */
	probe_process_send(process, MESSAGE_WORKING, NULL, 0);
	if (plan->pieces + 1 != commit->pieces || probe_process_load(process, &config) < 0) {
		probe_process_refuse(process, commit->generation, MESSAGE_REFUSAL_CHECKS);
		return;
	}
	_cleanup_free_ struct health_probe *probes = probe_process_read_probes(plan, &config);
	if (!probes) {
		probe_process_refuse(process, commit->generation, MESSAGE_REFUSAL_PROBES);
		return;
	}
	log_debug("%zu probes of %zu checks", plan->probes.count, config.checks.count);
	process->generation = commit->generation;
	process->said = process->heard = 0;
	process->unheard = 0;
	process->patience = PROBE_PROCESS_UNHEARD_NS;
	health_set(process->health, &config, probes, plan->probes.count);
	probe_process_drop_plan(process);
	probe_process_got(process, commit->generation, commit->pieces);
	health_hold(process->health, false);
	health_tell_all(process->health);
}

/* Figures: again and again, for they are a sign of life too, and tell the reconciler that a plan was lost. */

static void probe_process_on_stats(void *data)
{
	struct probe_process *process = data;
	const struct health_counters *counters = health_counters(process->health);
	bool full;
	uint64_t behind = health_take_behind(process->health, &full);
	const struct message_health_stats stats = {.generation = process->generation,
		.passed = counters->passed,
		.failed = counters->failed,
		.untried = counters->untried,
		.expired = counters->expired,
		.late = counters->late,
		.latest_ns = counters->latest_ns,
		.probes = counters->probes,
		.down = counters->down,
		.running = counters->running,
		.places = counters->places,
		.behind_ns = behind,
		.full = full};

	loop_timer_set(process->stats, loop_now(process->loop) + PROBE_PROCESS_STATS_NS);
	probe_process_look_for_unheard(process);
	probe_process_send(process, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
}

/* Messages. */

static void probe_process_on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct probe_process *process = data;

	switch ((enum message_kind)kind) {
	case MESSAGE_PING:
		/* They come all the time. */
		log_tell_kept_back();
		probe_process_send(process, MESSAGE_PONG, payload, size);
		break;
	case MESSAGE_RELOAD:
		/* The reconciler reads the files. */
		probe_process_send(process, MESSAGE_RELOADED, NULL, 0);
		break;
	case MESSAGE_LOG_LEVEL:
		levels_use(payload);
		break;
	case MESSAGE_STOP:
		loop_stop(process->loop, 0);
		break;
	case MESSAGE_RAN:
		probe_process_on_ran(process, payload);
		break;
	case MESSAGE_HEALTH_PLAN:
		probe_process_on_plan(process, payload);
		break;
	case MESSAGE_HEALTH_CHECKS:
		probe_process_on_checks(process, payload, size);
		break;
	case MESSAGE_HEALTH_PROBES:
		probe_process_on_probes(process, payload, size);
		break;
	case MESSAGE_HEALTH_COMMIT:
		probe_process_on_commit(process, payload);
		break;
	case MESSAGE_HEALTH_HEARD:
		probe_process_on_heard(process, payload);
		break;
	default: /* Meant for other processes. */
		break;
	}
}

static void probe_process_on_orphaned(void *data, int code)
{
	struct probe_process *process = data;

	log_error("the supervisor is gone: %s", code ? strerror(-code) : "it closed the channel");
	loop_stop(process->loop, 1);
}

/* Life. */

static int probe_process_open_loop(struct probe_process *process)
{
	const struct channel_options options = {
		.kinds = messages_to_process,
		.kind_count = messages_to_process_count,
		.message = probe_process_on_message,
		.closed = probe_process_on_orphaned,
		.data = process,
	};
	int r = loop_new(&process->loop);

	if (r == 0)
		r = channel_new(
			process->loop, process->options->channel_fd, &options, &process->channel);
	if (r == 0)
		r = loop_add_timer(process->loop, probe_process_on_stats, process, &process->stats);
	return r;
}

static int probe_process_confine(void *data)
{
	return process_enter_sandbox(process_find(PROCESS_HEALTH), data);
}

static int probe_process_open(struct probe_process *process, struct error *error)
{
	int r = probe_process_open_loop(process);

	if (r < 0)
		return r;
	process->runner = (struct checker_runner){
		.run = probe_process_run, .cancel = probe_process_cancel, .runner = process};
	const struct checkers_options checkers = {.loop = process->loop,
		.runner = &process->runner,
		.confine = probe_process_confine,
		.confine_data = (void *)process->options};
	r = checkers_new(&checkers, &process->checkers, error);
	if (r < 0)
		return r;
	const struct health_options health = {.loop = process->loop,
		.checkers = process->checkers,
		.changed = probe_process_on_changed,
		.data = process};
	return health_new(&health, &process->health);
}

static void probe_process_close(struct probe_process *process)
{
	probe_process_drop_plan(process);
	health_free(process->health);
	checkers_free(process->checkers);
	vector_clear(&process->programs);
	loop_source_free(process->stats);
	channel_free(process->channel);
	loop_free(process->loop);
}

static int probe_process_go(struct probe_process *process)
{
	_cleanup_error_ struct error error = {};
	int r = probe_process_open(process, &error);

	if (r < 0) {
		log_error("cannot start: %s", error_text(&error, r));
		return 2;
	}
	r = process_enter_sandbox(process_find(PROCESS_HEALTH), process->options);
	if (r < 0) {
		log_error("cannot enter the sandbox: %s", strerror(-r));
		return 2;
	}
	loop_timer_set(process->stats, loop_now(process->loop) + PROBE_PROCESS_STATS_NS);
	probe_process_send(process, MESSAGE_READY, NULL, 0);
	r = loop_run(process->loop);
	return r < 0 ? 1 : r;
}

int probe_process_main(const struct poised_options *options)
{
	struct probe_process process = {.options = options};

	int code = probe_process_go(&process);
	probe_process_close(&process);
	return code;
}
