# SPDX-License-Identifier: GPL-2.0-or-later
poise diff -q --live input/live.json input/web.yaml
