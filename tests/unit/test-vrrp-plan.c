// SPDX-License-Identifier: GPL-2.0-or-later
/* What the process of the virtual routers makes of a broken or hostile reconciler's plan (vrrp_plan.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/vrrp_plan.h"

#define TWO                                                                                        \
	"poise: 1\nallow-empty: true\nvrrp:\n"                                                     \
	"  b: {interface: eth0, vrid: 2, addresses: [10.0.0.2/24]}\n"                              \
	"  a: {interface: eth0, vrid: 1, addresses: [10.0.0.1/24, '2001:db8::1/64']}\n"

/* One of which anything is wrong is refused as a whole. */
static void broken_plans_are_refused(void **state)
{
	static const char text[] = TWO;
	struct message_vrrp_plan head = {
		.generation = 7, .text_size = sizeof(text) - 1, .facts = 2};
	size_t size = sizeof(struct message_vrrp_facts) + 2 * sizeof(struct message_vrrp_fact);
	_cleanup_free_ struct message_vrrp_facts *facts = memory_new(size);
	struct message_vrrp_hint hint = {.interface = "eth0", .family = AF_INET, .checksum = 3};
	struct message_vrrp_got commit = {.generation = 7, .pieces = 3};
	struct vrrp_plan plan = {};
	struct vrrp_plan_result result;

	(void)state;
	facts->generation = 7;
	facts->count = 2;
	facts->facts[1].router = 1;
	assert_int_equal(vrrp_plan_text(&plan, text, sizeof(text) - 1), -ESTALE);
	assert_int_equal(vrrp_plan_begin(&plan, &head, 7), -1 - MESSAGE_VRRP_REFUSAL_HEAD);
	head.facts = UINT32_MAX;
	assert_int_equal(vrrp_plan_begin(&plan, &head, 6), -1 - MESSAGE_VRRP_REFUSAL_HEAD);
	head.facts = 2;
	assert_int_equal(vrrp_plan_begin(&plan, &head, 6), 0);
	assert_int_equal(vrrp_plan_text(&plan, text, sizeof(text)), -1 - MESSAGE_VRRP_REFUSAL_TEXT);
	assert_int_equal(vrrp_plan_finish(&plan, &commit, &result), -ESTALE);
	/* All is well but the number of facts. */
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(vrrp_plan_text(&plan, text, sizeof(text) - 1), 0);
	commit.pieces = 2;
	assert_int_equal(
		vrrp_plan_finish(&plan, &commit, &result), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	config_clear(&result.config);
	/* Facts in another order, and those of nobody. */
	vrrp_plan_begin(&plan, &head, 6);
	facts->facts[0].router = 1;
	assert_int_equal(vrrp_plan_facts(&plan, facts, size), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	vrrp_plan_begin(&plan, &head, 6);
	facts->facts[0].router = 0;
	facts->facts[1].fault = 2;
	assert_int_equal(vrrp_plan_facts(&plan, facts, size), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(
		vrrp_plan_facts(&plan, facts, size - 1), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	head.hints = 1;
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(
		vrrp_plan_hints(&plan, &hint, sizeof(hint)), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	/* No file. */
	head = (struct message_vrrp_plan){.generation = 7, .text_size = 6};
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(vrrp_plan_text(&plan, "poise:", 6), 0);
	commit.pieces = 2;
	assert_int_equal(vrrp_plan_finish(&plan, &commit, &result), -1 - MESSAGE_VRRP_REFUSAL_TEXT);
	config_clear(&result.config);
	vrrp_plan_clear(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_plans_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
