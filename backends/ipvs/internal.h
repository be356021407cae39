// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of this folder share: the open backend, and who does what.
 *
 *	genl.h     the netlink transport        encode.h, decode.h   the model to and from bytes
 *	read.h     the live state               apply.h              operations
 *	sysctl.h   net/ipv4/vs                  sockopt.h            the second transport
 *	explain.h  errors into words         notify.h             the module comes and goes */
#pragma once

#include "backends/backend.h"
#include "backends/ipvs/genl.h"

struct ipvs_backend {
	struct backend backend; /* first: a struct backend * is one of these */
	bool sockopt;           /* which of the two below is open */
	struct ipvs_genl genl;
	int raw;    /* the socket of sockopt, or -1 */
	int notify; /* the socket of notify.h, or -1 */
};

static inline struct ipvs_backend *ipvs_backend_of(struct backend *backend)
{
	return (struct ipvs_backend *)backend;
}
