// SPDX-License-Identifier: GPL-2.0-or-later
/* Three parts make the watch: watch_way.c knows which directories and names decide what is read, and what they look
 * like; watch_settle.c knows when a burst of events is over; this file has the descriptor, the clock and the log.
 *
 * A look (watch_way.h) is taken when a burst is told and at every poll, never for an event: it costs a stat for each
 * file. It lays the watches anew and gives the fingerprint. Both come before changed(), so that what happens while the
 * caller reads is an event, or a difference at the next poll: nothing falls between. A directory that was just made is
 * seen only by the look; the burst then goes on, for its files may be still on their way.
 *
 * What was told counts as read only once the caller says so (watch_seen()). Until then every poll tells it again.
 *
 * inotify can fail as a whole (no instance left), for some directories (no watch left), for a while (the queue ran over), or
 * without a word (network and stacked file systems). The poll is the answer to all of them: it compares fingerprints, wants
 * two equal ones in a row, and is patient with a file that is being written, if that much is known. A look that takes long
 * is taken less often, so that it costs half a percent of a core at most. */
#include "daemon/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/vector.h"
#include "daemon/watch_settle.h"
#include "daemon/watch_way.h"
#include "reconciler/sources.h"

LOG_MODULE("watch");

/* One read; and in one turn at most that many: more than a queue of the default size holds. */
#define WATCH_BUFFER_SIZE (64u << 10)
#define WATCH_READS       96

/* A look takes at most one part in so many of the time. One that took long may have been interrupted, on a machine that is
 * busy or was asleep: of the last two the shorter one counts. And where a file server is away, that puts the next look off no
 * longer than this. */
#define WATCH_LOOK_SHARE   200
#define WATCH_LOOK_MOST_NS 600000000000ull

struct watch_paths {
	VECTOR_OF(char *);
};

struct watch {
	struct loop *loop;
	struct watch_paths paths; /* absolute */
	uint64_t poll;
	void (*changed)(void *data);
	void *data;

	int inotify; /* -1: none */
	struct loop_source *io, *settle_timer, *poll_timer;
	struct watch_way way;
	struct watch_settle settle;
	struct watch_counters counters;

	uint64_t seen;    /* fingerprint of what the caller has read */
	uint64_t told;    /* of what it was told last */
	uint64_t last;    /* of the look before */
	uint64_t took;    /* the look before, ns; 0: there was none */
	uint64_t differs; /* when a poll first found another one than `seen`; 0: it did not */
	bool filling; /* a directory was made in this burst: what it gets is seen from the next look on */
	int refusal; /* what is logged already: of directories, and of inotify itself */
	int failure;
	char *buffer;
};

static void watch_on_events(void *data, uint32_t events);

static const char *watch_advice(int r)
{
	switch (r) {
	case -EMFILE:
		return ": raise fs.inotify.max_user_instances or the limit of open files";
	case -ENOSPC:
		return ": raise fs.inotify.max_user_watches";
	default:
		return "";
	}
}

static unsigned int watch_poll_seconds(const struct watch *watch)
{
	return (unsigned int)((watch->poll + 999999999u) / 1000000000u);
}

/* inotify, if it can be had; once it could not, every look tries again. */
static void watch_open(struct watch *watch)
{
	if (watch->inotify >= 0)
		return;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int r = fd < 0 ? -errno
		       : loop_add_io(watch->loop, fd, EPOLLIN, watch_on_events, watch, &watch->io);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		if (watch->failure != r)
			log_warning("file events are not to be had: %s%s; the files are looked at "
				    "every %u s",
				strerror(-r), watch_advice(r), watch_poll_seconds(watch));
		watch->failure = r;
		return;
	}
	watch->inotify = fd;
	if (watch->failure)
		log_notice("file events can be had again");
	watch->failure = 0;
}

static void watch_log_refusal(struct watch *watch)
{
	int r = watch->way.refusal;

	if (r && r != watch->refusal)
		log_warning("cannot watch %s: %s%s; what it holds is looked at every %u s",
			watch->way.refused, strerror(-r), watch_advice(r),
			watch_poll_seconds(watch));
	if (!r && watch->refusal)
		log_notice("all directories on the way of the files are watched again");
	watch->refusal = r;
}

