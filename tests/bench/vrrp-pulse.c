// SPDX-License-Identifier: GPL-2.0-or-later
/* vrrp-pulse: how late a timer of this core comes when nothing but the machine itself is in its way: above all that is
 * measured, each 2 ms, until it is told to end (SIGTERM). Prints each that was half a millisecond late or more, when it was due and
 * when it came (CLOCK_REALTIME, ns); each 10 ms "beat" and the time, before which all is told; and at the end the latest, in
 * nanoseconds. On a virtual machine whose host has
 * others to run, nobody's timers are better than these. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/macros.h"

#define SECOND   1000000000ull
#define STEP_NS  (SECOND / 500)
#define LATE_NS  (SECOND / 2000)
#define BEATS    5u /* steps from one that is told to the next */
#define PRIORITY 20 /* poised's process of virtual routers has 10 */

static volatile sig_atomic_t over;

static void on_signal(int number _unused_)
{
	over = 1;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void tell(uint64_t late)
{
	uint64_t came = now_ns(CLOCK_REALTIME);

	printf("%ju %ju\n", (uintmax_t)(came - late), (uintmax_t)came);
	fflush(stdout);
}

static void beat(void)
{
	printf("beat %ju\n", (uintmax_t)now_ns(CLOCK_REALTIME));
	fflush(stdout);
}

int main(void)
{
	const struct sched_param parameters = {.sched_priority = PRIORITY};
	const struct sigaction action = {.sa_handler = on_signal};
	uint64_t due = now_ns(CLOCK_MONOTONIC) + STEP_NS, latest = 0, steps = 0;

	if (sched_setscheduler(0, SCHED_FIFO, &parameters) < 0) {
		perror("vrrp-pulse: sched_setscheduler");
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	while (!over) {
		const struct timespec until = {(time_t)(due / SECOND), (long)(due % SECOND)};

		if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
			continue;
		uint64_t now = now_ns(CLOCK_MONOTONIC), late = now - due;
		latest = MAX(latest, late);
		if (late >= LATE_NS)
			tell(late);
		if (++steps % BEATS == 0)
			beat();
		due = MAX(due + STEP_NS, now);
	}
	printf("%ju\n", (uintmax_t)latest);
	return 0;
}
