# SPDX-License-Identifier: GPL-2.0-or-later
beside() {
	ASKED=1 fake-poised input/poised/ctl.json poise --run-dir "$RUN" "$@"
	echo "$1: $?" >&2
}
beside drain 10.0.0.11:8080
beside drain --for 600s tcp://203.0.113.10:80 10.0.0.11
beside drain --service tcp://203.0.113.10:80 10.0.0.11 -o json
beside drain --service tcp://203.0.113.10:80 tcp://203.0.113.10:80 10.0.0.11
beside drain --for 10 10.0.0.11
beside drain --for 0s 10.0.0.11
beside drain
beside drain --force 10.0.0.11
sed 's/"matches": 2/"matches": 2, "warning": "1 service is without any usable destination: tcp:\/\/203.0.113.10:80 (web)"/' input/poised/ctl.json >"$SCRATCH/warning.json"
ASKED=1 fake-poised "$SCRATCH/warning.json" poise --run-dir "$RUN" drain --force 10.0.0.11
beside undrain tcp://203.0.113.10:80 10.0.0.11 -q
beside suspend new switch, ask the network desk
beside suspend
beside resume --force
beside confirm
beside confirm -o json
beside rollback
