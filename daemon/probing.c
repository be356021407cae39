// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan is written down when its sending begins: the text of the checks, and a record for each probe, in the order of
 * checks (by name) and targets. `places` leads from there back into the table of probes, which is in force as long as its
 * serial is; so verdicts are given on without a search. */
#include "daemon/probing.h"

#include <errno.h>

#include "base/log.h"
#include "model/canonical.h"

LOG_MODULE("health");

struct probing {
	struct probing_options options;
	struct probing_wanted wanted;
	bool asked;   /* `wanted` says something */
	bool there;   /* the health process */
	bool planned; /* a plan is under way or in force, of the list with this serial: */
	uint64_t serial;
	uint64_t generation;
	/* The plan. */
	struct strbuf text;
	struct {
		VECTOR_OF(struct message_health_probe);
	} records; /* until they are sent */
	struct {
		VECTOR_OF(uint32_t);
	} places; /* of each probe of the plan in wanted.probes */
	size_t text_sent, records_sent;
	uint32_t pieces, got;
	size_t heard; /* verdicts since the plan: the health process says all that it knows first */
	bool committed; /* COMMIT was sent; in force when it was answered too */
	struct probing_counters counters;
	struct engine_verdict verdicts[MESSAGE_HEALTH_VERDICTS_MOST];
};

static bool probing_send(struct probing *probing, uint16_t kind, const void *payload, size_t size)
{
	int r = probing->options.send(probing->options.data, kind, payload, size);

	if (r < 0)
		log_warning("the health process cannot be told: %s", strerror(-r));
	return r == 0;
}

/* Writing the plan down. */

static void probing_write_text(struct probing *probing)
{
	const struct config *config = probing->wanted.config;
	struct config checks = {.poise = CONFIG_FORMAT, .allow_empty = true};

	checks.object.set = 1u << CONFIG_POISE | 1u << CONFIG_ALLOW_EMPTY;
	if (config && config->checks.count) {
		checks.checks = config->checks;
		checks.object.set |= 1u << CONFIG_CHECKS;
	}
	config_format_yaml(&checks, &probing->text);
}

static void probing_write_record(
	const struct engine_probe *probe, size_t check, struct message_health_probe *ret)
{
	const struct destination_key *target = &probe->key.target;

	*ret = (struct message_health_probe){.check = (uint32_t)check,
		.family = target->address.family,
		.port = target->port,
		.known = 1};
	memcpy(ret->address, target->address.bytes, sizeof(ret->address));
	message_verdict_write(&probe->verdict, &ret->verdict);
}

/* The table is by target, and stays so within each check: O(probes + checks) beside finding each one's check. */
static void probing_write_records(struct probing *probing)
{
	const struct engine_probe_vector *probes = probing->wanted.probes;
	const struct config_check_vector *checks = &probing->wanted.config->checks;
	_cleanup_free_ size_t *starts = memory_new((checks->count + 2) * sizeof(*starts));
	_cleanup_free_ size_t *of = memory_new((probes->count + 1) * sizeof(*of));
	size_t total = 0;

	for (size_t i = 0; i < probes->count; i++) {
		const struct config_check *check =
			config_find_check(probing->wanted.config, probes->items[i].key.check);

		of[i] = check ? (size_t)(check - checks->items) : checks->count;
		starts[of[i] + 1] += check != NULL;
		total += check != NULL;
	}
	for (size_t i = 1; i <= checks->count; i++)
		starts[i] += starts[i - 1];
	vector_reserve(&probing->records, total);
	vector_reserve(&probing->places, total);
	probing->records.count = probing->places.count = total;
	for (size_t i = 0; i < probes->count; i++) {
		if (of[i] == checks->count)
			continue;
		size_t place = starts[of[i]]++;
		probing_write_record(&probes->items[i], of[i], &probing->records.items[place]);
		probing->places.items[place] = (uint32_t)i;
	}
}

static void probing_forget_plan(struct probing *probing)
{
	strbuf_clear(&probing->text);
	vector_clear(&probing->records);
	vector_clear(&probing->places);
	probing->text_sent = probing->records_sent = 0;
	probing->pieces = probing->got = 0;
	probing->heard = 0;
	probing->planned = probing->committed = false;
}

/* Sending it. */

