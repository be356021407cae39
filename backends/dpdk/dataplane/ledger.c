// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/dpdk/dataplane/ledger.h"

#include "base/memory.h"
#include "base/vector.h"

struct ledger_service *ledger_service_new(uint32_t count)
{
	struct ledger_service *service =
		memory_new(sizeof(*service) + count * sizeof(*service->destinations));

	service->references = 1;
	service->count = count;
	return service;
}

struct ledger_service *ledger_service_ref(struct ledger_service *service)
{
	service->references++;
	return service;
}

void ledger_service_unref(struct ledger_service *service)
{
	if (--service->references)
		return;
	if (service->image)
		service_image_unref(service->image);
	free(service);
}

struct ledger *ledger_new(uint64_t number, struct ways *ways, uint32_t count)
{
	struct ledger *ledger =
		memory_new(sizeof(*ledger) + count * sizeof(struct ledger_service *));

	ledger->references = 1;
	ledger->number = number;
	ledger->ways = ways;
	ledger->count = count;
	return ledger;
}

struct ledger *ledger_ref(struct ledger *ledger)
{
	ledger->references++;
	return ledger;
}

struct ledger *ledger_unref(struct ledger *ledger)
{
	if (!ledger || --ledger->references)
		return NULL;
	for (uint32_t i = 0; i < ledger->count; i++)
		ledger_service_unref(ledger->services[i]);
	ways_unref(ledger->ways);
	free(ledger);
	return NULL;
}

static int ledger_compare(const void *key, const void *item)
{
	const struct ledger_service *const *service = item;

	return service_key_compare(key, &(*service)->key);
}

struct ledger_service *ledger_find(const struct ledger *ledger, const struct service_key *key)
{
	const size_t size = sizeof(struct ledger_service *); // NOLINT(bugprone-sizeof-expression)
	struct ledger_service *const *found =
		vector_find_(key, ledger->services, ledger->count, size, ledger_compare);

	return found ? *found : NULL;
}

struct generation *ledger_generation(const struct ledger *ledger)
{
	const size_t size = sizeof(struct service_image *); // NOLINT(bugprone-sizeof-expression)
	struct service_image **images = memory_resize(NULL, ledger->count, size);

	for (uint32_t i = 0; i < ledger->count; i++)
		images[i] = service_image_ref(ledger->services[i]->image);
	return generation_new(ledger->number, images, ledger->count);
}
