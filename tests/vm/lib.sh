# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For the tests of suite.d/ that look at the kernel's table with ipvsadm; sourced. (Those with real
# connections have traffic.sh.)
#
# A test is functions named case_…; run_cases runs each in a process, a network namespace and a
# folder of its own, so that no case sees what another left. In it stand:
#
#	$dir               the folder: $dir/state and $dir/run are poise's
#	$file              the declared state, written by declare
#	poise …            the program, on these
#	check, same, …     one line of result each
#
# To run one case by hand: tests/vm/run tests/vm/suite.d/70-ownership case_adopt

: "${BUILD:=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)/build}"
export BUILD
tools=$BUILD/tests/vm/tools
lib_here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
lib_failures=0

# --- Results -----------------------------------------------------------------------------------

ok() {
	echo "ok ${lib_case:-}: $*"
}

# fail TEXT: with what is on standard input, if anything, as its details.
fail() {
	echo "FAIL ${lib_case:-}: $*"
	lib_failures=$((lib_failures + 1))
}

# shellcheck source=tests/support/clock.sh
. "$lib_here/../support/clock.sh"
# shellcheck source=tests/vm/results.sh
. "$lib_here/results.sh"

# setup COMMAND…: what a case begins with. It is no check, but a case that cannot begin has failed.
setup() {
	"$@" >"$dir/said" 2>&1 && return
	fail "cannot begin: $*"
	details "$dir/said"
	exit 1
}

# check TEXT COMMAND…: it succeeds.
check() {
	check_status 0 "$@"
}

# check_status N TEXT COMMAND…: it ends with that status. What it says is in $dir/said.
check_status() {
	local wanted=$1 text=$2 status
	shift 2
	"$@" >"$dir/said" 2>&1
	status=$?
	if [[ $status == "$wanted" ]]; then
		ok "$text"
		return 0
	fi
	fail "$text (status $status, not $wanted: $*)"
	details "$dir/said"
	return 1
}

# says TEXT WORDS…: what the last check_status ran has said each of the words.
says() {
	local text=$1 word
	shift
	for word in "$@"; do
		if ! grep -qF -- "$word" "$dir/said"; then
			fail "$text (not said: $word)"
			details "$dir/said"
			return 1
		fi
	done
	ok "$text"
}

# --- What is there -----------------------------------------------------------------------------

# lists_once TEXT: whether each service of an ipvsadm listing (-Sn, -Ln) is there once.
lists_once() {
	local line
	local -A seen=()
	while IFS= read -r line; do
		[[ $line == @(-A|TCP|UDP|SCTP|FWM)\ * ]] || continue
		[[ -z ${seen[$line]:-} ]] || return 1
		seen[$line]=1
	done <<<"$1"
}

# settled COMMAND…: what it says of the table, when it has said it twice in a row with no service
# twice. A dump finds its next part by a count over the services of all network namespaces, so one
# that comes or goes in another case's makes it list an entry of ours twice or not at all.
settled() {
	local before after
	local -i tries
	before=$("$@")
	for ((tries = 0; tries < 50; tries++)); do
		after=$("$@")
		if [[ $after == "$before" ]] && lists_once "$after"; then
			[[ -z $after ]] || printf '%s\n' "$after"
			return
		fi
		before=$after
	done
	echo "no two readings agree: $*" >&2
	return 1
}

# The table as ipvsadm -R takes it, sorted.
table() {
	settled ipvsadm -Sn | LC_ALL=C sort
}

# table_of FILTER: of the services that match.
table_of() {
	table | grep -e "$1"
}

# The declared state from standard input. (A process takes a fifth of a second in TCG: no cat.)
declare_state() {
	local text
	IFS= read -rd '' text
	printf 'poise: 1\n%s' "$text" >"$file"
}

poise() {
	"$BUILD/poise" "$@" --state-dir "$dir/state" --run-dir "$dir/run"
}

# The words of poise as they are, for programs that start it.
poise_words() {
	local verb=$1
	shift
	words=("$BUILD/poise" "$verb" --state-dir "$dir/state" --run-dir "$dir/run" "$@")
}

