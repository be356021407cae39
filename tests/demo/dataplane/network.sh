# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The network of the data plane's demonstration; sourced behind tests/vm/traffic.sh, whose client and servers these are:
#
#	client 10.1.0.2 ---- front ---- 10.1.0.1 balancer 10.2.0.1 ---- back ---- 10.2.0.11… servers
#	                       |__________________________________________________ 10.1.0.11… the same servers
#
# The two bridges are in a namespace of their own. The balancer's has the ends of two links, without an address: what
# forwards there is poise-dataplane alone. Its kernel has 10.2.0.2 on an exception port, by which poised reaches the
# servers. The servers answer clients in 10.10.0.0/16 by way of the
# balancer, and those in 10.11.0.0/16 straight.
#
# Kernels leave checksums unfinished between the ends of a veth pair, and join packets: no card is there to make up for it.
# So both are turned off.

# shellcheck disable=SC2154 # traffic.sh sets it
network_null=$traffic_folder/null

# make_link BRIDGE NAME: the device has the bridge's name there.
make_link() {
	in_batch fabric <<-END
		link add $1-$2 type veth peer $1 netns traffic-$2
		link set $1-$2 master $1 up
	END
	in_ns fabric ethtool -K "$1-$2" tx off gro off >"$network_null"
	in_ns "$2" ethtool -K "$1" tx off gro off >"$network_null"
	in_batch "$2" <<-END
		link set lo up
		link set $1 up
	END
}

make_bridge() {
	in_batch fabric <<-END
		link add $1 type bridge forward_delay 0 mcast_snooping 0
		link set $1 up
	END
}

make_dataplane_server() {
	make_link front "server$1"
	make_link back "server$1"
	in_batch "server$1" <<-END
		addr add 10.1.0.$((10 + $1))/24 dev front
		addr add 10.2.0.$((10 + $1))/24 dev back
		addr add 10.1.0.101/32 dev lo
		route add default via 10.2.0.1
		route add 10.11.0.0/16 via 10.1.0.2
	END
	# The virtual address of direct routing is the balancer's alone in ARP.
	in_ns "server$1" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	start_in_ns "server$1" "$traffic_build/tests/vm/tools/traffic-server" "s$1" 80 >"$traffic_folder/server$1"
}

# make_dataplane_network N: with servers 1 to N.
make_dataplane_network() {
	local i names=(fabric client balancer)

	trap traffic_clean_up EXIT
	for ((i = 1; i <= $1; i++)); do
		names+=("server$i")
	done
	printf 'netns add traffic-%s\n' "${names[@]}" | ip -batch -
	make_bridge front
	make_bridge back
	make_link front balancer
	make_link back balancer
	make_link front client
	# The kernel's way to the servers, which stays when poise-dataplane ends.
	in_ns balancer ip tuntap add lan0 mode tap
	in_batch balancer <<-END
		addr add 10.2.0.2/24 dev lan0
		link set lan0 up
	END
	in_batch client <<-END
		addr add 10.1.0.2/24 dev front
		route add local 10.10.0.0/15 dev lo
		route add 10.1.0.100/32 dev front src 10.10.0.200
	END
	for ((i = 1; i <= $1; i++)); do
		make_dataplane_server "$i"
	done
	for ((i = 1; i <= $1; i++)); do
		wait_for 60 grep -q ready "$traffic_folder/server$i" || die "server $i does not start"
	done
}
