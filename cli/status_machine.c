// SPDX-License-Identifier: GPL-2.0-or-later
/* Status without poised.
 *
 * What must exist follows from what was applied last (confirmed.yaml of the state directory, when its
 * revision is the record's) and from what the operator told poised, by the same step() that an apply
 * goes through. Without the file, what poise manages can be shown, and what drains, but not whether it
 * is as it should be. */
#include "cli/status_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/version.h"
#include "cli/load.h"
#include "cli/machine.h"
#include "cli/operator_told.h"
#include "model/units.h"
#include "reconciler/confirm.h"
#include "reconciler/figures_json.h"

#define CONFIRMED_LIMIT (256u << 20)

struct totals {
	size_t services, destinations, draining, unmanaged;
	size_t wrong; /* objects that are not as they should be */
};

/* The two sides, and what is made of them. */
struct picture {
	struct reconciler reconciler;
	struct cli_loaded loaded;
	struct cli_operator told;
	struct state live;
	struct step_output output;
	bool known; /* what must exist is known, and in `output` */
	struct totals totals;
};

static void picture_clear(struct picture *picture)
{
	step_output_clear(&picture->output);
	state_clear(&picture->live);
	cli_loaded_clear(&picture->loaded);
	cli_operator_clear(&picture->told);
	reconciler_close(&picture->reconciler);
}

#define _cleanup_picture_ _cleanup_(picture_clear)

/* What was applied last, when the state directory still has it. */
static bool picture_load(struct picture *picture)
{
	const struct record *record = &picture->reconciler.record;
	_cleanup_free_ char *path =
		memory_printf("%s/" RECORD_CONFIRMED_FILE, picture->reconciler.options.state_dir);
	_cleanup_free_ char *text = NULL;
	char revision[REVISION_SIZE];
	size_t size;

	if (!record->revision ||
		file_read_regular(AT_FDCWD, path, CONFIRMED_LIMIT, &text, &size) < 0)
		return false;
	record_revision(text, revision);
	return strcmp(revision, record->revision) == 0 &&
	       cli_load_text(path, text, size, &picture->loaded) == 0;
}

static void picture_think(struct picture *picture)
{
	const struct step_input input = {
		.declared = &picture->loaded.declared,
		.live = &picture->live,
		.memory = &picture->reconciler.record.memory,
		.facts = &picture->told.facts,
		.now = reconciler_now(),
		.hold_deletions = picture->reconciler.hold_deletions,
	};

	picture->known = picture_load(picture);
	if (picture->known)
		step(&input, &picture->output);
}

static const struct memory *picture_memory(const struct picture *picture)
{
	return picture->known ? &picture->output.memory : &picture->reconciler.record.memory;
}

/* NULL: as it should be. Else in words what is otherwise; the caller frees it. */
static char *destination_difference(
	const struct destination *live, const struct destination *desired)
{
	const struct destination_attributes *is = &live->attributes, *should = &desired->attributes;

	if (destination_attributes_equal(is, should))
		return NULL;
	if (is->weight != should->weight)
		return memory_printf(
			"weight %" PRIu32 ", should be %" PRIu32, is->weight, should->weight);
	if (is->forward != should->forward)
		return memory_printf("%s, should be %s", forward_method_name(is->forward),
			forward_method_name(should->forward));
	return memory_copy_string("its thresholds or its tunnel should be others");
}

static char *service_difference(const struct service *live, const struct service *desired)
{
	const struct service_attributes *is = &live->attributes, *should = &desired->attributes;

	if (service_attributes_equal(is, should))
		return NULL;
	if (strcmp(is->scheduler, should->scheduler) != 0)
		return memory_printf(
			"scheduler %s, should be %s", is->scheduler, should->scheduler);
	return memory_copy_string("its flags or its persistence should be others");
}

static const char *drain_words(enum drain_reason reason)
{
	static const char *const words[DRAIN_REASON_COUNT] = {
		[DRAIN_REASON_REMOVED] = "left the files",
		[DRAIN_REASON_DECLARED] = "state: drain",
		[DRAIN_REASON_OPERATOR] = "drained by the operator",
		[DRAIN_REASON_FALLBACK] = "the fallback is not needed any more",
		[DRAIN_REASON_UNTESTED] = "its check has not passed yet",
	};

	return words[reason];
}

/* Whether it waits for a confirmation, and for no deadline. */
static bool drain_is_held(const struct picture *picture, const struct memory_drain *drain)
{
	return picture->reconciler.hold_deletions && drain_reason_is_of_files(drain->reason);
}

/* Why it goes, and what that waits for; the caller frees it. `over`: it need not wait, but nobody is there to delete it. */
static char *drain_why(const struct picture *picture, const struct memory_drain *drain, bool over)
{
	return memory_printf("%s%s", drain_words(drain->reason),
		over                            ? "; has drained, and goes with the next apply"
		: drain_is_held(picture, drain) ? "; goes when the apply is confirmed"
						: "");
}

static void set_optional(json_t *json, const char *name, bool is, json_int_t value)
{
	json_object_set_new(json, name, is ? json_integer(value) : json_null());
}

