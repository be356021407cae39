// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of services and of what they send connections to. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/suggest.h"
#include "model/listen.h"
#include "model/validate.h"

/* Persistence engines of the kernel's source; each works for the protocols named. */
static const struct {
	const char *name;
	bool kinds[SERVICE_KIND_COUNT];
} validate_engines[] = {
	{"sip", {[SERVICE_KIND_UDP] = true, [SERVICE_KIND_FWMARK] = true}},
};

static void validate_service_error(struct validate *validate, const struct config_service *service,
	unsigned int key, const char *hint, const char *message)
{
	validate_error(validate, &schema_service, &service->object, key, hint, "%s", message);
}

const char validate_mapped[] = "is an IPv4 address in the form of IPv6: write it as IPv4";

bool validate_is_broadcast(const struct address *address)
{
	return address->family == AF_INET && memcmp(address->bytes, "\xff\xff\xff\xff", 4) == 0;
}

/* What no backend takes as a destination's address. */
static void validate_address(
	struct validate *validate, const struct config_destination *destination)
{
	const struct address *address = &destination->address.address;
	char text[ADDRESS_LENGTH], link_local[64];
	const char *kind = NULL;

	snprintf(link_local, sizeof(link_local), "is link-local, which %s does not forward to",
		validate_backend(validate));
	if (address_is_unspecified(address))
		kind = "is no address of a server";
	else if (address_is_multicast(address))
		kind = "is a multicast address";
	else if (validate_is_broadcast(address))
		kind = "is the broadcast address";
	else if (address->family == AF_INET6 && address_is_link_local(address))
		kind = link_local;
	else if (address_is_mapped(address))
		kind = validate_mapped;
	if (!kind)
		return;
	validate_say_once(validate, destination);
	validate_error(validate, &schema_destination, &destination->object,
		CONFIG_DESTINATION_ADDRESS, NULL, "%s %s", address_format(address, text), kind);
}

void validate_tunnel(struct validate *validate, const struct config_tunnel *tunnel)
{
	bool port = config_has(&tunnel->object, CONFIG_TUNNEL_PORT);

	if (!tunnel->object.mark || tunnel->object.set & CONFIG_OBJECT_BROKEN)
		return;
	if (tunnel->type == TUNNEL_TYPE_GUE && !port)
		validate_error(validate, &schema_tunnel, &tunnel->object, CONFIG_TUNNEL_TYPE,
			"write `port: 6080`, or whatever the server listens on",
			"a gue tunnel needs a `port`");
	if (tunnel->type != TUNNEL_TYPE_GUE && port)
		validate_error(validate, &schema_tunnel, &tunnel->object, CONFIG_TUNNEL_PORT, NULL,
			"only a gue tunnel has a `port`");
	if ((tunnel->type == TUNNEL_TYPE_IPIP && tunnel->checksum != TUNNEL_CHECKSUM_NONE) ||
		(tunnel->type == TUNNEL_TYPE_GRE && tunnel->checksum == TUNNEL_CHECKSUM_REMOTE))
		validate_error(validate, &schema_tunnel, &tunnel->object, CONFIG_TUNNEL_CHECKSUM,
			"full is for gue and gre, remote for gue",
			"a tunnel of type %s has no checksum %s", tunnel_type_name(tunnel->type),
			tunnel_checksum_name(tunnel->checksum));
}

void validate_destinations(
	struct validate *validate, const struct config_destination_list *destinations)
{
	vector_foreach(destinations, destination) {
		if (destination->object.set & CONFIG_OBJECT_BROKEN)
			continue;
		validate_address(validate, destination);
		validate_check_references(validate, &destination->rules.check);
		validate_tunnel(validate, &destination->rules.tunnel);
	}
}

/* An error about a destination, the first time that there is one. */
static void validate_destination_error(struct validate *validate,
	const struct config_destination *destination, unsigned int key, const char *hint,
	const char *message)
{
	if (validate_say_once(validate, destination))
		validate_error(validate, &schema_destination, &destination->object, key, hint, "%s",
			message);
}

static void validate_thresholds(struct validate *validate,
	const struct config_destination *destination, const struct config_rules *rules)
{
	unsigned int key = CONFIG_DESTINATION_LOWER_THRESHOLD;

	if (rules->lower_threshold && !rules->upper_threshold)
		validate_destination_error(validate, destination, key,
			"write `upper-threshold` too",
			"a lower threshold means nothing without an upper one");
	else if (rules->lower_threshold > rules->upper_threshold)
		validate_destination_error(validate, destination, key, NULL,
			"the lower threshold is higher than the upper one");
}

