// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the ipvsadm importer; what it understood must survive the way out and in. */
#include <stdint.h>

#include "cli/ipvsadm_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_same_service(const struct service *a, const struct service *b)
{
	require(service_key_compare(&a->key, &b->key) == 0);
	require(service_attributes_equal(&a->attributes, &b->attributes));
	require(a->destinations.count == b->destinations.count);
	for (size_t i = 0; i < a->destinations.count; i++) {
		const struct destination *left = a->destinations.items + i;
		const struct destination *right = b->destinations.items + i;

		require(destination_key_compare(&left->key, &right->key) == 0);
		require(destination_attributes_equal(&left->attributes, &right->attributes));
	}
}

static void require_same(const struct state *a, const struct state *b)
{
	require(a->services.count == b->services.count);
	for (size_t i = 0; i < a->services.count; i++)
		require_same_service(a->services.items + i, b->services.items + i);
	require(a->timeouts.tcp == b->timeouts.tcp && a->timeouts.tcp_set == b->timeouts.tcp_set);
	require(a->timeouts.tcp_fin == b->timeouts.tcp_fin);
	require(a->timeouts.udp == b->timeouts.udp && a->timeouts.udp_set == b->timeouts.udp_set);
	require(a->sync.count == b->sync.count && a->sync_managed == b->sync_managed);
	for (size_t i = 0; i < a->sync.count; i++)
		require(sync_daemon_equal(a->sync.items + i, b->sync.items + i));
}

/* Sorted, each object once. */
static void require_order(const struct state *state)
{
	for (size_t i = 0; i < state->services.count; i++) {
		const struct service *service = state->services.items + i;

		require(!i || service_key_compare(&service[-1].key, &service->key) < 0);
		for (size_t j = 1; j < service->destinations.count; j++)
			require(destination_compare(service->destinations.items + j - 1,
					service->destinations.items + j) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_ipvsadm_losses_ struct ipvsadm_losses losses = {}, none = {};
	_cleanup_state_ struct state first = {}, second = {};
	_cleanup_strbuf_ struct strbuf text = {};

	ipvsadm_parse((const char *)data, size, &first, &losses);
	require_order(&first);
	ipvsadm_format(&first, &text, &none);
	ipvsadm_parse(text.text ? text.text : "", text.length, &second, &none);
	require(none.total == 0);
	require_same(&first, &second);
	return 0;
}
