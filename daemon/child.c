// SPDX-License-Identifier: GPL-2.0-or-later
/* Signs of life are counted in pings, not in time: after a machine was suspended, or the whole tree stopped, much time
 * has passed and nobody had a chance to answer. An answer to an older ping is one too, so that a busy process is not
 * taken for a hanging one while it works its way through its messages. */
#include "daemon/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/respawn.h"

LOG_MODULE("supervisor");

/* What a process returns when another start would find the same (poised.h). */
#define CHILD_LASTING_FAULT 2
/* How much longer it may be silent before it is ready: the first reconcile may have all to do. */
#define CHILD_START_PATIENCE 4

struct child {
	struct loop *loop;
	struct child_options options;
	pid_t pid; /* 0: down */
	struct channel *channel;
	struct loop_source *end, *start;
	struct respawn respawn;
	uint64_t asked, answered; /* serials of pings of this life */
	uint64_t malformed;       /* messages that were told of */
	bool ready, reloading, killed, retired, stopping;
	bool closed;        /* its end of the channel is */
	bool held, awaited; /* its time to start came while it was held */
	char status[MESSAGE_STATUS_LIMIT + 1];
};

static void child_start(void *data);

static void child_tell(struct child *child, enum child_event event)
{
	child->options.event(child->options.data, child, event);
}

/* What it says. */

static void child_on_pong(struct child *child, const struct message_ping *pong)
{
	if (pong->serial > child->answered && pong->serial <= child->asked)
		child->answered = pong->serial;
}

/* Much to do in one piece: it comes to its messages afterwards. */
static void child_on_working(struct child *child)
{
	child->answered = child->asked;
}

static void child_on_ready(struct child *child)
{
	respawn_ready(&child->respawn);
	/* Whoever starts reads the files. */
	child->reloading = false;
	if (child->ready)
		return;
	child->ready = true;
	child_tell(child, CHILD_EVENT_READY);
}

static void child_on_reloaded(struct child *child)
{
	child->reloading = false;
	child_tell(child, CHILD_EVENT_RELOADED);
}

static void child_on_status(struct child *child, const char *text, size_t size)
{
	if (strlen(child->status) == size && memcmp(child->status, text, size) == 0)
		return;
	memcpy(child->status, text, size);
	child->status[size] = '\0';
	child_tell(child, CHILD_EVENT_STATUS);
}

static void child_on_control_group(struct child *child, const struct message_control_group *wish)
{
	if (child->options.kind->wants_control)
		child->options.control_group(child->options.data, wish->group);
}

static void child_on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct child *child = data;

	switch ((enum message_kind)kind) {
	case MESSAGE_PONG:
		child_on_pong(child, payload);
		break;
	case MESSAGE_WORKING:
		child_on_working(child);
		break;
	case MESSAGE_READY:
		child_on_ready(child);
		break;
	case MESSAGE_RELOADED:
		child_on_reloaded(child);
		break;
	case MESSAGE_STATUS:
		child_on_status(child, payload, size);
		break;
	case MESSAGE_CONTROL_GROUP:
		child_on_control_group(child, payload);
		break;
	default:
		child->options.message(child->options.data, child, kind, payload, size);
	}
}

/* Its end of the channel is closed: it has ended, as SIGCHLD will say; or it is out of its mind, as the pings will. */
static void child_on_closed(void *data, int code)
{
	struct child *child = data;

	child->closed = true;
	if (code < 0)
		log_object_error(child_name(child), "what %s says cannot be read: %s",
			child_name(child), strerror(-code));
}

/* Its end. */

