// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans for people.
 *
 * Every kind of object has a table of fields, each a name and a function that writes its value (""
 * where there is nothing to say: not persistent, no threshold). An added object shows the fields
 * that say something, a changed one those that differ. */
#include "reconciler/plan_text.h"

#include <inttypes.h>
#include <stdio.h>

#define PLAN_TEXT_VALUE_SIZE 64

struct plan_text_field {
	const char *name;
	/* Nothing of the object is written before the value when the field speaks for itself
	 * ("nat"). */
	bool bare;
	void (*format)(
		const void *object, uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE]);
};

static void format_scheduler(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct service_attributes *service = object;

	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s", service->scheduler);
}

/* The flags' names are the scheduler's: sh and mh have words for two of them. */
static const char *scheduler_flag_name(const char *scheduler, uint32_t flag)
{
	static const struct {
		const char *scheduler;
		uint32_t flag;
		const char *name;
	} names[] = {
		{"sh", SCHEDULER_FLAG_SH_FALLBACK, "sh-fallback"},
		{"sh", SCHEDULER_FLAG_SH_PORT, "sh-port"},
		{"mh", SCHEDULER_FLAG_MH_FALLBACK, "mh-fallback"},
		{"mh", SCHEDULER_FLAG_MH_PORT, "mh-port"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (names[i].flag == flag && strcmp(names[i].scheduler, scheduler) == 0)
			return names[i].name;
	return flag == SCHEDULER_FLAG_1 ? "flag-1" : flag == SCHEDULER_FLAG_2 ? "flag-2" : "flag-3";
}

static void format_scheduler_flags(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct service_attributes *service = object;
	size_t length = 0;

	value[0] = '\0';
	for (uint32_t flag = SCHEDULER_FLAG_1; flag <= SCHEDULER_FLAG_3; flag <<= 1)
		if (service->scheduler_flags & flag)
			length += (size_t)snprintf(value + length, PLAN_TEXT_VALUE_SIZE - length,
				"%s%s", length ? "," : "",
				scheduler_flag_name(service->scheduler, flag));
}

static void format_one_packet(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct service_attributes *service = object;

	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s", service->one_packet ? "true" : "");
}

static void format_persistence(
	const void *object, uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct service_attributes *service = object;
	int prefix = service_prefix(family, service->netmask);

	value[0] = '\0';
	if (!service->persistent)
		return;
	if (prefix < 0)
		snprintf(value, PLAN_TEXT_VALUE_SIZE, "%" PRIu32 "s mask 0x%08" PRIx32,
			service->persistence_timeout, service->netmask);
	else
		snprintf(value, PLAN_TEXT_VALUE_SIZE, "%" PRIu32 "s/%d",
			service->persistence_timeout, prefix);
}

static void format_engine(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct service_attributes *service = object;

	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s", service->engine);
}

static void format_forward(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct destination_attributes *destination = object;

	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s", forward_method_name(destination->forward));
}

static void format_tunnel(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct destination_attributes *destination = object;
	char port[16] = "", checksum[24] = "";

	value[0] = '\0';
	if (destination->forward != FORWARD_METHOD_TUNNEL)
		return;
	if (destination->tunnel_port)
		snprintf(port, sizeof(port), " port %u", destination->tunnel_port);
	if (destination->tunnel_checksum != TUNNEL_CHECKSUM_NONE)
		snprintf(checksum, sizeof(checksum), " checksum %s",
			tunnel_checksum_name(destination->tunnel_checksum));
	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s%s%s", tunnel_type_name(destination->tunnel_type),
		port, checksum);
}

static void format_weight(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct destination_attributes *destination = object;

	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%" PRIu32, destination->weight);
}

static void format_threshold(uint32_t threshold, char value[static PLAN_TEXT_VALUE_SIZE])
{
	value[0] = '\0';
	if (threshold)
		snprintf(value, PLAN_TEXT_VALUE_SIZE, "%" PRIu32, threshold);
}

static void format_upper(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	format_threshold(((const struct destination_attributes *)object)->upper_threshold, value);
}

static void format_lower(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	format_threshold(((const struct destination_attributes *)object)->lower_threshold, value);
}

static void format_timeout(bool set, uint32_t seconds, char value[static PLAN_TEXT_VALUE_SIZE])
{
	value[0] = '\0';
	if (set)
		snprintf(value, PLAN_TEXT_VALUE_SIZE, "%" PRIu32 "s", seconds);
}

static void format_tcp(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct timeouts *timeouts = object;

	format_timeout(timeouts->tcp_set, timeouts->tcp, value);
}

static void format_tcp_fin(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct timeouts *timeouts = object;

	format_timeout(timeouts->tcp_fin_set, timeouts->tcp_fin, value);
}

static void format_udp(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct timeouts *timeouts = object;

	format_timeout(timeouts->udp_set, timeouts->udp, value);
}

static void format_sync_interface(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	snprintf(
		value, PLAN_TEXT_VALUE_SIZE, "%s", ((const struct sync_daemon *)object)->interface);
}

static void format_sync_id(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%" PRIu32, ((const struct sync_daemon *)object)->id);
}

static void format_sync_group(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct sync_daemon *daemon = object;
	char endpoint[ADDRESS_ENDPOINT_LENGTH];

	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s",
		address_format_endpoint(&daemon->group, daemon->port, endpoint));
}

