// SPDX-License-Identifier: GPL-2.0-or-later
/* The shell around the engine: descriptors, timers and clients in, engine_run() out.
 *
 *	watch	   files may have changed	-> engine_files_changed(), a turn
 *	control	   an operator asked for something	-> a turn
 *	supervisor ping, reload, stop; what the health process says	-> engine_verdicts(), a turn
 *	timer	   engine_run() said when to come back	-> a turn
 *	backend	   everything there may be gone	-> a turn over everything
 *
 * When there is a health process already, the first turn reads the files alone, and asks it; what it knows, or a second, brings
 * the first pass.
 *
 * A turn runs last among what is ready, so that whatever came together is one turn. After it, what the files say of the process
 * itself (group of the control socket, address of the metrics) is put in force. */
#include "daemon/reconcile.h"

#include <errno.h>
#include <grp.h>
#include <malloc.h>

#include "daemon/control.h"
#include "daemon/event_log.h"
#include "daemon/levels.h"
#include "daemon/messages.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/probing.h"
#include "daemon/process.h"
#include "daemon/route_shell.h"
#include "daemon/watch.h"

LOG_MODULE("reconciler");

/* Ready is told after the first reconcile, or when there has been none in this time: who starts poised on a machine where
 * nothing works wants `poise status`, not a service manager that starts it over and over. */
#define RECONCILE_READY_NS 20000000000ull
#define RECONCILE_ALIVE_NS 1000000000ull
/* A health process that lived on while this one was gone knows who went down meanwhile: the first pass waits so long for it. */
#define RECONCILE_HEALTH_NS 1000000000ull
/* A group that is not there is looked for again so often. */
#define RECONCILE_GROUP_NS 5000000000ull

struct reconcile {
	const struct poised_options *options;
	struct loop *loop;
	struct channel *channel;
	struct engine engine;
	struct control *control;
	struct watch *watch;
	struct metrics *metrics;
	struct probing *probing;
	struct route_shell *routes;
	struct loop_source *work, *timer;
	struct loop_source *telling; /* when the health process is to be told again */
	struct loop_source *backend; /* what the backend has to say, while there is one */
	bool backend_deaf;           /* it says nothing any more */
	uint64_t started;
	char seen[REVISION_SIZE]; /* of the files whose words on the process itself are in force */
	uint64_t group_at;        /* when the socket's group was looked for again */
	uint64_t alive;           /* when a sign of life was given last */
	bool ready, reload_asked;
	bool turned; /* the first turn is over */
	char status[MESSAGE_STATUS_LIMIT];
};

static void reconcile_on_event(void *data, const struct engine_event *event)
{
	struct reconcile *reconcile = data;

	event_log(event);
	if (reconcile->control)
		control_tell(reconcile->control, event);
}

static void reconcile_on_files(void *data)
{
	struct reconcile *reconcile = data;

	engine_files_changed(&reconcile->engine);
	loop_work_ask(reconcile->work);
}

static void reconcile_on_change(void *data)
{
	struct reconcile *reconcile = data;

	loop_work_ask(reconcile->work);
}

static void reconcile_send(
	struct reconcile *reconcile, uint16_t kind, const void *data, size_t size)
{
	int r = channel_send(reconcile->channel, kind, data, size);

	if (r < 0)
		log_warning("cannot speak to the supervisor: %s", strerror(-r));
}

/* Health. */

static int reconcile_on_probing_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	const struct reconcile *reconcile = data;

	return channel_send(reconcile->channel, kind, payload, size);
}

static void reconcile_on_verdicts(void *data, const struct engine_verdict *verdicts, size_t count)
{
	struct reconcile *reconcile = data;

	engine_verdicts(&reconcile->engine, verdicts, count);
	if (probing_is_heard(reconcile->probing))
		engine_wait_for_health(&reconcile->engine, 0);
	loop_work_ask(reconcile->work);
}

static void reconcile_on_probing_told(void *data, const struct engine_probing *probing)
{
	struct reconcile *reconcile = data;

	engine_set_probing(&reconcile->engine, probing);
	if (probing->there)
		return;
	engine_wait_for_health(&reconcile->engine, 0);
	loop_work_ask(reconcile->work);
}

