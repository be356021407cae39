# SPDX-License-Identifier: GPL-2.0-or-later
poise export ipvsadm input/vrrp/routers.yaml
