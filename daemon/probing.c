// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan is written down when its sending begins: the text of the checks, and a record for each probe, in the order of
 * checks (by name) and targets. What each record means is kept, in words of its own, for as long as the plan is in force there: the files that it
 * was made of may be gone by then.
 *
 * A plan that does not come into force (it is refused, a piece is not answered or cannot be sent) is sent again, after a while that doubles. What is
 * known of the probes goes along only to spare the servers; where the probes are refused it stays behind, and what is known here holds
 * until the probes have found out themselves. */
#include "daemon/probing.h"

#include <errno.h>

#include "base/log.h"
#include "model/arena.h"
#include "model/canonical.h"

LOG_MODULE("health");

/* Longer than the supervisor has patience with a process that is silent. */
#define PROBING_ANSWER_NS     20000000000ull
#define PROBING_AGAIN_NS      1000000000ull
#define PROBING_AGAIN_MOST_NS 60000000000ull
/* Because of messages that are lost no plan is sent more often. */
#define PROBING_LOST_NS 10000000000ull
#define PROBING_NEVER   UINT64_MAX
/* Who looks later than this was held up, and what was said meanwhile may still wait. */
#define PROBING_LATE_NS 1000000000ull
/* The programs of checks go in one piece: so many bytes are room for all else that is said, and two plans of them for what the
 * supervisor keeps (PROGRAMS_ALLOW_LIMIT). */
#define PROBING_ALLOW_LIMIT (7u << 20)
/* Of each, beside its words: its heads, and its place in the queue. */
#define PROBING_ALLOW_HEAD 128

struct probing_plan {
	uint64_t generation; /* 0: there is none */
	uint64_t serial;     /* of the list that it is of */
	struct {
		VECTOR_OF(struct probe_key);
	} keys; /* of its probes; their names: */
	struct arena names;
	bool bare;     /* what is known did not go along */
	size_t heard;  /* verdicts: the health process says all that it knows first */
	uint32_t said; /* serial of the last ones */
};

struct probing {
	struct probing_options options;
	struct probing_wanted wanted;
	bool asked; /* `wanted` says something */
	bool there; /* the health process */
	bool begun; /* a plan was made of the list with this serial, whatever has become of it: */
	uint64_t serial;
	uint64_t generation;        /* of the last plan */
	struct probing_plan force;  /* in force there */
	struct probing_plan coming; /* on its way there: */
	struct strbuf text;
	struct {
		VECTOR_OF(struct message_health_probe);
	} records; /* until they are sent */
	size_t text_sent, records_sent;
	uint32_t pieces, got;
	bool committed;     /* COMMIT was sent; in force when it was answered too */
	uint64_t answer_by; /* or the piece is lost */
	/* The next plan. */
	uint64_t again_at;
	unsigned int failures; /* in a row */
	bool bare;             /* without what is known */
	bool oversize;         /* it is of no use to send it */
	uint64_t began;        /* the last one */
	uint64_t heard;        /* when the process said something last */
	uint64_t silent_at;    /* NEVER: nobody is there, or it is silent */
	struct engine_probing said;
	struct probing_counters counters;
	struct engine_verdict verdicts[MESSAGE_HEALTH_VERDICTS_MOST];
};

static int probing_send(
	const struct probing *probing, uint16_t kind, const void *payload, size_t size)
{
	return probing->options.send(probing->options.data, kind, payload, size);
}

/* Plans. */

static void probing_plan_clear(struct probing_plan *plan)
{
	vector_clear(&plan->keys);
	arena_clear(&plan->names);
	*plan = (struct probing_plan){};
}

static void probing_drop_coming(struct probing *probing)
{
	probing_plan_clear(&probing->coming);
	strbuf_clear(&probing->text);
	vector_clear(&probing->records);
	probing->text_sent = probing->records_sent = 0;
	probing->pieces = probing->got = 0;
	probing->committed = false;
	probing->answer_by = PROBING_NEVER;
}

/* Another health process knows nothing of what the one before was told. */
static void probing_forget(struct probing *probing)
{
	probing_drop_coming(probing);
	probing_plan_clear(&probing->force);
	probing->begun = probing->oversize = false;
	probing->failures = 0;
	probing->again_at = PROBING_NEVER;
	probing->silent_at = PROBING_NEVER;
}