static void reconcile_on_probing_trouble(void *data, const char *text)
{
	struct reconcile *reconcile = data;

	engine_set_trouble(&reconcile->engine, ENGINE_TROUBLE_PROBING, text);
	loop_work_ask(reconcile->work);
}

static void reconcile_on_telling(void *data)
{
	struct reconcile *reconcile = data;

	uint64_t now = loop_clock(), next = probing_run(reconcile->probing, now);

	loop_timer_set(reconcile->telling, MIN(next, probing_listen(reconcile->probing, now)));
}

static void reconcile_probe(struct reconcile *reconcile)
{
	const struct engine *engine = &reconcile->engine;
	const struct probing_wanted wanted = {.serial = engine->probes_serial,
		.config = engine->files ? &engine->files->config : NULL,
		.probes = engine_probes(engine)};

	probing_want(reconcile->probing, &wanted);
	reconcile_on_telling(reconcile);
}

static void reconcile_on_notice(void *data, const struct engine_notice *notice)
{
	struct reconcile *reconcile = data;
	_cleanup_free_ struct message_program *message = NULL;
	size_t size;
	int r = notify_message(notice, &message, &size);

	if (r == 0)
		reconcile_send(reconcile, MESSAGE_NOTIFY, message, size);
	else
		log_object_error(notice->service, "its notify command is too long: not run");
}

static void reconcile_on_notified(
	struct reconcile *reconcile, const struct message_notified *message)
{
	struct engine_notified notified = {.run = message->run,
		.failed = message->failed,
		.dropped = message->dropped,
		.waiting = message->waiting,
		.began = message->began};

	_Static_assert(sizeof(notified.program) == sizeof(message->program), "a name for both");
	memcpy(notified.program, message->program, sizeof(notified.program) - 1);
	engine_set_notified(&reconcile->engine, &notified);
}

/* The engine is at work in one piece, and pings wait. */
static void reconcile_on_working(void *data)
{
	struct reconcile *reconcile = data;
	uint64_t now = loop_clock();

	if (now < reconcile->alive + RECONCILE_ALIVE_NS)
		return;
	reconcile->alive = now;
	reconcile_send(reconcile, MESSAGE_WORKING, NULL, 0);
}

/* `log-level` was called: the others are to do the same. */
static void reconcile_on_level(void *data, const char *module, enum log_level level)
{
	const struct message_log_level message = levels_message(module, level);

	reconcile_send(data, MESSAGE_LOG_LEVEL, &message, sizeof(message));
}

/* What was said to the process before this one; not to be told on. */
static void reconcile_on_log_level(
	struct reconcile *reconcile, const struct message_log_level *message)
{
	log_on_level(NULL, NULL);
	levels_use(message);
	log_on_level(reconcile_on_level, reconcile);
}

static void reconcile_stop(struct reconcile *reconcile)
{
	_cleanup_error_ struct error error = {};
	int r = 0;

	if (reconcile->options->remove_on_stop)
		r = engine_remove_all(&reconcile->engine, &error);
	if (r < 0)
		log_error("not everything could be removed: %s", error_text(&error, r));
	loop_stop(reconcile->loop, 0);
}

static void reconcile_on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct reconcile *reconcile = data;

	switch (kind) {
	case MESSAGE_PING:
		/* They come all the time. */
		log_tell_kept_back();
		reconcile_send(reconcile, MESSAGE_PONG, payload, size);
		break;
	case MESSAGE_RELOAD:
		reconcile->reload_asked = true;
		engine_look_anew(&reconcile->engine);
		engine_files_changed(&reconcile->engine);
		loop_work_ask(reconcile->work);
		break;
	case MESSAGE_STOP:
		reconcile_stop(reconcile);
		break;
	case MESSAGE_LOG_LEVEL:
		reconcile_on_log_level(reconcile, payload);
		break;
	case MESSAGE_NOTIFIED:
		reconcile_on_notified(reconcile, payload);
		break;
	case MESSAGE_NOTIFY_FAILED:
		if (notify_take_failed(&reconcile->engine, payload, size) < 0)
			log_warning(
				"what is said of a notify command that failed is none: dropped");
		break;
	default:
		/* A rollback puts other files in force between two turns. */
		reconcile_probe(reconcile);
		probing_message(reconcile->probing, kind, payload, size);
		reconcile_on_telling(reconcile);
		route_shell_message(reconcile->routes, kind, payload, size);
	}
}

