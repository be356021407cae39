// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/messages.h"

#include <errno.h>

#include "base/loop.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define NOTHING       .size_min = 0, .size_max = 0
#define EXACTLY(type) .size_min = sizeof(type), .size_max = sizeof(type)
#define TEXT(most)    .size_min = 1, .size_max = (most)
#define PROGRAM                                                                                    \
	.size_min = sizeof(struct message_program) + 3,                                            \
	.size_max = sizeof(struct message_program) + MESSAGE_PROGRAM_TEXTS_LIMIT
/* One to `most` of them, behind a head. */
#define ARRAY(head, type, most)                                                                    \
	.size_min = (head) + sizeof(type), .size_max = (head) + (most) * sizeof(type)

/* What the supervisor relays between the reconciler and another process (relay.c) stands in both tables: it comes in from one
 * and goes out to the other. */
#define RELAYED_HEALTH                                                                             \
	{MESSAGE_HEALTH_PLAN, "health-plan", EXACTLY(struct message_health_plan)},                 \
		{MESSAGE_HEALTH_CHECKS, "health-checks", TEXT(CHANNEL_PAYLOAD_LIMIT)},             \
		{MESSAGE_HEALTH_PROBES, "health-probes",                                           \
			ARRAY(0, struct message_health_probe, MESSAGE_HEALTH_PROBES_MOST)},        \
		{MESSAGE_HEALTH_COMMIT, "health-commit", EXACTLY(struct message_health_got)},      \
		{MESSAGE_HEALTH_HEARD, "health-heard", EXACTLY(struct message_health_heard)},      \
		{MESSAGE_HEALTH_GOT, "health-got", EXACTLY(struct message_health_got)},            \
		{MESSAGE_HEALTH_VERDICTS, "health-verdicts",                                       \
			ARRAY(sizeof(struct message_health_verdicts),                              \
				struct message_health_verdict, MESSAGE_HEALTH_VERDICTS_MOST)},     \
		{MESSAGE_HEALTH_STATS, "health-stats", EXACTLY(struct message_health_stats)},      \
	{                                                                                          \
		MESSAGE_HEALTH_REFUSED, "health-refused", EXACTLY(struct message_health_refused)   \
	}

#define RELAYED_VRRP                                                                               \
	{MESSAGE_VRRP_PLAN, "vrrp-plan", EXACTLY(struct message_vrrp_plan)},                       \
		{MESSAGE_VRRP_TEXT, "vrrp-text", TEXT(CHANNEL_PAYLOAD_LIMIT)},                     \
		{MESSAGE_VRRP_HINTS, "vrrp-hints",                                                 \
			ARRAY(0, struct message_vrrp_hint, MESSAGE_VRRP_HINTS_MOST)},              \
		{MESSAGE_VRRP_FACTS, "vrrp-facts",                                                 \
			ARRAY(sizeof(struct message_vrrp_facts), struct message_vrrp_fact,         \
				MESSAGE_VRRP_FACTS_MOST)},                                         \
		{MESSAGE_VRRP_COMMIT, "vrrp-commit", EXACTLY(struct message_vrrp_got)},            \
		{MESSAGE_VRRP_FILLED, "vrrp-filled", NOTHING},                                     \
		{MESSAGE_VRRP_SERVED, "vrrp-served", EXACTLY(struct message_vrrp_served)},         \
		{MESSAGE_VRRP_LOOKED, "vrrp-looked", NOTHING},                                     \
		{MESSAGE_VRRP_GOT, "vrrp-got", EXACTLY(struct message_vrrp_got)},                  \
		{MESSAGE_VRRP_REFUSED, "vrrp-refused", EXACTLY(struct message_vrrp_refused)},      \
		{MESSAGE_VRRP_MOVED, "vrrp-moved",                                                 \
			ARRAY(sizeof(struct message_vrrp_moved), struct message_vrrp_move,         \
				MESSAGE_VRRP_MOVES_MOST)},                                         \
		{MESSAGE_VRRP_STATES, "vrrp-states",                                               \
			ARRAY(sizeof(struct message_vrrp_states), struct message_vrrp_state,       \
				MESSAGE_VRRP_STATES_MOST)},                                        \
		{MESSAGE_VRRP_STATS, "vrrp-stats", EXACTLY(struct message_vrrp_stats)},            \
	{                                                                                          \
		MESSAGE_VRRP_LINKS, "vrrp-links",                                                  \
			ARRAY(sizeof(struct message_vrrp_links), struct message_vrrp_link,         \
				MESSAGE_VRRP_LINKS_MOST)                                           \
	}

const struct channel_kind messages_to_process[] = {
	{MESSAGE_PING, "ping", EXACTLY(struct message_ping)},
	{MESSAGE_STOP, "stop", NOTHING},
	{MESSAGE_RELOAD, "reload", NOTHING},
	{MESSAGE_RAN, "ran", EXACTLY(struct message_ran)},
	{MESSAGE_HEALTH_STARTED, "health-started", NOTHING},
	{MESSAGE_HEALTH_GONE, "health-gone", NOTHING},
	{MESSAGE_LOG_LEVEL, "log-level", EXACTLY(struct message_log_level)},
	{MESSAGE_NOTIFIED, "notified", EXACTLY(struct message_notified)},
	{MESSAGE_VRRP_STARTED, "vrrp-started", NOTHING},
	{MESSAGE_VRRP_GONE, "vrrp-gone", NOTHING},
	{MESSAGE_VRRP_CLEARED, "vrrp-cleared", EXACTLY(struct message_vrrp_cleared)},
	{MESSAGE_NOTIFY_FAILED, "notify-failed", .size_min = sizeof(struct message_notify_failed),
		.size_max = sizeof(struct message_notify_failed) + sizeof(struct message_program) +
			    MESSAGE_PROGRAM_TEXTS_LIMIT},
	RELAYED_HEALTH,
	RELAYED_VRRP,
};
const size_t messages_to_process_count = ARRAY_LENGTH(messages_to_process);

