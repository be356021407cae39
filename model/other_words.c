// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/other_words.h"

#include <string.h>

#include "base/macros.h"

static const struct other_word other_words[] = {
	{&schema_service, "address", "listen", "`listen: tcp://203.0.113.10:80` says it"},
	{&schema_service, "ip", "listen", "`listen: tcp://203.0.113.10:80` says it"},
	{&schema_service, "vip", "listen", "`listen: tcp://203.0.113.10:80` says it"},
	{&schema_service, "port", "listen", "`listen: tcp://203.0.113.10:80` says it"},
	{&schema_service, "protocol", "listen", "`listen: udp://203.0.113.10:53` says it"},
	{&schema_service, "fwmark", "listen", "`listen: fwmark://7` says it"},
	{&schema_service, "name", NULL, "the key above is its name: `services: {web: {…}}`"},
	{&schema_service, "servers", "destinations", NULL},
	{&schema_service, "backends", "destinations", NULL},
	{&schema_service, "real_server", "destinations", NULL},
	{&schema_service, "sorry_server", "fallback", NULL},
	{&schema_service, "algorithm", "scheduler", NULL},
	{&schema_service, "balance", "scheduler", NULL},
	{&schema_service, "lb_algo", "scheduler", NULL},
	{&schema_service, "lvs_sched", "scheduler", NULL},
	{&schema_service, "method", "forward", NULL},
	{&schema_service, "lb_kind", "forward", NULL},
	{&schema_service, "lvs_method", "forward", NULL},
	{&schema_service, "ops", "one-packet", NULL},
	{&schema_service, "persistence_timeout", "persistence",
		"`persistence: {timeout: 5m}` says it"},
	{&schema_service, "persistence_granularity", "persistence",
		"`persistence: {timeout: 5m, prefix: 24}` says it"},
	{&schema_service, "delay_loop", NULL, "a check has it: `checks: {web: {interval: 2s, …}}`"},
	{&schema_service, "health-check", "check",
		"a check has a name: `check: web`, of `checks:`"},
	{&schema_service, "healthcheck", "check", "a check has a name: `check: web`, of `checks:`"},
	{&schema_destination, "ip", "address", NULL},
	{&schema_destination, "host", "address",
		"an address is literal: `address: 10.0.0.11:8080`"},
	{&schema_destination, "port", NULL, "it stands in the address: `address: 10.0.0.11:8080`"},
	{&schema_destination, "name", NULL, "it has none: its address tells which it is"},
	{&schema_destination, "enabled", "state", "`state: drain` takes it out"},
	{&schema_destination, "uthreshold", "upper-threshold", NULL},
	{&schema_destination, "lthreshold", "lower-threshold", NULL},
	{&schema_destination, "inhibit_on_failure", NULL,
		"its service has it: `on-failure: weight-zero`"},
	{&schema_check, "type", NULL, "its kind is a key: `tcp: {}`, or `http: {path: /healthz}`"},
	{&schema_check, "url", NULL, "`http: {path: /healthz}` says it"},
	{&schema_check, "path", NULL, "`http: {path: /healthz}` says it"},
	{&schema_check, "command", "exec", NULL},
	{&schema_check, "misc_path", "exec", NULL},
	{&schema_check, "delay_loop", "interval", NULL},
	{&schema_check, "connect_timeout", "timeout", NULL},
	{&schema_check, "connect_port", "port", NULL},
	{&schema_check, "bindto", "source", NULL},
	{&schema_check, "retry", "fall", "`fall` is how many failures in a row take it out"},
	{&schema_check, "retries", "fall", "`fall` is how many failures in a row take it out"},
	{&schema_check, "delay_before_retry", "retry-interval", NULL},
	{&schema_check, "warmup", "start-delay", NULL},
	{&schema_router, "virtual_router_id", "vrid", NULL},
	{&schema_router, "id", "vrid", NULL},
	{&schema_router, "advert_int", "advertise", NULL},
	{&schema_router, "interval", "advertise", NULL},
	{&schema_router, "address", "addresses", NULL},
	{&schema_router, "vip", "addresses", NULL},
	{&schema_router, "virtual_ipaddress", "addresses", NULL},
	{&schema_router, "virtual_routes", "routes", NULL},
	{&schema_router, "virtual_rules", "rules", NULL},
	{&schema_router, "state", NULL,
		"the election says who is active: the highest `priority` that is there"},
	{&schema_router, "nopreempt", "preempt", "`preempt: false` says it"},
	{&schema_router, "use_vmac", "mac", "`mac: virtual` says it"},
	{&schema_router, "auth_pass", "authentication", "`authentication: PASSWORD` says it"},
	{&schema_router, "auth_type", "authentication", "`authentication: PASSWORD` says it"},
	{&schema_router, "password", "authentication", NULL},
	{&schema_router, "peers", "unicast",
		"`unicast: {source: 10.0.0.1, peers: [10.0.0.2]}` says it"},
	{&schema_router, "unicast_peer", "unicast",
		"`unicast: {source: 10.0.0.1, peers: [10.0.0.2]}` says it"},
	{&schema_router, "unicast_src_ip", "unicast",
		"`unicast: {source: 10.0.0.1, peers: [10.0.0.2]}` says it"},
	{&schema_router, "track_interface", "track", "`track: {interfaces: [eth1]}` says it"},
	{&schema_router, "track_script", "track", "`track: {scripts: […]}` says it"},
	{&schema_router, "notify_master", "notify", "`notify` is told of every change"},
	{&schema_router, "notify_backup", "notify", "`notify` is told of every change"},
	{&schema_router, "notify_fault", "notify", "`notify` is told of every change"},
	{&schema_router, "garp_master_delay", "garp", "`garp: {delay: 5s}` says it"},
	{&schema_router, "garp_master_refresh", "garp", "`garp: {refresh: 60s}` says it"},
};

const struct other_word *other_words_find(const struct schema_mapping *mapping, const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(other_words); i++)
		if (other_words[i].mapping == mapping && strcmp(other_words[i].word, word) == 0)
			return &other_words[i];
	return NULL;
}

const struct other_word *other_words_all(size_t *count)
{
	*count = ARRAY_LENGTH(other_words);
	return other_words;
}
