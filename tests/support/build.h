// SPDX-License-Identifier: GPL-2.0-or-later
/* Short ways for tests to write states and declarations down. A text that does not parse ends the
 * test program. */
#pragma once

#include "model/declared.h"
#include "model/state.h"

/* A service with this listener and scheduler, no flags, not persistent. The pointer is good until
 * the next. */
struct service *build_service(struct state *state, const char *listener, const char *scheduler);

/* A nat destination of this weight. */
struct destination *build_destination(
	struct service *service, const char *endpoint, uint32_t weight);

/* The same on the declared side; `drain` in seconds. */
struct declared_service *build_declared(struct declared *declared, const char *name,
	const char *listener, const char *scheduler, unsigned int drain);
struct declared_destination *build_declared_destination(
	struct declared_service *service, const char *endpoint, uint32_t weight);

/* One more check that it must pass; in order of their names. */
void build_check(struct declared *declared, struct declared_destination *destination,
	const struct config_check *check);

/* Puts the vectors into their order. */
void build_sort(struct declared *declared);

/* Of a data plane: a port, an address of one ("203.0.113.2"), and a route ("10.0.0.0/8") by `via`, which may
 * be NULL. */
struct data_port build_port(const char *name);
struct port_address build_port_address(const char *port, const char *address, unsigned int length);
struct data_route build_route(const char *to, const char *via, const char *port);

struct service_key build_key(const char *listener);
struct destination_key build_destination_key(const char *endpoint);
