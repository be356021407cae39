// SPDX-License-Identifier: GPL-2.0-or-later
/* IPVS as a backend: the kernel's own layer-4 balancer.
 *
 * It has one table per network namespace, with no owner's mark on any entry, no transaction, no
 * notification of changes (but for the module's coming and going: notify.h) and no update of a part of an entry. Every program with CAP_NET_ADMIN
 * writes it. So this backend is built on doubt: a read trusts a dump only when another agrees with
 * it (read.h), an operation is judged by its own answer, and without one by reading back (apply.h),
 * and the number under which the kernel knows IPVS is looked up again whenever it could have
 * changed (genl.h).
 *
 * One generic netlink socket serves an open backend. The environment chooses:
 *
 *	POISE_IPVS_WINDOW=N              at most N (1 to 128) requests unanswered; 1 makes every
 *	                                 operation one sendmsg(), which tests of crashes use
 *	POISE_IPVS_TRANSPORT=sockopt     the older interface alone (sockopt.h)
 *	POISE_IPVS_TRANSPORT=netlink     netlink alone; else the destinations of IPv4 services are read
 *	                                 by the older interface where that knows all of them: a list
 *	                                 in one piece, for a sixth of the time of a dump
 *
 * Both belong to the network namespace of the process at open(), and so do the settings below
 * /proc/sys/net/ipv4/vs as long as the process stays there. */
#include "backends/ipvs/ipvs.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include "backends/ipvs/apply.h"
#include "backends/ipvs/encode.h"
#include "backends/ipvs/explain.h"
#include "backends/ipvs/internal.h"
#include "backends/ipvs/notify.h"
#include "backends/ipvs/read.h"
#include "backends/ipvs/sockopt.h"

static void ipvs_close(struct backend *backend)
{
	if (!backend)
		return;
	struct ipvs_backend *ipvs = ipvs_backend_of(backend);
	if (ipvs->sockopt && ipvs->raw >= 0)
		close(ipvs->raw);
	if (!ipvs->sockopt) {
		if (ipvs->genl.lists >= 0)
			close(ipvs->genl.lists);
		ipvs_genl_close(&ipvs->genl);
	}
	if (ipvs->notify >= 0)
		close(ipvs->notify);
	free(ipvs);
}

enum ipvs_transport {
	IPVS_TRANSPORT_BOTH, /* netlink, but for the lists that getsockopt() gives whole */
	IPVS_TRANSPORT_NETLINK,
	IPVS_TRANSPORT_SOCKOPT,
};

/* One of enum ipvs_transport. */
static int ipvs_choose_transport(struct error *error)
{
	const char *text = getenv("POISE_IPVS_TRANSPORT");

	if (!text || !*text)
		return IPVS_TRANSPORT_BOTH;
	if (strcmp(text, "netlink") == 0)
		return IPVS_TRANSPORT_NETLINK;
	if (strcmp(text, "sockopt") == 0)
		return IPVS_TRANSPORT_SOCKOPT;
	return error_set(error, -EINVAL,
		"POISE_IPVS_TRANSPORT is `%s`, and may be `netlink` or `sockopt`", text);
}

/* Whoever may not ask may not change either, so the privilege is found missing here and not at the
 * first operation. */
static int ipvs_open_netlink(struct ipvs_backend *ipvs)
{
	int code = ipvs_genl_open(&ipvs->genl);

	if (code < 0)
		return code;
	return ipvs_genl_request(
		&ipvs->genl, ipvs_encode_plain(IPVS_CMD_GET_INFO, 0), false, NULL, NULL);
}

static int ipvs_open(_unused_ const char *run_dir, struct backend **ret, struct error *error)
{
	int transport = ipvs_choose_transport(error);

	if (transport < 0)
		return transport;
	struct ipvs_backend *ipvs = memory_new(sizeof(*ipvs));
	*ipvs = (struct ipvs_backend){
		.backend.ops = &ipvs_backend,
		.sockopt = transport == IPVS_TRANSPORT_SOCKOPT,
		.genl.lists = -1,
		.raw = -1,
		.notify = -1,
	};
	int code;
	if (ipvs->sockopt)
		code = ipvs->raw = ipvs_sockopt_open();
	else
		code = ipvs_open_netlink(ipvs);
	/* Any IPv4 socket will do; without one, netlink gives the lists too. */
	if (code >= 0 && transport == IPVS_TRANSPORT_BOTH)
		ipvs->genl.lists = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (code < 0) {
		ipvs_close(&ipvs->backend);
		return ipvs_explain_open(code == -ENOPROTOOPT ? -ENOENT : code, error);
	}
	/* Where it cannot be had (a user namespace), the next read finds out. */
	ipvs->notify = ipvs_notify_open();
	*ret = &ipvs->backend;
	return 0;
}

static const struct backend_abilities ipvs_all_abilities = {
	.forward_methods = 1U << FORWARD_METHOD_NAT | 1U << FORWARD_METHOD_DIRECT |
			   1U << FORWARD_METHOD_TUNNEL,
	.scheduler_change_disrupts = true,
	.sync_daemons = true,
	.sysctls = true,
	.timeouts = true,
	.atomic = false,
};

static const struct backend_abilities *ipvs_abilities(_unused_ struct backend *backend)
{
	return &ipvs_all_abilities;
}

static int ipvs_read(struct backend *backend, const struct backend_scope *scope, struct state *ret,
	struct error *error)
{
	struct ipvs_backend *ipvs = ipvs_backend_of(backend);
	int code = ipvs->sockopt ? ipvs_sockopt_read(ipvs->raw, scope, ret)
				 : ipvs_read_state(&ipvs->genl, scope, ret);

	if (code == 0)
		return 0;
	state_clear(ret);
	return ipvs_explain_read(code, error);
}

static int ipvs_apply(struct backend *backend, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	struct ipvs_backend *ipvs = ipvs_backend_of(backend);

	if (ipvs->sockopt)
		return ipvs_sockopt_apply(ipvs->raw, ops, count, results, error);
	return ipvs_apply_ops(&ipvs->genl, ops, count, results, error);
}

static int ipvs_fd(struct backend *backend)
{
	return ipvs_backend_of(backend)->notify;
}

static int ipvs_dispatch(struct backend *backend)
{
	return ipvs_notify_read(ipvs_backend_of(backend)->notify);
}

const struct backend_ops ipvs_backend = {
	.name = "ipvs",
	.static_abilities = &ipvs_all_abilities,
	.open = ipvs_open,
	.close = ipvs_close,
	.abilities = ipvs_abilities,
	.read = ipvs_read,
	.apply = ipvs_apply,
	.fd = ipvs_fd,
	.dispatch = ipvs_dispatch,
};
