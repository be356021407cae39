// SPDX-License-Identifier: GPL-2.0-or-later
/* routers.json: what is remembered of peers over restarts, and what somebody may have made of the file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "daemon/router_forms.h"
#include "tests/support/folder.h"

static void forms_are_found(void **state)
{
	struct router_forms forms = {};

	(void)state;
	assert_true(router_forms_put(&forms, "eth1", 5, VRRP_CHECKSUM_RFC9568));
	assert_true(router_forms_put(&forms, "eth0", 9, VRRP_CHECKSUM_RFC5798));
	assert_true(router_forms_put(&forms, "eth0", 5, VRRP_CHECKSUM_RFC5798));
	assert_false(router_forms_put(&forms, "eth0", 5, VRRP_CHECKSUM_RFC5798));
	assert_true(router_forms_put(&forms, "eth0", 5, VRRP_CHECKSUM_RFC9568));
	assert_int_equal(forms.count, 3);
	assert_int_equal(router_forms_find(&forms, "eth0", 5)->checksum, VRRP_CHECKSUM_RFC9568);
	assert_int_equal(router_forms_find(&forms, "eth0", 9)->checksum, VRRP_CHECKSUM_RFC5798);
	assert_null(router_forms_find(&forms, "eth1", 9));
	assert_null(router_forms_find(&forms, "eth", 5));
	/* In order: so they are told to who keeps them. */
	assert_string_equal(forms.items[0].interface, "eth0");
	assert_int_equal(forms.items[1].vrid, 9);
	router_forms_clear(&forms);
}

static void forms_survive_the_file(void **state)
{
	_cleanup_error_ struct error error = {};
	struct router_forms forms = {}, again = {};
	char *folder = folder_make();

	(void)state;
	assert_int_equal(router_forms_load(folder, &again, &error), 0);
	assert_int_equal(again.count, 0);
	router_forms_put(&forms, "eth0", 51, VRRP_CHECKSUM_RFC5798);
	router_forms_put(&forms, "fifteen-letters", 255, VRRP_CHECKSUM_RFC9568);
	/* Names that the kernel takes, and nobody gives. */
	router_forms_put(&forms, "a\"b", 1, VRRP_CHECKSUM_RFC9568);
	router_forms_put(&forms, "\xff", 1, VRRP_CHECKSUM_RFC9568);
	assert_int_equal(router_forms_save(folder, &forms, &error), 0);
	assert_int_equal(router_forms_load(folder, &again, &error), 0);
	assert_int_equal(again.count, 2);
	assert_int_equal(router_forms_find(&again, "eth0", 51)->checksum, VRRP_CHECKSUM_RFC5798);
	assert_int_equal(
		router_forms_find(&again, "fifteen-letters", 255)->checksum, VRRP_CHECKSUM_RFC9568);
	router_forms_clear(&forms);
	router_forms_clear(&again);
	folder_write(folder, "routers.json", "{\"poise\":1,");
	assert_int_equal(router_forms_load(folder, &again, &error), -EINVAL);
	assert_non_null(strstr(error.text, "routers.json is damaged"));
	folder_remove(folder);
}

#define LINE(interface, vrid, checksum)                                                            \
	"{\"interface\":\"" interface "\",\"vrid\":" vrid ",\"checksum\":\"" checksum "\"}"

static void nonsense_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{\"forms\":[]}",
		"{\"poise\":2,\"forms\":[]}",
		"{\"poise\":1,\"forms\":{}}",
		"{\"poise\":1,\"forms\":[{}]}",
		"{\"poise\":1,\"forms\":[" LINE("", "1", "rfc9568") "]}",
		"{\"poise\":1,\"forms\":[" LINE("sixteen-letters!", "1", "rfc9568") "]}",
		"{\"poise\":1,\"forms\":[" LINE("a b", "1", "rfc9568") "]}",
		"{\"poise\":1,\"forms\":[" LINE("eth0", "256", "rfc9568") "]}",
		"{\"poise\":1,\"forms\":[" LINE("eth0", "-1", "rfc9568") "]}",
		"{\"poise\":1,\"forms\":[" LINE("eth0", "1", "rfc1") "]}",
		"{\"poise\":1,\"forms\":[" LINE("eth0", "1", "auto") "]}",
		"{\"poise\":1,\"forms\":[" LINE("eth0", "1", "rfc9568") "," LINE(
			"eth0", "1", "rfc5798") "]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		_cleanup_error_ struct error error = {};
		struct router_forms forms = {};

		if (router_forms_parse(wrong[i], strlen(wrong[i]), &forms, &error) >= 0)
			fail_msg("%s is taken", wrong[i]);
		assert_non_null(error.text);
		assert_int_equal(forms.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_found),
		cmocka_unit_test(forms_survive_the_file),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
