// SPDX-License-Identifier: GPL-2.0-or-later
/* What the engine does about ports, their addresses and routes beside the passes: a pass over a few services looks at none of
 * these. */
#include "daemon/engine_inside.h"

void engine_ways_drained(struct engine *engine)
{
	const struct declared *declared = &engine->files->declared;
	const struct state *live = &engine->reconciler.live;

	if (!declared->ways_managed || engine->reconciler.record.memory.drains.count)
		return;
	if (live->routes.count > declared->routes.count ||
		live->port_addresses.count > declared->port_addresses.count)
		engine_mark_everything(engine, ENGINE_REASON_DRAIN);
}

void engine_ways_look(struct engine *engine)
{
	const struct state *live = &engine->reconciler.live;
	_cleanup_strbuf_ struct strbuf text = {};
	size_t missing = 0;

	vector_foreach(&engine->files->declared.ports, port)
		if (!state_find_port(live, port->name))
			strbuf_printf(&text, "%s`%s`", missing++ ? ", " : "", port->name);
	if (!missing) {
		engine_set_trouble(engine, ENGINE_TROUBLE_PORTS, NULL);
		return;
	}
	_cleanup_free_ char *words = memory_printf(
		"poise-dataplane was started without the port%s %s of the files: start it again, "
		"which ends connections",
		missing > 1 ? "s" : "", text.text);
	engine_set_trouble(engine, ENGINE_TROUBLE_PORTS, words);
}
