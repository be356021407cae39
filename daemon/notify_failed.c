// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/notify_failed.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "daemon/programs.h"

static bool notify_failed_same_words(const char *const *a, const char *const *b)
{
	while (*a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static bool notify_failed_same(const struct notify_failed_item *item, const char *const *words)
{
	_cleanup_free_ const char **known = NULL;
	const char *user, **environment;

	return message_program_read(item->message, item->size, &user, &known, &environment) == 0 &&
	       notify_failed_same_words(known, words);
}

static void notify_failed_forget(struct notify_failed *failed, size_t place)
{
	free(failed->items[place].message);
	failed->count--;
	memmove(&failed->items[place], &failed->items[place + 1],
		(failed->count - place) * sizeof(*failed->items));
	failed->serial++;
}

void notify_failed_take(struct notify_failed *failed, const struct message_program *message,
	size_t size, int status, uint64_t wall)
{
	_cleanup_free_ const char **words = NULL;
	const char *user, **environment;
	size_t place = 0;

	if (!failed->count && status == 0)
		return;
	if (message_program_read(message, size, &user, &words, &environment) < 0)
		return;
	while (place < failed->count && !notify_failed_same(&failed->items[place], words))
		place++;
	if (place < failed->count)
		notify_failed_forget(failed, place);
	if (status == 0)
		return;
	if (failed->count == MESSAGE_NOTIFY_FAILED_MOST)
		notify_failed_forget(failed, 0);
	vector_push(
		failed, ((struct notify_failed_item){
				.message = (void *)memory_copy_bytes((const char *)message, size),
				.size = size,
				.wall = wall,
				.status = status,
			}));
	failed->serial++;
}

void notify_failed_clear(struct notify_failed *failed)
{
	vector_foreach(failed, item)
		free(item->message);
	vector_clear(failed);
}

struct message_notify_failed *notify_failed_message(
	const struct notify_failed *failed, size_t place, size_t *size)
{
	static const struct notify_failed_item none = {};
	const struct notify_failed_item *item = failed->count ? &failed->items[place] : &none;
	struct message_notify_failed *message = memory_new(sizeof(*message) + item->size);

	*message = (struct message_notify_failed){.wall = item->wall,
		.status = item->status,
		.place = (uint32_t)place,
		.count = (uint32_t)failed->count};
	if (item->size)
		memcpy(message->program, item->message, item->size);
	*size = sizeof(*message) + item->size;
	return message;
}

void notify_failed_say(int status, struct strbuf *text)
{
	if (status == -ETIMEDOUT)
		strbuf_printf(text, "took longer than %llu s: it was killed",
			PROGRAMS_NOTIFY_NS / 1000000000);
	else if (status == -ETIME)
		strbuf_add(text, "never began");
	else if (status < 0)
		strbuf_printf(text, "cannot be run: %s", strerror(-status));
	else if (WIFSIGNALED(status))
		strbuf_printf(text, "was ended by signal %d", WTERMSIG(status));
	else
		strbuf_printf(text, "ended with code %d", WEXITSTATUS(status));
}
