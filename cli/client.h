// SPDX-License-Identifier: GPL-2.0-or-later
/* The client of poised's control socket: JSON-RPC 2.0 over RUN-DIR/poised.sock, one object a line in
 * each direction.
 *
 * A call waits as long as poised says something: it gives up after CLI_CLIENT_SILENCE_S without a byte,
 * and says on standard error that it waits when that takes more than a moment.
 * Errors come in words that say what to do. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "cli/cli.h"

#define CLI_CLIENT_SOCKET    "poised.sock"
#define CLI_CLIENT_SILENCE_S 60
/* Bytes of one answer, at most: the state of some 100,000 services. */
#define CLI_CLIENT_ANSWER_LIMIT (256u << 20)

/* Starts as {.fd = -1}, or by cli_client_open(). */
struct cli_client {
	int fd;
	char *path; /* of the socket */
	struct strbuf input;
	size_t taken; /* bytes at the head of `input` that are done with */
	json_int_t serial;
	bool quiet; /* says nothing of an answer that takes long */
};

/* Connects. -ENOENT when no poised runs there, -EACCES when this user may not, each with words. */
int cli_client_open(const struct cli *cli, struct cli_client *ret, struct error *error);

/* Calls a method; takes `params` over (NULL: none). 0 and the result in *ret, a new reference; else -errno
 * with poised's own words, -ENOSYS when it has no such method. Notifications that come before the answer are passed over. */
int cli_client_call(struct cli_client *client, const char *method, json_t *params, json_t **ret,
	struct error *error);

/* The next line after cli_client_call() has begun a stream, however long that takes. -ECONNRESET when poised ends it. */
int cli_client_next(struct cli_client *client, json_t **ret, struct error *error);

void cli_client_close(struct cli_client *client);

#define _cleanup_cli_client_ _cleanup_(cli_client_close)

/* All in one: connects, calls, closes. 0, or -errno after it told standard error why. */
int cli_client_ask(const struct cli *cli, const char *method, json_t *params, json_t **ret);

/* The same for a command that does no more than this: prints the message of the result (unless -q), or with -o json the
 * result. The exit code. */
int cli_client_command(const struct cli *cli, const char *method, json_t *params);

/* What it prints of a result, whose reference it takes; CLI_EXIT_GOOD. */
int cli_client_print(const struct cli *cli, json_t *result);

/* The same, without parameters, where poised runs: it holds the lock, so only it can do the work. False when none runs; else
 * the exit code is in *code. */
bool cli_client_command_beside(const struct cli *cli, const char *method, int *code);
