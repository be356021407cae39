// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/plan_json.h"

#include <errno.h>

#include "reconciler/state_forms.h"
#include "reconciler/state_json.h"

#define PLAN_JSON_FORMAT 1

JSON_FORM_WORDS(plan_verb, PLAN_VERB_COUNT);
JSON_FORM_WORDS(plan_object, PLAN_OBJECT_COUNT);

/* Operations: which members one has depends on its object, and whether `before` and `after` are
 * among them on its verb. */

#define VERB_MEMBER                                                                                \
	{                                                                                          \
		"verb", &json_form_word, JSON_FORM_FIELD(struct plan_op, verb),                    \
			.required = true, .words = &plan_verb_words                                \
	}
#define OBJECT_MEMBER                                                                              \
	{                                                                                          \
		"object", &json_form_word, JSON_FORM_FIELD(struct plan_op, object),                \
			.required = true, .words = &plan_object_words                              \
	}
#define SERVICE_MEMBER                                                                             \
	{                                                                                          \
		"service", &json_form_service, JSON_FORM_FIELD(struct plan_op, service),           \
			.required = true                                                           \
	}
#define DISRUPTIVE_MEMBER                                                                          \
	{                                                                                          \
		"disruptive", &json_form_flag, JSON_FORM_FIELD(struct plan_op, disruptive),        \
			.required = true                                                           \
	}
#define SIDE_MEMBERS(field, side_form)                                                             \
	{"before", &json_form_object, JSON_FORM_FIELD(struct plan_op, field.before),               \
		.form = (side_form)},                                                              \
	{                                                                                          \
		"after", &json_form_object, JSON_FORM_FIELD(struct plan_op, field.after),          \
			.form = (side_form)                                                        \
	}

static const struct json_form_member service_members[] = {
	VERB_MEMBER,
	OBJECT_MEMBER,
	SERVICE_MEMBER,
	DISRUPTIVE_MEMBER,
	SIDE_MEMBERS(attributes, &state_form_service_attributes),
};
static const struct json_form_member destination_members[] = {
	VERB_MEMBER,
	OBJECT_MEMBER,
	SERVICE_MEMBER,
	{"destination", &json_form_destination, JSON_FORM_FIELD(struct plan_op, destination.key),
		.required = true},
	DISRUPTIVE_MEMBER,
	SIDE_MEMBERS(destination, &state_form_destination_attributes),
};
static const struct json_form_member timeouts_members[] = {
	VERB_MEMBER,
	OBJECT_MEMBER,
	DISRUPTIVE_MEMBER,
	SIDE_MEMBERS(timeouts, &state_form_timeouts),
};
static const struct json_form_member sync_members[] = {
	VERB_MEMBER,
	OBJECT_MEMBER,
	DISRUPTIVE_MEMBER,
	SIDE_MEMBERS(sync, &state_form_sync),
};
static const struct json_form_member sysctl_members[] = {
	VERB_MEMBER,
	OBJECT_MEMBER,
	{"sysctl", &json_form_text, JSON_FORM_FIELD(struct plan_op, sysctl.name), .required = true,
		.accepts = state_form_is_sysctl_name},
	DISRUPTIVE_MEMBER,
	/* Empty where the kernel had no such sysctl: so an empty text is written too. */
	{"before", &json_form_text, JSON_FORM_FIELD(struct plan_op, sysctl.before),
		.required = true, .accepts = state_form_is_sysctl_value},
	{"after", &json_form_text, JSON_FORM_FIELD(struct plan_op, sysctl.after), .required = true,
		.accepts = state_form_is_sysctl_value},
};

static const struct json_form_member port_address_members[] = {
	VERB_MEMBER,
	OBJECT_MEMBER,
	{.offset = offsetof(struct plan_op, port_address.key),
		.form = &state_form_port_address_key},
	DISRUPTIVE_MEMBER,
	SIDE_MEMBERS(port_address, &state_form_port_address_attributes),
};
static const struct json_form_member route_members[] = {
	VERB_MEMBER,
	OBJECT_MEMBER,
	{"to", &state_form_route_key, JSON_FORM_FIELD(struct plan_op, route.key), .required = true},
	DISRUPTIVE_MEMBER,
	SIDE_MEMBERS(route, &state_form_route_attributes),
};

#define VERB(verb) (1u << PLAN_VERB_##verb)

