// SPDX-License-Identifier: GPL-2.0-or-later
/* The node: its list, and its place in the event loop.
 *
 * A list that is set is merged with the one before, by key. Who stays is shaped anew (node_router.c), and the keeper is told of
 * all of them: it finds who is another now. What the kernel tells of interfaces shapes those that it is about, in the same way,
 * and the keeper is told once for all that came in a turn.
 *
 * Who is no more stays until the kernel has let go of his addresses, then of his macvlan; so does the lease's word of them.
 *
 * One timer serves all state machines, before everything else that is ready in a turn. When it comes late, because this process
 * did not run, what has arrived meanwhile must be heard first, else a silence would be taken for one that was none: it lets the
 * sockets have a turn, once. After a longer pause the machines are told of it: others may have taken over.
 *
 * Order of a start: everything is read; the list is set, with who may resume; what is left over from before goes. */
#include "vrrp/node.h"

#include <errno.h>

#include "base/log.h"
#include "base/loop.h"
#include "vrrp/accept_watch.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

#define NODE_RUN_MOST  64           /* routers whose time has come, in one go */
#define NODE_LATE_NS   2000000ull   /* of the timer: what has arrived is heard first */
#define NODE_THAWED_NS 200000000ull /* likewise: this process was stopped */
/* Timers. */

void node_set_timer(struct node *node)
{
	uint64_t next = keeper_next(node->keeper);

	if (next == node->due)
		return;
	node->due = next;
	loop_timer_set(node->timer, next == HEAP_NEVER ? LOOP_NEVER : next);
}

void node_clear_cause(struct node *node)
{
	node->cause = (struct node_cause){};
}

void node_tell_router(struct node_router *router, const struct vrrp_event *event, uint64_t now)
{
	struct node *node = router->node;

	if (!router->item)
		return;
	node->cause = (struct node_cause){
		.router = router, .type = event->type, .advertisement = event->advertisement};
	keeper_handle(node->keeper, router->item, event, now);
	node_clear_cause(node);
}

static void node_run(struct node *node, uint64_t now)
{
	node->cause.type = VRRP_EVENT_TIMER;
	keeper_run(node->keeper, now, NODE_RUN_MOST);
	node_clear_cause(node);
	node->due = HEAP_NEVER;
	node_set_timer(node);
}

static void node_thaw(struct node *node)
{
	node->thawed++;
	node->cause.type = VRRP_EVENT_THAW;
	keeper_thaw(node->keeper, loop_clock());
	node_clear_cause(node);
	node_set_timer(node);
}

static void node_on_timer(void *data)
{
	struct node *node = data;
	uint64_t now = loop_clock();
	uint64_t late = node->due < now ? now - node->due : 0;

	node->late_ns = MAX(node->late_ns, node->deferred ? 0 : late);
	if (!node->deferred && late > NODE_LATE_NS && node->due != HEAP_NEVER) {
		node->deferred = true;
		if (late > NODE_THAWED_NS) {
			log_warning("this process did not run for %.2f s", (double)late / 1e9);
			node_thaw(node);
		}
		loop_source_set_priority(node->timer, LOOP_PRIORITY_NORMAL);
		loop_timer_set(node->timer, now);
		return;
	}
	if (node->deferred) {
		node->deferred = false;
		loop_source_set_priority(node->timer, LOOP_PRIORITY_FIRST);
	}
	node_run(node, loop_clock());
}

static void node_on_wait(void *data)
{
	struct node *node = data;
	uint64_t now = loop_now(node->options.loop);

	while (heap_next(&node->waits) <= now) {
		struct node_router *router = (struct node_router *)heap_first(&node->waits);

		log_object_warning(router->object,
			"its services are not there yet: its addresses wait no longer");
		node_hold(router);
	}
	loop_timer_set(node->wait, heap_next(&node->waits));
}

/* What can run, and begins. */

