// SPDX-License-Identifier: GPL-2.0-or-later
/* Random ports, addresses of them and routes for test-property.c, and what a plan must have for them,
 * counted without any of diff()'s ways. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "model/declared.h"
#include "tests/memory/memory.h"
#include "tests/support/build.h"
#include "tests/support/random.h"

static bool random_chance(uint32_t percent)
{
	return random_below(100) < percent;
}

static const char *const port_names[] = {"dmz", "lan", "wan"};
static const char *const port_addresses[] = {
	"10.0.0.254", "10.0.1.254", "192.0.2.254", "2001:db8:1::fe", "fe80::1"};
static const char *const routes[] = {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "::/0"};

static const char *random_port(void)
{
	return port_names[random_below(ARRAY_LENGTH(port_names))];
}

static struct port_address random_port_address(const char *address)
{
	return build_port_address(random_port(), address, 24 + random_below(2));
}

static struct data_route random_route(const char *to)
{
	return build_route(
		to, random_chance(70) ? port_addresses[random_below(2)] : NULL, random_port());
}

/* An address is declared of one port at most; what is live may be anything. */
static void random_ways(struct memory_table *table, struct declared *declared)
{
	for (size_t i = 0; i < ARRAY_LENGTH(port_names); i++)
		if (random_chance(70))
			memory_put_port(table, port_names[i]);
	declared->ways_managed = random_chance(70);
	for (size_t i = 0; i < ARRAY_LENGTH(port_addresses); i++) {
		struct port_address live = random_port_address(port_addresses[i]);

		if (state_find_port(&table->state, live.key.port) && random_chance(60))
			memory_put_port_address(table, &live);
		if (declared->ways_managed && random_chance(60))
			vector_push(&declared->port_addresses,
				random_chance(40) ? live : random_port_address(port_addresses[i]));
	}
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		struct data_route live = random_route(routes[i]);

		if (state_find_port(&table->state, live.attributes.port) && random_chance(60))
			memory_put_route(table, &live);
		if (declared->ways_managed && random_chance(60))
			vector_push(&declared->routes,
				random_chance(40) ? live : random_route(routes[i]));
	}
	vector_sort(&declared->port_addresses, port_address_compare);
	vector_sort(&declared->routes, data_route_compare);
}

static size_t oracle_addresses(const struct state *desired, const struct state *live)
{
	size_t count = 0;

	vector_foreach(&desired->port_addresses, want) {
		const struct port_address *have = NULL;
		vector_foreach(&live->port_addresses, candidate)
			if (port_address_key_compare(&candidate->key, &want->key) == 0)
				have = candidate;
		count += state_find_port(live, want->key.port) &&
			 (!have || have->attributes.length != want->attributes.length);
	}
	vector_foreach(&live->port_addresses, have) {
		bool wanted = false;
		vector_foreach(&desired->port_addresses, candidate)
			wanted |= port_address_key_compare(&candidate->key, &have->key) == 0;
		count += !wanted;
	}
	return count;
}

static size_t oracle_routes(const struct state *desired, const struct state *live)
{
	size_t count = 0;

	vector_foreach(&desired->routes, want) {
		const struct data_route *have = NULL;
		vector_foreach(&live->routes, candidate)
			if (data_route_key_compare(&candidate->key, &want->key) == 0)
				have = candidate;
		count += state_find_port(live, want->attributes.port) &&
			 (!have || !data_route_attributes_equal(
					   &have->attributes, &want->attributes));
	}
	vector_foreach(&live->routes, have) {
		bool wanted = false;
		vector_foreach(&desired->routes, candidate)
			wanted |= data_route_key_compare(&candidate->key, &have->key) == 0;
		count += !wanted;
	}
	return count;
}
