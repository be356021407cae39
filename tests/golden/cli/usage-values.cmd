# SPDX-License-Identifier: GPL-2.0-or-later
poise diff --live; poise apply --force=1; poise apply -o xml; poise schema -o yaml; poise --color=blue; poise apply --confirm-timeout 60; poise apply --confirm-timeout 1ms; poise apply --confirm-timeout 110000d; poise apply --confirm-timeout 0s; poise apply --lock-timeout soon; poise diff --out=; poise --netns=.. get
