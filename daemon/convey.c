// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever happens (another process, another plan in the middle of one, a refusal, a lost message), the answer is the same: all of it
 * again. Generations only grow, also over lives of this process: they begin with the clock. */
#include "daemon/convey.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"

/* Longer than the supervisor has patience with a process that is silent. */
#define CONVEY_ANSWER_NS     20000000000ull
#define CONVEY_AGAIN_NS      1000000000ull
#define CONVEY_AGAIN_MOST_NS 60000000000ull
/* Because of messages that are lost no plan is sent more often. */
#define CONVEY_LOST_NS 10000000000ull

static void convey_drop(struct convey *convey)
{
	vector_foreach(&convey->pieces, piece)
		free(piece->payload);
	vector_clear(&convey->pieces);
	convey->sent = 0;
	convey->coming = 0;
	convey->answer_by = CONVEY_NEVER;
}

void convey_clear(struct convey *convey)
{
	convey_drop(convey);
}

void convey_add(struct convey *convey, uint16_t kind, const void *payload, size_t size)
{
	struct convey_piece *piece = vector_append(&convey->pieces);

	piece->kind = kind;
	piece->size = size;
	piece->payload = memory_new(size + 1);
	if (size)
		memcpy(piece->payload, payload, size);
}

uint32_t convey_next_piece(const struct convey *convey)
{
	return (uint32_t)convey->pieces.count;
}

static void convey_fail(struct convey *convey, const char *why, uint64_t now)
{
	uint64_t wait = CONVEY_AGAIN_NS;

	for (unsigned int i = 0; i < convey->failures && wait < CONVEY_AGAIN_MOST_NS; i++)
		wait *= 2;
	convey_drop(convey);
	convey->failures++;
	convey->broken++;
	convey->again_at = now + MIN(wait, CONVEY_AGAIN_MOST_NS);
	convey->options.trouble(convey->options.data, why);
}

static void convey_send(struct convey *convey, uint64_t now)
{
	const struct convey_piece *piece = &convey->pieces.items[convey->sent++];
	int r = convey->options.send(
		convey->options.data, piece->kind, piece->payload, piece->size);

	convey->answer_by = now + CONVEY_ANSWER_NS;
	if (r >= 0)
		return;
	_cleanup_free_ char *why = memory_printf("cannot be told: %s", strerror(-r));
	convey_fail(convey, why, now);
}

static void convey_begin(struct convey *convey, uint64_t now)
{
	convey_drop(convey);
	convey->generation = MAX(now, convey->generation + 1);
	convey->again_at = CONVEY_NEVER;
	convey->began = now;
	convey->begun = true;
	convey->plans++;
	if (!convey->options.write(convey->options.data, convey, convey->generation)) {
		convey_drop(convey);
		convey->broken++;
		return;
	}
	convey->coming = convey->generation;
	/* The head, and the first piece: the head alone is not answered. */
	convey_send(convey, now);
	if (convey->coming)
		convey_send(convey, now);
}

static void convey_forget(struct convey *convey)
{
	convey_drop(convey);
	convey->force = 0;
	convey->begun = false;
	convey->failures = 0;
	convey->again_at = CONVEY_NEVER;
}

void convey_init(struct convey *convey, const struct convey_options *options)
{
	*convey = (struct convey){.options = *options};
	convey_forget(convey);
}

void convey_want(struct convey *convey, uint64_t serial, uint64_t now)
{
	bool other = !convey->wanted || convey->serial != serial;

	convey->wanted = true;
	convey->serial = serial;
	if (convey->there && (other || !convey->begun))
		convey_begin(convey, now);
}

void convey_started(struct convey *convey, uint64_t now)
{
	convey_forget(convey);
	convey->there = true;
	if (convey->wanted)
		convey_begin(convey, now);
}

void convey_gone(struct convey *convey)
{
	convey_forget(convey);
	convey->there = false;
	convey->options.trouble(convey->options.data, NULL);
}

static void convey_put_in_force(struct convey *convey)
{
	convey->force = convey->coming;
	convey_drop(convey);
	convey->failures = 0;
	convey->committed++;
	convey->options.trouble(convey->options.data, NULL);
	convey->options.in_force(convey->options.data);
}

void convey_got(struct convey *convey, uint64_t generation, uint32_t pieces, uint64_t now)
{
	if (!convey->coming || generation != convey->coming) {
		convey->stale++;
		return;
	}
	/* The head is not counted. */
	if (pieces + 1 != convey->sent) {
		convey->malformed++;
		return;
	}
	if (convey->sent == convey->pieces.count)
		convey_put_in_force(convey);
	else
		convey_send(convey, now);
}

void convey_refused(struct convey *convey, uint64_t generation, const char *why, uint64_t now)
{
	if (!convey->coming || generation != convey->coming)
		convey->stale++;
	else
		convey_fail(convey, why, now);
}

void convey_give_up(struct convey *convey, uint64_t generation)
{
	if (!convey->coming || generation != convey->coming)
		convey->stale++;
	else
		convey_drop(convey);
}

void convey_miss(struct convey *convey, uint64_t now)
{
	if (!convey->begun || convey->coming || convey->again_at != CONVEY_NEVER)
		return;
	convey->again_at = MAX(now + CONVEY_AGAIN_NS, convey->began + CONVEY_LOST_NS);
}

uint64_t convey_run(struct convey *convey, uint64_t now)
{
	if (now >= convey->again_at)
		convey_begin(convey, now);
	else if (now >= convey->answer_by)
		convey_fail(convey, "gives no answer", now);
	return MIN(convey->answer_by, convey->again_at);
}

bool convey_is_settled(const struct convey *convey)
{
	return convey->force && convey->force == convey->generation && !convey->coming;
}
