// SPDX-License-Identifier: GPL-2.0-or-later
/* From the table of what is wanted to the kernel, a portion at a time.
 *
 * A turn gives a few operations together to netlink.h, whose answers come in later turns, and looks at the clock; it ends with
 * the portion, the time, the work, or when too much is under way: then the next answer goes on. More work asks for another turn, at the priority of sockets and timers: below them it would
 * never come while somebody floods this machine with packets, above them it would keep advertisements waiting.
 *
 * IPv4 routes go without a word when the kernel takes away the address or the interface that they need. So when somebody
 * has taken away one of these, and there are routes, everything is read again. */
#include "vrrp/address.h"

#include <errno.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/loop.h"
#include "base/macros.h"
#include "base/memory.h"
#include "base/vector.h"
#include "vrrp/link.h"
#include "vrrp/netlink.h"
#include "vrrp/primary.h"

#define ADDRESSES_PROMOTE    "promote_secondaries"
#define ADDRESSES_MARK_MAJOR 5u
#define ADDRESSES_MARK_MINOR 18u

/* A request that is under way. */
struct address_flight {
	struct vrrp_addresses *addresses;
	struct vrrp_wanted_item *item; /* NULL: free */
};

struct address_prepared {
	int ifindex;
	uint64_t router;                  /* that wanted it first */
	char name[VRRP_SYSCTL_NAME_SIZE]; /* of the sysctl */
	bool failed;                      /* it could not be set */
};

struct address_prepareds {
	VECTOR_OF(struct address_prepared); /* by ifindex */
};

struct vrrp_addresses {
	struct loop *loop;
	struct vrrp_netlink *netlink;
	struct vrrp_links *links;
	struct vrrp_errands *errands;
	struct vrrp_addresses_options options;
	struct vrrp_netlink_listener listener;
	struct vrrp_wanted *wanted;
	struct loop_source *work, *pause;
	struct address_flight flights[VRRP_NETLINK_WINDOW];
	size_t flying;
	struct address_prepareds prepared;
	struct vrrp_primaries primaries;
	struct vrrp_addresses_counters counters;
	const char *words; /* of the answer that is being handled */
	bool behind; /* one of ours steps behind one of the machine's own: read again afterwards */
	bool opened, settling, routed, marks;
};

/* Work and pauses, as the table has them now. */
static void addresses_go_on(struct vrrp_addresses *addresses)
{
	uint64_t wake = vrrp_wanted_next_wake(addresses->wanted);

	if (addresses->opened && !vrrp_wanted_is_idle(addresses->wanted))
		loop_work_ask(addresses->work);
	loop_timer_set(addresses->pause, wake == HEAP_NEVER ? LOOP_NEVER : wake);
	if (addresses->behind && !addresses->flying && vrrp_wanted_is_idle(addresses->wanted)) {
		addresses->behind = false;
		vrrp_netlink_read(addresses->netlink);
	}
}

/* Something that another program took away: what it takes along is not told. */
static void addresses_lost(
	struct vrrp_addresses *addresses, bool fought, enum vrrp_object_kind kind)
{
	addresses->counters.lost++;
	addresses->counters.fought += fought;
	if (addresses->routed && kind != VRRP_OBJECT_ROUTE)
		vrrp_netlink_read(addresses->netlink);
}

static void addresses_on_news(void *data, enum vrrp_wanted_news news, uint64_t router,
	const struct vrrp_wanted_item *item)
{
	struct vrrp_addresses *addresses = data;
	struct vrrp_addresses_news told = {.news = news, .router = router};

	if (item) {
		told.object = &item->object;
		if (news == VRRP_WANTED_LOST || news == VRRP_WANTED_FOUGHT)
			addresses_lost(addresses, news == VRRP_WANTED_FOUGHT, item->object.kind);
	}
	if (item && news == VRRP_WANTED_FAILED) {
		addresses->counters.failed++;
		told.code = item->code;
		told.words = addresses->words && *addresses->words ? addresses->words
								   : strerror(-item->code);
	}
	addresses->options.news(addresses->options.data, &told);
}

