// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/client.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/version.h"
#include "reconciler/state_json.h"

/* What one read may bring. */
#define READ_SIZE 65536u

/* For how long one waits without a word. */
#define CLIENT_MOMENT_S 2

/* JSON-RPC's code for a method that is not there. */
#define CODE_METHOD (-32601)

/* Why this user may not: the socket's group is the way in. */
static int refuse_user(const char *path, struct error *error)
{
	struct stat status;
	struct group *group;

	if (stat(path, &status) < 0)
		return error_set(error, -EACCES, "%s: permission denied: run this as root", path);
	group = status.st_mode & S_IWGRP && status.st_gid ? getgrgid(status.st_gid) : NULL;
	if (group)
		return error_set(error, -EACCES,
			"poised answers root and the group `%s`, and you are neither: run this as "
			"root, or "
			"join the group",
			group->gr_name);
	return error_set(error, -EACCES,
		"poised answers root alone: run this as root, or open its socket to a group with "
		"`control: {socket-group: NAME}` in its files");
}

static int refuse_connection(const char *path, int code, struct error *error)
{
	switch (code) {
	case -ENOENT:
	case -ENOTDIR:
	case -ECONNREFUSED:
		return error_set(error, -ENOENT,
			"poised does not run here (%s): start it, or name its folder with "
			"--run-dir",
			path);
	case -EACCES:
	case -EPERM:
		return refuse_user(path, error);
	case -EAGAIN:
		return error_set(error, -ETIMEDOUT,
			"poised takes no connection (%s): does it hang, or have too many clients?",
			path);
	default:
		return error_set(error, code, "%s: %s", path, strerror(-code));
	}
}

static int client_connect(const char *path)
{
	const struct timeval patience = {.tv_sec = CLI_CLIENT_SILENCE_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Of connect() too: the queue of those who wait may be full. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int code = -errno;
	close(fd);
	return code;
}

int cli_client_open(const struct cli *cli, struct cli_client *ret, struct error *error)
{
	*ret = (struct cli_client){.fd = -1};
	ret->path = memory_printf("%s/" CLI_CLIENT_SOCKET, cli->run_dir);
	int fd = client_connect(ret->path);
	if (fd < 0) {
		int r = refuse_connection(ret->path, fd, error);

		cli_client_close(ret);
		return r;
	}
	ret->fd = fd;
	return 0;
}

void cli_client_close(struct cli_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->path);
	strbuf_clear(&client->input);
	*client = (struct cli_client){.fd = -1};
}

static int client_send(
	struct cli_client *client, const char *method, json_t *params, struct error *error)
{
	json_t *request = json_pack(
		"{s:s, s:I, s:s}", "jsonrpc", "2.0", "id", ++client->serial, "method", method);

	if (params)
		json_object_set_new(request, "params", params);
	_cleanup_free_ char *text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text)
		return error_set(error, -EINVAL, "the arguments are no UTF-8");
	_cleanup_free_ char *line = memory_printf("%s\n", text);
	size_t size = strlen(line);
	for (size_t sent = 0; sent < size;) {
		ssize_t n = send(client->fd, line + sent, size - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, -errno, "poised does not take the request: %s",
				errno == EAGAIN ? "it is silent" : strerror(errno));
		sent += (size_t)n;
	}
	return 0;
}

static int client_poll(const struct cli_client *client, int seconds)
{
	struct pollfd wait = {.fd = client->fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&wait, 1, seconds < 0 ? -1 : seconds * 1000);
	while (ready < 0 && errno == EINTR);
	return ready;
}

/* Who waits for more than a moment is told what for; a view that is drawn again and again is not drawn over. */
static int client_wait(const struct cli_client *client, int seconds)
{
	if (seconds <= CLIENT_MOMENT_S || client->quiet)
		return client_poll(client, seconds);
	int ready = client_poll(client, CLIENT_MOMENT_S);
	if (ready != 0)
		return ready;
	cli_note("poised does not answer yet: waiting for up to %d s", seconds);
	return client_poll(client, seconds - CLIENT_MOMENT_S);
}

/* Waits for bytes and adds them to the input. `seconds` < 0: for ever. */
static int client_read(struct cli_client *client, int seconds, struct error *error)
{
	if (client_wait(client, seconds) == 0)
		return error_set(error, -ETIMEDOUT, "poised has not answered for %d s", seconds);
	char bytes[READ_SIZE];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return error_set(
			error, -errno, "the connection to poised broke: %s", strerror(errno));
	if (n == 0)
		return error_set(error, -ECONNRESET, "poised ended the connection");
	strbuf_add_bytes(&client->input, bytes, (size_t)n);
	return 0;
}

/* Forgets what was taken; what is behind it moves to the front. */
static void client_compact(struct cli_client *client)
{
	struct strbuf *input = &client->input;

	if (!client->taken)
		return;
	input->length -= client->taken;
	memmove(input->text, input->text + client->taken, input->length + 1);
	client->taken = 0;
}

