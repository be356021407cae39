// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of the file format, one table for each mapping: where every key is written down, once.
 *
 * model/decode.c fills the structs of model/config.h from these rows, model/canonical.c prints them
 * back, `poise schema` turns them into JSON Schema and the build into the tables of poise.yaml(5).
 * To add a key: a field and an enum member in model/config.h, a row here; its meaning goes to
 * model/declared.c, and rules between keys to model/validate.c.
 *
 * To walk all of it: start at schema_top and follow `mapping` of the rows that have one, or take
 * schema_mappings[], which lists every mapping once in the order of the manual. */
#pragma once

#include "model/config.h"

enum schema_type {
	SCHEMA_TYPE_BOOLEAN,    /* bool: true or false */
	SCHEMA_TYPE_NUMBER,     /* uint32_t, within minimum and maximum */
	SCHEMA_TYPE_SIGNED,     /* int32_t, the same: they are int64_t then */
	SCHEMA_TYPE_DURATION,   /* uint64_t nanoseconds, a multiple of `unit`: 30s */
	SCHEMA_TYPE_SIZE,       /* uint64_t bytes, a multiple of `unit`: 1400B */
	SCHEMA_TYPE_PERCENT,    /* uint32_t: 50% */
	SCHEMA_TYPE_TEXT,       /* const char *, of the row's `text` */
	SCHEMA_TYPE_REFERENCE,  /* const char *: a name of another mapping, see `refers` */
	SCHEMA_TYPE_REFERENCES, /* struct config_name_list: a set of such names, as a list */
	SCHEMA_TYPE_WORD,       /* an enum: one of `words` */
	SCHEMA_TYPE_FLAGS,      /* uint32_t of bits: a list of `words` */
	SCHEMA_TYPE_ADDRESS,    /* struct address */
	SCHEMA_TYPE_ENDPOINT,   /* struct config_endpoint: ADDRESS[:PORT] */
	SCHEMA_TYPE_PREFIX,     /* struct config_prefix: ADDRESS[/LENGTH] */
	SCHEMA_TYPE_LISTENERS,  /* struct config_listener_list: a list of tcp://ADDRESS:PORT, … */
	SCHEMA_TYPE_TEXTS,      /* struct config_text_list: a list of texts */
	SCHEMA_TYPE_ADDRESSES,  /* struct config_addresses: a set, as a list */
	SCHEMA_TYPE_RANGES,     /* struct config_range_list: a list of 200 and 200-299 */
	SCHEMA_TYPE_SYSCTLS,    /* struct config_sysctl_list: a mapping of NAME: value */
	SCHEMA_TYPE_MAPPING,    /* a struct in place, of `mapping` */
	SCHEMA_TYPE_MAPPINGS,   /* a CONFIG_LIST_OF structs: a list of `mapping` */
	SCHEMA_TYPE_NAMED,      /* a VECTOR_OF structs: a mapping of names to `mapping` */
	SCHEMA_TYPE_COUNT,
};

enum schema_flag {
	SCHEMA_FLAG_REQUIRED = 1 << 0, /* must be written */
	SCHEMA_FLAG_ALWAYS = 1 << 1,   /* canonical output has it even where it was not written */
	SCHEMA_FLAG_DEFAULT = 1 << 2,  /* `fallback` (or fallback_text) is what holds otherwise */
	SCHEMA_FLAG_SINGLE = 1 << 3,   /* a list that may be written as its only item */
	SCHEMA_FLAG_PER_FILE = 1 << 4, /* every file has it; other top keys stand in one file */
	SCHEMA_FLAG_FOLLOW = 1 << 5,   /* a word that may also be {follow: ROUTER}, see `follow` */
	SCHEMA_FLAG_KIND = 1 << 6,     /* of the keys with this flag a mapping has exactly one */
	SCHEMA_FLAG_EMPTY = 1 << 8,    /* a list of texts, of which any may be empty */
	SCHEMA_FLAG_SECRET = 1 << 7,   /* a text that is never shown, but in the file itself */
};

/* Bits of `backends`. */
enum schema_backend {
	SCHEMA_BACKEND_IPVS = 1 << CONFIG_BACKEND_IPVS,
	SCHEMA_BACKEND_DPDK = 1 << CONFIG_BACKEND_DPDK,
	SCHEMA_BACKEND_ALL = SCHEMA_BACKEND_IPVS | SCHEMA_BACKEND_DPDK,
	SCHEMA_BACKEND_LATER = 1 << 2, /* no backend of this version */
};

/* One of the values of a WORD (value: the enum's) or a FLAGS row (value: the bit). */
struct schema_word {
	const char *name; /* NULL ends the list */
	int value;
	unsigned int backends; /* enum schema_backend; 0: all */
	const char *help;      /* what it means, in a few words; or NULL */
};

