// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of the tree.
 *
 *	start	  namespace, lock, control socket, fewer privileges, then the processes in the order of the table
 *	ready	  every process has been; told once
 *	reload	  (SIGHUP) every process is asked; over when all have answered, or after a while
 *	stop	  (SIGTERM, SIGINT) one after the other in the order of the table, each with its time; then what they have to
 *		  tell (`notify`) is told, for a while; a second signal ends all at once
 *
 * The supervisor parses nothing that comes from outside, and does nothing that could keep it: so it is the one that is always
 * there. What its processes say to one another it carries on unread (relay.h), and runs programs for those that may run
 * none (programs.h). The watchdog of the service manager is fed while every process that runs answers; one that is being started
 * again is not missed, for the service manager could do no better. */
#include "daemon/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/netns.h"
#include "base/strbuf.h"
#include "base/vector.h"
#include "base/version.h"
#include "daemon/child.h"
#include "daemon/control_socket.h"
#include "daemon/levels.h"
#include "daemon/programs.h"
#include "daemon/realtime.h"
#include "daemon/relay.h"
#include "daemon/service_manager.h"
#include "reconciler/lock.h"
#include "vrrp/lease.h"

LOG_MODULE("supervisor");

#define SUPERVISOR_FAILED 2
#define SUPERVISOR_NAME   "poised" /* as the lock tells it */

#define SECOND             1000000000ull
#define LOCK_WAIT_NS       (10 * SECOND)
#define BEAT_NS            (2 * SECOND)
#define SILENCE_NS         (15 * SECOND)
#define RELOAD_MOST_NS     (60 * SECOND)
#define STOP_MOST_NS       (10 * SECOND)
#define REMOVE_MOST_NS     (90 * SECOND) /* services are deleted meanwhile */
#define KILL_MOST_NS       (2 * SECOND)  /* the kernel may hold who is killed */
#define TELL_MOST_NS       (5 * SECOND)  /* commands of `notify`, when all processes have ended */
#define SUPERVISOR_SIGNALS 3

struct supervisor_place {
	struct child *child;
};

struct supervisor {
	const struct poised_options *options;
	struct loop *loop;
	int lock, control;
	int lease; /* of the virtual routers: it outlives each process that keeps them */
	struct {
		VECTOR_OF(struct supervisor_place);
	} children; /* as the table has them */
	struct loop_source *signals[SUPERVISOR_SIGNALS];
	struct loop_source *beat, *reload_limit, *stop_limit;
	struct programs *programs;
	struct levels levels;             /* what is logged, where it was changed */
	struct message_notified notified; /* as the reconciler was told last */
	uint64_t undelivered;             /* messages to a process that is down, or does not read */
	uint64_t beat_ns;
	bool ready;     /* told once */
	bool reloading; /* told, and not over */
	bool stopping;
	bool hurried;                /* all at once */
	bool telling;                /* all have ended, and commands of `notify` have not */
	size_t stop_at;              /* the child whose turn it is to stop */
	bool stop_asked, stop_kills; /* what was done to it */
};

/* What the service manager is told. */

static bool supervisor_all(
	const struct supervisor *supervisor, bool (*test)(const struct child *child))
{
	vector_foreach(&supervisor->children, place)
		if (!test(place->child))
			return false;
	return true;
}

static bool supervisor_child_is_settled(const struct child *child)
{
	return !child_is_reloading(child);
}

static void supervisor_tell_status(const struct supervisor *supervisor)
{
	_cleanup_strbuf_ struct strbuf text = {};

	vector_foreach(&supervisor->children, place) {
		const char *separator = text.length ? "; " : "";

		if (!child_runs(place->child))
			strbuf_printf(&text, "%s%s is down", separator, child_name(place->child));
		else if (*child_status(place->child))
			strbuf_printf(&text, "%s%s", separator, child_status(place->child));
	}
	if (text.length)
		service_manager_status(text.text, text.length);
}

static void supervisor_on_ready(struct supervisor *supervisor)
{
	/* While the tree is being made some of it is not there to be asked. */
	if (supervisor->ready || supervisor->children.count < process_count ||
		!supervisor_all(supervisor, child_is_ready))
		return;
	supervisor->ready = true;
	log_notice("ready");
	service_manager_ready();
}

static void supervisor_on_reloaded(struct supervisor *supervisor)
{
	if (!supervisor->reloading || !supervisor_all(supervisor, supervisor_child_is_settled))
		return;
	supervisor->reloading = false;
	loop_timer_set(supervisor->reload_limit, LOOP_NEVER);
	if (supervisor->ready)
		service_manager_ready();
}