/* The next line, without its newline: borrowed until the next call. */
static int client_line(struct cli_client *client, int seconds, const char **line, size_t *size,
	struct error *error)
{
	size_t looked = 0;

	client_compact(client);
	for (;;) {
		const struct strbuf *input = &client->input;
		const char *end = input->length > looked ? memchr(input->text + looked, '\n',
								   input->length - looked)
							 : NULL;

		if (end) {
			*line = input->text;
			*size = (size_t)(end - input->text);
			client->taken = *size + 1;
			return 0;
		}
		looked = input->length;
		if (looked > CLI_CLIENT_ANSWER_LIMIT)
			return error_set(error, -EFBIG, "poised's answer is larger than %u MB",
				CLI_CLIENT_ANSWER_LIMIT >> 20);
		int r = client_read(client, seconds, error);
		if (r < 0)
			return r;
	}
}

static int client_document(
	struct cli_client *client, int seconds, json_t **ret, struct error *error)
{
	const char *line = NULL;
	size_t size = 0;
	int r = client_line(client, seconds, &line, &size, error);

	if (r < 0)
		return r;
	r = json_parse(line, size, ret, error);
	if (r < 0)
		return error_prefix(error, r, "poised's answer is no JSON");
	return 0;
}

/* Waits for the answer to the last request. */
static int client_answer(struct cli_client *client, json_t **ret, struct error *error)
{
	for (;;) {
		json_t *answer = NULL;
		int r = client_document(client, CLI_CLIENT_SILENCE_S, &answer, error);

		if (r < 0)
			return r;
		/* A request that could not be understood is answered with `id` null. */
		const json_t *id = json_object_get(answer, "id");
		if (id && (json_is_null(id) || json_integer_value(id) == client->serial)) {
			*ret = answer;
			return 0;
		}
		json_decref(answer);
	}
}

/* poised's own words. */
static int client_refusal(const json_t *failure, struct error *error)
{
	const char *message = json_string_value(json_object_get(failure, "message"));
	json_int_t code = json_integer_value(json_object_get(failure, "code"));

	return error_set(error, code == CODE_METHOD ? -ENOSYS : -EREMOTEIO, "%s",
		message ? message : "poised failed and did not say why");
}

int cli_client_call(struct cli_client *client, const char *method, json_t *params, json_t **ret,
	struct error *error)
{
	json_t *answer = NULL;
	int r = client_send(client, method, params, error);

	if (r == 0)
		r = client_answer(client, &answer, error);
	if (r < 0)
		return r;
	const json_t *failure = json_object_get(answer, "error");
	if (failure)
		r = client_refusal(failure, error);
	else
		*ret = json_incref(json_object_get(answer, "result"));
	if (r == 0 && !*ret)
		r = error_set(error, -EPROTO, "poised's answer has no result");
	json_decref(answer);
	return r;
}

int cli_client_next(struct cli_client *client, json_t **ret, struct error *error)
{
	return client_document(client, -1, ret, error);
}

int cli_client_ask(const struct cli *cli, const char *method, json_t *params, json_t **ret)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};
	int r = cli_client_open(cli, &client, &error);

	if (r == 0)
		r = cli_client_call(&client, method, params, ret, &error);
	else
		json_decref(params);
	if (r == -ENOSYS)
		error_suffix(&error, r,
			" (this poise is " POISE_VERSION
			"; `poise ctl version` says which poised runs)");
	if (r < 0)
		cli_fail(&error, r);
	return r;
}

int cli_client_print(const struct cli *cli, json_t *result)
{
	const char *message = json_string_value(json_object_get(result, "message"));
	const char *warning = json_string_value(json_object_get(result, "warning"));

	if (warning)
		cli_note("warning: %s", warning);
	if (cli->options.format == CLI_FORMAT_JSON) {
		cli_print_json(result);
		return CLI_EXIT_GOOD;
	}
	if (message && !cli_is_quiet()) {
		cli_print(message);
		cli_print("\n");
	}
	json_decref(result);
	return CLI_EXIT_GOOD;
}

int cli_client_command(const struct cli *cli, const char *method, json_t *params)
{
	json_t *result = NULL;

	if (cli_client_ask(cli, method, params, &result) < 0)
		return CLI_EXIT_ERROR;
	return cli_client_print(cli, result);
}

bool cli_client_command_beside(const struct cli *cli, const char *method, int *code)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};
	json_t *result = NULL;
	int r = cli_client_open(cli, &client, &error);

	if (r == -ENOENT)
		return false;
	if (r == 0)
		r = cli_client_call(&client, method, NULL, &result, &error);
	*code = r < 0 ? cli_fail(&error, r) : cli_client_print(cli, result);
	return true;
}
