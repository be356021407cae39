// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine for tests of what shows it: an engine on the in-memory backend, with files in a folder of its own. */
#pragma once

#include "daemon/engine.h"
#include "tests/memory/memory.h"

struct machine {
	char *folder, *file;
	const char *paths[1];
	struct memory_table *table;
	struct engine engine;
};

/* Nothing is declared, and the engine has not run yet. */
void machine_open(struct machine *machine);
void machine_close(struct machine *machine);

/* Declares this much under `services:`, and runs the engine until it is done. */
void machine_declare(struct machine *machine, const char *services);

/* The same with so many services, s0 and so on (tcp://10.0.0.1:80, …), and destinations of each (172.16.0.1, …). */
void machine_declare_many(struct machine *machine, size_t services, size_t destinations);
struct service_key machine_service(size_t number);

/* One turn of the engine, and those that it wants at once. */
void machine_run(struct machine *machine);