static void probing_allow(struct probing *probing, const struct config_check *check)
{
	const struct config_text_list *command = &check->exec.command;
	_cleanup_free_ const char **words = memory_new((command->count + 1) * sizeof(*words));
	static const char *const nothing[] = {NULL};
	const struct message_program_texts texts = {
		.user = check->exec.user, .words = words, .environment = nothing};
	_cleanup_free_ struct message_program *message = NULL;
	size_t size;

	memcpy(words, command->items, command->count * sizeof(*words));
	int r = message_program_write(1, 0, &texts, &message, &size);
	if (r == 0)
		probing_send(probing, MESSAGE_ALLOW, message, size);
	else
		log_warning("check %s: its command is too long to be run", check->name.text);
}

static void probing_allow_all(struct probing *probing)
{
	const struct config *config = probing->wanted.config;

	probing_send(probing, MESSAGE_ALLOW_NONE, NULL, 0);
	for (size_t i = 0; config && i < config->checks.count; i++)
		if (config_has(&config->checks.items[i].object, CONFIG_CHECK_EXEC))
			probing_allow(probing, &config->checks.items[i]);
}

static void probing_send_text(struct probing *probing)
{
	size_t size = MIN(probing->text.length - probing->text_sent, (size_t)CHANNEL_PAYLOAD_LIMIT);

	probing_send(probing, MESSAGE_HEALTH_CHECKS, probing->text.text + probing->text_sent, size);
	probing->text_sent += size;
}

static void probing_send_records(struct probing *probing)
{
	size_t count = MIN(
		probing->records.count - probing->records_sent, (size_t)MESSAGE_HEALTH_PROBES_MOST);

	probing_send(probing, MESSAGE_HEALTH_PROBES, probing->records.items + probing->records_sent,
		count * sizeof(*probing->records.items));
	probing->records_sent += count;
}

static void probing_send_commit(struct probing *probing)
{
	const struct message_health_got commit = {
		.generation = probing->generation, .pieces = probing->pieces};

	probing_send(probing, MESSAGE_HEALTH_COMMIT, &commit, sizeof(commit));
	probing->committed = true;
	strbuf_clear(&probing->text);
	vector_clear(&probing->records);
}

static void probing_send_piece(struct probing *probing)
{
	probing->pieces++;
	if (probing->text_sent < probing->text.length)
		probing_send_text(probing);
	else if (probing->records_sent < probing->records.count)
		probing_send_records(probing);
	else
		probing_send_commit(probing);
}

static void probing_begin(struct probing *probing)
{
	/* Greater than that of any plan of an earlier life, too. */
	uint64_t generation = MAX(loop_clock(), probing->generation + 1);

	probing_forget_plan(probing);
	probing->generation = generation;
	probing->serial = probing->wanted.serial;
	probing->planned = true;
	probing->counters.plans++;
	probing_write_text(probing);
	if (probing->wanted.config)
		probing_write_records(probing);
	if (probing->text.length > MESSAGE_HEALTH_TEXT_LIMIT ||
		probing->records.count > MESSAGE_HEALTH_PROBES_LIMIT) {
		log_error("there are more checks or destinations than can be probed: the probes "
			  "stay as they are");
		return;
	}
	probing_allow_all(probing);
	const struct message_health_plan plan = {.generation = generation,
		.text_size = (uint32_t)probing->text.length,
		.probes = (uint32_t)probing->records.count};
	if (probing_send(probing, MESSAGE_HEALTH_PLAN, &plan, sizeof(plan)))
		probing_send_piece(probing);
}

void probing_want(struct probing *probing, const struct probing_wanted *wanted)
{
	probing->wanted = *wanted;
	probing->asked = true;
	if (probing->there && (!probing->planned || probing->serial != wanted->serial))
		probing_begin(probing);
}

/* Hearing. */

static void probing_tell_there(struct probing *probing, bool there)
{
	const struct engine_probing told = {.there = there};

	probing->there = there;
	probing->options.told(probing->options.data, &told);
}

static void probing_on_started(struct probing *probing)
{
	probing_tell_there(probing, true);
	probing_forget_plan(probing);
	if (probing->asked)
		probing_begin(probing);
}

static void probing_on_got(struct probing *probing, const struct message_health_got *got)
{
	if (!probing->planned || got->generation != probing->generation) {
		probing->counters.stale++;
		return;
	}
	if (got->pieces != probing->got + 1 || got->pieces != probing->pieces) {
		probing->counters.malformed++;
		return;
	}
	probing->got = got->pieces;
	if (probing->committed)
		probing->counters.committed++;
	else
		probing_send_piece(probing);
}

