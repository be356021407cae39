# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests with real connections; sourced. One network serves NAT and direct routing alike:
#
#   client 10.1.0.2 ---- fabric ---- 10.1.0.1 balancer 10.2.0.1 ---- 10.2.0.11… servers
#                          |_____________________________ 10.1.0.11… the same servers
#
# The virtual addresses are 10.1.0.100 (NAT) and 10.1.0.101 (direct). The servers answer clients in
# 10.10.0.0/16 by way of the balancer, as NAT needs it, and those in 10.11.0.0/16 directly. IPv6 is
# NAT only: 2001:db8:1::100, servers in 2001:db8:2::/64, clients in 2001:db8:10::/64.

# shellcheck source=tests/support/clock.sh
. "${BASH_SOURCE[0]%/*}/../support/clock.sh"

traffic_build=${BUILD:-build}
traffic_folder=$(mktemp -d)
traffic_failures=0
traffic_processes=()
declare -A got=()

# --- Results -----------------------------------------------------------------------------------

ok() {
	echo "ok $*"
}

fail() {
	echo "FAIL $*"
	traffic_failures=$((traffic_failures + 1))
}

# check TEXT CONDITION…: the condition is words for test, or for a function.
check() {
	local text=$1
	shift
	if "$@"; then
		ok "$text"
	else
		fail "$text ($*)"
	fi
}

die() {
	echo "FAIL $*"
	exit 1
}

# The exit status of the test.
traffic_end() {
	[[ $traffic_failures == 0 ]] || echo "FAIL $traffic_failures checks of $(basename "$0")"
	exit $((traffic_failures > 0))
}

# --- The network -------------------------------------------------------------------------------

# in_ns NAME COMMAND…
in_ns() {
	ip netns exec "traffic-$1" "${@:2}"
}

# One that programs can be started from in the background, and be ended by its process number.
start_in_ns() {
	local name=$1
	shift
	# What runs in the background gets no stdin of its own accord.
	ip netns exec "traffic-$name" "$@" <&0 &
	traffic_processes+=($!)
}

traffic_clean_up() {
	local process name
	for process in "${traffic_processes[@]}"; do
		kill -KILL "$process" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	for name in $(ip netns list | awk '/^traffic-/ { print $1 }'); do
		ip netns del "$name" || true
	done
	rm -rf "$traffic_folder"
}

# Each is a few commands of ip -batch for one namespace: programs start slowly in an emulated machine.
in_batch() {
	ip -n "traffic-$1" -batch - >"$traffic_folder/batch" 2>&1 || die "ip -batch: $(<"$traffic_folder/batch")"
}

# make_fabric N: two bridges, with a device for each server and the client.
make_fabric() {
	local i
	{
		echo "link set lo up"
		echo "link add front type bridge forward_delay 0 mcast_snooping 0"
		echo "link set front up"
		for name in client balancer "${hosts[@]}"; do
			echo "link add $name type veth peer front netns traffic-$name"
			echo "link set $name master front up"
		done
	} | in_batch fabric
}

make_client() {
	in_batch client <<-END
		link set lo up
		link set front up
		addr add 10.1.0.2/24 dev front
		addr add 2001:db8:1::2/64 dev front nodad
		route add local 10.10.0.0/15 dev lo
		route add local 2001:db8:10::/64 dev lo
	END
	in_ns client sysctl -qw net.ipv6.ip_nonlocal_bind=1
}

make_balancer() {
	local name
	{
		echo "link set lo up"
		echo "link set front up"
		echo "link add back type bridge forward_delay 0 mcast_snooping 0"
		echo "link set back up"
		for name in "${hosts[@]}"; do
			echo "link add $name type veth peer back netns traffic-$name"
			echo "link set $name master back up"
		done
		echo "addr add 10.2.0.1/24 dev back"
		echo "addr add 2001:db8:2::1/64 dev back nodad"
		echo "addr add 10.1.0.1/24 dev front"
		echo "addr add 10.1.0.100/32 dev front"
		echo "addr add 10.1.0.101/32 dev front"
		echo "addr add 2001:db8:1::1/64 dev front nodad"
		echo "addr add 2001:db8:1::100/128 dev front nodad"
		echo "route add 10.10.0.0/15 via 10.1.0.2"
		echo "route add 2001:db8:10::/64 via 2001:db8:1::2"
	} | in_batch balancer
	in_ns balancer sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.front.send_redirects=0
}

make_server() {
	in_batch "server$1" <<-END
		link set lo up
		link set front up
		link set back up
		addr add 10.1.0.$((10 + $1))/24 dev front
		addr add 10.2.0.$((10 + $1))/24 dev back
		addr add 2001:db8:2::$((10 + $1))/64 dev back nodad
		addr add 10.1.0.101/32 dev lo
		route add default via 10.2.0.1
		route add 10.11.0.0/16 via 10.1.0.2
		route add ::/0 via 2001:db8:2::1
	END
	# The virtual address of direct routing is the balancer's alone in ARP.
	in_ns "server$1" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	start_in_ns "server$1" "$traffic_build/tests/vm/tools/traffic-server" "s$1" 80 443 \
		>"$traffic_folder/server$1"
}

