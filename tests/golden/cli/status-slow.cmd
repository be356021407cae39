# SPDX-License-Identifier: GPL-2.0-or-later
sed '0,/"status": {/s//&"delay": 2.5, /' input/poised/well.json >"$SCRATCH/slow.json"
ask() {
	fake-poised "$SCRATCH/slow.json" poise --run-dir "$RUN" "$@" | sed -E 's/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/'
}
ask status | head -n 1
ask status -q | head -n 1
