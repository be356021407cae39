# SPDX-License-Identifier: GPL-2.0-or-later
poise aply; poise nonsense; poise status; poise help drian; poise help drain; poise vali; poise conf; poise he
