// SPDX-License-Identifier: GPL-2.0-or-later
/* poised with its real process `health`, and a reconciler that is this test: it has the pools of the file probed, changes no
 * machine, and writes what it hears into STATE-DIR/events, a line each:
 *
 *	start PID
 *	planned			the health process has the list
 *	verdict TARGET CHECK up|down settled|open WEIGHT REASON
 *	trouble TEXT		the list is not in force, or (no text) it is again
 *
 * What it hears it keeps, for the next plan of this life. With NOTIFY in the environment, each destination that goes down
 * has that command notified.
 *
 * With LOSE=KIND:COUNT so many messages of that kind are lost on their way to the health process, and with SPOIL=1
 * all that is known goes along as what it cannot be. */
#include <cap-ng.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/notify.h"
#include "daemon/notify_failed.h"
#include "daemon/probing.h"
#include "daemon/process.h"
#include "model/load.h"

#define FILE_LIMIT (1u << 20)

struct tree {
	const struct poised_options *options;
	struct loop *loop;
	struct channel *channel;
	struct probing *probing;
	struct config config;
	struct engine_probe_vector probes;
	uint64_t serial;
	bool planned, silent;
	int events;
	const char *notify;
	struct loop_source *telling;
	unsigned int lose, lose_count; /* so many of this kind */
	bool spoil;
	char *trouble; /* that was told last */
};

static void event(const struct tree *tree, const char *text)
{
	_cleanup_free_ char *line = memory_printf("%s\n", text);

	if (file_write_all(tree->events, line, strlen(line)) < 0)
		_exit(3);
}

/* ---- The list ---- */

static void add_probe(
	struct tree *tree, const struct config_check *check, const struct config_endpoint *endpoint)
{
	const struct destination_key key = {.address = endpoint->address, .port = endpoint->port};
	struct engine_probe *probe = vector_append(&tree->probes);

	probe->key =
		(struct probe_key){.target = probe_target(check, &key), .check = check->name.text};
	probe->check = check;
	probe->verdict = (struct verdict){
		.up = check->initially == CONFIG_INITIALLY_UP, .weight = VERDICT_NO_WEIGHT};
}

/* Verdicts of the list before are kept. */
static void list_probes(struct tree *tree, const struct engine_probe_vector *before)
{
	vector_foreach(&tree->config.pools, pool)
		vector_foreach(&pool->destinations, destination)
			add_probe(tree,
				config_find_check(&tree->config, pool->rules.check.items[0].text),
				&destination->address);
	vector_sort(&tree->probes, probe_key_compare);
	vector_foreach(&tree->probes, probe) {
		const struct engine_probe *known =
			vector_find(before, &probe->key, probe_key_compare);

		if (known)
			probe->verdict = known->verdict;
	}
}

static void read_file(struct tree *tree)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	struct engine_probe_vector before = tree->probes;
	struct config old = tree->config;
	_cleanup_free_ char *text = NULL;
	size_t size;

	tree->probes = (struct engine_probe_vector){};
	tree->config = (struct config){};
	if (file_read(AT_FDCWD, tree->options->paths[0], FILE_LIMIT, &text, &size) < 0)
		_exit(3);
	const struct document document = {.name = "file", .text = text, .size = size};
	if (config_load(&document, 1, &tree->config, &diagnostics) < 0)
		_exit(3);
	list_probes(tree, &before);
	vector_clear(&before);
	config_clear(&old);
	tree->serial++;
	tree->planned = false;
	const struct probing_wanted wanted = {
		.serial = tree->serial, .config = &tree->config, .probes = &tree->probes};
	probing_want(tree->probing, &wanted);
}

/* ---- What is heard ---- */

/* What nobody may say of a server. */
static void spoil(void *payload, size_t size)
{
	struct message_health_probe *probes = payload;

	for (size_t i = 0; i < size / sizeof(*probes); i++)
		probes[i].verdict.weight = probes[i].known ? 65536 : 0;
}

static int on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct tree *tree = data;
	_cleanup_free_ void *copy = size ? memory_copy_bytes(payload, size) : NULL;

	if (kind == tree->lose && tree->lose_count) {
		tree->lose_count--;
		return 0;
	}
	if (tree->spoil && kind == MESSAGE_HEALTH_PROBES)
		spoil(copy, size);
	return channel_send(tree->channel, kind, copy, size);
}

static void on_trouble(void *data, const char *text)
{
	struct tree *tree = data;
	_cleanup_free_ char *line = memory_printf("trouble %s", text ? text : "");

	if (!text == !tree->trouble && (!text || strcmp(text, tree->trouble) == 0))
		return;
	event(tree, line);
	free(tree->trouble);
	tree->trouble = memory_copy_string(text);
}

static void on_telling(void *data)
{
	struct tree *tree = data;

	uint64_t now = loop_clock(), next = probing_run(tree->probing, now);

	loop_timer_set(tree->telling, MIN(next, probing_listen(tree->probing, now)));
}

static void notify(struct tree *tree, const char *target, const struct engine_verdict *verdict)
{
	const char *words[] = {tree->notify};
	const struct config_text_list command = {.items = words, .count = 1};
	const struct engine_notice notice = {.command = &command,
		.event = ENGINE_NOTICE_DESTINATION_DOWN,
		.service = "test",
		.listener = "tcp://127.0.0.1:80",
		.destination = target,
		.check = verdict->key.check,
		.reason = verdict->reason,
		.wall = verdict->wall};
	_cleanup_free_ struct message_program *message = NULL;
	size_t size;

	if (notify_message(&notice, &message, &size) == 0)
		channel_send(tree->channel, MESSAGE_NOTIFY, message, size);
}

