// SPDX-License-Identifier: GPL-2.0-or-later
#include "health/health_plan.h"

#include <string.h>

#include "model/canonical.h"

struct health_plan *health_plan_new(struct config *config)
{
	struct health_plan *plan = memory_new(sizeof(*plan));

	plan->config = *config;
	plan->holders = 1;
	*config = (struct config){};
	return plan;
}

struct health_plan *health_plan_release(struct health_plan *plan)
{
	if (!plan || --plan->holders)
		return NULL;
	config_clear(&plan->config);
	free(plan);
	return NULL;
}

/* Everything that is written in a check, as text. */
static char *health_plan_text(const struct config_check *check)
{
	struct config config = {.checks = {.items = (struct config_check *)check, .count = 1}};
	struct strbuf text = {};

	config.object.set = 1u << CONFIG_CHECKS;
	config_format_yaml(&config, &text);
	return strbuf_take(&text);
}

static bool health_plan_equal(const struct config_check *a, const struct config_check *b)
{
	_cleanup_free_ char *left = health_plan_text(a), *right = health_plan_text(b);

	return strcmp(left, right) == 0;
}

bool *health_plan_same(const struct health_plan *before, const struct health_plan *plan)
{
	bool *same = memory_new(plan->config.checks.count + 1);

	for (size_t i = 0; before && i < plan->config.checks.count; i++) {
		const struct config_check *check = &plan->config.checks.items[i];
		const struct config_check *old =
			config_find_check(&before->config, check->name.text);

		same[i] = old && health_plan_equal(old, check);
	}
	return same;
}
