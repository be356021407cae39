// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers that the files have no more: by interface, VRID and family, whatever they are called. Their process cannot tell of
 * their end, because a move means a place in the plan in force, and there they have none. It is told here when that plan is in
 * force, and before anything of it: until then, and for as long as it is refused, they go on. Where the files have one again
 * before that, nothing of it was told, and it stands in the table as if it had always been there.
 *
 * The command that hears it is the one that the files had with it last. */
#include "base/timespec.h"
#include "daemon/routing_inside.h"
#include "vrrp/node.h"

int routing_compare_names(const void *key, const void *item)
{
	const struct routing_router *left = key, *right = item;
	int order = strcmp(left->name, right->name);

	return order ? order : COMPARE(left->told.family, right->told.family);
}

static int routing_compare_left(const void *a, const void *b)
{
	return routing_compare_names(a, b);
}

void routing_clear_list(struct routing_list *list)
{
	vector_foreach(list, router)
		for (size_t i = 0; i < router->change_count; i++)
			free(router->changes[i].why);
	vector_clear(list);
}

static void routing_copy_words(
	struct arena *arena, const struct config_text_list *words, struct config_text_list *ret)
{
	const char **copies = arena_new(arena, (words->count + 1) * sizeof(*copies));

	for (size_t i = 0; i < words->count; i++)
		copies[i] = arena_copy_string(arena, words->items[i]);
	*ret = (struct config_text_list){.items = copies, .count = words->count};
}

void routing_keep_commands(struct routing *routing, const struct config *config)
{
	arena_clear(&routing->commands);
	routing->commands = (struct arena){};
	vector_foreach(&routing->routers, router)
		routing_copy_words(&routing->commands,
			&config->routers.items[router->told.router].notify, &router->notify);
}

/* Of those that never were anything but at rest nobody believes otherwise; who has a place in the table left that behind. */
static void routing_leave_of(
	struct routing_list *from, struct routing_list *to, struct arena *memory)
{
	vector_foreach(from, router) {
		if (router->told.state == VRRP_STATE_INITIALIZE)
			continue;
		struct routing_router *left = vector_append(to);

		*left = *router;
		left->name = arena_copy_string(memory, router->name);
		left->interface = arena_copy_string(memory, router->interface);
		routing_copy_words(memory, &router->notify, &left->notify);
		/* What is said from now on is not kept for it. */
		left->known = false;
		left->silent = 0;
		router->change_count = 0;
	}
}

void routing_leave(struct routing *routing, struct routing_list *before)
{
	struct routing_list left = {};
	struct arena memory = {};

	routing_leave_of(&routing->left, &left, &memory);
	routing_leave_of(before, &left, &memory);
	vector_sort(&left, routing_compare_left);
	routing_clear_list(&routing->left);
	arena_clear(&routing->left_memory);
	routing->left = left;
	routing->left_memory = memory;
}

static const char *routing_why_left(
	const struct routing *routing, const struct routing_router *router)
{
	const uint16_t other = router->told.family == AF_INET ? AF_INET6 : AF_INET;

	if (routing_find(routing, router->name, router->told.family))
		return NODE_LEFT_ITS_KEY;
	return routing_find(routing, router->name, other) ? NODE_LEFT_ITS_FAMILY
							  : NODE_LEFT_THE_FILES;
}

void routing_tell_left(struct routing *routing)
{
	uint64_t now = timespec_now(CLOCK_REALTIME);

	vector_foreach(&routing->left, router) {
		const struct routing_move move = {.router = router,
			.from = (enum vrrp_state)router->told.state,
			.to = VRRP_STATE_INITIALIZE,
			.wall = now,
			.why = routing_why_left(routing, router),
			.left = true};

		routing->options.moved(routing->options.data, &move);
	}
	routing_clear_list(&routing->left);
	arena_clear(&routing->left_memory);
	routing->left_memory = (struct arena){};
}
