// SPDX-License-Identifier: GPL-2.0-or-later
/* An engine on the in-memory backend, with a clock and files of its own, for the tests that drive it turn by turn. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#include "base/file.h"
#include "daemon/engine.h"
#include "tests/memory/memory.h"

#define SECOND 1000000000ull

struct fixture {
	char directory[64];
	char *file;
	const char *paths[1];
	struct memory_table *table;
	struct memory_table *other; /* of `backend: dpdk`, when `moves` */
	bool moves;                 /* the files say which backend it is */
	struct engine engine;
	bool open;
	uint64_t ahead; /* of the real clock */
	uint64_t next;  /* what the last turn gave */
	size_t events[ENGINE_EVENT_COUNT];
	char *last[ENGINE_EVENT_COUNT]; /* text of the last event of each kind */
};

static inline void on_event(void *data, const struct engine_event *event)
{
	struct fixture *fixture = data;

	fixture->events[event->kind]++;
	free(fixture->last[event->kind]);
	fixture->last[event->kind] = memory_printf(
		"%s|%s", event->object ? event->object : "", event->text ? event->text : "");
}

/* What the files call them, and the record. */
static inline const struct backend_ops *fixture_find(const char *name)
{
	if (strcmp(name, "ipvs") == 0)
		return &memory_backend;
	return strcmp(name, "dpdk") == 0 ? &memory_other_backend : memory_find(name);
}

static inline void start(struct fixture *fixture)
{
	_cleanup_error_ struct error error = {};
	const struct engine_options options = {
		.backend = fixture->moves ? NULL : &memory_backend,
		.find = fixture_find,
		.state_dir = fixture->directory,
		.run_dir = fixture->directory,
		.paths = fixture->paths,
		.path_count = 1,
		.lock = -1,
		.event = on_event,
		.data = fixture,
	};

	memory_table_use(fixture->table);
	memory_table_use_other(fixture->other);
	if (engine_open(&fixture->engine, &options, &error) < 0)
		fail_msg("%s", error_text(&error, 0));
	fixture->open = true;
	engine_set_probing(&fixture->engine, &(struct engine_probing){.there = true});
}

static inline void stop(struct fixture *fixture)
{
	if (fixture->open)
		engine_close(&fixture->engine);
	fixture->open = false;
}

static inline int setup(void **state)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));

	strcpy(fixture->directory, "/tmp/poise-engine-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	fixture->file = memory_printf("%s/poise.yaml", fixture->directory);
	fixture->paths[0] = fixture->file;
	fixture->table = memory_table_new();
	fixture->other = memory_table_new();
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *command = memory_printf("rm -rf %s", fixture->directory);

	stop(fixture);
	memory_table_free(fixture->table);
	memory_table_free(fixture->other);
	for (size_t i = 0; i < ENGINE_EVENT_COUNT; i++)
		free(fixture->last[i]);
	free(fixture->file);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

/* One turn, and those that it wants at once. */
static inline void turn(struct fixture *fixture)
{
	for (int i = 0; i < 10; i++) {
		uint64_t now = reconciler_now() + fixture->ahead;

		fixture->next = engine_run(&fixture->engine, now);
		if (fixture->next > now)
			return;
	}
	fail_msg("the engine wants a turn for ever");
}

/* The same, with a clock that stands still: for what must not depend on how long the machine takes for it. */
static inline void turn_at(struct fixture *fixture, uint64_t now)
{
	for (int i = 0; i < 10; i++) {
		fixture->next = engine_run(&fixture->engine, now);
		if (fixture->next > now)
			return;
	}
	fail_msg("the engine wants a turn for ever");
}

static inline void later(struct fixture *fixture, uint64_t ns)
{
	fixture->ahead += ns;
	turn(fixture);
}

static inline void write_file(struct fixture *fixture, const char *text)
{
	assert_int_equal(file_replace(fixture->file, text, strlen(text), 0644), 0);
	engine_files_changed(&fixture->engine);
}

/* `services` services of three destinations, the first one with that weight. */
static inline char *many(size_t services, unsigned int weight)
{
	struct strbuf text = {};

	strbuf_add(&text, "poise: 1\nmax-delete: 50%\nservices:\n");
	for (size_t s = 0; s < services; s++)
		strbuf_printf(&text,
			"  s%zu: {listen: \"tcp://10.%zu.%zu.1:80\", drain: 0s, destinations: "
			"[{address: 10.9.0.1, weight: %u}, 10.9.0.2, 10.9.0.3]}\n",
			s, s / 250, s % 250, s ? 1 : weight);
	return strbuf_take(&text);
}

static inline void write_many(struct fixture *fixture, size_t services, unsigned int weight)
{
	_cleanup_free_ char *text = many(services, weight);

	write_file(fixture, text);
}

static inline struct service_key service_key(const char *text)
{
	struct service_key key;

	assert_int_equal(service_key_parse(text, &key), 0);
	return key;
}

static inline struct destination *live(
	struct fixture *fixture, const char *service, const char *destination)
{
	struct service_key key = service_key(service);
	struct destination_key at;
	struct service *found = state_find_service(&fixture->table->state, &key);

	assert_int_equal(destination_key_parse(destination, &at), 0);
	return found ? service_find_destination(found, &at) : NULL;
}

static inline struct facts_drain target(const char *service, const char *destination)
{
	struct facts_drain ret;

	assert_int_equal(operator_target_parse(service, destination, &ret, NULL), 0);
	return ret;
}

static inline void begin(struct fixture *fixture, size_t services)
{
	write_many(fixture, services, 1);
	start(fixture);
	turn(fixture);
	assert_true(fixture->engine.reconciled);
	assert_int_equal(fixture->table->state.services.count, services);
	memory_reset(fixture->table);
}

/* Ten destinations in each, all with addresses of their own; `line` is said of each service. */
static inline void begin_ten_thousand(struct fixture *fixture, const char *checks, const char *line)
{
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_printf(&text, "poise: 1\n%sservices:\n", checks);
	for (size_t s = 0; s < 10000; s++) {
		strbuf_printf(&text,
			"  s%zu:\n    listen: tcp://10.%zu.%zu.1:80\n    %s\n"
			"    destinations: [",
			s, s / 250, s % 250, line);
		for (size_t d = 1; d <= 10; d++)
			strbuf_printf(&text, "%s172.%zu.%zu.%zu", d > 1 ? ", " : "", 16 + d,
				s / 250, s % 250);
		strbuf_add(&text, "]\n");
	}
	assert_int_equal(file_replace(fixture->file, text.text, text.length, 0644), 0);
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 10000);
}
