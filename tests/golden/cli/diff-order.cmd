# SPDX-License-Identifier: GPL-2.0-or-later
poise diff -v --live input/live.json input/small.yaml
