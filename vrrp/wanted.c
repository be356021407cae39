// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wanted, what is there, and the difference, kept by object.
 *
 * An item is found by its key in a balanced tree; it is in the list of all, in the list of its router, and in one line at most:
 * its router's queue, or the items in a pause. Each change of an item ends in wanted_decide(), which compares what is wanted
 * with what is there and puts the item where that belongs: nobody else queues anything, and nothing is ever searched.
 *
 *	wanted	absent		ADD
 *	wanted	ours		nothing; or REMOVE, when it is another than the one wanted: then it is absent
 *	wanted	foreign		nothing
 *	not	ours		REMOVE; before the settling only what was wanted once
 *	not	else		the item is forgotten
 *
 * What the kernel told last is what is true. An answer to a request counts only when nothing was seen of the item since it was
 * sent: netlink puts the notification of a change into its queue before the answer, and whoever reads both reads the
 * notifications first, so something seen meanwhile is at least as young.
 *
 * The queue of a router is in the order in which its items were decided upon; the routers that have a queue stand in a ring. */
#include "vrrp/wanted.h"

#include <errno.h>
#include <search.h>

#include "base/macros.h"
#include "base/memory.h"

TAILQ_HEAD(wanted_items, vrrp_wanted_item);
TAILQ_HEAD(wanted_routers, vrrp_wanted_router);

struct vrrp_wanted_router {
	uint64_t number;
	struct wanted_items items, queue;
	size_t open;  /* queued or flying */
	bool telling; /* DONE is to be told when nothing is open */
	TAILQ_ENTRY(vrrp_wanted_router) ring;
};

struct vrrp_wanted {
	void *tree, *routers; /* tsearch(3): by key, by number */
	struct wanted_items all;
	struct heap pauses;
	struct wanted_routers ring;
	struct vrrp_wanted_router nobody;
	size_t count;
	uint64_t set, look;
	bool settled;
	vrrp_wanted_tell *tell;
	void *data;
};

static int wanted_compare_items(const void *a, const void *b)
{
	const struct vrrp_wanted_item *left = a, *right = b;

	return vrrp_object_compare(&left->object, &right->object);
}

static int wanted_compare_routers(const void *a, const void *b)
{
	const struct vrrp_wanted_router *left = a, *right = b;

	return COMPARE(left->number, right->number);
}

static void wanted_router_init(struct vrrp_wanted_router *router, uint64_t number)
{
	router->number = number;
	TAILQ_INIT(&router->items);
	TAILQ_INIT(&router->queue);
}

struct vrrp_wanted *vrrp_wanted_new(vrrp_wanted_tell *tell, void *data)
{
	struct vrrp_wanted *wanted = memory_new(sizeof(*wanted));

	TAILQ_INIT(&wanted->all);
	TAILQ_INIT(&wanted->ring);
	wanted_router_init(&wanted->nobody, VRRP_WANTED_NOBODY);
	wanted->tell = tell;
	wanted->data = data;
	return wanted;
}

struct vrrp_wanted *vrrp_wanted_free(struct vrrp_wanted *wanted)
{
	if (!wanted)
		return NULL;
	tdestroy(wanted->tree, memory_keep);
	tdestroy(wanted->routers, free);
	heap_clear(&wanted->pauses);
	for (struct vrrp_wanted_item *item = TAILQ_FIRST(&wanted->all), *next; item; item = next) {
		next = TAILQ_NEXT(item, all);
		free(item);
	}
	free(wanted);
	return NULL;
}

static struct vrrp_wanted_router *wanted_router(struct vrrp_wanted *wanted, uint64_t number)
{
	struct vrrp_wanted_router key = {.number = number};

	if (number == VRRP_WANTED_NOBODY)
		return &wanted->nobody;
	struct vrrp_wanted_router **found = tfind(&key, &wanted->routers, wanted_compare_routers);
	if (found)
		return *found;
	struct vrrp_wanted_router *router = memory_new(sizeof(*router));
	wanted_router_init(router, number);
	if (!tsearch(router, &wanted->routers, wanted_compare_routers))
		abort();
	return router;
}

