// SPDX-License-Identifier: GPL-2.0-or-later
/* What became of the commands of `notify`, as whoever runs them says it. One that failed is kept for as long as the files have it. */
#include "daemon/engine_inside.h"

void engine_set_notified(struct engine *engine, const struct engine_notified *notified)
{
	engine->health.notified = *notified;
}

static bool notified_is(const struct config_text_list *command, const char *const *words)
{
	for (size_t i = 0; i < command->count; i++)
		if (!words[i] || strcmp(command->items[i], words[i]) != 0)
			return false;
	return command->count && !words[command->count];
}

/* O(services). */
static bool notified_is_asked(const struct files *files, const char *const *words)
{
	vector_foreach(&files->config.services, service)
		if (notified_is(&service->notify, words))
			return true;
	vector_foreach(&files->config.routers, router)
		if (notified_is(&router->notify, words))
			return true;
	return false;
}

static void notified_free(struct engine_notify_failure *failure)
{
	for (size_t i = 0; failure->words[i]; i++)
		free((char *)failure->words[i]);
	free(failure->words);
	free((char *)failure->event);
	free((char *)failure->service);
	free((char *)failure->router);
	free((char *)failure->reason);
}

static const char **notified_copy_words(const char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	const char **copy = memory_new((count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = memory_copy_string(words[i]);
	return copy;
}

void engine_forget_notify_failures(struct engine *engine)
{
	vector_foreach(&engine->health.notify_failures, failure)
		notified_free(failure);
	vector_clear(&engine->health.notify_failures);
}

void engine_add_notify_failure(struct engine *engine, const struct engine_notify_failure *said)
{
	if (engine->files && !notified_is_asked(engine->files, said->words))
		return;
	vector_push(&engine->health.notify_failures,
		((struct engine_notify_failure){
			.words = notified_copy_words(said->words),
			.event = memory_copy_string(said->event),
			.service = memory_copy_string(said->service),
			.router = memory_copy_string(said->router),
			.reason = memory_copy_string(said->reason),
			.wall = said->wall,
		}));
}

void engine_notified_follow(struct engine *engine, const struct files *files)
{
	struct engine_notify_failures *failures = &engine->health.notify_failures;
	size_t kept = 0;

	vector_foreach(failures, failure) {
		if (!files || notified_is_asked(files, failure->words))
			failures->items[kept++] = *failure;
		else
			notified_free(failure);
	}
	failures->count = kept;
}
