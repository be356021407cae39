# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small world for real traffic through poise-dataplane; sourced by tests/dataplane/test-*.
#
#	client ---- front ---- balancer ---- back ---- server 1, server 2, …
#	   |                                  |
#	   +----------------------------------+	what `direct` and `tunnel` servers answer by
#
# Each is a network namespace; the test's own one has the two bridges. The balancer's has nothing but the two
# ends of its links and poise-dataplane: its kernel has no address, and IPv6 is off. Servers find clients
# through the balancer, but for what comes from a virtual address, which lies on their `lo`, too: that goes
# straight to the client.
#
# Every veth sends finished checksums (ethtool -K tx off): a frame between two kernels may else carry half of
# one. The ends of tunnels are tests/dataplane/tunnel-end: this kernel may have no ipip, sit, ip6tnl, gre and fou.
# $work is a folder of whoever sources this.
# shellcheck disable=SC2034,SC2154 # they are used, and set, there
BUILD=${BUILD:-build}
PATIENCE=${PATIENCE:-60} # seconds for anything that must come
export LC_ALL=C.UTF-8
# The sanitizers cannot look for leaks in a sandbox.
export ASAN_OPTIONS=detect_leaks=0

CLIENT4=192.0.2.20 CLIENT6=2001:db8:c::20
CLIENT_BACK4=10.0.0.100 CLIENT_BACK6=2001:db8:5::100
FRONT4=192.0.2.1 FRONT6=2001:db8:c::1
BACK4=10.0.0.1 BACK6=2001:db8:5::1
VIRTUAL4=203.0.113 VIRTUAL6=2001:db8:aa: # and a number
GUE_PORT=6080
# What its figures are found by: tests run beside each other, and share /run/dpdk.
PREFIX=poise-${work##*.}

server4() { echo "10.0.0.1$1"; }
server6() { echo "2001:db8:5::1$1"; }

# shellcheck source=tests/support/lib.sh
. tests/support/lib.sh

tell_more() {
	local file

	for file in "$work"/*.log; do
		[ -s "$file" ] && tail -n 20 "$file" | sed "s|^|            ${file##*/}: |"
	done
}

# The namespaces, each that of a process that does nothing but have it.

