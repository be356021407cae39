// SPDX-License-Identifier: GPL-2.0-or-later
/* Services of one name, out of a live state: one with several listeners where that says the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/canonical.h"
#include "model/declared.h"
#include "model/from_state.h"
#include "model/join.h"
#include "model/load.h"
#include "tests/support/build.h"

/* What `poise get` prints when all services of the state are called `name`. The caller frees it. */
static char *joined(struct state *live, const char *name)
{
	_cleanup_config_ struct config config = {};
	_cleanup_strbuf_ struct strbuf losses = {};
	struct strbuf text = {};

	state_sort(live);
	config_from_state(live, &config, &losses);
	assert_null(losses.text);
	vector_foreach(&config.services, service)
		service->name.text = arena_copy_string(&config.arena, name);
	config_join_services(&config);
	config_format_yaml(&config, &text);
	return strbuf_take(&text);
}

static void assert_same_attributes(const struct service *from, const struct declared_service *to)
{
	assert_int_equal(service_key_compare(&from->key, &to->key), 0);
	assert_true(service_attributes_equal(&from->attributes, &to->attributes));
	assert_int_equal(from->destinations.count, to->destinations.count);
	for (size_t i = 0; i < from->destinations.count; i++) {
		const struct destination *left = &from->destinations.items[i];
		const struct declared_destination *right = &to->destinations.items[i];

		assert_int_equal(destination_key_compare(&left->key, &right->key), 0);
		assert_true(destination_attributes_equal(&left->attributes, &right->attributes));
	}
}

/* The text declares the state that it was made from. */
static void assert_declares(const char *text, const struct state *live)
{
	const struct document document = {.name = "t.yaml", .text = text, .size = strlen(text)};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_config_ struct config config = {};
	struct declared declared = {};

	assert_int_equal(config_load(&document, 1, &config, &diagnostics), 0);
	declared_from_config(&config, &declared);
	assert_int_equal(declared.services.count, live->services.count);
	for (size_t i = 0; i < live->services.count; i++)
		assert_same_attributes(&live->services.items[i], &declared.services.items[i]);
	declared_clear(&declared);
}

static struct service *add(struct state *live, const char *listener, const char *destination)
{
	struct service *service = build_service(live, listener, "wlc");

	build_destination(service, destination, 1);
	return service;
}

static size_t count(const char *text, const char *word)
{
	size_t found = 0;

	while ((text = strstr(text, word))) {
		found++;
		text += strlen(word);
	}
	return found;
}

static void listeners_of_both_families_are_one_service(_unused_ void **state)
{
	_cleanup_state_ struct state live = {};
	struct service *four = add(&live, "tcp://203.0.113.10:80", "10.0.0.1:8080");
	four->attributes.persistent = true;
	four->attributes.persistence_timeout = 300;
	four->attributes.netmask = 0xffffff00;
	struct service *six = add(&live, "tcp://[2001:db8::10]:80", "[2001:db8::1]:8080");
	six->attributes.persistent = true;
	six->attributes.persistence_timeout = 300;
	six->attributes.netmask = 64;
	add(&live, "tcp://203.0.113.11:80", "10.0.0.1:8080")->attributes = four->attributes;

	_cleanup_free_ char *text = joined(&live, "web");
	assert_int_equal(count(text, "\n  web:\n"), 1);
	assert_int_equal(count(text, "prefix: 24"), 1);
	assert_int_equal(count(text, "prefix6: 64"), 1);
	assert_null(strstr(text, "web-n2"));
	assert_declares(text, &live);
}

static void what_differs_is_numbered(_unused_ void **state)
{
	static const struct {
		const char *second, *destination;
		uint32_t weight;
		bool one_packet;
	} cases[] = {
		{"udp://203.0.113.11:53", "10.0.0.1:53", 2, false},
		{"udp://203.0.113.11:53", "10.0.0.2:53", 1, false},
		{"udp://203.0.113.11:53", "10.0.0.1:54", 1, false},
		{"udp://203.0.113.11:53", "10.0.0.1:53", 1, true},
		{"udp://[2001:db8::10]:53", "[2001:db8::1]:53", 1, true},
		{"udp://[2001:db8::10]:53", NULL, 1, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_state_ struct state live = {};

		add(&live, "udp://203.0.113.10:53", "10.0.0.1:53");
		struct service *second = build_service(&live, cases[i].second, "wlc");
		second->attributes.one_packet = cases[i].one_packet;
		if (cases[i].destination)
			build_destination(second, cases[i].destination, cases[i].weight);
		_cleanup_free_ char *text = joined(&live, "dns");
		assert_int_equal(count(text, "\n  dns:\n"), 1);
		assert_int_equal(count(text, "\n  dns-n2:\n"), 1);
		assert_declares(text, &live);
	}
}

static void a_number_makes_no_name_that_is_there(_unused_ void **state)
{
	_cleanup_state_ struct state live = {};
	_cleanup_config_ struct config config = {};
	_cleanup_strbuf_ struct strbuf losses = {};
	static const char *const names[] = {"web", "web", "web-n2", "web-n2", "web-n3"};
	static const char *const wanted[] = {"web", "web-n2", "web-n2-n2", "web-n3", "web-n4"};

	for (unsigned int i = 0; i < ARRAY_LENGTH(names); i++) {
		char listener[] = "tcp://203.0.113.0:80", destination[] = "10.0.0.0:80";

		listener[16] = (char)('1' + i);
		destination[7] = (char)('1' + i);
		add(&live, listener, destination);
	}
	state_sort(&live);
	config_from_state(&live, &config, &losses);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		config.services.items[i].name.text = names[i];
	config_join_services(&config);
	assert_int_equal(config.services.count, ARRAY_LENGTH(wanted));
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++)
		assert_string_equal(config.services.items[i].name.text, wanted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_of_both_families_are_one_service),
		cmocka_unit_test(what_differs_is_numbered),
		cmocka_unit_test(a_number_makes_no_name_that_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
