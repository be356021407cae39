// SPDX-License-Identifier: GPL-2.0-or-later
/* The second transport: getsockopt() and setsockopt() on a raw socket, as before Linux 2.6.28.
 *
 * For kernels without generic netlink, for containers whose user namespace may not use the netlink
 * family, and as a second opinion in tests. It knows less (linux/ip_vs.h, the structs that end in
 * _user and _entry): IPv4 only, ipip tunnels only, no persistence engine, no destinations of the
 * other family, packets and connections counted in 32 bits, and of a sync daemon only role, interface and id. What it cannot express it
 * refuses. Its lists are made under one lock, so they are exact. One operation at a time.
 *
 * Chosen by POISE_IPVS_TRANSPORT=sockopt. */
#pragma once

#include "backends/backend.h"

/* Whether the lists can hold what the destinations of a service have counted, by what it has counted itself (which netlink
 * tells whole): what does not fit is cut off, and nobody can tell. */
bool ipvs_sockopt_counts_fit(const struct traffic *service);

/* All destinations of an IPv4 service in one exact list, sorted, into an empty `ret`, over any IPv4 socket: one
 * call where netlink takes a dump. -EOPNOTSUPP when the service has some that this interface cannot tell whole (a
 * tunnel, the other family) or that changed meanwhile: ask over netlink. -ESRCH when there is no such service.
 * `ret` is empty after an error. */
int ipvs_sockopt_destinations(
	int fd, const struct service_key *key, struct destination_vector *ret);

/* The same for all IPv4 services of a vector that have no destinations yet, with one call for each and two in
 * all, where each by itself takes three. Those of which the list may not be all keep none. */
void ipvs_sockopt_fill(int fd, struct service_vector *services);

/* All IPv4 services of one moment, sorted, without destinations and what only netlink tells, into an
 * empty `ret`, over any IPv4 socket. */
int ipvs_sockopt_services(int fd, struct service_vector *ret);

/* The raw socket, or -errno: -ENOPROTOOPT when ip_vs is not loaded, -EPERM without CAP_NET_ADMIN or
 * CAP_NET_RAW. The caller closes it. */
int ipvs_sockopt_open(void);

/* backend_ops.read and .apply over that socket; the same contract. */
int ipvs_sockopt_read(int fd, const struct backend_scope *scope, struct state *ret);
int ipvs_sockopt_apply(int fd, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error);
