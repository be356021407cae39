// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/figures.h"

#include "base/log.h"

LOG_MODULE("figures");

static bool figures_are_due(const struct figures *figures, uint64_t now)
{
	return now - figures->asked_at >=
	       (figures->error.text ? FIGURES_AGAIN_NS : FIGURES_FRESH_NS);
}

static void figures_read(struct figures *figures, struct backend *backend, uint64_t now)
{
	figures_clear(figures);
	figures->of = backend->ops;
	figures->asked_at = now;
	int r = backend->ops->figures(backend, &figures->rows, &figures->error);
	if (r < 0)
		log_debug("no figures: %s", error_text(&figures->error, r));
}

bool figures_refresh(struct figures *figures, struct backend *backend, uint64_t now)
{
	if (!backend || !backend->ops->figures) {
		figures_clear(figures);
		return false;
	}
	if (figures->of != backend->ops || figures_are_due(figures, now))
		figures_read(figures, backend, now);
	return true;
}

void figures_clear(struct figures *figures)
{
	vector_clear(&figures->rows);
	error_clear(&figures->error);
	*figures = (struct figures){};
}
