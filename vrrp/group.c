// SPDX-License-Identifier: GPL-2.0-or-later
#include "vrrp/group.h"

#include "base/macros.h"

/* A group has no state of its own: what it does follows from what its members are. After each event of a member the three
 * rules are looked at in turn: can everybody run, has one become backup, has everybody's time come. A member is told by an
 * event as any other, and its table says what that means to it. */

static uint8_t group_priority(const struct vrrp_group *group)
{
	uint8_t lowest = VRRP_PRIORITY_OWNER;

	for (size_t i = 0; i < group->count; i++)
		lowest = MIN(lowest, group->members[i].priority);
	return lowest;
}

static void group_tell(struct vrrp_group *group, const struct vrrp_event *event, uint64_t now)
{
	for (size_t i = 0; i < group->count; i++)
		vrrp_router_handle(
			group->members[i].router, event, now, &group->members[i].actions);
}

void vrrp_group_init(struct vrrp_group *group)
{
	uint8_t priority;

	for (size_t i = 0; i < group->count; i++)
		group->members[i].priority = group->members[i].router->parameters.priority;
	priority = group_priority(group);
	for (size_t i = 0; i < group->count; i++) {
		struct vrrp_router *router = group->members[i].router;

		router->grouped = group->count > 1;
		router->leader = i == 0;
		router->complete = group->count == 1;
		router->parameters.priority = priority;
	}
}

/* Everybody can run, or nobody does. */
static void group_complete(struct vrrp_group *group, uint64_t now)
{
	struct vrrp_event event = {.type = VRRP_EVENT_GROUP_UP, .resume = true};
	bool known = true;

	for (size_t i = 0; i < group->count; i++) {
		const struct vrrp_router *router = group->members[i].router;

		if (!router->started || !router->up)
			event.type = VRRP_EVENT_GROUP_DOWN;
		if (!vrrp_lease_holds(&router->lease, now))
			event.resume = false;
	}
	for (size_t i = 0; i < group->count; i++)
		if (group->members[i].router->complete != (event.type == VRRP_EVENT_GROUP_UP))
			known = false;
	if (!known)
		group_tell(group, &event, now);
}

static bool group_is_active(const struct vrrp_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->members[i].router->state == VRRP_STATE_ACTIVE)
			return true;
	return false;
}

/* Of those that are active. */
static bool group_has_lease(const struct vrrp_group *group, uint64_t now)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct vrrp_router *router = group->members[i].router;

		if (router->state == VRRP_STATE_ACTIVE && !vrrp_lease_holds(&router->lease, now))
			return false;
	}
	return true;
}

/* One that has only just come to the group listens, and keeps nobody back before it has heard somebody. */
static bool group_is_kept_back(const struct vrrp_group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct vrrp_router *router = group->members[i].router;

		if (router->state == VRRP_STATE_BACKUP && !router->joining)
			return true;
	}
	return false;
}

/* The time of everybody has come, or came long ago: who is active still has its lease then, else it first has to become backup. */
static bool group_is_willing(const struct vrrp_group *group, uint64_t now)
{
	bool waits = false;

	for (size_t i = 0; i < group->count; i++) {
		const struct vrrp_router *router = group->members[i].router;

		if (router->state == VRRP_STATE_ACTIVE && vrrp_lease_holds(&router->lease, now))
			continue;
		if (!vrrp_router_is_willing(router))
			return false;
		waits = true;
	}
	return waits;
}

static void group_take_over(struct vrrp_group *group, uint64_t now)
{
	static const struct vrrp_event active = {.type = VRRP_EVENT_GROUP_ACTIVE};

	if (group_is_willing(group, now))
		group_tell(group, &active, now);
}

/* `lease`: before what has happened it had one. */
static void group_settle(struct vrrp_group *group, bool lease, uint64_t now)
{
	const struct vrrp_event backup = {.type = VRRP_EVENT_GROUP_BACKUP, .resume = lease};

	group_complete(group, now);
	if (group_is_active(group) && group_is_kept_back(group))
		group_tell(group, &backup, now);
	group_take_over(group, now);
}

void vrrp_group_regroup(struct vrrp_group *group, uint64_t now)
{
	const struct vrrp_event alone = {.type = VRRP_EVENT_GROUP_UP, .resume = true};
	const struct vrrp_event shared = {
		.type = VRRP_EVENT_PRIORITY, .priority = group_priority(group)};
	bool active = group_is_active(group), lease = group_has_lease(group, now);

	for (size_t i = 0; i < group->count; i++) {
		struct vrrp_router *router = group->members[i].router;

		group->members[i].actions.count = 0;
		router->grouped = group->count > 1;
		router->leader = i == 0;
		/* Whether those who do not run may is to be found out, and told. */
		if (router->state == VRRP_STATE_INITIALIZE)
			router->complete = false;
		router->joining =
			active && (router->joining || router->state == VRRP_STATE_INITIALIZE);
	}
	group_tell(group, &shared, now);
	if (group->count > 1) {
		group_settle(group, lease, now);
		return;
	}
	group_tell(group, &alone, now);
	/* Perhaps it waited only for those that it has left. */
	group_take_over(group, now);
}

/* The members' own priorities are kept here, and each router is told the lowest. */
static void group_configure(
	struct vrrp_group *group, size_t index, const struct vrrp_event *event, uint64_t now)
{
	struct vrrp_member *member = group->members + index;
	struct vrrp_event shared = {.type = VRRP_EVENT_PRIORITY};

	member->priority =
		event->type == VRRP_EVENT_PRIORITY ? event->priority : event->parameters->priority;
	shared.priority = group_priority(group);
	if (event->type == VRRP_EVENT_CONFIGURED) {
		struct vrrp_parameters parameters = *event->parameters;
		struct vrrp_event configured = *event;

		parameters.priority = shared.priority;
		configured.parameters = &parameters;
		vrrp_router_handle(member->router, &configured, now, &member->actions);
	}
	group_tell(group, &shared, now);
}

void vrrp_group_handle(
	struct vrrp_group *group, size_t index, const struct vrrp_event *event, uint64_t now)
{
	struct vrrp_member *member = group->members + index;
	bool lease = group_has_lease(group, now);

	for (size_t i = 0; i < group->count; i++)
		group->members[i].actions.count = 0;
	if (event->type == VRRP_EVENT_PRIORITY || event->type == VRRP_EVENT_CONFIGURED)
		group_configure(group, index, event, now);
	else
		vrrp_router_handle(member->router, event, now, &member->actions);
	if (group->count > 1)
		group_settle(group, lease, now);
}
