# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what is here and there is for the others
#
# For tests with real connections that run poised; sourced after traffic.sh, and brings poised.sh.
# The table that it looks at is the balancer's.

: "${BUILD:=$traffic_build}"
dir=$traffic_folder

# shellcheck source=tests/vm/results.sh
. "${BASH_SOURCE[0]%/*}/results.sh"

# What poised.sh takes from lib.sh.
lib_clean_up() {
	traffic_clean_up
}

# The balancer's.
ipvsadm() {
	balancer "$@"
}

table() {
	balancer -Sn | LC_ALL=C sort
}

# shellcheck source=tests/vm/poised.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/poised.sh"

# join_balancer: once the network is there. A process that does nothing stays in the balancer's
# namespace, so that its table can be read whoever else has gone.
join_balancer() {
	start_in_ns balancer sleep infinity
	poised_options+=(--netns traffic-balancer)
	wait_for 10 test "/proc/${traffic_processes[-1]}/ns/net" -ef /run/netns/traffic-balancer ||
		die "the balancer's namespace cannot be joined"
	poised_table=/proc/${traffic_processes[-1]}/net/ip_vs
}

# The same without poised: it is asked in its own namespace.
read_metrics() {
	metrics=$(in_ns balancer curl -si --max-time 30 \
		"http://127.0.0.1:$poised_metrics_port/metrics")
	[[ $metrics == HTTP/1.?\ 200* ]]
}
