// SPDX-License-Identifier: GPL-2.0-or-later
/* What the data plane can do: attributes that make sense, methods and schedulers that it has. The
 * same faults have the same codes as with IPVS, where that has them. */
#include "backends/dpdk/dataplane/transaction.h"

#include <errno.h>

#include "backends/dpdk/dataplane/scheduler.h"
#include "base/strbuf.h"

/* Words of a slot and of a member have 16 bits for it. */
_Static_assert(DESTINATION_LARGEST_WEIGHT == UINT16_MAX, "a weight is 16 bits");

static bool is_family(uint16_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static int check_scheduler(const struct service_attributes *attributes, struct error *error)
{
	_cleanup_strbuf_ struct strbuf known = {};

	if (scheduler_find(attributes->scheduler))
		return 0;
	for (const char *const *name = scheduler_names; *name; name++)
		if (scheduler_find(*name))
			strbuf_printf(&known, "%s%s", known.length ? ", " : "", *name);
	return error_set(error, -ENOENT, "scheduler `%s` is not available: poise-dataplane has %s",
		attributes->scheduler, known.text);
}

static int check_service(const struct plan_op *op, struct error *error)
{
	const struct service_attributes *after = &op->attributes.after;
	int r = check_scheduler(after, error);

	if (r < 0)
		return r;
	if (*after->engine)
		return error_set(error, -ENOENT,
			"persistence engine `%s` is not available: poise-dataplane has none",
			after->engine);
	if (after->persistent && op->service.address.family == AF_INET6 &&
		(after->netmask < 1 || after->netmask > 128))
		return error_set(error, -EINVAL, "the persistence prefix (%u) is out of range",
			after->netmask);
	if (after->persistent && !after->persistence_timeout)
		return error_set(error, -EINVAL, "persistence needs a time-out");
	return 0;
}

static int check_method(const struct plan_op *op, struct error *error)
{
	const struct destination_attributes *after = &op->destination.after;
	bool crosses = op->destination.key.address.family != op->service.address.family;

	if (after->forward > FORWARD_METHOD_TUNNEL)
		return error_set(error, -EOPNOTSUPP, "poise-dataplane has no forwarding `%s`",
			forward_method_name(after->forward));
	if (crosses && after->forward != FORWARD_METHOD_TUNNEL)
		return error_set(error, -EINVAL,
			"a destination of the other address family must be reached by `forward: "
			"tunnel`");
	if (after->forward == FORWARD_METHOD_TUNNEL && after->tunnel_type == TUNNEL_TYPE_GUE &&
		!after->tunnel_port)
		return error_set(error, -EINVAL, "a gue tunnel needs a port");
	return 0;
}

static int check_destination(const struct plan_op *op, struct error *error)
{
	const struct destination_attributes *after = &op->destination.after;
	const struct address *address = &op->destination.key.address;

	if (address_is_unspecified(address) || address_is_multicast(address))
		return error_set(error, -EINVAL, "its address is not a unicast one");
	if (after->lower_threshold > after->upper_threshold)
		return error_set(error, -ERANGE,
			"the lower threshold (%u) is above the upper one (%u)",
			after->lower_threshold, after->upper_threshold);
	if (after->weight > DESTINATION_LARGEST_WEIGHT)
		return error_set(error, -ERANGE, "the weight (%u) is above %u", after->weight,
			DESTINATION_LARGEST_WEIGHT);
	return check_method(op, error);
}

static int check_keys(const struct plan_op *op, struct error *error)
{
	if (op->service.kind == SERVICE_KIND_FWMARK)
		return error_set(error, -EOPNOTSUPP,
			"poise-dataplane knows no firewall marks: `listen` must name an address");
	if (!is_family(op->service.address.family))
		return error_set(error, -EINVAL, "the service has no address");
	if (op->object == PLAN_OBJECT_DESTINATION && !is_family(op->destination.key.address.family))
		return error_set(error, -EINVAL, "the destination has no address");
	return 0;
}

int transaction_check_object(const struct plan_op *op, struct error *error)
{
	if (op->object == PLAN_OBJECT_SERVICE || op->object == PLAN_OBJECT_DESTINATION)
		return check_keys(op, error);
	return error_set(error, -EOPNOTSUPP, "poise-dataplane has nothing of the kind: %s",
		plan_object_name(op->object));
}

int transaction_check_attributes(const struct plan_op *op, struct error *error)
{
	if (op->verb == PLAN_VERB_DELETE)
		return 0;
	return op->object == PLAN_OBJECT_SERVICE ? check_service(op, error)
						 : check_destination(op, error);
}