/* Tells that nothing is under way; a router without items is forgotten. */
static void wanted_router_rest(struct vrrp_wanted *wanted, struct vrrp_wanted_router *router)
{
	if (router->open || router == &wanted->nobody)
		return;
	if (router->telling)
		wanted->tell(wanted->data, VRRP_WANTED_DONE, router->number, NULL);
	router->telling = false;
	if (!TAILQ_EMPTY(&router->items))
		return;
	tdelete(router, &wanted->routers, wanted_compare_routers);
	free(router);
}

static struct vrrp_wanted_item *wanted_find(
	const struct vrrp_wanted *wanted, const struct vrrp_object *object)
{
	struct vrrp_wanted_item key = {.object = *object};
	struct vrrp_wanted_item **found = tfind(&key, &wanted->tree, wanted_compare_items);

	return found ? *found : NULL;
}

static struct vrrp_wanted_item *wanted_get(
	struct vrrp_wanted *wanted, const struct vrrp_object *object)
{
	struct vrrp_wanted_item *item = wanted_find(wanted, object);

	if (item)
		return item;
	item = memory_new(sizeof(*item));
	item->object = *object;
	item->router = &wanted->nobody;
	if (!tsearch(item, &wanted->tree, wanted_compare_items))
		abort();
	TAILQ_INSERT_TAIL(&wanted->all, item, all);
	TAILQ_INSERT_TAIL(&item->router->items, item, own);
	wanted->count++;
	return item;
}

/* Out of its line. A router of which nothing else is open learns of it by wanted_router_rest(). */
static void wanted_unline(struct vrrp_wanted *wanted, struct vrrp_wanted_item *item)
{
	struct vrrp_wanted_router *router = item->router;

	if (item->place == VRRP_WANTED_QUEUED) {
		TAILQ_REMOVE(&router->queue, item, line);
		if (TAILQ_EMPTY(&router->queue))
			TAILQ_REMOVE(&wanted->ring, router, ring);
		router->open--;
	} else if (item->place == VRRP_WANTED_PARKED) {
		heap_set(&wanted->pauses, &item->pause, HEAP_NEVER);
	}
	item->place = VRRP_WANTED_IDLE;
}

static void wanted_queue(
	struct vrrp_wanted *wanted, struct vrrp_wanted_item *item, enum vrrp_wanted_op op)
{
	struct vrrp_wanted_router *router = item->router;

	if (item->place == VRRP_WANTED_QUEUED && item->op == op)
		return;
	wanted_unline(wanted, item);
	if (TAILQ_EMPTY(&router->queue))
		TAILQ_INSERT_TAIL(&wanted->ring, router, ring);
	TAILQ_INSERT_TAIL(&router->queue, item, line);
	router->open++;
	item->place = VRRP_WANTED_QUEUED;
	item->op = op;
}

static void wanted_park(
	struct vrrp_wanted *wanted, struct vrrp_wanted_item *item, unsigned int times, uint64_t now)
{
	wanted_unline(wanted, item);
	item->place = VRRP_WANTED_PARKED;
	heap_set(&wanted->pauses, &item->pause,
		now + (VRRP_WANTED_PAUSE_NS << MIN(times, VRRP_WANTED_PAUSES)));
}

static void wanted_forget(struct vrrp_wanted *wanted, struct vrrp_wanted_item *item)
{
	tdelete(item, &wanted->tree, wanted_compare_items);
	TAILQ_REMOVE(&wanted->all, item, all);
	TAILQ_REMOVE(&item->router->items, item, own);
	wanted->count--;
	free(item);
}