static const struct plan_json_object {
	struct json_form form;
	unsigned int verbs; /* that make sense of it */
} plan_json_objects[PLAN_OBJECT_COUNT] = {
	[PLAN_OBJECT_SERVICE] = {JSON_FORM(service_members),
		VERB(ADD) | VERB(UPDATE) | VERB(DELETE)},
	[PLAN_OBJECT_DESTINATION] = {JSON_FORM(destination_members),
		VERB(ADD) | VERB(UPDATE) | VERB(DELETE)},
	[PLAN_OBJECT_TIMEOUTS] = {JSON_FORM(timeouts_members), VERB(UPDATE)},
	[PLAN_OBJECT_SYNC] = {JSON_FORM(sync_members),
		VERB(ADD) | VERB(UPDATE) | VERB(REPLACE) | VERB(DELETE)},
	[PLAN_OBJECT_SYSCTL] = {JSON_FORM(sysctl_members), VERB(UPDATE)},
	[PLAN_OBJECT_PORT_ADDRESS] = {JSON_FORM(port_address_members),
		VERB(ADD) | VERB(UPDATE) | VERB(DELETE)},
	[PLAN_OBJECT_ROUTE] = {JSON_FORM(route_members), VERB(ADD) | VERB(UPDATE) | VERB(DELETE)},
};

/* The two sides of an operation, and the verb that has only the other. */
static const struct plan_json_side {
	const char *name;
	enum plan_verb without;
} plan_json_sides[] = {
	{"before", PLAN_VERB_ADD},
	{"after", PLAN_VERB_DELETE},
};

static json_t *operation_write(struct json_form_pass *pass,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct plan_op *op = field;
	json_t *json = json_form_write(pass, &plan_json_objects[op->object].form, op);

	for (size_t i = 0; i < ARRAY_LENGTH(plan_json_sides); i++)
		if (plan_json_sides[i].without == op->verb)
			json_object_del(json, plan_json_sides[i].name);
	return json;
}

json_t *plan_op_to_json(const struct plan_op *op)
{
	return operation_write(&(struct json_form_pass){}, NULL, op);
}

static int operation_check(struct json_form_pass *pass, const struct json_form_place *place,
	const json_t *json, const struct plan_op *op)
{
	const char *verb = plan_verb_name(op->verb);

	if (!(plan_json_objects[op->object].verbs & (1u << op->verb)))
		return json_form_fail(
			pass, place, "no %s of %s", verb, plan_object_name(op->object));
	for (size_t i = 0; i < ARRAY_LENGTH(plan_json_sides); i++) {
		const struct plan_json_side *side = &plan_json_sides[i];
		bool there = json_object_get(json, side->name), wanted = side->without != op->verb;

		if (there != wanted)
			return json_form_fail(pass, place,
				wanted ? "%s without `%s`" : "%s with `%s`", verb, side->name);
	}
	if (op->object == PLAN_OBJECT_SYNC &&
		(op->verb == PLAN_VERB_UPDATE || op->verb == PLAN_VERB_REPLACE) &&
		op->sync.before.role != op->sync.after.role)
		return json_form_fail(pass, place, "changes the role, which is the key");
	return 0;
}

static int operation_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	static const struct json_form_member object = OBJECT_MEMBER;
	struct plan_op *op = field;
	int r;

	if (!json_is_object(json))
		return json_form_fail(pass, place, "not an object");
	r = json_form_read_member(pass, place, &object, json, op);
	if (r < 0)
		return r;
	r = json_form_read(pass, place, &plan_json_objects[op->object].form, json, op);
	return r < 0 ? r : operation_check(pass, place, json, op);
}

static const struct json_form_type operation_object = {operation_write, operation_read};
static const struct json_form_member operation_item = {.type = &operation_object};
JSON_FORM_LIST(operation_list, struct plan_op_vector, &operation_item, NULL);

struct operation_reference {
	const struct plan_op *op;
};

/* By object, so that two operations on one are neighbours. */
static int operation_compare(const void *a, const void *b)
{
	const struct plan_op *left = ((const struct operation_reference *)a)->op;
	const struct plan_op *right = ((const struct operation_reference *)b)->op;
	int order = COMPARE(left->object, right->object);

	if (order)
		return order;
	switch (left->object) {
	case PLAN_OBJECT_DESTINATION:
		order = service_key_compare(&left->service, &right->service);
		return order ? order
			     : destination_key_compare(
				       &left->destination.key, &right->destination.key);
	case PLAN_OBJECT_SYNC: {
		/* The side that the verb lacks is zero, like SYNC_ROLE_ACTIVE. */
		enum sync_role a_role = MAX(left->sync.before.role, left->sync.after.role);
		enum sync_role b_role = MAX(right->sync.before.role, right->sync.after.role);

		return COMPARE(a_role, b_role);
	}
	case PLAN_OBJECT_SYSCTL:
		return strcmp(left->sysctl.name, right->sysctl.name);
	case PLAN_OBJECT_SERVICE:
		return service_key_compare(&left->service, &right->service);
	case PLAN_OBJECT_PORT_ADDRESS:
		return port_address_key_compare(&left->port_address.key, &right->port_address.key);
	case PLAN_OBJECT_ROUTE:
		return data_route_key_compare(&left->route.key, &right->route.key);
	default:
		return 0;
	}
}

