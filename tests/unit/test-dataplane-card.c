// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a card cannot be had, from a folder that looks like the kernel's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "backends/dpdk/dataplane/card.h"
#include "base/memory.h"
#include "tests/support/folder.h"

/* A card that this driver has; NULL: none. */
static void add_card(const char *folder, const char *name, const char *driver)
{
	_cleanup_free_ char *card = folder_path(folder, name);
	_cleanup_free_ char *link = memory_printf("%s/driver", card);
	_cleanup_free_ char *target =
		driver ? memory_printf("../../../../bus/pci/drivers/%s", driver) : NULL;

	assert_int_equal(mkdir(card, 0700), 0);
	assert_true(!target || symlink(target, link) == 0);
}

static void cards_are_explained(void **state)
{
	static const struct {
		const char *device, *words;
	} rows[] = {
		{"0000:03:00.0", "ixgbe has the card: take its interface down, then "
				 "dpdk-devbind.py --bind=vfio-pci 0000:03:00.0"},
		{"03:00.0", "ixgbe has the card"},
		{"pci:0000:03:00.0", "--bind=vfio-pci 0000:03:00.0"},
		{"0000:3B:00.1", "it is bound to vfio-pci: what DPDK says above"},
		{"3b:00.1,key=value", "it is bound to vfio-pci"},
		{"0000:05:00.0", "its driver mlx5_core shares it with DPDK"},
		{"0000:06:00.0", "no driver has the card: dpdk-devbind.py --bind=vfio-pci"},
		{"07:00.0", "there is no card 0000:07:00.0"},
	};
	char *folder = folder_make();

	(void)state;
	add_card(folder, "0000:03:00.0", "ixgbe");
	add_card(folder, "0000:3b:00.1", "vfio-pci");
	add_card(folder, "0000:05:00.0", "mlx5_core");
	add_card(folder, "0000:06:00.0", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		_cleanup_free_ char *words = card_explain(folder, rows[i].device);

		if (!words || !strstr(words, rows[i].words))
			fail_msg("of %s: %s", rows[i].device, words);
	}
	folder_remove(folder);
}

static void others_are_no_cards(void **state)
{
	(void)state;
	assert_null(card_explain(CARD_DEVICES, "net_af_packet,iface=eth0"));
	assert_null(card_explain(CARD_DEVICES, "auxiliary:mlx5_core.sf.1"));
	assert_null(card_explain(CARD_DEVICES, "net_bonding0,slave=0000:03:00.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cards_are_explained),
		cmocka_unit_test(others_are_no_cards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