void node_look_at(struct node_router *router)
{
	bool able = node_router_is_able(router);
	const struct vrrp_event event = {.type = able ? VRRP_EVENT_UP : VRRP_EVENT_DOWN};

	if (able == router->able || !router->item)
		return;
	router->able = able;
	node_tell_router(router, &event, loop_now(router->node->options.loop));
}

static void node_begin(struct node_router *router, uint64_t now)
{
	struct node *node = router->node;

	if (router->begun || !router->item)
		return;
	router->begun = true;
	node->cause.type = router->left.sent ? VRRP_EVENT_RESUME : VRRP_EVENT_START;
	node->cause.router = router;
	keeper_begin(node->keeper, router->item, now);
	node_clear_cause(node);
}

/* Those whose `start-timeout` is over, or that may resume; all of them when the table is filled. */
void node_begin_due(struct node *node)
{
	uint64_t now = loop_now(node->options.loop), next = LOOP_NEVER;

	vector_foreach(&node->routers, place) {
		struct node_router *router = place->router;
		uint64_t due = node->began + router->config->start_timeout;

		if (router->begun)
			continue;
		if (node->ready || due <= now || vrrp_lease_holds(&router->left, now))
			node_begin(router, now);
		else
			next = MIN(next, due);
	}
	/* Who comes later joins those that run. */
	if (node->ready)
		keeper_start(node->keeper, now);
	loop_timer_set(node->starts, next);
	node_set_timer(node);
}

static bool node_is_overdue(const struct node_router *router, const void *now)
{
	return router->config && !router->begun &&
	       router->node->began + router->config->start_timeout <= *(const uint64_t *)now;
}

static void node_on_starts(void *data)
{
	struct node *node = data;
	const uint64_t now = loop_now(node->options.loop);
	_cleanup_free_ char *whose = node_whose(node, node_is_overdue, &now);

	log_object_warning(whose, "no reconcile was told of in time: it starts without one");
	node_begin_due(node);
}

void node_start(struct node *node)
{
	node->ready = true;
	if (node->stopping || !node->routers.count)
		return;
	node_begin_due(node);
}

void node_forget_supposed(struct node *node)
{
	vector_foreach(&node->routers, place)
		place->router->defied = (struct node_defied){};
}

/* Work: what must not be done where it was told. */

static void node_free_router(struct node *node, struct node_router *router)
{
	node_unnumber(node, router);
	node->accept.stale |= router->refuses;
	node_forget(router);
	if (node->lease)
		lease_let_go(node->lease, &router->cell);
	node_router_free(router);
}

/* What is no longer in the kernel is done with. From the end: each that goes shortens the list. */
static void node_tidy(struct node *node)
{
	for (size_t i = node->numbered.count; i-- > 0;) {
		struct node_router *router = node->numbered.items[i].router;

		if (router->place == NODE_PLACE_BARE) {
			if (router->wants_macvlan)
				vrrp_macvlans_drop(node->macvlans, router->number);
			node_free_router(node, router);
		}
	}
}

/* Addresses that an earlier process left, and nobody here has. */
static void node_let_go_left(struct node *node)
{
	size_t kept = 0;

	vector_foreach(&node->left.addresses, left) {
		if (vrrp_addresses_have(
			    node->addresses, left->address.ifindex, &left->address.address))
			node->left.addresses.items[kept++] = *left;
		else
			lease_let_go(node->lease, &left->cell);
	}
	node->left.addresses.count = kept;
}

/* An empty list: also what an earlier process left goes. */
static void node_end(struct node *node)
{
	if (!node->ending)
		node_refuse(node);
	node->ending = true;
	/* Its answer asks for work. */
	if (node->accept.setting)
		return;
	node->told = true;
	node->options.stopped(node->options.data);
}

/* What is there by now may be others'. */
static void node_end_sweep(struct node *node)
{
	node->sweeping = node->settled = false;
	vrrp_addresses_unsettle(node->addresses);
	if (node->options.swept)
		node->options.swept(node->options.data);
}

