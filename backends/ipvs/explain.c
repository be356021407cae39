// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/explain.h"

#include <errno.h>
#include <stdio.h>

#define EXPLAIN_PRIVILEGE "not permitted: run as root, or with the capability CAP_NET_ADMIN"

int ipvs_explain_open(int code, struct error *error)
{
	switch (code) {
	case -ENOENT:
	case -ENOPROTOOPT:
	case -ENOTCONN:
		return error_set(error, code, "ip_vs is not loaded: modprobe ip_vs");
	case -EPERM:
	case -EACCES:
		return error_set(error, code, "IPVS: " EXPLAIN_PRIVILEGE);
	case -EPROTONOSUPPORT:
	case -EAFNOSUPPORT:
		return error_set(error, code,
			"the kernel has no generic netlink; POISE_IPVS_TRANSPORT=sockopt does "
			"without, for IPv4");
	default:
		return error_set(error, code, "cannot reach IPVS: %s", strerror(-code));
	}
}

int ipvs_explain_read(int code, struct error *error)
{
	switch (code) {
	case -EAGAIN:
		return error_set(error, code,
			"the IPVS table changes faster than it can be read; which other program "
			"writes it? (try again)");
	case -ENOBUFS:
	case -ENOMEM:
		return error_set(error, code, "the kernel is out of memory for netlink; try again");
	case -EBADMSG:
	case -EMSGSIZE:
		return error_set(
			error, code, "the kernel's answer about IPVS cannot be understood");
	case -ETIMEDOUT:
		return error_set(error, code, "the kernel does not answer about IPVS");
	default:
		return ipvs_explain_open(code, error);
	}
}

static int explain_module(
	const struct service_attributes *service, enum ipvs_missing missing, struct error *error)
{
	if (missing == IPVS_MISSING_UNKNOWN && !*service->engine)
		missing = IPVS_MISSING_SCHEDULER;
	switch (missing) {
	case IPVS_MISSING_SCHEDULER:
		return error_set(error, -ENOENT,
			"scheduler `%s` is not available: modprobe ip_vs_%s", service->scheduler,
			service->scheduler);
	case IPVS_MISSING_ENGINE:
		return error_set(error, -ENOENT,
			"persistence engine `%s` is not available: modprobe ip_vs_pe_%s",
			service->engine, service->engine);
	default:
		return error_set(error, -ENOENT,
			"scheduler `%s` or persistence engine `%s` is not available: modprobe -a "
			"ip_vs_%s ip_vs_pe_%s",
			service->scheduler, service->engine, service->scheduler, service->engine);
	}
}

static int explain_service(
	const struct plan_op *op, int code, enum ipvs_missing missing, struct error *error)
{
	const struct service_attributes *after = &op->attributes.after;
	const char *family = op->service.address.family == AF_INET6 ? "IPv6" : "IPv4";

	switch (code) {
	case -ENOENT:
		return explain_module(after, missing, error);
	case -ESRCH:
		return error_set(error, code,
			"it is gone: another program deleted it meanwhile (apply again)");
	case -EEXIST:
		return error_set(error, code,
			"another program keeps adding and deleting it meanwhile (apply again)");
	case -EINVAL:
		return error_set(error, code,
			"the kernel refuses its attributes: is the persistence prefix (%u) right, "
			"and "
			"does scheduler `%s` take these flags and destinations?",
			op->service.address.family == AF_INET6
				? after->netmask
				: (unsigned int)__builtin_popcount(after->netmask),
			after->scheduler);
	case -EAFNOSUPPORT:
	case -EPROTONOSUPPORT:
		return error_set(error, code, "the kernel's IPVS is built without %s or %s", family,
			service_kind_name(op->service.kind));
	default:
		return error_set(error, code, "the kernel says: %s", strerror(-code));
	}
}

