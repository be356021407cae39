# SPDX-License-Identifier: GPL-2.0-or-later
# A service that is not declared any more stays until its destinations have drained: it is named, and counted.
poise diff --live input/leaving.json input/small.yaml
poise diff -v --live input/leaving.json input/small.yaml
poise diff -o json --live input/leaving.json input/small.yaml | jq -c .notes,.totals