static void node_on_work(void *data)
{
	struct node *node = data;

	if (node->strayed)
		node_find_strayed(node);
	if (node->altered)
		node_restore_macs(node);
	if (node->moving)
		node_find_sources(node);
	/* Before what is not accepted can be there, and after it is gone. */
	if (node->accept.stale)
		node_refuse(node);
	if (node->changed && !node->stopping)
		node_tell_keeper(node);
	if (node->leaving) {
		node->leaving = false;
		node_tidy(node);
	}
	if (node->accept.stale)
		node_refuse(node);
	if (node->settled && node->left.addresses.count && vrrp_addresses_are_idle(node->addresses))
		node_let_go_left(node);
	if (node->sweeping && node->settled && vrrp_addresses_are_idle(node->addresses))
		node_end_sweep(node);
	if (node->stopping && !node->told && node->settled && !node->numbered.count &&
		vrrp_addresses_are_idle(node->addresses))
		node_end(node);
	node_set_timer(node);
}

/* Life. */

/* An order, and then an empty list. */
void node_stop(struct node *node)
{
	if (node->stopping)
		return;
	node->cause.type = VRRP_EVENT_STOP;
	keeper_stop(node->keeper, loop_now(node->options.loop));
	keeper_set(node->keeper, NULL, 0, loop_now(node->options.loop));
	node_clear_cause(node);
	vector_clear(&node->routers);
	vector_clear(&node->mappings);
	loop_timer_set(node->starts, LOOP_NEVER);
	node->stopping = true;
	if (node->read)
		node_settle(node);
	loop_timer_set(node->retry, loop_now(node->options.loop));
	loop_work_ask(node->work);
	node_set_timer(node);
}

void node_own(struct node *node)
{
	node->guest = node->sweeping = false;
}

void node_sweep(struct node *node)
{
	node->sweeping = node->guest;
	if (node->sweeping && node->read)
		node_on_read(node);
}

static int node_open_kernel(struct node *node, struct error *error)
{
	const struct vrrp_links_options links = {.changed = node_on_link,
		.renamed = node_on_renamed,
		.read = node_on_read,
		.is_virtual = vrrp_addresses_kernel_marks() ? NULL : node_is_virtual,
		.data = node};
	const struct vrrp_locals_options locals = {.changed = node_on_locals, .data = node};
	const struct vrrp_addresses_options addresses = {.news = node_on_news, .data = node};
	const struct vrrp_macvlans_options macvlans = {.ready = node_on_macvlan, .data = node};
	const struct vrrp_hand_owner hand = {.enter = node->options.enter_hand,
		.data = node->options.data,
		.lease = node->options.lease,
		.worker = vrrp_errands_worker(node->errands)};
	int r = vrrp_netlink_new(node->options.loop, &hand, &node->netlink, error);

	if (r < 0)
		return r;
	vrrp_errands_use(node->errands, vrrp_netlink_hand(node->netlink));
	node->links = vrrp_links_new(node->netlink, &links);
	node->locals = vrrp_locals_new(node->netlink, &locals);
	r = vrrp_addresses_new(node->options.loop, node->netlink, node->links, node->errands,
		&addresses, &node->addresses);
	if (r < 0)
		return r;
	node->macvlans = vrrp_macvlans_new(
		node->netlink, node->links, node->addresses, node->errands, &macvlans);
	return 0;
}

static int node_open_timers(struct node *node)
{
	struct loop *loop = node->options.loop;
	int r = loop_add_timer(loop, node_on_timer, node, &node->timer);

	if (r == 0)
		r = loop_add_timer(loop, node_on_starts, node, &node->starts);
	if (r == 0)
		r = loop_add_timer(loop, node_on_wait, node, &node->wait);
	if (r == 0)
		r = loop_add_timer(loop, node_on_retry, node, &node->retry);
	if (r == 0)
		r = loop_add_timer(loop, node_on_lapse, node, &node->lapse);
	if (r == 0)
		r = loop_add_timer(loop, node_on_accept, node, &node->accept.timer);
	if (r == 0)
		r = loop_add_work(loop, node_on_work, node, &node->work);
	if (r < 0)
		return r;
	loop_source_set_priority(node->timer, LOOP_PRIORITY_FIRST);
	/* Else whoever floods the sockets keeps it from its turn. */
	loop_source_set_priority(node->work, LOOP_PRIORITY_NORMAL);
	loop_timer_set(node->retry, loop_now(loop));
	return 0;
}

