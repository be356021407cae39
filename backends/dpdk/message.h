// SPDX-License-Identifier: GPL-2.0-or-later
/* The language between poise-dataplane and who configures it: messages over a unix socket.
 *
 * The socket is SOCK_SEQPACKET: one send is one message or none, so nobody ever holds a part of one,
 * and a reader that falls behind leaves whole messages unsent. A message is a header and a body of
 * attributes, each with its type and length; numbers are little-endian, addresses in network order.
 * No struct of any build goes over the wire. Attributes that a reader does not know are skipped, and
 * those that a writer left out are zero, so that a poise and a poise-dataplane of different versions
 * understand each other; MESSAGE_VERSION changes only when that is no longer so.
 *
 * What may be said:
 *
 *	client                            poise-dataplane
 *	HELLO                             HELLO: struct message_hello
 *	BEGIN                             nothing
 *	OPERATIONS, as often as needed    nothing
 *	COMMIT                            RESULT, when every worker has taken it up, or nothing changed
 *	KEYS, as often as needed          nothing
 *	DUMP                              OBJECTS, as often as needed, then END
 *	FIGURES                           FIGURES, as often as needed, then END
 *	whatever is not that              ERROR, with words; then the connection ends
 *
 * An answer has the number (id) of what it answers. Pure: bytes and values, no descriptor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "model/plan.h"

/* The file name of the socket in the run directory, and the environment that names another. */
#define MESSAGE_SOCKET_NAME        "dataplane.sock"
#define MESSAGE_SOCKET_ENVIRONMENT "POISE_DATAPLANE_SOCKET"

#define MESSAGE_VERSION     1u
#define MESSAGE_HEADER_SIZE 16u
/* Bytes of one message with its header, at most; writers end theirs at MESSAGE_FULL. */
#define MESSAGE_LIMIT 65536u
#define MESSAGE_FULL  32768u

enum message_kind {
	MESSAGE_KIND_HELLO = 1,
	MESSAGE_KIND_ERROR,
	MESSAGE_KIND_BEGIN,
	MESSAGE_KIND_OPERATIONS,
	MESSAGE_KIND_COMMIT,
	MESSAGE_KIND_RESULT,
	MESSAGE_KIND_KEYS,
	MESSAGE_KIND_DUMP,
	MESSAGE_KIND_OBJECTS,
	MESSAGE_KIND_FIGURES,
	MESSAGE_KIND_END,
	MESSAGE_KIND_COUNT,
};

/* Types of the attributes of a body; those of objects are message.c's own. */
enum message_attribute {
	MESSAGE_ATTRIBUTE_HELLO = 1,   /* struct message_hello */
	MESSAGE_ATTRIBUTE_RESULT,      /* struct message_result */
	MESSAGE_ATTRIBUTE_OPERATION,   /* struct plan_op, without `before` */
	MESSAGE_ATTRIBUTE_KEY,         /* struct service_key */
	MESSAGE_ATTRIBUTE_SCOPE,       /* struct message_scope */
	MESSAGE_ATTRIBUTE_SERVICE,     /* struct service, without its destinations … */
	MESSAGE_ATTRIBUTE_DESTINATION, /* … which follow it: struct destination */
	MESSAGE_ATTRIBUTE_FIGURE,      /* struct message_figure */
	MESSAGE_ATTRIBUTE_END,         /* struct message_end */
	MESSAGE_ATTRIBUTE_PORT,        /* struct data_port */
	MESSAGE_ATTRIBUTE_ADDRESS,     /* struct port_address */
	MESSAGE_ATTRIBUTE_ROUTE,       /* struct data_route */
	MESSAGE_ATTRIBUTE_COUNT,
};

/* Texts are cut to fit, and have their NUL. */
#define MESSAGE_PROGRAM_SIZE 64
#define MESSAGE_TEXT_SIZE    512
#define MESSAGE_NAME_SIZE    64

struct message_hello {
	char program[MESSAGE_PROGRAM_SIZE]; /* "poise-dataplane 0.1", "poised" */
	uint64_t instance;   /* of this run of poise-dataplane: another after each start */
	uint64_t generation; /* in force */
	uint32_t workers;
};