static void supervisor_on_reload_limit(void *data)
{
	struct supervisor *supervisor = data;

	log_warning("the reload is not over after a minute: it goes on");
	supervisor->reloading = false;
	if (supervisor->ready)
		service_manager_ready();
}

/* What processes are told. */

static struct child *supervisor_find(const struct supervisor *supervisor, const char *name)
{
	vector_foreach(&supervisor->children, place)
		if (strcmp(child_name(place->child), name) == 0)
			return place->child;
	return NULL;
}

static bool supervisor_send(struct supervisor *supervisor, const char *name, uint16_t kind,
	const void *payload, size_t size)
{
	struct child *child = supervisor_find(supervisor, name);
	int r = child ? child_send(child, kind, payload, size) : -ENOTCONN;

	if (r == 0)
		return true;
	supervisor->undelivered++;
	/* One that is down is told all of it again when it is there. */
	if (r != -ENOTCONN && r != -EPIPE)
		log_object_warning(name, "%s cannot be told what another says: %s; %llu so far",
			name, strerror(-r), (unsigned long long)supervisor->undelivered);
	return false;
}

/* What became of commands of `notify`: the one process asks for them and shows it, the other runs them. */
static void supervisor_tell_notified(struct supervisor *supervisor)
{
	const struct programs_counters counters = programs_counters(supervisor->programs);
	const struct message_notified now = {.run = counters.notified,
		.failed = counters.notify_failed,
		.dropped = counters.notify_dropped,
		.waiting = counters.waiting};

	if (memcmp(&now, &supervisor->notified, sizeof(now)) != 0 &&
		supervisor_send(
			supervisor, PROCESS_RECONCILER, MESSAGE_NOTIFIED, &now, sizeof(now)))
		supervisor->notified = now;
}

static void supervisor_on_beat(void *data)
{
	struct supervisor *supervisor = data;

	supervisor_tell_notified(supervisor);
	vector_foreach(&supervisor->children, place)
		child_beat(place->child);
	if (supervisor_all(supervisor, child_answers))
		service_manager_feed();
	loop_timer_set(supervisor->beat, loop_now(supervisor->loop) + supervisor->beat_ns);
}

/* The end. */

static void supervisor_kill_all(struct supervisor *supervisor)
{
	vector_foreach(&supervisor->children, place)
		child_kill(place->child);
}

static bool supervisor_child_is_down(const struct child *child)
{
	return !child_runs(child);
}

static bool supervisor_tells_on(struct supervisor *supervisor)
{
	if (supervisor->hurried || !programs_are_notifying(supervisor->programs))
		return false;
	if (!supervisor->telling)
		loop_timer_set(supervisor->stop_limit, loop_now(supervisor->loop) + TELL_MOST_NS);
	supervisor->telling = true;
	return true;
}

/* The next one that runs is asked to end; after the last, and what it had to tell, the loop ends. */
static void supervisor_stop_next(struct supervisor *supervisor)
{
	if (supervisor->hurried && !supervisor_all(supervisor, supervisor_child_is_down))
		return;
	while (supervisor->stop_at < supervisor->children.count) {
		struct child *child = supervisor->children.items[supervisor->stop_at].child;

		if (child_runs(child) && supervisor->stop_asked)
			return;
		if (child_runs(child)) {
			uint64_t most =
				supervisor->options->remove_on_stop ? REMOVE_MOST_NS : STOP_MOST_NS;
			supervisor->stop_asked = true;
			child_stop(child);
			loop_timer_set(supervisor->stop_limit, loop_now(supervisor->loop) + most);
			return;
		}
		supervisor->stop_at++;
		supervisor->stop_asked = supervisor->stop_kills = false;
	}
	if (!supervisor_tells_on(supervisor))
		loop_stop(supervisor->loop, 0);
}

static void supervisor_on_stop_limit(void *data)
{
	struct supervisor *supervisor = data;

	if (supervisor->telling && !supervisor->hurried)
		log_warning("commands of notify do not end in time: they are killed");
	if (supervisor->telling || supervisor->hurried) {
		loop_stop(supervisor->loop, 0);
		return;
	}
	struct child *child = supervisor->children.items[supervisor->stop_at].child;
	if (supervisor->stop_kills) {
		log_object_error(child_name(child), "%s does not even die: it is left behind",
			child_name(child));
		supervisor->stop_at++;
		supervisor->stop_asked = supervisor->stop_kills = false;
		supervisor_stop_next(supervisor);
		return;
	}
	log_object_warning(
		child_name(child), "%s does not stop in time: it is killed", child_name(child));
	supervisor->stop_kills = true;
	child_kill(child);
	loop_timer_set(supervisor->stop_limit, loop_now(supervisor->loop) + KILL_MOST_NS);
}