static int operations_check_unique(struct json_form_pass *pass, const struct plan_op_vector *ops)
{
	struct {
		VECTOR_OF(struct operation_reference);
	} sorted = {};
	_cleanup_strbuf_ struct strbuf name = {};

	vector_reserve(&sorted, ops->count);
	vector_foreach(ops, op)
		vector_append(&sorted)->op = op;
	vector_sort(&sorted, operation_compare);
	for (size_t i = 1; i < sorted.count && !name.length; i++)
		if (operation_compare(&sorted.items[i - 1], &sorted.items[i]) == 0)
			plan_op_describe(sorted.items[i].op, &name);
	vector_clear(&sorted);
	return name.length ? json_form_fail(pass, NULL, "operations: two on %s", name.text) : 0;
}

/* Notes */

static const char *const plan_note_names[] = {
	[PLAN_NOTE_UNMANAGED] = "unmanaged",
	[PLAN_NOTE_ADOPTED] = "adopted",
	[PLAN_NOTE_KEPT] = "kept",
	[PLAN_NOTE_PORT_MISSING] = "port-missing",
	[PLAN_NOTE_LEAVING] = "leaving",
};

static const char *plan_note_word(int kind)
{
	return plan_note_names[kind];
}

static const struct json_form_words note_words = {plan_note_word, ARRAY_LENGTH(plan_note_names)};

static json_t *note_service_write(
	struct json_form_pass *pass, const struct json_form_member *member, const void *field)
{
	const struct service_key *key = field;

	return key->address.family ? json_form_service.write(pass, member, field) : NULL;
}

static int note_service_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	return json ? json_form_service.read(pass, place, member, json, field) : 0;
}

static const struct json_form_type note_service = {note_service_write, note_service_read};

static const struct json_form_member note_members[] = {
	{"service", &note_service, JSON_FORM_FIELD(struct plan_note, service)},
	{"port", &json_form_text, JSON_FORM_FIELD(struct plan_note, port)},
	{"kind", &json_form_word, JSON_FORM_FIELD(struct plan_note, kind), .required = true,
		.words = &note_words},
	{"destinations", &json_form_number, JSON_FORM_FIELD(struct plan_note, destinations),
		.required = true},
};
static const struct json_form note_form = JSON_FORM(note_members);

static int note_compare(const void *a, const void *b)
{
	const struct plan_note *left = a, *right = b;
	int order = service_key_compare(&left->service, &right->service);

	return order ? order : strcmp(left->port, right->port);
}

static json_t *note_write(struct json_form_pass *pass,
	const struct json_form_member *member _unused_, const void *field)
{
	return json_form_write(pass, &note_form, field);
}

/* One is about a port by its kind, and about a service otherwise. */
static int note_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	const struct plan_note *note = field;
	int r = json_form_read(pass, place, &note_form, json, field);

	if (r < 0)
		return r;
	bool of_port = note->kind == PLAN_NOTE_PORT_MISSING;
	if (of_port != (note->port[0] != '\0') || of_port == (note->service.address.family != 0))
		return json_form_fail(pass, place, "%s without `%s`, or with `%s`",
			plan_note_names[note->kind], of_port ? "port" : "service",
			of_port ? "service" : "port");
	return 0;
}

static const struct json_form_type note_object = {note_write, note_read};
static const struct json_form_member note_item = {.type = &note_object};
JSON_FORM_LIST(note_list, struct plan_note_vector, &note_item, note_compare);

/* In the order of the command line. */
static const struct json_form_member path_item = {.type = &json_form_string, .required = true};
JSON_FORM_LIST(path_list, ((struct plan_file *)NULL)->paths, &path_item, NULL);

/* The document. Totals and drains follow from the rest; they stand there for those who read it. */

struct plan_json_totals {
	struct plan_totals plan;
	size_t draining; /* destinations that go later */
};

