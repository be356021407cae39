# SPDX-License-Identifier: GPL-2.0-or-later
poise schema | head -3; poise schema --mdoc | head -4
