// SPDX-License-Identifier: GPL-2.0-or-later
/* A change of files is rarely one event. An editor renames the old file away, creates the new one, writes, sets its mode
 * and removes the backup; `git pull` touches a hundred files. Told at the first event, the reader would find half of it. So
 * a burst is told when there was silence for `debounce`, and after `most` even without silence. One rename
 * over a file, or of a link, is how careful tools publish something complete: alone, it is told after `atomic`. It is not
 * alone when something was told just before: then a tool renames a hundred files one by one.
 *
 * Besides, this knows which files are being written: created or modified, and not closed. Reading them shows a half,
 * so they hold a burst back for as long as somebody writes, up to a minute; and alone they are no burst.
 *
 * A file that appears with content in it may have been linked into place, which is finished, or have been opened and written
 * faster than we looked. In the second case a write or the close is seen soon; when none comes in `debounce`, it was a link. */
#include "daemon/watch_settle.h"

#include "base/macros.h"

static uint64_t watch_settle_end(const struct watch_settle *settle)
{
	return settle->first + settle->most;
}

static void watch_settle_wait(struct watch_settle *settle, uint64_t now, uint64_t time)
{
	if (!settle->deadline)
		settle->first = now;
	settle->deadline = MIN(now + time, watch_settle_end(settle));
}

void watch_settle_event(struct watch_settle *settle, uint64_t now, bool rename, uint32_t cookie)
{
	bool other_side = cookie && settle->events == 1 && settle->cookie == cookie;
	bool first = !settle->events || other_side;
	bool recent = settle->told && now - settle->told < WATCH_SETTLE_RECENT_NS;

	settle->events++;
	settle->cookie = cookie;
	settle->atomic_only = first && rename && !recent;
	watch_settle_wait(settle, now,
		settle->atomic_only ? MIN(settle->atomic, settle->debounce) : settle->debounce);
}

static struct watch_settle_file *watch_settle_find(
	struct watch_settle *settle, int wd, uint64_t name)
{
	for (size_t i = 0; i < settle->unfinished_count; i++) {
		struct watch_settle_file *file = &settle->unfinished[i];

		if (file->wd == wd && file->name == name)
			return file;
	}
	return NULL;
}

static void watch_settle_note(
	struct watch_settle *settle, uint64_t now, int wd, uint64_t name, bool linked)
{
	struct watch_settle_file *file = watch_settle_find(settle, wd, name);

	if (!file && settle->unfinished_count == WATCH_SETTLE_UNFINISHED)
		return;
	if (!file)
		file = &settle->unfinished[settle->unfinished_count++];
	*file = (struct watch_settle_file){.wd = wd, .name = name, .since = now, .linked = linked};
}

void watch_settle_created(
	struct watch_settle *settle, uint64_t now, int wd, uint64_t name, bool with_content)
{
	watch_settle_note(settle, now, wd, name, with_content);
	if (with_content)
		watch_settle_wait(settle, now, settle->debounce);
}

void watch_settle_written(struct watch_settle *settle, uint64_t now, int wd, uint64_t name)
{
	watch_settle_note(settle, now, wd, name, false);
}

static void watch_settle_remove(struct watch_settle *settle, struct watch_settle_file *file)
{
	*file = settle->unfinished[--settle->unfinished_count];
}

void watch_settle_finished(struct watch_settle *settle, int wd, uint64_t name)
{
	struct watch_settle_file *file = watch_settle_find(settle, wd, name);

	if (file)
		watch_settle_remove(settle, file);
}

/* Takes out what was linked into place (a change) and what nobody writes any more. */
static void watch_settle_sort_out(struct watch_settle *settle, uint64_t now)
{
	for (size_t i = settle->unfinished_count; i-- > 0;) {
		struct watch_settle_file *file = &settle->unfinished[i];
		uint64_t age = now - file->since;

		if (file->linked && age >= settle->debounce) {
			settle->events++;
			settle->atomic_only = false;
			watch_settle_remove(settle, file);
		} else if (age >= WATCH_SETTLE_STALE_NS) {
			watch_settle_remove(settle, file);
		}
	}
}

bool watch_settle_is_unfinished(struct watch_settle *settle, uint64_t now)
{
	watch_settle_sort_out(settle, now);
	return settle->unfinished_count > 0;
}

enum watch_settle_verdict watch_settle_check(struct watch_settle *settle, uint64_t now)
{
	if (!settle->deadline)
		return WATCH_SETTLE_QUIET;
	if (now < settle->deadline)
		return WATCH_SETTLE_WAIT;
	bool unfinished = watch_settle_is_unfinished(settle, now);
	if (!settle->events) {
		settle->deadline = 0;
		return WATCH_SETTLE_QUIET;
	}
	if (!unfinished || now >= settle->first + WATCH_SETTLE_STALE_NS)
		return WATCH_SETTLE_TELL;
	settle->deadline = now + settle->debounce;
	return WATCH_SETTLE_WAIT;
}

bool watch_settle_extend(struct watch_settle *settle, uint64_t now)
{
	if (settle->atomic_only || now >= watch_settle_end(settle))
		return false;
	watch_settle_wait(settle, now, settle->debounce);
	return true;
}

void watch_settle_done(struct watch_settle *settle, uint64_t now)
{
	settle->told = now;
	settle->deadline = 0;
	settle->events = 0;
	settle->cookie = 0;
	settle->atomic_only = false;
	/* What was linked into place is told with the rest; what is being written says so again. */
	for (size_t i = settle->unfinished_count; i-- > 0;) {
		if (settle->unfinished[i].linked)
			watch_settle_remove(settle, &settle->unfinished[i]);
	}
}

void watch_settle_forget(struct watch_settle *settle)
{
	settle->unfinished_count = 0;
}
