// SPDX-License-Identifier: GPL-2.0-or-later
/* An engine with checks: verdicts for it, and what it tells, in order. */
#pragma once

#include "tests/unit/engine-fixture.h"

#define WEB         "tcp://203.0.113.10:80"
#define MILLISECOND 1000000ull

#if defined(__SANITIZE_ADDRESS__)
#define SLOWER 10
#else
#define SLOWER 1
#endif

/* What was told, in order: "event|object|text" and "notice|…". */
struct told {
	struct fixture *fixture;
	struct strbuf text;
	size_t notices;
};

static struct told told;

static inline void on_notice(void *data, const struct engine_notice *notice)
{
	assert_ptr_equal(data, told.fixture);
	told.notices++;
	assert_true(notice->command->count > 0);
	strbuf_printf(&told.text, "notice %s %s %s %s %s %s\n", engine_notice_name(notice->event),
		notice->service, notice->listener, notice->destination ? notice->destination : "-",
		notice->check ? notice->check : "-", notice->reason ? notice->reason : "-");
}

static inline void on_any_event(void *data, const struct engine_event *event)
{
	on_event(data, event);
	if (event->kind == ENGINE_EVENT_APPLIED)
		strbuf_printf(&told.text, "applied %s +%zu ~%zu -%zu\n",
			engine_reason_name(event->entry->reason), event->entry->applied.add,
			event->entry->applied.change, event->entry->applied.remove);
	if (event->kind == ENGINE_EVENT_HEALTH || event->kind == ENGINE_EVENT_QUORUM ||
		event->kind == ENGINE_EVENT_DOUBT)
		strbuf_printf(&told.text, "%s %s: %s\n", engine_event_name(event->kind),
			event->object ? event->object : "-", event->text);
}

/* Starts, with notices and events recorded. */
static inline void start_told(struct fixture *fixture)
{
	start(fixture);
	fixture->engine.options.notify = on_notice;
	fixture->engine.options.event = on_any_event;
	strbuf_clear(&told.text);
	told = (struct told){.fixture = fixture};
}

static inline int teardown_told(void **state)
{
	strbuf_clear(&told.text);
	return teardown(state);
}

static inline const char *told_since(void)
{
	return told.text.text ? told.text.text : "";
}

static inline void forget_told(void)
{
	strbuf_clear(&told.text);
	told.notices = 0;
}

static inline void declare(struct fixture *fixture, const char *checks, const char *services)
{
	_cleanup_free_ char *text = memory_printf("poise: 1\nmax-delete: 100%%\nchecks:\n%s"
						  "services:\n%s",
		checks, services);

	write_file(fixture, text);
	if (fixture->open)
		turn(fixture);
}

static inline uint64_t now_of(const struct fixture *fixture)
{
	return reconciler_now() + fixture->ahead;
}

static inline struct engine_verdict verdict_of(
	struct fixture *fixture, const char *target, const char *check, bool up)
{
	struct engine_verdict verdict = {
		.key.check = check,
		.verdict = {.up = up,
			.settled = true,
			.recovered = up,
			.weight = VERDICT_NO_WEIGHT,
			.since = now_of(fixture)},
		.failing = !up,
		.failures = up ? 0 : 3,
		.wall = 1700000000000,
		.reason = up ? "" : "connect: refused",
	};

	assert_int_equal(destination_key_parse(target, &verdict.key.target), 0);
	return verdict;
}

static inline void say(struct fixture *fixture, const char *target, bool up)
{
	struct engine_verdict verdict = verdict_of(fixture, target, "web", up);

	engine_verdicts(&fixture->engine, &verdict, 1);
}

static inline const struct engine_probe *probe(
	struct fixture *fixture, const char *target, const char *check)
{
	struct probe_key key = {.check = check};

	assert_int_equal(destination_key_parse(target, &key.target), 0);
	return engine_find_probe(&fixture->engine, &key);
}

/* -1: it is not there. */
static inline int weight_of(struct fixture *fixture, const char *service, const char *destination)
{
	const struct destination *found = live(fixture, service, destination);

	return found ? (int)found->attributes.weight : -1;
}

#define CHECK_WEB "  web: {tcp: {}, fall: 3}\n"
#define TWO                                                                                        \
	"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2]}\n"           \
	"  api: {listen: \"tcp://203.0.113.11:80\", check: web, destinations: [10.0.0.1, "         \
	"10.0.0.3]}\n"

static inline void begin_health(struct fixture *fixture, const char *checks, const char *services)
{
	declare(fixture, checks, services);
	start_told(fixture);
	turn(fixture);
	assert_true(fixture->engine.reconciled);
	forget_told();
	memory_reset(fixture->table);
}