static void format_sync_ttl(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%u", ((const struct sync_daemon *)object)->ttl);
}

static void format_sync_length(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	format_threshold(((const struct sync_daemon *)object)->max_length, value);
}

static void format_length(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%u",
		((const struct port_address_attributes *)object)->length);
}

static void format_via(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	const struct data_route_attributes *route = object;
	char address[ADDRESS_LENGTH];

	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s",
		route->via.family == AF_UNSPEC ? "" : address_format(&route->via, address));
}

static void format_port(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s",
		((const struct data_route_attributes *)object)->port);
}

static void format_value(
	const void *object, _unused_ uint16_t family, char value[static PLAN_TEXT_VALUE_SIZE])
{
	snprintf(value, PLAN_TEXT_VALUE_SIZE, "%s", (const char *)object);
}

static const struct plan_text_field service_fields[] = {
	{.name = "scheduler", .format = format_scheduler},
	{.name = "scheduler-flags", .format = format_scheduler_flags},
	{.name = "one-packet", .format = format_one_packet},
	{.name = "persistence", .format = format_persistence},
	{.name = "engine", .format = format_engine},
	{},
};
static const struct plan_text_field destination_fields[] = {
	{.name = "forward", .bare = true, .format = format_forward},
	{.name = "tunnel", .bare = true, .format = format_tunnel},
	{.name = "weight", .format = format_weight},
	{.name = "upper-threshold", .format = format_upper},
	{.name = "lower-threshold", .format = format_lower},
	{},
};
static const struct plan_text_field timeouts_fields[] = {
	{.name = "tcp", .format = format_tcp},
	{.name = "tcp-fin", .format = format_tcp_fin},
	{.name = "udp", .format = format_udp},
	{},
};
static const struct plan_text_field sync_fields[] = {
	{.name = "interface", .format = format_sync_interface},
	{.name = "id", .format = format_sync_id},
	{.name = "group", .format = format_sync_group},
	{.name = "ttl", .format = format_sync_ttl},
	{.name = "max-length", .format = format_sync_length},
	{},
};
static const struct plan_text_field sysctl_fields[] = {
	{.name = "value", .bare = true, .format = format_value},
	{},
};
static const struct plan_text_field port_address_fields[] = {
	{.name = "length", .format = format_length},
	{},
};
static const struct plan_text_field route_fields[] = {
	{.name = "via", .format = format_via},
	{.name = "port", .format = format_port},
	{},
};

