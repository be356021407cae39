# SPDX-License-Identifier: GPL-2.0-or-later
beside() {
	ASKED=1 fake-poised input/poised/ctl.json poise --run-dir "$RUN" "$@"
	echo "$*: $?" >&2
}
beside ctl version
beside ctl drain 10.0.0.11 tcp://203.0.113.10:80 10m
beside ctl drain for=10m 10.0.0.11
beside ctl drain dest=10.0.0.11
beside ctl drain destinatoin=10.0.0.11
beside ctl drain x=1
beside ctl drain a b c d
beside ctl nonsense
beside ctl