static int explain_destination(const struct plan_op *op, int code, struct error *error)
{
	const struct destination_attributes *after = &op->destination.after;
	bool crosses = op->destination.key.address.family != op->service.address.family;

	switch (code) {
	case -ESRCH:
		return error_set(error, code,
			"its service does not exist: another program deleted it meanwhile (apply "
			"again)");
	case -ENOENT:
		return error_set(error, code,
			"it is gone: another program deleted it meanwhile (apply again)");
	case -EEXIST:
		return error_set(error, code,
			"another program keeps adding and deleting it meanwhile (apply again)");
	case -ERANGE:
		return error_set(error, code,
			"the lower threshold (%u) is above the upper one (%u), or the weight (%u) "
			"is out "
			"of range",
			after->lower_threshold, after->upper_threshold, after->weight);
	case -EINVAL:
		if (crosses && after->forward != FORWARD_METHOD_TUNNEL)
			return error_set(error, code,
				"a destination of the other address family must be reached by "
				"`forward: "
				"tunnel`");
		if (crosses)
			return error_set(error, code,
				"the kernel refuses destinations of the other address family while "
				"a sync "
				"daemon runs");
		if (MAX(after->upper_threshold, after->lower_threshold) > INT32_MAX)
			return error_set(error, code, "a threshold is above 2147483647");
		return error_set(error, code,
			"the kernel refuses it: is the address a unicast one, has this network "
			"namespace any address yet (ip link set lo up), has a gue tunnel a port?");
	case -EAFNOSUPPORT:
		return error_set(error, code, "the kernel's IPVS is built without %s",
			op->destination.key.address.family == AF_INET6 ? "IPv6" : "IPv4");
	default:
		return error_set(error, code, "the kernel says: %s", strerror(-code));
	}
}

static int explain_sync(const struct plan_op *op, int code, struct error *error)
{
	const struct sync_daemon *daemon =
		op->verb == PLAN_VERB_DELETE ? &op->sync.before : &op->sync.after;

	switch (code) {
	case -ENODEV:
		return error_set(error, code, "there is no interface `%s`", daemon->interface);
	case -EADDRNOTAVAIL:
		return error_set(error, code, "interface `%s` has no address to send from",
			daemon->interface);
	case -EEXIST:
		return error_set(
			error, code, "another program started one meanwhile (apply again)");
	case -EADDRINUSE:
		return error_set(error, code, "port %u is in use", daemon->port);
	case -EINVAL:
		return error_set(error, code,
			"the kernel refuses it: is the id (%u) at most 255, `group` a multicast "
			"address, "
			"`max-length` within the interface's MTU, and no destination of the other "
			"address "
			"family in any service?",
			daemon->id);
	default:
		return error_set(error, code, "the kernel says: %s", strerror(-code));
	}
}

int ipvs_explain_op(
	const struct plan_op *op, int code, enum ipvs_missing missing, struct error *error)
{
	switch (code) {
	case -EPERM:
	case -EACCES:
		return error_set(error, code, EXPLAIN_PRIVILEGE);
	case -ENOTCONN:
		return error_set(error, code, "ip_vs was unloaded meanwhile: modprobe ip_vs");
	case -ENOMEM:
		return error_set(error, code, "the kernel is out of memory");
	case -ENOBUFS:
		return error_set(error, code,
			"the kernel's answer was lost twice, and whether it was done is not known "
			"(apply "
			"again)");
	default:
		break;
	}
	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return explain_service(op, code, missing, error);
	case PLAN_OBJECT_DESTINATION:
		return explain_destination(op, code, error);
	case PLAN_OBJECT_SYNC:
		return explain_sync(op, code, error);
	case PLAN_OBJECT_TIMEOUTS:
		if (code == -EINVAL)
			return error_set(error, code, "the kernel refuses so long a timeout");
		break;
	default:
		break;
	}
	return error_set(error, code, "the kernel says: %s", strerror(-code));
}

static bool explain_module_loaded(const char *prefix, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s%s", prefix, name);
	return access(path, F_OK) == 0;
}

enum ipvs_missing ipvs_explain_module(const struct service_attributes *attributes)
{
	if (!*attributes->engine)
		return IPVS_MISSING_SCHEDULER;
	if (explain_module_loaded("ip_vs_pe_", attributes->engine))
		return IPVS_MISSING_SCHEDULER;
	if (explain_module_loaded("ip_vs_", attributes->scheduler))
		return IPVS_MISSING_ENGINE;
	return IPVS_MISSING_UNKNOWN;
}
