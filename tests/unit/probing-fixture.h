// SPDX-License-Identifier: GPL-2.0-or-later
/* The reconciler's side of probing, with what it sends recorded: the health process is the test. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "daemon/probing.h"
#include "model/load.h"

#define SENT_MOST 64

struct sent {
	uint16_t kind;
	void *payload;
	size_t size;
};

struct fixture {
	struct probing *probing;
	struct config config;
	struct engine_probe_vector probes;
	struct sent sent[SENT_MOST];
	size_t count, seen; /* seen: what a case has looked at */
	size_t verdicts;
	struct engine_verdict last;
	char reason[128]; /* that of `last`, of which the words are lent for the call */
	struct engine_probing told;
	char *trouble; /* that was told last */
	size_t troubles;
	uint16_t lose; /* of this kind none can be sent */
	uint64_t generation;
	uint32_t serial; /* of the VERDICTS of that */
};

static inline int on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct fixture *fixture = data;

	if (kind == fixture->lose)
		return -ENOBUFS;
	assert_true(fixture->count < SENT_MOST && size <= CHANNEL_PAYLOAD_LIMIT);
	fixture->sent[fixture->count++] = (struct sent){.kind = kind,
		.payload = size ? memory_copy_bytes(payload, size) : NULL,
		.size = size};
	return 0;
}

static inline void on_verdicts(void *data, const struct engine_verdict *verdicts, size_t count)
{
	struct fixture *fixture = data;

	fixture->verdicts += count;
	fixture->last = verdicts[count - 1];
	snprintf(fixture->reason, sizeof(fixture->reason), "%s", fixture->last.reason);
	fixture->last.reason = fixture->reason;
}

static inline void on_told(void *data, const struct engine_probing *probing)
{
	((struct fixture *)data)->told = *probing;
}

static inline void on_trouble(void *data, const char *text)
{
	struct fixture *fixture = data;

	fixture->troubles += text != NULL;
	free(fixture->trouble);
	fixture->trouble = memory_copy_string(text);
}

static inline int setup(void **state)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));
	const struct probing_options options = {.send = on_send,
		.verdicts = on_verdicts,
		.told = on_told,
		.trouble = on_trouble,
		.data = fixture};

	probing_new(&options, &fixture->probing);
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	probing_free(fixture->probing);
	config_clear(&fixture->config);
	vector_clear(&fixture->probes);
	for (size_t i = 0; i < fixture->count; i++)
		free(fixture->sent[i].payload);
	free(fixture->trouble);
	free(fixture);
	return 0;
}

static inline void load(const char *text, size_t size, struct config *config)
{
	const struct document document = {.name = "test", .text = text, .size = size};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(config_load(&document, 1, config, &diagnostics), 0);
}

static const char two_checks[] = "poise: 1\n"
				 "allow-empty: true\n"
				 "checks:\n"
				 "  web: {tcp: {}, interval: 2s}\n"
				 "  app: {exec: {command: [/bin/check, -x], user: daemon}}\n";

/* `count` servers, each with both checks; in the order of the table: by target, then by check. */
static inline void want(struct fixture *fixture, uint32_t count, uint64_t serial)
{
	struct probing_wanted wanted = {
		.serial = serial, .config = &fixture->config, .probes = &fixture->probes};
	static const char *const names[] = {"app", "web"};

	config_clear(&fixture->config);
	load(two_checks, sizeof(two_checks) - 1, &fixture->config);
	fixture->probes.count = 0;
	for (uint32_t i = 0; i < count * 2; i++) {
		struct engine_probe *probe = vector_append(&fixture->probes);
		uint32_t address = htonl(0x0a000001 + i / 2);

		probe->key.target.address = address_from_bytes(AF_INET, &address);
		probe->key.target.port = 80;
		probe->key.check = names[i % 2];
		probe->check = &fixture->config.checks.items[i % 2];
		probe->verdict =
			(struct verdict){.up = i % 3, .settled = true, .weight = -1, .since = i};
	}
	probing_want(fixture->probing, &wanted);
}

static inline const struct sent *next(struct fixture *fixture, uint16_t kind)
{
	if (fixture->seen == fixture->count)
		fail_msg("nothing was sent, not %u", kind);
	assert_int_equal(fixture->sent[fixture->seen].kind, kind);
	return &fixture->sent[fixture->seen++];
}

