// SPDX-License-Identifier: GPL-2.0-or-later
/* How listeners and destinations meet: which takes which, with what rules and which port. What
 * validation looks at and what declared_from_config() makes is the same, from here. */
#pragma once

#include "model/config.h"

/* What holds for a destination of a service: what it says itself, else its pool (NULL: none), else
 * the service, else the default. */
struct config_rules listen_rules(const struct config_service *service,
	const struct config_pool *pool, const struct config_destination *destination);

/* The names of the checks of a destination of `list`, with its rules; of these or of the destination. A fallback has those that
 * it names itself: what says that the servers work need not hold for who apologises for them. */
const struct config_name_list *listen_checks(const struct config_service *service,
	const struct config_destination_list *list, const struct config_destination *destination,
	const struct config_rules *rules);

/* Whether a listener takes a destination: of its own family, or across by the file's word. */
bool listen_takes(
	const struct config_listener *listener, const struct config_destination *destination);

/* The destination's key below a listener: a port that the file leaves out is the listener's. */
struct destination_key listen_key(
	const struct config_listener *listener, const struct config_destination *destination);

/* How packets are forwarded and encapsulated, as a backend wants it: only a tunnel has a type, only
 * gue a port. */
struct destination_attributes listen_attributes(const struct config_rules *rules);

/* The scheduler's flags: those that are written, else what a drain needs to harm nobody. */
uint32_t listen_scheduler_flags(const struct config_service *service);
