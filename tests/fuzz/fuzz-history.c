// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as history.jsonl: lines that are no entries are passed over, the rest is bounded and in form, and what was read
 * is read again the same from what is written of it. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/engine_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* In memory: it is written at each try. */
static char folder[64], path[96];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void make_folder(void)
{
	if (*folder)
		return;
	snprintf(folder, sizeof(folder), "/dev/shm/poise-fuzz-history-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/history.jsonl", folder);
	require(mkdir(folder, 0700) == 0);
	require(atexit(remove_folder) == 0);
}

static void require_sound(const struct engine *engine)
{
	require(engine->history.count <= 2 * ENGINE_HISTORY_MOST);
	vector_foreach(&engine->history, entry) {
		require(entry->serial > 0 && entry->serial <= engine->serial);
		require(entry->reason < ENGINE_REASON_COUNT);
		require(memchr(entry->revision, '\0', sizeof(entry->revision)) != NULL);
	}
}

/* One entry more, as a pass leaves it: it is the last line then. */
static void note_and_read_again(struct engine *before)
{
	struct engine after = {.options.state_dir = folder};
	struct engine_entry entry = {.reason = ENGINE_REASON_FILES, .applied.add = 1};
	_cleanup_error_ struct error error = {};

	engine_note(before, &entry);
	require(engine_history_load(&after, &error) == 0);
	require_sound(&after);
	require(after.history.count > 0);
	const struct engine_entry *last = &after.history.items[after.history.count - 1];
	require(last->serial == before->serial && last->applied.add == 1);
	engine_history_clear(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine engine = {.options.state_dir = folder};
	_cleanup_error_ struct error error = {};

	make_folder();
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	require(fd >= 0 && file_write_all(fd, data, size) == 0);
	close(fd);
	require(engine_history_load(&engine, &error) == 0);
	require_sound(&engine);
	note_and_read_again(&engine);
	engine_history_clear(&engine);
	return 0;
}
