// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of `ipvs:`. */
#include <stdio.h>

#include "base/suggest.h"
#include "model/units.h"
#include "model/validate.h"

/* What net/netfilter/ipvs/ip_vs_ctl.c and its schedulers have below net/ipv4/vs (Linux 6.1, and
 * what came since). */
static const char *const validate_sysctls[] = {"am_droprate", "amemthresh", "backup_only",
	"cache_bypass", "conn_lfactor", "conn_max", "conn_reuse_mode", "conntrack", "debug_level",
	"drop_entry", "drop_packet", "est_cpulist", "est_nice", "expire_nodest_conn",
	"expire_quiescent_template", "ignore_tunneled", "lblc_expiration", "lblcr_expiration",
	"nat_icmp_send", "pmtu_disc", "run_estimation", "schedule_icmp", "secure_tcp",
	"sloppy_sctp", "sloppy_tcp", "snat_reroute", "svc_lfactor", "sync_persist_mode",
	"sync_ports", "sync_qlen_max", "sync_refresh_period", "sync_retries", "sync_sock_size",
	"sync_threshold", "sync_version", NULL};

/* From net/netfilter/ipvs/ip_vs_sync.c: what it makes longer or shorter by itself. */
#define VALIDATE_SYNC_BACKUP_LEAST 1024
#define VALIDATE_SYNC_MOST6        65487

/* As proc_do_sync_threshold() has it. */
static const char *validate_sync_threshold(const char *value)
{
	const char *space = strchr(value, ' ');
	long threshold = strtol(value, NULL, 10), period = space ? strtol(space, NULL, 10) : 0;

	if (!space)
		return "takes two integers";
	if (threshold < 0 || period < 0)
		return "takes no negative integers";
	return period && threshold >= period ? "wants a first integer below the second, or 0 as "
					       "the second"
					     : NULL;
}

/* What is wrong with the value of a sysctl that is known, or NULL. The kernel would refuse it, or
 * keep it otherwise than it was written. */
static const char *validate_sysctl_value(const struct config_sysctl *sysctl)
{
	if (strcmp(sysctl->name, "sync_threshold") == 0)
		return validate_sync_threshold(sysctl->value);
	if (strchr(sysctl->value, ' '))
		return "takes one integer";
	if (strpbrk(sysctl->value + 1, "-,") && strcmp(sysctl->name, "est_cpulist") != 0)
		return "takes an integer, no list";
	return NULL;
}

static void validate_sysctl_known(struct validate *validate, const struct config_sysctl *sysctl)
{
	const char *wrong = validate_sysctl_value(sysctl);

	if (wrong)
		report_error(validate->decode->report, decode_place(validate->decode, sysctl->mark),
			NULL, "the sysctl `%s` %s", sysctl->name, wrong);
}

static void validate_sysctl(struct validate *validate, const struct config_sysctl *sysctl)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	for (const char *const *known = validate_sysctls; *known; known++) {
		if (strcmp(*known, sysctl->name) == 0) {
			validate_sysctl_known(validate, sysctl);
			return;
		}
		suggest_offer(&suggest, sysctl->name, *known);
	}
	report_warning(validate->decode->report, decode_place(validate->decode, sysctl->mark),
		decode_hint(suggest.best, hint), "the kernel's IPVS is not known to have `%s`",
		sysctl->name);
}

static void validate_sync_length(struct validate *validate, const struct config_sync *sync)
{
	if (!config_has(&sync->object, CONFIG_SYNC_MAX_LENGTH))
		return;
	if ((sync->follow || sync->role == SYNC_ROLE_BACKUP) &&
		sync->max_length < VALIDATE_SYNC_BACKUP_LEAST)
		validate_error(validate, &schema_sync, &sync->object, CONFIG_SYNC_MAX_LENGTH, NULL,
			"a backup's `max-length` is at least %uB", VALIDATE_SYNC_BACKUP_LEAST);
	if (sync->group.family == AF_INET6 && sync->max_length > VALIDATE_SYNC_MOST6)
		validate_error(validate, &schema_sync, &sync->object, CONFIG_SYNC_MAX_LENGTH, NULL,
			"`max-length` is at most %uB where the group is IPv6", VALIDATE_SYNC_MOST6);
}

static void validate_sync(
	struct validate *validate, const struct config_sync *sync, const struct config_sync **roles)
{
	if (sync->object.set & CONFIG_OBJECT_BROKEN)
		return;
	if (!address_is_multicast(&sync->group))
		validate_error(validate, &schema_sync, &sync->object, CONFIG_SYNC_GROUP, NULL,
			"`group` must be a multicast address");
	if (sync->follow)
		validate_router_reference(
			validate, sync->follow, &schema_sync, &sync->object, CONFIG_SYNC_ROLE);
	else if (roles[sync->role])
		validate_error(validate, &schema_sync, &sync->object, CONFIG_SYNC_ROLE,
			"the kernel runs at most one daemon of each role",
			"a second sync daemon of the role %s", sync_role_name(sync->role));
	else
		roles[sync->role] = sync;
	validate_sync_length(validate, sync);
}

void validate_ipvs(struct validate *validate, const struct config_ipvs *ipvs)
{
	const struct config_sync *roles[SYNC_ROLE_COUNT] = {};

	vector_foreach(&ipvs->sync, sync) {
		validate_sync(validate, sync, roles);
		if (sync->follow && ipvs->sync.count > 1)
			validate_error(validate, &schema_sync, &sync->object, CONFIG_SYNC_ROLE,
				"the kernel runs at most one daemon of each role",
				"a sync daemon that follows a virtual router has either role, and "
				"must be the only one");
	}
	vector_foreach(&ipvs->sysctls, sysctl)
		validate_sysctl(validate, sysctl);
}