static void validate_forward(struct validate *validate, const struct config_listener *listener,
	const struct config_destination *destination, const struct config_rules *rules)
{
	char service[SERVICE_KEY_TEXT_SIZE];
	bool rewrites =
		rules->forward != CONFIG_FORWARD_DIRECT && rules->forward != CONFIG_FORWARD_TUNNEL;

	if (config_has(&destination->object, CONFIG_DESTINATION_TUNNEL) &&
		rules->forward != CONFIG_FORWARD_TUNNEL)
		validate_destination_error(validate, destination, CONFIG_DESTINATION_TUNNEL, NULL,
			"`tunnel` means nothing without `forward: tunnel`");
	/* A mark has no port to differ from. */
	if (rewrites || listener->key.kind == SERVICE_KIND_FWMARK || !destination->address.port ||
		destination->address.port == listener->key.port ||
		!validate_say_once(validate, destination))
		return;
	validate_error(validate, &schema_destination, &destination->object,
		CONFIG_DESTINATION_ADDRESS,
		"leave the port out, or use `forward: nat`, which rewrites it",
		"`forward: %s` leaves the port as it is: port %u cannot serve %s",
		forward_method_name((enum forward_method)rules->forward), destination->address.port,
		service_key_format(&listener->key, service));
}

static void validate_crossing(struct validate *validate, const struct config_listener *listener,
	const struct config_destination *destination, const struct config_rules *rules)
{
	if (destination->address.address.family == listener->key.address.family)
		return;
	if (rules->forward != CONFIG_FORWARD_TUNNEL)
		validate_destination_error(validate, destination, CONFIG_DESTINATION_CROSS_FAMILY,
			"write `forward: tunnel`",
			"only a tunnel crosses from one address family to the other");
	else if (validate->config->ipvs.sync.count)
		validate_destination_error(validate, destination, CONFIG_DESTINATION_CROSS_FAMILY,
			"remove `ipvs: {sync: …}`, or give each family its own destinations",
			"the kernel refuses crossing families beside a sync daemon");
}

/* All that one listener takes from a list, each into its slot. */
static void validate_take(struct validate *validate, const struct config_service *service,
	const struct config_pool *pool, const struct config_listener *listener,
	const struct config_destination_list *destinations)
{
	vector_foreach(destinations, destination) {
		if (destination->object.set & CONFIG_OBJECT_BROKEN ||
			!listen_takes(listener, destination))
			continue;
		struct config_rules rules = listen_rules(service, pool, destination);

		validate_crossing(validate, listener, destination, &rules);
		validate_forward(validate, listener, destination, &rules);
		validate_thresholds(validate, destination, &rules);
		validate_probes(validate, listener, destination,
			listen_checks(service, destinations, destination, &rules));
		vector_push(&validate->slots,
			((struct validate_slot){listen_key(listener, destination), destination}));
	}
}

static int validate_slot_compare(const void *a, const void *b)
{
	const struct validate_slot *left = a, *right = b;
	int order = destination_key_compare(&left->key, &right->key);

	return order ? order
		     : COMPARE(left->destination->object.mark, right->destination->object.mark);
}

static void validate_same_destination(struct validate *validate,
	const struct config_listener *listener, const struct validate_slot *before,
	const struct validate_slot *slot)
{
	_cleanup_strbuf_ struct strbuf hint = {};
	char key[ADDRESS_ENDPOINT_LENGTH], service[SERVICE_KEY_TEXT_SIZE];

	if (!validate_say_once(validate, slot->destination))
		return;
	strbuf_add(&hint, "first at ");
	report_add_place(validate->decode->report,
		decode_place(validate->decode, before->destination->object.mark), &hint);
	validate_error(validate, &schema_destination, &slot->destination->object,
		CONFIG_DESTINATION_ADDRESS, hint.text, "%s is a destination of %s twice",
		destination_key_format(&slot->key, key),
		service_key_format(&listener->key, service));
}

static void validate_listener_address(
	struct validate *validate, const struct config_listener *listener)
{
	bool dpdk = validate->config->backend == CONFIG_BACKEND_DPDK;
	struct report *report = validate->decode->report;
	struct report_place place = decode_place(validate->decode, listener->mark);
	char text[ADDRESS_LENGTH];

