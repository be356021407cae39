# SPDX-License-Identifier: GPL-2.0-or-later
poise validate -v input/vrrp/routers.yaml