static inline void nothing_more(const struct fixture *fixture)
{
	assert_int_equal(fixture->seen, fixture->count);
}

static inline void started(struct fixture *fixture)
{
	probing_message(fixture->probing, MESSAGE_HEALTH_STARTED, NULL, 0);
}

static inline void got(struct fixture *fixture, uint64_t generation, uint32_t pieces)
{
	const struct message_health_got message = {.generation = generation, .pieces = pieces};

	probing_message(fixture->probing, MESSAGE_HEALTH_GOT, &message, sizeof(message));
}

/* What a plan in force needs stays allowed until the next one is. */
static inline struct message_health_plan next_plan_behind(struct fixture *fixture)
{
	next(fixture, MESSAGE_ALLOW);
	const struct sent *plan = next(fixture, MESSAGE_HEALTH_PLAN);
	assert_int_equal(plan->size, sizeof(struct message_health_plan));
	return *(const struct message_health_plan *)plan->payload;
}

static inline struct message_health_plan next_plan(struct fixture *fixture)
{
	next(fixture, MESSAGE_ALLOW_NONE);
	return next_plan_behind(fixture);
}

/* All of a plan, answered piece by piece. Returns its generation. */
static inline uint64_t take(struct fixture *fixture, struct message_health_plan plan)
{
	uint32_t pieces = 0;
	size_t text = 0, probes = 0;

	for (;;) {
		const struct sent *piece = &fixture->sent[fixture->seen++];

		assert_true(fixture->seen <= fixture->count);
		nothing_more(fixture);
		got(fixture, plan.generation, ++pieces);
		if (piece->kind == MESSAGE_HEALTH_COMMIT)
			break;
		if (piece->kind == MESSAGE_HEALTH_CHECKS)
			text += piece->size;
		else
			probes += piece->size / sizeof(struct message_health_probe);
	}
	assert_int_equal(text, plan.text_size);
	assert_int_equal(probes, plan.probes);
	return plan.generation;
}

static inline uint64_t take_plan(struct fixture *fixture)
{
	uint64_t generation = take(fixture, next_plan(fixture));

	nothing_more(fixture);
	return generation;
}

/* One that takes the place of another. */
static inline uint64_t take_plan_behind(struct fixture *fixture)
{
	uint64_t generation = take(fixture, next_plan_behind(fixture));

	next(fixture, MESSAGE_ALLOW_NONE);
	next(fixture, MESSAGE_ALLOW);
	nothing_more(fixture);
	return generation;
}

/* As if it were so much later: when there is something to do next, from then on. */
static inline uint64_t later(struct fixture *fixture, uint64_t ns)
{
	uint64_t now = loop_clock() + ns, next = probing_run(fixture->probing, now);

	return next == UINT64_MAX ? next : next - now;
}

static inline void refuse(
	struct fixture *fixture, uint64_t generation, enum message_refusal refusal)
{
	const struct message_health_refused message = {
		.generation = generation, .refusal = refusal};

	probing_message(fixture->probing, MESSAGE_HEALTH_REFUSED, &message, sizeof(message));
}

struct said {
	uint64_t generation; /* as struct message_health_verdicts begins */
	uint32_t serial, count;
	struct message_health_verdict one;
};
_Static_assert(
	offsetof(struct said, one) == sizeof(struct message_health_verdicts), "it is a message");

static inline struct said verdict_of(uint64_t generation, uint32_t probe)
{
	struct said said = {.generation = generation,
		.count = 1,
		.one = {.probe = probe, .failures = 3, .wall = 77, .failing = 1}};

	said.one.verdict = (struct message_verdict){.settled = 1, .weight = -1, .since = 5};
	strcpy(said.one.reason, "connect: refused");
	return said;
}

static inline void say(struct fixture *fixture, const struct said *said)
{
	struct said message = *said;

	if (said->generation != fixture->generation)
		fixture->serial = 0;
	fixture->generation = said->generation;
	message.serial = ++fixture->serial;
	probing_message(fixture->probing, MESSAGE_HEALTH_VERDICTS, &message, sizeof(message));
}

static inline void heard(struct fixture *fixture)
{
	const struct message_health_heard *message = next(fixture, MESSAGE_HEALTH_HEARD)->payload;

	assert_int_equal(message->serial, fixture->serial);
	nothing_more(fixture);
}
