// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/load.h"

#include <errno.h>

#include "model/decode.h"
#include "model/patch.h"
#include "model/validate.h"

/* The tree of a document, or NULL. */
struct load_root {
	const struct yaml_node *node;
};

struct load {
	struct report report;
	struct decode decode;
	struct arena nodes;      /* all trees; gone when the configuration is there */
	struct load_trees *kept; /* by document, in place of `nodes`; or NULL */
	struct load_root *roots; /* by document */
	bool incomplete;         /* a document gave no mapping */
	bool dataplane;          /* for poise-dataplane */
};

/* The tree of a document, which may be there already. */
static int load_tree(struct load *load, uint16_t document, const struct yaml_node **ret)
{
	struct patch_tree *kept = load->kept ? &load->kept->items[document] : NULL;
	struct yaml_tree tree = {};
	int r = 0;

	if (!kept)
		r = yaml_parse(&load->report, document, &load->nodes, &tree);
	else if (!kept->yaml.root)
		r = patch_parse(kept, &load->report, document);
	*ret = kept ? kept->yaml.root : tree.root;
	return r;
}

/* The tree of a document when it is a mapping. */
static const struct yaml_node *load_parse(struct load *load, uint16_t document)
{
	struct report_place place = {.document = document};
	const struct yaml_node *root;

	if (load_tree(load, document, &root) < 0)
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

static int load_compare_routers(const void *a, const void *b)
{
	return load_compare_names(
		&((const struct config_router *)a)->name, &((const struct config_router *)b)->name);
}

static int load_compare_ports(const void *a, const void *b)
{
	return load_compare_names(
		&((const struct config_port *)a)->name, &((const struct config_port *)b)->name);
}

/* Others than poise-dataplane take the files of either backend. */
static void load_check_backend(struct load *load, const struct config *config)
{
	struct report_place place = {};
	uint32_t mark = load->decode.first[CONFIG_BACKEND];
	bool dpdk = config->backend == CONFIG_BACKEND_DPDK;

	if (load->report.diagnostics->errors || dpdk || !load->dataplane)
		return;
	if (mark)
		place = yaml_place(yaml_resolve(decode_node(&load->decode, mark)));
	report_error(&load->report, place,
		"write `backend: dpdk`, and `dpdk` with the ports to drive",
		"poise-dataplane has nothing to do: the backend is ipvs");
}

static void load_validate(struct load *load, struct config *config)
{
	struct validate validate = {
		.decode = &load->decode, .config = config, .incomplete = load->incomplete};

	vector_sort(&config->checks, load_compare_checks);
	vector_sort(&config->pools, load_compare_pools);
	vector_sort(&config->services, load_compare_services);
	vector_sort(&config->routers, load_compare_routers);
	vector_sort(&config->dpdk.ports, load_compare_ports);
	validate_config(&validate);
	validate_clear(&validate);
	load_check_backend(load, config);
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

/* `load` has what is special; the rest of it is zeroed. */
static int load_begin(struct load *load, const struct document *documents, size_t count,
	struct config *config, struct diagnostics *diagnostics)
{
	load->report =
		(struct report){.documents = documents, .count = count, .diagnostics = diagnostics};
	load->decode.report = &load->report;
	load->decode.config = config;
	load_run(load, config);
	report_finish(&load->report);
	free(load->roots);
	vector_clear(&load->decode.marks);
	arena_clear(&load->nodes);
	return diagnostics->errors ? -EINVAL : 0;
}

static int load_all(struct load_trees *kept, const struct document *documents, size_t count,
	struct config *config, struct diagnostics *diagnostics)
{
	struct load load = {.kept = kept};

	return load_begin(&load, documents, count, config, diagnostics);
}

/* What no run is begun with: nothing, or more than places can tell apart. */
static int load_check_count(
	const struct document **documents, size_t *count, struct diagnostics *diagnostics)
{
	static const struct document nothing = {.name = "(no file)", .text = ""};
	struct report report = {
		.documents = *documents, .count = *count, .diagnostics = diagnostics};

	if (!*count) {
		*documents = &nothing;
		*count = 1;
	}
	if (*count <= UINT16_MAX)
		return 0;
	report_error(&report, (struct report_place){}, NULL,
		"more than %u files in one configuration", UINT16_MAX);
	report_finish(&report);
	return -EINVAL;
}

int config_load(const struct document *documents, size_t count, struct config *ret,
	struct diagnostics *diagnostics)
{
	int r = load_check_count(&documents, &count, diagnostics);

	return r < 0 ? r : load_all(NULL, documents, count, ret, diagnostics);
}

int config_load_dataplane(const struct document *documents, size_t count, struct config *ret,
	struct diagnostics *diagnostics)
{
	struct load load = {.dataplane = true};
	int r = load_check_count(&documents, &count, diagnostics);

	return r < 0 ? r : load_begin(&load, documents, count, ret, diagnostics);
}

void load_trees_clear(struct load_trees *trees)
{
	vector_foreach(trees, tree)
		patch_clear(tree);
	vector_clear(trees);
}

/* A kept tree by the name of its document; once it found a document, its place is empty. */
struct load_kept {
	const char *name;
	struct patch_tree *tree;
};

static int load_compare_kept(const void *a, const void *b)
{
	return strcmp(((const struct load_kept *)a)->name, ((const struct load_kept *)b)->name);
}

/* Brings the kept trees into the order of the documents; what finds none is dropped. */
static void load_match(struct load_trees *trees, const struct document *documents, size_t count)
{
	struct load_trees matched = {};
	struct {
		VECTOR_OF(struct load_kept);
	} kept = {};

	vector_reserve(&kept, trees->count);
	vector_foreach(trees, tree)
		vector_push(&kept, ((struct load_kept){tree->name, tree}));
	vector_sort(&kept, load_compare_kept);
	vector_reserve(&matched, count);
	for (size_t i = 0; i < count; i++) {
		const struct load_kept wanted = {.name = documents[i].name};
		struct load_kept *found = vector_find(&kept, &wanted, load_compare_kept);
		struct patch_tree *tree = vector_append(&matched);

		if (found && found->tree) {
			*tree = *found->tree;
			*STEAL(found->tree) = (struct patch_tree){};
		}
	}
	vector_clear(&kept);
	load_trees_clear(trees);
	*trees = matched;
}

/* Brings the trees up to their new texts. What needs to be parsed is dropped before anything is,
 * so that no text's old and new tree are there at once. Whether any tree is left. */
static bool load_update(struct load_trees *trees, const struct document *documents)
{
	bool any = false;

	for (size_t i = 0; i < trees->count; i++) {
		struct patch_tree *tree = &trees->items[i];

		if (patch_update(tree, &documents[i], (uint16_t)i))
			any = true;
		else
			patch_clear(tree);
	}
	return any;
}

int config_reload(struct load_trees *trees, const struct document *documents, size_t count,
	struct config *ret, struct diagnostics *diagnostics)
{
	int r = load_check_count(&documents, &count, diagnostics);

	if (r < 0) {
		load_trees_clear(trees);
		return r;
	}
	load_match(trees, documents, count);
	bool any = load_update(trees, documents);
	r = load_all(trees, documents, count, ret, diagnostics);
	if (r == 0)
		return 0;
	load_trees_clear(trees);
	if (!any)
		return r;
	/* What is said to a person is said of a tree that was never anything else. */
	config_clear(ret);
	diagnostics_clear(diagnostics);
	return load_all(NULL, documents, count, ret, diagnostics);
}
