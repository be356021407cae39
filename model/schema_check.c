// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of checks: each kind's own keys, and what all checks have. */
#include "model/schema_row.h"
#include "model/units.h"

static const struct schema_word schema_method_words[] = {
	{"GET", CONFIG_HTTP_METHOD_GET, 0, NULL},
	{"HEAD", CONFIG_HTTP_METHOD_HEAD, 0, NULL},
	{"POST", CONFIG_HTTP_METHOD_POST, 0, NULL},
	{"OPTIONS", CONFIG_HTTP_METHOD_OPTIONS, 0, NULL},
	{},
};
static const struct schema_word schema_version_words[] = {
	{"1.0", CONFIG_HTTP_VERSION_1_0, 0, NULL},
	{"1.1", CONFIG_HTTP_VERSION_1_1, 0, NULL},
	{"2", CONFIG_HTTP_VERSION_2, 0, NULL},
	{},
};
static const struct schema_word schema_dns_type_words[] = {
	{"A", CONFIG_DNS_TYPE_A, 0, NULL},
	{"AAAA", CONFIG_DNS_TYPE_AAAA, 0, NULL},
	{"CNAME", CONFIG_DNS_TYPE_CNAME, 0, NULL},
	{"MX", CONFIG_DNS_TYPE_MX, 0, NULL},
	{"NS", CONFIG_DNS_TYPE_NS, 0, NULL},
	{"PTR", CONFIG_DNS_TYPE_PTR, 0, NULL},
	{"SOA", CONFIG_DNS_TYPE_SOA, 0, NULL},
	{"SRV", CONFIG_DNS_TYPE_SRV, 0, NULL},
	{"TXT", CONFIG_DNS_TYPE_TXT, 0, NULL},
	{},
};
static const struct schema_word schema_dns_code_words[] = {
	{"NOERROR", CONFIG_DNS_CODE_NOERROR, 0, "an answer"},
	{"NXDOMAIN", CONFIG_DNS_CODE_NXDOMAIN, 0, "no such name"},
	{"REFUSED", CONFIG_DNS_CODE_REFUSED, 0, "will not answer"},
	{"SERVFAIL", CONFIG_DNS_CODE_SERVFAIL, 0, "cannot answer"},
	{"any", CONFIG_DNS_CODE_ANY, 0, "whatever comes back"},
	{},
};
static const struct schema_word schema_initially_words[] = {
	{"up", CONFIG_INITIALLY_UP, 0, "in service until it fails"},
	{"down", CONFIG_INITIALLY_DOWN, 0, "out of service until it passes"},
	{},
};

static const struct schema_text schema_text_url_path = {
	.name = "a path that starts with `/`", .prefix = "/", .allowed = "!-~", .longest = 2000};
static const struct schema_text schema_text_host = {
	.name = "a host name", .prefix = "", .allowed = "A-Za-z0-9._:-", .longest = 255};
static const struct schema_text schema_text_domain = {
	.name = "a domain name", .prefix = "", .allowed = "A-Za-z0-9._-", .longest = 253};
static const struct schema_text schema_text_helo = {
	.name = "a domain name or an address in brackets", .prefix = "", .longest = 253};
static const struct schema_text schema_text_regex = {
	.name = "a regular expression", .prefix = "", .longest = 1000, .regex = true};
static const struct schema_text schema_text_digest = {
	.name = "`sha256:` and 64 hexadecimal digits in lower case",
	.prefix = "sha256:",
	.allowed = "0-9a-f",
	.longest = 71};
const struct schema_text schema_text_path = {
	.name = "an absolute path", .prefix = "/", .longest = 4000};
static const struct schema_text schema_text_bytes = {.name = "bytes as pairs of hexadecimal digits",
	.prefix = "",
	.allowed = "0-9A-Fa-f ",
	.longest = 3 * CONFIG_UDP_SEND_MOST};
static const struct schema_text schema_text_masked_bytes = {
	.name = "bytes as pairs of hexadecimal digits, `x` for any",
	.prefix = "",
	.allowed = "0-9A-FXa-fx ",
	.longest = 3 * CONFIG_UDP_EXPECT_MOST};
static const struct schema_text schema_text_payload = {
	.name = "a text", .prefix = "", .longest = 1400, .control = true};