/* Of a transaction, or of what failed as a whole. */
struct message_result {
	int32_t code;       /* 0, or -errno */
	uint32_t operation; /* which one failed, counted from 1; 0: none of them, but the whole */
	uint64_t generation;
	char text[MESSAGE_TEXT_SIZE]; /* why */
};

struct message_scope {
	bool only; /* the services of the KEYS that came before, and no others */
	bool ways; /* also ports, their addresses, and routes: before the services */
};

/* A figure of something that counts: "port wan", "packets-in"; "worker 0", "drop no-route". */
struct message_figure {
	char object[MESSAGE_NAME_SIZE];
	char name[MESSAGE_NAME_SIZE];
	uint64_t value;
};

/* Of a series of messages: how many objects there were in all, so that none is missing. */
struct message_end {
	uint64_t generation; /* that was shown */
	uint64_t count;
};

struct message_header {
	uint16_t version;
	enum message_kind kind;
	uint32_t id;
};

/* Writing. A message is begun in an empty buffer, gets its attributes, and is finished. */

void message_begin(struct strbuf *buffer, enum message_kind kind, uint32_t id);
void message_add_hello(struct strbuf *buffer, const struct message_hello *hello);
void message_add_result(struct strbuf *buffer, const struct message_result *result);
/* Of a service, a destination, an address or a route; other objects have no words in this language. */
void message_add_operation(struct strbuf *buffer, const struct plan_op *op);
void message_add_key(struct strbuf *buffer, const struct service_key *key);
void message_add_scope(struct strbuf *buffer, const struct message_scope *scope);
void message_add_service(struct strbuf *buffer, const struct service *service);
void message_add_destination(struct strbuf *buffer, const struct destination *destination);
void message_add_port(struct strbuf *buffer, const struct data_port *port);
void message_add_address(struct strbuf *buffer, const struct port_address *address);
void message_add_route(struct strbuf *buffer, const struct data_route *route);
void message_add_figure(struct strbuf *buffer, const struct message_figure *figure);
void message_add_end(struct strbuf *buffer, const struct message_end *end);
/* Whether it is time to finish: one more attribute of any kind fits before that. */
bool message_is_full(const struct strbuf *buffer);
/* Writes the length into the header. */
void message_finish(struct strbuf *buffer);

/* The words of a -errno for RESULT and ERROR. `text` may be NULL. */
struct message_result message_failure(int code, const char *text);

/* Reading. */

/* What is left of a body. Starts as message_open() leaves it. */
struct message_reader {
	const uint8_t *bytes;
	size_t size;
};

/* The header of a message of `size` bytes, and its body. -EBADMSG: it is none; -EPROTO: it is one of
 * another version (`header` is good, `reader` empty). Kinds that are not known are let through. */
int message_open(const void *message, size_t size, struct message_header *header,
	struct message_reader *reader);

/* The next attribute whose type is known: its type, and what it holds in *value. 0: there is no more;
 * -EBADMSG. */
int message_next(struct message_reader *reader, struct message_reader *value);

/* What an attribute holds. Every member is set. -EBADMSG when something in it has another length than
 * its type has, or a value that is none of its enum's. */
int message_get_hello(struct message_reader value, struct message_hello *ret);
int message_get_result(struct message_reader value, struct message_result *ret);
int message_get_operation(struct message_reader value, struct plan_op *ret);
int message_get_key(struct message_reader value, struct service_key *ret);
int message_get_scope(struct message_reader value, struct message_scope *ret);
int message_get_service(struct message_reader value, struct service *ret);
int message_get_destination(struct message_reader value, struct destination *ret);
int message_get_port(struct message_reader value, struct data_port *ret);
int message_get_address(struct message_reader value, struct port_address *ret);
int message_get_route(struct message_reader value, struct data_route *ret);
int message_get_figure(struct message_reader value, struct message_figure *ret);
int message_get_end(struct message_reader value, struct message_end *ret);

/* Whether the message that ends a dump says that there were `count`: 0, or -EBADMSG. One that does not say it is
 * not complete. */
int message_check_end(struct message_reader reader, uint64_t count);

const char *message_kind_name(enum message_kind kind);
