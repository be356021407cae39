// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/apply.h"

#include <errno.h>
#include <linux/ip_vs.h>

#include "backends/ipvs/encode.h"
#include "backends/ipvs/read.h"
#include "backends/ipvs/sysctl.h"

struct apply_indexes {
	VECTOR_OF(size_t);
};

/* The destinations of the service that was asked about last: settling many operations on one
 * service reads it once. */
struct apply_cache {
	bool valid;
	struct service_key key;
	struct destination_vector destinations;
};

struct apply_run {
	struct ipvs_genl *genl;
	const struct plan_op *ops;
	size_t count;
	struct backend_result *results;
	struct ipvs_additions additions;
	struct apply_indexes existing; /* adds that were answered with -EEXIST, to be settled */
	struct apply_cache cache;
};

void ipvs_apply_done(struct backend_result *result)
{
	backend_result_clear(result);
	result->status = BACKEND_RESULT_DONE;
}

void ipvs_apply_failed(struct backend_result *result, const struct plan_op *op, int code,
	enum ipvs_missing missing)
{
	result->status = BACKEND_RESULT_FAILED;
	result->code = ipvs_explain_op(op, code, missing, &result->error);
}

void ipvs_apply_skipped(struct backend_result *result, const char *why)
{
	result->status = BACKEND_RESULT_SKIPPED;
	result->code = error_set(&result->error, -ECANCELED, "%s", why);
}

bool ipvs_apply_is_gone(const struct plan_op *op, int code)
{
	return op->verb == PLAN_VERB_DELETE && (code == -ENOENT || code == -ESRCH);
}

bool ipvs_apply_daemon_fits(const struct sync_daemon *wanted, const struct sync_daemon *running)
{
	struct sync_daemon expected = *wanted;

	if (expected.group.family == AF_UNSPEC)
		expected.group = running->group;
	if (!expected.port)
		expected.port = running->port;
	if (!expected.ttl)
		expected.ttl = running->ttl;
	if (!expected.max_length)
		expected.max_length = running->max_length;
	return sync_daemon_equal(&expected, running);
}

void ipvs_additions_collect(
	struct ipvs_additions *additions, const struct plan_op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ipvs_addition addition = {.key = ops[i].service, .op = i};

		if (ops[i].object == PLAN_OBJECT_SERVICE && ops[i].verb == PLAN_VERB_ADD)
			vector_push(additions, addition);
	}
	vector_sort(additions, service_compare);
}

bool ipvs_additions_failed(const struct ipvs_additions *additions, const struct plan_op *op,
	const struct backend_result *results)
{
	const struct ipvs_addition *addition;

	if (op->object != PLAN_OBJECT_DESTINATION)
		return false;
	addition = vector_find(additions, &op->service, service_compare);
	return addition && results[addition->op].status == BACKEND_RESULT_FAILED;
}

static struct nl_msg *apply_encode_service(const struct plan_op *op, enum plan_verb verb)
{
	if (verb == PLAN_VERB_DELETE)
		return ipvs_encode_service_key(IPVS_CMD_DEL_SERVICE, 0, &op->service);
	return ipvs_encode_service(
		verb == PLAN_VERB_ADD ? IPVS_CMD_NEW_SERVICE : IPVS_CMD_SET_SERVICE, &op->service,
		&op->attributes.after);
}

/* The request for an operation on a service or destination, as if its verb were `verb`. */
static struct nl_msg *apply_encode(const struct plan_op *op, enum plan_verb verb)
{
	if (op->object == PLAN_OBJECT_SERVICE)
		return apply_encode_service(op, verb);
	if (verb == PLAN_VERB_DELETE)
		return ipvs_encode_destination(
			IPVS_CMD_DEL_DEST, &op->service, &op->destination.key, NULL);
	return ipvs_encode_destination(
		verb == PLAN_VERB_ADD ? IPVS_CMD_NEW_DEST : IPVS_CMD_SET_DEST, &op->service,
		&op->destination.key, &op->destination.after);
}

