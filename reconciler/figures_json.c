// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/figures_json.h"

#include <string.h>

static json_t *drops_to_json(const struct backend_figures *figures)
{
	json_t *list = json_array();

	vector_foreach(figures, figure)
		if (figure->kind == BACKEND_FIGURE_DROP)
			json_array_append_new(list,
				json_pack("{s:s?, s:s?, s:I}", "reason", figure->name, "by",
					figure->object, "packets", (json_int_t)figure->value));
	return list;
}

/* An object for each thing that counts. */
static json_t *objects_to_json(const struct backend_figures *figures, enum backend_figure_kind kind)
{
	const struct backend_figure *last = NULL;
	json_t *list = json_array(), *object = NULL;

	vector_foreach(figures, figure) {
		if (figure->kind != kind)
			continue;
		if (!last || strcmp(last->object, figure->object) != 0) {
			object = json_pack("{s:s?}", "name", figure->object);
			json_array_append_new(list, object);
		}
		json_object_set_new(object, figure->name, json_integer((json_int_t)figure->value));
		last = figure;
	}
	return list;
}

json_t *figures_to_json(const struct backend_figures *figures, const char *error)
{
	return json_pack("{s:s?, s:o, s:o, s:o, s:o}", "error", error, "ports",
		objects_to_json(figures, BACKEND_FIGURE_PORT), "workers",
		objects_to_json(figures, BACKEND_FIGURE_WORKER), "drops", drops_to_json(figures),
		"parts", objects_to_json(figures, BACKEND_FIGURE_PART));
}