/* Without a supervisor nobody would start us again, or hold the lock: what is applied stays. */
static void reconcile_on_orphaned(void *data, int code)
{
	struct reconcile *reconcile = data;

	log_error("the supervisor is gone: %s", code ? strerror(-code) : "it closed the channel");
	loop_stop(reconcile->loop, 1);
}

static void reconcile_set_group(struct reconcile *reconcile, const char *name)
{
	struct message_control_group message = {};
	struct group *group = name ? getgrnam(name) : NULL;

	_cleanup_free_ char *trouble = NULL;

	if (name && !group)
		trouble = memory_printf("control: there is no group `%s`: the socket is root's "
					"alone; make the group, or correct `socket-group`",
			name);
	engine_set_trouble(&reconcile->engine, ENGINE_TROUBLE_GROUP, trouble);
	if (group)
		message.group = group->gr_gid;
	reconcile_send(reconcile, MESSAGE_CONTROL_GROUP, &message, sizeof(message));
}

/* It may have been made by now. */
static void reconcile_set_group_again(struct reconcile *reconcile, const struct config *config)
{
	uint64_t now = loop_clock();

	if (!reconcile->engine.troubles[ENGINE_TROUBLE_GROUP] ||
		now < reconcile->group_at + RECONCILE_GROUP_NS)
		return;
	reconcile->group_at = now;
	reconcile_set_group(reconcile, config->control.socket_group);
}

static void reconcile_set_metrics(struct reconcile *reconcile, const struct config *config)
{
	bool wanted = config_has(&config->object, CONFIG_METRICS);
	const struct config_metrics *said = &config->metrics;
	const struct metrics_limits limits = {
		.services = said->service_limit, .destinations = said->destination_limit};
	uint16_t port = said->listen.port ? said->listen.port : METRICS_PORT;

	metrics_set_limits(reconcile->metrics, &limits);
	/* What comes of it is among the engine's troubles. */
	(void)metrics_listen(reconcile->metrics, wanted ? &said->listen.address : NULL, port, NULL);
}

/* What the files in force say of the process itself. */
static void reconcile_configure(struct reconcile *reconcile)
{
	struct engine *engine = &reconcile->engine;
	/* Good files that only wait say as well where the metrics are that tell why. */
	struct files *files = engine->files ? engine->files : engine->held;

	if (!files)
		return;
	if (strcmp(files_revision(files), reconcile->seen) == 0) {
		reconcile_set_group_again(reconcile, &files->config);
		return;
	}
	memcpy(reconcile->seen, files_revision(files), sizeof(reconcile->seen));
	reconcile_set_group(reconcile, files->config.control.socket_group);
	reconcile_set_metrics(reconcile, &files->config);
	/* The reading before it was as large, and lies in pieces. */
	malloc_trim(0);
}

static void reconcile_tell_ready(struct reconcile *reconcile, uint64_t now)
{
	if (reconcile->ready)
		return;
	if (!reconcile->engine.reconciled && now < reconcile->started + RECONCILE_READY_NS)
		return;
	reconcile->ready = true;
	reconcile_send(reconcile, MESSAGE_READY, NULL, 0);
}

static const char *reconcile_trouble(const struct engine *engine)
{
	if (!engine->connected)
		return engine->connect_error.text;
	if (engine->rejected)
		return "the files are no good: `poise status` says why";
	if (engine->held)
		return "the files are held back: `poise status` says why";
	if (engine->pass_error.text)
		return engine->pass_error.text;
	if (engine->troubles[ENGINE_TROUBLE_OPERATOR])
		return "operator.json cannot be read: `poise status` says what to do";
	return engine->operator.suspended ? "suspended" : NULL;
}