#define TOTAL_MEMBER(total)                                                                        \
	{                                                                                          \
#total, &json_form_number, JSON_FORM_FIELD(struct plan_json_totals, plan.total),   \
			.required = true                                                           \
	}
static const struct json_form_member totals_members[] = {
	TOTAL_MEMBER(add),
	TOTAL_MEMBER(change),
	TOTAL_MEMBER(remove),
	TOTAL_MEMBER(disruptive),
	TOTAL_MEMBER(unmanaged),
	{"services-leaving", &json_form_number,
		JSON_FORM_FIELD(struct plan_json_totals, plan.leaving), .required = true},
	{"destinations-leaving", &json_form_number,
		JSON_FORM_FIELD(struct plan_json_totals, draining), .required = true},
};
static const struct json_form totals_form = JSON_FORM(totals_members);

struct plan_document {
	struct plan_file file;
	struct plan_json_totals totals;
};

static const struct json_form_member document_members[] = {
	{"poise-plan", &json_form_version, .required = true, .maximum = PLAN_JSON_FORMAT},
	{"backend", &json_form_string, JSON_FORM_FIELD(struct plan_document, file.backend),
		.required = true},
	{"revision", &json_form_string, JSON_FORM_FIELD(struct plan_document, file.revision),
		.required = true},
	{"applied", &json_form_string, JSON_FORM_FIELD(struct plan_document, file.applied)},
	{"paths", &path_list, JSON_FORM_FIELD(struct plan_document, file.paths), .required = true},
	{"declared", &json_form_string, JSON_FORM_FIELD(struct plan_document, file.declared),
		.required = true},
	{"operations", &operation_list, JSON_FORM_FIELD(struct plan_document, file.plan.ops),
		.required = true},
	{"notes", &note_list, JSON_FORM_FIELD(struct plan_document, file.plan.notes),
		.required = true},
	{"draining", &state_form_drains, JSON_FORM_FIELD(struct plan_document, file.memory.drains),
		.required = true},
	{"totals", &json_form_object, JSON_FORM_FIELD(struct plan_document, totals),
		.required = true, .form = &totals_form},
	/* What is printed has virtual routers too; a plan is carried out without them. */
	{"routers", .type = &json_form_ignored},
};
static const struct json_form document_form = JSON_FORM(document_members);

static struct plan_json_totals plan_json_count(const struct plan_file *file)
{
	return (struct plan_json_totals){plan_count(&file->plan), file->memory.drains.count};
}

char *plan_file_to_json(const struct plan_file *file)
{
	/* Borrows all that it shows. */
	struct plan_document document = {.file = *file, .totals = plan_json_count(file)};
	json_t *json = json_form_write(&(struct json_form_pass){}, &document_form, &document);
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2));

	json_decref(json);
	return memory_printf("%s\n", text);
}

static bool plan_totals_equal(const struct plan_json_totals *a, const struct plan_json_totals *b)
{
	const struct plan_totals *left = &a->plan, *right = &b->plan;

	return left->add == right->add && left->change == right->change &&
	       left->remove == right->remove && left->disruptive == right->disruptive &&
	       left->unmanaged == right->unmanaged && left->leaving == right->leaving &&
	       a->draining == b->draining;
}

static int document_read(struct json_form_pass *pass, const json_t *json, struct plan_document *to)
{
	struct plan_json_totals totals;
	int r = json_form_read(pass, NULL, &document_form, json, to);

	if (r < 0)
		return r;
	/* Whoever approved the plan may have looked no further than these. */
	totals = plan_json_count(&to->file);
	if (!plan_totals_equal(&totals, &to->totals))
		return json_form_fail(pass, NULL,
			"totals: not those of the operations, notes and drains: was the plan "
			"changed?");
	return operations_check_unique(pass, &to->file.plan.ops);
}

int plan_file_from_json(const char *text, size_t size, struct plan_file *ret, struct error *error)
{
	struct plan_document document = {};
	json_t *json;
	int r = json_parse(text, size, &json, error);

	if (r < 0)
		return r;
	r = document_read(&(struct json_form_pass){.error = error}, json, &document);
	json_decref(json);
	if (r < 0)
		plan_file_clear(&document.file);
	else
		*ret = document.file;
	return r;
}

void plan_file_clear(struct plan_file *file)
{
	free(file->backend);
	free(file->revision);
	free(file->declared);
	free(file->applied);
	vector_foreach(&file->paths, path)
		free(*path);
	vector_clear(&file->paths);
	plan_clear(&file->plan);
	memory_clear(&file->memory);
	*file = (struct plan_file){};
}