	if (listener->key.kind == SERVICE_KIND_FWMARK) {
		if (dpdk)
			report_error(report, place,
				"list its addresses: tcp://ADDRESS:PORT, udp://…, sctp://…",
				"the data plane sees no mark of a firewall");
		return;
	}
	if (address_is_unspecified(&listener->key.address))
		report_warning(report, place,
			dpdk ? NULL
			     : "for many addresses, mark packets with nftables and listen on "
			       "fwmark://",
			"%s takes this address as it is, not as any address",
			validate_backend(validate));
	else if (address_is_mapped(&listener->key.address))
		report_error(report, place, NULL, "%s %s",
			address_format(&listener->key.address, text), validate_mapped);
	else if (address_is_multicast(&listener->key.address))
		report_warning(report, place, NULL, "%s does not balance multicast",
			validate_backend(validate));
}

static void validate_listener(struct validate *validate, const struct config_service *service,
	const struct config_listener *listener)
{
	struct report_place place = decode_place(validate->decode, listener->mark);
	bool persistent = config_has(&service->object, CONFIG_SERVICE_PERSISTENCE);
	enum service_kind kind = listener->key.kind;

	validate_listener_address(validate, listener);
	if (kind != SERVICE_KIND_FWMARK && !listener->key.port && !persistent)
		report_error(validate->decode->report, place, "write `persistence: {}` to have it",
			"port 0 (every port) needs persistence");
	if (service->one_packet && kind != SERVICE_KIND_UDP && kind != SERVICE_KIND_FWMARK)
		report_error(validate->decode->report, place, NULL,
			"`one-packet` is for udp and fwmark, not for %s", service_kind_name(kind));
	for (size_t i = 0; service->persistence.engine && i < ARRAY_LENGTH(validate_engines); i++)
		if (strcmp(service->persistence.engine, validate_engines[i].name) == 0 &&
			!validate_engines[i].kinds[kind])
			report_error(validate->decode->report, place, NULL,
				"the persistence engine `%s` does not work with %s",
				validate_engines[i].name, service_kind_name(kind));
}

/* One listener with all its destinations. */
static void validate_meeting(struct validate *validate, const struct config_service *service,
	const struct config_pool *pool, const struct config_destination_list *destinations,
	const struct config_listener *listener, bool broken)
{
	validate->slots.count = 0;
	validate_take(validate, service, pool, listener, destinations);
	if (!validate->slots.count && destinations->count && !broken)
		report_error(validate->decode->report,
			decode_place(validate->decode, listener->mark),
			"add a destination of this family, or one with `cross-family: true`",
			"no destination of the service `%s` is %s", service->name.text,
			listener->key.address.family == AF_INET6 ? "IPv6" : "IPv4");
	validate_take(validate, service, NULL, listener, &service->fallback);
	vector_sort(&validate->slots, validate_slot_compare);
	for (size_t i = 1; i < validate->slots.count; i++) {
		struct validate_slot *slot = &validate->slots.items[i];

		if (destination_key_compare(&slot[-1].key, &slot->key) == 0)
			validate_same_destination(validate, listener, &slot[-1], slot);
	}
}

/* What stands in place is for this service alone: some listener must take it. */
static void validate_taken(struct validate *validate, const struct config_service *service,
	const struct config_destination_list *destinations)
{
	bool families[2] = {};

	vector_foreach(&service->listen, listener)
		families[listener->key.address.family == AF_INET6] = true;
	vector_foreach(destinations, destination) {
		bool six = destination->address.address.family == AF_INET6;

		if (families[six] || destination->cross_family ||
			destination->object.set & CONFIG_OBJECT_BROKEN)
			continue;
		validate_destination_error(validate, destination, CONFIG_DESTINATION_ADDRESS,
			"a tunnel may cross with `cross-family: true`",
			six ? "no listener of this service is IPv6"
			    : "no listener of this service is IPv4");
	}
}

static bool validate_has_broken(const struct config_destination_list *destinations)
{
	vector_foreach(destinations, destination) {
		if (destination->object.set & CONFIG_OBJECT_BROKEN)
			return true;
	}
	return false;
}

