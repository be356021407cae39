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
#include "base/version.h"
#include "daemon/claim.h"
#include "daemon/control_socket.h"
#include "daemon/process.h"
#include "daemon/realtime.h"
#include "daemon/service_manager.h"
#include "daemon/supervisor_inside.h"
#include "reconciler/lock.h"
#include "vrrp/lease.h"

LOG_MODULE("supervisor");

#define SUPERVISOR_FAILED 2
#define SUPERVISOR_NAME   "poised" /* as the lock tells it */

#define LOCK_WAIT_NS   (10 * SUPERVISOR_SECOND)
#define BEAT_NS        (2 * SUPERVISOR_SECOND)
#define SILENCE_NS     (15 * SUPERVISOR_SECOND)
#define RELOAD_MOST_NS (60 * SUPERVISOR_SECOND)
/* Pings that a process of virtual routers leaves unanswered at most, while others do not hear it either. */
#define SILENT_PINGS 3

/* Whoever cleaned up the run directory has let others in. What runs for a moment is waited for; another poised has the machine
 * now, and two of them would fight for it. */
static void supervisor_keep_lock(struct supervisor *supervisor)
{
	_cleanup_error_ struct error error = {};
	int before = supervisor->lock_trouble;

	if (supervisor->stopping)
		return;
	int r = lock_keep(supervisor->options->run_dir, SUPERVISOR_NAME, &supervisor->lock, &error);
	supervisor->lock_trouble = MIN(r, 0);
	if (r > 0)
		log_warning(
			"the lock in %s was removed: it is taken again; the control socket that "
			"was beside it comes back with a restart",
			supervisor->options->run_dir);
	if (r < 0 && r != before)
		log_error("the lock in %s was removed: %s", supervisor->options->run_dir,
			error_text(&error, r));
	if (r != -EEXIST)
		return;
	supervisor->usurped = true;
	/* What it would remove is the other's. */
	vector_foreach(&supervisor->children, place)
		if (supervisor->options->remove_on_stop &&
			strcmp(child_name(place->child), PROCESS_RECONCILER) == 0)
			child_kill(place->child);
	supervisor_stop(supervisor);
}

/* One that hangs, or was stopped, is not back in time either: its place is taken, and its addresses answer on. */
static void supervisor_end_silent(const struct supervisor *supervisor)
{
	struct child *child = supervisor_find(supervisor, PROCESS_VRRP);

	if (!child || !child_is_silent(child, SILENT_PINGS) ||
		!remains_are_due(supervisor->remains))
		return;
	log_object_error(child_name(child),
		"%s answers nobody, and others may have taken over: it is killed",
		child_name(child));
	child_kill(child);
}

static void supervisor_on_beat(void *data)
{
	struct supervisor *supervisor = data;

	supervisor_keep_lock(supervisor);
	claim_hang_up(supervisor->claim);
	supervisor_tell_notified(supervisor);
	supervisor_tell_failed(supervisor);
	vector_foreach(&supervisor->children, place)
		child_beat(place->child);
	supervisor_end_silent(supervisor);
	if (supervisor_all(supervisor, child_answers))
		service_manager_feed();
	loop_timer_set(supervisor->beat, loop_now(supervisor->loop) + supervisor->beat_ns);
}

/* Events. */

static void supervisor_on_notified(void *data)
{
	struct supervisor *supervisor = data;

	if (supervisor->telling)
		supervisor_stop_next(supervisor);
}

static void supervisor_on_hold(void *data, bool held)
{
	struct supervisor *supervisor = data;
	struct child *child = supervisor_find(supervisor, PROCESS_VRRP);

	if (child)
		child_hold(child, held);
	if (held)
		return;
	supervisor_tell_cleared(supervisor);
	if (supervisor->stopping)
		supervisor_stop_next(supervisor);
}

static bool supervisor_is_vrrp(const struct child *child)
{
	return strcmp(child_name(child), PROCESS_VRRP) == 0;
}

static void supervisor_on_ended(struct supervisor *supervisor, const struct child *child)
{
	if (strcmp(child_name(child), PROCESS_HEALTH) == 0)
		programs_cancel_all(supervisor->programs);
	if (strcmp(child_name(child), PROCESS_RECONCILER) == 0)
		programs_cancel_all(supervisor->scripts);
	supervisor_tell_gone(supervisor, child);
	if (supervisor_is_vrrp(child))
		remains_missed(supervisor->remains);
	supervisor_tell_status(supervisor);
	if (supervisor->stopping)
		supervisor_stop_next(supervisor);
}

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
	supervisor_tell_reloaded(supervisor);
}