declare -A space=()
within() {
	local name=$1

	shift
	nsenter -t "${space[$name]}" -n "$@"
}
space_is_there() { [ "$(readlink "/proc/${space[$1]}/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

add_space() {
	unshare -n sleep infinity &
	space[$1]=$!
	disown "${space[$1]}"
	until_true "no namespace $1" space_is_there "$1"
	within "$1" ip link set lo up
	within "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
}

# add_link NAMESPACE BRIDGE [ADDRESS…]: its end has the bridge's name.
add_link() {
	local name=$1 bridge=$2 address

	shift 2
	ip link add "$name-$bridge" type veth peer name "$bridge" netns "${space[$name]}"
	ip link set "$name-$bridge" master "$bridge" up
	ethtool -K "$name-$bridge" tx off gro off >"$work/null"
	within "$name" ethtool -K "$bridge" tx off gro off >"$work/null"
	for address in "$@"; do
		within "$name" ip addr add "$address" dev "$bridge"
	done
	within "$name" ip link set "$bridge" up
}

add_bridge() {
	ip link add "$1" type bridge mcast_snooping 0
	sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1"
	ip link set "$1" up
}

add_client() {
	add_space client
	add_link client front $CLIENT4/24 $CLIENT6/64
	add_link client back $CLIENT_BACK4/24 $CLIENT_BACK6/64
	within client ip route add $VIRTUAL4.0/24 via $FRONT4
	within client ip route add ${VIRTUAL6}:/64 via $FRONT6
}

# add_balancer NAME: that of the functions below is `balancer`.
add_balancer() {
	local name=$1

	add_space "$name"
	within "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	add_link "$name" front
	add_link "$name" back
}

# add_server NUMBER: a web server that says its number, on port 80; below /files/ it takes what is put there, and has it.
add_server() {
	local name=server$1

	add_space "$name"
	add_link "$name" back "$(server4 "$1")/24" "$(server6 "$1")/64"
	# One that comes back is the same machine, and need not be looked for.
	within "$name" ip link set back address "02:00:00:00:01:0$1"
	within "$name" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	within "$name" ip route add default via $BACK4
	within "$name" ip route add default via $BACK6
	within "$name" ip rule add from $VIRTUAL4.0/24 lookup 100
	within "$name" ip route add default via $CLIENT_BACK4 table 100
	within "$name" ip -6 rule add from ${VIRTUAL6}:/64 lookup 100
	within "$name" ip -6 route add default via $CLIENT_BACK6 table 100
	start_web "$1"
	within "$name" tests/dataplane/tunnel-end $GUE_PORT >"$work/$name.ready" 2>"$work/$name-tunnel.log" &
	until_true "no tunnels end at $name" grep -qs ready "$work/$name.ready"
}

# A virtual address that is a server's too: of `direct` and `tunnel`. share NUMBER, of all servers.
share() {
	local name

	for name in "${!space[@]}"; do
		[[ $name != server* ]] || share_with "$name" "$1"
	done
}
share_with() {
	within "$1" ip addr add "$VIRTUAL4.$2/32" dev lo
	within "$1" ip addr add "${VIRTUAL6}:$2/128" dev lo nodad
}

start_web() {
	local folder=$work/web$1

	mkdir -p "$folder/files"
	cat >"$folder/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $folder/pid;
		error_log $folder.log error;
		events { }
		http {
			access_log off;
			client_body_temp_path $folder;
			client_max_body_size 0;
			keepalive_requests 1000000;
			server {
				listen 80;
				listen [::]:80;
				location / { return 200 "server $1\n"; }
				location /files/ {
					root $folder;
					dav_methods PUT;
				}
			}
		}
	END
	within "server$1" nginx -p "$folder" -c "$folder/nginx.conf" >"$folder.log" 2>&1 &
	until_true "server $1 does not listen" grep -qE ':0050 .* 0A ' "/proc/${space[server$1]}/net/tcp"
}

# make_world SERVERS
make_world() {
	local number

	add_bridge front
	add_bridge back
	add_client
	add_balancer balancer
	for ((number = 1; number <= $1; number++)); do add_server "$number"; done
}

# The balancer: start_balancer runs what forwards, apply_file fills it with the file, stop_balancer ends it.

# write_file <SERVICES: the file, with the lines below `services:` as they are. $settings has more lines of
# `dpdk:` ("  workers: 2"), $front and $back more keys of those ports (", mtu: 9000"), and $front_interface is what
# that port stands on.
settings='' front='' back='' front_interface=front
write_file() {
	{
		cat <<-END
			poise: 1
			backend: dpdk
			dpdk:
			  eal: [--file-prefix=$PREFIX]
			  ports:
			    front: {device: "net_af_packet,iface=$front_interface", addresses: [$FRONT4/24, "$FRONT6/64"]$front}
			    back: {device: "net_af_packet,iface=back", addresses: [$BACK4/24, "$BACK6/64"]$back}
		END
		[ -z "$settings" ] || printf '%s\n' "$settings"
		echo 'services:'
		cat
	} >"$work/poise.new"
	mv "$work/poise.new" "$work/poise.yaml"
}

start_balancer() {
	mkdir -p "$work/run" "$work/state"
	# No function: that would be a shell of its own, with that number.
	nsenter -t "${space[balancer]}" -n "$BUILD/poise-dataplane" --log stderr --run-dir "$work/run" \
		"$work/poise.yaml" >>"$work/dataplane.log" 2>&1 &
	dataplane=$!
	until_listening poise-dataplane "$dataplane" "$work/run/dataplane.sock"
}

stop_balancer() {
	kill -TERM "$dataplane"
	wait "$dataplane" || die "poise-dataplane ended with $?"
}

# The thread for all that is not established traffic.
attendant() {
	local name

	for name in "/proc/$dataplane/task/"*/comm; do
		[ "$(cat "$name")" != poise-attendant ] || basename "$(dirname "$name")"
	done
}

# stall THREAD CALL [OPTION…]: it will stand still in that call, as if the kernel took its time, until let_go_on. With
# options of strace: -f is all threads, -P PATH what is about that.
stall() {
	strace -qq -o "$work/null" -p "$1" -e trace="$2" -e inject="$2:delay_enter=600s" "${@:3}" 2>"$work/strace.log" &
	stall=$!
	until_true "no thread $1 is there to be stalled" grep -q '^TracerPid:.*[1-9]' "/proc/$dataplane/task/$1/status"
}
let_go_on() {
	kill -TERM "$stall"
	wait "$stall"
}

# What an end of the test must not leave.
leave() { rm -rf "$work" "/run/dpdk/$PREFIX"*; }

# figure OBJECT NAME: what it counts now ("worker,0" forwarded); 0 for a reason that never came up.
figure() { tests/dataplane/figures "$PREFIX" "/poise/$1" | jq -e ".[] | .$2 // 0"; }

apply_file() {
	"$BUILD/poise" --state-dir "$work/state" --run-dir "$work/run" apply --no-wait --force "$work/poise.yaml" \
		>>"$work/poise.log" 2>&1 || die 'poise does not apply'
}