const struct schema_text schema_text_user = {
	.name = "the name of a user", .prefix = "", .allowed = "A-Za-z0-9_.-", .longest = 32};

/* A mapping needs a row, so one that has no keys has none of its own. */
static const struct schema_key schema_no_keys[1];

const struct schema_mapping schema_tcp = {"tcp", "A connection is accepted",
	.size = sizeof(struct config_tcp), .keys = schema_no_keys, .count = 0};

#define HTTP struct config_http

/* The rows that http and https share. */
#define HTTP_ROWS                                                                                  \
	[CONFIG_HTTP_PATH] = {TEXT("path", HTTP, path, schema_text_url_path), DEFAULT_TEXT("/"),   \
		.help = "Path and query to ask for"},                                              \
	[CONFIG_HTTP_METHOD] = {WORD("method", HTTP, method, schema_method_words),                 \
		DEFAULT(CONFIG_HTTP_METHOD_GET), .help = "Request method"},                        \
	[CONFIG_HTTP_HOST] = {TEXT("host", HTTP, host, schema_text_host),                          \
		.help = "Host header; else the destination's address"},                            \
	[CONFIG_HTTP_HEADERS] = {.name = "headers",                                                \
		.type = SCHEMA_TYPE_TEXTS,                                                         \
		.offset = offsetof(HTTP, headers),                                                 \
		.help = "More headers, each `Name: value`"},                                       \
	[CONFIG_HTTP_STATUS] = {.name = "status",                                                  \
		.type = SCHEMA_TYPE_RANGES,                                                        \
		.offset = offsetof(HTTP, status),                                                  \
		.minimum = 100,                                                                    \
		.maximum = 599,                                                                    \
		.flags = SCHEMA_FLAG_SINGLE,                                                       \
		.help = "Status codes that pass; else 200-299"},                                   \
	[CONFIG_HTTP_BODY] = {TEXT("body", HTTP, body, schema_text_regex),                         \
		.help = "Regular expression that the body must match"},                            \
	[CONFIG_HTTP_BODY_NOT] = {TEXT("body-not", HTTP, body_not, schema_text_regex),             \
		.help = "Regular expression that the body must not match"},                        \
	[CONFIG_HTTP_DIGEST] = {TEXT("digest", HTTP, digest, schema_text_digest),                  \
		.help = "Digest that the body must have"},                                         \
	[CONFIG_HTTP_VERSION] = {WORD("version", HTTP, version, schema_version_words),             \
		DEFAULT(CONFIG_HTTP_VERSION_1_1), .help = "Version of HTTP"}

static const struct schema_key schema_http_keys[CONFIG_HTTP_COUNT] = {HTTP_ROWS};
const struct schema_mapping schema_http = {
	"http", "A web server answers as it should", MAPPING_OF(HTTP, schema_http_keys)};

static const struct schema_key schema_https_keys[CONFIG_HTTPS_COUNT] = {
	HTTP_ROWS,
	[CONFIG_HTTPS_SNI] = {TEXT("sni", HTTP, sni, schema_text_host),
		.help = "Name to ask for in the handshake; else the Host header"},
	[CONFIG_HTTPS_VERIFY] = {BOOLEAN("verify", HTTP, verify), DEFAULT(true),
		.help = "Whether the server's certificate must be valid"},
	[CONFIG_HTTPS_CA] = {TEXT("ca", HTTP, ca, schema_text_path),
		.help = "Authorities to trust; else the system's"},
	[CONFIG_HTTPS_CERTIFICATE] = {TEXT("certificate", HTTP, certificate, schema_text_path),
		.help = "Client certificate"},
	[CONFIG_HTTPS_KEY] = {TEXT("key", HTTP, key, schema_text_path),
		.help = "Key of the client certificate"},
};
const struct schema_mapping schema_https = {
	"https", "The same over TLS", MAPPING_OF(HTTP, schema_https_keys)};