/* Its drain as it is now, else, of what is only still there, as it was recorded. */
static const struct memory_drain *find_drain(const struct picture *picture,
	const struct service_key *service, const struct destination *live,
	const struct destination *desired)
{
	const struct memory_drain *drain = memory_find_drain(
		picture_memory(picture), service, live ? &live->key : &desired->key);

	return drain || desired
		       ? drain
		       : memory_find_drain(&picture->reconciler.record.memory, service, &live->key);
}

/* One of `live` and `desired` may be NULL. `drain` is its own, or NULL. */
static json_t *destination_to_json(struct picture *picture, bool managed,
	const struct destination *live, const struct destination *desired,
	const struct memory_drain *drain)
{
	const struct destination *any = live ? live : desired;
	uint64_t now = reconciler_now();
	bool over = live && drain && !desired && picture->known;
	bool ends =
		live && drain && !over && !drain_is_held(picture, drain) && drain->deadline > now;
	_cleanup_free_ char *difference =
		live && desired && !drain ? destination_difference(live, desired) : NULL;
	_cleanup_free_ char *leaves = drain ? drain_why(picture, drain, over) : NULL;
	const char *state = !live                       ? "missing"
			    : drain                     ? "draining"
			    : difference                ? "differs"
			    : desired                   ? "ok"
			    : managed && picture->known ? "foreign"
							: "ok";
	char address[ADDRESS_ENDPOINT_LENGTH];
	json_t *json = json_pack("{s:s, s:s, s:s, s:s?}", "address",
		destination_key_format(&any->key, address), "forward",
		forward_method_name(any->attributes.forward), "state", state, "why",
		drain ? leaves : difference);

	set_optional(json, "weight", live, any->attributes.weight);
	set_optional(json, "want_weight", desired, desired ? desired->attributes.weight : 0);
	set_optional(json, "active", live, any->counts.active);
	set_optional(json, "inactive", live, any->counts.inactive);
	set_optional(json, "connection_rate", live, any->counts.traffic.connection_rate);
	set_optional(json, "drain_ends_ms", ends,
		ends ? (json_int_t)((drain->deadline - now) / UNITS_MILLISECOND) : 0);
	picture->totals.destinations += managed;
	picture->totals.draining += drain && live;
	picture->totals.wrong += strcmp(state, "ok") != 0 && strcmp(state, "draining") != 0;
	return json;
}

static json_t *destinations_to_json(struct picture *picture, bool managed,
	const struct service *service, const struct service *desired_service)
{
	static const struct service none = {};
	const struct service *any = service ? service : desired_service;
	const struct destination_vector *is = &(service ? service : &none)->destinations;
	const struct destination_vector *should =
		&(desired_service ? desired_service : &none)->destinations;
	const struct destination *live = is->items, *live_end = live + is->count;
	const struct destination *desired = should->items, *desired_end = desired + should->count;
	json_t *list = json_array();

	while (live < live_end || desired < desired_end) {
		int order = live == live_end         ? 1
			    : desired == desired_end ? -1
						     : destination_compare(live, desired);
		const struct destination *there = order <= 0 ? live : NULL;
		const struct destination *wanted = order >= 0 ? desired : NULL;

		json_array_append_new(list, destination_to_json(picture, managed, there, wanted,
						    find_drain(picture, &any->key, there, wanted)));
		live += order <= 0;
		desired += order >= 0;
	}
	return list;
}

/* `service` may be NULL. */
static uint64_t sum_counts(const struct service *service, bool active)
{
	uint64_t sum = 0;

	if (!service)
		return 0;
	vector_foreach(&service->destinations, destination)
		sum += active ? destination->counts.active : destination->counts.inactive;
	return sum;
}

/* Also when only its deletion is left to the next apply. */
static const struct memory_service *find_owned(
	const struct picture *picture, const struct service_key *key)
{
	const struct memory_service *owned = memory_find_owned(picture_memory(picture), key);

	return owned ? owned : memory_find_owned(&picture->reconciler.record.memory, key);
}

/* One of `live` and `desired` may be NULL. */
static json_t *service_to_json(
	struct picture *picture, const struct service *live, const struct service *desired)
{
	const struct service *any = live ? live : desired;
	const struct memory_service *owned = find_owned(picture, &any->key);
	const struct traffic traffic = live ? live->traffic : (struct traffic){};
	bool managed = owned || desired;
	_cleanup_free_ char *difference =
		live && desired ? service_difference(live, desired) : NULL;
	const char *state = !live            ? "missing"
			    : !managed       ? "unmanaged"
			    : difference     ? "differs"
			    : desired        ? (desired->leaving ? "leaving" : "ok")
			    : picture->known ? "leaving"
					     : "ok";
	char listen[SERVICE_KEY_TEXT_SIZE];
	json_t *json = json_pack("{s:s, s:s?, s:b, s:s, s:s, s:s?}", "listen",
		service_key_format(&any->key, listen), "name", owned ? owned->name : NULL,
		"managed", (int)managed, "scheduler", any->attributes.scheduler, "state", state,
		"why", difference);