/* The kernel itself knows best: with a prefix that it refuses after it has looked the scheduler up,
 * it says whether the scheduler is there, and makes nothing. */
static enum ipvs_missing apply_find_missing(
	struct ipvs_genl *genl, const struct service_attributes *attributes)
{
	if (!*attributes->engine)
		return IPVS_MISSING_SCHEDULER;
	int code = ipvs_genl_request(
		genl, ipvs_encode_scheduler_probe(attributes->scheduler), true, NULL, NULL);
	if (code == -ENOENT)
		return IPVS_MISSING_SCHEDULER;
	if (code == -EINVAL)
		return IPVS_MISSING_ENGINE;
	return ipvs_explain_module(attributes);
}

static void apply_fail(struct apply_run *run, size_t index, int code)
{
	const struct plan_op *op = &run->ops[index];
	enum ipvs_missing missing = IPVS_MISSING_UNKNOWN;

	if (code == -ENOENT && op->object == PLAN_OBJECT_SERVICE)
		missing = apply_find_missing(run->genl, &op->attributes.after);
	ipvs_apply_failed(&run->results[index], op, code, missing);
}

/* What the kernel's answer makes of one operation. */
static void apply_take(struct apply_run *run, size_t index, int code)
{
	const struct plan_op *op = &run->ops[index];

	if (code == 0 || ipvs_apply_is_gone(op, code))
		ipvs_apply_done(&run->results[index]);
	else if (code == -ESRCH && ipvs_additions_failed(&run->additions, op, run->results))
		ipvs_apply_skipped(&run->results[index], "its service could not be added");
	else
		apply_fail(run, index, code);
}

static int apply_cached(struct apply_run *run, const struct service_key *key)
{
	if (run->cache.valid && service_key_compare(&run->cache.key, key) == 0)
		return 0;
	run->cache.valid = false;
	run->cache.key = *key;
	run->cache.destinations.count = 0;
	int code = ipvs_read_destinations(run->genl, key, &run->cache.destinations);
	/* Of a service that changes all the time, the last answer is as good as any. */
	if (code < 0 && code != -EAGAIN)
		return code;
	run->cache.valid = true;
	return 0;
}

/* Whether the operation's object is there (-ESRCH when not), and *as_wanted. */
static int apply_look(struct apply_run *run, const struct plan_op *op, bool *as_wanted)
{
	*as_wanted = false;
	if (op->object == PLAN_OBJECT_SERVICE) {
		struct service service;
		int code = ipvs_read_service(run->genl, &op->service, &service);

		if (code == 0)
			*as_wanted = service_attributes_equal(
				&service.attributes, &op->attributes.after);
		return code;
	}
	int code = apply_cached(run, &op->service);
	if (code < 0)
		return code;
	const struct destination *found =
		vector_find(&run->cache.destinations, &op->destination.key, destination_compare);
	if (!found)
		return -ESRCH;
	*as_wanted = destination_attributes_equal(&found->attributes, &op->destination.after);
	return 0;
}

/* The answer to this operation was lost: reads its object back, and does it again unless it is
 * done. An add that meets its own earlier work finds -ESRCH or its wish, never -EEXIST. */
static void apply_doubt(struct apply_run *run, size_t index)
{
	const struct plan_op *op = &run->ops[index];
	enum plan_verb verb = op->verb;
	bool as_wanted;
	int code = apply_look(run, op, &as_wanted);

	if (verb == PLAN_VERB_DELETE ? code == -ESRCH : code == 0 && as_wanted) {
		ipvs_apply_done(&run->results[index]);
		return;
	}
	if (verb == PLAN_VERB_ADD && code == 0)
		verb = PLAN_VERB_UPDATE;
	if (code == 0 || code == -ESRCH)
		code = ipvs_genl_request(run->genl, apply_encode(op, verb), true, NULL, NULL);
	apply_take(run, index, code);
}

