// SPDX-License-Identifier: GPL-2.0-or-later
/* The priority is low among real-time ones: above all that is not, and below what a machine has of its own (interrupt threads at
 * 50, its watchdogs at 99). RESET_ON_FORK: what this process starts, should it ever, is ordinary again. The kernel leaves 5 % of
 * each second to others (sched_rt_runtime_us), so that even a fault of ours starves nobody.
 *
 * What is in memory now is read in and locked; what comes later is locked when it is touched. Where the limit of a process without
 * IPC_LOCK is not lifted (realtime_prepare()), memory of later would be refused instead: then only what is there is locked. */
#include "daemon/realtime.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

LOG_MODULE("vrrp");

#define REALTIME_PRIORITY 10
#define REALTIME_FOLLOWS  9
#define REALTIME_STACK    (1u << 20)
/* Address space that is larger is a sanitizer's, which no machine has as memory. */
#define REALTIME_PAGES_MOST (1u << 20)

void realtime_prepare(void)
{
	const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static bool realtime_is_large(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return true;
	bool known = fscanf(file, "%lu", &pages) == 1;
	fclose(file);
	return !known || pages > REALTIME_PAGES_MOST;
}

/* A stack that is locked grows only within the limit, and where it may not the process is killed: so it grows before. */
static void realtime_deepen(void)
{
	char room[REALTIME_STACK];

	explicit_bzero(room, sizeof(room));
}

static int realtime_lock(void)
{
	struct rlimit limit;

	realtime_deepen();
	if (!realtime_is_large() && mlockall(MCL_CURRENT) < 0)
		return -errno;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY)
		return 0;
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? -errno : 0;
}

static int realtime_schedule(int priority)
{
	const struct sched_param parameters = {.sched_priority = priority};

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) < 0 ? -errno
											: 0;
}

static void realtime_drop(void)
{
	static const unsigned int capabilities[] = {CAP_SYS_NICE, CAP_IPC_LOCK};

	capng_get_caps_process();
	for (size_t i = 0; i < ARRAY_LENGTH(capabilities); i++)
		capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capabilities[i]);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		log_warning("SYS_NICE and IPC_LOCK cannot be given up");
}

void realtime_follow(const struct poised_options *options)
{
	(void)realtime_lock();
	(void)realtime_schedule(REALTIME_FOLLOWS);
	if (!options->no_sandbox)
		realtime_drop();
}

int realtime_take(const struct poised_options *options)
{
	int locked = realtime_lock(), scheduled = realtime_schedule(REALTIME_PRIORITY);

	if (locked < 0)
		log_warning("memory cannot be locked (%s): a machine that swaps makes "
			    "advertisements late",
			strerror(-locked));
	if (scheduled < 0)
		log_warning("no real-time scheduling (%s): a busy machine makes advertisements "
			    "late; CAP_SYS_NICE is needed, and a control group that has "
			    "cpu.rt_runtime_us",
			strerror(-scheduled));
	if (!options->no_sandbox)
		realtime_drop();
	return scheduled;
}
