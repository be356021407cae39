// SPDX-License-Identifier: GPL-2.0-or-later
/* It is what a process of virtual routers does when it is started and told of none: all that an earlier one left is nobody's. */
#include "daemon/clean_up.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/netns.h"
#include "daemon/claim.h"
#include "daemon/process.h"
#include "daemon/vrrp_process.h"
#include "reconciler/lock.h"
#include "vrrp/accept.h"
#include "vrrp/node.h"

LOG_MODULE("clean-up");

#define CLEAN_UP_NAME    "poised --clean-up"
#define CLEAN_UP_LOCK_NS 1000000000ull
#define CLEAN_UP_MOST_NS 20000000000ull

struct clean_up {
	const struct poised_options *options;
	struct loop *loop;
	struct node *node;
	struct loop_source *limit;
	uint64_t removed; /* addresses and their like */
	bool lent;        /* sysctls were noted */
};

static void clean_up_on_stopped(void *data)
{
	struct clean_up *clean_up = data;

	loop_stop(clean_up->loop, 0);
}

static void clean_up_on_limit(void *data)
{
	struct clean_up *clean_up = data;

	log_error("not all of it could be removed in time");
	loop_stop(clean_up->loop, 2);
}

static int clean_up_enter_hand(void *data)
{
	const struct clean_up *clean_up = data;
	const struct poised_options *options = clean_up->options;

	if (!options->process)
		return 0;
	int r = process_shed_privileges(&process_hand, options);
	return r < 0 ? r : process_enter_sandbox(&process_hand, options);
}

static int clean_up_open(
	struct clean_up *clean_up, const struct poised_options *options, struct error *error)
{
	_cleanup_free_ char *sysctls = memory_printf("%s/" VRRP_PROCESS_SYSCTLS, options->run_dir);
	const struct node_options node = {.loop = clean_up->loop,
		.lease = options->lease_fd,
		.sysctls = sysctls,
		.enter_hand = clean_up_enter_hand,
		.stopped = clean_up_on_stopped,
		.data = clean_up};
	int r = loop_add_timer(clean_up->loop, clean_up_on_limit, clean_up, &clean_up->limit);

	clean_up->lent = access(sysctls, F_OK) == 0;
	return r < 0 ? r : node_new(&node, &clean_up->node, error);
}

static int clean_up_run(
	struct clean_up *clean_up, const struct poised_options *options, struct error *error)
{
	int r = loop_new(&clean_up->loop);

	clean_up->options = options;
	if (r == 0)
		r = clean_up_open(clean_up, options, error);
	if (r == 0 && options->process)
		r = process_enter_sandbox(&process_clean_up, options);
	if (r == 0) {
		loop_timer_set(clean_up->limit, loop_clock() + CLEAN_UP_MOST_NS);
		node_stop(clean_up->node);
		r = loop_run(clean_up->loop);
		clean_up->removed = node_counters(clean_up->node).addresses.removed;
	}
	if (r == 0)
		r = vrrp_accept_remove(error);
	node_free(clean_up->node);
	loop_source_free(clean_up->limit);
	loop_free(clean_up->loop);
	return r;
}

/* The supervisor never had any, and another poised has. */
static bool clean_up_is_others(const struct poised_options *options)
{
	struct ucred holder;

	return options->claim_fd >= 0 && !claim_is_held(options->claim_fd) &&
	       claim_find(&holder) == -EBUSY;
}

int clean_up_process_main(const struct poised_options *options)
{
	_cleanup_error_ struct error error = {};
	struct clean_up clean_up = {};
	int r = clean_up_is_others(options) ? 0 : clean_up_run(&clean_up, options, &error);

	if (r < 0)
		log_error("%s", error_text(&error, r));
	return r < 0 ? 2 : r;
}

/* With another run directory than poised's neither its lock is seen nor what it noted: that would be taken away from under a poised
 * that runs. */
static int clean_up_find(const struct poised_options *options, struct error *error)
{
	if (lock_was_taken(options->run_dir))
		return 0;
	return error_set(error, -ENOENT,
		"no poised ever ran with the run directory %s: nothing is cleaned up there; "
		"--run-dir is the one that poised had",
		options->run_dir);
}

static void clean_up_tell(const struct clean_up *clean_up, const struct poised_options *options)
{
	if (clean_up->removed)
		printf("poised: removed %" PRIu64
		       " addresses, routes, rules and interfaces that virtual routers left",
			clean_up->removed);
	else
		printf("poised: no address, route, rule or interface of virtual routers was left");
	printf(clean_up->lent ? "; put back the sysctls that %s notes\n"
			      : "; no sysctls are noted in %s\n",
		options->run_dir);
}

int clean_up_main(const struct poised_options *options)
{
	_cleanup_error_ struct error error = {};
	struct clean_up clean_up = {};
	int r = clean_up_find(options, &error);

	if (r == 0 && options->netns)
		r = netns_enter(options->netns, &error);
	int lock = r < 0 ? r : lock_take(options->run_dir, CLEAN_UP_NAME, CLEAN_UP_LOCK_NS, &error);

	if (lock >= 0) {
		r = claim_await(options->run_dir, &error);
		if (r == 0)
			r = clean_up_run(&clean_up, options, &error);
		close(lock);
		if (r == 0)
			clean_up_tell(&clean_up, options);
	} else {
		r = lock;
	}
	if (r < 0)
		fprintf(stderr, "poised: %s\n", error_text(&error, r));
	return r < 0 ? 2 : r;
}