const struct channel_kind messages_to_supervisor[] = {
	{MESSAGE_PONG, "pong", EXACTLY(struct message_ping)},
	{MESSAGE_WORKING, "working", NOTHING},
	{MESSAGE_READY, "ready", NOTHING},
	{MESSAGE_RELOADED, "reloaded", NOTHING},
	{MESSAGE_STATUS, "status", TEXT(MESSAGE_STATUS_LIMIT)},
	{MESSAGE_LOG_LEVEL, "log-level", EXACTLY(struct message_log_level)},
	{MESSAGE_CONTROL_GROUP, "control-group", EXACTLY(struct message_control_group)},
	{MESSAGE_RUN, "run", PROGRAM},
	{MESSAGE_RUN_CANCEL, "run-cancel", EXACTLY(struct message_run_cancel)},
	{MESSAGE_NOTIFY, "notify", PROGRAM},
	{MESSAGE_ALLOW_NONE, "allow-none", NOTHING},
	{MESSAGE_ALLOW, "allow", PROGRAM},
	RELAYED_HEALTH,
	RELAYED_VRRP,
};
const size_t messages_to_supervisor_count = ARRAY_LENGTH(messages_to_supervisor);

/* Verdicts. */

void message_verdict_write(const struct verdict *verdict, struct message_verdict *ret)
{
	*ret = (struct message_verdict){.up = verdict->up,
		.settled = verdict->settled,
		.recovered = verdict->recovered,
		.weight = verdict->weight,
		.since = verdict->since};
}

int message_verdict_read(const struct message_verdict *message, struct verdict *ret)
{
	if ((message->up | message->settled | message->recovered) > 1 || message->zero ||
		message->weight < VERDICT_NO_WEIGHT ||
		message->weight > (int32_t)DESTINATION_LARGEST_WEIGHT ||
		message->since > loop_clock())
		return -EBADMSG;
	*ret = (struct verdict){.up = message->up,
		.settled = message->settled,
		.recovered = message->recovered,
		.weight = message->weight,
		.since = message->since};
	return 0;
}

/* Programs. */

static size_t message_count(const char *const *texts)
{
	size_t count = 0;

	while (texts[count])
		count++;
	return count;
}

static void message_add_texts(struct strbuf *text, const char *const *texts)
{
	for (; *texts; texts++)
		strbuf_add_bytes(text, *texts, strlen(*texts) + 1);
}

int message_program_write(uint64_t number, uint64_t timeout,
	const struct message_program_texts *texts, struct message_program **ret, size_t *size)
{
	size_t words = message_count(texts->words), names = message_count(texts->environment);
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_add_bytes(&text, texts->user, strlen(texts->user) + 1);
	message_add_texts(&text, texts->words);
	message_add_texts(&text, texts->environment);
	if (!words || words > MESSAGE_PROGRAM_MOST || names > MESSAGE_PROGRAM_MOST ||
		text.length > MESSAGE_PROGRAM_TEXTS_LIMIT)
		return -E2BIG;
	*size = sizeof(**ret) + text.length;
	*ret = memory_new(*size);
	**ret = (struct message_program){.number = number,
		.timeout = timeout,
		.words = (uint32_t)words,
		.environment = (uint32_t)names,
		.size = (uint32_t)text.length};
	memcpy((*ret)->texts, text.text, text.length);
	return 0;
}

/* `count` texts into `ret`, and NULL behind them; where they end, or NULL. */
static const char *message_take_texts(
	const char *at, const char *end, size_t count, const char **ret)
{
	for (size_t i = 0; i < count; i++) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));

		if (!nul)
			return NULL;
		ret[i] = at;
		at = nul + 1;
	}
	ret[count] = NULL;
	return at;
}

int message_program_read(const struct message_program *message, size_t size, const char **user,
	const char ***words, const char ***environment)
{
	const char *one[2], *at = message->texts, *end = at + message->size;

	if (size - sizeof(*message) != message->size || !message->number || message->zero ||
		!message->words || message->words > MESSAGE_PROGRAM_MOST ||
		message->environment > MESSAGE_PROGRAM_MOST)
		return -EBADMSG;
	_cleanup_free_ const char **places =
		memory_new((message->words + message->environment + 2) * sizeof(*places));
	at = message_take_texts(at, end, 1, one);
	if (at)
		at = message_take_texts(at, end, message->words, places);
	if (at)
		at = message_take_texts(at, end, message->environment, places + message->words + 1);
	if (at != end)
		return -EBADMSG;
	*user = one[0];
	*environment = places + message->words + 1;
	*words = STEAL(places);
	return 0;
}
