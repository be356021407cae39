# SPDX-License-Identifier: GPL-2.0-or-later
poise version extra; poise import; poise import ipvsadm; poise import ipvsadm a b; poise import keepalived x; poise import ipvsadmn x; poise export nginx; poise export; poise export ipvsadm --live x; poise export ipvsadm --all; poise apply --plan p x; poise apply --plan p --dry-run
