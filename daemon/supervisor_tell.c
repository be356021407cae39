// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is told what. The service manager hears what the tree is; processes hear what the supervisor knows, and what another of
 * them says, which is carried on unread (relay.h) but for what asks for a program (programs.h). What could not be told is told
 * again when the process is there again. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/notify_failed.h"
#include "daemon/process.h"
#include "daemon/relay.h"
#include "daemon/service_manager.h"
#include "daemon/supervisor_inside.h"

LOG_MODULE("supervisor");

/* What the service manager is told. */

bool supervisor_all(const struct supervisor *supervisor, bool (*test)(const struct child *child))
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

void supervisor_tell_status(const struct supervisor *supervisor)
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

void supervisor_tell_ready(struct supervisor *supervisor)
{
	/* While the tree is being made some of it is not there to be asked. */
	if (supervisor->ready || supervisor->children.count < process_count ||
		!supervisor_all(supervisor, child_is_ready))
		return;
	supervisor->ready = true;
	log_notice("ready");
	service_manager_ready();
}

void supervisor_tell_reloaded(struct supervisor *supervisor)
{
	if (!supervisor->reloading || !supervisor_all(supervisor, supervisor_child_is_settled))
		return;
	supervisor->reloading = false;
	loop_timer_set(supervisor->reload_limit, LOOP_NEVER);
	if (supervisor->ready)
		service_manager_ready();
}

void supervisor_on_reload_limit(void *data)
{
	struct supervisor *supervisor = data;

	log_warning("the reload is not over after a minute: it goes on");
	supervisor->reloading = false;
	if (supervisor->ready)
		service_manager_ready();
}

/* What processes are told. */

struct child *supervisor_find(const struct supervisor *supervisor, const char *name)
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
void supervisor_tell_notified(struct supervisor *supervisor)
{
	const struct programs_counters counters = programs_counters(supervisor->programs);
	const char *slash = counters.program ? strrchr(counters.program, '/') : NULL;
	struct message_notified now = {.run = counters.notified,
		.failed = counters.notify_failed,
		.dropped = counters.notify_dropped,
		.waiting = counters.waiting};

	/* Each of thousands that are soon over is no news. */
	if (now.waiting && counters.program) {
		now.began = counters.began;
		strncpy(now.program, slash ? slash + 1 : counters.program, sizeof(now.program) - 1);
	}

	if (memcmp(&now, &supervisor->notified, sizeof(now)) != 0 &&
		supervisor_send(
			supervisor, PROCESS_RECONCILER, MESSAGE_NOTIFIED, &now, sizeof(now)))
		supervisor->notified = now;
}

/* All of them; where one is not delivered, all again at the next beat. */
void supervisor_tell_failed(struct supervisor *supervisor)
{
	const struct notify_failed *failed = programs_failed(supervisor->programs);
	bool told = failed->serial != supervisor->failed_told;

	for (size_t i = 0; told && i < MAX(failed->count, 1u); i++) {
		size_t size;
		_cleanup_free_ struct message_notify_failed *message =
			notify_failed_message(failed, i, &size);

		told = supervisor_send(
			supervisor, PROCESS_RECONCILER, MESSAGE_NOTIFY_FAILED, message, size);
	}
	if (told)
		supervisor->failed_told = failed->serial;
}

/* What processes say to others. */

void supervisor_on_ran(void *data, const struct message_ran *ran)
{
	supervisor_send(data, PROCESS_HEALTH, MESSAGE_RAN, ran, sizeof(*ran));
}

void supervisor_on_script_ran(void *data, const struct message_ran *ran)
{
	supervisor_send(data, PROCESS_RECONCILER, MESSAGE_RAN, ran, sizeof(*ran));
}

static void supervisor_on_program(
	struct programs *programs, uint16_t kind, const void *payload, size_t size)
{
	if (kind == MESSAGE_RUN)
		programs_run(programs, payload, size);
	if (kind == MESSAGE_RUN_CANCEL)
		programs_cancel(programs, ((const struct message_run_cancel *)payload)->number);
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
	supervisor_on_program(supervisor->scripts, kind, payload, size);
}

void supervisor_on_message(
	void *data, struct child *child, uint16_t kind, const void *payload, size_t size)
{
	struct supervisor *supervisor = data;
	const char *from = child_name(child), *to = relay_target(from, kind);

	if (to)
		supervisor_send(supervisor, to, kind, payload, size);
	else if (strcmp(from, PROCESS_HEALTH) == 0)
		supervisor_on_program(supervisor->programs, kind, payload, size);
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

void supervisor_tell_cleared(struct supervisor *supervisor)
{
	const struct message_vrrp_cleared cleared = {
		.count = remains_count(supervisor->remains), .ended = supervisor->unheard};

	if (cleared.count || cleared.ended)
		supervisor_send(supervisor, PROCESS_RECONCILER, MESSAGE_VRRP_CLEARED, &cleared,
			sizeof(cleared));
}

static void supervisor_introduce_row(
	struct supervisor *supervisor, const struct supervisor_told *told)
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

void supervisor_tell_started(struct supervisor *supervisor, const struct child *child)
{
	supervisor_tell_levels(supervisor, child);
	if (strcmp(child_name(child), PROCESS_RECONCILER) != 0)
		return;
	supervisor->notified = (struct message_notified){};
	supervisor->failed_told = 0;
	supervisor_tell_cleared(supervisor);
	for (size_t i = 0; i < ARRAY_LENGTH(supervisor_told); i++)
		supervisor_introduce_row(supervisor, &supervisor_told[i]);
}

void supervisor_introduce(struct supervisor *supervisor, const struct child *child)
{
	const struct supervisor_told *told = supervisor_told_of(child);

	if (told)
		supervisor_introduce_row(supervisor, told);
}

void supervisor_tell_gone(struct supervisor *supervisor, const struct child *child)
{
	const struct supervisor_told *told = supervisor_told_of(child);

	if (strcmp(child_name(child), PROCESS_RECONCILER) == 0)
		supervisor->unheard = loop_clock();
	if (told)
		supervisor_send(supervisor, PROCESS_RECONCILER, (uint16_t)told->gone, NULL, 0);
}