static void child_describe_end(const struct child *child, int status, struct strbuf *text)
{
	strbuf_printf(text, "%s (pid %d) ", child_name(child), (int)child->pid);
	if (WIFSIGNALED(status))
		strbuf_printf(text, "was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == 0)
		strbuf_add(text, "has ended");
	else
		strbuf_printf(text, "has ended with code %d", WEXITSTATUS(status));
}

static void child_log_end(const struct child *child, int status, uint64_t wait)
{
	_cleanup_strbuf_ struct strbuf text = {};
	const char *name = child_name(child);

	child_describe_end(child, status, &text);
	if (child->stopping && status == 0)
		log_object_info(name, "%s", text.text);
	else if (child->retired)
		log_object_warning(name, "%s", text.text);
	else if (wait == 0)
		log_object_error(name, "%s: it is started again at once", text.text);
	else
		log_object_error(name, "%s: it is started again in %llu.%llu s", text.text,
			(unsigned long long)wait / 1000000000,
			(unsigned long long)wait / 100000000 % 10);
}

static uint64_t child_plan_start(struct child *child, enum respawn_end end)
{
	uint64_t now = loop_now(child->loop);
	uint64_t when = respawn_ended(&child->respawn, now, end);

	loop_timer_set(child->start, when);
	return when - now;
}

static void child_on_end(void *data, pid_t pid, int status)
{
	struct child *child = data;
	bool lasting = WIFEXITED(status) && WEXITSTATUS(status) == CHILD_LASTING_FAULT;
	uint64_t wait = 0;

	(void)pid;
	child->end = loop_source_free(child->end);
	/* Its end is told before what it said. */
	channel_drain(child->channel);
	child->channel = channel_free(child->channel);
	if (!child->retired)
		wait = child_plan_start(child, lasting ? RESPAWN_END_LASTING : RESPAWN_END_CRASH);
	child_log_end(child, status, wait);
	child->pid = 0;
	child->ready = false;
	child->status[0] = '\0';
	child_tell(child, CHILD_EVENT_ENDED);
}

/* Its start. */

static int child_open_channel(struct child *child, int fd)
{
	const struct channel_options options = {.kinds = messages_to_supervisor,
		.kind_count = messages_to_supervisor_count,
		.message = child_on_message,
		.closed = child_on_closed,
		.data = child};

	return channel_new(child->loop, fd, &options, &child->channel);
}

static int child_spawn(struct child *child)
{
	const struct child_options *options = &child->options;
	bool control = options->kind->wants_control;
	int fds[2], r = channel_pair(fds);

	if (r < 0)
		return r;
	_cleanup_close_ int theirs = fds[1];
	const struct spawn_descriptors descriptors = {.channel = theirs,
		.control = control ? options->control : -1,
		.lock = control ? options->lock : -1,
		.lease = options->kind->wants_lease ? options->lease : -1,
		.claim = options->kind->wants_lease ? options->claim : -1};
	r = child_open_channel(child, fds[0]);
	if (r < 0)
		return r;
	pid_t pid = spawn_process(options->kind, options->poised, &descriptors);
	if (pid > 0)
		r = loop_add_child(child->loop, pid, child_on_end, child, &child->end);
	if (pid > 0 && r == 0) {
		child->pid = pid;
		return 0;
	}
	/* Nobody would learn of its end. */
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
	child->channel = channel_free(child->channel);
	return pid < 0 ? pid : r;
}

static void child_start(void *data)
{
	struct child *child = data;

	child->awaited = child->held;
	if (child->held)
		return;
	child->asked = child->answered = child->malformed = 0;
	child->killed = child->closed = false;
	respawn_started(&child->respawn, loop_now(child->loop));
	int r = child_spawn(child);
	if (r == 0) {
		log_object_info(child_name(child), "%s is started (pid %d)", child_name(child),
			(int)child->pid);
		child_tell(child, CHILD_EVENT_STARTED);
		return;
	}
	log_object_error(
		child_name(child), "%s cannot be started: %s", child_name(child), strerror(-r));
	child_plan_start(child, RESPAWN_END_CRASH);
}

int child_new(struct loop *loop, const struct child_options *options, struct child **ret)
{
	struct child *child = memory_new(sizeof(*child));

	child->loop = loop;
	child->options = *options;
	int r = loop_add_timer(loop, child_start, child, &child->start);
	if (r < 0) {
		free(child);
		return r;
	}
	child_start(child);
	*ret = child;
	return 0;
}

struct child *child_free(struct child *child)
{
	if (!child)
		return NULL;
	child_kill(child);
	loop_source_free(child->end);
	loop_source_free(child->start);
	channel_free(child->channel);
	free(child);
	return NULL;
}

/* What it is asked. */

static void child_tell_malformed(struct child *child)
{
	uint64_t malformed = channel_malformed(child->channel);

	if (malformed == child->malformed)
		return;
	log_object_warning(child_name(child), "%llu messages of %s were no messages: dropped",
		(unsigned long long)(malformed - child->malformed), child_name(child));
	child->malformed = malformed;
}

void child_beat(struct child *child)
{
	if (!child->pid)
		return;
	child_tell_malformed(child);
	if (!child_answers(child) && !child->killed) {
		log_object_error(child_name(child), "%s (pid %d) does not answer: it is killed",
			child_name(child), (int)child->pid);
		child_kill(child);
	}
	if (child->closed || child->killed)
		loop_child_look(child->end);
	/* Once per child is more often than is needed, and costs nothing. */
	log_tell_kept_back();
	const struct message_ping ping = {.serial = ++child->asked};
	/* When it cannot be sent there will be no answer either. */
	channel_send(child->channel, MESSAGE_PING, &ping, sizeof(ping));
}

bool child_answers(const struct child *child)
{
	unsigned int patience = child->ready ? 1 : CHILD_START_PATIENCE;

	return !child->pid ||
	       child->asked - child->answered < (uint64_t)child->options.pings * patience;
}

bool child_is_silent(const struct child *child, unsigned int pings)
{
	return child->pid && !child->killed && child->asked - child->answered >= pings;
}

void child_reload(struct child *child)
{
	if (child->pid && channel_send(child->channel, MESSAGE_RELOAD, NULL, 0) == 0)
		child->reloading = true;
}

bool child_is_reloading(const struct child *child)
{
	return child->reloading;
}

int child_send(struct child *child, uint16_t kind, const void *payload, size_t size)
{
	return child->pid ? channel_send(child->channel, kind, payload, size) : -ENOTCONN;
}

void child_hold(struct child *child, bool held)
{
	child->held = held;
	if (!held && child->awaited && !child->retired)
		child_start(child);
}

void child_retire(struct child *child)
{
	child->retired = true;
	loop_timer_set(child->start, LOOP_NEVER);
}

void child_stop(struct child *child)
{
	child->stopping = true;
	if (child->pid && channel_send(child->channel, MESSAGE_STOP, NULL, 0) < 0)
		child_kill(child);
}

void child_kill(struct child *child)
{
	child->killed = true;
	if (child->pid)
		kill(child->pid, SIGKILL);
}

bool child_runs(const struct child *child)
{
	return child->pid != 0;
}

bool child_is_ready(const struct child *child)
{
	return child->ready;
}

const char *child_name(const struct child *child)
{
	return child->options.kind->name;
}

const char *child_status(const struct child *child)
{
	return child->status;
}