static void probing_tell_trouble(const struct probing *probing, const char *why, const char *then)
{
	_cleanup_free_ char *text = NULL;

	if (why)
		text = memory_printf("the health process does not probe what the files say: %s; "
				     "%s%s",
			why,
			probing->force.keys.count ? "it probes what it was told before"
						  : "nothing is probed",
			then);
	probing->options.trouble(probing->options.data, text);
}

/* The plan on its way does not arrive. */
static void probing_fail(struct probing *probing, const char *why)
{
	uint64_t wait = PROBING_AGAIN_NS;

	for (unsigned int i = 0; i < probing->failures && wait < PROBING_AGAIN_MOST_NS; i++)
		wait *= 2;
	probing_drop_coming(probing);
	probing->failures++;
	probing->counters.broken++;
	probing->again_at = loop_clock() + MIN(wait, PROBING_AGAIN_MOST_NS);
	probing_tell_trouble(probing, why, ", and it is told again");
}

static void probing_fail_to_send(struct probing *probing, int r)
{
	_cleanup_free_ char *why = memory_printf("it cannot be told: %s", strerror(-r));

	probing_fail(probing, why);
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
	const struct engine_probe *probe, size_t check, bool bare, struct message_health_probe *ret)
{
	const struct destination_key *target = &probe->key.target;
	struct verdict read;

	*ret = (struct message_health_probe){
		.check = (uint32_t)check, .family = target->address.family, .port = target->port};
	memcpy(ret->address, target->address.bytes, sizeof(ret->address));
	message_verdict_write(&probe->verdict, &ret->verdict);
	/* One that could not be read would cost all others theirs. */
	ret->known = !bare && message_verdict_read(&ret->verdict, &read) == 0;
	if (!ret->known)
		ret->verdict = (struct message_verdict){};
}

/* The table is by target, and stays so within each check: O(probes + checks) beside finding each one's check. */
static void probing_write_records(struct probing *probing)
{
	const struct engine_probe_vector *probes = probing->wanted.probes;
	const struct config_check_vector *checks = &probing->wanted.config->checks;
	_cleanup_free_ size_t *starts = memory_new((checks->count + 2) * sizeof(*starts));
	_cleanup_free_ size_t *of = memory_new((probes->count + 1) * sizeof(*of));
	_cleanup_free_ const char **names = memory_new((checks->count + 1) * sizeof(*names));
	size_t total = 0;

	for (size_t i = 0; i < checks->count; i++)
		names[i] = arena_copy_string(&probing->coming.names, checks->items[i].name.text);
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
	vector_reserve(&probing->coming.keys, total);
	probing->records.count = probing->coming.keys.count = total;
	for (size_t i = 0; i < probes->count; i++) {
		if (of[i] == checks->count)
			continue;
		size_t place = starts[of[i]]++;
		probing_write_record(&probes->items[i], of[i], probing->coming.bare,
			&probing->records.items[place]);
		probing->coming.keys.items[place] = (struct probe_key){
			.target = probes->items[i].key.target, .check = names[of[i]]};
	}
}

/* Sending it. */

static int probing_allow(const struct probing *probing, const struct config_check *check)
{
	const struct config_text_list *command = &check->exec.command;
	_cleanup_free_ const char **words = memory_new((command->count + 1) * sizeof(*words));
	static const char *const nothing[] = {NULL};
	const struct message_program_texts texts = {
		.user = check->exec.user, .words = words, .environment = nothing};
	_cleanup_free_ struct message_program *message = NULL;
	size_t size;

	memcpy(words, command->items, command->count * sizeof(*words));
	if (message_program_write(1, 0, &texts, &message, &size) < 0) {
		log_warning("check %s: its command is too long to be run", check->name.text);
		return 0;
	}
	return probing_send(probing, MESSAGE_ALLOW, message, size);
}

static bool probing_may_allow(const struct config *config)
{
	size_t size = 0;

	for (size_t i = 0; config && i < config->checks.count; i++) {
		const struct config_exec *exec = &config->checks.items[i].exec;

		if (!config_has(&config->checks.items[i].object, CONFIG_CHECK_EXEC))
			continue;
		size += PROBING_ALLOW_HEAD + strlen(exec->user);
		vector_foreach(&exec->command, word)
			size += strlen(*word) + 1;
	}
	return size <= PROBING_ALLOW_LIMIT;
}

static int probing_allow_more(const struct probing *probing)
{
	const struct config *config = probing->wanted.config;
	int r = 0;

	for (size_t i = 0; r == 0 && config && i < config->checks.count; i++)
		if (config_has(&config->checks.items[i].object, CONFIG_CHECK_EXEC))
			r = probing_allow(probing, &config->checks.items[i]);
	return r;
}

