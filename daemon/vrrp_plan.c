// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything is bounded by the head, and the head by constants: nobody can make this process take more memory than a plan may
 * have. The text is a file like any other, and is loaded and validated like one. */
#include "daemon/vrrp_plan.h"

#include <errno.h>

#include "model/load.h"

#define VRRP_PLAN_FILE   "vrrp"
#define VRRP_PLAN_WEIGHT 254 * 1000 /* of all that is tracked */

static int vrrp_plan_refuse(struct vrrp_plan *plan, enum message_vrrp_refusal refusal)
{
	vrrp_plan_clear(plan);
	return -(1 + (int)refusal);
}

void vrrp_plan_clear(struct vrrp_plan *plan)
{
	strbuf_clear(&plan->text);
	vector_clear(&plan->hints);
	vector_clear(&plan->facts);
	*plan = (struct vrrp_plan){};
}

int vrrp_plan_begin(struct vrrp_plan *plan, const struct message_vrrp_plan *head, uint64_t in_force)
{
	vrrp_plan_clear(plan);
	if (head->text_size > MESSAGE_VRRP_TEXT_LIMIT || head->hints > MESSAGE_VRRP_COUNT_LIMIT ||
		head->facts > MESSAGE_VRRP_COUNT_LIMIT || head->filled > 1 ||
		head->generation <= in_force)
		return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_HEAD);
	plan->begun = true;
	plan->head = *head;
	return 0;
}

int vrrp_plan_text(struct vrrp_plan *plan, const char *text, size_t size)
{
	if (!plan->begun)
		return -ESTALE;
	if (plan->text.length + size > plan->head.text_size)
		return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_TEXT);
	strbuf_add_bytes(&plan->text, text, size);
	plan->pieces++;
	return 0;
}

static int vrrp_plan_read_hint(const struct message_vrrp_hint *message, struct node_hint *ret)
{
	if ((message->family != AF_INET && message->family != AF_INET6) ||
		message->checksum > VRRP_CHECKSUM_RFC5798 ||
		!memchr(message->interface, '\0', sizeof(message->interface)))
		return -EBADMSG;
	*ret = (struct node_hint){.key = {.family = message->family, .vrid = message->vrid},
		.checksum = (enum vrrp_checksum)message->checksum};
	memcpy(ret->key.interface, message->interface, strlen(message->interface));
	return 0;
}

int vrrp_plan_hints(struct vrrp_plan *plan, const struct message_vrrp_hint *hints, size_t size)
{
	size_t count = size / sizeof(*hints);

	if (!plan->begun)
		return -ESTALE;
	if (size % sizeof(*hints) || plan->hints.count + count > plan->head.hints)
		return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_RECORDS);
	for (size_t i = 0; i < count; i++) {
		struct node_hint *hint = vector_append(&plan->hints);

		if (vrrp_plan_read_hint(&hints[i], hint) < 0 ||
			(plan->hints.count > 1 &&
				keeper_key_compare(&hint[-1].key, &hint->key) >= 0))
			return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_RECORDS);
	}
	plan->pieces++;
	return 0;
}

bool vrrp_plan_facts_fit(const struct message_vrrp_facts *facts, size_t size)
{
	return facts->count <= MESSAGE_VRRP_FACTS_MOST && !facts->zero &&
	       size == sizeof(*facts) + facts->count * sizeof(*facts->facts);
}

int vrrp_plan_read_fact(
	const struct message_vrrp_fact *message, size_t routers, struct node_facts *ret)
{
	if (message->router >= routers || (message->fault | message->waits) > 1 ||
		message->weight < -VRRP_PLAN_WEIGHT || message->weight > VRRP_PLAN_WEIGHT)
		return -EBADMSG;
	*ret = (struct node_facts){
		.fault = message->fault, .weight = message->weight, .waits = message->waits};
	return 0;
}

/* Those of a plan come in order, each once. */
int vrrp_plan_facts(struct vrrp_plan *plan, const struct message_vrrp_facts *facts, size_t size)
{
	if (!plan->begun || facts->generation != plan->head.generation)
		return -ESTALE;
	if (!vrrp_plan_facts_fit(facts, size))
		return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_RECORDS);
	for (size_t i = 0; i < facts->count; i++) {
		if (facts->facts[i].router != plan->told++ ||
			vrrp_plan_read_fact(&facts->facts[i], plan->head.facts,
				vector_append(&plan->facts)) < 0)
			return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_RECORDS);
	}
	plan->pieces++;
	return 0;
}

static int vrrp_plan_load(struct vrrp_plan *plan, struct config *config)
{
	const struct document document = {
		.name = VRRP_PLAN_FILE, .text = plan->text.text, .size = plan->text.length};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	if (plan->text.length != plan->head.text_size || !plan->text.length)
		return -EBADMSG;
	return config_load(&document, 1, config, &diagnostics);
}

int vrrp_plan_finish(
	struct vrrp_plan *plan, const struct message_vrrp_got *commit, struct vrrp_plan_result *ret)
{
	*ret = (struct vrrp_plan_result){};
	if (!plan->begun || plan->head.generation != commit->generation)
		return -ESTALE;
	if (plan->pieces + 1 != commit->pieces || vrrp_plan_load(plan, &ret->config) < 0)
		return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_TEXT);
	if (plan->hints.count != plan->head.hints || plan->facts.count != plan->head.facts ||
		plan->facts.count != ret->config.routers.count)
		return vrrp_plan_refuse(plan, MESSAGE_VRRP_REFUSAL_RECORDS);
	ret->plan = (struct node_plan){.facts = plan->facts.items,
		.hints = plan->hints.items,
		.hint_count = plan->hints.count};
	return 0;
}
