# SPDX-License-Identifier: GPL-2.0-or-later
# Of a backend that is not there, a command says where it was looked for, and what to do.
printf '%s\n' 'poise: 1' 'backend: dpdk' 'allow-empty: true' \
	'dpdk: {ports: {wan: {device: "net_af_packet,iface=eth1"}}}' >"$SCRATCH/dpdk.yaml"
for command in 'get --backend' 'get --backend dkdp' 'get --backend dpdk' "diff $SCRATCH/dpdk.yaml"; do
	# shellcheck disable=SC2086
	poise --run-dir "$RUN" --state-dir "$SCRATCH/state" $command
	echo "${command%% *}: $?" >&2
done
exit 0