static int probing_allow_only(const struct probing *probing)
{
	int r = probing_send(probing, MESSAGE_ALLOW_NONE, NULL, 0);

	return r == 0 ? probing_allow_more(probing) : r;
}

static int probing_send_text(struct probing *probing)
{
	const char *from = probing->text.text + probing->text_sent;
	size_t size = MIN(probing->text.length - probing->text_sent, (size_t)CHANNEL_PAYLOAD_LIMIT);

	probing->text_sent += size;
	return probing_send(probing, MESSAGE_HEALTH_CHECKS, from, size);
}

static int probing_send_records(struct probing *probing)
{
	const struct message_health_probe *from = probing->records.items + probing->records_sent;
	size_t count = MIN(
		probing->records.count - probing->records_sent, (size_t)MESSAGE_HEALTH_PROBES_MOST);

	probing->records_sent += count;
	return probing_send(probing, MESSAGE_HEALTH_PROBES, from, count * sizeof(*from));
}

static int probing_send_commit(struct probing *probing)
{
	const struct message_health_got commit = {
		.generation = probing->generation, .pieces = probing->pieces};

	probing->committed = true;
	strbuf_clear(&probing->text);
	vector_clear(&probing->records);
	return probing_send(probing, MESSAGE_HEALTH_COMMIT, &commit, sizeof(commit));
}

static void probing_send_piece(struct probing *probing)
{
	int r;

	probing->pieces++;
	probing->answer_by = loop_clock() + PROBING_ANSWER_NS;
	if (probing->text_sent < probing->text.length)
		r = probing_send_text(probing);
	else if (probing->records_sent < probing->records.count)
		r = probing_send_records(probing);
	else
		r = probing_send_commit(probing);
	if (r < 0)
		probing_fail_to_send(probing, r);
}

static void probing_write(struct probing *probing)
{
	/* Greater than that of any plan of an earlier life, too. */
	uint64_t generation = MAX(loop_clock(), probing->generation + 1);

	if (probing->serial != probing->wanted.serial)
		probing->bare = false;
	probing_drop_coming(probing);
	probing->generation = generation;
	probing->serial = probing->wanted.serial;
	probing->again_at = PROBING_NEVER;
	probing->began = loop_clock();
	probing->begun = true;
	probing->coming.generation = generation;
	probing->coming.serial = probing->serial;
	probing->coming.bare = probing->bare;
	probing_write_text(probing);
	if (probing->wanted.config)
		probing_write_records(probing);
}

/* The programs of the plan in force must be allowed for as long as it is. */
static int probing_send_head(struct probing *probing)
{
	const struct message_health_plan plan = {.generation = probing->generation,
		.text_size = (uint32_t)probing->text.length,
		.probes = (uint32_t)probing->records.count};
	int r = probing->force.keys.count ? probing_allow_more(probing)
					  : probing_allow_only(probing);

	return r == 0 ? probing_send(probing, MESSAGE_HEALTH_PLAN, &plan, sizeof(plan)) : r;
}

/* Why it is of no use to send what was written down; NULL. */
static const char *probing_too_much(const struct probing *probing)
{
	if (probing->text.length > MESSAGE_HEALTH_TEXT_LIMIT ||
		probing->records.count > MESSAGE_HEALTH_PROBES_LIMIT)
		return "there are more checks or destinations than can be probed";
	return probing_may_allow(probing->wanted.config)
		       ? NULL
		       : "the commands of all `exec` checks have more than 7 MiB together";
}

static void probing_begin(struct probing *probing)
{
	probing->counters.plans++;
	probing_write(probing);
	const char *why = probing_too_much(probing);
	probing->oversize = why;
	if (why) {
		probing_drop_coming(probing);
		probing->counters.broken++;
		probing_tell_trouble(probing, why, "");
		return;
	}
	int r = probing_send_head(probing);
	if (r < 0)
		probing_fail_to_send(probing, r);
	else
		probing_send_piece(probing);
}

void probing_want(struct probing *probing, const struct probing_wanted *wanted)
{
	probing->wanted = *wanted;
	probing->asked = true;
	if (probing->there && (!probing->begun || probing->serial != wanted->serial))
		probing_begin(probing);
}

uint64_t probing_run(struct probing *probing, uint64_t now)
{
	if (now >= probing->again_at)
		probing_begin(probing);
	else if (now >= probing->answer_by)
		probing_fail(probing, "it gives no answer");
	return MIN(probing->answer_by, probing->again_at);
}

