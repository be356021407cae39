# SPDX-License-Identifier: GPL-2.0-or-later
poise diff --live - input/prune-all.yaml < input/bare.json
