// SPDX-License-Identifier: GPL-2.0-or-later
/* The end. One process after the other is asked to stop, in the order of the table, and killed when its time is over. What
 * virtual routers left that could not stop in order is removed as soon as theirs is down; at last what there is to tell is told. */
#include <string.h>

#include "base/log.h"
#include "daemon/process.h"
#include "daemon/service_manager.h"
#include "daemon/supervisor_inside.h"

LOG_MODULE("supervisor");

#define STOP_MOST_NS   (10 * SUPERVISOR_SECOND)
#define REMOVE_MOST_NS (90 * SUPERVISOR_SECOND) /* services are deleted meanwhile */
#define KILL_MOST_NS   (2 * SUPERVISOR_SECOND)  /* the kernel may hold who is killed */
/* For commands of `notify`, when all processes have ended. */
#define TELL_MOST_NS (5 * SUPERVISOR_SECOND)

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

/* What virtual routers leave that could not stop in order goes now. */
static bool supervisor_clears(struct supervisor *supervisor)
{
	const struct child *child = supervisor_find(supervisor, PROCESS_VRRP);

	if (!child || child_runs(child) || !remains_stop(supervisor->remains))
		return false;
	if (!supervisor->hurried)
		loop_timer_set(supervisor->stop_limit, LOOP_NEVER);
	return true;
}

/* The next one that runs is asked to end; after the last, and what it had to tell, the loop ends. */
void supervisor_stop_next(struct supervisor *supervisor)
{
	if (supervisor->hurried && !supervisor_all(supervisor, supervisor_child_is_down))
		return;
	if (supervisor_clears(supervisor))
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

void supervisor_on_stop_limit(void *data)
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

void supervisor_stop(struct supervisor *supervisor)
{
	supervisor->stopping = true;
	service_manager_stopping();
	vector_foreach(&supervisor->children, place)
		child_retire(place->child);
	supervisor_stop_next(supervisor);
}

void supervisor_hurry(struct supervisor *supervisor)
{
	supervisor->hurried = true;
	supervisor_kill_all(supervisor);
	loop_timer_set(supervisor->stop_limit, loop_now(supervisor->loop) + KILL_MOST_NS);
	supervisor_stop_next(supervisor);
}