/* Hearing. */

static void probing_tell(const struct probing *probing)
{
	probing->options.told(probing->options.data, &probing->said);
}

static void probing_tell_there(struct probing *probing, bool there)
{
	probing->there = there;
	probing->said = (struct engine_probing){.there = there};
	probing_tell(probing);
}

/* The supervisor sees to it that it is killed. */
uint64_t probing_listen(struct probing *probing, uint64_t now)
{
	if (now < probing->silent_at)
		return probing->silent_at;
	if (now - probing->silent_at > PROBING_LATE_NS) {
		probing->silent_at = now + PROBING_LATE_NS;
		return probing->silent_at;
	}
	probing->silent_at = PROBING_NEVER;
	log_warning("the health process says nothing: its checks do not run now");
	probing->said.silent = probing->heard;
	probing_tell(probing);
	return PROBING_NEVER;
}

static void probing_hear(struct probing *probing)
{
	probing->heard = loop_clock();
	if (!probing->there)
		return;
	probing->silent_at = probing->heard + PROBING_SILENCE_NS;
	if (!probing->said.silent)
		return;
	log_info("the health process speaks again");
	probing->said.silent = 0;
	probing_tell(probing);
}

static void probing_on_started(struct probing *probing)
{
	probing_forget(probing);
	probing_tell_there(probing, true);
	probing_hear(probing);
	if (probing->asked)
		probing_begin(probing);
}

static void probing_on_gone(struct probing *probing)
{
	probing_forget(probing);
	probing_tell_trouble(probing, NULL, "");
	probing_tell_there(probing, false);
}

static void probing_put_in_force(struct probing *probing)
{
	bool another = probing->force.keys.count;

	probing_plan_clear(&probing->force);
	probing->force = probing->coming;
	probing->coming = (struct probing_plan){};
	probing_drop_coming(probing);
	probing->failures = 0;
	probing->counters.committed++;
	probing_tell_trouble(probing, NULL, "");
	/* What only the plan before needed is allowed no more. */
	if (another && probing_allow_only(probing) < 0)
		log_warning("the supervisor cannot be told which programs checks have");
}

static void probing_on_got(struct probing *probing, const struct message_health_got *got)
{
	if (!probing->coming.generation || got->generation != probing->coming.generation) {
		probing->counters.stale++;
		return;
	}
	if (got->pieces != probing->got + 1 || got->pieces != probing->pieces) {
		probing->counters.malformed++;
		return;
	}
	probing->got = got->pieces;
	if (probing->committed)
		probing_put_in_force(probing);
	else
		probing_send_piece(probing);
}

static void probing_on_refused(
	struct probing *probing, const struct message_health_refused *refused)
{
	static const char *const words[MESSAGE_REFUSAL_COUNT] = {
		[MESSAGE_REFUSAL_HEAD] = "it finds the list too large, or old",
		[MESSAGE_REFUSAL_CHECKS] = "it cannot read the checks",
		[MESSAGE_REFUSAL_PROBES] = "it cannot read the list of probes",
	};

	if (!probing->coming.generation || refused->generation != probing->coming.generation) {
		probing->counters.stale++;
		return;
	}
	if (refused->refusal >= MESSAGE_REFUSAL_COUNT) {
		probing->counters.malformed++;
		return;
	}
	probing->bare |= refused->refusal == MESSAGE_REFUSAL_PROBES;
	probing_fail(probing, words[refused->refusal]);
}

/* Something that was said did not arrive, and nobody will say it again. */
static void probing_miss(struct probing *probing)
{
	if (!probing->begun || probing->oversize || probing->coming.generation ||
		probing->again_at != PROBING_NEVER)
		return;
	log_warning("what the health process was told, or said, was lost: all of it again");
	probing->again_at = MAX(loop_clock() + PROBING_AGAIN_NS, probing->began + PROBING_LOST_NS);
}

static bool probing_is_line(const char *reason)
{
	const char *end = memchr(reason, '\0', VERDICT_REASON_SIZE);

	for (const char *at = reason; end && at < end; at++)
		if (*at < ' ' || *at > '~')
			return false;
	return end != NULL;
}

/* A health process that was not told what is known says what `initially` says: that is no news. */
static void probing_keep_known(const struct probing *probing, struct engine_verdict *verdict)
{
	const struct engine_probe *known =
		vector_find(probing->wanted.probes, &verdict->key, probe_key_compare);

	if (known && !verdict->verdict.settled)
		verdict->verdict = known->verdict;
}