static void validate_meetings(struct validate *validate, const struct config_service *service)
{
	const struct config_pool *pool;
	const struct config_destination_list *destinations =
		config_destinations(validate->config, service, &pool);
	/* A list that could not be read, or not whole, is no list without destinations. */
	bool broken =
		(service->object.set | (pool ? pool->object.set : 0)) & CONFIG_OBJECT_BROKEN ||
		validate_has_broken(destinations);
	size_t before = validate->destinations;

	validate->destinations +=
		service->listen.count * (destinations->count + service->fallback.count);
	if (validate->destinations > VALIDATE_DESTINATION_LIMIT) {
		if (before <= VALIDATE_DESTINATION_LIMIT)
			validate_service_error(validate, service, CONFIG_SERVICE_LISTEN, NULL,
				"all listeners together have more than 4194304 destinations");
		return;
	}
	vector_foreach(&service->listen, listener) {
		validate_listener(validate, service, listener);
		validate_meeting(validate, service, pool, destinations, listener, broken);
	}
	if (service->listen.count && !broken) {
		validate_taken(validate, service, &service->destinations);
		validate_taken(validate, service, &service->fallback);
	}
	if (destinations->count && !broken && !validate->incomplete &&
		!validate_has_broken(&service->fallback))
		validate_health(validate, service);
}

/* The data plane's schedulers are those that it was built with: any other is none. */
static void validate_data_scheduler(struct validate *validate, const struct config_service *service)
{
	_cleanup_strbuf_ struct strbuf hint = {};
	struct suggest suggest = {};

	for (const char *const *known = data_scheduler_names; *known; known++) {
		if (strcmp(*known, service->scheduler) == 0)
			return;
		suggest_offer(&suggest, service->scheduler, *known);
		strbuf_printf(&hint, "%s %s", hint.length ? "," : "it has", *known);
	}
	/* A name that the kernel knows is not mistyped. */
	if (suggest.best && !scheduler_is_known(service->scheduler)) {
		strbuf_clear(&hint);
		strbuf_printf(&hint, "did you mean `%s`?", suggest.best);
	}
	validate_error(validate, &schema_service, &service->object, CONFIG_SERVICE_SCHEDULER,
		hint.text, "the data plane has no scheduler `%s`", service->scheduler);
}

static void validate_scheduler(struct validate *validate, const struct config_service *service)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	if (service->scheduler && validate->config->backend == CONFIG_BACKEND_DPDK) {
		validate_data_scheduler(validate, service);
		return;
	}
	if (!service->scheduler || scheduler_is_known(service->scheduler))
		return;
	for (const char *const *known = scheduler_names; *known; known++)
		suggest_offer(&suggest, service->scheduler, *known);
	validate_warning(validate, &schema_service, &service->object, CONFIG_SERVICE_SCHEDULER,
		decode_hint(suggest.best, hint), "the kernel is not known to have a scheduler `%s`",
		service->scheduler);
}

static void validate_scheduler_flags(
	struct validate *validate, const struct config_service *service)
{
	static const uint32_t of_sh =
		CONFIG_SCHEDULER_FLAG_SH_FALLBACK | CONFIG_SCHEDULER_FLAG_SH_PORT;
	static const uint32_t of_mh =
		CONFIG_SCHEDULER_FLAG_MH_FALLBACK | CONFIG_SCHEDULER_FLAG_MH_PORT;

	if (service->scheduler_flags & of_sh && strcmp(service->scheduler, "sh") != 0)
		validate_service_error(validate, service, CONFIG_SERVICE_SCHEDULER_FLAGS, NULL,
			"the flags sh-fallback and sh-port are for `scheduler: sh`");
	if (service->scheduler_flags & of_mh && strcmp(service->scheduler, "mh") != 0)
		validate_service_error(validate, service, CONFIG_SERVICE_SCHEDULER_FLAGS, NULL,
			"the flags mh-fallback and mh-port are for `scheduler: mh`");
}

static void validate_engine(struct validate *validate, const struct config_service *service)
{
	const char *engine = service->persistence.engine;

	if (!engine)
		return;
	if (validate->config->backend == CONFIG_BACKEND_DPDK) {
		validate_error(validate, &schema_persistence, &service->persistence.object,
			CONFIG_PERSISTENCE_ENGINE, "without it clients are told apart by address",
			"the data plane has no persistence engines");
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(validate_engines); i++)
		if (strcmp(engine, validate_engines[i].name) == 0)
			return;
	validate_warning(validate, &schema_persistence, &service->persistence.object,
		CONFIG_PERSISTENCE_ENGINE, NULL,
		"the kernel is not known to have a persistence engine `%s`", engine);
}

static void validate_pool_reference(struct validate *validate, const struct config_service *service)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	if (!service->pool || validate->incomplete ||
		config_find_pool(validate->config, service->pool))
		return;
	if (validate_may_suggest(validate, validate->config->pools.count))
		vector_foreach(&validate->config->pools, pool)
			suggest_offer(&suggest, service->pool, pool->name.text);
	validate_error(validate, &schema_service, &service->object, CONFIG_SERVICE_POOL,
		decode_hint(suggest.best, hint), "there is no pool `%s`", service->pool);
}