	set_optional(json, "active", live, (json_int_t)sum_counts(live, true));
	set_optional(json, "inactive", live, (json_int_t)sum_counts(live, false));
	set_optional(json, "connection_rate", live, traffic.connection_rate);
	set_optional(json, "byte_rate_in", live, traffic.byte_rate_in);
	set_optional(json, "byte_rate_out", live, traffic.byte_rate_out);
	json_object_set_new(
		json, "destinations", destinations_to_json(picture, managed, live, desired));
	picture->totals.services += managed;
	picture->totals.unmanaged += !managed;
	picture->totals.wrong += !live || difference;
	return json;
}

static json_t *services_to_json(struct picture *picture)
{
	const struct service *live = picture->live.services.items;
	const struct service *live_end = live + picture->live.services.count;
	const struct service *desired = picture->output.desired.services.items;
	const struct service *desired_end = desired + picture->output.desired.services.count;
	json_t *list = json_array();

	while (live < live_end || desired < desired_end) {
		int order = live == live_end         ? 1
			    : desired == desired_end ? -1
						     : service_compare(live, desired);

		json_array_append_new(list, service_to_json(picture, order <= 0 ? live : NULL,
						    order >= 0 ? desired : NULL));
		live += order <= 0;
		desired += order >= 0;
	}
	return list;
}

static json_t *files_to_json(const struct record *record)
{
	json_t *paths = json_array();

	vector_foreach(&record->paths, path)
		json_array_append_new(paths, cli_json_text(*path));
	return json_pack("{s:o, s:s?}", "paths", paths, "revision", record->revision);
}

static json_t *confirm_to_json(struct reconciler *reconciler)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};
	_cleanup_error_ struct error error = {};

	if (confirm_load(reconciler, &pending, &error) <= 0)
		return json_null();
	return json_pack("{s:I}", "deadline", (json_int_t)pending.wall_deadline);
}

/* What is still ours in the backend that was left (move.h). */
static json_t *leaving_to_json(const struct record_left *left)
{
	if (!left->backend || !left->memory.owned.count)
		return json_null();
	return json_pack("{s:s, s:I, s:I, s:n}", "name", left->backend, "services",
		(json_int_t)left->memory.owned.count, "draining",
		(json_int_t)left->memory.drains.count, "error");
}

static json_t *picture_to_json(struct picture *picture)
{
	struct reconciler *reconciler = &picture->reconciler;
	json_t *services = services_to_json(picture);
	const struct totals *totals = &picture->totals;
	bool wrong = totals->wrong || picture->told.damaged;

	return json_pack("{s:s, s:n, s:s, s:{s:s, s:b, s:n, s:o}, s:o, s:o, s:o, s:o, "
			 "s:{s:I, s:I, s:I, s:I}, s:o, s:o}",
		"version", POISE_VERSION, "pid", "health", wrong ? "degraded" : "well", "backend",
		"name", cli_machine_backend(reconciler), "connected", 1, "error", "leaving",
		leaving_to_json(&reconciler->record.left), "suspended",
		cli_operator_suspension(&picture->told), "troubles",
		cli_operator_troubles(&picture->told), "confirm", confirm_to_json(reconciler),
		"files", files_to_json(&reconciler->record), "totals", "services",
		(json_int_t)totals->services, "destinations", (json_int_t)totals->destinations,
		"draining", (json_int_t)totals->draining, "unmanaged",
		(json_int_t)totals->unmanaged, "drains", cli_operator_drains(&picture->told),
		"services", services);
}

/* What the backend counts beside services; null where it counts nothing else. */
static json_t *figures_of_machine(struct reconciler *reconciler)
{
	struct backend *backend = reconciler->backend;
	_cleanup_error_ struct error error = {};
	struct backend_figures figures = {};

	if (!backend->ops->figures)
		return json_null();
	int r = backend->ops->figures(backend, &figures, &error);
	json_t *json = figures_to_json(&figures, r < 0 ? error_text(&error, r) : NULL);
	vector_clear(&figures);
	return json;
}

static void status_remark(_unused_ void *data, const char *text)
{
	cli_note("%s", text);
}

/* Who looks is told of what was undone because nobody confirmed it. */
static const struct reconciler_observer status_observer = {.remark = status_remark};

int cli_status_of_machine(const struct cli *cli, json_t **ret, struct error *error)
{
	_cleanup_picture_ struct picture picture = {.reconciler.lock = -1};
	struct reconciler *reconciler = &picture.reconciler;
	int r = cli_machine_try(cli, NULL, false, reconciler, error);

	if (r == 0)
		r = confirm_settle(reconciler, &status_observer, error);
	if (r == 0)
		r = cli_machine_look(reconciler, &picture.live, error);
	if (r < 0)
		return r;
	cli_operator_read(cli->state_dir, &picture.told);
	picture_think(&picture);
	*ret = picture_to_json(&picture);
	json_object_set_new(*ret, "dataplane", figures_of_machine(reconciler));
	return 0;
}