/* Lays the watches anew and takes the fingerprint. True when there are directories that were not watched before. */
static bool watch_look(struct watch *watch)
{
	_cleanup_watch_way_ struct watch_way next = {};
	uint64_t begin = loop_clock();

	watch_open(watch);
	watch_way_look(
		watch->inotify, (const char *const *)watch->paths.items, watch->paths.count, &next);
	bool grown = watch_way_replace(&watch->way, watch->inotify, &next);
	watch->counters.watches = watch->way.directories.count;
	watch_log_refusal(watch);

	uint64_t end = loop_clock(), took = end - begin;
	uint64_t wait = MIN(MIN(took, watch->took) * WATCH_LOOK_SHARE, WATCH_LOOK_MOST_NS);
	watch->took = took;
	loop_timer_set(watch->poll_timer, end + MAX(watch->poll, wait));
	return grown;
}

static void watch_arm(struct watch *watch)
{
	loop_timer_set(
		watch->settle_timer, watch->settle.deadline ? watch->settle.deadline : LOOP_NEVER);
}

/* A name was created that is no directory. A link of either kind has content at once; a file is about to be written. */
static void watch_take_created(
	struct watch *watch, const struct inotify_event *event, uint64_t now, uint64_t name)
{
	_cleanup_free_ char *path =
		memory_printf("%s/%s", watch_way_path(&watch->way, event->wd), event->name);
	struct stat status;

	/* Gone again: that is an event too. */
	if (lstat(path, &status) < 0)
		return;
	watch_settle_created(&watch->settle, now, event->wd, name,
		status.st_size > 0 || !S_ISREG(status.st_mode));
}

static void watch_log_event(const struct watch *watch, const struct inotify_event *event)
{
	static const struct {
		uint32_t mask;
		const char *words;
	} kinds[] = {{IN_CREATE, "was made"}, {IN_CLOSE_WRITE, "was written"},
		{IN_DELETE, "was removed"}, {IN_MOVED_FROM, "was renamed away"},
		{IN_MOVED_TO, "was put there by a rename"}};
	const char *words = "changed";

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (event->mask & kinds[i].mask)
			words = kinds[i].words;
	log_debug("%s/%s %s", watch_way_path(&watch->way, event->wd), event->name, words);
}

/* An event of a name that matters. */
static void watch_take_named(struct watch *watch, const struct inotify_event *event, uint64_t now)
{
	uint64_t name = watch_way_hash(event->name);

	watch->counters.events++;
	if (event->mask & IN_MODIFY) {
		watch_settle_written(&watch->settle, now, event->wd, name);
		return;
	}
	watch_log_event(watch, event);
	if ((event->mask & IN_CREATE) && !(event->mask & IN_ISDIR)) {
		watch_take_created(watch, event, now, name);
		return;
	}
	if (event->mask & IN_CREATE)
		watch->filling = true;
	if (event->mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO))
		watch_settle_finished(&watch->settle, event->wd, name);
	watch_settle_event(&watch->settle, now, event->mask & IN_MOVED_TO, event->cookie);
}

static void watch_take(struct watch *watch, const struct inotify_event *event, uint64_t now)
{
	if (event->mask & IN_Q_OVERFLOW) {
		watch->counters.overflows++;
		watch->filling = true;
		watch_settle_forget(&watch->settle);
		watch_settle_event(&watch->settle, now, false, 0);
		return;
	}
	/* Of watches that were taken off, or that we never had. */
	if (!watch_way_path(&watch->way, event->wd))
		return;
	if (event->mask & (IN_IGNORED | IN_UNMOUNT))
		watch_settle_event(&watch->settle, now, false, 0);
	else if (event->len && watch_way_wants(&watch->way, event->wd, event->name))
		watch_take_named(watch, event, now);
}

/* Takes what is in the queue. */
static void watch_drain(struct watch *watch)
{
	uint64_t now = loop_clock();

	for (unsigned int i = 0; i < WATCH_READS && watch->inotify >= 0; i++) {
		ssize_t size = read(watch->inotify, watch->buffer, WATCH_BUFFER_SIZE);

		if (size <= 0)
			break;
		/* The kernel gives whole events, padded to the alignment of the struct. */
		for (const char *at = watch->buffer; at < watch->buffer + size;) {
			const struct inotify_event *event = (const void *)at;

			watch_take(watch, event, now);
			at += sizeof(*event) + event->len;
		}
	}
}

static void watch_on_events(void *data, uint32_t events _unused_)
{
	struct watch *watch = data;

	watch_drain(watch);
	watch_arm(watch);
}

/* The look was taken. Comes last in its handler: who is told may free the watch. */
static void watch_tell(struct watch *watch)
{
	watch->told = watch->last = watch->way.fingerprint;
	watch->differs = 0;
	watch->counters.changes++;
	watch->filling = false;
	watch_settle_done(&watch->settle, loop_clock());
	watch_arm(watch);
	log_debug(
		"the files may have changed: %zu directories are watched", watch->counters.watches);
	watch->changed(watch->data);
}

