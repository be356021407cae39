# SPDX-License-Identifier: GPL-2.0-or-later
poise export ipvsadm no-such-file; printf "poise: 2\n" | poise export ipvsadm -
