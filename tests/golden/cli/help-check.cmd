# SPDX-License-Identifier: GPL-2.0-or-later
poise help check
