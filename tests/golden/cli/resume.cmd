# SPDX-License-Identifier: GPL-2.0-or-later
beside() {
	ASKED=1 fake-poised "input/poised/resume-$1.json" poise --run-dir "$RUN" "${@:2}"
	echo "$1: $?" >&2
}
beside awaits resume
beside awaits resume --confirm-timeout 90s
beside awaits resume --force --confirm-timeout 1m -o json
beside awaits resume --confirm-timeout 1m -q
beside awaits resume --confirm-timeout 1ms
beside same resume --confirm-timeout 1m
beside same resume
beside stays resume --confirm-timeout 1m
beside fails resume --confirm-timeout 1m
beside refused resume --confirm-timeout 1m
beside open status | sed -E 's/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/'
sed 's/"last_good": false/"last_good": true/' input/poised/resume-open.json >"$SCRATCH/last-good.json"
fake-poised "$SCRATCH/last-good.json" poise --run-dir "$RUN" status | grep 'in force'