/* What an add found there already becomes as wanted. */
static void apply_existing(struct apply_run *run, size_t index)
{
	const struct plan_op *op = &run->ops[index];
	bool as_wanted;
	int code = apply_look(run, op, &as_wanted);

	if (code == 0 && as_wanted) {
		ipvs_apply_done(&run->results[index]);
		return;
	}
	if (code == 0 || code == -ESRCH)
		code = ipvs_genl_request(run->genl,
			apply_encode(op, code == 0 ? PLAN_VERB_UPDATE : PLAN_VERB_ADD), true, NULL,
			NULL);
	apply_take(run, index, code);
}

static void apply_settle(struct apply_run *run)
{
	/* What was read for an earlier window may have changed since. */
	run->cache.valid = false;
	vector_foreach(&run->existing, index)
		apply_existing(run, *index);
	run->existing.count = 0;
	run->cache.valid = false;
}

static bool apply_shares_window(const struct plan_op *op)
{
	return (op->object == PLAN_OBJECT_SERVICE || op->object == PLAN_OBJECT_DESTINATION) &&
	       !op->disruptive;
}

/* Collects operations from *next on into a batch; indexes[] says which. Adds go alone with adds:
 * what they leave to be settled comes before the rest. */
static int apply_collect(
	struct apply_run *run, size_t *next, struct ipvs_batch *batch, size_t *indexes)
{
	bool adding = run->ops[*next].verb == PLAN_VERB_ADD;

	for (; *next < run->count && batch->requests < run->genl->window; ++*next) {
		const struct plan_op *op = &run->ops[*next];

		if (batch->requests &&
			(!apply_shares_window(op) || adding != (op->verb == PLAN_VERB_ADD)))
			break;
		if (ipvs_additions_failed(&run->additions, op, run->results)) {
			ipvs_apply_skipped(&run->results[*next], "its service could not be added");
			continue;
		}
		indexes[batch->requests] = *next;
		int code = ipvs_batch_add(batch, apply_encode(op, op->verb));
		if (code < 0)
			return code;
		if (!apply_shares_window(op)) {
			++*next;
			break;
		}
	}
	return 0;
}

/* One window: sends, and judges each answer. */
static int apply_window(struct apply_run *run, size_t *next)
{
	_cleanup_batch_ struct ipvs_batch batch = {};
	size_t indexes[IPVS_WINDOW_MAX] = {};
	int codes[IPVS_WINDOW_MAX] = {};
	bool lost = false;
	int code = apply_collect(run, next, &batch, indexes);
	size_t sent = batch.requests;

	if (code == 0 && sent)
		code = ipvs_genl_exchange(run->genl, &batch, true, codes, NULL, NULL);
	for (size_t i = 0; i < sent; i++) {
		if (code < 0)
			codes[i] = code;
		if (codes[i] == IPVS_ANSWER_LOST)
			lost = true;
		else if (codes[i] == -EEXIST && run->ops[indexes[i]].verb == PLAN_VERB_ADD)
			vector_push(&run->existing, indexes[i]);
		else
			apply_take(run, indexes[i], codes[i]);
		if (codes[i] == -ENOTCONN)
			code = -ENOTCONN;
	}
	run->cache.valid = false;
	for (size_t i = 0; i < sent && lost; i++)
		if (codes[i] == IPVS_ANSWER_LOST)
			apply_doubt(run, indexes[i]);
	return code;
}

/* IPVS has no update of a daemon. One that cannot be started as wanted must not cost the one that ran: that is
 * started again as it was, as far as it is known. */
static int apply_restart_daemon(
	struct ipvs_genl *genl, const struct sync_daemon *before, const struct sync_daemon *daemon)
{
	int code = ipvs_genl_request(
		genl, ipvs_encode_daemon(IPVS_CMD_DEL_DAEMON, daemon), true, NULL, NULL);

	if (code < 0 && code != -ESRCH)
		return code;
	code = ipvs_genl_request(
		genl, ipvs_encode_daemon(IPVS_CMD_NEW_DAEMON, daemon), true, NULL, NULL);
	if (code < 0 && before)
		ipvs_genl_request(
			genl, ipvs_encode_daemon(IPVS_CMD_NEW_DAEMON, before), true, NULL, NULL);
	return code;
}