/* What a TEXT may look like. */
struct schema_text {
	const char *name;    /* as messages and the manual call it: "an absolute path" */
	const char *prefix;  /* it starts with this ("" for any) … */
	const char *allowed; /* … then come these, as in a bracket expression; NULL: any */
	size_t longest;      /* characters in all */
	bool entry;          /* of a folder: neither . nor .. */
	bool regex;          /* a regular expression (base/pattern.h) */
	bool control;        /* control characters too: a payload */
};

struct schema_mapping;

struct schema_key {
	const char *name; /* as the user writes it */
	enum schema_type type;
	unsigned int flags;    /* enum schema_flag */
	unsigned int backends; /* enum schema_backend; 0: all */
	size_t offset;         /* of the field in the mapping's struct */
	size_t follow;         /* FOLLOW: of the const char * that has the router's name */
	uint64_t minimum,
		maximum;   /* NUMBER, DURATION, SIZE, PERCENT; of a list or NAMED: of its length */
	uint64_t unit;     /* DURATION, SIZE */
	uint64_t fallback; /* the default, as the field has it (an ADDRESS has fallback_text) */
	const char *fallback_text; /* the default of a text */
	const struct schema_word *words;
	const struct schema_text *text;
	const struct schema_mapping *mapping;
	const char *refers; /* REFERENCE, REFERENCES: "check", "pool", "virtual router" */
	const char *help;   /* one line for the manual and for editors, without a full stop */
};

/* keys[N] is row N: the bit of config_object.set, and the member of the mapping's enum. */
struct schema_mapping {
	const char *name; /* as users know it: "service" */
	const char *help; /* one line */
	size_t size;      /* of the struct; its config_object is at offset 0 */
	const struct schema_key *keys;
	size_t count;
	/* The form that a single text has instead of the mapping ("ADDRESS[:PORT]"), which is then
	 * the value of keys[0]; or NULL. */
	const char *short_form;
};

/* Every mapping once, the outer before the inner; ends with NULL. */
extern const struct schema_mapping *const schema_mappings[];

extern const struct schema_mapping schema_top, schema_service, schema_pool, schema_destination,
	schema_persistence, schema_tunnel, schema_ipvs, schema_timeouts, schema_sync, schema_check,
	schema_tcp, schema_http, schema_https, schema_dns, schema_smtp, schema_ping, schema_udp,
	schema_exec, schema_file, schema_control, schema_metrics, schema_router,
	schema_virtual_address, schema_route, schema_rule, schema_unicast, schema_garp,
	schema_track, schema_tracked_interface, schema_tracked_route, schema_tracked_script,
	schema_tracked_process, schema_tracked_file, schema_tracked_service, schema_dpdk,
	schema_port, schema_port_address, schema_data_route, schema_data_timeouts;

/* The row of `name`, or NULL. */
const struct schema_key *schema_find(const struct schema_mapping *mapping, const char *name);

/* Sets the defaults of an object of this mapping that is zero, and of the mappings in it. */
void schema_defaults(const struct schema_mapping *mapping, void *object);

/* What a row's value is: "a duration, 1s to 31d", "a number, 1 to 255", "one of nat, direct, tunnel".
 * Words that the backend does not have are left out. Appends. */
void schema_describe(
	const struct schema_key *key, enum config_backend backend, struct strbuf *text);

/* What the items of a list are: "listeners like tcp://203.0.113.10:80". False, and
 * nothing appended, when the row is no list. */
bool schema_describe_item(
	const struct schema_key *key, enum config_backend backend, struct strbuf *text);

/* The text of a row's default ("30s", "wlc", "true"); nothing when it has none. Appends. */
void schema_format_default(const struct schema_key *key, struct strbuf *text);

/* An ECMA 262 regular expression that a row's text values match (for each item where it is a list):
 * durations, sizes, percents, endpoints, listeners, references, texts. False, and nothing appended,
 * when the row's values are no texts or may be any. */
bool schema_pattern(const struct schema_key *key, struct strbuf *text);

/* The pattern of the names of a NAMED mapping, and how long one may be. */
#define SCHEMA_NAME_PATTERN "^[a-z0-9]+(-[a-z0-9]+)*$"
#define SCHEMA_NAME_LONGEST 63

/* The key of {follow: ROUTER}. */
#define SCHEMA_FOLLOW "follow"

/* The same for the names and the values of SYSCTLS. */
#define SCHEMA_SYSCTL_NAME_PATTERN  "^[a-z0-9_]+$"
#define SCHEMA_SYSCTL_VALUE_PATTERN "^(-?[0-9]+( -?[0-9]+)?|[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)$"
