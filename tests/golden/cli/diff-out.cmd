# SPDX-License-Identifier: GPL-2.0-or-later
poise diff --out "$SCRATCH/plan" --live input/live.json input/small.yaml | tail -1; stat -c %a "$SCRATCH/plan"; poise diff -o json --live input/live.json input/small.yaml | cmp - "$SCRATCH/plan"; poise diff -q --out /no/such/folder/plan --live input/live.json input/small.yaml | tail -1
