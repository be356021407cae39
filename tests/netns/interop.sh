# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests beside other people's VRRP have in common; sourced by test-keepalived and test-frr.
#
# Three network namespaces: `a` has a whole poised, `b` the peer, and the test's own one is the link between them, a bridge, with a
# client on it that has nothing to do with VRRP. The client's table of neighbours says who answers for the address: that is
# the network's own view, beside those of the two.
#
# The peer is these functions of who sources this:
#   peer_start PRIORITY, peer_priority PRIORITY, peer_stop, peer_crash	resigning, and not
#   peer_is active|backup		by its own word
#   peer_heard			how many advertisements it took
#   peer_resigned			whether it took one with priority 0
#   peer_errors			what it did not take, in its own words; nothing when it took all
#   peer_forget			what it did not take until now
#   peer_carries ADDRESS		whether that is on an interface of its that is up
#   peer_log				what it said of itself, for who looks at a failure
# shellcheck disable=SC2034 # whoever sources this uses them
BUILD=${BUILD:-build}
POISED=$BUILD/tests/bench/memory-poised
POISE=$BUILD/poise
PATIENCE=${PATIENCE:-90} # seconds for anything that must come
export LC_ALL=C.UTF-8
unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID JOURNAL_STREAM INVOCATION_ID
# The sanitizers cannot look for leaks in a sandbox.
export ASAN_OPTIONS=detect_leaks=0

VRID=51
OURS4=10.0.0.1 THEIRS4=10.0.0.2 SHARED4=10.0.0.100
OURS6=2001:db8::1 THEIRS6=2001:db8::2 SHARED6=2001:db8::100
LINK_LOCAL=fe80::200:5eff:fe00:233 # what poise inserts before the others
VIRTUAL_MAC4=00:00:5e:00:01:33 VIRTUAL_MAC6=00:00:5e:00:02:33

# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"

tell_more() {
	local name

	[ -s "$work/log.a" ] && sed 's/^/            a: /' "$work/log.a" | tail -n 30
	peer_log | sed 's/^/            b: /' | tail -n 40
	for name in a b; do "in_$name" ip addr | sed "s/^/            $name: /"; done
	ip neigh show dev br0 | sed 's/^/            client: /'
	bridge fdb show br br0 | grep -v permanent | sed 's/^/            link: /'
}

# The namespaces, each that of a process that does nothing but have it.

