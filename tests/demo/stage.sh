# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How a demonstration is shown; sourced. Who does so has $traffic_folder (tests/vm/traffic.sh).

color=${DEMO_COLOR:-never}
step=0
# shellcheck disable=SC2154 # who sources this sets it
said=$traffic_folder/said

# paint CODE TEXT
paint() {
	if [[ $color == always ]]; then
		printf '\e[%sm%s\e[0m\n' "$1" "$2"
	else
		printf '%s\n' "$2"
	fi
}

heading() {
	step=$((step + 1))
	echo
	paint '1;36' "── $step. $* ──"
	echo
}

# show STATUS COMMAND…: prints a command and what it says, and insists on its exit status.
show() {
	local wanted=$1 status
	shift
	paint 1 "\$ $*"
	set +e
	"$@" 2>&1 | tee "$said"
	status=${PIPESTATUS[0]}
	set -e
	[[ $status == "$wanted" ]] || wrong "\`$*\` ended with status $status, not $wanted"
}

note() {
	paint 36 "→ $*"
}

wrong() {
	echo
	paint '1;31' "This is not as it should be: $*"
	[[ ! -s $traffic_folder/complaints ]] || tail -n 12 "$traffic_folder/complaints"
	exit 1
}

# insist TEXT COMMAND…: a note when the command succeeds, else the end.
insist() {
	local text=$1
	shift
	"$@" || wrong "$text ($*)"
	note "$text"
}

UNDER_WAY=6 # connections that a client may have begun with one server, which it has not counted yet

# times N A B: server B got N times as many connections as server A, within a tenth and what is under way.
times() {
	local a=${got[at:$2]-0} b=${got[at:$3]-0}

	((a * $1 * 10 <= (b + UNDER_WAY) * 11 && b * 10 <= (a + UNDER_WAY) * $1 * 11))
}

# lines N PATTERN: so many lines of what was said last match.
lines() {
	[[ $(sed 's/\x1b\[[0-9;]*m//g' "$said" | grep -cE -- "$2") == "$1" ]]
}

nothing_said() {
	[[ ! -s $said ]]
}

# enter_folder FILE…: a folder with copies of these, under a short name where nothing else is needed from there. Mounts end
# with the machine.
enter_folder() {
	mkdir "$traffic_folder/demo"
	cp -r "$@" "$traffic_folder/demo"
	cd "$traffic_folder/demo"
	# shellcheck disable=SC2154 # who sources this sets it
	if [[ :$demo:$(readlink -f "$BUILD"): != *:/mnt/* ]]; then
		mount --bind . /mnt
		cd /mnt
	fi
}
