// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/load.h"

#include <errno.h>

#include "model/decode.h"
#include "model/validate.h"

/* The tree of a document, or NULL. */
struct load_root {
	const struct yaml_node *node;
};

struct load {
	struct report report;
	struct decode decode;
	struct arena nodes;      /* all trees; gone when the configuration is there */
	struct load_root *roots; /* by document */
	bool incomplete;         /* a document gave no mapping */
};

/* The tree of a document when it is a mapping. */
static const struct yaml_node *load_parse(struct load *load, uint16_t document)
{
	struct report_place place = {.document = document};
	const struct yaml_node *root = NULL;

	if (yaml_parse(&load->report, document, &load->nodes, &root) < 0)
		return NULL;
	if (!root || yaml_is_null(root)) {
		report_error(&load->report, place, "a configuration starts with `poise: 1`",
			"the file is empty");
		return NULL;
	}
	if (root->kind != YAML_KIND_MAPPING) {
		report_error(&load->report, yaml_place(root),
			"a configuration is a mapping that starts with `poise: 1`",
			"the file holds %s", yaml_describe(root));
		return NULL;
	}
	return root;
}

/* The backend that the files name: what the words of other keys mean depends on it. */
static enum config_backend load_backend(const struct load *load)
{
	for (size_t i = 0; i < load->report.count; i++) {
		const struct yaml_node *key =
			load->roots[i].node ? yaml_find(load->roots[i].node, "backend") : NULL;
		const struct yaml_node *value = key ? yaml_resolve(key->next) : NULL;

		if (value && value->kind == YAML_KIND_SCALAR && strcmp(value->text, "dpdk") == 0)
			return CONFIG_BACKEND_DPDK;
	}
	return CONFIG_BACKEND_IPVS;
}

static void load_document(struct load *load, uint16_t document, struct config *config)
{
	const struct yaml_node *root = load->roots[document].node;

	if (!yaml_find(root, "poise"))
		report_error(&load->report, yaml_place(root), "every file says `poise: 1`",
			"this file has no `poise`");
	decode_mapping(&load->decode, &schema_top, root, NULL, config);
}

static int load_compare_names(const struct config_name *a, const struct config_name *b)
{
	int order = strcmp(a->text, b->text);

	return order ? order : COMPARE(a->mark, b->mark);
}

static int load_compare_checks(const void *a, const void *b)
{
	return load_compare_names(
		&((const struct config_check *)a)->name, &((const struct config_check *)b)->name);
}

static int load_compare_pools(const void *a, const void *b)
{
	return load_compare_names(
		&((const struct config_pool *)a)->name, &((const struct config_pool *)b)->name);
}

static int load_compare_services(const void *a, const void *b)
{
	return load_compare_names(&((const struct config_service *)a)->name,
		&((const struct config_service *)b)->name);
}

static void load_validate(struct load *load, struct config *config)
{
	struct validate validate = {
		.decode = &load->decode, .config = config, .incomplete = load->incomplete};

	vector_sort(&config->checks, load_compare_checks);
	vector_sort(&config->pools, load_compare_pools);
	vector_sort(&config->services, load_compare_services);
	if (config->backend == CONFIG_BACKEND_DPDK)
		report_error(&load->report,
			yaml_place(yaml_resolve(
				decode_node(&load->decode, load->decode.first[CONFIG_BACKEND]))),
			"this version has `backend: ipvs`",
			"`backend: dpdk` is not supported by this version");
	validate_config(&validate);
	validate_clear(&validate);
}

static void load_run(struct load *load, struct config *config)
{
	size_t count = load->report.count;

	load->roots = memory_new(count * sizeof(*load->roots));
	for (size_t i = 0; i < count; i++) {
		load->roots[i].node = load_parse(load, (uint16_t)i);
		load->incomplete = load->incomplete || !load->roots[i].node;
	}
	load->decode.backend = load_backend(load);
	schema_defaults(&schema_top, config);
	for (size_t i = 0; i < count; i++)
		if (load->roots[i].node)
			load_document(load, (uint16_t)i, config);
	load_validate(load, config);
}

int config_load(const struct document *documents, size_t count, struct config *ret,
	struct diagnostics *diagnostics)
{
	static const struct document nothing = {.name = "(no file)", .text = ""};
	struct load load = {
		.report = {.documents = count ? documents : &nothing,
			.count = count ? count : 1,
			.diagnostics = diagnostics},
	};

	load.decode.report = &load.report;
	load.decode.config = ret;
	if (count > UINT16_MAX)
		report_error(&load.report, (struct report_place){}, NULL,
			"more than %u files in one configuration", UINT16_MAX);
	else
		load_run(&load, ret);
	report_finish(&load.report);
	free(load.roots);
	vector_clear(&load.decode.marks);
	arena_clear(&load.nodes);
	return diagnostics->errors ? -EINVAL : 0;
}
