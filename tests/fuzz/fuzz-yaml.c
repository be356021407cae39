// SPDX-License-Identifier: GPL-2.0-or-later
/* The YAML loader. Whatever loads must come back from its canonical form as the same configuration,
 * and the state that it declares must come back from a live state as the same state. */
#include <stdio.h>
#include <stdlib.h>

#include "model/canonical.h"
#include "model/declared.h"
#include "model/from_state.h"
#include "model/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _noreturn_ void fail(const char *what, const char *a, const char *b)
{
	fprintf(stderr, "%s\n--- one:\n%s\n--- other:\n%s\n", what, a ? a : "", b ? b : "");
	abort();
}

/* Loads a text; its diagnostics are printed into `errors`, when that is given. A form feed, which no
 * YAML has, ends one document and starts the next. */
static int load(const char *text, size_t size, struct config *ret, struct strbuf *errors)
{
	struct document documents[4] = {{.name = "fuzz.yaml", .text = text, .size = size}};
	size_t count = 1;
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf printed = {};
	const char *break_at;

	while (size && count < ARRAY_LENGTH(documents) &&
		(break_at = memchr(documents[count - 1].text, '\f', documents[count - 1].size))) {
		size_t left = (size_t)(break_at - documents[count - 1].text);

		documents[count] = (struct document){.name = "more.yaml",
			.text = break_at + 1,
			.size = documents[count - 1].size - left - 1};
		documents[count++ - 1].size = left;
	}
	int r = config_load(documents, count, ret, &diagnostics);
	diagnostics_format(&diagnostics, size % 2, &printed);
	if (r < 0 && !printed.length)
		fail("an error without words", text, NULL);
	if (errors)
		strbuf_add_bytes(errors, printed.text ? printed.text : "", printed.length);
	return r;
}

static void check_canonical(const struct config *config)
{
	_cleanup_config_ struct config again = {};
	_cleanup_strbuf_ struct strbuf first = {}, second = {}, errors = {};

	config_format_yaml(config, &first);
	if (load(first.text, first.length, &again, &errors) < 0)
		fail("the canonical form does not load", first.text, errors.text);
	config_format_yaml(&again, &second);
	if (strcmp(first.text, second.text) != 0)
		fail("the canonical form is not its own", first.text, second.text);
}

static void ways_from_config(
	const struct config *config, const struct declared *declared, struct state *ret)
{
	vector_foreach(&config->dpdk.ports, port) {
		struct data_port *to = vector_append(&ret->ports);

		snprintf(to->name, sizeof(to->name), "%s", port->name.text);
		snprintf(to->device, sizeof(to->device), "%s", port->device);
		snprintf(to->exception, sizeof(to->exception), "%s",
			port->exception ? port->exception : "");
		to->vlan = (uint16_t)port->vlan;
		to->mtu = (uint16_t)port->mtu;
	}
	vector_foreach(&declared->port_addresses, address)
		vector_push(&ret->port_addresses, *address);
	vector_foreach(&declared->routes, route)
		vector_push(&ret->routes, *route);
}

static void state_from_declared(const struct declared *declared, struct state *ret)
{
	vector_foreach(&declared->services, service) {
		struct service *to = vector_append(&ret->services);

		to->key = service->key;
		to->attributes = service->attributes;
		vector_foreach(&service->destinations, destination)
			vector_push(
				&to->destinations, ((struct destination){.key = destination->key,
							   .attributes = destination->attributes}));
	}
	ret->timeouts = declared->timeouts;
	vector_foreach(&declared->sync, daemon)
		vector_push(&ret->sync, *daemon);
	vector_foreach(&declared->sysctls, sysctl)
		vector_push(&ret->sysctls, *sysctl);
}

static bool service_is_same(const struct service *live, const struct declared_service *declared)
{
	if (service_key_compare(&live->key, &declared->key) != 0 ||
		!service_attributes_equal(&live->attributes, &declared->attributes) ||
		live->destinations.count != declared->destinations.count)
		return false;
	for (size_t i = 0; i < live->destinations.count; i++) {
		const struct destination *a = &live->destinations.items[i];
		const struct declared_destination *b = &declared->destinations.items[i];

		if (destination_key_compare(&a->key, &b->key) != 0 ||
			!destination_attributes_equal(&a->attributes, &b->attributes))
			return false;
	}
	return true;
}

static void check_same_ways(
	const struct state *state, const struct declared *declared, const char *text)
{
	if (state->port_addresses.count != declared->port_addresses.count ||
		state->routes.count != declared->routes.count)
		fail("ways were lost", text, NULL);
	for (size_t i = 0; i < state->port_addresses.count; i++) {
		const struct port_address *a = &state->port_addresses.items[i];
		const struct port_address *b = &declared->port_addresses.items[i];

		if (port_address_compare(a, b) != 0 ||
			!port_address_attributes_equal(&a->attributes, &b->attributes))
			fail("an address of a port changed", text, b->key.port);
	}
	for (size_t i = 0; i < state->routes.count; i++) {
		const struct data_route *a = &state->routes.items[i];
		const struct data_route *b = &declared->routes.items[i];

		if (data_route_compare(a, b) != 0 ||
			!data_route_attributes_equal(&a->attributes, &b->attributes))
			fail("a route changed", text, b->attributes.port);
	}
}

static void check_same(const struct state *state, const struct declared *declared, const char *text)
{
	check_same_ways(state, declared, text);
	if (state->services.count != declared->services.count ||
		state->sync.count != declared->sync.count ||
		state->sysctls.count != declared->sysctls.count)
		fail("objects were lost", text, NULL);
	for (size_t i = 0; i < state->services.count; i++)
		if (!service_is_same(&state->services.items[i], &declared->services.items[i]))
			fail("a service changed", text, declared->services.items[i].name);
	for (size_t i = 0; i < state->sync.count; i++)
		if (!sync_daemon_equal(&state->sync.items[i], &declared->sync.items[i]))
			fail("a sync daemon changed", text, NULL);
	for (size_t i = 0; i < state->sysctls.count; i++)
		if (strcmp(state->sysctls.items[i].value, declared->sysctls.items[i].value) != 0)
			fail("a sysctl changed", text, NULL);
	if (state->timeouts.tcp != declared->timeouts.tcp ||
		state->timeouts.udp != declared->timeouts.udp)
		fail("a timeout changed", text, NULL);
}

/* live state -> file -> declared: nothing changes. */
static void check_state(const struct config *whole, const struct declared *declared)
{
	_cleanup_state_ struct state state = {};
	_cleanup_config_ struct config config = {}, again = {};
	_cleanup_declared_ struct declared result = {};
	_cleanup_strbuf_ struct strbuf losses = {}, text = {}, errors = {};

	state_from_declared(declared, &state);
	ways_from_config(whole, declared, &state);
	config_from_state(&state, &config, &losses);
	if (losses.length)
		fail("what was declared cannot be said", losses.text, NULL);
	config_format_yaml(&config, &text);
	if (load(text.text, text.length, &again, &errors) < 0)
		fail("the file of a state does not load", text.text, errors.text);
	declared_from_config(&again, &result);
	check_same(&state, &result, text.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_config_ struct config config = {};
	_cleanup_declared_ struct declared declared = {};

	if (load((const char *)data, size, &config, NULL) < 0)
		return 0;
	check_canonical(&config);
	declared_from_config(&config, &declared);
	check_state(&config, &declared);
	return 0;
}