static void watch_on_settle_timer(void *data)
{
	struct watch *watch = data;

	/* What happened while the loop was busy may come after this timer. */
	watch_drain(watch);
	if (watch_settle_check(&watch->settle, loop_clock()) != WATCH_SETTLE_TELL) {
		watch_arm(watch);
		return;
	}
	if (watch_look(watch) && watch->filling &&
		watch_settle_extend(&watch->settle, loop_clock())) {
		watch_arm(watch);
		return;
	}
	watch_tell(watch);
}

/* Whether the look that a poll took is to be told. */
static bool watch_poll_found(struct watch *watch, uint64_t now)
{
	uint64_t print = watch->way.fingerprint, before = watch->last;

	watch->last = print;
	if (print == watch->seen) {
		watch->differs = 0;
		return false;
	}
	if (!watch->differs)
		watch->differs = now;
	return print == before && (!watch_settle_is_unfinished(&watch->settle, now) ||
					  now - watch->differs >= WATCH_SETTLE_STALE_NS);
}

static void watch_on_poll_timer(void *data)
{
	struct watch *watch = data;

	watch_drain(watch);
	watch_arm(watch);
	/* The burst ends with a look of its own. */
	if (watch->settle.deadline) {
		loop_timer_set(watch->poll_timer, loop_clock() + watch->poll);
		return;
	}
	watch_look(watch);
	if (!watch_poll_found(watch, loop_clock()))
		return;
	watch->counters.polled_changes++;
	watch_tell(watch);
}

static int watch_add_path(
	struct watch *watch, const char *path, const char *folder, struct error *error)
{
	if (strcmp(path, "-") == 0)
		return 0;
	if (path[0] != '/' && !folder)
		return error_set(error, -ENOENT,
			"%s: the working directory is gone: name it from the root", path);
	vector_push(&watch->paths,
		path[0] == '/' ? memory_copy_string(path) : memory_printf("%s/%s", folder, path));
	return 0;
}

static int watch_add_paths(
	struct watch *watch, const struct watch_options *options, struct error *error)
{
	_cleanup_free_ char *folder = getcwd(NULL, 0);
	int r = 0;

	if (!options->path_count)
		return watch_add_path(watch, SOURCES_DEFAULT_PATH, folder, error);
	for (size_t i = 0; i < options->path_count && r == 0; i++)
		r = watch_add_path(watch, options->paths[i], folder, error);
	return r;
}

static int watch_add_timers(struct watch *watch, struct error *error)
{
	int r = loop_add_timer(watch->loop, watch_on_settle_timer, watch, &watch->settle_timer);

	if (r == 0)
		r = loop_add_timer(watch->loop, watch_on_poll_timer, watch, &watch->poll_timer);
	if (r < 0)
		return error_set(error, r, "cannot set a timer: %s", strerror(-r));
	return 0;
}

static void watch_freep(struct watch **watch)
{
	watch_free(*watch);
}

int watch_new(struct loop *loop, const struct watch_options *options, struct watch **ret,
	struct error *error)
{
	_cleanup_(watch_freep) struct watch *watch = memory_new(sizeof(*watch));

	*ret = NULL;
	watch->loop = loop;
	watch->inotify = -1;
	watch->buffer = memory_new(WATCH_BUFFER_SIZE);
	watch->poll = options->poll ? options->poll : WATCH_POLL_NS;
	watch->changed = options->changed;
	watch->data = options->data;
	watch->settle.atomic = WATCH_DEBOUNCE_ATOMIC_NS;
	watch->settle.debounce = options->debounce ? options->debounce : WATCH_DEBOUNCE_NS;
	watch->settle.most = options->settle_most ? options->settle_most : WATCH_SETTLE_MOST_NS;
	int r = watch_add_paths(watch, options, error);
	if (r == 0)
		r = watch_add_timers(watch, error);
	if (r < 0)
		return r;
	watch_look(watch);
	watch->seen = watch->told = watch->last = watch->way.fingerprint;
	*ret = STEAL(watch);
	return 0;
}

void watch_seen(struct watch *watch)
{
	watch->seen = watch->told;
}

struct watch_counters watch_counters(const struct watch *watch)
{
	return watch->counters;
}

struct watch *watch_free(struct watch *watch)
{
	if (!watch)
		return NULL;
	loop_source_free(watch->io);
	loop_source_free(watch->settle_timer);
	loop_source_free(watch->poll_timer);
	if (watch->inotify >= 0)
		close(watch->inotify);
	watch_way_clear(&watch->way);
	vector_foreach(&watch->paths, path)
		free(*path);
	vector_clear(&watch->paths);
	free(watch->buffer);
	free(watch);
	return NULL;
}