static void reconcile_tell_status(struct reconcile *reconcile)
{
	struct engine *engine = &reconcile->engine;
	const char *trouble = reconcile_trouble(engine);
	char text[MESSAGE_STATUS_LIMIT];

	if (engine->files)
		snprintf(text, sizeof(text), "%zu services, revision %.12s, %zu failed%s%s",
			engine->files->declared.services.count, files_revision(engine->files),
			engine->retries.count, trouble ? "; " : "", trouble ? trouble : "");
	else
		snprintf(text, sizeof(text), "no state yet: %s", trouble ? trouble : "starting");
	if (strcmp(text, reconcile->status) == 0)
		return;
	memcpy(reconcile->status, text, sizeof(text));
	reconcile_send(reconcile, MESSAGE_STATUS, text, strlen(text));
}

static void reconcile_on_backend(void *data, uint32_t events _unused_)
{
	struct reconcile *reconcile = data;
	int r = engine_backend_changed(&reconcile->engine);

	if (r > 0) {
		log_notice("the backend came or went: everything is looked at");
		loop_work_ask(reconcile->work);
	}
	if (r >= 0)
		return;
	log_warning("the backend tells nothing any more: %s", strerror(-r));
	reconcile->backend = loop_source_free(reconcile->backend);
	reconcile->backend_deaf = true;
}

static void reconcile_on_disconnecting(void *data)
{
	struct reconcile *reconcile = data;

	reconcile->backend = loop_source_free(reconcile->backend);
	reconcile->backend_deaf = false;
}

/* As long as the engine is connected, its backend's descriptor is the same. */
static void reconcile_listen_to_backend(struct reconcile *reconcile)
{
	int fd = engine_backend_fd(&reconcile->engine);

	if (fd < 0 || reconcile->backend || reconcile->backend_deaf)
		return;
	int r = loop_add_io(
		reconcile->loop, fd, EPOLLIN, reconcile_on_backend, reconcile, &reconcile->backend);
	if (r < 0)
		log_warning("the backend cannot be listened to: %s", strerror(-r));
	reconcile->backend_deaf = r < 0;
}

static void reconcile_turn(void *data)
{
	struct reconcile *reconcile = data;
	struct engine *engine = &reconcile->engine;
	bool reading = engine->files_dirty;

	if (!reconcile->turned && engine->health.probing.there)
		engine_wait_for_health(engine, loop_clock() + RECONCILE_HEALTH_NS);
	reconcile->turned = true;
	uint64_t next = engine_run(engine, loop_clock());

	reconcile_listen_to_backend(reconcile);
	if (reading && !engine->files_dirty)
		watch_seen(reconcile->watch);
	reconcile_configure(reconcile);
	reconcile_probe(reconcile);
	route_shell_turn(reconcile->routes);
	reconcile_tell_ready(reconcile, loop_clock());
	reconcile_tell_status(reconcile);
	if (reconcile->reload_asked && !engine->files_dirty) {
		reconcile->reload_asked = false;
		reconcile_send(reconcile, MESSAGE_RELOADED, NULL, 0);
	}
	if (!reconcile->ready)
		next = MIN(next, reconcile->started + RECONCILE_READY_NS);
	loop_timer_set(reconcile->timer, next);
}

static int reconcile_open_engine(struct reconcile *reconcile, struct error *error)
{
	const struct poised_options *options = reconcile->options;
	const struct engine_options engine_options = {
		.state_dir = options->state_dir,
		.run_dir = options->run_dir,
		.paths = options->paths,
		.path_count = options->path_count,
		.lock = options->lock_fd,
		.event = reconcile_on_event,
		.notify = reconcile_on_notice,
		.working = reconcile_on_working,
		.disconnecting = reconcile_on_disconnecting,
		.data = reconcile,
	};

	return engine_open(&reconcile->engine, &engine_options, error);
}

static int reconcile_open_channel(struct reconcile *reconcile)
{
	const struct channel_options options = {
		.kinds = messages_to_process,
		.kind_count = messages_to_process_count,
		.message = reconcile_on_message,
		.closed = reconcile_on_orphaned,
		.data = reconcile,
	};

	return channel_new(
		reconcile->loop, reconcile->options->channel_fd, &options, &reconcile->channel);
}