static void validate_source(struct validate *validate, const struct config_service *service)
{
	bool pool = config_has(&service->object, CONFIG_SERVICE_POOL);
	bool destinations = config_has(&service->object, CONFIG_SERVICE_DESTINATIONS);

	if (pool && destinations)
		validate_service_error(validate, service, CONFIG_SERVICE_POOL, NULL,
			"a service has a `pool` or its own `destinations`, not both");
	if (!pool && !destinations && !(service->object.set & CONFIG_OBJECT_BROKEN))
		report_error(validate->decode->report,
			decode_place(validate->decode, service->name.mark),
			"`destinations: []` is a service that serves nobody",
			"the service `%s` has neither `pool` nor `destinations`",
			service->name.text);
}

/* Whoever says which router has its address had better be right. */
static void validate_held_by(struct validate *validate, const struct config_service *service)
{
	const struct config_router *named = config_find_router(validate->config, service->vrrp);
	char text[ADDRESS_LENGTH];

	if (!named || named->object.set & CONFIG_OBJECT_BROKEN || validate->incomplete)
		return;
	vector_foreach(&service->listen, listener) {
		const struct config_router *holder =
			validate_holder(validate, &listener->key.address);

		if (listener->key.kind == SERVICE_KIND_FWMARK || holder == named)
			continue;
		report_warning(validate->decode->report,
			decode_place(validate->decode, listener->mark), NULL,
			"%s is no address of the virtual router `%s`",
			address_format(&listener->key.address, text), service->vrrp);
	}
}

static void validate_router_use(struct validate *validate, const struct config_service *service)
{
	if (service->vrrp) {
		validate_router_reference(validate, service->vrrp, &schema_service,
			&service->object, CONFIG_SERVICE_VRRP);
		validate_held_by(validate, service);
	} else if (config_has(&service->object, CONFIG_SERVICE_STANDBY) &&
		   !config_has(&service->object, CONFIG_SERVICE_VRRP))
		validate_service_error(validate, service, CONFIG_SERVICE_STANDBY, NULL,
			"`standby` means nothing without `vrrp`");
}

/* A tunnel that the service describes and nobody goes through. */
static void validate_tunnel_use(struct validate *validate, const struct config_service *service)
{
	const struct config_pool *pool;
	const struct config_destination_list *destinations =
		config_destinations(validate->config, service, &pool);

	if (!service->tunnel.object.mark || service->forward == CONFIG_FORWARD_TUNNEL)
		return;
	vector_foreach(destinations, destination) {
		if (listen_rules(service, pool, destination).forward == CONFIG_FORWARD_TUNNEL)
			return;
	}
	validate_service_error(validate, service, CONFIG_SERVICE_TUNNEL, NULL,
		"`tunnel` means nothing without `forward: tunnel`");
}

/* A datagram leaves no connection behind by which its answer would be known; but the kernel's `sip` makes one of it. */
static void validate_one_packet(struct validate *validate, const struct config_service *service)
{
	const struct config_pool *pool;
	const struct config_destination_list *destinations =
		config_destinations(validate->config, service, &pool);
	const char *engine = service->persistence.engine;

	if (!service->one_packet || (engine && strcmp(engine, "sip") == 0))
		return;
	vector_foreach(destinations, destination) {
		if (listen_rules(service, pool, destination).forward != CONFIG_FORWARD_NAT)
			continue;
		validate_warning(validate, &schema_service, &service->object,
			CONFIG_SERVICE_ONE_PACKET,
			"`forward: direct` or `tunnel` lets servers answer with the address that "
			"was asked",
			"with `one-packet` and `forward: nat`, answers are not translated: clients "
			"get "
			"them from the server's own address");
		return;
	}
}

void validate_service(struct validate *validate, const struct config_service *service)
{
	validate_source(validate, service);
	validate_pool_reference(validate, service);
	validate_check_references(validate, &service->check);
	validate_router_use(validate, service);
	validate_program(validate, &schema_service, &service->object, CONFIG_SERVICE_NOTIFY,
		&service->notify);
	validate_scheduler(validate, service);
	validate_scheduler_flags(validate, service);
	validate_engine(validate, service);
	validate_tunnel(validate, &service->tunnel);
	validate_tunnel_use(validate, service);
	validate_one_packet(validate, service);
	validate_destinations(validate, &service->destinations);
	validate_destinations(validate, &service->fallback);
	validate_meetings(validate, service);
}