static int node_open_lease(struct node *node)
{
	int r = node->options.lease >= 0
			? lease_open_writer(node->options.lease, &node->lease, &node->left)
			: 0;

	vector_foreach(&node->left.addresses, left) {
		const struct vrrp_object object = {.kind = VRRP_OBJECT_ADDRESS,
			.ifindex = left->address.ifindex,
			.address = left->address.address,
			.prefix = left->address.prefix};

		vrrp_addresses_left(node->addresses, &object);
	}
	if (node->left.torn)
		log_warning("%zu records of an earlier process are torn", node->left.torn);
	return r;
}

static int node_open(struct node *node, struct error *error)
{
	const struct keeper_options keeper = {.act = node_act, .gone = node_on_gone, .owner = node};
	const struct vrrp_errands_options errands = {.sysctls = node->options.sysctls,
		.unheld = node_on_unheld,
		.refused = node_on_refusal,
		.data = node};
	const struct dispatcher_options dispatcher = {.loop = node->options.loop,
		.owner = node,
		.heard = node_on_heard,
		.refused = node_on_refused,
		.failed = node_on_failed};

	node->errands = vrrp_errands_new(&errands);
	node->keeper = keeper_new(&keeper);
	node->dispatcher = dispatcher_new(&dispatcher);
	int r = node_open_timers(node);
	if (r == 0)
		r = node_open_kernel(node, error);
	if (r == 0)
		r = announce_new(node->options.loop, node_is_allowed, node, &node->announce);
	return r < 0 ? r : node_open_lease(node);
}

int node_new(const struct node_options *options, struct node **ret, struct error *error)
{
	struct node *node = memory_new(sizeof(*node));

	node->options = *options;
	node->guest = options->guest;
	TAILQ_INIT(&node->restores);
	node->due = HEAP_NEVER;
	node->began = loop_clock();
	int r = node_open(node, error);
	if (r < 0) {
		node_free(node);
		return r;
	}
	node_heed_log(node);
	vrrp_netlink_read(node->netlink);
	*ret = node;
	return 0;
}

struct node *node_free(struct node *node)
{
	if (!node)
		return NULL;
	while (node->numbered.count)
		node_router_free(node->numbered.items[--node->numbered.count].router);
	keeper_free(node->keeper);
	dispatcher_free(node->dispatcher);
	announce_free(node->announce);
	vrrp_accept_watch_free(node->accept.watch);
	vrrp_accept_list_clear(&node->accept.list);
	free(node->accept.words);
	vrrp_macvlans_free(node->macvlans);
	vrrp_addresses_free(node->addresses);
	vrrp_errands_put_back(node->errands);
	vrrp_netlink_free(node->netlink);
	node_forget_restores(node);
	vrrp_errands_free(node->errands);
	vrrp_links_free(node->links);
	vrrp_locals_free(node->locals);
	lease_close(node->lease);
	loop_source_free(node->timer);
	loop_source_free(node->starts);
	loop_source_free(node->wait);
	loop_source_free(node->retry);
	loop_source_free(node->lapse);
	loop_source_free(node->accept.timer);
	loop_source_free(node->work);
	lease_snapshot_clear(&node->left);
	heap_clear(&node->waits);
	config_clear(&node->config);
	config_clear(&node->coming);
	vector_clear(&node->facts);
	vector_clear(&node->hints);
	vector_clear(&node->mappings);
	vector_clear(&node->tracked);
	vector_clear(&node->routers);
	vector_clear(&node->numbered);
	free(node);
	return NULL;
}
