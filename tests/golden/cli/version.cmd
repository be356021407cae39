# SPDX-License-Identifier: GPL-2.0-or-later
poise version; poise --version; poise version -o json