/* Where the fields of an operation's object are. */
struct plan_text_subject {
	const struct plan_text_field *fields;
	const void *before, *after;
};

static struct plan_text_subject plan_text_subject(const struct plan_op *op)
{
	switch (op->object) {
	case PLAN_OBJECT_SERVICE:
		return (struct plan_text_subject){
			service_fields, &op->attributes.before, &op->attributes.after};
	case PLAN_OBJECT_DESTINATION:
		return (struct plan_text_subject){
			destination_fields, &op->destination.before, &op->destination.after};
	case PLAN_OBJECT_TIMEOUTS:
		return (struct plan_text_subject){
			timeouts_fields, &op->timeouts.before, &op->timeouts.after};
	case PLAN_OBJECT_SYNC:
		return (struct plan_text_subject){sync_fields, &op->sync.before, &op->sync.after};
	case PLAN_OBJECT_PORT_ADDRESS:
		return (struct plan_text_subject){
			port_address_fields, &op->port_address.before, &op->port_address.after};
	case PLAN_OBJECT_ROUTE:
		return (struct plan_text_subject){
			route_fields, &op->route.before, &op->route.after};
	default:
		return (struct plan_text_subject){
			sysctl_fields, op->sysctl.before, op->sysctl.after};
	}
}

static void plan_text_added(
	const struct plan_text_subject *subject, uint16_t family, struct strbuf *text)
{
	char value[PLAN_TEXT_VALUE_SIZE];

	for (const struct plan_text_field *field = subject->fields; field->name; field++) {
		field->format(subject->after, family, value);
		if (*value)
			strbuf_printf(text, " %s%s%s", field->bare ? "" : field->name,
				field->bare ? "" : " ", value);
	}
}

static bool plan_text_is_global(const struct plan_text_subject *subject)
{
	return subject->fields == timeouts_fields || subject->fields == sync_fields;
}

static void plan_text_changed(
	const struct plan_text_subject *subject, uint16_t family, struct strbuf *text)
{
	char before[PLAN_TEXT_VALUE_SIZE], after[PLAN_TEXT_VALUE_SIZE];

	for (const struct plan_text_field *field = subject->fields; field->name; field++) {
		field->format(subject->before, family, before);
		field->format(subject->after, family, after);
		/* What is not there afterwards was not asked for: a time-out that stays as it is, a length
		 * that the kernel chooses. */
		if (strcmp(before, after) == 0 || (plan_text_is_global(subject) && !*after))
			continue;
		strbuf_printf(text, " %s%s%s -> %s", field->bare ? "" : field->name,
			field->bare ? "" : " ", *before ? before : "none", *after ? after : "none");
	}
}

static char plan_text_sign(enum plan_verb verb)
{
	switch (verb) {
	case PLAN_VERB_ADD:
		return '+';
	case PLAN_VERB_DELETE:
		return '-';
	default:
		return '~';
	}
}

static const char *plan_text_color(char sign)
{
	switch (sign) {
	case '+':
		return "\033[32m";
	case '-':
		return "\033[31m";
	case '~':
		return "\033[33m";
	default:
		return "\033[2m";
	}
}

static void plan_text_fields(const struct plan_op *op, struct strbuf *text)
{
	struct plan_text_subject subject = plan_text_subject(op);
	uint16_t family = op->service.address.family;

	if (op->verb == PLAN_VERB_ADD)
		plan_text_added(&subject, family, text);
	else if (op->verb != PLAN_VERB_DELETE)
		plan_text_changed(&subject, family, text);
	if (op->disruptive)
		strbuf_add(text, " !");
}

void plan_op_format(const struct plan_op *op, struct strbuf *text)
{
	strbuf_printf(text, "%c ", plan_text_sign(op->verb));
	plan_op_describe(op, text);
	plan_text_fields(op, text);
}