static void addresses_count(struct vrrp_addresses *addresses, enum vrrp_wanted_op op, int code)
{
	if (code < 0)
		return;
	addresses->counters.added += op == VRRP_WANTED_ADD;
	addresses->counters.removed += op == VRRP_WANTED_REMOVE;
}

static void addresses_answered(void *data, int code, const char *words)
{
	struct address_flight *flight = data;
	struct vrrp_addresses *addresses = flight->addresses;
	struct vrrp_wanted_item *item = flight->item;

	flight->item = NULL;
	addresses->flying--;
	addresses_count(addresses, item->op, code);
	addresses->words = words;
	vrrp_wanted_done(addresses->wanted, item, code, loop_now(addresses->loop));
	addresses->words = NULL;
	addresses_go_on(addresses);
}

static struct address_flight *addresses_flight(struct vrrp_addresses *addresses)
{
	size_t i = 0;

	while (addresses->flights[i].item)
		i++;
	return &addresses->flights[i];
}

/* What goes is asked for as it is, not as it would be wanted now. */
static void addresses_request(struct vrrp_addresses *addresses, struct vrrp_wanted_item *item)
{
	bool add = item->op == VRRP_WANTED_ADD;
	struct nl_msg *message = vrrp_object_encode(add ? &item->object : &item->seen, add);
	struct address_flight *flight = addresses_flight(addresses);

	*flight = (struct address_flight){addresses, item};
	addresses->flying++;
	int r = message ? vrrp_netlink_request(
				  addresses->netlink, message, addresses_answered, flight)
			: -ENOMEM;
	nlmsg_free(message);
	if (r < 0)
		addresses_answered(flight, r, "");
}

static size_t addresses_step(struct vrrp_addresses *addresses, size_t most)
{
	size_t count = 0;

	most = MIN(most, MIN(vrrp_netlink_room(addresses->netlink),
				 VRRP_NETLINK_WINDOW - addresses->flying));
	while (count < most) {
		struct vrrp_wanted_item *item = vrrp_wanted_next(addresses->wanted);

		if (!item)
			break;
		addresses_request(addresses, item);
		count++;
	}
	vrrp_netlink_flush(addresses->netlink);
	return count;
}

static void addresses_on_work(void *data)
{
	struct vrrp_addresses *addresses = data;
	uint64_t end = loop_clock() + VRRP_ADDRESSES_TURN_NS;
	size_t left = VRRP_ADDRESSES_PORTION, done;

	do {
		done = addresses_step(addresses, MIN(left, VRRP_ADDRESSES_STEP));
		left -= done;
	} while (done && left && loop_clock() < end);
	/* Without room the next answer goes on. */
	if (done)
		addresses_go_on(addresses);
}

static void addresses_on_pause(void *data)
{
	struct vrrp_addresses *addresses = data;

	vrrp_wanted_wake(addresses->wanted, loop_now(addresses->loop));
	addresses_go_on(addresses);
}

static void addresses_begin(void *data)
{
	vrrp_wanted_look(((struct vrrp_addresses *)data)->wanted);
}

static int addresses_compare_prepared(const void *a, const void *b)
{
	const struct address_prepared *left = a, *right = b;

	return COMPARE(left->ifindex, right->ifindex);
}

/* From here on the seconds of a prefix survive when the first one goes, whoever has set it otherwise since. */
static bool addresses_promotes(struct vrrp_addresses *addresses, int ifindex)
{
	struct address_prepared key = {.ifindex = ifindex};
	const struct address_prepared *prepared =
		vector_find(&addresses->prepared, &key, addresses_compare_prepared);

	if (!prepared || prepared->failed)
		return false;
	vrrp_errands_hold(
		addresses->errands, prepared->router, prepared->name, VRRP_SYSCTL_AT_LEAST, 1);
	vrrp_errands_release(addresses->errands, prepared->name);
	return true;
}

/* One of ours that came to stand before one of the machine's own steps behind it. When it goes, another of ours may be the next
 * in line, of which the kernel says no more than a reading does. */
static void addresses_step_behind(
	struct vrrp_addresses *addresses, const struct vrrp_object_seen *seen)
{
	const struct vrrp_wanted_item *item = vrrp_wanted_find(addresses->wanted, &seen->object);
	bool ours = seen->marked || (item && item->presence == VRRP_WANTED_OURS);
	struct vrrp_object before;

