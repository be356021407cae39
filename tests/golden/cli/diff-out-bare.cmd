# SPDX-License-Identifier: GPL-2.0-or-later
# A plan is bound to what was in force where it was made; of a live side that does not say that, none is saved.
poise diff -q --live input/bare.json --out "$SCRATCH/bare.plan" input/small.yaml
ls "$SCRATCH/bare.plan"
jq 'del(.revision)' input/live.json | poise diff -q --live - --out "$SCRATCH/bare.plan" input/small.yaml
jq '.revision = "12ab"' input/live.json | poise diff -q --live - input/small.yaml
jq '.revision = 1' input/live.json | poise diff -q --live - input/small.yaml
poise diff -q --live input/live.json --out "$SCRATCH/plan" input/small.yaml | tail -1
jq -r .applied "$SCRATCH/plan"