# make_network N: with servers 1 to N, named s1 and so on, that listen on ports 80 and 443.
make_network() {
	local i hosts=()
	trap traffic_clean_up EXIT
	for ((i = 1; i <= $1; i++)); do
		hosts+=("server$i")
	done
	printf 'netns add traffic-%s\n' fabric client balancer "${hosts[@]}" | ip -batch -
	make_fabric
	make_balancer
	make_client
	for ((i = 1; i <= $1; i++)); do
		make_server "$i"
	done
	for ((i = 1; i <= $1; i++)); do
		wait_for 60 grep -q ready "$traffic_folder/server$i" || die "server $i does not start"
	done
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
	local clock end
	clock_read
	end=$((clock + $1 * 100))
	shift
	until "$@"; do
		clock_read
		((clock < end)) || return 1
		sleep 0.05
	done
}

# --- The balancer ------------------------------------------------------------------------------

poise() {
	"$traffic_build/poise" --netns traffic-balancer --state-dir "$traffic_folder/state" \
		--run-dir "$traffic_folder/run" "$@"
}

# The file that poise applies; what to write is on stdin.
file=$traffic_folder/poise.yaml
declare_state() {
	{
		echo 'poise: 1'
		cat
	} >"$file"
}

# apply ARGUMENT…: as for poise; its output is shown only when it fails.
apply() {
	poise apply "$@" >"$traffic_folder/apply" 2>&1 && return
	fail "poise apply"
	cat "$file" "$traffic_folder/apply"
	return 1
}

# An empty table, and nothing remembered.
start_over() {
	balancer -C
	rm -rf "$traffic_folder/state"
}

balancer() {
	in_ns balancer ipvsadm "$@"
}

# weight_of SERVICE DESTINATION: as ipvsadm shows it; nothing where it is not there.
weight_of() {
	balancer -Sn | awk -v service="$1" -v destination="$2" '
		$1 == "-a" && $3 == service && $5 == destination {
			for (i = 6; i <= NF; i++) if ($i == "-w") print $(i + 1) }'
}

has_weight() {
	[[ $(weight_of "$1" "$2") == "$3" ]]
}

# --- The client --------------------------------------------------------------------------------

# start_client ARGUMENT…: those of traffic-client.
start_client() {
	mkfifo "$traffic_folder/commands" "$traffic_folder/answers"
	# Open both ways, so that nobody waits for the other side.
	exec {client_in}<>"$traffic_folder/commands" {client_out}<>"$traffic_folder/answers"
	# Another may be started beside it, for who keeps its $client_in, $client_out and $client_process.
	rm "$traffic_folder/commands" "$traffic_folder/answers"
	start_in_ns client "$traffic_build/tests/vm/tools/traffic-client" "$@" \
		<&"$client_in" >&"$client_out" 2>>"$traffic_folder/complaints"
	client_process=$!
}

# ask COMMAND…: the answer is in got[].
ask() {
	local line pair
	echo "$*" >&"$client_in"
	read -r -t 120 line <&"$client_out" || die "the client does not answer to: $*"
	got=()
	for pair in $line; do
		got[${pair%%=*}]=${pair#*=}
	done
	[[ ! -v got[opened] ]] || got[failed]=$((got[refused] + got[reset] + got[timeouts] + got[other]))
}

# count N: lets N more connections end, and the held ones exchange data; then takes the counters
# since the last time.
count() {
	ask wait "$1"
	ask mark
}

stop_client() {
	ask stop
	exec {client_in}>&- {client_out}<&-
	wait "$client_process" || fail "the client failed"
}

# no_harm WHAT CONNECTIONS HELD: since the last count at least so many connections were served, all
# of them whole, and those that are held exchanged data and are still there.
no_harm() {
	local what=$1 held=$3
	if [[ ${got[opened]} -ge $2 && ${got[failed]} == 0 && ${got[broken]} == 0 &&
		${got[held]} == "$held" && ${got[exchanged]} -ge "$held" ]]; then
		ok "$what: ${got[opened]} new connections served, none failed," \
			"${got[retransmitted]} with a packet sent again;" \
			"$held held ones exchanged ${got[exchanged]} times, none broke"
		return
	fi
	fail_harm "$what" "$2" "$held"
}

fail_harm() {
	local key text=''
	for key in "${!got[@]}"; do
		text+=" $key=${got[$key]}"
	done
	fail "$1: wanted $2 connections without a failure and $3 held:$text"
	tail -n 5 "$traffic_folder/complaints"
}

# shares TOLERANCE% NAME=WEIGHT…: the servers' shares of the new connections are as their weights.
shares() {
	local tolerance=$1 pair name weight total=0 sum=0 wanted text='' bad=0
	shift
	for pair in "$@"; do
		sum=$((sum + ${pair#*=}))
		total=$((total + ${got[at:${pair%=*}]-0}))
	done
	for pair in "$@"; do
		name=${pair%=*} weight=${pair#*=}
		wanted=$((total * weight / sum))
		text+=" $name (weight $weight) ${got[at:$name]-0}"
		((${got[at:$name]-0} * 100 >= wanted * (100 - tolerance) &&
			${got[at:$name]-0} * 100 <= wanted * (100 + tolerance))) || bad=1
	done
	check "balanced by weight, within $tolerance %:$text" [ "$bad" = 0 ]
}
