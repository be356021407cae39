# SPDX-License-Identifier: GPL-2.0-or-later
set -o pipefail
# status_with PROBING: the line of it, where the health process is so.
status_with() {
	fake-poised <(sed "s/\"there\": false/\"there\": true, $1/" input/poised/health.json) \
		poise --run-dir "$RUN" status | grep -A 1 'checks .* late\|checks do not run'
	echo --
}
status_with '"silent_ms": 7100'
status_with '"silent_ms": null, "places": 64, "behind_ms": 2700, "full": true'
status_with '"silent_ms": null, "places": 64, "behind_ms": 61000, "full": false'
status_with '"silent_ms": null, "places": 64, "behind_ms": 0, "full": false' || :