	if (vrrp_primaries_seen(&addresses->primaries, seen, ours, &before) &&
		addresses_promotes(addresses, before.ifindex) &&
		vrrp_wanted_again(addresses->wanted, &before))
		addresses->behind = true;
}

static void addresses_message(void *data, const struct nlmsghdr *message)
{
	struct vrrp_addresses *addresses = data;
	struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];
	size_t count = vrrp_object_decode(message, seen);

	for (size_t i = 0; i < count; i++) {
		vrrp_wanted_seen(addresses->wanted, &seen[i], loop_now(addresses->loop));
		addresses_step_behind(addresses, &seen[i]);
	}
	if (count)
		addresses_go_on(addresses);
}

static void addresses_end(void *data)
{
	struct vrrp_addresses *addresses = data;

	addresses->opened = true;
	vrrp_wanted_looked(addresses->wanted, loop_now(addresses->loop));
	if (addresses->settling) {
		addresses->settling = false;
		vrrp_wanted_settle(addresses->wanted);
	}
	addresses_go_on(addresses);
}

bool vrrp_addresses_kernel_marks(void)
{
	struct utsname name;
	unsigned int major = 0, minor = 0;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) /* NOLINT */
		return false;
	return major > ADDRESSES_MARK_MAJOR ||
	       (major == ADDRESSES_MARK_MAJOR && minor >= ADDRESSES_MARK_MINOR);
}

int vrrp_addresses_new(struct loop *loop, struct vrrp_netlink *netlink, struct vrrp_links *links,
	struct vrrp_errands *errands, const struct vrrp_addresses_options *options,
	struct vrrp_addresses **ret)
{
	struct vrrp_addresses *addresses = memory_new(sizeof(*addresses));

	addresses->loop = loop;
	addresses->netlink = netlink;
	addresses->links = links;
	addresses->errands = errands;
	addresses->options = *options;
	addresses->marks = vrrp_addresses_kernel_marks();
	addresses->wanted = vrrp_wanted_new(addresses_on_news, addresses);
	addresses->listener = (struct vrrp_netlink_listener){.begin = addresses_begin,
		.message = addresses_message,
		.end = addresses_end,
		.data = addresses};
	int r = loop_add_work(loop, addresses_on_work, addresses, &addresses->work);
	if (r == 0)
		r = loop_add_timer(loop, addresses_on_pause, addresses, &addresses->pause);
	if (r < 0) {
		*ret = vrrp_addresses_free(addresses);
		return r;
	}
	loop_source_set_priority(addresses->work, LOOP_PRIORITY_NORMAL);
	vrrp_netlink_listen(netlink, &addresses->listener);
	*ret = addresses;
	return 0;
}

struct vrrp_addresses *vrrp_addresses_free(struct vrrp_addresses *addresses)
{
	if (!addresses)
		return NULL;
	loop_source_free(addresses->work);
	loop_source_free(addresses->pause);
	vrrp_wanted_free(addresses->wanted);
	vector_foreach(&addresses->prepared, prepared)
		vrrp_errands_release(addresses->errands, prepared->name);
	vector_clear(&addresses->prepared);
	vrrp_primaries_clear(&addresses->primaries);
	free(addresses);
	return NULL;
}

/* Interfaces that are no more took their sysctls along. */
static void addresses_sweep(struct vrrp_addresses *addresses)
{
	struct address_prepareds *all = &addresses->prepared;
	size_t kept = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (vrrp_links_by_index(addresses->links, all->items[i].ifindex))
			all->items[kept++] = all->items[i];
		else
			vrrp_errands_release(addresses->errands, all->items[i].name);
	}
	all->count = kept;
}