static const struct schema_key schema_dns_keys[CONFIG_DNS_COUNT] = {
	[CONFIG_DNS_NAME] = {TEXT("name", struct config_dns, name, schema_text_domain),
		DEFAULT_TEXT("."), .help = "Name to ask for"},
	[CONFIG_DNS_TYPE] = {WORD("type", struct config_dns, type, schema_dns_type_words),
		DEFAULT(CONFIG_DNS_TYPE_SOA), .help = "Type of record to ask for"},
	[CONFIG_DNS_CODE] = {WORD("code", struct config_dns, code, schema_dns_code_words),
		DEFAULT(CONFIG_DNS_CODE_NOERROR), .help = "Response code that passes"},
};
const struct schema_mapping schema_dns = {
	"dns", "A name server answers", MAPPING_OF(struct config_dns, schema_dns_keys)};

static const struct schema_key schema_smtp_keys[CONFIG_SMTP_COUNT] = {
	[CONFIG_SMTP_HELO] = {TEXT("helo", struct config_smtp, helo, schema_text_helo),
		DEFAULT_TEXT("localhost"), .help = "Name to greet with"},
};
const struct schema_mapping schema_smtp = {
	"smtp", "A mail server greets back", MAPPING_OF(struct config_smtp, schema_smtp_keys)};

static const struct schema_key schema_ping_keys[CONFIG_PING_COUNT] = {
	[CONFIG_PING_SIZE] = {SIZE("size", struct config_ping, size, 1, 0, 65507), DEFAULT(56),
		.help = "Payload of the echo request"},
};
const struct schema_mapping schema_ping = {
	"ping", "An echo comes back", MAPPING_OF(struct config_ping, schema_ping_keys)};

static const struct schema_key schema_udp_keys[CONFIG_UDP_COUNT] = {
	[CONFIG_UDP_SEND] = {TEXT("send", struct config_udp, send, schema_text_payload),
		.help = "Payload of the datagram; else it is empty"},
	[CONFIG_UDP_SEND_HEX] = {TEXT("send-hex", struct config_udp, send_hex, schema_text_bytes),
		.help = "The same for a payload that is no text"},
	[CONFIG_UDP_EXPECT] = {TEXT("expect", struct config_udp, expect, schema_text_regex),
		.help = "Regular expression that the reply must match"},
	[CONFIG_UDP_EXPECT_HEX] = {TEXT("expect-hex", struct config_udp, expect_hex,
					   schema_text_masked_bytes),
		.help = "Bytes that the reply must begin with"},
	[CONFIG_UDP_REPLY_LENGTH] = {.name = "reply-length",
		.type = SCHEMA_TYPE_RANGES,
		.offset = offsetof(struct config_udp, reply_length),
		.minimum = 0,
		.maximum = 65507,
		.flags = SCHEMA_FLAG_SINGLE,
		.help = "Lengths of a reply that pass"},
	[CONFIG_UDP_REQUIRE_REPLY] = {BOOLEAN("require-reply", struct config_udp, require_reply),
		DEFAULT(false),
		.help = "Whether silence fails, where nothing else is wanted of the reply"},
};
const struct schema_mapping schema_udp = {
	"udp", "A datagram is answered", MAPPING_OF(struct config_udp, schema_udp_keys)};

static const struct schema_key schema_exec_keys[CONFIG_EXEC_COUNT] = {
	[CONFIG_EXEC_COMMAND] = {.name = "command",
		.type = SCHEMA_TYPE_TEXTS,
		.offset = offsetof(struct config_exec, command),
		.minimum = 1,
		.flags = SCHEMA_FLAG_REQUIRED | SCHEMA_FLAG_SINGLE | SCHEMA_FLAG_EMPTY,
		.help = "Program (an absolute path) and its arguments; no shell"},
	[CONFIG_EXEC_USER] = {TEXT("user", struct config_exec, user, schema_text_user),
		DEFAULT_TEXT("nobody"), .help = "User to run it as"},
	[CONFIG_EXEC_SETS_WEIGHT] = {BOOLEAN("sets-weight", struct config_exec, sets_weight),
		DEFAULT(false),
		.help = "Exit status 2 to 255 passes and means a weight of it minus 2"},
};
const struct schema_mapping schema_exec = {
	"exec", "A program exits with 0", MAPPING_OF(struct config_exec, schema_exec_keys)};

