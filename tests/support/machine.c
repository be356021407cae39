// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <stdio.h>

#include "tests/support/machine.h"

#include "tests/support/folder.h"

void machine_open(struct machine *machine)
{
	_cleanup_error_ struct error error = {};

	*machine = (struct machine){.folder = folder_make(), .table = memory_table_new()};
	machine->file = folder_path(machine->folder, "poise.yaml");
	machine->paths[0] = machine->file;
	const struct engine_options options = {
		.backend = &memory_backend,
		.state_dir = machine->folder,
		.run_dir = machine->folder,
		.paths = machine->paths,
		.path_count = 1,
		.lock = -1,
		.event = NULL,
	};
	memory_table_use(machine->table);
	if (engine_open(&machine->engine, &options, &error) < 0) {
		fprintf(stderr, "%s\n", error_text(&error, 0));
		abort();
	}
}

void machine_close(struct machine *machine)
{
	engine_close(&machine->engine);
	memory_table_free(machine->table);
	folder_remove(machine->folder);
	free(machine->file);
}

void machine_run(struct machine *machine)
{
	for (int i = 0; i < 10; i++)
		if (engine_run(&machine->engine, reconciler_now()) > reconciler_now())
			return;
	assert(!"the engine comes to rest");
}

void machine_declare(struct machine *machine, const char *services)
{
	_cleanup_free_ char *text =
		memory_printf("poise: 1\nmax-delete: 100%%\nservices:\n%s", services);

	folder_write(machine->folder, "poise.yaml", text);
	engine_files_changed(&machine->engine);
	machine_run(machine);
}

static void machine_write_service(struct strbuf *text, size_t number, size_t destinations)
{
	strbuf_printf(text, "  s%zu:\n    listen: tcp://10.%zu.%zu.1:80\n    drain: 0s\n", number,
		number / 250, number % 250);
	strbuf_add(text, "    destinations:\n");
	for (size_t i = 0; i < destinations; i++)
		strbuf_printf(text, "      - 172.16.%zu.%zu:80\n", i / 250, 1 + i % 250);
}

void machine_declare_many(struct machine *machine, size_t services, size_t destinations)
{
	_cleanup_strbuf_ struct strbuf text = {};

	for (size_t i = 0; i < services; i++)
		machine_write_service(&text, i, destinations);
	machine_declare(machine, text.text);
}

struct service_key machine_service(size_t number)
{
	struct service_key key;
	char text[SERVICE_KEY_TEXT_SIZE];

	snprintf(text, sizeof(text), "tcp://10.%zu.%zu.1:80", number / 250, number % 250);
	if (service_key_parse(text, &key) < 0)
		abort();
	return key;
}