void plan_op_format_changes(const struct plan_op *op, struct strbuf *text)
{
	struct plan_text_subject subject = plan_text_subject(op);
	_cleanup_strbuf_ struct strbuf fields = {};

	if (op->verb == PLAN_VERB_ADD || op->verb == PLAN_VERB_DELETE)
		return;
	plan_text_changed(&subject, op->service.address.family, &fields);
	/* Each field has a space before it. */
	if (fields.length)
		strbuf_add(text, fields.text + 1);
}

/* Starts a line with its sign; the colour ends with plan_text_end(). */
static void plan_text_begin(const struct plan_text_options *options, char sign, struct strbuf *text)
{
	if (options->color)
		strbuf_add(text, plan_text_color(sign));
	strbuf_printf(text, "%c ", sign);
}

static void plan_text_end(const struct plan_text_options *options, struct strbuf *text)
{
	strbuf_add(text, options->color ? "\033[0m\n" : "\n");
}

/* A service that no operation concerns, as a heading. */
static void plan_text_leaving(
	const struct plan_note *note, const struct plan_text_options *options, struct strbuf *text)
{
	char service[SERVICE_KEY_TEXT_SIZE];

	strbuf_printf(text, "  service %s (%s)\n", service_key_format(&note->service, service),
		options->hold ? "goes when the apply is confirmed"
			      : "goes when its destinations have drained");
}

/* An operation in the order of reading, or the note of a service that leaves. */
struct plan_text_item {
	const struct plan_op *op;
	const struct plan_note *note;
};

/* Where one is a note, which stands for its service: that has no operation of its own. */
static int plan_text_compare_note(
	const struct plan_text_item *left, const struct plan_text_item *right)
{
	const struct plan_op *op = left->op ? left->op : right->op;
	int order;

	if (!op)
		return service_key_compare(&left->note->service, &right->note->service);
	if (op->object >= PLAN_OBJECT_TIMEOUTS)
		order = -1;
	else
		order = service_key_compare(
			&op->service, &(left->op ? right : left)->note->service);
	if (!order)
		order = 1;
	return left->op ? order : -order;
}

/* For reading: globals first, then by service, the service itself before its destinations. */
static int plan_text_compare(const void *a, const void *b)
{
	const struct plan_text_item *left_item = a, *right_item = b;
	const struct plan_op *left = left_item->op, *right = right_item->op;

	if (!left || !right)
		return plan_text_compare_note(left_item, right_item);
	bool left_global = left->object >= PLAN_OBJECT_TIMEOUTS;
	bool right_global = right->object >= PLAN_OBJECT_TIMEOUTS;
	int order = COMPARE(right_global, left_global);

	if (!order && left_global)
		order = COMPARE(left, right);
	if (!order)
		order = service_key_compare(&left->service, &right->service);
	if (!order)
		order = COMPARE(left->object, right->object);
	if (!order && left->object == PLAN_OBJECT_DESTINATION)
		order = destination_key_compare(&left->destination.key, &right->destination.key);
	return order;
}

static void plan_text_destination(
	const struct plan_op *op, const struct plan_text_options *options, struct strbuf *text)
{
	char endpoint[ADDRESS_ENDPOINT_LENGTH];
	const struct memory_drain *drain =
		options->memory && op->verb == PLAN_VERB_UPDATE
			? memory_find_drain(options->memory, &op->service, &op->destination.key)
			: NULL;

	plan_text_begin(options, plan_text_sign(op->verb), text);
	strbuf_printf(
		text, "  destination %s", destination_key_format(&op->destination.key, endpoint));
	plan_text_fields(op, text);
	if (drain)
		strbuf_printf(text, " (drains: %s)", drain_reason_name(drain->reason));
	plan_text_end(options, text);
}

