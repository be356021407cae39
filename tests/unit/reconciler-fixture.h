// SPDX-License-Identifier: GPL-2.0-or-later
/* For the test programs of applies: a reconciler on the in-memory backend, with a state directory of its own. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/file.h"
#include "model/load.h"
#include "reconciler/confirm.h"
#include "reconciler/plan_text.h"
#include "tests/memory/memory.h"
#include "tests/support/build.h"

#define SECOND 1000000000ull
/* How long a confirmation is awaited that is to come, or that nobody is to wait for the end of: its guard lives as long. */
#define AWAITED 20

struct fixture {
	char directory[64];
	struct memory_table *table;
	struct memory_table *other;        /* of memory_other_backend */
	const struct backend_ops *backend; /* NULL: memory_backend */
	struct reconciler reconciler;
	struct config config;
	struct declared declared;
	char *text;
	const char *paths[1];
	struct reconciler_request request;
	struct reconciler_outcome outcome;
	struct error error;
	size_t planned, failed, mismatches, drain_calls;
	char *mismatch; /* the operations that would still be needed, a line each */
	char *remark;   /* the last one */
	bool stop;
};

static inline void on_planned(void *data, const struct plan *plan,
	_unused_ const struct state *live, _unused_ const struct memory *memory)
{
	((struct fixture *)data)->planned = plan->ops.count;
}

static inline void on_failed(
	void *data, _unused_ const struct plan_op *op, _unused_ const struct backend_result *result)
{
	((struct fixture *)data)->failed++;
}

static inline void on_mismatch(void *data, const struct plan_op *op)
{
	struct fixture *fixture = data;
	_cleanup_strbuf_ struct strbuf text = {};

	plan_op_format(op, &text);
	fixture->mismatches++;
	_cleanup_free_ char *before = fixture->mismatch;
	fixture->mismatch = memory_printf("%s%s\n", before ? before : "", text.text);
}

static inline void on_draining(void *data, _unused_ const struct memory *memory,
	_unused_ const struct state *live, _unused_ uint64_t now)
{
	((struct fixture *)data)->drain_calls++;
}

static inline void on_remark(void *data, const char *text)
{
	struct fixture *fixture = data;

	free(fixture->remark);
	fixture->remark = memory_copy_string(text);
}

static inline bool on_stopped(void *data)
{
	return ((struct fixture *)data)->stop;
}

static inline int setup(void **state)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));

	strcpy(fixture->directory, "/tmp/poise-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	fixture->table = memory_table_new();
	fixture->other = memory_table_new();
	fixture->paths[0] = "/etc/poise";
	memory_table_use(fixture->table);
	*state = fixture;
	return 0;
}

static inline void fixture_undeclare(struct fixture *fixture)
{
	declared_clear(&fixture->declared);
	config_clear(&fixture->config);
	free(STEAL(fixture->text));
}

static inline void fixture_close(struct fixture *fixture)
{
	if (fixture->reconciler.backend)
		reconciler_close(&fixture->reconciler);
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *command = memory_printf("rm -rf %s", fixture->directory);

	fixture_close(fixture);
	fixture_undeclare(fixture);
	memory_table_free(fixture->table);
	memory_table_free(fixture->other);
	error_clear(&fixture->error);
	free(fixture->mismatch);
	free(fixture->remark);
	/* A guard that came late, on a busy machine, may still be at work in it. */
	int r = system(command);
	for (int i = 0; i < 50 && r; i++) {
		usleep(100000);
		r = system(command);
	}
	assert_int_equal(r, 0);
	free(fixture);
	return 0;
}

/* A process of its own, as far as the reconciler can tell: opened anew, locked. */
static inline void fixture_open(struct fixture *fixture)
{
	const struct reconciler_options options = {
		.backend = fixture->backend ? fixture->backend : &memory_backend,
		.find = memory_find,
		.state_dir = fixture->directory,
		.run_dir = fixture->directory,
		.program = "test",
	};

	fixture_close(fixture);
	memory_table_use(fixture->table);
	memory_table_use_other(fixture->other);
	if (reconciler_open(&fixture->reconciler, &options, &fixture->error) < 0 ||
		reconciler_lock(&fixture->reconciler, 0, &fixture->error) < 0)
		fail_msg("%s", error_text(&fixture->error, 0));
}

static inline void fixture_declare(struct fixture *fixture, const char *body)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	fixture_undeclare(fixture);
	fixture->text = memory_printf("poise: 1\nallow-empty: true\n%s", body);
	const struct document document = {"test.yaml", fixture->text, strlen(fixture->text)};
	if (config_load(&document, 1, &fixture->config, &diagnostics) < 0)
		fail_msg("%s", diagnostics.items[0].message);
	declared_from_config(&fixture->config, &fixture->declared);
	fixture->request.declared = &fixture->declared;
	fixture->request.canonical = fixture->text;
	fixture->request.paths = fixture->paths;
	fixture->request.path_count = 1;
}

static inline int fixture_apply(struct fixture *fixture)
{
	const struct reconciler_observer observer = {
		.planned = on_planned,
		.failed = on_failed,
		.mismatch = on_mismatch,
		.draining = on_draining,
		.stopped = on_stopped,
		.remark = on_remark,
		.data = fixture,
	};

	fixture->planned = fixture->failed = fixture->mismatches = fixture->drain_calls = 0;
	free(STEAL(fixture->mismatch));
	free(STEAL(fixture->remark));
	fixture_open(fixture);
	return reconciler_apply(&fixture->reconciler, &fixture->request, &observer,
		&fixture->outcome, &fixture->error);
}

/* Declares `body` and applies it, which must go well. */
static inline void fixture_reach(struct fixture *fixture, const char *body)
{
	fixture_declare(fixture, body);
	if (fixture_apply(fixture) < 0)
		fail_msg("%s", error_text(&fixture->error, 0));
	memory_reset(fixture->table);
}

static inline struct service *fixture_service(struct fixture *fixture, const char *listener)
{
	struct service_key key = build_key(listener);

	return state_find_service(&fixture->table->state, &key);
}
