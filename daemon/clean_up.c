// SPDX-License-Identifier: GPL-2.0-or-later
/* It is what a process of virtual routers does when it is started and told of none: all that an earlier one left is nobody's. */
#include "daemon/clean_up.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/netns.h"
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
	struct loop *loop;
	struct node *node;
	struct loop_source *limit;
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

static int clean_up_open(
	struct clean_up *clean_up, const struct poised_options *options, struct error *error)
{
	_cleanup_free_ char *sysctls = memory_printf("%s/" VRRP_PROCESS_SYSCTLS, options->run_dir);
	const struct node_options node = {.loop = clean_up->loop,
		.lease = options->lease_fd,
		.sysctls = sysctls,
		.stopped = clean_up_on_stopped,
		.data = clean_up};
	int r = loop_add_timer(clean_up->loop, clean_up_on_limit, clean_up, &clean_up->limit);

	return r < 0 ? r : node_new(&node, &clean_up->node, error);
}

static int clean_up_run(const struct poised_options *options, struct error *error)
{
	struct clean_up clean_up = {};
	int r = loop_new(&clean_up.loop);

	if (r == 0)
		r = clean_up_open(&clean_up, options, error);
	if (r == 0 && options->process)
		r = process_enter_sandbox(&process_clean_up, options);
	if (r == 0) {
		loop_timer_set(clean_up.limit, loop_clock() + CLEAN_UP_MOST_NS);
		node_stop(clean_up.node);
		r = loop_run(clean_up.loop);
	}
	if (r == 0)
		r = vrrp_accept_remove(error);
	node_free(clean_up.node);
	loop_source_free(clean_up.limit);
	loop_free(clean_up.loop);
	return r;
}

int clean_up_process_main(const struct poised_options *options)
{
	_cleanup_error_ struct error error = {};
	int r = clean_up_run(options, &error);

	if (r < 0)
		log_error("%s", error_text(&error, r));
	return r < 0 ? 2 : r;
}

int clean_up_main(const struct poised_options *options)
{
	_cleanup_error_ struct error error = {};
	int r = options->netns ? netns_enter(options->netns, &error) : 0;
	int lock = r < 0 ? r : lock_take(options->run_dir, CLEAN_UP_NAME, CLEAN_UP_LOCK_NS, &error);

	if (lock >= 0) {
		r = clean_up_run(options, &error);
		close(lock);
	} else {
		r = lock;
	}
	if (r < 0)
		fprintf(stderr, "poised: %s\n", error_text(&error, r));
	return r < 0 ? 2 : r;
}
