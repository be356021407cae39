// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the reader of routers.json, by which the forms of checksums outlive a restart: what it took must be sound and
 * survive the way out and in, and what it refused must leave nothing behind. */
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "daemon/router_forms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct router_forms first = {}, second = {};
	_cleanup_error_ struct error error = {};

	if (router_forms_parse((const char *)data, size, &first, &error) < 0) {
		require(error.text && *error.text);
		require(!first.items && !first.count);
		return 0;
	}
	_cleanup_free_ char *text = router_forms_format(&first);
	require(router_forms_parse(text, strlen(text), &second, &error) == 0);
	require(second.count == first.count);
	for (size_t i = 0; i < first.count; i++) {
		const struct router_form *form = &first.items[i];

		require(form->checksum == VRRP_CHECKSUM_RFC9568 ||
			form->checksum == VRRP_CHECKSUM_RFC5798);
		require(router_forms_find(&first, form->interface, form->vrid) == form);
		require(!router_forms_put(&second, form->interface, form->vrid, form->checksum));
	}
	router_forms_clear(&first);
	router_forms_clear(&second);
	return 0;
}
