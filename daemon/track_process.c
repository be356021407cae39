// SPDX-License-Identifier: GPL-2.0-or-later
/* Going through /proc costs some microseconds for each process of the machine. So what was found is remembered by its number, and
 * looked at by name: a number that another program has by now is none of ours. While all is well that is all; when it is not,
 * all of /proc is gone through, so that it takes a twentieth of the time at most.
 *
 * A walk takes some hundred processes in a turn of the loop. What begins or ends meanwhile is seen in the next one. */
#include "daemon/track_process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "model/units.h"

#define TRACK_PROCESS_EVERY   UNITS_SECOND
#define TRACK_PROCESS_SHARE   20u
#define TRACK_PROCESS_PORTION 500u /* of a walk, in a turn */
#define TRACK_PROCESS_COMM    15u  /* characters of a name that the kernel keeps */
#define TRACK_PROCESS_TEXT    512u

struct track_processes {
	struct track_processes_options options;
	struct loop_source *timer;
	int proc; /* -1: it cannot be opened */
	/* The walk that is under way; NULL: none is. */
	DIR *walk;
	uint64_t began, next;
	bool restart; /* the list is another: the walk is of no use */
};

/* Pure. */

static const char *track_process_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Its first word, or for a script the second: what interprets it comes first. */
bool track_process_is(const char *name, const char *comm, const char *line, size_t line_size)
{
	if (strncmp(name, comm, TRACK_PROCESS_COMM) != 0)
		return false;
	if (strlen(name) <= TRACK_PROCESS_COMM || !line)
		return true;
	for (unsigned int word = 0; word < 2 && line_size; word++) {
		const char *end = memchr(line, '\0', line_size);

		if (!end)
			break;
		if (strcmp(track_process_base(line), name) == 0)
			return true;
		line_size -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	return false;
}

/* The name stands in parentheses, and may have some of its own. */
char track_process_state(const char *stat)
{
	const char *end = strrchr(stat, ')');

	return end && end[1] == ' ' ? end[2] : '\0';
}

/* One process. */

/* Of a small file of it: its size, and a NUL behind; 0 when it has none, or is gone. */
static size_t track_process_read(const struct track_processes *processes, const char *pid,
	const char *file, char text[static TRACK_PROCESS_TEXT])
{
	char path[64];

	snprintf(path, sizeof(path), "%.32s/%s", pid, file);
	_cleanup_close_ int fd = openat(processes->proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, TRACK_PROCESS_TEXT - 1);
	text[MAX(size, 0)] = '\0';
	return (size_t)MAX(size, 0);
}

static bool track_process_has_ended(const struct track_processes *processes, const char *pid)
{
	char text[TRACK_PROCESS_TEXT];

	track_process_read(processes, pid, "stat", text);
	char state = track_process_state(text);
	return state == 'Z' || state == 'X' || state == '\0';
}

static bool track_process_is_named(const struct track_processes *processes, const char *pid,
	const char *name, const char *comm)
{
	char line[TRACK_PROCESS_TEXT];
	size_t size;

	if (!track_process_is(name, comm, NULL, 0))
		return false;
	if (strlen(name) <= TRACK_PROCESS_COMM)
		return true;
	size = track_process_read(processes, pid, "cmdline", line);
	return track_process_is(name, comm, size ? line : NULL, size + 1);
}

static bool track_process_read_comm(const struct track_processes *processes, const char *pid,
	char comm[static TRACK_PROCESS_TEXT])
{
	size_t size = track_process_read(processes, pid, "comm", comm);

	if (size && comm[size - 1] == '\n')
		comm[size - 1] = '\0';
	return size > 0;
}

/* All that is tracked. */

static size_t track_processes_of(const struct track_processes *processes, size_t *first)
{
	return track_list_of(processes->options.list, TRACK_PROCESS, first);
}

static struct track_item *track_process_at(const struct track_processes *processes, size_t place)
{
	return processes->options.list->items.items[place].item;
}

static void track_process_settle(
	struct track_processes *processes, struct track_item *item, uint64_t now)
{
	const struct track_process *process = &item->process;
	size_t found = process->found.count;
	bool well = found >= process->minimum;
	enum track_state state = well ? TRACK_STATE_WELL : TRACK_STATE_UNWELL;
	struct track_list *list = processes->options.list;

	if (well)
		track_item_set(list, item, state, 0, now, "it runs");
	else if (process->minimum == 1)
		track_item_set(list, item, state, 0, now, "it does not run");
	else
		track_item_set(list, item, state, 0, now, "%zu of %u processes run", found,
			process->minimum);
}

/* Those that were found before and run: whether they are enough. */
static bool track_process_stands(
	const struct track_processes *processes, struct track_process *process)
{
	size_t kept = 0;

	for (size_t i = 0; i < process->found.count; i++) {
		char pid[16], comm[TRACK_PROCESS_TEXT];

		snprintf(pid, sizeof(pid), "%d", (int)process->found.items[i].pid);
		if (track_process_read_comm(processes, pid, comm) &&
			track_process_is_named(processes, pid, process->name, comm) &&
			!track_process_has_ended(processes, pid))
			process->found.items[kept++] = process->found.items[i];
	}
	process->found.count = kept;
	return kept >= process->minimum;
}

/* In order of their names: the items whose name begins as `comm` does. */
static size_t track_processes_find(const struct track_processes *processes, const char *comm,
	size_t first, size_t count, size_t *ret)
{
	size_t low = first, high = first + count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(track_process_at(processes, middle)->name, comm, TRACK_PROCESS_COMM) <
			0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < first + count; end++)
		if (strncmp(track_process_at(processes, end)->name, comm, TRACK_PROCESS_COMM) != 0)
			break;
	*ret = low;
	return end - low;
}