static int apply_start_daemon(struct ipvs_genl *genl, const struct sync_daemon *daemon)
{
	struct sync_vector running = {};
	int code = ipvs_genl_request(
		genl, ipvs_encode_daemon(IPVS_CMD_NEW_DAEMON, daemon), true, NULL, NULL);

	if (code != -EEXIST)
		return code;
	code = ipvs_read_daemons(genl, &running);
	struct sync_daemon before = {};
	bool known = false, fits = false;
	vector_foreach(&running, other) {
		fits |= ipvs_apply_daemon_fits(daemon, other);
		if (other->role != daemon->role)
			continue;
		before = *other;
		known = true;
	}
	vector_clear(&running);
	if (code < 0 || fits)
		return code;
	return apply_restart_daemon(genl, known ? &before : NULL, daemon);
}

static int apply_sync(struct ipvs_genl *genl, const struct plan_op *op)
{
	switch (op->verb) {
	case PLAN_VERB_ADD:
		return apply_start_daemon(genl, &op->sync.after);
	case PLAN_VERB_DELETE:
		return ipvs_genl_request(genl,
			ipvs_encode_daemon(IPVS_CMD_DEL_DAEMON, &op->sync.before), true, NULL,
			NULL);
	default:
		return apply_restart_daemon(genl, &op->sync.before, &op->sync.after);
	}
}

/* An operation that shares no window: a global of any kind. */
static int apply_global(struct apply_run *run, size_t index)
{
	const struct plan_op *op = &run->ops[index];
	struct backend_result *result = &run->results[index];
	int code;

	if (op->object == PLAN_OBJECT_SYSCTL) {
		code = ipvs_sysctl_write(op->sysctl.name, op->sysctl.after, &result->error);
		result->code = code;
		result->status = code < 0 ? BACKEND_RESULT_FAILED : BACKEND_RESULT_DONE;
		return 0;
	}
	/* Both can be done twice, so an answer that was lost is asked for once more. */
	for (int i = 0; i < 2; i++) {
		code = op->object == PLAN_OBJECT_SYNC
			       ? apply_sync(run->genl, op)
			       : ipvs_genl_request(run->genl,
					 ipvs_encode_timeouts(&op->timeouts.after), true, NULL,
					 NULL);
		if (code != -ENOBUFS)
			break;
	}
	apply_take(run, index, code);
	return code == -ENOTCONN ? code : 0;
}

/* The connection is lost: what was left open failed with it, and the rest was not tried. */
static void apply_abandon(struct apply_run *run, size_t next, int code)
{
	vector_foreach(&run->existing, index)
		ipvs_apply_failed(
			&run->results[*index], &run->ops[*index], code, IPVS_MISSING_UNKNOWN);
	for (size_t i = next; i < run->count; i++)
		ipvs_apply_skipped(&run->results[i], "not tried: the kernel's IPVS was lost");
}

static int apply_all(struct apply_run *run)
{
	size_t next = 0;

	while (next < run->count) {
		const struct plan_op *op = &run->ops[next];
		int code;

		if (op->verb != PLAN_VERB_ADD || op->disruptive)
			apply_settle(run);
		if (op->object == PLAN_OBJECT_SERVICE || op->object == PLAN_OBJECT_DESTINATION)
			code = apply_window(run, &next);
		else
			code = apply_global(run, next++);
		if (code < 0) {
			apply_abandon(run, next, code);
			return code;
		}
	}
	apply_settle(run);
	return 0;
}

int ipvs_apply_ops(struct ipvs_genl *genl, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	struct apply_run run = {.genl = genl, .ops = ops, .count = count, .results = results};

	ipvs_additions_collect(&run.additions, ops, count);
	int code = apply_all(&run);
	vector_clear(&run.additions);
	vector_clear(&run.existing);
	vector_clear(&run.cache.destinations);
	return code < 0 ? ipvs_explain_read(code, error) : 0;
}