declare -A space=()
in_a() { nsenter -t "${space[a]}" -n "$@"; }
in_b() { nsenter -t "${space[b]}" -n "$@"; }
space_is_there() { [ "$(readlink "/proc/${space[$1]}/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

add_space() {
	unshare -n sleep infinity &
	space[$1]=$!
	disown "${space[$1]}"
	until_true "no namespace $1" space_is_there "$1"
	ip link add "to-$1" type veth peer name v0 netns "${space[$1]}"
	ip link set "to-$1" master br0 up
	"in_$1" ip link set lo up
	"in_$1" ip addr add "$2/24" dev v0
	"in_$1" ip addr add "$3/64" dev v0 nodad
	"in_$1" ip link set v0 up
}

wire() {
	: >"$work/log.a"
	ip link set lo up
	ip link add br0 type bridge mcast_snooping 0
	ip addr add 10.0.0.9/24 dev br0
	ip addr add 2001:db8::9/64 dev br0 nodad
	ip link set br0 up
	add_space a $OURS4 $OURS6
	add_space b $THEIRS4 $THEIRS6
	until_true 'no link-local address' link_local
}
link_local() {
	local name

	for name in a b; do
		grep -q 'inet6 fe80.*scope link' <<<"$("in_$name" ip -6 addr show dev v0 -tentative)" || return 1
	done
}

unwire() {
	local children=() child clock end

	clock_read
	end=$((clock + PATIENCE * 100))
	[ ${#pid[@]} -gt 0 ] && mapfile -t children < <(pgrep -P "$(IFS=,; echo "${pid[*]}")")
	kill -KILL "${space[@]}" "${pid[@]}" 2>"$work/null"
	wait 2>"$work/null"
	# They end with who started them, but not before; and they write.
	for child in "${children[@]}"; do
		while grep -q '^State:.[^Z]' "/proc/$child/status" 2>"$work/null" && ((clock < end)); do
			sleep 0.05
			clock_read
		done
	done
}

# poised in `a`.

declare -A pid=()
start() {
	mkdir -p "$work/state" "$work/run"
	# No function: that would be a shell of its own, with that number.
	nsenter -t "${space[a]}" -n "$POISED" --state-dir "$work/state" --run-dir "$work/run" "$work/a.yaml" >>"$work/log.a" 2>&1 &
	pid[a]=$!
}

stop() {
	kill -TERM "${pid[a]}"
	wait "${pid[a]}" || die "poised ended with $?"
	unset 'pid[a]'
}

# All of its processes at once. What they leave is left.
crash() {
	{ kill -KILL "${pid[a]}" && wait "${pid[a]}"; } 2>"$work/null"
	unset 'pid[a]'
}

status() { "$POISE" --run-dir "$work/run" status -o json 2>"$work/null"; }
# router FILTER: of each virtual router, a line.
reload() { "$POISE" --run-dir "$work/run" reload >>"$work/log.a" 2>&1 || die "it does not reload"; }
router() { status | jq -r ".routers[] | $1"; }
# All of them, of either family.
is() { [ "$(router .state | sort -u)" = "$1" ]; }
becomes() { until_true "poised is not $1" is "$1"; }
# Of those of the right peer, taken.
heard() { router .heard | sort -n | head -n 1; }

# What poised says from here on; a line is not forgotten when another follows.
forget() { mark=$(stat -c %s "$work/log.a"); }
says() { grep -qE -- "$1" <<<"$(tail -c "+$((mark + 1))" "$work/log.a")"; }
await() { until_true "poised does not say: $1" says "$1"; }

# The file as a whole, in one go: it is watched. declare_router PRIORITY [LINE…]
declare_router() {
	local priority=$1

	shift
	{
		printf 'poise: 1\nvrrp:\n  web:\n    interface: v0\n    vrid: %s\n    priority: %s\n' $VRID "$priority"
		[ $# -gt 0 ] && printf '    %s\n' "$@"
		printf 'services:\n  web: {listen: ["%s"], destinations: ["%s"], vrrp: web, standby: remove}\n' \
			"$listen" "$destination"
	} >"$work/new.yaml"
	mv "$work/new.yaml" "$work/a.yaml"
}

# A service that follows the virtual router: of one of its addresses.
declare_service() {
	listen="tcp://$SHARED4:80" destination=10.0.0.50
	if [ "$1" = "$SHARED6" ]; then
		listen="tcp://[$SHARED6]:80" destination=2001:db8::50
	fi
}
serves() { grep -qF "\"$listen\"" <<<"$("$POISE" --run-dir "$work/run" ctl live 2>"$work/null")"; }
idles() { ! serves; }

# Advertisements of poised are real-time. A peer that has no processor for a second yields, which is not what this is about.
URGENTLY=(nice -n -39)

# Who has an address: in its own namespace, and for the client.

addresses() { "in_$1" ip -j addr show | jq -r '.[].addr_info[]? | .local'; }
has() { grep -qFx "$2" <<<"$(addresses "$1")"; }
lacks() { ! has "$@"; }
mac_of() { "in_$1" ip -j link show dev "${2:-v0}" | jq -r '.[].address'; }

# A datagram that nobody wants: the client asks who has the address.
knock() { printf x >"/dev/udp/$1/9"; } 2>"$work/null"
answers() {
	knock "$1"
	[ "$(ip -j neigh show dev br0 to "$1" | jq -r '.[].lladdr // empty')" = "$2" ]
}

# only_has a|b ADDRESS…: exactly one, and the client knows.
only_has() {
	local who=$1 address

	shift
	for address in "$@"; do
		if [ "$who" = a ]; then
			until_true "poised is active without $address" has a "$address"
			until_true "the peer keeps $address" peer_lacks "$address"
		else
			until_true "the peer is active without $address" peer_carries "$address"
			until_true "poised keeps $address" lacks a "$address"
		fi
		until_true "the client does not find $address at $who" answers "$address" "$(mac_for "$who" "$address")"
	done
}
peer_lacks() { ! peer_carries "$1"; }
# Where a virtual MAC is used, by $virtual (a word: a, b), it is that.
mac_for() {
	if [[ " $virtual " == *" $1 "* ]]; then
		if [[ $2 == *:* ]]; then echo $VIRTUAL_MAC6; else echo $VIRTUAL_MAC4; fi
	else
		mac_of "$1"
	fi
}

peer_becomes() { until_true "the peer is not $1" peer_is "$1"; }

# That each takes what the other says while `a` or `b` is active: more and more, and nothing else.
peer_takes() {
	local before

	until_true 'the peer tells nothing' eval 'before=$(peer_heard) && [ -n "$before" ]'
	until_true 'the peer does not take what poised advertises' eval '[ "$(peer_heard)" -ge $((before + 3)) ]'
}
poised_takes() {
	local before

	until_true 'poised tells nothing' eval 'before=$(heard) && [ -n "$before" ]'
	until_true 'poised does not take what the peer advertises' eval '[ "$(heard)" -ge $((before + 3)) ]'
}
nothing_is_rejected() {
	same 'what poised rejected' "$(router '.rejected | tostring' | sort -u)" '{}'
	[ ! -v 'pid[b]' ] || same 'what the peer rejected' "$(peer_errors)" ''
}

# Never before three intervals and the skew are over: silence PEER MILLISECONDS, as poised told it.
silence() {
	local words="no advertisement of $1 for ([0-9]+\\.[0-9]+) s" waited

	await "$words"
	waited=$(tail -c "+$((mark + 1))" "$work/log.a" | grep -E "$words" | sed -E "s/.* for ([0-9.]+) s.*/\1/" | head -n 1)
	# It is rounded.
	awk -v waited="$waited" -v least="$2" 'BEGIN { exit !(waited * 1000 + 10 >= least) }' ||
		die "poised took over after $waited s, and not after $2 ms"
}

# The whole of it, in both roles. story DOWN SOURCE ADDRESS…: how long a silent peer is waited for at least (ms), where it
# speaks from, and what is shared. $declared has the lines of the file.
story() {
	local down=$1 source=$2

	shift 2
	forget
	declare_router 200 "${declared[@]}"
	start
	becomes active
	only_has a "$@"
	until_true 'poised does not serve' serves

	# The worse one comes, hears, and keeps quiet.
	peer_start 150
	peer_becomes backup
	becomes active
	peer_takes
	# But for the first ones, whose checksum had another form than its own.
	peer_forget
	peer_takes
	nothing_is_rejected
	only_has a "$@"

	# An end in order: the other one need not wait.
	stop
	peer_becomes active
	peer_resigned || die 'the peer did not hear that poised resigned'
	only_has b "$@"

	# The better one is back.
	forget
	start
	await "$source has priority 150, .*less"
	becomes active
	peer_becomes backup
	only_has a "$@"
	until_true 'poised does not serve' serves

	# It is gone without a word; its addresses stay where nobody is left to remove them.
	crash
	peer_becomes active
	until_true 'the peer is active without an address' peer_carries "$1"
	start
	becomes active
	peer_becomes backup
	peer_takes
	only_has a "$@"

	# The other one is better now, and poised yields.
	forget
	peer_priority 250
	await "backup: .*$source has priority 250"
	becomes backup
	peer_becomes active
	poised_takes
	nothing_is_rejected
	only_has b "$@"
	until_true 'poised serves as backup' idles

	# That one is gone without a word.
	forget
	peer_crash
	silence "$source" "$down"
	becomes active
	until_true 'poised has no address' has a "$1"
	peer_start 250
	peer_becomes active
	becomes backup
	poised_takes
	only_has b "$@"

	# And in order.
	forget
	peer_stop
	await "active: .*$source resigned"
	becomes active
	nothing_is_rejected
	only_has a "$@"
	stop
	lacks a "$1" || die 'poised stopped and has the address'
}

# run_cases SCRATCH CASE…: each in a namespace of its own, $AT_ONCE of them at the same time.
run_cases() {
	local scratch=$1 name

	shift
	for name in "$@"; do
		mkdir "$scratch/$name"
		while [ "$(jobs -rp | wc -l)" -ge "$AT_ONCE" ]; do wait -n; done
		BUILD=$BUILD unshare -n "$0" --inside "$scratch/$name" "$name" >"$scratch/$name.said" 2>&1 ||
			echo "$name" >>"$scratch/failed" &
	done
	wait
	cat "$scratch"/*.said
	[ ! -e "$scratch/failed" ] || exit 1
	printf '  PASS    %s (%d cases)\n' "${0##*/}" $#
}