static void plan_text_by_service(
	const struct plan *plan, const struct plan_text_options *options, struct strbuf *text)
{
	struct {
		VECTOR_OF(struct plan_text_item);
	} sorted = {};
	const struct service_key *heading = NULL;
	char service[SERVICE_KEY_TEXT_SIZE];

	vector_reserve(&sorted, plan->ops.count);
	vector_foreach(&plan->ops, op)
		vector_append(&sorted)->op = op;
	vector_foreach(&plan->notes, note)
		if (note->kind == PLAN_NOTE_LEAVING)
			vector_append(&sorted)->note = note;
	vector_sort(&sorted, plan_text_compare);
	vector_foreach(&sorted, item) {
		const struct plan_op *op = item->op;

		if (!op) {
			plan_text_leaving(item->note, options, text);
			heading = &item->note->service;
			continue;
		}
		if (op->object == PLAN_OBJECT_DESTINATION) {
			/* The service itself has no operation: name it all the same. */
			if (!heading || service_key_compare(heading, &op->service) != 0)
				strbuf_printf(text, "  service %s\n",
					service_key_format(&op->service, service));
			plan_text_destination(op, options, text);
		} else {
			plan_text_begin(options, plan_text_sign(op->verb), text);
			plan_op_describe(op, text);
			plan_text_fields(op, text);
			plan_text_end(options, text);
		}
		heading = &op->service;
	}
	vector_clear(&sorted);
}

static void plan_text_in_order(
	const struct plan *plan, const struct plan_text_options *options, struct strbuf *text)
{
	vector_foreach(&plan->ops, op) {
		plan_text_begin(options, plan_text_sign(op->verb), text);
		plan_op_describe(op, text);
		plan_text_fields(op, text);
		plan_text_end(options, text);
	}
}

static void plan_text_notes(
	const struct plan *plan, const struct plan_text_options *options, struct strbuf *text)
{
	static const struct {
		char sign;
		const char *words;
	} notes[] = {
		[PLAN_NOTE_UNMANAGED] = {'?', "unmanaged, left alone"},
		[PLAN_NOTE_ADOPTED] = {'~', "is there already: adopted, with all its destinations"},
		[PLAN_NOTE_KEPT] = {'?', "not declared any more, kept by `prune: none`"},
		[PLAN_NOTE_PORT_MISSING] = {'?',
			"is not there before poise-dataplane starts again"},
	};
	char service[SERVICE_KEY_TEXT_SIZE];

	vector_foreach(&plan->notes, note) {
		if (note->kind == PLAN_NOTE_LEAVING) {
			if (options->order)
				plan_text_leaving(note, options, text);
			continue;
		}
		plan_text_begin(options, notes[note->kind].sign, text);
		if (note->kind == PLAN_NOTE_PORT_MISSING) {
			strbuf_printf(text, "port %s %s", note->port, notes[note->kind].words);
			plan_text_end(options, text);
			continue;
		}
		strbuf_printf(text, "service %s %s (%zu destination%s)",
			service_key_format(&note->service, service), notes[note->kind].words,
			note->destinations, note->destinations == 1 ? "" : "s");
		plan_text_end(options, text);
	}
}

/* Who lacks an address is changed as soon as it can be. */
void plan_format_routers(const struct plan_text_options *options, struct strbuf *text)
{
	if (!options->routers)
		return;
	vector_foreach(&options->routers->changes, change) {
		plan_text_begin(options, plan_text_sign(change->verb), text);
		router_change_format(change, text);
		plan_text_end(options, text);
	}
	vector_foreach(&options->routers->lacks, lack) {
		plan_text_begin(options, plan_text_sign(PLAN_VERB_UPDATE), text);
		router_lack_format(lack, text);
		plan_text_end(options, text);
	}
}

static void plan_text_count_routers(const struct router_diff *routers, struct plan_totals *totals)
{
	if (!routers)
		return;
	vector_foreach(&routers->changes, change) {
		totals->add += change->verb == PLAN_VERB_ADD;
		totals->change += change->verb == PLAN_VERB_UPDATE;
		totals->remove += change->verb == PLAN_VERB_DELETE;
	}
	totals->change += routers->lacks.count;
}

