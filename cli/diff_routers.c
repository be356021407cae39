// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/diff_routers.h"

/* What the text of an indented object ends with. */
#define DOCUMENT_END "\n}\n"

/* NULL: they are known. */
static const char *why_not(const struct cli *cli, const struct cli_beside *beside)
{
	if (cli->options.live)
		return "the live state of a file has none";
	if (beside->routers.list)
		return NULL;
	return beside->routers.why ? beside->routers.why
				   : "only a poised that runs here knows them";
}

static void note_rest(const struct cli *cli, const struct cli_beside_routers *kept,
	const struct router_diff *diff)
{
	if (kept->trouble)
		cli_note("virtual routers: %s", kept->trouble);
	if (diff->unproven)
		cli_note("whether %zu virtual router%s another password is told root alone",
			diff->unproven, diff->unproven == 1 ? " has" : "s have");
	if (cli->options.out && diff->changes.count)
		cli_note("a saved plan has no virtual routers: poised changes them when it takes "
			 "the files");
}

void cli_diff_routers(const struct cli *cli, const struct cli_beside *beside,
	const struct cli_loaded *loaded, struct cli_diff_routers *ret)
{
	const char *why = why_not(cli, beside);

	if (why) {
		if (loaded->config.routers.count || beside->facts.routers.count)
			cli_note("virtual routers are not compared: %s", why);
		return;
	}
	const char *nonce = beside->routers.nonce;
	json_t *declared = router_list(&loaded->config, *nonce ? nonce : NULL);
	router_diff(beside->routers.list, declared, &ret->diff);
	json_decref(declared);
	ret->compared = true;
	note_rest(cli, &beside->routers, &ret->diff);
}

char *cli_diff_routers_add(const struct cli_diff_routers *routers, const char *document)
{
	size_t length = strlen(document);

	if (!routers->compared || length < strlen(DOCUMENT_END))
		return memory_copy_string(document);
	json_t *json = json_pack("{s:o}", "routers", router_diff_to_json(&routers->diff));
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2));
	json_decref(json);
	/* From behind the brace. */
	return memory_printf("%.*s,%s\n", (int)(length - strlen(DOCUMENT_END)), document, text + 1);
}

void cli_diff_routers_clear(struct cli_diff_routers *routers)
{
	router_diff_clear(&routers->diff);
	*routers = (struct cli_diff_routers){};
}
