// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel knows of a network card, for who wanted it and could not have it. */
#pragma once

/* Words for free(), to follow a colon: what stands in the way of DPDK's having the card at this PCI address ("0000:03:00.0",
 * "03:00.0", with or without "pci:" and arguments), and what to do about it; NULL where that is no PCI address. `devices` is
 * the kernel's folder of them, CARD_DEVICES. */
char *card_explain(const char *devices, const char *device);

#define CARD_DEVICES "/sys/bus/pci/devices"
