// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/event_log.h"

#include <string.h>

#include "base/log.h"
#include "daemon/engine.h"
#include "model/diagnostics.h"

/* As it was said before there was a file of its own: people filter by it. */
LOG_MODULE("reconciler");

#define EVENT_LOG_LINES_MOST 30
/* Of virtual routers, told in LOG_WINDOW_NS. */
#define EVENT_LOG_MOVES_MOST 10000
/* Objects share that many limits, for each kind of event: one that says the same all the time cuts off few others, and all
 * together say no more than 10,000 messages in LOG_WINDOW_NS. */
#define EVENT_LOG_SITES 512
/* A text of many lines is one message, and so many of these are told in LOG_WINDOW_NS. */
#define EVENT_LOG_TEXTS_MOST 5

static enum log_level event_log_level(enum engine_event_kind kind)
{
	switch (kind) {
	case ENGINE_EVENT_FILES_REJECTED:
	case ENGINE_EVENT_FAILED:
	case ENGINE_EVENT_BACKEND:
	case ENGINE_EVENT_TROUBLE:
		return LOG_LEVEL_ERROR;
	case ENGINE_EVENT_FILES_HELD:
	case ENGINE_EVENT_FILES_WARNED:
	case ENGINE_EVENT_DRIFT:
	case ENGINE_EVENT_UNTRIED:
	case ENGINE_EVENT_QUORUM:
	case ENGINE_EVENT_DOUBT:
		return LOG_LEVEL_WARNING;
	case ENGINE_EVENT_OPERATOR:
	case ENGINE_EVENT_CONFIRM:
	case ENGINE_EVENT_HEALTH:
	case ENGINE_EVENT_ROUTER:
	case ENGINE_EVENT_TRACK:
	case ENGINE_EVENT_PROCESS:
		return LOG_LEVEL_NOTICE;
	default:
		return LOG_LEVEL_INFO;
	}
}

static size_t event_log_hash(const char *object)
{
	uint32_t hash = 2166136261u;

	for (; object && *object; object++)
		hash = (hash ^ (unsigned char)*object) * 16777619u;
	/* Addresses differ in their last digits alone: these reach all bits. */
	hash ^= hash >> 16;
	hash *= 0x85ebca6bu;
	return (hash ^ hash >> 13) % EVENT_LOG_SITES;
}

/* A thousand routers may move at once, and what one of them does must be found afterwards. Who moves on and on is limited by the
 * process that moves it. */
static unsigned int event_log_burst(enum engine_event_kind kind)
{
	switch (kind) {
	case ENGINE_EVENT_ROUTER:
		return EVENT_LOG_MOVES_MOST;
	case ENGINE_EVENT_FILES_REJECTED:
	case ENGINE_EVENT_FILES_WARNED:
	case ENGINE_EVENT_FILES_HELD:
		return EVENT_LOG_TEXTS_MOST * (EVENT_LOG_LINES_MOST + 1);
	default:
		return LOG_BURST;
	}
}

static struct log_site *event_log_site(const struct engine_event *event)
{
	static struct log_site sites[ENGINE_EVENT_COUNT][EVENT_LOG_SITES];
	struct log_site *site = &sites[event->kind][event_log_hash(event->object)];

	site->lasting = true;
	site->burst = event_log_burst(event->kind);
	site->name = engine_event_name(event->kind);
	return site;
}

static void event_log_entry(const struct engine_entry *entry)
{
	log_info("applied (%s): %zu added, %zu changed, %zu removed, %zu failed, in %.1f ms; "
		 "revision %.12s",
		engine_reason_name(entry->reason), entry->applied.add, entry->applied.change,
		entry->applied.remove, entry->failed, (double)entry->duration / 1e6,
		entry->revision);
}

/* The diagnostics of files are many lines. A log wants the first of them; `poise status` has them all. Warnings are warnings there
 * also where errors before them had the files rejected. */
static void event_log_lines(const struct engine_event *event, struct log_site *site)
{
	const char *line = event->text, *name = engine_event_name(event->kind);
	enum log_level level = event_log_level(event->kind);

	for (unsigned int i = 0; *line && i < EVENT_LOG_LINES_MOST; i++) {
		size_t length = strcspn(line, "\n");

		if (event->kind == ENGINE_EVENT_FILES_REJECTED &&
			diagnostics_is_of_warning(line, length))
			level = LOG_LEVEL_WARNING;
		log_at_site(site, level, event->object, "%s: %.*s", name, (int)length, line);
		line += length + (line[length] == '\n');
	}
	if (*line)
		log_at_site(site, level, event->object,
			"%s: … and more, which `poise status` shows", name);
}

void event_log(const struct engine_event *event)
{
	struct log_site *site = event_log_site(event);

	if (event->kind == ENGINE_EVENT_APPLIED)
		event_log_entry(event->entry);
	else if (event->kind == ENGINE_EVENT_CHANGED)
		log_at_site(site, LOG_LEVEL_INFO, event->object, "%s", event->text);
	else if (event->text)
		event_log_lines(event, site);
	else
		log_at_site(site, event_log_level(event->kind), event->object, "%s",
			engine_event_name(event->kind));
}