static enum vrrp_wanted_op wanted_op(
	const struct vrrp_wanted *wanted, const struct vrrp_wanted_item *item)
{
	if (item->wanted && item->presence == VRRP_WANTED_ABSENT)
		return VRRP_WANTED_ADD;
	if (item->presence != VRRP_WANTED_OURS)
		return VRRP_WANTED_NONE;
	if (item->wanted && !item->again &&
		(item->current || vrrp_object_is(&item->object, &item->seen)))
		return VRRP_WANTED_NONE;
	if (item->wanted)
		return VRRP_WANTED_REMOVE;
	if (item->router == &wanted->nobody && !wanted->settled)
		return VRRP_WANTED_NONE;
	return VRRP_WANTED_REMOVE;
}

/* Puts the item where it belongs, which may be nowhere: then it is gone. A pause is kept for what is still to be done; who let
 * go of something else meanwhile does not wait. */
static void wanted_decide(struct vrrp_wanted *wanted, struct vrrp_wanted_item *item)
{
	enum vrrp_wanted_op op = wanted_op(wanted, item);

	if (item->place == VRRP_WANTED_FLYING)
		return;
	if (op != VRRP_WANTED_NONE) {
		if (item->place != VRRP_WANTED_PARKED || item->op != op)
			wanted_queue(wanted, item, op);
		return;
	}
	wanted_unline(wanted, item);
	item->op = VRRP_WANTED_NONE;
	if (!item->wanted && item->presence != VRRP_WANTED_OURS && (!item->left || wanted->settled))
		wanted_forget(wanted, item);
}

static void wanted_move(struct vrrp_wanted *wanted, struct vrrp_wanted_item *item,
	struct vrrp_wanted_router *router)
{
	struct vrrp_wanted_router *before = item->router;

	if (item->place == VRRP_WANTED_QUEUED && before != router)
		wanted_unline(wanted, item);
	if (item->place == VRRP_WANTED_FLYING) {
		before->open--;
		router->open++;
	}
	TAILQ_REMOVE(&before->items, item, own);
	TAILQ_INSERT_TAIL(&router->items, item, own);
	item->router = router;
	if (before != router)
		wanted_router_rest(wanted, before);
}

/* In two steps, so that everything is decided upon in the order that was asked for: additions, then removals backwards. */
void vrrp_wanted_set(struct vrrp_wanted *wanted, uint64_t number, const struct vrrp_object *objects,
	size_t count)
{
	struct vrrp_wanted_router *router = wanted_router(wanted, number);

	router->telling = true;
	router->open++; /* it is not forgotten meanwhile */
	wanted->set++;
	for (size_t i = 0; i < count; i++) {
		struct vrrp_wanted_item *item = wanted_get(wanted, &objects[i]);

		if (!vrrp_object_is(&objects[i], &item->object))
			item->current = false;
		item->object = objects[i];
		wanted_move(wanted, item, router);
		item->wanted = true;
		item->set = wanted->set;
		wanted_decide(wanted, item);
	}
	for (struct vrrp_wanted_item *item = TAILQ_LAST(&router->items, wanted_items), *next; item;
		item = next) {
		next = TAILQ_PREV(item, wanted_items, own);
		if (item->set == wanted->set)
			continue;
		item->wanted = false;
		wanted_decide(wanted, item);
	}
	router->open--;
	wanted_router_rest(wanted, router);
}

struct vrrp_wanted_item *vrrp_wanted_next(struct vrrp_wanted *wanted)
{
	struct vrrp_wanted_router *router = TAILQ_FIRST(&wanted->ring);

	if (!router)
		return NULL;
	struct vrrp_wanted_item *item = TAILQ_FIRST(&router->queue);
	TAILQ_REMOVE(&wanted->ring, router, ring);
	TAILQ_REMOVE(&router->queue, item, line);
	if (!TAILQ_EMPTY(&router->queue))
		TAILQ_INSERT_TAIL(&wanted->ring, router, ring);
	item->place = VRRP_WANTED_FLYING;
	item->touched = false;
	return item;
}

