// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/metrics_body.h"

#include "base/version.h"

struct metrics_body {
	const struct metrics_sources *sources;
	struct strbuf text; /* made, and not all read yet */
	size_t taken;       /* bytes of it that are read */
};

struct metrics_body *metrics_body_new(const struct metrics_sources *sources)
{
	struct metrics_body *body = memory_new(sizeof(*body));

	body->sources = sources;
	strbuf_add(&body->text, "# HELP poise_build_info The version of poised; always 1.\n"
				"# TYPE poise_build_info gauge\n"
				"poise_build_info{version=\"" POISE_VERSION "\"} 1\n");
	return body;
}

size_t metrics_body_read(struct metrics_body *body, char *to, size_t room)
{
	size_t size = MIN(room, body->text.length - body->taken);

	memcpy(to, body->text.text + body->taken, size);
	body->taken += size;
	return size;
}

struct metrics_body *metrics_body_free(struct metrics_body *body)
{
	if (!body)
		return NULL;
	strbuf_clear(&body->text);
	free(body);
	return NULL;
}
