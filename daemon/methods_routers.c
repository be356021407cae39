// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual routers that are kept: `routers`, for a `poise diff` beside poised.
 *
 *	{"poise": 1, "routers": [{"name": "edge", "fields": {…}, "families": [{…}]}, …], "trouble": null, "changed": false}
 *
 * What they are made of is of the files that they are kept by, whatever else is in force, held, or read. These may be others
 * before all of them are written: then the list ends, and says so, for half of the one and half of the other never was. */
#include "daemon/methods.h"

#include <stdio.h>
#include <string.h>

#include "daemon/json_text.h"
#include "daemon/router_text.h"
#include "daemon/routing.h"
#include "reconciler/router_fields.h"

#define ROUTERS_PIECE  65536u
#define ROUTERS_FORMAT 1

struct routers_stream {
	struct engine *engine;
	char *nonce; /* owned; NULL: nobody may know more of passwords than that there are some */
	bool begun;
	char revision[REVISION_SIZE]; /* of the files that the list is of; "": there are none */
	size_t place;                 /* in them */
};

static void routers_write_family(
	const struct routing_router *router, bool separate, struct strbuf *text)
{
	const struct message_vrrp_state *told = &router->told;

	strbuf_add(text, separate ? ",{" : "{");
	json_text_member_string(text, "family", told->family == AF_INET ? "ipv4" : "ipv6");
	json_text_member_string(text, "state", router_state_text(router));
	json_text_member_number(text, "addresses", told->addresses);
	json_text_member_number(text, "present", told->present);
	json_text_member_string(text, "trouble", *told->trouble ? told->trouble : NULL);
	strbuf_add_char(text, '}');
}

/* What is known of it: nothing before its process has said that it keeps these files'. */
static void routers_write_families(
	const struct engine *engine, const char *name, struct strbuf *text)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	bool settled = engine->routing && routing_is_settled(engine->routing), separate = false;

	strbuf_add_char(text, '[');
	for (size_t i = 0; settled && i < ARRAY_LENGTH(families); i++) {
		const struct routing_router *router =
			routing_find(engine->routing, name, families[i]);

		if (!router || !routing_is_known(router))
			continue;
		routers_write_family(router, separate, text);
		separate = true;
	}
	strbuf_add_char(text, ']');
}

static void routers_write(const struct routers_stream *stream, const struct config_router *router,
	struct strbuf *text)
{
	json_t *json = router_to_json(router, stream->nonce);
	json_t *value;
	const char *name;

	strbuf_add_char(text, '{');
	json_object_foreach(json, name, value)
	{
		json_text_member(text, name);
		json_text_tree(text, value);
	}
	json_text_member(text, "families");
	routers_write_families(stream->engine, router->name.text, text);
	strbuf_add_char(text, '}');
	json_decref(json);
}

static void routers_end(const struct routers_stream *stream, bool changed, struct strbuf *text)
{
	strbuf_add_char(text, ']');
	json_text_member_string(text, "trouble", stream->engine->troubles[ENGINE_TROUBLE_ROUTING]);
	json_text_member_flag(text, "changed", changed);
	strbuf_add_char(text, '}');
}

static bool routers_next(void *data, struct strbuf *text)
{
	struct routers_stream *stream = data;
	struct files *files = engine_router_files(stream->engine);
	const char *revision = files ? files_revision(files) : "";
	size_t limit = text->length + ROUTERS_PIECE;
	size_t count = files ? files->config.routers.count : 0;

	if (!stream->begun) {
		strbuf_printf(text, "{\"poise\":%d,\"routers\":[", ROUTERS_FORMAT);
		snprintf(stream->revision, sizeof(stream->revision), "%s", revision);
		stream->begun = true;
	}
	bool changed = strcmp(stream->revision, revision) != 0;
	for (; !changed && stream->place < count; stream->place++) {
		if (text->length >= limit)
			return true;
		strbuf_add(text, stream->place ? "," : "");
		routers_write(stream, &files->config.routers.items[stream->place], text);
	}
	routers_end(stream, changed, text);
	return false;
}

static void routers_finish(void *data)
{
	struct routers_stream *stream = data;

	free(stream->nonce);
	free(stream);
}

static void routers_run(struct call *call)
{
	struct routers_stream *stream = memory_new(sizeof(*stream));
	const char *nonce = call_text(call, "nonce");

	stream->engine = call_engine(call);
	if (nonce && *nonce && call_is_root(call))
		stream->nonce = memory_copy_string(nonce);
	call_stream(call, routers_next, routers_finish, stream);
}

const struct method method_routers = {
	.name = "routers",
	.summary = "the virtual routers that are kept, by the keys of the files that say so",
	.params = {{"nonce", METHOD_PARAM_TYPE_TEXT,
		.help = "a random text: root is told a digest of it with each password"}},
	.run = routers_run,
};