static void on_verdict(struct tree *tree, const struct engine_verdict *verdict)
{
	char target[ADDRESS_ENDPOINT_LENGTH];
	struct engine_probe *probe = vector_find(&tree->probes, &verdict->key, probe_key_compare);

	address_format_endpoint(&verdict->key.target.address, verdict->key.target.port, target);
	_cleanup_free_ char *text = memory_printf("verdict %s %s %s %s %d %s", target,
		verdict->key.check, verdict->verdict.up ? "up" : "down",
		verdict->verdict.settled ? "settled" : "open", (int)verdict->verdict.weight,
		verdict->reason);
	event(tree, text);
	/* Of the list before, which is probed until the next one is in force. */
	if (!probe)
		return;
	if (probe->verdict.up && !verdict->verdict.up && tree->notify)
		notify(tree, target, verdict);
	probe->verdict = verdict->verdict;
}

static void on_verdicts(void *data, const struct engine_verdict *verdicts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		on_verdict(data, &verdicts[i]);
}

static void on_told(void *data, const struct engine_probing *probing)
{
	struct tree *tree = data;

	if (tree->silent == (probing->silent != 0))
		return;
	tree->silent = probing->silent != 0;
	event(tree, tree->silent ? "silent" : "speaks");
}

static void on_notified(const struct tree *tree, const struct message_notified *notified)
{
	_cleanup_free_ char *text = memory_printf("notified %ju %ju %ju", (uintmax_t)notified->run,
		(uintmax_t)notified->failed, (uintmax_t)notified->dropped);

	event(tree, text);
}

static void on_failed(
	const struct tree *tree, const struct message_notify_failed *failed, size_t size)
{
	_cleanup_free_ struct message_program *program =
		(void *)memory_copy_bytes(failed->program, size - sizeof(*failed));
	_cleanup_free_ const char **words = NULL;
	_cleanup_strbuf_ struct strbuf line = {};
	const char *user, **environment;

	strbuf_printf(&line, "failing %u of %u:", failed->place, failed->count);
	if (failed->count && message_program_read(program, size - sizeof(*failed), &user, &words,
				     &environment) == 0) {
		strbuf_printf(&line, " %s ", words[0]);
		notify_failed_say(failed->status, &line);
	}
	event(tree, line.text);
}

static void on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct tree *tree = data;

	if (kind == MESSAGE_PING)
		channel_send(tree->channel, MESSAGE_PONG, payload, size);
	else if (kind == MESSAGE_STOP)
		loop_stop(tree->loop, 0);
	else if (kind == MESSAGE_RELOAD) {
		read_file(tree);
		channel_send(tree->channel, MESSAGE_RELOADED, NULL, 0);
	} else if (kind == MESSAGE_NOTIFIED) {
		on_notified(tree, payload);
	} else if (kind == MESSAGE_NOTIFY_FAILED) {
		on_failed(tree, payload, size);
	} else {
		if (kind == MESSAGE_HEALTH_STARTED)
			tree->planned = false;
		probing_message(tree->probing, kind, payload, size);
	}
	on_telling(tree);
	if (!tree->planned && probing_is_settled(tree->probing)) {
		tree->planned = true;
		event(tree, "planned");
	}
}

static void on_closed(void *data, int code)
{
	(void)code;
	loop_stop(((struct tree *)data)->loop, 1);
}

/* ---- The process ---- */

static int tree_run(struct tree *tree)
{
	const struct channel_options channel = {.kinds = messages_to_process,
		.kind_count = messages_to_process_count,
		.message = on_message,
		.closed = on_closed,
		.data = tree};
	const struct probing_options probing = {.send = on_send,
		.verdicts = on_verdicts,
		.told = on_told,
		.trouble = on_trouble,
		.data = tree};

	if (loop_new(&tree->loop) < 0 ||
		channel_new(tree->loop, tree->options->channel_fd, &channel, &tree->channel) < 0 ||
		loop_add_timer(tree->loop, on_telling, tree, &tree->telling) < 0)
		return 1;
	probing_new(&probing, &tree->probing);
	read_file(tree);
	channel_send(tree->channel, MESSAGE_READY, NULL, 0);
	int code = loop_run(tree->loop);
	probing_free(tree->probing);
	loop_source_free(tree->telling);
	free(tree->trouble);
	channel_free(tree->channel);
	vector_clear(&tree->probes);
	config_clear(&tree->config);
	loop_free(tree->loop);
	return code;
}

static void read_lose(struct tree *tree, const char *text)
{
	for (size_t i = 0; text && i < messages_to_supervisor_count; i++) {
		const struct channel_kind *kind = &messages_to_supervisor[i];
		size_t length = strlen(kind->name);

		if (strncmp(text, kind->name, length) != 0 || text[length] != ':')
			continue;
		tree->lose = kind->kind;
		tree->lose_count = (unsigned int)strtoul(text + length + 1, NULL, 10);
	}
}

static int tree_main(const struct poised_options *options)
{
	_cleanup_free_ char *path = memory_printf("%s/events", options->state_dir);
	_cleanup_free_ char *start = memory_printf("start %d", (int)getpid());
	_cleanup_close_ int events = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	struct tree tree = {.options = options,
		.events = events,
		.notify = getenv("NOTIFY"),
		.spoil = getenv("SPOIL")};

	read_lose(&tree, getenv("LOSE"));
	event(&tree, start);
	return tree_run(&tree);
}

/* ---- In place of daemon/process.c ---- */

static const int capabilities[] = {-1};
static const struct process_kind reconciler = {
	.name = PROCESS_RECONCILER, .capabilities = capabilities, .main = tree_main};

const struct process_kind *const processes[] = {&reconciler, &process_health};
const size_t process_count = ARRAY_LENGTH(processes);

int main(int argc, char **argv)
{
	return poised_main(argc, argv);
}
