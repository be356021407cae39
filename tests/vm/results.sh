# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What lib.sh and traffic-poised.sh say of a check alike; sourced by both, whose ok and fail it calls.

# details FILE [LINES]: what a failure wants to show.
details() {
	tail -n "${2:-20}" "$1" | sed 's/^/    /'
}

# same TEXT EXPECTED GOT: two texts are equal.
same() {
	if [[ $2 == "$3" ]]; then
		ok "$1"
		return 0
	fi
	fail "$1"
	diff -U2 --label expected --label got <(echo "$2") <(echo "$3") | sed 's/^/    /'
	return 1
}