static const struct schema_key schema_file_keys[CONFIG_FILE_COUNT] = {
	[CONFIG_FILE_PATH] = {TEXT("path", struct config_file, path, schema_text_path),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "File that holds a number, the weight"},
};
const struct schema_mapping schema_file = {
	"file", "A file holds a weight", MAPPING_OF(struct config_file, schema_file_keys)};

#define CHECK              struct config_check
#define KIND(field, inner) INSIDE(#field, CHECK, field, inner), .flags = SCHEMA_FLAG_KIND

static const struct schema_key schema_check_keys[CONFIG_CHECK_COUNT] = {
	[CONFIG_CHECK_TCP] = {KIND(tcp, schema_tcp), .help = "Connect: `tcp: {}`"},
	[CONFIG_CHECK_HTTP] = {KIND(http, schema_http), .help = "Ask a web server"},
	[CONFIG_CHECK_HTTPS] = {KIND(https, schema_https), .help = "Ask a web server over TLS"},
	[CONFIG_CHECK_DNS] = {KIND(dns, schema_dns), .help = "Ask a name server"},
	[CONFIG_CHECK_SMTP] = {KIND(smtp, schema_smtp), .help = "Greet a mail server"},
	[CONFIG_CHECK_PING] = {KIND(ping, schema_ping), .help = "Send an echo request"},
	[CONFIG_CHECK_UDP] = {KIND(udp, schema_udp), .help = "Send a datagram"},
	[CONFIG_CHECK_EXEC] = {KIND(exec, schema_exec), .help = "Run a program"},
	[CONFIG_CHECK_FILE] = {KIND(file, schema_file), .help = "Read a weight from a file"},
	[CONFIG_CHECK_INTERVAL] = {DURATION("interval", CHECK, interval, UNITS_MILLISECOND,
					   100 * UNITS_MILLISECOND, UNITS_DAY),
		DEFAULT(5 * UNITS_SECOND), .help = "Time from one probe to the next"},
	[CONFIG_CHECK_RETRY_INTERVAL] = {DURATION("retry-interval", CHECK, retry_interval,
						 UNITS_MILLISECOND, 100 * UNITS_MILLISECOND,
						 UNITS_DAY),
		.help = "The same after one that failed, while `fall` is not reached; else "
			"`interval`"},
	[CONFIG_CHECK_TIMEOUT] = {DURATION("timeout", CHECK, timeout, UNITS_MILLISECOND,
					  UNITS_MILLISECOND, UNITS_HOUR),
		DEFAULT(3 * UNITS_SECOND), .help = "Time that a probe may take"},
	[CONFIG_CHECK_RISE] = {NUMBER("rise", CHECK, rise, 1, 1000), DEFAULT(2),
		.help = "Probes in a row that must pass to bring a destination back"},
	[CONFIG_CHECK_FALL] = {NUMBER("fall", CHECK, fall, 1, 1000), DEFAULT(3),
		.help = "Probes in a row that must fail to take it out"},
	[CONFIG_CHECK_START_DELAY] = {DURATION("start-delay", CHECK, start_delay, UNITS_MILLISECOND,
					      0, UNITS_HOUR),
		DEFAULT(0), .help = "Spread the first probes over this time"},
	[CONFIG_CHECK_ADDRESS] = {ADDRESS("address", CHECK, address),
		.help = "Address to probe; else the destination's"},
	[CONFIG_CHECK_PORT] = {NUMBER("port", CHECK, port, 1, UINT16_MAX),
		.help = "Port to probe; else the destination's"},
	[CONFIG_CHECK_SOURCE] = {ADDRESS("source", CHECK, source), .help = "Address to probe from"},
	[CONFIG_CHECK_INTERFACE] = {TEXT("interface", CHECK, interface, schema_text_interface),
		.help = "Network interface, or VRF, to probe through"},
	[CONFIG_CHECK_FWMARK] = {NUMBER("fwmark", CHECK, fwmark, 1, UINT32_MAX),
		.help = "Mark of the probe's packets"},
	[CONFIG_CHECK_INITIALLY] = {WORD("initially", CHECK, initially, schema_initially_words),
		DEFAULT(CONFIG_INITIALLY_UP), .help = "Verdict before the first probes are in"},
};
const struct schema_mapping schema_check = {
	"check",
	"How to find out whether a destination is healthy",
	MAPPING_OF(CHECK, schema_check_keys),
};
