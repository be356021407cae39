// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of methods. To add one: a `const struct method` in the file of its group, its name in methods.h, a line here. */
#include "daemon/methods.h"

const struct method *const methods[] = {
	&method_help,
	&method_version,
	&method_status,
	&method_live,
	&method_desired,
	&method_dataplane,
	&method_facts,
	&method_routers,
	&method_checks,
	&method_plan,
	&method_history,
	&method_events,
	&method_log_level,
	&method_reload,
	&method_suspend,
	&method_resume,
	&method_drain,
	&method_undrain,
	&method_confirm,
	&method_rollback,
};
const size_t method_count = ARRAY_LENGTH(methods);