static void track_processes_look_at(const struct track_processes *processes, const char *pid)
{
	char comm[TRACK_PROCESS_TEXT];
	size_t first, count = track_processes_of(processes, &first), place;

	if (!track_process_read_comm(processes, pid, comm))
		return;
	count = track_processes_find(processes, comm, first, count, &place);
	if (!count || track_process_has_ended(processes, pid))
		return;
	for (size_t i = place; i < place + count; i++) {
		struct track_process *process = &track_process_at(processes, i)->process;

		if (process->found.count < process->minimum &&
			track_process_is_named(processes, pid, process->name, comm))
			vector_append(&process->found)->pid = atoi(pid);
	}
}

static void track_processes_walk_over(struct track_processes *processes)
{
	size_t first, count = track_processes_of(processes, &first);
	uint64_t now = loop_clock();

	closedir(processes->walk);
	processes->walk = NULL;
	processes->next =
		now + MAX((now - processes->began) * TRACK_PROCESS_SHARE, TRACK_PROCESS_EVERY);
	for (size_t i = first; i < first + count; i++)
		track_process_settle(processes, track_process_at(processes, i), now);
	loop_timer_set(processes->timer, now + TRACK_PROCESS_EVERY);
	if (count)
		processes->options.looked(processes->options.data);
}

static void track_processes_walk(struct track_processes *processes)
{
	for (unsigned int i = 0; i < TRACK_PROCESS_PORTION; i++) {
		const struct dirent *entry = readdir(processes->walk);

		if (!entry) {
			track_processes_walk_over(processes);
			return;
		}
		if (isdigit((unsigned char)*entry->d_name))
			track_processes_look_at(processes, entry->d_name);
	}
	loop_timer_set(processes->timer, loop_clock());
}

/* Items are of the walk until it is over: what they found before is found again. */
static void track_processes_begin(struct track_processes *processes)
{
	size_t first, count = track_processes_of(processes, &first);
	int fd = openat(processes->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	processes->restart = false;
	processes->began = loop_clock();
	processes->walk = fd < 0 ? NULL : fdopendir(fd);
	if (!processes->walk) {
		int r = -errno;

		memory_closep(&fd);
		for (size_t i = first; i < first + count; i++)
			track_item_miss(processes->options.list, track_process_at(processes, i),
				"/proc cannot be read: %s", strerror(-r));
		processes->next = processes->began + TRACK_PROCESS_EVERY;
		loop_timer_set(processes->timer, processes->next);
		processes->options.looked(processes->options.data);
		return;
	}
	for (size_t i = first; i < first + count; i++)
		track_process_at(processes, i)->process.found.count = 0;
	track_processes_walk(processes);
}

/* Those that run on are settled; whether there are others. */
static bool track_processes_lack(struct track_processes *processes)
{
	size_t first, count = track_processes_of(processes, &first);
	uint64_t now = loop_clock();
	bool lack = false;

	for (size_t i = first; i < first + count; i++) {
		struct track_item *item = track_process_at(processes, i);

		if (track_process_stands(processes, &item->process))
			track_process_settle(processes, item, now);
		else
			lack = true;
	}
	return lack;
}

static void track_processes_on_timer(void *data)
{
	struct track_processes *processes = data;
	size_t first;

	if (processes->walk && processes->restart) {
		closedir(processes->walk);
		processes->walk = NULL;
		processes->next = 0;
	}
	if (processes->walk) {
		track_processes_walk(processes);
		return;
	}
	if (!track_processes_of(processes, &first)) {
		loop_timer_set(processes->timer, LOOP_NEVER);
		return;
	}
	uint64_t now = loop_clock();
	bool lack = track_processes_lack(processes);
	if (lack && now >= processes->next)
		track_processes_begin(processes);
	else
		loop_timer_set(
			processes->timer, lack ? MIN(processes->next, now + TRACK_PROCESS_EVERY)
					       : now + TRACK_PROCESS_EVERY);
}

void track_processes_want(struct track_processes *processes)
{
	processes->restart = true;
	track_processes_on_timer(processes);
}

int track_processes_new(const struct track_processes_options *options, struct track_processes **ret)
{
	struct track_processes *processes = memory_new(sizeof(*processes));

	processes->options = *options;
	processes->proc = open(options->proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = loop_add_timer(
		options->loop, track_processes_on_timer, processes, &processes->timer);
	*ret = r < 0 ? track_processes_free(processes) : processes;
	return r;
}

struct track_processes *track_processes_free(struct track_processes *processes)
{
	if (!processes)
		return NULL;
	loop_source_free(processes->timer);
	if (processes->walk)
		closedir(processes->walk);
	memory_closep(&processes->proc);
	free(processes);
	return NULL;
}