static int probing_read_verdict(const struct probing *probing,
	const struct message_health_verdict *message, struct engine_verdict *ret)
{
	const struct probing_plan *plan = &probing->force;

	if (message->probe >= plan->keys.count || message->failing > 1 || message->untried > 1 ||
		(message->untried && !*message->reason) || !probing_is_line(message->reason))
		return -EBADMSG;
	*ret = (struct engine_verdict){.key = plan->keys.items[message->probe],
		.failing = message->failing,
		.failures = message->failures,
		.untried = message->untried,
		.wall = message->wall,
		.reason = message->reason};
	int r = message_verdict_read(&message->verdict, &ret->verdict);
	if (r == 0 && plan->bare)
		probing_keep_known(probing, ret);
	return r;
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

/* Those that were lost between this message and the one before it. */
static void probing_count(struct probing *probing, uint32_t serial)
{
	struct probing_plan *plan = &probing->force;

	if (serial != plan->said + 1)
		probing_miss(probing);
	plan->said = serial;
}

static void probing_on_verdicts(
	struct probing *probing, const struct message_health_verdicts *message, size_t size)
{
	uint64_t generation = message->generation;

	/* GOT was lost, but the plan was not. */
	if (probing->committed && generation == probing->coming.generation)
		probing_put_in_force(probing);
	/* Where other files are in force already, and their plan is not: a probe that they have too is the same. */
	if (!generation || generation != probing->force.generation) {
		probing->counters.stale++;
		return;
	}
	probing_count(probing, message->serial);
	if (probing_read_verdicts(probing, message, size) < 0) {
		probing->counters.malformed++;
		log_warning("the health process says what is no verdict: dropped");
	} else {
		probing->counters.verdicts++;
		probing->force.heard += message->count;
		probing->options.verdicts(probing->options.data, probing->verdicts, message->count);
	}
	const struct message_health_heard heard = {
		.generation = generation, .serial = message->serial};
	/* When it cannot be sent, the verdicts come again. */
	if (probing_send(probing, MESSAGE_HEALTH_HEARD, &heard, sizeof(heard)) < 0)
		log_debug("the health process cannot be told that it was heard");
}

static void probing_on_stats(struct probing *probing, const struct message_health_stats *stats)
{
	const struct engine_probing said = {.there = true,
		.passed = stats->passed,
		.failed = stats->failed,
		.untried = stats->untried,
		.expired = stats->expired,
		.late = stats->late,
		.latest_ns = stats->latest_ns,
		.running = stats->running,
		.places = stats->places,
		.behind_ns = stats->behind_ns,
		.full = stats->full != 0};

	/* That it is there was lost. */
	if (!probing->there)
		probing_on_started(probing);
	if (stats->generation != probing->force.generation)
		probing_miss(probing);
	probing->said = said;
	probing_tell(probing);
}

/* Of another process, or none of its words: a sign of life of nobody. */
static bool probing_is_of_it(uint16_t kind)
{
	return kind == MESSAGE_HEALTH_GOT || kind == MESSAGE_HEALTH_REFUSED ||
	       kind == MESSAGE_HEALTH_VERDICTS || kind == MESSAGE_HEALTH_STATS;
}

void probing_message(struct probing *probing, uint16_t kind, const void *payload, size_t size)
{
	if (probing_is_of_it(kind))
		probing_hear(probing);
	switch ((enum message_kind)kind) {
	case MESSAGE_HEALTH_STARTED:
		probing_on_started(probing);
		break;
	case MESSAGE_HEALTH_GONE:
		probing_on_gone(probing);
		break;
	case MESSAGE_HEALTH_GOT:
		probing_on_got(probing, payload);
		break;
	case MESSAGE_HEALTH_REFUSED:
		probing_on_refused(probing, payload);
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
	return probing->force.generation && probing->force.serial == probing->wanted.serial;
}

bool probing_is_heard(const struct probing *probing)
{
	return probing_is_settled(probing) && probing->force.heard >= probing->force.keys.count;
}

struct probing_counters probing_counters(const struct probing *probing)
{
	return probing->counters;
}

void probing_new(const struct probing_options *options, struct probing **ret)
{
	struct probing *probing = memory_new(sizeof(*probing));

	probing->options = *options;
	probing_forget(probing);
	*ret = probing;
}

struct probing *probing_free(struct probing *probing)
{
	if (!probing)
		return NULL;
	probing_forget(probing);
	free(probing);
	return NULL;
}
