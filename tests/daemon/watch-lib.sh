# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the cases of test-watch use: the probe started, its words counted, its counters. A case runs in a folder of its own, and
# ends at the first thing that is not as it should be. PROBE is the program.

# shellcheck source=tests/support/clock.sh
. "${BASH_SOURCE[0]%/*}/../support/clock.sh"

fail() {
	printf '%s\n' "$*" >&2
	[ ! -s probe.out ] || tail -n 15 probe.out | sed 's/^/    /' >&2
	[ ! -s probe.err ] || sed 's/^/    /' probe.err >&2
	exit 1
}

# What the probe should read: the files' bytes in a row.
hash_of() {
	cat "$@" | sha256sum | cut -c 1-16
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local clock end
	clock_read
	end=$((clock + $1 * 100))
	shift
	until "$@"; do
		clock_read
		[ "$clock" -lt "$end" ] || return 1
		sleep 0.01
	done
}

# Whatever becomes of the case, what it started goes with it.
probe='' seer=''
end_all() {
	local pid
	for pid in $probe $seer; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}

# start [--poll MILLISECONDS] PATH...: the probe, in the case's folder.
start() {
	: >probe.out
	"$PROBE" "$@" >>probe.out 2>probe.err &
	probe=$!
	trap end_all EXIT
	wait_for 20 grep -q ready probe.out || fail "the probe does not start"
}

told_more() {
	[ "$(told)" -gt "$before" ]
}

told() {
	grep -c '^changed' probe.out
}

# Asks the probe for its counters: sets changes, polled, events, overflows, watches, resident, descriptors.
counters() {
	: >probe.counters
	kill -USR1 "$probe"
	wait_for 20 [ -s probe.counters ] || fail "no counters"
	# shellcheck disable=SC2034 # some are for some cases
	read -r changes polled events overflows watches resident descriptors <probe.counters
}

watches_exceed() {
	counters
	[ "$watches" -gt "$1" ]
}

# The change begins and is over: what is told from the first on counts, and it is in time from the second on.
begin() {
	before=$(told)
	started=${EPOCHREALTIME/./}
	gaps=0 piece_begun=$started
}

# A change in pieces: each stands between piece and piece_done. Where more time lies between the
# beginning of one and the end of the next than poise waits for more, it may tell what there is.
# On a machine that keeps up there are no such gaps.
piece() {
	piece_last=$piece_begun
	piece_begun=${EPOCHREALTIME/./}
}
piece_done() {
	[ $((${EPOCHREALTIME/./} - piece_last)) -lt 95000 ] || gaps=$((gaps + 1))
}

# What a change by several programs in a row may be told: once, and again for each tenth of a second
# that they took; on a machine that keeps up they are faster than that.
at_once() {
	printf '1-%d\n' $((1 + (${EPOCHREALTIME/./} - started) / 95000))
}

last_hash() {
	grep '^changed' probe.out | tail -n 1 | cut -d ' ' -f 2
}

# A sleep that starts no process: on a busy machine that alone takes its time.
pause() {
	read -rt "$1" -u 9 || :
}
exec 9<> <(:)

# told_as COUNT HASH: at least so often since begin, and last with that.
told_as() {
	[ "$(told)" -ge $((before + $1)) ] && [ "$(last_hash)" = "$2" ]
}

# expect COUNT FILE...: since begin it is told so often ("1", or "1-3"), last with these files' content, in time
# (LATEST, in ms: the poll of 5 s, which wants to see it twice, would be later than that).
expect() {
	local least=${1%-*} most=${1#*-} want ended=${EPOCHREALTIME/./} at
	shift
	want=$(hash_of "$@")
	wait_for 20 told_as "$least" "$want" || fail "told $(($(told) - before)) times; never as it is at the end ($want)"
	at=$(grep "^changed $want" probe.out | tail -n 1 | cut -d ' ' -f 3)
	at=${at/./}
	[ $((at - ended)) -le $((${LATEST:-4500} * 1000)) ] || fail "told $(((at - ended) / 1000)) ms after the change"
	printf '%d ms after its end, %d ms after its beginning\n' $(((at - ended) / 1000)) $(((at - started) / 1000))
	sleep 1
	[ $(($(told) - before)) -le "$most" ] || fail "told $(($(told) - before)) times, wanted $most"
	[ "$(last_hash)" = "$want" ] || fail "the last content is not what is there"
}

expect_nothing() {
	sleep 1
	[ "$(told)" -eq "$before" ] || fail "told of what is not read"
}

# A second opinion: inotifywait on a folder, into witness.out.
witness() {
	inotifywait -m -e modify,close_write,moved_to,create,delete --format '%e %f' "$@" >witness.out 2>witness.err &
	seer=$!
	trap end_all EXIT
	wait_for 20 grep -q 'Watches established' witness.err || fail "inotifywait does not start"
}

witness_end() {
	kill "$seer"
	wait "$seer" 2>/dev/null || :
	seer=
}

# What was seen may come a moment later.
witnessed() {
	wait_for 20 grep -q "$1" witness.out
}