# writes COMMAND…: runs it; what it wrote to IPVS is in $dir/writes, a line each, sorted.
writes() {
	local status
	"$tools/count-writes" "$dir/unsorted" "$@"
	status=$?
	: >"$dir/writes"
	[[ ! -s $dir/unsorted ]] || LC_ALL=C sort "$dir/unsorted" >"$dir/writes"
	return "$status"
}

# check_writes TEXT WRITES ARGUMENT…: poise with these arguments succeeds, and makes these writes:
# words, each as often as it stands there, a sysctl as sysctl:NAME.
check_writes() {
	local text=$1 listed words got
	read -ra listed <<<"$2"
	shift 2
	poise_words "$@"
	check "$text" writes "${words[@]}"
	got=$(<"$dir/writes")
	if [[ ${#listed[@]} -gt 1 ]]; then
		mapfile -t listed < <(printf '%s\n' "${listed[@]}" | LC_ALL=C sort)
	fi
	same "$text: ${#listed[@]} writes" "$(IFS=$'\n' && echo "${listed[*]}")" "${got// /:}"
}

# --- Cases -------------------------------------------------------------------------------------

# ns NAME: a network namespace beside this one, for in_ns and --netns. Its name is this case's own.
ns() {
	# Not where others have theirs: the first of a case hides those.
	if [[ -z $lib_netns ]]; then
		mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && lib_netns=1
	fi
	ip netns add "$1" && ip -n "$1" link set lo up
}

# in_ns NAME COMMAND…
in_ns() {
	nsenter --net="/run/netns/$1" -- "${@:2}"
}

# until_true SECONDS COMMAND…: tries it until it succeeds; once more when the time is over, for the
# machine may have stood still since the last try.
until_true() {
	local clock end late=
	clock_read
	end=$((clock + $1 * 100))
	shift
	until "$@" >/dev/null 2>&1; do
		[[ -z $late ]] || return 1
		clock_read
		((clock <= end)) || late=1
		sleep 0.1
	done
}

# shellcheck disable=SC2317 # the trap runs it
lib_clean_up() {
	[[ ${#lib_mounts[@]} == 0 ]] || umount "${lib_mounts[@]}" 2>/dev/null
	rm -rf "$dir"
}

lib_one_case() {
	lib_case=${0##*/}
	lib_case=${lib_case#[0-9][0-9]-}/${1#case_}
	[[ $# -gt 1 ]] && lib_case+=" ${*:2}"
	dir=$(mktemp -d) || exit 1
	file=$dir/poise.yaml
	lib_mounts=() lib_netns=
	trap lib_clean_up EXIT
	# Without any address in it the kernel finds no route, and refuses destinations.
	ip link set lo up
	"$@"
	exit $((lib_failures > 0))
}

# lib_start NUMBER CASE [ARGUMENT…]: in the background; its lines come when it has ended.
lib_start() {
	local output=$lib_folder/$1
	shift
	{
		LIB_CASE=1 unshare --net --mount "$0" "$@" >"$output" 2>&1 </dev/null
		status=$?
		if ! grep -q '^\(ok\|FAIL\) ' "$output"; then
			echo "FAIL $*: checked nothing" >>"$output"
			status=1
		fi
		# All at once, so that the lines of two cases do not mix.
		cat "$output"
		exit "$status"
	} &
}

# run_cases JOBS [CASE…]: those, or all in the order of the file; so many at a time. A case may be
# words: a function and its arguments.
run_cases() {
	local jobs=$1 case status=0 running=0 number=0
	shift
	if [[ -n ${LIB_CASE:-} ]]; then
		lib_one_case "$@"
	fi
	local cases=("$@")
	if [[ ${#cases[@]} == 0 ]]; then
		# Not from a process substitution, which some shells' wait -n would return.
		mapfile -t cases <<<"$(sed -n 's/^\(case_[a-z0-9_]*\)() {$/\1/p' "$0")"
	fi
	lib_folder=$(mktemp -d)
	trap 'rm -rf "$lib_folder"' EXIT
	for case in "${cases[@]}"; do
		if ((running == jobs)); then
			wait -n || status=1
			running=$((running - 1))
		fi
		# shellcheck disable=SC2086 # words
		lib_start $((number += 1)) $case
		running=$((running + 1))
	done
	for (( ; running > 0; running--)); do
		wait -n || status=1
	done
	exit "$status"
}
