// SPDX-License-Identifier: GPL-2.0-or-later
/* The methods of the control socket, a file for each group, and what the groups share. */
#pragma once

#include "daemon/call.h"

/* methods_status.c */
extern const struct method method_status;
/* methods_view.c */
extern const struct method method_live, method_desired, method_plan;
/* methods_dataplane.c */
extern const struct method method_dataplane;
/* methods_health.c */
extern const struct method method_facts, method_checks;
/* methods_routers.c */
extern const struct method method_routers;
/* methods_operate.c */
extern const struct method method_drain, method_undrain, method_suspend, method_resume,
	method_reload, method_confirm, method_rollback;
/* methods_history.c */
extern const struct method method_history;
/* methods_meta.c */
extern const struct method method_help, method_version, method_log_level, method_events;

/* An entry of the history, and an event as its subscribers get it: one line. */
json_t *method_entry_to_json(const struct engine_entry *entry);
void method_event_to_text(const struct engine_event *event, struct strbuf *line);
