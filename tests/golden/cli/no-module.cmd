# SPDX-License-Identifier: GPL-2.0-or-later
poise apply --state-dir "$SCRATCH/s" --run-dir "$SCRATCH/r" no-such-file; poise apply --plan input/live.json; poise apply --plan no-such-file
