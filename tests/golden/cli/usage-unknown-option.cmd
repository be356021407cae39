# SPDX-License-Identifier: GPL-2.0-or-later
poise apply --forse; poise apply -x; poise diff --nonsense=1; poise --netsn=a get; poise get --force
