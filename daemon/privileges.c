// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may do what: capabilities, and whose death is whose.
 *
 * poised is started by root. The supervisor gives up at once what nobody of its tree needs (loading modules, raw I/O, other
 * people's memory, …), from the bounding set too. A process of the tree is made by execve() as user 0, which gives it
 * all that is in the bounding set; before it does anything it drops what its row of the table does not name. With no_new_privs
 * no later execve() gives anything back.
 *
 * What the caller of poised has kept back already (a container, a unit's CapabilityBoundingSet=) is not missed here: the
 * one who needs it says so, in words of its own.
 *
 * What speaks with the network is another user's, too. Where the caller has kept back the right to become one, it stays
 * root's by name, with no more rights than the other would have had but those over root's files, and the log says so. The same where
 * nobody tells who that other is: no name service keeps a process from its start. */
#include <cap-ng.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/account.h"
#include "daemon/process.h"

LOG_MODULE("poised");

/* The supervisor's own: it takes capabilities from its processes, ends those of other users, gives the control
 * socket to a group, and runs programs as their users. */
static const int privileges_supervisor[] = {
	CAP_SETPCAP, CAP_KILL, CAP_CHOWN, CAP_SETUID, CAP_SETGID, -1};

/* For a name service. */
#define PRIVILEGES_LOOKUP_NS 1000000000ull

static bool privileges_have[CAP_LAST_CAP + 1];

static void privileges_begin(void)
{
	capng_get_caps_process();
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		privileges_have[i] = capng_have_capability(CAPNG_PERMITTED, (unsigned int)i) != 0;
	capng_clear(CAPNG_SELECT_ALL);
}

static void privileges_keep(const int *capabilities)
{
	const capng_type_t sets = CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET;

	for (const int *capability = capabilities; *capability >= 0; capability++)
		if (privileges_have[*capability])
			capng_update(CAPNG_ADD, sets, (unsigned int)*capability);
}

/* Without CAP_SETPCAP the bounding set stays, and so does nothing that it could give: see no_new_privs. */
static int privileges_apply(void)
{
	capng_select_t what = CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;

	if (privileges_have[CAP_SETPCAP])
		what = CAPNG_SELECT_ALL;
	errno = 0;
	if (capng_apply(what) < 0)
		return errno ? -errno : -EPERM;
	return 0;
}

/* The other end of the channel is of the one who made the pair: the supervisor. Asked after the signal is set, so
 * that an end between the two is not missed. */
static int process_follow_supervisor(const struct process_kind *kind, int channel_fd)
{
	struct ucred maker;
	socklen_t size = sizeof(maker);

	/* Who winds up has the end of the channel to go by. */
	if (!kind->winds_up && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	if (getsockopt(channel_fd, SOL_SOCKET, SO_PEERCRED, &maker, &size) < 0)
		return -errno;
	return maker.pid == getppid() ? 0 : -ESRCH;
}

static bool privileges_find_user(struct account *ret)
{
	for (const char *const *name = account_unprivileged; *name; name++) {
		int r = account_find(*name, PRIVILEGES_LOOKUP_NS, ret);

		if (r == 0)
			return true;
		if (r != -ESRCH)
			log_warning("whether there is a user `%s` cannot be found out: %s", *name,
				strerror(-r));
	}
	return false;
}

/* The same as privileges_apply(), and another user with it: capabilities survive only that way. */
static int privileges_become_user(void)
{
	struct account user;
	bool found = privileges_find_user(&user);
	int flags = CAPNG_DROP_SUPP_GRP;

	if (!found || !privileges_have[CAP_SETUID] || !privileges_have[CAP_SETGID]) {
		log_warning("%s: it stays root's",
			found ? "poised may not start a process as another user"
			      : "there is no user `poise`, nor `nobody`");
		return privileges_apply();
	}
	if (privileges_have[CAP_SETPCAP])
		flags |= CAPNG_CLEAR_BOUNDING;
	errno = 0;
	int r = capng_change_id((int)user.user, (int)user.group, (capng_flags_t)flags);
	if (r < 0)
		return errno ? -errno : -EPERM;
	return 0;
}

int process_drop_privileges(const struct process_kind *kind, const struct poised_options *options)
{
	if (!options->no_sandbox) {
		privileges_begin();
		privileges_keep(kind->capabilities);
		int r = kind->unprivileged ? privileges_become_user() : privileges_apply();
		if (r < 0)
			return r;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return -errno;
	}
	/* Last: a change of credentials may clear the signal. */
	return process_follow_supervisor(kind, options->channel_fd);
}

int process_shed_privileges(const struct process_kind *kind, const struct poised_options *options)
{
	if (options->no_sandbox)
		return 0;
	privileges_begin();
	privileges_keep(kind->capabilities);
	return privileges_apply();
}

int process_drop_supervisor_privileges(const struct poised_options *options)
{
	if (options->no_sandbox)
		return 0;
	privileges_begin();
	privileges_keep(privileges_supervisor);
	for (size_t i = 0; i < process_count; i++)
		privileges_keep(processes[i]->capabilities);
	return privileges_apply();
}