/* What was seen of it since has no mark where the kernel keeps none: then it is ours for having been made by us. */
static void wanted_added(struct vrrp_wanted_item *item)
{
	item->made = !item->touched || item->presence == VRRP_WANTED_FOREIGN;
	if (!item->touched)
		item->seen = item->object;
	if (item->made)
		item->presence = VRRP_WANTED_OURS;
	item->current = item->presence == VRRP_WANTED_OURS;
}

/* What an answer says when nothing was seen meanwhile. */
static void wanted_answer(
	struct vrrp_wanted *wanted, struct vrrp_wanted_item *item, int code, uint64_t now)
{
	if (item->op == VRRP_WANTED_REMOVE) {
		if (!item->touched)
			item->presence = VRRP_WANTED_ABSENT;
		item->made = item->current = item->left = item->again = false;
		return;
	}
	if (code == 0) {
		item->back_at = now;
		wanted_added(item);
		wanted->tell(wanted->data, VRRP_WANTED_CAME, item->router->number, item);
		return;
	}
	if (item->touched || item->presence != VRRP_WANTED_ABSENT)
		return;
	item->presence = VRRP_WANTED_FOREIGN;
	wanted->tell(wanted->data, VRRP_WANTED_FOUND, item->router->number, item);
}

void vrrp_wanted_done(
	struct vrrp_wanted *wanted, struct vrrp_wanted_item *item, int code, uint64_t now)
{
	struct vrrp_wanted_router *router = item->router;

	item->place = VRRP_WANTED_IDLE;
	if (vrrp_object_code_is_success(&item->object, item->op == VRRP_WANTED_ADD, code)) {
		item->failures = 0;
		wanted_answer(wanted, item, code, now);
	} else {
		bool told = item->failures && item->code == code;

		item->code = code;
		if (!told)
			wanted->tell(wanted->data, VRRP_WANTED_FAILED, router->number, item);
		if (wanted_op(wanted, item) == item->op)
			wanted_park(wanted, item, item->failures, now);
		item->failures++;
	}
	wanted_decide(wanted, item);
	router->open--;
	wanted_router_rest(wanted, router);
}

bool vrrp_wanted_is_idle(const struct vrrp_wanted *wanted)
{
	return TAILQ_EMPTY(&wanted->ring);
}

/* Somebody took away what is wanted. */
static void wanted_lose(struct vrrp_wanted *wanted, struct vrrp_wanted_item *item, uint64_t now)
{
	if (now - item->back_at >= VRRP_WANTED_QUIET_NS)
		item->losses = 0;
	item->losses++;
	if (item->router != &wanted->nobody)
		item->router->telling = true;
	if (item->losses <= VRRP_WANTED_AT_ONCE) {
		wanted->tell(wanted->data, VRRP_WANTED_LOST, item->router->number, item);
		return;
	}
	item->op = VRRP_WANTED_ADD;
	wanted_park(wanted, item, item->losses - VRRP_WANTED_AT_ONCE - 1, now);
	wanted->tell(wanted->data, VRRP_WANTED_FOUGHT, item->router->number, item);
}

static enum vrrp_wanted_presence wanted_presence(
	const struct vrrp_wanted_item *item, const struct vrrp_object_seen *seen)
{
	if (!seen->present)
		return VRRP_WANTED_ABSENT;
	return seen->marked || item->made || item->left ? VRRP_WANTED_OURS : VRRP_WANTED_FOREIGN;
}