static const struct destination *plan_text_live(
	const struct plan_text_options *options, const struct memory_drain *drain)
{
	const struct service *service =
		options->live ? state_find_service(options->live, &drain->service) : NULL;

	return service ? service_find_destination(service, &drain->destination) : NULL;
}

static bool plan_text_is_held(
	const struct plan_text_options *options, const struct memory_drain *drain)
{
	return options->hold && drain_reason_is_of_files(drain->reason);
}

static void plan_text_drains(const struct plan_text_options *options, struct strbuf *text)
{
	char service[SERVICE_KEY_TEXT_SIZE], endpoint[ADDRESS_ENDPOINT_LENGTH];

	if (!options->memory)
		return;
	vector_foreach(&options->memory->drains, drain) {
		const struct destination *live = plan_text_live(options, drain);
		uint64_t left = drain_seconds_left(drain, options->now);
		bool held = plan_text_is_held(options, drain);

		strbuf_printf(text, "  %s %s of %s: ", held ? "held" : "draining",
			destination_key_format(&drain->destination, endpoint),
			service_key_format(&drain->service, service));
		if (live)
			strbuf_printf(text, "%" PRIu64 " connections, ",
				(uint64_t)live->counts.active + live->counts.inactive);
		if (held) {
			strbuf_printf(text, "goes when the apply is confirmed (%s)\n",
				drain_reason_name(drain->reason));
			continue;
		}
		strbuf_printf(text, "at most %" PRIu64 " s more (%s)\n", left,
			drain_reason_name(drain->reason));
	}
}

/* "; 1 service and 2 destinations go when …"; nothing of nothing. */
static void plan_text_later(
	size_t services, size_t destinations, const char *when, struct strbuf *text)
{
	bool both = services && destinations;

	if (!services && !destinations)
		return;
	strbuf_add(text, "; ");
	if (services)
		strbuf_printf(text, "%zu service%s", services, services == 1 ? "" : "s");
	if (both)
		strbuf_add(text, " and ");
	if (destinations)
		strbuf_printf(
			text, "%zu destination%s", destinations, destinations == 1 ? "" : "s");
	strbuf_printf(text, " %s when %s", services + destinations == 1 ? "goes" : "go", when);
}

/* What no operation of the plan deletes, and a later one will. */
static void plan_text_leavers(const struct plan_totals *totals,
	const struct plan_text_options *options, struct strbuf *text)
{
	size_t draining = 0, held = 0;
	size_t services = options->hold ? 0 : totals->leaving;

	if (options->memory)
		vector_foreach(&options->memory->drains, drain)
			*(plan_text_is_held(options, drain) ? &held : &draining) += 1;
	plan_text_later(services, draining,
		services + draining == 1 ? "it has drained" : "they have drained", text);
	plan_text_later(totals->leaving - services, held, "the apply is confirmed", text);
}

static void plan_text_totals(
	const struct plan *plan, const struct plan_text_options *options, struct strbuf *text)
{
	struct plan_totals totals = plan_count(plan);

	plan_text_count_routers(options->routers, &totals);
	if (!plan->ops.count && !(options->routers && router_diff_is_news(options->routers)))
		strbuf_add(text, "No differences");
	else
		strbuf_printf(text, "%zu to add, %zu to change, %zu to remove", totals.add,
			totals.change, totals.remove);
	plan_text_leavers(&totals, options, text);
	if (totals.disruptive)
		strbuf_printf(text, "; %zu disruptive (!)", totals.disruptive);
	if (totals.unmanaged)
		strbuf_printf(text, "; %zu unmanaged", totals.unmanaged);
	strbuf_add(text, ".\n");
}

void plan_format_text(
	const struct plan *plan, const struct plan_text_options *options, struct strbuf *text)
{
	if (options->order)
		plan_text_in_order(plan, options, text);
	else
		plan_text_by_service(plan, options, text);
	plan_format_routers(options, text);
	plan_text_notes(plan, options, text);
	plan_text_drains(options, text);
	plan_text_totals(plan, options, text);
}
