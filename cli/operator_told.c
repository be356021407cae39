// SPDX-License-Identifier: GPL-2.0-or-later
/* Only poised takes drains and suspensions, and it alone ends them. Whoever acts in its stead while it
 * is stopped finds them in its state directory: a server that is under maintenance does not come back
 * because the balancer's daemon is away. */
#include "cli/operator_told.h"

#include <errno.h>

#include "cli/layout.h"

/* Drains that a remark names; the others it counts. */
#define NAMED_MOST 4

void cli_operator_read(const char *state_dir, struct cli_operator *ret)
{
	ret->damaged = operator_load(state_dir, &ret->state, &ret->damage) < 0;
	operator_facts(&ret->state, &ret->facts);
}

/* "by uid 0 (root) since 06:03:33 (new switch)". */
static void add_suspension(const struct operator_state *state, struct strbuf *text)
{
	if (state->suspended_by)
		strbuf_printf(text, "by %s ", state->suspended_by);
	strbuf_add(text, "since ");
	cli_layout_time(text, (time_t)state->suspended_since, time(NULL));
	if (state->suspended_why)
		strbuf_printf(text, " (%s)", state->suspended_why);
}

int cli_operator_check(const struct cli_operator *told, struct error *error)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (told->damaged)
		return error_set(error, -EINVAL,
			"%s: nothing was changed, for what the operator drained and whether this "
			"machine is suspended is not known: mend or remove it, or use --force to "
			"go on as if nothing were",
			error_text(&told->damage, -EINVAL));
	if (!told->state.suspended)
		return 0;
	add_suspension(&told->state, &text);
	return error_set(error, -EPERM,
		"this machine is suspended %s: nothing was changed; start poised and `poise "
		"resume`, or use --force",
		text.text);
}

static void note_drains(const struct operator_state *state)
{
	size_t count = state->drains.count, named = MIN(count, (size_t)NAMED_MOST);
	_cleanup_strbuf_ struct strbuf text = {};

	for (size_t i = 0; i < named; i++) {
		if (i)
			strbuf_add(&text, ", ");
		operator_target_format(&state->drains.items[i].fact, &text);
	}
	if (count > named)
		strbuf_printf(&text, " and %zu more", count - named);
	cli_note("drained by the operator, and so out: %s", text.text);
}

void cli_operator_note(const struct cli_operator *told)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (told->damaged) {
		cli_note("%s: what the operator drained is not known, and taken as nothing",
			error_text(&told->damage, -EINVAL));
		return;
	}
	if (told->state.drains.count)
		note_drains(&told->state);
	if (!told->state.suspended)
		return;
	add_suspension(&told->state, &text);
	cli_note("this machine is suspended %s", text.text);
}

json_t *cli_operator_suspension(const struct cli_operator *told)
{
	const struct operator_state *state = &told->state;

	if (!state->suspended)
		return json_null();
	return json_pack("{s:I, s:s?, s:s?}", "since", (json_int_t)state->suspended_since, "why",
		state->suspended_why, "by", state->suspended_by);
}

json_t *cli_operator_troubles(const struct cli_operator *told)
{
	json_t *list = json_array();
	_cleanup_free_ char *text = NULL;

	if (!told->damaged)
		return list;
	text = memory_printf(
		"%s: what the operator drained, and whether this machine is suspended, "
		"is not known: mend or remove it",
		error_text(&told->damage, -EINVAL));
	json_array_append_new(list, cli_json_text(text));
	return list;
}

static json_t *drain_to_json(const struct operator_drain *drain)
{
	const struct facts_drain *fact = &drain->fact;
	char destination[ADDRESS_ENDPOINT_LENGTH], service[SERVICE_KEY_TEXT_SIZE];
	json_t *json = json_pack("{s:s, s:s?, s:I, s:s?}", "destination",
		destination_key_format(&fact->destination, destination), "service",
		fact->everywhere ? NULL : service_key_format(&fact->service, service), "since",
		(json_int_t)drain->since, "by", drain->by);

	uint64_t ends = operator_drain_ends(drain);

	json_object_set_new(json, "until", ends ? json_integer((json_int_t)ends) : json_null());
	return json;
}

json_t *cli_operator_drains(const struct cli_operator *told)
{
	json_t *list = json_array();

	vector_foreach(&told->state.drains, drain)
		json_array_append_new(list, drain_to_json(drain));
	return list;
}

void cli_operator_clear(struct cli_operator *told)
{
	operator_clear(&told->state);
	facts_clear(&told->facts);
	error_clear(&told->damage);
}
