// SPDX-License-Identifier: GPL-2.0-or-later
/* `dataplane`: what the backend counts beside services. */
#include "daemon/methods.h"

#include <errno.h>

#include "reconciler/figures_json.h"

static void dataplane_run(struct call *call)
{
	struct engine *engine = call_engine(call);
	_cleanup_error_ struct error error = {};
	const struct figures *figures = engine_figures(engine);

	if (figures) {
		call_reply(call, figures_to_json(&figures->rows, figures->error.text));
		return;
	}
	int r = engine->connected
			? error_set(&error, -ENOTSUP,
				  "the backend %s counts services and destinations alone: `status`",
				  engine->reconciler.backend->ops->name)
			: error_set(&error, -ENOTCONN, "the backend is not connected");
	call_fail(call, r, &error);
}

const struct method method_dataplane = {
	.name = "dataplane",
	.summary = "what poise-dataplane counts: ports, workers, and why packets were dropped",
	.run = dataplane_run,
};