static void addresses_promote(struct vrrp_addresses *addresses, uint64_t router, int ifindex)
{
	const struct vrrp_link *link = vrrp_links_by_index(addresses->links, ifindex);
	struct address_prepared prepared = {.ifindex = ifindex, .router = router};

	/* No interface has a name that is none of a sysctl. */
	if (!link || vector_find(&addresses->prepared, &prepared, addresses_compare_prepared) ||
		vrrp_sysctl_name(prepared.name, "ipv4", link->name, ADDRESSES_PROMOTE) < 0)
		return;
	addresses_sweep(addresses);
	vrrp_errands_hold(addresses->errands, router, prepared.name, VRRP_SYSCTL_AT_LEAST, 1);
	vector_push(&addresses->prepared, prepared);
	vector_sort(&addresses->prepared, addresses_compare_prepared);
}

void vrrp_addresses_unheld(struct vrrp_addresses *addresses, const char *name)
{
	vector_foreach(&addresses->prepared, prepared)
		prepared->failed |= strcmp(prepared->name, name) == 0;
}

void vrrp_addresses_prepare(struct vrrp_addresses *addresses, uint64_t router,
	const struct vrrp_object *objects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct vrrp_object *object = &objects[i];

		addresses->routed |= object->kind == VRRP_OBJECT_ROUTE;
		if (object->kind != VRRP_OBJECT_ADDRESS || object->address.family != AF_INET ||
			object->prefix >= address_bits(AF_INET))
			continue;
		addresses_promote(addresses, router, object->ifindex);
	}
}

void vrrp_addresses_set(struct vrrp_addresses *addresses, uint64_t router,
	const struct vrrp_object *objects, size_t count)
{
	vrrp_addresses_prepare(addresses, router, objects, count);
	vrrp_wanted_set(addresses->wanted, router, objects, count);
	addresses_go_on(addresses);
}

void vrrp_addresses_left(struct vrrp_addresses *addresses, const struct vrrp_object *object)
{
	if (object->kind == VRRP_OBJECT_ADDRESS && addresses->marks)
		return;
	vrrp_wanted_left(addresses->wanted, object);
	if (addresses->opened)
		vrrp_netlink_read(addresses->netlink);
}

void vrrp_addresses_settle(struct vrrp_addresses *addresses)
{
	if (!vrrp_netlink_is_read(addresses->netlink)) {
		addresses->settling = true;
		return;
	}
	vrrp_wanted_settle(addresses->wanted);
	addresses_go_on(addresses);
}

void vrrp_addresses_unsettle(struct vrrp_addresses *addresses)
{
	addresses->settling = false;
	vrrp_wanted_unsettle(addresses->wanted);
}

bool vrrp_addresses_are_idle(const struct vrrp_addresses *addresses)
{
	return addresses->opened && !addresses->settling && !addresses->flying &&
	       vrrp_wanted_is_idle(addresses->wanted);
}

/* Whatever its prefix is. */
bool vrrp_addresses_have(
	const struct vrrp_addresses *addresses, int ifindex, const struct address *address)
{
	struct vrrp_object object = {
		.kind = VRRP_OBJECT_ADDRESS, .ifindex = ifindex, .address = *address};
	unsigned int bits = address->family == AF_INET ? address_bits(AF_INET) : 0;

	for (unsigned int prefix = 0; prefix <= bits; prefix++) {
		object.prefix = (uint8_t)prefix;
		const struct vrrp_wanted_item *item = vrrp_wanted_find(addresses->wanted, &object);
		if (item && item->presence != VRRP_WANTED_FOREIGN)
			return true;
	}
	return false;
}

const struct vrrp_object *vrrp_addresses_seen(
	const struct vrrp_addresses *addresses, const struct vrrp_object *object)
{
	const struct vrrp_wanted_item *item = vrrp_wanted_find(addresses->wanted, object);

	return item && item->presence == VRRP_WANTED_OURS ? &item->seen : NULL;
}

const struct vrrp_wanted_item *vrrp_addresses_item(
	const struct vrrp_addresses *addresses, const struct vrrp_object *object)
{
	return vrrp_wanted_find(addresses->wanted, object);
}

struct vrrp_addresses_counters vrrp_addresses_counters(const struct vrrp_addresses *addresses)
{
	return addresses->counters;
}

size_t vrrp_addresses_paused(const struct vrrp_addresses *addresses)
{
	return vrrp_wanted_paused(addresses->wanted);
}
