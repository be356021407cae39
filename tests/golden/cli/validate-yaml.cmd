# SPDX-License-Identifier: GPL-2.0-or-later
poise validate -o yaml input/web.yaml
