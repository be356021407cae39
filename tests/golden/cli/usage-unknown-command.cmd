# SPDX-License-Identifier: GPL-2.0-or-later
poise aply; poise nonsense; poise help drian; poise vali; poise conf; poise he
