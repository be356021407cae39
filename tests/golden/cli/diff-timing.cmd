# SPDX-License-Identifier: GPL-2.0-or-later
poise diff -q --timing --live input/live.json input/small.yaml 2>&1 >"$SCRATCH/o" | sed "s/[0-9.]* ms/N ms/g"