static bool probing_is_line(const char *reason)
{
	const char *end = memchr(reason, '\0', VERDICT_REASON_SIZE);

	for (const char *at = reason; end && at < end; at++)
		if (*at < ' ' || *at > '~')
			return false;
	return end != NULL;
}

static int probing_read_verdict(const struct probing *probing,
	const struct message_health_verdict *message, struct engine_verdict *ret)
{
	if (message->probe >= probing->places.count || message->failing > 1 ||
		message->untried > 1 || (message->untried && !*message->reason) ||
		!probing_is_line(message->reason))
		return -EBADMSG;
	const struct engine_probe_vector *probes = probing->wanted.probes;
	*ret = (struct engine_verdict){
		.key = probes->items[probing->places.items[message->probe]].key,
		.failing = message->failing,
		.failures = message->failures,
		.untried = message->untried,
		.wall = message->wall,
		.reason = message->reason};
	return message_verdict_read(&message->verdict, &ret->verdict);
}

/* All of it, or nothing. */
static int probing_read_verdicts(
	struct probing *probing, const struct message_health_verdicts *message, size_t size)
{
	if (message->count > MESSAGE_HEALTH_VERDICTS_MOST ||
		size != sizeof(*message) + message->count * sizeof(*message->verdicts))
		return -EBADMSG;
	for (uint32_t i = 0; i < message->count; i++) {
		int r = probing_read_verdict(probing, &message->verdicts[i], &probing->verdicts[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void probing_on_verdicts(
	struct probing *probing, const struct message_health_verdicts *message, size_t size)
{
	/* Other files may be in force already, and their plan not on its way yet. */
	if (!probing->planned || !probing->committed ||
		message->generation != probing->generation ||
		probing->wanted.serial != probing->serial) {
		probing->counters.stale++;
		return;
	}
	if (probing_read_verdicts(probing, message, size) < 0) {
		probing->counters.malformed++;
		log_warning("the health process says what is no verdict: dropped");
	} else {
		probing->counters.verdicts++;
		probing->heard += message->count;
		probing->options.verdicts(probing->options.data, probing->verdicts, message->count);
	}
	const struct message_health_heard heard = {
		.generation = message->generation, .serial = message->serial};
	probing_send(probing, MESSAGE_HEALTH_HEARD, &heard, sizeof(heard));
}

static void probing_on_stats(struct probing *probing, const struct message_health_stats *stats)
{
	const struct engine_probing told = {.there = true,
		.passed = stats->passed,
		.failed = stats->failed,
		.untried = stats->untried,
		.expired = stats->expired,
		.late = stats->late,
		.latest_ns = stats->latest_ns,
		.running = stats->running};

	probing->options.told(probing->options.data, &told);
}

void probing_message(struct probing *probing, uint16_t kind, const void *payload, size_t size)
{
	switch ((enum message_kind)kind) {
	case MESSAGE_HEALTH_STARTED:
		probing_on_started(probing);
		break;
	case MESSAGE_HEALTH_GONE:
		probing_tell_there(probing, false);
		probing_forget_plan(probing);
		break;
	case MESSAGE_HEALTH_GOT:
		probing_on_got(probing, payload);
		break;
	case MESSAGE_HEALTH_VERDICTS:
		probing_on_verdicts(probing, payload, size);
		break;
	case MESSAGE_HEALTH_STATS:
		probing_on_stats(probing, payload);
		break;
	default:
		break;
	}
}

bool probing_is_settled(const struct probing *probing)
{
	return probing->planned && probing->committed && probing->got == probing->pieces &&
	       probing->serial == probing->wanted.serial;
}

bool probing_is_heard(const struct probing *probing)
{
	return probing_is_settled(probing) && probing->heard >= probing->places.count;
}

struct probing_counters probing_counters(const struct probing *probing)
{
	return probing->counters;
}

void probing_new(const struct probing_options *options, struct probing **ret)
{
	struct probing *probing = memory_new(sizeof(*probing));

	probing->options = *options;
	*ret = probing;
}

struct probing *probing_free(struct probing *probing)
{
	if (!probing)
		return NULL;
	probing_forget_plan(probing);
	free(probing);
	return NULL;
}
