# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# With few descriptors probes wait for one another: each is tried.
{
	printf 'poise: 1\nchecks: {web: {tcp: {}, timeout: 1m}}\nservices:\n  many:\n    listen: tcp://203.0.113.10:80\n'
	printf '    check: web\n    destinations:\n'
	printf '      - "127.0.0.%d:1"\n' {1..100}
} >"$SCRATCH/many.yaml"
(ulimit -n 24 && poise check many "$SCRATCH/many.yaml") >"$SCRATCH/said"
echo "ends with $?"
grep -c 'connect: refused' "$SCRATCH/said"
grep -c 'not tried' "$SCRATCH/said"
