// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the reader of confirm.json, by which a machine goes back: what it took must survive the way out
 * and in, and what it refused must leave nothing behind. */
#include <stdint.h>

#include "reconciler/confirm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_confirm_pending_ struct confirm_pending first = {}, second = {};
	_cleanup_error_ struct error error = {};

	if (confirm_parse((const char *)data, size, &first, &error) < 0) {
		require(error.text && *error.text);
		require(!first.canonical && !first.touched.items && !first.live.services.items);
		return 0;
	}
	for (size_t i = 1; i < first.touched.count; i++)
		require(service_key_compare(&first.touched.items[i - 1], &first.touched.items[i]) <
			0);
	_cleanup_free_ char *text = confirm_format(&first);
	require(text != NULL);
	require(confirm_parse(text, strlen(text), &second, &error) == 0);
	_cleanup_free_ char *again = confirm_format(&second);
	require(strcmp(text, again) == 0);
	return 0;
}
