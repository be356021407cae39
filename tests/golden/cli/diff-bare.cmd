# SPDX-License-Identifier: GPL-2.0-or-later
poise diff --live input/bare.json input/small.yaml
