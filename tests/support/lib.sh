# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How shell tests wait and fail; sourced by them.
#
# Whoever sources this says
#   PATIENCE    how many seconds anything may take that must come
#   case_name   which of its cases this is; it need not be set
#   tell_more   a function: what is worth knowing behind the first line of a failure; there need not be one
# shellcheck disable=SC2154 # they are set there

# shellcheck source=tests/support/clock.sh
. "${BASH_SOURCE[0]%/*}/clock.sh"

# die WHAT: the test has failed.
die() {
	printf '  FAIL    %s: %s%s\n' "${0##*/}" "${case_name:+$case_name: }" "$1"
	[ "$(type -t tell_more)" != function ] || tell_more
	exit 1
}

same() { [ "$2" = "$3" ] || die "$1: $2, not $3"; }

# until_true WHAT COMMAND…: waits until it is; WHAT has failed when it never is.
until_true() {
	local what=$1 clock end

	clock_read
	end=$((clock + PATIENCE * 100))
	shift
	until "$@"; do
		clock_read
		((clock < end)) || die "$what"
		sleep 0.1
	done
}

# soon SECONDS COMMAND…: tries it 20 times for each, and may fail. Each time starts processes, which on a busy machine takes
# longer than the pause between them.
soon() {
	local left=$(($1 * 20))

	shift
	until "$@"; do
		((left-- > 0)) || return 1
		sleep 0.05
	done
}

# until_listening NAME PROCESS SOCKET: that it has ended is known at once.
until_listening() {
	until_true "$1 does not listen" listens_or_ended "$2" "$3"
	[ -S "$3" ] || die "$1 has ended"
}
listens_or_ended() { [ -S "$2" ] || ! kill -0 "$1" 2>&-; }