static void supervisor_stop(struct supervisor *supervisor)
{
	supervisor->stopping = true;
	service_manager_stopping();
	vector_foreach(&supervisor->children, place)
		child_retire(place->child);
	supervisor_stop_next(supervisor);
}

static void supervisor_hurry(struct supervisor *supervisor)
{
	supervisor->hurried = true;
	supervisor_kill_all(supervisor);
	loop_timer_set(supervisor->stop_limit, loop_now(supervisor->loop) + KILL_MOST_NS);
	supervisor_stop_next(supervisor);
}

/* What processes say to others. */

static void supervisor_on_notified(void *data)
{
	struct supervisor *supervisor = data;

	if (supervisor->telling)
		supervisor_stop_next(supervisor);
}

static void supervisor_on_ran(void *data, const struct message_ran *ran)
{
	supervisor_send(data, PROCESS_HEALTH, MESSAGE_RAN, ran, sizeof(*ran));
}

static void supervisor_on_health_message(
	struct supervisor *supervisor, uint16_t kind, const void *payload, size_t size)
{
	if (kind == MESSAGE_RUN)
		programs_run(supervisor->programs, payload, size);
	if (kind == MESSAGE_RUN_CANCEL)
		programs_cancel(
			supervisor->programs, ((const struct message_run_cancel *)payload)->number);
}

/* One that says so has done it already. */
static void supervisor_on_log_level(
	struct supervisor *supervisor, const struct message_log_level *message)
{
	if (levels_put(&supervisor->levels, message) < 0)
		return;
	for (size_t i = 0; i < process_count; i++)
		if (strcmp(processes[i]->name, PROCESS_RECONCILER) != 0)
			supervisor_send(supervisor, processes[i]->name, MESSAGE_LOG_LEVEL, message,
				sizeof(*message));
}

/* It was started with the level of the command line. */
static void supervisor_tell_levels(struct supervisor *supervisor, const struct child *child)
{
	vector_foreach(&supervisor->levels, level)
		supervisor_send(
			supervisor, child_name(child), MESSAGE_LOG_LEVEL, level, sizeof(*level));
}

static void supervisor_on_reconciler_message(
	struct supervisor *supervisor, uint16_t kind, const void *payload, size_t size)
{
	if (kind == MESSAGE_LOG_LEVEL)
		supervisor_on_log_level(supervisor, payload);
	if (kind == MESSAGE_NOTIFY)
		programs_notify(supervisor->programs, payload, size);
	if (kind == MESSAGE_ALLOW_NONE)
		programs_allow_none(supervisor->programs);
	if (kind == MESSAGE_ALLOW)
		programs_allow(supervisor->programs, payload, size);
}

static void supervisor_on_message(
	void *data, struct child *child, uint16_t kind, const void *payload, size_t size)
{
	struct supervisor *supervisor = data;
	const char *from = child_name(child), *to = relay_target(from, kind);

	if (to)
		supervisor_send(supervisor, to, kind, payload, size);
	else if (strcmp(from, PROCESS_HEALTH) == 0)
		supervisor_on_health_message(supervisor, kind, payload, size);
	else if (strcmp(from, PROCESS_RECONCILER) == 0)
		supervisor_on_reconciler_message(supervisor, kind, payload, size);
}

/* Whom the reconciler tells what to do, and how it hears that there is somebody to be told. */
static const struct supervisor_told {
	const char *name;
	enum message_kind started, gone;
} supervisor_told[] = {
	{PROCESS_HEALTH, MESSAGE_HEALTH_STARTED, MESSAGE_HEALTH_GONE},
	{PROCESS_VRRP, MESSAGE_VRRP_STARTED, MESSAGE_VRRP_GONE},
};

/* Of one that is there, or there again, or the reconciler is. */
static void supervisor_introduce(struct supervisor *supervisor, const struct supervisor_told *told)
{
	const struct child *child = supervisor_find(supervisor, told->name);

	if (child && child_is_ready(child))
		supervisor_send(supervisor, PROCESS_RECONCILER, (uint16_t)told->started, NULL, 0);
}