void vrrp_wanted_seen(struct vrrp_wanted *wanted, const struct vrrp_object_seen *seen, uint64_t now)
{
	struct vrrp_wanted_item *item = wanted_find(wanted, &seen->object);

	if (!item) {
		if (!seen->present || !seen->marked)
			return;
		item = wanted_get(wanted, &seen->object);
	}
	struct vrrp_wanted_router *router = item->router;
	enum vrrp_wanted_presence before = item->presence;
	item->presence = wanted_presence(item, seen);
	item->seen = seen->object;
	item->look = wanted->look;
	item->touched = true;
	if (!seen->present || seen->marked)
		item->made = false;
	if (!seen->present)
		item->current = false;
	if (item->wanted && before != VRRP_WANTED_ABSENT && !seen->present &&
		item->place == VRRP_WANTED_IDLE)
		wanted_lose(wanted, item, now);
	wanted_decide(wanted, item);
	wanted_router_rest(wanted, router);
}

void vrrp_wanted_look(struct vrrp_wanted *wanted)
{
	wanted->look++;
}

void vrrp_wanted_looked(struct vrrp_wanted *wanted, uint64_t now)
{
	for (struct vrrp_wanted_item *item = TAILQ_FIRST(&wanted->all), *next; item; item = next) {
		struct vrrp_wanted_router *router = item->router;

		next = TAILQ_NEXT(item, all);
		if (item->look == wanted->look || item->presence == VRRP_WANTED_ABSENT ||
			item->place == VRRP_WANTED_FLYING)
			continue;
		/* Of what is foreign a look may say nothing. */
		bool lost = item->wanted && item->presence == VRRP_WANTED_OURS &&
			    item->place == VRRP_WANTED_IDLE;
		item->presence = VRRP_WANTED_ABSENT;
		item->made = item->current = false;
		if (lost)
			wanted_lose(wanted, item, now);
		wanted_decide(wanted, item);
		wanted_router_rest(wanted, router);
	}
}

bool vrrp_wanted_again(struct vrrp_wanted *wanted, const struct vrrp_object *object)
{
	struct vrrp_wanted_item *item = wanted_find(wanted, object);

	if (!item || !item->wanted || item->presence != VRRP_WANTED_OURS ||
		item->place != VRRP_WANTED_IDLE)
		return false;
	item->again = true;
	wanted_decide(wanted, item);
	return true;
}

void vrrp_wanted_left(struct vrrp_wanted *wanted, const struct vrrp_object *object)
{
	struct vrrp_wanted_item *item = wanted_get(wanted, object);

	item->left = true;
	if (item->presence == VRRP_WANTED_FOREIGN)
		item->presence = VRRP_WANTED_OURS;
}

void vrrp_wanted_settle(struct vrrp_wanted *wanted)
{
	struct wanted_items *items = &wanted->nobody.items;

	wanted->settled = true;
	for (struct vrrp_wanted_item *item = TAILQ_LAST(items, wanted_items), *next; item;
		item = next) {
		next = TAILQ_PREV(item, wanted_items, own);
		wanted_decide(wanted, item);
	}
}

void vrrp_wanted_unsettle(struct vrrp_wanted *wanted)
{
	wanted->settled = false;
}

uint64_t vrrp_wanted_next_wake(const struct vrrp_wanted *wanted)
{
	return heap_next(&wanted->pauses);
}

static struct vrrp_wanted_item *wanted_of_pause(struct heap_entry *pause)
{
	return (void *)((char *)pause - offsetof(struct vrrp_wanted_item, pause));
}

void vrrp_wanted_wake(struct vrrp_wanted *wanted, uint64_t now)
{
	while (heap_next(&wanted->pauses) <= now) {
		struct vrrp_wanted_item *item = wanted_of_pause(heap_first(&wanted->pauses));

		wanted_unline(wanted, item);
		wanted_decide(wanted, item);
	}
}

const struct vrrp_wanted_item *vrrp_wanted_find(
	const struct vrrp_wanted *wanted, const struct vrrp_object *object)
{
	return wanted_find(wanted, object);
}

size_t vrrp_wanted_count(const struct vrrp_wanted *wanted)
{
	return wanted->count;
}

size_t vrrp_wanted_paused(const struct vrrp_wanted *wanted)
{
	return wanted->pauses.count;
}