static int reconcile_open_sources(struct reconcile *reconcile)
{
	int r = loop_add_work(reconcile->loop, reconcile_turn, reconcile, &reconcile->work);

	if (r == 0)
		r = loop_add_timer(reconcile->loop, reconcile_turn, reconcile, &reconcile->timer);
	if (r == 0)
		loop_source_set_priority(reconcile->timer, LOOP_PRIORITY_LAST);
	if (r == 0)
		r = loop_add_timer(
			reconcile->loop, reconcile_on_telling, reconcile, &reconcile->telling);
	return r;
}

static int reconcile_open_services(struct reconcile *reconcile, struct error *error)
{
	const struct watch_options watch = {
		.paths = reconcile->options->paths,
		.path_count = reconcile->options->path_count,
		.changed = reconcile_on_files,
		.data = reconcile,
	};
	struct metrics_sources sources = {.engine = &reconcile->engine};

	int r = watch_new(reconcile->loop, &watch, &reconcile->watch, error);
	if (r < 0)
		return r;
	r = control_new(reconcile->loop, reconcile->options->control_fd, &reconcile->engine,
		&reconcile->control);
	if (r < 0)
		return r;
	control_on_change(reconcile->control, reconcile_on_change, reconcile);
	sources.control = reconcile->control;
	sources.watch = reconcile->watch;
	return metrics_new(reconcile->loop, &sources, &reconcile->metrics);
}

static void reconcile_open_probing(struct reconcile *reconcile)
{
	const struct probing_options options = {
		.send = reconcile_on_probing_send,
		.verdicts = reconcile_on_verdicts,
		.told = reconcile_on_probing_told,
		.trouble = reconcile_on_probing_trouble,
		.data = reconcile,
	};

	probing_new(&options, &reconcile->probing);
}

static int reconcile_open_routes(struct reconcile *reconcile)
{
	const struct route_shell_options options = {.loop = reconcile->loop,
		.channel = reconcile->channel,
		.engine = &reconcile->engine,
		.changed = reconcile_on_change,
		.data = reconcile};

	return route_shell_new(&options, &reconcile->routes);
}

static int reconcile_open(struct reconcile *reconcile, struct error *error)
{
	int r = loop_new(&reconcile->loop);

	reconcile_open_probing(reconcile);
	if (r == 0)
		r = reconcile_open_channel(reconcile);
	if (r == 0)
		r = reconcile_open_sources(reconcile);
	if (r == 0)
		r = reconcile_open_engine(reconcile, error);
	if (r == 0)
		r = reconcile_open_routes(reconcile);
	if (r == 0)
		r = reconcile_open_services(reconcile, error);
	return r;
}

static void reconcile_close(struct reconcile *reconcile)
{
	metrics_free(reconcile->metrics);
	control_free(reconcile->control);
	watch_free(reconcile->watch);
	route_shell_free(reconcile->routes);
	engine_close(&reconcile->engine);
	channel_free(reconcile->channel);
	probing_free(reconcile->probing);
	loop_source_free(reconcile->work);
	loop_source_free(reconcile->timer);
	loop_source_free(reconcile->telling);
	loop_free(reconcile->loop);
}

static int reconcile_run(struct reconcile *reconcile)
{
	_cleanup_error_ struct error error = {};
	int r = reconcile_open(reconcile, &error);

	if (r < 0) {
		log_error("cannot start: %s", error_text(&error, r));
		return 2;
	}
	/* Loads what the name service of this machine asks for, while that may be opened and run. */
	getgrnam("root");
	r = process_enter_sandbox(process_find("reconciler"), reconcile->options);
	if (r < 0) {
		log_error("cannot enter the sandbox: %s", strerror(-r));
		return 2;
	}
	log_on_level(reconcile_on_level, reconcile);
	reconcile->started = loop_clock();
	loop_work_ask(reconcile->work);
	r = loop_run(reconcile->loop);
	return r < 0 ? 1 : r;
}

int reconcile_process_main(const struct poised_options *options)
{
	struct reconcile reconcile = {.options = options, .engine.options.lock = -1};

	int code = reconcile_run(&reconcile);
	reconcile_close(&reconcile);
	return code;
}
