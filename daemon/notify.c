// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/notify_failed.h"

#define NOTIFY_PATH       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define NOTIFY_NAMES_MOST 16

struct notify_environment {
	const char *names[NOTIFY_NAMES_MOST]; /* ended by NULL; owned */
	size_t count;
};

static void notify_add(struct notify_environment *environment, const char *name, const char *value)
{
	if (value)
		environment->names[environment->count++] = memory_printf("%s=%s", name, value);
}

static void notify_fill(const struct engine_notice *notice, struct notify_environment *environment)
{
	_cleanup_free_ char *time = memory_printf("%" PRIu64, notice->wall / 1000);

	environment->names[environment->count++] = memory_copy_string(NOTIFY_PATH);
	notify_add(environment, "POISE_EVENT", engine_notice_name(notice->event));
	notify_add(environment, "POISE_SERVICE", notice->service);
	notify_add(environment, "POISE_LISTENER", notice->listener);
	notify_add(environment, "POISE_ROUTER", notice->router);
	notify_add(environment, "POISE_FAMILY", notice->family);
	notify_add(environment, "POISE_DESTINATION", notice->destination);
	notify_add(environment, "POISE_CHECK", notice->check);
	notify_add(environment, "POISE_REASON", notice->reason);
	notify_add(environment, "POISE_TIME", time);
}

static void notify_clear(struct notify_environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free((char *)environment->names[i]);
}

int notify_message(const struct engine_notice *notice, struct message_program **ret, size_t *size)
{
	const struct config_text_list *command = notice->command;
	_cleanup_free_ const char **words = memory_new((command->count + 1) * sizeof(*words));
	_cleanup_(notify_clear) struct notify_environment environment = {};
	const struct message_program_texts texts = {
		.user = "", .words = words, .environment = environment.names};

	memcpy(words, command->items, command->count * sizeof(*words));
	notify_fill(notice, &environment);
	return message_program_write(1, 0, &texts, ret, size);
}

/* The value of a name; NULL. */
static const char *notify_find(const char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static int notify_add_failed(
	struct engine *engine, const struct message_notify_failed *message, size_t size)
{
	_cleanup_free_ struct message_program *program =
		(void *)memory_copy_bytes(message->program, size);
	_cleanup_free_ const char **words = NULL;
	_cleanup_strbuf_ struct strbuf reason = {};
	const char *user, **environment;

	if (size < sizeof(*program) ||
		message_program_read(program, size, &user, &words, &environment) < 0)
		return -EBADMSG;
	notify_failed_say(message->status, &reason);
	const struct engine_notify_failure failure = {
		.words = words,
		.event = notify_find(environment, "POISE_EVENT"),
		.service = notify_find(environment, "POISE_SERVICE"),
		.router = notify_find(environment, "POISE_ROUTER"),
		.reason = reason.text,
		.wall = message->wall,
	};
	engine_add_notify_failure(engine, &failure);
	return 0;
}

int notify_take_failed(
	struct engine *engine, const struct message_notify_failed *message, size_t size)
{
	if (message->zero || (message->count && message->place >= message->count))
		return -EBADMSG;
	if (!message->place)
		engine_forget_notify_failures(engine);
	return message->count ? notify_add_failed(engine, message, size - sizeof(*message)) : 0;
}