static void supervisor_on_child(void *data, struct child *child, enum child_event event)
{
	struct supervisor *supervisor = data;

	switch (event) {
	case CHILD_EVENT_STARTED:
		supervisor_tell_started(supervisor, child);
		if (supervisor_is_vrrp(child))
			remains_started(supervisor->remains);
		break;
	case CHILD_EVENT_READY:
		if (supervisor_is_vrrp(child))
			remains_ready(supervisor->remains);
		supervisor_introduce(supervisor, child);
		supervisor_tell_ready(supervisor);
		supervisor_tell_reloaded(supervisor);
		break;
	case CHILD_EVENT_RELOADED:
		supervisor_tell_reloaded(supervisor);
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
		.claim = supervisor->claim,
		.pings = (unsigned int)(SILENCE_NS / supervisor->beat_ns),
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

static int supervisor_open_remains(struct supervisor *supervisor)
{
	const struct remains_options options = {.loop = supervisor->loop,
		.poised = supervisor->options,
		.lease = supervisor->lease,
		.claim = supervisor->claim,
		.hold = supervisor_on_hold,
		.data = supervisor};

	return remains_new(&options, &supervisor->remains);
}

/* What the process of the virtual routers has to go on with, whichever it is. */
static int supervisor_open_routers(struct supervisor *supervisor, struct error *error)
{
	/* One that winds up is waited for. Whether another poised has the claim matters to who declares virtual routers. */
	(void)claim_await(supervisor->options->run_dir, NULL);
	supervisor->lease = lease_create();
	if (supervisor->lease < 0)
		return error_set(error, supervisor->lease, "no shared memory: %s",
			strerror(-supervisor->lease));
	supervisor->claim = claim_new();
	if (supervisor->claim < 0)
		return error_set(error, supervisor->claim, "no unix socket: %s",
			strerror(-supervisor->claim));
	return 0;
}

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
	r = supervisor_open_routers(supervisor, error);
	if (r < 0)
		return r;
	realtime_prepare();
	r = process_drop_supervisor_privileges(supervisor->options);
	if (r < 0)
		return error_set(error, r, "cannot drop privileges: %s", strerror(-r));
	r = supervisor_open_loop(supervisor);
	if (r < 0)
		return r;
	const struct programs_options programs = {.loop = supervisor->loop,
		.most = PROGRAMS_MOST,
		.ran = supervisor_on_ran,
		.notified = supervisor_on_notified,
		.data = supervisor};
	const struct programs_options scripts = {.loop = supervisor->loop,
		.most = PROGRAMS_SCRIPTS,
		.trusting = true,
		.ran = supervisor_on_script_ran,
		.data = supervisor};
	programs_new(&programs, &supervisor->programs);
	programs_new(&scripts, &supervisor->scripts);
	r = supervisor_open_remains(supervisor);
	return r < 0 ? r : supervisor_open_children(supervisor);
}

static void supervisor_close(struct supervisor *supervisor)
{
	vector_foreach(&supervisor->children, place)
		child_free(place->child);
	vector_clear(&supervisor->children);
	programs_free(supervisor->programs);
	remains_free(supervisor->remains);
	programs_free(supervisor->scripts);
	for (size_t i = 0; i < ARRAY_LENGTH(supervisor->signals); i++)
		loop_source_free(supervisor->signals[i]);
	loop_source_free(supervisor->beat);
	loop_source_free(supervisor->reload_limit);
	loop_source_free(supervisor->stop_limit);
	loop_free(supervisor->loop);
	/* The socket of whoever has the machine now stands in its place. */
	if (supervisor->control >= 0 && !supervisor->usurped)
		control_socket_remove(supervisor->options->run_dir);
	memory_closep(&supervisor->control);
	vector_clear(&supervisor->levels);
	memory_closep(&supervisor->lease);
	memory_closep(&supervisor->claim);
	memory_closep(&supervisor->lock);
}

int supervisor_run(const struct poised_options *options)
{
	struct supervisor supervisor = {
		.options = options, .lock = -1, .control = -1, .lease = -1, .claim = -1};
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
	return r < 0 || supervisor.usurped ? SUPERVISOR_FAILED : 0;
}
