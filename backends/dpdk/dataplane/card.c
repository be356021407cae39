// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/dpdk/dataplane/card.h"

#include <limits.h>
#include <rte_pci.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* Drivers that leave a card to DPDK altogether, and those that share it. */
static const char *const handing_drivers[] = {"vfio-pci", "uio_pci_generic", "igb_uio"};
static const char *const sharing_drivers[] = {"mlx5_core"};

/* The driver that a card is bound to; "": none. False where there is no such card. */
static bool read_driver(const char *devices, const char *name, char driver[static PATH_MAX])
{
	_cleanup_free_ char *card = memory_printf("%s/%s", devices, name);
	_cleanup_free_ char *link = memory_printf("%s/driver", card);
	ssize_t length = readlink(link, driver, PATH_MAX - 1);
	char *last;

	driver[length > 0 ? length : 0] = '\0';
	last = strrchr(driver, '/');
	if (last)
		memmove(driver, last + 1, strlen(last));
	return access(card, F_OK) == 0;
}

static bool is_one_of(const char *driver, const char *const *drivers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(driver, drivers[i]) == 0)
			return true;
	return false;
}

char *card_explain(const char *devices, const char *device)
{
	static const char bus[] = "pci:";
	char name[PCI_PRI_STR_SIZE], driver[PATH_MAX];
	struct rte_pci_addr address;

	if (strncmp(device, bus, strlen(bus)) == 0)
		device += strlen(bus);
	_cleanup_free_ char *bare = memory_copy_bytes(device, strcspn(device, ","));
	if (rte_pci_addr_parse(bare, &address) < 0)
		return NULL;
	rte_pci_device_name(&address, name, sizeof(name));
	if (!read_driver(devices, name, driver))
		return memory_printf("there is no card %s: lspci -D lists them", name);
	if (!driver[0])
		return memory_printf(
			"no driver has the card: dpdk-devbind.py --bind=vfio-pci %s", name);
	if (is_one_of(driver, handing_drivers, ARRAY_LENGTH(handing_drivers)))
		return memory_printf(
			"it is bound to %s: what DPDK says above is the reason", driver);
	if (is_one_of(driver, sharing_drivers, ARRAY_LENGTH(sharing_drivers)))
		return memory_printf("its driver %s shares it with DPDK by ib_uverbs and "
				     "ibverbs-providers: are they there?",
			driver);
	return memory_printf("%s has the card: take its interface down, then dpdk-devbind.py "
			     "--bind=vfio-pci %s",
		driver, name);
}
