// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the reader of health.json, by which verdicts outlive a restart: what it took must be sound and survive
 * the way out and in, and what it refused must leave nothing behind. */
#include <stdint.h>

#include "reconciler/verdicts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BOOT "0b9f2c1e-5a7d-4f52-9a0e-3c1d2e4f5a6b"
/* Two hours after boot. */
#define NOW 7200000000000ull

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_sound(const struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++) {
		const struct verdicts_item *item = &verdicts->items[i];

		require(!i || probe_key_compare(item - 1, item) < 0);
		require(item->verdict.since <= NOW);
		require(item->verdict.weight >= VERDICT_NO_WEIGHT);
		require(*item->key.check != '\0');
		require(!item->reason ||
			(*item->reason && strlen(item->reason) < VERDICT_REASON_SIZE));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_verdicts_ struct verdicts first = {}, second = {};
	_cleanup_error_ struct error error = {};

	if (verdicts_parse((const char *)data, size, BOOT, NOW, &first, &error) < 0) {
		require(error.text && *error.text);
		require(!first.items && !first.count && !first.texts.blocks);
		return 0;
	}
	require_sound(&first);
	_cleanup_free_ char *text = verdicts_format(&first, BOOT, NOW);
	require(verdicts_parse(text, strlen(text), BOOT, NOW, &second, &error) == 0);
	require(second.count <= first.count);
	vector_foreach(&first, item) {
		const struct verdicts_item *found = vector_find(&second, item, probe_key_compare);

		require(found || !verdicts_worth(item, NOW));
		require(!found || verdict_equal(&found->verdict, &item->verdict));
		require(!found ||
			destination_key_compare(&found->destination, &item->destination) == 0);
	}
	_cleanup_free_ char *again = verdicts_format(&second, BOOT, NOW);
	require(strcmp(text, again) == 0);
	return 0;
}