static const struct supervisor_told *supervisor_told_of(const struct child *child)
{
	for (size_t i = 0; i < ARRAY_LENGTH(supervisor_told); i++)
		if (strcmp(child_name(child), supervisor_told[i].name) == 0)
			return &supervisor_told[i];
	return NULL;
}

static void supervisor_on_ended(struct supervisor *supervisor, const struct child *child)
{
	const struct supervisor_told *told = supervisor_told_of(child);

	if (strcmp(child_name(child), PROCESS_HEALTH) == 0)
		programs_cancel_all(supervisor->programs);
	if (told)
		supervisor_send(supervisor, PROCESS_RECONCILER, (uint16_t)told->gone, NULL, 0);
	supervisor_tell_status(supervisor);
	if (supervisor->stopping)
		supervisor_stop_next(supervisor);
}

/* Events. */

static void supervisor_on_stop_signal(void *data, int signal)
{
	struct supervisor *supervisor = data;

	log_notice("%s: stopping%s", strsignal(signal), supervisor->stopping ? " at once" : "");
	if (supervisor->stopping)
		supervisor_hurry(supervisor);
	else
		supervisor_stop(supervisor);
}

static void supervisor_on_hangup(void *data, int signal)
{
	struct supervisor *supervisor = data;

	(void)signal;
	if (supervisor->stopping)
		return;
	log_notice("reloading");
	if (supervisor->ready)
		service_manager_reloading();
	supervisor->reloading = true;
	vector_foreach(&supervisor->children, place)
		child_reload(place->child);
	loop_timer_set(supervisor->reload_limit, loop_now(supervisor->loop) + RELOAD_MOST_NS);
	supervisor_on_reloaded(supervisor);
}

static void supervisor_on_child(void *data, struct child *child, enum child_event event)
{
	struct supervisor *supervisor = data;

	switch (event) {
	case CHILD_EVENT_STARTED:
		supervisor_tell_levels(supervisor, child);
		if (strcmp(child_name(child), PROCESS_RECONCILER) == 0) {
			supervisor->notified = (struct message_notified){};
			for (size_t i = 0; i < ARRAY_LENGTH(supervisor_told); i++)
				supervisor_introduce(supervisor, &supervisor_told[i]);
		}
		break;
	case CHILD_EVENT_READY:
		if (supervisor_told_of(child))
			supervisor_introduce(supervisor, supervisor_told_of(child));
		supervisor_on_ready(supervisor);
		supervisor_on_reloaded(supervisor);
		break;
	case CHILD_EVENT_RELOADED:
		supervisor_on_reloaded(supervisor);
		break;
	case CHILD_EVENT_STATUS:
		supervisor_tell_status(supervisor);
		break;
	case CHILD_EVENT_ENDED:
		supervisor_on_ended(supervisor, child);
		break;
	}
}

static void supervisor_on_control_group(void *data, uint32_t group)
{
	const struct supervisor *supervisor = data;
	_cleanup_error_ struct error error = {};
	int r = control_socket_give(supervisor->options->run_dir, group, &error);

	if (r < 0)
		log_error("%s", error_text(&error, r));
}

/* The start. */

static int supervisor_open_signals(struct supervisor *supervisor)
{
	static const struct {
		int signal;
		loop_signal_handler *handler;
	} rows[SUPERVISOR_SIGNALS] = {
		{SIGTERM, supervisor_on_stop_signal},
		{SIGINT, supervisor_on_stop_signal},
		{SIGHUP, supervisor_on_hangup},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(rows); i++)
		r = loop_add_signal(supervisor->loop, rows[i].signal, rows[i].handler, supervisor,
			&supervisor->signals[i]);
	return r;
}

static int supervisor_open_loop(struct supervisor *supervisor)
{
	uint64_t watchdog = service_manager_watchdog();
	int r = loop_new(&supervisor->loop);

	if (r == 0)
		r = supervisor_open_signals(supervisor);
	if (r == 0)
		r = loop_add_timer(
			supervisor->loop, supervisor_on_beat, supervisor, &supervisor->beat);
	if (r == 0)
		r = loop_add_timer(supervisor->loop, supervisor_on_reload_limit, supervisor,
			&supervisor->reload_limit);
	if (r == 0)
		r = loop_add_timer(supervisor->loop, supervisor_on_stop_limit, supervisor,
			&supervisor->stop_limit);
	if (r < 0)
		return r;
	supervisor->beat_ns = watchdog ? MIN(BEAT_NS, watchdog / 2) : BEAT_NS;
	loop_timer_set(supervisor->beat, loop_now(supervisor->loop) + supervisor->beat_ns);
	return 0;
}

