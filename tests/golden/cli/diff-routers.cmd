# SPDX-License-Identifier: GPL-2.0-or-later
# Without poised: virtual routers are taken as active, with all that follows from it, and that is said.
poise diff --live input/bare.json input/vrrp/routers.yaml
sed '/^  inside/,/^services/{/^services/!d}; /standby/d' input/vrrp/routers.yaml | poise diff --live input/bare.json - | tail -1
