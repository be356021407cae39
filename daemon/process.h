// SPDX-License-Identifier: GPL-2.0-or-later
/* The processes of poised's tree: one table row each.
 *
 * To add one: a row in process.c, its main in a folder of its own. The supervisor starts each with a channel to
 * itself, watches it, starts it again when it ends (respawn.h says when), and stops them in the order of the table. */
#pragma once

#include "base/channel.h"
#include "daemon/poised.h"

#define PROCESS_RECONCILER "reconciler"
#define PROCESS_HEALTH     "health"
#define PROCESS_VRRP       "vrrp"
#define PROCESS_CLEAN_UP   "clean-up" /* of remains.h; in no row of the table */
#define PROCESS_HAND       "hand"     /* likewise */

struct process_kind {
	const char *name; /* "reconciler" */
	/* Capabilities that it keeps (CAP_… of capabilities(7)), ended by -1. All others are dropped, bounding set
	 * too, before main() does anything. */
	const int *capabilities;
	/* System calls that it may make after its start, ended by NULL: names as libseccomp knows them. */
	const char *const *system_calls;
	bool wants_control; /* inherits the control socket and the lock */
	bool unprivileged;  /* is not root's: runs as the user of poise, or as nobody */
	bool many_files;    /* may open as many descriptors as root may allow it */
	bool wants_lease;   /* inherits the memory of vrrp/lease.h, and the socket of claim.h */
	bool winds_up; /* the end of the supervisor does not kill it: it ends in order, by itself */
	/* Runs the process until it is told to stop; returns its exit code. `sandbox` is called by it once its
	 * start is over: from then on only system_calls work. */
	int (*main)(const struct poised_options *options);
};

extern const struct process_kind process_health; /* process_health.c */
extern const struct process_kind process_vrrp;   /* process_vrrp.c */
extern const struct process_kind process_clean_up;
extern const struct process_kind process_hand; /* of vrrp/hand.h: rights and sandbox alone */

extern const struct process_kind *const processes[];
extern const size_t process_count;

const struct process_kind *process_find(const char *name);

/* Privileges (privileges.c), of a process of the tree: the end of the supervisor kills it, from now on, unless it winds up; unless
 * options->no_sandbox, all capabilities but the kind's are gone, its user is the kind's, and no_new_privs is set. -ESRCH: the supervisor has
 * ended already. -errno, logged by the caller. */
int process_drop_privileges(const struct process_kind *kind, const struct poised_options *options);
/* Of a process that one of the tree has forked: no more than the kind's, and never more than the other had. Nothing when
 * options->no_sandbox. -errno. */
int process_shed_privileges(const struct process_kind *kind, const struct poised_options *options);
/* Of the supervisor: keeps what its processes keep, and what it needs to start, end and serve them. */
int process_drop_supervisor_privileges(const struct poised_options *options);
/* The filter (seccomp.c). Nothing when options->no_sandbox. -errno, logged by the caller. */
int process_enter_sandbox(const struct process_kind *kind, const struct poised_options *options);