static int supervisor_open_children(struct supervisor *supervisor)
{
	struct child_options options = {.poised = supervisor->options,
		.control = supervisor->control,
		.lock = supervisor->lock,
		.lease = supervisor->lease,
		.pings = (unsigned int)(SILENCE_NS / supervisor->beat_ns) + 1,
		.event = supervisor_on_child,
		.control_group = supervisor_on_control_group,
		.message = supervisor_on_message,
		.data = supervisor};

	for (size_t i = 0; i < process_count; i++) {
		struct child *child;

		options.kind = processes[i];
		int r = child_new(supervisor->loop, &options, &child);
		if (r < 0)
			return r;
		vector_append(&supervisor->children)->child = child;
	}
	return 0;
}

/* What may be refused, with words. */
/* Without it nothing is remembered over a restart: who starts poised is told at once, and not by a log alone. */
static int supervisor_check_state_dir(const char *directory, struct error *error)
{
	int r = file_make_directories(directory, 0755);

	if (r == 0 && access(directory, R_OK | W_OK | X_OK) < 0)
		r = -errno;
	return r < 0 ? error_set(error, r, "the state directory %s cannot be used: %s", directory,
			       strerror(-r))
		     : 0;
}

static int supervisor_claim(struct supervisor *supervisor, struct error *error)
{
	const struct poised_options *options = supervisor->options;
	int r = options->netns ? netns_enter(options->netns, error) : 0;

	if (r < 0)
		return r;
	r = supervisor_check_state_dir(options->state_dir, error);
	if (r < 0)
		return r;
	supervisor->lock = lock_take(options->run_dir, SUPERVISOR_NAME, LOCK_WAIT_NS, error);
	if (supervisor->lock < 0)
		return supervisor->lock;
	supervisor->control = control_socket_open(options->run_dir, error);
	return MIN(supervisor->control, 0);
}

static int supervisor_open(struct supervisor *supervisor, struct error *error)
{
	umask(022);
	/* Nothing that is mounted is kept busy. */
	int r = chdir("/") < 0 ? -errno : supervisor_claim(supervisor, error);

	if (r < 0)
		return r;
	supervisor->lease = lease_create();
	if (supervisor->lease < 0)
		return error_set(error, supervisor->lease, "no shared memory: %s",
			strerror(-supervisor->lease));
	realtime_prepare();
	r = process_drop_supervisor_privileges(supervisor->options);
	if (r < 0)
		return error_set(error, r, "cannot drop privileges: %s", strerror(-r));
	r = supervisor_open_loop(supervisor);
	if (r < 0)
		return r;
	const struct programs_options programs = {.loop = supervisor->loop,
		.ran = supervisor_on_ran,
		.notified = supervisor_on_notified,
		.data = supervisor};
	programs_new(&programs, &supervisor->programs);
	return supervisor_open_children(supervisor);
}

static void supervisor_close(struct supervisor *supervisor)
{
	vector_foreach(&supervisor->children, place)
		child_free(place->child);
	vector_clear(&supervisor->children);
	programs_free(supervisor->programs);
	for (size_t i = 0; i < ARRAY_LENGTH(supervisor->signals); i++)
		loop_source_free(supervisor->signals[i]);
	loop_source_free(supervisor->beat);
	loop_source_free(supervisor->reload_limit);
	loop_source_free(supervisor->stop_limit);
	loop_free(supervisor->loop);
	if (supervisor->control >= 0) {
		control_socket_remove(supervisor->options->run_dir);
		close(supervisor->control);
	}
	vector_clear(&supervisor->levels);
	memory_closep(&supervisor->lease);
	memory_closep(&supervisor->lock);
}

int supervisor_run(const struct poised_options *options)
{
	struct supervisor supervisor = {.options = options, .lock = -1, .control = -1, .lease = -1};
	_cleanup_error_ struct error error = {};
	int r = supervisor_open(&supervisor, &error);

	if (r < 0) {
		log_error("%s", error_text(&error, r));
	} else {
		log_notice("poised " POISE_VERSION " watches %s%s", options->paths[0],
			options->path_count > 1 ? " and others" : "");
		r = loop_run(supervisor.loop);
		if (r < 0)
			log_error("the event loop ended: %s", strerror(-r));
	}
	supervisor_close(&supervisor);
	return r < 0 ? SUPERVISOR_FAILED : 0;
}
